/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/preflight, the rules: what each part refuses, and the messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>

#include "preflight/rules.h"

#include "fixture.h"
#include <bench/image_kit.h>

#define H7 "stm32h753xi"
#define L4 "stm32l462ce"

/* Areas by one text: "F address size" and so on; findings likewise, one a
 * line, "status: message". */
static const struct {
    const char *name, *chip, *areas, *findings;
} rows[] = {
    {"good h753", H7, "F 08000000 844; F 08030000 9884; C 0 36", ""},
    {"good l462", L4, "F 08001000 65532; C 0 20", ""},
    {"all of the flash but last words", H7,
     "F 08000000 1048544; F 08100000 1048544; C 0 36", ""},
    {"ascending", H7, "F 08000000 4; F 08030000 4; F 08030020 4; C 0 36", ""},
    {"descending", H7, "F 08030000 4; F 08000000 4; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 2 at 0x08000000 lies below the previous one "
     "at 0x08030000, expected ascending addresses\n"},
    {"descending, side by side", L4, "F 08001008 8; F 08001000 8; C 0 20",
     "SFI_ERR_CHIP_RULE: segment 2 at 0x08001000 lies below the previous one "
     "at 0x08001008, expected ascending addresses\n"},
    {"descending past a module", H7,
     "F 08030000 4; M 08080000 1688; F 08000000 4; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 3 at 0x08000000 lies below the previous one "
     "at 0x08030000, expected ascending addresses\n"},
    {"modules in any order", H7,
     "F 08000000 4; M 08080000 1688; M 08040000 1688; C 0 36", ""},
    {"module", H7, "F 08000000 4; M 08080000 1688; C 0 36", ""},

    {"nothing", H7, "",
     "SFI_ERR_FORMAT: no firmware: nothing to install\n"
     "SFI_ERR_FORMAT: no option bytes: a first install needs them\n"},
    {"no firmware", H7, "C 0 36",
     "SFI_ERR_FORMAT: no firmware: nothing to install\n"},
    {"no option bytes", H7, "F 08000000 4",
     "SFI_ERR_FORMAT: no option bytes: a first install needs them\n"},
    {"empty area", H7, "F 08000000 0; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x08000000 is empty\n"},
    {"module without code", H7, "F 08000000 4; M 08080000 48; C 0 36",
     "SFI_ERR_RANGE: module 2 at 0x08080000 is empty\n"},

    {"below the flash", H7, "F 07fffffc 8; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x07fffffc (8 bytes) is not inside the flash "
     "of stm32h753xi, 0x08000000 to 0x081fffff\n"},
    {"behind the flash", H7, "F 08200000 1; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x08200000 (1 bytes) is not inside the flash "
     "of stm32h753xi, 0x08000000 to 0x081fffff\n"},
    {"across the end", H7, "F 081fffe0 33; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x081fffe0 (33 bytes) is not inside the "
     "flash of stm32h753xi, 0x08000000 to 0x081fffff\n"},
    {"RAM", L4, "F 20000000 4; C 0 20",
     "SFI_ERR_RANGE: segment 1 at 0x20000000 (4 bytes) is in SRAM1, not in the "
     "flash of stm32l462ce, 0x08000000 to 0x0807ffff\n"},
    {"DTCM", H7, "F 20000000 16; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x20000000 (16 bytes) is in DTCM, not in the "
     "flash of stm32h753xi, 0x08000000 to 0x081fffff\n"},
    {"D3's SRAM", H7, "F 38000000 16; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x38000000 (16 bytes) is in SRAM4, ...\n"},
    {"external memory", H7, "F 90000000 16; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x90000000 (16 bytes) is in external memory "
     "(QUADSPI), ...\n"},
    {"OTP", L4, "F 1fff7000 16; C 0 20",
     "SFI_ERR_RANGE: segment 1 at 0x1fff7000 (16 bytes) is in OTP, ...\n"},
    {"option bytes", L4, "F 1fff7800 40; C 0 20",
     "SFI_ERR_RANGE: segment 1 at 0x1fff7800 (40 bytes) is in the option "
     "bytes, ...\n"},
    {"system memory", L4, "F 1fff0000 16; C 0 20",
     "SFI_ERR_RANGE: segment 1 at 0x1fff0000 (16 bytes) is in system memory, "
     "...\n"},
    {"beyond 32 bits", H7, "F 108000000 4; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0x108000000 (4 bytes) is not inside the "
     "flash of stm32h753xi, 0x08000000 to 0x081fffff\n"},
    {"around the end of the address space", H7, "F fffffffffffffffe 4; C 0 36",
     "SFI_ERR_RANGE: segment 1 at 0xfffffffffffffffe (4 bytes) is not inside "
     "the flash of stm32h753xi, 0x08000000 to 0x081fffff\n"},
    {"module outside", H7, "F 08000000 4; M 081ffff0 80; C 0 36",
     "SFI_ERR_RANGE: module 2 at 0x081ffff0 (32 bytes) is not inside the flash "
     "of stm32h753xi, 0x08000000 to 0x081fffff\n"},

    {"l462, below the user's flash", L4, "F 08000ff8 16; C 0 20",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x08000ff8 begins below 0x08001000, "
     "where "
     "firmware of stm32l462ce begins\n"},
    {"l462, last 42 KB", L4, "F 08075800 4; C 0 20",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x08075800 ends at 0x08075803, beyond "
     "0x080757ff, where firmware of stm32l462ce ends\n"},
    {"l462, into the last 42 KB", L4, "F 080757fc 8; C 0 20",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x080757fc ends at 0x08075803, beyond "
     "0x080757ff, where firmware of stm32l462ce ends\n"},
    {"l462, up to the last 42 KB", L4, "F 080757fc 4; C 0 20", ""},

    {"last word of bank 1", H7, "F 080fff80 128; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x080fff80 covers the last word of bank "
     "1 "
     "(0x080fffe0), which stm32h753xi cannot program\n"},
    {"first byte of it", H7, "F 080fffc0 33; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x080fffc0 covers the last word of bank "
     "1 "
     "(0x080fffe0), which stm32h753xi cannot program\n"},
    {"up to it", H7, "F 080fffc0 32; C 0 36", ""},
    {"last byte of bank 2", H7, "F 081fffff 1; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x081fffff covers the last word of bank "
     "2 "
     "(0x081fffe0), which stm32h753xi cannot program\n"},
    {"both banks", H7, "F 08000000 2097152; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x08000000 covers the last word of bank "
     "1 "
     "(0x080fffe0), which stm32h753xi cannot program\n"
     "SFI_ERR_CHIP_RULE: segment 1 at 0x08000000 covers the last word of bank "
     "2 "
     "(0x081fffe0), which stm32h753xi cannot program\n"},
    {"module on it", H7, "F 08000000 4; M 080fffe0 49; C 0 36",
     "SFI_ERR_CHIP_RULE: module 2 at 0x080fffe0 covers the last word of bank 1 "
     "(0x080fffe0), which stm32h753xi cannot program\n"},

    {"overlap", H7, "F 08000000 64; F 0800003f 4; C 0 36",
     "SFI_ERR_OVERLAP: segment 2 at 0x0800003f (4 bytes) overlaps segment 1 at "
     "0x08000000 (64 bytes)\n"},
    {"the same twice", H7, "F 08000000 64; F 08000000 64; C 0 36",
     "SFI_ERR_OVERLAP: segment 2 at 0x08000000 (64 bytes) overlaps segment 1 "
     "at "
     "0x08000000 (64 bytes)\n"},
    {"one inside the other", H7, "F 08000100 4; F 08000000 1024; C 0 36",
     "SFI_ERR_OVERLAP: segment 2 at 0x08000000 (1024 bytes) overlaps segment 1 "
     "at 0x08000100 (4 bytes)\n"},
    {"one flash word", H7, "F 08000000 4; F 0800001f 1; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 2 at 0x0800001f shares a flash word of 32 "
     "bytes with segment 1 at 0x08000000: stm32h753xi programs a word once\n"},
    {"l462, one flash word", L4, "F 0800100c 4; F 08001000 12; C 0 20",
     "SFI_ERR_CHIP_RULE: segment 2 at 0x08001000 shares a flash word of 8 "
     "bytes "
     "with segment 1 at 0x0800100c: stm32l462ce programs a word once\n"},

    {"l462, no multiple of 4", L4, "F 08001000 1022; C 0 20",
     "SFI_ERR_CHIP_RULE: the firmware has 1022 bytes in all, stm32l462ce needs "
     "a multiple of 4\n"},
    {"l462, a multiple of 4 in all", L4,
     "F 08001000 1022; F 08002000 2; C 0 20", ""},
    {"l462, 64 KB", L4, "F 08001000 65536; C 0 20", ""},
    {"l462, above 64 KB", L4, "F 08001000 65540; C 0 20", ""},
    {"l462, a multiple of 256 above 64 KB", L4, "F 08001000 65792; C 0 20",
     "SFI_ERR_CHIP_RULE: the firmware has 65792 bytes in all: above 65536 "
     "bytes, stm32l462ce cannot take a multiple of 256\n"},
    {"l462, likewise in all", L4, "F 08001000 65536; F 08020000 256; C 0 20",
     "SFI_ERR_CHIP_RULE: the firmware has 65792 bytes in all: above 65536 "
     "bytes, stm32l462ce cannot take a multiple of 256\n"},

    {"option bytes of the l462", H7, "F 08001000 4; C 0 20",
     "SFI_ERR_CHIP_RULE: area 2 holds 20 bytes of option bytes, stm32h753xi "
     "has "
     "36: made for another chip\n"},
    {"option bytes of the h753", L4, "F 08001000 4; C 0 36",
     "SFI_ERR_CHIP_RULE: area 2 holds 36 bytes of option bytes, stm32l462ce "
     "has "
     "20: made for another chip\n"},
    {"option bytes twice", H7, "F 08000000 4; C 0 36; C 0 36",
     "SFI_ERR_FORMAT: area 2 holds the option bytes, expected them in the last "
     "area\n"
     "SFI_ERR_FORMAT: 2 areas hold option bytes, expected one\n"},
    {"option bytes first", H7, "C 0 36; F 08000000 4",
     "SFI_ERR_FORMAT: area 1 holds the option bytes, expected them in the last "
     "area\n"},
    {"option bytes with an address", H7, "F 08000000 4; C 5200201c 36",
     "SFI_ERR_FORMAT: area 2 holds the option bytes and has the address "
     "0x5200201c, expected 0\n"},

    {"many at once", L4, "F 08000000 1021; F 0807f000 2; C 0 36",
     "SFI_ERR_CHIP_RULE: segment 1 at 0x08000000 begins below 0x08001000, "
     "where "
     "firmware of stm32l462ce begins\n"
     "SFI_ERR_CHIP_RULE: segment 2 at 0x0807f000 ends at 0x0807f001, beyond "
     "0x080757ff, where firmware of stm32l462ce ends\n"
     "SFI_ERR_CHIP_RULE: the firmware has 1023 bytes in all, stm32l462ce needs "
     "a multiple of 4\n"
     "SFI_ERR_CHIP_RULE: area 3 holds 36 bytes of option bytes, stm32l462ce "
     "has "
     "20: made for another chip\n"},
};

#define AREAS_MAX 8u

static size_t
parse_areas(const char *text, struct layout_area *areas)
{
    size_t count = 0;

    while (*text != '\0') {
        unsigned long long address, size;
        char type;
        int used;

        ck_assert_uint_lt(count, AREAS_MAX);
        ck_assert_int_eq(
            sscanf(text, " %c %llx %llu%n", &type, &address, &size, &used), 3);
        areas[count++] = (struct layout_area){
            .type = (uint8_t)type, .address = address, .size = size};
        text += used;
        text += *text == ';';
    }
    return count;
}

struct list {
    char text[2048];
};

/* Errors alone: test_findings.c has the rest. */
static void
note(void *user, const sfi_finding *finding)
{
    struct list *l = user;
    size_t len = strlen(l->text);

    if (finding->severity != SFI_FINDING_ERROR)
        return;
    (void)snprintf(l->text + len, sizeof(l->text) - len, "%s: %s\n",
                   sfi_status_name(finding->status), finding->message);
}

START_TEST(test_rules)
{
    struct layout_area areas[AREAS_MAX];
    struct layout in = {
        .chip = sfi_chip_find(rows[_i].chip),
        .noun = "segment",
        .areas = areas,
        .count = parse_areas(rows[_i].areas, areas),
    };
    struct list list = {""};
    struct findings f = {.ctx = ctx, .report = note, .user = &list};
    char expected[512];
    sfi_status st;

    st = sfi__rules_check(&in, &f);
    ck_assert_msg(text_matches(list.text, rows[_i].findings),
                  "%s\n  found    %s\n  expected %s", rows[_i].name, list.text,
                  rows[_i].findings);
    /* the first is returned, with its own message */
    ck_assert_int_eq(st == SFI_OK, list.text[0] == '\0');
    if (st == SFI_OK)
        return;
    (void)snprintf(expected, sizeof(expected), "%s: %s", sfi_status_name(st),
                   sfi_error_message(sfi_ctx_error(ctx)));
    ck_assert_int_eq(strncmp(list.text, expected, strcspn(list.text, "\n")), 0);
    ck_assert_uint_eq(strlen(expected), strcspn(list.text, "\n"));
}
END_TEST

START_TEST(test_too_many_areas)
{
    size_t count = UINT16_MAX + 1u;
    struct layout_area *areas = calloc(count, sizeof(*areas));
    struct layout in = {
        .chip = sfi_chip_find(H7),
        .noun = "segment",
        .areas = areas,
        .count = count,
    };
    struct list list = {""};
    struct findings f = {.ctx = ctx, .report = note, .user = &list};

    ck_assert_ptr_nonnull(areas);
    for (size_t i = 0; i + 1 < count; i++)
        areas[i] = (struct layout_area){
            .type = 'F', .address = 0x08000000 + 32 * i, .size = 1};
    areas[count - 1] = (struct layout_area){.type = 'C', .size = 36};
    areas[32767].size = 0; /* it has the last word of bank 1 */
    ck_assert_int_eq(sfi__rules_check(&in, &f), SFI_ERR_LIMIT);
    ck_assert_str_eq(list.text,
                     "SFI_ERR_LIMIT: 65536 areas, an image has at most 65535\n"
                     "SFI_ERR_RANGE: segment 32768 at 0x080fffe0 is empty\n");
    free(areas);
}
END_TEST

/* ---- through the public functions ---- */

struct busy {
    sfi_image_builder *builder;
    unsigned calls;
};

static void
try_builder(void *user, const sfi_finding *finding)
{
    struct busy *k = user;

    ck_assert_uint_eq(finding->struct_size, sizeof(*finding));
    ck_assert((finding->status != SFI_OK) ==
              (finding->severity == SFI_FINDING_ERROR));
    ck_assert_str_ne(finding->message, "");
    ck_assert_str_ne(finding->rule, "");
    ck_assert_str_ne(finding->remedy, "");
    k->calls += finding->severity == SFI_FINDING_ERROR;
    ck_assert_int_eq(sfi_image_builder_check(k->builder, NULL, NULL),
                     SFI_ERR_STATE);
}

START_TEST(test_builder_check)
{
    static const struct kit_segment segments[] = {
        {0x08000000, 64}, {0x08200000, 4}, {0x080fffe0, 4}};
    sfi_image_builder *b = kit_new_builder(H7, segments, ROWS(segments));
    sfi_firmware *other;
    struct kit_bytes image = {0};
    struct busy busy = {b, 0};
    struct list list = {""};

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0x08000010,
                                    (const uint8_t *)"four", 4, &other));
    ck_assert_ok(sfi_image_builder_add_firmware(b, other));
    sfi_firmware_free(other);
    ck_assert_fails(sfi_image_builder_check(b, note, &list), SFI_ERR_RANGE, "",
                    "segment 4 at 0x08200000 (4 bytes) is not inside the flash "
                    "of stm32h753xi, 0x08000000 to 0x081fffff");
    ck_assert_str_eq(
        list.text,
        "SFI_ERR_RANGE: segment 4 at 0x08200000 (4 bytes) is not inside the "
        "flash of stm32h753xi, 0x08000000 to 0x081fffff\n"
        "SFI_ERR_CHIP_RULE: segment 3 at 0x080fffe0 covers the last word of "
        "bank 1 (0x080fffe0), which stm32h753xi cannot program\n"
        "SFI_ERR_OVERLAP: the segment at 0x08000010 overlaps the segment at "
        "0x08000000, and they differ at 0x08000010\n");
    /* a callback that fails on the builder does not change the outcome */
    ck_assert_fails_about(sfi_image_builder_check(b, try_builder, &busy),
                          SFI_ERR_RANGE, "", "segment 4", "0x08200000",
                          "4 bytes");
    ck_assert_uint_eq(busy.calls, 3);
    /* and a refused image is not written */
    ck_assert_fails_about(sfi_image_builder_write(b, kit_write, &image),
                          SFI_ERR_RANGE, "", "segment 4", "0x08200000",
                          "4 bytes");
    ck_assert_uint_eq(image.len, 0);
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_image_check)
{
    static const struct kit_segment low = {0x08000000, 4};
    struct kit_bytes image = kit_image(H7, &low, 1);
    struct list list = {""};

    ck_assert_ok(sfi_image_check(ctx, sfi_chip_find(H7), image.data, image.len,
                                 note, &list));
    ck_assert_str_eq(list.text, "");
    ck_assert_fails(sfi_image_check(ctx, sfi_chip_find(L4), image.data,
                                    image.len, note, &list),
                    SFI_ERR_CHIP_RULE, "",
                    "area 1 at 0x08000000 begins below 0x08001000, where "
                    "firmware of stm32l462ce begins");
    ck_assert_str_eq(list.text,
                     "SFI_ERR_CHIP_RULE: area 1 at 0x08000000 begins below "
                     "0x08001000, where firmware of stm32l462ce begins\n"
                     "SFI_ERR_CHIP_RULE: area 2 holds 36 bytes of option "
                     "bytes, stm32l462ce has 20: made for another chip\n");
    /* a malformed image is an error, not a finding about the chip */
    list.text[0] = '\0';
    ck_assert_fails_about(sfi_image_check(ctx, sfi_chip_find(H7), image.data,
                                          image.len - 1, note, &list),
                          SFI_ERR_TRUNCATED, "area 2", "image",
                          "35 of 36 bytes");
    ck_assert_fails_about(
        sfi_image_check(ctx, sfi_chip_find(H7), NULL, 0, note, &list),
        SFI_ERR_TRUNCATED, "header", "ends", " 0 of 28 bytes");
    ck_assert_str_eq(list.text, "");
    ck_assert_fails_about(
        sfi_image_check(ctx, NULL, image.data, image.len, NULL, NULL),
        SFI_ERR_ARGUMENT, "", "chip != NULL");
    ck_assert_fails_about(
        sfi_image_check(ctx, sfi_chip_find(H7), NULL, 1, NULL, NULL),
        SFI_ERR_ARGUMENT, "", "image != NULL || len == 0");
    kit_free(&image);
}
END_TEST

START_TEST(test_image_check_no_memory)
{
    static const struct kit_segment low = {0x08000000, 4};
    struct kit_bytes image = kit_image(H7, &low, 1);
    size_t live = memory.live, n = 0;
    sfi_status st;

    do {
        memory.fail_at = ++n;
        st = sfi_image_check(ctx, sfi_chip_find(H7), image.data, image.len,
                             NULL, NULL);
        if (memory.fail_at == 0)
            ck_assert_fails_about(st, SFI_ERR_NOMEM, "", "memory");
        ck_assert_uint_eq(memory.live, live);
    } while (memory.fail_at == 0);
    memory.fail_at = 0;
    ck_assert_int_eq(st, SFI_OK);
    ck_assert_uint_ge(n, 4);
    kit_free(&image);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("image_rules");
    TCase *tc = tcase_create("rules");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_rules, 0, (int)ROWS(rows));
    tcase_add_test(tc, test_too_many_areas);
    tcase_add_test(tc, test_builder_check);
    tcase_add_test(tc, test_image_check);
    tcase_add_test(tc, test_image_check_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
