/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: what AN2606 and reports say about each version of a bootloader. */
#include <stdio.h>
#include <string.h>

#include <sfi/target.h>

#include "core/ctx.h"

#include <bench/board.h>
#include "sim/bus.h"
#include "sim/sim.h"

#define FLASH 0x08000000u
#define H7_SYSTEM_MEMORY 0x1ff1e000u
#define H7_LOADER_ID 0x1ff1e7feu
#define H7_UID 0x1ff1e800u
#define H7_FLASH_SIZE 0x1ff1e880u
#define L4_LOADER_ID 0x1fff6ffeu
#define L4_UID 0x1fff7590u
#define L4_FLASH_SIZE 0x1fff75e0u

/* A chip of this version instead of the board's. */
static void
make(const char *version)
{
    const sfi_sim_make_options options = {
        .struct_size = sizeof(options),
        .chip = sfi_sim_chip(board.sim),
        .bootloader = version,
        .ca_dir = board.ca,
        .state_dir = board.state,
    };

    sfi_sim_free(board.sim);
    board.sim = NULL;
    test_rmdir(board.state);
    ck_assert_ok(sfi_sim_manufacture_with(ctx, &options));
    ck_assert_ok(sfi_sim_open(ctx, board.state, &board.sim));
}

static void
setup_h753(void)
{
    board_setup("stm32h753xi");
}

static const struct {
    const char *version; /* NULL: not said */
    uint8_t id;
    const char *get;
    const char *go; /* to 0x24040000, after Go's code */
    bool low_ram;   /* below 0x24034000 */
    bool spi;
    enum sim_mode after_go;   /* with the stack below the end of RAM */
    enum sim_mode high_stack; /* with the stack at the end of RAM */
} versions[] = {
    {"V13.2", 0xd2, "> 00 ff < 79 0b 31", "> 21 de < 79", true, false,
     SIM_STANDARD, SIM_STANDARD},
    {"V13.3", 0xd3, "> 00 ff < 79 0b 31", "> 21 de < 79", true, true,
     SIM_APPLICATION, SIM_APPLICATION},
    {"V9.0", 0x90, "> 00 ff < 79 0d 31", "> 21 de <", false, true,
     SIM_APPLICATION, SIM_HUNG},
    {"V9.1", 0x91, "> 00 ff < 79 0b 31", "> 21 de < 79", true, true,
     SIM_APPLICATION, SIM_HUNG},
    {"V9.2", 0x92, "> 00 ff < 79 0b 31", "> 21 de < 79", true, true,
     SIM_APPLICATION, SIM_HUNG},
    {NULL, 0x92, "> 00 ff < 79 0b 31", "> 21 de < 79", true, true,
     SIM_APPLICATION, SIM_HUNG},
};

static void
command(const char *line)
{
    ck_assert_ok(sfi_sim_command(board.sim, line, NULL, &(size_t){0}));
}

/* Go to vectors with this stack pointer; what runs then. */
static enum sim_mode
go(size_t row, const uint8_t sp[4])
{
    uint8_t vectors[8] = {sp[0], sp[1], sp[2], sp[3], 1, 0, 4, 0x24};

    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_write(0x24040000, vectors, 8), 0x79);
    board_talk(versions[row].go);
    board_talk("> 24 04 00 00 20 < 79");
    return board.sim->mode;
}

START_TEST(test_versions)
{
    size_t i = (size_t)_i;
    char text[128];
    uint8_t id = 0, byte = 0x5a;

    make(versions[i].version);
    board_reopen();
    (void)snprintf(text, sizeof(text),
                   "> 7f < 79 %s 00 01 02 11 21 31 44 63 "
                   "73 82 92 79",
                   versions[i].get);
    board_talk(text);
    ck_assert_uint_eq(board_read(H7_LOADER_ID, &id, 1), 0x79);
    ck_assert_uint_eq(id, versions[i].id);
    ck_assert_uint_eq(board_read(0x24033fff, &byte, 1) == 0x79,
                      versions[i].low_ram);
    ck_assert_uint_eq(board_read(0x24034000, &byte, 1), 0x79);
    ck_assert_uint_eq(board_read(0x20004100, &byte, 1), 0x79);
    ck_assert_uint_eq(go(i, (const uint8_t[]){0xe0, 0xff, 0x07, 0x24}),
                      versions[i].after_go);
    ck_assert_uint_eq(go(i, (const uint8_t[]){0x00, 0x00, 0x08, 0x24}),
                      versions[i].high_stack);
    ck_assert_uint_eq(go(i, (const uint8_t[]){0xf0, 0xff, 0x01, 0x20}),
                      versions[i].high_stack);
}
END_TEST

/* AN4286: a bootloader answers 0x5a with a busy byte, then its ACK. */
START_TEST(test_spi)
{
    const uint8_t in[] = {0x5a, 0x00, 0x00};
    uint8_t out[3];

    make(versions[_i].version);
    ck_assert_ok(sfi_sim_spi(board.sim, in, out, sizeof(in)));
    ck_assert_uint_eq(out[2] == 0x79, versions[_i].spi);
}
END_TEST

START_TEST(test_identity)
{
    uint8_t uid[12], other[12], size[2], block[16], rest = 0x5a;
    static const uint8_t zero[12];

    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_read(H7_UID, uid, sizeof(uid)), 0x79);
    ck_assert_mem_ne(uid, zero, sizeof(uid));
    ck_assert_uint_eq(board_read(H7_FLASH_SIZE, size, 2), 0x79);
    ck_assert_mem_eq(size, "\x00\x08", 2); /* 2048 KB */
    ck_assert_uint_eq(board_read(H7_LOADER_ID - 8, block, 16), 0x79);
    ck_assert_uint_eq(block[8], 0x92);
    ck_assert_uint_eq(board_read(H7_SYSTEM_MEMORY, &rest, 1), 0x79);
    ck_assert_uint_eq(rest, 0);
    ck_assert_uint_eq(board_read(H7_SYSTEM_MEMORY - 1, &rest, 1), 0x1f);
    ck_assert_uint_eq(board_write(H7_UID, zero, 4), 0x1f);
    make(NULL);
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_read(H7_UID, other, sizeof(other)), 0x79);
    ck_assert_mem_ne(uid, other, sizeof(uid));
}
END_TEST

START_TEST(test_identity_l462)
{
    uint8_t id = 0, uid[12], size[2];

    ck_assert_uint_eq(board_read(L4_LOADER_ID, &id, 1), 0x79);
    ck_assert_uint_eq(id, 0x92);
    ck_assert_uint_eq(board_read(L4_UID, uid, sizeof(uid)), 0x79);
    ck_assert_uint_eq(board_read(L4_FLASH_SIZE, size, 2), 0x79);
    ck_assert_mem_eq(size, "\x00\x02", 2); /* 512 KB */
}
END_TEST

/* AN2606, V9.0: a second reset after power-up. */
START_TEST(test_second_reset)
{
    board.sim->habits.second_reset = true;
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f <");
    ck_assert_ok(sfi_sim_command(board.sim, "reset", NULL, &(size_t){0}));
    board_talk("> 7f < 79");
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f <");
}
END_TEST

/* AN2606, V9.0 on PB14/PB15 */
START_TEST(test_second_sync)
{
    board.sim->habits.second_sync = true;
    board_talk("> 7f < > 7f < 79 > 01 fe < 79 31 00 00 79");
}
END_TEST

/* AN2606: with PB15 low only USB connects, and libsfi's host says so. */
static const struct {
    const char *link, *where; /* NULL: it connects */
} links[] = {{"usart", "stream"}, {"spi", "SPI"}, {"usb", NULL}};

START_TEST(test_pb15_low)
{
    sfi_transport *tp;
    sfi_target *t;

    ctx->clock = &board_clock;
    command("habit pb15-low 1");
    board_talk("> 7f <");
    ck_assert_ok(sfi_sim_transport(board.sim, links[_i].link, &tp));
    if (links[_i].where == NULL)
        ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 1000, &t));
    else
        ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 1000, &t),
                              SFI_ERR_TIMEOUT, links[_i].where, "PB15 low");
    sfi_target_free(t);
    sfi_transport_free(tp);
    command("habit pb15-low 0");
    board_talk("> 7f < 79");
}
END_TEST

/* A half command waits for ever: the standard bootloader has no time-out. */
START_TEST(test_half_command)
{
    board_talk("> 7f < 79 > 31 <");
    sfi_sim_wait(board.sim, 24u * 3600 * 1000);
    board_talk("> ce < 79 > 08 00 <");
    sfi_sim_wait(board.sim, 24u * 3600 * 1000);
    board_talk("> 00 00 08 < 79");
}
END_TEST

/* The answer to what was sent comes after `ms`, and not a millisecond
 * before. */
static void
assert_takes(uint32_t ms, const char *answer)
{
    sfi_sim_wait(board.sim, ms - 1);
    board_talk("<");
    sfi_sim_wait(board.sim, 1);
    board_talk(answer);
}

/* ST community 734674: 1.1 s for a sector of an H7; DS12110: 130 us for its
 * word. */
START_TEST(test_flash_takes_time)
{
    uint8_t packet[300], data[256];
    size_t len;

    memset(data, 0x5a, sizeof(data));
    len = board_packet(packet, (const uint8_t[]){0xff}, 1, data, sizeof(data));
    board_talk("> 7f < 79 > 44 bb < 79 > 00 00 00 03 03 < 79");
    command("timing real");
    board_talk("> 44 bb < 79 > 00 00 00 03 03 <");
    assert_takes(1100, "< 79");
    board_talk("> 44 bb < 79 > ff ff 00 <");
    assert_takes(17600, "< 79");
    board_talk("> 31 ce < 79 > 08 00 00 00 08 < 79");
    board_send(packet, len, "");
    assert_takes(2, "< 79");
    /* the first ACK of Readout Unprotect is before its work */
    board_talk("> 92 6d < 79");
    assert_takes(17600, "< 79");
    board_talk("> 7f < 79 > 44 bb < 79 > 00 00 00 03 03 <");
    command("reset");
    board_talk("> 7f < 79");
    command("timing none");
    board_talk("> 44 bb < 79 > 00 00 00 03 03 < 79");
}
END_TEST

/* Poll for the ACK, and take it; the number of polls. */
static unsigned
spi_poll(void)
{
    uint8_t rx = 0;
    unsigned polls = 0;

    for (; rx != 0x79; polls++)
        ck_assert_ok(sfi_sim_spi(board.sim, (const uint8_t[]){0}, &rx, 1));
    ck_assert_ok(sfi_sim_spi(board.sim, &rx, &rx, 1));
    return polls;
}

static void
spi_send(const uint8_t *frame, size_t len)
{
    uint8_t rx[300];

    ck_assert_ok(sfi_sim_spi(board.sim, frame, rx, len));
}

/* DS11913: 22 ms for a page; over SPI the host polls. */
START_TEST(test_flash_takes_time_l462)
{
    unsigned count;

    command("timing real");
    board_talk("> 44 bb < 79 > 00 00 00 28 28 <");
    assert_takes(23, "< 79");
    spi_send((const uint8_t[]){0x5a}, 1);
    spi_poll();
    spi_send((const uint8_t[]){0x5a, 0x44, 0xbb}, 3);
    spi_poll();
    spi_send((const uint8_t[]){0, 0, 0}, 3);
    spi_poll();
    spi_send((const uint8_t[]){0, 40, 40}, 3);
    count = spi_poll();
    ck_assert_uint_ge(count, 22000 / 16);
    ck_assert_uint_lt(count, 24000 / 16);
}
END_TEST

static const struct {
    const char *command; /* NULL: as this version is */
    uint32_t wait_ms;
    bool lost;
} polls[] = {
    {NULL, 0, true},           {NULL, 2, true},
    {NULL, 3, false},          {"habit spi-write-ms 0", 0, false},
    {"timing none", 0, false},
};

/* AN2606, L45x/46x V9.2: a poll within 3 ms after a Write loses its end. */
START_TEST(test_spi_write)
{
    uint8_t packet[32], there[16], data[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    size_t len =
        board_packet(packet, (const uint8_t[]){15}, 1, data, sizeof(data));

    command("timing real");
    if (polls[_i].command != NULL)
        command(polls[_i].command);
    spi_send((const uint8_t[]){0x5a}, 1);
    spi_poll();
    spi_send((const uint8_t[]){0x5a, 0x31, 0xce}, 3);
    spi_poll();
    spi_send((const uint8_t[]){0x08, 0x01, 0x40, 0x00, 0x49}, 5);
    spi_poll();
    spi_send(packet, len);
    sfi_sim_wait(board.sim, polls[_i].wait_ms);
    spi_poll();
    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x08014000, there, 16));
    ck_assert_mem_eq(there, data, 8);
    for (size_t i = 8; i < sizeof(data); i++)
        ck_assert_uint_eq(there[i], polls[_i].lost ? 0xff : data[i]);
}
END_TEST

/* libsfi's host waits, and writes everything. */
START_TEST(test_host_spi_write)
{
    uint8_t data[1024], there[sizeof(data)];
    sfi_transport *tp;
    sfi_target *t;

    memset(data, 0x5a, sizeof(data));
    ctx->clock = &board_clock;
    command("timing real");
    ck_assert_ok(sfi_sim_transport(board.sim, "spi", &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 1000, &t));
    ck_assert_ok(sfi_target_write(t, 0x08014000, data, sizeof(data)));
    ck_assert_ok(
        sfi_sim_read_flash(board.sim, 0x08014000, there, sizeof(there)));
    ck_assert_mem_eq(there, data, sizeof(data));
    sfi_target_free(t);
    sfi_transport_free(tp);
}
END_TEST

/* AN2606, V9.1: the ACK comes before bank 2 is erased, and a command on flash
 * until then hangs the part. */
START_TEST(test_early_ack)
{
    make("V9.1");
    command("timing real");
    board_talk("> 7f < 79 > 44 bb < 79 > 00 00 00 08 08 < 79");
    board_talk("> 01 fe < 79 31 00 00 79");
    /* RAM can be read meanwhile */
    board_talk("> 11 ee < 79 > 24 07 ff ff 23 < 79 > 00 ff < 79 00");
    sfi_sim_wait(board.sim, 1100);
    board_talk("> 11 ee < 79 > 08 00 00 00 08 < 79 > 00 ff < 79 ff");
    /* bank 1 is waited for */
    board_talk("> 44 bb < 79 > ff ff 00 <");
    assert_takes(8800, "< 79");
    sfi_sim_wait(board.sim, 8799);
    board_talk("> 11 ee < 79 > 08 00 00 00 08 < 79 > 00 ff <");
    sfi_sim_wait(board.sim, 60000);
    board_talk("> 01 fe <");
    command("reset");
    board_talk("> 7f < 79 > 44 bb < 79 > ff fd 02 < 79 > 44 bb < 79");
    board_talk("> 00 00 00 00 00 < > 01 fe <");
    command("reset");
    board_talk("> 7f < 79 > 44 bb < 79 > 00 00 00 07 07 <");
    assert_takes(1100, "< 79");
}
END_TEST

/* The host waits as long as a real part takes: 17.6 s. */
static const struct {
    const char *version, *link;
    uint32_t most_ms; /* for all sectors */
} waits[] = {
    {"V9.2", "usart", 18000},
    {"V9.2", "spi", 18000},
    {"V9.1", "usart", 8800 + 17600},
    {"V9.1", "spi", 8800 + 17600},
};

START_TEST(test_host_waits)
{
    static const uint32_t sectors[] = {7, 8};
    const uint32_t bank2 = FLASH + 0x100000;
    uint8_t there[64] = {0}, data[64] = {1, 2, 3};
    uint64_t began;
    sfi_transport *tp;
    sfi_target *t;

    make(waits[_i].version);
    ctx->clock = &board_clock;
    command("timing real");
    ck_assert_ok(sfi_sim_transport(board.sim, waits[_i].link, &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 1000, &t));
    ck_assert_ok(sfi_target_erase(t, sectors, 2));
    ck_assert_ok(sfi_target_write(t, bank2, data, sizeof(data)));
    ck_assert_ok(sfi_target_read(t, bank2, there, sizeof(there)));
    ck_assert_mem_eq(there, data, sizeof(data));
    began = board.sim->now_ms;
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_read(t, bank2, there, sizeof(there)));
    ck_assert_uint_eq(there[0], 0xff);
    ck_assert_uint_ge(board.sim->now_ms - began, 17600);
    ck_assert_uint_le(board.sim->now_ms - began, waits[_i].most_ms + 500);
    sfi_target_free(t);
    sfi_transport_free(tp);
}
END_TEST

/* A power failure while option bytes are written, by each of its readings. */
static const struct {
    const char *habit;
    uint32_t left; /* of OPTSR */
} cuts[] = {
    {"habit option-cut 0", 0x1bc6aaf8},
    {"habit option-cut 1", 0x1bc6aaf0},
    {"habit option-cut 2", 0x1bc6bbf8},
};

START_TEST(test_option_cut)
{
    uint8_t words[36];
    size_t len = sizeof(words);

    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6aaf8));
    command(cuts[_i].habit);
    sfi_sim_power_cut_after(board.sim, 0);
    ck_assert_fails_about(
        sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6aaf4), SFI_ERR_STATE,
        "", "no power");
    board_reopen();
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_OPTION_BYTES, words, &len));
    ck_assert_uint_eq((uint32_t)words[0] | (uint32_t)words[1] << 8 |
                          (uint32_t)words[2] << 16 | (uint32_t)words[3] << 24,
                      cuts[_i].left);
}
END_TEST

/* RM0433, 4.7.4: a double ECC error faults a read; an erase ends it. */
START_TEST(test_ecc)
{
    const uint8_t unit[32] = {1, 2, 3};
    uint32_t word = 0;
    uint8_t byte;

    command("habit ecc-faults 1");
    board_talk("> 7f < 79");
    sfi_sim_power_cut_after(board.sim, 0);
    ck_assert_uint_eq(board_write(0x08000020, unit, 32), 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_read(0x0800001f, &byte, 1), 0x79);
    ck_assert_uint_eq(board_read(0x08000040, &byte, 1), 0x79);
    board_talk("> 11 ee < 79 > 08 00 00 1f 17 < 79 > 01 fe <");
    sfi_sim_wait(board.sim, 60000);
    board_talk("> 7f <");
    ck_assert(!sfi__bus_read(board.sim, BUS_SYSTEM, 0x08000020, 4, &word));
    ck_assert(sfi__bus_read(board.sim, BUS_SYSTEM, 0x08000040, 4, &word));
    command("reset");
    board_talk("> 7f < 79 > 44 bb < 79 > 00 00 00 00 00 < 79");
    ck_assert_uint_eq(board_read(0x08000020, &byte, 1), 0x79);
}
END_TEST

/* AN2606, L45x/46x V9.2: all of the area but PCROP. */
START_TEST(test_no_pcrop)
{
    uint8_t area[40];

    ck_assert_uint_eq(board_read(0x1fff7800, area, sizeof(area)), 0x79);
    area[0x08] = 0x10; /* PCROP1SR */
    area[0x0c] = 0xef;
    area[0x18] = 0x20; /* WRP1AR */
    area[0x1c] = 0xdf;
    for (int turn = 0; turn < 2; turn++) {
        uint8_t back[40];

        board.sim->habits.no_pcrop = turn == 0;
        ck_assert_uint_eq(board_write(0x1fff7800, area, sizeof(area)), 0x79);
        ck_assert_ok(sfi_sim_power_on(board.sim));
        board_talk("> 7f < 79");
        ck_assert_uint_eq(board_read(0x1fff7800, back, sizeof(back)), 0x79);
        ck_assert_uint_eq(back[0x08], turn == 0 ? 0xff : 0x10);
        ck_assert_uint_eq(back[0x18], 0x20);
    }
}
END_TEST

START_TEST(test_unknown_version)
{
    sfi_sim_make_options options = {
        .struct_size = sizeof(options),
        .chip = sfi_chip_find("stm32h753xi"),
        .bootloader = "V9.3",
        .ca_dir = board.ca,
        .state_dir = "none",
    };
    FILE *f;

    ck_assert_fails(sfi_sim_manufacture_with(ctx, &options), SFI_ERR_ARGUMENT,
                    "",
                    "no bootloader \"V9.3\" of stm32h753xi, expected one of: "
                    "V13.2, V13.3, V9.0, V9.1, V9.2");
    options.chip = sfi_chip_find("stm32l462ce");
    ck_assert_fails_about(sfi_sim_manufacture_with(ctx, &options),
                          SFI_ERR_ARGUMENT, "", "stm32l462ce", ": V9.2");
    options.flags = 1;
    ck_assert_fails_about(sfi_sim_manufacture_with(ctx, &options),
                          SFI_ERR_ARGUMENT, "", "flags");
    options.struct_size = 8;
    ck_assert_int_eq(sfi_sim_manufacture_with(ctx, &options), SFI_ERR_ABI);
    ck_assert_int_eq(sfi_sim_manufacture_with(ctx, NULL), SFI_ERR_ARGUMENT);
    f = fopen(board_file("bootloader"), "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_gt(fprintf(f, "V7\n"), 0);
    fclose(f);
    sfi_sim_free(board.sim);
    ck_assert_fails(sfi_sim_open(ctx, board.state, &board.sim), SFI_ERR_FORMAT,
                    board_file("bootloader"),
                    "stm32h753xi has no bootloader \"V7\"");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_habits");
    TCase *h753 = tcase_create("h753");
    TCase *l462 = tcase_create("l462");

    tcase_add_checked_fixture(h753, setup_h753, board_teardown);
    tcase_add_loop_test(h753, test_versions, 0, (int)ROWS(versions));
    tcase_add_loop_test(h753, test_spi, 0, (int)ROWS(versions));
    tcase_add_test(h753, test_identity);
    tcase_add_test(h753, test_second_reset);
    tcase_add_test(h753, test_second_sync);
    tcase_add_loop_test(h753, test_pb15_low, 0, (int)ROWS(links));
    tcase_add_test(h753, test_half_command);
    tcase_add_test(h753, test_flash_takes_time);
    tcase_add_test(h753, test_early_ack);
    tcase_add_loop_test(h753, test_host_waits, 0, (int)ROWS(waits));
    tcase_add_loop_test(h753, test_option_cut, 0, (int)ROWS(cuts));
    tcase_add_test(h753, test_ecc);
    tcase_add_test(h753, test_unknown_version);
    suite_add_tcase(s, h753);
    tcase_add_checked_fixture(l462, board_setup_open_l462, board_teardown);
    tcase_add_test(l462, test_identity_l462);
    tcase_add_test(l462, test_no_pcrop);
    tcase_add_test(l462, test_flash_takes_time_l462);
    tcase_add_loop_test(l462, test_spi_write, 0, (int)ROWS(polls));
    tcase_add_test(l462, test_host_spi_write);
    suite_add_tcase(s, l462);
    return run_suite(s);
}
