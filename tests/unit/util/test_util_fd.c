/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/util: a file with POSIX locks is not opened a second time. */
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "util/fd.h"
#include "util/file.h"
#include "util/sys.h"

#include "fixture.h"

static const char *const suffixes[] = {"-wal", "-shm"};
static char dir[512];
static struct locked_file *locked;
static int owner; /* of the locks */

static const char *
in_dir(const char *name)
{
    static char paths[4][700];
    static unsigned next;
    char *path = paths[next++ % ROWS(paths)];

    (void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void
put(const char *name)
{
    FILE *f = fopen(in_dir(name), "w");

    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("content", f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

static void
lock(const char *name)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    owner = open(in_dir(name), SYS_READ_WRITE);
    ck_assert_int_ge(owner, 0);
    ck_assert_int_eq(fcntl(owner, F_SETLK, &all), 0);
}

/* Whether another process finds the file locked. */
static bool
is_locked(const char *name)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int fd = open(in_dir(name), SYS_READ_WRITE);

        _exit(fd >= 0 && fcntl(fd, F_GETLK, &all) == 0 &&
              all.l_type != F_UNLCK);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status) == 1;
}

static int
add(const char *name, struct locked_file **out)
{
    return sfi__locked_file_add(in_dir(name), suffixes, ROWS(suffixes), out);
}

static void
setup(void)
{
    fixture_setup();
    test_mkdir(dir, sizeof(dir));
    put("v");
    put("v-shm");
    put("other");
    owner = -1;
    ck_assert_int_eq(add("v", &locked), 0);
}

static void
teardown(void)
{
    sfi__locked_file_remove(locked);
    if (owner >= 0)
        ck_assert_int_eq(close(owner), 0);
    test_rmdir(dir);
    fixture_teardown();
}

/* ---- every name of a locked file ---- */

static const struct {
    const char *of, *name;
    bool hard;
} names[] = {
    {"v", "v", false},           {"v", "soft", false},
    {"v", "hard", true},         {"v", "../%s/v", false},
    {"v-shm", "v-shm", false},   {"v-shm", "soft", false},
    {"v-shm", "hard", true},     {"v-wal", "v-wal", false},
    {"v-wal", "hard.lic", true},
};

/* The path of a row, with the link made. */
static const char *
make_name(size_t row)
{
    static char path[1200];
    const char *name = names[row].name;

    if (strchr(name, '%') != NULL)
        (void)snprintf(path, sizeof(path), "%s/..%s/v", dir, strrchr(dir, '/'));
    else
        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    if (names[row].hard)
        ck_assert_int_eq(link(in_dir(names[row].of), path), 0);
    else if (strcmp(name, "soft") == 0)
        ck_assert_int_eq(symlink(names[row].of, path), 0);
    return path;
}

/* Also a companion that was created after the file was added. */
START_TEST(test_no_name_is_opened)
{
    const char *path;
    struct file_out out;
    struct file_in in;
    struct buf b;
    int fd;

    put("v-wal");
    lock(names[_i].of);
    path = make_name((size_t)_i);
    ck_assert(sfi__locked_file_has(path));
    ck_assert_int_eq(sfi__fd_open(path, SYS_READ, 0, &fd), FD_LOCKED);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(sfi__file_open(&in, path), FD_LOCKED);
    ck_assert_int_eq(sfi__file_create(&out, &sfi__alloc_default, path, 0600),
                     FD_LOCKED);
    sfi__buf_init(&b, &sfi__alloc_default, false);
    ck_assert_int_eq(sfi__file_read(path, 100, &b), FD_LOCKED);
    sfi__buf_free(&b);
    ck_assert(is_locked(names[_i].of));
    /* the same files are free again once the owner has closed them */
    sfi__locked_file_remove(locked);
    locked = NULL;
    ck_assert_int_eq(sfi__fd_open(path, SYS_READ, 0, &fd), 0);
    ck_assert_int_eq(sfi__fd_close(fd), 0);
    ck_assert(!is_locked(names[_i].of)); /* so a close does harm */
}
END_TEST

START_TEST(test_other_files_are_opened)
{
    static const char *const fine[] = {"other", "v-journal", "."};
    int fd;

    put("v-journal");
    for (size_t i = 0; i < ROWS(fine); i++) {
        ck_assert(!sfi__locked_file_has(in_dir(fine[i])));
        ck_assert_int_eq(sfi__fd_open(in_dir(fine[i]), SYS_READ, 0, &fd), 0);
        ck_assert_int_eq(sfi__fd_close(fd), 0);
    }
    ck_assert_int_eq(sfi__fd_open("/dev/null", SYS_READ_WRITE, 0, &fd), 0);
    ck_assert_int_eq(sfi__fd_close(fd), 0);
    ck_assert_int_eq(sfi__fd_open(in_dir("none"), SYS_READ, 0, &fd), ENOENT);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(sfi__fd_close(-1), EBADF);
}
END_TEST

/* The process may change its folder, and the file its name. */
START_TEST(test_names_do_not_matter)
{
    sfi__locked_file_remove(locked);
    ck_assert_int_eq(chdir(dir), 0);
    ck_assert_int_eq(sfi__locked_file_add("v", suffixes, 2, &locked), 0);
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert(sfi__locked_file_has(in_dir("v")));
    ck_assert(sfi__locked_file_has(in_dir("v-shm")));
    ck_assert_int_eq(rename(in_dir("v"), in_dir("moved")), 0);
    ck_assert(sfi__locked_file_has(in_dir("moved")));
    ck_assert(!sfi__locked_file_has(in_dir("v")));
}
END_TEST

/* ---- who has it open already ---- */

START_TEST(test_add_finds_open_files)
{
    static const char *const open_first[] = {"other", "other-wal", "other-shm"};
    struct locked_file *f;
    int fd;

    for (size_t i = 0; i < ROWS(open_first); i++) {
        put(open_first[i]);
        ck_assert_int_eq(sfi__fd_open(in_dir(open_first[i]), SYS_READ, 0, &fd),
                         0);
        ck_assert_int_eq(add("other", &f), EBUSY);
        ck_assert_ptr_null(f);
        ck_assert_int_eq(sfi__fd_close(fd), 0);
    }
    ck_assert_int_eq(add("other", &f), 0);
    sfi__locked_file_remove(f);
    ck_assert_int_eq(add("none", &f), ENOENT);
    sfi__locked_file_remove(NULL);
}
END_TEST

/* Its owner may open it as often as he likes, a companion not at all. */
START_TEST(test_add_twice)
{
    struct locked_file *again, *f;

    ck_assert_int_eq(symlink("v", in_dir("soft")), 0);
    ck_assert_int_eq(add("soft", &again), 0);
    ck_assert_int_eq(add("v-shm", &f), EBUSY);
    sfi__locked_file_remove(again);
    ck_assert(sfi__locked_file_has(in_dir("v")));
}
END_TEST

/* Locks are not inherited, but what their owner remembers of them is. */
START_TEST(test_fork)
{
    struct locked_file *f;
    int status, fd;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        bool right = add("v", &f) == FD_FORKED && add("other", &f) == 0;

        sfi__locked_file_remove(f);
        right = right && sfi__fd_open(in_dir("v"), SYS_READ, 0, &fd) == 0 &&
                sfi__fd_close(fd) == 0;
        _exit(right ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

/* ---- a file that is swapped ---- */

/* True with "v", false with v-shm, which is not watched. */
static const struct {
    const char *name;
    bool stays;
} swaps[] = {{"v", false}, {"v-wal", false}, {"v-shm", true}};

START_TEST(test_stays)
{
    put("v-wal");
    ck_assert(sfi__locked_file_stays(locked)); /* not settled yet */
    sfi__locked_file_settle(locked);
    ck_assert(sfi__locked_file_stays(locked));
    ck_assert_int_eq(rename(in_dir(swaps[_i].name), in_dir("aside")), 0);
    ck_assert(sfi__locked_file_stays(locked) == swaps[_i].stays);
    put(swaps[_i].name);
    ck_assert(sfi__locked_file_stays(locked) == swaps[_i].stays);
    ck_assert_int_eq(rename(in_dir("aside"), in_dir(swaps[_i].name)), 0);
    ck_assert(sfi__locked_file_stays(locked));
}
END_TEST

static atomic_bool done;

/* `at` leads to the locked file and to another one in turn. */
static void *
swap_links(void *unused)
{
    (void)unused;
    for (unsigned i = 0; !done; i++) {
        (void)unlink(in_dir("next"));
        if (symlink(i % 2 == 0 ? "v" : "other", in_dir("next")) != 0 ||
            rename(in_dir("next"), in_dir("at")) != 0)
            break;
    }
    return NULL;
}

/* Between the look at a path and its open() it may come to lead elsewhere. */
START_TEST(test_swapped_while_it_is_opened)
{
    char at[700];
    pthread_t thread;
    size_t opened = 0, refused = 0;

    (void)snprintf(at, sizeof(at), "%s", in_dir("at"));
    ck_assert_int_eq(symlink("other", at), 0);
    lock("v");
    ck_assert_int_eq(pthread_create(&thread, NULL, swap_links, NULL), 0);
    /* until both were seen: the other thread may have to wait for its turn */
    for (size_t i = 0; i < 20000 / test_step(10) || opened == 0 || refused == 0;
         i++) {
        int fd;
        int err = sfi__fd_open(at, SYS_READ, 0, &fd);

        if (err == 0) {
            opened++;
            ck_assert_int_eq(sfi__fd_close(fd), 0);
        } else if (err == EMFILE) {
            break; /* each lost race costs a descriptor, and never a lock */
        } else {
            ck_assert_int_eq(err, FD_LOCKED);
            refused++;
        }
    }
    done = true;
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert(is_locked("v"));
    ck_assert_uint_gt(opened, 0);
    ck_assert_uint_gt(refused, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("util_fd");
    TCase *tc = tcase_create("fd");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_no_name_is_opened, 0, (int)ROWS(names));
    tcase_add_test(tc, test_other_files_are_opened);
    tcase_add_test(tc, test_names_do_not_matter);
    tcase_add_test(tc, test_add_finds_open_files);
    tcase_add_test(tc, test_add_twice);
    tcase_add_test(tc, test_fork);
    tcase_add_loop_test(tc, test_stays, 0, (int)ROWS(swaps));
    tcase_add_test(tc, test_swapped_while_it_is_opened);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
