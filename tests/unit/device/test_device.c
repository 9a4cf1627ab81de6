/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device: complete installs, and the answers in each state. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>
#include <bench/part.h>
#include <bench/request_rows.h>

/* ---- the whole way ---- */

static const struct sfi_chip *
chip_of(int i)
{
    const struct sfi_chip *const chips[] = {
        &small_h7,
        &small_l4,
        &sfi__chip_stm32h753,
        &sfi__chip_stm32l462,
    };

    return chips[i];
}

static const size_t chunks[] = {1, 7, 32, 100, 1024};

START_TEST(test_install)
{
    const struct sfi_chip *chip = chip_of(_i / (int)ROWS(chunks));
    size_t chunk = chunks[_i % (int)ROWS(chunks)];
    struct security_info i;

    begin(chip);
    ck_assert_int_eq(image_install(&image, &part, chunk), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
    ck_assert_uint_eq(part.ob_writes, 1);
    ck_assert_mem_eq(part.ob, ob_plain, 4 * chip->ob_count);
    assert_forgotten("installed");
    part_info(&part, &i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_NONE);
    ck_assert_uint_eq(i.flags, chip->one_shot ? SFI_CMD_INFO_ONE_SHOT : 0);
    ck_assert_uint_eq(i.device_id, chip->device_id);
    ck_assert_uint_eq(i.data_max, 1024);
    ck_assert_uint_eq(i.installs, 1);
    ck_assert_mem_eq(i.product_id, chip->product_id, 8);
    ck_assert_mem_eq(i.header_tag, image.header + 12, 16);
}
END_TEST

/* Areas up to the last byte that the rules allow, which fill the flash. */
START_TEST(test_real_edges)
{
    const struct sfi_chip *h7 = &sfi__chip_stm32h753;
    const struct sfi_chip *l4 = &sfi__chip_stm32l462;

    part_new(&part, h7);
    image_add(&image, 'F', 0x08100000 - 32 - PLAIN_LEN, plain[0], PLAIN_LEN);
    image_add(&image, 'F', 0x08100000, plain[1], PLAIN_LEN);
    image_add(&image, 'F', 0x08200000 - 32 - 1, plain[2], 1);
    image_add(&image, 'C', 0, ob_plain, 4 * h7->ob_count);
    image_seal(&image);
    ck_assert_int_eq(image_install(&image, &part, 1024), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
    image_free(&image);
    part_free(&part);

    part_new(&part, l4);
    image_add(&image, 'F', 0x08001000, plain[0], PLAIN_LEN);
    image_add(&image, 'F', 0x08075800 - PLAIN_LEN, plain[1], PLAIN_LEN);
    image_add(&image, 'C', 0, ob_plain, 4 * l4->ob_count);
    image_seal(&image);
    ck_assert_int_eq(image_install(&image, &part, 1000), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* Every unit is programmed, also one of 0xff alone: a host that alters content
 * must learn nothing from the time. */
START_TEST(test_erased_content)
{
    uint8_t content[96];

    memset(content, 0xff, sizeof(content));
    content[40] = 0x12;
    part_new(&part, &small_h7);
    image_add(&image, 'F', 0x08000000, content, sizeof(content));
    image_add(&image, 'C', 0, ob_plain, 36);
    image_seal(&image);
    part_fault(&part, CALL_PROGRAM, 3, FAULT_FAIL);
    ck_assert_int_eq(image_install(&image, &part, 50), SFI_CAUSE_FLASH_PROGRAM);
    ck_assert(part.struck);
    part_fault(&part, CALL_PROGRAM, 4, FAULT_FAIL);
    ck_assert_int_eq(image_install(&image, &part, 50), SFI_CAUSE_NONE);
    ck_assert(!part.struck);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* ---- after a success ---- */

static void
poll(void)
{
    uint8_t out[4];
    size_t len = sizeof(out);

    sfi_device_poll(part.dev, out, &len);
    ck_assert_uint_eq(len, 0);
}

START_TEST(test_leave_by_itself)
{
    const struct sfi_chip *chip = chip_of(_i);

    begin(chip);
    poll();
    ck_assert_int_eq(image_install(&image, &part, 200), SFI_CAUSE_NONE);
    poll();
    part.now += 119999;
    poll();
    ck_assert_uint_eq(part.reboots, 0);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    part.now += 1;
    if (chip->one_shot)
        ck_assert(!part_is_blank(&part, &chip->loader));
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    if (chip->one_shot)
        ck_assert(part_is_blank(&part, &chip->loader));
    ck_assert(image_is_in(&image, &part));
    /* no more answers until it is powered on */
    ck_assert_int_eq(FINISH(&part), -1);
    ck_assert_int_eq(part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0), -1);
    part.now += 100000;
    poll();
    ck_assert_uint_eq(part.reboots, 1);
}
END_TEST

START_TEST(test_leave_when_told)
{
    const struct sfi_chip *chip = chip_of(_i);

    begin(chip);
    ck_assert_int_eq(image_install(&image, &part, 200), SFI_CAUSE_NONE);
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    ck_assert_uint_eq(part.reboots, 0);
    ck_assert_int_eq(part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0), -1);
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    ck_assert(image_is_in(&image, &part));
    assert_forgotten("left");
}
END_TEST

/* An installed part remembers its image, and keeps it. */
START_TEST(test_after_power_up)
{
    struct security_info i;

    begin(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 200), SFI_CAUSE_NONE);
    part_power_on(&part);
    part.now += 100000;
    poll();
    ck_assert_uint_eq(part.reboots, 0);
    part_info(&part, &i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_INSTALLED);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_NONE);
    ck_assert_uint_eq(i.installs, 1);
    ck_assert_mem_eq(i.header_tag, image.header + 12, 16);
    ck_assert_uint_eq(part.ob_writes, 1);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_STATE);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_INSTALLED);
    ck_assert(image_is_in(&image, &part));
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* Power failed between the record and the loader's erase: power-up erases the
 * loader, and answers nothing. */
START_TEST(test_one_shot_is_finished)
{
    begin(&small_l4);
    ck_assert_int_eq(image_install(&image, &part, 200), SFI_CAUSE_NONE);
    part_power_on(&part);
    ck_assert_int_eq(part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0), -1);
    ck_assert_int_eq(SECURE(&part, "\1"), -1);
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    ck_assert(part_is_blank(&part, &small_l4.loader));
    ck_assert(image_is_in(&image, &part));
}
END_TEST

START_TEST(test_install_again)
{
    struct security_info i;

    begin(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 200), SFI_CAUSE_NONE);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_INSTALLED);
    part_power_on(&part);
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
    ck_assert(part_is_blank(&part, &small_h7.user));
    ck_assert_int_eq(image_install(&image, &part, 100), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
    part_info(&part, &i);
    ck_assert_uint_eq(i.installs, 3);
    /* even before the reboot, which then does not come */
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
    ck_assert(part_is_blank(&part, &small_h7.user));
    part.now += 100000;
    poll();
    ck_assert_uint_eq(part.reboots, 0);
}
END_TEST

START_TEST(test_one_shot_is_once)
{
    begin(&small_l4);
    ck_assert_int_eq(image_install(&image, &part, 200), SFI_CAUSE_NONE);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_INSTALLED);
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_INSTALLED);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* ---- every request in every state ---- */

static void
bring(enum situation s)
{
    begin(&small_h7);
    if (s == READY)
        ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
    if (s == LICENSED) {
        ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_NONE);
        ck_assert_int_eq(part_send(&part, SFI_CMD_LICENSE, NULL, 0,
                                   image.license, LICENSE_LEN),
                         SFI_CAUSE_NONE);
    }
    if (s == BETWEEN || s == WITHIN)
        ck_assert_int_eq(image_send(&image, &part, 1, 64), SFI_CAUSE_NONE);
    if (s == WITHIN)
        ck_assert_int_eq(
            part_send(&part, SFI_CMD_AREA, image.area[1].raw, 30, NULL, 0),
            SFI_CAUSE_NONE);
    if (s == COMPLETE)
        ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    if (s == INSTALLED || s == REBOOTED)
        ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    if (s == REBOOTED)
        part_power_on(&part);
}

static const uint8_t zeros[SFI_CMD_DATA_MAX + 1];

START_TEST(test_states)
{
    enum situation s = (enum situation)(_i / (int)REQUEST_ROWS);
    size_t r = (size_t)_i % REQUEST_ROWS;
    uint32_t state;
    int cause;

    bring(s);
    state = sfi_device_state(part.dev);
    cause =
        part_send(&part, request_rows[r].opcode, zeros,
                  request_rows[r].param_len, zeros, request_rows[r].data_len);
    ck_assert_msg(cause == request_rows[r].cause[s], "%s: 0x%04x gives 0x%02x",
                  situation_names[s], request_rows[r].opcode, (unsigned)cause);
    /* a mistake loses nothing */
    if (cause != SFI_CAUSE_NONE && cause < SFI_CAUSE_LICENSE_TYPE)
        ck_assert_uint_eq(sfi_device_state(part.dev), state);
}
END_TEST

/* A request that is too long or too short changes nothing, and the install goes
 * on. */
START_TEST(test_lengths)
{
    static const struct {
        uint16_t opcode;
        uint8_t param_len;
        uint16_t data_len;
    } rows[] = {
        {SFI_CMD_INFO, 1, 0},        {SFI_CMD_INFO, 0, 1},
        {SFI_CMD_CERTIFICATE, 1, 0}, {SFI_CMD_SECURE, 0, 0},
        {SFI_CMD_SECURE, 2, 0},      {SFI_CMD_SECURE, 1, 1},
        {SFI_CMD_LICENSE, 0, 135},   {SFI_CMD_LICENSE, 0, 137},
        {SFI_CMD_LICENSE, 1, 136},   {SFI_CMD_HEADER, 27, 0},
        {SFI_CMD_HEADER, 29, 0},     {SFI_CMD_HEADER, 28, 1},
        {SFI_CMD_AREA, 29, 0},       {SFI_CMD_AREA, 31, 0},
        {SFI_CMD_DATA, 3, 16},       {SFI_CMD_DATA, 5, 16},
        {SFI_CMD_DATA, 4, 0},        {SFI_CMD_DATA, 4, 1025},
        {SFI_CMD_FINISH, 1, 0},      {SFI_CMD_ABORT, 1, 0},
        {SFI_CMD_SESSION, 1, 0},     {SFI_CMD_SESSION, 0, 1},
        {SFI_CMD_RECEIPT, 1, 0},     {SFI_CMD_RECEIPT, 0, 1},
    };

    bring((enum situation)_i);
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint32_t state = sfi_device_state(part.dev);
        int cause = part_send(&part, rows[i].opcode, zeros, rows[i].param_len,
                              zeros, rows[i].data_len);

        ck_assert_msg(cause == SFI_CAUSE_LENGTH, "row %zu: 0x%02x", i,
                      (unsigned)cause);
        ck_assert_uint_eq(sfi_device_state(part.dev), state);
    }
    if (_i == COMPLETE)
        ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
}
END_TEST

START_TEST(test_abort)
{
    bring((enum situation)_i);
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    assert_refused(situation_names[_i], SFI_CAUSE_NONE);
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    assert_can_install();
}
END_TEST

START_TEST(test_secure_flags)
{
    begin(&small_h7);
    ck_assert_int_eq(SECURE(&part, "\2"), SFI_CAUSE_UNKNOWN_COMMAND);
    ck_assert_int_eq(SECURE(&part, "\x81"), SFI_CAUSE_UNKNOWN_COMMAND);
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_EMPTY);
}
END_TEST

START_TEST(test_certificate)
{
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    size_t len = sizeof(out);

    begin(&small_h7);
    ck_assert_int_eq(sfi_device_handle(part.dev, SFI_CMD_CERTIFICATE, NULL, 0,
                                       NULL, 0, out, &len),
                     SFI_OK);
    ck_assert_uint_eq(len, 137);
    ck_assert_uint_eq(out[0], SFI_CAUSE_NONE);
    ck_assert_mem_eq(out + 1, part.certificate, 136);
    part_fault(&part, CALL_CERTIFICATE, 1, FAULT_FAIL);
    ck_assert_int_eq(part_send(&part, SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0),
                     SFI_CAUSE_STORAGE);
}
END_TEST

START_TEST(test_progress)
{
    struct security_info i;

    bring(WITHIN);
    part_info(&part, &i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_RECEIVING);
    ck_assert_uint_eq(i.area, 2);
    ck_assert_uint_eq(i.areas, 3);
    ck_assert_uint_eq(i.offset, 0);
    ck_assert_mem_eq(i.header_tag, image.header + 12, 16);
    ck_assert_int_eq(part_send(&part, SFI_CMD_DATA, "\0\0\0\0", 4,
                               image.area[1].cipher, 100),
                     SFI_CAUSE_NONE);
    part_info(&part, &i);
    ck_assert_uint_eq(i.area, 2);
    ck_assert_uint_eq(i.offset, 100);
}
END_TEST

/* ---- the program around it ---- */

START_TEST(test_arguments)
{
    sfi_device_port port = {0};
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    struct {
        sfi_device_port known;
        uint64_t tail;
    } later = {0};
    uint8_t *odd = (uint8_t *)part.mem + 1;
    sfi_device *dev;
    size_t len;

    ck_assert_uint_le(sfi_device_size(), SFI_DEVICE_SIZE_MAX);
    ck_assert_uint_eq(sfi_device_state(NULL), SFI_DEVICE_EMPTY);
    sfi_device_wipe(NULL);
    begin(&small_h7);
    ck_assert_int_eq(sfi_device_init(NULL, 4096, &small_h7, &port, NULL, &dev),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_device_init(part.mem, sizeof(part.mem), NULL, &port, NULL, &dev),
        SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     NULL, NULL, &dev),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     &port, NULL, NULL),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_device_init(part.mem, sfi_device_size() - 1, &small_h7,
                                     &port, NULL, &dev),
                     SFI_ERR_BUFFER);
    ck_assert_int_eq(
        sfi_device_init(odd, sfi_device_size(), &small_h7, &port, NULL, &dev),
        SFI_ERR_BUFFER);
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     &port, NULL, &dev),
                     SFI_ERR_ABI);
    port.struct_size = sizeof(port);
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     &port, NULL, &dev),
                     SFI_ERR_ABI);
    later.known = *part_port();
    later.known.struct_size = sizeof(later);
    later.tail = 1;
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     &later.known, &part, &dev),
                     SFI_ERR_ABI);
    ck_assert_ptr_null(dev);
    later.tail = 0;
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     &later.known, &part, &dev),
                     SFI_OK);
    later.known.flags = 1;
    ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                     &later.known, &part, &dev),
                     SFI_ERR_ABI);
    part_power_on(&part);
    len = sizeof(out) - 1;
    ck_assert_int_eq(
        sfi_device_handle(part.dev, SFI_CMD_INFO, NULL, 0, NULL, 0, out, &len),
        SFI_ERR_BUFFER);
    ck_assert_int_eq(sfi_device_handle(part.dev, SFI_CMD_SECURE, NULL, 1, NULL,
                                       0, out, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_device_handle(part.dev, SFI_CMD_LICENSE, NULL, 0, NULL,
                                       136, out, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(
        sfi_device_handle(NULL, SFI_CMD_INFO, NULL, 0, NULL, 0, out, &len),
        SFI_ERR_ARGUMENT);
}
END_TEST

/* Every function but those for receipts is required: a port without one is
 * refused. */
START_TEST(test_port_complete)
{
    union {
        sfi_device_port port;
        void (*fn[sizeof(sfi_device_port) / sizeof(void (*)(void))])(void);
    } u;
    sfi_device *dev;
    size_t first = offsetof(sfi_device_port, flash_erase) / sizeof(u.fn[0]);
    size_t end = offsetof(sfi_device_port, digest) / sizeof(u.fn[0]);

    part_new(&part, &small_h7);
    for (size_t i = first; i < end; i++) {
        u.port = *part_port();
        u.fn[i] = NULL;
        ck_assert_int_eq(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                         &u.port, &part, &dev),
                         SFI_ERR_ABI);
    }
}
END_TEST

static int
digest_nothing(void *user, const uint8_t *data, uint32_t len, uint8_t out[32])
{
    (void)user, (void)data, (void)len, (void)out;
    return -1;
}

static int
sign_nothing(void *user, const uint8_t digest[32], uint8_t signature[64])
{
    (void)user, (void)digest, (void)signature;
    return -1;
}

/* The functions for receipts: both, neither, or not even their place. */
START_TEST(test_port_receipts)
{
    const struct {
        bool has_digest, has_sign;
        uint32_t struct_size;
        sfi_status st;
    } rows[] = {
        {false, false, sizeof(sfi_device_port), SFI_OK},
        {true, true, sizeof(sfi_device_port), SFI_OK},
        {true, false, sizeof(sfi_device_port), SFI_ERR_ABI},
        {false, true, sizeof(sfi_device_port), SFI_ERR_ABI},
        {true, true, offsetof(sfi_device_port, digest), SFI_OK},
        {true, true, offsetof(sfi_device_port, sign), SFI_ERR_ABI},
        {false, false, offsetof(sfi_device_port, reboot), SFI_ERR_ABI},
    };
    sfi_device *dev;

    part_new(&part, &small_h7);
    for (size_t i = 0; i < ROWS(rows); i++) {
        sfi_device_port port = *part_port();

        port.struct_size = rows[i].struct_size;
        port.digest = rows[i].has_digest ? digest_nothing : NULL;
        port.sign = rows[i].has_sign ? sign_nothing : NULL;
        ck_assert_msg(sfi_device_init(part.mem, sizeof(part.mem), &small_h7,
                                      &port, &part, &dev) == rows[i].st,
                      "row %zu", i);
    }
}
END_TEST

START_TEST(test_wipe)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 1, 64), SFI_CAUSE_NONE);
    ck_assert(part_remembers(&part, test_key, 16));
    sfi_device_wipe(part.dev);
    assert_forgotten("wiped");
    for (size_t i = 0; i < sfi_device_size(); i++)
        ck_assert_uint_eq(((uint8_t *)part.mem)[i], 0);
}
END_TEST

/* The key is overwritten when the last area has verified. */
START_TEST(test_key_goes_early)
{
    bring(WITHIN);
    ck_assert(part_remembers(&part, test_key, 16));
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_COMPLETE);
    ck_assert(!part_remembers(&part, test_key, 16));
    ck_assert(!part_remembers(&part, test_nonce, 12));
    ck_assert_ptr_null(part.gcm);
}
END_TEST

/* The caller's buffer for DATA holds no plaintext afterwards. */
START_TEST(test_lent_buffer)
{
    uint8_t out[SFI_DEVICE_REPLY_MAX];
    uint8_t lent[300];
    size_t len = sizeof(out);

    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 0, 64), SFI_CAUSE_NONE);
    ck_assert_int_eq(
        part_send(&part, SFI_CMD_AREA, image.area[0].raw, 30, NULL, 0),
        SFI_CAUSE_NONE);
    memcpy(lent, image.area[0].cipher, sizeof(lent));
    part_fault(&part, CALL_PROGRAM, (uint64_t)_i, FAULT_FAIL);
    ck_assert_int_eq(sfi_device_handle(part.dev, SFI_CMD_DATA,
                                       (const uint8_t *)"\0\0\0\0", 4, lent,
                                       sizeof(lent), out, &len),
                     SFI_OK);
    ck_assert_uint_eq(out[0],
                      _i > 0 ? SFI_CAUSE_FLASH_PROGRAM : SFI_CAUSE_NONE);
    for (size_t i = 0; i < sizeof(lent); i++)
        ck_assert_uint_eq(lent[i], 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device");
    TCase *tc = tcase_create("life");

    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_loop_test(tc, test_install, 0, 4 * (int)ROWS(chunks));
    tcase_add_test(tc, test_real_edges);
    tcase_add_test(tc, test_erased_content);
    tcase_add_loop_test(tc, test_leave_by_itself, 0, 2);
    tcase_add_loop_test(tc, test_leave_when_told, 0, 2);
    tcase_add_test(tc, test_after_power_up);
    tcase_add_test(tc, test_one_shot_is_finished);
    tcase_add_test(tc, test_install_again);
    tcase_add_test(tc, test_one_shot_is_once);
    tcase_add_loop_test(tc, test_states, 0, SITUATIONS * (int)REQUEST_ROWS);
    tcase_add_loop_test(tc, test_lengths, 0, SITUATIONS);
    tcase_add_loop_test(tc, test_abort, NEW, INSTALLED);
    tcase_add_test(tc, test_secure_flags);
    tcase_add_test(tc, test_certificate);
    tcase_add_test(tc, test_progress);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_port_complete);
    tcase_add_test(tc, test_port_receipts);
    tcase_add_test(tc, test_wipe);
    tcase_add_test(tc, test_key_goes_early);
    tcase_add_loop_test(tc, test_lent_buffer, 0, 3);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
