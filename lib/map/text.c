/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The map as text: a line for a sector or a few, and below it what is there. */
#include <inttypes.h>
#include <string.h>

#include "map/console.h"
#include "map/elsewhere.h"
#include "map/output.h"
#include "map/words.h"

#define COLUMNS_DEFAULT 80u
#define COLUMNS_MIN 40u
#define COLUMNS_MAX 400u
/* A bank is shown in at most so many lines. */
#define LINES_PER_BANK 32u
/* So many empty lines in a row become one. */
#define EMPTY_LINES 3u
/* More groups in a line become one. */
#define GROUPS_PER_LINE 6u
/* Around the bar: "  0 0x08000000 |" and "| 100 % SPW". */
#define AROUND_BAR 27u
#define DETAIL_INDENT 4u

struct text {
    struct console c;
    const struct map *m;
};

/* One line of the map. */
struct text_line {
    struct chip_range flash;
    uint32_t sector;
};

/* ---- what a line has ---- */

static bool
line_has_protection(const struct text *t, const struct text_line *l,
                    uint8_t kind)
{
    for (size_t i = 0; i < t->m->protection_count; i++) {
        const struct chip_area *a = &t->m->protections[i];

        if (a->kind == kind &&
            sfi__map_meets(&l->flash, a->flash.base, a->flash.size))
            return true;
    }
    return false;
}

static bool
line_is_barred(const struct text *t, uint64_t base, uint64_t size)
{
    for (size_t i = 0; i < t->m->barred_count; i++) {
        if (sfi__map_meets(&t->m->barred[i].flash, base, size))
            return true;
    }
    return false;
}

static bool
line_has_finding(const struct text_line *l, const struct map_finding *f)
{
    return f->home != MAP_HOME_IMAGE && f->home != MAP_HOME_OPTIONS &&
           sfi__map_meets(&l->flash, f->address, 1);
}

static bool
line_is_empty(const struct text *t, const struct text_line *l)
{
    for (size_t i = 0; i < t->m->finding_count; i++) {
        if (line_has_finding(l, sfi__map_finding(t->m, i)))
            return false;
    }
    for (size_t i = 0; i < t->m->start_count; i++) {
        if (sfi__map_meets(&l->flash, t->m->starts[i].address, 1))
            return false;
    }
    return sfi__map_used(t->m, l->flash.base, l->flash.size) == 0 &&
           !line_is_barred(t, l->flash.base, l->flash.size) &&
           !line_has_protection(t, l, CHIP_AREA_SECURE) &&
           !line_has_protection(t, l, CHIP_AREA_PCROP) &&
           !line_has_protection(t, l, CHIP_AREA_WRP);
}

/* ---- the bar ---- */

static const char *
text_cell(const struct text *t, const struct text_line *l, uint32_t cell,
          uint32_t cells, enum console_color *color)
{
    uint64_t base = (uint64_t)l->flash.size * cell / cells + l->flash.base;
    uint64_t end = (uint64_t)l->flash.size * (cell + 1) / cells + l->flash.base;
    uint64_t size = end > base ? end - base : 1;
    uint64_t used = sfi__map_used(t->m, base, size);

    *color = used > 0 ? COLOR_FIRMWARE : COLOR_QUIET;
    if (used == size)
        return t->c.ascii ? "#" : "█";
    if (used > 0)
        return t->c.ascii ? "+" : "▒";
    if (line_is_barred(t, base, size))
        return "x";
    return t->c.ascii ? "." : "·";
}

/* Cells of one colour in one go. */
static void
text_put_cells(struct text *t, const struct text_line *l)
{
    uint32_t cells = t->c.columns - AROUND_BAR;
    char run[COLUMNS_MAX * 3 + 1];
    enum console_color of = COLOR_QUIET;
    size_t len = 0;

    for (uint32_t i = 0; i < cells; i++) {
        enum console_color color;
        const char *cell = text_cell(t, l, i, cells, &color);

        if (len > 0 && color != of) {
            sfi__console_put(&t->c, of, "%s", run);
            len = 0;
        }
        of = color;
        (void)sfi__text_copy(run + len, sizeof(run) - len, cell);
        len += strlen(cell);
    }
    sfi__console_put(&t->c, of, "%s", run);
}

static void
text_put_bar(struct text *t, const struct text_line *l)
{
    char percent[MAP_NUMBER_MAX];
    uint64_t used = sfi__map_used(t->m, l->flash.base, l->flash.size);

    sfi__console_put(&t->c, COLOR_NONE, "%3" PRIu32 " 0x%08" PRIx32 " |",
                     l->sector, l->flash.base);
    text_put_cells(t, l);
    (void)sfi__map_percent(percent, used, l->flash.size);
    sfi__console_put(&t->c, COLOR_NONE, "| %5s %s%s%s", percent,
                     line_has_protection(t, l, CHIP_AREA_SECURE) ? "S" : "",
                     line_has_protection(t, l, CHIP_AREA_PCROP) ? "P" : "",
                     line_has_protection(t, l, CHIP_AREA_WRP) ? "W" : "");
    while (t->c.out->len > 0 && t->c.out->data[t->c.out->len - 1] == ' ')
        t->c.out->len--;
    sfi__console_end_line(&t->c);
}

/* ---- below the bar ---- */

static void
text_put_finding(struct text *t, const struct map_finding *f)
{
    static const struct {
        enum console_color color;
        const char *sign;
    } by_severity[] = {
        [SFI_FINDING_NOTE] = {COLOR_NOTE, "i "},
        [SFI_FINDING_WARNING] = {COLOR_WARNING, "! "},
        [SFI_FINDING_ERROR] = {COLOR_ERROR, "x "},
    };
    char words[2 * MAP_WORDS_MAX], text[CONSOLE_TEXT_MAX];
    bool has_remedy = f->remedy != NULL && f->remedy[0] != '\0';

    sfi__map_finding_words(f, words);
    sfi__text_format(text, sizeof(text), "%s %s: %s%s%s",
                     sfi__map_severity(f->severity), f->rule, words,
                     has_remedy ? "; " : "", has_remedy ? f->remedy : "");
    sfi__console_paragraph(&t->c, DETAIL_INDENT, by_severity[f->severity].color,
                           by_severity[f->severity].sign, text);
}

static void
text_put_findings(struct text *t, uint32_t home, uint32_t row)
{
    for (size_t i = 0; i < t->m->finding_count; i++) {
        const struct map_finding *f = sfi__map_finding(t->m, i);

        if (f->home == home && (row == UINT32_MAX || f->row == row))
            text_put_finding(t, f);
    }
}

static void
text_put_starts(struct text *t, const struct text_line *l)
{
    for (size_t i = 0; i < t->m->start_count; i++) {
        const struct map_start *s = &t->m->starts[i];
        char name[MAP_WORDS_MAX], text[MAP_WORDS_MAX];

        if (!sfi__map_meets(&l->flash, s->address, 1))
            continue;
        sfi__map_start_name(s, name);
        sfi__text_format(text, sizeof(text), "%s: 0x%08" PRIx32 "%s%s", name,
                         s->address, s->field != NULL ? ", " : "",
                         s->field != NULL ? s->field : "");
        sfi__console_paragraph(&t->c, DETAIL_INDENT, COLOR_STRONG,
                               t->c.ascii ? "^ " : "▲ ", text);
    }
}

static void
text_put_barred(struct text *t, const struct text_line *l)
{
    for (size_t i = 0; i < t->m->barred_count; i++) {
        const struct map_barred *b = &t->m->barred[i];
        char range[MAP_WORDS_MAX], text[MAP_WORDS_MAX];

        if (!sfi__map_meets(&l->flash, b->flash.base, 1))
            continue;
        sfi__map_range(b->flash.base, b->flash.size, range);
        sfi__text_format(text, sizeof(text), "%s (%s), %s", b->what, b->why,
                         range);
        sfi__console_paragraph(&t->c, DETAIL_INDENT, COLOR_QUIET, "x ", text);
    }
}

static bool
text_put_groups(struct text *t, const struct text_line *l)
{
    struct buf list;
    struct map_group *g;
    size_t count;
    bool ok;

    sfi__buf_init(&list, &t->m->ctx->alloc, false);
    ok = sfi__map_groups(t->m, &l->flash, &list);
    g = (struct map_group *)(void *)list.data;
    count = ok ? list.len / sizeof(*g) : 0;
    if (count > GROUPS_PER_LINE) {
        for (size_t i = 1; i < count; i++)
            sfi__map_join(&g[0], &g[i]);
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        char name[MAP_WORDS_MAX], place[MAP_WORDS_MAX];
        char text[CONSOLE_TEXT_MAX];

        if (g[i].continued && g[i].count == 1)
            continue;
        sfi__map_group_name(t->m, &g[i], name);
        sfi__map_group_place(&g[i], place);
        sfi__text_format(text, sizeof(text), "%s, %s", name, place);
        sfi__console_paragraph(&t->c, DETAIL_INDENT, COLOR_NONE, "", text);
    }
    sfi__buf_free(&list);
    return ok;
}

static bool
text_put_line(struct text *t, const struct text_line *l)
{
    text_put_bar(t, l);
    text_put_barred(t, l);
    text_put_starts(t, l);
    if (!text_put_groups(t, l))
        return false;
    for (size_t i = 0; i < t->m->finding_count; i++) {
        const struct map_finding *f = sfi__map_finding(t->m, i);

        if (line_has_finding(l, f))
            text_put_finding(t, f);
    }
    return true;
}

/* ---- banks ---- */

static struct text_line
text_line_at(const struct text *t, uint32_t bank, uint32_t line)
{
    const struct sfi_chip *c = t->m->chip;
    uint32_t sectors = c->bank_size / c->sector_size;
    uint32_t step = (sectors + LINES_PER_BANK - 1) / LINES_PER_BANK;
    uint32_t first = line * step;
    uint32_t last = first + step < sectors ? first + step : sectors;

    return (struct text_line){
        .flash = {c->flash.base + bank * c->bank_size + first * c->sector_size,
                  first < sectors ? (last - first) * c->sector_size : 0},
        .sector = bank * sectors + first,
    };
}

/* How many empty lines there are from this one on. */
static uint32_t
text_count_empty(const struct text *t, uint32_t bank, uint32_t line)
{
    uint32_t count = 0;

    for (;; count++) {
        struct text_line l = text_line_at(t, bank, line + count);

        if (l.flash.size == 0 || !line_is_empty(t, &l))
            return count;
    }
}

static bool
text_put_bank_lines(struct text *t, uint32_t bank)
{
    struct text_line l;

    for (uint32_t i = 0; l = text_line_at(t, bank, i), l.flash.size > 0;) {
        uint32_t empty = text_count_empty(t, bank, i);
        char range[MAP_WORDS_MAX];

        if (empty >= EMPTY_LINES) {
            struct text_line last = text_line_at(t, bank, i + empty - 1);

            sfi__map_range(l.flash.base,
                           sfi__chip_range_end(&last.flash) - l.flash.base,
                           range);
            sfi__console_put(&t->c, COLOR_QUIET, "    %s is empty", range);
            sfi__console_end_line(&t->c);
            i += empty;
            continue;
        }
        if (!text_put_line(t, &l))
            return false;
        i++;
    }
    return true;
}

static bool
text_put_bank(struct text *t, uint32_t bank)
{
    const struct sfi_chip *c = t->m->chip;
    uint32_t base = c->flash.base + bank * c->bank_size;
    char range[MAP_WORDS_MAX], text[MAP_WORDS_MAX], sign[MAP_NUMBER_MAX];
    char used[MAP_NUMBER_MAX], size[MAP_NUMBER_MAX];

    sfi__console_end_line(&t->c);
    if (c->bank_size == c->flash.size)
        (void)sfi__text_copy(sign, sizeof(sign), "Flash  ");
    else
        sfi__text_format(sign, sizeof(sign), "Bank %" PRIu32 "  ", bank + 1);
    sfi__map_range(base, c->bank_size, range);
    sfi__text_format(
        text, sizeof(text), "%s, %s of %s bytes used", range,
        sfi__map_number(used, sfi__map_used(t->m, base, c->bank_size)),
        sfi__map_number(size, c->bank_size));
    sfi__console_paragraph(&t->c, 0, COLOR_STRONG, sign, text);
    return text_put_bank_lines(t, bank);
}

/* ---- around the banks ---- */

static void
text_put_heading(struct text *t, const char *title)
{
    const struct map *m = t->m;
    char line[MAP_WORDS_MAX];

    if (title != NULL)
        sfi__console_paragraph(&t->c, 0, COLOR_NONE, "", title);
    sfi__map_summary(m, line);
    sfi__console_paragraph(&t->c, 0, COLOR_NONE, "", line);
    text_put_findings(t, MAP_HOME_IMAGE, UINT32_MAX);
    if (m->findings_left_out > 0) {
        sfi__text_format(line, sizeof(line), "and %zu more findings",
                         m->findings_left_out);
        sfi__console_paragraph(&t->c, DETAIL_INDENT, COLOR_NONE, "", line);
    }
}

/* A map_elsewhere_fn. */
static void
text_put_elsewhere(void *user, size_t index, const char *name,
                   const char *words)
{
    struct text *t = user;
    char text[CONSOLE_TEXT_MAX];

    if (index == 0) {
        sfi__console_end_line(&t->c);
        sfi__console_paragraph(&t->c, 0, COLOR_STRONG, "Outside the flash", "");
    }
    sfi__text_format(text, sizeof(text), "%s%s%s", name,
                     name[0] != '\0' ? ": " : "", words);
    sfi__console_paragraph(&t->c, DETAIL_INDENT, COLOR_NONE, "", text);
}

static void
text_put_options(struct text *t)
{
    sfi__console_end_line(&t->c);
    sfi__console_paragraph(
        &t->c, 0, COLOR_STRONG, "Option bytes",
        t->m->in->ob != NULL
            ? ""
            : ": not known, only the key of the image shows them");
    for (uint32_t i = 0; t->m->in->ob != NULL && i < t->m->chip->ob_count;
         i++) {
        char words[MAP_WORDS_MAX], sign[MAP_WORDS_MAX];

        sfi__map_option_words(t->m, i, words);
        sfi__text_format(sign, sizeof(sign), "%-11s 0x%08" PRIx32 "  ",
                         t->m->chip->ob[i].name, t->m->in->ob[i]);
        sfi__console_paragraph(&t->c, 0, COLOR_NONE, sign, words);
        text_put_findings(t, MAP_HOME_OPTIONS, i);
    }
    if (t->m->in->ob == NULL)
        text_put_findings(t, MAP_HOME_OPTIONS, UINT32_MAX);
}

static void
text_put_legend(struct text *t)
{
    const struct sfi_chip *c = t->m->chip;
    uint32_t sectors = c->bank_size / c->sector_size;
    uint32_t step = (sectors + LINES_PER_BANK - 1) / LINES_PER_BANK;
    char text[CONSOLE_TEXT_MAX];

    sfi__text_format(text, sizeof(text),
                     "Each line is %s%" PRIu32
                     " KB of flash, first its sector and address; "
                     "%s full, %s in part, %s empty, x not for firmware%s",
                     step > 1 ? "several sectors, " : "a sector, ",
                     step * c->sector_size >> 10, t->c.ascii ? "#" : "█",
                     t->c.ascii ? "+" : "▒", t->c.ascii ? "." : "·",
                     t->m->protection_count > 0
                         ? "; S secure area, P PCROP, W write protection"
                         : "");
    sfi__console_end_line(&t->c);
    sfi__console_paragraph(&t->c, 0, COLOR_NONE, "", text);
}

static sfi_status
text_worker(const struct map *m, const sfi_map_options *o, struct buf *out)
{
    uint32_t banks = m->chip->flash.size / m->chip->bank_size;
    struct text t = {
        .c = {.out = out,
              .columns = o->columns != 0 ? o->columns : COLUMNS_DEFAULT,
              .ascii = (o->flags & SFI_MAP_ASCII) != 0,
              .color = (o->flags & SFI_MAP_COLOR) != 0},
        .m = m,
    };

    text_put_heading(&t, o->title);
    for (uint32_t i = 0; i < banks; i++) {
        if (!text_put_bank(&t, i))
            return sfi__nomem(m->ctx);
    }
    sfi__map_elsewhere(m, text_put_elsewhere, &t);
    text_put_options(&t);
    text_put_legend(&t);
    return t.c.no_memory ? sfi__nomem(m->ctx) : SFI_OK;
}

sfi_status
sfi_map_text(sfi_layout *layout, const sfi_map_options *opts,
             sfi_write_fn write, void *user)
{
    SFI_ENTER(layout, LAYOUT);
    SFI_ARG(layout, write != NULL);
    return sfi__map_write(layout, opts,
                          &(struct map_kind){text_worker,
                                             SFI_MAP_ASCII | SFI_MAP_COLOR,
                                             COLUMNS_MIN, COLUMNS_MAX},
                          write, user);
}
