/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/preflight, the rules for option bytes, the start and the content: for
 * each one case where it speaks and one where it is silent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>

#include "preflight/findings.h"
#include "preflight/layout.h"

#include "fixture.h"
#include <bench/image_kit.h>

#define H7 "stm32h753xi"
#define L4 "stm32l462ce"

/* An image without a finding, for each part.  Firmware by one text: "address
 * size", then a stack pointer and a reset vector, or "fill byte", or "word
 * value" behind eight bytes, or "machine number". */
#define H7_OB                                                                  \
    "RDP=bb FBOOT7_PRG=1ff00800 FSCAR_PRG_A=ff FSCAR_PRG_B=ff FPRAR_PRG_A=ff " \
    "FPRAR_PRG_B=ff"
#define H7_CODE "08000000 1024 24010000 08000101"
#define L4_CODE "08001000 1024 20010000 08001101"

static const struct {
    const char *rule, *chip, *ob, *firmware;
    const char *says; /* NULL: silent */
} rows[] = {
    {"ob-zeros", H7,
     "FOPTSR_PRG=0 FPRAR_PRG_A=0 FPRAR_PRG_B=0 FSCAR_PRG_A=0 FSCAR_PRG_B=0 "
     "FWPSN_PRG_A=0 FWPSN_PRG_B=0 FBOOT7_PRG=0",
     H7_CODE, "all 8 option words of stm32h753xi are 0"},
    {"ob-zeros", H7,
     "FOPTSR_PRG=10 FPRAR_PRG_A=0 FPRAR_PRG_B=0 FSCAR_PRG_A=0 FSCAR_PRG_B=0 "
     "FWPSN_PRG_A=0 FWPSN_PRG_B=0 FBOOT7_PRG=0",
     H7_CODE, NULL},
    {"ob-ones", L4,
     "FLASH_OPTR=ffffffff PCROP1SR=ffffffff PCROP1ER=ffffffff "
     "WRP1AR=ffffffff WRP1BR=ffffffff",
     L4_CODE, "all 5 option words of stm32l462ce are 0xffffffff"},
    {"ob-ones", L4,
     "FLASH_OPTR=ffffffff PCROP1SR=ffffffff PCROP1ER=ffffffff "
     "WRP1AR=ffffffff WRP1BR=fffffffe",
     L4_CODE, NULL},
    {"reserved-bits", L4, "FLASH_OPTR=fbefe8bb", L4_CODE, NULL},
    {"reserved-bits", L4, "FLASH_OPTR=ebeff8bb", L4_CODE,
     "FLASH_OPTR is 0xebeff8bb: the reserved bits 0x10000000 differ from those "
     "of a new part"},

    {"rdp-level-2", H7, "RDP=cc", H7_CODE,
     "RDP is 0xcc, level 2: for ever no debugger, no bootloader, no analysis "
     "by ST and no second install"},
    {"rdp-level-2", L4, "RDP=cc", L4_CODE,
     "RDP is 0xcc, level 2: for ever no debugger, no bootloader, no analysis "
     "by ST and no second install"},
    {"rdp-level-2", H7, "RDP=cb", H7_CODE, NULL},
    /* SECURITY is set, and hides nothing outside a secure area */
    {"rdp-level-0", H7, "RDP=aa", H7_CODE,
     "RDP is 0xaa, level 0: anybody can read 1024 bytes of the installed "
     "firmware, which are in no secure area"},
    {"rdp-level-0", H7, "RDP=aa SEC_AREA_START1=0 SEC_AREA_END1=2", H7_CODE,

     "RDP is 0xaa, level 0: anybody can read 256 bytes of the installed "
     "firmware, which are in no secure area"},
    {"rdp-level-0", H7, "RDP=aa SEC_AREA_START1=0 SEC_AREA_END1=3", H7_CODE,
     NULL},
    {"rdp-level-0", H7, "RDP=aa SEC_AREA_START1=0 SEC_AREA_END1=3",
     H7_CODE "; 08100000 64",
     "RDP is 0xaa, level 0: anybody can read 64 bytes of the installed "
     "firmware, which are in no secure area"},
    {"rdp-level-0", H7, "RDP=aa SECURITY=0 SEC_AREA_START1=0 SEC_AREA_END1=3",
     H7_CODE,
     "RDP is 0xaa, level 0: anybody can read 1024 bytes of the installed "
     "firmware, which no secure area guards while SECURITY is 0"},
    {"rdp-level-0", L4, "RDP=aa", L4_CODE,
     "RDP is 0xaa, level 0: anybody can read 1024 bytes of the installed "
     "firmware, which are in no secure area"},
    {"rdp-level-0", L4, "RDP=0", L4_CODE, NULL},
    {"security-off", H7, "SECURITY=0", H7_CODE,
     "SECURITY is 0: after the install the part is not in secure access mode"},
    {"security-off", H7, "", H7_CODE, NULL},
    {"security-off", L4, "", L4_CODE, NULL},

    {"secure-none", H7, "SEC_AREA_START1=200 SEC_AREA_END1=100", H7_CODE,
     "FSCAR_PRG_A is 0x01000200: the secure area starts after its end, so "
     "there is none"},
    {"secure-none", H7, "SEC_AREA_START1=0 SEC_AREA_END1=3", H7_CODE, NULL},
    {"secure-bank", H7, "SEC_AREA_START1=1 SEC_AREA_END1=1", H7_CODE,
     "FSCAR_PRG_A is 0x00010001: all of the bank, 0x08000000 to 0x080fffff, is "
     "a secure area"},
    {"secure-bank", H7, "SEC_AREA_START1=1 SEC_AREA_END1=2", H7_CODE, NULL},
    {"secure-empty", H7, "SEC_AREA_START1=4 SEC_AREA_END1=5", H7_CODE,
     "the secure area 0x08000400 to 0x080005ff (FSCAR_PRG_A) holds no firmware "
     "of this image"},
    {"secure-empty", H7, "SEC_AREA_START1=3 SEC_AREA_END1=5", H7_CODE, NULL},
    {"pcrop-bank", H7, "PROT_AREA_START2=0 PROT_AREA_END2=0", H7_CODE,
     "FPRAR_PRG_B is 0x00000000: all of the bank, 0x08100000 to 0x081fffff, is "
     "a PCROP area: no constant there can be read"},
    {"pcrop-bank", H7, "PROT_AREA_START2=0 PROT_AREA_END2=ffe", H7_CODE, NULL},
    {"pcrop-bank", L4, "PCROP1_STRT=0 PCROP1_END=ffff", L4_CODE,
     "PCROP1SR is 0xffff0000: all of the bank, 0x08000000 to 0x0807ffff, is a "
     "PCROP area: no constant there can be read"},
    {"pcrop-empty", H7, "PROT_AREA_START1=4 PROT_AREA_END1=5", H7_CODE,
     "the PCROP area 0x08000400 to 0x080005ff (FPRAR_PRG_A) holds no firmware "
     "of this image"},
    {"pcrop-empty", H7, "PROT_AREA_START1=3 PROT_AREA_END1=5", H7_CODE, NULL},
    {"area-stays", H7, "PROT_AREA_START1=3 PROT_AREA_END1=5 DMEP1=0", H7_CODE,

     "the PCROP area 0x08000300 to 0x080005ff stays when readout protection is "
     "taken off"},
    {"area-stays", H7, "PROT_AREA_START1=3 PROT_AREA_END1=5 DMEP1=1", H7_CODE,
     NULL},
    {"area-stays", H7, "SEC_AREA_START1=0 SEC_AREA_END1=3 DMES1=0", H7_CODE,

     "the secure area 0x08000000 to 0x080003ff stays when readout protection "
     "is taken off"},
    {"area-stays", L4, "PCROP1_STRT=220 PCROP1_END=230 PCROP_RDP=1", L4_CODE,
     NULL},

    {"wrp-all", H7, "FWPSN_PRG_A=0 FWPSN_PRG_B=0", H7_CODE,
     "all 16 sectors for firmware are write-protected: the firmware can store "
     "nothing in flash, nor replace itself"},
    {"wrp-all", H7, "FWPSN_PRG_A=0 FWPSN_PRG_B=1", H7_CODE, NULL},
    {"wrp-all", L4, "WRP1A_STRT=2 WRP1A_END=ea", L4_CODE,
     "all 233 sectors for firmware are write-protected: the firmware can store "
     "nothing in flash, nor replace itself"},
    {"wrp-all", L4, "WRP1A_STRT=2 WRP1A_END=e9", L4_CODE, NULL},
    {"wrp-empty", H7, "nWRP0=0 nWRP3=0 nWRP9=0", H7_CODE,
     "2 write-protected sectors, the first at 0x08060000, hold no firmware of "
     "this image"},
    {"wrp-empty", H7, "nWRP0=0", H7_CODE, NULL},
    {"wrp-empty", L4, "WRP1A_STRT=2 WRP1A_END=3", L4_CODE,
     "1 write-protected sector, the first at 0x08001800, holds no firmware of "
     "this image"},
    {"wrp-empty", L4, "WRP1A_STRT=0 WRP1A_END=2", L4_CODE, NULL},
    {"loader-protected", L4, "WRP1A_STRT=eb WRP1A_END=eb", L4_CODE,
     "WRP1AR protects 0x08075800 to 0x08075fff, where the secure bootloader is "
     "until it has erased itself"},
    {"loader-protected", L4, "WRP1A_STRT=2 WRP1A_END=ea", L4_CODE, NULL},
    {"loader-protected", L4, "PCROP1_STRT=eb00 PCROP1_END=eb01", L4_CODE,
     "PCROP1SR protects 0x08075800 to 0x0807580f, where the secure bootloader "
     "is until it has erased itself"},

    {"swap-bank", H7, "SWAP_BANK_OPT=1", H7_CODE,
     "SWAP_BANK_OPT is 1: what the image puts into one bank shows at the "
     "addresses of the other one"},
    {"swap-bank", H7, "SWAP_BANK_OPT=0", H7_CODE, NULL},
    {"nswboot0", L4, "nSWBOOT0=1", L4_CODE,
     "nSWBOOT0 is 1: the pin BOOT0 decides what starts, expected 0"},
    {"nswboot0", L4, "nSWBOOT0=0", L4_CODE, NULL},
    {"nboot0", L4, "nBOOT0=0", L4_CODE,
     "nBOOT0 is 0: the part does not start from its flash, expected 1"},
    {"nboot0", L4, "nBOOT0=1", L4_CODE, NULL},

    {"boot-nowhere", H7, "BOOT_CM7_ADD0=0", H7_CODE,
     "BOOT_CM7_ADD0 is the address 0x00000000 in ITCM, which has no code after "
     "power-up: the part does not start"},
    {"boot-nowhere", H7, "BOOT_CM7_ADD0=2001", H7_CODE,
     "BOOT_CM7_ADD0 is the address 0x20010000 in DTCM, which has no code after "
     "power-up: the part does not start"},
    {"boot-nowhere", H7, "BOOT_CM7_ADD0=0801", H7_CODE, NULL},
    {"boot-pin-nowhere", H7, "BOOT_CM7_ADD1=2400", H7_CODE,
     "BOOT_CM7_ADD1 is the address 0x24000000 in AXI SRAM, which has no code "
     "after power-up: the part does not start when BOOT0 is high"},
    {"boot-pin-nowhere", H7, "BOOT_CM7_ADD1=1ff1", H7_CODE, NULL},
    {"boot-system", H7, "BOOT_CM7_ADD0=1ff0", H7_CODE,
     "BOOT_CM7_ADD0 is the address 0x1ff00000 in system memory: the firmware "
     "never starts"},
    {"boot-system", H7, "BOOT_CM7_ADD1=1ff0", H7_CODE, NULL},
    {"boot-empty", H7, "BOOT_CM7_ADD0=0802", H7_CODE,
     "stm32h753xi starts at 0x08020000, where this image puts nothing"},
    {"boot-empty", H7, "BOOT_CM7_ADD1=0802", H7_CODE,
     "stm32h753xi starts at 0x08020000 when BOOT0 is high, where this image "
     "puts nothing"},
    {"boot-empty", H7, "BOOT_CM7_ADD0=0802", "08020000 1024 24010000 08020101",
     NULL},
    {"boot-empty", H7, "SWAP_BANK_OPT=1", H7_CODE,
     "stm32h753xi starts at 0x08000000, where this image puts nothing"},
    {"boot-empty", H7, "SWAP_BANK_OPT=1", "08100000 1024 24010000 08000101",
     NULL},
    {"boot-empty", L4, "", "08002000 1024 20010000 08002101",
     "stm32l462ce starts at 0x08001000, where this image puts nothing"},
    {"boot-empty", L4, "", L4_CODE, NULL},
    {"vectors-unreadable", H7, "PROT_AREA_START1=0 PROT_AREA_END1=1", H7_CODE,

     "the vector table at 0x08000000 is in the PCROP area 0x08000000 to "
     "0x080001ff, where nothing can be read"},
    {"vectors-unreadable", H7, "PROT_AREA_START1=1 PROT_AREA_END1=2", H7_CODE,
     NULL},

    {"stack-outside", H7, "", "08000000 1024 08000000 08000101",
     "the vector table at 0x08000000 has the stack pointer 0x08000000, which "
     "is in no RAM of stm32h753xi"},
    {"stack-outside", H7, "", "08000000 1024 20000000 08000101",
     "the vector table at 0x08000000 has the stack pointer 0x20000000, which "
     "is in no RAM of stm32h753xi"},
    {"stack-outside", H7, "", "08000000 1024 00000000 08000101",
     "the vector table at 0x08000000 has the stack pointer 0x00000000, which "
     "is in no RAM of stm32h753xi"},
    {"stack-outside", H7, "", "08000000 1024 24000020 08000101", NULL},
    {"stack-outside", H7, "", "08000000 1024 30048000 08000101", NULL},
    {"stack-outside", H7, "", "08000000 1024 38010000 08000101", NULL},
    {"stack-outside", L4, "", "08001000 1024 10008000 08001101", NULL},
    {"stack-outside", L4, "", "08001000 1024 20028000 08001101", NULL},
    {"stack-outside", L4, "", "08001000 1024 20028004 08001101",
     "the vector table at 0x08001000 has the stack pointer 0x20028004, which "
     "is in no RAM of stm32l462ce"},
    /* four bytes do not tell */
    {"stack-outside", H7, "", "08000000 4 fill 0", NULL},
    {"stack-at-end", H7, "", "08000000 1024 20020000 08000101",
     "the vector table at 0x08000000 has the stack pointer 0x20020000 at the "
     "end of RAM: bootloaders V9.x of stm32h753xi start only what has it more "
     "than 16 bytes lower"},
    {"stack-at-end", H7, "", "08000000 1024 2407fff0 08000101",
     "the vector table at 0x08000000 has the stack pointer 0x2407fff0 at the "
     "end of RAM: bootloaders V9.x of stm32h753xi start only what has it more "
     "than 16 bytes lower"},
    {"stack-at-end", H7, "", "08000000 1024 2407ffe8 08000101", NULL},
    {"stack-at-end", L4, "", "08001000 1024 20020000 08001101", NULL},
    {"reset-even", H7, "", "08000000 1024 24010000 08000100",
     "the vector table at 0x08000000 has the reset vector 0x08000100, which is "
     "even, expected an odd one"},
    {"reset-even", H7, "", H7_CODE, NULL},
    {"reset-outside", H7, "", "08000000 1024 24010000 08000401",
     "the vector table at 0x08000000 has the reset vector 0x08000401, where "
     "this image puts nothing"},
    {"reset-outside", H7, "", "08000000 1024 24010000 080003ff", NULL},
    {"reset-outside", H7, "", "08000000 1024 24010000 08020001; 08020000 64",
     NULL},
    {"reset-outside", H7, "SWAP_BANK_OPT=1", "08100000 1024 24010000 08100101",

     "the vector table at 0x08000000 has the reset vector 0x08100101, where "
     "this image puts nothing"},
    {"reset-outside", L4, "", "08001000 1024 20010000 08000101",
     "the vector table at 0x08001000 has the reset vector 0x08000101, where "
     "this image puts nothing"},

    {"machine", H7, "", H7_CODE " machine 243",
     "segment 1 at 0x08000000 is code for the ELF machine 243, expected 40, "
     "which is Arm"},
    {"machine", H7, "", H7_CODE " machine 40", NULL},
    {"blank-area", H7, "", H7_CODE "; 08020000 256 fill ff",
     "segment 2 at 0x08020000 (256 bytes) is all 0xff"},
    {"blank-area", H7, "", H7_CODE "; 08020000 255 fill ff", NULL},
    {"blank-area", H7, "", H7_CODE "; 08020000 256 fill 0",
     "segment 2 at 0x08020000 (256 bytes) is all 0x00"},
    {"blank-area", H7, "", H7_CODE "; 08020000 256 fill 1", NULL},
    {"watchdog", H7, "IWDG1_SW=0", H7_CODE,
     "IWDG1_SW is 0: the watchdog runs from reset on, and no word of the "
     "firmware is the address of IWDG1_KR, 0x58004800"},
    {"watchdog", H7, "IWDG1_SW=0", H7_CODE "; 08020000 64 word 58004800", NULL},
    {"watchdog", H7, "IWDG1_SW=1", H7_CODE, NULL},
    {"watchdog", L4, "WWDG_SW=0", L4_CODE "; 08002000 64 word 40003000",
     "WWDG_SW is 0: the watchdog runs from reset on, and no word of the "
     "firmware is the address of WWDG_CR, 0x40002c00"},
    {"watchdog", L4, "IWDG_SW=0", L4_CODE "; 08002000 64 word 40003000", NULL},
};

/* ---- an image of a text ---- */

static void
set_options(sfi_option_bytes *ob, const char *text)
{
    char name[32];
    unsigned value;
    int used;

    while (sscanf(text, " %31[^=]=%x%n", name, &value, &used) == 2) {
        ck_assert_ok(sfi_option_bytes_set(ob, name, value));
        text += used;
    }
    ck_assert_str_eq(text, "");
}

static void
put_word(uint8_t *data, size_t len, size_t at, unsigned value)
{
    for (size_t i = 0; i < 4 && at + i < len; i++)
        data[at + i] = (uint8_t)(value >> 8 * i);
}

struct machines {
    uint32_t of[4];
    size_t count;
};

static void
add_segment(sfi_image_builder *b, const char *text, struct machines *m)
{
    unsigned long long address;
    unsigned size, value, reset;
    uint8_t data[1024];
    sfi_firmware *fw;
    int used;

    ck_assert_int_eq(sscanf(text, "%llx %u%n", &address, &size, &used), 2);
    ck_assert_uint_le(size, sizeof(data));
    for (size_t i = 0; i < size; i++)
        data[i] = kit_byte(address + i);
    text += used;
    ck_assert_uint_lt(m->count, ROWS(m->of));
    m->of[m->count] = 0;
    if (sscanf(text, " fill %x%n", &value, &used) == 1) {
        memset(data, (int)value, size);
        text += used;
    } else if (sscanf(text, " word %x%n", &value, &used) == 1) {
        put_word(data, size, 8, value);
        text += used;
    } else if (sscanf(text, " %8x %8x%n", &value, &reset, &used) == 2) {
        put_word(data, size, 0, value);
        put_word(data, size, 4, reset);
        text += used;
    }
    if (sscanf(text, " machine %u%n", &value, &used) == 1) {
        m->of[m->count] = value;
        text += used;
    }
    ck_assert_str_eq(text, "");
    m->count++;
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", address, data, size, &fw));
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    sfi_firmware_free(fw);
}

static void
add_firmware(sfi_image_builder *b, const char *text, struct machines *m)
{
    char one[128];

    while (*text != '\0') {
        size_t len = strcspn(text, ";");

        (void)snprintf(one, sizeof(one), "%.*s", (int)len, text);
        add_segment(b, one, m);
        text += len;
        text += *text == ';';
    }
}

static sfi_layout *
layout_of(const char *chip, const char *options, const char *firmware)
{
    sfi_option_bytes *ob = kit_new_ob(chip);
    struct machines m = {.count = 0};
    sfi_image_builder *b;
    struct piece *pieces;
    sfi_layout *l;

    set_options(ob, strcmp(chip, H7) == 0 ? H7_OB : "");
    set_options(ob, options);
    ck_assert_ok(sfi_image_builder_new(ctx, sfi_chip_find(chip), &b));
    ck_assert_ok(sfi_image_builder_set_option_bytes(b, ob));
    sfi_option_bytes_free(ob);
    add_firmware(b, firmware, &m);
    ck_assert_ok(sfi_image_builder_layout(b, &l));
    sfi_image_builder_free(b);
    pieces = (struct piece *)(void *)l->pieces.data;
    for (size_t i = 0; i < m.count; i++)
        pieces[i].machine = m.of[i];
    return l;
}

/* ---- the findings ---- */

struct found {
    const char *rule; /* NULL: all of them */
    unsigned count;
    unsigned errors;
    char text[1024];
};

static void
find(void *user, const sfi_finding *finding)
{
    struct found *f = user;
    size_t len = strlen(f->text);

    ck_assert_uint_eq(finding->struct_size, sizeof(*finding));
    ck_assert((finding->status != SFI_OK) ==
              (finding->severity == SFI_FINDING_ERROR));
    ck_assert(finding->message[0] != '\0' && finding->remedy[0] != '\0');
    ck_assert(finding->size != 0 || finding->address == 0);
    f->errors += finding->severity == SFI_FINDING_ERROR;
    if (f->rule != NULL && strcmp(f->rule, finding->rule) != 0)
        return;
    f->count++;
    if (f->rule == NULL)
        (void)snprintf(f->text + len, sizeof(f->text) - len, "%s ",
                       finding->rule);
    else
        (void)snprintf(f->text + len, sizeof(f->text) - len, "%s%s",
                       len == 0 ? "" : "\n", finding->message);
}

START_TEST(test_rule)
{
    sfi_layout *l = layout_of(rows[_i].chip, rows[_i].ob, rows[_i].firmware);
    struct found f = {.rule = rows[_i].rule};
    sfi_status st = sfi_layout_check(l, find, &f);
    const char *says = rows[_i].says != NULL ? rows[_i].says : "";

    ck_assert_msg(strcmp(f.text, says) == 0,
                  "row %d, %s\n  found    %s\n  expected %s", _i, rows[_i].rule,
                  f.text, says);
    ck_assert_int_eq(st != SFI_OK, f.errors > 0);
    sfi_layout_free(l);
}
END_TEST

/* Both cases of each rule that this file has, which are all but those for
 * areas. */
START_TEST(test_every_rule_has_both)
{
    for (size_t k = RULE_OB_ZEROS; k < RULE_COUNT; k++) {
        const char *id = sfi__rule_info[k].id;
        unsigned speaks = 0, silent = 0;

        ck_assert_ptr_nonnull(id);
        for (size_t i = 0; i < ROWS(rows); i++) {
            if (strcmp(rows[i].rule, id) != 0)
                continue;
            speaks += rows[i].says != NULL;
            silent += rows[i].says == NULL;
        }
        ck_assert_msg(speaks > 0 && silent > 0, "%s", id);
    }
}
END_TEST

START_TEST(test_ids)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *r = &sfi__rule_info[i];

        ck_assert_ptr_nonnull(r->id);
        ck_assert_uint_eq(
            strspn(r->id, "abcdefghijklmnopqrstuvwxyz0123456789-"),
            strlen(r->id));
        ck_assert((r->severity == SFI_FINDING_ERROR) == (r->status != SFI_OK));
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(sfi__rule_info[k].id, r->id);
    }
}
END_TEST

static void
check_all(const char *chip, const char *ob, const char *firmware,
          const char *expected)
{
    struct found f = {.rule = NULL};
    sfi_layout *l = layout_of(chip, ob, firmware);

    ck_assert_ok(sfi_layout_check(l, find, &f));
    ck_assert_str_eq(f.text, expected);
    sfi_layout_free(l);
}

START_TEST(test_whole)
{
    check_all(H7, "", H7_CODE, "");
    check_all(L4, "", L4_CODE, "");
}
END_TEST

/* A finding names what it is about. */
struct last {
    sfi_finding finding;
    char row[32], field[32];
};

static void
keep_rule(void *user, const sfi_finding *finding)
{
    struct last *k = user;

    if (strcmp(finding->rule, "pcrop-empty") != 0)
        return;
    k->finding = *finding;
    (void)snprintf(k->row, sizeof(k->row), "%s", finding->row);
    (void)snprintf(k->field, sizeof(k->field), "%s", finding->field);
}

START_TEST(test_place)
{
    sfi_layout *l =
        layout_of(H7, "PROT_AREA_START1=4 PROT_AREA_END1=5", H7_CODE);
    struct last k = {.row = ""};

    ck_assert_ok(sfi_layout_check(l, keep_rule, &k));
    ck_assert_uint_eq(k.finding.severity, SFI_FINDING_WARNING);
    ck_assert_uint_eq(k.finding.address, 0x08000400);
    ck_assert_uint_eq(k.finding.size, 512);
    ck_assert_str_eq(k.row, "FPRAR_PRG_A");
    ck_assert_str_eq(k.field, "PROT_AREA_START1");
    sfi_layout_free(l);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("findings");
    TCase *tc = tcase_create("findings");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_rule, 0, (int)ROWS(rows));
    tcase_add_test(tc, test_every_rule_has_both);
    tcase_add_test(tc, test_ids);
    tcase_add_test(tc, test_whole);
    tcase_add_test(tc, test_place);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
