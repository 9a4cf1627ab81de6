/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The .smi container of a module: doc/format.md, "Module".  It is put into an
 * image unchanged; only its header is checked. */
#ifndef SFI_IMAGE_SMI_H
#define SFI_IMAGE_SMI_H

#include <sfi/ctx.h>

/* Check that this is a complete module.  `address` receives its destination. */
sfi_status sfi__smi_check(sfi_ctx *ctx, const uint8_t *smi, size_t len,
                          uint32_t *address);

#endif
