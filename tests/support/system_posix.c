/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What systems do in their own ways: as POSIX has it. */
#define _XOPEN_SOURCE 700
#include "system.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "fixture.h"

const char null_device[] = "/dev/null";

const char *
full_device(void)
{
    return "/dev/full";
}

void
make_fifo(const char *path)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
}

int
make_pipe(const void *data, size_t len, char *name, size_t cap)
{
    int ends[2];

    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], data, len), (ssize_t)len);
    ck_assert_int_eq(close(ends[1]), 0);
    ck_assert_int_lt(snprintf(name, cap, "/dev/fd/%d", ends[0]), (int)cap);
    return ends[0];
}

void
make_link(const char *to, const char *path)
{
    ck_assert_int_eq(symlink(to, path), 0);
}

void
make_second_name(const char *path, const char *other)
{
    ck_assert_int_eq(link(path, other), 0);
}

static uint64_t
nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000 + (uint64_t)t->tv_nsec;
}

void
times_of_file(const char *path, uint64_t times[2])
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    times[0] = nanoseconds(&st.st_mtim);
    times[1] = nanoseconds(&st.st_ctim);
}

void
set_mode(const char *path, unsigned mode)
{
    ck_assert_int_eq(chmod(path, (mode_t)mode), 0);
}

unsigned
set_umask(unsigned mask)
{
    return umask((mode_t)mask);
}

void
without_rights(bool on)
{
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(on ? 65534 : 0), 0);
}

/* No assertion here: check notes each in a file, which is cut, too. */
static void
set_limit(rlim_t size)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        abort();
    limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        abort();
}

void
limit_files(uint64_t size)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    set_limit((rlim_t)size);
}

void
unlimit_files(void)
{
    set_limit(RLIM_INFINITY);
}

int
lock_file(const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_SETLK, &lock), 0);
    return fd;
}

static int
look_for_lock(void *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(path, O_RDWR);

    return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* A process does not find its own. */
bool
is_locked(const char *path)
{
    return child_result(start_child(look_for_lock, (void *)(uintptr_t)path)) ==
           1;
}

int
start_child(int (*work)(void *user), void *user)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work(user));
    return (int)child;
}

int
child_result(int child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void
kill_child(int child)
{
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

void
kill_self(void)
{
    (void)raise(SIGKILL);
}

void
set_environment(const char *name, const char *value)
{
    ck_assert_int_eq(value != NULL ? setenv(name, value, 1) : unsetenv(name),
                     0);
}
