/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/device: what an installed part signs, and that nothing changes it. */
#include <string.h>

#include <fixture.h>
#include <bench/part.h>

#include "crypto/ecc.h"
#include "crypto/hash.h"
#include "device/record.h"

/* More calls than any install here makes. */
#define SWEEP_MAX 2000u
#define LEAVE_MS 120000u

static const struct sfi_chip *const chips[] = {&small_h7, &small_l4};
static const enum part_fault cuts[] = {FAULT_CUT_BEFORE, FAULT_CUT_HALF,
                                       FAULT_CUT_AFTER};

static void
poll(void)
{
    uint8_t out[4];
    size_t len = sizeof(out);

    sfi_device_poll(part.dev, out, &len);
}

static void
begin_signing(const struct sfi_chip *chip)
{
    begin(chip);
    part_give_receipts(&part);
}

/* What a part with this image has to state, computed from the image alone. */
static void
expect(struct receipt_statement *s, uint32_t installs)
{
    uint8_t link[RECEIPT_LINK_LEN];

    memset(s, 0, sizeof(*s));
    memcpy(s->magic, "SFRC", 4);
    s->version = 1;
    s->chip_id = (uint16_t)part.chip->device_id;
    memcpy(s->product_id, part.chip->product_id, 8);
    s->installs = installs;
    ck_assert_int_eq(sfi__sha256(ctx, part.certificate + 8, 64, s->device),
                     SFI_OK);
    memcpy(s->header_tag, image.header + 12, 16);
    for (uint16_t i = 0; i < image.areas; i++) {
        memcpy(link, s->areas, 32);
        memcpy(link + 32, image.area[i].raw, 30);
        ck_assert_int_eq(sfi__sha256(ctx, link, sizeof(link), s->areas),
                         SFI_OK);
    }
    ck_assert_int_eq(
        sfi__sha256(ctx, ob_plain, 4 * part.chip->ob_count, s->option_bytes),
        SFI_OK);
}

static void
assert_receipt(uint32_t installs)
{
    uint8_t got[RECEIPT_LEN], want[RECEIPT_STATEMENT_LEN];
    struct receipt_statement s;

    expect(&s, installs);
    sfi__receipt_write(want, &s);
    ck_assert_int_eq(part_receipt(&part, got), SFI_CAUSE_NONE);
    ck_assert_mem_eq(got, want, sizeof(want));
    ck_assert_int_eq(sfi__ecc_verify(ctx, part.certificate + 8, got,
                                     sizeof(want), got + sizeof(want)),
                     SFI_OK);
}

START_TEST(test_statement)
{
    static const size_t chunks[] = {1, 32, 1024};
    struct security_info i;
    uint8_t first[RECEIPT_LEN], second[RECEIPT_LEN];

    begin_signing(chips[_i % 2]);
    ck_assert_int_eq(image_install(&image, &part, chunks[_i / 2]),
                     SFI_CAUSE_NONE);
    part_info(&part, &i);
    ck_assert_uint_eq(i.flags & SFI_CMD_INFO_RECEIPTS, SFI_CMD_INFO_RECEIPTS);
    assert_receipt(1);
    ck_assert_int_eq(part_receipt(&part, first), SFI_CAUSE_NONE);
    ck_assert_int_eq(part_receipt(&part, second), SFI_CAUSE_NONE);
    ck_assert_mem_eq(first, second, sizeof(first));
    part_power_on(&part);
    assert_receipt(1);
}
END_TEST

/* Another image, and the next install of the same one. */
START_TEST(test_next_install)
{
    uint8_t raw[RECEIPT_LEN];

    begin_signing(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    assert_receipt(1);
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
    ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_STATE);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    assert_receipt(3);
    ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_NONE);
    image.area[0].d.version = image.area[1].d.version = 8;
    image.area[2].d.version = 8;
    image_seal(&image);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    assert_receipt(5);
}
END_TEST

START_TEST(test_without_functions)
{
    struct security_info i;
    struct record r;
    uint8_t raw[RECEIPT_LEN];

    begin(chips[_i]);
    ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_STATE);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    part_info(&part, &i);
    ck_assert_uint_eq(i.flags & SFI_CMD_INFO_RECEIPTS, 0);
    ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_NO_RECEIPT);
    ck_assert_int_eq(sfi__record_read(&r, part.record), RECORD_GOOD);
    ck_assert_uint_eq(r.ob_len, 0);
    for (size_t k = 0; k < sizeof(r.areas); k++)
        ck_assert_uint_eq(r.areas[k], 0);
    /* a later version of its core finds nothing that it could sign */
    part_give_receipts(&part);
    ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_NO_RECEIPT);
}
END_TEST

START_TEST(test_states)
{
    uint8_t raw[RECEIPT_LEN];

    begin_signing(&small_h7);
    ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_STATE);
    for (uint16_t n = 0; n <= image.areas; n++) {
        ck_assert_int_eq(image_send(&image, &part, n, 64), SFI_CAUSE_NONE);
        ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_STATE);
    }
    ck_assert_int_eq(FINISH(&part), SFI_CAUSE_NONE);
    assert_receipt(1 + image.areas);
}
END_TEST

/* A generator that is stuck, or another failure: nothing is lost. */
START_TEST(test_sign_fails)
{
    static const unsigned calls[] = {CALL_SIGN, CALL_DIGEST, CALL_CERTIFICATE};
    uint8_t raw[RECEIPT_LEN];

    begin_signing(&small_h7);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    part_fault(&part, calls[_i], 1, FAULT_FAIL);
    ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_SIGN);
    ck_assert(part.struck);
    ck_assert_uint_eq(sfi_device_state(part.dev), SFI_DEVICE_INSTALLED);
    assert_receipt(1);
}
END_TEST

START_TEST(test_digest_fails)
{
    begin_signing(chips[_i]);
    part_fault(&part, CALL_DIGEST, 2, FAULT_FAIL);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_CRYPTO);
    assert_refused("digest", SFI_CAUSE_CRYPTO);
    assert_can_install();
    assert_receipt(2);
}
END_TEST

/* It waits for a host at each start, and gives up its loader then. */
START_TEST(test_one_shot_waits)
{
    uint8_t raw[RECEIPT_LEN];

    begin_signing(&small_l4);
    ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
    for (int i = 0; i < 3; i++) {
        part_power_on(&part);
        assert_receipt(1);
        part.now += LEAVE_MS - 1;
        poll();
        assert_receipt(1);
        ck_assert_int_eq(SECURE(&part, "\1"), SFI_CAUSE_INSTALLED);
    }
    ck_assert(!part_is_blank(&part, &part.chip->loader));
    if (_i == 0)
        ck_assert_int_eq(ABORT(&part), SFI_CAUSE_NONE);
    else
        part.now++;
    poll();
    ck_assert_uint_eq(part.reboots, 1);
    ck_assert(part_is_blank(&part, &part.chip->loader));
    ck_assert_int_eq(part_receipt(&part, raw), -1);
}
END_TEST

/* Install up to the n-th call of the port; false: the fault did not strike. */
static bool
cut_install(uint64_t n, enum part_fault fault)
{
    uint8_t raw[RECEIPT_LEN];

    part_fault(&part, CALL_ANY, n, fault);
    if (setjmp(part.power) == 0) {
        ck_assert_int_eq(image_install(&image, &part, 64), SFI_CAUSE_NONE);
        ck_assert_int_eq(part_receipt(&part, raw), SFI_CAUSE_NONE);
        part_fault(&part, 0, 0, FAULT_NONE);
        return false;
    }
    return true;
}

/* The part restarts: an H7 that committed only now leaves once more. */
static void
start_again(void)
{
    unsigned reboots = part.reboots;

    part_power_on(&part);
    poll();
    if (part.reboots != reboots)
        part_power_on(&part);
}

/* A power cut at every call: the same statement afterwards, or none and an
 * install that gives it. */
START_TEST(test_power_cuts)
{
    volatile bool struck = true;
    volatile unsigned installed = 0, erased = 0;

    for (volatile uint64_t n = 1; struck; n += test_step(13)) {
        ck_assert_uint_lt(n, SWEEP_MAX);
        begin_signing(chips[_i / 3]);
        struck = cut_install(n, cuts[_i % 3]);
        start_again();
        if (sfi_device_state(part.dev) == SFI_DEVICE_INSTALLED) {
            assert_receipt(1);
            installed++;
        } else {
            struct security_info i;

            part_info(&part, &i);
            assert_can_install();
            assert_receipt(i.installs + 1);
            erased++;
        }
        part_free(&part);
        image_free(&image);
    }
    ck_assert_uint_gt(installed, 0);
    ck_assert_uint_gt(erased, 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("device_receipt");
    TCase *tc = tcase_create("device_receipt");

    tcase_add_checked_fixture(tc, part_setup, part_teardown);
    tcase_add_loop_test(tc, test_statement, 0, 6);
    tcase_add_test(tc, test_next_install);
    tcase_add_loop_test(tc, test_without_functions, 0, 2);
    tcase_add_test(tc, test_states);
    tcase_add_loop_test(tc, test_sign_fails, 0, 3);
    tcase_add_loop_test(tc, test_digest_fails, 0, 2);
    tcase_add_loop_test(tc, test_one_shot_waits, 0, 2);
    tcase_add_loop_test(tc, test_power_cuts, 0, 6);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
