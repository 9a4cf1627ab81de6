/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part that the program defines: its checks, and the work with an open part
 * through the model of a bootloader (link/rom.h) and through virtual chips. */
#include <string.h>

#include <sfi/chip_definition.h>
#include <sfi/image.h>
#include <sfi/installer.h>
#include <sfi/program.h>

#include <bench/board.h>
#include <link/rom.h>
#include "core/ctx.h"

#define FLASH 0x08000000u
#define OPTIONS 0x5200201cu

static const sfi_chip_row rows[] = {
    {"OPTSR", 0x1bc6aaf0, 0x00, 0x04, 0},
};
static const sfi_chip_field fields[] = {
    {"RDP", "readout protection", 0, 8, 8, 0},
    {"IWDG_SW", NULL, 0, 4, 1, 0},
};
static const sfi_chip_memory_range memories[] = {
    {"AXI SRAM", 0x24000000, 0x80000, SFI_MEMORY_RAM, 0},
};
static const sfi_chip_definition good = {
    .struct_size = sizeof(good),
    .name = "stm32h7test",
    .device_id = 0x480,
    .flash_base = FLASH,
    .flash_size = 2u << 20,
    .bank_size = 1u << 20,
    .sector_size = 128u << 10,
    .program_unit = 32,
    .erase_ms = 4000,
    .ram_base = 0x24005000,
    .ram_size = 0x7b000,
    .options_base = OPTIONS,
    .options_size = 8,
    .rows = rows,
    .row_count = 1,
    .fields = fields,
    .field_count = 2,
    .memories = memories,
    .memory_count = 1,
};

static const sfi_chip *
define(uint32_t device_id)
{
    sfi_chip_definition d = good;
    const sfi_chip *chip;

    d.device_id = device_id;
    ck_assert_ok(sfi_chip_define(ctx, &d, &chip));
    return chip;
}

/* ---- what a definition must be ---- */

START_TEST(test_copied)
{
    sfi_chip_definition d = good;
    char name[] = "stm32h7test";
    const sfi_chip *chip;

    d.name = name;
    ck_assert_ok(sfi_chip_define(ctx, &d, &chip));
    name[0] = 'x';
    ck_assert_str_eq(sfi_chip_name(chip), "stm32h7test");
    ck_assert_uint_eq(sfi_chip_device_id(chip), 0x480);
    ck_assert_uint_eq(sfi_chip_flash_size(chip), 2u << 20);
    ck_assert_str_eq(sfi_chip_option_byte(chip, 0), "OPTSR");
    ck_assert_str_eq(sfi_chip_product_id(chip), "");
    ck_assert_str_eq(sfi_chip_memory(chip, 0x24000000), "AXI SRAM");
    ck_assert_str_eq(sfi_chip_memory(chip, FLASH), "the flash");
    ck_assert_str_eq(sfi_chip_interface(chip, 1), "spi");
    ck_assert_ptr_null(sfi_chip_interface(chip, 2));
    /* not in the list of all contexts */
    ck_assert_ptr_null(sfi_chip_find("stm32h7test"));
    ck_assert_ptr_null(sfi_chip_find_id(0x480));
}
END_TEST

enum what { NUMBER, ROWS_OF, FIELDS_OF, MEMORIES_OF };

static const sfi_chip_row bad_row = {"X", 0, 6, 0, 0};
static const sfi_chip_field shared[] = {{"RDP", NULL, 0, 8, 8, 0},
                                        {"A", NULL, 0, 15, 2, 0}};
static const sfi_chip_field no_rdp = {"RDP", NULL, 0, 8, 4, 0};
static const sfi_chip_field no_bit = {"RDP", NULL, 0, 25, 8, 0};
static const sfi_chip_memory_range in_flash = {"X", FLASH, 4, 1, 0};
static const sfi_chip_memory_range no_kind = {"X", 0, 4, 7, 0};

static const struct {
    size_t at; /* of a number, and what it is set to */
    uint32_t value;
    enum what what;
    const void *list;
    size_t count;
    sfi_status st;
    const char *fact;
} wrong[] = {
#define NUMBER_OF(member, value, st, fact)                                 \
    {                                                                      \
        offsetof(sfi_chip_definition, member), value, NUMBER, NULL, 0, st, \
            fact                                                           \
    }
    NUMBER_OF(flags, 8, SFI_ERR_ARGUMENT, "FLAGS"),
    NUMBER_OF(device_id, 0, SFI_ERR_RANGE, "device_id 0x0"),
    NUMBER_OF(device_id, 0x1000, SFI_ERR_RANGE, "device_id 0x1000"),
    NUMBER_OF(flash_base, 0xfff00000, SFI_ERR_RANGE, "flash_size"),
    NUMBER_OF(flash_size, 0, SFI_ERR_RANGE, "flash_size 0x0"),
    NUMBER_OF(flash_size, 100, SFI_ERR_RANGE, "flash_size 0x64"),
    NUMBER_OF(sector_size, 48, SFI_ERR_RANGE, "sector_size 48"),
    NUMBER_OF(sector_size, 0, SFI_ERR_RANGE, "sector_size 0"),
    NUMBER_OF(sector_size, 32, SFI_ERR_RANGE, "65520 sectors"),
    NUMBER_OF(program_unit, 24, SFI_ERR_RANGE, "program_unit 24"),
    NUMBER_OF(program_unit, 0, SFI_ERR_RANGE, "program_unit 0"),
    NUMBER_OF(bank_size, 128u << 10 | 32, SFI_ERR_RANGE, "bank_size"),
    NUMBER_OF(erase_ms, 0, SFI_ERR_RANGE, "erase_ms 0"),
    NUMBER_OF(firmware_size, 32, SFI_ERR_RANGE, "not in the flash"),
    NUMBER_OF(ram_base, 0xffff0000, SFI_ERR_RANGE, "ram_size"),
    NUMBER_OF(options_size, 0, SFI_ERR_RANGE, "options_size 0x0"),
    NUMBER_OF(options_size, 4, SFI_ERR_RANGE, "row OPTSR"),
    {0, 0, ROWS_OF, &bad_row, 1, SFI_ERR_RANGE, "row X: offsets 0x6"},
    {0, 0, ROWS_OF, NULL, 1, SFI_ERR_ARGUMENT, "rows"},
    {0, 0, ROWS_OF, rows, 13, SFI_ERR_RANGE, "row_count 13"},
    {0, 0, FIELDS_OF, shared, 2, SFI_ERR_OVERLAP, "RDP and A"},
    {0, 0, FIELDS_OF, &no_rdp, 1, SFI_ERR_RANGE, "no field RDP"},
    {0, 0, FIELDS_OF, &no_bit, 1, SFI_ERR_RANGE, "field RDP: 8 bits at 25"},
    {0, 0, MEMORIES_OF, &in_flash, 1, SFI_ERR_OVERLAP, "the flash and X"},
    {0, 0, MEMORIES_OF, &no_kind, 1, SFI_ERR_RANGE, "kind 7"},
};

START_TEST(test_wrong)
{
    sfi_chip_definition d = good;
    const sfi_chip *chip = (const sfi_chip *)&d;

    if (wrong[_i].what == NUMBER)
        memcpy((uint8_t *)&d + wrong[_i].at, &wrong[_i].value,
               sizeof(wrong[_i].value));
    if (wrong[_i].what == ROWS_OF) {
        d.rows = wrong[_i].list;
        d.row_count = wrong[_i].count;
    }
    if (wrong[_i].what == FIELDS_OF) {
        d.fields = wrong[_i].list;
        d.field_count = wrong[_i].count;
    }
    if (wrong[_i].what == MEMORIES_OF) {
        d.memories = wrong[_i].list;
        d.memory_count = wrong[_i].count;
    }
    ck_assert_fails_about(sfi_chip_define(ctx, &d, &chip), wrong[_i].st, "",
                          wrong[_i].fact);
    ck_assert_ptr_null(chip);
}
END_TEST

START_TEST(test_wrong_names)
{
    static const char *const names[] = {"", "STM32", "a b",
                                        "a234567890123456789012345678901x"};
    sfi_chip_definition d = good;
    const sfi_chip *chip;

    for (size_t i = 0; i < ROWS(names); i++) {
        d.name = names[i];
        ck_assert_fails_about(sfi_chip_define(ctx, &d, &chip), SFI_ERR_RANGE,
                              "", "expected 1 to 31 of a-z and 0-9");
    }
    d.name = "stm32h753xi";
    ck_assert_fails(sfi_chip_define(ctx, &d, &chip), SFI_ERR_RANGE, "",
                    "stm32h753xi is a part that libsfi knows, expected a name "
                    "of your own");
    d.name = NULL;
    ck_assert_int_eq(sfi_chip_define(ctx, &d, &chip), SFI_ERR_ARGUMENT);
}
END_TEST

/* ---- without a chip ---- */

static sfi_firmware *
firmware(uint32_t address)
{
    static uint8_t code[64];
    sfi_firmware *fw;

    for (size_t i = 0; i < sizeof(code); i++)
        code[i] = (uint8_t)(i + 1);
    ck_assert_ok(
        sfi_firmware_parse(ctx, "bin", address, code, sizeof(code), &fw));
    return fw;
}

START_TEST(test_option_bytes)
{
    const sfi_chip *chip = define(0x480);
    sfi_option_field f = {.struct_size = sizeof(f)};
    sfi_option_bytes *ob;
    const char *csv, *name;
    uint32_t value;

    ck_assert_ok(sfi_option_bytes_new(ctx, chip, &ob));
    ck_assert_uint_eq(sfi_option_bytes_count(ob), 1);
    ck_assert_ok(sfi_option_bytes_get_field(ob, 0, &f));
    ck_assert_str_eq(f.name, "RDP");
    ck_assert_uint_eq(f.value, 0xaa);
    ck_assert_str_eq(f.text, "level 0: no protection");
    ck_assert_ok(sfi_option_bytes_set(ob, "IWDG_SW", 0));
    ck_assert_ok(sfi_option_bytes_get(ob, 0, &name, &value));
    ck_assert_str_eq(name, "OPTSR");
    ck_assert_uint_eq(value, 0x1bc6aae0);
    ck_assert_ok(sfi_option_bytes_csv(ob, 0, &csv));
    ck_assert_ptr_nonnull(strstr(csv, "OPTSR"));
    sfi_option_bytes_free(ob);
}
END_TEST

/* Preflight works; an image would need the security extension. */
START_TEST(test_builder)
{
    static const uint8_t nonce[SFI_NONCE_LEN] = {1};
    static const uint8_t bytes[SFI_KEY_LEN] = {1};
    const sfi_chip *chip = define(0x480);
    sfi_firmware *fw = firmware(FLASH), *outside = firmware(0x09000000);
    sfi_image_builder *b;
    sfi_option_bytes *ob;
    sfi_layout *layout;
    sfi_key *key;

    ck_assert_ok(sfi_image_builder_new(ctx, chip, &b));
    ck_assert_ok(sfi_option_bytes_new(ctx, chip, &ob));
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    ck_assert_ok(sfi_image_builder_set_option_bytes(b, ob));
    ck_assert_ok(sfi_image_builder_check(b, NULL, NULL));
    ck_assert_ok(sfi_image_builder_layout(b, &layout));
    ck_assert_ok(sfi_layout_check(layout, NULL, NULL));
    sfi_layout_free(layout);
    ck_assert_ok(sfi_key_new(ctx, bytes, sizeof(bytes), &key));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    ck_assert_ok(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)));
    ck_assert_fails(sfi_image_builder_save(b, "no-such/a.sfi"),
                    SFI_ERR_UNSUPPORTED, "",
                    "stm32h7test was defined by this program: libsfi assumes "
                    "no security extension of it, and programs it as an open "
                    "part only");
    ck_assert_ok(sfi_image_builder_add_firmware(b, outside));
    ck_assert_int_ne(sfi_image_builder_check(b, NULL, NULL), SFI_OK);
    sfi_key_free(key);
    sfi_option_bytes_free(ob);
    sfi_image_builder_free(b);
    sfi_firmware_free(outside);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_refused)
{
    const sfi_chip *chip = define(0x450);
    sfi_ctx *other;
    sfi_installer *in;
    sfi_image_builder *b;
    sfi_option_bytes *ob;

    ck_assert_fails_about(sfi_installer_new(ctx, chip, &in),
                          SFI_ERR_UNSUPPORTED, "", "no security extension");
    ck_assert_fails_about(
        sfi_sim_manufacture(ctx, chip, "no-such/ca", "no-such/chip"),
        SFI_ERR_UNSUPPORTED, "", "no security extension");
    ck_assert_int_eq(sfi_ctx_new(NULL, &other), SFI_OK);
    ck_assert_int_eq(sfi_image_builder_new(other, chip, &b), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_option_bytes_new(other, chip, &ob), SFI_ERR_ARGUMENT);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(other)),
                     "stm32h7test was defined in another context, expected "
                     "this one");
    sfi_ctx_free(other);
}
END_TEST

/* The part lives until the last handle that uses it. */
START_TEST(test_outlives_its_context)
{
    sfi_ctx *own;
    const sfi_chip *chip;
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_ctx_new(NULL, &own));
    ck_assert_ok(sfi_chip_define(own, &good, &chip));
    ck_assert_ok(sfi_option_bytes_new(own, chip, &ob));
    sfi_ctx_free(own);
    ck_assert_uint_eq(sfi_option_bytes_count(ob), 1);
    sfi_option_bytes_free(ob);
}
END_TEST

/* ---- a chip that libsfi does not know ---- */

START_TEST(test_program)
{
    static struct rom rom;
    const sfi_program_options verify = {.struct_size = sizeof(verify),
                                        .flags = SFI_PROGRAM_VERIFY};
    const sfi_chip *chip = define(0x480);
    sfi_firmware *fw = firmware(FLASH);
    sfi_option_bytes *ob;
    sfi_transport *tp;
    sfi_target *t;
    const char *name;
    uint32_t value;
    uint8_t back[64];

    rom_init(&rom);
    rom.device_id = 0x480;
    rom_open(&rom, &tp);
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 0, &t),
                          SFI_ERR_UNSUPPORTED, "", "0x480", "does not know");
    ck_assert_ok(sfi_target_connect(ctx, chip, tp, 0, &t));
    ck_assert_ptr_eq(sfi_target_chip(t), chip);
    ck_assert_ok(sfi_target_program(t, fw, &verify));
    ck_assert_ok(sfi_target_read(t, FLASH, back, sizeof(back)));
    ck_assert_uint_eq(back[63], 64);
    ck_assert_uint_eq(rom.erases, 1);
    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ck_assert_ok(sfi_option_bytes_get(ob, 0, &name, &value));
    ck_assert_uint_eq(value, 0x1bc6aaf0);
    sfi_option_bytes_free(ob);
    sfi_target_free(t);
    sfi_transport_free(tp);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_other_chip)
{
    static struct rom rom;
    const sfi_chip *chip = define(0x480);
    sfi_transport *tp;
    sfi_target *t;

    rom_init(&rom);
    rom_open(&rom, &tp);
    ck_assert_fails_about(sfi_target_connect(ctx, chip, tp, 0, &t),
                          SFI_ERR_NO_DEVICE, "stream", "stm32h753xi (0x450)",
                          "expected stm32h7test (0x480)");
    sfi_transport_free(tp);
}
END_TEST

/* ---- a part with the device id of one that libsfi knows ---- */

static void
setup_h753(void)
{
    board_setup("stm32h753xi");
}

START_TEST(test_twin)
{
    static const char *const links[] = {"usart", "spi", "usb"};
    const sfi_chip *twin = define(0x450);
    sfi_firmware *fw = firmware(FLASH);
    sfi_transport *tp;
    sfi_target *t;

    ck_assert_ok(sfi_sim_transport(board.sim, links[_i], &tp));
    ck_assert_ok(sfi_target_connect(ctx, twin, tp, 0, &t));
    ck_assert_ptr_eq(sfi_target_chip(t), twin);
    ck_assert_ok(sfi_target_program(t, fw, NULL));
    ck_assert_ok(sfi_target_verify(t, fw));
    sfi_target_free(t);
    sfi_transport_free(tp);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_twin_debug_port)
{
    const sfi_chip *twin = define(0x450);
    sfi_transport *tp;
    sfi_target *t;

    ck_assert_ok(sfi_sim_transport(board.sim, "jtag", &tp));
    ck_assert_fails_about(sfi_target_connect(ctx, twin, tp, 0, &t),
                          SFI_ERR_UNSUPPORTED, "", "stm32h7test", "debug port",
                          "expected a USART, SPI or USB link");
    sfi_transport_free(tp);
}
END_TEST

/* A chip that is secure is not an open part, whatever the program says. */
START_TEST(test_twin_is_secure)
{
    const sfi_chip *twin = define(0x450);
    sfi_transport *tp;
    sfi_target *t;

    ck_assert_ok(sfi_sim_transport(board.sim, "usart", &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    ck_assert_ok(sfi_target_activate_security(t));
    sfi_target_free(t);
    ck_assert_fails_about(sfi_target_connect(ctx, twin, tp, 0, &t),
                          SFI_ERR_UNSUPPORTED, "", "no security extension");
    sfi_transport_free(tp);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_defined");
    TCase *tc = tcase_create("definition");
    TCase *chips = tcase_create("chips");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_copied);
    tcase_add_loop_test(tc, test_wrong, 0, ROWS(wrong));
    tcase_add_test(tc, test_wrong_names);
    tcase_add_test(tc, test_option_bytes);
    tcase_add_test(tc, test_builder);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_outlives_its_context);
    tcase_add_test(tc, test_program);
    tcase_add_test(tc, test_other_chip);
    suite_add_tcase(s, tc);
    tcase_add_checked_fixture(chips, setup_h753, board_teardown);
    tcase_add_loop_test(chips, test_twin, 0, 3);
    tcase_add_test(chips, test_twin_debug_port);
    tcase_add_test(chips, test_twin_is_secure);
    suite_add_tcase(s, chips);
    return run_suite(s);
}
