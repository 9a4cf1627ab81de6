/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* JSON output, value by value. */
#include <string.h>

#include "cli/cli.h"

void
json_init(struct json *j, FILE *out)
{
    j->out = out;
    j->on_a_line = false;
    j->depth = 0;
    j->filled[0] = false;
}

void
json_init_line(struct json *j, FILE *out)
{
    json_init(j, out);
    j->on_a_line = true;
}

/* RFC 8259, section 7: quotes, backslashes and control characters. */
static void
json_write_string(struct json *j, const char *text)
{
    (void)fputc('"', j->out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            (void)fprintf(j->out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            (void)fprintf(j->out, "\\u%04x", c);
        else
            (void)fputc(c, j->out);
    }
    (void)fputc('"', j->out);
}

/* Write what precedes a value: comma, line break, indent, name. */
static void
json_write_lead(struct json *j, const char *name)
{
    if (j->on_a_line)
        (void)fputs(j->filled[j->depth] && j->depth > 0 ? ", " : "", j->out);
    else if (j->depth > 0)
        (void)fprintf(j->out, "%s\n%*s", j->filled[j->depth] ? "," : "",
                      (int)j->depth * 2, "");
    j->filled[j->depth] = true;
    if (name != NULL) {
        json_write_string(j, name);
        (void)fputs(": ", j->out);
    }
}

static void
json_open_container(struct json *j, const char *name, char opener, char closer)
{
    json_write_lead(j, name);
    (void)fputc(opener, j->out);
    if (j->depth < JSON_DEPTH_MAX)
        j->depth++;
    j->filled[j->depth] = false;
    j->closer[j->depth] = closer;
}

void
json_object(struct json *j, const char *name)
{
    json_open_container(j, name, '{', '}');
}

void
json_array(struct json *j, const char *name)
{
    json_open_container(j, name, '[', ']');
}

void
json_close(struct json *j)
{
    unsigned depth = j->depth;

    if (depth == 0)
        return;
    j->depth--;
    if (j->filled[depth] && !j->on_a_line)
        (void)fprintf(j->out, "\n%*s", (int)j->depth * 2, "");
    (void)fputc(j->closer[depth], j->out);
    if (j->depth == 0)
        (void)fputc('\n', j->out);
}

void
json_text(struct json *j, const char *name, const char *value)
{
    json_write_lead(j, name);
    json_write_string(j, value);
}

void
json_number(struct json *j, const char *name, uint64_t value)
{
    json_write_lead(j, name);
    (void)fprintf(j->out, "%llu", (unsigned long long)value);
}

void
json_bool(struct json *j, const char *name, bool value)
{
    json_write_lead(j, name);
    (void)fputs(value ? "true" : "false", j->out);
}

void
json_hex(struct json *j, const char *name, const uint8_t *data, size_t len)
{
    json_write_lead(j, name);
    (void)fputc('"', j->out);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(j->out, "%02x", data[i]);
    (void)fputc('"', j->out);
}

static void
json_write_signed(struct json *j, const char *name, long value)
{
    json_write_lead(j, name);
    (void)fprintf(j->out, "%ld", value);
}

static void
json_write_error(struct json *j, sfi_status st, const char *where,
                 const char *message, int os_code, int32_t peer_code)
{
    json_object(j, "error");
    json_write_signed(j, "status", st);
    json_text(j, "name", sfi_status_name(st));
    json_text(j, "where", where);
    json_text(j, "message", message);
    json_write_signed(j, "os_code", os_code);
    json_write_signed(j, "peer_code", peer_code);
    json_close(j);
}

void
json_error(struct json *j, const sfi_ctx *ctx, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *message = sfi_error_message(err);

    if (st != SFI_OK)
        json_write_error(j, st, sfi_error_where(err),
                         message[0] != '\0' ? message : sfi_status_str(st),
                         sfi_error_os_code(err), sfi_error_peer_code(err));
}

void
json_failure(struct json *j, sfi_status st, const char *message)
{
    json_write_error(j, st, "", message, 0, 0);
}
