/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A lock of a file beside the vault, which ends with the process, however it
 * ends. */
#include "hsm/vault/ledger_hold.h"

#include <errno.h>

#include "util/fd.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/vault/ledger_db.h"

#define HOLD_SUFFIX "-server"
/* A person does not notice so short a wait after the other server has ended. */
#define HOLD_NAP_MS 50u

static sfi_status
hold_fail_os(sfi_ctx *ctx, int err)
{
    if (err == ELOOP)
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "the vault's *" HOLD_SUFFIX
                         " is a symbolic link, expected a file of its own");
    if (err == FD_LOCKED || err == FD_FORKED)
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "the vault's *" HOLD_SUFFIX
                         " is a part of a vault, expected a file of its own");
    return sfi__fail_os(ctx, sfi__os_status(err), err,
                        "the vault's *" HOLD_SUFFIX " cannot be locked");
}

static sfi_status
hold_lock(sfi_ctx *ctx, int fd, uint32_t timeout_ms)
{
    const struct clock *clock = ctx->clock;
    struct deadline dl = sfi__deadline_in(clock, timeout_ms);

    for (;;) {
        uint32_t left = sfi__deadline_left(&dl);

        int err = sfi__sys_lock(fd, SYS_LOCK);

        if (err == 0)
            return SFI_OK;
        if (err != EAGAIN)
            return hold_fail_os(ctx, err);
        if (left == 0)
            return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                             "another licence server holds the vault");
        clock->sleep_ms(clock->user, left < HOLD_NAP_MS ? left : HOLD_NAP_MS);
    }
}

sfi_status
sfi__ledger_hold(sfi_ctx *ctx, const char *path, uint32_t timeout_ms, int *fd)
{
    char *name = sfi__db_path(ctx, path, HOLD_SUFFIX);
    sfi_status st;
    int err;

    *fd = -1;
    if (name == NULL)
        return SFI_ERR_NOMEM;
    err = sfi__fd_open(name,
                       SYS_READ_WRITE | SYS_CREATE | SYS_NO_LINK | SYS_NO_WAIT,
                       0600, fd);
    sfi__ctx_dealloc(ctx, name);
    if (err != 0)
        return hold_fail_os(ctx, err);
    st = hold_lock(ctx, *fd, timeout_ms);
    if (st == SFI_OK)
        return SFI_OK;
    (void)sfi__fd_close(*fd);
    *fd = -1;
    return st;
}
