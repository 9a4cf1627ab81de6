/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bytes of a licence: doc/format.md, "Licence".  Freestanding.
 *
 *     at   length
 *      0        4  type, "SFI." or "SFIL"
 *      4        4  session id, little endian; 0 when static
 *      8        4  version, little endian: 1
 *     12        4  minimum version of the security extension, little endian: 0
 *     16        8  reserved: zeros
 *     24       64  the ephemeral public key, X and Y
 *     88       32  sealed: the image's nonce in 16 bytes (the last 4 zero), and
 *                  its key
 *    120       16  tag
 *    136 */
#ifndef SFI_WIRE_LICENSE_H
#define SFI_WIRE_LICENSE_H

#define LICENSE_STATIC "SFI." /* for any session of the device */
#define LICENSE_LIVE "SFIL"   /* for one session */
#define LICENSE_VERSION 1u

#define LICENSE_TYPE_LEN 4u
#define LICENSE_RESERVED_LEN 8u
#define LICENSE_EPHEMERAL_LEN 64u
#define LICENSE_IV_LEN 16u
#define LICENSE_SEALED_LEN 32u
#define LICENSE_TAG_LEN 16u

#define LICENSE_SESSION_AT LICENSE_TYPE_LEN
#define LICENSE_EPHEMERAL_AT 24u
#define LICENSE_SEALED_AT (LICENSE_EPHEMERAL_AT + LICENSE_EPHEMERAL_LEN)
#define LICENSE_TAG_AT (LICENSE_SEALED_AT + LICENSE_SEALED_LEN)
#define LICENSE_LEN (LICENSE_TAG_AT + LICENSE_TAG_LEN)

#endif
