/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A simulated disk under SQLite: fast, full, failing, or losing power at any
 * write. */
#ifndef SFI_TESTS_DISK_H
#define SFI_TESTS_DISK_H

#include <stddef.h>

enum disk_mode {
    DISK_FAST, /* syncing does nothing */
    /* at the chosen operation: */
    DISK_KILLED,     /* the process dies; what it wrote is there */
    DISK_POWER_CUT,  /* it dies half-way in a write; what was not synced yet
                        is as it was before */
    DISK_TORN,       /* the same, but of what was not synced every second
                        write is there */
    DISK_TORN_PAGES, /* the same, but of each such write every second sector
                        is there */
    DISK_ERROR,      /* it fails with an I/O error, once */
    DISK_FULL        /* from there on there is no room */
};

/* The exit status of a process that died. */
#define DISK_DEAD 111

/* From now on, in this process, for files that are opened from now on.  `at`
 * counts writes, truncations, syncs and deletions from 1; 0: none. */
void disk_install(enum disk_mode mode, size_t at);
/* How many there were since. */
size_t disk_operations(void);

#endif
