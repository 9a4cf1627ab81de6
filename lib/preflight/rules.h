/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a chip accepts: one table of rules, for the plan of a new image and for
 * an image that is already built. */
#ifndef SFI_PREFLIGHT_RULES_H
#define SFI_PREFLIGHT_RULES_H

#include <sfi/finding.h>

#include "util/text.h"
#include "core/ctx.h"
#include "chip/chip.h"

/* Collects findings: each is reported, and the first is returned as error. */
struct findings {
    sfi_ctx *ctx;
    sfi_finding_fn report; /* NULL: only keep the first */
    void *user;
    struct obj *caller; /* busy while report runs; may be NULL */
    sfi_status first;
    char what[SFI_ERROR_MESSAGE_MAX]; /* of the first */
};

void sfi__finding(struct findings *f, sfi_status st, const char *fmt, ...)
    SFI_PRINTF(3, 4);
/* SFI_OK, or the first finding, recorded in the context. */
sfi_status sfi__findings_end(const struct findings *f);

/* An area as the rules see it. */
struct rules_area {
    uint8_t type;
    uint64_t address;
    uint64_t size;
};

struct rules_input {
    const struct sfi_chip *chip;
    const char *noun; /* word for firmware areas: "segment" or "area" */
    const struct rules_area *areas;
    size_t count;
};

/* Report every violation of a rule.  Returns SFI_OK also after findings;
 * SFI_ERR_NOMEM is the only failure. */
sfi_status sfi__rules_check(const struct rules_input *in, struct findings *f);

#endif
