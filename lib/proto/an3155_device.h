/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device's side of AN3155: bytes in, commands out.  It frames, checks and
 * acknowledges; a handler carries out each command.  The standard bootloader of
 * the virtual chips and the secure bootloader use it.  It also handles the
 * frames of AN4286 (SPI), which are nearly the same, but not the clocking.
 * Freestanding, no I/O, no clock. */
#ifndef SFI_PROTO_AN3155_DEVICE_H
#define SFI_PROTO_AN3155_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/security.h"
#include "util/wr.h"

/* AN3155, 3: command codes. */
enum usart_cmd {
    USART_GET = 0x00,
    USART_GET_VERSION = 0x01,
    USART_GET_ID = 0x02,
    USART_READ = 0x11,
    USART_GO = 0x21,
    USART_WRITE = 0x31,
    USART_ERASE = 0x43,
    USART_EXT_ERASE = 0x44,
    USART_SPECIAL = 0x50,
    USART_EXT_SPECIAL = 0x51,
    USART_WRITE_PROTECT = 0x63,
    USART_WRITE_UNPROTECT = 0x73,
    USART_READOUT_PROTECT = 0x82,
    USART_READOUT_UNPROTECT = 0x92,
};

#define USART_SYNC 0x7fu
/* AN4286: the sync byte, and the first byte of each command. */
#define SPI_SOF 0x5au
#define USART_ACK 0x79u
#define USART_NACK 0x1fu

/* AN3155: N is one byte, so 256. */
#define USART_BLOCK_MAX 256u
/* Extended Erase: special codes; a page list is at most a data packet. */
#define USART_ERASE_MASS 0xffffu
#define USART_ERASE_BANK1 0xfffeu
#define USART_ERASE_BANK2 0xfffdu
#define USART_ERASE_SPECIAL 0xfff0u
#define USART_ERASE_PAGES_MAX (SFI_CMD_DATA_MAX / 2u)

/* The longest packet: length, data, checksum. */
#define USART_FRAME_MAX (2u + SFI_CMD_DATA_MAX + 1u)
/* More than the longest reply to one byte: ACK and the 256 bytes of READ (a
 * Special reply is shorter). */
#define USART_ANSWER_MAX 400u

/* The handlers of the commands; `user` comes first.  A bool handler that
 * returns false causes a NACK, and so does a command whose handler is NULL. */
struct an3155_handlers {
    /* is this listed command allowed now?  (false: NACK after its code; NULL:
     * yes) */
    bool (*allowed)(void *user, uint8_t cmd);
    /* may READ, GO, WRITE use this address?  (false: NACK after it; NULL:
     * yes) */
    bool (*address)(void *user, uint8_t cmd, uint32_t address);
    bool (*read)(void *user, uint32_t address, uint8_t *out, size_t len);
    bool (*write)(void *user, uint32_t address, const uint8_t *data,
                  size_t len);
    void (*go)(void *user, uint32_t address);
    /* code >= USART_ERASE_SPECIAL: mass or bank; else `count` pages */
    bool (*erase)(void *user, uint16_t code, const uint16_t *pages,
                  size_t count);
    /* Write Unprotect, Readout Protect and Unprotect: the two ACKs come
     * together, when the command is done */
    bool (*protect)(void *user, uint8_t cmd);
    /* Write Protect: these sectors, and no others */
    bool (*protect_sectors)(void *user, const uint8_t *sectors, size_t count);
    /* is this sub-opcode known?  (false: NACK after it) */
    bool (*known)(void *user, uint8_t cmd, uint16_t opcode);
    /* Special and Extended Special; returns the status byte.  *reply_len: room
     * (SFI_CMD_REPLY_MAX) in, used out; Extended Special has no reply. */
    uint8_t (*special)(void *user, uint16_t opcode, const uint8_t *param,
                       size_t param_len, uint8_t *data, size_t data_len,
                       uint8_t *reply, size_t *reply_len);
};

struct an3155_device_config {
    const struct an3155_handlers *handlers;
    void *user;
    bool spi;        /* AN4286's frames */
    uint8_t version; /* 0x31: V3.1 */
    uint16_t product_id;
    const uint8_t *commands; /* as Get lists them; others are refused */
    size_t command_count;
    /* what real bootloaders get wrong (AN2606, H74x/75x V9.0) */
    uint8_t announced_more; /* so much too high is the count of Get */
    bool go_is_silent;      /* no ACK for Go's code */
};

struct an3155_device {
    struct an3155_device_config config;
    int state; /* private from here on */
    uint8_t cmd;
    uint16_t opcode;
    uint32_t address;
    bool tail;         /* the last reply ends with a second ACK or NACK */
    size_t have, want; /* bytes of the packet in `frame` */
    size_t param_len;
    uint8_t param[SFI_CMD_PARAM_MAX];
    union {
        uint8_t frame[USART_FRAME_MAX];
        uint16_t pages[USART_ERASE_PAGES_MAX];
    };
};

/* Wait for the first 0x7f (SPI: 0x5a).  The config is copied, but not the data
 * that it points to. */
void sfi__an3155_device_init(struct an3155_device *s,
                             const struct an3155_device_config *config);
/* Process one byte; the reply is appended to `out`. */
void sfi__an3155_device_byte(struct an3155_device *s, uint8_t byte,
                             struct wr *out);
/* Is a command incomplete? */
bool sfi__an3155_device_busy(const struct an3155_device *s);
/* Drop an incomplete command with a NACK: the host went silent. */
void sfi__an3155_device_drop(struct an3155_device *s, struct wr *out);

#endif
