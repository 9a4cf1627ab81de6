/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The whole install over USB-DFU: an open chip made secure by its option bytes,
 * all requests in blocks 0; and the other functions of a target. */
#include <string.h>

#include <sfi/device.h>
#include <sfi/target.h>

#include "core/ctx.h"
#include "core/err.h"
#include "proto/dfu.h"
#include "target/target.h"
#include "sim/options.h"
#include "sim/sim.h"
#include "transport/base/transport.h"

#include <bench/station.h>

#define FLASH 0x08000000u

enum blow {
    BLOW_NONE,
    BLOW_STALL, /* the device refuses a valid transfer */
    BLOW_LOST,  /* the transfer does not reach the device */
    BLOW_LATE,  /* it reaches the device, and the host gets no reply */
    BLOW_ERROR, /* the transfer is done, and noise damages its end */
    BLOW_LEAVE, /* the device is disconnected until it is opened again */
    BLOW_RESET, /* the chip loses its power for a moment */
    BLOWS
};

/* Between host and chip: disturbs one transfer. */
static struct {
    enum blow blow;
    uint64_t at;
    uint64_t count;
    bool no_reset;       /* the bench has no line to the chip's reset */
    bool away, leaves;   /* the device is off the bus; checked at each
                          * transfer */
    bool hangs;          /* no transfer comes to an end */
    uint32_t erased[16]; /* where */
    size_t erasures;
} bus;

static sfi_status
failed(sfi_status st)
{
    sfi_ctx_report(ctx, st, 0, "struck");
    return st;
}

static void
note(uint8_t request, uint16_t block, const uint8_t *data, size_t len)
{
    if (request != DFU_DNLOAD || block != DFU_BLOCK_COMMAND ||
        len != DFU_ADDRESS_LEN || data[0] != DFU_ERASE)
        return;
    ck_assert_uint_lt(bus.erasures, ROWS(bus.erased));
    bus.erased[bus.erasures++] = (uint32_t)data[1] | (uint32_t)data[2] << 8 |
                                 (uint32_t)data[3] << 16 |
                                 (uint32_t)data[4] << 24;
}

static sfi_status
on_control(void *user, uint8_t type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got, uint32_t ms)
{
    bool now = bus.count++ == bus.at && bus.blow != BLOW_NONE;
    enum blow blow = now ? bus.blow : BLOW_NONE;
    sfi_status st;

    (void)user;
    bus.away = bus.away || blow == BLOW_LEAVE || bus.leaves;
    if (bus.away)
        return failed(SFI_ERR_NO_DEVICE);
    note(request, value, data, len);
    if (blow == BLOW_STALL)
        return failed(SFI_ERR_NACK);
    if (blow == BLOW_LOST || bus.hangs)
        return failed(SFI_ERR_TIMEOUT);
    if (blow == BLOW_RESET)
        ck_assert_ok(sfi_sim_power_on(board.sim));
    st = sfi__transport_control(station.direct, type, request, value, index,
                                data, len, got, ms);
    if (blow != BLOW_LATE && blow != BLOW_ERROR)
        return st;
    *got = 0;
    return failed(blow == BLOW_LATE ? SFI_ERR_TIMEOUT : SFI_ERR_IO);
}

static sfi_status
on_reopen(void *user, uint32_t ms)
{
    (void)user;
    bus.away = false;
    if (bus.no_reset && sfi_sim_reset_is_due(board.sim))
        ck_assert_ok(sfi_sim_power_on(board.sim));
    return sfi__transport_reopen(station.direct, ms);
}

static sfi_status
on_reset(void *user, int into_boot)
{
    (void)user;
    return sfi__transport_reset(station.direct, into_boot != 0);
}

static const sfi_usb_ops ops = {
    .struct_size = sizeof(ops),
    .control = on_control,
    .reopen = on_reopen,
    .reset = on_reset,
};

/* Lead the station's link over USB. */
static void
setup_sized(size_t size)
{
    if (size > 0)
        station_setup_sized("stm32h753xi", size);
    else
        station_setup("stm32h753xi");
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    memset(&bus, 0, sizeof(bus));
    ck_assert_ok(sfi_sim_transport(board.sim, "usb", &station.direct));
    ck_assert_ok(sfi_transport_open_usb(ctx, &ops, NULL, &station.tp));
}

static void
setup(void)
{
    setup_sized(0);
}

static sfi_target *
connect(void)
{
    sfi_target *t;

    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    return t;
}

/* ---- installs ---- */

START_TEST(test_install)
{
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

START_TEST(test_install_licensed)
{
    setup();
    ck_assert_ok(station_install_licensed(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT);
    station_teardown();
}
END_TEST

/* A DATA of 1024 bytes is three transfers; all the rest is less than one
 * transfer per 10 KiB. */
START_TEST(test_transfers)
{
    const size_t size = 1000u << 10;
    uint64_t before;

    setup_sized(size);
    ck_assert_ok(station_install_licensed(false));
    before = bus.count;
    ck_assert_ok(station_install_licensed(true));
    ck_assert_msg((bus.count - before) * 1024 <= 31 * size / 10,
                  "%lu transfers for %zu KiB",
                  (unsigned long)(bus.count - before), size >> 10);
    station_teardown();
}
END_TEST

/* Every third transfer of an install is disturbed in each way.  It succeeds or
 * reports why not; the next install succeeds; one installation is counted. */
static void
sweep(enum blow blow)
{
    uint64_t at = (uint64_t)blow % 3;
    uint64_t step = 3 * test_step(23);
    bool struck;

    do {
        sfi_status st;

        setup();
        bus.blow = blow;
        bus.at = at;
        st = station_install(false);
        struck = bus.count > at;
        bus.blow = BLOW_NONE;
        if (st != SFI_OK) {
            ck_assert_msg(blow == BLOW_RESET, "blow %d at transfer %lu: %s",
                          (int)blow, (unsigned long)at,
                          sfi_error_message(sfi_ctx_error(ctx)));
            if (st != SFI_ERR_DEVICE ||
                sfi_error_peer_code(sfi_ctx_error(ctx)) != SFI_CAUSE_INSTALLED)
                ck_assert_ok(station_install(true));
        }
        install_assert_complete(&station.package);
        ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
        station_teardown();
        at += step;
    } while (struck);
    ck_assert_uint_gt(at, 100); /* enough transfers were disturbed */
}

START_TEST(test_sweep)
{
    sweep((enum blow)_i);
}
END_TEST

/* Only a person can reset the chip, and sees the log message. */
START_TEST(test_reset_by_hand)
{
    sfi_usb_ops by_hand = ops;

    setup();
    sfi_transport_free(station.tp);
    by_hand.reset = NULL;
    bus.no_reset = true;
    ck_assert_ok(sfi_transport_open_usb(ctx, &by_hand, NULL, &station.tp));
    ck_assert_int_eq(station_install(false), SFI_ERR_TIMEOUT);
    /* now it was reset */
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* ---- a target ---- */

START_TEST(test_identity)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_target *t;
    uint32_t id = 0;

    setup();
    t = connect();
    ck_assert_ok(sfi_target_get_id(t, &id));
    ck_assert_uint_eq(id, 0x450);
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.bootloader_version, 0x20);
    ck_assert(!info.secure);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

START_TEST(test_memory)
{
    static uint8_t data[1000u << 10], back[1000u << 10];
    sfi_target *t;
    uint64_t before;

    setup();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i ^ i >> 8 ^ 0x5a);
    t = connect();
    before = bus.count;
    ck_assert_ok(sfi_target_write(t, FLASH, data, sizeof(data)));
    ck_assert_uint_le((bus.count - before) * 1024, 31 * sizeof(data) / 10);
    ck_assert_ok(sfi_target_read(t, FLASH, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_ok(sfi_target_read(t, FLASH + 1001, back, 3));
    ck_assert_mem_eq(back, data + 1001, 3);
    /* option bytes are another alternate setting */
    ck_assert_ok(sfi_target_read(t, 0x5200201c, back, 8));
    ck_assert_mem_eq(back, "\xf0\xaa\xc6\x1b\xf0\xaa\xc6\x1b", 8);
    ck_assert_ok(sfi_target_read(t, FLASH, back, 32));
    ck_assert_mem_eq(back, data, 32);
    /* RAM */
    ck_assert_ok(sfi_target_write(t, 0x24005000, data, 64));
    ck_assert_ok(sfi_target_read(t, 0x24005000, back, 64));
    ck_assert_mem_eq(back, data, 64);
    ck_assert_int_eq(sfi_target_read(t, 0x10000000, back, 4), SFI_ERR_NACK);
    ck_assert_int_ne(sfi_target_write(t, FLASH, data + 32, 32), SFI_OK);
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_read(t, FLASH, back, 4));
    ck_assert_mem_eq(back, "\xff\xff\xff\xff", 4);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* A sector is found by its number in the layout that the device tells. */
START_TEST(test_erase_sectors)
{
    static const uint32_t one[] = {15, 0}, none[] = {3, 16};
    static const uint16_t beyond[] = {2, 16};
    uint8_t data[32] = {1, 2, 3, 4, 5, 6, 7, 8}, back[8];
    sfi_target *t;

    setup();
    t = connect();
    ck_assert_ok(sfi_target_write(t, FLASH, data, sizeof(data)));
    ck_assert_ok(sfi_target_write(t, FLASH + 0x20000, data, sizeof(data)));
    ck_assert_ok(sfi_target_write(t, FLASH + 0x1e0000, data, sizeof(data)));
    ck_assert_ok(sfi_target_erase(t, one, ROWS(one)));
    ck_assert_uint_eq(bus.erasures, 2);
    ck_assert_uint_eq(bus.erased[0], FLASH + 0x1e0000);
    ck_assert_uint_eq(bus.erased[1], FLASH);
    ck_assert_ok(sfi_target_read(t, FLASH, back, 4));
    ck_assert_mem_eq(back, "\xff\xff\xff\xff", 4);
    ck_assert_ok(sfi_target_read(t, FLASH + 0x1e0000, back, 4));
    ck_assert_mem_eq(back, "\xff\xff\xff\xff", 4);
    ck_assert_ok(sfi_target_read(t, FLASH + 0x20000, back, 8));
    ck_assert_mem_eq(back, data, 8);
    /* nothing is erased when one of them does not exist */
    ck_assert_fails_about(sfi_target_erase(t, none, ROWS(none)), SFI_ERR_RANGE,
                          "", "sector 16", "0 to 15");
    ck_assert_uint_eq(bus.erasures, 2);
    ck_assert_int_eq(sfi__boot_erase_sectors(&t->boot, beyond, ROWS(beyond)),
                     SFI_ERR_RANGE);
    ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)),
                     "the device's flash has no sector 16");
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* Sectors of several sizes, as other parts have them. */
START_TEST(test_erase_uneven)
{
    static const uint16_t sectors[] = {0, 3, 4, 5, 11};
    static const uint32_t at[] = {0x08000000, 0x0800c000, 0x08010000,
                                  0x08020000, 0x080e0000};
    static const uint16_t beyond[] = {12};
    static const struct dfu_layout layout = {
        .regions = 3,
        .region = {{.base = 0x08000000, .count = 4, .size = 0x4000},
                   {.base = 0x08010000, .count = 1, .size = 0x10000},
                   {.base = 0x08020000, .count = 7, .size = 0x20000}},
    };
    sfi_target *t;

    setup();
    t = connect();
    t->boot.dfu.layout[0] = layout;
    ck_assert_ok(sfi__boot_erase_sectors(&t->boot, sectors, ROWS(sectors)));
    ck_assert_uint_eq(bus.erasures, ROWS(at));
    ck_assert_mem_eq(bus.erased, at, sizeof(at));
    ck_assert_int_eq(sfi__boot_erase_sectors(&t->boot, beyond, 1),
                     SFI_ERR_RANGE);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* A device that re-enumerates is asked again once, not again and again. */
START_TEST(test_comes_and_goes)
{
    uint8_t back[4];
    sfi_target *t;

    setup();
    t = connect();
    bus.blow = BLOW_LEAVE;
    bus.at = bus.count + 2;
    ck_assert_ok(sfi_target_read(t, FLASH, back, 4));
    bus.leaves = true;
    ck_assert_fails(sfi_target_read(t, FLASH, back, 4), SFI_ERR_TIMEOUT, "USB",
                    "the device disconnected during reading memory and "
                    "re-enumerated");
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* The link's message for a transfer follows the command it was for. */
START_TEST(test_failure_says_when)
{
    uint8_t back[4];
    sfi_target *t;

    setup();
    t = connect();
    bus.hangs = true;
    ck_assert_fails(sfi_target_read(t, FLASH, back, 4), SFI_ERR_TIMEOUT,
                    "USB:reading memory", "struck");
    sfi_target_free(t);
    station_teardown();
}
END_TEST

START_TEST(test_go)
{
    static const enum blow blows[] = {BLOW_NONE, BLOW_LATE, BLOW_RESET};
    sfi_target *t;

    for (size_t i = 0; i < ROWS(blows); i++) {
        setup();
        t = connect();
        bus.blow = blows[i];
        /* GETSTATE, ABORT?, the pointer's three, DNLOAD, and the answer */
        bus.at = bus.count + 4;
        ck_assert_msg(sfi_target_go(t, FLASH) == SFI_OK || i == 2, "row %zu",
                      i);
        sfi_target_free(t);
        station_teardown();
    }
    setup();
    t = connect();
    ck_assert_ok(sfi_target_go(t, FLASH));
    ck_assert(!sfi_sim_usb_attached(board.sim));
    ck_assert_int_eq(board.sim->mode, SIM_APPLICATION);
    sfi_target_free(t);
    ck_assert_fails(sfi_target_connect(ctx, NULL, station.tp, 300, &t),
                    SFI_ERR_TIMEOUT, "USB",
                    "no device in DFU mode within 300 ms; is the chip powered, "
                    "and in its bootloader (BOOT0)");
    station_teardown();
}
END_TEST

START_TEST(test_readout_protection)
{
    uint8_t back[4];
    sfi_target *t;

    setup();
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc600f0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    t = connect();
    ck_assert_int_eq(sfi_target_read(t, FLASH, back, 4), SFI_ERR_PROTECTED);
    sfi_target_free(t);
    station_teardown();
}
END_TEST

static sfi_status
set_field(sfi_target *t, const char *name, uint32_t value)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    if (st != SFI_OK)
        return st;
    ck_assert_ok(sfi_option_bytes_set(ob, name, value));
    st = sfi_target_write_option_bytes(t, ob);
    sfi_option_bytes_free(ob);
    return st;
}

/* AN3156, 4.1 and 5.1: whole blocks, from the start.  The area is 308 bytes
 * long, or as long as the name of the memory says. */
static const struct {
    enum sim_option_rule rule;
    uint32_t area;
} areas[] = {
    {SIM_OPTIONS_STRICT, 0},
    {SIM_OPTIONS_STRICT, 128},
    {SIM_OPTIONS_OPENBL, 0},
    {SIM_OPTIONS_LENIENT, 128},
};

START_TEST(test_option_areas)
{
    uint32_t sectors[] = {3};
    sfi_target *t;

    setup();
    board.sim->habits.options = areas[_i].rule;
    board.sim->habits.option_area = areas[_i].area;
    t = connect();
    ck_assert_ok(set_field(t, "nWRP3", 0));
    ck_assert_uint_eq(board.sim->store.options[0], 0x1bc6aaf0);
    ck_assert_uint_eq(board.sim->store.options[5], 0xf7);
    if (areas[_i].area == 0)
        ck_assert_ok(set_field(t, "nWRP12", 0));
    else
        ck_assert_fails_about(set_field(t, "nWRP12", 0), SFI_ERR_UNSUPPORTED,
                              "", "FWPSN_PRG_B", "USB-DFU", "128");
    ck_assert_uint_eq(board.sim->store.options[6],
                      areas[_i].area == 0 ? 0xef : 0xff);
    ck_assert_fails_about(sfi_target_erase(t, sectors, 1), SFI_ERR_PROTECTED,
                          "USB", "sector 3", "FWPSN_PRG_A");
    ck_assert_ok(sfi_target_activate_security(t));
    sfi_target_free(t);
    station_teardown();
}
END_TEST

/* An L462 has no USB. */
START_TEST(test_no_usb)
{
    sfi_transport *tp;

    board_setup("stm32l462ce");
    ck_assert_fails(sfi_sim_transport(board.sim, "usb", &tp),
                    SFI_ERR_UNSUPPORTED, "",
                    "stm32l462ce has no USB bootloader");
    board_teardown();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install dfu");
    TCase *t = tcase_create("install");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_install);
    tcase_add_test(t, test_install_live);
    tcase_add_test(t, test_install_licensed);
    tcase_add_test(t, test_transfers);
    tcase_add_loop_test(t, test_sweep, BLOW_STALL, BLOWS);
    tcase_add_test(t, test_reset_by_hand);
    tcase_add_test(t, test_identity);
    tcase_add_test(t, test_memory);
    tcase_add_test(t, test_erase_sectors);
    tcase_add_test(t, test_erase_uneven);
    tcase_add_test(t, test_comes_and_goes);
    tcase_add_test(t, test_failure_says_when);
    tcase_add_test(t, test_go);
    tcase_add_test(t, test_readout_protection);
    tcase_add_loop_test(t, test_option_areas, 0, ROWS(areas));
    tcase_add_test(t, test_no_usb);
    suite_add_tcase(s, t);
    return run_suite(s);
}
