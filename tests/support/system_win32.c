/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What systems do in their own ways, on Windows: what it cannot do fails. */
#include "system.h"

#include <errno.h>
#include <stdlib.h>
#include <windows.h>

#include <check.h>

#include "util/sys.h"

#include "fixture.h"
#include "together.h"

const char null_device[] = "NUL";

const char *
full_device(void)
{
    ck_abort_msg("Windows has no device that is full");
    return NULL;
}

void
make_fifo(const char *path)
{
    ck_abort_msg("%s: Windows has no pipes in folders", path);
}

int
make_pipe(const void *data, size_t len, char *name, size_t cap)
{
    (void)data;
    (void)len;
    (void)name;
    (void)cap;
    ck_abort_msg("Windows has no /dev/fd");
    return -1;
}

/* Only administrators may. */
void
make_link(const char *to, const char *path)
{
    ck_abort_msg("%s: Windows lets few make a link to %s", path, to);
}

void
make_second_name(const char *path, const char *other)
{
    ck_assert_int_ne(CreateHardLinkA(other, path, NULL), 0);
}

static uint64_t
steps(const FILETIME *t)
{
    return (uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime;
}

void
times_of_file(const char *path, uint64_t times[2])
{
    WIN32_FILE_ATTRIBUTE_DATA data;

    ck_assert_int_ne(GetFileAttributesExA(path, GetFileExInfoStandard, &data),
                     0);
    times[0] = steps(&data.ftLastWriteTime);
    times[1] = steps(&data.ftCreationTime);
}

void
set_mode(const char *path, unsigned mode)
{
    ck_abort_msg("%s: Windows has no mode 0%o", path, mode);
}

unsigned
set_umask(unsigned mask)
{
    ck_abort_msg("Windows has no umask 0%o", mask);
    return 0;
}

void
without_rights(bool on)
{
    (void)on;
}

void
limit_files(uint64_t size)
{
    ck_abort_msg("Windows does not limit files to %u bytes", (unsigned)size);
}

void
unlimit_files(void)
{
}

int
lock_file(const char *path)
{
    int fd;

    ck_assert_int_eq(sfi__sys_open(path, SYS_READ_WRITE, 0, &fd), 0);
    ck_assert_int_eq(sfi__sys_lock(fd, SYS_LOCK), 0);
    return fd;
}

bool
is_locked(const char *path)
{
    int fd, err;

    ck_assert_int_eq(sfi__sys_open(path, SYS_READ_WRITE, 0, &fd), 0);
    err = sfi__sys_lock(fd, SYS_LOCK);
    ck_assert_int_eq(sfi__sys_close(fd), 0);
    return err == EAGAIN;
}

int
start_child(int (*work)(void *user), void *user)
{
    (void)work;
    (void)user;
    ck_abort_msg("Windows has no fork()");
    return 0;
}

int
child_result(int child)
{
    return child;
}

void
kill_self(void)
{
}

void
kill_child(int child)
{
    (void)child;
}

void
leave_check(void)
{
}

int
together(size_t processes, int (*work)(size_t which))
{
    (void)work;
    ck_abort_msg("Windows has no fork(), expected %zu processes", processes);
    return 0;
}

void
set_environment(const char *name, const char *value)
{
    ck_assert_int_eq(_putenv_s(name, value != NULL ? value : ""), 0);
}
