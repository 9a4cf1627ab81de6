/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Cells of CSV, as RFC 4180 has them. */
#include <string.h>

#include "cli/cli.h"

void
cli_csv_cell(FILE *out, const char *text, const char *end)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;

    if (quoted)
        (void)fputc('"', out);
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL)
        (void)fputc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            (void)fputc('"', out);
        (void)fputc(*text, out);
    }
    (void)fprintf(out, "%s%s", quoted ? "\"" : "", end);
}
