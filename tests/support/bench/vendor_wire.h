/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The numbers of this vendor's protocol, for its part and its dialect. */
#ifndef SFI_TESTS_VENDOR_WIRE_H
#define SFI_TESTS_VENDOR_WIRE_H

#include <stdint.h>

enum opcode {
    WHO = 0x1001,
    HALF_CERT = 0x1002, /* which u8 -> 68 */
    TICKET = 0x1003,    /* -> u32, the session for a live licence */
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
#define LIFE 0xe0u /* its state is this plus libsfi's */

/* Its status for each of libsfi's causes, and what the dialect reports. */
struct refusal {
    uint8_t inside;
    uint8_t status;
    int32_t code;
    const char *text;
};
#define REFUSALS 8
extern const struct refusal refusals[REFUSALS];

/* Over a debug port: a block of RAM, with words at these offsets. */
#define BLOCK_MAGIC 0x4d425856u /* "MBXV": its numbers are big-endian */
#define AT_MAGIC 0x00u
#define AT_GO 0x04u /* not 0: a request; the part clears it when done */
#define AT_OPCODE 0x08u
#define AT_PARAM_LEN 0x0cu
#define AT_DATA_LEN 0x10u
#define AT_STATUS 0x14u
#define AT_REPLY_LEN 0x18u
#define AT_PARAM 0x20u
#define AT_REPLY 0xa0u
#define AT_DATA 0x200u
#define BLOCK_LEN 0x600u

/* Over USB: the command in block 0, and the numbers of the blocks. */
#define USB_COMMAND 0x60u
#define USB_ASK 5u    /* opcode u16, length of param u8, param, data */
#define USB_ANSWER 7u /* status, reply */

#endif
