/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's ADIv5 debug port: the registers of the DP, and two MEM-APs on the
 * chip's buses. */
#include "sim/mem_ap.h"

#include "sim/bus.h"

/* IHI 0031, C2.6.1: AXI-AP and APB-AP as the part's IDR names them. */
#define IDR_AXI 0x84770001u
#define IDR_APB 0x54770002u
/* C2.6.4, none present: no component table is modelled. */
#define BASE_NONE 0xffffffffu
#define APSEL_AXI 0u
#define APSEL_APB 2u

/* CTRL/STAT: what a host may write. */
#define CTRL_WRITABLE (ADI_CTRL_PWRUP | ADI_CTRL_CDBGRSTREQ | 0x00ffff0du)

void
sfi__mem_ap_init(struct dap *d, uint32_t dpidr)
{
    *d = (struct dap){.dpidr = dpidr};
    for (unsigned i = 0; i < DAP_APS; i++)
        d->ap[i].csw = ADI_CSW_SIZE_32;
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
mem_ap_write_csw(struct mem_ap *ap, uint32_t value)
{
    if ((value & ADI_CSW_SIZE) > ADI_CSW_SIZE_32)
        value = (value & ~ADI_CSW_SIZE) | ADI_CSW_SIZE_32;
    if ((value & ADI_CSW_INC) != ADI_CSW_INC_SINGLE)
        value &= ~ADI_CSW_INC;
    ap->csw = value & (ADI_CSW_PROT_MASK | ADI_CSW_INC | ADI_CSW_SIZE);
}

/* Each byte is on its own lane of the word (C2.2.6). */
static bool
mem_ap_move_data(struct sfi_sim *sim, bool is_axi, uint32_t address,
                 uint32_t size, bool read, uint32_t *data)
{
    uint32_t shift = 8 * (address % 4);
    uint32_t mask = size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
    uint32_t value = *data >> shift & mask;

    if (address % size != 0)
        return false;
    if (!is_axi) {
        if (!read || !sfi__bus_debug_read(sim, address, &value))
            return false;
    } else if (read ? !sfi__bus_read(sim, address, size, &value)
                    : !sfi__bus_write(sim, address, size, value)) {
        return false;
    }
    if (read)
        *data = value << shift;
    return true;
}

static bool
mem_ap_access_drw(struct sfi_sim *sim, struct mem_ap *ap, bool is_axi,
                  bool read, uint32_t *data)
{
    uint32_t size = mem_ap_access_size(ap);

    if (!mem_ap_move_data(sim, is_axi, ap->tar, size, read, data))
        return false;
    if ((ap->csw & ADI_CSW_INC) == ADI_CSW_INC_SINGLE)
        ap->tar = sfi__adi_tar_next(ap->tar, size);
    return true;
}

static bool
mem_ap_read_register(struct sfi_sim *sim, struct mem_ap *ap, bool is_axi,
                     uint8_t reg, uint32_t *data)
{
    *data = 0;
    switch (reg) {
    case ADI_AP_CSW:
        *data = ap->csw | ADI_CSW_DEVICE_EN;
        return true;
    case ADI_AP_TAR:
        *data = ap->tar;
        return true;
    case ADI_AP_DRW:
        return mem_ap_access_drw(sim, ap, is_axi, true, data);
    case ADI_AP_BASE:
        *data = BASE_NONE;
        return true;
    case ADI_AP_IDR:
        *data = is_axi ? IDR_AXI : IDR_APB;
        return true;
    default:
        if ((reg & 0xf0) == ADI_AP_BD0)
            return mem_ap_move_data(
                sim, is_axi, (ap->tar & ~0xfu) | (reg & 0xfu), 4, true, data);
        return true; /* reads as zero */
    }
}

static bool
mem_ap_write_register(struct sfi_sim *sim, struct mem_ap *ap, bool is_axi,
                      uint8_t reg, uint32_t data)
{
    switch (reg) {
    case ADI_AP_CSW:
        mem_ap_write_csw(ap, data);
        return true;
    case ADI_AP_TAR:
        ap->tar = data;
        return true;
    case ADI_AP_DRW:
        return mem_ap_access_drw(sim, ap, is_axi, false, &data);
    default:
        if ((reg & 0xf0) == ADI_AP_BD0)
            return mem_ap_move_data(
                sim, is_axi, (ap->tar & ~0xfu) | (reg & 0xfu), 4, false, &data);
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
    bool is_axi = sel == APSEL_AXI;
    struct mem_ap *ap = &d->ap[is_axi ? 0 : 1];

    if (!is_axi && sel != APSEL_APB) {
        *data = 0;
        return true;
    }
    if (r->read)
        return mem_ap_read_register(sim, ap, is_axi, reg, data);
    return mem_ap_write_register(sim, ap, is_axi, reg, *data);
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
