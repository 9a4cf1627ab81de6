/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the programs share: options, errors, questions, progress, JSON.
 *
 * An option has a short spelling as in ST's tools and a long one; both work
 * with one dash or two.  An option takes plain values and `key=value` words;
 * its row in the table says how many and which. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sfi/sfi.h>

#if defined(__MINGW_PRINTF_FORMAT)
#define CLI_PRINTF(fmt, args) \
    __attribute__((format(__MINGW_PRINTF_FORMAT, fmt, args)))
#elif defined(__GNUC__)
#define CLI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CLI_PRINTF(fmt, args)
#endif

/* ---- the process ---- */

/* The first call of each program: descriptors 0 to 2 that are missing become
 * /dev/null, so that no file or port gets their number, and with it what is
 * printed. */
void cli_start(void);
/* The second call of a program that holds secrets: no core file, and on Linux
 * and Windows no debugger of the same user.  Programs that it starts inherit
 * the limit. */
void cli_hide_memory(void);
void cli_refuse_debuggers(void); /* the part that depends on the system */

#define CLI_EXIT_USAGE 64 /* EX_USAGE of sysexits.h */
#define CLI_VALUES_MAX 64 /* option bytes of a part */
#define CLI_KEYS_MAX 40
#define CLI_ALSO_MAX 2
#define CLI_CHOICES_MAX 8

/* ---- options ---- */

/* A row of the table; its index in the table is its id. */
struct cli_option {
    const char *brief; /* ST's spelling, without dashes; NULL: none */
    const char *name;  /* the long spelling */
    const char *also[CLI_ALSO_MAX]; /* more spellings; not in --help */
    const char *values; /* for --help: "FILE [ADDRESS]"; NULL: none */
    unsigned min, max;  /* how many plain values; max <= CLI_VALUES_MAX */
    const char *keys[CLI_KEYS_MAX + 1]; /* the keys of key=value words */
    uint64_t partial; /* numbers of values that are too few of a group */
    const char *ignores[CLI_ALSO_MAX]; /* words that change nothing */
    bool repeats;
    unsigned most;    /* how often; 0: no limit */
    bool lists_chips; /* --help adds a line for each part */
    const char *help; /* may have several lines */
};

enum cli_kind {
    CLI_NUMBER,  /* from min to max, and a multiple */
    CLI_CHOICE,  /* one of the choices */
    CLI_FIELD,   /* NAME=NUMBER, or alone one of the choices */
    CLI_RANGE,   /* FIRST-LAST, both from min to max */
    CLI_NUMBERS, /* the same, a number, or ST's [FIRST LAST], which after a
                  * shell is several words; or alone one of the choices */
    CLI_FOREIGN, /* not one of the choices */
    CLI_OUTPUT,  /* the name of a file to write, or one of the choices */
    CLI_NEEDED   /* a key that must be there */
};

/* What some values of an option, or that of a key, have to be. */
struct cli_type {
    size_t option;
    enum cli_kind kind;
    bool is_key;
    unsigned first, last; /* of the values, or of the keys */
    uint64_t min, max, multiple;
    bool any_base; /* of a number: also 1f, but no 010 */
    uint32_t file; /* the kind of an output, SFI_FILE_*; firmware can also be
                    * raw bytes, whose number may be the value before it */
    const char *choices[CLI_CHOICES_MAX];
    const char *sentence; /* what others are not, or what is expected */
};

enum cli_rule_kind {
    CLI_NEEDS, /* one of the others; the sentence names them */
    CLI_WITH,  /* nothing but the others can be beside it */
    CLI_NOT,   /* with one of the others; the sentence, which may be NULL, goes
                * on behind the option */
    CLI_REQUIRED /* unless one of the others is there; the sentence, which may
                  * be NULL, is the message */
};

/* How an option goes together with others, each a bit. */
struct cli_rule {
    size_t option;
    enum cli_rule_kind kind;
    uint64_t others;
    const char *sentence;
};

enum cli_place { CLI_VALUE, CLI_KEY, CLI_BESIDE };

/* That a value, a key or another option is there. */
struct cli_condition {
    enum cli_place place;
    size_t index;     /* of the value, the key or the option */
    const char *word; /* that it has to be; NULL: any */
    bool no;          /* it must not be there, or not be the word */
};

/* What is refused with the sentence, in each use of an option; a value of the
 * first condition stands before the sentence. */
struct cli_refusal {
    size_t option;
    struct cli_condition when[2];
    const char *sentence;
};

/* A word of another tool that this program has no option for. */
struct cli_foreign {
    const char *word;     /* without dashes */
    const char *sentence; /* why, and what to do */
};

/* A program, or one command of a program. */
struct cli_spec {
    const char *program; /* "sfi-create", "sfi-sim run" */
    const char *purpose; /* one sentence */
    const char *usage;   /* what follows the name, one usage a line; a line
                          * that begins with a blank continues it */
    const struct cli_option *options;
    size_t option_count;
    size_t force; /* the option --force, if there are outputs */
    const struct cli_type *types;
    size_t type_count;
    const struct cli_rule *rules;
    size_t rule_count;
    const struct cli_refusal *refusals;
    size_t refusal_count;
    const struct cli_foreign *foreign; /* ends with a row without a word; NULL:
                                        * none */
    unsigned operands_min, operands_max; /* words that belong to no option */
    const char *notes;                   /* at the end of --help, or NULL */
};

/* One occurrence of an option. */
struct cli_use {
    size_t id;
    const char *spelling; /* as typed, for messages */
    unsigned count;
    const char *value[CLI_VALUES_MAX];
    /* By index in keys, inside the word KEY=VALUE as it was typed; NULL:
     * absent. */
    const char *key_value[CLI_KEYS_MAX];
    /* Of those that have a type: a number, the first of a range, the value of a
     * field, or the index of a choice, unless it is a number itself. */
    uint64_t number[CLI_VALUES_MAX], key_number[CLI_KEYS_MAX];
    uint64_t last[CLI_VALUES_MAX]; /* of a range; each of its words has it */
};

struct cli {
    const struct cli_spec *spec;
    struct cli_use *uses;
    size_t use_count;
    uint64_t given;        /* the options, each a bit */
    const char **operands; /* the last is followed by NULL */
    size_t operand_count;
};

/* Parse, or exit: --help and --version with 0, a usage error with 64 after a
 * message.  argv[0] is skipped. */
void cli_parse(struct cli *c, const struct cli_spec *spec, int argc,
               char **argv);
void cli_free(struct cli *c);
/* The begin of a program that holds secrets: cli_start(), cli_hide_memory(),
 * and cli_parse(). */
void cli_begin(struct cli *c, const struct cli_spec *spec, int argc,
               char **argv);
/* The command that argv[1] names; its own arguments begin at argv + 1.
 * Exits like cli_parse(). */
const struct cli_spec *cli_command(const char *program, const char *purpose,
                                   const struct cli_spec *commands,
                                   size_t count, int argc, char **argv);

bool cli_has(const struct cli *c, size_t id);
/* One of the options from `first` to `last`. */
bool cli_has_any(const struct cli *c, size_t first, size_t last);
/* The next occurrence after `last`; NULL: the first. */
const struct cli_use *cli_next(const struct cli *c, size_t id,
                               const struct cli_use *last);
/* The next use of any option, in the order of the command line. */
const struct cli_use *cli_next_use(const struct cli *c,
                                   const struct cli_use *last);
/* First value of the first occurrence; NULL: absent. */
const char *cli_value(const struct cli *c, size_t id);
/* Its number, which cli_parse() has checked; `absent` without it. */
uint64_t cli_value_number(const struct cli *c, size_t id, uint64_t absent);
/* The same of a required option: exits with 64 when it is absent. */
const char *cli_need(const struct cli *c, size_t id);
/* Value of `key` in a use, which may be NULL; NULL: absent. */
const char *cli_key(const struct cli *c, const struct cli_use *use,
                    const char *key);
uint64_t cli_key_number(const struct cli *c, const struct cli_use *use,
                        const char *key, uint64_t absent);

/* A whole number up to `max`: decimal, or with 0x, 0o or 0b in front. */
bool cli_number(const char *text, uint64_t max, uint64_t *out);
/* The same of a word that lacks such a prefix. */
bool cli_number_behind(const char *prefix, const char *text, uint64_t max,
                       uint64_t *out);

/* The part with this name, order code or device id, which may lack its 0x; NULL
 * for NULL.  Another word is a usage error that lists the parts. */
const sfi_chip *cli_chip(const struct cli *c, const char *text);

/* The firmware of an option FILE [ADDRESS [raw]], whose values have these
 * types: ELF, Intel HEX, S-records or DfuSe, or with ADDRESS a plain binary. An
 * address for another file is a usage error, unless it is to be taken raw.
 * `how` is for files with their own addresses. */
sfi_status cli_firmware_load(const struct cli *c, sfi_ctx *ctx,
                             const struct cli_use *use,
                             const sfi_firmware_options *how,
                             sfi_firmware **out);

/* ---- messages and exit status ---- */

/* A usage error: message, hint to --help, exit with 64. */
_Noreturn void cli_usage(const struct cli *c, const char *fmt, ...)
    CLI_PRINTF(2, 3);
/* The same before anything is parsed. */
_Noreturn void cli_usage_of(const char *program, const char *fmt, ...)
    CLI_PRINTF(2, 3);
/* A text in memory of its own, which the caller frees; exits like cli_nomem().
 */
char *cli_text(const struct cli *c, const char *fmt, ...) CLI_PRINTF(2, 3);
/* Out of memory: exit with 7. */
_Noreturn void cli_nomem(const char *program);
/* A context whose warnings go to stderr; exits when there is no memory. */
sfi_ctx *cli_context(const struct cli *c);
/* Print `program: where: message` and a hint; returns the exit status. */
int cli_fail(const struct cli *c, const sfi_ctx *ctx, sfi_status st);
/* The same with `path` in front, for an error whose place has no file name. */
int cli_fail_at(const struct cli *c, const sfi_ctx *ctx, sfi_status st,
                const char *path);
/* The same for an error that the program found. */
int cli_fail_text(const struct cli *c, sfi_status st, const char *fmt, ...)
    CLI_PRINTF(3, 4);
/* An error that the program finds, as the library has its own: in the context,
 * printed by cli_fail() at the end.  The message says where.  Returns `st`. The
 * main thread's alone. */
sfi_status cli_report(sfi_ctx *ctx, sfi_status st, const char *fmt, ...)
    CLI_PRINTF(3, 4);
/* The same of a system call that failed with this code. */
sfi_status cli_report_os(sfi_ctx *ctx, int os_code, const char *fmt, ...)
    CLI_PRINTF(3, 4);
/* printf() for people: silent with --json. */
void cli_print(const char *fmt, ...) CLI_PRINTF(1, 2);
/* A warning, or a note, that is no failure: `program: text` on stderr, and an
 * event. */
void cli_warn(const char *program, const char *fmt, ...) CLI_PRINTF(2, 3);
/* A line below it, which tells what to do. */
void cli_hint(const char *fmt, ...) CLI_PRINTF(1, 2);
struct json;
/* An event of another shape; false: nobody wants one.  Others wait for its end.
 */
bool cli_event_begin(struct json *j, const char *event);
void cli_event_end(struct json *j);
/* A text of others for the terminal, where it cannot do harm.  The result is
 * valid until the fourth call from here; the main thread's alone. */
const char *cli_visible(const char *text);
/* 0, or the category of the status. */
int cli_exit_status(sfi_status st);
/* An sfi_write_fn: to the FILE that is the user, stdout or memory, where a
 * failure is seen later. */
sfi_status cli_write(void *file, const uint8_t *data, size_t len);
/* A cell of CSV and what stands behind it.  A spreadsheet would take one that
 * begins with a sign for a formula: it gets an apostrophe, which shows it as
 * text. */
void cli_csv_cell(FILE *out, const char *text, const char *end);
/* The end of a program: free the context, which may be NULL, close the log,
 * print what --json and --progress promise for the end, flush stdout, and free
 * the command line.  Returns `status`, or 7 when something could not be
 * written. */
int cli_finish(struct cli *c, sfi_ctx *ctx, int status);

/* ---- the log ---- */

/* Before any context: what stderr gets (SFI_LOG_*), and whether a file will
 * get everything. */
void cli_log_set(int verbosity, bool to_file);
/* For the options of a context. */
uint32_t cli_log_level(void);
/* Append to a log, or begin one. */
sfi_status cli_log_open(const struct cli *c, sfi_ctx *ctx, const char *path);
/* A line for the file, if there is one.  Any thread. */
void cli_log_line(const char *line);
/* The log function of a context, whose user is the program's spec. */
void cli_log_to_stderr(void *user, int level, const char *line);
/* Returns `status`, or 7 when the log could not be written. */
int cli_log_close(const struct cli *c, int status);

/* ---- whole files ---- */

/* open() of a path of the user's, the only one in the programs: a vault or
 * other database is refused, because to close it would drop the locks of the
 * HSM; also one that takes the name meanwhile.  Not for O_TRUNC.  *fd is -1
 * after a failure. */
sfi_status cli_open(sfi_ctx *ctx, const char *path, int flags, unsigned mode,
                    int *fd);
bool cli_is_folder(const char *path);
/* Two names of one file that is there. */
bool cli_is_same_file(const char *a, const char *b);

/* Check that an output may take the name `path`, before the work begins: it
 * will be of `kind` (SFI_FILE_*).  `force`: --force was given. */
sfi_status cli_check_output(sfi_ctx *ctx, const char *path, uint32_t kind,
                            bool force);
/* The same of all outputs that the command line names.  One that is an input is
 * a usage error.  In a folder each is checked when it is saved. */
sfi_status cli_check_outputs(const struct cli *c, sfi_ctx *ctx);

/* SIGINT, SIGTERM and SIGHUP go to this handler; SIG_DFL: as before. */
void cli_handle_signals(void (*handler)(int signum));
/* They end a program that serves: afterwards cli_is_ended() returns 1, which
 * can be the function that a library asks; else 0. */
void cli_end_by_signals(void);
int cli_is_ended(void *user);

/* ---- the person at the terminal ---- */

#define CLI_PIN_MAX 128u

struct cli_pin {
    char pin_secret[CLI_PIN_MAX + 1];
    size_t len;
};

/* Read a PIN: the first line of `file`, or when that is NULL, typed without
 * echo; `twice`: a new PIN, typed twice.  Wipe the PIN after use. */
sfi_status cli_pin_read(const struct cli *c, sfi_ctx *ctx, const char *file,
                        bool twice, struct cli_pin *pin);
/* Read a new PIN; a message names `option` as the way without a terminal. */
sfi_status cli_new_pin_read(const struct cli *c, sfi_ctx *ctx, const char *file,
                            const char *option, struct cli_pin *pin);
void cli_pin_wipe(struct cli_pin *pin);
/* Clear a secret; the compiler cannot remove the call. */
void cli_wipe(void *p, size_t len);
/* Ask, and return whether "yes" was typed.  Without a terminal: false after a
 * message that names `option`. */
bool cli_confirm(const struct cli *c, const char *question, const char *option);

/* On a clock that only runs. */
uint64_t cli_now_ms(void);

enum cli_unit { CLI_BYTES, CLI_ITEMS, CLI_TIME };

/* Where long work is, and how fast. */
struct cli_pace {
    const char *what;
    enum cli_unit unit;
    uint64_t done, total;
    uint64_t rate; /* each second; 0: not known yet */
    bool has_eta;
    uint64_t eta_ms;
    uint64_t first, began_ms; /* `done` at the begin, and when that was */
};

/* A bar on a terminal; elsewhere a line for each ten percent. */
struct cli_progress {
    FILE *out;         /* NULL: silent, for events only */
    const char *port;  /* for events, when there are several; or NULL */
    const char *phase; /* for the event of the next step; or NULL */
    bool terminal;
    bool open;               /* the cursor is behind a bar */
    bool quiet;              /* lines, but no bar and no percent */
    unsigned columns, shown; /* of the terminal; percent */
    uint64_t told_ms;        /* when the last event was */
    struct cli_pace pace;
};

/* The columns of a terminal that can redraw a line; 0: it is none. */
unsigned cli_columns(FILE *out);
void cli_progress_init(struct cli_progress *p, FILE *out);
/* Print a line; an open bar ends first. */
void cli_progress_step(struct cli_progress *p, const char *fmt, ...)
    CLI_PRINTF(2, 3);
/* Show how much is done of work that the library tells of, if its phase has a
 * bar. */
void cli_progress_show(struct cli_progress *p, const sfi_progress *at);
/* The same of things that are counted, as chips.  `what` is compared by
 * pointer: another pointer begins a new bar. */
void cli_progress_items(struct cli_progress *p, const char *what, uint64_t done,
                        uint64_t total);
/* Work that tells nothing until it ends, and then calls cli_progress_done(), or
 * after a failure cli_progress_end(): the time that it typically takes. */
void cli_progress_expect(struct cli_progress *p, const char *what, uint64_t ms);
void cli_progress_done(struct cli_progress *p);
void cli_progress_end(struct cli_progress *p);
/* Show how far the verification of an audit is: a bar on a terminal, and
 * events.  End it with cli_progress_end(). */
void cli_progress_watch(struct cli_progress *p, sfi_ctx *ctx);
/* The bar of one of several, as a line of so many columns; false: it has none
 * now.  Any thread. */
bool cli_progress_row(const struct cli_progress *p, const char *port,
                      unsigned columns, char *out, size_t size);
/* How much is done of its bar, or was of its last one.  Any thread. */
unsigned cli_progress_percent(const struct cli_progress *p);
/* Cut a text of UTF-8 to so many columns. */
void cli_cut(char *text, unsigned columns);

/* ---- JSON for machines ---- */

/* Where it is shown that the library waits for a person, as it logs. */
void cli_log_waits(struct cli_progress *p);

#define JSON_DEPTH_MAX 8u

struct json {
    FILE *out;      /* NULL: it is not wanted, and all calls do nothing */
    bool on_a_line; /* all on one line, not a line for each value */
    bool has_error; /* the outermost object has its "error" */
    unsigned depth;
    bool filled[JSON_DEPTH_MAX + 1];
    char closer[JSON_DEPTH_MAX + 1];
};

void json_init(struct json *j, FILE *out);
void json_init_line(struct json *j, FILE *out);
/* `name` is the member's name in an object, NULL in an array. */
void json_open_object(struct json *j, const char *name);
void json_open_array(struct json *j, const char *name);
void json_close(struct json *j); /* the innermost */
/* Nothing for NULL. */
void json_text(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, uint64_t value);
void json_number_signed(struct json *j, const char *name, long value);
void json_bool(struct json *j, const char *name, bool value);
void json_hex(struct json *j, const char *name, const uint8_t *data,
              size_t len);
/* A whole value that another `struct json` wrote: the same tokens, indented as
 * they are here. */
void json_value(struct json *j, const char *name, const char *value);
/* --json is given. */
bool cli_wants_json(void);
/* Begin the one object that --json prints, if it is given, with `program`,
 * `version` and `schema`.  cli_finish() adds the error, if none is there, and
 * prints it; `j` lives until then. */
void cli_json_begin(struct json *j);
/* An sfi_write_fn whose user is a struct json: the members of an object that is
 * JSON already, whole. */
sfi_status json_members(void *json, const uint8_t *object, size_t len);
/* "error": status, name, where, message and codes; nothing on success. */
void json_error(struct json *j, const sfi_ctx *ctx, sfi_status st);
/* The same of its parts. */
struct json_error_parts {
    sfi_status status;
    const char *where, *message;
    int os_code;
    int32_t peer_code;
};
void json_error_parts(struct json *j, const struct json_error_parts *e);
/* The same of the first failure that cli_fail(), cli_fail_text() or
 * cli_usage() printed; nothing if there was none. */
void cli_json_failure(struct json *j);

#endif
