/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writes SVG, and knows how wide texts are. */
#include "map/canvas.h"

#include <string.h>

#include <sfi/finding.h>

/* Sizes are in tenths of a unit. */
static const struct {
    const char *class;
    uint8_t size;
    bool mono, bold;
} fonts[FONT_COUNT] = {
    [FONT_TITLE] = {"ft", 220, false, true},
    [FONT_HEAD] = {"fh", 150, false, true},
    [FONT_BODY] = {"fb", 125, false, false},
    [FONT_STRONG] = {"fg", 125, false, true},
    [FONT_SMALL] = {"fs", 115, false, false},
    [FONT_MONO] = {"fm", 110, true, false},
    [FONT_MONO_STRONG] = {"fn", 110, true, true},
};

/* Widths in hundredths of the size, from ' ' to '~', of DejaVu Sans: none of
 * the usual fonts is wider.  Its bold letters are up to 27 % wider. */
static const uint8_t sans_widths[] = {
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37,  32, 34, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64,
    58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64,  62, 74, 69, 99, 69,
    62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36,  64, 64, 28, 28, 58,
    28, 98, 64, 62, 64, 64, 42, 53, 40, 64, 60, 82, 60, 60,  53, 64, 34, 64, 84,
};
#define MONO_WIDTH 61u
/* A character of any other script, or a picture. */
#define WIDE_WIDTH 130u
#define DOTS "..."

static bool
canvas_is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

void
sfi__canvas_put(struct canvas *c, const char *fmt, ...)
{
    char text[CANVAS_TEXT_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(text, sizeof(text), fmt, args);
    va_end(args);
    if (!sfi__buf_append(c->out, text, strlen(text)))
        c->no_memory = true;
}

void
sfi__canvas_escape(struct canvas *c, const char *text)
{
    char plain[CANVAS_TEXT_MAX];

    sfi__text_visible(plain, sizeof(plain), text);
    for (const char *at = plain; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            sfi__canvas_put(c, "&amp;");
            break;
        case '<':
            sfi__canvas_put(c, "&lt;");
            break;
        case '>':
            sfi__canvas_put(c, "&gt;");
            break;
        case '"':
            sfi__canvas_put(c, "&quot;");
            break;
        default:
            if (!sfi__buf_append(c->out, at, 1))
                c->no_memory = true;
        }
    }
}

/* ---- widths ---- */

/* Of the character that begins with this byte, in hundredths of the size. */
static uint32_t
canvas_char_width(enum canvas_font font, char byte)
{
    unsigned char b = (unsigned char)byte;

    if (b >= 0x80)
        return b >= 0xc0 ? WIDE_WIDTH : 0; /* the rest of a character */
    if (fonts[font].mono)
        return MONO_WIDTH;
    if (b < ' ' || b > '~')
        return WIDE_WIDTH;
    return fonts[font].bold ? sans_widths[b - ' '] * 127u / 100 + 1
                            : sans_widths[b - ' '];
}

/* Of the first `len` bytes, rounded up. */
static int32_t
canvas_part_width(enum canvas_font font, const char *text, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += canvas_char_width(font, text[i]);
    return (int32_t)((sum * fonts[font].size + 999) / 1000);
}

int32_t
sfi__canvas_width(enum canvas_font font, const char *text)
{
    return canvas_part_width(font, text, strlen(text));
}

int32_t
sfi__canvas_line_height(enum canvas_font font)
{
    return (fonts[font].size * 13 + 99) / 100;
}

static bool
canvas_begins_char(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* The longest beginning of the text that fits, in bytes. */
static size_t
canvas_fitting(enum canvas_font font, const char *text, int32_t width)
{
    size_t fit = 0;

    for (size_t i = 1; text[fit] != '\0' && text[i - 1] != '\0'; i++) {
        if (!canvas_begins_char(text[i]))
            continue;
        if (canvas_part_width(font, text, i) > width)
            break;
        fit = i;
    }
    return fit;
}

void
sfi__canvas_fit(char *out, size_t cap, enum canvas_font font, const char *text,
                int32_t width)
{
    char plain[CANVAS_TEXT_MAX];
    int32_t half;
    size_t head, tail;

    sfi__text_visible(plain, sizeof(plain), text);
    if (sfi__canvas_width(font, plain) <= width) {
        (void)sfi__text_copy(out, cap, plain);
        return;
    }
    half = (width - sfi__canvas_width(font, DOTS)) / 2 - 1;
    head = canvas_fitting(font, plain, half);
    tail = strlen(plain);
    while (tail > head &&
           canvas_part_width(font, plain + tail, strlen(plain + tail)) <= half)
        tail--;
    while (plain[tail] != '\0' &&
           (!canvas_begins_char(plain[tail]) ||
            canvas_part_width(font, plain + tail, strlen(plain + tail)) > half))
        tail++;
    sfi__text_format(out, cap, "%.*s" DOTS "%s", (int)head, plain,
                     plain + tail);
}

/* ---- texts ---- */

/* Letters of other scripts may be wider or higher than expected: those are cut
 * at the edges of the box. */
static void
canvas_clipped(struct canvas *c, int32_t x, int32_t y, enum canvas_font font,
               const char *classes, const char *text)
{
    int32_t up = fonts[font].size / 10;

    sfi__canvas_put(c,
                    "<svg x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\">"
                    "<text class=\"%s %s\" x=\"0\" y=\"%d\">",
                    x, y - up, sfi__canvas_width(font, text),
                    sfi__canvas_line_height(font), fonts[font].class, classes,
                    up);
    sfi__canvas_escape(c, text);
    sfi__canvas_put(c, "</text></svg>\n");
}

void
sfi__canvas_text(struct canvas *c, int32_t x, int32_t y, enum canvas_font font,
                 const char *classes, const char *text)
{
    char plain[CANVAS_TEXT_MAX];

    sfi__text_visible(plain, sizeof(plain), text);
    if (!canvas_is_ascii(plain)) {
        canvas_clipped(c, x, y, font, classes, plain);
        return;
    }
    sfi__canvas_put(c, "<text class=\"%s %s\" x=\"%d\" y=\"%d\">",
                    fonts[font].class, classes, x, y);
    sfi__canvas_escape(c, plain);
    sfi__canvas_put(c, "</text>\n");
}

void
sfi__canvas_text_end(struct canvas *c, int32_t x, int32_t y,
                     enum canvas_font font, const char *classes,
                     const char *text)
{
    sfi__canvas_put(c, "<text class=\"%s e %s\" x=\"%d\" y=\"%d\">",
                    fonts[font].class, classes, x, y);
    sfi__canvas_escape(c, text);
    sfi__canvas_put(c, "</text>\n");
}

int32_t
sfi__canvas_paragraph(struct canvas *c, int32_t x, int32_t y, int32_t width,
                      enum canvas_font font, const char *classes,
                      const char *text)
{
    char plain[CANVAS_TEXT_MAX];
    char line[CANVAS_TEXT_MAX];
    const char *at = plain;
    int32_t height = 0;

    sfi__text_visible(plain, sizeof(plain), text);
    while (*at != '\0') {
        size_t fit = canvas_fitting(font, at, width);
        size_t len = fit > 0 ? fit : 1;

        if (at[len] != '\0') /* back to a blank, if there is one */
            while (len > 0 && at[len] != ' ')
                len--;
        if (len == 0)
            len = fit > 0 ? fit : 1;
        sfi__text_format(line, sizeof(line), "%.*s", (int)len, at);
        sfi__canvas_text(c, x, y + height, font, classes, line);
        height += sfi__canvas_line_height(font);
        at += len;
        while (*at == ' ')
            at++;
    }
    return height;
}

/* ---- shapes ---- */

void
sfi__canvas_rect(struct canvas *c, const char *classes, int32_t x, int32_t y,
                 int32_t width, int32_t height, const char *tip)
{
    sfi__canvas_put(c,
                    "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" "
                    "height=\"%d\"",
                    classes, x, y, width, height);
    if (tip == NULL) {
        sfi__canvas_put(c, "/>\n");
        return;
    }
    sfi__canvas_put(c, "><title>");
    sfi__canvas_escape(c, tip);
    sfi__canvas_put(c, "</title></rect>\n");
}

void
sfi__canvas_path(struct canvas *c, const char *classes, const char *fmt, ...)
{
    char path[256];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(path, sizeof(path), fmt, args);
    va_end(args);
    sfi__canvas_put(c, "<path class=\"%s\" d=\"%s\"/>\n", classes, path);
}

/* Each has a shape of its own, so that it can be told without its colour. */
void
sfi__canvas_sign(struct canvas *c, int32_t x, int32_t y, uint32_t severity)
{
    switch (severity) {
    case SFI_FINDING_ERROR:
        sfi__canvas_path(c, "se", "M%d %dh6l4 4v6l-4 4h-6l-4 -4v-6z", x + 4, y);
        sfi__canvas_path(c, "sx", "M%d %dl6 6m0 -6l-6 6", x + 4, y + 4);
        break;
    case SFI_FINDING_WARNING:
        sfi__canvas_path(c, "sw", "M%d %dl7 13h-14z", x + 7, y + 1);
        sfi__canvas_path(c, "sk", "M%d %dv4m0 1.6v1.6", x + 7, y + 5);
        break;
    default:
        sfi__canvas_path(c, "sn", "M%d %da6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
                         x + 1, y + 7);
        sfi__canvas_path(c, "sl", "M%d %dv4.4m0 -7v1.6", x + 7, y + 6);
    }
}

#define SANS "\"DejaVu Sans\",Verdana,Arial,Helvetica,sans-serif"
#define MONO "\"DejaVu Sans Mono\",Menlo,Consolas,\"Courier New\",monospace"

/* Barred: crossed; then PCROP, secure, write-protected. */
static void
canvas_patterns(struct canvas *c)
{
    sfi__canvas_put(c, "<defs>\n");
    sfi__canvas_put(
        c, "<pattern id=\"p0\" width=\"6\" height=\"6\" "
           "patternUnits=\"userSpaceOnUse\"><rect class=\"lo\" width=\"6\" "
           "height=\"6\"/><path class=\"lt\" d=\"M-1 7L7 -1M-1 -1L7 7\" "
           "style=\"stroke-width:1\"/></pattern>\n");
    sfi__canvas_put(
        c, "<pattern id=\"p1\" width=\"6\" height=\"6\" "
           "patternUnits=\"userSpaceOnUse\"><rect class=\"lb\" width=\"6\" "
           "height=\"6\"/><circle class=\"lp\" cx=\"3\" cy=\"3\" "
           "r=\"1.7\"/></pattern>\n");
    sfi__canvas_put(c, "<pattern id=\"p2\" width=\"4\" height=\"4\" "
                       "patternUnits=\"userSpaceOnUse\"><rect class=\"ld\" "
                       "width=\"4\" height=\"4\"/><rect class=\"lb\" "
                       "width=\"4\" height=\"1.3\"/></pattern>\n");
    sfi__canvas_put(
        c, "<pattern id=\"p3\" width=\"7\" height=\"7\" "
           "patternUnits=\"userSpaceOnUse\"><rect class=\"lb\" width=\"7\" "
           "height=\"7\"/><path class=\"lt\" d=\"M-1 8L8 -1\"/></pattern>\n");
    sfi__canvas_put(c, "</defs>\n");
}

void
sfi__canvas_style(struct canvas *c)
{
    static const char *const lines[] = {
        "text{fill:#16202b;font-family:" SANS "}",
        ".fm,.fn{font-family:" MONO "}",
        ".e{text-anchor:end}.q{fill:#4a5763}",
        ".bg{fill:#fff}.hd{fill:#f3f6f9;stroke:#8b98a5}",
        ".em{fill:#eef2f6;stroke:#8b98a5}.gr{fill:none;stroke:#c3ccd5}",
        ".fw{fill:#2b66a8;stroke:#eef2f6;stroke-width:.5}",
        ".mo{fill:#173a61;stroke:#eef2f6;stroke-width:.5}",
        ".lv{fill:#8fb4da}.ln{fill:none;stroke:#5d6b78}.ar{fill:#16202b}",
        ".br{fill:none;stroke:#16202b;stroke-width:2}",
        ".lo{fill:#d5dbe1}.lb{fill:#fff}.lt{stroke:#4a5763;stroke-width:2}",
        ".ld{fill:#3c4854}.lp{fill:#16202b}",
        ".b0{fill:url(#p0)}.b1{fill:url(#p1)}.b2{fill:url(#p2)}",
        ".b3{fill:url(#p3)}.bo{fill:none;stroke:#3c4854}",
        ".se{fill:#a61b12}.sx{fill:none;stroke:#fff;stroke-width:2}",
        ".sw{fill:#ffd13b;stroke:#3a2c00;stroke-width:1.2}",
        ".sk{fill:none;stroke:#3a2c00;stroke-width:1.8}",
        ".sn{fill:#fff;stroke:#1d4f7c;stroke-width:1.6}",
        ".sl{fill:none;stroke:#1d4f7c;stroke-width:1.8}",
        ".m3{fill:#a61b12}.m2{fill:#c99700}.m1{fill:#1d4f7c}",
        "@media (prefers-color-scheme:dark){",
        "text{fill:#e6ebf0}.q{fill:#a9b5c0}.bg{fill:#14191f}",
        ".hd{fill:#1e252d;stroke:#5d6b78}.em{fill:#232b34;stroke:#5d6b78}",
        ".gr{stroke:#3a4550}.fw{fill:#5e9bdc;stroke:#232b34}",
        ".mo{fill:#b5d3f2;stroke:#232b34}.lv{fill:#36618d}",
        ".ln{stroke:#93a1ae}.ar{fill:#e6ebf0}.br,.bo{stroke:#c3ccd5}",
        ".lo{fill:#3a4550}.lb{fill:#232b34}.lt{stroke:#c3ccd5}",
        ".ld{fill:#c3ccd5}.lp{fill:#e6ebf0}",
        ".sn{fill:#14191f;stroke:#8ec1f0}.sl{stroke:#8ec1f0}",
        ".m3{fill:#ff7a70}.m2{fill:#ffd13b}.m1{fill:#8ec1f0}}",
    };

    sfi__canvas_put(c, "<style>\n");
    for (size_t i = 0; i < FONT_COUNT; i++)
        sfi__canvas_put(c, ".%s{font-size:%u.%upx;font-weight:%s}\n",
                        fonts[i].class, fonts[i].size / 10u,
                        fonts[i].size % 10u, fonts[i].bold ? "bold" : "normal");
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        sfi__canvas_put(c, "%s\n", lines[i]);
    sfi__canvas_put(c, "</style>\n");
    canvas_patterns(c);
}
