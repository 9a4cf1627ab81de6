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

/* RFC 3629. */
static void
read_character(void)
{
    unsigned char first = *at++;
    size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;

    FUZZ_HOLDS(first >= 0x20 && first != 0x7f);
    FUZZ_HOLDS(first < 0x80 || (first >= 0xc2 && first <= 0xf4));
    if (first == 0xe0)
        FUZZ_HOLDS(*at >= 0xa0);
    if (first == 0xed)
        FUZZ_HOLDS(*at < 0xa0);
    if (first == 0xf0)
        FUZZ_HOLDS(*at >= 0x90);
    if (first == 0xf4)
        FUZZ_HOLDS(*at < 0x90);
    for (; more > 0; more--, at++)
        FUZZ_HOLDS((*at & 0xc0) == 0x80);
}

/* Four digits of an escape. */
static unsigned
read_unit(void)
{
    static const char digits[] = "0123456789abcdef";
    unsigned unit = 0;

    for (int i = 0; i < 4; i++, at++) {
        const char *digit = strchr(digits, *at);

        FUZZ_HOLDS(digit != NULL && *digit != '\0');
        unit = unit << 4 | (unsigned)(digit - digits);
    }
    return unit;
}

/* A half of a pair only with its other half. */
static void
read_escape(void)
{
    char kind = (char)*at++;
    unsigned unit;

    FUZZ_HOLDS(strchr("\"\\/bfnrtu", kind) != NULL && kind != '\0');
    if (kind != 'u')
        return;
    unit = read_unit();
    FUZZ_HOLDS(unit < 0xdc00 || unit > 0xdfff);
    if (unit < 0xd800 || unit > 0xdbff)
        return;
    FUZZ_HOLDS(*at++ == '\\');
    FUZZ_HOLDS(*at++ == 'u');
    unit = read_unit();
    FUZZ_HOLDS(unit >= 0xdc00 && unit <= 0xdfff);
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

/* A whole number, or one of three words. */
static void
read_word(void)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < 3; i++) {
        if (strncmp((const char *)at, words[i], strlen(words[i])) == 0) {
            at += strlen(words[i]);
            return;
        }
    }
    at += *at == '-';
    FUZZ_HOLDS(*at >= '0' && *at <= '9');
    if (*at++ != '0')
        at += strspn((const char *)at, "0123456789");
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
            json_open_object(j, n);
        else
            json_open_array(j, n);
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
    json_open_object(&j, NULL);
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
