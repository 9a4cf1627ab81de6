/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* All rules, in the order in which their findings are reported. */
#include "preflight/rules.h"

sfi_status
sfi__rules_check(const struct layout *in, struct findings *f)
{
    sfi_status st = sfi__rules_areas(in, f);

    if (st != SFI_OK)
        return st;
    sfi__rules_notes(in, f);
    sfi__rules_options(in, f);
    sfi__rules_start(in, f);
    sfi__rules_content(in, f);
    return sfi__findings_end(f);
}
