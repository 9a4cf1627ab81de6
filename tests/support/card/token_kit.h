/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Tokens of SoftHSM in a folder of the test's own. */
#ifndef SFI_TESTS_TOKEN_KIT_H
#define SFI_TESTS_TOKEN_KIT_H

#include <card/token_proxy.h>

#define TOKEN_PIN "1234-5678" /* as maker.h's */
#define TOKEN_SO_PIN "officer-1357"

/* Before the suite: ends the program with a word when SoftHSM is missing, as
 * meson wants it for a test that cannot run. */
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

/* SoftHSM's own functions, and a session there: past libsfi, while it has a
 * token open. */
CK_FUNCTION_LIST *token_functions(void);
CK_SESSION_HANDLE token_session(CK_FUNCTION_LIST *fn, const char *label);
/* How many objects of a class there are; and, if wanted, none from now on.
 * Also while libsfi has the token open. */
size_t token_objects(const char *label, CK_OBJECT_CLASS class, int destroy);
/* After the proxy was written over: where it hands on to. */
void token_proxy_real(void);

#endif
