/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The contract manufacturer's station: a chip on the bench, a package for it,
 * a vault that counts, and a link that can be disturbed at any byte.  Time is
 * the fake clock's, so no test really waits. */
#ifndef SFI_TESTS_STATION_H
#define SFI_TESTS_STATION_H

#include <sfi/hsm.h>
#include <sfi/installer.h>

#include "wire/security.h"

#include <bench/install.h>
#include <link/script.h>

#define STATION_COUNT 5u /* installations in the vault */

enum strike {
    STRIKE_NONE,
    STRIKE_DROP,
    STRIKE_FLIP,
    STRIKE_DOUBLE,
    STRIKE_SILENCE, /* nothing passes from there on */
    STRIKE_GONE,    /* the port is gone */
    STRIKE_RESET    /* the chip loses its power for a moment */
};

/* Counts the bytes on the wire, and disturbs one of them. */
struct wire {
    uint64_t sent, received;
    enum strike strike;
    bool from_chip; /* a byte from the chip, else from the host */
    uint64_t at;    /* its index */
    bool struck;
    bool missed; /* the frame's checksum cannot tell */
    int spare;   /* a byte to deliver again, or -1 */
};

struct station {
    struct package package;
    char vault[1200];
    sfi_hsm *hsm;
    sfi_transport *direct; /* to the chip */
    sfi_transport *tp;     /* through the wire */
    struct wire wire;
    bool no_reset;                  /* the link has no reset line */
    const sfi_dialect_ops *dialect; /* NULL: libsfi's own */
    sfi_installer *installer;       /* of the last install */
};

extern struct station station;
/* Inside board_setup(): the project's firmware, or one of `size` bytes. */
void station_setup(const char *chip);
void station_setup_sized(const char *chip, size_t size);
/* With a vault that provides only live licences. */
void station_setup_live_only(const char *chip);
void station_teardown(void);
/* The interface of later setups in this process; the default is "usart". */
void station_over(const char *interface_name);
uint64_t station_remaining(void);
/* The place of its errors. */
const char *station_hsm_where(void);
/* The HSM cannot check images from now on, so only the chip refuses one. */
void station_check_nothing(void);

/* An installer for image, link and HSM of the station. */
sfi_installer *station_prepare(void);
/* ... for a live licence of the HSM. */
sfi_installer *station_prepare_live(void);
/* The same with the package's own licence, which counts nothing. */
sfi_installer *station_prepare_licensed(void);
/* Prepare and run; `erase` as sfi_installer_set_erase(). */
sfi_status station_install(bool erase);
sfi_status station_install_licensed(bool erase);
sfi_status station_install_live(bool erase);
/* Disturb the wire of the next install. */
void station_strike(enum strike strike, bool from_chip, uint64_t at);

/* The chip's session, which a live licence must name. */
uint32_t station_session(void);
/* The reply to INFO. */
void station_info(sfi_dialect_info *out);

#endif
