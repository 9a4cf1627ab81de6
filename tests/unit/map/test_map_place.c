/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/map, the geometry: labels never overlap, and no line crosses a text;
 * marks stand side by side. */
#include <stdlib.h>

#include "map/place.h"

#include "fixture.h"
#include <bench/layout_kit.h>

#define LABELS 40u

static int
compare_x(const void *a, const void *b)
{
    return ((const struct place_label *)a)->x -
           ((const struct place_label *)b)->x;
}

static bool
covers(const struct place_label *l, int32_t x)
{
    return x > l->x && x <= l->x + l->width;
}

static void
check_labels(const struct place_label *l, size_t count, uint32_t lanes)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_lt(l[i].lane, lanes);
        for (size_t k = i + 1; k < count; k++) {
            /* the text of i would touch the text of k */
            if (l[k].x <= l[i].x + l[i].width)
                ck_assert_uint_ne(l[i].lane, l[k].lane);
            /* the line of k would cross the text of i */
            if (covers(&l[i], l[k].x))
                ck_assert_uint_lt(l[k].lane, l[i].lane);
        }
    }
}

START_TEST(test_labels)
{
    uint32_t seed = 1;

    for (unsigned round = 0; round < 2000; round++) {
        struct place_label l[LABELS];
        size_t count = layout_kit_number(&seed) % (LABELS + 1);

        for (size_t i = 0; i < count; i++)
            l[i] = (struct place_label){
                .x = (int32_t)(layout_kit_number(&seed) % 900),
                .width = (int32_t)(layout_kit_number(&seed) % 260),
            };
        qsort(l, count, sizeof(*l), compare_x);
        check_labels(l, count, sfi__place_labels(l, count));
    }
}
END_TEST

/* As few lanes as the stairs need. */
START_TEST(test_few_lanes)
{
    struct place_label apart[] = {{0, 99, 9}, {100, 99, 9}, {200, 99, 9}};
    struct place_label stairs[] = {{0, 150, 9}, {100, 150, 9}, {200, 150, 9}};
    struct place_label same[] = {{5, 10, 9}, {5, 10, 9}};

    ck_assert_uint_eq(sfi__place_labels(apart, 3), 1);
    ck_assert_uint_eq(sfi__place_labels(stairs, 3), 3);
    ck_assert_uint_eq(stairs[0].lane, 2);
    ck_assert_uint_eq(stairs[2].lane, 0);
    ck_assert_uint_eq(sfi__place_labels(same, 2), 2);
    ck_assert_uint_eq(same[1].lane, 0); /* the last is next to the bar */
    ck_assert_uint_eq(sfi__place_labels(NULL, 0), 0);
}
END_TEST

START_TEST(test_marks)
{
    struct place_mark near[] = {{10, 30, 0}, {12, 30, 0}, {300, 30, 0}};
    struct place_mark edge[] = {{90, 30, 0}, {95, 30, 0}};

    sfi__place_marks(near, 3, 0, 400);
    ck_assert_int_eq(near[0].x, 10);
    ck_assert_int_eq(near[1].x, 40);
    ck_assert_int_eq(near[2].x, 300);
    sfi__place_marks(edge, 2, 0, 100);
    ck_assert_int_eq(edge[0].x, 40);
    ck_assert_int_eq(edge[1].x, 70);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("map_place");
    TCase *tc = tcase_create("map_place");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_labels);
    tcase_add_test(tc, test_few_lanes);
    tcase_add_test(tc, test_marks);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
