/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A line of a journal. */
#ifndef SFI_JOURNAL_LINE_H
#define SFI_JOURNAL_LINE_H

#include <sfi/journal.h>

#include "util/buf.h"

/* How each line begins. */
#define JOURNAL_BEGIN "{\"time\""

/* Append the line of a job, with its end; `error` is a copy of the job's.  Only
 * memory can fail, and `more`. */
sfi_status sfi__journal_line(sfi_ctx *ctx, const sfi_journal_job *job,
                             const sfi_error *error, struct buf *out);

#endif
