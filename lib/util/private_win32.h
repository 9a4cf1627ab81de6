/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An access list of Windows that has the user alone. */
#ifndef SFI_UTIL_PRIVATE_WIN32_H
#define SFI_UTIL_PRIVATE_WIN32_H

#include <stdbool.h>
#include <wchar.h>
#include <windows.h>

/* Points into itself: it stays where it was made. */
struct win_private {
    SECURITY_ATTRIBUTES attributes;
    SECURITY_DESCRIPTOR descriptor;
    union {
        ACL acl;
        char room[sizeof(ACL) + sizeof(ACCESS_ALLOWED_ACE) +
                  SECURITY_MAX_SID_SIZE];
    } list;
    union {
        TOKEN_USER token;
        char room[sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE];
    } user;
};

/* For what is made with it, and in a folder that is.  0 or an errno. */
int sfi__win_private(struct win_private *p, bool is_folder);
/* Would a new file in a file's place be open to more than it is?  True also
 * when its list cannot be read; false when there is no such file. */
bool sfi__win_is_private(const wchar_t *path);
/* Does its list let everybody read it, or each user of the machine? */
bool sfi__win_others_read(const wchar_t *path);

#endif
