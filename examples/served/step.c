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
static void
ring_put(struct firmware *f, uint64_t sequence, const uint8_t head[32])
{
    struct ring_entry *e = &f->ring[sequence % RING_MAX];

    (void)pthread_mutex_lock(&f->lock);
    e->sequence = sequence + 1; /* 0: empty */
    memcpy(e->head, head, sizeof(e->head));
    (void)pthread_mutex_unlock(&f->lock);
}

void
ring_clear(struct firmware *f)
{
    (void)pthread_mutex_lock(&f->lock);
    memset(f->ring, 0, sizeof(f->ring));
    (void)pthread_mutex_unlock(&f->lock);
}

static bool
ring_has(struct firmware *f, uint64_t sequence, const uint8_t head[32])
{
    const struct ring_entry *e = &f->ring[sequence % RING_MAX];
    bool has;

    (void)pthread_mutex_lock(&f->lock);
    has = e->sequence == sequence + 1 &&
          memcmp(e->head, head, sizeof(e->head)) == 0;
    (void)pthread_mutex_unlock(&f->lock);
    return has;
}

static sfi_status
step_check_known(struct writer *w, struct job *j)
{
    sfi_status st;

    if (ring_has(w->f, j->known, j->known_head))
        return SFI_OK;
    j->restored = (sfi_hsm_known){.struct_size = sizeof(j->restored)};
    st = sfi_hsm_check_known(w->hsm, j->known, j->known_head, &j->restored);
    if (st == SFI_OK && j->restored.sequence == 0)
        ring_put(w->f, j->known, j->known_head);
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
step_fail(struct writer *w, struct job *j, sfi_status st)
{
    const sfi_error *e = sfi_ctx_error(w->ctx);
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
step_put_end(const struct writer *w, json_t *root)
{
    (void)step_put_hex(root, "serial", w->head.serial, sizeof(w->head.serial));
    step_put_number(root, "sequence", w->head.sequence);
    (void)step_put_hex(root, "head", w->head.audit_head,
                       sizeof(w->head.audit_head));
    step_put_number(root, "remaining", w->head.remaining);
}

static struct ring_entry
step_seen(struct firmware *f)
{
    struct ring_entry seen;

    (void)pthread_mutex_lock(&f->lock);
    seen = f->seen;
    (void)pthread_mutex_unlock(&f->lock);
    return seen;
}

sfi_status
step_check_seen(struct writer *w)
{
    struct ring_entry seen = step_seen(w->f);
    sfi_hsm_known known = {.struct_size = sizeof(known)};
    sfi_status st =
        seen.sequence == 0
            ? SFI_OK
            : sfi_hsm_check_known(w->hsm, seen.sequence, seen.head, &known);

    w->went_back = st == SFI_ERR_HSM_ROLLBACK;
    if (st != SFI_OK || known.sequence == 0)
        return st == SFI_ERR_UNSUPPORTED ? SFI_OK : st;
    (void)pthread_mutex_lock(&w->f->lock);
    w->f->seen.sequence = 0;
    (void)pthread_mutex_unlock(&w->f->lock);
    ring_clear(w->f); /* of a chain that is gone: stations are asked again */
    return SFI_OK;
}

static void
step_see(struct firmware *f, const sfi_audit_head *head)
{
    ring_put(f, head->sequence, head->audit_head);
    (void)pthread_mutex_lock(&f->lock);
    if (head->sequence > f->seen.sequence) {
        f->seen.sequence = head->sequence;
        memcpy(f->seen.head, head->audit_head, sizeof(f->seen.head));
    }
    if (head->sequence >= f->seen.sequence) {
        f->facts.remaining = head->remaining;
        f->facts.maximum = head->maximum;
        f->facts.low_water = head->low_water;
        f->facts.sequence = head->sequence;
    }
    (void)pthread_mutex_unlock(&f->lock);
}

sfi_status
step_read_head(struct writer *w)
{
    /* before it is read: the other writer may go on meanwhile */
    uint64_t seen = step_seen(w->f).sequence;
    sfi_status st;

    w->head.struct_size = sizeof(w->head);
    st = sfi_hsm_get_audit_head(w->hsm, &w->head);
    if (st == SFI_OK && w->head.sequence < seen)
        st = step_check_seen(w);
    if (st == SFI_OK)
        step_see(w->f, &w->head);
    return st;
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
    struct writer *w;
    struct job **jobs; /* that are asked for */
    size_t count;
    sfi_certificate **certs;
    uint32_t *sessions;
};

/* Before anything is counted: the certificate, the image, and what the station
 * has seen. */
static sfi_status
step_prepare(struct writer *w, struct job *j, sfi_certificate **cert)
{
    sfi_status st =
        sfi_certificate_parse(w->ctx, j->cert, sizeof(j->cert), cert);

    if (st == SFI_OK)
        (void)snprintf(j->device, sizeof(j->device), "%s",
                       sfi_certificate_device_id(*cert));
    if (st == SFI_OK && j->has_known)
        st = step_check_known(w, j);
    if (st == SFI_OK && j->has_image)
        st = sfi_hsm_check_image(w->hsm, j->image, sizeof(j->image));
    if (st == SFI_OK && !j->is_live && firmware_is_live_only(w->f)) {
        st = SFI_ERR_HSM_STATE;
        sfi_ctx_report(w->ctx, st, 0, "the HSM issues live licences only");
    }
    if (st != SFI_OK) {
        step_fail(w, j, st);
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
        step_fail(s->w, j, r->status);
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
            step_put_end(s->w, root);
            (void)json_object_set_new_nocheck(root, "again",
                                              json_boolean(j->again));
            step_put_restored(root, &j->restored);
            step_answer(j, root);
            continue;
        }
        json_decref(root);
        if (j->body == NULL)
            step_fail(s->w, j, st != SFI_OK ? st : SFI_ERR_NOMEM);
    }
}

static sfi_status
step_ask(struct step *s)
{
    sfi_status st = sfi_hsm_generate_licenses(
        s->w->hsm, (const sfi_certificate *const *)s->certs, s->sessions,
        s->count, NULL, step_on_result, s);

    if (st == SFI_OK)
        st = step_read_head(s->w);
    step_finish(s, st);
    return st;
}

static sfi_status
step_licenses(struct writer *w, struct job **jobs, size_t count)
{
    sfi_certificate *certs[SFI_LICENSES_MAX];
    uint32_t sessions[SFI_LICENSES_MAX];
    struct job *asked[SFI_LICENSES_MAX];
    struct step s = {
        .w = w, .jobs = asked, .certs = certs, .sessions = sessions};
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < count; i++) {
        sfi_status one = st;

        if (st == SFI_OK)
            one = step_prepare(w, jobs[i], &certs[s.count]);
        else
            step_fail(w, jobs[i], st);
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
step_check(struct writer *w, struct job *j)
{
    sfi_status st = sfi_hsm_check_image(w->hsm, j->image, sizeof(j->image));
    json_t *root;

    if (st == SFI_OK)
        st = step_read_head(w);
    if (st != SFI_OK) {
        step_fail(w, j, st);
        return st;
    }
    root = json_object();
    step_put_end(w, root);
    step_answer(j, root);
    return SFI_OK;
}

static void
step_put_head(const struct writer *w, json_t *root, const sfi_hsm_info *info)
{
    const sfi_audit_head *h = &w->head;

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
    step_put_end(w, root);
}

static sfi_status
step_read_info(struct writer *w, struct job *j, sfi_hsm_info *info)
{
    sfi_status st;

    *info = (sfi_hsm_info){.struct_size = sizeof(*info)};
    st = sfi_hsm_get_info(w->hsm, info);
    if (st == SFI_OK)
        st = step_read_head(w);
    if (st != SFI_OK)
        step_fail(w, j, st);
    return st;
}

static sfi_status
step_info(struct writer *w, struct job *j)
{
    sfi_hsm_info info;
    sfi_status st = step_read_info(w, j, &info);
    json_t *root;

    if (st != SFI_OK)
        return st;
    st = j->has_known ? step_check_known(w, j) : SFI_OK;
    if (st != SFI_OK) {
        step_fail(w, j, st);
        return st;
    }
    root = json_object();
    step_put_head(w, root, &info);
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
step_audit(struct writer *w, struct job *j)
{
    sfi_audit_record r = {.struct_size = sizeof(r)};
    json_t *root, *head, *records;
    sfi_hsm_info info;
    sfi_status st = step_read_info(w, j, &info);

    if (st != SFI_OK)
        return st;
    root = json_object();
    head = json_object();
    records = json_array();
    step_put_head(w, head, &info);
    for (uint64_t n = j->from;
         st == SFI_OK && n <= w->head.sequence && n < j->from + AUDIT_MAX;
         n++) {
        st = sfi_hsm_get_audit_record(w->hsm, n, &r);
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
        step_fail(w, j, st);
    return st;
}

/* ---- leases ---- */

/* After a failure nobody knows what is stored; it may be asked again. */
static sfi_status
step_fail_lease(struct writer *w, struct job *j, sfi_status st)
{
    if (step_is_of_all(st))
        j->count = SFI_COUNT_UNKNOWN;
    step_fail(w, j, st);
    return st;
}

static sfi_status
step_lease(struct writer *w, struct job *j)
{
    uint8_t lease[SFI_LEASE_LEN];
    size_t len = sizeof(lease);
    sfi_status st =
        sfi_hsm_lease(w->hsm, j->lease_request, sizeof(j->lease_request),
                      j->lease_count, j->lease_seconds, lease, &len);
    json_t *root;

    if (st == SFI_OK)
        st = step_read_head(w);
    if (st != SFI_OK)
        return step_fail_lease(w, j, st);
    root = json_object();
    (void)step_put_hex(root, "lease", lease, len);
    step_put_end(w, root);
    step_answer(j, root);
    return SFI_OK;
}

static sfi_status
step_return(struct writer *w, struct job *j)
{
    uint64_t returned = 0;
    sfi_status st = sfi_hsm_return_lease(w->hsm, j->lease_end,
                                         sizeof(j->lease_end), &returned);
    json_t *root;

    if (st == SFI_OK)
        st = step_read_head(w);
    if (st != SFI_OK)
        return step_fail_lease(w, j, st);
    root = json_object();
    step_put_number(root, "returned", returned);
    step_put_end(w, root);
    step_answer(j, root);
    return SFI_OK;
}

sfi_status
step_do(struct writer *w, struct job **jobs, size_t count)
{
    sfi_status st = SFI_OK;

    switch (jobs[0]->kind) {
    case JOB_LICENSE:
        st = step_licenses(w, jobs, count);
        break;
    case JOB_CHECK:
        st = step_check(w, jobs[0]);
        break;
    case JOB_INFO:
        st = step_info(w, jobs[0]);
        break;
    case JOB_AUDIT:
        st = step_audit(w, jobs[0]);
        break;
    case JOB_LEASE:
        st = step_lease(w, jobs[0]);
        break;
    case JOB_RETURN:
        st = step_return(w, jobs[0]);
        break;
    }
    return step_is_of_all(st) || st == SFI_ERR_HSM_STATE ? st : SFI_OK;
}
