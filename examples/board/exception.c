/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Exceptions of ARMv7-M, by hand, since Unicorn has none: entry and return with
 * the basic frame of eight words (ARMv7-M ARM, B1.5.6 to B1.5.8), HardFault for
 * every fault, lockup.  No floating-point frame: nothing that runs here uses
 * the FPU. */
#include "core.h"

#define FRAME_WORDS 8u
#define FRAME_LEN (FRAME_WORDS * 4u)
#define XPSR_T 0x01000000u
#define XPSR_ALIGNED 0x200u
#define XPSR_NUMBER 0x1ffu
#define CODE_HANDLER 0xfffffff1u
#define CODE_THREAD 0xfffffff9u
#define CODE_THREAD_PSP 0xfffffffdu
#define CONTROL_SPSEL 2u
#define HFSR_FORCED 0x40000000u

static const int frame_regs[FRAME_WORDS - 1] = {
    UC_ARM_REG_R0,  UC_ARM_REG_R1, UC_ARM_REG_R2, UC_ARM_REG_R3,
    UC_ARM_REG_R12, UC_ARM_REG_LR, UC_ARM_REG_PC,
};

void
exception_lock_up(struct board *b)
{
    board_note(b, "lockup");
    b->life.is_lockup = true;
    b->attention = true;
}

void
exception_pend(struct board *b, unsigned number)
{
    if (number < 16)
        b->life.scs.pending_system |= 1u << number;
    b->attention = true;
}

static void
set_active(struct board *b, unsigned number, bool on)
{
    struct scs *s = &b->life.scs;
    uint32_t *word =
        number < 16 ? &s->active_system : &s->active[(number - 16) / 32];
    uint32_t bit = number < 16 ? 1u << number : 1u << (number - 16) % 32;

    *word = on ? *word | bit : *word & ~bit;
}

static void
taken(struct board *b, unsigned number)
{
    struct scs *s = &b->life.scs;

    if (number < 16)
        s->pending_system &= ~(1u << number);
    else
        s->pending[(number - 16) / 32] &= ~(1u << (number - 16) % 32);
    set_active(b, number, true);
    s->stack[s->depth++] = (uint8_t)number;
}

static uint32_t
return_code(struct board *b)
{
    if ((cpu_get(b, UC_ARM_REG_XPSR) & XPSR_NUMBER) != 0)
        return CODE_HANDLER;
    return (cpu_get(b, UC_ARM_REG_CONTROL) & CONTROL_SPSEL) != 0
               ? CODE_THREAD_PSP
               : CODE_THREAD;
}

bool
exception_take(struct board *b, unsigned number)
{
    uint32_t frame[FRAME_WORDS], xpsr = cpu_get(b, UC_ARM_REG_XPSR);
    uint32_t sp = cpu_get(b, UC_ARM_REG_SP), code = return_code(b), vector = 0;
    size_t i;

    for (i = 0; i < FRAME_WORDS - 1; i++)
        frame[i] = cpu_get(b, frame_regs[i]);
    frame[FRAME_WORDS - 1] = xpsr | ((sp & 4u) != 0 ? XPSR_ALIGNED : 0);
    sp = (sp - FRAME_LEN) & ~7u;
    if (b->life.scs.depth == sizeof(b->life.scs.stack) ||
        uc_mem_write(b->uc, sp, frame, FRAME_LEN) != UC_ERR_OK ||
        uc_mem_read(b->uc, b->life.scs.vtor + number * 4, &vector,
                    sizeof(vector)) != UC_ERR_OK ||
        (vector & 1u) == 0) {
        exception_lock_up(b);
        return false;
    }
    taken(b, number);
    cpu_set(b, UC_ARM_REG_SP, sp);
    cpu_set(b, UC_ARM_REG_XPSR, XPSR_T | number);
    cpu_set(b, UC_ARM_REG_LR, code);
    cpu_set(b, UC_ARM_REG_PC, vector & ~1u);
    return true;
}

void
exception_return(struct board *b, uint32_t code)
{
    struct scs *s = &b->life.scs;
    uint32_t frame[FRAME_WORDS], sp;
    bool is_psp = code == CODE_THREAD_PSP;
    size_t i;

    sp = cpu_get(b, is_psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP);
    if (s->depth == 0 ||
        (code != CODE_HANDLER && code != CODE_THREAD && !is_psp) ||
        uc_mem_read(b->uc, sp, frame, FRAME_LEN) != UC_ERR_OK) {
        exception_fault(b, CFSR_INVPC, 0);
        return;
    }
    set_active(b, s->stack[--s->depth], false);
    sp += FRAME_LEN;
    if ((frame[FRAME_WORDS - 1] & XPSR_ALIGNED) != 0)
        sp += 4;
    cpu_set(b, is_psp ? UC_ARM_REG_PSP : UC_ARM_REG_MSP, sp);
    cpu_set(b, UC_ARM_REG_XPSR, frame[FRAME_WORDS - 1] & ~XPSR_ALIGNED);
    for (i = 0; i < FRAME_WORDS - 1; i++)
        cpu_set(b, frame_regs[i], frame[i]);
}

/* ARMv7-M ARM, B1.5.14 and B1.5.15: a fault in HardFault or NMI locks up. */
void
exception_fault(struct board *b, uint32_t cfsr, uint32_t address)
{
    struct scs *s = &b->life.scs;
    uint32_t within = 1u << EXCEPTION_NMI | 1u << EXCEPTION_HARD_FAULT;

    s->cfsr |= cfsr;
    s->hfsr |= HFSR_FORCED;
    if ((cfsr & CFSR_BFARVALID) != 0)
        s->bfar = address;
    board_note(b, "fault, CFSR 0x%08x", cfsr);
    if ((s->active_system & within) != 0)
        exception_lock_up(b);
    else
        (void)exception_take(b, EXCEPTION_HARD_FAULT);
}
