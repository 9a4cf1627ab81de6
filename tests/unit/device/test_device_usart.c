/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device over USART: the frames of the secure state. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "proto/an3155_device.h"

/* Send bytes at once; the answer must be exactly this. */
static void
frame(const void *bytes, size_t len, const void *want, size_t want_len)
{
    uint8_t out[SFI_DEVICE_ANSWER_MAX];
    size_t out_len = sizeof(out);

    ck_assert_int_eq(sfi_device_usart(part.dev, bytes, len, out, &out_len),
                     SFI_OK);
    ck_assert_uint_eq(out_len, want_len);
    if (want_len > 0)
        ck_assert_mem_eq(out, want, want_len);
}

#define FRAME(bytes, want) \
    frame((bytes), sizeof(bytes) - 1, (want), sizeof(want) - 1)

/* A packet with its length before and its XOR after it. */
static void
packet(const uint8_t *data, size_t len, const void *want, size_t want_len)
{
    uint8_t raw[2 + SFI_CMD_DATA_MAX + 1];
    uint8_t sum = 0;

    raw[0] = (uint8_t)(len >> 8);
    raw[1] = (uint8_t)len;
    if (len > 0)
        memcpy(raw + 2, data, len);
    for (size_t i = 0; i < len + 2; i++)
        sum ^= raw[i];
    raw[len + 2] = sum;
    frame(raw, len + 3, want, want_len);
}

static void
opcode_frame(uint16_t opcode, uint8_t want)
{
    uint8_t raw[3] = {(uint8_t)(opcode >> 8), (uint8_t)opcode, 0};

    raw[2] = raw[0] ^ raw[1];
    frame(raw, 3, &want, 1);
}

static void
special(uint16_t opcode, const uint8_t *param, size_t len, const void *reply,
        size_t reply_len, uint8_t cause)
{
    uint8_t want[SFI_DEVICE_ANSWER_MAX];
    struct wr w;

    sfi__wr_init(&w, want, sizeof(want));
    sfi__wr_u8(&w, USART_ACK);
    sfi__wr_u16be(&w, (uint16_t)reply_len);
    sfi__wr_bytes(&w, reply, reply_len);
    sfi__wr_u16be(&w, 1);
    sfi__wr_u8(&w, cause);
    sfi__wr_u8(&w, USART_ACK);
    FRAME("\x50\xaf", "\x79");
    opcode_frame(opcode, USART_ACK);
    packet(param, len, want, w.len);
}

static void
extended(uint16_t opcode, const uint8_t *param, size_t param_len,
         const uint8_t *data, size_t len, uint8_t cause)
{
    uint8_t want[5] = {USART_ACK, 0, 1, cause, USART_ACK};

    FRAME("\x51\xae", "\x79");
    opcode_frame(opcode, USART_ACK);
    packet(param, param_len, "\x79", 1);
    packet(data, len, want, sizeof(want));
}

START_TEST(test_standard_commands)
{
    static const uint8_t others[] = {
        0x11, 0x21, 0x31, 0x43, 0x44, 0x63, 0x73, 0x82, 0x92, 0xa1, 0x03, 0xff,
    };

    begin(&small_h7);
    FRAME("\0\xff", "");
    FRAME("\x7f", "\x79");
    FRAME("\x7f", "\x1f");
    FRAME("\0\xff", "\x79\x05\x31\0\1\2\x50\x51\x79");
    FRAME("\1\xfe", "\x79\x31\0\0\x79");
    FRAME("\2\xfd", "\x79\1\x04\x50\x79");
    for (size_t i = 0; i < sizeof(others); i++) {
        uint8_t raw[2] = {others[i], (uint8_t)~others[i]};

        frame(raw, 2, "\x1f", 1);
    }
}
END_TEST

START_TEST(test_opcodes)
{
    begin(&small_h7);
    FRAME("\x7f", "\x79");
    for (uint32_t opcode = 0x5200; opcode <= 0x5400; opcode++) {
        bool is_ours = opcode >= SFI_CMD_INFO && opcode <= SFI_CMD_RECEIPT;
        bool is_ext = opcode == SFI_CMD_LICENSE || opcode == SFI_CMD_DATA;
        uint8_t raw[5] = {0x50, 0xaf, (uint8_t)(opcode >> 8), (uint8_t)opcode};
        uint8_t want[2] = {USART_ACK, USART_NACK};

        raw[4] = raw[2] ^ raw[3];
        if (!is_ours || is_ext)
            frame(raw, sizeof(raw), want, sizeof(want));
        raw[0] = 0x51;
        raw[1] = 0xae;
        if (!is_ours || !is_ext)
            frame(raw, sizeof(raw), want, sizeof(want));
    }
}
END_TEST

START_TEST(test_info_frame)
{
    static const uint8_t want[SFI_CMD_INFO_LEN] = {
        1,    0,   0,   0, /* version, state, cause, flags */
        0x50, 4,   0,   4, /* device id, bytes per DATA */
        '4',  '5', '0', '0', '2', '0', '0', '1',
    };

    begin(&small_h7);
    FRAME("\x7f", "\x79");
    special(SFI_CMD_INFO, NULL, 0, want, sizeof(want), SFI_CAUSE_NONE);
    special(SFI_CMD_CERTIFICATE, NULL, 0, part.certificate, 136,
            SFI_CAUSE_NONE);
    special(SFI_CMD_INFO, (const uint8_t *)"x", 1, NULL, 0, SFI_CAUSE_LENGTH);
    special(SFI_CMD_FINISH, NULL, 0, NULL, 0, SFI_CAUSE_STATE);
}
END_TEST

static void
send_areas(size_t chunk)
{
    for (uint16_t a = 0; a < image.areas; a++) {
        const struct test_area *area = &image.area[a];

        special(SFI_CMD_AREA, area->raw, 30, NULL, 0, SFI_CAUSE_NONE);
        for (uint32_t off = 0; off < area->d.size; off += (uint32_t)chunk) {
            uint8_t le[4] = {(uint8_t)off, (uint8_t)(off >> 8), 0, 0};
            size_t left = area->d.size - off;

            extended(SFI_CMD_DATA, le, 4, area->cipher + off,
                     left < chunk ? left : chunk, SFI_CAUSE_NONE);
        }
    }
}

START_TEST(test_install)
{
    static const size_t chunks[] = {1024, 256, 33};
    uint8_t out[SFI_DEVICE_ANSWER_MAX];
    size_t len = sizeof(out);

    begin(&small_l4);
    FRAME("\x7f", "\x79");
    special(SFI_CMD_SECURE, (const uint8_t *)"\0", 1, NULL, 0, SFI_CAUSE_NONE);
    extended(SFI_CMD_LICENSE, NULL, 0, image.license, 136, SFI_CAUSE_NONE);
    special(SFI_CMD_HEADER, image.header, 28, NULL, 0, SFI_CAUSE_NONE);
    send_areas(chunks[_i]);
    special(SFI_CMD_FINISH, NULL, 0, NULL, 0, SFI_CAUSE_NONE);
    special(SFI_CMD_FINISH, NULL, 0, NULL, 0, SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
    assert_forgotten("over USART");
    /* the answer to ABORT goes out; then silence, and the reboot */
    special(SFI_CMD_ABORT, NULL, 0, NULL, 0, SFI_CAUSE_NONE);
    ck_assert_uint_eq(part.reboots, 0);
    FRAME("\x7f", "");
    sfi_device_poll(part.dev, out, &len);
    ck_assert_uint_eq(len, 0);
    ck_assert_uint_eq(part.reboots, 1);
    FRAME("\x7f\1\xfe", "");
}
END_TEST

START_TEST(test_refused)
{
    begin(&small_h7);
    FRAME("\x7f", "\x79");
    special(SFI_CMD_SECURE, (const uint8_t *)"\0", 1, NULL, 0, SFI_CAUSE_NONE);
    image.license[30] ^= 1;
    extended(SFI_CMD_LICENSE, NULL, 0, image.license, 136, SFI_CAUSE_LICENSE);
    assert_refused("over USART", SFI_CAUSE_LICENSE);
}
END_TEST

/* A chunk with a wrong checksum is ignored; it is sent again. */
START_TEST(test_damaged_chunk)
{
    uint8_t bad[2 + 64 + 1] = {0, 64};

    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 0, 64), SFI_CAUSE_NONE);
    FRAME("\x7f", "\x79");
    special(SFI_CMD_AREA, image.area[0].raw, 30, NULL, 0, SFI_CAUSE_NONE);
    extended(SFI_CMD_DATA, (const uint8_t *)"\0\0\0\0", 4, image.area[0].cipher,
             100, SFI_CAUSE_NONE);
    FRAME("\x51\xae", "\x79");
    opcode_frame(SFI_CMD_DATA, USART_ACK);
    packet((const uint8_t *)"\x64\0\0\0", 4, "\x79", 1);
    memcpy(bad + 2, image.area[0].cipher + 100, 64);
    bad[66] = 0;
    for (size_t i = 0; i < 66; i++)
        bad[66] ^= bad[i];
    bad[66] ^= 0x20;
    frame(bad, sizeof(bad), "\x1f", 1);
    extended(SFI_CMD_DATA, (const uint8_t *)"\x64\0\0\0", 4,
             image.area[0].cipher + 100, 200, SFI_CAUSE_NONE);
}
END_TEST

/* ---- silence ---- */

static void
poll_for(const void *want, size_t want_len)
{
    uint8_t out[4];
    size_t len = sizeof(out);

    sfi_device_poll(part.dev, out, &len);
    ck_assert_uint_eq(len, want_len);
    if (len > 0)
        ck_assert_mem_eq(out, want, len);
}

START_TEST(test_silence)
{
    begin(&small_h7);
    part.now += 100000;
    poll_for(NULL, 0);
    FRAME("\x7f", "\x79");
    part.now += 100000;
    poll_for(NULL, 0); /* no time limit between commands */
    FRAME("\x50\xaf", "\x79");
    part.now += 900;
    FRAME("\x53", "");
    part.now += 999;
    poll_for(NULL, 0);
    part.now += 1;
    poll_for("\x1f", 1);
    poll_for(NULL, 0);
    FRAME("\2\xfd", "\x79\1\x04\x50\x79");
}
END_TEST

/* A half frame neither delays leaving nor is answered. */
START_TEST(test_silence_and_leave)
{
    begin(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    FRAME("\x7f", "\x79");
    part.now += 119500;
    FRAME("\x50", "");
    part.now += 1000;
    poll_for(NULL, 0);
    ck_assert_uint_eq(part.reboots, 1);
    part.now += 1000;
    poll_for(NULL, 0);
}
END_TEST

START_TEST(test_arguments)
{
    uint8_t out[2];
    size_t len = sizeof(out);

    begin(&small_h7);
    ck_assert_int_eq(sfi_device_usart(NULL, out, 1, out, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_device_usart(part.dev, NULL, 1, out, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_device_usart(part.dev, NULL, 0, out, &len), SFI_OK);
    ck_assert_uint_eq(len, 0);
    len = sizeof(out);
    FRAME("\x7f", "\x79");
    /* an answer that does not fit is lost, and reported */
    ck_assert_int_eq(
        sfi_device_usart(part.dev, (const uint8_t *)"\1\xfe", 2, out, &len),
        SFI_ERR_BUFFER);
    ck_assert_uint_eq(len, 2);
    FRAME("\1\xfe", "\x79\x31\0\0\x79");
    sfi_device_poll(NULL, out, &len);
    sfi_device_poll(part.dev, NULL, &len);
    sfi_device_poll(part.dev, out, NULL);
}
END_TEST

/* With any bytes nothing is installed and nothing revealed. */
START_TEST(test_noise)
{
    uint8_t in[64];
    uint8_t out[SFI_DEVICE_ANSWER_MAX * 64];
    uint32_t x = 77u + (uint32_t)_i;

    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 1, 64), SFI_CAUSE_NONE);
    for (int i = 0; i < 2000; i++) {
        size_t len = sizeof(out);

        for (size_t k = 0; k < sizeof(in); k++) {
            x = x * 1664525u + 1013904223u;
            in[k] = (uint8_t)(x >> 24);
        }
        ck_assert_int_eq(sfi_device_usart(part.dev, in, sizeof(in), out, &len),
                         SFI_OK);
        ck_assert_uint_le(len, sizeof(out));
        part.now += 100;
        len = sizeof(out);
        sfi_device_poll(part.dev, out, &len);
    }
    ck_assert_uint_eq(part.ob_writes, 0);
    ck_assert_uint_eq(part.reboots, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device_usart");
    TCase *tc = tcase_create("frames");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_test(tc, test_standard_commands);
    tcase_add_test(tc, test_opcodes);
    tcase_add_test(tc, test_info_frame);
    tcase_add_loop_test(tc, test_install, 0, 3);
    tcase_add_test(tc, test_refused);
    tcase_add_test(tc, test_damaged_chunk);
    tcase_add_test(tc, test_silence);
    tcase_add_test(tc, test_silence_and_leave);
    tcase_add_test(tc, test_arguments);
    tcase_add_loop_test(tc, test_noise, 0, 4);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
