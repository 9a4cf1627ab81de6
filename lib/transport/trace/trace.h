/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The text form of a trace: capture.c writes it, script.c reads it.
 *
 * A line is a call of a link's function, bytes out (`>`), bytes in (`<`),
 * returned numbers (`=`), or the status of a failure (`!`); `~` is the time
 * that passed, in milliseconds, and `#` a comment.  The bytes of a stream have
 * no line for the call.  doc/protocol.md describes the form. */
#ifndef SFI_TRANSPORT_TRACE_TRACE_H
#define SFI_TRANSPORT_TRACE_TRACE_H

#include "transport/base/transport.h"
#include "transport/base/uri.h"

#define TRACE_LINE_MAX 128u
#define TRACE_BYTES 32u /* of one line */

#define TRACE_KIND "kind %s"
#define TRACE_RTT "rtt %u" /* of a stream, behind its kind */
#define TRACE_RESET "reset %d"
#define TRACE_READ "read"
#define TRACE_SPEED "speed %u"
#define TRACE_SELECT "select %d"
#define TRACE_TRANSFER "transfer %zu"
#define TRACE_CONTROL "control %02x %02x %04x %04x %zu"
#define TRACE_REOPEN "reopen"
#define TRACE_READ32 "read %08x %zu"
#define TRACE_WRITE32 "write %08x %zu"

/* The kind's word in a trace, such as "stream". */
const char *sfi__trace_kind(enum transport_kind kind);

/* script:PATH */
sfi_status sfi__script_open(sfi_ctx *ctx, const struct uri *uri,
                            sfi_transport **out);

/* What a whole trace has. */
struct trace_summary {
    const char *kind; /* of the link */
    uint64_t calls, failures;
    uint64_t bytes_out, bytes_in; /* that the host sent, and received */
    uint64_t ms;                  /* that passed */
};

/* Read a whole trace; the place of a failure is its line. */
sfi_status sfi__trace_summarize(sfi_ctx *ctx, const uint8_t *text, size_t len,
                                struct trace_summary *out);

#endif
