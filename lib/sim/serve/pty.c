/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's USART on a pseudo terminal, in real time. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE /* cfmakeraw(), TIOCNXCL */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "sim/boot.h"
#include "sim/options.h"
#include "sim/serve/serve.h"

#define CHUNK 4096u

static void
pty_close_ends(struct pty *p)
{
    if (p->terminal >= 0)
        (void)sfi__fd_close(p->terminal);
    if (p->master >= 0)
        (void)close(p->master);
}

/* Bytes as they are: no echo, no line discipline. */
static bool
pty_make_raw(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t) != 0)
        return false;
    cfmakeraw(&t);
    return tcsetattr(fd, TCSANOW, &t) == 0;
}

static bool
pty_make_pair(struct pty *p)
{
    const char *name;
    int err;

    *p = (struct pty){.master = -1, .terminal = -1};
    p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (p->master < 0 || grantpt(p->master) != 0 || unlockpt(p->master) != 0)
        return false;
    name = ptsname(p->master);
    if (name == NULL || !sfi__text_copy(p->name, sizeof(p->name), name))
        return false;
    err = sfi__fd_open(p->name, SYS_READ_WRITE | SYS_TERMINAL, 0, &p->terminal);
    errno = err > 0 ? err : EACCES;
    return err == 0 && pty_make_raw(p->terminal) &&
           fcntl(p->master, F_SETFL, O_NONBLOCK) == 0;
}

static sfi_status
pty_open_ends(sfi_ctx *ctx, struct pty *p)
{
    int err;

    if (pty_make_pair(p))
        return SFI_OK;
    err = errno;
    pty_close_ends(p);
    if (err == ENOENT || err == ENOSYS || err == ENODEV)
        return sfi__fail_os(ctx, SFI_ERR_UNSUPPORTED, err,
                            "this system has no pseudo terminals");
    return sfi__fail_os(ctx, SFI_ERR_OS, err, "cannot make a pseudo terminal");
}

static sfi_status
pty_link_failed(sfi_ctx *ctx, const char *link_name, int err)
{
    (void)sfi__fail_os(ctx, sfi__os_status(err), err, "cannot make the link");
    return sfi__where(ctx, "%s", link_name);
}

/* The link appears in one step.  It may replace an old one, which a killed
 * simulator leaves behind. */
static sfi_status
pty_make_link(sfi_ctx *ctx, const struct pty *p, const char *link_name)
{
    char temp[PTY_LINK_MAX];
    struct stat st;
    int err;

    if (strlen(link_name) > sizeof(temp) - sizeof(".4294967295"))
        return sfi__fail(ctx, SFI_ERR_LIMIT,
                         "link name of %zu characters, expected at most %zu",
                         strlen(link_name),
                         sizeof(temp) - sizeof(".4294967295"));
    if (lstat(link_name, &st) == 0 && !S_ISLNK(st.st_mode)) {
        (void)sfi__fail(ctx, SFI_ERR_ACCESS,
                        "exists and is not a symbolic link");
        return sfi__where(ctx, "%s", link_name);
    }
    sfi__text_format(temp, sizeof(temp), "%s.%lu", link_name,
                     (unsigned long)getpid());
    (void)unlink(temp);
    if (symlink(p->name, temp) != 0)
        return pty_link_failed(ctx, link_name, errno);
    if (rename(temp, link_name) == 0)
        return SFI_OK;
    err = errno;
    (void)unlink(temp);
    return pty_link_failed(ctx, link_name, err);
}

/* Only our own link: another simulator may have taken the name. */
static void
pty_remove_link(const struct pty *p, const char *link_name)
{
    char target[sizeof(p->name)];
    ssize_t len = readlink(link_name, target, sizeof(target) - 1);

    if (len < 0)
        return;
    target[len] = '\0';
    if (strcmp(target, p->name) == 0)
        (void)unlink(link_name);
}

static bool
pty_error_passes(int err)
{
    return err == EAGAIN || err == EWOULDBLOCK || err == EINTR || err == EIO;
}

/* Send what the line holds, as far as that goes without waiting. */
static bool
pty_send_answers(struct sfi_sim *sim, const struct pty *p)
{
    ssize_t put;

    while (sfi__sim_line_ready(sim) > 0) {
        put = write(p->master, sim->line.data, sfi__sim_line_ready(sim));
        if (put < 0)
            return pty_error_passes(errno);
        sfi__sim_sent(sim, (size_t)put);
    }
    return true;
}

/* The speed that the client has set; a board's USART measures it. */
static uint32_t
pty_baud(const struct pty *p, uint32_t otherwise)
{
    static const struct {
        speed_t speed;
        uint32_t baud;
    } speeds[] = {
        {B1200, 1200},     {B2400, 2400},     {B4800, 4800},
        {B9600, 9600},     {B19200, 19200},   {B38400, 38400},
        {B57600, 57600},   {B115200, 115200}, {B230400, 230400},
        {B460800, 460800}, {B921600, 921600},
    };
    struct termios t;

    if (tcgetattr(p->terminal, &t) != 0)
        return otherwise;
    for (size_t i = 0; i < sizeof(speeds) / sizeof(*speeds); i++) {
        if (speeds[i].speed == cfgetospeed(&t))
            return speeds[i].baud;
    }
    return otherwise;
}

/* A pty has no reset line, so programmed option bytes reset the part at once,
 * between the byte that completes the request and the next.  The secure
 * bootloader resets the part itself. */
static bool
pty_receive_bytes(struct sfi_sim *sim, const struct pty *p)
{
    uint8_t in[CHUNK];
    ssize_t got = read(p->master, in, sizeof(in));

    if (got < 0)
        return pty_error_passes(errno);
    if (sim->emulated != NULL) {
        sim->baud = pty_baud(p, sim->baud);
        sfi__sim_receive(sim, in, (size_t)got);
        return true;
    }
    for (ssize_t i = 0; i < got; i++) {
        sfi__sim_receive(sim, in + i, 1);
        if (sim->mode == SIM_STANDARD && sfi__options_pending(sim))
            sfi__sim_reset(sim);
    }
    return true;
}

struct pollfd
sfi__serve_pty_wait(const struct sfi_sim *sim, const struct pty *p)
{
    short events = POLLIN;

    /* Send all answers before reading more. */
    if (sim->line.len > 0)
        events = sfi__sim_line_ready(sim) > 0 ? POLLOUT : 0;
    return (struct pollfd){.fd = p->master, .events = events};
}

sfi_status
sfi__pty_ready(struct sfi_sim *sim, struct pty *p, short events)
{
    sfi_ctx *ctx = sim->obj.ctx;

    if ((events & POLLIN) != 0 && !pty_receive_bytes(sim, p))
        return sfi__fail_os(ctx, SFI_ERR_OS, errno,
                            "cannot read the pseudo terminal");
    if (!pty_send_answers(sim, p))
        return sfi__fail_os(ctx, SFI_ERR_OS, errno,
                            "cannot write the pseudo terminal");
    return SFI_OK;
}

/* A killed client leaves its exclusive claim (TIOCEXCL) behind. */
void
sfi__serve_pty_idle(struct pty *p)
{
    (void)ioctl(p->terminal, TIOCNXCL);
}

sfi_status
sfi__pty_open(sfi_ctx *ctx, const char *link, struct pty *p)
{
    sfi_status st = pty_open_ends(ctx, p);

    if (st != SFI_OK)
        return st;
    st = pty_make_link(ctx, p, link);
    if (st != SFI_OK)
        pty_close_ends(p);
    else
        (void)sfi__text_copy(p->link, sizeof(p->link), link);
    return st;
}

void
sfi__pty_close(struct pty *p)
{
    pty_remove_link(p, p->link);
    pty_close_ends(p);
}
