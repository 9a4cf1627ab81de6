/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Fields of the option bytes for people and for machines. */
#include "cli/option_bytes.h"

#include <inttypes.h>
#include <string.h>

#define FIELD_NAME_MAX 64u
/* Where texts begin, and where lines end. */
#define INDENT 28
#define WIDTH 79

static bool
field_at(const sfi_option_bytes *ob, size_t i, sfi_option_field *f)
{
    *f = (sfi_option_field){.struct_size = sizeof(*f)};
    return sfi_option_bytes_get_field(ob, i, f) == SFI_OK;
}

/* A text below the values, in lines that fit a terminal. */
static void
field_print_effect(const char *text)
{
    while (*text != '\0') {
        size_t len = strlen(text);
        size_t n = len;

        if (len > WIDTH - INDENT) {
            n = WIDTH - INDENT;
            while (n > 0 && text[n] != ' ')
                n--;
            if (n == 0)
                n = WIDTH - INDENT;
        }
        cli_print("%*s%.*s\n", INDENT, "", (int)n, text);
        text += n;
        text += *text == ' ';
    }
}

static bool
field_is_as_new(const sfi_option_bytes *fresh, size_t i,
                const sfi_option_field *f)
{
    sfi_option_field n;

    return fresh != NULL && field_at(fresh, i, &n) &&
           (f->value == n.value ||
            (f->effect[0] != '\0' && strcmp(f->effect, n.effect) == 0));
}

void
cli_fields_print(const sfi_option_bytes *ob, const sfi_option_bytes *fresh)
{
    char told[SFI_OPTION_EFFECT_MAX] = "";
    size_t others = 0;
    sfi_option_field f;

    for (size_t i = 0; field_at(ob, i, &f); i++) {
        if (field_is_as_new(fresh, i, &f)) {
            others++;
            continue;
        }
        cli_print("  %-17s: 0x%-5" PRIx32 " %s%s%s\n", f.name, f.value, f.about,
                  f.text[0] != '\0' ? ": " : "", f.text);
        /* both ends of an area have the same */
        if (strcmp(f.effect, told) != 0)
            field_print_effect(f.effect);
        (void)snprintf(told, sizeof(told), "%s", f.effect);
    }
    if (others > 0)
        cli_print("  %zu fields do what they do in a new part\n", others);
}

static bool
field_parse(const char *word, char name[FIELD_NAME_MAX], uint32_t *value)
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : 0;
    uint64_t v;

    if (len == 0 || len >= FIELD_NAME_MAX ||
        !cli_number(equals + 1, UINT32_MAX, &v))
        return false;
    (void)snprintf(name, FIELD_NAME_MAX, "%.*s", (int)len, word);
    *value = (uint32_t)v;
    return true;
}

void
cli_fields_check(const struct cli *c, const struct cli_use *use, unsigned first)
{
    char name[FIELD_NAME_MAX];
    uint32_t value;

    for (unsigned i = first; i < use->count; i++) {
        if (!field_parse(use->value[i], name, &value))
            cli_usage(c, "%s: \"%s\", expected NAME=VALUE, as RDP=0xBB",
                      use->spelling, use->value[i]);
    }
}

sfi_status
cli_fields_set(const struct cli *c, const struct cli_use *use, unsigned first,
               sfi_option_bytes *ob)
{
    char name[FIELD_NAME_MAX];
    uint32_t value;
    sfi_status st = SFI_OK;

    cli_fields_check(c, use, first);
    for (unsigned i = first; i < use->count && st == SFI_OK; i++) {
        if (field_parse(use->value[i], name, &value))
            st = sfi_option_bytes_set(ob, name, value);
    }
    return st;
}
