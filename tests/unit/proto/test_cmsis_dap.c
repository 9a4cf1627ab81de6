/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* CMSIS-DAP: packets byte by byte, and invalid replies. */
#include "proto/cmsis_dap.h"

#include <string.h>

#include "fixture.h"

static uint8_t out[CMSIS_PACKET_MAX];
static struct wr w;

static const struct adi_request drw_read = {true, true, ADI_AP_DRW};
static const struct adi_request drw_write = {true, false, ADI_AP_DRW};
static const struct adi_request tar_write = {true, false, ADI_AP_TAR};
static const struct adi_request stat_read = {false, true, ADI_DP_CTRL_STAT};

static void
setup(void)
{
    memset(out, 0xee, sizeof(out));
    sfi__wr_init(&w, out, sizeof(out));
}

static void
is(const struct wr *packet, const void *want, size_t len)
{
    ck_assert(sfi__wr_ok(packet));
    ck_assert_uint_eq(sfi__wr_len(packet), len);
    ck_assert_mem_eq(packet->start, want, len);
}

#define IS(packet, ...)                          \
    is((packet), (const uint8_t[]){__VA_ARGS__}, \
       sizeof((const uint8_t[]){__VA_ARGS__}))

START_TEST(test_requests)
{
    unsigned taken = 0;

    ck_assert_uint_eq(sfi__cmsis_request(&drw_read), 0x0f);
    ck_assert_uint_eq(sfi__cmsis_request(&drw_write), 0x0d);
    ck_assert_uint_eq(sfi__cmsis_request(&tar_write), 0x05);
    ck_assert_uint_eq(sfi__cmsis_request(&stat_read), 0x06);
    for (unsigned byte = 0; byte < 256; byte++) {
        struct adi_request r;

        if (sfi__cmsis_take_request((uint8_t)byte, &r)) {
            ck_assert_uint_eq(sfi__cmsis_request(&r), byte);
            taken++;
        }
    }
    ck_assert_uint_eq(taken, 16);
}
END_TEST

START_TEST(test_packets)
{
    static const uint8_t select[] = {0x9e, 0xe7};

    sfi__cmsis_put_info(&w, CMSIS_INFO_PACKET_SIZE);
    IS(&w, 0x00, 0xff);
    setup();
    sfi__cmsis_put_connect(&w, CMSIS_PORT_SWD);
    IS(&w, 0x02, 0x01);
    setup();
    sfi__cmsis_put_disconnect(&w);
    IS(&w, 0x03);
    setup();
    sfi__cmsis_put_configure(&w, 2, 0x1234);
    IS(&w, 0x04, 2, 0x34, 0x12, 0, 0);
    setup();
    sfi__cmsis_put_clock(&w, 4000000);
    IS(&w, 0x11, 0x00, 0x09, 0x3d, 0x00);
    setup();
    sfi__cmsis_put_swd_configure(&w);
    IS(&w, 0x13, 0x00);
    setup();
    sfi__cmsis_put_sequence(&w, 16, select);
    IS(&w, 0x12, 16, 0x9e, 0xe7);
    setup();
    sfi__cmsis_put_sequence(&w, 9, select);
    IS(&w, 0x12, 9, 0x9e, 0xe7);
    setup();
    sfi__cmsis_put_pins(&w, 0, CMSIS_PIN_NRESET, 1000);
    IS(&w, 0x10, 0x00, 0x80, 0xe8, 0x03, 0, 0);
    setup();
    sfi__cmsis_put_write_abort(&w, 3, 0x1e);
    IS(&w, 0x08, 3, 0x1e, 0, 0, 0);
}
END_TEST

START_TEST(test_transfer)
{
    struct cmsis_transfer t;

    sfi__cmsis_transfer_begin(&t, out, 64, 2);
    ck_assert_uint_eq(sfi__cmsis_transfer_count(&t), 0);
    ck_assert(sfi__cmsis_transfer_add(&t, &tar_write, 0x24030000));
    ck_assert(sfi__cmsis_transfer_add(&t, &drw_read, 0));
    ck_assert(sfi__cmsis_transfer_add(&t, &stat_read, 0));
    ck_assert_uint_eq(sfi__cmsis_transfer_count(&t), 3);
    ck_assert_uint_eq(t.reads, 2);
    IS(&t.w, 0x05, 2, 3, 0x05, 0, 0, 0x03, 0x24, 0x0f, 0x06);
}
END_TEST

/* A transfer is full when its request, its reply or its count reaches the
 * limit. */
START_TEST(test_transfer_full)
{
    struct cmsis_transfer t;

    sfi__cmsis_transfer_begin(&t, out, 64, 0);
    for (unsigned i = 0; i < 12; i++)
        ck_assert(sfi__cmsis_transfer_add(&t, &drw_write, i));
    ck_assert(!sfi__cmsis_transfer_add(&t, &drw_write, 0));
    ck_assert(sfi__cmsis_transfer_add(&t, &drw_read, 0));
    ck_assert_uint_eq(sfi__wr_len(&t.w), 64);
    ck_assert(!sfi__cmsis_transfer_add(&t, &drw_read, 0));
    ck_assert_uint_eq(out[64], 0xee);

    sfi__cmsis_transfer_begin(&t, out, 64, 0);
    for (unsigned i = 0; i < 15; i++) /* 3 + 15 * 4 = 63 */
        ck_assert(sfi__cmsis_transfer_add(&t, &drw_read, 0));
    ck_assert(!sfi__cmsis_transfer_add(&t, &drw_read, 0));
    ck_assert(sfi__cmsis_transfer_add(&t, &drw_write, 0));

    sfi__cmsis_transfer_begin(&t, out, CMSIS_PACKET_MAX, 0);
    for (unsigned i = 0; i < 255; i++)
        ck_assert(sfi__cmsis_transfer_add(&t, &stat_read, 0));
    ck_assert(!sfi__cmsis_transfer_add(&t, &stat_read, 0));
    ck_assert_uint_eq(sfi__cmsis_transfer_count(&t), 255);
}
END_TEST

/* As many as fit with the two reads, for each packet that there is. */
START_TEST(test_list_room)
{
    for (size_t packet = CMSIS_PACKET_MIN; packet <= CMSIS_PACKET_MAX;
         packet++) {
        for (int read = 0; read < 2; read++) {
            struct cmsis_transfer t;
            size_t n = sfi__cmsis_list_room(packet, read != 0);
            size_t more = 0;
            bool fit = true;

            sfi__cmsis_transfer_begin(&t, out, packet, 0);
            for (size_t i = 0; i < n; i++)
                fit = sfi__cmsis_transfer_add(&t, read ? &drw_read : &drw_write,
                                              0) &&
                      fit;
            ck_assert(fit);
            ck_assert(sfi__cmsis_transfer_add(&t, &stat_read, 0));
            ck_assert(sfi__cmsis_transfer_add(&t, &stat_read, 0));
            while (
                sfi__cmsis_transfer_add(&t, read ? &drw_read : &drw_write, 0))
                more++;
            ck_assert_uint_eq(more, 0);
        }
    }
}
END_TEST

START_TEST(test_block)
{
    static const uint32_t words[] = {0x11223344, 0x55667788};

    sfi__cmsis_put_block(&w, 1, &drw_write, 2, words);
    IS(&w, 0x06, 1, 2, 0, 0x0d, 0x44, 0x33, 0x22, 0x11, 0x88, 0x77, 0x66, 0x55);
    setup();
    sfi__cmsis_put_block(&w, 0, &drw_read, 0x102, NULL);
    IS(&w, 0x06, 0, 0x02, 0x01, 0x0f);
    ck_assert_uint_eq(sfi__cmsis_block_room(64, false), 14);
    ck_assert_uint_eq(sfi__cmsis_block_room(64, true), 15);
    ck_assert_uint_eq(sfi__cmsis_block_room(512, false), 126);
    ck_assert_uint_eq(sfi__cmsis_block_room(512, true), 127);
}
END_TEST

START_TEST(test_jtag)
{
    static const uint8_t lengths[] = {4, 5};

    sfi__cmsis_put_jtag_configure(&w, lengths, 2);
    IS(&w, 0x15, 2, 4, 5);
    setup();
    sfi__cmsis_jtag_begin(&w);
    IS(&w, 0x14, 0);
    sfi__cmsis_jtag_add(&w, 6, true, true, false);
    sfi__cmsis_jtag_add(&w, 1, false, false, false);
    sfi__cmsis_jtag_add(&w, 9, false, true, true);
    IS(&w, 0x14, 3, 0x46, 0xff, 0x01, 0x00, 0x89, 0xff, 0xff);
    setup();
    sfi__cmsis_jtag_begin(&w);
    sfi__cmsis_jtag_add(&w, CMSIS_JTAG_CLOCKS_MAX, true, false, true);
    IS(&w, 0x14, 1, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0);
    /* no room: none of it is added */
    sfi__wr_init(&w, out, 9);
    sfi__cmsis_jtag_begin(&w);
    sfi__cmsis_jtag_add(&w, CMSIS_JTAG_CLOCKS_MAX, true, false, true);
    ck_assert(!sfi__wr_ok(&w));
    ck_assert_uint_eq(out[1], 0);
}
END_TEST

START_TEST(test_jtag_answers)
{
    static const struct {
        uint8_t bytes[4];
        size_t len;
        bool ok;
    } rows[] = {
        {{0x14, 0x00, 0x12, 0x34}, 4, true},
        {{0x14, 0x00, 0x12, 0x34}, 3, false},
        {{0x14, 0x00, 0x12, 0x34}, 1, false},
        {{0x14, 0xff, 0x12, 0x34}, 4, false},
        {{0xff, 0x00, 0x12, 0x34}, 4, false},
        {{0}, 0, false},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t tdo[2] = {0};
        struct rd r;

        sfi__rd_init(&r, rows[i].bytes, rows[i].len);
        ck_assert_msg(sfi__cmsis_take_jtag(&r, tdo, 2) == rows[i].ok, "row %zu",
                      i);
        ck_assert(!rows[i].ok || (tdo[0] == 0x12 && tdo[1] == 0x34));
    }
}
END_TEST

START_TEST(test_info_answers)
{
    static const struct {
        uint8_t bytes[4];
        size_t len;
        bool ok;
        size_t data;
    } rows[] = {
        {{0x00, 0x02, 0x00, 0x02}, 4, true, 2},
        {{0x00, 0x00}, 2, true, 0},
        {{0x00, 0x01, 0x01, 0x77}, 4, true, 1}, /* padded */
        {{0x00, 0x03, 0x00, 0x02}, 4, false, 0},
        {{0x00}, 1, false, 0},
        {{0x01, 0x01, 0x01}, 3, false, 0},
        {{0xff}, 1, false, 0},
        {{0}, 0, false, 0},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        const uint8_t *data;
        size_t len;
        struct rd r;

        sfi__rd_init(&r, rows[i].bytes, rows[i].len);
        ck_assert_msg(sfi__cmsis_take_info(&r, &data, &len) == rows[i].ok,
                      "row %zu", i);
        if (rows[i].ok)
            ck_assert_uint_eq(len, rows[i].data);
    }
}
END_TEST

START_TEST(test_byte_answers)
{
    static const uint8_t good[] = {0x02, 0x01};
    uint8_t value;
    struct rd r;

    sfi__rd_init(&r, good, 2);
    ck_assert(sfi__cmsis_take_byte(&r, CMSIS_CONNECT, &value));
    ck_assert_uint_eq(value, CMSIS_PORT_SWD);
    sfi__rd_init(&r, good, 2);
    ck_assert(!sfi__cmsis_take_byte(&r, CMSIS_SWJ_CLOCK, &value));
    sfi__rd_init(&r, good, 1);
    ck_assert(!sfi__cmsis_take_byte(&r, CMSIS_CONNECT, &value));
    sfi__rd_init(&r, good, 0);
    ck_assert(!sfi__cmsis_take_byte(&r, CMSIS_CONNECT, &value));
}
END_TEST

/* Of three accesses, two of which read. */
static const struct {
    uint8_t bytes[12];
    size_t len;
    bool ok;
    enum adi_ack ack;
    size_t done;
} transfer_rows[] = {
    {{5, 3, 1, 1, 0, 0, 0, 2, 0, 0, 0}, 11, true, ADI_ACK_OK, 3},
    {{5, 3, 1, 1, 0, 0, 0, 2, 0, 0, 0, 9}, 12, true, ADI_ACK_OK, 3},
    {{5, 3, 1, 1, 0, 0, 0, 2, 0, 0}, 10, false, 0, 0},
    {{5, 3, 1}, 3, false, 0, 0},
    {{5, 2, 1, 1, 0, 0, 0}, 7, false, 0, 0}, /* well, and not done */
    {{5, 4, 1, 1, 0, 0, 0, 2, 0, 0, 0}, 11, false, 0, 0},
    {{5, 4, 2}, 3, false, 0, 0},
    {{5, 1, 2}, 3, true, ADI_ACK_WAIT, 1},
    {{5, 1, 4}, 3, true, ADI_ACK_FAULT, 1},
    {{5, 0, 7}, 3, true, ADI_ACK_NONE, 0},
    {{5, 0, 0}, 3, true, ADI_ACK_NONE, 0},
    {{5, 0, 3}, 3, true, ADI_ACK_NONE, 0},
    {{5, 3, 9}, 3, true, ADI_ACK_NONE, 3}, /* a parity error */
    {{5, 3, 0x11}, 3, true, ADI_ACK_NONE, 3},
    {{5, 3}, 2, false, 0, 0},
    {{5}, 1, false, 0, 0},
    {{6, 3, 1}, 3, false, 0, 0},
    {{0xff, 3, 1}, 3, false, 0, 0},
    {{0}, 0, false, 0, 0},
};

START_TEST(test_transfer_answers)
{
    struct cmsis_transfer t;
    struct cmsis_result got = {ADI_ACK_NONE, 0};
    uint32_t words[2] = {0};
    struct rd r;

    sfi__cmsis_transfer_begin(&t, out, 64, 0);
    ck_assert(sfi__cmsis_transfer_add(&t, &tar_write, 0));
    ck_assert(sfi__cmsis_transfer_add(&t, &drw_read, 0));
    ck_assert(sfi__cmsis_transfer_add(&t, &drw_read, 0));
    sfi__rd_init(&r, transfer_rows[_i].bytes, transfer_rows[_i].len);
    ck_assert_int_eq(sfi__cmsis_take_transfer(&r, &t, &got, words),
                     transfer_rows[_i].ok);
    if (!transfer_rows[_i].ok)
        return;
    ck_assert_int_eq(got.ack, transfer_rows[_i].ack);
    ck_assert_uint_eq(got.done, transfer_rows[_i].done);
    ck_assert_uint_eq(words[0], got.ack == ADI_ACK_OK ? 1 : 0);
    ck_assert_uint_eq(words[1], got.ack == ADI_ACK_OK ? 2 : 0);
}
END_TEST

START_TEST(test_block_answers)
{
    static const uint8_t bytes[] = {6, 2, 0, 1, 1, 0, 0, 0, 2, 0, 0, 0};
    struct cmsis_result got;
    uint32_t words[2];
    struct rd r;

    sfi__rd_init(&r, bytes, sizeof(bytes));
    ck_assert(sfi__cmsis_take_block(&r, true, 2, &got, words));
    ck_assert_int_eq(got.ack, ADI_ACK_OK);
    ck_assert_uint_eq(words[1], 2);
    sfi__rd_init(&r, bytes, 4);
    ck_assert(sfi__cmsis_take_block(&r, false, 2, &got, NULL));
    ck_assert_uint_eq(got.done, 2);
    for (size_t len = 0; len < sizeof(bytes); len++) {
        sfi__rd_init(&r, bytes, len);
        ck_assert(!sfi__cmsis_take_block(&r, true, 2, &got, words));
    }
    sfi__rd_init(&r, bytes, sizeof(bytes));
    ck_assert(!sfi__cmsis_take_block(&r, true, 1, &got, words));
    sfi__rd_init(&r, bytes, sizeof(bytes));
    ck_assert(!sfi__cmsis_take_block(&r, true, 3, &got, words));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("cmsis_dap");
    TCase *tc = tcase_create("packets");

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, test_requests);
    tcase_add_test(tc, test_packets);
    tcase_add_test(tc, test_transfer);
    tcase_add_test(tc, test_transfer_full);
    tcase_add_test(tc, test_jtag);
    tcase_add_test(tc, test_list_room);
    tcase_add_test(tc, test_block);
    suite_add_tcase(s, tc);
    tc = tcase_create("answers");
    tcase_add_test(tc, test_jtag_answers);
    tcase_add_test(tc, test_info_answers);
    tcase_add_test(tc, test_byte_answers);
    tcase_add_loop_test(tc, test_transfer_answers, 0, (int)ROWS(transfer_rows));
    tcase_add_test(tc, test_block_answers);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
