/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ELF: "Tool Interface Standard Executable and Linking Format", version 1.2,
 * and its 64-bit form.
 *
 * Addresses come from the program headers, and which of their bytes are
 * firmware from the sections: a linker also puts into a segment the headers of
 * the file, fill between two sections, and room for sections without contents.
 * Without a section table (stripped) every byte of a segment is firmware. */
#include "firmware/elf.h"

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

#define ELF_MAGIC "\177ELF"
#define ELF_MAGIC_LEN 4u
#define EM_ARM 40u
#define PT_LOAD 1u
#define PN_XNUM 0xffffu /* the count does not fit its field */

enum { CLASS_32 = 1, CLASS_64 = 2 };
enum { DATA_LITTLE = 1, DATA_BIG = 2 };
enum { ET_REL = 1, ET_EXEC = 2, ET_DYN = 3 };

struct program_header {
    uint32_t type;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t file_size;
    uint64_t memory_size;
};

uint16_t
sfi__elf_read_half(struct elf *e)
{
    return e->big ? sfi__rd_u16be(&e->rd) : sfi__rd_u16le(&e->rd);
}

uint32_t
sfi__elf_read_word(struct elf *e)
{
    return e->big ? sfi__rd_u32be(&e->rd) : sfi__rd_u32le(&e->rd);
}

uint64_t
sfi__elf_read_size(struct elf *e)
{
    if (!e->wide)
        return sfi__elf_read_word(e);
    return e->big ? sfi__rd_u64be(&e->rd) : sfi__rd_u64le(&e->rd);
}

static bool
elf_matches_magic(const uint8_t *data, size_t len)
{
    return len >= ELF_MAGIC_LEN && sfi__equal(data, ELF_MAGIC, ELF_MAGIC_LEN);
}

/* ---- the header ---- */

static sfi_status
elf_read_ident(struct elf *e)
{
    sfi_ctx *ctx = e->load->ctx;
    uint8_t magic[ELF_MAGIC_LEN];
    uint8_t class, order;

    sfi__rd_bytes(&e->rd, magic, sizeof(magic));
    class = sfi__rd_u8(&e->rd);
    order = sfi__rd_u8(&e->rd);
    sfi__rd_skip(&e->rd, 10);
    if (!sfi__rd_ok(&e->rd))
        return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                         "file ends inside the ELF identification");
    if (!elf_matches_magic(magic, sizeof(magic)))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "not an ELF file, the ELF magic number is missing");
    if (class != CLASS_32 && class != CLASS_64)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "ELF class is %u, expected 1 (32 bits) or 2 (64 bits)",
                         class);
    if (order != DATA_LITTLE && order != DATA_BIG)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "ELF byte order is %u, expected 1 (little endian) or "
                         "2 (big endian)",
                         order);
    e->wide = class == CLASS_64;
    e->big = order == DATA_BIG;
    return SFI_OK;
}

static sfi_status
elf_check_header(struct elf *e, uint16_t type)
{
    sfi_ctx *ctx = e->load->ctx;
    unsigned want = e->wide ? 56 : 32;

    if (type == ET_REL)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "a relocatable object, expected a linked program");
    if (type != ET_EXEC && type != ET_DYN)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "ELF type is %u, expected 2 (executable) or 3 "
                         "(shared)",
                         type);
    if (e->ph_count == 0)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "no program headers, expected a linked program");
    if (e->ph_count == PN_XNUM)
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "more than %u program headers, the limit",
                         PN_XNUM - 1);
    if (e->ph_size != want)
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "program headers of %u bytes, expected %u", e->ph_size,
                         want);
    return SFI_OK;
}

static sfi_status
elf_read_header(struct elf *e)
{
    uint16_t type;

    type = sfi__elf_read_half(e);
    e->load->machine = sfi__elf_read_half(e);
    (void)sfi__elf_read_word(e); /* version */
    (void)sfi__elf_read_size(e); /* entry */
    e->table[ELF_PROGRAM_HEADERS].begin = sfi__elf_read_size(e);
    e->table[ELF_SECTION_HEADERS].begin = sfi__elf_read_size(e);
    (void)sfi__elf_read_word(e); /* flags */
    (void)sfi__elf_read_half(e); /* its own size: more would hide firmware */
    e->ph_size = sfi__elf_read_half(e);
    e->ph_count = sfi__elf_read_half(e);
    e->sh_size = sfi__elf_read_half(e);
    e->sh_count = sfi__elf_read_half(e);
    e->names_index = sfi__elf_read_half(e);
    if (!sfi__rd_ok(&e->rd))
        return sfi__fail(e->load->ctx, SFI_ERR_TRUNCATED,
                         "file ends inside the ELF header");
    e->table[ELF_HEADER].end = e->len - sfi__rd_left(&e->rd);
    e->by_section = e->table[ELF_SECTION_HEADERS].begin != 0;
    return elf_check_header(e, type);
}

/* The builder of an image refuses such a firmware. */
static void
elf_warn_of_machine(struct load *l)
{
    static const struct {
        uint32_t machine;
        const char *name;
    } names[] = {{3, "x86"},       {8, "MIPS"},    {62, "x86-64"},
                 {83, "AVR"},      {94, "Xtensa"}, {105, "MSP430"},
                 {183, "AArch64"}, {243, "RISC-V"}};
    const char *name = "unknown";

    if (l->machine == EM_ARM)
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].machine == l->machine)
            name = names[i].name;
    }
    sfi__loader_warn(l, "machine %u (%s), expected %u (Arm)",
                     (unsigned)l->machine, name, EM_ARM);
}

/* ---- program headers ---- */

static void
elf_read_program_header(struct elf *e, struct program_header *ph)
{
    ph->type = sfi__elf_read_word(e);
    if (e->wide)
        (void)sfi__elf_read_word(e); /* flags */
    ph->offset = sfi__elf_read_size(e);
    ph->vaddr = sfi__elf_read_size(e);
    ph->paddr = sfi__elf_read_size(e);
    ph->file_size = sfi__elf_read_size(e);
    ph->memory_size = sfi__elf_read_size(e);
    if (!e->wide)
        (void)sfi__elf_read_word(e); /* flags */
    (void)sfi__elf_read_size(e);     /* alignment */
}

static sfi_status
elf_check_segment(const struct elf *e, const struct program_header *ph)
{
    if (ph->file_size > ph->memory_size)
        return sfi__loader_fail(
            e->load, SFI_ERR_FORMAT,
            "0x%llx bytes in the file, more than the 0x%llx in "
            "memory",
            (unsigned long long)ph->file_size,
            (unsigned long long)ph->memory_size);
    if (ph->offset > e->len || ph->file_size > e->len - ph->offset)
        return sfi__loader_fail(
            e->load, SFI_ERR_TRUNCATED,
            "0x%llx bytes at offset 0x%llx, but the file has only "
            "0x%zx",
            (unsigned long long)ph->file_size, (unsigned long long)ph->offset,
            e->len);
    return SFI_OK;
}

static sfi_status
elf_read_segment(struct elf *e, uint32_t index, uint64_t *total)
{
    struct program_header ph;
    struct elf_segment s = {.index = index};
    sfi_status st;

    elf_read_program_header(e, &ph);
    if (ph.type != PT_LOAD || ph.file_size == 0)
        return SFI_OK;
    e->load->place = index;
    st = elf_check_segment(e, &ph);
    if (st != SFI_OK)
        return st;
    /* Also of one byte at many addresses: all of them are looked at. */
    if (ph.file_size > FIRMWARE_BYTES_MAX - *total)
        return sfi__loader_fail(e->load, SFI_ERR_LIMIT,
                                "more than 0x%zx bytes of firmware, the limit",
                                FIRMWARE_BYTES_MAX);
    *total += ph.file_size;
    s.range = (struct elf_range){ph.offset, ph.offset + ph.file_size};
    s.vaddr = ph.vaddr;
    s.paddr = ph.paddr;
    return sfi__buf_append(&e->segments, &s, sizeof(s))
               ? SFI_OK
               : sfi__nomem(e->load->ctx);
}

static sfi_status
elf_read_segments(struct elf *e)
{
    struct elf_range *table = &e->table[ELF_PROGRAM_HEADERS];
    uint64_t size = (uint64_t)e->ph_count * e->ph_size;
    uint64_t total = 0;
    sfi_status st = SFI_OK;

    if (table->begin > e->len || size > e->len - table->begin)
        return sfi__fail(e->load->ctx, SFI_ERR_TRUNCATED,
                         "%u program headers at offset 0x%llx, but the file "
                         "has only 0x%zx bytes",
                         e->ph_count, (unsigned long long)table->begin, e->len);
    table->end = table->begin + size;
    sfi__rd_init(&e->rd, e->data + table->begin, (size_t)size);
    for (uint32_t i = 0; st == SFI_OK && i < e->ph_count; i++)
        st = elf_read_segment(e, i, &total);
    return st;
}

static const struct elf_segment *
elf_segments(const struct elf *e, size_t *count)
{
    *count = e->segments.len / sizeof(struct elf_segment);
    return (const struct elf_segment *)(const void *)e->segments.data;
}

/* Some linkers leave every physical address 0. */
static void
elf_choose_addresses(struct elf *e)
{
    size_t count;
    const struct elf_segment *s = elf_segments(e, &count);
    uint64_t physical = 0, virtual = 0;

    e->is_virtual = (e->load->flags & SFI_FIRMWARE_VIRTUAL_ADDRESS) != 0;
    for (size_t i = 0; i < count; i++) {
        physical |= s[i].paddr;
        virtual |= s[i].vaddr;
    }
    if (e->is_virtual || physical != 0 || virtual == 0)
        return;
    e->is_virtual = true;
    e->load->place = FIRMWARE_PLACE_NONE;
    sfi__loader_warn(e->load, "every physical address is 0; the virtual "
                              "addresses are used");
}

/* ---- bytes ---- */

sfi_status
sfi__elf_load_bytes(struct elf *e, uint64_t address, struct elf_range bytes)
{
    if (e->runs++ >= FIRMWARE_SEGMENTS_MAX)
        return sfi__fail(e->load->ctx, SFI_ERR_LIMIT,
                         "more than %u separate pieces, the limit",
                         FIRMWARE_SEGMENTS_MAX);
    return sfi__loader_run(e->load, address, (size_t)bytes.begin,
                           bytes.end - bytes.begin);
}

/* Of the byte at `at`; one that 64 bits cannot hold is out of range too. */
static uint64_t
elf_address(const struct elf *e, const struct elf_segment *s, uint64_t at)
{
    uint64_t begin = e->is_virtual ? s->vaddr : s->paddr;
    uint64_t offset = at - s->range.begin;

    return begin <= UINT64_MAX - offset ? begin + offset : UINT64_MAX;
}

/* What linkers put where no section is: zeros; ld.lld also traps (its option -z
 * separate-code). */
static bool
elf_is_fill(const uint8_t *data, size_t len)
{
    return (data[0] == 0x00 || data[0] == 0xd4) &&
           sfi__equal(data, data + 1, len - 1);
}

/* Bytes of a segment that belong neither to a section nor to the file's own
 * tables. */
static sfi_status
elf_load_rest(struct elf *e, const struct elf_segment *s, struct elf_range r)
{
    uint64_t address = elf_address(e, s, r.begin);

    if (r.begin == r.end)
        return SFI_OK;
    if (e->by_section) {
        if (elf_is_fill(e->data + r.begin, (size_t)(r.end - r.begin)))
            return SFI_OK;
        sfi__loader_warn(e->load,
                         "0x%llx bytes at 0x%08llx belong to no section, and "
                         "are not fill: they are loaded",
                         (unsigned long long)(r.end - r.begin),
                         (unsigned long long)address);
    }
    return sfi__elf_load_bytes(e, address, r);
}

/* A segment may begin with the header of the file: no firmware, and nothing to
 * warn of where sections tell it. */
static void
elf_leave_out_table(struct elf *e, const struct elf_segment *s,
                    struct elf_range t)
{
    if (e->by_section)
        return;
    sfi__loader_warn(e->load,
                     "0x%llx bytes at 0x%08llx are headers of the ELF file: "
                     "they are left out",
                     (unsigned long long)(t.end - t.begin),
                     (unsigned long long)elf_address(e, s, t.begin));
}

/* The next of the file's own tables in a range, with those that follow it at
 * once; empty at the range's end: there is none. */
static struct elf_range
elf_find_tables(const struct elf *e, struct elf_range r)
{
    struct elf_range found = {r.end, r.end};

    for (size_t i = 0; i < ELF_TABLES; i++) {
        const struct elf_range *t = &e->table[i];

        if (t->end > r.begin && t->begin < found.begin) {
            found.begin = t->begin > r.begin ? t->begin : r.begin;
            found.end = t->end;
        }
    }
    for (size_t i = 0; i < ELF_TABLES; i++) {
        if (e->table[i].begin <= found.end && e->table[i].end > found.end)
            found.end = e->table[i].end;
    }
    if (found.end > r.end)
        found.end = r.end;
    return found;
}

static sfi_status
elf_load_unowned(struct elf *e, const struct elf_segment *s, struct elf_range r)
{
    while (r.begin < r.end) {
        struct elf_range t = elf_find_tables(e, r);
        sfi_status st =
            elf_load_rest(e, s, (struct elf_range){r.begin, t.begin});

        if (st != SFI_OK)
            return st;
        if (t.begin < t.end)
            elf_leave_out_table(e, s, t);
        r.begin = t.end;
    }
    return SFI_OK;
}

/* The first of the owned ranges that ends behind `offset`. */
static size_t
elf_find_owned(const struct elf_range *owned, size_t count, uint64_t offset)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;

        if (owned[middle].end > offset)
            count = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* What of a segment is between the contents of sections. */
static sfi_status
elf_load_gaps(struct elf *e, const struct elf_segment *s)
{
    const struct elf_range *owned = (const void *)e->owned.data;
    size_t count = e->owned.len / sizeof(*owned);
    size_t i = elf_find_owned(owned, count, s->range.begin);
    struct elf_range gap = {s->range.begin, s->range.begin};
    sfi_status st = SFI_OK;

    e->load->place = s->index;
    for (; st == SFI_OK && gap.begin < s->range.end; i++) {
        bool more = i < count && owned[i].begin < s->range.end;

        gap.end = more ? owned[i].begin : s->range.end;
        st = elf_load_unowned(e, s, gap);
        gap.begin = more ? owned[i].end : s->range.end;
    }
    return st;
}

/* Sections that follow each other are loaded at once. */
static sfi_status
elf_load_contents(struct elf *e)
{
    const struct elf_contents *c = (const void *)e->contents.data;
    size_t total, count = e->contents.len / sizeof(*c);
    const struct elf_segment *segments = elf_segments(e, &total);
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < count; i++) {
        const struct elf_segment *s = &segments[c[i].segment];
        struct elf_range r = c[i].range;

        while (i + 1 < count && c[i + 1].segment == c[i].segment &&
               c[i + 1].range.begin <= r.end) {
            i++;
            if (c[i].range.end > r.end)
                r.end = c[i].range.end;
        }
        e->load->place = s->index;
        st = sfi__elf_load_bytes(e, elf_address(e, s, r.begin), r);
    }
    return st;
}

static sfi_status
elf_load_file(struct elf *e)
{
    const struct elf_segment *s;
    size_t count;
    sfi_status st = elf_read_ident(e);

    if (st == SFI_OK)
        st = elf_read_header(e);
    if (st == SFI_OK)
        st = elf_read_segments(e);
    if (st != SFI_OK)
        return st;
    e->load->place = FIRMWARE_PLACE_NONE;
    elf_warn_of_machine(e->load);
    elf_choose_addresses(e);
    if (e->by_section)
        st = sfi__elf_read_sections(e);
    if (st == SFI_OK)
        st = elf_load_contents(e);
    s = elf_segments(e, &count);
    for (size_t i = 0; st == SFI_OK && i < count; i++)
        st = elf_load_gaps(e, &s[i]);
    return st;
}

static sfi_status
elf_load_whole(struct load *l, const uint8_t *data, size_t len)
{
    struct elf e = {.load = l, .data = data, .len = len};
    sfi_status st;

    sfi__rd_init(&e.rd, data, len);
    sfi__buf_init(&e.segments, &l->ctx->alloc, false);
    sfi__buf_init(&e.contents, &l->ctx->alloc, false);
    sfi__buf_init(&e.owned, &l->ctx->alloc, false);
    st = elf_load_file(&e);
    sfi__buf_free(&e.segments);
    sfi__buf_free(&e.contents);
    sfi__buf_free(&e.owned);
    return st;
}

static const char *const extensions[] = {"elf", "axf", "out", NULL};

const struct format sfi__format_elf = {
    .name = "elf",
    .place = "segment",
    .extensions = extensions,
    .matches = elf_matches_magic,
    .whole = elf_load_whole,
};
