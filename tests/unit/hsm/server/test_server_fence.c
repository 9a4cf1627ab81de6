/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A station's fence: what it keeps, what it refuses, and a damaged file. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hsm/server/fence.h"

#include "fixture.h"

#define SERIAL "00112233445566778899aabbccddeeff"

static char folder[256], path[300];
static struct fence fence;

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/ct.key.fence", folder);
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

static struct fence_seen
end(uint64_t sequence, uint8_t head)
{
    struct fence_seen seen = {.end = {.serial = SERIAL,
                                      .sequence = sequence,
                                      .remaining = 1000 - sequence}};

    seen.end.head[0] = head;
    return seen;
}

static struct fence_seen
restored(uint64_t sequence, uint8_t head, uint64_t record, uint64_t lost)
{
    struct fence_seen seen = end(sequence, head);

    seen.end.restored = record;
    seen.lost = lost;
    return seen;
}

static void
advance(struct fence_seen seen)
{
    ck_assert_ok(sfi__fence_advance(ctx, path, &seen));
}

static const struct fence_entry *
look(void)
{
    ck_assert_ok(sfi__fence_read(ctx, path, &fence));
    return sfi__fence_find(&fence, SERIAL);
}

static void
assert_at(uint64_t sequence, uint8_t head)
{
    const struct fence_entry *e = look();

    ck_assert_ptr_nonnull(e);
    ck_assert_uint_eq(e->sequence, sequence);
    ck_assert_uint_eq(e->head[0], head);
}

static sfi_status
check(struct fence_seen seen)
{
    return sfi__fence_check(ctx, look(), &seen);
}

START_TEST(test_keeps_the_highest)
{
    struct stat st;

    ck_assert_ptr_null(look());
    advance(end(5, 1));
    assert_at(5, 1);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    advance(end(9, 2));
    advance(end(7, 3)); /* of a question asked earlier */
    assert_at(9, 2);
    ck_assert_uint_eq(look()->remaining, 991);
    advance(end(UINT64_MAX, 4));
    assert_at(UINT64_MAX, 4);
}
END_TEST

START_TEST(test_refuses_what_goes_back)
{
    const char *where = "";

    ck_assert_ok(check(end(0, 1)));
    advance(end(9, 2));
    ck_assert_ok(check(end(9, 2)));
    ck_assert_ok(check(end(10, 3)));
    ck_assert_fails_about(check(end(8, 2)), SFI_ERR_HSM_ROLLBACK, where,
                          "ends at record 8", "record 9, head 02000",
                          "991 left", "sfi-hsm restored");
    ck_assert_fails_about(check(end(9, 3)), SFI_ERR_HSM_ROLLBACK, where,
                          "another record 9", "restored");
    /* two servers with one HSM, at the same time */
    {
        struct fence_seen other = end(9, 3);

        ck_assert_fails_about(sfi__fence_advance(ctx, path, &other),
                              SFI_ERR_HSM_ROLLBACK, where, "another record 9");
    }
    assert_at(9, 2);
}
END_TEST

START_TEST(test_restored)
{
    advance(end(100, 1));
    ck_assert_fails_about(check(restored(52, 2, 51, 99)), SFI_ERR_HSM_ROLLBACK,
                          "", "record 100");
    ck_assert_ok(check(restored(102, 2, 101, 100)));
    ck_assert_int_eq(check(restored(50, 2, 51, 100)), SFI_ERR_HSM_ROLLBACK);
    ck_assert_ok(check(restored(52, 2, 51, 100)));
    advance(restored(53, 3, 51, 100));
    assert_at(53, 3);
    /* from then on the record covers nothing more */
    advance(restored(52, 2, 51, 100));
    assert_at(53, 3);
    ck_assert_int_eq(check(end(52, 2)), SFI_ERR_HSM_ROLLBACK);
    advance(end(60, 4));
    ck_assert_uint_eq(look()->restored, 51);
    /* and once more */
    advance(restored(57, 5, 56, 70));
    assert_at(57, 5);
}
END_TEST

START_TEST(test_hsms_are_apart)
{
    struct fence_seen other = end(3, 9);

    memcpy(other.end.serial, "ff", 2);
    advance(end(5, 1));
    advance(other);
    assert_at(5, 1);
    ck_assert_uint_eq(sfi__fence_find(&fence, other.end.serial)->sequence, 3);
    ck_assert_uint_eq(fence.count, 2);
    for (unsigned i = 2; i <= FENCE_ENTRIES_MAX; i++) {
        char digits[9];

        (void)snprintf(digits, sizeof(digits), "%08x", i);
        memcpy(other.end.serial, digits, 8);
        if (i < FENCE_ENTRIES_MAX)
            advance(other);
    }
    ck_assert_fails_about(sfi__fence_advance(ctx, path, &other), SFI_ERR_LIMIT,
                          path, "256 HSMs", "fence=");
    assert_at(5, 1);
}
END_TEST

/* Each byte and each length. */
START_TEST(test_damaged)
{
    size_t len;
    char *text, *copy;

    advance(end(5, 1));
    text = test_read(path, &len);
    copy = malloc(len + 1);
    ck_assert_ptr_nonnull(copy);
    for (size_t i = 0; i <= 2 * len; i += test_step(7)) {
        size_t kept = i < len ? len : i - len;
        FILE *f = fopen(path, "w");

        memcpy(copy, text, len);
        if (i < len)
            copy[i] ^= 1;
        if (kept == len && i >= len)
            copy[kept++] = '\n';
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(fwrite(copy, 1, kept, f), kept);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_fails_about(sfi__fence_read(ctx, path, &fence),
                              SFI_ERR_FORMAT, path, "damaged", "backup");
    }
    {
        struct fence_seen seen = end(6, 1);

        ck_assert_int_eq(sfi__fence_advance(ctx, path, &seen), SFI_ERR_FORMAT);
    }
    free(copy);
    free(text);
}
END_TEST

START_TEST(test_no_place)
{
    struct fence_seen seen = end(1, 1);

    ck_assert_ok(sfi__fence_check_place(ctx, path));
    ck_assert_fails_about(sfi__fence_check_place(ctx, "/nonexistent/a.fence"),
                          SFI_ERR_OS, "/nonexistent/a.fence.lock", "lock");
    ck_assert_int_eq(sfi__fence_advance(ctx, "/nonexistent/a.fence", &seen),
                     SFI_ERR_OS);
    /* a link to nowhere is no missing file */
    ck_assert_int_eq(symlink("/nonexistent/b", path), 0);
    ck_assert_int_ne(sfi__fence_read(ctx, path, &fence), SFI_OK);
}
END_TEST

/* Nothing that one of them keeps is lost. */
START_TEST(test_processes)
{
    enum { PROCESSES = 4, EACH = 25 };
    pid_t pids[PROCESSES];

    for (unsigned p = 0; p < PROCESSES; p++) {
        pids[p] = fork();
        ck_assert_int_ge(pids[p], 0);
        for (unsigned i = 0; pids[p] == 0 && i < EACH; i++) {
            struct fence_seen seen = end(1 + i * PROCESSES + p, 1);
            struct fence_seen own = seen;

            own.end.serial[0] = (char)('a' + p);
            if (sfi__fence_advance(ctx, path, &seen) != SFI_OK ||
                sfi__fence_advance(ctx, path, &own) != SFI_OK)
                _exit(1);
        }
        if (pids[p] == 0)
            _exit(0);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status;

        ck_assert_int_eq(waitpid(pids[p], &status, 0), pids[p]);
        ck_assert_int_eq(status, 0);
    }
    assert_at((uint64_t)PROCESSES * EACH, 1);
    ck_assert_uint_eq(fence.count, 1 + PROCESSES);
}
END_TEST

START_TEST(test_no_memory)
{
    struct fence_seen seen = end(5, 1);
    sfi_status st = SFI_ERR_NOMEM;

    advance(end(4, 1));
    for (size_t n = 1; st == SFI_ERR_NOMEM && n < 100; n++) {
        memory.fail_at = n;
        st = sfi__fence_advance(ctx, path, &seen);
        memory.fail_at = 0;
    }
    ck_assert_int_eq(st, SFI_OK);
    assert_at(5, 1);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("server_fence");
    TCase *tc = tcase_create("fence");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_keeps_the_highest);
    tcase_add_test(tc, test_refuses_what_goes_back);
    tcase_add_test(tc, test_restored);
    tcase_add_test(tc, test_hsms_are_apart);
    tcase_add_test(tc, test_damaged);
    tcase_add_test(tc, test_no_place);
    tcase_add_test(tc, test_processes);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
