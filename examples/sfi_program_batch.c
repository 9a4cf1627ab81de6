/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program -hsmglfcb FOLDER: licences for many certificates at once. */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "cli/hsm_words.h"
#include "sfi_program.h"

enum result { RESULT_NEW, RESULT_STORED, RESULT_REFUSED, RESULT_COUNT };

static const char *const result_words[RESULT_COUNT] = {"new", "stored",
                                                       "refused"};

struct batch {
    struct program *p;
    uint64_t count[RESULT_COUNT];
};

/* The batch that the signal handler cancels. */
static sfi_license_batch *volatile running;

static void
batch_on_signal(int signum)
{
    (void)signum;
    sfi_license_batch_cancel(running);
}

static void
batch_write_result(struct batch *b, const sfi_license_result *r,
                   enum result what)
{
    struct json *out = &b->p->out;

    json_object(out, NULL);
    json_text(out, "file", r->path);
    if (r->device_id[0] != '\0')
        json_text(out, "device_id", r->device_id);
    json_text(out, "result", result_words[what]);
    json_error(out, b->p->ctx, r->status);
    json_close(out);
}

static void
batch_on_result(void *user, const sfi_license_result *r)
{
    struct batch *b = user;
    enum result what = r->status != SFI_OK ? RESULT_REFUSED
                       : r->stored != 0    ? RESULT_STORED
                                           : RESULT_NEW;
    int status = 0;

    b->count[what]++;
    if (b->p->json)
        batch_write_result(b, r, what);
    else if (what != RESULT_REFUSED)
        cli_progress_step(&b->p->progress, "%s: %s, device %s", r->path,
                          what == RESULT_NEW ? "new licence"
                                             : "licence already stored",
                          r->device_id);
    /* With a count it is the batch that failed, and says so at its end. */
    if (what == RESULT_REFUSED && r->count == SFI_COUNT_NONE) {
        const char *where = sfi_error_where(sfi_ctx_error(b->p->ctx));

        cli_progress_end(&b->p->progress);
        status = cli_fail_at(&b->p->cli, b->p->ctx, r->status,
                             strcmp(where, r->path) == 0 ? "" : r->path);
    }
    if (b->p->failed == 0)
        b->p->failed = status;
}

static void
batch_print_summary(const struct batch *b)
{
    struct program *p = b->p;
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    bool asked = p->hsm_opened && sfi_hsm_get_info(p->hsm, &info) == SFI_OK;

    cli_progress_step(&p->progress,
                      "%" PRIu64 " new, %" PRIu64 " already stored, %" PRIu64
                      " refused",
                      b->count[RESULT_NEW], b->count[RESULT_STORED],
                      b->count[RESULT_REFUSED]);
    if (asked)
        cli_progress_step(&p->progress, "HSM COUNTER: %" PRIu64,
                          info.remaining);
    for (int i = 0; p->json && i < RESULT_COUNT; i++)
        json_number(&p->out, result_words[i], b->count[i]);
    if (p->json && asked)
        hsm_left_json(&p->out, &info);
}

static sfi_status
batch_run(struct batch *b, sfi_license_batch *licenses)
{
    struct program *p = b->p;
    sfi_status st = sfi_license_batch_set_result(licenses, batch_on_result, b);

    if (st != SFI_OK)
        return st;
    if (p->json)
        json_array(&p->out, "licenses");
    running = licenses;
    cli_handle_signals(batch_on_signal);
    st = sfi_license_batch_run(licenses);
    cli_handle_signals(SIG_DFL);
    running = NULL;
    if (p->json)
        json_close(&p->out);
    if (st == SFI_OK)
        batch_print_summary(b);
    return st;
}

sfi_status
program_license_batch(struct program *p, const struct cli_use *use)
{
    struct batch b = {.p = p};
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
        st = batch_run(&b, licenses);
    sfi_license_batch_free(licenses);
    sfi_license_store_free(store);
    return st;
}
