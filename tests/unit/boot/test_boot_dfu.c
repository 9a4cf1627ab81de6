/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/boot over USB-DFU against a device that follows AN3156 and the reports of
 * users (link/dfu_peer.h), in virtual time. */
#include <stdio.h>
#include <string.h>

#include <sfi/target.h>

#include "core/ctx.h"
#include "target/target.h"

#include "fixture.h"
#include <link/dfu_peer.h>
#include <link/script.h>

static sfi_transport *tp;
static sfi_target *t;
static uint8_t data[0x10000], back[0x10000];

static void
setup(void)
{
    fixture_setup();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 ^ i >> 8);
    dfu_peer_open(&tp);
}

static void
teardown(void)
{
    sfi_target_free(t);
    sfi_transport_free(tp);
    t = NULL;
    fixture_teardown();
}

static void
connect(void)
{
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
}

static bool
is_erased(uint32_t sector)
{
    for (size_t i = 0; i < PEER_SECTOR; i++) {
        if (peer.flash[sector * PEER_SECTOR + i] != 0xff)
            return false;
    }
    return true;
}

/* ---- blocks ---- */

static const size_t lengths[] = {32, 1024, 1056, 2048, 2336, 0x10000};

/* Both readings of where a short block goes; the flash is looked at directly,
 * as a host that errs in the same way twice would read back what it wrote. */
START_TEST(test_short_block)
{
    size_t len = lengths[(size_t)_i / 2];

    peer.by_length = _i % 2 == 1;
    connect();
    ck_assert_ok(sfi_target_write(t, PEER_FLASH, data, len));
    ck_assert_mem_eq(peer.flash, data, len);
    ck_assert_uint_eq(peer.flash[len], 0xff);
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, len));
    ck_assert_mem_eq(back, data, len);
    ck_assert_uint_eq(peer.early, 0);
}
END_TEST

/* Any length from any address, a single byte too, which DFU does not read. */
START_TEST(test_read_any)
{
    static const size_t some[] = {1, 2, 3, 1023, 1025, 2049, 3000};

    peer.by_length = _i == 1;
    connect();
    memcpy(peer.flash, data, sizeof(data));
    memcpy(peer.flash + sizeof(peer.flash) - 256, data, 256);
    for (uint32_t at = 0; at < 3; at++) {
        for (size_t i = 0; i < ROWS(some); i++) {
            ck_assert_ok(sfi_target_read(t, PEER_FLASH + at, back, some[i]));
            ck_assert_mem_eq(back, data + at, some[i]);
        }
    }
    ck_assert_ok(sfi_target_read(t, PEER_FLASH + PEER_SECTORS * PEER_SECTOR - 1,
                                 back, 1));
    ck_assert_uint_eq(back[0], data[255]);
}
END_TEST

/* A block is DNLOAD, and GETSTATUS twice: DFU 1.1, A.2.3 to A.2.5, leaves
 * dfuDNLOAD-SYNC and dfuDNBUSY by GETSTATUS only, so three are the least; the
 * pointer is not set again. */
START_TEST(test_transfers)
{
    const uint32_t step = 0x4000; /* as sfi-program -w writes */
    unsigned before;

    peer.write_poll_ms = 2;
    peer.write_ms = 2;
    connect();
    before = peer.transfers;
    for (uint32_t at = 0; at < sizeof(data); at += step)
        ck_assert_ok(sfi__boot_write(&t->boot, PEER_FLASH + PEER_SECTOR + at,
                                     data + at, step));
    ck_assert_mem_eq(peer.flash + PEER_SECTOR, data, sizeof(data));
    ck_assert_uint_le(10 * (peer.transfers - before), 31 * 64);
    before = peer.transfers;
    for (uint32_t at = 0; at < sizeof(data); at += step)
        ck_assert_ok(
            sfi_target_read(t, PEER_FLASH + PEER_SECTOR + at, back + at, step));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_uint_le(10 * (peer.transfers - before), 12 * 64);
    ck_assert_uint_eq(peer.early, 0);
}
END_TEST

static char logged[4000];

static void
keep_log(void *user, int level, const char *line)
{
    size_t len = strlen(logged);

    (void)user;
    (void)level;
    (void)snprintf(logged + len, sizeof(logged) - len, "%s\n", line);
}

/* Each transfer with its answer, and no content. */
START_TEST(test_log)
{
    connect();
    logged[0] = '\0';
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_DEBUG;
    ck_assert_ok(sfi__boot_write(&t->boot, PEER_FLASH + PEER_SECTOR, data, 32));
    ck_assert_msg(strstr(logged, ": DNLOAD 2, 32 bytes: ok\n") != NULL &&
                      strstr(logged, ": GETSTATUS 0, 6 bytes: ok\n") != NULL &&
                      strstr(logged, ": state 5, status 0x00, wait 0 ms: ok\n"),
                  "%s", logged);
}
END_TEST

/* What is read twice to be sure needs the pointer once; not after an erase,
 * which moves it in ST's code. */
START_TEST(test_same_again)
{
    static const uint32_t sectors[] = {1};
    unsigned pointers;

    connect();
    memcpy(peer.flash, data, 1024);
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, 100));
    pointers = peer.pointers;
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, 50));
    ck_assert_mem_eq(back, data, 50);
    ck_assert_uint_eq(peer.pointers, pointers);
    ck_assert_ok(sfi_target_erase(t, sectors, 1));
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, 100));
    ck_assert_mem_eq(back, data, 100);
}
END_TEST

/* ---- erase ---- */

/* V9.0: an erase in bank 2 never ends; the sector's time is enough.  A version
 * that is not known gets some seconds more. */
static const struct {
    uint8_t id;
    uint64_t most_ms;
} sticky[] = {{0x90, 2300}, {0x42, 7300}, {0, 7300}};

START_TEST(test_bank_2_sticks)
{
    static const uint32_t sectors[] = {7, 8, 15};
    uint64_t began;
    unsigned clears;

    peer.bank2_sticks = true;
    peer.loader_id = sticky[_i].id;
    connect();
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, 32));
    clears = peer.clears;
    memset(peer.flash, 0, sizeof(peer.flash));
    began = script_now;
    ck_assert_ok(sfi_target_erase(t, sectors, ROWS(sectors)));
    ck_assert_uint_le(script_now - began, 1200 + 2 * sticky[_i].most_ms);
    ck_assert_uint_eq(peer.sector_erases, 3);
    ck_assert_uint_eq(peer.clears - clears, 4);
    ck_assert(is_erased(7) && is_erased(8) && is_erased(15));
    ck_assert(!is_erased(6));
    /* and it goes on */
    ck_assert_ok(sfi_target_write(t, PEER_FLASH + 8 * PEER_SECTOR, data, 1024));
    ck_assert_uint_eq(peer.early, 0);
}
END_TEST

/* The same, but nothing is erased: found by reading. */
START_TEST(test_bank_2_fails)
{
    static const uint32_t sectors[] = {8};

    peer.bank2_fails = true;
    peer.loader_id = 0x90;
    connect();
    peer.flash[8 * PEER_SECTOR + 5000] = 0x55;
    ck_assert_fails(sfi_target_erase(t, sectors, 1), SFI_ERR_TIMEOUT, "USB",
                    "the device stayed busy with the erase for 2200 ms, and "
                    "0x08101388 is not erased");
}
END_TEST

/* V9.1: the end of an erase in bank 2 is reported too early. */
START_TEST(test_bank_2_early)
{
    static const uint32_t sectors[] = {8, 3, 15};

    peer.bank2_early = true;
    peer.loader_id = 0x91;
    peer.sector_poll_ms = 0;
    connect();
    ck_assert_ok(sfi_target_erase(t, sectors, ROWS(sectors)));
    ck_assert_ok(sfi_target_write(t, PEER_FLASH + 8 * PEER_SECTOR, data, 1024));
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, 32));
    ck_assert(!peer.hangs);
}
END_TEST

/* A host that was killed during such an erase left the device so. */
START_TEST(test_found_stuck)
{
    peer.bank2_sticks = true;
    peer.stuck = true;
    peer.state = 4;
    connect();
    ck_assert_uint_eq(peer.state, 9);
    ck_assert_uint_le(script_now, 6000);
    ck_assert_ok(sfi_target_read(t, PEER_FLASH, back, 32));
}
END_TEST

static const struct {
    uint8_t id;
    bool fails;
    unsigned mass, sectors;
} masses[] = {
    {0x92, false, 1, 0},
    {0xd3, true, 0, 16}, /* V13.3 */
    {0x90, false, 0, 16},
    {0x42, true, 4, 16}, /* a version that is not known */
};

START_TEST(test_mass_erase)
{
    peer.loader_id = masses[_i].id;
    peer.mass_fails = masses[_i].fails;
    peer.bank2_sticks = masses[_i].id == 0x90;
    connect();
    memset(peer.flash, 0, sizeof(peer.flash));
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_eq(peer.mass_erases, masses[_i].mass);
    ck_assert_uint_eq(peer.sector_erases, masses[_i].sectors);
    for (uint32_t s = 0; s < PEER_SECTORS; s++)
        ck_assert(is_erased(s));
    ck_assert_uint_eq(peer.early, 0);
}
END_TEST

/* ---- time ---- */

static const struct {
    uint32_t ms, poll_ms;
} times[] = {
    {17600, 0},     {35200, 1000},   {35200, 35200},   {39000, 40000},
    {60000, 70000}, {100, 0x123456}, {1000, 0xffffff}, /* the longest that there
                                                          is */
};

/* bwPollTimeout is respected, however long it is. */
START_TEST(test_poll_times)
{
    uint64_t began;

    peer.mass_ms = times[_i].ms;
    peer.mass_poll_ms = times[_i].poll_ms;
    connect();
    began = script_now;
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_eq(peer.mass_erases, 1);
    ck_assert_uint_ge(script_now - began, times[_i].poll_ms);
    ck_assert_uint_eq(peer.early, 0);
}
END_TEST

/* It answers nothing while it erases: 35.2 s, or a poll time and then 6 s. */
START_TEST(test_naks)
{
    static const uint32_t sectors[] = {3};

    peer.naks = true;
    peer.mass_ms = 35200;
    peer.sector_ms = 7000;
    connect();
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_eq(peer.mass_erases, 1);
    ck_assert_ok(sfi_target_erase(t, sectors, 1));
    ck_assert_uint_eq(peer.sector_erases, 1);
}
END_TEST

/* An erase that does not end is not waited for without end. */
START_TEST(test_too_long)
{
    uint64_t began;

    peer.mass_hangs = true;
    connect();
    peer.flash[0x1fffff] = 0;
    began = script_now;
    ck_assert_fails_about(sfi_target_erase_all(t), SFI_ERR_TIMEOUT, "USB",
                          "busy", "0x081fffff", "not erased");
    ck_assert_uint_le(script_now - began, 4 * 45000);
}
END_TEST

/* A program block whose work takes longer than its poll time. */
START_TEST(test_slow_write)
{
    peer.write_ms = 900;
    peer.write_poll_ms = 300;
    connect();
    ck_assert_ok(sfi_target_write(t, PEER_FLASH, data, 2048));
    ck_assert_mem_eq(peer.flash, data, 2048);
    ck_assert_uint_eq(peer.early, 0);
    ck_assert_uint_eq(peer.blocks, 2);
}
END_TEST

/* ---- refusals ---- */

START_TEST(test_refusals)
{
    connect();
    ck_assert_int_eq(sfi__boot_read(&t->boot, 0x90000000, back, 32),
                     SFI_ERR_NACK);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 0x01);
    ck_assert_int_eq(t->boot.refused, BOOT_REFUSED_ADDRESS);
    peer.protected = true;
    ck_assert_int_eq(sfi__boot_read(&t->boot, PEER_FLASH, back, 32),
                     SFI_ERR_NACK);
    ck_assert_int_eq(t->boot.refused, BOOT_REFUSED_COMMAND);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)), 0x0b);
    ck_assert_int_eq(sfi__boot_erase_mass(&t->boot), SFI_ERR_NACK);
    ck_assert_uint_eq(peer.sector_erases, 0);
}
END_TEST

/* ---- names of the alternate settings ---- */

static const struct {
    const char *flash, *options;
    uint32_t sectors;
} names[] = {
    {"@Internal Flash   /0x08000000/16*128Kg",
     "@Option Bytes   /0x5200201C/01*88 e", 16},
    {"@Internal Flash   /0x08000000/08*128Kg",
     "@Option Bytes   /0x5200201C/01*128 e", 8},
    /* an H750 */
    {"@Internal Flash   /0x08000000/01*128Kg",
     "@Option Bytes   /0x5200201C/01*128 e", 1},
};

START_TEST(test_names)
{
    static const uint32_t last[] = {15};

    peer.flash_name = names[_i].flash;
    peer.options_name = names[_i].options;
    peer.loader_id = 0xd3;
    connect();
    ck_assert_int_eq(sfi__boot_erase_mass(&t->boot), SFI_OK);
    ck_assert_uint_eq(peer.sector_erases, names[_i].sectors);
    if (names[_i].sectors < 16)
        ck_assert_int_eq(sfi_target_erase(t, last, 1), SFI_ERR_RANGE);
}
END_TEST

/* ---- option bytes, as one block ---- */

static const struct {
    uint32_t len;
    const char *name;
} areas[] = {
    {308, "@Option Bytes   /0x5200201C/01*128 e"},
    {128, "@Option Bytes   /0x5200201C/01*128 e"},
    {88, "@Option Bytes   /0x5200201C/01*88 e"},
};

/* BOR_LEV from 0 to 2: bits 3:2 of OPTSR, and nothing else. */
START_TEST(test_option_bytes)
{
    uint8_t before[sizeof(peer.options)];
    sfi_option_bytes *ob;

    peer.option_len = areas[_i].len;
    peer.options_name = areas[_i].name;
    connect();
    memcpy(before, peer.options, sizeof(before));
    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ck_assert_ok(sfi_option_bytes_set(ob, "BOR_LEV", 2));
    ck_assert_ok(sfi_target_write_option_bytes(t, ob));
    sfi_option_bytes_free(ob);
    ck_assert_uint_eq(peer.option_writes, 1);
    before[0] = before[4] = 0xf8;
    ck_assert_mem_eq(peer.options, before, sizeof(before));
}
END_TEST

/* SECURITY, too, is written with the whole area.  There is no secure bootloader
 * here, so nothing follows. */
START_TEST(test_security)
{
    uint8_t before[sizeof(peer.options)];

    peer.option_len = areas[_i].len;
    peer.options_name = areas[_i].name;
    connect();
    memcpy(before, peer.options, sizeof(before));
    ck_assert_fails_about(sfi_target_activate_security(t), SFI_ERR_TIMEOUT,
                          "USB", "SECURITY");
    ck_assert_uint_eq(peer.option_writes, 1);
    before[2] = before[6] = 0xe6;
    ck_assert_mem_eq(peer.options, before, sizeof(before));
}
END_TEST

/* A device that lies is not followed for hours. */
static const char *const endless[] = {
    "@Internal Flash   /0x08000000/2048*1Mg",
    "@Internal Flash   /0x08000000/2097152*1Bg",
    "@Internal Flash   /0x08000000/16*128Kg/0x90000000/01*128Kg",
};

START_TEST(test_endless)
{
    static const uint32_t first[] = {0};

    peer.flash_name = endless[_i];
    peer.loader_id = 0xd3;
    connect();
    ck_assert_fails_about(sfi_target_erase_all(t), SFI_ERR_PROTOCOL, "USB",
                          "sectors", "bytes of flash");
    ck_assert_int_eq(sfi_target_erase(t, first, 1), SFI_ERR_PROTOCOL);
    ck_assert_uint_eq(peer.sector_erases, 0);
}
END_TEST

/* ---- leave ---- */

START_TEST(test_leave)
{
    peer.leave = (enum peer_leave)_i;
    connect();
    memcpy(peer.flash, "\0\0\x02\x24\x09\x02\0\x08", 8);
    ck_assert_ok(sfi_target_go(t, PEER_FLASH));
    ck_assert(peer.left);
    ck_assert_uint_eq(peer.started_at, PEER_FLASH);
    ck_assert_uint_le(script_now, 4000);
}
END_TEST

/* Lost on its way: not a success. */
START_TEST(test_leave_lost)
{
    peer.leave = PEER_STAYS;
    connect();
    ck_assert_int_eq(sfi_target_go(t, PEER_FLASH), SFI_ERR_TIMEOUT);
    ck_assert(!peer.left);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("boot_dfu");
    TCase *tc = tcase_create("dfu");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_short_block, 0, 2 * (int)ROWS(lengths));
    tcase_add_loop_test(tc, test_read_any, 0, 2);
    tcase_add_test(tc, test_transfers);
    tcase_add_test(tc, test_log);
    tcase_add_test(tc, test_same_again);
    tcase_add_loop_test(tc, test_bank_2_sticks, 0, (int)ROWS(sticky));
    tcase_add_test(tc, test_bank_2_fails);
    tcase_add_test(tc, test_bank_2_early);
    tcase_add_test(tc, test_found_stuck);
    tcase_add_loop_test(tc, test_mass_erase, 0, (int)ROWS(masses));
    tcase_add_loop_test(tc, test_poll_times, 0, (int)ROWS(times));
    tcase_add_test(tc, test_naks);
    tcase_add_test(tc, test_too_long);
    tcase_add_test(tc, test_slow_write);
    tcase_add_test(tc, test_refusals);
    tcase_add_loop_test(tc, test_names, 0, (int)ROWS(names));
    tcase_add_loop_test(tc, test_option_bytes, 0, (int)ROWS(areas));
    tcase_add_loop_test(tc, test_security, 0, (int)ROWS(areas));
    tcase_add_loop_test(tc, test_endless, 0, (int)ROWS(endless));
    tcase_add_loop_test(tc, test_leave, 0, PEER_STAYS);
    tcase_add_test(tc, test_leave_lost);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
