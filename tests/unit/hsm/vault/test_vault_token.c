/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault sealed by a token: what the token adds, and what happens when token
 * or vault is missing, old, altered or a different one. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/hex.h"
#include "util/mem.h"
#include "core/err.h"
#include "hsm/open.h"
#include "hsm/vault/ledger.h"
#include "hsm/token/token.h"

#include "fixture.h"
#include <bench/maker.h>
#include <card/token_kit.h>

#define MAXIMUM 60u

static struct maker maker;
static char path[300], where[320], name[1000];

/* name: the vault, sealed by the token of this label */
static void
sealed_by(const char *label)
{
    (void)snprintf(name, sizeof(name), "%s?token=%s", path, token_uri(label));
}

static void
setup(void)
{
    fixture_setup();
    token_setup();
    (void)maker_share(&maker);
    (void)snprintf(path, sizeof(path), "%s/line.vault", token_folder);
    (void)snprintf(where, sizeof(where), "vault:%s", path);
    (void)token_make("sfi");
    sealed_by("sfi");
}

static void
teardown(void)
{
    maker_free(&maker);
    fixture_teardown();
    token_teardown();
}

/* Works also after a failure. */
#define succeeds(call)         \
    do {                       \
        sfi__clear_error(ctx); \
        ck_assert_ok(call);    \
    } while (0)

static sfi_status
license(sfi_hsm *hsm, const struct chip *c, uint8_t *data)
{
    sfi_license *lic;
    sfi_status st = sfi_hsm_generate_license(hsm, c->cert, &lic);

    if (st != SFI_OK) {
        ck_assert_ptr_null(lic);
        return st;
    }
    chip_opens(c, &maker, lic);
    if (data != NULL)
        memcpy(data, sfi_license_data(lic, NULL), SFI_LICENSE_LEN);
    sfi_license_free(lic);
    return SFI_OK;
}

static sfi_status
license_new(sfi_hsm *hsm)
{
    struct chip c;
    sfi_status st;

    sfi__clear_error(ctx);
    chip_make(&maker, MAKER_PRODUCT, &c);
    st = license(hsm, &c, NULL);
    chip_free(&c);
    return st;
}

static sfi_status
login(sfi_hsm *hsm, const char *pin)
{
    return sfi_hsm_login(hsm, pin, strlen(pin));
}

static sfi_hsm_info
info(sfi_hsm *hsm)
{
    sfi_hsm_info out = {.struct_size = sizeof(out)};

    succeeds(sfi_hsm_get_info(hsm, &out));
    return out;
}

/* Opening succeeds, the login fails. */
static void
login_fails(sfi_status status, const char *message)
{
    sfi_hsm *hsm;

    succeeds(vault_open(name, &hsm));
    ck_assert_fails(login(hsm, TOKEN_PIN), status, where, message);
    ck_assert_fails_about(license_new(hsm), SFI_ERR_HSM_PIN, where, "login");
    sfi_hsm_free(hsm);
}

static void
copy(const char *from, const char *to)
{
    size_t len;
    char *data = test_read(from, &len);
    FILE *f = fopen(to, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    free(data);
}

/* ---- it works ---- */

START_TEST(test_whole_story)
{
    static const char pin2[] = "quite-another";
    uint8_t first[SFI_LICENSE_LEN], again[SFI_LICENSE_LEN];
    uint8_t header[SFI_IMAGE_HEADER_LEN];
    char uri[1100];
    struct chip c;
    sfi_hsm *hsm;
    char *file;
    size_t len;

    (void)snprintf(uri, sizeof(uri), "vault:%s?token=%s", path,
                   token_uri_direct("sfi"));
    chip_make(&maker, MAKER_PRODUCT, &c);
    ck_assert_ok(sfi_hsm_open(ctx, uri, &hsm));
    ck_assert_uint_eq(info(hsm).state, SFI_HSM_BLANK);
    ck_assert_fails(
        sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN,
                          MAKER_FIRMWARE_ID, 2, maker.perso, NULL),
        SFI_ERR_HSM_PIN, where, "no PIN set: log in with the PIN of the token");
    succeeds(login(hsm, TOKEN_PIN));
    succeeds(sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN,
                               MAKER_FIRMWARE_ID, 2, maker.perso, NULL));
    ck_assert_uint_eq(info(hsm).pin_tries_left, TOKEN_TRIES);
    succeeds(license(hsm, &c, first));
    sfi_hsm_free(hsm);

    succeeds(sfi_hsm_open(ctx, uri, &hsm));
    ck_assert_fails_about(license(hsm, &c, again), SFI_ERR_HSM_PIN, where,
                          "login");
    maker_header(&maker, header);
    ck_assert_fails_about(sfi_hsm_check_image(hsm, header, sizeof(header)),
                          SFI_ERR_HSM_PIN, where, "login");
    succeeds(login(hsm, TOKEN_PIN));
    succeeds(sfi_hsm_check_image(hsm, header, sizeof(header)));
    header[sizeof(header) - 1] ^= 1;
    ck_assert_fails_about(sfi_hsm_check_image(hsm, header, sizeof(header)),
                          SFI_ERR_AUTH, where, "another key or nonce");
    succeeds(license(hsm, &c, again));
    ck_assert_mem_eq(first, again, sizeof(first));
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    ck_assert_fails_about(
        sfi_hsm_change_pin(hsm, "wrong", 5, pin2, strlen(pin2)),
        SFI_ERR_HSM_PIN, where, "PIN", "token");
    succeeds(sfi_hsm_change_pin(hsm, TOKEN_PIN, strlen(TOKEN_PIN), pin2,
                                strlen(pin2)));
    succeeds(license_new(hsm)); /* still logged in */
    ck_assert_int_eq(login(hsm, TOKEN_PIN), SFI_ERR_HSM_PIN);
    succeeds(login(hsm, pin2));
    ck_assert_fails_about(license_new(hsm), SFI_ERR_HSM_COUNTER, where,
                          "installations", "all 2");
    succeeds(sfi_hsm_retire(hsm));
    ck_assert_uint_eq(info(hsm).state, SFI_HSM_RETIRED);
    sfi_hsm_free(hsm);

    file = test_read(path, &len);
    for (size_t i = 0; i + SFI_KEY_LEN <= len; i++)
        ck_assert_mem_ne(file + i, maker.key_secret, SFI_KEY_LEN);
    free(file);
    chip_free(&c);
}
END_TEST

/* A vault may be ahead of its anchor: the anchor follows before a licence
 * leaves. */
static void
one_more_in_a_child(const struct chip *c, enum proxy_call call, size_t at,
                    enum proxy_do what)
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        sfi_hsm *hsm = vault_login(name);

        proxy->call = call;
        proxy->at = at;
        proxy->what = what;
        (void)license(hsm, c, NULL);
        _exit(proxy->count < at ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), at == 0 ? 0 : PROXY_DEAD);
}

static const struct {
    enum proxy_call call;
    enum proxy_do what;
} crashes[] = {
    {PROXY_C_CreateObject, PROXY_DIE}, /* committed, no anchor yet */
    {PROXY_C_CreateObject, PROXY_DIE_AFTER},
    {PROXY_C_DestroyObject, PROXY_DIE},
    {PROXY_C_DestroyObject, PROXY_DIE_AFTER},
};

START_TEST(test_crash_between_commit_and_anchor)
{
    char old[320];
    struct chip c;
    sfi_hsm *hsm = vault_new(&maker, name, 3);

    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    (void)snprintf(old, sizeof(old), "%s.old", path);
    copy(path, old);
    chip_make(&maker, MAKER_PRODUCT, &c);
    one_more_in_a_child(&c, crashes[_i].call, 1, crashes[_i].what);

    hsm = vault_login(name);
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    succeeds(license(hsm, &c, NULL)); /* counted once */
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    ck_assert_uint_eq(token_objects("sfi", CKO_DATA, 0), 1);
    copy(old, path);
    login_fails(SFI_ERR_HSM,
                "the vault is an older copy: record 3 is missing, the last "
                "is 1");
    chip_free(&c);
}
END_TEST

/* Killed at each call of the module in turn, before and after it. */
START_TEST(test_killed_at_every_call)
{
    size_t step = test_step(13);
    uint64_t licensed = 0;
    sfi_hsm *hsm = vault_new(&maker, name, MAXIMUM);
    size_t calls;
    struct chip c;

    proxy->call = PROXY_ANY;
    proxy->count = 0;
    succeeds(license_new(hsm));
    calls = proxy->count;
    licensed++;
    sfi_hsm_free(hsm);
    ck_assert_uint_ge(calls, 15);
    for (size_t at = 1; at <= calls; at += step) {
        memset(proxy, 0, sizeof(*proxy));
        token_proxy_real();
        chip_make(&maker, MAKER_PRODUCT, &c);
        one_more_in_a_child(&c, PROXY_ANY, at,
                            _i == 0 ? PROXY_DIE : PROXY_DIE_AFTER);
        hsm = vault_login(name);
        ck_assert_uint_ge(vault_remaining(hsm), MAXIMUM - licensed - 1);
        succeeds(license(hsm, &c, NULL));
        licensed++;
        ck_assert_uint_eq(vault_remaining(hsm), MAXIMUM - licensed);
        sfi_hsm_free(hsm);
        chip_free(&c);
    }
}
END_TEST

/* Each call of the module refused in turn: no licence, or the right one, and
 * nothing lost. */
START_TEST(test_every_call_fails)
{
    size_t step = test_step(13);
    uint64_t licensed = 0;
    sfi_hsm *hsm = vault_new(&maker, name, MAXIMUM);
    size_t failed = 0;

    for (size_t at = 1;; at += step) {
        struct chip c;
        sfi_status st;

        sfi__clear_error(ctx);
        chip_make(&maker, MAKER_PRODUCT, &c);
        proxy->call = PROXY_ANY;
        proxy->count = 0;
        proxy->at = at;
        proxy->once = 1;
        proxy->what = PROXY_FAIL;
        proxy->rv = _i == 0 ? CKR_DEVICE_REMOVED : CKR_DEVICE_ERROR;
        st = license(hsm, &c, NULL);
        proxy->at = 0;
        failed += st != SFI_OK;
        if (st != SFI_OK)
            ck_assert_int_eq(st, _i == 0 ? SFI_ERR_NO_DEVICE : SFI_ERR_HSM);
        succeeds(license(hsm, &c, NULL));
        licensed++;
        ck_assert_uint_eq(vault_remaining(hsm), MAXIMUM - licensed);
        chip_free(&c);
        if (proxy->count < at)
            break;
    }
    ck_assert_uint_ge(failed, 10 / step);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- the wrong one ---- */

START_TEST(test_wrong_pin)
{
    sfi_hsm *hsm;

    sfi_hsm_free(vault_new(&maker, name, 2));
    succeeds(vault_open(name, &hsm));
    for (int i = 0; i < 12; i++)
        ck_assert_fails_about(login(hsm, "1234-567"), SFI_ERR_HSM_PIN, where,
                              "PIN", "token");
    ck_assert_uint_eq(info(hsm).state, SFI_HSM_OPERATIONAL);
    succeeds(login(hsm, TOKEN_PIN)); /* the token's tries, not the vault's */
    ck_assert_int_eq(login(hsm, "1234-567"), SFI_ERR_HSM_PIN);
    ck_assert_fails_about(license_new(hsm), SFI_ERR_HSM_PIN, where, "login");
    proxy->token_flags = CKF_USER_PIN_FINAL_TRY;
    ck_assert_uint_eq(info(hsm).pin_tries_left, 1);
    proxy->token_flags = CKF_USER_PIN_LOCKED;
    ck_assert_uint_eq(info(hsm).pin_tries_left, 0);
    ck_assert_uint_eq(info(hsm).state, SFI_HSM_BLOCKED);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_blank_wrong_pin)
{
    sfi_hsm *hsm;

    succeeds(vault_open(name, &hsm));
    ck_assert_int_eq(login(hsm, "1234-567"), SFI_ERR_HSM_PIN);
    ck_assert_fails_about(sfi_hsm_provision(hsm, maker.key, maker.nonce,
                                            SFI_NONCE_LEN, MAKER_FIRMWARE_ID, 2,
                                            maker.perso, NULL),
                          SFI_ERR_HSM_PIN, where, "PIN of the token");
    ck_assert_int_ne(access(path, F_OK), 0);
    sfi_hsm_free(hsm);
}
END_TEST

/* The name gives the wrong kind of seal, in both directions. */
START_TEST(test_other_way)
{
    static const char new_pin[] = "new-pin";
    static const char by_token[] = "the vault is sealed by a token: add "
                                   "?token=pkcs11:... to its name";
    static const char by_pin[] = "the vault is sealed with a PIN, not by a "
                                 "token: remove ?token= from its name";
    sfi_hsm *hsm;

    sfi_hsm_free(vault_new(&maker, name, 2));
    succeeds(vault_open(path, &hsm));
    ck_assert_uint_eq(info(hsm).remaining, 2);
    ck_assert_fails(login(hsm, TOKEN_PIN), SFI_ERR_HSM_STATE, where, by_token);
    ck_assert_fails(sfi_hsm_change_pin(hsm, TOKEN_PIN, strlen(TOKEN_PIN),
                                       new_pin, strlen(new_pin)),
                    SFI_ERR_HSM_STATE, where, by_token);
    sfi_hsm_free(hsm);

    ck_assert_int_eq(unlink(path), 0);
    sfi_hsm_free(vault_new(&maker, path, 2));
    succeeds(vault_open(name, &hsm));
    ck_assert_uint_eq(info(hsm).pin_tries_left, 10);
    ck_assert_fails(login(hsm, TOKEN_PIN), SFI_ERR_HSM_STATE, where, by_pin);
    ck_assert_fails(sfi_hsm_change_pin(hsm, TOKEN_PIN, strlen(TOKEN_PIN),
                                       new_pin, strlen(new_pin)),
                    SFI_ERR_HSM_STATE, where, by_pin);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_another_token)
{
    sfi_hsm_free(vault_new(&maker, name, 2));
    (void)token_make("other");
    sealed_by("other");
    login_fails(SFI_ERR_HSM, "the token has no key ... different token, ...");
}
END_TEST

START_TEST(test_token_gone)
{
    sfi_hsm *hsm = vault_new(&maker, name, 2);
    struct chip c;

    chip_make(&maker, MAKER_PRODUCT, &c);
    proxy->call = PROXY_C_GetSessionInfo;
    proxy->at = 1;
    proxy->what = PROXY_FAIL;
    proxy->rv = CKR_DEVICE_REMOVED;
    ck_assert_fails_about(license(hsm, &c, NULL), SFI_ERR_NO_DEVICE, where,
                          "gone");
    ck_assert_uint_eq(vault_remaining(hsm), 2);
    proxy->call = PROXY_C_GetTokenInfo;
    ck_assert_fails_about(login(hsm, TOKEN_PIN), SFI_ERR_NO_DEVICE, where,
                          "no token", "URI");
    sfi_hsm_free(hsm);
    sfi__clear_error(ctx);
    ck_assert_fails_about(vault_open(name, &hsm), SFI_ERR_NO_DEVICE, where,
                          "no token", "URI");
    proxy->at = 0; /* it is back */
    hsm = vault_login(name);
    succeeds(license(hsm, &c, NULL));
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

START_TEST(test_key_deleted)
{
    sfi_hsm_free(vault_new(&maker, name, 2));
    ck_assert_uint_eq(token_objects("sfi", CKO_SECRET_KEY, 1), 1);
    login_fails(SFI_ERR_HSM, "the token has no key ... different token, ...");
}
END_TEST

/* ---- the anchor ---- */

START_TEST(test_anchor_deleted)
{
    static const char message[] =
        "the token has no anchor for this vault: it was deleted, and without "
        "it a rollback cannot be detected";
    sfi_hsm *hsm = vault_new(&maker, name, 2);

    succeeds(license_new(hsm));
    ck_assert_uint_eq(token_objects("sfi", CKO_DATA, 1), 1);
    ck_assert_fails(license_new(hsm), SFI_ERR_HSM, where, message);
    ck_assert_fails(sfi_hsm_retire(hsm), SFI_ERR_HSM, where, message);
    ck_assert_uint_eq(vault_remaining(hsm), 1);
    sfi_hsm_free(hsm);
    login_fails(SFI_ERR_HSM, message);
}
END_TEST

/* Past the vault. */
static void
overwrite_anchor(const uint8_t *id, const uint8_t *data, size_t len)
{
    struct token *t;

    succeeds(sfi__token_open(ctx, token_uri("sfi"), &t));
    succeeds(sfi__token_login(t, TOKEN_PIN, strlen(TOKEN_PIN)));
    succeeds(sfi__token_anchor_set(t, id, data, len));
    sfi__token_close(t);
}

START_TEST(test_anchor_altered)
{
    uint8_t id[TOKEN_ID_LEN];
    uint8_t data[72] = {0};
    sfi_hsm *hsm = vault_new(&maker, name, 2);

    ck_assert(sfi__hex_decode(id, sizeof(id), info(hsm).serial));
    sfi_hsm_free(hsm);
    overwrite_anchor(id, data, sizeof(data));
    login_fails(SFI_ERR_HSM,
                "the token's anchor was altered: it does not match its MAC");
    overwrite_anchor(id, data, 71);
    login_fails(SFI_ERR_HSM, "the token's anchor has 71 bytes, expected 72");
}
END_TEST

START_TEST(test_older_copy)
{
    char old[320];
    sfi_hsm *hsm = vault_new(&maker, name, 9);

    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    (void)snprintf(old, sizeof(old), "%s.old", path);
    copy(path, old);
    hsm = vault_login(name);
    for (int i = 0; i < 3; i++)
        succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    copy(old, path);
    login_fails(SFI_ERR_HSM,
                "the vault is an older copy: record 4 is missing, the last "
                "is 1");
}
END_TEST

/* Two copies of the vault went on, the second one after its owner had set the
 * token's anchor back. */
START_TEST(test_another_copy)
{
    static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = "known to its owner";
    sfi_provision_options options = {
        .struct_size = sizeof(options),
        .audit_key = audit_key,
    };
    uint8_t id[TOKEN_ID_LEN], before[TOKEN_ANCHOR_MAX];
    struct token *t;
    size_t len;
    char old[320], other[320];
    sfi_hsm *hsm = vault_login(name);

    succeeds(sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN,
                               MAKER_FIRMWARE_ID, 9, maker.perso, &options));
    ck_assert(sfi__hex_decode(id, sizeof(id), info(hsm).serial));
    sfi_hsm_free(hsm);
    succeeds(sfi__token_open(ctx, token_uri("sfi"), &t));
    succeeds(sfi__token_login(t, TOKEN_PIN, strlen(TOKEN_PIN)));
    succeeds(sfi__token_anchor_get(t, id, before, sizeof(before), &len));
    sfi__token_close(t);
    (void)snprintf(old, sizeof(old), "%s.old", path);
    (void)snprintf(other, sizeof(other), "%s.other", path);
    copy(path, old);
    hsm = vault_login(name);
    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    copy(path, other);
    /* an owner of PIN and token can restore an older anchor: documented */
    copy(old, path);
    overwrite_anchor(id, before, len);
    hsm = vault_login(name);
    succeeds(license_new(hsm));
    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    copy(other, path); /* the first one again */
    login_fails(SFI_ERR_HSM, "the vault is an older copy: record 2 is missing, "
                             "the last is 1");
    overwrite_anchor(id, before, len);
    hsm = vault_login(name);
    succeeds(license_new(hsm));
    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    copy(path, other);
    copy(old, path);
    overwrite_anchor(id, before, len);
    hsm = vault_login(name);
    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
    copy(other, path);
    login_fails(SFI_ERR_HSM, "the vault is a different copy: record 1 does not "
                             "match the token's anchor");
}
END_TEST

/* SQLite's ledger on a disk that refuses to sync. */
static struct ledger_ops lazy_ops;

static sfi_status
no_sync(struct ledger *l)
{
    return sfi__fail(l->ctx, SFI_ERR_OS, "no sync");
}

static sfi_status
open_lazy(sfi_ctx *own, const char *file, struct ledger **out)
{
    sfi_status st = sfi__ledger_sqlite.open(own, file, out);

    if (st == SFI_OK && *out != NULL) {
        lazy_ops = *(*out)->ops;
        lazy_ops.sync = no_sync;
        (*out)->ops = &lazy_ops;
    }
    return st;
}

/* The token does not remember a record that a power cut may still undo: the
 * vault would then look like an older copy. */
START_TEST(test_anchor_waits_for_the_disk)
{
    static const struct ledger_place lazy = {.open = open_lazy};
    static const struct kdf_cost cheap = {.log2_n = 1, .r = 8, .p = 1};
    char before[320];
    struct chip c;
    sfi_hsm *hsm = vault_new(&maker, name, 3);

    sfi_hsm_free(hsm);
    (void)snprintf(before, sizeof(before), "%s.before", path);
    copy(path, before);
    chip_make(&maker, MAKER_PRODUCT, &c);
    one_more_in_a_child(&c, PROXY_C_CreateObject, 1, PROXY_DIE);
    sfi__clear_error(ctx);
    ck_assert_ok(sfi__hsm_open_vault(ctx, name, &cheap, &lazy, &hsm));
    ck_assert_fails(login(hsm, TOKEN_PIN), SFI_ERR_OS, where, "no sync");
    sfi_hsm_free(hsm);
    copy(before, path); /* as after a power cut */
    hsm = vault_login(name);
    succeeds(license(hsm, &c, NULL));
    ck_assert_uint_eq(vault_remaining(hsm), 2);
    sfi_hsm_free(hsm);
    chip_free(&c);
}
END_TEST

/* ---- provisioning that fails ---- */

static void
nothing_left(sfi_hsm *hsm)
{
    ck_assert_uint_eq(token_objects("sfi", CKO_SECRET_KEY, 0), 0);
    ck_assert_uint_eq(token_objects("sfi", CKO_DATA, 0), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    sfi_hsm_free(hsm);
}

START_TEST(test_no_folder)
{
    sfi_hsm *hsm;

    (void)snprintf(name, sizeof(name), "%s/none/line.vault?token=%s",
                   token_folder, token_uri("sfi"));
    hsm = vault_login(name);
    ck_assert_int_eq(sfi_hsm_provision(hsm, maker.key, maker.nonce,
                                       SFI_NONCE_LEN, MAKER_FIRMWARE_ID, 2,
                                       maker.perso, NULL),
                     SFI_ERR_OS);
    ck_assert_ptr_nonnull(
        strstr(sfi_error_message(sfi_ctx_error(ctx)), "No such file"));
    nothing_left(hsm);
}
END_TEST

START_TEST(test_provisioning_refused)
{
    static const struct {
        enum proxy_call call;
        CK_RV rv;
        sfi_status status;
        const char *message;
    } rows[] = {
        {PROXY_C_GenerateKey, CKR_DEVICE_MEMORY, SFI_ERR_HSM,
         "could not make an AES-256 key: the token is full"},
        {PROXY_C_EncryptInit, CKR_MECHANISM_INVALID, SFI_ERR_UNSUPPORTED,
         "could not encrypt with AES-GCM: the token does not support it"},
        {PROXY_C_CreateObject, CKR_DEVICE_MEMORY, SFI_ERR_HSM,
         "could not write the anchor: the token is full"},
    };
    sfi_hsm *hsm = vault_login(name);

    proxy->call = rows[_i].call;
    proxy->at = 1;
    proxy->what = PROXY_FAIL;
    proxy->rv = rows[_i].rv;
    ck_assert_fails(sfi_hsm_provision(hsm, maker.key, maker.nonce,
                                      SFI_NONCE_LEN, MAKER_FIRMWARE_ID, 2,
                                      maker.perso, NULL),
                    rows[_i].status, where, rows[_i].message);
    nothing_left(hsm);
}
END_TEST

/* Another process provisioned first: its vault keeps its key. */
START_TEST(test_provisioned_meanwhile)
{
    sfi_hsm *hsm = vault_login(name);
    sfi_hsm *other = vault_new(&maker, name, 2);

    sfi_hsm_free(other);
    ck_assert_fails_about(sfi_hsm_provision(hsm, maker.key, maker.nonce,
                                            SFI_NONCE_LEN, MAKER_FIRMWARE_ID, 2,
                                            maker.perso, NULL),
                          SFI_ERR_HSM_STATE, where, "provisioned", "locked");
    sfi_hsm_free(hsm);
    ck_assert_uint_eq(token_objects("sfi", CKO_SECRET_KEY, 0), 1);
    hsm = vault_login(name);
    succeeds(license_new(hsm));
    sfi_hsm_free(hsm);
}
END_TEST

static Suite *
vault_token_suite(void)
{
    Suite *s = suite_create("vault_token");
    TCase *tc = tcase_create("vault_token");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_whole_story);
    tcase_add_loop_test(tc, test_crash_between_commit_and_anchor, 0,
                        ROWS(crashes));
    tcase_add_loop_test(tc, test_killed_at_every_call, 0, 2);
    tcase_add_loop_test(tc, test_every_call_fails, 0, 2);
    tcase_add_test(tc, test_wrong_pin);
    tcase_add_test(tc, test_blank_wrong_pin);
    tcase_add_test(tc, test_other_way);
    tcase_add_test(tc, test_another_token);
    tcase_add_test(tc, test_token_gone);
    tcase_add_test(tc, test_key_deleted);
    tcase_add_test(tc, test_anchor_deleted);
    tcase_add_test(tc, test_anchor_altered);
    tcase_add_test(tc, test_older_copy);
    tcase_add_test(tc, test_another_copy);
    tcase_add_test(tc, test_anchor_waits_for_the_disk);
    tcase_add_test(tc, test_no_folder);
    tcase_add_loop_test(tc, test_provisioning_refused, 0, 3);
    tcase_add_test(tc, test_provisioned_meanwhile);
    suite_add_tcase(s, tc);
    return s;
}

int
main(void)
{
    token_kit_or_skip();
    return run_suite(vault_token_suite());
}
