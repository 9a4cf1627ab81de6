/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An access list of Windows that has the user alone. */
#define WIN32_LEAN_AND_MEAN
#include "util/private_win32.h"

#include <aclapi.h>

#include "util/sys_win32.h"

int
sfi__win_private(struct win_private *p, bool is_folder)
{
    DWORD heirs = is_folder ? OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE : 0;
    DWORD len = sizeof(p->user);

    *p = (struct win_private){
        .attributes = {.nLength = sizeof(p->attributes),
                       .lpSecurityDescriptor = &p->descriptor},
    };
    /* protected: with nothing that the folder would hand down */
    if (GetTokenInformation(GetCurrentThreadEffectiveToken(), TokenUser,
                            &p->user, len, &len) &&
        InitializeAcl(&p->list.acl, sizeof(p->list), ACL_REVISION) &&
        AddAccessAllowedAceEx(&p->list.acl, ACL_REVISION, heirs,
                              FILE_ALL_ACCESS, p->user.token.User.Sid) &&
        InitializeSecurityDescriptor(&p->descriptor,
                                     SECURITY_DESCRIPTOR_REVISION) &&
        SetSecurityDescriptorDacl(&p->descriptor, TRUE, &p->list.acl, FALSE) &&
        SetSecurityDescriptorControl(&p->descriptor, SE_DACL_PROTECTED,
                                     SE_DACL_PROTECTED))
        return 0;
    return sfi__win_errno(GetLastError());
}

static bool
private_is_everybody(PSID who)
{
    return IsWellKnownSid(who, WinWorldSid) ||
           IsWellKnownSid(who, WinAuthenticatedUserSid) ||
           IsWellKnownSid(who, WinBuiltinUsersSid);
}

/* Does an entry of the list give rights to others, or would a new file in this
 * folder inherit it?  What takes rights away would be lost: *takes. */
static bool
private_entry_shares(ACL *list, DWORD i, bool *takes)
{
    ACCESS_ALLOWED_ACE *ace;
    PSID who;

    if (!GetAce(list, i, (void **)&ace) ||
        ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE) {
        *takes = true;
        return false;
    }
    who = (PSID)&ace->SidStart;
    return (ace->Header.AceFlags & INHERITED_ACE) != 0 ||
           private_is_everybody(who);
}

bool
sfi__win_is_private(const wchar_t *path)
{
    PSECURITY_DESCRIPTOR all = NULL;
    ACL *list = NULL;
    bool shares = false, takes = false;
    DWORD err =
        GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                              NULL, NULL, &list, NULL, &all);

    if (err == ERROR_FILE_NOT_FOUND || err == ERROR_PATH_NOT_FOUND)
        return false;
    if (err != 0)
        return true;
    shares = list == NULL; /* everybody has all rights */
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++)
        shares = private_entry_shares(list, i, &takes) || shares;
    (void)LocalFree(all);
    return !shares || takes;
}

static bool
private_entry_reads(ACL *list, DWORD i)
{
    ACCESS_ALLOWED_ACE *ace;

    return GetAce(list, i, (void **)&ace) &&
           ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE &&
           (ace->Header.AceFlags & INHERIT_ONLY_ACE) == 0 &&
           (ace->Mask & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL)) != 0 &&
           private_is_everybody((PSID)&ace->SidStart);
}

bool
sfi__win_others_read(const wchar_t *path)
{
    PSECURITY_DESCRIPTOR all = NULL;
    ACL *list = NULL;
    bool reads;

    if (GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                              NULL, NULL, &list, NULL, &all) != 0)
        return false;
    reads = list == NULL; /* everybody has all rights */
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++)
        reads = private_entry_reads(list, i) || reads;
    (void)LocalFree(all);
    return reads;
}
