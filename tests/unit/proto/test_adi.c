/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ADIv5: every encoding to the bit, both ways. */
#include "proto/adi.h"

#include "fixture.h"

START_TEST(test_jtag_request)
{
    static const struct {
        bool read;
        uint8_t reg;
        uint32_t data;
        uint64_t scan;
    } rows[] = {
        {true, 0x0, 0, 0x1},
        {true, 0x4, 0, 0x3},
        {true, 0xc, 0, 0x7},
        {false, 0x4, 0x50000000, 0x280000002},
        {false, 0x8, 0x02000000, 0x10000004},
        {false, 0xc, 0xffffffff, 0x7fffffffe},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        const struct adi_request r = {.read = rows[i].read, .reg = rows[i].reg};
        struct adi_request back = {.ap = true};
        uint32_t data = 0;

        ck_assert_uint_eq(sfi__adi_jtag_request(&r, rows[i].data),
                          rows[i].scan);
        sfi__adi_jtag_take_request(rows[i].scan, &back, &data);
        ck_assert(back.ap);
        ck_assert_int_eq(back.read, r.read);
        ck_assert_uint_eq(back.reg, r.reg);
        ck_assert_uint_eq(data, rows[i].data);
    }
}
END_TEST

START_TEST(test_jtag_answer)
{
    uint32_t data;

    ck_assert_uint_eq(sfi__adi_jtag_answer(ADI_ACK_OK, 0x12345678),
                      0x91a2b3c2u);
    /* a fault is told by CTRL/STAT only */
    ck_assert_uint_eq(sfi__adi_jtag_answer(ADI_ACK_FAULT, 0), 0x2u);
    ck_assert_uint_eq(sfi__adi_jtag_answer(ADI_ACK_WAIT, 0), 0x1u);
    ck_assert_int_eq(sfi__adi_jtag_take_answer(0x7fffffffau, &data),
                     ADI_ACK_OK);
    ck_assert_uint_eq(data, 0xffffffff);
    ck_assert_int_eq(sfi__adi_jtag_take_answer(0x1, &data), ADI_ACK_WAIT);
    /* a stuck line, and codes that do not exist */
    for (uint64_t bad = 0; bad < 8; bad++) {
        if (bad != 1 && bad != 2)
            ck_assert_int_eq(sfi__adi_jtag_take_answer(bad, &data),
                             ADI_ACK_NONE);
    }
}
END_TEST

START_TEST(test_select)
{
    ck_assert_uint_eq(sfi__adi_select(2, ADI_AP_IDR), 0x020000f0);
    ck_assert_uint_eq(sfi__adi_select(0, ADI_AP_DRW), 0);
    ck_assert_uint_eq(sfi__adi_select_ap(0x020000f0), 2);
    ck_assert_uint_eq(sfi__adi_select_bank(0x020000f3), 0xf0);
}
END_TEST

/* The address counts within 1 KiB and comes round. */
START_TEST(test_tar)
{
    ck_assert_uint_eq(sfi__adi_tar_next(0x24000000, 4), 0x24000004);
    ck_assert_uint_eq(sfi__adi_tar_next(0x240003fc, 4), 0x24000000);
    ck_assert_uint_eq(sfi__adi_tar_next(0x240007ff, 1), 0x24000400);
    ck_assert_uint_eq(sfi__adi_tar_next(0xfffffffe, 2), 0xfffffc00);
    ck_assert_uint_eq(sfi__adi_tar_run(0x24000000, 1000), 256);
    ck_assert_uint_eq(sfi__adi_tar_run(0x24000000, 10), 10);
    ck_assert_uint_eq(sfi__adi_tar_run(0x240003fc, 1000), 1);
    ck_assert_uint_eq(sfi__adi_tar_run(0x240003f0, 0), 0);
    ck_assert_uint_eq(sfi__adi_tar_run(0xfffffff8, 5), 2);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("adi");
    TCase *t = tcase_create("adi");

    tcase_add_test(t, test_jtag_request);
    tcase_add_test(t, test_jtag_answer);
    tcase_add_test(t, test_select);
    tcase_add_test(t, test_tar);
    suite_add_tcase(s, t);
    return run_suite(s);
}
