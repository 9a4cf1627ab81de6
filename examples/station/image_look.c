/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an image that exists says, as sfi-info has it. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/image.h"

/* Key and nonce, if both are named. */
static bool
look_secrets(struct form *f, sfi_describe_options *with, sfi_key **key)
{
    const char *key_name = ask_text(f->ask, "key");
    const char *nonce_name = ask_text(f->ask, "nonce");
    sfi_status st;

    if (key_name[0] == '\0' && nonce_name[0] == '\0')
        return true;
    if (key_name[0] == '\0' || nonce_name[0] == '\0') {
        form_refuse(f, key_name[0] == '\0' ? "key" : "nonce", SFI_ERR_ARGUMENT,
                    "only one of key and nonce is named, expected both or "
                    "neither");
        return false;
    }
    if (!form_path(f, "key", key_name, FILE_READ, f->key) ||
        !form_path(f, "nonce", nonce_name, FILE_READ, f->nonce))
        return false;
    st = sfi_key_load(f->ctx, f->key, key);
    if (st != SFI_OK) {
        form_failed(f, "key", st);
        return false;
    }
    st = sfi_nonce_load(f->ctx, f->nonce, f->nonce_secret);
    if (st != SFI_OK) {
        form_failed(f, "nonce", st);
        return false;
    }
    with->key = *key;
    with->nonce = f->nonce_secret;
    return true;
}

static json_t *
look_facts(const sfi_description *facts)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    json_t *value = NULL;

    if (out == NULL)
        return NULL;
    if (sfi_description_json(facts, image_write, out) == SFI_OK &&
        fclose(out) == 0)
        value = json_loadb(text, len, 0, NULL);
    free(text);
    return value;
}

/* Where it goes on the part, and whether the part takes it. */
static void
look_layout(struct form *f, const sfi_description *facts, json_t *answer)
{
    sfi_layout *l = NULL;
    sfi_status st = sfi_description_layout(facts, f->chip, &l);

    if (st == SFI_OK) {
        json_object_set_new(answer, "areas", image_areas(f->settings, l));
        st = sfi_layout_check(l, cli_findings_add, &f->findings);
    }
    if (st != SFI_OK && f->findings.errors == 0)
        form_failed(f, "file", st);
    sfi_layout_free(l);
}

static void
look_file(struct form *f, const char *path, struct reply *r)
{
    sfi_describe_options with = {
        .struct_size = sizeof(with), .kind = SFI_FILE_IMAGE, .chip = f->chip};
    json_t *answer = json_object();
    sfi_description *facts = NULL;
    sfi_key *key = NULL;
    sfi_status st = sfi_description_new(f->ctx, &facts);

    if (look_secrets(f, &with, &key) && st == SFI_OK) {
        st = sfi_description_read(facts, path, &with);
        if (st != SFI_OK)
            form_failed(f, "file", st);
        else
            look_layout(f, facts, answer);
        json_object_set_new(answer, "facts", look_facts(facts));
    }
    json_object_set_new(answer, "sound",
                        json_boolean(json_array_size(f->errors) == 0));
    json_object_set_new(answer, "chip", image_chip(f->chip));
    json_object_set_new(answer, "findings", image_findings(f));
    json_object_set(answer, "errors", f->errors);
    reply_json(r, answer);
    sfi_description_free(facts);
    sfi_key_free(key);
}

void
image_look(struct desk *d, const struct ask *a, struct reply *r)
{
    char path[STATION_PATH_MAX];
    struct form f;

    if (form_read_options(&f, d, a) &&
        form_path(&f, "file", ask_text(a, "file"), FILE_READ, path))
        look_file(&f, path, r);
    else
        (void)form_reply_error(&f, r);
    form_free(&f);
}
