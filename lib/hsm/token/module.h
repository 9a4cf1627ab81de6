/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The inside of a token: its module, its session, its errors. */
#ifndef SFI_HSM_TOKEN_MODULE_H
#define SFI_HSM_TOKEN_MODULE_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "hsm/token/token.h"

struct token {
    sfi_ctx *ctx;
    P11KitUri *uri;
    CK_FUNCTION_LIST *fn;
    bool initialised; /* C_Initialize was called, so call C_Finalize */
    long pid;         /* of the process that may use it */
    CK_SLOT_ID slot;
    CK_UTF8CHAR serial[16]; /* of the token that was opened */
    bool has_session;
    CK_SESSION_HANDLE session;
    bool logged_in;
};

/* Load the module that the URI names, and check that it has all functions that
 * libsfi needs. */
sfi_status sfi__token_load(struct token *t);
void sfi__token_unload(struct token *t);

/* Report a return value of the module; `what` failed: "make a key". */
sfi_status sfi__token_fail(struct token *t, CK_RV rv, const char *what);

/* SFI_OK when the session may see private objects. */
sfi_status sfi__token_ready(struct token *t);

#endif
