/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences for any number of certificates, a piece at a time: read, find in the
 * store, ask the HSM for the others in one step, store them, tell. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/base/batch.h"
#include "license/certificate.h"
#include "license/store.h"

/* Certificates in one piece, of which the HSM may take fewer. */
#define PIECE_MAX ((size_t)SFI_HSM_AT_ONCE)

struct batch_input {
    char *path; /* NULL: a certificate was given */
    bool of_folder;
    sfi_certificate *cert; /* a reference; NULL: not read yet */
};

struct sfi_license_batch {
    struct obj obj;
    atomic_bool cancel;
    sfi_hsm *hsm;             /* references */
    sfi_license_store *store; /* ... */
    sfi_license_result_fn result;
    void *user;
    struct batch_input *inputs;
    size_t count, room;
    size_t next; /* the first one that is not done */
    bool failed;
};

static void
input_free(sfi_ctx *ctx, struct batch_input *in)
{
    sfi__obj_unref(in->cert);
    sfi__ctx_dealloc(ctx, in->path);
}

static void
batch_destroy(void *self)
{
    sfi_license_batch *b = self;

    for (size_t i = b->next; i < b->count; i++)
        input_free(b->obj.ctx, &b->inputs[i]);
    sfi__ctx_dealloc(b->obj.ctx, b->inputs);
    sfi__obj_unref(b->store);
    sfi__obj_unref(b->hsm);
}

static bool
batch_is_of(const sfi_ctx *ctx, const void *handle)
{
    return ((const struct obj *)handle)->ctx == ctx;
}

sfi_status
sfi_license_batch_new(sfi_ctx *ctx, sfi_hsm *hsm, sfi_license_store *store,
                      sfi_license_batch **out)
{
    sfi_license_batch *b;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, sfi__is(hsm, OBJ_HSM));
    SFI_ARG(ctx, store == NULL || sfi__is(store, OBJ_LICENSE_STORE));
    if (!batch_is_of(ctx, hsm) || (store != NULL && !batch_is_of(ctx, store)))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "the handle is of another context, expected the "
                         "batch's");
    b = sfi__obj_new(ctx, OBJ_LICENSE_BATCH, sizeof(*b), batch_destroy);
    if (b == NULL)
        return SFI_ERR_NOMEM;
    atomic_init(&b->cancel, false);
    b->hsm = sfi__obj_ref(hsm);
    if (store != NULL)
        b->store = sfi__obj_ref(store);
    *out = b;
    return SFI_OK;
}

/* ---- inputs ---- */

/* Room for one more, which is zero. */
static struct batch_input *
batch_reserve(sfi_license_batch *b)
{
    sfi_ctx *ctx = b->obj.ctx;
    size_t room = b->room != 0 ? 2 * b->room : 64;
    struct batch_input *more;

    if (b->count < b->room)
        return &b->inputs[b->count];
    more = room <= SIZE_MAX / sizeof(*more)
               ? sfi__ctx_alloc(ctx, room * sizeof(*more))
               : NULL;
    if (more == NULL)
        return NULL;
    if (b->count > 0)
        memcpy(more, b->inputs, b->count * sizeof(*more));
    sfi__ctx_dealloc(ctx, b->inputs);
    b->inputs = more;
    b->room = room;
    return &b->inputs[b->count];
}

static sfi_status
batch_add_file(sfi_license_batch *b, const char *folder, const char *name)
{
    size_t size = (folder != NULL ? strlen(folder) + 1 : 0) + strlen(name) + 1;
    char *path = sfi__ctx_alloc(b->obj.ctx, size);
    struct batch_input *in = path != NULL ? batch_reserve(b) : NULL;

    if (in == NULL) {
        sfi__ctx_dealloc(b->obj.ctx, path);
        return sfi__nomem(b->obj.ctx);
    }
    sfi__text_format(path, size, "%s%s%s", folder != NULL ? folder : "",
                     folder != NULL ? "/" : "", name);
    *in = (struct batch_input){.path = path, .of_folder = folder != NULL};
    b->count++;
    return SFI_OK;
}

static int
input_compare(const void *a, const void *b)
{
    const struct batch_input *x = a;
    const struct batch_input *y = b;

    return strcmp(x->path, y->path);
}

/* A pipe, for example: reading it might never end. */
static bool
input_is_passed_over(sfi_ctx *ctx, const struct batch_input *in)
{
    if (sfi__file_is_link(in->path) || !sfi__file_is_special(in->path))
        return false;
    sfi__log(ctx, SFI_LOG_WARNING, "%s: skipped, because it is %s", in->path,
             sfi__file_is_folder(in->path) == 0 ? "a folder"
                                                : "not a regular file");
    return true;
}

/* Sort the inputs from `first` on, and drop what is no file. */
static void
batch_sort_folder(sfi_license_batch *b, size_t first)
{
    size_t end = first;

    if (b->count > first)
        qsort(b->inputs + first, b->count - first, sizeof(*b->inputs),
              input_compare);
    for (size_t i = first; i < b->count; i++) {
        struct batch_input in = b->inputs[i];

        if (input_is_passed_over(b->obj.ctx, &in))
            input_free(b->obj.ctx, &in);
        else
            b->inputs[end++] = in;
    }
    b->count = end;
}

/* A folder that is named by mistake has none. */
static sfi_status
batch_add_folder(sfi_license_batch *b, const char *folder)
{
    sfi_ctx *ctx = b->obj.ctx;
    size_t first = b->count;
    const char *name;
    struct sys_folder *f;
    sfi_status st = SFI_OK;
    int err = sfi__sys_folder_open(folder, &f);

    if (err != 0) {
        (void)sfi__fail_os(ctx, sfi__os_status(err), err,
                           "cannot read the folder");
        return sfi__where(ctx, "%s", folder);
    }
    while (st == SFI_OK && (name = sfi__sys_folder_next(f)) != NULL) {
        if (name[0] != '.')
            st = batch_add_file(b, folder, name);
    }
    sfi__sys_folder_close(f);
    batch_sort_folder(b, first);
    if (st == SFI_OK && b->count == first) {
        (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                        "the folder contains no certificate");
        return sfi__where(ctx, "%s", folder);
    }
    return st;
}

static sfi_status
batch_check_new(sfi_license_batch *b)
{
    if (b->next == 0 && !b->failed)
        return SFI_OK;
    return sfi__fail(b->obj.ctx, SFI_ERR_STATE,
                     "the batch has begun: nothing can be added any more");
}

sfi_status
sfi_license_batch_add_path(sfi_license_batch *b, const char *path)
{
    sfi_status st;

    SFI_ENTER(b, LICENSE_BATCH);
    SFI_ARG(b, path != NULL);
    st = batch_check_new(b);
    if (st != SFI_OK)
        return st;
    return sfi__file_is_folder(path) == 0 ? batch_add_folder(b, path)
                                          : batch_add_file(b, NULL, path);
}

sfi_status
sfi_license_batch_add_certificate(sfi_license_batch *b,
                                  const sfi_certificate *cert)
{
    struct batch_input *in;
    sfi_status st;

    SFI_ENTER(b, LICENSE_BATCH);
    SFI_ARG(b, sfi__is(cert, OBJ_CERTIFICATE));
    st = batch_check_new(b);
    if (st != SFI_OK)
        return st;
    in = batch_reserve(b);
    if (in == NULL)
        return sfi__nomem(b->obj.ctx);
    *in = (struct batch_input){.cert = sfi__obj_ref((void *)(uintptr_t)cert)};
    b->count++;
    return SFI_OK;
}

sfi_status
sfi_license_batch_set_result(sfi_license_batch *b, sfi_license_result_fn fn,
                             void *user)
{
    SFI_ENTER(b, LICENSE_BATCH);
    b->result = fn;
    b->user = user;
    return SFI_OK;
}

/* ---- a piece ---- */

struct piece {
    struct license_item items[PIECE_MAX];
    size_t count, told;
    struct license_item *wanted[PIECE_MAX]; /* of the HSM */
    size_t wanted_count, at_once;
};

/* True: a file of the store is damaged, so the next one may succeed. */
static bool
piece_may_go_on(sfi_status st)
{
    return st == SFI_ERR_FORMAT || st == SFI_ERR_TRUNCATED ||
           st == SFI_ERR_LIMIT;
}

/* The folder may come from others, and a link lead anywhere. */
static sfi_status
input_read(sfi_ctx *ctx, struct batch_input *in)
{
    if (in->cert != NULL)
        return SFI_OK;
    if (in->of_folder && sfi__file_is_link(in->path)) {
        (void)sfi__fail(ctx, SFI_ERR_FORMAT,
                        "a symbolic link, which is not followed in a folder");
        return sfi__where(ctx, "%s", in->path);
    }
    return sfi_certificate_load(ctx, in->path, &in->cert);
}

/* Is the same device among those that the HSM is asked for?  Then the next
 * piece finds it in the store. */
static bool
piece_has_device(const struct piece *p, const sfi_certificate *cert)
{
    for (size_t i = 0; i < p->wanted_count; i++) {
        if (sfi__equal(p->wanted[i]->cert->device_hash, cert->device_hash,
                       sizeof(cert->device_hash)))
            return true;
    }
    return false;
}

/* Read one more, and look in the store.  `full`: it belongs to the next piece.
 */
static sfi_status
piece_find(sfi_license_batch *b, struct piece *p, struct batch_input *in,
           bool *full)
{
    struct license_item *item = &p->items[p->count];
    sfi_status st;

    if (b->store == NULL)
        return SFI_OK;
    *full = piece_has_device(p, in->cert);
    if (*full)
        return SFI_OK;
    st = sfi_license_store_find(b->store, in->cert, &item->license);
    item->stored = item->license != NULL;
    item->told = item->stored;
    return st;
}

/* A certificate that the HSM is asked for.  The first opens an HSM that is
 * opened late. */
static sfi_status
piece_want(sfi_license_batch *b, struct piece *p, struct license_item *item,
           bool *full)
{
    sfi_status st = SFI_OK;

    if (p->wanted_count == 0)
        st = sfi__hsm_at_once(b->hsm, &p->at_once);
    if (st != SFI_OK)
        return st;
    p->wanted[p->wanted_count++] = item;
    *full = p->wanted_count == p->at_once;
    return SFI_OK;
}

static sfi_status
piece_take(sfi_license_batch *b, struct piece *p, bool *full)
{
    struct license_item *item = &p->items[p->count];
    struct batch_input *in = &b->inputs[b->next + p->count];
    sfi_ctx *ctx = b->obj.ctx;
    sfi_status st = input_read(ctx, in);
    bool goes_on = st != SFI_OK && st != SFI_ERR_NOMEM;

    *item = (struct license_item){.cert = in->cert, .path = in->path};
    if (st == SFI_OK) {
        st = piece_find(b, p, in, full);
        goes_on = piece_may_go_on(st);
    }
    if (st == SFI_OK && *full)
        return SFI_OK;
    if (st == SFI_OK && !item->told)
        st = piece_want(b, p, item, full);
    else if (st != SFI_OK && goes_on)
        sfi__item_fail(ctx, item, st);
    if (st == SFI_OK || goes_on)
        p->count++;
    return goes_on ? SFI_OK : st;
}

/* Ends before a certificate that fails for a reason of its own, such as no
 * memory; its error comes when those before it are done. */
static sfi_status
piece_fill(sfi_license_batch *b, struct piece *p)
{
    sfi_status st = SFI_OK;
    bool full = false;

    while (st == SFI_OK && !full && p->count < PIECE_MAX &&
           b->next + p->count < b->count) {
        if (atomic_load(&b->cancel))
            st = sfi__fail(b->obj.ctx, SFI_ERR_CANCELLED, "cancelled");
        else
            st = piece_take(b, p, &full);
    }
    return st;
}

static sfi_status
piece_store(sfi_license_batch *b, struct piece *p)
{
    struct store_entry entries[PIECE_MAX];
    size_t count = 0;

    if (b->store == NULL)
        return SFI_OK;
    for (size_t i = 0; i < p->wanted_count; i++) {
        if (p->wanted[i]->told && p->wanted[i]->st == SFI_OK)
            entries[count++] = (struct store_entry){
                p->wanted[i]->cert->device_id, p->wanted[i]->license};
    }
    return sfi__store_put_all(b->store, entries, count);
}

/* What was counted is stored and told, whatever failed after it. */
static sfi_status
piece_license(sfi_license_batch *b, struct piece *p)
{
    sfi_ctx *ctx = b->obj.ctx;
    struct sfi_error error = {.status = SFI_OK};
    sfi_status st = SFI_OK;
    sfi_status stored;

    if (p->wanted_count > 0)
        st = sfi__hsm_ask(b->hsm, p->wanted, p->wanted_count);
    if (st != SFI_OK)
        sfi__error_keep(ctx, &error);
    stored = piece_store(b, p);
    for (size_t i = 0; stored != SFI_OK && i < p->wanted_count; i++) {
        if (p->wanted[i]->st == SFI_OK && p->wanted[i]->told)
            sfi__item_fail(ctx, p->wanted[i], stored);
    }
    if (st == SFI_OK)
        return stored;
    sfi__error_restore(ctx, &error);
    return st;
}

/* Those up to `end` that were not told yet. */
static void
piece_tell(sfi_license_batch *b, struct piece *p, size_t end)
{
    struct sfi_error error;

    sfi__error_keep(b->obj.ctx, &error);
    for (; p->told < end; p->told++) {
        struct license_item *item = &p->items[p->told];

        sfi__item_tell(b->obj.ctx, item, b->next, b->count, b->result, b->user);
        sfi__item_free(b->obj.ctx, item);
        input_free(b->obj.ctx, &b->inputs[b->next]);
        b->next++;
    }
    sfi__error_restore(b->obj.ctx, &error);
}

/* What the HSM is not needed for, up to the first that it is asked for. */
static void
piece_tell_known(sfi_license_batch *b, struct piece *p)
{
    size_t end = 0;

    while (end < p->count && p->items[end].told)
        end++;
    piece_tell(b, p, end);
}

static sfi_status
batch_run_piece(sfi_license_batch *b)
{
    sfi_ctx *ctx = b->obj.ctx;
    struct sfi_error error;
    struct piece *p;
    sfi_status filled, st;

    if (b->failed)
        return sfi__fail(ctx, SFI_ERR_STATE,
                         "the batch has ended: make another one");
    p = sfi__ctx_alloc(ctx, sizeof(*p));
    if (p == NULL)
        return SFI_ERR_NOMEM;
    b->obj.busy = true;
    filled = piece_fill(b, p);
    sfi__error_keep(ctx, &error);
    piece_tell_known(b, p);
    st = piece_license(b, p);
    if (st == SFI_OK && filled != SFI_OK) {
        st = filled;
        sfi__error_restore(ctx, &error);
    }
    piece_tell(b, p, p->count);
    b->obj.busy = false;
    sfi__ctx_dealloc(ctx, p);
    b->failed = st != SFI_OK;
    if (st == SFI_OK)
        sfi__clear_error(ctx); /* of a certificate, which was told */
    return st;
}

sfi_status
sfi_license_batch_step(sfi_license_batch *b, int *finished)
{
    sfi_status st;

    if (finished != NULL)
        *finished = 0;
    SFI_ENTER(b, LICENSE_BATCH);
    SFI_ARG(b, finished != NULL);
    st = batch_run_piece(b);
    if (st == SFI_OK)
        *finished = b->next == b->count;
    return st;
}

sfi_status
sfi_license_batch_run(sfi_license_batch *b)
{
    sfi_status st;

    SFI_ENTER(b, LICENSE_BATCH);
    do {
        st = batch_run_piece(b);
    } while (st == SFI_OK && b->next < b->count);
    return st;
}

void
sfi_license_batch_cancel(sfi_license_batch *b)
{
    if (sfi__is(b, OBJ_LICENSE_BATCH))
        atomic_store(&b->cancel, true);
}

void
sfi_license_batch_free(sfi_license_batch *b)
{
    sfi__obj_free(b, OBJ_LICENSE_BATCH);
}
