/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Hands every request of a handle on to another HSM, and its errors back. */
#include "hsm/base/relay.h"

#include <sfi/hsm_server.h>
#include <sfi/lease.h>

#include "core/err.h"

/* Errors come to the context of the handle in front. */
static void
relay_copy_error(struct relay *r, sfi_status st)
{
    struct sfi_error error;

    if (st == SFI_OK || r->inner->obj.ctx == r->ctx)
        return;
    sfi__error_keep(r->inner->obj.ctx, &error);
    sfi__error_restore(r->ctx, &error);
}

static sfi_status
relay_end(struct relay *r, sfi_status st)
{
    relay_copy_error(r, st);
    if (r->kind->leave != NULL)
        r->kind->leave(r);
    return st;
}

/* One request, for which the place is ready in between. */
#define RELAY(user, secret, call)                        \
    do {                                                 \
        struct relay *r = (user);                        \
        sfi_status st = r->kind->enter(r, (secret));     \
                                                         \
        return st == SFI_OK ? relay_end(r, (call)) : st; \
    } while (0)

static sfi_status
relay_info(void *user, sfi_hsm_info *out)
{
    RELAY(user, false, sfi_hsm_get_info(r->inner, out));
}

static sfi_status
relay_accept(struct relay *r, sfi_status st)
{
    if (st == SFI_OK && r->kind->logged_in != NULL)
        r->kind->logged_in(r);
    return st;
}

static sfi_status
relay_login(void *user, const char *pin, size_t pin_len)
{
    RELAY(user, false, relay_accept(r, sfi_hsm_login(r->inner, pin, pin_len)));
}

static sfi_status
relay_change_pin(void *user, const char *pin, size_t pin_len,
                 const char *new_pin, size_t new_pin_len)
{
    RELAY(user, false,
          relay_accept(r, sfi_hsm_change_pin(r->inner, pin, pin_len, new_pin,
                                             new_pin_len)));
}

static sfi_status
relay_license(void *user, const uint8_t *cert, size_t cert_len,
              uint32_t session, uint8_t *out, size_t *out_len)
{
    RELAY(user, true,
          sfi__hsm_license(r->inner, cert, cert_len, session, out, out_len));
}

static sfi_status
relay_retire(void *user)
{
    RELAY(user, true, sfi_hsm_retire(r->inner));
}

static sfi_status
relay_audit_head(void *user, sfi_audit_head *out)
{
    RELAY(user, false, sfi_hsm_get_audit_head(r->inner, out));
}

static sfi_status
relay_audit_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    RELAY(user, false, sfi_hsm_get_audit_record(r->inner, sequence, out));
}

/* The progress goes to whoever asked. */
static sfi_status
relay_verify_inner(struct relay *r)
{
    struct sfi_ctx *inner = r->inner->obj.ctx;
    struct ctx_progress before = inner->progress;
    sfi_status st;

    inner->progress = r->ctx->progress;
    st = sfi_hsm_verify_audit(r->inner);
    inner->progress = before;
    return st;
}

static sfi_status
relay_verify_audit(void *user)
{
    RELAY(user, true, relay_verify_inner(r));
}

static sfi_status
relay_check_image(void *user, const uint8_t *header, size_t header_len)
{
    RELAY(user, true, sfi_hsm_check_image(r->inner, header, header_len));
}

static sfi_status
relay_lease(void *user, const uint8_t *request, size_t request_len,
            uint64_t count, uint64_t seconds, uint8_t *out, size_t *out_len)
{
    RELAY(user, true,
          sfi_hsm_lease(r->inner, request, request_len, count, seconds, out,
                        out_len));
}

static sfi_status
relay_end_lease(void *user, uint8_t *out, size_t *out_len)
{
    RELAY(user, true, sfi_hsm_end_lease(r->inner, out, out_len));
}

static sfi_status
relay_return_lease(void *user, const uint8_t *end, size_t end_len,
                   uint64_t *returned)
{
    RELAY(user, true, sfi_hsm_return_lease(r->inner, end, end_len, returned));
}

static sfi_status
relay_check_known(void *user, uint64_t sequence, const uint8_t *head,
                  size_t head_len, sfi_hsm_known *out)
{
    (void)head_len; /* checked by the handle */
    RELAY(user, false, sfi_hsm_check_known(r->inner, sequence, head, out));
}

static sfi_status
relay_declare_restored(void *user, uint64_t sequence, const uint8_t *head,
                       size_t head_len, uint64_t remaining)
{
    (void)head_len;
    RELAY(user, true,
          sfi_hsm_declare_restored(r->inner, sequence, head, remaining));
}

struct relay_answers {
    struct relay *relay;
    sfi_hsm_answer_fn answer;
    void *to;
};

static void
relay_answer(void *to, size_t index, sfi_status st, uint32_t count,
             const uint8_t *license, size_t license_len)
{
    struct relay_answers *a = to;

    relay_copy_error(a->relay, st);
    a->answer(a->to, index, st, count, license, license_len);
}

static sfi_status
relay_licenses(void *user, const uint8_t *const *certs, size_t cert_len,
               const uint32_t *sessions, size_t count, sfi_hsm_answer_fn answer,
               void *to)
{
    struct relay_answers a = {.relay = user, .answer = answer, .to = to};

    RELAY(user, true,
          sfi__hsm_licenses(r->inner, certs, cert_len, sessions, count,
                            relay_answer, &a));
}

static sfi_status
relay_hold(void *user, uint32_t timeout_ms)
{
    RELAY(user, false, sfi_hsm_hold(r->inner, timeout_ms));
}

sfi_status
sfi__relay_at_once(struct relay *relay, size_t *count)
{
    RELAY(relay, false, sfi__hsm_at_once(r->inner, count));
}

static void
relay_close(void *user)
{
    struct relay *r = user;

    r->kind->close(r);
}

sfi_hsm *
sfi__relay_handle(struct relay *r, const char *where)
{
    sfi_hsm *hsm = sfi__hsm_new(r->ctx);

    if (hsm == NULL)
        return NULL;
    hsm->ops = (sfi_hsm_ops){
        .struct_size = sizeof(hsm->ops),
        .info = relay_info,
        .login = relay_login,
        .license = relay_license,
        .close = relay_close,
        .change_pin = relay_change_pin,
        .retire = relay_retire,
        .audit_head = relay_audit_head,
        .audit_record = relay_audit_record,
        .verify_audit = relay_verify_audit,
        .check_image = relay_check_image,
        .licenses = relay_licenses,
        .hold = relay_hold,
        .lease = relay_lease,
        .end_lease = relay_end_lease,
        .return_lease = relay_return_lease,
        .check_known = relay_check_known,
        .declare_restored = relay_declare_restored,
    };
    hsm->user = r;
    hsm->relays = true;
    (void)sfi__text_copy(hsm->where, sizeof(hsm->where), where);
    return hsm;
}
