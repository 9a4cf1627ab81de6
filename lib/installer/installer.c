/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The installer's handle: what it is given, and running it step by step. */
#include "installer/installer.h"

#include <string.h>

#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "chip/define/define.h"
#include "license/license.h"
#include "license/store.h"

/* Eight times the largest flash: an image has it once, and some modules. */
#define IMAGE_MAX ((size_t)16 << 20)

static void
installer_destroy(void *self)
{
    sfi_installer *in = self;

    sfi__obj_unref(in->target);
    sfi__obj_unref(in->certificate);
    sfi__obj_unref(in->receipt);
    sfi__obj_unref(in->license);
    sfi__obj_unref(in->given);
    sfi__obj_unref(in->store);
    sfi__obj_unref(in->hsm);
    sfi__obj_unref(in->tp);
    sfi__buf_free(&in->image);
}

sfi_status
sfi_installer_new(sfi_ctx *ctx, const sfi_chip *chip, sfi_installer **out)
{
    sfi_installer *in;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    st = sfi__chip_need_security(ctx, chip);
    if (st != SFI_OK)
        return st;
    in = sfi__obj_new(ctx, OBJ_INSTALLER, sizeof(*in), installer_destroy);
    if (in == NULL)
        return SFI_ERR_NOMEM;
    in->dialect.ops = sfi__dialect_ours;
    atomic_init(&in->cancel, false);
    in->chip = chip;
    in->protocol = SFI_PROTOCOL_STATIC;
    sfi__buf_init(&in->image, &ctx->alloc, false);
    *out = in;
    return SFI_OK;
}

/* Settings may change until the install begins. */
static sfi_status
installer_is_changeable(sfi_installer *in)
{
    if (in->step == STEP_CHECK && !in->failed)
        return SFI_OK;
    return sfi__fail(in->obj.ctx, SFI_ERR_STATE,
                     "the install has begun: nothing can be set any more");
}

/* Replace the reference `held` by one to `given`. */
static void *
installer_hold(void *held, void *given)
{
    (void)sfi__obj_ref(given);
    sfi__obj_unref(held);
    return given;
}

sfi_status
sfi_installer_set_image_file(sfi_installer *in, const char *path)
{
    struct buf image;
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_ARG(in, path != NULL);
    st = installer_is_changeable(in);
    if (st != SFI_OK)
        return st;
    st = sfi__load(in->obj.ctx, path, IMAGE_MAX, false, &image);
    if (st != SFI_OK) {
        sfi__buf_free(&image);
        return st;
    }
    sfi__buf_free(&in->image);
    in->image = image;
    in->image_set = true;
    sfi__text_format(in->image_name, sizeof(in->image_name), "%s", path);
    return SFI_OK;
}

sfi_status
sfi_installer_set_image(sfi_installer *in, const uint8_t *data, size_t len)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_ARG(in, data != NULL);
    st = installer_is_changeable(in);
    if (st != SFI_OK)
        return st;
    if (len > IMAGE_MAX)
        return sfi__fail(in->obj.ctx, SFI_ERR_LIMIT,
                         "an image of %zu bytes, expected at most %zu", len,
                         IMAGE_MAX);
    sfi__buf_clear(&in->image);
    if (!sfi__buf_append(&in->image, data, len))
        return sfi__nomem(in->obj.ctx);
    in->image_set = true;
    in->image_name[0] = '\0';
    return SFI_OK;
}

sfi_status
sfi_installer_set_transport(sfi_installer *in, sfi_transport *tp)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_HANDLE_HERE(in, tp, TRANSPORT);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->tp = installer_hold(in->tp, tp);
    return st;
}

sfi_status
sfi_installer_set_hsm(sfi_installer *in, sfi_hsm *hsm)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_HANDLE_HERE(in, hsm, HSM);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->hsm = installer_hold(in->hsm, hsm);
    return st;
}

sfi_status
sfi_installer_set_license(sfi_installer *in, const sfi_license *lic)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_HANDLE(in, lic, LICENSE);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->given = installer_hold(in->given, (void *)(uintptr_t)lic);
    return st;
}

sfi_status
sfi_installer_set_license_store(sfi_installer *in, sfi_license_store *store)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_HANDLE_HERE(in, store, LICENSE_STORE);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->store = installer_hold(in->store, store);
    return st;
}

sfi_status
sfi_installer_set_license_path(sfi_installer *in, const char *path, int create)
{
    sfi_license_store *store = NULL;
    sfi_license *lic = NULL;
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_ARG(in, path != NULL);
    st = installer_is_changeable(in);
    if (st != SFI_OK)
        return st;
    if (create != 0 || sfi__file_is_folder(path) == 0)
        st = sfi_license_store_open(in->obj.ctx, path, create, &store);
    else
        st = sfi_license_load(in->obj.ctx, path, &lic);
    if (store != NULL)
        in->store = installer_hold(in->store, store);
    if (lic != NULL)
        in->given = installer_hold(in->given, lic);
    sfi__obj_unref(store);
    sfi__obj_unref(lic);
    return st;
}

sfi_status
sfi_installer_set_protocol(sfi_installer *in, uint32_t protocol)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    SFI_ARG(in,
            protocol == SFI_PROTOCOL_STATIC || protocol == SFI_PROTOCOL_LIVE);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->protocol = protocol;
    return st;
}

sfi_status
sfi_installer_set_dialect(sfi_installer *in, const sfi_dialect_ops *ops,
                          void *user)
{
    struct dialect d;
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        st = sfi__dialect_init(&d, in->obj.ctx, ops, user);
    if (st == SFI_OK)
        in->dialect = d;
    return st;
}

sfi_status
sfi_installer_set_erase(sfi_installer *in, int erase)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->erase = erase != 0;
    return st;
}

sfi_status
sfi_installer_set_timeout(sfi_installer *in, uint32_t connect_ms)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    st = installer_is_changeable(in);
    if (st == SFI_OK)
        in->timeout_ms = connect_ms;
    return st;
}

sfi_status
sfi_installer_set_progress(sfi_installer *in, sfi_progress_fn fn, void *user)
{
    SFI_ENTER(in, INSTALLER);
    in->progress = fn;
    in->progress_user = user;
    return SFI_OK;
}

/* ---- run ---- */

/* Is a licence of the protocol's kind given, or can one be obtained? */
static sfi_status
installer_check_license(sfi_installer *in)
{
    sfi_ctx *ctx = in->obj.ctx;
    bool is_live = in->protocol == SFI_PROTOCOL_LIVE;

    if (is_live && in->dialect.ops.session == NULL)
        return sfi__dialect_fail_no_session(ctx);
    if (in->given != NULL &&
        is_live != (sfi_license_type(in->given) == SFI_LICENSE_LIVE))
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         is_live ? "the given licence is a static one, "
                                   "expected a live one as the protocol says"
                                 : "the given licence is a live one, expected "
                                   "a static one as the protocol says");
    if (in->given != NULL || in->hsm != NULL)
        return SFI_OK;
    if (is_live)
        return sfi__fail(ctx, SFI_ERR_STATE,
                         "no live licence is set, and no HSM that could give "
                         "one");
    if (in->store == NULL)
        return sfi__fail(ctx, SFI_ERR_STATE,
                         "no licence is set, and no store or HSM that could "
                         "give one");
    return SFI_OK;
}

static sfi_status
installer_begin(sfi_installer *in)
{
    sfi_ctx *ctx = in->obj.ctx;
    sfi_status st;

    if (!in->image_set)
        return sfi__fail(ctx, SFI_ERR_STATE, "no image is set");
    if (in->tp == NULL)
        return sfi__fail(ctx, SFI_ERR_STATE, "no link to a chip is set");
    st = installer_check_license(in);
    if (st != SFI_OK)
        return st;
    in->started_ms = ctx->clock->now_ms(ctx->clock->user);
    sfi__install_report(in);
    return SFI_OK;
}

static sfi_status
installer_run_step(sfi_installer *in)
{
    sfi_ctx *ctx = in->obj.ctx;
    sfi_status st = SFI_OK;

    if (in->failed || in->step == STEP_DONE)
        return sfi__fail(in->obj.ctx, SFI_ERR_STATE,
                         "the install has ended: make another installer");
    if (in->step == STEP_CHECK)
        st = installer_begin(in);
    if (st != SFI_OK)
        return st;
    in->obj.busy = true; /* for functions of link, HSM and dialect */
    st = sfi__install_step(in);
    if (st != SFI_OK) {
        in->failed = true;
        sfi__install_clean(in);
    }
    in->obj.busy = false;
    if (st != SFI_OK || in->step == STEP_DONE)
        in->ended_ms = ctx->clock->now_ms(ctx->clock->user);
    if (st != SFI_OK) {
        sfi__error_keep(ctx, &in->failure);
        return st;
    }
    if (in->step == STEP_DONE)
        sfi__install_sum_up(in);
    sfi__install_report(in);
    return SFI_OK;
}

sfi_status
sfi_installer_step(sfi_installer *in, int *finished)
{
    sfi_status st;

    if (finished != NULL)
        *finished = 0;
    SFI_ENTER(in, INSTALLER);
    SFI_ARG(in, finished != NULL);
    st = installer_run_step(in);
    if (st == SFI_OK)
        *finished = in->step == STEP_DONE;
    return st;
}

sfi_status
sfi_installer_run(sfi_installer *in)
{
    sfi_status st;

    SFI_ENTER(in, INSTALLER);
    do {
        st = installer_run_step(in);
    } while (st == SFI_OK && in->step != STEP_DONE);
    return st;
}

const sfi_certificate *
sfi_installer_certificate(const sfi_installer *in)
{
    return sfi__is(in, OBJ_INSTALLER) ? in->certificate : NULL;
}

const sfi_chip *
sfi_installer_chip(const sfi_installer *in)
{
    if (!sfi__is(in, OBJ_INSTALLER) || in->target == NULL)
        return NULL;
    return in->target->chip;
}

const sfi_license *
sfi_installer_license(const sfi_installer *in)
{
    return sfi__is(in, OBJ_INSTALLER) ? in->license : NULL;
}

const sfi_receipt *
sfi_installer_receipt(const sfi_installer *in)
{
    return sfi__is(in, OBJ_INSTALLER) ? in->receipt : NULL;
}

const char *
sfi_installer_no_receipt(const sfi_installer *in)
{
    if (!sfi__is(in, OBJ_INSTALLER) || in->receipt != NULL ||
        in->no_receipt == NULL)
        return "";
    return in->no_receipt;
}

void
sfi_installer_cancel(sfi_installer *in)
{
    if (sfi__is(in, OBJ_INSTALLER))
        atomic_store(&in->cancel, true);
}

void
sfi_installer_free(sfi_installer *in)
{
    sfi__obj_free(in, OBJ_INSTALLER);
}
