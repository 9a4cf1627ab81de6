/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Every function that makes a handle sets *out to NULL after any failure, also
 * without a context.  The list is made from the public headers. */
#include <stdlib.h>

#include "fixture.h"

#include "makers.h"

/* Fewer would mean that the headers were not read. */
#define MAKERS_MIN 34

START_TEST(test_count)
{
    ck_assert_uint_ge(ROWS(makers), MAKERS_MIN);
}
END_TEST

START_TEST(test_no_context)
{
    static uint8_t junk;
    void *out = &junk;
    sfi_status st = makers[_i].make(&out);

    ck_assert_msg(st == SFI_ERR_ARGUMENT || st == SFI_ERR_ABI, "%s: %s",
                  makers[_i].name, sfi_status_name(st));
    ck_assert_msg(out == NULL, "%s left *out as it was", makers[_i].name);
}
END_TEST

START_TEST(test_no_out)
{
    ck_assert_msg(makers[_i].make(NULL) == SFI_ERR_ARGUMENT, "%s",
                  makers[_i].name);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("handles");
    TCase *tc = tcase_create("out");

    tcase_add_test(tc, test_count);
    tcase_add_loop_test(tc, test_no_context, 0, (int)ROWS(makers));
    tcase_add_loop_test(tc, test_no_out, 0, (int)ROWS(makers));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
