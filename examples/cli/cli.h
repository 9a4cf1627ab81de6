/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the programs share: options, errors, questions, progress, JSON.
 *
 * Both spellings of an option work, with one dash or two: the short one of
 * ST's tools and a long one.  An option takes plain values and `key=value`
 * words; its row in the table says how many and which. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <sfi/sfi.h>

#if defined(__GNUC__)
#define CLI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CLI_PRINTF(fmt, args)
#endif

#define CLI_EXIT_USAGE 64 /* EX_USAGE of sysexits.h */
#define CLI_VALUES_MAX 64 /* option bytes of a part */
#define CLI_KEYS_MAX 8

/* ---- options ---- */

/* A row of the table; its index in the table is its id. */
struct cli_option {
    const char *brief;  /* ST's spelling, without dashes; NULL: none */
    const char *name;   /* the long spelling */
    const char *values; /* for --help: "FILE [ADDRESS]"; NULL: none */
    unsigned min, max;  /* how many plain values; max <= CLI_VALUES_MAX */
    const char *keys[CLI_KEYS_MAX + 1]; /* the keys of key=value words */
    bool repeats;
    const char *help; /* may have several lines */
};

/* A program, or one command of a program. */
struct cli_spec {
    const char *program; /* "sfi-create", "sfi-sim run" */
    const char *purpose; /* one sentence */
    const char *usage;   /* what follows the name; one form a line,
                               a line with a blank first goes on */
    const struct cli_option *options;
    size_t option_count;
    unsigned operands_min, operands_max; /* words that follow no option */
    const char *notes;                   /* at the end of --help, or NULL */
};

/* One occurrence of an option. */
struct cli_use {
    size_t id;
    const char *spelling; /* as typed, for messages */
    unsigned count;
    const char *value[CLI_VALUES_MAX];
    const char *key_value[CLI_KEYS_MAX]; /* by index in keys; NULL: absent */
};

struct cli {
    const struct cli_spec *spec;
    struct cli_use *uses;
    size_t use_count;
    const char **operands; /* NULL behind the last */
    size_t operand_count;
};

/* Parse, or leave: --help and --version with 0, a mistake with 64 after a
 * message.  argv[0] is skipped. */
void cli_parse(struct cli *c, const struct cli_spec *spec, int argc,
               char **argv);
void cli_free(struct cli *c);
/* The command that argv[1] names; its own arguments begin at argv + 1.
 * Leaves like cli_parse(). */
const struct cli_spec *cli_command(const char *program, const char *purpose,
                                   const struct cli_spec *commands,
                                   size_t count, int argc, char **argv);

bool cli_has(const struct cli *c, size_t id);
/* The next occurrence after `last`; NULL: the first. */
const struct cli_use *cli_next(const struct cli *c, size_t id,
                               const struct cli_use *last);
/* First value of the first occurrence; NULL: absent. */
const char *cli_value(const struct cli *c, size_t id);
/* Likewise, but absent is a mistake: leaves with 64. */
const char *cli_need(const struct cli *c, size_t id);
/* Value of `key` in a use (NULL is fine); NULL: absent. */
const char *cli_key(const struct cli *c, const struct cli_use *use,
                    const char *key);

/* A whole number up to `max`, decimal or 0x-prefixed. */
bool cli_number(const char *text, uint64_t max, uint64_t *out);

/* ---- endings ---- */

/* A mistake of the caller: message, pointer to --help, exit with 64. */
_Noreturn void cli_usage(const struct cli *c, const char *fmt, ...)
    CLI_PRINTF(2, 3);
/* Likewise, before anything is parsed. */
_Noreturn void cli_usage_of(const char *program, const char *fmt, ...)
    CLI_PRINTF(2, 3);
/* Likewise, naming the chips that there are. */
_Noreturn void cli_unknown_chip(const struct cli *c, const char *text);
/* No memory: exit with 7. */
_Noreturn void cli_nomem(const char *program);
/* A context whose warnings go to stderr; leaves when there is no memory. */
sfi_ctx *cli_context(const struct cli *c);
/* `program: where: message` and a hint; returns the exit status. */
int cli_fail(const struct cli *c, const sfi_ctx *ctx, sfi_status st);
/* The same when the library did not know the file's name. */
int cli_fail_at(const struct cli *c, const sfi_ctx *ctx, sfi_status st,
                const char *path);
/* The same for what is no error of the library. */
int cli_fail_text(const struct cli *c, sfi_status st, const char *fmt, ...)
    CLI_PRINTF(3, 4);
/* 0, or the category of the status. */
int cli_exit_status(sfi_status st);
/* Flush stdout: `status`, or 7 when the output could not be written. */
int cli_finish(const struct cli *c, int status);

/* ---- whole files ---- */

#define CLI_FILE_MAX ((size_t)256 << 20)

struct cli_file {
    uint8_t *data;
    size_t len;
};

/* 0, or the exit status after a message. */
int cli_file_read(const struct cli *c, const char *path, struct cli_file *file);
void cli_file_free(struct cli_file *file);

/* ---- the person at the terminal ---- */

#define CLI_PIN_MAX 128u

struct cli_pin {
    char pin_secret[CLI_PIN_MAX + 1];
    size_t len;
};

/* The first line of `file`, or when NULL what is typed, unseen; `twice`: a new
 * PIN, typed again.  0, or the exit status after a message.  Wipe it. */
int cli_pin_read(const struct cli *c, const char *file, bool twice,
                 struct cli_pin *pin);
/* A new PIN, typed twice; `option` is what answers instead. */
int cli_new_pin_read(const struct cli *c, const char *file, const char *option,
                     struct cli_pin *pin);
void cli_pin_wipe(struct cli_pin *pin);
/* Clear a secret: the compiler may not leave it out. */
void cli_wipe(void *p, size_t len);
/* Was "yes" typed?  False with a message when nobody can be asked; `option`
 * is what answers instead. */
bool cli_confirm(const struct cli *c, const char *question, const char *option);

/* A bar on a terminal, lines of ten percent each elsewhere. */
struct cli_progress {
    FILE *out; /* NULL: silent */
    bool terminal;
    bool open; /* a bar is on the line */
    const char *what;
    unsigned shown; /* percent */
};

void cli_progress_init(struct cli_progress *p, FILE *out);
/* A line of its own, above any bar. */
void cli_progress_step(struct cli_progress *p, const char *fmt, ...)
    CLI_PRINTF(2, 3);
/* `what` is compared by pointer: another one begins a new bar. */
void cli_progress_at(struct cli_progress *p, const char *what, uint64_t done,
                     uint64_t total);
void cli_progress_end(struct cli_progress *p);

/* ---- JSON for machines ---- */

#define JSON_DEPTH_MAX 8u

struct json {
    FILE *out;
    bool on_a_line; /* all of it, instead of a line per value */
    unsigned depth;
    bool filled[JSON_DEPTH_MAX + 1];
    char closer[JSON_DEPTH_MAX + 1];
};

void json_init(struct json *j, FILE *out);
void json_init_line(struct json *j, FILE *out);
/* In an object every value has a name; in an array `name` is NULL. */
void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);
void json_close(struct json *j); /* the innermost */
void json_text(struct json *j, const char *name, const char *value);
void json_number(struct json *j, const char *name, uint64_t value);
void json_bool(struct json *j, const char *name, bool value);
void json_hex(struct json *j, const char *name, const uint8_t *data,
              size_t len);
/* "error": status, name, where, message and codes; nothing on success. */
void json_error(struct json *j, const sfi_ctx *ctx, sfi_status st);
/* The same of a failure that no context knows of. */
void json_failure(struct json *j, sfi_status st, const char *message);
/* ... of the first one that cli_fail_text() told; nothing if there was none. */
void cli_json_failure(struct json *j);

#endif
