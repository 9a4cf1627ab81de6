/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The set of counted devices: a hash table with open addressing. */
#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/audit.h"

#define SIZE_FIRST 64u

static const uint8_t free_slot[AUDIT_DEVICE_LEN];

void
sfi__audit_devices_init(struct audit_devices *d, sfi_ctx *ctx)
{
    sfi__zero(d, sizeof(*d));
    d->ctx = ctx;
}

void
sfi__audit_devices_free(struct audit_devices *d)
{
    if (d->slots != NULL)
        sfi__ctx_dealloc(d->ctx, d->slots);
    sfi__audit_devices_init(d, d->ctx);
}

/* The slot of this device, or the free slot for it.  There is always a free
 * slot. */
static uint8_t *
devices_find_slot(const struct audit_devices *d, const uint8_t *device)
{
    size_t at = 0;

    for (size_t i = 0; i < sizeof(at); i++) /* `device` is a hash already */
        at = at << 8 | device[i];
    for (;; at++) {
        uint8_t *slot = d->slots[at & (d->size - 1)];

        if (sfi__equal(slot, device, AUDIT_DEVICE_LEN) ||
            sfi__equal(slot, free_slot, AUDIT_DEVICE_LEN))
            return slot;
    }
}

bool
sfi__audit_devices_have(const struct audit_devices *d, const uint8_t *device)
{
    if (sfi__equal(device, free_slot, AUDIT_DEVICE_LEN))
        return d->zeros;
    return d->used > 0 &&
           sfi__equal(devices_find_slot(d, device), device, AUDIT_DEVICE_LEN);
}

static sfi_status
devices_grow_table(struct audit_devices *d)
{
    struct audit_devices more = {
        .ctx = d->ctx,
        .size = d->size > 0 ? 2 * d->size : SIZE_FIRST,
        .used = d->used,
        .zeros = d->zeros,
    };

    more.slots = sfi__ctx_alloc(d->ctx, more.size * sizeof(*more.slots));
    if (more.slots == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < d->size; i++) {
        if (!sfi__equal(d->slots[i], free_slot, AUDIT_DEVICE_LEN))
            memcpy(devices_find_slot(&more, d->slots[i]), d->slots[i],
                   AUDIT_DEVICE_LEN);
    }
    sfi__audit_devices_free(d);
    *d = more;
    return SFI_OK;
}

sfi_status
sfi__audit_devices_add(struct audit_devices *d, const uint8_t *device)
{
    if (sfi__equal(device, free_slot, AUDIT_DEVICE_LEN)) {
        d->zeros = true;
        return SFI_OK;
    }
    if (d->used == AUDIT_DEVICES_MAX)
        return sfi__fail(d->ctx, SFI_ERR_LIMIT,
                         "more than %zu devices, the limit", AUDIT_DEVICES_MAX);
    if (d->used >= d->size / 2) {
        sfi_status st = devices_grow_table(d);

        if (st != SFI_OK)
            return st;
    }
    memcpy(devices_find_slot(d, device), device, AUDIT_DEVICE_LEN);
    d->used++;
    return SFI_OK;
}
