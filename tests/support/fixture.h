/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What every test needs: a context whose memory is counted, errors asserted
 * with status and message, the files of tests/data, and a main().  */
#ifndef SFI_TESTS_FIXTURE_H
#define SFI_TESTS_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <check.h>

#include <sfi/ctx.h>

/* After each assertion that holds check writes where it stands to a file, for
 * the report of a crash.  In a loop that is most of a test's time, so a place
 * that was noted lately is not noted again. */
#define _mark_point(file, line) test_mark_point(file, line)
void test_mark_point(const char *file, int line);

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Counts what is taken and not given back; refuses the `fail_at`-th request
 * (1: the next one; 0: none). */
struct counter {
    size_t live;
    size_t taken;
    size_t fail_at;
};

sfi_allocator counting_allocator(struct counter *c);

/* A checked fixture: `ctx` before each test; after it, no memory is left. */
extern struct counter memory;
extern sfi_ctx *ctx;
void fixture_setup(void);
void fixture_teardown(void);

/* `call` fails with this status, and the context says this (text_matches()). */
#define ck_assert_fails(call, status, where_text, message_text)             \
    assert_fails(__FILE__, __LINE__, #call, (call), (status), (where_text), \
                 (message_text))
/* The same where another test pins the sentence: each text behind `where_text`
 * (a number, a name, a key word) is found in the message. */
#define ck_assert_fails_about(call, status, where_text, ...)        \
    assert_fails_about(__FILE__, __LINE__, #call, (call), (status), \
                       (where_text), (const char *const[]){__VA_ARGS__, NULL})
#define ck_assert_ok(call) assert_ok(__FILE__, __LINE__, #call, (call))

void assert_fails(const char *file, int line, const char *call, sfi_status got,
                  sfi_status want, const char *where, const char *message);
void assert_fails_about(const char *file, int line, const char *call,
                        sfi_status got, sfi_status want, const char *where,
                        const char *const *facts);
/* Whether `text` is exactly `want`, where a word "..." in `want` stands for any
 * words of its line: "4 bytes at 0x10 ... line 1". */
bool text_matches(const char *text, const char *want);
/* The first of the facts (NULL ends them) that `message` lacks, or NULL. */
const char *missing_fact(const char *message, const char *const *facts);
void assert_ok(const char *file, int line, const char *call, sfi_status got);

/* A path below tests/; the same few buffers are used in turn. */
const char *test_path(const char *name);
/* The whole file, with a NUL behind it; the caller frees.  A file that cannot
 * be read fails the test. */
char *test_read(const char *path, size_t *len);
/* A file's permissions; on Windows 0600, of the user alone, or 0644. */
unsigned mode_of_file(const char *path);
/* A fresh folder, removed with its files by test_rmdir(). */
void test_mkdir(char *path, size_t cap);
void test_rmdir(const char *path);
/* A new folder `to` with copies of the files of `from`, modes included. */
void test_copydir(const char *from, const char *to);

/* Whether check forks no process for each test: then tests may share what takes
 * long to make. */
bool test_in_one_process(void);

/* How far a sweep goes at once: 1, or with SFI_TEST_SHORT=N in the environment
 * N times `far`; valgrind has an N of its own. */
size_t test_step(size_t far);

/* Run and report; for `return run_suite(s);`. */
int run_suite(Suite *s);

#endif
