/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The picture of an image: heading, rows of flash, what is elsewhere, option
 * bytes, and what the signs mean. */
#include <inttypes.h>

#include "map/elsewhere.h"
#include "map/output.h"
#include "map/page.h"
#include "wire/image.h"

/* ---- findings ---- */

#define FINDING_SIGN_X (PAGE_MARGIN + 8)
#define FINDING_NAME_X (FINDING_SIGN_X + 22)
#define FINDING_TEXT_X (FINDING_NAME_X + 160)

static void
page_finding(struct page *p, const struct map_finding *f)
{
    int32_t width = PAGE_WIDTH - PAGE_MARGIN - FINDING_TEXT_X;
    char words[2 * MAP_WORDS_MAX], name[MAP_WORDS_MAX];
    int32_t top = p->y;

    sfi__canvas_sign(&p->c, FINDING_SIGN_X, p->y, f->severity);
    sfi__text_format(name, sizeof(name), "%" PRIu32 " %s", f->number,
                     sfi__map_severity(f->severity));
    sfi__canvas_text(&p->c, FINDING_NAME_X, p->y + 12, FONT_STRONG, "", name);
    sfi__canvas_text(&p->c, FINDING_NAME_X, p->y + 28, FONT_MONO, "q", f->rule);
    sfi__map_finding_words(f, words);
    p->y += sfi__canvas_paragraph(&p->c, FINDING_TEXT_X, p->y + 12, width,
                                  FONT_BODY, "", words);
    if (f->remedy != NULL && f->remedy[0] != '\0')
        p->y += sfi__canvas_paragraph(&p->c, FINDING_TEXT_X, p->y + 12, width,
                                      FONT_BODY, "q", f->remedy);
    if (p->y < top + 33)
        p->y = top + 33;
    p->y += 5;
}

void
sfi__page_findings(struct page *p, uint32_t home, uint32_t row)
{
    for (size_t i = 0; i < p->m->finding_count; i++) {
        const struct map_finding *f = sfi__map_finding(p->m, i);

        if (f->home == home && (row == UINT32_MAX || f->row == row))
            page_finding(p, f);
    }
}

/* ---- heading ---- */

static void
page_heading(struct page *p, const char *title)
{
    const struct map *m = p->m;
    char text[MAP_WORDS_MAX], line[MAP_WORDS_MAX];

    sfi__canvas_fit(text, sizeof(text), FONT_TITLE,
                    title != NULL ? title : m->chip->name, PAGE_TEXT_WIDTH);
    p->y = PAGE_MARGIN + 20;
    sfi__canvas_text(&p->c, PAGE_MARGIN, p->y, FONT_TITLE, "", text);
    sfi__map_summary(m, line);
    p->y += 22;
    sfi__canvas_text(&p->c, PAGE_MARGIN, p->y, FONT_BODY, "q", line);
    p->y += 18;
    sfi__page_findings(p, MAP_HOME_IMAGE, UINT32_MAX);
    if (m->findings_left_out > 0) {
        sfi__text_format(line, sizeof(line), "and %zu more findings",
                         m->findings_left_out);
        sfi__canvas_text(&p->c, PAGE_MARGIN, p->y + 12, FONT_STRONG, "", line);
        p->y += 20;
    }
}

/* ---- flash ---- */

static void
page_bank_heading(struct page *p, const struct map_row *r)
{
    const struct sfi_chip *c = p->m->chip;
    char name[MAP_NUMBER_MAX], range[MAP_WORDS_MAX], text[MAP_WORDS_MAX];
    char used[MAP_NUMBER_MAX], size[MAP_NUMBER_MAX];
    uint32_t first_sector = (r->bank - 1) * (c->bank_size / c->sector_size);

    if (r->sector != first_sector)
        return;
    p->y += 8;
    if (c->bank_size == c->flash.size)
        (void)sfi__text_copy(name, sizeof(name), "Flash");
    else
        sfi__text_format(name, sizeof(name), "Bank %" PRIu32, r->bank);
    sfi__canvas_text(&p->c, PAGE_MARGIN, p->y + 15, FONT_HEAD, "", name);
    sfi__map_range(r->flash.base, c->bank_size, range);
    sfi__text_format(
        text, sizeof(text),
        "%s, %s of %s bytes used, sectors of %" PRIu32 " KB", range,
        sfi__map_number(used, sfi__map_used(p->m, r->flash.base, c->bank_size)),
        sfi__map_number(size, c->bank_size), c->sector_size >> 10);
    sfi__canvas_text(&p->c, PAGE_MARGIN + 90, p->y + 15, FONT_BODY, "q", text);
    p->y += 24;
}

static bool
page_flash(struct page *p)
{
    for (size_t i = 0; i < p->m->row_count; i++) {
        page_bank_heading(p, &p->m->rows[i]);
        if (!sfi__page_row(p, i))
            return false;
        p->y += 6;
    }
    return true;
}

/* ---- elsewhere ---- */

static void
page_line(struct page *p, const char *name, const char *text)
{
    char fitting[MAP_WORDS_MAX];
    int32_t x = PAGE_MARGIN + 250;

    sfi__canvas_fit(fitting, sizeof(fitting), FONT_MONO_STRONG, name, 240);
    sfi__canvas_text(&p->c, PAGE_MARGIN, p->y + 12, FONT_MONO_STRONG, "",
                     fitting);
    p->y +=
        sfi__canvas_paragraph(&p->c, x, p->y + 12, PAGE_WIDTH - PAGE_MARGIN - x,
                              FONT_BODY, "", text) +
        2;
}

/* A map_elsewhere_fn. */
static void
page_elsewhere(void *user, size_t index, const char *name, const char *words)
{
    struct page *p = user;

    if (index == 0) {
        p->y += 8;
        sfi__canvas_text(&p->c, PAGE_MARGIN, p->y + 15, FONT_HEAD, "",
                         "Outside the flash");
        p->y += 24;
    }
    page_line(p, name, words);
}

/* ---- option bytes ---- */

#define OPTION_VALUE_X (PAGE_MARGIN + 110)
#define OPTION_TEXT_X (OPTION_VALUE_X + 95)

static void
page_option_row(struct page *p, uint32_t row)
{
    char value[MAP_NUMBER_MAX], words[MAP_WORDS_MAX];

    sfi__canvas_text(&p->c, PAGE_MARGIN, p->y + 12, FONT_MONO_STRONG, "",
                     p->m->chip->ob[row].name);
    sfi__text_format(value, sizeof(value), "0x%08" PRIx32, p->m->in->ob[row]);
    sfi__canvas_text(&p->c, OPTION_VALUE_X, p->y + 12, FONT_MONO, "", value);
    sfi__map_option_words(p->m, row, words);
    p->y += sfi__canvas_paragraph(&p->c, OPTION_TEXT_X, p->y + 12,
                                  PAGE_WIDTH - PAGE_MARGIN - OPTION_TEXT_X,
                                  FONT_BODY, "", words) +
            2;
    sfi__page_findings(p, MAP_HOME_OPTIONS, row);
}

static void
page_options(struct page *p)
{
    p->y += 8;
    sfi__canvas_text(&p->c, PAGE_MARGIN, p->y + 15, FONT_HEAD, "",
                     "Option bytes");
    sfi__canvas_text(
        &p->c, PAGE_MARGIN + 140, p->y + 15, FONT_BODY, "q",
        p->m->in->ob != NULL
            ? "what they protect, and fields that a new part has otherwise"
            : "not known: only the key of the image shows them");
    p->y += 24;
    for (uint32_t i = 0; p->m->in->ob != NULL && i < p->m->chip->ob_count; i++)
        page_option_row(p, i);
    if (p->m->in->ob == NULL)
        sfi__page_findings(p, MAP_HOME_OPTIONS, UINT32_MAX);
}

/* ---- legend ---- */

static void
page_legend_item(struct page *p, int32_t *x, const char *classes,
                 const char *text)
{
    int32_t width = 24 + 6 + sfi__canvas_width(FONT_SMALL, text) + 18;

    if (*x + width > PAGE_WIDTH - PAGE_MARGIN) {
        *x = PAGE_MARGIN;
        p->y += 20;
    }
    if (classes != NULL) {
        sfi__canvas_rect(&p->c, classes, *x, p->y, 24, 14, NULL);
        sfi__canvas_rect(&p->c, "bo", *x, p->y, 24, 14, NULL);
    } else {
        sfi__canvas_path(&p->c, "ar", "M%d %dl5 9h-10z", *x + 12, p->y + 2);
    }
    sfi__canvas_text(&p->c, *x + 30, p->y + 11, FONT_SMALL, "", text);
    *x += width;
}

static bool
map_has_protection(const struct map *m, uint8_t kind)
{
    for (size_t i = 0; i < m->protection_count; i++) {
        if (m->protections[i].kind == kind && m->protections[i].flash.size > 0)
            return true;
    }
    return false;
}

static bool
map_has_module(const struct map *m)
{
    for (size_t i = 0; i < m->area_count; i++) {
        if (sfi__map_area(m, i)->type == SFI_FORMAT_MODULE)
            return true;
    }
    return false;
}

static void
page_legend(struct page *p)
{
    int32_t x = PAGE_MARGIN;

    p->y += 12;
    sfi__canvas_path(&p->c, "gr", "M%d %dH%d", PAGE_MARGIN, p->y,
                     PAGE_WIDTH - PAGE_MARGIN);
    p->y += 12;
    page_legend_item(p, &x, "fw", "firmware, to scale");
    if (map_has_module(p->m))
        page_legend_item(p, &x, "mo", "module, to scale");
    page_legend_item(p, &x, "lv", "how full a sector is");
    if (p->m->barred_count > 0)
        page_legend_item(p, &x, "b0", "not for firmware");
    if (map_has_protection(p->m, CHIP_AREA_SECURE))
        page_legend_item(p, &x, "b2", "secure area");
    if (map_has_protection(p->m, CHIP_AREA_PCROP))
        page_legend_item(p, &x, "b1", "PCROP");
    if (map_has_protection(p->m, CHIP_AREA_WRP))
        page_legend_item(p, &x, "b3", "write protection");
    if (p->m->start_count > 0)
        page_legend_item(p, &x, NULL, "where the part starts");
    p->y += 14 + PAGE_MARGIN;
}

/* ---- the picture ---- */

static bool
page_body(struct page *p, const char *title)
{
    page_heading(p, title);
    if (!page_flash(p))
        return false;
    sfi__map_elsewhere(p->m, page_elsewhere, p);
    page_options(p);
    page_legend(p);
    return !p->c.no_memory;
}

/* For people who cannot see the picture. */
static void
svg_describe(struct canvas *c, const struct map *m, const char *title)
{
    char text[MAP_WORDS_MAX], bytes[MAP_NUMBER_MAX];

    sfi__canvas_put(c, "<title id=\"t\">Flash map");
    if (title != NULL) {
        sfi__canvas_put(c, " of ");
        sfi__canvas_escape(c, title);
    }
    sfi__canvas_put(c, " for %s</title>\n<desc id=\"d\">", m->chip->name);
    sfi__map_summary(m, text);
    sfi__canvas_put(c, "%s.", text);
    for (size_t i = 0; i < m->row_count; i++) {
        const struct map_row *r = &m->rows[i];

        sfi__map_row_name(m, r, text);
        sfi__canvas_put(c, " %s: %s bytes used.", text,
                        sfi__map_number(bytes, sfi__map_used(m, r->flash.base,
                                                             r->flash.size)));
    }
    sfi__canvas_put(c, "</desc>\n");
}

static void
svg_begin(struct canvas *c, const struct map *m, const char *title,
          int32_t height)
{
    sfi__canvas_put(c,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                    "id=\"libsfi-map\" role=\"img\" aria-labelledby=\"t d\" ");
    sfi__canvas_put(c, "width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
                    PAGE_WIDTH, height, PAGE_WIDTH, height);
    svg_describe(c, m, title);
    sfi__canvas_style(c);
    sfi__canvas_rect(c, "bg", 0, 0, PAGE_WIDTH, height, NULL);
}

static sfi_status
svg_make(const struct map *m, const char *title, struct buf *body,
         struct buf *out)
{
    struct page p = {.c = {.out = body}, .m = m};
    struct canvas c = {.out = out};

    if (!page_body(&p, title))
        return sfi__nomem(m->ctx);
    svg_begin(&c, m, title, p.y);
    if (c.no_memory || !sfi__buf_append(out, body->data, body->len))
        return sfi__nomem(m->ctx);
    sfi__canvas_put(&c, "</svg>\n");
    return c.no_memory ? sfi__nomem(m->ctx) : SFI_OK;
}

static sfi_status
svg_worker(const struct map *m, const sfi_map_options *o, struct buf *out)
{
    struct buf body;
    sfi_status st;

    sfi__buf_init(&body, &m->ctx->alloc, false);
    st = svg_make(m, o->title, &body, out);
    sfi__buf_free(&body);
    return st;
}

sfi_status
sfi_map_svg(sfi_layout *layout, const sfi_map_options *opts, sfi_write_fn write,
            void *user)
{
    SFI_ENTER(layout, LAYOUT);
    SFI_ARG(layout, write != NULL);
    return sfi__map_write(layout, opts, &(struct map_kind){svg_worker, 0, 0, 0},
                          write, user);
}
