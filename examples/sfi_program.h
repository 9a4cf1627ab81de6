/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the parts of sfi-program share. */
#ifndef EXAMPLES_SFI_PROGRAM_H
#define EXAMPLES_SFI_PROGRAM_H

#include <time.h>

#include "cli/cli.h"

#define URI_MAX 512

enum {
    OPT_CONNECT,
    OPT_SFI,
    OPT_ERASE,
    OPT_GET_CERTIFICATE,
    OPT_WRITE,
    OPT_VERIFY,
    OPT_READ,
    OPT_OB,
    OPT_RDU,
    OPT_GO,
    OPT_HSM_INFO,
    OPT_HSM_COUNTER,
    OPT_HSM_FW_ID,
    OPT_HSM_STATUS,
    OPT_HSM_LICENSE,
    OPT_GANG,
    OPT_RECORD,
    OPT_CAPTURE,
    OPT_LIST,
    OPT_PIN_FILE,
    OPT_YES,
    OPT_JSON,
    OPT_COUNT
};

struct program {
    struct cli cli;
    sfi_ctx *ctx;
    const sfi_chip *chip; /* that is expected; NULL: any */
    uint64_t baud;
    char port[URI_MAX]; /* as a link's name; "": none */
    sfi_transport *tp;
    sfi_hsm *hsm;
    sfi_firmware *firmware; /* of -w */
    bool json;
    bool plain; /* something for the open bootloader, no install */
    bool live;  /* -sfi: with a live licence */
    struct json out;
    struct cli_progress progress;
    uint32_t phase;
    uint64_t bytes; /* of the image */
    struct timespec started;
};

/* What a port of the command line is as a link; leaves when it cannot be. */
void program_port(const struct program *p, const char *port, uint64_t baud,
                  char uri[URI_MAX]);
/* What the installer is told of -sfi, but for the link and the HSM. */
sfi_status program_set_up(struct program *p, sfi_ctx *ctx, sfi_installer *in);

/* The exit status, 0 when it is logged in; *st is what the library said. */
int program_login(struct program *p, const char *slot, sfi_status *st);
/* The HSM of -sfi, which is opened, and its PIN asked for, when the installer
 * asks it for a licence; a chip that is in the store never does. */
sfi_status program_late_hsm(struct program *p, sfi_hsm **out);
/* The same once it is asked: open it, and log in. */
sfi_status program_login_late(struct program *p);
/* Of the HSM that is open; `session` as in sfi_hsm_ops. */
sfi_status program_license(struct program *p, const uint8_t *cert,
                           size_t cert_len, uint32_t session, uint8_t *out,
                           size_t *out_len);
/* What an HSM tells without a PIN: OPT_HSM_INFO to OPT_HSM_STATUS. */
sfi_status program_ask_hsm(struct program *p, size_t id);
/* OPT_HSM_LICENSE: a licence for a certificate, or a folder of each.  The exit
 * status, and what the library said in *st. */
int program_get_license(struct program *p, sfi_status *st);

/* OPT_GANG: leaves when the command line is no good one. */
void program_check_gang(const struct program *p);
/* Install on all its chips at once.  The exit status, and what the library said
 * in *st when it was no single chip's fault. */
int program_gang(struct program *p, sfi_status *st);

/* OPT_LIST: leaves when it is not alone, or names no kind. */
void program_check_list(const struct cli *c);
sfi_status program_list(struct program *p);

/* What the open bootloader does: OPT_WRITE to OPT_GO, and OPT_ERASE.  Is any of
 * the former there?  Leaves on mistakes. */
bool program_check_plain(const struct cli *c);
/* OPT_WRITE's file, before the chip is met. */
sfi_status program_load(struct program *p);
sfi_status program_plain(struct program *p, sfi_target *t);

#endif
