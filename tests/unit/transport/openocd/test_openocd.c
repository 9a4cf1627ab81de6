/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The text of commands to OpenOCD's Tcl server, and the parsing of its
 * replies. */
#include <string.h>

#include "transport/openocd/openocd.h"

#include "fixture.h"

START_TEST(test_commands)
{
    static const uint32_t words[] = {0, 0xffffffff, 0x1234};
    char out[OPENOCD_TEXT_MAX];

    ck_assert(sfi__openocd_format_command(out, "target names"));
    ck_assert_str_eq(
        out,
        "set sfi_log [capture {set sfi_failed [expr {[catch {target names} "
        "sfi_answer] != 0}]; list}]; if {$sfi_failed} {format {1 %s} [string "
        "range [join [split [string trim \"$sfi_log$sfi_answer\"] \\n] {; }] 0 "
        "255]} else {format {0 %s} $sfi_answer}");
    ck_assert(sfi__openocd_format_read(out, "h7.axi", 0x5c001000, 4));
    ck_assert_ptr_nonnull(
        strstr(out, "[catch {h7.axi read_memory 0x5c001000 32 4} "));
    ck_assert(sfi__openocd_format_write(out, "h7.axi", 0x24030000, words, 3));
    ck_assert_ptr_nonnull(
        strstr(out, "[catch {h7.axi write_memory 0x24030000 32 {0x0 0xffffffff "
                    "0x1234}} "));
}
END_TEST

/* The longest command fits; a longer one is refused. */
START_TEST(test_longest)
{
    uint32_t words[OPENOCD_WORDS + 1];
    char out[OPENOCD_TEXT_MAX];
    char target[32];

    memset(words, 0xff, sizeof(words));
    memset(target, 'x', sizeof(target));
    target[31] = '\0';
    ck_assert(sfi__openocd_format_write(out, target, 0xfffffffc, words,
                                        OPENOCD_WORDS));
    ck_assert_ptr_nonnull(strstr(out, "0xffffffff}} sfi_answer] "));
    ck_assert(
        !sfi__openocd_format_write(out, target, 0, words, OPENOCD_WORDS + 1));
    ck_assert(!sfi__openocd_format_write(out, target, 0, words, 0));
}
END_TEST

static const struct {
    const char *answer;
    bool taken;
    bool failed;
    const char *text;
} answers[] = {
    {"0 0x5", true, false, "0x5"},
    {"0 {0x1 0x2}", true, false, "0x1 0x2"},
    {"0 {}", true, false, ""},
    {"1 {no such target}", true, true, "no such target"},
    {"1 bad", true, true, "bad"},
    {"0 ", true, false, ""},
    {"1 {", true, true, "{"},
    {"", false, false, ""},
    {"0", false, false, ""},
    {"2 x", false, false, ""},
    {" 0 x", false, false, ""},
    {"0x5", false, false, ""},
};

START_TEST(test_answers)
{
    struct openocd_reply a;

    ck_assert_int_eq(sfi__openocd_parse_reply(&a, answers[_i].answer),
                     answers[_i].taken);
    if (!answers[_i].taken)
        return;
    ck_assert_int_eq(a.failed, answers[_i].failed);
    ck_assert_uint_eq(a.len, strlen(answers[_i].text));
    ck_assert_mem_eq(a.text, answers[_i].text, a.len);
}
END_TEST

START_TEST(test_words)
{
    static const char *const bad[] = {
        "0 {}",          "0 0x1",        "0 {0x1 0x2 0x3}",
        "0 {0x1  0x2}",  "0 { 0x1 0x2}", "0 {0x1 0x2 }",
        "0 {0x1 2}",     "0 {0x1 0x}",   "0 {0x1 0x100000000}",
        "0 {0x1 0x-2}",  "0 {0x1 0xfg}", "0 {0x1,0x2}",
        "0 {0x1 {0x2}}", "0 {-0x1 0x2}", "0 {0X1 0x2}",
        "0 {0x1 0x2\n}",
    };
    struct openocd_reply a;
    uint32_t words[2] = {0};

    ck_assert(sfi__openocd_parse_reply(&a, "0 {0x0 0xFFffFFff}"));
    ck_assert(sfi__openocd_parse_words(&a, words, 2));
    ck_assert_uint_eq(words[0], 0);
    ck_assert_uint_eq(words[1], 0xffffffff);
    ck_assert(sfi__openocd_parse_reply(&a, "0 0x00000012"));
    ck_assert(sfi__openocd_parse_words(&a, words, 1));
    ck_assert_uint_eq(words[0], 0x12);
    for (size_t i = 0; i < ROWS(bad); i++) {
        ck_assert(sfi__openocd_parse_reply(&a, bad[i]));
        ck_assert_msg(!sfi__openocd_parse_words(&a, words, 2),
                      "\"%s\" was taken", bad[i]);
    }
}
END_TEST

START_TEST(test_names)
{
    struct openocd_reply a;
    char name[8];

    ck_assert(sfi__openocd_parse_reply(&a, "0 {h7.axi b-2 toolong8 [exit]}"));
    ck_assert(sfi__openocd_parse_name(&a, 0, name, sizeof(name)));
    ck_assert_str_eq(name, "h7.axi");
    ck_assert(sfi__openocd_parse_name(&a, 1, name, sizeof(name)));
    ck_assert_str_eq(name, "b-2");
    ck_assert(!sfi__openocd_parse_name(&a, 2, name, sizeof(name)));
    ck_assert(!sfi__openocd_parse_name(&a, 3, name, sizeof(name)));
    ck_assert(!sfi__openocd_parse_name(&a, 4, name, sizeof(name)));
    ck_assert(sfi__openocd_parse_reply(&a, "0 {}"));
    ck_assert(!sfi__openocd_parse_name(&a, 0, name, sizeof(name)));
    ck_assert(sfi__openocd_is_name("stm32h7x.cpu0"));
    ck_assert(!sfi__openocd_is_name(""));
    ck_assert(!sfi__openocd_is_name("-all"));
    ck_assert(!sfi__openocd_is_name("a b"));
    ck_assert(!sfi__openocd_is_name("a;b"));
    ck_assert(!sfi__openocd_is_name("$x"));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("openocd");
    TCase *t = tcase_create("tcl");

    tcase_add_test(t, test_commands);
    tcase_add_test(t, test_longest);
    tcase_add_loop_test(t, test_answers, 0, (int)ROWS(answers));
    tcase_add_test(t, test_words);
    tcase_add_test(t, test_names);
    suite_add_tcase(s, t);
    return run_suite(s);
}
