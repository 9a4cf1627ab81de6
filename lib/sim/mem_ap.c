/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's ADIv5 debug port: the registers of the DP, and three MEM-APs on
 * the chip's buses. */
#include "sim/mem_ap.h"

#include "sim/bus.h"
#include "sim/coresight.h"

/* IHI 0031, C2.6.1: AHB-APs and an APB-AP, as pyOCD finds them (pyOCD 1148,
 * 1499). */
#define IDR_AHB 0x84770001u
#define IDR_APB 0x54770002u
/* C2.6.4: no ROM table */
#define BASE_NONE 0xffffffffu
/* After a power-up: HPROT is 3 (pyOCD 1148); an APB-AP has DbgSwEnable. */
#define CSW_AHB_RESET (0x03000000u | ADI_CSW_SIZE_32)
#define CSW_AHB_MASK (ADI_CSW_PROT_MASK | ADI_CSW_INC | ADI_CSW_SIZE)
#define CSW_APB_RESET (ADI_CSW_DBGSWENABLE | ADI_CSW_SIZE_32)
#define CSW_APB_MASK (ADI_CSW_DBGSWENABLE | ADI_CSW_INC)

static const struct {
    enum bus_port port;
    uint32_t idr, base, csw, csw_mask;
} aps[DAP_APS] = {
    {BUS_CORE, IDR_AHB, CORESIGHT_CORE_BASE, CSW_AHB_RESET, CSW_AHB_MASK},
    {BUS_SYSTEM, IDR_AHB, BASE_NONE, CSW_AHB_RESET, CSW_AHB_MASK},
    {BUS_DEBUG, IDR_APB, CORESIGHT_DEBUG_BASE, CSW_APB_RESET, CSW_APB_MASK},
};

/* CTRL/STAT: what a host may write. */
#define CTRL_WRITABLE (ADI_CTRL_PWRUP | ADI_CTRL_CDBGRSTREQ | 0x00ffff0du)

void
sfi__mem_ap_init(struct dap *d, uint32_t dpidr)
{
    *d = (struct dap){.dpidr = dpidr};
    for (unsigned i = 0; i < DAP_APS; i++)
        d->ap[i].csw = aps[i].csw;
}

/* A power-up request is acknowledged at once. */
static uint32_t
mem_ap_ctrl_stat(const struct dap *d)
{
    return d->ctrl | (d->ctrl & ADI_CTRL_PWRUP) << 1;
}

/* JTAG clears a sticky flag by writing 1 to it (B2.2.2), SWD by ABORT. */
static void
mem_ap_write_ctrl(struct dap *d, uint32_t value)
{
    uint32_t sticky = d->ctrl & (ADI_STAT_STICKY | ADI_STAT_WDATAERR);

    d->ctrl = (value & CTRL_WRITABLE) | (sticky & ~value);
}

void
sfi__mem_ap_abort(struct dap *d, uint32_t value)
{
    if ((value & ADI_ABORT_STKCMPCLR) != 0)
        d->ctrl &= ~ADI_STAT_STICKYCMP;
    if ((value & ADI_ABORT_STKERRCLR) != 0)
        d->ctrl &= ~ADI_STAT_STICKYERR;
    if ((value & ADI_ABORT_WDERRCLR) != 0)
        d->ctrl &= ~ADI_STAT_WDATAERR;
    if ((value & ADI_ABORT_ORUNERRCLR) != 0)
        d->ctrl &= ~ADI_STAT_STICKYORUN;
}

static void
mem_ap_access_dp(struct dap *d, const struct adi_request *r, uint32_t *data)
{
    if (r->read) {
        *data = 0;
        if (r->reg == ADI_DP_DPIDR)
            *data = d->dpidr;
        else if (r->reg == ADI_DP_CTRL_STAT)
            *data = mem_ap_ctrl_stat(d);
    } else if (r->reg == ADI_DP_CTRL_STAT) {
        mem_ap_write_ctrl(d, *data);
    } else if (r->reg == ADI_DP_SELECT) {
        d->select = *data;
    }
}

/* ---- MEM-AP ---- */

static uint32_t
mem_ap_access_size(const struct mem_ap *ap)
{
    return 1u << (ap->csw & ADI_CSW_SIZE);
}

/* Settings that the part does not support read back changed (C2.6.2): accesses
 * wider than a word, packed transfers. */
static void
mem_ap_write_csw(struct dap *d, uint8_t sel, uint32_t value)
{
    if ((value & ADI_CSW_SIZE) > ADI_CSW_SIZE_32)
        value = (value & ~ADI_CSW_SIZE) | ADI_CSW_SIZE_32;
    if ((value & ADI_CSW_INC) != ADI_CSW_INC_SINGLE)
        value &= ~ADI_CSW_INC;
    value &= aps[sel].csw_mask;
    if (aps[sel].port == BUS_DEBUG) /* words only */
        value |= ADI_CSW_SIZE_32;
    d->ap[sel].csw = value;
}

/* Each byte is on its own lane of the word (C2.2.6). */
static bool
mem_ap_move_data(struct sfi_sim *sim, enum bus_port port, uint32_t address,
                 uint32_t size, bool read, uint32_t *data)
{
    uint32_t shift = 8 * (address % 4);
    uint32_t mask = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
    uint32_t value = *data >> shift & mask;

    if (address % size != 0)
        return false;
    if (read ? !sfi__bus_read(sim, port, address, size, &value)
             : !sfi__bus_write(sim, port, address, size, value))
        return false;
    if (read)
        *data = value << shift;
    return true;
}

static bool
mem_ap_access_drw(struct sfi_sim *sim, struct dap *d, uint8_t sel, bool read,
                  uint32_t *data)
{
    struct mem_ap *ap = &d->ap[sel];
    uint32_t size = mem_ap_access_size(ap);

    if (!mem_ap_move_data(sim, aps[sel].port, ap->tar, size, read, data))
        return false;
    if ((ap->csw & ADI_CSW_INC) == ADI_CSW_INC_SINGLE)
        ap->tar = sfi__adi_tar_next(ap->tar, size);
    return true;
}

static bool
mem_ap_access_banked(struct sfi_sim *sim, const struct dap *d, uint8_t sel,
                     uint8_t reg, bool read, uint32_t *data)
{
    uint32_t address = (d->ap[sel].tar & ~0xfu) | (reg & 0xfu);

    return mem_ap_move_data(sim, aps[sel].port, address, 4, read, data);
}

static bool
mem_ap_read_register(struct sfi_sim *sim, struct dap *d, uint8_t sel,
                     uint8_t reg, uint32_t *data)
{
    *data = 0;
    switch (reg) {
    case ADI_AP_CSW:
        *data = d->ap[sel].csw | ADI_CSW_DEVICE_EN;
        return true;
    case ADI_AP_TAR:
        *data = d->ap[sel].tar;
        return true;
    case ADI_AP_DRW:
        return mem_ap_access_drw(sim, d, sel, true, data);
    case ADI_AP_BASE:
        *data = aps[sel].base;
        return true;
    case ADI_AP_IDR:
        *data = aps[sel].idr;
        return true;
    default:
        if ((reg & 0xf0) == ADI_AP_BD0)
            return mem_ap_access_banked(sim, d, sel, reg, true, data);
        return true; /* reads as zero */
    }
}

static bool
mem_ap_write_register(struct sfi_sim *sim, struct dap *d, uint8_t sel,
                      uint8_t reg, uint32_t data)
{
    switch (reg) {
    case ADI_AP_CSW:
        mem_ap_write_csw(d, sel, data);
        return true;
    case ADI_AP_TAR:
        d->ap[sel].tar = data;
        return true;
    case ADI_AP_DRW:
        return mem_ap_access_drw(sim, d, sel, false, &data);
    default:
        if ((reg & 0xf0) == ADI_AP_BD0)
            return mem_ap_access_banked(sim, d, sel, reg, false, &data);
        return true; /* ignored */
    }
}

/* An absent AP reads as zero (B1.2.4). */
static bool
mem_ap_access_ap(struct sfi_sim *sim, struct dap *d,
                 const struct adi_request *r, uint32_t *data)
{
    uint8_t sel = sfi__adi_select_ap(d->select);
    uint8_t reg = (uint8_t)(sfi__adi_select_bank(d->select) | r->reg);

    if (sel >= DAP_APS) {
        *data = 0;
        return true;
    }
    if (r->read)
        return mem_ap_read_register(sim, d, sel, reg, data);
    return mem_ap_write_register(sim, d, sel, reg, *data);
}

enum adi_ack
sfi__mem_ap_access(struct sfi_sim *sim, struct dap *d,
                   const struct adi_request *r, uint32_t *data)
{
    if (!r->ap) {
        mem_ap_access_dp(d, r, data);
        return ADI_ACK_OK;
    }
    if ((d->ctrl & ADI_STAT_STICKY) != 0)
        return ADI_ACK_FAULT;
    if ((d->ctrl & ADI_CTRL_PWRUP) == ADI_CTRL_PWRUP &&
        mem_ap_access_ap(sim, d, r, data))
        return ADI_ACK_OK;
    d->ctrl |= ADI_STAT_STICKYERR;
    return ADI_ACK_FAULT;
}
