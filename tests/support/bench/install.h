/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An install without the host side of libsfi: a package from the image builder,
 * a licence for the chip on the bench, and requests as AN3155 frames. */
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
/* The same with another firmware, which the package then owns. */
void package_make_of(struct package *p, sfi_firmware *firmware);
void package_free(struct package *p);

/* No reply. */
#define INSTALL_SILENT -1
/* The chip did not acknowledge the frame. */
#define INSTALL_NACK -2

/* One request of the security extension; the result is its cause or one of the
 * above.  `reply` may be NULL. */
int install_request(uint16_t opcode, const uint8_t *param, size_t param_len,
                    const uint8_t *data, size_t data_len, uint8_t *reply,
                    size_t *reply_len);
/* Send 0x7f until there is a reply; false: silent. */
bool install_sync(void);
/* From SECURE to FINISH; the first result that is not SFI_CAUSE_NONE. */
int install_run(const struct package *p);
/* After FINISH: have the chip start its firmware. */
void install_leave(void);
/* Set SECURITY on an STM32H753xI and reset. */
void install_activate(void);

/* The chip holds exactly this firmware and these option bytes. */
void install_assert_complete(const struct package *p);
/* The user flash is erased, and no run of the firmware's plaintext, no key and
 * no nonce is anywhere in flash or RAM. */
void install_assert_clean(const struct package *p);
/* The part of it in RAM: "the firmware", "the key", "the nonce"; NULL: none. */
const char *install_ram_holds(const struct package *p);
void install_assert_ram_clean(const struct package *p);

#endif
