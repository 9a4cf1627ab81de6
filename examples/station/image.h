/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Image": what its files share.
 *
 * The desk keeps nothing: each request has the whole form, and each answer all
 * that is known of it. */
#ifndef STATION_IMAGE_H
#define STATION_IMAGE_H

#include "cli/finding.h"
#include "station/station.h"

#define FORM_FILES_MAX 16u
#define FORM_RANGES_MAX 16u

/* A form, and what is known of what it names.  Fields have the names that the
 * page gives them: "firmware.0.address", "options.RDP". */
struct form {
    const struct settings *settings;
    sfi_ctx *ctx;
    const struct ask *ask;
    const sfi_chip *chip;
    sfi_image_builder *builder;
    sfi_option_bytes *options;
    sfi_firmware_range only[FORM_RANGES_MAX], exclude[FORM_RANGES_MAX];
    size_t only_count, exclude_count;
    char *files[FORM_FILES_MAX]; /* paths of the firmware */
    char key[STATION_PATH_MAX], nonce[STATION_PATH_MAX]; /* "": none */
    char out[STATION_PATH_MAX];
    char reg[STATION_PATH_MAX + 8]; /* the register of nonces */
    uint8_t nonce_secret[SFI_NONCE_LEN];
    bool has_secrets, out_exists, looked; /* looked: at the register */
    struct cli_findings findings;
    json_t *errors, *missing, *firmware, *modules; /* of the answer */
};

/* ---- image_form.c: from a request to a builder ---- */

/* False: there is no such part, or no memory; the errors say so. */
bool form_read(struct form *f, struct desk *d, const struct ask *a);
void form_free(struct form *f);
/* The part alone, and the option bytes; false as form_read(). */
bool form_read_options(struct form *f, struct desk *d, const struct ask *a);
/* A failure beside a field: of the library, or of the desk. */
void form_failed(struct form *f, const char *field, sfi_status st);
void form_refuse(struct form *f, const char *field, sfi_status st,
                 const char *fmt, ...) CLI_PRINTF(4, 5);
/* The path that field `field` names, whose value is `name`; false: it is
 * refused, and the errors say so. */
bool form_path(struct form *f, const char *field, const char *name,
               enum file_use use, char out[STATION_PATH_MAX]);
/* The first of the errors becomes the answer; false: there is none. */
bool form_reply_error(struct form *f, struct reply *r);

/* ---- image_firmware.c: the files of the form ---- */

void form_add_firmware(struct form *f);
void form_add_modules(struct form *f);

/* ---- image_show.c: what is known, as JSON ---- */

/* A text of libsfi, whose paths become the names that the page has. */
json_t *image_text(const struct settings *s, const char *text);
json_t *image_chip(const sfi_chip *chip);
/* {"words": [...], "fields": [...], "permanent": ""} */
json_t *image_options(const sfi_option_bytes *ob);
json_t *image_areas(const struct settings *s, const sfi_layout *l);
json_t *image_findings(const struct form *f);
/* An sfi_write_fn, whose user is a FILE of open_memstream(). */
sfi_status image_write(void *file, const uint8_t *data, size_t len);

/* ---- image_nonce.c ---- */

/* {"state": "", "version":, "file": ""}: what is known about key and nonce. */
json_t *image_nonce(struct form *f);

/* ---- image_look.c: what an image says ---- */

void image_look(struct desk *d, const struct ask *a, struct reply *r);

#endif
