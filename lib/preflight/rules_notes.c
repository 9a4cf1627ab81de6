/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rules for what the builder did to its inputs. */
#include "preflight/rules.h"

#include <inttypes.h>

#define PIECE_TEXT_MAX 160u

/* "segment 2 of app.hex", or where it is from memory "the segment at
 * 0x08000000". */
static const char *
piece_format(char out[PIECE_TEXT_MAX], const struct piece *p)
{
    if (p->file != NULL && p->file[0] != '\0')
        sfi__text_format(out, PIECE_TEXT_MAX, "segment %" PRIu32 " of %s",
                         p->segment, p->file);
    else
        sfi__text_format(out, PIECE_TEXT_MAX, "the segment at 0x%08" PRIx64,
                         p->address);
    return out;
}

static struct place
note_place(const struct layout_note *n)
{
    struct place at = {
        .address = n->address,
        .size = n->size,
        .file = n->second.file,
        .segment = n->second.segment,
    };

    return at;
}

void
sfi__rules_report_conflict(const struct layout_note *n, struct findings *f)
{
    char first[PIECE_TEXT_MAX], second[PIECE_TEXT_MAX];

    sfi__finding(f, RULE_OVERLAP, note_place(n),
                 "%s overlaps %s, and they differ at 0x%08" PRIx64,
                 piece_format(second, &n->second),
                 piece_format(first, &n->first), n->address);
}

static void
rule_report_repeat(const struct layout_note *n, struct findings *f)
{
    char first[PIECE_TEXT_MAX], second[PIECE_TEXT_MAX];

    sfi__finding(f, RULE_REPEATED, note_place(n),
                 "0x%08" PRIx64 " to 0x%08" PRIx64 " (%" PRIu64
                 " bytes) is in %s and again in %s, with equal bytes",
                 n->address, n->address + n->size - 1, n->size,
                 piece_format(first, &n->first),
                 piece_format(second, &n->second));
}

static void
rule_report_padding(const struct layout *in, const struct layout_note *n,
                    struct findings *f)
{
    struct place at = {.address = n->address, .size = n->size};

    sfi__finding(f, RULE_PADDED, at,
                 "%" PRIu64 " fill bytes (0x%02x) are added at 0x%08" PRIx64
                 " for the size rules of %s",
                 n->size, in->fill, n->address, in->chip->name);
}

static void
rule_report_gaps(const struct layout *in, struct findings *f)
{
    struct place at = {.area = 0};
    uint64_t bytes = 0;
    size_t gaps = 0;

    for (size_t i = 0; i < in->note_count; i++) {
        if (in->notes[i].kind == LAYOUT_GAP) {
            gaps++;
            bytes += in->notes[i].size;
        }
    }
    if (gaps > 0)
        sfi__finding(f, RULE_GAPS_FILLED, at,
                     "%zu gap%s of %" PRIu64 " bytes in all %s filled with "
                     "0x%02x",
                     gaps, gaps == 1 ? "" : "s", bytes,
                     gaps == 1 ? "is" : "are", in->fill);
}

void
sfi__rules_notes(const struct layout *in, struct findings *f)
{
    for (size_t i = 0; i < in->note_count; i++) {
        const struct layout_note *n = &in->notes[i];

        if (n->kind == LAYOUT_REPEAT)
            rule_report_repeat(n, f);
        if (n->kind == LAYOUT_PAD)
            rule_report_padding(in, n, f);
    }
    rule_report_gaps(in, f);
}
