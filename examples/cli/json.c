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
    j->has_error = false;
    j->depth = 0;
    j->filled[0] = false;
}

void
json_init_line(struct json *j, FILE *out)
{
    json_init(j, out);
    j->on_a_line = true;
}

/* The length of the UTF-8 character that begins here (RFC 3629, section 4), and
 * the character.  What begins none counts as one byte and U+FFFD. */
static size_t
json_next_character(const unsigned char *at, unsigned long *out)
{
    static const unsigned long least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    unsigned long c = len > 1 ? at[0] & (0x7fu >> len) : at[0];
    bool good = at[0] < 0x80 || (at[0] >= 0xc2 && at[0] < 0xf5);

    for (size_t i = 1; good && i < len; i++) {
        good = (at[i] & 0xc0) == 0x80; /* nor is the text's end */
        c = c << 6 | (at[i] & 0x3fu);
    }
    if (!good || c < least[len] || c > 0x10ffff ||
        (c >= 0xd800 && c < 0xe000)) {
        *out = 0xfffd;
        return 1;
    }
    *out = c;
    return len;
}

/* Would a terminal show this character, and do nothing else? */
static bool
json_is_visible(const unsigned char *at, size_t len)
{
    char one[5] = "";
    char shown[20];

    memcpy(one, at, len);
    sfi_text_escape(one, shown, sizeof(shown));
    return strcmp(one, shown) == 0;
}

static void
json_write_number_of(struct json *j, unsigned long c)
{
    if (c < 0x10000)
        (void)fprintf(j->out, "\\u%04lx", c);
    else
        (void)fprintf(j->out, "\\u%04lx\\u%04lx",
                      0xd800 + ((c - 0x10000) >> 10),
                      0xdc00 + ((c - 0x10000) & 0x3ff));
}

/* RFC 8259, sections 7 and 8.1: valid UTF-8 whatever the text is.  What would
 * control a terminal is written by its number: a machine reads it as it was. */
static void
json_write_string(struct json *j, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned long c;

    (void)fputc('"', j->out);
    while (*at != '\0') {
        size_t len = json_next_character(at, &c);

        if (c == '"' || c == '\\')
            (void)fprintf(j->out, "\\%c", (char)c);
        else if (json_is_visible(at, len))
            (void)fwrite(at, 1, len, j->out);
        else
            json_write_number_of(j, c);
        at += len;
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
    if (j->out == NULL)
        return;
    json_write_lead(j, name);
    (void)fputc(opener, j->out);
    if (j->depth < JSON_DEPTH_MAX)
        j->depth++;
    j->filled[j->depth] = false;
    j->closer[j->depth] = closer;
}

void
json_open_object(struct json *j, const char *name)
{
    json_open_container(j, name, '{', '}');
}

void
json_open_array(struct json *j, const char *name)
{
    json_open_container(j, name, '[', ']');
}

void
json_close(struct json *j)
{
    unsigned depth = j->depth;

    if (j->out == NULL)
        return;
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
    if (j->out == NULL || value == NULL)
        return;
    json_write_lead(j, name);
    json_write_string(j, value);
}

void
json_number(struct json *j, const char *name, uint64_t value)
{
    if (j->out == NULL)
        return;
    json_write_lead(j, name);
    (void)fprintf(j->out, "%llu", (unsigned long long)value);
}

void
json_bool(struct json *j, const char *name, bool value)
{
    if (j->out == NULL)
        return;
    json_write_lead(j, name);
    (void)fputs(value ? "true" : "false", j->out);
}

void
json_hex(struct json *j, const char *name, const uint8_t *data, size_t len)
{
    if (j->out == NULL)
        return;
    json_write_lead(j, name);
    (void)fputc('"', j->out);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(j->out, "%02x", data[i]);
    (void)fputc('"', j->out);
}

/* JSON from elsewhere: its lines move to the right. */
static void
json_write_value(struct json *j, const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        (void)fputc(value[i] == '\n' && j->on_a_line ? ' ' : value[i], j->out);
        if (value[i] != '\n') /* inside a string it is escaped */
            continue;
        if (!j->on_a_line)
            (void)fprintf(j->out, "%*s", (int)j->depth * 2, "");
        while (j->on_a_line && value[i + 1] == ' ')
            i++;
    }
}

void
json_value(struct json *j, const char *name, const char *value)
{
    size_t len = strlen(value);

    if (j->out == NULL)
        return;
    while (len > 0 && value[len - 1] == '\n')
        len--;
    json_write_lead(j, name);
    json_write_value(j, value, len);
}

sfi_status
json_members(void *json, const uint8_t *object, size_t len)
{
    struct json *j = json;
    const char *text = (const char *)object;
    size_t begin = 0;

    if (j->out == NULL)
        return SFI_OK;
    while (begin < len && strchr("{ \n", text[begin]) != NULL)
        begin++;
    while (len > begin && text[len - 1] != '}')
        len--;
    while (len > begin + 1 && strchr(" \n", text[len - 2]) != NULL)
        len--;
    if (len <= begin + 1)
        return SFI_OK;
    json_write_lead(j, NULL);
    j->depth--; /* which they were written at */
    json_write_value(j, text + begin, len - 1 - begin);
    j->depth++;
    return SFI_OK;
}

void
json_number_signed(struct json *j, const char *name, long value)
{
    if (j->out == NULL)
        return;
    json_write_lead(j, name);
    (void)fprintf(j->out, "%ld", value);
}

void
json_error_parts(struct json *j, const struct json_error_parts *e)
{
    if (j->out == NULL)
        return;
    if (j->depth == 1 && j->has_error)
        return; /* the first one */
    j->has_error = j->has_error || j->depth == 1;
    json_open_object(j, "error");
    json_number_signed(j, "status", e->status);
    json_text(j, "name", sfi_status_name(e->status));
    json_text(j, "where", e->where);
    json_text(j, "message", e->message);
    json_number_signed(j, "os_code", e->os_code);
    json_number_signed(j, "peer_code", e->peer_code);
    json_close(j);
}

void
json_error(struct json *j, const sfi_ctx *ctx, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *message = sfi_error_message(err);

    if (st != SFI_OK)
        json_error_parts(
            j, &(struct json_error_parts){
                   .status = st,
                   .where = sfi_error_where(err),
                   .message = message[0] != '\0' ? message : sfi_status_str(st),
                   .os_code = sfi_error_os_code(err),
                   .peer_code = sfi_error_peer_code(err)});
}
