/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: check the command line before anything is opened. */
#include <inttypes.h>
#include <string.h>

#include "sfi_program.h"

#define TIMEOUT_MAX 3600000u /* an hour */

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
        if (strcmp(use->value[i], "unlockchip") == 0)
            cli_usage(c, "-ob unlockchip: libsfi has no table of defaults; "
                         "-ob displ shows the option bytes, -ob NAME=VALUE "
                         "sets one");
        if (value == NULL || !cli_number(value + 1, UINT32_MAX, &number))
            cli_usage(c, "-ob %s, expected -ob displ, or NAME=VALUE",
                      use->value[i]);
    }
}

static void
check_size_word(const struct cli *c, const struct cli_use *use, uint64_t max,
                const char *max_text)
{
    uint64_t size;

    if (!cli_number(use->value[1], max, &size) || size == 0)
        cli_usage(c, "%s: \"%s\" is not a size from 1 byte to %s",
                  use->spelling, use->value[1], max_text);
}

static void
check_written_values(const struct cli *c, const struct cli_use *use)
{
    unsigned width = station_value_width(use);
    uint64_t max = width == 4 ? UINT32_MAX : ((uint64_t)1 << 8 * width) - 1;
    uint64_t value;

    if (cli_address(c, use, 0) % width != 0)
        cli_usage(c, "%s: the address %s is not a multiple of %u",
                  use->spelling, use->value[0], width);
    for (unsigned i = 1; i < use->count; i++) {
        if (!cli_number(use->value[i], max, &value))
            cli_usage(c, "%s: \"%s\" is not a value up to 0x%" PRIx64,
                      use->spelling, use->value[i], max);
    }
}

static void
check_fill(const struct cli *c, const struct cli_use *use)
{
    const char *size = cli_key(c, use, "size");
    const char *pattern = cli_key(c, use, "pattern");
    const char *bits = cli_key(c, use, "dataWidth");
    uint64_t width = 8, value;

    if (use->count == 0 || size == NULL)
        cli_usage(c, "%s needs ADDRESS size=N", use->spelling);
    (void)cli_address(c, use, 0);
    if (bits != NULL && (!cli_number(bits, 32, &width) ||
                         (width != 8 && width != 16 && width != 32)))
        cli_usage(c, "dataWidth=%s, expected 8, 16 or 32", bits);
    if (!cli_number(size, FILL_MAX, &value) || value == 0 ||
        value * 8 % width != 0)
        cli_usage(c,
                  "size=%s is not a size from 1 byte to 64 MiB in whole "
                  "values",
                  size);
    if (pattern != NULL &&
        !cli_number(pattern, ((uint64_t)1 << width) - 1, &value))
        cli_usage(c, "pattern=%s is not a value of %" PRIu64 " bits", pattern,
                  width);
}

/* FILE [ADDRESS [raw]] and ST's "incremental", which changes nothing here. */
static void
check_write_option(const struct cli *c, const struct cli_use *use)
{
    unsigned count = station_write_words(use);

    if (count > 1)
        (void)cli_address(c, use, 1);
    if (count > 3 || (count > 2 && strcmp(use->value[2], "raw") != 0))
        cli_usage(c, "unexpected \"%s\"", use->value[count > 3 ? 3 : 2]);
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
        check_write_option(c, use);
        break;
    case OPT_VERIFY:
        if (use->count > 0 && strcmp(use->value[0], "fast") != 0)
            cli_usage(c, "unexpected \"%s\"", use->value[0]);
        break;
    case OPT_CHECKSUM:
        if (use->count == 0)
            break;
        if (use->count == 1)
            cli_usage(c, "%s needs ADDRESS SIZE, or nothing", use->spelling);
        /* fallthrough */
    case OPT_READ:
        (void)cli_address(c, use, 0);
        check_size_word(c, use, READ_MAX, "64 MiB");
        break;
    case OPT_R8:
    case OPT_R16:
    case OPT_R32:
        (void)cli_address(c, use, 0);
        check_size_word(c, use, SHOW_MAX, "1 MiB");
        break;
    case OPT_W8:
    case OPT_W16:
    case OPT_W32:
        check_written_values(c, use);
        break;
    case OPT_FILL:
        check_fill(c, use);
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

    for (size_t id = OPT_WRITE; id <= OPT_HALT; id++)
        any = any || cli_has(c, id);
    if (any && cli_has(c, OPT_SFI))
        cli_usage(c,
                  "-sfi cannot be combined with these options: a secure chip "
                  "gives no access to memory");
    while ((use = cli_next_use(c, use)) != NULL)
        check_action(c, use);
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

/* A live licence that is saved is of no use. */
static void
check_license_protocol(const struct cli *c, size_t id)
{
    const struct cli_use *use = cli_next(c, id, NULL);
    const char *protocol = cli_key(c, use, "protocol");

    if (protocol != NULL && strcmp(protocol, "static") != 0)
        cli_usage(c,
                  "%s: protocol=%s, expected static: a live licence is made "
                  "during the install",
                  use->spelling, protocol);
}

static void
check_how_to_run(struct program *p)
{
    const char *timeout = cli_value(&p->cli, OPT_TIMEOUT);
    const char *verbosity = cli_value(&p->cli, OPT_VERBOSITY);
    uint64_t value = SFI_LOG_WARNING;

    if (verbosity != NULL &&
        (!cli_number(verbosity, SFI_LOG_DEBUG, &value) || value == 0))
        cli_usage(&p->cli, "-vb %s, expected 1, 2 or 3", verbosity);
    cli_log_set((int)value, cli_has(&p->cli, OPT_LOG));
    if (timeout == NULL)
        return;
    if (!cli_number(timeout, TIMEOUT_MAX, &value) || value == 0)
        cli_usage(&p->cli, "-t %s is not a time from 1 to %u ms", timeout,
                  TIMEOUT_MAX);
    p->timeout_ms = (uint32_t)value;
}

void
program_check(struct program *p, struct station *s)
{
    bool plain = program_check_actions(&p->cli);
    bool on_chip = plain || cli_has(&p->cli, OPT_SFI) ||
                   cli_has(&p->cli, OPT_ERASE) ||
                   cli_has(&p->cli, OPT_GET_CERTIFICATE) ||
                   cli_has(&p->cli, OPT_CHIP_LICENSE);
    bool on_hsm = false;

    program_check_list(&p->cli);
    program_read_port(p, s);
    check_sfi_options(p);
    check_license_protocol(&p->cli, OPT_CHIP_LICENSE);
    check_license_protocol(&p->cli, OPT_HSM_LICENSE);
    check_how_to_run(p);
    p->plain =
        plain || (cli_has(&p->cli, OPT_ERASE) && !cli_has(&p->cli, OPT_SFI));
    for (size_t id = OPT_HSM_INFO; id <= OPT_HSM_LICENSE; id++) {
        on_hsm = on_hsm || cli_has(&p->cli, id);
    }
    if (on_chip && s->uri[0] == '\0' && !cli_has(&p->cli, OPT_GANG))
        cli_usage(&p->cli, "-c port=PORT is missing");
    p->look = !on_chip && !on_hsm &&
              (s->uri[0] != '\0' || cli_has(&p->cli, OPT_GANG));
    if (!on_chip && !on_hsm && !p->look && !cli_has(&p->cli, OPT_LIST))
        cli_usage(&p->cli, "nothing to do");
}
