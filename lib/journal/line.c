/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The job of a station as one line of JSON. */
#include "journal/line.h"

#include <string.h>

#include <sfi/version.h>

#include "util/clock.h"
#include "util/date.h"
#include "util/hex.h"
#include "util/json.h"
#include "util/sys.h"
#include "core/err.h"
#include "journal/json.h"

#define IMAGE_TAG_LEN 16u
#define RECEIPT_FILE_LEN 332u /* doc/format.md, "Receipt" */
#define HOST_MAX 256

/* What says nothing is left out. */
static void
line_text(struct json_writer *l, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        sfi__json_text(l, name, text);
}

/* ---- the members ---- */

static void
line_place_and_time(struct json_writer *l)
{
    char host[HOST_MAX], time[DATE_MAX];

    line_text(l, "time", sfi__date_format(time, sfi__wall_clock()));
    if (sfi__sys_host_name(host, sizeof(host)))
        line_text(l, "host", host);
    line_text(l, "libsfi", sfi_version_str());
}

static void
line_inputs(struct json_writer *l, const sfi_journal_job *job)
{
    char tag[2 * IMAGE_TAG_LEN + 1] = "";

    line_text(l, "image", job->image);
    if (job->image_tag != NULL)
        sfi__hex_encode(tag, job->image_tag, IMAGE_TAG_LEN);
    line_text(l, "header_tag", tag);
    if (job->image_version != 0)
        sfi__json_number(l, "image_version", job->image_version);
    line_text(l, "protocol", job->protocol);
    if (job->files == NULL || job->file_count == 0)
        return;
    sfi__json_open(l, "files", '[');
    for (size_t i = 0; i < job->file_count; i++)
        sfi__json_text(l, NULL, job->files[i] != NULL ? job->files[i] : "");
    sfi__json_close(l, ']');
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
line_chip(struct json_writer *l, const sfi_journal_job *job,
          const sfi_error *error)
{
    line_text(l, "port", job->port);
    line_text(l, "result", line_result_of(job, error));
    line_text(l, "phase", job->phase);
    line_text(l, "chip", job->chip);
    line_text(l, "device_id", job->device_id);
    line_text(l, "board_serial", job->board_serial);
    sfi__json_number(l, "milliseconds", job->milliseconds);
    line_text(l, "license", job->license);
    if (job->hsm_serial == NULL)
        return;
    line_text(l, "hsm_serial", job->hsm_serial);
    line_text(l, "hsm_firmware_id", job->hsm_firmware_id);
    sfi__json_number(l, "hsm_remaining", job->hsm_remaining);
    sfi__json_bool(l, "hsm_low_water",
                   job->hsm_remaining <= job->hsm_low_water);
}

static void
line_receipt(struct json_writer *l, const sfi_journal_job *job)
{
    char text[2 * RECEIPT_FILE_LEN + 1] = "";

    if (job->receipt != NULL)
        sfi__hex_encode(text, job->receipt, RECEIPT_FILE_LEN);
    line_text(l, "receipt", text);
    line_text(l, "no_receipt", job->no_receipt);
}

static void
line_error(struct json_writer *l, const sfi_error *error)
{
    if (error == NULL)
        return;
    sfi__json_open(l, "error", '{');
    sfi__json_signed(l, "status", error->status);
    line_text(l, "name", sfi_status_name(error->status));
    sfi__json_text(l, "where", error->where);
    line_text(l, "message",
              error->message[0] != '\0' ? error->message
                                        : sfi_status_str(error->status));
    sfi__json_signed(l, "os_code", error->os_code);
    sfi__json_signed(l, "peer_code", error->peer_code);
    sfi__json_close(l, '}');
}

/* Line ends are between values, and blanks follow them; one stays behind a
 * comma. */
static size_t
line_join(uint8_t *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] != '\r' && text[i] != '\n') {
            text[n++] = text[i];
            continue;
        }
        while (i + 1 < len && memchr(" \t\r\n", text[i + 1], 4) != NULL)
            i++;
        if (n > 0 && text[n - 1] == ',')
            text[n++] = ' ';
    }
    return n;
}

/* The members of an object: what stands between its braces. */
static sfi_status
line_more(sfi_ctx *ctx, struct json_writer *l, const char *more)
{
    struct json_line read;
    const char *at, *end;
    size_t begin = l->out->len;

    if (more == NULL)
        return SFI_OK;
    if (!sfi__json_read_line(more, strlen(more), &read))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the further members are no JSON object");
    at = strchr(more, '{') + 1;
    end = strrchr(more, '}');
    at += strspn(at, " \t\r\n");
    if (at == end)
        return SFI_OK;
    sfi__json_raw(l, at, (size_t)(end - at));
    l->out->len = begin + line_join(l->out->data + begin, l->out->len - begin);
    return SFI_OK;
}

sfi_status
sfi__journal_line(sfi_ctx *ctx, const sfi_journal_job *job,
                  const sfi_error *error, struct buf *out)
{
    struct json_writer l = {.out = out};
    sfi_status st;

    sfi__json_open(&l, NULL, '{');
    line_place_and_time(&l);
    line_inputs(&l, job);
    line_chip(&l, job, error);
    line_receipt(&l, job);
    st = line_more(ctx, &l, job->more);
    line_error(&l, error);
    sfi__json_close(&l, '}');
    if (l.failed || !sfi__buf_append(out, "\n", 1))
        return sfi__nomem(ctx);
    return st;
}
