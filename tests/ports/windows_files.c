/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Files of libsfi on Windows, in the folder where this program is started. */
#include <sfi/sfi.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

#include <aclapi.h>

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

/* Is the entry the user's, with all rights, or the system's?  Wine has no list
 * of its own, and tells the system's with each. */
static bool
is_private_entry(ACL *list, DWORD i, PSID user, bool *is_user)
{
    char system[SECURITY_MAX_SID_SIZE];
    DWORD len = sizeof(system);
    ACCESS_ALLOWED_ACE *ace;

    if (!GetAce(list, i, (void **)&ace) ||
        !CreateWellKnownSid(WinLocalSystemSid, NULL, system, &len) ||
        ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
        return false;
    *is_user = EqualSid((PSID)&ace->SidStart, user);
    return *is_user ? ace->Mask == FILE_ALL_ACCESS
                    : EqualSid((PSID)&ace->SidStart, system);
}

/* Nobody but the user may read it. */
static void
check_private(const char *path)
{
    char room[256];
    DWORD len = sizeof(room);
    TOKEN_USER *user = (TOKEN_USER *)room;
    PSECURITY_DESCRIPTOR all = NULL;
    ACL *list = NULL;
    HANDLE token;
    int users = 0;
    bool good =
        OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) &&
        GetTokenInformation(token, TokenUser, user, len, &len) &&
        GetNamedSecurityInfoA(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                              NULL, NULL, &list, NULL, &all) == 0 &&
        list != NULL;

    for (DWORD i = 0; good && i < list->AceCount; i++) {
        bool is_user = false;

        good = is_private_entry(list, i, user->User.Sid, &is_user);
        users += is_user;
    }
    (void)LocalFree(all);
    if (good && users == 1)
        return;
    failed = 1;
    printf("%s: its access list has others than the user\n", path);
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

int
main(void)
{
    if (sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return 1;
    check_key("plain.key");
    check_private("plain.key");
    check_key("\xc3\xa4\xe6\x97\xa5.key"); /* U+00E4, U+65E5 */
    check_refusals();
    check_locks();
    sfi_ctx_free(ctx);
    printf(failed ? "failed\n" : "files: as expected\n");
    return failed;
}
