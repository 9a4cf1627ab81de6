/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The options of a serial line in a link's name, wherever the port is: here or
 * at a server.  Speeds, and DTR and RTS that are wired to NRST and BOOT0. */
#ifndef SFI_TRANSPORT_PORTS_LINE_H
#define SFI_TRANSPORT_PORTS_LINE_H

#include <stdbool.h>

#include "transport/base/uri.h"

/* Keys of sfi__line_parse(). */
#define LINE_KEYS \
    "baud", "fallback", "reset", "boot0", "pulse", "wait", "dtr", "rts"

#define LINE_BAUDS 11u
extern const uint32_t sfi__line_bauds[LINE_BAUDS];

enum line_wire { LINE_NOT_WIRED, LINE_DTR, LINE_RTS };

/* A modem control line that is wired to a pin of the chip; a line that is set
 * is low, unless there is an inverter. */
struct line_pin {
    enum line_wire wire;
    bool inverted;
};

/* What a line is while the port is open. */
enum line_level { LINE_AS_IT_IS, LINE_LOW, LINE_HIGH };

struct line_options {
    size_t fastest, slowest; /* of sfi__line_bauds[] */
    struct line_pin reset, boot0;
    enum line_level dtr, rts; /* of lines that are no pin */
    uint32_t pulse_ms, wait_ms;
};

sfi_status sfi__line_parse(sfi_ctx *ctx, const struct uri *uri,
                           struct line_options *out);

/* The speed of this choice, 0 being the fastest; *slower: how many there are
 * below it.  Returns its place in sfi__line_bauds[]. */
size_t sfi__line_choose(const struct line_options *o, uint32_t choice,
                        uint32_t *baud, uint32_t *slower);

/* Sets (or clears) a modem control line of the port. */
typedef sfi_status (*line_set_fn)(void *user, enum line_wire wire, bool set);

/* When the port opens: NRST high where it is wired, and lines with a level. */
sfi_status sfi__line_open(const struct line_options *o, line_set_fn set,
                          void *user);
/* Reset the chip; SFI_ERR_UNSUPPORTED: NRST is not wired. */
sfi_status sfi__line_reset(sfi_ctx *ctx, const struct line_options *o,
                           line_set_fn set, void *user, bool into_boot);

#endif
