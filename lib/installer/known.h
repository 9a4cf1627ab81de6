/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What can be known without the chip's certificate, checked before anything
 * that cannot be taken back. */
#ifndef SFI_INSTALLER_KNOWN_H
#define SFI_INSTALLER_KNOWN_H

#include "installer/installer.h"

/* The HSM has the key and nonce of the image, as far as it can tell; asked at
 * most once. */
sfi_status sfi__known_image(struct sfi_installer *in);
/* When the chip was found, and before SECURITY makes an open one secure for
 * ever: an open chip can be secured, and the HSM can license a device that was
 * never counted; when the licence must come from the HSM, as it must for an
 * open chip, it matches the image, which needs its login. */
sfi_status sfi__known_before_security(struct sfi_installer *in);

#endif
