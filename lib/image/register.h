/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The register of used nonces (doc/format.md): it notices when a second image
 * is made under a key and nonce.  It has keyed digests only. */
#ifndef SFI_IMAGE_REGISTER_H
#define SFI_IMAGE_REGISTER_H

#include "image/builder.h"

/* Report a finding when another image has this key and nonce.  The plan must
 * have been checked; the status is SFI_OK unless the register cannot be read.
 */
sfi_status sfi__register_check(sfi_image_builder *b, const struct layout *p,
                               struct findings *f);
/* Enter the image and sync the register to disk, before anybody sees a byte of
 * the image.  Refused when another image has this key and nonce. */
sfi_status sfi__register_enter(sfi_image_builder *b, const struct layout *p);

#endif
