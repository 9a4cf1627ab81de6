/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The records of an exported audit log, one after the other. */
#include <string.h>

#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/audit.h"

struct sfi_audit_reader {
    struct obj obj;
    struct audit_in in;
    sfi_audit_head head;
    bool opened, ended;
    struct sfi_error error; /* of the place where it stays */
    char *kept;             /* the path, or the content */
};

static void
audit_reader_destroy(void *self)
{
    sfi_audit_reader *r = self;

    if (r->opened)
        sfi__audit_close(&r->in);
    sfi__ctx_dealloc(r->obj.ctx, r->kept);
}

/* `kept`: `len` bytes that live as long as the reader. */
static sfi_status
audit_reader_new(sfi_ctx *ctx, const void *kept, size_t len, bool is_path,
                 sfi_audit_reader **out)
{
    struct audit_source from = {.path = NULL};
    sfi_audit_reader *r =
        sfi__obj_new(ctx, OBJ_AUDIT_READER, sizeof(*r), audit_reader_destroy);
    sfi_status st = SFI_ERR_NOMEM;

    if (r == NULL)
        return SFI_ERR_NOMEM;
    r->kept = sfi__ctx_alloc(ctx, len + 1);
    if (r->kept == NULL)
        goto out;
    memcpy(r->kept, kept, len);
    if (is_path)
        from.path = r->kept;
    else
        from =
            (struct audit_source){.data = (const uint8_t *)r->kept, .len = len};
    st = sfi__audit_open(&r->in, ctx, &from);
    r->opened = true;
    if (st == SFI_OK)
        st = sfi__audit_read_head(&r->in, &r->head);
out:
    if (st == SFI_OK)
        *out = r;
    else
        sfi__obj_unref(r);
    return st;
}

sfi_status
sfi_audit_reader_open(sfi_ctx *ctx, const char *path, sfi_audit_reader **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, path != NULL);
    return audit_reader_new(ctx, path, strlen(path), true, out);
}

sfi_status
sfi_audit_reader_open_data(sfi_ctx *ctx, const uint8_t *data, size_t len,
                           sfi_audit_reader **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, data != NULL);
    SFI_ARG(ctx, len < SIZE_MAX);
    return audit_reader_new(ctx, data, len, false, out);
}

sfi_status
sfi_audit_reader_get_head(sfi_audit_reader *reader, sfi_audit_head *out)
{
    SFI_ENTER(reader, AUDIT_READER);
    SFI_ARG(reader, out != NULL);
    return SFI_ABI_OUT(reader, sfi_audit_head, out, &reader->head);
}

static sfi_status
audit_reader_read(sfi_audit_reader *reader, sfi_audit_record *record, bool *end)
{
    sfi_status st;

    *end = reader->ended;
    if (*end)
        return SFI_OK;
    if (reader->error.status != SFI_OK) {
        sfi__error_restore(reader->obj.ctx, &reader->error);
        return reader->error.status;
    }
    st = sfi__audit_read_next(&reader->in, record, &reader->head, end);
    if (st != SFI_OK)
        sfi__error_keep(reader->obj.ctx, &reader->error);
    reader->ended = st == SFI_OK && *end;
    return st;
}

sfi_status
sfi_audit_reader_next(sfi_audit_reader *reader, sfi_audit_record *out,
                      int *more)
{
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_status st;
    bool end;

    if (more != NULL)
        *more = 0;
    SFI_ENTER(reader, AUDIT_READER);
    SFI_ARG(reader, out != NULL);
    SFI_ARG(reader, more != NULL);
    st = audit_reader_read(reader, &record, &end);
    if (st != SFI_OK || end)
        return st;
    st = SFI_ABI_OUT(reader, sfi_audit_record, out, &record);
    *more = st == SFI_OK;
    return st;
}

void
sfi_audit_reader_free(sfi_audit_reader *reader)
{
    sfi__obj_free(reader, OBJ_AUDIT_READER);
}
