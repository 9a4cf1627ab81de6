/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An install without the library's host side: a package made by its builder,
 * the licence made for the chip on the bench, and requests that are AN3155
 * frames. */
#ifndef SFI_TESTS_INSTALL_H
#define SFI_TESTS_INSTALL_H

#include <stdbool.h>

#include <sfi/firmware.h>

#include <bench/board.h>
#include "util/buf.h"

struct package {
    const sfi_chip *chip;
    uint8_t key[16], nonce[12];
    struct buf image; /* .sfi */
    sfi_firmware *firmware;
    uint8_t options[64];
    size_t options_len;
    uint8_t license[136];
};

/* The project's own firmware and option bytes for the chip on the bench. */
void package_make(struct package *p);
/* Of another firmware, which becomes the package's. */
void package_make_of(struct package *p, sfi_firmware *firmware);
void package_free(struct package *p);

/* The host heard nothing. */
#define INSTALL_SILENT -1
/* The frame was not acknowledged. */
#define INSTALL_NACK -2

/* One request of the security extension: its cause, or one of these.  `reply`
 * may be NULL. */
int install_request(uint16_t opcode, const uint8_t *param, size_t param_len,
                    const uint8_t *data, size_t data_len, uint8_t *reply,
                    size_t *reply_len);
/* 0x7f until something comes; false: silent. */
bool install_sync(void);
/* From SECURE to FINISH: the first answer that is not SFI_CAUSE_NONE. */
int install_run(const struct package *p);
/* Done: leave. */
void install_leave(void);
/* Set SECURITY on an STM32H753xI and reset. */
void install_activate(void);

/* Firmware and option bytes are in the chip, exactly. */
void install_assert_complete(const struct package *p);
/* The user flash is erased, and no run of the firmware's plaintext, no key and
 * no nonce is anywhere in flash or RAM. */
void install_assert_clean(const struct package *p);
/* What of it is in RAM: "the firmware", "the key", "the nonce"; NULL: nothing.
 */
const char *install_ram_holds(const struct package *p);
void install_assert_ram_clean(const struct package *p);

#endif
