/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ECDH and ECDSA on P-256.  Random bytes blind the secrets. */
#include "p256.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>

#include "crypto.h"
#include "pool.h"
#include "util/mem.h"

#define COORDINATE_LEN 32u

/* One operation: its group, a point and three numbers. */
struct work {
    mbedtls_ecp_group group;
    mbedtls_ecp_point peer;
    mbedtls_mpi a, b, secret;
};

static int
p256_random(void *user, unsigned char *out, size_t len)
{
    (void)user;
    return crypto_random(out, (uint32_t)len);
}

static int
p256_begin(struct work *w, const uint8_t secret[32])
{
    mbedtls_ecp_group_init(&w->group);
    mbedtls_ecp_point_init(&w->peer);
    mbedtls_mpi_init(&w->a);
    mbedtls_mpi_init(&w->b);
    mbedtls_mpi_init(&w->secret);
    return mbedtls_ecp_group_load(&w->group, MBEDTLS_ECP_DP_SECP256R1) != 0 ||
           mbedtls_mpi_read_binary(&w->secret, secret, COORDINATE_LEN) != 0;
}

/* All of it is overwritten, and the pool too. */
static void
p256_end(struct work *w)
{
    mbedtls_mpi_free(&w->secret);
    mbedtls_mpi_free(&w->b);
    mbedtls_mpi_free(&w->a);
    mbedtls_ecp_point_free(&w->peer);
    mbedtls_ecp_group_free(&w->group);
    sfi__wipe(w, sizeof(*w));
    pool_wipe();
}

static int
p256_load_peer(struct work *w, const uint8_t peer[64])
{
    return mbedtls_mpi_read_binary(&w->peer.X, peer, COORDINATE_LEN) != 0 ||
           mbedtls_mpi_read_binary(&w->peer.Y, peer + COORDINATE_LEN,
                                   COORDINATE_LEN) != 0 ||
           mbedtls_mpi_lset(&w->peer.Z, 1) != 0 ||
           mbedtls_ecp_check_pubkey(&w->group, &w->peer) != 0;
}

int
p256_ecdh(const uint8_t secret[32], const uint8_t peer[64],
          uint8_t shared_secret[32])
{
    struct work w;
    int failed =
        p256_begin(&w, secret) || p256_load_peer(&w, peer) ||
        mbedtls_ecdh_compute_shared(&w.group, &w.a, &w.peer, &w.secret,
                                    p256_random, NULL) != 0 ||
        mbedtls_mpi_write_binary(&w.a, shared_secret, COORDINATE_LEN) != 0;

    p256_end(&w);
    if (failed)
        sfi__wipe(shared_secret, COORDINATE_LEN);
    return failed;
}

int
crypto_sign(const uint8_t secret[32], const uint8_t digest[32],
            uint8_t signature[64])
{
    struct work w;
    int failed =
        p256_begin(&w, secret) ||
        mbedtls_ecdsa_sign(&w.group, &w.a, &w.b, &w.secret, digest,
                           COORDINATE_LEN, p256_random, NULL) != 0 ||
        mbedtls_mpi_write_binary(&w.a, signature, COORDINATE_LEN) != 0 ||
        mbedtls_mpi_write_binary(&w.b, signature + COORDINATE_LEN,
                                 COORDINATE_LEN) != 0;

    p256_end(&w);
    if (failed)
        sfi__wipe(signature, 2 * COORDINATE_LEN);
    return failed;
}
