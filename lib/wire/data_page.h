/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bytes of a data page: what the bootloader of examples/bootloader keeps in
 * flash, and what manufacture writes there.  Freestanding.
 *
 *     at   length
 *      0        4  version, little endian: 1
 *      4        4  sequence, little endian: of two pages the larger one counts
 *      8       24  zeros
 *     32       32  the device's private key
 *     64      136  its certificate
 *    200        4  CRC-32 of bytes 0 to 199, little endian
 *    204       20  zeros
 *    224       32  seal, written last: DATA_PAGE_SEAL twice
 *    256       32  erased; zeros: the bootloader is leaving
 *    288      160  entry 0 of the journal of records, and so on to the end
 *
 *      0      128  of an entry: the record
 *    128        4  CRC-32 of the record, little endian
 *    132        4  its complement
 *    136       24  zeros
 *
 * Each field begins at a multiple of 32 bytes and each such unit is programmed
 * once, so that the page suits a flash with units of 8, 16 or 32 bytes.  The
 * newest record is the last entry whose CRC fits.  A page whose seal or CRC
 * does not fit holds nothing.  When the bootloader leaves, it overwrites the
 * private key with zeros; the CRC no longer fits then. */
#ifndef SFI_WIRE_DATA_PAGE_H
#define SFI_WIRE_DATA_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/certificate.h"

#define DATA_PAGE_VERSION 1u
#define DATA_PAGE_SEAL "SFI data page 1"

#define DATA_PAGE_UNIT 32u
#define DATA_PAGE_SECRET_LEN 32u
#define DATA_PAGE_RECORD_LEN 128u

#define DATA_PAGE_SECRET_AT 32u
#define DATA_PAGE_CERTIFICATE_AT 64u
#define DATA_PAGE_CRC_AT (DATA_PAGE_CERTIFICATE_AT + CERTIFICATE_LEN)
#define DATA_PAGE_HEAD_LEN 224u
#define DATA_PAGE_SEAL_AT DATA_PAGE_HEAD_LEN
#define DATA_PAGE_LEAVING_AT (DATA_PAGE_SEAL_AT + DATA_PAGE_UNIT)
#define DATA_PAGE_JOURNAL_AT (DATA_PAGE_LEAVING_AT + DATA_PAGE_UNIT)
#define DATA_PAGE_ENTRY_LEN (DATA_PAGE_RECORD_LEN + DATA_PAGE_UNIT)

/* Of an STM32L462CE: the last page of the 40 KB that an install erases, and the
 * page behind it, which the firmware may erase. */
#define DATA_PAGE_L462_LEN 2048u
#define DATA_PAGE_L462_0 0x0807f000u
#define DATA_PAGE_L462_1 0x0807f800u
/* Of an STM32H753xI: the last two sectors. */
#define DATA_PAGE_H753_LEN 0x20000u
#define DATA_PAGE_H753_0 0x081c0000u
#define DATA_PAGE_H753_1 0x081e0000u

void sfi__data_page_head(uint8_t out[DATA_PAGE_HEAD_LEN], uint32_t sequence,
                         const uint8_t secret[DATA_PAGE_SECRET_LEN],
                         const uint8_t certificate[CERTIFICATE_LEN]);
/* Do version and CRC fit? */
bool sfi__data_page_head_ok(const uint8_t head[DATA_PAGE_HEAD_LEN],
                            uint32_t *sequence);
void sfi__data_page_seal(uint8_t out[DATA_PAGE_UNIT]);
void sfi__data_page_entry(uint8_t out[DATA_PAGE_ENTRY_LEN],
                          const uint8_t record[DATA_PAGE_RECORD_LEN]);
bool sfi__data_page_entry_ok(const uint8_t entry[DATA_PAGE_ENTRY_LEN]);

#endif
