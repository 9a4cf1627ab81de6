/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The configuration of sfi-served, an INI file: doc/served.md. */
#ifndef SERVED_CONFIG_H
#define SERVED_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <sfi/sfi.h>

#define FIRMWARES_MAX 32u /* bits of a station's */
#define LISTENS_MAX 4u
#define CONFIG_STATIONS_MAX 4096u
#define CONFIG_TEXT_MAX 200u /* a line of inih */

struct config_firmware {
    char name[SFI_FIRMWARE_ID_MAX + 1];
    char ledger[CONFIG_TEXT_MAX];
    char pin_file[CONFIG_TEXT_MAX]; /* "": of a credential of its name */
    int line;
};

struct config_station {
    char name[CONFIG_TEXT_MAX]; /* "*": all that have no section */
    char firmware_names[CONFIG_TEXT_MAX];
    uint32_t firmwares; /* bits, in the order of the file */
    uint32_t requests_per_minute, devices_per_day, connections;
    bool lease;
    int line;
};

struct config {
    char listen[LISTENS_MAX][CONFIG_TEXT_MAX];
    size_t listen_count;
    char certificate[CONFIG_TEXT_MAX], key[CONFIG_TEXT_MAX];
    char ca[CONFIG_TEXT_MAX], crl[CONFIG_TEXT_MAX];
    char metrics[CONFIG_TEXT_MAX];
    uint32_t connections;
    struct config_firmware firmwares[FIRMWARES_MAX];
    size_t firmware_count;
    struct config_station *stations;
    size_t station_count;
};

/* `ctx` gets the error, whose place is the file and the line. */
sfi_status config_load(sfi_ctx *ctx, const char *path, struct config **out);
void config_free(struct config *config);
/* HOST:PORT or [HOST]:PORT; false: it is not. */
bool config_address(const char *text, char host[CONFIG_TEXT_MAX],
                    uint16_t *port);

#endif
