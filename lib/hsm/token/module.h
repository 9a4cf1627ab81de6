/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A token from the inside: its module, its session, what its refusals mean. */
#ifndef SFI_HSM_TOKEN_MODULE_H
#define SFI_HSM_TOKEN_MODULE_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "hsm/token/token.h"

struct token {
    sfi_ctx *ctx;
    P11KitUri *uri;
    CK_FUNCTION_LIST *fn;
    bool initialised; /* C_Initialize was ours, C_Finalize is due */
    long pid;         /* of the process that may use it */
    CK_SLOT_ID slot;
    CK_UTF8CHAR serial[16]; /* of the token that was found first */
    bool has_session;
    CK_SESSION_HANDLE session;
    bool logged_in;
};

/* The module that the URI names, with all functions that are needed here. */
sfi_status sfi__token_load(struct token *t);
void sfi__token_unload(struct token *t);

/* A refusal, as ours; `what` was to be done: "make a key". */
sfi_status sfi__token_fail(struct token *t, CK_RV rv, const char *what);

/* Is there a session that may see private objects?  Else why not. */
sfi_status sfi__token_ready(struct token *t);

#endif
