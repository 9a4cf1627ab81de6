/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/preflight, the layout: the same from a builder and from its image, and
 * with as much content as the key gives. */
#include <sfi/image.h>

#include "preflight/layout.h"

#include "fixture.h"
#include <bench/image_kit.h>

#define H7 "stm32h753xi"

static const struct kit_segment segments[] = {{0x08000000, 64},
                                              {0x08020000, 7}};

static sfi_layout_area
area(const sfi_layout *l, size_t i)
{
    sfi_layout_area a = {.struct_size = sizeof(a)};

    ck_assert_ok(sfi_layout_get_area(l, i, &a));
    return a;
}

/* Two segments and the option bytes. */
static void
check_layout(const sfi_layout *l, bool known)
{
    ck_assert_ptr_eq(sfi_layout_chip(l), sfi_chip_find(H7));
    ck_assert_uint_eq(sfi_layout_area_count(l), 3);
    for (size_t i = 0; i < 2; i++) {
        sfi_layout_area a = area(l, i);

        ck_assert_uint_eq(a.kind, SFI_AREA_FIRMWARE);
        ck_assert_uint_eq(a.address, segments[i].address);
        ck_assert_uint_eq(a.size, segments[i].len);
        ck_assert_uint_eq(a.readable, known);
        ck_assert_str_eq(a.file, "");
        for (size_t k = 0; known && k < a.size; k++)
            ck_assert_uint_eq(l->plain.areas[i].first->data[k],
                              kit_byte(a.address + k));
    }
    ck_assert_uint_eq(area(l, 2).kind, SFI_AREA_CONFIGURATION);
    ck_assert_uint_eq(area(l, 2).size, 36);
    ck_assert_int_eq(l->plain.ob != NULL, known);
}

static size_t
kit_image_len(const char *chip, const struct kit_segment *list, size_t count)
{
    struct kit_bytes image = kit_image(chip, list, count);
    size_t len = image.len;

    kit_free(&image);
    return len;
}

START_TEST(test_builder)
{
    sfi_image_builder *b = kit_new_builder(H7, segments, 2);
    sfi_layout *l;

    ck_assert_ok(sfi_image_builder_layout(b, &l));
    /* it stays as it is */
    kit_add(b, (struct kit_segment){0x08040000, 4});
    sfi_image_builder_free(b);
    check_layout(l, true);
    ck_assert_uint_eq(sfi_layout_image_size(l), kit_image_len(H7, segments, 2));
    ck_assert_ok(sfi_layout_check(l, NULL, NULL));
    sfi_layout_free(l);
}
END_TEST

START_TEST(test_image)
{
    struct kit_bytes image = kit_image(H7, segments, 2);
    const sfi_chip *chip = sfi_chip_find(H7);
    sfi_key *key = kit_new_key();
    sfi_layout *l;

    ck_assert_ok(
        sfi_image_layout(ctx, chip, image.data, image.len, NULL, NULL, &l));
    check_layout(l, false);
    sfi_layout_free(l);
    ck_assert_ok(
        sfi_image_layout(ctx, chip, image.data, image.len, key, kit_nonce, &l));
    check_layout(l, true);
    ck_assert_uint_eq(sfi_layout_image_size(l), image.len);
    ck_assert_uint_eq(sfi_layout_image_size(NULL), 0);
    ck_assert_ok(sfi_layout_check(l, NULL, NULL));
    sfi_layout_free(l);
    image.data[image.len - 1] ^= 1;
    ck_assert_fails_about(
        sfi_image_layout(ctx, chip, image.data, image.len, key, kit_nonce, &l),
        SFI_ERR_AUTH, "area 3", "tag");
    ck_assert_ptr_null(l);
    ck_assert_fails_about(
        sfi_image_layout(ctx, chip, image.data, image.len, key, NULL, &l),
        SFI_ERR_ARGUMENT, "", "nonce");
    sfi_key_free(key);
    kit_free(&image);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_layout_area a = {.struct_size = sizeof(a)};
    sfi_image_builder *b = kit_new_builder(H7, segments, 2);
    sfi_layout *l;

    ck_assert_ok(sfi_image_builder_layout(b, &l));
    ck_assert_int_eq(sfi_layout_get_area(l, 3, &a), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_layout_get_area(l, 0, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_layout_check(NULL, NULL, NULL), SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(sfi_layout_chip(NULL));
    ck_assert_uint_eq(sfi_layout_area_count(NULL), 0);
    sfi_layout_free(NULL);
    sfi_layout_free(l);
    sfi_image_builder_free(b);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("layout");
    TCase *tc = tcase_create("layout");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_builder);
    tcase_add_test(tc, test_image);
    tcase_add_test(tc, test_arguments);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
