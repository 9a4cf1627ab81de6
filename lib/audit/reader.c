/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The reader of audit files: text lines to a head, records and an end.
 *
 * The first failure is kept in `failed`, and every function does nothing after
 * it, so that a line is read like the table of its fields. */
#include <string.h>

#include "util/date.h"
#include "util/hex.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/audit.h"
#include "audit/chain.h"

#define WORDS_RECORD 11u
#define WORDS_END 5u
#define SESSION_DIGITS 8u

/* ---- lines ---- */

sfi_status
sfi__audit_where(struct audit_in *in)
{
    return in->from.path != NULL ? sfi__where(in->ctx, "%s", in->from.path)
                                 : in->ctx->error.status;
}

sfi_status
sfi__audit_fail(struct audit_in *in, sfi_status st, const char *fmt, ...)
{
    char message[SFI_ERROR_MESSAGE_MAX];
    va_list args;

    if (in->failed != SFI_OK)
        return in->failed;
    va_start(args, fmt);
    sfi__text_vformat(message, sizeof(message), fmt, args);
    va_end(args);
    in->failed = sfi__fail(in->ctx, st, "%s", message);
    if (in->line > 0)
        (void)sfi__where(in->ctx, "%llu", (unsigned long long)in->line);
    return sfi__audit_where(in);
}

static sfi_status
audit_read_failed(struct audit_in *in, int err)
{
    in->failed = sfi__fail_os(in->ctx, sfi__os_status(err), err, "cannot read");
    return sfi__audit_where(in);
}

sfi_status
sfi__audit_open(struct audit_in *in, sfi_ctx *ctx,
                const struct audit_source *from)
{
    int err = 0;

    in->file.fd = -1;
    if (from->path != NULL)
        err = sfi__file_open(&in->file, from->path);
    in->ctx = ctx;
    in->from = *from;
    in->failed = SFI_OK;
    in->taken = 0;
    in->line = 0;
    in->restored = 0;
    in->at = 0;
    in->len = 0;
    in->last = false;
    return err == 0 ? SFI_OK : audit_read_failed(in, err);
}

void
sfi__audit_close(struct audit_in *in)
{
    sfi__file_close(&in->file);
}

static int
audit_read_bytes(struct audit_in *in, char *out, size_t cap, size_t *got)
{
    if (in->from.path != NULL)
        return sfi__file_fill(&in->file, out, cap, got);
    *got = in->from.len < cap ? in->from.len : cap;
    if (*got > 0)
        memcpy(out, in->from.data, *got);
    in->from.data += *got;
    in->from.len -= *got;
    return 0;
}

/* Read on when the buffer may not hold a whole line. */
static sfi_status
audit_fill_buffer(struct audit_in *in)
{
    size_t got;
    int err;

    if (in->last)
        return SFI_OK;
    in->len -= in->at;
    memmove(in->data, in->data + in->at, in->len);
    in->at = 0;
    err = audit_read_bytes(in, in->data + in->len, sizeof(in->data) - in->len,
                           &got);
    in->len += got;
    in->taken += got;
    in->last = in->len < sizeof(in->data);
    return err == 0 ? SFI_OK : audit_read_failed(in, err);
}

static sfi_status
audit_check_line(struct audit_in *in)
{
    char name[TEXT_BYTE_MAX];

    for (size_t i = 0; in->text[i] != '\0'; i++) {
        if (in->text[i] < ' ' || in->text[i] > '~')
            return sfi__audit_fail(in, SFI_ERR_FORMAT,
                                   "character %zu is %s, expected printable "
                                   "ASCII and line ends of LF only",
                                   i + 1,
                                   sfi__text_byte(name, (uint8_t)in->text[i]));
    }
    return SFI_OK;
}

/* The next line into `text`; `*got` is false at the end of the file. */
static sfi_status
audit_next_line(struct audit_in *in, bool *got)
{
    const char *from, *end;
    size_t len;

    if (in->len - in->at <= AUDIT_LINE_MAX) {
        sfi_status st = audit_fill_buffer(in);

        if (st != SFI_OK)
            return st;
    }
    *got = in->at < in->len;
    if (!*got)
        return SFI_OK;
    in->line++;
    from = in->data + in->at;
    len = in->len - in->at;
    end = memchr(from, '\n', len <= AUDIT_LINE_MAX ? len : AUDIT_LINE_MAX + 1);
    if (end == NULL && len > AUDIT_LINE_MAX)
        return sfi__audit_fail(in, SFI_ERR_LIMIT,
                               "line is longer than %u characters, the limit",
                               AUDIT_LINE_MAX);
    if (end == NULL)
        return sfi__audit_fail(in, SFI_ERR_TRUNCATED,
                               "the audit log ends in the middle of a line");
    len = (size_t)(end - from);
    if (memchr(from, '\0', len) != NULL)
        return sfi__audit_fail(in, SFI_ERR_FORMAT,
                               "a character is 0x00, expected printable ASCII");
    memcpy(in->text, from, len);
    in->text[len] = '\0';
    in->at += len + 1;
    return audit_check_line(in);
}

/* Read the next line, which must exist. */
static void
audit_need_line(struct audit_in *in, const char *expected)
{
    bool got;

    if (in->failed == SFI_OK && audit_next_line(in, &got) == SFI_OK && !got)
        (void)sfi__audit_fail(in, SFI_ERR_TRUNCATED,
                              "the audit log ends here, expected %s", expected);
}

/* ---- words ---- */

static void
audit_bad_word(struct audit_in *in, const char *name, const char *word,
               const char *expected)
{
    (void)sfi__audit_fail(in, SFI_ERR_FORMAT, "%s is \"%s\", expected %s", name,
                          word, expected);
}

/* Each number has exactly one text: no sign and no leading zeros. */
static void
audit_read_number(struct audit_in *in, const char *name, const char *word,
                  uint64_t max, uint64_t *out)
{
    if (in->failed != SFI_OK)
        return;
    if (strspn(word, "0123456789") != strlen(word) ||
        (word[0] == '0' && word[1] != '\0') ||
        !sfi__text_to_u64(word, max, out))
        audit_bad_word(in, name, word, "a whole number in its range");
}

static void
audit_read_hex(struct audit_in *in, const char *name, const char *word,
               uint8_t *out, size_t len)
{
    char expected[64];

    if (in->failed != SFI_OK)
        return;
    if (strspn(word, "0123456789abcdef") == strlen(word) &&
        strlen(word) == 2 * len && sfi__hex_decode(out, len, word))
        return;
    sfi__text_format(expected, sizeof(expected), "%zu digits of 0 to 9, a to f",
                     2 * len);
    audit_bad_word(in, name, word, expected);
}

#define READ_HEX(in, name, word, field) \
    audit_read_hex((in), (name), (word), (field), sizeof(field))

/* Cut the line at each blank. */
static void
audit_split_line(struct audit_in *in, char *words[], size_t count)
{
    size_t found = 0;

    for (char *at = in->text; at != NULL; found++) {
        char *blank = strchr(at, ' ');

        if (found < count)
            words[found] = at;
        if (blank != NULL)
            *blank++ = '\0';
        at = blank;
    }
    if (found != count)
        (void)sfi__audit_fail(in, SFI_ERR_FORMAT,
                              "%zu words, expected %zu: \"%s ...\"", found,
                              count, in->text);
}

/* ---- the head ---- */

/* The text after `key` and a blank on the next line; NULL after a failure. */
static const char *
audit_read_value(struct audit_in *in, const char *key)
{
    char expected[64];
    const char *rest;

    sfi__text_format(expected, sizeof(expected), "\"%s ...\"", key);
    audit_need_line(in, expected);
    if (in->failed != SFI_OK)
        return NULL;
    rest = sfi__text_after(in->text, key);
    if (rest == NULL || *rest != ' ') {
        audit_bad_word(in, "the line", in->text, expected);
        return NULL;
    }
    return rest + 1;
}

static void
audit_read_key_number(struct audit_in *in, const char *key, uint64_t max,
                      uint64_t *out)
{
    audit_read_number(in, key, audit_read_value(in, key), max, out);
}

static void
audit_read_key_hex(struct audit_in *in, const char *key, uint8_t *out,
                   size_t len)
{
    audit_read_hex(in, key, audit_read_value(in, key), out, len);
}

static void
audit_read_key_text(struct audit_in *in, const char *key,
                    bool (*is_valid)(const char *text), const char *expected,
                    char *out, size_t cap)
{
    const char *text = audit_read_value(in, key);

    if (text != NULL && (!is_valid(text) || !sfi__text_copy(out, cap, text)))
        audit_bad_word(in, key, text, expected);
}

static void
audit_read_magic(struct audit_in *in, bool *leased)
{
    audit_need_line(in, "\"" AUDIT_MAGIC "\"");
    *leased = in->failed == SFI_OK && strcmp(in->text, AUDIT_MAGIC_LEASED) == 0;
    if (in->failed == SFI_OK && !*leased && strcmp(in->text, AUDIT_MAGIC) != 0)
        (void)sfi__audit_fail(in, SFI_ERR_FORMAT,
                              "not an audit log, expected \"" AUDIT_MAGIC
                              "\" as the first line");
}

static void
audit_read_numbers(struct audit_in *in, sfi_audit_head *out)
{
    uint64_t flags = 0;

    audit_read_key_number(in, "flags", UINT32_MAX, &flags);
    out->flags = (uint32_t)flags;
    if ((out->flags & ~AUDIT_FLAGS) != 0)
        (void)sfi__audit_fail(in, SFI_ERR_FORMAT,
                              "flags are 0x%x, this libsfi supports 0x%x",
                              out->flags, AUDIT_FLAGS);
    audit_read_key_number(in, "maximum", SFI_HSM_COUNT_MAX, &out->maximum);
    if (out->maximum == 0)
        audit_bad_word(in, "maximum", "0", "1 or more");
    audit_read_key_number(in, "low-water", out->maximum, &out->low_water);
}

static void
audit_read_time(struct audit_in *in, const char *word, uint64_t *out)
{
    if (in->failed == SFI_OK && !sfi__date_parse(word, out))
        audit_bad_word(in, "the time", word, "such as 2026-11-22T13:00:00Z");
}

/* The terms of a lease. */
static void
audit_read_lease(struct audit_in *in, sfi_audit_head *out)
{
    audit_read_key_hex(in, "parent", out->parent, sizeof(out->parent));
    audit_read_key_number(in, "lease", INT64_MAX, &out->lease);
    if (out->lease == 0)
        audit_bad_word(in, "lease", "0", "1 or more");
    audit_read_key_hex(in, "lease-record", out->lease_record,
                       sizeof(out->lease_record));
    audit_read_time(in, audit_read_value(in, "expires"), &out->expires);
}

sfi_status
sfi__audit_read_head(struct audit_in *in, sfi_audit_head *out)
{
    bool leased;

    audit_read_magic(in, &leased);
    audit_read_numbers(in, out);
    audit_read_key_text(in, "firmware-id", sfi__audit_is_firmware,
                        "1 to 63 printable ASCII characters", out->firmware_id,
                        sizeof(out->firmware_id));
    audit_read_key_text(in, "product-id", sfi__audit_is_product,
                        "8 printable ASCII characters without blanks",
                        out->product_id, sizeof(out->product_id));
    audit_read_key_hex(in, "serial", out->serial, sizeof(out->serial));
    audit_read_key_hex(in, "ca", out->ca_public, sizeof(out->ca_public));
    if (leased)
        audit_read_lease(in, out);
    audit_read_key_hex(in, "genesis", out->genesis, sizeof(out->genesis));
    return in->failed;
}

/* ---- records, and the end ---- */

static void
audit_read_kind(struct audit_in *in, const char *word, uint32_t *out)
{
    const char *name;

    if (in->failed != SFI_OK)
        return;
    for (uint32_t kind = SFI_AUDIT_COUNTED;
         (name = sfi__audit_kind(kind)) != NULL; kind++) {
        if (strcmp(name, word) == 0) {
            *out = kind;
            return;
        }
    }
    audit_bad_word(in, "the kind", word,
                   "counted, again, retired, lease, return "
                   "or restored");
}

static void
audit_read_session(struct audit_in *in, const char *word, uint32_t *out)
{
    uint8_t bytes[SESSION_DIGITS / 2] = {0};

    READ_HEX(in, "the session", word, bytes);
    *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
           (uint32_t)bytes[2] << 8 | bytes[3];
}

static void
audit_read_license(struct audit_in *in, char *w[], sfi_audit_record *out)
{
    READ_HEX(in, "the device", w[4], out->device);
    audit_read_session(in, w[5], &out->session);
    READ_HEX(in, "the licence", w[7], out->license);
}

static void
audit_read_move(struct audit_in *in, char *w[], sfi_audit_record *out)
{
    if (out->kind == SFI_AUDIT_RESTORED) {
        READ_HEX(in, "the lost hash", w[4], out->license);
        out->session = ++in->restored;
    } else {
        READ_HEX(in, "the request", w[4], out->device);
        out->session = out->kind == SFI_AUDIT_RETURN ? CHAIN_SESSION_RETURN : 0;
    }
    audit_read_number(in, "the amount", w[5], INT64_MAX, &out->amount);
    audit_read_number(in, "the detail", w[7], INT64_MAX, &out->detail);
}

static sfi_status
audit_read_record(struct audit_in *in, sfi_audit_record *out)
{
    char *w[WORDS_RECORD] = {NULL};

    audit_split_line(in, w, WORDS_RECORD);
    audit_read_number(in, "the sequence", w[1], UINT64_MAX, &out->sequence);
    audit_read_time(in, w[2], &out->time);
    audit_read_kind(in, w[3], &out->kind);
    if (sfi__chain_moves(out->kind))
        audit_read_move(in, w, out);
    else
        audit_read_license(in, w, out);
    audit_read_number(in, "the remaining count", w[6], UINT64_MAX,
                      &out->remaining);
    READ_HEX(in, "the previous hash", w[8], out->previous);
    READ_HEX(in, "the hash", w[9], out->hash);
    READ_HEX(in, "the MAC", w[10], out->mac);
    return in->failed;
}

static sfi_status
audit_read_end(struct audit_in *in, sfi_audit_head *head)
{
    char *w[WORDS_END] = {NULL};
    bool more;

    audit_split_line(in, w, WORDS_END);
    audit_read_number(in, "the sequence", w[1], UINT64_MAX, &head->sequence);
    audit_read_number(in, "the remaining count", w[2], UINT64_MAX,
                      &head->remaining);
    READ_HEX(in, "the last hash", w[3], head->audit_head);
    READ_HEX(in, "the MAC", w[4], head->mac);
    if (in->failed == SFI_OK && audit_next_line(in, &more) == SFI_OK && more)
        (void)sfi__audit_fail(in, SFI_ERR_FORMAT,
                              "a line follows the end of the audit log");
    return in->failed;
}

static bool
audit_line_begins(const char *text, const char *word)
{
    const char *rest = sfi__text_after(text, word);

    return rest != NULL && *rest == ' ';
}

sfi_status
sfi__audit_read_next(struct audit_in *in, sfi_audit_record *out,
                     sfi_audit_head *head, bool *end)
{
    audit_need_line(in, "a record or the end");
    if (in->failed != SFI_OK)
        return in->failed;
    *end = audit_line_begins(in->text, "end");
    if (*end)
        return audit_read_end(in, head);
    if (audit_line_begins(in->text, "record"))
        return audit_read_record(in, out);
    audit_bad_word(in, "the line", in->text, "\"record ...\" or \"end ...\"");
    return in->failed;
}
