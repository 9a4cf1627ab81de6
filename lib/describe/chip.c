/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a connected chip is, and what is in it. */
#include <sfi/program.h>

#include "util/text.h"
#include "describe/description.h"

#define FLASH_TEXT_MAX 192u

/* Parts that share a DEV_ID have flash of different sizes. */
static void
chip_tell_flash(struct description *d, const sfi_chip *part, uint32_t told)
{
    uint64_t usual = sfi_chip_flash_size(part);
    uint64_t size = told != 0 ? told : usual;
    char text[FLASH_TEXT_MAX], other[FLASH_TEXT_MAX / 2] = "";

    if (size != usual)
        sfi__text_format(other, sizeof(other),
                         "; %s has %llu KiB: this is another part with its "
                         "DEV_ID",
                         sfi_chip_name(part), (unsigned long long)usual >> 10);
    sfi__text_format(text, sizeof(text),
                     "%llu KiB at 0x%08llx, sectors of %u KiB%s",
                     (unsigned long long)size >> 10,
                     (unsigned long long)sfi_chip_flash_base(part),
                     (unsigned)(sfi_chip_sector_size(part) >> 10), other);
    sfi__fact_number_text(d, "flash_size", "Flash", size, text);
}

static void
chip_tell_loader(struct description *d, const sfi_target_info *i)
{
    char text[64];

    sfi__text_format(text, sizeof(text), "%u.%u", i->bootloader_version >> 4u,
                     i->bootloader_version & 0xfu);
    if (i->bootloader_version != 0) /* 0 over a debug port */
        sfi__fact_number_text(d, "protocol_version", "Protocol version",
                              i->bootloader_version, text);
    if (i->bootloader_name != NULL)
        sfi__fact_text(d, "bootloader", "Bootloader", i->bootloader_name);
    sfi__text_format(text, sizeof(text), "0x%02x%s", i->bootloader_id,
                     i->bootloader_name == NULL ? ", which libsfi does not know"
                                                : "");
    if (i->bootloader_id != 0)
        sfi__fact_number_text(d, "bootloader_id", "Bootloader ID",
                              i->bootloader_id, text);
    if (i->bootloader_limits != NULL)
        sfi__fact_text(d, "bootloader_limits", "Bootloader limits",
                       i->bootloader_limits);
}

static void
chip_tell_part(struct description *d, const sfi_chip *part,
               const sfi_target_info *i)
{
    char text[16];

    sfi__fact_text(d, "chip", "Part", sfi_chip_name(part));
    sfi__text_format(text, sizeof(text), "0x%03x", i->device_id);
    sfi__fact_number_text(d, "chip_id", "Chip ID", i->device_id, text);
    sfi__text_format(text, sizeof(text), "0x%04x", i->revision);
    if (i->revision != 0)
        sfi__fact_number_text(d, "revision", "Revision", i->revision, text);
    chip_tell_flash(d, part, i->flash_size);
    chip_tell_loader(d, i);
}

/* What protection hides is left out. */
static void
chip_tell_contents(struct description *d, const sfi_target_info *i,
                   const sfi_target_contents *c)
{
    static const char *const levels[] = {
        [SFI_READOUT_LEVEL_0] = "level 0",
        [SFI_READOUT_LEVEL_1] = "level 1",
        [SFI_READOUT_LEVEL_2] = "level 2",
    };

    sfi__fact_text(d, "state", "State", c->text);
    sfi__fact_yes_no(d, "secure", "Secure", i->secure != 0);
    if (c->has_image != 0)
        sfi__fact_bytes(d, "header_tag", "SFI header tag", i->header_tag,
                        sizeof(i->header_tag));
    if (c->device_id[0] != '\0')
        sfi__fact_text(d, "device_id", "Device id", c->device_id);
    if (i->readout != SFI_READOUT_UNKNOWN &&
        i->readout < sizeof(levels) / sizeof(*levels))
        sfi__fact_text(d, "readout_protection", "Readout protection",
                       levels[i->readout]);
    if (c->has_options != 0)
        sfi__fact_number(d, "security", "SECURITY", c->security);
    if (c->has_vectors == 0)
        return;
    sfi__fact_address(d, "stack", "Stack", c->stack);
    sfi__fact_address(d, "entry", "Entry", c->entry);
}

sfi_status
sfi__describe_chip(struct description *d, sfi_target *t)
{
    sfi_target_info i = {.struct_size = sizeof(i)};
    sfi_target_contents c = {.struct_size = sizeof(c)};
    sfi_status st = sfi_target_get_info(t, &i);

    if (st == SFI_OK)
        st = sfi_target_inspect(t, &c);
    if (st != SFI_OK)
        return st;
    sfi__fact_kind(d, "chip", "a connected chip");
    chip_tell_part(d, sfi_target_chip(t), &i);
    chip_tell_contents(d, &i, &c);
    return SFI_OK;
}
