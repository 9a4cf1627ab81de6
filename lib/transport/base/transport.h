/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A link to a chip: a table of functions, libsfi's own or the caller's, and the
 * guards through which the library calls them. */
#ifndef SFI_TRANSPORT_BASE_TRANSPORT_H
#define SFI_TRANSPORT_BASE_TRANSPORT_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "util/clock.h"
#include "core/obj.h"

#define TRANSPORT_NAME_MAX 128

enum transport_kind {
    TRANSPORT_STREAM,
    TRANSPORT_SPI,
    TRANSPORT_USB,
    TRANSPORT_DAP,
    TRANSPORT_KINDS
};

union transport_ops {
    sfi_stream_ops stream;
    sfi_spi_ops spi;
    sfi_usb_ops usb;
    sfi_dap_ops dap;
};

struct sfi_transport {
    struct obj obj;
    enum transport_kind kind; /* which of `ops` */
    union transport_ops ops;
    void *user;
    uint32_t baud;             /* 0: the time that bytes take is unknown */
    const struct clock *clock; /* of a link with a time of its own, or NULL */
    char name[TRANSPORT_NAME_MAX];
};

/* Where a table has the functions that each kind has; they may be NULL. */
struct transport_slots {
    sfi_status (**reset)(void *user, int into_boot);
    void (**close)(void *user);
};

struct transport_slots sfi__transport_slots(union transport_ops *ops,
                                            enum transport_kind kind);

/* `ops` is a complete table of the kind's type, already checked.  After a
 * success the transport owns `user`. */
sfi_status sfi__transport_new(sfi_ctx *ctx, enum transport_kind kind,
                              const void *ops, void *user, const char *name,
                              sfi_transport **out);

/* The guards below return SFI_ERR_INTERNAL for a link of another kind. */

/* 1 to `len` bytes; SFI_ERR_TIMEOUT after `timeout_ms`, never earlier. */
sfi_status sfi__transport_read(sfi_transport *tp, uint8_t *buf, size_t len,
                               size_t *got, uint32_t timeout_ms);
sfi_status sfi__transport_write(sfi_transport *tp, const uint8_t *buf,
                                size_t len, uint32_t timeout_ms);
/* Drop unread input; does nothing when the link has no flush. */
sfi_status sfi__transport_flush(sfi_transport *tp);

/* The chip's NSS: low when asserted. */
sfi_status sfi__transport_select(sfi_transport *tp, bool asserted);
/* As many bytes in as out; `rx` NULL: dropped. */
sfi_status sfi__transport_transfer(sfi_transport *tp, const uint8_t *tx,
                                   uint8_t *rx, size_t len);

/* One control transfer; SFI_ERR_NACK: the device stalled it.  `*got` is at most
 * `len`. */
sfi_status sfi__transport_control(sfi_transport *tp, uint8_t request_type,
                                  uint8_t request, uint16_t value,
                                  uint16_t index, uint8_t *data, size_t len,
                                  size_t *got, uint32_t timeout_ms);
/* The device disconnected: wait until it has re-enumerated. */
sfi_status sfi__transport_reopen(sfi_transport *tp, uint32_t timeout_ms);

/* Whole words of the chip's memory; the address is a multiple of 4. */
sfi_status sfi__transport_read32(sfi_transport *tp, uint32_t address,
                                 uint32_t *words, size_t count);
sfi_status sfi__transport_write32(sfi_transport *tp, uint32_t address,
                                  const uint32_t *words, size_t count);

/* For every kind: reset the chip, with BOOT0 high or low. */
sfi_status sfi__transport_reset(sfi_transport *tp, bool into_boot);
/* Set one of a stream's speeds, 0 being the fastest; *slower is the number of
 * slower ones.  Unread input is dropped. */
sfi_status sfi__transport_set_speed(sfi_transport *tp, uint32_t choice,
                                    uint32_t *slower);
/* The time by which waits for the chip are measured. */
const struct clock *sfi__transport_clock(const sfi_transport *tp);
/* Milliseconds that `len` bytes take on the line. */
uint32_t sfi__transport_ms(const sfi_transport *tp, size_t len);
/* Milliseconds by which a reply may be late, besides the line: a network's
 * round trip; 0: none. */
uint32_t sfi__transport_rtt_ms(const sfi_transport *tp);

#endif
