/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* How many licences a second a vault gives, beside what they are made of, and
 * with how many records.
 *   bench_vault [FOLDER [LICENCES [RECORDS]]]
 * All rates are of this machine, this disk and this run.  What is compared is
 * measured in turns, and by medians, so that a busy machine does not matter. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "core/err.h"
#include "hsm/open.h"
#include "license/certificate.h"
#include "license/license.h"
#include "license/personalization.h"

#include <disk/ledger_fill.h>

#define PRIMITIVE_ROUNDS 500u
#define CALLERS 8u
#define LOGINS 5u
#define TURNS 5u

static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {1};
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

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static void
show_median(const char *what, double each)
{
    (void)printf("%-44s %9.1f us\n", what, each * 1e6);
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

/* ---- the vault ---- */

static sfi_hsm *
provision(const char *path, const uint8_t *ca_secret, uint64_t count)
{
    static const uint8_t bytes[SFI_KEY_LEN] = {1};
    sfi_provision_options options = {.struct_size = sizeof(options),
                                     .audit_key = audit_key};
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
                           perso, &options));
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

static sfi_hsm *
log_in(const char *path)
{
    sfi_hsm *hsm;

    need(sfi_hsm_open(ctx, path, &hsm));
    need(sfi_hsm_login(hsm, "1234", 4));
    return hsm;
}

static void
free_certs(sfi_certificate **certs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sfi_certificate_free(certs[i]);
    free(certs);
}

static double
time_sync(int fd)
{
    static const char block[4096];
    double t = now();

    if (write(fd, block, sizeof(block)) < 0 || fsync(fd) != 0) {
        perror("sync");
        exit(EXIT_FAILURE);
    }
    return now() - t;
}

static double
time_arithmetic(const sfi_certificate *cert, const uint8_t *ca_public)
{
    static const uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    uint8_t license[SFI_LICENSE_LEN];
    double t = now();

    need(sfi__cert_verify(ctx, cert, ca_public));
    need(sfi__license_make(ctx, cert->public_key, LICENSE_STATIC, 0, key, nonce,
                           license));
    return now() - t;
}

static double
time_license(sfi_hsm *hsm, sfi_certificate **cert)
{
    double t = now();

    give(hsm, cert, 1);
    return now() - t;
}

/* A licence, and in the same turn what it cannot do without. */
static void
bench_vault(const char *path, const uint8_t *ca_secret,
            const uint8_t *ca_public, size_t count)
{
    sfi_certificate **certs = make_certs(ca_secret, count);
    double *times = calloc(4 * count, sizeof(*times));
    sfi_hsm *hsm = provision(path, ca_secret, count);
    char name[4200];
    double least;
    int fd;

    (void)snprintf(name, sizeof(name), "%s.sync", path + strlen("vault:"));
    fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (times == NULL || fd < 0)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < count; i++) {
        times[i] = time_arithmetic(certs[i], ca_public);
        times[count + i] = time_sync(fd);
        times[2 * count + i] = time_license(hsm, &certs[i]);
        times[3 * count + i] = time_license(hsm, &certs[i]);
    }
    (void)close(fd);
    (void)unlink(name);
    least = median(times, count) + median(times + count, count);
    show_median("verify, key pair, ECDH, KDF, GCM", median(times, count));
    show_median("write 4 KiB and fsync", median(times + count, count));
    show_median("new licence, on the disk", median(times + 2 * count, count));
    show_median("the same licence again", median(times + 3 * count, count));
    (void)printf("new licence / (arithmetic + sync)            %9.2f\n",
                 median(times + 2 * count, count) / least);
    sfi_hsm_free(hsm);
    free(times);
    free_certs(certs, count);
}

/* ---- many records ---- */

static unsigned long
resident_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long all, resident = 0;

    if (f != NULL && fscanf(f, "%lu %lu", &all, &resident) != 2)
        resident = 0;
    if (f != NULL)
        (void)fclose(f);
    return resident * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

/* In turns with an empty vault, whose times are the unit. */
static void
bench_records(const char *path, const char *empty, const uint8_t *ca_secret,
              uint64_t records, size_t count)
{
    sfi_certificate **certs = make_certs(ca_secret, count);
    const char *paths[2] = {empty, path};
    double login[2][LOGINS], *license = calloc(2 * count, sizeof(*license));
    sfi_hsm *hsm[2];

    if (license == NULL)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < LOGINS; i++) {
        for (size_t k = 0; k < 2; k++) {
            double t = now();

            hsm[k] = log_in(paths[k]);
            login[k][i] = now() - t;
            if (i + 1 < LOGINS)
                sfi_hsm_free(hsm[k]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < 2; k++)
            license[k * count + i] = time_license(hsm[k], &certs[i]);
    }
    (void)printf("%9llu records: login %5.2f, new licence %5.2f of an empty "
                 "vault's; RSS %lu KiB\n",
                 (unsigned long long)records,
                 median(login[1], LOGINS) / median(login[0], LOGINS),
                 median(license + count, count) / median(license, count),
                 resident_kib());
    sfi_hsm_free(hsm[0]);
    sfi_hsm_free(hsm[1]);
    free(license);
    free_certs(certs, count);
}

static void
bench_growth(const char *path, const uint8_t *ca_secret, uint64_t most,
             size_t count)
{
    uint64_t there = 0;
    char empty[4200];

    (void)snprintf(empty, sizeof(empty), "%s.empty", path);
    sfi_hsm_free(provision(path, ca_secret, SFI_HSM_COUNT_MAX));
    for (uint64_t records = 1000; records <= most; records *= 10) {
        need(ledger_fill(ctx, &sfi__ledger_sqlite, path + strlen("vault:"),
                         audit_key, records - there));
        there = records + count;
        sfi_hsm_free(provision(empty, ca_secret, SFI_HSM_COUNT_MAX));
        bench_records(path, empty, ca_secret, records, count);
        (void)unlink(empty + strlen("vault:"));
    }
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
       int gate)
{
    sfi_certificate **certs = make_certs(ca_secret, count);
    sfi_hsm *hsm = log_in(path);

    meet(tells, gate);
    give(hsm, certs, count);
    if (write(tells, "", 1) != 1)
        _exit(EXIT_FAILURE);
    sfi_hsm_free(hsm);
    _exit(EXIT_SUCCESS);
}

static void
await_all(int tells, size_t callers)
{
    char byte;

    for (size_t i = 0; i < callers; i++) {
        if (read(tells, &byte, 1) != 1) {
            (void)fprintf(stderr, "bench_vault: a caller failed\n");
            exit(EXIT_FAILURE);
        }
    }
}

/* New licences a second, of all callers together. */
static double
time_callers(const char *path, const uint8_t *ca_secret, size_t callers,
             size_t count)
{
    int tells[2], gate[2];
    double t;

    sfi_hsm_free(provision(path, ca_secret, callers * count));
    if (pipe(tells) != 0 || pipe(gate) != 0)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < callers; i++) {
        if (fork() != 0)
            continue;
        (void)close(gate[1]);
        (void)close(tells[0]);
        caller(path, ca_secret, count, tells[1], gate[0]);
    }
    (void)close(tells[1]);
    (void)close(gate[0]);
    await_all(tells[0], callers);
    t = now();
    (void)close(gate[1]);
    await_all(tells[0], callers);
    t = now() - t;
    (void)close(tells[0]);
    while (wait(NULL) > 0)
        ;
    (void)unlink(path + strlen("vault:"));
    return (double)(callers * count) / t;
}

/* ---- a disk on which a caller waits longer for a sync ---- */

static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    sqlite3_io_methods methods[2]; /* of a database, and of its log */
    int (*sync)(sqlite3_file *f, int flags);
    long us;
} slow;

static int
slow_sync(sqlite3_file *f, int flags)
{
    const struct timespec more = {slow.us / 1000000, slow.us % 1000000 * 1000};
    int rc = slow.sync(f, flags);

    (void)nanosleep(&more, NULL);
    return rc;
}

static int
slow_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags,
          int *out_flags)
{
    int rc = slow.real->xOpen(vfs, path, f, flags, out_flags);

    if (f->pMethods != NULL) {
        sqlite3_io_methods *m =
            &slow.methods[(flags & SQLITE_OPEN_MAIN_DB) != 0 ? 0 : 1];

        slow.sync = f->pMethods->xSync; /* the same for all files */
        *m = *f->pMethods;
        m->xSync = slow_sync;
        f->pMethods = m;
    }
    return rc;
}

static void
slow_install(long us)
{
    if (slow.real == NULL) {
        slow.real = sqlite3_vfs_find(NULL);
        slow.vfs = *slow.real;
        slow.vfs.zName = "slow";
        slow.vfs.xOpen = slow_open;
        (void)sqlite3_vfs_register(&slow.vfs, 1);
    }
    slow.us = us;
}

static void
bench_callers(const char *path, const uint8_t *ca_secret, size_t count)
{
    double one[TURNS], many[TURNS], ratio[TURNS];

    for (size_t i = 0; i < TURNS; i++) {
        one[i] = time_callers(path, ca_secret, 1, count);
        many[i] = time_callers(path, ca_secret, CALLERS, count);
        ratio[i] = many[i] / one[i];
    }
    (void)printf("  %4ld us: 1 caller %5.0f, %u callers %5.0f: %.2f times\n",
                 slow.us, median(one, TURNS), CALLERS, median(many, TURNS),
                 median(ratio, TURNS));
}

/* Where a sync is the processor's work, callers have nothing to share but
 * processors; a disk that is waited for is waited for together. */
static void
bench_disks(const char *path, const uint8_t *ca_secret, size_t count)
{
    static const long us[] = {0, 300, 1000, 3000};

    (void)printf("new licences a second, on %ld processors, when a sync takes "
                 "longer by\n",
                 sysconf(_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < sizeof(us) / sizeof(*us); i++) {
        slow_install(us[i]);
        bench_callers(path, ca_secret, count);
    }
    slow_install(0);
}

int
main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : ".";
    size_t count = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1000;
    uint8_t ca_secret[SFI_ECC_SECRET_LEN], ca_public[SFI_ECC_PUBLIC_LEN];
    uint64_t records = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
    char path[4096];

    if (count == 0 || sfi_ctx_new(NULL, &ctx) != SFI_OK) {
        (void)fprintf(stderr,
                      "usage: bench_vault [FOLDER [LICENCES [RECORDS]]]\n");
        return EXIT_FAILURE;
    }
    (void)snprintf(path, sizeof(path), "vault:%s/bench-%ld.vault", folder,
                   (long)getpid());
    need(sfi__ecc_generate(ctx, ca_secret, ca_public));
    bench_primitives(ca_secret, ca_public);
    bench_vault(path, ca_secret, ca_public, count);
    (void)unlink(path + strlen("vault:"));
    bench_disks(path, ca_secret, count);
    bench_growth(path, ca_secret, records, count);
    (void)unlink(path + strlen("vault:"));
    sfi_ctx_free(ctx);
    return EXIT_SUCCESS;
}
