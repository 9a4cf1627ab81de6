/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The HSM behind a licence server, for the front of HSMs. */
#ifndef SFI_HSM_SERVER_SERVER_H
#define SFI_HSM_SERVER_SERVER_H

#include <sfi/hsm.h>

/* What stands behind "server:".  Nothing is asked yet. */
sfi_status sfi__server_open(sfi_ctx *ctx, const char *name, sfi_hsm_ops *ops,
                            void **user);

#endif
