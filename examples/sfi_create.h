/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-create: what its files share. */
#ifndef SFI_CREATE_H
#define SFI_CREATE_H

#include "cli/cli.h"
#include "cli/finding.h"
#include "sfi_create_table.h"

struct job {
    struct cli cli;
    sfi_ctx *ctx;
    struct json json;
    const sfi_chip *chip;
    sfi_image_builder *builder;
    char *reg; /* the register of nonces; NULL: none */
    struct cli_findings findings;
    const char *hint; /* below the error that ends the program; or NULL */
    FILE *image_out;  /* standard output; NULL: the file of -o */
    uint64_t size;    /* of the image */
};

/* sfi_create_inputs.c: give everything that the command line names to a new
 * builder; key, nonce and register, for --new-keys those that it makes; make
 * files of a new key and nonce, NULL: not that one; the CSV that --template-ob
 * asks for. */
sfi_status create_add_inputs(struct job *j);
sfi_status create_set_secrets(struct job *j);
sfi_status create_key_files(struct job *j, const char *key, const char *nonce);
sfi_status create_template(struct job *j);

#endif
