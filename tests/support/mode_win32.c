/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Who may read a file: its access list. */
#include "fixture.h"

#include <windows.h>

#include <aclapi.h>

/* Is the entry the user's, with all rights, or the system's?  Wine has no list
 * of its own, and tells the system's with each. */
static bool
is_private(ACL *list, DWORD i, PSID user, bool *is_user)
{
    char system[SECURITY_MAX_SID_SIZE];
    DWORD len = sizeof(system);
    ACCESS_ALLOWED_ACE *ace;

    ck_assert(CreateWellKnownSid(WinLocalSystemSid, NULL, system, &len));
    if (!GetAce(list, i, (void **)&ace) ||
        ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
        return false;
    *is_user = EqualSid((PSID)&ace->SidStart, user);
    return *is_user ? ace->Mask == FILE_ALL_ACCESS
                    : EqualSid((PSID)&ace->SidStart, system);
}

unsigned
mode_of_file(const char *path)
{
    union {
        TOKEN_USER token;
        char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } user;
    DWORD len = sizeof(user);
    PSECURITY_DESCRIPTOR all = NULL;
    ACL *list = NULL;
    bool has_user = false, only = true;

    ck_assert(GetTokenInformation(GetCurrentThreadEffectiveToken(), TokenUser,
                                  &user, len, &len));
    ck_assert_uint_eq(GetNamedSecurityInfoA(path, SE_FILE_OBJECT,
                                            DACL_SECURITY_INFORMATION, NULL,
                                            NULL, &list, NULL, &all),
                      0);
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++) {
        bool is_user = false;

        only = is_private(list, i, user.token.User.Sid, &is_user) && only;
        has_user = has_user || is_user;
    }
    (void)LocalFree(all);
    return has_user && only ? 0600 : 0644;
}
