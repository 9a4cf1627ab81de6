/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Tells what a file is, and hands it to the describer of its kind. */
#include <string.h>

#include "util/file.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/abi.h"
#include "core/file_kind.h"
#include "core/files.h"
#include "firmware/firmware.h"
#include "describe/description.h"

SFI_ABI_PIN(sfi_describe_options, audit_before);

/* Images, traces and records are read whole. */
#define CONTENT_MAX ((size_t)256 << 20)
/* What can be a key, a certificate, or option bytes. */
#define SMALL_MAX ((size_t)64 << 10)

struct describer {
    uint32_t kind; /* SFI_FILE_* */
    size_t limit;  /* read the content, up to this; 0: the describer does */
    const char *word, *phrase;
    sfi_status (*describe)(struct description *d);
};

/* SFI_FILE_OTHER is what a part's option bytes are to lib/core, and
 * SFI_FILE_SPECIAL a folder. */
static const struct describer describers[] = {
    {SFI_FILE_IMAGE, CONTENT_MAX, "image", "an .sfi image",
     sfi__describe_image},
    {SFI_FILE_MODULE, CONTENT_MAX, "module", "an .smi module",
     sfi__describe_module},
    {SFI_FILE_FIRMWARE, 0, "firmware", "a firmware file",
     sfi__describe_firmware},
    {SFI_FILE_OTHER, SMALL_MAX, "option_bytes", "option bytes as CSV",
     sfi__describe_option_bytes},
    {SFI_FILE_CERTIFICATE, SMALL_MAX, "certificate", "a chip's certificate",
     sfi__describe_certificate},
    {SFI_FILE_RECEIPT, SMALL_MAX, "receipt", "a chip's receipt",
     sfi__describe_receipt},
    {SFI_FILE_PERSONALIZATION, SMALL_MAX, "personalization",
     "a personalisation file", sfi__describe_personalization},
    {SFI_FILE_LICENSE, SMALL_MAX, "license", "a licence",
     sfi__describe_license},
    {SFI_FILE_SPECIAL, 0, "license_store", "a folder of licences",
     sfi__describe_store},
    {SFI_FILE_DATABASE, 0, "vault", "a vault", sfi__describe_vault},
    {SFI_FILE_AUDIT, 0, "audit", "an audit log", sfi__describe_audit},
    {SFI_FILE_TRACE, CONTENT_MAX, "trace", "a trace of a link",
     sfi__describe_trace},
    {SFI_FILE_JSON, CONTENT_MAX, "record", "a record of sfi-program",
     sfi__describe_record},
    {SFI_FILE_NONCES, CONTENT_MAX, "nonces", "a register of used nonces",
     sfi__describe_nonces},
    {SFI_FILE_MAP, CONTENT_MAX, "map", "a picture of an image",
     sfi__describe_map},
    {SFI_FILE_KEY, SMALL_MAX, "key",
     "a key or a nonce, or a file of that length", sfi__describe_key},
    {SFI_FILE_CREDENTIAL, SMALL_MAX, "credential",
     "a key or certificate in PEM or DER", sfi__describe_credential},
};
#define DESCRIBER_COUNT (sizeof(describers) / sizeof(describers[0]))

static const struct describer *
describe_find(uint32_t kind)
{
    for (size_t i = 0; i < DESCRIBER_COUNT; i++) {
        if (describers[i].kind == kind)
            return &describers[i];
    }
    return NULL;
}

/* ---- which kind ---- */

static bool
describe_name_ends(const char *path, const char *end)
{
    size_t len = strlen(path);

    return len > strlen(end) && sfi__text_same(path + len - strlen(end), end);
}

/* The kind that a name says: the last resort for what begins like nothing that
 * is known, so that the message tells what is wrong with it. */
static uint32_t
describe_kind_by_name(const char *path)
{
    static const struct {
        const char *end;
        uint32_t kind;
    } ends[] = {
        {".sfi", SFI_FILE_IMAGE},     {".smi", SFI_FILE_MODULE},
        {".elf", SFI_FILE_FIRMWARE},  {".axf", SFI_FILE_FIRMWARE},
        {".hex", SFI_FILE_FIRMWARE},  {".ihex", SFI_FILE_FIRMWARE},
        {".srec", SFI_FILE_FIRMWARE}, {".s19", SFI_FILE_FIRMWARE},
        {".dfu", SFI_FILE_FIRMWARE},  {".csv", SFI_FILE_OTHER},
        {".lic", SFI_FILE_LICENSE},   {".cert", SFI_FILE_CERTIFICATE},
        {".trace", SFI_FILE_TRACE},   {".pd", SFI_FILE_PERSONALIZATION},
        {".audit", SFI_FILE_AUDIT},   {".receipt", SFI_FILE_RECEIPT},
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (describe_name_ends(path, ends[i].end))
            return ends[i].kind;
    }
    return SFI_FILE_ABSENT;
}

/* A pipe can be read only once: its content tells. */
static sfi_status
describe_read_special(struct description *d)
{
    sfi_status st = sfi__load(d->ctx, d->path, CONTENT_MAX, true, &d->bytes);
    size_t head = d->bytes.len < FILE_KIND_HEAD ? d->bytes.len : FILE_KIND_HEAD;

    if (st == SFI_OK)
        d->kind = sfi__file_kind_of(d->bytes.data, head, d->bytes.len);
    return st;
}

static sfi_status
describe_recognise(struct description *d, bool *is_read)
{
    sfi_status st = sfi__file_kind(d->ctx, d->path, &d->kind);

    *is_read = st == SFI_OK && d->kind == SFI_FILE_SPECIAL &&
               sfi__file_is_folder(d->path) != 0;
    return *is_read ? describe_read_special(d) : st;
}

static sfi_status
describe_read(struct description *d, const struct describer *by)
{
    sfi__buf_free(&d->bytes);
    return sfi__load(d->ctx, d->path, by->limit, true, &d->bytes);
}

static sfi_status
describe_fail_unknown(struct description *d)
{
    (void)sfi__fail(d->ctx, SFI_ERR_FORMAT,
                    "%s, expected one that belongs to an install: firmware, "
                    "option bytes, an image, a certificate, a licence, a "
                    "vault ...",
                    sfi_file_kind_name(d->kind));
    return sfi__where(d->ctx, "%s", d->path);
}

/* A file of no known content: option bytes, or what its name says. */
static sfi_status
describe_guess(struct description *d, bool is_read)
{
    uint32_t by_name = describe_kind_by_name(d->path);
    sfi_status st = SFI_OK;

    if (d->kind == SFI_FILE_OTHER && !is_read) {
        st = describe_read(d, describe_find(SFI_FILE_OTHER));
        if (st == SFI_ERR_LIMIT)
            st = SFI_OK;
    }
    if (st != SFI_OK)
        return st;
    if (sfi__firmware_matches(d->bytes.data, d->bytes.len))
        by_name = SFI_FILE_FIRMWARE;
    else if (d->kind == SFI_FILE_OTHER && sfi__describe_is_option_bytes(d))
        return SFI_OK;
    if (by_name == SFI_FILE_ABSENT)
        return describe_fail_unknown(d);
    d->kind = by_name;
    if (!is_read)
        sfi__buf_clear(&d->bytes);
    return SFI_OK;
}

/* ---- all ---- */

static sfi_status
describe_by(struct description *d, const struct describer *by, bool is_read)
{
    sfi_status st = SFI_OK;

    if (by->limit > 0 && !is_read)
        st = describe_read(d, by);
    if (st != SFI_OK)
        return st;
    sfi__fact_kind(d, by->word, by->phrase);
    if (by->limit > 0 || is_read)
        sfi__fact_number(d, "size", "size in bytes", d->bytes.len);
    return by->describe(d);
}

static sfi_status
describe_any(struct description *d)
{
    const struct describer *by;
    bool is_read;
    sfi_status st = describe_recognise(d, &is_read);

    if (st != SFI_OK)
        return st;
    if (d->kind == SFI_FILE_ABSENT)
        return sfi__load(d->ctx, d->path, 1, true, &d->bytes);
    if (d->opts.kind != 0)
        d->kind = d->opts.kind;
    else if (d->kind == SFI_FILE_OTHER || d->kind == SFI_FILE_EMPTY)
        st = describe_guess(d, is_read);
    by = describe_find(d->kind);
    if (st != SFI_OK)
        return st;
    return by != NULL ? describe_by(d, by, is_read) : describe_fail_unknown(d);
}

/* The first failed check is the result of a file that could be described. */
static sfi_status
describe_end(struct description *d, sfi_status st)
{
    const char *where = d->ctx->error.where;
    const char *before = d->opts.audit_before;

    if (d->first.status != SFI_OK) {
        sfi__error_restore(d->ctx, &d->first);
        st = d->first.status;
    }
    if (st == SFI_OK) {
        sfi__clear_error(d->ctx);
        return SFI_OK;
    }
    /* Some functions below have named the file. */
    if (strstr(where, d->path) != NULL ||
        (before != NULL && strstr(where, before) != NULL))
        return st;
    return sfi__where(d->ctx, "%s", d->path);
}

static sfi_status
describe_check_options(sfi_ctx *ctx, const sfi_describe_options *o)
{
    SFI_ARG(ctx, (o->key == NULL) == (o->nonce == NULL));
    SFI_ARG(ctx, o->kind == 0 || describe_find(o->kind) != NULL);
    if (o->key != NULL)
        SFI_HANDLE(ctx, o->key, KEY);
    if (o->ca != NULL)
        SFI_HANDLE(ctx, o->ca, PERSONALIZATION);
    return SFI_OK;
}

sfi_status
sfi_describe_file(sfi_ctx *ctx, const char *path,
                  const sfi_describe_options *opts, sfi_fact_fn report,
                  void *user)
{
    struct description d = {
        .ctx = ctx, .path = path, .report = report, .user = user};
    sfi_status st = SFI_OK;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, path != NULL);
    SFI_ARG(ctx, report != NULL);
    if (opts != NULL)
        st = SFI_ABI_IN(ctx, sfi_describe_options, &d.opts, opts);
    if (st == SFI_OK)
        st = describe_check_options(ctx, &d.opts);
    if (st != SFI_OK)
        return st;
    sfi__buf_init(&d.bytes, &ctx->alloc, true);
    st = describe_end(&d, describe_any(&d));
    sfi__buf_free(&d.bytes);
    return st;
}
