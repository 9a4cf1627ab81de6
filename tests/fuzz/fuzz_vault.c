/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A vault's files: open it, read it, log in, and ask it for a licence.  An
 * input is the lengths of -wal, -shm and -journal (4 bytes each,
 * little-endian), these files, and the vault, which is the rest.  The vault of
 * the corpus allows one installation, and has given its device a static and a
 * live licence.  Another file is beside it, and nothing may happen to that. */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/rd.h"
#include "hsm/open.h"

#include <disk/disk.h>
#include "fuzz.h"

static const uint8_t device[SFI_CERTIFICATE_LEN] = {
    0x34, 0x35, 0x30, 0x30, 0x32, 0x30, 0x30, 0x31, 0xfd, 0xcc, 0x54, 0x77,
    0x4f, 0xaf, 0xcf, 0x89, 0x98, 0x29, 0x2f, 0xac, 0x00, 0x5a, 0xce, 0xd4,
    0x4f, 0x1e, 0x62, 0x65, 0xa1, 0x1e, 0x20, 0x9a, 0x37, 0xfb, 0x11, 0x04,
    0x30, 0x0d, 0x80, 0x61, 0x8f, 0xdd, 0x9d, 0xb0, 0x53, 0xe0, 0xcd, 0xf4,
    0xef, 0xde, 0xce, 0x38, 0x5a, 0xd0, 0x00, 0x9e, 0x10, 0x1a, 0x73, 0x80,
    0x76, 0x36, 0x42, 0x5e, 0x0e, 0xa6, 0xc5, 0xa9, 0xb9, 0xa7, 0xbb, 0x8a,
    0x62, 0xe8, 0x3b, 0xf3, 0x77, 0x3f, 0x53, 0xfa, 0xe7, 0x46, 0x6b, 0x51,
    0xa4, 0x52, 0x7b, 0x2a, 0xd0, 0x18, 0x1e, 0xb2, 0xe5, 0x39, 0x89, 0xe1,
    0x62, 0xf2, 0xee, 0xfa, 0x01, 0xbe, 0x48, 0xf2, 0x48, 0xd3, 0x5a, 0xbe,
    0x9c, 0x87, 0x4e, 0x5d, 0x76, 0x66, 0x87, 0x2e, 0xb4, 0x69, 0xa0, 0xe4,
    0xca, 0x5f, 0x11, 0xaa, 0x3a, 0x44, 0xc9, 0x94, 0x5c, 0xa2, 0x15, 0xa0,
    0xec, 0xbf, 0xa9, 0x55};

/* A static or a live licence: each takes half of a run's time, so `live` comes
 * from the input. */
static void
use(sfi_ctx *ctx, sfi_hsm *hsm, bool live)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_record record = {.struct_size = sizeof(record)};
    sfi_certificate *cert;
    sfi_license *lic;
    sfi_status st = sfi_hsm_get_info(hsm, &info);

    FUZZ_HOLDS(st != SFI_OK || info.state != SFI_HSM_BLANK);
    st = sfi_hsm_get_audit_head(hsm, &head);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    st = sfi_hsm_get_audit_record(hsm, 1, &record);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    st = sfi_hsm_login(hsm, "1234", 4);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    FUZZ_HOLDS(sfi_certificate_parse(ctx, device, sizeof(device), &cert) ==
               SFI_OK);
    if (live)
        st = sfi_hsm_generate_live_license(hsm, cert, 0x11223344, &lic);
    else
        st = sfi_hsm_generate_license(hsm, cert, &lic);
    fuzz_check(ctx, st, lic);
    sfi_license_free(lic);
    sfi_certificate_free(cert);
}

#define FILES 4u
#define VICTIM "victim" /* the journal of the corpus names it */

static const char *const names[FILES] = {"v-wal", "v-shm", "v-journal", "v"};
static char folder[80];

static void
remove_folder(void)
{
    if (chdir(folder) == 0)
        (void)unlink(VICTIM);
    (void)rmdir(folder);
}

/* Into a folder of its own, where names are short. */
static void
enter_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    int fd;

    if (folder[0] == '\0') {
        FUZZ_HOLDS(snprintf(folder, sizeof(folder), "%s/sfi-fuzz-XXXXXX",
                            tmp != NULL ? tmp : "/tmp") < (int)sizeof(folder));
        FUZZ_HOLDS(mkdtemp(folder) != NULL && atexit(remove_folder) == 0);
        disk_install(DISK_FAST, 0);
        FUZZ_HOLDS(chdir(folder) == 0);
        fd = open(VICTIM, O_WRONLY | O_CREAT, 0600);
        FUZZ_HOLDS(fd >= 0 && write(fd, "work", 4) == 4 && close(fd) == 0);
    }
    FUZZ_HOLDS(chdir(folder) == 0);
}

static void
write_files(const uint8_t *data, size_t len)
{
    size_t lens[FILES];
    struct rd r;

    sfi__rd_init(&r, data, len);
    for (size_t i = 0; i + 1 < FILES; i++)
        lens[i] = sfi__rd_u32le(&r);
    for (size_t i = 0; i < FILES; i++) {
        size_t left = sfi__rd_left(&r), n = left;
        const uint8_t *bytes;
        int fd;

        if (i + 1 < FILES && lens[i] < left)
            n = lens[i];
        bytes = sfi__rd_view(&r, n);
        if (n == 0 && i + 1 < FILES)
            continue;
        fd = open(names[i], O_WRONLY | O_CREAT | O_EXCL, 0600);
        FUZZ_HOLDS(fd >= 0 && (n == 0 || write(fd, bytes, n) == (ssize_t)n));
        FUZZ_HOLDS(close(fd) == 0);
    }
}

static void
check_and_clean(void)
{
    struct stat info;

    FUZZ_HOLDS(stat(VICTIM, &info) == 0 && info.st_size == 4);
    for (size_t i = 0; i < FILES; i++)
        (void)unlink(names[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct kdf_cost cheap = {.log2_n = 1, .r = 8, .p = 1};
    int here = open(".", O_RDONLY | O_DIRECTORY);
    sfi_ctx *ctx = fuzz_ctx();
    sfi_hsm *hsm;
    sfi_status st;

    enter_folder();
    write_files(data, len);
    st = sfi__hsm_open_vault(ctx, "v", &cheap, NULL, &hsm);
    fuzz_check(ctx, st, hsm);
    if (hsm != NULL)
        use(ctx, hsm, len % 2 != 0);
    sfi_hsm_free(hsm);
    check_and_clean();
    fuzz_ctx_free(ctx);
    FUZZ_HOLDS(here >= 0 && fchdir(here) == 0 && close(here) == 0);
    return 0;
}
