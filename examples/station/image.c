/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Image". */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/secrets.h"
#include "station/image.h"

static void
image_parts(struct desk *d, const struct ask *a, struct reply *r)
{
    json_t *parts = json_array();

    (void)d;
    (void)a;
    for (size_t i = 0; sfi_chip_at(i) != NULL; i++)
        json_array_append_new(parts, image_chip(sfi_chip_at(i)));
    reply_json(r, json_pack("{s:o}", "parts", parts));
}

/* ---- the form, as it is filled in ---- */

static json_t *
form_output(const struct form *f)
{
    const char *state = f->out_exists ? "exists" : "new";

    return json_pack("{s:s}", "state", f->out[0] == '\0' ? "none" : state);
}

static bool
form_is_ready(const struct form *f)
{
    return json_array_size(f->errors) == 0 &&
           json_array_size(f->missing) == 0 && f->findings.errors == 0;
}

static json_t *
form_answer(struct form *f)
{
    json_t *answer = json_pack(
        "{s:b, s:O, s:O, s:O, s:O, s:o, s:o, s:o, s:o, s:o}", "ready",
        form_is_ready(f), "missing", f->missing, "errors", f->errors,
        "firmware", f->firmware, "modules", f->modules, "chip",
        image_chip(f->chip), "options",
        f->options != NULL ? image_options(f->options) : json_null(), "nonce",
        image_nonce(f), "out", form_output(f), "findings", image_findings(f));
    sfi_layout *l = NULL;

    if (sfi_image_builder_layout(f->builder, &l) == SFI_OK) {
        json_object_set_new(answer, "areas", image_areas(f->settings, l));
        json_object_set_new(answer, "image_size",
                            json_integer((json_int_t)sfi_layout_image_size(l)));
    }
    sfi_layout_free(l);
    return answer;
}

static void
image_check(struct desk *d, const struct ask *a, struct reply *r)
{
    struct form f;

    if (form_read(&f, d, a))
        reply_json(r, form_answer(&f));
    else
        (void)form_reply_error(&f, r);
    form_free(&f);
}

/* The picture that sfi-create --svg makes. */
static void
image_map(struct desk *d, const struct ask *a, struct reply *r)
{
    sfi_map_options o = {.struct_size = sizeof(o)};
    sfi_layout *l = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *out = NULL;
    sfi_status st;
    struct form f;

    if (!form_read(&f, d, a)) {
        (void)form_reply_error(&f, r);
        form_free(&f);
        return;
    }
    st = sfi_image_builder_layout(f.builder, &l);
    if (st == SFI_OK)
        out = open_memstream(&text, &len);
    if (out != NULL)
        st = sfi_map_svg(l, &o, image_write, out);
    if (out == NULL || fclose(out) != 0 || st != SFI_OK) {
        reply_failure(r, f.ctx, st != SFI_OK ? st : SFI_ERR_NOMEM);
    } else {
        reply_bytes(r, "image/svg+xml", text, len);
        (void)snprintf(r->name, sizeof(r->name), "%s-map.svg",
                       sfi_chip_name(f.chip));
    }
    free(text);
    sfi_layout_free(l);
    form_free(&f);
}

/* ---- option bytes ---- */

/* Read "text", what a CSV file has, or the file "csv". */
static void
image_options_read(struct desk *d, const struct ask *a, struct reply *r)
{
    const char *text = ask_text(a, "text"), *csv = ask_text(a, "csv");
    char path[STATION_PATH_MAX];
    sfi_option_bytes *ob = NULL;
    sfi_status st = SFI_OK;
    struct form f;

    if (form_read_options(&f, d, a)) {
        if (csv[0] == '\0')
            st =
                sfi_option_bytes_parse(d->ctx, f.chip, text, strlen(text), &ob);
        else if (form_path(&f, "options", csv, FILE_READ, path))
            st = sfi_option_bytes_load(d->ctx, f.chip, path, &ob);
        if (st != SFI_OK)
            form_failed(&f, "options", st);
    }
    if (!form_reply_error(&f, r))
        reply_json(r, image_options(ob));
    sfi_option_bytes_free(ob);
    form_free(&f);
}

static void
image_csv(struct desk *d, const struct ask *a, struct reply *r)
{
    const char *csv = NULL;
    struct form f;

    if (form_read_options(&f, d, a)) {
        sfi_status st =
            sfi_option_bytes_csv(f.options, SFI_OPTION_EXPLAIN, &csv);

        if (st != SFI_OK)
            form_failed(&f, "options", st);
    }
    if (!form_reply_error(&f, r)) {
        reply_bytes(r, "text/csv; charset=utf-8", csv, strlen(csv));
        (void)snprintf(r->name, sizeof(r->name), "%s-option-bytes.csv",
                       sfi_chip_name(f.chip));
    }
    form_free(&f);
}

/* ---- what is made ---- */

/* A new key and a new nonce, or one of them. */
static void
image_secrets(struct desk *d, const struct ask *a, struct reply *r)
{
    const char *key = ask_text(a, "key"), *nonce = ask_text(a, "nonce");
    char key_path[STATION_PATH_MAX], nonce_path[STATION_PATH_MAX];
    sfi_status st;
    struct form f;

    if (form_read_options(&f, d, a)) {
        if (key[0] != '\0')
            (void)form_path(&f, "key", key, FILE_WRITE, key_path);
        if (nonce[0] != '\0')
            (void)form_path(&f, "nonce", nonce, FILE_WRITE, nonce_path);
        if (key[0] == '\0' && nonce[0] == '\0')
            form_refuse(&f, "key", SFI_ERR_ARGUMENT,
                        "no name, expected that of a new file");
    }
    if (json_array_size(f.errors) == 0) {
        st = cli_make_secrets(d->ctx, key[0] != '\0' ? key_path : NULL,
                              nonce[0] != '\0' ? nonce_path : NULL);
        if (st != SFI_OK)
            form_failed(&f,
                        key[0] != '\0' &&
                                strcmp(sfi_error_where(sfi_ctx_error(d->ctx)),
                                       key_path) == 0
                            ? "key"
                            : "nonce",
                        st);
    }
    if (!form_reply_error(&f, r))
        reply_json(r, json_pack("{s:s, s:s}", "key", key, "nonce", nonce));
    form_free(&f);
}

/* What is not ready is refused with the first reason. */
static void
form_refuse_unready(struct form *f)
{
    const char *missing = json_string_value(json_array_get(f->missing, 0));

    if (f->out_exists && !ask_bool(f->ask, "replace"))
        form_refuse(f, "out", SFI_ERR_ACCESS,
                    "a file of this name exists, expected a new name, or a "
                    "yes to replace it");
    if (missing != NULL)
        form_refuse(f, missing, SFI_ERR_ARGUMENT, "is missing");
    if (f->findings.errors > 0)
        form_refuse(f, "", SFI_ERR_CHIP_RULE, "%s cannot install this image",
                    sfi_chip_name(f->chip));
}

static void
image_generate(struct desk *d, const struct ask *a, struct reply *r)
{
    struct form f;
    json_t *made;
    sfi_status st;

    if (form_read(&f, d, a)) {
        form_refuse_unready(&f);
        st = json_array_size(f.errors) == 0
                 ? sfi_image_builder_save(f.builder, f.out)
                 : SFI_OK;
        if (st != SFI_OK)
            form_failed(&f, "out", st);
    }
    if (!form_reply_error(&f, r)) {
        made = form_answer(&f);
        json_object_set_new(made, "file", json_string(ask_text(a, "out")));
        json_object_set_new(made, "version",
                            json_integer(ask_number(a, "version", 0)));
        tell("image/made",
             json_pack("{s:O, s:O, s:O, s:s}", "file",
                       json_object_get(made, "file"), "version",
                       json_object_get(made, "version"), "image_size",
                       json_object_get(made, "image_size"), "chip",
                       sfi_chip_name(f.chip)));
        reply_json(r, made);
    }
    form_free(&f);
}

static const struct route routes[] = {
    {"image/parts", ROUTE_LOOK, image_parts},
    {"image/check", ROUTE_LOOK, image_check},
    {"image/map", ROUTE_LOOK, image_map},
    {"image/look", ROUTE_LOOK, image_look},
    {"image/options", ROUTE_LOOK, image_options_read},
    {"image/csv", ROUTE_LOOK, image_csv},
    {"image/secrets", ROUTE_CHANGE, image_secrets},
    {"image/generate", ROUTE_CHANGE, image_generate},
    {NULL, ROUTE_LOOK, NULL},
};

const struct desk_class image_desk = {.name = "image", .routes = routes};
