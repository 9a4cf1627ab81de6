/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DFU 1.1 and DfuSe: every byte of what goes over the default pipe, and
 * descriptors and names that a hostile device may send. */
#include <string.h>

#include "proto/dfu.h"

#include "fixture.h"

START_TEST(test_report)
{
    static const uint8_t raw[] = {0x0b, 0x12, 0x34, 0x56, 0x0a, 0x21};
    struct dfu_report r;
    uint8_t again[DFU_REPORT_LEN];

    sfi__dfu_read_report(&r, raw);
    ck_assert_uint_eq(r.status, DFU_ERR_VENDOR);
    ck_assert_uint_eq(r.poll_ms, 0x563412);
    ck_assert_uint_eq(r.state, DFU_ERROR);
    ck_assert_uint_eq(r.string, 0x21);
    sfi__dfu_write_report(again, &r);
    ck_assert_mem_eq(again, raw, sizeof(raw));
}
END_TEST

/* Each status has a text of its own, and so has an unknown one. */
START_TEST(test_status_texts)
{
    for (unsigned a = 0; a <= DFU_ERR_STALLEDPKT + 1u; a++) {
        ck_assert_str_ne(sfi__dfu_status_text((uint8_t)a), "");
        for (unsigned b = 0; b < a; b++)
            ck_assert_str_ne(sfi__dfu_status_text((uint8_t)a),
                             sfi__dfu_status_text((uint8_t)b));
    }
    ck_assert_str_eq(sfi__dfu_status_text(0xff), sfi__dfu_status_text(0x10));
}
END_TEST

START_TEST(test_address)
{
    uint8_t out[DFU_ADDRESS_LEN];

    sfi__dfu_write_address(out, DFU_SET_ADDRESS, 0x08012345);
    ck_assert_mem_eq(out, "\x21\x45\x23\x01\x08", 5);
    sfi__dfu_write_address(out, DFU_ERASE, 0x52002020);
    ck_assert_mem_eq(out, "\x41\x20\x20\x00\x52", 5);
}
END_TEST

/* ---- the security extension ---- */

START_TEST(test_sfi_request)
{
    static const uint8_t param[SFI_CMD_PARAM_MAX] = {1, 2, 3, 4};
    static const uint8_t data[SFI_CMD_DATA_MAX + 1] = {5, 6};
    struct dfu_sfi req = {SFI_CMD_DATA, param, 4, data, 2};
    struct dfu_sfi back;
    uint8_t out[DFU_SFI_MAX];

    ck_assert_uint_eq(sfi__dfu_write_sfi(out, &req), 9);
    ck_assert_mem_eq(out, "\x53\x07\x04\x01\x02\x03\x04\x05\x06", 9);
    ck_assert(sfi__dfu_read_sfi(&back, out, 9));
    ck_assert_uint_eq(back.opcode, SFI_CMD_DATA);
    ck_assert_uint_eq(back.param_len, 4);
    ck_assert_mem_eq(back.param, param, 4);
    ck_assert_uint_eq(back.data_len, 2);
    ck_assert_mem_eq(back.data, data, 2);

    req = (struct dfu_sfi){SFI_CMD_INFO, NULL, 0, NULL, 0};
    ck_assert_uint_eq(sfi__dfu_write_sfi(out, &req), 3);
    ck_assert_mem_eq(out, "\x53\x01\x00", 3);
    ck_assert(sfi__dfu_read_sfi(&back, out, 3));
    ck_assert_uint_eq(back.param_len + back.data_len, 0);

    /* the longest, and one byte more */
    req = (struct dfu_sfi){SFI_CMD_DATA, param, SFI_CMD_PARAM_MAX, data,
                           SFI_CMD_DATA_MAX};
    ck_assert_uint_eq(sfi__dfu_write_sfi(out, &req), DFU_SFI_MAX);
    ck_assert(sfi__dfu_read_sfi(&back, out, DFU_SFI_MAX));
    ck_assert_uint_eq(back.data_len, SFI_CMD_DATA_MAX);
    req.data_len++;
    ck_assert_uint_eq(sfi__dfu_write_sfi(out, &req), 0);
    req = (struct dfu_sfi){SFI_CMD_DATA, data, SFI_CMD_PARAM_MAX + 1, NULL, 0};
    ck_assert_uint_eq(sfi__dfu_write_sfi(out, &req), 0);
    req = (struct dfu_sfi){0x5407, NULL, 0, NULL, 0};
    ck_assert_uint_eq(sfi__dfu_write_sfi(out, &req), 0);
}
END_TEST

START_TEST(test_sfi_malformed)
{
    static const struct {
        const char *raw;
        size_t len;
    } rows[] = {
        {"", 0},
        {"\x53", 1},
        {"\x53\x01", 2},
        {"\x53\x01\x01", 3},         /* the parameter is missing */
        {"\x53\x07\x04\x01\x02", 5}, /* ... or half of it */
        {"\x54\x01\x00", 3},         /* another command */
        {"\x21\x00\x00\x00\x08", 5},
    };
    uint8_t raw[DFU_SFI_HEAD_LEN + SFI_CMD_DATA_MAX + 1] = {0x53, 7, 0};
    struct dfu_sfi req;

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_msg(
            !sfi__dfu_read_sfi(&req, (const uint8_t *)rows[i].raw, rows[i].len),
            "row %zu", i);
    ck_assert(!sfi__dfu_read_sfi(&req, raw, sizeof(raw)));
    ck_assert(sfi__dfu_read_sfi(&req, raw, sizeof(raw) - 1));
    raw[2] = SFI_CMD_PARAM_MAX + 1;
    ck_assert(!sfi__dfu_read_sfi(&req, raw, 200));
}
END_TEST

/* ---- descriptors ---- */

/* What an STM32H743 answers (libDaisy's issue 195, and many more listings):
 * two alternate settings, 1024 bytes a block, DfuSe 1.1a. */
static const uint8_t h743[] = {
    9, 2,    36,   0,    1, 1,    0,    0xc0, 50,   /* config */
    9, 4,    0,    0,    0, 0xfe, 1,    2,    4,    /* alt 0 */
    9, 4,    0,    1,    0, 0xfe, 1,    2,    5,    /* alt 1 */
    9, 0x21, 0x0b, 0xff, 0, 0x00, 0x04, 0x1a, 0x01, /* DFU */
};

static const struct dfu_interface h743_parts = {
    .number = 0,
    .alts = 2,
    .name = {4, 5},
    .attributes = DFU_CAN_DNLOAD | DFU_CAN_UPLOAD | DFU_WILL_DETACH,
    .detach_ms = 255,
    .transfer_size = 1024,
    .version = DFU_VERSION_DFUSE,
};

START_TEST(test_config)
{
    uint8_t out[DFU_CONFIG_MAX];
    struct dfu_interface i;

    ck_assert_uint_eq(sfi__dfu_write_config(out, &h743_parts), sizeof(h743));
    ck_assert_mem_eq(out, h743, sizeof(h743));
    ck_assert(sfi__dfu_read_config(&i, h743, sizeof(h743)));
    ck_assert_uint_eq(i.alts, 2);
    ck_assert_uint_eq(i.name[0], 4);
    ck_assert_uint_eq(i.name[1], 5);
    ck_assert_uint_eq(i.attributes, 0x0b);
    ck_assert_uint_eq(i.detach_ms, 255);
    ck_assert_uint_eq(i.transfer_size, 1024);
    ck_assert_uint_eq(i.version, 0x011a);
}
END_TEST

/* A composite device: the DFU interface is the second one, another class's
 * functional descriptor of the same type is not ours. */
START_TEST(test_config_of_many)
{
    static const uint8_t raw[] = {
        9,  2,    68,   0, 2, 1,    0,    0xc0, 50,      /* config */
        9,  4,    0,    0, 1, 0x03, 0,    0,    0,       /* HID */
        9,  0x21, 1,    1, 0, 1,    0x22, 0x3f, 0,       /* HID's 0x21 */
        7,  5,    0x81, 3, 8, 0,    1,                   /* endpoint */
        9,  4,    1,    0, 0, 0xfe, 1,    2,    6,       /* DFU, itf 1 */
        9,  0x21, 3,    0, 1, 0,    8,    0x1a, 0x01,    /* DFU's 0x21 */
        9,  4,    2,    0, 0, 0xfe, 1,    2,    7,       /* itf 2 */
        10, 0x21, 3,    9, 9, 9,    9,    9,    9,    9, /* ... its own */
    };
    struct dfu_interface i;

    ck_assert(sfi__dfu_read_config(&i, raw, sizeof(raw)));
    ck_assert_uint_eq(i.number, 1);
    ck_assert_uint_eq(i.alts, 1);
    ck_assert_uint_eq(i.name[0], 6);
    ck_assert_uint_eq(i.transfer_size, 2048);
    ck_assert_uint_eq(i.detach_ms, 256);
}
END_TEST

/* One byte of the H743's descriptors is changed. */
START_TEST(test_config_malformed)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
    } rows[] = {
        {"a length of 0", 9, 0},
        {"a length of 1", 9, 1},
        {"a length past the end", 27, 10},
        {"a setting cut short", 9, 8},
        {"a functional descriptor cut short", 27, 8},
        {"no setting 0", 12, 1},
        {"the same setting twice", 21, 0},
        {"a setting left out", 21, 2},
    };
    uint8_t raw[sizeof(h743)];
    struct dfu_interface i;

    for (size_t k = 0; k < ROWS(rows); k++) {
        memcpy(raw, h743, sizeof(raw));
        raw[rows[k].at] = rows[k].byte;
        ck_assert_msg(!sfi__dfu_read_config(&i, raw, sizeof(raw)), "%s",
                      rows[k].name);
    }
    /* no class, no subclass, DFU's run-time mode */
    for (size_t at = 14; at <= 16; at++) {
        memcpy(raw, h743, sizeof(raw));
        raw[at] = 1;
        raw[at + 9] = 1;
        ck_assert_msg(sfi__dfu_read_config(&i, raw, sizeof(raw)) ==
                          (at == 15 /* is 1 already */),
                      "byte %zu", at);
    }
    /* cut off, wherever */
    for (size_t len = 0; len < sizeof(h743); len++)
        ck_assert_msg(!sfi__dfu_read_config(&i, h743, len), "%zu bytes", len);
    /* blocks of no byte */
    memcpy(raw, h743, sizeof(raw));
    raw[27 + 5] = 0;
    raw[27 + 6] = 0;
    ck_assert(!sfi__dfu_read_config(&i, raw, sizeof(raw)));
}
END_TEST

START_TEST(test_config_too_many_alts)
{
    uint8_t raw[9 + 9 * (DFU_ALTS_MAX + 1) + 9];
    struct dfu_interface i;

    memcpy(raw, h743, 9);
    for (uint8_t alt = 0; alt <= DFU_ALTS_MAX; alt++) {
        memcpy(raw + 9 + 9 * alt, h743 + 9, 9);
        raw[9 + 9 * alt + 3] = alt;
    }
    memcpy(raw + sizeof(raw) - 9, h743 + 27, 9);
    ck_assert(!sfi__dfu_read_config(&i, raw, sizeof(raw)));
}
END_TEST

START_TEST(test_strings)
{
    static const uint8_t odd[] = {9, 3, 'a', 0, 0xe9, 0x00, 'b', 1, 'c'};
    uint8_t raw[USB_STRING_MAX];
    char text[USB_TEXT_MAX];
    char longest[128];

    ck_assert_uint_eq(sfi__dfu_write_string(raw, "DFU"), 8);
    ck_assert_mem_eq(raw,
                     "\x08\x03"
                     "D\0F\0U\0",
                     8);
    ck_assert(sfi__dfu_read_string(text, raw, 8));
    ck_assert_str_eq(text, "DFU");
    ck_assert_uint_eq(sfi__dfu_write_string(raw, ""), 2);
    ck_assert(sfi__dfu_read_string(text, raw, 2));
    ck_assert_str_eq(text, "");
    /* characters that are not ASCII, and half a character at the end */
    ck_assert(sfi__dfu_read_string(text, odd, sizeof(odd)));
    ck_assert_str_eq(text, "a??");
    memset(longest, 'x', sizeof(longest));
    longest[126] = '\0';
    ck_assert_uint_eq(sfi__dfu_write_string(raw, longest), 254);
    ck_assert(sfi__dfu_read_string(text, raw, 254));
    ck_assert_str_eq(text, longest);
    longest[126] = 'x';
    longest[127] = '\0';
    ck_assert_uint_eq(sfi__dfu_write_string(raw, longest), 0);

    ck_assert(!sfi__dfu_read_string(text, odd, 0));
    ck_assert(!sfi__dfu_read_string(text, odd, 1));
    ck_assert(!sfi__dfu_read_string(text, odd, 8));
    ck_assert(!sfi__dfu_read_string(text, (const uint8_t *)"\x01\x03", 2));
    ck_assert(!sfi__dfu_read_string(text, (const uint8_t *)"\x04\x02g\0", 4));
    ck_assert_str_eq(text, "");
}
END_TEST

/* ---- names of alternate settings ---- */

static const struct {
    const char *text;
    const char *name;
    struct dfu_region region[4];
    size_t regions;
} layouts[] = {
    {"@Internal Flash   /0x08000000/16*128Kg",
     "Internal Flash",
     {{0x08000000, 16, 128 << 10, 7}},
     1},
    {"@Option Bytes   /0x5200201C/01*128 e",
     "Option Bytes",
     {{0x5200201c, 1, 128, 5}},
     1},
    {"@SFI  /0x24030000/01*1024 g", "SFI", {{0x24030000, 1, 1024, 7}}, 1},
    {"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
     "Internal Flash",
     {{0x08000000, 4, 16 << 10, 7},
      {0x08010000, 1, 64 << 10, 7},
      {0x08020000, 7, 128 << 10, 7}},
     3},
    {"@Two/0X1000/1*1Ma/0x2000000/2*16Bb,3*1c",
     "Two",
     {{0x1000, 1, 1 << 20, 1}, {0x2000000, 2, 16, 2}, {0x2000020, 3, 1, 3}},
     3},
    {"@All of it/0x00000000/4096*1Md", "All of it", {{0, 4096, 1 << 20, 4}}, 1},
    {"@/0x0/1*1f", "", {{0, 1, 1, 6}}, 1},
};

START_TEST(test_layouts)
{
    struct dfu_layout l;

    ck_assert(sfi__dfu_read_layout(&l, layouts[_i].text));
    ck_assert_str_eq(l.name, layouts[_i].name);
    ck_assert_uint_eq(l.regions, layouts[_i].regions);
    for (size_t i = 0; i < l.regions; i++) {
        const struct dfu_region *is = &l.region[i];
        const struct dfu_region *want = &layouts[_i].region[i];

        ck_assert_uint_eq(is->base, want->base);
        ck_assert_uint_eq(is->count, want->count);
        ck_assert_uint_eq(is->size, want->size);
        ck_assert_uint_eq(is->access, want->access);
    }
}
END_TEST

static const char *const no_layouts[] = {
    "",
    "@",
    "@Flash",
    "Internal Flash/0x08000000/16*128Kg",
    "@Flash/",
    "@Flash/08000000/16*128Kg",
    "@Flash/0x/16*128Kg",
    "@Flash/0x08000000",
    "@Flash/0x08000000/",
    "@Flash/0x08000000/16",
    "@Flash/0x08000000/16*",
    "@Flash/0x08000000/*128Kg",
    "@Flash/0x08000000/16*128",
    "@Flash/0x08000000/16*128K",
    "@Flash/0x08000000/16*128Kh",
    "@Flash/0x08000000/16*128Kgg",
    "@Flash/0x08000000/16*128Kg,",
    "@Flash/0x08000000/16*128Kg/",
    "@Flash/0x08000000/0*128Kg",
    "@Flash/0x08000000/16*0Kg",
    "@Flash/0x108000000/16*128Kg",
    "@Flash/0xffffffff/2*1 g",
    "@Flash/0x00000000/4097*1Mg",
    "@Flash/0x00000000/1*4096Mg",
    "@Flash/0x00000000/4096*1Mg,1*1g",
    "@Flash/0x00000000/1*99999999999g",
    "@Flash/0x00000000/1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a,1*1a",
    "@a name of more than 31 characters/0x00000000/1*1a",
};

START_TEST(test_no_layouts)
{
    struct dfu_layout l;

    ck_assert_msg(!sfi__dfu_read_layout(&l, no_layouts[_i]), "%s",
                  no_layouts[_i]);
}
END_TEST

START_TEST(test_region_at)
{
    struct dfu_layout l;

    ck_assert(sfi__dfu_read_layout(&l, "@F/0x08000000/4*16Kg,1*64Ka/0xffff0000/"
                                       "64*1Kg"));
    ck_assert_ptr_eq(sfi__dfu_region_at(&l, 0x08000000), &l.region[0]);
    ck_assert_ptr_eq(sfi__dfu_region_at(&l, 0x0800ffff), &l.region[0]);
    ck_assert_ptr_eq(sfi__dfu_region_at(&l, 0x08010000), &l.region[1]);
    ck_assert_ptr_eq(sfi__dfu_region_at(&l, 0x0801ffff), &l.region[1]);
    ck_assert_ptr_null(sfi__dfu_region_at(&l, 0x08020000));
    ck_assert_ptr_null(sfi__dfu_region_at(&l, 0x07ffffff));
    ck_assert_ptr_null(sfi__dfu_region_at(&l, 0));
    ck_assert_ptr_eq(sfi__dfu_region_at(&l, 0xffffffff), &l.region[2]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("dfu");
    TCase *t = tcase_create("codec");

    tcase_add_test(t, test_report);
    tcase_add_test(t, test_status_texts);
    tcase_add_test(t, test_address);
    tcase_add_test(t, test_sfi_request);
    tcase_add_test(t, test_sfi_malformed);
    tcase_add_test(t, test_config);
    tcase_add_test(t, test_config_of_many);
    tcase_add_test(t, test_config_malformed);
    tcase_add_test(t, test_config_too_many_alts);
    tcase_add_test(t, test_strings);
    tcase_add_loop_test(t, test_layouts, 0, ROWS(layouts));
    tcase_add_loop_test(t, test_no_layouts, 0, ROWS(no_layouts));
    tcase_add_test(t, test_region_at);
    suite_add_tcase(s, t);
    return run_suite(s);
}
