/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Tokens of SoftHSM in a folder of the test's own. */
#ifndef SFI_TESTS_TOKEN_KIT_H
#define SFI_TESTS_TOKEN_KIT_H

#include <card/token_proxy.h>

#define TOKEN_PIN "1234-5678" /* as maker.h's */
#define TOKEN_SO_PIN "officer-1357"

/* Call before the suite: without SoftHSM the program prints a reason and exits
 * with meson's code for a skipped test. */
void token_kit_or_skip(void);

/* A checked fixture, around each test: a fresh folder for `token_folder`, in
 * which there is no token yet, and a proxy that obeys. */
extern char token_folder[256];
extern struct proxy *proxy;
void token_setup(void);
void token_teardown(void);

/* A new token with TOKEN_PIN; returns its serial, which lasts until the next
 * one but three. */
const char *token_make(const char *label);
/* "pkcs11:token=LABEL?module-path=MODULE"; the proxy's module, or SoftHSM's.
 * The text lasts until the next one but three. */
const char *token_uri(const char *label);
const char *token_uri_direct(const char *label);

/* SoftHSM's own functions and a session, independent of libsfi, also while
 * libsfi has the token open. */
CK_FUNCTION_LIST *token_functions(void);
CK_SESSION_HANDLE token_session(CK_FUNCTION_LIST *fn, const char *label);
/* Count the objects of a class, and delete them if `destroy` is set; also while
 * libsfi has the token open. */
size_t token_objects(const char *label, CK_OBJECT_CLASS class, int destroy);
/* Set the real module again, after *proxy was overwritten. */
void token_proxy_real(void);

#endif
