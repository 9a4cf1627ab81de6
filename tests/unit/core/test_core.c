/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/core: contexts, errors, handles, structs across versions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include <sfi/version.h>

#include "config.h"
#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/obj.h"
#include "core/status_list.h"

#include "fixture.h"

/* ---- statuses, version ------------------------------------------------- */

#define AS_ROW(name, value, text, hint) {name, value, #name, text, hint},
static const struct {
    sfi_status status;
    int value;
    const char *name;
    const char *text;
    const char *hint;
} statuses[] = {SFI_STATUS_LIST(AS_ROW)};

START_TEST(test_status)
{
    sfi_status st = statuses[_i].status;

    ck_assert_int_eq(st, statuses[_i].value);
    ck_assert_int_le(st, 0);
    ck_assert_str_eq(sfi_status_name(st), statuses[_i].name);
    ck_assert_str_eq(sfi_status_str(st), statuses[_i].text);
    ck_assert_uint_gt(strlen(sfi_status_str(st)), 0);
    ck_assert_pstr_eq(sfi_status_hint(st), statuses[_i].hint);
    ck_assert_int_eq(statuses[_i].hint == NULL, st == SFI_OK);
    if (_i > 0)
        ck_assert_int_eq(sfi_status_at((size_t)_i - 1), st);
    for (int i = 0; i < _i; i++) {
        ck_assert_int_ne(statuses[i].status, st);
        ck_assert_str_ne(statuses[i].text, statuses[_i].text);
    }
}
END_TEST

START_TEST(test_status_unknown)
{
    static const int rows[] = {1, -1, -100, -799 - 1, 2147483647, -2147483647};

    for (size_t i = 0; i < ROWS(rows); i++) {
        ck_assert_str_eq(sfi_status_name(rows[i]), "SFI_ERR_UNKNOWN");
        ck_assert_str_eq(sfi_status_str(rows[i]), "an unknown status");
        ck_assert_ptr_null(sfi_status_hint(rows[i]));
    }
    ck_assert_int_eq(sfi_status_at(ROWS(statuses) - 2), SFI_ERR_INTERNAL);
    ck_assert_int_eq(sfi_status_at(ROWS(statuses) - 1), SFI_OK);
    ck_assert_int_eq(sfi_status_at(SIZE_MAX), SFI_OK);
}
END_TEST

/* Numbers that programs were compiled with: a change here breaks them. */
START_TEST(test_status_values_are_pinned)
{
    ck_assert_uint_eq(ROWS(statuses), 36);
    ck_assert_int_eq(SFI_ERR_ARGUMENT, -101);
    ck_assert_int_eq(SFI_ERR_LIMIT, -207);
    ck_assert_int_eq(SFI_ERR_AUTH, -301);
    ck_assert_int_eq(SFI_ERR_ACCESS, -404);
    ck_assert_int_eq(SFI_ERR_DEVICE, -503);
    ck_assert_int_eq(SFI_ERR_PROTECTED, -504);
    ck_assert_int_eq(SFI_ERR_MISMATCH, -505);
    ck_assert_int_eq(SFI_ERR_HSM_PIN, -604);
    ck_assert_int_eq(SFI_ERR_NO_LICENSE, -605);
    ck_assert_int_eq(SFI_ERR_HSM_ROLLBACK, -606);
    ck_assert_int_eq(SFI_ERR_NOMEM, -701);
    ck_assert_int_eq(SFI_ERR_INTERNAL, -799);
}
END_TEST

START_TEST(test_version)
{
    uint32_t v = sfi_version();
    char text[32];

    ck_assert_uint_eq(v, SFI_VERSION_NUMBER);
    ck_assert_uint_eq(v & 0xff, 0);
    (void)snprintf(text, sizeof(text), "%u.%u.%u", v >> 24, v >> 16 & 0xff,
                   v >> 8 & 0xff);
    ck_assert_str_eq(sfi_version_str(), text);
}
END_TEST

START_TEST(test_features)
{
    ck_assert_int_eq(sfi_has_feature("vault"), SFI_HAVE_VAULT);
    ck_assert_int_eq(sfi_has_feature("pcsc"), SFI_HAVE_PCSC);
    ck_assert_int_eq(sfi_has_feature("network"), SFI_HAVE_NETWORK);
    ck_assert_int_eq(sfi_has_feature("openocd"), SFI_HAVE_OPENOCD);
    ck_assert_int_eq(sfi_has_feature("serial"), SFI_HAVE_SERIAL);
    ck_assert_int_eq(sfi_has_feature("pgsql"), SFI_HAVE_PGSQL);
    ck_assert_int_eq(sfi_has_feature("pkcs11"), SFI_HAVE_PKCS11);
    ck_assert_int_eq(sfi_has_feature("server"), SFI_HAVE_SERVER);
    ck_assert_int_eq(sfi_has_feature("spi"), SFI_HAVE_SPI);
    ck_assert_int_eq(sfi_has_feature("usb"), SFI_HAVE_USB);
    ck_assert_int_eq(sfi_has_feature("Vault"), 0);
    ck_assert_int_eq(sfi_has_feature("vaul"), 0);
    ck_assert_int_eq(sfi_has_feature("teleport"), 0);
    ck_assert_int_eq(sfi_has_feature(""), 0);
    ck_assert_int_eq(sfi_has_feature(NULL), 0);
    for (size_t i = 0; i < 10; i++)
        ck_assert_ptr_nonnull(sfi_feature_at(i));
    ck_assert_str_eq(sfi_feature_at(0), "network");
    ck_assert_str_eq(sfi_feature_at(9), "vault");
    ck_assert_ptr_null(sfi_feature_at(10));
    ck_assert_ptr_null(sfi_feature_at(SIZE_MAX));
}
END_TEST

/* ---- making a context -------------------------------------------------- */

START_TEST(test_ctx_defaults)
{
    sfi_ctx *c = (sfi_ctx *)&memory;

    ck_assert_int_eq(sfi_ctx_new(NULL, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_new(NULL, &c), SFI_OK);
    ck_assert_ptr_nonnull(c);
    ck_assert_ptr_null(sfi_ctx_error(c));
    sfi_ctx_free(c);
    sfi_ctx_free(NULL);
    ck_assert_ptr_null(sfi_ctx_error(NULL));
    ck_assert_int_eq(sfi_error_status(NULL), SFI_OK);
    ck_assert_str_eq(sfi_error_message(NULL), "");
    ck_assert_str_eq(sfi_error_where(NULL), "");
    ck_assert_int_eq(sfi_error_os_code(NULL), 0);
    ck_assert_int_eq(sfi_error_peer_code(NULL), 0);
}
END_TEST

/* What a program that was compiled with another libsfi may hand over. */
START_TEST(test_ctx_struct_sizes)
{
    static const struct {
        uint32_t size;
        uint8_t tail;
        sfi_status want;
    } rows[] = {
        {0, 0, SFI_ERR_ABI},
        {sizeof(sfi_ctx_options) - 1, 0, SFI_ERR_ABI},
        {sizeof(sfi_ctx_options), 1, SFI_OK}, /* not ours to look at */
        {sizeof(sfi_ctx_options) + 8, 0, SFI_OK},
        {sizeof(sfi_ctx_options) + 8, 1, SFI_ERR_ABI},
        {4096, 0, SFI_OK},
        {4097, 0, SFI_ERR_ABI},
        {UINT32_MAX, 0, SFI_ERR_ABI},
    };
    union {
        sfi_ctx_options now;
        uint8_t bytes[4200];
    } opts;

    for (size_t i = 0; i < ROWS(rows); i++) {
        sfi_ctx *c = (sfi_ctx *)&memory;

        sfi__zero(&opts, sizeof(opts));
        opts.now.struct_size = rows[i].size;
        opts.bytes[sizeof(opts.now) + 7] = rows[i].tail;
        ck_assert_msg(sfi_ctx_new(&opts.now, &c) == rows[i].want, "row %zu", i);
        ck_assert((c == NULL) == (rows[i].want != SFI_OK));
        sfi_ctx_free(c);
    }
}
END_TEST

START_TEST(test_ctx_allocators)
{
    struct counter c = {0};
    sfi_allocator good = counting_allocator(&c);
    sfi_allocator bad[5] = {good, good, good, good, good};
    static const sfi_status want[5] = {SFI_ERR_ARGUMENT, SFI_ERR_ARGUMENT,
                                       SFI_ERR_ARGUMENT, SFI_ERR_ABI,
                                       SFI_ERR_ABI};
    sfi_ctx_options opts = {.struct_size = sizeof(opts)};
    sfi_ctx *made;

    bad[0].alloc = NULL;
    bad[1].free = NULL;
    bad[2].reserved = 1;
    bad[3].struct_size = 0;
    bad[4].struct_size = sizeof(good) - 1;
    for (size_t i = 0; i < ROWS(bad); i++) {
        opts.allocator = &bad[i];
        made = (sfi_ctx *)&c;
        ck_assert_msg(sfi_ctx_new(&opts, &made) == want[i], "row %zu", i);
        ck_assert_ptr_null(made);
        ck_assert_uint_eq(c.taken, 0);
    }
    opts.allocator = &good;
    c.fail_at = 1;
    made = (sfi_ctx *)&c;
    ck_assert_int_eq(sfi_ctx_new(&opts, &made), SFI_ERR_NOMEM);
    ck_assert_ptr_null(made);
    ck_assert_int_eq(sfi_ctx_new(&opts, &made), SFI_OK);
    sfi__zero(&good, sizeof(good)); /* it was copied */
    sfi_ctx_free(made);
    ck_assert_uint_eq(c.live, 0);
}
END_TEST

/* ---- the log ----------------------------------------------------------- */

struct lines {
    int count;
    int level;
    char text[600];
};

static void
take_line(void *user, int level, const char *line)
{
    struct lines *l = user;

    l->count++;
    l->level = level;
    ck_assert_uint_lt(strlen(line), sizeof(l->text));
    (void)sfi__text_copy(l->text, sizeof(l->text), line);
}

START_TEST(test_log)
{
    struct lines lines = {0};
    sfi_ctx_options opts = {
        .struct_size = sizeof(opts),
        .log_level = SFI_LOG_INFO,
        .log = take_line,
        .log_user = &lines,
    };
    char longer[1000];
    sfi_ctx *c;

    ck_assert_int_eq(sfi_ctx_new(&opts, &c), SFI_OK);
    sfi__log(c, SFI_LOG_DEBUG, "unheard");
    ck_assert_int_eq(lines.count, 0);
    sfi__log(c, SFI_LOG_INFO, "%s %d", "heard", 7);
    ck_assert_int_eq(lines.count, 1);
    ck_assert_int_eq(lines.level, SFI_LOG_INFO);
    ck_assert_str_eq(lines.text, "heard 7");
    sfi__log(c, SFI_LOG_WARNING, "louder");
    ck_assert_int_eq(lines.count, 2);
    sfi__fill(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    sfi__log(c, SFI_LOG_WARNING, "%s", longer);
    ck_assert_int_eq(lines.count, 3);
    ck_assert_uint_gt(strlen(lines.text), 400);
    sfi__log(c, -1, "no level");
    ck_assert_int_eq(lines.count, 3);
    ck_assert_ptr_null(sfi_ctx_error(c)); /* a line is no error */
    sfi_ctx_free(c);

    opts.log = NULL;
    ck_assert_int_eq(sfi_ctx_new(&opts, &c), SFI_OK);
    sfi__log(c, SFI_LOG_WARNING, "to nobody");
    sfi_ctx_free(c);
}
END_TEST

/* ---- errors ------------------------------------------------------------ */

START_TEST(test_fail)
{
    const sfi_error *err;

    ck_assert_fails(sfi__fail(ctx, SFI_ERR_RANGE, "%d of %s", 3, "four"),
                    SFI_ERR_RANGE, "", "3 of four");
    err = sfi_ctx_error(ctx);
    ck_assert_int_eq(sfi_error_os_code(err), 0);
    ck_assert_int_eq(sfi_error_peer_code(err), 0);

    ck_assert_fails(sfi__fail_peer(ctx, SFI_ERR_HSM, 0x6a82, "no file"),
                    SFI_ERR_HSM, "", "no file");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 0x6a82);

    ck_assert_fails(sfi__fail_os(ctx, SFI_ERR_OS, ENOENT, "cannot %s", "open"),
                    SFI_ERR_OS, "", "cannot open: No such file or directory");
    err = sfi_ctx_error(ctx);
    ck_assert_int_eq(sfi_error_os_code(err), ENOENT);
    ck_assert_int_eq(sfi_error_peer_code(err), 0); /* the old one is gone */

    ck_assert_fails(sfi__nomem(ctx), SFI_ERR_NOMEM, "", "out of memory");
    ck_assert_int_eq(sfi_error_os_code(sfi_ctx_error(ctx)), 0);
    sfi__clear_error(ctx);
    ck_assert_ptr_null(sfi_ctx_error(ctx));
}
END_TEST

/* What a file, a peer or the system says controls nothing in a message, its
 * place, or the log; letters of any language stay. */
#define FOREIGN "\x1b[2J\xc2\x9b\n\xe2\x80\xae\xff\xc3\xa4"
#define FOREIGN_SHOWN "\\x1b[2J\\xc2\\x9b\\x0a\\xe2\\x80\\xae\\xff\xc3\xa4"

START_TEST(test_foreign_text)
{
    char out[64];

    ck_assert_fails(sfi__fail(ctx, SFI_ERR_RANGE, "it is %s", FOREIGN),
                    SFI_ERR_RANGE, "", "it is " FOREIGN_SHOWN);
    (void)sfi__where(ctx, "%s", FOREIGN);
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), FOREIGN_SHOWN);
    ck_assert_fails(sfi__fail_peer(ctx, SFI_ERR_HSM, 1, "%s", FOREIGN),
                    SFI_ERR_HSM, "", FOREIGN_SHOWN);
    ck_assert_fails(sfi__fail_os(ctx, SFI_ERR_OS, ENOENT, "%s", FOREIGN),
                    SFI_ERR_OS, "",
                    FOREIGN_SHOWN ": No such file or directory");
    sfi_ctx_report(ctx, SFI_ERR_IO, 0, FOREIGN);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)), FOREIGN_SHOWN);
    sfi_text_escape(FOREIGN, out, sizeof(out));
    ck_assert_str_eq(out, FOREIGN_SHOWN);
    sfi_text_escape(FOREIGN_SHOWN, out, sizeof(out));
    ck_assert_str_eq(out, FOREIGN_SHOWN); /* twice is once */
    sfi_text_escape(NULL, out, sizeof(out));
    ck_assert_str_eq(out, "");
    sfi_text_escape("a", NULL, 1);
    sfi__clear_error(ctx);
}
END_TEST

/* The fixture's own assertion: every fact must be in the message. */
START_TEST(test_fail_about_facts)
{
    static const char *const facts[] = {"3", "four", "five", NULL};

    ck_assert_fails_about(sfi__fail(ctx, SFI_ERR_RANGE, "%d of %s", 3, "four"),
                          SFI_ERR_RANGE, "", "four", "3 of");
    ck_assert_ptr_null(missing_fact("3, four, five", facts));
    ck_assert_str_eq(missing_fact("3 of four", facts), "five");
    ck_assert_str_eq(missing_fact("", facts), "3");
}
END_TEST

/* Also its own: "..." is for any words, but for no part of a word, no second
 * line and not for nothing. */
START_TEST(test_text_matches)
{
    static const struct {
        const char *text, *want;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"4 bytes of 8", "4 bytes of 8", true},
        {"4 bytes of 8", "4 bytes of", false},
        {"4 bytes of", "4 bytes of 8", false},
        {"4 bytes of 8", "4 bytes ...", true},
        {"4 bytes of 8", "... of 8", true},
        {"4 bytes of 8", "4 ... 8", true},
        {"4 bytes of 8", "... bytes ... 8", true},
        {"4 bytes of 8", "... ... ...", true},
        {"4 bytes of 8", "...", true},
        {"4 bytes of 4 of 8", "4 ... of 8", true},
        {"4 bytes of 80", "4 bytes ... 8", false},
        {"4 bytes of 18", "4 bytes ... 8", false},
        {"14 bytes of 8", "4 bytes ...", false},
        {"4 bytes of 8", "4 bytes of 8 ...", false},
        {"4 bytes of 8", "8 ... 4", false},
        {"4 bytes of 8", "4 ... of ... 9", false},
        {"", "...", false},
        {"device 1234... is unknown", "device 1234... is unknown", true},
        {"device 1234 is unknown", "device 1234... is unknown", false},
        {"device 1234 is unknown", "device ...1234 is unknown", false},
        {"1: one a\n2: two b\n", "1: ... a\n2: two ...\n", true},
        {"1: one a\n2: two b\n", "1: ... b\n", false},
        {"1: one a\n2: two b\n", "1: ...", false},
        {"1: one a\n2: two b\n", "1: one ...\n", false},
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_msg(text_matches(rows[i].text, rows[i].want) ==
                          rows[i].matches,
                      "\"%s\" and \"%s\"", rows[i].text, rows[i].want);
}
END_TEST

START_TEST(test_fail_is_bounded)
{
    static char longer[4000];
    const sfi_error *err;

    sfi__fill(longer, 'm', sizeof(longer) - 1);
    (void)sfi__fail(ctx, SFI_ERR_FORMAT, "%s", longer);
    err = sfi_ctx_error(ctx);
    ck_assert_uint_eq(strlen(sfi_error_message(err)),
                      SFI_ERROR_MESSAGE_MAX - 1);
    (void)sfi__where(ctx, "%s", longer);
    ck_assert_uint_eq(strlen(sfi_error_where(err)), SFI_ERROR_WHERE_MAX - 1);
    (void)sfi__where(ctx, "%s", longer);
    ck_assert_uint_eq(strlen(sfi_error_where(err)), SFI_ERROR_WHERE_MAX - 1);
    (void)sfi__fail_os(ctx, SFI_ERR_OS, EIO, "%s", longer);
    ck_assert_uint_eq(strlen(sfi_error_message(err)),
                      SFI_ERROR_MESSAGE_MAX - 1);
    ck_assert_str_eq(sfi_error_where(err), "");
}
END_TEST

START_TEST(test_fail_takes_no_memory)
{
    size_t taken = memory.taken;

    (void)sfi__fail_os(ctx, SFI_ERR_OS, EIO, "x");
    (void)sfi__where(ctx, "y");
    ck_assert_uint_eq(memory.taken, taken);
}
END_TEST

START_TEST(test_where_goes_outwards)
{
    (void)sfi__fail(ctx, SFI_ERR_CHECKSUM, "checksum is 0x3e");
    ck_assert_fails(sfi__where(ctx, "%d", 12), SFI_ERR_CHECKSUM, "12",
                    "checksum is 0x3e");
    ck_assert_fails(sfi__where(ctx, "%s", "fw.hex"), SFI_ERR_CHECKSUM,
                    "fw.hex:12", "checksum is 0x3e");
    (void)sfi__fail(ctx, SFI_ERR_RANGE, "another");
    ck_assert_str_eq(sfi_error_where(sfi_ctx_error(ctx)), "");
}
END_TEST

START_TEST(test_error_is_kept)
{
    struct sfi_error first;

    (void)sfi__fail_os(ctx, SFI_ERR_OS, ENOENT, "cannot open");
    (void)sfi__where(ctx, "fw.hex");
    sfi__error_keep(ctx, &first);
    (void)sfi__fail_peer(ctx, SFI_ERR_IO, 7, "clean-up failed");
    sfi__error_restore(ctx, &first);
    ck_assert_fails_about(SFI_ERR_OS, SFI_ERR_OS, "fw.hex", "open",
                          "No such file");
    ck_assert_int_eq(sfi_error_os_code(sfi_ctx_error(ctx)), ENOENT);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 0);
}
END_TEST

START_TEST(test_report)
{
    sfi_ctx_report(ctx, SFI_ERR_HSM_PIN, 0x63c2, "two tries left");
    ck_assert_fails(SFI_ERR_HSM_PIN, SFI_ERR_HSM_PIN, "", "two tries left");
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 0x63c2);
    sfi_ctx_report(ctx, SFI_ERR_IO, 0, "100 %s %n"); /* no format */
    ck_assert_fails(SFI_ERR_IO, SFI_ERR_IO, "", "100 %s %n");
    sfi_ctx_report(ctx, SFI_OK, 0, "success is not reported");
    sfi_ctx_report(ctx, 5, 0, "nor is nonsense");
    ck_assert_fails(SFI_ERR_IO, SFI_ERR_IO, "", "100 %s %n");
    sfi_ctx_report(ctx, SFI_ERR_TIMEOUT, 0, NULL);
    ck_assert_fails(SFI_ERR_TIMEOUT, SFI_ERR_TIMEOUT, "", "no answer in time");
    sfi_ctx_report(NULL, SFI_ERR_IO, 0, "nobody");
}
END_TEST

START_TEST(test_from_callback)
{
    ck_assert_int_eq(sfi__from_callback(ctx, SFI_OK, "write"), SFI_OK);
    ck_assert_ptr_null(sfi_ctx_error(ctx));
    ck_assert_fails(sfi__from_callback(ctx, 3, "write"), SFI_ERR_CALLBACK, "",
                    "write returned 3, expected an sfi_status");
    ck_assert_fails(sfi__from_callback(ctx, -3, "write"), SFI_ERR_CALLBACK, "",
                    "write returned -3, expected an sfi_status");
    sfi__clear_error(ctx);
    ck_assert_fails(sfi__from_callback(ctx, SFI_ERR_IO, "write"), SFI_ERR_IO,
                    "", "write: input or output failed");
    /* an error that the callback recorded itself stays */
    sfi_ctx_report(ctx, SFI_ERR_IO, 9, "cable is out");
    ck_assert_fails(sfi__from_callback(ctx, SFI_ERR_IO, "write"), SFI_ERR_IO,
                    "", "cable is out");
    /* but not if it belongs to a different status */
    ck_assert_fails(sfi__from_callback(ctx, SFI_ERR_TIMEOUT, "write"),
                    SFI_ERR_TIMEOUT, "", "write: no answer in time");
}
END_TEST

START_TEST(test_os_status)
{
    static const struct {
        int os;
        sfi_status want;
    } rows[] = {
        {EACCES, SFI_ERR_ACCESS}, {EPERM, SFI_ERR_ACCESS},
        {EROFS, SFI_ERR_ACCESS},  {EBUSY, SFI_ERR_ACCESS},
        {ENOMEM, SFI_ERR_NOMEM},  {EFBIG, SFI_ERR_LIMIT},
        {ENOENT, SFI_ERR_OS},     {ENOSPC, SFI_ERR_OS},
        {EISDIR, SFI_ERR_OS},     {99999, SFI_ERR_OS},
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_int_eq(sfi__os_status(rows[i].os), rows[i].want);
}
END_TEST

/* ---- handles ----------------------------------------------------------- */

struct thing {
    struct obj obj;
    struct thing *inner;
    int *destroyed;
};

static void
thing_destroy(void *self)
{
    struct thing *t = self;

    sfi__obj_unref(t->inner);
    (*t->destroyed)++;
}

static struct thing *
thing_new(int *destroyed)
{
    struct thing *t = sfi__obj_new(ctx, OBJ_KEY, sizeof(*t), thing_destroy);

    if (t != NULL)
        t->destroyed = destroyed;
    return t;
}

static sfi_status
thing_poke(struct thing *t, const char *name)
{
    SFI_ENTER(t, KEY);
    SFI_ARG(t, name != NULL);
    return SFI_OK;
}

static sfi_status
thing_meet(struct thing *t, const struct thing *other)
{
    SFI_ENTER(t, KEY);
    SFI_HANDLE(t, other, KEY);
    return SFI_OK;
}

static sfi_status
thing_meet_here(struct thing *t, const struct thing *other)
{
    struct {
        const struct thing *other;
    } options = {other};

    SFI_ENTER(t, KEY);
    SFI_HANDLE_HERE(t, options.other, KEY);
    return SFI_OK;
}

START_TEST(test_further_handles)
{
    int destroyed = 0;
    struct thing *t = thing_new(&destroyed);
    struct thing *other;
    sfi_ctx *elsewhere, *here = ctx;

    ck_assert_int_eq(sfi_ctx_new(NULL, &elsewhere), SFI_OK);
    ctx = elsewhere;
    other = thing_new(&destroyed);
    ctx = here;
    ck_assert_fails(thing_meet(t, NULL), SFI_ERR_ARGUMENT, "",
                    "other is NULL, expected a key");
    ck_assert_fails(thing_meet(t, (struct thing *)ctx), SFI_ERR_ARGUMENT, "",
                    "other is something else, expected a key");
    ck_assert_ok(thing_meet(t, other));
    ck_assert_fails(thing_meet_here(t, other), SFI_ERR_ARGUMENT, "",
                    "other is of another context, expected a key of this one");
    ck_assert_ok(thing_meet_here(t, t));

    other->obj.home = "another libsfi";
    ck_assert_fails(thing_meet(t, other), SFI_ERR_ARGUMENT, "",
                    "other is of another libsfi in this process, expected a "
                    "key of the one that is called");
    ck_assert_int_eq(thing_poke(other, "x"), SFI_ERR_ARGUMENT);
    sfi__obj_free(other, OBJ_KEY); /* nor is it released */
    ck_assert_int_eq(destroyed, 0);
    other->obj.home = t->obj.home;

    sfi__obj_free(other, OBJ_KEY);
    sfi__obj_free(t, OBJ_KEY);
    ck_assert_int_eq(destroyed, 2);
    sfi_ctx_free(elsewhere);
}
END_TEST

START_TEST(test_handle_guard)
{
    int destroyed = 0;
    struct thing *t = thing_new(&destroyed);

    ck_assert_ok(thing_poke(t, "x"));
    ck_assert_fails(thing_poke(t, NULL), SFI_ERR_ARGUMENT, "",
                    "argument not valid, expected name != NULL");
    ck_assert_ok(thing_poke(t, "x")); /* cleared on entry */
    ck_assert_int_eq(thing_poke(NULL, "x"), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(thing_poke((struct thing *)ctx, "x"), SFI_ERR_ARGUMENT);
    ck_assert(sfi__is(t, OBJ_KEY));
    ck_assert(!sfi__is(t, OBJ_CTX));
    ck_assert(!sfi__is(NULL, OBJ_DEAD));

    t->obj.busy = true;
    ck_assert_fails(thing_poke(t, "x"), SFI_ERR_STATE, "",
                    "the handle is in use: a callback of it is running");
    t->obj.busy = false;
    ck_assert_ok(thing_poke(t, "x"));

    sfi__obj_free(t, OBJ_HSM); /* wrong kind of handle: nothing happens */
    ck_assert_int_eq(destroyed, 0);
    sfi__obj_free(t, OBJ_KEY);
    ck_assert_int_eq(destroyed, 1);
    sfi__obj_free(NULL, OBJ_KEY);
    sfi__obj_unref(NULL);
}
END_TEST

START_TEST(test_handles_outlive_the_context)
{
    int outer_gone = 0;
    int inner_gone = 0;
    struct thing *outer = thing_new(&outer_gone);
    struct thing *inner = thing_new(&inner_gone);

    outer->inner = sfi__obj_ref(inner);
    sfi__obj_free(inner, OBJ_KEY);
    ck_assert_int_eq(inner_gone, 0); /* lives on inside the other */
    sfi_ctx_free(ctx);
    ck_assert_uint_eq(memory.live, 3);
    ck_assert_int_eq(thing_poke(outer, NULL), SFI_ERR_ARGUMENT);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(outer->obj.ctx)),
                     "argument not valid, expected name != NULL");
    sfi__obj_free(outer, OBJ_KEY);
    ck_assert_int_eq(outer_gone, 1);
    ck_assert_int_eq(inner_gone, 1);
    ck_assert_uint_eq(memory.live, 0);
    ctx = NULL;
}
END_TEST

START_TEST(test_handle_without_memory)
{
    int destroyed = 0;

    memory.fail_at = 1;
    ck_assert_ptr_null(thing_new(&destroyed));
    ck_assert_fails_about(SFI_ERR_NOMEM, SFI_ERR_NOMEM, "", "memory");
    ck_assert_int_eq(destroyed, 0);
    ck_assert_uint_eq(ctx->obj.refs, 1); /* no reference was left behind */
    memory.fail_at = 1;
    ck_assert_ptr_null(sfi__ctx_alloc(ctx, 10));
    sfi__ctx_dealloc(ctx, NULL);
    sfi__ctx_dealloc(ctx, sfi__ctx_alloc(ctx, 10));
}
END_TEST

/* ---- structs across versions ------------------------------------------- */

struct v1 {
    uint32_t struct_size;
    uint32_t a;
};
struct v2 {
    uint32_t struct_size;
    uint32_t a;
    uint32_t b;
};
struct v3 {
    uint32_t struct_size;
    uint32_t a;
    uint32_t b;
    uint32_t c;
};

START_TEST(test_abi_in)
{
    struct v1 old = {sizeof(old), 1};
    struct v3 newer = {sizeof(newer), 1, 2, 0};
    struct v2 ours = {9, 9, 9};

    ck_assert_ok(sfi__abi_in(ctx, &ours, sizeof(ours), sizeof(old), &old));
    ck_assert_uint_eq(ours.a, 1);
    ck_assert_uint_eq(ours.b, 0); /* members that an old caller does not know */
    ck_assert_ok(sfi__abi_in(ctx, &ours, sizeof(ours), sizeof(old), &newer));
    ck_assert_uint_eq(ours.b, 2);

    ours.a = 9;
    newer.c = 1;
    ck_assert_fails(
        sfi__abi_in(ctx, &ours, sizeof(ours), sizeof(old), &newer), SFI_ERR_ABI,
        "", "struct_size is 16: a member that this libsfi lacks is set");
    ck_assert_uint_eq(ours.a, 9);
    old.struct_size = 4;
    ck_assert_fails(sfi__abi_in(ctx, &ours, sizeof(ours), sizeof(old), &old),
                    SFI_ERR_ABI, "",
                    "struct_size is 4: set it to sizeof the struct");
    old.struct_size = 4097;
    ck_assert_fails_about(
        sfi__abi_in(ctx, &ours, sizeof(ours), sizeof(old), &old), SFI_ERR_ABI,
        "", "struct_size is 4097");
    ck_assert_int_eq(sfi__abi_in(NULL, &ours, sizeof(ours), sizeof(old), &old),
                     SFI_ERR_ABI);
}
END_TEST

START_TEST(test_abi_out)
{
    static const struct v2 ours = {sizeof(ours), 11, 22};
    struct v3 old = {sizeof(struct v1), 9, 9, 9};
    struct v3 newer = {sizeof(newer), 9, 9, 9};
    struct v3 bad = {7, 9, 9, 9};

    ck_assert_ok(
        sfi__abi_out(ctx, &old, sizeof(struct v1), &ours, sizeof(ours)));
    ck_assert_uint_eq(old.struct_size, sizeof(struct v1)); /* the caller's */
    ck_assert_uint_eq(old.a, 11);
    ck_assert_uint_eq(old.b, 9); /* not touched: not part of its struct */
    ck_assert_ok(
        sfi__abi_out(ctx, &newer, sizeof(struct v1), &ours, sizeof(ours)));
    ck_assert_uint_eq(newer.struct_size, sizeof(newer));
    ck_assert_uint_eq(newer.a, 11);
    ck_assert_uint_eq(newer.b, 22);
    ck_assert_uint_eq(newer.c, 0);
    ck_assert_fails_about(
        sfi__abi_out(ctx, &bad, sizeof(struct v1), &ours, sizeof(ours)),
        SFI_ERR_ABI, "", "struct_size is 7");
    ck_assert_uint_eq(bad.a, 9);
}
END_TEST

static TCase *
add(Suite *s, const char *name)
{
    TCase *tc = tcase_create(name);

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    suite_add_tcase(s, tc);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("core");
    TCase *tc = add(s, "statuses");

    tcase_add_loop_test(tc, test_status, 0, (int)ROWS(statuses));
    tcase_add_test(tc, test_status_unknown);
    tcase_add_test(tc, test_status_values_are_pinned);
    tcase_add_test(tc, test_version);
    tcase_add_test(tc, test_features);

    tc = add(s, "context");
    tcase_add_test(tc, test_ctx_defaults);
    tcase_add_test(tc, test_ctx_struct_sizes);
    tcase_add_test(tc, test_ctx_allocators);
    tcase_add_test(tc, test_log);

    tc = add(s, "errors");
    tcase_add_test(tc, test_fail);
    tcase_add_test(tc, test_foreign_text);
    tcase_add_test(tc, test_fail_about_facts);
    tcase_add_test(tc, test_text_matches);
    tcase_add_test(tc, test_fail_is_bounded);
    tcase_add_test(tc, test_fail_takes_no_memory);
    tcase_add_test(tc, test_where_goes_outwards);
    tcase_add_test(tc, test_error_is_kept);
    tcase_add_test(tc, test_report);
    tcase_add_test(tc, test_from_callback);
    tcase_add_test(tc, test_os_status);

    tc = add(s, "handles");
    tcase_add_test(tc, test_handle_guard);
    tcase_add_test(tc, test_further_handles);
    tcase_add_test(tc, test_handles_outlive_the_context);
    tcase_add_test(tc, test_handle_without_memory);
    tcase_add_test(tc, test_abi_in);
    tcase_add_test(tc, test_abi_out);
    return run_suite(s);
}
