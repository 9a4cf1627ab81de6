/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* serial:COM3: a serial port of Windows. */
#include "transport/ports/serial_system.h"

#include <errno.h>
#include <windows.h>

#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/ports/win32.h"

/* A read that returns at once would never see a byte that is on its way. */
#define WAIT_MS_LEAST 1u
/* MAXDWORD has a meaning of its own (COMMTIMEOUTS). */
#define WAIT_MS_MOST (MAXDWORD - 1u)
/* A byte came in wrong, or was lost. */
#define BAD_INPUT (CE_RXPARITY | CE_FRAME | CE_OVERRUN | CE_RXOVER)

struct win32_serial {
    struct serial base;
    HANDLE port;
    bool is_set[2]; /* DTR and RTS */
};

static struct win32_serial *
serial_of(struct serial *s)
{
    return (struct win32_serial *)s;
}

/* The lines are set, as other systems open a port. */
static void
serial_begin(struct serial *base)
{
    struct win32_serial *s = serial_of(base);

    s->port = INVALID_HANDLE_VALUE;
    s->is_set[0] = s->is_set[1] = true;
}

/* To an open port, access is only denied when its adapter has gone. */
static sfi_status
serial_report_error(struct win32_serial *s, DWORD error, const char *doing)
{
    int err = sfi__win32_port_errno(error);

    if (err == EACCES)
        err = ENODEV;
    if (err == ENODEV)
        return sfi__fail_os(s->base.ctx, SFI_ERR_NO_DEVICE, err,
                            "the port disappeared during %s", doing);
    return sfi__fail_os(s->base.ctx, SFI_ERR_IO, err,
                        "%s failed (Windows error %lu)", doing, error);
}

/* ---- bytes ---- */

/* A read returns when its bytes are there, or after this time; 0 in a member:
 * this limit is not used. */
static sfi_status
serial_limit(struct win32_serial *s, uint32_t read_ms, uint32_t write_ms,
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
serial_take(struct win32_serial *s, uint8_t *buf, size_t len, size_t *got)
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
serial_take_queue(struct win32_serial *s, uint8_t *buf, size_t len, size_t *got)
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
    struct win32_serial *s = user;
    struct deadline dl = sfi__deadline_in(s->base.ctx->clock, timeout_ms);

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
            return sfi__fail(s->base.ctx, SFI_ERR_TIMEOUT, "read timed out");
    }
}

static sfi_status
serial_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct win32_serial *s = user;
    struct deadline dl = sfi__deadline_in(s->base.ctx->clock, timeout_ms);

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
            return sfi__fail(s->base.ctx, SFI_ERR_TIMEOUT, "write timed out");
    }
    return SFI_OK;
}

static sfi_status
serial_flush(void *user)
{
    struct win32_serial *s = user;
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
    struct win32_serial *s = user;

    s->is_set[wire == LINE_RTS] = set;
    return SFI_OK;
}

static sfi_status
serial_set_line(void *user, enum line_wire wire, bool set)
{
    static const DWORD doing[2][2] = {{CLRDTR, SETDTR}, {CLRRTS, SETRTS}};
    struct win32_serial *s = user;
    DWORD error;

    (void)serial_note_line(s, wire, set);
    if (EscapeCommFunction(s->port, doing[wire == LINE_RTS][set]))
        return SFI_OK;
    error = GetLastError();
    if (sfi__win32_port_errno(error) == EINVAL)
        return sfi__fail_os(s->base.ctx, SFI_ERR_UNSUPPORTED, EINVAL,
                            "this port has no DTR and RTS");
    return serial_report_error(s, error, "setting DTR or RTS");
}

static void
serial_close(void *user)
{
    struct win32_serial *s = user;

    if (s->port != INVALID_HANDLE_VALUE)
        (void)CloseHandle(s->port);
    sfi__ctx_dealloc(s->base.ctx, s);
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
serial_claim_port(struct serial *base, const char *name)
{
    struct win32_serial *s = serial_of(base);
    wchar_t path[WIN32_PORT_MAX];

    if (!sfi__win32_port_path(name, path))
        return serial_report_open_error(s->base.ctx, ERROR_FILE_NOT_FOUND);
    s->port = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                          OPEN_EXISTING, 0, NULL);
    if (s->port == INVALID_HANDLE_VALUE)
        return serial_report_open_error(s->base.ctx, GetLastError());
    return SFI_OK;
}

/* AN3155, 2: 8 data bits, even parity, 1 stop bit; without any flow control.
 * DTR and RTS keep the level that they have. */
static bool
serial_set_state(struct win32_serial *s, DCB dcb, DWORD baud, bool parity)
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
serial_set_mode(struct serial *base, size_t speed, bool *parity)
{
    struct win32_serial *s = serial_of(base);
    DWORD baud = sfi__line_bauds[speed];
    DCB dcb = {.DCBlength = sizeof(dcb)};

    if (!GetCommState(s->port, &dcb))
        return sfi__fail(s->base.ctx, SFI_ERR_NO_DEVICE,
                         "this is not a serial port");
    *parity = serial_set_state(s, dcb, baud, true);
    if (*parity || serial_set_state(s, dcb, baud, false))
        return SFI_OK;
    return sfi__fail_os(s->base.ctx, SFI_ERR_IO,
                        sfi__win32_port_errno(GetLastError()),
                        "the port does not support 8 bits at this speed");
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
    .size = sizeof(struct win32_serial),
    .begin = serial_begin,
    .claim = serial_claim_port,
    .note_line = serial_note_line,
    .set_line = serial_set_line,
    .set_mode = serial_set_mode,
    .ops = &serial_ops,
};
