/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader's core from the inside.  Freestanding.
 *
 *   device.c   memory, power-up, requests in, answers out, time
 *   request.c  what each request does
 *   life.c     the life of an install: power-up, record, end, commit, leave
 *   install.c  flash: erase, fill program units, read back
 *   port.c     the port's functions, with their results made safe
 *   receipt.c  what the part holds, signed
 *   record.c   what is remembered across power cycles
 */
#ifndef SFI_DEVICE_DEVICE_H
#define SFI_DEVICE_DEVICE_H

#include <stdbool.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "device/record.h"
#include "wire/certificate.h"
#include "wire/image.h"
#include "wire/license.h"
#include "wire/receipt.h"
#include "wire/security.h"
#include "proto/an3155_device.h"
#include "proto/an4286_device.h"
#include "util/wr.h"

/* How often the generator is asked until it gives a new number. */
#define DEVICE_RANDOM_TRIES 3u
/* The widest program unit of the chips: 256 bits. */
#define DEVICE_UNIT_MAX 32u
/* How often an erase is tried when the content must go. */
#define DEVICE_ERASE_TRIES 3u
/* A part that erases its loader can report its success only until it leaves, so
 * this is longer than a host waits for FINISH (45 s). */
#define DEVICE_LEAVE_MS 120000u
/* AN3155 has no time limit within a packet; a host sends it without a pause. */
#define DEVICE_SILENCE_MS 1000u
/* A host on SPI that is gone never clocks its answer out: wait no longer. */
#define DEVICE_OWES_MS 1000u

/* One request, as received from its link. */
struct request {
    uint16_t opcode;
    const uint8_t *param;
    size_t param_len;
    uint8_t *data;
    size_t data_len;
};

/* The last request that changed something, and its answer: if it comes again,
 * the host has lost the answer.  Of DATA the offset and the length are
 * compared. */
struct reminder {
    uint16_t opcode; /* 0: none */
    uint16_t len;    /* of the request's longest part */
    uint8_t cause;
    uint8_t bytes[LICENSE_LEN];
};

/* Lives from SECURE until the image is complete or refused; then wiped. */
struct install {
    uint8_t key_secret[16];
    uint8_t nonce_secret[SFI_FORMAT_NONCE_LEN];
    uint16_t areas;    /* as the header announced */
    uint16_t done;     /* areas that have verified */
    uint8_t version;   /* of the first area, and so of all */
    bool is_open;      /* an area is being received */
    uint32_t received; /* of its content */
    struct image_area area;
    uint32_t free_from;    /* the next area starts here or later */
    uint32_t unit_address; /* the program unit being filled ... */
    uint32_t unit_fill;    /* ... and its filled bytes */
    uint8_t unit[DEVICE_UNIT_MAX];
    uint8_t ob[RECORD_OB_MAX];
};

/* What a live licence must name.  In RAM only: a reset ends it. */
struct live {
    uint32_t id;   /* 0: none given out since the last was used */
    uint32_t used; /* the last used one, 0: none */
};

/* Of the record as it stands, for this start. */
struct receipt {
    bool is_signed;
    uint8_t raw[RECEIPT_LEN];
};

enum leave {
    LEAVE_NOT,
    LEAVE_SOON, /* at leave_at; answers until then */
    LEAVE_NOW,  /* at the next poll; answers no more */
    LEAVE_LEFT, /* the port was asked to reboot */
};

struct sfi_device {
    const struct sfi_chip *chip;
    const sfi_device_port *port;
    void *user;
    uint32_t state; /* SFI_DEVICE_* */
    uint8_t cause;  /* why the last install ended */
    enum leave leave;
    uint64_t leave_at;
    uint64_t heard_at;   /* the last byte over USART */
    uint64_t clocked_at; /* the last byte over SPI */
    struct record record;
    struct reminder last;
    struct install install;
    struct live live;
    struct receipt receipt;
    struct an3155_device usart;
    struct an4286_device spi;
};

/* request.c: returns the cause; `reply` follows it in the answer. */
uint8_t sfi__request_run(struct sfi_device *dev, const struct request *req,
                         struct wr *reply);
bool sfi__request_knows(uint16_t opcode);

/* life.c */
/* Bring the device back to where its record says it is. */
void sfi__life_power_up(struct sfi_device *dev);
/* Replace the record; false: the old one stands. */
bool sfi__life_store(struct sfi_device *dev, enum record_phase phase);
/* The install is over, and nothing of it stays.  Returns `cause`. */
uint8_t sfi__life_end(struct sfi_device *dev, uint8_t cause);
/* Option bytes, then the record: SFI_CAUSE_NONE, _OPTION_BYTES, _STORAGE. */
uint8_t sfi__life_commit(struct sfi_device *dev);
void sfi__life_leave_in(struct sfi_device *dev, enum leave leave, uint32_t ms);
/* Reboot; a one-shot loader is erased first. */
void sfi__life_leave(struct sfi_device *dev);
void sfi__life_wipe(struct sfi_device *dev);

/* install.c */
/* May the area be at its address? SFI_CAUSE_NONE, _AREA_ADDRESS, ... */
uint8_t sfi__install_check(struct sfi_device *dev, const struct image_area *a);
bool sfi__install_erase(struct sfi_device *dev, const struct chip_range *range);
void sfi__install_begin(struct sfi_device *dev, const struct image_area *a);
/* SFI_CAUSE_NONE, or _FLASH_PROGRAM, _FLASH_VERIFY. */
uint8_t sfi__install_write(struct sfi_device *dev, const uint8_t *data,
                           size_t len);
uint8_t sfi__install_flush(struct sfi_device *dev);

/* receipt.c */
/* An area has verified; false: the digest failed. */
bool sfi__receipt_add_area(struct sfi_device *dev, const struct image_area *a);
/* SFI_CAUSE_NONE, _STATE, _NO_RECEIPT, _SIGN. */
uint8_t sfi__receipt_give(struct sfi_device *dev, struct wr *reply);

#endif
