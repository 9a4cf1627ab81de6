/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's private peripherals: SysTick, NVIC, SCB, and of DWT the cycle
 * counter (ARMv7-M ARM, B3 and C1.8).  The MPU keeps its registers and
 * protects nothing. */
#include <string.h>

#include "core.h"

#define DWT_CTRL 0xe0001000u
#define DWT_CYCCNT 0xe0001004u
#define SYST_CSR 0xe000e010u
#define SYST_RVR 0xe000e014u
#define SYST_CVR 0xe000e018u
#define SYST_CALIB 0xe000e01cu
#define NVIC_ISER 0xe000e100u
#define NVIC_ICER 0xe000e180u
#define NVIC_ISPR 0xe000e200u
#define NVIC_ICPR 0xe000e280u
#define NVIC_IABR 0xe000e300u
#define NVIC_IPR 0xe000e400u
#define SCB_CPUID 0xe000ed00u
#define SCB_ICSR 0xe000ed04u
#define SCB_VTOR 0xe000ed08u
#define SCB_AIRCR 0xe000ed0cu
#define SCB_SCR 0xe000ed10u
#define SCB_CCR 0xe000ed14u
#define SCB_SHPR 0xe000ed18u
#define SCB_SHCSR 0xe000ed24u
#define SCB_CFSR 0xe000ed28u
#define SCB_HFSR 0xe000ed2cu
#define SCB_BFAR 0xe000ed38u
#define SCB_CPACR 0xe000ed88u
#define MPU_TYPE 0xe000ed90u
#define MPU_CTRL 0xe000ed94u
#define DEMCR 0xe000edfcu
#define STIR 0xe000ef00u

#define CSR_ENABLE 1u
#define CSR_TICKINT 2u
#define CSR_CLKSOURCE 4u
#define CSR_COUNTFLAG 0x10000u
#define RVR_MASK 0xffffffu
#define AIRCR_KEY 0x05fau
#define AIRCR_SYSRESETREQ 4u
#define AIRCR_PRIGROUP 0x700u
#define ICSR_NMIPENDSET 0x80000000u
#define ICSR_PENDSVSET 0x10000000u
#define ICSR_PENDSVCLR 0x08000000u
#define ICSR_PENDSTSET 0x04000000u
#define ICSR_PENDSTCLR 0x02000000u
#define CPUID_M4 0x410fc241u
#define CPUID_M7 0x411fc271u
#define PRIORITY_BITS 0xf0u /* ST implements four */

void
scs_reset(struct board *b)
{
    struct scs *s = &b->life.scs;

    memset(s, 0, sizeof(*s));
    s->ccr = 0x200; /* STKALIGN */
    s->systick_when = BOARD_NEVER;
}

/* RM0394: SysTick counts HCLK, or HCLK / 8. */
static board_time
systick_ps(struct board *b)
{
    uint64_t ps = b->life.ps_per_cycle;

    return (b->life.scs.systick_csr & CSR_CLKSOURCE) != 0 ? ps : ps * 8;
}

static uint64_t
systick_period(struct board *b)
{
    return b->life.scs.systick_rvr + UINT64_C(1);
}

static uint64_t
systick_ticks(struct board *b)
{
    return (board_now(b) - b->life.scs.systick_from) / systick_ps(b);
}

static bool
systick_runs(const struct scs *s)
{
    return (s->systick_csr & CSR_ENABLE) != 0 && s->systick_rvr != 0;
}

board_time
scs_systick_next(struct board *b)
{
    return b->life.scs.systick_when;
}

static void
systick_plan(struct board *b)
{
    struct scs *s = &b->life.scs;

    s->systick_when = BOARD_NEVER;
    if (systick_runs(s) && (s->systick_csr & CSR_TICKINT) != 0)
        s->systick_when =
            s->systick_from + (systick_ticks(b) / systick_period(b) + 1) *
                                  systick_period(b) * systick_ps(b);
    time_look(b);
}

void
scs_systick_tick(struct board *b)
{
    exception_pend(b, EXCEPTION_SYSTICK);
    b->life.scs.systick_when += systick_period(b) * systick_ps(b);
}

/* COUNTFLAG: the counter reached 0 since the last read. */
static uint32_t
systick_csr(struct board *b)
{
    struct scs *s = &b->life.scs;
    uint32_t value = s->systick_csr;
    uint64_t periods;

    if (!systick_runs(s))
        return value;
    periods = systick_ticks(b) / systick_period(b);
    if (periods != 0) {
        value |= CSR_COUNTFLAG;
        s->systick_from += periods * systick_period(b) * systick_ps(b);
    }
    return value;
}

static uint32_t
systick_cvr(struct board *b)
{
    if (!systick_runs(&b->life.scs))
        return 0;
    return (uint32_t)(b->life.scs.systick_rvr -
                      systick_ticks(b) % systick_period(b));
}

static void
systick_write(struct board *b, uint32_t address, uint32_t value)
{
    struct scs *s = &b->life.scs;

    if (address == SYST_CSR) {
        if ((s->systick_csr & CSR_ENABLE) == 0)
            s->systick_from = board_now(b);
        s->systick_csr = value & 7u;
    } else if (address == SYST_RVR) {
        s->systick_rvr = value & RVR_MASK;
    } else {
        s->systick_from = board_now(b);
    }
    systick_plan(b);
}

static int
system_priority(struct board *b, unsigned number)
{
    if (number == EXCEPTION_NMI)
        return -2;
    if (number == EXCEPTION_HARD_FAULT)
        return -1;
    return number < 16 ? b->life.scs.system_priority[number]
                       : b->life.scs.priority[number - 16];
}

static int
present_priority(struct board *b)
{
    const struct scs *s = &b->life.scs;
    int lowest = 256, basepri = (int)cpu_get(b, UC_ARM_REG_BASEPRI);
    size_t i;

    for (i = 0; i < s->depth; i++)
        if (system_priority(b, s->stack[i]) < lowest)
            lowest = system_priority(b, s->stack[i]);
    if (basepri != 0 && basepri < lowest)
        lowest = basepri;
    if ((cpu_get(b, UC_ARM_REG_PRIMASK) & 1u) != 0 && lowest > 0)
        lowest = 0;
    if ((cpu_get(b, UC_ARM_REG_FAULTMASK) & 1u) != 0 && lowest > -1)
        lowest = -1;
    return lowest;
}

static bool
nothing_pends(const struct scs *s)
{
    uint32_t any = s->pending_system;
    size_t i;

    for (i = 0; i < IRQ_MAX / 32; i++)
        any |= s->pending[i] & s->enabled[i];
    return any == 0;
}

int
scs_pending(struct board *b, bool *takes)
{
    const struct scs *s = &b->life.scs;
    unsigned best = 0, n;
    int priority = 256;

    *takes = false;
    if (nothing_pends(s))
        return 0;
    for (n = EXCEPTION_NMI; n < 16; n++)
        if ((s->pending_system >> n & 1u) != 0 &&
            system_priority(b, n) < priority) {
            best = n;
            priority = system_priority(b, n);
        }
    for (n = 0; n < IRQ_MAX; n++)
        if (((s->pending[n / 32] & s->enabled[n / 32]) >> n % 32 & 1u) != 0 &&
            s->priority[n] < priority) {
            best = n + 16;
            priority = s->priority[n];
        }
    if (best < EXCEPTION_PENDSV || !debug_masks_interrupts(b))
        *takes = best != 0 && priority < present_priority(b);
    return (int)best;
}

static uint32_t
icsr(struct board *b)
{
    const struct scs *s = &b->life.scs;
    bool takes;

    return (cpu_get(b, UC_ARM_REG_XPSR) & 0x1ffu) |
           (uint32_t)scs_pending(b, &takes) << 12 |
           (s->pending_system >> EXCEPTION_SYSTICK & 1u) << 26 |
           (s->pending_system >> EXCEPTION_PENDSV & 1u) << 28 |
           (s->pending_system >> EXCEPTION_NMI & 1u) << 31;
}

static uint32_t
nvic_read(struct board *b, uint32_t address)
{
    struct scs *s = &b->life.scs;
    uint32_t value = 0;

    if (address >= NVIC_IPR && address < NVIC_IPR + IRQ_MAX) {
        memcpy(&value, s->priority + (address - NVIC_IPR), 1);
        if ((address & 3u) == 0)
            memcpy(&value, s->priority + (address - NVIC_IPR), 4);
        return value;
    }
    if ((address & 0x7fu) >= sizeof(s->enabled))
        return 0;
    switch (address & ~0x7fu) {
    case NVIC_ISER:
    case NVIC_ICER:
        return s->enabled[(address & 0x7fu) / 4];
    case NVIC_ISPR:
    case NVIC_ICPR:
        return s->pending[(address & 0x7fu) / 4];
    case NVIC_IABR:
        return s->active[(address & 0x7fu) / 4];
    }
    return 0;
}

uint32_t
scs_read(struct board *b, uint32_t address)
{
    struct scs *s = &b->life.scs;

    if (address >= NVIC_ISER && address < NVIC_IPR + IRQ_MAX)
        return nvic_read(b, address);
    if (address >= MPU_CTRL && address < MPU_CTRL + sizeof(s->mpu))
        return s->mpu[(address - MPU_CTRL) / 4];
    if (address >= SCB_SHPR && address < SCB_SHPR + 12) {
        uint32_t value = 0;

        memcpy(&value, s->system_priority + 4 + (address - SCB_SHPR),
               (address & 3u) == 0 ? 4 : 1);
        return value;
    }
    switch (address) {
    case DWT_CTRL:
        return s->dwt_ctrl | 0x40000000u;
    case DWT_CYCCNT:
        return (uint32_t)(b->life.cycles - s->dwt_from);
    case SYST_CSR:
        return systick_csr(b);
    case SYST_RVR:
        return s->systick_rvr;
    case SYST_CVR:
        return systick_cvr(b);
    case SCB_CPUID:
        return b->part->cpu == UC_CPU_ARM_CORTEX_M7 ? CPUID_M7 : CPUID_M4;
    case SCB_ICSR:
        return icsr(b);
    case SCB_VTOR:
        return s->vtor;
    case SCB_AIRCR:
        return s->aircr | 0xfa050000u;
    case SCB_SCR:
        return s->scr;
    case SCB_CCR:
        return s->ccr;
    case SCB_SHCSR:
        return s->shcsr;
    case SCB_CFSR:
        return s->cfsr;
    case SCB_HFSR:
        return s->hfsr;
    case SCB_BFAR:
        return s->bfar;
    case SCB_CPACR:
        return s->cpacr;
    case MPU_TYPE:
        return 0x800; /* eight regions */
    case DEMCR:
        return s->demcr;
    }
    return 0;
}

static void
nvic_write(struct board *b, uint32_t address, uint32_t value, unsigned size)
{
    struct scs *s = &b->life.scs;
    uint32_t word = (address & 0x7fu) / 4;
    unsigned i;

    if (address >= NVIC_IPR) {
        for (i = 0; i < size && address - NVIC_IPR + i < IRQ_MAX; i++)
            s->priority[address - NVIC_IPR + i] =
                (uint8_t)(value >> 8 * i & PRIORITY_BITS);
        return;
    }
    if (word >= sizeof(s->enabled) / 4)
        return;
    switch (address & ~0x7fu) {
    case NVIC_ISER:
        s->enabled[word] |= value;
        break;
    case NVIC_ICER:
        s->enabled[word] &= ~value;
        break;
    case NVIC_ISPR:
        s->pending[word] |= value;
        break;
    case NVIC_ICPR: /* a level that is still there stays */
        s->pending[word] &= ~value | s->level[word];
        break;
    }
}

static void
icsr_write(struct board *b, uint32_t value)
{
    struct scs *s = &b->life.scs;

    if ((value & ICSR_NMIPENDSET) != 0)
        exception_pend(b, EXCEPTION_NMI);
    if ((value & ICSR_PENDSVSET) != 0)
        exception_pend(b, EXCEPTION_PENDSV);
    if ((value & ICSR_PENDSVCLR) != 0)
        s->pending_system &= ~(1u << EXCEPTION_PENDSV);
    if ((value & ICSR_PENDSTSET) != 0)
        exception_pend(b, EXCEPTION_SYSTICK);
    if ((value & ICSR_PENDSTCLR) != 0)
        s->pending_system &= ~(1u << EXCEPTION_SYSTICK);
}

static void
aircr_write(struct board *b, uint32_t value)
{
    if (value >> 16 != AIRCR_KEY)
        return;
    b->life.scs.aircr = value & AIRCR_PRIGROUP;
    if ((value & AIRCR_SYSRESETREQ) != 0)
        board_reset(b, BOARD_RESET_SOFTWARE);
}

static void
scb_write(struct board *b, uint32_t address, uint32_t value)
{
    struct scs *s = &b->life.scs;

    switch (address) {
    case DWT_CTRL:
        s->dwt_ctrl = value & 1u;
        break;
    case DWT_CYCCNT:
        s->dwt_from = b->life.cycles - value;
        break;
    case SCB_ICSR:
        icsr_write(b, value);
        break;
    case SCB_VTOR:
        s->vtor = value & ~0x7fu;
        break;
    case SCB_AIRCR:
        aircr_write(b, value);
        break;
    case SCB_SCR:
        s->scr = value;
        break;
    case SCB_CCR:
        s->ccr = value;
        break;
    case SCB_SHCSR:
        s->shcsr = value;
        break;
    case SCB_CFSR:
        s->cfsr &= ~value;
        break;
    case SCB_HFSR:
        s->hfsr &= ~value;
        break;
    case SCB_CPACR:
        s->cpacr = value;
        break;
    case DEMCR:
        s->demcr = value;
        break;
    case STIR:
        s->pending[(value & 0x7fu) / 32] |= 1u << (value & 31u);
        break;
    }
}

void
scs_write(struct board *b, uint32_t address, uint32_t value, unsigned size)
{
    struct scs *s = &b->life.scs;
    unsigned i;

    b->attention = true;
    if (address >= NVIC_ISER && address < NVIC_IPR + IRQ_MAX) {
        nvic_write(b, address, value, size);
    } else if (address == SYST_CSR || address == SYST_RVR ||
               address == SYST_CVR) {
        systick_write(b, address, value);
    } else if (address >= MPU_CTRL && address < MPU_CTRL + sizeof(s->mpu)) {
        s->mpu[(address - MPU_CTRL) / 4] = value;
    } else if (address >= SCB_SHPR && address < SCB_SHPR + 12) {
        for (i = 0; i < size && address - SCB_SHPR + i < 12; i++)
            s->system_priority[4 + address - SCB_SHPR + i] =
                (uint8_t)(value >> 8 * i & PRIORITY_BITS);
    } else {
        scb_write(b, address, value);
    }
}
