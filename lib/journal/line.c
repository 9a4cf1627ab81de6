/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The job of a station as one line of JSON. */
#define _POSIX_C_SOURCE 200809L /* gethostname() */
#include "journal/line.h"

#include <string.h>
#include <unistd.h>

#include <sfi/version.h>

#include "util/clock.h"
#include "util/date.h"
#include "util/hex.h"
#include "util/text.h"
#include "core/err.h"
#include "journal/json.h"

#define IMAGE_TAG_LEN 16u
#define HOST_MAX 256

/* A line that grows; the first failure, of memory, sticks. */
struct line {
    struct buf *out;
    bool failed;
};

static void
line_put(struct line *l, const char *text, size_t len)
{
    l->failed = l->failed || !sfi__buf_append(l->out, text, len);
}

static void
line_put_text(struct line *l, const char *text)
{
    l->failed = l->failed || !sfi__text_to_json(l->out, text);
}

/* What stands before a value: a comma unless it is the first, and its name. */
static void
line_name(struct line *l, const char *name)
{
    bool first = l->out->len > 0 &&
                 memchr("{[", l->out->data[l->out->len - 1], 2) != NULL;

    if (!first)
        line_put(l, ", ", 2);
    if (name == NULL)
        return;
    line_put_text(l, name);
    line_put(l, ": ", 2);
}

static void
line_text(struct line *l, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    line_name(l, name);
    line_put_text(l, text);
}

static void
line_number(struct line *l, const char *name, long long number)
{
    char text[24];

    sfi__text_format(text, sizeof(text), "%lld", number);
    line_name(l, name);
    line_put(l, text, strlen(text));
}

static void
line_unsigned(struct line *l, const char *name, uint64_t number)
{
    char text[24];

    sfi__text_format(text, sizeof(text), "%llu", (unsigned long long)number);
    line_name(l, name);
    line_put(l, text, strlen(text));
}

static void
line_bool(struct line *l, const char *name, bool value)
{
    line_name(l, name);
    line_put(l, value ? "true" : "false", value ? 4 : 5);
}

/* ---- the members ---- */

static void
line_place_and_time(struct line *l)
{
    char host[HOST_MAX] = "", time[DATE_MAX];

    line_text(l, "time", sfi__date_format(time, sfi__wall_clock()));
    if (gethostname(host, sizeof(host) - 1) == 0)
        line_text(l, "host", host);
    line_text(l, "libsfi", sfi_version_str());
}

static void
line_inputs(struct line *l, const sfi_journal_job *job)
{
    char tag[2 * IMAGE_TAG_LEN + 1] = "";

    line_text(l, "image", job->image);
    if (job->image_tag != NULL)
        sfi__hex_encode(tag, job->image_tag, IMAGE_TAG_LEN);
    line_text(l, "header_tag", tag);
    if (job->image_version != 0)
        line_unsigned(l, "image_version", job->image_version);
    line_text(l, "protocol", job->protocol);
    if (job->files == NULL || job->file_count == 0)
        return;
    line_name(l, "files");
    line_put(l, "[", 1);
    for (size_t i = 0; i < job->file_count; i++) {
        line_name(l, NULL);
        line_put_text(l, job->files[i] != NULL ? job->files[i] : "");
    }
    line_put(l, "]", 1);
}

static const char *
line_result_of(const sfi_journal_job *job, const sfi_error *error)
{
    if (job->result != NULL && job->result[0] != '\0')
        return job->result;
    if (error == NULL)
        return "done";
    return error->status == SFI_ERR_CANCELLED ? "cancelled" : "failed";
}

static void
line_chip(struct line *l, const sfi_journal_job *job, const sfi_error *error)
{
    line_text(l, "port", job->port);
    line_text(l, "result", line_result_of(job, error));
    line_text(l, "phase", job->phase);
    line_text(l, "chip", job->chip);
    line_text(l, "device_id", job->device_id);
    line_text(l, "board_serial", job->board_serial);
    line_unsigned(l, "milliseconds", job->milliseconds);
    line_text(l, "license", job->license);
    if (job->hsm_serial == NULL)
        return;
    line_text(l, "hsm_serial", job->hsm_serial);
    line_text(l, "hsm_firmware_id", job->hsm_firmware_id);
    line_unsigned(l, "hsm_remaining", job->hsm_remaining);
    line_bool(l, "hsm_low_water", job->hsm_remaining <= job->hsm_low_water);
}

static void
line_error(struct line *l, const sfi_error *error)
{
    if (error == NULL)
        return;
    line_name(l, "error");
    line_put(l, "{", 1);
    line_number(l, "status", error->status);
    line_text(l, "name", sfi_status_name(error->status));
    line_text(l, "where", error->where);
    line_text(l, "message",
              error->message[0] != '\0' ? error->message
                                        : sfi_status_str(error->status));
    line_number(l, "os_code", error->os_code);
    line_number(l, "peer_code", error->peer_code);
    line_put(l, "}", 1);
}

/* The members of an object: what stands between its braces. */
static sfi_status
line_more(sfi_ctx *ctx, struct line *l, const char *more)
{
    struct json_line read;
    const char *at, *end;

    if (more == NULL)
        return SFI_OK;
    if (strchr(more, '\n') != NULL ||
        !sfi__json_read_line(more, strlen(more), &read))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the further members are no JSON object on one line");
    at = strchr(more, '{') + 1;
    end = strrchr(more, '}');
    at += strspn(at, " \t\r");
    if (at == end)
        return SFI_OK;
    line_name(l, NULL);
    line_put(l, at, (size_t)(end - at));
    return SFI_OK;
}

sfi_status
sfi__journal_line(sfi_ctx *ctx, const sfi_journal_job *job,
                  const sfi_error *error, struct buf *out)
{
    struct line l = {.out = out};
    sfi_status st;

    line_put(&l, "{", 1);
    line_place_and_time(&l);
    line_inputs(&l, job);
    line_chip(&l, job, error);
    st = line_more(ctx, &l, job->more);
    line_error(&l, error);
    line_put(&l, "}\n", 2);
    return l.failed ? sfi__nomem(ctx) : st;
}
