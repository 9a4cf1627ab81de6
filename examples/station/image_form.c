/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The form of an image: what it names, given to a builder.  What is wrong with
 * one field does not keep the others from being looked at. */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "station/image.h"

/* ---- errors ---- */

void
form_failed(struct form *f, const char *field, sfi_status st)
{
    const sfi_error *e = sfi_ctx_error(f->ctx);
    const char *where = sfi_error_where(e);
    char message[2048];
    json_t *error;

    (void)snprintf(message, sizeof(message), "%s%s%s", where,
                   where[0] != '\0' ? ": " : "", sfi_error_message(e));
    error = failure_json(st, field, "");
    json_object_set_new(error, "message", image_text(f->settings, message));
    json_array_append_new(f->errors, error);
}

void
form_refuse(struct form *f, const char *field, sfi_status st, const char *fmt,
            ...)
{
    char message[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    json_array_append_new(f->errors, failure_json(st, field, message));
}

bool
form_path(struct form *f, const char *field, const char *name,
          enum file_use use, char out[STATION_PATH_MAX])
{
    struct reply refused = {0};
    json_t *answer;
    bool found = file_path(f->settings, name, use, field, out, &refused);

    if (!found) {
        out[0] = '\0';
        answer = json_loadb(refused.body, refused.len, 0, NULL);
        json_array_append(f->errors, json_object_get(answer, "error"));
        json_decref(answer);
    }
    free(refused.body);
    return found;
}

bool
form_reply_error(struct form *f, struct reply *r)
{
    const json_t *error = json_array_get(f->errors, 0);

    if (error == NULL)
        return false;
    reply_refuse(
        r, (sfi_status)json_integer_value(json_object_get(error, "status")),
        json_string_value(json_object_get(error, "where")), "%s",
        json_string_value(json_object_get(error, "message")));
    return true;
}

/* ---- the part and its option bytes ---- */

static sfi_status
options_begin(struct form *f, const json_t *words)
{
    uint32_t values[CLI_VALUES_MAX];
    size_t count = json_array_size(words);

    if (count == 0)
        return sfi_option_bytes_new(f->ctx, f->chip, &f->options);
    for (size_t i = 0; i < count && i < CLI_VALUES_MAX; i++)
        values[i] = (uint32_t)json_integer_value(json_array_get(words, i));
    return sfi_option_bytes_from_words(f->ctx, f->chip, values, count,
                                       &f->options);
}

/* "options": {"words": [those of a CSV file], "set": {"RDP": 187}} */
static void
form_take_options(struct form *f)
{
    json_t *options = json_object_get(f->ask->json, "options");
    const char *name;
    json_t *value;
    sfi_status st = options_begin(f, json_object_get(options, "words"));

    if (st != SFI_OK) {
        form_failed(f, "options", st);
        return;
    }
    json_object_foreach(json_object_get(options, "set"), name, value)
    {
        json_int_t n = json_integer_value(value);
        char field[96];

        (void)snprintf(field, sizeof(field), "options.%.64s", name);
        if (!json_is_integer(value) || n < 0 || n > UINT32_MAX) {
            form_refuse(f, field, SFI_ERR_RANGE,
                        "not a number, expected 0 to 0xffffffff");
            continue;
        }
        st = sfi_option_bytes_set(f->options, name, (uint32_t)n);
        if (st != SFI_OK)
            form_failed(f, field, st);
    }
}

static bool
form_begin(struct form *f, struct desk *d, const struct ask *a)
{
    const char *chip = ask_text(a, "chip");

    *f = (struct form){.settings = d->settings, .ctx = d->ctx, .ask = a};
    f->errors = json_array();
    f->missing = json_array();
    f->firmware = json_array();
    f->modules = json_array();
    f->chip = sfi_chip_find(chip);
    if (f->chip == NULL)
        form_refuse(f, "chip", SFI_ERR_ARGUMENT,
                    "no part has the name \"%.64s\"", chip);
    return f->chip != NULL;
}

bool
form_read_options(struct form *f, struct desk *d, const struct ask *a)
{
    if (!form_begin(f, d, a))
        return false;
    form_take_options(f);
    return f->options != NULL;
}

void
form_free(struct form *f)
{
    for (size_t i = 0; i < FORM_FILES_MAX; i++)
        free(f->files[i]);
    cli_wipe(f->nonce_secret, sizeof(f->nonce_secret));
    cli_findings_free(&f->findings);
    sfi_option_bytes_free(f->options);
    sfi_image_builder_free(f->builder);
    json_decref(f->errors);
    json_decref(f->missing);
    json_decref(f->firmware);
    json_decref(f->modules);
}

/* ---- numbers ---- */

static void
form_set_number(struct form *f, const char *field, json_int_t absent,
                json_int_t max, json_int_t *out)
{
    const json_t *value = json_object_get(f->ask->json, field);

    *out = absent;
    if (value == NULL || json_is_null(value))
        return;
    *out = json_integer_value(value);
    if (json_is_integer(value) && *out >= 0 && *out <= max)
        return;
    if (json_is_integer(value))
        form_refuse(f, field, SFI_ERR_RANGE,
                    "%" JSON_INTEGER_FORMAT
                    ", expected 0 to %" JSON_INTEGER_FORMAT,
                    *out, max);
    else
        form_refuse(f, field, SFI_ERR_RANGE,
                    "not a number, expected 0 to %" JSON_INTEGER_FORMAT, max);
    *out = absent;
}

static void
form_missing(struct form *f, const char *field)
{
    json_array_append_new(f->missing, json_string(field));
}

static void
form_take_numbers(struct form *f)
{
    json_int_t version, fill, gap;
    sfi_status st = SFI_OK;

    form_set_number(f, "version", -1, 255, &version);
    form_set_number(f, "fill", 0xff, 0xff, &fill);
    form_set_number(f, "merge_gap", 0, UINT32_MAX, &gap);
    if (version < 0)
        form_missing(f, "version");
    else
        st = sfi_image_builder_set_version(f->builder, (uint32_t)version);
    if (st == SFI_OK)
        st = sfi_image_builder_set_fill(f->builder, (uint32_t)fill);
    if (st == SFI_OK)
        st = sfi_image_builder_set_merge_gap(f->builder, (uint64_t)gap);
    if (st == SFI_OK && ask_bool(f->ask, "pad"))
        st = sfi_image_builder_set_padding(f->builder, SFI_PADDING_AUTO);
    if (st != SFI_OK)
        form_failed(f, "version", st);
}

/* "0x08020000-0x0803ffff, ..." */
static void
form_take_ranges(struct form *f, const char *field, sfi_firmware_range *out,
                 size_t *count)
{
    char copy[1024], *rest = copy;
    const char *text = ask_text(f->ask, field);

    (void)snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, ", ", &rest); word != NULL;
         word = strtok_r(NULL, ", ", &rest)) {
        char *dash = strchr(word, '-');

        if (dash != NULL)
            *dash = '\0';
        if (*count == FORM_RANGES_MAX) {
            form_refuse(f, field, SFI_ERR_LIMIT, "more than %u ranges",
                        FORM_RANGES_MAX);
            return;
        }
        if (dash == NULL || !cli_number(word, UINT32_MAX, &out[*count].first) ||
            !cli_number(dash + 1, UINT32_MAX, &out[*count].last) ||
            out[*count].first > out[*count].last) {
            form_refuse(f, field, SFI_ERR_RANGE,
                        "%s is not a range, expected FIRST-LAST as in "
                        "0x08020000-0x0803ffff",
                        word);
            return;
        }
        ++*count;
    }
}

/* ---- key, nonce, output ---- */

static bool
form_take_file(struct form *f, const char *field, enum file_use use,
               char out[STATION_PATH_MAX])
{
    const char *name = ask_text(f->ask, field);

    if (name[0] != '\0')
        return form_path(f, field, name, use, out);
    form_missing(f, field);
    return false;
}

static void
form_take_key(struct form *f)
{
    sfi_key *key = NULL;
    sfi_status st;

    if (!form_take_file(f, "key", FILE_READ, f->key))
        return;
    st = sfi_key_load(f->ctx, f->key, &key);
    if (st == SFI_OK)
        st = sfi_image_builder_set_key(f->builder, key);
    sfi_key_free(key);
    if (st != SFI_OK)
        form_failed(f, "key", st);
    else
        f->has_secrets = true;
}

static void
form_take_nonce(struct form *f)
{
    bool has_key = f->has_secrets;
    sfi_status st;

    f->has_secrets = false;
    if (!form_take_file(f, "nonce", FILE_READ, f->nonce))
        return;
    st = sfi_nonce_load(f->ctx, f->nonce, f->nonce_secret);
    if (st == SFI_OK)
        st = sfi_image_builder_set_nonce(f->builder, f->nonce_secret,
                                         sizeof(f->nonce_secret));
    if (st != SFI_OK)
        form_failed(f, "nonce", st);
    else
        f->has_secrets = has_key;
}

static void
form_take_output(struct form *f)
{
    sfi_status st;

    if (!form_take_file(f, "out", FILE_WRITE, f->out))
        return;
    f->out_exists = access(f->out, F_OK) == 0;
    st = sfi_ctx_check_output(f->ctx, f->out, SFI_FILE_IMAGE, 0);
    if (st != SFI_OK)
        form_failed(f, "out", st);
}

/* The register beside the key, as sfi-create has it.  A form with mistakes is
 * no image yet, and would seem to be another one. */
static void
form_take_register(struct form *f)
{
    sfi_status st;

    (void)snprintf(f->reg, sizeof(f->reg), "%s.used", f->key);
    if (!f->has_secrets || json_array_size(f->errors) > 0 ||
        json_is_null(json_object_get(f->ask->json, "version")) ||
        json_array_size(f->firmware) + json_array_size(f->modules) == 0)
        return;
    st = sfi_image_builder_set_register(f->builder, f->reg, 0);
    if (st != SFI_OK)
        form_failed(f, "nonce", st);
    else
        f->looked = true;
}

static void
form_check(struct form *f)
{
    sfi_status st =
        sfi_image_builder_check(f->builder, cli_findings_add, &f->findings);

    /* a failure without a finding is none of the rules: a register that cannot
     * be read */
    if (st != SFI_OK && f->findings.errors == 0)
        form_failed(f, f->looked ? "nonce" : "", st);
}

bool
form_read(struct form *f, struct desk *d, const struct ask *a)
{
    sfi_status st;

    if (!form_begin(f, d, a))
        return false;
    st = sfi_image_builder_new(f->ctx, f->chip, &f->builder);
    if (st != SFI_OK) {
        form_failed(f, "", st);
        return false;
    }
    form_take_numbers(f);
    form_take_ranges(f, "only", f->only, &f->only_count);
    form_take_ranges(f, "exclude", f->exclude, &f->exclude_count);
    form_add_firmware(f);
    form_add_modules(f);
    if (json_array_size(f->firmware) + json_array_size(f->modules) == 0)
        form_missing(f, "firmware");
    form_take_options(f);
    if (f->options != NULL) {
        st = sfi_image_builder_set_option_bytes(f->builder, f->options);
        if (st != SFI_OK)
            form_failed(f, "options", st);
    }
    form_take_key(f);
    form_take_nonce(f);
    form_take_output(f);
    form_take_register(f);
    form_check(f);
    return true;
}
