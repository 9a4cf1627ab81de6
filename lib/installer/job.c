/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An install as a journal tells it. */
#include <sfi/journal.h>

#include "util/clock.h"
#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "journal/journal.h"
#include "license/certificate.h"
#include "license/license.h"
#include "installer/installer.h"

/* Others may have been licensed since. */
#define JOB_RECORDS_MAX 64u

/* The record of this install's licence: by its device and its hash. */
static bool
job_is_record(const struct sfi_installer *in, const uint8_t *license,
              const sfi_audit_record *r)
{
    return sfi__equal(r->device, in->certificate->device_hash,
                      sizeof(r->device)) &&
           sfi__equal(r->license, license, sizeof(r->license));
}

/* Was the device counted for this licence?  NULL: the HSM does not tell. */
static const char *
job_find_record(struct sfi_installer *in, sfi_journal_job *job)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record r = {.struct_size = sizeof(r)};
    uint8_t license[SFI_SHA256_LEN];

    if (in->records_before == UINT64_MAX ||
        sfi__sha256(in->obj.ctx, in->license->data, sizeof(in->license->data),
                    license) != SFI_OK ||
        sfi_hsm_get_audit_head(in->hsm, &head) != SFI_OK)
        return NULL;
    for (uint64_t i = 0; i < head.sequence && i < JOB_RECORDS_MAX; i++) {
        if (head.sequence - i <= in->records_before)
            return "again"; /* the licence that it had */
        if (sfi_hsm_get_audit_record(in->hsm, head.sequence - i, &r) != SFI_OK)
            return NULL;
        if (!job_is_record(in, license, &r))
            continue;
        job->hsm_remaining = r.remaining;
        return r.kind == SFI_AUDIT_COUNTED ? "counted" : "again";
    }
    return head.sequence <= in->records_before ? "again" : NULL;
}

static void
job_ask_hsm(struct sfi_installer *in, sfi_journal_job *job)
{
    sfi_hsm_info *info = &in->hsm_info;

    *info = (sfi_hsm_info){.struct_size = sizeof(*info)};
    if (sfi_hsm_get_info(in->hsm, info) != SFI_OK)
        return;
    job->hsm_serial = info->serial;
    job->hsm_firmware_id = info->firmware_id;
    job->hsm_remaining = info->remaining;
    job->hsm_low_water = info->low_water;
    if (in->license == NULL)
        return;
    job->license = job_find_record(in, job);
    if (job->license == NULL)
        job->license = "hsm";
}

/* What the image says, once it was checked. */
static void
job_read_image(const struct sfi_installer *in, sfi_journal_job *job)
{
    struct image_area area;

    job->image = in->image_name;
    if (in->step == STEP_CHECK)
        return;
    sfi__image_read_area(&area, in->image.data + SFI_FORMAT_HEADER_LEN);
    job->image_tag =
        in->image.data + SFI_FORMAT_HEADER_LEN - SFI_FORMAT_TAG_LEN;
    job->image_version = area.version;
}

static void
job_fill(struct sfi_installer *in, sfi_journal_job *job)
{
    const struct clock *clock = in->obj.ctx->clock;
    uint64_t end = in->ended_ms;

    if (end == 0 && in->started_ms != 0)
        end = clock->now_ms(clock->user);
    job->milliseconds = end - in->started_ms;
    job->phase = sfi_phase_name(sfi__install_phase(in));
    job->protocol = in->protocol == SFI_PROTOCOL_LIVE ? "live" : "static";
    job->port = in->tp != NULL ? in->tp->name : NULL;
    job_read_image(in, job);
    if (in->target != NULL)
        job->chip = sfi_chip_name(in->target->chip);
    if (in->certificate != NULL)
        job->device_id = in->certificate->device_id;
    if (in->step == STEP_DONE)
        job->result = "installed";
    if (in->receipt != NULL)
        job->receipt = in->receipt->data;
    else if (in->step == STEP_DONE)
        job->no_receipt = in->no_receipt;
    if (in->failed)
        job->error = &in->failure;
    job->license = in->license_from;
    if (in->asked_hsm)
        job_ask_hsm(in, job);
}

sfi_status
sfi_installer_get_job(sfi_installer *in, sfi_journal_job *job)
{
    sfi_journal_job ours = {.struct_size = sizeof(ours)};
    struct sfi_error kept = {.status = SFI_OK};
    sfi_status st;

    if (sfi__is(in, OBJ_INSTALLER))
        kept = in->obj.ctx->error;
    SFI_ENTER(in, INSTALLER);
    SFI_ARG(in, job != NULL);
    st = sfi__journal_job_out(in, job, &ours);
    if (st != SFI_OK)
        return st;
    in->obj.busy = true; /* for functions of the HSM */
    job_fill(in, &ours);
    in->obj.busy = false;
    sfi__error_restore(in->obj.ctx, &kept);
    return sfi__journal_job_out(in, job, &ours);
}
