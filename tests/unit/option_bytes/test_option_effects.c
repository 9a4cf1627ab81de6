/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/option_bytes: what each field will do, and the option bytes as text. */
#include <stdio.h>
#include <string.h>

#include <sfi/option_bytes.h>

#include "fixture.h"
#include "option_bytes/option_bytes.h"

static sfi_option_bytes *
fresh(const char *chip)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_option_bytes_new(ctx, sfi_chip_find(chip), &ob));
    return ob;
}

static sfi_option_field
field(const sfi_option_bytes *ob, const char *name)
{
    sfi_option_field f = {.struct_size = sizeof(f)};

    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        ck_assert_ok(sfi_option_bytes_get_field(ob, i, &f));
        if (strcmp(f.name, name) == 0)
            return f;
    }
    ck_abort_msg("no field %s", name);
    return f;
}

static const char h7[] = "stm32h753xi", l4[] = "stm32l462ce";

static const struct {
    const char *chip, *set;
    uint32_t value;
    const char *name; /* of the field to look at; NULL: the one set */
    const char *effect;
} effects[] = {
    {h7, "RDP", 0xcc, NULL,
     "for ever: no debugger, no bootloader, no other option bytes, no second "
     "install, no analysis of a part that fails"},
    {h7, "RDP", 0x00, NULL,
     "debuggers and bootloaders cannot read the flash; to go back to level 0 "
     "erases it"},
    {l4, "RDP", 0xaa, NULL,
     "anybody who has the part can read, copy and change its flash"},
    {h7, "SECURITY", 1, NULL,
     "for ever: the part starts in ST's secure bootloader, which guards the "
     "secure areas; a secure install needs it"},
    {h7, "IWDG1_SW", 0, NULL,
     "runs from reset on: firmware that does not refresh it is reset again and "
     "again"},
    {h7, "SWAP_BANK_OPT", 1, NULL,
     "from the next reset on bank 2 is at 0x08000000 and bank 1 at 0x08100000, "
     "with their protections"},
    /* addresses where the part starts */
    {h7, "BOOT_CM7_ADD0", 0x0800, NULL,
     "the part starts what is at 0x08000000, in the flash"},
    {h7, "BOOT_CM7_ADD1", 0x1ff0, NULL,
     "the part starts what is at 0x1ff00000, in system memory"},
    {h7, "BOOT_CM7_ADD1", 0xfff0, NULL,
     "the part starts what is at 0xfff00000, in no memory of the part"},
    /* areas: off, a few blocks, a whole bank; by either of their ends */
    {h7, "PROT_AREA_END1", 0x10, "PROT_AREA_START1",
     "no area: its start is after its end"},
    {h7, "PROT_AREA_END1", 0x1ff, "PROT_AREA_START1",
     "0x0800ff00 to 0x0801ffff: code there runs but cannot be read, and "
     "nothing there can be programmed or erased"},
    {h7, "SEC_AREA_END2", 0xfff, NULL,
     "0x0810ff00 to 0x081fffff: only code of secure areas can read, program or "
     "erase it, if SECURITY is on"},
    {h7, "SEC_AREA_END2", 0xff, "SEC_AREA_START2",
     "0x08100000 to 0x081fffff: only code of secure areas can read, program or "
     "erase it, if SECURITY is on"},
    {h7, "DMEP1", 0, NULL,
     "it stays when readout protection goes from level 1 to 0, and its sectors "
     "cannot be erased"},
    {h7, "nWRP3", 0, NULL,
     "it can be neither erased nor programmed until this bit is set again"},
    {l4, "WRP1A_STRT", 0, "WRP1A_END",
     "0x08000000 to 0x080007ff: it can be neither programmed nor erased"},
    {l4, "PCROP1_END", 0xffff, NULL,
     "0x0807fff8 to 0x0807ffff: code there runs but cannot be read, and "
     "nothing there can be programmed or erased"},
    {l4, "nSWBOOT0", 1, NULL,
     "the pin decides what starts; AN4992, 3.2.3 wants 0 during an install"},
    {l4, "BOR_LEV", 7, NULL, "RM0394 does not describe this value"},
};

START_TEST(test_effects)
{
    sfi_option_bytes *ob = fresh(effects[_i].chip);
    const char *name = effects[_i].name;

    ck_assert_ok(sfi_option_bytes_set(ob, effects[_i].set, effects[_i].value));
    ck_assert_str_eq(field(ob, name != NULL ? name : effects[_i].set).effect,
                     effects[_i].effect);
    sfi_option_bytes_free(ob);
}
END_TEST

/* Whatever its value, each field says what it will do. */
START_TEST(test_each_field)
{
    static const uint32_t values[] = {0, 1, 2, 3, 4, 0xaa, 0xbb, 0xcc, 0xffff};
    const sfi_chip *chip = sfi_chip_at((size_t)_i);
    sfi_option_bytes *ob = fresh(sfi_chip_name(chip));
    sfi_option_field f = {.struct_size = sizeof(f)};

    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        ck_assert_ok(sfi_option_bytes_get_field(ob, i, &f));
        ck_assert_uint_eq(f.value, f.shipped);
        for (size_t k = 0; k < ROWS(values); k++) {
            if (f.width < 32 && values[k] >> f.width != 0)
                continue;
            ck_assert_ok(sfi_option_bytes_set(ob, f.name, values[k]));
            ck_assert_ok(sfi_option_bytes_get_field(ob, i, &f));
            ck_assert_uint_eq(f.value, values[k]);
            ck_assert_msg(f.effect[0] != '\0', "%s 0x%x has no effect", f.name,
                          (unsigned)values[k]);
            ck_assert_uint_lt(strlen(f.effect), SFI_OPTION_EFFECT_MAX - 1);
        }
    }
    sfi_option_bytes_free(ob);
}
END_TEST

/* ---- as text ---- */

START_TEST(test_new)
{
    sfi_option_bytes *ob = fresh(h7);
    const char *csv;

    ck_assert_ok(sfi_option_bytes_csv(ob, 0, &csv));
    ck_assert_str_eq(csv, "FOPTSR_PRG,0x1BC6AAF0\nFPRAR_PRG_A,0x000000FF\n"
                          "FPRAR_PRG_B,0x000000FF\nFSCAR_PRG_A,0x000000FF\n"
                          "FSCAR_PRG_B,0x000000FF\nFWPSN_PRG_A,0x000000FF\n"
                          "FWPSN_PRG_B,0x000000FF\nFBOOT7_PRG,0x1FF00800\n"
                          "RESERVED,0x10000810\n");
    sfi_option_bytes_free(ob);
    ob = fresh(l4);
    ck_assert_ok(sfi_option_bytes_set(ob, "RDP", 0xcc));
    ck_assert_ok(sfi_option_bytes_csv(ob, 0, &csv));
    ck_assert_str_eq(csv, "FLASH_OPTR,0xFBEFF8CC\nPCROP1SR,0x0000FFFF\n"
                          "PCROP1ER,0x00000000\nWRP1AR,0x000000FF\n"
                          "WRP1BR,0x000000FF\n");
    sfi_option_bytes_free(ob);
}
END_TEST

static const char *
found(const char *csv, const char *text)
{
    const char *at = strstr(csv, text);

    ck_assert_msg(at != NULL, "no \"%s\" in\n%s", text, csv);
    return at;
}

START_TEST(test_explained)
{
    sfi_option_bytes *ob = fresh(h7);
    const char *csv, *at;

    ck_assert_ok(sfi_option_bytes_set(ob, "nWRP2", 0));
    ck_assert_ok(sfi_option_bytes_csv(ob, SFI_OPTION_EXPLAIN, &csv));
    at = found(csv, "# Option bytes of stm32h753xi: all of its 9 rows, in this "
                    "order.\n");
    at = found(at, "#\n# FOPTSR_PRG, in ST's manual FLASH_OPTSR_PRG:\n"
                   "#   RDP, bits 8 to 15: readout protection\n"
                   "#     = 0xaa: level 0: no protection\n"
                   "#       anybody who has the part can read, copy and change "
                   "its flash\n"
                   "#     0xcc: level 2: nothing can be read or changed, "
                   "permanently\n"
                   "#     any other value: level 1: memory cannot be read\n");
    at = found(at, "#   reserved bits, 0x5fc10023: keep them; 0x1bc00020 in a "
                   "new part\nFOPTSR_PRG,0x1BC6AAF0\n");
    at = found(at, "#   nWRP0 to nWRP1, bits 0 to 1: writing sector 0, and so "
                   "on\n#     = 0x1: not protected\n");
    at = found(at, "#   nWRP2, bit 2: writing sector 2\n"
                   "#     = 0x0: protected\n");
    at = found(at, "#   nWRP3 to nWRP7, bits 3 to 7: ");
    at = found(at, "\nFWPSN_PRG_A,0x000000FB\n");
    at = found(at, "#   BOOT_CM7_ADD0, bits 0 to 15: upper half of the boot "
                   "address, BOOT0 low\n#     = 0x800\n"
                   "#       the part starts what is at 0x08000000, in the "
                   "flash\n");
    (void)found(at, "# RESERVED is not written to the part.\n"
                    "RESERVED,0x10000810\n");
    sfi_option_bytes_free(ob);
}
END_TEST

/* What is written can be read, with and without the explanation. */
START_TEST(test_round_trip)
{
    for (size_t i = 0; sfi_chip_at(i) != NULL; i++) {
        for (uint32_t flags = 0; flags <= SFI_OPTION_EXPLAIN; flags++) {
            sfi_option_bytes *ob = fresh(sfi_chip_name(sfi_chip_at(i)));
            sfi_option_bytes *again;
            const char *csv;

            for (size_t row = 0; row < sfi_option_bytes_count(ob); row++)
                ob->values[row] = 0x9e3779b9u * (uint32_t)(row + i + 1);
            ck_assert_ok(sfi_option_bytes_csv(ob, flags, &csv));
            ck_assert_ok(sfi_option_bytes_parse(ctx, sfi_chip_at(i), csv,
                                                strlen(csv), &again));
            ck_assert_mem_eq(again->values, ob->values,
                             sfi_option_bytes_count(ob) * sizeof(uint32_t));
            sfi_option_bytes_free(again);
            sfi_option_bytes_free(ob);
        }
    }
}
END_TEST

START_TEST(test_arguments)
{
    sfi_option_bytes *ob = fresh(l4);
    const char *csv;

    ck_assert_fails_about(sfi_option_bytes_csv(ob, 2, &csv), SFI_ERR_ARGUMENT,
                          "", "flags");
    ck_assert_fails_about(sfi_option_bytes_csv(ob, 0, NULL), SFI_ERR_ARGUMENT,
                          "", "csv != NULL");
    ck_assert_int_eq(sfi_option_bytes_csv(NULL, 0, &csv), SFI_ERR_ARGUMENT);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_option_bytes_csv(ob, 0, &csv), SFI_ERR_NOMEM);
    ck_assert_ptr_null(csv);
    memory.fail_at = 0;
    ck_assert_ok(sfi_option_bytes_csv(ob, 0, &csv));
    sfi_option_bytes_free(ob);
    ck_assert_fails_about(sfi_option_bytes_new(ctx, NULL, &ob),
                          SFI_ERR_ARGUMENT, "", "chip != NULL");
    ck_assert_ptr_null(ob);
    ck_assert_int_eq(sfi_option_bytes_new(NULL, sfi_chip_at(0), &ob),
                     SFI_ERR_ARGUMENT);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("option_effects");
    TCase *tc = tcase_create("effects");
    size_t chips = 0;

    while (sfi_chip_at(chips) != NULL)
        chips++;
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_effects, 0, (int)ROWS(effects));
    tcase_add_loop_test(tc, test_each_field, 0, (int)chips);
    suite_add_tcase(s, tc);
    tc = tcase_create("text");
    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_new);
    tcase_add_test(tc, test_explained);
    tcase_add_test(tc, test_round_trip);
    tcase_add_test(tc, test_arguments);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
