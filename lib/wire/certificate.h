/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bytes of a certificate: doc/format.md, "Certificate".  Freestanding.
 *
 *     at   length
 *      0        8  product id, 8 of 0-9 A-F
 *      8       64  the device's public key, X and Y
 *     72       64  the CA's signature over the first 72 bytes, r and s
 *    136 */
#ifndef SFI_WIRE_CERTIFICATE_H
#define SFI_WIRE_CERTIFICATE_H

#define PRODUCT_ID_LEN 8u

#define CERTIFICATE_PUBLIC_LEN 64u
#define CERTIFICATE_SIGNATURE_LEN 64u

#define CERTIFICATE_PUBLIC_AT PRODUCT_ID_LEN
#define CERTIFICATE_SIGNATURE_AT \
    (CERTIFICATE_PUBLIC_AT + CERTIFICATE_PUBLIC_LEN)
#define CERTIFICATE_LEN (CERTIFICATE_SIGNATURE_AT + CERTIFICATE_SIGNATURE_LEN)

#endif
