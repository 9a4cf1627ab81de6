/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/chip: the tables agree with themselves and with the documents. */
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "chip/areas.h"
#include "chip/chip.h"
#include "chip/effects.h"
#include "chip/fields.h"
#include "chip/memory.h"

START_TEST(test_find)
{
    const sfi_chip *h7 = sfi_chip_find("stm32h753xi");
    const sfi_chip *l4 = sfi_chip_find("STM32L462CE");

    ck_assert_ptr_nonnull(h7);
    ck_assert_ptr_nonnull(l4);
    ck_assert_ptr_null(sfi_chip_find("stm32h743xi"));
    ck_assert_ptr_null(sfi_chip_find(""));
    ck_assert_ptr_null(sfi_chip_find(NULL));
    ck_assert_ptr_eq(sfi_chip_find_id(0x450), h7);
    ck_assert_ptr_eq(sfi_chip_find_id(0x462), l4);
    ck_assert_ptr_null(sfi_chip_find_id(0x451));
    ck_assert_ptr_null(sfi_chip_at(CHIP_COUNT));
}
END_TEST

/* Names that people have, from a delivery note or a chip's back. */
static const struct {
    const char *text, *name;
} codes[] = {
    {"STM32H753XI", "stm32h753xi"},
    {"stm32h753zi", "stm32h753xi"},
    {"STM32H753ZIT6", "stm32h753xi"},
    {"STM32H753AII6", "stm32h753xi"},
    {"STM32H753VIH6TR", "stm32h753xi"},
    {"STM32H753BITx", "stm32h753xi"},
    {"STM32L462CEU6F", "stm32l462ce"},
    {"stm32l462ceu6ftr", "stm32l462ce"},
    {"stm32l462ce", "stm32l462ce"},
    {"stm32l462re", NULL},
    {"stm32h753zg", NULL},
    {"stm32h753yi", NULL},
    {"stm32h743zi", NULL},
    {"stm32h750vb", NULL},
    {"stm32h753", NULL},
    {"stm32h753z", NULL},
    {"stm32h753zi6", NULL},
    {"stm32h753zit-", NULL},
    {"stm32h753zit6 ", NULL},
    {"stm32l462ceu6f\xc3\xa9", NULL},
    {" stm32h753zi", NULL},
    {"xstm32h753zi", NULL},
};

START_TEST(test_order_codes)
{
    const sfi_chip *chip = sfi_chip_find(codes[_i].text);

    ck_assert_msg((codes[_i].name == NULL) == (chip == NULL), "%s",
                  codes[_i].text);
    if (chip != NULL)
        ck_assert_str_eq(sfi_chip_name(chip), codes[_i].name);
}
END_TEST

START_TEST(test_interfaces)
{
    static const char *const all[] = {"usart", "spi", "usb", "debug"};
    const sfi_chip *h7 = sfi_chip_find("stm32h753xi");
    const sfi_chip *l4 = sfi_chip_find("stm32l462ce");

    for (size_t i = 0; i < 4; i++)
        ck_assert_str_eq(sfi_chip_interface(h7, i), all[i]);
    ck_assert_ptr_null(sfi_chip_interface(h7, 4));
    ck_assert_ptr_null(sfi_chip_interface(h7, SIZE_MAX));
    ck_assert_str_eq(sfi_chip_interface(l4, 0), "usart");
    ck_assert_str_eq(sfi_chip_interface(l4, 1), "spi");
    ck_assert_ptr_null(sfi_chip_interface(l4, 2));
    ck_assert_ptr_null(sfi_chip_interface(NULL, 0));
}
END_TEST

START_TEST(test_facts)
{
    const sfi_chip *h7 = sfi_chip_find("stm32h753xi");
    const sfi_chip *l4 = sfi_chip_find("stm32l462ce");

    ck_assert_str_eq(sfi_chip_name(h7), "stm32h753xi");
    ck_assert_uint_eq(sfi_chip_device_id(h7), 0x450);
    ck_assert_str_eq(sfi_chip_product_id(h7), "45002001");
    ck_assert_str_eq(sfi_chip_product_id(l4), "46201002");
    ck_assert_str_eq(sfi_chip_name(NULL), "");
    ck_assert_str_eq(sfi_chip_option_byte(h7, 0), "FOPTSR_PRG");
    ck_assert_str_eq(sfi_chip_option_byte(l4, 4), "WRP1BR");
    ck_assert_ptr_null(sfi_chip_option_byte(l4, 5));
    ck_assert_ptr_null(sfi_chip_option_byte(NULL, 0));
    ck_assert_uint_eq(h7->flash.size, 2097152);
    ck_assert_uint_eq(l4->user.base, 0x08001000);
    /* the last 42 KB are the bootloader's */
    ck_assert_uint_eq(sfi__chip_range_end(&l4->user), 0x08080000 - 42 * 1024);
}
END_TEST

START_TEST(test_tables_agree)
{
    const struct sfi_chip *c = sfi__chip_at((uint32_t)_i);

    ck_assert_uint_eq(c->flash.size % c->bank_size, 0);
    ck_assert_uint_eq(c->bank_size % c->sector_size, 0);
    ck_assert_uint_eq(c->sector_size % c->program_unit, 0);
    ck_assert(sfi__chip_range_has(&c->flash, c->user.base, c->user.size));
    ck_assert_uint_eq(c->user.base % c->sector_size, 0);
    ck_assert_uint_eq(c->user.size % c->sector_size, 0);
    ck_assert_uint_le(c->ob_count, CHIP_OB_ROWS_MAX);
    for (uint32_t i = 0; i < c->ob_count; i++) {
        ck_assert_ptr_nonnull(c->ob[i].name);
        if (!c->ob[i].is_register)
            continue;
        ck_assert_uint_le(c->ob[i].current, c->ob_window.size - 4);
        ck_assert_uint_le(c->ob[i].pending, c->ob_window.size - 4);
    }
    ck_assert_uint_eq(strlen(c->product_id), CHIP_PRODUCT_ID_LEN);
    if (c->loader.size > 0) {
        ck_assert_uint_eq(c->loader.base % c->sector_size, 0);
        ck_assert_uint_eq(c->loader.size % c->sector_size, 0);
        ck_assert_uint_ge(c->loader.base, sfi__chip_range_end(&c->user));
    }
}
END_TEST

START_TEST(test_geometry)
{
    const sfi_chip *h7 = sfi_chip_find("stm32h753xi");

    ck_assert_uint_eq(sfi_chip_flash_base(h7), 0x08000000);
    ck_assert_uint_eq(sfi_chip_flash_size(h7), 2097152);
    ck_assert_uint_eq(sfi_chip_sector_size(h7), 131072);
    ck_assert_uint_eq(sfi_chip_program_unit(h7), 32);
    ck_assert_uint_eq(sfi_chip_flash_base(NULL), 0);
    ck_assert_uint_eq(sfi_chip_flash_size(NULL), 0);
    ck_assert_uint_eq(sfi_chip_sector_size(NULL), 0);
    ck_assert_uint_eq(sfi_chip_erase_ms(h7), 1100);
    ck_assert_uint_eq(sfi_chip_erase_ms(NULL), 0);
    ck_assert_uint_eq(sfi_chip_program_unit(NULL), 0);
}
END_TEST

/* No bit belongs to two fields, each name occurs once, and the fields of
 * SECURITY and RDP are where the part's rules look for them. */
START_TEST(test_fields_agree)
{
    const struct sfi_chip *c = sfi__chip_at((uint32_t)_i);
    uint32_t taken[CHIP_OB_ROWS_MAX] = {0};
    size_t count;
    const struct chip_ob_field *f = sfi__chip_fields(c, &count);

    for (size_t i = 0; i < count; i++) {
        uint32_t bits = sfi__chip_field_mask(&f[i]) << f[i].shift;

        ck_assert_uint_lt(f[i].row, c->ob_count);
        ck_assert(c->ob[f[i].row].is_register);
        ck_assert_msg((taken[f[i].row] & bits) == 0, "%s overlaps", f[i].name);
        taken[f[i].row] |= bits;
        ck_assert_str_ne(f[i].about, "");
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(f[k].name, f[i].name);
        if (strcmp(f[i].name, "RDP") == 0)
            ck_assert(f[i].row == c->rdp_row && f[i].shift == c->rdp_shift);
        if (strcmp(f[i].name, "SECURITY") == 0)
            ck_assert(f[i].row == c->security_row && bits == c->security_mask);
        if (strcmp(f[i].name, "nSWBOOT0") == 0)
            ck_assert(f[i].row == c->boot_row && bits == c->boot_pin_mask);
        if (strcmp(f[i].name, "nBOOT0") == 0)
            ck_assert(f[i].row == c->boot_row && bits == c->boot_not_mask);
        if (strncmp(f[i].name, "nWRP", 4) == 0 ||
            strncmp(f[i].name, "WRP1", 4) == 0)
            ck_assert(f[i].row == c->wrp_row[0] || f[i].row == c->wrp_row[1]);
    }
}
END_TEST

/* RM0433, 4.9; RM0394, 3.4 and 3.7. */
static const struct {
    const char *chip;
    uint32_t row;
    struct chip_reserved bits;
} reserved[] = {
    {"stm32h753xi", 0, {0x5fc10023, 0x1bc00020, 0x0bc00020}},
    {"stm32h753xi", 1, {0x7000f000, 0, 0}},
    {"stm32h753xi", 4, {0x7000f000, 0, 0}},
    {"stm32h753xi", 6, {0xffffff00, 0, 0xffffff00}},
    {"stm32h753xi", 7, {0, 0, 0}},
    {"stm32h753xi", 8, {0, 0, 0}}, /* nobody writes it */
    {"stm32l462ce", 0, {0xf0708800, 0xf0608800, 0}},
    {"stm32l462ce", 1, {0xffff0000, 0, 0xffff0000}},
    {"stm32l462ce", 2, {0x7fff0000, 0, 0}},
    {"stm32l462ce", 4, {0xff00ff00, 0, 0xff00ff00}},
};

START_TEST(test_reserved)
{
    const struct chip_reserved *want = &reserved[_i].bits;
    struct chip_reserved r =
        sfi__chip_reserved(sfi_chip_find(reserved[_i].chip), reserved[_i].row);

    ck_assert_uint_eq(r.mask, want->mask);
    ck_assert_uint_eq(r.value, want->value);
    ck_assert_uint_eq(r.either, want->either);
}
END_TEST

/* Protected areas of RM0433, 4.5 and RM0394, 3.5. */
static const struct {
    const char *chip;
    uint32_t words[9];
    struct {
        uint8_t kind;
        bool erased;
        uint32_t row, base, size;
    } areas[8]; /* after the last: all zero */
} areas[] = {
    {"stm32h753xi", /* AN5054, figure 15: none, but erased if there were */
     {0x1026aad0, 0x81000200, 0x81000200, 0x81000200, 0x81000200, 0xffffffff,
      0xffffffff, 0x24000800, 0x10000810},
     {{CHIP_AREA_PCROP, true, 1, 0x08020000, 0},
      {CHIP_AREA_PCROP, true, 2, 0x08120000, 0},
      {CHIP_AREA_SECURE, true, 3, 0x08020000, 0},
      {CHIP_AREA_SECURE, true, 4, 0x08120000, 0}}},
    {"stm32h753xi", /* the manual's examples, a whole bank, three runs */
     {0x1be6bbf0, 0x000f0000, 0x01230123, 0x00ff00ff, 0x801f0000, 0xffffff7e,
      0xfffffffe, 0x1ff00800, 0x10000810},
     {{CHIP_AREA_PCROP, false, 1, 0x08000000, 0x1000},
      {CHIP_AREA_PCROP, false, 2, 0x08100000, 0x100000},
      {CHIP_AREA_SECURE, false, 3, 0x08000000, 0x100000},
      {CHIP_AREA_SECURE, true, 4, 0x08100000, 0x2000},
      {CHIP_AREA_WRP, true, 5, 0x08000000, 0x20000},
      {CHIP_AREA_WRP, true, 5, 0x080e0000, 0x20000},
      {CHIP_AREA_WRP, true, 6, 0x08100000, 0x20000}}},
    {"stm32l462ce", /* as AN4992 has them: none */
     {0xfbeff8bb, 0xffffffff, 0x00000000, 0xff00ffff, 0xff00ffff},
     {{CHIP_AREA_PCROP, false, 1, 0x0807fff8, 0},
      {CHIP_AREA_WRP, true, 3, 0x0807f800, 0},
      {CHIP_AREA_WRP, true, 4, 0x0807f800, 0}}},
    {"stm32l462ce",
     {0xfbeff8bb, 0x00000200, 0x800002ff, 0x00020002, 0x00ff0010},
     {{CHIP_AREA_PCROP, true, 1, 0x08001000, 0x800},
      {CHIP_AREA_WRP, true, 3, 0x08001000, 0x800},
      {CHIP_AREA_WRP, true, 4, 0x08008000, 0x78000}}},
};

START_TEST(test_areas)
{
    const struct sfi_chip *c = sfi_chip_find(areas[_i].chip);
    struct chip_area found[CHIP_AREAS_MAX];
    size_t count = sfi__chip_areas(c, areas[_i].words, found);
    size_t want = 0;

    while (areas[_i].areas[want].base != 0)
        want++;
    ck_assert_uint_eq(count, want);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(found[i].kind, areas[_i].areas[i].kind);
        ck_assert(found[i].erased == areas[_i].areas[i].erased);
        ck_assert_uint_eq(found[i].row, areas[_i].areas[i].row);
        ck_assert_uint_eq(found[i].flash.base, areas[_i].areas[i].base);
        ck_assert_uint_eq(found[i].flash.size, areas[_i].areas[i].size);
        ck_assert_str_ne(found[i].field, "");
    }
}
END_TEST

/* Any words give at most as many areas as there is room for. */
START_TEST(test_most_areas)
{
    const struct sfi_chip *c = sfi__chip_at((uint32_t)_i);
    struct chip_area found[CHIP_AREAS_MAX];
    uint32_t words[CHIP_OB_ROWS_MAX];

    for (size_t i = 0; i < CHIP_OB_ROWS_MAX; i++)
        words[i] = 0x55555555;
    ck_assert_uint_le(sfi__chip_areas(c, words, found), CHIP_AREAS_MAX);
    if (c->wrp_by_bit)
        ck_assert_uint_eq(sfi__chip_areas(c, words, found), CHIP_AREAS_MAX);
}
END_TEST

/* A part without fields of its own would show those of a different part. */
START_TEST(test_fields_are_the_parts_own)
{
    const struct sfi_chip stranger = *sfi__chip_at((uint32_t)_i);
    size_t count, other;
    const struct chip_ob_field *f =
        sfi__chip_fields(sfi__chip_at((uint32_t)_i), &count);

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_gt(count, 0);
    for (uint32_t i = 0; i < (uint32_t)_i; i++) {
        ck_assert_ptr_ne(sfi__chip_fields(sfi__chip_at(i), &other), f);
        ck_assert_ptr_ne(
            sfi__chip_memories(sfi__chip_at(i), &other),
            sfi__chip_memories(sfi__chip_at((uint32_t)_i), &count));
    }
    ck_assert_ptr_null(sfi__chip_fields(&stranger, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(sfi__chip_memories(&stranger, &count));
    ck_assert_uint_eq(count, 0);
}
END_TEST

/* No address belongs to two memories, and the part's own ranges lie in memories
 * of their kind. */
START_TEST(test_memories_agree)
{
    const struct sfi_chip *c = sfi__chip_at((uint32_t)_i);
    size_t count;
    const struct chip_memory *m = sfi__chip_memories(c, &count);

    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        uint64_t end = (uint64_t)m[i].range.base + m[i].range.size;

        ck_assert_uint_gt(m[i].range.size, 0);
        ck_assert_str_ne(m[i].name, "");
        ck_assert_ptr_eq(sfi__chip_memory_at(c, m[i].range.base), &m[i]);
        ck_assert_ptr_eq(sfi__chip_memory_at(c, end - 1), &m[i]);
        if (i + 1 < count)
            ck_assert_msg(end <= m[i + 1].range.base, "%s overlaps", m[i].name);
        if (m[i].kind == CHIP_MEMORY_FLASH)
            ck_assert(m[i].range.base == c->flash.base &&
                      m[i].range.size == c->flash.size);
        if (m[i].kind == CHIP_MEMORY_OPTIONS)
            ck_assert(m[i].range.base == c->ob_window.base &&
                      m[i].range.size == c->ob_window.size);
    }
    for (uint32_t i = 0; i < c->ram_count; i++)
        ck_assert_uint_ge(sfi__chip_ram_end(c, c->ram[i].base),
                          sfi__chip_range_end(&c->ram[i]));
    ck_assert_uint_eq(sfi__chip_memory_at(c, c->bootloader_id_at)->kind,
                      CHIP_MEMORY_SYSTEM);
}
END_TEST

START_TEST(test_memory_at)
{
    static const struct {
        const char *chip, *memory;
        uint64_t address;
        uint32_t ram_end;
    } rows[] = {
        {"stm32h753xi", "ITCM", 0x0000ffff, 0x00010000},
        {"stm32h753xi", NULL, 0x00010000, 0},
        {"stm32h753xi", "the flash", 0x081fffff, 0},
        {"stm32h753xi", "DTCM", 0x20000000, 0x20020000},
        {"stm32h753xi", NULL, 0x20020000, 0},
        {"stm32h753xi", "AXI SRAM", 0x2407ffff, 0x24080000},
        {"stm32h753xi", "SRAM1", 0x30000000, 0x30048000},
        {"stm32h753xi", "SRAM2", 0x30020000, 0x30048000},
        {"stm32h753xi", "SRAM3", 0x10047fff, 0x10048000},
        {"stm32h753xi", "SRAM4", 0x38000000, 0x38010000},
        {"stm32h753xi", "backup SRAM", 0x38800fff, 0x38801000},
        {"stm32h753xi", "the peripherals", 0x5200201b, 0},
        {"stm32h753xi", "the option bytes", 0x5200201c, 0},
        {"stm32h753xi", "the peripherals", 0x5fffffff, 0},
        {"stm32h753xi", "external memory (QUADSPI)", 0x90000000, 0},
        {"stm32h753xi", NULL, 0x100000000, 0},
        {"stm32l462ce", "the boot alias", 0, 0},
        {"stm32l462ce", "SRAM1", 0x2001ffff, 0x20028000},
        {"stm32l462ce", "SRAM2", 0x20020000, 0x20028000},
        {"stm32l462ce", "SRAM2", 0x10000000, 0x10008000},
        {"stm32l462ce", "OTP", 0x1fff7000, 0},
        {"stm32l462ce", "system memory", 0x1fff6fff, 0},
        {"stm32l462ce", "the option bytes", 0x1fff7800, 0},
        {"stm32l462ce", NULL, UINT64_MAX, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const sfi_chip *chip = sfi_chip_find(rows[i].chip);
        const struct chip_memory *m =
            sfi__chip_memory_at(chip, rows[i].address);

        ck_assert_msg((m == NULL) == (rows[i].memory == NULL), "row %zu", i);
        if (m != NULL)
            ck_assert_str_eq(m->name, rows[i].memory);
        ck_assert_uint_eq(sfi__chip_ram_end(chip, rows[i].address),
                          rows[i].ram_end);
    }
}
END_TEST

/* Each name is one of the part's fields, and each address one of its own. */
START_TEST(test_effects_agree)
{
    const struct sfi_chip *c = sfi__chip_at((uint32_t)_i);
    const struct chip_effects *e = sfi__chip_effects(c);
    const struct sfi_chip stranger = *c;

    ck_assert_uint_gt(e->start_count, 0);
    for (size_t i = 0; i < e->start_count; i++) {
        if (e->starts[i].field == NULL)
            ck_assert(sfi__chip_range_has(&c->user, e->starts[i].address, 8));
        else
            ck_assert_ptr_nonnull(sfi__chip_field_find(c, e->starts[i].field));
    }
    for (size_t i = 0; i < e->watchdog_count; i++) {
        ck_assert_ptr_nonnull(sfi__chip_field_find(c, e->watchdogs[i].field));
        ck_assert_uint_eq(
            sfi__chip_memory_at(c, e->watchdogs[i].register_at)->kind,
            CHIP_MEMORY_PERIPHERALS);
    }
    ck_assert(e->swap == NULL || sfi__chip_field_find(c, e->swap) != NULL);
    ck_assert_uint_eq(sfi__chip_effects(&stranger)->start_count, 0);
}
END_TEST

START_TEST(test_ranges)
{
    struct chip_range r = {0x08000000, 0x1000};
    static const struct {
        uint32_t address, size;
        bool in;
    } rows[] = {
        {0x08000000, 0x1000, true},      {0x08000000, 0x1001, false},
        {0x08000fff, 1, true},           {0x08001000, 0, true},
        {0x08001000, 1, false},          {0x07ffffff, 1, false},
        {0x08000800, 0xffffffff, false}, {0xffffffff, 1, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        ck_assert_msg(sfi__chip_range_has(&r, rows[i].address, rows[i].size) ==
                          rows[i].in,
                      "row %zu", i);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("chip");
    TCase *tc = tcase_create("tables");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, test_find);
    tcase_add_loop_test(tc, test_order_codes, 0,
                        (int)(sizeof(codes) / sizeof(codes[0])));
    tcase_add_test(tc, test_facts);
    tcase_add_test(tc, test_interfaces);
    tcase_add_loop_test(tc, test_tables_agree, 0, CHIP_COUNT);
    tcase_add_test(tc, test_geometry);
    tcase_add_loop_test(tc, test_fields_agree, 0, CHIP_COUNT);
    tcase_add_loop_test(tc, test_fields_are_the_parts_own, 0, CHIP_COUNT);
    tcase_add_loop_test(tc, test_memories_agree, 0, CHIP_COUNT);
    tcase_add_test(tc, test_memory_at);
    tcase_add_loop_test(tc, test_effects_agree, 0, CHIP_COUNT);
    tcase_add_loop_test(tc, test_areas, 0, sizeof(areas) / sizeof(*areas));
    tcase_add_loop_test(tc, test_most_areas, 0, CHIP_COUNT);
    tcase_add_loop_test(tc, test_reserved, 0,
                        sizeof(reserved) / sizeof(*reserved));
    tcase_add_test(tc, test_ranges);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
