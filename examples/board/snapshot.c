/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Snapshots: a copy of memory, some 0.2 ms, so that a power cut can be tried at
 * every operation of an install from the moment just before it. */
#include <stdlib.h>
#include <string.h>

#include "core.h"

bool
snapshot_take(struct board *b, unsigned slot)
{
    struct snapshot *s = &b->slots[slot];

    if (s->memory == NULL)
        s->memory = malloc(b->memory_len + b->nvm.map_len);
    if (s->cpu == NULL && uc_context_alloc(b->uc, &s->cpu) != UC_ERR_OK)
        s->cpu = NULL;
    if (s->memory == NULL || s->cpu == NULL ||
        uc_context_save(b->uc, s->cpu) != UC_ERR_OK)
        return false;
    cpu_apply_fixes(b);
    s->life = b->life;
    memcpy(s->memory, b->memory, b->memory_len);
    memcpy(s->memory + b->memory_len, b->nvm.map, b->nvm.map_len);
    return true;
}

/* Only pages that differ, since what was translated from them goes. */
static void
restore_flash(struct board *b)
{
    uint32_t at;

    for (at = 0; at < b->part->flash_len; at += b->part->page)
        if (memcmp(b->view + at, b->nvm.flash + at, b->part->page) != 0)
            cpu_flash_changed(b, at, b->part->page);
}

bool
snapshot_restore(struct board *b, unsigned slot)
{
    const struct snapshot *s = &b->slots[slot];

    if (s->memory == NULL)
        return false;
    b->fix_count = 0;
    b->out_len = 0;
    b->life = s->life;
    memcpy(b->memory, s->memory, b->memory_len);
    memcpy(b->nvm.map, s->memory + b->memory_len, b->nvm.map_len);
    restore_flash(b);
    if (b->ran_from_ram)
        cpu_flush_ram(b);
    b->attention = true;
    b->stall_until = 0;
    cpu_map_start(b);
    cpu_watch(b);
    time_rebase(b);
    return uc_context_restore(b->uc, s->cpu) == UC_ERR_OK;
}

void
snapshot_close(struct board *b)
{
    size_t i;

    for (i = 0; i < WIRE_SLOTS; i++) {
        free(b->slots[i].memory);
        if (b->slots[i].cpu != NULL)
            (void)uc_context_free(b->slots[i].cpu);
    }
}
