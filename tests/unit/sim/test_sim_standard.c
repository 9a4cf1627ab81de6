/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the standard bootloader, frame by frame (AN3155, AN2606), what
 * starts after a reset, and what option bytes and readout protection do. */
#include <string.h>

#include <bench/board.h>
#include "sim/boot.h"
#include "sim/sim.h"

#define WINDOW 0x5200201cu /* OPTSR_CUR of the STM32H753xI */
#define OPTSR_PRG (WINDOW + 4u)
#define WPSN_A_PRG (WINDOW + 0x20u)
#define L4_WINDOW 0x1fff7800u
#define OPTSR_SHIPPED 0x1bc6aaf0u

static uint8_t data[256];

static void
setup_h753(void)
{
    board_setup("stm32h753xi");
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i ^ 0xa5);
    board_talk("> 7f < 79");
}

static void
setup_l462(void)
{
    board_setup_open_l462();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i ^ 0x5a);
}

static void
put32(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> 8 * i);
}

/* An option word, in the area as it is (AN3155, 3.6: from its start). */
static uint8_t
write_word(uint32_t address, uint32_t value)
{
    bool is_h753 = board.sim->chip->device_id == 0x450;
    uint32_t area = is_h753 ? WINDOW : L4_WINDOW;
    uint8_t words[88];
    size_t len = is_h753 ? 88 : 40;

    if (board_read(area, words, len) != 0x79)
        return 0;
    put32(words + (address - area), value);
    return board_write(area, words, len);
}

static void
reset(void)
{
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f < 79");
}

static void
assert_erased(uint32_t address, size_t len, bool erased)
{
    uint8_t byte = 0;
    bool all = true;

    for (size_t i = 0; all && i < len; i += 32) {
        ck_assert_ok(sfi_sim_read_flash(board.sim, address + i, &byte, 1));
        all = byte == 0xff;
    }
    ck_assert_msg(all == erased, "0x%08x is %s", address,
                  all ? "erased" : "not erased");
}

/* Frames right after the sync, on a new STM32H753xI. */
static const char *const talks[] = {
    /* Get, Get Version, Get ID */
    "> 00 ff < 79 0b 31 00 01 02 11 21 31 44 63 73 82 92 79",
    "> 01 fe < 79 31 00 00 79",
    "> 02 fd < 79 01 04 50 79",
    /* a second sync, a wrong complement, a command not in the list */
    "> 7f < 1f > 00 ff < 79 0b 31 00 01 02 11 21 31 44 63 73 82 92 79",
    "> 00 fe < 1f",
    "> 43 bc < 1f",
    "> 50 af < 1f",
    "> 51 ae < 1f",
    "> 63 9d < 1f",
    "> a1 5e < 1f",
    /* Read Memory: flash, one byte, the end of the flash */
    "> 11 ee < 79 > 08 00 00 00 08 < 79 > 03 fc < 79 ff ff ff ff",
    "> 11 ee < 79 > 08 1f ff ff 17 < 79 > 00 ff < 79 ff",
    "> 11 ee < 79 > 08 1f ff ff 17 < 79 > 01 fe < 1f",
    "> 11 ee < 79 > 08 20 00 00 28 < 1f",
    "> 11 ee < 79 > 07 ff ff ff f8 < 1f",
    /* ... a wrong checksum of the address, of the count */
    "> 11 ee < 79 > 08 00 00 00 09 < 1f > 01 fe < 79 31 00 00 79",
    "> 11 ee < 79 > 08 00 00 00 08 < 79 > 03 fd < 1f",
    /* ... the bootloader's own RAM, ITCM, SRAM1, system memory */
    "> 11 ee < 79 > 20 00 00 00 20 < 1f",
    "> 11 ee < 79 > 24 00 00 00 24 < 1f",
    "> 11 ee < 79 > 00 00 00 00 00 < 1f",
    "> 11 ee < 79 > 30 00 00 00 30 < 1f",
    "> 11 ee < 79 > 1f f0 00 00 ef < 1f",
    /* ... RAM is cleared at power-up; the option window */
    "> 11 ee < 79 > 20 00 41 00 61 < 79 > 01 fe < 79 00 00",
    "> 11 ee < 79 > 24 07 ff ff 23 < 79 > 00 ff < 79 00",
    "> 11 ee < 79 > 52 00 20 1c 6e < 79 > 07 f8 < 79 f0 aa c6 1b f0 aa c6 1b",
    "> 11 ee < 79 > 52 00 21 4f 3c < 79 > 00 ff < 79 00",
    "> 11 ee < 79 > 52 00 21 4f 3c < 79 > 01 fe < 1f",
    "> 11 ee < 79 > 52 00 20 18 6a < 1f",
    /* Go: flash and RAM, with room for the vectors; then silence */
    "> 21 de < 79 > 08 00 00 00 08 < 79 > 00 ff <",
    "> 21 de < 79 > 24 00 50 00 74 < 79 > 7f <",
    "> 21 de < 79 > 08 1f ff fc 14 < 1f > 01 fe < 79 31 00 00 79",
    "> 21 de < 79 > 52 00 20 1c 6e < 1f",
    /* Write Memory: refused addresses */
    "> 31 ce < 79 > 1f f0 00 00 ef < 1f",
    "> 31 ce < 79 > 20 00 40 fc 9c < 1f",
    /* Extended Erase: reserved codes, a sector too far, a wrong checksum */
    "> 44 bb < 79 > ff fc 03 < 1f",
    "> 44 bb < 79 > ff f0 0f < 1f",
    "> 44 bb < 79 > 00 00 00 10 10 < 1f",
    "> 44 bb < 79 > 00 01 00 00 00 10 11 < 1f",
    "> 44 bb < 79 > ff ff 01 < 1f",
    "> 44 bb < 79 > 00 00 00 0f 0f < 79",
    "> 44 bb < 79 > ff fe 01 < 79",
    "> 44 bb < 79 > ff fd 02 < 79",
    "> 44 bb < 79 > ff ff 00 < 79",
};

START_TEST(test_talks)
{
    board_talk(talks[_i]);
}
END_TEST

/* The baud rate is measured on the first byte (AN3155, 1): any but 0x7f makes
 * the bootloader deaf until a reset. */
START_TEST(test_first_byte)
{
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> fe < > 7f < > 7f 02 fd <");
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 7f < 79 > fe < > 01 < 1f > 01 fe < 79 31 00 00 79");
    board.sim->habits.any_first_byte = true;
    ck_assert_ok(sfi_sim_power_on(board.sim));
    board_talk("> 00 ff 01 fe < > 7f < 79 > 01 fe < 79 31 00 00 79");
}
END_TEST

START_TEST(test_write_and_read)
{
    uint8_t back[256];

    ck_assert_uint_eq(board_write(0x08000000, data, 256), 0x79);
    ck_assert_uint_eq(board_write(0x08100000, data, 32), 0x79);
    ck_assert_uint_eq(board_read(0x08000000, back, 256), 0x79);
    ck_assert_mem_eq(back, data, 256);
    ck_assert_uint_eq(board_read(0x08100000, back, 32), 0x79);
    ck_assert_mem_eq(back, data, 32);
    board_reopen();
    ck_assert_ok(sfi_sim_read_flash(board.sim, 0x08000000, back, 256));
    ck_assert_mem_eq(back, data, 256);
}
END_TEST

/* Each row on a fresh flash. */
static const struct {
    const char *name;
    uint32_t address;
    size_t len;
    uint8_t answer;
} writes[] = {
    {"a program unit", 0x08000000, 32, 0x79},
    {"a part of one", 0x08000000, 8, 0x79},
    {"its middle", 0x08000008, 16, 0x79},
    {"across two", 0x08000018, 16, 0x79},
    {"a whole block off the unit", 0x08000008, 256, 0x79},
    {"four bytes", 0x08000000, 4, 0x1f},
    {"twelve bytes", 0x08000000, 12, 0x1f},
    {"one byte", 0x08000000, 1, 0x1f},
    {"off by four", 0x08000004, 8, 0x1f},
    {"the last bytes", 0x081ffff8, 8, 0x79},
    {"past the end", 0x081ffff8, 16, 0x1f},
    {"a word of RAM", 0x24005000, 4, 0x79},
    {"a block of RAM", 0x20004100, 256, 0x79},
    {"a byte of RAM", 0x20004100, 1, 0x1f},
    {"RAM off the word", 0x20004102, 4, 0x1f},
    {"past the RAM", 0x2001fffc, 8, 0x1f},
};

START_TEST(test_write_rules)
{
    uint8_t back[256];
    uint8_t r = board_write(writes[_i].address, data, writes[_i].len);

    ck_assert_msg(r == writes[_i].answer, "%s: answer 0x%02x", writes[_i].name,
                  r);
    if (r != 0x79)
        return;
    ck_assert_uint_eq(board_read(writes[_i].address, back, writes[_i].len),
                      0x79);
    ck_assert_mem_eq(back, data, writes[_i].len);
}
END_TEST

/* NOR: the rest of a unit is 0xff, and a unit is programmed once. */
START_TEST(test_unit_is_programmed_once)
{
    ck_assert_uint_eq(board_write(0x08000008, data, 8), 0x79);
    ck_assert_uint_eq(board_read_word(0x08000000), 0xffffffff);
    ck_assert_uint_eq(board_read_word(0x08000010), 0xffffffff);
    ck_assert_uint_eq(board_write(0x08000010, data, 8), 0x1f);
    ck_assert_uint_eq(board_write(0x08000008, data, 8), 0x1f);
    board_talk("> 44 bb < 79 > 00 00 00 00 00 < 79");
    ck_assert_uint_eq(board_write(0x08000010, data, 8), 0x79);
}
END_TEST

static void
fill_sectors(void)
{
    for (uint32_t a = 0x08000000; a < 0x08200000; a += 0x20000)
        ck_assert_uint_eq(board_write(a, data, 32), 0x79);
}

static const struct {
    const char *script;
    uint16_t erased; /* a bit per sector */
} erases[] = {
    {"> 44 bb < 79 > ff ff 00 < 79", 0xffff},
    {"> 44 bb < 79 > ff fe 01 < 79", 0x00ff},
    {"> 44 bb < 79 > ff fd 02 < 79", 0xff00},
    {"> 44 bb < 79 > 00 00 00 03 03 < 79", 0x0008},
    {"> 44 bb < 79 > 00 02 00 00 00 0f 00 08 05 < 79", 0x8101},
    {"> 44 bb < 79 > 00 01 00 02 00 10 13 < 1f", 0x0000},
};

START_TEST(test_erase)
{
    fill_sectors();
    board_talk(erases[_i].script);
    for (uint32_t s = 0; s < 16; s++)
        assert_erased(0x08000000 + s * 0x20000, 32, erases[_i].erased >> s & 1);
}
END_TEST

/* RM0433, 4.3.9: a clear bit protects a sector.  AN3155, 3.6: no error. */
START_TEST(test_write_protection)
{
    ck_assert_uint_eq(board_write(0x08020000, data, 32), 0x79);
    ck_assert_uint_eq(write_word(WPSN_A_PRG, 0xfd), 0x79);
    /* not before the reset */
    ck_assert_uint_eq(board_write(0x08020020, data, 32), 0x79);
    reset();
    ck_assert_uint_eq(board_write(0x08020040, data, 32), 0x79);
    assert_erased(0x08020040, 32, true);
    /* a write that touches it does nothing at all */
    ck_assert_uint_eq(board_write(0x0801ffe0, data, 64), 0x79);
    assert_erased(0x0801ffe0, 32, true);
    ck_assert_uint_eq(board_write(0x08120000, data, 32), 0x79);
    assert_erased(0x08120000, 32, false);
    board_talk("> 44 bb < 79 > 00 00 00 01 01 < 79");
    assert_erased(0x08020000, 32, false);
    board_talk("> 44 bb < 79 > ff ff 00 < 79");
    assert_erased(0x08020000, 32, false);
    assert_erased(0x08120000, 32, true);
}
END_TEST

/* AN3155, 3.9: N + 1 sectors, those that do not exist ignored; a reset; the
 * sectors of an earlier command are not protected any more. */
START_TEST(test_write_protect)
{
    uint64_t resets = sfi_sim_resets(board.sim);

    board_talk("> 63 9c < 79 > 02 00 09 63 68 < 79");
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG), 0xfe);
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG + 0x100), 0xfd);
    board_talk("> 63 9c < 79 > 00 05 05 < 79 > 7f < 79");
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG), 0xdf);
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG + 0x100), 0xff);
    board_talk("> 63 9c < 79 > 00 05 04 < 1f");
}
END_TEST

/* Written option bytes read back as programmed, and are in force from the next
 * reset. */
START_TEST(test_option_bytes)
{
    uint8_t words[36];
    size_t len = sizeof(words);

    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED);
    ck_assert_uint_eq(write_word(OPTSR_PRG, OPTSR_SHIPPED | 8), 0x79);
    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED);
    ck_assert_uint_eq(board_read_word(OPTSR_PRG), OPTSR_SHIPPED | 8);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), 1);
    reset();
    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED | 8);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), 2);
    board_reopen();
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED | 8);

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_OPTION_BYTES, words, &len));
    ck_assert_uint_eq(len, 36);
    ck_assert_uint_eq(words[0], 0xf8);
    ck_assert_uint_eq(words[3], 0x1b);
}
END_TEST

/* Registers in force, gaps and partial words are not written. */
START_TEST(test_option_window)
{
    ck_assert_uint_eq(write_word(WINDOW, 0), 0x79);
    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED);
    ck_assert_uint_eq(board_read_word(OPTSR_PRG), OPTSR_SHIPPED);
    ck_assert_uint_eq(write_word(WINDOW + 0x44, 0x1234), 0x79);
    ck_assert_uint_eq(board_read_word(WINDOW + 0x44), 0);
    ck_assert_uint_eq(board_write(WINDOW, data, 2), 0x1f);
    /* a whole run of registers at once */
    ck_assert_uint_eq(board_read(WINDOW, data, 0x60), 0x79);
    put32(data + 0x20, 0xfe);
    ck_assert_uint_eq(board_write(WINDOW, data, 0x60), 0x79);
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG), 0xfe);
    ck_assert_uint_eq(board_read_word(OPTSR_PRG), OPTSR_SHIPPED);
}
END_TEST

static const struct {
    uint8_t rdp;
    bool open;
} levels[] = {
    {0xaa, true}, {0xbb, false}, {0x00, false}, {0xff, false}, {0xcc, false},
};

/* AN3155, 3: only commands that identify the part are allowed. */
START_TEST(test_readout_protection)
{
    static const char *const closed[] = {
        "> 11 ee < 1f", "> 21 de < 1f", "> 31 ce < 1f",
        "> 44 bb < 1f", "> 73 8c < 1f", "> 82 7d < 1f",
    };
    uint32_t optsr = (OPTSR_SHIPPED & ~0xff00u) | (uint32_t)levels[_i].rdp << 8;

    ck_assert_uint_eq(write_word(OPTSR_PRG, optsr), 0x79);
    reset();
    board_talk("> 00 ff < 79 0b 31 00 01 02 11 21 31 44 63 73 82 92 79"
               "> 01 fe < 79 31 00 00 79 > 02 fd < 79 01 04 50 79");
    for (size_t i = 0; i < ROWS(closed) && !levels[_i].open; i++)
        board_talk(closed[i]);
    if (levels[_i].open)
        ck_assert_uint_eq(board_read_word(WINDOW), optsr);
}
END_TEST

/* AN3155, 3.11 and 3.12: protect, and unprotect, which erases the flash even
 * under write protection; each resets the part. */
START_TEST(test_readout_commands)
{
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_uint_eq(board_write(0x08000000, data, 64), 0x79);
    ck_assert_uint_eq(board_write(0x081fff00, data, 64), 0x79);
    ck_assert_uint_eq(write_word(WPSN_A_PRG, 0xfe), 0x79);
    board_talk("> 82 7d < 79 79 > 7f < 79 > 11 ee < 1f > 82 7d < 1f");
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    assert_erased(0x08000000, 64, false);
    board_talk("> 92 6d < 79 79 > 7f < 79");
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 2);
    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED);
    assert_erased(0x08000000, 0x200000, true);
    /* the other protection stays */
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG), 0xfe);
}
END_TEST

/* The power fails during the erase: the rest stays protected. */
START_TEST(test_readout_unprotect_cut)
{
    ck_assert_uint_eq(board_write(0x081fff00, data, 64), 0x79);
    board_talk("> 82 7d < 79 79 > 7f < 79");
    sfi_sim_power_cut_after(board.sim, 3);
    board_talk("> 92 6d <");
    reset();
    assert_erased(0x081fff00, 64, false);
    board_talk("> 11 ee < 1f");
}
END_TEST

/* AN3155, 3.10 */
START_TEST(test_write_unprotect)
{
    ck_assert_uint_eq(write_word(WPSN_A_PRG, 0xf0), 0x79);
    reset();
    ck_assert_uint_eq(board_write(0x08000000, data, 64), 0x79);
    assert_erased(0x08000000, 64, true);
    board_talk("> 73 8c < 79 79 > 7f < 79");
    ck_assert_uint_eq(board_read_word(WPSN_A_PRG), 0xff);
    ck_assert_uint_eq(board_write(0x08000000, data, 64), 0x79);
    assert_erased(0x08000000, 64, false);
}
END_TEST

/* Level 2 is for ever. */
START_TEST(test_level_2)
{
    uint32_t level2 = (OPTSR_SHIPPED & ~0xff00u) | 0xcc00u;

    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", level2));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", level2));
    ck_assert_fails(sfi_sim_set_option(board.sim, "FOPTSR_PRG", OPTSR_SHIPPED),
                    SFI_ERR_STATE, "",
                    "option bytes of stm32h753xi cannot be changed");
    board_talk("> 7f < 79 > 92 6d < 79 1f > 01 fe < 79 31 00 00 79");
}
END_TEST

/* A part with one bank, small sectors, and its secure boot at the start. */
START_TEST(test_l462)
{
    uint8_t back[256];

    board_talk("> 00 ff < 79 0b 31 00 01 02 11 21 31 44 63 73 82 92 79"
               "> 02 fd < 79 01 04 62 79");
    ck_assert_uint_eq(board_write(0x08001000, data, 256), 0x79);
    ck_assert_uint_eq(board_write(0x08001108, data, 8), 0x79);
    ck_assert_uint_eq(board_write(0x08001110, data, 8), 0x79);
    ck_assert_uint_eq(board_write(0x0807fff8, data, 8), 0x79);
    ck_assert_uint_eq(board_read(0x08001000, back, 256), 0x79);
    ck_assert_mem_eq(back, data, 256);
    ck_assert_uint_eq(board_write(0x08000ff8, data, 8), 0x1f);
    ck_assert_uint_eq(board_read(0x08000ff8, back, 8), 0x1f);
    ck_assert_uint_eq(board_write(0x20003100, data, 4), 0x79);
    ck_assert_uint_eq(board_write(0x20003000, data, 4), 0x1f);
    board_talk("> 44 bb < 79 > ff fe 01 < 1f"       /* no banks */
               "> 44 bb < 79 > 00 00 01 00 01 < 1f" /* 256 pages */
               "> 44 bb < 79 > 00 00 00 02 02 < 79");
    assert_erased(0x08001000, 0x800, true);
    assert_erased(0x0807fff8, 8, false);
    board_talk("> 44 bb < 79 > ff ff 00 < 79");
    assert_erased(0x0807fff8, 8, true);
}
END_TEST

/* RM0394, 3.7.11: a range of pages. */
START_TEST(test_l462_write_protection)
{
    ck_assert_ok(sfi_sim_set_option(board.sim, "WRP1BR", 0x00050003));
    reset();
    ck_assert_uint_eq(board_write(0x08001000, data, 8), 0x79);
    ck_assert_uint_eq(board_write(0x08001800, data, 8), 0x79);
    ck_assert_uint_eq(board_write(0x08002800, data, 8), 0x79);
    ck_assert_uint_eq(board_write(0x08003000, data, 8), 0x79);
    assert_erased(0x08001000, 8, false);
    assert_erased(0x08001800, 8, true);
    assert_erased(0x08002800, 8, true);
    assert_erased(0x08003000, 8, false);
}
END_TEST

/* AN3155, 3.6: on L45x/46x writing option bytes resets the part. */
START_TEST(test_l462_option_write_resets)
{
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_uint_eq(write_word(L4_WINDOW, 0xffeff9aa), 0x79);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_read_word(L4_WINDOW), 0xffeff9aa);
}
END_TEST

/* What starts: the part, its option word, loader erased or not, the pin. */
static const struct {
    const char *name;
    const char *chip;
    const char *row;
    uint32_t value;
    bool erase;
    int boot0;
    enum sim_mode mode;
} boots[] = {
    {"H753 as shipped", "stm32h753xi", NULL, 0, false, 1, SIM_STANDARD},
    {"H753, pin low", "stm32h753xi", NULL, 0, false, 0, SIM_APPLICATION},
    {"H753, SECURITY", "stm32h753xi", "FOPTSR_PRG", 0x1be6aaf0, false, 1,
     SIM_SECURE},
    {"H753, SECURITY, pin low", "stm32h753xi", "FOPTSR_PRG", 0x1be6aaf0, false,
     0, SIM_SECURE},
    {"H753, RDP 1", "stm32h753xi", "FOPTSR_PRG", 0x1bc6bbf0, false, 1,
     SIM_STANDARD},
    {"L462 as shipped", "stm32l462ce", NULL, 0, false, 1, SIM_SECURE},
    {"L462, pin low", "stm32l462ce", NULL, 0, false, 0, SIM_SECURE},
    {"L462, any option", "stm32l462ce", "FLASH_OPTR", 0xffeff8aa, false, 1,
     SIM_SECURE},
    {"L462 without loader", "stm32l462ce", NULL, 0, true, 1, SIM_APPLICATION},
    {"L462, pin counts, high", "stm32l462ce", "FLASH_OPTR", 0xffeff8aa, true, 1,
     SIM_STANDARD},
    {"L462, pin counts, low", "stm32l462ce", "FLASH_OPTR", 0xffeff8aa, true, 0,
     SIM_APPLICATION},
    {"L462, nBOOT0 clear", "stm32l462ce", "FLASH_OPTR", 0xf3eff8aa, true, 0,
     SIM_STANDARD},
};

START_TEST(test_boot)
{
    board_setup(boots[_i].chip);
    if (boots[_i].row != NULL)
        ck_assert_ok(
            sfi_sim_set_option(board.sim, boots[_i].row, boots[_i].value));
    if (boots[_i].erase)
        ck_assert_ok(sfi_sim_erase_flash(board.sim));
    sfi_sim_set_boot0(board.sim, boots[_i].boot0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_msg(board.sim->mode == boots[_i].mode, "%s: mode %d",
                  boots[_i].name, (int)board.sim->mode);
    if (boots[_i].mode == SIM_APPLICATION)
        board_talk("> 7f < > 00 ff <");
    else
        board_talk("> 7f < 79");
    board_teardown();
}
END_TEST

/* A power cut in the middle of a write: silence, half a unit, and the chip
 * comes back. */
START_TEST(test_power_cut)
{
    uint8_t back[64];

    sfi_sim_power_cut_after(board.sim, 1);
    ck_assert_uint_eq(board_write(0x08000000, data, 64), 0);
    ck_assert(!sfi_sim_has_power(board.sim));
    board_talk("> 7f < > 00 ff <");
    ck_assert_fails(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 1),
                    SFI_ERR_STATE, "", "the chip has no power");
    ck_assert_fails_about(sfi_sim_erase_flash(board.sim), SFI_ERR_STATE, "",
                          "power");
    reset();
    ck_assert(sfi_sim_has_power(board.sim));
    ck_assert_uint_eq(board_read(0x08000000, back, 64), 0x79);
    ck_assert_mem_eq(back, data, 48);
    ck_assert_uint_eq(back[48], 0xff);
    ck_assert_uint_eq(board_write(0x08000020, data, 32), 0x1f);

    /* option bytes change as a whole or not at all */
    sfi_sim_power_cut_after(board.sim, 0);
    ck_assert_uint_eq(write_word(OPTSR_PRG, OPTSR_SHIPPED | 8), 0);
    reset();
    ck_assert_uint_eq(board_read_word(WINDOW), OPTSR_SHIPPED);
}
END_TEST

/* RAM is lost with the power. */
START_TEST(test_ram_is_lost)
{
    static uint8_t ram[1u << 20];
    uint8_t back[4];
    size_t len = sizeof(ram);

    ck_assert_uint_eq(board_write(0x24005000, data, 256), 0x79);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_RAM, ram, &len));
    ck_assert_mem_eq(ram + 0x1bf00, data, 256);
    reset();
    ck_assert_uint_eq(board_read(0x24005000, back, 4), 0x79);
    ck_assert_mem_eq(back, "\0\0\0\0", 4);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_standard");
    TCase *t = tcase_create("h753");

    tcase_add_checked_fixture(t, setup_h753, board_teardown);
    tcase_add_loop_test(t, test_talks, 0, (int)ROWS(talks));
    tcase_add_test(t, test_first_byte);
    tcase_add_test(t, test_write_and_read);
    tcase_add_loop_test(t, test_write_rules, 0, (int)ROWS(writes));
    tcase_add_test(t, test_unit_is_programmed_once);
    tcase_add_loop_test(t, test_erase, 0, (int)ROWS(erases));
    tcase_add_test(t, test_write_protection);
    tcase_add_test(t, test_write_protect);
    tcase_add_test(t, test_option_bytes);
    tcase_add_test(t, test_option_window);
    tcase_add_loop_test(t, test_readout_protection, 0, (int)ROWS(levels));
    tcase_add_test(t, test_readout_commands);
    tcase_add_test(t, test_readout_unprotect_cut);
    tcase_add_test(t, test_write_unprotect);
    tcase_add_test(t, test_level_2);
    tcase_add_test(t, test_power_cut);
    tcase_add_test(t, test_ram_is_lost);
    suite_add_tcase(s, t);
    t = tcase_create("l462");
    tcase_add_checked_fixture(t, setup_l462, board_teardown);
    tcase_add_test(t, test_l462);
    tcase_add_test(t, test_l462_write_protection);
    tcase_add_test(t, test_l462_option_write_resets);
    suite_add_tcase(s, t);
    t = tcase_create("boot");
    tcase_add_loop_test(t, test_boot, 0, (int)ROWS(boots));
    suite_add_tcase(s, t);
    return run_suite(s);
}
