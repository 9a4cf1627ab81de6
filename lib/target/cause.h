/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The message for a device's cause of refusal. */
#ifndef SFI_TARGET_CAUSE_H
#define SFI_TARGET_CAUSE_H

#include <stdint.h>

/* What the device found and what to do; NULL: unknown cause. */
const char *sfi__cause_message(int32_t cause);

#endif
