/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bench's commands to a chip that another process runs: a Unix socket in
 * the chip's folder.  A line to the chip, a line back: "ok" or "error", and a
 * text. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/sys_socket.h"
#include "core/ctx.h"
#include "core/err.h"
#include "sim/serve/serve.h"

#define OK_WORD "ok"
#define ERROR_WORD "error"
/* A client sends its line at once; others wait meanwhile. */
#define CLIENT_MS 1000u
/* A simulator answers within a turn of its loop, of at most 50 ms. */
#define ANSWER_MS 10000
#define SOCKET_MODE 0600

/* ---- the path ---- */

static sfi_status
control_address(sfi_ctx *ctx, const char *dir, struct sockaddr_un *a)
{
    char path[STORE_PATH_MAX];
    sfi_status st = sfi__store_path(ctx, path, dir, STORE_CONTROL);

    if (st != SFI_OK)
        return st;
    *a = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (sfi__text_copy(a->sun_path, sizeof(a->sun_path), path))
        return SFI_OK;
    (void)sfi__fail(ctx, SFI_ERR_LIMIT,
                    "path of %zu characters, expected at most %zu for a "
                    "socket; use a shorter or a relative path",
                    strlen(path), sizeof(a->sun_path) - 1);
    return sfi__where(ctx, "%s", path);
}

static int
control_socket(void)
{
    return sfi__sys_socket(AF_UNIX, SOCK_STREAM, 0);
}

/* ---- the chip's side ---- */

static sfi_status
control_fail(sfi_ctx *ctx, const struct control_port *c, int err)
{
    (void)sfi__fail_os(ctx, sfi__os_status(err), err,
                       "cannot make the control socket");
    return sfi__where(ctx, "%s", c->path);
}

/* The chip's folder is locked, so a socket there is one that a killed simulator
 * left behind. */
static sfi_status
control_remove_old(sfi_ctx *ctx, const struct control_port *c)
{
    struct stat st;

    if (lstat(c->path, &st) != 0)
        return SFI_OK;
    if (!S_ISSOCK(st.st_mode)) {
        (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                        "exists and is not a socket, so it is not replaced");
        return sfi__where(ctx, "%s", c->path);
    }
    return unlink(c->path) == 0 ? SFI_OK : control_fail(ctx, c, errno);
}

/* Nobody can connect before it listens, and then only its owner. */
static bool
control_listen(struct control_port *c, const struct sockaddr_un *a)
{
    c->listener = control_socket();
    if (c->listener < 0 ||
        bind(c->listener, (const struct sockaddr *)a, sizeof(*a)) != 0)
        return false;
    c->is_bound = true;
    return chmod(c->path, SOCKET_MODE) == 0 &&
           fcntl(c->listener, F_SETFL, O_NONBLOCK) == 0 &&
           listen(c->listener, 8) == 0;
}

sfi_status
sfi__control_open(sfi_ctx *ctx, const char *dir, struct control_port *c)
{
    struct sockaddr_un a;
    sfi_status st;
    int err;

    *c = (struct control_port){.listener = -1, .client = -1};
    st = control_address(ctx, dir, &a);
    if (st != SFI_OK)
        return st;
    (void)sfi__text_copy(c->path, sizeof(c->path), a.sun_path);
    st = control_remove_old(ctx, c);
    if (st != SFI_OK)
        return st;
    if (control_listen(c, &a))
        return SFI_OK;
    err = errno;
    sfi__control_close(c);
    return control_fail(ctx, c, err);
}

static void
control_hang_up(struct control_port *c)
{
    if (c->client >= 0)
        (void)close(c->client);
    c->client = -1;
    c->len = 0;
}

void
sfi__control_close(struct control_port *c)
{
    control_hang_up(c);
    if (c->is_bound)
        (void)unlink(c->path);
    if (c->listener >= 0)
        (void)close(c->listener);
    c->listener = -1;
    c->is_bound = false;
}

struct pollfd
sfi__serve_control_wait(const struct control_port *c)
{
    return (struct pollfd){
        .fd = c->client >= 0 ? c->client : c->listener,
        .events = POLLIN,
    };
}

static void
control_accept(struct sfi_sim *sim, struct control_port *c)
{
    c->client = sfi__sys_accept(c->listener);
    if (c->client < 0)
        return;
    (void)sfi__sys_never_wait(c->client);
    c->since_ms = sim->obj.ctx->clock->now_ms(sim->obj.ctx->clock->user);
}

/* The answer fits into the socket's buffer. */
static void
control_answer(struct sfi_sim *sim, struct control_port *c)
{
    char text[COMMAND_ANSWER_MAX];
    char line[COMMAND_ANSWER_MAX + sizeof(ERROR_WORD "  \n")];
    sfi_ctx *ctx = sim->obj.ctx;

    text[0] = '\0';
    if (c->is_over != NULL && sfi__text_same(c->line, "end"))
        *c->is_over = true;
    if ((c->is_over != NULL && *c->is_over) ||
        sfi__sim_command(sim, c->line, text) == SFI_OK)
        sfi__text_format(line, sizeof(line), OK_WORD " %s\n", text);
    else
        sfi__text_format(line, sizeof(line), ERROR_WORD " %.400s\n",
                         sfi_error_message(sfi_ctx_error(ctx)));
    sfi__clear_error(ctx);
    (void)send(c->client, line, strlen(line), MSG_NOSIGNAL);
}

/* false: no whole line yet, and the client is still there. */
static bool
control_take_line(struct control_port *c)
{
    ssize_t got =
        recv(c->client, c->line + c->len, sizeof(c->line) - 1 - c->len, 0);
    char *end;

    if (got < 0)
        return errno != EAGAIN && errno != EINTR;
    c->len += (size_t)got;
    c->line[c->len] = '\0';
    end = strchr(c->line, '\n');
    if (end == NULL)
        return got == 0 || c->len == sizeof(c->line) - 1;
    *end = '\0';
    c->is_whole = true;
    return true;
}

/* Who ended the service sees the connection end when others may have the
 * chip. */
static void
control_keep(struct sfi_sim *sim, struct control_port *c)
{
    if (sim->leaver_fd >= 0) /* of a service before this one */
        (void)close(sim->leaver_fd);
    sim->leaver_fd = c->client;
    c->client = -1;
}

void
sfi__serve_control_ready(struct sfi_sim *sim, struct control_port *c,
                         short events)
{
    const struct clock *clock = sim->obj.ctx->clock;

    if (c->client < 0) {
        if (events != 0)
            control_accept(sim, c);
        return;
    }
    c->is_whole = false;
    if (events != 0 && control_take_line(c)) {
        if (c->is_whole)
            control_answer(sim, c);
        if (c->is_over != NULL && *c->is_over)
            control_keep(sim, c);
        control_hang_up(c);
    } else if (clock->now_ms(clock->user) - c->since_ms > CLIENT_MS) {
        control_hang_up(c);
    }
}

/* ---- the bench's side ---- */

static sfi_status
control_not_running(sfi_ctx *ctx, const struct sockaddr_un *a, int err)
{
    if (err == ENOENT || err == ECONNREFUSED)
        (void)sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                        "no simulator runs this chip, or it has no control "
                        "socket");
    else
        (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot connect");
    return sfi__where(ctx, "%s", a->sun_path);
}

static sfi_status
control_receive(sfi_ctx *ctx, int fd, char *line, size_t cap)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    size_t len = 0;

    for (;;) {
        ssize_t got = 0;

        if (poll(&pfd, 1, ANSWER_MS) == 1)
            got = recv(fd, line + len, cap - 1 - len, 0);
        if (got <= 0)
            return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                             "the simulator does not answer");
        len += (size_t)got;
        line[len] = '\0';
        if (line[len - 1] == '\n')
            break;
        if (len == cap - 1)
            return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                             "the simulator's answer is too long");
    }
    line[len - 1] = '\0';
    return SFI_OK;
}

static sfi_status
control_exchange(sfi_ctx *ctx, int fd, const char *command, char *line,
                 size_t cap)
{
    char request[COMMAND_LINE_MAX + 1];

    sfi__text_format(request, sizeof(request), "%s\n", command);
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) !=
        (ssize_t)strlen(request))
        return sfi__fail_os(ctx, SFI_ERR_OS, errno, "cannot send");
    return control_receive(ctx, fd, line, cap);
}

/* "ok TEXT" or "error TEXT". */
static sfi_status
control_judge(sfi_ctx *ctx, const char *line, char *answer, size_t *len)
{
    size_t need;

    if (strncmp(line, ERROR_WORD " ", sizeof(ERROR_WORD)) == 0)
        return sfi__fail(ctx, SFI_ERR_STATE, "%s", line + sizeof(ERROR_WORD));
    if (strncmp(line, OK_WORD " ", sizeof(OK_WORD)) != 0)
        return sfi__fail(ctx, SFI_ERR_PROTOCOL,
                         "the peer is not a simulator of libsfi");
    line += sizeof(OK_WORD);
    need = strlen(line) + 1;
    if (*len >= need)
        memcpy(answer, line, need);
    else if (*len > 0)
        return sfi__fail(ctx, SFI_ERR_BUFFER,
                         "the answer is %zu bytes, the buffer %zu", need, *len);
    *len = need;
    return SFI_OK;
}

sfi_status
sfi_sim_control(sfi_ctx *ctx, const char *state_dir, const char *command,
                char *answer, size_t *len)
{
    char line[COMMAND_ANSWER_MAX + 16];
    struct sockaddr_un a;
    sfi_status st;
    int fd;

    SFI_ENTER(ctx, CTX);
    SFI_ARG(ctx, state_dir != NULL);
    SFI_ARG(ctx, command != NULL);
    SFI_ARG(ctx, len != NULL);
    SFI_ARG(ctx, answer != NULL || *len == 0);
    SFI_ARG(ctx, strchr(command, '\n') == NULL);
    SFI_ARG(ctx, strlen(command) < COMMAND_LINE_MAX);
    st = control_address(ctx, state_dir, &a);
    if (st != SFI_OK)
        return st;
    fd = control_socket();
    if (fd < 0)
        return sfi__fail_os(ctx, SFI_ERR_OS, errno, "cannot make a socket");
    if (connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
        st = control_not_running(ctx, &a, errno);
    } else {
        st = control_exchange(ctx, fd, command, line, sizeof(line));
        if (st == SFI_OK)
            st = control_judge(ctx, line, answer, len);
        if (st == SFI_OK) /* it hangs up when it is done */
            (void)poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1,
                       ANSWER_MS);
        if (st != SFI_OK)
            (void)sfi__where(ctx, "%s", state_dir);
    }
    (void)close(fd);
    return st;
}
