/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The generator of streams and the comparison, tried without a board: two twins
 * agree, and one with a mistake is found. */
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "crypto/ecc.h"
#include "duel.h"

#define STREAMS 10000u

static struct duel duel;
static struct twin *other;

static void
setup(void)
{
    static const uint8_t secret[32] = {[0] = 0x31, [31] = 0x17};
    uint8_t certificate[136] = {0}, public_key[64];
    struct sfi_chip chip = sfi__chip_stm32l462;

    fixture_setup();
    chip.user.size = 4096;
    ck_assert_ok(sfi__ecc_public(ctx, secret, public_key));
    memset(&duel, 0, sizeof(duel));
    duel.twin = twin_new(&chip, secret, certificate);
    other = twin_new(&chip, secret, certificate);
    duel.host = twin_end(duel.twin);
    duel.other = twin_end(other);
    duel_make_image(&duel, public_key);
}

static void
teardown(void)
{
    duel_free(&duel);
    twin_free(other);
    twin_free(duel.twin);
    fixture_teardown();
}

/* All that a host can bring about; the others need bad hardware. */
static const uint8_t causes[] = {
    SFI_CAUSE_NONE,
    SFI_CAUSE_UNKNOWN_COMMAND,
    SFI_CAUSE_LENGTH,
    SFI_CAUSE_STATE,
    SFI_CAUSE_INSTALLED,
    SFI_CAUSE_OFFSET,
    SFI_CAUSE_LICENSE_TYPE,
    SFI_CAUSE_LICENSE_VERSION,
    SFI_CAUSE_LICENSE_SESSION,
    SFI_CAUSE_LICENSE,
    SFI_CAUSE_HEADER_MAGIC,
    SFI_CAUSE_HEADER_VERSION,
    SFI_CAUSE_HEADER_AREAS,
    SFI_CAUSE_HEADER_TAG,
    SFI_CAUSE_AREA_TYPE,
    SFI_CAUSE_AREA_INDEX,
    SFI_CAUSE_AREA_TOTAL,
    SFI_CAUSE_AREA_VERSION,
    SFI_CAUSE_AREA_ADDRESS,
    SFI_CAUSE_AREA_SIZE,
    SFI_CAUSE_AREA_ORDER,
    SFI_CAUSE_AREA_TAG,
    SFI_CAUSE_AREA_BELOW,
};

/* The other twin draws its numbers before the host does. */
START_TEST(test_twins_agree)
{
    other->random = 0x5e551011;
    duel.twin->random = 0x0badcafe;
    duel.over_spi = _i == 1;
    ck_assert_msg(duel_prepare(&duel), "%s", duel.words);
    ck_assert_uint_eq(duel_run_many(&duel, 1, STREAMS), STREAMS);
    ck_assert_uint_gt(duel.packets, 4u * STREAMS);
    for (size_t i = 0; i < sizeof(causes); i++)
        ck_assert_msg(duel.causes[causes[i]] > 0, "no stream meets %s",
                      sfi_cause_name(causes[i]));
}
END_TEST

static const struct {
    enum twin_mistake mistake;
    const char *fact;
} mistakes[] = {
    {MISTAKE_UNIT, "flash at 0x080010"},
    {MISTAKE_ANSWER, "packet"},
    {MISTAKE_OPTIONS, "WRP1BR"},
    {MISTAKE_ERASE, "flash at 0x0800"},
};

/* Each is found among the streams, and one to four steps show it. */
START_TEST(test_mistake_is_found)
{
    struct stream s;
    uint64_t seed = 1;

    ck_assert_msg(duel_prepare(&duel), "%s", duel.words);
    other->mistake = (uint32_t)mistakes[_i].mistake;
    do
        stream_make(&s, seed++);
    while (duel_run(&duel, &s) && seed < STREAMS);
    ck_assert_uint_lt(seed, STREAMS);
}
END_TEST

static bool
has_both(void *user, const struct stream *s)
{
    const uint64_t *wanted = user;
    bool has[2] = {false, false};

    for (uint32_t i = 0; i < s->count; i++) {
        has[0] |= s->step[i].seed == wanted[0];
        has[1] |= s->step[i].seed == wanted[1];
    }
    return has[0] && has[1];
}

START_TEST(test_shrinks)
{
    uint64_t wanted[2];
    struct stream s;

    stream_make(&s, 1);
    for (uint64_t seed = 2; s.count < STREAM_STEPS_MAX; seed++)
        stream_make(&s, seed);
    wanted[0] = s.step[3].seed;
    wanted[1] = s.step[9].seed;
    ck_assert_uint_lt(stream_shrink(&s, has_both, wanted), 60);
    ck_assert_uint_eq(s.count, 2);
    ck_assert(has_both(wanted, &s));
}
END_TEST

START_TEST(test_same_seed_same_stream)
{
    struct stream a, b;

    stream_make(&a, 0x1234);
    stream_make(&b, 0x1234);
    ck_assert_mem_eq(&a, &b, sizeof(a));
    stream_make(&b, 0x1235);
    ck_assert(memcmp(&a, &b, sizeof(a)) != 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("streams");
    TCase *t = tcase_create("streams");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_same_seed_same_stream);
    tcase_add_test(t, test_shrinks);
    tcase_add_loop_test(t, test_twins_agree, 0, 2);
    tcase_add_loop_test(t, test_mistake_is_found, 0, (int)ROWS(mistakes));
    suite_add_tcase(s, t);
    return run_suite(s);
}
