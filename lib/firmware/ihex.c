/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Intel HEX: "Hexadecimal Object File Format Specification", revision A,
 * 1988. */
#include "firmware/lines.h"

#include "util/hex.h"

enum {
    TYPE_DATA = 0,
    TYPE_END = 1,
    TYPE_SEGMENT_BASE = 2,
    TYPE_SEGMENT_START = 3,
    TYPE_LINEAR_BASE = 4,
    TYPE_LINEAR_START = 5,
};

/* length, two of address, type, checksum */
#define FRAME_LEN 5u
/* the 16 bits of an address field span this much from a type 02 base */
#define SEGMENT_LEN 0x10000u

static bool
ihex_matches(const uint8_t *data, size_t len)
{
    size_t at = sfi__lines_begin(data, len);

    return len - at >= 2 && data[at] == ':' &&
           sfi__hex_digit(data[at + 1]) >= 0;
}

/* The line must have the number of bytes that its length field says. */
static sfi_status
ihex_check_frame(struct load *l, const struct record *r, size_t text_len)
{
    uint8_t checksum = (uint8_t)(0u - r->sum); /* all bytes sum to 0 */
    size_t data_len;

    if (r->len < FRAME_LEN)
        return sfi__loader_fail_at(l, text_len + 1, SFI_ERR_FORMAT,
                                   "record of %zu bytes, expected at least %u",
                                   r->len, FRAME_LEN);
    data_len = r->bytes[0];
    if (r->len == data_len + FRAME_LEN - 1)
        return sfi__loader_fail_at(l, text_len + 1, SFI_ERR_FORMAT,
                                   "checksum is missing after %zu data bytes",
                                   data_len);
    if (r->len != data_len + FRAME_LEN)
        return sfi__loader_fail_at(
            l,
            r->len < data_len + FRAME_LEN ? text_len + 1
                                          : 2 * (data_len + FRAME_LEN) + 2,
            SFI_ERR_FORMAT,
            "line has %zu data bytes, its length field says %zu",
            r->len - FRAME_LEN, data_len);
    if (checksum != r->bytes[r->len - 1])
        return sfi__loader_fail_at(l, text_len - 1, SFI_ERR_CHECKSUM,
                                   "checksum is 0x%02x, line says 0x%02x",
                                   checksum, r->bytes[r->len - 1]);
    return SFI_OK;
}

static sfi_status
ihex_check_length(struct load *l, const struct record *r, unsigned want)
{
    if (r->bytes[0] != want)
        return sfi__loader_fail_at(
            l, 2, SFI_ERR_FORMAT,
            "record of type %02x has %u data bytes, expected "
            "%u",
            r->bytes[3], r->bytes[0], want);
    return SFI_OK;
}

/* A record that crosses the end of its segment: Intel lets it wrap to the start
 * of the segment, most tools continue behind it. */
static sfi_status
ihex_cross_segment(struct load *l, const struct record *r, uint32_t offset)
{
    size_t len = r->bytes[0];
    size_t head = SEGMENT_LEN - offset;
    uint64_t address = (uint64_t)l->ihex.base + offset;
    sfi_status st;

    if ((l->flags & SFI_FIRMWARE_SEGMENT_RUNS_ON) != 0)
        return sfi__loader_data(l, address, r->bytes + 4, len);
    if ((l->flags & SFI_FIRMWARE_SEGMENT_WRAPS) == 0)
        return sfi__loader_fail(l, SFI_ERR_RANGE,
                                "%zu bytes at 0x%04x cross the end of their 64 "
                                "KiB segment, and tools disagree where they go",
                                len, offset);
    st = sfi__loader_data(l, address, r->bytes + 4, head);
    if (st != SFI_OK)
        return st;
    return sfi__loader_data(l, l->ihex.base, r->bytes + 4 + head, len - head);
}

static sfi_status
ihex_data_record(struct load *l, const struct record *r)
{
    size_t len = r->bytes[0];
    uint32_t offset = (uint32_t)r->bytes[1] << 8 | r->bytes[2];

    if (len == 0) {
        sfi__loader_warn(l, "data record without data");
        return SFI_OK;
    }
    if (l->ihex.segmented && len > SEGMENT_LEN - offset)
        return ihex_cross_segment(l, r, offset);
    return sfi__loader_data(l, (uint64_t)l->ihex.base + offset, r->bytes + 4,
                            len);
}

/* The most recent base record counts, as Intel says; some tools add both
 * kinds. */
static sfi_status
ihex_base_record(struct load *l, const struct record *r)
{
    struct ihex *x = &l->ihex;
    uint32_t value = (uint32_t)r->bytes[4] << 8 | r->bytes[5];
    sfi_status st = ihex_check_length(l, r, 2);

    if (st != SFI_OK)
        return st;
    if (r->bytes[1] != 0 || r->bytes[2] != 0)
        sfi__loader_warn(l, "address field of a type %02x record is not zero",
                         r->bytes[3]);
    x->segmented = r->bytes[3] == TYPE_SEGMENT_BASE;
    x->base = value << (x->segmented ? 4 : 16);
    x->segmented_seen |= x->segmented;
    x->linear_seen |= !x->segmented;
    if (x->segmented_seen && x->linear_seen && !x->mix_seen) {
        sfi__loader_warn(l, "types 02 and 04 are mixed, and tools disagree; "
                            "the most recent one sets the base");
        x->mix_seen = true;
    }
    return SFI_OK;
}

static sfi_status
ihex_start_record(struct load *l, const struct record *r)
{
    sfi_status st = ihex_check_length(l, r, 4);

    if (st == SFI_OK && l->ihex.start_seen)
        sfi__loader_warn(l, "second record with a start address");
    l->ihex.start_seen = true;
    return st;
}

static sfi_status
ihex_read_line(struct load *l, const uint8_t *text, size_t len)
{
    struct record r;
    char name[TEXT_BYTE_MAX];
    sfi_status st;

    if (text[0] != ':')
        return sfi__loader_fail_at(l, 1, SFI_ERR_FORMAT,
                                   "found %s, expected ':'",
                                   sfi__text_byte(name, text[0]));
    st = sfi__lines_decode_record(l, text, len, 1, &r);
    if (st == SFI_OK)
        st = ihex_check_frame(l, &r, len);
    if (st != SFI_OK)
        return st;
    switch (r.bytes[3]) {
    case TYPE_DATA:
        return ihex_data_record(l, &r);
    case TYPE_END:
        l->ended = true;
        return ihex_check_length(l, &r, 0);
    case TYPE_SEGMENT_BASE:
    case TYPE_LINEAR_BASE:
        return ihex_base_record(l, &r);
    case TYPE_SEGMENT_START:
    case TYPE_LINEAR_START:
        return ihex_start_record(l, &r);
    default:
        return sfi__loader_fail_at(l, 8, SFI_ERR_FORMAT,
                                   "record of type %02x, expected 00 to 05",
                                   r.bytes[3]);
    }
}

/* As long as the offset stays within its 16 bits. */
static size_t
ihex_read_alike(struct load *l, const uint8_t *text, size_t text_len)
{
    uint64_t offset = l->next_address - l->ihex.base;
    uint8_t *out;
    size_t len;
    size_t room = sfi__loader_room(l, &out, &len);
    struct alike a = {.mark = ":", .head_len = FRAME_LEN - 1, .sum = 0};

    if (room == 0 || offset >= SEGMENT_LEN)
        return 0;
    a.max = (size_t)(SEGMENT_LEN - offset) / len;
    if (a.max > room)
        a.max = room;
    a.head = (uint64_t)len << 24 | offset << 8 | TYPE_DATA;
    a.step = (uint64_t)len << 8;
    return sfi__lines_read_alike(l, &a, text, text_len, out, len);
}

static sfi_status
ihex_check_end(struct load *l)
{
    if (!l->ended && l->place > 0)
        return sfi__lines_no_end(l, ":00000001FF");
    return SFI_OK;
}

static const char *const extensions[] = {"hex", "ihex", "ihx", NULL};

const struct format sfi__format_ihex = {
    .name = "ihex",
    .place = "line",
    .extensions = extensions,
    .matches = ihex_matches,
    .line = ihex_read_line,
    .alike = ihex_read_alike,
    .end = ihex_check_end,
};
