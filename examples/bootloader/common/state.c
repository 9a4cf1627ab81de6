/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's record, and whether it can be believed. */
#include "state.h"

#include "store.h"

static bool
state_is_at_rest(const uint8_t raw[SFI_DEVICE_RECORD_LEN])
{
    struct record record;

    return sfi__record_read(&record, raw) == RECORD_GOOD &&
           (record.phase == RECORD_EMPTY || record.phase == RECORD_INSTALLED);
}

int
state_load(uint8_t raw[SFI_DEVICE_RECORD_LEN])
{
    bool newest;

    if (store_record_load(raw, &newest) != 0)
        return 1;
    if (!newest && state_is_at_rest(raw))
        raw[0] = 0; /* of its magic */
    return 0;
}

enum record_phase
state_load_phase(void)
{
    uint8_t raw[SFI_DEVICE_RECORD_LEN];
    struct record record = {.phase = RECORD_EMPTY};

    if (store_start() == 0 && state_load(raw) == 0)
        (void)sfi__record_read(&record, raw);
    return record.phase;
}
