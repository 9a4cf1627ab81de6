/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Addresses of servers. */
#include "transport/net/tcp.h"

#include "fixture.h"

static const struct {
    const char *text;
    const char *host, *port; /* NULL: refused */
} addresses[] = {
    {"localhost:6666", "localhost", "6666"},
    {"192.168.1.20:1", "192.168.1.20", "1"},
    {"a.b-c:65535", "a.b-c", "65535"},
    {"[::1]:4000", "::1", "4000"},
    {"[fe80::1%eth0]:4000", "fe80::1%eth0", "4000"},
    {"[localhost]:4000", "localhost", "4000"},
    {"localhost", NULL, NULL},
    {"localhost:", NULL, NULL},
    {"localhost:0", NULL, NULL},
    {"localhost:65536", NULL, NULL},
    {"localhost:-1", NULL, NULL},
    {"localhost:telnet", NULL, NULL},
    {"localhost:4000 ", NULL, NULL},
    {":4000", NULL, NULL},
    {"", NULL, NULL},
    /* which colon is the last of the address? */
    {"::1:4000", NULL, NULL},
    {"[]:4000", NULL, NULL},
    {"[::1]", NULL, NULL},
    {"[::1]4000", NULL, NULL},
    {"[::1:4000", NULL, NULL},
};

START_TEST(test_address)
{
    struct tcp_address a;
    bool taken = sfi__tcp_parse_address(addresses[_i].text, &a);

    ck_assert_msg(taken == (addresses[_i].host != NULL), "%s",
                  addresses[_i].text);
    if (!taken)
        return;
    ck_assert_str_eq(a.host, addresses[_i].host);
    ck_assert_str_eq(a.port, addresses[_i].port);
    ck_assert(sfi__tcp_parse_listener(addresses[_i].text, &a));
    ck_assert_str_eq(a.port, addresses[_i].port);
}
END_TEST

/* The system chooses the port. */
START_TEST(test_listener)
{
    struct tcp_address a;

    ck_assert(sfi__tcp_parse_listener("[::1]:0", &a));
    ck_assert_str_eq(a.host, "::1");
    ck_assert_str_eq(a.port, "0");
    ck_assert(!sfi__tcp_parse_listener("localhost:", &a));
    ck_assert(!sfi__tcp_parse_listener("::1:0", &a));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("address");
    TCase *t = tcase_create("addresses");

    tcase_add_loop_test(t, test_address, 0, (int)ROWS(addresses));
    tcase_add_test(t, test_listener);
    suite_add_tcase(s, t);
    return run_suite(s);
}
