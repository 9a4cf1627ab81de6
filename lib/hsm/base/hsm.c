/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The HSM handle: public functions that check arguments, call the backend's
 * table and check what it returns. */
#include "hsm/base/hsm.h"

#include <string.h>

#include <sfi/hsm_server.h>

#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "keys/key.h"
#include "audit/audit.h"
#include "hsm/base/image_header.h"
#include "license/certificate.h"
#include "license/license.h"
#include "license/personalization.h"

#define IMAGE_FILE_MAX ((size_t)256 << 20)

SFI_ABI_PIN(sfi_hsm_ops, declare_restored);
SFI_ABI_PIN(sfi_hsm_info, serial);
SFI_ABI_PIN(sfi_provision_options, reserved);

_Static_assert(SFI_IMAGE_HEADER_LEN == SFI_FORMAT_HEADER_LEN, "the same");

static void
hsm_destroy(void *self)
{
    sfi_hsm *hsm = self;

    if (hsm->ops.close != NULL)
        hsm->ops.close(hsm->user);
}

/* ---- new and free ---- */

sfi_hsm *
sfi__hsm_new(sfi_ctx *ctx)
{
    return sfi__obj_new(ctx, OBJ_HSM, sizeof(sfi_hsm), hsm_destroy);
}

sfi_status
sfi_hsm_open_custom(sfi_ctx *ctx, const sfi_hsm_ops *ops, void *user,
                    sfi_hsm **out)
{
    sfi_hsm_ops ours;
    sfi_hsm *hsm;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = SFI_ABI_IN(ctx, sfi_hsm_ops, &ours, ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    hsm = sfi__hsm_new(ctx);
    if (hsm == NULL)
        return SFI_ERR_NOMEM;
    hsm->ops = ours;
    hsm->user = user;
    hsm->at_once = ours.licenses != NULL ? SFI_HSM_AT_ONCE : 1;
    *out = hsm;
    return SFI_OK;
}

void
sfi_hsm_free(sfi_hsm *hsm)
{
    sfi__obj_free(hsm, OBJ_HSM);
}

/* ---- calls into the backend ---- */

static sfi_status
hsm_fail_unsupported(sfi_hsm *hsm, const char *what)
{
    return sfi__fail(hsm->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "this HSM does not support %s", what);
}

sfi_status
sfi__hsm_name_error(sfi_hsm *hsm, sfi_status st, const char *what)
{
    sfi_ctx *ctx = hsm->obj.ctx;
    bool named;

    st = sfi__from_callback(ctx, st, what);
    named = hsm->relays || hsm->where[0] == '\0' ||
            strcmp(ctx->error.where, hsm->where) == 0;
    if (st != SFI_OK && !named)
        (void)sfi__where(ctx, "%s", hsm->where);
    return st;
}

static sfi_status
hsm_end_callback(sfi_hsm *hsm, sfi_status st, const char *what)
{
    hsm->obj.busy = false;
    return sfi__hsm_name_error(hsm, st, what);
}

sfi_status
sfi_hsm_login(sfi_hsm *hsm, const char *pin, size_t pin_len)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, pin != NULL);
    if (hsm->ops.login == NULL)
        return hsm_fail_unsupported(hsm, "a login");
    hsm->obj.busy = true;
    return hsm_end_callback(hsm, hsm->ops.login(hsm->user, pin, pin_len),
                            "HSM login");
}

sfi_status
sfi_hsm_change_pin(sfi_hsm *hsm, const char *pin, size_t pin_len,
                   const char *new_pin, size_t new_pin_len)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, pin != NULL);
    SFI_ARG(hsm, new_pin != NULL);
    if (hsm->ops.change_pin == NULL)
        return hsm_fail_unsupported(hsm, "a change of its PIN");
    hsm->obj.busy = true;
    return hsm_end_callback(
        hsm, hsm->ops.change_pin(hsm->user, pin, pin_len, new_pin, new_pin_len),
        "HSM change of PIN");
}

/* ---- information and audit ---- */

static sfi_status
hsm_read_info(sfi_hsm *hsm, sfi_hsm_info *out)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st;

    if (hsm->ops.info == NULL)
        return hsm_fail_unsupported(hsm, "information");
    hsm->obj.busy = true;
    st = hsm_end_callback(hsm, hsm->ops.info(hsm->user, &info),
                          "HSM information");
    if (st != SFI_OK)
        return st;
    if (info.state > SFI_HSM_RETIRED)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "HSM information: state %u, expected at most %d",
                         info.state, SFI_HSM_RETIRED);
    info.firmware_id[sizeof(info.firmware_id) - 1] = '\0';
    info.product_id[sizeof(info.product_id) - 1] = '\0';
    info.serial[sizeof(info.serial) - 1] = '\0';
    return SFI_ABI_OUT(hsm, sfi_hsm_info, out, &info);
}

const char *
sfi_hsm_state_name(uint32_t state)
{
    static const char *const names[] = {
        [SFI_HSM_BLANK] = "blank",
        [SFI_HSM_OPERATIONAL] = "operational",
        [SFI_HSM_EXHAUSTED] = "exhausted",
        [SFI_HSM_BLOCKED] = "blocked",
        [SFI_HSM_RETIRED] = "retired",
    };

    return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

sfi_status
sfi_hsm_get_info(sfi_hsm *hsm, sfi_hsm_info *out)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, out != NULL);
    return hsm_read_info(hsm, out);
}

static sfi_status
hsm_read_audit_head(sfi_hsm *hsm, sfi_audit_head *out)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_status st;

    if (hsm->ops.audit_head == NULL)
        return hsm_fail_unsupported(hsm, "an audit");
    hsm->obj.busy = true;
    st = hsm_end_callback(hsm, hsm->ops.audit_head(hsm->user, &head),
                          "HSM audit");
    if (st != SFI_OK)
        return st;
    head.firmware_id[sizeof(head.firmware_id) - 1] = '\0';
    head.product_id[sizeof(head.product_id) - 1] = '\0';
    return SFI_ABI_OUT(hsm, sfi_audit_head, out, &head);
}

sfi_status
sfi_hsm_get_audit_head(sfi_hsm *hsm, sfi_audit_head *out)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, out != NULL);
    return hsm_read_audit_head(hsm, out);
}

static sfi_status
hsm_read_audit_record(sfi_hsm *hsm, uint64_t sequence, sfi_audit_record *out)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};
    sfi_status st;

    if (hsm->ops.audit_record == NULL)
        return hsm_fail_unsupported(hsm, "an audit");
    if (sequence == 0)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_RANGE,
                         "there is no record 0, the first is 1");
    hsm->obj.busy = true;
    st = hsm_end_callback(hsm, hsm->ops.audit_record(hsm->user, sequence, &r),
                          "HSM audit");
    if (st != SFI_OK)
        return st;
    if (r.sequence != sequence)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "HSM audit: record %llu, expected %llu",
                         (unsigned long long)r.sequence,
                         (unsigned long long)sequence);
    return SFI_ABI_OUT(hsm, sfi_audit_record, out, &r);
}

sfi_status
sfi_hsm_get_audit_record(sfi_hsm *hsm, uint64_t sequence, sfi_audit_record *out)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, out != NULL);
    return hsm_read_audit_record(hsm, sequence, out);
}

static sfi_status
hsm_export_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    return hsm_read_audit_record(user, sequence, out);
}

/* To a file, or to a function. */
static sfi_status
hsm_export_audit(sfi_hsm *hsm, const char *path, sfi_write_fn write, void *to)
{
    sfi_ctx *ctx = hsm->obj.ctx;
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_status st = hsm_read_audit_head(hsm, &head);

    if (st == SFI_OK && path != NULL)
        st = sfi__audit_write(ctx, path, &head, hsm_export_record, hsm);
    else if (st == SFI_OK)
        st = sfi__audit_write_to(ctx, write, to, &head, hsm_export_record, hsm);
    if (st != SFI_OK && ctx->error.where[0] == '\0' && hsm->where[0] != '\0')
        (void)sfi__where(ctx, "%s", hsm->where);
    return st;
}

sfi_status
sfi_hsm_export_audit(sfi_hsm *hsm, const char *path)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, path != NULL);
    return hsm_export_audit(hsm, path, NULL, NULL);
}

struct hsm_audit_sink {
    sfi_hsm *hsm;
    sfi_write_fn write;
    void *user;
};

static sfi_status
hsm_write_piece(void *user, const uint8_t *data, size_t len)
{
    const struct hsm_audit_sink *s = user;
    sfi_status st;

    s->hsm->obj.busy = true;
    st = s->write(s->user, data, len);
    s->hsm->obj.busy = false;
    return sfi__from_callback(s->hsm->obj.ctx, st, "the audit's output");
}

sfi_status
sfi_hsm_write_audit(sfi_hsm *hsm, sfi_write_fn write, void *user)
{
    struct hsm_audit_sink sink = {hsm, write, user};

    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, write != NULL);
    return hsm_export_audit(hsm, NULL, hsm_write_piece, &sink);
}

sfi_status
sfi_hsm_verify_audit(sfi_hsm *hsm)
{
    sfi_status st;
    bool could;

    SFI_ENTER(hsm, HSM);
    if (hsm->ops.verify_audit == NULL)
        return hsm_fail_unsupported(hsm, "a verification of its audit");
    hsm->obj.busy = true;
    could = sfi__ctx_set_can_cancel(hsm->obj.ctx, true);
    st = hsm->ops.verify_audit(hsm->user);
    (void)sfi__ctx_set_can_cancel(hsm->obj.ctx, could);
    return hsm_end_callback(hsm, st, "HSM verification of its audit");
}

/* ---- provisioning ---- */

static sfi_status
hsm_check_firmware_id(sfi_ctx *ctx, const char *id)
{
    size_t len = strlen(id);

    if (len == 0 || len > SFI_FIRMWARE_ID_MAX)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a firmware id of %zu characters, expected 1 to %u",
                         len, SFI_FIRMWARE_ID_MAX);
    for (size_t i = 0; i < len; i++) {
        if (id[i] < ' ' || id[i] > '~')
            return sfi__fail(ctx, SFI_ERR_RANGE,
                             "character %zu of the firmware id is 0x%02x, "
                             "expected printable ASCII",
                             i + 1, (unsigned char)id[i]);
    }
    return SFI_OK;
}

static sfi_status
hsm_check_max_count(sfi_ctx *ctx, uint64_t max_count)
{
    if (max_count >= 1 && max_count <= SFI_HSM_COUNT_MAX)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_RANGE,
                     "a maximum count of %llu, expected 1 to %u",
                     (unsigned long long)max_count, SFI_HSM_COUNT_MAX);
}

/* The caller's options, with defaults filled in. */
static sfi_status
hsm_read_options(sfi_ctx *ctx, const sfi_provision_options *options,
                 uint64_t max_count, sfi_provision_options *out)
{
    *out = (sfi_provision_options){.struct_size = sizeof(*out)};
    if (options != NULL) {
        sfi_status st = SFI_ABI_IN(ctx, sfi_provision_options, out, options);

        if (st != SFI_OK)
            return st;
    }
    out->struct_size = sizeof(*out);
    SFI_ARG(ctx, out->reserved == NULL);
    if ((out->flags & ~SFI_HSM_LIVE_ONLY) != 0)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "flags of 0x%08x for an HSM, expected at most 0x%08x",
                         out->flags, SFI_HSM_LIVE_ONLY);
    if (out->low_water > max_count)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a low-water mark of %llu, expected at most %llu, the "
                         "maximum count",
                         (unsigned long long)out->low_water,
                         (unsigned long long)max_count);
    if (out->low_water == 0)
        out->low_water = max_count / 10;
    return SFI_OK;
}

/* The rules that need no HSM; `out` receives the options to use. */
static sfi_status
hsm_check_provision(sfi_hsm *hsm, size_t nonce_len, const char *firmware_id,
                    uint64_t max_count, const sfi_provision_options *options,
                    sfi_provision_options *out)
{
    sfi_ctx *ctx = hsm->obj.ctx;
    sfi_status st;

    if (hsm->ops.provision == NULL)
        return hsm_fail_unsupported(hsm, "provisioning");
    if (nonce_len != SFI_NONCE_LEN)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a nonce of %zu bytes, expected %u", nonce_len,
                         SFI_NONCE_LEN);
    st = hsm_check_firmware_id(ctx, firmware_id);
    if (st != SFI_OK)
        return st;
    st = hsm_check_max_count(ctx, max_count);
    if (st != SFI_OK)
        return st;
    return hsm_read_options(ctx, options, max_count, out);
}

sfi_status
sfi_hsm_check_provision(sfi_hsm *hsm, size_t nonce_len, const char *firmware_id,
                        uint64_t max_count,
                        const sfi_provision_options *options)
{
    sfi_provision_options ours;

    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, firmware_id != NULL);
    return sfi__hsm_name_error(hsm,
                               hsm_check_provision(hsm, nonce_len, firmware_id,
                                                   max_count, options, &ours),
                               "HSM provisioning");
}

sfi_status
sfi_hsm_provision(sfi_hsm *hsm, const sfi_key *key, const uint8_t *nonce,
                  size_t nonce_len, const char *firmware_id, uint64_t max_count,
                  const sfi_personalization *perso,
                  const sfi_provision_options *options)
{
    sfi_provision_options ours;
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    SFI_HANDLE(hsm, key, KEY);
    SFI_ARG(hsm, nonce != NULL);
    SFI_ARG(hsm, firmware_id != NULL);
    SFI_HANDLE(hsm, perso, PERSONALIZATION);
    st = sfi__hsm_name_error(hsm,
                             hsm_check_provision(hsm, nonce_len, firmware_id,
                                                 max_count, options, &ours),
                             "HSM provisioning");
    if (st != SFI_OK)
        return st;
    hsm->obj.busy = true;
    st = hsm->ops.provision(hsm->user, key->key_secret, SFI_KEY_LEN, nonce,
                            nonce_len, firmware_id, max_count, perso->data,
                            sizeof(perso->data), &ours);
    return hsm_end_callback(hsm, st, "HSM provisioning");
}

/* ---- licences ---- */

/* The codec has checked that only live licences have a session. */
sfi_status
sfi__hsm_check_session(sfi_ctx *ctx, const sfi_license *lic, uint32_t session)
{
    uint32_t found = sfi_license_session(lic);

    if (found == session)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_CALLBACK,
                     "HSM licence: session 0x%08x, expected 0x%08x", found,
                     session);
}

sfi_status
sfi__hsm_license(sfi_hsm *hsm, const uint8_t *cert, size_t cert_len,
                 uint32_t session, uint8_t *out, size_t *out_len)
{
    size_t room = *out_len;
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    if (hsm->ops.license == NULL)
        return hsm_fail_unsupported(hsm, "licences");
    hsm->obj.busy = true;
    st = hsm->ops.license(hsm->user, cert, cert_len, session, out, out_len);
    st = hsm_end_callback(hsm, st, "HSM licence");
    if (st == SFI_OK && *out_len > room)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "HSM licence: %zu bytes in a buffer of %zu", *out_len,
                         room);
    return st;
}

static sfi_status
hsm_generate_license(sfi_hsm *hsm, const sfi_certificate *cert,
                     uint32_t session, sfi_license **out)
{
    uint8_t data[SFI_LICENSE_LEN] = {0};
    size_t len = sizeof(data);
    sfi_license *lic;
    sfi_status st = sfi__hsm_license(hsm, cert->data, sizeof(cert->data),
                                     session, data, &len);

    if (st != SFI_OK)
        return st;
    st = sfi__license_new(hsm->obj.ctx, data, len, &lic);
    if (st != SFI_OK)
        return sfi__where(hsm->obj.ctx, "HSM licence");
    st = sfi__hsm_check_session(hsm->obj.ctx, lic, session);
    if (st != SFI_OK) {
        sfi__obj_unref(lic);
        return st;
    }
    *out = lic;
    return SFI_OK;
}

sfi_status
sfi_hsm_generate_license(sfi_hsm *hsm, const sfi_certificate *cert,
                         sfi_license **out)
{
    SFI_ENTER_NEW(hsm, HSM, out);
    SFI_HANDLE(hsm, cert, CERTIFICATE);
    return hsm_generate_license(hsm, cert, 0, out);
}

sfi_status
sfi_hsm_generate_live_license(sfi_hsm *hsm, const sfi_certificate *cert,
                              uint32_t session, sfi_license **out)
{
    SFI_ENTER_NEW(hsm, HSM, out);
    SFI_HANDLE(hsm, cert, CERTIFICATE);
    SFI_ARG(hsm, session != 0);
    return hsm_generate_license(hsm, cert, session, out);
}

/* ---- images ---- */

static sfi_status
hsm_check_header(sfi_hsm *hsm, const uint8_t *image, size_t len)
{
    sfi_ctx *ctx = hsm->obj.ctx;
    sfi_status st;

    if (hsm->ops.check_image == NULL)
        return hsm_fail_unsupported(hsm, "a check of images");
    if (len < SFI_IMAGE_HEADER_LEN)
        return sfi__fail(ctx, SFI_ERR_TRUNCATED,
                         "%zu bytes of an image, expected at least the %u of "
                         "its header",
                         len, SFI_IMAGE_HEADER_LEN);
    st = sfi__hsm_check_format(ctx, image);
    if (st != SFI_OK)
        return st;
    hsm->obj.busy = true;
    st = hsm->ops.check_image(hsm->user, image, SFI_IMAGE_HEADER_LEN);
    return hsm_end_callback(hsm, st, "HSM check of an image");
}

sfi_status
sfi_hsm_check_image(sfi_hsm *hsm, const uint8_t *image, size_t len)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, image != NULL);
    return hsm_check_header(hsm, image, len);
}

sfi_status
sfi_hsm_check_image_file(sfi_hsm *hsm, const char *path)
{
    struct buf image;
    sfi_status st;

    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, path != NULL);
    st = sfi__load(hsm->obj.ctx, path, IMAGE_FILE_MAX, false, &image);
    if (st == SFI_OK)
        st = hsm_check_header(hsm, image.data, image.len);
    sfi__buf_free(&image);
    return st;
}

/* ---- a server, the end ---- */

sfi_status
sfi_hsm_hold(sfi_hsm *hsm, uint32_t timeout_ms)
{
    SFI_ENTER(hsm, HSM);
    if (hsm->ops.hold == NULL)
        return hsm_fail_unsupported(hsm, "one server at a time");
    hsm->obj.busy = true;
    return hsm_end_callback(hsm, hsm->ops.hold(hsm->user, timeout_ms),
                            "HSM hold");
}

sfi_status
sfi_hsm_retire(sfi_hsm *hsm)
{
    SFI_ENTER(hsm, HSM);
    if (hsm->ops.retire == NULL)
        return hsm_fail_unsupported(hsm, "retiring");
    hsm->obj.busy = true;
    return hsm_end_callback(hsm, hsm->ops.retire(hsm->user), "HSM retiring");
}
