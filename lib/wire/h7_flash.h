/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* FLASH registers of the STM32H7 (RM0433, 4.9): they program flash and option
 * bytes over a debug port.  The host and the virtual chip use them. */
#ifndef SFI_WIRE_H7_FLASH_H
#define SFI_WIRE_H7_FLASH_H

/* Offsets; bank 2's are H7_FLASH_BANK2 further on. */
#define H7_FLASH_ACR 0x00u
#define H7_FLASH_KEYR 0x04u
#define H7_FLASH_OPTKEYR 0x08u
#define H7_FLASH_CR 0x0cu
#define H7_FLASH_SR 0x10u
#define H7_FLASH_CCR 0x14u
#define H7_FLASH_OPTCR 0x18u
#define H7_FLASH_OPTSR_CUR 0x1cu
#define H7_FLASH_OPTSR_PRG 0x20u
#define H7_FLASH_OPTCCR 0x24u
#define H7_FLASH_BOOT_CUR 0x40u
#define H7_FLASH_BANK2 0x100u

#define H7_FLASH_KEY1 0x45670123u
#define H7_FLASH_KEY2 0xcdef89abu
#define H7_FLASH_OPTKEY1 0x08192a3bu
#define H7_FLASH_OPTKEY2 0x4c5d6e7fu

#define H7_FLASH_CR_LOCK (1u << 0)
#define H7_FLASH_CR_PG (1u << 1)
#define H7_FLASH_CR_SER (1u << 2)
#define H7_FLASH_CR_BER (1u << 3)
#define H7_FLASH_CR_PSIZE64 (3u << 4)
#define H7_FLASH_CR_FW (1u << 6)
#define H7_FLASH_CR_START (1u << 7)
#define H7_FLASH_CR_SNB_SHIFT 8u
#define H7_FLASH_CR_SNB_MASK 0x7u

#define H7_FLASH_SR_BSY (1u << 0)
#define H7_FLASH_SR_WBNE (1u << 1)
#define H7_FLASH_SR_QW (1u << 2)
#define H7_FLASH_SR_EOP (1u << 16)
#define H7_FLASH_SR_WRPERR (1u << 17)
#define H7_FLASH_SR_PGSERR (1u << 18)
#define H7_FLASH_SR_STRBERR (1u << 19)
#define H7_FLASH_SR_INCERR (1u << 21)
#define H7_FLASH_SR_OPERR (1u << 22)
#define H7_FLASH_SR_ERRORS 0x07ee0000u

#define H7_FLASH_OPTCR_OPTLOCK (1u << 0)
#define H7_FLASH_OPTCR_OPTSTART (1u << 1)
#define H7_FLASH_OPTSR_BUSY (1u << 0)
/* OPTSR_CUR's flag, and OPTCCR's bit that clears it */
#define H7_FLASH_OPTCHANGEERR (1u << 30)

/* A flash word, programmed at once: 256 bits. */
#define H7_FLASH_WORD 32u

#endif
