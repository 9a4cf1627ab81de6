/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where two firmwares differ: what a flash would hold of each, in which what no
 * firmware fills reads as 0xff. */
#include "core/abi.h"
#include "core/err.h"
#include "firmware/firmware.h"

#define ERASED 0xff

/* One of the two, read from its first byte to its last. */
struct side {
    const sfi_firmware *fw;
    size_t at; /* the segment that ends behind the place */
};

struct comparison {
    struct side first, second;
    sfi_firmware_difference_fn report; /* NULL: only count */
    void *user;
    sfi_firmware_difference found; /* size 0: none is open */
    uint64_t total;
};

static uint64_t
side_end(const struct side *s)
{
    const struct segment *g = &s->fw->segments[s->at];

    return (uint64_t)g->address + g->len;
}

/* The bytes at `address` and how many follow alike: NULL in a gap. */
static const uint8_t *
side_look(struct side *s, uint64_t address, uint64_t *len)
{
    const struct segment *g;

    while (s->at < s->fw->count && side_end(s) <= address)
        s->at++;
    *len = UINT64_MAX - address;
    if (s->at == s->fw->count)
        return NULL;
    g = &s->fw->segments[s->at];
    if (g->address > address) {
        *len = g->address - address;
        return NULL;
    }
    *len = side_end(s) - address;
    return g->data + (address - g->address);
}

static void
comparison_end_run(struct comparison *c)
{
    if (c->found.size > 0 && c->report != NULL)
        c->report(c->user, &c->found);
    c->found.size = 0;
}

static void
comparison_add(struct comparison *c, uint64_t address, uint32_t kind,
               uint8_t first, uint8_t second)
{
    sfi_firmware_difference *d = &c->found;

    c->total++;
    if (d->size > 0 && d->kind == kind && d->address + d->size == address) {
        d->size++;
        return;
    }
    comparison_end_run(c);
    *d = (sfi_firmware_difference){
        .struct_size = sizeof(*d),
        .kind = kind,
        .address = address,
        .size = 1,
        .first = first,
        .second = second,
    };
}

static void
comparison_take(struct comparison *c, uint64_t address, const uint8_t *a,
                const uint8_t *b, size_t len)
{
    uint32_t kind = a == NULL   ? SFI_DIFFERS_ONLY_SECOND
                    : b == NULL ? SFI_DIFFERS_ONLY_FIRST
                                : SFI_DIFFERS_CONTENT;

    for (size_t i = 0; i < len; i++) {
        uint8_t x = a != NULL ? a[i] : ERASED;
        uint8_t y = b != NULL ? b[i] : ERASED;

        if (x != y)
            comparison_add(c, address + i, kind, x, y);
    }
}

static void
comparison_run(struct comparison *c)
{
    uint64_t at = 0;

    for (;;) {
        uint64_t n, m;
        const uint8_t *a = side_look(&c->first, at, &n);
        const uint8_t *b = side_look(&c->second, at, &m);

        n = n < m ? n : m;
        if (c->first.at == c->first.fw->count &&
            c->second.at == c->second.fw->count)
            break;
        if (a != NULL || b != NULL)
            comparison_take(c, at, a, b, (size_t)n);
        at += n;
    }
    comparison_end_run(c);
}

sfi_status
sfi_firmware_compare(const sfi_firmware *first, const sfi_firmware *second,
                     sfi_firmware_difference_fn report, void *user,
                     uint64_t *count)
{
    struct comparison c = {.first = {first, 0},
                           .second = {second, 0},
                           .report = report,
                           .user = user};

    if (count != NULL)
        *count = 0;
    SFI_ENTER(first, FIRMWARE);
    SFI_HANDLE(first, second, FIRMWARE);
    SFI_ARG(first, count != NULL);
    comparison_run(&c);
    *count = c.total;
    return SFI_OK;
}
