/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the words of a command line have to be, which options go together, and
 * which files are written, as the tables of the program say. */
#include <inttypes.h>
#include <string.h>

#include "cli/help.h"

#define FIELD_NAME_MAX 63u
#define RANGE_MAX 63u

/* ---- one word ---- */

static bool
word_is_number(const struct cli_type *t, const char *word, uint64_t *out)
{
    bool is_hex =
        t->any_base && !(word[0] == '0' && strchr("bBoO", word[1]) != NULL);

    return (cli_number(word, t->max, out) ||
            (is_hex && cli_number_behind("0x", word, t->max, out))) &&
           *out >= t->min && (t->multiple == 0 || *out % t->multiple == 0);
}

static bool
word_is_choice(const struct cli_type *t, const char *word, uint64_t *out)
{
    for (size_t i = 0; i < CLI_CHOICES_MAX && t->choices[i] != NULL; i++) {
        if (strcmp(t->choices[i], word) != 0)
            continue;
        if (!cli_number(word, UINT64_MAX, out))
            *out = i;
        return true;
    }
    return false;
}

static bool
word_is_field(const char *word, uint64_t *out)
{
    const char *equals = strchr(word, '=');

    return equals != NULL && equals != word &&
           (size_t)(equals - word) <= FIELD_NAME_MAX &&
           cli_number(equals + 1, UINT32_MAX, out);
}

#define NUMBER "%23[0-9a-fA-FxX]"

static bool
range_parse(const struct cli_type *t, const char *text, uint64_t *first,
            uint64_t *last)
{
    char from[24] = "", to[24] = "";
    int end = 0;

    if (sscanf(text, NUMBER "-" NUMBER "%n", from, to, &end) == 1 &&
        t->kind == CLI_NUMBERS)
        (void)sscanf(text, NUMBER "%n", to, &end);
    else if (from[0] == '\0' && t->kind == CLI_NUMBERS)
        (void)sscanf(text, "[ " NUMBER " " NUMBER " ]%n", from, to, &end);
    return text[end] == '\0' && cli_number(from, t->max, first) &&
           cli_number(to, t->max, last) && *first >= t->min && *first <= *last;
}

/* *i becomes the last word of the range. */
static bool
words_are_range(struct cli_use *use, const struct cli_type *t, unsigned *i)
{
    unsigned first = *i;
    char text[RANGE_MAX + 1];

    (void)snprintf(text, sizeof(text), "%s", use->value[first]);
    while (text[0] == '[' && strchr(text, ']') == NULL && *i + 1 < use->count) {
        size_t len = strlen(text);

        (void)snprintf(text + len, sizeof(text) - len, " %s", use->value[++*i]);
    }
    if (!range_parse(t, text, &use->number[first], &use->last[first]))
        return false;
    for (unsigned k = first + 1; k <= *i; k++) {
        use->number[k] = use->number[first];
        use->last[k] = use->last[first];
    }
    return true;
}

static bool
word_is_right(const struct cli_use *use, const struct cli_type *t,
              const char *word, uint64_t *out)
{
    switch (t->kind) {
    case CLI_NUMBER:
        return word_is_number(t, word, out);
    case CLI_CHOICE:
        return word_is_choice(t, word, out);
    case CLI_FIELD:
        return word_is_field(word, out) ||
               (use->count == 1 && word_is_choice(t, word, out));
    case CLI_RANGE:
    case CLI_NUMBERS:
        return use->count == 1 && word_is_choice(t, word, out);
    case CLI_FOREIGN:
        return !word_is_choice(t, word, out);
    case CLI_OUTPUT:
    case CLI_NEEDED:
        break;
    }
    return true;
}

/* ---- the words of an option ---- */

/* The option as typed, without a value behind '='. */
static int
spelling_length(const struct cli_use *use)
{
    return (int)strcspn(use->spelling, "=");
}

static _Noreturn void
refuse_value(const struct cli *c, const struct cli_use *use,
             const struct cli_type *t, const char *word)
{
    int len = spelling_length(use);

    if (t->kind == CLI_FOREIGN)
        cli_usage(c, "%.*s %s: %s", len, use->spelling, word, t->sentence);
    if (c->spec->options[use->id].max == 1)
        cli_usage(c, "%.*s %s%s %s", len, use->spelling, word,
                  t->kind == CLI_NUMBER ? " is not" : ", expected",
                  t->sentence);
    cli_usage(c, "%.*s: \"%s\"%s %s", len, use->spelling, word,
              t->kind == CLI_NUMBER ? " is not" : ", expected", t->sentence);
}

/* A zero in front is octal to some and nothing to others. */
static void
check_base(const struct cli *c, const struct cli_use *use, const char *word,
           uint64_t value)
{
    uint64_t octal;

    if (word[0] == '0' && cli_number_behind("0o", word, UINT64_MAX, &octal) &&
        octal != value)
        cli_usage(c,
                  "%.*s %s is ambiguous: %" PRIu64 " in decimal, %" PRIu64
                  " in octal; write it without the zero, or as 0o%s",
                  spelling_length(use), use->spelling, word, value, octal,
                  word + strspn(word, "0"));
}

static void
check_values(const struct cli *c, struct cli_use *use, const struct cli_type *t)
{
    for (unsigned i = t->first; i <= t->last && i < use->count; i++) {
        const char *word = use->value[i];
        uint64_t *number = &use->number[i];

        if ((t->kind == CLI_RANGE || t->kind == CLI_NUMBERS) &&
            words_are_range(use, t, &i))
            continue;
        if (!word_is_right(use, t, word, number))
            refuse_value(c, use, t, word);
        if (t->any_base)
            check_base(c, use, word, *number);
    }
}

static void
check_key(const struct cli *c, struct cli_use *use, const struct cli_type *t)
{
    const char *key = c->spec->options[use->id].keys[t->first];
    const char *word = use->key_value[t->first];

    if (word == NULL && t->kind == CLI_NEEDED)
        cli_usage(c, "%.*s needs %s", spelling_length(use), use->spelling,
                  t->sentence);
    if (word != NULL &&
        !word_is_right(use, t, word, &use->key_number[t->first]))
        cli_usage(c, "%s=%s%s %s", key, word,
                  t->kind == CLI_NUMBER ? " is not" : ", expected",
                  t->sentence);
}

static void
check_words(const struct cli *c, struct cli_use *use)
{
    for (size_t i = 0; i < c->spec->type_count; i++) {
        const struct cli_type *t = &c->spec->types[i];

        if (t->option != use->id)
            continue;
        if (t->is_key)
            check_key(c, use, t);
        else
            check_values(c, use, t);
    }
}

/* ---- words together ---- */

static bool
condition_holds(const struct cli *c, const struct cli_use *use,
                const struct cli_condition *when)
{
    const char *word = NULL;

    if (when->place == CLI_VALUE && when->index < use->count)
        word = use->value[when->index];
    else if (when->place == CLI_KEY)
        word = use->key_value[when->index];
    else if (when->place == CLI_BESIDE && cli_has(c, when->index))
        word = "";
    return (word != NULL &&
            (when->word == NULL || strcmp(when->word, word) == 0)) != when->no;
}

static void
check_refusals(const struct cli *c, const struct cli_use *use)
{
    for (size_t i = 0; i < c->spec->refusal_count; i++) {
        const struct cli_refusal *r = &c->spec->refusals[i];
        const struct cli_condition *first = &r->when[0];

        if (r->option != use->id || !condition_holds(c, use, first) ||
            !condition_holds(c, use, &r->when[1]))
            continue;
        if (first->place == CLI_VALUE && !first->no)
            cli_usage(c, "%s: %s", use->value[first->index], r->sentence);
        cli_usage(c, "%s", r->sentence);
    }
}

/* ---- options together ---- */

/* The first use of one of these options, or of none of them. */
static const struct cli_use *
find_use_of(const struct cli *c, uint64_t options, bool of_them)
{
    for (size_t i = 0; i < c->use_count; i++) {
        if ((options >> c->uses[i].id & 1) == of_them)
            return &c->uses[i];
    }
    return NULL;
}

static void
check_rule(const struct cli *c, const struct cli_rule *r,
           const struct cli_use *use)
{
    const struct cli_use *other =
        find_use_of(c, r->others, r->kind != CLI_WITH);
    int len = spelling_length(use);

    if (r->kind == CLI_NEEDS && other == NULL)
        cli_usage(c, "%.*s needs %s", len, use->spelling, r->sentence);
    if (r->kind == CLI_WITH && other != NULL)
        cli_usage(c, "%.*s cannot be combined with %.*s",
                  spelling_length(other), other->spelling, len, use->spelling);
    if (r->kind != CLI_NOT || other == NULL)
        return;
    if (r->sentence != NULL)
        cli_usage(c, "%.*s %s", len, use->spelling, r->sentence);
    cli_usage(c, "%.*s cannot be combined with %.*s", len, use->spelling,
              spelling_length(other), other->spelling);
}

static void
check_how_often(const struct cli *c, const struct cli_use *use)
{
    const struct cli_option *o = &c->spec->options[use->id];
    const struct cli_use *next = NULL;
    unsigned count = 0;

    while ((next = cli_next(c, use->id, next)) != NULL)
        count++;
    if (o->most > 0 && count > o->most)
        cli_usage(c, "%.*s is given %u times, expected at most %u",
                  spelling_length(use), use->spelling, count, o->most);
}

static void
check_rules(const struct cli *c, const struct cli_use *use)
{
    check_how_often(c, use);
    for (size_t i = 0; i < c->spec->rule_count; i++) {
        if (c->spec->rules[i].option == use->id)
            check_rule(c, &c->spec->rules[i], use);
    }
}

static void
check_required(const struct cli *c)
{
    for (size_t i = 0; i < c->spec->rule_count; i++) {
        const struct cli_rule *r = &c->spec->rules[i];

        if (r->kind != CLI_REQUIRED || cli_has(c, r->option) ||
            (c->given & r->others) != 0)
            continue;
        if (r->sentence != NULL)
            cli_usage(c, "%s", r->sentence);
        (void)cli_need(c, r->option);
    }
}

/* The first of the command line tells. */
void
words_check(struct cli *c)
{
    for (size_t i = 0; i < c->use_count; i++)
        check_rules(c, &c->uses[i]);
    check_required(c);
    for (size_t i = 0; i < c->use_count; i++)
        check_words(c, &c->uses[i]);
    for (size_t i = 0; i < c->use_count; i++)
        check_refusals(c, &c->uses[i]);
}

/* ---- outputs ---- */

/* Bytes as many as a key has count as one, which only the same ones replace. */
static uint32_t
output_kind(const struct cli_type *t, const struct cli_use *use)
{
    const char *path = use->value[t->first];
    uint64_t size = t->first > 0 ? use->number[t->first - 1] : 0;

    if (t->file != SFI_FILE_FIRMWARE ||
        strcmp(sfi_firmware_format_by_name(path), "bin") != 0)
        return t->file;
    return size == SFI_NONCE_LEN || size == SFI_KEY_LEN ||
                   size == SFI_AUDIT_KEY_LEN
               ? SFI_FILE_KEY
               : SFI_FILE_OTHER;
}

/* Another option, or an operand, may name the file in another way. */
static void
refuse_input(const struct cli *c, const struct cli_use *use, const char *path)
{
    const struct cli_use *other = NULL;
    bool is_input = false;

    while ((other = cli_next_use(c, other)) != NULL)
        is_input = is_input || (other != use && other->count > 0 &&
                                cli_is_same_file(other->value[0], path));
    for (size_t i = 0; i < c->operand_count; i++)
        is_input = is_input || cli_is_same_file(c->operands[i], path);
    if (is_input)
        cli_usage(c, "%.*s %s is an input and would be overwritten",
                  spelling_length(use), use->spelling, path);
}

static sfi_status
check_output(const struct cli *c, sfi_ctx *ctx, const struct cli_type *t,
             const struct cli_use *use)
{
    const char *path = use->value[t->first];
    uint64_t choice;

    if (word_is_choice(t, path, &choice) || cli_is_folder(use->value[0]))
        return SFI_OK;
    refuse_input(c, use, path);
    return cli_check_output(ctx, path, output_kind(t, use),
                            cli_has(c, c->spec->force));
}

sfi_status
cli_check_outputs(const struct cli *c, sfi_ctx *ctx)
{
    sfi_status st = SFI_OK;

    for (size_t i = 0; i < c->spec->type_count; i++) {
        const struct cli_type *t = &c->spec->types[i];
        const struct cli_use *use = NULL;

        if (t->kind != CLI_OUTPUT)
            continue;
        while (st == SFI_OK && (use = cli_next(c, t->option, use)) != NULL)
            st = check_output(c, ctx, t, use);
    }
    return st;
}
