/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What each request gives in each state of a part: for the core, and for the
 * binaries that have it. */
#ifndef SFI_TESTS_BENCH_REQUEST_ROWS_H
#define SFI_TESTS_BENCH_REQUEST_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum situation {
    NEW,
    READY,
    LICENSED,
    BETWEEN, /* areas */
    WITHIN,  /* an area */
    COMPLETE,
    INSTALLED,
    REBOOTED, /* and installed */
    SITUATIONS,
};

extern const char *const situation_names[SITUATIONS];

/* Of the right length, all zeros.  The causes are those of a part without
 * receipts. */
struct request_row {
    uint16_t opcode;
    size_t param_len, data_len;
    uint8_t cause[SITUATIONS];
};

#define REQUEST_ROWS 12u
extern const struct request_row request_rows[REQUEST_ROWS];

#endif
