/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The steps of an install, in their order, and the clean-up after a failure. */
#include <sfi/device.h>
#include <sfi/image.h>

#include "core/ctx.h"
#include "core/err.h"
#include "image/structure.h"
#include "license/certificate.h"
#include "license/license.h"
#include "license/store.h"
#include "target/cause.h"
#include "installer/installer.h"
#include "installer/known.h"

/* ---- before the chip is changed or the HSM counts ---- */

/* An error in the image names its file. */
static sfi_status
step_add_image_name(struct sfi_installer *in, sfi_status st)
{
    if (st != SFI_OK && in->image_name[0] != '\0')
        (void)sfi__where(in->obj.ctx, "%s", in->image_name);
    return st;
}

static sfi_status
step_check_image(struct sfi_installer *in)
{
    sfi_ctx *ctx = in->obj.ctx;

    if (in->chip == NULL)
        return step_add_image_name(
            in, sfi__image_structure(ctx, in->image.data, in->image.len));
    return step_add_image_name(in,
                               sfi_image_check(ctx, in->chip, in->image.data,
                                               in->image.len, NULL, NULL));
}

static sfi_status
step_connect(struct sfi_installer *in)
{
    const sfi_connect_options o = {
        .struct_size = sizeof(o),
        .timeout_ms = in->timeout_ms,
        .chip = in->chip,
        .transport = in->tp,
    };

    return sfi__target_connect(&o, &in->dialect, &in->cancel, &in->target);
}

/* An install has one licence, and a module needs its own: the chip would refuse
 * it only after the HSM has counted. */
static sfi_status
step_refuse_modules(struct sfi_installer *in)
{
    struct image_area a;
    size_t at = SFI_FORMAT_HEADER_LEN;

    while (at < in->image.len) {
        sfi__image_read_area(&a, in->image.data + at);
        if (a.type == SFI_FORMAT_MODULE)
            return sfi__fail(
                in->obj.ctx, SFI_ERR_CHIP_RULE,
                "area %u is a module, whose own licence libsfi cannot "
                "send: build the image without modules",
                a.index);
        at += SFI_FORMAT_AREA_LEN + a.size;
    }
    return SFI_OK;
}

static sfi_status
step_check_fit(struct sfi_installer *in)
{
    sfi_status st = sfi_image_check(in->obj.ctx, in->target->chip,
                                    in->image.data, in->image.len, NULL, NULL);

    if (st == SFI_OK)
        st = step_refuse_modules(in);
    if (st != SFI_OK)
        return step_add_image_name(in, st);
    return sfi__known_before_security(in);
}

/* ---- the chip, and its licence ---- */

static sfi_status
step_activate_security(struct sfi_installer *in)
{
    return sfi__target_activate(in->target);
}

/* Of this chip, this image, and no earlier install; `first`: the first one that
 * counts. */
static sfi_status
receipt_check(struct sfi_installer *in, const sfi_receipt *r, uint32_t first)
{
    sfi_ctx *ctx = in->obj.ctx;
    sfi_status st = sfi__receipt_check_signature(ctx, r);

    if (st == SFI_OK)
        st = sfi__receipt_check_image(ctx, r, in->image.data, in->image.len);
    if (st != SFI_OK || r->says.installs >= first)
        return st;
    return sfi__fail(
        ctx, SFI_ERR_MISMATCH,
        "the receipt is of install %u of this chip, expected %u or "
        "a later one",
        r->says.installs, first);
}

static sfi_status
receipt_fetch(struct sfi_installer *in, uint32_t first)
{
    uint8_t raw[RECEIPT_LEN];
    sfi_receipt *r = NULL;
    sfi_status st = sfi__dialect_receipt(in->target, raw);

    if (st == SFI_OK)
        st = sfi__receipt_new(in->obj.ctx, raw, in->certificate, &r);
    if (st == SFI_OK)
        st = receipt_check(in, r, first);
    if (st == SFI_OK)
        in->receipt = r;
    else
        sfi__obj_unref(r);
    return st;
}

static sfi_status
fail_installed(struct sfi_installer *in)
{
    return sfi__fail_peer(in->obj.ctx, SFI_ERR_DEVICE, SFI_CAUSE_INSTALLED,
                          "%s", sfi__cause_message(SFI_CAUSE_INSTALLED));
}

/* A chip that installs once waits for its receipt to be fetched: when its power
 * failed behind FINISH, nothing else is left to do. */
static bool
installed_is_waiting(const struct sfi_installer *in)
{
    return in->target->chip->one_shot && in->no_receipt == NULL;
}

static sfi_status
step_check_installed(struct sfi_installer *in)
{
    sfi_dialect_info i;
    sfi_status st = sfi__dialect_info(in->target, &i);

    if (st != SFI_OK)
        return st;
    in->data_max = i.data_max;
    in->installs = i.installs;
    in->no_receipt = sfi__dialect_has_receipts(in->target, &i)
                         ? NULL
                         : "the chip does not give receipts";
    in->resumes = i.state == SFI_DEVICE_INSTALLED && !in->erase;
    return in->resumes && !installed_is_waiting(in) ? fail_installed(in)
                                                    : SFI_OK;
}

/* Go on behind FINISH, if it is this image that the chip holds. */
static sfi_status
installed_resume(struct sfi_installer *in)
{
    sfi_status st = receipt_fetch(in, in->installs);

    if (st == SFI_ERR_MISMATCH)
        return fail_installed(in);
    if (st == SFI_OK)
        in->step = STEP_RECEIPT; /* done */
    return st;
}

static sfi_status
step_read_certificate(struct sfi_installer *in)
{
    sfi_status st = sfi__target_certificate(in->target, &in->certificate);

    if (st == SFI_OK && in->resumes)
        return installed_resume(in);
    if (st == SFI_OK && in->protocol == SFI_PROTOCOL_LIVE)
        st = sfi__target_session(in->target, &in->session);
    return st;
}

/* How many records its audit has, for sfi_installer_get_job(): an HSM that does
 * not tell may give a licence all the same. */
static void
license_note_records(struct sfi_installer *in)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    in->asked_hsm = true;
    in->records_before = UINT64_MAX;
    if (sfi_hsm_get_info(in->hsm, &info) == SFI_OK)
        in->records_before = info.records;
    sfi__clear_error(in->obj.ctx);
}

/* Store the HSM's licence before using it, so that the next install of this
 * chip needs no HSM.  A failure to store loses nothing: the HSM issues the same
 * licence again. */
static sfi_status
license_from_hsm(struct sfi_installer *in)
{
    sfi_license *lic;
    sfi_status st = sfi__known_image(in);

    if (st != SFI_OK)
        return st;
    license_note_records(in);
    st = sfi_hsm_generate_license(in->hsm, in->certificate, &lic);
    if (st == SFI_OK && in->store != NULL)
        st = sfi_license_store_put(in->store, in->certificate, lic);
    if (st == SFI_OK)
        in->license = lic;
    else
        sfi_license_free(lic);
    return st;
}

static sfi_status
license_fail_not_stored(struct sfi_installer *in)
{
    (void)sfi__fail(in->obj.ctx, SFI_ERR_NO_LICENSE,
                    "no licence for device %s is stored: license its "
                    "certificate where the HSM is",
                    in->certificate->device_id);
    return sfi__where(in->obj.ctx, "%s", in->store->path);
}

/* The chip would refuse an old live licence only after the erase. */
static sfi_status
license_check_session(struct sfi_installer *in)
{
    uint32_t session = sfi_license_session(in->given);

    if (session == in->session)
        return SFI_OK;
    return sfi__fail_peer(in->obj.ctx, SFI_ERR_DEVICE,
                          SFI_CAUSE_LICENSE_SESSION,
                          "the live licence is for session 0x%08x, and the "
                          "chip is in session 0x%08x: get one for this "
                          "session",
                          session, in->session);
}

static sfi_status
license_obtain_live(struct sfi_installer *in)
{
    if (in->given == NULL) {
        license_note_records(in);
        return sfi_hsm_generate_live_license(in->hsm, in->certificate,
                                             in->session, &in->license);
    }
    in->license = sfi__obj_ref(in->given);
    in->license_from = "given";
    return license_check_session(in);
}

static sfi_status
step_obtain_license(struct sfi_installer *in)
{
    sfi_status st = SFI_OK;

    if (in->protocol == SFI_PROTOCOL_LIVE)
        return license_obtain_live(in);
    if (in->given != NULL)
        in->license = sfi__obj_ref(in->given);
    else if (in->store != NULL)
        st = sfi_license_store_find(in->store, in->certificate, &in->license);
    if (in->license != NULL)
        in->license_from = in->given != NULL ? "given" : "stored";
    if (st != SFI_OK || in->license != NULL)
        return st;
    return in->hsm != NULL ? license_from_hsm(in) : license_fail_not_stored(in);
}

/* ---- the install ---- */

static sfi_status
step_erase_chip(struct sfi_installer *in)
{
    in->begun = true;
    return sfi__dialect_secure(in->target, in->erase);
}

static sfi_status
step_send_license(struct sfi_installer *in)
{
    sfi_status st = sfi__dialect_license(in->target, in->license->data);

    if (st != SFI_OK)
        return st;
    return sfi__image_sender_init(&in->sender, in->obj.ctx, in->image.data,
                                  in->image.len, in->data_max);
}

static sfi_status
step_send_piece(struct sfi_installer *in)
{
    return sfi__image_sender_step(&in->sender, in->target);
}

/* Not cancellable from here: once FINISH is sent the firmware may already be
 * active. */
static sfi_status
step_finish_install(struct sfi_installer *in)
{
    in->target->boot.link.cancel = NULL;
    return sfi__target_finish(in->target, in->sender.header.tag);
}

/* The firmware is installed: without a receipt it is unproven, and that is no
 * failure. */
static sfi_status
step_fetch_receipt(struct sfi_installer *in)
{
    sfi_status st;

    if (in->no_receipt != NULL)
        return SFI_OK;
    st = receipt_fetch(in, in->installs + 1);
    if (st == SFI_OK)
        return st;
    in->no_receipt = "the chip's receipt could not be read or is not genuine";
    sfi__log(in->obj.ctx, SFI_LOG_WARNING,
             "%s: the firmware is installed, but without a receipt: %s",
             in->tp->name, in->obj.ctx->error.message);
    sfi__clear_error(in->obj.ctx);
    return SFI_OK;
}

/* The firmware is installed; a chip that misses this request starts it by
 * itself soon. */
static sfi_status
step_start_firmware(struct sfi_installer *in)
{
    sfi_status st;

    in->target->leaving = true;
    st = sfi__dialect_abort(in->target);
    in->target->leaving = false;
    if (st != SFI_OK)
        sfi__log(in->obj.ctx, SFI_LOG_DEBUG,
                 "%s: the request to start the firmware failed: %s",
                 in->tp->name, in->obj.ctx->error.message);
    return SFI_OK;
}

static const struct {
    sfi_status (*run)(struct sfi_installer *in);
    bool on_chip; /* a failure is the link's or the chip's */
} steps[STEP_DONE] = {
    [STEP_CHECK] = {step_check_image, false},
    [STEP_CONNECT] = {step_connect, true},
    [STEP_FIT] = {step_check_fit, false},
    [STEP_SECURITY] = {step_activate_security, true},
    [STEP_INFO] = {step_check_installed, true},
    [STEP_CERTIFICATE] = {step_read_certificate, true},
    [STEP_LICENSE] = {step_obtain_license, false},
    [STEP_ERASE] = {step_erase_chip, true},
    [STEP_OPEN] = {step_send_license, true},
    [STEP_SEND] = {step_send_piece, true},
    [STEP_FINISH] = {step_finish_install, true},
    [STEP_RECEIPT] = {step_fetch_receipt, false},
    [STEP_LEAVE] = {step_start_firmware, true},
};

sfi_status
sfi__install_step(struct sfi_installer *in)
{
    enum step step = in->step;
    sfi_status st = SFI_OK;

    if (step <= STEP_FINISH && atomic_load(&in->cancel))
        st = sfi__fail(in->obj.ctx, SFI_ERR_CANCELLED, "cancelled");
    if (st == SFI_OK)
        st = steps[step].run(in);
    if (step >= STEP_OPEN && step <= STEP_FINISH)
        st = sfi__target_explain(in->target, st);
    if (steps[step].on_chip)
        st = sfi__target_ended(in->tp, st);
    if (st != SFI_OK)
        return st;
    if (step == STEP_FINISH)
        in->begun = false; /* from now on it is the chip's own firmware */
    if (step != STEP_SEND || sfi__image_sender_done(&in->sender))
        in->step++;
    return SFI_OK;
}

/* Harmless for a chip that refused and has cleaned up by itself. */
void
sfi__install_clean(struct sfi_installer *in)
{
    sfi_ctx *ctx = in->obj.ctx;
    struct sfi_error first;

    if (!in->begun)
        return;
    sfi__error_keep(ctx, &first);
    in->begun = false;
    in->target->boot.link.cancel = NULL;
    if (sfi__dialect_abort(in->target) != SFI_OK)
        sfi__log(ctx, SFI_LOG_WARNING,
                 "%s: the request to erase the partial install failed (%s); "
                 "the chip erases it at the next power-up",
                 in->tp->name, ctx->error.message);
    in->target->boot.link.cancel = &in->cancel;
    sfi__error_restore(ctx, &first);
}
