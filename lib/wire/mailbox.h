/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The security extension over memory: a block in RAM that the host writes and
 * the secure bootloader polls.  doc/protocol.md, "Mailbox".  libsfi
 * defines it, like the whole extension; the addresses are those of ST's own
 * programmer (AN5054).  Offsets from the mailbox's first byte, little-endian.
 */
#ifndef SFI_WIRE_MAILBOX_H
#define SFI_WIRE_MAILBOX_H

#include "wire/security.h"

#define SFI_MAILBOX_MAGIC 0x4d494653u /* "SFIM" */
#define SFI_MAILBOX_VERSION 1u

/* written by the part */
#define SFI_MAILBOX_AT_MAGIC 0x00u   /* u32: the bootloader listens */
#define SFI_MAILBOX_AT_VERSION 0x04u /* u16 */
#define SFI_MAILBOX_AT_DEVICE 0x06u  /* u16: device id */
/* The request, which the host writes at once: param, which ends where OPCODE
 * begins, and last REQUEST, a number other than DONE. */
#define SFI_MAILBOX_AT_OPCODE 0x88u    /* u16 */
#define SFI_MAILBOX_AT_PARAM_LEN 0x8au /* u16 */
#define SFI_MAILBOX_AT_DATA_LEN 0x8cu  /* u16, then 0 u16 */
#define SFI_MAILBOX_AT_REQUEST 0x90u   /* u32 */
/* The reply, which the part writes; last it sets DONE to the number of the
 * request. */
#define SFI_MAILBOX_AT_DONE 0x94u      /* u32 */
#define SFI_MAILBOX_AT_CAUSE 0x98u     /* u8, then 0 u8 */
#define SFI_MAILBOX_AT_REPLY_LEN 0x9au /* u16 */
#define SFI_MAILBOX_AT_REPLY 0x9cu
#define SFI_MAILBOX_END (SFI_MAILBOX_AT_REPLY + SFI_CMD_REPLY_MAX)
/* where data is: a licence; any other data */
#define SFI_MAILBOX_AT_LICENSE 0x0800u
#define SFI_MAILBOX_AT_DATA 0x1000u

/* A part that resets (ABORT after an install) waits so long after its reply. */
#define SFI_MAILBOX_HOLD_MS 100u

/* Where a param of `len` bytes (at most SFI_CMD_PARAM_MAX) begins, so that it
 * fills whole words. */
uint32_t sfi__mailbox_param_at(size_t len);
/* Where the data of this request begins. */
uint32_t sfi__mailbox_data_at(uint16_t opcode);

#endif
