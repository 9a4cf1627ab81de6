/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The warning that an HSM has few installations left. */
#include "hsm/base/low_water.h"

#include "core/err.h"

void
sfi__hsm_warn_low(sfi_ctx *ctx, uint64_t remaining, uint64_t maximum,
                  uint64_t low_water)
{
    if (remaining <= low_water)
        sfi__log(ctx, SFI_LOG_WARNING, "%llu of %llu installations left",
                 (unsigned long long)remaining, (unsigned long long)maximum);
}
