/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A PKCS#11 module in front of SoftHSM that fails on request. */
#include <card/token_proxy.h>

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

struct proxy token_proxy;
CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list);

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST ours;

/* Is it this call's turn? */
static int
turn(enum proxy_call call)
{
    size_t count;

    if (token_proxy.call != PROXY_ANY && token_proxy.call != call)
        return 0;
    count = ++token_proxy.count;
    if (token_proxy.at == 0 || count < token_proxy.at)
        return 0;
    return !token_proxy.once || count == token_proxy.at;
}

/* What happens before the call, and after it. */
#define AROUND(call, rv, expression)                             \
    int mine = turn(call);                                       \
                                                                 \
    if (mine && token_proxy.what == PROXY_FAIL)                  \
        return token_proxy.rv;                                   \
    if (mine && token_proxy.what == PROXY_DIE)                   \
        _exit(PROXY_DEAD);                                       \
    rv = (expression);                                           \
    if (mine && token_proxy.what == PROXY_DIE_AFTER)             \
        _exit(PROXY_DEAD);                                       \
    if (mine && token_proxy.what == PROXY_FAIL_AFTER && rv == 0) \
        rv = token_proxy.rv;

#define WRAP(name, parameters, arguments)              \
    static CK_RV wrap_##name parameters                \
    {                                                  \
        CK_RV rv;                                      \
        AROUND(PROXY_##name, rv, real->name arguments) \
        return rv;                                     \
    }

/* a lie replaces `number` */
#define WRAP_LIE(name, parameters, arguments, number)  \
    static CK_RV wrap_##name parameters                \
    {                                                  \
        CK_RV rv;                                      \
        AROUND(PROXY_##name, rv, real->name arguments) \
        if (mine && token_proxy.what == PROXY_LIE)     \
            number = token_proxy.lie;                  \
        return rv;                                     \
    }

WRAP(C_Initialize, (void *args), (args))
WRAP(C_Finalize, (void *reserved), (reserved))
WRAP(C_GetInfo, (CK_INFO * info), (info))
WRAP_LIE(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count),
         (present, slots, count), *count)
WRAP(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
WRAP(C_OpenSession,
     (CK_SLOT_ID slot, CK_FLAGS flags, void *user, CK_NOTIFY fn,
      CK_SESSION_HANDLE *session),
     (slot, flags, user, fn, session))
WRAP(C_CloseSession, (CK_SESSION_HANDLE s), (s))
WRAP_LIE(C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO *info),
         (s, info), info->state)
WRAP(C_Login,
     (CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len),
     (s, user, pin, len))
WRAP(C_Logout, (CK_SESSION_HANDLE s), (s))
WRAP(C_SetPIN,
     (CK_SESSION_HANDLE s, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *new_pin,
      CK_ULONG new_len),
     (s, pin, len, new_pin, new_len))
WRAP(C_GenerateKey,
     (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_ATTRIBUTE *a, CK_ULONG n,
      CK_OBJECT_HANDLE *out),
     (s, m, a, n, out))
WRAP(C_CreateObject,
     (CK_SESSION_HANDLE s, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *out),
     (s, a, n, out))
WRAP(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o), (s, o))
WRAP(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE *a, CK_ULONG n),
     (s, a, n))
WRAP_LIE(C_FindObjects,
         (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *out, CK_ULONG cap,
          CK_ULONG *count),
         (s, out, cap, count), *count)
WRAP(C_FindObjectsFinal, (CK_SESSION_HANDLE s), (s))
WRAP(C_EncryptInit, (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE k),
     (s, m, k))
WRAP_LIE(C_Encrypt,
         (CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG len, CK_BYTE *out,
          CK_ULONG *out_len),
         (s, in, len, out, out_len), *out_len)
WRAP(C_DecryptInit, (CK_SESSION_HANDLE s, CK_MECHANISM *m, CK_OBJECT_HANDLE k),
     (s, m, k))
WRAP_LIE(C_Decrypt,
         (CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG len, CK_BYTE *out,
          CK_ULONG *out_len),
         (s, in, len, out, out_len), *out_len)

static CK_RV
wrap_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    CK_RV rv;
    AROUND(PROXY_C_GetTokenInfo, rv, real->C_GetTokenInfo(slot, info))
    info->flags |= token_proxy.token_flags;
    if (mine && token_proxy.what == PROXY_LIE)
        info->serialNumber[0] ^= 1;
    return rv;
}

/* A lie about the first attribute: a truth value, or a length. */
static CK_RV
wrap_C_GetAttributeValue(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                         CK_ATTRIBUTE *a, CK_ULONG n)
{
    CK_RV rv;
    AROUND(PROXY_C_GetAttributeValue, rv, real->C_GetAttributeValue(s, o, a, n))
    if (mine && token_proxy.what == PROXY_LIE && a[0].ulValueLen == 1)
        *(CK_BBOOL *)a[0].pValue = (CK_BBOOL)token_proxy.lie;
    else if (mine && token_proxy.what == PROXY_LIE)
        a[0].ulValueLen = token_proxy.lie;
    return rv;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    void *module = dlopen(token_proxy.module, RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(CK_FUNCTION_LIST **) = NULL;
    CK_RV rv;

    if (token_proxy.start != CKR_OK)
        return token_proxy.start;
    if (module != NULL)
        *(void **)&get = dlsym(module, "C_GetFunctionList");
    if (get == NULL)
        return CKR_GENERAL_ERROR;
    rv = get(&real);
    if (rv != CKR_OK)
        return rv;
    ours = *real;
#define X(name) \
    ours.name = token_proxy.missing == PROXY_##name ? NULL : wrap_##name;
    PROXY_CALLS(X)
#undef X
    *list = &ours;
    return CKR_OK;
}
