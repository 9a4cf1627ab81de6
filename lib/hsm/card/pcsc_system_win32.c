/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* PC/SC by Windows' own service. */
#include "hsm/card/pcsc_system.h"

const char sfi__pcsc_no_service[] =
    "the card service is not available; is the service \"Smart Card\" running";

/* Windows has texts in the user's language; the code is in the error. */
const char *
sfi__pcsc_error_text(LONG code)
{
    (void)code;
    return "see the code in winerror.h";
}
