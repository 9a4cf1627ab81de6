/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ELF files of both classes and byte orders, and tables of what libsfi reads
 * from them. */
#ifndef SFI_TESTS_ELF_FILE_H
#define SFI_TESTS_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sfi/firmware.h>

enum { PT_NULL, PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE };
enum { PROGBITS = 1, STRTAB = 3, NOBITS = 8 };
enum { ALLOC = 2 };

struct elf_ph {
    uint32_t type;
    uint64_t offset, vaddr, paddr, file_size, memory_size;
};

struct elf_sh {
    uint32_t type, flags;
    uint64_t address, offset, size;
};

/* A file of program headers, then 16 bytes, then a table of section 0, the
 * sections .0, .1 ..., and that of their names. */
struct elf_file {
    uint8_t class, order;
    uint16_t type;
    uint16_t header_size; /* 0: the correct one */
    uint16_t ph_size;     /* 0: the correct one */
    uint16_t ph_count;    /* 0: as many as there are */
    uint64_t ph_offset;   /* 0: behind the header */
    size_t cut;           /* 0: the whole file; else cut it to this length */
    struct elf_ph ph[4];
    const char *data;    /* NULL: 0xd0, 0xd1, ... */
    uint16_t machine;    /* 0: Arm */
    uint16_t sh_size;    /* 0: the correct one */
    uint16_t sh_count;   /* 0: as many as there are */
    bool sh_extended;    /* the number of sections is in section 0 */
    struct elf_sh sh[5]; /* none: there is no table */
};

/* Where the bytes are, and the table. */
#define DATA_AT 0x200u
#define DATA_LEN 16u
#define NAMES "\0.0\0.1\0.2\0.3\0.4"
#define NAMES_AT (DATA_AT + DATA_LEN)
#define SECTIONS_AT (NAMES_AT + 16u)

size_t elf_file_make(uint8_t *file, size_t cap, const struct elf_file *e);

/* Classes and byte orders. */
#define ELF_KINDS 4u
extern const struct elf_kind {
    uint8_t class, order;
    const char *sizes; /* the message of a wrong size of program headers */
} elf_kinds[ELF_KINDS];

struct elf_row {
    const char *why;
    struct elf_file elf;
    const char *segments, *warnings;
    sfi_status st;
    const char *where, *message;
};

#define ANY 0, 0, 2 /* class and byte order come from the loop */
#define LOAD(off, at, n)          \
    {                             \
        PT_LOAD, off, 0, at, n, n \
    }

/* Read the file of a row, of this kind, from memory. */
sfi_status elf_row_parse(const struct elf_row *row, size_t kind,
                         sfi_firmware **fw);
/* Number `i` of all rows in all kinds is read as it says, or refused. */
void check_elf_good(const struct elf_row *rows, size_t i);
void check_elf_bad(const struct elf_row *rows, size_t i);

#endif
