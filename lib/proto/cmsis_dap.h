/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* CMSIS-DAP 2.1, the protocol of debug probes over USB: a request packet, a
 * reply packet, both beginning with the command byte.  The host and the virtual
 * probe use it.  No I/O, no clock. */
#ifndef SFI_PROTO_CMSIS_DAP_H
#define SFI_PROTO_CMSIS_DAP_H

#include "util/rd.h"
#include "util/wr.h"
#include "proto/adi.h"

/* The packet size of version 1, which every probe accepts. */
#define CMSIS_PACKET_MIN 64u
/* High-speed bulk packets have 512 bytes: larger sizes gain nothing. */
#define CMSIS_PACKET_MAX 1024u

enum cmsis_command {
    CMSIS_INFO = 0x00,
    CMSIS_HOST_STATUS = 0x01,
    CMSIS_CONNECT = 0x02,
    CMSIS_DISCONNECT = 0x03,
    CMSIS_TRANSFER_CONFIGURE = 0x04,
    CMSIS_TRANSFER = 0x05,
    CMSIS_TRANSFER_BLOCK = 0x06,
    CMSIS_TRANSFER_ABORT = 0x07, /* no reply */
    CMSIS_WRITE_ABORT = 0x08,
    CMSIS_DELAY = 0x09,
    CMSIS_RESET_TARGET = 0x0a,
    CMSIS_SWJ_PINS = 0x10,
    CMSIS_SWJ_CLOCK = 0x11,
    CMSIS_SWJ_SEQUENCE = 0x12,
    CMSIS_SWD_CONFIGURE = 0x13,
    CMSIS_JTAG_SEQUENCE = 0x14,
    CMSIS_JTAG_CONFIGURE = 0x15,
    CMSIS_JTAG_IDCODE = 0x16,
    CMSIS_INVALID = 0xff, /* the reply to an unknown command */
};

enum cmsis_info {
    CMSIS_INFO_VENDOR = 0x01,
    CMSIS_INFO_PRODUCT = 0x02,
    CMSIS_INFO_SERIAL = 0x03,
    CMSIS_INFO_VERSION = 0x04,
    CMSIS_INFO_CAPABILITIES = 0xf0,
    CMSIS_INFO_PACKET_COUNT = 0xfe,
    CMSIS_INFO_PACKET_SIZE = 0xff,
};
#define CMSIS_CAPABILITY_SWD 0x01u
#define CMSIS_CAPABILITY_JTAG 0x02u

enum cmsis_port {
    CMSIS_PORT_NONE = 0, /* a reply: connecting failed */
    CMSIS_PORT_SWD = 1,
    CMSIS_PORT_JTAG = 2,
};

#define CMSIS_STATUS_OK 0x00u
#define CMSIS_STATUS_ERROR 0xffu
#define CMSIS_PIN_NRESET 0x80u

/* Bits of a transfer's request besides those of struct adi_request. */
#define CMSIS_REQUEST_MATCH_VALUE 0x10u /* a read */
#define CMSIS_REQUEST_MATCH_MASK 0x20u  /* a write */
#define CMSIS_REQUEST_TIMESTAMP 0x80u
/* Bits of a transfer's response; 2:0 are enum adi_ack. */
#define CMSIS_RESPONSE_ACK 0x07u
#define CMSIS_RESPONSE_ERROR 0x08u /* parity, or the line's protocol */
#define CMSIS_RESPONSE_MISMATCH 0x10u

/* First byte of a JTAG sequence: number of clocks (0 means 64), the value of
 * TMS, and whether TDO is captured. */
#define CMSIS_JTAG_CLOCKS 0x3fu
#define CMSIS_JTAG_CLOCKS_MAX 64u
#define CMSIS_JTAG_TMS 0x40u
#define CMSIS_JTAG_TDO 0x80u
/* The number of TAPs that probes support (Arm's DAP_JTAG_DEV_CNT is 8). */
#define CMSIS_TAPS_MAX 8u

uint8_t sfi__cmsis_request(const struct adi_request *r);
/* false: sfi__cmsis_request() does not make this byte. */
bool sfi__cmsis_take_request(uint8_t byte, struct adi_request *r);

/* ---- the host's packets ---- */

void sfi__cmsis_put_info(struct wr *w, enum cmsis_info id);
void sfi__cmsis_put_connect(struct wr *w, enum cmsis_port port);
void sfi__cmsis_put_disconnect(struct wr *w);
void sfi__cmsis_put_configure(struct wr *w, uint8_t idle_clocks,
                              uint16_t retries);
void sfi__cmsis_put_clock(struct wr *w, uint32_t hz);
void sfi__cmsis_put_swd_configure(struct wr *w);
/* `bits` of `data`, LSB first; 1 to 256. */
void sfi__cmsis_put_sequence(struct wr *w, size_t bits, const uint8_t *data);
void sfi__cmsis_put_pins(struct wr *w, uint8_t value, uint8_t which,
                         uint32_t wait_us);
/* `tap`, here and below: the debug port's place in the JTAG chain, 0 being next
 * to TDO; without a meaning over SWD. */
void sfi__cmsis_put_write_abort(struct wr *w, uint8_t tap, uint32_t value);
/* The chain from TDO to TDI: the bits of each TAP's IR; at most
 * CMSIS_TAPS_MAX. */
void sfi__cmsis_put_jtag_configure(struct wr *w, const uint8_t *ir_len,
                                   size_t count);
/* Clocks on the JTAG lines, one packet of sequences. */
void sfi__cmsis_jtag_begin(struct wr *w);
/* `clocks` (1 to CMSIS_JTAG_CLOCKS_MAX) with the same TMS and TDI. */
void sfi__cmsis_jtag_add(struct wr *w, size_t clocks, bool tms, bool tdi,
                         bool tdo);

/* A list of accesses that becomes one packet. */
struct cmsis_transfer {
    struct wr w;
    size_t room; /* for words in the reply */
    size_t reads;
};

/* The request and its reply have at most `packet` bytes. */
void sfi__cmsis_transfer_begin(struct cmsis_transfer *t, uint8_t *out,
                               size_t packet, uint8_t tap);
/* false: the list is full. */
bool sfi__cmsis_transfer_add(struct cmsis_transfer *t,
                             const struct adi_request *r, uint32_t data);
size_t sfi__cmsis_transfer_count(const struct cmsis_transfer *t);
/* Maximum number of words in a list that ends with two further reads. */
size_t sfi__cmsis_list_room(size_t packet, bool read);
/* Maximum number of words in one block. */
size_t sfi__cmsis_block_room(size_t packet, bool read);
/* The same access `count` times; `words` is NULL for reads. */
void sfi__cmsis_put_block(struct wr *w, uint8_t tap,
                          const struct adi_request *r, size_t count,
                          const uint32_t *words);

/* ---- the probe's replies ---- */

/* Outcome of a transfer.  Unless `ack` is ADI_ACK_OK, no data that was read is
 * returned: the probe may have lost it. */
struct cmsis_result {
    enum adi_ack ack; /* ADI_ACK_NONE also when the line was disturbed */
    size_t done;      /* number of accesses that were accepted */
};

/* Each returns false when the packet is not a valid reply to the command. */
bool sfi__cmsis_take_info(struct rd *r, const uint8_t **data, size_t *len);
/* One byte: a port, pins, or CMSIS_STATUS_OK. */
bool sfi__cmsis_take_byte(struct rd *r, enum cmsis_command command,
                          uint8_t *value);
/* TDO of the sequences that capture it; each begins at a new byte, LSB first.
 */
bool sfi__cmsis_take_jtag(struct rd *r, uint8_t *tdo, size_t len);
/* `words` has room for all reads of `t`. */
bool sfi__cmsis_take_transfer(struct rd *r, const struct cmsis_transfer *t,
                              struct cmsis_result *out, uint32_t *words);
bool sfi__cmsis_take_block(struct rd *r, bool read, size_t count,
                           struct cmsis_result *out, uint32_t *words);

#endif
