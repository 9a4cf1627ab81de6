/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Several licences in one step of an HSM: what it answers is checked and kept,
 * and told when the step has ended. */
#include <sfi/license_batch.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/relay.h"
#include "license/certificate.h"
#include "license/license.h"

/* ---- bytes: answers of a backend ---- */

struct answers {
    sfi_hsm *hsm;
    size_t count;
    sfi_hsm_answer_fn answer;
    void *to;
    bool misused;
};

/* Refusals name the HSM, as all errors of it do. */
static void
answers_take(void *to, size_t index, sfi_status st, uint32_t count,
             const uint8_t *license, size_t license_len)
{
    struct answers *a = to;
    bool sound = index < a->count && count <= SFI_COUNT_UNKNOWN &&
                 (st != SFI_OK || license_len == SFI_LICENSE_LEN);

    if (!sound) {
        a->misused = true;
        return;
    }
    st = sfi__hsm_name_error(a->hsm, st, "HSM licences");
    a->answer(a->to, index, st, count, license, license_len);
}

/* A custom HSM is asked for one after the other. */
static bool
license_is_refused(sfi_status st)
{
    return st == SFI_ERR_CERTIFICATE || st == SFI_ERR_HSM_COUNTER;
}

static sfi_status
batch_ask_each(struct answers *a, const uint8_t *const *certs, size_t cert_len)
{
    for (size_t i = 0; i < a->count; i++) {
        uint8_t data[SFI_LICENSE_LEN] = {0};
        size_t len = sizeof(data);
        uint32_t counted = SFI_COUNT_UNKNOWN;
        sfi_status st =
            sfi__hsm_license(a->hsm, certs[i], cert_len, 0, data, &len);

        if (license_is_refused(st))
            counted = SFI_COUNT_NONE;
        a->answer(a->to, i, st, counted, st == SFI_OK ? data : NULL,
                  st == SFI_OK ? len : 0);
        if (st != SFI_OK && counted != SFI_COUNT_NONE)
            return st;
    }
    return SFI_OK;
}

static sfi_status
batch_check_answers(const struct answers *a)
{
    if (a->misused)
        return sfi__fail(a->hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "HSM licences: an answer has no certificate, no "
                         "licence or no SFI_COUNT_*");
    return SFI_OK;
}

sfi_status
sfi__hsm_licenses(sfi_hsm *hsm, const uint8_t *const *certs, size_t cert_len,
                  size_t count, sfi_hsm_answer_fn answer, void *to)
{
    struct answers a = {.hsm = hsm, .count = count, .answer = answer, .to = to};
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    if (hsm->ops.licenses == NULL)
        return batch_ask_each(&a, certs, cert_len);
    hsm->obj.busy = true;
    st = hsm->ops.licenses(hsm->user, certs, cert_len, count, answers_take, &a);
    hsm->obj.busy = false;
    st = sfi__hsm_name_error(hsm, st, "HSM licences");
    return st == SFI_OK ? batch_check_answers(&a) : st;
}

sfi_status
sfi__hsm_at_once(sfi_hsm *hsm, size_t *count)
{
    *count = hsm->at_once;
    return *count != 0 ? SFI_OK : sfi__relay_at_once(hsm->user, count);
}

/* ---- certificates and licences ---- */

struct kept_result {
    bool told;
    sfi_status st;
    uint32_t count;
    sfi_license *license;
    struct sfi_error *error; /* NULL: none, or no memory for it */
};

struct results {
    sfi_ctx *ctx;
    struct kept_result *of;
};

/* The licence was counted, so a fault in it, or no memory, is told with it. */
static void
results_take(void *to, size_t index, sfi_status st, uint32_t count,
             const uint8_t *license, size_t license_len)
{
    struct results *results = to;
    struct kept_result *k = &results->of[index];
    sfi_ctx *ctx = results->ctx;

    if (st == SFI_OK && k->license == NULL)
        st = sfi__license_new(ctx, license, license_len, &k->license);
    if (st == SFI_OK && sfi_license_session(k->license) != 0)
        st = sfi__fail(ctx, SFI_ERR_CALLBACK,
                       "HSM licence: a live one, expected a static one");
    if (st != SFI_OK && k->error == NULL) {
        k->error = sfi__alloc(&ctx->alloc, sizeof(*k->error));
        if (k->error != NULL)
            sfi__error_keep(ctx, k->error);
    }
    k->told = true;
    k->st = st;
    k->count = count;
}

static sfi_status
results_check(const struct results *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!results->of[i].told)
            return sfi__fail(results->ctx, SFI_ERR_CALLBACK,
                             "HSM licences: certificate %zu of %zu was not "
                             "answered",
                             i + 1, count);
    }
    return SFI_OK;
}

static void
results_tell(struct results *results, const sfi_certificate *const *certs,
             size_t count, sfi_license_result_fn fn, void *user)
{
    for (size_t i = 0; i < count; i++) {
        const struct kept_result *k = &results->of[i];
        const sfi_license_result r = {
            .struct_size = sizeof(r),
            .status = k->st,
            .count = k->count,
            .index = i,
            .total = count,
            .path = "",
            .device_id = certs[i]->device_id,
            .certificate = certs[i],
            .license = k->st == SFI_OK ? k->license : NULL,
        };

        if (!k->told)
            continue;
        sfi__clear_error(results->ctx);
        if (k->error != NULL)
            sfi__error_restore(results->ctx, k->error);
        else if (k->st != SFI_OK)
            (void)sfi__fail(results->ctx, k->st, "%s", sfi_status_str(k->st));
        fn(user, &r);
    }
}

static void
results_free(struct results *results, size_t count, sfi_license **out)
{
    for (size_t i = 0; i < count; i++) {
        struct kept_result *k = &results->of[i];

        if (out != NULL && k->st == SFI_OK)
            out[i] = k->license;
        else
            sfi__obj_unref(k->license);
        sfi__ctx_dealloc(results->ctx, k->error);
    }
    sfi__ctx_dealloc(results->ctx, results->of);
}

static sfi_status
hsm_generate_licenses(sfi_hsm *hsm, const sfi_certificate *const *certs,
                      size_t count, sfi_license **out, sfi_license_result_fn fn,
                      void *user)
{
    struct results results = {.ctx = hsm->obj.ctx};
    const uint8_t *bytes[SFI_LICENSES_MAX];
    struct sfi_error error;
    sfi_status st;

    results.of = sfi__ctx_alloc(results.ctx, count * sizeof(*results.of));
    if (results.of == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        bytes[i] = certs[i]->data;
    st = sfi__hsm_licenses(hsm, bytes, SFI_CERTIFICATE_LEN, count, results_take,
                           &results);
    if (st == SFI_OK)
        st = results_check(&results, count);
    sfi__error_keep(results.ctx, &error);
    hsm->obj.busy = true;
    if (fn != NULL)
        results_tell(&results, certs, count, fn, user);
    hsm->obj.busy = false;
    results_free(&results, count, out);
    sfi__error_restore(results.ctx, &error);
    return st;
}

sfi_status
sfi_hsm_generate_licenses(sfi_hsm *hsm, const sfi_certificate *const *certs,
                          size_t count, sfi_license **out,
                          sfi_license_result_fn fn, void *user)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, certs != NULL);
    if (count == 0 || count > SFI_LICENSES_MAX)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_RANGE,
                         "%zu certificates, expected 1 to %u", count,
                         SFI_LICENSES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (out != NULL)
            out[i] = NULL;
        SFI_ARG(hsm, sfi__is(certs[i], OBJ_CERTIFICATE));
    }
    return hsm_generate_licenses(hsm, certs, count, out, fn, user);
}
