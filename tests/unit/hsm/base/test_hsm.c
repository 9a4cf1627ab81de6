/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The front of every HSM: arguments, and HSMs of the caller's own. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "license/license.h"

#include "fixture.h"
#include <bench/maker.h>

static struct maker maker;
static struct chip chip;

static void
setup(void)
{
    fixture_setup();
    (void)maker_share(&maker);
    chip_share(&maker, &chip);
}

static void
teardown(void)
{
    chip_free(&chip);
    maker_free(&maker);
    fixture_teardown();
}

/* ---- an HSM of the caller's own ---- */

/* What the HSM was asked, and what it answers. */
struct own {
    sfi_status answer;
    const char *report;
    sfi_hsm_info info;
    uint8_t license[SFI_LICENSE_LEN + 1];
    size_t license_len;
    sfi_audit_head audit_head;
    sfi_audit_record audit_record;
    sfi_hsm *reenter;
    sfi_status reentered;

    int closed;
    int retired;
    int verified;
    uint64_t asked_for;
    uint32_t session;
    sfi_provision_options options;
    uint8_t audit_key[SFI_AUDIT_KEY_LEN];
    char pin[16], new_pin[16];
    uint8_t key[SFI_KEY_LEN], nonce[SFI_NONCE_LEN];
    char firmware_id[SFI_FIRMWARE_ID_MAX + 1];
    uint64_t max_count;
    uint8_t perso[PERSO_LEN];
    uint8_t cert[SFI_CERTIFICATE_LEN];
    uint8_t header[SFI_IMAGE_HEADER_LEN];
};

static sfi_status
answer(struct own *own)
{
    if (own->report != NULL)
        sfi_ctx_report(ctx, own->answer, 0x6985, own->report);
    return own->answer;
}

static sfi_status
own_info(void *user, sfi_hsm_info *out)
{
    struct own *own = user;

    ck_assert_uint_eq(out->struct_size, sizeof(*out));
    ck_assert_uint_eq(out->state, 0);
    if (own->reenter != NULL) {
        sfi_hsm_info info = {.struct_size = sizeof(info)};

        own->reentered = sfi_hsm_get_info(own->reenter, &info);
    }
    *out = own->info;
    return answer(own);
}

static sfi_status
own_login(void *user, const char *pin, size_t pin_len)
{
    struct own *own = user;

    ck_assert_uint_lt(pin_len, sizeof(own->pin));
    memcpy(own->pin, pin, pin_len);
    return answer(own);
}

static sfi_status
own_provision(void *user, const uint8_t *key, size_t key_len,
              const uint8_t *nonce, size_t nonce_len, const char *firmware_id,
              uint64_t max_count, const uint8_t *perso, size_t perso_len,
              const sfi_provision_options *options)
{
    struct own *own = user;

    ck_assert_uint_eq(key_len, sizeof(own->key));
    ck_assert_uint_eq(nonce_len, sizeof(own->nonce));
    ck_assert_uint_eq(perso_len, sizeof(own->perso));
    memcpy(own->key, key, key_len);
    memcpy(own->nonce, nonce, nonce_len);
    memcpy(own->perso, perso, perso_len);
    (void)snprintf(own->firmware_id, sizeof(own->firmware_id), "%s",
                   firmware_id);
    own->max_count = max_count;
    ck_assert_ptr_nonnull(options);
    ck_assert_uint_eq(options->struct_size, sizeof(*options));
    own->options = *options;
    if (options->audit_key != NULL)
        memcpy(own->audit_key, options->audit_key, sizeof(own->audit_key));
    return answer(own);
}

static sfi_status
own_change_pin(void *user, const char *pin, size_t pin_len, const char *new_pin,
               size_t new_pin_len)
{
    struct own *own = user;

    (void)own_login(user, pin, pin_len);
    ck_assert_uint_lt(new_pin_len, sizeof(own->new_pin));
    memcpy(own->new_pin, new_pin, new_pin_len);
    return answer(own);
}

static sfi_status
own_retire(void *user)
{
    struct own *own = user;

    own->retired++;
    return answer(own);
}

static sfi_status
own_verify(void *user)
{
    struct own *own = user;

    own->verified++;
    return answer(own);
}

static sfi_status
own_log_head(void *user, sfi_audit_head *out)
{
    struct own *own = user;

    ck_assert_uint_eq(out->struct_size, sizeof(*out));
    ck_assert_uint_eq(out->sequence, 0);
    *out = own->audit_head;
    return answer(own);
}

static sfi_status
own_log_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    struct own *own = user;

    ck_assert_uint_eq(out->struct_size, sizeof(*out));
    ck_assert_uint_eq(out->sequence, 0);
    *out = own->audit_record;
    own->asked_for = sequence;
    return answer(own);
}

static sfi_status
own_license(void *user, const uint8_t *cert, size_t cert_len, uint32_t session,
            uint8_t *out, size_t *out_len)
{
    struct own *own = user;

    ck_assert_uint_eq(cert_len, sizeof(own->cert));
    ck_assert_uint_eq(*out_len, SFI_LICENSE_LEN);
    memcpy(own->cert, cert, cert_len);
    own->session = session;
    memcpy(out, own->license, SFI_LICENSE_LEN);
    *out_len = own->license_len;
    return answer(own);
}

static sfi_status
own_check_image(void *user, const uint8_t *header, size_t header_len)
{
    struct own *own = user;

    ck_assert_uint_eq(header_len, sizeof(own->header));
    memcpy(own->header, header, header_len);
    return answer(own);
}

static void
own_close(void *user)
{
    struct own *own = user;

    own->closed++;
}

static const sfi_hsm_ops own_ops = {
    .struct_size = sizeof(own_ops),
    .info = own_info,
    .login = own_login,
    .provision = own_provision,
    .license = own_license,
    .close = own_close,
    .change_pin = own_change_pin,
    .retire = own_retire,
    .audit_head = own_log_head,
    .audit_record = own_log_record,
    .verify_audit = own_verify,
    .check_image = own_check_image,
};

static void
own_init(struct own *own)
{
    sfi__zero(own, sizeof(*own));
    own->info.struct_size = sizeof(own->info);
    own->audit_head.struct_size = sizeof(own->audit_head);
    own->audit_record.struct_size = sizeof(own->audit_record);
    own->audit_record.sequence = 7;
    ck_assert_ok(sfi__license_make(ctx, chip.public_key, LICENSE_STATIC, 0,
                                   maker.key_secret, maker.nonce,
                                   own->license));
    own->license_len = SFI_LICENSE_LEN;
}

static sfi_hsm *
own_open(struct own *own)
{
    sfi_hsm *hsm;

    own_init(own);
    ck_assert_ok(sfi_hsm_open_custom(ctx, &own_ops, own, &hsm));
    return hsm;
}

START_TEST(test_state_names)
{
    ck_assert_str_eq(sfi_hsm_state_name(SFI_HSM_BLANK), "blank");
    ck_assert_str_eq(sfi_hsm_state_name(SFI_HSM_OPERATIONAL), "operational");
    ck_assert_str_eq(sfi_hsm_state_name(SFI_HSM_EXHAUSTED), "exhausted");
    ck_assert_str_eq(sfi_hsm_state_name(SFI_HSM_BLOCKED), "blocked");
    ck_assert_str_eq(sfi_hsm_state_name(SFI_HSM_RETIRED), "retired");
    ck_assert_str_eq(sfi_hsm_state_name(SFI_HSM_RETIRED + 1), "unknown");
    ck_assert_str_eq(sfi_hsm_state_name(UINT32_MAX), "unknown");
}
END_TEST

START_TEST(test_own)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_license *lic;
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    own.info.state = SFI_HSM_OPERATIONAL;
    own.info.remaining = 5;
    sfi__fill(own.info.firmware_id, 'x', sizeof(own.info.firmware_id));
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_uint_eq(info.state, SFI_HSM_OPERATIONAL);
    ck_assert_uint_eq(info.remaining, 5);
    ck_assert_uint_eq(strlen(info.firmware_id), 63); /* ended for it */
    ck_assert_ok(sfi_hsm_login(hsm, "4711", 4));
    ck_assert_str_eq(own.pin, "4711");
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                   maker.perso, NULL));
    ck_assert_mem_eq(own.key, maker.key_secret, sizeof(own.key));
    ck_assert_mem_eq(own.nonce, maker.nonce, sizeof(own.nonce));
    ck_assert_mem_eq(own.perso, maker.perso_data, sizeof(own.perso));
    ck_assert_str_eq(own.firmware_id, "fw");
    ck_assert_uint_eq(own.max_count, 9);
    ck_assert_ok(sfi_hsm_generate_license(hsm, chip.cert, &lic));
    ck_assert_mem_eq(own.cert, chip.data, sizeof(own.cert));
    chip_opens(&chip, &maker, lic);
    sfi_license_free(lic);
    ck_assert_uint_eq(own.session, 0);
    ck_assert_ok(sfi_hsm_change_pin(hsm, "4712", 4, "0815", 4));
    ck_assert_str_eq(own.pin, "4712");
    ck_assert_str_eq(own.new_pin, "0815");
    ck_assert_ok(sfi_hsm_retire(hsm));
    ck_assert_int_eq(own.retired, 1);
    ck_assert_ok(sfi_hsm_verify_audit(hsm));
    ck_assert_int_eq(own.verified, 1);
    ck_assert_int_eq(own.closed, 0);
    sfi_hsm_free(hsm);
    ck_assert_int_eq(own.closed, 1);
}
END_TEST

/* Each function with each answer. */
static sfi_status
call(sfi_hsm *hsm, int which)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    uint8_t header[SFI_IMAGE_HEADER_LEN];
    sfi_license *lic;
    sfi_status st;

    switch (which) {
    case 0:
        return sfi_hsm_get_info(hsm, &info);
    case 1:
        return sfi_hsm_login(hsm, "4711", 4);
    case 2:
        return sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 9,
                                 maker.perso, NULL);
    case 3:
        return sfi_hsm_change_pin(hsm, "4711", 4, "0815", 4);
    case 4:
        return sfi_hsm_retire(hsm);
    case 5:
        return sfi_hsm_get_audit_head(hsm, &head);
    case 6:
        return sfi_hsm_get_audit_record(hsm, 7, &record);
    case 7:
        return sfi_hsm_verify_audit(hsm);
    case 8:
        maker_header(&maker, header);
        return sfi_hsm_check_image(hsm, header, sizeof(header));
    default:
        st = sfi_hsm_generate_license(hsm, chip.cert, &lic);
        ck_assert_int_eq(lic != NULL, st == SFI_OK);
        sfi_license_free(lic);
        return st;
    }
}

static const char *const calls[] = {"HSM information",
                                    "HSM login",
                                    "HSM provisioning",
                                    "HSM change of PIN",
                                    "HSM retiring",
                                    "HSM audit",
                                    "HSM audit",
                                    "HSM verification of its audit",
                                    "HSM check of an image",
                                    "HSM licence"};

START_TEST(test_own_answers)
{
    static const struct {
        sfi_status given, got;
        const char *report;
        const char *message; /* text after "HSM login"; NULL: the report */
    } rows[] = {
        {SFI_ERR_HSM, SFI_ERR_HSM, "the card was pulled", NULL},
        {SFI_ERR_HSM_PIN, SFI_ERR_HSM_PIN, "3 tries left", NULL},
        {SFI_ERR_TIMEOUT, SFI_ERR_TIMEOUT, NULL, ": no answer in time"},
        {1, SFI_ERR_CALLBACK, NULL, " returned 1, expected an sfi_status"},
        {-1, SFI_ERR_CALLBACK, NULL, " returned -1, expected an sfi_status"},
        {INT_MIN, SFI_ERR_CALLBACK, NULL,
         " returned -2147483648, expected an sfi_status"},
        {-12345, SFI_ERR_CALLBACK, "junk",
         " returned -12345, expected an sfi_status"},
    };
    struct own own;
    sfi_hsm *hsm = own_open(&own);
    char message[128];

    for (size_t i = 0; i < ROWS(rows); i++) {
        own.answer = rows[i].given;
        own.report = rows[i].report;
        if (rows[i].message == NULL)
            (void)snprintf(message, sizeof(message), "%s", rows[i].report);
        else
            (void)snprintf(message, sizeof(message), "%s%s", calls[_i],
                           rows[i].message);
        ck_assert_fails(call(hsm, _i), rows[i].got, "", message);
        if (rows[i].message == NULL)
            ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 0x6985);
    }
    own.answer = SFI_OK;
    own.report = NULL;
    ck_assert_ok(call(hsm, _i)); /* the handle is as good as before */
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_own_offers_nothing)
{
    static const char *const messages[] = {
        "this HSM does not support information",
        "this HSM does not support a login",
        "this HSM does not support provisioning",
        "this HSM does not support a change of its PIN",
        "this HSM does not support retiring",
        "this HSM does not support an audit",
        "this HSM does not support an audit",
        "this HSM does not support a verification of its audit",
        "this HSM does not support a check of images",
        "this HSM does not support licences",
    };
    static const sfi_hsm_ops none = {.struct_size = sizeof(none)};
    sfi_hsm *hsm;

    ck_assert_ok(sfi_hsm_open_custom(ctx, &none, NULL, &hsm));
    for (int i = 0; i < (int)ROWS(messages); i++)
        ck_assert_fails(call(hsm, i), SFI_ERR_UNSUPPORTED, "", messages[i]);
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_own_bad_info)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    own.info.state = 5;
    ck_assert_fails(sfi_hsm_get_info(hsm, &info), SFI_ERR_CALLBACK, "",
                    "HSM information: state 5, expected at most 4");
    own.info.state = 1;
    info.struct_size = 8;
    ck_assert_fails_about(sfi_hsm_get_info(hsm, &info), SFI_ERR_ABI, "",
                          "struct_size is 8");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_own_log)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    own.audit_head.sequence = 9;
    sfi__fill(own.audit_head.firmware_id, 'x',
              sizeof(own.audit_head.firmware_id));
    sfi__fill(own.audit_head.product_id, 'y',
              sizeof(own.audit_head.product_id));
    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &head));
    ck_assert_uint_eq(head.sequence, 9);
    ck_assert_uint_eq(strlen(head.firmware_id), 63); /* ended for it */
    ck_assert_uint_eq(strlen(head.product_id), 15);
    own.audit_record.kind = SFI_AUDIT_AGAIN;
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 7, &record));
    ck_assert_uint_eq(own.asked_for, 7);
    ck_assert_uint_eq(record.kind, SFI_AUDIT_AGAIN);
    ck_assert_fails(sfi_hsm_get_audit_record(hsm, 8, &record), SFI_ERR_CALLBACK,
                    "", "HSM audit: record 7, expected 8");
    ck_assert_fails(sfi_hsm_get_audit_record(hsm, 0, &record), SFI_ERR_RANGE,
                    "", "there is no record 0, the first is 1");
    head.struct_size = 8;
    ck_assert_fails_about(sfi_hsm_get_audit_head(hsm, &head), SFI_ERR_ABI, "",
                          "struct_size is 8");
    record.struct_size = 8;
    ck_assert_fails_about(sfi_hsm_get_audit_record(hsm, 7, &record),
                          SFI_ERR_ABI, "", "struct_size is 8");
    sfi_hsm_free(hsm);
}
END_TEST

/* What is no image never reaches the HSM; of an image only the header does. */
START_TEST(test_own_image)
{
    uint8_t image[SFI_IMAGE_HEADER_LEN + 8], other[SFI_IMAGE_HEADER_LEN];
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    maker_header(&maker, image);
    sfi__fill(image + SFI_IMAGE_HEADER_LEN, 0x55, 8);
    ck_assert_fails(sfi_hsm_check_image(hsm, image, 27), SFI_ERR_TRUNCATED, "",
                    "27 bytes of an image, expected at least the 28 of its "
                    "header");
    memcpy(other, image, sizeof(other));
    other[0] ^= 1;
    ck_assert_fails(sfi_hsm_check_image(hsm, other, sizeof(other)),
                    SFI_ERR_FORMAT, "",
                    "not an image, expected the magic SFIMAGIC");
    other[0] ^= 1;
    other[8] = 2;
    ck_assert_fails(sfi_hsm_check_image(hsm, other, sizeof(other)),
                    SFI_ERR_FORMAT, "",
                    "an image of protocol version 2, expected 1");
    for (size_t i = 0; i < sizeof(own.header); i++)
        ck_assert_uint_eq(own.header[i], 0);
    ck_assert_ok(sfi_hsm_check_image(hsm, image, sizeof(image)));
    ck_assert_mem_eq(own.header, image, sizeof(own.header));
    sfi_hsm_free(hsm);
}
END_TEST

/* The licence must be of the session that was asked for, or of none. */
START_TEST(test_own_live_license)
{
    sfi_license *lic;
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    ck_assert_fails(sfi_hsm_generate_live_license(hsm, chip.cert, 0x1234, &lic),
                    SFI_ERR_CALLBACK, "",
                    "HSM licence: session 0x00000000, expected 0x00001234");
    ck_assert_ptr_null(lic);
    sfi__clear_error(ctx);
    ck_assert_ok(sfi__license_make(ctx, chip.public_key, LICENSE_LIVE, 0x1234,
                                   maker.key_secret, maker.nonce, own.license));
    ck_assert_ok(sfi_hsm_generate_live_license(hsm, chip.cert, 0x1234, &lic));
    ck_assert_uint_eq(own.session, 0x1234);
    ck_assert_uint_eq(sfi_license_session(lic), 0x1234);
    chip_opens(&chip, &maker, lic);
    sfi_license_free(lic);
    ck_assert_fails_about(
        sfi_hsm_generate_live_license(hsm, chip.cert, 0x12345678, &lic),
        SFI_ERR_CALLBACK, "", "session 0x00001234", "0x12345678");
    ck_assert_fails_about(sfi_hsm_generate_license(hsm, chip.cert, &lic),
                          SFI_ERR_CALLBACK, "", "session 0x00001234",
                          "0x00000000");
    ck_assert_ptr_null(lic);
    ck_assert_fails_about(
        sfi_hsm_generate_live_license(hsm, chip.cert, 0, &lic),
        SFI_ERR_ARGUMENT, "", "session != 0");
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_own_bad_license)
{
    sfi_license *lic;
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    own.license_len = 135;
    ck_assert_fails(sfi_hsm_generate_license(hsm, chip.cert, &lic),
                    SFI_ERR_TRUNCATED, "HSM licence",
                    "a licence of 135 bytes, expected 136");
    ck_assert_ptr_null(lic);
    own.license_len = 137;
    ck_assert_fails(sfi_hsm_generate_license(hsm, chip.cert, &lic),
                    SFI_ERR_CALLBACK, "",
                    "HSM licence: 137 bytes in a buffer of 136");
    ck_assert_ptr_null(lic);
    own.license_len = 136;
    own.license[8] = 9;
    ck_assert_fails_about(sfi_hsm_generate_license(hsm, chip.cert, &lic),
                          SFI_ERR_FORMAT, "HSM licence", "version is 9");
    ck_assert_ptr_null(lic);
    sfi_hsm_free(hsm);
}
END_TEST

/* A callback may not call the handle that it serves. */
START_TEST(test_own_reenters)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    struct own own;
    sfi_hsm *hsm = own_open(&own);

    own.reenter = hsm;
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    ck_assert_int_eq(own.reentered, SFI_ERR_STATE);
    own.reenter = NULL;
    ck_assert_ok(sfi_hsm_get_info(hsm, &info));
    sfi_hsm_free(hsm);
}
END_TEST

START_TEST(test_own_ops)
{
    sfi_hsm_ops ops = own_ops;
    sfi_hsm *hsm;
    struct own own;

    own_init(&own);
    ops.struct_size = sizeof(ops) - 8;
    ck_assert_int_eq(sfi_hsm_open_custom(ctx, &ops, &own, &hsm), SFI_ERR_ABI);
    ck_assert_ptr_null(hsm);
    ops.struct_size = sizeof(ops);
    ops.flags = 1;
    ck_assert_fails_about(sfi_hsm_open_custom(ctx, &ops, &own, &hsm),
                          SFI_ERR_ARGUMENT, "", "ops->flags == 0");
    memory.fail_at = 1;
    ck_assert_fails_about(sfi_hsm_open_custom(ctx, &own_ops, &own, &hsm),
                          SFI_ERR_NOMEM, "", "memory");
    ck_assert_ptr_null(hsm);
    ck_assert_int_eq(own.closed, 0);
}
END_TEST

/* ---- arguments ---- */

START_TEST(test_arguments)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_license *lic = (sfi_license *)&info;
    struct own own;
    sfi_hsm *hsm = own_open(&own);
    sfi_hsm *other;

    ck_assert_int_eq(sfi_hsm_open(ctx, "vault:x", NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_open(ctx, NULL, &other), SFI_ERR_ARGUMENT);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(sfi_hsm_open_custom(ctx, NULL, NULL, &other),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_open_custom(ctx, &own_ops, NULL, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_login(hsm, NULL, 4), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_get_info(hsm, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_change_pin(hsm, NULL, 4, "0815", 4),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_change_pin(hsm, "4711", 4, NULL, 4),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_get_audit_head(hsm, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_get_audit_record(hsm, 1, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_generate_live_license(hsm, NULL, 1, &lic),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_generate_live_license(hsm, chip.cert, 1, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_retire(NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_verify_audit(NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_check_image(hsm, NULL, 28), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_check_image(NULL, chip.data, 28),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_generate_license(hsm, chip.cert, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(
        sfi_hsm_generate_license(hsm, (sfi_certificate *)maker.key, &lic),
        SFI_ERR_ARGUMENT, "", "cert is something else", "a certificate");
    ck_assert_ptr_null(lic);
    ck_assert_int_eq(sfi_hsm_provision(hsm, (sfi_key *)chip.cert, maker.nonce,
                                       12, "fw", 1, maker.perso, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_hsm_provision(hsm, maker.key, NULL, 12, "fw", 1, maker.perso, NULL),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, NULL, 1,
                                       maker.perso, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 1, NULL, NULL),
        SFI_ERR_ARGUMENT);
    sfi_hsm_free(hsm);
    sfi_hsm_free(NULL);
    ck_assert_int_eq(sfi_hsm_get_info(NULL, &info), SFI_ERR_ARGUMENT);
}
END_TEST

#define X63 "123456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *firmware_id;
    uint64_t count;
    size_t nonce_len;
    const char *message; /* NULL: accepted */
} provisions[] = {
    {"a", 1, 12, NULL},
    {X63, 4294967295u, 12, NULL},
    {"spaces and ~", 1, 12, NULL},
    {"", 1, 12, "a firmware id of 0 characters, expected 1 to 63"},
    {X63 "4", 1, 12, "a firmware id of 64 characters, expected 1 to 63"},
    {"a\n", 1, 12,
     "character 2 of the firmware id is 0x0a, expected printable ASCII"},
    {"\xc3\xa9", 1, 12,
     "character 1 of the firmware id is 0xc3, expected printable ASCII"},
    {"a\x7f", 1, 12,
     "character 2 of the firmware id is 0x7f, expected printable ASCII"},
    {"a", 0, 12, "a maximum count of 0, expected 1 to 4294967295"},
    {"a", 4294967296u, 12,
     "a maximum count of 4294967296, expected 1 to 4294967295"},
    {"a", 1, 13, "a nonce of 13 bytes, expected 12"},
    {"a", 1, 11, "a nonce of 11 bytes, expected 12"},
};

START_TEST(test_provision_values)
{
    struct own own;
    sfi_hsm *hsm = own_open(&own);
    sfi_status checked = sfi_hsm_check_provision(hsm, provisions[_i].nonce_len,
                                                 provisions[_i].firmware_id,
                                                 provisions[_i].count, NULL);
    sfi_status st = sfi_hsm_provision(
        hsm, maker.key, maker.nonce, provisions[_i].nonce_len,
        provisions[_i].firmware_id, provisions[_i].count, maker.perso, NULL);

    ck_assert_int_eq(checked, st); /* the same rules beforehand */
    if (provisions[_i].message == NULL) {
        ck_assert_ok(st);
        ck_assert_str_eq(own.firmware_id, provisions[_i].firmware_id);
        ck_assert_uint_eq(own.max_count, provisions[_i].count);
    } else {
        ck_assert_fails(st, SFI_ERR_RANGE, "", provisions[_i].message);
        ck_assert_uint_eq(own.max_count, 0); /* it was not asked */
    }
    sfi_hsm_free(hsm);
}
END_TEST

static const struct {
    uint64_t count;
    uint32_t flags;
    uint64_t low_water;
    uint64_t got;        /* low-water mark */
    const char *message; /* NULL: accepted */
} options[] = {
    {100, 0, 0, 10, NULL},
    {9, 0, 0, 0, NULL},
    {100, SFI_HSM_LIVE_ONLY, 100, 100, NULL},
    {4294967295u, 0, 0, 429496729, NULL},
    {100, 0, 101, 0,
     "a low-water mark of 101, expected at most 100, the maximum count"},
    {100, 2, 0, 0,
     "flags of 0x00000002 for an HSM, expected at most 0x00000001"},
    {100, 0x80000001, 0, 0,
     "flags of 0x80000001 for an HSM, expected at most 0x00000001"},
};

START_TEST(test_provision_options)
{
    static const uint8_t audit_key[SFI_AUDIT_KEY_LEN] = {1, 2, 3};
    sfi_provision_options wanted = {
        .struct_size = sizeof(wanted),
        .flags = options[_i].flags,
        .low_water = options[_i].low_water,
        .audit_key = audit_key,
    };
    struct own own;
    sfi_hsm *hsm = own_open(&own);
    sfi_status checked =
        sfi_hsm_check_provision(hsm, 12, "fw", options[_i].count, &wanted);
    sfi_status st = sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw",
                                      options[_i].count, maker.perso, &wanted);

    ck_assert_int_eq(checked, st); /* the same rules beforehand */
    if (options[_i].message == NULL) {
        ck_assert_ok(st);
        ck_assert_uint_eq(own.options.flags, options[_i].flags);
        ck_assert_uint_eq(own.options.low_water, options[_i].got);
        ck_assert_mem_eq(own.audit_key, audit_key, sizeof(audit_key));
    } else {
        ck_assert_fails(st, SFI_ERR_RANGE, "", options[_i].message);
        ck_assert_uint_eq(own.max_count, 0); /* it was not asked */
    }
    wanted.struct_size = 8;
    ck_assert_int_eq(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw",
                                       100, maker.perso, &wanted),
                     SFI_ERR_ABI);
    wanted.struct_size = sizeof(wanted);
    wanted.reserved = "";
    ck_assert_fails_about(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12,
                                            "fw", 100, maker.perso, &wanted),
                          SFI_ERR_ARGUMENT, "", "reserved == NULL");
    ck_assert_ok(sfi_hsm_provision(hsm, maker.key, maker.nonce, 12, "fw", 100,
                                   maker.perso, NULL));
    ck_assert_uint_eq(own.options.low_water, 10);
    ck_assert_ptr_null(own.options.audit_key);
    sfi_hsm_free(hsm);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hsm");
    TCase *tc = tcase_create("hsm");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_own);
    tcase_add_test(tc, test_state_names);
    tcase_add_loop_test(tc, test_own_answers, 0, (int)ROWS(calls));
    tcase_add_test(tc, test_own_offers_nothing);
    tcase_add_test(tc, test_own_bad_info);
    tcase_add_test(tc, test_own_bad_license);
    tcase_add_test(tc, test_own_log);
    tcase_add_test(tc, test_own_image);
    tcase_add_test(tc, test_own_live_license);
    tcase_add_test(tc, test_own_reenters);
    tcase_add_test(tc, test_own_ops);
    tcase_add_test(tc, test_arguments);
    tcase_add_loop_test(tc, test_provision_values, 0, (int)ROWS(provisions));
    tcase_add_loop_test(tc, test_provision_options, 0, (int)ROWS(options));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
