/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The table of rules, and how a finding reaches the caller. */
#include "preflight/findings.h"

#include "core/obj.h"

#define WARNING(id, source, remedy)                     \
    {                                                   \
        id, SFI_FINDING_WARNING, SFI_OK, source, remedy \
    }
#define NOTE(id, source, remedy)                     \
    {                                                \
        id, SFI_FINDING_NOTE, SFI_OK, source, remedy \
    }
#define ERROR(id, status, source, remedy)                       \
    {                                                           \
        id, SFI_FINDING_ERROR, SFI_ERR_##status, source, remedy \
    }

const struct rule_info sfi__rule_info[RULE_COUNT] = {
    [RULE_NO_FIRMWARE] =
        ERROR("no-firmware", FORMAT, "AN4992, 3", "add a firmware or a module"),
    [RULE_TOO_MANY_AREAS] = ERROR("too-many-areas", LIMIT, "AN4992, 3",
                                  "close small gaps between segments"),
    [RULE_EMPTY_AREA] =
        ERROR("empty-area", RANGE, "", "leave the empty area out"),
    [RULE_OUTSIDE_FLASH] =
        ERROR("outside-flash", RANGE, "AN4992, 7",
              "link the firmware for the flash of this chip, or leave the "
              "segment out: sfi-create --only-flash"),
    [RULE_BELOW_START] =
        ERROR("below-start", CHIP_RULE, "AN4992, 7",
              "link the firmware for the address where firmware of this chip "
              "begins"),
    [RULE_BEYOND_END] =
        ERROR("beyond-end", CHIP_RULE, "AN4992, 7",
              "make the firmware smaller: the end of the flash holds the "
              "secure bootloader"),
    [RULE_LAST_WORD] =
        ERROR("last-word", CHIP_RULE, "AN4992, 7.1",
              "leave the last flash word of each bank free in the linker "
              "script"),
    [RULE_OVERLAP] = ERROR("overlap", OVERLAP, "",
                           "give each address to one file and segment only, "
                           "or leave one out: sfi-create --exclude"),
    [RULE_REPEATED] =
        WARNING("repeated-data", "",
                "nothing, if both files are meant to have these bytes"),
    [RULE_SHARED_WORD] =
        ERROR("shared-word", CHIP_RULE, "AN4992, 7",
              "let each area begin in a flash word of its own"),
    [RULE_DESCENDING] = ERROR("descending", CHIP_RULE, "",
                              "build the image with ascending areas"),
    [RULE_TOTAL_MULTIPLE] = ERROR("total-multiple", CHIP_RULE, "AN4992, 7.2",
                                  "add fill bytes to the end of the firmware: "
                                  "sfi-create --pad auto"),
    [RULE_TOTAL_NOT_MULTIPLE] =
        ERROR("total-not-multiple", CHIP_RULE, "AN4992, 7.2",
              "add fill bytes to the end of the firmware: sfi-create --pad "
              "auto"),
    [RULE_PADDED] =
        NOTE("padded", "AN4992, 7.2", "nothing: the padding was asked for"),
    [RULE_GAPS_FILLED] = NOTE("gaps-filled", "AN5054, 2.6.4",
                              "nothing: the gaps were asked to be closed"),
    [RULE_OB_NOT_LAST] =
        ERROR("ob-not-last", FORMAT, "AN4992, 3",
              "build the image with the option bytes in the last area"),
    [RULE_OB_ADDRESS] = ERROR("ob-address", FORMAT, "AN4992, 3",
                              "build the option-byte area with address 0"),
    [RULE_OB_SIZE] = ERROR("ob-size", CHIP_RULE, "AN5054, 2.5.1",
                           "build the image for this chip"),
    [RULE_OB_MISSING] = ERROR("ob-missing", FORMAT, "AN4992, 3",
                              "add the option bytes of the chip"),
    [RULE_OB_REPEATED] = ERROR("ob-repeated", FORMAT, "AN4992, 3",
                               "build the image with one area of option bytes"),
    [RULE_ZERO_KEY] = ERROR("zero-key", RANGE, "AN4992, 3",
                            "make a random key: sfi_key_create()"),
    [RULE_ZERO_NONCE] = ERROR("zero-nonce", RANGE, "AN4992, 3",
                              "make a random nonce: sfi_nonce_create()"),
    [RULE_NONCE_REUSE] =
        ERROR("nonce-reuse", RANGE, "AN5054, 3.1.2; NIST SP 800-38D, 8",
              "make a new key and a new nonce for this image"),

    [RULE_OB_ZEROS] =
        ERROR("ob-zeros", CHIP_RULE, "RM0433 and RM0394, option bytes",
              "give each word its value; sfi-create --template-ob lists them"),
    [RULE_OB_ONES] =
        ERROR("ob-ones", CHIP_RULE, "RM0433 and RM0394, option bytes",
              "give each word its value; sfi-create --template-ob lists them"),
    [RULE_RESERVED_BITS] =
        WARNING("reserved-bits", "RM0433 and RM0394, option bytes",
                "leave reserved bits as a new part has them"),
    [RULE_RDP_LEVEL_2] =
        WARNING("rdp-level-2", "RM0433 and RM0394, RDP",
                "use level 1 (RDP 0xbb), unless no part shall ever be opened, "
                "analysed or installed again"),
    [RULE_RDP_LEVEL_0] = WARNING(
        "rdp-level-0", "RM0433 and RM0394, RDP; AN5054, 2.5.1",
        "set RDP to 0xbb, or put the firmware into secure areas, for parts "
        "that leave the house"),
    [RULE_SECURITY_OFF] =
        WARNING("security-off", "AN5054, 2.5.1; RM0433, SECURITY",
                "set SECURITY to 1: an install needs secure access mode, and "
                "so do secure areas"),
    [RULE_SECURE_NONE] =
        NOTE("secure-none", "RM0433, FLASH_SCAR",
             "nothing, if no secure area is meant; else let it start before "
             "its end"),
    [RULE_SECURE_BANK] =
        WARNING("secure-bank", "RM0433, FLASH_SCAR",
                "for one block alone take two; for no area let it start after "
                "its end"),
    [RULE_SECURE_EMPTY] =
        WARNING("secure-empty", "RM0433, FLASH_SCAR",
                "move the secure area to where the firmware is; both ends "
                "count blocks of 256 bytes"),
    [RULE_PCROP_BANK] = WARNING(
        "pcrop-bank", "RM0433, FLASH_PRAR; RM0394, FLASH_PCROP1SR",
        "protect code alone that was compiled to be executed and not read; "
        "for no area let it start after its end"),
    [RULE_PCROP_EMPTY] =
        WARNING("pcrop-empty", "RM0433, FLASH_PRAR; RM0394, FLASH_PCROP1SR",
                "move the area to where code is: nothing can be programmed "
                "there later"),
    [RULE_AREA_STAYS] =
        WARNING("area-stays", "RM0433, DMEP and DMES; RM0394, PCROP_RDP",
                "set DMEP, DMES or PCROP_RDP in that word, or the part never "
                "takes another image"),
    [RULE_WRP_ALL] =
        WARNING("wrp-all", "RM0433, FLASH_WPSN; RM0394, FLASH_WRP1AR",
                "leave free what the firmware writes, such as settings or an "
                "update"),
    [RULE_WRP_EMPTY] =
        WARNING("wrp-empty", "RM0433, FLASH_WPSN; RM0394, FLASH_WRP1AR",
                "protect only what the image fills: the rest stays empty"),
    [RULE_LOADER_PROTECTED] =
        WARNING("loader-protected", "AN4992, 7.2",
                "leave the end of the flash free of protection: the secure "
                "bootloader there erases itself"),
    [RULE_SWAP_BANK] =
        WARNING("swap-bank", "RM0433, SWAP_BANK_OPT",
                "link for the addresses before the swap, or leave the bit 0"),
    [RULE_NSWBOOT0] = WARNING("nswboot0", "AN4992, 3.2.3",
                              "set nSWBOOT0 to 0, so that no pin decides"),
    [RULE_NBOOT0] = WARNING("nboot0", "AN4992, 3.2.3",
                            "set nBOOT0 to 1, so that the part starts from its "
                            "flash"),
    [RULE_BOOT_NOWHERE] =
        ERROR("boot-nowhere", CHIP_RULE, "RM0433, 2.6",
              "give the upper half of the firmware's address, such as 0x0800"),
    [RULE_BOOT_PIN_NOWHERE] =
        NOTE("boot-pin-nowhere", "RM0433, 2.6",
             "nothing, if BOOT0 stays low; else give an address that has code"),
    [RULE_BOOT_SYSTEM] =
        WARNING("boot-system", "RM0433, 2.6",
                "give the upper half of the firmware's address, such as "
                "0x0800"),
    [RULE_BOOT_EMPTY] =
        WARNING("boot-empty", "RM0433, 2.6; AN4992, 7",
                "add the firmware that begins there, or change the boot "
                "address"),
    [RULE_VECTORS_UNREADABLE] =
        WARNING("vectors-unreadable", "RM0433, FLASH_PRAR; RM0394, 3.5.2",
                "leave the vector table out of the PCROP area"),
    [RULE_STACK_OUTSIDE] =
        WARNING("stack-outside", "Armv7-M, vector table",
                "check the address of the firmware: its first word is the "
                "stack pointer"),
    [RULE_STACK_AT_END] =
        NOTE("stack-at-end", "AN2606, bootloader V9.x",
             "nothing, if no bootloader starts it with Go; else let the stack "
             "begin 32 bytes lower"),
    [RULE_RESET_EVEN] =
        WARNING("reset-even", "Armv7-M, vector table",
                "check the address of the firmware: its second word is the "
                "reset vector, odd in Thumb code"),
    [RULE_RESET_OUTSIDE] =
        WARNING("reset-outside", "Armv7-M, vector table",
                "link the firmware for where it is programmed, or add the "
                "file that has the code"),
    [RULE_MACHINE] = ERROR("machine", CHIP_RULE, "ELF for the Arm architecture",
                           "compile the firmware for Arm Cortex-M"),
    [RULE_BLANK_AREA] =
        NOTE("blank-area", "",
             "leave it out, if it is only fill: erased flash reads 0xff"),
    [RULE_WATCHDOG] =
        NOTE("watchdog", "RM0433, IWDG1_SW; RM0394, IWDG_SW and WWDG_SW",
             "nothing, if the firmware refreshes it; else let software start "
             "it"),
};

static void
findings_report(struct findings *f, const sfi_finding *finding)
{
    if (f->report == NULL)
        return;
    if (f->caller != NULL)
        f->caller->busy = true;
    f->report(f->user, finding);
    if (f->caller != NULL)
        f->caller->busy = false;
}

void
sfi__finding(struct findings *f, enum rule rule, struct place at,
             const char *fmt, ...)
{
    const struct rule_info *info = &sfi__rule_info[rule];
    char what[SFI_ERROR_MESSAGE_MAX];
    sfi_finding o = {
        .struct_size = sizeof(o),
        .severity = info->severity,
        .status = info->status,
        .area = at.area,
        .address = at.address,
        .size = at.size,
        .rule = info->id,
        .message = what,
        .source = info->source,
        .remedy = info->remedy,
        .row = at.row,
        .field = at.field,
        .file = at.file,
        .segment = at.segment,
    };
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(what, sizeof(what), fmt, args);
    va_end(args);
    if (f->first == SFI_OK && info->severity == SFI_FINDING_ERROR) {
        f->first = info->status;
        (void)sfi__text_copy(f->what, sizeof(f->what), what);
    }
    findings_report(f, &o);
}

sfi_status
sfi__findings_end(const struct findings *f)
{
    if (f->first == SFI_OK)
        return SFI_OK;
    return sfi__fail(f->ctx, f->first, "%s", f->what);
}
