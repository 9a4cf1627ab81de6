/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writes ELF files, and reads them back as tables say. */
#include <bench/elf_file.h>

#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"
#include "util/wr.h"

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
write_header(struct out *o, const struct elf_file *e, uint16_t count,
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
    half(o, e->header_size != 0 ? e->header_size : (o->wide ? 64 : 52));
    half(o, e->ph_size != 0 ? e->ph_size : ph_size);
    half(o, e->ph_count != 0 ? e->ph_count : count);
    half(o, e->sh_size != 0 ? e->sh_size : (o->wide ? 64 : 40));
    half(o, e->sh_extended ? 0 : e->sh_count != 0 ? e->sh_count : sections);
    half(o, e->sh_extended ? 0xffff : (uint16_t)(sections - 1));
}

static void
write_ph(struct out *o, const struct elf_ph *ph)
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
write_sh(struct out *o, uint32_t name, const struct elf_sh *sh, uint32_t link)
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
write_sections(struct out *o, const struct elf_file *e, uint16_t count)
{
    const struct elf_sh names = {STRTAB, 0, 0, NAMES_AT, sizeof(NAMES)};
    struct elf_sh zero = {.size = e->sh_extended ? count : 0};

    if (count == 0)
        return;
    sfi__wr_bytes(&o->wr, NAMES, 16);
    write_sh(o, 0, &zero, e->sh_extended ? (uint32_t)count - 1 : 0);
    for (uint16_t i = 0; i + 2 < count; i++)
        write_sh(o, 1 + 3u * i, &e->sh[i], 0);
    write_sh(o, 0, &names, 0);
}

size_t
elf_file_make(uint8_t *file, size_t cap, const struct elf_file *e)
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

const struct elf_kind elf_kinds[ELF_KINDS] = {
    {1, 1, "program headers of 40 bytes, expected 32"},
    {1, 2, "program headers of 40 bytes, expected 32"},
    {2, 1, "program headers of 40 bytes, expected 56"},
    {2, 2, "program headers of 40 bytes, expected 56"},
};

sfi_status
elf_row_parse(const struct elf_row *row, size_t kind, sfi_firmware **fw)
{
    uint8_t file[1024];
    struct elf_file e = row->elf;
    size_t len;

    e.class = elf_kinds[kind].class;
    e.order = elf_kinds[kind].order;
    len = elf_file_make(file, sizeof(file), &e);
    *fw = (sfi_firmware *)1;
    return sfi_firmware_parse(ctx, "elf", 0, file, len, fw);
}

void
check_elf_good(const struct elf_row *rows, size_t i)
{
    const struct elf_row *row = &rows[i / ELF_KINDS];
    sfi_firmware *fw;
    sfi_status st = elf_row_parse(row, i % ELF_KINDS, &fw);

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

void
check_elf_bad(const struct elf_row *rows, size_t i)
{
    const struct elf_row *row = &rows[i / ELF_KINDS];
    size_t kind = i % ELF_KINDS;
    const char *message =
        row->message != NULL ? row->message : elf_kinds[kind].sizes;
    sfi_firmware *fw;

    ck_assert_fails(elf_row_parse(row, kind, &fw), row->st, row->where,
                    message);
    ck_assert_ptr_null(fw);
}
