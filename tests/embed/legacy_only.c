/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An application that loads the legacy provider only, for an old file format.
 */
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "story.h"

#define SKIPPED 77

int
main(void)
{
    OSSL_PROVIDER *legacy = OSSL_PROVIDER_load(NULL, "legacy");
    EVP_MD *sha256;
    int failed;

    if (legacy == NULL) {
        (void)fputs("no legacy provider on this machine\n", stderr);
        return SKIPPED;
    }
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_free(sha256);
    if (sha256 != NULL) {
        (void)fputs("the process has SHA-256: this tests nothing\n", stderr);
        return 1;
    }
    failed = embed_story();
    (void)OSSL_PROVIDER_unload(legacy);
    return failed;
}
