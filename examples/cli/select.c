/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The options that take a part of a firmware file. */
#include "cli/select.h"

#include <inttypes.h>
#include <string.h>

void
cli_ranges_read(const struct cli *c, size_t id, struct cli_ranges *out)
{
    const struct cli_use *use = NULL;

    while ((use = cli_next(c, id, use)) != NULL) {
        if (out->count == CLI_RANGES_MAX)
            cli_usage(c, "%s: more than %u ranges", use->spelling,
                      CLI_RANGES_MAX);
        out->range[out->count].first = use->number[0];
        out->range[out->count].last = use->last[0];
        out->count++;
    }
}

static sfi_status
ranges_meet_firmware(struct cli_ranges *r, const sfi_firmware *fw)
{
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st != SFI_OK)
            return st;
        for (size_t k = 0; k < r->count; k++) {
            if (r->range[k].first < address + len &&
                r->range[k].last >= address)
                r->met[k] = true;
        }
    }
    return SFI_OK;
}

struct left_out {
    const struct cli_select *select;
    const char *file;
};

static void
say_left_out(void *user, const sfi_firmware_left_out *p)
{
    const struct left_out *l = user;
    const char *why = p->memory != NULL ? p->memory : "no memory of the chip";
    char line[512];

    if (p->reason == SFI_LEFT_OUT_EXCLUDED)
        why = "excluded";
    if (p->reason == SFI_LEFT_OUT_NOT_ONLY)
        why = "not in a range of --only";
    (void)snprintf(line, sizeof(line),
                   "Left out of %.300s : 0x%08" PRIx64 " to 0x%08" PRIx64
                   ", %" PRIu64 " byte%s, %s",
                   l->file, p->address, p->address + p->size - 1, p->size,
                   p->size == 1 ? "" : "s", why);
    if (l->select->progress != NULL)
        cli_progress_step(l->select->progress, "%s", line);
    else
        cli_print("%s\n", cli_visible(line));
}

sfi_status
cli_select(struct cli_select *s, sfi_firmware **fw)
{
    sfi_firmware_selection how = {
        .struct_size = sizeof(how),
        .only = s->only.range,
        .only_count = s->only.count,
        .exclude = s->exclude.range,
        .exclude_count = s->exclude.count,
        .flash_of = s->flash_of,
    };
    struct left_out l = {s, sfi_firmware_name(*fw)};
    sfi_firmware *part;
    sfi_status st;

    if (how.only_count == 0 && how.exclude_count == 0 && how.flash_of == NULL)
        return SFI_OK;
    st = ranges_meet_firmware(&s->only, *fw);
    if (st == SFI_OK)
        st = ranges_meet_firmware(&s->exclude, *fw);
    if (st == SFI_OK)
        st = sfi_firmware_select(*fw, &how, say_left_out, &l, &part);
    if (st != SFI_OK)
        return st;
    sfi_firmware_free(*fw);
    *fw = part;
    return SFI_OK;
}

static void
ranges_warn(const struct cli *c, const struct cli_ranges *r, const char *option)
{
    for (size_t i = 0; i < r->count; i++) {
        if (!r->met[i])
            cli_warn(c->spec->program,
                     "%s 0x%08" PRIx64 "-0x%08" PRIx64
                     ": no firmware has a byte there",
                     option, r->range[i].first, r->range[i].last);
    }
}

void
cli_select_warn(const struct cli_select *s)
{
    (void)fflush(stdout);
    ranges_warn(s->cli, &s->only, "--only");
    ranges_warn(s->cli, &s->exclude, "--exclude");
}
