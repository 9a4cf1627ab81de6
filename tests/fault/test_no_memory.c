/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Memory runs out at any request of a licence, of the check of an audit log and
 * of an install: a clean status, nothing lost, and the same works afterwards.
 * First the requests of libsfi's own allocator fail, then all of the process,
 * those of libcrypto, SQLite and libc too.
 *
 * libcrypto 3 can crash when memory is out at its very first use, and 3.5 waits
 * for itself then, which nobody above can prevent: so it is used once before,
 * and a test of its own tells that from a crash of libsfi. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sfi/audit.h>

#include "crypto/rand.h"

#include <disk/audit_kit.h>
#include <bench/maker.h>
#include <bench/station.h>

/* Of a long sweep so many points are tried. */
#define POINTS 150u

/* ---- malloc of the process ---- */

/* Where a sanitiser or valgrind has its own malloc, this one is not called. */
#if defined(__SANITIZE_ADDRESS__)
#define HAVE_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_MALLOC 0
#endif
#endif
#if !defined(HAVE_MALLOC) && defined(__GLIBC__)
#define HAVE_MALLOC 1
#elif !defined(HAVE_MALLOC)
#define HAVE_MALLOC 0
#endif

#if HAVE_MALLOC
#include <execinfo.h>
#endif

static size_t requests;  /* so far */
static size_t fail_at;   /* the request that fails, counted down; 0: none */
static bool is_for_ever; /* ... and all later ones */

#if HAVE_MALLOC
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static bool
is_refused(void)
{
    requests++;
    if (fail_at == 0 || --fail_at > 0)
        return false;
    if (is_for_ever)
        fail_at = 1;
    errno = ENOMEM;
    return true;
}

void *
malloc(size_t size)
{
    return is_refused() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    return is_refused() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
    return is_refused() ? NULL : __libc_realloc(p, size);
}
#endif

static bool
is_called(void)
{
    size_t before = requests;

    free(strdup("one"));
    return requests > before;
}

static bool
is_on_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

/* ---- whose requests fail ---- */

enum whose {
    OURS,      /* of libsfi's own allocator */
    WITH_CHIP, /* ... and of the virtual chip, which then refuses */
    ALL        /* of the process */
};

/* The n-th request from now on; 0: none. */
static void
refuse(enum whose whose, size_t n)
{
    memory.fail_at = whose != ALL ? n : 0;
    fail_at = whose == ALL ? n : 0;
}

/* The request was reached, or there are fewer. */
static bool
has_failed(enum whose whose)
{
    return (whose != ALL ? memory.fail_at : fail_at) == 0;
}

/* A failure says so; other people's code may have words of its own for it. */
static void
assert_clean(enum whose whose, sfi_status st, size_t n)
{
    const sfi_error *err = sfi_ctx_error(ctx);

    ck_assert_msg(sfi_error_status(err) == st, "at %zu: %s, recorded %s", n,
                  sfi_status_name(st), sfi_status_name(sfi_error_status(err)));
    if (st == SFI_OK)
        return;
    ck_assert_msg(sfi_error_message(err)[0] != '\0', "at %zu: no message", n);
    ck_assert_msg(st == SFI_ERR_NOMEM ||
                      (whose != OURS && st < -200 && st != SFI_ERR_INTERNAL),
                  "at %zu: %s: %s", n, sfi_status_name(st),
                  sfi_error_message(err));
}

/* What is swept; `live` blocks are left when it succeeds. */
typedef sfi_status (*step_fn)(void);

/* Refuse each request in turn, or some of them; then none. */
static void
sweep(enum whose whose, step_fn step, size_t at_least)
{
    size_t taken, stride, n = 1;
    size_t live;

    ck_assert_ok(step()); /* also warms up what other libraries keep */
    live = memory.live;
    taken = whose != ALL ? memory.taken : requests;
    ck_assert_ok(step());
    taken = (whose != ALL ? memory.taken : requests) - taken;
    ck_assert_uint_ge(taken, at_least);
    stride = test_step(taken / POINTS + 1);
    stride = stride > taken / POINTS + 1 ? stride : taken / POINTS + 1;
    for (bool reached = true; reached; n += stride) {
        sfi_status st;

        refuse(whose, n);
        st = step();
        reached = has_failed(whose);
        refuse(whose, 0);
        assert_clean(whose, st, n);
        ck_assert_msg(memory.live == live, "at %zu: %zu blocks are lost", n,
                      memory.live - live);
    }
    ck_assert_ok(step());
}

/* ---- a licence ---- */

static struct maker maker;
static struct chip chip;
static char dir[256], path[300];

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.vault", dir);
    chip_share(&maker, &chip);
    sfi_hsm_free(vault_new(&maker, path, 5));
}

static void
teardown(void)
{
    test_rmdir(dir);
    chip_free(&chip);
    maker_free(&maker);
    fixture_teardown();
}

static sfi_status
license(void)
{
    sfi_license *lic = NULL;
    sfi_hsm *hsm;
    sfi_status st = vault_open(path, &hsm);

    ck_assert_int_eq(st == SFI_OK, hsm != NULL);
    if (st == SFI_OK)
        st = sfi_hsm_login(hsm, MAKER_PIN, strlen(MAKER_PIN));
    if (st == SFI_OK) {
        st = sfi_hsm_generate_license(hsm, chip.cert, &lic);
        ck_assert_int_eq(st == SFI_OK, lic != NULL);
    }
    sfi_license_free(lic);
    sfi_hsm_free(hsm);
    return st;
}

/* However often it failed: one chip, one installation. */
static void
assert_counted_once(void)
{
    sfi_hsm *hsm = vault_login(path);

    ck_assert_uint_eq(vault_remaining(hsm), 4);
    sfi_hsm_free(hsm);
}

START_TEST(test_license)
{
    sweep(OURS, license, 5);
    assert_counted_once();
}
END_TEST

START_TEST(test_license_all)
{
    sweep(ALL, license, 100);
    assert_counted_once();
}
END_TEST

/* ---- an audit log ---- */

static struct story story;

static sfi_status
verify(void)
{
    sfi_audit_summary summary = {.struct_size = sizeof(summary)};

    return story_verify(&story, path, NULL, &summary);
}

static void
write_log(void)
{
    story_begin(&story, 0, 100, 1);
    for (uint32_t i = 0; i < 20; i++)
        (void)story_add(&story, SFI_AUDIT_COUNTED, i + 1, 0);
    story_sign(&story);
    (void)snprintf(path, sizeof(path), "%s/audit.log", dir);
    ck_assert_ok(story_write(&story, path));
}

START_TEST(test_verify)
{
    write_log();
    sweep(OURS, verify, 2);
}
END_TEST

START_TEST(test_verify_all)
{
    write_log();
    sweep(ALL, verify, 10);
}
END_TEST

/* ---- an install ---- */

static sfi_status
install(void)
{
    sfi_installer *in;
    size_t at[2] = {memory.fail_at, fail_at};
    sfi_status st;

    refuse(OURS, 0);
    in = station_prepare();
    ck_assert_ok(sfi_installer_set_erase(in, true));
    memory.fail_at = at[0];
    fail_at = at[1];
    st = sfi_installer_run(in);
    at[0] = memory.fail_at;
    at[1] = fail_at;
    refuse(OURS, 0);
    sfi_installer_free(in);
    station.installer = NULL;
    memory.fail_at = at[0];
    fail_at = at[1];
    return st;
}

static void
sweep_install(enum whose whose)
{
    station_setup_sized("stm32h753xi", 2048);
    sweep(whose, install, 10);
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_teardown();
}

START_TEST(test_install)
{
    sweep_install(WITH_CHIP);
}
END_TEST

START_TEST(test_install_all)
{
    sweep_install(ALL);
}
END_TEST

/* ---- the first use of libcrypto ---- */

#define LIBCRYPTO_CRASHED 42
/* Seconds after which a child waits for ever. */
#define PATIENCE 10u

#if HAVE_MALLOC
#define FRAMES_MAX 32

/* Whose code was it?  The first caller that is not libc's. */
static void
on_crash(int signum)
{
    void *frames[FRAMES_MAX];
    int count;

    (void)signum;
    refuse(ALL, 0);
    count = backtrace(frames, FRAMES_MAX);
    for (int i = 1; i < count; i++) {
        Dl_info where;

        if (dladdr(frames[i], &where) == 0 ||
            strstr(where.dli_fname, "libc.so") != NULL ||
            strstr(where.dli_fname, "libpthread") != NULL)
            continue;
        _exit(strstr(where.dli_fname, "libcrypto") != NULL ? LIBCRYPTO_CRASHED
                                                           : 1);
    }
    _exit(1);
}

static void
catch_crash(void)
{
    const struct sigaction crash = {.sa_handler = on_crash};
    void *frame;

    (void)backtrace(&frame, 1); /* its own first use takes memory */
    (void)sigaction(SIGSEGV, &crash, NULL);
    (void)sigaction(SIGBUS, &crash, NULL);
    (void)sigaction(SIGALRM, &crash, NULL);
    (void)alarm(PATIENCE);
}
#else
static void
catch_crash(void)
{
}
#endif

/* In a process that has not used libcrypto yet: out of memory from the n-th
 * request on. */
static int
start_without(size_t n)
{
    static const uint8_t secret[SFI_ECC_SECRET_LEN] = {[31] = 1};
    uint8_t public_key[SFI_ECC_PUBLIC_LEN], nonce[SFI_NONCE_LEN];
    sfi_status st;

    catch_crash();
    is_for_ever = true;
    refuse(ALL, n);
    st = sfi__random(ctx, nonce, sizeof(nonce));
    if (st == SFI_OK)
        st = sfi__ecc_public(ctx, secret, public_key);
    refuse(ALL, 0);
    return st == SFI_OK || st == SFI_ERR_NOMEM || st == SFI_ERR_CRYPTO ? 0 : 2;
}

START_TEST(test_first_use)
{
    size_t crashes = 0, tried = 0;

    fixture_setup();
    for (size_t n = 1; n < 4000; n += n / 64 + 1, tried++) {
        int status;
        pid_t pid = fork();

        ck_assert_int_ge(pid, 0);
        if (pid == 0)
            _exit(start_without(n));
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFEXITED(status), "at %zu: signal %d", n,
                      WTERMSIG(status));
        if (WEXITSTATUS(status) == LIBCRYPTO_CRASHED)
            crashes++;
        else
            ck_assert_msg(WEXITSTATUS(status) == 0, "at %zu: not libcrypto's",
                          n);
    }
    printf("libcrypto crashed at %zu of %zu requests\n", crashes, tried);
    fixture_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("no_memory");
    TCase *first = tcase_create("first_use");
    TCase *t = tcase_create("no_memory");
    TCase *bench = tcase_create("install");
    bool all = is_called();

    if (!all && HAVE_MALLOC && !is_on_valgrind()) {
        (void)fprintf(stderr, "malloc() of this test is not called\n");
        return EXIT_FAILURE;
    }
    if (all) {
        tcase_set_timeout(first, 120);
        tcase_add_test(first, test_first_use);
        tcase_add_test(t, test_license_all);
        tcase_add_test(t, test_verify_all);
        tcase_add_test(bench, test_install_all);
    }
    suite_add_tcase(s, first);
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_license);
    tcase_add_test(t, test_verify);
    suite_add_tcase(s, t);
    tcase_set_timeout(bench, 240);
    tcase_add_test(bench, test_install);
    suite_add_tcase(s, bench);
    return run_suite(s);
}
