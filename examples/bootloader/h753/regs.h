/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Registers of the STM32H753 that the bootloader uses, from RM0433; the bits
 * have the manual's names.  Those of FLASH are in wire/h7_flash.h. */
#ifndef BOOTLOADER_REGS_H
#define BOOTLOADER_REGS_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define REG8(address) (*(volatile uint8_t *)(address))
#define BIT(n) (1u << (n))

/* ARMv7-M ARM, B3.2: SCB */
#define SCB_AIRCR REG(0xe000ed0cu)
#define AIRCR_SYSRESETREQ (0x05fa0000u | BIT(2))
#define SCB_CCR REG(0xe000ed14u)
#define CCR_BFHFNMIGN BIT(8)
#define CCR_IC BIT(17)
#define SCB_ICIALLU REG(0xe000ef50u)

/* 4.9: FLASH, what is not in wire/h7_flash.h */
#define FLASH_REGISTERS 0x52002000u
#define FLASH_ACR REG(FLASH_REGISTERS)
#define ACR_1_WAIT_STATE (1u | 1u << 4) /* 4.3.8: VOS3, up to 90 MHz */
#define SR_DBECCERR BIT(26)

/* 8.7: RCC */
#define RCC_HSI48R REG(0x58024400u) /* CR */
#define HSI48R_ON BIT(12)
#define HSI48R_RDY BIT(13)
#define RCC_RNGSELR REG(0x58024454u) /* D2CCIP2R */
#define RNGSELR_MASK (3u << 8)
#define RCC_AHB2ENR REG(0x580244dcu)
#define AHB2ENR_RNG BIT(6)
#define RCC_GPIOENR REG(0x580244e0u) /* AHB4ENR */
#define GPIOENR_A BIT(0)
#define GPIOENR_C BIT(2)
#define RCC_APB1LENR REG(0x580244e8u)
#define APB1LENR_TIM2 BIT(0)
#define RCC_APB2ENR REG(0x580244f0u)
#define APB2ENR_USART1 BIT(4)
#define APB2ENR_SPI1 BIT(12)

/* 11.4: GPIO A and C */
#define GPIOA_MODER REG(0x58020000u)
#define GPIOA_OSPEEDR REG(0x58020008u)
#define GPIOA_PUPDR REG(0x5802000cu)
#define GPIOA_IDR REG(0x58020010u)
#define GPIOA_AFRL REG(0x58020020u)
#define GPIOA_AFRH REG(0x58020024u)
#define GPIOC_MODER REG(0x58020800u)
#define GPIOC_PUPDR REG(0x5802080cu)
#define GPIOC_IDR REG(0x58020810u)
#define MODE_INPUT 0u
#define MODE_ALTERNATE 2u
#define PULL_UP 1u
#define PULL_DOWN 2u

/* 34.7: RNG */
#define RNG_CR REG(0x48021800u)
#define RNG_SR REG(0x48021804u)
#define RNG_DR REG(0x48021808u)
#define RNG_CR_RNGEN BIT(2)
#define RNG_SR_DRDY BIT(0)
#define RNG_SR_ERRORS (BIT(1) | BIT(2) | BIT(5) | BIT(6))

/* 39.4: TIM2 */
#define TIM2_CR1 REG(0x40000000u)
#define TIM_CR1_CEN BIT(0)
#define TIM2_EGR REG(0x40000014u)
#define TIM_EGR_UG BIT(0)
#define TIM2_CNT REG(0x40000024u)
#define TIM2_PSC REG(0x40000028u)
#define TIM2_ARR REG(0x4000002cu)

/* 44.4: IWDG1 */
#define IWDG_KR REG(0x58004800u)
#define IWDG_KR_FEED 0xaaaau
#define IWDG_KR_UNLOCK 0x5555u
#define IWDG_PR REG(0x58004804u)
#define IWDG_PR_256 6u
#define IWDG_RLR REG(0x58004808u)
#define IWDG_RLR_MAX 0xfffu

/* 48.7: USART1, its FIFO being off */
#define USART1_CR1 REG(0x40011000u)
#define CR1_UE BIT(0)
#define CR1_RE BIT(2)
#define CR1_TE BIT(3)
#define CR1_PCE BIT(10)
#define CR1_M0 BIT(12)
#define USART1_BRR REG(0x4001100cu)
#define USART1_ISR REG(0x4001101cu)
#define ISR_ERRORS 0xfu /* PE, FE, NF, ORE */
#define ISR_RXNE BIT(5)
#define ISR_TC BIT(6)
#define ISR_TXE BIT(7)
#define USART1_ICR REG(0x40011020u)
#define USART1_RDR REG(0x40011024u)
#define USART1_TDR REG(0x40011028u)

/* 50.11: SPI1 */
#define SPI1_CR1 REG(0x40013000u)
#define SPI_CR1_SPE BIT(0)
#define SPI1_CFG1 REG(0x40013008u)
#define SPI_CFG1_8_BITS 7u
#define SPI1_CFG2 REG(0x4001300cu)
#define SPI_CFG2_AFCNTR BIT(31)
#define SPI1_SR REG(0x40013014u)
#define SPI_SR_RXNE BIT(0) /* RXP: with a threshold of one byte */
#define SPI_SR_UDR BIT(5)
#define SPI_SR_OVR BIT(6)
#define SPI_SR_TXC BIT(12) /* nothing to send, and no clock */
#define SPI1_IFCR REG(0x40013018u)
#define SPI1_TXDR8 REG8(0x40013020u)
#define SPI1_RXDR8 REG8(0x40013030u)
#define SPI1_UDRDR REG(0x4001304cu)

#endif
