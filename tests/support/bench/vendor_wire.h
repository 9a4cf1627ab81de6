/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What that vendor's part and its dialect agree on. */
#ifndef SFI_TESTS_VENDOR_WIRE_H
#define SFI_TESTS_VENDOR_WIRE_H

#include <stdint.h>

enum opcode {
    WHO = 0x1001,
    HALF_CERT = 0x1002, /* which u8 -> 68 */
    TICKET = 0x1003,    /* -> u32, what a live licence names */
    WIPE = 0x1004,      /* 'F' all, 'N' not an install */
    KEY_A = 0x1105,     /* data: the first half of a licence */
    KEY_B = 0x1106,     /* the second */
    HEAD = 0x1007,
    AREA = 0x1008,
    PUT = 0x1109, /* offset u32, data */
    SEAL = 0x100a,
    BYE = 0x100b,
};
#define EXTENDED 0x0100u
#define HALF (SFI_CERTIFICATE_LEN / 2u)
#define WHO_LEN 26u
#define LIFE 0xe0u /* the state is this and ours */

/* Its numbers for our causes, and what a host makes of them. */
struct refusal {
    uint8_t inside;
    uint8_t status;
    int32_t code;
    const char *text;
};
#define REFUSALS 8
extern const struct refusal refusals[REFUSALS];

/* Over a debug port: a block of RAM, words of it at these places. */
#define BLOCK_MAGIC 0x4d425856u /* "MBXV": its numbers are big-endian */
#define AT_MAGIC 0x00u
#define AT_GO 0x04u /* not 0: a request; the part sets 0 when it is done */
#define AT_OPCODE 0x08u
#define AT_PARAM_LEN 0x0cu
#define AT_DATA_LEN 0x10u
#define AT_STATUS 0x14u
#define AT_REPLY_LEN 0x18u
#define AT_PARAM 0x20u
#define AT_REPLY 0xa0u
#define AT_DATA 0x200u
#define BLOCK_LEN 0x600u

/* Over USB: blocks of these numbers, and what an upload of block 0 lists. */
#define USB_COMMAND 0x60u
#define USB_ASK 5u    /* opcode u16, length of param u8, param, data */
#define USB_ANSWER 7u /* status, reply */

#endif
