/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Findings of a check, for people and for machines. */
#include "cli/finding.h"

#include <stdlib.h>
#include <string.h>

/* An image can have 65535 areas, each with something wrong. */
#define FINDINGS_MAX 256u

static char *
finding_copy(const char *text)
{
    size_t len = text != NULL ? strlen(text) + 1 : 0;
    char *copy = len > 0 ? malloc(len) : NULL;

    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

/* Make room for an error: those are always shown. */
static void
findings_drop_lesser(struct cli_findings *f)
{
    for (size_t i = f->count; i-- > 0;) {
        struct cli_finding *one = &f->all[i];

        if (one->finding.severity == SFI_FINDING_ERROR)
            continue;
        free(one->message);
        free(one->file);
        f->count--;
        memmove(one, one + 1, (f->count - i) * sizeof(*one));
        return;
    }
}

void
cli_findings_add(void *user, const sfi_finding *finding)
{
    struct cli_findings *f = user;
    struct cli_finding *one;

    f->errors += finding->severity == SFI_FINDING_ERROR;
    f->warnings += finding->severity == SFI_FINDING_WARNING;
    f->notes += finding->severity == SFI_FINDING_NOTE;
    if (f->all == NULL)
        f->all = calloc(FINDINGS_MAX, sizeof(*f->all));
    if (f->all == NULL)
        return;
    if (f->count == FINDINGS_MAX && finding->severity == SFI_FINDING_ERROR)
        findings_drop_lesser(f);
    if (f->count == FINDINGS_MAX)
        return;
    one = &f->all[f->count];
    one->message = finding_copy(finding->message);
    if (one->message == NULL)
        return;
    one->file = finding_copy(finding->file);
    one->finding = *finding;
    one->finding.message = one->message;
    one->finding.file = one->file;
    f->count++;
}

void
cli_findings_free(struct cli_findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        free(f->all[i].message);
        free(f->all[i].file);
    }
    free(f->all);
    *f = (struct cli_findings){0};
}

static const char *
finding_severity(const sfi_finding *finding)
{
    switch (finding->severity) {
    case SFI_FINDING_ERROR:
        return "error";
    case SFI_FINDING_WARNING:
        return "warning";
    default:
        return "note";
    }
}

void
cli_findings_print(const struct cli *c, const char *path,
                   const struct cli_findings *f, uint32_t least)
{
    size_t all = f->errors;
    size_t shown = 0;

    if (least <= SFI_FINDING_WARNING)
        all += f->warnings;
    if (least <= SFI_FINDING_NOTE)
        all += f->notes;

    (void)fflush(stdout);
    for (size_t i = 0; i < f->count; i++) {
        const sfi_finding *o = &f->all[i].finding;

        if (o->severity < least)
            continue;
        shown++;
        cli_warn(c->spec->program, "%s%s%s: %s [%s]", path != NULL ? path : "",
                 path != NULL ? ": " : "", finding_severity(o), o->message,
                 o->rule);
        cli_hint("%s%s%s%s", o->remedy, o->source[0] != '\0' ? " (" : "",
                 o->source, o->source[0] != '\0' ? ")" : "");
    }
    if (all > shown)
        cli_warn(c->spec->program, "%zu more findings are not shown",
                 all - shown);
}

static void
finding_count(char *out, size_t size, size_t n, const char *noun,
              const char *after)
{
    size_t len = strlen(out);

    if (n == 0)
        (void)snprintf(out + len, size - len, "no %ss%s", noun, after);
    else
        (void)snprintf(out + len, size - len, "%zu %s%s%s", n, noun,
                       n == 1 ? "" : "s", after);
}

const char *
cli_findings_counts(const struct cli_findings *f)
{
    static char text[96];

    text[0] = '\0';
    finding_count(text, sizeof(text), f->errors, "error", ", ");
    finding_count(text, sizeof(text), f->warnings, "warning", ", ");
    finding_count(text, sizeof(text), f->notes, "note", "");
    return text;
}

static void
finding_json_place(struct json *j, const sfi_finding *o)
{
    if (o->area != 0)
        json_number(j, "area", o->area);
    if (o->size != 0) {
        json_number(j, "address", o->address);
        json_number(j, "size", o->size);
    }
    if (o->row != NULL)
        json_text(j, "row", o->row);
    if (o->field != NULL)
        json_text(j, "field", o->field);
    if (o->file != NULL)
        json_text(j, "file", o->file);
    if (o->segment != 0)
        json_number(j, "segment", o->segment);
}

void
cli_findings_json(struct json *j, const struct cli_findings *f)
{
    json_open_array(j, "findings");
    for (size_t i = 0; i < f->count; i++) {
        const sfi_finding *o = &f->all[i].finding;

        json_open_object(j, NULL);
        json_text(j, "severity", finding_severity(o));
        json_text(j, "rule", o->rule);
        json_number_signed(j, "status", o->status);
        json_text(j, "name", sfi_status_name(o->status));
        json_text(j, "message", o->message);
        json_text(j, "source", o->source);
        json_text(j, "remedy", o->remedy);
        finding_json_place(j, o);
        json_close(j);
    }
    json_close(j);
}
