/**
 * @file log.h
 * The log of an HSM: a chain of records that proves how many devices were
 * licensed (doc/format.md, "Log").
 */
#ifndef SFI_LOG_H
#define SFI_LOG_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

#define SFI_LOG_KEY_LEN 32u /**< the key that authenticates a log */
#define SFI_LOG_HASH_LEN 32u

/** What a record is about. */
enum {
    SFI_LOG_COUNTED = 1, /**< a new device was licensed: one left less */
    SFI_LOG_AGAIN = 2,   /**< a counted device got another licence */
    SFI_LOG_RETIRED = 3  /**< the closing record: nothing follows */
};

/** What is common to all records, and where they end. */
typedef struct sfi_log_head {
    uint32_t struct_size; /**< sizeof(sfi_log_head) */
    uint32_t flags;       /**< SFI_HSM_* flags */
    uint64_t maximum;     /**< installations provisioned */
    uint64_t low_water;   /**< warns when this many or fewer remain */
    uint64_t remaining;   /**< installations left */
    uint64_t sequence;    /**< of the last record; 0: none */
    char firmware_id[64];
    char product_id[16];
    uint8_t serial[16];    /**< the HSM's own, random */
    uint8_t ca_public[64]; /**< whose devices were licensed */
    uint8_t genesis[32];   /**< hash of all that is written once */
    uint8_t log_head[32];  /**< hash of the last record, or genesis */
    uint8_t mac[32];       /**< over genesis and end */
} sfi_log_head;

/** One record. */
typedef struct sfi_log_record {
    uint32_t struct_size; /**< sizeof(sfi_log_record) */
    uint32_t kind;        /**< SFI_LOG_* */
    uint64_t sequence;    /**< 1, 2, ... */
    uint64_t time;        /**< seconds since 1970, by the HSM's clock */
    uint64_t remaining;   /**< installations left after it */
    uint32_t session;     /**< of a live licence; 0: static */
    uint32_t reserved;    /**< 0 */
    uint8_t device[32];   /**< SHA-256 of the device's public key, or zeros */
    uint8_t license[32];  /**< SHA-256 of the licence, or zeros */
    uint8_t previous[32]; /**< hash of the record before, or genesis */
    uint8_t hash[32];     /**< of this record */
    uint8_t mac[32];      /**< the same under the log key */
} sfi_log_record;

SFI_END_DECLS

#endif
