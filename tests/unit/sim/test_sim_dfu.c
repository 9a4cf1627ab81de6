/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the chip as a USB device in DFU mode (DFU 1.1, AN3156): every state
 * and every request, what a reset does, and the secure bootloader on it. */
#include <string.h>

#include <sfi/device.h>

#include <bench/install.h>
#include <bench/usb_host.h>
#include "wire/image.h"
#include "proto/dfu.h"
#include "wire/security.h"
#include "util/wr.h"

#define FLASH 0x08000000u
#define WINDOW 0x5200201cu /* OPTSR_CUR */

static uint8_t data[2048];

static void
setup_h753(void)
{
    board_setup("stm32h753xi");
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 ^ 0xa5);
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
}

static void
string_is(uint8_t index, const char *want)
{
    uint8_t raw[USB_STRING_MAX];
    char text[USB_TEXT_MAX];
    size_t got;

    ck_assert_ok(host_control(0x80, USB_GET_DESCRIPTOR,
                              (uint16_t)(USB_STRING << 8 | index), raw,
                              sizeof(raw), &got));
    ck_assert(sfi__dfu_read_string(text, raw, got));
    ck_assert_str_eq(text, want);
}

/* ---- what it says of itself ---- */

START_TEST(test_descriptors)
{
    uint8_t raw[USB_STRING_MAX];
    struct dfu_interface i;
    size_t got;

    ck_assert_ok(host_control(0x80, USB_GET_DESCRIPTOR, USB_DEVICE << 8, raw,
                              255, &got));
    ck_assert_uint_eq(got, 18);
    ck_assert_mem_eq(raw,
                     "\x12\x01\x00\x02\x00\x00\x00\x40\x83\x04\x11\xdf\x00\x02"
                     "\x01\x02\x03\x01",
                     18);
    ck_assert_ok(host_control(0x80, USB_GET_DESCRIPTOR, USB_CONFIGURATION << 8,
                              raw, 255, &got));
    ck_assert(sfi__dfu_read_config(&i, raw, got));
    ck_assert_uint_eq(i.alts, 2);
    ck_assert_uint_eq(i.transfer_size, 1024);
    ck_assert_uint_eq(i.version, DFU_VERSION_DFUSE);
    /* a host asks for the head of it first */
    ck_assert_ok(host_control(0x80, USB_GET_DESCRIPTOR, USB_CONFIGURATION << 8,
                              raw, 9, &got));
    ck_assert_uint_eq(got, 9);
    ck_assert_uint_eq(raw[2], 36);
    ck_assert_ok(host_control(0x80, USB_GET_DESCRIPTOR, USB_STRING << 8, raw,
                              255, &got));
    ck_assert_mem_eq(raw, "\x04\x03\x09\x04", 4);
    string_is(1, "STMicroelectronics");
    string_is(3, "200364500000");
    string_is(i.name[0], "@Internal Flash   /0x08000000/16*128Kg");
    string_is(i.name[1], "@Option Bytes   /0x5200201C/01*128 e");
    ck_assert_int_eq(host_control(0x80, USB_GET_DESCRIPTOR, USB_STRING << 8 | 6,
                                  raw, 255, &got),
                     SFI_ERR_NACK);
    ck_assert_int_eq(host_control(0x80, USB_GET_DESCRIPTOR, USB_DEVICE << 8 | 1,
                                  raw, 255, &got),
                     SFI_ERR_NACK);
    ck_assert_int_eq(host_control(0x80, USB_GET_DESCRIPTOR,
                                  USB_CONFIGURATION << 8 | 1, raw, 255, &got),
                     SFI_ERR_NACK);
    ck_assert_int_eq(
        host_control(0x80, USB_GET_DESCRIPTOR, 0x0600, raw, 10, &got),
        SFI_ERR_NACK);
}
END_TEST

START_TEST(test_standard_requests)
{
    uint8_t raw[2] = {0xff, 0xff};
    size_t got;

    ck_assert_ok(host_control(0x80, 0, 0, raw, 2, &got));
    ck_assert_mem_eq(raw, "\0\0", 2);
    ck_assert_ok(host_control(0x00, 9, 1, NULL, 0, NULL));
    ck_assert_ok(host_control(0x80, 8, 0, raw, 1, &got));
    ck_assert_uint_eq(raw[0], 1);
    ck_assert_ok(host_control(0x01, USB_SET_INTERFACE, 1, NULL, 0, NULL));
    ck_assert_ok(host_control(0x81, 10, 0, raw, 1, &got));
    ck_assert_uint_eq(raw[0], 1);
    ck_assert_int_eq(host_control(0x01, USB_SET_INTERFACE, 2, NULL, 0, NULL),
                     SFI_ERR_NACK);
    ck_assert_int_eq(host_control(0x00, 9, 2, NULL, 0, NULL), SFI_ERR_NACK);
    ck_assert_int_eq(host_control(0x40, 1, 0, NULL, 0, NULL), SFI_ERR_NACK);
    ck_assert_int_eq(host_control(0xc0, 1, 0, raw, 2, NULL), SFI_ERR_NACK);
    /* another interface's */
    ck_assert_int_eq(sfi_sim_usb_control(board.sim, DFU_IN, DFU_GETSTATE, 0, 1,
                                         raw, 1, &got),
                     SFI_ERR_NACK);
    ck_assert_uint_eq(got, 0);
    ck_assert_uint_eq(host_state(), DFU_IDLE);
}
END_TEST

/* ---- memory ---- */

START_TEST(test_commands)
{
    uint8_t raw[16];
    size_t got;

    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 0, raw, sizeof(raw), &got));
    ck_assert_uint_eq(got, 4);
    ck_assert_mem_eq(raw, "\x00\x21\x41\x92", 4);
    ck_assert_uint_eq(host_state(), DFU_IDLE); /* fewer than asked for */
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 0, raw, 2, &got));
    ck_assert_uint_eq(got, 2);
    ck_assert_uint_eq(host_state(), DFU_UPLOAD_IDLE);
}
END_TEST

/* Three transfers a block, the address set once. */
START_TEST(test_write_and_read)
{
    static uint8_t back[2048];
    size_t got;

    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH + 0x20000), DFU_OK);
    ck_assert_uint_eq(host_run_block(2, data, 1024), DFU_OK);
    ck_assert_uint_eq(host_run_block(3, data + 1024, 1024), DFU_OK);
    ck_assert_uint_eq(host_run_block(4, data, 40), DFU_OK);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + 0x20000, back, 2048));
    ck_assert_mem_eq(back, data, 2048);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + 0x20800, back, 40));
    ck_assert_mem_eq(back, data, 40);

    /* reading begins in dfuIDLE */
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 2, back, 1024, &got));
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 2, back, 1024, &got));
    ck_assert_uint_eq(got, 1024);
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 3, back + 1024, 1024, &got));
    ck_assert_mem_eq(back, data, 2048);
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 4, back, 10, &got));
    ck_assert_uint_eq(got, 10);
    ck_assert_mem_eq(back, data, 10);
    ck_assert_uint_eq(host_state(), DFU_UPLOAD_IDLE);
    /* and writing too */
    host_assert_stalls(host_download(2, data, 8));
}
END_TEST

static const struct {
    const char *name;
    uint32_t address;
    size_t len;
    uint8_t status;
} writes[] = {
    {"a program unit", FLASH, 32, DFU_OK},
    {"eight bytes in the middle of one", FLASH + 8, 8, DFU_OK},
    {"not whole 8 bytes", FLASH, 12, DFU_ERR_WRITE},
    {"off the 8 bytes", FLASH + 4, 8, DFU_ERR_WRITE},
    {"across the end", FLASH + 0x1ffff8, 16, DFU_ERR_WRITE},
    {"RAM", 0x24005000, 1024, DFU_OK},
    {"a byte of RAM", 0x24005000, 1, DFU_ERR_WRITE},
};

START_TEST(test_write_rules)
{
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, writes[_i].address),
                      DFU_OK);
    ck_assert_msg(host_run_block(2, data, writes[_i].len) == writes[_i].status,
                  "%s", writes[_i].name);
}
END_TEST

START_TEST(test_no_address)
{
    uint8_t raw[4];
    size_t got;

    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, 0x20000000),
                      DFU_ERR_TARGET);
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH + (2u << 20)),
                      DFU_ERR_TARGET);
    ck_assert_uint_eq(host_command(DFU_ERASE, 0x24005000), DFU_ERR_TARGET);
    /* the last block that is there, and the next one */
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH + (2u << 20) - 1024),
                      DFU_OK);
    ck_assert_uint_eq(host_run_block(3, data, 8), DFU_ERR_TARGET);
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 3, raw, 4, &got));
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 4, &got));
}
END_TEST

/* Unknown commands, and commands of a wrong length. */
START_TEST(test_bad_commands)
{
    static const struct {
        const char *raw;
        size_t len;
    } rows[] = {
        {"\x21", 1},
        {"\x21\x00\x00\x00", 4},
        {"\x21\x00\x00\x00\x08\x00", 6},
        {"\x41\x00\x00\x00", 4},
        {"\x41\x00\x00\x00\x08\x00", 6},
        {"\x92\x00", 2},
        {"\x53\x01\x00", 3},
        {"\x00", 1},
    };

    for (size_t i = 0; i < ROWS(rows); i++)
        ck_assert_msg(host_run_block(0, rows[i].raw, rows[i].len) ==
                          DFU_ERR_STALLEDPKT,
                      "row %zu", i);
}
END_TEST

START_TEST(test_erase)
{
    uint8_t byte;

    for (uint32_t s = 0; s < 3; s++) {
        ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH + s * 0x20000),
                          DFU_OK);
        ck_assert_uint_eq(host_run_block(2, data, 32), DFU_OK);
    }
    ck_assert_uint_eq(host_command(DFU_ERASE, FLASH + 0x20004), DFU_OK);
    for (uint32_t s = 0; s < 3; s++) {
        ck_assert_ok(
            sfi_sim_read_flash(board.sim, FLASH + s * 0x20000, &byte, 1));
        ck_assert_uint_eq(byte, s == 1 ? 0xff : data[0]);
    }
    ck_assert_uint_eq(host_run_block(0, "\x41", 1), DFU_OK);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH + 0x40000, &byte, 1));
    ck_assert_uint_eq(byte, 0xff);
}
END_TEST

/* A busy part reports when to ask again. */
START_TEST(test_poll_time)
{
    struct dfu_report r;

    ck_assert_ok(host_download(0, "\x41", 1));
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
    ck_assert_uint_ge(r.poll_ms, 1);
    host_status(&r);
    ck_assert_uint_eq(r.poll_ms, 0);
}
END_TEST

/* ---- states ---- */

/* Every unexpected request: stalled, an error, and cleared by CLRSTATUS. */
START_TEST(test_out_of_order)
{
    uint8_t raw[2048];

    host_assert_stalls(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
    host_assert_stalls(host_control(DFU_OUT, DFU_DETACH, 255, NULL, 0, NULL));
    host_assert_stalls(host_control(DFU_OUT, 7, 0, NULL, 0, NULL));
    host_assert_stalls(host_control(DFU_IN, 7, 0, raw, 1, NULL));
    host_assert_stalls(host_download(1, data, 8));
    host_assert_stalls(host_download(2, data, 1025));
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 1, raw, 8, NULL));
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 1025, NULL));
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 0, NULL));
    /* a second block before the first is done */
    ck_assert_ok(host_download(2, data, 8));
    host_assert_stalls(host_download(3, data, 8));
    /* in the error itself */
    ck_assert_int_eq(host_download(1, data, 8), SFI_ERR_NACK);
    ck_assert_int_eq(host_download(2, data, 8), SFI_ERR_NACK);
    ck_assert_int_eq(host_control(DFU_OUT, DFU_ABORT, 0, NULL, 0, NULL),
                     SFI_ERR_NACK);
    ck_assert_int_eq(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 8, NULL),
                     SFI_ERR_NACK);
    ck_assert_uint_eq(host_state(), DFU_ERROR);
    ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
    ck_assert_uint_eq(host_state(), DFU_IDLE);
}
END_TEST

/* A block that was not started is not done. */
START_TEST(test_abort)
{
    uint8_t byte;
    struct dfu_report r;

    ck_assert_ok(host_download(2, data, 8));
    host_idle();
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH, &byte, 1));
    ck_assert_uint_eq(byte, 0xff);
    ck_assert_ok(host_download(2, data, 8));
    host_status(&r);
    host_assert_stalls(
        host_control(DFU_OUT, DFU_ABORT, 0, NULL, 0, NULL)); /* busy */
    ck_assert_uint_eq(host_run_block(0, "\x41", 1), DFU_OK);
    host_idle();
}
END_TEST

START_TEST(test_leave)
{
    struct dfu_report r;
    uint8_t byte;

    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH), DFU_OK);
    ck_assert_ok(host_download(0, data, 0));
    ck_assert_uint_eq(host_state(), DFU_MANIFEST_SYNC);
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_MANIFEST);
    ck_assert(!sfi_sim_usb_attached(board.sim));
    ck_assert_int_eq(host_control(DFU_IN, DFU_GETSTATE, 0, &byte, 1, NULL),
                     SFI_ERR_NO_DEVICE);
    ck_assert_fails(sfi_sim_usb_attach(board.sim), SFI_ERR_NO_DEVICE, "",
                    "the virtual chip is not on the USB: no bootloader with "
                    "USB is running");
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_int_eq(host_control(DFU_IN, DFU_GETSTATE, 0, &byte, 1, NULL),
                     SFI_ERR_NO_DEVICE);
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
    ck_assert(sfi_sim_usb_attached(board.sim));
    ck_assert_uint_eq(host_state(), DFU_IDLE);
}
END_TEST

START_TEST(test_not_there)
{
    sfi_sim_set_boot0(board.sim, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_int_eq(sfi_sim_usb_attach(board.sim), SFI_ERR_NO_DEVICE);
    board_teardown();
    board_setup("stm32l462ce");
    ck_assert_int_eq(sfi_sim_usb_attach(board.sim), SFI_ERR_NO_DEVICE);
    ck_assert(!sfi_sim_usb_attached(board.sim));
    ck_assert(!sfi_sim_usb_attached(NULL));
}
END_TEST

START_TEST(test_power_cut)
{
    struct dfu_report r;
    uint8_t raw[DFU_REPORT_LEN];

    ck_assert_ok(host_download(2, data, 1024));
    sfi_sim_power_cut_after(board.sim, 3);
    ck_assert_int_eq(
        host_control(DFU_IN, DFU_GETSTATUS, 0, raw, sizeof(raw), NULL),
        SFI_ERR_NO_DEVICE);
    ck_assert_int_eq(sfi_sim_usb_attach(board.sim), SFI_ERR_NO_DEVICE);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_IDLE);
    ck_assert_uint_eq(r.status, DFU_OK);
}
END_TEST

/* ---- option bytes and readout protection ---- */

START_TEST(test_option_bytes)
{
    uint8_t raw[128], words[64];
    size_t got, len = sizeof(words);

    ck_assert_ok(host_control(0x01, USB_SET_INTERFACE, 1, NULL, 0, NULL));
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, WINDOW), DFU_OK);
    host_idle();
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 2, raw, sizeof(raw), &got));
    ck_assert_mem_eq(raw, "\xf0\xaa\xc6\x1b\xf0\xaa\xc6\x1b", 8);
    host_idle();
    ck_assert(!sfi_sim_reset_is_due(board.sim));
    raw[4] = 0xe0; /* FOPTSR_PRG: another brown-out level */
    ck_assert_uint_eq(host_run_block(2, raw, sizeof(raw)), DFU_OK);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_OPTION_BYTES, words, &len));
    ck_assert_uint_eq(words[0], 0xe0);
    ck_assert(sfi_sim_reset_is_due(board.sim));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert(!sfi_sim_reset_is_due(board.sim));
}
END_TEST

static void
protect(uint32_t optsr)
{
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH), DFU_OK);
    ck_assert_uint_eq(host_run_block(2, data, 32), DFU_OK);
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", optsr));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
}

/* AN3156, 5: errVENDOR; only Read Unprotect is allowed, which erases. */
START_TEST(test_readout_protection)
{
    struct dfu_report r;
    uint8_t raw[4];

    protect(0x1bc600f0);
    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH), DFU_ERR_VENDOR);
    ck_assert_uint_eq(host_command(DFU_ERASE, FLASH), DFU_ERR_VENDOR);
    ck_assert_uint_eq(host_run_block(2, data, 32), DFU_ERR_VENDOR);
    ck_assert_int_eq(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 4, NULL),
                     SFI_ERR_NACK);
    host_status(&r);
    ck_assert_uint_eq(r.status, DFU_ERR_VENDOR);
    ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
    ck_assert_ok(
        host_control(DFU_IN, DFU_UPLOAD, 0, raw, 4, NULL)); /* the commands */
    host_idle();
    ck_assert_ok(host_download(0, "\x92", 1));
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
    ck_assert(!sfi_sim_usb_attached(board.sim)); /* it resets */
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 4, NULL));
    ck_assert_mem_eq(raw, "\xff\xff\xff\xff", 4);
}
END_TEST

START_TEST(test_level_2_stays)
{
    uint8_t byte;

    protect(0x1bc6ccf0);
    ck_assert_uint_eq(host_run_block(0, "\x92", 1), DFU_ERR_VENDOR);
    ck_assert_ok(sfi_sim_read_flash(board.sim, FLASH, &byte, 1));
    ck_assert_uint_eq(byte, data[0]);
}
END_TEST

/* ---- the secure bootloader ---- */

static void
setup_secure(void)
{
    setup_h753();
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
}

/* Send a request.  Returns its cause, which the reply has too. */
static int
request(uint16_t opcode, const void *param, size_t param_len, const void *bytes,
        size_t len, uint8_t *reply, size_t *reply_len)
{
    const struct dfu_sfi req = {opcode, param, param_len, bytes, len};
    uint8_t raw[DFU_SFI_MAX];
    struct dfu_report r;
    size_t got;

    ck_assert_ok(host_download(0, raw, sfi__dfu_write_sfi(raw, &req)));
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_DNBUSY);
    host_status(&r);
    if (r.state == DFU_ERROR) {
        ck_assert_ok(host_control(DFU_OUT, DFU_CLRSTATUS, 0, NULL, 0, NULL));
        return -1;
    }
    ck_assert_uint_eq(r.state, DFU_DNLOAD_IDLE);
    if (reply == NULL)
        return r.string;
    host_idle();
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 1, raw, DFU_SFI_MAX, &got));
    ck_assert_uint_eq(host_state(), DFU_IDLE);
    ck_assert_uint_ge(got, 1);
    ck_assert_uint_eq(raw[0], r.string);
    memcpy(reply, raw + 1, got - 1);
    *reply_len = got - 1;
    return r.string;
}

START_TEST(test_secure_descriptors)
{
    uint8_t raw[USB_STRING_MAX];
    struct dfu_interface i;
    size_t got;

    ck_assert_ok(host_control(0x80, USB_GET_DESCRIPTOR, USB_CONFIGURATION << 8,
                              raw, 255, &got));
    ck_assert(sfi__dfu_read_config(&i, raw, got));
    ck_assert_uint_eq(i.alts, 1);
    ck_assert_uint_eq(i.transfer_size, DFU_SFI_MAX);
    string_is(i.name[0], "@SFI  /0x24030000/01*1024 g");
    string_is(3, "200364500000");
    ck_assert_int_eq(host_control(0x80, USB_GET_DESCRIPTOR, USB_STRING << 8 | 5,
                                  raw, 255, &got),
                     SFI_ERR_NACK);
    ck_assert_int_eq(host_control(0x01, USB_SET_INTERFACE, 1, NULL, 0, NULL),
                     SFI_ERR_NACK);
    ck_assert_ok(host_control(DFU_IN, DFU_UPLOAD, 0, raw, 255, &got));
    ck_assert_uint_eq(got, 2);
    ck_assert_mem_eq(raw, "\x00\x53", 2);
}
END_TEST

/* No command reads, writes, erases or unprotects anything. */
START_TEST(test_secure_shows_nothing)
{
    uint8_t raw[16];

    ck_assert_uint_eq(host_command(DFU_SET_ADDRESS, FLASH), DFU_ERR_STALLEDPKT);
    ck_assert_uint_eq(host_command(DFU_ERASE, FLASH), DFU_ERR_STALLEDPKT);
    ck_assert_uint_eq(host_run_block(0, "\x41", 1), DFU_ERR_STALLEDPKT);
    ck_assert_uint_eq(host_run_block(0, "\x92", 1), DFU_ERR_STALLEDPKT);
    host_assert_stalls(host_download(2, data, 8));
    host_assert_stalls(host_control(DFU_IN, DFU_UPLOAD, 2, raw, 8, NULL));
    /* requests that are too short or too long */
    ck_assert_uint_eq(host_run_block(0, "\x53", 1), DFU_ERR_STALLEDPKT);
    ck_assert_uint_eq(host_run_block(0, "\x53\x03\x01", 3), DFU_ERR_STALLEDPKT);
    host_assert_stalls(host_download(0, data, DFU_SFI_MAX + 1));
    ck_assert_int_eq(request(0x53ff, NULL, 0, NULL, 0, NULL, NULL),
                     SFI_CAUSE_UNKNOWN_COMMAND);
}
END_TEST

START_TEST(test_secure_requests)
{
    uint8_t reply[SFI_CMD_REPLY_MAX], certificate[136];
    size_t len, want = sizeof(certificate);
    struct security_info i;
    struct dfu_report r;

    ck_assert_int_eq(request(SFI_CMD_INFO, NULL, 0, NULL, 0, reply, &len), 0);
    ck_assert_uint_eq(len, SFI_CMD_INFO_LEN);
    sfi__security_read_info(&i, reply);
    ck_assert_uint_eq(i.device_id, 0x450);
    ck_assert_uint_eq(i.state, SFI_DEVICE_EMPTY);
    ck_assert_int_eq(
        request(SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0, reply, &len), 0);
    ck_assert_ok(
        sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, certificate, &want));
    ck_assert_uint_eq(len, want);
    ck_assert_mem_eq(reply, certificate, want);
    /* a refusal is an answer, and does not stay */
    ck_assert_int_eq(request(SFI_CMD_FINISH, NULL, 0, NULL, 0, reply, &len),
                     SFI_CAUSE_STATE);
    ck_assert_uint_eq(len, 0);
    host_status(&r);
    ck_assert_uint_eq(r.string, 0);
}
END_TEST

static int
send_area(const uint8_t *descriptor, const uint8_t *bytes, uint32_t size)
{
    int cause = request(SFI_CMD_AREA, descriptor, SFI_FORMAT_AREA_LEN, NULL, 0,
                        NULL, NULL);

    for (uint32_t at = 0; cause == 0 && at < size;) {
        uint32_t n = size - at < 1024 ? size - at : 1024;
        uint8_t offset[4];
        struct wr w;

        sfi__wr_init(&w, offset, sizeof(offset));
        sfi__wr_u32le(&w, at);
        cause = request(SFI_CMD_DATA, offset, 4, bytes + at, n, NULL, NULL);
        at += n;
    }
    return cause;
}

/* From SECURE to FINISH. */
static int
install(const struct package *p)
{
    const uint8_t *at = p->image.data, *end = at + p->image.len;
    const uint8_t flags = 0;
    int cause = request(SFI_CMD_SECURE, &flags, 1, NULL, 0, NULL, NULL);

    if (cause == 0)
        cause = request(SFI_CMD_LICENSE, NULL, 0, p->license, 136, NULL, NULL);
    if (cause == 0)
        cause = request(SFI_CMD_HEADER, at, SFI_FORMAT_HEADER_LEN, NULL, 0,
                        NULL, NULL);
    at += SFI_FORMAT_HEADER_LEN;
    while (cause == 0 && at < end) {
        struct image_area a;

        sfi__image_read_area(&a, at);
        cause = send_area(at, at + SFI_FORMAT_AREA_LEN, a.size);
        at += SFI_FORMAT_AREA_LEN + a.size;
    }
    if (cause == 0)
        cause = request(SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL, NULL);
    return cause;
}

START_TEST(test_secure_install)
{
    struct package p;

    package_make(&p);
    ck_assert_int_eq(install(&p), 0);
    install_assert_complete(&p);
    /* the host gets the answer to ABORT before the part leaves */
    ck_assert_int_eq(request(SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL, NULL), 0);
    ck_assert(!sfi_sim_usb_attached(board.sim));
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
    install_assert_ram_clean(&p);
    package_free(&p);
}
END_TEST

/* A host that never fetches an answer delays the part only for a while. */
START_TEST(test_secure_answer_not_fetched)
{
    static const uint8_t abort_request[] = {DFU_SFI, SFI_CMD_ABORT & 0xff, 0};
    struct package p;
    struct dfu_report r;

    package_make(&p);
    ck_assert_int_eq(install(&p), 0);
    ck_assert_ok(host_download(0, abort_request, sizeof(abort_request)));
    host_status(&r);
    sfi_sim_wait(board.sim, 500);
    ck_assert(sfi_sim_usb_attached(board.sim));
    sfi_sim_wait(board.sim, 501);
    ck_assert(!sfi_sim_usb_attached(board.sim));
    package_free(&p);
}
END_TEST

START_TEST(test_secure_leave_is_a_reset)
{
    uint64_t resets = sfi_sim_resets(board.sim);
    struct dfu_report r;

    ck_assert_ok(host_download(0, data, 0));
    host_status(&r);
    ck_assert_uint_eq(r.state, DFU_MANIFEST);
    ck_assert(!sfi_sim_usb_attached(board.sim));
    ck_assert_uint_eq(sfi_sim_resets(board.sim), resets + 1);
    ck_assert_ok(sfi_sim_usb_attach(board.sim));
    string_is(4, "@SFI  /0x24030000/01*1024 g");
}
END_TEST

/* ---- the public functions ---- */

START_TEST(test_arguments)
{
    uint8_t raw[8];
    size_t got = 1;

    ck_assert_int_eq(sfi_sim_usb_attach(NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_sim_usb_control(NULL, DFU_IN, DFU_GETSTATE, 0, 0, raw, 1, &got),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_usb_control(board.sim, DFU_IN, DFU_GETSTATE, 0, 0,
                                         NULL, 1, &got),
                     SFI_ERR_ARGUMENT);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(sfi_sim_usb_control(board.sim, DFU_IN, DFU_GETSTATE, 0, 0,
                                         raw, 1, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_usb_control(board.sim, DFU_IN, DFU_GETSTATE, 0, 0,
                                         raw, 65536, &got),
                     SFI_ERR_ARGUMENT);
    sfi_sim_wait(NULL, 1);
    ck_assert(!sfi_sim_reset_is_due(NULL));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim dfu");
    TCase *t = tcase_create("standard");

    tcase_add_checked_fixture(t, setup_h753, board_teardown);
    tcase_add_test(t, test_descriptors);
    tcase_add_test(t, test_standard_requests);
    tcase_add_test(t, test_commands);
    tcase_add_test(t, test_write_and_read);
    tcase_add_loop_test(t, test_write_rules, 0, ROWS(writes));
    tcase_add_test(t, test_no_address);
    tcase_add_test(t, test_bad_commands);
    tcase_add_test(t, test_erase);
    tcase_add_test(t, test_poll_time);
    tcase_add_test(t, test_out_of_order);
    tcase_add_test(t, test_abort);
    tcase_add_test(t, test_leave);
    tcase_add_test(t, test_not_there);
    tcase_add_test(t, test_power_cut);
    tcase_add_test(t, test_option_bytes);
    tcase_add_test(t, test_readout_protection);
    tcase_add_test(t, test_level_2_stays);
    tcase_add_test(t, test_arguments);
    suite_add_tcase(s, t);
    t = tcase_create("secure");
    tcase_add_checked_fixture(t, setup_secure, board_teardown);
    tcase_add_test(t, test_secure_descriptors);
    tcase_add_test(t, test_secure_shows_nothing);
    tcase_add_test(t, test_secure_requests);
    tcase_add_test(t, test_secure_install);
    tcase_add_test(t, test_secure_answer_not_fetched);
    tcase_add_test(t, test_secure_leave_is_a_reset);
    suite_add_tcase(s, t);
    return run_suite(s);
}
