/* Noise by chance, a number telling which: one to four things go wrong with
 * bytes of an install, the first of them in each frame and each way in turn.
 * It completes, or fails cleanly and completes when it is run again; it ends in
 * bounded time, and a chip is counted once.  SFI_TEST_SEED=N runs that one. */
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "core/ctx.h"
#include "transport/transport.h"

#include "station.h"

/* Firmware of one DATA; the option bytes are another. */
#define SMALL 40u
#define STRIKES_MAX 4u
/* Four times the longest stall, and the longest waits after them. */
#define LONGEST_MS 240000u
#define STALL_MS_MAX 40000u
/* Longer than a wait for an ACK, now and then. */
#define DELAY_MS_MAX 2000u
/* Seeds of one run: all three tests together are 2,000. */
#define SEEDS_H7 1600u
#define SEEDS_FRESH 200u
/* A mishap of a few bytes is survived; of a thousand installs with several of
 * them some are not: a doubled byte that equals the checksum, say. */
#define BENIGN_FAIL_PERCENT 3u

enum mishap {
    MISHAP_DROP,
    MISHAP_FLIP,
    MISHAP_DOUBLE,
    MISHAP_DELAY,
    MISHAP_STALL,  /* both ways, for seconds */
    MISHAP_RESET,  /* the chip loses its power for a moment */
    MISHAP_UNPLUG, /* the adapter goes, until the next install */
    MISHAPS
};

struct strike_at {
    enum mishap what;
    bool from_chip;
    uint32_t frame;  /* of the host's */
    uint32_t offset; /* in it, or in what answers it */
    uint32_t amount; /* which bit, how long */
    bool done;
};

/* The line, with what came from the chip and was not read yet. */
static struct {
    struct strike_at strikes[STRIKES_MAX];
    size_t count;
    uint32_t frame, answered; /* frames sent, bytes that came since the last */
    uint64_t held_until;
    bool unplugged;
    uint8_t queue[4096];
    size_t head, len;
} line;

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

/* ---- the line ---- */

static void
put(uint8_t byte)
{
    ck_assert_uint_lt(line.len, sizeof(line.queue));
    line.queue[(line.head + line.len++) % sizeof(line.queue)] = byte;
}

/* The strike that hits this byte; NULL: it passes. */
static struct strike_at *
strike_on(bool from_chip, uint32_t offset, bool is_last)
{
    for (size_t i = 0; i < line.count; i++) {
        struct strike_at *s = &line.strikes[i];

        if (s->done || s->from_chip != from_chip || line.frame < s->frame)
            continue;
        if (offset >= s->offset || is_last || line.frame > s->frame) {
            s->done = true;
            return s;
        }
    }
    return NULL;
}

/* What becomes of a byte: how often it goes on. */
static unsigned
suffer(const struct strike_at *s, uint8_t *byte)
{
    switch (s->what) {
    case MISHAP_DROP:
        return 0;
    case MISHAP_FLIP:
        *byte = (uint8_t)(*byte ^ 1u << s->amount % 8);
        return 1;
    case MISHAP_DOUBLE:
        return 2;
    case MISHAP_DELAY:
        line.held_until = script_now + s->amount % DELAY_MS_MAX;
        return 1;
    case MISHAP_STALL:
        line.held_until = script_now + s->amount % STALL_MS_MAX;
        return 1;
    case MISHAP_RESET:
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        return 1;
    case MISHAP_UNPLUG:
        line.unplugged = true;
        return 0;
    case MISHAPS:
        break;
    }
    return 1;
}

/* What the chip has said so far. */
static void
listen(uint32_t ms)
{
    uint8_t in[256];
    size_t got = 0;

    while (sfi__transport_read(station.direct, in, sizeof(in), &got, ms) ==
           SFI_OK) {
        for (size_t i = 0; i < got; i++) {
            struct strike_at *s = strike_on(true, line.answered++, false);
            unsigned times = s == NULL ? 1 : suffer(s, &in[i]);

            while (times-- > 0 && !line.unplugged)
                put(in[i]);
        }
        ms = 0;
    }
}

/* What is held comes later, and so does all that follows. */
static void
hold(void)
{
    while (line.held_until > script_now)
        listen((uint32_t)(line.held_until - script_now));
}

static sfi_status
line_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    line.frame++;
    line.answered = 0;
    for (size_t i = 0; i < len && !line.unplugged; i++) {
        struct strike_at *s = strike_on(false, (uint32_t)i, i == len - 1);
        uint8_t byte = buf[i];
        unsigned times = s == NULL ? 1 : suffer(s, &byte);

        if (s != NULL && s->what == MISHAP_DELAY)
            hold();
        while (times-- > 0)
            ck_assert_int_eq(
                sfi__transport_write(station.direct, &byte, 1, timeout_ms),
                SFI_OK);
    }
    return line.unplugged ? SFI_ERR_NO_DEVICE : SFI_OK;
}

static sfi_status
line_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    uint64_t end = script_now + timeout_ms;

    (void)user;
    *got = 0;
    while (script_now < line.held_until && script_now < end)
        listen((uint32_t)((line.held_until < end ? line.held_until : end) -
                          script_now));
    if (script_now >= line.held_until && line.len == 0)
        listen(script_now < end ? (uint32_t)(end - script_now) : 0);
    if (line.unplugged)
        return SFI_ERR_NO_DEVICE;
    while (script_now >= line.held_until && line.len > 0 && *got < len) {
        buf[(*got)++] = line.queue[line.head];
        line.head = (line.head + 1) % sizeof(line.queue);
        line.len--;
    }
    return *got > 0 ? SFI_OK : SFI_ERR_TIMEOUT;
}

static sfi_status
line_flush(void *user)
{
    (void)user;
    line.len = 0;
    return line.unplugged ? SFI_ERR_NO_DEVICE
                          : sfi__transport_flush(station.direct);
}

static sfi_status
line_reset(void *user, int into_boot)
{
    (void)user;
    line.len = 0;
    return line.unplugged ? SFI_ERR_NO_DEVICE
                          : sfi__transport_reset(station.direct, into_boot);
}

static void
setup(const char *chip)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = line_read,
        .write = line_write,
        .flush = line_flush,
        .reset = line_reset,
    };

    station_setup_sized(chip, SMALL);
    sfi_transport_free(station.tp);
    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &station.tp));
}

/* ---- one seed ---- */

static void
quiet(void)
{
    memset(&line, 0, sizeof(line));
}

/* The first strike walks through frames, ways and mishaps; the others are
 * anywhere. */
static void
plan(uint32_t seed, uint32_t frames)
{
    uint32_t n = seed;

    quiet();
    dice = 0x9e3779b97f4a7c15u * (seed + 1);
    line.count = 1 + roll(STRIKES_MAX);
    for (size_t i = 0; i < line.count; i++)
        line.strikes[i] = (struct strike_at){
            .what = roll(MISHAP_STALL), /* one outage is enough */
            .from_chip = roll(2) == 1,
            .frame = 1 + roll(frames),
            .offset = roll(8),
            .amount = roll(1u << 20u),
        };
    line.strikes[0].what = n % MISHAPS;
    n /= MISHAPS;
    line.strikes[0].frame = 1 + n % frames;
    n /= frames;
    line.strikes[0].from_chip = (n + seed) % 2 == 1;
}

static bool
is_benign(void)
{
    for (size_t i = 0; i < line.count; i++) {
        if (line.strikes[i].what >= MISHAP_STALL)
            return false;
    }
    return true;
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

    ck_assert_msg(st <= -400 && st > -600 && sfi_error_message(err)[0] != '\0',
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
    ck_assert_msg(script_now - began < LONGEST_MS, "seed %u took %llu ms", seed,
                  (unsigned long long)(script_now - began));
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
    ck_assert_msg(failed * 100 <= (benign + 99) * BENIGN_FAIL_PERCENT,
                  "%u of %u failed for a few bytes", failed, benign);
}

START_TEST(test_h7)
{
    uint32_t frames;

    setup("stm32h753xi");
    quiet();
    ck_assert_ok(station_install(false));
    quiet();
    ck_assert_ok(station_install(true));
    frames = line.frame;
    for (uint32_t seed = first_seed(); seed < last_seed(SEEDS_H7); seed++)
        run_seed(seed, frames);
    station_teardown();
    assert_survives();
}
END_TEST

/* Each success takes a new chip; an open H7 has the way to SECURITY too. */
static void
fresh(const char *chip)
{
    uint32_t frames;

    setup(chip);
    quiet();
    ck_assert_ok(station_install(false));
    frames = line.frame;
    station_teardown();
    for (uint32_t seed = first_seed(); seed < last_seed(SEEDS_FRESH); seed++) {
        setup(chip);
        run_seed(seed, frames);
        station_teardown();
    }
    assert_survives();
}

START_TEST(test_fresh_h7)
{
    fresh("stm32h753xi");
}
END_TEST

START_TEST(test_fresh_l4)
{
    fresh("stm32l462ce");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("install_seeds");
    TCase *tc = tcase_create("seeds");

    tcase_set_timeout(tc, 240);
    tcase_add_test(tc, test_h7);
    tcase_add_test(tc, test_fresh_h7);
    tcase_add_test(tc, test_fresh_l4);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
