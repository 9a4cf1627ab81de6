/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The rules for the bytes of a firmware. */
#include "preflight/rules.h"

#include <inttypes.h>

#include "util/rd.h"
#include "wire/image.h"
#include "preflight/view.h"

#define ELF_MACHINE_ARM 40u

static bool
content_is_known(const struct layout_area *a)
{
    return a->type == SFI_FORMAT_FIRMWARE && a->first != NULL && a->count > 0;
}

static void
content_machine(const struct layout *in, struct findings *f)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        if (!content_is_known(a) || a->first->machine == 0 ||
            a->first->machine == ELF_MACHINE_ARM)
            continue;
        sfi__finding(f, RULE_MACHINE, sfi__area_place(in, i),
                     "%s %zu at 0x%08" PRIx64
                     " is code for the ELF machine %" PRIu32
                     ", expected 40, which is Arm",
                     in->noun, i + 1, a->address, a->first->machine);
    }
}

/* Are all known bytes alike?  Then which. */
static bool
content_all_alike(const struct layout_area *a, uint8_t *byte)
{
    *byte = a->first->len > 0 ? a->first->data[0] : 0;
    for (size_t i = 0; i < a->count; i++) {
        for (size_t k = 0; k < a->first[i].len; k++) {
            if (a->first[i].data[k] != *byte)
                return false;
        }
    }
    return true;
}

#define BLANK_MIN 256u /* shorter ones can be settings */

static void
content_blank(const struct layout *in, struct findings *f)
{
    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];
        uint8_t byte;

        if (!content_is_known(a) || a->size < BLANK_MIN ||
            !content_all_alike(a, &byte) || (byte != 0 && byte != 0xff))
            continue;
        sfi__finding(f, RULE_BLANK_AREA, sfi__area_place(in, i),
                     "%s %zu at 0x%08" PRIx64 " (%" PRIu64
                     " bytes) is all 0x%02x",
                     in->noun, i + 1, a->address, a->size, byte);
    }
}

/* ---- watchdogs ---- */

static bool
content_piece_has_word(const struct piece *p, uint32_t word)
{
    size_t at = (size_t)(-p->address & 3u); /* literals are aligned */

    for (; at < p->len && p->len - at >= sizeof(word); at += sizeof(word)) {
        struct rd r;

        sfi__rd_init(&r, p->data + at, sizeof(word));
        if (sfi__rd_u32le(&r) == word)
            return true;
    }
    return false;
}

/* *known: some content is. */
static bool
content_has_word(const struct layout *in, uint32_t word, bool *known)
{
    *known = false;
    for (size_t i = 0; i < in->count; i++) {
        const struct layout_area *a = &in->areas[i];

        for (size_t k = 0; content_is_known(a) && k < a->count; k++) {
            *known = true;
            if (content_piece_has_word(&a->first[k], word))
                return true;
        }
    }
    return false;
}

/* Code for a watchdog has the address of its register among its constants; most
 * compilers put it there.  A build that makes addresses of two halves has it
 * nowhere, so this is only a note. */
static void
content_watchdogs(const struct layout *in, struct findings *f)
{
    const struct chip_effects *e = sfi__chip_effects(in->chip);

    for (size_t i = 0; in->ob != NULL && i < e->watchdog_count; i++) {
        const struct chip_watchdog *w = &e->watchdogs[i];
        bool known;

        if (sfi__view_value(in, w->field) != 0 ||
            content_has_word(in, w->register_at, &known) || !known)
            continue;
        sfi__finding(f, RULE_WATCHDOG, sfi__view_field_place(in, w->field),
                     "%s is 0: the watchdog runs from reset on, and no word of "
                     "the firmware is the address of %s, 0x%08" PRIx32,
                     w->field, w->register_name, w->register_at);
    }
}

void
sfi__rules_content(const struct layout *in, struct findings *f)
{
    content_machine(in, f);
    content_blank(in, f);
    content_watchdogs(in, f);
}
