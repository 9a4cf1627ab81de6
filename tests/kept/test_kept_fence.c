/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a station of an older libsfi has seen of two HSMs. */
#include <sfi/sfi.h>

#include "hsm/server/fence.h"
#include "fixture.h"

#define PATH "data/kept/stations.fence"

START_TEST(test_seen)
{
    static struct fence seen;
    const struct fence_entry *e;

    ck_assert_ok(sfi__fence_read(ctx, test_path(PATH), &seen));
    ck_assert_uint_eq(seen.count, 2);
    e = sfi__fence_find(&seen, "00112233445566778899aabbccddeeff");
    ck_assert_ptr_nonnull(e);
    ck_assert_uint_eq(e->sequence, 7);
    ck_assert_uint_eq(e->remaining, 3);
    e = sfi__fence_find(&seen, "ffeeddccbbaa99887766554433221100");
    ck_assert_ptr_nonnull(e);
    ck_assert_uint_eq(e->restored, 11);
    ck_assert_uint_eq(e->head[31], 0x5a);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("kept fence");
    TCase *tc = tcase_create("read");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_seen);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
