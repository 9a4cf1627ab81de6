/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The answers of a licence server, by jansson. */
#include "hsm/server/answer.h"

#include <stddef.h>
#include <string.h>

#include <jansson.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/err.h"

/* An object that is read; the first member that is wrong is recorded. */
struct answer {
    sfi_ctx *ctx;
    json_t *object;
    sfi_status st;
};

static void
answer_refuse(struct answer *a, const char *name, const char *expected)
{
    if (a->st != SFI_OK)
        return;
    a->st = sfi__fail(a->ctx, SFI_ERR_HSM,
                      "the answer's member \"%s\" is missing or wrong, "
                      "expected %s: no licence server is at HOST:PORT, or one "
                      "of another version",
                      name, expected);
}

/* jansson refuses what is too deep, and numbers beyond 64 bits. */
static sfi_status
answer_open(struct answer *a, sfi_ctx *ctx, const void *data, size_t len)
{
    *a = (struct answer){.ctx = ctx, .st = SFI_OK};
    a->object = json_loadb(data, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(a->object))
        a->st = sfi__fail(ctx, SFI_ERR_HSM,
                          "the answer is no JSON object: no licence server is "
                          "at HOST:PORT");
    return a->st;
}

static sfi_status
answer_close(struct answer *a)
{
    json_decref(a->object);
    return a->st;
}

/* ---- members ---- */

static uint64_t
answer_number(struct answer *a, const char *name, uint64_t max)
{
    const json_t *v = json_object_get(a->object, name);
    json_int_t number = json_integer_value(v);

    if (json_is_integer(v) && number >= 0 && (uint64_t)number <= max)
        return (uint64_t)number;
    answer_refuse(a, name, "a number in its range");
    return 0;
}

static bool
answer_has(const struct answer *a, const char *name)
{
    return json_object_get(a->object, name) != NULL;
}

static bool
answer_bool(struct answer *a, const char *name)
{
    const json_t *v = json_object_get(a->object, name);

    if (!json_is_boolean(v))
        answer_refuse(a, name, "true or false");
    return json_is_true(v);
}

/* "" when it is no text. */
static const char *
answer_word(const struct answer *a, const char *name)
{
    const json_t *v = json_object_get(a->object, name);
    const char *text = json_string_value(v);

    return text != NULL && strlen(text) == json_string_length(v) ? text : "";
}

static void
answer_text(struct answer *a, const char *name, char *out, size_t cap)
{
    const char *text = answer_word(a, name);

    if (text[0] == '\0' || !sfi__text_copy(out, cap, text))
        answer_refuse(a, name, "a text of its length");
}

static void
answer_bytes(struct answer *a, const char *name, uint8_t *out, size_t len)
{
    const char *text = answer_word(a, name);

    if (strlen(text) != 2 * len || !sfi__hex_decode(out, len, text))
        answer_refuse(a, name, "its bytes in hex");
}

/* ---- what answers have in common ---- */

static void
answer_read_end(struct answer *a, struct fence_entry *out)
{
    const char *serial = answer_word(a, "serial");

    sfi__zero(out, sizeof(*out));
    if (sfi__fence_is_serial(serial))
        (void)sfi__text_copy(out->serial, sizeof(out->serial), serial);
    else
        answer_refuse(a, "serial", "32 hex digits");
    out->sequence = answer_number(a, "sequence", INT64_MAX);
    out->remaining = answer_number(a, "remaining", SFI_HSM_COUNT_MAX);
    answer_bytes(a, "head", out->head, sizeof(out->head));
}

/* The end, and a record "restored" through which the station's knowledge was
 * accepted. */
static void
answer_read_seen(struct answer *a, struct fence_seen *out)
{
    json_t *outer = a->object;
    json_t *restored = json_object_get(outer, "restored");

    out->lost = 0;
    answer_read_end(a, &out->end);
    if (restored == NULL || json_is_null(restored))
        return;
    if (!json_is_object(restored)) {
        answer_refuse(a, "restored", "an object");
        return;
    }
    a->object = restored;
    out->end.restored = answer_number(a, "sequence", INT64_MAX);
    out->lost = answer_number(a, "lost", INT64_MAX);
    a->object = outer;
}

sfi_status
sfi__answer_end(sfi_ctx *ctx, const void *data, size_t len,
                struct fence_seen *out)
{
    struct answer a;

    if (answer_open(&a, ctx, data, len) == SFI_OK)
        answer_read_seen(&a, out);
    return answer_close(&a);
}

sfi_status
sfi__answer_license(sfi_ctx *ctx, const void *data, size_t len,
                    struct answer_license *out)
{
    struct answer a;

    if (answer_open(&a, ctx, data, len) == SFI_OK) {
        answer_bytes(&a, "license", out->data, sizeof(out->data));
        out->again = answer_bool(&a, "again");
        answer_read_seen(&a, &out->seen);
    }
    return answer_close(&a);
}

sfi_status
sfi__answer_lease(sfi_ctx *ctx, const void *data, size_t len, uint8_t *out,
                  size_t out_len, struct fence_seen *seen)
{
    struct answer a;

    if (answer_open(&a, ctx, data, len) == SFI_OK) {
        answer_bytes(&a, "lease", out, out_len);
        answer_read_seen(&a, seen);
    }
    return answer_close(&a);
}

sfi_status
sfi__answer_return(sfi_ctx *ctx, const void *data, size_t len,
                   uint64_t *returned, struct fence_seen *seen)
{
    struct answer a;

    if (answer_open(&a, ctx, data, len) == SFI_OK) {
        *returned = answer_number(&a, "returned", SFI_HSM_COUNT_MAX);
        answer_read_seen(&a, seen);
    }
    return answer_close(&a);
}

/* ---- the state of the HSM ---- */

static uint32_t
answer_state(struct answer *a)
{
    const char *word = answer_word(a, "state");

    for (uint32_t i = 0; i <= SFI_HSM_RETIRED; i++) {
        if (strcmp(word, sfi_hsm_state_name(i)) == 0)
            return i;
    }
    answer_refuse(a, "state", "a state of an HSM");
    return SFI_HSM_BLANK;
}

/* Of a vault that a lease filled. */
static void
answer_read_lease(struct answer *a, sfi_audit_head *out)
{
    if (!answer_has(a, "lease"))
        return;
    out->lease = answer_number(a, "lease", INT64_MAX);
    out->expires = answer_number(a, "expires", INT64_MAX);
    answer_bytes(a, "parent", out->parent, sizeof(out->parent));
    answer_bytes(a, "lease_record", out->lease_record,
                 sizeof(out->lease_record));
}

static void
answer_read_head(struct answer *a, sfi_audit_head *out)
{
    struct fence_entry end;

    *out = (sfi_audit_head){.struct_size = sizeof(*out)};
    answer_read_end(a, &end);
    out->flags = (uint32_t)answer_number(a, "flags", UINT32_MAX);
    out->maximum = answer_number(a, "maximum", SFI_HSM_COUNT_MAX);
    out->low_water = answer_number(a, "low_water", SFI_HSM_COUNT_MAX);
    out->remaining = end.remaining;
    out->sequence = end.sequence;
    answer_text(a, "firmware", out->firmware_id, sizeof(out->firmware_id));
    answer_text(a, "product", out->product_id, sizeof(out->product_id));
    (void)sfi__hex_decode(out->serial, sizeof(out->serial), end.serial);
    answer_bytes(a, "ca_public", out->ca_public, sizeof(out->ca_public));
    answer_bytes(a, "genesis", out->genesis, sizeof(out->genesis));
    memcpy(out->audit_head, end.head, sizeof(out->audit_head));
    answer_bytes(a, "mac", out->mac, sizeof(out->mac));
    answer_read_lease(a, out);
}

static void
answer_read_info(struct answer *a, struct answer_info *out)
{
    sfi_hsm_info *info = &out->info;
    const sfi_audit_head *head = &out->head;

    *info = (sfi_hsm_info){.struct_size = sizeof(*info)};
    info->state = answer_state(a);
    answer_read_head(a, &out->head);
    answer_read_seen(a, &out->seen);
    info->remaining = head->remaining;
    info->maximum = head->maximum;
    info->flags = head->flags;
    info->low_water = head->low_water;
    info->records = answer_number(a, "records", INT64_MAX);
    memcpy(info->firmware_id, head->firmware_id, sizeof(info->firmware_id));
    memcpy(info->product_id, head->product_id, sizeof(info->product_id));
    memcpy(info->serial, out->seen.end.serial, sizeof(out->seen.end.serial));
}

sfi_status
sfi__answer_info(sfi_ctx *ctx, const void *data, size_t len,
                 struct answer_info *out)
{
    struct answer a;

    if (answer_open(&a, ctx, data, len) == SFI_OK)
        answer_read_info(&a, out);
    return answer_close(&a);
}

/* ---- records ---- */

#define RECORD_MEMBER(name, optional)                            \
    {                                                            \
#name, offsetof(sfi_audit_record, name),                 \
            sizeof(((sfi_audit_record *)NULL)->name), (optional) \
    }

static const struct {
    const char *name;
    size_t offset;
    size_t size;   /* 4 and 8: a number */
    bool optional; /* 0 */
} record_members[] = {
    RECORD_MEMBER(kind, false),    RECORD_MEMBER(sequence, false),
    RECORD_MEMBER(time, false),    RECORD_MEMBER(remaining, false),
    RECORD_MEMBER(session, false), RECORD_MEMBER(device, false),
    RECORD_MEMBER(license, false), RECORD_MEMBER(previous, false),
    RECORD_MEMBER(hash, false),    RECORD_MEMBER(mac, false),
    RECORD_MEMBER(amount, true),   RECORD_MEMBER(detail, true),
};

static void
answer_read_record(struct answer *a, sfi_audit_record *out)
{
    *out = (sfi_audit_record){.struct_size = sizeof(*out)};
    for (size_t i = 0; i < sizeof(record_members) / sizeof(*record_members);
         i++) {
        const char *name = record_members[i].name;
        uint8_t *to = (uint8_t *)out + record_members[i].offset;
        uint64_t number;
        uint32_t word;

        if (record_members[i].optional && !answer_has(a, name))
            continue;
        switch (record_members[i].size) {
        case sizeof(word):
            word = (uint32_t)answer_number(a, name, UINT32_MAX);
            memcpy(to, &word, sizeof(word));
            break;
        case sizeof(number):
            number = answer_number(a, name, INT64_MAX);
            memcpy(to, &number, sizeof(number));
            break;
        default:
            answer_bytes(a, name, to, record_members[i].size);
            break;
        }
    }
}

static void
answer_read_page(struct answer *a, struct answer_page *out)
{
    json_t *outer = a->object;
    json_t *head = json_object_get(outer, "head");
    json_t *records = json_object_get(outer, "records");

    out->count = 0;
    if (!json_is_object(head))
        answer_refuse(a, "head", "an object");
    if (!json_is_array(records) ||
        json_array_size(records) > ANSWER_RECORDS_MAX)
        answer_refuse(a, "records", "at most 64 records");
    if (a->st != SFI_OK)
        return;
    a->object = head;
    answer_read_head(a, &out->head);
    answer_read_seen(a, &out->seen);
    while (a->st == SFI_OK && out->count < json_array_size(records)) {
        a->object = json_array_get(records, out->count);
        answer_read_record(a, &out->records[out->count++]);
    }
    a->object = outer;
}

sfi_status
sfi__answer_page(sfi_ctx *ctx, const void *data, size_t len,
                 struct answer_page *out)
{
    struct answer a;

    if (answer_open(&a, ctx, data, len) == SFI_OK)
        answer_read_page(&a, out);
    return answer_close(&a);
}

/* ---- refusals ---- */

static const char *const count_words[] = {
    [SFI_COUNT_NONE] = "none",
    [SFI_COUNT_NEW] = "new",
    [SFI_COUNT_AGAIN] = "again",
    [SFI_COUNT_UNKNOWN] = "unknown",
};

static uint32_t
answer_count(const struct answer *a)
{
    const char *word = answer_word(a, "count");

    for (uint32_t i = 0; i <= SFI_COUNT_UNKNOWN; i++) {
        if (strcmp(word, count_words[i]) == 0)
            return i;
    }
    return SFI_COUNT_UNKNOWN;
}

/* A name of a later library: SFI_ERR_HSM. */
static sfi_status
answer_status(const struct answer *a)
{
    const char *word = answer_word(a, "status");
    sfi_status st;

    for (size_t i = 0; (st = sfi_status_at(i)) != SFI_OK; i++) {
        if (strcmp(word, sfi_status_name(st)) == 0)
            return st;
    }
    return SFI_ERR_HSM;
}

sfi_status
sfi__answer_refusal(sfi_ctx *ctx, unsigned code, const void *data, size_t len,
                    uint32_t *count)
{
    char message[SFI_ERROR_MESSAGE_MAX];
    struct answer a;
    sfi_status st;

    *count = SFI_COUNT_UNKNOWN;
    if (answer_open(&a, ctx, data, len) != SFI_OK ||
        answer_word(&a, "message")[0] == '\0') {
        (void)answer_close(&a);
        return sfi__fail_peer(ctx, SFI_ERR_HSM, (int32_t)code,
                              "HTTP status %u, and no answer of a licence "
                              "server: correct HOST:PORT",
                              code);
    }
    *count = answer_count(&a);
    st = answer_status(&a);
    sfi__text_visible(message, sizeof(message), answer_word(&a, "message"));
    (void)answer_close(&a);
    return sfi__fail_peer(ctx, st, (int32_t)code, "%s", message);
}
