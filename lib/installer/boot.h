/* One session with a USART bootloader (AN3155): whole commands, each with a
 * deadline on every wait, repeated when a byte was lost or damaged. */
#ifndef SFI_INSTALLER_BOOT_H
#define SFI_INSTALLER_BOOT_H

#include "proto/usart.h"
#include "installer/link.h"

struct boot {
    struct link link;
    struct usart_get get;
    uint16_t device_id;
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
    uint32_t wait_ms; /* for its work, after the last packet */
    uint8_t status;   /* the device's status byte */
};

/* Find the bootloader and ask who it is. */
sfi_status boot_connect(struct boot *b, uint32_t ms);
/* Bring a bootloader that was lost in a frame back to waiting for a command,
 * whether it gives up on half frames by itself or not. */
sfi_status boot_resync(struct boot *b);

/* 1 to 256 bytes */
sfi_status boot_read(struct boot *b, uint32_t address, uint8_t *out,
                     size_t len);
sfi_status boot_write(struct boot *b, uint32_t address, const uint8_t *data,
                      size_t len);
sfi_status boot_go(struct boot *b, uint32_t address);
sfi_status boot_erase_mass(struct boot *b);
/* A reply of another length than `reply_len` is SFI_ERR_PROTOCOL; an unknown
 * opcode SFI_ERR_NACK. */
sfi_status boot_special(struct boot *b, struct special *s);

#endif
