/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The names of the phases. */
#include <stddef.h>

#include <sfi/progress.h>

const char *
sfi_phase_name(uint32_t phase)
{
    static const char *const names[] = {
        [SFI_PHASE_CONNECT] = "connect",
        [SFI_PHASE_SECURE] = "secure",
        [SFI_PHASE_CERTIFICATE] = "certificate",
        [SFI_PHASE_LICENSE] = "license",
        [SFI_PHASE_AREAS] = "areas",
        [SFI_PHASE_CONFIRM] = "confirm",
        [SFI_PHASE_DONE] = "done",
        [SFI_PHASE_CHECK] = "check",
        [SFI_PHASE_ERASE] = "erase",
        [SFI_PHASE_WRITE] = "write",
        [SFI_PHASE_VERIFY] = "verify",
        [SFI_PHASE_READ] = "read",
        [SFI_PHASE_AUDIT] = "audit",
        [SFI_PHASE_RECORDS] = "records",
    };

    if (phase >= sizeof(names) / sizeof(names[0]) || names[phase] == NULL)
        return "unknown";
    return names[phase];
}
