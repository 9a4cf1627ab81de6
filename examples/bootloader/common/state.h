/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's record in the data pages, for the core and for what runs before
 * it. */
#ifndef BOOTLOADER_STATE_H
#define BOOTLOADER_STATE_H

#include "device/record.h"

/* The record as the core gets it.  A later entry that cannot be read is torn by
 * a power cut, or has decayed: then no record that says "no install is under
 * way" is believed; it comes as a damaged one, and the core erases. */
int state_load(uint8_t raw[SFI_DEVICE_RECORD_LEN]);
/* At a reset, before anything else: finds the data page, too. */
enum record_phase state_load_phase(void);

#endif
