/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file finding.h
 * What a check found: why a part cannot install something, or should not.
 */
#ifndef SFI_FINDING_H
#define SFI_FINDING_H

#include <sfi/status.h>

SFI_BEGIN_DECLS

/**
 * Receives one finding of a check.
 *
 * @param user  as passed to the check
 * @param st    the kind of finding
 * @param what  the finding in one line; valid during the call
 */
typedef void (*sfi_finding_fn)(void *user, sfi_status st, const char *what);

SFI_END_DECLS

#endif
