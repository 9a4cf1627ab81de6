/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: what its files share. */
#ifndef SFI_CREATE_H
#define SFI_CREATE_H

#include "cli/cli.h"
#include "cli/finding.h"
#include "cli/lenient.h"
#include "cli/select.h"
#include "sfi_create_table.h"

struct job {
    struct cli cli;
    sfi_ctx *ctx;
    bool json;
    struct json out; /* with --json */
    const sfi_chip *chip;
    sfi_image_builder *builder;
    sfi_key *key;
    uint8_t nonce[SFI_NONCE_LEN];
    char *reg;       /* the register of nonces; NULL: none */
    FILE *image_out; /* for the image; NULL: the file of -o */
    char *image;
    size_t size;
    uint64_t ram_size; /* of -rs */
    struct cli_findings findings;
    struct cli_select select;
};

/* 0, or the exit status for an error that is recorded in the context. */
int create_status(const struct job *j, sfi_status st);

/* sfi_create_keys.c: make the files that --genkey and --gennonce name; check
 * the words about keys; give key, nonce and register to the builder: from -k
 * and -n, or made for --new-keys, when all else has been checked. */
int create_keys(struct job *j);
/* sfi_create_options.c: check the words of -ob; the option bytes of -ob FILE
 * NAME=VALUE...; the CSV that --template-ob asks for. */
void create_check_ob_words(const struct cli *c);
sfi_status create_option_bytes(const struct job *j, const struct cli_use *use,
                               sfi_option_bytes **out);
int create_template(struct job *j);
void create_check_key_options(const struct cli *c);
int create_load_keys(struct job *j);
int create_new_keys(struct job *j);
/* sfi_create_image.c: prepare standard output, check -o before the work begins;
 * make the image, read it back and verify every tag; write it. */
int create_open_output(struct job *j);
int create_check_output(struct job *j);
int create_make_image(struct job *j);
int create_save_image(struct job *j);
/* sfi_create_words.c: the number of -v; check what -rs, -ct and -hash say, and
 * tell what it means. */
uint32_t create_version(const struct cli *c);
void create_check_words(struct job *j);
void create_tell_words(const struct job *j);
/* sfi_create_inputs.c: give everything that the command line names to a new
 * builder. */
int create_add_inputs(struct job *j);
/* sfi_create_check.c: show what the rules find. */
int create_check_rules(struct job *j);
void create_hint_new_keys(void);
/* --check: the same with all findings, and nothing is made. */
int create_check_only(struct job *j);
#endif
