/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the rules of a part find in an image. */
#include <stdlib.h>
#include <string.h>

#include "sfi_info.h"

static void
info_on_check_finding(void *user, const sfi_finding *finding)
{
    struct info *in = user;
    size_t len = strlen(finding->message) + 1;
    char *copy;

    if (in->finding_count == FINDINGS_MAX || (copy = malloc(len)) == NULL)
        return;
    memcpy(copy, finding->message, len);
    in->findings[in->finding_count].status = finding->status;
    in->findings[in->finding_count++].what = copy;
}

sfi_status
info_check_chip(struct info *in)
{
    return sfi_image_check(in->ctx, in->chip, in->file.data, in->file.len,
                           info_on_check_finding, in);
}

void
info_json_findings(struct json *j, const struct info *in)
{
    json_array(j, "findings");
    for (size_t i = 0; i < in->finding_count; i++) {
        json_object(j, NULL);
        json_text(j, "status", sfi_status_name(in->findings[i].status));
        json_text(j, "message", in->findings[i].what);
        json_close(j);
    }
    json_close(j);
}

int
info_print_findings(const struct info *in)
{
    for (size_t i = 0; i < in->finding_count; i++)
        (void)fprintf(stderr, "%s: %s: %s\n", in->cli.spec->program,
                      cli_visible(in->path), cli_visible(in->findings[i].what));
    if (in->finding_count == 0)
        return 0;
    return cli_fail_text(&in->cli, in->findings[0].status,
                         "%s: %s cannot install it", in->path,
                         sfi_chip_name(in->chip));
}

void
info_free_findings(struct info *in)
{
    for (size_t i = 0; i < in->finding_count; i++)
        free(in->findings[i].what);
}
