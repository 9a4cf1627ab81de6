/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --gang: one HSM for all chips, each of which has a handle. */
#define _POSIX_C_SOURCE 200809L
#include "sfi_program_gang.h"

static sfi_status
gang_login_once(struct gang *g)
{
    struct program *p = g->p;

    if (g->hsm_refused != SFI_OK || p->logged_in)
        return g->hsm_refused;
    (void)pthread_mutex_lock(&g->lock);
    g->quiet = true;
    (void)pthread_mutex_unlock(&g->lock);
    g->hsm_refused = program_login_late(p);
    (void)pthread_mutex_lock(&g->lock);
    g->quiet = false;
    (void)pthread_mutex_unlock(&g->lock);
    return g->hsm_refused;
}

void
gang_copy_error(const sfi_ctx *from, sfi_ctx *to, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(from);
    const char *where = sfi_error_where(err);
    char message[512];

    (void)snprintf(message, sizeof(message), "%s%s%s", where,
                   where[0] != '\0' ? ": " : "", sfi_error_message(err));
    sfi_ctx_report(to, st, sfi_error_peer_code(err), message);
}

static sfi_status
gang_get_license(void *user, const uint8_t *cert, size_t cert_len,
                 uint32_t session, uint8_t *out, size_t *out_len)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;
    sfi_status st;

    (void)pthread_mutex_lock(&g->hsm_lock);
    st = gang_login_once(g);
    if (st == SFI_OK)
        st = program_license(g->p, cert, cert_len, session, out, out_len);
    if (st != SFI_OK)
        gang_copy_error(g->p->ctx, chip->s.ctx, st);
    chip->s.hsm.struct_size = sizeof(chip->s.hsm);
    chip->s.counted =
        st == SFI_OK && sfi_hsm_get_info(g->p->hsm, &chip->s.hsm) == SFI_OK;
    (void)pthread_mutex_unlock(&g->hsm_lock);
    return st;
}

static sfi_status
gang_get_info(void *user, sfi_hsm_info *out)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;
    sfi_status st;

    (void)pthread_mutex_lock(&g->hsm_lock);
    st = program_hsm_info(g->p, out);
    if (st != SFI_OK)
        gang_copy_error(g->p->ctx, chip->s.ctx, st);
    (void)pthread_mutex_unlock(&g->hsm_lock);
    return st;
}

static sfi_status
gang_check_image(void *user, const uint8_t *header, size_t header_len)
{
    struct chip *chip = user;
    struct gang *g = chip->gang;
    sfi_status st;

    (void)pthread_mutex_lock(&g->hsm_lock);
    st = gang_login_once(g);
    if (st == SFI_OK)
        st = sfi_hsm_check_image(g->p->hsm, header, header_len);
    if (st != SFI_OK)
        gang_copy_error(g->p->ctx, chip->s.ctx, st);
    (void)pthread_mutex_unlock(&g->hsm_lock);
    return st;
}

sfi_status
chip_set_shared_hsm(struct chip *chip)
{
    const sfi_hsm_ops ops = {
        .struct_size = sizeof(ops),
        .info = gang_get_info,
        .license = gang_get_license,
        .check_image = gang_check_image,
    };
    sfi_hsm *hsm = NULL;
    sfi_status st = sfi_hsm_open_custom(chip->s.ctx, &ops, chip, &hsm);

    if (st == SFI_OK)
        st = sfi_installer_set_hsm(chip->s.in, hsm);
    sfi_hsm_free(hsm); /* the installer holds a reference */
    return st;
}
