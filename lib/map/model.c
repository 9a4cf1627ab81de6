/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Collects what a map shows from a layout, its part, and the findings. */
#include "map/model.h"

#include <stdlib.h>

#include "preflight/rules.h"
#include "preflight/view.h"

const struct map_area *
sfi__map_area(const struct map *m, size_t i)
{
    return (const struct map_area *)(const void *)m->areas.data + i;
}

const struct map_finding *
sfi__map_finding(const struct map *m, size_t i)
{
    return (const struct map_finding *)(const void *)m->findings.data + i;
}

bool
sfi__map_meets(const struct chip_range *r, uint64_t address, uint64_t size)
{
    return size > 0 && address < (uint64_t)r->base + r->size &&
           (address >= r->base || size > r->base - address);
}

/* Bytes of the area in [*base, end); moves *base behind them. */
static uint64_t
map_take_overlap(const struct map_area *a, uint64_t *base, uint64_t end)
{
    uint64_t from = a->address > *base ? a->address : *base;
    uint64_t len;

    if (from >= end || a->size <= from - a->address)
        return 0;
    len = a->size - (from - a->address);
    if (len > end - from)
        len = end - from;
    *base = from + len;
    return len;
}

uint64_t
sfi__map_used(const struct map *m, uint64_t base, uint64_t size)
{
    uint64_t end = base + size;
    uint64_t used = 0;

    for (size_t i = 0; i < m->area_count; i++) {
        const struct map_area *a = sfi__map_area(m, i);

        if (a->address >= end) /* so are all that follow */
            break;
        used += map_take_overlap(a, &base, end);
    }
    return used;
}

static int
map_compare_areas(const void *a, const void *b)
{
    const struct map_area *x = a, *y = b;

    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static bool
map_add_areas(struct map *m)
{
    for (size_t i = 0; i < m->in->count; i++) {
        const struct layout_area *a = &m->in->areas[i];
        struct map_area o = {
            .address = a->address,
            .size = sfi__area_flash_size(a),
            .number = (uint32_t)(i + 1),
            .type = a->type,
        };

        if (!sfi__area_goes_to_flash(a))
            continue;
        if (a->first != NULL && a->first->file != NULL &&
            a->first->file[0] != '\0')
            o.file = a->first->file;
        m->bytes += o.size;
        m->area_count++;
        if (!sfi__buf_append(&m->areas, &o, sizeof(o)))
            return false;
    }
    if (m->area_count > 0)
        qsort(m->areas.data, m->area_count, sizeof(struct map_area),
              map_compare_areas);
    return true;
}

static void
map_bar(struct map *m, uint32_t base, uint32_t size, const char *what,
        const char *why)
{
    if (size > 0 && m->barred_count < MAP_BARRED_MAX)
        m->barred[m->barred_count++] =
            (struct map_barred){{base, size}, what, why};
}

static void
map_add_barred(struct map *m)
{
    const struct sfi_chip *c = m->chip;
    uint32_t user_end = sfi__chip_range_end(&c->user);
    uint32_t end = sfi__chip_range_end(&c->flash);

    map_bar(m, c->flash.base, c->user.base - c->flash.base, "secure boot",
            "stays");
    for (uint32_t bank = c->flash.base; c->last_word_barred && bank < end;
         bank += c->bank_size)
        map_bar(m, bank + c->bank_size - c->program_unit, c->program_unit,
                "last word", "cannot be programmed");
    if (c->loader.size > 0)
        map_bar(m, c->loader.base, c->loader.size, "bootloader",
                "erased after the install");
    if (c->loader.size > 0)
        user_end = sfi__chip_range_end(&c->loader);
    map_bar(m, user_end, end - user_end, "bootloader", "stays");
}

static void
map_add_option_bytes(struct map *m)
{
    const struct chip_effects *e = sfi__chip_effects(m->chip);

    for (size_t i = 0; i < e->start_count && i < MAP_STARTS_MAX; i++) {
        const struct chip_start *s = &e->starts[i];

        if (s->field != NULL && m->in->ob == NULL)
            continue;
        m->starts[m->start_count++] =
            (struct map_start){sfi__view_start(m->in, s), s->field, s->by_pin};
    }
    if (m->in->ob != NULL)
        m->protection_count =
            sfi__chip_areas(m->chip, m->in->ob, m->protections);
}

static void
map_add_rows(struct map *m)
{
    const struct sfi_chip *c = m->chip;
    uint32_t bank_sectors = c->bank_size / c->sector_size;
    uint32_t count = c->flash.size / c->sector_size;

    for (uint32_t i = 0; i < count && m->row_count < MAP_ROWS_MAX;) {
        uint32_t left = bank_sectors - i % bank_sectors;
        struct map_row *r = &m->rows[m->row_count++];

        r->bank = i / bank_sectors + 1;
        r->sector = i;
        r->sectors = left < MAP_ROW_SECTORS_MAX ? left : MAP_ROW_SECTORS_MAX;
        r->flash.base = c->flash.base + i * c->sector_size;
        r->flash.size = r->sectors * c->sector_size;
        i += r->sectors;
    }
}

/* ---- findings ---- */

static uint32_t
map_option_row(const struct map *m, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < m->chip->ob_count; i++) {
        if (sfi__text_same(m->chip->ob[i].name, name))
            return i;
    }
    return UINT32_MAX;
}

static uint32_t
map_home(const struct map *m, const struct map_finding *f)
{
    for (size_t i = 0; i < m->row_count; i++) {
        const struct chip_range *r = &m->rows[i].flash;

        if (f->size > 0 && f->address >= r->base &&
            f->address - r->base < r->size)
            return MAP_HOME_FLASH + (uint32_t)i;
    }
    return f->row != UINT32_MAX ? MAP_HOME_OPTIONS : MAP_HOME_IMAGE;
}

/* A sfi_finding_fn. */
static void
map_take_finding(void *user, const sfi_finding *finding)
{
    struct map *m = user;
    struct map_finding f = {
        .severity = finding->severity,
        .address = finding->address,
        .size = finding->size,
        .rule = finding->rule,
        .source = finding->source,
        .remedy = finding->remedy,
        .field = finding->field,
        .row = map_option_row(m, finding->row),
    };

    m->by_severity[f.severity]++;
    if (m->finding_count == MAP_FINDINGS_MAX) {
        m->findings_left_out++;
        return;
    }
    f.home = map_home(m, &f);
    /* among findings of one place the order of the rules decides */
    f.number = (uint32_t)++m->finding_count;
    (void)sfi__text_copy(f.message, sizeof(f.message), finding->message);
    if (!sfi__buf_append(&m->findings, &f, sizeof(f)))
        m->no_memory = true;
}

static int
map_compare_findings(const void *a, const void *b)
{
    const struct map_finding *x = a, *y = b;

    if (x->home != y->home)
        return x->home < y->home ? -1 : 1;
    if (x->home != MAP_HOME_IMAGE && x->home != MAP_HOME_OPTIONS &&
        x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->home == MAP_HOME_OPTIONS && x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void
map_add_findings(struct map *m, sfi_layout *l)
{
    struct findings f = {.ctx = m->ctx,
                         .report = map_take_finding,
                         .user = m,
                         .caller = &l->obj};
    struct map_finding *list;

    if (sfi__rules_check(m->in, &f) == SFI_ERR_NOMEM && f.first == SFI_OK)
        m->no_memory = true;
    sfi__clear_error(m->ctx);
    if (m->no_memory || m->finding_count == 0)
        return;
    list = (struct map_finding *)(void *)m->findings.data;
    qsort(list, m->finding_count, sizeof(*list), map_compare_findings);
    for (size_t i = 0; i < m->finding_count; i++)
        list[i].number = (uint32_t)(i + 1);
}

sfi_status
sfi__map_make(sfi_layout *l, struct map *out)
{
    *out =
        (struct map){.ctx = l->obj.ctx, .in = &l->plain, .chip = l->plain.chip};
    sfi__buf_init(&out->areas, &out->ctx->alloc, false);
    sfi__buf_init(&out->findings, &out->ctx->alloc, false);
    map_add_barred(out);
    map_add_option_bytes(out);
    map_add_rows(out);
    if (!map_add_areas(out))
        return sfi__nomem(out->ctx);
    map_add_findings(out, l);
    return out->no_memory ? sfi__nomem(out->ctx) : SFI_OK;
}

void
sfi__map_free(struct map *m)
{
    sfi__buf_free(&m->areas);
    sfi__buf_free(&m->findings);
}

/* ---- groups ---- */

bool
sfi__map_groups(const struct map *m, const struct chip_range *r,
                struct buf *out)
{
    for (size_t i = 0; i < m->area_count; i++) {
        const struct map_area *a = sfi__map_area(m, i);
        struct map_group g = {
            .first = i,
            .count = 1,
            .address = a->address,
            .end = a->address + a->size,
            .bytes = a->size,
            .continued = a->address < r->base,
        };

        if (sfi__map_meets(r, a->address, a->size) &&
            !sfi__buf_append(out, &g, sizeof(g)))
            return false;
    }
    return true;
}

void
sfi__map_join(struct map_group *a, const struct map_group *b)
{
    a->count = b->first + b->count - a->first;
    a->bytes += b->bytes;
    if (b->end > a->end)
        a->end = b->end;
}
