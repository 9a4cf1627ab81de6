/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The bootloader's data pages: records, full pages, leaving, and power that
 * fails at every double word. */
#include <string.h>

#include "util/mem.h"

#include "fake_flash.h"
#include "fixture.h"
#include "flash.h"
#include "store.h"
#include "store_map.h"

#define ENTRIES ((DATA_PAGE_L462_LEN - DATA_PAGE_JOURNAL_AT) / 160)
/* Enough for each page to be full twice. */
#define RECORDS 50

static uint8_t secret[DATA_PAGE_SECRET_LEN], certificate[CERTIFICATE_LEN];

/* As manufacture leaves a part: page 1, without a record. */
static void
manufacture(void)
{
    uint8_t head[DATA_PAGE_HEAD_LEN], sealing[DATA_PAGE_UNIT];

    for (size_t i = 0; i < sizeof(secret); i++)
        secret[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < sizeof(certificate); i++)
        certificate[i] = (uint8_t)(i + 1);
    fake_flash_reset();
    sfi__data_page_head(head, 1, secret, certificate);
    sfi__data_page_seal(sealing);
    fake_flash_put(STORE_PAGE_1, head, sizeof(head));
    fake_flash_put(STORE_PAGE_1 + DATA_PAGE_SEAL_AT, sealing, sizeof(sealing));
}

static void
make_record(uint8_t out[DATA_PAGE_RECORD_LEN], uint32_t number)
{
    memset(out, (int)(number & 0xff), DATA_PAGE_RECORD_LEN);
    out[0] = (uint8_t)(number >> 8);
}

static bool
holds_record(uint32_t number)
{
    uint8_t want[DATA_PAGE_RECORD_LEN], found[DATA_PAGE_RECORD_LEN];
    bool newest;

    make_record(want, number);
    if (number == 0)
        memset(want, 0xff, sizeof(want));
    ck_assert_int_eq(store_record_load(found, &newest), 0);
    return sfi__equal(want, found, sizeof(want));
}

static void
assert_keys(void)
{
    uint8_t key[DATA_PAGE_SECRET_LEN], found[CERTIFICATE_LEN];

    ck_assert_int_eq(store_device_secret(key), 0);
    ck_assert_mem_eq(key, secret, sizeof(key));
    ck_assert_int_eq(store_certificate(found), 0);
    ck_assert_mem_eq(found, certificate, sizeof(found));
}

static int
put_record(uint32_t number)
{
    uint8_t record[DATA_PAGE_RECORD_LEN];

    make_record(record, number);
    return store_record_store(record);
}

START_TEST(test_records_replace_each_other)
{
    manufacture();
    ck_assert_int_eq(store_start(), 0);
    ck_assert(holds_record(0));
    for (uint32_t i = 1; i <= 1000; i++) {
        ck_assert_int_eq(put_record(i), 0);
        ck_assert(holds_record(i));
        ck_assert_int_eq(store_start(), 0);
        ck_assert(holds_record(i));
        assert_keys();
    }
    ck_assert(!store_is_leaving());
    ck_assert(!fake_flash_was_misused());
}
END_TEST

/* Without a page nothing is given out, and nothing is written. */
START_TEST(test_no_page)
{
    uint8_t out[CERTIFICATE_LEN];
    bool newest;

    fake_flash_reset();
    ck_assert_int_ne(store_start(), 0);
    memset(out, 0xaa, sizeof(out));
    ck_assert_int_ne(store_certificate(out), 0);
    ck_assert_uint_eq(out[0], 0);
    ck_assert_int_ne(store_device_secret(out), 0);
    ck_assert_int_ne(store_record_load(out, &newest), 0);
    ck_assert_int_ne(put_record(1), 0);
    ck_assert_int_ne(store_mark_leaving(), 0);
    ck_assert(!store_is_leaving());
    ck_assert_uint_eq(fake_flash_operations(), 0);
}
END_TEST

/* Any bit of the head or the seal: the page does not count. */
START_TEST(test_damaged_page_is_none)
{
    uint32_t addr = STORE_PAGE_1 + (uint32_t)_i;
    bool is_filler =
        (uint32_t)_i >= DATA_PAGE_CRC_AT + 4 && _i < (int)DATA_PAGE_HEAD_LEN;
    uint8_t byte;

    manufacture();
    byte = (uint8_t)(*fake_flash_at(addr) ^ 1);
    fake_flash_put(addr, &byte, 1);
    ck_assert_int_eq(store_start() != 0, !is_filler);
    manufacture();
    fake_flash_break(addr);
    ck_assert_int_ne(store_start(), 0);
}
END_TEST

static bool
is_newest(void)
{
    uint8_t found[DATA_PAGE_RECORD_LEN];
    bool newest;

    ck_assert_int_eq(store_record_load(found, &newest), 0);
    return newest;
}

/* An entry that becomes unreadable gives the record before it, and says so. */
START_TEST(test_damaged_entry_is_skipped)
{
    uint32_t at = STORE_PAGE_1 + DATA_PAGE_JOURNAL_AT + 2 * 160u;
    uint8_t byte = 0xee;

    manufacture();
    ck_assert_int_eq(store_start(), 0);
    for (uint32_t i = 1; i <= 3; i++)
        ck_assert_int_eq(put_record(i), 0);
    ck_assert(is_newest());
    fake_flash_put(at + 100, &byte, 1);
    ck_assert_int_eq(store_start(), 0);
    ck_assert(holds_record(2));
    ck_assert(!is_newest());
    fake_flash_break(at - 160);
    ck_assert(holds_record(1));
    ck_assert_int_eq(put_record(4), 0);
    ck_assert(holds_record(4));
    ck_assert(is_newest());
}
END_TEST

static bool
is_newest_again(void)
{
    ck_assert_int_eq(store_start(), 0);
    return is_newest();
}

/* The page that counts decays: the older one does not pass for the newest, but
 * it does when a cut has left the other one without a seal. */
START_TEST(test_decayed_page_leaves_doubt)
{
    static const uint32_t at[] = {0, DATA_PAGE_SECRET_AT, DATA_PAGE_CRC_AT,
                                  DATA_PAGE_SEAL_AT};

    for (size_t k = 0; k < sizeof(at) / sizeof(*at); k++) {
        manufacture();
        ck_assert_int_eq(store_start(), 0);
        for (uint32_t i = 1; i <= ENTRIES; i++)
            ck_assert_int_eq(put_record(i), 0);
        ck_assert(is_newest_again());
        fake_flash_cut(DATA_PAGE_HEAD_LEN / 8, CUT_ECC);
        (void)put_record(ENTRIES + 1);
        fake_flash_power_on();
        ck_assert(is_newest_again());
        ck_assert(holds_record(ENTRIES));
        ck_assert_int_eq(put_record(ENTRIES + 1), 0);
        ck_assert(is_newest_again());
        fake_flash_break(STORE_PAGE_0 + at[k]);
        ck_assert(!is_newest_again());
        ck_assert(holds_record(ENTRIES));
        ck_assert_int_eq(put_record(ENTRIES + 2), 0);
        ck_assert(is_newest_again());
        ck_assert(holds_record(ENTRIES + 2));
        assert_keys();
    }
}
END_TEST

/* The older page may decay. */
START_TEST(test_decayed_older_page)
{
    manufacture();
    ck_assert_int_eq(store_start(), 0);
    for (uint32_t i = 1; i <= ENTRIES + 1; i++)
        ck_assert_int_eq(put_record(i), 0);
    fake_flash_break(STORE_PAGE_1 + DATA_PAGE_SECRET_AT);
    ck_assert(is_newest_again());
    ck_assert(holds_record(ENTRIES + 1));
}
END_TEST

/* A double word that takes nothing: the next entry does; then the next page. */
START_TEST(test_worn_units_are_passed)
{
    manufacture();
    ck_assert_int_eq(store_start(), 0);
    for (uint32_t i = 0; i < ENTRIES; i += 2)
        fake_flash_wear(STORE_PAGE_1 + DATA_PAGE_JOURNAL_AT + i * 160u + 64);
    for (uint32_t i = 1; i <= RECORDS; i++) {
        ck_assert_int_eq(put_record(i), 0);
        ck_assert(holds_record(i));
        if (i == ENTRIES) /* page 1 becomes useless: the record stays */
            break;
    }
    fake_flash_wear(STORE_PAGE_0 + DATA_PAGE_SECRET_AT);
    fake_flash_wear(STORE_PAGE_1 + DATA_PAGE_SECRET_AT);
    while (put_record(ENTRIES + 1) == 0)
        ;
    ck_assert_int_eq(store_start(), 0);
    ck_assert(holds_record(ENTRIES) || holds_record(ENTRIES + 1));
    assert_keys();
}
END_TEST

/* ---- power fails ---- */

/* Store records until power fails; the last one that was stored. */
static uint32_t
store_until_cut(void)
{
    uint32_t stored = 0;

    while (stored < RECORDS && put_record(stored + 1) == 0)
        stored++;
    return stored;
}

static uint32_t
count_operations(void)
{
    manufacture();
    ck_assert_int_eq(store_start(), 0);
    ck_assert_uint_eq(store_until_cut(), RECORDS);
    return fake_flash_operations();
}

/* After a cut at any operation, of any kind, there is the record of before or
 * the new one, it stays, and the next ones are stored. */
START_TEST(test_cut_keeps_a_whole_record)
{
    uint32_t operations = count_operations();
    uint32_t step = (uint32_t)test_step(17);

    for (uint32_t nth = 1; nth <= operations; nth += step) {
        uint32_t stored;

        manufacture();
        ck_assert_int_eq(store_start(), 0);
        fake_flash_cut(nth, (enum cut)_i);
        stored = store_until_cut();
        ck_assert_msg(fake_flash_is_off(), "cut %u", nth);
        fake_flash_power_on();
        ck_assert_msg(store_start() == 0, "cut %u", nth);
        assert_keys();
        ck_assert_msg(holds_record(stored) || holds_record(stored + 1),
                      "cut %u after record %u", nth, stored);
        for (uint32_t i = 100; i < 100 + 2 * ENTRIES; i++) {
            ck_assert_int_eq(put_record(i), 0);
            ck_assert(holds_record(i));
        }
        ck_assert_int_eq(store_start(), 0);
        assert_keys();
        ck_assert(!fake_flash_was_misused());
    }
}
END_TEST

/* Power fails a second time while the first cut is being repaired. */
START_TEST(test_second_cut_keeps_it_too)
{
    for (uint32_t nth = 0; nth < 120; nth += (uint32_t)test_step(11)) {
        for (uint32_t second = 1; second <= 60; second++) {
            uint32_t stored;

            manufacture();
            ck_assert_int_eq(store_start(), 0);
            /* around the first full page */
            fake_flash_cut(ENTRIES * 20 - 20 + nth, (enum cut)_i);
            stored = store_until_cut();
            fake_flash_power_on();
            ck_assert_int_eq(store_start(), 0);
            fake_flash_cut(second, (enum cut)_i);
            while (put_record(0x4444) == 0)
                stored = 0x4444;
            fake_flash_power_on();
            ck_assert_int_eq(store_start(), 0);
            assert_keys();
            ck_assert_msg(holds_record(stored) || holds_record(stored + 1) ||
                              holds_record(0x4444),
                          "cuts %u, %u", nth, second);
        }
    }
}
END_TEST

/* ---- leaving ---- */

static bool
has_key(uint32_t page)
{
    return sfi__equal(fake_flash_at(page + DATA_PAGE_SECRET_AT), secret,
                      sizeof(secret));
}

static void
assert_left(void)
{
    ck_assert(store_is_leaving());
    for (uint32_t i = 0; i < DATA_PAGE_SECRET_LEN; i++) {
        ck_assert_uint_eq(
            *fake_flash_at(STORE_PAGE_0 + DATA_PAGE_SECRET_AT + i), 0);
        ck_assert_uint_eq(
            *fake_flash_at(STORE_PAGE_1 + DATA_PAGE_SECRET_AT + i), 0);
    }
}

/* From either page; at any cut it is not leaving yet, with all it had, or can
 * be continued, also when the second page holds an old key. */
START_TEST(test_leaving_survives_cuts)
{
    enum cut kind = (enum cut)(_i % CUT_KINDS);
    uint32_t records = (uint32_t)(_i / CUT_KINDS) * (ENTRIES + 1);
    bool done = false;

    for (uint32_t nth = 1; !done; nth++) {
        manufacture();
        ck_assert_int_eq(store_start(), 0);
        for (uint32_t i = 1; i <= records; i++)
            ck_assert_int_eq(put_record(i), 0);
        fake_flash_cut(nth, kind);
        done = store_mark_leaving() == 0;
        ck_assert_int_eq(done, !fake_flash_is_off());
        fake_flash_power_on();
        if (!store_is_leaving()) {
            ck_assert_int_eq(store_start(), 0);
            ck_assert(holds_record(records));
            assert_keys();
            ck_assert(has_key(STORE_PAGE_0) || has_key(STORE_PAGE_1));
        }
        ck_assert_msg(store_is_leaving() ? store_forget_key() == 0
                                         : store_mark_leaving() == 0,
                      "cut %u", nth);
        assert_left();
        ck_assert_int_eq(store_mark_leaving(), 0);
        ck_assert(!fake_flash_was_misused());
    }
}
END_TEST

/* The install erases page 0 with the 40 KB before it: the mark stays. */
START_TEST(test_mark_outlives_page_0)
{
    manufacture();
    ck_assert_int_eq(store_start(), 0);
    for (uint32_t i = 1; i <= ENTRIES + 1; i++)
        ck_assert_int_eq(put_record(i), 0);
    ck_assert_int_eq(store_mark_leaving(), 0);
    ck_assert_int_eq(flash_erase(STORE_PAGE_0, STORE_PAGE_LEN), 0);
    ck_assert(store_is_leaving());
    ck_assert_int_ne(store_start(), 0);
    ck_assert_int_eq(flash_erase(STORE_PAGE_1, STORE_PAGE_LEN), 0);
    ck_assert(!store_is_leaving());
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("bootloader_store");
    TCase *tc = tcase_create("store");

    tcase_add_test(tc, test_records_replace_each_other);
    tcase_add_test(tc, test_no_page);
    tcase_add_loop_test(tc, test_damaged_page_is_none, 0, DATA_PAGE_LEAVING_AT);
    tcase_add_test(tc, test_damaged_entry_is_skipped);
    tcase_add_test(tc, test_decayed_page_leaves_doubt);
    tcase_add_test(tc, test_decayed_older_page);
    tcase_add_test(tc, test_worn_units_are_passed);
    tcase_add_loop_test(tc, test_cut_keeps_a_whole_record, 0, CUT_KINDS);
    tcase_add_loop_test(tc, test_second_cut_keeps_it_too, 0, CUT_KINDS);
    tcase_add_loop_test(tc, test_leaving_survives_cuts, 0, 3 * CUT_KINDS);
    tcase_add_test(tc, test_mark_outlives_page_0);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
