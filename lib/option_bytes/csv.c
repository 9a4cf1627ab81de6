/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The option-byte CSV of AN5054, 2.5.1: a name and a hexadecimal value a row,
 * no header row; which rows, and in which order, is the part's business. */
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
/* More slips than this make another word. */
#define MEANT_MAX 2u

/* One line at work; `at` is where in it. */
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

/* What was read: a row of the file, as a row of the part. */
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
where(sfi_ctx *ctx, unsigned line, size_t at)
{
    return sfi__where(ctx, "%u:%zu", line, at + 1);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void
skip_blanks(struct csv *c)
{
    while (c->at < c->len && is_blank(c->text[c->at]))
        c->at++;
}

/* The character at work is none of `expected`. */
static sfi_status
unexpected(struct csv *c, const char *expected)
{
    char byte[TEXT_BYTE_MAX];
    const char *found = "the end of the line";

    if (c->at < c->len)
        found = sfi__text_byte(byte, (uint8_t)c->text[c->at]);
    (void)sfi__fail(c->ctx, SFI_ERR_FORMAT, "found %s, expected %s", found,
                    expected);
    return where(c->ctx, c->line, c->at);
}

/* Upper case of what a name is made of; 0 for all else. */
static char
name_char(char c)
{
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ? c : 0;
}

static sfi_status
read_name(struct csv *c)
{
    size_t n = 0;

    c->name_at = c->at;
    while (c->at < c->len && name_char(c->text[c->at]) != 0) {
        if (n < NAME_MAX_LEN)
            c->name[n++] = name_char(c->text[c->at]);
        c->at++;
    }
    c->name[n] = '\0';
    if (n == 0)
        return unexpected(c, "the name of an option byte");
    skip_blanks(c);
    if (c->at == c->len || c->text[c->at] != ',')
        return unexpected(c, "a comma after the name");
    c->at++;
    return SFI_OK;
}

static sfi_status
read_value(struct csv *c, uint32_t *out)
{
    size_t start, first;
    uint64_t v = 0;

    skip_blanks(c);
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
            return where(c->ctx, c->line, first);
        }
    }
    if (c->at == start)
        return unexpected(c, "a hexadecimal value");
    if (c->at < c->len && !is_blank(c->text[c->at]) && c->text[c->at] != ',')
        return unexpected(c, "a hexadecimal digit");
    skip_blanks(c);
    if (c->at < c->len)
        return unexpected(c, "two columns, name and value");
    *out = (uint32_t)v;
    return SFI_OK;
}

static const char *
bare(const char *name)
{
    return strncmp(name, "FLASH_", 6) == 0 ? name + 6 : name;
}

/* FLASH_ may be there or not, and may stand for the F that ST's files begin
 * with where its manuals say FLASH_ (FOPTSR_PRG, FLASH_OPTSR_PRG). */
static bool
is_row(const char *row, const char *name)
{
    if (strcmp(bare(row), bare(name)) == 0)
        return true;
    return bare(name) != name && row[0] == 'F' &&
           strcmp(row + 1, bare(name)) == 0;
}

/* The row of that name; NO_ROW when there is none. */
static uint32_t
find_row(const struct sfi_chip *chip, const char *name)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (is_row(chip->ob[i].name, name))
            return i;
    }
    return NO_ROW;
}

static sfi_status
unknown_row(struct csv *c, const struct rows *rows)
{
    const struct sfi_chip *chip = c->chip;
    const char *best = NULL;
    size_t least = MEANT_MAX + 1;

    for (uint32_t i = 0; i < chip->ob_count; i++) {
        size_t d = sfi__text_distance(bare(chip->ob[i].name), bare(c->name));

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
                        "option byte \"%s\" is one too many, expected the %u "
                        "of %s",
                        c->name, chip->ob_count, chip->name);
    return where(c->ctx, c->line, c->name_at);
}

static sfi_status
read_row(struct csv *c, struct rows *rows)
{
    uint32_t value = 0;
    uint32_t index;
    sfi_status st = read_name(c);

    if (st != SFI_OK)
        return st;
    index = find_row(c->chip, c->name);
    if (index == NO_ROW)
        return unknown_row(c, rows);
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->row[i].index != index)
            continue;
        (void)sfi__fail(c->ctx, SFI_ERR_CHIP_RULE,
                        "option byte \"%s\" again, line %u has it",
                        c->chip->ob[index].name, rows->row[i].line);
        return where(c->ctx, c->line, c->name_at);
    }
    st = read_value(c, &value);
    if (st != SFI_OK)
        return st;
    rows->values[index] = value;
    /* No row comes twice, so there is room for each. */
    rows->row[rows->count++] = (struct row){index, c->line, c->name_at};
    return SFI_OK;
}

static bool
has_row(const struct rows *rows, uint32_t index)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->row[i].index == index)
            return true;
    }
    return false;
}

/* The place is the row that stands where the missing one belongs, or the last
 * line. */
static sfi_status
check_missing(const struct csv *c, const struct rows *rows)
{
    const struct sfi_chip *chip = c->chip;
    struct row at = {NO_ROW, c->line, c->len};
    uint32_t missing = 0;

    while (missing < chip->ob_count && has_row(rows, missing))
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
    return where(c->ctx, at.line, at.at);
}

/* None is missing: are they in order? */
static sfi_status
check_order(const struct csv *c, const struct rows *rows)
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
    return where(c->ctx, r[i].line, r[i].at);
}

/* The next line, without its end: LF, CRLF or CR. */
static void
take_line(struct csv *c, const char *text, size_t len, size_t *used)
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
read_rows(struct csv *c, struct rows *rows, const char *text, size_t len)
{
    while (len > 0) {
        sfi_status st = SFI_OK;
        size_t used;

        take_line(c, text, len, &used);
        text += used;
        len -= used;
        skip_blanks(c);
        if (c->at < c->len)
            st = read_row(c, rows);
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
    st = read_rows(&c, &rows, text, len);
    if (st == SFI_OK && rows.count == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT, "no rows, expected the %u of %s",
                         chip->ob_count, chip->name);
    if (st == SFI_OK)
        st = check_missing(&c, &rows);
    if (st == SFI_OK)
        st = check_order(&c, &rows);
    return st;
}
