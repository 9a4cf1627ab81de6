/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A station of sfi-program: one chip and what is done to it, the chip of -c or
 * one of --gang.
 *
 * The actions are a table of options and functions.  They run in the order of
 * the command line, and say what they do through the station, which shows it,
 * keeps it for JSON, or hands it to the gang. */
#ifndef EXAMPLES_SFI_PROGRAM_STATION_H
#define EXAMPLES_SFI_PROGRAM_STATION_H

#include <pthread.h>
#include <stdatomic.h>

#include "cli/cli.h"
#include "line/serial.h"

#define URI_MAX 1024      /* as long as the library makes one */
#define SECTORS_MAX 1024u /* as options/sfi-program.txt has it */
#define DONE_MAX 16u      /* more than there are keys */
#define DONE UINT64_MAX

struct program;

/* What was done, as JSON tells it: DONE, or how much. */
struct station_done {
    const char *key; /* NULL: behind the last */
    uint64_t amount;
};

#define RECEIPT_PATH_MAX 4352 /* a path (PATH_MAX is 4096) and a file name */

struct station {
    struct program *p;
    const char *port;  /* as it was typed; "": none */
    char uri[URI_MAX]; /* of the link; "": none */
    sfi_ctx *ctx;
    sfi_transport *tp;
    sfi_target *target; /* NULL: not connected, or the chip left it */
    const sfi_chip *part;
    uint64_t flash_size;      /* as the chip tells it, or else by its part */
    sfi_firmware **firmware;  /* by the use of -w */
    sfi_installer *in;        /* NULL: no -sfi */
    sfi_option_field *fields; /* of -ob displ, for JSON; the last is zero */
    struct cli_progress progress;
    FILE *shows; /* what was asked for: stdout, or memory in a gang */
    char *shown_text;
    size_t shown_len;
    FILE *notes;      /* what was done: a JSON object, in memory */
    struct json note; /* writes into `notes` */
    char *notes_text;
    size_t notes_len;
    struct station_done done[DONE_MAX + 1]; /* in the order that it began */
    bool all;          /* the erase is of the whole flash */
    bool many;         /* one of --gang: nobody can be asked */
    atomic_uint phase; /* of the install; others look at it */
    uint64_t bytes;    /* of the image */
    uint64_t started_ms;
    atomic_bool stop; /* end between two steps */
    /* The board. */
    const char *serial; /* its own number; NULL: not known */
    char serial_text[SERIAL_TEXT_MAX];
    uint8_t serial_bytes[SERIAL_FIELD_MAX];
    const struct cli_use *serial_use; /* the -w that has written it */
    uint64_t board;                   /* its number in a job; 0: none yet */
    char device_id[80];               /* of its chip, as far as a job knows */
    uint32_t entered;                 /* the phase that the job's journal has */
    bool is_complete; /* found installed, by an earlier attempt */
    long ate;         /* the number of its #ERR; 0: its status */
    /* The result. */
    sfi_status st;
    sfi_journal_job job;   /* the same, as a record tells it */
    sfi_status unrecorded; /* SFI_OK: its line is in the record */
    char why_not[256];
    char receipt_file[RECEIPT_PATH_MAX]; /* of --receipts; "": none */
    sfi_status unkept;                   /* SFI_OK: it is there */
    char why_unkept[256];
    /* In a gang. */
    pthread_t thread;
    bool has_thread;
    atomic_bool ended; /* the result is there */
    bool told;         /* so is it on the screen, or else the quarters */
    unsigned quarters;
};

/* Prepare for a port; `s` is zero but for port, uri and many. */
void station_begin(struct station *s, struct program *p, sfi_ctx *ctx);
void station_end(struct station *s);
/* Load the files of -w, before the chip is touched. */
sfi_status station_load_files(struct station *s);
/* Make the installer of -sfi, with image and licence, or else the HSM. */
sfi_status station_prepare_install(struct station *s, sfi_hsm *hsm);
/* OPT_SFI over the open link, to the end. */
sfi_status station_install(struct station *s);
/* What is left of one that an interrupted attempt completed: line/board.c. */
sfi_status station_end_install(struct station *s);
/* Connect unless that is done, and show the chip. */
sfi_status station_connect(struct station *s);
/* Do what the command line asks, once what it needs is loaded, up to the
 * result and its record. */
void station_work(struct station *s);
/* All actions, in the order of the command line. */
sfi_status station_run(struct station *s);

/* Ask before what cannot be undone.  `unstated` is the error where nobody can
 * be asked, `declined` the one after any other answer than yes. */
sfi_status station_confirm(struct station *s, const char *unstated,
                           const char *question, const char *declined);
/* A line that was asked for, such as the option bytes; none with --json. */
void station_show(struct station *s, const char *fmt, ...) CLI_PRINTF(2, 3);
/* Begin a result of its own in JSON, an object: json_close() ends it. */
struct json *station_result(struct station *s, const struct cli_use *use);
/* Note for JSON what was DONE, or how much more of it. */
void station_did(struct station *s, const char *key, uint64_t amount);

/* Fill the job, once `st` is known, and add it to the record. */
void station_conclude(struct station *s);
/* Print that its line is missing, if it is. */
void station_fail_record(const struct station *s);
/* The whole result, as members of the open JSON object. */
void station_write_result(struct station *s, struct json *j);

/* Find out what is there, without a change, and show it; after a connect that
 * failed with `st` as far as its error tells. */
sfi_status station_look(struct station *s, sfi_status st);

/* The actions.  `use` is the option with its words. */
sfi_status station_erase(struct station *s, const struct cli_use *use);
sfi_status station_write(struct station *s, const struct cli_use *use);
sfi_status station_read(struct station *s, const struct cli_use *use);
sfi_status station_show_memory(struct station *s, const struct cli_use *use);
sfi_status station_write_values(struct station *s, const struct cli_use *use);
sfi_status station_check_blank(struct station *s, const struct cli_use *use);
sfi_status station_checksum(struct station *s, const struct cli_use *use);
sfi_status station_option_bytes(struct station *s, const struct cli_use *use);
sfi_status station_control(struct station *s, const struct cli_use *use);

#endif
