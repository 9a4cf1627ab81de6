/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-info: what its files share. */
#ifndef SFI_INFO_H
#define SFI_INFO_H

#include "cli/cli.h"

#define TAG_LEN 16u
#define OB_WORDS_MAX 64u
#define FINDINGS_MAX 64u

enum { OPT_KEY, OPT_NONCE, OPT_CHIP, OPT_JSON, OPT_COUNT };

struct area {
    uint32_t index, kind, size, version;
    uint64_t address;
    uint8_t tag[TAG_LEN];
};

struct finding {
    sfi_status status;
    char *what;
};

struct info {
    struct cli cli;
    sfi_ctx *ctx;
    const char *path;
    const sfi_chip *chip; /* NULL: no check for a chip */
    bool verified;        /* every tag is right */
    struct cli_file file;
    uint32_t protocol, area_count;
    uint8_t tag[TAG_LEN];
    struct area *areas;
    size_t areas_seen;
    uint32_t ob[OB_WORDS_MAX]; /* plaintext of the C area */
    size_t ob_count;
    struct finding findings[FINDINGS_MAX];
    size_t finding_count;
};

/* sfi_info_image.c: read an image and show it. */
int info_show_image(struct info *in, const sfi_key *key, const uint8_t *nonce);
/* sfi_info_check.c: what the rules of a part find in it. */
sfi_status info_check_chip(struct info *in);
void info_json_findings(struct json *j, const struct info *in);
int info_print_findings(const struct info *in); /* the exit status */
void info_free_findings(struct info *in);

#endif
