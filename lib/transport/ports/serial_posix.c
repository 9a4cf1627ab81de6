/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* serial:PATH: a serial port of a POSIX system. */
/* cfmakeraw(), CRTSCTS, high speeds and flock() are not in POSIX. */
#define _DEFAULT_SOURCE
#include "transport/ports/serial.h"

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
#include "transport/base/transport.h"
#include "transport/ports/adapter.h"
#include "transport/ports/line.h"

/* As in sfi__line_bauds[]. */
static const speed_t speeds[LINE_BAUDS] = {
    B1200,  B2400,   B4800,   B9600,   B19200,  B38400,
    B57600, B115200, B230400, B460800, B921600,
};

struct serial {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    int fd;
    bool claimed;
    bool hurried; /* the adapter, for as long as the port is used */
    struct line_options line;
};

static sfi_status
serial_report_error(struct serial *s, int err, const char *doing)
{
    switch (err) {
    case EIO:
    case ENXIO:
    case ENODEV:
    case EBADF:
        return sfi__fail_os(s->ctx, SFI_ERR_NO_DEVICE, err,
                            "the port disappeared during %s", doing);
    default:
        return sfi__fail_os(s->ctx, SFI_ERR_IO, err, "%s failed", doing);
    }
}

/* Wait until the port can be read (or written). */
static sfi_status
serial_wait_ready(struct serial *s, short events, const struct deadline *dl,
                  const char *doing)
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
            return sfi__fail(s->ctx, SFI_ERR_TIMEOUT, "%s timed out", doing);
    }
}

static sfi_status
serial_read(void *user, uint8_t *buf, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct serial *s = user;
    struct deadline dl = sfi__deadline_in(s->ctx->clock, timeout_ms);

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
    struct serial *s = user;
    struct deadline dl = sfi__deadline_in(s->ctx->clock, timeout_ms);

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
    struct serial *s = user;

    if (tcflush(s->fd, TCIFLUSH) != 0)
        return serial_report_error(s, errno, "flush");
    return SFI_OK;
}

static sfi_status
serial_set_line(void *user, enum line_wire wire, bool set)
{
    const int bit = wire == LINE_DTR ? TIOCM_DTR : TIOCM_RTS;
    struct serial *s = user;

    if (ioctl(s->fd, set ? TIOCMBIS : TIOCMBIC, &bit) == 0)
        return SFI_OK;
    if (errno == ENOTTY || errno == EINVAL)
        return sfi__fail_os(s->ctx, SFI_ERR_UNSUPPORTED, errno,
                            "this port has no DTR and RTS");
    return serial_report_error(s, errno, "setting DTR or RTS");
}

static sfi_status
serial_reset(void *user, int into_boot)
{
    struct serial *s = user;

    return sfi__line_reset(s->ctx, &s->line, serial_set_line, s, into_boot);
}

/* TIOCEXCL belongs to the port, not to this file descriptor: it would stay in
 * effect while another process has the port open, such as the other side of a
 * pseudo-terminal. */
static void
serial_close(void *user)
{
    struct serial *s = user;

    if (s->hurried)
        sfi__adapter_relax(s->fd);
    if (s->claimed)
        (void)ioctl(s->fd, TIOCNXCL);
    if (s->fd >= 0)
        (void)sfi__fd_close(s->fd);
    sfi__ctx_dealloc(s->ctx, s);
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
serial_claim_port(struct serial *s, const char *path)
{
    int err = sfi__fd_open(path, SYS_READ_WRITE | SYS_TERMINAL | SYS_NO_WAIT, 0,
                           &s->fd);

    if (err != 0)
        return serial_report_open_error(s->ctx, err);
    if (!isatty(s->fd))
        return sfi__fail(s->ctx, SFI_ERR_NO_DEVICE,
                         "this is not a serial port");
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0 || ioctl(s->fd, TIOCEXCL) != 0)
        return serial_report_open_error(s->ctx, errno);
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
serial_set_line_mode(struct serial *s, speed_t speed, bool *parity)
{
    struct termios want;
    struct termios is;
    int err = 0;

    if (tcgetattr(s->fd, &want) != 0)
        return sfi__fail_os(s->ctx, SFI_ERR_IO, errno,
                            "cannot read the settings of the port");
    cfmakeraw(&want);
    want.c_cflag &= (tcflag_t) ~(CSIZE | CSTOPB | PARODD | CRTSCTS | HUPCL);
    want.c_cflag |= CS8 | PARENB | CLOCAL | CREAD;
    want.c_iflag |= INPCK | IGNPAR;
    want.c_cc[VMIN] = 1;
    want.c_cc[VTIME] = 0;
    if (cfsetispeed(&want, speed) != 0 || cfsetospeed(&want, speed) != 0)
        return sfi__fail_os(s->ctx, SFI_ERR_IO, errno, "cannot set the speed");
    if (tcsetattr(s->fd, TCSANOW, &want) != 0)
        err = errno;
    if (tcgetattr(s->fd, &is) != 0 || !serial_settings_equal(&want, &is))
        return sfi__fail_os(s->ctx, SFI_ERR_IO, err != 0 ? err : errno,
                            "the port does not support 8 bits at this speed");
    *parity = (is.c_cflag & PARENB) != 0;
    return SFI_OK;
}

static sfi_status
serial_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct serial *s = user;
    size_t i = sfi__line_choose(&s->line, choice, baud, slower);
    bool parity;

    return serial_set_line_mode(s, speeds[i], &parity);
}

static const sfi_stream_ops serial_ops = {
    .struct_size = sizeof(serial_ops),
    .read = serial_read,
    .write = serial_write,
    .flush = serial_flush,
    .reset = serial_reset,
    .close = serial_close,
    .set_speed = serial_set_speed,
};

/* Skip the speeds that the adapter does not support. */
static sfi_status
serial_find_speed(struct serial *s, const char *path)
{
    size_t *i = &s->line.fastest;
    bool parity = false;
    sfi_status st;

    for (;; --*i) {
        st = serial_set_line_mode(s, speeds[*i], &parity);
        if (st == SFI_OK || *i == s->line.slowest)
            break;
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the port does not support %u baud; trying %u",
                 path, sfi__line_bauds[*i], sfi__line_bauds[*i - 1]);
    }
    if (st == SFI_OK && sfi__adapter_lacks_parity_here(s->fd))
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the driver of this adapter (ch341) does no parity "
                 "before Linux 4.10; a real chip needs even parity (8E1)",
                 path);
    if (st == SFI_OK && !parity)
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the port does not support parity; a real chip "
                 "needs even parity (8E1)",
                 path);
    return st;
}

static sfi_status
serial_open_port(struct serial *s, const struct uri *uri)
{
    static const char *const keys[] = {LINE_KEYS, NULL};
    sfi_status st = sfi__uri_allow(s->ctx, uri, keys);

    if (st == SFI_OK)
        st = sfi__line_parse(s->ctx, uri, &s->line);
    if (st != SFI_OK)
        return st;
    st = serial_claim_port(s, uri->path);
    if (st != SFI_OK)
        return st;
    st = serial_find_speed(s, uri->path);
    if (st != SFI_OK)
        return st;
    sfi__adapter_hurry(s->fd, &s->hurried);
    st = sfi__line_open(&s->line, serial_set_line, s);
    return st == SFI_OK ? serial_flush(s) : st;
}

sfi_status
sfi__serial_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    struct serial *s = sfi__ctx_alloc(ctx, sizeof(*s));
    char name[TRANSPORT_NAME_MAX];
    sfi_status st;

    if (s == NULL)
        return SFI_ERR_NOMEM;
    s->ctx = ctx;
    s->fd = -1;
    sfi__text_format(name, sizeof(name), "serial:%s", uri->path);
    st = serial_open_port(s, uri);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_STREAM, &serial_ops, s, name,
                                out);
    if (st == SFI_OK) {
        (*out)->baud = sfi__line_bauds[s->line.fastest];
        return SFI_OK;
    }
    serial_close(s);
    return st;
}
