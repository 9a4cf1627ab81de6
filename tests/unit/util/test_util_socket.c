/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/util: no child inherits a socket, however it was made. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <check.h>

#include "util/sys_socket.h"

#include "fixture.h"

static void
assert_own(int fd)
{
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

START_TEST(test_own)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t len = sizeof(at);
    int listener = sfi__sys_socket(AF_INET, SOCK_STREAM, 0);
    int client = sfi__sys_socket(AF_INET, SOCK_STREAM, 0);
    int fd;

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_own(listener);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(sfi__sys_never_wait(listener), 0);
    ck_assert_int_eq(sfi__sys_accept(listener), -1);
    ck_assert(errno == EAGAIN || errno == EWOULDBLOCK);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&at, len), 0);
    fd = sfi__sys_accept(listener);
    assert_own(fd);
    (void)close(fd);
    (void)close(client);
    (void)close(listener);
}
END_TEST

START_TEST(test_pair)
{
    int ends[2];
    char c = 'a';

    ck_assert_int_eq(sfi__sys_socket_pair(ends), 0);
    assert_own(ends[0]);
    assert_own(ends[1]);
    ck_assert_int_eq(write(ends[0], &c, 1), 1);
    c = 0;
    ck_assert_int_eq(read(ends[1], &c, 1), 1);
    ck_assert_int_eq(c, 'a');
    (void)close(ends[0]);
    (void)close(ends[1]);
}
END_TEST

/* As the call that failed. */
START_TEST(test_refused)
{
    ck_assert_int_eq(sfi__sys_socket(-1, SOCK_STREAM, 0), -1);
    ck_assert_int_eq(errno, EAFNOSUPPORT);
    ck_assert_int_eq(sfi__sys_accept(-1), -1);
    ck_assert_int_eq(errno, EBADF);
    ck_assert_int_eq(sfi__sys_never_wait(-1), -1);
    ck_assert_int_eq(errno, EBADF);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("util_socket");
    TCase *tc = tcase_create("socket");

    tcase_add_test(tc, test_own);
    tcase_add_test(tc, test_pair);
    tcase_add_test(tc, test_refused);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
