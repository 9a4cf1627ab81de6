/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Audit logs of imaginary HSMs, with a known key: valid ones and false ones. */
#ifndef SFI_TESTS_AUDIT_KIT_H
#define SFI_TESTS_AUDIT_KIT_H

#include <sfi/hsm.h>
#include <sfi/audit.h>

#define STORY_MAX 8192u
#define STORY_TIME 1795352400u /* 2026-11-22T13:00:00Z */

struct story {
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    sfi_audit_head head;
    sfi_audit_record records[STORY_MAX];
    uint64_t count;
    /* records at which the source fails, or gives false data; 0: none */
    uint64_t fail_at, lie_at;
};

/* A provisioned HSM, identified by `serial`. */
void story_begin(struct story *s, uint32_t flags, uint64_t maximum,
                 uint8_t serial);
/* Add a record, one minute after the previous one. */
sfi_audit_record *story_add(struct story *s, uint32_t kind, uint32_t device,
                            uint32_t session);
/* Compute all hashes and MACs again after a change. */
void story_sign(struct story *s);
/* Write the file as an HSM exports its audit log. */
sfi_status story_write(struct story *s, const char *path);
/* The same in the place of another: an audit log is never replaced. */
sfi_status story_write_anew(struct story *s, const char *path);
/* Verify a file with the key of this story. */
sfi_status story_verify(struct story *s, const char *path, const char *before,
                        sfi_audit_summary *out);

#endif
