/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault sealed by a token, used by many processes at once. */
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "hsm/open.h"

#include "fixture.h"
#include <bench/maker.h>
#include <card/token_kit.h>

#define MAXIMUM 60u

static struct maker maker;
static char path[300], name[1000];

/* name: the vault, sealed by the token of this label */
static void
sealed_by(const char *label)
{
    (void)snprintf(name, sizeof(name), "%s?token=%s", path, token_uri(label));
}

static void
setup(void)
{
    fixture_setup();
    token_setup();
    (void)maker_share(&maker);
    (void)snprintf(path, sizeof(path), "%s/line.vault", token_folder);
    (void)token_make("sfi");
    sealed_by("sfi");
}

static void
teardown(void)
{
    maker_free(&maker);
    fixture_teardown();
    token_teardown();
}

#define PROCESSES 4
#define DEVICES 20

static int
want_many(void)
{
    sfi_hsm *hsm = vault_login(name);
    int granted = 0;

    for (int i = 0; i < DEVICES; i++) {
        sfi_license *lic;
        struct chip c;
        sfi_status st;

        chip_make(&maker, MAKER_PRODUCT, &c);
        st = sfi_hsm_generate_license(hsm, c.cert, &lic);
        sfi_license_free(lic);
        chip_free(&c);
        sfi__clear_error(ctx);
        if (st != SFI_OK && st != SFI_ERR_HSM_COUNTER)
            return 200;
        granted += st == SFI_OK;
    }
    sfi_hsm_free(hsm);
    return granted;
}

START_TEST(test_many_processes)
{
    pid_t children[PROCESSES];
    int granted = 0;
    sfi_hsm *hsm;

    sfi_hsm_free(vault_new(&maker, name, MAXIMUM));
    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] == 0)
            _exit(want_many());
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        int status;

        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert(WIFEXITED(status));
        ck_assert_int_le(WEXITSTATUS(status), DEVICES);
        granted += WEXITSTATUS(status);
    }
    ck_assert_int_eq(granted, MAXIMUM);
    hsm = vault_login(name);
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    sfi_hsm_free(hsm);
    ck_assert_uint_eq(token_objects("sfi", CKO_DATA, 0), 1);
}
END_TEST

/* Two stations in one process, each with a context of its own; they share one
 * login. */
struct station {
    pthread_t thread;
    struct chip chips[8];
    int failed;
};

static void *
station(void *user)
{
    static const struct kdf_cost cheap = {.log2_n = 1, .r = 8, .p = 1};
    struct station *s = user;
    sfi_ctx *own;
    sfi_hsm *hsm = NULL;
    sfi_license *lic;

    if (sfi_ctx_new(NULL, &own) != SFI_OK)
        return NULL;
    s->failed = sfi__hsm_open_vault(own, name, &cheap, NULL, &hsm) != SFI_OK ||
                sfi_hsm_login(hsm, TOKEN_PIN, strlen(TOKEN_PIN)) != SFI_OK;
    for (size_t i = 0; i < ROWS(s->chips) && !s->failed; i++) {
        s->failed =
            sfi_hsm_generate_license(hsm, s->chips[i].cert, &lic) != SFI_OK;
        sfi_license_free(lic);
    }
    if (s->failed)
        fprintf(stderr, "%s\n", sfi_error_message(sfi_ctx_error(own)));
    sfi_hsm_free(hsm);
    sfi_ctx_free(own);
    return NULL;
}

START_TEST(test_two_threads)
{
    static struct station stations[2];
    sfi_hsm *hsm;

    sfi_hsm_free(vault_new(&maker, name, MAXIMUM));
    for (size_t i = 0; i < ROWS(stations); i++) {
        stations[i].failed = 1;
        for (size_t k = 0; k < ROWS(stations[i].chips); k++)
            chip_make(&maker, MAKER_PRODUCT, &stations[i].chips[k]);
    }
    for (size_t i = 0; i < ROWS(stations); i++)
        ck_assert_int_eq(
            pthread_create(&stations[i].thread, NULL, station, &stations[i]),
            0);
    for (size_t i = 0; i < ROWS(stations); i++) {
        ck_assert_int_eq(pthread_join(stations[i].thread, NULL), 0);
        ck_assert_int_eq(stations[i].failed, 0);
        for (size_t k = 0; k < ROWS(stations[i].chips); k++)
            chip_free(&stations[i].chips[k]);
    }
    hsm = vault_login(name);
    ck_assert_uint_eq(vault_remaining(hsm), MAXIMUM - 16);
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("vault_token_many");
    TCase *tc = tcase_create("vault_token_many");

    token_kit_or_skip();
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_many_processes);
    tcase_add_test(tc, test_two_threads);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
