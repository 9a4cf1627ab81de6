/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Manufacture of the binary's part, what it holds, and the binary as an end. */
#include "binary.h"

#include <stdlib.h>
#include <string.h>

#include <sfi/firmware.h>

#include <fixture.h>
#include <bench/part.h>

#include "crypto/ecc.h"
#include "license/certificate.h"
#include "util/crc32.h"
#include "wire/data_page.h"

#define FLASH_BASE 0x08000000u
#define FLASH_LEN (512u << 10)
#define BOOT_LEN 4096u
#define LOADER 0x08075800u
#define LOADER_LEN (DATA_PAGE_L462_0 - LOADER)

/* ---- manufacture ---- */

/* Where the part's table has its user range: base and size, as no other bytes
 * of the image are. */
static void
binary_shrink_user(const struct binary *b, uint8_t *loader, size_t len)
{
    const struct chip_range *user = &sfi__chip_stm32l462.user;
    const uint32_t words[] = {user->base, user->size};
    size_t found = 0;

    for (size_t i = 0; i + sizeof(words) <= len; i += 4) {
        if (memcmp(loader + i, words, sizeof(words)) != 0)
            continue;
        memcpy(loader + i + 4, &b->kit.chip.user.size, 4);
        found++;
    }
    HOLDS(found == 1);
}

/* Secure boot looks for the loader's CRC behind its length, at its end. */
static void
binary_seal_loader(uint8_t *loader)
{
    uint8_t *trailer = loader + LOADER_LEN - 8;
    uint32_t len, crc;

    memcpy(&len, trailer, 4);
    HOLDS(len <= LOADER_LEN - 8);
    crc = sfi__crc32(0, loader, len);
    memcpy(trailer + 4, &crc, 4);
}

static void
binary_read_image(const char *variable, uint8_t *flash)
{
    const char *path = getenv(variable);
    sfi_firmware *fw = NULL;

    HOLDS(path != NULL);
    ck_assert_ok(sfi_firmware_load(ctx, path, &fw));
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;

        ck_assert_ok(sfi_firmware_segment(fw, i, &address, &data, &len));
        HOLDS(address >= FLASH_BASE && len <= FLASH_LEN &&
              address - FLASH_BASE <= FLASH_LEN - len);
        memcpy(flash + (address - FLASH_BASE), data, len);
    }
    sfi_firmware_free(fw);
}

static void
binary_load_images(struct binary *b)
{
    uint8_t *flash = malloc(FLASH_LEN);
    uint8_t *loader = flash + (LOADER - FLASH_BASE);

    HOLDS(flash != NULL);
    memset(flash, 0xff, FLASH_LEN);
    binary_read_image("SFI_TEST_SECURE_BOOT", flash);
    binary_read_image("SFI_TEST_BOOTLOADER", flash);
    if (b->kit.chip.user.size != sfi__chip_stm32l462.user.size) {
        binary_shrink_user(b, loader, LOADER_LEN);
        binary_seal_loader(loader);
    }
    binary_load(b, FLASH_BASE, flash, BOOT_LEN);
    binary_load(b, LOADER, loader, LOADER_LEN);
    free(flash);
}

/* The key and its certificate; the CA is of no interest here. */
static void
binary_make_key(struct binary_kit *k)
{
    static const uint8_t ca_secret[32] = {[0] = 0x29, [31] = 0x07};

    memset(k->secret, 0x5c, sizeof(k->secret));
    ck_assert_ok(sfi__ecc_public(ctx, k->secret, k->public_key));
    ck_assert_ok(sfi__cert_issue(ctx, ca_secret, k->chip.product_id,
                                 k->public_key, k->certificate));
}

static void
binary_load_data_page(struct binary *b)
{
    uint8_t head[DATA_PAGE_HEAD_LEN], seal[DATA_PAGE_UNIT];

    sfi__data_page_head(head, 1, b->kit.secret, b->kit.certificate);
    sfi__data_page_seal(seal);
    binary_load(b, DATA_PAGE_L462_1, head, sizeof(head));
    binary_load(b, DATA_PAGE_L462_1 + DATA_PAGE_SEAL_AT, seal, sizeof(seal));
}

/* Readout protection level 1, and pages 0 and 1 written never more. */
static void
binary_protect(struct binary *b)
{
    uint32_t words[CHIP_OB_ROWS_MAX];

    for (uint32_t i = 0; i < b->kit.chip.ob_count; i++)
        words[i] = sfi__chip_stm32l462.ob[i].shipped;
    words[0] = (words[0] & ~0xffu) | CHIP_RDP_LEVEL1;
    words[3] = 0x00010000;
    binary_set_options(b, words);
}

void
binary_make(struct binary *b, uint32_t user_size)
{
    b->kit.chip = sfi__chip_stm32l462;
    if (user_size > 0)
        b->kit.chip.user.size = user_size;
    b->user = malloc(b->kit.chip.user.size);
    HOLDS(b->user != NULL);
    binary_make_key(&b->kit);
    binary_load_images(b);
    binary_load_data_page(b);
    binary_protect(b);
    binary_power_on(b);
}

/* ---- what it holds ---- */

/* The last entry of the journal that is whole. */
static void
binary_newest_entry(const uint8_t *page, uint8_t out[SFI_DEVICE_RECORD_LEN])
{
    memset(out, 0xff, SFI_DEVICE_RECORD_LEN);
    for (size_t at = DATA_PAGE_JOURNAL_AT;
         at + DATA_PAGE_ENTRY_LEN <= DATA_PAGE_L462_LEN;
         at += DATA_PAGE_ENTRY_LEN) {
        if (sfi__data_page_entry_ok(page + at))
            memcpy(out, page + at, SFI_DEVICE_RECORD_LEN);
    }
}

bool
binary_record(struct binary *b, uint8_t out[SFI_DEVICE_RECORD_LEN])
{
    static const uint32_t at[] = {DATA_PAGE_L462_0, DATA_PAGE_L462_1};
    uint8_t page[DATA_PAGE_L462_LEN], seal[DATA_PAGE_UNIT];
    uint32_t newest = 0, sequence;
    bool found = false;

    memset(out, 0xff, SFI_DEVICE_RECORD_LEN);
    sfi__data_page_seal(seal);
    for (size_t i = 0; i < ROWS(at); i++) {
        binary_peek(b, at[i], page, sizeof(page));
        if (!sfi__data_page_head_ok(page, &sequence) ||
            memcmp(page + DATA_PAGE_SEAL_AT, seal, sizeof(seal)) != 0 ||
            (found && sequence < newest))
            continue;
        found = true;
        newest = sequence;
        binary_newest_entry(page, out);
    }
    return found;
}

bool
binary_is_blank(struct binary *b, uint32_t address, uint32_t len)
{
    uint8_t *bytes = malloc(len);
    bool is_blank;

    HOLDS(bytes != NULL);
    binary_peek(b, address, bytes, len);
    is_blank = bytes[0] == 0xff && memcmp(bytes, bytes + 1, len - 1) == 0;
    free(bytes);
    return is_blank;
}

bool
binary_has_left(struct binary *b)
{
    uint8_t first[8];
    struct binary_state state;

    binary_state(b, &state);
    if (state.at == WIRE_AT_LOADER)
        return false;
    binary_peek(b, LOADER, first, sizeof(first));
    return memcmp(first, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) == 0;
}

/* ---- as an end ---- */

static size_t
binary_end_usart(void *self, const uint8_t *in, size_t len,
                 uint8_t out[END_ANSWER_MAX])
{
    return binary_usart(self, in, len, out, END_ANSWER_MAX);
}

static void
binary_end_spi(void *self, const uint8_t *in, size_t len, uint8_t *out)
{
    binary_spi(self, in, len, out);
}

/* What it says by itself comes with the next exchange: one without bytes. */
static size_t
binary_end_wait(void *self, uint32_t ms, uint8_t out[END_ANSWER_MAX])
{
    return binary_usart_wait(self, ms, out, END_ANSWER_MAX);
}

static void
binary_end_reset(void *self)
{
    binary_reset(self);
}

static void
binary_end_save(void *self, uint32_t slot)
{
    binary_save(self, slot);
}

static void
binary_end_restore(void *self, uint32_t slot)
{
    binary_restore(self, slot);
}

static void
binary_end_holds(void *self, struct holding *h)
{
    struct binary *b = self;
    uint32_t in_force[CHIP_OB_ROWS_MAX];

    binary_peek(b, b->kit.chip.user.base, b->user, b->kit.chip.user.size);
    h->user = b->user;
    h->has_left = binary_has_left(b);
    (void)binary_record(b, h->record);
    binary_options(b, h->options, in_force);
}

struct end
binary_end(struct binary *b)
{
    static const struct end_ops ops = {
        .name = "binary",
        .usart = binary_end_usart,
        .spi = binary_end_spi,
        .wait = binary_end_wait,
        .reset = binary_end_reset,
        .save = binary_end_save,
        .restore = binary_end_restore,
        .holds = binary_end_holds,
    };

    return (struct end){&ops, b};
}
