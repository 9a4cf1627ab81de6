/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A debugger's half of JTAG on the chip's pins, bit by bit. */
#ifndef SFI_TESTS_JTAG_H
#define SFI_TESTS_JTAG_H

#include <bench/board.h>
#include "proto/adi.h"

/* Test-Logic-Reset, then Run-Test/Idle. */
void jtag_reset(void);
/* Shift `bits` (at most 64) through the chain's IR or DR; what came out. */
uint64_t jtag_ir(uint64_t out, unsigned bits);
uint64_t jtag_dr(uint64_t out, unsigned bits);
/* The core's IR, the boundary TAP in bypass. */
void jtag_select(enum adi_ir ir);
/* One DPACC or APACC scan: what the access before it gave. */
uint32_t jtag_access(bool ap, bool read, uint8_t reg, uint32_t data);
/* Reset, power up the debug port, 32-bit accesses to the memory map. */
void jtag_connect(void);
/* false: a bus error, which is cleared again. */
bool jtag_peek(uint32_t address, uint32_t *value);
bool jtag_poke(uint32_t address, uint32_t value);
/* CTRL/STAT */
uint32_t jtag_status(void);

#endif
