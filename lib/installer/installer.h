/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An installer's struct: its settings and its progress. */
#ifndef SFI_INSTALLER_INSTALLER_H
#define SFI_INSTALLER_INSTALLER_H

#include <stdatomic.h>

#include <sfi/installer.h>

#include "util/buf.h"
#include "core/err.h"
#include "core/obj.h"
#include "receipt/receipt.h"
#include "target/image_sender.h"

enum step {
    STEP_CHECK,    /* the image, before the chip is touched */
    STEP_CONNECT,  /* find the chip */
    STEP_FIT,      /* does the image fit this chip, and can it be licensed? */
    STEP_SECURITY, /* turn an open chip into a secure one */
    STEP_INFO,     /* does the chip hold a firmware? */
    STEP_CERTIFICATE, /* read it, and the session if the licence is live */
    STEP_LICENSE,     /* given, stored, or from the HSM, which counts now */
    STEP_ERASE,       /* SECURE: the flash is empty from here on */
    STEP_OPEN,        /* LICENSE: the chip has the key */
    STEP_SEND,        /* one header, descriptor or DATA at a time */
    STEP_FINISH,      /* option bytes; the chip has the whole image */
    STEP_RECEIPT,     /* what the chip proves, if it can */
    STEP_LEAVE,       /* the chip starts its firmware */
    STEP_DONE
};

struct sfi_installer {
    struct obj obj;
    atomic_bool cancel;

    const struct sfi_chip *chip; /* NULL: any */
    bool image_set;
    struct buf image;
    char image_name[TRANSPORT_NAME_MAX]; /* its file; "" when it has none */
    sfi_transport *tp;                   /* references */
    sfi_hsm *hsm;                        /* ... */
    sfi_license *given;                  /* ... */
    sfi_license_store *store;            /* ... */
    uint32_t protocol;                   /* SFI_PROTOCOL_* */
    bool erase;
    uint32_t timeout_ms;
    struct dialect dialect;
    sfi_progress_fn progress;
    void *progress_user;

    enum step step;
    bool failed;
    bool image_known; /* the HSM has its key, or cannot tell */
    bool begun;       /* the chip may hold a part of the firmware */
    bool resumes;     /* it holds all of it since an earlier run */
    uint64_t started_ms;
    sfi_target *target;
    sfi_certificate *certificate;
    uint32_t session;     /* the chip's; 0 unless live */
    sfi_license *license; /* in use: given, stored, or from the HSM */
    size_t data_max;
    struct image_sender sender;
    uint32_t installs; /* how many the chip had begun before this one */
    sfi_receipt *receipt;
    const char *no_receipt; /* why there is none; NULL before it is known */

    /* for a journal */
    uint64_t ended_ms;
    struct sfi_error failure; /* of the step that failed */
    const char *license_from; /* "given" or "stored"; NULL: neither */
    bool asked_hsm;           /* for a licence */
    uint64_t records_before;  /* in its audit; UINT64_MAX: not known */
    sfi_hsm_info hsm_info;
};

/* Do one bounded piece of the work. */
sfi_status sfi__install_step(struct sfi_installer *in);
/* After a failure: have the chip erase what it holds of the firmware. */
void sfi__install_clean(struct sfi_installer *in);
/* The phase that a user sees. */
uint32_t sfi__install_phase(const struct sfi_installer *in);
/* Report the progress to the caller. */
void sfi__install_report(struct sfi_installer *in);
/* Log size, time and speed of the install. */
void sfi__install_sum_up(const struct sfi_installer *in);

#endif
