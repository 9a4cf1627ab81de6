/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Who answers at an address: for the core and for a debug port. */
#include <string.h>

#include "core.h"
#include "rcc.h"

#define PPB 0xe0000000u
#define PPB_LEN 0x100000u
#define ACCESS_CYCLES 2u /* of a register behind AHB and APB, about */

static struct unit *
unit_at(struct board *b, uint32_t address)
{
    struct unit *u = b->last_unit;
    size_t i;

    if (u != NULL && address - u->row->base < u->row->size)
        return u;
    for (i = 0; i < b->unit_count; i++)
        if (address - b->units[i].row->base < b->units[i].row->size)
            return b->last_unit = &b->units[i];
    return NULL;
}

static bool
is_clocked(struct board *b, const struct unit *u)
{
    return u->row->enable == BOARD_ALWAYS ||
           (rcc_register(b, u->row->enable) >> u->row->bit & 1u) != 0;
}

uint32_t
bus_read(struct board *b, uint32_t address, unsigned size)
{
    struct unit *u;

    u = unit_at(b, address);
    if (u == NULL && address - PPB < PPB_LEN)
        return scs_read(b, address);
    if (u == NULL) {
        board_note(b, "nothing is modelled at 0x%08x", address);
        return 0;
    }
    if (!is_clocked(b, u)) {
        board_note(b, "%s is read without its clock", u->row->model->name);
        return 0;
    }
    return u->row->model->read(b, u->state, address - u->row->base, size);
}

/* Feeding a watchdog changes nothing for others. */
static void
write_unit(struct board *b, struct unit *u, uint32_t address, uint32_t value,
           unsigned size)
{
    b->life.writes += u->row->link != BOARD_LINK_BACKGROUND;
    u->row->model->write(b, u->state, address - u->row->base, value, size);
}

void
bus_write(struct board *b, uint32_t address, uint32_t value, unsigned size)
{
    struct unit *u;

    if (!b->life.has_power || b->life.reset_due)
        return;
    u = unit_at(b, address);
    if (u == NULL && address - PPB < PPB_LEN)
        scs_write(b, address, value, size);
    else if (u == NULL)
        board_note(b, "nothing is modelled at 0x%08x", address);
    else if (!is_clocked(b, u))
        board_note(b, "%s is written without its clock", u->row->model->name);
    else
        write_unit(b, u, address, value, size);
}

static uint64_t
on_read(uc_engine *uc, uint64_t offset, unsigned size, void *user)
{
    struct window *w = user;

    (void)uc;
    cpu_apply_fixes(w->board);
    w->board->life.cycles += ACCESS_CYCLES;
    return bus_read(w->board, w->base + (uint32_t)offset, size);
}

static void
on_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value,
         void *user)
{
    struct window *w = user;

    (void)uc;
    cpu_apply_fixes(w->board);
    w->board->life.cycles += ACCESS_CYCLES;
    bus_write(w->board, w->base + (uint32_t)offset, (uint32_t)value, size);
}

const char *
bus_open(struct board *b)
{
    const struct span *s = b->part->spans;
    size_t i;

    for (i = 0; i < b->part->span_count; i++) {
        b->windows[i].board = b;
        b->windows[i].base = s[i].base;
        if (uc_mmio_map(b->uc, s[i].base, s[i].len, on_read, &b->windows[i],
                        on_write, &b->windows[i]) != UC_ERR_OK)
            return "the emulator cannot map the peripherals";
    }
    return NULL;
}

uint8_t *
bus_memory(struct board *b, uint32_t address, uint32_t len)
{
    const struct board_part *p = b->part;
    uint32_t option_len = p->option_count * 8, i;

    if (len <= p->flash_len && address - p->flash <= p->flash_len - len)
        return b->nvm.flash + (address - p->flash);
    if (len <= p->otp_len && address - p->otp <= p->otp_len - len)
        return b->nvm.otp + (address - p->otp);
    if (len <= option_len && address - p->options <= option_len - len)
        return (uint8_t *)b->nvm.options + (address - p->options);
    for (i = 0; i < p->ram_count; i++) {
        const struct ram *r = &p->ram[i];

        if (len > r->len)
            continue;
        if (address - r->base <= r->len - len)
            return b->ram[i] + (address - r->base);
        if (r->alias != 0 && address - r->alias <= r->len - len)
            return b->ram[i] + (address - r->alias);
    }
    return NULL;
}

/* RM0394, 3.5.1 and table "Access status versus protection level": at level 1
 * a debugger reaches neither flash nor SRAM2; at level 2 there is none. */
static bool
is_allowed(struct board *b, uint32_t address, uint32_t len)
{
    const struct board_part *p = b->part;
    uint32_t i;

    if (p->rdp(b) == 0)
        return true;
    if (p->rdp(b) == 2)
        return false;
    if (address - p->flash < p->flash_len || address - p->otp < p->otp_len)
        return false;
    for (i = 0; i < p->ram_count; i++)
        if (p->ram[i].is_hidden &&
            (bus_memory(b, address, len) == NULL ||
             (size_t)(bus_memory(b, address, len) - b->ram[i]) < p->ram[i].len))
            return address >= 0x40000000u;
    return true;
}

bool
bus_debug_read(struct board *b, uint32_t address, unsigned size, uint32_t count,
               uint8_t *out)
{
    const uint8_t *memory = bus_memory(b, address, size * count);
    uint32_t value, i;

    if (!is_allowed(b, address, size * count))
        return false;
    cpu_apply_fixes(b);
    for (i = 0; i < count; i++) {
        if (memory != NULL) {
            memcpy(out + i * size, memory + i * size, size);
            continue;
        }
        if (size != 4 || !debug_get(b, address + i * size, &value))
            value = bus_read(b, address + i * size, size);
        memcpy(out + i * size, &value, size);
    }
    return true;
}

bool
bus_debug_write(struct board *b, uint32_t address, unsigned size,
                uint32_t count, const uint8_t *data)
{
    const struct board_part *p = b->part;
    uint8_t *memory = bus_memory(b, address, size * count);
    uint32_t value, i;

    if (!is_allowed(b, address, size * count))
        return false;
    for (i = 0; i < count; i++) {
        uint32_t at = address + i * size;

        value = 0;
        memcpy(&value, data + i * size, size);
        if (at - p->flash < p->flash_len)
            p->store(b, at - p->flash, value, size);
        else if (memory != NULL && at - p->options >= p->option_count * 8)
            memcpy(memory + i * size, &value, size);
        else if (size != 4 || !debug_set(b, at, value))
            bus_write(b, at, value, size);
        time_skip(b, b->stall_until);
        if (b->life.reset_due)
            power_reset_now(b);
    }
    if (b->ran_from_ram)
        cpu_flush_ram(b);
    return true;
}

struct unit *
bus_link(struct board *b, unsigned link, uint32_t instance)
{
    size_t i;

    for (i = 0; i < b->unit_count; i++)
        if (b->units[i].row->link == link &&
            b->units[i].row->instance == instance)
            return &b->units[i];
    return NULL;
}
