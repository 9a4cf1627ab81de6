/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Builds the story of an HSM record by record, and writes it to a file. */
#define _POSIX_C_SOURCE 200809L
#include <disk/audit_kit.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "core/err.h"
#include "audit/chain.h"
#include "audit/audit.h"

#include "fixture.h"

/* A reproducible hash for each number. */
static void
story_hash(uint32_t number, const char *what, uint8_t out[SFI_SHA256_LEN])
{
    char text[64];

    sfi__clear_error(ctx); /* an expected failure may have left one */
    (void)snprintf(text, sizeof(text), "%s %u", what, number);
    ck_assert_ok(sfi__sha256(ctx, text, strlen(text), out));
}

void
story_begin(struct story *s, uint32_t flags, uint64_t maximum, uint8_t serial)
{
    sfi__zero(s, sizeof(*s));
    for (size_t i = 0; i < sizeof(s->key_secret); i++)
        s->key_secret[i] = (uint8_t)(0x40 + i);
    s->head = (sfi_audit_head){
        .struct_size = sizeof(s->head),
        .flags = flags,
        .maximum = maximum,
        .low_water = maximum / 10,
        .firmware_id = "blink 1.0",
        .product_id = "45002001",
    };
    sfi__fill(s->head.serial, serial, sizeof(s->head.serial));
    sfi__fill(s->head.ca_public, 0xca, sizeof(s->head.ca_public));
    story_sign(s);
}

void
story_sign(struct story *s)
{
    sfi_audit_head *h = &s->head;
    uint8_t last[SFI_SHA256_LEN];

    sfi__clear_error(ctx);
    ck_assert_ok(sfi__chain_genesis(ctx, h, h->genesis));
    memcpy(last, h->genesis, sizeof(last));
    for (uint64_t i = 0; i < s->count; i++) {
        sfi_audit_record *r = &s->records[i];

        memcpy(r->previous, last, sizeof(last));
        ck_assert_ok(
            sfi__chain_record(ctx, h, r, s->key_secret, r->hash, r->mac));
        memcpy(last, r->hash, sizeof(last));
    }
    h->sequence = s->count;
    h->remaining =
        s->count > 0 ? s->records[s->count - 1].remaining : h->maximum;
    memcpy(h->audit_head, last, sizeof(last));
    ck_assert_ok(sfi__chain_head_mac(ctx, h, s->key_secret, h->mac));
}

sfi_audit_record *
story_add(struct story *s, uint32_t kind, uint32_t device, uint32_t session)
{
    sfi_audit_record *r = &s->records[s->count];

    ck_assert_uint_lt(s->count, STORY_MAX);
    *r = (sfi_audit_record){
        .struct_size = sizeof(*r),
        .kind = kind,
        .sequence = s->count + 1,
        .time = STORY_TIME + 60 * s->count,
        .session = session,
        .remaining = s->head.remaining - (kind == SFI_AUDIT_COUNTED ? 1 : 0),
    };
    s->head.remaining = r->remaining;
    if (kind != SFI_AUDIT_RETIRED) {
        story_hash(device, "device", r->device);
        story_hash(device + session, "licence", r->license);
    }
    s->count++;
    return r;
}

static sfi_status
story_give_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    struct story *s = user;

    ck_assert_uint_eq(out->struct_size, sizeof(*out));
    ck_assert_uint_ge(sequence, 1);
    ck_assert_uint_le(sequence, s->count);
    if (sequence == s->fail_at)
        return sfi__fail(ctx, SFI_ERR_IO, "the story ends too early");
    *out = s->records[sequence - 1];
    if (sequence == s->lie_at)
        out->remaining++;
    return SFI_OK;
}

sfi_status
story_write(struct story *s, const char *path)
{
    sfi__clear_error(ctx);
    return sfi__audit_write(ctx, path, &s->head, story_give_record, s);
}

sfi_status
story_write_anew(struct story *s, const char *path)
{
    (void)unlink(path);
    return story_write(s, path);
}

sfi_status
story_verify(struct story *s, const char *path, const char *before,
             sfi_audit_summary *out)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    sfi_status st = sfi_audit_verify(ctx, path, s->key_secret,
                                     sizeof(s->key_secret), before, &sum);

    if (out != NULL)
        *out = sum;
    return st;
}
