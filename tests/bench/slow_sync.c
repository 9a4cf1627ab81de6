/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A disk that takes its time, for LD_PRELOAD: fsync() and fdatasync() return no
 * sooner than SLOW_SYNC_US microseconds after they were called. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int
slow(const char *name, int fd)
{
    static long wanted;
    int (*real)(int) = NULL;
    struct timespec end;
    int done, why;

    if (wanted == 0)
        wanted = getenv("SLOW_SYNC_US") != NULL
                     ? strtol(getenv("SLOW_SYNC_US"), NULL, 10)
                     : -1;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    done = real(fd);
    why = errno;
    if (wanted > 0) {
        end.tv_nsec += wanted % 1000000 * 1000;
        end.tv_sec += wanted / 1000000 + end.tv_nsec / 1000000000;
        end.tv_nsec %= 1000000000;
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) ==
               EINTR)
            continue;
    }
    errno = why;
    return done;
}

int
fsync(int fd)
{
    return slow("fsync", fd);
}

int
fdatasync(int fd)
{
    return slow("fdatasync", fd);
}
