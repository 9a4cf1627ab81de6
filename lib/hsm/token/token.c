/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Find the PKCS#11 token that a URI names, and log in to it. */
#define _POSIX_C_SOURCE 200809L
#include "hsm/token/module.h"

#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"

/* A module that reports more is broken. */
#define SLOTS_MAX 256u
/* SoftHSM 2.6 may not list a token while another process writes to it; a
 * process that loads the module at that moment never sees the token.  On a busy
 * machine the writer may have to wait for a core in the middle: allow a second.
 */
#define ABSENT_MS 20u
#define ABSENT_ROUNDS 50u

/* ---- the name ---- */

static sfi_status
token_fail_uri(struct token *t, const char *why)
{
    return sfi__fail(t->ctx, SFI_ERR_FORMAT, "the token's URI %s", why);
}

/* Messages do not repeat the text, which may contain a PIN. */
static sfi_status
token_parse_uri(struct token *t, const char *text)
{
    CK_ULONG attributes = 0;
    int rc;

    t->uri = p11_kit_uri_new();
    if (t->uri == NULL)
        return sfi__nomem(t->ctx);
    rc = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, t->uri);
    switch (rc) {
    case P11_KIT_URI_OK:
        break;
    case P11_KIT_URI_BAD_SCHEME:
        return token_fail_uri(t, "does not begin with \"pkcs11:\"");
    case P11_KIT_URI_BAD_ENCODING:
        return token_fail_uri(t, "has a % without two hexadecimal digits");
    case P11_KIT_URI_UNEXPECTED:
        return sfi__nomem(t->ctx);
    default:
        return token_fail_uri(t, "is not a valid PKCS#11 URI (RFC 7512)");
    }
    if (p11_kit_uri_any_unrecognized(t->uri))
        return token_fail_uri(t,
                              "has an attribute that RFC 7512 does not define");
    if (p11_kit_uri_get_pin_value(t->uri) != NULL ||
        p11_kit_uri_get_pin_source(t->uri) != NULL)
        return token_fail_uri(t, "contains a PIN: remove it");
    (void)p11_kit_uri_get_attributes(t->uri, &attributes);
    if (attributes != 0)
        return token_fail_uri(t, "names an object, expected only a token");
    if (p11_kit_uri_get_module_path(t->uri) == NULL)
        return token_fail_uri(
            t, "has no module-path: "
               "pkcs11:token=NAME?module-path=/PATH/TO/MODULE.so");
    return SFI_OK;
}

/* ---- the token ---- */

static bool
token_slot_matches(struct token *t, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(t->uri);
    CK_SLOT_INFO slot_info;

    sfi__zero(info, sizeof(*info));
    sfi__zero(&slot_info, sizeof(slot_info));
    if (wanted != (CK_SLOT_ID)-1 && wanted != slot)
        return false;
    return t->fn->C_GetSlotInfo(slot, &slot_info) == CKR_OK &&
           p11_kit_uri_match_slot_info(t->uri, &slot_info) == 1 &&
           t->fn->C_GetTokenInfo(slot, info) == CKR_OK &&
           (info->flags & CKF_TOKEN_INITIALIZED) != 0 &&
           p11_kit_uri_match_token_info(t->uri, info) == 1;
}

static sfi_status
token_list_slots(struct token *t, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_INFO info;
    CK_RV rv;

    sfi__zero(&info, sizeof(info));
    rv = t->fn->C_GetInfo(&info);
    if (rv == CKR_OK && p11_kit_uri_match_module_info(t->uri, &info) != 1)
        return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE,
                         "the PKCS#11 module does not match the token's URI");
    /* Only a call without a buffer looks for new slots: PKCS #11 v2.40,
     * C_GetSlotList. */
    if (rv == CKR_OK)
        rv = t->fn->C_GetSlotList(CK_TRUE, NULL, count);
    *count = SLOTS_MAX;
    if (rv == CKR_OK)
        rv = t->fn->C_GetSlotList(CK_TRUE, slots, count);
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "list the tokens");
    if (*count > SLOTS_MAX)
        return sfi__fail(
            t->ctx, SFI_ERR_HSM,
            "the PKCS#11 module reports %lu slots, expected at most %u", *count,
            SLOTS_MAX);
    return SFI_OK;
}

static sfi_status
token_find_once(struct token *t, CK_TOKEN_INFO *info)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_TOKEN_INFO seen;
    CK_ULONG count = 0;
    size_t found = 0;
    sfi_status st = token_list_slots(t, slots, &count);

    if (st != SFI_OK)
        return st;
    for (CK_ULONG i = 0; i < count; i++) {
        if (!token_slot_matches(t, slots[i], &seen))
            continue;
        t->slot = slots[i];
        *info = seen;
        found++;
    }
    if (found == 0)
        return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE,
                         "no token of the module matches the URI");
    if (found > 1)
        return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE,
                         "%zu tokens match the URI, expected one: add its "
                         "serial",
                         found);
    return SFI_OK;
}

static void
token_wait_absent(struct token *t)
{
    const struct clock *clock = t->ctx->clock;

    clock->sleep_ms(clock->user, ABSENT_MS);
}

/* Find the token that was opened, which may be in a different slot by now. */
static sfi_status
token_find_same(struct token *t, CK_TOKEN_INFO *info)
{
    sfi_status st;

    if (t->pid != getpid())
        return sfi__fail(t->ctx, SFI_ERR_STATE,
                         "the token was opened before a fork: open the HSM in "
                         "the process that uses it");
    st = token_find_once(t, info);
    for (size_t i = 0; i < ABSENT_ROUNDS && st == SFI_ERR_NO_DEVICE; i++) {
        sfi__clear_error(t->ctx);
        token_wait_absent(t);
        st = token_find_once(t, info);
    }
    if (st == SFI_OK &&
        !sfi__equal(info->serialNumber, t->serial, sizeof(t->serial)))
        return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE,
                         "the token was replaced by a different one");
    return st;
}

static sfi_status
token_load_and_find_once(struct token *t, CK_TOKEN_INFO *info)
{
    sfi_status st = sfi__token_load(t);

    return st == SFI_OK ? token_find_once(t, info) : st;
}

static sfi_status
token_load_and_find(struct token *t, CK_TOKEN_INFO *info)
{
    sfi_status st = token_load_and_find_once(t, info);

    for (size_t i = 0;
         i < ABSENT_ROUNDS && t->initialised && st == SFI_ERR_NO_DEVICE; i++) {
        sfi__token_unload(t);
        sfi__clear_error(t->ctx);
        token_wait_absent(t);
        st = token_load_and_find_once(t, info);
    }
    return st;
}

sfi_status
sfi__token_open(sfi_ctx *ctx, const char *uri, struct token **out)
{
    struct token *t = sfi__ctx_alloc(ctx, sizeof(*t));
    CK_TOKEN_INFO info;
    sfi_status st;

    *out = NULL;
    if (t == NULL)
        return SFI_ERR_NOMEM;
    t->ctx = ctx;
    st = token_parse_uri(t, uri);
    if (st == SFI_OK)
        st = token_load_and_find(t, &info);
    if (st != SFI_OK) {
        sfi__token_close(t);
        return st;
    }
    memcpy(t->serial, info.serialNumber, sizeof(t->serial));
    *out = t;
    return SFI_OK;
}

void
sfi__token_close(struct token *t)
{
    if (t == NULL)
        return;
    sfi__token_unload(t);
    p11_kit_uri_free(t->uri);
    sfi__ctx_dealloc(t->ctx, t);
}

/* ---- the PIN ---- */

static uint32_t
token_tries_left(const CK_TOKEN_INFO *info)
{
    if ((info->flags & CKF_USER_PIN_LOCKED) != 0)
        return 0;
    return (info->flags & CKF_USER_PIN_FINAL_TRY) != 0 ? 1 : TOKEN_TRIES;
}

sfi_status
sfi__token_pin_tries(struct token *t, uint32_t *tries)
{
    CK_TOKEN_INFO info;
    sfi_status st = token_find_same(t, &info);

    if (st == SFI_OK)
        *tries = token_tries_left(&info);
    return st;
}

/* A token reports the tries by three flags only. */
static sfi_status
token_fail_wrong_pin(struct token *t)
{
    CK_TOKEN_INFO info = {0};
    const char *more = "";

    (void)t->fn->C_GetTokenInfo(t->slot, &info);
    if ((info.flags & CKF_USER_PIN_LOCKED) != 0)
        more = " and is locked now";
    else if ((info.flags & CKF_USER_PIN_FINAL_TRY) != 0)
        more = ", one try left";
    else if ((info.flags & CKF_USER_PIN_COUNT_LOW) != 0)
        more = "; it does not report how many tries are left";
    return sfi__fail_peer(t->ctx, SFI_ERR_HSM_PIN, (int32_t)CKR_PIN_INCORRECT,
                          "wrong PIN: the token refused it%s", more);
}

static sfi_status
token_fail_pin(struct token *t, CK_RV rv, size_t pin_len, const char *what)
{
    CK_TOKEN_INFO info = {0};

    switch (rv) {
    case CKR_PIN_INCORRECT:
        return token_fail_wrong_pin(t);
    case CKR_PIN_LOCKED:
        return sfi__fail_peer(t->ctx, SFI_ERR_HSM_STATE, (int32_t)rv,
                              "the token has locked its PIN: its security "
                              "officer can set a new one");
    case CKR_PIN_EXPIRED:
        return sfi__fail_peer(t->ctx, SFI_ERR_HSM_PIN, (int32_t)rv,
                              "the token requires a change of its PIN first");
    case CKR_USER_PIN_NOT_INITIALIZED:
        return sfi__fail_peer(t->ctx, SFI_ERR_HSM_STATE, (int32_t)rv,
                              "the token has no user PIN yet");
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_INVALID:
        (void)t->fn->C_GetTokenInfo(t->slot, &info);
        return sfi__fail_peer(
            t->ctx, SFI_ERR_HSM_PIN, (int32_t)rv,
            "the token rejects the PIN of %zu bytes, expected %lu to %lu",
            pin_len, info.ulMinPinLen, info.ulMaxPinLen);
    default:
        return sfi__token_fail(t, rv, what);
    }
}

void
sfi__token_logout(struct token *t)
{
    if (t->has_session && t->pid == getpid())
        (void)t->fn->C_CloseSession(t->session);
    t->has_session = false;
    t->logged_in = false;
}

bool
sfi__token_is_logged_in(const struct token *t)
{
    return t->logged_in;
}

/* Each handle has its own session: the login ends with the last one. */
static sfi_status
token_open_session(struct token *t)
{
    CK_TOKEN_INFO info;
    sfi_status st;
    CK_RV rv;

    sfi__token_logout(t);
    st = token_find_same(t, &info);
    if (st != SFI_OK)
        return st;
    rv = t->fn->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
                              NULL, NULL, &t->session);
    if (rv != CKR_OK)
        return sfi__token_fail(t, rv, "open a session");
    t->has_session = true;
    return SFI_OK;
}

/* Verify the PIN even when another handle of this process is logged in: log
 * out, which ends its login too, and log in again. */
static CK_RV
token_login_session(struct token *t, const char *pin_secret, size_t pin_len)
{
    CK_UTF8CHAR *pin = (CK_UTF8CHAR *)pin_secret;
    CK_RV rv = t->fn->C_Login(t->session, CKU_USER, pin, pin_len);

    for (int i = 0; i < 8 && rv == CKR_USER_ALREADY_LOGGED_IN; i++) {
        (void)t->fn->C_Logout(t->session);
        rv = t->fn->C_Login(t->session, CKU_USER, pin, pin_len);
    }
    return rv;
}

sfi_status
sfi__token_login(struct token *t, const char *pin_secret, size_t pin_len)
{
    sfi_status st = token_open_session(t);
    CK_RV rv;

    if (st != SFI_OK)
        return st;
    rv = token_login_session(t, pin_secret, pin_len);
    if (rv != CKR_OK) {
        st = token_fail_pin(t, rv, pin_len, "log in");
        sfi__token_logout(t);
        return st;
    }
    t->logged_in = true;
    return SFI_OK;
}

sfi_status
sfi__token_change_pin(struct token *t, const char *pin_secret, size_t pin_len,
                      const char *new_pin_secret, size_t new_pin_len)
{
    sfi_status st = sfi__token_login(t, pin_secret, pin_len);
    CK_RV rv;

    if (st != SFI_OK)
        return st;
    rv = t->fn->C_SetPIN(t->session, (CK_UTF8CHAR *)pin_secret, pin_len,
                         (CK_UTF8CHAR *)new_pin_secret, new_pin_len);
    return rv == CKR_OK ? SFI_OK
                        : token_fail_pin(t, rv, new_pin_len, "change the PIN");
}
