/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Registers of the STM32L462 that secure boot and bootloader use, from RM0394;
 * the bits have the manual's names. */
#ifndef BOOTLOADER_REGS_H
#define BOOTLOADER_REGS_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define REG8(address) (*(volatile uint8_t *)(address))
#define BIT(n) (1u << (n))

/* ARMv7-M ARM, B3.2: SCB */
#define SCB_VTOR REG(0xe000ed08u)
#define SCB_AIRCR REG(0xe000ed0cu)
#define AIRCR_SYSRESETREQ (0x05fa0000u | BIT(2))

/* 3.7: FLASH */
#define FLASH_ACR REG(0x40022000u)
#define ACR_LATENCY_4 4u
#define ACR_LATENCY_MASK 7u
#define ACR_PRFTEN BIT(8)
#define ACR_ICEN BIT(9)
#define ACR_DCEN BIT(10)
#define FLASH_KEYR_AT 0x40022008u
#define FLASH_KEYR REG(FLASH_KEYR_AT)
#define KEYR_1 0x45670123u
#define KEYR_2 0xcdef89abu
#define FLASH_OPTKEYR REG(0x4002200cu)
#define OPTKEYR_1 0x08192a3bu
#define OPTKEYR_2 0x4c5d6e7fu
#define FLASH_SR REG(0x40022010u)
#define SR_EOP BIT(0)
#define SR_OPTVERR BIT(15)
#define SR_BSY BIT(16)
/* OPERR, PROGERR, WRPERR, PGAERR, SIZERR, PGSERR, MISERR, FASTERR, RDERR */
#define SR_ERRORS (BIT(1) | 0x3f8u | BIT(14))
#define FLASH_CR REG(0x40022014u)
#define CR_PG BIT(0)
#define CR_PER BIT(1)
#define CR_PNB_SHIFT 3
#define CR_STRT BIT(16)
#define CR_OPTSTRT BIT(17)
#define CR_OBL_LAUNCH BIT(27)
#define CR_OPTLOCK BIT(30)
#define CR_LOCK BIT(31)
#define FLASH_ECCR REG(0x40022018u)
#define ECCR_ECCC BIT(30)
#define ECCR_ECCD BIT(31)
#define FLASH_OPTR REG(0x40022020u)
#define OPTR_RDP 0xffu
#define OPTR_RDP_0 0xaau
#define FLASH_WRP1AR REG(0x4002202cu)
#define FLASH_WRP1BR REG(0x40022030u)

/* 6.4: RCC */
#define RCC_CR REG(0x40021000u)
#define CR_HSION BIT(8)
#define CR_HSIRDY BIT(10)
#define CR_PLLON BIT(24)
#define CR_PLLRDY BIT(25)
#define RCC_CFGR REG(0x40021008u)
#define CFGR_SW_PLL 3u
#define CFGR_SWS_MASK (3u << 2)
#define CFGR_SWS_PLL (3u << 2)
#define RCC_PLLCFGR REG(0x4002100cu)
#define PLLCFGR_HSI16 2u
#define PLLCFGR_M_SHIFT 4
#define PLLCFGR_N_SHIFT 8
#define PLLCFGR_REN BIT(24)
#define RCC_AHB2ENR REG(0x4002104cu)
#define AHB2ENR_RNG BIT(18)
#define RCC_GPIOENR RCC_AHB2ENR
#define GPIOENR_A BIT(0)
#define RCC_APB1ENR1 REG(0x40021058u)
#define APB1ENR1_TIM2 BIT(0)
#define RCC_APB2ENR REG(0x40021060u)
#define APB2ENR_SPI1 BIT(12)
#define APB2ENR_USART1 BIT(14)
#define RCC_CCIPR REG(0x40021088u)
#define CCIPR_USART1SEL_HSI16 2u
#define RCC_RNGSELR RCC_CCIPR
#define RNGSELR_MASK (3u << 26)
#define RCC_HSI48R REG(0x40021098u) /* CRRCR */
#define HSI48R_ON BIT(0)
#define HSI48R_RDY BIT(1)

/* 8.4: GPIO A */
#define GPIOA_MODER REG(0x48000000u)
#define GPIOA_OSPEEDR REG(0x48000008u)
#define GPIOA_PUPDR REG(0x4800000cu)
#define GPIOA_IDR REG(0x48000010u)
#define GPIOA_BSRR REG(0x48000018u)
#define GPIOA_AFRL REG(0x48000020u)
#define GPIOA_AFRH REG(0x48000024u)
#define MODE_INPUT 0u
#define MODE_OUTPUT 1u
#define MODE_ALTERNATE 2u
#define PULL_UP 1u
#define PULL_DOWN 2u

/* 24.7: RNG */
#define RNG_CR REG(0x50060800u)
#define RNG_SR REG(0x50060804u)
#define RNG_DR REG(0x50060808u)
#define RNG_CR_RNGEN BIT(2)
#define RNG_SR_DRDY BIT(0)
#define RNG_SR_ERRORS (BIT(1) | BIT(2) | BIT(5) | BIT(6))

/* 27.4: TIM2 */
#define TIM2_CR1 REG(0x40000000u)
#define TIM_CR1_CEN BIT(0)
#define TIM2_EGR REG(0x40000014u)
#define TIM_EGR_UG BIT(0)
#define TIM2_CNT REG(0x40000024u)
#define TIM2_PSC REG(0x40000028u)
#define TIM2_ARR REG(0x4000002cu)

/* 32.4: IWDG */
#define IWDG_KR REG(0x40003000u)
#define IWDG_KR_FEED 0xaaaau
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_PR REG(0x40003004u)
#define IWDG_PR_256 6u
#define IWDG_RLR REG(0x40003008u)
#define IWDG_RLR_MAX 0xfffu

/* 38.8: USART1 */
#define USART1_CR1 REG(0x40013800u)
#define CR1_UE BIT(0)
#define CR1_RE BIT(2)
#define CR1_TE BIT(3)
#define CR1_PCE BIT(10)
#define CR1_M0 BIT(12)
#define USART1_BRR REG(0x4001380cu)
#define USART1_ISR REG(0x4001381cu)
#define ISR_ERRORS 0xfu /* PE, FE, NF, ORE */
#define ISR_RXNE BIT(5)
#define ISR_TC BIT(6)
#define ISR_TXE BIT(7)
#define USART1_ICR REG(0x40013820u)
#define USART1_RDR REG(0x40013824u)
#define USART1_TDR REG(0x40013828u)

/* 40.6: SPI1 */
#define SPI1_CR1 REG(0x40013000u)
#define SPI_CR1_SPE BIT(6)
#define SPI1_CR2 REG(0x40013004u)
#define SPI_CR2_8_BITS (7u << 8)
#define SPI_CR2_FRXTH BIT(12)
#define SPI1_SR REG(0x40013008u)
#define SPI_SR_RXNE BIT(0)
#define SPI_SR_OVR BIT(6)
#define SPI_SR_BSY BIT(7)
#define SPI_SR_FTLVL_SHIFT 11
#define SPI_SR_FTLVL_MASK 3u
#define SPI1_DR8 REG8(0x4001300cu)

#endif
