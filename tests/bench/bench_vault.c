/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* How many licences a second a vault gives, beside what they are made of.
 *   bench_vault [FOLDER [LICENCES]]
 * All rates are of this machine, this disk and this run. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "hsm/open.h"
#include "license/certificate.h"
#include "license/license.h"
#include "license/personalization.h"

#define PRIMITIVE_ROUNDS 500u
#define CALLERS 8u

static sfi_ctx *ctx;

static void
need(sfi_status st)
{
    if (st == SFI_OK)
        return;
    (void)fprintf(stderr, "bench_vault: %s: %s\n",
                  sfi_error_where(sfi_ctx_error(ctx)),
                  sfi_error_message(sfi_ctx_error(ctx)));
    exit(EXIT_FAILURE);
}

static double
now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
show(const char *what, size_t rounds, double since)
{
    double each = (now() - since) / (double)rounds;

    (void)printf("%-44s %9.1f us %10.0f /s\n", what, each * 1e6, 1 / each);
}

/* ---- what it is made of ---- */

static void
bench_primitives(const uint8_t *ca_secret, const uint8_t *ca_public)
{
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t shared[SFI_ECC_SHARED_LEN], data[SFI_CERTIFICATE_LEN];
    uint8_t license[SFI_LICENSE_LEN];
    static const uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    double t = now();

    for (size_t i = 0; i < PRIMITIVE_ROUNDS; i++)
        need(sfi__ecc_generate(ctx, secret, public_key));
    show("P-256 key pair", PRIMITIVE_ROUNDS, t);
    t = now();
    for (size_t i = 0; i < PRIMITIVE_ROUNDS; i++)
        need(sfi__ecc_ecdh(ctx, secret, ca_public, shared));
    show("P-256 ECDH", PRIMITIVE_ROUNDS, t);
    need(sfi__cert_issue(ctx, ca_secret, "45002001", public_key, data));
    t = now();
    for (size_t i = 0; i < PRIMITIVE_ROUNDS; i++)
        need(sfi__ecc_verify(ctx, ca_public, data, 72, data + 72));
    show("P-256 ECDSA verify", PRIMITIVE_ROUNDS, t);
    t = now();
    for (size_t i = 0; i < PRIMITIVE_ROUNDS; i++)
        need(sfi__license_make(ctx, public_key, LICENSE_STATIC, 0, key, nonce,
                               license));
    show("a licence alone: key pair, ECDH, KDF, GCM", PRIMITIVE_ROUNDS, t);
}

static void
bench_disk(const char *folder, size_t rounds)
{
    static const char block[4096];
    char path[4096];
    double t;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/sync", folder);
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    t = now();
    for (size_t i = 0; i < rounds; i++) {
        if (fd < 0 || write(fd, block, sizeof(block)) < 0 || fsync(fd) != 0) {
            perror(path);
            exit(EXIT_FAILURE);
        }
    }
    show("write 4 KiB and fsync", rounds, t);
    (void)close(fd);
    (void)unlink(path);
}

/* ---- the vault ---- */

static sfi_hsm *
provision(const char *path, const uint8_t *ca_secret, uint64_t count)
{
    static const uint8_t bytes[SFI_KEY_LEN] = {1};
    uint8_t perso_data[PERSO_LEN];
    sfi_personalization *perso;
    sfi_hsm *hsm;
    sfi_key *key;
    size_t len;

    need(sfi__perso_issue(ctx, ca_secret, "45002001", perso_data,
                          sizeof(perso_data), &len));
    need(sfi_personalization_parse(ctx, perso_data, len, &perso));
    need(sfi_key_new(ctx, bytes, sizeof(bytes), &key));
    need(sfi_hsm_open(ctx, path, &hsm));
    need(sfi_hsm_login(hsm, "1234", 4));
    need(sfi_hsm_provision(hsm, key, bytes, SFI_NONCE_LEN, "bench", count,
                           perso, NULL));
    sfi_key_free(key);
    sfi_personalization_free(perso);
    return hsm;
}

static sfi_certificate **
make_certs(const uint8_t *ca_secret, size_t count)
{
    sfi_certificate **certs = calloc(count, sizeof(*certs));
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t data[SFI_CERTIFICATE_LEN];

    for (size_t i = 0; i < count; i++) {
        if (certs == NULL)
            exit(EXIT_FAILURE);
        need(sfi__ecc_generate(ctx, secret, public_key));
        need(sfi__cert_issue(ctx, ca_secret, "45002001", public_key, data));
        need(sfi_certificate_parse(ctx, data, sizeof(data), &certs[i]));
    }
    return certs;
}

static void
give(sfi_hsm *hsm, sfi_certificate **certs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sfi_license *lic;

        need(sfi_hsm_generate_license(hsm, certs[i], &lic));
        sfi_license_free(lic);
    }
}

static void
bench_vault(const char *path, const uint8_t *ca_secret, size_t count)
{
    sfi_certificate **certs = make_certs(ca_secret, count);
    sfi_hsm *hsm;
    double t;

    hsm = provision(path, ca_secret, count);
    sfi_hsm_free(hsm);
    need(sfi_hsm_open(ctx, path, &hsm));
    t = now();
    need(sfi_hsm_login(hsm, "1234", 4));
    show("login, empty log", 1, t);
    t = now();
    give(hsm, certs, count);
    show("new licence, on the disk", count, t);
    t = now();
    give(hsm, certs, count);
    show("the same licence again", count, t);
    sfi_hsm_free(hsm);
    need(sfi_hsm_open(ctx, path, &hsm));
    t = now();
    need(sfi_hsm_login(hsm, "1234", 4));
    show("login, full log", 1, t);
    sfi_hsm_free(hsm);
    for (size_t i = 0; i < count; i++)
        sfi_certificate_free(certs[i]);
    free(certs);
}

/* ---- many callers, each a process of its own ---- */

/* Tell the parent, and wait until it has closed the gate. */
static void
meet(int tells, int gate)
{
    char byte;

    if (write(tells, "", 1) != 1 || read(gate, &byte, 1) != 0)
        _exit(EXIT_FAILURE);
}

static void
caller(const char *path, const uint8_t *ca_secret, size_t count, int tells,
       const int gates[2])
{
    sfi_certificate **certs = make_certs(ca_secret, count);
    sfi_hsm *hsm;

    need(sfi_hsm_open(ctx, path, &hsm));
    need(sfi_hsm_login(hsm, "1234", 4));
    meet(tells, gates[0]);
    give(hsm, certs, count);
    meet(tells, gates[1]);
    give(hsm, certs, count);
    if (write(tells, "", 1) != 1)
        _exit(EXIT_FAILURE);
    sfi_hsm_free(hsm);
    _exit(EXIT_SUCCESS);
}

static void
await_all(int tells)
{
    char byte;

    for (size_t i = 0; i < CALLERS; i++) {
        if (read(tells, &byte, 1) != 1) {
            (void)fprintf(stderr, "bench_vault: a caller failed\n");
            exit(EXIT_FAILURE);
        }
    }
}

static void
bench_callers(const char *path, const uint8_t *ca_secret, size_t count)
{
    int tells[2], gates[2][2], ends[2];
    double t;

    sfi_hsm_free(provision(path, ca_secret, CALLERS * count));
    if (pipe(tells) != 0 || pipe(gates[0]) != 0 || pipe(gates[1]) != 0)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < CALLERS; i++) {
        if (fork() != 0)
            continue;
        for (size_t k = 0; k < 2; k++) {
            (void)close(gates[k][1]);
            ends[k] = gates[k][0];
        }
        (void)close(tells[0]);
        caller(path, ca_secret, count, tells[1], ends);
    }
    (void)close(tells[1]);
    await_all(tells[0]);
    t = now();
    (void)close(gates[0][1]);
    await_all(tells[0]);
    show("8 callers: new licence, on the disk", CALLERS * count, t);
    t = now();
    (void)close(gates[1][1]);
    await_all(tells[0]);
    show("8 callers: the same licence again", CALLERS * count, t);
    (void)close(tells[0]);
    (void)close(gates[0][0]);
    (void)close(gates[1][0]);
    while (wait(NULL) > 0)
        ;
}

int
main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    size_t count = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1000;
    uint8_t ca_secret[SFI_ECC_SECRET_LEN], ca_public[SFI_ECC_PUBLIC_LEN];
    char path[4096];

    if (count == 0 || sfi_ctx_new(NULL, &ctx) != SFI_OK) {
        (void)fprintf(stderr, "usage: bench_vault [FOLDER [LICENCES]]\n");
        return EXIT_FAILURE;
    }
    (void)snprintf(path, sizeof(path), "vault:%s/bench-%ld.vault", folder,
                   (long)getpid());
    need(sfi__ecc_generate(ctx, ca_secret, ca_public));
    bench_primitives(ca_secret, ca_public);
    bench_disk(folder, count);
    bench_vault(path, ca_secret, count);
    (void)unlink(path + strlen("vault:"));
    bench_callers(path, ca_secret, count);
    (void)unlink(path + strlen("vault:"));
    sfi_ctx_free(ctx);
    return EXIT_SUCCESS;
}
