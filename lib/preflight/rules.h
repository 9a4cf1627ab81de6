/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a chip accepts: the rules, for a new image and for one that is already
 * built. */
#ifndef SFI_PREFLIGHT_RULES_H
#define SFI_PREFLIGHT_RULES_H

#include "preflight/findings.h"
#include "preflight/layout.h"

/* Report every violation of a rule.  Returns the first error among them, or
 * SFI_ERR_NOMEM. */
sfi_status sfi__rules_check(const struct layout *in, struct findings *f);

void sfi__rules_notes(const struct layout *in, struct findings *f);
/* The conflict of an area that is apart for it. */
void sfi__rules_report_conflict(const struct layout_note *n,
                                struct findings *f);
/* The rules of one kind; the status is SFI_OK or SFI_ERR_NOMEM. */
sfi_status sfi__rules_areas(const struct layout *in, struct findings *f);
/* The option bytes, if they are known. */
void sfi__rules_options(const struct layout *in, struct findings *f);
/* Where the part starts, and the vector table there. */
void sfi__rules_start(const struct layout *in, struct findings *f);
/* What the firmware says, where it is known. */
void sfi__rules_content(const struct layout *in, struct findings *f);

#endif
