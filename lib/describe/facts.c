/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Facts on their way to the caller. */
#include <string.h>

#include "util/date.h"
#include "util/hex.h"
#include "util/text.h"
#include "describe/description.h"

#define BYTES_MAX 64u

static void
fact_report(struct description *d, sfi_fact f)
{
    bool busy = d->ctx->obj.busy;

    f.struct_size = sizeof(f);
    f.group = d->group;
    f.item = d->item;
    d->ctx->obj.busy = true;
    d->report(d->user, &f);
    d->ctx->obj.busy = busy;
}

void
sfi__fact_group(struct description *d, const char *group, uint32_t item)
{
    d->group = group;
    d->item = item;
}

void
sfi__fact_text(struct description *d, const char *name, const char *label,
               const char *text)
{
    fact_report(d, (sfi_fact){.kind = SFI_FACT_TEXT,
                              .name = name,
                              .label = label,
                              .text = text});
}

void
sfi__fact_kind(struct description *d, const char *word, const char *phrase)
{
    sfi__fact_group(d, "", 0);
    sfi__fact_text(d, "kind", "kind", word);
    sfi__fact_text(d, "what", "what it is", phrase);
}

static void
fact_report_number(struct description *d, uint32_t kind, const char *name,
                   const char *label, uint64_t number, const char *text)
{
    fact_report(d, (sfi_fact){.kind = kind,
                              .name = name,
                              .label = label,
                              .text = text,
                              .number = number});
}

void
sfi__fact_number(struct description *d, const char *name, const char *label,
                 uint64_t number)
{
    char text[24];

    sfi__text_format(text, sizeof(text), "%llu", (unsigned long long)number);
    fact_report_number(d, SFI_FACT_NUMBER, name, label, number, text);
}

void
sfi__fact_number_text(struct description *d, const char *name,
                      const char *label, uint64_t number, const char *text)
{
    fact_report_number(d, SFI_FACT_NUMBER, name, label, number, text);
}

void
sfi__fact_address(struct description *d, const char *name, const char *label,
                  uint64_t address)
{
    char text[24];

    sfi__text_format(text, sizeof(text), "0x%08llx",
                     (unsigned long long)address);
    fact_report_number(d, SFI_FACT_ADDRESS, name, label, address, text);
}

void
sfi__fact_time(struct description *d, const char *name, const char *label,
               uint64_t seconds)
{
    char text[DATE_MAX];

    if (seconds != 0)
        fact_report_number(d, SFI_FACT_TIME, name, label, seconds,
                           sfi__date_format(text, seconds));
}

void
sfi__fact_yes_no(struct description *d, const char *name, const char *label,
                 bool yes)
{
    fact_report_number(d, SFI_FACT_YES_NO, name, label, yes,
                       yes ? "yes" : "no");
}

void
sfi__fact_bytes(struct description *d, const char *name, const char *label,
                const uint8_t *data, size_t len)
{
    char text[2 * BYTES_MAX + 1];

    sfi__hex_encode(text, data, len < BYTES_MAX ? len : BYTES_MAX);
    fact_report(d, (sfi_fact){.kind = SFI_FACT_BYTES,
                              .name = name,
                              .label = label,
                              .text = text,
                              .data = data,
                              .len = len});
}

void
sfi__fact_product(struct description *d, const char *product_id)
{
    const sfi_chip *chip;

    sfi__fact_text(d, "product_id", "product id", product_id);
    for (size_t i = 0; (chip = sfi_chip_at(i)) != NULL; i++) {
        if (strcmp(sfi_chip_product_id(chip), product_id) == 0)
            sfi__fact_text(d, "chip", "part", sfi_chip_name(chip));
    }
}

/* ---- checks ---- */

sfi_status
sfi__fact_check(struct description *d, const char *name, const char *label,
                sfi_status st)
{
    const char *text = "passed";

    sfi__fact_group(d, "checks", 0);
    if (st != SFI_OK) {
        text = d->ctx->error.message;
        if (d->first.status == SFI_OK)
            sfi__error_keep(d->ctx, &d->first);
    }
    fact_report_number(d, SFI_FACT_CHECK, name, label,
                       st == SFI_OK ? SFI_CHECK_PASSED : SFI_CHECK_FAILED,
                       text);
    return st;
}

void
sfi__fact_not_made(struct description *d, const char *name, const char *label,
                   const char *why)
{
    sfi__fact_group(d, "checks", 0);
    fact_report_number(d, SFI_FACT_CHECK, name, label, SFI_CHECK_NOT_MADE, why);
}
