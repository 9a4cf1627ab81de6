/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Checks before SECURITY is set for ever and before a licence is counted. */
#include "installer/known.h"

#include <string.h>

#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/hsm.h"
#include "license/store.h"

/* An HSM need not support a check: then it is made later, by the HSM when it
 * licenses, or by the chip. */
static sfi_status
known_unless_unsupported(struct sfi_installer *in, sfi_status st)
{
    if (st != SFI_ERR_UNSUPPORTED)
        return st;
    sfi__clear_error(in->obj.ctx);
    return SFI_OK;
}

sfi_status
sfi__known_image(struct sfi_installer *in)
{
    sfi_status st;

    if (in->image_known)
        return SFI_OK;
    st = known_unless_unsupported(
        in, sfi_hsm_check_image(in->hsm, in->image.data, in->image.len));
    in->image_known = st == SFI_OK;
    return st;
}

/* ---- before SECURITY ---- */

/* An open chip has never shown its certificate, so it was not counted. */
static sfi_status
known_hsm_state(struct sfi_installer *in, const sfi_hsm_info *info)
{
    sfi_ctx *ctx = in->obj.ctx;

    switch (info->state) {
    case SFI_HSM_BLANK:
        return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                         "the HSM is blank: provision it first");
    case SFI_HSM_BLOCKED:
        return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                         "the HSM is blocked: no PIN tries are left");
    case SFI_HSM_RETIRED:
        return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                         "the HSM is retired and issues no licences");
    case SFI_HSM_EXHAUSTED:
        return sfi__fail(ctx, SFI_ERR_HSM_COUNTER,
                         "no installations left: all %llu were used, and an "
                         "open chip was not counted before",
                         (unsigned long long)info->maximum);
    default:
        break;
    }
    if (in->protocol == SFI_PROTOCOL_STATIC &&
        (info->flags & SFI_HSM_LIVE_ONLY) != 0)
        return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                         "the HSM issues live licences only");
    return SFI_OK;
}

static sfi_status
known_hsm_info(struct sfi_installer *in)
{
    const char *product = sfi_chip_product_id(in->target->chip);
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st = sfi_hsm_get_info(in->hsm, &info);

    if (st != SFI_OK)
        return known_unless_unsupported(in, st);
    st = known_hsm_state(in, &info);
    if (st != SFI_OK)
        return st;
    if (info.product_id[0] != '\0' && strcmp(info.product_id, product) != 0)
        return sfi__fail(in->obj.ctx, SFI_ERR_CERTIFICATE,
                         "the HSM is for product %s, and this %s is of product "
                         "%s",
                         info.product_id, in->target->chip->name, product);
    return SFI_OK;
}

/* A stored licence was made for a certificate, which only a secure chip shows.
 */
static bool
known_may_be_stored(const struct sfi_installer *in)
{
    return in->target->secure && in->store != NULL &&
           in->protocol == SFI_PROTOCOL_STATIC;
}

static sfi_status
known_open_chip(struct sfi_installer *in)
{
    sfi_status st;

    if (in->target->secure)
        return SFI_OK;
    st = sfi__target_can_activate(in->target);
    if (st != SFI_OK)
        return sfi__target_ended(in->tp, st);
    if (in->given != NULL || in->hsm == NULL)
        return SFI_OK;
    st = known_hsm_info(in);
    if (st != SFI_OK && in->hsm->where[0] != '\0' &&
        in->obj.ctx->error.where[0] == '\0')
        (void)sfi__where(in->obj.ctx, "%s", in->hsm->where);
    return st;
}

sfi_status
sfi__known_before_security(struct sfi_installer *in)
{
    sfi_status st = known_open_chip(in);

    if (st != SFI_OK || in->given != NULL || known_may_be_stored(in))
        return st;
    if (in->hsm != NULL)
        return sfi__known_image(in);
    (void)sfi__fail(in->obj.ctx, SFI_ERR_NO_LICENSE,
                    "an open chip has never shown its certificate, so no "
                    "licence of it is stored: save its certificate, which "
                    "makes it secure for ever, and license it where the HSM "
                    "is");
    return sfi__where(in->obj.ctx, "%s", in->store->path);
}
