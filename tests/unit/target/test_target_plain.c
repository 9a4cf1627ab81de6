/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The open bootloader's plain operations against the virtual chips, and the
 * reasons for which a chip refuses. */
#include <string.h>

#include <sfi/program.h>

#include <bench/board.h>
#include <link/script.h>
#include "util/text.h"
#include "core/ctx.h"
#include "option_bytes/option_bytes.h"
#include "target/target.h"
#include "sim/boot.h"
#include "sim/sim.h"

#define BASE 0x08000000u
#define SECTOR 0x20000u
#define RDP_ON                                                       \
    "readout protection is on, so the bootloader neither reads nor " \
    "writes; removing it erases the chip"

static sfi_transport *tp;
static sfi_target *t;
static uint8_t data[2048], back[2048];

/* The chip erases, and says nothing. */
static bool is_silent, erase_was_sent;

/* NRST, or no such line and a person who switches the power off and on. */
static bool has_reset;
static uint64_t person_at; /* 0: nobody */

/* The chip's USART, with the fake clock, so nothing really waits. */
static sfi_status
link_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    (void)user;
    if (person_at != 0 && script_now >= person_at) {
        person_at = 0;
        ck_assert_ok(sfi_sim_power_on(board.sim));
    }
    *got = len;
    if (is_silent && erase_was_sent) {
        *got = 0;
        script_now += timeout_ms;
        return SFI_ERR_TIMEOUT;
    }
    ck_assert_ok(sfi_sim_usart(board.sim, NULL, 0, buf, got));
    if (*got > 0)
        return SFI_OK;
    script_now += timeout_ms;
    return SFI_ERR_TIMEOUT;
}

static sfi_status
link_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    size_t none = 0;

    (void)user;
    (void)timeout_ms;
    erase_was_sent = len == 3 && buf[0] == 0xff && buf[1] == 0xff;
    return sfi_sim_usart(board.sim, buf, len, NULL, &none);
}

static sfi_status
link_reset(void *user, int into_boot)
{
    (void)user;
    (void)into_boot;
    if (!has_reset)
        return SFI_ERR_UNSUPPORTED;
    sfi__sim_reset(board.sim);
    return SFI_OK;
}

static void
connect(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = link_read,
        .write = link_write,
        .reset = link_reset,
    };

    script_now = 0;
    has_reset = true;
    person_at = 0;
    ctx->clock = &script_clock;
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
}

static void
setup_h753(void)
{
    board_setup("stm32h753xi");
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    connect();
}

static void
setup_l462(void)
{
    board_setup_open_l462();
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 5 + 1);
    connect();
}

static void
teardown(void)
{
    sfi_target_free(t);
    sfi_transport_free(tp);
    board_teardown();
}

/* The value of a field, as read from the chip. */
static uint32_t
field(const char *name)
{
    sfi_option_field f = {.struct_size = sizeof(f)};
    sfi_option_bytes *ob;
    uint32_t value = UINT32_MAX;

    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        ck_assert_ok(sfi_option_bytes_get_field(ob, i, &f));
        if (strcmp(f.name, name) == 0)
            value = f.value;
    }
    sfi_option_bytes_free(ob);
    return value;
}

static sfi_status
set(const char *name, uint32_t value, const char *name2, uint32_t value2)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    if (st != SFI_OK)
        return st;
    ck_assert_ok(sfi_option_bytes_set(ob, name, value));
    if (name2 != NULL)
        ck_assert_ok(sfi_option_bytes_set(ob, name2, value2));
    st = sfi_target_write_option_bytes(t, ob);
    sfi_option_bytes_free(ob);
    return st;
}

static bool
is_erased(uint32_t address, size_t len)
{
    ck_assert_ok(sfi_sim_read_flash(board.sim, address, back, len));
    for (size_t i = 0; i < len; i++) {
        if (back[i] != 0xff)
            return false;
    }
    return true;
}

/* ---- memory ---- */

START_TEST(test_memory)
{
    uint32_t sectors[] = {3};

    ck_assert_ok(sfi_target_write(t, BASE + 3 * SECTOR, data, sizeof(data)));
    ck_assert_ok(sfi_target_read(t, BASE + 3 * SECTOR, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    ck_assert_ok(sfi_target_write(t, BASE + 4 * SECTOR, data, 32));
    ck_assert_ok(sfi_target_erase(t, sectors, 1));
    ck_assert(is_erased(BASE + 3 * SECTOR, sizeof(data)));
    ck_assert(!is_erased(BASE + 4 * SECTOR, 32));
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert(is_erased(BASE + 4 * SECTOR, 32));
    ck_assert_ok(sfi_target_write(t, 0x24005000, data, 1000));
    ck_assert_ok(sfi_target_read(t, 0x24005000, back, 1000));
    ck_assert_mem_eq(back, data, 1000);
    ck_assert_ok(sfi_target_go(t, BASE));
}
END_TEST

#define REACH(len, at)                                                      \
    len " bytes at " at " reach the option bytes at 0x5200201c, which are " \
        "not written as memory: change them by name"

static const struct {
    uint32_t address;
    size_t len;
    const char *message;
} options[] = {
    {0x52002020, 8, REACH("8", "0x52002020")},
    {0x52002018, 8, REACH("8", "0x52002018")},
    {0x52002010, 64, REACH("64", "0x52002010")},
    {0x52002098, 8, REACH("8", "0x52002098")},
};

START_TEST(test_refusals)
{
    uint32_t sectors[] = {16};

    ck_assert_ok(sfi_target_write(t, BASE + 32, data, 32));
    ck_assert_fails(sfi_target_write(t, BASE, data + 64, 64), SFI_ERR_NACK,
                    "stream",
                    "the bootloader refused 64 bytes at 0x08000000: there is "
                    "something at 0x08000020, erase its sector first");
    ck_assert_fails_about(sfi_target_write(t, BASE + 8, data, 32),
                          SFI_ERR_CHIP_RULE, "", "32 bytes", "0x08000008",
                          "multiples of 32");
    /* a file cannot set readout protection */
    for (size_t i = 0; i < ROWS(options); i++)
        ck_assert_fails(
            sfi_target_write(t, options[i].address, data, options[i].len),
            SFI_ERR_CHIP_RULE, "", options[i].message);
    ck_assert_fails_about(sfi_target_write(t, 0x52002010, data, 8),
                          SFI_ERR_NACK, "stream", "refused", "8 bytes",
                          "0x52002010");
    ck_assert_fails_about(sfi_target_read(t, 0x30000000, back, 4), SFI_ERR_NACK,
                          "stream", "refused", "4 bytes", "0x30000000");
    ck_assert_fails_about(sfi_target_write(t, 0x20000000, data, 8),
                          SFI_ERR_NACK, "stream", "refused", "8 bytes",
                          "0x20000000");
    ck_assert_fails_about(sfi_target_go(t, 0x1ff00000), SFI_ERR_NACK, "stream",
                          "refused", "1 bytes", "0x1ff00000");
    ck_assert_fails_about(sfi_target_erase(t, sectors, 1), SFI_ERR_RANGE, "",
                          "sector 16", "0 to 15");
}
END_TEST

/* ---- option bytes ---- */

START_TEST(test_option_bytes)
{
    ck_assert_uint_eq(field("RDP"), 0xaa);
    ck_assert_uint_eq(field("BOOT_CM7_ADD1"), 0x1ff0);
    ck_assert_ok(set("BOR_LEV", 2, "BOOT_CM7_ADD0", 0x0810));
    ck_assert_uint_eq(field("BOR_LEV"), 2);
    ck_assert_uint_eq(field("BOOT_CM7_ADD0"), 0x0810);
    ck_assert_uint_eq(field("BOOT_CM7_ADD1"), 0x1ff0);
    ck_assert_uint_eq(board.sim->options[0], 0x1bc6aaf8);
    /* the first and the last register of bank 1 */
    ck_assert_ok(set("IWDG1_SW", 0, "BOOT_CM7_ADD1", 0x1ff1));
    ck_assert_uint_eq(field("IWDG1_SW"), 0);
    ck_assert_uint_eq(field("BOOT_CM7_ADD1"), 0x1ff1);
    ck_assert_uint_eq(field("BOR_LEV"), 2);
    ck_assert_uint_eq(field("nWRP15"), 1);
}
END_TEST

/* Whatever way the bootloader takes an option write, the chip gets what was
 * asked for: each field with 0xcc, which in the place of RDP is for ever. */
static const struct {
    enum sim_option_rule rule;
    const char *name;
    uint32_t value;
} rules[] = {
    {SIM_OPTIONS_STRICT, "BOOT_CM7_ADD0", 0xcccc},
    {SIM_OPTIONS_OPENBL, "BOOT_CM7_ADD0", 0xcccc},
    {SIM_OPTIONS_LENIENT, "BOOT_CM7_ADD0", 0xcccc},
    {SIM_OPTIONS_STRICT, "BOR_LEV", 3},
    {SIM_OPTIONS_OPENBL, "BOR_LEV", 3},
    {SIM_OPTIONS_LENIENT, "BOR_LEV", 3},
};

static const char *const l462_names[] = {"WRP1A_STRT", "WRP1B_END", "BOR_LEV"};

START_TEST(test_option_rules)
{
    board.sim->habits.options = rules[_i].rule;
    ck_assert_ok(set(rules[_i].name, rules[_i].value, NULL, 0));
    ck_assert_uint_eq(field(rules[_i].name), rules[_i].value);
    ck_assert_uint_eq(field("RDP"), 0xaa);
    ck_assert_uint_eq(field("nWRP0"), 1);
    ck_assert_uint_eq(field("nWRP15"), 1);
    ck_assert_ok(sfi_target_activate_security(t));
}
END_TEST

START_TEST(test_option_rules_l462)
{
    for (size_t i = 0; i < ROWS(l462_names); i++) {
        uint32_t value = strcmp(l462_names[i], "BOR_LEV") == 0 ? 4 : 0xcc;

        board.sim->habits.options = rules[_i].rule;
        ck_assert_ok(set(l462_names[i], value, NULL, 0));
        ck_assert_uint_eq(field(l462_names[i]), value);
        ck_assert_uint_eq(field("RDP"), 0xaa);
    }
    ck_assert_uint_eq(field("PCROP1_STRT"), 0xffff);
    ck_assert_uint_eq(field("WRP1B_STRT"), 0xff);
}
END_TEST

/* One request begins at the start of the area, and over USART does not reach
 * the registers of bank 2. */
START_TEST(test_option_beyond)
{
    ck_assert_fails(set("nWRP12", 0, NULL, 0), SFI_ERR_UNSUPPORTED, "",
                    "option byte FWPSN_PRG_B cannot be written safely over "
                    "USART: it is 288 bytes into the option bytes, and 88 are "
                    "written in one request; use another link");
    ck_assert_uint_eq(board.sim->store.options[6], 0xff);
    board.sim->habits.option_area = 88;
    ck_assert_ok(set("nWRP3", 0, NULL, 0));
    ck_assert_uint_eq(field("nWRP3"), 0);
}
END_TEST

/* An H743: SECURITY reads back as 0.  It is said at once. */
START_TEST(test_no_security)
{
    board.sim->habits.no_security = true;
    ck_assert_fails(sfi_target_activate_security(t), SFI_ERR_DEVICE, "stream",
                    "SECURITY reads back as 0 after it was set, so this chip "
                    "has no secure bootloader: it is not an stm32h753xi but "
                    "another part with the device id 0x450 (STM32H742, H743, "
                    "H745, H747 or H750)");
    ck_assert_uint_lt(script_now, 1000);
    ck_assert_fails_about(set("SECURITY", 1, NULL, 0), SFI_ERR_DEVICE, "stream",
                          "SECURITY", "0x450");
    ck_assert_uint_eq(board.sim->store.options[0], 0x1bc6aaf0);
    ck_assert_ok(sfi_target_write(t, BASE, data, 32));
}
END_TEST

/* Level 2 only by that very request, not by a word that was read so. */
START_TEST(test_level_2_not_asked)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ob->values[0] = (ob->values[0] & ~0xff00u) | 0xcc00u;
    ck_assert_ok(sfi_option_bytes_set(ob, "BOR_LEV", 3));
    ck_assert_fails(sfi_target_write_option_bytes(t, ob), SFI_ERR_PROTECTED,
                    "stream",
                    "FOPTSR_PRG 0x1bc6ccfc is readout protection level 2, "
                    "which is permanent and was not asked for");
    ck_assert_uint_eq(board.sim->store.options[0], 0x1bc6aaf0);
    sfi_option_bytes_free(ob);
}
END_TEST

/* All fields in one command, as the number of flash operations shows. */
START_TEST(test_one_commit)
{
    uint64_t before = sfi_sim_flash_ops(board.sim);
    uint64_t resets = sfi_sim_resets(board.sim);

    ck_assert_ok(set("RDP", 0xaa, "BOR_LEV", 0)); /* as they are */
    ck_assert_uint_eq(sfi_sim_flash_ops(board.sim), before);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets);
    ck_assert_ok(set("BOR_LEV", 1, "nWRP3", 0));
    ck_assert_uint_eq(sfi_sim_flash_ops(board.sim), before + 1);
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
}
END_TEST

START_TEST(test_write_protection)
{
    uint32_t sectors[] = {2, 3};

    ck_assert_ok(sfi_target_write(t, BASE + 2 * SECTOR, data, 32));
    ck_assert_ok(set("nWRP3", 0, NULL, 0));
    ck_assert_ok(sfi_sim_set_option(board.sim, "FWPSN_PRG_B", 0xef));
    ck_assert_ok(set("BOR_LEV", 1, NULL, 0));
    ck_assert_uint_eq(field("nWRP12"), 0);
    ck_assert_fails_about(sfi_target_erase(t, sectors, 2), SFI_ERR_PROTECTED,
                          "stream", "sector 3", "0x08060000", "FWPSN_PRG_A");
    ck_assert(!is_erased(BASE + 2 * SECTOR, 32));
    ck_assert_fails_about(sfi_target_write(t, BASE + 12 * SECTOR, data, 32),
                          SFI_ERR_PROTECTED, "stream", "sector 12",
                          "0x08180000", "FWPSN_PRG_B");
    ck_assert_fails_about(sfi_target_erase_all(t), SFI_ERR_PROTECTED, "stream",
                          "sector 3", "0x08060000", "FWPSN_PRG_A");
    ck_assert_ok(set("nWRP3", 1, NULL, 0));
    ck_assert_ok(sfi_target_erase(t, sectors, 2));
    ck_assert(is_erased(BASE + 2 * SECTOR, 32));
}
END_TEST

/* Set, then named in every refusal, then removed with the content of the flash.
 */
START_TEST(test_readout_protection)
{
    sfi_option_bytes *ob;
    uint32_t sectors[] = {0};

    ck_assert_ok(sfi_target_write(t, BASE, data, 64));
    ck_assert_ok(set("RDP", 0xbb, NULL, 0));
    ck_assert_fails(sfi_target_read(t, BASE, back, 64), SFI_ERR_PROTECTED,
                    "stream", RDP_ON);
    ck_assert_fails(sfi_target_write(t, BASE, data, 64), SFI_ERR_PROTECTED,
                    "stream", RDP_ON);
    ck_assert_fails(sfi_target_erase(t, sectors, 1), SFI_ERR_PROTECTED,
                    "stream", RDP_ON);
    ck_assert_fails(sfi_target_erase_all(t), SFI_ERR_PROTECTED, "stream",
                    RDP_ON);
    ck_assert_fails(sfi_target_go(t, BASE), SFI_ERR_PROTECTED, "stream",
                    RDP_ON);
    ck_assert_fails(sfi_target_read_option_bytes(t, &ob), SFI_ERR_PROTECTED,
                    "stream", RDP_ON);
    ck_assert_ptr_null(ob);
    ck_assert(!is_erased(BASE, 64));
    ck_assert_ok(sfi_target_readout_unprotect(t));
    ck_assert(is_erased(BASE, 64));
    ck_assert_uint_eq(field("RDP"), 0xaa);
    /* not protected: nothing is erased */
    ck_assert_ok(sfi_target_write(t, BASE, data, 64));
    ck_assert_ok(sfi_target_readout_unprotect(t));
    ck_assert(!is_erased(BASE, 64));
}
END_TEST

START_TEST(test_level_2)
{
    ck_assert_ok(set("RDP", 0xcc, NULL, 0));
    ck_assert_fails(sfi_target_readout_unprotect(t), SFI_ERR_PROTECTED,
                    "stream",
                    "the bootloader does not remove readout protection: level "
                    "2 is permanent");
}
END_TEST

/* SECURITY turns the chip into a secure one, which reveals nothing. */
START_TEST(test_secure)
{
    static const char *const message =
        "the chip runs its secure bootloader, ... open one";
    sfi_option_bytes *ob, *none;
    uint32_t sectors[] = {0};

    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ck_assert_ok(sfi_option_bytes_set(ob, "SECURITY", 1));
    ck_assert_ok(sfi_target_write_option_bytes(t, ob));
    ck_assert_fails(sfi_target_write_option_bytes(t, ob), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_read_option_bytes(t, &none), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_read(t, BASE, back, 4), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_write(t, BASE, data, 32), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_erase(t, sectors, 1), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_readout_unprotect(t), SFI_ERR_STATE, "",
                    message);
    sfi_option_bytes_free(ob);
}
END_TEST

/* The power fails for a moment while they are programmed: written again. */
START_TEST(test_option_bytes_cut)
{
    sfi_option_bytes *ob;

    ck_assert_ok(sfi_target_read_option_bytes(t, &ob));
    ck_assert_ok(sfi_option_bytes_set(ob, "BOR_LEV", 3));
    sfi_sim_power_cut_after(board.sim, 0);
    person_at = script_now + 500;
    ck_assert_ok(sfi_target_write_option_bytes(t, ob));
    ck_assert_uint_eq(field("BOR_LEV"), 3);
    sfi_option_bytes_free(ob);
}
END_TEST

START_TEST(test_arguments)
{
    sfi_option_bytes *l4;
    static const char csv[] = "FLASH_OPTR,FBEFF8BB\nPCROP1SR,FFFFFFFF\n"
                              "PCROP1ER,0\nWRP1AR,FF00FFFF\nWRP1BR,FF00FFFE\n";

    ck_assert_int_eq(sfi_target_read_option_bytes(t, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_write_option_bytes(t, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_readout_unprotect(NULL), SFI_ERR_ARGUMENT);
    ck_assert_ok(sfi_option_bytes_parse(ctx, sfi_chip_find("stm32l462ce"), csv,
                                        strlen(csv), &l4));
    ck_assert_fails(sfi_target_write_option_bytes(t, l4), SFI_ERR_CHIP_RULE, "",
                    "the option bytes are for stm32l462ce, the chip is "
                    "stm32h753xi");
    sfi_option_bytes_free(l4);
}
END_TEST

/* ---- what is in a chip ---- */

static void
inspect(uint32_t state, const char *text)
{
    sfi_target_contents c = {.struct_size = sizeof(c)};

    ck_assert_ok(sfi_target_inspect(t, &c));
    ck_assert_uint_eq(c.state, state);
    ck_assert_str_eq(c.text, text);
    ck_assert_uint_eq(c.has_options,
                      state != SFI_TARGET_OPEN && state != SFI_TARGET_SECURE);
    ck_assert_uint_eq(c.has_vectors, state == SFI_TARGET_PROGRAMMED);
    ck_assert_uint_eq(c.stack, c.has_vectors != 0          ? 0x24080000u
                               : state == SFI_TARGET_EMPTY ? UINT32_MAX
                                                           : 0);
    ck_assert_uint_eq(c.entry, c.has_vectors != 0          ? 0x08000401u
                               : state == SFI_TARGET_EMPTY ? UINT32_MAX
                                                           : 0);
    ck_assert_uint_eq(strlen(c.device_id), state == SFI_TARGET_SECURE ? 64 : 0);
    ck_assert_uint_eq(c.has_image, 0);
}

START_TEST(test_inspect)
{
    static const uint8_t vectors[32] = {0x00, 0x00, 0x08, 0x24,
                                        0x01, 0x04, 0x00, 0x08};
    sfi_target_contents c = {.struct_size = 3};

    inspect(SFI_TARGET_EMPTY, "open, empty");
    ck_assert_ok(sfi_target_write(t, BASE, vectors, sizeof(vectors)));
    inspect(SFI_TARGET_PROGRAMMED, "open, has a program");
    ck_assert_ok(set("RDP", 0xbb, NULL, 0));
    inspect(SFI_TARGET_OPEN, "open");
    ck_assert_ok(sfi_target_readout_unprotect(t));
    inspect(SFI_TARGET_EMPTY, "open, empty");
    ck_assert_ok(sfi_target_activate_security(t));
    inspect(SFI_TARGET_SECURE, "secure, empty");
    ck_assert_int_eq(sfi_target_inspect(t, &c), SFI_ERR_ABI);
    ck_assert_int_eq(sfi_target_inspect(t, NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_inspect(NULL, &c), SFI_ERR_ARGUMENT);
}
END_TEST

static void
watch_read(void *user, const sfi_progress *p)
{
    size_t *reports = user;

    ck_assert_uint_eq(p->phase, SFI_PHASE_READ);
    ck_assert_uint_eq(p->total, 9000);
    ++*reports;
}

START_TEST(test_read_firmware)
{
    const uint8_t *read;
    size_t reports = 0;
    sfi_firmware *fw;
    uint64_t address;
    size_t len;

    ck_assert_ok(sfi_target_write(t, BASE + 8192, data, 32));
    ck_assert_ok(sfi_target_set_progress(t, watch_read, &reports));
    ck_assert_ok(sfi_target_read_firmware(t, BASE + 3, 9000, &fw));
    ck_assert_uint_eq(reports, 3); /* a chunk each */
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
    ck_assert_ok(sfi_firmware_segment(fw, 0, &address, &read, &len));
    ck_assert_uint_eq(address, BASE + 3);
    ck_assert_uint_eq(len, 9000);
    ck_assert_mem_eq(read + 8192 - 3, data, 32);
    ck_assert_ok(sfi_target_set_progress(t, NULL, NULL));
    ck_assert_ok(sfi_target_verify(t, fw));
    sfi_firmware_free(fw);
    ck_assert_fails(sfi_target_read_firmware(t, BASE, 0, &fw), SFI_ERR_LIMIT,
                    "", "0 bytes, expected 1 to 256 MiB");
    ck_assert_ptr_null(fw);
    ck_assert_int_eq(sfi_target_read_firmware(t, 0xfffffff0, 17, &fw),
                     SFI_ERR_RANGE);
    ck_assert_int_eq(sfi_target_read_firmware(t, BASE, UINT64_MAX, &fw),
                     SFI_ERR_LIMIT);
    ck_assert_int_eq(sfi_target_read_firmware(t, 0x30000000, 4, &fw),
                     SFI_ERR_NACK);
    ck_assert_int_eq(sfi_target_read_firmware(t, BASE, 1, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_read_firmware(NULL, BASE, 1, &fw),
                     SFI_ERR_ARGUMENT);
}
END_TEST

/* The mass erase of a part that takes its time: told ten times a second, and
 * cancelled from there. */
static struct {
    size_t reports, cancel_at;
    uint64_t done;
} erasing;

static void
watch_erase(void *user, const sfi_progress *p)
{
    (void)user;
    ck_assert_uint_eq(p->phase, SFI_PHASE_ERASE);
    ck_assert_uint_eq(p->total, 16 * SECTOR);
    ck_assert(erasing.reports == 0 ? p->done == 0 : p->done > erasing.done);
    erasing.done = p->done;
    if (++erasing.reports == erasing.cancel_at)
        sfi_target_cancel(t, 1);
}

START_TEST(test_erase_progress)
{
    ck_assert_ok(sfi_target_set_progress(t, watch_erase, NULL));
    is_silent = true;
    erasing.cancel_at = 30;
    ck_assert_fails(sfi_target_erase_all(t), SFI_ERR_CANCELLED, "",
                    "cancelled");
    ck_assert_uint_eq(erasing.reports, 30);
    ck_assert_uint_ge(script_now, 2900);
    ck_assert_uint_le(script_now, 3200);
    ck_assert_uint_ge(erasing.done, 16 * SECTOR / 10);
    sfi_target_cancel(t, 0);
    erasing.reports = 0;
    erasing.cancel_at = 0;
    ck_assert_fails_about(sfi_target_erase_all(t), SFI_ERR_TIMEOUT, "stream",
                          "no answer to Extended Erase");
    ck_assert_uint_gt(erasing.reports, 100);
    is_silent = false;
    erasing.reports = 0;
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_uint_eq(erasing.done, 16 * SECTOR);
}
END_TEST

/* ---- L462: pages, ranges, and a reset with each write of option bytes ---- */

START_TEST(test_l462)
{
    uint32_t pages[100];

    for (uint32_t i = 0; i < 100; i++)
        pages[i] = i + 2;
    ck_assert_ok(sfi_target_write(t, 0x08001008, data, 1000));
    ck_assert_ok(sfi_target_read(t, 0x08001008, back, 1000));
    ck_assert_mem_eq(back, data, 1000);
    ck_assert_ok(sfi_target_write(t, 0x08001000 + 99 * 2048, data, 8));
    ck_assert_ok(sfi_target_erase(t, pages, 100));
    ck_assert(is_erased(0x08001008, 1000));
    ck_assert(is_erased(0x08001000 + 99 * 2048, 8));
    ck_assert_ok(set("WRP1B_STRT", 16, "WRP1B_END", 20));
    ck_assert_uint_eq(field("WRP1B_END"), 20);
    ck_assert_fails_about(sfi_target_erase(t, pages, 100), SFI_ERR_PROTECTED,
                          "stream", "sector 16", "0x08008000", "WRP1BR");
    ck_assert_ok(sfi_target_erase(t, pages, 14));
    ck_assert_ok(set("RDP", 0, NULL, 0));
    ck_assert_fails(sfi_target_read(t, 0x08001000, back, 8), SFI_ERR_PROTECTED,
                    "stream", RDP_ON);
    ck_assert_ok(sfi_target_readout_unprotect(t));
    ck_assert_uint_eq(field("RDP"), 0xaa);
}
END_TEST

/* nSWBOOT0 clear and nBOOT0 set: it starts its firmware. */
START_TEST(test_boots_no_more)
{
    ck_assert_fails(set("nSWBOOT0", 0, NULL, 0), SFI_ERR_TIMEOUT, "stream",
                    "the option bytes were written, and the chip has not "
                    "answered since: power-cycle the chip; does it still boot "
                    "its bootloader");
}
END_TEST

/* AN2606, V9.2: refused before anything is written. */
START_TEST(test_l462_pcrop)
{
    t->boot.loader = sfi__chip_bootloader(t->chip, 0x92);
    t->boot.quirks = t->boot.loader->quirks;
    ck_assert_fails(set("PCROP1_STRT", 5, "BOR_LEV", 2), SFI_ERR_UNSUPPORTED,
                    "",
                    "bootloader V9.2 of the chip cannot write option byte "
                    "PCROP1SR; a debugger can");
    ck_assert_uint_eq(field("BOR_LEV"), 0);
    ck_assert_ok(set("BOR_LEV", 2, NULL, 0));
}
END_TEST

static char told[1024];

static void
keep_log(void *user, int level, const char *line)
{
    (void)user;
    if (level == SFI_LOG_WARNING)
        sfi__text_format(told, sizeof(told), "%s", line);
}

/* qa-community 71929: it hangs after the option launch, and a reset line does
 * not help. */
static const struct {
    const char *name;
    uint32_t value;
    bool has_reset;
} hangs[] = {
    {"BOR_LEV", 2, true},
    {"BOR_LEV", 2, false},
    {"RDP", 0xbb, true},
};

START_TEST(test_l462_hangs)
{
    ctx->log = keep_log;
    ctx->log_level = SFI_LOG_WARNING;
    told[0] = '\0';
    board.sim->habits.launch_hangs = true;
    has_reset = hangs[_i].has_reset;
    person_at = 20000;
    ck_assert_ok(set(hangs[_i].name, hangs[_i].value, NULL, 0));
    ck_assert_ptr_nonnull(strstr(told, "power-cycle the chip now"));
    ck_assert_uint_eq(person_at, 0);
    if (strcmp(hangs[_i].name, "RDP") != 0)
        return;
    /* and so does its removal */
    person_at = script_now + 20000;
    told[0] = '\0';
    ck_assert_ok(sfi_target_readout_unprotect(t));
    ck_assert_ptr_nonnull(strstr(told, "power-cycle the chip now"));
    ck_assert_uint_eq(field("RDP"), 0xaa);
}
END_TEST

START_TEST(test_l462_hangs_alone)
{
    board.sim->habits.launch_hangs = true;
    ck_assert_fails_about(set("BOR_LEV", 2, NULL, 0), SFI_ERR_TIMEOUT, "stream",
                          "power-cycle the chip");
    ck_assert_uint_le(script_now, 60000);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_uint_eq(board.sim->options[0] >> 8 & 7, 2);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("target_plain");
    TCase *tc = tcase_create("h753");

    tcase_add_checked_fixture(tc, setup_h753, teardown);
    tcase_add_test(tc, test_memory);
    tcase_add_test(tc, test_refusals);
    tcase_add_test(tc, test_option_bytes);
    tcase_add_loop_test(tc, test_option_rules, 0, ROWS(rules));
    tcase_add_test(tc, test_option_beyond);
    tcase_add_test(tc, test_level_2_not_asked);
    tcase_add_test(tc, test_no_security);
    tcase_add_test(tc, test_one_commit);
    tcase_add_test(tc, test_write_protection);
    tcase_add_test(tc, test_readout_protection);
    tcase_add_test(tc, test_level_2);
    tcase_add_test(tc, test_secure);
    tcase_add_test(tc, test_option_bytes_cut);
    tcase_add_test(tc, test_erase_progress);
    tcase_add_test(tc, test_inspect);
    tcase_add_test(tc, test_read_firmware);
    tcase_add_test(tc, test_arguments);
    suite_add_tcase(s, tc);
    tc = tcase_create("l462");
    tcase_add_checked_fixture(tc, setup_l462, teardown);
    tcase_add_test(tc, test_l462);
    tcase_add_loop_test(tc, test_option_rules_l462, 0, 3);
    tcase_add_test(tc, test_boots_no_more);
    tcase_add_test(tc, test_l462_pcrop);
    tcase_add_loop_test(tc, test_l462_hangs, 0, ROWS(hangs));
    tcase_add_test(tc, test_l462_hangs_alone);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
