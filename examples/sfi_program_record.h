/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The record of --record. */
#ifndef SFI_PROGRAM_RECORD_H
#define SFI_PROGRAM_RECORD_H

#include "sfi_program.h"

/* A journal with a context of its own, which no chip's error is in. */
struct record {
    sfi_ctx *ctx;
    sfi_journal *journal; /* NULL: not asked for */
};

/* Open the file of --record for appending, or create it, if it is wanted. */
sfi_status record_open(const struct program *p, struct record *r);
void record_close(struct record *r);
/* Append what a station did; a failure is kept in the station. */
void record_station(struct record *r, struct station *s);
/* Print that the line is missing; returns the exit status. */
int record_fail(const struct station *s);

#endif
