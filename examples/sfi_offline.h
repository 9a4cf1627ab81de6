/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences for later: a folder of certificates into a folder of licences. */
#ifndef SFI_OFFLINE_H
#define SFI_OFFLINE_H

#include "cli/cli.h"

struct offline {
    const struct cli *cli;
    sfi_ctx *ctx;
    struct cli_progress *progress;
    struct json *out; /* NULL: none */
    /* Called at most once, when an HSM is needed: 0 and *st SFI_OK with an HSM
     * that is logged in; else *st, or an exit status after a message. */
    int (*login)(void *user, sfi_hsm **hsm, sfi_status *st);
    void *user;
};

/* Is there a folder of this name? */
bool offline_is_folder(const char *path);
/* License every certificate that is in the folder `from`, or the one in the
 * file `from`, into the store `to`, which is made when it is absent.  A device
 * that is in the store is asked of nobody.  A bad certificate is named, and the
 * others go on.  The exit status, and what the library said in *st when it was
 * no single certificate's fault. */
int offline_license(const struct offline *o, const char *from, const char *to,
                    sfi_status *st);

#endif
