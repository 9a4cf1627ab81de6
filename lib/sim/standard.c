/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The standard bootloader's commands on the chip's model: memory, erase,
 * protection. */
#include "sim/standard.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "sim/boot.h"
#include "sim/bus.h"
#include "proto/dfu.h"
#include "sim/options.h"
#include "sim/rom.h"

/* AN2606, limitations of the H74x and L45x bootloaders: flash is written in
 * multiples of 8 bytes; AN3155, 3.6: everything in words. */
#define FLASH_MULTIPLE 8u
#define WORD_MULTIPLE 4u

/* AN3155, 3.5: the initial stack pointer and the reset vector. */
#define VECTORS_LEN 8u

/* RM0433, 2.3.2 */
#define H7_AXI_SRAM 0x24000000u

/* The longest write of any link, and a program unit of 0xff around it. */
#define PROGRAM_MAX (DFU_TRANSFER_MAX + 64u)

static const uint8_t commands[] = {
    USART_GET,
    USART_GET_VERSION,
    USART_GET_ID,
    USART_READ,
    USART_GO,
    USART_WRITE,
    USART_EXT_ERASE,
    USART_WRITE_PROTECT,
    USART_WRITE_UNPROTECT,
    USART_READOUT_PROTECT,
    USART_READOUT_UNPROTECT,
};

/* With readout protection on, a host can identify the part and end the
 * protection, no more (AN3155, 3). */
static bool
standard_allows_command(void *user, uint8_t cmd)
{
    const struct sfi_sim *sim = user;

    switch (cmd) {
    case USART_GET:
    case USART_GET_VERSION:
    case USART_GET_ID:
    case USART_READOUT_UNPROTECT:
        return true;
    case USART_READ:
    case USART_GO:
    case USART_WRITE:
    case USART_EXT_ERASE:
    case USART_WRITE_PROTECT:
    case USART_WRITE_UNPROTECT:
    case USART_READOUT_PROTECT:
        return !sfi__options_readout_protected(sim);
    default:
        return false;
    }
}

/* The flash that the standard bootloader reaches: without the sectors of a
 * secure bootloader that the part ships with. */
static struct chip_range
standard_open_flash(const struct sfi_chip *chip)
{
    uint32_t base = chip->ships_secure ? chip->user.base : chip->flash.base;

    return (struct chip_range){base, sfi__chip_range_end(&chip->flash) - base};
}

static bool
standard_in_flash(const struct sfi_sim *sim, uint32_t address, size_t len)
{
    struct chip_range range = standard_open_flash(sim->chip);

    return sfi__chip_range_has(&range, address, (uint32_t)len);
}

/* RAM that is offered; NULL: none, or the bootloader's own (AN2606). */
static uint8_t *
standard_ram(const struct sfi_sim *sim, uint32_t address, size_t len)
{
    if (address >= H7_AXI_SRAM && address < sim->habits.ram_from)
        return NULL;
    return sfi__bus_ram(sim, address, len);
}

static bool
standard_address_ok(void *user, uint8_t cmd, uint32_t address)
{
    const struct sfi_sim *sim = user;
    size_t len = cmd == USART_GO ? VECTORS_LEN : 1;
    uint8_t byte;

    if (standard_in_flash(sim, address, len) ||
        standard_ram(sim, address, len) != NULL)
        return true;
    if (cmd == USART_GO)
        return false;
    if (cmd == USART_READ && sfi__rom_read(sim, address, &byte, 1))
        return true;
    return cmd == USART_WRITE ? sfi__options_may_write(sim, address)
                              : sfi__options_may_read(sim, address);
}

/* AN2606, H74x/75x, V9.1: what touches flash before bank 2 is erased can hang
 * the part.  Over which link is not said there: over each (ours). */
static bool
standard_hangs_on_flash(struct sfi_sim *sim)
{
    if (sim->bank2_us <= sim->now_ms * 1000)
        return false;
    sim->mode = SIM_HUNG;
    return true;
}

/* A fault on the way leaves the bootloader hanging, without an answer. */
static const uint8_t *
standard_view_flash(struct sfi_sim *sim, uint32_t address, size_t len)
{
    if (standard_hangs_on_flash(sim))
        return NULL;
    if (sim->habits.ecc_faults &&
        sfi__flash_is_torn(&sim->flash, address, len)) {
        sim->mode = SIM_HUNG;
        return NULL;
    }
    return sfi__flash_view(&sim->flash, address, (uint32_t)len);
}

static bool
standard_read_memory(void *user, uint32_t address, uint8_t *out, size_t len)
{
    struct sfi_sim *sim = user;
    const uint8_t *from = standard_ram(sim, address, len);

    if (from == NULL && standard_in_flash(sim, address, len))
        from = standard_view_flash(sim, address, len);
    if (from == NULL)
        return sfi__options_area_read(sim, address, out, len) ||
               sfi__rom_read(sim, address, out, len);
    memcpy(out, from, len);
    return true;
}

/* The rest of a partly written program unit is filled with 0xff.  A write to a
 * protected sector reports no error (AN3155, 3.6). */
static bool
standard_write_flash(struct sfi_sim *sim, uint32_t address, const uint8_t *data,
                     size_t len)
{
    uint32_t unit = sim->chip->program_unit;
    uint32_t before = address % unit;
    size_t total = (before + len + unit - 1) / unit * unit;
    uint8_t units[PROGRAM_MAX];

    if (address % FLASH_MULTIPLE != 0 || len % FLASH_MULTIPLE != 0 ||
        total > sizeof(units) || standard_hangs_on_flash(sim))
        return false;
    if (sfi__options_write_protected(sim, address, len))
        return true;
    sfi__fill(units, FLASH_ERASED, sizeof(units));
    memcpy(units + before, data, len);
    if (sfi__flash_program(&sim->flash, address - before, units,
                           (uint32_t)total) != FLASH_OK)
        return false;
    if (sim->timed && len >= LATE_LEN) {
        sim->late_at = address + (uint32_t)len - LATE_LEN;
        sim->late_us =
            sfi__sim_now_us(sim) + (uint64_t)sim->habits.spi_write_ms * 1000;
    }
    return true;
}

static bool
standard_write_memory(void *user, uint32_t address, const uint8_t *data,
                      size_t len)
{
    struct sfi_sim *sim = user;
    uint8_t *ram = standard_ram(sim, address, len);

    if (standard_in_flash(sim, address, len))
        return standard_write_flash(sim, address, data, len);
    if (ram == NULL)
        return sfi__options_area_write(sim, address, data, len);
    if (address % WORD_MULTIPLE != 0 || len % WORD_MULTIPLE != 0)
        return false;
    memcpy(ram, data, len);
    return true;
}

/* AN2606, H74x/75x: the bootloader uses the last bytes of the RAM in which the
 * firmware's stack begins. */
static bool
standard_stack_hangs(const struct sfi_sim *sim, uint32_t address)
{
    const uint8_t *vectors = standard_ram(sim, address, VECTORS_LEN);
    struct rd r;
    uint32_t sp;

    if (vectors == NULL)
        vectors = sfi__flash_view(&sim->flash, address, VECTORS_LEN);
    if (vectors == NULL || sim->habits.go_stack == 0)
        return false;
    sfi__rd_init(&r, vectors, VECTORS_LEN);
    sp = sfi__rd_u32le(&r);
    for (uint32_t i = 0; i < sim->chip->ram_count; i++) {
        uint32_t end = sfi__chip_range_end(&sim->chip->ram[i]);

        if (sp <= end && end - sp <= sim->habits.go_stack)
            return true;
    }
    return false;
}

/* The firmware runs from here on. */
static void
standard_start_firmware(void *user, uint32_t address)
{
    struct sfi_sim *sim = user;

    if (sim->habits.go_fails)
        return;
    if (standard_in_flash(sim, address, VECTORS_LEN) &&
        standard_hangs_on_flash(sim))
        return;
    sim->mode = standard_stack_hangs(sim, address) ? SIM_HUNG : SIM_APPLICATION;
}

/* AN2606, H74x/75x, V9.1: the ACK does not wait for bank 2. */
static void
standard_leave_at_work(struct sfi_sim *sim, uint64_t us)
{
    uint64_t now = sim->now_ms * 1000;

    sim->flash.work_us -= us;
    sim->bank2_us = (sim->bank2_us > now ? sim->bank2_us : now) + us;
}

static bool
standard_erase_sector(struct sfi_sim *sim, uint32_t address, uint32_t len)
{
    uint64_t before = sim->flash.work_us;
    bool in_bank2 = address - sim->chip->flash.base >= sim->chip->bank_size;

    if (sfi__flash_erase(&sim->flash, address, len) != FLASH_OK)
        return false;
    if (sim->habits.early_erase_ack && sim->timed && in_bank2)
        standard_leave_at_work(sim, sim->flash.work_us - before);
    return true;
}

/* Sectors that are write protected, or not offered, stay as they are. */
static bool
standard_erase_range(struct sfi_sim *sim, const struct chip_range *range)
{
    uint32_t sector = sim->chip->sector_size;

    for (uint32_t done = 0; done < range->size; done += sector) {
        uint32_t address = range->base + done;

        if (!standard_in_flash(sim, address, sector) ||
            sfi__options_write_protected(sim, address, sector))
            continue;
        if (!standard_erase_sector(sim, address, sector))
            return false;
    }
    return true;
}

static bool
standard_erase_special(struct sfi_sim *sim, uint16_t code)
{
    struct chip_range range = sim->chip->flash;
    uint32_t bank = sim->chip->bank_size;

    switch (code) {
    case USART_ERASE_MASS:
        return standard_erase_range(sim, &range);
    case USART_ERASE_BANK1:
    case USART_ERASE_BANK2:
        if (range.size == bank) /* one bank: no bank erase */
            return false;
        if (code == USART_ERASE_BANK2)
            range.base += bank;
        range.size = bank;
        return standard_erase_range(sim, &range);
    default: /* reserved */
        return false;
    }
}

static bool
standard_erase_list(struct sfi_sim *sim, const uint16_t *pages, size_t count)
{
    struct chip_range range = {0, sim->chip->sector_size};
    uint32_t sectors = sim->chip->flash.size / sim->chip->sector_size;

    for (size_t i = 0; i < count; i++) {
        if (pages[i] >= sectors)
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        range.base = sim->chip->flash.base + pages[i] * range.size;
        if (!standard_erase_range(sim, &range))
            return false;
    }
    return true;
}

/* Bank 2 is erased after bank 1 (ours). */
static bool
standard_erase_pages(void *user, uint16_t code, const uint16_t *pages,
                     size_t count)
{
    struct sfi_sim *sim = user;
    bool done =
        !standard_hangs_on_flash(sim) &&
        (code >= USART_ERASE_SPECIAL ? standard_erase_special(sim, code)
                                     : standard_erase_list(sim, pages, count));

    if (sim->bank2_us > 0)
        sim->bank2_us += sim->flash.work_us;
    return done;
}

/* AN3155, 3.9: neither the count nor the sectors are checked, and sectors that
 * an earlier command protected become unprotected. */
static bool
standard_protect_sectors(void *user, const uint8_t *sectors, size_t count)
{
    struct sfi_sim *sim = user;
    bool done = sfi__options_write_protect(sim, sectors, count);

    sim->reset_due = done;
    return done;
}

/* AN3155, 3.12: protected flash is erased before it can be read, whatever the
 * write protection. */
static bool
standard_unprotect_readout(struct sfi_sim *sim)
{
    const struct chip_range *all = &sim->chip->flash;

    return !standard_hangs_on_flash(sim) && !sfi__options_locked(sim) &&
           sfi__flash_erase(&sim->flash, all->base, all->size) == FLASH_OK &&
           sfi__options_set_readout(sim, CHIP_RDP_LEVEL0);
}

/* Each ends with a reset, which brings the option bytes into force. */
static bool
standard_set_protection(void *user, uint8_t cmd)
{
    struct sfi_sim *sim = user;
    bool done = false;

    if (cmd == USART_READOUT_UNPROTECT)
        done = standard_unprotect_readout(sim);
    else if (cmd == USART_READOUT_PROTECT)
        done = sfi__options_set_readout(sim, CHIP_RDP_LEVEL1);
    else if (cmd == USART_WRITE_UNPROTECT)
        done = sfi__options_write_unprotect(sim);
    if (done)
        sfi__options_launch(sim);
    return done;
}

const struct an3155_handlers sfi__sim_standard = {
    .allowed = standard_allows_command,
    .address = standard_address_ok,
    .read = standard_read_memory,
    .write = standard_write_memory,
    .go = standard_start_firmware,
    .erase = standard_erase_pages,
    .protect = standard_set_protection,
    .protect_sectors = standard_protect_sectors,
};

void
sfi__standard_start(struct sfi_sim *sim)
{
    struct an3155_device_config config = {
        .handlers = &sfi__sim_standard,
        .user = sim,
        .version = sim->chip->bootloader_version,
        .product_id = (uint16_t)sim->chip->device_id,
        .commands = commands,
        .command_count = sizeof(commands),
        .announced_more = (uint8_t)sim->habits.get_count,
        .go_is_silent = sim->habits.go_no_ack,
    };

    sfi__an3155_device_init(&sim->usart, &config);
    config.spi = true;
    config.version = sim->chip->spi_version;
    sfi__an4286_device_init(&sim->spi, &config);
}

/* AN3155, 1: the baud rate is measured on the first byte, whatever it is. */
void
sfi__standard_byte(struct sfi_sim *sim, uint8_t byte, struct wr *out)
{
    bool is_first = !sim->usart_heard;
    uint8_t answer[USART_ANSWER_MAX];
    struct wr w;

    if (sim->habits.pb15_low)
        return;
    if (is_first && !sim->habits.any_first_byte)
        sim->usart_deaf = byte != USART_SYNC;
    sim->usart_heard = true;
    if (sim->usart_deaf || (is_first && sim->habits.second_sync))
        return;
    sfi__wr_init(&w, answer, sizeof(answer));
    sfi__an3155_device_byte(&sim->usart, byte, &w);
    if (sim->mode != SIM_HUNG || sim->usart.cmd == USART_GO)
        sfi__wr_bytes(out, answer, sfi__wr_len(&w));
}
