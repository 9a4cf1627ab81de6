/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The smallest Mbed TLS 2.28 that the bootloader can do with: P-256, GCM,
 * SHA-256.  block.c stands in for its cipher layer, pool.c for its heap. */
#ifndef BOOTLOADER_MBEDTLS_CONFIG_H
#define BOOTLOADER_MBEDTLS_CONFIG_H

#include <stddef.h>

void *pool_alloc(size_t count, size_t size); /* pool.h */
void pool_free(void *p);

#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO pool_alloc
#define MBEDTLS_PLATFORM_FREE_MACRO pool_free
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS

#define MBEDTLS_HAVE_ASM /* UMAAL, three times as fast */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_WINDOW_SIZE 1
#define MBEDTLS_MPI_MAX_SIZE 64

#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_MAX_BITS 256
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_NO_INTERNAL_RNG /* the caller gives one */
#define MBEDTLS_ECP_WINDOW_SIZE 2
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 0
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ASN1_PARSE_C /* ECDSA wants them; nothing of them is linked */
#define MBEDTLS_ASN1_WRITE_C

#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA256_SMALLER

#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_CIPHER_C
#define MBEDTLS_GCM_C

#include <mbedtls/check_config.h>

#endif
