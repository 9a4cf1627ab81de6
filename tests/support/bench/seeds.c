/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Runs installs with random mishaps, one seed after the other. */
#include <bench/seeds.h>

#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "core/ctx.h"
#include "transport/base/transport.h"

/* A firmware of one DATA; the option bytes are a second. */
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
dice_roll(uint32_t sides)
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
seeds_clear(void)
{
    mishap_count = 0;
    memset(&seeds, 0, sizeof(seeds));
    if (over->forget != NULL)
        over->forget();
}

/* The first mishap goes through all kinds, frames and directions; the others
 * are random. */
static void
seeds_plan(uint32_t seed, uint32_t frames)
{
    uint32_t n = seed;

    seeds_clear();
    dice = 0x9e3779b97f4a7c15u * (seed + 1);
    mishap_count = 1 + dice_roll(MISHAPS_MAX);
    for (size_t i = 0; i < mishap_count; i++)
        mishaps[i] = (struct mishap){
            .what = dice_roll(over->small), /* one outage is enough */
            .from_chip = dice_roll(over->ways) == 1,
            .frame = 1 + dice_roll(frames),
            .offset = dice_roll(8),
            .amount = dice_roll(1u << 20u),
        };
    mishaps[0].what = n % over->mishaps;
    n /= over->mishaps;
    mishaps[0].frame = 1 + n % frames;
    mishaps[0].from_chip = (n + n / frames) % over->ways == 1;
}

static bool
plan_is_benign(void)
{
    for (size_t i = 0; i < mishap_count; i++) {
        if (mishaps[i].what >= over->survived)
            return false;
    }
    return true;
}

static bool
plan_is_forged(void)
{
    for (size_t i = 0; i < mishap_count; i++) {
        if (over->forged != 0 && mishaps[i].what == over->forged)
            return true;
    }
    return false;
}

/* ---- one seed ---- */

static void
seeds_setup(const char *chip)
{
    station_setup_sized(chip, SMALL);
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    station.tp = NULL;
    ck_assert_ok(
        sfi_sim_transport(board.sim, over->interface, &station.direct));
    seeds_clear(); /* what the last seed did not need */
    over->open();
    seeds_clear();
}

static bool
chip_is_complete(void)
{
    uint8_t first;

    ck_assert_ok(sfi_sim_read_flash(
        board.sim, sfi_sim_chip(board.sim)->user.base, &first, 1));
    return first != 0xff;
}

static void
seeds_assert_ok(sfi_status st, uint32_t seed, const char *when)
{
    ck_assert_msg(st == SFI_OK, "seed %u: %s gave %s \"%s\"", seed, when,
                  sfi_status_name(st), sfi_error_message(sfi_ctx_error(ctx)));
}

/* After any failure and a power cycle the chip holds all or nothing. */
static void
seeds_assert_clean(uint32_t seed, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    /* unsupported: the same wrong device id arrived twice */
    bool expected = (st <= -400 && st > -600) || st == SFI_ERR_UNSUPPORTED ||
                    plan_is_forged();

    ck_assert_msg(expected && sfi_error_message(err)[0] != '\0',
                  "seed %u gave %s \"%s\"", seed, sfi_status_name(st),
                  sfi_error_message(err));
    seeds_clear();
    ck_assert_ok(sfi_sim_power_on(board.sim));
    if (chip_is_complete())
        install_assert_complete(&station.package);
    else
        install_assert_clean(&station.package);
}

/* A chip that erased its bootloader has its firmware and takes no other. */
static bool
chip_can_install(void)
{
    return sfi_sim_chip(board.sim)->security_mask != 0 || !chip_is_complete();
}

static uint32_t benign, failed;

/* An install with this seed, and after a failure the next one. */
static void
seeds_run_one(uint32_t seed, uint32_t frames)
{
    uint64_t began = script_now;
    bool live = seed % 3 == 0;
    bool few;
    sfi_status st;

    seeds_plan(seed, frames);
    few = plan_is_benign();
    st = live ? station_install_live(true) : station_install(true);
    ck_assert_msg(plan_is_forged() || script_now - began < over->longest_ms,
                  "seed %u took %llu ms", seed,
                  (unsigned long long)(script_now - began));
    benign += few;
    failed += few && st != SFI_OK;
    if (st != SFI_OK) {
        seeds_assert_clean(seed, st);
        if (chip_can_install())
            seeds_assert_ok(station_install(true), seed, "the next install");
    }
    install_assert_complete(&station.package);
    ck_assert_msg(station_remaining() == STATION_COUNT - 1,
                  "seed %u: %llu installations left", seed,
                  (unsigned long long)station_remaining());
}

/* Which seeds: all, one, or a few where time is short. */
static uint32_t
seeds_first(void)
{
    const char *one = getenv("SFI_TEST_SEED");

    return one != NULL ? (uint32_t)strtoul(one, NULL, 10) : 0;
}

static uint32_t
seeds_last(uint32_t usual)
{
    if (getenv("SFI_TEST_SEED") != NULL)
        return seeds_first() + 1;
    return getenv("SFI_TEST_SHORT") != NULL ? usual / 100 : usual;
}

static void
seeds_assert_survival(void)
{
    ck_assert_msg(failed * 100 <= (benign + 99) * over->fail_percent,
                  "%u of %u failed for a few bytes", failed, benign);
}

/* ---- tests ---- */

START_TEST(test_again)
{
    uint32_t frames;

    seeds_setup(over->chips[0]);
    ck_assert_ok(station_install(false));
    seeds_clear();
    ck_assert_ok(station_install(true));
    frames = seeds.frame;
    ck_assert_msg(frames * over->mishaps <= over->again,
                  "%u frames, and %u mishaps, are not all tried by %u seeds",
                  frames, over->mishaps, over->again);
    for (uint32_t seed = seeds_first(); seed < seeds_last(over->again); seed++)
        seeds_run_one(seed, frames);
    station_teardown();
    seeds_assert_survival();
}
END_TEST

/* A new chip for each seed; for an open H7 this includes SECURITY. */
START_TEST(test_fresh)
{
    const char *chip = over->chips[_i];
    uint32_t frames;

    seeds_setup(chip);
    ck_assert_ok(station_install(false));
    frames = seeds.frame;
    station_teardown();
    for (uint32_t seed = seeds_first(); seed < seeds_last(over->fresh);
         seed++) {
        seeds_setup(chip);
        seeds_run_one(seed, frames);
        station_teardown();
    }
    seeds_assert_survival();
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
