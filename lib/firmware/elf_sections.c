/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ELF: the section table tells which bytes of the file are contents. */
#include "firmware/elf.h"

#include <stdlib.h>

#include "util/mem.h"
#include "core/err.h"

#define SHT_NOBITS 8u
#define SHF_ALLOC 0x2u
#define SHN_XINDEX 0xffffu /* the index does not fit its field */
/* A linked program has tens. */
#define ELF_SECTIONS_MAX 65535u
#define SECTION_NAME_MAX 48u

struct section {
    uint32_t index;
    uint32_t name;
    uint32_t type;
    uint64_t flags;
    uint64_t address;
    struct elf_range range;
    uint64_t size;
    uint32_t link;
};

static void
section_read(struct elf *e, uint32_t index, struct section *s)
{
    s->index = index;
    s->name = sfi__elf_read_word(e);
    s->type = sfi__elf_read_word(e);
    s->flags = sfi__elf_read_size(e);
    s->address = sfi__elf_read_size(e);
    s->range.begin = sfi__elf_read_size(e);
    s->size = sfi__elf_read_size(e);
    s->range.end = s->range.begin;
    s->link = sfi__elf_read_word(e);
    (void)sfi__elf_read_word(e); /* info */
    (void)sfi__elf_read_size(e); /* alignment */
    (void)sfi__elf_read_size(e); /* size of an entry */
}

static bool
section_is_in_file(const struct elf *e, const struct section *s)
{
    return s->range.begin <= e->len && s->size <= e->len - s->range.begin;
}

/* ---- ranges ---- */

static int
ranges_by_begin(const void *a, const void *b)
{
    const struct elf_range *x = a;
    const struct elf_range *y = b;

    return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* Sort, and join those that touch or overlap. */
static void
ranges_join(struct buf *b)
{
    struct elf_range *r = (void *)b->data;
    size_t count = b->len / sizeof(*r);
    size_t last = 0;

    if (count == 0)
        return;
    qsort(r, count, sizeof(*r), ranges_by_begin);
    for (size_t i = 1; i < count; i++) {
        if (r[i].begin > r[last].end)
            r[++last] = r[i];
        else if (r[i].end > r[last].end)
            r[last].end = r[i].end;
    }
    b->len = (last + 1) * sizeof(*r);
}

/* Bytes of the file that some segment loads. */
static bool
ranges_of_segments(const struct elf *e, struct buf *out)
{
    const struct elf_segment *s = (const void *)e->segments.data;

    for (size_t i = 0; i < e->segments.len / sizeof(*s); i++) {
        if (!sfi__buf_append(out, &s[i].range, sizeof(s[i].range)))
            return false;
    }
    ranges_join(out);
    return true;
}

/* How many of joined ranges begin before `offset`. */
static size_t
ranges_count_before(const struct buf *b, uint64_t offset)
{
    const struct elf_range *r = (const void *)b->data;
    size_t low = 0, high = b->len / sizeof(*r);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (r[middle].begin < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

enum held { HELD_NOT, HELD_PARTLY, HELD_WHOLE };

static enum held
ranges_hold(const struct buf *b, const struct elf_range *r)
{
    const struct elf_range *all = (const void *)b->data;
    size_t n = ranges_count_before(b, r->end);

    if (n == 0 || all[n - 1].end <= r->begin)
        return HELD_NOT;
    return all[n - 1].begin <= r->begin && all[n - 1].end >= r->end
               ? HELD_WHOLE
               : HELD_PARTLY;
}

/* ---- sections ---- */

/* Its name for a message, or its number. */
static const char *
section_format_name(const struct elf *e, const struct section *s,
                    char out[SECTION_NAME_MAX])
{
    char name[SECTION_NAME_MAX];
    size_t n = 0;

    if (s->name < e->names.end - e->names.begin) {
        const uint8_t *p = e->data + e->names.begin + s->name;
        size_t left = (size_t)(e->names.end - e->names.begin) - s->name;

        while (n < left && n + 1 < sizeof(name) && p[n] != 0) {
            name[n] = (char)p[n];
            n++;
        }
    }
    name[n] = '\0';
    if (n > 0)
        sfi__text_visible(out, SECTION_NAME_MAX, name);
    else
        sfi__text_format(out, SECTION_NAME_MAX, "%u", (unsigned)s->index);
    return out;
}

static sfi_status
section_fail(const struct elf *e, const struct section *s, sfi_status st,
             const char *why)
{
    char name[SECTION_NAME_MAX];

    (void)sfi__fail(e->load->ctx, st, "0x%llx bytes at offset 0x%llx, but %s",
                    (unsigned long long)s->size,
                    (unsigned long long)s->range.begin, why);
    return sfi__where(e->load->ctx, "section %s",
                      section_format_name(e, s, name));
}

/* objcopy can add a section without a segment. */
static sfi_status
section_load_alone(struct elf *e, const struct section *s)
{
    char name[SECTION_NAME_MAX];

    e->load->place = FIRMWARE_PLACE_NONE;
    sfi__loader_warn(e->load,
                     "section %s (0x%llx bytes) is in no segment; it is loaded "
                     "at its own address 0x%08llx",
                     section_format_name(e, s, name),
                     (unsigned long long)s->size,
                     (unsigned long long)s->address);
    return sfi__elf_load_bytes(e, s->address, s->range);
}

static sfi_status
section_add(struct elf *e, struct section *s, const struct buf *segments)
{
    if ((s->flags & SHF_ALLOC) == 0 || s->type == SHT_NOBITS || s->size == 0)
        return SFI_OK;
    if (!section_is_in_file(e, s))
        return section_fail(e, s, SFI_ERR_TRUNCATED,
                            "the file ends before their end");
    s->range.end = s->range.begin + s->size;
    switch (ranges_hold(segments, &s->range)) {
    case HELD_NOT:
        return section_load_alone(e, s);
    case HELD_PARTLY:
        return section_fail(e, s, SFI_ERR_FORMAT,
                            "only a part of them is in a segment");
    case HELD_WHOLE:
        break;
    }
    return sfi__buf_append(&e->owned, &s->range, sizeof(s->range))
               ? SFI_OK
               : sfi__nomem(e->load->ctx);
}

/* ---- the table ---- */

static sfi_status
sections_fail(const struct elf *e)
{
    return sfi__fail(e->load->ctx, SFI_ERR_TRUNCATED,
                     "%lu section headers at offset 0x%llx, but the file has "
                     "only 0x%zx bytes",
                     (unsigned long)e->sh_count,
                     (unsigned long long)e->table[ELF_SECTION_HEADERS].begin,
                     e->len);
}

static void
sections_rewind(struct elf *e)
{
    const struct elf_range *t = &e->table[ELF_SECTION_HEADERS];

    sfi__rd_init(&e->rd, e->data + t->begin, e->len - (size_t)t->begin);
}

/* Numbers that do not fit the ELF header are in section 0. */
static sfi_status
sections_read_count(struct elf *e)
{
    struct elf_range *t = &e->table[ELF_SECTION_HEADERS];
    unsigned want = e->wide ? 64 : 40;
    struct section zero;

    if (e->sh_size != want)
        return sfi__fail(e->load->ctx, SFI_ERR_FORMAT,
                         "section headers of %u bytes, expected %u", e->sh_size,
                         want);
    if (t->begin > e->len || want > e->len - t->begin)
        return sections_fail(e);
    sections_rewind(e);
    section_read(e, 0, &zero);
    if (e->names_index == SHN_XINDEX)
        e->names_index = zero.link;
    if (e->sh_count == 0 && zero.size > ELF_SECTIONS_MAX)
        return sfi__fail(e->load->ctx, SFI_ERR_LIMIT,
                         "more than %u sections, the limit", ELF_SECTIONS_MAX);
    if (e->sh_count == 0)
        e->sh_count = (uint32_t)zero.size;
    if ((uint64_t)e->sh_count * want > e->len - t->begin)
        return sections_fail(e);
    t->end = t->begin + (uint64_t)e->sh_count * want;
    e->by_section = e->sh_count > 0;
    return SFI_OK;
}

static void
sections_find_names(struct elf *e)
{
    struct section s;

    if (e->names_index >= e->sh_count)
        return;
    sections_rewind(e);
    sfi__rd_skip(&e->rd, (size_t)e->names_index * e->sh_size);
    section_read(e, e->names_index, &s);
    if (s.type != SHT_NOBITS && section_is_in_file(e, &s))
        e->names = (struct elf_range){s.range.begin, s.range.begin + s.size};
}

static sfi_status
sections_add_all(struct elf *e)
{
    struct buf segments;
    sfi_status st = SFI_OK;

    sfi__buf_init(&segments, e->owned.alloc, false);
    if (!ranges_of_segments(e, &segments))
        st = sfi__nomem(e->load->ctx);
    sections_rewind(e);
    for (uint32_t i = 0; st == SFI_OK && i < e->sh_count; i++) {
        struct section s;

        section_read(e, i, &s);
        st = section_add(e, &s, &segments);
    }
    sfi__buf_free(&segments);
    ranges_join(&e->owned);
    return st;
}

sfi_status
sfi__elf_read_sections(struct elf *e)
{
    sfi_status st = sections_read_count(e);

    if (st != SFI_OK || !e->by_section)
        return st;
    sections_find_names(e);
    return sections_add_all(e);
}
