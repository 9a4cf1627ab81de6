/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What is known about an image, as JSON. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/image.h"

#define AREAS_SHOWN_MAX 1024u

/* ---- texts ---- */

/* Put the page's name of a folder where a path of it begins. */
static void
text_rename(const struct settings *s, const char *text, FILE *out)
{
    while (*text != '\0') {
        char name[STATION_PATH_MAX];
        size_t len = 0;

        for (size_t i = 0; i < s->folder_count && len == 0; i++) {
            size_t n = strlen(s->folders[i]);

            if (n > 1 && strncmp(text, s->folders[i], n) == 0 &&
                text[n] == '/' && file_name(s, s->folders[i], name))
                len = n;
        }
        if (len > 0)
            (void)fputs(name, out);
        else
            (void)fputc(*text, out);
        text += len > 0 ? len : 1;
    }
}

json_t *
image_text(const struct settings *s, const char *text)
{
    char *renamed = NULL, escaped[4096];
    size_t len;
    FILE *out = open_memstream(&renamed, &len);
    json_t *value = NULL;

    if (out == NULL)
        return json_string("");
    text_rename(s, text, out);
    if (fclose(out) == 0)
        value = json_string(renamed);
    if (value == NULL && renamed != NULL) { /* not UTF-8 */
        sfi_text_escape(renamed, escaped, sizeof(escaped));
        value = json_string(escaped);
    }
    free(renamed);
    return value != NULL ? value : json_string("");
}

sfi_status
image_write(void *file, const uint8_t *data, size_t len)
{
    return fwrite(data, 1, len, file) == len ? SFI_OK : SFI_ERR_NOMEM;
}

/* ---- the part ---- */

json_t *
image_chip(const sfi_chip *chip)
{
    return json_pack("{s:s, s:I, s:s, s:I, s:I, s:I, s:I}", "name",
                     sfi_chip_name(chip), "device_id",
                     (json_int_t)sfi_chip_device_id(chip), "product_id",
                     sfi_chip_product_id(chip), "flash_base",
                     (json_int_t)sfi_chip_flash_base(chip), "flash_size",
                     (json_int_t)sfi_chip_flash_size(chip), "sector_size",
                     (json_int_t)sfi_chip_sector_size(chip), "program_unit",
                     (json_int_t)sfi_chip_program_unit(chip));
}

/* ---- option bytes ---- */

static json_t *
options_field(const sfi_option_bytes *ob, const sfi_option_field *o)
{
    const char *row = "";
    uint32_t word;

    if (sfi_option_bytes_get(ob, o->row, &row, &word) != SFI_OK)
        row = "";
    return json_pack("{s:s, s:s, s:i, s:i, s:I, s:I, s:s, s:s, s:s}", "name",
                     o->name, "row", row, "shift", (int)o->shift, "width",
                     (int)o->width, "value", (json_int_t)o->value, "shipped",
                     (json_int_t)o->shipped, "about", o->about, "text", o->text,
                     "effect", o->effect);
}

json_t *
image_options(const sfi_option_bytes *ob)
{
    json_t *words = json_array(), *fields = json_array();
    const char *permanent = sfi_option_bytes_permanent(ob);
    sfi_option_field field = {.struct_size = sizeof(field)};
    const char *name;
    uint32_t word;

    for (size_t i = 0; sfi_option_bytes_get(ob, i, &name, &word) == SFI_OK; i++)
        json_array_append_new(words, json_integer(word));
    for (size_t i = 0; sfi_option_bytes_get_field(ob, i, &field) == SFI_OK;
         i++) {
        json_array_append_new(fields, options_field(ob, &field));
        field = (sfi_option_field){.struct_size = sizeof(field)};
    }
    return json_pack("{s:o, s:o, s:s}", "words", words, "fields", fields,
                     "permanent", permanent != NULL ? permanent : "");
}

/* ---- areas ---- */

json_t *
image_areas(const struct settings *s, const sfi_layout *l)
{
    json_t *areas = json_array(), *one;
    sfi_layout_area a = {.struct_size = sizeof(a)};

    for (size_t i = 0;
         i < AREAS_SHOWN_MAX && sfi_layout_get_area(l, i, &a) == SFI_OK; i++) {
        char kind[2] = {(char)a.kind, '\0'};

        one = json_pack("{s:i, s:s, s:I, s:I, s:i}", "number", (int)i + 1,
                        "kind", kind, "address", (json_int_t)a.address, "size",
                        (json_int_t)a.size, "segment", (int)a.segment);
        json_object_set_new(one, "file", image_text(s, a.file));
        json_array_append_new(areas, one);
    }
    return areas;
}

/* ---- findings ---- */

/* The field that a finding is about. */
static void
finding_field(const struct form *f, const sfi_finding *o, char out[96])
{
    const char *field = "firmware";

    if (strcmp(o->rule, "zero-key") == 0)
        field = "key";
    else if (strcmp(o->rule, "zero-nonce") == 0 ||
             strcmp(o->rule, "nonce-reuse") == 0)
        field = "nonce";
    else if (o->row != NULL || strncmp(o->rule, "ob-", 3) == 0)
        field = "options";
    (void)snprintf(out, 96, "%s", field);
    if (o->field != NULL)
        (void)snprintf(out, 96, "options.%.64s", o->field);
    for (size_t i = 0; i < FORM_FILES_MAX && o->file != NULL; i++) {
        if (f->files[i] != NULL && strcmp(f->files[i], o->file) == 0) {
            (void)snprintf(out, 96, "firmware.%zu.file", i);
            return;
        }
    }
}

static json_t *
finding_json(const struct form *f, const sfi_finding *o)
{
    static const char *const severities[] = {"", "note", "warning", "error"};
    char field[96];
    json_t *one;

    finding_field(f, o, field);
    one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:s}", "severity",
                    severities[o->severity], "rule", o->rule, "source",
                    o->source, "remedy", o->remedy, "where", field, "area",
                    (int)o->area, "address", (json_int_t)o->address, "size",
                    (json_int_t)o->size, "row", o->row != NULL ? o->row : "");
    json_object_set_new(one, "message", image_text(f->settings, o->message));
    return one;
}

json_t *
image_findings(const struct form *f)
{
    json_t *all = json_array();

    for (size_t i = 0; i < f->findings.count; i++)
        json_array_append_new(all,
                              finding_json(f, &f->findings.all[i].finding));
    return all;
}
