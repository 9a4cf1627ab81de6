/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks of the fields of a header and of an area's descriptor. */
#include "image/structure.h"

#include "core/err.h"

/* Replace bytes that cannot be printed, for messages. */
static void
format_printable(char *out, const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = in[i] >= 0x20 && in[i] < 0x7f ? (char)in[i] : '.';
    out[len] = '\0';
}

sfi_status
sfi__header_check(sfi_ctx *ctx, const struct image_header *h)
{
    char magic[SFI_FORMAT_MAGIC_LEN + 1];

    if (!sfi__image_magic_ok(h)) {
        format_printable(magic, h->magic, SFI_FORMAT_MAGIC_LEN);
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "the magic is \"%s\", expected " SFI_FORMAT_MAGIC,
                         magic);
    }
    if (h->version != SFI_FORMAT_VERSION)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "protocol version %u, expected %u", h->version,
                         SFI_FORMAT_VERSION);
    if (h->areas == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "no areas, expected at least one");
    return SFI_OK;
}

static bool
area_type_is_known(uint8_t type)
{
    return type == SFI_FORMAT_FIRMWARE || type == SFI_FORMAT_MODULE ||
           type == SFI_FORMAT_CONFIGURATION;
}

static sfi_status
area_check_index(sfi_ctx *ctx, const struct image_header *h, uint16_t index,
                 uint16_t expected)
{
    if (index == expected)
        return SFI_OK;
    if (index == 0 || index > h->areas)
        return sfi__fail(ctx, SFI_ERR_FORMAT, "index %u, expected %u of %u",
                         index, expected, h->areas);
    if (index < expected)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "area %u is repeated, expected area %u", index,
                         expected);
    return sfi__fail(ctx, SFI_ERR_FORMAT,
                     "area %u comes too early, expected area %u", index,
                     expected);
}

sfi_status
sfi__area_check(sfi_ctx *ctx, const struct image_header *h,
                const struct image_area *before, const struct image_area *a)
{
    uint16_t expected = (uint16_t)(before != NULL ? before->index + 1 : 1);
    char type[2];

    format_printable(type, &a->type, 1);
    if (!area_type_is_known(a->type))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "type 0x%02x (%s), expected F, M or C", a->type, type);
    if (a->areas != h->areas)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "%u areas in all, the header says %u", a->areas,
                         h->areas);
    if (before != NULL && a->version != before->version)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "image version %u, the previous area says %u",
                         a->version, before->version);
    return area_check_index(ctx, h, a->index, expected);
}
