/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The table of rules, and how a finding reaches the caller. */
#include "preflight/findings.h"

#include "core/obj.h"

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
                           "give each address to one file and segment only"),
    [RULE_SHARED_WORD] =
        ERROR("shared-word", CHIP_RULE, "AN4992, 7",
              "let each area begin in a flash word of its own"),
    [RULE_DESCENDING] = ERROR("descending", CHIP_RULE, "",
                              "build the image with ascending areas"),
    [RULE_TOTAL_MULTIPLE] = ERROR("total-multiple", CHIP_RULE, "AN4992, 7.2",
                                  "add fill bytes to the end of the firmware"),
    [RULE_TOTAL_NOT_MULTIPLE] =
        ERROR("total-not-multiple", CHIP_RULE, "AN4992, 7.2",
              "add fill bytes to the end of the firmware"),
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
