/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Traces, records, keys and credentials. */
#include <string.h>

#include <sfi/audit.h>

#include "util/file.h"
#include "util/hex.h"
#include "util/mem.h"
#include "util/sys.h"
#include "util/text.h"
#include "transport/trace/trace.h"
#include "describe/description.h"
#include "journal/json.h"

/* ---- traces ---- */

sfi_status
sfi__describe_trace(struct description *d)
{
    struct trace_summary sum;
    sfi_status st =
        sfi__trace_summarize(d->ctx, d->bytes.data, d->bytes.len, &sum);

    if (st == SFI_OK) {
        sfi__fact_text(d, "link", "kind of link", sum.kind);
        sfi__fact_number(d, "calls", "calls", sum.calls);
        sfi__fact_number(d, "bytes_out", "bytes that the host sent",
                         sum.bytes_out);
        sfi__fact_number(d, "bytes_in", "bytes that the host received",
                         sum.bytes_in);
        sfi__fact_number(d, "failures", "calls that failed", sum.failures);
        sfi__fact_number(d, "milliseconds", "milliseconds", sum.ms);
    }
    (void)sfi__fact_check(d, "structure", "structure", st);
    return st;
}

/* ---- records ---- */

#define WORDS_MAX 16u

struct ledger_of_stations {
    uint64_t records, fragments;
    char first[JSON_VALUE_MAX], last[JSON_VALUE_MAX]; /* their times */
    /* how often each result occurs */
    char result[WORDS_MAX][JSON_VALUE_MAX];
    uint64_t times[WORDS_MAX];
};

static void
record_count_result(struct ledger_of_stations *l, const char *result)
{
    size_t i = 0;

    while (i < WORDS_MAX && l->times[i] > 0 && strcmp(l->result[i], result))
        i++;
    if (i == WORDS_MAX)
        return;
    (void)sfi__text_copy(l->result[i], JSON_VALUE_MAX, result);
    l->times[i]++;
}

/* What a power cut leaves of a record is a fragment, which is no fault. */
static bool
record_take_line(struct ledger_of_stations *l, const char *line, size_t len)
{
    struct json_line j;

    if (!sfi__json_read_line(line, len, &j)) {
        l->fragments++;
        return len >= 1 && line[0] == '{';
    }
    if (l->records++ == 0)
        (void)sfi__text_copy(l->first, sizeof(l->first), j.time);
    (void)sfi__text_copy(l->last, sizeof(l->last), j.time);
    record_count_result(l, j.result);
    return j.time[0] != '\0';
}

static sfi_status
record_read(struct description *d, struct ledger_of_stations *l)
{
    const char *text = (const char *)d->bytes.data;
    size_t left = d->bytes.len;
    unsigned number = 0;

    while (left > 0) {
        const char *end = memchr(text, '\n', left);
        size_t len = end != NULL ? (size_t)(end - text) : left;

        number++;
        if (!record_take_line(l, text, len)) {
            (void)sfi__fail(d->ctx, SFI_ERR_FORMAT,
                            "the line is not a record, expected a JSON object "
                            "that begins with its time");
            return sfi__where(d->ctx, "%u", number);
        }
        len += end != NULL;
        text += len;
        left -= len;
    }
    return SFI_OK;
}

static void
record_report(struct description *d, const struct ledger_of_stations *l)
{
    sfi__fact_number(d, "records", "records", l->records);
    sfi__fact_number(d, "fragments", "records that a power cut has ended",
                     l->fragments);
    sfi__fact_text(d, "first_time", "first record", l->first);
    sfi__fact_text(d, "last_time", "last record", l->last);
    for (size_t i = 0; i < WORDS_MAX && l->times[i] > 0; i++) {
        sfi__fact_group(d, "results", (uint32_t)i + 1);
        sfi__fact_text(d, "result", "result", l->result[i]);
        sfi__fact_number(d, "chip_count", "chips", l->times[i]);
    }
}

sfi_status
sfi__describe_record(struct description *d)
{
    struct ledger_of_stations *l = sfi__ctx_alloc(d->ctx, sizeof(*l));
    sfi_status st;

    if (l == NULL)
        return SFI_ERR_NOMEM;
    st = record_read(d, l);
    if (l->records > 0)
        record_report(d, l);
    (void)sfi__fact_check(d, "structure", "every line is a record", st);
    sfi__ctx_dealloc(d->ctx, l);
    return st;
}

/* ---- registers of nonces, maps ---- */

/* doc/format.md, "Register of nonces": two digests in hexadecimal. */
#define NONCES_HEAD_LEN 11u
#define NONCES_IV_DIGITS 32u
#define NONCES_RECORD_LEN 98u

static bool
nonces_is_record(const uint8_t *p)
{
    for (size_t i = 0; i < NONCES_RECORD_LEN - 1; i++) {
        bool is_digit = sfi__hex_digit(p[i]) >= 0;

        if (i == NONCES_IV_DIGITS ? p[i] != ' ' : !is_digit)
            return false;
    }
    return p[NONCES_RECORD_LEN - 1] == '\n';
}

/* The next image overwrites what a crash left of the last record. */
sfi_status
sfi__describe_nonces(struct description *d)
{
    size_t count = (d->bytes.len - NONCES_HEAD_LEN) / NONCES_RECORD_LEN;
    const uint8_t *p = d->bytes.data + NONCES_HEAD_LEN;
    sfi_status st = SFI_OK;

    if (d->bytes.len < NONCES_HEAD_LEN)
        count = 0;
    for (size_t i = 0; i < count && st == SFI_OK; i++) {
        if (!nonces_is_record(p + i * NONCES_RECORD_LEN))
            st =
                sfi__fail(d->ctx, SFI_ERR_FORMAT,
                          "record %zu is damaged, expected two digests", i + 1);
    }
    sfi__fact_number(d, "records", "nonces, with those of the areas", count);
    return sfi__fact_check(d, "structure", "every record", st);
}

sfi_status
sfi__describe_map(struct description *d)
{
    sfi__fact_text(d, "format", "format", "SVG");
    return SFI_OK;
}

/* ---- keys ---- */

static const char *
key_purpose(size_t len)
{
    switch (len) {
    case SFI_NONCE_LEN:
        return "as long as a nonce";
    case SFI_KEY_LEN:
        return "as long as a firmware key";
    default:
        return "as long as an audit key or a private key";
    }
}

sfi_status
sfi__describe_key(struct description *d)
{
    const uint8_t *p = d->bytes.data;
    char cure[SYS_CURE_MAX];
    size_t len = d->bytes.len;
    sfi_status st = SFI_OK;

    sfi__fact_text(d, "purpose", "what it may be", key_purpose(len));
    sfi__fact_yes_no(d, "others_can_read", "every user can read it",
                     sfi__sys_others_read(d->path, cure));
    /* Each byte like the one before it. */
    if (len > 1 && sfi__ct_equal(p, p + 1, len - 1))
        st = sfi__fail(d->ctx, SFI_ERR_FORMAT,
                       "all bytes are equal, expected random ones");
    (void)sfi__fact_check(d, "random", "not a constant", st);
    return st;
}

#define PEM_LABEL_MAX 40u
#define PEM_BEGIN "-----BEGIN "

/* "-----BEGIN EC PRIVATE KEY-----": between the dashes. */
static void
credential_read_label(const struct buf *b, char label[PEM_LABEL_MAX + 1])
{
    size_t at = strlen(PEM_BEGIN);
    size_t n = 0;

    label[0] = '\0';
    if (b->len < at || !sfi__equal(b->data, PEM_BEGIN, at))
        return;
    for (; at < b->len && n < PEM_LABEL_MAX; at++) {
        uint8_t c = b->data[at];

        if ((c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != ' ')
            break;
        label[n++] = (char)c;
    }
    label[n] = '\0';
}

sfi_status
sfi__describe_credential(struct description *d)
{
    char label[PEM_LABEL_MAX + 1], cure[SYS_CURE_MAX];

    credential_read_label(&d->bytes, label);
    sfi__fact_text(d, "format", "format", label[0] != '\0' ? "PEM" : "DER");
    if (label[0] != '\0')
        sfi__fact_text(d, "label", "label", label);
    sfi__fact_yes_no(d, "others_can_read", "every user can read it",
                     sfi__sys_others_read(d->path, cure));
    return SFI_OK;
}
