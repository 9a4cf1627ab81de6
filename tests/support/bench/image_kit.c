/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Images and their readers for tests: build one, read it in pieces, note
 * events. */
#include <bench/image_kit.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

const uint8_t kit_key[SFI_KEY_LEN] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
                                      0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b,
                                      0x1c, 0x1d, 0x1e, 0x1f};
/* The sum with an index carries into the byte before. */
const uint8_t kit_nonce[SFI_NONCE_LEN] = {0, 1, 2, 3, 4,  5,
                                          6, 7, 8, 9, 10, 0xff};

uint8_t
kit_byte(uint64_t address)
{
    return (uint8_t)(address * 7 + (address >> 8) * 3 + 1);
}

void
kit_append(struct kit_bytes *b, const void *data, size_t len)
{
    if (len > b->cap - b->len) {
        b->cap = 2 * b->cap + len;
        b->data = realloc(b->data, b->cap);
        ck_assert_ptr_nonnull(b->data);
    }
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

void
kit_free(struct kit_bytes *b)
{
    free(b->data);
    *b = (struct kit_bytes){0};
}

sfi_status
kit_write(void *user, const uint8_t *data, size_t len)
{
    kit_append(user, data, len);
    return SFI_OK;
}

sfi_key *
kit_new_key(void)
{
    sfi_key *key;

    ck_assert_ok(sfi_key_new(ctx, kit_key, sizeof(kit_key), &key));
    return key;
}

sfi_option_bytes *
kit_new_ob(const char *chip)
{
    sfi_option_bytes *ob;
    char name[64];

    (void)snprintf(name, sizeof(name), "data/ob-%s.csv", chip);
    ck_assert_ok(
        sfi_option_bytes_load(ctx, sfi_chip_find(chip), test_path(name), &ob));
    return ob;
}

void
kit_add(sfi_image_builder *b, struct kit_segment s)
{
    uint8_t *data = malloc(s.len);
    sfi_firmware *fw;

    ck_assert_ptr_nonnull(data);
    for (size_t i = 0; i < s.len; i++)
        data[i] = kit_byte(s.address + i);
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", s.address, data, s.len, &fw));
    free(data);
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    sfi_firmware_free(fw);
}

sfi_image_builder *
kit_new_builder(const char *chip, const struct kit_segment *segments,
                size_t count)
{
    sfi_option_bytes *ob = kit_new_ob(chip);
    sfi_key *key = kit_new_key();
    sfi_image_builder *b;

    ck_assert_ok(sfi_image_builder_new(ctx, sfi_chip_find(chip), &b));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    ck_assert_ok(sfi_image_builder_set_nonce(b, kit_nonce, sizeof(kit_nonce)));
    ck_assert_ok(sfi_image_builder_set_version(b, KIT_VERSION));
    ck_assert_ok(sfi_image_builder_set_option_bytes(b, ob));
    for (size_t i = 0; i < count; i++)
        kit_add(b, segments[i]);
    sfi_key_free(key);
    sfi_option_bytes_free(ob);
    return b;
}

struct kit_bytes
kit_image(const char *chip, const struct kit_segment *segments, size_t count)
{
    sfi_image_builder *b = kit_new_builder(chip, segments, count);
    struct kit_bytes image = {0};

    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    sfi_image_builder_free(b);
    return image;
}

static void
trace(struct kit_trace *t, const sfi_image_event *e)
{
    size_t len = strlen(t->text);
    char *at = t->text + len;
    size_t room = sizeof(t->text) - len;

    t->events++;
    switch (e->kind) {
    case SFI_EVENT_HEADER:
        (void)snprintf(at, room, "H v%" PRIu32 " %" PRIu32, e->version,
                       e->area_count);
        break;
    case SFI_EVENT_AREA_BEGIN:
        t->area = e->area_index;
        (void)snprintf(at, room,
                       "; %c%" PRIu32 " v%" PRIu32 " %08" PRIx64 " %" PRIu32,
                       (char)e->area_kind, e->area_index, e->version,
                       e->address, e->area_size);
        break;
    case SFI_EVENT_DATA:
        ck_assert_uint_eq(e->area_index, t->area);
        kit_append(&t->content, e->data, e->len);
        break;
    case SFI_EVENT_AREA_END:
        ck_assert_uint_eq(e->area_index, t->area);
        break;
    case SFI_EVENT_DONE:
        (void)snprintf(at, room, "; D");
        break;
    default:
        ck_abort_msg("event of kind %" PRIu32, e->kind);
    }
}

static sfi_status
drain(sfi_image_reader *r, struct kit_trace *t)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    while ((st = sfi_image_reader_next(r, &e)) == SFI_OK &&
           e.kind != SFI_EVENT_NEED_INPUT)
        trace(t, &e);
    return st;
}

sfi_status
kit_read(sfi_image_reader *r, const uint8_t *data, size_t len, size_t step,
         struct kit_trace *t)
{
    while (len > 0) {
        size_t n = len < step ? len : step;
        size_t used;
        sfi_status st = sfi_image_reader_push(r, data, n, &used);

        if (st == SFI_OK)
            st = drain(r, t);
        if (st != SFI_OK)
            return st;
        ck_assert_uint_gt(used, 0);
        data += used;
        len -= used;
    }
    return sfi_image_reader_finish(r);
}

sfi_status
kit_feed(sfi_image_reader *r, const uint8_t *data, size_t len, size_t step,
         struct kit_trace *t)
{
    sfi_status st = SFI_OK;

    for (size_t at = 0; st == SFI_OK && at < len; at += step) {
        st = sfi_image_reader_feed(r, data + at,
                                   len - at < step ? len - at : step);
        if (st == SFI_OK)
            st = drain(r, t);
    }
    return st == SFI_OK ? sfi_image_reader_finish(r) : st;
}

sfi_image_reader *
kit_new_reader(bool with_key)
{
    sfi_image_reader *r;
    sfi_key *key = with_key ? kit_new_key() : NULL;

    ck_assert_ok(
        sfi_image_reader_new(ctx, key, with_key ? kit_nonce : NULL, &r));
    sfi_key_free(key);
    return r;
}

sfi_status
kit_read_image(bool with_key, const struct kit_bytes *image, size_t step,
               struct kit_trace *t)
{
    sfi_image_reader *r = kit_new_reader(with_key);
    sfi_status st = kit_read(r, image->data, image->len, step, t);

    sfi_image_reader_free(r);
    return st;
}
