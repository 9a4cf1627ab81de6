/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Makes SoftHSM tokens for tests. */
#define _XOPEN_SOURCE 700
#include <card/token_kit.h>

#include <dirent.h>
#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define EXIT_SKIP 77 /* meson's */
#define TOKEN_PATH_MAX 600

char token_folder[256];
struct proxy *proxy;

static const char *
softhsm(void)
{
    static const char *const places[] = {
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/softhsm/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    };

    for (size_t i = 0; i < ROWS(places); i++) {
        if (access(places[i], R_OK) == 0)
            return places[i];
    }
    return NULL;
}

static void
skip(const char *why)
{
    printf("SKIP: %s\n", why);
    exit(EXIT_SKIP);
}

void
token_kit_or_skip(void)
{
    void *module = dlopen(TOKEN_PROXY, RTLD_NOW | RTLD_LOCAL);

    if (softhsm() == NULL)
        skip("softhsm2 is not installed");
    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(EXIT_FAILURE);
    }
    proxy = dlsym(module, "token_proxy");
}

static int
remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static void
remove_tree(const char *path)
{
    ck_assert_int_eq(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void
token_setup(void)
{
    char path[300];
    FILE *f;

    test_mkdir(token_folder, sizeof(token_folder));
    snprintf(path, sizeof(path), "%s/tokens", token_folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/conf", token_folder);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fprintf(f,
            "directories.tokendir = %s/tokens\nobjectstore.backend = file\n"
            "log.level = ERROR\nslots.removable = false\n",
            token_folder);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(setenv("SOFTHSM2_CONF", path, 1), 0);
    memset(proxy, 0, sizeof(*proxy));
    token_proxy_real();
}

void
token_proxy_real(void)
{
    snprintf(proxy->module, sizeof(proxy->module), "%s", softhsm());
}

void
token_teardown(void)
{
    /* a finalisation that the proxy refused */
    (void)token_functions()->C_Finalize(NULL);
    remove_tree(token_folder);
}

/* The module says which slot a token got; only it knows the serial. */
static void
initialise(CK_FUNCTION_LIST *fn, const char *label, char serial[17])
{
    CK_UTF8CHAR padded[32];
    CK_SLOT_ID slots[64];
    CK_ULONG count = ROWS(slots);
    CK_SESSION_HANDLE session;
    CK_TOKEN_INFO info;

    memset(padded, ' ', sizeof(padded));
    memcpy(padded, label, strlen(label));
    ck_assert_uint_eq(fn->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    /* the last slot always holds a fresh one */
    ck_assert_uint_eq(fn->C_InitToken(slots[count - 1],
                                      (CK_UTF8CHAR *)TOKEN_SO_PIN,
                                      strlen(TOKEN_SO_PIN), padded),
                      CKR_OK);
    ck_assert_uint_eq(fn->C_OpenSession(slots[count - 1],
                                        CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                        NULL, NULL, &session),
                      CKR_OK);
    ck_assert_uint_eq(fn->C_Login(session, CKU_SO, (CK_UTF8CHAR *)TOKEN_SO_PIN,
                                  strlen(TOKEN_SO_PIN)),
                      CKR_OK);
    ck_assert_uint_eq(
        fn->C_InitPIN(session, (CK_UTF8CHAR *)TOKEN_PIN, strlen(TOKEN_PIN)),
        CKR_OK);
    ck_assert_uint_eq(fn->C_GetTokenInfo(slots[count - 1], &info), CKR_OK);
    memcpy(serial, info.serialNumber, sizeof(info.serialNumber));
    serial[sizeof(info.serialNumber)] = '\0';
    ck_assert_uint_eq(fn->C_CloseSession(session), CKR_OK);
}

CK_FUNCTION_LIST *
token_functions(void)
{
    void *module = dlopen(softhsm(), RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    CK_FUNCTION_LIST *fn;

    ck_assert_ptr_nonnull(module);
    *(void **)&get = dlsym(module, "C_GetFunctionList");
    ck_assert(get != NULL);
    ck_assert_uint_eq(get(&fn), CKR_OK);
    return fn;
}

CK_SESSION_HANDLE
token_session(CK_FUNCTION_LIST *fn, const char *label)
{
    CK_SESSION_HANDLE session = 0;
    CK_SLOT_ID slots[64];
    CK_ULONG count = ROWS(slots);

    ck_assert_uint_eq(fn->C_GetSlotList(CK_TRUE, slots, &count), CKR_OK);
    for (CK_ULONG i = 0; i < count && session == 0; i++) {
        CK_TOKEN_INFO info;

        ck_assert_uint_eq(fn->C_GetTokenInfo(slots[i], &info), CKR_OK);
        if (strncmp((char *)info.label, label, strlen(label)) == 0)
            ck_assert_uint_eq(
                fn->C_OpenSession(slots[i], CKF_SERIAL_SESSION | CKF_RW_SESSION,
                                  NULL, NULL, &session),
                CKR_OK);
    }
    ck_assert_uint_ne(session, 0);
    return session;
}

size_t
token_objects(const char *label, CK_OBJECT_CLASS class, int destroy)
{
    CK_FUNCTION_LIST *fn = token_functions();
    CK_RV started = fn->C_Initialize(NULL);
    CK_SESSION_HANDLE session = token_session(fn, label);
    CK_ATTRIBUTE like = {CKA_CLASS, &class, sizeof(class)};
    CK_OBJECT_HANDLE found[256];
    CK_ULONG count = 0;
    CK_RV rv = fn->C_Login(session, CKU_USER, (CK_UTF8CHAR *)TOKEN_PIN,
                           strlen(TOKEN_PIN));

    ck_assert(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN);
    ck_assert_uint_eq(fn->C_FindObjectsInit(session, &like, 1), CKR_OK);
    ck_assert_uint_eq(fn->C_FindObjects(session, found, ROWS(found), &count),
                      CKR_OK);
    ck_assert_uint_eq(fn->C_FindObjectsFinal(session), CKR_OK);
    for (CK_ULONG i = 0; i < count && destroy; i++)
        ck_assert_uint_eq(fn->C_DestroyObject(session, found[i]), CKR_OK);
    ck_assert_uint_eq(fn->C_CloseSession(session), CKR_OK);
    if (started == CKR_OK)
        ck_assert_uint_eq(fn->C_Finalize(NULL), CKR_OK);
    return count;
}

/* ---- tests in one process share a blank token ---- */

/* As SoftHSM keeps it: a folder with a name of its own. */
static struct {
    char label[33], serial[17];
    char base[256], name[256];
} blank_token;

/* The only entry of the folder of tokens; NULL: none. */
static const char *
find_token(char path[TOKEN_PATH_MAX])
{
    struct dirent *entry;
    const char *name = NULL;
    DIR *dir;

    snprintf(path, TOKEN_PATH_MAX, "%s/tokens", token_folder);
    dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, TOKEN_PATH_MAX, "%s/tokens/%s", token_folder,
                 entry->d_name);
        name = path + strlen(path) - strlen(entry->d_name);
    }
    closedir(dir);
    return name;
}

static void
remove_blank_token(void)
{
    remove_tree(blank_token.base);
}

static void
keep_blank_token(const char *label, const char *serial)
{
    char path[TOKEN_PATH_MAX], kept[TOKEN_PATH_MAX];
    const char *name = find_token(path);

    ck_assert_ptr_nonnull(name);
    test_mkdir(blank_token.base, sizeof(blank_token.base));
    snprintf(blank_token.label, sizeof(blank_token.label), "%s", label);
    snprintf(blank_token.serial, sizeof(blank_token.serial), "%s", serial);
    snprintf(blank_token.name, sizeof(blank_token.name), "%s", name);
    snprintf(kept, sizeof(kept), "%s/%s", blank_token.base, blank_token.name);
    test_copydir(path, kept);
    (void)atexit(remove_blank_token);
}

static void
copy_blank_token(void)
{
    char path[TOKEN_PATH_MAX], kept[TOKEN_PATH_MAX];

    snprintf(kept, sizeof(kept), "%s/%s", blank_token.base, blank_token.name);
    snprintf(path, sizeof(path), "%s/tokens/%s", token_folder,
             blank_token.name);
    test_copydir(kept, path);
}

/* Only while libsfi has no token open: a module is initialised once. */
const char *
token_make(const char *label)
{
    static char serials[4][17];
    static size_t turn;
    char path[TOKEN_PATH_MAX];
    char *serial = serials[turn++ % ROWS(serials)];
    bool first = test_in_one_process() && find_token(path) == NULL;
    CK_FUNCTION_LIST *fn;

    if (first && strcmp(label, blank_token.label) == 0) {
        copy_blank_token();
        return blank_token.serial;
    }
    fn = token_functions();
    ck_assert_uint_eq(fn->C_Initialize(NULL), CKR_OK);
    initialise(fn, label, serial);
    ck_assert_uint_eq(fn->C_Finalize(NULL), CKR_OK);
    if (first && blank_token.label[0] == '\0')
        keep_blank_token(label, serial);
    return serial;
}

static const char *
uri(const char *label, const char *module)
{
    static char texts[4][512];
    static size_t turn;
    char *text = texts[turn++ % ROWS(texts)];

    snprintf(text, sizeof(texts[0]), "pkcs11:token=%s?module-path=%s", label,
             module);
    return text;
}

const char *
token_uri(const char *label)
{
    return uri(label, TOKEN_PROXY);
}

const char *
token_uri_direct(const char *label)
{
    return uri(label, softhsm());
}
