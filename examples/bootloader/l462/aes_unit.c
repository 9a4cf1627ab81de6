/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The AES unit of the STM32L462 (RM0394, 25): single blocks of ECB. */
#include "aes.h"

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"

#define REG(address) (*(volatile uint32_t *)(address))

/* RM0394, 6.4 */
#define RCC_AHB2RSTR REG(0x4002102cu)
#define RCC_AHB2ENR REG(0x4002104cu)
#define AHB2_AES (1u << 16)

/* RM0394, 25.7 */
#define AES_BASE 0x50060000u
#define AES_CR REG(AES_BASE)
#define AES_SR REG(AES_BASE + 0x04u)
#define AES_DINR REG(AES_BASE + 0x08u)
#define AES_DOUTR REG(AES_BASE + 0x0cu)
#define AES_KEYR(i) REG(AES_BASE + 0x10u + 4u * (i))
#define CR_EN (1u << 0)
#define CR_DATATYPE_BYTES (2u << 1)
#define CR_CCFC (1u << 7)
#define CR_ERRC (1u << 8)
#define SR_CCF (1u << 0)
#define SR_ERRORS (1u << 1 | 1u << 2)

#define WORDS 4u
/* A block takes 51 cycles. */
#define TRIES 1000u

int
aes_key(const uint8_t key_secret[16])
{
    struct rd r;

    RCC_AHB2ENR |= AHB2_AES;
    (void)RCC_AHB2ENR; /* the clock is on when this has been read */
    AES_CR = CR_DATATYPE_BYTES;
    sfi__rd_init(&r, key_secret, 4 * WORDS);
    for (uint32_t i = WORDS; i > 0; i--)
        AES_KEYR(i - 1) = sfi__rd_u32be(&r);
    AES_CR = CR_DATATYPE_BYTES | CR_CCFC | CR_ERRC;
    AES_CR = CR_DATATYPE_BYTES | CR_EN;
    return (AES_CR & CR_EN) == 0;
}

int
aes_encrypt(const uint8_t in[16], uint8_t out[16])
{
    uint32_t status = 0;
    struct rd r;
    struct wr w;

    sfi__rd_init(&r, in, 4 * WORDS);
    for (uint32_t i = 0; i < WORDS; i++)
        AES_DINR = sfi__rd_u32le(&r);
    for (uint32_t left = TRIES; status == 0 && left > 0; left--)
        status = AES_SR & (SR_CCF | SR_ERRORS);
    sfi__wr_init(&w, out, 4 * WORDS);
    for (uint32_t i = 0; i < WORDS; i++)
        sfi__wr_u32le(&w, AES_DOUTR);
    AES_CR |= CR_CCFC;
    return status != SR_CCF;
}

/* The reset overwrites all registers, those of the last block too. */
void
aes_wipe(void)
{
    RCC_AHB2RSTR |= AHB2_AES;
    RCC_AHB2RSTR &= ~AHB2_AES;
    RCC_AHB2ENR |= AHB2_AES;
    (void)RCC_AHB2ENR;
    AES_CR = 0;
    for (uint32_t i = 0; i < WORDS; i++)
        AES_KEYR(i) = 0;
}
