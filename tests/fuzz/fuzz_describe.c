/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A file of any kind, described without and with keys: facts are whole, a
 * failed check is a failure, and the words are fit for a terminal.  The corpus
 * has each kind. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <unistd.h>

#include <sfi/audit.h>
#include <sfi/describe.h>

#include "fuzz_folder.h"

/* The keys of the images and the audit logs in the corpus. */
static const uint8_t key_bytes[SFI_KEY_LEN] = {
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
    0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};
static const uint8_t nonce[SFI_NONCE_LEN] = {0, 1, 2, 3, 4,  5,
                                             6, 7, 8, 9, 10, 0xff};

struct seen {
    size_t facts, failed;
};

static void
take_fact(void *user, const sfi_fact *f)
{
    struct seen *s = user;

    FUZZ_HOLDS(f->kind >= SFI_FACT_TEXT && f->kind <= SFI_FACT_CHECK);
    FUZZ_HOLDS(f->name[0] != '\0' && f->label[0] != '\0' && f->text != NULL);
    FUZZ_HOLDS(f->item == 0 || f->group[0] != '\0');
    FUZZ_HOLDS((f->kind == SFI_FACT_BYTES) == (f->data != NULL));
    FUZZ_HOLDS(s->facts > 0 || strcmp(f->name, "kind") == 0);
    s->facts++;
    if (f->kind == SFI_FACT_CHECK && f->number == SFI_CHECK_FAILED)
        s->failed++;
}

/* Lines of visible text, or of JSON. */
static sfi_status
take_lines(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    FUZZ_HOLDS(len > 0 && data[len - 1] == '\n');
    for (size_t i = 0; i < len; i++)
        FUZZ_HOLDS(data[i] == '\n' || (data[i] >= ' ' && data[i] != 0x7f));
    return SFI_OK;
}

static void
describe_in_words(sfi_ctx *ctx, const char *path,
                  const sfi_describe_options *opts)
{
    sfi_comparison c = {.struct_size = sizeof(c)};
    sfi_description *d;
    sfi_status st;

    FUZZ_HOLDS(sfi_description_new(ctx, &d) == SFI_OK);
    st = sfi_description_read(d, path, opts);
    FUZZ_HOLDS(sfi_description_text(d, NULL, take_lines, NULL) == SFI_OK);
    FUZZ_HOLDS(sfi_description_json(d, take_lines, NULL) == SFI_OK);
    if (st == SFI_OK &&
        sfi_description_compare_text(d, d, take_lines, NULL, &c) == SFI_OK)
        FUZZ_HOLDS(c.facts == 0 && c.bytes == 0);
    sfi_description_free(d);
}

static void
describe(sfi_ctx *ctx, const char *path, const sfi_describe_options *opts)
{
    struct seen s = {0};
    sfi_status st = sfi_describe_file(ctx, path, opts, take_fact, &s);

    if (st == SFI_ERR_UNSUPPORTED)
        return; /* a vault, in a library without SQLite */
    fuzz_check(ctx, st, st == SFI_OK ? path : NULL);
    FUZZ_HOLDS(s.failed == 0 || st != SFI_OK);
    FUZZ_HOLDS(s.facts >= 2 || st != SFI_OK);
    describe_in_words(ctx, path, opts);
}

/* What SQLite leaves beside a file that looks like a vault. */
static void
remove_sidecars(void)
{
    (void)unlink(fuzz_path("x-wal"));
    (void)unlink(fuzz_path("x-shm"));
    (void)unlink(fuzz_path("x-journal"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_describe_options o = {.struct_size = sizeof(o)};
    sfi_ctx *ctx = fuzz_ctx();
    uint8_t audit_key[SFI_AUDIT_KEY_LEN];
    char path[FUZZ_PATH_MAX];
    sfi_key *key;

    strcpy(path, fuzz_file("x", data, len));
    FUZZ_HOLDS(sfi_key_new(ctx, key_bytes, SFI_KEY_LEN, &key) == SFI_OK);
    describe(ctx, path, NULL);
    o.key = key;
    o.nonce = nonce;
    for (size_t i = 0; i < sizeof(audit_key); i++)
        audit_key[i] = (uint8_t)(0x40 + i);
    o.audit_key = audit_key;
    o.chip = sfi_chip_at(0);
    describe(ctx, path, &o);
    sfi_key_free(key);
    fuzz_ctx_free(ctx);
    remove_sidecars();
    return 0;
}
