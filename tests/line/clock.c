/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* For LD_PRELOAD: a machine whose clock somebody sets.  The file that
 * SFI_TEST_CLOCK names has the seconds that are added to the time of day. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long
clock_offset(void)
{
    const char *name = getenv("SFI_TEST_CLOCK");
    FILE *f = name != NULL ? fopen(name, "re") : NULL;
    long offset = 0;

    if (f == NULL)
        return 0;
    if (fscanf(f, "%ld", &offset) != 1)
        offset = 0;
    (void)fclose(f);
    return offset;
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
    static int (*real)(clockid_t, struct timespec *);
    int st;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    st = real(id, out);
    if (st == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        out->tv_sec += clock_offset();
    return st;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t
time(time_t *out)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}
