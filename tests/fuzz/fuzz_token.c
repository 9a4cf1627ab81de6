/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile PKCS#11 module: any result of each function, any number and any
 * bytes that it gives back, as far as the buffers it was given allow.  Input:
 * which calls libsfi shall make, and then for each function a byte for its
 * result and more for what it returns. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <unistd.h>

#include "util/rd.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/token/module.h"

#include "fuzz_session.h"

#define PIN "1234-5678"
#define OTHER_PIN "8765-4321"
/* One call of libsfi: a hundred rounds, each with some objects. */
#define CALLS_MAX 6000u
#define OPS_MAX 16u

static struct rd r;
static unsigned calls, pins;

static CK_RV
answer(void)
{
    static const CK_RV codes[] = {
        CKR_OK,
        CKR_OK,
        CKR_OK,
        CKR_OK,
        CKR_HOST_MEMORY,
        CKR_DEVICE_REMOVED,
        CKR_PIN_INCORRECT,
        CKR_PIN_LOCKED,
        CKR_USER_ALREADY_LOGGED_IN,
        CKR_OPERATION_ACTIVE,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_BUFFER_TOO_SMALL,
        CKR_ENCRYPTED_DATA_INVALID,
        CKR_PIN_LEN_RANGE,
        CKR_USER_NOT_LOGGED_IN,
        CKR_VENDOR_DEFINED | 0x1234,
    };

    FUZZ_HOLDS(calls++ < CALLS_MAX);
    return codes[sfi__rd_u8(&r) % 16];
}

/* A number: mostly the one expected, else another. */
static CK_ULONG
number(CK_ULONG expected)
{
    switch (sfi__rd_u8(&r)) {
    case 1:
        return 0;
    case 2:
        return (CK_ULONG)-1;
    case 3:
        return expected + 1;
    case 4:
        return sfi__rd_u16be(&r);
    default:
        return expected;
    }
}

/* Bytes of the input, at most `room`. */
static void
bytes(void *out, size_t room)
{
    size_t len = sfi__rd_left(&r) < room ? sfi__rd_left(&r) : room;

    memset(out, 0, room);
    sfi__rd_bytes(&r, out, len);
}

static CK_RV
on_get_info(CK_INFO *info)
{
    bytes(info, sizeof(*info));
    return answer();
}

static CK_RV
on_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count)
{
    CK_ULONG room = *count;

    (void)present;
    *count = number(1);
    for (CK_ULONG i = 0; slots != NULL && i < *count && i < room; i++)
        slots[i] = i;
    return answer();
}

static CK_RV
on_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
    (void)slot;
    memset(info, ' ', sizeof(*info));
    return answer();
}

static CK_RV
on_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    (void)slot;
    memset(info, ' ', sizeof(*info));
    info->flags = CKF_TOKEN_INITIALIZED | number(0);
    bytes(info->serialNumber, sfi__rd_u8(&r) == 1 ? 16 : 0);
    return answer();
}

static CK_RV
on_open(CK_SLOT_ID slot, CK_FLAGS flags, void *user, CK_NOTIFY notify,
        CK_SESSION_HANDLE *out)
{
    (void)slot;
    (void)flags;
    (void)user;
    (void)notify;
    *out = number(7);
    return answer();
}

static CK_RV
on_session(CK_SESSION_HANDLE session)
{
    (void)session;
    return answer();
}

static CK_RV
on_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    (void)session;
    memset(info, 0, sizeof(*info));
    info->state = number(CKS_RW_USER_FUNCTIONS);
    return answer();
}

static CK_RV
on_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
         CK_ULONG len)
{
    (void)session;
    FUZZ_HOLDS(user == CKU_USER);
    FUZZ_HOLDS(len == strlen(PIN) && memcmp(pin, PIN, len) == 0);
    pins++;
    return answer();
}

static CK_RV
on_set_pin(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len,
           CK_UTF8CHAR *new, CK_ULONG new_len)
{
    (void)session;
    FUZZ_HOLDS(old_len == strlen(PIN) && memcmp(old, PIN, old_len) == 0);
    FUZZ_HOLDS(new_len == strlen(OTHER_PIN) &&
               memcmp(new, OTHER_PIN, new_len) == 0);
    return answer();
}

static CK_RV
on_make_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
            CK_ATTRIBUTE *like, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
    (void)session;
    (void)mechanism;
    FUZZ_HOLDS(like != NULL && n > 0);
    *out = number(9);
    return answer();
}

static CK_RV
on_create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *like, CK_ULONG n,
          CK_OBJECT_HANDLE *out)
{
    return on_make_key(session, NULL, like, n, out);
}

static CK_RV
on_destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    (void)session;
    (void)object;
    return answer();
}

/* The lengths may be lies; what is written fits. */
static CK_RV
on_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
              CK_ATTRIBUTE *a, CK_ULONG n)
{
    (void)session;
    (void)object;
    for (CK_ULONG i = 0; i < n; i++) {
        bytes(a[i].pValue, a[i].ulValueLen);
        a[i].ulValueLen = number(a[i].ulValueLen);
    }
    return answer();
}

static CK_RV
on_find_start(CK_SESSION_HANDLE session, CK_ATTRIBUTE *like, CK_ULONG n)
{
    (void)session;
    FUZZ_HOLDS(like != NULL && n > 0);
    return answer();
}

static CK_RV
on_find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG room,
        CK_ULONG *count)
{
    (void)session;
    *count = number(1);
    for (CK_ULONG i = 0; i < *count && i < room; i++)
        out[i] = i + 20;
    return answer();
}

static CK_RV
on_cipher_start(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                CK_OBJECT_HANDLE key)
{
    (void)session;
    (void)mechanism;
    (void)key;
    return answer();
}

static CK_RV
on_encrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len,
           CK_BYTE *out, CK_ULONG *out_len)
{
    CK_ULONG room = *out_len;

    (void)session;
    (void)in;
    bytes(out, room < 64 ? room : 64);
    *out_len = number(in_len + TOKEN_TAG_LEN);
    return answer();
}

static CK_RV
on_decrypt(CK_SESSION_HANDLE session, CK_BYTE *in, CK_ULONG in_len,
           CK_BYTE *out, CK_ULONG *out_len)
{
    CK_ULONG room = *out_len;

    (void)session;
    (void)in;
    bytes(out, room < 64 ? room : 64);
    *out_len = number(in_len - TOKEN_TAG_LEN);
    return answer();
}

static CK_FUNCTION_LIST hostile = {
    .C_GetInfo = on_get_info,
    .C_GetSlotList = on_slot_list,
    .C_GetSlotInfo = on_slot_info,
    .C_GetTokenInfo = on_token_info,
    .C_OpenSession = on_open,
    .C_CloseSession = on_session,
    .C_GetSessionInfo = on_session_info,
    .C_Login = on_login,
    .C_Logout = on_session,
    .C_SetPIN = on_set_pin,
    .C_GenerateKey = on_make_key,
    .C_CreateObject = on_create,
    .C_DestroyObject = on_destroy,
    .C_GetAttributeValue = on_attributes,
    .C_FindObjectsInit = on_find_start,
    .C_FindObjects = on_find,
    .C_FindObjectsFinal = on_session,
    .C_EncryptInit = on_cipher_start,
    .C_Encrypt = on_encrypt,
    .C_DecryptInit = on_cipher_start,
    .C_Decrypt = on_decrypt,
};

/* ---- the host ---- */

static const uint8_t id[TOKEN_ID_LEN] = "sixteen bytes...";

static sfi_status
get_anchor(struct token *t)
{
    uint8_t data[64];
    size_t len = 1;
    sfi_status st = sfi__token_anchor_get(t, id, data, sizeof(data), &len);

    FUZZ_HOLDS(st == SFI_OK ? len <= sizeof(data) : len == 0);
    return st;
}

static sfi_status
call(struct token *t, uint8_t which)
{
    uint8_t sealed[TOKEN_IV_LEN + 48 + TOKEN_TAG_LEN] = {0}, plain[48] = {0};
    uint32_t tries;

    switch (which % 9) {
    case 0:
        return sfi__token_pin_tries(t, &tries);
    case 1:
        return sfi__token_login(t, PIN, strlen(PIN));
    case 2:
        return sfi__token_change_pin(t, PIN, strlen(PIN), OTHER_PIN,
                                     strlen(OTHER_PIN));
    case 3:
        return sfi__token_make_key(t, id);
    case 4:
        return sfi__token_seal(t, id, id, sizeof(id), plain, sizeof(plain),
                               sealed);
    case 5:
        return sfi__token_unseal(t, id, id, sizeof(id), sealed, sizeof(plain),
                                 plain);
    case 6:
        return get_anchor(t);
    case 7:
        return sfi__token_anchor_set(t, id, plain, sizeof(plain));
    default:
        sfi__token_forget(t, id);
        return SFI_OK;
    }
}

/* A PIN goes out once for each login, and again only while the module says
 * that somebody is logged in. */
static void
check(struct token *t, sfi_status st)
{
    FUZZ_HOLDS(sfi_error_status(sfi_ctx_error(t->ctx)) == st);
    FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_UNSUPPORTED ||
               st == SFI_ERR_NOMEM || st <= -200);
    FUZZ_HOLDS(st != SFI_ERR_INTERNAL);
    FUZZ_HOLDS(pins <= 9);
    FUZZ_HOLDS(!t->logged_in || t->has_session);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct token t = {
        .ctx = fuzz_ctx(), .uri = p11_kit_uri_new(), .fn = &hostile};
    uint8_t ops[OPS_MAX];
    size_t count;

    FUZZ_HOLDS(t.uri != NULL);
    t.pid = getpid();
    t.ctx->clock = &fuzz_clock;
    sfi__rd_init(&r, data, len);
    count = sfi__rd_u8(&r) % (OPS_MAX + 1);
    if (count > sfi__rd_left(&r))
        count = sfi__rd_left(&r);
    sfi__rd_bytes(&r, ops, count);
    for (size_t i = 0; i < count; i++) {
        calls = 0;
        pins = 0;
        sfi__clear_error(t.ctx);
        check(&t, call(&t, ops[i]));
    }
    sfi__token_logout(&t);
    p11_kit_uri_free(t.uri);
    fuzz_ctx_free(t.ctx);
    return 0;
}
