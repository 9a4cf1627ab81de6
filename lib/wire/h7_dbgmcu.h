/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DBGMCU of the STM32H7 (RM0433, 60.5.8): what runs on while the core is halted
 * or asleep.  The host and the virtual chip use it. */
#ifndef SFI_WIRE_H7_DBGMCU_H
#define SFI_WIRE_H7_DBGMCU_H

/* Offsets from DBGMCU_IDC. */
#define H7_DBGMCU_CR 0x04u
#define H7_DBGMCU_APB3FZ1 0x34u
#define H7_DBGMCU_APB1LFZ1 0x3cu
#define H7_DBGMCU_APB4FZ1 0x54u

/* The core's debug clock in Sleep, Stop and Standby mode; the debug clocks of
 * domains 1 and 3. */
#define H7_DBGMCU_CR_DBGSLEEP_D1 (1u << 0)
#define H7_DBGMCU_CR_DBGSTOP_D1 (1u << 1)
#define H7_DBGMCU_CR_DBGSTBY_D1 (1u << 2)
#define H7_DBGMCU_CR_D1DBGCKEN (1u << 21)
#define H7_DBGMCU_CR_D3DBGCKEN (1u << 22)
/* Watchdogs that stop while the core is halted. */
#define H7_DBGMCU_APB3FZ1_WWDG1 (1u << 6)
#define H7_DBGMCU_APB4FZ1_WDGLSD1 (1u << 18)

#endif
