/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Images and modules. */
#include <string.h>

#include <sfi/image.h>

#include "util/rd.h"
#include "chip/chip.h"
#include "wire/smi.h"
#include "image/smi.h"
#include "describe/description.h"

struct picture {
    struct description *d;
    sfi_image_reader *reader;
    uint32_t protocol, count;
    uint8_t tag[16];
    struct buf areas; /* of sfi_image_event, with its tag beside it */
    struct buf tags;
    uint8_t ob[CHIP_OB_ROWS_MAX * sizeof(uint32_t)];
    size_t ob_len; /* 0: not known */
    size_t ob_size;
};

/* ---- reading ---- */

static bool
picture_add_area(struct picture *p, const sfi_image_event *e)
{
    if (e->area_kind == SFI_AREA_CONFIGURATION)
        p->ob_size = e->area_size;
    return sfi__buf_append(&p->areas, e, sizeof(*e)) &&
           sfi__buf_append(&p->tags, e->tag, sizeof(p->tag));
}

static bool
picture_take(struct picture *p, const sfi_image_event *e)
{
    switch (e->kind) {
    case SFI_EVENT_HEADER:
        p->protocol = e->version;
        p->count = e->area_count;
        memcpy(p->tag, e->tag, sizeof(p->tag));
        return true;
    case SFI_EVENT_AREA_BEGIN:
        return picture_add_area(p, e);
    case SFI_EVENT_DATA:
        if (p->d->opts.key == NULL || e->area_kind != SFI_AREA_CONFIGURATION ||
            e->len > sizeof(p->ob))
            return true;
        memcpy(p->ob, e->data, e->len);
        p->ob_len = e->len;
        return true;
    default:
        return true;
    }
}

static sfi_status
picture_take_events(struct picture *p)
{
    sfi_image_event e = {.struct_size = sizeof(e)};
    sfi_status st;

    while ((st = sfi_image_reader_next(p->reader, &e)) == SFI_OK &&
           e.kind != SFI_EVENT_NEED_INPUT) {
        if (!picture_take(p, &e))
            return sfi__nomem(p->d->ctx);
    }
    return st;
}

static sfi_status
picture_read(struct picture *p)
{
    const struct buf *b = &p->d->bytes;
    size_t at = 0;

    while (at < b->len) {
        size_t used;
        sfi_status st =
            sfi_image_reader_push(p->reader, b->data + at, b->len - at, &used);

        if (st == SFI_OK)
            st = picture_take_events(p);
        if (st != SFI_OK)
            return st;
        at += used;
    }
    return sfi_image_reader_finish(p->reader);
}

/* ---- facts ---- */

/* The part that was named, or the one whose option bytes are as long. */
static const sfi_chip *
picture_find_chip(const struct picture *p)
{
    const sfi_chip *chip = p->d->opts.chip;

    if (chip != NULL)
        return chip;
    for (size_t i = 0; (chip = sfi_chip_at(i)) != NULL; i++) {
        if (chip->ob_count * sizeof(uint32_t) == p->ob_size)
            break;
    }
    return chip;
}

static void
picture_report_area(struct picture *p, const sfi_image_event *e, size_t i)
{
    struct description *d = p->d;
    const char type[2] = {(char)e->area_kind, '\0'};

    sfi__fact_group(d, "areas", (uint32_t)i + 1);
    sfi__fact_number(d, "index", "number", e->area_index);
    sfi__fact_text(d, "type", "type", type);
    sfi__fact_number(d, "size", "size", e->area_size);
    sfi__fact_address(d, "address", "destination address", e->address);
    sfi__fact_bytes(d, "tag", "tag", p->tags.data + i * sizeof(p->tag),
                    sizeof(p->tag));
}

static sfi_status
picture_report(struct picture *p)
{
    struct description *d = p->d;
    const sfi_image_event *areas = (const sfi_image_event *)p->areas.data;
    size_t count = p->areas.len / sizeof(*areas);
    const sfi_chip *chip = picture_find_chip(p);

    sfi__fact_number(d, "protocol_version", "protocol version", p->protocol);
    sfi__fact_number(d, "area_count", "number of areas", p->count);
    sfi__fact_number(d, "image_version", "image version", areas[0].version);
    sfi__fact_bytes(d, "header_tag", "header tag", p->tag, sizeof(p->tag));
    sfi__fact_yes_no(d, "verified", "tags verified", d->opts.key != NULL);
    if (chip != NULL)
        sfi__fact_text(d, "chip", "part", sfi_chip_name(chip));
    for (size_t i = 0; i < count; i++)
        picture_report_area(p, &areas[i], i);
    if (chip != NULL && p->ob_len == chip->ob_count * sizeof(uint32_t))
        return sfi__describe_words(d, chip, p->ob);
    return SFI_OK;
}

static void
picture_report_checks(struct description *d, sfi_status st)
{
    if (st != SFI_OK && (st != SFI_ERR_AUTH || d->opts.key == NULL)) {
        (void)sfi__fact_check(d, "structure", "structure", st);
        return;
    }
    if (d->opts.key != NULL)
        (void)sfi__fact_check(d, "tags", "tags of header and areas", st);
    else
        sfi__fact_not_made(d, "tags", "tags of header and areas",
                           "no key was given");
}

sfi_status
sfi__describe_image(struct description *d)
{
    struct picture p = {.d = d};
    sfi_status st;

    sfi__buf_init(&p.areas, &d->ctx->alloc, false);
    sfi__buf_init(&p.tags, &d->ctx->alloc, false);
    st = sfi_image_reader_new(d->ctx, d->opts.key, d->opts.nonce, &p.reader);
    if (st != SFI_OK)
        goto out;
    st = picture_read(&p);
    if (st == SFI_OK)
        st = picture_report(&p);
    picture_report_checks(d, st);
out:
    sfi_image_reader_free(p.reader);
    sfi__buf_free(&p.tags);
    sfi__buf_free(&p.areas);
    return st;
}

sfi_status
sfi__describe_module(struct description *d)
{
    const uint8_t *tag, *version;
    uint32_t address = 0;
    sfi_status st =
        sfi__smi_check(d->ctx, d->bytes.data, d->bytes.len, &address);
    struct rd r;

    if (st == SFI_OK) {
        sfi__rd_init(&r, d->bytes.data, d->bytes.len);
        sfi__rd_skip(&r, SMI_MAGIC_LEN + 4);
        sfi__fact_number(d, "code_size", "size of the code", sfi__rd_u32le(&r));
        tag = sfi__rd_view(&r, SMI_TAG_LEN);
        version = sfi__rd_view(&r, SMI_SECURITY_VERSION_LEN);
        sfi__fact_address(d, "address", "destination address", address);
        sfi__fact_bytes(d, "tag", "tag", tag, SMI_TAG_LEN);
        sfi__fact_bytes(d, "security_version", "security version", version,
                        SMI_SECURITY_VERSION_LEN);
    }
    (void)sfi__fact_check(d, "structure", "structure", st);
    if (st == SFI_OK)
        sfi__fact_not_made(d, "tag", "tag",
                           "only the chip has the key of a module");
    return st;
}
