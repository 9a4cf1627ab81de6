/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/map, the picture: whatever is in a layout, no two texts overlap, no line
 * crosses one, all are inside, and what comes from files is escaped. */
#include <sfi/image.h>
#include <sfi/map.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include <bench/image_kit.h>
#include <bench/layout_kit.h>
#include <bench/svg_kit.h>

#define H7 "stm32h753xi"
#define L4 "stm32l462ce"

/* The picture as a text; the caller frees. */
static char *
picture(sfi_layout *l, const char *title)
{
    struct kit_bytes out = {0};
    sfi_map_options o = {.struct_size = sizeof(o), .title = title};

    ck_assert_ok(sfi_map_svg(l, &o, kit_write, &out));
    kit_append(&out, "", 1);
    return (char *)out.data;
}

static void
check_places(const struct svg_picture *p, const char *what)
{
    for (size_t i = 0; i < p->text_count; i++) {
        const struct svg_text *t = &p->texts[i];

        ck_assert_msg(t->left >= 0 && t->right <= p->width && t->top >= 0 &&
                          t->bottom <= p->height,
                      "%s: outside: %.*s", what, (int)t->len, t->text);
        for (size_t k = i + 1; k < p->text_count; k++) {
            const struct svg_text *o = &p->texts[k];

            ck_assert_msg(t->right <= o->left || o->right <= t->left ||
                              t->bottom <= o->top || o->bottom <= t->top,
                          "%s: overlap: %.*s and %.*s", what, (int)t->len,
                          t->text, (int)o->len, o->text);
        }
        for (size_t k = 0; k < p->line_count; k++) {
            const struct svg_line *l = &p->lines[k];

            ck_assert_msg(l->x <= t->left || l->x >= t->right ||
                              l->bottom <= t->top || l->top >= t->bottom,
                          "%s: a line crosses %.*s", what, (int)t->len,
                          t->text);
        }
    }
}

static void
check_picture(sfi_layout *l, const char *title, const char *what)
{
    char *svg = picture(l, title);
    struct svg_picture p;

    svg_kit_read(svg, &p);
    ck_assert_msg(p.width == 1200 && p.height > 300, "%s: size", what);
    check_places(&p, what);
    ck_assert_ptr_null(strstr(svg, "<script"));
    ck_assert_ptr_null(strstr(svg, "\x1b"));
    ck_assert_ptr_null(strstr(svg, "\xe2\x80\xae"));
    svg_kit_free(&p);
    free(svg);
}

START_TEST(test_any_layout)
{
    static const char *const titles[] = {
        NULL, "image.sfi",
        "a title <so> long that it cannot be shown as a whole, because it goes "
        "on and on and on, up to the edge of the picture, and far beyond it"};

    for (uint32_t seed = 0; seed < 150; seed += (uint32_t)test_step(8)) {
        sfi_layout *l = layout_kit_any(_i == 0 ? H7 : L4, seed * 7919u + 1);
        char what[32];

        (void)snprintf(what, sizeof(what), "seed %u", (unsigned)seed);
        check_picture(l, titles[seed % 3], what);
        sfi_layout_free(l);
    }
}
END_TEST

START_TEST(test_many_segments)
{
    static const uint32_t counts[] = {1, 2, 8, 9, 24, 25, 60, 200, 3000};
    size_t step = test_step(3) > 1 ? 3 : 1;

    for (size_t i = 0; i < ROWS(counts); i += step) {
        sfi_layout *l =
            layout_kit_segments(_i == 0 ? H7 : L4, counts[i], "fragments.hex");
        char what[32];

        (void)snprintf(what, sizeof(what), "%u segments", (unsigned)counts[i]);
        check_picture(l, "many", what);
        sfi_layout_free(l);
    }
}
END_TEST

/* What is where, in words that the picture has. */
START_TEST(test_content)
{
    static const struct kit_segment segments[] = {{0x08000000, 64},
                                                  {0x080fffe0, 8}};
    sfi_image_builder *b = kit_new_builder(H7, segments, 2);
    static const char *const facts[] = {
        "<title id=\"t\">Flash map of a &amp; b for stm32h753xi</title>",
        "stm32h753xi, 2 segments, 72 bytes, ",
        "Bank 2",
        "sector 15",
        "segment 1",
        "0x08000000, 64 bytes",
        "start with BOOT0 low",
        "Outside the flash",
        "AXI SRAM",
        "last word: cannot be programmed",
        "last-word",
        "AN4992, 7.1",
        "leave the last flash word",
        "class=\"se\"",
        "FOPTSR_PRG",
        "prefers-color-scheme:dark"};
    sfi_layout *l;
    char *svg;

    ck_assert_ok(sfi_image_builder_layout(b, &l));
    svg = picture(l, "a & b");
    for (size_t i = 0; i < ROWS(facts); i++)
        ck_assert_msg(strstr(svg, facts[i]) != NULL, "no %s", facts[i]);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)), "");
    free(svg);
    sfi_layout_free(l);
    sfi_image_builder_free(b);
}
END_TEST

/* Without the key the picture says what it does not know. */
START_TEST(test_no_key)
{
    static const struct kit_segment segment = {0x08001000, 64};
    struct kit_bytes image = kit_image(L4, &segment, 1);
    sfi_layout *l;
    char *svg;

    ck_assert_ok(sfi_image_layout(ctx, sfi_chip_find(L4), image.data, image.len,
                                  NULL, NULL, &l));
    svg = picture(l, NULL);
    ck_assert_ptr_nonnull(strstr(svg, "only the key"));
    ck_assert_ptr_nonnull(strstr(svg, "area 1"));
    ck_assert_ptr_nonnull(strstr(svg, "start of the firmware"));
    ck_assert_ptr_nonnull(strstr(svg, "bootloader: erased after the install"));
    free(svg);
    sfi_layout_free(l);
    kit_free(&image);
}
END_TEST

/* ---- how it fails ---- */

static sfi_status
refuse(void *user, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return *(sfi_status *)user;
}

static sfi_status
look_inside(void *user, const uint8_t *data, size_t len)
{
    sfi_layout *l = user;

    (void)data;
    (void)len;
    ck_assert_int_eq(sfi_layout_check(l, NULL, NULL), SFI_ERR_STATE);
    ck_assert_int_eq(sfi_map_svg(l, NULL, look_inside, l), SFI_ERR_STATE);
    return SFI_OK;
}

START_TEST(test_failures)
{
    sfi_map_options o = {.struct_size = sizeof(o), .flags = SFI_MAP_COLOR};
    sfi_layout *l = layout_kit_segments(H7, 3, "app.hex");
    struct kit_bytes out = {0};
    sfi_status st = SFI_ERR_OS;

    ck_assert_int_eq(sfi_map_svg(NULL, NULL, kit_write, &out),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails(sfi_map_svg(l, NULL, NULL, NULL), SFI_ERR_ARGUMENT, "",
                    "... write ...");
    ck_assert_fails(sfi_map_svg(l, &o, kit_write, &out), SFI_ERR_ARGUMENT, "",
                    "this map has no flags 0x2");
    o.struct_size = 3;
    ck_assert_int_eq(sfi_map_svg(l, &o, kit_write, &out), SFI_ERR_ABI);
    ck_assert_int_eq(sfi_map_svg(l, NULL, refuse, &st), SFI_ERR_OS);
    st = 7;
    ck_assert_int_eq(sfi_map_svg(l, NULL, refuse, &st), SFI_ERR_CALLBACK);
    ck_assert_ok(sfi_map_svg(l, NULL, look_inside, l));
    ck_assert_uint_eq(out.len, 0);
    sfi_layout_free(l);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_layout *l = layout_kit_any(H7, 5);
    struct kit_bytes out = {0};
    sfi_status st;

    for (size_t fail_at = 1;; fail_at++) {
        memory.fail_at = fail_at;
        st = sfi_map_svg(l, NULL, kit_write, &out);
        memory.fail_at = 0;
        if (st == SFI_OK)
            break;
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        ck_assert_uint_eq(out.len, 0);
    }
    ck_assert_uint_gt(out.len, 0);
    kit_free(&out);
    sfi_layout_free(l);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("map_svg");
    TCase *tc = tcase_create("map_svg");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_any_layout, 0, 2);
    tcase_add_loop_test(tc, test_many_segments, 0, 2);
    tcase_add_test(tc, test_content);
    tcase_add_test(tc, test_no_key);
    tcase_add_test(tc, test_failures);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
