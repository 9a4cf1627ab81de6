/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core: Unicorn, which has instructions and memory and nothing around
 * them.  Observed with 2.0.1:
 * - A stop from within a block leaves the PC at the block's start, so only the
 *   hook of a block stops, and what a register access caused happens before
 *   the next block, some instructions later.
 * - A store to memory without write permission is done after its hook, so what
 *   the flash makes of it is put right afterwards ("fixes"): at the next
 *   block, or access to a register.
 * - A fault tells the PC of its block, not of its instruction. */
#include <string.h>

#include "core.h"

typedef void (*function)(void);

#define FOREVER 0xfffffffeu /* no code is there */
#define CODE_PAGE 4096u
#define BRANCH_TO_SELF 0xe7feu
/* What UC_HOOK_INTR tells. */
#define INTERRUPT_SVC 2u
#define INTERRUPT_BKPT 7u
#define INTERRUPT_RETURN 8u

uint32_t
cpu_get(struct board *b, int reg)
{
    uint32_t value = 0;

    (void)uc_reg_read(b->uc, reg, &value);
    return value;
}

void
cpu_set(struct board *b, int reg, uint32_t value)
{
    (void)uc_reg_write(b->uc, reg, &value);
}

/* Offset in the flash, by its own address or where it starts from. */
static bool
in_flash(const struct board *b, uint64_t address, uint32_t *offset)
{
    const struct board_part *p = b->part;

    *offset = (uint32_t)address - p->flash;
    if (*offset < p->flash_len)
        return true;
    *offset = (uint32_t)address;
    return b->life.start == p->flash && address < p->flash_len;
}

void
cpu_apply_fixes(struct board *b)
{
    size_t i;

    for (i = 0; i < b->fix_count; i++)
        memcpy(b->view + b->fixes[i].offset, b->nvm.flash + b->fixes[i].offset,
               b->fixes[i].len);
    b->fix_count = 0;
}

static void
add_fix(struct board *b, uint32_t offset, uint32_t len)
{
    if (b->fix_count == FIXES_MAX)
        cpu_apply_fixes(b);
    b->fixes[b->fix_count].offset = offset;
    b->fixes[b->fix_count++].len = len;
    b->attention = true;
}

static void
forget_code(struct board *b, uint32_t address, uint32_t len)
{
    (void)uc_ctl_remove_cache(b->uc, address, (uint64_t)address + len);
}

/* Translations are dropped before the next block, from outside the core. */
void
cpu_flash_changed(struct board *b, uint32_t offset, uint32_t len)
{
    uint32_t page;

    memcpy(b->view + offset, b->nvm.flash + offset, len);
    for (page = offset / CODE_PAGE; page <= (offset + len - 1) / CODE_PAGE;
         page++)
        if (b->executed[page] == 1) {
            b->executed[page] = 2;
            b->stop = true;
            b->attention = true;
        }
    if (b->is_running)
        add_fix(b, offset, len);
}

static void
forget_changed(struct board *b)
{
    uint32_t page;

    for (page = 0; page < b->part->flash_len / CODE_PAGE; page++) {
        if (b->executed[page] != 2)
            continue;
        b->executed[page] = 0;
        forget_code(b, b->part->flash + page * CODE_PAGE, CODE_PAGE);
        forget_code(b, page * CODE_PAGE, CODE_PAGE);
    }
}

void
cpu_flush_ram(struct board *b)
{
    uint32_t i;

    for (i = 0; i < b->part->ram_count; i++) {
        const struct ram *r = &b->part->ram[i];

        forget_code(b, r->base, r->len);
        if (r->alias != 0)
            forget_code(b, r->alias, r->len);
    }
    b->ran_from_ram = false;
}

/* What cannot wait any longer.  True: the block may run. */
static bool
look(struct board *b)
{
    struct life *l = &b->life;
    bool takes = false;

    b->attention = false;
    cpu_apply_fixes(b);
    if (l->cycles >= b->due)
        time_look(b);
    if (l->has_power && !l->reset_due && board_now(b) < b->limit &&
        !time_polled(b)) {
        l->end = WIRE_END_IDLE;
        b->is_idle = b->stop = true;
    }
    if (b->until_sent != NULL &&
        !b->until_sent->row->model->host_busy(b, b->until_sent->state))
        b->limit = board_now(b);
    if (l->is_lockup || l->bus_fault || l->reset_due || !l->has_power ||
        board_now(b) >= b->limit)
        b->stop = true;
    if (scs_pending(b, &takes) != 0) {
        b->attention = true;
        b->stop = b->stop || takes;
    }
    return !b->stop;
}

/* A flash that is busy stalls who fetches from it (RM0394, 3.3.5). */
static void
fetched(struct board *b, uint32_t offset, uint32_t len)
{
    uint32_t at;

    if (board_now(b) < b->stall_until) {
        time_skip(b, b->stall_until);
        b->attention = true;
    }
    b->stall_until = 0;
    if (!b->watches_fetches)
        return;
    for (at = offset / b->part->unit * b->part->unit; at < offset + len;
         at += b->part->unit)
        (void)b->part->loaded(b, at, true);
}

static bool
is_branch_to_self(struct board *b, uint64_t address)
{
    uint16_t op = 0;

    (void)uc_mem_read(b->uc, address, &op, sizeof(op));
    return op == BRANCH_TO_SELF;
}

static void
on_block(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct board *b = user;
    uint32_t offset;

    if (in_flash(b, address, &offset)) {
        if (b->stall_until != 0 || b->watches_fetches)
            fetched(b, offset, size);
        b->executed[offset / CODE_PAGE] |= 1;
    } else {
        b->ran_from_ram = true;
    }
    if (size == 2 && b->last_block == address && is_branch_to_self(b, address))
        b->life.is_asleep = b->stop = b->attention = true;
    b->last_block = (uint32_t)address;
    if ((b->attention || b->life.cycles >= b->due) && !look(b))
        (void)uc_emu_stop(uc);
    else
        b->life.cycles += size / 2;
}

static bool
on_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
         int64_t value, void *user)
{
    struct board *b = user;
    uint32_t offset;

    (void)uc;
    (void)type;
    if (!in_flash(b, address, &offset))
        return false;
    if (b->life.has_power && !b->life.reset_due)
        b->part->store(b, offset, (uint32_t)value, (unsigned)size);
    add_fix(b, offset, (uint32_t)size);
    return true;
}

static void
on_load(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
        int64_t value, void *user)
{
    struct board *b = user;
    uint32_t offset, unit = b->part->unit;

    (void)uc;
    (void)type;
    (void)value;
    if (!in_flash(b, address, &offset))
        return;
    if (b->part->loaded(b, offset / unit * unit, false)) {
        memset(b->view + offset, 0, (size_t)size);
        add_fix(b, offset, (uint32_t)size);
    }
}

static void
on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
    struct board *b = user;

    (void)size;
    if (!debug_stops_at(b, (uint32_t)address))
        return;
    b->stop = true;
    (void)uc_emu_stop(uc);
}

static void
on_interrupt(uc_engine *uc, uint32_t number, void *user)
{
    struct board *b = user;

    b->interrupt = number;
    (void)uc_emu_stop(uc);
}

static bool
on_nothing(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
           int64_t value, void *user)
{
    struct board *b = user;

    (void)uc;
    (void)size;
    (void)value;
    b->bad_address = (uint32_t)address;
    board_note(b, "no memory at 0x%08x (access %d)", (uint32_t)address,
               (int)type);
    return false;
}

/* Unicorn takes functions of several types as void *, as POSIX systems can. */
static void *
hook_of(function f)
{
    void *hook;

    memcpy(&hook, &f, sizeof(hook));
    return hook;
}

static void
flush_all(struct board *b)
{
    memset(b->executed, 2, b->part->flash_len / CODE_PAGE);
    forget_changed(b);
    cpu_flush_ram(b);
}

/* For breakpoints and steps only, as every instruction calls it. */
static void
watch_code(struct board *b)
{
    bool wanted = debug_wants_code(b);

    if (wanted == b->watches_code)
        return;
    b->watches_code = wanted;
    if (wanted)
        (void)uc_hook_add(b->uc, &b->code, UC_HOOK_CODE,
                          hook_of((function)on_code), b, 1, 0);
    else
        (void)uc_hook_del(b->uc, b->code);
    flush_all(b);
}

/* Loads are slow while they are watched, so only when there is a reason. */
void
cpu_watch(struct board *b)
{
    bool wanted = b->part->watches(b);

    watch_code(b);
    b->watches_fetches = wanted;
    if (wanted == b->watches_loads)
        return;
    b->watches_loads = wanted;
    if (wanted)
        (void)uc_hook_add(b->uc, &b->loads, UC_HOOK_MEM_READ,
                          hook_of((function)on_load), b, 1, 0);
    else
        (void)uc_hook_del(b->uc, b->loads);
    flush_all(b);
}

void
cpu_map_start(struct board *b)
{
    const struct board_part *p = b->part;
    uint32_t offset;

    if (b->mapped_start == b->life.start)
        return;
    if (b->mapped_start != 0)
        (void)uc_mem_unmap(b->uc, 0, b->mapped_len);
    b->mapped_start = b->life.start;
    offset = b->mapped_start - p->flash;
    b->mapped_len = p->flash_len;
    if (offset < p->flash_len) {
        b->mapped_len = p->flash_len - offset;
        (void)uc_mem_map_ptr(b->uc, 0, b->mapped_len,
                             UC_PROT_READ | UC_PROT_EXEC, b->view + offset);
    } else if (b->mapped_start != 0) {
        b->mapped_len = p->ram[0].len;
        (void)uc_mem_map_ptr(b->uc, 0, b->mapped_len, UC_PROT_ALL, b->ram[0]);
    }
}

/* ARMv7-M, B1.5.5 */
void
cpu_reset(struct board *b)
{
    uint32_t vector[2] = {0, 0};

    (void)uc_context_restore(b->uc, b->pristine);
    cpu_map_start(b);
    if (b->life.starts_elsewhere)
        return;
    (void)uc_mem_read(b->uc, 0, vector, sizeof(vector));
    cpu_set(b, UC_ARM_REG_SP, vector[0] & ~3u);
    cpu_set(b, UC_ARM_REG_LR, 0xffffffffu);
    cpu_set(b, UC_ARM_REG_PC, vector[1] & ~1u);
    if ((vector[1] & 1u) == 0) {
        board_note(b, "reset vector 0x%08x", vector[1]);
        b->life.is_lockup = true; /* INVSTATE, and no vector for it either */
    }
}

static void
ended(struct board *b, uc_err err)
{
    switch (b->interrupt) {
    case 0:
        break;
    case INTERRUPT_SVC:
        exception_pend(b, EXCEPTION_SVC);
        return;
    case INTERRUPT_RETURN:
        exception_return(b, cpu_get(b, UC_ARM_REG_PC) | 1u);
        return;
    case INTERRUPT_BKPT:
        if (!debug_takes_bkpt(b))
            exception_fault(b, CFSR_UNDEFINSTR, 0);
        return;
    default:
        exception_fault(b, CFSR_UNDEFINSTR, 0);
        return;
    }
    switch ((int)err) {
    case UC_ERR_OK:
        if (!b->stop)
            b->life.is_asleep = true;
        break;
    case UC_ERR_READ_UNMAPPED:
    case UC_ERR_WRITE_UNMAPPED:
    case UC_ERR_READ_PROT:
    case UC_ERR_WRITE_PROT:
        exception_fault(b, CFSR_PRECISERR | CFSR_BFARVALID, b->bad_address);
        break;
    case UC_ERR_FETCH_UNMAPPED:
    case UC_ERR_FETCH_PROT:
        exception_fault(b, CFSR_IBUSERR, 0);
        break;
    default:
        exception_fault(b, CFSR_UNDEFINSTR, 0);
        break;
    }
}

/* Without instructions: true when there is something to go on with. */
static bool
sleeps_on(struct board *b)
{
    struct life *l = &b->life;

    if (l->is_lockup || l->starts_elsewhere) {
        if (!b->until_idle)
            time_skip(b, b->limit);
        l->end = l->is_lockup ? WIRE_END_LOCKUP : WIRE_END_IDLE;
        return l->reset_due;
    }
    if (time_skip_idle(b))
        return true;
    l->end = WIRE_END_IDLE;
    return false;
}

/* One stretch; false: the run ends. */
static bool
run_on(struct board *b)
{
    struct life *l = &b->life;
    unsigned number;
    bool takes;

    forget_changed(b);
    if (!l->has_power) {
        l->end = WIRE_END_OFF;
        return false;
    }
    if (l->reset_due)
        power_reset_now(b);
    cpu_watch(b);
    if (b->is_idle)
        return false;
    if (board_now(b) >= b->limit) {
        l->end = WIRE_END_LIMIT;
        return false;
    }
    if (l->debug.is_halted)
        return sleeps_on(b);
    if (debug_locks_flash(b) && !l->is_lockup)
        exception_lock_up(b);
    if (l->bus_fault) {
        l->bus_fault = false;
        exception_fault(b, CFSR_PRECISERR, 0);
    }
    number = (unsigned)scs_pending(b, &takes);
    if (number != 0 && (takes || (l->scs.pending_system == 0)))
        l->is_asleep = false;
    if (number != 0 && takes)
        exception_take(b, number);
    if (l->is_asleep || l->is_lockup || l->starts_elsewhere)
        return sleeps_on(b);
    b->stop = false;
    b->attention = true;
    b->interrupt = 0;
    ended(b,
          uc_emu_start(b->uc, cpu_get(b, UC_ARM_REG_PC) | 1u, FOREVER, 0, 0));
    return true;
}

enum wire_end
cpu_run(struct board *b, board_time limit, bool until_idle)
{
    b->limit = limit;
    b->until_idle = until_idle;
    b->is_idle = false;
    b->life.polls = 0;
    b->life.step = 0;
    b->is_running = true;
    time_look(b);
    while (run_on(b))
        ;
    cpu_apply_fixes(b);
    forget_changed(b);
    b->is_running = false;
    b->limit = BOARD_NEVER;
    return (enum wire_end)b->life.end;
}

/* OTP, option bytes, and what ST puts there, which is left out. */
static uint64_t
system_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    struct board *b = user;
    uint32_t address = b->part->system + (uint32_t)offset, value = 0;
    const uint8_t *memory = bus_memory(b, address, size);

    (void)uc;
    if (memory != NULL)
        memcpy(&value, memory, size);
    else
        value = b->part->system_word(b, address);
    return value;
}

static bool
map_memory(struct board *b)
{
    const struct board_part *p = b->part;
    uint32_t i;
    bool ok;

    ok = uc_mem_map_ptr(b->uc, p->flash, p->flash_len,
                        UC_PROT_READ | UC_PROT_EXEC, b->view) == UC_ERR_OK;
    for (i = 0; i < p->ram_count; i++) {
        const struct ram *r = &p->ram[i];

        ok = ok && uc_mem_map_ptr(b->uc, r->base, r->len, UC_PROT_ALL,
                                  b->ram[i]) == UC_ERR_OK;
        if (r->alias != 0)
            ok = ok && uc_mem_map_ptr(b->uc, r->alias, r->len, UC_PROT_ALL,
                                      b->ram[i]) == UC_ERR_OK;
    }
    /* system memory with OTP and option bytes: read only, whole pages */
    return ok && uc_mmio_map(b->uc, p->system, p->system_len, system_read, b,
                             NULL, NULL) == UC_ERR_OK;
}

const char *
cpu_open(struct board *b)
{
    uc_hook hook;
    bool ok;

    if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &b->uc) !=
        UC_ERR_OK)
        return "Unicorn does not start";
    ok = uc_ctl_set_cpu_model(b->uc, b->part->cpu) == UC_ERR_OK &&
         map_memory(b) &&
         uc_hook_add(b->uc, &hook, UC_HOOK_BLOCK, hook_of((function)on_block),
                     b, 1, 0) == UC_ERR_OK &&
         uc_hook_add(b->uc, &hook, UC_HOOK_MEM_WRITE_PROT,
                     hook_of((function)on_store), b, 1, 0) == UC_ERR_OK &&
         uc_hook_add(b->uc, &hook, UC_HOOK_MEM_UNMAPPED,
                     hook_of((function)on_nothing), b, 1, 0) == UC_ERR_OK &&
         uc_hook_add(b->uc, &hook, UC_HOOK_INTR,
                     hook_of((function)on_interrupt), b, 1, 0) == UC_ERR_OK &&
         uc_context_alloc(b->uc, &b->pristine) == UC_ERR_OK &&
         uc_context_save(b->uc, b->pristine) == UC_ERR_OK;
    return ok ? NULL : "Unicorn refuses the part's core or memories";
}

void
cpu_close(struct board *b)
{
    if (b->pristine != NULL)
        (void)uc_context_free(b->pristine);
    if (b->uc != NULL)
        (void)uc_close(b->uc);
}
