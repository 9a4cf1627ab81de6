/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an HSM shall be locked with: every field is checked, and every fault
 * told, before anybody is asked. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "station/hsm.h"

void
hsm_hex(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

void
hsm_fingerprint(const uint8_t *data, size_t len, char out[65])
{
    uint8_t hash[SHA256_DIGEST_LENGTH];

    (void)SHA256(data, len, hash);
    hsm_hex(hash, sizeof(hash), out);
}

void
hsm_find_fault(json_t *findings, sfi_status st, const char *where,
               const char *message)
{
    (void)json_array_append_new(findings, failure_json(st, where, message));
}

void
hsm_take_fault(json_t *findings, struct reply *r)
{
    json_t *body = r->body != NULL ? json_loads(r->body, 0, NULL) : NULL;
    json_t *error = json_object_get(body, "error");

    if (error != NULL)
        (void)json_array_append(findings, error);
    json_decref(body);
    free(r->body);
    r->body = NULL;
}

static void
form_failed(struct desk *d, json_t *findings, sfi_status st, const char *where)
{
    if (st != SFI_OK)
        hsm_find_fault(findings, st, where,
                       sfi_error_message(sfi_ctx_error(d->ctx)));
}

/* False after a finding. */
static bool
form_path(struct desk *d, const struct ask *a, const char *field,
          enum file_use use, char out[STATION_PATH_MAX], json_t *findings)
{
    const char *name = ask_text(a, field);
    struct reply r = {0};

    out[0] = '\0';
    if (name[0] == '\0') {
        hsm_find_fault(findings, SFI_ERR_ARGUMENT, field, "choose a file");
        return false;
    }
    if (file_path(d->settings, name, use, field, out, &r))
        return true;
    out[0] = '\0';
    hsm_take_fault(findings, &r);
    return false;
}

static void
form_secrets(struct desk *d, const struct ask *a, struct hsm_form *f,
             json_t *findings)
{
    uint8_t secret[SFI_AUDIT_KEY_LEN];
    sfi_key *key = NULL;

    if (form_path(d, a, "key", FILE_READ, f->key, findings))
        form_failed(d, findings, sfi_key_load(d->ctx, f->key, &key), "key");
    sfi_key_free(key);
    if (form_path(d, a, "nonce", FILE_READ, f->nonce, findings))
        form_failed(d, findings, sfi_nonce_load(d->ctx, f->nonce, secret),
                    "nonce");
    cli_wipe(secret, sizeof(secret));
}

/* One that is not there is made when the HSM is locked. */
static void
form_audit_key(struct desk *d, const struct ask *a, struct hsm_form *f,
               json_t *findings, json_t *facts)
{
    uint8_t secret[SFI_AUDIT_KEY_LEN];
    const char *state = "none";
    sfi_status st;

    f->audit_key[0] = '\0';
    if (ask_text(a, "audit_key")[0] != '\0' &&
        form_path(d, a, "audit_key", FILE_WRITE, f->audit_key, findings)) {
        st = sfi_audit_key_load(d->ctx, f->audit_key, secret);
        state = st == SFI_OK ? "kept" : "new";
        if (st != SFI_OK && sfi_error_os_code(sfi_ctx_error(d->ctx)) != ENOENT)
            form_failed(d, findings, st, "audit_key");
    }
    cli_wipe(secret, sizeof(secret));
    (void)json_object_set_new(facts, "audit_key", json_string(state));
}

static void
form_perso(struct desk *d, const struct ask *a, struct hsm_form *f,
           json_t *findings, json_t *facts)
{
    sfi_personalization *perso = NULL;
    const uint8_t *ca;
    char text[65];
    size_t len = 0;
    sfi_status st;

    if (!form_path(d, a, "perso", FILE_READ, f->perso, findings))
        return;
    st = sfi_personalization_load(d->ctx, f->perso, &perso);
    form_failed(d, findings, st, "perso");
    if (st == SFI_OK) {
        ca = sfi_personalization_ca_public_key(perso, &len);
        hsm_fingerprint(ca, len, text);
        (void)json_object_set_new(
            facts, "product",
            json_string(sfi_personalization_product_id(perso)));
        (void)json_object_set_new(facts, "ca", json_string(text));
    }
    sfi_personalization_free(perso);
}

/* ---- what the library checks: with an HSM that only checks ---- */

static sfi_status
mould_provision(void *user, const uint8_t *key, size_t key_len,
                const uint8_t *nonce, size_t nonce_len, const char *firmware_id,
                uint64_t max_count, const uint8_t *perso, size_t perso_len,
                const sfi_provision_options *options)
{
    (void)user;
    (void)key;
    (void)key_len;
    (void)nonce;
    (void)nonce_len;
    (void)firmware_id;
    (void)max_count;
    (void)perso;
    (void)perso_len;
    (void)options;
    return SFI_ERR_UNSUPPORTED;
}

static void
form_numbers(struct desk *d, const struct ask *a, struct hsm_form *f,
             json_t *findings)
{
    static const sfi_hsm_ops ops = {.struct_size = sizeof(ops),
                                    .provision = mould_provision};
    sfi_provision_options options = {.struct_size = sizeof(options)};
    json_int_t count = ask_number(a, "count", 0);
    json_int_t low = ask_number(a, "low_water", 0);
    sfi_hsm *hsm = NULL;
    sfi_status st = sfi_hsm_open_custom(d->ctx, &ops, NULL, &hsm);

    f->count = count > 0 ? (uint64_t)count : 0;
    f->low_water = low > 0 ? (uint64_t)low : 0;
    f->live_only = ask_bool(a, "live_only");
    (void)snprintf(f->firmware_id, sizeof(f->firmware_id), "%s",
                   ask_text(a, "firmware_id"));
    form_failed(d, findings, st, "hsm");
    if (st != SFI_OK)
        return;
    st = sfi_hsm_check_provision(hsm, SFI_NONCE_LEN, ask_text(a, "firmware_id"),
                                 1, &options);
    form_failed(d, findings, st, "firmware_id");
    st = sfi_hsm_check_provision(hsm, SFI_NONCE_LEN, "x", f->count, &options);
    form_failed(d, findings, st, "count");
    options.low_water = f->low_water;
    if (low < 0)
        hsm_find_fault(findings, SFI_ERR_RANGE, "low_water",
                       "a number from 0 is expected");
    else if (st == SFI_OK)
        form_failed(d, findings,
                    sfi_hsm_check_provision(hsm, SFI_NONCE_LEN, "x", f->count,
                                            &options),
                    "low_water");
    sfi_hsm_free(hsm);
}

void
hsm_form_read(struct desk *d, const struct ask *a, struct hsm_form *f,
              json_t *findings, json_t *facts)
{
    form_secrets(d, a, f, findings);
    form_perso(d, a, f, findings, facts);
    form_numbers(d, a, f, findings);
    form_audit_key(d, a, f, findings, facts);
    (void)json_object_set_new(
        facts, "low_water",
        json_integer(
            (json_int_t)(f->low_water != 0 ? f->low_water : f->count / 10)));
}
