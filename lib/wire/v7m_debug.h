/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Registers of a Cortex-M's private peripheral bus that a debugger uses (ARM
 * DDI 0403, B3.2 and C1).  The host and the virtual core use them. */
#ifndef SFI_WIRE_V7M_DEBUG_H
#define SFI_WIRE_V7M_DEBUG_H

#define V7M_CPUID 0xe000ed00u
#define V7M_VTOR 0xe000ed08u
#define V7M_VTOR_MASK 0xffffff80u
#define V7M_AIRCR 0xe000ed0cu
#define V7M_AIRCR_KEY_MASK 0xffff0000u
#define V7M_AIRCR_KEY 0x05fa0000u
#define V7M_AIRCR_KEY_READ 0xfa050000u
#define V7M_AIRCR_SYSRESETREQ (1u << 2)
#define V7M_CCR 0xe000ed14u
#define V7M_CLIDR 0xe000ed78u
#define V7M_CTR 0xe000ed7cu
#define V7M_CPACR 0xe000ed88u
#define V7M_MVFR0 0xe000ef40u
#define V7M_MVFR1 0xe000ef44u
#define V7M_MVFR2 0xe000ef48u

/* Debug Fault Status: why the core halted; 1 clears */
#define V7M_DFSR 0xe000ed30u
#define V7M_DFSR_HALTED (1u << 0)
#define V7M_DFSR_BKPT (1u << 1)
#define V7M_DFSR_VCATCH (1u << 3)

/* Debug Halting Control and Status */
#define V7M_DHCSR 0xe000edf0u
#define V7M_DHCSR_KEY_MASK 0xffff0000u
#define V7M_DHCSR_KEY 0xa05f0000u
#define V7M_DHCSR_C_DEBUGEN (1u << 0)
#define V7M_DHCSR_C_HALT (1u << 1)
#define V7M_DHCSR_C_STEP (1u << 2)
#define V7M_DHCSR_C_MASKINTS (1u << 3)
#define V7M_DHCSR_S_REGRDY (1u << 16)
#define V7M_DHCSR_S_HALT (1u << 17)
#define V7M_DHCSR_S_LOCKUP (1u << 19)
#define V7M_DHCSR_S_RETIRE_ST (1u << 24) /* a read clears */
#define V7M_DHCSR_S_RESET_ST (1u << 25)  /* a read clears */

/* Debug Core Register Selector, and Data */
#define V7M_DCRSR 0xe000edf4u
#define V7M_DCRSR_WRITE (1u << 16)
#define V7M_DCRSR_REG 0x7fu
#define V7M_DCRDR 0xe000edf8u
#define V7M_REG_SP 13u
#define V7M_REG_LR 14u
#define V7M_REG_PC 15u
#define V7M_REG_XPSR 16u
#define V7M_REG_MSP 17u
#define V7M_REG_PSP 18u
#define V7M_REG_SPECIAL 20u /* CONTROL, FAULTMASK, BASEPRI, PRIMASK */
#define V7M_REG_FPSCR 33u
#define V7M_REG_S0 64u
#define V7M_REG_S31 95u
#define V7M_XPSR_T (1u << 24)

/* Debug Exception and Monitor Control: halt on the first instruction */
#define V7M_DEMCR 0xe000edfcu
#define V7M_DEMCR_VC_CORERESET (1u << 0)
#define V7M_DEMCR_MASK 0x010f07f1u

/* Flash Patch and Breakpoint */
#define V7M_FP_CTRL 0xe0002000u
#define V7M_FP_CTRL_ENABLE (1u << 0)
#define V7M_FP_CTRL_KEY (1u << 1)
#define V7M_FP_COMP0 0xe0002008u

/* Data Watchpoint and Trace */
#define V7M_DWT_CTRL 0xe0001000u
#define V7M_DWT_COMP0 0xe0001020u /* COMP, MASK, FUNCTION, a word unused */

#endif
