/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file transport.h
 * Links to a chip: those built into libsfi, and links over the caller's own
 * functions.
 *
 * There are four kinds of link, by what they transfer: a stream of bytes, SPI,
 * USB control transfers, and words of the chip's memory.  Each kind is a table
 * of functions, whose first argument is `user`.  Each function returns SFI_OK
 * or a status, SFI_ERR_NO_DEVICE when the link is lost, and may call
 * sfi_ctx_report() to say more.  A function must not use the handle that calls
 * it: that returns SFI_ERR_STATE.
 */
#ifndef SFI_TRANSPORT_H
#define SFI_TRANSPORT_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

/** A link to one chip. */
typedef struct sfi_transport sfi_transport;

/** What a link carries. */
enum sfi_link_kind {
    SFI_LINK_USART = 1, /**< the commands of AN3155 */
    SFI_LINK_SPI = 2,   /**< the commands of AN4286 */
    SFI_LINK_USB = 3,   /**< DFU, AN3156 */
    SFI_LINK_MEMORY = 4 /**< words of memory, through a debug port */
};

/** Longest round trip of a stream, in milliseconds. */
#define SFI_STREAM_RTT_MAX 60000u

/** A link that transfers a stream of bytes: a serial port, a socket, a test. */
typedef struct sfi_stream_ops {
    uint32_t struct_size; /**< sizeof(sfi_stream_ops) */
    uint32_t flags;       /**< 0 */
    /** Wait up to `timeout_ms` for at least one byte, and return the bytes that
     * are there, at most `len`; SFI_ERR_TIMEOUT with *got = 0 when there are
     * no bytes. */
    sfi_status (*read)(void *user, uint8_t *buf, size_t len, size_t *got,
                       uint32_t timeout_ms);
    /** Send all bytes within `timeout_ms`. */
    sfi_status (*write)(void *user, const uint8_t *buf, size_t len,
                        uint32_t timeout_ms);
    /** Drop unread input; NULL: nothing to drop. */
    sfi_status (*flush)(void *user);
    /** Reset the chip by its reset line, with BOOT0 high (1) or low (0); NULL:
     * the link has no such line, and the user must reset the chip. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
    /** Set one of the link's speeds, 0 being the fastest.  Return its `baud`
     * (0: bytes take no time), and the number of `slower` speeds; there are at
     * most 32 in all.  NULL: the link has only one speed. */
    sfi_status (*set_speed)(void *user, uint32_t choice, uint32_t *baud,
                            uint32_t *slower);
    /** How much later than on a cable a reply may arrive, such as through a
     * network, there and back; at most SFI_STREAM_RTT_MAX.  Each wait for the
     * chip is longer by this time; 0: a cable. */
    uint32_t rtt_ms;
    uint32_t reserved; /**< 0 */
} sfi_stream_ops;

/** An SPI master, in mode 0, most significant bit first; the chip is the slave
 * (AN4286). */
typedef struct sfi_spi_ops {
    uint32_t struct_size; /**< sizeof(sfi_spi_ops) */
    uint32_t flags;       /**< 0 */
    /** NSS low (1) or high (0). */
    sfi_status (*select)(void *user, int asserted);
    /** Send `len` bytes of `tx` and receive as many into `rx` (NULL: dropped),
     * with the time between bytes that the chip needs; all bytes, or an
     * error. */
    sfi_status (*transfer)(void *user, const uint8_t *tx, uint8_t *rx,
                           size_t len);
    /** Reset the chip by its reset line, with BOOT0 high (1) or low (0); NULL:
     * the link has no such line, and the user must reset the chip. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
} sfi_spi_ops;

/** A link to the default pipe of a USB device (DFU, AN3156). */
typedef struct sfi_usb_ops {
    uint32_t struct_size; /**< sizeof(sfi_usb_ops) */
    uint32_t flags;       /**< 0 */
    /** One control transfer within `timeout_ms`.  When bit 7 of `request_type`
     * is set it reads into `data`, else it writes `data`.  Return in `*got`
     * how many of `len` bytes were transferred.  SFI_ERR_NACK: the device
     * stalled the transfer; SFI_ERR_NO_DEVICE: it has disconnected. */
    sfi_status (*control)(void *user, uint8_t request_type, uint8_t request,
                          uint16_t value, uint16_t index, uint8_t *data,
                          size_t len, size_t *got, uint32_t timeout_ms);
    /** Wait up to `timeout_ms` for the device to re-enumerate after a reset,
     * and open it again; NULL: not possible. */
    sfi_status (*reopen)(void *user, uint32_t timeout_ms);
    /** Reset the chip by its reset line, with BOOT0 high (1) or low (0); NULL:
     * the link has no such line, and the user must reset the chip. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
} sfi_usb_ops;

/** A link to the chip's memory, such as a debug probe (JTAG, SWD). */
typedef struct sfi_dap_ops {
    uint32_t struct_size; /**< sizeof(sfi_dap_ops) */
    uint32_t flags;       /**< 0 */
    /** Read `count` words from `address`, a multiple of 4.  SFI_ERR_NACK: the
     * chip refused the access.  The next access must work again. */
    sfi_status (*read32)(void *user, uint32_t address, uint32_t *words,
                         size_t count);
    /** Write `count` words; SFI_ERR_NACK as for read32. */
    sfi_status (*write32)(void *user, uint32_t address, const uint32_t *words,
                          size_t count);
    /** Reset the chip by its reset line, with BOOT0 high (1) or low (0); NULL:
     * the link has no such line, and the user must reset the chip. */
    sfi_status (*reset)(void *user, int into_boot);
    /** The transport is released; NULL: nothing to do. */
    void (*close)(void *user);
} sfi_dap_ops;

/**
 * Open a link by name.
 *
 * `serial:PATH?baud=N&reset=LINE&boot0=LINE` is a serial port at 8 data bits,
 * even parity and one stop bit (AN3155, section 2).  N is one of the usual
 * speeds from 1200 to 921600; the default is 115200, the highest that
 * bootloaders specify.  At a higher speed, when the chip or the port does not
 * work, the next lower speed is tried, down to 115200, and each step is logged
 * as a warning; `fallback=no` tries only N.
 *
 * LINE names the line that is wired to the chip's NRST (or BOOT0): `dtr` or
 * `rts`, which is low when it is set, or `-dtr` or `-rts` with an inverter.
 * `dtr=low`, `rts=high` and so on keep a line that is no pin at this level.
 * NRST is low for 20 ms, or `pulse=MS`, and the bootloader has 60 ms to start,
 * or `wait=MS`.  A chip that does not answer is reset into its bootloader.
 * Without `reset` the chip cannot be reset through the port.  A port without
 * parity, such as a pseudo-terminal, is logged as a warning, and used.  On
 * Linux the adapter delivers bytes at once while the link exists, where its
 * driver can.  On Windows PATH is `COM3`, and bytes that arrive together with a
 * damaged one are dropped with it.
 *
 * `tcp:HOST:PORT?baud=N&rtt=MS` is a serial port at a server that passes bytes
 * unchanged over TCP (feature `network`), and has set its port to 8 data bits,
 * even parity, one stop bit and no flow control.  An IPv6 address stands in
 * brackets, `tcp:[::1]:4000`.  N, by default 115200, only tells libsfi how long
 * bytes take there.  MS is the longest time that the network takes, there and
 * back, by default 2000; every wait for the chip is longer by it.  The chip
 * cannot be reset through such a link.
 *
 * `rfc2217:HOST:PORT` is a serial port at a server that sets it up as it is
 * asked (RFC 2217, feature `network`), with the keys of `serial:` and `rtt`.
 * What the port does not support is treated as for `serial:`; a server that
 * refuses to control its port, or to pass all bytes, is an error.
 *
 * `spi:PATH?speed=HZ&gap=US&reset=LINE&boot0=LINE` is a spidev of Linux, mode 0
 * (AN4286, section 1).  HZ is at most 8000000, by default 1000000; US is the
 * time between two bytes, 0 to 1000, by default 15.  LINE is a GPIO chip and
 * the number of a line, such as `gpiochip0:17`; it stays claimed until the link
 * is released, NRST as an open drain.  NSS is low during each message of up to
 * 256 bytes, and between messages of one transfer.
 *
 * `script:PATH` plays the chip's side of a trace of sfi_transport_capture().
 * Where the host differs from the trace, it fails with SFI_ERR_IO and the line
 * of the trace.
 *
 * `openocd:HOST:PORT?target=NAME&reset=WHAT` is the memory of a chip through a
 * running OpenOCD and its Tcl server (`tcl_port`, usually 6666).  Without
 * `target` there must be only one target.  WHAT is `core`, the default, a reset
 * by AIRCR, which a secure chip does not allow; or `srst`, the probe's line to
 * NRST.  BOOT0 is not changed.
 *
 * `usb:PLACE` is a USB device in DFU mode (feature `usb`).  PLACE is empty (the
 * only device 0483:df11), VENDOR:PRODUCT, N for the n-th device by bus and
 * port, `serial=TEXT`, or `path=BUS-PORT.PORT`.  The bootloaders of all
 * STM32H753 have the same serial number: with several chips, name the port.
 * After a reset the device is expected at the same port.
 *
 * `cmsis-dap:PLACE?speed=HZ&wire=WIRE&mode=MODE&ap=N` is the memory of a chip
 * through a CMSIS-DAP debug probe (feature `usb`), version 2 (bulk endpoints)
 * or 1 (HID).  PLACE is as for `usb:`, and empty for the only probe.  HZ is
 * 1000 to 100000000, by default 4000000; a probe that does not support it uses
 * the next lower speed.  WIRE is `swd`, the default, or `jtag`.  A reset uses
 * the probe's line to NRST.  MODE is `hotplug`, the default, to connect to the
 * chip in its current state, without halting its core; `normal` to reset it,
 * then halt its core; or `ur` to connect while it is held in reset, and halt
 * the core at its reset vector, before its firmware runs (ST's UM2237).  After
 * `normal` and `ur` the core runs again, from its reset vector, when the link
 * is freed.  N is the access port, 0 to 255; 0, the default, is the core's of
 * an STM32H753.  BOOT0 is not changed.  A bad line is tried with lower clocks,
 * down to 100 kHz.
 *
 * @param ctx  the context
 * @param uri  the name; copied
 * @param out  receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, or the name is malformed, has an
 *                        unknown key or an invalid value; or more than one
 *                        USB device matches
 *   SFI_ERR_UNSUPPORTED  unknown scheme, not built in, a reset line of a port
 *                        without DTR and RTS, a server that refuses to control
 *                        its port, or a probe that does not support WIRE
 *   SFI_ERR_NO_DEVICE    no such port, line, device, host or server, it is of
 *                        another kind, or it disconnected; no OpenOCD, or no
 *                        such target
 *   SFI_ERR_ACCESS       no permission, or in use by another program
 *   SFI_ERR_IO           the port or the probe cannot be set up
 *   SFI_ERR_FORMAT       the file is not a trace; the error says in which line
 *   SFI_ERR_OS           the trace cannot be read
 *   SFI_ERR_LIMIT        the trace is longer than 256 MiB
 *   SFI_ERR_TIMEOUT      OpenOCD, the server or the probe does not answer, or
 *                        no chip answers the probe
 *   SFI_ERR_PROTOCOL     the peer is not OpenOCD, not a probe or does not send
 *                        Telnet, or the chip's access port is not one for
 *                        memory
 *   SFI_ERR_NACK         OpenOCD refuses to list its targets
 *   SFI_ERR_CANCELLED    sfi_ctx_cancel() was called
 *   SFI_ERR_NOMEM        no memory
 *
 * Blocks: until OpenOCD or the probe replies, up to 15 s; until the server of
 * `rfc2217:` has set up its port, up to 25 s and 8 times MS; until a host's
 * name is found, as long as the system takes; otherwise never. Thread: the
 * context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open(sfi_ctx *ctx,
                                                    const char *uri,
                                                    sfi_transport **out);

/**
 * Make the name of a link, as sfi_transport_open() takes it, from the words
 * that ST's tool takes behind `-c` (UM2237, STM32CubeProgrammer).
 *
 * `port=` is a serial port (`/dev/ttyUSB0`, `COM3`), `usb1`, `spi`,
 * `spidev0.1`, `swd`, `jtag`, or a link's name itself; `br=`, 115200 if it is
 * missing, `freq=`, `mode=`, `sn=`, `index=`, `ap=`, `VID=`, `PID=`, `rts=` and
 * `dtr=` do what they do there.  `probe=LINK` names the link of a debug probe
 * that is not CMSIS-DAP.  Words that have one possible value here (`P=EVEN`)
 * are accepted with it, others are refused with the reason.
 *
 * @param ctx    the context, for the error
 * @param words  "port=/dev/ttyUSB0", "br=115200", ...; the keys as in UM2237
 * @param count  how many
 * @param out    receives the name, with a NUL; "" on any failure
 * @param size   its size
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL; or a word is unknown, does not
 * belong to this kind of port, or has a value that is not possible
 *   SFI_ERR_BUFFER    the name is longer
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_transport_name_of_port(sfi_ctx *ctx, const char *const *words, size_t count,
                           char *out, size_t size);

/** A kind of port that can be listed.  The texts are static. */
typedef struct sfi_port_kind {
    uint32_t struct_size; /**< sizeof(sfi_port_kind) of the library */
    uint32_t flags;       /**< 0 */
    const char *kind;     /**< "serial", "spi", "usb" or "cmsis-dap" */
    const char *feature;  /**< what it needs: sfi_has_feature() */
    const char *title;    /**< of a list of them, such as "Serial ports" */
    const char *none;     /**< what to say when there is none */
    const char *remedy;   /**< what helps when SFI_FOUND_DENIED is set */
} sfi_port_kind;

/**
 * List the kinds of ports, in the order in which sfi_transport_list() lists
 * them, built in or not.
 *
 * @param index  0, 1, ...
 *
 * @return the kind; NULL past the last; static
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API const sfi_port_kind *sfi_port_kind_at(size_t index);

/** The user has no permission to open it. */
#define SFI_FOUND_DENIED 0x1u
/** In use by another program, as far as the system knows. */
#define SFI_FOUND_BUSY 0x2u

/** A port or device that a link can use.  The texts of the device are visible
 * ASCII, any other character in them became an escape; "": no such text. */
typedef struct sfi_transport_found {
    uint32_t struct_size;   /**< sizeof(sfi_transport_found) of the library */
    uint32_t flags;         /**< SFI_FOUND_* */
    char kind[16];          /**< as sfi_port_kind_at() has it */
    char uri[288];          /**< for sfi_transport_open() */
    char lasting_uri[288];  /**< a name that does not change when other devices
                               are plugged in; "": none, or the same as `uri` */
    char product[128];      /**< what the device calls itself, or "" */
    char manufacturer[128]; /**< who made it, as it says, or "" */
    char serial[128]; /**< serial number; the same for all STM32H753 in DFU
                         mode */
} sfi_transport_found;

/**
 * Receives one port or device of a listing.
 *
 * @param user   as given
 * @param found  valid during the call
 */
typedef void (*sfi_transport_found_fn)(void *user,
                                       const sfi_transport_found *found);

/**
 * List the ports and devices of this machine that a link can use, kind by kind.
 *
 * Serial ports and spidevs are listed from /sys on Linux, when they have a node
 * in /dev; a serial port also needs a device behind it, so consoles and
 * pseudo-terminals are not listed.  On Windows serial ports are listed from the
 * registry, and `product` ends with the numbers of a USB device.  Listing opens
 * no port, so it never resets a chip.  A port whose name cannot be part of a
 * uri is not listed, nor is a kind that was not built in: sfi_has_feature().
 *
 * USB devices are ST's in DFU mode, in the order of `usb:1`, `usb:2`, and
 * CMSIS-DAP probes, each with the uri of its port.  Their texts are read from
 * the device; of a device in use by another program, or without permission to
 * open it, from /sys, without opening it.  Probes of other kinds, which OpenOCD
 * can use, are not listed.
 *
 * @param ctx   the context
 * @param fn    called once for each
 * @param user  passed to fn
 *
 * @return SFI_OK, also when nothing was found; or
 *   SFI_ERR_ARGUMENT  ctx or fn is NULL
 *   SFI_ERR_NOMEM     no memory for USB; the other kinds were listed
 *   SFI_ERR_IO, SFI_ERR_ACCESS  USB devices cannot be listed; the
 *                               other kinds were
 *
 * Blocks: on USB devices that do not answer, a second for each of their texts.
 * Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_list(sfi_ctx *ctx,
                                                    sfi_transport_found_fn fn,
                                                    void *user);

/**
 * Record the traffic of a link in a text file, which `script:PATH` can play.
 *
 * From now on each call of the link's functions is written to the file when it
 * ends: bytes sent and received, in hexadecimal, failures, and the time between
 * calls (doc/protocol.md, "Traces").  When the file cannot be written, a
 * warning is logged and the link continues without it.  A trace contains
 * nothing that decrypts an image; a static licence in it can be sent again, but
 * only to the same chip.
 *
 * @param tp    a link
 * @param path  the file: a new one that only its owner can read, also in the
 *              place of another
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL
 *   SFI_ERR_STATE     called by a function of the link
 *   SFI_ERR_OS, SFI_ERR_ACCESS  the file cannot be written, or a file of that
 *                     name is never replaced: sfi_ctx_check_output()
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_capture(sfi_transport *tp,
                                                       const char *path);

/**
 * Make a link over the caller's own functions: a stream of bytes.
 *
 * @param ctx   the context, to which the functions report their errors
 * @param ops   at least read and write; copied
 * @param user  passed to each function; not closed when this fails
 * @param out   receives the link, caller frees; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  an argument is NULL, ops lacks read or write, flags is
 *                     not 0, or rtt_ms is too large
 *   SFI_ERR_ABI       struct_size is unknown, or its tail is not zero
 *   SFI_ERR_NOMEM     no memory
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_transport_open_stream(
    sfi_ctx *ctx, const sfi_stream_ops *ops, void *user, sfi_transport **out);

/**
 * Make a link over the caller's own functions: an SPI master.
 *
 * @param ctx   the context, to which the functions report their errors
 * @param ops   at least select and transfer; copied
 * @param user  passed to each function; not closed when this fails
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
 * Make a link over the caller's own functions: a USB device.
 *
 * @param ctx   the context, to which the functions report their errors
 * @param ops   at least control; copied
 * @param user  passed to each function; not closed when this fails
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
 * Make a link over the caller's own functions: a debug probe.
 *
 * @param ctx   the context, to which the functions report their errors
 * @param ops   at least read32 and write32; copied
 * @param user  passed to each function; not closed when this fails
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
 * The name of a link, as it stands in front of messages.
 *
 * @param tp  a link, or NULL
 *
 * @return "serial:/dev/ttyUSB0", "stream" for a link over the caller's
 *         functions; "" for NULL; borrowed until the link is freed
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API const char *sfi_transport_name(const sfi_transport *tp);

/**
 * What a link carries.
 *
 * @param tp  a link, or NULL
 *
 * @return SFI_LINK_*; 0 for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint32_t sfi_transport_kind(const sfi_transport *tp);

/**
 * Release a link.
 *
 * A link that targets or installers use stays open until they are released.
 *
 * @param tp  a link, or NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_transport_free(sfi_transport *tp);

SFI_END_DECLS

#endif
