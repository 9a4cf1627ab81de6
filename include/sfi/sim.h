/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file sim.h
 * Virtual chips, for tests, examples and benches.
 *
 * A virtual chip lives in a folder: its flash, option bytes, certificate and
 * key are files there, up to date at every moment, also when the process is
 * killed.  It behaves as the part does at its USART: an STM32H753xI comes with
 * the standard bootloader (AN3155) until SECURITY is set, an STM32L462CE with
 * the secure one until an install has succeeded.  An STM32H753xI has JTAG too:
 * over it a debugger reaches flash, the RAM that bootloaders offer, and the
 * registers that program flash and option bytes; of a secure one, a mailbox in
 * RAM only (doc/protocol.md).
 *
 * What it is not: there is no core that runs firmware or can be halted, no
 * peripherals; flash and crypto take no time; readout protection that the
 * owner lowers by sfi_sim_set_option() does not erase the flash (the bootloader
 * and the registers do).
 */
#ifndef SFI_SIM_H
#define SFI_SIM_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

/** A virtual chip. */
typedef struct sfi_sim sfi_sim;

/** What the owner of a chip can look at, past any bootloader. */
enum {
    /** All of the flash, from its first address. */
    SFI_SIM_FLASH = 1,
    /** The programmed words in CSV order, little-endian.  The last reset has
     * put them in force, or the next one will. */
    SFI_SIM_OPTION_BYTES = 2,
    /** 136 bytes. */
    SFI_SIM_CERTIFICATE = 3,
    /** The private key, 32 bytes big-endian, so that others can check
     * licences.  A real part never shows it. */
    SFI_SIM_DEVICE_KEY = 4,
    /** All RAM that bootloaders use: what the standard one offers, then the
     * secure one's own.  Not in the folder: only of a chip that is open. */
    SFI_SIM_RAM = 5
};

/**
 * Make a new chip, as the chip maker does.
 *
 * The CA is made in its folder when it is not there: `ca.key.pem` (its owner
 * reads it), `ca.pub.pem`, and a personalisation file for the HSM,
 * `<ProductID>_SFI_01000000_00000000.pd`, for each product.  What is missing
 * beside an existing key is made again.
 *
 * The chip's folder appears complete or not at all.
 *
 * @param ctx        the context
 * @param chip       which part
 * @param ca_dir     the CA's folder; made when it is not there
 * @param state_dir  the new chip's folder; not there yet, or empty
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ACCESS    the folder holds a chip or something else already, the
 *                     CA's public key is there without its private key, or a
 *                     folder cannot be written
 *   SFI_ERR_FORMAT    the CA's key is no P-256 key in PEM, or is not the one
 *                     of `ca.pub.pem`
 *   SFI_ERR_LIMIT     a path is too long
 *   SFI_ERR_CRYPTO    no randomness, or the crypto library failed
 *   SFI_ERR_OS        a file cannot be read or written
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on files, and while another process makes the same CA.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_manufacture(sfi_ctx *ctx,
                                                     const sfi_chip *chip,
                                                     const char *ca_dir,
                                                     const char *state_dir);

/**
 * Open a chip and power it on, with BOOT0 high.
 *
 * The folder is locked: one simulator at a time.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param out        receives the chip, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT    a file is of a wrong length, names an unknown part, or
 *                     certificate and key do not belong together
 *   SFI_ERR_ACCESS    another simulator has it, or the folder cannot be read
 *   SFI_ERR_LIMIT     the path, or a file, is too long
 *   SFI_ERR_CRYPTO    the device key is none, or the crypto library failed
 *   SFI_ERR_OS        there is no such folder, or a file cannot be read
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_open(sfi_ctx *ctx,
                                              const char *state_dir,
                                              sfi_sim **out);

/**
 * Which part it is.
 *
 * @param sim  a chip, or NULL
 *
 * @return the part; NULL for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const sfi_chip *sfi_sim_chip(const sfi_sim *sim);

/**
 * Connect to the chip inside the process.
 *
 * Time on this link is the chip's own and does not pass by itself: reading
 * when nothing is there moves it on by the timeout and fails at once, so that
 * tests never wait; over SPI each byte takes 16 us, over the debug port each
 * block of words 1 ms.  The link's reset is a power cycle with the BOOT0 pin as
 * asked; the probe's is NRST, and leaves BOOT0.
 *
 * @param sim             a chip; kept alive by the transport
 * @param interface_name  "usart", "spi", "usb", "jtag": its debug port, or
 *                        "swd": the same behind a virtual CMSIS-DAP probe
 * @param out             receives the transport, caller frees; NULL on any
 *                        failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_UNSUPPORTED  the chip has no such interface
 *   SFI_ERR_STATE        from inside a callback of the chip
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_transport(sfi_sim *sim,
                                                   const char *interface_name,
                                                   sfi_transport **out);

/**
 * Send bytes to the chip's USART and fetch its answer.
 *
 * @param sim      a chip
 * @param in       the bytes; may be NULL when in_len is 0
 * @param in_len   how many
 * @param out      receives the answer
 * @param out_len  room in, used out; what does not fit waits for the next call
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_STATE     from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_usart(sfi_sim *sim, const uint8_t *in,
                                               size_t in_len, uint8_t *out,
                                               size_t *out_len);

/** Let other machines reach the chip: sfi_sim_links. */
#define SFI_SIM_REMOTE 0x1u

/** Where other processes meet a chip; at least one of them. */
typedef struct sfi_sim_links {
    uint32_t struct_size; /**< sizeof(sfi_sim_links) */
    uint32_t flags;       /**< 0 or SFI_SIM_REMOTE */
    /** Name of a symbolic link to a pseudo terminal, the chip's USART; an old
     * link there is replaced.  NULL: none. */
    const char *usart;
    /** "HOST:PORT", the chip's JTAG as openocd's remote_bitbang over TCP.
     * HOST is `localhost` or an IP address, of this machine alone without
     * SFI_SIM_REMOTE; PORT 0 is one that is free.  NULL: none. */
    const char *jtag;
} sfi_sim_links;

/**
 * Clock bytes through the chip's SPI, NSS being low.
 *
 * The chip's time passes with them, 16 us each.
 *
 * @param sim  a chip
 * @param tx   `len` bytes to the chip
 * @param rx   receives what it says meanwhile; 0xff: nothing drives the line
 * @param len  how many; the pointers may be NULL when it is 0
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_STATE     from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_spi(sfi_sim *sim, const uint8_t *tx,
                                             uint8_t *rx, size_t len);

/**
 * Serve the chip to other processes.
 *
 * The USART's link appears when the chip listens, and goes in the end.
 * Programs may open and close it as often as they like.  A pty has no reset
 * line: when an option change waits for a reset, the bench power-cycles the
 * chip once its answer is out.
 *
 * JTAG takes one client at a time, the next one when it has left.  SRST is the
 * chip's NRST and is let go when the client leaves.
 *
 * @param sim    a chip
 * @param links  which of them, and where
 * @param stop   asked first when all listen, and then several times a second;
 *               non-zero ends the service
 * @param user   handed to stop
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, no link is named, a name is
 *                        malformed, or flags are unknown
 *   SFI_ERR_ABI          struct_size is unknown, or its tail is not zero
 *   SFI_ERR_UNSUPPORTED  there are no pseudo terminals here, or the part has no
 *                        JTAG
 *   SFI_ERR_ACCESS       the name is taken by something that is no link, or
 *                        may not be made; the port is taken; or HOST is no
 *                        address of this machine alone
 *   SFI_ERR_LIMIT        the name is too long
 *   SFI_ERR_STATE        from inside a callback of the chip
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_OS           the operating system refused
 *
 * Blocks: until stop says so.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_serve(sfi_sim *sim,
                                               const sfi_sim_links *links,
                                               int (*stop)(void *user),
                                               void *user);

/**
 * The TCP port of the chip's JTAG, while it is served.
 *
 * @param sim  a chip, or NULL
 *
 * @return the port; 0 when JTAG is not served, and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint32_t sfi_sim_jtag_port(const sfi_sim *sim);

/**
 * Plug the chip's USB into a host, which enumerates it.
 *
 * It is a DFU device (AN3156) while a bootloader runs, and gone when that ends
 * or the chip is reset: after that it must be enumerated again.  An
 * STM32L462CE's bootloaders do not speak USB.
 *
 * @param sim  a chip
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   sim is NULL
 *   SFI_ERR_NO_DEVICE  nothing that speaks USB runs
 *   SFI_ERR_STATE      from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_usb_attach(sfi_sim *sim);

/** The longest packet of the virtual probe. */
#define SFI_SIM_PROBE_PACKET 512u

/**
 * Send one packet to a CMSIS-DAP probe on the chip's SWD and JTAG.
 *
 * The probe has no trace.  Its reset line is the chip's NRST; the BOOT0 pin is
 * as sfi_sim_set_boot0() left it.
 *
 * @param sim      a chip
 * @param out      the packet; may be NULL when out_len is 0
 * @param out_len  its length
 * @param in       receives the answer
 * @param in_len   room in `in`, at least SFI_SIM_PROBE_PACKET; receives the
 *                 answer's length, 0 for a packet that gets none
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL
 *   SFI_ERR_BUFFER       `in` is too small
 *   SFI_ERR_UNSUPPORTED  the part has no debug port
 *   SFI_ERR_STATE        from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_probe(sfi_sim *sim, const uint8_t *out,
                                               size_t out_len, uint8_t *in,
                                               size_t *in_len);

/**
 * Is the chip on the bus still as it was enumerated?
 *
 * @param sim  a chip, or NULL
 *
 * @return 1; 0 when it never was, has gone since, and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API int sfi_sim_usb_attached(const sfi_sim *sim);

/**
 * Run one control transfer with the chip's default pipe.
 *
 * @param sim           a chip
 * @param request_type  bmRequestType; bit 7 set: from the chip
 * @param request       bRequest
 * @param value         wValue
 * @param index         wIndex
 * @param data          the data stage: `len` bytes, or room for them; may be
 *                      NULL when len is 0
 * @param len           wLength, at most 65535
 * @param got           receives the bytes moved
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   a pointer is NULL, or len is too large
 *   SFI_ERR_NACK       the chip stalled the transfer
 *   SFI_ERR_NO_DEVICE  it is not attached, or went away over this transfer
 *   SFI_ERR_STATE      from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_usb_control(
    sfi_sim *sim, uint8_t request_type, uint8_t request, uint16_t value,
    uint16_t index, uint8_t *data, size_t len, size_t *got);

/**
 * Does a change of the option bytes wait for a reset?
 *
 * @param sim  a chip, or NULL
 *
 * @return 1, or 0, also for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API int sfi_sim_reset_is_due(const sfi_sim *sim);

/**
 * Let time pass for the chip: half frames are dropped, a reset that waits for
 * its time comes.
 *
 * @param sim  a chip, or NULL
 * @param ms   how long
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_sim_wait(sfi_sim *sim, uint32_t ms);

/**
 * Let the power fail.
 *
 * Every change of what outlives a power cycle is one operation: a program
 * unit, an erased sector, the option bytes, the secure bootloader's record.
 * `ops` more complete; the next one stops half-way (of a unit or sector the
 * first half is done; option bytes and record stay as they were).  From then
 * on the chip is silent, until sfi_sim_power_on().
 *
 * @param sim        a chip, or NULL
 * @param flash_ops  operations that still complete; UINT64_MAX: no cut
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_sim_power_cut_after(sfi_sim *sim, uint64_t flash_ops);

/**
 * How many operations have completed since the chip was opened.
 *
 * @param sim  a chip, or NULL
 *
 * @return the count; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint64_t sfi_sim_flash_ops(const sfi_sim *sim);

/**
 * How often the chip has started since it was opened: power-ups and resets.
 *
 * @param sim  a chip, or NULL
 *
 * @return the count, 1 for a chip just opened; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint64_t sfi_sim_resets(const sfi_sim *sim);

/**
 * Has the chip power?
 *
 * @param sim  a chip, or NULL
 *
 * @return 1, or 0 after a power cut and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API int sfi_sim_has_power(const sfi_sim *sim);

/**
 * Cycle the power: RAM is gone, flash and option bytes stay, and option bytes
 * that were programmed come in force.  Also after a power cut; none is to
 * come afterwards.
 *
 * @param sim  a chip
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  sim is NULL
 *   SFI_ERR_STATE     from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_power_on(sfi_sim *sim);

/**
 * Set the BOOT0 pin.  The next power-up or reset looks at it.
 *
 * @param sim    a chip, or NULL
 * @param level  0: low; else high, as it is after sfi_sim_open()
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_sim_set_boot0(sfi_sim *sim, int level);

/**
 * Program one row of the option bytes, as its owner's debugger would.  It
 * comes in force at the next reset.
 *
 * @param sim    a chip
 * @param name   a row of the part's CSV file: "FOPTSR_PRG", "FLASH_OPTR"
 * @param value  the word
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or the part has no such row
 *   SFI_ERR_STATE     from inside a callback of the chip, readout protection
 *                     level 2 is in force, or there is no power
 *
 * Blocks: on a file.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_set_option(sfi_sim *sim,
                                                    const char *name,
                                                    uint32_t value);

/**
 * Erase all flash, as its owner's debugger would.  An STM32L462CE loses its
 * secure bootloader with it, and is a standard part from the next reset on.
 *
 * @param sim  a chip
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  sim is NULL
 *   SFI_ERR_STATE     from inside a callback of the chip, or there is no power
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_erase_flash(sfi_sim *sim);

/**
 * The owner's view of a chip, past its bootloader.
 *
 * @param sim   a chip
 * @param area  SFI_SIM_*
 * @param data  receives the content
 * @param len   room in, used out; on SFI_ERR_BUFFER, needed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or there is no such area
 *   SFI_ERR_BUFFER    it does not fit
 *   SFI_ERR_STATE     from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_dump(const sfi_sim *sim, uint32_t area,
                                              uint8_t *data, size_t *len);

/**
 * The same of a chip in its folder, without opening it.
 *
 * Nothing is locked, powered on or changed: it also works while another
 * process runs the chip, and shows how far that has come.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param area       SFI_SIM_*, but SFI_SIM_RAM
 * @param data       receives the content
 * @param len        room in, used out; on SFI_ERR_BUFFER, needed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or there is no such area
 *   SFI_ERR_BUFFER    it does not fit
 *   SFI_ERR_FORMAT    a file is of a wrong length or names an unknown part
 *   SFI_ERR_ACCESS, SFI_ERR_OS  a file cannot be read
 *   SFI_ERR_LIMIT     the path, or a file, is too long
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_peek(sfi_ctx *ctx,
                                              const char *state_dir,
                                              uint32_t area, uint8_t *data,
                                              size_t *len);

/**
 * The same, into a file: all of it or none.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param area       SFI_SIM_*, but SFI_SIM_RAM
 * @param path       the file; only its owner reads it when it is the device key
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or there is no such area
 *   SFI_ERR_FORMAT    a file of the chip is of a wrong length, or names an
 *                     unknown part
 *   SFI_ERR_ACCESS, SFI_ERR_OS  a file cannot be read or written
 *   SFI_ERR_LIMIT     the path, or a file, is too long
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_save(sfi_ctx *ctx,
                                              const char *state_dir,
                                              uint32_t area, const char *path);

/**
 * The owner's view of some flash.
 *
 * @param sim      a chip
 * @param address  the first byte
 * @param data     receives `len` bytes
 * @param len      how many
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_RANGE     not all of it is flash
 *   SFI_ERR_STATE     from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_read_flash(const sfi_sim *sim,
                                                    uint64_t address,
                                                    uint8_t *data, size_t len);

/**
 * Release a chip: its power goes, its folder stays.  A transport to it keeps
 * it alive.
 *
 * @param sim  a chip, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_sim_free(sfi_sim *sim);

SFI_END_DECLS

#endif
