/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The command line: options into a table of uses. */
#define _POSIX_C_SOURCE 200809L
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/report.h"

#include <stdlib.h>
#include <string.h>

#define WORD_MAX 40 /* of a word in a message */

const struct cli_spec *
cli_command(const char *program, const char *purpose,
            const struct cli_spec *commands, size_t count, int argc,
            char **argv)
{
    struct nearest n = nearest_word_start(argc > 1 ? argv[1] : "");

    report_begin(program, argc, argv);
    if (argc < 2)
        cli_usage_of(program, "a command is missing");
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-version") == 0)
        print_version_and_exit(program);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-help") == 0 ||
        strcmp(argv[1], "-h") == 0) {
        if (cli_wants_json())
            print_help_and_exit(&(struct cli_spec){.purpose = purpose});
        (void)printf("%s\n\nCommands:\n", purpose);
        for (size_t i = 0; i < count; i++)
            (void)printf("  %-24s %s\n", commands[i].program,
                         commands[i].purpose);
        (void)printf("\nMore: %s --help\n", commands[0].program);
        exit(fflush(stdout) == 0 ? 0 : cli_exit_status(SFI_ERR_OS));
    }
    for (size_t i = 0; i < count; i++) {
        const char *word = strrchr(commands[i].program, ' ');

        word = word != NULL ? word + 1 : commands[i].program;
        if (strcmp(argv[1], word) == 0)
            return &commands[i];
        nearest_word_consider(&n, word);
    }
    if (n.word != NULL)
        cli_usage_of(program, "unknown command \"%s\", did you mean \"%s\"",
                     argv[1], n.word);
    cli_usage_of(program, "unknown command \"%s\"", argv[1]);
}

/* ---- options ---- */

/* The words that are still to be parsed. */
struct words {
    char **at;
    size_t left;
};

static const char *
words_take_next(struct words *w)
{
    w->left--;
    return *w->at++;
}

/* A dash alone is a value. */
static bool
word_is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

static bool
name_equals_word(const char *name, const char *word, size_t len)
{
    return name != NULL && strlen(name) == len && strncmp(name, word, len) == 0;
}

static void
refuse_foreign_option(const struct cli *c, const char *spelling, size_t dashes,
                      size_t len)
{
    const struct cli_foreign *f = c->spec->foreign;

    for (; f != NULL && f->word != NULL; f++) {
        if (name_equals_word(f->word, spelling + dashes, len))
            cli_usage(c, "%.*s: %s", (int)(dashes + len), spelling,
                      f->sentence);
    }
}

static _Noreturn void
refuse_unknown_option(const struct cli *c, const char *spelling, size_t dashes,
                      size_t len)
{
    char word[WORD_MAX + 1] = "";
    struct nearest n = nearest_word_start(word);

    refuse_foreign_option(c, spelling, dashes, len);
    (void)snprintf(word, sizeof(word), "%.*s", (int)len, spelling + dashes);
    for (size_t i = 0; i < c->spec->option_count; i++) {
        nearest_word_consider(&n, c->spec->options[i].brief);
        nearest_word_consider(&n, c->spec->options[i].name);
    }
    for (size_t i = 0; i < COMMON_OPTIONS; i++)
        nearest_word_consider(&n, common_options[i].name);
    if (n.word != NULL)
        cli_usage(c, "unknown option \"%s\", did you mean \"%.*s%s\"", spelling,
                  (int)dashes, spelling, n.word);
    cli_usage(c, "unknown option \"%s\"", spelling);
}

static bool
option_has_name(const struct cli_option *o, const char *word, size_t len)
{
    bool has = name_equals_word(o->brief, word, len) ||
               name_equals_word(o->name, word, len);

    for (size_t i = 0; i < CLI_ALSO_MAX; i++)
        has = has || name_equals_word(o->also[i], word, len);
    return has;
}

static size_t
find_option_by_name(const struct cli *c, const char *spelling, size_t dashes,
                    size_t len)
{
    const char *word = spelling + dashes;

    for (size_t i = 0; i < c->spec->option_count; i++) {
        if (option_has_name(&c->spec->options[i], word, len))
            return i;
    }
    if (name_equals_word("help", word, len) ||
        name_equals_word("h", word, len) || name_equals_word("?", word, len))
        print_help_and_exit(c->spec);
    if (name_equals_word("version", word, len))
        print_version_and_exit(c->spec->program);
    refuse_unknown_option(c, spelling, dashes, len);
}

static bool
option_has_key(const struct cli_option *o, const char *word, size_t len)
{
    for (size_t i = 0; o->keys[i] != NULL; i++) {
        if (name_equals_word(o->keys[i], word, len))
            return true;
    }
    return false;
}

/* Length of the key in `key=value`; 0: the word is plain.  A key is small
 * letters only, or one of the option's, so that a path or URI with a '='
 * further on is plain. */
static size_t
key_word_length(const struct cli_option *o, const char *word)
{
    size_t len = strcspn(word, "=");

    if (o->keys[0] == NULL || word[len] != '=')
        return 0;
    return strspn(word, "abcdefghijklmnopqrstuvwxyz") == len ||
                   option_has_key(o, word, len)
               ? len
               : 0;
}

static void
use_set_key_value(const struct cli *c, struct cli_use *use, const char *word,
                  size_t len)
{
    const struct cli_option *o = &c->spec->options[use->id];
    char key[WORD_MAX + 1] = "";
    struct nearest n = nearest_word_start(key);

    (void)snprintf(key, sizeof(key), "%.*s", (int)len, word);
    for (size_t i = 0; o->keys[i] != NULL; i++) {
        if (name_equals_word(o->keys[i], word, len)) {
            if (use->key_value[i] != NULL)
                cli_usage(c, "%s: \"%s=\" is given twice", use->spelling, key);
            use->key_value[i] = word + len + 1;
            return;
        }
        nearest_word_consider(&n, o->keys[i]);
    }
    if (n.word != NULL)
        cli_usage(c, "%s: unknown \"%s=\", did you mean \"%s=\"", use->spelling,
                  key, n.word);
    cli_usage(c, "%s: unknown \"%s=\"", use->spelling, key);
}

static bool
option_ignores_word(const struct cli_option *o, const char *word)
{
    for (size_t i = 0; i < CLI_ALSO_MAX && o->ignores[i] != NULL; i++) {
        if (strcmp(o->ignores[i], word) == 0)
            return true;
    }
    return false;
}

static void
use_take_values(const struct cli *c, struct cli_use *use, struct words *w)
{
    const struct cli_option *o = &c->spec->options[use->id];

    while (w->left > 0 && !word_is_option(*w->at)) {
        size_t key = key_word_length(o, *w->at);

        if (key > 0)
            use_set_key_value(c, use, words_take_next(w), key);
        else if (use->count >= o->min && option_ignores_word(o, *w->at))
            (void)words_take_next(w);
        else if (use->count < o->max)
            use->value[use->count++] = words_take_next(w);
        else
            break;
    }
    if (use->count < o->min || (o->partial >> use->count % 64 & 1) != 0)
        cli_usage(c, "%s needs %s", use->spelling, o->values);
}

static void
parse_one_option(struct cli *c, struct words *w)
{
    const char *spelling = words_take_next(w);
    size_t dashes = spelling[1] == '-' ? 2 : 1;
    size_t len = strcspn(spelling + dashes, "=");
    const char *value = spelling + dashes + len;
    size_t id = find_option_by_name(c, spelling, dashes, len);
    const struct cli_option *o = &c->spec->options[id];
    struct cli_use *use = &c->uses[c->use_count];

    if (!o->repeats && cli_has(c, id))
        cli_usage(c, "%s is given twice", spelling);
    c->use_count++;
    c->given |= (uint64_t)1 << id;
    use->id = id;
    use->spelling = spelling;
    if (*value == '=' && !option_ignores_word(o, value + 1)) {
        if (o->max == 0)
            cli_usage(c, "%.*s takes no value", (int)(value - spelling),
                      spelling);
        use->value[use->count++] = value + 1;
    }
    use_take_values(c, use, w);
}

void
cli_parse(struct cli *c, const struct cli_spec *spec, int argc, char **argv)
{
    size_t count = argc > 0 ? (size_t)argc : 1;
    struct words w = {argv + 1, count - 1};
    bool only_operands = false; /* behind "--" */

    report_begin(spec->program, argc, argv);
    c->spec = spec;
    c->use_count = 0;
    c->given = 0;
    c->operand_count = 0;
    c->uses = calloc(count, sizeof(*c->uses));
    c->operands = calloc(count, sizeof(*c->operands));
    if (c->uses == NULL || c->operands == NULL)
        cli_nomem(spec->program);
    while (w.left > 0) {
        if (!only_operands && strcmp(*w.at, "--") == 0)
            only_operands = words_take_next(&w) != NULL;
        else if (!only_operands && word_is_option(*w.at))
            parse_one_option(c, &w);
        else if (c->operand_count < spec->operands_max)
            c->operands[c->operand_count++] = words_take_next(&w);
        else
            cli_usage(c, "unexpected \"%s\"", *w.at);
    }
    if (c->operand_count < spec->operands_min)
        cli_usage(c, "an argument is missing, expected: %.*s",
                  (int)strcspn(spec->usage, "\n"), spec->usage);
    words_check(c);
    report_check(c);
}

void
cli_free(struct cli *c)
{
    free(c->uses);
    free(c->operands);
    c->uses = NULL;
    c->operands = NULL;
}

const struct cli_use *
cli_next(const struct cli *c, size_t id, const struct cli_use *last)
{
    size_t i = last != NULL ? (size_t)(last - c->uses) + 1 : 0;

    for (; i < c->use_count; i++) {
        if (c->uses[i].id == id)
            return &c->uses[i];
    }
    return NULL;
}

const struct cli_use *
cli_next_use(const struct cli *c, const struct cli_use *last)
{
    size_t i = last != NULL ? (size_t)(last - c->uses) + 1 : 0;

    return i < c->use_count ? &c->uses[i] : NULL;
}

bool
cli_has(const struct cli *c, size_t id)
{
    return (c->given >> id & 1) != 0;
}

bool
cli_has_any(const struct cli *c, size_t first, size_t last)
{
    for (size_t id = first; id <= last; id++) {
        if (cli_has(c, id))
            return true;
    }
    return false;
}

const char *
cli_value(const struct cli *c, size_t id)
{
    const struct cli_use *use = cli_next(c, id, NULL);

    return use != NULL && use->count > 0 ? use->value[0] : NULL;
}

const char *
cli_need(const struct cli *c, size_t id)
{
    const struct cli_option *o = &c->spec->options[id];
    const char *value = cli_value(c, id);

    if (value == NULL)
        cli_usage(c, "-%s %s is missing", o->brief != NULL ? o->brief : o->name,
                  o->values);
    return value;
}

/* The index of a key in a use; CLI_KEYS_MAX: it is absent. */
static size_t
use_find_key(const struct cli *c, const struct cli_use *use, const char *key)
{
    const char *const *keys;

    if (use == NULL)
        return CLI_KEYS_MAX;
    keys = c->spec->options[use->id].keys;
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (strcmp(keys[i], key) == 0)
            return use->key_value[i] != NULL ? i : CLI_KEYS_MAX;
    }
    return CLI_KEYS_MAX;
}

const char *
cli_key(const struct cli *c, const struct cli_use *use, const char *key)
{
    size_t i = use_find_key(c, use, key);

    return i < CLI_KEYS_MAX ? use->key_value[i] : NULL;
}

uint64_t
cli_key_number(const struct cli *c, const struct cli_use *use, const char *key,
               uint64_t absent)
{
    size_t i = use_find_key(c, use, key);

    return i < CLI_KEYS_MAX ? use->key_number[i] : absent;
}

uint64_t
cli_value_number(const struct cli *c, size_t id, uint64_t absent)
{
    const struct cli_use *use = cli_next(c, id, NULL);

    return use != NULL && use->count > 0 ? use->number[0] : absent;
}

static unsigned
hex_digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* The base that the first two characters name; 0: none. */
static unsigned
named_base(const char *text)
{
    if (strncmp(text, "0x", 2) == 0 || strncmp(text, "0X", 2) == 0)
        return 16;
    if (strncmp(text, "0o", 2) == 0 || strncmp(text, "0O", 2) == 0)
        return 8;
    if (strncmp(text, "0b", 2) == 0 || strncmp(text, "0B", 2) == 0)
        return 2;
    return 0;
}

bool
cli_number(const char *text, uint64_t max, uint64_t *out)
{
    unsigned named = named_base(text);
    unsigned base = named != 0 ? named : 10;
    uint64_t v = 0;

    if (named != 0)
        text += 2;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        unsigned digit = hex_digit_value(*text);

        if (digit >= base || digit > max || v > (max - digit) / base)
            return false;
        v = v * base + digit;
    }
    *out = v;
    return true;
}

bool
cli_number_behind(const char *prefix, const char *text, uint64_t max,
                  uint64_t *out)
{
    char word[WORD_MAX + 1];

    return snprintf(word, sizeof(word), "%s%s", prefix, text) <=
               (int)WORD_MAX &&
           cli_number(word, max, out);
}
