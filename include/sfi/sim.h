/**
 * @file sim.h
 * Virtual chips, for tests, examples and benches.
 */
#ifndef SFI_SIM_H
#define SFI_SIM_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

typedef struct sfi_sim sfi_sim;

enum {
    SFI_SIM_FLASH = 1,
    SFI_SIM_OPTION_BYTES = 2, /* little-endian words in CSV order, in force */
    SFI_SIM_CERTIFICATE = 3,
    SFI_SIM_DEVICE_KEY = 4
};

/* The chip maker: makes the CA in `ca_dir` when it is not there, with a
 * personalisation file for the chip's product, and one new chip in
 * `state_dir`. */
SFI_API SFI_NODISCARD sfi_status sfi_sim_manufacture(sfi_ctx *ctx,
                                                     const sfi_chip *chip,
                                                     const char *ca_dir,
                                                     const char *state_dir);
/* A chip whose state is in `state_dir` at every moment; powered on. */
SFI_API SFI_NODISCARD sfi_status sfi_sim_open(sfi_ctx *ctx,
                                              const char *state_dir,
                                              sfi_sim **out);
SFI_API const sfi_chip *sfi_sim_chip(const sfi_sim *sim);
/* in process; interface_name: "usart" */
SFI_API SFI_NODISCARD sfi_status sfi_sim_transport(sfi_sim *sim,
                                                   const char *interface_name,
                                                   sfi_transport **out);
/* USART bytes to the chip, and its answer */
SFI_API SFI_NODISCARD sfi_status sfi_sim_usart(sfi_sim *sim, const uint8_t *in,
                                               size_t in_len, uint8_t *out,
                                               size_t *out_len);
/* Serve a pty whose name appears as `link` until `stop` returns non-zero.  The
 * bench power-cycles the chip when an option change waits for a reset. */
SFI_API SFI_NODISCARD sfi_status sfi_sim_serve_usart(sfi_sim *sim,
                                                     const char *link,
                                                     int (*stop)(void *user),
                                                     void *user);
/* The chip loses its power after that many more flash operations. */
SFI_API void sfi_sim_power_cut_after(sfi_sim *sim, uint64_t flash_ops);
SFI_API uint64_t sfi_sim_flash_ops(const sfi_sim *sim); /* so far */
/* Power cycle: RAM is gone, flash and option bytes stay. */
SFI_API SFI_NODISCARD sfi_status sfi_sim_power_on(sfi_sim *sim);
/* The owner's view, past the bootloader.  *len: room in, used out. */
SFI_API SFI_NODISCARD sfi_status sfi_sim_dump(const sfi_sim *sim, uint32_t area,
                                              uint8_t *data, size_t *len);
SFI_API SFI_NODISCARD sfi_status sfi_sim_read_flash(const sfi_sim *sim,
                                                    uint64_t address,
                                                    uint8_t *data, size_t len);
SFI_API void sfi_sim_free(sfi_sim *sim);

SFI_END_DECLS

#endif
