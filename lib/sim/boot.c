/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Resets, what runs after them, and bytes in and out of the chip's USART and
 * SPI. */
#include "sim/boot.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "proto/an4286.h"
#include "sim/emulated.h"
#include "sim/options.h"
#include "sim/secure.h"
#include "sim/standard.h"

/* After so many resets in a row the part counts as hung. */
#define RESETS_MAX 4

enum sim_mode
sfi__sim_decide(const struct sfi_sim *sim)
{
    const struct sfi_chip *chip = sim->chip;

    if (sim->power.off)
        return SIM_OFF;
    if (chip->ships_secure && !sfi__flash_is_erased(&sim->flash, &chip->loader))
        return SIM_SECURE;
    if (sfi__options_secure(sim))
        return SIM_SECURE;
    return sfi__options_boot0(sim) ? SIM_STANDARD : SIM_APPLICATION;
}

/* Clear everything that a reset loses. */
static void
sim_clear_volatile(struct sfi_sim *sim)
{
    sfi__secure_stop(sim);
    sfi__wipe(sim->ram, sim->ram_len);
    if (sim->own_ram != NULL)
        sfi__zero(sim->own_ram, sim->own_ram_len);
    sfi__wipe(&sim->usart, sizeof(sim->usart));
    sim->usart_heard = false;
    sim->usart_deaf = false;
    sfi__flash_regs_reset(sim);
    sfi__dfu_device_stop(sim);
    sfi__wipe(&sim->spi, sizeof(sim->spi));
    sim->spi_us = 0;
    sim->reset_due = false;
    sim->mode = SIM_OFF;
}

/* Did the running program ask for a reset, or lose its power? */
static bool
sim_run_is_over(const struct sfi_sim *sim)
{
    return sim->reset_due || (sim->power.off && sim->mode != SIM_OFF);
}

static void
sim_start_secure(struct sfi_sim *sim)
{
    uint8_t nothing[USART_ANSWER_MAX];
    struct wr w;

    if (!sfi__secure_start(sim)) {
        sim->mode = SIM_APPLICATION;
        return;
    }
    sfi__sim_mailbox_start(sim);
    /* An install that a power cut stopped at its end is complete now, and may
     * need another reset. */
    sfi__wr_init(&w, nothing, sizeof(nothing));
    sfi__secure_tick(sim, &w);
}

static void
sim_start_mode(struct sfi_sim *sim)
{
    sim->resets++;
    sfi__options_load(sim);
    sim->mode = sim->hung ? SIM_HUNG : sfi__sim_decide(sim);
    if (sim->mode == SIM_STANDARD && sim->cold && sim->habits.second_reset)
        sim->mode = SIM_HUNG;
    sim->cold = false;
    if (sim->mode == SIM_STANDARD)
        sfi__standard_start(sim);
    else if (sim->mode == SIM_SECURE)
        sim_start_secure(sim);
}

static void
sim_reset_model(struct sfi_sim *sim)
{
    int left = RESETS_MAX;

    do {
        sim_clear_volatile(sim);
        if (!sim->power.off && !sim->held)
            sim_start_mode(sim);
    } while (sim_run_is_over(sim) && left-- > 0);
    sfi__core_debug_reset(sim);
}

void
sfi__sim_reset(struct sfi_sim *sim)
{
    if (sim->emulated != NULL)
        sfi__emulated_reset(sim);
    else
        sim_reset_model(sim);
}

/* With what SPI has added since the last millisecond. */
uint64_t
sfi__sim_now_us(const struct sfi_sim *sim)
{
    return sim->now_ms * 1000 + sim->spi_us;
}

uint64_t
sfi__sim_busy_us(const struct sfi_sim *sim)
{
    uint64_t now = sfi__sim_now_us(sim);

    return sim->busy_us > now ? sim->busy_us - now : 0;
}

void
sfi__sim_quiet(struct sfi_sim *sim)
{
    sfi__buf_clear(&sim->line);
    sim->line_free = 0;
    sim->busy_us = 0;
    sim->bank2_us = 0;
    sim->late_us = 0;
}

/* What the flash has done takes from now on, or from the end of what it is at
 * work on, as long as in a real part. */
static void
sim_take_work(struct sfi_sim *sim)
{
    uint64_t work = sim->flash.work_us;

    sim->flash.work_us = 0;
    if (sim->timed && work > 0)
        sim->busy_us = sfi__sim_now_us(sim) + sfi__sim_busy_us(sim) + work;
}

void
sfi__sim_settle(struct sfi_sim *sim)
{
    sim_take_work(sim);
    if (sim->emulated == NULL && sim_run_is_over(sim))
        sfi__sim_reset(sim);
}

void
sfi__sim_hold(struct sfi_sim *sim, bool held)
{
    if (held == sim->held)
        return;
    sim->held = held;
    sfi__sim_reset(sim);
}

/* Send the answer, unless the power failed, and do the reset that is due. */
/* Protection commands have two ACKs, the first before their work (AN3155, 3.10
 * to 3.12). */
static size_t
sim_answer_before_work(const struct sfi_sim *sim, size_t len)
{
    return sim->mode == SIM_STANDARD && sim->usart.tail && len == 2;
}

static void
sim_send_answer(struct sfi_sim *sim, const struct wr *answer)
{
    size_t free = sfi__sim_line_ready(sim) +
                  sim_answer_before_work(sim, sfi__wr_len(answer));

    if (!sim->power.off &&
        !sfi__buf_append(&sim->line, answer->start, sfi__wr_len(answer)))
        sfi__log(sim->obj.ctx, SFI_LOG_WARNING,
                 "virtual chip: out of memory, an answer is lost");
    sfi__sim_settle(sim);
    sim->line_free = free < sim->line.len ? free : sim->line.len;
}

static void
sim_receive_byte(struct sfi_sim *sim, uint8_t byte)
{
    uint8_t answer[USART_ANSWER_MAX];
    struct wr w;

    sfi__wr_init(&w, answer, sizeof(answer));
    switch (sim->mode) {
    case SIM_OFF:
    case SIM_APPLICATION:
    case SIM_HUNG:
        return;
    case SIM_STANDARD:
        sfi__standard_byte(sim, byte, &w);
        break;
    case SIM_SECURE:
        sfi__secure_byte(sim, byte, &w);
        break;
    }
    sim_send_answer(sim, &w);
}

void
sfi__sim_receive(struct sfi_sim *sim, const uint8_t *data, size_t len)
{
    if (sim->emulated != NULL)
        sfi__emulated_receive(sim, data, len);
    else
        for (size_t i = 0; i < len; i++)
            sim_receive_byte(sim, data[i]);
}

static void
sim_wait_model(struct sfi_sim *sim, uint64_t ms)
{
    uint8_t answer[USART_ANSWER_MAX];
    struct wr w;

    sim->now_ms += ms;
    if (sim->mode != SIM_SECURE || sfi__sim_mailbox_holds(sim) ||
        sfi__dfu_device_owes(sim))
        return;
    sfi__wr_init(&w, answer, sizeof(answer));
    sfi__secure_tick(sim, &w);
    sim_send_answer(sim, &w);
}

void
sfi__sim_wait(struct sfi_sim *sim, uint64_t ms)
{
    if (sim->emulated != NULL)
        sfi__emulated_wait(sim, ms);
    else
        sim_wait_model(sim, ms);
}

/* Nobody drives the line. */
#define SPI_FLOATING 0xffu

/* The whole answer is out: continue what waited for it. */
static void
sim_settle_spi(struct sfi_sim *sim)
{
    uint64_t ms = sim->spi_us / 1000;

    sim->spi_us %= 1000;
    if (sim_run_is_over(sim))
        sfi__sim_reset(sim);
    else
        sfi__sim_wait(sim, ms);
}

/* AN2606, L45x/46x, V9.2: a poll comes too early for the end of a Write. */
static void
sim_poll_early(struct sfi_sim *sim)
{
    if (sim->spi.phase == SPI_DUMMY_A && sfi__sim_now_us(sim) < sim->late_us)
        sfi__flash_leave_out(&sim->flash, sim->late_at, LATE_LEN);
    sim->late_us = 0;
}

/* A core that is at work does not see what the host clocks meanwhile. */
static uint8_t
sim_clock_secure(struct sfi_sim *sim, uint8_t in)
{
    uint8_t out = SPI_BUSY;

    if (sfi__sim_busy_us(sim) == 0) {
        out = sim->spi_loaded[0];
        sim->spi_loaded[0] = sim->spi_loaded[1];
        sim->spi_loaded[1] = sfi_device_spi(sim->device, in);
    }
    sim_take_work(sim);
    return out;
}

/* The verdict waits for the flash, on a clock of microseconds. */
static uint8_t
sim_clock_standard(struct sfi_sim *sim, uint8_t in)
{
    uint8_t out;

    sim_poll_early(sim);
    sim->spi.waits = sfi__sim_busy_us(sim) > 0;
    out = sfi__an4286_device_clock(&sim->spi, in);
    sim_take_work(sim);
    if (sim->mode == SIM_HUNG && sim->spi.engine.cmd != USART_GO)
        sim->spi.phase = SPI_LISTEN; /* it hung over this: no answer */
    return out;
}

static uint8_t
sim_clock_mode(struct sfi_sim *sim, uint8_t in)
{
    const struct sim_habits *h = &sim->habits;

    if (sim->mode == SIM_SECURE)
        return sim_clock_secure(sim, in);
    if ((sim->mode == SIM_STANDARD && !h->no_spi && !h->pb15_low) ||
        !sfi__an4286_device_quiet(&sim->spi))
        return sim_clock_standard(sim, in);
    return SPI_FLOATING;
}

static uint8_t
sim_clock_model(struct sfi_sim *sim, uint8_t in)
{
    bool quiet = sfi__an4286_device_quiet(&sim->spi);
    uint8_t out;

    sim->spi_us += AN4286_BYTE_US;
    out = sim_clock_mode(sim, in);
    if (sim->power.off) {
        if (sim_run_is_over(sim))
            sfi__sim_reset(sim);
        return SPI_FLOATING;
    }
    if (sfi__an4286_device_quiet(&sim->spi) &&
        (!quiet || sim->mode == SIM_SECURE || sim->reset_due ||
         sim->spi_us >= 1000))
        sim_settle_spi(sim);
    return out;
}

void
sfi__sim_select(struct sfi_sim *sim, bool low)
{
    sim->nss = low;
    if (sim->emulated != NULL)
        sfi__emulated_select(sim);
}

void
sfi__sim_transfer(struct sfi_sim *sim, const uint8_t *tx, uint8_t *rx,
                  size_t len)
{
    if (sim->emulated != NULL)
        sfi__emulated_transfer(sim, tx, rx, len);
    else
        for (size_t i = 0; i < len; i++)
            rx[i] = sim->nss ? sim_clock_model(sim, tx[i]) : SPI_FLOATING;
}

void
sfi__sim_power_off(struct sfi_sim *sim)
{
    sim->power.off = true;
    sfi__sim_quiet(sim);
    if (sim->emulated != NULL)
        sfi__emulated_power(sim, false);
    else
        sim_reset_model(sim);
}

void
sfi__sim_power_cycle(struct sfi_sim *sim)
{
    sfi__power_restore(&sim->power);
    sfi__sim_quiet(sim);
    sfi__tap_init(&sim->chain);
    sfi__dap_probe_power(&sim->probe);
    if (sim->emulated != NULL) {
        sfi__emulated_power(sim, true);
        return;
    }
    sim->cold = true;
    sim->hung = false;
    sfi__core_debug_power(sim);
    sfi__core_units_power(sim);
    sfi__dbgmcu_power(sim);
    sfi__sim_reset(sim);
}

size_t
sfi__sim_line_ready(const struct sfi_sim *sim)
{
    return sfi__sim_busy_us(sim) > 0 ? sim->line_free : sim->line.len;
}

void
sfi__sim_sent(struct sfi_sim *sim, size_t len)
{
    sim->line_free -= len < sim->line_free ? len : sim->line_free;
    sim->line.len -= len;
    memmove(sim->line.data, sim->line.data + len, sim->line.len);
    if (sim->line.len == 0)
        sfi__sim_wait(sim, 0);
}

size_t
sfi__sim_fetch(struct sfi_sim *sim, uint8_t *out, size_t cap)
{
    size_t ready = sfi__sim_line_ready(sim);
    size_t len = ready < cap ? ready : cap;

    if (len > 0) {
        memcpy(out, sim->line.data, len);
        sfi__sim_sent(sim, len);
    }
    return len;
}
