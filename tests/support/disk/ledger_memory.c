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
    /* as they were when the write transaction began */
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

/* Without `commit` the row and the records are restored. */
static sfi_status
memory_end(struct ledger *l, bool commit)
{
    struct handle *h = handle_of(l);
    struct store *s = h->store;

    ck_assert(h->in_transaction);
    h->in_transaction = false;
    if (s->writer != l)
        return SFI_OK;
    s->writer = NULL;
    if (!commit) {
        s->head = s->old_head;
        s->count = s->old_count;
    }
    return SFI_OK;
}

/* Memory needs no sync. */
static sfi_status
memory_sync(struct ledger *l)
{
    const struct handle *h = handle_of(l);

    ck_assert(!h->in_transaction || h->store->writer == l);
    return SFI_OK;
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
memory_read_head(struct ledger *l, struct ledger_head *out)
{
    *out = to_read(l)->head;
    out->retired = false; /* not stored */
    return SFI_OK;
}

static void
memory_write_counts(sfi_audit_head *ours, const sfi_audit_head *audit)
{
    ours->remaining = audit->remaining;
    ours->sequence = audit->sequence;
    memcpy(ours->audit_head, audit->audit_head, sizeof(ours->audit_head));
    memcpy(ours->mac, audit->mac, sizeof(ours->mac));
}

static void
memory_write_seal(struct ledger_head *ours, const struct ledger_head *head)
{
    ours->seal = head->seal;
    ours->cost = head->cost;
    memcpy(ours->salt, head->salt, sizeof(ours->salt));
    memcpy(ours->sealed, head->sealed, sizeof(ours->sealed));
    memcpy(ours->sealed_check, head->sealed_check, sizeof(ours->sealed_check));
}

static sfi_status
memory_write_head(struct ledger *l, enum ledger_part part,
                  const struct ledger_head *head)
{
    struct ledger_head *ours = &to_write(l)->head;

    switch (part) {
    case LEDGER_COUNTS:
        memory_write_counts(&ours->audit, &head->audit);
        break;
    case LEDGER_TRIES:
        ours->pin_tries = head->pin_tries;
        break;
    case LEDGER_SEAL:
        memory_write_seal(ours, head);
        break;
    }
    return SFI_OK;
}

/* ---- records ---- */

static bool
is_wanted(const struct ledger_record *r, const struct ledger_key *key)
{
    if (key->by == LEDGER_BY_SEQUENCE)
        return r->audit.sequence == key->sequence;
    if (memcmp(r->audit.device, key->device, SFI_SHA256_LEN) != 0)
        return false;
    return key->by == LEDGER_BY_SESSION ? r->audit.session == key->session
                                        : r->audit.kind == SFI_AUDIT_COUNTED;
}

static sfi_status
memory_find(struct ledger *l, const struct ledger_key *key,
            struct ledger_record *out, bool *found)
{
    const struct store *s = to_read(l);

    *found = false;
    for (size_t i = 0; i < s->count && !*found; i++) {
        *found = is_wanted(&s->records[i], key);
        if (*found)
            *out = s->records[i];
    }
    return SFI_OK;
}

static sfi_status
memory_append(struct ledger *l, const struct ledger_record *r)
{
    const struct ledger_key key = {.by = LEDGER_BY_SESSION,
                                   .device = r->audit.device,
                                   .session = r->audit.session};
    struct store *s = to_write(l);
    struct ledger_record other;
    bool found;

    ck_assert_uint_lt(s->count, RECORDS_MAX);
    ck_assert_uint_eq(r->audit.sequence, s->count + 1);
    ck_assert_int_eq(memory_find(l, &key, &other, &found), SFI_OK);
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
    .end = memory_end,
    .sync = memory_sync,
    .read_head = memory_read_head,
    .write_head = memory_write_head,
    .find = memory_find,
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
                         "the memory has this ledger already");
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
