/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The host's half of AN3155: every frame byte by byte, every reply checked. */
#include <string.h>

#include "util/mem.h"
#include "proto/an3155.h"

#include "fixture.h"

START_TEST(test_commands)
{
    static const uint8_t rows[][2] = {
        {0x00, 0xff}, {0x01, 0xfe}, {0x02, 0xfd}, {0x11, 0xee}, {0x21, 0xde},
        {0x31, 0xce}, {0x44, 0xbb}, {0x50, 0xaf}, {0x51, 0xae},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t out[USART_COMMAND_LEN];

        sfi__an3155_command(out, rows[i][0]);
        ck_assert_mem_eq(out, rows[i], sizeof(out));
    }
}
END_TEST

START_TEST(test_short_frames)
{
    uint8_t out[USART_ADDRESS_LEN];

    sfi__an3155_address(out, 0x08001234);
    ck_assert_mem_eq(out, "\x08\x00\x12\x34\x2e", 5);
    sfi__an3155_address(out, 0xffffffff);
    ck_assert_mem_eq(out, "\xff\xff\xff\xff\x00", 5);
    sfi__an3155_count(out, 1);
    ck_assert_mem_eq(out, "\x00\xff", 2);
    sfi__an3155_count(out, 256);
    ck_assert_mem_eq(out, "\xff\x00", 2);
    sfi__an3155_erase_special(out, USART_ERASE_MASS);
    ck_assert_mem_eq(out, "\xff\xff\x00", 3);
    sfi__an3155_erase_special(out, USART_ERASE_BANK1);
    ck_assert_mem_eq(out, "\xff\xfe\x01", 3);
    sfi__an3155_erase_special(out, USART_ERASE_BANK2);
    ck_assert_mem_eq(out, "\xff\xfd\x02", 3);
    sfi__an3155_opcode(out, SFI_CMD_DATA);
    ck_assert_mem_eq(out, "\x53\x07\x54", 3);
}
END_TEST

START_TEST(test_write)
{
    uint8_t data[USART_BLOCK_MAX];
    uint8_t out[USART_WRITE_MAX];
    uint8_t x = 0;

    ck_assert_uint_eq(
        sfi__an3155_write(out, (const uint8_t *)"\x12\x34\x56\x78", 4), 6);
    ck_assert_mem_eq(out, "\x03\x12\x34\x56\x78\x0b", 6);
    ck_assert_uint_eq(sfi__an3155_write(out, (const uint8_t *)"\xa5", 1), 3);
    ck_assert_mem_eq(out, "\x00\xa5\xa5", 3);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + 3);
    ck_assert_uint_eq(sfi__an3155_write(out, data, sizeof(data)),
                      USART_WRITE_MAX);
    ck_assert_uint_eq(out[0], 0xff);
    ck_assert_mem_eq(out + 1, data, sizeof(data));
    for (size_t i = 0; i < USART_WRITE_MAX; i++)
        x ^= out[i];
    ck_assert_uint_eq(x, 0);
}
END_TEST

START_TEST(test_erase_pages)
{
    static const uint16_t two[] = {0x0003, 0x0102};
    uint16_t all[USART_ERASE_PAGES_MAX] = {0};
    uint8_t out[USART_ERASE_MAX];

    ck_assert_uint_eq(sfi__an3155_erase_pages(out, two, 1), 5);
    ck_assert_mem_eq(out, "\x00\x00\x00\x03\x03", 5);
    ck_assert_uint_eq(sfi__an3155_erase_pages(out, two, 2), 7);
    ck_assert_mem_eq(out, "\x00\x01\x00\x03\x01\x02\x01", 7);
    ck_assert_uint_eq(sfi__an3155_erase_pages(out, all, ROWS(all)),
                      USART_ERASE_MAX);
    ck_assert_mem_eq(out, "\x01\xff", 2);
    ck_assert_uint_eq(out[USART_ERASE_MAX - 1], 0xfe);
}
END_TEST

START_TEST(test_packet)
{
    uint8_t data[SFI_CMD_DATA_MAX];
    uint8_t out[USART_PACKET_MAX];

    ck_assert_uint_eq(sfi__an3155_packet(out, NULL, 0), 3);
    ck_assert_mem_eq(out, "\x00\x00\x00", 3);
    ck_assert_uint_eq(sfi__an3155_packet(out, (const uint8_t *)"\x01", 1), 4);
    ck_assert_mem_eq(out, "\x00\x01\x01\x00", 4);
    sfi__fill(data, 0x5a, sizeof(data));
    ck_assert_uint_eq(sfi__an3155_packet(out, data, sizeof(data)), 1027);
    ck_assert_mem_eq(out, "\x04\x00\x5a", 3);
    ck_assert_uint_eq(out[1026], 0x04); /* an even number of 0x5a */
}
END_TEST

/* What follows the first ACK. */
START_TEST(test_get)
{
    static const struct {
        const char *bytes;
        size_t len;
        int ok;
        uint8_t version;
        size_t count;
    } rows[] = {
        /* AN3155, 3.1: eleven commands */
        {"\x0b\x31\x00\x01\x02\x11\x21\x31\x44\x63\x73\x82\x92\x79", 14, 1,
         0x31, 11},
        /* AN2606: V9.0 of the H7 announces 13 */
        {"\x0d\x90\x00\x01\x02\x11\x21\x31\x44\x63\x73\x82\x92\x79", 14, 1,
         0x90, 11},
        {"\x05\x31\x00\x01\x02\x50\x51\x79", 8, 1, 0x31, 5},
        {"\x01\x31\x00\x79", 4, 1, 0x31, 1},
        /* no ACK at the end, more than announced, too short */
        {"\x05\x31\x00\x01\x02\x50\x51\x1f", 8, 0, 0, 0},
        {"\x04\x31\x00\x01\x02\x50\x51\x79", 8, 0, 0, 0},
        {"\x05\x31\x00\x01", 4, 0, 0, 0},
        /* no Get in the list: an application that says "y" */
        {"\x00\x31\x79", 3, 0, 0, 0},
        {"\x79\x79\x79\x79\x79\x79", 6, 0, 0, 0},
        {"\x00\x79", 2, 0, 0, 0},
        {"\x79", 1, 0, 0, 0},
        {"", 0, 0, 0, 0},
    };
    struct an3155_get g;

    for (size_t i = 0; i < ROWS(rows); i++) {
        bool ok = sfi__an3155_read_get(&g, (const uint8_t *)rows[i].bytes,
                                       rows[i].len);

        ck_assert_msg(ok == rows[i].ok, "row %zu", i);
        if (!ok)
            continue;
        ck_assert_msg(g.version == rows[i].version, "row %zu", i);
        ck_assert_msg(g.count == rows[i].count, "row %zu", i);
    }
}
END_TEST

START_TEST(test_get_too_many)
{
    uint8_t raw[2 + USART_COMMANDS_MAX + 2];
    struct an3155_get g;

    sfi__fill(raw, USART_ACK, sizeof(raw));
    raw[2] = USART_GET;
    raw[0] = USART_COMMANDS_MAX + 1;
    ck_assert(!sfi__an3155_read_get(&g, raw, sizeof(raw)));
    raw[0] = USART_COMMANDS_MAX;
    ck_assert(sfi__an3155_read_get(&g, raw, sizeof(raw) - 1));
    ck_assert_uint_eq(g.count, USART_COMMANDS_MAX);
}
END_TEST

START_TEST(test_has)
{
    static const uint8_t raw[] = {0x03, 0x31, 0x00, 0x02, 0x50, 0x79};
    struct an3155_get g;

    ck_assert(sfi__an3155_read_get(&g, raw, sizeof(raw)));
    ck_assert(sfi__an3155_has(&g, USART_GET));
    ck_assert(sfi__an3155_has(&g, USART_SPECIAL));
    ck_assert(!sfi__an3155_has(&g, USART_READ));
    ck_assert(!sfi__an3155_has(&g, 0x79));
}
END_TEST

/* Filler bytes in any packet, cut short at any byte, never complete it
 * successfully. */
START_TEST(test_filler)
{
    uint8_t command[USART_COMMAND_LEN];
    uint8_t x = 0;

    sfi__an3155_command(command, USART_FILLER);
    ck_assert_uint_ne(command[1], USART_FILLER);
    /* Write Memory: N, N + 1 bytes and the checksum */
    for (size_t i = 0; i < USART_FILLER + 3u; i++)
        x ^= USART_FILLER;
    ck_assert_uint_ne(x, 0);
    /* address and opcode have an odd length too */
    ck_assert_uint_ne(USART_FILLER, 0);
    /* lengths and page counts that do not exist */
    ck_assert_uint_gt(USART_FILLER << 8 | USART_FILLER, SFI_CMD_DATA_MAX);
    ck_assert_uint_gt(USART_FILLER << 8 | USART_FILLER, USART_ERASE_PAGES_MAX);
    ck_assert_uint_lt(USART_FILLER << 8 | USART_FILLER, USART_ERASE_SPECIAL);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("an3155");
    TCase *tc = tcase_create("codec");

    tcase_add_test(tc, test_commands);
    tcase_add_test(tc, test_short_frames);
    tcase_add_test(tc, test_write);
    tcase_add_test(tc, test_erase_pages);
    tcase_add_test(tc, test_packet);
    tcase_add_test(tc, test_get);
    tcase_add_test(tc, test_get_too_many);
    tcase_add_test(tc, test_has);
    tcase_add_test(tc, test_filler);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
