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
cli_fields_print(sfi_ctx *ctx, const sfi_option_bytes *ob)
{
    char told[SFI_OPTION_EFFECT_MAX] = "";
    sfi_option_bytes *fresh = NULL;
    size_t others = 0;
    sfi_option_field f;

    if (sfi_option_bytes_new(ctx, sfi_option_bytes_chip(ob), &fresh) != SFI_OK)
        fresh = NULL; /* then all are shown */
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
    sfi_option_bytes_free(fresh);
}

sfi_status
cli_fields_set(const struct cli_use *use, unsigned first, sfi_option_bytes *ob)
{
    char name[FIELD_NAME_MAX];
    sfi_status st = SFI_OK;

    for (unsigned i = first; i < use->count && st == SFI_OK; i++) {
        (void)snprintf(name, sizeof(name), "%.*s",
                       (int)strcspn(use->value[i], "="), use->value[i]);
        st = sfi_option_bytes_set(ob, name, (uint32_t)use->number[i]);
    }
    return st;
}
