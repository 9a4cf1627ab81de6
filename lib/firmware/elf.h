/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An ELF file while it is read: its header, the segments to load, and which
 * bytes of the file its sections own. */
#ifndef SFI_FIRMWARE_ELF_H
#define SFI_FIRMWARE_ELF_H

#include "util/rd.h"
#include "firmware/load.h"

/* Bytes of the file: begin .. end - 1. */
struct elf_range {
    uint64_t begin;
    uint64_t end;
};

/* The contents of a section, in the segment that they are loaded from. */
struct elf_contents {
    uint32_t segment; /* number among the segments */
    struct elf_range range;
};

/* A PT_LOAD program header with bytes in the file. */
struct elf_segment {
    uint32_t index; /* of its program header */
    struct elf_range range;
    uint64_t vaddr;
    uint64_t paddr;
};

enum { ELF_HEADER, ELF_PROGRAM_HEADERS, ELF_SECTION_HEADERS, ELF_TABLES };

struct elf {
    struct load *load;
    const uint8_t *data;
    size_t len;
    struct rd rd; /* in the width and byte order of the file */
    bool wide;
    bool big;
    bool by_section; /* there is a section table */
    bool is_virtual; /* segments go to their virtual addresses */
    uint16_t ph_size;
    uint16_t ph_count;
    uint16_t sh_size;
    uint32_t sh_count;
    uint32_t names_index; /* the section with the sections' names */
    struct elf_range table[ELF_TABLES]; /* of the file itself */
    struct elf_range names;
    struct buf segments; /* of struct elf_segment, in the order of the file */
    struct buf contents; /* of struct elf_contents, ascending */
    struct buf owned; /* of struct elf_range: all contents, ascending, joined */
    uint32_t runs;
};

uint16_t sfi__elf_read_half(struct elf *e);
uint32_t sfi__elf_read_word(struct elf *e);
/* An address, offset or size. */
uint64_t sfi__elf_read_size(struct elf *e);

/* Read the section table into `contents` and `owned`.  The contents of a
 * section that no segment has are loaded, at its own address. */
sfi_status sfi__elf_read_sections(struct elf *e);
/* Load bytes of the file that belong to `address`. */
sfi_status sfi__elf_load_bytes(struct elf *e, uint64_t address,
                               struct elf_range bytes);

#endif
