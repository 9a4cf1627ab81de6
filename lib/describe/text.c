/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A description in words, and as JSON. */
#include <stdarg.h>
#include <string.h>

#include "util/json.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "describe/kept.h"

/* Where the texts of fields begin, and where lines end. */
#define FIELDS_INDENT 28u
#define FIELDS_WIDTH 79u

/* What is made of one format: an area's lines, with its tag. */
#define FORMAT_MAX 640u

struct words {
    const sfi_description *d;
    struct buf out;
    bool failed;
};

static bool
fact_is_of(const sfi_fact *f, const char *group)
{
    return f != NULL && strcmp(f->group, group) == 0;
}

static const char *
fact_check_word(const sfi_fact *f)
{
    switch (f->number) {
    case SFI_CHECK_PASSED:
        return "passed";
    case SFI_CHECK_FAILED:
        return "failed";
    default:
        return "not made";
    }
}

/* ---- in words ---- */

static void
words_put_bytes(struct words *w, const char *text, size_t len)
{
    w->failed = w->failed || !sfi__buf_append(&w->out, text, len);
}

/* A text of the file, made visible, and blanks up to a width. */
static void
words_put(struct words *w, const char *text, size_t width)
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

/* Texts of our own. */
static void
words_format(struct words *w, const char *fmt, ...)
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

    words_put(w, "  ", 0);
    words_put(w, f->label, words_label_width(w, f->group));
    words_put(w, " : ", 0);
    if (is_check)
        words_put(w, fact_check_word(f), 0);
    if (is_check && f->number != SFI_CHECK_PASSED)
        words_put(w, ": ", 0);
    if (!is_check || f->number != SFI_CHECK_PASSED)
        words_put(w, f->text, 0);
    words_put_bytes(w, "\n", 1);
}

/* The facts of one entry stand on one line: "NAME : value, label value". */
static void
words_put_entry(struct words *w, const sfi_fact *f, bool first, bool last)
{
    if (strcmp(f->name, "name") == 0) {
        words_put(w, "  ", 0);
        words_put(w, f->text, 12);
    } else if (strcmp(f->name, "value") == 0) {
        words_put(w, " : ", 0);
        words_put(w, f->text, 0);
    } else {
        words_put(w, first ? "  " : ", ", 0);
        words_put(w, f->label, 0);
        words_put(w, " ", 0);
        words_put(w, f->text, 0);
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
        words_put(w, "", FIELDS_INDENT);
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

        words_put(w, "  ", 0);
        words_put(w, field_text(w, i, "name"), 17);
        words_format(w, ": 0x%-5x ", (unsigned)value->number);
        words_put(w, field_text(w, i, "about"), 0);
        words_put(w, meaning[0] != '\0' ? ": " : "", 0);
        words_put(w, meaning, 0);
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
    words_format(
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

    words_format(w, "SFI File Information :\n  SFI file path            : ");
    words_put(w, w->d->path, 0);
    words_format(w,
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
        words_format(w,
                     "\nTags verified : the header and all %s areas are "
                     "authentic\n",
                     count);
    else
        words_format(w, "\nTags not verified : no key was given\n");
    words_put_facts(w, "option_bytes");
    words_put_fields(w);
}

static sfi_status
description_write(const sfi_description *d, const struct buf *out, bool failed,
                  sfi_write_fn write, void *user)
{
    sfi_status st = SFI_OK;

    if (failed)
        return sfi__nomem(d->obj.ctx);
    if (out->len > 0)
        st = sfi__from_callback(d->obj.ctx, write(user, out->data, out->len),
                                "the function that receives a description");
    return st;
}

/* Of an image that is refused, nothing but the reason is known. */
sfi_status
sfi_description_text(const sfi_description *d, const char *group,
                     sfi_write_fn write, void *user)
{
    const sfi_fact *verified = sfi_description_find(d, "", 0, "verified");
    struct words w = {.d = d};
    sfi_status st;

    SFI_ENTER(d, DESCRIPTION);
    SFI_ARG(d, write != NULL);
    sfi__buf_init(&w.out, &d->obj.ctx->alloc, false);
    if (group != NULL && strcmp(group, "option_fields") == 0)
        words_put_fields(&w);
    else if (group == NULL && verified != NULL)
        words_put_image(&w, verified->number != 0);
    else
        words_put_facts(&w, group);
    st = description_write(d, &w.out, w.failed, write, user);
    sfi__buf_free(&w.out);
    return st;
}

/* ---- as JSON ---- */

static void
fact_to_json(struct json_writer *j, const sfi_fact *f)
{
    switch (f->kind) {
    case SFI_FACT_NUMBER:
    case SFI_FACT_ADDRESS:
        sfi__json_number(j, f->name, f->number);
        break;
    case SFI_FACT_YES_NO:
        sfi__json_bool(j, f->name, f->number != 0);
        break;
    case SFI_FACT_CHECK:
        sfi__json_open(j, NULL, '{');
        sfi__json_text(j, "name", f->name);
        sfi__json_text(j, "result", fact_check_word(f));
        if (f->number != SFI_CHECK_PASSED)
            sfi__json_text(j, "reason", f->text);
        sfi__json_close(j, '}');
        break;
    default:
        sfi__json_text(j, f->name, f->text);
        break;
    }
}

/* Close what the fact before has opened, and open what this one needs. */
static void
json_move(struct json_writer *j, const sfi_fact *before, const sfi_fact *f)
{
    const char *from = before != NULL ? before->group : "";
    const char *to = f != NULL ? f->group : "";
    uint32_t from_item = before != NULL ? before->item : 0;
    uint32_t to_item = f != NULL ? f->item : 0;
    bool same = strcmp(from, to) == 0;

    if (same && from_item == to_item)
        return;
    if (from_item != 0)
        sfi__json_close(j, '}');
    if (!same && from[0] != '\0')
        sfi__json_close(j, ']');
    if (!same && to[0] != '\0')
        sfi__json_open(j, to, '[');
    if (to_item != 0)
        sfi__json_open(j, NULL, '{');
}

sfi_status
sfi_description_json(const sfi_description *d, sfi_write_fn write, void *user)
{
    const sfi_fact *before = NULL, *f;
    struct buf out;
    struct json_writer j = {.out = &out, .indented = true};
    sfi_status st;

    SFI_ENTER(d, DESCRIPTION);
    SFI_ARG(d, write != NULL);
    sfi__buf_init(&out, &d->obj.ctx->alloc, false);
    sfi__json_open(&j, NULL, '{');
    for (size_t i = 0; (f = sfi_description_at(d, i)) != NULL; i++) {
        json_move(&j, before, f);
        before = f;
        fact_to_json(&j, f);
    }
    json_move(&j, before, NULL);
    sfi__json_close(&j, '}');
    j.failed = j.failed || !sfi__buf_append(&out, "\n", 1);
    st = description_write(d, &out, j.failed, write, user);
    sfi__buf_free(&out);
    return st;
}
