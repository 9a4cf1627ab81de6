/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Connections to a server of the test's own that does not answer. */
#include "transport/net/tcp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/ctx.h"

#include "fixture.h"

#define FILL_MAX 16

static int listener, fill[FILL_MAX];

/* Its queue is full, so the kernel drops what more clients send. */
static void
listen_in_vain(struct sockaddr_in *a)
{
    socklen_t len = sizeof(*a);
    struct pollfd p = {.events = POLLOUT};
    size_t i = 0;

    *a = (struct sockaddr_in){.sin_family = AF_INET};
    a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)a, sizeof(*a)), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)a, &len), 0);
    do {
        ck_assert_uint_lt(i, FILL_MAX);
        p.fd = fill[i++] = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(fcntl(p.fd, F_SETFL, O_NONBLOCK), 0);
        (void)connect(p.fd, (struct sockaddr *)a, sizeof(*a));
    } while (poll(&p, 1, 50) > 0);
}

/* Cancels when the time is asked for the third time. */
static uint64_t
third_now(void *user)
{
    unsigned *asked = user;

    if (++*asked == 3)
        sfi_ctx_cancel(ctx, 1);
    return *asked;
}

START_TEST(test_cancel)
{
    unsigned asked = 0;
    struct clock clock = {.user = &asked, .now_ms = third_now};
    struct tcp_address address = {.host = "127.0.0.1"};
    struct tcp t = {.ctx = ctx, .peer = "the server", .fd = -1};
    struct sockaddr_in a;

    listen_in_vain(&a);
    (void)snprintf(address.port, sizeof(address.port), "%u", ntohs(a.sin_port));
    ctx->clock = &clock;
    (void)sfi__ctx_set_can_cancel(ctx, true);
    ck_assert_fails(sfi__tcp_connect(&t, &address, "the server", 5000),
                    SFI_ERR_CANCELLED, "", "cancelled");
    ck_assert_int_eq(t.fd, -1);
    ck_assert_uint_le(asked, 4);
    for (size_t i = 0; i < FILL_MAX && fill[i] > 0; i++)
        (void)close(fill[i]);
    (void)close(listener);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("tcp");
    TCase *t = tcase_create("connections");

    tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
    tcase_add_test(t, test_cancel);
    suite_add_tcase(s, t);
    return run_suite(s);
}
