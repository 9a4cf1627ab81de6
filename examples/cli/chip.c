/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parts on the command line: by name, order code or device id. */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

static const sfi_chip *
chip_by_number(const char *text)
{
    uint64_t id;

    return cli_number(text, UINT32_MAX, &id) ? sfi_chip_find_id((uint32_t)id)
                                             : NULL;
}

/* Device ids are hexadecimal: "450" most likely means 0x450. */
static const sfi_chip *
chip_by_bare_digits(const char *text)
{
    uint64_t id;

    return cli_number_behind("0x", text, UINT32_MAX, &id)
               ? sfi_chip_find_id((uint32_t)id)
               : NULL;
}

/* Two parts: the number is one of them in decimal, the other in hexadecimal. */
static const sfi_chip *
chip_by_id(const struct cli *c, const char *text)
{
    const sfi_chip *plain = chip_by_number(text);
    const sfi_chip *hex = chip_by_bare_digits(text);

    if (plain == NULL)
        return hex;
    if (hex != NULL && hex != plain)
        cli_usage(c,
                  "device id \"%s\" is ambiguous: 0x%s is %s, and in decimal "
                  "it is %s (0x%" PRIx32 ")",
                  text, text, sfi_chip_name(hex), sfi_chip_name(plain),
                  sfi_chip_device_id(plain));
    if (strncmp(text, "0x", 2) != 0 && strncmp(text, "0X", 2) != 0)
        cli_warn(c->spec->program,
                 "%s is read as a decimal number: 0x%" PRIx32 ", %s", text,
                 sfi_chip_device_id(plain), sfi_chip_name(plain));
    return plain;
}

static _Noreturn void
refuse_unknown_chip(const struct cli *c, const char *text)
{
    const sfi_chip *chip;
    char known[1024] = "";
    size_t len = 0;

    for (size_t i = 0; (chip = sfi_chip_at(i)) != NULL && len < sizeof(known);
         i++)
        len += (size_t)snprintf(known + len, sizeof(known) - len,
                                "%s%s (0x%" PRIx32 ")", i > 0 ? ", " : "",
                                sfi_chip_name(chip), sfi_chip_device_id(chip));
    cli_usage(c, "unknown chip \"%s\", expected one of: %s", text, known);
}

const sfi_chip *
cli_chip(const struct cli *c, const char *text)
{
    const sfi_chip *chip = sfi_chip_find(text);

    if (text == NULL)
        return NULL;
    if (chip == NULL)
        chip = chip_by_id(c, text);
    if (chip == NULL)
        refuse_unknown_chip(c, text);
    return chip;
}
