/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a wrapper of a context wants to know: its log, its end, its handles. */
#include <errno.h>
#include <string.h>

#include <sfi/key.h>

#include "util/mem.h"
#include "util/os_text.h"
#include "core/err.h"

#include "fixture.h"

static void
count_line(void *user, int level, const char *line)
{
    int *count = user;

    (void)level;
    ck_assert_str_ne(line, "");
    (*count)++;
}

/* The log is replaced, and says nothing to the one before. */
START_TEST(test_set_log)
{
    int first = 0, second = 0;

    sfi_ctx_set_log(ctx, SFI_LOG_WARNING, count_line, &first);
    sfi__log(ctx, SFI_LOG_WARNING, "one");
    sfi_ctx_set_log(ctx, SFI_LOG_DEBUG, count_line, &second);
    sfi__log(ctx, SFI_LOG_DEBUG, "two");
    sfi_ctx_set_log(ctx, SFI_LOG_DEBUG, NULL, NULL);
    sfi__log(ctx, SFI_LOG_WARNING, "three");
    sfi_ctx_set_log(NULL, SFI_LOG_DEBUG, count_line, &first);
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(second, 1);
}
END_TEST

static size_t live_when_closed;

static void
note_closed(void *user)
{
    struct counter *c = user;

    live_when_closed = c->live;
    c->fail_at++;
}

/* Once, after the last handle, when nothing of the allocator's is left. */
START_TEST(test_closed)
{
    struct counter c = {0};
    sfi_allocator a = counting_allocator(&c);
    const sfi_ctx_options opts = {
        .struct_size = sizeof(opts),
        .allocator = &a,
        .closed = note_closed,
        .closed_user = &c,
    };
    sfi_key *key;
    sfi_ctx *it;

    live_when_closed = 99;
    ck_assert_int_eq(sfi_ctx_new(&opts, &it), SFI_OK);
    ck_assert_int_eq(
        sfi_key_new(it, (const uint8_t *)"0123456789abcdef", 16, &key), SFI_OK);
    sfi_ctx_free(it);
    ck_assert_uint_eq(c.fail_at, 0);
    sfi_key_free(key);
    ck_assert_uint_eq(c.fail_at, 1);
    ck_assert_uint_eq(live_when_closed, 0);

    c.fail_at = 1;
    ck_assert_int_eq(sfi_ctx_new(&opts, &it), SFI_ERR_NOMEM);
    ck_assert_uint_eq(c.fail_at, 0); /* counted down, not closed */
}
END_TEST

START_TEST(test_ctx_of)
{
    static const uint8_t nothing[64];
    sfi_key *key;

    ck_assert_ok(
        sfi_key_new(ctx, (const uint8_t *)"0123456789abcdef", 16, &key));
    ck_assert_ptr_eq(sfi_ctx_of(key), ctx);
    ck_assert_ptr_eq(sfi_ctx_of(ctx), ctx);
    ck_assert_ptr_null(sfi_ctx_of(NULL));
    ck_assert_ptr_null(sfi_ctx_of(nothing));
    sfi_key_free(key);
}
END_TEST

/* Another libc has words of its own. */
#ifdef __GLIBC__
#define HAS_GLIBC 1
#else
#define HAS_GLIBC 0
#endif

/* The system's reasons are English, whatever the locale is. */
START_TEST(test_reasons_of_the_system)
{
    ck_assert_fails(sfi__fail_os(ctx, SFI_ERR_OS, ENOENT, "cannot open"),
                    SFI_ERR_OS, "", "cannot open: No such file or directory");
    ck_assert_fails(sfi__fail_os(ctx, SFI_ERR_OS, 99999, "cannot open"),
                    SFI_ERR_OS, "", "cannot open: error 99999");
    for (int code = 1; code < 200; code++) {
        const char *text = sfi__os_text(code);

        if (text != NULL && HAS_GLIBC) /* in the locale C */
            ck_assert_str_eq(text, strerror(code));
    }
}
END_TEST

/* A place that does not fit ends between two characters. */
START_TEST(test_place_is_whole_characters)
{
    for (size_t shift = 0; shift < 4; shift++) {
        const char *where;
        char path[500];
        size_t len = shift;

        (void)sfi__fail(ctx, SFI_ERR_FORMAT, "no key");
        sfi__fill(path, 'x', shift);
        for (; len + 4 < sizeof(path); len += 3)
            memcpy(path + len, "\xe2\x82\xac", 3);
        path[len] = '\0';
        (void)sfi__where(ctx, "%s", path);
        (void)sfi__where(ctx, "x");
        where = sfi_error_where(sfi_ctx_error(ctx));
        len = strlen(where);
        ck_assert_uint_gt(len, 200);
        ck_assert_mem_eq(where + len - 3, "\xe2\x82\xac", 3);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("context");
    TCase *tc = tcase_create("context");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_set_log);
    tcase_add_test(tc, test_closed);
    tcase_add_test(tc, test_ctx_of);
    tcase_add_test(tc, test_reasons_of_the_system);
    tcase_add_test(tc, test_place_is_whole_characters);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
