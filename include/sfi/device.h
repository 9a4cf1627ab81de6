/**
 * @file device.h
 * The secure bootloader's core: freestanding, no heap, no libcrypto.
 */
#ifndef SFI_DEVICE_H
#define SFI_DEVICE_H

#include <sfi/api.h>
#include <sfi/chip.h>
#include <sfi/status.h>

SFI_BEGIN_DECLS

typedef struct sfi_device sfi_device;

/** Life of a device, as INFO tells it. */
enum {
    SFI_DEVICE_EMPTY = 0,     /* no firmware; may begin */
    SFI_DEVICE_READY = 1,     /* flash erased, waits for a licence */
    SFI_DEVICE_LICENSED = 2,  /* waits for the header */
    SFI_DEVICE_RECEIVING = 3, /* areas come */
    SFI_DEVICE_COMPLETE = 4,  /* every area verified; FINISH is due */
    SFI_DEVICE_INSTALLED = 5  /* firmware and option bytes are in */
};

/** Why a device refuses: one byte, distinct, without cryptographic detail. */
enum {
    SFI_CAUSE_NONE = 0x00,
    /* the request; nothing is lost */
    SFI_CAUSE_UNKNOWN_COMMAND = 0x01,
    SFI_CAUSE_LENGTH = 0x02,
    SFI_CAUSE_STATE = 0x03,     /* not now: a step is missing */
    SFI_CAUSE_INSTALLED = 0x04, /* holds firmware: mass-erase first */
    SFI_CAUSE_OFFSET = 0x05,    /* DATA neither next nor a repeat */
    /* the licence; the device is erased and empty again */
    SFI_CAUSE_LICENSE_TYPE = 0x10,
    SFI_CAUSE_LICENSE_VERSION = 0x11,
    SFI_CAUSE_LICENSE = 0x12, /* not for this chip, or altered */
    /* the image; likewise */
    SFI_CAUSE_HEADER_MAGIC = 0x20,
    SFI_CAUSE_HEADER_VERSION = 0x21,
    SFI_CAUSE_HEADER_AREAS = 0x22,
    SFI_CAUSE_HEADER_TAG = 0x23,
    SFI_CAUSE_AREA_TYPE = 0x30,
    SFI_CAUSE_AREA_INDEX = 0x31,
    SFI_CAUSE_AREA_TOTAL = 0x32,
    SFI_CAUSE_AREA_VERSION = 0x33,
    SFI_CAUSE_AREA_ADDRESS = 0x34,
    SFI_CAUSE_AREA_SIZE = 0x35,
    SFI_CAUSE_AREA_ORDER = 0x36, /* the configuration area is not last */
    SFI_CAUSE_AREA_TAG = 0x37,
    /* the hardware; likewise */
    SFI_CAUSE_FLASH_ERASE = 0x40,
    SFI_CAUSE_FLASH_PROGRAM = 0x41,
    SFI_CAUSE_FLASH_VERIFY = 0x42,
    SFI_CAUSE_OPTION_BYTES = 0x43,
    SFI_CAUSE_CRYPTO = 0x44,
    SFI_CAUSE_STORAGE = 0x45,
    /* found at power-up: an install was cut short and has been erased */
    SFI_CAUSE_INTERRUPTED = 0x50
};

/** What the core remembers across power cycles; opaque to the port. */
#define SFI_DEVICE_RECORD_LEN 128u

/** What the core needs of the part.  Each returns 0, or another value when it
 * failed.  `user` comes first. */
typedef struct sfi_device_port {
    uint32_t struct_size;
    uint32_t flags;
    /* whole sectors */
    int (*flash_erase)(void *user, uint32_t addr, uint32_t len);
    /* whole program units, erased before */
    int (*flash_program)(void *user, uint32_t addr, const uint8_t *data,
                         uint32_t len);
    int (*flash_read)(void *user, uint32_t addr, uint8_t *data, uint32_t len);
    /* little-endian words in CSV order */
    int (*ob_program)(void *user, const uint8_t *data, uint32_t len);
    /* 136 bytes; kept in manufacture */
    int (*certificate)(void *user, uint8_t *out, uint32_t len);
    int (*open_license)(void *user, const uint8_t *lic, uint32_t len,
                        uint8_t key[16], uint8_t nonce[12]);
    int (*gcm_start)(void *user, const uint8_t key[16], const uint8_t iv[12],
                     const uint8_t *aad, uint32_t aad_len);
    int (*gcm_update)(void *user, uint8_t *buf, uint32_t len); /* in place */
    int (*gcm_verify)(void *user, const uint8_t tag[16]);
    /* forget the key and what was under way */
    void (*gcm_wipe)(void *user);
    /* SFI_DEVICE_RECORD_LEN bytes, replaced as a whole or not at all */
    int (*record_load)(void *user, uint8_t *data, uint32_t len);
    int (*record_store)(void *user, const uint8_t *data, uint32_t len);
    uint64_t (*now_ms)(void *user);
    void (*reboot)(void *user);
} sfi_device_port;

/** Room for any device: for a static buffer. */
#define SFI_DEVICE_SIZE_MAX 2048u
/** Room for what one packet of a host is answered with over USART. */
#define SFI_DEVICE_ANSWER_MAX 400u
/** Room for what one request is answered with: cause and data. */
#define SFI_DEVICE_REPLY_MAX 137u

SFI_API size_t sfi_device_size(void);
/* Power-up: loads the record, cleans up an install that was cut short, or
 * completes one that was committed.  `mem` is aligned for a uint64_t. */
SFI_API SFI_NODISCARD sfi_status sfi_device_init(void *mem, size_t mem_len,
                                                 const sfi_chip *chip,
                                                 const sfi_device_port *port,
                                                 void *user, sfi_device **out);
/* AN3155 bytes in, answers out; *out_len: room in, used out. */
SFI_API SFI_NODISCARD sfi_status sfi_device_usart(sfi_device *dev,
                                                  const uint8_t *in,
                                                  size_t in_len, uint8_t *out,
                                                  size_t *out_len);
/* One request of the security extension, free of any carrier; the answer's
 * first byte is the cause. */
SFI_API SFI_NODISCARD sfi_status sfi_device_handle(
    sfi_device *dev, uint16_t opcode, const uint8_t *param, size_t param_len,
    uint8_t *data, size_t data_len, uint8_t *out, size_t *out_len);
SFI_API uint32_t sfi_device_state(const sfi_device *dev);
/* Call when an answer has gone out, and now and then: NACKs a half frame whose
 * host went silent, reboots after a success. */
SFI_API void sfi_device_poll(sfi_device *dev, uint8_t *out, size_t *out_len);
SFI_API void sfi_device_wipe(sfi_device *dev);

SFI_END_DECLS

#endif
