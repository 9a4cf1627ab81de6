/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ELF: the section table tells which bytes of the file are contents. */
#include "firmware/elf.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "core/err.h"

#define SHT_NOBITS 8u
#define SHF_ALLOC 0x2u
#define SHN_XINDEX 0xffffu /* the index does not fit its field */
/* A linked program has tens. */
#define ELF_SECTIONS_MAX 65535u
/* Each section is looked for in each segment. */
#define ELF_SEARCHES_MAX (1u << 26)
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

enum held { HELD_NOT, HELD_PARTLY, HELD_WHOLE };

/* The segment that has the contents: by their place in the file, because the
 * address of a section may be another one.  Only if a linker made segments that
 * overlap in the file does the address decide. */
static enum held
section_find_segment(const struct elf *e, const struct section *s,
                     uint32_t *segment)
{
    const struct elf_segment *all = (const void *)e->segments.data;
    enum held held = HELD_NOT;

    for (uint32_t i = 0; i < e->segments.len / sizeof(*all); i++) {
        const struct elf_range *r = &all[i].range;

        if (r->begin >= s->range.end || r->end <= s->range.begin)
            continue;
        if (r->begin > s->range.begin || r->end < s->range.end) {
            if (held == HELD_NOT)
                held = HELD_PARTLY;
            continue;
        }
        if (held != HELD_WHOLE)
            *segment = i;
        held = HELD_WHOLE;
        if (all[i].vaddr + (s->range.begin - r->begin) == s->address) {
            *segment = i;
            break;
        }
    }
    return held;
}

static bool
section_has_name(const struct elf *e, const struct section *s, const char *name)
{
    size_t len = strlen(name) + 1; /* with the NUL */

    return s->name < e->names.end - e->names.begin &&
           len <= e->names.end - e->names.begin - s->name &&
           sfi__equal(e->data + e->names.begin + s->name, name, len);
}

static bool
section_is_skipped(struct elf *e, const struct section *s)
{
    struct load *l = e->load;
    bool skipped = false;

    for (size_t i = 0; i < l->skip_count; i++) {
        if (section_has_name(e, s, l->skip[i])) {
            l->skipped |= 1u << i;
            skipped = true;
        }
    }
    return skipped;
}

static sfi_status
section_add(struct elf *e, struct section *s)
{
    struct elf_contents c = {0};
    bool skipped = section_is_skipped(e, s);

    if ((s->flags & SHF_ALLOC) == 0 || s->type == SHT_NOBITS || s->size == 0)
        return SFI_OK;
    if (!section_is_in_file(e, s))
        return section_fail(e, s, SFI_ERR_TRUNCATED,
                            "the file ends before their end");
    s->range.end = s->range.begin + s->size;
    if (skipped) /* its bytes are no rest of a segment either */
        return sfi__buf_append(&e->owned, &s->range, sizeof(s->range))
                   ? SFI_OK
                   : sfi__nomem(e->load->ctx);
    switch (section_find_segment(e, s, &c.segment)) {
    case HELD_NOT:
        return section_load_alone(e, s);
    case HELD_PARTLY:
        return section_fail(e, s, SFI_ERR_FORMAT,
                            "only a part of them is in a segment");
    case HELD_WHOLE:
        break;
    }
    c.range = s->range;
    if (!sfi__buf_append(&e->contents, &c, sizeof(c)) ||
        !sfi__buf_append(&e->owned, &c.range, sizeof(c.range)))
        return sfi__nomem(e->load->ctx);
    return SFI_OK;
}

static int
range_compare(const struct elf_range *a, const struct elf_range *b)
{
    return a->begin < b->begin ? -1 : a->begin > b->begin;
}

static int
ranges_by_begin(const void *a, const void *b)
{
    return range_compare(a, b);
}

static int
contents_by_segment(const void *a, const void *b)
{
    const struct elf_contents *x = a;
    const struct elf_contents *y = b;

    if (x->segment != y->segment)
        return x->segment < y->segment ? -1 : 1;
    return range_compare(&x->range, &y->range);
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
    size_t segments = e->segments.len / sizeof(struct elf_segment);
    sfi_status st = SFI_OK;

    if ((uint64_t)segments * e->sh_count > ELF_SEARCHES_MAX)
        return sfi__fail(e->load->ctx, SFI_ERR_LIMIT,
                         "%lu sections in %zu segments, expected a product of "
                         "at most %u",
                         (unsigned long)e->sh_count, segments,
                         ELF_SEARCHES_MAX);
    sections_rewind(e);
    for (uint32_t i = 0; st == SFI_OK && i < e->sh_count; i++) {
        struct section s;

        section_read(e, i, &s);
        st = section_add(e, &s);
    }
    if (e->contents.len > 0)
        qsort(e->contents.data, e->contents.len / sizeof(struct elf_contents),
              sizeof(struct elf_contents), contents_by_segment);
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
