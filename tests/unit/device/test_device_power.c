/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device: power cuts and failing hardware, at every call of the port. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "device/record.h"
#include "device/verdict.h"

/* More calls than any install here makes. */
#define SWEEP_MAX 2000u

static void
poll(void)
{
    uint8_t out[4];
    size_t len = sizeof(out);

    sfi_device_poll(part.dev, out, &len);
}

static int
install_and_leave(void)
{
    int cause = image_install(&image, &part, 64);

    if (cause == SFI_CAUSE_NONE)
        (void)ABORT(&part);
    poll();
    return cause;
}

/* After a power-up: complete, or empty and erased; nothing in between. */
static void
assert_whole_or_empty(uint64_t n, uint64_t m)
{
    struct security_info i;

    if (part_send(&part, SFI_CMD_INFO, NULL, 0, NULL, 0) < 0) {
        /* it leaves, so it is complete */
        unsigned reboots = part.reboots;

        poll();
        ck_assert_uint_eq(part.reboots, reboots + 1);
        if (part.chip->one_shot)
            ck_assert(part_is_blank(&part, &part.chip->loader));
        ck_assert_msg(image_is_in(&image, &part), "cut %lu, %lu",
                      (unsigned long)n, (unsigned long)m);
        ck_assert_mem_eq(part.ob, ob_plain, 4 * part.chip->ob_count);
        return;
    }
    part_info(&part, &i);
    if (i.state == SFI_DEVICE_INSTALLED) {
        ck_assert(!part.chip->one_shot);
        ck_assert_msg(image_is_in(&image, &part), "cut %lu, %lu",
                      (unsigned long)n, (unsigned long)m);
        ck_assert_mem_eq(part.ob, ob_plain, 4 * part.chip->ob_count);
        ck_assert_mem_eq(i.header_tag, image.header + 12, 16);
        return;
    }
    ck_assert_uint_eq(i.state, SFI_DEVICE_EMPTY);
    ck_assert_uint_eq(i.flags & SFI_CMD_INFO_UNCLEAN, 0);
    ck_assert(i.cause == SFI_CAUSE_NONE || i.cause == SFI_CAUSE_INTERRUPTED);
    ck_assert_msg(part_is_blank(&part, &part.chip->user), "cut %lu, %lu",
                  (unsigned long)n, (unsigned long)m);
    ck_assert_uint_eq(part.ob_writes, 0);
    ck_assert(!part.chip->one_shot ||
              !part_is_blank(&part, &part.chip->loader));
    assert_forgotten("cut");
    ck_assert_int_eq(image_install(&image, &part, 1024), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}

static const struct sfi_chip *const chips[] = {&small_h7, &small_l4};
static const enum part_fault cuts[] = {FAULT_CUT_BEFORE, FAULT_CUT_HALF,
                                       FAULT_CUT_AFTER};

/* Install up to the n-th call; false: the fault did not strike. */
static bool
cut_install(uint64_t n, enum part_fault fault)
{
    part_fault(&part, CALL_ANY, n, fault);
    if (setjmp(part.power) == 0) {
        ck_assert_int_eq(install_and_leave(), SFI_CAUSE_NONE);
        part_fault(&part, 0, 0, FAULT_NONE);
        return false;
    }
    return true;
}

START_TEST(test_power_cuts)
{
    const struct sfi_chip *chip = chips[_i / 3];
    enum part_fault fault = cuts[_i % 3];
    volatile bool struck = true;

    for (volatile uint64_t n = 1; struck; n += test_step(29)) {
        ck_assert_uint_lt(n, SWEEP_MAX);
        begin(chip);
        struck = cut_install(n, fault);
        part_power_on(&part);
        assert_whole_or_empty(n, 0);
        part_free(&part);
        image_free(&image);
    }
}
END_TEST

/* A second cut, during the recovery from the first. */
START_TEST(test_power_cut_twice)
{
    const struct sfi_chip *chip = chips[_i / 3];
    enum part_fault fault = cuts[_i % 3];
    volatile bool struck = true;

    for (volatile uint64_t n = 2; struck; n += 11 * test_step(29)) {
        volatile bool again = true;

        for (volatile uint64_t m = 1; struck && again; m += test_step(5)) {
            ck_assert_uint_lt(m, SWEEP_MAX);
            begin(chip);
            struck = cut_install(n, fault);
            part_fault(&part, CALL_ANY, m, fault);
            if (setjmp(part.power) == 0) {
                part_power_on(&part);
                poll();
                again = false;
            }
            part_fault(&part, 0, 0, FAULT_NONE);
            part_power_on(&part);
            if (struck)
                assert_whole_or_empty(n, m);
            part_free(&part);
            image_free(&image);
        }
    }
}
END_TEST

/* A part that is installed again never holds a mixture, wherever power is
 * cut. */
START_TEST(test_power_cuts_of_second_install)
{
    volatile bool struck = true;

    for (volatile uint64_t n = 1; struck; n += test_step(29)) {
        struct security_info i;

        ck_assert_uint_lt(n, SWEEP_MAX);
        begin(&small_h7);
        ck_assert_int_eq(install_and_leave(), SFI_CAUSE_NONE);
        part_power_on(&part);
        part_fault(&part, CALL_ANY, n, cuts[_i]);
        if (setjmp(part.power) == 0) {
            ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
            struck = false;
        }
        part_fault(&part, 0, 0, FAULT_NONE);
        part_power_on(&part);
        part_info(&part, &i);
        if (i.state == SFI_DEVICE_INSTALLED)
            ck_assert(image_is_in(&image, &part));
        else
            ck_assert(part_is_blank(&part, &small_h7.user));
        part_free(&part);
        image_free(&image);
    }
}
END_TEST

/* ---- a call that fails ---- */

static const struct {
    const char *name;
    unsigned call;
    enum part_fault fault;
    int causes[3]; /* one of these; 0: no more */
} failures[] = {
    {"erase", CALL_ERASE, FAULT_FAIL, {SFI_CAUSE_FLASH_ERASE}},
    {"erase that does not", CALL_ERASE, FAULT_LIE, {SFI_CAUSE_FLASH_ERASE}},
    {"program", CALL_PROGRAM, FAULT_FAIL, {SFI_CAUSE_FLASH_PROGRAM}},
    {"program that does not",
     CALL_PROGRAM,
     FAULT_LIE,
     {SFI_CAUSE_FLASH_VERIFY}},
    {"read",
     CALL_READ,
     FAULT_FAIL,
     {SFI_CAUSE_FLASH_VERIFY, SFI_CAUSE_FLASH_ERASE}},
    {"open licence", CALL_LICENSE, FAULT_FAIL, {SFI_CAUSE_LICENSE}},
    {"gcm start", CALL_GCM_START, FAULT_FAIL, {SFI_CAUSE_CRYPTO}},
    {"gcm update", CALL_GCM_UPDATE, FAULT_FAIL, {SFI_CAUSE_CRYPTO}},
    {"gcm verify",
     CALL_GCM_VERIFY,
     FAULT_FAIL,
     {SFI_CAUSE_HEADER_TAG, SFI_CAUSE_AREA_TAG}},
    {"option bytes", CALL_OB, FAULT_FAIL, {SFI_CAUSE_OPTION_BYTES}},
};

static bool
is_expected(int row, int cause)
{
    for (size_t i = 0; i < ROWS(failures[0].causes); i++) {
        if (failures[row].causes[i] == cause)
            return cause != SFI_CAUSE_NONE;
    }
    return false;
}

START_TEST(test_failures)
{
    int row = _i % (int)ROWS(failures);
    const struct sfi_chip *chip = chips[_i / (int)ROWS(failures)];
    bool struck = true;
    unsigned seen = 0;

    for (uint64_t n = 1; struck; n += test_step(29)) {
        int cause;

        ck_assert_uint_lt(n, SWEEP_MAX);
        begin(chip);
        /* something to erase, so that a false success shows */
        memset(part.flash + (chip->user.base - chip->flash.base), 0x12, 64);
        part_fault(&part, failures[row].call, n, failures[row].fault);
        cause = image_install(&image, &part, 64);
        struck = part.struck;
        part_fault(&part, 0, 0, FAULT_NONE);
        if (struck) {
            ck_assert_msg(is_expected(row, cause), "%s %lu: 0x%02x",
                          failures[row].name, (unsigned long)n,
                          (unsigned)cause);
            assert_refused(failures[row].name, cause);
            assert_can_install();
            seen++;
        } else {
            ck_assert_int_eq(cause, SFI_CAUSE_NONE);
        }
        part_free(&part);
        image_free(&image);
    }
    ck_assert_uint_gt(seen, 0);
}
END_TEST

/* ---- the record cannot be written ---- */

START_TEST(test_store_fails_at_secure)
{
    begin(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_STORE, 1, FAULT_FAIL);
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_STORAGE);
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_INSTALLED);
    ck_assert(image_is_in(&image, &part));
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
}
END_TEST

START_TEST(test_store_fails_before_commit)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_STORE, 1, FAULT_FAIL);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_STORAGE);
    assert_refused("commit", SFI_CAUSE_STORAGE);
    assert_can_install();
}
END_TEST

/* From then on nothing works: at least RAM is clean. */
START_TEST(test_all_fails_before_commit)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_STORE | CALL_ERASE, 1, FAULT_STUCK);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_STORAGE);
    assert_forgotten("nothing works");
    part_fault(&part, 0, 0, FAULT_NONE);
    part_power_on(&part);
    assert_refused("power-up", SFI_CAUSE_INTERRUPTED);
}
END_TEST

/* Option bytes fail when the record says that they are due; then power fails
 * during the erase.  The next start must not take that for complete. */
START_TEST(test_cut_while_rolling_back)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_OB, 1, FAULT_FAIL);
    part_then(&part, CALL_ERASE, cuts[_i]);
    if (setjmp(part.power) == 0)
        ck_abort_msg("0x%02x", (unsigned)FINISH(&part));
    part_power_on(&part);
    assert_refused("rolled back", SFI_CAUSE_INTERRUPTED);
    assert_can_install();
}
END_TEST

/* After one failed erase the next try follows at once. */
START_TEST(test_erase_again)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 1, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_ERASE, 1, FAULT_FAIL);
    part_then(&part, CALL_ERASE, FAULT_LIE);
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    assert_refused("third time", SFI_CAUSE_NONE);
}
END_TEST

/* Option bytes are programmed, but the record still says that they are due: the
 * host may send FINISH again, and the next power-up commits too. */
START_TEST(test_store_fails_after_commit)
{
    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_STORE, 2, FAULT_FAIL);
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_STORAGE);
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_COMPLETE);
    ck_assert(image_is_in(&image, &part));
    if (_i == 0) {
        ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    } else if (_i == 1) {
        part_power_on(&part);
        ck_assert_int_eq(FINISH(&part), -1);
        poll();
        ck_assert_uint_eq(part.reboots, 1);
        part_power_on(&part);
    } else {
        /* twice in a row, then by request */
        part_fault(&part, CALL_STORE, 1, FAULT_FAIL);
        part_power_on(&part);
        ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_COMPLETE);
        ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    }
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_INSTALLED);
    ck_assert(image_is_in(&image, &part));
    ck_assert_mem_eq(part.ob, ob_plain, 36);
    assert_forgotten("committed");
}
END_TEST

START_TEST(test_option_bytes_fail_at_power_up)
{
    struct security_info i;

    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 3, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_OB, 1, FAULT_CUT_BEFORE);
    if (setjmp(part.power) == 0)
        ck_abort_msg("0x%02x", (unsigned)FINISH(&part));
    part_fault(&part, CALL_OB, 1, FAULT_FAIL);
    part_power_on(&part);
    part_info(&part, &i);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_OPTION_BYTES);
    assert_refused("power-up", SFI_CAUSE_OPTION_BYTES);
    assert_can_install();
}
END_TEST

/* ---- a flash that does not erase ---- */

START_TEST(test_erase_is_stuck)
{
    static const enum part_fault faults[] = {FAULT_STUCK, FAULT_LIE};
    struct security_info i;

    begin(&small_h7);
    ck_assert_int_eq(image_send(&image, &part, 1, 64), SFI_CAUSE_NONE);
    ck_assert(part_holds(&part, plain[0], 300));
    part_fault(&part, CALL_ERASE, 1, FAULT_STUCK);
    image.area[1].raw[2] ^= 8;
    ck_assert_int_eq(image_send_area(&image.area[1], &part, 64),
                     SFI_CAUSE_AREA_INDEX);
    part_info(&part, &i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_EMPTY);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_AREA_INDEX);
    ck_assert_uint_eq(i.flags, SFI_CMD_INFO_UNCLEAN);
    assert_forgotten("stuck");
    part_fault(&part, CALL_ERASE, 1, faults[_i]);
    ck_assert_int_eq(SECURE(&part, "\0"), SFI_CAUSE_FLASH_ERASE);
    /* the erase works again: by power-up, and by ABORT */
    if (_i == 0) {
        part_info(&part, &i);
        ck_assert_uint_eq(i.flags, SFI_CMD_INFO_UNCLEAN);
        part_fault(&part, 0, 0, FAULT_NONE);
        part_power_on(&part);
        assert_refused("loose", SFI_CAUSE_INTERRUPTED);
    } else {
        part_fault(&part, 0, 0, FAULT_NONE);
        ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
        ck_assert(part_is_blank(&part, &small_h7.user));
    }
    assert_can_install();
}
END_TEST

/* A loader that cannot be erased is tried again at every power-up, without
 * answers meanwhile. */
START_TEST(test_loader_is_stuck)
{
    begin(&small_l4);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    part_fault(&part, CALL_ERASE, 1, FAULT_STUCK);
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    ck_assert(!part_is_blank(&part, &small_l4.loader));
    part_power_on(&part);
    ck_assert_int_eq(SECURE(&part, "\1"), -1);
    part_fault(&part, 0, 0, FAULT_NONE);
    poll();
    ck_assert_uint_eq(part.reboots, 2);
    ck_assert(part_is_blank(&part, &small_l4.loader));
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* ---- what the record says at power-up ---- */

/* CRC-32 of IEEE 802.3, written differently from the core's. */
static uint32_t
crc32_of(const uint8_t *data, size_t len)
{
    uint64_t rest = 0xffffffff;

    for (size_t bit = 0; bit < 8 * len; bit++) {
        uint64_t in = (uint64_t)(data[bit / 8] >> bit % 8) & 1;

        rest ^= in;
        rest = (rest & 1) != 0 ? (rest >> 1) ^ 0xedb88320u : rest >> 1;
    }
    return (uint32_t)rest ^ 0xffffffffu;
}

static void
sum_record(uint8_t raw[SFI_DEVICE_RECORD_LEN])
{
    uint32_t sum = crc32_of(raw, SFI_DEVICE_RECORD_LEN - 4);

    for (size_t i = 0; i < 4; i++)
        raw[SFI_DEVICE_RECORD_LEN - 4 + i] = (uint8_t)(sum >> 8 * i);
}

START_TEST(test_record_layout)
{
    struct record r = {
        .phase = RECORD_COMMITTING,
        .installs = 0x01020304,
        .ob_len = 36,
    };
    uint8_t raw[SFI_DEVICE_RECORD_LEN];
    struct record back;

    memset(r.header_tag, 0x77, sizeof(r.header_tag));
    memcpy(r.ob, ob_plain, sizeof(r.ob));
    sfi__record_write(raw, &r);
    ck_assert_mem_eq(raw, "SFIR\1\0\0\0\x69\x3c\xa5\x5a\4\3\2\1", 16);
    ck_assert_mem_eq(raw + 16, r.header_tag, 16);
    ck_assert_mem_eq(raw + 32, "\x24\0\0\0", 4);
    ck_assert_mem_eq(raw + 36, ob_plain, 48);
    for (size_t i = 84; i < 124; i++)
        ck_assert_uint_eq(raw[i], 0);
    ck_assert_uint_eq(crc32_of((const uint8_t *)"123456789", 9), 0xcbf43926);
    sum_record(raw);
    ck_assert_int_eq(sfi__record_read(&back, raw), RECORD_GOOD);
    ck_assert_uint_eq(back.phase, r.phase);
    ck_assert_uint_eq(back.installs, r.installs);
    ck_assert_uint_eq(back.ob_len, r.ob_len);
    ck_assert_mem_eq(back.header_tag, r.header_tag, 16);
    ck_assert_mem_eq(back.ob, r.ob, sizeof(r.ob));
}
END_TEST

/* Phases differ in many bits, so that one does not decay into another. */
START_TEST(test_record_phases)
{
    static const uint32_t words[] = {
        RECORD_EMPTY,     RECORD_INSTALLING, RECORD_COMMITTING,
        RECORD_INSTALLED, 0x00000000,        0xffffffff,
    };

    for (size_t i = 0; i < ROWS(words); i++) {
        for (size_t k = 0; k < i; k++) {
            unsigned bits = 0;

            for (uint32_t x = words[i] ^ words[k]; x != 0; x &= x - 1)
                bits++;
            ck_assert_msg(bits >= 12, "%zu and %zu: %u bits", i, k, bits);
        }
    }
}
END_TEST

/* With any one bit wrong the record counts as an interrupted install. */
START_TEST(test_record_damaged)
{
    begin(&small_h7);
    for (size_t bit = 0; bit < 8 * SFI_DEVICE_RECORD_LEN;
         bit += 3 * test_step(7)) {
        ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
        ck_assert_int_eq(image_install(&image, &part, 1024), SFI_CAUSE_NONE);
        part.record[bit / 8] ^= (uint8_t)(1 << bit % 8);
        part.ob_writes = 0;
        part_power_on(&part);
        assert_refused("damaged", SFI_CAUSE_INTERRUPTED);
        part_power_on(&part);
        assert_refused("repaired", SFI_CAUSE_NONE);
    }
}
END_TEST

/* The checksum is right, but the content is not valid. */
START_TEST(test_record_foreign)
{
    struct record r = {.phase = RECORD_INSTALLED};

    begin(&small_h7);
    memset(part.flash, 0x12, 100);
    if (_i == 0)
        r.phase = (enum record_phase)0x12345678;
    if (_i == 1)
        r.ob_len = 49;
    if (_i == 2) {
        r.phase = RECORD_COMMITTING;
        r.ob_len = 20; /* of the other part */
    }
    sfi__record_write(part.record, &r);
    if (_i == 3)
        part.record[4] = 2; /* a later version */
    if (_i == 4)
        part.record[0] = 'X';
    sum_record(part.record);
    part_power_on(&part);
    assert_refused("foreign", SFI_CAUSE_INTERRUPTED);
}
END_TEST

/* A new part, or one that was open until now: erased, without a cause. */
START_TEST(test_record_never)
{
    part_new(&part, chips[_i / 2]);
    memset(part.record, _i % 2 == 0 ? 0xff : 0x00, sizeof(part.record));
    memset(part.flash + 0x200, 0x12, 100);
    part_power_on(&part);
    assert_refused("new", SFI_CAUSE_NONE);
    assert_can_install();
}
END_TEST

/* A record that cannot be read may be readable next time: nothing is erased. */
START_TEST(test_record_unreadable)
{
    struct security_info i;

    begin(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    part_fault(&part, CALL_LOAD, 1, FAULT_FAIL);
    part_power_on(&part);
    part_info(&part, &i);
    ck_assert_uint_eq(i.state, SFI_DEVICE_EMPTY);
    ck_assert_uint_eq(i.cause, SFI_CAUSE_STORAGE);
    ck_assert_uint_eq(i.flags, SFI_CMD_INFO_UNCLEAN);
    ck_assert(image_is_in(&image, &part));
    part_power_on(&part);
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_INSTALLED);
    part_fault(&part, CALL_LOAD, 1, FAULT_FAIL);
    part_power_on(&part);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    ck_assert(image_is_in(&image, &part));
}
END_TEST

/* ---- verdicts ---- */

START_TEST(test_verdict)
{
    struct verdict v = VERDICT_INIT;

    ck_assert(!sfi__verdict_accepted(&v));
    for (int result = -300; result <= 300; result++) {
        sfi__verdict_decide(&v, result);
        ck_assert(sfi__verdict_accepted(&v) == (result == 0));
    }
    for (int bit = 0; bit < 32; bit++) {
        sfi__verdict_decide(&v, 0);
        v.value ^= 1u << bit;
        ck_assert(!sfi__verdict_accepted(&v));
        sfi__verdict_decide(&v, 0);
        v.inverse ^= 1u << bit;
        ck_assert(!sfi__verdict_accepted(&v));
    }
    v = (struct verdict){0};
    ck_assert(!sfi__verdict_accepted(&v));
    v = (struct verdict){0xffffffff, 0xffffffff};
    ck_assert(!sfi__verdict_accepted(&v));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device_power");
    TCase *tc = tcase_create("faults");

    tcase_set_timeout(tc, 100);
    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_loop_test(tc, test_power_cuts, 0, 6);
    tcase_add_loop_test(tc, test_power_cut_twice, 0, 6);
    tcase_add_loop_test(tc, test_power_cuts_of_second_install, 0, 3);
    tcase_add_loop_test(tc, test_failures, 0, 2 * (int)ROWS(failures));
    tcase_add_test(tc, test_store_fails_at_secure);
    tcase_add_test(tc, test_store_fails_before_commit);
    tcase_add_test(tc, test_all_fails_before_commit);
    tcase_add_loop_test(tc, test_cut_while_rolling_back, 0, 3);
    tcase_add_test(tc, test_erase_again);
    tcase_add_loop_test(tc, test_store_fails_after_commit, 0, 3);
    tcase_add_test(tc, test_option_bytes_fail_at_power_up);
    tcase_add_loop_test(tc, test_erase_is_stuck, 0, 2);
    tcase_add_test(tc, test_loader_is_stuck);
    tcase_add_test(tc, test_record_layout);
    tcase_add_test(tc, test_record_phases);
    tcase_add_test(tc, test_record_damaged);
    tcase_add_loop_test(tc, test_record_foreign, 0, 5);
    tcase_add_loop_test(tc, test_record_never, 0, 4);
    tcase_add_test(tc, test_record_unreadable);
    tcase_add_test(tc, test_verdict);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
