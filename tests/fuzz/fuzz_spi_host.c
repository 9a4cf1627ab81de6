/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile chip on SPI: a good device, except for the faults of the input.
 * The first byte: bit 7, what happens when the input ends (0: no more faults,
 * 1: the last byte repeats); bit 6, the bootloader (1: the secure one); the
 * rest selects the call.  Then pairs: the number of bytes clocked before the
 * fault, and the fault (see enum; the five bits above it are its operand). */
#include <string.h>

#include "proto/an4286.h"
#include "proto/an4286_device.h"

#include "fuzz_session.h"

/* A dozen waits of up to 45 s, each repeated at most three times. */
#define LONGEST_MS ((uint64_t)1200 * 1000)
#define STUCK 0x80u
#define SECURE 0x40u
/* A slow port, or a fuzzer would spend its life polling. */
#define STUCK_MS 20u

enum mishap {
    MISHAP_OTHER, /* the chip says the next byte */
    MISHAP_DEAF,  /* the chip missed eight clocks */
    MISHAP_TWICE, /* or saw twice */
    MISHAP_FLIP,  /* a bit */
    MISHAP_RESET,
    MISHAP_RUN,  /* the chip sends the next bytes of the input */
    MISHAP_GONE, /* the port fails; 0: it is gone */
    MISHAP_BUSY, /* so many times 32 bytes */
};

static struct {
    struct fuzz_input in;
    struct an4286_device device;
    bool stuck, secure, planned;
    uint8_t gap, what, last;
    uint32_t run, busy;
    uint32_t us;
} chip;

/* ---- a good device ---- */

static bool
on_address(void *user, uint8_t cmd, uint32_t address)
{
    (void)user;
    (void)cmd;
    (void)address;
    return true;
}

static bool
on_read(void *user, uint32_t address, uint8_t *out, size_t len)
{
    (void)user;
    memset(out, (int)(address & 1), len);
    return true;
}

static bool
on_write(void *user, uint32_t address, const uint8_t *data, size_t len)
{
    uint8_t copy[USART_BLOCK_MAX];

    (void)user;
    (void)address;
    FUZZ_HOLDS(len <= sizeof(copy));
    memcpy(copy, data, len);
    return true;
}

static void
on_go(void *user, uint32_t address)
{
    (void)user;
    (void)address;
}

static bool
on_erase(void *user, uint16_t code, const uint16_t *pages, size_t count)
{
    (void)user;
    (void)pages;
    FUZZ_HOLDS(count <= USART_ERASE_PAGES_MAX);
    return code == USART_ERASE_MASS || count > 0;
}

static bool
on_protect(void *user, uint8_t cmd)
{
    (void)user;
    (void)cmd;
    return true;
}

static uint8_t
on_special(void *user, uint16_t opcode, const uint8_t *param, size_t param_len,
           uint8_t *data, size_t data_len, uint8_t *reply, size_t *reply_len)
{
    (void)user;
    (void)param;
    (void)data;
    FUZZ_HOLDS(param_len <= SFI_CMD_PARAM_MAX && data_len <= SFI_CMD_DATA_MAX);
    *reply_len = fuzz_reply(opcode, reply);
    return 0;
}

static void
restart(void)
{
    static const struct an3155_handlers handlers = {
        .address = on_address,
        .read = on_read,
        .write = on_write,
        .go = on_go,
        .erase = on_erase,
        .protect = on_protect,
        .special = on_special,
    };
    static const uint8_t open[] = {0x00, 0x01, 0x02, 0x11, 0x21,
                                   0x31, 0x44, 0x73, 0x82, 0x92};
    static const uint8_t secure[] = {0x00, 0x01, 0x02, 0x50, 0x51};
    const struct an3155_device_config config = {
        .handlers = &handlers,
        .spi = true,
        .version = 0x11,
        .product_id = 0x450,
        .commands = chip.secure ? secure : open,
        .command_count = chip.secure ? sizeof(secure) : sizeof(open),
    };

    sfi__an4286_device_init(&chip.device, &config);
}

/* ---- the wire ---- */

/* Is it this byte's turn for what is planned? */
static bool
is_due(void)
{
    if (!chip.planned && chip.in.left > 0) {
        chip.gap = fuzz_byte(&chip.in);
        chip.what = fuzz_byte(&chip.in);
        chip.planned = true;
    }
    if (!chip.planned || chip.gap-- > 0)
        return false;
    chip.planned = false;
    return true;
}

static sfi_status
suffer(uint8_t tx, uint8_t *rx)
{
    uint8_t number = chip.what >> 3;

    switch ((enum mishap)(chip.what & 7)) {
    case MISHAP_OTHER:
        *rx = fuzz_byte(&chip.in);
        break;
    case MISHAP_DEAF:
        *rx = 0xff;
        return SFI_OK;
    case MISHAP_TWICE:
        (void)sfi__an4286_device_clock(&chip.device, tx);
        break;
    case MISHAP_FLIP:
        *rx = (uint8_t)(*rx ^ 1u << number % 8);
        break;
    case MISHAP_RESET:
        restart();
        break;
    case MISHAP_RUN:
        chip.run = number;
        break;
    case MISHAP_GONE:
        return number == 0 ? SFI_ERR_NO_DEVICE : SFI_ERR_IO;
    case MISHAP_BUSY:
        chip.busy = number * 32u;
        break;
    }
    return SFI_OK;
}

static sfi_status
clock_byte(uint8_t tx, uint8_t *rx)
{
    sfi_status st = SFI_OK;

    chip.us += AN4286_BYTE_US;
    fuzz_now += chip.us / 1000;
    chip.us %= 1000;
    if (chip.stuck && chip.in.left == 0 && !chip.planned) {
        fuzz_now += STUCK_MS;
        *rx = chip.last;
        return SFI_OK;
    }
    if (chip.busy > 0) {
        chip.busy--;
        *rx = SPI_BUSY;
        return SFI_OK;
    }
    *rx = sfi__an4286_device_clock(&chip.device, tx);
    if (chip.run > 0) {
        chip.run--;
        *rx = fuzz_byte(&chip.in);
    } else if (is_due()) {
        st = suffer(tx, rx);
    }
    chip.last = *rx;
    return st;
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    sfi_status st = SFI_OK;

    (void)user;
    FUZZ_HOLDS(len > 0);
    for (size_t i = 0; i < len && st == SFI_OK; i++) {
        uint8_t byte;

        st = clock_byte(tx[i], &byte);
        if (rx != NULL)
            rx[i] = byte;
    }
    return st;
}

static sfi_status
on_select(void *user, int asserted)
{
    (void)user;
    FUZZ_HOLDS(asserted == 0 || asserted == 1);
    return SFI_OK;
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    FUZZ_HOLDS(into_boot == 0 || into_boot == 1);
    chip.secure = true;
    restart();
    return SFI_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const sfi_spi_ops ops = {
        .struct_size = sizeof(ops),
        .select = on_select,
        .transfer = on_transfer,
        .reset = on_reset,
    };
    struct fuzz_input in = {data, len};
    uint8_t first = fuzz_byte(&in);
    sfi_ctx *ctx = fuzz_ctx();
    sfi_transport *tp;

    fuzz_now = 0;
    memset(&chip, 0, sizeof(chip));
    chip.in = in;
    chip.stuck = (first & STUCK) != 0;
    chip.secure = (first & SECURE) != 0;
    restart();
    FUZZ_HOLDS(sfi_transport_open_spi(ctx, &ops, NULL, &tp) == SFI_OK);
    fuzz_session(ctx, tp, first & (SECURE - 1), LONGEST_MS);
    sfi_transport_free(tp);
    fuzz_ctx_free(ctx);
    return 0;
}
