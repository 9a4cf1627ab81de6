/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files made by ST's own tool, whose key is not public: that libsfi
 * authenticates the bytes that the tool does shows without it.
 *
 * AES-GCM's tag is GHASH_H(AAD, ciphertext) XOR E_K(J0).  Several of ST's
 * public files share one key and nonce, so H and the masks E_K(J0) of the
 * header and of each area are known: where GHASH over what the reader calls
 * AAD and ciphertext gives the mask, these are the very bytes that ST's tool
 * put under the tag, under the right IV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/image.h>

#include "util/hex.h"

#include "fixture.h"
#include <bench/image_kit.h>

#define BLOCK 16u

static const char subkey[] = "27515fc593f41af36d2f66733e8fe4f0";
static const char *const masks[] = {
    "89b505a59d71550ab0db3a105bf7a61c", /* header: the bare nonce */
    "72fcfb23e09d1de3c99d214d11df608b", /* nonce + 1 */
    "ebfdbbf007bb7c7c908accfa4f791e5f", /* nonce + 2 */
    "3d671a8983e1d9c58c01c80a410b4313", /* nonce + 3 */
};

/* A sample, or NULL if the samples are not available. */
static char *
sample(const char *name, size_t *len)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "../../shared/samples/%s", name);
    if (access(test_path(path), R_OK) != 0) {
        printf("SKIP: no sample %s\n", name);
        return NULL;
    }
    return test_read(test_path(path), len);
}

/* ---- GHASH (NIST SP 800-38D, 6.4) ---- */

/* y := y * h in GF(2^128), the bits in GCM's order. */
static void
multiply(uint8_t y[BLOCK], const uint8_t h[BLOCK])
{
    uint8_t product[BLOCK] = {0}, v[BLOCK];

    memcpy(v, h, BLOCK);
    for (unsigned bit = 0; bit < 128; bit++) {
        uint8_t carry = v[BLOCK - 1] & 1;

        for (unsigned i = 0; (y[bit / 8] >> (7 - bit % 8) & 1) && i < BLOCK;
             i++)
            product[i] ^= v[i];
        for (unsigned i = BLOCK - 1; i > 0; i--)
            v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
        v[0] = (uint8_t)(v[0] >> 1 ^ (carry ? 0xe1 : 0));
    }
    memcpy(y, product, BLOCK);
}

static void
ghash_part(uint8_t y[BLOCK], const uint8_t h[BLOCK], const uint8_t *data,
           size_t len)
{
    for (size_t at = 0; at < len; at += BLOCK) {
        for (size_t i = 0; i < BLOCK && at + i < len; i++)
            y[i] ^= data[at + i];
        multiply(y, h);
    }
}

/* tag XOR GHASH: the mask under which the tag was made. */
static void
mask_of(const uint8_t tag[BLOCK], const uint8_t *aad, size_t aad_len,
        const uint8_t *data, size_t len, char out[2 * BLOCK + 1])
{
    uint8_t h[BLOCK], y[BLOCK] = {0}, lengths[BLOCK] = {0};

    ck_assert(sfi__hex_decode(h, BLOCK, subkey));
    ghash_part(y, h, aad, aad_len);
    ghash_part(y, h, data, len);
    for (unsigned i = 0; i < 8; i++) {
        lengths[7 - i] = (uint8_t)((uint64_t)aad_len * 8 >> 8 * i);
        lengths[15 - i] = (uint8_t)((uint64_t)len * 8 >> 8 * i);
    }
    ghash_part(y, h, lengths, BLOCK);
    for (unsigned i = 0; i < BLOCK; i++)
        y[i] ^= tag[i];
    sfi__hex_encode(out, y, BLOCK);
}

/* Test case 2 of the GCM specification (McGrew and Viega): key and plaintext
 * zero, so the subkey and GHASH are known. */
START_TEST(test_ghash)
{
    uint8_t h[BLOCK], y[BLOCK] = {0}, text[BLOCK], lengths[BLOCK] = {0};
    char out[2 * BLOCK + 1];

    ck_assert(sfi__hex_decode(h, BLOCK, "66e94bd4ef8a2c3b884cfa59ca342b2e"));
    ck_assert(sfi__hex_decode(text, BLOCK, "0388dace60b6a392f328c2b971b2fe78"));
    lengths[15] = 0x80;
    ghash_part(y, h, text, BLOCK);
    ghash_part(y, h, lengths, BLOCK);
    sfi__hex_encode(out, y, BLOCK);
    ck_assert_str_eq(out, "f38cbb1ad69223dcc3457ae5b6b0f885");
}
END_TEST

/* ---- data.sfi ---- */

/* One message as the reader reports it. */
struct message {
    uint8_t aad[BLOCK], tag[BLOCK];
    size_t aad_len;
    struct kit_bytes content;
};

struct messages {
    struct message message[4];
    size_t at;
};

static void
take(struct messages *m, const sfi_image_event *e)
{
    m->at = e->area_index;
    ck_assert_uint_lt(m->at, ROWS(m->message));
    if (e->kind == SFI_EVENT_HEADER || e->kind == SFI_EVENT_AREA_BEGIN) {
        ck_assert_uint_le(e->aad_len, BLOCK);
        m->message[m->at].aad_len = e->aad_len;
        memcpy(m->message[m->at].aad, e->aad, e->aad_len);
        memcpy(m->message[m->at].tag, e->tag, BLOCK);
    }
    if (e->kind == SFI_EVENT_DATA)
        kit_append(&m->message[m->at].content, e->data, e->len);
}

static void
read_messages(const uint8_t *data, size_t len, struct messages *m)
{
    sfi_image_reader *r = kit_new_reader(false);

    while (len > 0) {
        sfi_image_event e = {.struct_size = sizeof(e)};
        size_t used;

        ck_assert_ok(sfi_image_reader_push(r, data, len, &used));
        data += used;
        len -= used;
        for (;;) {
            ck_assert_ok(sfi_image_reader_next(r, &e));
            if (e.kind == SFI_EVENT_NEED_INPUT || e.kind == SFI_EVENT_DONE)
                break;
            take(m, &e);
        }
    }
    ck_assert_ok(sfi_image_reader_finish(r));
    sfi_image_reader_free(r);
}

START_TEST(test_data_sfi)
{
    size_t len;
    char *image = sample("data.sfi", &len);
    struct messages m = {0};
    struct kit_trace t = {0};
    char mask[2 * BLOCK + 1];
    struct kit_bytes bytes;

    if (image == NULL)
        return;
    bytes = (struct kit_bytes){(uint8_t *)image, len, 0};
    ck_assert_ok(kit_read_image(false, &bytes, 1000, &t));
    ck_assert_str_eq(t.text, "H v1 3; F1 v23 08000000 844; F2 v23 08030000 "
                             "9884; C3 v23 00000000 36; D");
    kit_free(&t.content);
    read_messages((uint8_t *)image, len, &m);
    for (size_t i = 0; i < ROWS(m.message); i++) {
        struct message *msg = &m.message[i];

        mask_of(msg->tag, msg->aad, msg->aad_len, msg->content.data,
                msg->content.len, mask);
        ck_assert_msg(strcmp(mask, masks[i]) == 0, "message %zu: %s, not %s", i,
                      mask, masks[i]);
        kit_free(&msg->content);
    }
    /* and the image is valid for its chip */
    ck_assert_ok(sfi_image_check(ctx, sfi_chip_find("stm32h753xi"),
                                 (uint8_t *)image, len, NULL, NULL));
    free(image);
}
END_TEST

/* The method can fail: one bit of a tag, an address or content changed, and
 * one mask is another. */
static const size_t altered[] = {12, 28 + 8, 28 + 14, 28 + 30, 0x386 + 30};

START_TEST(test_data_sfi_altered)
{
    size_t len, wrong = 0;
    char *image = sample("data.sfi", &len);
    struct messages m = {0};
    char mask[2 * BLOCK + 1];

    if (image == NULL)
        return;
    image[altered[_i]] ^= 4;
    read_messages((uint8_t *)image, len, &m);
    for (size_t i = 0; i < ROWS(m.message); i++) {
        struct message *msg = &m.message[i];

        mask_of(msg->tag, msg->aad, msg->aad_len, msg->content.data,
                msg->content.len, mask);
        wrong += strcmp(mask, masks[i]) != 0;
        kit_free(&msg->content);
    }
    ck_assert_uint_eq(wrong, 1);
    free(image);
}
END_TEST

/* ---- FIR_module.smi ---- */

START_TEST(test_module)
{
    static const struct kit_segment data = {0x08084000, 116};
    size_t len;
    char *smi = sample("FIR_module.smi", &len);
    sfi_image_builder *b = kit_new_builder("stm32h753xi", &data, 1);
    struct kit_bytes image = {0};
    struct kit_trace t = {0};
    char mask[2 * BLOCK + 1];

    if (smi != NULL) {
        const uint8_t *raw = (const uint8_t *)smi;

        /* header tag at 16, under it the security version at 32 */
        ck_assert_uint_eq(len, 1688);
        mask_of(raw + 16, raw + 32, 16, raw + 48, len - 48, mask);
        ck_assert_str_eq(mask, masks[0]);
        ck_assert_ok(sfi_image_builder_add_module(b, raw, len));
        ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
        ck_assert_ok(kit_read_image(true, &image, 500, &t));
        ck_assert_str_eq(t.text, "H v1 3; F1 v7 08084000 116; M2 v7 08080000 "
                                 "1688; C3 v7 00000000 36; D");
        ck_assert_mem_eq(t.content.data + 116, smi, len);
    }
    kit_free(&t.content);
    kit_free(&image);
    sfi_image_builder_free(b);
    free(smi);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("image_samples");
    TCase *tc = tcase_create("samples");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_ghash);
    tcase_add_test(tc, test_data_sfi);
    tcase_add_loop_test(tc, test_data_sfi_altered, 0, (int)ROWS(altered));
    tcase_add_test(tc, test_module);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
