/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Time of a batch: a folder of certificates into a store, from a vault.
 *   bench_batch [FOLDER [CERTIFICATES [HSM]]]
 * HSM: of a vault that does not exist yet, by default a file in FOLDER.
 * At last what a licence server does: 64 devices in each step.
 * The time of the processor is of this process; the wall's has the disk's. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sfi/license_batch.h>

#include "core/err.h"
#include "license/certificate.h"
#include "license/personalization.h"

static sfi_ctx *ctx;

static void
need(sfi_status st)
{
    if (st == SFI_OK)
        return;
    (void)fprintf(stderr, "bench_batch: %s: %s\n",
                  sfi_error_where(sfi_ctx_error(ctx)),
                  sfi_error_message(sfi_ctx_error(ctx)));
    exit(EXIT_FAILURE);
}

static double
wall(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
processor(void)
{
    struct rusage u;

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
remove_folder(const char *path)
{
    char name[1400];
    const struct dirent *e;
    DIR *d = opendir(path);

    while (d != NULL && (e = readdir(d)) != NULL) {
        (void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        (void)unlink(name);
    }
    if (d != NULL)
        (void)closedir(d);
    (void)rmdir(path);
}

static void
write_certificates(const uint8_t *ca_secret, const char *folder, size_t count)
{
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t data[SFI_CERTIFICATE_LEN];
    char name[1400];

    if (mkdir(folder, 0700) != 0)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < count; i++) {
        FILE *f;

        need(sfi__ecc_generate(ctx, secret, public_key));
        need(sfi__cert_issue(ctx, ca_secret, "45002001", public_key, data));
        (void)snprintf(name, sizeof(name), "%s/%06zu.cert", folder, i);
        f = fopen(name, "wb");
        if (f == NULL || fwrite(data, 1, sizeof(data), f) != sizeof(data) ||
            fclose(f) != 0)
            exit(EXIT_FAILURE);
    }
}

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

struct seen {
    uint64_t fresh;
    double begun, longest; /* without a result */
};

static void
see(void *user, const sfi_license_result *r)
{
    struct seen *s = user;
    double now = wall();

    s->fresh += r->count == SFI_COUNT_NEW;
    if (now - s->begun > s->longest)
        s->longest = now - s->begun;
    s->begun = now;
}

static void
run(const char *what, sfi_hsm *hsm, sfi_license_store *store,
    const char *folder)
{
    sfi_license_batch *b;
    struct seen s = {.begun = wall()};
    double cpu = processor();
    double began = s.begun;

    need(sfi_license_batch_new(ctx, hsm, store, &b));
    need(sfi_license_batch_add_path(b, folder));
    need(sfi_license_batch_set_result(b, see, &s));
    need(sfi_license_batch_run(b));
    sfi_license_batch_free(b);
    (void)printf("%-12s %7llu new  %7.2f s wall  %7.2f s processor  %5.0f ms "
                 "longest wait\n",
                 what, (unsigned long long)s.fresh, wall() - began,
                 processor() - cpu, s.longest * 1e3);
}

/* ---- what a server gathers ---- */

#define GATHERED 64u

static void
make_certificate(const uint8_t *ca_secret, sfi_certificate **out)
{
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t data[SFI_CERTIFICATE_LEN];

    need(sfi__ecc_generate(ctx, secret, public_key));
    need(sfi__cert_issue(ctx, ca_secret, "45002001", public_key, data));
    need(sfi_certificate_parse(ctx, data, sizeof(data), out));
}

static void
run_gathered(const char *what, sfi_hsm *hsm,
             const sfi_certificate *const *certs, size_t count)
{
    double began = wall(), cpu = processor(), longest = 0;

    for (size_t at = 0; at < count; at += GATHERED) {
        size_t n = count - at < GATHERED ? count - at : GATHERED;
        double begun = wall();

        need(sfi_hsm_generate_licenses(hsm, certs + at, NULL, n, NULL, NULL,
                                       NULL));
        if (wall() - begun > longest)
            longest = wall() - begun;
    }
    (void)printf("%-12s %7.0f devices/s  %7.2f s processor  %5.0f ms longest "
                 "step\n",
                 what, (double)count / (wall() - began), processor() - cpu,
                 longest * 1e3);
}

static void
gather(sfi_hsm *hsm, const uint8_t *ca_secret, size_t count)
{
    sfi_certificate **certs = calloc(count, sizeof(sfi_certificate *));

    if (certs == NULL)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < count; i++)
        make_certificate(ca_secret, &certs[i]);
    run_gathered("64 new", hsm, (const sfi_certificate *const *)certs, count);
    run_gathered("64 known", hsm, (const sfi_certificate *const *)certs, count);
    for (size_t i = 0; i < count; i++)
        sfi_certificate_free(certs[i]);
    free(certs);
}

int
main(int argc, char **argv)
{
    const char *base = argc > 1 ? argv[1] : ".";
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    char folder[1100], shelf[1110], vault[1110], uri[1200];
    uint8_t ca_secret[SFI_ECC_SECRET_LEN], ca_public[SFI_ECC_PUBLIC_LEN];
    sfi_license_store *store;
    sfi_hsm *hsm;

    (void)snprintf(folder, sizeof(folder), "%s/batch-%d", base, (int)getpid());
    (void)snprintf(shelf, sizeof(shelf), "%s-store", folder);
    (void)snprintf(vault, sizeof(vault), "%s.vault", folder);
    if (argc > 3)
        (void)snprintf(uri, sizeof(uri), "%s", argv[3]);
    else
        (void)snprintf(uri, sizeof(uri), "vault:%s", vault);
    if (sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return EXIT_FAILURE;
    need(sfi__ecc_generate(ctx, ca_secret, ca_public));
    write_certificates(ca_secret, folder, count);
    hsm = provision(uri, ca_secret, 2 * count);
    need(sfi_license_store_open(ctx, shelf, 1, &store));
    (void)printf("%zu certificates in files\n", count);
    run("new", hsm, store, folder);
    run("stored", hsm, store, folder);
    sfi_license_store_free(store);
    remove_folder(shelf);
    need(sfi_license_store_open(ctx, shelf, 1, &store));
    run("lost", hsm, store, folder);
    gather(hsm, ca_secret, count);
    need(sfi_hsm_verify_audit(hsm));
    sfi_license_store_free(store);
    sfi_hsm_free(hsm);
    sfi_ctx_free(ctx);
    remove_folder(shelf);
    remove_folder(folder);
    return argc > 3 || unlink(vault) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
