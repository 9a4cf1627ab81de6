/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DBGMCU (RM0433, 60.5.8): its bits are kept, and have no effect, as the
 * virtual chip has no watchdogs and never sleeps. */
#include "sim/dbgmcu.h"

#include "util/mem.h"
#include "wire/h7_dbgmcu.h"
#include "sim/sim.h"

#define CR_MASK 0x107001bfu

void
sfi__dbgmcu_power(struct sfi_sim *sim)
{
    sfi__zero(&sim->dbgmcu, sizeof(sim->dbgmcu));
}

static uint32_t *
dbgmcu_at(struct sfi_sim *sim, uint32_t offset)
{
    switch (offset) {
    case H7_DBGMCU_CR:
        return &sim->dbgmcu.cr;
    case H7_DBGMCU_APB3FZ1:
        return &sim->dbgmcu.apb3fz1;
    case H7_DBGMCU_APB1LFZ1:
        return &sim->dbgmcu.apb1lfz1;
    case H7_DBGMCU_APB4FZ1:
        return &sim->dbgmcu.apb4fz1;
    default:
        return NULL;
    }
}

uint32_t
sfi__dbgmcu_read(struct sfi_sim *sim, uint32_t offset)
{
    const uint32_t *at = dbgmcu_at(sim, offset);

    if (offset == 0)
        return sim->chip->idcode;
    return at != NULL ? *at : 0;
}

void
sfi__dbgmcu_write(struct sfi_sim *sim, uint32_t offset, uint32_t value)
{
    uint32_t *at = dbgmcu_at(sim, offset);

    if (at != NULL)
        *at = offset == H7_DBGMCU_CR ? value & CR_MASK : value;
}
