/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Command APDUs as bytes: ISO 7816-4, 5.1, cases 1 to 4, short and extended. */
#ifndef SFI_SIM_CARD_COMMAND_H
#define SFI_SIM_CARD_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct command {
    uint8_t cla, ins, p1, p2;
    const uint8_t *data; /* in the command's bytes; NULL when len is 0 */
    size_t len;          /* Nc */
    size_t want;         /* Ne; 0: only a status word */
};

/* False: the length bytes do not match the length. */
bool sfi__applet_parse_command(struct command *c, const uint8_t *in,
                               size_t len);

#endif
