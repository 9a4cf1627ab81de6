/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Serial ports at a server: what is negotiated, what is refused, and servers
 * that misbehave.  Time is virtual. */
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "transport/base/transport.h"

#include <link/com_server.h>

#include "fixture.h"

#define MODE(baud) "baud " baud ", 8, even, 1, flow off"

static sfi_transport *tp;
static char logged[512];

static void
keep_log(void *user, int level, const char *text)
{
    (void)user;
    if (level == SFI_LOG_WARNING)
        sfi__text_format(logged + strlen(logged),
                         sizeof(logged) - strlen(logged), "%s\n", text);
}

/* Each byte comes back, plus one. */
static void
echo(const uint8_t *data, size_t len)
{
    uint8_t out[2048];

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(data[i] + 1);
    com_server_say(out, len, true);
}

static void
setup(void)
{
    fixture_setup();
    com_server_start();
    com_server.on_data = echo;
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_WARNING;
    logged[0] = '\0';
    tp = NULL;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    com_server_stop();
    fixture_teardown();
}

static sfi_status
open_link(const char *scheme, const char *query)
{
    return sfi_transport_open(ctx, com_server_uri(scheme, query), &tp);
}

/* Read until `len` bytes came. */
static void
read_all(uint8_t *buf, size_t len)
{
    while (len > 0) {
        size_t got;

        ck_assert_ok(sfi__transport_read(tp, buf, len, &got, 5000));
        buf += got;
        len -= got;
    }
}

/* All 256 bytes there and back, in one piece. */
static void
assert_transparent(void)
{
    uint8_t out[1027], in[1027];

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7);
    ck_assert_ok(sfi__transport_write(tp, out, sizeof(out), 5000));
    read_all(in, sizeof(in));
    for (size_t i = 0; i < sizeof(out); i++)
        ck_assert_uint_eq(in[i], (uint8_t)(out[i] + 1));
}

/* ---- what both do ---- */

static const struct {
    const char *scheme;
    bool raw;
} schemes[] = {{"tcp", true}, {"rfc2217", false}};

START_TEST(test_bytes)
{
    uint8_t byte;
    size_t got;

    com_server.raw = schemes[_i].raw;
    ck_assert_ok(open_link(schemes[_i].scheme, ""));
    assert_transparent();
    ck_assert_fails_about(sfi__transport_read(tp, &byte, 1, &got, 100),
                          SFI_ERR_TIMEOUT, "", "the server does not reply");
    ck_assert_uint_eq(sfi__transport_rtt_ms(tp), 2000);
    ck_assert_uint_eq(tp->baud, 115200);
    ck_assert_str_eq(logged, "");
}
END_TEST

/* Each message arrives after a second. */
START_TEST(test_late)
{
    com_server.raw = schemes[_i].raw;
    com_server.late_ms = 1000;
    ck_assert_ok(open_link(schemes[_i].scheme, "rtt=2500"));
    com_now = 0;
    assert_transparent();
    ck_assert_uint_eq(com_now, 2000);
    ck_assert_uint_eq(sfi__transport_rtt_ms(tp), 2500);
}
END_TEST

/* What came before is dropped. */
START_TEST(test_flush)
{
    uint8_t byte = 0;
    size_t got;

    com_server.raw = schemes[_i].raw;
    ck_assert_ok(open_link(schemes[_i].scheme, ""));
    ck_assert_ok(sfi__transport_write(tp, (const uint8_t *)"ab", 2, 100));
    ck_assert_ok(sfi__transport_read(tp, &byte, 1, &got, 100));
    ck_assert_uint_eq(byte, 'b');
    ck_assert_ok(sfi__transport_flush(tp));
    ck_assert_ok(sfi__transport_write(tp, (const uint8_t *)"x", 1, 100));
    ck_assert_ok(sfi__transport_read(tp, &byte, 1, &got, 100));
    ck_assert_uint_eq(byte, 'y');
}
END_TEST

static const struct {
    const char *query, *message;
} refused[] = {
    {"rtt=60001", "rtt is \"60001\", expected 0 to 60000"},
    {"rtt=-1", "rtt is \"-1\", expected 0 to 60000"},
    {"parity=none", "unknown key \"parity\""},
};

START_TEST(test_refused)
{
    for (size_t i = 0; i < ROWS(schemes); i++) {
        char where[64];

        sfi__text_format(where, sizeof(where), "%s:127.0.0.1:%u",
                         schemes[i].scheme, com_server.port);
        ck_assert_fails(open_link(schemes[i].scheme, refused[_i].query),
                        SFI_ERR_ARGUMENT, where, refused[_i].message);
    }
}
END_TEST

START_TEST(test_no_server)
{
    char where[64];

    sfi__text_format(where, sizeof(where), "%s",
                     com_server_uri(schemes[_i].scheme, ""));
    com_server_stop();
    ck_assert_fails_about(open_link(schemes[_i].scheme, ""), SFI_ERR_NO_DEVICE,
                          where, "cannot connect to the server", "refused");
}
END_TEST

static uint64_t
cancelling_now(void *user)
{
    (void)user;
    if (com_now >= 1000)
        sfi_ctx_cancel(ctx, 1);
    return com_now;
}

/* While the server is silent; and before there is a connection. */
START_TEST(test_cancel)
{
    struct clock clock = com_clock;

    clock.now_ms = cancelling_now;
    ctx->clock = &clock;
    com_server.silent = true;
    ck_assert_fails(open_link("rfc2217", ""), SFI_ERR_CANCELLED,
                    com_server_uri("rfc2217", ""), "cancelled");
    ck_assert_uint_le(com_now, 1100);
    com_server_stop();
    com_server_start();
    com_server.on_data = echo;
    for (size_t i = 0; i < ROWS(schemes); i++)
        ck_assert_fails_about(
            open_link(schemes[i].scheme, ""), SFI_ERR_CANCELLED,
            com_server_uri(schemes[i].scheme, ""), "cancelled");
    sfi_ctx_cancel(ctx, 0);
    ck_assert_ok(open_link("rfc2217", ""));
    /* an open link goes on */
    sfi_ctx_cancel(ctx, 1);
    assert_transparent();
}
END_TEST

/* ser2net tells why it hangs up. */
START_TEST(test_last_words)
{
    static const uint8_t busy[] = "Port already in use\r\n";
    uint8_t byte;
    size_t got;

    com_server.raw = true;
    com_server.greeting = busy;
    com_server.greeting_len = sizeof(busy) - 1;
    com_server.hangs_up = true;
    ck_assert_ok(open_link("tcp", ""));
    for (size_t i = 0; i + 1 < sizeof(busy); i++)
        ck_assert_ok(sfi__transport_read(tp, &byte, 1, &got, 1000));
    ck_assert_fails(sfi__transport_read(tp, &byte, 1, &got, 1000),
                    SFI_ERR_NO_DEVICE, "",
                    "the server closed the connection: Port already in use");
}
END_TEST

/* ---- RFC 2217 ---- */

static const struct {
    const char *query, *opened;
    const char *into_boot, *into_firmware; /* NULL: not reset */
} lines[] = {
    {"", MODE("115200") ", purge", NULL, NULL},
    {"baud=9600", MODE("9600") ", purge", NULL, NULL},
    {"reset=rts", MODE("115200") ", r, purge", "R, 20, r, 60", "R, 20, r, 60"},
    {"reset=-dtr&boot0=rts", MODE("115200") ", D, purge", "r, d, 20, D, 60",
     "R, d, 20, D, 60"},
    {"reset=dtr&boot0=-rts&pulse=250&wait=1000", MODE("115200") ", d, purge",
     "R, D, 250, d, 1000", "r, D, 250, d, 1000"},
};

START_TEST(test_lines)
{
    ck_assert_ok(open_link("rfc2217", lines[_i].query));
    ck_assert_str_eq(com_server.events, lines[_i].opened);
    if (lines[_i].into_boot == NULL) {
        ck_assert_fails_about(sfi__transport_reset(tp, true),
                              SFI_ERR_UNSUPPORTED, "", "?reset=rts");
        return;
    }
    com_server.events[0] = '\0';
    ck_assert_ok(sfi__transport_reset(tp, true));
    ck_assert_str_eq(com_server.events, lines[_i].into_boot);
    com_server.events[0] = '\0';
    ck_assert_ok(sfi__transport_reset(tp, false));
    ck_assert_str_eq(com_server.events, lines[_i].into_firmware);
}
END_TEST

/* The server has the last word on the speed. */
START_TEST(test_speeds)
{
    uint32_t slower;

    com_server.baud_max = 460800;
    ck_assert_ok(open_link("rfc2217", "baud=921600"));
    ck_assert_uint_eq(tp->baud, 460800);
    ck_assert_str_eq(logged, "the server's port does not support 921600 baud; "
                             "trying 460800\n");
    ck_assert_ok(sfi__transport_set_speed(tp, 1, &slower));
    ck_assert_uint_eq(tp->baud, 230400);
    ck_assert_uint_eq(slower, 1);
    com_server.baud_max = 57600;
    ck_assert_fails(sfi__transport_set_speed(tp, 2, &slower), SFI_ERR_IO, "",
                    "the server's port does not support 115200 baud");
}
END_TEST

/* A server that cannot do what a bootloader needs. */
static const struct {
    size_t offset; /* of the flag in struct com_server */
    sfi_status st; /* SFI_OK: a warning */
    const char *message;
} lacks[] = {
    {offsetof(struct com_server, refuses_control), SFI_ERR_UNSUPPORTED,
     "the server refuses the COM-PORT option (RFC 2217); allow it for this "
     "port, or set it to 8E1 and to raw bytes and use tcp:"},
    {offsetof(struct com_server, silent), SFI_ERR_TIMEOUT,
     "no reply to the COM-PORT option (RFC 2217); use tcp: for a port that "
     "passes bytes only"},
    {offsetof(struct com_server, raw), SFI_ERR_TIMEOUT,
     "no reply to the COM-PORT option (RFC 2217); use tcp: for a port that "
     "passes bytes only"},
    {offsetof(struct com_server, refuses_binary), SFI_ERR_UNSUPPORTED,
     "the server refuses to pass all bytes unchanged (RFC 856, binary "
     "transmission)"},
    {offsetof(struct com_server, seven_bits), SFI_ERR_IO,
     "the server's port does not support 8 data bits and 1 stop bit"},
    {offsetof(struct com_server, no_lines), SFI_ERR_UNSUPPORTED,
     "the server does not set RTS; has its port such a line"},
    {offsetof(struct com_server, no_parity), SFI_OK,
     "the server's port does not support parity; a real chip needs even "
     "parity (8E1)\n"},
    {offsetof(struct com_server, keeps_flow), SFI_OK,
     "the server's port keeps flow control; the bytes 0x11 and 0x13 may get "
     "lost\n"},
    {offsetof(struct com_server, ignores_binary), SFI_OK,
     "the server does not answer whether it passes all bytes unchanged (RFC "
     "856, binary transmission)\n"
     "the server does not answer whether it passes all bytes unchanged (RFC "
     "856, binary transmission)\n"},
    {offsetof(struct com_server, no_purge), SFI_OK, ""},
};

START_TEST(test_lacks)
{
    char where[64];

    sfi__text_format(where, sizeof(where), "rfc2217:127.0.0.1:%u",
                     com_server.port);
    *(bool *)((char *)&com_server + lacks[_i].offset) = true;
    com_server.on_data = lacks[_i].st == SFI_OK ? echo : NULL;
    if (lacks[_i].st != SFI_OK) {
        ck_assert_fails(open_link("rfc2217", "reset=rts"), lacks[_i].st, where,
                        lacks[_i].message);
        ck_assert_uint_le(com_now, 6000);
        return;
    }
    ck_assert_ok(open_link("rfc2217", "reset=rts"));
    ck_assert_str_eq(logged, lacks[_i].message);
    assert_transparent();
}
END_TEST

/* What a server may send at any time. */
static const struct {
    const char *name;
    uint8_t bytes[32];
    size_t len;
    sfi_status st;
} unasked[] = {
    {"modem state", {255, 250, 44, 107, 0xb0, 255, 240}, 7, SFI_OK},
    {"line state 0xff", {255, 250, 44, 106, 255, 255, 255, 240}, 8, SFI_OK},
    {"a signature",
     {255, 250, 44,  100, 's', 'e', 'r', '2', 'n', 'e', 't', ' ', '4',
      '.', '3', '.', '1', '1', ' ', 'a', 'b', 'c', 'd', 255, 240},
     25,
     SFI_OK},
    {"an empty subnegotiation", {255, 250, 255, 240}, 4, SFI_OK},
    {"another option's", {255, 250, 24, 1, 255, 240}, 6, SFI_OK},
    {"half a speed", {255, 250, 44, 101, 0, 1, 255, 240}, 8, SFI_OK},
    {"NOP, GO AHEAD", {255, 241, 255, 249}, 4, SFI_OK},
    {"WILL ECHO", {255, 251, 1}, 3, SFI_OK},
    {"DO BINARY again", {255, 253, 0}, 3, SFI_OK},
    {"resume", {255, 250, 44, 109, 255, 240}, 6, SFI_OK},
    {"an undefined code", {255, 7}, 2, SFI_ERR_PROTOCOL},
    {"an end without a beginning", {255, 240}, 2, SFI_ERR_PROTOCOL},
    {"a command in a subnegotiation",
     {255, 250, 44, 255, 251},
     5,
     SFI_ERR_PROTOCOL},
};

START_TEST(test_unasked)
{
    uint8_t byte;
    size_t got;

    ck_assert_ok(open_link("rfc2217", ""));
    com_server_say(unasked[_i].bytes, unasked[_i].len, false);
    if (unasked[_i].st == SFI_OK) {
        assert_transparent();
        return;
    }
    ck_assert_fails(sfi__transport_read(tp, &byte, 1, &got, 100),
                    SFI_ERR_PROTOCOL, "",
                    "the server does not send Telnet (RFC 854); use tcp: for a "
                    "port that passes bytes only");
}
END_TEST

/* A server that asks again and again is refused once. */
START_TEST(test_insists)
{
    static const uint8_t echo_option[] = {255, 251, 1, 255, 253, 1};

    ck_assert_ok(open_link("rfc2217", ""));
    for (int i = 0; i < 50; i++)
        com_server_say(echo_option, sizeof(echo_option), false);
    assert_transparent();
    assert_transparent();
    ck_assert_uint_eq(com_server.donts, 2);
    ck_assert_uint_eq(com_server.wills, 0);
}
END_TEST

/* Data waits while the server asks for it. */
START_TEST(test_suspended)
{
    static const uint8_t suspend[] = {255, 250, 44, 108, 255, 240};
    static const uint8_t resume[] = {255, 250, 44, 109, 255, 240};
    uint8_t byte;
    size_t got;

    ck_assert_ok(open_link("rfc2217", ""));
    com_server_say(suspend, sizeof(suspend), false);
    ck_assert_int_eq(sfi__transport_read(tp, &byte, 1, &got, 10),
                     SFI_ERR_TIMEOUT);
    ck_assert_int_eq(sfi__transport_write(tp, (const uint8_t *)"a", 1, 300),
                     SFI_ERR_TIMEOUT);
    com_server_say(resume, sizeof(resume), false);
    assert_transparent();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("rfc2217");
    TCase *both = tcase_create("both");
    TCase *t = tcase_create("rfc2217");

    tcase_add_checked_fixture(both, setup, teardown);
    tcase_add_loop_test(both, test_bytes, 0, ROWS(schemes));
    tcase_add_loop_test(both, test_late, 0, ROWS(schemes));
    tcase_add_loop_test(both, test_flush, 0, ROWS(schemes));
    tcase_add_loop_test(both, test_refused, 0, ROWS(refused));
    tcase_add_test(both, test_cancel);
    tcase_add_loop_test(both, test_no_server, 0, ROWS(schemes));
    tcase_add_test(both, test_last_words);
    suite_add_tcase(s, both);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, test_lines, 0, ROWS(lines));
    tcase_add_test(t, test_speeds);
    tcase_add_loop_test(t, test_lacks, 0, ROWS(lacks));
    tcase_add_loop_test(t, test_unasked, 0, ROWS(unasked));
    tcase_add_test(t, test_insists);
    tcase_add_test(t, test_suspended);
    suite_add_tcase(s, t);
    return run_suite(s);
}
