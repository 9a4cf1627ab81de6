/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What is done at an HSM, on the thread of its place. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/hsm.h"

void
work_clear(struct work *w)
{
    free(w->form);
    cli_wipe(w, sizeof(*w));
}

/* A failure of the library, or `message`. */
static sfi_status
work_fail(struct place *p, struct result *r, sfi_status st, const char *where,
          const char *message)
{
    if (st == SFI_OK)
        return st;
    r->st = st;
    (void)snprintf(r->where, sizeof(r->where), "%s", where);
    (void)snprintf(r->message, sizeof(r->message), "%.1000s",
                   message != NULL ? message
                                   : sfi_error_message(sfi_ctx_error(p->ctx)));
    return st;
}

/* ---- looking ---- */

static void
look_at_devices(sfi_hsm *hsm, struct seen *s)
{
    for (uint64_t i = s->info.records; i > 0 && s->device_count < DEVICES_MAX &&
                                       s->info.records - i < DEVICES_MAX;
         i--) {
        sfi_audit_record *r = &s->devices[s->device_count];

        r->struct_size = sizeof(*r);
        if (sfi_hsm_get_audit_record(hsm, i, r) != SFI_OK)
            break;
        s->device_count++;
    }
}

static void
look_at(struct place *p, const char *name, struct seen *s)
{
    sfi_hsm *hsm = NULL;

    s->any = true;
    s->at = time(NULL);
    s->info.struct_size = sizeof(s->info);
    s->head.struct_size = sizeof(s->head);
    s->st = sfi_hsm_open(p->ctx, name, &hsm);
    if (s->st == SFI_OK)
        s->st = sfi_hsm_get_info(hsm, &s->info);
    if (s->st != SFI_OK)
        (void)snprintf(s->message, sizeof(s->message), "%.1000s",
                       sfi_error_message(sfi_ctx_error(p->ctx)));
    else if (s->info.state != SFI_HSM_BLANK) {
        s->has_head = sfi_hsm_get_audit_head(hsm, &s->head) == SFI_OK;
        look_at_devices(hsm, s);
    }
    sfi_hsm_free(hsm);
}

/* ---- work ---- */

/* Another HSM may be in the reader by now: it gets no PIN. */
static sfi_status
work_open(struct place *p, const struct work *w, const char *name,
          sfi_hsm **hsm, struct result *r)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st = sfi_hsm_open(p->ctx, name, hsm);

    if (st == SFI_OK)
        st = sfi_hsm_get_info(*hsm, &info);
    if (st != SFI_OK)
        return work_fail(p, r, st, "hsm", NULL);
    if (w->kind == WORK_UNLOCK && info.state == SFI_HSM_BLANK)
        return work_fail(p, r, SFI_ERR_HSM_STATE, "pin",
                         "this HSM is blank: it has no PIN that could be "
                         "tried");
    /* one that was not read yet is unlocked by its name alone */
    if ((w->kind != WORK_UNLOCK || w->serial[0] != '\0') &&
        strcmp(info.serial, w->serial) != 0)
        return work_fail(p, r, SFI_ERR_HSM_STATE, "hsm",
                         "this is a different HSM than the page showed: look "
                         "again");
    if (w->pin.len > 0 && info.pin_tries_left == 1 && !w->last_try)
        return work_fail(p, r, SFI_ERR_HSM_PIN, "pin",
                         "only one try is left: a wrong PIN would block this "
                         "HSM for ever");
    return SFI_OK;
}

static sfi_status
work_log_in(struct place *p, const struct work *w, sfi_hsm *hsm,
            struct result *r)
{
    if (p->kind == PLACE_SERVER)
        return SFI_OK;
    return work_fail(p, r, sfi_hsm_login(hsm, w->pin.pin_secret, w->pin.len),
                     "pin", NULL);
}

/* Without the audit key nobody could verify the audit log, so it is on the disk
 * before the HSM locks. */
static sfi_status
work_audit_key(struct place *p, const char *path,
               uint8_t key_secret[SFI_AUDIT_KEY_LEN])
{
    sfi_status st = sfi_audit_key_load(p->ctx, path, key_secret);

    if (st == SFI_OK || sfi_error_os_code(sfi_ctx_error(p->ctx)) != ENOENT)
        return st;
    st = sfi_audit_key_create(p->ctx, path);
    return st == SFI_OK ? sfi_audit_key_load(p->ctx, path, key_secret) : st;
}

static sfi_status
work_provision(struct place *p, const struct work *w, sfi_hsm *hsm,
               struct result *r)
{
    const struct hsm_form *f = w->form;
    uint8_t nonce_secret[SFI_NONCE_LEN], audit_secret[SFI_AUDIT_KEY_LEN];
    sfi_provision_options options = {.struct_size = sizeof(options)};
    sfi_personalization *perso = NULL;
    sfi_key *key = NULL;
    sfi_status st =
        work_fail(p, r, sfi_key_load(p->ctx, f->key, &key), "key", NULL);

    if (st == SFI_OK)
        st = work_fail(p, r, sfi_nonce_load(p->ctx, f->nonce, nonce_secret),
                       "nonce", NULL);
    if (st == SFI_OK)
        st = work_fail(p, r, sfi_personalization_load(p->ctx, f->perso, &perso),
                       "perso", NULL);
    if (st == SFI_OK)
        st = work_log_in(p, w, hsm, r);
    if (st == SFI_OK && f->audit_key[0] != '\0') {
        options.audit_key = audit_secret;
        st = work_fail(p, r, work_audit_key(p, f->audit_key, audit_secret),
                       "audit_key", NULL);
    }
    options.low_water = f->low_water;
    options.flags = f->live_only ? SFI_HSM_LIVE_ONLY : 0u;
    if (st == SFI_OK)
        st = work_fail(p, r,
                       sfi_hsm_provision(hsm, key, nonce_secret,
                                         sizeof(nonce_secret), f->firmware_id,
                                         f->count, perso, &options),
                       "hsm", NULL);
    cli_wipe(nonce_secret, sizeof(nonce_secret));
    cli_wipe(audit_secret, sizeof(audit_secret));
    sfi_personalization_free(perso);
    sfi_key_free(key);
    return st;
}

static sfi_status
work_do(struct place *p, const struct work *w, sfi_hsm *hsm, struct result *r)
{
    sfi_status st = SFI_OK;

    switch (w->kind) {
    case WORK_NONE:
        break;
    case WORK_UNLOCK:
        return work_log_in(p, w, hsm, r);
    case WORK_PROVISION:
        return work_provision(p, w, hsm, r);
    case WORK_RETIRE:
        st = work_log_in(p, w, hsm, r);
        return st != SFI_OK ? st
                            : work_fail(p, r, sfi_hsm_retire(hsm), "hsm", NULL);
    case WORK_AUDIT:
        return work_fail(p, r, sfi_hsm_export_audit(hsm, w->path), "path",
                         NULL);
    case WORK_VERIFY:
        st = work_log_in(p, w, hsm, r);
        return st != SFI_OK
                   ? st
                   : work_fail(p, r, sfi_hsm_verify_audit(hsm), "hsm", NULL);
    }
    return st;
}

/* ---- the thread ---- */

/* With the lock: what the HSM said; another one than before gets no PIN. */
static void
run_seen(struct place *p, const struct seen *s)
{
    p->seen = *s;
    if (s->st != SFI_OK || strcmp(p->serial, s->info.serial) == 0)
        return;
    hsm_forget(p);
    (void)snprintf(p->serial, sizeof(p->serial), "%s", s->info.serial);
}

/* With the lock, which it gives up while the HSM works. */
static void
run_once(struct place *p)
{
    struct hsm *h = p->hsm;
    struct work w = p->work;
    struct result r = p->result;
    struct seen *s = calloc(1, sizeof(*s));
    char name[PLACE_NAME_MAX];
    sfi_hsm *hsm = NULL;

    memcpy(name, p->name, sizeof(name));
    cli_wipe(&p->work, sizeof(p->work));
    p->looks = false;
    (void)pthread_mutex_unlock(&h->lock);
    if (w.kind != WORK_NONE && work_open(p, &w, name, &hsm, &r) == SFI_OK)
        (void)work_do(p, &w, hsm, &r);
    sfi_hsm_free(hsm);
    if (s != NULL)
        look_at(p, name, s);
    (void)pthread_mutex_lock(&h->lock);
    /* It may have gone meanwhile, and another one taken its place. */
    if (s != NULL && strcmp(name, p->name) == 0 &&
        (p->kind != PLACE_CARD || p->card))
        run_seen(p, s);
    if (w.kind != WORK_NONE) {
        r.runs = false;
        p->result = r;
        p->is_new = false;
        if (r.st == SFI_OK &&
            (w.kind == WORK_UNLOCK || w.kind == WORK_PROVISION))
            shift_hold(w.serial[0] != '\0' ? w.serial : p->serial,
                       w.pin.pin_secret); /* a blank one had no number */
    }
    work_clear(&w);
    free(s);
    hsm_tell(p);
}

void *
hsm_run(void *place)
{
    struct place *p = place;
    struct hsm *h = p->hsm;

    (void)pthread_mutex_lock(&h->lock);
    while (!h->ends) {
        if (p->there && (p->looks || p->work.kind != WORK_NONE))
            run_once(p);
        else
            (void)pthread_cond_wait(&h->asked, &h->lock);
    }
    (void)pthread_mutex_unlock(&h->lock);
    return NULL;
}
