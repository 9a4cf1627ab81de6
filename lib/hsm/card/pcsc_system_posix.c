/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* PC/SC by libpcsclite. */
#include "hsm/card/pcsc_system.h"

const char sfi__pcsc_no_service[] =
    "the card service is not available; is pcscd running";

const char *
sfi__pcsc_error_text(LONG code)
{
    return pcsc_stringify_error(code);
}
