/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/util: cursors, buffers, checked arithmetic, hex, memory, text. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "util/alloc.h"
#include "util/buf.h"
#include "util/ckd.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/rd.h"
#include "util/text.h"
#include "util/wr.h"

#include "fixture.h"

static const uint8_t count_up[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

/* ---- rd ---------------------------------------------------------------- */

#define READER(name)                          \
    static uint64_t read_##name(struct rd *r) \
    {                                         \
        return sfi__rd_##name(r);             \
    }
READER(u8)
READER(u16le)
READER(u16be)
READER(u32le)
READER(u32be)
READER(u64le)
READER(u64be)

static const struct {
    const char *name;
    uint64_t (*read)(struct rd *r);
    size_t width;
    uint64_t want;
} readers[] = {
    {"u8", read_u8, 1, 0x01},
    {"u16le", read_u16le, 2, 0x0201},
    {"u16be", read_u16be, 2, 0x0102},
    {"u32le", read_u32le, 4, 0x04030201},
    {"u32be", read_u32be, 4, 0x01020304},
    {"u64le", read_u64le, 8, 0x0807060504030201},
    {"u64be", read_u64be, 8, 0x0102030405060708},
};

START_TEST(test_rd_uint)
{
    size_t width = readers[_i].width;
    struct rd r;

    for (size_t len = 0; len <= sizeof(count_up); len++) {
        bool fits = len >= width;

        sfi__rd_init(&r, count_up, len);
        ck_assert_msg(readers[_i].read(&r) == (fits ? readers[_i].want : 0),
                      "%s of %zu bytes", readers[_i].name, len);
        ck_assert_msg(sfi__rd_ok(&r) == fits, "%s of %zu bytes",
                      readers[_i].name, len);
        ck_assert_uint_eq(sfi__rd_left(&r), fits ? len - width : 0);
    }
}
END_TEST

START_TEST(test_rd_failure_is_sticky)
{
    uint8_t out[4] = {9, 9, 9, 9};
    struct rd r;

    sfi__rd_init(&r, count_up, 3);
    ck_assert_uint_eq(sfi__rd_u8(&r), 1);
    ck_assert_uint_eq(sfi__rd_u32le(&r), 0);
    ck_assert(!sfi__rd_ok(&r));
    ck_assert_uint_eq(sfi__rd_left(&r), 0);
    /* two bytes are left, but after a failure none is returned */
    ck_assert_uint_eq(sfi__rd_u8(&r), 0);
    ck_assert_ptr_null(sfi__rd_view(&r, 1));
    ck_assert_ptr_null(sfi__rd_view(&r, 0));
    sfi__rd_bytes(&r, out, 2);
    ck_assert_mem_eq(out, "\0\0\x09\x09", 4);
    sfi__rd_skip(&r, 0);
    ck_assert(!sfi__rd_ok(&r));
}
END_TEST

START_TEST(test_rd_bytes)
{
    uint8_t out[9];
    struct rd r;

    sfi__rd_init(&r, count_up, sizeof(count_up));
    sfi__rd_bytes(&r, out, 0);
    sfi__rd_bytes(&r, out, 4);
    ck_assert_mem_eq(out, count_up, 4);
    ck_assert_ptr_eq(sfi__rd_view(&r, 2), count_up + 4);
    sfi__rd_skip(&r, 2);
    ck_assert_uint_eq(sfi__rd_left(&r), 1);
    ck_assert_ptr_eq(sfi__rd_view(&r, 1), count_up + 8);
    ck_assert_ptr_nonnull(sfi__rd_view(&r, 0));
    ck_assert(sfi__rd_ok(&r));
    sfi__rd_skip(&r, 1);
    ck_assert(!sfi__rd_ok(&r));

    sfi__rd_init(&r, count_up, sizeof(count_up));
    sfi__rd_bytes(&r, NULL, 0);
    ck_assert(sfi__rd_ok(&r));
    sfi__rd_skip(&r, SIZE_MAX);
    ck_assert(!sfi__rd_ok(&r));
}
END_TEST

START_TEST(test_rd_nothing)
{
    struct rd r;

    sfi__rd_init(&r, NULL, 0);
    ck_assert(sfi__rd_ok(&r));
    ck_assert_uint_eq(sfi__rd_left(&r), 0);
    sfi__rd_skip(&r, 0);
    ck_assert(sfi__rd_ok(&r));
    ck_assert_uint_eq(sfi__rd_u8(&r), 0);
    ck_assert(!sfi__rd_ok(&r));

    sfi__rd_init(&r, NULL, 1);
    ck_assert(!sfi__rd_ok(&r));
    ck_assert_uint_eq(sfi__rd_u8(&r), 0);
}
END_TEST

/* ---- wr ---------------------------------------------------------------- */

static void
write_all(struct wr *w)
{
    sfi__wr_u8(w, 0xa1);
    sfi__wr_u16le(w, 0xb1b2);
    sfi__wr_u16be(w, 0xb1b2);
    sfi__wr_u32le(w, 0xc1c2c3c4);
    sfi__wr_u32be(w, 0xc1c2c3c4);
    sfi__wr_u64le(w, 0xd1d2d3d4d5d6d7d8);
    sfi__wr_u64be(w, 0xd1d2d3d4d5d6d7d8);
    sfi__wr_bytes(w, "xyz", 3);
    sfi__wr_fill(w, 0xff, 2);
}

static const uint8_t written[] = {
    0xa1, 0xb2, 0xb1, 0xb1, 0xb2, 0xc4, 0xc3, 0xc2, 0xc1, 0xc1, 0xc2, 0xc3,
    0xc4, 0xd8, 0xd7, 0xd6, 0xd5, 0xd4, 0xd3, 0xd2, 0xd1, 0xd1, 0xd2, 0xd3,
    0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 'x',  'y',  'z',  0xff, 0xff,
};

START_TEST(test_wr_all)
{
    uint8_t out[sizeof(written)];
    struct wr w;

    sfi__wr_init(&w, out, sizeof(out));
    write_all(&w);
    ck_assert(sfi__wr_ok(&w));
    ck_assert_uint_eq(sfi__wr_len(&w), sizeof(written));
    ck_assert_mem_eq(out, written, sizeof(written));
    sfi__wr_bytes(&w, NULL, 0);
    sfi__wr_fill(&w, 0, 0);
    ck_assert(sfi__wr_ok(&w));
    sfi__wr_u8(&w, 0);
    ck_assert(!sfi__wr_ok(&w));
    ck_assert_uint_eq(sfi__wr_len(&w), 0);
}
END_TEST

START_TEST(test_wr_never_past_the_end)
{
    uint8_t out[sizeof(written) + 8];
    size_t cap = (size_t)_i;
    struct wr w;

    sfi__fill(out, 0x77, sizeof(out));
    sfi__wr_init(&w, out, cap);
    write_all(&w);
    ck_assert(!sfi__wr_ok(&w));
    ck_assert_uint_eq(sfi__wr_len(&w), 0);
    for (size_t i = cap; i < sizeof(out); i++)
        ck_assert_uint_eq(out[i], 0x77);
    /* data that would fit is refused too: a failure is sticky */
    sfi__wr_u8(&w, 0);
    ck_assert(!sfi__wr_ok(&w));
}
END_TEST

START_TEST(test_wr_nothing)
{
    uint8_t out[4];
    struct wr w;

    sfi__wr_init(&w, NULL, 0);
    ck_assert(sfi__wr_ok(&w));
    sfi__wr_u8(&w, 1);
    ck_assert(!sfi__wr_ok(&w));
    sfi__wr_init(&w, NULL, 4);
    ck_assert(!sfi__wr_ok(&w));
    sfi__wr_u8(&w, 1);
    ck_assert_uint_eq(sfi__wr_len(&w), 0);
    sfi__wr_init(&w, out, sizeof(out));
    sfi__wr_u8(&w, 1);
    sfi__wr_bytes(&w, out, SIZE_MAX);
    ck_assert(!sfi__wr_ok(&w));
}
END_TEST

/* ---- buf --------------------------------------------------------------- */

/* An allocator that checks blocks when they are freed. */
struct watch {
    struct counter counter;
    size_t blocks;
    size_t dirty; /* bytes that were not zero when freed */
};

static void *
watch_alloc(void *user, size_t size)
{
    struct watch *w = user;
    uint64_t *p;

    if (w->counter.fail_at > 0 && --w->counter.fail_at == 0)
        return NULL;
    if (size > 1 << 20)
        return NULL;
    p = malloc(sizeof(*p) + size);
    ck_assert_ptr_nonnull(p);
    *p = size;
    sfi__fill(p + 1, 0xee, size);
    w->counter.live++;
    return p + 1;
}

static void
watch_free(void *user, void *ptr)
{
    struct watch *w = user;
    uint64_t *p = (uint64_t *)ptr - 1;
    const uint8_t *bytes = ptr;

    for (uint64_t i = 0; i < *p; i++)
        w->dirty += bytes[i] != 0;
    w->blocks++;
    w->counter.live--;
    free(p);
}

static struct alloc
watching(struct watch *w)
{
    *w = (struct watch){0};
    return (struct alloc){.user = w, .alloc = watch_alloc, .free = watch_free};
}

START_TEST(test_buf_grows)
{
    struct watch w;
    struct alloc alloc = watching(&w);
    struct buf b;

    sfi__buf_init(&b, &alloc, false);
    ck_assert(sfi__buf_append(&b, NULL, 0));
    for (size_t i = 0; i < 3000; i++) {
        uint8_t byte = (uint8_t)(i * 7);

        ck_assert(sfi__buf_append(&b, &byte, 1));
    }
    ck_assert_uint_eq(b.len, 3000);
    ck_assert_uint_ge(b.cap, b.len);
    for (size_t i = 0; i < b.len; i++)
        ck_assert_uint_eq(b.data[i], (uint8_t)(i * 7));
    /* by doubling, not byte by byte */
    ck_assert_uint_lt(w.blocks, 10);
    ck_assert_uint_eq(w.counter.live, 1);
    ck_assert(sfi__buf_fill(&b, 0xff, 5));
    ck_assert_uint_eq(b.len, 3005);
    ck_assert_mem_eq(b.data + 3000, "\xff\xff\xff\xff\xff", 5);
    sfi__buf_free(&b);
    ck_assert_uint_eq(w.counter.live, 0);
    ck_assert_ptr_null(b.data);
    /* may be used again */
    ck_assert(sfi__buf_append(&b, "a", 1));
    sfi__buf_free(&b);
    sfi__buf_free(&b);
    ck_assert_uint_eq(w.counter.live, 0);
}
END_TEST

START_TEST(test_buf_wipes)
{
    struct watch w;
    struct alloc alloc = watching(&w);
    struct buf b;
    size_t cap;

    sfi__buf_init(&b, &alloc, true);
    ck_assert(sfi__buf_append(&b, "secret", 6));
    ck_assert(sfi__buf_fill(&b, 's', 200)); /* moves */
    ck_assert_uint_eq(w.blocks, 1);
    ck_assert_uint_eq(w.dirty, 0);
    cap = b.cap;
    sfi__buf_clear(&b);
    ck_assert_uint_eq(b.len, 0);
    ck_assert_uint_eq(b.cap, cap);
    for (size_t i = 0; i < b.cap; i++)
        ck_assert_uint_eq(b.data[i], 0);
    ck_assert(sfi__buf_append(&b, "secret", 6));
    b.data[cap - 1] = 1; /* written behind len by a reader of files */
    sfi__buf_free(&b);
    ck_assert_uint_eq(w.blocks, 2);
    ck_assert_uint_eq(w.dirty, 0);

    sfi__buf_init(&b, &alloc, false);
    ck_assert(sfi__buf_append(&b, "public", 6));
    sfi__buf_free(&b);
    ck_assert_uint_ge(w.dirty, 6); /* the watch does see */
}
END_TEST

START_TEST(test_buf_without_memory)
{
    struct watch w;
    struct alloc alloc = watching(&w);
    struct buf b;
    uint8_t *data;

    sfi__buf_init(&b, &alloc, false);
    w.counter.fail_at = 1;
    ck_assert(!sfi__buf_append(&b, "a", 1));
    ck_assert_uint_eq(b.len, 0);
    ck_assert(sfi__buf_append(&b, "abc", 3));
    data = b.data;
    w.counter.fail_at = 1;
    ck_assert(!sfi__buf_fill(&b, 0, 1000));
    ck_assert(!sfi__buf_reserve(&b, SIZE_MAX));
    ck_assert(!sfi__buf_reserve(&b, SIZE_MAX - 3));
    ck_assert_ptr_eq(b.data, data);
    ck_assert_uint_eq(b.len, 3);
    ck_assert_mem_eq(b.data, "abc", 3);
    ck_assert(sfi__buf_reserve(&b, b.cap - b.len));
    ck_assert_ptr_eq(b.data, data);
    sfi__buf_free(&b);
    ck_assert_uint_eq(w.counter.live, 0);
}
END_TEST

START_TEST(test_alloc_is_zeroed)
{
    struct watch w;
    struct alloc alloc = watching(&w);
    uint8_t *p = sfi__alloc(&alloc, 100);

    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_eq(p[i], 0);
    sfi__free(&alloc, p);
    sfi__free(&alloc, NULL);
    ck_assert_uint_eq(w.blocks, 1);
    p = sfi__alloc(&alloc, 0);
    ck_assert_ptr_nonnull(p);
    sfi__free(&alloc, p);
    w.counter.fail_at = 1;
    ck_assert_ptr_null(sfi__alloc(&alloc, 1));
    p = sfi__alloc(&sfi__alloc_default, 8);
    ck_assert_ptr_nonnull(p);
    sfi__free(&sfi__alloc_default, p);
}
END_TEST

/* ---- ckd --------------------------------------------------------------- */

START_TEST(test_ckd_size)
{
    static const struct {
        size_t a, b;
        bool sum, product;
    } rows[] = {
        {0, 0, true, true},
        {1, 2, true, true},
        {SIZE_MAX, 0, true, true},
        {SIZE_MAX, 1, false, true},
        {SIZE_MAX - 1, 1, true, true},
        {SIZE_MAX, SIZE_MAX, false, false},
        {SIZE_MAX / 2, 2, true, true},
        {SIZE_MAX / 2 + 1, 2, true, false},
        {(size_t)1 << (sizeof(size_t) * 4), (size_t)1 << (sizeof(size_t) * 4),
         true, false},
        {SIZE_MAX / 3, 3, true, true},
        {SIZE_MAX / 3 + 1, 3, true, false},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t a = rows[i].a;
        size_t b = rows[i].b;
        size_t out = 7;

        ck_assert_msg(sfi__ckd_add(&out, a, b) == rows[i].sum, "row %zu", i);
        ck_assert_uint_eq(out, rows[i].sum ? a + b : 0);
        ck_assert_msg(sfi__ckd_add(&out, b, a) == rows[i].sum, "row %zu", i);
        out = 7;
        ck_assert_msg(sfi__ckd_mul(&out, a, b) == rows[i].product, "row %zu",
                      i);
        ck_assert_uint_eq(out, rows[i].product ? a * b : 0);
        ck_assert_msg(sfi__ckd_mul(&out, b, a) == rows[i].product, "row %zu",
                      i);
    }
}
END_TEST

START_TEST(test_ckd_narrow)
{
    uint32_t u32;

    ck_assert(sfi__ckd_narrow_u32(&u32, 0xffffffff));
    ck_assert_uint_eq(u32, 0xffffffff);
    ck_assert(!sfi__ckd_narrow_u32(&u32, 0x100000000));
    ck_assert_uint_eq(u32, 0);
}
END_TEST

/* ---- hex --------------------------------------------------------------- */

START_TEST(test_hex_digit)
{
    static const char digits[] = "0123456789abcdef";

    for (int c = -300; c < 700; c++) {
        const char *at = c > 0 && c < 128 ? strchr(digits, c | 0x20) : NULL;
        bool digit = at != NULL && (c >= 'A' || (c >= '0' && c <= '9'));

        ck_assert_msg(sfi__hex_digit(c) == (digit ? (int)(at - digits) : -1),
                      "character %d", c);
    }
}
END_TEST

START_TEST(test_hex_code)
{
    uint8_t all[256];
    uint8_t back[256];
    char text[2 * sizeof(all) + 1];

    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    sfi__fill(text, 'z', sizeof(text));
    sfi__hex_encode(text, all, sizeof(all));
    ck_assert_uint_eq(strlen(text), 512);
    ck_assert(strncmp(text, "000102030405", 12) == 0);
    ck_assert_str_eq(text + 500, "fafbfcfdfeff");
    ck_assert(sfi__hex_decode(back, sizeof(back), text));
    ck_assert_mem_eq(back, all, sizeof(all));
    ck_assert(sfi__hex_decode(back, 2, "aBCd"));
    ck_assert_mem_eq(back, "\xab\xcd", 2);
    sfi__hex_encode(text, all, 0);
    ck_assert_str_eq(text, "");
    ck_assert(sfi__hex_decode(back, 0, ""));
}
END_TEST

/* Bytes and their sum from digits: what is no digit is refused at each place.
 */
START_TEST(test_hex_sum)
{
    uint8_t text[] = "0123aBCdEf99";
    uint8_t out[6];
    uint8_t sum = 0xf0;

    ck_assert(sfi__hex_decode_sum(out, 6, text, &sum));
    ck_assert_mem_eq(out, "\x01\x23\xab\xcd\xef\x99", 6);
    ck_assert_uint_eq(sum,
                      (0xf0 + 0x01 + 0x23 + 0xab + 0xcd + 0xef + 0x99) & 0xff);
    ck_assert(sfi__hex_decode_sum(out, 0, text, &sum));
    for (size_t i = 0; i < 12; i++) {
        uint8_t digit = text[i];

        for (unsigned c = 0; c < 256; c++) {
            text[i] = (uint8_t)c;
            ck_assert_int_eq(sfi__hex_decode_sum(out, 6, text, &sum),
                             sfi__hex_digit((int)c) >= 0);
        }
        text[i] = digit;
    }
}
END_TEST

START_TEST(test_hex_refuses)
{
    static const char *const rows[] = {"", "0", "0g", "g0", "00 0", "-1", "0x"};
    uint8_t out[2];

    for (size_t i = 0; i < ROWS(rows); i++) {
        size_t len = i == 4 ? 2 : 1;

        ck_assert_msg(!sfi__hex_decode(out, len, rows[i]), "\"%s\"", rows[i]);
    }
}
END_TEST

/* ---- mem --------------------------------------------------------------- */

START_TEST(test_mem)
{
    uint8_t a[300];
    uint8_t b[300];

    sfi__fill(a, 0xa5, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++)
        ck_assert_uint_eq(a[i], 0xa5);
    sfi__wipe(a + 1, sizeof(a) - 2);
    ck_assert_uint_eq(a[0], 0xa5);
    ck_assert_uint_eq(a[1], 0);
    ck_assert_uint_eq(a[298], 0);
    ck_assert_uint_eq(a[299], 0xa5);
    sfi__zero(a, sizeof(a));
    sfi__zero(b, sizeof(b));
    ck_assert(sfi__equal(a, b, sizeof(a)));
    sfi__wipe(NULL, 0);
    sfi__fill(NULL, 1, 0);
    ck_assert(sfi__equal(NULL, NULL, 0));
    ck_assert(sfi__ct_equal(NULL, NULL, 0));
}
END_TEST

START_TEST(test_mem_equal_sees_every_bit)
{
    uint8_t a[40];
    uint8_t b[40];

    for (size_t i = 0; i < sizeof(a); i++)
        a[i] = b[i] = (uint8_t)(i * 31);
    ck_assert(sfi__ct_equal(a, b, sizeof(a)));
    for (size_t bit = 0; bit < sizeof(a) * 8; bit++) {
        b[bit / 8] = (uint8_t)(b[bit / 8] ^ 1u << bit % 8);
        ck_assert_msg(!sfi__ct_equal(a, b, sizeof(a)), "bit %zu", bit);
        ck_assert_msg(!sfi__equal(a, b, sizeof(a)), "bit %zu", bit);
        ck_assert(sfi__ct_equal(a, b, bit / 8));
        b[bit / 8] = a[bit / 8];
    }
}
END_TEST

/* ---- text -------------------------------------------------------------- */

START_TEST(test_text_format)
{
    char out[8] = "xxxxxxx";

    sfi__text_format(out, sizeof(out), "%d", 1234567);
    ck_assert_str_eq(out, "1234567");
    sfi__text_format(out, sizeof(out), "%d-", 1234567);
    ck_assert_str_eq(out, "1234567");
    sfi__text_format(out, 0, "never");
    ck_assert_str_eq(out, "1234567");
    sfi__text_format(out, 1, "never");
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(test_text_copy)
{
    char out[5] = "xxxx";

    ck_assert(sfi__text_copy(out, sizeof(out), "abcd"));
    ck_assert_str_eq(out, "abcd");
    ck_assert(!sfi__text_copy(out, sizeof(out), "efghi"));
    ck_assert_str_eq(out, "efgh");
    ck_assert(sfi__text_copy(out, sizeof(out), ""));
    ck_assert_str_eq(out, "");
    ck_assert(!sfi__text_copy(out, 0, ""));
    ck_assert(!sfi__text_copy(out, 1, "a"));
    ck_assert_str_eq(out, "");
}
END_TEST

/* RFC 8259, 7: what a reader gets is the text as it was. */
static const struct {
    const char *text, *json;
} strings[] = {
    {"", "\"\""},
    {"a ~", "\"a ~\""},
    {"\"\\/", "\"\\\"\\\\/\""},
    {"\n\x1b[2J\x7f", "\"\\u000a\\u001b[2J\\u007f\""},
    {"\xc3\xa4 \xf0\x9f\x98\x80", "\"\xc3\xa4 \xf0\x9f\x98\x80\""},
    {"\xe2\x80\xae", "\"\\u202e\""},
    {"\xf3\xa0\x80\x81", "\"\\udb40\\udc01\""},
    {"\xff\xc3", "\"\\ufffd\\ufffd\""},
    {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
};

START_TEST(test_text_to_json)
{
    struct watch w;
    struct alloc alloc = watching(&w);
    struct buf b;

    sfi__buf_init(&b, &alloc, false);
    ck_assert(sfi__text_to_json(&b, strings[_i].text));
    ck_assert_uint_eq(b.len, strlen(strings[_i].json));
    ck_assert_mem_eq(b.data, strings[_i].json, b.len);
    sfi__buf_free(&b);
}
END_TEST

START_TEST(test_text_visible)
{
    char out[8];

    sfi__text_visible(out, sizeof(out), "a ~");
    ck_assert_str_eq(out, "a ~");
    sfi__text_visible(out, sizeof(out),
                      "a\x1b"
                      "b\x7f");
    ck_assert_str_eq(out, "a\\x1bb"); /* no half of the next */
    sfi__text_visible(out, sizeof(out),
                      "\xff"
                      "abcd");
    ck_assert_str_eq(out, "\\xffabc");
    sfi__text_visible(out, 4, "\n");
    ck_assert_str_eq(out, "");
    sfi__text_visible(out, 1, "a");
    ck_assert_str_eq(out, "");
    out[0] = 'z';
    sfi__text_visible(out, 0, "a");
    ck_assert_int_eq(out[0], 'z');
}
END_TEST

START_TEST(test_text_same)
{
    ck_assert(sfi__text_same("", ""));
    ck_assert(sfi__text_same("STM32H753xI", "stm32h753Xi"));
    ck_assert(!sfi__text_same("stm32", "stm32h"));
    ck_assert(!sfi__text_same("stm32h", "stm32"));
    ck_assert(!sfi__text_same("a", "b"));
    ck_assert(!sfi__text_same("[", "{")); /* 0x20 apart, but not letters */
    ck_assert(!sfi__text_same("@", "`"));
}
END_TEST

START_TEST(test_text_after)
{
    const char *text = "pcsc:1";

    ck_assert_ptr_eq(sfi__text_after(text, "pcsc:"), text + 5);
    ck_assert_ptr_eq(sfi__text_after(text, ""), text);
    ck_assert_str_eq(sfi__text_after(text, text), "");
    ck_assert_ptr_null(sfi__text_after(text, "pcsc:12"));
    ck_assert_ptr_null(sfi__text_after(text, "PCSC:"));
    ck_assert_ptr_null(sfi__text_after("", "p"));
}
END_TEST

START_TEST(test_text_distance)
{
    static const struct {
        const char *a, *b;
        size_t want;
    } rows[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "abc", 3},
        {"RDP", "rdp", 0},
        {"RDPP", "RDP", 1},
        {"kitten", "sitting", 3},
        {"WRP1AR", "WRP1BR", 1},
        {"abc", "cab", 2},
    };
    char longer[100];

    for (size_t i = 0; i < ROWS(rows); i++) {
        ck_assert_msg(sfi__text_distance(rows[i].a, rows[i].b) == rows[i].want,
                      "%s, %s", rows[i].a, rows[i].b);
        ck_assert_msg(sfi__text_distance(rows[i].b, rows[i].a) == rows[i].want,
                      "%s, %s", rows[i].b, rows[i].a);
    }
    sfi__fill(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    ck_assert_uint_gt(sfi__text_distance(longer, longer),
                      10); /* never "meant" */
    ck_assert_uint_gt(sfi__text_distance("a", longer), 10);
}
END_TEST

START_TEST(test_text_to_u64)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool ok;
        uint64_t want;
    } rows[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"007", 10, true, 7},
        {"255", 255, true, 255},
        {"256", 255, false, 0},
        {"0xff", 255, true, 255},
        {"0XFf", 255, true, 255},
        {"0x100", 255, false, 0},
        {"0x5", 4, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999", UINT64_MAX, false, 0},
        {"0xffffffffffffffff", UINT64_MAX, true, UINT64_MAX},
        {"0x10000000000000000", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"0x", 9, false, 0},
        {"x1", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 999, false, 0},
        {"0x1g", 999, false, 0},
        {"1.0", 999, false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint64_t out = 77;

        ck_assert_msg(sfi__text_to_u64(rows[i].text, rows[i].max, &out) ==
                          rows[i].ok,
                      "\"%s\"", rows[i].text);
        ck_assert_msg(out == (rows[i].ok ? rows[i].want : 77), "\"%s\"",
                      rows[i].text);
    }
}
END_TEST

static void
add_cursors(Suite *s)
{
    TCase *tc = tcase_create("cursors");

    tcase_add_loop_test(tc, test_rd_uint, 0, (int)ROWS(readers));
    tcase_add_test(tc, test_rd_failure_is_sticky);
    tcase_add_test(tc, test_rd_bytes);
    tcase_add_test(tc, test_rd_nothing);
    tcase_add_test(tc, test_wr_all);
    tcase_add_loop_test(tc, test_wr_never_past_the_end, 0,
                        (int)sizeof(written));
    tcase_add_test(tc, test_wr_nothing);
    suite_add_tcase(s, tc);
}

static void
add_memory(Suite *s)
{
    TCase *tc = tcase_create("memory");

    tcase_add_test(tc, test_buf_grows);
    tcase_add_test(tc, test_buf_wipes);
    tcase_add_test(tc, test_buf_without_memory);
    tcase_add_test(tc, test_alloc_is_zeroed);
    tcase_add_test(tc, test_mem);
    tcase_add_test(tc, test_mem_equal_sees_every_bit);
    suite_add_tcase(s, tc);
}

static void
add_numbers_and_text(Suite *s)
{
    TCase *tc = tcase_create("numbers and text");

    tcase_add_test(tc, test_ckd_size);
    tcase_add_test(tc, test_ckd_narrow);
    tcase_add_test(tc, test_hex_digit);
    tcase_add_test(tc, test_hex_code);
    tcase_add_test(tc, test_hex_sum);
    tcase_add_test(tc, test_hex_refuses);
    tcase_add_test(tc, test_text_format);
    tcase_add_test(tc, test_text_copy);
    tcase_add_test(tc, test_text_visible);
    tcase_add_loop_test(tc, test_text_to_json, 0, (int)ROWS(strings));
    tcase_add_test(tc, test_text_same);
    tcase_add_test(tc, test_text_after);
    tcase_add_test(tc, test_text_distance);
    tcase_add_test(tc, test_text_to_u64);
    suite_add_tcase(s, tc);
}

int
main(void)
{
    Suite *s = suite_create("util");

    add_cursors(s);
    add_memory(s);
    add_numbers_and_text(s);
    return run_suite(s);
}
