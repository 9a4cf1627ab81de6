/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Images: read without and with a key, in pieces of two sizes, and checked for
 * each part. */
#include <stdbool.h>

#include <sfi/image.h>

#include "fuzz.h"

/* The key of the corpus. */
static const uint8_t key_bytes[SFI_KEY_LEN] = {
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
    0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
static const uint8_t nonce[SFI_NONCE_LEN] = {0, 1, 2, 3, 4,  5,
                                             6, 7, 8, 9, 10, 0xff};

/* What came out, event by event. */
struct story {
    uint32_t last; /* kind of the last event */
    uint32_t area, areas;
    uint64_t content; /* of this area */
    volatile uint8_t sum;
};

static void
check_event(struct story *s, const sfi_image_event *e)
{
    switch (e->kind) {
    case SFI_EVENT_HEADER:
        FUZZ_HOLDS(s->last == SFI_EVENT_NEED_INPUT && e->area_count > 0);
        FUZZ_HOLDS(e->aad != NULL && e->aad_len == 12 && e->tag != NULL);
        s->areas = e->area_count;
        break;
    case SFI_EVENT_AREA_BEGIN:
        FUZZ_HOLDS(s->last == SFI_EVENT_HEADER ||
                   s->last == SFI_EVENT_AREA_END);
        FUZZ_HOLDS(e->area_index == s->area + 1 && s->area < s->areas);
        FUZZ_HOLDS(e->aad != NULL && e->aad_len == 14 && e->tag != NULL);
        s->area = e->area_index;
        s->content = 0;
        break;
    case SFI_EVENT_DATA:
        FUZZ_HOLDS(s->last == SFI_EVENT_AREA_BEGIN ||
                   s->last == SFI_EVENT_DATA);
        FUZZ_HOLDS(e->area_index == s->area && e->len > 0);
        for (size_t i = 0; i < e->len; i++) /* all of it can be read */
            s->sum = (uint8_t)(s->sum + e->data[i]);
        s->content += e->len;
        break;
    case SFI_EVENT_AREA_END:
        FUZZ_HOLDS(e->area_index == s->area && s->content == e->area_size);
        break;
    case SFI_EVENT_DONE:
        FUZZ_HOLDS(s->last == SFI_EVENT_AREA_END && s->area == s->areas);
        break;
    default:
        FUZZ_HOLDS(0);
    }
    s->last = e->kind;
}

static sfi_status
read_pieces(sfi_image_reader *r, const uint8_t *data, size_t len, size_t step,
            struct story *s)
{
    while (len > 0) {
        sfi_image_event e = {.struct_size = sizeof(e)};
        size_t used, n = len < step ? len : step;
        sfi_status st = sfi_image_reader_push(r, data, n, &used);

        while (st == SFI_OK && (st = sfi_image_reader_next(r, &e)) == SFI_OK &&
               e.kind != SFI_EVENT_NEED_INPUT)
            check_event(s, &e);
        if (st != SFI_OK)
            return st;
        FUZZ_HOLDS(used > 0 && used <= n);
        data += used;
        len -= used;
    }
    return sfi_image_reader_finish(r);
}

static sfi_status
read_image(int with_key, const uint8_t *data, size_t len, size_t step)
{
    sfi_ctx *ctx = fuzz_ctx();
    struct story s = {0};
    sfi_image_reader *r;
    sfi_key *key = NULL;
    sfi_status st;

    if (with_key)
        FUZZ_HOLDS(sfi_key_new(ctx, key_bytes, SFI_KEY_LEN, &key) == SFI_OK);
    FUZZ_HOLDS(sfi_image_reader_new(ctx, key, with_key ? nonce : NULL, &r) ==
               SFI_OK);
    st = read_pieces(r, data, len, step, &s);
    fuzz_check(ctx, st, st == SFI_OK ? r : NULL);
    FUZZ_HOLDS(st != SFI_OK || s.last == SFI_EVENT_DONE);
    sfi_image_reader_free(r);
    sfi_key_free(key);
    fuzz_ctx_free(ctx);
    return st;
}

static void
count_errors(void *user, const sfi_finding *finding)
{
    bool is_error = finding->severity == SFI_FINDING_ERROR;

    FUZZ_HOLDS((finding->status < SFI_OK) == is_error);
    FUZZ_HOLDS(finding->message[0] != '\0' && finding->remedy[0] != '\0');
    *(unsigned *)user += is_error;
}

/* An image with a valid structure is refused with errors among the findings, an
 * invalid one without. */
static void
judge(const sfi_chip *chip, const uint8_t *data, size_t len, sfi_status read)
{
    sfi_ctx *ctx = fuzz_ctx();
    unsigned errors = 0;
    sfi_status st =
        sfi_image_check(ctx, chip, data, len, count_errors, &errors);

    fuzz_check(ctx, st, st == SFI_OK ? ctx : NULL);
    if (st != SFI_ERR_NOMEM)
        FUZZ_HOLDS(read == SFI_OK ? (st != SFI_OK) == (errors > 0)
                                  : st == read && errors == 0);
    fuzz_ctx_free(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_status whole = read_image(0, data, len, len);

    FUZZ_HOLDS(read_image(0, data, len, 7) == whole);
    FUZZ_HOLDS(read_image(1, data, len, 5) == read_image(1, data, len, len));
    for (size_t i = 0; sfi_chip_at(i) != NULL; i++)
        judge(sfi_chip_at(i), data, len, whole);
    return 0;
}
