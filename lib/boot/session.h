/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* One session with a bootloader, whatever the link: whole commands, each with a
 * deadline on every wait, repeated when something was lost or damaged.  The
 * target and the dialect call only these functions; the kind of link decides
 * which file does the work. */
#ifndef SFI_BOOT_SESSION_H
#define SFI_BOOT_SESSION_H

#include "chip/bootloader.h"
#include "core/agree.h"
#include "proto/an3155.h"
#include "proto/dfu.h"
#include "boot/link.h"

/* How often a command is sent again after a lost or damaged reply. */
#define BOOT_REPEATS 3u
/* To program one block of at most 1 KiB. */
#define BOOT_WRITE_MS 3000u
/* Added to the longest time that a part takes to erase; and for a part that is
 * not known, all of it: 16 sectors of an H7. */
#define BOOT_ERASE_MARGIN_MS 5000u
#define BOOT_ERASE_MS (16u * 2200u + BOOT_ERASE_MARGIN_MS)
#define BOOT_ALL_SECTORS SIZE_MAX
/* Replies to Get and Get ID: N, version, commands, an ACK; 1 and the id. */
#define BOOT_GET_MAX (1u + 1u + UINT8_MAX + 1u)
#define BOOT_ID_LEN 3u
/* Between two tries to find a chip that was reset. */
#define BOOT_POLL_MS 50u

struct boot;
struct special;

/* What a bootloader refused, when a function failed with SFI_ERR_NACK: readout
 * protection refuses the command (USART, SPI: its first byte; DFU:
 * errVENDOR), an address that does not exist is refused by itself (DFU:
 * errTARGET). */
enum boot_refused {
    BOOT_REFUSED_NOTHING, /* nothing, or the link does not tell */
    BOOT_REFUSED_COMMAND,
    BOOT_REFUSED_ADDRESS,
    BOOT_REFUSED_DATA,
};

/* What each of the functions below does on one kind of link.  After a command
 * that resets the chip the caller connects again. */
struct boot_ops {
    const char *name; /* "USART" */
    /* sets version, has_memory, has_special and device_id */
    sfi_status (*connect)(struct boot *b, uint32_t ms);
    sfi_status (*read)(struct boot *b, uint32_t address, uint8_t *out,
                       size_t len);
    sfi_status (*write)(struct boot *b, uint32_t address, const uint8_t *data,
                        size_t len);
    sfi_status (*go)(struct boot *b, uint32_t address);
    sfi_status (*erase_mass)(struct boot *b);
    sfi_status (*erase_sectors)(struct boot *b, const uint16_t *sectors,
                                size_t count);
    sfi_status (*readout_unprotect)(struct boot *b);
    sfi_status (*special)(struct boot *b, struct special *s);
};

struct boot {
    struct link link;
    const struct boot_ops *ops;
    uint8_t version;  /* of the bootloader; 0x31: V3.1 */
    bool has_memory;  /* it reads and writes memory */
    bool has_special; /* it carries the security extension */
    uint16_t device_id;
    uint16_t revision; /* DBGMCU_IDCODE, REV_ID; 0: unknown */
    uint8_t loader_id; /* AN2606; 0: it could not be read */
    const struct chip_bootloader *loader; /* NULL: its version is unknown */
    uint32_t quirks; /* of enum chip_quirk; an unknown version has none */
    enum boot_refused refused; /* by the last command */
    bool is_new;    /* since the last look at it the part was reset, or it is
                       another one; a debug port does not tell */
    bool erases;    /* USART: a chip that may be silent for its erase is not
                       reset, and hears nothing but 0x7f */
    bool boot0_low; /* USART: how a chip that is silent is reset */
    uint32_t speed; /* USART: which of the link's, 0 being the fastest */
    uint32_t ended; /* USART, a bit for each speed: no half frame of an earlier
                       host is left */
    /* USART, SPI */
    const struct frames_wire *wire;
    struct an3155_get get;
    struct boot_identity {
        uint8_t get[BOOT_GET_MAX];
        uint8_t id[BOOT_ID_LEN];
    } identity; /* the last that was certain; zeros: none was */
    /* USB-DFU */
    struct {
        struct dfu_interface itf;
        struct dfu_layout layout[DFU_ALTS_MAX];
        uint8_t alt;   /* selected */
        uint8_t state; /* as far as known */
        uint16_t next; /* block that continues a run, at `next_at`; 0: none */
        uint32_t next_at;
        bool pointed; /* the pointer is `pointer`, since it was set */
        uint32_t pointer;
    } dfu;
    /* debug port */
    const struct sfi_chip *chip;
    const struct sfi_chip *expected; /* by the program; NULL: any */
    const struct sfi_chip *assumed;  /* the part to assume when none is
                                        recognised: a dialect may recognise it;
                                        NULL: none */
    uint32_t request; /* number of the last request in the mailbox */
    bool is_frozen;   /* watchdogs stop while the core is halted */
};

/* Special (or with a second packet Extended Special). */
struct special {
    const char *what; /* for messages: "INFO" */
    uint16_t opcode;
    bool extended;
    const uint8_t *param;
    size_t param_len;
    const uint8_t *data; /* extended only */
    size_t data_len;
    uint8_t *reply; /* not extended only */
    size_t reply_len;
    size_t *reply_got; /* the length of a reply that may be shorter; or NULL */
    uint32_t wait_ms;  /* for the device's work, after the last packet */
    bool once;         /* not sent again when the line damaged it */
    uint8_t status;    /* the device's status byte */
};

/* Nothing is sent.  The link is borrowed; `cancel` may be NULL. */
sfi_status sfi__boot_init(struct boot *b, sfi_transport *tp,
                          const atomic_bool *cancel);

/* Find the bootloader and identify the chip; also after a reset. */
sfi_status sfi__boot_connect(struct boot *b, uint32_t ms);

/* Any length; it is cut into the link's blocks. */
sfi_status sfi__boot_read(struct boot *b, uint32_t address, uint8_t *out,
                          size_t len);
/* At most AGREE_LEN_MAX bytes that a decision is based on: read until two
 * replies in a row agree, as they carry no checksum. */
sfi_status sfi__boot_read_sure(struct boot *b, uint32_t address, uint8_t *out,
                               size_t len);
/* The same; a reply that is `expected` needs no second.  NULL: none is. */
sfi_status sfi__boot_read_expecting(struct boot *b, uint32_t address,
                                    uint8_t *out, const uint8_t *expected,
                                    size_t len);
/* The error when they never agree. */
sfi_status sfi__boot_reads_disagree(struct boot *b, uint32_t address);
sfi_status sfi__boot_write(struct boot *b, uint32_t address,
                           const uint8_t *data, size_t len);
sfi_status sfi__boot_go(struct boot *b, uint32_t address);
sfi_status sfi__boot_erase_mass(struct boot *b);
/* To erase so many sectors; BOOT_ALL_SECTORS: the whole flash. */
uint32_t sfi__boot_erase_ms(const struct boot *b, size_t sectors);
/* By number; the first sector of the flash is 0. */
sfi_status sfi__boot_erase_sectors(struct boot *b, const uint16_t *sectors,
                                   size_t count);
/* Erases the flash and resets the chip: connect again. */
sfi_status sfi__boot_readout_unprotect(struct boot *b);
/* Is this a valid length for the reply?  Then *reply_got is set. */
bool sfi__boot_accept_reply_len(const struct special *s, size_t len);
/* A reply of another length than `reply_len` is SFI_ERR_PROTOCOL; an unknown
 * opcode SFI_ERR_NACK. */
sfi_status sfi__boot_special(struct boot *b, struct special *s);

/* The kinds of link. */
extern const struct boot_ops sfi__boot_usart;
extern const struct boot_ops sfi__boot_dfu;
extern const struct boot_ops sfi__boot_debug_port;
extern const struct boot_ops sfi__boot_spi;

/* The part that it is, as the program or the list has it; NULL: unknown. */
const struct sfi_chip *sfi__boot_chip(const struct boot *b);

#endif
