/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Windows: other processes of the same user get no handle that reads this one's
 * memory, unless they have the right to debug, as an administrator has. */
#include <aclapi.h>
#include <windows.h>

#include "cli/cli.h"

/* All that the owner of the process may do: end it, wait for it, and ask what
 * it is; not change these rights again, as an owner can by default. */
#define RIGHTS \
    (PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE)

void
cli_refuse_debuggers(void)
{
    SID_IDENTIFIER_AUTHORITY creator = {SECURITY_CREATOR_SID_AUTHORITY};
    EXPLICIT_ACCESSW entry = {
        .grfAccessPermissions = RIGHTS,
        .grfAccessMode = SET_ACCESS,
        .Trustee = {.TrusteeForm = TRUSTEE_IS_SID},
    };
    PSID owner = NULL;
    ACL *list = NULL;

    if (AllocateAndInitializeSid(&creator, 1, SECURITY_CREATOR_OWNER_RIGHTS_RID,
                                 0, 0, 0, 0, 0, 0, 0, &owner)) {
        entry.Trustee.ptstrName = owner;
        if (SetEntriesInAclW(1, &entry, NULL, &list) == ERROR_SUCCESS)
            (void)SetSecurityInfo(GetCurrentProcess(), SE_KERNEL_OBJECT,
                                  DACL_SECURITY_INFORMATION, NULL, NULL, list,
                                  NULL);
        (void)LocalFree(list);
        (void)FreeSid(owner);
    }
}
