/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -c port=PORT alone: what is there, without a change of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/device.h>

#include "sfi_program.h"

#define TAG_LEN 16u
#define VTOR 0xe000ed08u /* Armv7-M architecture manual, B3.2.5 */

#define APPLICATION_RUNS "application running"

struct look {
    sfi_target_info info;
    bool heard;         /* nothing but an application, over USART */
    char device_id[80]; /* of its certificate; "": an open chip */
    bool options_read;
    uint32_t security; /* the option */
    bool flash_read;
    uint32_t stack, entry; /* at the flash's begin: a vector table */
    bool running;          /* a program of the flash, over a debug port */
};

static uint32_t
word_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

/* ---- find out ---- */

static void
look_take_options(struct look *l, const sfi_option_bytes *ob)
{
    sfi_option_field f = {.struct_size = sizeof(f)};

    l->options_read = true;
    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        if (sfi_option_bytes_get_field(ob, i, &f) == SFI_OK &&
            strcmp(f.name, "SECURITY") == 0)
            l->security = f.value;
    }
}

/* A refusal is an answer here, too; a link that fails is not. */
static bool
is_refusal(sfi_status st)
{
    return st == SFI_ERR_PROTECTED || st == SFI_ERR_NACK ||
           st == SFI_ERR_DEVICE;
}

static sfi_status
look_at_flash(struct station *s, struct look *l)
{
    uint8_t vectors[8];
    uint8_t table[4];
    sfi_status st = sfi_target_read(s->target, sfi_chip_flash_base(s->part),
                                    vectors, sizeof(vectors));

    l->flash_read = st == SFI_OK;
    if (st != SFI_OK)
        return st;
    l->stack = word_at(vectors);
    l->entry = word_at(vectors + 4);
    if (l->info.bootloader_version != 0)
        return SFI_OK; /* that runs */
    st = sfi_target_read(s->target, VTOR, table, sizeof(table));
    if (st == SFI_OK)
        l->running =
            word_at(table) - sfi_chip_flash_base(s->part) < s->flash_size;
    return st;
}

static sfi_status
look_at_open_chip(struct station *s, struct look *l)
{
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_target_read_option_bytes(s->target, &ob);

    if (st == SFI_OK)
        look_take_options(l, ob);
    sfi_option_bytes_free(ob);
    if (st == SFI_OK || is_refusal(st))
        st = look_at_flash(s, l);
    return is_refusal(st) ? SFI_OK : st;
}

static sfi_status
look_at_secure_chip(struct station *s, struct look *l)
{
    sfi_certificate *cert = NULL;
    sfi_status st = sfi_target_get_certificate(s->target, &cert);

    if (st == SFI_OK)
        (void)snprintf(l->device_id, sizeof(l->device_id), "%s",
                       sfi_certificate_device_id(cert));
    sfi_certificate_free(cert);
    return st == SFI_ERR_CERTIFICATE || is_refusal(st) ? SFI_OK : st;
}

/* ---- say it ---- */

/* NULL: it cannot be known. */
static const char *
look_readout(const struct look *l)
{
    switch (l->info.readout) {
    case SFI_READOUT_LEVEL_0:
        return "level 0";
    case SFI_READOUT_LEVEL_1:
        return "level 1";
    case SFI_READOUT_LEVEL_2:
        return "level 2";
    default:
        return NULL;
    }
}

static bool
look_has_program(const struct look *l)
{
    return l->flash_read && l->stack != UINT32_MAX && l->entry != UINT32_MAX;
}

/* The state in words, also for JSON. */
static const char *
look_state(const struct look *l)
{
    static const char *const secure[] = {
        [SFI_DEVICE_EMPTY] = "secure, empty",
        [SFI_DEVICE_READY] = "secure, waits for a licence",
        [SFI_DEVICE_LICENSED] = "secure, waits for a header",
        [SFI_DEVICE_RECEIVING] = "secure, receives an image",
        [SFI_DEVICE_COMPLETE] = "secure, has a whole image",
        [SFI_DEVICE_INSTALLED] = "secure, installed",
    };

    if (l->heard)
        return APPLICATION_RUNS;
    if (l->info.secure != 0)
        return l->info.device_state < sizeof(secure) / sizeof(*secure)
                   ? secure[l->info.device_state]
                   : "secure";
    if (l->running)
        return "open, " APPLICATION_RUNS;
    if (!l->flash_read)
        return "open";
    return look_has_program(l) ? "open, has a program" : "open, empty";
}

static bool
look_has_image(const struct look *l)
{
    return l->info.secure != 0 && l->info.device_state >= SFI_DEVICE_RECEIVING;
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
    station_show(s, "  State             : %s", look_state(l));
    if (look_has_image(l))
        station_show(s, "  SFI header tag    : %s", tag);
    if (l->device_id[0] != '\0')
        station_show(s, "  Device id         : %s", cli_visible(l->device_id));
    if (look_readout(l) != NULL)
        station_show(s, "  Readout protection: %s", look_readout(l));
    if (look_has_program(l))
        station_show(s,
                     "  Vector table      : stack 0x%08" PRIx32
                     ", entry 0x%08" PRIx32,
                     l->stack, l->entry);
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
    station_show(s, "  State             : %s", look_state(l));
}

sfi_status
station_look(struct station *s)
{
    struct look *l = look_begin(s);
    sfi_status st;

    l->info.struct_size = sizeof(l->info);
    st = sfi_target_get_info(s->target, &l->info);
    if (st == SFI_OK)
        st = l->info.secure != 0 ? look_at_secure_chip(s, l)
                                 : look_at_open_chip(s, l);
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
    json_text(j, "state", look_state(l));
    if (l->heard)
        return;
    json_bool(j, "secure", l->info.secure != 0);
    json_number(j, "chip_id", l->info.device_id);
    if (l->info.revision != 0)
        json_number(j, "revision", l->info.revision);
    json_number(j, "flash_size", s->flash_size);
    look_write_loader(&l->info, j);
    if (look_has_image(l))
        json_hex(j, "header_tag", l->info.header_tag, TAG_LEN);
    if (l->device_id[0] != '\0')
        json_text(j, "device_id", l->device_id);
    if (look_readout(l) != NULL)
        json_text(j, "readout_protection", look_readout(l));
    if (l->options_read)
        json_number(j, "security", l->security);
    if (!look_has_program(l))
        return;
    json_number(j, "stack", l->stack);
    json_number(j, "entry", l->entry);
}
