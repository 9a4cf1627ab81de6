/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board: made of a part's table; what models ask of it. */
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"

#define PAGE 4096u
#define ALIGN 16u

static const struct board_part *const parts[] = {&board_l462, &board_h753};

static size_t
rounded(size_t len, size_t to)
{
    return (len + to - 1) / to * to;
}

/* One piece of memory for the models and the RAMs: a snapshot copies it. */
static bool
make_memory(struct board *b)
{
    const struct board_part *p = b->part;
    size_t at = 0, i;

    for (i = 0; i < p->unit_count; i++)
        at += rounded(p->units[i].model->state_size + 1, ALIGN);
    b->state_len = at = rounded(at, PAGE);
    for (i = 0; i < p->ram_count; i++)
        at += p->ram[i].len;
    b->memory_len = at;
    b->memory = aligned_alloc(PAGE, b->memory_len);
    b->view = aligned_alloc(PAGE, p->flash_len);
    b->executed = calloc(1, p->flash_len / PAGE);
    if (b->memory == NULL || b->view == NULL || b->executed == NULL)
        return false;
    memset(b->memory, 0, b->memory_len);
    memset(b->view, 0xff, p->flash_len);
    for (at = 0, i = 0; i < p->unit_count; i++) {
        b->units[i].row = &p->units[i];
        b->units[i].state = b->memory + at;
        b->life.when[i] = BOARD_NEVER;
        at += rounded(p->units[i].model->state_size + 1, ALIGN);
    }
    b->unit_count = p->unit_count;
    for (at = b->state_len, i = 0; i < p->ram_count; i++) {
        b->ram[i] = b->memory + at;
        at += p->ram[i].len;
    }
    return true;
}

const char *
board_open(struct board *b, const char *part, const char *path)
{
    const char *wrong;
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (strcmp(parts[i]->name, part) == 0)
            b->part = parts[i];
    if (b->part == NULL)
        return "no board has this part";
    b->life.cut_at = WIRE_NO_CUT;
    b->life.end = WIRE_END_OFF;
    b->life.ps_per_cycle = 1;
    b->limit = BOARD_NEVER;
    memset(b->life.pins_in, BOARD_FLOATING, sizeof(b->life.pins_in));
    if (!make_memory(b))
        return "out of memory";
    wrong = nvm_open(b, path);
    if (wrong == NULL)
        wrong = cpu_open(b);
    if (wrong == NULL)
        wrong = bus_open(b);
    return wrong;
}

void
board_close(struct board *b)
{
    snapshot_close(b);
    cpu_close(b);
    nvm_close(b);
    free(b->memory);
    free(b->view);
    free(b->executed);
}

static struct unit *
unit_of(struct board *b, const void *state)
{
    size_t i = 0;

    if (b->last_unit != NULL && b->last_unit->state == state)
        return b->last_unit;
    while (b->units[i].state != state)
        i++;
    return &b->units[i];
}

const struct board_unit *
board_unit_of(struct board *b, const void *state)
{
    return unit_of(b, state)->row;
}

void *
board_state(struct board *b, const struct board_model *model, uint32_t instance)
{
    size_t i;

    for (i = 0; i < b->unit_count; i++)
        if (b->units[i].row->model == model &&
            b->units[i].row->instance == instance)
            return b->units[i].state;
    return NULL;
}

uint64_t
board_writes(struct board *b)
{
    return b->life.writes;
}

void
board_interrupt(struct board *b, const void *state, bool level)
{
    uint32_t irq = board_unit_of(b, state)->irq;
    struct scs *s = &b->life.scs;

    if (irq >= IRQ_MAX)
        return;
    if (level) {
        s->level[irq / 32] |= 1u << irq % 32;
        s->pending[irq / 32] |= 1u << irq % 32;
        b->attention = true;
    } else {
        s->level[irq / 32] &= ~(1u << irq % 32);
    }
}

void
board_host_out(struct board *b, const void *state, uint8_t byte)
{
    if (b->out_unit == NULL || b->out_unit->state != state)
        return; /* nobody listens to this link */
    if (b->out_len < OUT_MAX)
        b->out[b->out_len++] = byte;
}

void
board_pin_set(struct board *b, unsigned port, unsigned pin,
              enum board_level level)
{
    b->life.pins_in[port][pin] = (uint8_t)level;
}

enum board_level
board_pin(struct board *b, unsigned port, unsigned pin)
{
    return (enum board_level)b->life.pins_in[port][pin];
}

void
board_pins_out(struct board *b, unsigned port, uint32_t outputs, uint32_t high)
{
    struct life *l = &b->life;

    if (l->pins_out[port] != outputs || l->pins_high[port] != high)
        l->pin_writes++;
    l->pins_out[port] = outputs;
    l->pins_high[port] = high;
}

void
board_bus_fault(struct board *b)
{
    b->life.bus_fault = b->is_running;
    b->attention = true;
}

void
board_note(struct board *b, const char *fmt, ...)
{
    uint32_t pc = b->last_block;
    va_list ap;
    size_t i;

    for (i = 0; i < b->noted_count; i++)
        if (b->noted[i] == pc)
            return;
    if (!b->is_verbose ||
        b->noted_count == sizeof(b->noted) / sizeof(*b->noted))
        return;
    b->noted[b->noted_count++] = pc;
    (void)fprintf(stderr, "sfi-board: 0x%08x: ", pc);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
}
