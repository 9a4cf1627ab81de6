/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/image, the builder: several firmwares in one image, the same bytes twice,
 * other bytes for one address, gaps that are closed, and padding. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>

#include "preflight/layout.h"

#include "fixture.h"
#include <bench/firmware_rows.h>
#include <bench/image_kit.h>

#define H7 "stm32h753xi"
#define L4 "stm32l462ce"

/* Errors, and findings of the rules for the builder's work, one a line:
 * "severity rule message". */
static char findings[4096];

static void
collect_finding(void *user, const sfi_finding *f)
{
    static const char severities[] = "-nwE";
    static const char *const rules[] = {"repeated-data", "gaps-filled",
                                        "padded"};
    size_t len = strlen(findings);
    bool ours = f->severity == SFI_FINDING_ERROR;

    (void)user;
    for (size_t i = 0; i < ROWS(rules); i++)
        ours = ours || strcmp(f->rule, rules[i]) == 0;
    if (!ours)
        return;
    ck_assert_str_ne(f->remedy, "");
    (void)snprintf(findings + len, sizeof(findings) - len, "%c %s %s\n",
                   severities[f->severity], f->rule, f->message);
}

static sfi_status
check(sfi_image_builder *b)
{
    findings[0] = '\0';
    return sfi_image_builder_check(b, collect_finding, NULL);
}

static void
add_bytes(sfi_image_builder *b, uint64_t address, const void *data, size_t len)
{
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", address, data, len, &fw));
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    sfi_firmware_free(fw);
}

static void
add_file(sfi_image_builder *b, const char *text, char *path)
{
    size_t len;
    char *file = firmware_text(text, &len);
    sfi_firmware *fw;

    ck_assert_ok(firmware_load_bytes("s19", NULL, file, len, path, &fw));
    free(file);
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    sfi_firmware_free(fw);
}

/* "08000000=01ff 08000020=..." of the finished image's firmware. */
static const char *
image_areas(sfi_image_builder *b, const char *chip)
{
    static char text[8192];
    struct kit_bytes image = {0};
    sfi_key *key = kit_new_key();
    sfi_layout *l;
    char *p = text;

    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    ck_assert_ok(sfi_image_layout(ctx, sfi_chip_find(chip), image.data,
                                  image.len, key, kit_nonce, &l));
    text[0] = '\0';
    for (size_t i = 0; i < l->plain.count; i++) {
        const struct layout_area *a = &l->plain.areas[i];

        if (a->type != SFI_AREA_FIRMWARE)
            continue;
        p += sprintf(p, "%s%08" PRIx64 "=", i > 0 ? " " : "", a->address);
        for (size_t k = 0; k < a->size && k < 64; k++)
            p += sprintf(p, "%02x", a->first->data[k]);
        if (a->size > 64)
            p += sprintf(p, "...%" PRIu64, a->size);
    }
    sfi_layout_free(l);
    sfi_key_free(key);
    kit_free(&image);
    return text;
}

/* ---- two files ---- */

#define END "S9030000FC\n"
#define BOOT "S30808000000010203??\n"

START_TEST(test_equal_bytes)
{
    sfi_image_builder *b = kit_new_builder(H7, NULL, 0);
    char boot[FIRMWARE_PATH_MAX], app[FIRMWARE_PATH_MAX], expected[1024];

    add_file(b, BOOT END, boot);
    add_file(b, "S30808000001020304??\nS30708020000AABB??\n" END, app);
    ck_assert_ok(check(b));
    (void)snprintf(expected, sizeof(expected),
                   "w repeated-data 0x08000001 to 0x08000002 (2 bytes) is in "
                   "segment 1 of %s and again in segment 1 of %s, with equal "
                   "bytes\n",
                   boot, app);
    ck_assert_str_eq(findings, expected);
    ck_assert_str_eq(image_areas(b, H7), "08000000=01020304 08020000=aabb");
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_other_bytes)
{
    sfi_image_builder *b = kit_new_builder(H7, NULL, 0);
    struct kit_bytes image = {0};
    char boot[FIRMWARE_PATH_MAX], app[FIRMWARE_PATH_MAX], expected[1024];

    add_file(b, BOOT END, boot);
    add_file(b, "S30708000400AABB??\nS30808000001020404??\n" END, app);
    (void)snprintf(expected, sizeof(expected),
                   "segment 1 of %s overlaps segment 1 of %s, and they differ "
                   "at 0x08000002",
                   app, boot);
    ck_assert_fails(check(b), SFI_ERR_OVERLAP, "", expected);
    (void)snprintf(expected + strlen(expected),
                   sizeof(expected) - strlen(expected), "\n");
    ck_assert_str_eq(findings + strlen("E overlap "), expected);
    ck_assert_int_eq(sfi_image_builder_write(b, kit_write, &image),
                     SFI_ERR_OVERLAP);
    ck_assert_uint_eq(image.len, 0);
    sfi_image_builder_free(b);
}
END_TEST

/* ---- gaps ---- */

static const struct {
    const char *name, *chip;
    uint64_t at[4]; /* two bytes each; 0: none */
    uint64_t merge_gap;
    uint32_t fill;
    const char *areas, *findings;
} gaps[] = {
    {"none is closed",
     H7,
     {0x08000000, 0x08000020},
     0,
     0xff,
     "08000000=0102 08000020=0102",
     ""},
    {"shorter than the limit",
     H7,
     {0x08000000, 0x08000020},
     31,
     0xff,
     "08000000=0102ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "0102",
     "n gaps-filled 1 gap of 30 bytes in all is filled with 0xff\n"},
    {"just the limit",
     L4,
     {0x08001000, 0x0800100c, 0x08001012},
     10,
     0,
     "08001000=0102000000000000000000000102000000000102",
     "n gaps-filled 2 gaps of 14 bytes in all are filled with 0x00\n"},
    {"longer than the limit",
     H7,
     {0x08000000, 0x08000020},
     29,
     0xff,
     "08000000=0102 08000020=0102",
     ""},
    {"in a flash word, with another byte",
     H7,
     {0x08000000, 0x08000008},
     0,
     0xa5,
     "08000000=0102a5a5a5a5a5a50102",
     ""},
    {"segments that touch",
     H7,
     {0x0800001e, 0x08000020},
     1,
     0xff,
     "0800001e=01020102",
     ""},
    {"over the last word of a bank",
     H7,
     {0x080fffde, 0x08100000},
     1000,
     0xff,
     "080fffde=0102 08100000=0102",
     ""},
};

START_TEST(test_gaps)
{
    sfi_image_builder *b = kit_new_builder(gaps[_i].chip, NULL, 0);

    ck_assert_ok(sfi_image_builder_set_merge_gap(b, gaps[_i].merge_gap));
    ck_assert_ok(sfi_image_builder_set_fill(b, gaps[_i].fill));
    ck_assert_ok(sfi_image_builder_set_padding(b, SFI_PADDING_AUTO));
    for (size_t i = 0; i < 4 && gaps[_i].at[i] != 0; i++)
        add_bytes(b, gaps[_i].at[i], "\1\2", 2);
    ck_assert_ok(check(b));
    ck_assert_msg(strcmp(findings, gaps[_i].findings) == 0, "%s: %s",
                  gaps[_i].name, findings);
    ck_assert_str_eq(image_areas(b, gaps[_i].chip), gaps[_i].areas);
    sfi_image_builder_free(b);
}
END_TEST

/* ---- padding ---- */

static const struct {
    struct kit_segment segments[3];
    size_t count;
    uint64_t pad_at, pad; /* 0: none */
    sfi_status st;
} pads[] = {
    {{{0x08001000, 1022}}, 1, 0x080013fe, 2, SFI_OK},
    {{{0x08001000, 1024}}, 1, 0, 0, SFI_OK},
    {{{0x08001000, 65536}}, 1, 0, 0, SFI_OK},
    {{{0x08001000, 65535}}, 1, 0x08010fff, 1, SFI_OK},
    /* 257 times 256 bytes */
    {{{0x08001000, 65792}}, 1, 0x08011100, 4, SFI_OK},
    /* the next multiple of 4 is one of 256 */
    {{{0x08001000, 65789}}, 1, 0x080110fd, 7, SFI_OK},
    /* the total counts */
    {{{0x08001000, 65536}, {0x08020000, 256}}, 2, 0x08020100, 4, SFI_OK},
    /* no room behind the last: the one before; nor in its flash word */
    {{{0x08001000, 1023}, {0x080757fc, 4}}, 2, 0x080013ff, 1, SFI_OK},
    {{{0x08001000, 5}, {0x08001008, 5}, {0x080757ff, 1}},
     3,
     0x0800100d,
     1,
     SFI_OK},
    {{{0x08001000, 8}, {0x08001008, 5}, {0x08001020, 0x747e0}},
     3,
     0x0800100d,
     3,
     SFI_OK},
    /* no room at all */
    {{{0x08001000, 0x747ff}, {0x080757ff, 1}}, 2, 0, 0, SFI_ERR_CHIP_RULE},
    {{{0x08001001, 0x747ff}}, 1, 0, 0, SFI_ERR_CHIP_RULE},
};

START_TEST(test_padding)
{
    sfi_image_builder *b =
        kit_new_builder(L4, pads[_i].segments, pads[_i].count);
    char expected[256] = "";
    sfi_layout *l;

    ck_assert_int_eq(check(b),
                     pads[_i].pad > 0 ? SFI_ERR_CHIP_RULE : pads[_i].st);
    ck_assert_ok(sfi_image_builder_set_padding(b, SFI_PADDING_AUTO));
    ck_assert_int_eq(check(b), pads[_i].st);
    ck_assert_ok(sfi_image_builder_layout(b, &l));
    for (size_t i = 0; i < l->plain.count; i++) {
        const struct layout_area *a = &l->plain.areas[i];
        const struct piece *last = &a->first[a->count - 1];
        uint64_t end = last->address + last->len;

        if (a->type == SFI_AREA_FIRMWARE && pads[_i].pad > 0)
            ck_assert_uint_eq(a->address + a->size - end,
                              end == pads[_i].pad_at ? pads[_i].pad : 0);
    }
    sfi_layout_free(l);
    if (pads[_i].pad > 0)
        (void)snprintf(expected, sizeof(expected),
                       "n padded %u fill bytes (0xff) are added at 0x%08x for "
                       "the size rules of stm32l462ce\n",
                       (unsigned)pads[_i].pad, (unsigned)pads[_i].pad_at);
    if (pads[_i].st == SFI_OK)
        ck_assert_str_eq(findings, expected);
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_image_builder *b = kit_new_builder(L4, NULL, 0);

    ck_assert_fails_about(sfi_image_builder_set_fill(b, 0x100), SFI_ERR_RANGE,
                          "", "0x100", "0xff");
    ck_assert_int_eq(sfi_image_builder_set_padding(b, 2), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_image_builder_set_merge_gap(NULL, 2),
                     SFI_ERR_ARGUMENT);
    sfi_image_builder_free(b);
}
END_TEST

/* ---- random firmwares against a map of bytes ---- */

#define MAP_SIZE 0x800u
#define HOLE (-1)

struct model {
    const char *chip;
    uint64_t base; /* the H753's bank 1 ends in the middle */
    uint64_t barred;
    uint32_t unit;
    uint32_t merge_gap;
    uint8_t fill;
    int map[MAP_SIZE];
    bool conflict;
};

static uint32_t seed;

static uint32_t
next_random(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

static bool
model_is_barred(const struct model *m, uint64_t at)
{
    return m->barred != 0 && at >= m->barred && at < m->barred + m->unit;
}

/* Add up to `count` ranges; now and then a byte has another value. */
static void
model_add_firmware(struct model *m, sfi_image_builder *b, bool may_differ)
{
    char *text = malloc(MAP_SIZE * 24 + 64), *p = text;
    char path[FIRMWARE_PATH_MAX];
    bool used[MAP_SIZE] = {false};
    size_t bytes = 0;

    for (uint32_t n = 1 + next_random(8); n > 0; n--) {
        uint32_t at = next_random(MAP_SIZE);

        for (uint32_t len = 1 + next_random(100); len > 0 && at < MAP_SIZE;
             len--)
            used[at++] = true;
    }
    for (uint32_t i = 0; i < MAP_SIZE; i++) {
        uint8_t byte = kit_byte(m->base + i);

        if (!used[i] || model_is_barred(m, m->base + i))
            continue;
        if (may_differ && next_random(500) == 0)
            byte ^= 1;
        m->conflict = m->conflict || (m->map[i] != HOLE && m->map[i] != byte);
        m->map[i] = byte;
        bytes++;
        p += sprintf(p, "S306%08X%02X??\n", (unsigned)(m->base + i), byte);
    }
    (void)sprintf(p, END);
    if (bytes > 0)
        add_file(b, text, path);
    free(text);
}

/* With a gap that is closed the areas follow from the map alone. */
static bool
model_joins(const struct model *m, uint64_t last, uint64_t at)
{
    if (at / m->unit == last / m->unit)
        return true;
    for (uint64_t k = last + 1; k < at; k++) {
        if (model_is_barred(m, k))
            return false;
    }
    return at - last - 1 <= m->merge_gap;
}

static uint64_t
model_next(const struct model *m, uint64_t at)
{
    while (at < m->base + MAP_SIZE && m->map[at - m->base] == HOLE)
        at++;
    return at;
}

static void
model_expect_areas(const struct model *m, const sfi_layout *l)
{
    uint64_t end = m->base + MAP_SIZE;
    uint64_t at = model_next(m, m->base);
    size_t i = 0;

    for (; at < end; i++) {
        const struct layout_area *a = &l->plain.areas[i];
        uint64_t last = at;

        ck_assert_uint_eq(a->address, at);
        while ((at = model_next(m, last + 1)) < end &&
               (m->merge_gap > 0 ? model_joins(m, last, at)
                                 : at < a->address + a->size))
            last = at;
        ck_assert_uint_ge(a->address + a->size, last + 1);
        for (uint64_t k = 0; k < a->size; k++) {
            uint64_t here = a->address + k;
            int byte = here <= last ? m->map[here - m->base] : HOLE;

            ck_assert_int_eq(a->first->data[k], byte != HOLE ? byte : m->fill);
        }
        /* the rest is padding, of no other area's word */
        if (at < end)
            ck_assert_uint_lt((a->address + a->size - 1) / m->unit,
                              at / m->unit);
        if (l->plain.chip->total_multiple == 1)
            ck_assert_uint_eq(a->address + a->size, last + 1);
    }
    ck_assert_uint_eq(l->plain.areas[i].type, SFI_AREA_CONFIGURATION);
}

static void
model_expect_total(const sfi_layout *l)
{
    uint64_t total = 0;

    for (size_t i = 0; i < l->plain.count; i++) {
        if (l->plain.areas[i].type == SFI_AREA_FIRMWARE)
            total += l->plain.areas[i].size;
    }
    ck_assert_uint_eq(total % l->plain.chip->total_multiple, 0);
}

static void
check_random_image(const char *chip, uint64_t base, uint64_t barred,
                   uint32_t unit)
{
    struct model m = {
        .chip = chip, .base = base, .barred = barred, .unit = unit};
    sfi_image_builder *b = kit_new_builder(chip, NULL, 0);
    struct kit_bytes image = {0};
    sfi_key *key = kit_new_key();
    sfi_layout *l;
    bool differ = next_random(4) == 0;

    m.merge_gap = next_random(3) * next_random(60);
    m.fill = (uint8_t)next_random(256);
    for (size_t i = 0; i < MAP_SIZE; i++)
        m.map[i] = HOLE;
    ck_assert_ok(sfi_image_builder_set_merge_gap(b, m.merge_gap));
    ck_assert_ok(sfi_image_builder_set_fill(b, m.fill));
    ck_assert_ok(sfi_image_builder_set_padding(b, SFI_PADDING_AUTO));
    for (uint32_t n = 1 + next_random(4); n > 0; n--)
        model_add_firmware(&m, b, differ);
    if (m.conflict) {
        ck_assert_int_eq(check(b), SFI_ERR_OVERLAP);
    } else if (model_next(&m, base) < base + MAP_SIZE) {
        ck_assert_ok(check(b));
        ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
        ck_assert_ok(sfi_image_layout(ctx, sfi_chip_find(chip), image.data,
                                      image.len, key, kit_nonce, &l));
        model_expect_areas(&m, l);
        model_expect_total(l);
        sfi_layout_free(l);
    }
    kit_free(&image);
    sfi_key_free(key);
    sfi_image_builder_free(b);
}

START_TEST(test_random)
{
    for (uint32_t i = 1; i <= 100; i++) {
        seed = i;
        check_random_image(H7, 0x080ffc00, 0x080fffe0, 32);
        seed = i;
        check_random_image(L4, 0x08001000, 0, 8);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("image_merge");
    TCase *tc = tcase_create("merge");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_equal_bytes);
    tcase_add_test(tc, test_other_bytes);
    tcase_add_loop_test(tc, test_gaps, 0, (int)ROWS(gaps));
    tcase_add_loop_test(tc, test_padding, 0, (int)ROWS(pads));
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_random);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
