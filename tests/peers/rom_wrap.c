/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The test bed of sfi-sim wrap with the model in rom/ in the place of a virtual
 * chip: a command finds it as a USB device, or as the slave of a spidev.
 *
 *     rom_wrap SOCKET usb|spi COMMAND...
 */
#include <stdlib.h>
#include <string.h>

#include "rom_socket.h"
#include "wrap/bed.h"

/* ---- the virtual chip's functions, as far as the bed calls them ---- */

sfi_status
sfi_sim_usb_attach(sfi_sim *sim)
{
    (void)sim;
    return rom_ask_plainly('A', NULL, 0);
}

int
sfi_sim_usb_attached(const sfi_sim *sim)
{
    (void)sim;
    return rom_ask_plainly('?', NULL, 0) == SFI_OK;
}

sfi_status
sfi_sim_usb_control(sfi_sim *sim, uint8_t request_type, uint8_t request,
                    uint16_t value, uint16_t index, uint8_t *data, size_t len,
                    size_t *got)
{
    uint8_t setup[8] = {request_type, request};

    (void)sim;
    rom_put_le(setup + 2, value, 2);
    rom_put_le(setup + 4, index, 2);
    rom_put_le(setup + 6, len, 2);
    return rom_ask_control(setup, 0, data, len, got);
}

sfi_status
sfi_sim_spi(sfi_sim *sim, const uint8_t *tx, uint8_t *rx, size_t len)
{
    size_t got = len;

    (void)sim;
    return rom_status_of(rom_ask('T', tx, len, rx, &got));
}

void
sfi_sim_wait(sfi_sim *sim, uint32_t ms)
{
    (void)sim;
    (void)ms;
}

int
sfi_sim_has_power(const sfi_sim *sim)
{
    (void)sim;
    return 1;
}

int
sfi_sim_reset_is_due(const sfi_sim *sim)
{
    (void)sim;
    return 0;
}

sfi_status
sfi_sim_power_on(sfi_sim *sim)
{
    (void)sim;
    return SFI_OK;
}

/* It has no debug port. */
bool
part_probe_start(struct part *p, GError **error)
{
    (void)p;
    (void)error;
    return false;
}

void
part_probe_pull(struct part *p)
{
    (void)p;
}

void
part_probe_end(struct part *p)
{
    (void)p;
}

int
main(int argc, char **argv)
{
    const struct cli_spec spec = {.program = "rom_wrap"};
    const struct cli c = {.spec = &spec};
    sfi_sim *none = NULL;

    if (argc < 4)
        return 64;
    rom_socket = atoi(argv[1]);
    return sim_wrap(&c, &none, 1,
                    strcmp(argv[2], "usb") == 0 ? WRAP_USB : WRAP_SPI,
                    (const char *const *)argv + 3);
}
