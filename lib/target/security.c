/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A target's secure bootloader: information, certificate, licence, image, and
 * the confirmation of the last step. */
#include <sfi/device.h>

#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "license/license.h"
#include "target/image_sender.h"
#include "target/protection.h"

SFI_ABI_PIN(sfi_target_info, reserved);

static sfi_status
security_need_secure(sfi_target *t)
{
    if (t->secure)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_STATE,
                     "the chip runs its open bootloader, expected the secure "
                     "one: activate security first");
}

sfi_status
sfi__target_certificate(sfi_target *t, sfi_certificate **out)
{
    uint8_t raw[SFI_CERTIFICATE_LEN];
    sfi_status st = sfi__dialect_certificate(t, raw);

    if (st != SFI_OK)
        return st;
    return sfi_certificate_parse(t->obj.ctx, raw, sizeof(raw), out);
}

sfi_status
sfi__target_session(sfi_target *t, uint32_t *out)
{
    return sfi__dialect_session(t, out);
}

static bool
security_is_restarted(const sfi_dialect_info *i)
{
    return i->state == SFI_DEVICE_EMPTY && i->cause == SFI_CAUSE_INTERRUPTED;
}

static sfi_status
security_fail_restarted(sfi_ctx *ctx)
{
    return sfi__fail_peer(ctx, SFI_ERR_DEVICE, SFI_CAUSE_INTERRUPTED,
                          "the chip restarted during the install; nothing of "
                          "the firmware is left in it: run it again");
}

/* INFO after FINISH; `i` stays unchanged when the chip does not reply. */
static sfi_status
security_confirm_installed(sfi_target *t, const uint8_t *header_tag,
                           sfi_dialect_info *i)
{
    sfi_status st;

    t->confirms = header_tag;
    st = sfi__dialect_info(t, i);
    t->confirms = NULL;
    if (st != SFI_OK)
        return st;
    if (security_is_restarted(i))
        return security_fail_restarted(t->obj.ctx);
    if (i->state != SFI_DEVICE_INSTALLED)
        return sfi__fail_peer(t->obj.ctx, SFI_ERR_DEVICE, (int32_t)i->cause,
                              "after the last step the chip is in state %u, "
                              "expected %u (installed)",
                              i->state, SFI_DEVICE_INSTALLED);
    if (!sfi__equal(i->header_tag, header_tag, sizeof(i->header_tag)))
        return sfi__fail(t->obj.ctx, SFI_ERR_DEVICE,
                         "after the last step the chip holds another image");
    return SFI_OK;
}

static bool
security_may_be_restart(const sfi_ctx *ctx, sfi_status st)
{
    return sfi__link_is_fault(st) ||
           (st == SFI_ERR_DEVICE && ctx->error.peer_code == SFI_CAUSE_STATE);
}

/* Without the reply to FINISH only the chip knows whether it has finished. */
static bool
security_outcome_unknown(sfi_status st)
{
    return sfi__link_is_fault(st) || (st <= -400 && st > -500);
}

static sfi_status
security_fail_unconfirmed(sfi_target *t, sfi_status st)
{
    if (t->chip->one_shot)
        return sfi__fail(t->obj.ctx, st,
                         "the answer to the last step was lost, and a %s with "
                         "its firmware does not answer: check whether it runs",
                         t->chip->name);
    return sfi__fail(t->obj.ctx, st,
                     "the answer to the last step was lost, and the chip has "
                     "not answered since: it may hold its firmware; run the "
                     "install again to find out, a chip is not counted twice");
}

/* A lost reply is not a failure yet, nor is the refusal of a chip that has
 * restarted with its firmware: ask the chip.  A part that is silent after its
 * one success (L462) cannot be asked, so its reply must do. */
static sfi_status
security_finish_once(sfi_target *t, const uint8_t *header_tag,
                     bool *not_received)
{
    sfi_dialect_info i = {.state = SFI_DEVICE_EMPTY};
    sfi_status st = sfi__dialect_finish(t);
    bool lost = security_outcome_unknown(st);
    bool known;

    *not_received = false;
    if (st == SFI_OK && t->chip->one_shot)
        return SFI_OK;
    if (st != SFI_OK && !lost && !security_may_be_restart(t->obj.ctx, st))
        return st;
    st = lost ? sfi__target_reconnect(t) : SFI_OK;
    if (st == SFI_OK)
        st = security_confirm_installed(t, header_tag, &i);
    known = i.struct_size != 0;
    *not_received = lost && known && i.state == SFI_DEVICE_COMPLETE;
    return !known && security_outcome_unknown(st)
               ? security_fail_unconfirmed(t, st)
               : st;
}

/* Still COMPLETE: the chip never received FINISH, so send it again. */
sfi_status
sfi__target_finish(sfi_target *t, const uint8_t *header_tag)
{
    bool not_received;
    sfi_status st = security_finish_once(t, header_tag, &not_received);

    return not_received ? security_finish_once(t, header_tag, &not_received)
                        : st;
}

sfi_status
sfi__target_explain(sfi_target *t, sfi_status st)
{
    sfi_ctx *ctx = t->obj.ctx;
    struct sfi_error first;
    sfi_dialect_info i;

    if (!security_may_be_restart(ctx, st))
        return st;
    sfi__error_keep(ctx, &first);
    if ((!sfi__link_is_fault(st) || sfi__target_reconnect(t) == SFI_OK) &&
        t->secure && sfi__dialect_info(t, &i) == SFI_OK &&
        security_is_restarted(&i))
        return security_fail_restarted(ctx);
    sfi__error_restore(ctx, &first);
    return st;
}

static sfi_status
security_send_license(sfi_target *t, const sfi_license *lic)
{
    sfi_status st = security_need_secure(t);

    if (st != SFI_OK)
        return st;
    st = sfi__dialect_secure(t, false);
    if (st == SFI_OK)
        st = sfi__dialect_license(t, lic->data);
    return sfi__target_explain(t, st);
}

static sfi_status
security_send_pieces(sfi_target *t, const uint8_t *data, size_t len)
{
    struct image_sender s;
    sfi_dialect_info i;
    sfi_status st = sfi__dialect_info(t, &i);

    if (st != SFI_OK)
        return st;
    st = sfi__image_sender_init(&s, t->obj.ctx, data, len, i.data_max);
    while (st == SFI_OK && !sfi__image_sender_done(&s))
        st = sfi__image_sender_step(&s, t);
    return st == SFI_OK ? sfi__target_finish(t, s.header.tag) : st;
}

static sfi_status
security_send_image(sfi_target *t, const uint8_t *data, size_t len)
{
    sfi_status st = security_need_secure(t);

    if (st != SFI_OK)
        return st;
    return sfi__target_explain(t, security_send_pieces(t, data, len));
}

/* No error is left when the chip does not tell. */
static sfi_status
security_look_readout(sfi_target *t, uint32_t *out)
{
    struct sfi_error before;
    uint8_t rdp = 0;
    sfi_status st;

    *out = SFI_READOUT_UNKNOWN;
    if (!t->boot.has_memory)
        return SFI_OK;
    sfi__error_keep(t->obj.ctx, &before);
    st = sfi__protection_read_rdp(t, &rdp);
    if (st == SFI_ERR_CANCELLED || st == SFI_ERR_NO_DEVICE)
        return st;
    if (st == SFI_OK && rdp == CHIP_RDP_LEVEL0)
        *out = SFI_READOUT_LEVEL_0;
    else if (st == SFI_OK && rdp == CHIP_RDP_LEVEL2)
        *out = SFI_READOUT_LEVEL_2;
    else if (st == SFI_OK || st == SFI_ERR_PROTECTED)
        *out = SFI_READOUT_LEVEL_1;
    sfi__error_restore(t->obj.ctx, &before);
    return SFI_OK;
}

static sfi_status
security_get_info(sfi_target *t, sfi_target_info *out)
{
    sfi_target_info o = {
        .struct_size = sizeof(o),
        .device_id = t->boot.device_id,
        .bootloader_version = t->boot.version,
        .secure = t->secure,
        .bootloader_id = t->boot.loader_id,
        .flash_size = t->flash_size,
        .revision = t->boot.revision,
    };
    const struct chip_bootloader *loader = t->boot.loader;
    sfi_dialect_info i;
    sfi_status st = SFI_OK;

    if (!t->secure) {
        st = security_look_readout(t, &o.readout);
        if (st != SFI_OK)
            return st;
    }
    if (loader != NULL) {
        o.bootloader_name = loader->version;
        o.bootloader_limits = loader->limits;
    }
    if (t->secure) {
        st = sfi__dialect_info(t, &i);
        if (st != SFI_OK)
            return st;
        o.device_state = i.state;
        o.last_cause = i.cause;
        o.area_index = i.area_index;
        for (size_t k = 0; k < sizeof(o.header_tag); k++)
            o.header_tag[k] = i.header_tag[k];
    }
    return SFI_ABI_OUT(t, sfi_target_info, out, &o);
}

/* ---- public ---- */

sfi_status
sfi_target_get_info(sfi_target *t, sfi_target_info *out)
{
    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    return sfi__target_ended(t->tp, security_get_info(t, out));
}

sfi_status
sfi_target_get_certificate(sfi_target *t, sfi_certificate **out)
{
    sfi_status st;

    if (out != NULL)
        *out = NULL;
    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    st = security_need_secure(t);
    if (st == SFI_OK)
        st = sfi__target_certificate(t, out);
    return sfi__target_ended(t->tp, st);
}

sfi_status
sfi_target_get_session(sfi_target *t, uint32_t *session)
{
    sfi_status st;

    if (session != NULL)
        *session = 0;
    TARGET_ENTER(t);
    SFI_ARG(t, session != NULL);
    st = security_need_secure(t);
    if (st == SFI_OK)
        st = sfi__target_session(t, session);
    return sfi__target_ended(t->tp, st);
}

sfi_status
sfi_target_send_license(sfi_target *t, const sfi_license *lic)
{
    TARGET_ENTER(t);
    SFI_ENTER(lic, LICENSE);
    return sfi__target_ended(t->tp, security_send_license(t, lic));
}

sfi_status
sfi_target_send_image(sfi_target *t, const uint8_t *data, size_t len)
{
    TARGET_ENTER(t);
    SFI_ARG(t, data != NULL);
    return sfi__target_ended(t->tp, security_send_image(t, data, len));
}
