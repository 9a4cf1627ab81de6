/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware/dfuse: DfuSe files (UM0391), and what is no plain binary. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bench/firmware_rows.h>
#include "fixture.h"
#include "util/wr.h"

/* ---- a known answer ---- */

/* Made by hand from UM0391: 9 bytes for 0x08000000 and 4 for 0x08100000, for
 * the flash of 0483:df11.  The CRC is that of another program: dfu-suffix of
 * dfu-util 0.11 finds it right. */
static const uint8_t known[] = {
    'D',
    'f',
    'u',
    'S',
    'e',
    1,
    0x3a,
    1,
    0,
    0,
    1, /* 314 bytes, 1 target */
    'T',
    'a',
    'r',
    'g',
    'e',
    't',
    0,
    1,
    0,
    0,
    0,
    'F',
    'l',
    'a',
    's',
    'h',
    [11 + 266] = 29,
    0,
    0,
    0,
    2,
    0,
    0,
    0, /* size, elements */
    0,
    0,
    0,
    8,
    9,
    0,
    0,
    0,
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    0,
    0,
    0x10,
    8,
    4,
    0,
    0,
    0,
    10,
    11,
    12,
    13,
    0,
    2,
    0x11,
    0xdf,
    0x83,
    4,
    0x1a,
    1,
    'U',
    'F',
    'D',
    16,
    0x27,
    0x3c,
    0xaf,
    0x6b,
};

START_TEST(test_known)
{
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, known, sizeof(known), &fw));
    ck_assert_str_eq(sfi_firmware_format(fw), "dfuse");
    ck_assert_str_eq(firmware_segments(fw),
                     "08000000=010203040506070809 08100000=0a0b0c0d");
    ck_assert_str_eq(warnings, "");
    sfi_firmware_free(fw);
}
END_TEST

/* The name says nothing: neither .bin nor .dfu. */
START_TEST(test_by_content)
{
    static const char *const names[] = {"bin", "dfu", "hex", "elf"};
    char path[FIRMWARE_PATH_MAX];
    sfi_firmware *fw;

    for (size_t i = 0; i < ROWS(names); i++) {
        ck_assert_ok(firmware_load_bytes(names[i], NULL, known, sizeof(known),
                                         path, &fw));
        ck_assert_str_eq(sfi_firmware_format(fw), "dfuse");
        sfi_firmware_free(fw);
    }
}
END_TEST

/* Every single bit of the file counts. */
START_TEST(test_bits)
{
    uint8_t file[sizeof(known)];

    for (size_t i = 0; i < 8 * sizeof(known); i++) {
        sfi_firmware *fw;
        sfi_status st;

        memcpy(file, known, sizeof(known));
        file[i / 8] = (uint8_t)(file[i / 8] ^ 1u << i % 8);
        st = sfi_firmware_parse(ctx, "dfuse", 0, file, sizeof(file), &fw);
        ck_assert_msg(st == SFI_ERR_CHECKSUM || st == SFI_ERR_FORMAT ||
                          st == SFI_ERR_TRUNCATED,
                      "bit %zu: %d", i, st);
        ck_assert_ptr_null(fw);
    }
}
END_TEST

/* Every truncation is refused, and no file is read past its end.  One has the
 * length that its prefix says, if the suffix counts. */
START_TEST(test_cut)
{
    for (size_t n = 0; n < sizeof(known); n++) {
        uint8_t *copy = malloc(n > 0 ? n : 1);
        sfi_firmware *fw;
        sfi_status st;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, known, n);
        st = sfi_firmware_parse(ctx, "dfuse", 0, copy, n, &fw);
        ck_assert_int_eq(st, n < 5 || n == sizeof(known) - 16
                                 ? SFI_ERR_FORMAT
                                 : SFI_ERR_TRUNCATED);
        ck_assert_ptr_null(fw);
        free(copy);
    }
}
END_TEST

/* ---- made files ---- */

struct element {
    uint32_t address, size; /* the bytes are 0x50, 0x51, ... */
};

struct target {
    const char *magic; /* NULL: the right one */
    uint8_t setting;
    const char *name;    /* NULL: none */
    int32_t more_size;   /* than there is */
    int32_t more_counts; /* of elements */
    struct element elements[3];
    size_t extra; /* bytes behind them */
};

struct dfuse_row {
    const char *why;
    uint8_t version;               /* 0: 1 */
    int32_t more_size;             /* in the prefix */
    int32_t more_counts;           /* of targets */
    uint16_t product, vendor, dfu; /* 0: the right ones */
    uint32_t crc_error;
    uint8_t suffix_len; /* 0: 16 */
    size_t extra;       /* bytes behind the targets */
    struct target targets[3];
    const char *segments, *warnings;
    sfi_status st;
    const char *where, *message;
};

static size_t
target_elements(const struct target *t)
{
    size_t n = 0;

    while (n < 3 && t->elements[n].address != 0)
        n++;
    return n;
}

static void
put_target(struct wr *w, const struct target *t)
{
    char name[255] = "";
    uint32_t size = (uint32_t)t->extra;
    size_t n = target_elements(t);
    uint8_t byte = 0x50;

    if (t->name != NULL)
        (void)snprintf(name, sizeof(name), "%s", t->name);
    for (size_t i = 0; i < n; i++)
        size += 8 + t->elements[i].size;
    sfi__wr_bytes(w, t->magic != NULL ? t->magic : "Target", 6);
    sfi__wr_u8(w, t->setting);
    sfi__wr_u32le(w, t->name != NULL);
    sfi__wr_bytes(w, name, sizeof(name));
    sfi__wr_u32le(w, size + (uint32_t)t->more_size);
    sfi__wr_u32le(w, (uint32_t)n + (uint32_t)t->more_counts);
    for (size_t i = 0; i < n; i++) {
        sfi__wr_u32le(w, t->elements[i].address);
        sfi__wr_u32le(w, t->elements[i].size);
        for (uint32_t k = 0; k < t->elements[i].size; k++)
            sfi__wr_u8(w, byte++);
    }
    sfi__wr_fill(w, 0, t->extra);
}

/* One bit at a time, unlike the library. */
static uint32_t
slow_crc(const uint8_t *data, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < 8 * len; i++) {
        uint32_t bit = (crc ^ (uint32_t)data[i / 8] >> i % 8) & 1;

        crc = crc >> 1 ^ (bit != 0 ? 0xedb88320u : 0);
    }
    return crc;
}

static size_t
make_dfuse(uint8_t *file, size_t cap, const struct dfuse_row *row)
{
    struct wr w;
    uint8_t count = 0;

    while (count < 3 && (row->targets[count].elements[0].address != 0 ||
                         row->targets[count].name != NULL))
        count++;
    sfi__wr_init(&w, file, cap);
    sfi__wr_bytes(&w, "DfuSe", 5);
    sfi__wr_u8(&w, row->version != 0 ? row->version : 1);
    sfi__wr_u32le(&w, 0);
    sfi__wr_u8(&w, (uint8_t)(count + row->more_counts));
    for (uint8_t i = 0; i < count; i++)
        put_target(&w, &row->targets[i]);
    sfi__wr_fill(&w, 0, row->extra);
    for (unsigned i = 0; i < 4; i++)
        file[6 + i] =
            (uint8_t)((uint32_t)(sfi__wr_len(&w) + (size_t)row->more_size) >>
                      8 * i);
    sfi__wr_u16le(&w, 0xffff);
    sfi__wr_u16le(&w, row->product != 0 ? row->product : 0xdf11);
    sfi__wr_u16le(&w, row->vendor != 0 ? row->vendor : 0x0483);
    sfi__wr_u16le(&w, row->dfu != 0 ? row->dfu : 0x011a);
    sfi__wr_bytes(&w, "UFD", 3);
    sfi__wr_u8(&w, row->suffix_len != 0 ? row->suffix_len : 16);
    sfi__wr_u32le(&w, slow_crc(file, sfi__wr_len(&w)) ^ row->crc_error);
    ck_assert(sfi__wr_ok(&w));
    return sfi__wr_len(&w);
}

#define FLASH                           \
    {                                   \
        .elements = { {0x08000000, 2} } \
    }

static const struct dfuse_row good[] = {
    {.why = "one element", .targets = {FLASH}, .segments = "08000000=5051"},
    {.why = "elements unsorted, and touching",
     .targets =
         {{.elements = {{0x08000002, 2}, {0x08100000, 1}, {0x08000000, 2}}}},
     .segments = "08000000=53545051 08100000=52"},
    {.why = "the size counts the suffix",
     .more_size = 16,
     .targets = {FLASH},
     .segments = "08000000=5051"},
    {.why = "for any device",
     .product = 0xffff,
     .vendor = 0xffff,
     .targets = {FLASH},
     .segments = "08000000=5051"},
    {.why = "for another device",
     .product = 0x0189,
     .vendor = 0x28e9,
     .targets = {FLASH},
     .segments = "08000000=5051",
     .warnings = "made for the USB device 28e9:0189, expected 0483:df11 (ST's "
                 "bootloaders)\n"},
    {.why = "two targets",
     .targets = {FLASH,
                 {.setting = 1,
                  .name = "Option\nBytes",
                  .elements = {{0x5200201c, 4}}}},
     .segments = "08000000=5051 5200201c=50515253",
     .warnings = "target 1 is for alternate setting 1 (Option\\x0aBytes), "
                 "expected 0, the flash\n"},
    {.why = "an element without bytes",
     .targets = {{.elements = {{0x08000000, 2}, {0x08001000, 0}}}},
     .segments = "08000000=5051",
     .warnings = "element 1: no bytes for 0x08001000\n"},
    {.why = "the same bytes twice",
     .targets = {FLASH, FLASH},
     .segments = "08000000=5051",
     .warnings = "element 1: 2 bytes at 0x08000000 repeat ... element 0\n"},
};

static const struct dfuse_row bad[] = {
    {.why = "no target",
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, ..."},
    {.why = "a target without elements",
     .targets = {{.name = "x"}},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no data, ..."},
    {.why = "another version",
     .version = 2,
     .targets = {FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "DfuSe version is 2, expected 1"},
    {.why = "size too large",
     .more_size = 17,
     .targets = {FLASH},
     .st = SFI_ERR_TRUNCATED,
     .where = "",
     .message = "0x127 bytes before the suffix, the DfuSe prefix says 0x138"},
    {.why = "size too small",
     .more_size = -1,
     .targets = {FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "0x127 bytes before the suffix, the DfuSe prefix says 0x126"},
    {.why = "CRC",
     .crc_error = 1,
     .targets = {FLASH},
     .st = SFI_ERR_CHECKSUM,
     .where = "",
     .message = "CRC is ... the DFU suffix says ..."},
    {.why = "no suffix",
     .suffix_len = 15,
     .targets = {FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "no DFU suffix of 16 bytes at the end of the file"},
    {.why = "a suffix of plain DFU",
     .dfu = 0x0110,
     .targets = {FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "the DFU suffix is of version 0x0110, expected 0x011a"},
    {.why = "more targets than there are",
     .more_counts = 1,
     .targets = {FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "target 1",
     .message = "no room for its prefix, ..."},
    {.why = "fewer targets than there are",
     .more_counts = -1,
     .targets = {FLASH, FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "0x11c bytes behind the last of 1 targets"},
    {.why = "bytes behind the targets",
     .extra = 3,
     .targets = {FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "",
     .message = "0x3 bytes behind the last of 1 targets"},
    {.why = "another word than Target",
     .targets = {FLASH, {.magic = "target", .elements = {{1, 1}}}},
     .st = SFI_ERR_FORMAT,
     .where = "target 1",
     .message = "its prefix does not begin with \"Target\""},
    {.why = "a target larger than the file",
     .targets = {{.more_size = 1, .elements = {{0x08000000, 2}}}},
     .st = SFI_ERR_FORMAT,
     .where = "target 0",
     .message = "its size is more than the file has"},
    {.why = "more elements than there are",
     .targets = {{.more_counts = 1, .elements = {{0x08000000, 2}}}},
     .st = SFI_ERR_FORMAT,
     .where = "target 0",
     .message = "fewer elements than its prefix says"},
    {.why = "4294967295 elements",
     .targets = {{.more_counts = -2, .elements = {{0x08000000, 2}}}},
     .st = SFI_ERR_FORMAT,
     .where = "target 0",
     .message = "fewer elements than its prefix says"},
    {.why = "fewer elements than there are",
     .targets = {{.more_counts = -1,
                  .elements = {{0x08000000, 2}, {0x08001000, 2}}}},
     .st = SFI_ERR_FORMAT,
     .where = "target 0",
     .message = "bytes behind the last of its elements"},
    {.why = "an element larger than its target",
     .targets = {{.more_size = -1, .elements = {{0x08000000, 2}}}, FLASH},
     .st = SFI_ERR_FORMAT,
     .where = "element 0",
     .message = "0x2 bytes for 0x08000000, more than its target has"},
    {.why = "past the last address",
     .targets = {{.elements = {{0x08000000, 2}, {0xffffffff, 2}}}},
     .st = SFI_ERR_RANGE,
     .where = "element 1",
     .message = "0x2 bytes at 0xffffffff, ... 0xffffffff"},
    {.why = "different bytes for one address",
     .targets = {{.elements = {{0x08000000, 2}, {0x08000001, 2}}}},
     .st = SFI_ERR_OVERLAP,
     .where = "element 1",
     .message = "data at 0x08000001 differs ... element 0, ..."},
};

START_TEST(test_good)
{
    const struct dfuse_row *row = &good[_i];
    const char *want = row->warnings != NULL ? row->warnings : "";
    uint8_t file[2048];
    size_t len = make_dfuse(file, sizeof(file), row);
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, file, len, &fw));
    ck_assert_str_eq(firmware_segments(fw), row->segments);
    ck_assert_msg(text_matches(warnings, want), "%s: warned\n%s", row->why,
                  warnings);
    ck_assert_uint_eq(sfi_firmware_machine(fw), 0);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_bad)
{
    const struct dfuse_row *row = &bad[_i];
    uint8_t file[2048];
    size_t len = make_dfuse(file, sizeof(file), row);
    sfi_firmware *fw;

    ck_assert_fails(sfi_firmware_parse(ctx, "dfuse", 0, file, len, &fw),
                    row->st, row->where, row->message);
    ck_assert_ptr_null(fw);
}
END_TEST

/* ---- what is no plain binary ---- */

#define FIRMWARE "an ELF, Intel HEX, S-record or DfuSe file"
#define RECORD ":0400000001020304F2\n"

START_TEST(test_plain)
{
    static const struct {
        const char *data;
        size_t len;
        const char *is; /* NULL: a plain binary */
    } rows[] = {
        {"DfuSe\1", 6, FIRMWARE},
        {"\177ELF", 4, FIRMWARE},
        {"SFIMAGIC\0", 9, "an .sfi image"},
        {"SMIMAGIC\0", 9, "an .smi module"},
        {RECORD, sizeof(RECORD) - 1, FIRMWARE},
        {"\n" RECORD, sizeof(RECORD), FIRMWARE},
        {"\xef\xbb\xbf" RECORD, sizeof(RECORD) + 2, FIRMWARE},
        {RECORD "\x1a\0\0\0", sizeof(RECORD) + 3, FIRMWARE},
        {":0400000001020304F3\n", 20, FIRMWARE}, /* a wrong checksum */
        {":04000000010203", 15, FIRMWARE},       /* cut */
        {"S9030000FC", 10, FIRMWARE},
        {"S9030000FD\r\n", 12, FIRMWARE},
        {"-----BEGIN EC PRIVATE KEY-----", 30,
         "a key or certificate in PEM or DER"},
        {":00", 3, NULL},
        {":0400000001\1\2\3\4\5", 16, NULL},
        {"\0\0\2\x20\x45\2\0\x08", 8, NULL},
        {"0123456789abcdef", 16, NULL},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        sfi_firmware_options raw = {.struct_size = sizeof(raw),
                                    .format = "raw",
                                    .base_address = 0x08000000};
        const uint8_t *data = (const uint8_t *)rows[i].data;
        char path[FIRMWARE_PATH_MAX];
        sfi_firmware *fw;
        sfi_status st =
            sfi_firmware_parse(ctx, "bin", 0x08000000, data, rows[i].len, &fw);

        if (rows[i].is == NULL)
            ck_assert_ok(st);
        else
            ck_assert_fails_about(st, SFI_ERR_FORMAT, "", rows[i].is,
                                  "plain binary", "raw");
        sfi_firmware_free(fw);
        ck_assert_ok(
            firmware_load_bytes("hex", &raw, data, rows[i].len, path, &fw));
        ck_assert_str_eq(sfi_firmware_format(fw), "raw");
        ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
        sfi_firmware_free(fw);
    }
}
END_TEST

/* A binary with a DFU suffix (dfu-suffix -a): these bytes are no firmware. */
START_TEST(test_suffix)
{
    struct dfuse_row row = {.dfu = 0x0100, .targets = {FLASH}};
    uint8_t file[2048];
    size_t len = make_dfuse(file, sizeof(file), &row);
    char path[FIRMWARE_PATH_MAX];
    sfi_firmware *fw;

    memcpy(file, "\0\0\2\x20\1", 5);
    for (unsigned i = 0; i < 4; i++)
        file[len - 4 + i] = (uint8_t)(slow_crc(file, len - 4) >> 8 * i);
    ck_assert_fails_about(sfi_firmware_parse(ctx, "bin", 0, file, len, &fw),
                          SFI_ERR_FORMAT, "", "DFU suffix", "dfu-suffix -D");
    ck_assert_fails_about(
        firmware_load_bytes("dfu", NULL, file, len, path, &fw), SFI_ERR_FORMAT,
        path, "DFU suffix", "address");
    ck_assert_ok(sfi_firmware_parse(ctx, "raw", 0, file, len, &fw));
    sfi_firmware_free(fw);
    file[0] ^= 1; /* no suffix: its CRC is wrong */
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0, file, len, &fw));
    sfi_firmware_free(fw);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware_dfuse");
    TCase *tc = tcase_create("dfuse");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_test(tc, test_known);
    tcase_add_test(tc, test_by_content);
    tcase_add_test(tc, test_bits);
    tcase_add_test(tc, test_cut);
    tcase_add_loop_test(tc, test_good, 0, (int)ROWS(good));
    tcase_add_loop_test(tc, test_bad, 0, (int)ROWS(bad));
    tcase_add_test(tc, test_plain);
    tcase_add_test(tc, test_suffix);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
