/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes of an image: from a CSV file and the command line, and back to a
 * CSV file that explains them. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <sys/stat.h>

#include "cli/option_bytes.h"
#include "sfi_create.h"

void
create_check_ob_words(const struct cli *c)
{
    const struct cli_use *use = cli_next(c, OPT_OBFILE, NULL);
    struct stat s;

    if (strchr(use->value[0], '=') != NULL && stat(use->value[0], &s) != 0)
        cli_usage(c,
                  "%s %s: a CSV file comes first; sfi-create --template-ob "
                  "makes one",
                  use->spelling, use->value[0]);
    cli_fields_check(c, use, 1);
}

sfi_status
create_option_bytes(const struct job *j, const struct cli_use *use,
                    sfi_option_bytes **out)
{
    sfi_status st = sfi_option_bytes_load(j->ctx, j->chip, use->value[0], out);

    return st == SFI_OK ? cli_fields_set(&j->cli, use, 1, *out) : st;
}

static sfi_status
template_save(const struct job *j, sfi_option_bytes *ob)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    bool force = cli_has(&j->cli, OPT_FORCE);
    const char *csv;
    sfi_status st = sfi_option_bytes_csv(ob, SFI_OPTION_EXPLAIN, &csv);

    if (st != SFI_OK)
        return st;
    if (out == NULL || strcmp(out, "-") == 0) {
        (void)fputs(csv, stdout);
        return SFI_OK;
    }
    st = cli_check_output(j->ctx, out, SFI_FILE_OTHER, force);
    if (st != SFI_OK)
        return st;
    return sfi_ctx_save_output(j->ctx, out, SFI_FILE_OTHER,
                               force ? SFI_REPLACE : 0, csv, strlen(csv));
}

int
create_template(struct job *j)
{
    const char *name = cli_need(&j->cli, OPT_TEMPLATE);
    const struct cli_use *use = cli_next(&j->cli, OPT_OBFILE, NULL);
    sfi_option_bytes *ob = NULL;
    sfi_status st;

    if (use != NULL)
        create_check_ob_words(&j->cli);
    j->chip = cli_chip(&j->cli, name);
    st = use != NULL ? create_option_bytes(j, use, &ob)
                     : sfi_option_bytes_new(j->ctx, j->chip, &ob);
    if (st == SFI_OK)
        st = template_save(j, ob);
    sfi_option_bytes_free(ob);
    return create_status(j, st);
}
