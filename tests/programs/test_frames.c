/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bars in terminals of any width. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "cli/progress.h"

static const struct {
    unsigned columns;
    struct cli_pace pace;
    const char *line;
} frames[] = {
#define AREAS                                                    \
    {                                                            \
        .what = "Writing areas", .done = 49152, .total = 131072, \
        .rate = 10922, .has_eta = true, .eta_ms = 7500           \
    }
#define ERASE                                                            \
    {                                                                    \
        .what = "Erasing", .unit = CLI_TIME, .done = 900, .total = 2200, \
        .has_eta = true, .eta_ms = 1300                                  \
    }
#define BATCH                                                                 \
    {                                                                         \
        .what = "Licensing", .unit = CLI_ITEMS, .done = 2500, .total = 10000, \
        .rate = 700, .has_eta = true, .eta_ms = 3661000                       \
    }
    {1, AREAS, " "},
    {6, AREAS, "  37%"},
    {20, AREAS, "Writing areas  37%"},
    {32, AREAS, "Writing areas [###.......]  37%"},
    {40, AREAS, "Writing areas [######............]  37%"},
    {60, AREAS, "Writing areas [#####..........]  37%  10.7 KiB/s  0:08 left"},
    {80, AREAS,
     "Writing areas [#####...........]  37%  48.0 of 128.0 KiB  10.7 KiB/s  "
     "0:08 left"},
    {120, AREAS,
     "Writing areas [##############..........................]  37%  48.0 of "
     "128.0 KiB  10.7 KiB/s  0:08 left"},
    {200, AREAS,
     "Writing areas [##############..........................]  37%  48.0 of "
     "128.0 KiB  10.7 KiB/s  0:08 left"},
    {20, ERASE, "Erasing  40%"},
    {40, ERASE, "Erasing [#####........]  40%  0:02 left"},
    {80, ERASE,
     "Erasing [################........................]  40%  0:02 left"},
    {80, BATCH,
     "Licensing [######....................]  25%  2500 of 10000  700/s  "
     "1:01:01 left"},
};

START_TEST(test_frames)
{
    char line[400];

    cli_progress_line(line, sizeof(line), frames[_i].columns, &frames[_i].pace);
    ck_assert_str_eq(line, frames[_i].line);
    ck_assert_uint_lt(strlen(line), frames[_i].columns + 1);
}
END_TEST

/* Never cut inside a character. */
START_TEST(test_cut)
{
    char text[] = "/dev/tty\xc3\xa4\xe2\x82\xac: x";

    cli_cut(text, 20);
    ck_assert_str_eq(text, "/dev/tty\xc3\xa4\xe2\x82\xac: x");
    cli_cut(text, 10);
    ck_assert_str_eq(text, "/dev/tty\xc3\xa4");
    cli_cut(text, 0);
    ck_assert_str_eq(text, "");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("frames");
    TCase *tc = tcase_create("frames");
    SRunner *sr = srunner_create(s);
    int failed;

    suite_add_tcase(s, tc);
    tcase_add_loop_test(tc, test_frames, 0,
                        (int)(sizeof(frames) / sizeof(*frames)));
    tcase_add_test(tc, test_cut);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
