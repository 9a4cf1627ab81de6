/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Several processes that begin their work at the same moment. */
#define _XOPEN_SOURCE 700
#include "together.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include <sfi/status.h>

#include "fixture.h"

/* More are not open in a test. */
#define FDS 64

void
leave_check(void)
{
    int null = open("/dev/null", O_RDWR);

    for (int fd = 3; fd < FDS; fd++) {
        struct stat s;

        if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_nlink == 0)
            (void)dup2(null, fd);
    }
    (void)close(null);
}

int
together(size_t processes, int (*work)(size_t which))
{
    pid_t pids[32];
    int gate[2];
    int fds[2];
    int sum = 0;
    int value;

    ck_assert_uint_le(processes, ROWS(pids));
    ck_assert_int_eq(pipe(gate), 0);
    ck_assert_int_eq(pipe(fds), 0);
    for (size_t i = 0; i < processes; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (pids[i] == 0) {
            char go;

            leave_check();
            (void)close(gate[1]);
            if (read(gate[0], &go, 1) != 0) /* until it is closed */
                _exit(1);
            value = work(i);
            if (write(fds[1], &value, sizeof(value)) != sizeof(value))
                _exit(1);
            _exit(0);
        }
    }
    (void)close(gate[0]);
    (void)close(gate[1]);
    (void)close(fds[1]);
    for (size_t i = 0; i < processes; i++) {
        ck_assert_int_eq(read(fds[0], &value, sizeof(value)), sizeof(value));
        ck_assert_msg(value >= 0, "a process ended with %s",
                      sfi_status_name(value));
        sum += value;
    }
    (void)close(fds[0]);
    for (size_t i = 0; i < processes; i++)
        ck_assert_int_eq(waitpid(pids[i], NULL, 0), pids[i]);
    return sum;
}
