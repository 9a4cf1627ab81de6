/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* serial:COM3: a serial port of Windows. */
#include "transport/ports/serial.h"

#include <errno.h>
#include <windows.h>

#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"
#include "transport/ports/line.h"
#include "transport/ports/win32.h"

/* A read that returns at once would never see a byte that is on its way. */
#define WAIT_MS_LEAST 1u
/* MAXDWORD has a meaning of its own (COMMTIMEOUTS). */
#define WAIT_MS_MOST (MAXDWORD - 1u)
/* A byte came in wrong, or was lost. */
#define BAD_INPUT (CE_RXPARITY | CE_FRAME | CE_OVERRUN | CE_RXOVER)

struct serial {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    HANDLE port;
    struct line_options line;
    bool is_set[2]; /* DTR and RTS */
};

/* To an open port, access is only denied when its adapter has gone. */
static sfi_status
serial_report_error(struct serial *s, DWORD error, const char *doing)
{
    int err = sfi__win32_port_errno(error);

    if (err == EACCES)
        err = ENODEV;
    if (err == ENODEV)
        return sfi__fail_os(s->ctx, SFI_ERR_NO_DEVICE, err,
                            "the port disappeared during %s", doing);
    return sfi__fail_os(s->ctx, SFI_ERR_IO, err,
                        "%s failed (Windows error %lu)", doing, error);
}

/* ---- bytes ---- */

/* A read returns when its bytes are there, or after this time; 0 in a member:
 * this limit is not used. */
static sfi_status
serial_limit(struct serial *s, uint32_t read_ms, uint32_t write_ms,
             const char *doing)
{
    COMMTIMEOUTS limits = {
        .ReadTotalTimeoutConstant = read_ms,
        .WriteTotalTimeoutConstant = write_ms,
    };

    if (SetCommTimeouts(s->port, &limits))
        return SFI_OK;
    return serial_report_error(s, GetLastError(), doing);
}

static uint32_t
serial_wait_ms(const struct deadline *dl)
{
    uint32_t left = sfi__deadline_left(dl);

    if (left < WAIT_MS_LEAST)
        return WAIT_MS_LEAST;
    return left > WAIT_MS_MOST ? WAIT_MS_MOST : left;
}

static sfi_status
serial_take(struct serial *s, uint8_t *buf, size_t len, size_t *got)
{
    DWORD n = 0;

    if (!ReadFile(s->port, buf, (DWORD)len, &n, NULL))
        return serial_report_error(s, GetLastError(), "read");
    *got = n;
    return SFI_OK;
}

/* The bytes that have come since; those of a line with errors are dropped, as
 * the reply is then asked for again: Windows does not tell which of them is the
 * wrong one.  The call also fails for a port that was unplugged, where a read
 * may return nothing and no error. */
static sfi_status
serial_take_queue(struct serial *s, uint8_t *buf, size_t len, size_t *got)
{
    COMSTAT queue;
    DWORD errors = 0;
    size_t more = 0;
    sfi_status st;

    if (!ClearCommError(s->port, &errors, &queue))
        return serial_report_error(s, GetLastError(), "read");
    if ((errors & BAD_INPUT) != 0) {
        *got = 0;
        return PurgeComm(s->port, PURGE_RXCLEAR)
                   ? SFI_OK
                   : serial_report_error(s, GetLastError(), "read");
    }
    len -= *got;
    if (*got == 0 || len == 0 || queue.cbInQue == 0)
        return SFI_OK;
    st = serial_take(s, buf + *got, queue.cbInQue < len ? queue.cbInQue : len,
                     &more);
    *got += more;
    return st;
}

static sfi_status
serial_read(void *user, uint8_t *buf, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct serial *s = user;
    struct deadline dl = sfi__deadline_in(s->ctx->clock, timeout_ms);

    for (;;) {
        size_t n = 0;
        sfi_status st = serial_limit(s, serial_wait_ms(&dl), 0, "read");

        if (st == SFI_OK)
            st = serial_take(s, buf, 1, &n);
        if (st == SFI_OK)
            st = serial_take_queue(s, buf, len, &n);
        if (st != SFI_OK)
            return st;
        *got = n;
        if (n > 0)
            return SFI_OK;
        if (sfi__deadline_passed(&dl))
            return sfi__fail(s->ctx, SFI_ERR_TIMEOUT, "read timed out");
    }
}

static sfi_status
serial_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct serial *s = user;
    struct deadline dl = sfi__deadline_in(s->ctx->clock, timeout_ms);

    while (len > 0) {
        DWORD n = 0;
        sfi_status st = serial_limit(s, 0, serial_wait_ms(&dl), "write");

        if (st != SFI_OK)
            return st;
        if (!WriteFile(s->port, buf, (DWORD)len, &n, NULL))
            return serial_report_error(s, GetLastError(), "write");
        buf += n;
        len -= n;
        if (len > 0 && sfi__deadline_passed(&dl))
            return sfi__fail(s->ctx, SFI_ERR_TIMEOUT, "write timed out");
    }
    return SFI_OK;
}

static sfi_status
serial_flush(void *user)
{
    struct serial *s = user;
    DWORD errors;

    if (PurgeComm(s->port, PURGE_RXCLEAR) &&
        ClearCommError(s->port, &errors, NULL))
        return SFI_OK;
    return serial_report_error(s, GetLastError(), "flush");
}

/* ---- DTR and RTS ---- */

static sfi_status
serial_note_line(void *user, enum line_wire wire, bool set)
{
    struct serial *s = user;

    s->is_set[wire == LINE_RTS] = set;
    return SFI_OK;
}

static sfi_status
serial_set_line(void *user, enum line_wire wire, bool set)
{
    static const DWORD doing[2][2] = {{CLRDTR, SETDTR}, {CLRRTS, SETRTS}};
    struct serial *s = user;
    DWORD error;

    (void)serial_note_line(s, wire, set);
    if (EscapeCommFunction(s->port, doing[wire == LINE_RTS][set]))
        return SFI_OK;
    error = GetLastError();
    if (sfi__win32_port_errno(error) == EINVAL)
        return sfi__fail_os(s->ctx, SFI_ERR_UNSUPPORTED, EINVAL,
                            "this port has no DTR and RTS");
    return serial_report_error(s, error, "setting DTR or RTS");
}

static sfi_status
serial_reset(void *user, int into_boot)
{
    struct serial *s = user;

    return sfi__line_reset(s->ctx, &s->line, serial_set_line, s, into_boot);
}

static void
serial_close(void *user)
{
    struct serial *s = user;

    if (s->port != INVALID_HANDLE_VALUE)
        (void)CloseHandle(s->port);
    sfi__ctx_dealloc(s->ctx, s);
}

/* ---- opening ---- */

static sfi_status
serial_report_open_error(sfi_ctx *ctx, DWORD error)
{
    int err = sfi__win32_port_errno(error);

    if (err == ENODEV || err == ENOENT)
        return sfi__fail_os(ctx, SFI_ERR_NO_DEVICE, err,
                            "there is no such port");
    if (err == EACCES)
        return sfi__fail_os(ctx, SFI_ERR_ACCESS, err,
                            "the port is in use by another program");
    return sfi__fail_os(ctx, SFI_ERR_IO, err,
                        "cannot open the port (Windows error %lu)", error);
}

/* Windows opens a port for one program at a time. */
static sfi_status
serial_claim_port(struct serial *s, const char *name)
{
    wchar_t path[WIN32_PORT_MAX];

    if (!sfi__win32_port_path(name, path))
        return serial_report_open_error(s->ctx, ERROR_FILE_NOT_FOUND);
    s->port = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                          OPEN_EXISTING, 0, NULL);
    if (s->port == INVALID_HANDLE_VALUE)
        return serial_report_open_error(s->ctx, GetLastError());
    return SFI_OK;
}

/* AN3155, 2: 8 data bits, even parity, 1 stop bit; without any flow control.
 * DTR and RTS keep the level that they have. */
static bool
serial_set_mode(struct serial *s, DCB dcb, DWORD baud, bool parity)
{
    dcb.BaudRate = baud;
    dcb.fBinary = TRUE;
    dcb.fParity = parity;
    dcb.Parity = parity ? EVENPARITY : NOPARITY;
    dcb.ByteSize = 8;
    dcb.StopBits = ONESTOPBIT;
    dcb.fOutxCtsFlow = FALSE;
    dcb.fOutxDsrFlow = FALSE;
    dcb.fDsrSensitivity = FALSE;
    dcb.fOutX = FALSE;
    dcb.fInX = FALSE;
    dcb.fErrorChar = FALSE;
    dcb.fNull = FALSE;
    dcb.fAbortOnError = FALSE;
    dcb.fDtrControl = s->is_set[0] ? DTR_CONTROL_ENABLE : DTR_CONTROL_DISABLE;
    dcb.fRtsControl = s->is_set[1] ? RTS_CONTROL_ENABLE : RTS_CONTROL_DISABLE;
    return SetCommState(s->port, &dcb);
}

/* Without parity where the port has none, such as a pseudo-terminal that Wine
 * has as a port. */
static sfi_status
serial_set_line_mode(struct serial *s, DWORD baud, bool *parity)
{
    DCB dcb = {.DCBlength = sizeof(dcb)};

    if (!GetCommState(s->port, &dcb))
        return sfi__fail(s->ctx, SFI_ERR_NO_DEVICE,
                         "this is not a serial port");
    *parity = serial_set_mode(s, dcb, baud, true);
    if (*parity || serial_set_mode(s, dcb, baud, false))
        return SFI_OK;
    return sfi__fail_os(s->ctx, SFI_ERR_IO,
                        sfi__win32_port_errno(GetLastError()),
                        "the port does not support 8 bits at this speed");
}

static sfi_status
serial_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    struct serial *s = user;
    bool parity;

    (void)sfi__line_choose(&s->line, choice, baud, slower);
    return serial_set_line_mode(s, *baud, &parity);
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
serial_find_speed(struct serial *s, const char *name)
{
    size_t *i = &s->line.fastest;
    bool parity = false;
    sfi_status st;

    for (;; --*i) {
        st = serial_set_line_mode(s, sfi__line_bauds[*i], &parity);
        if (st != SFI_ERR_IO || *i == s->line.slowest)
            break;
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the port does not support %u baud; trying %u",
                 name, sfi__line_bauds[*i], sfi__line_bauds[*i - 1]);
    }
    if (st == SFI_OK && !parity)
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the port does not support parity; a real chip "
                 "needs even parity (8E1)",
                 name);
    return st;
}

/* The lines have their levels from the first setting of the port on; they are
 * set once more to see whether the port has them. */
static sfi_status
serial_open_port(struct serial *s, const struct uri *uri)
{
    static const char *const keys[] = {LINE_KEYS, NULL};
    sfi_status st = sfi__uri_allow(s->ctx, uri, keys);

    if (st == SFI_OK)
        st = sfi__line_parse(s->ctx, uri, &s->line);
    if (st == SFI_OK)
        st = serial_claim_port(s, uri->path);
    if (st == SFI_OK)
        st = sfi__line_open(&s->line, serial_note_line, s);
    if (st == SFI_OK)
        st = serial_find_speed(s, uri->path);
    if (st == SFI_OK)
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
    s->port = INVALID_HANDLE_VALUE;
    s->is_set[0] = s->is_set[1] = true; /* as other systems open a port */
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
