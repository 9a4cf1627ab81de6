/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A round: a board in each socket, with its serial number. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "station/line.h"

#define SERIAL_MAX 127u

static bool
serial_is_good(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~')
            return false;
    }
    return strlen(text) <= SERIAL_MAX;
}

/* The line that begins a round: a serial number for each socket, or "-". */
static bool
round_line(struct line *l, const struct ask *a, char *out, size_t size,
           struct reply *r)
{
    const char *how =
        json_string_value(json_object_get(l->plan, "board_serials"));
    const json_t *serials = json_object_get(a->json, "serials");
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0;
         how != NULL && strcmp(how, "scan") == 0 && i < l->socket_count; i++) {
        const char *text = json_string_value(json_array_get(serials, i));
        char where[32];
        int len;

        text = text != NULL && text[0] != '\0' ? text : "-";
        (void)snprintf(where, sizeof(where), "serial/%zu", i + 1);
        if (!serial_is_good(text)) {
            reply_refuse(r, SFI_ERR_RANGE, where,
                         "expected visible ASCII characters without blanks, "
                         "at most %u: scan it again",
                         SERIAL_MAX);
            return false;
        }
        len = snprintf(out + used, size - used, "%s%s", i > 0 ? " " : "", text);
        if (len < 0 || (size_t)len >= size - used) {
            reply_refuse(r, SFI_ERR_LIMIT, where,
                         "the serial numbers are too long together");
            return false;
        }
        used += (size_t)len;
    }
    return true;
}

/* With the lock: each socket that takes part begins. */
static void
round_show(struct line *l, const struct ask *a)
{
    const char *how =
        json_string_value(json_object_get(l->plan, "board_serials"));
    const json_t *serials = json_object_get(a->json, "serials");
    bool scans = how != NULL && strcmp(how, "scan") == 0;

    for (size_t i = 0; i < l->socket_count; i++) {
        const char *text = json_string_value(json_array_get(serials, i));
        bool left_out = scans && (text == NULL || text[0] == '\0' ||
                                  strcmp(text, "-") == 0);
        json_t *value =
            json_pack("{s:s}", "state", left_out ? "empty" : "works");

        if (scans && !left_out)
            (void)json_object_set_new(value, "board_serial", json_string(text));
        line_set_socket(l, i, value);
    }
    l->message[0] = '\0';
    line_set_state(l, LINE_WORKS);
}

void
line_next(struct desk *d, const struct ask *a, struct reply *r)
{
    struct line *l = d->data;
    char text[512];
    size_t len;

    (void)pthread_mutex_lock(&l->lock);
    if (l->state != LINE_READY) {
        reply_refuse(r, SFI_ERR_STATE, "",
                     l->pid == 0 ? "the job does not run: start it"
                                 : "boards are at work: wait for them");
    } else if (round_line(l, a, text, sizeof(text) - 1, r)) {
        len = strlen(text);
        text[len++] = '\n';
        if (write(l->in, text, len) == (ssize_t)len) {
            round_show(l, a);
            line_tell(l, d->settings);
            reply_json(r, json_object());
        } else {
            reply_refuse(r, SFI_ERR_OS, "", "sfi-program does not listen: %s",
                         strerror(errno));
        }
    }
    (void)pthread_mutex_unlock(&l->lock);
}
