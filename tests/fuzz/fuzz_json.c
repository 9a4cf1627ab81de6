/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* JSON from values in any order: always one well-formed text
 * (RFC 8259).  Input: on a line or not, then values: a kind, a name, a NUL, and
 * for a text the text and a NUL. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#include "util/rd.h"

#include "fuzz.h"

#define TEXT_MAX 64u
#define VALUES_MAX 64u

/* ---- a reader, which knows what is well-formed and nothing else ---- */

static const unsigned char *at;

static void
skip_blanks(void)
{
    while (*at == ' ' || *at == '\n')
        at++;
}

static void
read_character(void)
{
    unsigned char c = *at++;

    FUZZ_HOLDS(c >= 0x20 && c != 0x7f);
}

static void
read_escape(void)
{
    char kind = (char)*at++;

    FUZZ_HOLDS(strchr("\"\\/bfnrtu", kind) != NULL && kind != '\0');
    for (int i = 0; kind == 'u' && i < 4; i++, at++)
        FUZZ_HOLDS(strchr("0123456789abcdefABCDEF", *at) != NULL && *at != 0);
}

static void
read_string(void)
{
    FUZZ_HOLDS(*at++ == '"');
    while (*at != '"') {
        if (*at == '\\') {
            at++;
            read_escape();
        } else {
            read_character();
        }
    }
    at++;
}

static void
read_word(void)
{
    size_t len =
        strspn((const char *)at, "-0123456789abcdefghijklmnopqrstuvwxyz");

    FUZZ_HOLDS(len > 0);
    at += len;
}

static void
read_value(unsigned depth)
{
    char closer = *at == '{' ? '}' : *at == '[' ? ']' : '\0';

    FUZZ_HOLDS(depth <= JSON_DEPTH_MAX);
    if (closer == '\0') {
        if (*at == '"')
            read_string();
        else
            read_word();
        return;
    }
    at++;
    skip_blanks();
    for (bool more = *at != closer; more;) {
        if (closer == '}') {
            read_string();
            FUZZ_HOLDS(*at++ == ':');
            skip_blanks();
        }
        read_value(depth + 1);
        skip_blanks();
        more = *at == ',';
        at += more;
        skip_blanks();
    }
    FUZZ_HOLDS(*at++ == (unsigned char)closer);
}

/* ---- the writer ---- */

static void
take_text(struct rd *r, char out[TEXT_MAX + 1])
{
    size_t len = 0;
    uint8_t c;

    while (len < TEXT_MAX && (c = sfi__rd_u8(r)) != 0)
        out[len++] = (char)c;
    out[len] = '\0';
}

static void
write_value(struct json *j, struct rd *r)
{
    uint8_t kind = sfi__rd_u8(r) % 7;
    char name[TEXT_MAX + 1], text[TEXT_MAX + 1];
    const char *n = NULL;

    if (kind == 0) {
        if (j->depth > 1)
            json_close(j);
        return;
    }
    if (j->closer[j->depth] == '}') {
        take_text(r, name);
        n = name;
    }
    if (kind == 1) {
        take_text(r, text);
        json_text(j, n, text);
    } else if (kind == 2) {
        json_number(j, n, sfi__rd_u32le(r));
    } else if (kind == 3) {
        json_bool(j, n, sfi__rd_u8(r) % 2 != 0);
    } else if (kind == 4) {
        take_text(r, text);
        json_hex(j, n, (const uint8_t *)text, strlen(text));
    } else if (j->depth < JSON_DEPTH_MAX) {
        if (kind == 5)
            json_object(j, n);
        else
            json_array(j, n);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = NULL;
    size_t text_len;
    FILE *out = open_memstream(&text, &text_len);
    struct json j;
    struct rd r;

    FUZZ_HOLDS(out != NULL);
    sfi__rd_init(&r, data, len);
    if (sfi__rd_u8(&r) % 2 != 0)
        json_init_line(&j, out);
    else
        json_init(&j, out);
    json_object(&j, NULL);
    for (unsigned i = 0; i < VALUES_MAX && sfi__rd_left(&r) > 0; i++)
        write_value(&j, &r);
    while (j.depth > 0)
        json_close(&j);
    FUZZ_HOLDS(fclose(out) == 0 && strlen(text) == text_len);
    at = (const unsigned char *)text;
    read_value(0);
    FUZZ_HOLDS(strcmp((const char *)at, "\n") == 0);
    free(text);
    return 0;
}
