/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The option-byte CSV of AN5054, 2.5.1: a name and a hexadecimal value in each
 * row; the part defines the rows and their order.  ST's files have nothing
 * else; spreadsheets and people add separators of their own, quotes, a header
 * row, empty columns and comments. */
#include <stdbool.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/err.h"
#include "option_bytes/option_bytes.h"
#include "option_bytes/rows.h"

/* Longer than the name of any register. */
#define NAME_MAX_LEN 32u

/* The current line, and the position `at` in it. */
struct csv {
    struct ob_rows rows;
    const char *text;
    size_t len;
    size_t at;
    unsigned line; /* from 1 */
};

static struct ob_place
csv_place(const struct csv *c, size_t at)
{
    return (struct ob_place){c->line, at};
}

static bool
csv_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
csv_at(const struct csv *c, char wanted)
{
    return c->at < c->len && c->text[c->at] == wanted;
}

static void
csv_skip_blanks(struct csv *c)
{
    while (c->at < c->len && csv_is_blank(c->text[c->at]))
        c->at++;
}

/* Fail: the current character is not `expected`. */
static sfi_status
csv_fail_unexpected(const struct csv *c, const char *expected)
{
    char byte[TEXT_BYTE_MAX];
    const char *found = "the end of the line";

    if (c->at < c->len)
        found = sfi__text_byte(byte, (uint8_t)c->text[c->at]);
    (void)sfi__fail(c->rows.ctx, SFI_ERR_FORMAT, "found %s, expected %s", found,
                    expected);
    return sfi__ob_where(&c->rows, csv_place(c, c->at));
}

/* Skip the end of a column: a comma or a semicolon with blanks around it, or
 * blanks with a tab among them.  false: there is none. */
static bool
csv_skip_separator(struct csv *c)
{
    bool seen = false;

    for (; c->at < c->len && csv_is_blank(c->text[c->at]); c->at++)
        seen = seen || c->text[c->at] == '\t';
    if (csv_at(c, ',') || csv_at(c, ';')) {
        seen = true;
        c->at++;
        csv_skip_blanks(c);
    }
    return seen;
}

/* Skip a quotation mark, and blanks after it. */
static bool
csv_skip_quote(struct csv *c)
{
    bool is_quote = csv_at(c, '"');

    if (is_quote) {
        c->at++;
        csv_skip_blanks(c);
    }
    return is_quote;
}

static sfi_status
csv_end_quote(struct csv *c)
{
    csv_skip_blanks(c);
    if (!csv_at(c, '"'))
        return csv_fail_unexpected(c, "the closing quote");
    c->at++;
    return SFI_OK;
}

/* The upper case of a character of a name; 0 for other characters. */
static char
csv_name_character(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ? c : 0;
}

/* Read a name and the separator after it; *at is its place. */
static sfi_status
csv_read_name(struct csv *c, char name[NAME_MAX_LEN + 1], size_t *at)
{
    bool quoted = csv_skip_quote(c);
    size_t n = 0;

    *at = c->at;
    while (c->at < c->len && csv_name_character(c->text[c->at]) != 0) {
        if (n < NAME_MAX_LEN)
            name[n++] = csv_name_character(c->text[c->at]);
        c->at++;
    }
    name[n] = '\0';
    if (n == 0)
        return csv_fail_unexpected(c, "the name of an option byte");
    if (quoted) {
        sfi_status st = csv_end_quote(c);

        if (st != SFI_OK)
            return st;
    }
    return csv_skip_separator(c)
               ? SFI_OK
               : csv_fail_unexpected(
                     c, "a comma, a semicolon or a tab after the name");
}

/* Digits that may be hexadecimal, as in ST's files, or decimal, as people and
 * spreadsheets write numbers.  Where both are the same nobody minds. */
static sfi_status
csv_check_ambiguous(const struct csv *c, size_t first, size_t len,
                    uint32_t value)
{
    uint64_t decimal = 0;

    for (size_t i = first; i < first + len; i++) {
        if (c->text[i] < '0' || c->text[i] > '9')
            return SFI_OK;
        decimal = decimal * 10 + (uint64_t)(c->text[i] - '0');
    }
    if (decimal == value)
        return SFI_OK;
    (void)sfi__fail(c->rows.ctx, SFI_ERR_FORMAT,
                    "a number without 0x can be hexadecimal, 0x%08x, or "
                    "decimal, 0x%08x: expected one of the two",
                    (unsigned)value, (unsigned)decimal);
    return sfi__ob_where(&c->rows, csv_place(c, first));
}

static sfi_status
csv_read_digits(struct csv *c, uint32_t *out)
{
    size_t first = c->at;
    uint64_t v = 0;
    size_t start;

    if (c->len - c->at >= 2 && c->text[c->at] == '0' &&
        (c->text[c->at + 1] == 'x' || c->text[c->at + 1] == 'X'))
        c->at += 2;
    start = c->at;
    for (; c->at < c->len && sfi__hex_digit((unsigned char)c->text[c->at]) >= 0;
         c->at++) {
        v = v << 4 | (unsigned)sfi__hex_digit((unsigned char)c->text[c->at]);
        if (v > UINT32_MAX) {
            (void)sfi__fail(c->rows.ctx, SFI_ERR_RANGE,
                            "value has more than 32 bits, expected at most "
                            "0xffffffff");
            return sfi__ob_where(&c->rows, csv_place(c, first));
        }
    }
    if (c->at == start)
        return csv_fail_unexpected(c, "a hexadecimal value");
    if (c->at < c->len && !csv_is_blank(c->text[c->at]) && !csv_at(c, ',') &&
        !csv_at(c, ';') && !csv_at(c, '"'))
        return csv_fail_unexpected(c, "a hexadecimal digit");
    *out = (uint32_t)v;
    return start == first ? csv_check_ambiguous(c, first, c->at - first, *out)
                          : SFI_OK;
}

/* Skip columns without content; at their end is the end of the line. */
static void
csv_skip_empty_columns(struct csv *c)
{
    size_t before;

    do {
        before = c->at;
        (void)csv_skip_separator(c);
        if (c->len - c->at >= 2 && csv_at(c, '"') && c->text[c->at + 1] == '"')
            c->at += 2;
    } while (c->at != before);
}

static sfi_status
csv_read_value(struct csv *c, uint32_t *out)
{
    bool quoted = csv_skip_quote(c);
    sfi_status st = csv_read_digits(c, out);

    if (st != SFI_OK)
        return st;
    if (quoted) {
        st = csv_end_quote(c);
        if (st != SFI_OK)
            return st;
    }
    csv_skip_empty_columns(c);
    return c->at == c->len
               ? SFI_OK
               : csv_fail_unexpected(c, "two columns, name and value");
}

static sfi_status
csv_read_row(struct csv *c)
{
    char name[NAME_MAX_LEN + 1];
    struct ob_place place = csv_place(c, 0);
    uint32_t value = 0;
    uint32_t index;
    sfi_status st = csv_read_name(c, name, &place.at);

    if (st != SFI_OK)
        return st;
    st = sfi__ob_rows_name(&c->rows, name, place, &index);
    if (st != SFI_OK)
        return st;
    st = csv_read_value(c, &value);
    if (st != SFI_OK)
        return st;
    sfi__ob_rows_add(&c->rows, index, value, place);
    return SFI_OK;
}

/* ---- lines ---- */

static bool
csv_is_letter(char c)
{
    char upper = csv_name_character(c);

    return (upper >= 'A' && upper <= 'Z') || (unsigned char)c >= 0x80;
}

/* The first column as a name; what a name cannot have ends it. */
static void
csv_peek_name(struct csv *c, char name[NAME_MAX_LEN + 1])
{
    size_t n = 0;

    (void)csv_skip_quote(c);
    for (; c->at < c->len && csv_name_character(c->text[c->at]) != 0; c->at++) {
        if (n < NAME_MAX_LEN)
            name[n++] = csv_name_character(c->text[c->at]);
    }
    name[n] = '\0';
    while (c->at < c->len && !csv_at(c, ',') && !csv_at(c, ';') &&
           !csv_at(c, '\t'))
        c->at++;
}

/* A header row names no row of the part, and its second column begins with a
 * word, which is not a number: "Register;Value". */
static bool
csv_is_header(struct csv c)
{
    char name[NAME_MAX_LEN + 1];
    bool is_hex = true;

    csv_peek_name(&c, name);
    if (sfi__ob_find_row(c.rows.chip, name) != OB_NO_ROW ||
        sfi__ob_meant_row(c.rows.chip, name) != NULL || !csv_skip_separator(&c))
        return false;
    (void)csv_skip_quote(&c);
    if (c.at == c.len || !csv_is_letter(c.text[c.at]))
        return false;
    for (; c.at < c.len && csv_is_letter(c.text[c.at]); c.at++)
        is_hex = is_hex && sfi__hex_digit((unsigned char)c.text[c.at]) >= 0;
    return !is_hex;
}

/* Nothing, or a comment, which a spreadsheet may have put in quotes. */
static bool
csv_is_empty(struct csv c)
{
    csv_skip_empty_columns(&c);
    if (c.at == c.len)
        return true;
    (void)csv_skip_quote(&c);
    return csv_at(&c, '#');
}

/* Make the next line current, without its end: LF, CRLF or CR. */
static void
csv_next_line(struct csv *c, const char *text, size_t len, size_t *used)
{
    size_t n = 0;

    while (n < len && text[n] != '\n' && text[n] != '\r')
        n++;
    c->text = text;
    c->len = n;
    c->at = 0;
    c->line++;
    if (n + 1 < len && text[n] == '\r' && text[n + 1] == '\n')
        n++;
    *used = n < len ? n + 1 : n;
}

static sfi_status
csv_read_rows(struct csv *c, const char *text, size_t len)
{
    bool may_be_header = true;

    while (len > 0) {
        size_t used;

        csv_next_line(c, text, len, &used);
        text += used;
        len -= used;
        if (csv_is_empty(*c))
            continue;
        csv_skip_blanks(c);
        if (!may_be_header || !csv_is_header(*c)) {
            sfi_status st = csv_read_row(c);

            if (st != SFI_OK)
                return st;
        }
        may_be_header = false;
    }
    return SFI_OK;
}

sfi_status
sfi__ob_parse_csv(sfi_ctx *ctx, const struct sfi_chip *chip, const char *text,
                  size_t len, uint32_t *values)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    struct csv c = {.rows = {.ctx = ctx, .chip = chip, .values = values}};
    sfi_status st;

    if (len >= sizeof(mark) && sfi__equal(text, mark, sizeof(mark))) {
        text += sizeof(mark);
        len -= sizeof(mark);
    }
    st = csv_read_rows(&c, text, len);
    if (st != SFI_OK)
        return st;
    return sfi__ob_rows_end(&c.rows, csv_place(&c, c.len));
}
