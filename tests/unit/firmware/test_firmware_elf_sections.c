/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/elf: which bytes of the segments the sections tell to be
 * firmware. */
#include <stdio.h>
#include <string.h>

#include <bench/elf_file.h>
#include <bench/firmware_rows.h>
#include "fixture.h"

static const struct elf_row good[] = {
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

static const struct elf_row bad[] = {
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
    {.why = "a section behind the last address of its segment's",
     .elf = {ANY, .ph = {{PT_LOAD, 0x100, 0, 0xffffffffffffff00, 0x104, 0x104}},
             .sh = {{PROGBITS, ALLOC, 0, 0x200, 4}}},
     .st = SFI_ERR_RANGE,
     .where = "segment 0",
     .message = "0x4 bytes at ... expected an end of at most 0xffffffff"},
    {.why = "two sections in no segment",
     .elf = {ANY, .ph = {LOAD(0x200, 0, 2)},
             .sh = {{PROGBITS, ALLOC, 0x08000000, 0x204, 2},
                    {PROGBITS, ALLOC, 0x08000001, 0x208, 2}}},
     .st = SFI_ERR_OVERLAP,
     .where = "",
     .warnings = "section .0 ... is in no segment; ...",
     .message =
         "data at 0x08000001 differs from a section in no segment, which "
         "has the same address"},
    {.why = "fill alone",
     .elf = {ANY, .data = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
             .ph = {LOAD(0x200, 0, 4)}, .sh = {{NOBITS, ALLOC, 0, 0x200, 4}}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, ..."},
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

/* Stripped of the section table, with the headers of the file in a segment:
 * what is behind them stays, however long the first is said to be. */
START_TEST(test_headers)
{
    const struct elf_kind *kind = &elf_kinds[(size_t)_i % ELF_KINDS];
    struct elf_file e = {.class = kind->class,
                         .order = kind->order,
                         .header_size = (size_t)_i < ELF_KINDS ? 0 : 0xffff,
                         .type = 2,
                         .ph = {LOAD(0, 0x08000000, 0x204)}};
    const unsigned end = e.class == 2 ? 64 + 56 : 52 + 32;
    uint8_t file[1024], want[DATA_AT];
    size_t len = elf_file_make(file, sizeof(file), &e);
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

int
main(void)
{
    Suite *s = suite_create("firmware_elf_sections");
    TCase *tc = tcase_create("sections");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_good, 0, (int)(ROWS(good) * ELF_KINDS));
    tcase_add_loop_test(tc, test_bad, 0, (int)(ROWS(bad) * ELF_KINDS));
    tcase_add_loop_test(tc, test_headers, 0, (int)(2 * ELF_KINDS));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
