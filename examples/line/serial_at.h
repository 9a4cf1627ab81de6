/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* --serial-at: the board's serial number becomes a part of what -w writes. */
#ifndef EXAMPLES_LINE_SERIAL_AT_H
#define EXAMPLES_LINE_SERIAL_AT_H

#include "sfi_program.h"

/* --serial-at and --board as they were typed; exits on a usage error. */
void serial_read_options(struct program *p);
/* Once the files are loaded, before the chip is touched: have they room for the
 * number? */
sfi_status serial_check_files(struct station *s);
/* The board's number, unless it is known: the next one of the counter. */
sfi_status serial_take(struct station *s);
/* Before this use of -w is written: put the number in, if it belongs there. */
sfi_status serial_put_in(struct station *s, const struct cli_use *use);
/* After it was written: read it back. */
sfi_status serial_read_back(struct station *s, const struct cli_use *use);

#endif
