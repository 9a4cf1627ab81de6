/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part for tests of hardware that fails, at four points of an install, and
 * the states that doc/porting-device.md names. */
#ifndef SFI_TESTS_BOARD_HOSTILE_H
#define SFI_TESTS_BOARD_HOSTILE_H

#include "binary_install.h"

#define HOSTILE_LOADER 0x08075800u

/* Snapshots: before the first packet, in the middle of area 2, before FINISH,
 * behind it, and of a part whose firmware runs; then those of the test. */
enum hostile_slot {
    HOSTILE_EMPTY,
    HOSTILE_HALF,
    HOSTILE_COMPLETE,
    HOSTILE_INSTALLED,
    HOSTILE_GONE,
    HOSTILE_OWN
};

extern struct binary binary;
extern struct install install;

/* Unchecked: once for all tests, which begin with hostile_off(). */
void hostile_setup(void);
void hostile_teardown(void);
/* The part of a snapshot, without power; to be switched on by
 * binary_power_on(). */
void hostile_off(enum hostile_slot slot);
/* Change an option word behind the part's back. */
void hostile_set_option(uint32_t row, uint32_t mask, uint32_t value);
/* It answers: empty, clean, erased, with neither key nor plaintext. */
void hostile_assert_empty(const char *where);
/* ... but unclean, for this cause. */
void hostile_assert_unclean(const char *where, int cause);
/* An install goes through, and its firmware runs. */
void hostile_assert_installs(const char *where);
/* It is complete, leaves, and its firmware runs. */
void hostile_assert_leaves(const char *where);
/* Stands still for this reason, with neither key nor plaintext in RAM. */
void hostile_assert_parked(const char *where, uint32_t reason);

#endif
