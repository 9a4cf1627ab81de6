/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The ledger of a vault in memory, strict about how it is used. */
#include <disk/ledger_memory.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "core/ctx.h"
#include "core/err.h"

#define VAULTS_MAX 4u
#define RECORDS_MAX 32u

struct store {
    char path[512]; /* "": not in use */
    struct ledger_head head;
    struct ledger_record records[RECORDS_MAX];
    size_t count;
    /* as they were when the writer began */
    struct ledger_head old_head;
    size_t old_count;
    const struct ledger *writer;
};

struct handle {
    struct ledger base;
    struct store *store;
    bool in_transaction;
};

static struct store stores[VAULTS_MAX];

static struct handle *
handle_of(struct ledger *l)
{
    return (struct handle *)l;
}

/* ---- transactions ---- */

static sfi_status
memory_begin(struct ledger *l, enum ledger_use use)
{
    struct handle *h = handle_of(l);
    struct store *s = h->store;

    ck_assert(!h->in_transaction);
    if (use == LEDGER_WRITE) {
        if (s->writer != NULL)
            return sfi__fail(l->ctx, SFI_ERR_TIMEOUT, "another one writes");
        s->writer = l;
        s->old_head = s->head;
        s->old_count = s->count;
    }
    h->in_transaction = true;
    return SFI_OK;
}

static void
end(struct handle *h)
{
    ck_assert(h->in_transaction);
    h->in_transaction = false;
    if (h->store->writer == &h->base)
        h->store->writer = NULL;
}

/* What is read is as durable as memory can be. */
static sfi_status
memory_sync(struct ledger *l)
{
    const struct handle *h = handle_of(l);

    ck_assert(!h->in_transaction || h->store->writer == l);
    return SFI_OK;
}

static sfi_status
memory_commit(struct ledger *l)
{
    end(handle_of(l));
    return SFI_OK;
}

static void
memory_rollback(struct ledger *l)
{
    struct store *s = handle_of(l)->store;

    if (s->writer == l) {
        s->head = s->old_head;
        s->count = s->old_count;
    }
    end(handle_of(l));
}

static struct store *
to_read(struct ledger *l)
{
    ck_assert(handle_of(l)->in_transaction);
    return handle_of(l)->store;
}

static struct store *
to_write(struct ledger *l)
{
    ck_assert_ptr_eq(handle_of(l)->store->writer, l);
    return to_read(l);
}

/* ---- the row ---- */

static sfi_status
memory_read(struct ledger *l, struct ledger_head *out)
{
    *out = to_read(l)->head;
    out->retired = false; /* not stored */
    return SFI_OK;
}

static sfi_status
memory_update(struct ledger *l, const struct ledger_head *head)
{
    sfi_audit_head *audit = &to_write(l)->head.audit;

    audit->remaining = head->audit.remaining;
    audit->sequence = head->audit.sequence;
    memcpy(audit->audit_head, head->audit.audit_head,
           sizeof(audit->audit_head));
    memcpy(audit->mac, head->audit.mac, sizeof(audit->mac));
    return SFI_OK;
}

static sfi_status
memory_set_tries(struct ledger *l, uint32_t tries)
{
    to_write(l)->head.pin_tries = tries;
    return SFI_OK;
}

static sfi_status
memory_set_seal(struct ledger *l, const struct ledger_head *head)
{
    struct ledger_head *ours = &to_write(l)->head;

    ours->seal = head->seal;
    ours->cost = head->cost;
    memcpy(ours->salt, head->salt, sizeof(ours->salt));
    memcpy(ours->sealed, head->sealed, sizeof(ours->sealed));
    memcpy(ours->sealed_check, head->sealed_check, sizeof(ours->sealed_check));
    return SFI_OK;
}

/* ---- records ---- */

static bool
is_of(const struct ledger_record *r, const uint8_t device[SFI_SHA256_LEN])
{
    return memcmp(r->audit.device, device, SFI_SHA256_LEN) == 0;
}

static sfi_status
memory_at(struct ledger *l, uint64_t sequence, struct ledger_record *out,
          bool *found)
{
    const struct store *s = to_read(l);

    *found = sequence >= 1 && sequence <= s->count;
    if (*found)
        *out = s->records[sequence - 1];
    return SFI_OK;
}

static sfi_status
memory_find(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
            uint32_t session, struct ledger_record *out, bool *found)
{
    const struct store *s = to_read(l);

    *found = false;
    for (size_t i = 0; i < s->count && !*found; i++) {
        *found = is_of(&s->records[i], device) &&
                 s->records[i].audit.session == session;
        if (*found)
            *out = s->records[i];
    }
    return SFI_OK;
}

static sfi_status
memory_counted(struct ledger *l, const uint8_t device[SFI_SHA256_LEN],
               struct ledger_record *out, bool *found)
{
    const struct store *s = to_read(l);

    *found = false;
    for (size_t i = 0; i < s->count && !*found; i++) {
        *found = is_of(&s->records[i], device) &&
                 s->records[i].audit.kind == SFI_AUDIT_COUNTED;
        if (*found)
            *out = s->records[i];
    }
    return SFI_OK;
}

static sfi_status
memory_append(struct ledger *l, const struct ledger_record *r)
{
    struct store *s = to_write(l);
    struct ledger_record other;
    bool found;

    ck_assert_uint_lt(s->count, RECORDS_MAX);
    ck_assert_uint_eq(r->audit.sequence, s->count + 1);
    ck_assert_int_eq(
        memory_find(l, r->audit.device, r->audit.session, &other, &found),
        SFI_OK);
    ck_assert(!found);
    s->records[s->count++] = *r;
    return SFI_OK;
}

/* ---- open, create ---- */

static void
memory_close(struct ledger *l)
{
    ck_assert(!handle_of(l)->in_transaction);
    sfi__ctx_dealloc(l->ctx, l);
}

static const struct ledger_ops memory_ops = {
    .begin = memory_begin,
    .commit = memory_commit,
    .sync = memory_sync,
    .rollback = memory_rollback,
    .read = memory_read,
    .update = memory_update,
    .set_tries = memory_set_tries,
    .set_seal = memory_set_seal,
    .at = memory_at,
    .find = memory_find,
    .counted = memory_counted,
    .append = memory_append,
    .close = memory_close,
};

static struct store *
find_store(const char *path)
{
    for (size_t i = 0; i < VAULTS_MAX; i++) {
        if (strcmp(stores[i].path, path) == 0)
            return &stores[i];
    }
    return NULL;
}

static sfi_status
place_open(sfi_ctx *ctx, const char *path, struct ledger **out)
{
    struct store *s = find_store(path);
    struct handle *h;

    *out = NULL;
    if (s == NULL)
        return SFI_OK;
    h = sfi__ctx_alloc(ctx, sizeof(*h));
    if (h == NULL)
        return SFI_ERR_NOMEM;
    h->base = (struct ledger){.ops = &memory_ops, .ctx = ctx};
    h->store = s;
    *out = &h->base;
    return SFI_OK;
}

static sfi_status
place_create(sfi_ctx *ctx, const char *path, const struct ledger_head *head)
{
    struct store *s = find_store("");

    if (find_store(path) != NULL)
        return sfi__fail(ctx, SFI_ERR_HSM_STATE,
                         "already provisioned, and locked for ever");
    ck_assert_ptr_nonnull(s);
    ck_assert_uint_lt(strlen(path), sizeof(s->path));
    (void)snprintf(s->path, sizeof(s->path), "%s", path);
    s->head = *head;
    return SFI_OK;
}

const struct ledger_place ledger_memory = {
    .open = place_open,
    .create = place_create,
};

void
ledger_memory_clear(void)
{
    memset(stores, 0, sizeof(stores));
}
