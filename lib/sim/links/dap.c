/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's debug port as a transport inside the process. */
#include "core/err.h"
#include "sim/boot.h"
#include "sim/links/links.h"

/* What a block of words takes, on the chip's clock. */
#define BLOCK_MS 1u

static bool
dap_link_access(struct sfi_sim *sim, bool ap, bool read, uint8_t reg,
                uint32_t *data)
{
    const struct adi_request r = {.ap = ap, .read = read, .reg = reg};

    return sfi__mem_ap_access(sim, &sim->chain.dap, &r, data) == ADI_ACK_OK;
}

static bool
dap_link_set_register(struct sfi_sim *sim, bool ap, uint8_t reg, uint32_t value)
{
    return dap_link_access(sim, ap, false, reg, &value);
}

/* As any host does: power up, clear old errors, 32-bit words with increment. */
static bool
dap_link_prepare(struct sfi_sim *sim)
{
    return dap_link_set_register(sim, false, ADI_DP_CTRL_STAT,
                                 ADI_CTRL_PWRUP | ADI_STAT_STICKY) &&
           dap_link_set_register(sim, false, ADI_DP_SELECT,
                                 sfi__adi_select(0, 0)) &&
           dap_link_set_register(sim, true, ADI_AP_CSW,
                                 ADI_CSW_PROT | ADI_CSW_INC_SINGLE |
                                     ADI_CSW_SIZE_32);
}

/* Words up to the address where TAR must be set again. */
static bool
dap_link_move_words(struct sfi_sim *sim, bool read, uint32_t address,
                    uint32_t *words, size_t count)
{
    bool done = dap_link_set_register(sim, true, ADI_AP_TAR, address);

    for (size_t i = 0; i < count && done; i++)
        done = dap_link_access(sim, true, read, ADI_AP_DRW, &words[i]);
    return done;
}

static sfi_status
dap_link_result(struct sfi_sim *sim, bool done, bool read, uint32_t address,
                size_t count)
{
    sfi__sim_wait(sim, BLOCK_MS);
    if (sim->power.off)
        return sfi__fail(sim->obj.ctx, SFI_ERR_TIMEOUT,
                         "the virtual chip's debug port does not answer");
    if (done)
        return SFI_OK;
    return sfi__fail(sim->obj.ctx, SFI_ERR_NACK,
                     "the virtual chip faulted a %s of %zu words at 0x%08x",
                     read ? "read" : "write", count, address);
}

static sfi_status
dap_link_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    struct sfi_sim *sim = user;
    bool done = dap_link_prepare(sim);

    for (size_t i = 0; i < count && done;) {
        uint32_t at = address + 4 * (uint32_t)i;
        size_t n = sfi__adi_tar_run(at, count - i);

        done = dap_link_move_words(sim, true, at, words + i, n);
        i += n;
    }
    return dap_link_result(sim, done, true, address, count);
}

static sfi_status
dap_link_write32(void *user, uint32_t address, const uint32_t *words,
                 size_t count)
{
    struct sfi_sim *sim = user;
    bool done = dap_link_prepare(sim);

    for (size_t i = 0; i < count && done; i++) {
        uint32_t word = words[i];
        uint32_t at = address + 4 * (uint32_t)i;

        if (i == 0 || at % ADI_TAR_WRAP == 0)
            done = dap_link_set_register(sim, true, ADI_AP_TAR, at);
        done = done && dap_link_set_register(sim, true, ADI_AP_DRW, word);
    }
    return dap_link_result(sim, done, false, address, count);
}

sfi_status
sfi__sim_open_dap(struct sfi_sim *sim, sfi_transport **out)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = dap_link_read32,
        .write32 = dap_link_write32,
        .reset = sfi__sim_link_reset,
        .close = sfi__sim_link_close,
    };

    if (sim->chip->dbgmcu == 0)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "a virtual %s has no JTAG", sim->chip->name);
    return sfi_transport_open_dap(sim->obj.ctx, &ops, sim, out);
}
