/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lines of hexadecimal digits: where they end, which of them count, and how
 * they become bytes. */
#include "firmware/lines.h"

#include <string.h>

#include "util/hex.h"
#include "util/mem.h"

/* Ends a text on CP/M and MS-DOS. */
#define CTRL_Z 0x1a

static bool
lines_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool
lines_is_space(uint8_t c)
{
    return lines_is_blank(c) || c == '\n' || c == '\r';
}

static size_t
lines_skip_mark(const uint8_t *data, size_t len)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

    return len >= sizeof(mark) && sfi__equal(data, mark, sizeof(mark))
               ? sizeof(mark)
               : 0;
}

size_t
sfi__lines_begin(const uint8_t *data, size_t len)
{
    size_t at = lines_skip_mark(data, len);

    while (at < len && lines_is_space(data[at]))
        at++;
    return at;
}

/* Find the length of the line at `data`, and that of its end (LF, CRLF or CR).
 * false: the line does not end within `data`. */
static bool
lines_find_end(const uint8_t *data, size_t len, bool last, size_t *line,
               size_t *end)
{
    size_t window = len < FIRMWARE_LINE_MAX + 2 ? len : FIRMWARE_LINE_MAX + 2;
    const uint8_t *lf = memchr(data, '\n', window);
    size_t n = lf != NULL ? (size_t)(lf - data) : window;
    const uint8_t *cr = memchr(data, '\r', n);

    *line = n;
    *end = lf != NULL;
    if (cr != NULL) {
        *line = (size_t)(cr - data);
        *end = 1;
        if (*line + 1 == len)
            return last;
        if (data[*line + 1] == '\n')
            *end = 2;
    } else if (lf == NULL) {
        return last && window == len;
    }
    return true;
}

static sfi_status
lines_read_line(struct load *l, const uint8_t *text, size_t len)
{
    if (len > FIRMWARE_LINE_MAX)
        return sfi__loader_fail(l, SFI_ERR_LIMIT,
                                "line is longer than %u characters, the limit",
                                FIRMWARE_LINE_MAX);
    while (len > 0 && lines_is_blank(text[len - 1]))
        len--;
    return len > 0 ? l->format->line(l, text, len) : SFI_OK;
}

/* Pass over what may follow an end record: blanks, empty lines, and what fills
 * the last block of a file, Ctrl-Z and NUL.  `at` is then at the end of the
 * data, at something else, or at a CR whose LF may still come. */
static void
lines_skip_padding(struct load *l, const uint8_t *data, size_t len, bool last,
                   size_t *at)
{
    for (; *at < len; ++*at) {
        uint8_t c = data[*at];
        bool more = *at + 1 < len;

        if (c == '\r' && !more && !last)
            return;
        if (c == '\n' || (c == '\r' && !(more && data[*at + 1] == '\n'))) {
            l->place++;
            l->padding = 0;
        } else if (lines_is_space(c) || c == CTRL_Z || c == '\0') {
            l->padding++;
        } else {
            return;
        }
    }
}

/* Text after an end record: an error, or the first line of another file. */
static sfi_status
lines_begin_again(struct load *l, uint8_t c)
{
    char name[TEXT_BYTE_MAX];

    if ((l->flags & SFI_FIRMWARE_PAST_END) == 0) {
        l->place++;
        return sfi__loader_fail_at(
            l, 1, SFI_ERR_FORMAT,
            "found %s after the end record, expected the end of the file",
            sfi__text_byte(name, c));
    }
    l->ended = false;
    sfi__zero(&l->ihex, sizeof(l->ihex));
    sfi__zero(&l->srec, sizeof(l->srec));
    return SFI_OK;
}

/* Read one line; `used` receives how many bytes it had, 0: it is not whole. */
static sfi_status
lines_take_line(struct load *l, const uint8_t *data, size_t len, bool last,
                size_t *used)
{
    size_t line, end;
    bool whole = lines_find_end(data, len, last, &line, &end);
    sfi_status st;

    *used = 0;
    if (!whole && line <= FIRMWARE_LINE_MAX)
        return SFI_OK;
    l->place++;
    st = lines_read_line(l, data, line);
    l->padding = 0;
    *used = line + end;
    return st;
}

sfi_status
sfi__lines_feed(struct load *l, const uint8_t *data, size_t len, bool last,
                size_t *used)
{
    size_t at = l->place == 0 ? lines_skip_mark(data, len) : 0;
    size_t n;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && at < len) {
        if (l->ended) {
            lines_skip_padding(l, data, len, last, &at);
            if (at == len || data[at] == '\r')
                break;
            st = lines_begin_again(l, data[at]);
            continue;
        }
        n = l->format->alike(l, data + at, len - at);
        if (n == 0)
            st = lines_take_line(l, data + at, len - at, last, &n);
        if (n == 0)
            break;
        at += n;
    }
    *used = at;
    return st;
}

sfi_status
sfi__lines_no_end(struct load *l, const char *expected)
{
    static const char fmt[] = "file ends without an end record, expected %s";

    if ((l->flags & SFI_FIRMWARE_NO_END_RECORD) == 0)
        return sfi__loader_fail(l, SFI_ERR_TRUNCATED, fmt, expected);
    /* The only sign of a truncated file, so show it even when the number of
     * warnings has reached its limit. */
    if (l->warnings >= FIRMWARE_WARNINGS_MAX)
        l->warnings = FIRMWARE_WARNINGS_MAX - 1;
    sfi__loader_warn(l, fmt, expected);
    return SFI_OK;
}

/* Say which character is not a digit, or that a digit is left over. */
static sfi_status
lines_explain_digits(struct load *l, const uint8_t *text, size_t len,
                     size_t from)
{
    char name[TEXT_BYTE_MAX];

    for (size_t i = from; i < len; i++) {
        if (sfi__hex_digit(text[i]) < 0)
            return sfi__loader_fail_at(l, i + 1, SFI_ERR_FORMAT,
                                       "found %s, expected a hexadecimal digit",
                                       sfi__text_byte(name, text[i]));
    }
    return sfi__loader_fail_at(
        l, len, SFI_ERR_FORMAT,
        "odd number of digits, expected two for each byte");
}

sfi_status
sfi__lines_decode_record(struct load *l, const uint8_t *text, size_t len,
                         size_t from, struct record *r)
{
    size_t n = (len - from) / 2;

    if (n > RECORD_MAX)
        return sfi__loader_fail_at(
            l, from + 2 * RECORD_MAX + 1, SFI_ERR_FORMAT,
            "line has more than %u bytes, the longest record", RECORD_MAX);
    r->sum = 0;
    if ((len - from) % 2 != 0 ||
        !sfi__hex_decode_sum(r->bytes, n, text + from, &r->sum))
        return lines_explain_digits(l, text, len, from);
    r->len = n;
    if (n > 0)
        r->sum = (uint8_t)(r->sum - r->bytes[n - 1]);
    return SFI_OK;
}

/* The length of a line's end, of which two characters are there; 0: the line
 * does not end. */
static size_t
lines_end_length(const uint8_t *text)
{
    if (text[0] == '\n')
        return 1;
    if (text[0] != '\r')
        return 0;
    return text[1] == '\n' ? 2 : 1;
}

static bool
alike_decode(const struct alike *a, uint64_t head, const uint8_t *text,
             uint8_t *out, size_t len)
{
    uint8_t bytes[8], checksum, sum = 0;
    uint64_t found = 0;

    if (!sfi__hex_decode_sum(bytes, a->head_len, text, &sum))
        return false;
    for (size_t i = 0; i < a->head_len; i++)
        found = found << 8 | bytes[i];
    text += 2 * a->head_len;
    return found == head && sfi__hex_decode_sum(out, len, text, &sum) &&
           sfi__hex_decode_sum(&checksum, 1, text + 2 * len, &sum) &&
           sum == a->sum;
}

size_t
sfi__lines_read_alike(struct load *l, const struct alike *a,
                      const uint8_t *text, size_t text_len, uint8_t *out,
                      size_t len)
{
    size_t mark_len = strlen(a->mark);
    size_t line = mark_len + 2 * (a->head_len + len + 1);
    uint64_t head = a->head;
    size_t at = 0, n = 0;

    for (; n < a->max && text_len - at >= line + 2; n++) {
        const uint8_t *t = text + at;
        size_t end = lines_end_length(t + line);

        if (t[0] != a->mark[0] || t[mark_len - 1] != a->mark[mark_len - 1] ||
            end == 0 || !alike_decode(a, head, t + mark_len, out, len))
            break;
        at += line + end;
        out += len;
        head += a->step;
    }
    sfi__loader_grow(l, n);
    return at;
}
