/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An image for such a part, sealed and sent by the test; and the fixture of the
 * device's tests. */
#include <bench/part.h>

#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "fixture.h"

const uint8_t test_key[16] = {0x4b, 0xe1, 0x70, 0x5d, 0x22, 0x9a, 0xc6, 0x13,
                              0x8f, 0x04, 0xb7, 0x3e, 0xd8, 0x61, 0xfa, 0x95};
const uint8_t test_nonce[12] = {0xd1, 0x3f, 0x88, 0x46, 0x0b, 0xae,
                                0x72, 0xe5, 0x19, 0xff, 0xff, 0xfe};

void
test_plain(uint8_t *out, size_t len, uint32_t seed)
{
    uint32_t x = seed * 2654435761u + 1;

    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        out[i] = (uint8_t)((x >> 24) % 0xffu);
    }
}

void
image_add(struct test_image *im, uint8_t type, uint32_t address,
          const uint8_t *bytes, uint32_t len)
{
    struct test_area *a = &im->area[im->areas];

    HOLDS(im->areas < IMAGE_AREAS_MAX);
    memset(a, 0, sizeof(*a));
    a->d.type = type;
    a->d.version = 7;
    a->d.address = address;
    a->d.size = len;
    a->plain = bytes;
    im->areas++;
}

static void
seal_area(struct test_area *a)
{
    uint8_t iv[12];

    sfi__image_write_area(a->raw, &a->d);
    sfi__image_iv(iv, test_nonce, a->d.index);
    free(a->cipher);
    a->cipher = malloc(a->d.size + 1);
    HOLDS(a->cipher != NULL);
    HOLDS(sfi__gcm_seal(ctx, test_key, iv, a->raw, SFI_FORMAT_AREA_AAD_LEN,
                        a->plain, a->d.size, a->cipher, a->d.tag) == SFI_OK);
    sfi__image_write_area(a->raw, &a->d);
}

void
image_seal(struct test_image *im)
{
    struct image_header h = {.version = SFI_FORMAT_VERSION, .areas = im->areas};

    memcpy(h.magic, SFI_FORMAT_MAGIC, sizeof(h.magic));
    sfi__image_write_header(im->header, &h);
    HOLDS(sfi__gcm_seal(ctx, test_key, test_nonce, im->header,
                        SFI_FORMAT_HEADER_AAD_LEN, NULL, 0, NULL,
                        h.tag) == SFI_OK);
    sfi__image_write_header(im->header, &h);
    for (uint16_t i = 0; i < im->areas; i++) {
        im->area[i].d.index = (uint16_t)(i + 1);
        im->area[i].d.areas = im->areas;
        seal_area(&im->area[i]);
    }
    memset(im->license, 0, sizeof(im->license));
    memcpy(im->license, "SFI.", 4);
    im->license[8] = 1;
    memcpy(im->license + 24, "this part", 9);
}

void
image_set_live(struct test_image *im, uint32_t session)
{
    memcpy(im->license, "SFIL", 4);
    for (size_t i = 0; i < 4; i++)
        im->license[4 + i] = (uint8_t)(session >> 8 * i);
}

void
image_free(struct test_image *im)
{
    for (uint16_t i = 0; i < im->areas; i++)
        free(im->area[i].cipher);
    memset(im, 0, sizeof(*im));
}

int
image_send_area(const struct test_area *a, struct part *p, size_t chunk)
{
    int cause = part_send(p, SFI_CMD_AREA, a->raw, sizeof(a->raw), NULL, 0);

    for (uint32_t off = 0; cause == SFI_CAUSE_NONE && off < a->d.size;) {
        uint8_t le[4] = {(uint8_t)off, (uint8_t)(off >> 8),
                         (uint8_t)(off >> 16), (uint8_t)(off >> 24)};
        size_t n = a->d.size - off < chunk ? a->d.size - off : chunk;

        cause = part_send(p, SFI_CMD_DATA, le, 4, a->cipher + off, n);
        off += (uint32_t)n;
    }
    return cause;
}

int
image_send(const struct test_image *im, struct part *p, uint16_t n,
           size_t chunk)
{
    int cause = part_send(p, SFI_CMD_SECURE, "\0", 1, NULL, 0);

    if (cause == SFI_CAUSE_NONE)
        cause = part_send(p, SFI_CMD_LICENSE, NULL, 0, im->license,
                          sizeof(im->license));
    if (cause == SFI_CAUSE_NONE)
        cause = part_send(p, SFI_CMD_HEADER, im->header, sizeof(im->header),
                          NULL, 0);
    for (uint16_t i = 0; cause == SFI_CAUSE_NONE && i < n; i++)
        cause = image_send_area(&im->area[i], p, chunk);
    return cause;
}

int
image_install(const struct test_image *im, struct part *p, size_t chunk)
{
    int cause = image_send(im, p, im->areas, chunk);

    if (cause == SFI_CAUSE_NONE)
        cause = part_send(p, SFI_CMD_FINISH, NULL, 0, NULL, 0);
    return cause;
}

bool
image_is_in(const struct test_image *im, const struct part *p)
{
    const struct chip_range *user = &p->chip->user;
    uint8_t *want = malloc(user->size);
    bool is_in;

    HOLDS(want != NULL);
    memset(want, 0xff, user->size);
    for (uint16_t i = 0; i < im->areas; i++) {
        const struct test_area *a = &im->area[i];

        if (a->d.type == SFI_FORMAT_FIRMWARE)
            memcpy(want + (a->d.address - user->base), a->plain, a->d.size);
    }
    is_in = memcmp(p->flash + (user->base - p->chip->flash.base), want,
                   user->size) == 0;
    free(want);
    return is_in;
}

/* ---- the fixture of the device's tests ---- */

struct part part;
struct test_image image;
uint8_t plain[PLAINS][PLAIN_LEN];
uint8_t ob_plain[48];

void
part_setup(void)
{
    fixture_setup();
    for (uint32_t i = 0; i < PLAINS; i++)
        test_plain(plain[i], sizeof(plain[i]), i + 1);
    test_plain(ob_plain, sizeof(ob_plain), 50);
}

void
part_teardown(void)
{
    image_free(&image);
    if (part.flash != NULL)
        part_free(&part);
    fixture_teardown();
}

void
make_image(const struct sfi_chip *chip)
{
    uint32_t base = chip->user.base;

    image_add(&image, 'F', base, plain[0], 300);
    image_add(&image, 'F', base + 1029, plain[1], 417);
    image_add(&image, 'C', 0, ob_plain, 4 * chip->ob_count);
    image_seal(&image);
}

void
begin(const struct sfi_chip *chip)
{
    part_new(&part, chip);
    make_image(chip);
}

void
assert_forgotten(const char *name)
{
    ck_assert_msg(!part_remembers(&part, plain[0], 300), "%s: area 1", name);
    ck_assert_msg(!part_remembers(&part, plain[1], 417), "%s: area 2", name);
    ck_assert_msg(!part_remembers(&part, ob_plain, 4 * part.chip->ob_count),
                  "%s: option bytes", name);
    ck_assert_msg(!part_remembers(&part, test_key, 16), "%s: key", name);
    ck_assert_msg(!part_remembers(&part, test_nonce, 12), "%s: nonce", name);
    ck_assert_msg(part.gcm == NULL, "%s: key schedule", name);
}

void
assert_refused(const char *name, int cause)
{
    struct security_info i;

    part_info(&part, &i);
    ck_assert_msg(i.state == SFI_DEVICE_EMPTY, "%s: state %u", name, i.state);
    ck_assert_msg(i.cause == cause, "%s: INFO tells 0x%02x", name, i.cause);
    ck_assert_msg((i.flags & SFI_CMD_INFO_UNCLEAN) == 0, "%s: unclean", name);
    ck_assert_msg(part_is_blank(&part, &part.chip->user), "%s: flash", name);
    ck_assert_msg(part.ob_writes == 0, "%s: option bytes written", name);
    assert_forgotten(name);
}

void
assert_can_install(void)
{
    image_free(&image);
    make_image(part.chip);
    ck_assert_int_eq(image_install(&image, &part, 128), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
