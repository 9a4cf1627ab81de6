/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An application that is started with an OPENSSL_CONF which leaves libcrypto
 * without an algorithm, or does not load at all. */
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "story.h"

int
main(void)
{
    EVP_MD *sha256;

    /* as an application of TLS does; it may fail */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_free(sha256);
    if (sha256 != NULL) {
        (void)fputs("the process has SHA-256: this tests nothing\n", stderr);
        return 1;
    }
    return embed_story();
}
