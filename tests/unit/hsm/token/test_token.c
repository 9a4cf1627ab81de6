/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Tokens: SoftHSM's, through a module that fails, lies and dies on demand. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "hsm/token/token.h"

#include "fixture.h"
#include <card/token_kit.h>

static uint8_t id[TOKEN_ID_LEN] = {1, 2, 3, 0, 255};
static const uint8_t other_id[TOKEN_ID_LEN] = {1, 2, 3, 0, 254};
static const uint8_t plain[60] = "what a vault keeps to itself";
static const uint8_t aad[40] = "whose it is";
#define SEALED_LEN (TOKEN_IV_LEN + sizeof(plain) + TOKEN_TAG_LEN)

/* Works also after a failure. */
#define succeeds(call)         \
    do {                       \
        sfi__clear_error(ctx); \
        ck_assert_ok(call);    \
    } while (0)

static void
setup(void)
{
    fixture_setup();
    token_setup();
}

static void
teardown(void)
{
    fixture_teardown();
    token_teardown();
}

static sfi_status
login(struct token *t, const char *pin)
{
    return sfi__token_login(t, pin, strlen(pin));
}

/* A token with this label, logged in. */
static struct token *
logged_in(const char *label)
{
    struct token *t;

    (void)token_make(label);
    succeeds(sfi__token_open(ctx, token_uri(label), &t));
    succeeds(login(t, TOKEN_PIN));
    return t;
}

static sfi_status
seal(struct token *t, uint8_t out[SEALED_LEN])
{
    return sfi__token_seal(t, id, aad, sizeof(aad), plain, sizeof(plain), out);
}

static sfi_status
unseal(struct token *t, const uint8_t *sealed, uint8_t *out)
{
    return sfi__token_unseal(t, id, aad, sizeof(aad), sealed, sizeof(plain),
                             out);
}

/* ---- it works ---- */

START_TEST(test_seals)
{
    struct token *t = logged_in("sfi");
    uint8_t sealed[SEALED_LEN];
    uint8_t again[SEALED_LEN];
    uint8_t out[sizeof(plain)];

    succeeds(sfi__token_make_key(t, id));
    succeeds(seal(t, sealed));
    succeeds(seal(t, again));
    ck_assert_mem_ne(sealed, again, TOKEN_IV_LEN);
    succeeds(unseal(t, sealed, out));
    ck_assert_mem_eq(out, plain, sizeof(plain));
    sfi__token_close(t);

    /* later */
    succeeds(sfi__token_open(ctx, token_uri_direct("sfi"), &t));
    succeeds(login(t, TOKEN_PIN));
    memset(out, 0, sizeof(out));
    succeeds(unseal(t, again, out));
    ck_assert_mem_eq(out, plain, sizeof(plain));
    sfi__token_close(t);
}
END_TEST

START_TEST(test_altered)
{
    static const char message[] =
        "the token refused the sealed data: they were altered, or sealed with "
        "a different key";
    struct token *t = logged_in("sfi");
    uint8_t sealed[SEALED_LEN];
    uint8_t out[sizeof(plain)] = {0};

    succeeds(sfi__token_make_key(t, id));
    succeeds(seal(t, sealed));
    for (size_t i = 0; i < sizeof(sealed); i += test_step(9)) {
        sealed[i] ^= 1;
        ck_assert_fails(unseal(t, sealed, out), SFI_ERR_AUTH, "", message);
        ck_assert_uint_eq(out[0], 0);
        sealed[i] ^= 1;
    }
    ck_assert_fails(sfi__token_unseal(t, id, aad, sizeof(aad) - 1, sealed,
                                      sizeof(plain), out),
                    SFI_ERR_AUTH, "", message);
    ck_assert_fails(sfi__token_unseal(t, id, aad, sizeof(aad), sealed,
                                      sizeof(plain) - 1, out),
                    SFI_ERR_AUTH, "", message);
    succeeds(unseal(t, sealed, out));
    sfi__token_close(t);
}
END_TEST

START_TEST(test_one_key_for_one_vault)
{
    static const char none[] = "the token has no key for this vault: it is a "
                               "different token, or the key was deleted";
    struct token *t = logged_in("sfi");
    uint8_t sealed[SEALED_LEN];

    ck_assert_fails(seal(t, sealed), SFI_ERR_HSM, "", none);
    succeeds(sfi__token_make_key(t, other_id));
    ck_assert_fails(seal(t, sealed), SFI_ERR_HSM, "", none);
    succeeds(sfi__token_make_key(t, id));
    succeeds(seal(t, sealed));
    succeeds(sfi__token_make_key(t, id));
    ck_assert_fails(seal(t, sealed), SFI_ERR_HSM, "",
                    "the token has 2 keys for this vault, expected one");
    sfi__token_forget(t, id);
    ck_assert_fails(seal(t, sealed), SFI_ERR_HSM, "", none);
    succeeds(sfi__token_seal(t, other_id, aad, sizeof(aad), plain,
                             sizeof(plain), sealed));
    sfi__token_close(t);
}
END_TEST

/* Whether this process is logged in, by SoftHSM's own functions. */
START_TEST(test_key_cannot_leave)
{
    struct token *t = logged_in("sfi");
    CK_FUNCTION_LIST *fn = token_functions();
    CK_OBJECT_CLASS class = CKO_SECRET_KEY;
    CK_ATTRIBUTE like = {CKA_CLASS, &class, sizeof(class)};
    CK_SESSION_HANDLE session = token_session(fn, "sfi");
    CK_OBJECT_HANDLE key;
    CK_ULONG count = 0;
    uint8_t value[64];
    CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};
    CK_ULONG len = 0;
    CK_ATTRIBUTE b = {CKA_VALUE_LEN, &len, sizeof(len)};

    succeeds(sfi__token_make_key(t, id));
    ck_assert_uint_eq(fn->C_FindObjectsInit(session, &like, 1), CKR_OK);
    ck_assert_uint_eq(fn->C_FindObjects(session, &key, 1, &count), CKR_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(fn->C_FindObjectsFinal(session), CKR_OK);
    ck_assert_uint_eq(fn->C_GetAttributeValue(session, key, &a, 1),
                      CKR_ATTRIBUTE_SENSITIVE);
    ck_assert_uint_eq(fn->C_GetAttributeValue(session, key, &b, 1), CKR_OK);
    ck_assert_uint_eq(len, 32);
    ck_assert_uint_eq(fn->C_CloseSession(session), CKR_OK);
    sfi__token_close(t);
}
END_TEST

/* ---- the anchor ---- */

static void
check_anchor(struct token *t, const char *want)
{
    uint8_t data[TOKEN_ANCHOR_MAX];
    size_t len;

    succeeds(sfi__token_anchor_get(t, id, data, sizeof(data), &len));
    ck_assert_uint_eq(len, strlen(want));
    ck_assert_mem_eq(data, want, len);
}

static sfi_status
set_anchor(struct token *t, const char *text)
{
    return sfi__token_anchor_set(t, id, (const uint8_t *)text, strlen(text));
}

START_TEST(test_anchor)
{
    struct token *t = logged_in("sfi");
    uint8_t data[3];
    size_t len;

    check_anchor(t, "");
    succeeds(set_anchor(t, "0002"));
    check_anchor(t, "0002");
    succeeds(set_anchor(t, "0001")); /* the old key is gone */
    check_anchor(t, "0001");
    succeeds(sfi__token_anchor_set(t, other_id, plain, sizeof(plain)));
    check_anchor(t, "0001");
    ck_assert_fails_about(
        sfi__token_anchor_get(t, id, data, sizeof(data), &len), SFI_ERR_HSM, "",
        "anchor", "3 bytes");
    succeeds(sfi__token_make_key(t, id));
    sfi__token_forget(t, id);
    check_anchor(t, "");
    sfi__token_close(t);
}
END_TEST

/* Runs in a child that the proxy ends. */
static void
die_in_set(enum proxy_call call, enum proxy_do what)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct token *t;

        if (sfi__token_open(ctx, token_uri("sfi"), &t) != SFI_OK ||
            login(t, TOKEN_PIN) != SFI_OK)
            _exit(1);
        proxy->call = call;
        proxy->at = 1;
        proxy->what = what;
        (void)set_anchor(t, "0002");
        _exit(2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), PROXY_DEAD);
}

/* One of the two anchors is there, and the next one replaces both. */
START_TEST(test_anchor_crash)
{
    static const struct {
        enum proxy_call call;
        enum proxy_do what;
        const char *left;
    } rows[] = {
        {PROXY_C_CreateObject, PROXY_DIE, "0001"},
        {PROXY_C_CreateObject, PROXY_DIE_AFTER, "0002"},
        {PROXY_C_DestroyObject, PROXY_DIE, "0002"},
        {PROXY_C_DestroyObject, PROXY_DIE_AFTER, "0002"},
    };
    struct token *t = logged_in("sfi");

    succeeds(set_anchor(t, "0001"));
    sfi__token_close(t);
    die_in_set(rows[_i].call, rows[_i].what);
    succeeds(sfi__token_open(ctx, token_uri("sfi"), &t));
    succeeds(login(t, TOKEN_PIN));
    check_anchor(t, rows[_i].left);
    succeeds(set_anchor(t, "0000"));
    check_anchor(t, "0000");
    sfi__token_close(t);
}
END_TEST

/* ---- names ---- */

#define MODULE "?module-path=" TOKEN_PROXY
static const struct {
    const char *uri;
    sfi_status status;
    const char *message;
} bad_names[] = {
    {"", SFI_ERR_FORMAT, "the token's URI does not begin with \"pkcs11:\""},
    {"pkcs12:token=sfi" MODULE, SFI_ERR_FORMAT,
     "the token's URI does not begin with \"pkcs11:\""},
    {"pkcs11:token=%zz" MODULE, SFI_ERR_FORMAT,
     "the token's URI has a % without two hexadecimal digits"},
    {"pkcs11:token" MODULE, SFI_ERR_FORMAT,
     "the token's URI is not a valid PKCS#11 URI (RFC 7512)"},
    {"pkcs11:colour=red" MODULE, SFI_ERR_FORMAT,
     "the token's URI has an attribute that RFC 7512 does not define"},
    {"pkcs11:token=sfi" MODULE "&pin-value=1234", SFI_ERR_FORMAT,
     "the token's URI contains a PIN: remove it"},
    {"pkcs11:token=sfi" MODULE "&pin-source=/pin", SFI_ERR_FORMAT,
     "the token's URI contains a PIN: remove it"},
    {"pkcs11:token=sfi;object=key" MODULE, SFI_ERR_FORMAT,
     "the token's URI names an object, expected only a token"},
    {"pkcs11:token=sfi", SFI_ERR_FORMAT,
     "the token's URI has no module-path: "
     "pkcs11:token=NAME?module-path=/PATH/TO/MODULE.so"},
    {"pkcs11:token=sfi?module-name=softhsm2", SFI_ERR_FORMAT,
     "the token's URI has no module-path: "
     "pkcs11:token=NAME?module-path=/PATH/TO/MODULE.so"},
    {"pkcs11:token=none" MODULE, SFI_ERR_NO_DEVICE,
     "no token of the module matches the URI"},
    {"pkcs11:token=sfi;serial=0" MODULE, SFI_ERR_NO_DEVICE,
     "no token of the module matches the URI"},
    {"pkcs11:token=sfi;slot-id=4711" MODULE, SFI_ERR_NO_DEVICE,
     "no token of the module matches the URI"},
    {"pkcs11:token=sfi;slot-manufacturer=ACME" MODULE, SFI_ERR_NO_DEVICE,
     "no token of the module matches the URI"},
    {"pkcs11:token=sfi;library-manufacturer=ACME" MODULE, SFI_ERR_NO_DEVICE,
     "the PKCS#11 module does not match the token's URI"},
    {"pkcs11:token=twin" MODULE, SFI_ERR_NO_DEVICE,
     "2 tokens match the URI, expected one: add its serial"},
};

START_TEST(test_bad_name)
{
    struct token *t = (struct token *)&memory;

    (void)token_make("sfi");
    (void)token_make("twin");
    (void)token_make("twin");
    ck_assert_fails(sfi__token_open(ctx, bad_names[_i].uri, &t),
                    bad_names[_i].status, "", bad_names[_i].message);
    ck_assert_ptr_null(t);
}
END_TEST

START_TEST(test_found_by_serial)
{
    const char *one = token_make("twin");
    const char *two = token_make("twin");
    char uri[600];
    struct token *t;

    ck_assert_str_ne(one, two);
    snprintf(uri, sizeof(uri), "pkcs11:token=twin;serial=%s" MODULE, two);
    succeeds(sfi__token_open(ctx, uri, &t));
    succeeds(login(t, TOKEN_PIN));
    sfi__token_close(t);
}
END_TEST

static void
cannot_load(const char *path, const char *words)
{
    char uri[600];
    struct token *t;

    snprintf(uri, sizeof(uri), "pkcs11:token=sfi?module-path=%s", path);
    ck_assert_int_eq(sfi__token_open(ctx, uri, &t), SFI_ERR_NO_DEVICE);
    ck_assert_ptr_null(t);
    ck_assert_msg(strstr(sfi_error_message(sfi_ctx_error(ctx)), words) != NULL,
                  "no \"%s\" in \"%s\"", words,
                  sfi_error_message(sfi_ctx_error(ctx)));
}

START_TEST(test_no_module)
{
    cannot_load("/nonexistent/module.so",
                "the PKCS#11 module \"/nonexistent/module.so\" cannot be "
                "used: ");
    cannot_load("/dev/null", "the PKCS#11 module \"/dev/null\" cannot be");
    /* a library, but no module */
    cannot_load("/lib/x86_64-linux-gnu/libc.so.6", "cannot be used");
    proxy->start = CKR_DEVICE_ERROR;
    cannot_load(TOKEN_PROXY, "cannot be used");
    proxy->start = CKR_OK;
    proxy->call = PROXY_C_Initialize;
    proxy->at = 1;
    proxy->what = PROXY_FAIL;
    proxy->rv = CKR_DEVICE_ERROR;
    cannot_load(TOKEN_PROXY, "its initialisation failed with 0x00000030");
}
END_TEST

START_TEST(test_function_missing)
{
    static const char *const names[] = {"",
#define X(name) #name,
                                        PROXY_CALLS(X)
#undef X
    };
    char message[100];
    struct token *t;

    (void)token_make("sfi");
    proxy->missing = (enum proxy_call)_i;
    snprintf(message, sizeof(message), "the PKCS#11 module has no %s",
             names[_i]);
    ck_assert_fails(sfi__token_open(ctx, token_uri("sfi"), &t),
                    SFI_ERR_UNSUPPORTED, "", message);
}
END_TEST

/* ---- the PIN ---- */

START_TEST(test_wrong_pin)
{
    static const struct {
        CK_FLAGS flags;
        const char *message;
        uint32_t tries;
    } rows[] = {
        {0,
         "wrong PIN: the token refused it; it does not report how many tries "
         "are left", /* as SoftHSM does */
         TOKEN_TRIES},
        {CKF_USER_PIN_FINAL_TRY,
         "wrong PIN: the token refused it, one try left", 1},
        {CKF_USER_PIN_LOCKED,
         "wrong PIN: the token refused it and is locked now", 0},
    };
    struct token *t;
    uint32_t tries = 4711;

    (void)token_make("sfi");
    succeeds(sfi__token_open(ctx, token_uri("sfi"), &t));
    succeeds(sfi__token_pin_tries(t, &tries));
    ck_assert_uint_eq(tries, TOKEN_TRIES);
    proxy->token_flags = rows[_i].flags;
    ck_assert_fails(login(t, "1234-5679"), SFI_ERR_HSM_PIN, "",
                    rows[_i].message);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     (int32_t)CKR_PIN_INCORRECT);
    succeeds(sfi__token_pin_tries(t, &tries));
    ck_assert_uint_eq(tries, rows[_i].tries);
    ck_assert(!sfi__token_is_logged_in(t));
    ck_assert_fails(sfi__token_make_key(t, id), SFI_ERR_HSM_PIN, "",
                    "not logged in at the token");
    succeeds(login(t, TOKEN_PIN));
    ck_assert(sfi__token_is_logged_in(t));
    sfi__token_logout(t);
    ck_assert(!sfi__token_is_logged_in(t));
    sfi__token_close(t);
}
END_TEST

START_TEST(test_change_pin)
{
    struct token *t = logged_in("sfi");
    static const char fresh[] = "another-0815";

    succeeds(sfi__token_make_key(t, id));
    ck_assert_fails_about(
        sfi__token_change_pin(t, "wrong", 5, fresh, strlen(fresh)),
        SFI_ERR_HSM_PIN, "", "PIN", "token");
    ck_assert_fails(
        sfi__token_change_pin(t, TOKEN_PIN, strlen(TOKEN_PIN), "abc", 3),
        SFI_ERR_HSM_PIN, "",
        "the token rejects the PIN of 3 bytes, expected 4 to 255");
    succeeds(sfi__token_change_pin(t, TOKEN_PIN, strlen(TOKEN_PIN), fresh,
                                   strlen(fresh)));
    succeeds(sfi__token_make_key(t, other_id)); /* still logged in */
    ck_assert_int_eq(login(t, TOKEN_PIN), SFI_ERR_HSM_PIN);
    succeeds(login(t, fresh));
    sfi__token_close(t);
}
END_TEST

/* PKCS #11 knows one login for a whole process. */
START_TEST(test_second_handle)
{
    struct token *t = logged_in("sfi");
    struct token *second;

    succeeds(set_anchor(t, "0001"));
    succeeds(sfi__token_open(ctx, token_uri("sfi"), &second));
    ck_assert_fails_about(set_anchor(second, "0002"), SFI_ERR_HSM_PIN, "",
                          "logged in");
    succeeds(login(second, TOKEN_PIN));
    succeeds(set_anchor(second, "0002"));
    check_anchor(t, "0002");
    ck_assert_int_eq(login(second, "wrong"), SFI_ERR_HSM_PIN);
    ck_assert_fails_about(set_anchor(t, "0003"), SFI_ERR_HSM_PIN, "",
                          "log in again");
    succeeds(login(t, TOKEN_PIN));
    check_anchor(t, "0002");
    sfi__token_close(t);
    sfi__token_close(second);
}
END_TEST

START_TEST(test_fork)
{
    static const char message[] =
        "the token was opened before a fork: open the HSM in the process that "
        "uses it";
    struct token *t = logged_in("sfi");
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        uint32_t tries;
        int wrong = 0;

        wrong |= set_anchor(t, "0002") != SFI_ERR_STATE;
        wrong |= strcmp(sfi_error_message(sfi_ctx_error(ctx)), message) != 0;
        wrong |= login(t, TOKEN_PIN) != SFI_ERR_STATE;
        wrong |= sfi__token_pin_tries(t, &tries) != SFI_ERR_STATE;
        sfi__token_close(t);
        wrong |= sfi__token_open(ctx, token_uri("sfi"), &t) != SFI_OK ||
                 login(t, TOKEN_PIN) != SFI_OK ||
                 set_anchor(t, "0002") != SFI_OK;
        sfi__token_close(t);
        _exit(wrong);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    check_anchor(t, "0002"); /* the parent's handle is as it was */
    sfi__token_close(t);
}
END_TEST

/* ---- refusals ---- */

static const struct {
    enum proxy_call call;
    CK_RV rv;
    sfi_status status;
    const char *message;
} refusals[] = {
    {PROXY_C_CreateObject, CKR_HOST_MEMORY, SFI_ERR_NOMEM, "out of memory"},
    {PROXY_C_CreateObject, CKR_DEVICE_REMOVED, SFI_ERR_NO_DEVICE,
     "could not write the anchor: the token is gone"},
    {PROXY_C_GetSessionInfo, CKR_SESSION_HANDLE_INVALID, SFI_ERR_NO_DEVICE,
     "could not use the token: the token is gone"},
    {PROXY_C_GetSessionInfo, CKR_CRYPTOKI_NOT_INITIALIZED, SFI_ERR_NO_DEVICE,
     "could not use the token: the token is gone"},
    {PROXY_C_CreateObject, CKR_USER_NOT_LOGGED_IN, SFI_ERR_HSM_PIN,
     "could not write the anchor: not logged in at the token"},
    {PROXY_C_CreateObject, CKR_TOKEN_WRITE_PROTECTED, SFI_ERR_ACCESS,
     "could not write the anchor: the token is write-protected"},
    {PROXY_C_CreateObject, CKR_DEVICE_MEMORY, SFI_ERR_HSM,
     "could not write the anchor: the token is full"},
    {PROXY_C_CreateObject, CKR_DEVICE_ERROR, SFI_ERR_HSM,
     "could not write the anchor: the token returned 0x00000030"},
    {PROXY_C_DestroyObject, CKR_ACTION_PROHIBITED, SFI_ERR_HSM,
     "could not remove the old anchor: the token returned 0x0000001b"},
    {PROXY_C_FindObjects, CKR_DEVICE_ERROR, SFI_ERR_HSM,
     "could not search the token: the token returned 0x00000030"},
    {PROXY_C_GetAttributeValue, CKR_DEVICE_ERROR, SFI_ERR_HSM,
     "could not check the new key: the token returned 0x00000030"},
    {PROXY_C_GenerateKey, CKR_MECHANISM_INVALID, SFI_ERR_UNSUPPORTED,
     "could not make an AES-256 key: the token does not support it"},
    {PROXY_C_EncryptInit, CKR_MECHANISM_INVALID, SFI_ERR_UNSUPPORTED,
     "could not encrypt with AES-GCM: the token does not support it"},
    {PROXY_C_DecryptInit, CKR_MECHANISM_PARAM_INVALID, SFI_ERR_UNSUPPORTED,
     "could not decrypt with AES-GCM: the token does not support it"},
    {PROXY_C_Decrypt, CKR_DEVICE_ERROR, SFI_ERR_HSM,
     "could not decrypt with AES-GCM: the token returned 0x00000030"},
    {PROXY_C_GetSlotList, CKR_FUNCTION_NOT_SUPPORTED, SFI_ERR_UNSUPPORTED,
     "could not list the tokens: the token does not support it"},
    {PROXY_C_GetTokenInfo, CKR_TOKEN_NOT_PRESENT, SFI_ERR_NO_DEVICE,
     "no token of the module matches the URI"},
    {PROXY_C_OpenSession, CKR_DEVICE_REMOVED, SFI_ERR_NO_DEVICE,
     "could not open a session: the token is gone"},
    {PROXY_C_Login, CKR_PIN_LOCKED, SFI_ERR_HSM_STATE,
     "the token has locked its PIN: its security officer can set a new one"},
    {PROXY_C_Login, CKR_PIN_EXPIRED, SFI_ERR_HSM_PIN,
     "the token requires a change of its PIN first"},
    {PROXY_C_Login, CKR_USER_PIN_NOT_INITIALIZED, SFI_ERR_HSM_STATE,
     "the token has no user PIN yet"},
    {PROXY_C_Login, CKR_DEVICE_ERROR, SFI_ERR_HSM,
     "could not log in: the token returned 0x00000030"},
    {PROXY_C_SetPIN, CKR_DEVICE_ERROR, SFI_ERR_HSM,
     "could not change the PIN: the token returned 0x00000030"},
};

/* All that can be done with a token, until something fails. */
static sfi_status
do_all(const char *label)
{
    uint8_t data[TOKEN_ANCHOR_MAX];
    uint8_t sealed[SEALED_LEN];
    uint8_t out[sizeof(plain)];
    struct token *t;
    size_t len;
    sfi_status st = sfi__token_open(ctx, token_uri(label), &t);

    if (st != SFI_OK)
        return st;
    st = sfi__token_change_pin(t, TOKEN_PIN, strlen(TOKEN_PIN), TOKEN_PIN,
                               strlen(TOKEN_PIN));
    if (st == SFI_OK)
        st = sfi__token_make_key(t, id);
    if (st == SFI_OK)
        st = seal(t, sealed);
    if (st == SFI_OK)
        st = unseal(t, sealed, out);
    if (st == SFI_OK)
        ck_assert_mem_eq(out, plain, sizeof(plain));
    if (st == SFI_OK)
        st = set_anchor(t, "0001");
    if (st == SFI_OK)
        st = set_anchor(t, "0002");
    if (st == SFI_OK)
        st = sfi__token_anchor_get(t, id, data, sizeof(data), &len);
    if (st == SFI_OK)
        ck_assert_mem_eq(data, "0002", len);
    if (sfi__token_is_logged_in(t))
        sfi__token_forget(t, id);
    sfi__token_close(t);
    return st;
}

START_TEST(test_refusal)
{
    (void)token_make("sfi");
    proxy->call = refusals[_i].call;
    proxy->at = 1;
    proxy->what = PROXY_FAIL;
    proxy->rv = refusals[_i].rv;
    ck_assert_fails(do_all("sfi"), refusals[_i].status, "",
                    refusals[_i].message);
}
END_TEST

/* The n-th call of all fails, for each n: a clean failure, and the token serves
 * the next one. */
START_TEST(test_nth_call_fails)
{
    size_t step = test_step(37);
    size_t failed = 0;

    (void)token_make("sfi");
    for (size_t n = 1;; n += step) {
        sfi_status st;

        *proxy = (struct proxy){
            .call = PROXY_ANY,
            .at = n,
            .once = 1,
            .what = _i == 0 ? PROXY_FAIL : PROXY_FAIL_AFTER,
            .rv = CKR_DEVICE_ERROR,
        };
        token_proxy_real();
        memcpy(id, &n, sizeof(n)); /* the round before may have left objects */
        st = do_all("sfi");
        if (proxy->count < n) {
            ck_assert_int_eq(st, SFI_OK);
            break;
        }
        if (st != SFI_OK) {
            failed++;
            ck_assert_msg(st == SFI_ERR_HSM || st == SFI_ERR_NO_DEVICE,
                          "call %zu: %s", n, sfi_status_name(st));
            ck_assert_int_eq(sfi_error_status(sfi_ctx_error(ctx)), st);
        }
    }
    ck_assert_uint_ge(failed, 35 / step);
}
END_TEST

static const struct {
    enum proxy_call call;
    size_t at;
    CK_ULONG lie;
    sfi_status status;
    const char *message;
} lies[] = {
    {PROXY_C_GetSlotList, 1, 100000, SFI_ERR_HSM,
     "the PKCS#11 module reports 100000 slots, expected at most 256"},
    {PROXY_C_GetSlotList, 1, 0, SFI_ERR_NO_DEVICE,
     "no token of the module matches the URI"},
    {PROXY_C_GetSessionInfo, 1, CKS_RW_SO_FUNCTIONS, SFI_ERR_HSM_PIN,
     "the login at the token was ended, perhaps by a wrong PIN elsewhere in "
     "this process: log in again"},
    {PROXY_C_FindObjects, 1, 1000, SFI_ERR_HSM,
     "the token returned 1000 objects, expected at most 16"},
    {PROXY_C_FindObjects, 1, 0, SFI_ERR_HSM,
     "the token has no key for this vault: it is a different token, or the key "
     "was deleted"},
    {PROXY_C_GetAttributeValue, 1, CK_FALSE, SFI_ERR_HSM,
     "the token made a key that is extractable or not permanent"},
    {PROXY_C_Encrypt, 1, 75, SFI_ERR_HSM,
     "the token sealed to 75 bytes, expected 76"},
    {PROXY_C_Encrypt, 1, (CK_ULONG)-1, SFI_ERR_HSM,
     "the token sealed to ... bytes, expected 76"},
    {PROXY_C_Decrypt, 1, 0, SFI_ERR_HSM,
     "the token opened to 0 bytes, expected 60"},
    {PROXY_C_Decrypt, 1, 61, SFI_ERR_HSM,
     "the token opened to 61 bytes, expected 60"},
    {PROXY_C_GetAttributeValue, 2, 129, SFI_ERR_HSM,
     "the token's anchor is longer than 128 bytes"},
    {PROXY_C_GetAttributeValue, 2, CK_UNAVAILABLE_INFORMATION, SFI_ERR_HSM,
     "the token's anchor is longer than 128 bytes"},
};

START_TEST(test_lie)
{
    (void)token_make("sfi");
    proxy->call = lies[_i].call;
    proxy->at = lies[_i].at;
    proxy->what = PROXY_LIE;
    proxy->lie = lies[_i].lie;
    ck_assert_fails(do_all("sfi"), lies[_i].status, "", lies[_i].message);
}
END_TEST

START_TEST(test_no_memory)
{
    struct token *t = (struct token *)&memory;

    (void)token_make("sfi");
    memory.fail_at = 1;
    ck_assert_fails_about(sfi__token_open(ctx, token_uri("sfi"), &t),
                          SFI_ERR_NOMEM, "", "memory");
    ck_assert_ptr_null(t);
}
END_TEST

/* A different token with the same name. */
START_TEST(test_replaced)
{
    struct token *t = logged_in("sfi");
    uint32_t tries;

    proxy->call = PROXY_C_GetTokenInfo;
    proxy->at = 1;
    proxy->what = PROXY_LIE;
    ck_assert_fails(login(t, TOKEN_PIN), SFI_ERR_NO_DEVICE, "",
                    "the token was replaced by a different one");
    ck_assert_fails_about(sfi__token_pin_tries(t, &tries), SFI_ERR_NO_DEVICE,
                          "", "replaced");
    proxy->at = 0;
    succeeds(login(t, TOKEN_PIN));
    sfi__token_close(t);
}
END_TEST

static Suite *
token_suite(void)
{
    Suite *s = suite_create("token");
    TCase *tc = tcase_create("token");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_seals);
    tcase_add_test(tc, test_altered);
    tcase_add_test(tc, test_one_key_for_one_vault);
    tcase_add_test(tc, test_key_cannot_leave);
    tcase_add_test(tc, test_anchor);
    tcase_add_loop_test(tc, test_anchor_crash, 0, 4);
    tcase_add_loop_test(tc, test_bad_name, 0, ROWS(bad_names));
    tcase_add_test(tc, test_found_by_serial);
    tcase_add_test(tc, test_no_module);
    tcase_add_loop_test(tc, test_function_missing, 1, PROXY_COUNT);
    tcase_add_loop_test(tc, test_wrong_pin, 0, 3);
    tcase_add_test(tc, test_change_pin);
    tcase_add_test(tc, test_second_handle);
    tcase_add_test(tc, test_fork);
    tcase_add_loop_test(tc, test_refusal, 0, ROWS(refusals));
    tcase_add_loop_test(tc, test_nth_call_fails, 0, 2);
    tcase_add_loop_test(tc, test_lie, 0, ROWS(lies));
    tcase_add_test(tc, test_no_memory);
    tcase_add_test(tc, test_replaced);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    token_kit_or_skip();
    return run_suite(token_suite());
}
