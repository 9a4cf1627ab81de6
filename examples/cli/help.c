/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* --help and --version. */
#include "cli/help.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 36

static void
help_print_lines(const char *text, const char *first, const char *others)
{
    const char *lead = first;

    while (*text != '\0') {
        size_t len = strcspn(text, "\n");

        (void)printf("%s%.*s\n", lead, (int)len, text);
        text += len + (text[len] == '\n');
        lead = others;
    }
}

/* The parts, so that a new one shows up in every program. */
static void
help_print_chips(const char *indent)
{
    const sfi_chip *chip;

    for (size_t i = 0; (chip = sfi_chip_at(i)) != NULL; i++)
        (void)printf("%s%s (0x%" PRIx32 ")\n", indent, sfi_chip_name(chip),
                     sfi_chip_device_id(chip));
}

static void
help_print_option(const struct cli_option *o)
{
    char left[160];
    char indent[HELP_COLUMN + 1];
    int len;

    (void)snprintf(indent, sizeof(indent), "%*s", HELP_COLUMN, "");
    len = snprintf(
        left, sizeof(left), "  %s%s%s--%s%s%s", o->brief != NULL ? "-" : "",
        o->brief != NULL ? o->brief : "", o->brief != NULL ? ", " : "", o->name,
        o->values != NULL ? " " : "", o->values != NULL ? o->values : "");
    if (len < HELP_COLUMN - 1) {
        (void)printf("%-*s", HELP_COLUMN, left);
        help_print_lines(o->help, "", indent);
    } else {
        (void)printf("%s\n", left);
        help_print_lines(o->help, indent, indent);
    }
    if (o->lists_chips)
        help_print_chips(indent);
}

void
print_version_and_exit(const char *program)
{
    if (cli_wants_json())
        exit(report_end(0) ? 0 : cli_exit_status(SFI_ERR_OS));
    (void)printf("%s (libsfi) %s\n", program, sfi_version_str());
    exit(fflush(stdout) == 0 ? 0 : cli_exit_status(SFI_ERR_OS));
}

const struct cli_option common_options[COMMON_OPTIONS] = {
    {.name = "help", .help = "print this help"},
    {.name = "version", .help = "print the version"},
};

/* Each line is a usage of its own; an indented line continues it. */
static void
help_print_usage(const struct cli_spec *spec)
{
    const char *lead = "Usage:";

    for (const char *at = spec->usage; *at != '\0';) {
        size_t len = strcspn(at, "\n");

        if (*at == ' ')
            (void)printf("         %.*s\n", (int)len, at);
        else
            (void)printf("%s %s %.*s\n", lead, spec->program, (int)len, at);
        at += len + (at[len] == '\n');
        lead = "      ";
    }
}

static void
help_write_option(struct json *j, const struct cli_option *o)
{
    json_open_object(j, NULL);
    if (o->brief != NULL)
        json_text(j, "short", o->brief);
    json_text(j, "long", o->name);
    if (o->values != NULL)
        json_text(j, "words", o->values);
    json_text(j, "help", o->help);
    json_close(j);
}

static _Noreturn void
help_write_json_and_exit(const struct cli_spec *spec)
{
    static struct json j;

    cli_json_begin(&j);
    json_text(&j, "purpose", spec->purpose);
    if (spec->usage != NULL)
        json_text(&j, "usage", spec->usage);
    json_open_array(&j, "options");
    for (size_t i = 0; i < spec->option_count; i++)
        help_write_option(&j, &spec->options[i]);
    json_close(&j);
    exit(report_end(0) ? 0 : cli_exit_status(SFI_ERR_OS));
}

void
print_help_and_exit(const struct cli_spec *spec)
{
    if (cli_wants_json())
        help_write_json_and_exit(spec);
    help_print_usage(spec);
    (void)printf("%s\n\nOptions (with one dash or two):\n", spec->purpose);
    for (size_t i = 0; i < spec->option_count; i++)
        help_print_option(&spec->options[i]);
    for (size_t i = 0; i < COMMON_OPTIONS; i++)
        help_print_option(&common_options[i]);
    if (spec->notes != NULL)
        (void)printf("\n%s\n", spec->notes);
    (void)printf("\nExit status: 0; 64 usage; 1 program, 2 input, 3 security, "
                 "4 link,\n5 device, 6 HSM, 7 machine.\n");
    exit(fflush(stdout) == 0 ? 0 : cli_exit_status(SFI_ERR_OS));
}
