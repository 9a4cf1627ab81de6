/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Logs of HSMs that never were: written under a known key, true or not. */
#ifndef SFI_TESTS_LOG_KIT_H
#define SFI_TESTS_LOG_KIT_H

#include <sfi/hsm.h>
#include <sfi/audit.h>

#define STORY_MAX 8192u
#define STORY_TIME 1795352400u /* 2026-11-22T13:00:00Z */

struct story {
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    sfi_audit_head head;
    sfi_audit_record records[STORY_MAX];
    uint64_t count;
    /* what the source of records does instead: at this one, fail or lie */
    uint64_t fail_at, lie_at;
};

/* A provisioned HSM; `serial` tells it from others. */
void story_begin(struct story *s, uint32_t flags, uint64_t maximum,
                 uint8_t serial);
/* One more record, each a minute after the last. */
sfi_audit_record *story_add(struct story *s, uint32_t kind, uint32_t device,
                            uint32_t session);
/* Hash and authenticate all again, after something was changed. */
void story_sign(struct story *s);
/* Write it as an HSM's log is exported. */
sfi_status story_write(struct story *s, const char *path);
/* Read the file, which must be a log of this story, with its key. */
sfi_status story_verify(struct story *s, const char *path, const char *before,
                        sfi_audit_summary *out);

#endif
