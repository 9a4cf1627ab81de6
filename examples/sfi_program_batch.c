/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -hsmglfcb FOLDER: licences for many certificates at once. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "cli/hsm_words.h"
#include "sfi_program.h"

enum { NEW, STORED, REFUSED, RESULT_COUNT };

static const char *const results[] = {"new", "stored", "refused"};

struct batch {
    struct program *p;
    struct cli_progress bar; /* on a terminal; elsewhere a line for each */
    uint64_t count[RESULT_COUNT];
};

static void
batch_on_result(void *user, const sfi_license_result *r)
{
    struct batch *b = user;
    struct program *p = b->p;
    unsigned what = r->status != SFI_OK ? REFUSED
                    : r->stored != 0    ? STORED
                                        : NEW;
    const char *where = sfi_error_where(sfi_ctx_error(p->ctx));

    b->count[what]++;
    json_open_object(&p->out, NULL);
    json_text(&p->out, "file", r->path);
    if (r->device_id[0] != '\0')
        json_text(&p->out, "device_id", r->device_id);
    json_text(&p->out, "result", results[what]);
    json_error(&p->out, p->ctx, r->status);
    json_close(&p->out);
    cli_progress_items(&b->bar, "Licensing", r->index + 1, r->total);
    if (what != REFUSED && b->bar.quiet)
        cli_progress_step(&p->progress, "%s: %s, device %s", r->path,
                          what == NEW ? "new licence"
                                      : "licence already stored",
                          r->device_id);
    /* With a count it is the batch that failed, and says so at its end. */
    if (what == REFUSED && r->count == SFI_COUNT_NONE)
        program_fail(p, p->ctx, r->status,
                     strcmp(where, r->path) == 0 ? "" : r->path);
}

static void
batch_print_summary(const struct batch *b)
{
    struct program *p = b->p;
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    cli_progress_step(&p->progress,
                      "%" PRIu64 " new, %" PRIu64 " already stored, %" PRIu64
                      " refused",
                      b->count[NEW], b->count[STORED], b->count[REFUSED]);
    for (unsigned i = 0; i < RESULT_COUNT; i++)
        json_number(&p->out, results[i], b->count[i]);
    if (!p->hsm_opened || sfi_hsm_get_info(p->hsm, &info) != SFI_OK)
        return;
    cli_progress_step(&p->progress, "HSM COUNTER: %" PRIu64, info.remaining);
    hsm_left_json(&p->out, &info);
}

static sfi_status
batch_run(struct program *p, sfi_license_batch *licenses)
{
    struct batch b = {.p = p};
    sfi_status st = sfi_license_batch_set_result(licenses, batch_on_result, &b);

    if (st != SFI_OK)
        return st;
    json_open_array(&p->out, "licenses");
    cli_progress_init(&b.bar, p->progress.out);
    b.bar.quiet = p->progress.quiet || !b.bar.terminal;
    p->batch = licenses;
    program_catch_signals(p);
    st = sfi_license_batch_run(licenses);
    cli_handle_signals(SIG_DFL);
    p->batch = NULL;
    cli_progress_end(&b.bar);
    json_close(&p->out);
    if (st == SFI_OK)
        batch_print_summary(&b);
    return st;
}

sfi_status
program_license_batch(struct program *p, const struct cli_use *use)
{
    sfi_license_store *store = NULL;
    sfi_license_batch *licenses = NULL;
    sfi_status st = program_use_hsm(p, use, true);

    if (st == SFI_OK)
        st = sfi_license_store_open(p->ctx, use->value[1], 1, &store);
    if (st == SFI_OK)
        st = sfi_license_batch_new(p->ctx, p->hsm, store, &licenses);
    if (st == SFI_OK)
        st = sfi_license_batch_add_path(licenses, use->value[0]);
    if (st == SFI_OK)
        st = batch_run(p, licenses);
    sfi_license_batch_free(licenses);
    sfi_license_store_free(store);
    return st;
}
