/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files of libsfi on Windows, in the folder where this program is started.
 *     windows_files PRODUCT.pd */
#include <sfi/sfi.h>

#include <stdio.h>
#include <string.h>
#include <windows.h>

static sfi_ctx *ctx;
static int failed;

static void
expect(const char *what, sfi_status got, sfi_status want)
{
    if (got == want)
        return;
    failed = 1;
    printf("%s: %s: %s; expected %s\n", what, sfi_status_name(got),
           sfi_error_message(sfi_ctx_error(ctx)), sfi_status_name(want));
}

/* Written once, and read again. */
static void
check_key(const char *path)
{
    sfi_key *key = NULL;

    expect(path, sfi_key_create(ctx, path), SFI_OK);
    expect(path, sfi_key_load(ctx, path, &key), SFI_OK);
    sfi_key_free(key);
    expect("a file that exists", sfi_key_create(ctx, path), SFI_ERR_ACCESS);
}

static void
check_refusals(void)
{
    sfi_key *key = NULL;

    expect("no file", sfi_key_load(ctx, "none.key", &key), SFI_ERR_OS);
    expect("no folder", sfi_key_load(ctx, "none\\a.key", &key), SFI_ERR_OS);
    expect("a folder", sfi_key_load(ctx, ".", &key), SFI_ERR_OS);
    expect("not UTF-8", sfi_key_create(ctx, "\xff.key"), SFI_ERR_OS);
}

/* One program has a job; others append to the same journal. */
static void
check_locks(void)
{
    sfi_boards *one = NULL, *two = NULL;
    sfi_journal *a = NULL, *b = NULL;

    expect("a job", sfi_boards_open(ctx, "boards.log", &one), SFI_OK);
    expect("a job twice", sfi_boards_open(ctx, "boards.log", &two),
           SFI_ERR_ACCESS);
    sfi_boards_free(one);
    expect("a job again", sfi_boards_open(ctx, "boards.log", &two), SFI_OK);
    sfi_boards_free(two);
    expect("a journal", sfi_journal_open(ctx, "journal.log", &a), SFI_OK);
    expect("a journal twice", sfi_journal_open(ctx, "journal.log", &b), SFI_OK);
    sfi_journal_free(a);
    sfi_journal_free(b);
}

/* Open and close what has files, locks and mappings. */
static void
use_all(void)
{
    sfi_journal *journal = NULL;
    sfi_boards *boards = NULL;
    sfi_hsm *hsm = NULL;
    sfi_key *key = NULL;

    expect("a vault", sfi_hsm_open(ctx, "vault:a.vault", &hsm), SFI_OK);
    expect("its PIN", sfi_hsm_login(hsm, "12345678", 8), SFI_OK);
    sfi_hsm_free(hsm);
    expect("a journal", sfi_journal_open(ctx, "journal.log", &journal), SFI_OK);
    sfi_journal_free(journal);
    expect("a job", sfi_boards_open(ctx, "boards.log", &boards), SFI_OK);
    sfi_boards_free(boards);
    expect("a key", sfi_key_load(ctx, "plain.key", &key), SFI_OK);
    sfi_key_free(key);
}

static void
make_vault(const char *product)
{
    static const uint8_t nonce[SFI_NONCE_LEN] = {1};
    sfi_personalization *perso = NULL;
    sfi_hsm *hsm = NULL;
    sfi_key *key = NULL;

    expect("a product", sfi_personalization_load(ctx, product, &perso), SFI_OK);
    expect("a key", sfi_key_load(ctx, "plain.key", &key), SFI_OK);
    expect("no vault yet", sfi_hsm_open(ctx, "vault:a.vault", &hsm), SFI_OK);
    expect("a new PIN", sfi_hsm_login(hsm, "12345678", 8), SFI_OK);
    expect("a new vault",
           sfi_hsm_provision(hsm, key, nonce, sizeof(nonce), "files", 5, perso,
                             NULL),
           SFI_OK);
    sfi_hsm_free(hsm);
    sfi_key_free(key);
    sfi_personalization_free(perso);
}

/* Whatever is closed is given back to Windows. */
static void
check_handles(const char *product)
{
    DWORD before = 0, after = 0;

    make_vault(product);
    use_all();
    GetProcessHandleCount(GetCurrentProcess(), &before);
    for (int i = 0; i < 20; i++)
        use_all();
    GetProcessHandleCount(GetCurrentProcess(), &after);
    if (after <= before)
        return;
    failed = 1;
    printf("%lu handles after 20 uses, %lu before\n", after, before);
}

int
main(int argc, char **argv)
{
    if (argc != 2 || sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return 1;
    check_key("plain.key");
    check_key("\xc3\xa4\xe6\x97\xa5.key"); /* U+00E4, U+65E5 */
    check_refusals();
    check_locks();
    check_handles(argv[1]);
    sfi_ctx_free(ctx);
    printf(failed ? "failed\n" : "files: as expected\n");
    return failed;
}
