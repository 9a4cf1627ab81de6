/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of HSMs: its routes, and what the page is told of each HSM. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hsm_words.h"
#include "station/hsm.h"

#define PIN_MIN 4u /* of a vault and a card */
#define PIN_MAX 64u
#define SERVER_TICKS 20u /* a server is asked every 5 s */
#define SEARCH_TICKS 8u  /* folders are searched every 2 s */

/* ---- places ---- */

struct place *
hsm_place(struct hsm *h, const char *shown)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->places[i]->there && strcmp(h->places[i]->shown, shown) == 0)
            return h->places[i];
    }
    return NULL;
}

/* One that was used before, by preference by the same HSM. */
static struct place *
place_again(struct hsm *h, const char *shown)
{
    struct place *found = NULL;

    for (size_t i = 0; i < h->count; i++) {
        struct place *p = h->places[i];

        if (p->there || p->result.runs)
            continue;
        if (strcmp(p->shown, shown) == 0)
            return p;
        found = p;
    }
    return h->count < PLACES_MAX ? NULL : found;
}

static struct place *
place_new(struct hsm *h)
{
    sfi_ctx_options options = {.struct_size = sizeof(options)};
    struct place *p =
        h->count < PLACES_MAX ? calloc(1, sizeof(struct place)) : NULL;

    if (p == NULL)
        return NULL;
    p->hsm = h;
    p->number = h->count;
    if (sfi_ctx_new(&options, &p->ctx) != SFI_OK ||
        pthread_create(&p->thread, NULL, hsm_run, p) != 0) {
        sfi_ctx_free(p->ctx);
        free(p);
        return NULL;
    }
    p->runs = true;
    h->places[h->count++] = p;
    return p;
}

struct place *
hsm_add(struct hsm *h, enum place_kind kind, const char *name,
        const char *shown)
{
    struct place *p = hsm_place(h, shown);

    if (p != NULL)
        return p;
    p = place_again(h, shown);
    if (p == NULL)
        p = place_new(h);
    if (p == NULL)
        return NULL;
    p->kind = kind;
    p->path[0] = p->reader[0] = p->serial[0] = '\0';
    p->card = p->named = p->is_new = false;
    memset(&p->seen, 0, sizeof(p->seen));
    memset(&p->result, 0, sizeof(p->result));
    (void)snprintf(p->name, sizeof(p->name), "%s", name);
    (void)snprintf(p->shown, sizeof(p->shown), "%s", shown);
    p->there = true;
    hsm_tell(p);
    return p;
}

void
hsm_hide(struct place *p)
{
    hsm_forget(p);
    p->there = false;
    hsm_tell(p);
}

void
hsm_look(struct place *p)
{
    p->looks = true;
    (void)pthread_cond_broadcast(&p->hsm->asked);
}

void
hsm_forget(struct place *p)
{
    shift_drop(p->serial);
    p->serial[0] = '\0';
}

/* ---- what the page is told ---- */

static json_t *
show_text(const char *text)
{
    json_t *value = json_string(text); /* NULL: not UTF-8 */

    return value != NULL ? value : json_string("?");
}

static json_t *
show_devices(const struct seen *s)
{
    static const char *const kinds[] = {
        "", "counted", "again", "retired", "lease", "return", "restored"};
    json_t *list = json_array();
    char device[65];

    for (size_t i = 0; i < s->device_count; i++) {
        const sfi_audit_record *r = &s->devices[i];

        hsm_hex(r->device, sizeof(r->device), device);
        (void)json_array_append_new(
            list,
            json_pack("{s:I, s:s, s:I, s:I, s:s}", "sequence",
                      (json_int_t)r->sequence, "kind",
                      r->kind < sizeof(kinds) / sizeof(*kinds) ? kinds[r->kind]
                                                               : "",
                      "time", (json_int_t)r->time, "remaining",
                      (json_int_t)r->remaining, "device", device));
    }
    return list;
}

static void
show_seen(json_t *to, const struct seen *s)
{
    const sfi_hsm_info *i = &s->info;
    char text[65];

    (void)json_object_set_new(to, "seen", json_integer((json_int_t)s->at));
    if (s->st != SFI_OK) {
        (void)json_object_set_new(to, "error",
                                  failure_json(s->st, "", s->message));
        return;
    }
    (void)json_object_update_new(
        to,
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:I, s:I, s:b, s:I, s:I, "
                  "s:b}",

                  "state", sfi_hsm_state_name(i->state), "word", hsm_state(i),
                  "firmware_id", show_text(i->firmware_id), "product",
                  show_text(i->product_id), "serial", show_text(i->serial),
                  "remaining", (json_int_t)i->remaining, "maximum",
                  (json_int_t)i->maximum, "low_water", (json_int_t)i->low_water,
                  "low", hsm_is_low(i), "records", (json_int_t)i->records,
                  "tries", (json_int_t)i->pin_tries_left, "live_only",
                  (i->flags & SFI_HSM_LIVE_ONLY) != 0));
    (void)json_object_set_new(to, "devices", show_devices(s));
    if (!s->has_head)
        return;
    hsm_fingerprint(s->head.ca_public, sizeof(s->head.ca_public), text);
    (void)json_object_set_new(to, "ca", json_string(text));
    hsm_hex(s->head.audit_head, sizeof(s->head.audit_head), text);
    (void)json_object_set_new(to, "head", json_string(text));
    (void)json_object_set_new(to, "expires",
                              json_integer((json_int_t)s->head.expires));
}

static json_t *
show_result(const struct result *r)
{
    static const char *const names[] = {"",       "unlock", "provision",
                                        "retire", "audit",  "verify"};

    if (r->number == 0)
        return json_null();
    return json_pack("{s:i, s:s, s:b, s:o}", "number", (int)r->number, "kind",
                     names[r->kind], "runs", r->runs, "error",
                     r->runs || r->st == SFI_OK
                         ? json_null()
                         : failure_json(r->st, r->where, r->message));
}

void
hsm_tell(struct place *p)
{
    static const char *const kinds[] = {"vault", "token", "database", "card",
                                        "server"};
    char key[32];
    json_t *value;

    (void)snprintf(key, sizeof(key), "hsm/place/%u", (unsigned)p->number);
    if (!p->there) {
        tell(key, NULL);
        return;
    }
    p->held = shift_has(p->serial);
    value =
        json_pack("{s:o, s:s, s:b, s:o, s:b, s:b, s:b, s:o}", "name",
                  show_text(p->shown), "kind", kinds[p->kind], "named",
                  p->named, "reader", show_text(p->reader), "present",
                  p->kind != PLACE_CARD || p->card, "held", p->held, "has_pin",
                  p->kind != PLACE_SERVER, "work", show_result(&p->result));
    if (p->seen.any)
        show_seen(value, &p->seen);
    tell(key, value);
}

/* ---- work ---- */

/* With the lock: the HSM of a request, which shows what the page saw; NULL
 * after a refusal. */
static struct place *
work_place(struct hsm *h, const struct ask *a, struct reply *r)
{
    struct place *p = hsm_place(h, ask_text(a, "hsm"));

    if (p == NULL)
        reply_refuse(r, SFI_ERR_NO_DEVICE, "hsm",
                     "this HSM is not there any more");
    else if (p->result.runs || p->work.kind != WORK_NONE)
        reply_refuse(r, SFI_ERR_STATE, "hsm",
                     "this HSM is still busy: wait for the end");
    else
        return p;
    return NULL;
}

/* With the lock: it ends with this number in the place's "work". */
static void
work_begin(struct place *p, struct work *w, struct reply *r)
{
    p->work = *w;
    cli_wipe(w, sizeof(*w));
    p->result = (struct result){
        .kind = p->work.kind, .number = ++p->hsm->last_work, .runs = true};
    hsm_tell(p);
    reply_json(r, json_pack("{s:i, s:i}", "place", (int)p->number, "work",
                            (int)p->result.number));
    (void)pthread_cond_broadcast(&p->hsm->asked);
}

static bool
work_pin(struct work *w, const struct ask *a)
{
    const char *pin_secret = ask_text(a, "pin");
    size_t len = strlen(pin_secret);

    if (len == 0 || len > CLI_PIN_MAX)
        return false;
    memcpy(w->pin.pin_secret, pin_secret, len + 1);
    w->pin.len = len;
    return true;
}

/* ---- routes ---- */

static void
hsm_on_look(struct desk *d, const struct ask *a, struct reply *r)
{
    struct hsm *h = d->data;
    struct place *p;

    (void)pthread_mutex_lock(&h->lock);
    p = hsm_place(h, ask_text(a, "hsm"));
    if (p == NULL)
        reply_refuse(r, SFI_ERR_NO_DEVICE, "hsm",
                     "this HSM is not there any more");
    else {
        hsm_look(p);
        reply_json(r, json_object());
    }
    (void)pthread_mutex_unlock(&h->lock);
}

static void
hsm_on_list(struct desk *d, const struct ask *a, struct reply *r)
{
    struct hsm *h = d->data;
    json_t *list = json_array();

    (void)a;
    (void)pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < h->count; i++) {
        const struct place *p = h->places[i];
        json_t *row;

        if (!p->there)
            continue;
        row = json_pack("{s:i, s:o, s:b, s:o}", "place", (int)p->number, "name",
                        show_text(p->shown), "held", shift_has(p->serial),
                        "work", show_result(&p->result));
        if (p->seen.any)
            show_seen(row, &p->seen);
        (void)json_array_append_new(list, row);
    }
    (void)pthread_mutex_unlock(&h->lock);
    reply_json(r, json_pack("{s:o}", "list", list));
}

static void
hsm_on_unlock(struct desk *d, const struct ask *a, struct reply *r)
{
    struct hsm *h = d->data;
    struct work w = {.kind = WORK_UNLOCK, .last_try = ask_bool(a, "last_try")};
    struct place *p;

    (void)pthread_mutex_lock(&h->lock);
    p = work_place(h, a, r);
    if (p != NULL && p->kind == PLACE_SERVER)
        reply_refuse(r, SFI_ERR_UNSUPPORTED, "pin",
                     "a licence server has no PIN");
    else if (p != NULL && p->seen.any && p->seen.info.state == SFI_HSM_BLANK)
        reply_refuse(r, SFI_ERR_HSM_STATE, "pin",
                     "this HSM is blank: it has no PIN that could be tried");
    else if (p != NULL && !work_pin(&w, a))
        reply_refuse(r, SFI_ERR_HSM_PIN, "pin", "type the PIN of this HSM");
    else if (p != NULL) {
        (void)snprintf(w.serial, sizeof(w.serial), "%s", p->seen.info.serial);
        work_begin(p, &w, r);
    }
    work_clear(&w);
    (void)pthread_mutex_unlock(&h->lock);
}

/* Retiring, verifying and the audit log; the PIN is the shift's. */
static void
hsm_on_work(struct desk *d, const struct ask *a, struct reply *r)
{
    struct hsm *h = d->data;
    struct work w = {.kind = WORK_VERIFY};
    struct place *p;

    if (strcmp(a->path, "hsm/retire") == 0)
        w.kind = WORK_RETIRE;
    else if (strcmp(a->path, "hsm/audit") == 0)
        w.kind = WORK_AUDIT;
    if (w.kind == WORK_AUDIT && !file_path(d->settings, ask_text(a, "path"),
                                           FILE_WRITE, "path", w.path, r))
        return;
    (void)pthread_mutex_lock(&h->lock);
    p = work_place(h, a, r);
    if (p != NULL && p->seen.info.serial[0] == '\0')
        reply_refuse(r, SFI_ERR_HSM_STATE, "hsm", "this HSM is blank");
    else if (p != NULL && w.kind == WORK_RETIRE &&
             strcmp(ask_text(a, "typed"), p->seen.info.firmware_id) != 0)
        reply_refuse(r, SFI_ERR_ARGUMENT, "typed",
                     "type the firmware identifier of the HSM, as it is shown");
    else if (p != NULL && w.kind != WORK_AUDIT && p->kind != PLACE_SERVER &&
             !shift_pin(p->seen.info.serial, &w.pin))
        reply_refuse(r, SFI_ERR_HSM_PIN, "pin", "unlock this HSM first");
    else if (p != NULL) {
        (void)snprintf(w.serial, sizeof(w.serial), "%s", p->seen.info.serial);
        work_begin(p, &w, r);
    }
    work_clear(&w);
    (void)pthread_mutex_unlock(&h->lock);
}

/* ---- provisioning ---- */

/* The file of a new vault. */
static void
provision_vault(struct desk *d, const struct ask *a, char path[],
                json_t *findings)
{
    const char *name = ask_text(a, "vault");
    size_t len = strlen(name);
    struct reply r = {0};

    path[0] = '\0';
    if (len < 7 || strcmp(name + len - 6, ".vault") != 0 ||
        strchr(name, '?') != NULL)
        hsm_find_fault(findings, SFI_ERR_ARGUMENT, "vault",
                       "a folder and a name that ends with .vault is expected, "
                       "without ?");
    else if (!file_path(d->settings, name, FILE_WRITE, "vault", path, &r))
        hsm_take_fault(findings, &r);
    else if (strchr(path, '?') != NULL)
        hsm_find_fault(findings, SFI_ERR_ARGUMENT, "vault",
                       "the folder's name must not have a ?");
    else if (access(path, F_OK) == 0)
        hsm_find_fault(findings, SFI_ERR_ACCESS, "vault",
                       "a file of this name exists: choose another name");
}

static void
provision_target(struct desk *d, const struct ask *a, char path[],
                 json_t *findings)
{
    struct hsm *h = d->data;
    struct place *p;

    path[0] = '\0';
    if (ask_text(a, "hsm")[0] == '\0') {
        provision_vault(d, a, path, findings);
        return;
    }
    (void)pthread_mutex_lock(&h->lock);
    p = hsm_place(h, ask_text(a, "hsm"));
    if (p == NULL || !p->seen.any || (p->kind == PLACE_CARD && !p->card))
        hsm_find_fault(findings, SFI_ERR_NO_DEVICE, "hsm",
                       "this HSM is not there any more");
    else if (p->seen.st != SFI_OK)
        hsm_find_fault(findings, p->seen.st, "hsm", p->seen.message);
    else if (p->seen.info.state != SFI_HSM_BLANK)
        hsm_find_fault(findings, SFI_ERR_HSM_STATE, "hsm",
                       "this HSM is provisioned already, and locked for ever");
    (void)pthread_mutex_unlock(&h->lock);
}

/* Of a blank vault it is chosen here, so it is typed twice; the page compares.
 */
static void
provision_pin(json_int_t len, json_t *findings)
{
    if (len == 0)
        hsm_find_fault(findings, SFI_ERR_HSM_PIN, "pin", "type a PIN");
    else if (len < PIN_MIN || len > PIN_MAX)
        hsm_find_fault(findings, SFI_ERR_HSM_PIN, "pin",
                       "a PIN has 4 to 64 characters");
}

static void
hsm_on_check(struct desk *d, const struct ask *a, struct reply *r)
{
    struct hsm_form *f = calloc(1, sizeof(*f));
    json_t *findings = json_array(), *facts = json_object();
    char path[STATION_PATH_MAX];

    provision_target(d, a, path, findings);
    if (f != NULL)
        hsm_form_read(d, a, f, findings, facts);
    provision_pin(ask_number(a, "pin_len", 0), findings);
    free(f);
    reply_json(r,
               json_pack("{s:o, s:o}", "findings", findings, "facts", facts));
}

/* With the lock: a blank HSM, or a vault that is not there yet. */
static struct place *
provision_place(struct hsm *h, const struct ask *a, const char *path,
                struct reply *r)
{
    char name[PLACE_NAME_MAX], shown[PLACE_NAME_MAX];
    struct place *p;

    if (path[0] == '\0')
        return work_place(h, a, r);
    (void)snprintf(name, sizeof(name), "vault:%s", path);
    (void)snprintf(shown, sizeof(shown), "vault:%s", ask_text(a, "vault"));
    p = hsm_add(h, PLACE_VAULT, name, shown);
    if (p == NULL)
        reply_refuse(r, SFI_ERR_LIMIT, "hsm", "at most %u HSMs", PLACES_MAX);
    else if (p->result.runs)
        reply_refuse(r, SFI_ERR_STATE, "hsm",
                     "this HSM is still busy: wait for the end");
    else {
        (void)snprintf(p->path, sizeof(p->path), "%s", path);
        p->is_new = true;
        return p;
    }
    return NULL;
}

static void
hsm_on_provision(struct desk *d, const struct ask *a, struct reply *r)
{
    struct hsm *h = d->data;
    struct work w = {.kind = WORK_PROVISION,
                     .last_try = ask_bool(a, "last_try"),
                     .form = calloc(1, sizeof(struct hsm_form))};
    json_t *findings = json_array(), *facts = json_object();
    char path[STATION_PATH_MAX];
    struct place *p = NULL;

    provision_target(d, a, path, findings);
    if (w.form != NULL)
        hsm_form_read(d, a, w.form, findings, facts);
    provision_pin((json_int_t)strlen(ask_text(a, "pin")), findings);
    if (w.form != NULL &&
        strcmp(ask_text(a, "typed"), w.form->firmware_id) != 0)
        hsm_find_fault(findings, SFI_ERR_ARGUMENT, "typed",
                       "type the firmware identifier, as it is in the form");
    (void)pthread_mutex_lock(&h->lock);
    if (w.form == NULL)
        reply_refuse(r, SFI_ERR_NOMEM, "", "no memory");
    else if (json_array_size(findings) > 0) {
        reply_json(r, json_pack("{s:O}", "error", json_array_get(findings, 0)));
        r->code = 422;
    } else if (work_pin(&w, a))
        p = provision_place(h, a, path, r);
    if (p != NULL)
        work_begin(p, &w, r);
    (void)pthread_mutex_unlock(&h->lock);
    work_clear(&w);
    json_decref(findings);
    json_decref(facts);
}

/* ---- the desk ---- */

static sfi_status
hsm_start(struct desk *d)
{
    sfi_ctx_options options = {.struct_size = sizeof(options)};
    struct hsm *h = calloc(1, sizeof(*h));
    pthread_condattr_t attr;

    if (h == NULL)
        return SFI_ERR_NOMEM;
    d->data = h;
    h->settings = d->settings;
    (void)pthread_mutex_init(&h->lock, NULL);
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&h->asked, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_mutex_lock(&h->lock);
    hsm_find_named(h);
    hsm_find_vaults(h);
    (void)pthread_mutex_unlock(&h->lock);
    h->reads =
        sfi_ctx_new(&options, &h->reader_ctx) == SFI_OK &&
        pthread_create(&h->reader_thread, NULL, hsm_watch_readers, h) == 0;
    return SFI_OK;
}

static void
hsm_tick(struct desk *d)
{
    struct hsm *h = d->data;

    (void)pthread_mutex_lock(&h->lock);
    h->ticks++;
    hsm_find_changes(h);
    if (h->ticks % SEARCH_TICKS == 0)
        hsm_find_vaults(h);
    for (size_t i = 0; i < h->count; i++) {
        struct place *p = h->places[i];

        if (p->there && p->held != shift_has(p->serial))
            hsm_tell(p);
        if (p->there && h->ticks % SERVER_TICKS == 0 &&
            (p->kind == PLACE_SERVER || p->kind == PLACE_DATABASE))
            hsm_look(p);
    }
    (void)pthread_mutex_unlock(&h->lock);
}

/* What changes an HSM is waited for. */
static void
hsm_stop(struct desk *d)
{
    struct hsm *h = d->data;

    if (h == NULL)
        return;
    (void)pthread_mutex_lock(&h->lock);
    h->ends = true;
    for (size_t i = 0; i < h->count; i++)
        sfi_ctx_cancel(h->places[i]->ctx, 1);
    (void)pthread_cond_broadcast(&h->asked);
    (void)pthread_mutex_unlock(&h->lock);
    if (h->reads)
        (void)pthread_join(h->reader_thread, NULL);
    sfi_ctx_free(h->reader_ctx);
    for (size_t i = 0; i < h->count; i++) {
        struct place *p = h->places[i];

        (void)pthread_join(p->thread, NULL);
        sfi_ctx_free(p->ctx);
        work_clear(&p->work);
        free(p);
    }
    (void)pthread_cond_destroy(&h->asked);
    (void)pthread_mutex_destroy(&h->lock);
    free(h);
}

static const struct route hsm_routes[] = {
    {"hsm/list", ROUTE_LOOK, hsm_on_list},
    {"hsm/look", ROUTE_LOOK, hsm_on_look},
    {"hsm/check", ROUTE_LOOK, hsm_on_check},
    {"hsm/unlock", ROUTE_CHANGE, hsm_on_unlock},
    {"hsm/provision", ROUTE_CHANGE, hsm_on_provision},
    {"hsm/retire", ROUTE_CHANGE, hsm_on_work},
    {"hsm/audit", ROUTE_CHANGE, hsm_on_work},
    {"hsm/verify", ROUTE_CHANGE, hsm_on_work},
    {NULL, ROUTE_LOOK, NULL},
};

const struct desk_class hsm_desk = {
    .name = "hsm",
    .routes = hsm_routes,
    .start = hsm_start,
    .tick = hsm_tick,
    .stop = hsm_stop,
};
