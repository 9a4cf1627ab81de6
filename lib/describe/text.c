/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A description in words. */
#include <stdarg.h>
#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "describe/words.h"

/* Where the texts of fields begin, and where lines end. */
#define FIELDS_INDENT 28u
#define FIELDS_WIDTH 79u

/* What is made of one format: an area's lines, with its tag. */
#define FORMAT_MAX 640u

static bool
fact_is_of(const sfi_fact *f, const char *group)
{
    return f != NULL && strcmp(f->group, group) == 0;
}

/* ---- writing ---- */

void
sfi__words_begin(struct words *w, const sfi_description *d)
{
    w->d = d;
    w->failed = false;
    sfi__buf_init(&w->out, &d->obj.ctx->alloc, false);
}

sfi_status
sfi__words_end(struct words *w, sfi_status st, sfi_write_fn write, void *user)
{
    sfi_ctx *ctx = w->d->obj.ctx;

    if (st == SFI_OK && w->failed)
        st = sfi__nomem(ctx);
    if (st == SFI_OK && w->out.len > 0)
        st = sfi__from_callback(ctx, write(user, w->out.data, w->out.len),
                                "the function that receives a description");
    sfi__buf_free(&w->out);
    return st;
}

static void
words_put_bytes(struct words *w, const char *text, size_t len)
{
    w->failed = w->failed || !sfi__buf_append(&w->out, text, len);
}

void
sfi__words_put(struct words *w, const char *text, size_t width)
{
    size_t cap = 4 * strlen(text) + 1, before = w->out.len;

    if (w->failed || !sfi__buf_reserve(&w->out, cap)) {
        w->failed = true;
        return;
    }
    sfi__text_visible((char *)w->out.data + before, cap, text);
    w->out.len += strlen((char *)w->out.data + before);
    if (w->out.len - before < width)
        w->failed = !sfi__buf_fill(&w->out, ' ', width - (w->out.len - before));
}

void
sfi__words_format(struct words *w, const char *fmt, ...)
{
    char text[FORMAT_MAX];
    va_list args;

    va_start(args, fmt);
    sfi__text_vformat(text, sizeof(text), fmt, args);
    va_end(args);
    words_put_bytes(w, text, strlen(text));
}

static size_t
words_label_width(const struct words *w, const char *group)
{
    const sfi_fact *f;
    size_t widest = 0;

    for (size_t i = 0; (f = sfi_description_at(w->d, i)) != NULL; i++) {
        if (f->item == 0 && fact_is_of(f, group) && strlen(f->label) > widest)
            widest = strlen(f->label);
    }
    return widest;
}

/* "option_fields" as a heading: "Option fields". */
static void
words_put_heading(struct words *w, const char *group)
{
    char first = (char)(group[0] - 'a' + 'A');

    words_put_bytes(w, "\n", 1);
    words_put_bytes(w, &first, 1);
    for (const char *p = group + 1; *p != '\0'; p++)
        words_put_bytes(w, *p == '_' ? " " : p, 1);
    words_put_bytes(w, " :\n", 3);
}

static void
words_put_plain(struct words *w, const sfi_fact *f)
{
    bool is_check = f->kind == SFI_FACT_CHECK;

    sfi__words_put(w, "  ", 0);
    sfi__words_put(w, f->label, words_label_width(w, f->group));
    sfi__words_put(w, " : ", 0);
    if (is_check)
        sfi__words_put(w, sfi__check_word(f), 0);
    if (is_check && f->number != SFI_CHECK_PASSED)
        sfi__words_put(w, ": ", 0);
    if (!is_check || f->number != SFI_CHECK_PASSED)
        sfi__words_put(w, f->text, 0);
    words_put_bytes(w, "\n", 1);
}

/* The facts of one entry stand on one line: "NAME : value, label value". */
static void
words_put_entry(struct words *w, const sfi_fact *f, bool first, bool last)
{
    if (strcmp(f->name, "name") == 0) {
        sfi__words_put(w, "  ", 0);
        sfi__words_put(w, f->text, 12);
    } else if (strcmp(f->name, "value") == 0) {
        sfi__words_put(w, " : ", 0);
        sfi__words_put(w, f->text, 0);
    } else {
        sfi__words_put(w, first ? "  " : ", ", 0);
        sfi__words_put(w, f->label, 0);
        sfi__words_put(w, " ", 0);
        sfi__words_put(w, f->text, 0);
    }
    if (last)
        words_put_bytes(w, "\n", 1);
}

/* A text below the values, in lines that fit a terminal. */
static void
words_put_effect(struct words *w, const char *text)
{
    while (*text != '\0') {
        size_t len = strlen(text), room = FIELDS_WIDTH - FIELDS_INDENT;

        if (len > room) {
            len = room;
            while (len > 0 && text[len] != ' ')
                len--;
            len = len > 0 ? len : room;
        }
        sfi__words_put(w, "", FIELDS_INDENT);
        words_put_bytes(w, text, len);
        words_put_bytes(w, "\n", 1);
        text += len;
        text += *text == ' ';
    }
}

static const char *
words_of(const struct words *w, const char *group, uint32_t item,
         const char *name)
{
    const sfi_fact *f = sfi_description_find(w->d, group, item, name);

    return f != NULL ? f->text : "";
}

static const char *
field_text(const struct words *w, uint32_t item, const char *name)
{
    return words_of(w, "option_fields", item, name);
}

/* What each field of the option bytes does; both ends of an area do the same.
 */
static void
words_put_fields(struct words *w)
{
    const sfi_fact *value;
    const char *told = "";

    for (uint32_t i = 1; (value = sfi_description_find(w->d, "option_fields", i,
                                                       "value")) != NULL;
         i++) {
        const char *meaning = field_text(w, i, "meaning");
        const char *effect = field_text(w, i, "effect");

        sfi__words_put(w, "  ", 0);
        sfi__words_put(w, field_text(w, i, "name"), 17);
        sfi__words_format(w, ": 0x%-5x ", (unsigned)value->number);
        sfi__words_put(w, field_text(w, i, "about"), 0);
        sfi__words_put(w, meaning[0] != '\0' ? ": " : "", 0);
        sfi__words_put(w, meaning, 0);
        words_put_bytes(w, "\n", 1);
        if (strcmp(effect, told) != 0)
            words_put_effect(w, effect);
        told = effect;
    }
}

static void
words_put_fact(struct words *w, size_t i)
{
    const sfi_fact *f = sfi_description_at(w->d, i);
    const sfi_fact *before = i > 0 ? sfi_description_at(w->d, i - 1) : NULL;
    const sfi_fact *next = sfi_description_at(w->d, i + 1);
    bool begins = !fact_is_of(before, f->group);

    if (f->group[0] != '\0' && begins)
        words_put_heading(w, f->group);
    if (strcmp(f->group, "option_fields") == 0) {
        if (begins)
            words_put_fields(w);
        return;
    }
    if (f->item == 0)
        words_put_plain(w, f);
    else
        words_put_entry(w, f, begins || before->item != f->item,
                        !fact_is_of(next, f->group) || next->item != f->item);
}

/* All but the fields of option bytes in a group of their own; NULL: every fact
 * but "kind" and "what", which are for a title. */
static void
words_put_facts(struct words *w, const char *group)
{
    const sfi_fact *f;

    for (size_t i = group != NULL ? 0 : 2;
         (f = sfi_description_at(w->d, i)) != NULL && !w->failed; i++) {
        if (group == NULL || fact_is_of(f, group))
            words_put_fact(w, i);
    }
}

/* ---- an image, in the words of ST's tool ---- */

static void
words_put_area(struct words *w, uint32_t item, uint64_t address)
{
    sfi__words_format(
        w,
        "\nParsing Area %s/%s :\n"
        "  Area type                : %s\n"
        "  Area size                : %s\n"
        "  Area destination address : 0x%llx\n"
        "  Area tag                 : %s\n",
        words_of(w, "areas", item, "index"), words_of(w, "", 0, "area_count"),
        words_of(w, "areas", item, "type"), words_of(w, "areas", item, "size"),
        (unsigned long long)address, words_of(w, "areas", item, "tag"));
}

static void
words_put_image(struct words *w, bool verified)
{
    const char *count = words_of(w, "", 0, "area_count");
    const sfi_fact *f;

    sfi__words_format(w,
                      "SFI File Information :\n  SFI file path            : ");
    sfi__words_put(w, w->d->path, 0);
    sfi__words_format(w,
                      "\n  SFI file size            : %s\n"
                      "\nSFI header information :\n"
                      "  SFI protocol version     : %s\n"
                      "  SFI total number of areas: %s\n"
                      "  SFI image version        : %s\n"
                      "  SFI header tag           : %s\n"
                      "\nSFI Areas information :\n",
                      words_of(w, "", 0, "size"),
                      words_of(w, "", 0, "protocol_version"), count,
                      words_of(w, "", 0, "image_version"),
                      words_of(w, "", 0, "header_tag"));
    for (uint32_t i = 1;
         (f = sfi_description_find(w->d, "areas", i, "address")) != NULL; i++)
        words_put_area(w, i, f->number);
    if (verified)
        sfi__words_format(w,
                          "\nTags verified : the header and all %s areas are "
                          "authentic\n",
                          count);
    else
        sfi__words_format(w, "\nTags not verified : no key was given\n");
    words_put_facts(w, "option_bytes");
    words_put_fields(w);
}

/* Of an image that is refused, nothing but the reason is known. */
sfi_status
sfi_description_text(const sfi_description *d, const char *group,
                     sfi_write_fn write, void *user)
{
    const sfi_fact *verified = sfi_description_find(d, "", 0, "verified");
    struct words w;

    SFI_ENTER(d, DESCRIPTION);
    SFI_ARG(d, write != NULL);
    sfi__words_begin(&w, d);
    if (group != NULL && strcmp(group, "option_fields") == 0)
        words_put_fields(&w);
    else if (group == NULL && verified != NULL)
        words_put_image(&w, verified->number != 0);
    else
        words_put_facts(&w, group);
    return sfi__words_end(&w, SFI_OK, write, user);
}
