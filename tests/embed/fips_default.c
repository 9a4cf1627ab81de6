/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An application that wants FIPS's algorithms only, where there are none. */
#include <stdio.h>

#include <openssl/evp.h>

#include "story.h"

int
main(void)
{
    EVP_MD *sha256;

    if (EVP_default_properties_enable_fips(NULL, 1) != 1)
        return 1;
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_free(sha256);
    if (sha256 != NULL) {
        (void)fputs("the process has SHA-256: this tests nothing\n", stderr);
        return 77; /* a machine with the fips provider */
    }
    return embed_story();
}
