/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file transport.h
 * Links to a chip: a serial port, or the caller's own.
 *
 * A link is one of four kinds, after what it moves: bytes, bytes both ways at
 * once (SPI), USB control transfers, words of the chip's memory.  Each kind is
 * a table of functions; `user` comes first.  Each function returns SFI_OK or a
 * status, SFI_ERR_NO_DEVICE when the link is gone; sfi_ctx_report() says more.
 * None may call into the handle that calls it: that is SFI_ERR_STATE.
 */
#ifndef SFI_TRANSPORT_H
#define SFI_TRANSPORT_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** A link to one chip. */
typedef struct sfi_transport sfi_transport;

/** A link that moves bytes (a USART, a socket, a test). */
typedef struct sfi_stream_ops {
    uint32_t struct_size; /**< sizeof(sfi_stream_ops) */
    uint32_t flags;       /**< 0 */
    /** Wait up to `timeout_ms` for at least one byte and give what is there,
     * at most `len`; SFI_ERR_TIMEOUT with *got = 0 when nothing came. */
    sfi_status (*read)(void *user, uint8_t *buf, size_t len, size_t *got,
                       uint32_t timeout_ms);
    /** Send all of it within `timeout_ms`. */
    sfi_status (*write)(void *user, const uint8_t *buf, size_t len,
                        uint32_t timeout_ms);
    /** Drop unread input; NULL: nothing to drop. */
    sfi_status (*flush)(void *user);
    /** Pull the chip's reset line, with BOOT0 high (1) or low (0); NULL: there
     * is no such line, a person must do it. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
    /** Set the line to one of its speeds, 0 being the fastest; say how many
     * baud that is (0: bytes take no time), and how many `slower` ones there
     * are, at most 32 in all.  NULL: the link has one speed. */
    sfi_status (*set_speed)(void *user, uint32_t choice, uint32_t *baud,
                            uint32_t *slower);
} sfi_stream_ops;

/** A link that clocks bytes both ways: SPI mode 0, most significant bit first,
 * the chip being the slave (AN4286). */
typedef struct sfi_spi_ops {
    uint32_t struct_size; /**< sizeof(sfi_spi_ops) */
    uint32_t flags;       /**< 0 */
    /** NSS low (1) or high (0). */
    sfi_status (*select)(void *user, int asserted);
    /** Clock `len` bytes, `tx` out and `rx` in (NULL: dropped), with the time
     * between two bytes that the chip needs; all of them, or an error. */
    sfi_status (*transfer)(void *user, const uint8_t *tx, uint8_t *rx,
                           size_t len);
    /** Pull the chip's reset line, with BOOT0 high (1) or low (0); NULL: there
     * is no such line, a person must do it. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
} sfi_spi_ops;

/** A link to the default pipe of a USB device (DFU, AN3156). */
typedef struct sfi_usb_ops {
    uint32_t struct_size; /**< sizeof(sfi_usb_ops) */
    uint32_t flags;       /**< 0 */
    /** One control transfer within `timeout_ms`; bit 7 of `request_type` set:
     * into `data`.  `*got` bytes of `len` were moved.  SFI_ERR_NACK: the device
     * stalled it; SFI_ERR_NO_DEVICE: it is gone. */
    sfi_status (*control)(void *user, uint8_t request_type, uint8_t request,
                          uint16_t value, uint16_t index, uint8_t *data,
                          size_t len, size_t *got, uint32_t timeout_ms);
    /** Wait up to `timeout_ms` for the device to come back after a reset, and
     * open it again; NULL: it cannot be. */
    sfi_status (*reopen)(void *user, uint32_t timeout_ms);
    /** Pull the chip's reset line, with BOOT0 high (1) or low (0); NULL: there
     * is no such line, a person must do it. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
} sfi_usb_ops;

/** A link to the chip's memory: a debug probe (JTAG, SWD). */
typedef struct sfi_dap_ops {
    uint32_t struct_size; /**< sizeof(sfi_dap_ops) */
    uint32_t flags;       /**< 0 */
    /** Read `count` words from `address`, a multiple of 4, on.  SFI_ERR_NACK:
     * the chip faulted the access. */
    sfi_status (*read32)(void *user, uint32_t address, uint32_t *words,
                         size_t count);
    /** Write them; likewise. */
    sfi_status (*write32)(void *user, uint32_t address, const uint32_t *words,
                          size_t count);
    /** Pull the chip's reset line, with BOOT0 high (1) or low (0); NULL: there
     * is no such line, a person must do it. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
} sfi_dap_ops;

/**
 * Open a link by name.
 *
 * `serial:PATH?baud=N&reset=LINE&boot0=LINE` is a serial port at 8 data bits,
 * even parity and one stop bit (AN3155, section 2).  N is a usual speed from
 * 1200 to 921600, by default 115200.  Up to 115200, for which bootloaders are
 * specified, it is the one that is used; above, where the chip or the port does
 * not answer, the next lower one is tried, down to 115200, and each step is
 * logged as a warning.  `fallback=no` uses N alone.
 *
 * LINE is `dtr` or `rts` and names what is wired to the chip's NRST (and
 * BOOT0); a line that is set is low, and with an inverter in between it is
 * `-dtr` or `-rts`.  NRST is held for 20 ms, and the bootloader given 60 ms to
 * start, or what `pulse=MS` and `wait=MS` say.  A chip that does not answer is
 * reset into its bootloader.  Without `reset` it cannot be reset through the
 * port.  A port that does no parity, as a pseudo-terminal, is logged as a
 * warning and used as it is.
 *
 * `spi:PATH?speed=HZ&gap=US&reset=LINE&boot0=LINE` is a spidev of Linux, mode 0
 * (AN4286, section 1).  HZ is at most 8000000, by default 1000000; US is the
 * time between two bytes, 0 to 1000, by default 15.  LINE is a GPIO chip and
 * the number of a line, `gpiochip0:17`; it is held until the link is released,
 * NRST as an open drain.  NSS is low during each message of up to 256 bytes,
 * and between those that belong together.
 *
 * `script:PATH` plays the other side as a trace of sfi_transport_capture() has
 * it.  It stops, with SFI_ERR_IO and the line, where the host does anything
 * else than then.
 *
 * `openocd:HOST:PORT?target=NAME&reset=WHAT` is the memory of a chip behind an
 * openocd that runs, through its Tcl port (`tcl_port`, usually 6666).  Without
 * `target` it must have one target only.  WHAT is `core`, by default: the reset
 * goes by AIRCR, which a secure chip does not let through; or `srst`, the
 * probe's line to NRST.  BOOT0 is not reached.
 *
 * `usb:PLACE` is a USB device in DFU mode (feature `usb`).  PLACE is nothing
 * (the only one of ST's, 0483:df11), VENDOR:PRODUCT, N for the n-th of them by
 * bus and port, `serial=TEXT`, or `path=BUS-PORT.PORT`.  An STM32H753's
 * bootloader has the same serial number in every part: who has several names
 * the port.  A device that was reset is looked for at the port where it was.
 *
 * `cmsis-dap:PLACE?speed=HZ&wire=WIRE&mode=MODE` is the memory of a chip behind
 * a debug probe that speaks CMSIS-DAP (feature `usb`), version 2 (bulk
 * endpoints) or 1 (HID).  PLACE is as with `usb:`, nothing being the only probe
 * there.  HZ is 1000 to 100000000, by default 4000000; a probe that cannot
 * takes the next below.  WIRE is `swd`, by default, or `jtag`.  The reset is
 * the probe's line to NRST.  MODE is `hotplug`, by default: the chip is taken
 * as it is; `normal`: it is reset before; or `ur`: its debug port is asked
 * while it is held in reset.  The core is never halted, and BOOT0 not reached.
 *
 * @param ctx  the context
 * @param uri  the name; copied
 * @param out  receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, or the name is malformed, has an
 *                        unknown key or an impossible value; or more than one
 *                        USB device is meant
 *   SFI_ERR_UNSUPPORTED  unknown scheme, not built in, reset named for a port
 *                        without DTR and RTS, or a probe without SWD
 *   SFI_ERR_NO_DEVICE    no such port, line or device, or it is none of that
 *                        kind, or it left; no openocd, or no such target
 *   SFI_ERR_ACCESS       not allowed, or in use by another program
 *   SFI_ERR_IO           the port or the probe cannot be set up
 *   SFI_ERR_FORMAT       the trace is none; the error says in which line
 *   SFI_ERR_OS           the trace cannot be read
 *   SFI_ERR_LIMIT        the trace is longer than 256 MiB
 *   SFI_ERR_TIMEOUT      openocd or the probe does not answer, or no chip
 *                        behind the probe
 *   SFI_ERR_PROTOCOL     what answers is no openocd, no probe, or no memory
 *   SFI_ERR_NACK         openocd refuses to list its targets
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: on openocd's or the probe's answer, up to 15 s; otherwise never.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open(sfi_ctx *ctx,
                                                    const char *uri,
                                                    sfi_transport **out);

/** The user may not open it. */
#define SFI_FOUND_DENIED 0x1u
/** Another program has it, as far as the system tells. */
#define SFI_FOUND_BUSY 0x2u

/** Something that a link can go through.  What the device says of itself is
 * visible ASCII, all else being `\x1b`; empty where it says nothing. */
typedef struct sfi_transport_found {
    uint32_t struct_size;  /**< sizeof(sfi_transport_found) of the library */
    uint32_t flags;        /**< SFI_FOUND_* */
    char kind[16];         /**< "serial", "spi", "usb" or "cmsis-dap" */
    char uri[288];         /**< for sfi_transport_open() */
    char lasting_uri[288]; /**< the same, by a name that others plugged in do
                              not change; "": there is none, or it is `uri` */
    char product[128];
    char manufacturer[128];
    char serial[128]; /**< number; all STM32H753 in DFU mode share one */
} sfi_transport_found;

/**
 * Hears of one device.
 *
 * @param user   as given
 * @param found  valid during the call
 */
typedef void (*sfi_transport_found_fn)(void *user,
                                       const sfi_transport_found *found);

/**
 * List what links can go through, in this machine and now.
 *
 * Serial ports and spidevs are what Linux tells in /sys, and has a node for in
 * /dev; of serial ports those with a device behind them, so no consoles and no
 * pseudo-terminals.  They are not opened.  A name that a uri cannot hold is
 * left out, and so is a kind that was not built in: sfi_has_feature().
 *
 * USB devices are ST's in DFU mode, in the order of `usb:1`, `usb:2`, and
 * CMSIS-DAP probes, each with a uri of the port where it is.  Free ones are
 * asked for their names.  One that another program has is left alone, and
 * listed, as one that may not be opened, with what Linux knows of it.  Probes
 * of other kinds, which openocd drives, are not listed.
 *
 * @param ctx   the context
 * @param fn    called once for each
 * @param user  handed to fn
 *
 * @return SFI_OK, also when there is none; or
 *   SFI_ERR_ARGUMENT  ctx or fn is NULL
 *   SFI_ERR_NOMEM     no memory for USB; all else was listed
 *   SFI_ERR_IO, SFI_ERR_ACCESS  the USB cannot be looked at; likewise
 *
 * Blocks: on USB devices that do not answer, a second for each of their names.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_list(sfi_ctx *ctx,
                                                    sfi_transport_found_fn fn,
                                                    void *user);

/**
 * Write down what goes over a link, readable, and for `script:PATH`.
 *
 * From now on each call of the link's functions is in the file when it has
 * ended: what went out and what came in, in hexadecimal, failures, and the time
 * between (doc/protocol.md).  A file that cannot be written any more is a
 * warning in the log, and the link goes on.  Nothing that goes over a link
 * opens an image; who has the trace can send a static licence again, to this
 * chip alone.
 *
 * @param tp    a link
 * @param path  the file; made anew
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     called from a function of the link
 *   SFI_ERR_OS, SFI_ERR_ACCESS  the file cannot be written
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_capture(sfi_transport *tp,
                                                       const char *path);

/**
 * Make a link of the caller's own functions, a stream of bytes.
 *
 * @param ctx   the context; its errors are where ops report
 * @param ops   read and write at least; copied
 * @param user  handed to each function; not touched when this fails
 * @param out   receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, ops lacks read or write, or flags
 *                     is not 0
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open_stream(
    sfi_ctx *ctx, const sfi_stream_ops *ops, void *user, sfi_transport **out);

/**
 * Make a link of the caller's own functions, an SPI master.
 *
 * @param ctx   the context; its errors are where ops report
 * @param ops   select and transfer at least; copied
 * @param user  handed to each function; not touched when this fails
 * @param out   receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, ops lacks select or transfer,
 *                     or flags is not 0
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open_spi(sfi_ctx *ctx,
                                                        const sfi_spi_ops *ops,
                                                        void *user,
                                                        sfi_transport **out);

/**
 * Make a link of the caller's own functions, a USB device.
 *
 * @param ctx   the context; its errors are where ops report
 * @param ops   control at least; copied
 * @param user  handed to each function; not touched when this fails
 * @param out   receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, ops lacks control,
 *                     or flags is not 0
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open_usb(sfi_ctx *ctx,
                                                        const sfi_usb_ops *ops,
                                                        void *user,
                                                        sfi_transport **out);

/**
 * Make a link of the caller's own functions, a debug probe.
 *
 * @param ctx   the context; its errors are where ops report
 * @param ops   read32 and write32 at least; copied
 * @param user  handed to each function; not touched when this fails
 * @param out   receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, ops lacks read32 or write32,
 *                     or flags is not 0
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open_dap(sfi_ctx *ctx,
                                                        const sfi_dap_ops *ops,
                                                        void *user,
                                                        sfi_transport **out);

/**
 * Release a link.
 *
 * Targets and installers that use it keep it open until they are released.
 *
 * @param tp  a link, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_transport_free(sfi_transport *tp);

SFI_END_DECLS

#endif
