/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes of the STM32L462 (RM0394, 3.4). */
#include "board.h"
#include "part.h"
#include "regs.h"
#include "util/rd.h"

/* In the order of the option-byte file: register, and the bits it has. */
static const struct {
    uint32_t at, mask;
} options[MAP_OPTION_WORDS] = {
    {0x40022020u, 0x0f8f77ffu}, /* OPTR */
    {0x40022024u, 0x0000ffffu}, /* PCROP1SR */
    {0x40022028u, 0x8000ffffu}, /* PCROP1ER */
    {0x4002202cu, 0x00ff00ffu}, /* WRP1AR */
    {0x40022030u, 0x00ff00ffu}, /* WRP1BR */
};

static void
options_write(struct rd *words)
{
    for (uint32_t i = 0; i < MAP_OPTION_WORDS; i++) {
        uint32_t mask = options[i].mask;
        uint32_t was = REG(options[i].at);

        REG(options[i].at) = (was & ~mask) | (sfi__rd_u32le(words) & mask);
    }
}

/* In flash each word has its complement beside it. */
static bool
options_are(const uint8_t *data, uint32_t len)
{
    uint32_t wrong = 0;
    struct rd words;

    sfi__rd_init(&words, data, len);
    for (uint32_t i = 0; i < MAP_OPTION_WORDS; i++) {
        uint32_t word = REG(MAP_OPTIONS + 8 * i);

        wrong |= (word ^ sfi__rd_u32le(&words)) & options[i].mask;
        wrong |= (word ^ ~REG(MAP_OPTIONS + 8 * i + 4)) & options[i].mask;
    }
    return wrong == 0;
}

/* Power that fails in the write may lock the part for ever (3.4.2), so it is
 * not repeated after a power cut behind it. */
int
options_program(const uint8_t *data, uint32_t len)
{
    struct rd words;
    int failed;

    if (len != 4 * MAP_OPTION_WORDS)
        return 1;
    if (options_are(data, len))
        return 0;
    if (flash_unlock() != 0)
        return 1;
    FLASH_OPTKEYR = OPTKEYR_1;
    FLASH_OPTKEYR = OPTKEYR_2;
    sfi__rd_init(&words, data, len);
    options_write(&words);
    FLASH_CR |= CR_OPTSTRT;
    flash_wait();
    failed = flash_lock();
    return failed != 0 || !options_are(data, len);
}
