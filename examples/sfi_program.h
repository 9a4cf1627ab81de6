/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of sfi-program share. */
#ifndef EXAMPLES_SFI_PROGRAM_H
#define EXAMPLES_SFI_PROGRAM_H

#include <signal.h>
#include <stdatomic.h>

#include "cli/cli.h"
#include "cli/lenient.h"
#include "receipts/receipts.h"
#include "sfi_program_station.h"
#include "sfi_program_table.h"

#define STATIONS_MAX 256u /* a thread each; more than any bench has sockets */

/* The command line, and what all chips share. */
struct program {
    struct cli cli;
    sfi_ctx *ctx;
    const sfi_chip *chip; /* the expected one; NULL: any */
    uint32_t timeout_ms;  /* for finding the chip; 0: the library's default */
    sfi_hsm *hsm;         /* opened at the first request to it */
    const char *slot;     /* its name */
    bool hsm_opened;
    bool hsm_is_late;   /* because a licence may be in a store */
    atomic_bool typing; /* the PIN is being asked for */
    int failed; /* exit status of what was printed where it failed, or 0 */
    bool json;
    bool plain;               /* actions of the open bootloader, no install */
    bool look;                /* a port alone: say what is there */
    bool live;                /* -sfi: with a live licence */
    struct station *stations; /* of -c, or of --gang */
    size_t station_count;
    char *ports; /* storage of their names */
    struct serial_field serial_at;
    struct line *line;          /* of --job; or NULL */
    char **job_words;           /* the command line that it stands for */
    volatile sig_atomic_t stop; /* a signal came */
    sfi_license_batch *batch;   /* that runs; or NULL */
    sfi_journal *record;        /* NULL: not asked for */
    struct json out;
    struct cli_progress progress;
};

/* Add a station for a port of -c, which may be NULL, or of --gang; a port that
 * cannot be one is a usage error. */
void program_add_station(struct program *p, const struct cli_use *use,
                         const char *port);
/* A signal cancels the batch and the stations, from now on until
 * cli_handle_signals(). */
void program_catch_signals(struct program *p);
/* Log in to the HSM of OPT_SFI before the chip is touched, unless a store may
 * do without; a licence that is given needs none. */
sfi_status program_log_in_to_install(struct program *p);
/* Say how an install on one chip went. */
void program_report_install(struct station *s);
/* OPT_GET_CERTIFICATE and OPT_CHIP_LICENSE on a chip that is made secure if
 * need be. */
sfi_status station_save_certificate(struct station *s);

/* The HSM that a use names: slot=HSM, or ST's default, the first reader. */
const char *program_slot(const struct program *p, const struct cli_use *use);
/* Use this HSM: open it, ask for the PIN and log in.  `late`: not before it is
 * needed, which is never for a chip whose licence is in a store. */
sfi_status program_use_hsm(struct program *p, const struct cli_use *use,
                           bool late);
/* A licence from the HSM for a certificate, as a file. */
sfi_status program_save_license(struct program *p, const sfi_certificate *cert,
                                const char *path);
/* Show what an HSM reports without a PIN: OPT_HSM_INFO to OPT_HSM_STATUS. */
sfi_status program_ask_hsm(struct program *p, size_t id);
/* OPT_HSM_LICENSE: a licence for one certificate, or a folder of licences for a
 * folder of certificates, which is the second. */
sfi_status program_get_license(struct program *p);
sfi_status program_license_batch(struct program *p, const struct cli_use *use);

/* Report the error of another context; returns `st`. */
sfi_status program_take_error(struct program *p, const sfi_ctx *from,
                              sfi_status st);
/* Print the failure of one of several, which does not end the others. */
void program_fail(struct program *p, const sfi_ctx *ctx, sfi_status st,
                  const char *path);
/* OPT_RECORD: append to a journal, or begin one. */
sfi_status program_open_record(struct program *p);

/* Make the stations of OPT_GANG; exits on a usage error. */
void program_read_gang(struct program *p, const struct cli_use *use);
/* Work on all its chips at once.  The status is of the run as a whole; those of
 * chips are printed. */
sfi_status program_gang(struct program *p);

sfi_status program_list(struct program *p); /* OPT_LIST */

/* ---- a job, by the hooks of its boards: line/ ---- */

/* Read OPT_JOB, and the command line that its file stands for instead of this
 * one; exits on a usage error. */
void program_read_job(struct program *p, int argc, char **argv);
/* Make its boards. */
sfi_status program_job(struct program *p);
void program_end_job(struct program *p);
/* In a station's thread, over the open link: which board is it, and may it
 * begin?  Then it has begun in the journal. */
sfi_status station_begin_board(struct station *s);
/* A phase begins: the journal has it first.  Nothing without a job. */
sfi_status station_enter(struct station *s, uint32_t phase);
/* The result is there. */
void station_end_board(struct station *s);
/* "#OK" or "#ERR" of a station. */
void station_write_ate(const struct station *s);

#endif
