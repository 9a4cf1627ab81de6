/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: options of ST's Trusted Package Creator (UM2238; AN5054, 2.5.1)
 * that mean something else for the parts of libsfi, and numbers as it takes
 * them. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_create.h"

/* ---- -v ---- */

/* The value of digits of this base; false: they are none. */
static bool
digits_value(const char *text, int base, uint64_t *out)
{
    char *end;

    *out = strtoull(text, &end, base);
    return isalnum((unsigned char)text[0]) && *end == '\0';
}

/* "any base": 0x1f, 0b101, 0o17, 31, 1f.  A zero in front is octal to some and
 * nothing to others. */
uint32_t
create_version(const struct cli *c)
{
    const char *text = cli_need(c, OPT_VER);
    uint64_t value, octal;
    bool ok;

    if (strlen(text) > 2 && text[0] == '0' && strchr("bBoO", text[1]) != NULL)
        ok = digits_value(text + 2, strchr("bB", text[1]) ? 2 : 8, &value);
    else
        ok = cli_number(text, UINT32_MAX, &value) ||
             (strspn(text, "0123456789abcdefABCDEF") == strlen(text) &&
              strpbrk(text, "abcdefABCDEF") != NULL &&
              digits_value(text, 16, &value));
    if (!ok)
        cli_usage(c, "-v %s is not a number, expected 0 to 255", text);
    if (text[0] == '0' && digits_value(text, 8, &octal) && octal != value)
        cli_usage(c,
                  "-v %s is ambiguous: %" PRIu64 " in decimal, %" PRIu64
                  " in octal; write it without the zero, or as 0o%s",
                  text, value, octal, text + strspn(text, "0"));
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

/* ---- -rs, -ct, -hash ---- */

static uint64_t
word_number(const struct cli *c, size_t id, uint64_t max, const char *expected)
{
    const struct cli_use *use = cli_next(c, id, NULL);
    uint64_t value;

    if (!cli_number(use->value[0], max, &value))
        cli_usage(c, "%s %s is not %s", use->spelling, use->value[0], expected);
    return value;
}

static uint64_t
ram_size(const struct cli *c)
{
    return word_number(c, OPT_RAMSIZE, UINT32_MAX,
                       "a size in bytes, such as 0x1e000");
}

static void
check_ram_size(const struct job *j)
{
    if (ram_size(&j->cli) == 0)
        cli_usage(&j->cli, "-rs 0: expected the bytes of RAM that a part has "
                           "for an image");
}

/* Where a part would keep the state of an install between two pieces. */
static void
check_token(const struct job *j)
{
    uint64_t base = sfi_chip_flash_base(j->chip);
    uint64_t size = sfi_chip_flash_size(j->chip);
    uint64_t at = word_number(&j->cli, OPT_TOKEN, UINT32_MAX,
                              "an address, such as 0x081ff000");

    if (at < base || at - base >= size)
        cli_usage(&j->cli,
                  "-ct 0x%08" PRIx64 " is not in the flash of %s, 0x%08" PRIx64
                  " to 0x%08" PRIx64,
                  at, sfi_chip_name(j->chip), base, base + size - 1);
}

static void
check_hash(const struct job *j)
{
    if (word_number(&j->cli, OPT_HASH, 1, "0 or 1") == 1)
        cli_usage(&j->cli,
                  "-hash 1: STM32H72x, H73x and H5 need a hash in the image; "
                  "%s does not, and takes an image without",
                  sfi_chip_name(j->chip));
}

void
create_check_words(const struct job *j)
{
    if (cli_has(&j->cli, OPT_RAMSIZE))
        check_ram_size(j);
    if (cli_has(&j->cli, OPT_TOKEN))
        check_token(j);
    if (cli_has(&j->cli, OPT_HASH))
        check_hash(j);
}

void
create_tell_words(const struct job *j)
{
    if (cli_has(&j->cli, OPT_RAMSIZE) && j->size > ram_size(&j->cli))
        cli_warn(j->cli.spec->program,
                 "the image has %" PRIu64 " bytes, more than -rs "
                 "%" PRIu64 ": it is not cut into pieces, since %s takes "
                 "it area by area",
                 j->size, ram_size(&j->cli), sfi_chip_name(j->chip));
    if (cli_has(&j->cli, OPT_TOKEN))
        cli_print("Continuation token %s : not needed, the image is one "
                  "piece\n",
                  cli_visible(cli_value(&j->cli, OPT_TOKEN)));
}
