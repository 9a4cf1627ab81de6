/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the rules find: one table names every rule, says how severe its finding
 * is, where it comes from, and what to do. */
#ifndef SFI_PREFLIGHT_FINDINGS_H
#define SFI_PREFLIGHT_FINDINGS_H

#include <sfi/finding.h>

#include "core/ctx.h"
#include "core/err.h"

enum rule {
    RULE_NO_FIRMWARE,
    RULE_TOO_MANY_AREAS,
    RULE_EMPTY_AREA,
    RULE_OUTSIDE_FLASH,
    RULE_BELOW_START,
    RULE_BEYOND_END,
    RULE_LAST_WORD,
    RULE_OVERLAP,
    RULE_REPEATED,
    RULE_SHARED_WORD,
    RULE_DESCENDING,
    RULE_TOTAL_MULTIPLE,
    RULE_TOTAL_NOT_MULTIPLE,
    RULE_PADDED,
    RULE_GAPS_FILLED,
    RULE_OB_NOT_LAST,
    RULE_OB_ADDRESS,
    RULE_OB_SIZE,
    RULE_OB_MISSING,
    RULE_OB_REPEATED,
    RULE_ZERO_KEY,
    RULE_ZERO_NONCE,
    RULE_NONCE_REUSE,
    RULE_OB_ZEROS,
    RULE_OB_ONES,
    RULE_RESERVED_BITS,
    RULE_RDP_LEVEL_2,
    RULE_RDP_LEVEL_0,
    RULE_SECURITY_OFF,
    RULE_SECURE_NONE,
    RULE_SECURE_BANK,
    RULE_SECURE_EMPTY,
    RULE_PCROP_BANK,
    RULE_PCROP_EMPTY,
    RULE_AREA_STAYS,
    RULE_WRP_ALL,
    RULE_WRP_EMPTY,
    RULE_LOADER_PROTECTED,
    RULE_SWAP_BANK,
    RULE_NSWBOOT0,
    RULE_NBOOT0,
    RULE_BOOT_NOWHERE,
    RULE_BOOT_PIN_NOWHERE,
    RULE_BOOT_SYSTEM,
    RULE_BOOT_EMPTY,
    RULE_VECTORS_UNREADABLE,
    RULE_STACK_OUTSIDE,
    RULE_STACK_AT_END,
    RULE_RESET_EVEN,
    RULE_RESET_OUTSIDE,
    RULE_MACHINE,
    RULE_BLANK_AREA,
    RULE_WATCHDOG,
    RULE_COUNT
};

struct rule_info {
    const char *id;
    uint32_t severity;
    sfi_status status; /* of an error */
    const char *source;
    const char *remedy;
};

extern const struct rule_info sfi__rule_info[RULE_COUNT];

/* What a finding concerns; all zero: the image as a whole. */
struct place {
    uint32_t area; /* from 1 */
    uint64_t address, size;
    const char *row, *field;
    const char *file;
    uint32_t segment;
};

/* Collects findings: each is reported, and the first error is returned. */
struct findings {
    sfi_ctx *ctx;
    sfi_finding_fn report; /* NULL: only keep the first */
    void *user;
    struct obj *caller; /* busy while report runs; may be NULL */
    sfi_status first;
    char what[SFI_ERROR_MESSAGE_MAX]; /* of the first */
};

void sfi__finding(struct findings *f, enum rule rule, struct place at,
                  const char *fmt, ...) SFI_PRINTF(4, 5);
/* SFI_OK, or the first error, recorded in the context. */
sfi_status sfi__findings_end(const struct findings *f);

#endif
