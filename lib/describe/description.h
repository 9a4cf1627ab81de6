/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The description of a file or a chip while it is made: facts go to the caller
 * one by one, and the first failure is kept. */
#ifndef SFI_DESCRIBE_DESCRIPTION_H
#define SFI_DESCRIBE_DESCRIPTION_H

#include <stdbool.h>

#include <sfi/describe.h>

#include "util/buf.h"
#include "core/ctx.h"
#include "core/err.h"

struct description {
    sfi_ctx *ctx;
    const char *path;
    sfi_describe_options opts;
    sfi_fact_fn report;
    void *user;
    const char *group; /* of the facts that follow */
    uint32_t item;
    struct sfi_error first; /* the first failed check; SFI_OK: none */
    uint32_t kind;          /* SFI_FILE_* */
    struct buf bytes;       /* the content, where it is read whole; wiped */
};

/* ---- facts ---- */

/* What the file is: a word that never changes, and a phrase. */
void sfi__fact_kind(struct description *d, const char *word,
                    const char *phrase);
/* Facts that follow belong to this group, and if `item` is not 0 to this entry
 * of it. */
void sfi__fact_group(struct description *d, const char *group, uint32_t item);

void sfi__fact_text(struct description *d, const char *name, const char *label,
                    const char *text);
void sfi__fact_number(struct description *d, const char *name,
                      const char *label, uint64_t number);
/* A number with words of its own. */
void sfi__fact_number_text(struct description *d, const char *name,
                           const char *label, uint64_t number,
                           const char *text);
void sfi__fact_address(struct description *d, const char *name,
                       const char *label, uint64_t address);
/* 0 is no time. */
void sfi__fact_time(struct description *d, const char *name, const char *label,
                    uint64_t seconds);
void sfi__fact_yes_no(struct description *d, const char *name,
                      const char *label, bool yes);
/* At most 64 bytes. */
void sfi__fact_bytes(struct description *d, const char *name, const char *label,
                     const uint8_t *data, size_t len);
/* The part of a product id, if it is known. */
void sfi__fact_product(struct description *d, const char *product_id);

/* A check ended with `st`; a failure's message is the context's.  Returns `st`.
 */
sfi_status sfi__fact_check(struct description *d, const char *name,
                           const char *label, sfi_status st);
void sfi__fact_not_made(struct description *d, const char *name,
                        const char *label, const char *why);

/* ---- kinds ---- */

/* Each describes `bytes`, or the file at the path.  A failure that is no check
 * of theirs is returned. */
sfi_status sfi__describe_image(struct description *d);
sfi_status sfi__describe_module(struct description *d);
sfi_status sfi__describe_firmware(struct description *d);
sfi_status sfi__describe_option_bytes(struct description *d);
/* Rows and fields of the option bytes that an image has: `ob` is as long as
 * those of `chip`. */
sfi_status sfi__describe_words(struct description *d, const sfi_chip *chip,
                               const uint8_t *ob);
sfi_status sfi__describe_certificate(struct description *d);
sfi_status sfi__describe_personalization(struct description *d);
sfi_status sfi__describe_receipt(struct description *d);
sfi_status sfi__describe_license(struct description *d);
sfi_status sfi__describe_store(struct description *d);
sfi_status sfi__describe_vault(struct description *d);
sfi_status sfi__describe_audit(struct description *d);
sfi_status sfi__describe_trace(struct description *d);
sfi_status sfi__describe_record(struct description *d);
sfi_status sfi__describe_nonces(struct description *d);
sfi_status sfi__describe_map(struct description *d);
sfi_status sfi__describe_key(struct description *d);
sfi_status sfi__describe_credential(struct description *d);

/* Not a file, but a chip that answers. */
sfi_status sfi__describe_chip(struct description *d, sfi_target *t);

/* Do these bytes look like option bytes of any part? */
bool sfi__describe_is_option_bytes(struct description *d);

#endif
