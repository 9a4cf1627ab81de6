/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the rules find, and the image read back before it is saved. */
#include <inttypes.h>
#include <string.h>

#include "cli/image_feed.h"
#include "sfi_create.h"

static void
print_check_finding(void *user, const sfi_finding *finding)
{
    struct job *j = user;

    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", j->cli.spec->program,
                  cli_visible(finding->message));
    if (j->findings++ == 0)
        j->about_keys = strcmp(finding->rule, "nonce-reuse") == 0;
}

void
create_hint_new_keys(void)
{
    (void)fputs("  hint: --new-keys PREFIX makes a key and a nonce for this "
                "image; --same-nonce\n        accepts what the second image "
                "reveals\n",
                stderr);
}

int
create_check_rules(struct job *j)
{
    sfi_status st = sfi_image_builder_check(j->builder, print_check_finding, j);

    if (st == SFI_OK || j->findings == 0)
        return create_status(j, st);
    if (j->about_keys) {
        int status = cli_fail_text(&j->cli, st, "nothing was written");

        create_hint_new_keys();
        return status;
    }
    return cli_fail_text(&j->cli, st,
                         "%s cannot install this image, nothing was written",
                         sfi_chip_name(j->chip));
}

static sfi_status
print_reader_event(void *user, const sfi_image_event *e)
{
    (void)user;
    if (e->kind == SFI_EVENT_HEADER)
        (void)printf("Image : protocol version %" PRIu32 ", %" PRIu32
                     " areas\n",
                     e->version, e->area_count);
    if (e->kind == SFI_EVENT_AREA_BEGIN)
        (void)printf(
            "  area %" PRIu32 " : %c, 0x%08" PRIx64 ", %" PRIu32 " bytes\n",
            e->area_index, (char)e->area_kind, e->address, e->area_size);
    return SFI_OK;
}

struct shower {
    struct job *job;
    sfi_image_reader *reader;
};

static sfi_status
show_written_bytes(void *user, const uint8_t *data, size_t len)
{
    struct shower *s = user;

    s->job->size += len;
    return image_feed(s->reader, data, len, print_reader_event, s->job);
}

/* Read back what will be written, and verify every tag. */
int
create_show_image(struct job *j)
{
    struct shower s = {j, NULL};
    sfi_status st = sfi_image_reader_new(j->ctx, j->key, j->nonce, &s.reader);

    if (st != SFI_OK)
        goto out;
    st = sfi_image_builder_write(j->builder, show_written_bytes, &s);
    if (st != SFI_OK)
        goto out;
    st = sfi_image_reader_finish(s.reader);
out:
    sfi_image_reader_free(s.reader);
    return create_status(j, st);
}
