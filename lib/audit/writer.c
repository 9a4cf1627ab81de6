/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The writer of audit files: checks the records of an HSM and writes them as
 * text. */
#include "audit/audit.h"

#include <string.h>

#include "util/date.h"
#include "util/hex.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "audit/chain.h"
#include "wire/certificate.h"

const char *
sfi__audit_kind(uint32_t kind)
{
    static const char *const kinds[] = {
        [SFI_AUDIT_COUNTED] = "counted", [SFI_AUDIT_AGAIN] = "again",
        [SFI_AUDIT_RETIRED] = "retired", [SFI_AUDIT_LEASE] = "lease",
        [SFI_AUDIT_RETURN] = "return",   [SFI_AUDIT_RESTORED] = "restored",
    };

    return kind < sizeof(kinds) / sizeof(*kinds) ? kinds[kind] : NULL;
}

static bool
audit_is_printable(const char *text, char first)
{
    for (; *text != '\0'; text++) {
        if (*text < first || *text > '~')
            return false;
    }
    return true;
}

bool
sfi__audit_is_firmware(const char *text)
{
    size_t len = strlen(text);

    return len >= 1 && len <= SFI_FIRMWARE_ID_MAX &&
           audit_is_printable(text, ' ');
}

bool
sfi__audit_is_product(const char *text)
{
    return strlen(text) == PRODUCT_ID_LEN && audit_is_printable(text, '!');
}

/* ---- the file ---- */

struct audit_out {
    sfi_ctx *ctx;
    sfi_status failed;  /* the first failure; sticky */
    sfi_write_fn write; /* NULL: only check */
    void *to;
    size_t len;
    char data[8192];
};

static void
audit_flush_buffer(struct audit_out *o)
{
    if (o->write != NULL)
        o->failed = o->write(o->to, (const uint8_t *)o->data, o->len);
    o->len = 0;
}

/* Does nothing after a failure. */
static void SFI_PRINTF(2, 3)
    audit_put_line(struct audit_out *o, const char *fmt, ...)
{
    va_list args;

    if (o->failed == SFI_OK && sizeof(o->data) - o->len < AUDIT_LINE_MAX + 2)
        audit_flush_buffer(o);
    if (o->failed != SFI_OK)
        return;
    va_start(args, fmt);
    sfi__text_vformat(o->data + o->len, AUDIT_LINE_MAX + 1, fmt, args);
    va_end(args);
    o->len += strlen(o->data + o->len);
    o->data[o->len++] = '\n';
}

/* ---- lines ---- */

/* The hexadecimal text of at most 64 bytes. */
struct hex_text {
    char text[2 * 64 + 1];
};

static struct hex_text
audit_hex_text(const uint8_t *data, size_t len)
{
    struct hex_text h;

    sfi__hex_encode(h.text, data, len);
    return h;
}

#define HEX(field) audit_hex_text((field), sizeof(field)).text

static void
audit_put_lease(struct audit_out *o, const sfi_audit_head *h)
{
    char date[DATE_MAX];

    audit_put_line(o, "parent %s", HEX(h->parent));
    audit_put_line(o, "lease %llu", (unsigned long long)h->lease);
    audit_put_line(o, "lease-record %s", HEX(h->lease_record));
    audit_put_line(o, "expires %s", sfi__date_format(date, h->expires));
}

static void
audit_put_head(struct audit_out *o, const sfi_audit_head *h)
{
    audit_put_line(o, "%s", h->lease == 0 ? AUDIT_MAGIC : AUDIT_MAGIC_LEASED);
    audit_put_line(o, "flags %u", h->flags);
    audit_put_line(o, "maximum %llu", (unsigned long long)h->maximum);
    audit_put_line(o, "low-water %llu", (unsigned long long)h->low_water);
    audit_put_line(o, "firmware-id %s", h->firmware_id);
    audit_put_line(o, "product-id %s", h->product_id);
    audit_put_line(o, "serial %s", HEX(h->serial));
    audit_put_line(o, "ca %s", HEX(h->ca_public));
    if (h->lease != 0)
        audit_put_lease(o, h);
    audit_put_line(o, "genesis %s", HEX(h->genesis));
}

/* In the places of session and licence: amount and detail. */
static void
audit_put_move(struct audit_out *o, const sfi_audit_record *r)
{
    bool restored = r->kind == SFI_AUDIT_RESTORED;
    char date[DATE_MAX];

    audit_put_line(
        o, "record %llu %s %s %s %llu %llu %llu %s %s %s",
        (unsigned long long)r->sequence, sfi__date_format(date, r->time),
        sfi__audit_kind(r->kind), restored ? HEX(r->license) : HEX(r->device),
        (unsigned long long)r->amount, (unsigned long long)r->remaining,
        (unsigned long long)r->detail, HEX(r->previous), HEX(r->hash),
        HEX(r->mac));
}

static void
audit_put_record(struct audit_out *o, const sfi_audit_record *r)
{
    char date[DATE_MAX];

    if (sfi__chain_moves(r->kind)) {
        audit_put_move(o, r);
        return;
    }
    audit_put_line(o, "record %llu %s %s %s %08x %llu %s %s %s %s",
                   (unsigned long long)r->sequence,
                   sfi__date_format(date, r->time), sfi__audit_kind(r->kind),
                   HEX(r->device), r->session, (unsigned long long)r->remaining,
                   HEX(r->license), HEX(r->previous), HEX(r->hash),
                   HEX(r->mac));
}

static void
audit_put_end(struct audit_out *o, const sfi_audit_head *h)
{
    audit_put_line(o, "end %llu %llu %s %s", (unsigned long long)h->sequence,
                   (unsigned long long)h->remaining, HEX(h->audit_head),
                   HEX(h->mac));
}

/* ---- checks of what the HSM gives ---- */

static sfi_status
writer_check_head(sfi_ctx *ctx, const sfi_audit_head *h)
{
    uint8_t genesis[SFI_SHA256_LEN];
    sfi_status st;

    if (!sfi__audit_is_firmware(h->firmware_id) ||
        !sfi__audit_is_product(h->product_id))
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "the HSM's audit log has no valid firmware id or no "
                         "valid product id");
    st = sfi__chain_genesis(ctx, h, genesis);
    if (st != SFI_OK)
        return st;
    if (!sfi__equal(genesis, h->genesis, sizeof(genesis)))
        return sfi__fail(
            ctx, SFI_ERR_HSM,
            "the head of the HSM's audit log does not match its hash");
    return SFI_OK;
}

/* `last`: the hash of the previous record; receives that of this one. */
static sfi_status
writer_check_record(sfi_ctx *ctx, const sfi_audit_head *h,
                    const sfi_audit_record *r, uint64_t sequence,
                    uint8_t last[SFI_SHA256_LEN])
{
    uint8_t hash[SFI_SHA256_LEN];
    sfi_status st = sfi__chain_record(ctx, h, r, NULL, hash, NULL);

    if (st != SFI_OK)
        return st;
    if (r->sequence != sequence || sfi__audit_kind(r->kind) == NULL ||
        !sfi__equal(r->previous, last, SFI_SHA256_LEN) ||
        !sfi__equal(r->hash, hash, sizeof(hash)))
        return sfi__fail(ctx, SFI_ERR_HSM,
                         "record %llu of the HSM's audit log does not continue "
                         "the previous one, or does not match its hash",
                         (unsigned long long)sequence);
    memcpy(last, hash, SFI_SHA256_LEN);
    return SFI_OK;
}

static sfi_status
audit_put_records(struct audit_out *o, const sfi_audit_head *h,
                  audit_record_fn record, void *user)
{
    uint8_t last[SFI_SHA256_LEN];

    memcpy(last, h->genesis, sizeof(last));
    for (uint64_t i = 0; o->failed == SFI_OK && i < h->sequence; i++) {
        sfi_audit_record r = {.struct_size = sizeof(r)};
        sfi_status st = record(user, i + 1, &r);

        if (st != SFI_OK)
            return st;
        st = writer_check_record(o->ctx, h, &r, i + 1, last);
        if (st != SFI_OK)
            return st;
        audit_put_record(o, &r);
    }
    if (o->failed != SFI_OK)
        return o->failed;
    if (!sfi__equal(last, h->audit_head, sizeof(last)))
        return sfi__fail(o->ctx, SFI_ERR_HSM,
                         "record %llu of the HSM's audit log is not the last "
                         "one that its head names",
                         (unsigned long long)h->sequence);
    return SFI_OK;
}

/* Clear the bytes after a text's end: they would be hashed but not written. */
static void
audit_clear_tail(char *text, size_t size)
{
    size_t len;

    text[size - 1] = '\0';
    len = strlen(text);
    sfi__zero(text + len, size - len);
}

static sfi_status
audit_write_all(struct audit_out *o, const sfi_audit_head *h,
                audit_record_fn record, void *user)
{
    sfi_status st;

    audit_put_head(o, h);
    st = audit_put_records(o, h, record, user);
    if (st != SFI_OK)
        return st;
    audit_put_end(o, h);
    if (o->failed == SFI_OK)
        audit_flush_buffer(o);
    return o->failed;
}

sfi_status
sfi__audit_write_to(sfi_ctx *ctx, sfi_write_fn write, void *to,
                    const sfi_audit_head *head, audit_record_fn record,
                    void *user)
{
    struct audit_out o = {.ctx = ctx, .write = write, .to = to};
    sfi_audit_head h = *head;
    sfi_status st;

    audit_clear_tail(h.firmware_id, sizeof(h.firmware_id));
    audit_clear_tail(h.product_id, sizeof(h.product_id));
    st = writer_check_head(ctx, &h);
    return st == SFI_OK ? audit_write_all(&o, &h, record, user) : st;
}

static sfi_status
audit_write_file(void *to, const uint8_t *data, size_t len)
{
    return sfi__output_write(to, data, len);
}

sfi_status
sfi__audit_write(sfi_ctx *ctx, const char *path, const sfi_audit_head *head,
                 audit_record_fn record, void *user)
{
    struct output file;
    sfi_status st;

    if (path == NULL)
        return sfi__audit_write_to(ctx, NULL, NULL, head, record, user);
    st = sfi__output_begin(ctx, &file, path, SFI_FILE_AUDIT, 0644);
    if (st != SFI_OK)
        return st;
    st = sfi__audit_write_to(ctx, audit_write_file, &file, head, record, user);
    if (st == SFI_OK)
        return sfi__output_end(&file);
    sfi__output_abort(&file);
    return st;
}
