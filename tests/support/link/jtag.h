/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A debugger's side of JTAG, on the pins of the virtual chip. */
#ifndef SFI_TESTS_JTAG_H
#define SFI_TESTS_JTAG_H

#include <bench/board.h>
#include "proto/adi.h"

/* Test-Logic-Reset, then Run-Test/Idle. */
void jtag_reset(void);
/* Shift `bits` (at most 64) through the chain's IR or DR; returns the bits that
 * come out. */
uint64_t jtag_ir(uint64_t out, unsigned bits);
uint64_t jtag_dr(uint64_t out, unsigned bits);
/* The core's IR, the boundary TAP in bypass. */
void jtag_select(enum adi_ir ir);
/* One DPACC or APACC scan; returns the result of the access before it. */
uint32_t jtag_access(bool ap, bool read, uint8_t reg, uint32_t data);
/* Reset, power up the debug port, and set 32-bit accesses to memory. */
void jtag_connect(void);
/* False: a bus error, which is cleared. */
bool jtag_peek(uint32_t address, uint32_t *value);
bool jtag_poke(uint32_t address, uint32_t value);
/* Likewise; a bus error fails the test. */
uint32_t jtag_read(uint32_t address);
void jtag_write(uint32_t address, uint32_t value);
/* A new STM32H753xI on the board, connected. */
void jtag_setup(void);
/* CTRL/STAT */
uint32_t jtag_status(void);

#endif
