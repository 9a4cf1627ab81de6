/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The option-byte CSV of AN5054, 2.5.1: a name and a hexadecimal value in each
 * row, no header row; the part defines the rows and their order. */
#include <stdbool.h>
#include <string.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/err.h"
#include "option_bytes/option_bytes.h"

/* Longer than the name of any register. */
#define NAME_MAX_LEN 32u
#define NO_ROW UINT32_MAX
/* Names with more edits than this are not suggested. */
#define MEANT_MAX 2u

/* The current line, and the position `at` in it. */
struct csv {
    sfi_ctx *ctx;
    const struct sfi_chip *chip;
    const char *text;
    size_t len;
    size_t at;
    unsigned line; /* from 1 */
    char name[NAME_MAX_LEN + 1];
    size_t name_at;
};

/* A row of the file: which row of the part it is, and its place. */
struct row {
    uint32_t index;
    unsigned line;
    size_t at;
};

struct rows {
    struct row row[CHIP_OB_ROWS_MAX];
    uint32_t count;
    uint32_t *values;
};

static sfi_status
csv_add_where(sfi_ctx *ctx, unsigned line, size_t at)
{
    return sfi__where(ctx, "%u:%zu", line, at + 1);
}

static bool
csv_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void
csv_skip_blanks(struct csv *c)
{
    while (c->at < c->len && csv_is_blank(c->text[c->at]))
        c->at++;
}

/* Fail: the current character is not `expected`. */
static sfi_status
csv_fail_unexpected(struct csv *c, const char *expected)
{
    char byte[TEXT_BYTE_MAX];
    const char *found = "the end of the line";

    if (c->at < c->len)
        found = sfi__text_byte(byte, (uint8_t)c->text[c->at]);
    (void)sfi__fail(c->ctx, SFI_ERR_FORMAT, "found %s, expected %s", found,
                    expected);
    return csv_add_where(c->ctx, c->line, c->at);
}

/* The upper case of a character of a name; 0 for other characters. */
static char
csv_name_character(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ? c : 0;
}

static sfi_status
csv_read_name(struct csv *c)
{
    size_t n = 0;

    c->name_at = c->at;
    while (c->at < c->len && csv_name_character(c->text[c->at]) != 0) {
        if (n < NAME_MAX_LEN)
            c->name[n++] = csv_name_character(c->text[c->at]);
        c->at++;
    }
    c->name[n] = '\0';
    if (n == 0)
        return csv_fail_unexpected(c, "the name of an option byte");
    csv_skip_blanks(c);
    if (c->at == c->len || c->text[c->at] != ',')
        return csv_fail_unexpected(c, "a comma after the name");
    c->at++;
    return SFI_OK;
}

static sfi_status
csv_read_value(struct csv *c, uint32_t *out)
{
    size_t start, first;
    uint64_t v = 0;

    csv_skip_blanks(c);
    first = c->at;
    if (c->len - c->at >= 2 && c->text[c->at] == '0' &&
        (c->text[c->at + 1] == 'x' || c->text[c->at + 1] == 'X'))
        c->at += 2;
    start = c->at;
    for (; c->at < c->len && sfi__hex_digit((unsigned char)c->text[c->at]) >= 0;
         c->at++) {
        v = v << 4 | (unsigned)sfi__hex_digit((unsigned char)c->text[c->at]);
        if (v > UINT32_MAX) {
            (void)sfi__fail(c->ctx, SFI_ERR_RANGE,
                            "value has more than 32 bits, expected at most "
                            "0xffffffff");
            return csv_add_where(c->ctx, c->line, first);
        }
    }
    if (c->at == start)
        return csv_fail_unexpected(c, "a hexadecimal value");
    if (c->at < c->len && !csv_is_blank(c->text[c->at]) &&
        c->text[c->at] != ',')
        return csv_fail_unexpected(c, "a hexadecimal digit");
    csv_skip_blanks(c);
    if (c->at < c->len)
        return csv_fail_unexpected(c, "two columns, name and value");
    *out = (uint32_t)v;
    return SFI_OK;
}

static const char *
row_bare_name(const char *name)
{
    const char *bare = sfi__text_after(name, "FLASH_");

    return bare != NULL ? bare : name;
}

/* FLASH_ is optional, and may replace the F with which ST's files begin a name
 * that begins with FLASH_ in its manuals (FOPTSR_PRG, FLASH_OPTSR_PRG). */
static bool
row_has_name(const char *row, const char *name)
{
    if (strcmp(row_bare_name(row), row_bare_name(name)) == 0)
        return true;
    return row_bare_name(name) != name && row[0] == 'F' &&
           strcmp(row + 1, row_bare_name(name)) == 0;
}

/* The row of that name; NO_ROW if the part has no such row. */
static uint32_t
csv_find_row(const struct sfi_chip *chip, const char *name)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (row_has_name(chip->ob[i].name, name))
            return i;
    }
    return NO_ROW;
}

static sfi_status
csv_fail_unknown_row(struct csv *c, const struct rows *rows)
{
    const struct sfi_chip *chip = c->chip;
    const char *best = NULL;
    size_t least = MEANT_MAX + 1;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        size_t d = sfi__text_distance(row_bare_name(chip->ob[i].name),
                                      row_bare_name(c->name));

        if (d < least) {
            least = d;
            best = chip->ob[i].name;
        }
    }
    if (best != NULL)
        (void)sfi__fail(c->ctx, SFI_ERR_CHIP_RULE,
                        "unknown option byte \"%s\", did you mean \"%s\"",
                        c->name, best);
    else if (rows->count < chip->ob_count)
        (void)sfi__fail(c->ctx, SFI_ERR_CHIP_RULE,
                        "unknown option byte \"%s\", expected \"%s\" of %s",
                        c->name, chip->ob[rows->count].name, chip->name);
    else
        (void)sfi__fail(c->ctx, SFI_ERR_CHIP_RULE,
                        "option byte \"%s\" follows the last row, expected %u "
                        "rows of %s",
                        c->name, chip->ob_count, chip->name);
    return csv_add_where(c->ctx, c->line, c->name_at);
}

static sfi_status
csv_read_row(struct csv *c, struct rows *rows)
{
    uint32_t value = 0;
    uint32_t index;
    sfi_status st = csv_read_name(c);

    if (st != SFI_OK)
        return st;
    index = csv_find_row(c->chip, c->name);
    if (index == NO_ROW)
        return csv_fail_unknown_row(c, rows);
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->row[i].index != index)
            continue;
        (void)sfi__fail(
            c->ctx, SFI_ERR_CHIP_RULE,
            "option byte \"%s\" is repeated, line %u already has it",
            c->chip->ob[index].name, rows->row[i].line);
        return csv_add_where(c->ctx, c->line, c->name_at);
    }
    st = csv_read_value(c, &value);
    if (st != SFI_OK)
        return st;
    rows->values[index] = value;
    /* Repeated rows are refused above, so there is room for each. */
    rows->row[rows->count++] = (struct row){index, c->line, c->name_at};
    return SFI_OK;
}

static bool
rows_have_index(const struct rows *rows, uint32_t index)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->row[i].index == index)
            return true;
    }
    return false;
}

/* The place of the error is the row that should follow the missing one, or the
 * last line. */
static sfi_status
csv_check_missing(const struct csv *c, const struct rows *rows)
{
    const struct sfi_chip *chip = c->chip;
    struct row at = {NO_ROW, c->line, c->len};
    uint32_t missing = 0;

    while (missing < chip->ob_count && rows_have_index(rows, missing))
        missing++;
    if (missing == chip->ob_count)
        return SFI_OK;
    for (uint32_t i = rows->count; i-- > 0;) {
        if (rows->row[i].index > missing)
            at = rows->row[i];
    }
    (void)sfi__fail(c->ctx, SFI_ERR_CHIP_RULE,
                    "option byte \"%s\" is missing, found %u of the %u rows "
                    "of %s",
                    chip->ob[missing].name, rows->count, chip->ob_count,
                    chip->name);
    return csv_add_where(c->ctx, at.line, at.at);
}

/* All rows are present; check their order. */
static sfi_status
csv_check_order(const struct csv *c, const struct rows *rows)
{
    const struct row *r = rows->row;
    uint32_t i = 0;

    while (i < rows->count && r[i].index == i)
        i++;
    if (i == rows->count)
        return SFI_OK;
    (void)sfi__fail(c->ctx, SFI_ERR_CHIP_RULE,
                    "option byte \"%s\" is out of order, expected \"%s\"",
                    c->chip->ob[r[i].index].name, c->chip->ob[i].name);
    return csv_add_where(c->ctx, r[i].line, r[i].at);
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
csv_read_rows(struct csv *c, struct rows *rows, const char *text, size_t len)
{
    while (len > 0) {
        sfi_status st;
        size_t used;

        csv_next_line(c, text, len, &used);
        text += used;
        len -= used;
        csv_skip_blanks(c);
        if (c->at == c->len)
            continue;
        st = csv_read_row(c, rows);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

sfi_status
sfi__ob_parse_csv(sfi_ctx *ctx, const struct sfi_chip *chip, const char *text,
                  size_t len, uint32_t *values)
{
    static const char mark[] = {'\xef', '\xbb', '\xbf'};
    struct csv c = {.ctx = ctx, .chip = chip};
    struct rows rows = {.values = values};
    sfi_status st;

    if (len >= sizeof(mark) && sfi__equal(text, mark, sizeof(mark))) {
        text += sizeof(mark);
        len -= sizeof(mark);
    }
    st = csv_read_rows(&c, &rows, text, len);
    if (st != SFI_OK)
        return st;
    if (rows.count == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT, "no rows, expected the %u of %s",
                         chip->ob_count, chip->name);
    st = csv_check_missing(&c, &rows);
    if (st != SFI_OK)
        return st;
    return csv_check_order(&c, &rows);
}
