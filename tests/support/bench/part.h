/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A part for the device core: flash, option bytes, record, crypto and a clock
 * behind sfi_device_port, with faults and power cuts.  It is stricter than a
 * real part: programming a unit twice fails the test. */
#ifndef SFI_TESTS_PART_H
#define SFI_TESTS_PART_H

#include <setjmp.h>
#include <stdbool.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "crypto/gcm.h"
#include "wire/image.h"
#include "wire/license.h"
#include "wire/security.h"

/* Assert, also in fuzzers, where check does not run. */
#define HOLDS(what) ((what) ? (void)0 : part_broken(__FILE__, __LINE__, #what))
void part_broken(const char *file, int line, const char *what);

#define IMAGE_AREAS_MAX 8u

/* Small flashes with the rules of the real ones: for sweeps. */
extern const struct sfi_chip small_h7;
extern const struct sfi_chip small_l4;

enum part_call {
    CALL_ERASE = 1u << 0,
    CALL_PROGRAM = 1u << 1,
    CALL_READ = 1u << 2,
    CALL_OB = 1u << 3,
    CALL_CERTIFICATE = 1u << 4,
    CALL_LICENSE = 1u << 5,
    CALL_GCM_START = 1u << 6,
    CALL_GCM_UPDATE = 1u << 7,
    CALL_GCM_VERIFY = 1u << 8,
    CALL_LOAD = 1u << 9,
    CALL_STORE = 1u << 10,
    CALL_RANDOM = 1u << 11,
    CALL_DIGEST = 1u << 12,
    CALL_SIGN = 1u << 13,
    CALL_ANY = 0x3fff,
};

enum part_fault {
    FAULT_NONE,
    FAULT_FAIL,       /* the call fails */
    FAULT_STUCK,      /* this call and all later ones fail */
    FAULT_LIE,        /* it reports success, and does nothing */
    FAULT_CUT_BEFORE, /* power fails before it does anything */
    FAULT_CUT_HALF,   /* ... half-way; an atomic operation is not done */
    FAULT_CUT_AFTER,  /* ... when it is done, before it returns */
};

struct part {
    const struct sfi_chip *chip;
    uint8_t *flash;
    uint8_t ob[48];
    uint32_t ob_len;
    unsigned ob_writes;
    uint8_t record[SFI_DEVICE_RECORD_LEN];
    uint8_t certificate[136];
    bool has_receipts;    /* its port can sign ... */
    sfi_device_port port; /* ... this one, since it started */
    struct gcm *gcm;
    uint64_t now;
    uint32_t random; /* the next random number */
    bool random_is_stuck;
    unsigned reboots;
    /* this fault strikes the n-th call of these kinds from now on */
    unsigned fault_calls;
    uint64_t fault_at; /* 0: none */
    enum part_fault fault;
    /* a second fault, after the first */
    unsigned then_calls;
    enum part_fault then;
    uint64_t calls; /* of any kind so far */
    bool struck;
    jmp_buf power;
    uint64_t mem[SFI_DEVICE_SIZE_MAX / 8];
    sfi_device *dev;
};

/* The port for the core; `user` is the part. */
const sfi_device_port *part_port(void);
/* A new part, powered on; part_free() gives it back. */
void part_new(struct part *p, const struct sfi_chip *chip);
void part_free(struct part *p);
/* Power cycle it; from then on its port can sign receipts. */
void part_give_receipts(struct part *p);
/* Power cycle; RAM is gone. */
void part_power_on(struct part *p);
void part_fault(struct part *p, unsigned calls, uint64_t at,
                enum part_fault fault);
/* ... and then another for the next call of these kinds. */
void part_then(struct part *p, unsigned calls, enum part_fault fault);
bool part_is_blank(const struct part *p, const struct chip_range *range);
/* Is any run of 8 of these bytes somewhere in the core's memory? */
bool part_remembers(const struct part *p, const uint8_t *bytes, size_t len);
/* ... or in the flash? */
bool part_holds(const struct part *p, const uint8_t *bytes, size_t len);

/* Send one request without a link; the cause, or -1 for no answer. */
int part_send(struct part *p, uint16_t opcode, const void *param,
              size_t param_len, const void *data, size_t data_len);
/* Send SESSION; the cause, or -1 for no answer. */
int part_session(struct part *p, uint32_t *id);
void part_info(struct part *p, struct security_info *out);
/* Ask for the receipt; the cause, or -1 for no answer. */
int part_receipt(struct part *p, uint8_t out[RECEIPT_LEN]);

/* An image for the part, as an OEM would make it. */
struct test_area {
    struct image_area d;
    uint8_t raw[SFI_FORMAT_AREA_LEN];
    const uint8_t *plain;
    uint8_t *cipher;
};
struct test_image {
    uint8_t license[LICENSE_LEN];
    uint8_t header[SFI_FORMAT_HEADER_LEN];
    uint16_t areas;
    struct test_area area[IMAGE_AREAS_MAX];
};

extern const uint8_t test_key[16];
extern const uint8_t test_nonce[12];
/* Bytes that look like firmware and never like erased flash. */
void test_plain(uint8_t *out, size_t len, uint32_t seed);
/* Add an area; `bytes` is borrowed. */
void image_add(struct test_image *im, uint8_t type, uint32_t address,
               const uint8_t *bytes, uint32_t len);
/* Number, encrypt and authenticate the areas; call again after a change. */
void image_seal(struct test_image *im);
void image_free(struct test_image *im);
/* Make its licence a live one for a session. */
void image_set_live(struct test_image *im, uint32_t session);
/* Send everything in chunks, FINISH last.  Returns the first refusal, or
 * SFI_CAUSE_NONE. */
int image_install(const struct test_image *im, struct part *p, size_t chunk);
/* Send all requests up to and including area `n` (0: the header). */
int image_send(const struct test_image *im, struct part *p, uint16_t n,
               size_t chunk);
int image_send_area(const struct test_area *a, struct part *p, size_t chunk);
/* Is the firmware in the flash, and the rest of the user flash erased? */
bool image_is_in(const struct test_image *im, const struct part *p);

/* ---- the fixture of the device's tests: one part, one image ---- */

#define PLAINS 3u
#define PLAIN_LEN 40960u

#define FINISH(p) part_send((p), SFI_CMD_FINISH, NULL, 0, NULL, 0)
#define ABORT(p) part_send((p), SFI_CMD_ABORT, NULL, 0, NULL, 0)
#define SECURE(p, flags) part_send((p), SFI_CMD_SECURE, (flags), 1, NULL, 0)

extern struct part part;
extern struct test_image image;
extern uint8_t plain[PLAINS][PLAIN_LEN];
extern uint8_t ob_plain[48];
void part_setup(void);
void part_teardown(void);
/* Two areas, one of which begins and ends within a program unit, and the
 * option bytes. */
void make_image(const struct sfi_chip *chip);
/* A new part and that image. */
void begin(const struct sfi_chip *chip);
/* The core's memory holds nothing of the image, and no secret. */
void assert_forgotten(const char *name);
/* Refused for this cause: the part is empty and erased, and remembers
 * nothing. */
void assert_refused(const char *name, int cause);
/* The intact image can be installed. */
void assert_can_install(void);

#endif
