/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A process that dies by SIGKILL right before or right after a system call of
 * its own: what kill -9, or the kernel out of memory, can leave behind. */
#ifndef SFI_TESTS_KILLER_H
#define SFI_TESTS_KILLER_H

#include <stdbool.h>
#include <stddef.h>

/* The process runs `prepare` undisturbed, then `act`.  Each returns an exit
 * status; act() follows only after 0. */
struct killer_work {
    int (*prepare)(void);
    int (*act)(int fd); /* where to tell what was reached */
};

#define KILLER_DIED (-1)

/* May one process trace another here?  If not, the reason is printed for a
 * `SKIP`. */
bool killer_allowed(void);

/* Fork, and kill at the `at`-th stop of act(): 2n-1 is before its n-th system
 * call, which is then not made, and 2n after it.  What it told is in `told`, at
 * most `cap` bytes.  KILLER_DIED, or its exit status when it ended before. */
int killer_run(const struct killer_work *work, size_t at, void *told,
               size_t cap, size_t *len);

/* All bytes, in the process. */
void killer_tell(int fd, const void *data, size_t len);

#endif
