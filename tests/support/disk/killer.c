/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A process that dies right before or after a chosen system call, by ptrace(2).
 */
#define _GNU_SOURCE
#include <disk/killer.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

/* ---- the process ---- */

/* The parent starts tracing when the child has stopped. */
static void
be_traced(void)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)
        _exit(100);
}

void
killer_tell(int fd, const void *data, size_t len)
{
    if (write(fd, data, len) != (ssize_t)len)
        _exit(101);
}

static void
live(const struct killer_work *work, int fd)
{
    int status = work->prepare != NULL ? work->prepare() : 0;

    if (status == 0) {
        be_traced();
        status = work->act(fd);
    }
    _exit(status);
}

/* ---- the one who watches ---- */

static void
let_go(pid_t pid)
{
    ck_assert_msg(ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0 ||
                      errno == ESRCH,
                  "ptrace: %s", strerror(errno));
}

static int
wait_for(pid_t pid)
{
    int status = 0;

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

/* How it ended. */
static int
end_of(int status)
{
    ck_assert_msg(!WIFSIGNALED(status) || WTERMSIG(status) == SIGKILL,
                  "it died of signal %d", WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLER_DIED;
}

static int
watch(pid_t pid, size_t at)
{
    int status = wait_for(pid);

    if (!WIFSTOPPED(status))
        return end_of(status); /* prepare() failed */
    ck_assert_int_eq(WSTOPSIG(status), SIGSTOP);
    ck_assert_int_eq(
        ptrace(PTRACE_SETOPTIONS, pid, NULL,
               (void *)(long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)),
        0);
    for (size_t stop = 1;; stop++) {
        let_go(pid);
        status = wait_for(pid);
        if (!WIFSTOPPED(status))
            return end_of(status);
        ck_assert_int_eq(WSTOPSIG(status), SIGTRAP | 0x80);
        if (stop == at) {
            ck_assert_int_eq(kill(pid, SIGKILL), 0);
            return end_of(wait_for(pid));
        }
    }
}

int
killer_run(const struct killer_work *work, size_t at, void *told, size_t cap,
           size_t *len)
{
    int fds[2];
    int end;
    ssize_t got;
    pid_t pid;

    ck_assert_int_eq(pipe(fds), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)close(fds[0]);
        live(work, fds[1]);
    }
    (void)close(fds[1]);
    end = watch(pid, at); /* its messages fit into the pipe */
    *len = 0;
    while ((got = read(fds[0], (char *)told + *len, cap - *len)) > 0)
        *len += (size_t)got;
    ck_assert_int_eq(got, 0);
    (void)close(fds[0]);
    return end;
}

/* Each stop hands the processor over twice: on one, that takes a third of the
 * time it takes between two.  A wish, no need. */
static void
stay_here(void)
{
    int cpu = sched_getcpu();
    cpu_set_t set;

    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((unsigned)cpu, &set);
    (void)sched_setaffinity(0, sizeof(set), &set);
}

bool
killer_allowed(void)
{
    int status;
    pid_t pid;

    stay_here();
    pid = fork();

    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(errno);
        _exit(0);
    }
    if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
        WEXITSTATUS(status) == 0)
        return true;
    printf(
        "SKIP: processes may not be traced here: %s\n",
        strerror(pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : EPERM));
    return false;
}
