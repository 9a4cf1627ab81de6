/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A firmware with some bytes of a board's own. */
#include "core/ctx.h"
#include "core/err.h"
#include "firmware/load.h"

#define PATCH_ERASED 0xffu

struct patch {
    uint64_t address, end;
    const uint8_t *data;
};

/* Where the patch and a segment are both: `from` is not before `to` if they
 * have nothing in common. */
static void
patch_overlap(const struct patch *p, const struct segment *s, uint64_t *from,
              uint64_t *to)
{
    uint64_t end = (uint64_t)s->address + s->len;

    *from = p->address > s->address ? p->address : s->address;
    *to = p->end < end ? p->end : end;
}

/* A byte that the firmware has is the board's only if it was left erased. */
static sfi_status
patch_check(const sfi_firmware *fw, const struct patch *p)
{
    for (size_t i = 0; i < fw->count; i++) {
        const struct segment *s = &fw->segments[i];
        uint64_t from, to;

        patch_overlap(p, s, &from, &to);
        for (uint64_t at = from; at < to; at++) {
            uint8_t byte = s->data[at - s->address];

            if (byte != PATCH_ERASED)
                return sfi__fail(fw->obj.ctx, SFI_ERR_OVERLAP,
                                 "the firmware has 0x%02x at 0x%08llx, where "
                                 "0x%08llx to 0x%08llx is to be written: leave "
                                 "these bytes out of it, or erased (0xff)",
                                 byte, (unsigned long long)at,
                                 (unsigned long long)p->address,
                                 (unsigned long long)p->end - 1);
        }
    }
    return SFI_OK;
}

/* What is before the patch, and what is behind it. */
static sfi_status
patch_add_segment(struct load *l, const struct segment *s,
                  const struct patch *p)
{
    uint64_t from, to;
    size_t before, behind;
    sfi_status st = SFI_OK;

    patch_overlap(p, s, &from, &to);
    if (from >= to)
        return sfi__loader_data(l, s->address, s->data, s->len);
    before = (size_t)(from - s->address);
    behind = (size_t)(to - s->address);
    if (before > 0)
        st = sfi__loader_data(l, s->address, s->data, before);
    if (st == SFI_OK && behind < s->len)
        st = sfi__loader_data(l, to, s->data + behind, s->len - behind);
    return st;
}

static sfi_status
patch_make(const sfi_firmware *fw, const struct patch *p, sfi_firmware *out)
{
    struct load l;
    sfi_status st = SFI_OK;

    sfi__loader_init(&l, fw->obj.ctx, NULL, &sfi__format_raw);
    for (size_t i = 0; st == SFI_OK && i < fw->count; i++)
        st = patch_add_segment(&l, &fw->segments[i], p);
    if (st == SFI_OK)
        st = sfi__loader_data(&l, p->address, p->data,
                              (size_t)(p->end - p->address));
    if (st == SFI_OK)
        st = sfi__loader_finish(&l, out);
    sfi__loader_free(&l);
    out->format = fw->format;
    out->machine = fw->machine;
    return st;
}

sfi_status
sfi_firmware_patch(const sfi_firmware *fw, uint64_t address,
                   const uint8_t *data, size_t len, sfi_firmware **out)
{
    struct patch p = {.address = address, .data = data};
    sfi_firmware *made;
    sfi_status st;

    SFI_ENTER_NEW(fw, FIRMWARE, out);
    SFI_ARG(fw, data != NULL && len > 0);
    if (address > UINT32_MAX || len - 1 > UINT32_MAX - address)
        return sfi__fail(fw->obj.ctx, SFI_ERR_RANGE,
                         "%zu bytes at 0x%08llx, expected addresses of at most "
                         "0xffffffff",
                         len, (unsigned long long)address);
    p.end = address + len;
    st = patch_check(fw, &p);
    if (st != SFI_OK)
        return fw->name == NULL ? st : sfi__where(fw->obj.ctx, "%s", fw->name);
    made = sfi__firmware_new(fw->obj.ctx, fw->name);
    if (made == NULL)
        return SFI_ERR_NOMEM;
    st = patch_make(fw, &p, made);
    if (st == SFI_OK)
        *out = made;
    else
        sfi__obj_unref(made);
    return st;
}
