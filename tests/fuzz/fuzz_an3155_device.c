/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device's half of AN3155: any bytes, for a bootloader with all commands,
 * and for the secure one. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "proto/an3155_device.h"

#include "fuzz.h"

#define RAM_BASE 0x20000000u

static uint8_t ram[2048];

static bool
on_address(void *user, uint8_t cmd, uint32_t address)
{
    (void)user;
    (void)cmd;
    return address >= RAM_BASE && address - RAM_BASE < sizeof(ram);
}

static bool
on_read(void *user, uint32_t address, uint8_t *out, size_t len)
{
    (void)user;
    FUZZ_HOLDS(len >= 1 && len <= USART_BLOCK_MAX);
    if (len > sizeof(ram) - (address - RAM_BASE))
        return false;
    memcpy(out, ram + (address - RAM_BASE), len);
    return true;
}

static bool
on_write(void *user, uint32_t address, const uint8_t *data, size_t len)
{
    (void)user;
    FUZZ_HOLDS(len >= 1 && len <= USART_BLOCK_MAX);
    if (len > sizeof(ram) - (address - RAM_BASE))
        return false;
    memcpy(ram + (address - RAM_BASE), data, len);
    return true;
}

static void
on_go(void *user, uint32_t address)
{
    FUZZ_HOLDS(on_address(user, USART_GO, address));
}

static bool
on_erase(void *user, uint16_t code, const uint16_t *pages, size_t count)
{
    uint16_t all = 0;

    (void)user;
    FUZZ_HOLDS((code >= USART_ERASE_BANK2) == (count == 0));
    FUZZ_HOLDS(count <= USART_ERASE_PAGES_MAX);
    for (size_t i = 0; i < count; i++)
        all |= pages[i];
    return all < 16;
}

static uint8_t
on_special(void *user, uint16_t opcode, const uint8_t *param, size_t param_len,
           uint8_t *data, size_t data_len, uint8_t *reply, size_t *reply_len)
{
    (void)user;
    FUZZ_HOLDS(param_len <= SFI_CMD_PARAM_MAX && data_len <= SFI_CMD_DATA_MAX);
    FUZZ_HOLDS(*reply_len >= param_len);
    memcpy(reply, param, param_len);
    *reply_len = param_len;
    if (data_len > 0)
        memset(data, 0, data_len);
    return (uint8_t)opcode;
}

static const struct an3155_handlers handlers = {
    .address = on_address,
    .read = on_read,
    .write = on_write,
    .go = on_go,
    .erase = on_erase,
    .special = on_special,
};

static void
standard(const uint8_t *bytes, size_t len)
{
    static const uint8_t listed[] = {0x00, 0x01, 0x02, 0x11, 0x21,
                                     0x31, 0x44, 0x50, 0x51};
    const struct an3155_device_config config = {
        .handlers = &handlers,
        .version = 0x31,
        .product_id = 0x450,
        .commands = listed,
        .command_count = sizeof(listed),
    };
    struct an3155_device device;
    uint8_t out[USART_ANSWER_MAX];
    struct wr w;

    sfi__an3155_device_init(&device, &config);
    for (size_t i = 0; i < len; i++) {
        sfi__wr_init(&w, out, sizeof(out));
        sfi__an3155_device_byte(&device, bytes[i], &w);
        FUZZ_HOLDS(sfi__wr_ok(&w));
        FUZZ_HOLDS(device.have < device.want && device.want <= USART_FRAME_MAX);
    }
    sfi__wr_init(&w, out, sizeof(out));
    sfi__an3155_device_drop(&device, &w);
    FUZZ_HOLDS(w.len <= 1 && !sfi__an3155_device_busy(&device));
}

static void
secure(const uint8_t *bytes, size_t len)
{
    uint8_t out[SFI_DEVICE_ANSWER_MAX];
    size_t out_len;

    ctx = fuzz_ctx();
    part_new(&part, &small_l4);
    for (size_t i = 0; i < len; i++) {
        out_len = sizeof(out);
        FUZZ_HOLDS(sfi_device_usart(part.dev, bytes + i, 1, out, &out_len) ==
                   SFI_OK);
    }
    part.now += 1000;
    out_len = sizeof(out);
    sfi_device_poll(part.dev, out, &out_len);
    FUZZ_HOLDS(out_len <= 1);
    FUZZ_HOLDS(part_is_blank(&part, &small_l4.user));
    part_free(&part);
    fuzz_ctx_free(ctx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    memset(ram, 0, sizeof(ram));
    standard(bytes, len);
    secure(bytes, len);
    return 0;
}
