/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/elf: program headers and sections of both classes and byte
 * orders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"
#include "util/wr.h"

enum { PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE };
enum { PROGBITS = 1, STRTAB = 3, NOBITS = 8 };
enum { ALLOC = 2 };

struct ph {
    uint32_t type;
    uint64_t offset, vaddr, paddr, file_size, memory_size;
};

struct sh {
    uint32_t type, flags;
    uint64_t address, offset, size;
};

/* A file of program headers, then 16 bytes, then a table of section 0, the
 * sections .0, .1 ..., and that of their names. */
struct elf {
    uint8_t class, order;
    uint16_t type;
    uint16_t ph_size;   /* 0: the correct one */
    uint16_t ph_count;  /* 0: as many as there are */
    uint64_t ph_offset; /* 0: behind the header */
    size_t cut;         /* 0: the whole file; else cut it to this length */
    struct ph ph[4];
    const char *data;  /* NULL: 0xd0, 0xd1, ... */
    uint16_t machine;  /* 0: Arm */
    uint16_t sh_size;  /* 0: the correct one */
    uint16_t sh_count; /* 0: as many as there are */
    bool sh_extended;  /* the number of sections is in section 0 */
    struct sh sh[5];   /* none: there is no table */
};

#define DATA_AT 0x200u
#define DATA_LEN 16u
#define NAMES "\0.0\0.1\0.2\0.3\0.4"
#define NAMES_AT (DATA_AT + DATA_LEN)
#define SECTIONS_AT (NAMES_AT + 16u)

struct out {
    struct wr wr;
    bool wide, big;
};

static void
half(struct out *o, uint16_t v)
{
    o->big ? sfi__wr_u16be(&o->wr, v) : sfi__wr_u16le(&o->wr, v);
}

static void
word(struct out *o, uint32_t v)
{
    o->big ? sfi__wr_u32be(&o->wr, v) : sfi__wr_u32le(&o->wr, v);
}

static void
size(struct out *o, uint64_t v)
{
    if (!o->wide)
        word(o, (uint32_t)v);
    else
        o->big ? sfi__wr_u64be(&o->wr, v) : sfi__wr_u64le(&o->wr, v);
}

static void
write_header(struct out *o, const struct elf *e, uint16_t count,
             uint16_t sections)
{
    uint16_t ph_size = o->wide ? 56 : 32;

    sfi__wr_bytes(&o->wr, "\177ELF", 4);
    sfi__wr_u8(&o->wr, e->class);
    sfi__wr_u8(&o->wr, e->order);
    sfi__wr_u8(&o->wr, 1);
    sfi__wr_fill(&o->wr, 0, 9);
    half(o, e->type);
    half(o, e->machine != 0 ? e->machine : 40);
    word(o, 1);
    size(o, 0x08000001);
    size(o, e->ph_offset != 0 ? e->ph_offset : (o->wide ? 64 : 52));
    size(o, sections > 0 ? SECTIONS_AT : 0);
    word(o, 0);
    half(o, o->wide ? 64 : 52);
    half(o, e->ph_size != 0 ? e->ph_size : ph_size);
    half(o, e->ph_count != 0 ? e->ph_count : count);
    half(o, e->sh_size != 0 ? e->sh_size : (o->wide ? 64 : 40));
    half(o, e->sh_extended ? 0 : e->sh_count != 0 ? e->sh_count : sections);
    half(o, e->sh_extended ? 0xffff : (uint16_t)(sections - 1));
}

static void
write_ph(struct out *o, const struct ph *ph)
{
    word(o, ph->type);
    if (o->wide)
        word(o, 5);
    size(o, ph->offset);
    size(o, ph->vaddr);
    size(o, ph->paddr);
    size(o, ph->file_size);
    size(o, ph->memory_size);
    if (!o->wide)
        word(o, 5);
    size(o, 4);
}

static void
write_sh(struct out *o, uint32_t name, const struct sh *sh, uint32_t link)
{
    word(o, name);
    word(o, sh->type);
    size(o, sh->flags);
    size(o, sh->address);
    size(o, sh->offset);
    size(o, sh->size);
    word(o, link);
    word(o, 0);
    size(o, 1);
    size(o, 0);
}

static void
write_sections(struct out *o, const struct elf *e, uint16_t count)
{
    const struct sh names = {STRTAB, 0, 0, NAMES_AT, sizeof(NAMES)};
    struct sh zero = {.size = e->sh_extended ? count : 0};

    if (count == 0)
        return;
    sfi__wr_bytes(&o->wr, NAMES, 16);
    write_sh(o, 0, &zero, e->sh_extended ? (uint32_t)count - 1 : 0);
    for (uint16_t i = 0; i + 2 < count; i++)
        write_sh(o, 1 + 3u * i, &e->sh[i], 0);
    write_sh(o, 0, &names, 0);
}

static size_t
make_elf(uint8_t *file, size_t cap, const struct elf *e)
{
    struct out o = {.wide = e->class == 2, .big = e->order == 2};
    uint16_t count = 0, sections = 0;

    while (count < 4 && e->ph[count].memory_size + e->ph[count].file_size > 0)
        count++;
    while (sections < 5 && e->sh[sections].size > 0)
        sections++;
    sections = (uint16_t)(sections > 0 ? sections + 2 : 0);
    sfi__wr_init(&o.wr, file, cap);
    write_header(&o, e, count, sections);
    for (uint16_t i = 0; i < count; i++)
        write_ph(&o, &e->ph[i]);
    sfi__wr_fill(&o.wr, 0, DATA_AT - sfi__wr_len(&o.wr));
    for (uint8_t i = 0; i < DATA_LEN; i++)
        sfi__wr_u8(&o.wr,
                   e->data != NULL ? (uint8_t)e->data[i] : (uint8_t)(0xd0 + i));
    write_sections(&o, e, sections);
    ck_assert(sfi__wr_ok(&o.wr));
    return e->cut != 0 ? e->cut : sfi__wr_len(&o.wr);
}

static const struct {
    uint8_t class, order;
    const char *sizes;
} kinds[] = {
    {1, 1, "program headers of 40 bytes, expected 32"},
    {1, 2, "program headers of 40 bytes, expected 32"},
    {2, 1, "program headers of 40 bytes, expected 56"},
    {2, 2, "program headers of 40 bytes, expected 56"},
};

struct elf_row {
    const char *why;
    struct elf elf;
    const char *segments, *warnings;
    sfi_status st;
    const char *where, *message;
};

#define ANY 0, 0, 2 /* class and byte order come from the loop */
#define LOAD(off, at, n)          \
    {                             \
        PT_LOAD, off, 0, at, n, n \
    }

static const struct elf_row good[] = {
    {.why = "one segment",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 4)}},
     .segments = "08000000=d0d1d2d3"},
    {.why = "a shared object",
     .elf = {0, 0, 3, .ph = {LOAD(0x200, 0x08000000, 4)}},
     .segments = "08000000=d0d1d2d3"},
    {.why = "load address, not virtual address",
     .elf = {ANY, .ph = {{PT_LOAD, 0x204, 0x20000000, 0x08000000, 2, 2}}},
     .segments = "08000000=d4d5"},
    {.why = "never padded to the size in memory",
     .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0, 0x08000000, 2, 0x10000000}}},
     .segments = "08000000=d0d1"},
    {.why = "bytes in memory only",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 2),
                         {PT_LOAD, 0x202, 0, 0x20000000, 0, 64}}},
     .segments = "08000000=d0d1"},
    {.why = "other types",
     .elf = {ANY, .ph = {{PT_NOTE, 0x200, 0, 0x1000, 2, 2},
                         {PT_NULL, 0x999999, 0, 0x1000, 9, 2},
                         LOAD(0x204, 0x08000000, 1),
                         {0x70000001, 0x200, 0, 0x1000, 2, 2}}},
     .segments = "08000000=d4"},
    {.why = "unsorted",
     .elf = {ANY,
             .ph = {LOAD(0x204, 0x08001000, 2), LOAD(0x200, 0x08000000, 2)}},
     .segments = "08000000=d0d1 08001000=d4d5"},
    {.why = "touching, together in the file",
     .elf = {ANY,
             .ph = {LOAD(0x200, 0x08000000, 2), LOAD(0x202, 0x08000002, 2)}},
     .segments = "08000000=d0d1d2d3"},
    {.why = "touching, apart in the file",
     .elf = {ANY,
             .ph = {LOAD(0x208, 0x08000002, 2), LOAD(0x200, 0x08000000, 2)}},
     .segments = "08000000=d0d1d8d9"},
    {.why = "the same bytes at two places",
     .elf = {ANY,
             .ph = {LOAD(0x200, 0x08000000, 2), LOAD(0x200, 0x20000000, 2)}},
     .segments = "08000000=d0d1 20000000=d0d1"},
    {.why = "overlap with the same bytes",
     .elf = {ANY,
             .ph = {LOAD(0x200, 0x08000000, 4), LOAD(0x202, 0x08000002, 4)}},
     .segments = "08000000=d0d1d2d3d4d5",
     .warnings = "segment 1: 2 bytes at 0x08000002 repeat ... segment 0\n"},
    {.why = "the last byte of all",
     .elf = {ANY, .ph = {LOAD(0x200, 0xffffffff, 1)}},
     .segments = "ffffffff=d0"},
    {.why = "addresses all 0",
     .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0x08000000, 0, 2, 2},
                         {PT_LOAD, 0x204, 0x08000040, 0, 2, 2},
                         {PT_LOAD, 0x208, 0x20000000, 0x20000000, 0, 2}}},
     .segments = "08000000=d0d1 08000040=d4d5",
     .warnings = "every physical address is 0; the virtual addresses are "
                 "used\n"},
    {.why = "one address is 0",
     .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0x08000000, 0, 2, 2},
                         {PT_LOAD, 0x204, 0x08000040, 0x40, 2, 2}}},
     .segments = "00000000=d0d1 00000040=d4d5"},
    {.why = "another machine",
     .elf = {ANY, .machine = 243, .ph = {LOAD(0x200, 0x08000000, 2)}},
     .segments = "08000000=d0d1",
     .warnings = "machine 243 (RISC-V), expected 40 (Arm)\n"},
    {.why = "an unknown machine",
     .elf = {ANY, .machine = 999, .ph = {LOAD(0x200, 0x08000000, 2)}},
     .segments = "08000000=d0d1",
     .warnings = "machine 999 (unknown), ...\n"},

    /* by sections */
    {.why = "a section is the whole segment",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 4)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 4}}},
     .segments = "08000000=d0d1d2d3"},
    {.why = "the file's headers in a segment",
     .elf = {ANY, .ph = {LOAD(0, 0x08000000, 0x204)},
             .sh = {{PROGBITS, ALLOC, 0x08000200, 0x200, 4}}},
     .segments = "08000200=d0d1d2d3"},
    {.why = "a segment of headers alone",
     .elf = {ANY, .ph = {LOAD(0, 0x08000000, 0x34), LOAD(0x200, 0x08001000, 2)},
             .sh = {{PROGBITS, ALLOC, 0x08001000, 0x200, 2}}},
     .segments = "08001000=d0d1"},
    {.why = "fill between sections",
     .elf = {ANY,
             .data = "ab\0\0\0cd\xd4\xd4\xd4\xd4"
                     "e\0f\0g",
             .ph = {LOAD(0x200, 0x08000000, 16)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 2},
                    {PROGBITS, ALLOC, 0x08000005, 0x205, 2},
                    {PROGBITS, ALLOC, 0x0800000b, 0x20b, 1},
                    {PROGBITS, ALLOC, 0x0800000c, 0x20c, 3},
                    {PROGBITS, ALLOC, 0x0800000f, 0x20f, 1}}},
     .segments = "08000000=6162 08000005=6364 0800000b=6500660067"},
    {.why = "a section without contents",
     .elf = {ANY, .data = "ab\0\0\0\0cd\0\0\0\0\0\0\0\0",
             .ph = {LOAD(0x200, 0x08000000, 8)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 2},
                    {NOBITS, ALLOC, 0x08000002, 0x202, 4},
                    {PROGBITS, ALLOC, 0x08000006, 0x206, 2}}},
     .segments = "08000000=6162 08000006=6364"},
    {.why = "addresses follow the segment, not the section",
     .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0x20000000, 0x08000100, 8, 8}},
             .sh = {{PROGBITS, ALLOC, 0x30000000, 0x200, 4},
                    {PROGBITS, ALLOC, 0x40000000, 0x204, 4}}},
     .segments = "08000100=d0d1d2d3d4d5d6d7"},
    {.why = "sections and segments unsorted",
     .elf = {ANY,
             .ph = {LOAD(0x208, 0x08000100, 4), LOAD(0x200, 0x08000000, 4)},
             .sh = {{PROGBITS, ALLOC, 0x0800010a, 0x20a, 2},
                    {PROGBITS, ALLOC, 0x08000000, 0x200, 4},
                    {PROGBITS, ALLOC, 0x08000108, 0x208, 2}}},
     .segments = "08000000=d0d1d2d3 08000100=d8d9dadb"},
    {.why = "sections overlap",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 8)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 6},
                    {PROGBITS, ALLOC, 0x08000002, 0x202, 2},
                    {PROGBITS, ALLOC, 0x08000004, 0x204, 4}}},
     .segments = "08000000=d0d1d2d3d4d5d6d7"},
    {.why = "segments overlap in the file: the address decides",
     .elf = {ANY,
             .ph = {LOAD(0x200, 0x08000000, 8),
                    {PT_LOAD, 0x204, 0x20000000, 0x08000100, 4, 4}},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 4},
                    {PROGBITS, ALLOC, 0x20000000, 0x204, 4}}},
     .segments = "08000000=d0d1d2d3 08000100=d4d5d6d7"},
    {.why = "bytes of no section",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 4)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 2},
                    {PROGBITS, 0, 0, 0x202, 2}}},
     .segments = "08000000=d0d1d2d3",
     .warnings = "segment 0: 0x2 bytes at 0x08000002 belong to no section, and "
                 "are not fill: they are loaded\n"},
    {.why = "a segment of no section",
     .elf = {ANY,
             .ph = {LOAD(0x200, 0x08000000, 2), LOAD(0x204, 0x08000100, 2)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 2}}},
     .segments = "08000000=d0d1 08000100=d4d5",
     .warnings = "segment 1: 0x2 bytes at 0x08000100 belong to no section, ... "
                 "loaded\n"},
    {.why = "a section in no segment",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 2)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 2},
                    {PROGBITS, ALLOC, 0x0801f000, 0x208, 2}}},
     .segments = "08000000=d0d1 0801f000=d8d9",
     .warnings = "section .1 (0x2 bytes) is in no segment; it is loaded at its "
                 "own address 0x0801f000\n"},
    {.why = "the number of sections is in section 0",
     .elf = {ANY, .sh_extended = true, .ph = {LOAD(0, 0x08000000, 0x204)},
             .sh = {{PROGBITS, ALLOC, 0x08000200, 0x200, 4}}},
     .segments = "08000200=d0d1d2d3"},
    {.why = "sections that are not loaded, wherever they are",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 2)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, 2},
                    {PROGBITS, 0, 0, 0x1000, 0x1000},
                    {NOBITS, ALLOC, 0x20000000, 0xfffff000, 0x1000}}},
     .segments = "08000000=d0d1"},
};

/* Stripped of the section table, with the headers of the file in a segment:
 * what is behind them stays. */
START_TEST(test_headers)
{
    struct elf e = {.class = kinds[_i].class,
                    .order = kinds[_i].order,
                    .type = 2,
                    .ph = {LOAD(0, 0x08000000, 0x204)}};
    const unsigned end = e.class == 2 ? 64 + 56 : 52 + 32;
    uint8_t file[1024], want[DATA_AT];
    size_t len = make_elf(file, sizeof(file), &e);
    const uint8_t *data;
    char message[128];
    uint64_t address;
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, "elf", 0, file, len, &fw));
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
    ck_assert_ok(sfi_firmware_segment(fw, 0, &address, &data, &len));
    ck_assert_uint_eq(address, 0x08000000u + end);
    ck_assert_uint_eq(len, 0x204 - end);
    memset(want, 0, sizeof(want));
    ck_assert_mem_eq(data, want, DATA_AT - end);
    ck_assert_mem_eq(data + DATA_AT - end, "\xd0\xd1\xd2\xd3", 4);
    (void)snprintf(message, sizeof(message),
                   "segment 0: 0x%x bytes at 0x08000000 are headers of the ELF "
                   "file: they are left out\n",
                   end);
    ck_assert_str_eq(warnings, message);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_machine)
{
    static const uint16_t machines[] = {40, 183, 243};

    for (size_t i = 0; i < ROWS(machines); i++) {
        struct elf e = {kinds[_i].class, kinds[_i].order, 2,
                        .machine = machines[i],
                        .ph = {LOAD(0x200, 0x08000000, 4)}};
        uint8_t file[1024];
        size_t len = make_elf(file, sizeof(file), &e);
        sfi_firmware *fw;

        ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw));
        ck_assert_uint_eq(sfi_firmware_machine(fw), machines[i]);
        sfi_firmware_free(fw);
        ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0, file + 4, 8, &fw));
        ck_assert_uint_eq(sfi_firmware_machine(fw), 0);
        sfi_firmware_free(fw);
    }
    ck_assert_uint_eq(sfi_firmware_machine(NULL), 0);
}
END_TEST

static const struct elf_row bad[] = {
    {.why = "relocatable",
     .elf = {0, 0, 1, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "a relocatable object, expected a linked program"},
    {.why = "core dump",
     .elf = {0, 0, 4, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "ELF type is 4, expected 2 (executable) or 3 (shared)"},
    {.why = "no program headers",
     .elf = {ANY, .ph_count = 0},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no program headers, expected a linked program"},
    {.why = "no segment to load",
     .elf = {ANY, .ph = {{PT_NOTE, 0x200, 0, 0, 4, 4}}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, ..."},
    {.why = "too many program headers",
     .elf = {ANY, .ph_count = 0xffff},
     .st = SFI_ERR_LIMIT,
     .where = "",
     .message = "more than 65534 program headers, the limit"},
    {.why = "odd size of program headers",
     .elf = {ANY, .ph_size = 40, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = NULL},
    {.why = "program headers past the end",
     .elf = {ANY, .ph_offset = 0x20c, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_TRUNCATED,
     .where = "",
     .message = "1 program headers at offset 0x20c, but the file has only "
                "0x210 bytes"},
    {.why = "program headers far past the end",
     .elf = {ANY, .ph_offset = 0xfffffff0, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_TRUNCATED,
     .where = "",
     .message = "1 program headers at offset 0xfffffff0, but the file has only "
                "0x210 bytes"},
    {.why = "ends in the identification",
     .elf = {ANY, .cut = 15, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_TRUNCATED,
     .where = "",
     .message = "file ends inside the ELF identification"},
    {.why = "ends in the header",
     .elf = {ANY, .cut = 45, .ph = {LOAD(0x200, 0, 4)}},
     .st = SFI_ERR_TRUNCATED,
     .where = "",
     .message = "file ends inside the ELF header"},
    {.why = "ends in a segment",
     .elf = {ANY, .ph = {LOAD(0x200, 0, 4), LOAD(0x20e, 0x100, 4)}},
     .st = SFI_ERR_TRUNCATED,
     .where = "segment 1",
     .message = "0x4 bytes at offset 0x20e, but the file has only 0x210"},
    {.why = "segment past the end",
     .elf = {ANY, .ph = {LOAD(0xffffffff, 0, 0xffffffff)}},
     .st = SFI_ERR_TRUNCATED,
     .where = "segment 0",
     .message = "0xffffffff bytes at offset 0xffffffff, but the file has only "
                "0x210"},
    {.why = "more in the file than in memory",
     .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0, 0, 4, 3}}},
     .st = SFI_ERR_FORMAT,
     .where = "segment 0",
     .message = "0x4 bytes in the file, more than the 0x3 in memory"},
    {.why = "past the last address",
     .elf = {ANY, .ph = {LOAD(0x200, 0xfffffffe, 3)}},
     .st = SFI_ERR_RANGE,
     .where = "segment 0",
     .message = "0x3 bytes at 0xfffffffe, ... 0xffffffff"},
    {.why = "overlap with other bytes",
     .elf = {ANY, .ph = {LOAD(0x200, 0x08000000, 4),
                         {PT_NOTE, 0, 0, 0, 1, 1},
                         LOAD(0x208, 0x08000003, 4)}},
     .st = SFI_ERR_OVERLAP,
     .where = "segment 2",
     .message = "data at 0x08000003 differs ... segment 0, ..."},
    {.why = "section headers past the end",
     .elf = {ANY, .sh_count = 100, .ph = {LOAD(0x200, 0, 4)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 4}}},
     .st = SFI_ERR_TRUNCATED,
     .where = "",
     .message = "100 section headers at offset 0x220, but the file has only "
                "..."},
    {.why = "odd size of section headers",
     .elf = {ANY, .sh_size = 48, .ph = {LOAD(0x200, 0, 4)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 4}}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "section headers of 48 bytes, expected ..."},
    {.why = "a section past the end",
     .elf = {ANY, .ph = {LOAD(0x200, 0, 4)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 4},
                    {PROGBITS, ALLOC, 0, 0x200, 0xfffffffe}}},
     .st = SFI_ERR_TRUNCATED,
     .where = "section .1",
     .message = "0xfffffffe bytes at offset 0x200, but the file ends before "
                "their end"},
    {.why = "a segment has only the begin of a section",
     .elf = {ANY, .ph = {LOAD(0x200, 0, 4)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 5}}},
     .st = SFI_ERR_FORMAT,
     .where = "section .0",
     .message = "0x5 bytes at offset 0x200, but only a part of them is in a "
                "segment"},
    {.why = "a segment has only the end of a section",
     .elf = {ANY, .ph = {LOAD(0x202, 0, 4)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 4}}},
     .st = SFI_ERR_FORMAT,
     .where = "section .0",
     .message = "0x4 bytes at offset 0x200, but only a part of them is in a "
                "segment"},
    {.why = "a section across two segments",
     .elf = {ANY, .ph = {LOAD(0x200, 0, 4), LOAD(0x204, 0x100, 4)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 8}}},
     .st = SFI_ERR_FORMAT,
     .where = "section .0",
     .message = "0x8 bytes at offset 0x200, but only a part of them ..."},
    {.why = "a section in no segment past the last address",
     .elf = {ANY, .ph = {LOAD(0x200, 0, 2)},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 2},
                    {PROGBITS, ALLOC, 0xffffffff, 0x208, 2}}},
     .st = SFI_ERR_RANGE,
     .where = "",
     .warnings = "section .1 ... 0xffffffff\n",
     .message = "0x2 bytes at 0xffffffff, ... 0xffffffff"},
    {.why = "fill alone",
     .elf = {ANY, .data = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
             .ph = {LOAD(0x200, 0, 4)}, .sh = {{NOBITS, ALLOC, 0, 0x200, 4}}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, ..."},
};

static sfi_status
parse_row(const struct elf_row *row, size_t kind, sfi_firmware **fw)
{
    uint8_t file[1024];
    struct elf e = row->elf;
    size_t len;

    e.class = kinds[kind].class;
    e.order = kinds[kind].order;
    len = make_elf(file, sizeof(file), &e);
    *fw = (sfi_firmware *)1;
    return sfi_firmware_parse(ctx, "elf", 0, file, len, fw);
}

START_TEST(test_good)
{
    const struct elf_row *row = &good[(size_t)_i / ROWS(kinds)];
    sfi_firmware *fw;
    sfi_status st = parse_row(row, (size_t)_i % ROWS(kinds), &fw);

    ck_assert_msg(st == SFI_OK, "%s: %s", row->why,
                  sfi_error_message(sfi_ctx_error(ctx)));
    ck_assert_msg(strcmp(firmware_segments(fw), row->segments) == 0,
                  "%s: %s, expected %s", row->why, firmware_segments(fw),
                  row->segments);
    ck_assert_msg(
        text_matches(warnings, row->warnings != NULL ? row->warnings : ""),
        "%s: warned\n%s", row->why, warnings);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_bad)
{
    const struct elf_row *row = &bad[(size_t)_i / ROWS(kinds)];
    size_t kind = (size_t)_i % ROWS(kinds);
    const char *message =
        row->message != NULL ? row->message : kinds[kind].sizes;
    sfi_firmware *fw;

    ck_assert_fails(parse_row(row, kind, &fw), row->st, row->where, message);
    ck_assert_ptr_null(fw);
}
END_TEST

/* Values above 32 bits, which only a 64-bit file can have. */
START_TEST(test_wide)
{
    static const struct elf_row rows[] = {
        {.elf = {ANY, .ph = {LOAD(0x200, 0x100000000, 1)}},
         .st = SFI_ERR_RANGE,
         .where = "segment 0",
         .message = "0x1 bytes at 0x100000000, ... 0xffffffff"},
        {.elf = {ANY, .ph = {LOAD(UINT64_MAX, 0, UINT64_MAX)}},
         .st = SFI_ERR_TRUNCATED,
         .where = "segment 0",
         .message = "0xffffffffffffffff bytes at offset 0xffffffffffffffff, "
                    "but the file has only 0x210"},
        {.elf = {ANY, .ph = {LOAD(0x208, 0, UINT64_MAX - 0x207)}},
         .st = SFI_ERR_TRUNCATED,
         .where = "segment 0",
         .message = "0xfffffffffffffdf8 bytes at offset 0x208, but the file "
                    "has only 0x210"},
        {.elf = {ANY, .ph = {LOAD(0x200, UINT64_MAX, 8)}},
         .st = SFI_ERR_RANGE,
         .where = "segment 0",
         .message = "0x8 bytes at 0xffffffffffffffff, ... 0xffffffff"},
        {.elf = {ANY, .ph_offset = UINT64_MAX - 7, .ph = {LOAD(0x200, 0, 1)}},
         .st = SFI_ERR_TRUNCATED,
         .where = "",
         .message = "1 program headers at offset 0xfffffffffffffff8, but the "
                    "file has only 0x210 bytes"},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t kind = 2; kind < ROWS(kinds); kind++) {
            sfi_firmware *fw;

            ck_assert_fails(parse_row(&rows[i], kind, &fw), rows[i].st,
                            rows[i].where, rows[i].message);
            ck_assert_ptr_null(fw);
        }
    }
}
END_TEST

/* A small program in a large file: only the program is kept.  Three headers
 * with the same bytes count three times. */
START_TEST(test_large)
{
    const size_t len = 100u << 20;
    struct elf e = {
        1, 1, 2,
        .ph = {LOAD(0x200, 0x08000000, 4), LOAD(0x204, 0x08000004, 4)}};
    uint8_t *file = calloc(1, len);
    sfi_firmware *fw;

    ck_assert_ptr_nonnull(file);
    (void)make_elf(file, 1024, &e);
    ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw));
    ck_assert_str_eq(firmware_segments(fw), "08000000=d0d1d2d3d4d5d6d7");
    sfi_firmware_free(fw);

    e = (struct elf){1, 1, 2,
                     .ph = {LOAD(0, 0x00000000, 0x6000000),
                            LOAD(0, 0x10000000, 0x6000000),
                            LOAD(0, 0x20000000, 0x6000000)}};
    (void)make_elf(file, 1024, &e);
    ck_assert_fails_about(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw),
                          SFI_ERR_LIMIT, "segment 2", "0x10000000 bytes");
    /* also at the same address, where comparing all of them would take hours */
    e.ph[1].paddr = e.ph[2].paddr = 0;
    (void)make_elf(file, 1024, &e);
    ck_assert_fails_about(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw),
                          SFI_ERR_LIMIT, "segment 2", "0x10000000 bytes");
    ck_assert_ptr_null(fw);
    free(file);
}
END_TEST

/* Physical or virtual addresses of segments. */
START_TEST(test_virtual)
{
    static const struct {
        uint32_t flags;
        struct elf elf;
        const char *segments;
        sfi_status st;
        const char *where, *message;
    } rows[] = {
        {.flags = 0,
         .elf = {ANY, .ph = {{PT_LOAD, 0x204, 0x20000000, 0x08000000, 2, 2}}},
         .segments = "08000000=d4d5"},
        {.flags = SFI_FIRMWARE_VIRTUAL_ADDRESS,
         .elf = {ANY, .ph = {{PT_LOAD, 0x204, 0x20000000, 0x08000000, 2, 2}}},
         .segments = "20000000=d4d5"},
        {.flags = SFI_FIRMWARE_NO_END_RECORD | SFI_FIRMWARE_SEGMENT_RUNS_ON,
         .elf = {ANY, .ph = {{PT_LOAD, 0x204, 0x20000000, 0x08000000, 2, 2}}},
         .segments = "08000000=d4d5"},
        {.flags = 0,
         .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0x20000000, 0x08000000, 2, 2},
                             {PT_LOAD, 0x204, 0x20000001, 0x08001000, 2, 2}}},
         .segments = "08000000=d0d1 08001000=d4d5"},
        {.flags = SFI_FIRMWARE_VIRTUAL_ADDRESS,
         .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0x20000000, 0x08000000, 2, 2},
                             {PT_LOAD, 0x204, 0x20000001, 0x08001000, 2, 2}}},
         .st = SFI_ERR_OVERLAP,
         .where = ":segment 1",
         .message = "data at 0x20000001 differs ... segment 0, ..."},
        {.flags = SFI_FIRMWARE_VIRTUAL_ADDRESS,
         .elf = {ANY, .ph = {{PT_LOAD, 0x200, 0xffffffff, 0x08000000, 2, 2}}},
         .st = SFI_ERR_RANGE,
         .where = ":segment 0",
         .message = "0x2 bytes at 0xffffffff, ... 0xffffffff"},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        sfi_firmware_options opts = {.struct_size = sizeof(opts),
                                     .flags = rows[i].flags};
        char path[FIRMWARE_PATH_MAX], where[FIRMWARE_PATH_MAX + 16];
        struct elf e = rows[i].elf;
        uint8_t file[1024];
        sfi_firmware *fw;
        sfi_status st;
        size_t len;

        e.class = kinds[_i].class;
        e.order = kinds[_i].order;
        len = make_elf(file, sizeof(file), &e);
        st = firmware_load_bytes("elf", &opts, file, len, path, &fw);
        if (rows[i].segments != NULL) {
            ck_assert_ok(st);
            ck_assert_str_eq(firmware_segments(fw), rows[i].segments);
        } else {
            (void)snprintf(where, sizeof(where), "%s%s", path, rows[i].where);
            ck_assert_fails(st, rows[i].st, where, rows[i].message);
            ck_assert_ptr_null(fw);
        }
        sfi_firmware_free(fw);
    }
}
END_TEST

START_TEST(test_ident)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *message;
    } rows[] = {
        {0, 0x7e, "not an ELF file, the ELF magic number is missing"},
        {4, 0, "ELF class is 0, expected 1 (32 bits) or 2 (64 bits)"},
        {4, 3, "ELF class is 3, expected 1 (32 bits) or 2 (64 bits)"},
        {5, 0,
         "ELF byte order is 0, expected 1 (little endian) or 2 (big endian)"},
        {5, 3,
         "ELF byte order is 3, expected 1 (little endian) or 2 (big endian)"},
    };
    struct elf e = {1, 1, 2, .ph = {LOAD(0x200, 0, 4)}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t file[1024];
        size_t len = make_elf(file, sizeof(file), &e);
        sfi_firmware *fw;

        file[rows[i].at] = rows[i].value;
        ck_assert_fails(sfi_firmware_parse(ctx, "elf", 0, file, len, &fw),
                        SFI_ERR_FORMAT, "", rows[i].message);
        ck_assert_ptr_null(fw);
    }
}
END_TEST

/* Every truncation is refused, and no file is read past its end. */
START_TEST(test_cut)
{
    struct elf e = {
        kinds[(size_t)_i / 2].class, kinds[(size_t)_i / 2].order, 2,
        .ph = {LOAD(0x200, 0x08000000, 16)},
        .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, _i % 2 == 0 ? 0 : 16}}};
    uint8_t file[1024];
    size_t len = make_elf(file, sizeof(file), &e);

    for (size_t n = 0; n < len; n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        sfi_firmware *fw = (sfi_firmware *)1;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, file, n);
        ck_assert_int_eq(sfi_firmware_parse(ctx, "elf", 0, copy, n, &fw),
                         SFI_ERR_TRUNCATED);
        ck_assert_ptr_null(fw);
        free(copy);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_elf");
    TCase *tc = tcase_create("program headers");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_good, 0, (int)(ROWS(good) * ROWS(kinds)));
    tcase_add_loop_test(tc, test_bad, 0, (int)(ROWS(bad) * ROWS(kinds)));
    tcase_add_test(tc, test_wide);
    tcase_add_test(tc, test_large);
    tcase_add_loop_test(tc, test_headers, 0, (int)ROWS(kinds));
    tcase_add_loop_test(tc, test_machine, 0, (int)ROWS(kinds));
    tcase_add_loop_test(tc, test_virtual, 0, (int)ROWS(kinds));
    tcase_add_test(tc, test_ident);
    tcase_add_loop_test(tc, test_cut, 0, (int)(2 * ROWS(kinds)));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
