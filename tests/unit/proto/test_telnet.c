/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Telnet and its COM-PORT option: every byte of what goes over the connection,
 * and what a hostile server may send. */
#include <string.h>

#include "proto/telnet.h"

#include "fixture.h"

START_TEST(test_requests)
{
    static const struct {
        enum com_port_command command;
        uint32_t value;
        uint8_t raw[12];
        size_t len;
    } rows[] = {
        /* RFC 2217, 3 */
        {COM_PORT_BAUD, 115200, {255, 250, 44, 1, 0, 1, 0xc2, 0, 255, 240}, 10},
        {COM_PORT_BAUD,
         255,
         {255, 250, 44, 1, 0, 0, 0, 255, 255, 255, 240},
         11},
        {COM_PORT_DATA_BITS, 8, {255, 250, 44, 2, 8, 255, 240}, 7},
        {COM_PORT_PARITY, COM_PORT_EVEN, {255, 250, 44, 3, 3, 255, 240}, 7},
        {COM_PORT_STOP_BITS, 1, {255, 250, 44, 4, 1, 255, 240}, 7},
        {COM_PORT_CONTROL, COM_PORT_NO_FLOW, {255, 250, 44, 5, 1, 255, 240}, 7},
        {COM_PORT_CONTROL,
         COM_PORT_RTS_OFF,
         {255, 250, 44, 5, 12, 255, 240},
         7},
        {COM_PORT_LINE_MASK, 0, {255, 250, 44, 10, 0, 255, 240}, 7},
        {COM_PORT_PURGE,
         COM_PORT_PURGE_INPUT,
         {255, 250, 44, 12, 1, 255, 240},
         7},
    };
    uint8_t out[TELNET_REQUEST_MAX];

    for (size_t i = 0; i < ROWS(rows); i++) {
        ck_assert_uint_eq(
            sfi__com_port_request(out, rows[i].command, rows[i].value),
            rows[i].len);
        ck_assert_mem_eq(out, rows[i].raw, rows[i].len);
    }
    /* the longest */
    ck_assert_uint_eq(sfi__com_port_request(out, COM_PORT_BAUD, UINT32_MAX),
                      TELNET_REQUEST_MAX);
}
END_TEST

/* Every byte, and the event that each must cause. */
static enum telnet_event
take_all(struct telnet *t, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        ck_assert_int_eq(sfi__telnet_take(t, data[i]), TELNET_NOTHING);
    return sfi__telnet_take(t, data[len - 1]);
}

START_TEST(test_data)
{
    struct telnet t = {0};
    uint8_t out[512];
    uint8_t data[256];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    ck_assert_uint_eq(sfi__telnet_escape(out, data, sizeof(data)), 257);
    for (size_t i = 0; i < 257; i++) {
        if (sfi__telnet_take(&t, out[i]) == TELNET_DATA)
            ck_assert_uint_eq(t.byte, n++);
    }
    ck_assert_uint_eq(n, sizeof(data));
}
END_TEST

START_TEST(test_option)
{
    struct telnet t = {0};

    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 253, 44}, 3),
                     TELNET_OPTION);
    ck_assert_uint_eq(t.verb, TELNET_DO);
    ck_assert_uint_eq(t.option, TELNET_COM_PORT);
    /* 255 is an option, too */
    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 252, 255}, 3),
                     TELNET_OPTION);
    ck_assert_uint_eq(t.verb, TELNET_WONT);
    ck_assert_uint_eq(t.option, 255);
    ck_assert_int_eq(sfi__telnet_take(&t, 'x'), TELNET_DATA);
}
END_TEST

static const struct {
    uint8_t raw[16];
    size_t len;
    bool taken;
    uint8_t command;
    uint32_t value;
} messages[] = {
    {{255, 250, 44, 101, 0, 1, 0xc2, 0, 255, 240}, 10, true, 1, 115200},
    {{255, 250, 44, 101, 255, 255, 0, 0, 0, 255, 240}, 11, true, 1, 0xff000000},
    {{255, 250, 44, 103, 3, 255, 240}, 7, true, 3, 3},
    {{255, 250, 44, 108, 255, 240}, 6, true, 8, 0},
    {{255, 250, 44, 106, 255, 255, 255, 240}, 8, true, 6, 255},
    {{255, 250, 44, 101, 1, 255, 240}, 7, false, 0, 0},
    {{255, 250, 44, 101, 0, 0, 0, 0, 0, 255, 240}, 11, false, 0, 0},
    {{255, 250, 44, 103, 3, 3, 255, 240}, 8, false, 0, 0},
    {{255, 250, 44, 255, 240}, 5, false, 0, 0},
    {{255, 250, 24, 101, 255, 240}, 6, false, 0, 0},
    {{255, 250, 255, 240}, 4, false, 0, 0},
};

START_TEST(test_message)
{
    struct telnet t = {0};
    uint8_t command;
    uint32_t value;

    ck_assert_int_eq(take_all(&t, messages[_i].raw, messages[_i].len),
                     TELNET_SUB_END);
    ck_assert_int_eq(sfi__com_port_read(&t, &command, &value),
                     messages[_i].taken);
    if (!messages[_i].taken)
        return;
    ck_assert_uint_eq(command, messages[_i].command);
    ck_assert_uint_eq(value, messages[_i].value);
}
END_TEST

/* A long one is skipped; what follows is understood. */
START_TEST(test_long_message)
{
    struct telnet t = {0};

    (void)take_all(&t, (const uint8_t[]){255, 250, 44, 100}, 4);
    for (int i = 0; i < 100000; i++)
        ck_assert_int_eq(sfi__telnet_take(&t, 'x'), TELNET_NOTHING);
    ck_assert_uint_eq(t.sub_len, TELNET_SUB_MAX);
    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 240}, 2),
                     TELNET_NOTHING);
    ck_assert_int_eq(take_all(&t, messages[0].raw, messages[0].len),
                     TELNET_SUB_END);
}
END_TEST

START_TEST(test_bad)
{
    struct telnet t = {0};

    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 235}, 2), TELNET_BAD);
    t = (struct telnet){0};
    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 240}, 2), TELNET_BAD);
    t = (struct telnet){0};
    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 250, 44, 255, 253}, 5),
                     TELNET_BAD);
    t = (struct telnet){0};
    ck_assert_int_eq(take_all(&t, (const uint8_t[]){255, 236}, 2),
                     TELNET_NOTHING);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("telnet");
    TCase *t = tcase_create("bytes");

    tcase_add_test(t, test_requests);
    tcase_add_test(t, test_data);
    tcase_add_test(t, test_option);
    tcase_add_loop_test(t, test_message, 0, (int)ROWS(messages));
    tcase_add_test(t, test_long_message);
    tcase_add_test(t, test_bad);
    suite_add_tcase(s, t);
    return run_suite(s);
}
