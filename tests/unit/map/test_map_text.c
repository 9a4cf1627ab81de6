/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/map, the text: no line is wider than the columns, colours and UTF-8 only
 * where asked for, and every area, protection and finding in its place. */
#include <sfi/image.h>
#include <sfi/map.h>

#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include <bench/image_kit.h>
#include <bench/layout_kit.h>

#define H7 "stm32h753xi"
#define L4 "stm32l462ce"

static char *
text_map(sfi_layout *l, uint32_t flags, uint32_t columns)
{
    struct kit_bytes out = {0};
    sfi_map_options o = {
        .struct_size = sizeof(o),
        .flags = flags,
        .title = "an image \xc3\xbc \x1b[7m",
        .columns = columns,
    };

    ck_assert_ok(sfi_map_text(l, &o, kit_write, &out));
    kit_append(&out, "", 1);
    return (char *)out.data;
}

/* Columns of a line without its colours; letters of other scripts count as
 * lib/map counts them, or less. */
static size_t
columns_of(const char *line, size_t len)
{
    size_t columns = 0;

    for (size_t i = 0; i < len; i++) {
        if (line[i] == '\x1b')
            while (line[i] != 'm')
                i++;
        else if (((unsigned char)line[i] & 0xc0) != 0x80)
            columns++;
    }
    return columns;
}

static void
check_lines(const char *text, uint32_t flags, uint32_t columns, uint32_t seed)
{
    for (const char *at = text; *at != '\0';) {
        const char *end = strchr(at, '\n');

        ck_assert_ptr_nonnull(end);
        ck_assert_msg(columns_of(at, (size_t)(end - at)) <= columns,
                      "seed %u: %.*s", (unsigned)seed, (int)(end - at), at);
        at = end + 1;
    }
    for (const char *at = text; *at != '\0'; at++) {
        if (!(flags & SFI_MAP_COLOR))
            ck_assert_int_ne(*at, '\x1b');
        if (flags & SFI_MAP_ASCII)
            ck_assert_uint_lt((unsigned char)*at, 0x80);
    }
    ck_assert_ptr_null(strstr(text, "\x1b[7m")); /* of the title */
}

START_TEST(test_any_layout)
{
    static const uint32_t columns[] = {40, 47, 80, 132, 400};

    for (uint32_t seed = 0; seed < 100; seed++) {
        sfi_layout *l = layout_kit_any(_i == 0 ? H7 : L4, seed * 104729u + 3);
        uint32_t flags = seed % 4;
        uint32_t width = columns[seed % ROWS(columns)];
        char *text = text_map(l, flags, width);

        check_lines(text, flags, width, seed);
        free(text);
        sfi_layout_free(l);
    }
}
END_TEST

/* The lines of `want` follow each other in the text. */
static void
check_text(const char *text, const char *want)
{
    ck_assert_msg(strstr(text, want) != NULL, "no\n%sin\n%s", want, text);
}

START_TEST(test_h7)
{
    static const struct kit_segment segments[] = {{0x08000000, 0x20000},
                                                  {0x080fffe0, 8}};
    sfi_image_builder *b = kit_new_builder(H7, segments, 2);
    sfi_layout *l;
    char *text;

    ck_assert_ok(sfi_image_builder_layout(b, &l));
    text = text_map(l, SFI_MAP_ASCII, 60);
    check_text(text,
               "  0 0x08000000 |#################################| 100 %\n"
               "    ^ start with BOOT0 low: 0x08000000, BOOT_CM7_ADD0\n"
               "    segment 1, 0x08000000, 131,072 bytes\n");
    check_text(text,
               "    0x08020000-0x080dffff is empty\n"
               "  7 0x080e0000 |................................+|  <1 %\n"
               "    x last word (cannot be programmed),\n"
               "      0x080fffe0-0x080fffff\n"
               "    segment 2, 0x080fffe0, 8 bytes\n");
    check_text(text,
               "    x error last-word: segment 2 at 0x080fffe0 covers the\n"
               "      last word of bank 1");
    check_text(text, "Outside the flash\n"
                     "    start with BOOT0 high: 0x24000000, AXI SRAM,\n");
    check_text(text, "FPRAR_PRG_A 0x81000200  no PCROP\n");
    free(text);
    sfi_layout_free(l);
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_l4)
{
    static const struct kit_segment segment = {0x08001000, 64};
    struct kit_bytes image = kit_image(L4, &segment, 1);
    sfi_layout *l;
    char *text;

    ck_assert_ok(sfi_image_layout(ctx, sfi_chip_find(L4), image.data, image.len,
                                  NULL, NULL, &l));
    text = text_map(l, 0, 0);
    check_text(text, "    x secure boot (stays), 0x08000000-0x08000fff\n"
                     "    \xe2\x96\xb2 start of the firmware: 0x08001000\n"
                     "    area 1, 0x08001000, 64 bytes\n");
    check_text(text, "    x bootloader (erased after the install), "
                     "0x08075800-0x0807f7ff\n");
    check_text(text, "Option bytes: not known, only the key of the image shows "
                     "them\n");
    free(text);
    sfi_layout_free(l);
    kit_free(&image);
}
END_TEST

/* Many areas in a line are told as one. */
START_TEST(test_many_segments)
{
    sfi_layout *l = layout_kit_segments(H7, 200, "fragments.hex");
    char *text = text_map(l, 0, 80);

    check_text(text, "    segments 1-13: fragments.hex, "
                     "0x08000000-");
    free(text);
    sfi_layout_free(l);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_map_options o = {.struct_size = sizeof(o), .columns = 39};
    sfi_layout *l = layout_kit_segments(H7, 1, NULL);
    struct kit_bytes out = {0};

    ck_assert_int_eq(sfi_map_text(NULL, NULL, kit_write, &out),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_map_text(l, NULL, NULL, NULL), SFI_ERR_ARGUMENT);
    ck_assert_fails(sfi_map_text(l, &o, kit_write, &out), SFI_ERR_RANGE, "",
                    "39 columns, expected 40 to 400");
    o.columns = 401;
    ck_assert_int_eq(sfi_map_text(l, &o, kit_write, &out), SFI_ERR_RANGE);
    o.columns = 0;
    o.reserved = 1;
    ck_assert_fails_about(sfi_map_text(l, &o, kit_write, &out),
                          SFI_ERR_ARGUMENT, "", "reserved == 0");
    o.reserved = 0;
    o.columns = 0;
    o.flags = 4;
    ck_assert_int_eq(sfi_map_text(l, &o, kit_write, &out), SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(out.len, 0);
    sfi_layout_free(l);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("map_text");
    TCase *tc = tcase_create("map_text");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_any_layout, 0, 2);
    tcase_add_test(tc, test_h7);
    tcase_add_test(tc, test_l4);
    tcase_add_test(tc, test_many_segments);
    tcase_add_test(tc, test_arguments);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
