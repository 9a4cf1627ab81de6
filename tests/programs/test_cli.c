/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The programs' shared parts: words into options, numbers, files, JSON, PINs
 * and progress.  Mistakes that end a program are tested by running programs. */
#define _DEFAULT_SOURCE /* forkpty */
#include <fcntl.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "cli/cli.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum { OPT_CONNECT, OPT_SFI, OPT_FILE, OPT_FIELDS, OPT_FLAG, OPT_COUNT };

static const struct cli_option options[OPT_COUNT] = {
    [OPT_CONNECT] = {.brief = "c",
                     .name = "connect",
                     .keys = {"port", "br", "chip", "P"},
                     .help = "link"},
    [OPT_SFI] = {.name = "sfi",
                 .values = "FILE [LICENSE]",
                 .min = 1,
                 .max = 2,
                 .keys = {"hsm", "slot", "protocol"},
                 .help = "install"},
    [OPT_FILE] = {.brief = "f",
                  .name = "file",
                  .also = {"d", "download"},
                  .values = "FILE [ADDRESS]",
                  .min = 1,
                  .max = 2,
                  .repeats = true,
                  .help = "file"},
    [OPT_FIELDS] = {.name = "ob",
                    .min = 1,
                    .max = 64,
                    .ignores = {"again"},
                    .help = "fields"},
    [OPT_FLAG] = {.name = "json", .help = "flag"},
};

static const struct cli_type types[] = {
    {.option = OPT_FILE,
     .kind = CLI_NUMBER,
     .first = 1,
     .last = 1,
     .max = UINT32_MAX},
    {.option = OPT_SFI,
     .kind = CLI_CHOICE,
     .is_key = true,
     .first = 2,
     .last = 2,
     .choices = {"static", "live"}},
    {.option = OPT_FIELDS, .kind = CLI_FIELD, .last = 63, .choices = {"displ"}},
};

static const struct cli_spec spec = {
    .program = "test",
    .purpose = "Tests.",
    .usage = "[FILE]",
    .options = options,
    .option_count = OPT_COUNT,
    .types = types,
    .type_count = ROWS(types),
    .operands_max = 1,
};

static void
parse(struct cli *c, const char *line)
{
    static char words[256];
    static char *argv[32];
    char *next = words;
    int argc = 0;

    (void)snprintf(words, sizeof(words), "test %s", line);
    for (char *at; (at = strtok_r(next, " ", &next)) != NULL;) {
        ck_assert_int_lt(argc, (int)ROWS(argv) - 1);
        argv[argc++] = at;
    }
    argv[argc] = NULL;
    cli_parse(c, &spec, argc, argv);
}

START_TEST(test_values_and_keys)
{
    const struct cli_use *use;
    struct cli c;

    parse(&c, "-c port=serial:/dev/ttyX?baud=115200 br=9600 --sfi protocol="
              "static out.sfi hsm=1 slot=vault:a=b.vault --json");
    use = cli_next(&c, OPT_CONNECT, NULL);
    ck_assert_ptr_nonnull(use);
    ck_assert_str_eq(use->spelling, "-c");
    ck_assert_str_eq(cli_key(&c, use, "port"), "serial:/dev/ttyX?baud=115200");
    ck_assert_str_eq(cli_key(&c, use, "br"), "9600");
    ck_assert_ptr_null(cli_key(&c, use, "chip"));
    ck_assert_ptr_null(cli_key(&c, use, "none"));
    ck_assert_ptr_null(cli_key(&c, NULL, "port"));
    use = cli_next(&c, OPT_SFI, NULL);
    ck_assert_uint_eq(use->count, 1);
    ck_assert_str_eq(use->value[0], "out.sfi");
    ck_assert_str_eq(cli_key(&c, use, "protocol"), "static");
    ck_assert_str_eq(cli_key(&c, use, "hsm"), "1");
    ck_assert_str_eq(cli_key(&c, use, "slot"), "vault:a=b.vault");
    ck_assert(cli_has(&c, OPT_FLAG));
    ck_assert(!cli_has(&c, OPT_FILE));
    ck_assert_ptr_null(cli_value(&c, OPT_FILE));
    ck_assert_uint_eq(c.operand_count, 0);
    cli_free(&c);

    parse(&c, "-sfi out.sfi hsm=0 my.license");
    use = cli_next(&c, OPT_SFI, NULL);
    ck_assert_uint_eq(use->count, 2);
    ck_assert_str_eq(use->value[1], "my.license");
    ck_assert_str_eq(cli_key(&c, use, "hsm"), "0");
    cli_free(&c);
}
END_TEST

START_TEST(test_numbers_of_words)
{
    const struct cli_use *use;
    struct cli c;

    parse(&c, "-f a.bin 0x63 --sfi a.sfi hsm=1 protocol=live -ob A=3 again "
              "B=0xffffffff --json");
    ck_assert_uint_eq(cli_next(&c, OPT_FILE, NULL)->number[1], 99);
    use = cli_next(&c, OPT_SFI, NULL);
    ck_assert_uint_eq(cli_key_number(&c, use, "protocol", 7), 1);
    ck_assert_uint_eq(cli_key_number(&c, use, "slot", 7), 7);
    use = cli_next(&c, OPT_FIELDS, NULL);
    ck_assert_uint_eq(use->count, 2);
    ck_assert_uint_eq(use->number[1], UINT32_MAX);
    ck_assert_uint_eq(cli_value_number(&c, OPT_FIELDS, 7), 3);
    ck_assert_uint_eq(cli_value_number(&c, OPT_CONNECT, 7), 7);
    ck_assert(cli_has_any(&c, OPT_CONNECT, OPT_SFI));
    ck_assert(!cli_has_any(&c, OPT_CONNECT, OPT_CONNECT));
    cli_free(&c);
}
END_TEST

START_TEST(test_other_spellings)
{
    const struct cli_use *use = NULL;
    struct cli c;

    parse(&c, "-d A=1.bin --json -c P=EVEN --download b.hex");
    use = cli_next_use(&c, use);
    ck_assert_uint_eq(use->id, OPT_FILE);
    ck_assert_str_eq(use->value[0], "A=1.bin");
    use = cli_next_use(&c, use);
    ck_assert_uint_eq(use->id, OPT_FLAG);
    use = cli_next_use(&c, use);
    ck_assert_str_eq(cli_key(&c, use, "P"), "EVEN");
    use = cli_next_use(&c, use);
    ck_assert_str_eq(use->spelling, "--download");
    ck_assert_ptr_null(cli_next_use(&c, use));
    cli_free(&c);

    /* without such a key it is a value */
    parse(&c, "--sfi P=1.sfi");
    ck_assert_str_eq(cli_value(&c, OPT_SFI), "P=1.sfi");
    cli_free(&c);
}
END_TEST

START_TEST(test_repeats_and_operands)
{
    const struct cli_use *use = NULL;
    struct cli c;

    parse(&c, "x.sfi -f a.bin 0x08000000 --file=b.hex --f - -file ./-c");
    ck_assert_uint_eq(c.operand_count, 1);
    ck_assert_str_eq(c.operands[0], "x.sfi");
    use = cli_next(&c, OPT_FILE, use);
    ck_assert_uint_eq(use->count, 2);
    ck_assert_str_eq(use->value[1], "0x08000000");
    use = cli_next(&c, OPT_FILE, use);
    ck_assert_uint_eq(use->count, 1);
    ck_assert_str_eq(use->value[0], "b.hex");
    use = cli_next(&c, OPT_FILE, use);
    ck_assert_str_eq(use->value[0], "-");
    use = cli_next(&c, OPT_FILE, use);
    ck_assert_str_eq(use->value[0], "./-c");
    ck_assert_ptr_null(cli_next(&c, OPT_FILE, use));
    ck_assert_str_eq(cli_value(&c, OPT_FILE), "a.bin");
    ck_assert_str_eq(cli_need(&c, OPT_FILE), "a.bin");
    cli_free(&c);
}
END_TEST

static const struct {
    const char *text;
    uint64_t max, value;
    bool ok;
} numbers[] = {
    {"0", 0, 0, true},
    {"255", 255, 255, true},
    {"256", 255, 0, false},
    {"0xFF", 255, 255, true},
    {"0x100", 255, 0, false},
    {"010", 255, 10, true},
    {"0X0a", 255, 10, true},
    {"0b101", 255, 5, true},
    {"0O17", 255, 15, true},
    {"0b2", 255, 0, false},
    {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
    {"18446744073709551616", UINT64_MAX, 0, false},
    {"0xffffffffffffffff", UINT64_MAX, UINT64_MAX, true},
    {"0x10000000000000000", UINT64_MAX, 0, false},
    {"", 255, 0, false},
    {"0x", 255, 0, false},
    {"-1", 255, 0, false},
    {"+1", 255, 0, false},
    {" 1", 255, 0, false},
    {"1 ", 255, 0, false},
    {"1f", 255, 0, false},
    {"0x1g", 255, 0, false},
};

START_TEST(test_numbers)
{
    uint64_t value = 12345;

    ck_assert_msg(cli_number(numbers[_i].text, numbers[_i].max, &value) ==
                      numbers[_i].ok,
                  "\"%s\"", numbers[_i].text);
    ck_assert_uint_eq(value, numbers[_i].ok ? numbers[_i].value : 12345);
}
END_TEST

START_TEST(test_exit_status)
{
    ck_assert_int_eq(cli_exit_status(SFI_OK), 0);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_ARGUMENT), 1);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_LIMIT), 2);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_AUTH), 3);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_TIMEOUT), 4);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_DEVICE), 5);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_HSM_PIN), 6);
    ck_assert_int_eq(cli_exit_status(SFI_ERR_INTERNAL), 7);
}
END_TEST

/* ---- what is printed ---- */

/* All that was written to `f`, which is closed. */
static const char *
text_of(FILE *f)
{
    static char text[4096];
    size_t len;

    rewind(f);
    len = fread(text, 1, sizeof(text) - 1, f);
    text[len] = '\0';
    (void)fclose(f);
    return text;
}

START_TEST(test_json)
{
    static const uint8_t bytes[] = {0x00, 0xff, 0x1a};
    FILE *f = tmpfile();
    struct json j;

    ck_assert_ptr_nonnull(f);
    json_init(&j, f);
    json_open_object(&j, NULL);
    json_text(&j, "a\"b", "c\\d\n\x01\x7f \xc3\xa9");
    json_number(&j, "n", UINT64_MAX);
    json_bool(&j, "yes", true);
    json_open_array(&j, "list");
    json_number(&j, NULL, 1);
    json_hex(&j, NULL, bytes, sizeof(bytes));
    json_open_object(&j, NULL);
    json_close(&j);
    json_close(&j);
    json_open_array(&j, "none");
    json_close(&j);
    json_close(&j);
    json_close(&j); /* a call after the end has no effect */
    ck_assert_str_eq(text_of(f), "{\n"
                                 "  \"a\\\"b\": \"c\\\\d\\u000a\\u0001\\u007f "
                                 "\xc3\xa9\",\n"
                                 "  \"n\": 18446744073709551615,\n"
                                 "  \"yes\": true,\n"
                                 "  \"list\": [\n"
                                 "    1,\n"
                                 "    \"00ff1a\",\n"
                                 "    {}\n"
                                 "  ],\n"
                                 "  \"none\": []\n"
                                 "}\n");
}
END_TEST

/* Foreign text: invalid UTF-8 becomes U+FFFD, and controls their numbers. */
START_TEST(test_json_foreign)
{
    FILE *f = tmpfile();
    struct json j;

    ck_assert_ptr_nonnull(f);
    json_init_line(&j, f);
    json_open_array(&j, NULL);
    json_text(&j, NULL, "\xff\xc0\xaf\xed\xa0\x80\xc3");
    json_text(&j, NULL, "\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81");
    json_text(&j, NULL, "\xe2\x82\xac\xf0\x9f\x98\x80");
    json_close(&j);
    ck_assert_str_eq(text_of(f),
                     "[\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\", "
                     "\"\\u009b\\u202e\\udb40\\udc41\", "
                     "\"\xe2\x82\xac\xf0\x9f\x98\x80\"]\n");
}
END_TEST

START_TEST(test_json_line)
{
    FILE *f = tmpfile();
    struct json j;

    ck_assert_ptr_nonnull(f);
    json_init_line(&j, f);
    json_open_object(&j, NULL);
    json_text(&j, "a", "b\nc");
    json_open_object(&j, "d");
    json_number(&j, "e", 1);
    json_close(&j);
    json_open_array(&j, "f");
    json_bool(&j, NULL, true);
    json_close(&j);
    json_close(&j);
    ck_assert_str_eq(text_of(f), "{\"a\": \"b\\u000ac\", "
                                 "\"d\": {\"e\": 1}, \"f\": [true]}\n");
}
END_TEST

/* A value that was written before, in its new place. */
START_TEST(test_json_value)
{
    static const char *const expected[] = {
        "{\n  \"in\": {\n    \"a\": [\n      1,\n      \"x\\u000a y\"\n    ]\n"
        "  }\n}\n",
        "{\"in\": { \"a\": [ 1, \"x\\u000a y\" ] }}\n",
    };

    for (int i = 0; i < 2; i++) {
        char *inner = NULL, *text = NULL;
        size_t len;
        FILE *f = open_memstream(&inner, &len);
        struct json j;

        json_init(&j, f);
        json_open_object(&j, NULL);
        json_open_array(&j, "a");
        json_number(&j, NULL, 1);
        json_text(&j, NULL, "x\n y");
        json_close(&j);
        json_close(&j);
        ck_assert_int_eq(fclose(f), 0);
        f = open_memstream(&text, &len);
        (i == 0 ? json_init : json_init_line)(&j, f);
        json_open_object(&j, NULL);
        json_value(&j, "in", inner);
        json_close(&j);
        ck_assert_int_eq(fclose(f), 0);
        ck_assert_str_eq(text, expected[i]);
        free(inner);
        free(text);
    }
}
END_TEST

START_TEST(test_json_error)
{
    FILE *f = tmpfile();
    struct json j;
    sfi_key *key;
    sfi_ctx *ctx;
    sfi_status st;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(sfi_ctx_new(NULL, &ctx), SFI_OK);
    st = sfi_key_load(ctx, "/nowhere/key", &key);
    ck_assert_int_eq(st, SFI_ERR_OS);
    json_init(&j, f);
    json_open_object(&j, NULL);
    json_error(&j, ctx, SFI_OK);
    json_error(&j, ctx, st);
    json_close(&j);
    ck_assert_str_eq(text_of(f),
                     "{\n"
                     "  \"error\": {\n"
                     "    \"status\": -702,\n"
                     "    \"name\": \"SFI_ERR_OS\",\n"
                     "    \"where\": \"/nowhere/key\",\n"
                     "    \"message\": \"cannot read: No such file or "
                     "directory\",\n"
                     "    \"os_code\": 2,\n"
                     "    \"peer_code\": 0\n"
                     "  }\n"
                     "}\n");
    sfi_ctx_free(ctx);
}
END_TEST

/* Not a terminal: a line for each ten percent. */
START_TEST(test_progress)
{
    const sfi_progress first = {.phase = SFI_PHASE_VERIFY};
    const char *areas = "areas";
    FILE *f = tmpfile();
    struct cli_progress p;

    cli_progress_init(&p, f);
    cli_progress_step(&p, "step %d", 1);
    cli_progress_show(&p, &first);
    for (uint64_t done = 0; done <= 1000; done += 7)
        cli_progress_items(&p, areas, done, 1000);
    cli_progress_items(&p, areas, 2000, 1000);
    cli_progress_end(&p);
    cli_progress_step(&p, "end");
    ck_assert_str_eq(text_of(f),
                     "step 1\nVerifying: 0%\nareas: 0%\nareas: 10%\n"
                     "areas: 20%\nareas: 30%\nareas: 40%\nareas: 50%\n"
                     "areas: 60%\nareas: 70%\nareas: 80%\nareas: 90%\n"
                     "areas: 100%\nend\n");
    cli_progress_init(&p, NULL);
    cli_progress_step(&p, "silent");
    cli_progress_show(&p, &first);
    cli_progress_end(&p);
}
END_TEST

/* ---- files and PINs ---- */

static const char *
temporary(const void *data, size_t len)
{
    static char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "/tmp/sfi-cli-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
    (void)close(fd);
    return path;
}

static sfi_ctx *
shared_context(const struct cli *c)
{
    static sfi_ctx *ctx;

    if (ctx == NULL)
        ctx = cli_context(c);
    return ctx;
}

/* The name goes to another file right after it was checked: the linker puts
 * this function in the place of the library's. */
static const char *swap_from, *swap_to;
sfi_status __wrap_sfi_ctx_check_path(sfi_ctx *ctx, const char *path);
sfi_status __real_sfi_ctx_check_path(sfi_ctx *ctx, const char *path);

sfi_status
__wrap_sfi_ctx_check_path(sfi_ctx *ctx, const char *path)
{
    sfi_status st = __real_sfi_ctx_check_path(ctx, path);

    if (swap_from != NULL)
        ck_assert_int_eq(rename(swap_from, swap_to), 0);
    swap_from = NULL;
    return st;
}

static const int swapped_flags[] = {O_RDONLY, O_RDWR | O_CREAT | O_APPEND};

START_TEST(test_swapped_file)
{
    static const char database[] = "SQLite format 3";
    char path[64], vault[64];
    struct cli c;
    int fd;

    (void)snprintf(path, sizeof(path), "%s", temporary("x", 1));
    (void)snprintf(vault, sizeof(vault), "%s",
                   temporary(database, sizeof(database)));
    parse(&c, "");
    swap_from = vault;
    swap_to = path;
    ck_assert_int_eq(
        cli_open(shared_context(&c), path, swapped_flags[_i], 0600, &fd),
        SFI_ERR_ACCESS);
    ck_assert_ptr_null(swap_from);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(unlink(path), 0);

    (void)snprintf(path, sizeof(path), "%s", temporary("x", 1));
    ck_assert_int_eq(
        cli_open(shared_context(&c), path, swapped_flags[_i], 0600, &fd),
        SFI_OK);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(unlink(path), 0);
    cli_free(&c);
}
END_TEST

/* The exit status. */
static int
read_pin(const struct cli *c, const char *path, bool twice, struct cli_pin *pin)
{
    return cli_exit_status(
        cli_pin_read(c, shared_context(c), path, twice, pin));
}

static const struct {
    const char *content;
    int status;
    const char *pin;
} pins[] = {
    {"1234\n", 0, "1234"},   {"1234", 0, "1234"}, {"1234\r\nmore\n", 0, "1234"},
    {" a b \n", 0, " a b "}, {"", 6, ""},         {"\n1234\n", 6, ""},
    {"\r\n", 6, ""},
};

START_TEST(test_pin_file)
{
    const char *path = temporary(pins[_i].content, strlen(pins[_i].content));
    struct cli_pin pin;
    struct cli c;

    parse(&c, "");
    ck_assert_int_eq(read_pin(&c, path, false, &pin), pins[_i].status);
    ck_assert_uint_eq(pin.len, strlen(pins[_i].pin));
    ck_assert_str_eq(pin.pin_secret, pins[_i].pin);
    cli_pin_wipe(&pin);
    ck_assert_uint_eq(pin.len, 0);
    ck_assert_str_eq(pin.pin_secret, "");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(read_pin(&c, path, false, &pin), 7);
    cli_free(&c);
}
END_TEST

START_TEST(test_long_pin)
{
    char long_pin[CLI_PIN_MAX + 1];
    struct cli_pin pin;
    const char *path;
    struct cli c;

    parse(&c, "");
    for (size_t i = 0; i < sizeof(long_pin); i++)
        long_pin[i] = 'x';
    path = temporary(long_pin, CLI_PIN_MAX);
    ck_assert_int_eq(read_pin(&c, path, false, &pin), 0);
    ck_assert_uint_eq(pin.len, CLI_PIN_MAX);
    ck_assert_int_eq(unlink(path), 0);
    path = temporary(long_pin, CLI_PIN_MAX + 1);
    ck_assert_int_eq(read_pin(&c, path, false, &pin), 2);
    ck_assert_uint_eq(pin.len, 0);
    ck_assert_int_eq(unlink(path), 0);
    cli_free(&c);
}
END_TEST

/* ---- at a terminal ---- */

#define ROUNDS 3 /* of a new PIN that is typed twice */

/* The input at each prompt, and the expected result. */
static const struct {
    bool twice;
    const char *keys[2 * ROUNDS];
    int status;
    const char *pin;
} typed[] = {
    {false, {"1234\n"}, 0, "1234"},
    {false,
     {"12x\x7f\x7f\x7f\x7f"
      "34\r"},
     0,
     "34"},
    {false,
     {"12\x08"
      "3\n"},
     0,
     "13"},
    {false,
     {"zzz\x15"
      "1234\n"},
     0,
     "1234"},
    {false, {"12\x03"}, 7, ""},
    {false, {"\x04"}, 7, ""},
    {false, {"\n"}, 6, ""},
    {true, {"1234\n", "1234\n"}, 0, "1234"},
    {true, {"1234\n", "1235\n", "12\n", "12\n"}, 0, "12"},
    {true, {"12\n", "1\n", "1\n", "12\n", "2\n", "2\n"}, 0, "2"},
    {true, {"12\n", "1\n", "1\n", "12\n", "2\n", "1\n"}, 6, ""},
    {true, {"1234\n", "\x03"}, 7, ""},
    {true, {"12\n", "1\n", "\x03"}, 7, ""},
};

#define CHILD_MISMATCH 99

/* Collect the terminal's output until it ends in `end` or closes. */
static void
watch(int fd, char *shown, size_t cap, const char *end)
{
    size_t len = strlen(shown), n = strlen(end);
    ssize_t got;

    while (len + 1 < cap && (got = read(fd, shown + len, 1)) == 1) {
        len += (size_t)got;
        shown[len] = '\0';
        if (n > 0 && len >= n && strcmp(shown + len - n, end) == 0)
            return;
    }
}

static void
type(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int
status_of(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(test_typed_pin)
{
    char shown[512] = "";
    struct cli_pin pin;
    struct cli c;
    pid_t child;
    int fd;

    parse(&c, "");
    child = forkpty(&fd, NULL, NULL, NULL);
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int status = read_pin(&c, NULL, typed[_i].twice, &pin);

        _exit(strcmp(pin.pin_secret, typed[_i].pin) == 0 ? status
                                                         : CHILD_MISMATCH);
    }
    for (size_t i = 0; i < 2 * ROUNDS && typed[_i].keys[i] != NULL; i++) {
        watch(fd, shown, sizeof(shown), i % 2 == 0 ? "PIN: " : "again: ");
        type(fd, typed[_i].keys[i]);
    }
    watch(fd, shown, sizeof(shown), "");
    ck_assert_int_eq(status_of(child), typed[_i].status);
    ck_assert_msg(strpbrk(shown, "0123456789") == NULL, "shown: %s", shown);
    (void)close(fd);
    cli_free(&c);
}
END_TEST

static const struct {
    const char *answer;
    bool yes;
} answers[] = {
    {"yes\n", true}, {"y\n", false},   {"no\n", false},
    {"\n", false},   {"YES\n", false}, {"yes please\n", false},
};

START_TEST(test_confirm)
{
    char shown[512] = "";
    struct cli c;
    pid_t child;
    int fd;

    parse(&c, "");
    child = forkpty(&fd, NULL, NULL, NULL);
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(cli_confirm(&c, "Lock it?", "--yes") ? 1 : 0);
    watch(fd, shown, sizeof(shown), "Lock it? (yes/no) ");
    type(fd, answers[_i].answer);
    watch(fd, shown, sizeof(shown), "");
    ck_assert_int_eq(status_of(child), answers[_i].yes);
    (void)close(fd);
    cli_free(&c);
}
END_TEST

START_TEST(test_no_terminal)
{
    struct cli_pin pin;
    struct cli c;
    pid_t child;

    parse(&c, "");
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        (void)setsid(); /* gives up the terminal */
        if (cli_confirm(&c, "Lock it?", "--yes"))
            _exit(CHILD_MISMATCH);
        _exit(read_pin(&c, NULL, false, &pin));
    }
    ck_assert_int_eq(status_of(child), 6);
    cli_free(&c);
}
END_TEST

START_TEST(test_no_core)
{
    struct rlimit core;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        cli_hide_memory();
        if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 ||
            core.rlim_max != 0)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(status_of(child), 0);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("cli");
    TCase *tc = tcase_create("cli");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, test_values_and_keys);
    tcase_add_test(tc, test_numbers_of_words);
    tcase_add_test(tc, test_other_spellings);
    tcase_add_test(tc, test_repeats_and_operands);
    tcase_add_loop_test(tc, test_numbers, 0, (int)ROWS(numbers));
    tcase_add_test(tc, test_exit_status);
    tcase_add_test(tc, test_json);
    tcase_add_test(tc, test_json_foreign);
    tcase_add_test(tc, test_json_line);
    tcase_add_test(tc, test_json_value);
    tcase_add_test(tc, test_json_error);
    tcase_add_test(tc, test_progress);
    tcase_add_loop_test(tc, test_swapped_file, 0, (int)ROWS(swapped_flags));
    tcase_add_loop_test(tc, test_pin_file, 0, (int)ROWS(pins));
    tcase_add_test(tc, test_long_pin);
    tcase_add_loop_test(tc, test_typed_pin, 0, (int)ROWS(typed));
    tcase_add_loop_test(tc, test_confirm, 0, (int)ROWS(answers));
    tcase_add_test(tc, test_no_terminal);
    tcase_add_test(tc, test_no_core);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
