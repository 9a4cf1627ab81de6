/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The whole install over the debug port: an open chip made secure by its
 * registers, all requests through the mailbox; and the other functions of a
 * target. */
#include <string.h>

#include <sfi/device.h>
#include <sfi/target.h>

#include "core/err.h"
#include "boot/debug_port.h"
#include "wire/mailbox.h"
#include "wire/v7m_debug.h"
#include "sim/options.h"
#include "sim/sim.h"
#include "transport/base/transport.h"

#include <bench/station.h>

enum blow {
    BLOW_NONE,
    BLOW_FAULT, /* the access is refused */
    BLOW_LOST,  /* the probe does not answer, the access is not done */
    BLOW_LATE,  /* the same, but it is done */
    BLOW_RESET, /* the chip loses its power for a moment */
    BLOW_FLIP,  /* a bit of a word is another one */
    BLOWS
};

/* Between host and chip: disturbs one access. */
static struct {
    enum blow blow;
    uint64_t at;
    uint64_t count;
    bool flips; /* this access */
    uint32_t bit;
} probe;

/* The flash is busy for so long after its start. */
static struct stall {
    uint32_t start_at, start; /* a bit of a register */
    uint32_t busy_at, busy;
    uint32_t ms;
    uint64_t until;
} stall;

static sfi_status
failed(sfi_status st)
{
    sfi_ctx_report(ctx, st, 0, "struck");
    return st;
}

static sfi_status
strike(void)
{
    bool now = probe.blow != BLOW_NONE && probe.count++ == probe.at;

    if (probe.blow == BLOW_NONE)
        probe.count++;
    if (!now)
        return SFI_OK;
    switch (probe.blow) {
    case BLOW_FAULT:
        return failed(SFI_ERR_NACK);
    case BLOW_LOST:
    case BLOW_LATE:
        return failed(SFI_ERR_TIMEOUT);
    case BLOW_RESET:
        ck_assert_ok(sfi_sim_power_on(board.sim));
        break;
    case BLOW_FLIP:
        probe.flips = true;
        break;
    case BLOW_NONE:
    case BLOWS:
        break;
    }
    return SFI_OK;
}

static void
flip(uint32_t *words, size_t count)
{
    if (probe.flips)
        words[probe.bit / 32 % count] ^= 1u << probe.bit % 32;
    probe.flips = false;
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    sfi_status st = strike();

    (void)user;
    if (st != SFI_OK)
        return st;
    st = sfi__transport_read32(station.direct, address, words, count);
    flip(words, count);
    if (address == stall.busy_at && script_now < stall.until)
        words[0] |= stall.busy;
    return st;
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    sfi_status st = strike();
    uint32_t copy[MEM_WORDS];

    (void)user;
    ck_assert_uint_le(count, ROWS(copy));
    memcpy(copy, words, 4 * count);
    flip(copy, count);
    if (st != SFI_OK && probe.blow == BLOW_LATE)
        (void)sfi__transport_write32(station.direct, address, words, count);
    if (st != SFI_OK)
        return failed(st);
    if (address == stall.start_at && (copy[0] & stall.start) != 0)
        stall.until = script_now + stall.ms;
    return sfi__transport_write32(station.direct, address, copy, count);
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    return sfi__transport_reset(station.direct, into_boot != 0);
}

/* Lead the station's link over the debug port. */
static void
setup(void)
{
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
    };

    station_setup("stm32h753xi");
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    memset(&probe, 0, sizeof(probe));
    memset(&stall, 0, sizeof(stall));
    ck_assert_ok(sfi_sim_transport(board.sim, "jtag", &station.direct));
    ck_assert_ok(sfi_transport_open_dap(ctx, &ops, NULL, &station.tp));
}

START_TEST(test_install)
{
    sfi_dialect_info i;

    setup();
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    /* again: refused unless it may erase, and uncounted */
    ck_assert_int_eq(station_install(false), SFI_ERR_DEVICE);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     SFI_CAUSE_INSTALLED);
    ck_assert_ok(station_install(true));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
    station_info(&i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
    station_teardown();
}
END_TEST

START_TEST(test_install_live)
{
    setup();
    ck_assert_ok(station_install_live(false));
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* Disturbed at any access, the install completes, or fails cleanly and
 * completes in a second run; it is counted once. */
START_TEST(test_struck)
{
    size_t step = test_step(13) * 3;
    uint64_t total;

    setup();
    ck_assert_ok(station_install(false));
    total = probe.count;
    station_teardown();
    ck_assert_uint_gt(total, 60);
    for (uint64_t at = (uint64_t)_i % 3; at < total; at += step) {
        sfi_status st;

        setup();
        probe.blow = (enum blow)_i;
        probe.at = at;
        st = station_install(false);
        probe.blow = BLOW_NONE;
        if (st == SFI_OK)
            install_assert_complete(&station.package);
        else
            ck_assert_ok(station_install(true));
        install_assert_complete(&station.package);
        ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
        station_teardown();
    }
}
END_TEST

/* ---- what a target does with an open chip ---- */

static sfi_target *
connect(void)
{
    sfi_target *t;

    setup();
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_str_eq(sfi_chip_name(sfi_target_chip(t)), "stm32h753xi");
    return t;
}

static void
end(sfi_target *t)
{
    sfi_target_free(t);
    station_teardown();
}

START_TEST(test_memory)
{
    uint8_t data[3000], back[3000];
    sfi_target *t = connect();

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    /* RAM; any start and length when it is read */
    ck_assert_ok(sfi_target_write(t, 0x24010008, data, sizeof(data)));
    for (uint32_t skip = 0; skip < 5; skip++) {
        size_t len = sizeof(back) - 2 * skip;

        memset(back, 0, sizeof(back));
        ck_assert_ok(sfi_target_read(t, 0x24010008 + skip, back, len));
        ck_assert_mem_eq(back, data + skip, len);
    }
    /* flash, across the border of banks and of blocks */
    ck_assert_ok(sfi_target_write(t, 0x080ffe20, data, 2976));
    ck_assert_ok(sfi_target_read(t, 0x080ffe20, back, 2976));
    ck_assert_mem_eq(back, data, 2976);
    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x080ffe20, back, 2976));
    ck_assert_mem_eq(back, data, 2976);
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_read(t, 0x080ffe20, back, 1));
    ck_assert_uint_eq(back[0], 0xff);
    end(t);
}
END_TEST

/* ---- a start ---- */

#define TABLE 0x08020000u
static const uint8_t vectors[32] = {0, 0, 8, 0x24, 0x99, 2, 2, 8};

static bool
is_started(void)
{
    const struct core_debug *c = &board.sim->core;

    return board.sim->mode == SIM_APPLICATION && !c->halted &&
           c->vtor == TABLE && c->reg[V7M_REG_MSP] == 0x24080000 &&
           c->reg[V7M_REG_PC] == 0x08020298 &&
           c->reg[V7M_REG_XPSR] == V7M_XPSR_T;
}

START_TEST(test_go)
{
    sfi_target *t = connect();
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_ok(sfi_target_write(t, TABLE, vectors, sizeof(vectors)));
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    ck_assert_ok(sfi_target_go(t, TABLE));
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    ck_assert(is_started());
    /* no setting of the debugger is left: the next reset is a normal one */
    ck_assert_uint_eq(board.sim->core.control, 0);
    ck_assert_uint_eq(board.sim->core.demcr, 0);
    ck_assert_ok(sfi__transport_reset(station.direct, true));
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    end(t);
}
END_TEST

/* By the core, and by the line: the firmware's core runs from its boot address,
 * and no setting of the debugger is left. */
START_TEST(test_reset_and_halt)
{
    sfi_target *t = connect();
    const struct core_debug *c = &board.sim->core;
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_ok(sfi_target_halt(t));
    ck_assert_uint_ne(c->control & V7M_DHCSR_C_HALT, 0);
    ck_assert_ok(sfi_target_reset(t, SFI_RESET_CORE));
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    ck_assert_uint_eq(c->control, 0);
    ck_assert_uint_eq(c->demcr, 0);
    end(t);

    t = connect();
    resets = sfi_sim_resets(board.sim);
    ck_assert_ok(sfi_target_reset(t, SFI_RESET_LINE));
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    ck_assert_fails(sfi_target_reset(t, 3), SFI_ERR_ARGUMENT, "",
                    "a reset of kind 3, expected SFI_RESET_LINE or "
                    "SFI_RESET_CORE");
    end(t);
}
END_TEST

START_TEST(test_go_refused)
{
    static const struct {
        uint32_t address;
        sfi_status st;
        const char *message;
    } rows[] = {
        {TABLE + 32, SFI_ERR_CHIP_RULE,
         "a vector table at 0x08020020, expected a multiple of 128"},
        {TABLE + 128, SFI_ERR_CHIP_RULE,
         "no program begins at 0x08020080: its stack would be at 0xffffffff "
         "and its code at 0xffffffff, expected a vector table"},
        {0x24010000, SFI_ERR_CHIP_RULE,
         "no program begins at 0x24010000: its stack would be at 0x00000000 "
         "and its code at 0x00000000, expected a vector table"},
        {0x60000000, SFI_ERR_NACK,
         "the virtual chip faulted a read of 2 words at 0x60000000"},
    };
    sfi_target *t = connect();
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_ok(sfi_target_write(t, TABLE, vectors, sizeof(vectors)));
    ck_assert_fails(sfi_target_go(t, rows[_i].address), rows[_i].st,
                    rows[_i].st == SFI_ERR_NACK ? "debug port" : "",
                    rows[_i].message);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    ck_assert_ok(sfi_target_go(t, TABLE));
    ck_assert(is_started());
    end(t);
}
END_TEST

/* Disturbed at each access, it starts, or fails and leaves the core running. */
START_TEST(test_go_struck)
{
    sfi_target *t = connect();
    uint64_t total;

    ck_assert_ok(sfi_target_write(t, TABLE, vectors, sizeof(vectors)));
    probe.count = 0;
    ck_assert_ok(sfi_target_go(t, TABLE));
    total = probe.count;
    ck_assert_uint_gt(total, 12);
    for (uint64_t at = 0; at < total; at++) {
        sfi_status st;

        ck_assert_ok(sfi_sim_power_on(board.sim));
        probe.blow = (enum blow)_i;
        probe.at = at;
        probe.count = 0;
        st = sfi_target_go(t, TABLE);
        probe.blow = BLOW_NONE;
        ck_assert_msg(!board.sim->core.halted, "access %u", (unsigned)at);
        ck_assert_msg(_i == BLOW_RESET || (st == SFI_OK && is_started()),
                      "access %u: %s", (unsigned)at, sfi_status_name(st));
    }
    end(t);
}
END_TEST

/* A debugger halts the part, and releases it. */
START_TEST(test_halted)
{
    const uint32_t halt =
        V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT;
    const uint32_t go_on = V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN;
    const uint32_t no_key = 3;
    uint32_t seen;

    setup();
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    ck_assert_ok(sfi__transport_write32(station.direct, V7M_DHCSR, &no_key, 1));
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    ck_assert_ok(sfi__transport_write32(station.direct, V7M_DHCSR, &halt, 1));
    ck_assert_int_eq(board.sim->mode, SIM_APPLICATION);
    ck_assert_ok(sfi__transport_read32(station.direct, V7M_DHCSR, &seen, 1));
    ck_assert_uint_eq(seen & ~V7M_DHCSR_S_RESET_ST, 0x00030003);
    ck_assert_ok(sfi__transport_write32(station.direct, V7M_DHCSR, &go_on, 1));
    ck_assert_int_eq(board.sim->mode, SIM_STANDARD);
    ck_assert_ok(sfi__transport_read32(station.direct, V7M_DHCSR, &seen, 1));
    ck_assert_uint_eq(seen, 0x01010001);
    station_teardown();
}
END_TEST

/* Watchdogs are stopped before the flash changes, or at once where the core is
 * halted already; otherwise to connect changes nothing. */
START_TEST(test_watchdogs)
{
    static const uint8_t erased[32] = {1};
    const struct dbgmcu *d;
    sfi_target *t;

    setup();
    d = &board.sim->dbgmcu;
    if (_i == 1)
        ck_assert_ok(sfi__transport_write32(
            station.direct, V7M_DHCSR,
            &(uint32_t){V7M_DHCSR_KEY | V7M_DHCSR_C_DEBUGEN | V7M_DHCSR_C_HALT},
            1));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_int_eq(board.sim->core.halted, _i == 1);
    if (_i == 0) {
        ck_assert(d->cr == 0 && d->apb3fz1 == 0 && d->apb4fz1 == 0);
        ck_assert_ok(sfi_target_write(t, 0x08000000, erased, sizeof(erased)));
    }
    ck_assert_uint_eq(d->cr, 0x00600007);
    ck_assert_uint_eq(d->apb3fz1, 0x40);
    ck_assert_uint_eq(d->apb4fz1, 0x40000);
    end(t);
}
END_TEST

START_TEST(test_refusals)
{
    static const uint8_t data[64] = {1};
    uint8_t back[4];
    sfi_target *t = connect();

    ck_assert_fails_about(sfi_target_read(t, 0x60000000, back, 4), SFI_ERR_NACK,
                          "debug port", "faulted", "1 words", "0x60000000");
    /* programmed once, and not a second time */
    ck_assert_ok(sfi_target_write(t, 0x08000000, data, 32));
    ck_assert_fails(sfi_target_write(t, 0x08000000, data, 64), SFI_ERR_NACK,
                    "debug port",
                    "the flash at 0x08000000 refused a write of memory "
                    "(FLASH_SR 0x00050000); is it erased");
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_write(t, 0x08000000, data, 64));
    /* write protected */
    ck_assert_ok(sfi_sim_set_option(board.sim, "FWPSN_PRG_B", 0x7f));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_fails_about(sfi_target_write(t, 0x081e0000, data, 64),
                          SFI_ERR_PROTECTED, "debug port", "sector 15",
                          "0x081e0000", "FWPSN_PRG_B");
    ck_assert_fails_about(sfi_target_erase_all(t), SFI_ERR_PROTECTED,
                          "debug port", "sector 15", "0x081e0000",
                          "FWPSN_PRG_B");
    end(t);
}
END_TEST

/* Registers between those of the option bytes are left alone: anything but a
 * key in FLASH_KEYR2 locks bank 2 until a reset (RM0433, 4.5.1). */
START_TEST(test_options_alone)
{
    uint8_t words[0x124];
    struct boot b;

    setup();
    ck_assert_ok(sfi__boot_init(&b, station.direct, NULL));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    ck_assert_ok(sfi__boot_read(&b, 0x52002020, words, sizeof(words)));
    words[0] ^= 8;       /* OPTSR_PRG */
    words[0x11c] = 0xef; /* WPSN_PRG2 */
    ck_assert_ok(sfi__boot_write(&b, 0x52002020, words, sizeof(words)));
    ck_assert(!board.sim->regs.bank[1].lock.jammed);
    ck_assert_uint_eq(board.sim->store.options[0], 0x1bc6aaf8);
    ck_assert_uint_eq(board.sim->store.options[6], 0xef);
    station_teardown();
}
END_TEST

/* With readout protection flash cannot be read until the removal, which erases
 * it. */
START_TEST(test_readout_protected)
{
    static const char reason[] =
        "readout protection is on, ... removing it erases ...";
    static const uint8_t data[32] = {1};
    const uint32_t sector = 0;
    struct boot b;
    uint8_t back[4];
    sfi_target *t = connect();

    ck_assert_ok(sfi_target_write(t, 0x08000000, data, 32));
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc600f0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_int_eq(sfi_target_read(t, 0x08000000, back, 4),
                     SFI_ERR_PROTECTED);
    /* nothing was erased that cannot be written again */
    ck_assert_fails(sfi_target_erase(t, &sector, 1), SFI_ERR_PROTECTED,
                    station.tp->name, reason);
    ck_assert_fails(sfi_target_erase_all(t), SFI_ERR_PROTECTED,
                    station.tp->name, reason);
    ck_assert_fails(sfi_target_write(t, 0x08000020, data, 32),
                    SFI_ERR_PROTECTED, station.tp->name, reason);
    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x08000000, back, 4));
    ck_assert_mem_eq(back, data, 4);
    ck_assert_ok(sfi__boot_init(&b, station.tp, NULL));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    ck_assert_ok(sfi__boot_readout_unprotect(&b));
    ck_assert_ok(sfi_target_read(t, 0x08000000, back, 4));
    ck_assert_mem_eq(back, "\xff\xff\xff\xff", 4);
    ck_assert(!sfi__options_readout_protected(board.sim));
    end(t);
}
END_TEST

START_TEST(test_sectors)
{
    static const uint16_t some[] = {1, 9};
    static const uint16_t none[] = {16};
    static const uint8_t data[32] = {1};
    uint8_t back[1];
    struct boot b;
    sfi_target *t = connect();

    for (uint32_t s = 0; s < 16; s++)
        ck_assert_ok(
            sfi_target_write(t, 0x08000000 + (s << 17), data, sizeof(data)));
    ck_assert_ok(sfi__boot_init(&b, station.tp, NULL));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    ck_assert_ok(sfi__boot_erase_sectors(&b, some, ROWS(some)));
    for (uint32_t s = 0; s < 16; s++) {
        ck_assert_ok(sfi_target_read(t, 0x08000000 + (s << 17), back, 1));
        ck_assert_uint_eq(back[0], s == 1 || s == 9 ? 0xff : 1);
    }
    ck_assert_fails(sfi__boot_erase_sectors(&b, none, 1), SFI_ERR_NACK, "",
                    "stm32h753xi has no sector 16");
    end(t);
}
END_TEST

/* The least time in which it fails: the work's own, and a margin. */
static sfi_status
erase_one(struct boot *b)
{
    static const uint16_t one[] = {1};

    return sfi__boot_erase_sectors(b, one, 1);
}

#define FLASH_WORK 0x5200200c, 0x80, 0x52002010, 0x01
#define OPTION_WORK 0x52002018, 0x02, 0x5200201c, 0x01
static const struct {
    sfi_status (*work)(struct boot *b);
    uint32_t optsr;
    uint32_t least_ms;
    struct stall stall;
} works[] = {
    {erase_one, 0x1bc6aaf0, 2200 + 5000, {FLASH_WORK, 0, 0}},
    {sfi__boot_erase_mass, 0x1bc6aaf0, 8 * 2200 + 5000, {FLASH_WORK, 0, 0}},
    {sfi__boot_readout_unprotect, 0x1bc6aaf0, 5000, {OPTION_WORK, 0, 0}},
    {sfi__boot_readout_unprotect,
     0x1bc6bbf0,
     16 * 2200 + 5000 + 5000,
     {OPTION_WORK, 0, 0}},
};

START_TEST(test_deadlines)
{
    uint32_t least = works[_i / 2].least_ms;
    bool is_late = _i % 2 == 1;
    uint64_t began;
    struct boot b;

    setup();
    ck_assert_ok(
        sfi_sim_set_option(board.sim, "FOPTSR_PRG", works[_i / 2].optsr));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    stall = works[_i / 2].stall;
    stall.ms = is_late ? 2 * least : least - 100;
    ck_assert_ok(sfi__boot_init(&b, station.tp, NULL));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    began = script_now;
    ck_assert_int_eq(works[_i / 2].work(&b),
                     is_late ? SFI_ERR_TIMEOUT : SFI_OK);
    ck_assert_uint_ge(script_now - began, is_late ? least : least - 100);
    ck_assert_uint_lt(script_now - began, least + 200);
    station_teardown();
}
END_TEST

/* ---- finding the part ---- */

START_TEST(test_connect_fails)
{
    sfi_target *t;

    setup();
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6ccf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_fails(sfi_target_connect(ctx, NULL, station.tp, 300, &t),
                    SFI_ERR_NACK, "debug port",
                    "neither the chip's identity nor a mailbox can be read: "
                    "the virtual chip faulted a read of 1 words at 0x5c001000; "
                    "is it another chip, or its debug port closed");
    sfi_sim_power_cut_after(board.sim, 0);
    ck_assert_int_eq(sfi_sim_erase_flash(board.sim), SFI_ERR_STATE);
    ck_assert_fails(sfi_target_connect(ctx, NULL, station.tp, 300, &t),
                    SFI_ERR_TIMEOUT, "debug port",
                    "the virtual chip's debug port does not answer");
    station_teardown();
    board_setup("stm32l462ce");
    ck_assert_fails(sfi_sim_transport(board.sim, "jtag", &station.tp),
                    SFI_ERR_UNSUPPORTED, "",
                    "a virtual stm32l462ce has no JTAG");
    board_teardown();
}
END_TEST

/* A mailbox of another version, or with invalid content. */
START_TEST(test_strange_mailbox)
{
    uint32_t head[2] = {SFI_MAILBOX_MAGIC, 0x04500002};
    sfi_target *t;

    setup();
    ck_assert_ok(sfi__transport_write32(station.direct, 0x24030000, head, 2));
    ck_assert_fails(sfi_target_connect(ctx, NULL, station.tp, 300, &t),
                    SFI_ERR_UNSUPPORTED, "",
                    "the chip's mailbox has version 2, expected 1");
    /* no bootloader behind it */
    head[1] = 0x04500001;
    ck_assert_ok(sfi__transport_write32(station.direct, 0x24030000, head, 2));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 300, &t));
    ck_assert_fails(
        sfi_target_get_info(
            t, &(sfi_target_info){.struct_size = sizeof(sfi_target_info)}),
        SFI_ERR_TIMEOUT, "debug port", "no answer to INFO within 2000 ms");
    sfi_target_free(t);
    /* another chip's: ignored */
    head[1] = 0x04620001;
    ck_assert_ok(sfi__transport_write32(station.direct, 0x24030000, head, 2));
    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 300, &t));
    ck_assert_ok(
        sfi_target_write(t, 0x24030000, (const uint8_t *)"abcdefgh", 8));
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* ---- a wrong option byte can be permanent ---- */

struct words {
    uint8_t data[4 * CHIP_OB_ROWS_MAX];
    size_t len;
};

static struct words
look(void)
{
    struct words w = {.len = sizeof(w.data)};

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_OPTION_BYTES, w.data, &w.len));
    return w;
}

static bool
same(const struct words *a, const struct words *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static sfi_status
change_field(sfi_target *t)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    if (st != SFI_OK)
        return st;
    ck_assert_ok(sfi_option_bytes_set(ob, "BOR_LEV", 3));
    st = sfi_target_write_option_bytes(t, ob);
    sfi_option_bytes_free(ob);
    return st;
}

static sfi_status
change(bool activate)
{
    sfi_target *t;
    sfi_status st = sfi_target_connect(ctx, NULL, station.tp, 1000, &t);

    if (st == SFI_OK)
        st = activate ? sfi_target_activate_security(t) : change_field(t);
    sfi_target_free(t);
    return st;
}

static void
put_back(const struct words *w)
{
    uint32_t optsr = (uint32_t)w->data[0] | (uint32_t)w->data[1] << 8 |
                     (uint32_t)w->data[2] << 16 | (uint32_t)w->data[3] << 24;

    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", optsr));
    ck_assert_ok(sfi_sim_power_on(board.sim));
}

/* Disturbed at any access, in any bit, the option bytes get the requested
 * values or keep theirs. */
START_TEST(test_options_struck)
{
    bool activate = _i >= BLOWS;
    enum blow blow = (enum blow)(_i % BLOWS);
    struct words before, wanted;
    uint32_t bits = blow == BLOW_FLIP ? 64 : 1;
    uint64_t total, succeeded = 0, tried = 0;

    setup();
    before = look();
    ck_assert_ok(change(activate));
    total = probe.count;
    wanted = look();
    ck_assert(!same(&before, &wanted));
    for (uint64_t n = 0; n < total * bits; n += test_step(19)) {
        struct words after;
        sfi_status st;

        put_back(&before);
        memset(&probe, 0, sizeof(probe));
        probe.blow = blow;
        probe.at = n / bits;
        probe.bit = (uint32_t)(n % bits);
        st = change(activate);
        after = look();
        ck_assert_msg(
            same(&after, &wanted) || (same(&after, &before) && st != SFI_OK),
            "access %llu, bit %u: other option bytes, and %s",
            (unsigned long long)probe.at, probe.bit, sfi_status_name(st));
        succeeded += st == SFI_OK;
        tried++;
    }
    ck_assert_msg(blow == BLOW_RESET || succeeded * 100 >= tried * 98,
                  "%llu of %llu succeeded", (unsigned long long)succeeded,
                  (unsigned long long)tried);
    station_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_jtag");
    TCase *t = tcase_create("jtag");

    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_install);
    tcase_add_test(t, test_install_live);
    tcase_add_loop_test(t, test_struck, BLOW_FAULT, BLOWS);
    tcase_add_loop_test(t, test_options_struck, 0, 2 * BLOWS);
    tcase_add_test(t, test_memory);
    tcase_add_test(t, test_go);
    tcase_add_test(t, test_reset_and_halt);
    tcase_add_loop_test(t, test_go_refused, 0, 4);
    tcase_add_loop_test(t, test_go_struck, BLOW_FAULT, BLOW_FLIP);
    tcase_add_test(t, test_halted);
    tcase_add_loop_test(t, test_watchdogs, 0, 2);
    tcase_add_test(t, test_refusals);
    tcase_add_test(t, test_options_alone);
    tcase_add_test(t, test_readout_protected);
    tcase_add_test(t, test_sectors);
    tcase_add_loop_test(t, test_deadlines, 0, 2 * ROWS(works));
    tcase_add_test(t, test_connect_fails);
    tcase_add_test(t, test_strange_mailbox);
    suite_add_tcase(s, t);
    return run_suite(s);
}
