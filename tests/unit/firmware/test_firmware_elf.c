/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/elf: program headers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/elf_file.h>
#include <bench/firmware_rows.h>
#include "fixture.h"

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
};

START_TEST(test_machine)
{
    static const uint16_t machines[] = {40, 183, 243};

    for (size_t i = 0; i < ROWS(machines); i++) {
        struct elf_file e = {elf_kinds[_i].class, elf_kinds[_i].order, 2,
                             .machine = machines[i],
                             .ph = {LOAD(0x200, 0x08000000, 4)}};
        uint8_t file[1024];
        size_t len = elf_file_make(file, sizeof(file), &e);
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
};

START_TEST(test_good)
{
    check_elf_good(good, (size_t)_i);
}
END_TEST

START_TEST(test_bad)
{
    check_elf_bad(bad, (size_t)_i);
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
        for (size_t kind = 2; kind < ELF_KINDS; kind++) {
            sfi_firmware *fw;

            ck_assert_fails(elf_row_parse(&rows[i], kind, &fw), rows[i].st,
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
    struct elf_file e = {
        1, 1, 2,
        .ph = {LOAD(0x200, 0x08000000, 4), LOAD(0x204, 0x08000004, 4)}};
    uint8_t *file = calloc(1, len);
    sfi_firmware *fw;

    ck_assert_ptr_nonnull(file);
    (void)elf_file_make(file, 1024, &e);
    ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw));
    ck_assert_str_eq(firmware_segments(fw), "08000000=d0d1d2d3d4d5d6d7");
    sfi_firmware_free(fw);

    e = (struct elf_file){1, 1, 2,
                          .ph = {LOAD(0, 0x00000000, 0x6000000),
                                 LOAD(0, 0x10000000, 0x6000000),
                                 LOAD(0, 0x20000000, 0x6000000)}};
    (void)elf_file_make(file, 1024, &e);
    ck_assert_fails_about(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw),
                          SFI_ERR_LIMIT, "segment 2", "0x10000000 bytes");
    /* also at the same address, where comparing all of them would take hours */
    e.ph[1].paddr = e.ph[2].paddr = 0;
    (void)elf_file_make(file, 1024, &e);
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
        struct elf_file elf;
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
        struct elf_file e = rows[i].elf;
        uint8_t file[1024];
        sfi_firmware *fw;
        sfi_status st;
        size_t len;

        e.class = elf_kinds[_i].class;
        e.order = elf_kinds[_i].order;
        len = elf_file_make(file, sizeof(file), &e);
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
    struct elf_file e = {1, 1, 2, .ph = {LOAD(0x200, 0, 4)}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t file[1024];
        size_t len = elf_file_make(file, sizeof(file), &e);
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
    struct elf_file e = {
        elf_kinds[(size_t)_i / 2].class, elf_kinds[(size_t)_i / 2].order, 2,
        .ph = {LOAD(0x200, 0x08000000, 16)},
        .sh = {{PROGBITS, ALLOC, 0x08000000, 0x200, _i % 2 == 0 ? 0 : 16}}};
    uint8_t file[1024];
    size_t len = elf_file_make(file, sizeof(file), &e);

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
    tcase_add_loop_test(tc, test_good, 0, (int)(ROWS(good) * ELF_KINDS));
    tcase_add_loop_test(tc, test_bad, 0, (int)(ROWS(bad) * ELF_KINDS));
    tcase_add_test(tc, test_wide);
    tcase_add_test(tc, test_large);
    tcase_add_loop_test(tc, test_machine, 0, (int)ELF_KINDS);
    tcase_add_loop_test(tc, test_virtual, 0, (int)ELF_KINDS);
    tcase_add_test(tc, test_ident);
    tcase_add_loop_test(tc, test_cut, 0, (int)(2 * ELF_KINDS));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
