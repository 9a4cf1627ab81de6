/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Draws one row of flash: the sectors and how full they are, the marks of its
 * findings, what option bytes protect, and the bar with the areas to scale. */
#include <inttypes.h>

#include "map/page.h"
#include "map/place.h"
#include "wire/image.h"

#define HEADS 8u /* of groups of sectors */
#define HEAD_HEIGHT 34
#define LEVEL_HEIGHT 18
#define LANE_HEIGHT 12 /* of protections */
#define MARK_LANE_HEIGHT 30
#define BAR_HEIGHT 34
#define MARKS_MAX 18u

/* ---- sectors ---- */

static void
row_draw_head(struct page *p, const struct map_row *r, uint32_t sector,
              uint32_t count)
{
    uint32_t size = p->m->chip->sector_size;
    uint32_t base = r->flash.base + (sector - r->sector) * size;
    int32_t x = sfi__bar_x(r, base);
    int32_t end = sfi__bar_x(r, (uint64_t)base + (uint64_t)count * size);
    char text[MAP_WORDS_MAX], percent[MAP_NUMBER_MAX];
    uint64_t used = sfi__map_used(p->m, base, (uint64_t)count * size);

    sfi__canvas_rect(&p->c, "hd", x, p->y, end - x, HEAD_HEIGHT, NULL);
    sfi__text_format(text, sizeof(text),
                     count > 1 ? "%" PRIu32 "-%" PRIu32 : "sector %" PRIu32,
                     sector, sector + count - 1);
    sfi__canvas_text(&p->c, x + 5, p->y + 14, FONT_SMALL, "", text);
    sfi__text_format(text, sizeof(text), "0x%08" PRIx32, base);
    sfi__canvas_text(&p->c, x + 5, p->y + 28, FONT_MONO, "q", text);
    sfi__canvas_text_end(
        &p->c, end - 5, p->y + 14, FONT_SMALL, "",
        sfi__map_percent(percent, used, (uint64_t)count * size));
}

static void
row_draw_level(struct page *p, const struct map_row *r, uint32_t sector)
{
    uint32_t size = p->m->chip->sector_size;
    uint32_t base = r->flash.base + (sector - r->sector) * size;
    uint64_t used = sfi__map_used(p->m, base, size);
    int32_t x = sfi__bar_x(r, base);
    int32_t width = sfi__bar_x(r, (uint64_t)base + size) - x;
    int32_t height = (int32_t)(used * (LEVEL_HEIGHT - 2) / size);
    char tip[MAP_WORDS_MAX], bytes[MAP_NUMBER_MAX];

    if (used > 0 && height == 0)
        height = 1;
    sfi__text_format(tip, sizeof(tip), "sector %" PRIu32 ": %s bytes used",
                     sector, sfi__map_number(bytes, used));
    sfi__canvas_rect(&p->c, "em", x, p->y, width, LEVEL_HEIGHT, tip);
    if (height > 0)
        sfi__canvas_rect(&p->c, "lv", x + 1, p->y + LEVEL_HEIGHT - 1 - height,
                         width - 2, height, tip);
}

static void
row_draw_sectors(struct page *p, const struct map_row *r)
{
    uint32_t step = (r->sectors + HEADS - 1) / HEADS;

    for (uint32_t i = 0; i < r->sectors; i += step) {
        uint32_t left = r->sectors - i;

        row_draw_head(p, r, r->sector + i, left < step ? left : step);
    }
    p->y += HEAD_HEIGHT;
    for (uint32_t i = 0; i < r->sectors; i++)
        row_draw_level(p, r, r->sector + i);
    p->y += LEVEL_HEIGHT + 4;
}

/* ---- findings ---- */

static size_t
row_take_marks(const struct map *m, uint32_t home, const struct map_row *r,
               struct place_mark marks[MARKS_MAX],
               const struct map_finding *of[MARKS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < m->finding_count && count < MARKS_MAX; i++) {
        const struct map_finding *f = sfi__map_finding(m, i);
        char number[MAP_NUMBER_MAX];

        if (f->home != home)
            continue;
        sfi__text_format(number, sizeof(number), "%" PRIu32, f->number);
        of[count] = f;
        marks[count++] = (struct place_mark){
            .at = sfi__bar_x(r, f->address),
            .width =
                CANVAS_SIGN_SIZE + 10 + sfi__canvas_width(FONT_STRONG, number),
        };
    }
    return count;
}

/* Signs in a line of their own, with a stroke down to what they concern; `top`
 * is that line, `bar` where the bar begins. */
static void
row_draw_marks(struct page *p, uint32_t home, const struct map_row *r,
               int32_t top, int32_t bar)
{
    static const char *const classes[] = {"m1", "m1", "m2", "m3"};
    struct place_mark marks[MARKS_MAX];
    const struct map_finding *of[MARKS_MAX];
    size_t count = row_take_marks(p->m, home, r, marks, of);

    sfi__place_marks(marks, count, BAR_X, BAR_X + BAR_WIDTH + SIDE_WIDTH);
    for (size_t i = 0; i < count; i++) {
        char number[MAP_NUMBER_MAX];
        int32_t width;
        int32_t x = sfi__bar_span(r, of[i]->address, of[i]->size, 3, &width);

        sfi__text_format(number, sizeof(number), "%" PRIu32, of[i]->number);
        sfi__canvas_path(&p->c, "ln", "M%d %dv3L%d %dV%d", marks[i].x + 7,
                         top + CANVAS_SIGN_SIZE + 1, x + 1, top + 24, bar - 4);
        sfi__canvas_sign(&p->c, marks[i].x, top, of[i]->severity);
        sfi__canvas_text(&p->c, marks[i].x + CANVAS_SIGN_SIZE + 3, top + 12,
                         FONT_STRONG, "", number);
        sfi__canvas_rect(&p->c, classes[of[i]->severity], x, bar - 5, width, 4,
                         of[i]->message);
    }
}

static bool
row_has_findings(const struct map *m, uint32_t home)
{
    for (size_t i = 0; i < m->finding_count; i++) {
        if (sfi__map_finding(m, i)->home == home)
            return true;
    }
    return false;
}

/* ---- protections ---- */

static void
row_draw_protection(struct page *p, const struct map_row *r, uint8_t kind)
{
    static const char *const classes[] = {[CHIP_AREA_PCROP] = "b1",
                                          [CHIP_AREA_SECURE] = "b2",
                                          [CHIP_AREA_WRP] = "b3"};
    const struct chip_area *last = NULL;
    char range[MAP_WORDS_MAX], text[MAP_WORDS_MAX];
    size_t count = 0;

    for (size_t i = 0; i < p->m->protection_count; i++) {
        const struct chip_area *a = &p->m->protections[i];
        int32_t x, width;

        if (a->kind != kind ||
            !sfi__map_meets(&r->flash, a->flash.base, a->flash.size))
            continue;
        x = sfi__bar_span(r, a->flash.base, a->flash.size, 3, &width);
        sfi__map_range(a->flash.base, a->flash.size, range);
        sfi__text_format(text, sizeof(text), "%s: %s (%s)",
                         sfi__map_protection_name(kind), range, a->field);
        sfi__canvas_rect(&p->c, classes[kind], x, p->y, width, LANE_HEIGHT,
                         text);
        sfi__canvas_rect(&p->c, "bo", x, p->y, width, LANE_HEIGHT, NULL);
        last = a;
        count++;
    }
    if (last == NULL)
        return;
    if (count > 1)
        sfi__text_format(range, sizeof(range), "%zu ranges", count);
    sfi__text_format(text, sizeof(text), "%s %s",
                     sfi__map_protection_name(kind), range);
    sfi__canvas_fit(range, sizeof(range), FONT_SMALL, text, SIDE_WIDTH);
    sfi__canvas_text(&p->c, SIDE_X, p->y + 10, FONT_SMALL, "", range);
    p->y += LANE_HEIGHT + 3;
}

/* ---- the bar ---- */

static void
row_draw_barred(struct page *p, const struct map_row *r)
{
    for (size_t i = 0; i < p->m->barred_count; i++) {
        const struct map_barred *b = &p->m->barred[i];
        char tip[MAP_WORDS_MAX];
        int32_t x, width;

        if (!sfi__map_meets(&r->flash, b->flash.base, b->flash.size))
            continue;
        x = sfi__bar_span(r, b->flash.base, b->flash.size, 5, &width);
        sfi__text_format(tip, sizeof(tip), "%s: %s", b->what, b->why);
        sfi__canvas_rect(&p->c, "b0", x, p->y, width, BAR_HEIGHT, tip);
        sfi__canvas_rect(&p->c, "bo", x, p->y, width, BAR_HEIGHT, NULL);
    }
}

static void
row_draw_group(struct page *p, const struct map_row *r,
               const struct map_group *g)
{
    const struct map_area *a = sfi__map_area(p->m, g->first);
    char name[MAP_WORDS_MAX], place[MAP_WORDS_MAX], tip[CANVAS_TEXT_MAX];
    int32_t width;
    int32_t x = sfi__bar_span(r, g->address, g->end - g->address, 2, &width);

    sfi__map_group_name(p->m, g, name);
    sfi__map_group_place(g, place);
    sfi__text_format(tip, sizeof(tip), "%s, %s", name, place);
    sfi__canvas_rect(&p->c, a->type == SFI_FORMAT_MODULE ? "mo" : "fw", x,
                     p->y + 3, width, BAR_HEIGHT - 6, tip);
}

static void
row_draw_bar(struct page *p, const struct map_row *r, struct map_group *groups,
             size_t count)
{
    sfi__canvas_rect(&p->c, "em", BAR_X, p->y, BAR_WIDTH, BAR_HEIGHT, NULL);
    for (uint32_t i = 1; i < r->sectors; i++)
        sfi__canvas_path(
            &p->c, "gr", "M%d %dv%d",
            sfi__bar_x(r,
                       r->flash.base + (uint64_t)i * p->m->chip->sector_size),
            p->y + 1, BAR_HEIGHT - 2);
    row_draw_barred(p, r);
    for (size_t i = 0; i < count; i++)
        row_draw_group(p, r, &groups[i]);
    p->y += BAR_HEIGHT;
}

/* ---- the row ---- */

static bool
row_draw(struct page *p, size_t row, struct map_group *groups, size_t count)
{
    const struct map_row *r = &p->m->rows[row];
    uint32_t home = MAP_HOME_FLASH + (uint32_t)row;
    bool marked = row_has_findings(p->m, home);
    int32_t marks;

    row_draw_sectors(p, r);
    marks = p->y;
    if (marked)
        p->y += MARK_LANE_HEIGHT;
    row_draw_protection(p, r, CHIP_AREA_SECURE);
    row_draw_protection(p, r, CHIP_AREA_PCROP);
    row_draw_protection(p, r, CHIP_AREA_WRP);
    if (marked) {
        p->y += 4;
        row_draw_marks(p, home, r, marks, p->y);
    }
    count = sfi__bar_join(p->m, r, groups, count);
    row_draw_bar(p, r, groups, count);
    sfi__page_labels(p, r, groups, count);
    p->y += marked ? 6 : 0;
    sfi__page_findings(p, home, UINT32_MAX);
    return true;
}

bool
sfi__page_row(struct page *p, size_t row)
{
    struct buf groups;
    bool ok;

    sfi__buf_init(&groups, &p->m->ctx->alloc, false);
    ok = sfi__map_groups(p->m, &p->m->rows[row].flash, &groups) &&
         row_draw(p, row, (struct map_group *)(void *)groups.data,
                  groups.len / sizeof(struct map_group));
    sfi__buf_free(&groups);
    return ok;
}
