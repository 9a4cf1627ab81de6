/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device's tables of requests against the binary: each one in each state,
 * with wrong lengths and offsets, images with wrong contents, and any bit of an
 * image.  A mistake of the host loses nothing; an altered image leaves
 * nothing. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>
#include <bench/request_rows.h>

#include "binary_install.h"

#define NACK (-2)
#define OK SFI_CAUSE_NONE
/* Bits between two that are changed; SFI_TEST_LONG: each one is. */
#define BIT_STEP 149u

/* Each situation is a snapshot. */
static struct binary binary;
static struct install install;
static const uint8_t zeros[SFI_CMD_DATA_MAX + 1];

static int
request(uint16_t opcode, const uint8_t *param, size_t param_len,
        const uint8_t *data, size_t data_len)
{
    return install_request(&binary, opcode, param, param_len, data, data_len,
                           NULL);
}

static int
open_area(uint32_t i)
{
    return request(SFI_CMD_AREA, install.image.area[i].raw, SFI_FORMAT_AREA_LEN,
                   NULL, 0);
}

static void
bring(void)
{
    const struct test_image *im = &install.image;

    binary_save(&binary, NEW);
    ck_assert_int_eq(request(SFI_CMD_SECURE, zeros, 1, NULL, 0), OK);
    binary_save(&binary, READY);
    ck_assert_int_eq(
        request(SFI_CMD_LICENSE, NULL, 0, im->license, LICENSE_LEN), OK);
    binary_save(&binary, LICENSED);
    ck_assert_int_eq(
        request(SFI_CMD_HEADER, im->header, SFI_FORMAT_HEADER_LEN, NULL, 0),
        OK);
    ck_assert_int_eq(install_area(&binary, &im->area[0]), OK);
    binary_save(&binary, BETWEEN);
    ck_assert_int_eq(open_area(1), OK);
    binary_save(&binary, WITHIN);
    binary_restore(&binary, BETWEEN);
    ck_assert_int_eq(install_area(&binary, &im->area[1]), OK);
    ck_assert_int_eq(install_area(&binary, &im->area[2]), OK);
    binary_save(&binary, COMPLETE);
    ck_assert_int_eq(request(SFI_CMD_FINISH, NULL, 0, NULL, 0), OK);
    binary_save(&binary, INSTALLED);
    binary_reset(&binary);
    ck_assert(install_sync(&binary));
    binary_save(&binary, REBOOTED);
}

/* Unchecked: once for all. */
static void
setup(void)
{
    fixture_setup();
    binary_start(&binary);
    binary_make(&binary, 0);
    install_make(&install, &binary);
    ck_assert(install_sync(&binary));
    bring();
}

static void
teardown(void)
{
    install_free(&install);
    binary_stop(&binary);
    fixture_teardown();
}

static uint8_t
state(void)
{
    struct security_info info;

    install_info(&binary, &info);
    return info.state;
}

/* ---- every request in every state ---- */

/* This part has receipts, and a frame with an unknown command is refused as a
 * frame. */
static int
cause_of(size_t r, int situation)
{
    uint8_t cause = request_rows[r].cause[situation];

    if (cause == SFI_CAUSE_UNKNOWN_COMMAND)
        return NACK;
    return cause == SFI_CAUSE_NO_RECEIPT ? OK : cause;
}

START_TEST(test_states)
{
    for (size_t r = 0; r < REQUEST_ROWS; r++) {
        int want = cause_of(r, _i), cause;
        uint8_t before;

        binary_restore(&binary, (uint32_t)_i);
        before = state();
        cause =
            request(request_rows[r].opcode, zeros, request_rows[r].param_len,
                    zeros, request_rows[r].data_len);
        ck_assert_msg(cause == want, "%s: 0x%04x gives %d, expected %d",
                      situation_names[_i], request_rows[r].opcode, cause, want);
        if (want >= SFI_CAUSE_LICENSE_TYPE)
            install_assert_refused(&install, &binary, situation_names[_i],
                                   cause, want);
        else if (want != OK)
            ck_assert_uint_eq(state(), before);
    }
}
END_TEST

/* ---- lengths and offsets: the install goes on ---- */

START_TEST(test_lengths)
{
    static const struct {
        uint16_t opcode;
        uint8_t param_len;
        uint16_t data_len;
    } rows[] = {
        {SFI_CMD_INFO, 1, 0},      {SFI_CMD_CERTIFICATE, 1, 0},
        {SFI_CMD_SECURE, 0, 0},    {SFI_CMD_SECURE, 2, 0},
        {SFI_CMD_LICENSE, 0, 135}, {SFI_CMD_LICENSE, 0, 137},
        {SFI_CMD_LICENSE, 1, 136}, {SFI_CMD_HEADER, 27, 0},
        {SFI_CMD_HEADER, 29, 0},   {SFI_CMD_AREA, 29, 0},
        {SFI_CMD_AREA, 31, 0},     {SFI_CMD_DATA, 3, 16},
        {SFI_CMD_DATA, 5, 16},     {SFI_CMD_DATA, 4, 0},
        {SFI_CMD_FINISH, 1, 0},    {SFI_CMD_ABORT, 1, 0},
        {SFI_CMD_SESSION, 1, 0},   {SFI_CMD_RECEIPT, 1, 0},
    };

    binary_restore(&binary, BETWEEN);
    for (size_t r = 0; r < ROWS(rows); r++) {
        int cause = request(rows[r].opcode, zeros, rows[r].param_len, zeros,
                            rows[r].data_len);

        ck_assert_msg(cause == SFI_CAUSE_LENGTH, "row %zu: %d", r, cause);
        ck_assert_uint_eq(state(), SFI_DEVICE_RECEIVING);
    }
    ck_assert_int_eq(install_area(&binary, &install.image.area[1]), OK);
    ck_assert_int_eq(install_area(&binary, &install.image.area[2]), OK);
    ck_assert_int_eq(request(SFI_CMD_FINISH, NULL, 0, NULL, 0), OK);
    install_assert_complete(&install, &binary, "lengths");
}
END_TEST

START_TEST(test_offsets)
{
    static const struct {
        uint16_t offset, len;
        int cause;
    } rows[] = {
        {1, 10, SFI_CAUSE_OFFSET},
        {0, 1018, OK},
        {0, 1018, OK},
        /* again */ {0, 1017, SFI_CAUSE_OFFSET},
        {1017, 1, SFI_CAUSE_OFFSET},
        {1100, 100, SFI_CAUSE_OFFSET},
        {1018, 400, SFI_CAUSE_LENGTH},
        {1018, 399, OK},
        {0, 1018, SFI_CAUSE_STATE},
    };
    static uint8_t content[INSTALL_CONTENT_MAX];

    memcpy(content, install.image.area[1].cipher, 1417);
    binary_restore(&binary, WITHIN);
    for (size_t r = 0; r < ROWS(rows); r++) {
        const uint8_t le[4] = {(uint8_t)rows[r].offset,
                               (uint8_t)(rows[r].offset >> 8)};
        int cause = request(SFI_CMD_DATA, le, sizeof(le),
                            content + rows[r].offset, rows[r].len);

        ck_assert_msg(cause == rows[r].cause, "row %zu: %d", r, cause);
    }
    ck_assert_int_eq(install_area(&binary, &install.image.area[2]), OK);
    ck_assert_int_eq(request(SFI_CMD_FINISH, NULL, 0, NULL, 0), OK);
    install_assert_complete(&install, &binary, "offsets");
}
END_TEST

/* ---- images ---- */

/* Everything behind the licence: the first refusal. */
static int
send_image(const struct test_image *im)
{
    int cause =
        request(SFI_CMD_HEADER, im->header, SFI_FORMAT_HEADER_LEN, NULL, 0);

    for (uint16_t i = 0; i < im->areas && cause == OK; i++)
        cause = install_area(&binary, &im->area[i]);
    if (cause == OK)
        cause = request(SFI_CMD_FINISH, NULL, 0, NULL, 0);
    return cause;
}

/* An authentic header that announces no area. */
START_TEST(test_no_areas)
{
    struct test_image none;

    memset(&none, 0, sizeof(none));
    image_seal(&none);
    binary_restore(&binary, LICENSED);
    install_assert_refused(&install, &binary, "no areas", send_image(&none),
                           SFI_CAUSE_HEADER_AREAS);
    image_free(&none);
}
END_TEST

/* The content of one area under the descriptor of another. */
START_TEST(test_swapped_content)
{
    struct test_area *a = install.image.area;
    uint32_t size = a[1].d.size;
    uint8_t *cipher;

    a[1].d.size = a[0].d.size;
    install_seal(&install);
    cipher = a[0].cipher;
    a[0].cipher = a[1].cipher;
    a[1].cipher = cipher;
    binary_restore(&binary, LICENSED);
    install_assert_refused(&install, &binary, "swapped",
                           send_image(&install.image), SFI_CAUSE_AREA_TAG);
    a[1].d.size = size;
    install_seal(&install);
}
END_TEST

/* Any one bit of header, descriptors, tags and contents.  Another size may be
 * noticed only when more data or the next area comes: then the host gives
 * up. */
static void
flip(uint8_t *at, size_t bit)
{
    int cause;

    at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    binary_restore(&binary, LICENSED);
    cause = send_image(&install.image);
    at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (cause == SFI_CAUSE_LENGTH || cause == SFI_CAUSE_STATE)
        ck_assert_int_eq(request(SFI_CMD_ABORT, NULL, 0, NULL, 0), OK);
    else
        ck_assert_int_ge(cause, SFI_CAUSE_HEADER_MAGIC);
    ck_assert_uint_eq(state(), SFI_DEVICE_EMPTY);
    install_assert_erased(&install, &binary, "a bit");
    install_assert_forgotten(&install, &binary, "a bit");
}

START_TEST(test_every_bit)
{
    size_t step = getenv("SFI_TEST_LONG") != NULL ? 1 : BIT_STEP;
    struct test_area *a = &install.image.area[_i];

    for (size_t bit = 0; _i == 0 && bit < 8 * SFI_FORMAT_HEADER_LEN;
         bit += step)
        flip(install.image.header, bit);
    for (size_t bit = 0; bit < 8 * sizeof(a->raw); bit += step)
        flip(a->raw, bit);
    for (size_t bit = 0; bit < 8 * (size_t)a->d.size; bit += 8 * step)
        flip(a->cipher, bit + (size_t)_i);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("requests");
    TCase *t = tcase_create("requests");

    tcase_add_unchecked_fixture(t, setup, teardown);
    tcase_set_timeout(t, getenv("SFI_TEST_LONG") != NULL ? 7200 : 120);
    tcase_add_loop_test(t, test_states, 0, SITUATIONS);
    tcase_add_test(t, test_lengths);
    tcase_add_test(t, test_offsets);
    tcase_add_test(t, test_no_areas);
    tcase_add_test(t, test_swapped_content);
    tcase_add_loop_test(t, test_every_bit, 0, 3);
    suite_add_tcase(s, t);
    return run_suite(s);
}
