/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A small scanner for the elements that lib/map writes. */
#include <bench/svg_kit.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

/* Advance widths in hundredths of an em, ' ' to '~'. */
static const unsigned char sans[] = {
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37,  32, 34, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64,
    58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64,  62, 74, 69, 99, 69,
    62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36,  64, 64, 28, 28, 58,
    28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60,  53, 64, 34, 64, 84,
};
static const unsigned char sans_bold[] = {
    35,  46, 53, 84, 70, 101, 88, 31,  46, 46, 53, 84, 38, 42,  38, 37,
    70,  70, 70, 70, 70, 70,  70, 70,  70, 70, 40, 40, 84, 84,  84, 59,
    100, 78, 77, 74, 84, 69,  69, 83,  84, 38, 38, 78, 64, 100, 84, 86,
    74,  86, 78, 73, 69, 82,  78, 111, 78, 73, 73, 46, 37, 46,  84, 50,
    50,  68, 72, 60, 72, 68,  44, 72,  72, 35, 35, 67, 35, 105, 72, 69,
    72,  72, 50, 60, 48, 72,  66, 93,  65, 66, 59, 72, 37, 72,  84,
};
#define MONO 60.3

struct font {
    double size;
    bool bold, mono;
};

/* ".fb{font-size:12.5px;font-weight:normal}" */
static struct font
font_of(const char *svg, const char class[3])
{
    struct font f = {.mono =
                         strcmp(class, "fm") == 0 || strcmp(class, "fn") == 0};
    char rule[32];
    const char *at;

    (void)snprintf(rule, sizeof(rule), ".%s{font-size:", class);
    at = strstr(svg, rule);
    ck_assert_msg(at != NULL, "no font %s", class);
    f.size = strtod(at + strlen(rule), NULL);
    f.bold = strncmp(strchr(at, ';'), ";font-weight:bold", 17) == 0;
    return f;
}

static double
number(const char *element, const char *name)
{
    const char *end = strchr(element, '>');
    const char *at = strstr(element, name);

    ck_assert_msg(at != NULL && at < end, "no %s in %.60s", name, element);
    return strtod(at + strlen(name), NULL);
}

static double
width_of(const struct font *f, const char *text, size_t len)
{
    double sum = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '&') { /* an entity is one character */
            while (text[i] != ';')
                i++;
            c = '&';
        }
        ck_assert_uint_ge(c, ' ');
        ck_assert_uint_le(c, '~');
        sum += f->mono ? MONO : f->bold ? sans_bold[c - ' '] : sans[c - ' '];
    }
    return sum * f->size / 100;
}

static void
add_text(struct svg_picture *p, struct svg_text t)
{
    p->texts = realloc(p->texts, (p->text_count + 1) * sizeof(t));
    ck_assert_ptr_nonnull(p->texts);
    p->texts[p->text_count++] = t;
}

static void
add_line(struct svg_picture *p, struct svg_line l)
{
    p->lines = realloc(p->lines, (p->line_count + 1) * sizeof(l));
    ck_assert_ptr_nonnull(p->lines);
    p->lines[p->line_count++] = l;
}

/* <text class="fm q" x="5" y="14">...</text> */
static void
read_text(const char *svg, const char *at, struct svg_picture *p)
{
    const char class[3] = {at[13], at[14], '\0'};
    struct font f = font_of(svg, class);
    struct svg_text t = {.text = strchr(at, '>') + 1};
    bool to_end = strncmp(at + 15, " e ", 3) == 0;
    double x = number(at, " x=\""), y = number(at, " y=\"");
    double width;

    t.len = (size_t)(strstr(t.text, "</text>") - t.text);
    width = width_of(&f, t.text, t.len);
    t.left = to_end ? x - width : x;
    t.right = t.left + width;
    t.top = y - .76 * f.size;
    t.bottom = y + .24 * f.size;
    add_text(p, t);
}

/* A picture in the picture cuts its text off: <svg x= y= width= height=> */
static const char *
read_clipped(const char *at, struct svg_picture *p)
{
    const char *end = strstr(at, "</svg>");
    struct svg_text t = {.text = strstr(at, "<text")};

    ck_assert_ptr_nonnull(end);
    t.left = number(at, " x=\"");
    t.top = number(at, " y=\"");
    t.right = t.left + number(at, " width=\"");
    t.bottom = t.top + number(at, " height=\"");
    t.text = strchr(t.text, '>') + 1;
    t.len = (size_t)(strstr(t.text, "</text>") - t.text);
    add_text(p, t);
    return end;
}

/* <path class="ln" d="M24 250V274"/> */
static void
read_line(const char *at, struct svg_picture *p)
{
    struct svg_line l;

    if (sscanf(at, "<path class=\"ln\" d=\"M%lf %lfV%lf\"", &l.x, &l.top,
               &l.bottom) == 3)
        add_line(p, l);
}

void
svg_kit_read(const char *svg, struct svg_picture *out)
{
    const char *at = strchr(svg + 1, '<');

    *out = (struct svg_picture){.width = number(svg, " width=\""),
                                .height = number(svg, " height=\"")};
    for (; at != NULL; at = strchr(at + 1, '<')) {
        if (strncmp(at, "<svg x=", 7) == 0)
            at = read_clipped(at, out);
        else if (strncmp(at, "<text class=\"", 13) == 0)
            read_text(svg, at, out);
        else
            read_line(at, out);
    }
}

void
svg_kit_free(struct svg_picture *p)
{
    free(p->texts);
    free(p->lines);
}
