/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A whole firmware through the open bootloader of the virtual chips: over each
 * link, refused before anything is erased, cut off anywhere, cancelled
 * anywhere. */
#include <stdlib.h>
#include <string.h>

#include <sfi/program.h>

#include <bench/board.h>
#include <link/script.h>
#include "util/text.h"
#include "core/ctx.h"
#include "firmware/firmware.h"
#include "target/memory.h"
#include "target/target.h"

#define BASE 0x08000000u
#define SECTOR 0x20000u
#define UNIT 32u
#define RAM 0x24005000u
#define FAR_OFF UINT64_MAX

static sfi_transport *tp;
static sfi_target *t;

/* ---- firmware ---- */

struct piece {
    uint32_t address;
    size_t len;
};

static uint8_t
byte_at(uint64_t address)
{
    return (uint8_t)(address * 7 + address / 256 + 1);
}

static size_t
hex_record(char *out, size_t room, uint8_t type, uint32_t address,
           const uint8_t *data, size_t len)
{
    uint8_t sum = (uint8_t)(len + (address >> 8) + address + type);
    size_t at = 0;

    sfi__text_format(out, room, ":%02X%04X%02X", (unsigned)len,
                     (unsigned)(address & 0xffffu), type);
    at = strlen(out);
    for (size_t i = 0; i < len; i++, at += 2) {
        sfi__text_format(out + at, room - at, "%02X", data[i]);
        sum = (uint8_t)(sum + data[i]);
    }
    sfi__text_format(out + at, room - at, "%02X\n", (uint8_t)-sum);
    return strlen(out);
}

/* Pieces of byte_at(), `plus` added; a length of 0 ends the list. */
static sfi_firmware *
firmware_of(sfi_ctx *of, const struct piece *pieces, uint8_t plus)
{
    size_t room = 100000, len = 0;
    char *text = malloc(room);
    sfi_firmware *fw;

    ck_assert_ptr_nonnull(text);
    for (const struct piece *p = pieces; p->len > 0; p++) {
        for (uint32_t i = 0; i < p->len; i++) {
            uint32_t address = p->address + i;
            const uint8_t high[2] = {(uint8_t)(address >> 24),
                                     (uint8_t)(address >> 16)};
            uint8_t byte = (uint8_t)(byte_at(address) + plus);

            if (i == 0 || (address & 0xffffu) == 0)
                len += hex_record(text + len, room - len, 4, 0, high, 2);
            len += hex_record(text + len, room - len, 0, address, &byte, 1);
        }
    }
    len += hex_record(text + len, room - len, 1, 0, NULL, 0);
    ck_assert_ok(
        sfi_firmware_parse(of, "ihex", 0, (const uint8_t *)text, len, &fw));
    free(text);
    return fw;
}

/* Segments that share a sector, a unit, the edge of a chunk; and RAM. */
static const struct piece usual[] = {
    {BASE + 3, 5}, /* inside one unit, and the next in the same one */
    {BASE + 10, 4},
    {BASE + 31, 2},                  /* the end of that unit, the next */
    {BASE + 0x100, 300},             /* the same sector */
    {BASE + MEMORY_CHUNK - 40, 100}, /* over the edge of a chunk */
    {BASE + SECTOR - 5, 10},         /* over the edge of a sector */
    {BASE + 3 * SECTOR + 64, UNIT},  /* a whole unit */
    {RAM + 3, 10},                   /* the units keep the rest */
    {RAM + 24, 8},
    {0, 0},
};

static const struct piece *
piece_at(uint64_t address)
{
    for (const struct piece *p = usual; p->len > 0; p++) {
        if (address >= p->address && address - p->address < p->len)
            return p;
    }
    return NULL;
}

/* Is it in the chip, gaps inside the sectors erased? */
static void
assert_programmed(uint8_t plus)
{
    static const uint32_t sectors[] = {0, 1, 3};
    static uint8_t there[SECTOR];

    for (size_t k = 0; k < ROWS(sectors); k++) {
        uint32_t from = BASE + sectors[k] * SECTOR;

        ck_assert_ok(sfi_sim_read_flash(board.sim, from, there, SECTOR));
        for (uint32_t i = 0; i < SECTOR; i++) {
            uint8_t want = piece_at(from + i) != NULL
                               ? (uint8_t)(byte_at(from + i) + plus)
                               : 0xffu;

            if (there[i] != want)
                ck_abort_msg("0x%02x at 0x%08x, not 0x%02x", there[i], from + i,
                             want);
        }
    }
}

/* ---- a link that can be cut, and a call that can be cancelled, anywhere ----
 */

static struct {
    uint64_t calls;     /* of the link's functions so far */
    uint64_t cancel_at; /* number of the call in which it is cancelled */
    uint64_t gone_at;   /* ... from which on the port is gone */
    uint64_t cancelled_ms;
    bool is_silent; /* no byte comes */
} line;

static sfi_status
line_count(void)
{
    line.calls++;
    if (line.calls == line.cancel_at) {
        line.cancelled_ms = script_now;
        sfi_target_cancel(t, 1);
        sfi_ctx_cancel(ctx, 1);
    }
    return line.calls >= line.gone_at ? SFI_ERR_NO_DEVICE : SFI_OK;
}

static sfi_status
line_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    sfi_status st = line_count();

    (void)user;
    if (st != SFI_OK)
        return st;
    *got = len;
    if (line.is_silent)
        *got = 0;
    else
        ck_assert_ok(sfi_sim_usart(board.sim, NULL, 0, buf, got));
    if (*got > 0)
        return SFI_OK;
    script_now += timeout_ms;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
line_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    sfi_status st = line_count();
    size_t none = 0;

    (void)user;
    (void)timeout_ms;
    return st != SFI_OK ? st : sfi_sim_usart(board.sim, buf, len, NULL, &none);
}

static sfi_status
line_reset(void *user, int into_boot)
{
    (void)user;
    (void)into_boot;
    return sfi_sim_power_on(board.sim);
}

static void
line_connect(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = line_read,
        .write = line_write,
        .reset = line_reset,
    };

    sfi_target_free(t);
    t = NULL;
    sfi_transport_free(tp);
    sfi_ctx_cancel(ctx, 0);
    line.cancel_at = FAR_OFF;
    line.gone_at = FAR_OFF;
    line.is_silent = false;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    line.calls = 0;
}

/* ---- progress ---- */

static struct {
    size_t reports;
    size_t cancel_at; /* number of the report; 0: none */
    uint64_t done, total;
    uint32_t phase;
    uint32_t phases[8]; /* in their order */
    size_t phase_count;
    sfi_status inside; /* of a call from there */
} seen;

static void
watch(void *user, const sfi_progress *p)
{
    uint8_t byte;

    ck_assert_ptr_eq(user, &seen);
    ck_assert_uint_eq(p->struct_size, sizeof(*p));
    ck_assert_uint_le(p->done, p->total);
    if (p->phase != seen.phase) {
        ck_assert_uint_lt(seen.phase_count, ROWS(seen.phases));
        seen.phases[seen.phase_count++] = p->phase;
        ck_assert_uint_eq(seen.done, seen.total);
    } else {
        ck_assert_uint_gt(p->done, seen.done);
        ck_assert_uint_eq(p->total, seen.total);
    }
    seen.phase = p->phase;
    seen.done = p->done;
    seen.total = p->total;
    if (++seen.reports == seen.cancel_at)
        sfi_target_cancel(t, 1);
    seen.inside = sfi_target_read(t, BASE, &byte, 1);
}

static void
watch_anew(size_t cancel_at)
{
    memset(&seen, 0, sizeof(seen));
    seen.cancel_at = cancel_at;
    ck_assert_ok(sfi_target_set_progress(t, watch, &seen));
}

static void
assert_phases(const uint32_t *want, size_t count)
{
    ck_assert_uint_eq(seen.phase_count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_uint_eq(seen.phases[i], want[i]);
    ck_assert_uint_eq(seen.done, seen.total);
}

static sfi_status
program(const sfi_firmware *fw, uint32_t flags)
{
    const sfi_program_options o = {
        .struct_size = sizeof(o),
        .flags = flags,
    };

    return sfi_target_program(t, fw, &o);
}

static void
setup(void)
{
    board_setup("stm32h753xi");
    script_now = 0;
    ctx->clock = &script_clock;
}

static void
setup_line(void)
{
    setup();
    line_connect();
}

static void
teardown(void)
{
    sfi_target_free(t);
    t = NULL;
    sfi_transport_free(tp);
    tp = NULL;
    board_teardown();
}

/* Something in each sector of the firmware, and in one between them. */
static void
fill_sectors(void)
{
    static const uint32_t sectors[] = {0, 1, 2, 3};
    uint8_t old[UNIT];

    memset(old, 0x5a, sizeof(old));
    ck_assert_ok(sfi_target_erase(t, sectors, ROWS(sectors)));
    for (size_t i = 0; i < ROWS(sectors); i++)
        ck_assert_ok(sfi_target_write(t, BASE + sectors[i] * SECTOR + 0x8000,
                                      old, sizeof(old)));
}

static void
assert_old(uint32_t sector)
{
    uint8_t there[UNIT];

    ck_assert_ok(sfi_sim_read_flash(board.sim, BASE + sector * SECTOR + 0x8000,
                                    there, sizeof(there)));
    for (size_t i = 0; i < sizeof(there); i++)
        ck_assert_uint_eq(there[i], 0x5a);
}

static void
assert_all_old(void)
{
    for (uint32_t i = 0; i < 4; i++)
        assert_old(i);
}

static void
set_option(const char *word)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ck_assert_ok(sfi_option_bytes_set_word(ob, word));
    ck_assert_ok(sfi_target_write_option_bytes(t, ob));
    sfi_option_bytes_free(ob);
}

/* ---- over each link ---- */

static const char *const interfaces[] = {"usart", "spi", "usb", "jtag", "swd"};

START_TEST(test_each_link)
{
    static const uint32_t phases[] = {SFI_PHASE_ERASE, SFI_PHASE_WRITE,
                                      SFI_PHASE_VERIFY, SFI_PHASE_DONE};
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    uint8_t ram[32], back[32];

    ck_assert_ok(sfi_sim_transport(board.sim, interfaces[_i], &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    fill_sectors();
    memset(ram, 0xa5, sizeof(ram));
    ck_assert_ok(sfi_target_write(t, RAM, ram, sizeof(ram)));
    watch_anew(0);
    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    assert_phases(phases, ROWS(phases));
    ck_assert_int_eq(seen.inside, SFI_ERR_STATE);
    assert_programmed(0);
    assert_old(2);
    ck_assert_ok(sfi_target_set_progress(t, NULL, NULL));
    ck_assert_ok(sfi_target_read(t, RAM, back, sizeof(back)));
    for (uint32_t i = 0; i < sizeof(back); i++)
        ck_assert_uint_eq(back[i],
                          piece_at(RAM + i) != NULL ? byte_at(RAM + i) : 0xa5u);
    ck_assert_ok(sfi_target_verify(t, fw));
    sfi_firmware_free(fw);
}
END_TEST

/* ---- nothing is erased before everything is checked ---- */

static const struct {
    struct piece bad;
    sfi_status st;
    const char *where;
    const char *message;
} refused[] = {
    {{BASE + 0x1ffff0, 32},
     SFI_ERR_RANGE,
     "",
     "the firmware is at 0x081ffff0 to 0x0820000f, the flash of stm32h753xi at "
     "0x08000000 to 0x081fffff; nothing was erased"},
    {{BASE - 16, 32},
     SFI_ERR_RANGE,
     "",
     "the firmware is at 0x07fffff0 to 0x0800000f, the flash of stm32h753xi at "
     "0x08000000 to 0x081fffff; nothing was erased"},
    {{0x52002020, 4},
     SFI_ERR_CHIP_RULE,
     "",
     "8 bytes at 0x52002020 reach the option bytes at 0x5200201c, which are "
     "not written as memory: change them by name"},
    {{0x30000000, 8},
     SFI_ERR_NACK,
     "stream",
     "the bootloader refused 8 bytes at 0x30000000, which are not in flash or "
     "in RAM that it can access"},
    {{BASE + 12 * SECTOR, 8},
     SFI_ERR_PROTECTED,
     "stream",
     "sector 12 (0x08180000) is write-protected, see option byte FWPSN_PRG_B"},
};

START_TEST(test_refused)
{
    struct piece pieces[] = {usual[0], usual[3], refused[_i].bad, {0, 0}};
    sfi_firmware *fw = firmware_of(ctx, pieces, 0);

    fill_sectors();
    ck_assert_ok(sfi_sim_set_option(board.sim, "FWPSN_PRG_B", 0xef));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    line_connect();
    for (uint32_t flags = 0; flags <= SFI_PROGRAM_NO_ERASE; flags++)
        ck_assert_fails(program(fw, flags), refused[_i].st, refused[_i].where,
                        refused[_i].message);
    assert_all_old();
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_readout_protected)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);

    fill_sectors();
    set_option("RDP=0xBB");
    ck_assert_fails_about(program(fw, 0), SFI_ERR_PROTECTED, "stream",
                          "readout protection is on");
    ck_assert_fails_about(sfi_target_verify(t, fw), SFI_ERR_PROTECTED, "stream",
                          "readout protection is on");
    assert_all_old();
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_secure)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);

    ck_assert_ok(sfi_target_activate_security(t));
    ck_assert_fails_about(program(fw, 0), SFI_ERR_STATE, "",
                          "secure bootloader");
    ck_assert_fails_about(sfi_target_verify(t, fw), SFI_ERR_STATE, "",
                          "secure bootloader");
    ck_assert_fails_about(sfi_target_check_erased(t, BASE, 4), SFI_ERR_STATE,
                          "", "secure bootloader");
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    sfi_program_options o = {.struct_size = 3};
    sfi_firmware *foreign;
    sfi_ctx *other;

    ck_assert_ok(sfi_ctx_new(NULL, &other));
    foreign = firmware_of(other, usual, 0);
    ck_assert_int_eq(sfi_target_program(NULL, fw, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_program(t, NULL, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_program(t, foreign, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_program(t, fw, &o), SFI_ERR_ABI);
    ck_assert_int_eq(program(fw, 4), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_verify(t, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_verify(t, foreign), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_check_erased(NULL, BASE, 1), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_set_progress(NULL, watch, &seen),
                     SFI_ERR_ARGUMENT);
    sfi_target_cancel(NULL, 1);
    sfi_firmware_free(foreign);
    sfi_ctx_free(other);
    sfi_firmware_free(fw);
}
END_TEST

/* ---- without an erase; what is there ---- */

START_TEST(test_no_erase)
{
    static const uint32_t phases[] = {SFI_PHASE_CHECK, SFI_PHASE_WRITE,
                                      SFI_PHASE_DONE};
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    uint8_t old[UNIT];

    memset(old, 0xff, sizeof(old));
    old[UNIT - 1] = 0x11; /* between two segments, in the unit of both */
    ck_assert_ok(sfi_target_write(t, BASE, old, sizeof(old)));
    ck_assert_fails(program(fw, SFI_PROGRAM_NO_ERASE), SFI_ERR_MISMATCH,
                    "stream",
                    "there is 0x11 at 0x0800001f, expected erased flash from "
                    "0x08000000: erase its sector first");
    ck_assert_ok(sfi_target_check_erased(t, BASE + UNIT, 2 * SECTOR));
    ck_assert_fails_about(sfi_target_check_erased(t, BASE, SECTOR),
                          SFI_ERR_MISMATCH, "stream", "0x11", "0x0800001f");
    ck_assert_ok(sfi_target_check_erased(t, BASE, 0));
    ck_assert_ok(sfi_target_erase_all(t));
    watch_anew(0);
    ck_assert_ok(program(fw, SFI_PROGRAM_NO_ERASE));
    assert_phases(phases, ROWS(phases));
    assert_programmed(0);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_verify)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    sfi_firmware *other = firmware_of(ctx, usual, 1);

    ck_assert_ok(sfi_target_program(t, fw, NULL));
    ck_assert_ok(sfi_target_verify(t, fw));
    ck_assert_fails(sfi_target_verify(t, other), SFI_ERR_MISMATCH, "stream",
                    "the chip has 0x16 at 0x08000003, expected 0x17 of the "
                    "firmware: program it again");
    ck_assert_ok(program(other, SFI_PROGRAM_VERIFY));
    assert_programmed(1);
    sfi_firmware_free(fw);
    sfi_firmware_free(other);
}
END_TEST

/* The write protection is read once, not for each part of the firmware. */
static size_t wrp_reads;

static void
count_log(void *user, int level, const char *message)
{
    (void)user;
    (void)level;
    if (strstr(message, "address 0x52002038") != NULL)
        wrp_reads++;
}

START_TEST(test_protection_once)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);

    ctx->log = count_log;
    ctx->log_level = SFI_LOG_DEBUG;
    wrp_reads = 0;
    ck_assert_ok(program(fw, 0));
    ck_assert_uint_eq(wrp_reads, 2); /* two replies that agree */
    sfi_firmware_free(fw);
}
END_TEST

/* ---- cut off, cancelled ---- */

/* At each report of progress. */
START_TEST(test_cancel_at_reports)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    size_t reports, at;

    watch_anew(0);
    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    reports = seen.reports;
    ck_assert_uint_gt(reports, 10);
    for (at = 1; at < reports - 1; at++) {
        uint64_t calls;

        watch_anew(at);
        ck_assert_fails(program(fw, SFI_PROGRAM_VERIFY), SFI_ERR_CANCELLED, "",
                        "cancelled");
        ck_assert_uint_eq(seen.reports, at);
        calls = line.calls; /* it stays so, and nothing is sent */
        ck_assert_int_eq(sfi_target_erase_all(t), SFI_ERR_CANCELLED);
        ck_assert_uint_eq(line.calls, calls);
        sfi_target_cancel(t, 0);
    }
    watch_anew(0);
    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    assert_programmed(0);
    sfi_firmware_free(fw);
}
END_TEST

/* In the middle of a command, at any call of the link: within 100 ms, and the
 * same session goes on when it is allowed again. */
START_TEST(test_cancel_anywhere)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    uint64_t calls;

    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    calls = line.calls;
    ck_assert_uint_gt(calls, 200);
    for (uint64_t at = 1; at < calls; at += test_step(37)) {
        line_connect();
        line.cancel_at = at;
        if (program(fw, SFI_PROGRAM_VERIFY) == SFI_OK)
            break; /* in its very last reply */
        ck_assert_int_eq(sfi_error_status(sfi_ctx_error(ctx)),
                         SFI_ERR_CANCELLED);
        ck_assert_uint_le(script_now - line.cancelled_ms, 100);
        sfi_target_cancel(t, 0);
        ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    }
    assert_programmed(0);
    sfi_firmware_free(fw);
}
END_TEST

/* What else waits: connect, erase, unprotect, read, write. */
static sfi_status
do_connect(void)
{
    sfi_target *another;

    return sfi_target_connect(ctx, NULL, tp, 0, &another);
}

static sfi_status
do_erase(void)
{
    static const uint32_t sectors[] = {0, 1};

    return sfi_target_erase(t, sectors, 2);
}

static sfi_status
do_unprotect(void)
{
    return sfi_target_readout_unprotect(t);
}

static sfi_status
do_read(void)
{
    uint8_t bytes[600];

    return sfi_target_read(t, BASE, bytes, sizeof(bytes));
}

static sfi_status
do_write(void)
{
    static const uint8_t bytes[UNIT] = {1};

    return sfi_target_write(t, RAM, bytes, sizeof(bytes));
}

static sfi_status
do_security(void)
{
    return sfi_target_activate_security(t);
}

static sfi_status (*const waits[])(void) = {
    do_connect, do_erase, do_unprotect, do_read, do_write, do_security,
};

/* The chip says nothing more: each call waits, until it is cancelled. */
START_TEST(test_cancel_waits)
{
    if (waits[_i] == do_unprotect)
        set_option("RDP=0xBB");
    for (uint64_t at = 1; at < 10; at++) {
        line.is_silent = true;
        line.calls = 0;
        line.cancel_at = at;
        ck_assert_fails(waits[_i](), SFI_ERR_CANCELLED, "", "cancelled");
        ck_assert_uint_ge(line.calls, at);
        ck_assert_uint_le(script_now - line.cancelled_ms, 100);
        sfi_target_cancel(t, 0);
        sfi_ctx_cancel(ctx, 0);
    }
    line_connect();
    ck_assert(waits[_i] == do_unprotect || do_read() == SFI_OK);
}
END_TEST

/* The cable comes off at any call of the link. */
START_TEST(test_link_lost)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    uint64_t calls;

    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    calls = line.calls;
    for (uint64_t at = 1; at < calls; at += 1 + calls / 40 * test_step(3)) {
        line_connect();
        line.gone_at = at;
        ck_assert_fails_about(program(fw, SFI_PROGRAM_VERIFY),
                              SFI_ERR_NO_DEVICE, "stream", "");
        ck_assert_ok(sfi_sim_power_on(board.sim));
    }
    line_connect();
    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    assert_programmed(0);
    sfi_firmware_free(fw);
}
END_TEST

/* The power fails at each operation of the flash. */
START_TEST(test_power_cut)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);
    uint64_t before = sfi_sim_flash_ops(board.sim);
    uint64_t ops;

    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    ops = sfi_sim_flash_ops(board.sim) - before;
    for (uint64_t at = 0; at < ops; at += test_step(5)) {
        sfi_sim_power_cut_after(board.sim, at);
        ck_assert_int_ne(program(fw, SFI_PROGRAM_VERIFY), SFI_OK);
        ck_assert_ok(sfi_sim_power_on(board.sim));
        line_connect();
    }
    ck_assert_ok(program(fw, SFI_PROGRAM_VERIFY));
    assert_programmed(0);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_firmware *fw = firmware_of(ctx, usual, 0);

    fill_sectors();
    memory.fail_at = 1;
    ck_assert_int_eq(program(fw, 0), SFI_ERR_NOMEM);
    memory.fail_at = 0;
    assert_all_old();
    ck_assert_ok(program(fw, 0));
    sfi_firmware_free(fw);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_program");
    TCase *tc = tcase_create("links");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_each_link, 0, ROWS(interfaces));
    suite_add_tcase(s, tc);
    tc = tcase_create("line");
    tcase_add_checked_fixture(tc, setup_line, teardown);
    tcase_add_loop_test(tc, test_refused, 0, ROWS(refused));
    tcase_add_test(tc, test_readout_protected);
    tcase_add_test(tc, test_secure);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_erase);
    tcase_add_test(tc, test_verify);
    tcase_add_test(tc, test_protection_once);
    tcase_add_test(tc, test_cancel_at_reports);
    tcase_add_test(tc, test_cancel_anywhere);
    tcase_add_loop_test(tc, test_cancel_waits, 0, ROWS(waits));
    tcase_add_test(tc, test_link_lost);
    tcase_add_test(tc, test_power_cut);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
