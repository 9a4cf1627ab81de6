/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* serial:PATH: a serial port of a POSIX system. */
/* cfmakeraw(), CRTSCTS, high speeds and flock() are not in POSIX. */
#define _DEFAULT_SOURCE
#include "transport/ports/serial_system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/ports/adapter.h"

/* As in sfi__line_bauds[]. */
static const speed_t speeds[LINE_BAUDS] = {
    B1200,  B2400,   B4800,   B9600,   B19200,  B38400,
    B57600, B115200, B230400, B460800, B921600,
};

struct posix_serial {
    struct serial base;
    int fd;
    bool claimed;
    bool hurried; /* the adapter, for as long as the port is used */
};

static struct posix_serial *
serial_of(struct serial *s)
{
    return (struct posix_serial *)s;
}

static void
serial_begin(struct serial *s)
{
    serial_of(s)->fd = -1;
}

static sfi_status
serial_report_error(struct posix_serial *s, int err, const char *doing)
{
    switch (err) {
    case EIO:
    case ENXIO:
    case ENODEV:
    case EBADF:
        return sfi__fail_os(s->base.ctx, SFI_ERR_NO_DEVICE, err,
                            "the port disappeared during %s", doing);
    default:
        return sfi__fail_os(s->base.ctx, SFI_ERR_IO, err, "%s failed", doing);
    }
}

/* Wait until the port can be read (or written). */
static sfi_status
serial_wait_ready(struct posix_serial *s, short events,
                  const struct deadline *dl, const char *doing)
{
    for (;;) {
        struct pollfd p = {.fd = s->fd, .events = events};
        uint32_t left = sfi__deadline_left(dl);
        int n = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);

        if (n > 0 && (p.revents & events) != 0)
            return SFI_OK;
        if (n > 0)
            return serial_report_error(s, EIO, doing);
        if (n < 0 && errno != EINTR)
            return serial_report_error(s, errno, doing);
        if (n == 0 || sfi__deadline_passed(dl))
            return sfi__fail(s->base.ctx, SFI_ERR_TIMEOUT, "%s timed out",
                             doing);
    }
}

static sfi_status
serial_read(void *user, uint8_t *buf, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct posix_serial *s = user;
    struct deadline dl = sfi__deadline_in(s->base.ctx->clock, timeout_ms);

    for (;;) {
        sfi_status st = serial_wait_ready(s, POLLIN, &dl, "read");
        ssize_t n;

        if (st != SFI_OK)
            return st;
        n = read(s->fd, buf, len);
        if (n > 0) {
            *got = (size_t)n;
            return SFI_OK;
        }
        if (n == 0)
            return serial_report_error(s, EIO, "read");
        if (errno != EAGAIN && errno != EINTR)
            return serial_report_error(s, errno, "read");
    }
}

static sfi_status
serial_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct posix_serial *s = user;
    struct deadline dl = sfi__deadline_in(s->base.ctx->clock, timeout_ms);

    while (len > 0) {
        sfi_status st = serial_wait_ready(s, POLLOUT, &dl, "write");
        ssize_t n;

        if (st != SFI_OK)
            return st;
        n = write(s->fd, buf, len);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return serial_report_error(s, errno, "write");
        if (n > 0) {
            buf += n;
            len -= (size_t)n;
        }
    }
    return SFI_OK;
}

static sfi_status
serial_flush(void *user)
{
    struct posix_serial *s = user;

    if (tcflush(s->fd, TCIFLUSH) != 0)
        return serial_report_error(s, errno, "flush");
    return SFI_OK;
}

static sfi_status
serial_set_line(void *user, enum line_wire wire, bool set)
{
    const int bit = wire == LINE_DTR ? TIOCM_DTR : TIOCM_RTS;
    struct posix_serial *s = user;

    if (ioctl(s->fd, set ? TIOCMBIS : TIOCMBIC, &bit) == 0)
        return SFI_OK;
    if (errno == ENOTTY || errno == EINVAL)
        return sfi__fail_os(s->base.ctx, SFI_ERR_UNSUPPORTED, errno,
                            "this port has no DTR and RTS");
    return serial_report_error(s, errno, "setting DTR or RTS");
}

/* TIOCEXCL belongs to the port, not to this file descriptor: it would stay in
 * effect while another process has the port open, such as the other side of a
 * pseudo-terminal. */
static void
serial_close(void *user)
{
    struct posix_serial *s = user;

    if (s->hurried)
        sfi__adapter_relax(s->fd);
    if (s->claimed)
        (void)ioctl(s->fd, TIOCNXCL);
    if (s->fd >= 0)
        (void)sfi__fd_close(s->fd);
    sfi__ctx_dealloc(s->base.ctx, s);
}

static sfi_status
serial_report_open_error(sfi_ctx *ctx, int err)
{
    switch (err) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ENOTDIR:
        return sfi__fail_os(ctx, SFI_ERR_NO_DEVICE, err,
                            "there is no such port");
    case EBUSY:
    case EWOULDBLOCK:
        return sfi__fail_os(ctx, SFI_ERR_ACCESS, err,
                            "the port is in use by another program");
    case EACCES:
    case EPERM:
        return sfi__fail_os(ctx, SFI_ERR_ACCESS, err,
                            "no permission to open the port; add the user to "
                            "its group");
    case FD_LOCKED:
        return sfi__fail_os(ctx, SFI_ERR_ACCESS, err,
                            "this is not a serial port");
    default:
        return sfi__fail_os(ctx, SFI_ERR_IO, err, "cannot open the port");
    }
}

/* TIOCEXCL keeps other users out, flock() also root. */
static sfi_status
serial_claim_port(struct serial *base, const char *path)
{
    struct posix_serial *s = serial_of(base);
    int err = sfi__fd_open(path, SYS_READ_WRITE | SYS_TERMINAL | SYS_NO_WAIT, 0,
                           &s->fd);

    if (err != 0)
        return serial_report_open_error(s->base.ctx, err);
    if (!isatty(s->fd))
        return sfi__fail(s->base.ctx, SFI_ERR_NO_DEVICE,
                         "this is not a serial port");
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0 || ioctl(s->fd, TIOCEXCL) != 0)
        return serial_report_open_error(s->base.ctx, errno);
    s->claimed = true;
    return SFI_OK;
}

static bool
serial_settings_equal(const struct termios *a, const struct termios *b)
{
    const tcflag_t cflag = CSIZE | CSTOPB | CREAD;
    const tcflag_t lflag = ICANON | ECHO | ISIG;

    return cfgetispeed(a) == cfgetispeed(b) &&
           cfgetospeed(a) == cfgetospeed(b) &&
           (a->c_cflag & cflag) == (b->c_cflag & cflag) &&
           (a->c_lflag & lflag) == (b->c_lflag & lflag);
}

/* AN3155, 2: 8 data bits, even parity, 1 stop bit.  A byte with wrong parity is
 * dropped, and the request is sent again.  A pseudo-terminal has no parity, and
 * tcsetattr() returns EINVAL or success then: read back what was set. */
static sfi_status
serial_set_mode(struct serial *base, size_t speed, bool *parity)
{
    const int fd = serial_of(base)->fd;
    struct termios want;
    struct termios is;
    int err = 0;

    if (tcgetattr(fd, &want) != 0)
        return sfi__fail_os(base->ctx, SFI_ERR_IO, errno,
                            "cannot read the settings of the port");
    cfmakeraw(&want);
    want.c_cflag &= (tcflag_t) ~(CSIZE | CSTOPB | PARODD | CRTSCTS | HUPCL);
    want.c_cflag |= CS8 | PARENB | CLOCAL | CREAD;
    want.c_iflag |= INPCK | IGNPAR;
    want.c_cc[VMIN] = 1;
    want.c_cc[VTIME] = 0;
    if (cfsetispeed(&want, speeds[speed]) != 0 ||
        cfsetospeed(&want, speeds[speed]) != 0)
        return sfi__fail_os(base->ctx, SFI_ERR_IO, errno,
                            "cannot set the speed");
    if (tcsetattr(fd, TCSANOW, &want) != 0)
        err = errno;
    if (tcgetattr(fd, &is) != 0 || !serial_settings_equal(&want, &is))
        return sfi__fail_os(base->ctx, SFI_ERR_IO, err != 0 ? err : errno,
                            "the port does not support 8 bits at this speed");
    *parity = (is.c_cflag & PARENB) != 0;
    return SFI_OK;
}

/* Some drivers take the setting, and have no parity. */
static void
serial_settle(struct serial *base, const char *name)
{
    struct posix_serial *s = serial_of(base);

    if (sfi__adapter_lacks_parity_here(s->fd))
        sfi__log(base->ctx, SFI_LOG_WARNING,
                 "serial:%s: the driver of this adapter (ch341) does no parity "
                 "before Linux 4.10; a real chip needs even parity (8E1)",
                 name);
    sfi__adapter_hurry(s->fd, &s->hurried);
}

static const sfi_stream_ops serial_ops = {
    .struct_size = sizeof(serial_ops),
    .read = serial_read,
    .write = serial_write,
    .flush = serial_flush,
    .reset = sfi__serial_reset,
    .close = serial_close,
    .set_speed = sfi__serial_set_speed,
};

const struct serial_system sfi__serial_system = {
    .size = sizeof(struct posix_serial),
    .begin = serial_begin,
    .claim = serial_claim_port,
    .set_line = serial_set_line,
    .set_mode = serial_set_mode,
    .settle = serial_settle,
    .ops = &serial_ops,
};
