/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A PKCS#11 module between libsfi and SoftHSM's: it fails, lies, dies or has no
 * such function, as a test wants.  The test loads it with dlopen() too, and
 * finds what it obeys under the name "token_proxy". */
#ifndef SFI_TESTS_TOKEN_PROXY_H
#define SFI_TESTS_TOKEN_PROXY_H

#include <stdatomic.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

/* The exit status of a process that died. */
#define PROXY_DEAD 112

#define PROXY_CALLS(X)     \
    X(C_Initialize)        \
    X(C_Finalize)          \
    X(C_GetInfo)           \
    X(C_GetSlotList)       \
    X(C_GetSlotInfo)       \
    X(C_GetTokenInfo)      \
    X(C_OpenSession)       \
    X(C_CloseSession)      \
    X(C_GetSessionInfo)    \
    X(C_Login)             \
    X(C_Logout)            \
    X(C_SetPIN)            \
    X(C_GenerateKey)       \
    X(C_CreateObject)      \
    X(C_DestroyObject)     \
    X(C_GetAttributeValue) \
    X(C_FindObjectsInit)   \
    X(C_FindObjects)       \
    X(C_FindObjectsFinal)  \
    X(C_EncryptInit)       \
    X(C_Encrypt)           \
    X(C_DecryptInit)       \
    X(C_Decrypt)

enum proxy_call {
    PROXY_ANY,
#define X(name) PROXY_##name,
    PROXY_CALLS(X)
#undef X
        PROXY_COUNT
};

enum proxy_do {
    PROXY_OBEY,       /* hand on */
    PROXY_FAIL,       /* refuse with `rv`; nothing is done */
    PROXY_FAIL_AFTER, /* do it, then say `rv` */
    PROXY_DIE,        /* the process is gone; nothing is done */
    PROXY_DIE_AFTER,  /* do it, then the process is gone */
    PROXY_LIE,        /* do it, and replace the returned number with `lie` */
};

struct proxy {
    char module[256]; /* the real one */
    /* From the `at`-th call of `call` on (1: the next; 0: never) ... */
    enum proxy_call call;
    size_t at;
    int once; /* ... or this one alone */
    enum proxy_do what;
    CK_RV rv;
    CK_ULONG lie;
    CK_FLAGS token_flags;    /* C_GetTokenInfo fails with these too */
    atomic_size_t count;     /* of `call` so far, by any thread */
    enum proxy_call missing; /* from the list of functions */
    CK_RV start;             /* of C_GetFunctionList; CKR_OK: it works */
};

#endif
