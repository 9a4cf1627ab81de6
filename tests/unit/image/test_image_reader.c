/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/image, the reader: whatever is pushed, in pieces of any size, gives the
 * image, or a refusal with its reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>

#include "util/wr.h"

#include "fixture.h"
#include <bench/image_kit.h>

#define H7 "stm32h753xi"

#define HEADER_LEN 28u
#define DESCRIPTOR_LEN 30u

/* Three areas of 5, 40 and 36 bytes. */
static const struct kit_segment small[] = {{0x08000000, 5}, {0x08000040, 40}};
static const uint32_t sizes[] = {5, 40, 36};
#define SMALL_TEXT                                                 \
    "H v1 3; F1 v7 08000000 5; F2 v7 08000040 40; C3 v7 00000000 " \
    "36; D"

static struct kit_bytes
small_image(void)
{
    return kit_image(H7, small, ROWS(small));
}

/* Where the descriptor of an area begins. */
static size_t
descriptor_at(size_t area)
{
    size_t at = HEADER_LEN;

    for (size_t i = 1; i < area; i++)
        at += DESCRIPTOR_LEN + sizes[i - 1];
    return at;
}

/* ---- good images ---- */

static const size_t steps[] = {1, 2, 3, 7, 13, 29, 64, 4095, 4096, 100000};

START_TEST(test_pieces)
{
    static const struct kit_segment big[] = {{0x08000000, 20000},
                                             {0x08020000, 1}};
    struct kit_bytes image = kit_image(H7, big, ROWS(big));
    struct kit_trace whole = {0}, open = {0}, closed = {0};
    size_t at = HEADER_LEN + DESCRIPTOR_LEN;

    ck_assert_ok(kit_read_image(true, &image, image.len, &whole));
    ck_assert_str_eq(whole.text, "H v1 3; F1 v7 08000000 20000; F2 v7 08020000 "
                                 "1; C3 v7 00000000 36; D");
    ck_assert_uint_eq(whole.events, 1 + 3 * 3 + 1);
    ck_assert_ok(kit_read_image(true, &image, steps[_i], &open));
    ck_assert_str_eq(open.text, whole.text);
    ck_assert_uint_eq(open.events, whole.events);
    ck_assert_uint_eq(open.content.len, 20037);
    ck_assert_mem_eq(open.content.data, whole.content.data, 20037);
    for (size_t i = 0; i < 20000; i++)
        ck_assert_uint_eq(open.content.data[i], kit_byte(0x08000000 + i));
    /* without the key: the same structure, the ciphertext */
    ck_assert_ok(kit_read_image(false, &image, steps[_i], &closed));
    ck_assert_str_eq(closed.text, whole.text);
    ck_assert_uint_eq(closed.content.len, 20037);
    ck_assert_mem_eq(closed.content.data, image.data + at, 20000);
    ck_assert_mem_eq(closed.content.data + 20000,
                     image.data + at + 20000 + DESCRIPTOR_LEN, 1);
    for (int with_key = 0; with_key < 2; with_key++) {
        struct kit_trace fed = {0};
        sfi_image_reader *r = kit_new_reader(with_key != 0);

        ck_assert_ok(kit_feed(r, image.data, image.len, steps[_i], &fed));
        ck_assert_str_eq(fed.text, whole.text);
        ck_assert_uint_eq(fed.content.len, 20037);
        ck_assert_mem_eq(
            fed.content.data,
            with_key != 0 ? whole.content.data : closed.content.data, 20037);
        sfi_image_reader_free(r);
        kit_free(&fed.content);
    }
    kit_free(&whole.content);
    kit_free(&open.content);
    kit_free(&closed.content);
    kit_free(&image);
}
END_TEST

static sfi_image_event
next(sfi_image_reader *r)
{
    sfi_image_event e = {.struct_size = sizeof(e)};

    ck_assert_ok(sfi_image_reader_next(r, &e));
    ck_assert_uint_eq(e.struct_size, sizeof(e));
    return e;
}

/* With a key, nothing of an area is released before its end. */
START_TEST(test_events)
{
    struct kit_bytes image = small_image();
    sfi_image_reader *r = kit_new_reader(true);
    size_t area2 = descriptor_at(2), used;
    sfi_image_event e = next(r);

    ck_assert_uint_eq(e.kind, SFI_EVENT_NEED_INPUT);
    ck_assert_ok(sfi_image_reader_push(r, NULL, 0, &used));
    ck_assert_uint_eq(used, 0);
    ck_assert_ok(sfi_image_reader_push(r, image.data, image.len, &used));
    ck_assert_uint_eq(used, HEADER_LEN);
    /* an event waits: nothing is consumed */
    ck_assert_ok(sfi_image_reader_push(r, image.data + used, 10, &used));
    ck_assert_uint_eq(used, 0);
    e = next(r);
    ck_assert_uint_eq(e.kind, SFI_EVENT_HEADER);
    ck_assert_uint_eq(e.area_index, 0);
    ck_assert_uint_eq(e.area_count, 3);
    ck_assert_uint_eq(e.version, 1);
    ck_assert_uint_eq(e.aad_len, 12);
    ck_assert_mem_eq(e.aad, image.data, 12);
    ck_assert_uint_eq(e.tag_len, 16);
    ck_assert_mem_eq(e.tag, image.data + 12, 16);
    ck_assert_uint_eq(next(r).kind, SFI_EVENT_NEED_INPUT);

    /* all of area 1 but its last byte */
    ck_assert_ok(sfi_image_reader_push(r, image.data + HEADER_LEN,
                                       DESCRIPTOR_LEN + 4, &used));
    ck_assert_uint_eq(used, DESCRIPTOR_LEN + 4);
    ck_assert_uint_eq(next(r).kind, SFI_EVENT_NEED_INPUT);
    ck_assert_ok(sfi_image_reader_push(r, image.data + area2 - 1, 1, &used));
    e = next(r);
    ck_assert_uint_eq(e.kind, SFI_EVENT_AREA_BEGIN);
    ck_assert_uint_eq(e.area_index, 1);
    ck_assert_uint_eq(e.area_kind, SFI_AREA_FIRMWARE);
    ck_assert_uint_eq(e.area_size, 5);
    ck_assert_uint_eq(e.version, KIT_VERSION);
    ck_assert_uint_eq(e.address, 0x08000000);
    ck_assert_uint_eq(e.aad_len, 14);
    ck_assert_mem_eq(e.aad, image.data + HEADER_LEN, 14);
    ck_assert_uint_eq(e.tag_len, 16);
    ck_assert_mem_eq(e.tag, image.data + HEADER_LEN + 14, 16);
    ck_assert_ptr_null(e.data);
    e = next(r);
    ck_assert_uint_eq(e.kind, SFI_EVENT_DATA);
    ck_assert_uint_eq(e.address, 0x08000000);
    ck_assert_uint_eq(e.len, 5);
    ck_assert_uint_eq(e.data[4], kit_byte(0x08000004));
    ck_assert_ptr_null(e.aad);
    e = next(r);
    ck_assert_uint_eq(e.kind, SFI_EVENT_AREA_END);
    ck_assert_uint_eq(e.area_index, 1);
    ck_assert_ptr_null(e.data);
    ck_assert_uint_eq(next(r).kind, SFI_EVENT_NEED_INPUT);
    sfi_image_reader_free(r);
    kit_free(&image);
}
END_TEST

/* What was fed waits; until it is read nothing else is taken, and the end has
 * not come. */
START_TEST(test_feed)
{
    struct kit_bytes image = small_image();
    sfi_image_reader *r = kit_new_reader(true);
    size_t half = image.len / 2, used, events = 0;
    sfi_image_event e;

    ck_assert_ok(sfi_image_reader_feed(r, NULL, 0));
    ck_assert_uint_eq(next(r).kind, SFI_EVENT_NEED_INPUT);
    ck_assert_ok(sfi_image_reader_feed(r, image.data, half));
    ck_assert_ok(sfi_image_reader_feed(r, image.data + half, image.len - half));
    ck_assert_ok(sfi_image_reader_push(r, image.data, image.len, &used));
    ck_assert_uint_eq(used, 0);
    ck_assert_fails_about(sfi_image_reader_finish(r), SFI_ERR_STATE, "",
                          "not read yet", "NEED_INPUT");
    while (next(r).kind != SFI_EVENT_NEED_INPUT)
        events++;
    ck_assert_uint_eq(events, 1 + 3 * 3 + 1);
    ck_assert_ok(sfi_image_reader_finish(r));
    ck_assert_ok(sfi_image_reader_feed(r, image.data, 1));
    e.struct_size = sizeof(e);
    ck_assert_fails_about(sfi_image_reader_next(r, &e), SFI_ERR_FORMAT,
                          "area 3", "1 bytes follow");
    ck_assert_fails_about(sfi_image_reader_feed(r, image.data, 1),
                          SFI_ERR_FORMAT, "", "already refused");
    sfi_image_reader_free(r);
    kit_free(&image);
}
END_TEST

/* The first half of an image, then its last area altered. */
START_TEST(test_feed_refused)
{
    struct kit_bytes image = small_image();
    sfi_image_reader *r = kit_new_reader(true);
    struct kit_trace t = {0};

    image.data[image.len - 1] ^= 1;
    ck_assert_fails_about(kit_feed(r, image.data, image.len, image.len, &t),
                          SFI_ERR_AUTH, "area 3", "");
    ck_assert_uint_eq(t.content.len, 45);
    ck_assert_fails_about(sfi_image_reader_finish(r), SFI_ERR_AUTH, "",
                          "already refused");
    sfi_image_reader_free(r);
    r = kit_new_reader(true);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_image_reader_feed(r, image.data, image.len),
                     SFI_ERR_NOMEM);
    memory.fail_at = 0;
    ck_assert_ok(sfi_image_reader_feed(r, image.data, HEADER_LEN));
    ck_assert_uint_eq(next(r).kind, SFI_EVENT_HEADER);
    sfi_image_reader_free(r);
    kit_free(&t.content);
    kit_free(&image);
}
END_TEST

START_TEST(test_addresses_of_pieces)
{
    static const struct kit_segment big = {0x08000000, 10000};
    struct kit_bytes image = kit_image(H7, &big, 1);
    sfi_image_reader *r = kit_new_reader(false);
    uint64_t expected = 0x08000000;
    const uint8_t *at = image.data;
    size_t left = image.len, used, pieces = 0;

    while (expected < 0x08000000 + 10000) {
        sfi_image_event e;

        ck_assert_ok(sfi_image_reader_push(r, at, left, &used));
        at += used;
        left -= used;
        while ((e = next(r)).kind != SFI_EVENT_NEED_INPUT) {
            if (e.kind != SFI_EVENT_DATA || e.area_index != 1)
                continue;
            ck_assert_uint_eq(e.address, expected);
            ck_assert_uint_le(e.len, 4096);
            expected += e.len;
            pieces++;
        }
    }
    ck_assert_uint_eq(expected, 0x08000000 + 10000);
    ck_assert_uint_eq(pieces, 3);
    sfi_image_reader_free(r);
    kit_free(&image);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    struct kit_bytes image = small_image();
    sfi_image_reader *r;
    sfi_key *key = kit_new_key();
    size_t used;

    ck_assert_fails_about(sfi_image_reader_new(ctx, key, NULL, &r),
                          SFI_ERR_ARGUMENT, "",
                          "(key == NULL) == (nonce == NULL)");
    ck_assert_ptr_null(r);
    ck_assert_fails_about(sfi_image_reader_new(ctx, NULL, kit_nonce, &r),
                          SFI_ERR_ARGUMENT, "",
                          "(key == NULL) == (nonce == NULL)");
    ck_assert_fails_about(
        sfi_image_reader_new(ctx, (sfi_key *)ctx, kit_nonce, &r),
        SFI_ERR_ARGUMENT, "", "key is something else", "a key");
    ck_assert_fails_about(sfi_image_reader_new(ctx, key, kit_nonce, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_int_eq(sfi_image_reader_finish(NULL), SFI_ERR_ARGUMENT);
    r = kit_new_reader(true);
    ck_assert_fails_about(sfi_image_reader_push(r, NULL, 1, &used),
                          SFI_ERR_ARGUMENT, "", "data != NULL || len == 0");
    ck_assert_fails_about(sfi_image_reader_push(r, image.data, 1, NULL),
                          SFI_ERR_ARGUMENT, "", "consumed != NULL");
    ck_assert_fails_about(sfi_image_reader_feed(r, NULL, 1), SFI_ERR_ARGUMENT,
                          "", "data != NULL || len == 0");
    ck_assert_fails_about(sfi_image_reader_next(r, NULL), SFI_ERR_ARGUMENT, "",
                          "event != NULL");
    /* a call with an unknown struct_size does not lose the event */
    ck_assert_ok(sfi_image_reader_push(r, image.data, image.len, &used));
    e.struct_size = 4;
    ck_assert_fails_about(sfi_image_reader_next(r, &e), SFI_ERR_ABI, "",
                          "struct_size is 4");
    ck_assert_uint_eq(next(r).kind, SFI_EVENT_HEADER);
    sfi_image_reader_free(r);
    sfi_image_reader_free(NULL);
    sfi_key_free(key);
    kit_free(&image);
}
END_TEST

START_TEST(test_wrong_key)
{
    struct kit_bytes image = small_image();
    uint8_t key_bytes[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    struct kit_trace t = {0};
    sfi_image_reader *r;
    sfi_key *key;

    memcpy(key_bytes, kit_key, sizeof(kit_key));
    memcpy(nonce, kit_nonce, sizeof(kit_nonce));
    if (_i == 0)
        key_bytes[15] ^= 1;
    else
        nonce[0] ^= 0x80;
    ck_assert_ok(sfi_key_new(ctx, key_bytes, sizeof(key_bytes), &key));
    ck_assert_ok(sfi_image_reader_new(ctx, key, nonce, &r));
    ck_assert_fails_about(kit_read(r, image.data, image.len, 50, &t),
                          SFI_ERR_AUTH, "header", "tag");
    ck_assert_uint_eq(t.events, 0);
    sfi_image_reader_free(r);
    sfi_key_free(key);
    kit_free(&image);
}
END_TEST

/* ---- damaged images ---- */

/* The status of a flipped bit at `offset`, by the field it is in. */
static bool
status_fits(size_t offset, sfi_status st)
{
    size_t at = offset, area;

    if (offset < HEADER_LEN) /* magic, version; else the tag fails */
        return st == (offset < 10 ? SFI_ERR_FORMAT : SFI_ERR_AUTH);
    for (area = 3; descriptor_at(area) > offset; area--)
        ;
    at -= descriptor_at(area);
    switch (at) {
    case 0: /* type */
    case 2: /* index */
    case 3:
    case 12: /* areas in all */
    case 13:
        return st == SFI_ERR_FORMAT;
    case 1: /* image version: compared with the area before */
        return st == (area == 1 ? SFI_ERR_AUTH : SFI_ERR_FORMAT);
    case 4: /* size: too small, too large for the file, or for any */
    case 5:
    case 6:
    case 7:
        return st == SFI_ERR_AUTH || st == SFI_ERR_TRUNCATED ||
               st == SFI_ERR_LIMIT;
    default: /* address, tag, content */
        return st == SFI_ERR_AUTH;
    }
}

/* Areas released before byte `offset` of the image was reached. */
static size_t
content_before(size_t offset)
{
    size_t content = 0;

    for (size_t area = 1; area <= 3; area++) {
        if (offset >= descriptor_at(area) + DESCRIPTOR_LEN + sizes[area - 1])
            content += sizes[area - 1];
    }
    return content;
}

START_TEST(test_every_bit)
{
    struct kit_bytes image = small_image();

    for (size_t bit = 0; bit < image.len * 8; bit++) {
        struct kit_trace t = {0};
        const sfi_error *err;
        sfi_status st;

        image.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        st = kit_read_image(true, &image, 4096, &t);
        image.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        err = sfi_ctx_error(ctx);
        ck_assert_msg(status_fits(bit / 8, st),
                      "bit %zu of byte %zu: %s \"%s\"", bit % 8, bit / 8,
                      sfi_status_name(st), sfi_error_message(err));
        ck_assert_int_eq(sfi_error_status(err), st);
        ck_assert_str_ne(sfi_error_message(err), "");
        ck_assert_str_ne(sfi_error_where(err), "");
        /* and nothing of the damaged area or behind it was released */
        ck_assert_uint_eq(t.content.len, content_before(bit / 8));
        kit_free(&t.content);
    }
    kit_free(&image);
}
END_TEST

/* The refusal of an image that ends after `len` bytes. */
static void
expect_end(size_t len, char *where, char *message, size_t cap)
{
    size_t area = 1;

    if (len < HEADER_LEN) {
        (void)snprintf(where, cap, "header");
        (void)snprintf(message, cap, "the image ends after %zu of 28 bytes",
                       len);
        return;
    }
    while (area < 3 && descriptor_at(area + 1) <= len)
        area++;
    len -= descriptor_at(area);
    (void)snprintf(where, cap, "area %zu", area);
    if (len < DESCRIPTOR_LEN)
        (void)snprintf(message, cap,
                       "the image ends after %zu of 30 bytes of the descriptor",
                       len);
    else
        (void)snprintf(message, cap,
                       "the image ends after %zu of %u bytes of content",
                       len - DESCRIPTOR_LEN, sizes[area - 1]);
}

START_TEST(test_every_length)
{
    struct kit_bytes image = small_image();
    bool with_key = _i == 1;

    for (size_t len = 0; len < image.len; len++) {
        struct kit_bytes cut = {image.data, len, 0};
        struct kit_trace t = {0};
        char where[64], message[128];

        expect_end(len, where, message, sizeof(where));
        ck_assert_fails(kit_read_image(with_key, &cut, 4096, &t),
                        SFI_ERR_TRUNCATED, where, message);
        if (with_key)
            ck_assert_uint_eq(t.content.len, content_before(len));
        kit_free(&t.content);
    }
    kit_free(&image);
}
END_TEST

/* One field of an image, replaced; `at` counts from the header or descriptor
 * of the area. */
static const struct {
    size_t area, at; /* area 0: the header */
    uint8_t bytes[4];
    size_t len;
    const char *where, *message;
} fields[] = {
    {0, 0, "XFI", 3, "header", "the magic is \"XFIMAGIC\", expected SFIMAGIC"},
    {0,
     4,
     {0x00, 0xff},
     2,
     "header",
     "the magic is \"SFIM..IC\", expected SFIMAGIC"},
    {0, 0, "SM", 2, "header", "the magic is \"SMIMAGIC\", expected SFIMAGIC"},
    {0, 8, {2, 0}, 2, "header", "protocol version 2, expected 1"},
    {0, 8, {0, 1}, 2, "header", "protocol version 256, expected 1"},
    {0, 10, {0, 0}, 2, "header", "no areas, expected at least one"},
    {0, 10, {4, 0}, 2, "area 1", "3 areas in all, the header says 4"},
    {1, 0, "P", 1, "area 1", "type 0x50 (P), expected F, M or C"},
    {2, 0, {0}, 1, "area 2", "type 0x00 (.), expected F, M or C"},
    {2, 1, {8}, 1, "area 2", "image version 8, the previous area says 7"},
    {1, 2, {0, 0}, 2, "area 1", "index 0, expected 1 of 3"},
    {1, 2, {2, 0}, 2, "area 1", "area 2 comes too early, expected area 1"},
    {2, 2, {1, 0}, 2, "area 2", "area 1 is repeated, expected area 2"},
    {2, 2, {3, 0}, 2, "area 2", "area 3 comes too early, expected area 2"},
    {3, 2, {4, 0}, 2, "area 3", "index 4, expected 3 of 3"},
    {3, 2, {0, 0xff}, 2, "area 3", "index 65280, expected 3 of 3"},
    {3, 12, {2, 0}, 2, "area 3", "2 areas in all, the header says 3"},
};

START_TEST(test_fields)
{
    struct kit_bytes image = small_image();
    size_t at = fields[_i].at;
    sfi_image_reader *r = kit_new_reader(false);
    struct kit_trace t = {0};
    size_t used;

    if (fields[_i].area > 0)
        at += descriptor_at(fields[_i].area);
    memcpy(image.data + at, fields[_i].bytes, fields[_i].len);
    ck_assert_fails(kit_read(r, image.data, image.len, 11, &t), SFI_ERR_FORMAT,
                    fields[_i].where, fields[_i].message);
    /* it stays refused */
    ck_assert_fails(sfi_image_reader_push(r, image.data, 1, &used),
                    SFI_ERR_FORMAT, "", "this image was already refused");
    ck_assert_uint_eq(used, 0);
    ck_assert_fails_about(sfi_image_reader_finish(r), SFI_ERR_FORMAT, "",
                          "already refused");
    ck_assert_fails_about(
        sfi_image_reader_next(
            r, &(sfi_image_event){.struct_size = sizeof(sfi_image_event)}),
        SFI_ERR_FORMAT, "", "already refused");
    sfi_image_reader_free(r);
    kit_free(&t.content);
    kit_free(&image);
}
END_TEST

/* The same areas in another order, repeated, or followed by a byte. */
static const struct {
    const char *order; /* of areas; "x" is one byte */
    sfi_status status;
    const char *where, *message;
} orders[] = {
    {"123", SFI_OK, "", ""},
    {"213", SFI_ERR_FORMAT, "area 1",
     "area 2 comes too early, expected area 1"},
    {"132", SFI_ERR_FORMAT, "area 2",
     "area 3 comes too early, expected area 2"},
    {"113", SFI_ERR_FORMAT, "area 2", "area 1 is repeated, expected area 2"},
    {"122", SFI_ERR_FORMAT, "area 3", "area 2 is repeated, expected area 3"},
    {"12", SFI_ERR_TRUNCATED, "area 3",
     "the image ends after 0 of 30 bytes of the descriptor"},
    {"123x", SFI_ERR_FORMAT, "area 3",
     "1 bytes follow the last area, expected the end"},
    {"1233", SFI_ERR_FORMAT, "area 3",
     "66 bytes follow the last area, expected the end"},
};

START_TEST(test_orders)
{
    struct kit_bytes image = small_image();

    for (int with_key = 0; with_key < 2; with_key++) {
        struct kit_bytes other = {0};
        struct kit_trace t = {0};
        sfi_status st;

        kit_append(&other, image.data, HEADER_LEN);
        for (const char *o = orders[_i].order; *o != '\0'; o++) {
            size_t area = (size_t)(*o - '0');

            if (*o == 'x')
                kit_append(&other, "x", 1);
            else
                kit_append(&other, image.data + descriptor_at(area),
                           DESCRIPTOR_LEN + sizes[area - 1]);
        }
        st = kit_read_image(with_key == 1, &other, 4096, &t);
        if (orders[_i].status == SFI_OK)
            ck_assert_ok(st);
        else
            ck_assert_fails(st, orders[_i].status, orders[_i].where,
                            orders[_i].message);
        kit_free(&t.content);
        kit_free(&other);
    }
    kit_free(&image);
}
END_TEST

/* ---- sizes ---- */

/* An allocator that remembers the largest request. */
static size_t largest;

static void *
watched_alloc(void *user, size_t size)
{
    (void)user;
    if (size > largest)
        largest = size;
    return malloc(size);
}

static void
watched_free(void *user, void *ptr)
{
    (void)user;
    free(ptr);
}

/* A valid header, then an area whose descriptor says `size`. */
static struct kit_bytes
announce(uint32_t size)
{
    struct kit_bytes image = small_image();
    struct wr w;

    sfi__wr_init(&w, image.data + HEADER_LEN + 4, 4);
    sfi__wr_u32le(&w, size);
    return image;
}

START_TEST(test_announced_size)
{
    struct kit_bytes image = announce(_i == 0 ? 0xffffffff : 16u << 20);
    sfi_allocator watched = {.struct_size = sizeof(watched),
                             .alloc = watched_alloc,
                             .free = watched_free};
    sfi_ctx_options options = {.struct_size = sizeof(options),
                               .allocator = &watched};
    sfi_ctx *counted = ctx;
    struct kit_trace t = {0};

    ck_assert_int_eq(sfi_ctx_new(&options, &ctx), SFI_OK);
    largest = 0;
    if (_i == 0)
        ck_assert_fails(kit_read_image(false, &image, 50, &t),
                        SFI_ERR_TRUNCATED, "area 1",
                        "the image ends after 141 of 4294967295 bytes of "
                        "content");
    else
        ck_assert_fails_about(kit_read_image(true, &image, 50, &t),
                              SFI_ERR_TRUNCATED, "area 1", "image",
                              "141 of 16777216 bytes");
    ck_assert_uint_le(largest,
                      4096); /* the received size, not the claimed one */
    sfi_ctx_free(ctx);
    ctx = counted;
    kit_free(&t.content);
    kit_free(&image);
}
END_TEST

START_TEST(test_limit)
{
    struct kit_bytes image = announce((16u << 20) + 1);
    struct kit_trace t = {0};

    ck_assert_fails(kit_read_image(true, &image, 50, &t), SFI_ERR_LIMIT,
                    "area 1",
                    "16777217 bytes, the reader accepts at most 16777216");
    kit_free(&t.content);
    kit_free(&image);
}
END_TEST

/* An area without content is structurally valid. */
START_TEST(test_empty_area)
{
    struct kit_bytes image = small_image();
    struct kit_bytes empty = {0};
    struct kit_trace t = {0};

    kit_append(&empty, image.data, HEADER_LEN);
    empty.data[10] = 1; /* one area */
    kit_append(&empty, image.data + HEADER_LEN, DESCRIPTOR_LEN);
    empty.data[HEADER_LEN + 4] = 0;
    empty.data[HEADER_LEN + 12] = 1;
    ck_assert_ok(kit_read_image(false, &empty, 1, &t));
    ck_assert_str_eq(t.text, "H v1 1; F1 v7 08000000 0; D");
    ck_assert_uint_eq(t.events, 4);
    kit_free(&empty);
    kit_free(&image);
}
END_TEST

START_TEST(test_no_memory)
{
    struct kit_bytes image = small_image();
    sfi_key *key = kit_new_key();
    size_t live = memory.live, n = 0;
    sfi_status st;

    do {
        sfi_image_reader *r;
        struct kit_trace t = {0};

        memory.fail_at = ++n;
        st = sfi_image_reader_new(ctx, key, kit_nonce, &r);
        if (st == SFI_OK)
            st = kit_read(r, image.data, image.len, 3, &t);
        if (memory.fail_at == 0)
            ck_assert_fails_about(st, SFI_ERR_NOMEM, "", "memory");
        else
            ck_assert_str_eq(t.text, SMALL_TEXT);
        sfi_image_reader_free(r);
        ck_assert_uint_eq(memory.live, live);
        kit_free(&t.content);
    } while (memory.fail_at == 0);
    memory.fail_at = 0;
    ck_assert_int_eq(st, SFI_OK);
    ck_assert_uint_ge(n, 4);
    sfi_key_free(key);
    kit_free(&image);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("image_reader");
    TCase *tc = tcase_create("reader");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_pieces, 0, (int)ROWS(steps));
    tcase_add_test(tc, test_events);
    tcase_add_test(tc, test_feed);
    tcase_add_test(tc, test_feed_refused);
    tcase_add_test(tc, test_addresses_of_pieces);
    tcase_add_test(tc, test_arguments);
    tcase_add_loop_test(tc, test_wrong_key, 0, 2);
    tcase_add_test(tc, test_every_bit);
    tcase_add_loop_test(tc, test_every_length, 0, 2);
    tcase_add_loop_test(tc, test_fields, 0, (int)ROWS(fields));
    tcase_add_loop_test(tc, test_orders, 0, (int)ROWS(orders));
    tcase_add_loop_test(tc, test_announced_size, 0, 2);
    tcase_add_test(tc, test_limit);
    tcase_add_test(tc, test_empty_area);
    tcase_add_test(tc, test_no_memory);
    tcase_set_timeout(tc, 60);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
