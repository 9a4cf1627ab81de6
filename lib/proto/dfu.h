/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USB DFU 1.1 with ST's extension DfuSe (AN3156): numbers, and the data stages
 * of control transfers.  No I/O, no clock; the caller makes the transfers in
 * the right order. */
#ifndef SFI_PROTO_DFU_H
#define SFI_PROTO_DFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/security.h"

/* bmRequestType: class requests to an interface. */
#define DFU_OUT 0x21u
#define DFU_IN 0xa1u

/* USB 2.0, 9.4: the standard requests that a host of a bootloader needs. */
#define USB_IN 0x80u /* the direction */
#define USB_GET_DESCRIPTOR 0x06u
#define USB_SET_INTERFACE 0x0bu
#define USB_TO_INTERFACE 0x01u
#define USB_DEVICE 1u /* types of descriptors */
#define USB_CONFIGURATION 2u
#define USB_STRING 3u
#define USB_INTERFACE 4u
#define USB_DEVICE_LEN 18u
#define USB_ENGLISH 0x0409u
/* USB 2.0, 9.5: the length is one byte; a UTF-16 character takes two bytes. */
#define USB_STRING_MAX 255u
#define USB_TEXT_MAX 128u

/* DFU 1.1, 3. */
enum dfu_request {
    DFU_DETACH = 0,
    DFU_DNLOAD = 1,
    DFU_UPLOAD = 2,
    DFU_GETSTATUS = 3,
    DFU_CLRSTATUS = 4,
    DFU_GETSTATE = 5,
    DFU_ABORT = 6,
};

/* DFU 1.1, 6.1.2. */
enum dfu_state {
    DFU_IDLE = 2,
    DFU_DNLOAD_SYNC = 3,
    DFU_DNBUSY = 4,
    DFU_DNLOAD_IDLE = 5,
    DFU_MANIFEST_SYNC = 6,
    DFU_MANIFEST = 7,
    DFU_MANIFEST_WAIT = 8,
    DFU_UPLOAD_IDLE = 9,
    DFU_ERROR = 10,
};

enum dfu_status {
    DFU_OK = 0x00,
    DFU_ERR_TARGET = 0x01,
    DFU_ERR_FILE = 0x02,
    DFU_ERR_WRITE = 0x03,
    DFU_ERR_ERASE = 0x04,
    DFU_ERR_CHECK_ERASED = 0x05,
    DFU_ERR_PROG = 0x06,
    DFU_ERR_VERIFY = 0x07,
    DFU_ERR_ADDRESS = 0x08,
    DFU_ERR_NOTDONE = 0x09,
    DFU_ERR_FIRMWARE = 0x0a,
    DFU_ERR_VENDOR = 0x0b,
    DFU_ERR_USBR = 0x0c,
    DFU_ERR_POR = 0x0d,
    DFU_ERR_UNKNOWN = 0x0e,
    DFU_ERR_STALLEDPKT = 0x0f,
};

/* AN3156, 4 and 5: the block number selects the kind of transfer. */
#define DFU_BLOCK_COMMAND 0u
#define DFU_BLOCK_REPLY 1u /* reserved by ST; security extension */
#define DFU_BLOCK_FIRST 2u
#define DFU_BLOCKS_MAX (0x10000u - DFU_BLOCK_FIRST)
/* AN3156, 5.1: a block is 2 to 2048 bytes. */
#define DFU_TRANSFER_MAX 2048u

/* First byte of a download of block 0; an upload of block 0 lists them. */
#define DFU_COMMANDS_MAX 32u
enum dfu_command {
    DFU_GET_COMMANDS = 0x00,
    DFU_SET_ADDRESS = 0x21,
    DFU_ERASE = 0x41,
    DFU_READ_UNPROTECT = 0x92,
    DFU_SFI = 0x53, /* ours: a request of the security extension */
};

/* The reply to GETSTATUS. */
#define DFU_REPORT_LEN 6u
struct dfu_report {
    uint8_t status;
    uint8_t state;
    uint32_t poll_ms; /* 24 bits: wait so long before the next request */
    uint8_t string;   /* security extension: cause of a refusal */
};
void sfi__dfu_write_report(uint8_t raw[DFU_REPORT_LEN],
                           const struct dfu_report *r);
void sfi__dfu_read_report(struct dfu_report *r,
                          const uint8_t raw[DFU_REPORT_LEN]);
/* The text of a status, for messages. */
const char *sfi__dfu_status_text(uint8_t status);

/* Set Address Pointer, or Erase of one sector. */
#define DFU_ADDRESS_LEN 5u
void sfi__dfu_write_address(uint8_t out[DFU_ADDRESS_LEN], uint8_t command,
                            uint32_t address);

/* A request of the security extension: DFU_SFI, the opcode's low byte, the
 * parameter's length, the parameter, data.  The longest is one transfer. */
#define DFU_SFI_HEAD_LEN 3u
#define DFU_SFI_MAX (DFU_SFI_HEAD_LEN + SFI_CMD_PARAM_MAX + SFI_CMD_DATA_MAX)
#define DFU_SFI_OPCODE 0x5300u
struct dfu_sfi {
    uint16_t opcode;
    const uint8_t *param;
    size_t param_len;
    const uint8_t *data;
    size_t data_len;
};
/* Returns the length; 0 when it does not fit. */
size_t sfi__dfu_write_sfi(uint8_t out[DFU_SFI_MAX], const struct dfu_sfi *req);
/* Borrows from `raw`; false: malformed. */
bool sfi__dfu_read_sfi(struct dfu_sfi *req, const uint8_t *raw, size_t len);

/* The DFU part of a configuration descriptor: the first interface of that class
 * in DFU mode, and its alternate settings. */
#define DFU_ALTS_MAX 4u
struct dfu_interface {
    uint8_t number;
    uint8_t alts;
    uint8_t name[DFU_ALTS_MAX]; /* index of the string descriptor of each */
    uint8_t attributes;
    uint16_t detach_ms;
    uint16_t transfer_size;
    uint16_t version; /* BCD; 0x011a: DfuSe */
};
/* DFU 1.1, 4.1.3: bmAttributes */
#define DFU_CAN_DNLOAD 0x01u
#define DFU_CAN_UPLOAD 0x02u
#define DFU_TOLERANT 0x04u
#define DFU_WILL_DETACH 0x08u
#define DFU_VERSION_DFUSE 0x011au

#define DFU_CONFIG_MAX (9u + 9u * DFU_ALTS_MAX + 9u)
size_t sfi__dfu_write_config(uint8_t out[DFU_CONFIG_MAX],
                             const struct dfu_interface *i);
/* False: no DFU interface, or its descriptors are malformed. */
bool sfi__dfu_read_config(struct dfu_interface *i, const uint8_t *raw,
                          size_t len);

/* String descriptors of printable ASCII; other characters become '?' when read.
 * Writing returns the length; 0: too long. */
size_t sfi__dfu_write_string(uint8_t out[USB_STRING_MAX], const char *text);
bool sfi__dfu_read_string(char out[USB_TEXT_MAX], const uint8_t *raw,
                          size_t len);

/* The memory behind an alternate setting, as its name describes it:
 * "@name/0xADDRESS/COUNT*SIZEunit type,.../0xADDRESS/...". */
#define DFU_READABLE 1u
#define DFU_ERASABLE 2u
#define DFU_WRITABLE 4u
#define DFU_REGIONS_MAX 8u
#define DFU_NAME_MAX 32u
struct dfu_region {
    uint32_t base;
    uint32_t count; /* sectors, one after the other */
    uint32_t size;  /* of each */
    uint8_t access; /* DFU_READABLE, ... */
};
struct dfu_layout {
    char name[DFU_NAME_MAX];
    struct dfu_region region[DFU_REGIONS_MAX];
    size_t regions;
};
bool sfi__dfu_read_layout(struct dfu_layout *out, const char *text);
/* The region that contains `address`, or NULL. */
const struct dfu_region *sfi__dfu_region_at(const struct dfu_layout *l,
                                            uint32_t address);

#endif
