/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the library tells of a file, in words or as JSON. */
#include <string.h>

#include "cli/option_bytes.h"
#include "sfi_info.h"

const char *
info_fact_text(const struct info *in, const char *group, uint32_t item,
               const char *name)
{
    const sfi_fact *f = sfi_description_find(in->facts, group, item, name);

    return f != NULL ? f->text : "";
}

static const char *
facts_check_word(const sfi_fact *f)
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

/* ---- for machines ---- */

static void
facts_json_check(struct json *j, const sfi_fact *f)
{
    json_object(j, NULL);
    json_text(j, "name", f->name);
    json_text(j, "result", facts_check_word(f));
    if (f->number != SFI_CHECK_PASSED)
        json_text(j, "reason", f->text);
    json_close(j);
}

static void
facts_json_one(struct json *j, const sfi_fact *f)
{
    switch (f->kind) {
    case SFI_FACT_NUMBER:
    case SFI_FACT_ADDRESS:
        json_number(j, f->name, f->number);
        break;
    case SFI_FACT_YES_NO:
        json_bool(j, f->name, f->number != 0);
        break;
    case SFI_FACT_BYTES:
        json_hex(j, f->name, f->data, f->len);
        break;
    case SFI_FACT_CHECK:
        facts_json_check(j, f);
        break;
    default:
        json_text(j, f->name, f->text);
        break;
    }
}

/* Close what the fact before has opened, and open what this one needs. */
static void
facts_json_move(struct json *j, const sfi_fact *before, const sfi_fact *f)
{
    const char *from = before != NULL ? before->group : "";
    const char *to = f != NULL ? f->group : "";
    uint32_t from_item = before != NULL ? before->item : 0;
    uint32_t to_item = f != NULL ? f->item : 0;
    bool same = strcmp(from, to) == 0;

    if (same && from_item == to_item)
        return;
    if (from_item != 0)
        json_close(j);
    if (!same && from[0] != '\0')
        json_close(j);
    if (!same && to[0] != '\0')
        json_array(j, to);
    if (to_item != 0)
        json_object(j, NULL);
}

void
info_json_facts(struct json *j, const struct info *in)
{
    const sfi_fact *before = NULL, *f;

    for (size_t i = 0; (f = sfi_description_at(in->facts, i)) != NULL; i++) {
        facts_json_move(j, before, f);
        before = f;
        facts_json_one(j, before);
    }
    facts_json_move(j, before, NULL);
}

/* ---- for people ---- */

static int
facts_label_width(const struct info *in, const char *group)
{
    const sfi_fact *f;
    size_t widest = 0;

    for (size_t i = 0; (f = sfi_description_at(in->facts, i)) != NULL; i++) {
        if (f->item == 0 && strcmp(f->group, group) == 0 &&
            strlen(f->label) > widest)
            widest = strlen(f->label);
    }
    return (int)widest;
}

/* "option_fields" as a heading: "Option fields". */
static void
facts_print_heading(const char *group)
{
    (void)printf("\n%c", group[0] - 'a' + 'A');
    for (const char *p = group + 1; *p != '\0'; p++)
        (void)putchar(*p == '_' ? ' ' : *p);
    (void)printf(" :\n");
}

static void
facts_print_check(const sfi_fact *f, int width)
{
    (void)printf("  %-*s : %s%s%s\n", width, f->label, facts_check_word(f),
                 f->number != SFI_CHECK_PASSED ? ": " : "",
                 f->number != SFI_CHECK_PASSED ? cli_visible(f->text) : "");
}

/* The facts of one entry stand on one line: "NAME : value, label value". */
static void
facts_print_entry(const sfi_fact *f, const sfi_fact *before)
{
    bool first = before == NULL || before->item != f->item ||
                 strcmp(before->group, f->group) != 0;

    if (strcmp(f->name, "name") == 0)
        (void)printf("  %-12s", cli_visible(f->text));
    else if (strcmp(f->name, "value") == 0)
        (void)printf(" : %s", f->text);
    else
        (void)printf("%s%s %s", first ? "  " : ", ", f->label,
                     cli_visible(f->text));
}

static bool
facts_ends_line(const struct info *in, size_t i)
{
    const sfi_fact *f = sfi_description_at(in->facts, i);
    const sfi_fact *next = sfi_description_at(in->facts, i + 1);

    return f->item != 0 && (next == NULL || next->item != f->item ||
                            strcmp(next->group, f->group) != 0);
}

/* The option bytes that the facts name, for the fields in words.  NULL: the
 * part is not known. */
static sfi_option_bytes *
facts_option_bytes(const struct info *in)
{
    const sfi_chip *chip = sfi_chip_find(info_fact_text(in, "", 0, "chip"));
    sfi_option_bytes *ob = NULL;
    const sfi_fact *f;

    if (chip == NULL || sfi_option_bytes_new(in->ctx, chip, &ob) != SFI_OK)
        return NULL;
    for (uint32_t i = 1; (f = sfi_description_find(in->facts, "option_bytes", i,
                                                   "value")) != NULL;
         i++) {
        const char *name = info_fact_text(in, "option_bytes", i, "name");

        if (sfi_option_bytes_set(ob, name, (uint32_t)f->number) != SFI_OK)
            break;
    }
    return ob;
}

void
info_print_fields(const struct info *in)
{
    sfi_option_bytes *ob =
        info_fact_text(in, "option_fields", 1, "name")[0] != '\0'
            ? facts_option_bytes(in)
            : NULL;

    if (ob != NULL)
        cli_fields_print(stdout, ob, NULL);
    sfi_option_bytes_free(ob);
}

static void
facts_print_one(const struct info *in, size_t i)
{
    const sfi_fact *f = sfi_description_at(in->facts, i);
    const sfi_fact *before =
        i > 0 ? sfi_description_at(in->facts, i - 1) : NULL;

    if (strcmp(f->group, "option_fields") == 0) {
        if (before == NULL || strcmp(before->group, f->group) != 0) {
            facts_print_heading(f->group);
            info_print_fields(in);
        }
        return;
    }
    if (f->group[0] != '\0' &&
        (before == NULL || strcmp(before->group, f->group) != 0))
        facts_print_heading(f->group);
    if (f->kind == SFI_FACT_CHECK)
        facts_print_check(f, facts_label_width(in, f->group));
    else if (f->item != 0)
        facts_print_entry(f, before);
    else
        (void)printf("  %-*s : %s\n", facts_label_width(in, f->group), f->label,
                     cli_visible(f->text));
    if (facts_ends_line(in, i))
        (void)printf("\n");
}

void
info_print_facts(const struct info *in)
{
    (void)printf("%s : %s\n\n", cli_visible(in->path),
                 info_fact_text(in, "", 0, "what"));
    /* behind "kind" and "what" */
    for (size_t i = 2; sfi_description_at(in->facts, i) != NULL; i++)
        facts_print_one(in, i);
}
