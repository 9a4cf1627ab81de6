/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Motorola S-records: "M68000 Family Programmer's Reference Manual",
 * appendix C. */
#include "firmware/lines.h"

#include "util/hex.h"

static bool
srec_is_table_mark(const uint8_t *text, size_t len)
{
    return len >= 2 && text[0] == '$' && text[1] == '$';
}

static bool
srec_matches(const uint8_t *data, size_t len)
{
    size_t at;

    if (len == 0)
        return false;
    at = sfi__lines_begin(data, len);
    if (srec_is_table_mark(data + at, len - at))
        return true;
    return len - at >= 4 && data[at] == 'S' && data[at + 1] >= '0' &&
           data[at + 1] <= '9' && sfi__hex_digit(data[at + 2]) >= 0 &&
           sfi__hex_digit(data[at + 3]) >= 0;
}

/* Bytes of the address of each type, or the fewest of a count; 0: the type does
 * not exist. */
static const uint8_t address_len[10] = {2, 2, 3, 4, 0, 1, 1, 4, 3, 2};

/* The length field counts the bytes after it. */
static sfi_status
srec_check_frame(struct load *l, const struct record *r, unsigned type,
                 size_t text_len)
{
    uint8_t checksum = (uint8_t)(0xffu - r->sum); /* ones' complement */
    size_t want;

    if (r->len == 0)
        return sfi__loader_fail_at(
            l, 3, SFI_ERR_FORMAT,
            "record ends after its type, expected a length");
    want = r->bytes[0];
    if (want < address_len[type] + 1u)
        return sfi__loader_fail_at(
            l, 3, SFI_ERR_FORMAT,
            "length field of S%u says %zu, expected at least "
            "%u",
            type, want, address_len[type] + 1u);
    if (r->len - 1 != want)
        return sfi__loader_fail_at(
            l, r->len - 1 < want ? text_len + 1 : 2 * (want + 1) + 3,
            SFI_ERR_FORMAT,
            "line has %zu bytes after its length field, which "
            "says %zu",
            r->len - 1, want);
    if (checksum != r->bytes[r->len - 1])
        return sfi__loader_fail_at(l, text_len - 1, SFI_ERR_CHECKSUM,
                                   "checksum is 0x%02x, line says 0x%02x",
                                   checksum, r->bytes[r->len - 1]);
    return SFI_OK;
}

static sfi_status
srec_data_record(struct load *l, const struct record *r, unsigned type,
                 uint32_t address)
{
    size_t skip = 1u + address_len[type];
    size_t len = r->len - 1 - skip;

    l->srec.records++;
    if (len == 0) {
        sfi__loader_warn(l, "data record without data");
        return SFI_OK;
    }
    return sfi__loader_data(l, address, r->bytes + skip, len);
}

/* S5 has two bytes for the count, S6 three; there are files in which they have
 * four. */
static sfi_status
srec_count_record(struct load *l, const struct record *r)
{
    uint64_t count = 0;

    for (size_t i = 1; i + 1 < r->len; i++)
        count = count >> 56 == 0 ? count << 8 | r->bytes[i] : UINT64_MAX;
    if (count != l->srec.records)
        return sfi__loader_fail(
            l, SFI_ERR_FORMAT,
            "%u data records so far, the count record says %llu",
            l->srec.records, (unsigned long long)count);
    l->srec.counted = l->srec.records;
    return SFI_OK;
}

/* S0 is a title; each of S7, S8 and S9 ends data of any type. */
static sfi_status
srec_dispatch_record(struct load *l, const struct record *r, unsigned type)
{
    uint32_t address = 0;

    for (size_t i = 0; i < address_len[type]; i++)
        address = address << 8 | r->bytes[1 + i];
    switch (type) {
    case 0:
        return SFI_OK;
    case 5:
    case 6:
        return srec_count_record(l, r);
    case 7:
    case 8:
    case 9:
        l->ended = true;
        return SFI_OK;
    default:
        return srec_data_record(l, r, type, address);
    }
}

/* "  main $8000100" */
static bool
srec_is_symbol(const uint8_t *text, size_t len)
{
    size_t at = len;

    while (at > 0 && sfi__hex_digit(text[at - 1]) >= 0)
        at--;
    return at >= 3 && at < len && text[at - 1] == '$' && text[at - 2] == ' ' &&
           text[0] == ' ';
}

/* A table of symbols, as objcopy writes it for symbolsrec: lines "$$ NAME" and
 * "$$" are around the symbols. */
static sfi_status
srec_table_line(struct load *l, const uint8_t *text, size_t len)
{
    struct srec *s = &l->srec;
    char name[TEXT_BYTE_MAX];

    if (srec_is_table_mark(text, len)) {
        if (!s->in_table)
            sfi__loader_warn(l, "a table of symbols is ignored");
        s->in_table = len > 2 || !s->in_table;
        return SFI_OK;
    }
    if (s->in_table && srec_is_symbol(text, len))
        return SFI_OK;
    return sfi__loader_fail_at(
        l, 1, SFI_ERR_FORMAT,
        s->in_table ? "found %s, expected 'S', '$$' or a symbol's value"
                    : "found %s, expected 'S'",
        sfi__text_byte(name, text[0]));
}

static sfi_status
srec_read_line(struct load *l, const uint8_t *text, size_t len)
{
    struct record r;
    char name[TEXT_BYTE_MAX];
    unsigned type;
    sfi_status st;

    if (text[0] != 'S')
        return srec_table_line(l, text, len);
    if (len < 2)
        return sfi__loader_fail_at(l, 2, SFI_ERR_FORMAT,
                                   "line ends after 'S', expected a type");
    type = (unsigned)text[1] - '0';
    if (type > 9 || address_len[type] == 0)
        return sfi__loader_fail_at(
            l, 2, SFI_ERR_FORMAT,
            "record of type %s, expected 0 to 3 or 5 to 9",
            sfi__text_byte(name, text[1]));
    st = sfi__lines_decode_record(l, text, len, 2, &r);
    if (st != SFI_OK)
        return st;
    st = srec_check_frame(l, &r, type, len);
    if (st != SFI_OK)
        return st;
    return srec_dispatch_record(l, &r, type);
}

/* The type may change from line to line; the first decides here. */
static size_t
srec_read_alike(struct load *l, const uint8_t *text, size_t text_len)
{
    static const char marks[3][3] = {"S1", "S2", "S3"};
    unsigned type = text_len > 1 ? (unsigned)text[1] - '1' : 3;
    uint8_t *out;
    size_t len, read;
    size_t room = sfi__loader_room(l, &out, &len);
    uint32_t place = l->place;
    struct alike a = {.step = len, .sum = 0xff};
    uint64_t end;

    if (room == 0 || type >= 3)
        return 0;
    a.mark = marks[type];
    a.head_len = 1u + address_len[1 + type];
    end = (uint64_t)1 << 8 * (a.head_len - 1);
    if (l->next_address >= end)
        return 0;
    a.max = (size_t)((end - l->next_address) / len);
    if (a.max > room)
        a.max = room;
    a.head =
        (uint64_t)(len + a.head_len) << 8 * (a.head_len - 1) | l->next_address;
    read = sfi__lines_read_alike(l, &a, text, text_len, out, len);
    l->srec.records += l->place - place;
    return read;
}

/* srec_cat omits the end record if there is no start address; then a count of
 * all data records shows that the file is complete. */
static sfi_status
srec_check_end(struct load *l)
{
    bool counted = l->srec.records > 0 && l->srec.counted == l->srec.records;

    if (!l->ended && !counted && l->place > 0)
        return sfi__lines_no_end(l, "S7, S8 or S9");
    return SFI_OK;
}

static const char *const extensions[] = {"srec", "s19", "s28", "s37",
                                         "mot",  "sre", NULL};

const struct format sfi__format_srec = {
    .name = "srec",
    .place = "line",
    .extensions = extensions,
    .matches = srec_matches,
    .line = srec_read_line,
    .alike = srec_read_alike,
    .end = srec_check_end,
};
