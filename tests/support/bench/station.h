/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The contract manufacturer's station: a chip on the bench, a package for it,
 * a vault that counts, and a link that can be struck at any byte.  Time is the
 * fake clock's: nothing really waits. */
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
    STRIKE_SILENCE, /* from there on nothing goes through */
    STRIKE_GONE,    /* the port is there no more */
    STRIKE_RESET    /* the chip loses its power for a moment */
};

/* Bytes that went over the wire, and which of them is struck. */
struct wire {
    uint64_t sent, received;
    enum strike strike;
    bool from_chip; /* a byte of the chip's, else of the host's */
    uint64_t at;    /* its index */
    bool struck;
    int spare; /* a byte that is to come again, or -1 */
};

struct station {
    struct package package;
    char vault[1200];
    sfi_hsm *hsm;
    sfi_transport *direct; /* to the chip */
    sfi_transport *tp;     /* through the wire */
    struct wire wire;
    bool no_reset;                  /* no line to the chip's reset */
    const sfi_dialect_ops *dialect; /* NULL: ours */
    sfi_installer *installer;       /* of the last install */
};

extern struct station station;
/* Inside board_setup(): the project's firmware, or one of `size` bytes. */
void station_setup(const char *chip);
void station_setup_sized(const char *chip, size_t size);
/* With a vault that gives live licences only. */
void station_setup_live_only(const char *chip);
void station_teardown(void);
/* The interface of the setups that follow in this process: "usart" unless
 * told. */
void station_over(const char *interface_name);
uint64_t station_remaining(void);

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
/* The next install's wire. */
void station_strike(enum strike strike, bool from_chip, uint64_t at);

/* What a live licence must name now. */
uint32_t station_session(void);
/* What the secure bootloader says of itself. */
void station_info(sfi_dialect_info *out);

#endif
