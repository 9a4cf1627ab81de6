/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Why a device refused, in words. */
#ifndef SFI_TARGET_CAUSE_H
#define SFI_TARGET_CAUSE_H

#include <stdint.h>

/* What was found and what to do; NULL: no such cause. */
const char *sfi__cause_message(uint8_t cause);

#endif
