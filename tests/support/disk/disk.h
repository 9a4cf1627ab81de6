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
    DISK_POWER_CUT,  /* it dies in the middle of a write; writes that were not
                      * synced are undone */
    DISK_TORN,       /* the same, but every second write that was not synced is
                      * kept */
    DISK_TORN_PAGES, /* the same, but every second sector of each such write is
                      * kept */
    DISK_ERROR,      /* it fails with an I/O error, once */
    DISK_FULL        /* from there on there is no room */
};

/* The exit status of a process that died. */
#define DISK_DEAD 111

/* Applies to files that this process opens from now on.  `at` counts writes,
 * truncations, syncs and deletions from 1; 0: none. */
void disk_install(enum disk_mode mode, size_t at);
/* The number of such operations since then. */
size_t disk_operations(void);

#endif
