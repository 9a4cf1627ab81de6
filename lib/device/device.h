/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader's core from the inside.  Freestanding.
 *
 *   device.c   memory, power-up, requests in, answers out, time
 *   request.c  what each request does
 *   session.c  the life of an install: power-up, record, end, commit, leave
 *   install.c  flash: erase, fill program units, read back
 *   port.c     the port's functions, with their results made safe
 *   record.c   what is remembered across power cycles
 */
#ifndef SFI_DEVICE_DEVICE_H
#define SFI_DEVICE_DEVICE_H

#include <stdbool.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "device/record.h"
#include "wire/image.h"
#include "wire/security.h"
#include "proto/an3155_device.h"
#include "util/wr.h"

/* A generator that gives nothing new is asked so often. */
#define DEVICE_RANDOM_TRIES 3u
/* The widest program unit of the chips: 256 bits. */
#define DEVICE_UNIT_MAX 32u
/* A flash that does not erase is tried again when what it holds must go. */
#define DEVICE_ERASE_TRIES 3u
/* A part that gives up its loader can tell of its success only until it
 * leaves: longer than a host waits for FINISH (45 s) before it asks again. */
#define DEVICE_LEAVE_MS 120000u
/* AN3155 names no time limit; a host sends a packet in one go. */
#define DEVICE_SILENCE_MS 1000u

#define DEVICE_LICENSE_LEN 136u
#define DEVICE_CERTIFICATE_LEN 136u

/* One request, as its carrier brought it. */
struct request {
    uint16_t opcode;
    const uint8_t *param;
    size_t param_len;
    uint8_t *data;
    size_t data_len;
};

/* The last request that changed something, and its answer: the same again is a
 * host whose answer was lost.  Of DATA the offset and the length count. */
struct reminder {
    uint16_t opcode; /* 0: none */
    uint16_t len;    /* of the request's longest part */
    uint8_t cause;
    uint8_t bytes[DEVICE_LICENSE_LEN];
};

/* Lives from SECURE until the image is complete or refused; then wiped. */
struct session {
    uint8_t key_secret[16];
    uint8_t nonce_secret[SFI_FORMAT_NONCE_LEN];
    uint16_t areas;    /* as the header announced */
    uint16_t done;     /* areas that have verified */
    uint8_t version;   /* of the first area, and so of all */
    bool is_open;      /* an area is being received */
    uint32_t received; /* of its content */
    struct image_area area;
    uint32_t free_from;    /* firmware goes here or behind */
    uint32_t unit_address; /* the program unit being filled ... */
    uint32_t unit_fill;    /* ... up to here */
    uint8_t unit[DEVICE_UNIT_MAX];
    uint8_t ob[RECORD_OB_MAX];
};

/* What a live licence must name.  In RAM only: a reset ends it. */
struct live {
    uint32_t id;   /* 0: none was given since the last was used up */
    uint32_t used; /* the last one, 0: none */
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
    uint64_t heard_at; /* the last byte over USART */
    struct record record;
    struct reminder last;
    struct session session;
    struct live live;
    struct an3155_device usart;
};

/* request.c: the cause, and what follows it in the answer. */
uint8_t sfi__request_run(struct sfi_device *dev, const struct request *req,
                         struct wr *reply);
bool sfi__request_knows(uint16_t opcode);

/* session.c */
/* Bring the device back to where its record says it is. */
void sfi__session_power_up(struct sfi_device *dev);
/* Replace the record; false: the old one stands. */
bool sfi__session_store(struct sfi_device *dev, enum record_phase phase);
/* The install is over, and nothing of it stays.  Returns `cause`. */
uint8_t sfi__session_end(struct sfi_device *dev, uint8_t cause);
/* Option bytes, then the record: SFI_CAUSE_NONE, _OPTION_BYTES, _STORAGE. */
uint8_t sfi__session_commit(struct sfi_device *dev);
void sfi__session_leave_in(struct sfi_device *dev, enum leave leave,
                           uint32_t ms);
/* Reboot; the one-shot loader goes before. */
void sfi__session_leave(struct sfi_device *dev);
void sfi__session_wipe(struct sfi_device *dev);

/* install.c */
/* May the area be where it says?  SFI_CAUSE_NONE, _AREA_ADDRESS, ... */
uint8_t sfi__install_check(struct sfi_device *dev, const struct image_area *a);
bool sfi__install_erase(struct sfi_device *dev, const struct chip_range *range);
void sfi__install_begin(struct sfi_device *dev, const struct image_area *a);
/* SFI_CAUSE_NONE, or _FLASH_PROGRAM, _FLASH_VERIFY. */
uint8_t sfi__install_write(struct sfi_device *dev, const uint8_t *data,
                           size_t len);
uint8_t sfi__install_flush(struct sfi_device *dev);

#endif
