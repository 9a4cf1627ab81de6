/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Load a PKCS#11 module, translate its return values, check its session. */
#define _POSIX_C_SOURCE 200809L
#include "hsm/token/module.h"

#include <unistd.h>

#include "util/fd.h"
#include "core/ctx.h"
#include "core/err.h"

/* Another handle of this process that logs in again ends the login for a
 * moment. */
#define LOGIN_WAIT_MS 5u
#define LOGIN_ROUNDS 40u

/* ---- the module ---- */

/* A module may leave out what it cannot do: PKCS #11 v2.40, 5.3. */
static sfi_status
module_check_functions(struct token *t, const CK_FUNCTION_LIST *fn)
{
#define NEEDED(name)                              \
    if (fn->name == NULL)                         \
    return sfi__fail(t->ctx, SFI_ERR_UNSUPPORTED, \
                     "the PKCS#11 module has no " #name)
    NEEDED(C_GetInfo);
    NEEDED(C_GetSlotList);
    NEEDED(C_GetSlotInfo);
    NEEDED(C_GetTokenInfo);
    NEEDED(C_OpenSession);
    NEEDED(C_CloseSession);
    NEEDED(C_GetSessionInfo);
    NEEDED(C_Login);
    NEEDED(C_Logout);
    NEEDED(C_SetPIN);
    NEEDED(C_GenerateKey);
    NEEDED(C_CreateObject);
    NEEDED(C_DestroyObject);
    NEEDED(C_GetAttributeValue);
    NEEDED(C_FindObjectsInit);
    NEEDED(C_FindObjects);
    NEEDED(C_FindObjectsFinal);
    NEEDED(C_EncryptInit);
    NEEDED(C_Encrypt);
    NEEDED(C_DecryptInit);
    NEEDED(C_Decrypt);
    NEEDED(C_Initialize);
    NEEDED(C_Finalize);
#undef NEEDED
    return SFI_OK;
}

static sfi_status
module_fail_load(struct token *t, const char *path)
{
    const char *why = p11_kit_message();

    return sfi__fail(t->ctx, SFI_ERR_NO_DEVICE,
                     "the PKCS#11 module \"%s\" cannot be used: %s", path,
                     why != NULL ? why : "not a PKCS#11 module");
}

/* Loaded twice: unmanaged, to see which functions are missing, and managed by
 * p11-kit, which lets any number of handles share it. */
sfi_status
sfi__token_load(struct token *t)
{
    const char *path = p11_kit_uri_get_module_path(t->uri);
    CK_FUNCTION_LIST *bare;
    sfi_status st;
    CK_RV rv;

    if (sfi__locked_file_has(path)) /* the loader would open and close it */
        return sfi__fail_os(t->ctx, SFI_ERR_NO_DEVICE, FD_LOCKED,
                            "the PKCS#11 module \"%s\" cannot be used", path);
    bare = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
    if (bare == NULL)
        return module_fail_load(t, path);
    st = module_check_functions(t, bare);
    if (st == SFI_OK) {
        t->fn = p11_kit_module_load(path, 0);
        if (t->fn == NULL)
            st = module_fail_load(t, path);
    }
    p11_kit_module_release(bare);
    if (st != SFI_OK)
        return st;
    rv = p11_kit_module_initialize(t->fn);
    if (rv != CKR_OK)
        return sfi__fail_peer(t->ctx, SFI_ERR_NO_DEVICE, (int32_t)rv,
                              "the PKCS#11 module \"%s\" cannot be used: its "
                              "initialisation failed with 0x%08lx",
                              path, rv);
    t->initialised = true;
    t->pid = getpid();
    return SFI_OK;
}

void
sfi__token_unload(struct token *t)
{
    if (t->fn == NULL || (t->initialised && t->pid != getpid()))
        return; /* after a fork everything belongs to the parent */
    if (t->has_session)
        (void)t->fn->C_CloseSession(t->session);
    if (t->initialised)
        (void)p11_kit_module_finalize(t->fn);
    p11_kit_module_release(t->fn);
    t->fn = NULL;
    t->has_session = false;
    t->initialised = false;
}

/* ---- errors ---- */

/* Return values with a message of their own; SFI_OK: not one of them. */
static sfi_status
token_explain_refusal(struct token *t, CK_RV rv, const char *what)
{
    sfi_ctx *ctx = t->ctx;
    int32_t code = (int32_t)rv;

    switch (rv) {
    case CKR_HOST_MEMORY:
        return sfi__nomem(ctx);
    case CKR_DEVICE_REMOVED:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_SLOT_ID_INVALID:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SESSION_CLOSED:
    case CKR_CRYPTOKI_NOT_INITIALIZED:
        return sfi__fail_peer(ctx, SFI_ERR_NO_DEVICE, code,
                              "could not %s: the token is gone", what);
    case CKR_USER_NOT_LOGGED_IN:
        return sfi__fail_peer(ctx, SFI_ERR_HSM_PIN, code,
                              "could not %s: not logged in at the token", what);
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_SESSION_READ_ONLY:
        return sfi__fail_peer(ctx, SFI_ERR_ACCESS, code,
                              "could not %s: the token is write-protected",
                              what);
    case CKR_DEVICE_MEMORY:
        return sfi__fail_peer(ctx, SFI_ERR_HSM, code,
                              "could not %s: the token is full", what);
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_FUNCTION_NOT_SUPPORTED:
        return sfi__fail_peer(ctx, SFI_ERR_UNSUPPORTED, code,
                              "could not %s: the token does not support it",
                              what);
    default:
        return SFI_OK;
    }
}

sfi_status
sfi__token_fail(struct token *t, CK_RV rv, const char *what)
{
    sfi_status st = token_explain_refusal(t, rv, what);

    if (st != SFI_OK)
        return st;
    return sfi__fail_peer(t->ctx, SFI_ERR_HSM, (int32_t)rv,
                          "could not %s: the token returned 0x%08lx", what, rv);
}

/* ---- the session ---- */

sfi_status
sfi__token_ready(struct token *t)
{
    const struct clock *clock = t->ctx->clock;
    CK_SESSION_INFO info = {.state = CKS_RO_PUBLIC_SESSION};
    CK_RV rv;

    if (t->pid != getpid())
        return sfi__fail(t->ctx, SFI_ERR_STATE,
                         "the token was opened before a fork: open the HSM in "
                         "the process that uses it");
    if (!t->logged_in)
        return sfi__fail(t->ctx, SFI_ERR_HSM_PIN, "not logged in at the token");
    for (size_t i = 0;; i++) {
        rv = t->fn->C_GetSessionInfo(t->session, &info);
        if (rv != CKR_OK)
            return sfi__token_fail(t, rv, "use the token");
        if (info.state == CKS_RW_USER_FUNCTIONS)
            return SFI_OK;
        if (i == LOGIN_ROUNDS)
            return sfi__fail(t->ctx, SFI_ERR_HSM_PIN,
                             "the login at the token was ended, perhaps by a "
                             "wrong PIN elsewhere in this process: log in "
                             "again");
        clock->sleep_ms(clock->user, LOGIN_WAIT_MS);
    }
}
