/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -c port=PORT alone: what is there, without a change of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

#define TAG_LEN 16u

#define APPLICATION_RUNS "application running"

struct look {
    sfi_target_info info;
    sfi_target_contents in;
    bool heard; /* nothing but an application, over USART */
};

/* NULL: it cannot be known. */
static const char *
look_readout(const struct look *l)
{
    static const char *const levels[] = {
        [SFI_READOUT_LEVEL_0] = "level 0",
        [SFI_READOUT_LEVEL_1] = "level 1",
        [SFI_READOUT_LEVEL_2] = "level 2",
    };

    return l->info.readout < sizeof(levels) / sizeof(*levels)
               ? levels[l->info.readout]
               : NULL;
}

static void
look_show_loader(struct station *s, const sfi_target_info *info)
{
    const char *limits = info->bootloader_limits;

    if (info->bootloader_name != NULL)
        station_show(s, "  Bootloader        : %s (0x%02" PRIx32 ")%s%s",
                     info->bootloader_name, info->bootloader_id,
                     limits != NULL ? ": " : "", limits != NULL ? limits : "");
    else if (info->bootloader_id != 0)
        station_show(s,
                     "  Bootloader        : 0x%02" PRIx32
                     ", which libsfi does not know",
                     info->bootloader_id);
}

/* Parts that share a DEV_ID have flash of different sizes. */
static void
look_show_flash(struct station *s)
{
    uint64_t expected = sfi_chip_flash_size(s->part);
    char other[96] = "";

    if (s->flash_size != expected)
        (void)snprintf(other, sizeof(other),
                       "; %s has %" PRIu64
                       " KiB: this is another part with its DEV_ID",
                       sfi_chip_name(s->part), expected >> 10);
    station_show(s,
                 "  Flash             : %" PRIu64 " KiB at 0x%08" PRIx64
                 ", sectors of %" PRIu32 " KiB%s",
                 s->flash_size >> 10, sfi_chip_flash_base(s->part),
                 sfi_chip_sector_size(s->part) >> 10, other);
}

static void
look_show(struct station *s, const struct look *l)
{
    char tag[2 * TAG_LEN + 1] = "";

    for (size_t i = 0; i < TAG_LEN; i++)
        (void)snprintf(tag + 2 * i, 3, "%02x", l->info.header_tag[i]);
    station_show(s, "  Part              : %s", sfi_chip_name(s->part));
    if (l->info.revision != 0)
        station_show(s, "  Revision          : 0x%04" PRIx32, l->info.revision);
    look_show_flash(s);
    look_show_loader(s, &l->info);
    station_show(s, "  State             : %s", l->in.text);
    if (l->in.has_image)
        station_show(s, "  SFI header tag    : %s", tag);
    if (l->in.device_id[0] != '\0')
        station_show(s, "  Device id         : %s",
                     cli_visible(l->in.device_id));
    if (look_readout(l) != NULL)
        station_show(s, "  Readout protection: %s", look_readout(l));
    if (l->in.has_vectors)
        station_show(s,
                     "  Vector table      : stack 0x%08" PRIx32
                     ", entry 0x%08" PRIx32,
                     l->in.stack, l->in.entry);
}

static struct look *
look_begin(struct station *s)
{
    s->seen = calloc(1, sizeof(*s->seen));
    if (s->seen == NULL)
        cli_nomem(s->p->cli.spec->program);
    return s->seen;
}

void
station_look_in_vain(struct station *s)
{
    struct look *l;

    if (sfi_error_peer_code(sfi_ctx_error(s->ctx)) != SFI_PEER_APPLICATION)
        return;
    l = look_begin(s);
    l->heard = true;
    l->in.text = APPLICATION_RUNS;
    station_show(s, "  State             : %s", l->in.text);
}

sfi_status
station_look(struct station *s)
{
    struct look *l = look_begin(s);
    sfi_status st;

    l->info.struct_size = sizeof(l->info);
    l->in.struct_size = sizeof(l->in);
    st = sfi_target_get_info(s->target, &l->info);
    if (st == SFI_OK)
        st = sfi_target_inspect(s->target, &l->in);
    if (st == SFI_OK)
        look_show(s, l);
    return st;
}

static void
look_write_loader(const sfi_target_info *info, struct json *j)
{
    if (info->bootloader_version != 0)
        json_number(j, "protocol_version", info->bootloader_version);
    if (info->bootloader_id != 0)
        json_number(j, "bootloader_id", info->bootloader_id);
    if (info->bootloader_name != NULL)
        json_text(j, "bootloader", info->bootloader_name);
    if (info->bootloader_limits != NULL)
        json_text(j, "bootloader_limits", info->bootloader_limits);
}

void
station_write_seen(const struct station *s, struct json *j)
{
    const struct look *l = s->seen;

    if (l == NULL)
        return;
    json_text(j, "state", l->in.text);
    if (l->heard)
        return;
    json_bool(j, "secure", l->info.secure != 0);
    json_number(j, "chip_id", l->info.device_id);
    if (l->info.revision != 0)
        json_number(j, "revision", l->info.revision);
    json_number(j, "flash_size", s->flash_size);
    look_write_loader(&l->info, j);
    if (l->in.has_image)
        json_hex(j, "header_tag", l->info.header_tag, TAG_LEN);
    if (l->in.device_id[0] != '\0')
        json_text(j, "device_id", l->in.device_id);
    if (look_readout(l) != NULL)
        json_text(j, "readout_protection", look_readout(l));
    if (l->in.has_options)
        json_number(j, "security", l->in.security);
    if (!l->in.has_vectors)
        return;
    json_number(j, "stack", l->in.stack);
    json_number(j, "entry", l->in.entry);
}
