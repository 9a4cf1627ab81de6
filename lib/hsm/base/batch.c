/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Several licences in one step of an HSM: what it answers is checked and kept,
 * and told when the step has ended. */
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/batch.h"
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
batch_ask_each(struct answers *a, const uint8_t *const *certs, size_t cert_len,
               const uint32_t *sessions)
{
    for (size_t i = 0; i < a->count; i++) {
        uint8_t data[SFI_LICENSE_LEN] = {0};
        size_t len = sizeof(data);
        uint32_t counted = SFI_COUNT_UNKNOWN;
        sfi_status st = sfi__hsm_license(a->hsm, certs[i], cert_len,
                                         sessions[i], data, &len);

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
                  const uint32_t *sessions, size_t count,
                  sfi_hsm_answer_fn answer, void *to)
{
    struct answers a = {.hsm = hsm, .count = count, .answer = answer, .to = to};
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    if (hsm->ops.licenses == NULL)
        return batch_ask_each(&a, certs, cert_len, sessions);
    hsm->obj.busy = true;
    st = hsm->ops.licenses(hsm->user, certs, cert_len, sessions, count,
                           answers_take, &a);
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

void
sfi__item_fail(sfi_ctx *ctx, struct license_item *item, sfi_status st)
{
    item->told = true;
    item->st = st;
    if (item->error == NULL)
        item->error = sfi__alloc(&ctx->alloc, sizeof(*item->error));
    if (item->error != NULL)
        sfi__error_keep(ctx, item->error);
}

void
sfi__item_free(sfi_ctx *ctx, struct license_item *item)
{
    sfi__obj_unref(item->license);
    sfi__ctx_dealloc(ctx, item->error);
}

struct asking {
    sfi_ctx *ctx;
    struct license_item **items;
};

/* The licence was counted, so a fault in it, or no memory, is told with it. */
static void
item_take_answer(void *to, size_t index, sfi_status st, uint32_t count,
                 const uint8_t *license, size_t license_len)
{
    const struct asking *a = to;
    struct license_item *item = a->items[index];

    if (st == SFI_OK && item->license == NULL)
        st = sfi__license_new(a->ctx, license, license_len, &item->license);
    if (st == SFI_OK)
        st = sfi__hsm_check_session(a->ctx, item->license, item->session);
    if (st != SFI_OK)
        sfi__item_fail(a->ctx, item, st);
    item->told = true;
    item->st = st;
    item->count = count;
}

/* Each has a licence, or was refused and not counted. */
static sfi_status
items_check(sfi_ctx *ctx, struct license_item **items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct license_item *item = items[i];

        if (!item->told)
            return sfi__fail(ctx, SFI_ERR_CALLBACK,
                             "HSM licences: certificate %zu of %zu was not "
                             "answered",
                             i + 1, count);
        if (item->st != SFI_OK && item->count != SFI_COUNT_NONE) {
            if (item->error != NULL)
                sfi__error_restore(ctx, item->error);
            return item->error != NULL ? item->st : sfi__nomem(ctx);
        }
    }
    return SFI_OK;
}

sfi_status
sfi__hsm_ask(sfi_hsm *hsm, struct license_item **items, size_t count)
{
    struct asking a = {.ctx = hsm->obj.ctx, .items = items};
    const uint8_t *certs[SFI_LICENSES_MAX] = {NULL};
    uint32_t sessions[SFI_LICENSES_MAX] = {0};
    sfi_status st;

    for (size_t i = 0; i < count; i++) {
        certs[i] = items[i]->cert->data;
        sessions[i] = items[i]->session;
    }
    st = sfi__hsm_licenses(hsm, certs, SFI_CERTIFICATE_LEN, sessions, count,
                           item_take_answer, &a);
    return st == SFI_OK ? items_check(a.ctx, items, count) : st;
}

void
sfi__item_tell(sfi_ctx *ctx, const struct license_item *item, uint64_t index,
               uint64_t total, sfi_license_result_fn fn, void *user)
{
    const sfi_license_result r = {
        .struct_size = sizeof(r),
        .status = item->st,
        .count = item->count,
        .stored = item->stored,
        .index = index,
        .total = total,
        .path = item->path != NULL ? item->path : "",
        .device_id = sfi_certificate_device_id(item->cert),
        .certificate = item->cert,
        .license = item->st == SFI_OK ? item->license : NULL,
    };

    if (!item->told || fn == NULL)
        return;
    sfi__clear_error(ctx);
    if (item->error != NULL)
        sfi__error_restore(ctx, item->error);
    else if (item->st != SFI_OK)
        (void)sfi__fail(ctx, item->st, "%s", sfi_status_str(item->st));
    fn(user, &r);
}

static void
hsm_tell_items(sfi_hsm *hsm, const struct license_item *items, size_t count,
               sfi_license_result_fn fn, void *user)
{
    struct sfi_error error;

    sfi__error_keep(hsm->obj.ctx, &error);
    hsm->obj.busy = true;
    for (size_t i = 0; i < count; i++)
        sfi__item_tell(hsm->obj.ctx, &items[i], i, count, fn, user);
    hsm->obj.busy = false;
    sfi__error_restore(hsm->obj.ctx, &error);
}

static sfi_status
hsm_generate_licenses(sfi_hsm *hsm, const sfi_certificate *const *certs,
                      const uint32_t *sessions, size_t count, sfi_license **out,
                      sfi_license_result_fn fn, void *user)
{
    sfi_ctx *ctx = hsm->obj.ctx;
    struct license_item *items = sfi__ctx_alloc(ctx, count * sizeof(*items));
    struct license_item *asked[SFI_LICENSES_MAX];
    sfi_status st;

    if (items == NULL)
        return SFI_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        items[i].cert = certs[i];
        items[i].session = sessions != NULL ? sessions[i] : 0;
        asked[i] = &items[i];
    }
    st = sfi__hsm_ask(hsm, asked, count);
    hsm_tell_items(hsm, items, count, fn, user);
    for (size_t i = 0; i < count; i++) {
        if (out != NULL && items[i].st == SFI_OK) {
            out[i] = items[i].license;
            items[i].license = NULL;
        }
        sfi__item_free(ctx, &items[i]);
    }
    sfi__ctx_dealloc(ctx, items);
    return st;
}

sfi_status
sfi_hsm_generate_licenses(sfi_hsm *hsm, const sfi_certificate *const *certs,
                          const uint32_t *sessions, size_t count,
                          sfi_license **out, sfi_license_result_fn fn,
                          void *user)
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
    return hsm_generate_licenses(hsm, certs, sessions, count, out, fn, user);
}
