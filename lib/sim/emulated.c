/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Leads the chip's supply, pins, links and time to sfi-board.  The core runs
 * after each of them until it waits for something, so that flash and
 * cryptography take no time for a host, or in real time if it asked for that.
 */
#include "sim/emulated.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "wire/secure_boot.h"
#include "core/ctx.h"
#include "core/err.h"
#include "proto/an4286.h"
#include "sim/board/board.h"

#define NS_PER_MS 1000000u
/* How long the core runs between two looks at what it has started: firmware
 * that does not wait for anything gets no longer ... */
#define SLICE_NS (100u * (uint64_t)NS_PER_MS)
/* ... and a bootloader at most so long: an erase of all flash, and more. */
#define LONGEST_NS (30000u * (uint64_t)NS_PER_MS)
/* Twice as long as a bootloader waits for the next byte before it looks at what
 * else is due. */
#define AFTER_NS (2u * (uint64_t)NS_PER_MS)
/* How much of a longer wait an installed firmware gets. */
#define FIRMWARE_MS 20u
#define SPI_HERTZ 500000u /* AN4286_BYTE_US for each byte */

struct emulated {
    struct sim_board board;
    struct board_state state; /* after the last run */
    bool is_known;            /* are the option bytes those of this state? */
    uint64_t power_ups;
    bool halted;  /* until a reset */
    bool answers; /* over SPI, in the last transfer */
};

static struct sim_board *
board_of(const struct sfi_sim *sim)
{
    return &sim->emulated->board;
}

/* The program failed: from now on the chip is silent, as without power. */
static void
emulated_lose(struct sfi_sim *sim)
{
    sfi__log(sim->obj.ctx, SFI_LOG_WARNING, "virtual chip: %s",
             sfi_error_message(sfi_ctx_error(sim->inner)));
    sim->power.off = true;
    sim->mode = SIM_OFF;
}

/* Where its secure boot, or a bootloader without one, says why it parks. */
static uint32_t
emulated_park_at(const struct sfi_sim *sim)
{
    return sim->chip->ships_secure ? SECURE_BOOT_L462_PARK_AT
                                   : SECURE_BOOT_H753_PARK_AT;
}

/* The reason; 0: it does not stand still. */
static uint32_t
emulated_park_reason(const struct sfi_sim *sim)
{
    uint8_t raw[8];
    struct rd r;

    if (sfi__board_peek(board_of(sim), emulated_park_at(sim), raw,
                        sizeof(raw)) != SFI_OK)
        return 0;
    sfi__rd_init(&r, raw, sizeof(raw));
    return sfi__rd_u32le(&r) == SECURE_BOOT_PARKED ? sfi__rd_u32le(&r) : 0;
}

/* A secure boot that parks is no loader. */
static bool
emulated_is_parked(const struct sfi_sim *sim)
{
    return !sim->chip->ships_secure && emulated_park_reason(sim) != 0;
}

static enum sim_mode
emulated_mode(const struct sfi_sim *sim)
{
    const struct emulated *e = sim->emulated;

    if (!e->state.has_power || sim->held)
        return SIM_OFF;
    if (e->halted || e->board.end == WIRE_END_LOCKUP)
        return SIM_HUNG;
    switch (e->state.at) {
    case WIRE_AT_LOADER:
        return emulated_is_parked(sim) ? SIM_HUNG : SIM_SECURE;
    case WIRE_AT_FIRMWARE:
        return SIM_APPLICATION;
    default: /* the secure boot stands still, or nothing is there to start */
        return SIM_HUNG;
    }
}

/* What the board is now, for those who look at `sim`. */
static bool
emulated_look(struct sfi_sim *sim)
{
    struct emulated *e = sim->emulated;
    struct board_state now;
    bool is_same;

    if (sfi__board_state(&e->board, &now) != SFI_OK)
        return false;
    is_same =
        e->is_known && now.ops == e->state.ops && now.resets == e->state.resets;
    if (!is_same &&
        sfi__board_options(&e->board, sim->store.options, sim->options,
                           sim->chip->ob_count) != SFI_OK)
        return false;
    e->is_known = true;
    e->state = now;
    sim->power.off = !now.has_power;
    sim->power.ops = now.ops;
    sim->resets = e->power_ups + now.resets;
    sim->mode = emulated_mode(sim);
    return true;
}

/* The same after a run, whose answer tells what most runs change. */
static bool
emulated_follow(struct sfi_sim *sim)
{
    struct emulated *e = sim->emulated;

    if (e->board.changed || !e->state.has_power || e->board.end == WIRE_END_OFF)
        return emulated_look(sim);
    e->state.at = e->board.at;
    sim->mode = emulated_mode(sim);
    return true;
}

static bool
emulated_run(struct sfi_sim *sim, uint64_t ns, bool until_idle)
{
    return sfi__board_run(board_of(sim), ns, until_idle) == SFI_OK &&
           emulated_follow(sim);
}

/* Is the core still at work on what it was asked? */
static bool
emulated_is_busy(const struct sfi_sim *sim)
{
    return sim->emulated->board.end == WIRE_END_LIMIT &&
           sim->mode != SIM_APPLICATION;
}

/* Fetch what came out of the USART, with bytes that go in. */
static bool
emulated_exchange(struct sfi_sim *sim, uint64_t limit_ns, const uint8_t *data,
                  size_t len)
{
    bool done = sfi__board_usart(board_of(sim), sim->baud, limit_ns, data, len,
                                 &sim->line) == SFI_OK;

    sim->line_free = sim->line.len;
    return done && emulated_follow(sim);
}

/* Run on until the core waits for something. */
static bool
emulated_go_on(struct sfi_sim *sim)
{
    bool done = true;
    uint64_t ns = 0;

    while (done && !sim->timed && emulated_is_busy(sim) && ns < LONGEST_NS) {
        done = emulated_run(sim, SLICE_NS, true);
        ns += SLICE_NS;
    }
    return done && (ns == 0 || emulated_exchange(sim, 0, NULL, 0));
}

/* After an answer is out: work that waits for that, as a bootloader leaves. */
static bool
emulated_after(struct sfi_sim *sim)
{
    if (sim->timed || sim->mode == SIM_APPLICATION)
        return true;
    return emulated_run(sim, AFTER_NS, false) && emulated_go_on(sim) &&
           emulated_exchange(sim, 0, NULL, 0);
}

/* Does it run at all? */
static bool
emulated_runs(const struct sfi_sim *sim)
{
    return sim->mode != SIM_OFF && !sim->emulated->halted;
}

static uint64_t
emulated_limit(const struct sfi_sim *sim)
{
    return sim->timed || sim->mode == SIM_APPLICATION ? 0 : SLICE_NS;
}

static bool
emulated_begin(struct sfi_sim *sim)
{
    return emulated_look(sim) && emulated_run(sim, emulated_limit(sim), true) &&
           emulated_go_on(sim) && emulated_exchange(sim, 0, NULL, 0);
}

/* NRST is low, or goes up and the core starts. */
void
sfi__emulated_reset(struct sfi_sim *sim)
{
    bool done;

    sim->emulated->halted = false;
    if (sim->power.off)
        return;
    done = sfi__board_set_boot0(board_of(sim), sim->boot0) == SFI_OK &&
           sfi__board_reset(board_of(sim)) == SFI_OK;
    if (done)
        done = sim->held ? emulated_look(sim) : emulated_begin(sim);
    if (!done)
        emulated_lose(sim);
}

void
sfi__emulated_power(struct sfi_sim *sim, bool on)
{
    bool done;

    sim->emulated->halted = false;
    sim->emulated->power_ups += on;
    sim->emulated->is_known = false; /* option bytes come into force */
    done = sfi__board_cut_after(board_of(sim), WIRE_NO_CUT) == SFI_OK &&
           sfi__board_set_boot0(board_of(sim), sim->boot0) == SFI_OK &&
           sfi__board_power(board_of(sim), on) == SFI_OK;
    if (done)
        done = on && !sim->held ? emulated_begin(sim) : emulated_look(sim);
    if (!done)
        emulated_lose(sim);
}

void
sfi__emulated_receive(struct sfi_sim *sim, const uint8_t *data, size_t len)
{
    size_t before = sim->line.len;

    if (!emulated_runs(sim))
        return;
    if (!emulated_exchange(sim, emulated_limit(sim), data, len) ||
        !emulated_go_on(sim) ||
        (sim->line.len > before && !emulated_after(sim)))
        emulated_lose(sim);
}

void
sfi__emulated_select(struct sfi_sim *sim)
{
    if (sfi__board_select(board_of(sim), sim->nss) != SFI_OK)
        emulated_lose(sim);
}

/* An answer is out when its last byte was clocked, which the host may do in a
 * transfer of its own (AN4286: it acknowledges). */
static bool
emulated_answers(struct sfi_sim *sim, const uint8_t *rx, size_t len)
{
    bool before = sim->emulated->answers;
    size_t i = 0;

    while (i < len && rx[i] == SPI_BUSY)
        i++;
    sim->emulated->answers = i < len;
    return before || i < len;
}

void
sfi__emulated_transfer(struct sfi_sim *sim, const uint8_t *tx, uint8_t *rx,
                       size_t len)
{
    sfi__fill(rx, 0xff, len); /* nobody drives the line */
    if (len == 0 || !emulated_runs(sim))
        return;
    if (sfi__board_spi(board_of(sim), SPI_HERTZ, emulated_limit(sim), tx, rx,
                       len) != SFI_OK ||
        !emulated_follow(sim) || !emulated_go_on(sim) ||
        (emulated_answers(sim, rx, len) && !emulated_after(sim)))
        emulated_lose(sim);
}

void
sfi__emulated_wait(struct sfi_sim *sim, uint64_t ms)
{
    sim->now_ms += ms;
    /* firmware that never waits must not fall behind the machine's clock */
    if (sim->mode == SIM_APPLICATION && ms > FIRMWARE_MS)
        ms = FIRMWARE_MS;
    if (ms > 0 && emulated_runs(sim) &&
        (!emulated_run(sim, ms * NS_PER_MS, false) ||
         (board_of(sim)->changed && !emulated_go_on(sim)) ||
         !emulated_exchange(sim, 0, NULL, 0)))
        emulated_lose(sim);
}

void
sfi__emulated_halt(struct sfi_sim *sim)
{
    sim->emulated->halted = true;
}

/* Registers may have effects, memory has none. */
#define REGISTERS 0x40000000u

bool
sfi__emulated_debug_read(struct sfi_sim *sim, uint32_t address, uint32_t size,
                         uint32_t *value)
{
    sfi_status st = sfi__board_debug_read(board_of(sim), address, size, value);

    if (st != SFI_OK && st != SFI_ERR_NACK)
        emulated_lose(sim);
    return st == SFI_OK;
}

/* What the write has begun, a reset or an erase, is done at once. */
bool
sfi__emulated_debug_write(struct sfi_sim *sim, uint32_t address, uint32_t size,
                          uint32_t value)
{
    sfi_status st = sfi__board_debug_write(board_of(sim), address, size, value);

    if ((st != SFI_OK && st != SFI_ERR_NACK) ||
        (st == SFI_OK && address >= REGISTERS && !sim->held &&
         !emulated_begin(sim)))
        emulated_lose(sim);
    return st == SFI_OK;
}

void
sfi__emulated_cut_after(struct sfi_sim *sim, uint64_t ops)
{
    if (sfi__board_cut_after(board_of(sim), ops) != SFI_OK)
        emulated_lose(sim);
}

bool
sfi__emulated_set_options(struct sfi_sim *sim, const uint32_t *words)
{
    sim->emulated->is_known = false;
    if (sfi__board_set_options(board_of(sim), words, sim->chip->ob_count) ==
            SFI_OK &&
        emulated_look(sim))
        return true;
    emulated_lose(sim);
    return false;
}

/* Why secure boot stands still; NULL: it does not. */
static const char *
emulated_parked(const struct sfi_sim *sim)
{
    static const char *const reasons[] = {
        [SECURE_BOOT_NO_STACK] = "no-stack",
        [SECURE_BOOT_NO_ENTRY] = "no-entry",
        [SECURE_BOOT_RDP] = "rdp",
        [SECURE_BOOT_WRP] = "wrp",
        [SECURE_BOOT_OPTIONS] = "options",
        [SECURE_BOOT_DAMAGED] = "damaged",
        [SECURE_BOOT_DAMAGED_COMPLETE] = "damaged-complete",
        [SECURE_BOOT_ERASE] = "erase",
        [SECURE_BOOT_SELF] = "self",
    };
    uint32_t reason;

    if (sim->mode != SIM_HUNG)
        return NULL;
    reason = emulated_park_reason(sim);
    return reason < sizeof(reasons) / sizeof(*reasons) ? reasons[reason] : NULL;
}

void
sfi__emulated_describe(const struct sfi_sim *sim, char *text, size_t cap)
{
    const char *parked = emulated_parked(sim);
    struct board_state now = {.has_power = false};
    size_t len = strlen(text);

    (void)sfi__board_state(board_of(sim), &now);
    sfi__text_format(text + len, cap - len, " outputs=%llu%s%s",
                     (unsigned long long)now.outputs,
                     parked != NULL ? " parked=" : "",
                     parked != NULL ? parked : "");
}

size_t
sfi__emulated_ram_len(const struct sfi_sim *sim)
{
    return sim->emulated->board.ram_len;
}

bool
sfi__emulated_load_ram(const struct sfi_sim *sim)
{
    const struct sim_board *b = board_of(sim);

    return sfi__board_peek(board_of(sim), b->ram_base, sim->ram, b->ram_len) ==
           SFI_OK;
}

sfi_status
sfi__emulated_start(struct sfi_sim *sim, const char *program, const char *path)
{
    sfi_ctx *ctx = sim->obj.ctx;
    struct emulated *e = sfi__ctx_alloc(ctx, sizeof(*e));
    sfi_status st;

    if (e == NULL)
        return SFI_ERR_NOMEM;
    *e = (struct emulated){.halted = false};
    st = sfi__board_start(ctx, program, sim->chip->name, path, &e->board);
    if (st != SFI_OK) {
        sfi__ctx_dealloc(ctx, e);
        return st;
    }
    e->board.ctx = sim->inner;
    sim->emulated = e;
    sim->power.off = true;
    return SFI_OK;
}

void
sfi__emulated_stop(struct sfi_sim *sim)
{
    if (sim->emulated == NULL)
        return;
    sfi__board_stop(board_of(sim));
    sfi__ctx_dealloc(sim->obj.ctx, sim->emulated);
    sim->emulated = NULL;
}
