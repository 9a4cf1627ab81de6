/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Replies of a bootloader carry no checksum (AN3155, AN4286), and a wrong
 * option byte can be permanent.  A byte of each reply is changed, lost or
 * doubled: the option bytes get the requested values or keep theirs. */
#include <string.h>

#include <sfi/option_bytes.h>
#include <sfi/target.h>

#include "chip/chip.h"
#include "core/ctx.h"

#include <bench/station.h>

#define CHIP "stm32h753xi"
#define RDP_LEVEL0 0xaau /* the second byte of all */

struct words {
    uint8_t data[4 * CHIP_OB_ROWS_MAX];
    size_t len;
};

static struct words
look(void)
{
    struct words w = {.len = sizeof(w.data)};

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_OPTION_BYTES, w.data, &w.len));
    return w;
}

static bool
same(const struct words *a, const struct words *b)
{
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

/* ---- operations ---- */

static sfi_status
change_field(sfi_target *t)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    if (st != SFI_OK)
        return st;
    ck_assert_ok(sfi_option_bytes_set(ob, "BOR_LEV", 3));
    st = sfi_target_write_option_bytes(t, ob);
    sfi_option_bytes_free(ob);
    return st;
}

static sfi_status (*const actions[])(sfi_target *t) = {
    change_field,
    sfi_target_activate_security,
};

static sfi_status
act(size_t action)
{
    sfi_target *t;
    /* time to reset a chip whose first 0x7f was damaged */
    sfi_status st = sfi_target_connect(ctx, NULL, station.tp, 5000, &t);

    if (st == SFI_OK)
        st = actions[action](t);
    sfi_target_free(t);
    return st;
}

/* ---- with disturbances ---- */

static const char *const links[] = {"usart", "spi"};

static const struct {
    enum strike strike;
    bool from_chip;
    unsigned every; /* disturb one byte of so many */
    bool may_shift; /* over SPI a lost zero makes a good frame, shifted */
} noises[] = {
    {STRIKE_FLIP, true, 1, false},   {STRIKE_DROP, true, 5, false},
    {STRIKE_DOUBLE, true, 5, false}, {STRIKE_FLIP, false, 5, false},
    {STRIKE_DROP, false, 1, true},
};

static void
put_back(const struct words *w)
{
    const sfi_chip *chip = sfi_sim_chip(board.sim);

    station_strike(STRIKE_NONE, false, 0);
    for (size_t i = 0; i < w->len; i += 4) {
        uint32_t word = (uint32_t)w->data[i] | (uint32_t)w->data[i + 1] << 8 |
                        (uint32_t)w->data[i + 2] << 16 |
                        (uint32_t)w->data[i + 3] << 24;

        ck_assert_ok(sfi_sim_set_option(
            board.sim, sfi_chip_option_byte(chip, i / 4), word));
    }
    ck_assert_ok(sfi_sim_power_on(board.sim));
}

static void
sweep(size_t action, size_t noise)
{
    struct words before, wanted;
    bool from_chip = noises[noise].from_chip;
    uint64_t length, succeeded = 0, tried = 0;

    station_setup(CHIP);
    before = look();
    station_strike(STRIKE_NONE, false, 0);
    ck_assert_ok(act(action));
    length = from_chip ? station.wire.received : station.wire.sent;
    wanted = look();
    ck_assert(!same(&before, &wanted));
    for (uint64_t at = 0; at < length;
         at += noises[noise].every * test_step(97)) {
        struct words after;
        sfi_status st;

        put_back(&before);
        station_strike(noises[noise].strike, from_chip, at);
        st = act(action);
        after = look();
        ck_assert_msg(st != SFI_OK || same(&after, &wanted),
                      "byte %llu: a success, and not what was asked for",
                      (unsigned long long)at);
        ck_assert_msg(same(&after, &wanted) || same(&after, &before) ||
                          noises[noise].may_shift,
                      "byte %llu: other option bytes, and %s",
                      (unsigned long long)at,
                      sfi_error_message(sfi_ctx_error(ctx)));
        ck_assert_uint_eq(after.data[1], RDP_LEVEL0);
        succeeded += st == SFI_OK;
        tried++;
    }
    ck_assert_msg(succeeded * 100 >= tried * 98, "%llu of %llu succeeded",
                  (unsigned long long)succeeded, (unsigned long long)tried);
    station_teardown();
}

#define CASES (ROWS(links) * ROWS(noises) * ROWS(actions))

START_TEST(test_struck)
{
    size_t i = (size_t)_i;

    station_over(links[i % ROWS(links)]);
    sweep(i / ROWS(links) / ROWS(noises), i / ROWS(links) % ROWS(noises));
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("option_noise");
    TCase *tc = tcase_create("noise");

    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, test_struck, 0, (int)CASES);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
