/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Licences in advance: a folder of certificates into a folder of licences. */
#ifndef SFI_OFFLINE_H
#define SFI_OFFLINE_H

#include "cli/cli.h"

struct offline {
    const struct cli *cli;
    sfi_ctx *ctx;
    struct cli_progress *progress;
    struct json *out; /* NULL: none */
    /* Called at most once, when an HSM is needed: opens it and logs in. Returns
     * the exit status after a message, else 0 and the library's status in *st.
     */
    int (*login)(void *user, sfi_hsm **hsm, sfi_status *st);
    void *user;
};

/* True: the path is a folder. */
bool offline_is_folder(const char *path);
/* License every certificate in the folder `from`, or the one file `from`, into
 * the store `to`, which is created when it is absent.  A device whose licence
 * is in the store needs no HSM.  A bad certificate is reported and the others
 * continue. Returns the exit status; *st is the library's status when the batch
 * failed as a whole. */
int offline_license(const struct offline *o, const char *from, const char *to,
                    sfi_status *st);

#endif
