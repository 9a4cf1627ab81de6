/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Starts sfi-board with one end of a socket as its input and output, and sends
 * messages through the other end. */
#define _GNU_SOURCE /* environ, memfd_create(), MSG_NOSIGNAL */
#include "sim/board/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/sys.h"
#include "util/sys_socket.h"
#include "util/wr.h"
#include "core/err.h"

/* u32 length of what follows */
#define LENGTH_LEN 4u

sfi_status
sfi__board_hold(sfi_ctx *ctx, const struct buf *memory, char *path, size_t cap,
                int *fd)
{
    int err;

    *fd = memfd_create("sfi-board", MFD_CLOEXEC);
    err = *fd < 0 ? errno : sfi__sys_write(*fd, memory->data, memory->len);
    if (err != 0)
        return sfi__fail_os(ctx, SFI_ERR_OS, err,
                            "cannot make the memory of a board");
    sfi__text_format(path, cap, "/proc/%ld/fd/%d", (long)getpid(), *fd);
    return SFI_OK;
}

/* 0 or an errno; the child has `end` as its input and output only. */
static int
process_spawn(const char *program, int end, pid_t *pid)
{
    char name[] = "sfi-board";
    char *argv[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    int err = posix_spawn_file_actions_init(&actions);

    if (err != 0)
        return err;
    err = posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
    if (err == 0)
        err = posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
    if (err == 0)
        err = posix_spawnp(pid, program, &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return err;
}

sfi_status
sfi__board_spawn(const char *program, struct sim_board *b)
{
    int ends[2];
    int err;

    if (sfi__sys_socket_pair(ends) != 0)
        return sfi__fail_os(b->ctx, SFI_ERR_OS, errno, "cannot make a socket");
    err = process_spawn(program, ends[1], &b->pid);
    (void)close(ends[1]);
    b->fd = ends[0];
    if (err == 0)
        return SFI_OK;
    b->pid = 0;
    sfi__board_end(b);
    (void)sfi__fail_os(b->ctx, sfi__os_status(err), err,
                       "cannot start the board program");
    return sfi__where(b->ctx, "%s", program);
}

/* Its memory is in a file that it has mapped, so it may be killed. */
void
sfi__board_end(struct sim_board *b)
{
    if (b->fd >= 0)
        (void)close(b->fd);
    b->fd = -1;
    if (b->pid <= 0)
        return;
    (void)kill(b->pid, SIGKILL);
    while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    b->pid = 0;
}

static sfi_status
process_is_gone(struct sim_board *b, int err)
{
    sfi__board_end(b);
    if (err == 0 || err == EPIPE || err == ECONNRESET)
        return sfi__fail(b->ctx, SFI_ERR_OS, "the board program has ended");
    return sfi__fail_os(b->ctx, SFI_ERR_OS, err,
                        "the link to the board program failed");
}

sfi_status
sfi__board_senseless(struct sim_board *b, unsigned number)
{
    sfi__board_end(b);
    return sfi__fail(b->ctx, SFI_ERR_PROTOCOL,
                     "the board program's answer to request %u makes no sense; "
                     "is it that of this libsfi",
                     number);
}

static sfi_status
process_send(struct sim_board *b, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t put = send(b->fd, data, len, MSG_NOSIGNAL);

        if (put < 0 && errno != EINTR)
            return process_is_gone(b, errno);
        if (put > 0) {
            data += put;
            len -= (size_t)put;
        }
    }
    return SFI_OK;
}

static sfi_status
process_receive(struct sim_board *b, uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t got = recv(b->fd, data, len, 0);

        if (got == 0 || (got < 0 && errno != EINTR))
            return process_is_gone(b, got == 0 ? 0 : errno);
        if (got > 0) {
            data += got;
            len -= (size_t)got;
        }
    }
    return SFI_OK;
}

static sfi_status
process_receive_answer(struct sim_board *b, uint8_t number)
{
    uint8_t raw[LENGTH_LEN];
    struct rd r;
    uint32_t len;
    sfi_status st = process_receive(b, raw, sizeof(raw));

    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, sizeof(raw));
    len = sfi__rd_u32le(&r);
    if (len > WIRE_LENGTH_MAX)
        return sfi__board_senseless(b, number);
    sfi__buf_clear(&b->answer);
    if (!sfi__buf_fill(&b->answer, 0, len))
        return sfi__nomem(b->ctx);
    return process_receive(b, b->answer.data, len);
}

sfi_status
sfi__board_exchange(struct sim_board *b, uint8_t number, const uint8_t *head,
                    size_t head_len, const uint8_t *data, size_t len)
{
    uint8_t raw[LENGTH_LEN + 1];
    struct wr w;
    sfi_status st;

    if (b->fd < 0)
        return sfi__fail(b->ctx, SFI_ERR_OS, "the board program has ended");
    sfi__wr_init(&w, raw, sizeof(raw));
    sfi__wr_u32le(&w, (uint32_t)(1 + head_len + len));
    sfi__wr_u8(&w, number);
    st = process_send(b, raw, sizeof(raw));
    if (st == SFI_OK)
        st = process_send(b, head, head_len);
    if (st == SFI_OK)
        st = process_send(b, data, len);
    return st == SFI_OK ? process_receive_answer(b, number) : st;
}
