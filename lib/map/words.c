/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Puts what a map shows into words. */
#include "map/words.h"

#include <inttypes.h>
#include <string.h>

#include "chip/fields.h"
#include "wire/image.h"

const char *
sfi__map_number(char out[MAP_NUMBER_MAX], uint64_t n)
{
    char plain[MAP_NUMBER_MAX];
    size_t len, used = 0;

    sfi__text_format(plain, sizeof(plain), "%" PRIu64, n);
    len = strlen(plain);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = plain[i];
    }
    out[used] = '\0';
    return out;
}

const char *
sfi__map_percent(char out[MAP_NUMBER_MAX], uint64_t used, uint64_t size)
{
    uint64_t percent = used * 100 / size;

    if (used == 0)
        out[0] = '\0';
    else if (percent == 0)
        (void)sfi__text_copy(out, MAP_NUMBER_MAX, "<1 %");
    else
        sfi__text_format(out, MAP_NUMBER_MAX, "%" PRIu64 " %%", percent);
    return out;
}

/* The file of all areas of the group; NULL: not known, or several. */
static const char *
map_group_file(const struct map *m, const struct map_group *g)
{
    const char *file = sfi__map_area(m, g->first)->file;
    const char *slash;

    for (size_t i = 1; file != NULL && i < g->count; i++) {
        const char *other = sfi__map_area(m, g->first + i)->file;

        if (other == NULL || strcmp(other, file) != 0)
            return NULL;
    }
    if (file == NULL)
        return NULL;
    slash = strrchr(file, '/');
    return slash != NULL ? slash + 1 : file;
}

/* Do the areas have consecutive numbers? */
static bool
map_group_is_run(const struct map *m, const struct map_group *g)
{
    uint32_t first = sfi__map_area(m, g->first)->number;

    for (size_t i = 1; i < g->count; i++) {
        if (sfi__map_area(m, g->first + i)->number != first + i)
            return false;
    }
    return true;
}

void
sfi__map_group_name(const struct map *m, const struct map_group *g,
                    char out[MAP_WORDS_MAX])
{
    const struct map_area *a = sfi__map_area(m, g->first);
    const char *noun = a->type == SFI_FORMAT_MODULE ? "module" : m->in->noun;
    const char *file = map_group_file(m, g);
    const char *more = g->continued ? ", continued" : "";
    char numbers[64];

    if (g->count == 1)
        sfi__text_format(numbers, sizeof(numbers), "%s %" PRIu32, noun,
                         a->number);
    else if (map_group_is_run(m, g))
        sfi__text_format(numbers, sizeof(numbers), "%ss %" PRIu32 "-%" PRIu32,
                         m->in->noun, a->number,
                         (uint32_t)(a->number + g->count - 1));
    else
        sfi__text_format(numbers, sizeof(numbers), "%zu %ss", g->count,
                         m->in->noun);
    if (file == NULL && a->file != NULL)
        file = "several files";
    sfi__text_format(out, MAP_WORDS_MAX, "%s%s%s%s", numbers,
                     file != NULL ? ": " : "", file != NULL ? file : "", more);
}

void
sfi__map_group_place(const struct map_group *g, char out[MAP_WORDS_MAX])
{
    char bytes[MAP_NUMBER_MAX];
    char range[MAP_WORDS_MAX];

    sfi__map_range(g->address, g->count > 1 ? g->end - g->address : 1, range);
    sfi__text_format(out, MAP_WORDS_MAX, "%s, %s byte%s", range,
                     sfi__map_number(bytes, g->bytes),
                     g->bytes == 1 ? "" : "s");
}

void
sfi__map_range(uint64_t base, uint64_t size, char out[MAP_WORDS_MAX])
{
    if (size > 1)
        sfi__text_format(out, MAP_WORDS_MAX, "0x%08" PRIx64 "-0x%08" PRIx64,
                         base, base + size - 1);
    else
        sfi__text_format(out, MAP_WORDS_MAX, "0x%08" PRIx64, base);
}

void
sfi__map_start_name(const struct map_start *s, char out[MAP_WORDS_MAX])
{
    if (s->field == NULL)
        (void)sfi__text_copy(out, MAP_WORDS_MAX, "start of the firmware");
    else
        sfi__text_format(out, MAP_WORDS_MAX, "start with BOOT0 %s",
                         s->by_pin ? "high" : "low");
}

const char *
sfi__map_protection_name(uint8_t kind)
{
    switch (kind) {
    case CHIP_AREA_PCROP:
        return "PCROP";
    case CHIP_AREA_SECURE:
        return "secure area";
    default:
        return "write protection";
    }
}

const char *
sfi__map_severity(uint32_t severity)
{
    switch (severity) {
    case SFI_FINDING_ERROR:
        return "error";
    case SFI_FINDING_WARNING:
        return "warning";
    default:
        return "note";
    }
}

static void
map_count_findings(const struct map *m, char out[MAP_WORDS_MAX])
{
    size_t len = 0;

    (void)sfi__text_copy(out, MAP_WORDS_MAX, "no findings");
    for (uint32_t s = SFI_FINDING_ERROR; s >= SFI_FINDING_NOTE; s--) {
        size_t n = m->by_severity[s];

        if (n == 0)
            continue;
        sfi__text_format(out + len, MAP_WORDS_MAX - len, "%s%zu %s%s",
                         len > 0 ? ", " : "", n, sfi__map_severity(s),
                         n == 1 ? "" : "s");
        len = strlen(out);
    }
}

void
sfi__map_summary(const struct map *m, char out[MAP_WORDS_MAX])
{
    char findings[MAP_WORDS_MAX], bytes[MAP_NUMBER_MAX];

    map_count_findings(m, findings);
    sfi__text_format(
        out, MAP_WORDS_MAX, "%s, %zu %s%s, %s byte%s, %s", m->chip->name,
        m->area_count, m->in->noun, m->area_count == 1 ? "" : "s",
        sfi__map_number(bytes, m->bytes), m->bytes == 1 ? "" : "s", findings);
}

void
sfi__map_row_name(const struct map *m, const struct map_row *r,
                  char out[MAP_WORDS_MAX])
{
    if (m->chip->bank_size == m->chip->flash.size)
        sfi__text_format(out, MAP_WORDS_MAX, "Sectors %" PRIu32 " to %" PRIu32,
                         r->sector, r->sector + r->sectors - 1);
    else
        sfi__text_format(out, MAP_WORDS_MAX,
                         "Bank %" PRIu32 ", sectors %" PRIu32 " to %" PRIu32,
                         r->bank, r->sector, r->sector + r->sectors - 1);
}

/* ---- option bytes and findings ---- */

static void
map_field_words(const struct chip_ob_field *f, uint32_t value, char *out,
                size_t cap)
{
    const struct chip_ob_word *word = sfi__chip_field_word(f, value);
    const char *text = word != NULL && word->text != NULL ? word->text : "";

    sfi__text_format(
        out, cap, f->width > 1 ? "%s 0x%" PRIx32 "%s%s" : "%s %" PRIu32 "%s%s",
        f->name, value, text[0] != '\0' ? ": " : "", text);
}

static void
map_add_words(char out[MAP_WORDS_MAX], const char *words)
{
    size_t len = strlen(out);

    sfi__text_format(out + len, MAP_WORDS_MAX - len, "%s%s",
                     len > 0 ? ", " : "", words);
}

/* The protected areas that the row has.  Are its fields said with them? */
static bool
map_protection_words(const struct map *m, uint32_t row, char out[MAP_WORDS_MAX])
{
    bool any = false;

    for (size_t i = 0; i < m->protection_count; i++) {
        const struct chip_area *a = &m->protections[i];
        const char *name = sfi__map_protection_name(a->kind);
        char range[MAP_WORDS_MAX], words[MAP_WORDS_MAX];

        if (a->row != row)
            continue;
        any = true;
        sfi__map_range(a->flash.base, a->flash.size, range);
        sfi__text_format(words, sizeof(words), "%s%s %s",
                         a->flash.size > 0 ? "" : "no ", name,
                         a->flash.size > 0 ? range : "");
        words[strlen(words) - (a->flash.size == 0)] = '\0';
        map_add_words(out, words);
    }
    return any;
}

void
sfi__map_option_words(const struct map *m, uint32_t row,
                      char out[MAP_WORDS_MAX])
{
    uint32_t word = m->in->ob[row];
    uint32_t shipped = m->chip->ob[row].shipped;
    size_t count;
    const struct chip_ob_field *f = sfi__chip_fields(m->chip, &count);
    bool is_area;

    out[0] = '\0';
    is_area = map_protection_words(m, row, out);
    for (size_t i = 0; !is_area && i < count; i++) {
        uint32_t mask = sfi__chip_field_mask(&f[i]);
        uint32_t value = word >> f[i].shift & mask;
        char words[MAP_WORDS_MAX];

        if (f[i].row != row || value == (shipped >> f[i].shift & mask))
            continue;
        map_field_words(&f[i], value, words, sizeof(words));
        map_add_words(out, words);
    }
    if (out[0] == '\0')
        (void)sfi__text_copy(out, MAP_WORDS_MAX,
                             m->chip->ob[row].is_register ? "as in a new part"
                                                          : "not written");
}

void
sfi__map_finding_words(const struct map_finding *f, char out[2 * MAP_WORDS_MAX])
{
    bool has_source = f->source != NULL && f->source[0] != '\0';

    sfi__text_format(out, (size_t)2 * MAP_WORDS_MAX, "%s%s%s%s", f->message,
                     has_source ? " (" : "", has_source ? f->source : "",
                     has_source ? ")" : "");
}
