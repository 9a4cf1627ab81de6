/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences for many certificates, from files and folders into a store: in
 * pieces, in order, to be cancelled and repeated. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sfi/hsm_share.h>
#include <sfi/license_batch.h>

#include "core/ctx.h"
#include "hsm/base/hsm.h"
#include "license/license.h"
#include "util/sys.h"

#include "fixture.h"
#include <bench/maker.h>
#include "system.h"

enum { CHIPS = 5 };

static struct maker maker;
static struct chip chips[CHIPS];
static char dir[256], folder[300], shelf[300], vault[300];
static sfi_hsm *hsm;
static sfi_license_store *store;

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    for (size_t i = 0; i < CHIPS; i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(folder, sizeof(folder), "%s/certs", dir);
    (void)snprintf(shelf, sizeof(shelf), "%s/store", dir);
    ck_assert_int_eq(sfi__sys_make_folder(folder, 0700), 0);
    vault_path(vault, sizeof(vault), dir, "line");
    hsm = vault_new(&maker, vault, 5000);
    ck_assert_ok(sfi_license_store_open(ctx, shelf, 1, &store));
}

static void
teardown(void)
{
    sfi_license_store_free(store);
    sfi_hsm_free(hsm);
    (void)unlink(vault); /* not of a database */
    test_rmdir(shelf);
    test_rmdir(folder);
    test_rmdir(dir);
    for (size_t i = 0; i < CHIPS; i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    fixture_teardown();
}

static const char *
in_folder(const char *name)
{
    static char path[400];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void
write_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(in_folder(name), "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void
write_certs(void)
{
    for (size_t i = 0; i < CHIPS; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "%zu.cert", i);
        write_file(name, chips[i].data, sizeof(chips[i].data));
    }
}

static size_t
stored(void)
{
    struct sys_folder *d;
    const char *name;
    size_t n = 0;

    ck_assert_int_eq(sfi__sys_folder_open(shelf, &d), 0);
    while ((name = sfi__sys_folder_next(d)) != NULL)
        n += name[0] != '.';
    sfi__sys_folder_close(d);
    return n;
}

/* What was told, as text: "0.cert new, 1.cert stored, x SFI_ERR_FORMAT". */
static struct told {
    char text[4096];
    uint64_t next, total;
    size_t on_disk; /* when the first one was told */
    size_t cancel_at;
    sfi_license_batch *batch;
} told;

static void
hear(void *user, const sfi_license_result *r)
{
    static const char *const counts[] = {"none", "new", "again", "unknown"};
    const char *name = strrchr(r->path, '/');
    size_t len = strlen(told.text);

    ck_assert_ptr_eq(user, &told);
    ck_assert_uint_eq(r->index, told.next);
    told.next++;
    told.total = r->total;
    if (r->index == 0)
        told.on_disk = stored();
    if (r->license != NULL)
        ck_assert_uint_eq(sfi_license_type(r->license), SFI_LICENSE_STATIC);
    ck_assert_int_eq(sfi_error_status(sfi_ctx_error(ctx)), r->status);
    ck_assert_int_eq(strlen(r->device_id) == 64, r->certificate != NULL);
    (void)snprintf(told.text + len, sizeof(told.text) - len, "%s%s %s",
                   len > 0 ? ", " : "",
                   name != NULL         ? name + 1
                   : r->path[0] != '\0' ? r->path
                                        : "-",
                   r->status != SFI_OK ? sfi_status_name(r->status)
                   : r->stored != 0    ? "stored"
                                       : counts[r->count]);
    if (told.cancel_at == r->index + 1)
        sfi_license_batch_cancel(told.batch);
}

static sfi_license_batch *
batch_of(sfi_hsm *from, sfi_license_store *to)
{
    sfi_license_batch *b;

    ck_assert_ok(sfi_license_batch_new(ctx, from, to, &b));
    ck_assert_ok(sfi_license_batch_set_result(b, hear, &told));
    told = (struct told){.batch = b};
    return b;
}

static sfi_status
run_folder(sfi_hsm *from)
{
    sfi_license_batch *b;
    sfi_status st = sfi_license_batch_new(ctx, from, store, &b);

    told = (struct told){.batch = b};
    if (st == SFI_OK)
        st = sfi_license_batch_set_result(b, hear, &told);
    if (st == SFI_OK)
        st = sfi_license_batch_add_path(b, folder);
    if (st == SFI_OK)
        st = sfi_license_batch_run(b);
    sfi_license_batch_free(b);
    return st;
}

START_TEST(test_folder)
{
    uint8_t junk[SFI_CERTIFICATE_LEN] = {0};
    sfi_license *lic;

    write_certs();
    write_file("1-again", chips[1].data, SFI_CERTIFICATE_LEN);
    write_file("3-short", chips[1].data, 7);
    write_file("9-junk", junk, sizeof(junk));
    write_file(".hidden", junk, sizeof(junk));
    ck_assert_int_eq(sfi__sys_make_folder(in_folder("sub"), 0700), 0);
    ck_assert_ok(run_folder(hsm));
    ck_assert_str_eq(told.text,
                     "0.cert new, 1-again new, 1.cert stored, 2.cert new, "
                     "3-short SFI_ERR_TRUNCATED, 3.cert new, 4.cert new, "
                     "9-junk SFI_ERR_FORMAT");
    ck_assert_uint_eq(told.total, 8);
    ck_assert_uint_ge(told.on_disk, 1); /* stored before it is told */
    ck_assert_uint_eq(stored(), CHIPS);
    ck_assert_uint_eq(vault_remaining(hsm), 5000 - CHIPS);
    for (size_t i = 0; i < CHIPS; i++) {
        ck_assert_ok(sfi_license_store_find(store, chips[i].cert, &lic));
        chip_opens(&chips[i], &maker, lic);
        sfi_license_free(lic);
    }
    ck_assert_int_eq(rmdir(in_folder("sub")), 0);
}
END_TEST

START_TEST(test_link)
{
    write_certs();
    make_link("0.cert", in_folder("link"));
    ck_assert_ok(run_folder(hsm));
    ck_assert_ptr_nonnull(strstr(told.text, "link SFI_ERR_FORMAT"));
}
END_TEST

/* What is stored needs no HSM, and what is lost is given again. */
START_TEST(test_again)
{
    write_certs();
    ck_assert_ok(run_folder(hsm));
    ck_assert_ok(sfi_license_store_remove(
        store, sfi_certificate_device_id(chips[2].cert)));
    ck_assert_ok(run_folder(hsm));
    ck_assert_str_eq(told.text, "0.cert stored, 1.cert stored, 2.cert again, "
                                "3.cert stored, 4.cert stored");
    ck_assert_uint_eq(vault_remaining(hsm), 5000 - CHIPS);
}
END_TEST

/* Given certificates, without a store; the same one twice. */
START_TEST(test_given)
{
    sfi_license_batch *b = batch_of(hsm, NULL);
    int finished;

    ck_assert_ok(sfi_license_batch_add_certificate(b, chips[0].cert));
    ck_assert_ok(sfi_license_batch_add_certificate(b, chips[1].cert));
    ck_assert_ok(sfi_license_batch_add_certificate(b, chips[0].cert));
    ck_assert_ok(sfi_license_batch_step(b, &finished));
    ck_assert_int_eq(finished, 1);
    ck_assert_str_eq(told.text, "- new, - new, - again");
    ck_assert_ok(sfi_license_batch_step(b, &finished)); /* nothing is left */
    ck_assert_int_eq(finished, 1);
    ck_assert_fails(sfi_license_batch_add_certificate(b, chips[0].cert),
                    SFI_ERR_STATE, "",
                    "the batch has begun: nothing can be added any more");
    sfi_license_batch_free(b);
}
END_TEST

/* An HSM that gives one after the other is told one by one. */
static sfi_status
one_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
            uint8_t *out, size_t *out_len)
{
    unsigned *left = user;

    (void)cert;
    (void)cert_len;
    (void)session;
    if (*left == 0) {
        sfi_ctx_report(ctx, SFI_ERR_IO, 0, "the line is cut");
        return SFI_ERR_IO;
    }
    (*left)--;
    ck_assert_ok(sfi__license_make(ctx, chips[0].public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce, out));
    *out_len = SFI_LICENSE_LEN;
    return SFI_OK;
}

START_TEST(test_one_by_one)
{
    const sfi_hsm_ops ops = {.struct_size = sizeof(ops),
                             .license = one_license};
    unsigned left = 2;
    sfi_license_batch *b;
    sfi_hsm *own;
    int finished;

    write_certs();
    ck_assert_ok(sfi_hsm_open_custom(ctx, &ops, &left, &own));
    b = batch_of(own, store);
    ck_assert_ok(sfi_license_batch_add_path(b, folder));
    ck_assert_ok(sfi_license_batch_step(b, &finished));
    ck_assert_int_eq(finished, 0);
    ck_assert_str_eq(told.text, "0.cert unknown");
    ck_assert_fails(sfi_license_batch_run(b), SFI_ERR_IO, "",
                    "the line is cut");
    ck_assert_str_eq(told.text,
                     "0.cert unknown, 1.cert unknown, 2.cert SFI_ERR_IO");
    ck_assert_uint_eq(stored(), 2);
    ck_assert_fails(sfi_license_batch_run(b), SFI_ERR_STATE, "",
                    "the batch has ended: make another one");
    sfi_license_batch_free(b);
    sfi_hsm_free(own);
}
END_TEST

/* More than one piece; the second is not begun. */
START_TEST(test_cancel)
{
    static struct chip many[SFI_HSM_AT_ONCE + 1];
    sfi_license_batch *b = batch_of(hsm, store);

    for (size_t i = 0; i < ROWS(many); i++) {
        chip_make(&maker, MAKER_PRODUCT, &many[i]);
        ck_assert_ok(sfi_license_batch_add_certificate(b, many[i].cert));
        chip_free(&many[i]);
    }
    told.cancel_at = 3;
    ck_assert_fails(sfi_license_batch_run(b), SFI_ERR_CANCELLED, "",
                    "cancelled");
    ck_assert_uint_eq(told.next, SFI_HSM_AT_ONCE);
    ck_assert_uint_eq(stored(), SFI_HSM_AT_ONCE);
    ck_assert_uint_eq(vault_remaining(hsm), 5000 - SFI_HSM_AT_ONCE);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    sfi_license_batch_free(b);
}
END_TEST

/* Counted, but not stored: it is told, and the next batch mends it. */
START_TEST(test_store_fails)
{
    sfi_license_batch *b = batch_of(hsm, store);
    sfi_status st;

    write_certs();
    ck_assert_ok(sfi_license_batch_add_path(b, folder));
    ck_assert_int_eq(rmdir(shelf), 0);
    write_file("../store", "a file", 6);
    st = sfi_license_batch_run(b);
    ck_assert_int_eq(st, SFI_ERR_OS);
    sfi_license_batch_free(b);
    ck_assert_int_eq(unlink(shelf), 0);
    ck_assert_int_eq(sfi__sys_make_folder(shelf, 0700), 0);
    ck_assert_ok(run_folder(hsm));
    ck_assert_uint_eq(stored(), CHIPS);
    ck_assert_uint_eq(vault_remaining(hsm), 5000 - CHIPS);
}
END_TEST

/* A folder under the name of a licence cannot be replaced: that of chip 3. */
START_TEST(test_one_name_is_taken)
{
    char path[400];
    sfi_license_batch *b = batch_of(hsm, store);

    ck_assert_ok(sfi_license_batch_add_certificate(b, chips[0].cert));
    (void)snprintf(path, sizeof(path), "%s/%s.lic", shelf,
                   sfi_certificate_device_id(chips[3].cert));
    ck_assert_int_eq(sfi__sys_make_folder(path, 0700), 0);
    ck_assert_ok(sfi_license_batch_add_certificate(b, chips[3].cert));
    ck_assert_int_ne(sfi_license_batch_run(b), SFI_OK);
    ck_assert_uint_ge(told.next, 1);
    sfi_license_batch_free(b);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_uint_le(stored(), 1); /* and nothing temporary */
}
END_TEST

static sfi_status
no_opening(void *user, sfi_ctx *of, sfi_hsm **out)
{
    (void)user;
    (void)out;
    sfi_ctx_report(of, SFI_ERR_FORMAT, 0, "that is no name of an HSM");
    return SFI_ERR_FORMAT;
}

/* An HSM that cannot be opened ends it, whatever its status; not needed, it is
 * not opened. */
START_TEST(test_late)
{
    static const sfi_hsm_opener opener = {.struct_size = sizeof(opener),
                                          .open = no_opening};
    sfi_hsm *late;

    ck_assert_ok(sfi_hsm_open_late(ctx, &opener, NULL, &late));
    write_certs();
    ck_assert_fails(run_folder(late), SFI_ERR_FORMAT, "",
                    "that is no name of an HSM");
    ck_assert_str_eq(told.text, "");
    ck_assert_ok(run_folder(hsm));
    ck_assert_ok(run_folder(late));
    ck_assert_uint_eq(told.next, CHIPS);
    sfi_hsm_free(late);
}
END_TEST

START_TEST(test_arguments)
{
    static const sfi_hsm_ops nothing = {.struct_size = sizeof(nothing)};
    sfi_license_batch *b;
    sfi_hsm *others;
    sfi_ctx *other;
    int finished;

    ck_assert_int_eq(sfi_license_batch_new(ctx, NULL, store, &b),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_new(NULL, &other), SFI_OK);
    ck_assert_int_eq(sfi_hsm_open_custom(other, &nothing, NULL, &others),
                     SFI_OK);
    ck_assert_int_eq(sfi_license_batch_new(ctx, others, NULL, &b),
                     SFI_ERR_ARGUMENT);
    sfi_hsm_free(others);
    sfi_ctx_free(other);
    b = batch_of(hsm, store);
    ck_assert_fails(sfi_license_batch_add_path(b, folder), SFI_ERR_FORMAT,
                    folder, "the folder contains no certificate");
    ck_assert_ok(sfi_license_batch_add_path(b, in_folder("none")));
    ck_assert_int_eq(sfi_license_batch_step(b, NULL), SFI_ERR_ARGUMENT);
    ck_assert_ok(sfi_license_batch_step(b, &finished));
    ck_assert_str_eq(told.text, "none SFI_ERR_OS");
    sfi_license_batch_free(b);
    sfi_license_batch_cancel(NULL);
    sfi_license_batch_free(NULL);
    b = batch_of(hsm, store);
    ck_assert_ok(sfi_license_batch_run(b)); /* of none */
    sfi_license_batch_free(b);
}
END_TEST

/* Whatever allocation fails, a second batch completes it, and nothing is
 * counted twice. */
START_TEST(test_no_memory)
{
    sfi_status st;
    size_t at = 0;

    write_certs();
    do {
        memory.fail_at = ++at;
        st = run_folder(hsm);
        memory.fail_at = 0;
        ck_assert_uint_ge(vault_remaining(hsm), 5000 - CHIPS);
    } while (st != SFI_OK && at < 2000);
    ck_assert_uint_eq(vault_remaining(hsm), 5000 - CHIPS);
    ck_assert_uint_eq(stored(), CHIPS);
}
END_TEST

int
main(int argc, char **argv)
{
    Suite *s = suite_create("license_batch");
    TCase *tc = tcase_create("license_batch");

    (void)vault_choose(argc, argv);
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_folder);
    tcase_add_test(tc, test_link);
    tcase_add_test(tc, test_again);
    tcase_add_test(tc, test_given);
    tcase_add_test(tc, test_one_by_one);
    tcase_add_test(tc, test_cancel);
    tcase_add_test(tc, test_store_fails);
    tcase_add_test(tc, test_one_name_is_taken);
    tcase_add_test(tc, test_late);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
