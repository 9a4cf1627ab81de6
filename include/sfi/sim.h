/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file sim.h
 * Virtual chips, for tests, examples and benches.
 *
 * A virtual chip is a folder: its flash, option bytes, certificate and key are
 * files there, up to date at any moment, even if the process is killed.  Or it
 * is in memory, and gone when it is freed (sfi_sim_make_in_memory()).  It
 * behaves at its links as the part does: an STM32H753xI starts the standard
 * bootloader (AN3155) until SECURITY is set, an STM32L462CE the secure one
 * until an install has succeeded.  An STM32H753xI has a debug port too: over
 * JTAG or SWD a debugger can access flash, the RAM that bootloaders offer, and
 * the registers that program flash and option bytes; while the secure
 * bootloader runs, only a mailbox in RAM (doc/protocol.md).
 *
 * A chip's folder may be made a board (sfi_sim_fit_board()): its own secure
 * boot, secure bootloader and firmware then run on an emulated core, in a
 * process of the program sfi-board, with models of the part's peripherals.  An
 * STM32L462CE can, and an STM32H753xI as an open part, over USART and SPI; the
 * latter's debug port reaches its memory, its registers and its core, at
 * readout protection level 1 all but the flash, at level 2 nothing.
 *
 * Limits of a chip that is not a board: no firmware runs on the core, which a
 * debugger can only halt and start; there are no peripherals; crypto takes no
 * time, and flash only if it is told to (sfi_sim_command(), "timing"); readout
 * protection that the owner lowers with sfi_sim_set_option() does not erase the
 * flash (the bootloader and the registers do).
 */
#ifndef SFI_SIM_H
#define SFI_SIM_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/firmware.h>
#include <sfi/personalization.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

/** A virtual chip. */
typedef struct sfi_sim sfi_sim;

/**
 * Version of libsfi-sim.
 *
 * libsfi-sim works with the libsfi of the same build only: the loader refuses
 * it beside another one ("version `LIBSFI_PRIVATE_...' not found"), and a
 * handle of another libsfi is refused and not followed (SFI_ERR_ARGUMENT).
 *
 * @return 0xMMmmpp00, that of sfi_version()
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API uint32_t sfi_sim_version(void);

/** The memories of a chip that its owner can read, without a bootloader. */
enum sfi_sim_memory {
    /** All of the flash, from its first address. */
    SFI_SIM_FLASH = 1,
    /** The programmed words in CSV order, little-endian; in force since the
     * last reset, or from the next one on. */
    SFI_SIM_OPTION_BYTES = 2,
    /** 136 bytes. */
    SFI_SIM_CERTIFICATE = 3,
    /** The private key, 32 bytes big-endian, so that others can check
     * licences.  A real part never reveals it. */
    SFI_SIM_DEVICE_KEY = 4,
    /** All RAM that bootloaders use: what the standard one offers, then the
     * secure one's own; of a board all RAM, from its first address.  It is not
     * in the folder: only an open chip has it. */
    SFI_SIM_RAM = 5
};

/**
 * Make a new chip, as the chip maker does.
 *
 * If the folder `ca_dir` has no CA, one is made: `ca.key.pem` (readable by its
 * owner only), `ca.pub.pem`, and for each product a personalisation file for
 * the HSM, `<ProductID>_SFI_01000000_00000000.pd`.  If only the private key
 * exists, the other files are made again.
 *
 * The chip's folder appears complete or not at all.
 *
 * @param ctx        the context
 * @param chip       which part
 * @param ca_dir     the CA's folder; made if it does not exist
 * @param state_dir  the new chip's folder; must not exist, or be empty
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_ACCESS    the folder already holds a chip or other files, the
 *                     CA's public key exists without its private key, or a
 *                     folder cannot be written
 *   SFI_ERR_FORMAT    the CA's key is not a P-256 key in PEM, or does not
 *                     belong to `ca.pub.pem`
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

/** A chip to make. */
typedef struct sfi_sim_make_options {
    uint32_t struct_size; /**< sizeof(sfi_sim_make_options) */
    uint32_t flags;       /**< 0 */
    const sfi_chip *chip; /**< which part */
    /** The version of its standard bootloader, by AN2606: "V13.2", "V13.3",
     * "V9.0", "V9.1" or "V9.2" of an STM32H753xI, "V9.2" of an STM32L462CE.
     * NULL: the newest. */
    const char *bootloader;
    const char *ca_dir;    /**< the CA's folder */
    const char *state_dir; /**< the new chip's folder; NULL: in memory */
    /** NULL, or a chip in memory whose CA certifies this one as well: for
     * sfi_sim_make_in_memory(). */
    const sfi_sim *maker;
} sfi_sim_make_options;

/**
 * Make a new chip of a chosen version, as sfi_sim_manufacture() does.
 *
 * Each version has the limitations that AN2606 lists (doc/porting.md, "Habits
 * of a virtual chip").
 *
 * @param ctx      the context
 * @param options  what to make
 *
 * @return SFI_OK, or as sfi_sim_manufacture() and
 *   SFI_ERR_ARGUMENT  a pointer is NULL, flags are unknown, or the part has no
 *                     bootloader of this version
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *
 * Blocks: as sfi_sim_manufacture().  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_sim_manufacture_with(sfi_ctx *ctx, const sfi_sim_make_options *options);

/**
 * Make a new chip in memory, and power it on, with BOOT0 high.
 *
 * It is as one in a folder, but gone when it is freed; nothing is on the disk.
 * Its CA is that of `ca_dir`, that of `maker`, or, if both are NULL, a new one,
 * also in memory: one HSM trusts all chips of one CA.
 *
 * @param ctx      the context
 * @param options  what to make; state_dir is NULL
 * @param out      receives the chip, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, flags are unknown, the part has no
 *                     bootloader of this version, there is a state_dir, both
 *                     ca_dir and maker, or the maker is in a folder
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_UNSUPPORTED  no security extension is known of this part
 *   SFI_ERR_CRYPTO    no randomness, or the crypto library failed
 *   SFI_ERR_NOMEM     no memory
 *   any status        of sfi_sim_manufacture(), with a ca_dir
 *
 * Blocks: on the files of ca_dir.  Thread: the context's; the maker's context
 * may be another one, if no other thread frees it meanwhile.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_make_in_memory(
    sfi_ctx *ctx, const sfi_sim_make_options *options, sfi_sim **out);

/**
 * The personalisation that makes an HSM trust the CA of a chip in memory.
 *
 * @param sim  a chip of sfi_sim_make_in_memory()
 * @param out  receives it, for the chip's product; caller frees; NULL on any
 *             failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_STATE     the chip is in a folder: the CA's folder has the file; or
 *                     from inside a callback of the chip
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_sim_personalization(const sfi_sim *sim, sfi_personalization **out);

/**
 * Open a chip and power it on, with BOOT0 high.
 *
 * The folder is locked: one simulator at a time.  A board is opened with
 * sfi_sim_open_board().
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param out        receives the chip, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_FORMAT    a file has a wrong length or names an unknown part or
 *                     bootloader, or certificate and key do not belong
 *                     together
 *   SFI_ERR_ACCESS    another simulator runs it, or the folder cannot be read
 *   SFI_ERR_LIMIT     the path, or a file, is too long
 *   SFI_ERR_CRYPTO    the device key is not valid, or the crypto library failed
 *   SFI_ERR_OS        the folder does not exist, or a file cannot be read
 *   SFI_ERR_UNSUPPORTED  the chip is a board
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: on files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_open(sfi_ctx *ctx,
                                              const char *state_dir,
                                              sfi_sim **out);

/**
 * Make a board of a new chip: put programs into its flash, as the maker of a
 * device does with a debug probe.
 *
 * The first time this also writes the chip's key and certificate into a data
 * page of the flash, and protects the secure boot from writing; from then on
 * flash.bin in the folder holds the key, and only its owner can read it.  Again
 * with the same programs nothing happens; with others, these replace them and
 * nothing else: after an install that brings the secure bootloader back.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder, of sfi_sim_manufacture()
 * @param programs   of an STM32L462CE the secure boot and the secure
 *                   bootloader, of an STM32H753xI its bootloader, for instance
 *                   of examples/bootloader; all within their places in the
 *                   flash
 * @param count      how many
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL, or count is 0
 *   SFI_ERR_UNSUPPORTED  no board of this part is known
 *   SFI_ERR_RANGE        a program is not all in its place
 *   SFI_ERR_STATE        the chip has run before without a board
 *   SFI_ERR_ACCESS       a simulator runs the chip, or the folder cannot be
 *                        written
 *   SFI_ERR_FORMAT, SFI_ERR_LIMIT, SFI_ERR_CRYPTO, SFI_ERR_OS, SFI_ERR_NOMEM
 *                        as sfi_sim_open()
 *
 * Blocks: on files.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_sim_fit_board(sfi_ctx *ctx, const char *state_dir,
                  const sfi_firmware *const *programs, size_t count);

/**
 * Open a board and power it on, with BOOT0 low, as its bootloader is in the
 * flash.
 *
 * Starts a process of the board program, which ends with the chip.  Both map
 * the chip's flash, so the device key passes no socket.  Habits
 * (sfi_sim_command()) and sfi_sim_erase_flash() are not available.
 *
 * @param ctx        the context
 * @param state_dir  the folder of a chip that sfi_sim_fit_board() made a board
 * @param program    the board program, sfi-board: a path, or a name to be found
 *                   in PATH
 * @param out        receives the chip, caller frees; NULL on any failure
 *
 * @return SFI_OK, or as sfi_sim_open() and
 *   SFI_ERR_ARGUMENT     a pointer is NULL, or program is empty
 *   SFI_ERR_UNSUPPORTED  the chip is not a board
 *   SFI_ERR_OS           the program cannot be started, or has ended
 *   SFI_ERR_PROTOCOL     the program refuses, or is not that of this libsfi
 *
 * Blocks: on files, and while the core starts.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_open_board(sfi_ctx *ctx,
                                                    const char *state_dir,
                                                    const char *program,
                                                    sfi_sim **out);

/**
 * Make a board in memory and power it on, with BOOT0 low; it is gone when it is
 * freed.
 *
 * As sfi_sim_make_in_memory(), sfi_sim_fit_board() and sfi_sim_open_board() one
 * after the other, without a folder.  The memory that both processes share has
 * no name in the file system.
 *
 * @param ctx       the context
 * @param options   what to make; state_dir is NULL
 * @param program   the board program, sfi-board: a path, or a name to be found
 *                  in PATH
 * @param programs  as for sfi_sim_fit_board()
 * @param count     how many
 * @param out       receives the chip, caller frees; NULL on any failure
 *
 * @return SFI_OK, or as sfi_sim_make_in_memory() and
 *   SFI_ERR_ARGUMENT     a pointer is NULL, program is empty, or count is 0
 *   SFI_ERR_UNSUPPORTED  no board of this part is known
 *   SFI_ERR_RANGE        a program is not all in its place
 *   SFI_ERR_OS           the program cannot be started, or has ended; or there
 *                        is no /proc
 *   SFI_ERR_PROTOCOL     the program refuses, or is not that of this libsfi
 *
 * Blocks: on the files of ca_dir, and while the core starts.  Thread: the
 * context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_make_board(
    sfi_ctx *ctx, const sfi_sim_make_options *options, const char *program,
    const sfi_firmware *const *programs, size_t count, sfi_sim **out);

/**
 * Tell which part a virtual chip is.
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
 * Time on this link is virtual: a read that finds nothing advances the chip's
 * clock by the timeout and fails at once, so that tests never wait.  Over SPI
 * each byte takes 16 us, over the debug port each block of words 1 ms.  The
 * link's reset is a power cycle with the BOOT0 pin as asked for; the probe's is
 * NRST, and leaves BOOT0.
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
 * @param out_len  room in, used out; the rest is kept for the next call
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

/**
 * Clock bytes through the chip's SPI, with NSS low.
 *
 * Each advances the chip's clock by 16 us.
 *
 * @param sim  a chip
 * @param tx   `len` bytes to the chip
 * @param rx   receives its bytes; 0xff where nothing drives the line
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
 * Do to the chip what a bench does: reset it, switch its supply, set its pins.
 *
 * The commands, each a line of words:
 *
 *     reset            a low pulse on NRST
 *     nrst 0|1         0 holds the chip in reset
 *     power off|on     the supply; sfi_sim_power_on() cycles it
 *     boot0 0|1        the pin, which the next reset reads
 *     halt             the core stands still until a reset: nothing answers
 *     state            answers with `name=value` words: chip, bootloader,
 *                      power, nrst, boot0, runs (nothing, application,
 *                      bootloader, secure-bootloader or hung), resets,
 *                      reset-due; of a board also outputs (how often a GPIO
 *                      output changed); more may be added
 *     timing real|none whether flash takes a real part's typical time, on the
 *                      chip's clock; none after sfi_sim_open()
 *     habit NAME N     how it behaves where papers and reports differ
 *                      (doc/porting.md, "Habits of a virtual chip")
 *
 * @param sim      a chip
 * @param line     the command
 * @param answer   receives the answer, with a NUL at the end; may be NULL when
 *                 *len is 0, and the answer is then dropped
 * @param len      room in, used out with the NUL; on SFI_ERR_BUFFER, needed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or the line is not a command
 *   SFI_ERR_BUFFER    the answer does not fit; the command was carried out
 *   SFI_ERR_STATE     from inside a callback of the chip; a reset without
 *                     power, a halt of a core that does not run, or a habit of
 *                     a board
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_command(sfi_sim *sim, const char *line,
                                                 char *answer, size_t *len);

/**
 * Plug the chip's USB into a host, which enumerates it.
 *
 * The chip is a DFU device (AN3156) while a bootloader runs.  It disconnects
 * when that ends or the chip is reset, and must then be enumerated again.  The
 * bootloaders of an STM32L462CE have no USB.
 *
 * @param sim  a chip
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT   sim is NULL
 *   SFI_ERR_NO_DEVICE  no bootloader with USB is running
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
 *                 answer's length, 0 for a packet without one
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
 * Has the chip stayed on the USB since it was enumerated?
 *
 * @param sim  a chip, or NULL
 *
 * @return 1; 0 if it was never enumerated or has disconnected, and for NULL
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
 *   SFI_ERR_NO_DEVICE  it is not attached, or disconnected during this transfer
 *   SFI_ERR_STATE      from inside a callback of the chip
 *   SFI_ERR_TIMEOUT    it NAKs the transfer: it hangs, or is at work
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_usb_control(
    sfi_sim *sim, uint8_t request_type, uint8_t request, uint16_t value,
    uint16_t index, uint8_t *data, size_t len, size_t *got);

/**
 * Do programmed option bytes wait for a reset?
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
 * Advance the chip's clock: half frames are dropped, and a delayed reset is
 * done when it is due.
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
 * Every change that survives a power cycle is one operation: a program unit,
 * an erased sector, the option bytes, the secure bootloader's record.  After
 * `flash_ops` more, the next one stops half-way: half of a unit or sector is
 * done, option bytes and record stay as they were.  From then on the chip is
 * silent, until sfi_sim_power_on().
 *
 * @param sim        a chip, or NULL
 * @param flash_ops  operations that still complete; UINT64_MAX: no cut
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_sim_power_cut_after(sfi_sim *sim, uint64_t flash_ops);

/**
 * The number of operations that completed since the chip was opened.
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
 * The number of power-ups and resets since the chip was opened.
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
 * Is the chip powered?
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
 * Cycle the power: RAM is cleared, flash and option bytes stay, and programmed
 * option bytes come into force.  Ends a power cut, and cancels one that was
 * set.
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
 * Set the BOOT0 pin, which the next power-up or reset reads.
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
 * comes into force at the next reset.
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
 * secure bootloader by this, and is a standard part from the next reset on.
 *
 * @param sim  a chip
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  sim is NULL
 *   SFI_ERR_STATE     from inside a callback of the chip, or there is no power
 *   SFI_ERR_UNSUPPORTED  the chip is a board
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_erase_flash(sfi_sim *sim);

/**
 * Read a memory of an open chip, without its bootloader.
 *
 * @param sim   a chip
 * @param area  SFI_SIM_*
 * @param data  receives the content
 * @param len   room in, used out; on SFI_ERR_BUFFER, needed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or the area is unknown
 *   SFI_ERR_BUFFER    it does not fit
 *   SFI_ERR_STATE     from inside a callback of the chip, or the program of a
 *                     board has ended
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_dump(const sfi_sim *sim, uint32_t area,
                                              uint8_t *data, size_t *len);

/**
 * Read a memory of a chip from its folder, without opening it.
 *
 * Nothing is locked, powered on or changed, so this works while another
 * process runs the chip.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param area       SFI_SIM_*, except SFI_SIM_RAM
 * @param data       receives the content
 * @param len        room in, used out; on SFI_ERR_BUFFER, needed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or the area is unknown
 *   SFI_ERR_BUFFER    it does not fit
 *   SFI_ERR_FORMAT    a file has a wrong length or names an unknown part
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
 * Copy a memory of a chip from its folder into a file, whole or not at all.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param area       SFI_SIM_*, except SFI_SIM_RAM
 * @param path       the file; readable by its owner only if it is the device
 *                   key, or the flash of a board, which holds it
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL, or the area is unknown
 *   SFI_ERR_FORMAT    a file of the chip has a wrong length or names an
 *                     unknown part
 *   SFI_ERR_ACCESS, SFI_ERR_OS  a file cannot be read or written, or the file
 *                     is never replaced: sfi_ctx_check_output()
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
 * Read flash of an open chip, without its bootloader.
 *
 * @param sim      a chip
 * @param address  the first byte
 * @param data     receives `len` bytes
 * @param len      how many
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_RANGE     not all of the range is flash
 *   SFI_ERR_STATE     from inside a callback of the chip
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_read_flash(const sfi_sim *sim,
                                                    uint64_t address,
                                                    uint8_t *data, size_t len);

/**
 * Release a chip: power it off, and keep its folder.  A transport to it keeps
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
