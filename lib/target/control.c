/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reset the chip of a target, or halt its core. */
#include "core/err.h"
#include "boot/debug_port.h"
#include "target/target.h"

static sfi_status
control_need_debug_port(sfi_target *t, const char *what)
{
    if (t->tp->kind != TRANSPORT_DAP)
        return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "%s needs a debug port, and this link has none", what);
    if (t->secure)
        return sfi__fail(t->obj.ctx, SFI_ERR_STATE,
                         "%s needs the core, which a secure chip does not show",
                         what);
    return SFI_OK;
}

static sfi_status
control_reset(sfi_target *t, uint32_t how)
{
    sfi_status st;

    if (how == SFI_RESET_LINE)
        return sfi__transport_reset(t->tp, false);
    if (how != SFI_RESET_CORE)
        return sfi__fail(t->obj.ctx, SFI_ERR_ARGUMENT,
                         "a reset of kind %u, expected SFI_RESET_LINE or "
                         "SFI_RESET_CORE",
                         (unsigned)how);
    st = control_need_debug_port(t, "a reset by the core");
    return st == SFI_OK ? sfi__debug_core_reset(&t->boot) : st;
}

static sfi_status
control_halt(sfi_target *t)
{
    sfi_status st = control_need_debug_port(t, "a halt");

    return st == SFI_OK ? sfi__debug_core_halt(&t->boot) : st;
}

/* ---- public ---- */

sfi_status
sfi_target_reset(sfi_target *t, uint32_t how)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, control_reset(t, how));
}

sfi_status
sfi_target_halt(sfi_target *t)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, control_halt(t));
}
