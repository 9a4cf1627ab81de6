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

/* Is an entry of the list the user's, or the system's? */
static bool
private_entry(ACL *list, DWORD i, PSID user, bool *has_user)
{
    ACCESS_ALLOWED_ACE *ace;

    if (!GetAce(list, i, (void **)&ace) ||
        ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
        return false;
    if (EqualSid((PSID)&ace->SidStart, user)) {
        *has_user = true;
        return true;
    }
    return IsWellKnownSid((PSID)&ace->SidStart, WinLocalSystemSid);
}

bool
sfi__win_is_private(const wchar_t *path)
{
    struct win_private own;
    PSECURITY_DESCRIPTOR all = NULL;
    ACL *list = NULL;
    bool has_user = false, only = true;

    if (sfi__win_private(&own, false) != 0 ||
        GetNamedSecurityInfoW(path, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION,
                              NULL, NULL, &list, NULL, &all) != 0)
        return false;
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++)
        only =
            private_entry(list, i, own.user.token.User.Sid, &has_user) && only;
    (void)LocalFree(all);
    return has_user && only;
}
