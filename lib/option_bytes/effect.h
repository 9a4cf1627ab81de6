/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a field of the option bytes means, and what it will do. */
#ifndef SFI_OPTION_BYTES_EFFECT_H
#define SFI_OPTION_BYTES_EFFECT_H

#include "chip/fields.h"
#include "option_bytes/option_bytes.h"

uint32_t sfi__ob_field_value(const sfi_option_bytes *ob,
                             const struct chip_ob_field *f);
/* One sentence without a full stop; "" when the value says it all. */
void sfi__ob_effect(const sfi_option_bytes *ob, const struct chip_ob_field *f,
                    char out[SFI_OPTION_EFFECT_MAX]);

#endif
