/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ELF: "Tool Interface Standard Executable and Linking Format", version 1.2,
 * and its 64-bit form.  Data comes from the program headers, as in other
 * programming tools: a stripped file has no sections. */
#include "firmware/load.h"

#include "util/mem.h"
#include "util/rd.h"
#include "core/err.h"

#define ELF_MAGIC "\177ELF"
#define ELF_MAGIC_LEN 4u
#define PT_LOAD 1u
#define PN_XNUM 0xffffu /* the count does not fit its field */

enum { CLASS_32 = 1, CLASS_64 = 2 };
enum { DATA_LITTLE = 1, DATA_BIG = 2 };
enum { ET_REL = 1, ET_EXEC = 2, ET_DYN = 3 };

/* A reader in the width and byte order of the file. */
struct elf {
    struct rd rd;
    bool wide;
    bool big;
    uint64_t ph_offset;
    uint16_t ph_size;
    uint16_t ph_count;
};

struct program_header {
    uint32_t type;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t file_size;
    uint64_t memory_size;
};

static uint16_t
elf_read_half(struct elf *e)
{
    return e->big ? sfi__rd_u16be(&e->rd) : sfi__rd_u16le(&e->rd);
}

static uint32_t
elf_read_word(struct elf *e)
{
    return e->big ? sfi__rd_u32be(&e->rd) : sfi__rd_u32le(&e->rd);
}

/* An address, offset or size. */
static uint64_t
elf_read_size(struct elf *e)
{
    if (!e->wide)
        return elf_read_word(e);
    return e->big ? sfi__rd_u64be(&e->rd) : sfi__rd_u64le(&e->rd);
}

static bool
elf_matches_magic(const uint8_t *data, size_t len)
{
    return len >= ELF_MAGIC_LEN && sfi__equal(data, ELF_MAGIC, ELF_MAGIC_LEN);
}

static sfi_status
elf_read_ident(struct load *l, struct elf *e)
{
    uint8_t magic[ELF_MAGIC_LEN];
    uint8_t class, order;

    sfi__rd_bytes(&e->rd, magic, sizeof(magic));
    class = sfi__rd_u8(&e->rd);
    order = sfi__rd_u8(&e->rd);
    sfi__rd_skip(&e->rd, 10);
    if (!sfi__rd_ok(&e->rd))
        return sfi__fail(l->ctx, SFI_ERR_TRUNCATED,
                         "file ends inside the ELF identification");
    if (!elf_matches_magic(magic, sizeof(magic)))
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "not an ELF file, the ELF magic number is missing");
    if (class != CLASS_32 && class != CLASS_64)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "ELF class is %u, expected 1 (32 bits) or 2 (64 bits)",
                         class);
    if (order != DATA_LITTLE && order != DATA_BIG)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "ELF byte order is %u, expected 1 (little endian) or "
                         "2 (big endian)",
                         order);
    e->wide = class == CLASS_64;
    e->big = order == DATA_BIG;
    return SFI_OK;
}

static sfi_status
elf_read_header(struct load *l, struct elf *e)
{
    uint16_t type;
    unsigned want = e->wide ? 56 : 32;

    type = elf_read_half(e);
    (void)elf_read_half(e); /* machine */
    (void)elf_read_word(e); /* version */
    (void)elf_read_size(e); /* entry */
    e->ph_offset = elf_read_size(e);
    (void)elf_read_size(e); /* section headers */
    (void)elf_read_word(e); /* flags */
    (void)elf_read_half(e); /* size of this header */
    e->ph_size = elf_read_half(e);
    e->ph_count = elf_read_half(e);
    if (!sfi__rd_ok(&e->rd))
        return sfi__fail(l->ctx, SFI_ERR_TRUNCATED,
                         "file ends inside the ELF header");
    if (type == ET_REL)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "a relocatable object, expected a linked program");
    if (type != ET_EXEC && type != ET_DYN)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "ELF type is %u, expected 2 (executable) or 3 "
                         "(shared)",
                         type);
    if (e->ph_count == 0)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "no program headers, expected a linked program");
    if (e->ph_count == PN_XNUM)
        return sfi__fail(l->ctx, SFI_ERR_LIMIT,
                         "more than %u program headers, the limit",
                         PN_XNUM - 1);
    if (e->ph_size != want)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "program headers of %u bytes, expected %u", e->ph_size,
                         want);
    return SFI_OK;
}

static void
elf_read_program_header(struct elf *e, struct program_header *ph)
{
    ph->type = elf_read_word(e);
    if (e->wide)
        (void)elf_read_word(e); /* flags */
    ph->offset = elf_read_size(e);
    ph->vaddr = elf_read_size(e);
    ph->paddr = elf_read_size(e);
    ph->file_size = elf_read_size(e);
    ph->memory_size = elf_read_size(e);
    if (!e->wide)
        (void)elf_read_word(e); /* flags */
    (void)elf_read_size(e);     /* alignment */
}

static sfi_status
elf_load_segment(struct load *l, const struct program_header *ph,
                 size_t file_len)
{
    bool is_virtual = (l->flags & SFI_FIRMWARE_VIRTUAL_ADDRESS) != 0;

    if (ph->type != PT_LOAD || ph->file_size == 0)
        return SFI_OK;
    if (ph->file_size > ph->memory_size)
        return sfi__loader_fail(
            l, SFI_ERR_FORMAT,
            "0x%llx bytes in the file, more than the 0x%llx in "
            "memory",
            (unsigned long long)ph->file_size,
            (unsigned long long)ph->memory_size);
    if (ph->offset > file_len || ph->file_size > file_len - ph->offset)
        return sfi__loader_fail(
            l, SFI_ERR_TRUNCATED,
            "0x%llx bytes at offset 0x%llx, but the file has only "
            "0x%zx",
            (unsigned long long)ph->file_size, (unsigned long long)ph->offset,
            file_len);
    return sfi__loader_run(l, is_virtual ? ph->vaddr : ph->paddr,
                           (size_t)ph->offset, ph->file_size);
}

static sfi_status
elf_load_whole(struct load *l, const uint8_t *data, size_t len)
{
    struct elf e = {0};
    struct program_header ph;
    sfi_status st;

    sfi__rd_init(&e.rd, data, len);
    st = elf_read_ident(l, &e);
    if (st == SFI_OK)
        st = elf_read_header(l, &e);
    if (st != SFI_OK)
        return st;
    if (e.ph_offset > len ||
        (uint64_t)e.ph_count * e.ph_size > len - e.ph_offset)
        return sfi__fail(l->ctx, SFI_ERR_TRUNCATED,
                         "%u program headers at offset 0x%llx, but the file "
                         "has only 0x%zx bytes",
                         e.ph_count, (unsigned long long)e.ph_offset, len);
    sfi__rd_init(&e.rd, data + e.ph_offset, len - (size_t)e.ph_offset);
    for (l->place = 0; l->place < e.ph_count; l->place++) {
        elf_read_program_header(&e, &ph);
        st = elf_load_segment(l, &ph, len);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static const char *const extensions[] = {"elf", "axf", "out", NULL};

const struct format sfi__format_elf = {
    .name = "elf",
    .place = "segment",
    .extensions = extensions,
    .matches = elf_matches_magic,
    .whole = elf_load_whole,
};
