/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Audit logs as files: written, verified, and altered in every way. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"
#include "audit/audit.h"
#include "util/sys.h"

#include "fixture.h"
#include "system.h"
#include <disk/audit_kit.h>

#define LIVE 0x1234abcdu

static struct story story;
static char dir[256], path[300], other[300], where[340];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/line.log", dir);
    (void)snprintf(other, sizeof(other), "%s/other.log", dir);
    /* Three devices of five, one of which got a second licence. */
    story_begin(&story, 0, 5, 1);
    story_add(&story, SFI_AUDIT_COUNTED, 'A', 0);
    story_add(&story, SFI_AUDIT_COUNTED, 'B', 0);
    story_add(&story, SFI_AUDIT_AGAIN, 'A', LIVE);
    story_add(&story, SFI_AUDIT_COUNTED, 'C', 0);
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
}

static void
teardown(void)
{
    test_rmdir(dir);
    fixture_teardown();
}

static const char *
at_line(unsigned line)
{
    (void)snprintf(where, sizeof(where), "%s:%u", path, line);
    return where;
}

static void
put(const char *name, const char *data, size_t len)
{
    FILE *f = fopen(name, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

/* ---- the text ---- */

#define LINES_MAX 32

struct text {
    char *data;
    char *line[LINES_MAX]; /* without its end */
    size_t count;
};

static struct text
read_text(void)
{
    struct text t = {.count = 0};
    size_t len;

    t.data = test_read(path, &len);
    for (char *at = t.data; *at != '\0'; t.count++) {
        ck_assert_uint_lt(t.count, LINES_MAX);
        t.line[t.count] = at;
        at = strchr(at, '\n');
        ck_assert_ptr_nonnull(at);
        *at++ = '\0';
    }
    return t;
}

static void
write_text(struct text *t)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < t->count; i++)
        ck_assert_int_gt(fprintf(f, "%s\n", t->line[i]), 0);
    ck_assert_int_eq(fclose(f), 0);
    free(t->data);
}

/* Replace word `word` (from 0) of line `line` (from 1). */
static void
set_word(unsigned line, unsigned word, const char *becomes)
{
    static char changed[4096];
    struct text t = read_text();
    char *at = t.line[line - 1];

    for (unsigned i = 0; i < word; i++)
        at = strchr(at, ' ') + 1;
    (void)snprintf(changed, sizeof(changed), "%.*s%s%s",
                   (int)(at - t.line[line - 1]), t.line[line - 1], becomes,
                   at + strcspn(at, " "));
    t.line[line - 1] = changed;
    write_text(&t);
}

/* ---- valid audit logs ---- */

START_TEST(test_text)
{
    struct text t = read_text();
    static const char *const first[] = {
        "SFI-LOG 1",
        "flags 0",
        "maximum 5",
        "low-water 0",
        "firmware-id blink 1.0",
        "product-id 45002001",
        "serial 01010101010101010101010101010101",
    };
    static const char *const begins[] = {
        "record 1 2026-11-22T13:00:00Z counted ",
        "record 2 2026-11-22T13:01:00Z counted ",
        "record 3 2026-11-22T13:02:00Z again ",
        "record 4 2026-11-22T13:03:00Z counted ",
        "end 4 2 ",
    };

    ck_assert_uint_eq(t.count, 14);
    for (size_t i = 0; i < ROWS(first); i++)
        ck_assert_str_eq(t.line[i], first[i]);
    for (size_t i = 0; i < ROWS(begins); i++)
        ck_assert_msg(strncmp(t.line[9 + i], begins[i], strlen(begins[i])) == 0,
                      "%s", t.line[9 + i]);
    ck_assert_ptr_nonnull(strstr(t.line[11], " 1234abcd 3 "));
    free(t.data);
}
END_TEST

START_TEST(test_good)
{
    sfi_audit_summary sum;

    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.struct_size, sizeof(sum));
    ck_assert_uint_eq(sum.retired, 0);
    ck_assert_uint_eq(sum.records, 4);
    ck_assert_uint_eq(sum.licensed, 3);
    ck_assert_uint_eq(sum.remaining, 2);
    ck_assert_uint_eq(sum.maximum, 5);
    ck_assert_uint_eq(sum.first_time, STORY_TIME);
    ck_assert_uint_eq(sum.last_time, STORY_TIME + 180);
    ck_assert_uint_eq(sum.set_back, 0);
    ck_assert_str_eq(sum.firmware_id, "blink 1.0");
    ck_assert_str_eq(sum.product_id, "45002001");
    ck_assert_str_eq(sum.serial, "01010101010101010101010101010101");
}
END_TEST

START_TEST(test_no_record_yet)
{
    sfi_audit_summary sum;

    story_begin(&story, 0, 5, 2);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, path, &sum));
    ck_assert_uint_eq(sum.records, 0);
    ck_assert_uint_eq(sum.licensed, 0);
    ck_assert_uint_eq(sum.remaining, 5);
    ck_assert_uint_eq(sum.first_time, 0);
    ck_assert_uint_eq(sum.last_time, 0);
}
END_TEST

START_TEST(test_retired)
{
    sfi_audit_summary sum;

    story_add(&story, SFI_AUDIT_RETIRED, 0, 0);
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.retired, 1);
    ck_assert_uint_eq(sum.records, 5);
    ck_assert_uint_eq(sum.licensed, 3);
    ck_assert_uint_eq(sum.remaining, 2);
}
END_TEST

/* Reported, not refused: the order of the records counts, not their times. */
START_TEST(test_clock_set_back)
{
    sfi_audit_summary sum;

    story.records[1].time -= 3600;
    story.records[3].time = 0;
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.set_back, 2);
    ck_assert_uint_eq(sum.last_time, 0);
    /* a clock that was far ahead */
    story.records[0].time = UINT64_MAX;
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.first_time, UINT64_MAX);
}
END_TEST

START_TEST(test_long_log)
{
    uint32_t devices = 4000 / (uint32_t)test_step(8);
    sfi_audit_summary sum;

    story_begin(&story, 0, SFI_HSM_COUNT_MAX, 3);
    for (uint32_t i = 0; i < devices; i++) {
        story_add(&story, SFI_AUDIT_COUNTED, i, i % 7);
        if (i % 3 == 0)
            story_add(&story, SFI_AUDIT_AGAIN, i / 2, LIVE);
    }
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(sum.records, story.count);
    ck_assert_uint_eq(sum.licensed, devices);
    ck_assert_uint_eq(sum.remaining, SFI_HSM_COUNT_MAX - devices);
}
END_TEST

/* How far it was told to be; cancels at `cancel_at` bytes. */
static struct told {
    unsigned calls, begins;
    uint64_t last, total, cancel_at;
} told;

static void
take_progress(void *user, const sfi_progress *p)
{
    ck_assert_ptr_eq(user, &told);
    ck_assert_uint_eq(p->struct_size, sizeof(*p));
    ck_assert_uint_eq(p->phase, SFI_PHASE_AUDIT);
    told.calls++;
    told.begins += p->done == 0;
    if (p->done > 0)
        ck_assert_uint_gt(p->done, told.last);
    told.last = p->done;
    told.total = p->total;
    if (told.cancel_at > 0 && p->done >= told.cancel_at)
        sfi_ctx_cancel(ctx, 1);
}

START_TEST(test_progress)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    struct sys_stat st;
    size_t len;
    char *data;

    story_begin(&story, 0, 200, 3);
    for (uint32_t i = 0; i < 100; i++)
        story_add(&story, SFI_AUDIT_COUNTED, i, 0);
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_int_eq(sfi__sys_stat(path, &st), 0);
    sfi_ctx_set_progress(ctx, take_progress, &told);
    told = (struct told){0};
    ck_assert_ok(story_verify(&story, path, path, &sum));
    ck_assert_uint_eq(told.begins, 2); /* the earlier log, then this one */
    ck_assert_uint_gt(told.calls, 6);
    ck_assert_uint_eq(told.last, st.size);
    ck_assert_uint_eq(told.total, st.size);
    data = test_read(path, &len);
    told = (struct told){0};
    ck_assert_ok(sfi_audit_verify_data(ctx, (uint8_t *)data, len,
                                       story.key_secret, 32, NULL, 0, &sum));
    ck_assert_uint_eq(told.last, len);
    ck_assert_uint_eq(told.total, len);
    free(data);
    told = (struct told){.cancel_at = 10000};
    ck_assert_fails(story_verify(&story, path, NULL, &sum), SFI_ERR_CANCELLED,
                    "", "cancelled");
    ck_assert_uint_lt(told.last, 20000);
    sfi_ctx_cancel(ctx, 0);
    sfi_ctx_set_progress(ctx, NULL, NULL);
    told = (struct told){0};
    ck_assert_ok(story_verify(&story, path, NULL, &sum));
    ck_assert_uint_eq(told.calls, 0);
}
END_TEST

/* A pipe has no length. */
START_TEST(test_progress_of_a_pipe)
{
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    size_t len;
    char *data = test_read(path, &len);
    int fd = make_pipe(data, len, other, sizeof(other));

    free(data);
    sfi_ctx_set_progress(ctx, take_progress, &told);
    told = (struct told){0};
    ck_assert_ok(story_verify(&story, other, NULL, &sum));
    ck_assert_uint_eq(told.total, 0);
    ck_assert_uint_eq(told.last, len);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(test_live_only)
{
    story_begin(&story, SFI_HSM_LIVE_ONLY, 2, 1);
    story_add(&story, SFI_AUDIT_COUNTED, 'A', 1);
    story_add(&story, SFI_AUDIT_AGAIN, 'A', UINT32_MAX);
    story_sign(&story);
    ck_assert_ok(story_write_anew(&story, path));
    ck_assert_ok(story_verify(&story, path, NULL, NULL));
}
END_TEST

/* What the fuzzer begins with, written by another program: so that it still
 * gets past the first MAC. */
START_TEST(test_corpus)
{
    static const struct {
        const char *path;
        uint64_t records, licensed;
    } rows[] = {
        {"fuzz/corpus/audit/empty", 0, 0},
        {"fuzz/corpus/audit/story", 5, 3},
        {"fuzz/corpus/audit/live-only", 2, 1},
    };

    for (size_t i = 0; i < ROWS(rows); i++) {
        sfi_audit_summary sum;

        ck_assert_ok(story_verify(&story, test_path(rows[i].path), NULL, &sum));
        ck_assert_uint_eq(sum.records, rows[i].records);
        ck_assert_uint_eq(sum.licensed, rows[i].licensed);
    }
}
END_TEST

/* ---- altered by somebody without the key ---- */

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define WRONG_MAC \
    " does not match its MAC: it was altered, or this is the wrong audit key"

static const struct {
    unsigned line, word;
    const char *becomes;
    unsigned fails_at;
    const char *message;
} altered[] = {
    {2, 1, "1", 9, "the head was altered: it does not match its hash"},
    {3, 1, "6", 9, "the head was altered: it does not match its hash"},
    {4, 1, "1", 9, "the head was altered: it does not match its hash"},
    {5, 1, "blonk", 9, "the head was altered: it does not match its hash"},
    {6, 1, "46201003", 9, "the head was altered: it does not match its hash"},
    {7, 1, "01010101010101010101010101010102", 9,
     "the head was altered: it does not match its hash"},
    {8, 1, ZEROS ZEROS, 9, "the head was altered: it does not match its hash"},
    {9, 1, ZEROS, 9, "the head was altered: it does not match its hash"},
    {11, 2, "2026-11-22T13:01:01Z", 11,
     "record 2 was altered: it does not match its hash"},
    {11, 3, "again", 11, "record 2 was altered: it does not match its hash"},
    {11, 4, ZEROS, 11, "record 2 was altered: it does not match its hash"},
    {11, 5, "00000001", 11, "record 2 was altered: it does not match its hash"},
    {11, 6, "4", 11, "record 2 was altered: it does not match its hash"},
    {11, 7, ZEROS, 11, "record 2 was altered: it does not match its hash"},
    {11, 8, ZEROS, 11, "record 2 was altered: it does not match its hash"},
    {11, 9, ZEROS, 11, "record 2 was altered: it does not match its hash"},
    {11, 10, ZEROS, 11, "record 2" WRONG_MAC},
    {11, 1, "3", 11,
     "record 3, expected 2: records were removed, added or moved"},
    {14, 1, "3", 14, "the end" WRONG_MAC},
    {14, 2, "3", 14, "the end" WRONG_MAC},
    {14, 3, ZEROS, 14, "the end" WRONG_MAC},
    {14, 4, ZEROS, 14, "the end" WRONG_MAC},
};

START_TEST(test_altered)
{
    set_word(altered[_i].line, altered[_i].word, altered[_i].becomes);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    at_line(altered[_i].fails_at), altered[_i].message);
}
END_TEST

/* Without the key all hashes can be forged, but no MAC. */
START_TEST(test_written_anew)
{
    static struct story forged;

    forged = story;
    forged.key_secret[31] ^= 1;
    forged.records[1].time++;
    story_sign(&forged);
    for (size_t i = 0; i < forged.count; i++)
        memcpy(forged.records[i].mac, story.records[i].mac, 32);
    memcpy(forged.head.mac, story.head.mac, 32);
    ck_assert_ok(story_write_anew(&forged, path));
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    at_line(11), "record 2" WRONG_MAC);
}
END_TEST

START_TEST(test_removed)
{
    struct text t = read_text();

    memmove(&t.line[10], &t.line[11], 3 * sizeof(t.line[0]));
    t.count--;
    write_text(&t);
    ck_assert_fails_about(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                          at_line(11), "record 3", "expected 2");
}
END_TEST

START_TEST(test_removed_and_renumbered)
{
    struct text t = read_text();

    memmove(&t.line[10], &t.line[11], 3 * sizeof(t.line[0]));
    t.count--;
    write_text(&t);
    set_word(11, 1, "2");
    ck_assert_fails_about(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                          at_line(11), "record 2", "hash");
}
END_TEST

START_TEST(test_last_record_removed)
{
    struct text t = read_text();

    t.line[12] = t.line[13];
    t.count--;
    write_text(&t);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    at_line(13),
                    "the end does not match: it names 4 records, found 3");
}
END_TEST

START_TEST(test_reordered)
{
    struct text t = read_text();
    char *moved = t.line[10];

    t.line[10] = t.line[11];
    t.line[11] = moved;
    write_text(&t);
    ck_assert_fails_about(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                          at_line(11), "record 3", "expected 2");
}
END_TEST

START_TEST(test_duplicated)
{
    struct text t = read_text();

    memmove(&t.line[11], &t.line[10], 4 * sizeof(t.line[0]));
    t.count++;
    write_text(&t);
    ck_assert_fails_about(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                          at_line(12), "record 2", "expected 3");
}
END_TEST

/* A record of another audit log with the same key, in the right place. */
START_TEST(test_of_another_log)
{
    static struct story alike;
    struct text t, u;

    alike = story;
    alike.records[0].time++;
    story_sign(&alike);
    t = read_text();
    ck_assert_ok(story_write_anew(&alike, path));
    u = read_text();
    u.line[9] = t.line[9];
    write_text(&u);
    free(t.data);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    at_line(11),
                    "record 2 does not continue the previous record");
}
END_TEST

START_TEST(test_wrong_key)
{
    story.key_secret[0] ^= 1;
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    at_line(10), "record 1" WRONG_MAC);
    story.key_secret[0] ^= 1;
    story_begin(&story, 0, 5, 2);
    ck_assert_ok(story_write_anew(&story, path));
    story.key_secret[0] ^= 1;
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_AUTH,
                    at_line(10), "the end" WRONG_MAC);
}
END_TEST

/* ---- malformed files ---- */

/* A file truncated at any byte is reported as truncated. */
START_TEST(test_truncated)
{
    size_t len;
    char *data = test_read(path, &len);

    for (size_t n = 0; n < len; n += test_step(13)) {
        sfi_status st;

        put(path, data, n);
        st = story_verify(&story, path, NULL, NULL);
        ck_assert_msg(st == SFI_ERR_TRUNCATED, "%zu bytes: %s", n,
                      sfi_status_name(st));
    }
    put(path, data, 0);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_TRUNCATED,
                    path, "the audit log ends here, expected \"SFI-LOG 1\"");
    put(path, data, 10);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_TRUNCATED,
                    at_line(1),
                    "the audit log ends here, expected \"flags ...\"");
    put(path, data, (size_t)(strstr(data, "end ") - data));
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_TRUNCATED,
                    at_line(13),
                    "the audit log ends here, expected a record or the end");
    put(path, data, len - 1);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_TRUNCATED,
                    at_line(14), "the audit log ends in the middle of a line");
    free(data);
}
END_TEST

/* An audit log has exactly one text: a change of any byte is refused. */
START_TEST(test_every_byte)
{
    static const char changes[] = {0x01, 0x10, 0x20, (char)0x80};
    size_t len;
    char *data = test_read(path, &len);

    for (size_t n = 0; n < len; n += test_step(17)) {
        char change = changes[n % sizeof(changes)];
        sfi_status st;

        data[n] ^= change;
        put(path, data, len);
        st = story_verify(&story, path, NULL, NULL);
        ck_assert_msg(st == SFI_ERR_AUTH || st == SFI_ERR_FORMAT ||
                          st == SFI_ERR_TRUNCATED || st == SFI_ERR_LIMIT,
                      "byte %zu, 0x%02x: %s", n, change, sfi_status_name(st));
        data[n] ^= change;
    }
    free(data);
}
END_TEST

#define NUMBER ", expected a whole number in its range"
#define HASH ", expected 64 digits of 0 to 9, a to f"
#define TEXT_64 \
    "an id that is longer than any firmware identifier: 64 characters"
#define UPPER "A000000000000000000000000000000000000000000000000000000000000000"

static const struct {
    unsigned line, word;
    const char *becomes;
    const char *message;
} malformed[] = {
    {1, 0, "SFI-LOG 3\nSFI-LOG",
     "not an audit log, expected \"SFI-LOG 1\" as the first line"},
    {1, 1, "1 ", "not an audit log, expected \"SFI-LOG 1\" as the first line"},
    {1, 1, "1\r",
     "character 10 is 0x0d, expected printable ASCII and line ends of LF only"},
    {2, 0, "flag", "the line is \"flag 0\", expected \"flags ...\""},
    {2, 1, "2", "flags are 0x2, this libsfi supports 0x1"},
    {2, 1, "4294967296", "flags is \"4294967296\"" NUMBER},
    {2, 1, "", "flags is \"\"" NUMBER},
    {3, 1, "0", "maximum is \"0\", expected 1 or more"},
    {3, 1, "4294967296", "maximum is \"4294967296\"" NUMBER},
    {3, 1, "05", "maximum is \"05\"" NUMBER},
    {3, 1, "0x5", "maximum is \"0x5\"" NUMBER},
    {3, 1, "+5", "maximum is \"+5\"" NUMBER},
    {3, 1, "5 ", "maximum is \"5 \"" NUMBER},
    {4, 1, "6", "low-water is \"6\"" NUMBER},
    {6, 1, "4500 2001",
     "product-id is \"4500 2001\", expected 8 printable ASCII characters "
     "without blanks"},
    {6, 1, "4500 201",
     "product-id is \"4500 201\", expected 8 printable ASCII characters "
     "without blanks"},
    {6, 1, "450020010",
     "product-id is \"450020010\", expected 8 printable ASCII characters "
     "without blanks"},
    {5, 1, TEXT_64 "\nblink",
     "firmware-id is \"" TEXT_64
     "\", expected 1 to 63 printable ASCII characters"},
    {5, 1, "\nblink",
     "firmware-id is \"\", expected 1 to 63 printable ASCII characters"},
    {6, 1, "4500200145002001",
     "product-id is \"4500200145002001\", expected 8 printable ASCII "
     "characters without blanks"},
    {7, 1, "0101", "serial is \"0101\", expected 32 digits of 0 to 9, a to f"},
    {9, 1, UPPER, "genesis is \"" UPPER "\"" HASH},
    {10, 0, "Record", "the line is \"Record 1 2026-11-22T13:00:00Z counted "},
    {10, 0, "", "the line is \" 1 2026-11-22T13:00:00Z counted "},
    {10, 1, "01", "the sequence is \"01\"" NUMBER},
    {10, 1, "18446744073709551616",
     "the sequence is \"18446744073709551616\"" NUMBER},
    {10, 2, "2026-11-31T13:00:00Z",
     "the time is \"2026-11-31T13:00:00Z\", expected such as "
     "2026-11-22T13:00:00Z"},
    {10, 3, "lost",
     "the kind is \"lost\", expected counted, again, retired, lease, "
     "return or restored"},
    {10, 4, UPPER, "the device is \"" UPPER "\"" HASH},
    {10, 5, "0", "the session is \"0\", expected 8 digits of 0 to 9, a to f"},
    {10, 6, "-1", "the remaining count is \"-1\"" NUMBER},
    {10, 7, "0", "the licence is \"0\"" HASH},
    {10, 8, "0", "the previous hash is \"0\"" HASH},
    {10, 9, "0", "the hash is \"0\"" HASH},
    {10, 10, "0", "the MAC is \"0\"" HASH},
    {10, 10, "0 ", "12 words, expected 11: \"record ...\""},
    {10, 2, "", "the time is \"\", expected such as 2026-11-22T13:00:00Z"},
    {14, 1, "four", "the sequence is \"four\"" NUMBER},
    {14, 2, "02", "the remaining count is \"02\"" NUMBER},
    {14, 3, "0", "the last hash is \"0\"" HASH},
    {14, 4, "0", "the MAC is \"0\"" HASH},
    {14, 0, "end 0", "6 words, expected 5: \"end ...\""},
};

START_TEST(test_malformed)
{
    const sfi_error *err;
    sfi_status st;

    set_word(malformed[_i].line, malformed[_i].word, malformed[_i].becomes);
    st = story_verify(&story, path, NULL, NULL);
    err = sfi_ctx_error(ctx);
    ck_assert_int_eq(st, SFI_ERR_FORMAT);
    ck_assert_str_eq(sfi_error_where(err), at_line(malformed[_i].line));
    ck_assert_msg(strncmp(sfi_error_message(err), malformed[_i].message,
                          strlen(malformed[_i].message)) == 0,
                  "%s", sfi_error_message(err));
}
END_TEST

START_TEST(test_odd_bytes)
{
    size_t len;
    char *data = test_read(path, &len);

    data[4] = '\0';
    put(path, data, len);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_FORMAT,
                    at_line(1),
                    "a character is 0x00, expected printable ASCII");
    data = realloc(data, 100000);
    ck_assert_ptr_nonnull(data);
    sfi__fill(data, 'x', 100000);
    put(path, data, 100000);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_LIMIT,
                    at_line(1),
                    "line is longer than 480 characters, the limit");
    put(path, data, 480);
    ck_assert_fails_about(story_verify(&story, path, NULL, NULL),
                          SFI_ERR_TRUNCATED, at_line(1), "ends", "line");
    data[480] = '\n';
    put(path, data, 481);
    ck_assert_fails_about(story_verify(&story, path, NULL, NULL),
                          SFI_ERR_FORMAT, at_line(1), "audit log", "SFI-LOG 1");
    free(data);
}
END_TEST

START_TEST(test_behind_the_end)
{
    struct text t = read_text();
    char more[] = "";

    t.line[t.count++] = more;
    write_text(&t);
    ck_assert_fails(story_verify(&story, path, NULL, NULL), SFI_ERR_FORMAT,
                    at_line(15), "a line follows the end of the audit log");
}
END_TEST

START_TEST(test_cannot_be_read)
{
    (void)snprintf(where, sizeof(where), "%s/none", dir);
    ck_assert_fails_about(story_verify(&story, where, NULL, NULL), SFI_ERR_OS,
                          where, "read", "No such file");
    ck_assert_fails_about(story_verify(&story, path, where, NULL), SFI_ERR_OS,
                          where, "read", "No such file");
    ck_assert_fails_about(story_verify(&story, dir, NULL, NULL), SFI_ERR_OS,
                          dir, "read", "directory");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("audit");
    TCase *tc = tcase_create("log");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_text);
    tcase_add_test(tc, test_good);
    tcase_add_test(tc, test_no_record_yet);
    tcase_add_test(tc, test_retired);
    tcase_add_test(tc, test_clock_set_back);
    tcase_add_test(tc, test_long_log);
    tcase_add_test(tc, test_progress);
    tcase_add_test(tc, test_progress_of_a_pipe);
    tcase_add_test(tc, test_live_only);
    tcase_add_test(tc, test_corpus);
    tcase_add_loop_test(tc, test_altered, 0, ROWS(altered));
    tcase_add_test(tc, test_written_anew);
    tcase_add_test(tc, test_removed);
    tcase_add_test(tc, test_removed_and_renumbered);
    tcase_add_test(tc, test_last_record_removed);
    tcase_add_test(tc, test_reordered);
    tcase_add_test(tc, test_duplicated);
    tcase_add_test(tc, test_of_another_log);
    tcase_add_test(tc, test_wrong_key);
    tcase_add_test(tc, test_truncated);
    tcase_add_test(tc, test_every_byte);
    tcase_add_loop_test(tc, test_malformed, 0, ROWS(malformed));
    tcase_add_test(tc, test_odd_bytes);
    tcase_add_test(tc, test_behind_the_end);
    tcase_add_test(tc, test_cannot_be_read);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
