/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One step of a writer: what the HSM is asked, and the answers as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "served/writer.h"

/* ---- what stations have seen ---- */

/* By sequence, so that an entry is found at once, and kept for long. */
void
ring_put(struct firmware *f, uint64_t sequence, const uint8_t head[32])
{
    struct ring_entry *e = &f->ring[sequence % RING_MAX];

    e->sequence = sequence + 1; /* 0: empty */
    memcpy(e->head, head, sizeof(e->head));
}

void
ring_clear(struct firmware *f)
{
    memset(f->ring, 0, sizeof(f->ring));
}

static bool
ring_has(const struct firmware *f, uint64_t sequence, const uint8_t head[32])
{
    const struct ring_entry *e = &f->ring[sequence % RING_MAX];

    return e->sequence == sequence + 1 &&
           memcmp(e->head, head, sizeof(e->head)) == 0;
}

static sfi_status
step_check_known(struct firmware *f, struct job *j)
{
    sfi_status st;

    if (ring_has(f, j->known, j->known_head))
        return SFI_OK;
    j->restored = (sfi_hsm_known){.struct_size = sizeof(j->restored)};
    st = sfi_hsm_check_known(f->hsm, j->known, j->known_head, &j->restored);
    if (st == SFI_OK && j->restored.sequence == 0)
        ring_put(f, j->known, j->known_head);
    return st;
}

/* ---- statuses ---- */

/* How an error of the HSM looks to a station. */
static unsigned
step_http_of(sfi_status st)
{
    switch (st) {
    case SFI_ERR_CERTIFICATE:
    case SFI_ERR_HSM_COUNTER:
    case SFI_ERR_HSM_STATE:
    case SFI_ERR_HSM_ROLLBACK:
    case SFI_ERR_AUTH:
    case SFI_ERR_UNSUPPORTED:
        return 409;
    case SFI_ERR_FORMAT:
    case SFI_ERR_TRUNCATED:
    case SFI_ERR_RANGE:
        return 400;
    case SFI_ERR_IO:
    case SFI_ERR_TIMEOUT:
    case SFI_ERR_NO_DEVICE:
    case SFI_ERR_ACCESS:
    case SFI_ERR_OS:
    case SFI_ERR_NOMEM:
        return 503;
    default:
        return 500;
    }
}

static void
step_fail(struct firmware *f, struct job *j, sfi_status st)
{
    const sfi_error *e = sfi_ctx_error(f->ctx);
    const char *where = sfi_error_where(e);
    char text[600];

    if (e == NULL)
        (void)snprintf(text, sizeof(text), "%s", sfi_status_str(st));
    else
        (void)snprintf(text, sizeof(text), "%s%s%s", where,
                       where[0] != '\0' ? ": " : "", sfi_error_message(e));
    job_fail(j, step_http_of(st), st, text);
}

/* Only a link that failed, or an HSM that is damaged, concerns others too. */
static bool
step_is_of_all(sfi_status st)
{
    return st != SFI_OK && step_http_of(st) >= 500;
}

/* ---- answers ---- */

static void
step_answer(struct job *j, json_t *root)
{
    j->body = root != NULL ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (j->body == NULL)
        job_fail(j, 503, SFI_ERR_NOMEM, "the server has no memory");
    else
        j->http = 200;
}

static bool
step_put_hex(json_t *root, const char *name, const uint8_t *data, size_t len)
{
    char text[2 * SFI_LEASE_LEN + 1];

    if (len > SFI_LEASE_LEN)
        return false;
    return json_object_set_new_nocheck(
               root, name, json_string_nocheck(api_hex(text, data, len))) == 0;
}

static void
step_put_number(json_t *root, const char *name, uint64_t value)
{
    (void)json_object_set_new_nocheck(root, name,
                                      json_integer((json_int_t)value));
}

/* Where the chain ends, which every answer tells. */
static void
step_put_end(const struct firmware *f, json_t *root)
{
    (void)step_put_hex(root, "serial", f->head.serial, sizeof(f->head.serial));
    step_put_number(root, "sequence", f->head.sequence);
    (void)step_put_hex(root, "head", f->head.audit_head,
                       sizeof(f->head.audit_head));
    step_put_number(root, "remaining", f->head.remaining);
}

sfi_status
step_check_seen(struct firmware *f)
{
    sfi_hsm_known known = {.struct_size = sizeof(known)};
    sfi_status st = f->seen == 0 ? SFI_OK
                                 : sfi_hsm_check_known(f->hsm, f->seen,
                                                       f->seen_head, &known);

    f->went_back = st == SFI_ERR_HSM_ROLLBACK;
    if (st != SFI_OK || known.sequence == 0)
        return st == SFI_ERR_UNSUPPORTED ? SFI_OK : st;
    f->seen = 0;
    ring_clear(f); /* of a chain that is gone: stations are asked again */
    return SFI_OK;
}

sfi_status
step_read_head(struct firmware *f)
{
    sfi_status st;

    f->head.struct_size = sizeof(f->head);
    st = sfi_hsm_get_audit_head(f->hsm, &f->head);
    if (st == SFI_OK && f->head.sequence < f->seen)
        st = step_check_seen(f);
    if (st != SFI_OK)
        return st;
    ring_put(f, f->head.sequence, f->head.audit_head);
    if (f->head.sequence > f->seen) {
        f->seen = f->head.sequence;
        memcpy(f->seen_head, f->head.audit_head, sizeof(f->seen_head));
    }
    (void)pthread_mutex_lock(&f->lock);
    f->facts.remaining = f->head.remaining;
    f->facts.maximum = f->head.maximum;
    f->facts.low_water = f->head.low_water;
    f->facts.sequence = f->head.sequence;
    (void)pthread_mutex_unlock(&f->lock);
    return SFI_OK;
}

/* Its record was lost, and the owner has said so. */
static void
step_put_restored(json_t *root, const sfi_hsm_known *known)
{
    json_t *object = known->sequence != 0 ? json_object() : NULL;

    if (object == NULL)
        return;
    step_put_number(object, "sequence", known->sequence);
    step_put_number(object, "lost", known->lost);
    (void)json_object_set_new_nocheck(root, "restored", object);
}

/* ---- licences ---- */

struct step {
    struct firmware *f;
    struct job **jobs; /* that are asked for */
    size_t count;
    sfi_certificate **certs;
    uint32_t *sessions;
};

/* Before anything is counted: the certificate, the image, and what the station
 * has seen. */
static sfi_status
step_prepare(struct firmware *f, struct job *j, sfi_certificate **cert)
{
    sfi_status st =
        sfi_certificate_parse(f->ctx, j->cert, sizeof(j->cert), cert);

    if (st == SFI_OK)
        (void)snprintf(j->device, sizeof(j->device), "%s",
                       sfi_certificate_device_id(*cert));
    if (st == SFI_OK && j->has_known)
        st = step_check_known(f, j);
    if (st == SFI_OK && j->has_image)
        st = sfi_hsm_check_image(f->hsm, j->image, sizeof(j->image));
    if (st == SFI_OK && !j->is_live && firmware_is_live_only(f)) {
        st = SFI_ERR_HSM_STATE;
        sfi_ctx_report(f->ctx, st, 0, "the HSM issues live licences only");
    }
    if (st != SFI_OK) {
        step_fail(f, j, st);
        sfi_certificate_free(*cert);
        *cert = NULL;
    }
    return st;
}

/* The callback of the HSM: what became of one. */
static void
step_on_result(void *user, const sfi_license_result *r)
{
    const struct step *s = user;
    struct job *j = s->jobs[r->index];
    json_t *root;

    j->count = r->count;
    j->again = r->count == SFI_COUNT_AGAIN;
    if (r->status != SFI_OK) {
        step_fail(s->f, j, r->status);
        return;
    }
    root = json_object();
    if (root != NULL &&
        !step_put_hex(root, "license", sfi_license_data(r->license, NULL),
                      SFI_LICENSE_LEN)) {
        json_decref(root);
        root = NULL;
    }
    j->answer = root;
}

/* The rest of the answers, which tell where the chain ends now. */
static void
step_finish(struct step *s, sfi_status st)
{
    for (size_t i = 0; i < s->count; i++) {
        struct job *j = s->jobs[i];
        json_t *root = j->answer;

        j->answer = NULL;
        if (st == SFI_OK && root != NULL) {
            step_put_end(s->f, root);
            (void)json_object_set_new_nocheck(root, "again",
                                              json_boolean(j->again));
            step_put_restored(root, &j->restored);
            step_answer(j, root);
            continue;
        }
        json_decref(root);
        if (j->body == NULL)
            step_fail(s->f, j, st != SFI_OK ? st : SFI_ERR_NOMEM);
    }
}

static sfi_status
step_ask(struct step *s)
{
    sfi_status st = sfi_hsm_generate_licenses(
        s->f->hsm, (const sfi_certificate *const *)s->certs, s->sessions,
        s->count, NULL, step_on_result, s);

    if (st == SFI_OK)
        st = step_read_head(s->f);
    step_finish(s, st);
    return st;
}

static sfi_status
step_licenses(struct firmware *f, struct job **jobs, size_t count)
{
    sfi_certificate *certs[SFI_LICENSES_MAX];
    uint32_t sessions[SFI_LICENSES_MAX];
    struct job *asked[SFI_LICENSES_MAX];
    struct step s = {
        .f = f, .jobs = asked, .certs = certs, .sessions = sessions};
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < count; i++) {
        sfi_status one = st;

        if (st == SFI_OK)
            one = step_prepare(f, jobs[i], &certs[s.count]);
        else
            step_fail(f, jobs[i], st);
        if (step_is_of_all(one))
            st = one;
        if (one == SFI_OK) {
            sessions[s.count] = jobs[i]->is_live ? jobs[i]->session : 0;
            asked[s.count++] = jobs[i];
        }
    }
    if (st != SFI_OK)
        step_finish(&s, st);
    else if (s.count > 0)
        st = step_ask(&s);
    for (size_t i = 0; i < s.count; i++)
        sfi_certificate_free(certs[i]);
    return st;
}

/* ---- the others ---- */

static sfi_status
step_check(struct firmware *f, struct job *j)
{
    sfi_status st = sfi_hsm_check_image(f->hsm, j->image, sizeof(j->image));
    json_t *root;

    if (st == SFI_OK)
        st = step_read_head(f);
    if (st != SFI_OK) {
        step_fail(f, j, st);
        return st;
    }
    root = json_object();
    step_put_end(f, root);
    step_answer(j, root);
    return SFI_OK;
}

static void
step_put_head(const struct firmware *f, json_t *root, const sfi_hsm_info *info)
{
    const sfi_audit_head *h = &f->head;

    (void)json_object_set_new(root, "state",
                              json_string(sfi_hsm_state_name(info->state)));
    (void)json_object_set_new(root, "firmware", json_string(h->firmware_id));
    (void)json_object_set_new(root, "product", json_string(h->product_id));
    step_put_number(root, "maximum", h->maximum);
    step_put_number(root, "low_water", h->low_water);
    step_put_number(root, "flags", h->flags);
    step_put_number(root, "records", h->sequence);
    (void)step_put_hex(root, "ca_public", h->ca_public, sizeof(h->ca_public));
    (void)step_put_hex(root, "genesis", h->genesis, sizeof(h->genesis));
    (void)step_put_hex(root, "mac", h->mac, sizeof(h->mac));
    step_put_number(root, "lease", h->lease);
    step_put_number(root, "expires", h->expires);
    (void)step_put_hex(root, "parent", h->parent, sizeof(h->parent));
    (void)step_put_hex(root, "lease_record", h->lease_record,
                       sizeof(h->lease_record));
    step_put_end(f, root);
}

static sfi_status
step_read_info(struct firmware *f, struct job *j, sfi_hsm_info *info)
{
    sfi_status st;

    *info = (sfi_hsm_info){.struct_size = sizeof(*info)};
    st = sfi_hsm_get_info(f->hsm, info);
    if (st == SFI_OK)
        st = step_read_head(f);
    if (st != SFI_OK)
        step_fail(f, j, st);
    return st;
}

static sfi_status
step_info(struct firmware *f, struct job *j)
{
    sfi_hsm_info info;
    sfi_status st = step_read_info(f, j, &info);
    json_t *root;

    if (st != SFI_OK)
        return st;
    st = j->has_known ? step_check_known(f, j) : SFI_OK;
    if (st != SFI_OK) {
        step_fail(f, j, st);
        return st;
    }
    root = json_object();
    step_put_head(f, root, &info);
    step_put_restored(root, &j->restored);
    step_answer(j, root);
    return SFI_OK;
}

static json_t *
step_record(const sfi_audit_record *r)
{
    const struct {
        const char *name;
        const uint8_t *data;
    } hashes[] = {
        {"device", r->device},     {"license", r->license},
        {"previous", r->previous}, {"hash", r->hash},
        {"mac", r->mac},
    };
    json_t *root = json_object();

    step_put_number(root, "kind", r->kind);
    step_put_number(root, "sequence", r->sequence);
    step_put_number(root, "time", r->time);
    step_put_number(root, "remaining", r->remaining);
    step_put_number(root, "session", r->session);
    step_put_number(root, "amount", r->amount);
    step_put_number(root, "detail", r->detail);
    for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++)
        (void)step_put_hex(root, hashes[i].name, hashes[i].data,
                           sizeof(r->hash));
    return root;
}

#define AUDIT_MAX 64u /* records in an answer */

static sfi_status
step_audit(struct firmware *f, struct job *j)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};
    json_t *root, *head, *records;
    sfi_hsm_info info;
    sfi_status st = step_read_info(f, j, &info);

    if (st != SFI_OK)
        return st;
    root = json_object();
    head = json_object();
    records = json_array();
    step_put_head(f, head, &info);
    for (uint64_t n = j->from;
         st == SFI_OK && n <= f->head.sequence && n < j->from + AUDIT_MAX;
         n++) {
        st = sfi_hsm_get_audit_record(f->hsm, n, &r);
        if (st == SFI_OK)
            (void)json_array_append_new(records, step_record(&r));
    }
    (void)json_object_set_new(root, "head", head);
    (void)json_object_set_new(root, "records", records);
    if (st == SFI_OK)
        step_answer(j, root);
    else
        json_decref(root);
    if (st != SFI_OK)
        step_fail(f, j, st);
    return st;
}

/* ---- leases ---- */

/* After a failure nobody knows what is stored; it may be asked again. */
static sfi_status
step_fail_lease(struct firmware *f, struct job *j, sfi_status st)
{
    if (step_is_of_all(st))
        j->count = SFI_COUNT_UNKNOWN;
    step_fail(f, j, st);
    return st;
}

static sfi_status
step_lease(struct firmware *f, struct job *j)
{
    uint8_t lease[SFI_LEASE_LEN];
    size_t len = sizeof(lease);
    sfi_status st =
        sfi_hsm_lease(f->hsm, j->lease_request, sizeof(j->lease_request),
                      j->lease_count, j->lease_seconds, lease, &len);
    json_t *root;

    if (st == SFI_OK)
        st = step_read_head(f);
    if (st != SFI_OK)
        return step_fail_lease(f, j, st);
    root = json_object();
    (void)step_put_hex(root, "lease", lease, len);
    step_put_end(f, root);
    step_answer(j, root);
    return SFI_OK;
}

static sfi_status
step_return(struct firmware *f, struct job *j)
{
    uint64_t returned = 0;
    sfi_status st = sfi_hsm_return_lease(f->hsm, j->lease_end,
                                         sizeof(j->lease_end), &returned);
    json_t *root;

    if (st == SFI_OK)
        st = step_read_head(f);
    if (st != SFI_OK)
        return step_fail_lease(f, j, st);
    root = json_object();
    step_put_number(root, "returned", returned);
    step_put_end(f, root);
    step_answer(j, root);
    return SFI_OK;
}

sfi_status
step_do(struct firmware *f, struct job **jobs, size_t count)
{
    sfi_status st = SFI_OK;

    switch (jobs[0]->kind) {
    case JOB_LICENSE:
        st = step_licenses(f, jobs, count);
        break;
    case JOB_CHECK:
        st = step_check(f, jobs[0]);
        break;
    case JOB_INFO:
        st = step_info(f, jobs[0]);
        break;
    case JOB_AUDIT:
        st = step_audit(f, jobs[0]);
        break;
    case JOB_LEASE:
        st = step_lease(f, jobs[0]);
        break;
    case JOB_RETURN:
        st = step_return(f, jobs[0]);
        break;
    }
    return step_is_of_all(st) || st == SFI_ERR_HSM_STATE ? st : SFI_OK;
}
