/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lines for handlers, which read no JSON. */
#include "cli/ate.h"
#include "cli/report.h"

#define TAIL_MAX 8u /* an escape, the line's end, a NUL */

static void
ate_put(struct cli_ate *a, const char *text)
{
    for (; *text != '\0' && a->len + TAIL_MAX < sizeof(a->text); text++)
        a->text[a->len++] = *text;
}

/* What a handler could take for the end of a value or of a line is a number. */
static void
ate_put_foreign(struct cli_ate *a, const char *text, unsigned char least)
{
    static const char digits[] = "0123456789abcdef";

    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        const char plain[] = {(char)c, '\0'};
        const char number[] = {'\\', 'x', digits[c >> 4], digits[c & 15], '\0'};

        ate_put(a, c >= least && c < 0x7f && c != '\\' ? plain : number);
    }
}

void
cli_ate_begin(struct cli_ate *a, long number)
{
    char lead[32] = "#OK";

    a->len = 0;
    if (number != 0)
        (void)snprintf(lead, sizeof(lead), "#ERR %03ld",
                       number < 0 ? -number : number);
    ate_put(a, lead);
}

void
cli_ate_value(struct cli_ate *a, const char *key, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    ate_put(a, " ");
    ate_put(a, key);
    ate_put(a, "=");
    ate_put_foreign(a, value, '!');
}

void
cli_ate_number(struct cli_ate *a, const char *key, uint64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
    cli_ate_value(a, key, digits);
}

void
cli_ate_text(struct cli_ate *a, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    ate_put(a, " ");
    ate_put_foreign(a, text, ' ');
}

void
cli_ate_end(struct cli_ate *a)
{
    a->text[a->len++] = '\n';
    a->text[a->len] = '\0';
    report_ate(a->text);
}
