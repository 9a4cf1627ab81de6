/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds what is outside the flash, and in which memory. */
#include "map/elsewhere.h"

#include <inttypes.h>

#include "chip/memory.h"
#include "map/words.h"

/* So many areas are named one by one. */
#define ELSEWHERE_MAX 12u

static const char *
elsewhere_memory(const struct map *m, uint64_t address)
{
    const struct chip_memory *memory = sfi__chip_memory_at(m->chip, address);

    return memory != NULL ? memory->name : "no memory";
}

static void
elsewhere_start(const struct map *m, const struct map_start *s,
                char name[MAP_WORDS_MAX], char words[MAP_WORDS_MAX])
{
    sfi__map_start_name(s, name);
    sfi__text_format(words, MAP_WORDS_MAX, "0x%08" PRIx32 ", %s%s%s",
                     s->address, elsewhere_memory(m, s->address),
                     s->field != NULL ? ", " : "",
                     s->field != NULL ? s->field : "");
}

static void
elsewhere_area(const struct map *m, size_t i, char name[MAP_WORDS_MAX],
               char words[MAP_WORDS_MAX])
{
    const struct map_area *a = sfi__map_area(m, i);
    struct map_group g = {.first = i,
                          .count = 1,
                          .address = a->address,
                          .end = a->address + a->size,
                          .bytes = a->size};
    char place[MAP_WORDS_MAX];

    sfi__map_group_name(m, &g, name);
    sfi__map_group_place(&g, place);
    sfi__text_format(words, MAP_WORDS_MAX, "%s, %s", place,
                     elsewhere_memory(m, a->address));
}

void
sfi__map_elsewhere(const struct map *m, map_elsewhere_fn fn, void *user)
{
    char name[MAP_WORDS_MAX], words[MAP_WORDS_MAX];
    size_t shown = 0, areas = 0;

    for (size_t i = 0; i < m->start_count; i++) {
        if (sfi__map_meets(&m->chip->flash, m->starts[i].address, 1))
            continue;
        elsewhere_start(m, &m->starts[i], name, words);
        fn(user, shown++, name, words);
    }
    for (size_t i = 0; i < m->area_count; i++) {
        const struct map_area *a = sfi__map_area(m, i);

        if (sfi__map_meets(&m->chip->flash, a->address, a->size) ||
            areas++ >= ELSEWHERE_MAX)
            continue;
        elsewhere_area(m, i, name, words);
        fn(user, shown++, name, words);
    }
    if (areas > ELSEWHERE_MAX) {
        sfi__text_format(words, sizeof(words), "and %zu more",
                         areas - ELSEWHERE_MAX);
        fn(user, shown, "", words);
    }
}
