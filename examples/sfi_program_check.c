/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: check the command line before anything is opened. */
#include <string.h>

#include "sfi_program.h"

/* ---- the actions ---- */

static void
check_erase_option(const struct cli *c, const struct cli_use *use)
{
    uint64_t first, last;

    for (unsigned i = 0; i < use->count; i++) {
        const char *word = use->value[i];

        if (strcmp(word, "all") == 0 && use->count == 1)
            return;
        if (!station_parse_sectors(use, &i, &first, &last))
            cli_usage(c,
                      "-e %s, expected -e all, or sectors: -e 0 2-5, or "
                      "-e [2 5]",
                      word);
    }
    if (cli_has(c, OPT_SFI))
        cli_usage(c, "-sfi erases the flash itself; only -e all can be "
                     "combined with it");
}

static void
check_option_byte_words(const struct cli *c, const struct cli_use *use)
{
    for (unsigned i = 0; i < use->count; i++) {
        const char *value = strchr(use->value[i], '=');
        uint64_t number;

        if (strcmp(use->value[i], "displ") == 0 && use->count == 1)
            return;
        if (value == NULL || !cli_number(value + 1, UINT32_MAX, &number))
            cli_usage(c, "-ob %s, expected -ob displ, or NAME=VALUE",
                      use->value[i]);
    }
}

static void
check_size_word(const struct cli *c, const struct cli_use *use, unsigned index)
{
    uint64_t size;

    if (!cli_number(use->value[index], READ_MAX, &size) || size == 0)
        cli_usage(c, "%s: \"%s\" is not a size from 1 byte to 64 MiB",
                  use->spelling, use->value[index]);
}

/* The words of one action. */
static void
check_action(const struct cli *c, const struct cli_use *use)
{
    switch (use->id) {
    case OPT_ERASE:
        check_erase_option(c, use);
        break;
    case OPT_WRITE:
        if (use->count > 1)
            (void)cli_address(c, use, 1);
        break;
    case OPT_READ:
        (void)cli_address(c, use, 0);
        check_size_word(c, use, 1);
        break;
    case OPT_OB:
        check_option_byte_words(c, use);
        break;
    case OPT_GO:
        if (use->count > 0)
            (void)cli_address(c, use, 0);
        break;
    default:
        break;
    }
}

bool
program_check_actions(const struct cli *c)
{
    const struct cli_use *use = NULL;
    bool any = false;

    for (size_t id = OPT_WRITE; id <= OPT_GO; id++)
        any = any || cli_has(c, id);
    if (any && cli_has(c, OPT_SFI))
        cli_usage(c,
                  "-sfi cannot be combined with these options: a secure chip "
                  "gives no access to memory");
    while ((use = cli_next_use(c, use)) != NULL)
        check_action(c, use);
    if (cli_has(c, OPT_VERIFY) && !cli_has(c, OPT_WRITE))
        cli_usage(c, "-v needs -w FILE");
    return any;
}

/* ---- all together ---- */

static void
check_sfi_options(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    const char *protocol = cli_key(&p->cli, use, "protocol");
    const char *hsm = cli_key(&p->cli, use, "hsm");
    bool from_hsm = hsm != NULL && strcmp(hsm, "1") == 0;

    if (use == NULL)
        return;
    p->live = protocol != NULL && strcmp(protocol, "live") == 0;
    if (protocol != NULL && !p->live && strcmp(protocol, "static") != 0)
        cli_usage(&p->cli, "protocol=%s, expected static or live", protocol);
    if (hsm != NULL && !from_hsm && strcmp(hsm, "0") != 0)
        cli_usage(&p->cli, "hsm=%s, expected 0 or 1", hsm);
    if (from_hsm && cli_key(&p->cli, use, "slot") == NULL)
        cli_usage(&p->cli, "hsm=1 needs slot=HSM, such as slot=vault:PATH");
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
program_check(struct program *p, struct station *s)
{
    bool plain = program_check_actions(&p->cli);
    bool on_chip = plain || cli_has(&p->cli, OPT_SFI) ||
                   cli_has(&p->cli, OPT_ERASE) ||
                   cli_has(&p->cli, OPT_GET_CERTIFICATE);
    bool on_hsm = false;

    program_check_list(&p->cli);
    program_read_port(p, s);
    check_sfi_options(p);
    p->plain =
        plain || (cli_has(&p->cli, OPT_ERASE) && !cli_has(&p->cli, OPT_SFI));
    for (size_t id = OPT_HSM_INFO; id <= OPT_HSM_LICENSE; id++) {
        const struct cli_use *use = cli_next(&p->cli, id, NULL);

        if (use != NULL && cli_key(&p->cli, use, "slot") == NULL)
            cli_usage(&p->cli, "%s needs slot=HSM, such as slot=vault:PATH",
                      use->spelling);
        on_hsm = on_hsm || use != NULL;
    }
    if (on_chip && s->uri[0] == '\0' && !cli_has(&p->cli, OPT_GANG))
        cli_usage(&p->cli, "-c port=PORT is missing");
    if (!on_chip && !on_hsm && !cli_has(&p->cli, OPT_LIST))
        cli_usage(&p->cli, "nothing to do");
}
