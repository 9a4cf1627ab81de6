/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RNG as in RM0394, 24 (L4) and RM0433, 34 (H7: clock detection can be off).
 * Its numbers are those of a generator with a fixed beginning, so that a run
 * can be repeated. */
#include <string.h>

#include "periph.h"
#include "sim/board/wire.h"

enum { RNG_CR = 0x00, RNG_SR = 0x04, RNG_DR = 0x08 };
#define RNGEN (1u << 2)
#define IE (1u << 3)
#define CED (1u << 5) /* H7 */
#define DRDY (1u << 0)
#define CECS (1u << 1)
#define SECS (1u << 2)
#define CEIS (1u << 5)
#define SEIS (1u << 6)

/* RM0394, 24.3.3 and 24.5: four words at a time, every 16 clocks of the RNG or
 * 213 of the bus, whichever is longer; twice that after it was enabled. */
#define WORDS 4u
#define RNG_CLOCKS 16u
#define BUS_CLOCKS 213u
/* 24.3.6: slower than HCLK / 32 is an error of the clock. */
#define CLOCK_RATIO 32u

struct rng {
    uint32_t cr, flags;
    uint32_t last_sr, last_word;
    uint64_t seed;
    unsigned words;   /* that can be read */
    board_time ready; /* of the next four; BOARD_NEVER: does not run */
    bool first;       /* since it was enabled */
    bool stuck, bad_seed, bad_clock;
};

/* A permutation of a counter (the constants are those of "splitmix64", by
 * S. Vigna, public domain): no secret hangs on it. */
static uint32_t
next_word(struct rng *r)
{
    uint64_t z = r->seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(z >> 32);
}

static board_time
four_words(struct board *b, const struct rng *r)
{
    uint32_t hclk = board_clock_hz(b, BOARD_CLOCK_HCLK);
    uint32_t clock = board_clock_hz(b, BOARD_CLOCK_48);
    board_time noise, bus;

    if (hclk == 0 || clock == 0)
        return BOARD_NEVER;
    noise = RNG_CLOCKS * BOARD_PS_PER_S / clock;
    bus = BUS_CLOCKS * BOARD_PS_PER_S / hclk;
    return (noise > bus ? noise : bus) * (r->first ? 2 : 1);
}

static bool
clock_is_bad(struct board *b, const struct rng *r)
{
    uint32_t hclk = board_clock_hz(b, BOARD_CLOCK_HCLK);
    uint32_t clock = board_clock_hz(b, BOARD_CLOCK_48);

    if ((r->cr & RNGEN) == 0 || (r->cr & CED) != 0)
        return false;
    return r->bad_clock || clock < hclk / CLOCK_RATIO;
}

static bool
runs(const struct rng *r)
{
    return (r->cr & RNGEN) != 0 && (r->flags & (CECS | SECS)) == 0;
}

/* 24.3.7: both errors stop the generator.  After a seed error RNGEN must be
 * cleared and set; numbers of before it must not be used, and are gone. */
static void
run(struct board *b, struct rng *r)
{
    board_time now = board_now(b);

    if (clock_is_bad(b, r)) {
        r->flags |= CECS | CEIS;
        r->ready = BOARD_NEVER;
    } else if ((r->flags & CECS) != 0) {
        r->flags &= ~CECS;
        r->ready = BOARD_NEVER;
    }
    if (runs(r) && r->words == 0 && r->ready == BOARD_NEVER &&
        four_words(b, r) != BOARD_NEVER)
        r->ready = now + four_words(b, r);
    if (runs(r) && r->ready <= now) {
        r->ready = BOARD_NEVER;
        r->first = false;
        if (r->bad_seed) {
            r->flags |= SECS | SEIS;
            r->bad_seed = false;
        } else {
            r->words = WORDS;
        }
    }
    board_schedule(b, r, r->ready);
    board_interrupt(b, r,
                    (r->cr & IE) != 0 &&
                        (r->words > 0 || (r->flags & (CEIS | SEIS)) != 0));
}

static uint32_t
take(struct rng *r)
{
    /* "it returns zero when no data is ready" */
    if (r->words == 0)
        return 0;
    r->words--;
    if (!r->stuck)
        r->last_word = next_word(r);
    return r->last_word;
}

static uint32_t
rng_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct rng *r = state;
    uint32_t value;

    if (size != 4)
        board_note(b, "RNG: is read by words only");
    run(b, r);
    switch (offset & ~3u) {
    case RNG_CR:
        return r->cr;
    case RNG_SR:
        value = r->flags | (r->words > 0 ? DRDY : 0);
        periph_awaited(b, value, &r->last_sr, r->ready);
        return value;
    case RNG_DR:
        board_busy(b);
        value = take(r);
        run(b, r);
        return value;
    default:
        return 0;
    }
}

static void
write_control(struct board *b, struct rng *r, uint32_t value)
{
    bool h7 = board_unit_of(b, r)->model == &board_rng_h7;
    uint32_t old = r->cr;

    r->cr = value & (RNGEN | IE | (h7 ? CED : 0));
    /* RM0433, 34.7.1: CED can be changed only while RNGEN is 0. */
    if ((old & RNGEN) != 0)
        r->cr = (r->cr & ~CED) | (old & CED);
    if ((r->cr & RNGEN) == 0) {
        r->flags &= ~(SECS | CECS);
        r->ready = BOARD_NEVER;
        r->words = 0;
    } else if ((old & RNGEN) == 0) {
        r->first = true;
    }
}

static void
rng_write(struct board *b, void *state, uint32_t offset, uint32_t value,
          unsigned size)
{
    struct rng *r = state;

    if (size != 4) {
        board_note(b, "RNG: is written by words only");
        return;
    }
    run(b, r);
    board_busy(b);
    if (offset == RNG_CR)
        write_control(b, r, value);
    else if (offset == RNG_SR) /* cleared by writing 0 */
        r->flags &= ~(~value & (SEIS | CEIS));
    run(b, r);
}

static void
rng_tick(struct board *b, void *state)
{
    run(b, state);
}

/* The numbers go on: another reset, other numbers. */
static void
rng_reset(struct board *b, void *state, enum board_reset why)
{
    struct rng *r = state;

    (void)why;
    r->cr = r->flags = r->last_sr = 0;
    r->words = 0;
    r->ready = BOARD_NEVER;
    run(b, r);
}

static bool
rng_fault(struct board *b, void *state, unsigned what, uint32_t value)
{
    struct rng *r = state;

    switch (what) {
    case WIRE_FAULT_RNG_STUCK:
        r->stuck = value != 0;
        break;
    case WIRE_FAULT_RNG_SEED:
        r->bad_seed = value != 0;
        r->words = 0;
        break;
    case WIRE_FAULT_RNG_CLOCK:
        r->bad_clock = value != 0;
        break;
    default:
        return false;
    }
    run(b, r);
    return true;
}

const struct board_model board_rng_l4 = {
    .name = "RNG",
    .state_size = sizeof(struct rng),
    .read = rng_read,
    .write = rng_write,
    .tick = rng_tick,
    .reset = rng_reset,
    .fault = rng_fault,
};

const struct board_model board_rng_h7 = {
    .name = "RNG",
    .state_size = sizeof(struct rng),
    .read = rng_read,
    .write = rng_write,
    .tick = rng_tick,
    .reset = rng_reset,
    .fault = rng_fault,
};
