/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a target does with the secure bootloader. */
#include <sfi/device.h>

#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "license/license.h"
#include "target/image_sender.h"

static sfi_status
need_secure(sfi_target *t)
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
is_restarted(const sfi_dialect_info *i)
{
    return i->state == SFI_DEVICE_EMPTY && i->cause == SFI_CAUSE_INTERRUPTED;
}

static sfi_status
restarted(sfi_ctx *ctx)
{
    return sfi__fail_peer(ctx, SFI_ERR_DEVICE, SFI_CAUSE_INTERRUPTED,
                          "the chip restarted during the install; nothing of "
                          "the firmware is left in it: run it again");
}

/* INFO after FINISH; `i` stays as it is when it did not answer. */
static sfi_status
confirm(sfi_target *t, const uint8_t *header_tag, sfi_dialect_info *i)
{
    sfi_status st = sfi__dialect_info(t, i);

    if (st != SFI_OK)
        return st;
    if (is_restarted(i))
        return restarted(t->obj.ctx);
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
may_be_restart(const sfi_ctx *ctx, sfi_status st)
{
    return sfi__link_is_fault(st) ||
           (st == SFI_ERR_DEVICE && ctx->error.peer_code == SFI_CAUSE_STATE);
}

/* Nobody knows how it ended: the chip may have done it. */
static bool
is_lost(sfi_status st)
{
    return sfi__link_is_fault(st) || (st <= -400 && st > -500);
}

static sfi_status
ended_unseen(sfi_target *t, sfi_status st)
{
    if (t->chip->one_shot)
        return sfi__fail(t->obj.ctx, st,
                         "the answer to the last step was lost, and a %s that "
                         "has its firmware answers no more: see whether it "
                         "runs",
                         t->chip->name);
    return sfi__fail(t->obj.ctx, st,
                     "the answer to the last step was lost, and the chip has "
                     "not answered since: it may hold its firmware; run the "
                     "install again, which tells, and counts no chip twice");
}

/* A lost answer is no failure, nor is a refusal by a chip that has restarted
 * with its firmware: the chip knows.  A part that answers no more
 * after its one success (L462) cannot be asked: its answer is all there is. */
static sfi_status
finish_once(sfi_target *t, const uint8_t *header_tag, bool *unheard)
{
    sfi_dialect_info i = {.state = SFI_DEVICE_EMPTY};
    sfi_status st = sfi__dialect_finish(t);
    bool lost = is_lost(st);
    bool known;

    *unheard = false;
    if (st == SFI_OK && t->chip->one_shot)
        return SFI_OK;
    if (st != SFI_OK && !lost && !may_be_restart(t->obj.ctx, st))
        return st;
    st = lost ? sfi__target_reconnect(t) : SFI_OK;
    if (st == SFI_OK)
        st = confirm(t, header_tag, &i);
    known = i.struct_size != 0;
    *unheard = lost && known && i.state == SFI_DEVICE_COMPLETE;
    return !known && is_lost(st) ? ended_unseen(t, st) : st;
}

/* A chip that still waits for it has not heard it. */
sfi_status
sfi__target_finish(sfi_target *t, const uint8_t *header_tag)
{
    bool unheard;
    sfi_status st = finish_once(t, header_tag, &unheard);

    return unheard ? finish_once(t, header_tag, &unheard) : st;
}

sfi_status
sfi__target_explain(sfi_target *t, sfi_status st)
{
    sfi_ctx *ctx = t->obj.ctx;
    struct sfi_error first;
    sfi_dialect_info i;

    if (!may_be_restart(ctx, st))
        return st;
    sfi__error_keep(ctx, &first);
    if ((!sfi__link_is_fault(st) || sfi__target_reconnect(t) == SFI_OK) &&
        t->secure && sfi__dialect_info(t, &i) == SFI_OK && is_restarted(&i))
        return restarted(ctx);
    sfi__error_restore(ctx, &first);
    return st;
}

static sfi_status
send_license(sfi_target *t, const sfi_license *lic)
{
    sfi_status st = need_secure(t);

    if (st == SFI_OK)
        st = sfi__dialect_secure(t, false);
    if (st == SFI_OK)
        st = sfi__dialect_license(t, lic->data);
    return sfi__target_explain(t, st);
}

static sfi_status
send_image(sfi_target *t, const uint8_t *data, size_t len)
{
    struct sender s;
    sfi_dialect_info i;
    sfi_status st = need_secure(t);

    if (st == SFI_OK)
        st = sfi__dialect_info(t, &i);
    if (st == SFI_OK)
        st = sfi__image_sender_init(&s, t->obj.ctx, data, len, i.data_max);
    while (st == SFI_OK && !sfi__image_sender_done(&s))
        st = sfi__image_sender_step(&s, t);
    if (st == SFI_OK)
        st = sfi__target_finish(t, s.header.tag);
    return sfi__target_explain(t, st);
}

static sfi_status
get_info(sfi_target *t, sfi_target_info *out)
{
    sfi_target_info o = {
        .struct_size = sizeof(o),
        .device_id = t->boot.device_id,
        .bootloader_version = t->boot.version,
        .secure = t->secure,
    };
    sfi_dialect_info i;
    sfi_status st = SFI_OK;

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
    return sfi__abi_out(t, out, sizeof(o), &o, sizeof(o));
}

/* ---- public ---- */

sfi_status
sfi_target_get_info(sfi_target *t, sfi_target_info *out)
{
    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    return sfi__target_ended(t->tp, get_info(t, out));
}

sfi_status
sfi_target_get_certificate(sfi_target *t, sfi_certificate **out)
{
    sfi_status st;

    if (out != NULL)
        *out = NULL;
    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    st = need_secure(t);
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
    st = need_secure(t);
    if (st == SFI_OK)
        st = sfi__target_session(t, session);
    return sfi__target_ended(t->tp, st);
}

sfi_status
sfi_target_send_license(sfi_target *t, const sfi_license *lic)
{
    TARGET_ENTER(t);
    SFI_ENTER(lic, LICENSE);
    return sfi__target_ended(t->tp, send_license(t, lic));
}

sfi_status
sfi_target_send_image(sfi_target *t, const uint8_t *data, size_t len)
{
    TARGET_ENTER(t);
    SFI_ARG(t, data != NULL);
    return sfi__target_ended(t->tp, send_image(t, data, len));
}
