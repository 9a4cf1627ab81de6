/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Kinds of ports, for the keys of -c. */
#ifndef EXAMPLES_SFI_PROGRAM_PORT_H
#define EXAMPLES_SFI_PROGRAM_PORT_H

#include "sfi_program.h"

enum {
    PORT_SERIAL = 1,
    PORT_SPI = 2,
    PORT_USB = 4,
    PORT_DEBUG = 8, /* swd, jtag */
    PORT_LINK = 16  /* the URI of a link, with options of its own */
};

/* Check all keys and words of -c but port=, br= and chip=; exits on a usage
 * error. */
void port_check_keys(const struct cli *c, const struct cli_use *use,
                     unsigned kind);

#endif
