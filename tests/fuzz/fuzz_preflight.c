/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Layouts of any areas, contents and option bytes, for each part: what the
 * rules find is well-formed, and only an error is returned. */
#include <stdbool.h>
#include <string.h>

#include "util/rd.h"
#include "preflight/rules.h"

#include "fuzz.h"

#define AREAS_MAX 16u
#define TYPES "FFFMC"

struct input {
    struct layout plain;
    struct layout_area areas[AREAS_MAX];
    struct piece pieces[AREAS_MAX];
    uint32_t ob[CHIP_OB_ROWS_MAX];
};

/* An area: its type, where in 16 MiB around the flash, its size, and as much
 * content as is left; an odd size is not known. */
static void
take_area(struct input *in, struct rd *r)
{
    size_t i = in->plain.count;
    struct layout_area *a = &in->areas[i];
    struct piece *p = &in->pieces[i];

    a->type = (uint8_t)TYPES[sfi__rd_u8(r) % (sizeof(TYPES) - 1)];
    a->address =
        in->plain.chip->flash.base - 0x800000u + (sfi__rd_u32le(r) & 0xffffffu);
    a->size = sfi__rd_u16le(r);
    p->machine = sfi__rd_u8(r);
    if (!sfi__rd_ok(r))
        return;
    if (a->size > sfi__rd_left(r))
        a->size = sfi__rd_left(r);
    p->address = a->address;
    p->len = (size_t)a->size;
    p->data = sfi__rd_view(r, p->len);
    if (p->data == NULL)
        return;
    if (a->size % 2 == 0) {
        a->first = p;
        a->count = 1;
    }
    in->plain.count++;
}

static void
take_layout(struct input *in, const uint8_t *data, size_t len)
{
    const struct sfi_chip *chip = in->plain.chip;
    struct rd r;

    sfi__rd_init(&r, data, len);
    for (uint32_t i = 0; i < chip->ob_count; i++)
        in->ob[i] = sfi__rd_u32le(&r);
    in->plain.ob = sfi__rd_ok(&r) ? in->ob : NULL;
    in->plain.noun = "segment";
    in->plain.areas = in->areas;
    while (sfi__rd_left(&r) > 0 && in->plain.count < AREAS_MAX)
        take_area(in, &r);
}

static void
look_at(void *user, const sfi_finding *finding)
{
    bool is_error = finding->severity == SFI_FINDING_ERROR;

    FUZZ_HOLDS((finding->status < SFI_OK) == is_error);
    FUZZ_HOLDS(finding->message[0] != '\0' && finding->remedy[0] != '\0');
    FUZZ_HOLDS(strlen(finding->message) < SFI_ERROR_MESSAGE_MAX - 1);
    FUZZ_HOLDS(finding->area <= AREAS_MAX);
    *(unsigned *)user += is_error;
}

static void
judge(const struct sfi_chip *chip, const uint8_t *data, size_t len)
{
    struct input in = {.plain = {.chip = chip}};
    unsigned errors = 0;
    struct findings f = {.ctx = fuzz_ctx(), .report = look_at, .user = &errors};
    sfi_status st;

    take_layout(&in, data, len);
    st = sfi__rules_check(&in.plain, &f);
    FUZZ_HOLDS(st == SFI_ERR_NOMEM || (st != SFI_OK) == (errors > 0));
    fuzz_ctx_free(f.ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    for (uint32_t i = 0; i < CHIP_COUNT; i++)
        judge(sfi__chip_at(i), data, len);
    return 0;
}
