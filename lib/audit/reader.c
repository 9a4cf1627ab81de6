/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include <string.h>

#include "util/date.h"
#include "util/hex.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "audit/audit.h"

#define WORDS_RECORD 11u
#define WORDS_END 5u
#define SESSION_DIGITS 8u

/* ---- lines ---- */

sfi_status
sfi__audit_fail(struct audit_in *in, sfi_status st, const char *fmt, ...)
{
    char message[SFI_ERROR_MESSAGE_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(message, sizeof(message), fmt, args);
    va_end(args);
    (void)sfi__fail(in->ctx, st, "%s", message);
    if (in->line > 0)
        (void)sfi__where(in->ctx, "%llu", (unsigned long long)in->line);
    return sfi__where(in->ctx, "%s", in->path);
}

static sfi_status
audit_read_failed(struct audit_in *in, int err)
{
    (void)sfi__fail_os(in->ctx, sfi__os_status(err), err, "cannot read");
    return sfi__where(in->ctx, "%s", in->path);
}

sfi_status
sfi__audit_open(struct audit_in *in, sfi_ctx *ctx, const char *path)
{
    int err = sfi__file_open(&in->file, path);

    in->ctx = ctx;
    in->path = path;
    in->line = 0;
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

/* The rest of a line that began before may still be in the file. */
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
    err = sfi__file_fill(&in->file, in->data + in->len,
                         sizeof(in->data) - in->len, &got);
    in->len += got;
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
                                   "ASCII and line ends of one character",
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
                               "the log is cut off in the middle of a line");
    len = (size_t)(end - from);
    if (memchr(from, '\0', len) != NULL)
        return sfi__audit_fail(in, SFI_ERR_FORMAT,
                               "a character is 0x00, expected printable ASCII");
    memcpy(in->text, from, len);
    in->text[len] = '\0';
    in->at += len + 1;
    return audit_check_line(in);
}

/* A line that has to be there. */
static sfi_status
audit_need_line(struct audit_in *in, const char *expected)
{
    bool got;
    sfi_status st = audit_next_line(in, &got);

    if (st == SFI_OK && !got)
        st = sfi__audit_fail(in, SFI_ERR_TRUNCATED,
                             "the log ends here, expected %s", expected);
    return st;
}

/* ---- words ---- */

static sfi_status
audit_bad_word(struct audit_in *in, const char *name, const char *word,
               const char *expected)
{
    return sfi__audit_fail(in, SFI_ERR_FORMAT, "%s is \"%s\", expected %s",
                           name, word, expected);
}

/* One text for each number: no sign, no zero before it. */
static sfi_status
audit_read_number(struct audit_in *in, const char *name, const char *word,
                  uint64_t max, uint64_t *out)
{
    bool plain = strspn(word, "0123456789") == strlen(word) &&
                 (word[0] != '0' || word[1] == '\0');

    if (!plain || !sfi__text_to_u64(word, max, out))
        return audit_bad_word(in, name, word, "a whole number in its range");
    return SFI_OK;
}

static sfi_status
audit_read_hex(struct audit_in *in, const char *name, const char *word,
               uint8_t *out, size_t len)
{
    char expected[64];

    if (strspn(word, "0123456789abcdef") == strlen(word) &&
        strlen(word) == 2 * len && sfi__hex_decode(out, len, word))
        return SFI_OK;
    sfi__text_format(expected, sizeof(expected), "%zu digits of 0 to 9, a to f",
                     2 * len);
    return audit_bad_word(in, name, word, expected);
}

#define READ_HEX(in, name, word, field) \
    audit_read_hex((in), (name), (word), (field), sizeof(field))

/* Cut the line at each blank. */
static sfi_status
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
        return sfi__audit_fail(in, SFI_ERR_FORMAT,
                               "%zu words, expected %zu: \"%s ...\"", found,
                               count, in->text);
    return SFI_OK;
}

/* ---- the head ---- */

/* What follows `key` and a blank on the next line. */
static sfi_status
audit_read_value(struct audit_in *in, const char *key, const char **out)
{
    char expected[64];
    const char *rest;
    sfi_status st;

    sfi__text_format(expected, sizeof(expected), "\"%s ...\"", key);
    st = audit_need_line(in, expected);
    if (st != SFI_OK)
        return st;
    rest = sfi__text_after(in->text, key);
    if (rest == NULL || *rest != ' ')
        return audit_bad_word(in, "the line", in->text, expected);
    *out = rest + 1;
    return SFI_OK;
}

static sfi_status
audit_read_key_number(struct audit_in *in, const char *key, uint64_t max,
                      uint64_t *out)
{
    const char *word;
    sfi_status st = audit_read_value(in, key, &word);

    return st == SFI_OK ? audit_read_number(in, key, word, max, out) : st;
}

static sfi_status
audit_read_key_hex(struct audit_in *in, const char *key, uint8_t *out,
                   size_t len)
{
    const char *word;
    sfi_status st = audit_read_value(in, key, &word);

    return st == SFI_OK ? audit_read_hex(in, key, word, out, len) : st;
}

static sfi_status
audit_read_key_text(struct audit_in *in, const char *key,
                    bool (*is_good)(const char *text), char *out, size_t cap)
{
    const char *text;
    sfi_status st = audit_read_value(in, key, &text);

    if (st != SFI_OK)
        return st;
    if (!is_good(text) || !sfi__text_copy(out, cap, text))
        return audit_bad_word(in, key, text, "a name that an HSM can have");
    return SFI_OK;
}

static sfi_status
audit_read_magic(struct audit_in *in)
{
    sfi_status st = audit_need_line(in, "\"" AUDIT_MAGIC "\"");

    if (st == SFI_OK && strcmp(in->text, AUDIT_MAGIC) != 0)
        st =
            sfi__audit_fail(in, SFI_ERR_FORMAT,
                            "not a log, which begins with \"" AUDIT_MAGIC "\"");
    return st;
}

static sfi_status
audit_read_numbers(struct audit_in *in, sfi_audit_head *out)
{
    uint64_t flags = 0;
    sfi_status st = audit_read_key_number(in, "flags", UINT32_MAX, &flags);

    out->flags = (uint32_t)flags;
    if (st == SFI_OK && (out->flags & ~AUDIT_FLAGS) != 0)
        st = sfi__audit_fail(in, SFI_ERR_FORMAT,
                             "flags are 0x%x, of which this libsfi knows 0x%x",
                             out->flags, AUDIT_FLAGS);
    if (st == SFI_OK)
        st = audit_read_key_number(in, "maximum", SFI_HSM_COUNT_MAX,
                                   &out->maximum);
    if (st == SFI_OK && out->maximum == 0)
        st = audit_bad_word(in, "maximum", "0", "1 or more");
    if (st == SFI_OK)
        st = audit_read_key_number(in, "low-water", out->maximum,
                                   &out->low_water);
    return st;
}

sfi_status
sfi__audit_read_head(struct audit_in *in, sfi_audit_head *out)
{
    sfi_status st = audit_read_magic(in);

    if (st == SFI_OK)
        st = audit_read_numbers(in, out);
    if (st == SFI_OK)
        st = audit_read_key_text(in, "firmware-id", sfi__audit_is_firmware,
                                 out->firmware_id, sizeof(out->firmware_id));
    if (st == SFI_OK)
        st = audit_read_key_text(in, "product-id", sfi__audit_is_product,
                                 out->product_id, sizeof(out->product_id));
    if (st == SFI_OK)
        st = audit_read_key_hex(in, "serial", out->serial, sizeof(out->serial));
    if (st == SFI_OK)
        st = audit_read_key_hex(in, "ca", out->ca_public,
                                sizeof(out->ca_public));
    if (st == SFI_OK)
        st = audit_read_key_hex(in, "genesis", out->genesis,
                                sizeof(out->genesis));
    return st;
}

/* ---- records, and the end ---- */

static sfi_status
audit_read_kind(struct audit_in *in, const char *word, uint32_t *out)
{
    const char *name;

    for (uint32_t kind = SFI_AUDIT_COUNTED;
         (name = sfi__audit_kind(kind)) != NULL; kind++) {
        if (strcmp(name, word) == 0) {
            *out = kind;
            return SFI_OK;
        }
    }
    return audit_bad_word(in, "the kind", word, "counted, again or retired");
}

static sfi_status
audit_read_session(struct audit_in *in, const char *word, uint32_t *out)
{
    uint8_t bytes[SESSION_DIGITS / 2];
    sfi_status st = READ_HEX(in, "the session", word, bytes);

    if (st == SFI_OK)
        *out = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
               (uint32_t)bytes[2] << 8 | bytes[3];
    return st;
}

static sfi_status
audit_read_record(struct audit_in *in, sfi_audit_record *out)
{
    char *w[WORDS_RECORD] = {NULL};
    sfi_status st = audit_split_line(in, w, WORDS_RECORD);

    if (st == SFI_OK)
        st = audit_read_number(in, "the sequence", w[1], UINT64_MAX,
                               &out->sequence);
    if (st == SFI_OK && !sfi__date_parse(w[2], &out->time))
        st = audit_bad_word(in, "the time", w[2],
                            "such as 2026-11-22T13:00:00Z");
    if (st == SFI_OK)
        st = audit_read_kind(in, w[3], &out->kind);
    if (st == SFI_OK)
        st = READ_HEX(in, "the device", w[4], out->device);
    if (st == SFI_OK)
        st = audit_read_session(in, w[5], &out->session);
    if (st == SFI_OK)
        st = audit_read_number(in, "the rest", w[6], UINT64_MAX,
                               &out->remaining);
    if (st == SFI_OK)
        st = READ_HEX(in, "the licence", w[7], out->license);
    if (st == SFI_OK)
        st = READ_HEX(in, "the previous hash", w[8], out->previous);
    if (st == SFI_OK)
        st = READ_HEX(in, "the hash", w[9], out->hash);
    if (st == SFI_OK)
        st = READ_HEX(in, "the MAC", w[10], out->mac);
    return st;
}

static sfi_status
audit_read_end(struct audit_in *in, sfi_audit_head *head)
{
    char *w[WORDS_END] = {NULL};
    bool more;
    sfi_status st = audit_split_line(in, w, WORDS_END);

    if (st == SFI_OK)
        st = audit_read_number(in, "the sequence", w[1], UINT64_MAX,
                               &head->sequence);
    if (st == SFI_OK)
        st = audit_read_number(in, "the rest", w[2], UINT64_MAX,
                               &head->remaining);
    if (st == SFI_OK)
        st = READ_HEX(in, "the last hash", w[3], head->audit_head);
    if (st == SFI_OK)
        st = READ_HEX(in, "the MAC", w[4], head->mac);
    if (st != SFI_OK)
        return st;
    st = audit_next_line(in, &more);
    if (st == SFI_OK && more)
        st = sfi__audit_fail(in, SFI_ERR_FORMAT,
                             "a line behind the end of the log");
    return st;
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
    sfi_status st = audit_need_line(in, "a record or the end");

    if (st != SFI_OK)
        return st;
    *end = audit_line_begins(in->text, "end");
    if (*end)
        return audit_read_end(in, head);
    if (audit_line_begins(in->text, "record"))
        return audit_read_record(in, out);
    return audit_bad_word(in, "the line", in->text,
                          "\"record ...\" or \"end ...\"");
}
