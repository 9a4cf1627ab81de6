/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A new job from a form (doc/job.md): checked as it is filled in, and again
 * before its file is written. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "station/line.h"

#define VALUE_MAX 180u /* of a line of 198 bytes, behind its key */

struct form {
    char path[STATION_PATH_MAX], image[STATION_PATH_MAX];
    char ports[LINE_SOCKETS_MAX][VALUE_MAX + 1];
    size_t port_count;
    const char *hsm, *serial;
    const char *shift_end;
    char csv[STATION_PATH_MAX], label[STATION_PATH_MAX];
    char labels[STATION_PATH_MAX];
    json_int_t count, failures;
    bool secure;
};

/* What a line of the file can have: inih takes " ;" for a comment. */
static bool
value_is_plain(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f || *at == ';')
            return false;
    }
    return text[0] != '\0' && strlen(text) <= VALUE_MAX;
}

static bool
form_take_value(const char *text, const char *where, struct reply *r)
{
    if (value_is_plain(text))
        return true;
    reply_refuse(r, SFI_ERR_RANGE, where,
                 text[0] == '\0'
                     ? "nothing is there, a value is expected"
                     : "expected at most %u bytes without ; and control "
                       "characters",
                 VALUE_MAX);
    return false;
}

static bool
form_take_ports(struct form *f, const char *text, struct reply *r)
{
    for (;;) {
        size_t len;

        text += strspn(text, ", \t\r\n");
        len = strcspn(text, ", \t\r\n");
        if (len == 0)
            break;
        if (f->port_count == LINE_SOCKETS_MAX || len > VALUE_MAX) {
            reply_refuse(r, SFI_ERR_LIMIT, "ports",
                         "expected at most %u ports of at most %u bytes",
                         LINE_SOCKETS_MAX, VALUE_MAX);
            return false;
        }
        memcpy(f->ports[f->port_count], text, len);
        f->ports[f->port_count][len] = '\0';
        if (!form_take_value(f->ports[f->port_count], "ports", r))
            return false;
        for (size_t i = 0; i < f->port_count; i++) {
            if (strcmp(f->ports[i], f->ports[f->port_count]) == 0) {
                reply_refuse(r, SFI_ERR_RANGE, "ports", "%s is there twice",
                             f->ports[i]);
                return false;
            }
        }
        f->port_count++;
        text += len;
    }
    if (f->port_count == 0)
        reply_refuse(r, SFI_ERR_RANGE, "ports",
                     "no port is there, expected one for each socket, as "
                     "/dev/ttyUSB0");
    return f->port_count > 0;
}

static bool
form_take_serial(const char *serial, struct reply *r)
{
    uint64_t first;

    if (strcmp(serial, "none") == 0 || strcmp(serial, "scan") == 0 ||
        (strncmp(serial, "counter:", 8) == 0 &&
         cli_number(serial + 8, UINT64_MAX / 2, &first)))
        return true;
    reply_refuse(r, SFI_ERR_RANGE, "serial",
                 "expected none, scan or counter:FIRST");
    return false;
}

/* A file that need not be said. */
static bool
form_take_file(struct desk *d, const struct ask *a, const char *key,
               enum file_use use, char out[STATION_PATH_MAX], struct reply *r)
{
    const char *name = ask_text(a, key);

    out[0] = '\0';
    return name[0] == '\0' || (file_path(d->settings, name, use, key, out, r) &&
                               form_take_value(out, key, r));
}

/* HH:MM, or nothing. */
static bool
form_take_time(const char *text, struct reply *r)
{
    uint64_t hour, minute;
    char part[3] = {text[0], text[0] != '\0' ? text[1] : '\0', '\0'};

    if (text[0] == '\0' ||
        (strlen(text) == 5 && text[2] == ':' && cli_number(part, 23, &hour) &&
         cli_number(text + 3, 59, &minute)))
        return true;
    reply_refuse(r, SFI_ERR_RANGE, "shift_end",
                 "expected a time of the day, as 22:00");
    return false;
}

/* How it ends, and what is kept of it. */
static bool
form_take_rest(struct desk *d, const struct ask *a, struct form *f,
               struct reply *r)
{
    f->shift_end = ask_text(a, "shift_end");
    f->failures = ask_number(a, "failures", 0);
    if (f->failures < 0 || f->failures > UINT32_MAX) {
        reply_refuse(r, SFI_ERR_RANGE, "failures",
                     "expected a number of boards, or 0 for no limit");
        return false;
    }
    if (!form_take_time(f->shift_end, r) ||
        !form_take_file(d, a, "csv", FILE_WRITE, f->csv, r) ||
        !form_take_file(d, a, "label", FILE_READ, f->label, r) ||
        !form_take_file(d, a, "labels", FILE_FOLDER, f->labels, r))
        return false;
    if ((f->label[0] == '\0') == (f->labels[0] == '\0'))
        return true;
    reply_refuse(r, SFI_ERR_RANGE, f->label[0] == '\0' ? "label" : "labels",
                 "labels need a template and a folder that they go to");
    return false;
}

static bool
form_take(struct desk *d, const struct ask *a, struct form *f, struct reply *r)
{
    const char *path = ask_text(a, "path");
    size_t len = strlen(path);

    f->hsm = ask_text(a, "hsm");
    f->serial = ask_text(a, "serial");
    f->count = ask_number(a, "count", 0);
    f->secure = ask_bool(a, "secure");
    if (len < 5 || strcmp(path + len - 4, ".job") != 0) {
        reply_refuse(r, SFI_ERR_RANGE, "path",
                     "expected a name that ends with .job");
        return false;
    }
    if (!file_path(d->settings, path, FILE_WRITE, "path", f->path, r))
        return false;
    if (access(f->path, F_OK) == 0) {
        reply_refuse(r, SFI_ERR_ACCESS, "path",
                     "%s is there already: choose it, or take another name",
                     path);
        return false;
    }
    if (f->count < 0 || f->count > UINT32_MAX) {
        reply_refuse(r, SFI_ERR_RANGE, "count",
                     "expected a number of boards, or 0 for no limit");
        return false;
    }
    return file_path(d->settings, ask_text(a, "image"), FILE_READ, "image",
                     f->image, r) &&
           form_take_value(f->image, "image", r) &&
           form_take_value(f->hsm, "hsm", r) &&
           form_take_ports(f, ask_text(a, "ports"), r) &&
           form_take_serial(f->serial, r) && form_take_rest(d, a, f, r);
}

void
line_check(struct desk *d, const struct ask *a, struct reply *r)
{
    struct form f = {.port_count = 0};

    if (form_take(d, a, &f, r))
        reply_json(r, json_pack("{s:I}", "ports", (json_int_t)f.port_count));
}

static void
form_write_rest(const struct form *f, FILE *out)
{
    if (f->failures > 0 || f->shift_end[0] != '\0')
        (void)fputs("\n[stop]\n", out);
    if (f->failures > 0)
        (void)fprintf(out, "failures = %lld\n", (long long)f->failures);
    if (f->shift_end[0] != '\0')
        (void)fprintf(out, "shift-end = %s\n", f->shift_end);
    if (f->csv[0] != '\0')
        (void)fprintf(out, "\n[report]\ncsv = %s\n", f->csv);
    if (f->label[0] != '\0')
        (void)fprintf(out, "\n[label]\ntemplate = %s\noutput = %s\n", f->label,
                      f->labels);
}

static bool
form_write(const struct form *f)
{
    int fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool good;

    if (out == NULL)
        return false;
    (void)fputs("[job]\n", out);
    for (size_t i = 0; i < f->port_count; i++)
        (void)fprintf(out, "ports = %s\n", f->ports[i]);
    (void)fprintf(out, "next = enter\nserial = %s\n", f->serial);
    if (f->count > 0)
        (void)fprintf(out, "count = %lld\n", (long long)f->count);
    (void)fprintf(out, "\n[install]\nimage = %s\nhsm = %s\n", f->image, f->hsm);
    (void)fprintf(out, "make-secure = %s\n", f->secure ? "yes" : "no");
    form_write_rest(f, out);
    good = fflush(out) == 0 && fsync(fd) == 0;
    return fclose(out) == 0 && good;
}

void
line_make(struct desk *d, const struct ask *a, struct reply *r)
{
    struct form f = {.port_count = 0};
    json_t *plan;

    if (!form_take(d, a, &f, r))
        return;
    if (!form_write(&f)) {
        reply_refuse(r, SFI_ERR_OS, "path", "cannot write: %s",
                     strerror(errno));
        return;
    }
    plan = line_plan(d, f.path, r);
    if (plan == NULL)
        (void)unlink(f.path);
    else
        reply_json(r, plan);
}

/* ---- ports ---- */

static void
ports_on_found(void *user, const sfi_transport_found *found)
{
    const char *name =
        found->lasting_uri[0] != '\0' ? found->lasting_uri : found->uri;
    size_t scheme = strcmp(found->kind, "serial") == 0 ? strlen("serial:") : 0;
    json_t *row = json_pack("{s:s, s:s, s:s, s:b, s:b}", "port", name + scheme,
                            "kind", found->kind, "product", found->product,
                            "denied", (found->flags & SFI_FOUND_DENIED) != 0,
                            "busy", (found->flags & SFI_FOUND_BUSY) != 0);

    if (row != NULL)
        (void)json_array_append_new(user, row);
}

/* A kind that cannot be listed, as USB without its devices, is left out. */
void
line_ports(struct desk *d, const struct ask *a, struct reply *r)
{
    json_t *list = json_array();
    sfi_status st = sfi_transport_list(d->ctx, ports_on_found, list);

    (void)a;
    if (st != SFI_OK && json_array_size(list) == 0) {
        reply_failure(r, d->ctx, st);
        json_decref(list);
        return;
    }
    reply_json(r, json_pack("{s:o}", "ports", list));
}
