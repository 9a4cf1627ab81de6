/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Connects to a chip: finds its bootloader, its part, and whether it is
 * secure. */
#include "target/target.h"

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "chip/define/define.h"
#include "boot/debug_port.h"
#include "target/part.h"

SFI_ABI_PIN(sfi_connect_options, dialect_user);

static void
target_destroy(void *self)
{
    sfi_target *t = self;

    sfi__obj_unref(t->tp);
}

sfi_status
sfi__target_ended(sfi_transport *tp, sfi_status st)
{
    sfi_ctx *ctx = tp->obj.ctx;

    if (st == SFI_OK)
        sfi__clear_error(ctx);
    else if ((st <= -400 && st > -600) || st == SFI_ERR_CALLBACK)
        (void)sfi__where(ctx, "%s", tp->name);
    return st;
}

sfi_status
sfi__target_check_range(sfi_target *t, uint64_t address, size_t len)
{
    if (address <= UINT32_MAX && len <= (uint64_t)UINT32_MAX + 1 - address)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                     "%zu bytes at 0x%08llx end outside the chip's 32-bit "
                     "addresses",
                     len, (unsigned long long)address);
}

void
sfi__target_report(sfi_target *t, enum sfi_phase phase, uint64_t done,
                   uint64_t total)
{
    const sfi_progress p = {
        .struct_size = sizeof(p),
        .phase = (uint32_t)phase,
        .done = done,
        .total = total,
    };

    if (t->progress == NULL)
        return;
    t->obj.busy = true;
    t->progress(t->progress_user, &p);
    t->obj.busy = false;
    sfi__clear_error(t->obj.ctx); /* of a failed attempt to use the target */
}

/* ---- connect ---- */

/* Which part it is, and which bootloader runs. */
static sfi_status
target_recognise(sfi_target *t)
{
    sfi_ctx *ctx = t->obj.ctx;
    uint32_t id = t->boot.device_id;
    const struct sfi_chip *is = sfi__boot_chip(&t->boot);
    sfi_status st = SFI_OK;

    if (is == NULL)
        return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                         "the chip's device id is 0x%03x, which libsfi does "
                         "not know",
                         id);
    if (t->chip == NULL)
        t->chip = is;
    if (t->chip->device_id != id)
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "the chip is %s (0x%03x), expected %s (0x%03x)",
                         is->name, id, t->chip->name, t->chip->device_id);
    st = sfi__dialect_speaks(t, &t->secure);
    if (st == SFI_OK && t->secure)
        st = sfi__chip_need_security(ctx, t->chip);
    if (st != SFI_OK)
        return st;
    sfi__log(ctx, SFI_LOG_INFO, "%s (0x%03x), bootloader V%u.%u, %s", is->name,
             id, t->boot.version >> 4u, t->boot.version & 0xfu,
             t->secure ? "secure" : "open");
    return SFI_OK;
}

/* *is_assumed: libsfi does not recognise the chip, so only the dialect can. */
static sfi_status
target_connect_once(sfi_target *t, bool *is_assumed)
{
    sfi_status st = sfi__boot_connect(&t->boot, t->timeout_ms);

    t->look.known = false;
    *is_assumed = false;
    if (st != SFI_OK)
        return st;
    *is_assumed = t->tp->kind == TRANSPORT_DAP && !t->boot.has_memory &&
                  !t->boot.has_special;
    st = target_recognise(t);
    if (st == SFI_OK && *is_assumed && !t->secure)
        return sfi__debug_fail_unknown_chip(&t->boot);
    return st == SFI_OK ? sfi__part_read(t) : st;
}

sfi_status
sfi__target_reconnect(sfi_target *t)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(t->tp), t->timeout_ms);
    bool is_assumed;
    sfi_status st;

    do {
        st = target_connect_once(t, &is_assumed);
        if (st != SFI_ERR_NACK || !is_assumed)
            return st;
        /* the dialect does not recognise the chip yet */
    } while (sfi__link_try_again(&t->boot.link, &dl, BOOT_POLL_MS));
    return st;
}

sfi_status
sfi__target_wait_connect(sfi_target *t)
{
    struct deadline dl =
        sfi__deadline_in(sfi__transport_clock(t->tp), t->timeout_ms);
    sfi_status st;

    do {
        st = sfi__target_reconnect(t);
        if (!sfi__link_is_fault(st))
            return st;
    } while (sfi__link_try_again(&t->boot.link, &dl, TARGET_POLL_MS));
    return st;
}

sfi_status
sfi__target_connect(const sfi_connect_options *o, const struct dialect *d,
                    const atomic_bool *cancel, sfi_target **out)
{
    sfi_transport *tp = o->transport;
    sfi_target *t =
        sfi__obj_new(tp->obj.ctx, OBJ_TARGET, sizeof(*t), target_destroy);
    sfi_status st = SFI_OK;
    bool before;

    if (t == NULL)
        return SFI_ERR_NOMEM;
    t->tp = sfi__obj_ref(tp);
    t->chip = o->chip;
    t->dialect = *d;
    t->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : TARGET_TIMEOUT_MS;
    atomic_init(&t->cancelled, false);
    st = sfi__boot_init(&t->boot, tp, cancel != NULL ? cancel : &t->cancelled);
    t->boot.expected = o->chip;
    if (d->ops.speaks != sfi__dialect_ours.speaks)
        t->boot.assumed = o->chip;
    before = sfi__ctx_set_can_cancel(tp->obj.ctx, true);
    if (st == SFI_OK)
        st = sfi__target_reconnect(t);
    (void)sfi__ctx_set_can_cancel(tp->obj.ctx, before);
    if (st != SFI_OK) {
        sfi__obj_unref(t);
        return st;
    }
    *out = t;
    return SFI_OK;
}

/* A definition says nothing of the debug port. */
static sfi_status
target_check_link(sfi_ctx *ctx, const sfi_chip *chip, const sfi_transport *tp)
{
    if (chip == NULL || chip->definition == NULL)
        return SFI_OK;
    if (tp->kind == TRANSPORT_DAP)
        return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                         "%s was defined by this program: libsfi does not use "
                         "its debug port, expected a USART, SPI or USB link",
                         chip->name);
    return sfi__chip_check_ctx(ctx, chip);
}

sfi_status
sfi_target_connect(sfi_ctx *ctx, const sfi_chip *chip, sfi_transport *tp,
                   uint32_t timeout_ms, sfi_target **out)
{
    const sfi_connect_options options = {
        .struct_size = sizeof(options),
        .timeout_ms = timeout_ms,
        .chip = chip,
        .transport = tp,
    };

    return sfi_target_connect_with(ctx, &options, out);
}

sfi_status
sfi_target_connect_with(sfi_ctx *ctx, const sfi_connect_options *options,
                        sfi_target **out)
{
    sfi_connect_options o;
    struct dialect d;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, options != NULL);
    st = SFI_ABI_IN(ctx, sfi_connect_options, &o, options);
    if (st != SFI_OK)
        return st;
    SFI_HANDLE_HERE(ctx, o.transport, TRANSPORT);
    SFI_ENTER(o.transport, TRANSPORT);
    st = target_check_link(ctx, o.chip, o.transport);
    if (st != SFI_OK)
        return st;
    st = sfi__dialect_init(&d, ctx, o.dialect, o.dialect_user);
    if (st != SFI_OK)
        return st;
    return sfi__target_ended(o.transport,
                             sfi__target_connect(&o, &d, NULL, out));
}

const sfi_chip *
sfi_target_chip(const sfi_target *t)
{
    return sfi__is(t, OBJ_TARGET) ? t->chip : NULL;
}

sfi_status
sfi_target_get_id(sfi_target *t, uint32_t *device_id)
{
    TARGET_ENTER(t);
    SFI_ARG(t, device_id != NULL);
    *device_id = t->boot.device_id;
    return SFI_OK;
}

sfi_status
sfi_target_set_progress(sfi_target *t, sfi_progress_fn fn, void *user)
{
    TARGET_ENTER(t);
    t->progress = fn;
    t->progress_user = user;
    return SFI_OK;
}

void
sfi_target_cancel(sfi_target *t, int on)
{
    if (sfi__is(t, OBJ_TARGET))
        atomic_store(&t->cancelled, on != 0);
}

void
sfi_target_free(sfi_target *t)
{
    sfi__obj_free(t, OBJ_TARGET);
}
