/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Bootloader sessions, byte for byte against a scripted bus: finding the chip,
 * the open bootloader's memory, and the way to the secure one. */
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"

#include <link/target_frames.h>

/* ---- connect ---- */

#define GET_13 "> 00 ff < 79 0d 90 00 01 02 11 21 31 44 63 73 82 92 79\n"
#define SHORT_GET "> 00 ff < 79 09 90 00 01 02 11 21 31 44 79\n"

static const struct {
    const char *name, *text;
    uint32_t device_id, secure;
} good[] = {
    {"open H7", OPEN_H7, 0x450, 0},
    {"secure H7", SECURE_H7, 0x450, 1},
    {"secure L4", SYNC GET_SECURE ID_L4 GET_SECURE ID_L4, 0x462, 1},
    {"in sync already", RESYNC WHO_OPEN, 0x450, 0},
    {"two NACKs", "> 7f < 1f 1f\n" WHO_OPEN, 0x450, 0},
    {"silence at first", "> 7f > 7f < 79\n" WHO_OPEN, 0x450, 0},
    /* an ACK counts when it is the whole answer */
    {"garbage at first", "> 7f < 00 ff 5a 79 > 7f < 1f\n" WHO_OPEN, 0x450, 0},
    {"the rest of an old answer",
     "> 7f < 31 00 01 79 00 01 00 79 > 7f < 1f 1f\n" WHO_OPEN, 0x450, 0},
    {"more behind the ACK", "> 7f < 79 79 > 7f < 1f\n" WHO_OPEN, 0x450, 0},
    /* AN2606: V9.0 announces two commands that do not come */
    {"Get is short", SYNC SHORT_GET ID_H7 SHORT_GET ID_H7 LOADER("90"), 0x450,
     0},
    {"Get announces 13 and lists 11",
     SYNC GET_13 ID_H7 GET_13 ID_H7 LOADER("90"), 0x450, 0},
    {"Get is refused once", SYNC "> 00 ff < 1f\n" RESYNC WHO_OPEN, 0x450, 0},
    {"Get is damaged", SYNC "> 00 ff < 79 07 31 00 01 79 02\n" RESYNC WHO_OPEN,
     0x450, 0},
    {"no answer to Get ID, device mid-frame",
     SYNC GET_OPEN
     "> 02 fd > 7f < 1f > 02 fd < 79 01 04 50 79\n" GET_OPEN ID_H7 LOADER("92"),
     0x450, 0},
    {"Get ID is damaged",
     SYNC GET_OPEN
     "> 02 fd < 79 11 04 50 79\n" RESYNC ID_H7 GET_OPEN ID_H7 LOADER("92"),
     0x450, 0},
    /* a device that never gives up on a half frame: 0x7f ends it, and one byte
     * that makes sure that the frame is bad */
    {"stuck in a frame",
     "> 7f > 7f > 7f > 7f ff > 7f*100 < 1f > 7f < 1f\n" WHO_OPEN, 0x450, 0},
    /* no checksum: two answers in a row must agree */
    {"Get ID is changed", SYNC GET_OPEN "> 02 fd < 79 01 14 50 79\n" WHO_OPEN,
     0x450, 0},
    {"Get is changed",
     SYNC "> 00 ff < 79 05 31 00 01 02 40 51 79\n" ID_H7 WHO_SECURE, 0x450, 1},
};

START_TEST(test_connect)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    uint32_t id = 0;

    script_open(&bus, good[_i].text, &tp);
    bus.reset_st = SFI_ERR_UNSUPPORTED;
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    script_done(&bus);
    ck_assert_ok(sfi_target_get_id(t, &id));
    ck_assert_uint_eq(id, good[_i].device_id);
    ck_assert_uint_eq(sfi_chip_device_id(sfi_target_chip(t)), id);
    ck_assert_uint_eq(t->secure, good[_i].secure);
    ck_assert_uint_lt(script_now, 6000);
    if (good[_i].secure)
        return;
    script_then(&bus, READ_RDP);
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.device_id, id);
    ck_assert_uint_eq(info.secure, 0);
    ck_assert_uint_eq(info.flash_size, 2u << 20);
    ck_assert_uint_eq(info.readout, SFI_READOUT_LEVEL_0);
}
END_TEST

/* AN2606: the ID decides what the host does; without it nothing is assumed. */
static const struct {
    const char *text, *name;
    uint32_t id, quirks;
} loaders[] = {
    {LOADER("92"), "V9.2", 0x92, CHIP_QUIRK_GO_STACK},
    {LOADER("91"), "V9.1", 0x91,
     CHIP_QUIRK_EARLY_ERASE_ACK | CHIP_QUIRK_GO_STACK},
    {LOADER("d2"), "V13.2", 0xd2, CHIP_QUIRK_GO_FAILS},
    {LOADER("42"), NULL, 0x42, 0},
    {LOADER_ONCE("92") LOADER("91"), "V9.1", 0x91,
     CHIP_QUIRK_EARLY_ERASE_ACK | CHIP_QUIRK_GO_STACK},
    {"> 11 ee < 1f\n" RESYNC "> 11 ee < 1f\n" RESYNC "> 11 ee < 1f\n" RESYNC
     "> 11 ee < 1f\n",
     NULL, 0, 0},
};

START_TEST(test_loader)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    char text[1000];

    sfi__text_format(text, sizeof(text), "%s%s",
                     SYNC GET_OPEN ID_H7 GET_OPEN ID_H7, loaders[_i].text);
    ck_assert_ok(connect_to(text, NULL, 0));
    script_done(&bus);
    script_then(&bus, READ_RDP);
    ck_assert_ok(sfi_target_get_info(t, &info));
    ck_assert_uint_eq(info.bootloader_id, loaders[_i].id);
    ck_assert_uint_eq(t->boot.quirks, loaders[_i].quirks);
    if (loaders[_i].name == NULL)
        ck_assert_ptr_null(info.bootloader_name);
    else
        ck_assert_str_eq(info.bootloader_name, loaders[_i].name);
}
END_TEST

/* one byte at a time, only once */
#define FILL "> 7f > 7f > 7f > 7f ff > 7f*256\n"
#define ROUND "> 7f > 7f > 7f\n"
#define TWO_PARTS GET_OPEN ID_H7 GET_OPEN ID_L4

static const struct {
    const char *name, *text, *chip;
    sfi_status st;
    const char *message;
    uint64_t ms_max;
} bad[] = {
    {"silence", FILL ROUND ROUND, NULL, SFI_ERR_TIMEOUT,
     "no answer to 0x7f within 5000 ms; is the chip powered, and in its "
     "bootloader (BOOT0; with PB15 low an H7 answers on USB only)",
     5500},
    {"garbage once", "> 7f < 00 > 7f > 7f > 7f > 7f ff > 7f*256\n" ROUND ROUND,
     NULL, SFI_ERR_PROTOCOL,
     "only garbage came in answer to 0x7f; is the speed right, and is this a "
     "bootloader",
     6500},
    {"unknown chip",
     SYNC GET_OPEN "> 02 fd < 79 01 04 13 79\n" GET_OPEN
                   "> 02 fd < 79 01 04 13 79\n",
     NULL, SFI_ERR_UNSUPPORTED,
     "the chip's device id is 0x413, which libsfi does not know", 500},
    {"the other chip", SYNC GET_OPEN ID_L4 GET_OPEN ID_L4, "stm32h753xi",
     SFI_ERR_NO_DEVICE,
     "the chip is stm32l462ce (0x462), expected stm32h753xi (0x450)", 500},
    {"Get refused for ever",
     SYNC "> 00 ff < 1f\n" RESYNC "> 00 ff < 1f\n" RESYNC
          "> 00 ff < 1f\n" RESYNC "> 00 ff < 1f\n",
     NULL, SFI_ERR_NACK,
     "0x7f was answered as by a bootloader, Get was not (the bootloader "
     "refused Get): the firmware seems to run; set BOOT0 high and reset the "
     "chip, or name its reset line",
     1000},
    {"Get answered with garbage",
     SYNC "> 00 ff < 42\n" RESYNC "> 00 ff < 42\n" RESYNC
          "> 00 ff < 42\n" RESYNC "> 00 ff < 42\n",
     NULL, SFI_ERR_PROTOCOL,
     "0x7f was ... (the answer to Get is 0x42, expected 0x79 or 0x1f): the ...",
     1000},
    {"Get malformed",
     SYNC "> 00 ff < 79 01 31 00 1f\n" RESYNC
          "> 00 ff < 79 01 31 00 1f\n" RESYNC
          "> 00 ff < 79 01 31 00 1f\n" RESYNC "> 00 ff < 79 01 31 00 1f\n",
     NULL, SFI_ERR_PROTOCOL,
     "0x7f was ... (the answer to Get is 3 bytes of 3, ...", 1000},
    {"Get ID differs each time", SYNC TWO_PARTS TWO_PARTS TWO_PARTS TWO_PARTS,
     NULL, SFI_ERR_PROTOCOL,
     "replies to Get and Get ID differ each time; the link is unreliable", 500},
    {"dies after the first answer",
     SYNC "> 00 ff > 7f > 7f ff > 7f*1025 > 7f > 7f\n", NULL, SFI_ERR_TIMEOUT,
     "0x7f was ... (the chip stopped answering during Get): the ...", 8000},
};

START_TEST(test_connect_fails)
{
    const sfi_chip *chip = sfi_chip_find(bad[_i].chip);

    script_open(&bus, bad[_i].text, &tp);
    bus.reset_st = SFI_ERR_UNSUPPORTED;
    ck_assert_fails(sfi_target_connect(ctx, chip, tp, 0, &t), bad[_i].st,
                    bad[_i].st == SFI_ERR_UNSUPPORTED ? "" : "stream",
                    bad[_i].message);
    ck_assert_ptr_null(t);
    ck_assert_uint_le(script_now, bad[_i].ms_max);
}
END_TEST

START_TEST(test_connect_patience)
{
    ck_assert_fails_about(connect_to("> 7f > 7f", NULL, 400), SFI_ERR_TIMEOUT,
                          "stream", "0x7f", "400 ms", "BOOT0");
    ck_assert_uint_eq(script_now, 400);
}
END_TEST

START_TEST(test_connect_link_fails)
{
    script_open(&bus, "> 7f", &tp);
    bus.broken_st = SFI_ERR_NO_DEVICE;
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 0, &t),
                          SFI_ERR_NO_DEVICE, "stream", "read of the link",
                          "no such device");
    script_then(&bus, "> 7f < 79 > 00 ff");
    bus.broken_st = 5;
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 0, &t),
                          SFI_ERR_CALLBACK, "stream", "read of the link",
                          "returned 5");
}
END_TEST

/* A byte every 40 ms, for ever. */
static sfi_status
trickle(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    (void)len;
    if (timeout_ms < 40)
        return SFI_ERR_TIMEOUT;
    script_now += 40;
    *buf = *(const uint8_t *)user;
    *got = 1;
    return SFI_OK;
}

static sfi_status
swallow(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    (void)buf;
    (void)len;
    (void)timeout_ms;
    return SFI_OK;
}

/* A connect ends soon after its time whatever trickles in. */
START_TEST(test_connect_trickle)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops), .read = trickle, .write = swallow};
    static const uint8_t bytes[] = {0x79, 0x1f, 0x00};

    for (size_t i = 0; i < ROWS(bytes); i++) {
        uint8_t byte = bytes[i];

        script_now = 0;
        ctx->clock = &script_clock;
        ck_assert_ok(sfi_transport_open_stream(ctx, &ops, &byte, &tp));
        ck_assert_fails(sfi_target_connect(ctx, NULL, tp, 3000, &t),
                        SFI_ERR_PROTOCOL, "stream",
                        "the chip sends what nobody asked for: its firmware "
                        "seems to run, not its bootloader; set BOOT0 high and "
                        "reset the chip, or name its reset line");
        ck_assert_uint_le(script_now, 3000 + 1250 + 1100 + 1000);
        sfi_transport_free(tp);
        tp = NULL;
    }
}
END_TEST

START_TEST(test_connect_arguments)
{
    sfi_ctx *other;

    script_open(&bus, "", &tp);
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 0, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_int_eq(sfi_target_connect(ctx, NULL, NULL, 0, &t),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_target_connect(NULL, NULL, tp, 0, &t),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_ctx_new(NULL, &other), SFI_OK);
    ck_assert_int_eq(sfi_target_connect(other, NULL, tp, 0, &t),
                     SFI_ERR_ARGUMENT);
    sfi_ctx_free(other);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi_target_connect(ctx, NULL, tp, 0, &t), SFI_ERR_NOMEM);
}
END_TEST

/* ---- memory ---- */

START_TEST(test_read_blocks)
{
    uint8_t data[258];

    begin(OPEN_H7, "> 11 ee < 79 > 08 00 00 00 08 < 79 > ff 00 < 79 5a*256\n"
                   "> 11 ee < 79 > 08 00 01 00 09 < 79 > 01 fe < 79 a5 a6\n");
    ck_assert_ok(sfi_target_read(t, 0x08000000, data, sizeof(data)));
    script_done(&bus);
    ck_assert_uint_eq(data[255], 0x5a);
    ck_assert_uint_eq(data[256], 0xa5);
    ck_assert_uint_eq(data[257], 0xa6);
    ck_assert_ok(sfi_target_read(t, 0x08000000, NULL, 0));
}
END_TEST

START_TEST(test_write_blocks)
{
    uint8_t data[264];

    sfi__fill(data, 0x11, sizeof(data));
    begin(OPEN_H7, "> 31 ce < 79 > 24 00 50 00 74 < 79 > ff 11*256 ff < 79\n"
                   "> 31 ce < 79 > 24 00 51 00 75 < 79 > 07 11*8 07 < 79\n");
    ck_assert_ok(sfi_target_write(t, 0x24005000, data, sizeof(data)));
    script_done(&bus);
}
END_TEST

static const struct {
    uint64_t address;
    size_t len;
    sfi_status st;
    const char *message;
} ranges[] = {
    {0x08000010, 32, SFI_ERR_CHIP_RULE,
     "32 bytes at 0x08000010, expected multiples of 32"},
    {0x08000020, 16, SFI_ERR_CHIP_RULE,
     "16 bytes at 0x08000020, expected multiples of 32"},
    {0x24005004, 8, SFI_ERR_CHIP_RULE,
     "8 bytes at 0x24005004, expected multiples of 8"},
    {0x24005000, 4, SFI_ERR_CHIP_RULE,
     "4 bytes at 0x24005000, expected multiples of 8"},
    {0x100000000, 8, SFI_ERR_RANGE,
     "8 bytes at 0x100000000 end outside the chip's 32-bit addresses"},
    {0xfffffff8, 16, SFI_ERR_RANGE,
     "16 bytes at 0xfffffff8 end outside the chip's 32-bit addresses"},
};

START_TEST(test_write_ranges)
{
    static const uint8_t data[64];

    begin(OPEN_H7, "");
    ck_assert_fails(
        sfi_target_write(t, ranges[_i].address, data, ranges[_i].len),
        ranges[_i].st, "", ranges[_i].message);
}
END_TEST

#define READ_NACK "> 11 ee < 1f 1f\n"
#define READ_NACKS READ_NACK RESYNC READ_NACK RESYNC READ_NACK RESYNC READ_NACK
/* FWPSN_CUR of both banks */
#define READ_WPSN_A(a) \
    "> 11 ee < 79 > 52 00 20 38 4a < 79 > 03 fc < 79 " a " 00 00 00\n"
#define READ_WPSN_B(b) \
    "> 11 ee < 79 > 52 00 21 38 4b < 79 > 03 fc < 79 " b " 00 00 00\n"
/* replies carry no checksum: read until two in a row agree */
#define READ_WPSN(a, b) \
    READ_WPSN_A(a) READ_WPSN_A(a) READ_WPSN_B(b) READ_WPSN_B(b)

/* Readout protection: some answer with two NACKs. */
START_TEST(test_read_refused)
{
    uint8_t data[4];

    begin(OPEN_H7, READ_NACKS);
    ck_assert_fails(sfi_target_read(t, 0x08000000, data, sizeof(data)),
                    SFI_ERR_PROTECTED, "stream",
                    "readout protection is on, so the bootloader neither reads "
                    "nor writes; removing it erases the chip");
    /* the second NACK is not the reply to the next command */
    script_then(&bus, "> 11 ee < 79 > 08 00 00 00 08 < 79\n"
                      "> 03 fc < 79 01 02 03 04\n");
    ck_assert_ok(sfi_target_read(t, 0x08000000, data, sizeof(data)));
    script_done(&bus);
}
END_TEST

#define REFUSED_AS(frames) frames RESYNC frames RESYNC frames RESYNC frames

/* AN3155, 3.4 and 3.6: which part of a command was refused. */
static const struct {
    const char *text;
    enum boot_refused refused;
} refusals[] = {
    {REFUSED_AS("> 11 ee < 1f\n"), BOOT_REFUSED_COMMAND},
    {READ_NACKS, BOOT_REFUSED_COMMAND}, /* by two NACKs */
    {REFUSED_AS("> 11 ee < 79 > 08 00 00 00 08 < 1f\n"), BOOT_REFUSED_ADDRESS},
    {REFUSED_AS("> 11 ee < 79 > 08 00 00 00 08 < 79 > 03 fc < 1f 1f\n"),
     BOOT_REFUSED_DATA},
    {REFUSED_AS("> 11 ee < 79 > 08 00 00 00 08 < 1f\n") "> 11 ee < 79 > 08 00 "
                                                        "00 00 08 < 79 > 03 "
                                                        "fc < 79 01*4",
     BOOT_REFUSED_NOTHING},
};

START_TEST(test_refused)
{
    uint8_t data[4];

    begin(OPEN_H7, refusals[_i].text);
    ck_assert_int_eq(sfi__boot_read(&t->boot, 0x08000000, data, sizeof(data)),
                     SFI_ERR_NACK);
    if (refusals[_i].refused == BOOT_REFUSED_NOTHING)
        ck_assert_ok(sfi__boot_read(&t->boot, 0x08000000, data, sizeof(data)));
    script_done(&bus);
    ck_assert_int_eq(t->boot.refused, refusals[_i].refused);
}
END_TEST

/* With a reset line: one reset, after a round of tries. */
START_TEST(test_connect_resets)
{
    script_open(&bus, ROUND "> 7f < 79\n" WHO_OPEN, &tp);
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 0, &t));
    script_done(&bus);
    ck_assert_uint_eq(bus.resets, 1);
    ck_assert_int_eq(bus.into_boot, 1);
    sfi_target_free(t);
    sfi_transport_free(tp);
    script_open(&bus, ROUND, &tp);
    bus.reset_st = SFI_ERR_NO_DEVICE;
    ck_assert_fails_about(sfi_target_connect(ctx, NULL, tp, 0, &t),
                          SFI_ERR_NO_DEVICE, "stream", "reset");
}
END_TEST

/* An address is refused, while the option bytes can be read. */
START_TEST(test_read_nowhere)
{
    uint8_t data[4];

    begin(OPEN_H7, "> 11 ee < 79 > 00 00 00 00 00 < 1f\n" RESYNC
                   "> 11 ee < 79 > 00 00 00 00 00 < 1f\n" RESYNC
                   "> 11 ee < 79 > 00 00 00 00 00 < 1f\n" RESYNC
                   "> 11 ee < 79 > 00 00 00 00 00 < 1f\n"
                   "> 11 ee < 79 > 52 00 20 1c 6e < 79\n"
                   "> 03 fc < 79 f0 aa c6 1b\n"
                   "> 11 ee < 79 > 52 00 20 1c 6e < 79\n"
                   "> 03 fc < 79 f0 aa c6 1b\n");
    ck_assert_fails(sfi_target_read(t, 0, data, sizeof(data)), SFI_ERR_NACK,
                    "stream",
                    "the bootloader refused 4 bytes at 0x00000000, which are "
                    "not in flash or in RAM that it can access");
    script_done(&bus);
}
END_TEST

/* The last ACK of a write is lost: the host reads back, and does not write
 * twice. */
START_TEST(test_write_lost_ack)
{
    static const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    begin(OPEN_H7, "> 31 ce < 79 > 24 00 50 00 74 < 79\n"
                   "> 07 01 02 03 04 05 06 07 08 0f\n" RESYNC
                   "> 11 ee < 79 > 24 00 50 00 74 < 79\n"
                   "> 07 f8 < 79 01 02 03 04 05 06 07 08\n");
    ck_assert_ok(sfi_target_write(t, 0x24005000, data, sizeof(data)));
    script_done(&bus);
}
END_TEST

/* If it was not written, the host writes again. */
START_TEST(test_write_damaged)
{
    static const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    begin(OPEN_H7, "> 31 ce < 79 > 24 00 50 00 74 < 79\n"
                   "> 07 01 02 03 04 05 06 07 08 0f < 1f\n" RESYNC
                   "> 11 ee < 79 > 24 00 50 00 74 < 79 > 07 f8 < 79 ff*8\n"
                   "> 31 ce < 79 > 24 00 50 00 74 < 79\n"
                   "> 07 01 02 03 04 05 06 07 08 0f < 79\n");
    ck_assert_ok(sfi_target_write(t, 0x24005000, data, sizeof(data)));
    script_done(&bus);
}
END_TEST

/* The stack pointer is looked at first (AN2606, V9.x). */
#define READ_STACK                                     \
    "> 11 ee < 79 > 08 00 00 00 08 < 79 > 03 fc < 79 " \
    "00 00 00 20\n"

START_TEST(test_erase_and_go)
{
    begin(OPEN_H7,
          READ_WPSN("ff",
                    "ff") "> 44 bb < 79 > ff ff 00 < 79\n" READ_STACK READ_STACK
                          "> 21 de < 79 > 08 00 00 00 08 < 79\n");
    ck_assert_ok(sfi_target_erase_all(t));
    ck_assert_ok(sfi_target_go(t, 0x08000000));
    script_done(&bus);
}
END_TEST

/* An H7 takes up to 2.2 s for each sector (ST community 734674), and as long
 * for its mass erase: the wait follows the work. */
static const struct {
    uint32_t count; /* 16: all */
    const char *frame;
    uint64_t ms;
} erases[] = {
    {1, "00 00 00 00 00", 2200},
    {16, "ff ff 00", 16 * 2200},
};

START_TEST(test_erase_is_patient)
{
    static const uint32_t sectors[] = {0};
    char text[1000];
    uint64_t began;

    sfi__text_format(text, sizeof(text),
                     READ_WPSN("ff", "ff") "> 44 bb < 79 > %s\n" RESYNC
                                           "> 44 bb < 79 > %s < 79",
                     erases[_i].frame, erases[_i].frame);
    begin(OPEN_H7, text);
    began = script_now;
    if (erases[_i].count == 16)
        ck_assert_ok(sfi_target_erase_all(t));
    else
        ck_assert_ok(sfi_target_erase(t, sectors, erases[_i].count));
    script_done(&bus);
    ck_assert_uint_ge(script_now - began, erases[_i].ms + 4000);
    ck_assert_uint_lt(script_now - began, erases[_i].ms + 6000);
}
END_TEST

/* A command for each sector that takes seconds; none when one is protected. */
START_TEST(test_erase_sectors)
{
    static const uint32_t sectors[] = {0, 9, 15};
    static const uint32_t far_off[] = {0, 16};

    begin(
        OPEN_H7,
        READ_WPSN("ff", "ff") "> 44 bb < 79 > 00 00 00 00 00 < 79\n"
                              "> 44 bb < 79 > 00 00 00 09 09 < 79\n"
                              "> 44 bb < 79 > 00 00 00 0f 0f < 79\n" READ_WPSN(
                                  "ff", "fd"));
    ck_assert_ok(sfi_target_erase(t, sectors, 3));
    ck_assert_fails(sfi_target_erase(t, sectors, 3), SFI_ERR_PROTECTED,
                    "stream",
                    "sector 9 (0x08120000) is write-protected, see option byte "
                    "FWPSN_PRG_B");
    ck_assert_fails(sfi_target_erase(t, far_off, 2), SFI_ERR_RANGE, "",
                    "sector 16, expected 0 to 15");
    ck_assert_ok(sfi_target_erase(t, NULL, 0));
    ck_assert_int_eq(sfi_target_erase(t, NULL, 1), SFI_ERR_ARGUMENT);
    script_done(&bus);
}
END_TEST

/* A bootloader does not report write protection, so the host checks first. */
START_TEST(test_write_protected)
{
    static const uint8_t data[32];

    begin(OPEN_H7, READ_WPSN("7f", "ff") READ_WPSN("7f", "ff"));
    ck_assert_fails(sfi_target_write(t, 0x080fffe0, data, sizeof(data)),
                    SFI_ERR_PROTECTED, "stream",
                    "sector 7 (0x080e0000) is write-protected, see option byte "
                    "FWPSN_PRG_A");
    ck_assert_fails_about(sfi_target_erase_all(t), SFI_ERR_PROTECTED, "stream",
                          "sector 7", "0x080e0000", "FWPSN_PRG_A");
    script_done(&bus);
}
END_TEST

/* ---- the wrong state ---- */

START_TEST(test_open_has_no_extension)
{
    static const char *message = "the chip runs its open bootloader, expected "
                                 "the secure one: activate security first";
    sfi_license *lic = make_license();
    sfi_certificate *cert;
    uint32_t session = 1;
    uint8_t byte = 0;

    begin(OPEN_H7, "");
    ck_assert_fails(sfi_target_get_session(t, &session), SFI_ERR_STATE, "",
                    message);
    ck_assert_uint_eq(session, 0);
    ck_assert_fails(sfi_target_get_certificate(t, &cert), SFI_ERR_STATE, "",
                    message);
    ck_assert_ptr_null(cert);
    ck_assert_fails(sfi_target_send_license(t, lic), SFI_ERR_STATE, "",
                    message);
    ck_assert_fails(sfi_target_send_image(t, &byte, 1), SFI_ERR_STATE, "",
                    message);
    sfi_license_free(lic);
}
END_TEST

/* ---- security ---- */

static const char activate[] = READ_OPTION WROTE_OPTION SECURE_H7;

START_TEST(test_activate)
{
    begin(OPEN_H7, activate);
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
    ck_assert_uint_eq(bus.resets, 1);
    ck_assert_int_eq(bus.into_boot, 0); /* AN5054 */
    ck_assert(t->secure);
}
END_TEST

/* It resets itself, and is not asked before 0x7f. */
START_TEST(test_activate_at_once)
{
    begin(OPEN_H7, READ_OPTION WRITE_OPTION " < 79\n" SECURE_H7);
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
    ck_assert_uint_eq(bus.resets, 0);
}
END_TEST

/* After three writes the chip still shows something else, which a reset would
 * bring into force: there is none. */
#define READ_OTHER_ONCE                                               \
    READ_BACK_AS(OPTSR " " OPTSR_SECURITY " 00*4 ff 00*3 fe 00*3 "    \
                       "ff 00*3 ff 00*3 ff 00*3 ff 00*3 00 08 f0 1f " \
                       "00 08 f0 1f")
#define WROTE_OTHER \
    WRITE_OPTION " < 79\n" STILL_OPEN READ_OTHER_ONCE READ_OTHER_ONCE
START_TEST(test_activate_not_taken)
{
    begin(OPEN_H7, READ_OPTION WROTE_OTHER WROTE_OTHER WROTE_OTHER STILL_OPEN);
    ck_assert_fails(sfi_target_activate_security(t), SFI_ERR_NACK, "stream",
                    "the chip did not take option byte FPRAR_PRG_A 0x000000ff, "
                    "it is 0x000000fe");
    script_done(&bus);
    ck_assert_uint_eq(bus.resets, 0);
}
END_TEST

/* No reset line: a person cycles the power after a while. */
START_TEST(test_activate_by_hand)
{
    begin(OPEN_H7,
          READ_OPTION WROTE_OPTION STILL_OPEN "> 7f > 7f < 79\n" WHO_SECURE);
    bus.reset_st = SFI_ERR_UNSUPPORTED;
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
    ck_assert(t->secure);
}
END_TEST

START_TEST(test_activate_nobody)
{
    static char text[1u << 16];

    sfi__text_format(text, sizeof(text), "%s%s", READ_OPTION, WROTE_OPTION);
    for (unsigned i = 0; i <= 120; i++) /* every 250 ms */
        sfi__text_format(text + strlen(text), sizeof(text) - strlen(text), "%s",
                         STILL_OPEN);
    ck_assert_ok(connect_to(OPEN_H7, NULL, 600));
    script_then(&bus, text);
    bus.reset_st = SFI_ERR_UNSUPPORTED;
    ck_assert_fails(
        sfi_target_activate_security(t), SFI_ERR_TIMEOUT, "stream",
        "SECURITY is set and waits for a reset that did not come within 30000 "
        "ms: power-cycle the chip and try again");
    script_done(&bus);
}
END_TEST

/* The option is set already: only the reset is missing. */
START_TEST(test_activate_pending)
{
    begin(OPEN_H7, READ_PENDING READ_PENDING SECURE_H7);
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
}
END_TEST

/* A damaged reply: the host writes what the chip really has. */
START_TEST(test_activate_damaged)
{
    begin(OPEN_H7, READ_AREA_AS(OPTSR, "f0 ab c6 1b")
                       READ_OPTION WROTE_OPTION SECURE_H7);
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
    ck_assert(t->secure);
}
END_TEST

/* A damaged reply to what was written: nothing is written again. */
START_TEST(test_activate_damaged_later)
{
    begin(OPEN_H7, READ_OPTION WRITE_OPTION
          " < 79\n> 7f < 1f\n" GET_OPEN
          "> 02 fd < 79 01 04 51 79\n" OPEN_AGAIN READ_OTHER_ONCE READ_BACK
              SECURE_H7);
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
    ck_assert(t->secure);
}
END_TEST

#define READ_TWO READ_OPTION_ONCE READ_PENDING
START_TEST(test_activate_noise)
{
    begin(OPEN_H7, READ_TWO READ_TWO READ_TWO READ_TWO STILL_OPEN);
    ck_assert_fails(sfi_target_activate_security(t), SFI_ERR_PROTOCOL, "stream",
                    "repeated reads at 0x5200201c disagree; the link is "
                    "unreliable");
    script_done(&bus);
}
END_TEST

/* The write resets the chip, so its reply is lost. */
START_TEST(test_activate_lost_answer)
{
    begin(OPEN_H7,
          READ_OPTION WRITE_OPTION "\n> 7f < 79 > 11 ee < 1f\n"
                                   "> 31 ce < 1f > 7f < 1f > 11 ee < 1f\n"
                                   "> 31 ce < 1f > 7f < 1f > 11 ee < 1f\n"
                                   "> 31 ce < 1f\n" RESYNC WHO_SECURE);
    ck_assert_ok(sfi_target_activate_security(t));
    script_done(&bus);
    ck_assert(t->secure);
}
END_TEST

START_TEST(test_activate_protected)
{
    begin(OPEN_H7, READ_NACK RESYNC READ_NACK RESYNC READ_NACK RESYNC READ_NACK
                       STILL_OPEN);
    ck_assert_fails_about(sfi_target_activate_security(t), SFI_ERR_PROTECTED,
                          "stream", "readout protection is on");
    script_done(&bus);
}
END_TEST

START_TEST(test_activate_too_late)
{
    begin(SYNC GET_OPEN ID_L4 GET_OPEN ID_L4 LOADER_L4, "");
    ck_assert_fails(sfi_target_activate_security(t), SFI_ERR_DEVICE, "stream",
                    "the secure bootloader of this stm32l462ce is gone: this "
                    "part takes one install only");
}
END_TEST

static TCase *
connect_case(void)
{
    TCase *tc = tcase_create("connect");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_connect, 0, ROWS(good));
    tcase_add_loop_test(tc, test_loader, 0, ROWS(loaders));
    tcase_add_loop_test(tc, test_connect_fails, 0, ROWS(bad));
    tcase_add_test(tc, test_connect_resets);
    tcase_add_test(tc, test_connect_patience);
    tcase_add_test(tc, test_connect_link_fails);
    tcase_add_test(tc, test_connect_trickle);
    tcase_add_test(tc, test_connect_arguments);
    return tc;
}

static TCase *
open_case(void)
{
    TCase *tc = tcase_create("open");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_read_blocks);
    tcase_add_test(tc, test_write_blocks);
    tcase_add_loop_test(tc, test_write_ranges, 0, ROWS(ranges));
    tcase_add_test(tc, test_read_refused);
    tcase_add_loop_test(tc, test_refused, 0, ROWS(refusals));
    tcase_add_test(tc, test_read_nowhere);
    tcase_add_test(tc, test_write_lost_ack);
    tcase_add_test(tc, test_write_damaged);
    tcase_add_test(tc, test_erase_and_go);
    tcase_add_loop_test(tc, test_erase_is_patient, 0, ROWS(erases));
    tcase_add_test(tc, test_erase_sectors);
    tcase_add_test(tc, test_write_protected);
    tcase_add_test(tc, test_open_has_no_extension);
    tcase_add_test(tc, test_activate);
    tcase_add_test(tc, test_activate_at_once);
    tcase_add_test(tc, test_activate_not_taken);
    tcase_add_test(tc, test_activate_by_hand);
    tcase_add_test(tc, test_activate_nobody);
    tcase_add_test(tc, test_activate_pending);
    tcase_add_test(tc, test_activate_damaged);
    tcase_add_test(tc, test_activate_damaged_later);
    tcase_add_test(tc, test_activate_noise);
    tcase_add_test(tc, test_activate_lost_answer);
    tcase_add_test(tc, test_activate_protected);
    tcase_add_test(tc, test_activate_too_late);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("target");

    suite_add_tcase(s, connect_case());
    suite_add_tcase(s, open_case());
    return run_suite(s);
}
