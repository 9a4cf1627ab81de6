/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Debug registers of a Cortex-M, in its own address space (ARM DDI 0403, C1.6
 * and B3.2).  The host and the virtual core use them. */
#ifndef SFI_WIRE_V7M_DEBUG_H
#define SFI_WIRE_V7M_DEBUG_H

#define V7M_VTOR 0xe000ed08u
#define V7M_VTOR_MASK 0xffffff80u
#define V7M_AIRCR 0xe000ed0cu
#define V7M_AIRCR_KEY_MASK 0xffff0000u
#define V7M_AIRCR_KEY 0x05fa0000u
#define V7M_AIRCR_KEY_READ 0xfa050000u
#define V7M_AIRCR_SYSRESETREQ (1u << 2)

/* Debug Halting Control and Status */
#define V7M_DHCSR 0xe000edf0u
#define V7M_DHCSR_KEY_MASK 0xffff0000u
#define V7M_DHCSR_KEY 0xa05f0000u
#define V7M_DHCSR_C_DEBUGEN (1u << 0)
#define V7M_DHCSR_C_HALT (1u << 1)
#define V7M_DHCSR_S_REGRDY (1u << 16)
#define V7M_DHCSR_S_HALT (1u << 17)

/* Debug Core Register Selector, and Data */
#define V7M_DCRSR 0xe000edf4u
#define V7M_DCRSR_WRITE (1u << 16)
#define V7M_DCRSR_REG 0x7fu
#define V7M_DCRDR 0xe000edf8u
#define V7M_REG_PC 15u
#define V7M_REG_XPSR 16u
#define V7M_REG_MSP 17u
#define V7M_XPSR_T (1u << 24)

/* Debug Exception and Monitor Control: halt on the first instruction */
#define V7M_DEMCR 0xe000edfcu
#define V7M_DEMCR_VC_CORERESET (1u << 0)

#endif
