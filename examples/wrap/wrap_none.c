/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-sim wrap in a build without umockdev: refuse. */
#include "wrap/wrap.h"

int
sim_wrap(const struct cli *c, sfi_sim *const *chips, size_t count,
         unsigned wired, const char *const *command)
{
    (void)chips;
    (void)count;
    (void)wired;
    (void)command;
    return cli_fail_text(c, SFI_ERR_UNSUPPORTED,
                         "this sfi-sim was built without umockdev");
}
