/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A job for others to fill in, or to take. */
#ifndef SFI_JOURNAL_JOURNAL_H
#define SFI_JOURNAL_JOURNAL_H

#include <sfi/journal.h>

/* Copy a job into the caller's, as sfi__abi_out() does. */
sfi_status sfi__journal_job_out(const void *self, sfi_journal_job *theirs,
                                const sfi_journal_job *ours);
/* Copy the caller's, as sfi__abi_in() does. */
sfi_status sfi__journal_job_in(const void *self, sfi_journal_job *ours,
                               const sfi_journal_job *theirs);
/* Copy its error, if it has one, before the context forgets it. */
void sfi__journal_keep_error(const sfi_journal_job *job, sfi_error *kept);

#endif
