/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Arm Debug Interface v5 (ARM IHI 0031): transfers over JTAG and SWD, and the
 * registers behind them.  The host and the virtual chip use it.  No I/O, no
 * clock. */
#ifndef SFI_PROTO_ADI_H
#define SFI_PROTO_ADI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- JTAG-DP (IHI 0031, B3) ---- */

#define ADI_IR_LEN 4u
enum adi_ir {
    ADI_IR_ABORT = 0x8,
    ADI_IR_DPACC = 0xa,
    ADI_IR_APACC = 0xb,
    ADI_IR_IDCODE = 0xe,
    ADI_IR_BYPASS = 0xf,
};
/* Shifted in: data 34:3, A[3:2] 2:1, RnW 0.  Captured, the reply to the
 * previous scan: data 34:3, ACK 2:0. */
#define ADI_ACCESS_BITS 35u

/* Outcome of a request.  The values are SWD's. */
enum adi_ack {
    ADI_ACK_OK = 1, /* over JTAG also a fault: see CTRL/STAT */
    ADI_ACK_WAIT = 2,
    ADI_ACK_FAULT = 4,
    ADI_ACK_NONE = 7, /* the line is not driven */
};

/* A read or write of one register of the DP, or of the selected AP's bank. */
struct adi_request {
    bool ap; /* an AP's register, else the DP's */
    bool read;
    uint8_t reg; /* 0, 4, 8, 0xc */
};

uint64_t sfi__adi_jtag_request(const struct adi_request *r, uint32_t data);
/* The inverse, but `r->ap` is not set: the IR selects it. */
void sfi__adi_jtag_take_request(uint64_t scan, struct adi_request *r,
                                uint32_t *data);
uint64_t sfi__adi_jtag_answer(enum adi_ack ack, uint32_t data);
enum adi_ack sfi__adi_jtag_take_answer(uint64_t scan, uint32_t *data);

/* ---- SW-DP (B4) ---- */

/* JTAG to SWD (B5.2.1), sent LSB first between line resets, which are at least
 * 50 clocks with the line high. */
#define ADI_SELECT_SWD 0xe79eu
#define ADI_SELECT_JTAG 0xe73cu
#define ADI_LINE_RESET_BITS 50u

/* ---- registers of the DP (B2.2) ---- */

#define ADI_DP_ABORT 0x0u /* write, SWD */
#define ADI_DP_DPIDR 0x0u /* read */
#define ADI_DP_CTRL_STAT 0x4u
#define ADI_DP_SELECT 0x8u /* write; SWD reads RESEND */
#define ADI_DP_RDBUFF 0xcu

#define ADI_ABORT_DAPABORT (1u << 0)
#define ADI_ABORT_STKCMPCLR (1u << 1)
#define ADI_ABORT_STKERRCLR (1u << 2)
#define ADI_ABORT_WDERRCLR (1u << 3)
#define ADI_ABORT_ORUNERRCLR (1u << 4)

#define ADI_STAT_STICKYORUN (1u << 1)
#define ADI_STAT_STICKYCMP (1u << 4)
#define ADI_STAT_STICKYERR (1u << 5)
#define ADI_STAT_WDATAERR (1u << 7)
#define ADI_STAT_STICKY \
    (ADI_STAT_STICKYORUN | ADI_STAT_STICKYCMP | ADI_STAT_STICKYERR)
#define ADI_CTRL_CDBGRSTREQ (1u << 26)
#define ADI_STAT_CDBGRSTACK (1u << 27)
#define ADI_CTRL_CDBGPWRUPREQ (1u << 28)
#define ADI_STAT_CDBGPWRUPACK (1u << 29)
#define ADI_CTRL_CSYSPWRUPREQ (1u << 30)
#define ADI_STAT_CSYSPWRUPACK (1u << 31)
#define ADI_CTRL_PWRUP (ADI_CTRL_CDBGPWRUPREQ | ADI_CTRL_CSYSPWRUPREQ)
#define ADI_STAT_PWRUP (ADI_STAT_CDBGPWRUPACK | ADI_STAT_CSYSPWRUPACK)

/* SELECT: APSEL 31:24, APBANKSEL 7:4, DPBANKSEL 3:0. */
uint32_t sfi__adi_select(uint8_t ap, uint8_t reg);
uint8_t sfi__adi_select_ap(uint32_t select);
uint8_t sfi__adi_select_bank(uint32_t select);

/* ---- registers of a MEM-AP (C2) ---- */

#define ADI_AP_CSW 0x00u
#define ADI_AP_TAR 0x04u
#define ADI_AP_DRW 0x0cu
#define ADI_AP_BD0 0x10u /* to 0x1c: the four words around TAR */
#define ADI_AP_CFG 0xf4u
#define ADI_AP_BASE 0xf8u
#define ADI_AP_IDR 0xfcu

#define ADI_CSW_SIZE 0x7u /* log2 of the bytes of an access */
#define ADI_CSW_SIZE_32 0x2u
#define ADI_CSW_INC 0x30u
#define ADI_CSW_INC_OFF 0x00u
#define ADI_CSW_INC_SINGLE 0x10u
#define ADI_CSW_INC_PACKED 0x20u
#define ADI_CSW_DEVICE_EN (1u << 6)
/* 30:24, the bus's protection: data, privileged, of a debugger (Cortex-M). */
#define ADI_CSW_PROT_MASK 0x7f000000u
#define ADI_CSW_PROT 0x23000000u
/* HPROT[3] of an AHB-AP: through the core's cache, not past it */
#define ADI_CSW_CACHEABLE (1u << 27)
/* of an APB-AP: software may use the debug bus, too */
#define ADI_CSW_DBGSWENABLE (1u << 31)

/* IDR (C2.6.1): a class and a type of bus. */
#define ADI_IDR_CLASS 0x0001e000u
#define ADI_IDR_CLASS_MEM 0x00010000u
#define ADI_IDR_TYPE 0x0000000fu
#define ADI_IDR_TYPE_AHB3 0x1u
#define ADI_IDR_TYPE_AHB5 0x5u

/* TAR increments only its low ten bits (C2.2.2: at least these). */
#define ADI_TAR_WRAP 1024u
/* The value of TAR after an access of `size` bytes. */
uint32_t sfi__adi_tar_next(uint32_t tar, uint32_t size);
/* How many of `words` words can follow before TAR must be written again. */
size_t sfi__adi_tar_run(uint32_t address, size_t words);

#endif
