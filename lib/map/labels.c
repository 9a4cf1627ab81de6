/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The labels below a bar: which areas share one, and where they stand. */
#include <inttypes.h>
#include <string.h>

#include "map/page.h"
#include "map/place.h"

#define LABEL_HEIGHT 30
#define LABEL_LANES_MAX 8u

int32_t
sfi__bar_x(const struct map_row *r, uint64_t address)
{
    uint64_t at = address > r->flash.base ? address - r->flash.base : 0;

    if (at > r->flash.size)
        at = r->flash.size;
    return BAR_X + (int32_t)(at * BAR_WIDTH / r->flash.size);
}

int32_t
sfi__bar_span(const struct map_row *r, uint64_t base, uint64_t size,
              int32_t least, int32_t *width)
{
    int32_t x = sfi__bar_x(r, base);

    *width = sfi__bar_x(r, base + size) - x;
    if (*width < least) {
        *width = least;
        if (x > BAR_X + BAR_WIDTH - least)
            x = BAR_X + BAR_WIDTH - least;
    }
    return x;
}

/* ---- groups ---- */

/* Are these areas of one file? */
static bool
groups_share_file(const struct map *m, const struct map_group *a,
                  const struct map_group *b)
{
    const char *x = sfi__map_area(m, a->first)->file;
    const char *y = sfi__map_area(m, b->first)->file;

    return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* Groups that begin nearer than `gap` become one; returns how many are left. */
static size_t
groups_join_near(const struct map_row *r, struct map_group *g, size_t count,
                 int32_t gap, const struct map *one_file_only)
{
    size_t used = 0;

    for (size_t i = 1; i < count; i++) {
        if (sfi__bar_x(r, g[i].address) - sfi__bar_x(r, g[used].address) <
                gap &&
            (one_file_only == NULL ||
             groups_share_file(one_file_only, &g[used], &g[i])))
            sfi__map_join(&g[used], &g[i]);
        else
            g[++used] = g[i];
    }
    return count > 0 ? used + 1 : 0;
}

/* The two that make the shortest group become one. */
static size_t
groups_join_nearest(struct map_group *g, size_t count)
{
    size_t best = 1;

    for (size_t i = 2; i < count; i++) {
        if (g[i].end - g[i - 1].address < g[best].end - g[best - 1].address)
            best = i;
    }
    sfi__map_join(&g[best - 1], &g[best]);
    for (size_t i = best; i + 1 < count; i++)
        g[i] = g[i + 1];
    return count - 1;
}

/* Too near to be told apart. */
#define BAR_NEAR 3

size_t
sfi__bar_join(const struct map *m, const struct map_row *r,
              struct map_group *groups, size_t count)
{
    count = groups_join_near(r, groups, count, BAR_NEAR, m);
    if (count > BAR_WIDTH)
        count = groups_join_near(r, groups, count, BAR_NEAR, NULL);
    return count;
}

/* ---- labels ---- */

struct bar_label {
    struct place_label at;
    bool is_start;
    bool is_quiet; /* true of every image */
    int32_t span;  /* of a group: how wide its brace is, else 0 */
    char first[MAP_WORDS_MAX], second[MAP_WORDS_MAX];
};

#define LABELS_MAX (LABEL_GROUPS_MAX + MAP_BARRED_MAX + MAP_STARTS_MAX)
#define LABEL_GROUPS_MAX 24u
#define LABEL_INDENT 5

/* Texts that fit between x and the edge of the picture, and how wide they are.
 */
static void
label_fit(struct bar_label *l)
{
    int32_t room = PAGE_WIDTH - PAGE_MARGIN - (BAR_X + BAR_WIDTH) + 4;
    char text[MAP_WORDS_MAX];
    int32_t width;

    (void)sfi__text_copy(text, sizeof(text), l->first);
    sfi__canvas_fit(l->first, sizeof(l->first), FONT_MONO_STRONG, text, room);
    (void)sfi__text_copy(text, sizeof(text), l->second);
    sfi__canvas_fit(l->second, sizeof(l->second), FONT_MONO, text, room);
    l->at.width = sfi__canvas_width(FONT_MONO_STRONG, l->first);
    width = sfi__canvas_width(FONT_MONO, l->second);
    if (width > l->at.width)
        l->at.width = width;
    l->at.width += LABEL_INDENT;
}

/* Labels stay sorted by x; of the same x, the one that was added last is
 * nearest to the bar. */
static void
label_insert(struct bar_label *labels, size_t *count,
             const struct bar_label *label)
{
    size_t i = (*count)++;

    for (; i > 0 && labels[i - 1].at.x > label->at.x; i--)
        labels[i] = labels[i - 1];
    labels[i] = *label;
    label_fit(&labels[i]);
}

static void
page_take_starts(const struct map *m, const struct map_row *r,
                 struct bar_label *labels, size_t *count)
{
    for (size_t i = 0; i < m->start_count; i++) {
        const struct map_start *s = &m->starts[i];
        struct bar_label l = {.at.x = sfi__bar_x(r, s->address),
                              .is_start = true};

        if (!sfi__map_meets(&r->flash, s->address, 1))
            continue;
        sfi__map_start_name(s, l.first);
        sfi__text_format(l.second, sizeof(l.second), "0x%08" PRIx32 "%s%s",
                         s->address, s->field != NULL ? ", " : "",
                         s->field != NULL ? s->field : "");
        label_insert(labels, count, &l);
    }
}

static size_t
page_take_labels(const struct page *p, const struct map_row *r,
                 const struct map_group *groups, size_t group_count,
                 struct bar_label *labels)
{
    const struct map *m = p->m;
    size_t count = 0;

    for (size_t i = 0; i < group_count; i++) {
        struct bar_label l = {.at.x = sfi__bar_x(r, groups[i].address)};

        if (groups[i].count > 1)
            l.span = sfi__bar_x(r, groups[i].end) - l.at.x;
        sfi__map_group_name(m, &groups[i], l.first);
        sfi__map_group_place(&groups[i], l.second);
        label_insert(labels, &count, &l);
    }
    for (size_t i = 0; i < m->barred_count; i++) {
        const struct map_barred *b = &m->barred[i];
        struct bar_label l = {.is_quiet = true};
        int32_t width;

        if (!sfi__map_meets(&r->flash, b->flash.base, 1))
            continue;
        l.at.x = sfi__bar_span(r, b->flash.base, b->flash.size, 5, &width);
        sfi__map_range(b->flash.base, b->flash.size, l.second);
        sfi__text_format(l.first, sizeof(l.first), "%s: %s", b->what, b->why);
        label_insert(labels, &count, &l);
    }
    page_take_starts(m, r, labels, &count);
    return count;
}

static void
page_draw_label(struct page *p, const struct bar_label *l)
{
    int32_t x = l->at.x;
    int32_t top = p->y + 8 + (int32_t)l->at.lane * LABEL_HEIGHT;

    sfi__canvas_path(&p->c, "ln", "M%d %dV%d", x, p->y, top + 24);
    if (l->is_start)
        sfi__canvas_path(&p->c, "ar", "M%d %dl5 9h-10z", x, p->y);
    if (l->span > 0)
        sfi__canvas_path(&p->c, "br", "M%d %dv4h%dv-4", x, p->y + 1, l->span);
    sfi__canvas_text(&p->c, x + LABEL_INDENT, top + 11,
                     l->is_quiet ? FONT_MONO : FONT_MONO_STRONG,
                     l->is_quiet ? "q" : "", l->first);
    sfi__canvas_text(&p->c, x + LABEL_INDENT, top + 24, FONT_MONO, "q",
                     l->second);
}

static uint32_t
labels_place(struct bar_label *labels, size_t count)
{
    struct place_label at[LABELS_MAX];
    uint32_t lanes;

    for (size_t i = 0; i < count; i++)
        at[i] = labels[i].at;
    lanes = sfi__place_labels(at, count);
    for (size_t i = 0; i < count; i++)
        labels[i].at = at[i];
    return lanes;
}

void
sfi__page_labels(struct page *p, const struct map_row *r,
                 struct map_group *groups, size_t group_count)
{
    struct bar_label labels[LABELS_MAX];
    size_t count;
    uint32_t lanes;

    for (int32_t gap = 6; group_count > LABEL_GROUPS_MAX; gap *= 2)
        group_count = groups_join_near(r, groups, group_count, gap, NULL);
    while (count = page_take_labels(p, r, groups, group_count, labels),
           lanes = labels_place(labels, count),
           lanes > LABEL_LANES_MAX && group_count > 1)
        group_count = groups_join_nearest(groups, group_count);
    for (size_t i = 0; i < count; i++)
        page_draw_label(p, &labels[i]);
    p->y += (int32_t)lanes * LABEL_HEIGHT + 8;
}
