/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file device.h
 * The core of a secure bootloader: what a part does in a secure firmware
 * install, for a real microcontroller or a virtual one.
 *
 * It is freestanding: C11, no heap, no stdio, no crypto library, no state
 * outside the memory that it is given.  It needs memcpy, memset and memcmp,
 * which compilers call on their own.  Link libsfi-device.a, or
 * compile the files that make it.
 *
 * @par Porting it
 * 1. Fill an ::sfi_device_port: flash, option bytes, a certificate and a
 *    private key stored in manufacture, AES-128-GCM, random numbers, a few
 *    hundred bytes of storage, a clock.
 * 2. At every start of the secure bootloader:
 *
 *        static uint64_t mem[SFI_DEVICE_SIZE_MAX / sizeof(uint64_t)];
 *        sfi_device *dev;
 *
 *        if (sfi_device_init(mem, sizeof(mem), sfi_chip_find("stm32h753xi"),
 *                            &port, NULL, &dev) != SFI_OK)
 *            fatal();
 *        for (;;) {
 *            in_len = uart_receive(in, sizeof(in));
 *            out_len = sizeof(out);
 *            (void)sfi_device_usart(dev, in, in_len, out, &out_len);
 *            uart_send_all(out, out_len);
 *            out_len = sizeof(out);
 *            sfi_device_poll(dev, out, &out_len);
 *            uart_send_all(out, out_len);
 *        }
 *
 *    An answer must be on the wire before sfi_device_poll() is called, which
 *    may reboot.  For SPI call sfi_device_spi(), for other links
 *    sfi_device_handle().
 * 3. Boot the firmware only when the part's own rules say so; the core never
 *    jumps to it.
 *
 * @par What it guarantees
 * - Firmware of a refused, failed or interrupted install does not stay in
 *   flash: it is erased before the answer, or after a power cut by
 *   sfi_device_init() at the next start.  A flash that cannot be erased is
 *   reported (INFO, "unclean"), and the erase is tried again at every start.
 * - Power may fail at any moment, within any function of the port.  At the next
 *   start the part is empty and erased, or complete with its option bytes; an
 *   install whose FINISH had begun after its last area verified is completed.
 * - The firmware key is in RAM from an accepted LICENSE until the last area
 *   has verified, a refusal, an abort, or a reboot; then it is overwritten.
 *   Decrypted bytes are overwritten as soon as they are programmed, also in
 *   the buffer that the caller lent.
 * - A live licence works once: it names the random session id that this start
 *   of the core gave out last, and that is not given out again.
 * - No request reads flash or RAM.
 *
 * @par What the port must guarantee
 * - During an install nothing else may read flash or RAM: no
 *   debugger, no DMA, no other code.
 * - `open_license` and `gcm_verify` take the same time wherever a byte is
 *   wrong, and timing and addresses of AES and ECDH do not depend on secrets.
 * - A function of the port does not call the core.
 *
 * doc/protocol.md describes every byte of requests, answers and record.
 */
#ifndef SFI_DEVICE_H
#define SFI_DEVICE_H

#include <sfi/api.h>
#include <sfi/cause.h>
#include <sfi/chip.h>
#include <sfi/status.h>

SFI_BEGIN_DECLS

/** A secure bootloader; its memory is the caller's. */
typedef struct sfi_device sfi_device;

/** States of a device, as in INFO. */
enum sfi_device_state_code {
    SFI_DEVICE_EMPTY = 0,     /**< no firmware; SECURE begins an install */
    SFI_DEVICE_READY = 1,     /**< flash erased, waits for a licence */
    SFI_DEVICE_LICENSED = 2,  /**< waits for the header */
    SFI_DEVICE_RECEIVING = 3, /**< receives areas */
    SFI_DEVICE_COMPLETE = 4,  /**< every area verified; FINISH is due */
    SFI_DEVICE_INSTALLED = 5  /**< firmware and option bytes are in */
};

/** What the core keeps across power cycles; opaque to the port. */
#define SFI_DEVICE_RECORD_LEN 128u

/** Large enough for any device, for a static buffer. */
#define SFI_DEVICE_SIZE_MAX 4096u

/** Large enough for the answer to one packet of a host over USART. */
#define SFI_DEVICE_ANSWER_MAX 400u

/** Large enough for the answer to one request: cause and data. */
#define SFI_DEVICE_REPLY_MAX 197u

/**
 * The functions of a part that the core needs.
 *
 * All up to `reboot` are required.  `digest` and `sign` are there both or
 * neither: a part without them gives no receipts, and its table may end with
 * `reboot` (struct_size).  `user` comes first, as given to sfi_device_init().
 * An int is 0 for success, else failure; a function that failed may be called
 * again.  Addresses are those of the part's memory map, lengths are in bytes,
 * and both are checked before the call.  Unknown members behind these must be
 * zero.
 */
typedef struct sfi_device_port {
    uint32_t struct_size; /**< sizeof(sfi_device_port) */
    uint32_t flags;       /**< 0 */

    /**
     * Erase whole sectors.
     *
     * `addr` and `len` are the part's user range, or its loader if that is
     * erased after a success; tens of sectors, so this may take seconds.  The
     * core checks that all bytes read as 0xff.
     */
    int (*flash_erase)(void *user, uint32_t addr, uint32_t len);

    /**
     * Program whole program units (STM32H753: 32 bytes, STM32L462: 8).
     *
     * They read as erased.  Each is programmed once; only a unit of 0xff alone
     * may be programmed again, when a host has altered an image.  The core
     * reads back what it wrote.
     */
    int (*flash_program)(void *user, uint32_t addr, const uint8_t *data,
                         uint32_t len);

    /** Read flash, past caches and prefetch buffers that may be stale. */
    int (*flash_read)(void *user, uint32_t addr, uint8_t *data, uint32_t len);

    /**
     * Write the option bytes, little-endian words in the order of the part's
     * option-byte file (doc/format.md).
     *
     * They come into force at the reboot that follows, not before: a part that
     * resets when it loads them does so in `reboot`.  Called again with the
     * same words after a power cut.
     */
    int (*ob_program)(void *user, const uint8_t *data, uint32_t len);

    /** The part's certificate, 136 bytes, stored in manufacture. */
    int (*certificate)(void *user, uint8_t *out, uint32_t len);

    /**
     * Open a licence of 136 bytes with the part's private key
     * (doc/format.md, "Licence").
     *
     * Fails unless the licence authenticates as a whole; the core has checked
     * only type, session and version.  Constant time.
     */
    int (*open_license)(void *user, const uint8_t *lic, uint32_t len,
                        uint8_t key[16], uint8_t nonce[12]);

    /**
     * Fill `out` with random bytes, for a live licence's session id.
     *
     * From a true random generator, or one seeded from it at every start: who
     * can make it repeat can use a live licence again.  The bytes are not
     * secret.
     */
    int (*random)(void *user, uint8_t *out, uint32_t len);

    /** Begin to decrypt a message (AES-128-GCM); drops an earlier one. */
    int (*gcm_start)(void *user, const uint8_t key[16], const uint8_t iv[12],
                     const uint8_t *aad, uint32_t aad_len);

    /** Decrypt the next bytes in place; any number, not only whole blocks. */
    int (*gcm_update)(void *user, uint8_t *buf, uint32_t len);

    /** Fails unless this is the tag of the message.  Constant time. */
    int (*gcm_verify)(void *user, const uint8_t tag[16]);

    /** Overwrite the key, its schedule and the state of the message. */
    void (*gcm_wipe)(void *user);

    /**
     * Load the record: SFI_DEVICE_RECORD_LEN bytes as last stored.
     *
     * All 0xff or all 0x00 if nothing has been stored yet.
     */
    int (*record_load)(void *user, uint8_t *data, uint32_t len);

    /**
     * Replace the record, as a whole or not at all, durably before it returns.
     *
     * Safety against power cuts depends on this: keep two copies with a
     * counter, or a journal.  Not in the user range, which is erased.
     */
    int (*record_store)(void *user, const uint8_t *data, uint32_t len);

    /** Milliseconds since any moment; must not go back or wrap. */
    uint64_t (*now_ms)(void *user);

    /**
     * Restart the part and load its option bytes; need not return.
     *
     * If it returns, the core answers nothing until sfi_device_init().
     */
    void (*reboot)(void *user);

    /**
     * SHA-256 of `len` bytes, at most 132; for receipts.
     *
     * The bytes are not secret.
     */
    int (*digest)(void *user, const uint8_t *data, uint32_t len,
                  uint8_t out[32]);

    /**
     * Sign a digest with the part's private key: ECDSA on P-256, r and s of 32
     * bytes each, big-endian; for receipts.
     *
     * The same key as that of `open_license`, whose public half is in the
     * certificate.  Its random number k comes from a true random generator, or
     * from key and digest (RFC 6979): one that repeats or can be guessed gives
     * the key away.  Timing and addresses do not depend on secrets.
     */
    int (*sign)(void *user, const uint8_t digest[32], uint8_t signature[64]);
} sfi_device_port;

/**
 * The size of a device in memory.
 *
 * @return bytes; at most SFI_DEVICE_SIZE_MAX
 *
 * Blocks: never.  Thread: any.
 * @since 1.0
 */
SFI_API size_t sfi_device_size(void);

/**
 * Power up: read the record, and recover from a power cut.
 *
 * An interrupted install is erased; the state is empty, with the cause
 * SFI_CAUSE_INTERRUPTED.  If FINISH had begun, the install is completed: its
 * option bytes are written again, and the next sfi_device_poll() reboots to
 * load them.  An installed part that must erase its loader does so at the next
 * poll, or, when its port can sign receipts, after 120 s or an ABORT, so that
 * a host can still fetch one.  A damaged record counts as an interrupted
 * install; one that was never written as a new part, which is erased too.  If
 * the record cannot be read, nothing is erased: the device is empty and
 * unclean, until a later start reads it.
 *
 * A failure of the hardware is not a failure of this function; INFO reports it.
 *
 * @param mem      memory for the device, aligned for a uint64_t; lent until
 *                 sfi_device_wipe() or the next reset
 * @param mem_len  its size, at least sfi_device_size()
 * @param chip     the part
 * @param port     the port; not copied
 * @param user     passed to the port's functions
 * @param out      receives the device, which is `mem`; NULL on any failure
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL (user may be)
 *   SFI_ERR_BUFFER       mem is too small or not aligned
 *   SFI_ERR_ABI          the port has another version, or is not complete
 *   SFI_ERR_UNSUPPORTED  the part's program unit is too wide
 *
 * Blocks: as long as the port erases.  Thread: one at a time per device.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_device_init(void *mem, size_t mem_len,
                                                 const sfi_chip *chip,
                                                 const sfi_device_port *port,
                                                 void *user, sfi_device **out);

/**
 * Take bytes of a host over USART (AN3155) and answer them.
 *
 * All bytes before the first 0x7f are ignored.  The standard commands Get, Get
 * Version and Get ID are known, and Special and Extended Special carry the
 * security extension.  Every other command is answered NACK.  Bytes may come in
 * any portions.  A host that waits for an answer after each packet gets answers
 * that fit in SFI_DEVICE_ANSWER_MAX; for one that does not wait, answers that
 * do not fit are dropped.
 *
 * @param dev      a device
 * @param in       the bytes; NULL if there are none
 * @param in_len   their number
 * @param out      receives the answer
 * @param out_len  room in out; receives the bytes used
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_BUFFER    an answer did not fit; out has the part that did
 *
 * Blocks: as long as the port erases or programs.  Thread: one at a time per
 * device.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_device_usart(sfi_device *dev,
                                                  const uint8_t *in,
                                                  size_t in_len, uint8_t *out,
                                                  size_t *out_len);

/**
 * Take a byte that a host clocked in over SPI (AN4286), and get what is clocked
 * out with the byte after the next.
 *
 * So a slave always has a byte loaded: it begins with two, 0xa5 each, and loads
 * one more for each byte that came in, while the next one may be on the wire
 * already.
 *
 * The frames carry the same commands as over USART; all bytes before the first
 * 0x5a are ignored.  A part at work in this function lets the host clock
 * anything whose highest bit is set, and drops what comes in: the host polls
 * until it sees an answer.  sfi_device_poll() leaves only when the answer was
 * taken, or when the host has clocked nothing for 1000 ms.
 *
 * @param dev  a device; NULL gives 0xa5
 * @param in   the byte
 *
 * @return what the part clocks out with the byte after the next
 *
 * Blocks: as long as the port erases or programs.  Thread: one at a time per
 * device.
 * @since 1.0
 */
SFI_API uint8_t sfi_device_spi(sfi_device *dev, uint8_t in);

/**
 * Run one request of the security extension, from any link.
 *
 * @param dev        a device
 * @param opcode     a request of doc/protocol.md, "Security extension"
 * @param param      its parameter; NULL if it has none
 * @param param_len  bytes of it
 * @param data       its data (LICENSE, DATA); NULL if it has none; decrypted in
 *                   place and then overwritten
 * @param data_len   bytes of it
 * @param out        receives the cause (SFI_CAUSE_*) and the reply
 * @param out_len    room in out, at least SFI_DEVICE_REPLY_MAX; receives the
 *                   bytes used; 0 if the device has left and does not answer
 *
 * @return SFI_OK, also when the device refuses; or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_BUFFER    out is too small; nothing was done
 *
 * Blocks: as long as the port erases or programs.  Thread: one at a time per
 * device.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_device_handle(
    sfi_device *dev, uint16_t opcode, const uint8_t *param, size_t param_len,
    uint8_t *data, size_t data_len, uint8_t *out, size_t *out_len);

/**
 * The state of the device.
 *
 * @param dev  a device, or NULL
 *
 * @return SFI_DEVICE_*; SFI_DEVICE_EMPTY for NULL
 *
 * Blocks: never.  Thread: one at a time per device.
 * @since 1.0
 */
SFI_API uint32_t sfi_device_state(const sfi_device *dev);

/**
 * Do what is due: drop an incomplete frame, or leave the bootloader.
 *
 * Call it after each answer is sent, and at least every 100 ms.  A frame that
 * the host does not continue for 1000 ms is dropped and NACKed.  After a
 * success the device leaves: when ABORT asks for it, or 120 s after FINISH.  A
 * part with a one-shot loader then erases it.  Leaving ends in the port's
 * reboot.
 *
 * @param dev      a device; NULL does nothing
 * @param out      receives the NACK; NULL does nothing
 * @param out_len  room in out, at least 1; receives the bytes used; NULL does
 *                 nothing
 *
 * Blocks: as long as the port erases.  Thread: one at a time per device.
 * @since 1.0
 */
SFI_API void sfi_device_poll(sfi_device *dev, uint8_t *out, size_t *out_len);

/**
 * Overwrite the device, and the key in the port, with zeros.
 *
 * For a bootloader whose RAM is used by others without a reset.  The device
 * no longer exists; its memory may be used for sfi_device_init() again.
 *
 * @param dev  a device; NULL does nothing
 *
 * Blocks: never.  Thread: one at a time per device.
 * @since 1.0
 */
SFI_API void sfi_device_wipe(sfi_device *dev);

SFI_END_DECLS

#endif
