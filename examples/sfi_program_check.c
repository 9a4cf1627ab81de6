/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: check the command line before anything is opened. */
#include <inttypes.h>
#include <string.h>

#include "sfi_program.h"

/* ---- the actions ---- */

static void
check_erase_option(const struct cli *c, const struct cli_use *use)
{
    if (cli_has(c, OPT_SFI) && strcmp(use->value[0], "all") != 0)
        cli_usage(c, "-sfi erases the flash itself; only -e all can be "
                     "combined with it");
}

/* A whole number of values, which have the width. */
static void
check_fill(const struct cli *c, const struct cli_use *use)
{
    uint64_t bits = cli_key_number(c, use, "dataWidth", 8);

    if (cli_key_number(c, use, "size", 0) * 8 % bits != 0)
        cli_usage(c,
                  "size=%s is not a size from 1 byte to 64 MiB in whole "
                  "values",
                  cli_key(c, use, "size"));
    if (cli_key_number(c, use, "pattern", 0) >> bits != 0)
        cli_usage(c, "pattern=%s is not a value of %" PRIu64 " bits",
                  cli_key(c, use, "pattern"), bits);
}

/* ---- all together ---- */

static void
check_sfi_options(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    bool from_hsm = cli_key_number(&p->cli, use, "hsm", 0) == 1;

    if (use == NULL)
        return;
    p->live = cli_key_number(&p->cli, use, "protocol", 0) == 1;
    if (from_hsm && use->count > 1)
        cli_usage(&p->cli,
                  "%s: a licence is given, but hsm=1 requests one from the HSM",
                  use->value[1]);
    if (!from_hsm && cli_key(&p->cli, use, "store") != NULL)
        cli_usage(&p->cli, "store=FOLDER needs hsm=1; with hsm=0 give the "
                           "folder in place of LICENSE");
    if (p->live && !from_hsm)
        cli_usage(&p->cli, "protocol=live needs hsm=1 slot=HSM: a live licence "
                           "is made for one session");
    if (p->live && cli_key(&p->cli, use, "store") != NULL)
        cli_usage(&p->cli, "store=FOLDER needs protocol=static: a live licence "
                           "is valid once");
    if (!from_hsm && use->count < 2)
        cli_usage(&p->cli, "-sfi needs a licence: hsm=1 slot=HSM, or hsm=0 "
                           "LICENSE");
}

void
program_check(struct program *p)
{
    const struct cli *c = &p->cli;
    const struct cli_use *use = NULL;
    bool on_hsm = cli_has_any(c, OPT_HSM_INFO, OPT_HSM_LICENSE);
    bool on_chip = cli_has_any(c, OPT_SFI, OPT_HALT);

    program_read_ports(p);
    check_sfi_options(p);
    while ((use = cli_next(c, OPT_ERASE, use)) != NULL)
        check_erase_option(c, use);
    while ((use = cli_next(c, OPT_FILL, use)) != NULL)
        check_fill(c, use);
    cli_log_set((int)cli_value_number(c, OPT_VERBOSITY, SFI_LOG_WARNING),
                cli_has(c, OPT_LOG));
    p->timeout_ms = (uint32_t)cli_value_number(c, OPT_TIMEOUT, 0);
    p->plain = !cli_has(c, OPT_SFI) &&
               (cli_has(c, OPT_ERASE) || cli_has_any(c, OPT_WRITE, OPT_HALT));
    if (on_chip && p->station_count == 0)
        cli_usage(c, "-c port=PORT is missing");
    p->look = !on_chip && !on_hsm && p->station_count > 0;
    if (!on_chip && !on_hsm && !p->look && !cli_has(c, OPT_LIST))
        cli_usage(c, "nothing to do");
}
