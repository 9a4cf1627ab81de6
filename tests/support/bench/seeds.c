/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include <bench/seeds.h>

#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "core/ctx.h"
#include "transport/base/transport.h"

/* Firmware of one DATA; the option bytes are another. */
#define SMALL 40u
#define MISHAPS_MAX 4u

struct seeds seeds;
static const struct seeds_link *over;
static struct mishap mishaps[MISHAPS_MAX];
static size_t mishap_count;

/* ---- chance ---- */

static uint64_t dice;

/* xorshift64*: the same on every machine. */
static uint32_t
roll(uint32_t sides)
{
    dice ^= dice >> 12u;
    dice ^= dice << 25u;
    dice ^= dice >> 27u;
    return (uint32_t)((dice * 0x2545f4914f6cdd1du) >> 33u) % sides;
}

struct mishap *
seeds_due(bool from_chip, uint32_t offset, bool is_last)
{
    for (size_t i = 0; i < mishap_count; i++) {
        struct mishap *m = &mishaps[i];

        if (m->done || m->from_chip != from_chip || seeds.frame < m->frame)
            continue;
        if (offset >= m->offset || is_last || seeds.frame > m->frame) {
            m->done = true;
            return m;
        }
    }
    return NULL;
}

static void
quiet(void)
{
    mishap_count = 0;
    memset(&seeds, 0, sizeof(seeds));
    if (over->forget != NULL)
        over->forget();
}

/* The first one walks through mishaps, frames and ways; the others are
 * anywhere. */
static void
plan(uint32_t seed, uint32_t frames)
{
    uint32_t n = seed;

    quiet();
    dice = 0x9e3779b97f4a7c15u * (seed + 1);
    mishap_count = 1 + roll(MISHAPS_MAX);
    for (size_t i = 0; i < mishap_count; i++)
        mishaps[i] = (struct mishap){
            .what = roll(over->small), /* one outage is enough */
            .from_chip = roll(over->ways) == 1,
            .frame = 1 + roll(frames),
            .offset = roll(8),
            .amount = roll(1u << 20u),
        };
    mishaps[0].what = n % over->mishaps;
    n /= over->mishaps;
    mishaps[0].frame = 1 + n % frames;
    mishaps[0].from_chip = (n + n / frames) % over->ways == 1;
}

static bool
is_benign(void)
{
    for (size_t i = 0; i < mishap_count; i++) {
        if (mishaps[i].what >= over->survived)
            return false;
    }
    return true;
}

static bool
is_forged(void)
{
    for (size_t i = 0; i < mishap_count; i++) {
        if (over->forged != 0 && mishaps[i].what == over->forged)
            return true;
    }
    return false;
}

/* ---- one seed ---- */

static void
setup(const char *chip)
{
    station_setup_sized(chip, SMALL);
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    station.tp = NULL;
    ck_assert_ok(
        sfi_sim_transport(board.sim, over->interface, &station.direct));
    over->open();
    quiet();
}

static bool
is_complete(void)
{
    uint8_t first;

    ck_assert_ok(sfi_sim_read_flash(
        board.sim, sfi_sim_chip(board.sim)->user.base, &first, 1));
    return first != 0xff;
}

static void
assert_fine(sfi_status st, uint32_t seed, const char *when)
{
    ck_assert_msg(st == SFI_OK, "seed %u: %s gave %s \"%s\"", seed, when,
                  sfi_status_name(st), sfi_error_message(sfi_ctx_error(ctx)));
}

/* Whatever went wrong: after a power cycle the chip has all or nothing. */
static void
assert_fails_cleanly(uint32_t seed, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    /* unsupported: a chip that nobody knows, as it said twice */
    bool expected =
        (st <= -400 && st > -600) || st == SFI_ERR_UNSUPPORTED || is_forged();

    ck_assert_msg(expected && sfi_error_message(err)[0] != '\0',
                  "seed %u gave %s \"%s\"", seed, sfi_status_name(st),
                  sfi_error_message(err));
    quiet();
    ck_assert_ok(sfi_sim_power_on(board.sim));
    if (is_complete())
        install_assert_complete(&station.package);
    else
        install_assert_clean(&station.package);
}

/* A chip that erased its bootloader took its firmware: there is no next time.
 */
static bool
can_again(void)
{
    return sfi_sim_chip(board.sim)->security_mask != 0 || !is_complete();
}

static uint32_t benign, failed;

/* How an install with this seed ends, and the next one. */
static void
run_seed(uint32_t seed, uint32_t frames)
{
    uint64_t began = script_now;
    bool live = seed % 3 == 0;
    bool few;
    sfi_status st;

    plan(seed, frames);
    few = is_benign();
    st = live ? station_install_live(true) : station_install(true);
    ck_assert_msg(script_now - began < over->longest_ms, "seed %u took %llu ms",
                  seed, (unsigned long long)(script_now - began));
    benign += few;
    failed += few && st != SFI_OK;
    if (st != SFI_OK) {
        assert_fails_cleanly(seed, st);
        if (can_again())
            assert_fine(station_install(true), seed, "the next install");
    }
    install_assert_complete(&station.package);
    ck_assert_msg(station_remaining() == STATION_COUNT - 1,
                  "seed %u: %llu installations left", seed,
                  (unsigned long long)station_remaining());
}

/* Which seeds: all, one, or where time is short some. */
static uint32_t
first_seed(void)
{
    const char *one = getenv("SFI_TEST_SEED");

    return one != NULL ? (uint32_t)strtoul(one, NULL, 10) : 0;
}

static uint32_t
last_seed(uint32_t usual)
{
    const char *brief = getenv("SFI_TEST_SHORT");

    if (getenv("SFI_TEST_SEED") != NULL)
        return first_seed() + 1;
    return brief != NULL && brief[0] == '1' ? usual / 50 : usual;
}

static void
assert_survives(void)
{
    ck_assert_msg(failed * 100 <= (benign + 99) * over->fail_percent,
                  "%u of %u failed for a few bytes", failed, benign);
}

/* ---- tests ---- */

START_TEST(test_again)
{
    uint32_t frames;

    setup(over->chips[0]);
    ck_assert_ok(station_install(false));
    quiet();
    ck_assert_ok(station_install(true));
    frames = seeds.frame;
    ck_assert_msg(frames * over->mishaps <= over->again,
                  "%u frames, and %u mishaps, are not all tried by %u seeds",
                  frames, over->mishaps, over->again);
    for (uint32_t seed = first_seed(); seed < last_seed(over->again); seed++)
        run_seed(seed, frames);
    station_teardown();
    assert_survives();
}
END_TEST

/* Each success takes a new chip; an open H7 has the way to SECURITY too. */
START_TEST(test_fresh)
{
    const char *chip = over->chips[_i];
    uint32_t frames;

    setup(chip);
    ck_assert_ok(station_install(false));
    frames = seeds.frame;
    station_teardown();
    for (uint32_t seed = first_seed(); seed < last_seed(over->fresh); seed++) {
        setup(chip);
        run_seed(seed, frames);
        station_teardown();
    }
    assert_survives();
}
END_TEST

int
seeds_run(const struct seeds_link *link)
{
    Suite *s = suite_create(link->name);
    TCase *tc = tcase_create("seeds");
    int chips = 0;

    over = link;
    while (link->chips[chips] != NULL)
        chips++;
    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, test_again);
    tcase_add_loop_test(tc, test_fresh, 0, chips);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
