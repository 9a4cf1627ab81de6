/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a file is: every kind is recognised by its content, says its fields and
 * whether it is sound, and no fact tells a secret. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/sfi.h>

#include "fixture.h"
#include "system.h"

#define KEPT "data/kept/"
#define H7 "data/blink-stm32h753xi"

static char text[64 << 10]; /* "group.item.name=text", a fact a line */
static size_t checks[4];    /* by SFI_CHECK_* */

static void
take_fact(void *user, const sfi_fact *f)
{
    size_t at = strlen(text);

    (void)user;
    ck_assert_uint_eq(f->struct_size, sizeof(*f));
    ck_assert(f->name[0] != '\0' && f->label[0] != '\0' && f->text != NULL);
    ck_assert(f->kind >= SFI_FACT_TEXT && f->kind <= SFI_FACT_CHECK);
    ck_assert_int_eq(f->kind == SFI_FACT_BYTES, f->data != NULL);
    if (f->kind == SFI_FACT_CHECK)
        checks[f->number]++;
    if (f->item != 0)
        (void)snprintf(text + at, sizeof(text) - at, "%s.%u.%s=%s\n", f->group,
                       f->item, f->name, f->text);
    else
        (void)snprintf(text + at, sizeof(text) - at, "%s%s%s=%s\n", f->group,
                       f->group[0] != '\0' ? "." : "", f->name, f->text);
}

static sfi_status
describe(const char *path, const sfi_describe_options *opts)
{
    text[0] = '\0';
    memset(checks, 0, sizeof(checks));
    return sfi_describe_file(ctx, path, opts, take_fact, NULL);
}

static void
assert_has(const char *path, const char *fact)
{
    char line[300];

    (void)snprintf(line, sizeof(line), "\n%s\n", fact);
    ck_assert_msg(strstr(text, line) != NULL ||
                      strncmp(text, line + 1, strlen(line + 1)) == 0,
                  "%s: \"%s\" is not in\n%s", path, fact, text);
}

/* It fails with this status at a place that ends like this, and the message
 * says this. */
static void
assert_fails_at(sfi_status got, sfi_status want, const char *where,
                const char *fact)
{
    const sfi_error *e = sfi_ctx_error(ctx);
    const char *at = sfi_error_where(e);

    ck_assert_int_eq(got, want);
    ck_assert_int_eq(sfi_error_status(e), want);
    ck_assert_msg(strstr(sfi_error_message(e), fact) != NULL, "%s",
                  sfi_error_message(e));
    ck_assert_msg(strlen(at) >= strlen(where) &&
                      strcmp(at + strlen(at) - strlen(where), where) == 0,
                  "%s", at);
}

/* ---- every kind ---- */

static const struct {
    const char *path;
    const char *facts[8];
} kinds[] = {
    {KEPT "image.sfi",
     {"kind=image", "what=an .sfi image", "protocol_version=1", "area_count=5",
      "image_version=3", "verified=no", "areas.5.type=C",
      "checks.tags=no key was given"}},
    {H7 ".elf",
     {"kind=firmware", "format=elf", "machine=Arm", "segment_count=4",
      "data_size=5608", "segments.1.address=0x08000000", "segments.1.size=1060",
      "checks.structure=passed"}},
    {H7 ".hex", {"kind=firmware", "format=ihex", "segments.4.size=312"}},
    {H7 ".srec", {"kind=firmware", "format=srec", "segments.4.size=312"}},
    {"data/ob-stm32h753xi.csv",
     {"kind=option_bytes", "chip=stm32h753xi", "option_bytes.1.name=FOPTSR_PRG",
      "checks.structure=passed"}},
    {"data/ob-stm32l462ce.csv",
     {"kind=option_bytes", "chip=stm32l462ce",
      "option_bytes.1.value=0xfbeff8bb"}},
    {KEPT "device.cert",
     {"kind=certificate", "size=136", "product_id=46201002", "chip=stm32l462ce",
      "checks.structure=passed",
      "checks.ca_signature=no personalisation file, which names the CA, was "
      "given"}},
    {KEPT "product.pd",
     {"kind=personalization", "product_id=46201002", "chip=stm32l462ce",
      "checks.signature=passed"}},
    {KEPT "device.lic",
     {"kind=license", "type=static", "checks.structure=passed"}},
    {KEPT "store",
     {"kind=license_store", "license_count=1", "damaged=0",
      "checks.licenses=passed"}},
    {KEPT "first.audit",
     {"kind=audit", "firmware_id=blink-1", "records=1", "licensed=1",
      "remaining=4", "maximum=5", "checks.chain=passed",
      "checks.macs=no audit key was given"}},
    {KEPT "install.trace",
     {"kind=trace", "link=stream", "bytes_in=594", "checks.structure=passed"}},
    {KEPT "image.key",
     {"kind=key", "size=16", "purpose=as long as a firmware key",
      "checks.random=passed"}},
    {KEPT "image.nonce", {"kind=key", "purpose=as long as a nonce"}},
    {KEPT "audit.key",
     {"kind=key", "purpose=as long as an audit key or a private key"}},
};

START_TEST(test_kinds)
{
    const char *path = test_path(kinds[_i].path);

    ck_assert_ok(describe(path, NULL));
    for (size_t k = 0; k < ROWS(kinds[_i].facts); k++) {
        if (kinds[_i].facts[k] != NULL)
            assert_has(path, kinds[_i].facts[k]);
    }
    ck_assert_uint_eq(checks[SFI_CHECK_FAILED], 0);
}
END_TEST

/* ---- with keys ---- */

START_TEST(test_image_with_the_key)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    o.key = key;
    o.nonce = nonce;
    ck_assert_ok(describe(test_path(KEPT "image.sfi"), &o));
    assert_has("image", "verified=yes");
    assert_has("image", "chip=stm32l462ce");
    assert_has("image", "option_bytes.1.name=FLASH_OPTR");
    assert_has("image", "option_fields.1.name=RDP");
    assert_has("image", "option_fields.1.effect=debuggers and bootloaders "
                        "cannot read the flash; to go back to level 0 erases "
                        "it");
    assert_has("image", "checks.tags=passed");
    ck_assert_ptr_null(strstr(text, "PLAINTEXT"));
    nonce[0] ^= 1;
    assert_fails_at(describe(test_path(KEPT "image.sfi"), &o), SFI_ERR_AUTH,
                    "image.sfi:header", "tag");
    ck_assert_ptr_null(strstr(text, "areas."));
    ck_assert_uint_eq(checks[SFI_CHECK_FAILED], 1);
    o.nonce = NULL;
    ck_assert_int_eq(describe(test_path(KEPT "image.sfi"), &o),
                     SFI_ERR_ARGUMENT);
    sfi_key_free(key);
}
END_TEST

START_TEST(test_certificate_with_its_ca)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    sfi_personalization *ca;
    char dir[256], path[300];
    size_t len;
    char *cert = test_read(test_path(KEPT "device.cert"), &len);
    FILE *f;

    ck_assert_ok(
        sfi_personalization_load(ctx, test_path(KEPT "product.pd"), &ca));
    o.ca = ca;
    ck_assert_ok(describe(test_path(KEPT "device.cert"), &o));
    assert_has("certificate", "checks.ca_signature=passed");
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/altered.cert", dir);
    cert[len - 1] ^= 1;
    f = fopen(path, "wb");
    ck_assert(f != NULL && fwrite(cert, 1, len, f) == len && fclose(f) == 0);
    ck_assert_int_eq(describe(path, &o), SFI_ERR_CERTIFICATE);
    assert_has("altered", "product_id=46201002"); /* what can be read */
    ck_assert_uint_eq(checks[SFI_CHECK_FAILED], 1);
    ck_assert_ok(describe(path, NULL)); /* without the CA nobody can tell */
    test_rmdir(dir);
    free(cert);
    sfi_personalization_free(ca);
}
END_TEST

START_TEST(test_audit_with_its_key)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];

    ck_assert_ok(
        sfi_audit_key_load(ctx, test_path(KEPT "audit.key"), key_secret));
    o.audit_key = key_secret;
    ck_assert_ok(describe(test_path(KEPT "first.audit"), &o));
    assert_has("audit", "checks.macs=passed");
    key_secret[0] ^= 1;
    assert_fails_at(describe(test_path(KEPT "first.audit"), &o), SFI_ERR_AUTH,
                    "first.audit:10", "record 1");
    assert_has("audit", "maximum=5");
}
END_TEST

/* Without a key the MACs are not compared, and all else is. */
START_TEST(test_audit_that_continues)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    const char *log = test_path(KEPT "first.audit");
    char dir[256], cut[300];
    size_t len;
    char *whole = test_read(log, &len);
    FILE *f;

    o.audit_before = log;
    ck_assert_ok(describe(log, &o));
    assert_has("audit", "checks.before=passed");
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(cut, sizeof(cut), "%s/cut.audit", dir);
    f = fopen(cut, "wb");
    ck_assert(f != NULL && fwrite(whole, 1, len - 9, f) == len - 9 &&
              fclose(f) == 0);
    o.audit_before = cut;
    assert_fails_at(describe(log, &o), SFI_ERR_TRUNCATED, "cut.audit:11",
                    "ends");
    ck_assert_uint_eq(checks[SFI_CHECK_FAILED], 1);
    o.audit_before = dir;
    ck_assert_int_eq(describe(log, &o), SFI_ERR_OS);
    sfi_ctx_cancel(ctx, 1);
    o.audit_before = NULL;
    ck_assert_int_eq(describe(log, &o), SFI_ERR_CANCELLED);
    sfi_ctx_cancel(ctx, 0);
    test_rmdir(dir);
    free(whole);
}
END_TEST

/* ---- files of all sorts ---- */

static char folder[256];
static char file[800];

static void
folder_setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
}

static void
folder_teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static const char *
write_file(const char *name, const void *data, size_t len)
{
    FILE *f;

    (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
    f = fopen(file, "wb");
    ck_assert(f != NULL && fwrite(data, 1, len, f) == len && fclose(f) == 0);
    return file;
}

static const char *
write_text(const char *name, const char *content)
{
    return write_file(name, content, strlen(content));
}

#define RECORD                                                              \
    "{\"time\": \"2026-11-29T10:00:00Z\", \"image\": \"a.sfi\", \"port\": " \
    "\"x\", \"result\": \"installed\", \"done\": [{\"a\": [1, -2.5e3, "     \
    "true]}]}"

START_TEST(test_records)
{
    ck_assert_ok(describe(write_text("log", RECORD "\n" RECORD "\n"), NULL));
    assert_has("log", "kind=record");
    assert_has("log", "records=2");
    assert_has("log", "first_time=2026-11-29T10:00:00Z");
    assert_has("log", "results.1.result=installed");
    assert_has("log", "results.1.chip_count=2");
    /* a power cut in the middle of a record */
    ck_assert_ok(
        describe(write_text("log", RECORD "\n{\"time\": \"20\n" RECORD), NULL));
    assert_has("log", "fragments=1");
    assert_fails_at(
        describe(write_text("log", RECORD "\nnote to self\n"), NULL),
        SFI_ERR_FORMAT, "log:2", "record");
    assert_fails_at(describe(write_text("log", "{\"a\": 1}\n"), NULL),
                    SFI_ERR_FORMAT, "log:1", "time");
}
END_TEST

START_TEST(test_register_of_nonces)
{
    char content[11 + 2 * 98 + 1] = "SFI-USED 1\n";

    for (size_t i = 0; i < 2; i++)
        (void)snprintf(content + 11 + 98 * i, 99, "%032d %064d\n", 1, 2);
    ck_assert_ok(describe(write_text("key.used", content), NULL));
    assert_has("nonces", "kind=nonces");
    assert_has("nonces", "records=2");
    /* a crash in the middle of a record */
    ck_assert_ok(describe(write_file("key.used", content, 11 + 98 + 50), NULL));
    assert_has("nonces", "records=1");
    content[20] = 'x';
    assert_fails_at(describe(write_text("key.used", content), NULL),
                    SFI_ERR_FORMAT, "key.used", "record 1");
}
END_TEST

/* What lib/core does not know by its first bytes. */
START_TEST(test_lenient_firmware)
{
    ck_assert_ok(describe(
        write_text("a", "\xef\xbb\xbf\r\n:0400000001020304F2\n:00000001FF\n"),
        NULL));
    assert_has("a", "format=ihex");
    ck_assert_ok(describe(
        write_text("b.s19", "$$ B\n  main $8000000\n$$\nS0030000FC\n"
                            "S3090800000001020304E4\nS70508000000F2\n"),
        NULL));
    assert_has("b", "format=srec");
}
END_TEST

START_TEST(test_unknown)
{
    assert_fails_at(describe(write_text("a", "Dear Sir,\n"), NULL),
                    SFI_ERR_FORMAT, "", "another kind");
    ck_assert_str_eq(text, "");
    assert_fails_at(describe(write_text("a", ""), NULL), SFI_ERR_FORMAT, "",
                    "empty");
    assert_fails_at(describe(folder, NULL), SFI_ERR_FORMAT, "",
                    "without licences");
    assert_fails_at(describe(write_text("a.csv", "Dear Sir,\n"), NULL),
                    SFI_ERR_FORMAT, "a.csv:1:6", "comma");
    assert_fails_at(describe(write_text("a.sfi", "RFIMAGIC"), NULL),
                    SFI_ERR_TRUNCATED, "a.sfi:header", "8 of 28");
    (void)unlink(file);
    assert_fails_at(describe(file, NULL), SFI_ERR_OS, "", "No such file");
}
END_TEST

START_TEST(test_keys_are_no_constants)
{
    uint8_t zeros[16] = {0};

    assert_fails_at(describe(write_file("k", zeros, 16), NULL), SFI_ERR_FORMAT,
                    "", "equal");
    zeros[15] = 1;
    ck_assert_ok(describe(write_file("k", zeros, 16), NULL));
    ck_assert_ptr_null(strstr(text, "00000000"));
}
END_TEST

START_TEST(test_key_for_all)
{
    uint8_t key[16] = {1};

    (void)write_file("k", key, 16);
    set_mode(file, 0644);
    ck_assert_ok(describe(file, NULL));
    assert_has("k", "others_can_read=yes");
}
END_TEST

START_TEST(test_credentials)
{
    ck_assert_ok(describe(
        write_text("ca.pem", "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIA==\n"),
        NULL));
    assert_has("pem", "kind=credential");
    assert_has("pem", "label=EC PRIVATE KEY");
    ck_assert_ptr_null(strstr(text, "MHcC"));
}
END_TEST

START_TEST(test_damaged_store)
{
    char path[400];
    char *lic;
    size_t len;

    lic = test_read(test_path(KEPT "device.lic"), &len);
    (void)snprintf(path, sizeof(path), "%064d.lic", 0);
    (void)write_file(path, lic, len);
    ck_assert_ok(describe(folder, NULL));
    assert_has("store", "license_count=1");
    (void)snprintf(path, sizeof(path), "%s/%064d.lic", folder, 1);
    make_fifo(path); /* and it is not waited for */
    assert_fails_at(describe(folder, NULL), SFI_ERR_FORMAT, "", "regular");
    assert_has("store", "damaged=1");
    free(lic);
}
END_TEST

START_TEST(test_vault)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    char path[300];
    size_t len;
    char *vault;

    if (!sfi_has_feature("vault"))
        return;
    ck_assert_ok(
        sfi_audit_key_load(ctx, test_path(KEPT "audit.key"), key_secret));
    vault = test_read(test_path(KEPT "line.vault"), &len);
    (void)strcpy(path, write_file("line.vault", vault, len));
    free(vault);
    ck_assert_ok(describe(path, NULL));
    assert_has(path, "kind=vault");
    assert_has(path, "state=operational");
    assert_has(path, "firmware_id=blink-1");
    assert_has(path, "maximum=5");
    assert_has(path, "checks.chain=passed");
    assert_has(path, "checks.macs=no audit key was given");
    o.audit_key = key_secret;
    ck_assert_ok(describe(path, &o));
    assert_has(path, "checks.macs=passed");
    key_secret[0] ^= 1;
    assert_fails_at(describe(path, &o), SFI_ERR_AUTH, "line.vault", "MAC");
}
END_TEST

/* The name of a file loads no module. */
START_TEST(test_vault_odd_name)
{
    char name[] = "a?token=pkcs11:module-path=evil.so";
    size_t len;
    char *vault;

    if (!sfi_has_feature("vault"))
        return;
    vault = test_read(test_path(KEPT "line.vault"), &len);
    assert_fails_at(describe(write_file(name, vault, len), NULL),
                    SFI_ERR_UNSUPPORTED, "", "question mark");
    free(vault);
}
END_TEST

START_TEST(test_every_prefix)
{
    static const char *const names[] = {
        KEPT "image.sfi",          KEPT "device.cert", KEPT "device.lic",
        KEPT "product.pd",         KEPT "first.audit", KEPT "install.trace",
        "data/ob-stm32h753xi.csv",
    };
    size_t len, step;
    char *data = test_read(test_path(names[_i]), &len);

    step = test_step(11);
    for (size_t n = 0; n < len; n += n < 200 ? step : 97 * step)
        (void)describe(write_file("x", data, n), NULL);
    free(data);
}
END_TEST

/* ---- kept: more is in test_description.c ---- */

/* The same facts as sfi_describe_file() tells, found by name too. */
START_TEST(test_kept)
{
    const char *path = test_path(kinds[_i].path);
    sfi_description *d;
    char told[sizeof(text)];
    const sfi_fact *f;
    size_t count = 0;

    ck_assert_ok(sfi_description_new(ctx, &d));
    ck_assert_ok(sfi_description_read(d, path, NULL));
    ck_assert_ok(describe(path, NULL));
    memcpy(told, text, sizeof(told));
    text[0] = '\0';
    for (; (f = sfi_description_at(d, count)) != NULL; count++) {
        take_fact(NULL, f);
        ck_assert_ptr_nonnull(
            sfi_description_find(d, f->group, f->item, f->name));
    }
    ck_assert_str_eq(text, told);
    for (size_t i = count; i-- > 0;) {
        f = sfi_description_at(d, i);
        if (f->item != 0)
            ck_assert_ptr_eq(
                sfi_description_find(d, f->group, f->item, f->name), f);
    }
    ck_assert_ptr_null(sfi_description_find(d, "", 0, "none"));
    ck_assert_ptr_null(sfi_description_find(d, "", 1, "kind"));
    ck_assert_ptr_null(sfi_description_find(d, NULL, 0, "kind"));
    ck_assert_ptr_null(sfi_description_find(d, "", 0, NULL));
    ck_assert_ptr_null(sfi_description_find(NULL, "", 0, "kind"));
    ck_assert_ptr_null(sfi_description_at(NULL, 0));
    /* another file takes its place, also one that fails */
    ck_assert_int_ne(sfi_description_read(d, "/dev/null/none", NULL), SFI_OK);
    ck_assert_ptr_null(sfi_description_at(d, 0));
    sfi_description_free(d);
    sfi_description_free(NULL);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_describe_options o = {.struct_size = sizeof(o), .kind = 99};

    ck_assert_int_eq(sfi_describe_file(ctx, NULL, NULL, take_fact, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_describe_file(ctx, "x", NULL, NULL, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(describe("x", &o), SFI_ERR_ARGUMENT);
    o.struct_size = 3;
    ck_assert_int_eq(describe("x", &o), SFI_ERR_ABI);
}
END_TEST

/* ---- the callback ---- */

static void
use_context(void *user, const sfi_fact *f)
{
    uint32_t kind;

    (void)f;
    *(sfi_status *)user = sfi_ctx_file_kind(ctx, "x", &kind);
}

START_TEST(test_callback_cannot_use_the_context)
{
    sfi_status st = SFI_OK;

    ck_assert_ok(sfi_describe_file(ctx, test_path(KEPT "device.lic"), NULL,
                                   use_context, &st));
    ck_assert_int_eq(st, SFI_ERR_STATE);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("describe");
    TCase *t = tcase_create("describe");

    tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
    tcase_add_loop_test(t, test_kinds, 0, ROWS(kinds));
    tcase_add_test(t, test_image_with_the_key);
    tcase_add_test(t, test_certificate_with_its_ca);
    tcase_add_test(t, test_audit_with_its_key);
    tcase_add_test(t, test_audit_that_continues);
    tcase_add_loop_test(t, test_kept, 0, ROWS(kinds));
    tcase_add_test(t, test_arguments);
    tcase_add_test(t, test_callback_cannot_use_the_context);
    suite_add_tcase(s, t);
    t = tcase_create("files");
    tcase_add_checked_fixture(t, folder_setup, folder_teardown);
    tcase_add_test(t, test_records);
    tcase_add_test(t, test_register_of_nonces);
    tcase_add_test(t, test_lenient_firmware);
    tcase_add_test(t, test_unknown);
    tcase_add_test(t, test_keys_are_no_constants);
    tcase_add_test(t, test_key_for_all);
    tcase_add_test(t, test_credentials);
    tcase_add_test(t, test_damaged_store);
    tcase_add_test(t, test_vault);
    tcase_add_test(t, test_vault_odd_name);
    tcase_add_loop_test(t, test_every_prefix, 0, 7);
    suite_add_tcase(s, t);
    return run_suite(s);
}
