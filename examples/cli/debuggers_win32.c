/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Windows: other processes of the same user get no handle that reads this one's
 * memory, unless they have the right to debug, as an administrator has. */
#include <aclapi.h>
#include <windows.h>

#include "cli/cli.h"

/* Everyone may end the process, wait for it, and ask what it is. */
#define RIGHTS \
    (PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION | SYNCHRONIZE)

void
cli_refuse_debuggers(void)
{
    SID_IDENTIFIER_AUTHORITY world = {SECURITY_WORLD_SID_AUTHORITY};
    EXPLICIT_ACCESSW entry = {
        .grfAccessPermissions = RIGHTS,
        .grfAccessMode = SET_ACCESS,
        .Trustee = {.TrusteeForm = TRUSTEE_IS_SID},
    };
    PSID everyone = NULL;
    ACL *list = NULL;

    if (AllocateAndInitializeSid(&world, 1, SECURITY_WORLD_RID, 0, 0, 0, 0, 0,
                                 0, 0, &everyone)) {
        entry.Trustee.ptstrName = everyone;
        if (SetEntriesInAclW(1, &entry, NULL, &list) == ERROR_SUCCESS)
            (void)SetSecurityInfo(GetCurrentProcess(), SE_KERNEL_OBJECT,
                                  DACL_SECURITY_INFORMATION, NULL, NULL, list,
                                  NULL);
        (void)LocalFree(list);
        (void)FreeSid(everyone);
    }
}
