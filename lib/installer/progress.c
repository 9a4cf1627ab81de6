/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Reports progress to the caller, and logs the result. */
#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "installer/installer.h"

uint32_t
sfi__install_phase(const struct sfi_installer *in)
{
    switch (in->step) {
    case STEP_CHECK:
    case STEP_CONNECT:
    case STEP_FIT:
        return SFI_PHASE_CONNECT;
    case STEP_SECURITY:
        return in->target->secure ? SFI_PHASE_CERTIFICATE : SFI_PHASE_SECURE;
    case STEP_INFO:
    case STEP_CERTIFICATE:
        return SFI_PHASE_CERTIFICATE;
    case STEP_LICENSE:
        return SFI_PHASE_LICENSE;
    case STEP_ERASE:
    case STEP_OPEN:
    case STEP_SEND:
        return SFI_PHASE_AREAS;
    case STEP_FINISH:
    case STEP_RECEIPT:
    case STEP_LEAVE:
        return SFI_PHASE_CONFIRM;
    case STEP_DONE:
        break;
    }
    return SFI_PHASE_DONE;
}

void
sfi__install_report(struct sfi_installer *in)
{
    const sfi_progress p = {
        .struct_size = sizeof(p),
        .phase = sfi__install_phase(in),
        .done = in->sender.at,
        .total = in->image.len,
    };

    if (in->progress == NULL)
        return;
    in->obj.busy = true;
    in->progress(in->progress_user, &p);
    in->obj.busy = false;
    sfi__clear_error(
        in->obj.ctx); /* of a failed attempt to use the installer */
}

void
sfi__install_sum_up(const struct sfi_installer *in)
{
    const struct clock *clock = in->obj.ctx->clock;
    uint64_t ms = clock->now_ms(clock->user) - in->started_ms;
    uint64_t rate = ms > 0 ? (uint64_t)in->image.len * 1000 / ms : 0;

    if (in->resumes) {
        sfi__log(in->obj.ctx, SFI_LOG_INFO,
                 "%s: the chip held this image already, and gave its receipt",
                 in->tp->name);
        return;
    }
    sfi__log(in->obj.ctx, SFI_LOG_INFO,
             "%s: %zu bytes installed in %llu.%03llu s, %llu bytes/s",
             in->tp->name, in->image.len, (unsigned long long)(ms / 1000),
             (unsigned long long)(ms % 1000), (unsigned long long)rate);
}
