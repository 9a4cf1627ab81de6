/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The virtual chip of fuzz_chip.h: all of it in memory. */
#include "fuzz_chip.h"

#include <string.h>

#include "core/ctx.h"
#include "sim/boot.h"
#include "sim/options.h"
#include "sim/secure.h"

#define FLASH_SIZE 16384u
#define RAM_SIZE 0x2000u

/* The byte that the protected firmware consists of. */
static const uint8_t firmware[8] = {0x9b, 0xe1, 0x57, 0xc3,
                                    0x2a, 0xf6, 0x8d, 0x74};

static struct sfi_chip small;
static struct sfi_sim sim;
static uint8_t flash[FLASH_SIZE];
static _Alignas(16) uint8_t ram[RAM_SIZE + SFI_DEVICE_SIZE_MAX];
static enum fuzz_start began;

/* As many sectors as the real part has, each smaller. */
static void
make_part(void)
{
    memcpy(&small, sfi_chip_find("stm32h753xi"), sizeof(small));
    small.flash.size = FLASH_SIZE;
    small.user.size = FLASH_SIZE;
    small.bank_size = FLASH_SIZE / 2;
    small.sector_size = FLASH_SIZE / 16;
    small.mailbox.size = RAM_SIZE;
    small.ram[0] = small.mailbox;
    small.ram_count = 1;
}

static void
program(enum fuzz_start start)
{
    uint32_t *words = sim.store.options;

    memset(flash, FLASH_ERASED, sizeof(flash));
    for (uint32_t i = 0; i < small.ob_count; i++)
        words[i] = small.ob[i].shipped;
    if (start == FUZZ_SECURE)
        words[small.security_row] |= small.security_mask;
    if (start != FUZZ_PROTECTED)
        return;
    words[small.rdp_row] &= ~(0xffu << small.rdp_shift);
    words[small.rdp_row] |= CHIP_RDP_LEVEL1 << small.rdp_shift;
    for (size_t i = 0; i < sizeof(flash); i += sizeof(firmware))
        memcpy(flash + i, firmware, sizeof(firmware));
}

struct sfi_sim *
fuzz_chip(enum fuzz_start start)
{
    sfi_ctx *ctx = fuzz_ctx();

    make_part();
    began = start;
    memset(&sim, 0, sizeof(sim));
    sim.obj.ctx = ctx;
    sim.inner = ctx;
    sim.store.ctx = ctx;
    sim.crypto.ctx = ctx;
    sim.chip = &small;
    sim.store.chip = &small;
    sim.store.power = &sim.power;
    memcpy(sim.store.certificate, small.product_id, CHIP_PRODUCT_ID_LEN);
    sim.store.device_secret[31] = 1;
    sim.flash = (struct flash){
        .chip = &small,
        .power = &sim.power,
        .mem = flash,
    };
    sim.loader = sfi__sim_loader(&small, NULL);
    program(start);
    sim.ram = ram;
    sim.ram_len = small.ram[0].size + sfi__secure_ram_len();
    FUZZ_HOLDS(sim.ram_len <= sizeof(ram));
    sim.lock_fd = -1;
    sim.boot0 = true;
    sfi__power_init(&sim.power);
    sfi__buf_init(&sim.line, &ctx->alloc, true);
    sfi__tap_init(&sim.chain);
    sfi__dap_probe_init(&sim.probe);
    sfi__sim_reset(&sim);
    FUZZ_HOLDS(sim.mode == (start == FUZZ_SECURE ? SIM_SECURE : SIM_STANDARD));
    return &sim;
}

void
fuzz_chip_says(const uint8_t *data, size_t len)
{
    size_t same = 0;

    if (began != FUZZ_PROTECTED)
        return;
    for (size_t i = 0; i < len; i++) {
        same = data[i] == firmware[same] ? same + 1 : data[i] == firmware[0];
        FUZZ_HOLDS(same < sizeof(firmware));
    }
}

void
fuzz_chip_end(void)
{
    sfi_ctx *ctx = sim.obj.ctx;

    if (began == FUZZ_SECURE) {
        FUZZ_HOLDS(sfi__options_secure(&sim));
        FUZZ_HOLDS(sfi__flash_is_erased(&sim.flash, &small.user));
    }
    FUZZ_HOLDS(sim.line.len == 0 || sim.line.data != NULL);
    sfi__secure_stop(&sim);
    sfi__buf_free(&sim.line);
    fuzz_ctx_free(ctx);
}
