/* What the parts of sfi-program share. */
#ifndef EXAMPLES_SFI_PROGRAM_H
#define EXAMPLES_SFI_PROGRAM_H

#include <time.h>

#include "cli.h"

#define URI_MAX 512

enum {
    OPT_CONNECT,
    OPT_SFI,
    OPT_ERASE,
    OPT_GET_CERTIFICATE,
    OPT_HSM_INFO,
    OPT_HSM_COUNTER,
    OPT_HSM_FW_ID,
    OPT_HSM_STATUS,
    OPT_HSM_LICENSE,
    OPT_PIN_FILE,
    OPT_JSON,
    OPT_COUNT
};

struct program {
    struct cli cli;
    sfi_ctx *ctx;
    const sfi_chip *chip; /* that is expected; NULL: any */
    char port[URI_MAX];   /* as a link's name; "": none */
    sfi_transport *tp;
    sfi_hsm *hsm;
    bool json;
    bool live; /* -sfi: with a live licence */
    struct json out;
    struct cli_progress progress;
    uint32_t phase;
    uint64_t bytes; /* of the image */
    struct timespec started;
};

/* The exit status, 0 when it is logged in; *st is what the library said. */
int program_login(struct program *p, const char *slot, sfi_status *st);
/* The HSM of -sfi, which is opened, and its PIN asked for, when the installer
 * asks it for a licence; a chip that is in the store never does. */
sfi_status program_late_hsm(struct program *p, sfi_hsm **out);
/* What an HSM tells without a PIN: OPT_HSM_INFO to OPT_HSM_STATUS. */
sfi_status program_ask_hsm(struct program *p, size_t id);
/* OPT_HSM_LICENSE: a licence for a certificate, or a folder of each.  The exit
 * status, and what the library said in *st. */
int program_get_license(struct program *p, sfi_status *st);

#endif
