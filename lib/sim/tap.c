/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's JTAG: the TAP state machine, with IR and DR of two TAPs. */
#include "sim/tap.h"

#include "sim/sim.h"

enum state {
    TEST_LOGIC_RESET,
    RUN_TEST_IDLE,
    SELECT_DR,
    CAPTURE_DR,
    SHIFT_DR,
    EXIT1_DR,
    PAUSE_DR,
    EXIT2_DR,
    UPDATE_DR,
    SELECT_IR,
    CAPTURE_IR,
    SHIFT_IR,
    EXIT1_IR,
    PAUSE_IR,
    EXIT2_IR,
    UPDATE_IR,
};

/* IEEE 1149.1, figure 6-1: where TMS low and TMS high lead. */
static const uint8_t next_state[][2] = {
    [TEST_LOGIC_RESET] = {RUN_TEST_IDLE, TEST_LOGIC_RESET},
    [RUN_TEST_IDLE] = {RUN_TEST_IDLE, SELECT_DR},
    [SELECT_DR] = {CAPTURE_DR, SELECT_IR},
    [CAPTURE_DR] = {SHIFT_DR, EXIT1_DR},
    [SHIFT_DR] = {SHIFT_DR, EXIT1_DR},
    [EXIT1_DR] = {PAUSE_DR, UPDATE_DR},
    [PAUSE_DR] = {PAUSE_DR, EXIT2_DR},
    [EXIT2_DR] = {SHIFT_DR, UPDATE_DR},
    [UPDATE_DR] = {RUN_TEST_IDLE, SELECT_DR},
    [SELECT_IR] = {CAPTURE_IR, TEST_LOGIC_RESET},
    [CAPTURE_IR] = {SHIFT_IR, EXIT1_IR},
    [SHIFT_IR] = {SHIFT_IR, EXIT1_IR},
    [EXIT1_IR] = {PAUSE_IR, UPDATE_IR},
    [PAUSE_IR] = {PAUSE_IR, EXIT2_IR},
    [EXIT2_IR] = {SHIFT_IR, UPDATE_IR},
    [UPDATE_IR] = {RUN_TEST_IDLE, SELECT_DR},
};

/* IEEE 1149.1, 7.1.1: the two low bits of a captured IR are 01. */
#define IR_CAPTURE 0x1u
#define IDCODE_BITS 32u
#define BOUNDARY_IR_IDCODE 0x1u
#define DPIDR_JTAG 0x6ba00477u /* as openocd reads it on a JTAG-DP */

void
sfi__tap_reset(struct tap_chain *c)
{
    c->state = TEST_LOGIC_RESET;
    c->core.ir = ADI_IR_IDCODE;
    c->boundary.ir = BOUNDARY_IR_IDCODE;
}

void
sfi__tap_init(struct tap_chain *c)
{
    *c = (struct tap_chain){
        .core = {.ir_len = ADI_IR_LEN},
        .boundary = {.ir_len = TAP_BOUNDARY_IR_LEN},
    };
    sfi__mem_ap_init(&c->dap, DPIDR_JTAG);
    sfi__tap_reset(c);
}

/* ---- data registers ---- */

static void
tap_capture_dr(struct tap *t, uint64_t value, uint8_t bits)
{
    t->dr = value;
    t->dr_len = bits;
}

static void
tap_capture_boundary(struct tap *t)
{
    if (t->ir == BOUNDARY_IR_IDCODE)
        tap_capture_dr(t, TAP_BOUNDARY_IDCODE, IDCODE_BITS);
    else
        tap_capture_dr(t, 0, 1);
}

static void
tap_capture_core(struct tap_chain *c)
{
    switch (c->core.ir) {
    case ADI_IR_IDCODE:
        tap_capture_dr(&c->core, TAP_CORE_IDCODE, IDCODE_BITS);
        break;
    case ADI_IR_ABORT:
        tap_capture_dr(&c->core, sfi__adi_jtag_answer(ADI_ACK_OK, 0),
                       ADI_ACCESS_BITS);
        break;
    case ADI_IR_DPACC:
    case ADI_IR_APACC:
        tap_capture_dr(&c->core, sfi__adi_jtag_answer(ADI_ACK_OK, c->result),
                       ADI_ACCESS_BITS);
        break;
    default:
        tap_capture_dr(&c->core, 0, 1);
        break;
    }
}

/* An access is done at once; its result waits for the next scan. */
static void
tap_update_core(struct sfi_sim *sim, struct tap_chain *c)
{
    struct adi_request r = {.ap = c->core.ir == ADI_IR_APACC};
    uint32_t data;

    if (c->core.ir != ADI_IR_DPACC && !r.ap)
        return;
    sfi__adi_jtag_take_request(c->core.dr, &r, &data);
    if (sfi__mem_ap_access(sim, &c->dap, &r, &data) == ADI_ACK_OK && r.read)
        c->result = data;
}

static bool
tap_shift_register(uint64_t *reg, uint8_t len, bool in)
{
    bool out = (*reg & 1) != 0;

    *reg = *reg >> 1 | (uint64_t)in << (len - 1);
    return out;
}

static bool
tap_shift_ir(struct tap *t, bool in)
{
    uint64_t reg = t->ir_shift;
    bool out = tap_shift_register(&reg, t->ir_len, in);

    t->ir_shift = (uint8_t)reg;
    return out;
}

/* ---- the clock ---- */

/* A rising edge shifts as the state before it says. */
static void
tap_shift_chain(struct tap_chain *c, bool tdi)
{
    if (c->state == SHIFT_DR)
        (void)tap_shift_register(
            &c->core.dr, c->core.dr_len,
            tap_shift_register(&c->boundary.dr, c->boundary.dr_len, tdi));
    else if (c->state == SHIFT_IR)
        (void)tap_shift_ir(&c->core, tap_shift_ir(&c->boundary, tdi));
}

static void
tap_enter_state(struct sfi_sim *sim, struct tap_chain *c)
{
    switch ((enum state)c->state) {
    case TEST_LOGIC_RESET:
        sfi__tap_reset(c);
        break;
    case CAPTURE_DR:
        tap_capture_core(c);
        tap_capture_boundary(&c->boundary);
        break;
    case UPDATE_DR:
        tap_update_core(sim, c);
        break;
    case CAPTURE_IR:
        c->core.ir_shift = IR_CAPTURE;
        c->boundary.ir_shift = IR_CAPTURE;
        break;
    case UPDATE_IR:
        c->core.ir = c->core.ir_shift;
        c->boundary.ir = c->boundary.ir_shift;
        break;
    case RUN_TEST_IDLE:
    case SELECT_DR:
    case SHIFT_DR:
    case EXIT1_DR:
    case PAUSE_DR:
    case EXIT2_DR:
    case SELECT_IR:
    case SHIFT_IR:
    case EXIT1_IR:
    case PAUSE_IR:
    case EXIT2_IR:
        break;
    }
}

/* TDO is pulled up outside the shift states. */
static bool
tap_tdo_level(const struct tap_chain *c)
{
    if (c->state == SHIFT_DR)
        return (c->core.dr & 1) != 0;
    if (c->state == SHIFT_IR)
        return (c->core.ir_shift & 1) != 0;
    return true;
}

void
sfi__tap_pins(struct sfi_sim *sim, bool tck, bool tms, bool tdi)
{
    struct tap_chain *c = &sim->chain;

    if (tck && !c->tck) {
        c->clocks++;
        tap_shift_chain(c, tdi);
        c->state = next_state[c->state][tms];
        tap_enter_state(sim, c);
    } else if (!tck && c->tck) {
        c->tdo = tap_tdo_level(c);
    }
    c->tck = tck;
}

bool
sfi__tap_tdo(const struct sfi_sim *sim)
{
    return sim->power.off || sim->chain.tdo;
}
