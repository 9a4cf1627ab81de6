/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a file is: every kind is recognised by its content, says its fields and
 * whether it is sound, and no fact tells a secret. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sfi/sfi.h>

#include "fixture.h"

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

/* ---- files of all sorts ---- */

static char folder[256];
static char file[300];

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
    (void)chmod(file, 0644);
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
    ck_assert_int_eq(mkfifo(path, 0600), 0); /* and it is not waited for */
    assert_fails_at(describe(folder, NULL), SFI_ERR_FORMAT, "", "regular");
    assert_has("store", "damaged=1");
    free(lic);
}
END_TEST

START_TEST(test_vault)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    char path[300], hostile[400];
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
    /* the name of a file loads no module */
    (void)snprintf(hostile, sizeof(hostile),
                   "%s/a?token=pkcs11:module-path=evil.so", folder);
    ck_assert_int_eq(rename(path, hostile), 0);
    assert_fails_at(describe(hostile, NULL), SFI_ERR_UNSUPPORTED, "",
                    "question mark");
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

/* ---- kept, and compared ---- */

static sfi_description *
read_of(const char *path, const sfi_describe_options *opts, sfi_status expected)
{
    sfi_description *d;

    ck_assert_ok(sfi_description_new(ctx, &d));
    ck_assert_int_eq(sfi_description_read(d, path, opts), expected);
    return d;
}

/* The same facts as sfi_describe_file() tells, found by name too. */
START_TEST(test_kept)
{
    const char *path = test_path(kinds[_i].path);
    sfi_description *d = read_of(path, NULL, SFI_OK);
    char told[sizeof(text)];
    const sfi_fact *f;
    size_t count = 0;

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

/* A failed check leaves the facts; a lack of memory leaves none. */
START_TEST(test_kept_failures)
{
    const char *path = test_path(KEPT "image.sfi");
    sfi_key *key;
    const sfi_describe_options wrong = {
        .struct_size = sizeof(wrong),
        .nonce = (const uint8_t *)"0123456789ab",
        .key =
            (ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key)),
             key),
    };
    sfi_description *d = read_of(path, &wrong, SFI_ERR_AUTH);

    ck_assert_str_eq(sfi_description_at(d, 0)->text, "image");
    ck_assert_fails_about(sfi_description_read(d, NULL, NULL), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_int_eq(sfi_description_read(NULL, path, NULL), SFI_ERR_ARGUMENT);
    for (size_t n = 1;; n++) {
        sfi_status st;

        memory.fail_at = n;
        st = sfi_description_read(d, path, NULL);
        if (memory.fail_at != 0) {
            memory.fail_at = 0;
            ck_assert_ok(st);
            break;
        }
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
    }
    sfi_key_free(key); /* the description does not need it any more */
    sfi_description_free(d);
}
END_TEST

static char written[1 << 20];
static size_t written_len;

static sfi_status
take_text(void *user, const uint8_t *data, size_t len)
{
    ck_assert_ptr_eq(user, written);
    ck_assert_uint_lt(written_len + len, sizeof(written));
    memcpy(written + written_len, data, len);
    written_len += len;
    written[written_len] = '\0';
    return SFI_OK;
}

static sfi_status
refuse_text(void *user, const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return *(int *)user;
}

/* In words each label stands with its value, but an image is in the words of
 * ST's tool; as JSON each name does. */
START_TEST(test_written)
{
    sfi_description *d = read_of(test_path(kinds[_i].path), NULL, SFI_OK);
    const sfi_fact *f;
    char want[600];

    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    for (size_t i = 2; (f = sfi_description_at(d, i)) != NULL; i++) {
        if (f->kind == SFI_FACT_TEXT && strlen(f->text) < 40 && _i != 0)
            ck_assert_msg(strstr(written, f->text) != NULL, "%s", f->text);
        if (f->item == 0 && _i != 0)
            ck_assert_msg(strstr(written, f->label) != NULL, "%s", f->label);
    }
    ck_assert_int_eq(written[written_len - 1], '\n');
    written_len = 0;
    ck_assert_ok(sfi_description_json(d, take_text, written));
    ck_assert_int_eq(written[0], '{');
    ck_assert_str_eq(written + written_len - 3, "\n}\n");
    for (size_t i = 0; (f = sfi_description_at(d, i)) != NULL; i++) {
        if (f->kind == SFI_FACT_CHECK)
            (void)snprintf(want, sizeof(want), "\"name\": \"%s\"", f->name);
        else if (f->kind == SFI_FACT_NUMBER)
            (void)snprintf(want, sizeof(want), "\"%s\": %llu", f->name,
                           (unsigned long long)f->number);
        else
            (void)snprintf(want, sizeof(want), "\"%s\": ", f->name);
        ck_assert_msg(strstr(written, want) != NULL, "%s", want);
    }
    sfi_description_free(d);
}
END_TEST

START_TEST(test_written_exactly)
{
    char path[300];
    sfi_description *d;
    sfi_description *ob =
        read_of(test_path("data/ob-stm32h753xi.csv"), NULL, SFI_OK);
    int st = SFI_ERR_CANCELLED;

    (void)snprintf(path, sizeof(path), "%s/nonce", folder);
    ck_assert_ok(sfi_nonce_create(ctx, path));
    d = read_of(path, NULL, SFI_OK);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    ck_assert_str_eq(written, "  size in bytes          : 12\n"
                              "  what it may be         : as long as a nonce\n"
                              "  every user can read it : no\n"
                              "\nChecks :\n"
                              "  not a constant : passed\n");
    written_len = 0;
    ck_assert_ok(sfi_description_json(d, take_text, written));
    ck_assert_str_eq(written, "{\n"
                              "  \"kind\": \"key\",\n"
                              "  \"what\": \"a key or a nonce, or a file of "
                              "that length\",\n"
                              "  \"size\": 12,\n"
                              "  \"purpose\": \"as long as a nonce\",\n"
                              "  \"others_can_read\": false,\n"
                              "  \"checks\": [\n"
                              "    {\n"
                              "      \"name\": \"random\",\n"
                              "      \"result\": \"passed\"\n"
                              "    }\n"
                              "  ]\n"
                              "}\n");
    written_len = 0;
    ck_assert_ok(sfi_description_text(ob, "option_fields", take_text, written));
    ck_assert_int_eq(strncmp(written, "  ", 2), 0);
    ck_assert_ptr_nonnull(strstr(written, "  RDP              : 0xaa    "));
    written_len = 0;
    ck_assert_ok(sfi_description_text(ob, "none", take_text, written));
    ck_assert_uint_eq(written_len, 0);
    ck_assert_int_eq(sfi_description_text(d, NULL, refuse_text, &st), st);
    ck_assert_int_eq(sfi_description_json(d, refuse_text, &st), st);
    st = 7;
    ck_assert_int_eq(sfi_description_json(d, refuse_text, &st),
                     SFI_ERR_CALLBACK);
    ck_assert_fails_about(sfi_description_text(d, NULL, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "write != NULL");
    ck_assert_fails_about(sfi_description_json(d, NULL, NULL), SFI_ERR_ARGUMENT,
                          "", "write != NULL");
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_description_text(d, NULL, take_text, written),
                     SFI_ERR_NOMEM);
    memory.fail_at = 0;
    sfi_description_free(d);
    sfi_description_free(ob);
}
END_TEST

/* An image that is sound is shown in the words of ST's tool; of one that is
 * refused only the reason. */
START_TEST(test_written_image)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_describe_options with = {.struct_size = sizeof(with), .nonce = nonce};
    const char *path = test_path(KEPT "image.sfi");
    sfi_description *d;
    char want[600];

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    with.key = key;
    d = read_of(path, NULL, SFI_OK);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    (void)snprintf(want, sizeof(want),
                   "SFI File Information :\n"
                   "  SFI file path            : %s\n"
                   "  SFI file size            : %s\n"
                   "\nSFI header information :\n"
                   "  SFI protocol version     : 1\n"
                   "  SFI total number of areas: 5\n"
                   "  SFI image version        : 3\n",
                   path, sfi_description_find(d, "", 0, "size")->text);
    ck_assert_int_eq(strncmp(written, want, strlen(want)), 0);
    ck_assert_ptr_nonnull(strstr(written, "\nParsing Area 5/5 :\n"));
    ck_assert_ptr_nonnull(
        strstr(written, "  Area destination address : 0x8001000\n"));
    ck_assert_ptr_nonnull(strstr(written, "\nTags not verified : no key was"));
    ck_assert_ptr_null(strstr(written, "Option bytes"));
    sfi_description_free(d);
    d = read_of(path, &with, SFI_OK);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    ck_assert_ptr_nonnull(strstr(written,
                                 "\nTags verified : the header and all "
                                 "5 areas are authentic\n\n"
                                 "Option bytes :\n  "));
    ck_assert_ptr_nonnull(strstr(written, "  RDP              : 0xbb    "));
    sfi_description_free(d);
    nonce[0] ^= 1;
    d = read_of(path, &with, SFI_ERR_AUTH);
    written_len = 0;
    ck_assert_ok(sfi_description_text(d, NULL, take_text, written));
    ck_assert_ptr_null(strstr(written, "SFI"));
    ck_assert_ptr_nonnull(strstr(written, "areas : failed: "));
    sfi_description_free(d);
    sfi_key_free(key);
}
END_TEST

static unsigned facts_differ, bytes_differ;

static void
on_fact(void *user, const sfi_fact *a, const sfi_fact *b)
{
    ck_assert_ptr_eq(user, &facts_differ);
    ck_assert_uint_eq(bytes_differ, 0); /* the facts are first */
    ck_assert(b == NULL || strcmp(a->text, b->text) != 0);
    facts_differ++;
}

static void
on_bytes(void *user, const sfi_firmware_difference *d)
{
    ck_assert_ptr_eq(user, &facts_differ);
    ck_assert_uint_gt(d->size, 0);
    bytes_differ++;
}

static sfi_comparison
compare(const sfi_description *a, const sfi_description *b)
{
    sfi_comparison c = {.struct_size = sizeof(c)};

    facts_differ = bytes_differ = 0;
    ck_assert_ok(
        sfi_description_compare(a, b, on_fact, on_bytes, &facts_differ, &c));
    ck_assert_uint_eq(c.facts, facts_differ);
    ck_assert_uint_eq(c.places, bytes_differ);
    ck_assert_int_eq(c.bytes > 0, c.places > 0);
    return c;
}

START_TEST(test_compare)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_describe_options with = {.struct_size = sizeof(with), .nonce = nonce};
    sfi_description *d[5];
    sfi_comparison c;

    ck_assert_ok(sfi_key_load(ctx, test_path(KEPT "image.key"), &key));
    ck_assert_ok(sfi_nonce_load(ctx, test_path(KEPT "image.nonce"), nonce));
    with.key = key;
    d[0] = read_of(test_path(H7 ".elf"), NULL, SFI_OK);
    d[1] = read_of(test_path(H7 ".hex"), NULL, SFI_OK);
    d[2] = read_of(test_path("data/blink-stm32l462ce.elf"), NULL, SFI_OK);
    d[3] = read_of(test_path(KEPT "image.sfi"), &with, SFI_OK);
    d[4] = read_of(test_path(KEPT "image.sfi"), NULL, SFI_OK);
    sfi_key_free(key);
    c = compare(d[0], d[1]);
    ck_assert_uint_eq(c.flags, SFI_COMPARED_CONTENT);
    ck_assert_uint_eq(c.bytes, 0);
    c = compare(d[0], d[2]);
    ck_assert_uint_gt(c.bytes, 0);
    ck_assert_uint_eq(c.facts, 0);
    c = compare(d[3], d[3]);
    ck_assert_uint_eq(c.flags, SFI_COMPARED_CONTENT);
    ck_assert_uint_eq(c.facts + c.bytes, 0);
    c = compare(d[3], d[4]); /* by what they show */
    ck_assert_uint_eq(c.flags, 0);
    ck_assert_uint_eq(c.facts, 0);
    c = compare(d[3], d[0]);
    ck_assert_uint_eq(c.flags, SFI_COMPARED_CONTENT);
    ck_assert_fails_about(
        sfi_description_compare(d[4], d[0], NULL, NULL, NULL, &c),
        SFI_ERR_ARGUMENT, "", "without its key");
    for (size_t i = 0; i < ROWS(d); i++)
        sfi_description_free(d[i]);
}
END_TEST

START_TEST(test_compare_arguments)
{
    sfi_description *a, *b, *cert;
    sfi_comparison c = {.struct_size = sizeof(c)};

    ck_assert_ok(sfi_description_new(ctx, &a));
    b = read_of(test_path(H7 ".elf"), NULL, SFI_OK);
    cert = read_of(test_path(KEPT "device.cert"), NULL, SFI_OK);
    ck_assert_fails_about(sfi_description_compare(a, b, NULL, NULL, NULL, &c),
                          SFI_ERR_STATE, "", "no file was read");
    ck_assert_fails_about(
        sfi_description_compare(b, cert, NULL, NULL, NULL, &c), SFI_ERR_FORMAT,
        test_path(KEPT "device.cert"), "a chip's certificate");
    ck_assert_fails_about(
        sfi_description_compare(b, NULL, NULL, NULL, NULL, &c),
        SFI_ERR_ARGUMENT, "", "DESCRIPTION");
    ck_assert_fails_about(sfi_description_compare(b, b, NULL, NULL, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    c.struct_size = 4;
    ck_assert_fails_about(sfi_description_compare(b, b, NULL, NULL, NULL, &c),
                          SFI_ERR_ABI, "", "struct_size is 4");
    sfi_description_free(a);
    sfi_description_free(b);
    sfi_description_free(cert);
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
    tcase_add_loop_test(t, test_kept, 0, ROWS(kinds));
    tcase_add_test(t, test_kept_failures);
    tcase_add_loop_test(t, test_written, 0, ROWS(kinds));
    tcase_add_test(t, test_compare);
    tcase_add_test(t, test_compare_arguments);
    tcase_add_test(t, test_arguments);
    tcase_add_test(t, test_callback_cannot_use_the_context);
    suite_add_tcase(s, t);
    t = tcase_create("files");
    tcase_add_checked_fixture(t, folder_setup, folder_teardown);
    tcase_add_test(t, test_written_exactly);
    tcase_add_test(t, test_written_image);
    tcase_add_test(t, test_records);
    tcase_add_test(t, test_register_of_nonces);
    tcase_add_test(t, test_lenient_firmware);
    tcase_add_test(t, test_unknown);
    tcase_add_test(t, test_keys_are_no_constants);
    tcase_add_test(t, test_credentials);
    tcase_add_test(t, test_damaged_store);
    tcase_add_test(t, test_vault);
    tcase_add_loop_test(t, test_every_prefix, 0, 7);
    suite_add_tcase(s, t);
    return run_suite(s);
}
