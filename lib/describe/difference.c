/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What differs between two files, in words and as JSON. */
#include "util/json.h"
#include "core/ctx.h"
#include "core/err.h"
#include "describe/words.h"

/* Runs of bytes that are shown; the rest is counted. */
#define SHOWN_MAX 64u

struct differences {
    struct words w;
    struct json_writer json;
    const sfi_description *other;
    uint64_t runs; /* of bytes, so far */
};

/* ---- in words ---- */

static void
difference_put_fact(void *user, const sfi_fact *a, const sfi_fact *b)
{
    struct words *w = &((struct differences *)user)->w;

    if (a->item != 0)
        sfi__words_format(w, "  %s %u, %s : ", a->group, (unsigned)a->item,
                          a->label);
    else
        sfi__words_format(w, "  %s : ", a->label);
    sfi__words_put(w, a->text, 0);
    sfi__words_put(w, ", ", 0);
    sfi__words_put(w, b != NULL && b->text[0] != '\0' ? b->text : "none", 0);
    sfi__words_format(w, "\n");
}

static void
difference_put_run(void *user, const sfi_firmware_difference *run)
{
    struct differences *d = user;
    bool is_first = run->kind == SFI_DIFFERS_ONLY_FIRST;

    if (d->runs++ >= SHOWN_MAX)
        return;
    sfi__words_format(
        &d->w, "  0x%08llx : %llu bytes %s", (unsigned long long)run->address,
        (unsigned long long)run->size,
        run->kind == SFI_DIFFERS_CONTENT ? "differ" : "are only in ");
    if (run->kind != SFI_DIFFERS_CONTENT)
        sfi__words_put(&d->w, is_first ? d->w.d->path : d->other->path, 0);
    sfi__words_format(&d->w, ": 0x%02x, 0x%02x\n", run->first, run->second);
}

static void
difference_put_end(struct differences *d, const sfi_comparison *found)
{
    struct words *w = &d->w;

    if (d->runs > SHOWN_MAX)
        sfi__words_format(w, "  and %llu more places\n",
                          (unsigned long long)(d->runs - SHOWN_MAX));
    if ((found->flags & SFI_COMPARED_NO_MODULES) != 0)
        sfi__words_format(w, "The code of modules was not compared\n");
    if (found->facts != 0 || found->bytes != 0)
        sfi__words_format(w,
                          "Compared : %llu bytes in %llu places, and %llu "
                          "other facts differ\n",
                          (unsigned long long)found->bytes,
                          (unsigned long long)found->places,
                          (unsigned long long)found->facts);
    else
        sfi__words_format(w, "Compared : the same %s\n",
                          (found->flags & SFI_COMPARED_CONTENT) != 0
                              ? "firmware"
                              : "areas with the same tags");
}

sfi_status
sfi_description_compare_text(const sfi_description *a, const sfi_description *b,
                             sfi_write_fn write, void *user,
                             sfi_comparison *out)
{
    struct differences d = {.other = b};
    sfi_status st;

    SFI_ENTER(a, DESCRIPTION);
    SFI_ARG(a, write != NULL);
    sfi__words_begin(&d.w, a);
    st = sfi_description_compare(a, b, difference_put_fact, difference_put_run,
                                 &d, out);
    if (st == SFI_OK)
        difference_put_end(&d, out);
    return sfi__words_end(&d.w, st, write, user);
}

/* ---- as JSON ---- */

static void
difference_to_json(void *user, const sfi_fact *a, const sfi_fact *b)
{
    struct json_writer *j = &((struct differences *)user)->json;

    sfi__json_open(j, NULL, '{');
    if (a->item != 0) {
        sfi__json_text(j, "in", a->group);
        sfi__json_number(j, "item", a->item);
    }
    sfi__json_text(j, "name", a->name);
    sfi__json_text(j, "first", a->text);
    sfi__json_text(j, "second", b != NULL ? b->text : "");
    sfi__json_close(j, '}');
}

/* The facts are through. */
static void
difference_begin_runs(struct differences *d)
{
    if (d->runs > 0)
        return;
    sfi__json_close(&d->json, ']');
    sfi__json_open(&d->json, "ranges", '[');
}

static void
difference_run_to_json(void *user, const sfi_firmware_difference *run)
{
    static const char *const words[] = {
        [SFI_DIFFERS_CONTENT] = "differ",
        [SFI_DIFFERS_ONLY_FIRST] = "only first",
        [SFI_DIFFERS_ONLY_SECOND] = "only second",
    };
    struct differences *d = user;

    difference_begin_runs(d);
    if (d->runs++ >= SHOWN_MAX)
        return;
    sfi__json_open(&d->json, NULL, '{');
    sfi__json_number(&d->json, "address", run->address);
    sfi__json_number(&d->json, "size", run->size);
    sfi__json_text(&d->json, "kind", words[run->kind]);
    sfi__json_number(&d->json, "first_byte", run->first);
    sfi__json_number(&d->json, "second_byte", run->second);
    sfi__json_close(&d->json, '}');
}

sfi_status
sfi_description_compare_json(const sfi_description *a, const sfi_description *b,
                             sfi_write_fn write, void *user,
                             sfi_comparison *out)
{
    struct differences d = {.json = {.out = &d.w.out, .indented = true}};
    sfi_status st;

    SFI_ENTER(a, DESCRIPTION);
    SFI_ARG(a, write != NULL);
    sfi__words_begin(&d.w, a);
    sfi__json_open(&d.json, NULL, '{');
    sfi__json_open(&d.json, "facts", '[');
    st = sfi_description_compare(a, b, difference_to_json,
                                 difference_run_to_json, &d, out);
    difference_begin_runs(&d);
    sfi__json_close(&d.json, ']');
    if (st == SFI_OK) {
        sfi__json_number(&d.json, "different_bytes", out->bytes);
        sfi__json_bool(&d.json, "equal", out->facts == 0 && out->bytes == 0);
    }
    sfi__json_close(&d.json, '}');
    sfi__words_format(&d.w, "\n");
    d.w.failed = d.w.failed || d.json.failed;
    return sfi__words_end(&d.w, st, write, user);
}
