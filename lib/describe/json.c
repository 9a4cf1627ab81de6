/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A description as JSON. */
#include <string.h>

#include "util/json.h"
#include "core/ctx.h"
#include "core/err.h"
#include "describe/words.h"

const char *
sfi__check_word(const sfi_fact *f)
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
        sfi__json_text(j, "result", sfi__check_word(f));
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
    struct words w;
    struct json_writer j = {.out = &w.out, .indented = true};

    SFI_ENTER(d, DESCRIPTION);
    SFI_ARG(d, write != NULL);
    sfi__words_begin(&w, d);
    sfi__json_open(&j, NULL, '{');
    for (size_t i = 0; (f = sfi_description_at(d, i)) != NULL; i++) {
        json_move(&j, before, f);
        before = f;
        fact_to_json(&j, f);
    }
    json_move(&j, before, NULL);
    sfi__json_close(&j, '}');
    w.failed = j.failed || !sfi__buf_append(&w.out, "\n", 1);
    return sfi__words_end(&w, SFI_OK, write, user);
}
