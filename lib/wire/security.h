/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The security extension: opcodes, requests and replies.  The vendor's own are
 * not public: this table is libsfi's, and replaced only here.
 * doc/protocol.md, "Security extension".  All integers are little-endian, as
 * in the image.  Freestanding, no I/O. */
#ifndef SFI_WIRE_SECURITY_H
#define SFI_WIRE_SECURITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/certificate.h"
#include "wire/receipt.h"

#define SFI_CMD_VERSION 1u

/* AN3155 3.14 and 3.15: packet 1 is at most 128 bytes, packet 2 1024. */
#define SFI_CMD_PARAM_MAX 128u
#define SFI_CMD_DATA_MAX 1024u
/* The longest reply: a receipt. */
#define SFI_CMD_REPLY_MAX RECEIPT_LEN

enum sfi_cmd {
    SFI_CMD_INFO = 0x5301,        /* -> info                 Special */
    SFI_CMD_CERTIFICATE = 0x5302, /* -> certificate 136      Special */
    SFI_CMD_SECURE = 0x5303,      /* flags u8 ->             Special */
    SFI_CMD_LICENSE = 0x5304,     /* data: licence 136 ->    Extended */
    SFI_CMD_HEADER = 0x5305,      /* header 28 ->            Special */
    SFI_CMD_AREA = 0x5306,        /* descriptor 30 ->        Special */
    SFI_CMD_DATA = 0x5307,        /* offset u32, data ->     Extended */
    SFI_CMD_FINISH = 0x5308,      /* ->                      Special */
    SFI_CMD_ABORT = 0x5309,       /* ->                      Special */
    SFI_CMD_SESSION = 0x530a,     /* -> session id u32       Special */
    SFI_CMD_RECEIPT = 0x530b,     /* -> receipt 196          Special */
};

#define SFI_CMD_SESSION_LEN 4u

/* SECURE: erase the user flash and begin.  Without this flag a device that
 * holds an install refuses. */
#define SFI_CMD_SECURE_ERASE 0x01u

#define SFI_CMD_INFO_LEN 44u
struct security_info {
    uint8_t version; /* SFI_CMD_VERSION */
    uint8_t state;   /* SFI_DEVICE_* */
    uint8_t cause;   /* SFI_CAUSE_* of the last refusal */
    uint8_t flags;   /* SFI_CMD_INFO_* */
    uint16_t device_id;
    uint16_t data_max; /* bytes per DATA */
    uint8_t product_id[PRODUCT_ID_LEN];
    uint32_t installs; /* number of installs begun */
    uint16_t area;     /* index of the area being received; 0: no area */
    uint16_t areas;
    uint32_t offset;        /* content bytes of that area received */
    uint8_t header_tag[16]; /* image being installed, or the last one */
};
#define SFI_CMD_INFO_ONE_SHOT 0x01u /* a success ends the bootloader */
#define SFI_CMD_INFO_UNCLEAN 0x02u  /* could not be erased: SECURE again */
#define SFI_CMD_INFO_RECEIPTS 0x04u /* RECEIPT is answered once installed */

void sfi__security_write_info(uint8_t raw[SFI_CMD_INFO_LEN],
                              const struct security_info *i);
void sfi__security_read_info(struct security_info *i,
                             const uint8_t raw[SFI_CMD_INFO_LEN]);
/* Does it use Extended Special (with packet 2) rather than Special? */
bool sfi__security_is_extended(uint16_t opcode);

#endif
