/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware: a firmware from the bytes of another at certain addresses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"

/* The RAM is the DTCM of the H753, and the SRAM1 of the L462. */
#define FLASH "S30B08001000010203040506??\n"
#define RAM "S30720000000AABB??\n"
#define QSPI "S30690000000CC??\n"
#define END "S9030000FC\n"

/* S-records without their end. */
static sfi_firmware *
parse(const char *records)
{
    size_t len = strlen(records);
    char *text = malloc(len + sizeof(END));
    sfi_firmware *fw;
    char *file;

    memcpy(text, records, len);
    memcpy(text + len, END, sizeof(END));
    file = firmware_text(text, &len);
    free(text);
    ck_assert_ok(
        sfi_firmware_parse(ctx, "srec", 0, (const uint8_t *)file, len, &fw));
    free(file);
    return fw;
}

/* One a line: "reason segment address size memory". */
static void
collect_left_out(void *user, const sfi_firmware_left_out *p)
{
    char *text = user;
    size_t len = strlen(text);

    (void)snprintf(text + len, 512 - len, "%u %u %08llx %llu %s\n", p->reason,
                   p->segment, (unsigned long long)p->address,
                   (unsigned long long)p->size,
                   p->memory != NULL ? p->memory : "-");
}

#define MAX_RANGES 4u

static const struct {
    const char *name, *text, *chip;
    sfi_firmware_range only[MAX_RANGES], exclude[MAX_RANGES];
    size_t only_count, exclude_count;
    const char *segments; /* NULL: an error */
    const char *left_out;
    sfi_status st;
    const char *message, *where;
} rows[] = {
    {.name = "everything",
     .text = RAM FLASH,
     .segments = "08001000=010203040506 20000000=aabb"},
    {.name = "RAM of the H753",
     .text = RAM FLASH,
     .chip = "stm32h753xi",
     .segments = "08001000=010203040506",
     .left_out = "3 2 20000000 2 DTCM\n"},
    {.name = "RAM of the L462, and QSPI",
     .text = RAM FLASH QSPI,
     .chip = "stm32l462ce",
     .segments = "08001000=010203040506",
     .left_out = "3 2 20000000 2 SRAM1\n"
                 "3 3 90000000 1 external memory (QUADSPI)\n"},
    {.name = "no memory",
     .text = "S306FFFFFFFF11??\n" FLASH,
     .chip = "stm32l462ce",
     .segments = "08001000=010203040506",
     .left_out = "3 2 ffffffff 1 -\n"},
    {.name = "nothing in the flash",
     .text = RAM,
     .chip = "stm32h753xi",
     .st = SFI_ERR_RANGE,
     .message = "no byte is left: ..."},
    {.name = "past the end of the flash",
     .text = "S3070807FFFF1122??\n",
     .chip = "stm32l462ce",
     .st = SFI_ERR_RANGE,
     .message = "0x0807ffff to 0x08080000 is only partly in the flash of "
                "stm32l462ce, 0x08000000 to 0x0807ffff: ...",
     .where = "segment 1"},
    {.name = "from below the flash",
     .text = RAM "S30707FFFFFF1122??\n",
     .chip = "stm32l462ce",
     .st = SFI_ERR_RANGE,
     .message = "0x07ffffff to 0x08000000 is only partly in the flash ..."},
    {.name = "past the end of the flash, cut",
     .text = "S3070807FFFF1122??\n",
     .chip = "stm32l462ce",
     .exclude = {{0x08080000, 0xffffffff}},
     .exclude_count = 1,
     .segments = "0807ffff=11",
     .left_out = "1 1 08080000 1 -\n"},
    {.name = "all but one byte",
     .text = FLASH,
     .exclude = {{0x08001002, 0x08001002}},
     .exclude_count = 1,
     .segments = "08001000=0102 08001003=040506",
     .left_out = "1 1 08001002 1 -\n"},
    {.name = "ranges that touch and overlap",
     .text = FLASH,
     .exclude = {{0x08001003, 0x08001003},
                 {0x08000000, 0x08001000},
                 {0x08001000, 0x08001002}},
     .exclude_count = 3,
     .segments = "08001004=0506",
     .left_out = "1 1 08001000 4 -\n"},
    {.name = "only two that touch",
     .text = FLASH RAM,
     .only = {{0x08001003, 0x08001004}, {0x08001001, 0x08001002}},
     .only_count = 2,
     .segments = "08001001=02030405",
     .left_out = "2 1 08001000 1 -\n2 1 08001005 1 -\n2 2 20000000 2 -\n"},
    {.name = "both",
     .text = FLASH,
     .only = {{0x08001001, 0x08001004}},
     .only_count = 1,
     .exclude = {{0x08001002, 0x08001003}, {0x08001005, 0x08001005}},
     .exclude_count = 2,
     .segments = "08001001=02 08001004=05",
     .left_out = "2 1 08001000 1 -\n1 1 08001002 2 -\n1 1 08001005 1 -\n"},
    {.name = "the whole address space",
     .text = FLASH "S306FFFFFFFF11??\n",
     .only = {{0, 0xffffffff}},
     .only_count = 1,
     .segments = "08001000=010203040506 ffffffff=11"},
    {.name = "the last address",
     .text = FLASH "S306FFFFFFFF11??\n",
     .exclude = {{0xffffffff, 0xffffffff}},
     .exclude_count = 1,
     .segments = "08001000=010203040506",
     .left_out = "1 2 ffffffff 1 -\n"},
    {.name = "nothing excluded",
     .text = FLASH,
     .exclude = {{0x08000000, 0x08000fff}, {0x08001006, 0x08001010}},
     .exclude_count = 2,
     .segments = "08001000=010203040506"},
    {.name = "nothing left",
     .text = FLASH,
     .exclude = {{0x08000000, 0x08001fff}},
     .exclude_count = 1,
     .st = SFI_ERR_RANGE,
     .message = "no byte is left: leave the file out"},
    {.name = "a range that ends before it begins",
     .text = FLASH,
     .exclude = {{0x08000000, 0x08001fff}, {0x08001000, 0x08000fff}},
     .exclude_count = 2,
     .st = SFI_ERR_RANGE,
     .message = "exclude: 0x08001000 to 0x08000fff, expected ..."},
    {.name = "a range past 32 bits",
     .text = FLASH,
     .only = {{0x08000000, 0x100000000}},
     .only_count = 1,
     .st = SFI_ERR_RANGE,
     .message = "only: 0x08000000 to 0x100000000, expected ..."},
};

START_TEST(test_select)
{
    sfi_firmware *fw = parse(rows[_i].text);
    sfi_firmware_selection how = {
        .struct_size = sizeof(how),
        .only = rows[_i].only,
        .only_count = rows[_i].only_count,
        .exclude = rows[_i].exclude,
        .exclude_count = rows[_i].exclude_count,
        .flash_of = sfi_chip_find(rows[_i].chip),
    };
    char left_out[512] = "";
    sfi_firmware *out;
    sfi_status st =
        sfi_firmware_select(fw, &how, collect_left_out, left_out, &out);

    sfi_firmware_free(fw);
    ck_assert_msg(st == rows[_i].st, "%s: %s, %s", rows[_i].name,
                  sfi_status_name(st), sfi_error_message(sfi_ctx_error(ctx)));
    if (st != SFI_OK) {
        ck_assert_ptr_null(out);
        ck_assert_str_eq(left_out, "");
        ck_assert_msg(text_matches(sfi_error_message(sfi_ctx_error(ctx)),
                                   rows[_i].message),
                      "%s: %s", rows[_i].name,
                      sfi_error_message(sfi_ctx_error(ctx)));
        if (rows[_i].where != NULL)
            ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)),
                             rows[_i].where);
        return;
    }
    ck_assert_str_eq(firmware_segments(out), rows[_i].segments);
    ck_assert_str_eq(left_out,
                     rows[_i].left_out != NULL ? rows[_i].left_out : "");
    ck_assert_str_eq(sfi_firmware_format(out), "srec");
    sfi_firmware_free(out);
}
END_TEST

START_TEST(test_name)
{
    static const char text[] = "S107001001020304DE\nS9030000FC\n";
    sfi_firmware_range all = {0, UINT32_MAX};
    sfi_firmware_selection how = {.struct_size = sizeof(how)};
    char path[FIRMWARE_PATH_MAX];
    sfi_firmware *fw, *half, *again;

    ck_assert_ok(
        firmware_load_bytes("s19", NULL, text, sizeof(text) - 1, path, &fw));
    how.exclude = &(sfi_firmware_range){0x12, 0xff};
    how.exclude_count = 1;
    ck_assert_ok(sfi_firmware_select(fw, &how, NULL, NULL, &half));
    sfi_firmware_free(fw);
    how.exclude_count = 0;
    ck_assert_ok(sfi_firmware_select(half, &how, NULL, NULL, &again));
    sfi_firmware_free(half);
    ck_assert_str_eq(sfi_firmware_name(again), path);
    ck_assert_str_eq(firmware_segments(again), "00000010=0102");
    /* an error names the file */
    how.exclude = &all;
    how.exclude_count = 1;
    ck_assert_int_eq(sfi_firmware_select(again, &how, NULL, NULL, &half),
                     SFI_ERR_RANGE);
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), path);
    sfi_firmware_free(again);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_firmware *fw = parse(FLASH);
    sfi_firmware_selection how = {.struct_size = sizeof(how)};
    sfi_firmware *out;

    ck_assert_int_eq(sfi_firmware_select(fw, NULL, NULL, NULL, &out),
                     SFI_ERR_ARGUMENT);
    how.only_count = 1;
    ck_assert_int_eq(sfi_firmware_select(fw, &how, NULL, NULL, &out),
                     SFI_ERR_ARGUMENT);
    how.only_count = 0;
    how.exclude_count = 1;
    ck_assert_int_eq(sfi_firmware_select(fw, &how, NULL, NULL, &out),
                     SFI_ERR_ARGUMENT);
    how.exclude_count = 0;
    how.reserved = 1;
    ck_assert_int_eq(sfi_firmware_select(fw, &how, NULL, NULL, &out),
                     SFI_ERR_ARGUMENT);
    how.reserved = 0;
    how.struct_size = 8;
    ck_assert_int_eq(sfi_firmware_select(fw, &how, NULL, NULL, &out),
                     SFI_ERR_ABI);
    sfi_firmware_free(fw);
}
END_TEST

/* ---- against a map of bytes ---- */

#define MAP_BASE 0x0807f800u /* the flash of the L462 ends in its middle */
#define MAP_SIZE 0x1000u
#define FLASH_END 0x08080000u
#define HOLE (-1)

static uint32_t seed;

static uint32_t
next_random(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

static void
map_fill_randomly(int map[MAP_SIZE])
{
    for (size_t i = 0; i < MAP_SIZE; i++)
        map[i] = HOLE;
    for (uint32_t n = 1 + next_random(20); n > 0; n--) {
        uint32_t at = next_random(MAP_SIZE);

        for (uint32_t len = 1 + next_random(300); len > 0 && at < MAP_SIZE;
             len--)
            map[at++] = (int)next_random(256);
    }
}

/* S-records of one byte each: the reader joins them. */
static sfi_firmware *
map_to_firmware(const int map[MAP_SIZE])
{
    char *text = malloc(MAP_SIZE * 20 + 20);
    char *p = text;
    sfi_firmware *fw;

    for (uint32_t i = 0; i < MAP_SIZE; i++) {
        if (map[i] != HOLE)
            p += sprintf(p, "S306%08X%02X??\n", MAP_BASE + i, (unsigned)map[i]);
    }
    *p = '\0';
    fw = parse(text);
    free(text);
    return fw;
}

static size_t
ranges_make_randomly(sfi_firmware_range r[MAX_RANGES])
{
    size_t count = next_random(MAX_RANGES + 1);

    for (size_t i = 0; i < count; i++) {
        r[i].first = MAP_BASE - 10 + next_random(MAP_SIZE);
        r[i].last = r[i].first + next_random(next_random(2) ? 16 : MAP_SIZE);
    }
    return count;
}

static bool
in_ranges(const sfi_firmware_range *r, size_t count, uint64_t at)
{
    for (size_t i = 0; i < count; i++) {
        if (at >= r[i].first && at <= r[i].last)
            return true;
    }
    return false;
}

/* What the model says: removes bytes from the map.  false: refused. */
static bool
map_select(int map[MAP_SIZE], const sfi_firmware_selection *how)
{
    uint32_t end = FLASH_END - MAP_BASE;
    size_t left = 0;

    for (uint32_t i = 0; i < MAP_SIZE; i++) {
        uint64_t at = MAP_BASE + i;

        if (in_ranges(how->exclude, how->exclude_count, at) ||
            (how->only_count > 0 && !in_ranges(how->only, how->only_count, at)))
            map[i] = HOLE;
    }
    if (how->flash_of != NULL && map[end - 1] != HOLE && map[end] != HOLE)
        return false;
    for (uint32_t i = how->flash_of != NULL ? end : MAP_SIZE; i < MAP_SIZE; i++)
        map[i] = HOLE;
    for (uint32_t i = 0; i < MAP_SIZE; i++)
        left += map[i] != HOLE;
    return left > 0;
}

static void
expect_map(const sfi_firmware *fw, int map[MAP_SIZE])
{
    uint64_t end = 0;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;

        ck_assert_ok(sfi_firmware_segment(fw, i, &address, &data, &len));
        ck_assert_msg(i == 0 || address > end, "segments touch");
        end = address + len;
        ck_assert(len > 0 && address >= MAP_BASE && end <= MAP_BASE + MAP_SIZE);
        for (size_t k = 0; k < len; k++) {
            ck_assert_int_eq(data[k], map[address - MAP_BASE + k]);
            map[address - MAP_BASE + k] = HOLE;
        }
    }
    for (size_t i = 0; i < MAP_SIZE; i++)
        ck_assert_int_eq(map[i], HOLE);
}

static void
remember_left_out(void *user, const sfi_firmware_left_out *p)
{
    int *map = user;

    for (uint64_t i = 0; i < p->size; i++)
        map[p->address + i - MAP_BASE]++;
}

/* Each byte of the firmware is kept or told, and none both. */
static void
check_random_selection(void)
{
    sfi_firmware_range only[MAX_RANGES], exclude[MAX_RANGES];
    sfi_firmware_selection how = {
        .struct_size = sizeof(how), .only = only, .exclude = exclude};
    int before[MAP_SIZE], map[MAP_SIZE], told[MAP_SIZE] = {0};
    sfi_firmware *fw, *out;

    map_fill_randomly(before);
    memcpy(map, before, sizeof(map));
    how.only_count = ranges_make_randomly(only);
    how.exclude_count = ranges_make_randomly(exclude);
    how.flash_of = next_random(2) ? sfi_chip_find("stm32l462ce") : NULL;
    fw = map_to_firmware(before);
    if (!map_select(map, &how)) {
        ck_assert_int_eq(sfi_firmware_select(fw, &how, NULL, NULL, &out),
                         SFI_ERR_RANGE);
        sfi_firmware_free(fw);
        return;
    }
    ck_assert_ok(sfi_firmware_select(fw, &how, remember_left_out, told, &out));
    for (size_t i = 0; i < MAP_SIZE; i++)
        ck_assert_int_eq(told[i], before[i] != HOLE && map[i] == HOLE);
    expect_map(out, map);
    sfi_firmware_free(fw);
    sfi_firmware_free(out);
}

START_TEST(test_random)
{
    for (seed = 1; seed <= 300; seed++) {
        uint32_t start = seed;

        check_random_selection();
        seed = start;
    }
}
END_TEST

/* ---- sfi_firmware_patch() ---- */

static const struct {
    const char *bytes; /* at 0x1000 */
    uint64_t address;
    const char *patch;
    const char *whole; /* the first segment; NULL: refused */
    uint64_t begin;
    size_t segments;
} patches[] = {
    {"ab\xff\xff"
     "c",
     0x1002, "12", "ab12c", 0x1000, 1},
    {"\xff\xff", 0x1000, "12", "12", 0x1000, 1},
    {"ab", 0x1002, "12", "ab12", 0x1000, 1},     /* right behind */
    {"ab", 0x0ffe, "12", "12ab", 0x0ffe, 1},     /* right before */
    {"ab\xff", 0x1002, "12", "ab12", 0x1000, 1}, /* half in it */
    {"\xff"
     "ab",
     0x0fff, "12", "12ab", 0x0fff, 1},
    {"ab", 0x1010, "12", "ab", 0x1000, 2},
    {"ab", 0x0100, "12", "12", 0x0100, 2},
    {"ab", 0x1001, "12", NULL, 0, 0},
    {"ab\xff", 0x0fff, "123", NULL, 0, 0},
    {"ab", 0xffffffff, "12", NULL, 0, 0},
    {"ab", 0x100000000, "1", NULL, 0, 0},
};

START_TEST(test_patch)
{
    const uint8_t *bytes = (const uint8_t *)patches[_i].bytes, *data;
    const uint8_t *patch = (const uint8_t *)patches[_i].patch;
    size_t len = strlen(patches[_i].bytes), n = strlen(patches[_i].patch);
    sfi_firmware *fw, *made;
    uint64_t address;

    ck_assert_ok(sfi_firmware_parse(ctx, "raw", 0x1000, bytes, len, &fw));
    if (patches[_i].whole == NULL) {
        bool past = patches[_i].address > 0xfffffff0;

        ck_assert_int_eq(
            sfi_firmware_patch(fw, patches[_i].address, patch, n, &made),
            past ? SFI_ERR_RANGE : SFI_ERR_OVERLAP);
        ck_assert_ptr_null(made);
        sfi_firmware_free(fw);
        return;
    }
    ck_assert_ok(sfi_firmware_patch(fw, patches[_i].address, patch, n, &made));
    sfi_firmware_free(fw); /* it has bytes of its own */
    ck_assert_uint_eq(sfi_firmware_segment_count(made), patches[_i].segments);
    ck_assert_ok(sfi_firmware_segment(made, 0, &address, &data, &len));
    ck_assert_uint_eq(address, patches[_i].begin);
    ck_assert_uint_eq(len, strlen(patches[_i].whole));
    ck_assert_mem_eq(data, patches[_i].whole, len);
    ck_assert_str_eq(sfi_firmware_format(made), "raw");
    sfi_firmware_free(made);
}
END_TEST

START_TEST(test_patch_message)
{
    sfi_firmware *fw, *made;

    ck_assert_ok(sfi_firmware_parse(ctx, "raw", 0x1000,
                                    (const uint8_t *)"\xff"
                                                     "b",
                                    2, &fw));
    ck_assert_fails(
        sfi_firmware_patch(fw, 0x1000, (const uint8_t *)"xy", 2, &made),
        SFI_ERR_OVERLAP, "",
        "the firmware has 0x62 at 0x00001001, where 0x00001000 to "
        "0x00001001 is to be written: leave these bytes out of it, "
        "or erased (0xff)");
    ck_assert_int_eq(sfi_firmware_patch(fw, 0, NULL, 1, &made),
                     SFI_ERR_ARGUMENT);
    sfi_firmware_free(fw);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_select");
    TCase *tc = tcase_create("select");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_select, 0, (int)ROWS(rows));
    tcase_add_test(tc, test_name);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_random);
    tcase_add_loop_test(tc, test_patch, 0, ROWS(patches));
    tcase_add_test(tc, test_patch_message);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
