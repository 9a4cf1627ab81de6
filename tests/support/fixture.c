/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The fixture of every test: counted memory, a context, files, and main(). */
#include "fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/status.h>

#include "util/hex.h"
#include "util/sys.h"

struct counter memory;
sfi_ctx *ctx;

/* ---- where a test stands ---- */

#undef _mark_point

/* Places of the assertions that a loop goes through. */
#define MARKS 8u

void
test_mark_point(const char *file, int line)
{
    static _Thread_local struct {
        const char *file;
        int line;
    } marks[MARKS];
    static _Thread_local unsigned next;

    for (unsigned i = 0; i < MARKS; i++) {
        if (marks[i].line == line && marks[i].file == file)
            return;
    }
    marks[next].file = file;
    marks[next].line = line;
    next = (next + 1) % MARKS;
    _mark_point(file, line);
}

#define _mark_point(file, line) test_mark_point(file, line)

/* ---- memory ---- */

static void *
counted_alloc(void *user, size_t size)
{
    struct counter *c = user;
    void *p;

    if (c->fail_at > 0 && --c->fail_at == 0)
        return NULL;
    p = malloc(size);
    if (p != NULL) {
        c->live++;
        c->taken++;
    }
    return p;
}

static void
counted_free(void *user, void *ptr)
{
    struct counter *c = user;

    ck_assert_ptr_nonnull(ptr);
    ck_assert_uint_gt(c->live, 0);
    c->live--;
    free(ptr);
}

sfi_allocator
counting_allocator(struct counter *c)
{
    return (sfi_allocator){
        .struct_size = sizeof(sfi_allocator),
        .user = c,
        .alloc = counted_alloc,
        .free = counted_free,
    };
}

void
fixture_setup(void)
{
    sfi_allocator allocator = counting_allocator(&memory);
    sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .allocator = &allocator,
    };

    memory = (struct counter){0};
    ck_assert_int_eq(sfi_ctx_new(&options, &ctx), SFI_OK);
}

void
fixture_teardown(void)
{
    sfi_ctx_free(ctx);
    ctx = NULL;
    ck_assert_msg(memory.live == 0, "%zu blocks of memory were not given back",
                  memory.live);
}

static void
fail_at(const char *file, int line, const char *text)
{
    ck_abort_msg("%s:%d: %s", file, line, text);
}

static bool
is_ellipsis(const char *word)
{
    return strncmp(word, "...", 3) == 0 && strchr(" \n", word[3]) != NULL;
}

bool
text_matches(const char *text, const char *want)
{
    bool word_begins = true;

    for (; !word_begins || !is_ellipsis(want); want++, text++) {
        if (*text != *want)
            return false;
        if (*want == '\0')
            return true;
        word_begins = *want == ' ' || *want == '\n';
    }
    while (*text != '\0' && *text != '\n') {
        if (text_matches(++text, want + 3))
            return true;
    }
    return false;
}

void
assert_fails(const char *file, int line, const char *call, sfi_status got,
             sfi_status want, const char *where, const char *message)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    char text[2048];

    if (got == want && sfi_error_status(err) == want &&
        strcmp(sfi_error_where(err), where) == 0 &&
        text_matches(sfi_error_message(err), message))
        return;
    (void)snprintf(text, sizeof(text),
                   "%s\n  gave     %s, recorded %s \"%s\": \"%s\"\n"
                   "  expected %s \"%s\": \"%s\"",
                   call, sfi_status_name(got),
                   sfi_status_name(sfi_error_status(err)), sfi_error_where(err),
                   sfi_error_message(err), sfi_status_name(want), where,
                   message);
    fail_at(file, line, text);
}

const char *
missing_fact(const char *message, const char *const *facts)
{
    while (*facts != NULL && strstr(message, *facts) != NULL)
        facts++;
    return *facts;
}

void
assert_fails_about(const char *file, int line, const char *call, sfi_status got,
                   sfi_status want, const char *where, const char *const *facts)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *missing = missing_fact(sfi_error_message(err), facts);
    char text[2048];

    if (got == want && sfi_error_status(err) == want &&
        strcmp(sfi_error_where(err), where) == 0 && missing == NULL)
        return;
    (void)snprintf(text, sizeof(text),
                   "%s\n  gave     %s, recorded %s \"%s\": \"%s\"\n"
                   "  expected %s \"%s\": about \"%s\"",
                   call, sfi_status_name(got),
                   sfi_status_name(sfi_error_status(err)), sfi_error_where(err),
                   sfi_error_message(err), sfi_status_name(want), where,
                   missing != NULL ? missing : *facts);
    fail_at(file, line, text);
}

void
assert_ok(const char *file, int line, const char *call, sfi_status got)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    char text[2048];

    if (got == SFI_OK && err == NULL)
        return;
    (void)snprintf(text, sizeof(text), "%s\n  gave %s, recorded \"%s\": \"%s\"",
                   call, sfi_status_name(got), sfi_error_where(err),
                   sfi_error_message(err));
    fail_at(file, line, text);
}

const char *
test_path(const char *name)
{
    static char paths[4][1024];
    static size_t turn;
    const char *root = getenv("SFI_TEST_SOURCE");
    char *path = paths[turn++ % ROWS(paths)];
    int len;

    /* Also called before the first test, where check cannot assert. */
    if (root == NULL) {
        fprintf(stderr, "SFI_TEST_SOURCE is not set: run by meson test\n");
        exit(EXIT_FAILURE);
    }
    len = snprintf(path, sizeof(paths[0]), "%s/tests/%s", root, name);
    if (len >= (int)sizeof(paths[0])) {
        fprintf(stderr, "path too long: %s\n", path);
        exit(EXIT_FAILURE);
    }
    return path;
}

char *
test_read(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    char *data = NULL;
    long size;

    ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    size = ftell(f);
    ck_assert_int_ge(size, 0);
    rewind(f);
    data = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(fread(data, 1, (size_t)size, f), (size_t)size);
    ck_assert_int_eq(fclose(f), 0);
    data[size] = '\0';
    *len = (size_t)size;
    return data;
}

void
test_mkdir(char *path, size_t cap)
{
    const char *tmp = getenv("TMPDIR");
    char random[2 * 6 + 1];
    uint8_t raw[6];
    int len;

    ck_assert_int_eq(sfi__sys_random(raw, sizeof(raw)), 0);
    sfi__hex_encode(random, raw, sizeof(raw));
    len = snprintf(path, cap, "%s/sfi-test-%s",
                   tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp", random);
    ck_assert_int_lt(len, (int)cap);
    ck_assert_int_eq(sfi__sys_make_folder(path, 0700), 0);
}

/* The names in a folder, one at a time; NULL: that was the last. */
static const char *
next_file(struct sys_folder *folder)
{
    const char *name;

    do
        name = sfi__sys_folder_next(folder);
    while (name != NULL && (strcmp(name, ".") == 0 || strcmp(name, "..") == 0));
    return name;
}

void
test_rmdir(const char *path)
{
    struct sys_folder *folder;
    char file[1024];
    const char *name;

    ck_assert_int_eq(sfi__sys_folder_open(path, &folder), 0);
    while ((name = next_file(folder)) != NULL) {
        (void)snprintf(file, sizeof(file), "%s/%s", path, name);
        ck_assert_int_eq(sfi__sys_remove(file), 0);
    }
    sfi__sys_folder_close(folder);
    ck_assert_int_eq(sfi__sys_remove_folder(path), 0);
}

static void
copy_file(const char *from, const char *to, const char *name)
{
    static char block[65536];
    struct sys_stat info;
    char path[1024];
    size_t len;
    int in, out;

    (void)snprintf(path, sizeof(path), "%s/%s", from, name);
    ck_assert_int_eq(sfi__sys_open(path, SYS_READ, 0, &in), 0);
    ck_assert_int_eq(sfi__sys_fstat(in, &info), 0);
    (void)snprintf(path, sizeof(path), "%s/%s", to, name);
    ck_assert_int_eq(sfi__sys_open(path, SYS_WRITE | SYS_NEW, info.mode, &out),
                     0);
    do {
        ck_assert_int_eq(sfi__sys_read(in, block, sizeof(block), &len), 0);
        ck_assert_int_eq(sfi__sys_write(out, block, len), 0);
    } while (len > 0);
    ck_assert_int_eq(sfi__sys_close(out), 0);
    (void)sfi__sys_close(in);
}

void
test_copydir(const char *from, const char *to)
{
    struct sys_folder *source;
    const char *name;

    ck_assert_int_eq(sfi__sys_folder_open(from, &source), 0);
    ck_assert_int_eq(sfi__sys_make_folder(to, 0700), 0);
    while ((name = next_file(source)) != NULL)
        copy_file(from, to, name);
    sfi__sys_folder_close(source);
}

bool
test_in_one_process(void)
{
    const char *forks = getenv("CK_FORK");

    return forks != NULL && strcmp(forks, "no") == 0;
}

size_t
test_step(size_t far)
{
    const char *brief = getenv("SFI_TEST_SHORT");
    unsigned long times = brief != NULL ? strtoul(brief, NULL, 10) : 0;

    if (brief == NULL)
        return 1;
    return far * (times > 1 ? times : 1);
}

int
run_suite(Suite *s)
{
    SRunner *sr = srunner_create(s);
    int failed;

    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
