/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/core: what a file is, and which file an output may replace. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "core/file_kind.h"
#include "core/files.h"
#include "wire/certificate.h"
#include "wire/license.h"

#include "util/sys.h"

#include "fixture.h"
#include "system.h"

static char folder[512];
static char path[600];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/file", folder);
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static void
put_file(const char *name, const void *data, size_t len)
{
    FILE *f = fopen(name, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

/* ---- kinds ---- */

/* Files that libsfi and other tools made. */
static const struct {
    const char *name;
    uint32_t kind;
} files[] = {
    {"kept/image.key", SFI_FILE_KEY},
    {"kept/image.nonce", SFI_FILE_KEY},
    {"kept/audit.key", SFI_FILE_KEY},
    {"kept/chip/device-key.bin", SFI_FILE_KEY},
    {"kept/product.pd", SFI_FILE_PERSONALIZATION},
    {"kept/first.audit", SFI_FILE_AUDIT},
    {"kept/device.lic", SFI_FILE_LICENSE},
    {"kept/device.cert", SFI_FILE_CERTIFICATE},
    {"kept/chip/certificate.bin", SFI_FILE_CERTIFICATE},
    {"kept/line.vault", SFI_FILE_DATABASE},
    {"kept/image.sfi", SFI_FILE_IMAGE},
    {"kept/install.trace", SFI_FILE_TRACE},
    {"kept/chip/flash.bin", SFI_FILE_OTHER},
    {"kept/README.md", SFI_FILE_OTHER},
    {"blink-stm32h753xi.elf", SFI_FILE_FIRMWARE},
    {"blink-stm32h753xi.hex", SFI_FILE_FIRMWARE},
    {"blink-stm32h753xi.srec", SFI_FILE_FIRMWARE},
    {"blink-stm32h753xi-0x08000000.bin", SFI_FILE_OTHER},
    {"ob-stm32h753xi.csv", SFI_FILE_OTHER},
    {"none", SFI_FILE_ABSENT},
    {"kept/image.key/below", SFI_FILE_ABSENT},
    {"kept", SFI_FILE_SPECIAL},
};

START_TEST(test_files)
{
    char name[700];
    uint32_t kind = 99;

    (void)snprintf(name, sizeof(name), "%s/tests/data/%s",
                   getenv("SFI_TEST_SOURCE"), files[_i].name);
    ck_assert_ok(sfi_ctx_file_kind(ctx, name, &kind));
    ck_assert_msg(kind == files[_i].kind, "%s: %u, expected %u", name,
                  (unsigned)kind, (unsigned)files[_i].kind);
}
END_TEST

static const struct {
    const char *head;
    uint64_t size; /* 0: of `head` */
    uint32_t kind;
} texts[] = {
    {"", 0, SFI_FILE_EMPTY},
    {"-----BEGIN PRIVATE KEY-----\n", 0, SFI_FILE_CREDENTIAL},
    {"-----BEGIN CERTIFICATE-----\n", 900, SFI_FILE_CREDENTIAL},
    {"\x30\x81\x04"
     "abcd",
     0, SFI_FILE_CREDENTIAL},
    {"\x30\x82\x01\x02", 4 + 258, SFI_FILE_CREDENTIAL},
    {"\x30\x82\x01\x02", 4 + 259, SFI_FILE_OTHER},
    {"\x30\x81\x04"
     "abc",
     0, SFI_FILE_OTHER},
    {"SMIMAGIC", 0, SFI_FILE_MODULE},
    {"SFIMAGIC", 0, SFI_FILE_IMAGE},
    {"SFIMAGIC and more", 32, SFI_FILE_IMAGE},
    {"SFIMAGI", 0, SFI_FILE_OTHER},
    {"SFIL", LICENSE_LEN, SFI_FILE_LICENSE},
    {"SFI.", LICENSE_LEN, SFI_FILE_LICENSE},
    {"SFI.", LICENSE_LEN + 1, SFI_FILE_OTHER},
    {"45002001", CERTIFICATE_LEN, SFI_FILE_CERTIFICATE},
    {"4500200F", CERTIFICATE_LEN, SFI_FILE_CERTIFICATE},
    {"4500200g", CERTIFICATE_LEN, SFI_FILE_OTHER},
    {"45002001", CERTIFICATE_LEN - 1, SFI_FILE_OTHER},
    {":00000001FF", 0, SFI_FILE_FIRMWARE},
    {":00000001FF\r\n", 0, SFI_FILE_FIRMWARE},
    {":00000001FE\n", 0, SFI_FILE_KEY}, /* 12 bytes, and a wrong sum */
    {":00000001FE\r\n", 0, SFI_FILE_OTHER},
    {":00000001FFx", 0, SFI_FILE_KEY},
    {":0000000", 0, SFI_FILE_OTHER},
    {"S9030000FC\n", 0, SFI_FILE_FIRMWARE},
    {"S9030000FB\n", 0, SFI_FILE_OTHER},
    {"\x7f"
     "ELF",
     0, SFI_FILE_FIRMWARE},
    {"DfuSe\x01", 0, SFI_FILE_FIRMWARE},
    {"DfuS", 0, SFI_FILE_OTHER},
    {"# a\n# b\nkind usb\n", 0, SFI_FILE_TRACE},
    {"kind memory\n", 0, SFI_FILE_TRACE},
    {"# a\n# b\nnot a kind\n", 0, SFI_FILE_OTHER},
    {"# no end", 0, SFI_FILE_OTHER},
    {"{\"time\": \"2026\"}\n", 0, SFI_FILE_JSON},
    {"{ not JSON", 0, SFI_FILE_OTHER},
    {"0123456789ab", 0, SFI_FILE_KEY},
    {"0123456789abc", 0, SFI_FILE_OTHER},
    {"?", 16, SFI_FILE_KEY},
    {"?", 32, SFI_FILE_KEY},
    {"?", 24, SFI_FILE_OTHER},
};

START_TEST(test_texts)
{
    const char *head = texts[_i].head;
    uint64_t size = texts[_i].size != 0 ? texts[_i].size : strlen(head);
    uint32_t kind;

    kind = sfi__file_kind_of((const uint8_t *)head, strlen(head), size);
    ck_assert_msg(kind == texts[_i].kind, "%d, \"%s\": %u", _i, head,
                  (unsigned)kind);
}
END_TEST

/* The write-ahead log, its index, and the journal: by content. */
static const struct {
    const char *bytes;
    size_t len;
} beside[] = {
    {"SQLite format 3", 16},
    {"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 and more", 17},
    {"\x37\x7f\x06\x82\x00\x2d\xe2\x18", 8},
    {"\x37\x7f\x06\x83\x00\x2d\xe2\x18", 8},
    {"\x18\xe2\x2d\x00\x00\x00\x00\x00\x01", 9},
};

START_TEST(test_beside_a_vault)
{
    static const char *const names[] = {"-wal", "-shm", "-journal"};
    char name[700];
    uint32_t kind;

    put_file(path, beside[_i].bytes, beside[_i].len);
    ck_assert_ok(sfi_ctx_file_kind(ctx, path, &kind));
    ck_assert_uint_eq(kind, SFI_FILE_DATABASE);
    /* and by name, when it is empty or does not exist */
    put_file(path, "SQLite format 3", 16);
    for (size_t i = 0; i < ROWS(names); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, names[i]);
        if (_i % 2 == 0)
            put_file(name, "", 0);
        ck_assert_fails_about(
            sfi_ctx_check_output(ctx, name, SFI_FILE_OTHER, SFI_REPLACE),
            SFI_ERR_ACCESS, name, "vault");
        (void)unlink(name);
        (void)snprintf(name, sizeof(name), "%s/other%s", folder, names[i]);
        ck_assert_ok(sfi_ctx_check_output(ctx, name, SFI_FILE_OTHER, 0));
    }
}
END_TEST

START_TEST(test_arguments)
{
    uint32_t kind = 99;

    ck_assert_int_eq(sfi_ctx_file_kind(NULL, path, &kind), SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(kind, SFI_FILE_ABSENT);
    ck_assert_int_eq(sfi_ctx_file_kind(ctx, NULL, &kind), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_file_kind(ctx, path, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_check_output(NULL, path, 0, 0), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_check_output(ctx, NULL, 0, 0), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_check_output(ctx, path, 0, 2), SFI_ERR_ARGUMENT);
    ck_assert_str_eq(sfi_file_kind_name(SFI_FILE_LICENSE), "a licence");
    for (kind = SFI_FILE_ABSENT; kind <= SFI_FILE_MAP; kind++) {
        for (uint32_t other = 0; other < kind; other++)
            ck_assert_str_ne(sfi_file_kind_name(kind),
                             sfi_file_kind_name(other));
    }
    ck_assert_str_eq(sfi_file_kind_name(99),
                     sfi_file_kind_name(SFI_FILE_OTHER));
}
END_TEST

/* ---- the rule ---- */

#define KEPT_COUNT 8

/* A file of each kind; those that are never replaced come first. */
static const struct {
    uint32_t kind;
    const char *head;
    size_t len;
} samples[] = {
    {SFI_FILE_DATABASE, "SQLite format 3", 16},
    {SFI_FILE_KEY, "0123456789abcdef", 16},
    {SFI_FILE_CREDENTIAL, "-----BEGIN PRIVATE KEY-----\n", 28},
    {SFI_FILE_PERSONALIZATION, "SFIPERSO", 160},
    {SFI_FILE_AUDIT, "SFI-LOG 1\n", 200},
    {SFI_FILE_NONCES, "SFI-USED 1\n", 109},
    {SFI_FILE_LICENSE, "SFI.", 136},
    {SFI_FILE_CERTIFICATE, "45002001", 136},
    {SFI_FILE_MAP,
     "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"libsfi-map\" role=", 200},
    {SFI_FILE_IMAGE, "SFIMAGIC", 100},
    {SFI_FILE_MODULE, "SMIMAGIC", 100},
    {SFI_FILE_FIRMWARE, ":00000001FF\n", 100},
    {SFI_FILE_TRACE, "kind usb\n", 100},
    {SFI_FILE_JSON, "{\"a\": 1}\n", 100},
    {SFI_FILE_OTHER, "a letter", 100},
};

static size_t
fill_sample(size_t i, uint8_t out[256], uint8_t last)
{
    memset(out, '\n', 256);
    memcpy(out, samples[i].head, strlen(samples[i].head));
    if (samples[i].len > strlen(samples[i].head) + 1)
        out[samples[i].len - 1] = last;
    else if (samples[i].kind != SFI_FILE_DATABASE)
        out[samples[i].len - 1] ^= last;
    if (samples[i].kind == SFI_FILE_DATABASE)
        out[15] = '\0';
    return samples[i].len;
}

/* Every kind of output over every kind of file. */
START_TEST(test_rule)
{
    size_t there = (size_t)_i / ROWS(samples);
    size_t own = (size_t)_i % ROWS(samples);
    uint8_t data[256];
    bool kept = there < KEPT_COUNT;
    bool same = there == own && samples[own].kind != SFI_FILE_DATABASE &&
                samples[own].kind != SFI_FILE_OTHER;

    put_file(path, data, fill_sample(there, data, 1));
    ck_assert_int_eq(sfi_ctx_check_output(ctx, path, samples[own].kind, 0),
                     same ? SFI_OK : SFI_ERR_ACCESS);
    ck_assert_int_eq(
        sfi_ctx_check_output(ctx, path, samples[own].kind, SFI_REPLACE),
        same || !kept ? SFI_OK : SFI_ERR_ACCESS);
}
END_TEST

/* Outputs of the library: another key, licence and so on stays; the same is no
 * failure. */
START_TEST(test_save)
{
    uint32_t kind = samples[_i].kind;
    uint8_t old[256], new[256];
    size_t len = fill_sample((size_t)_i, old, 1);
    bool kept = _i < KEPT_COUNT;
    size_t got_len;
    sfi_status st;
    char *got;

    (void)fill_sample((size_t)_i, new, 2);
    put_file(path, old, len);
    st = sfi__output_save(ctx, path, kind, 0644, new, len);
    ck_assert_int_eq(st, kept ? SFI_ERR_ACCESS : SFI_OK);
    got = test_read(path, &got_len);
    ck_assert_uint_eq(got_len, len);
    ck_assert_mem_eq(got, kept ? old : new, len);
    free(got);
    st = sfi__output_save(ctx, path, kind, 0644, kept ? old : new, len);
    ck_assert_int_eq(st, _i == 0 ? SFI_ERR_ACCESS : SFI_OK);
}
END_TEST

START_TEST(test_message)
{
    put_file(path, "0123456789abcdef", 16);
    ck_assert_fails(sfi__output_save(ctx, path, SFI_FILE_AUDIT, 0600, "x", 1),
                    SFI_ERR_ACCESS, path,
                    "refusing to replace a key or a nonce, or a file of that "
                    "length: remove it yourself, or choose another name");
    put_file(path, "a letter", 8);
    ck_assert_fails(sfi_ctx_check_output(ctx, path, SFI_FILE_TRACE, 0),
                    SFI_ERR_ACCESS, path,
                    "a file of another kind has this name, and is replaced "
                    "only when that is asked for");
}
END_TEST

/* A key comes while the output is being made. */
START_TEST(test_comes_meanwhile)
{
    struct output o;
    size_t got_len;
    char *got;

    ck_assert_ok(sfi__output_begin(ctx, &o, path, SFI_FILE_IMAGE, 0644));
    ck_assert_ok(sfi__output_write(&o, "SFIMAGIC", 8));
    put_file(path, "0123456789abcdef", 16);
    ck_assert_fails_about(sfi__output_end(&o), SFI_ERR_ACCESS, path, "key");
    got = test_read(path, &got_len);
    ck_assert_uint_eq(got_len, 16);
    ck_assert_mem_eq(got, "0123456789abcdef", 16);
    free(got);
    /* and no other file is left */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    ck_assert_int_eq(sfi__sys_make_folder(folder, 0700), 0);
}
END_TEST

START_TEST(test_nothing_is_there)
{
    put_file(path, "", 0);
    ck_assert_ok(sfi_ctx_check_output(ctx, path, SFI_FILE_OTHER, 0));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_ctx_check_output(ctx, path, SFI_FILE_OTHER, 0));
    ck_assert_ok(sfi_ctx_check_output(ctx, null_device, SFI_FILE_OTHER, 0));
    ck_assert_ok(sfi__output_save(ctx, null_device, SFI_FILE_KEY, 0, "x", 1));
}
END_TEST

START_TEST(test_fifo)
{
    make_fifo(path);
    ck_assert_ok(sfi_ctx_check_output(ctx, path, SFI_FILE_OTHER, 0));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("file_kind");
    TCase *tc = tcase_create("file_kind");

    tcase_add_checked_fixture(tc, setup, teardown);
    suite_add_tcase(s, tc);
    tcase_add_loop_test(tc, test_files, 0, (int)ROWS(files));
    tcase_add_loop_test(tc, test_texts, 0, (int)ROWS(texts));
    tcase_add_loop_test(tc, test_beside_a_vault, 0, (int)ROWS(beside));
    tcase_add_test(tc, test_arguments);
    tcase_add_loop_test(tc, test_rule, 0, (int)(ROWS(samples) * ROWS(samples)));
    tcase_add_loop_test(tc, test_save, 0, (int)ROWS(samples));
    tcase_add_test(tc, test_message);
    tcase_add_test(tc, test_comes_meanwhile);
    tcase_add_test(tc, test_nothing_is_there);
    tcase_add_test(tc, test_fifo);
    return run_suite(s);
}
