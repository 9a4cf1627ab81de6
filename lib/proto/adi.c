/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Encodes and decodes transfers of ARM's debug interface. */
#include "proto/adi.h"

/* IHI 0031, B3.3.2: what JTAG-DP captures into 2:0. */
#define JTAG_ACK_WAIT 0x1u
#define JTAG_ACK_OK 0x2u

uint64_t
sfi__adi_jtag_request(const struct adi_request *r, uint32_t data)
{
    return (uint64_t)data << 3 | ((uint32_t)r->reg >> 1 & 0x6u) |
           (r->read ? 1u : 0u);
}

void
sfi__adi_jtag_take_request(uint64_t scan, struct adi_request *r, uint32_t *data)
{
    r->read = (scan & 1) != 0;
    r->reg = (uint8_t)((scan & 0x6) << 1);
    *data = (uint32_t)(scan >> 3);
}

uint64_t
sfi__adi_jtag_answer(enum adi_ack ack, uint32_t data)
{
    return (uint64_t)data << 3 |
           (ack == ADI_ACK_WAIT ? JTAG_ACK_WAIT : JTAG_ACK_OK);
}

enum adi_ack
sfi__adi_jtag_take_answer(uint64_t scan, uint32_t *data)
{
    *data = (uint32_t)(scan >> 3);
    switch (scan & 0x7) {
    case JTAG_ACK_OK:
        return ADI_ACK_OK;
    case JTAG_ACK_WAIT:
        return ADI_ACK_WAIT;
    default:
        return ADI_ACK_NONE;
    }
}

uint32_t
sfi__adi_select(uint8_t ap, uint8_t reg)
{
    return (uint32_t)ap << 24 | (reg & 0xf0u);
}

uint8_t
sfi__adi_select_ap(uint32_t select)
{
    return (uint8_t)(select >> 24);
}

uint8_t
sfi__adi_select_bank(uint32_t select)
{
    return (uint8_t)(select & 0xf0u);
}

uint32_t
sfi__adi_tar_next(uint32_t tar, uint32_t size)
{
    return (tar & ~(ADI_TAR_WRAP - 1)) | ((tar + size) & (ADI_TAR_WRAP - 1));
}

size_t
sfi__adi_tar_run(uint32_t address, size_t words)
{
    size_t left = (ADI_TAR_WRAP - address % ADI_TAR_WRAP) / 4;

    return words < left ? words : left;
}
