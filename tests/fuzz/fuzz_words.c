/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The words of a command line, each with its NUL.  A usage error leaves by
 * exit(), which comes back here. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#include "fuzz.h"

#define WORDS_MAX 64

enum { OPT_CONNECT, OPT_SFI, OPT_FILE, OPT_FLAG, OPT_COUNT };

static const struct cli_option options[OPT_COUNT] = {
    [OPT_CONNECT] = {.brief = "c",
                     .name = "connect",
                     .keys = {"port", "br", "chip"},
                     .help = "link"},
    [OPT_SFI] = {.name = "sfi",
                 .values = "FILE [LICENSE]",
                 .min = 1,
                 .max = 2,
                 .keys = {"hsm", "slot", "protocol"},
                 .help = "install"},
    [OPT_FILE] = {.brief = "f",
                  .name = "file",
                  .values = "FILE [ADDRESS]",
                  .min = 1,
                  .max = 2,
                  .repeats = true,
                  .help = "file"},
    [OPT_FLAG] = {.name = "json", .help = "flag"},
};

static const struct cli_type types[] = {
    {.option = OPT_FILE,
     .kind = CLI_NUMBER,
     .first = 1,
     .last = 1,
     .max = 1024,
     .multiple = 4,
     .sentence = "a number"},
    {.option = OPT_SFI,
     .kind = CLI_CHOICE,
     .is_key = true,
     .choices = {"0", "1"},
     .sentence = "0 or 1"},
    {.option = OPT_SFI,
     .kind = CLI_FIELD,
     .first = 1,
     .last = 1,
     .sentence = "NAME=VALUE"},
    {.option = OPT_CONNECT,
     .kind = CLI_NEEDED,
     .is_key = true,
     .sentence = "port="},
};

static const struct cli_rule rules[] = {
    {.option = OPT_FILE, .kind = CLI_NOT, .others = UINT64_C(1) << OPT_CONNECT},
    {.option = OPT_FLAG,
     .kind = CLI_NEEDS,
     .others = UINT64_C(1) << OPT_FILE,
     .sentence = "-f"},
};

static const struct cli_spec spec = {
    .program = "fuzz",
    .purpose = "Tests.",
    .usage = "[FILE]",
    .options = options,
    .option_count = OPT_COUNT,
    .types = types,
    .type_count = sizeof(types) / sizeof(*types),
    .rules = rules,
    .rule_count = sizeof(rules) / sizeof(*rules),
    .operands_max = 1,
};

static jmp_buf left;
static struct cli c;

/* By the linker, in exit()'s place. */
_Noreturn void __wrap_exit(int status);
_Noreturn void __real_exit(int status);
static bool is_running;

_Noreturn void
__wrap_exit(int status)
{
    if (!is_running)
        __real_exit(status);
    FUZZ_HOLDS(status == 0 || status == CLI_EXIT_USAGE);
    longjmp(left, 1);
}

/* Its text goes nowhere.  Where a libc allows it the descriptors stay, for what
 * a sanitiser has to say. */
#ifdef __GLIBC__
static bool
drop_text(void)
{
    stderr = fopen("/dev/null", "w");
    stdout = fopen("/dev/null", "w");
    return stderr != NULL && stdout != NULL;
}
#else
static bool
drop_text(void)
{
    return freopen("/dev/null", "w", stderr) != NULL &&
           freopen("/dev/null", "w", stdout) != NULL;
}
#endif

static void
hush(void)
{
    static bool is_hushed;

    if (!is_hushed)
        FUZZ_HOLDS(drop_text());
    is_hushed = true;
}

/* Each word of an option lies in the words that were given. */
static bool
is_word(const char *at, const char *text, size_t len)
{
    return at >= text && at <= text + len;
}

static void
check(const char *text, size_t len)
{
    const struct cli_use *use = NULL;
    uint64_t n;

    FUZZ_HOLDS(c.operand_count <= 1);
    for (size_t id = 0; id < OPT_COUNT; id++) {
        unsigned count = 0;

        for (use = NULL; (use = cli_next(&c, id, use)) != NULL; count++) {
            FUZZ_HOLDS(use->count >= options[id].min);
            FUZZ_HOLDS(use->count <= options[id].max);
            for (unsigned i = 0; i < use->count; i++) {
                FUZZ_HOLDS(is_word(use->value[i], text, len));
                if (cli_number(use->value[i], 0xffff, &n))
                    FUZZ_HOLDS(n <= 0xffff);
            }
        }
        FUZZ_HOLDS(count <= 1 || options[id].repeats);
        FUZZ_HOLDS((count > 0) == cli_has(&c, id));
    }
    use = cli_next(&c, OPT_FILE, NULL);
    if (use != NULL && use->count > 1)
        FUZZ_HOLDS(use->number[1] <= 1024 && use->number[1] % 4 == 0);
}

/* A program's arguments; its name is empty. */
static int
split(char *text, size_t len, char **argv)
{
    int argc = 0;

    argv[argc++] = text + len;
    for (size_t at = 0; at < len && argc <= WORDS_MAX;
         at += strlen(text + at) + 1)
        argv[argc++] = text + at;
    argv[argc] = NULL;
    return argc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char *argv[WORDS_MAX + 2];
    static char *text;
    static int argc;

    hush();
    text = malloc(len + 1);
    FUZZ_HOLDS(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    argc = split(text, len, argv);
    is_running = true;
    if (setjmp(left) == 0) {
        cli_parse(&c, &spec, argc, argv);
        check(text, len);
    }
    is_running = false;
    cli_free(&c);
    free(text);
    return 0;
}
