/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names and errors of Windows' serial ports. */
#include "transport/ports/win32.h"

#include <errno.h>
#include <stddef.h>
#include <wchar.h>
#include <windows.h>

#define DEVICES L"\\\\.\\"
#define DEVICES_LEN 4u

bool
sfi__win32_port_path(const char *name, wchar_t out[WIN32_PORT_MAX])
{
    wchar_t wide[WIN32_PORT_MAX - DEVICES_LEN];

    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, name, -1, wide,
                            (int)(sizeof(wide) / sizeof(*wide))) == 0)
        return false;
    (void)wcscpy(out, wcsncmp(wide, DEVICES, DEVICES_LEN) == 0 ? L"" : DEVICES);
    (void)wcscat(out, wide);
    return true;
}

int
sfi__win32_port_errno(unsigned long error)
{
    static const struct {
        DWORD error;
        int err;
    } known[] = {
        {ERROR_FILE_NOT_FOUND, ENOENT},
        {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_INVALID_NAME, ENOENT},
        /* what drivers report for an adapter that was unplugged */
        {ERROR_INVALID_HANDLE, ENODEV},
        {ERROR_BAD_COMMAND, ENODEV},
        {ERROR_BAD_UNIT, ENODEV},
        {ERROR_NOT_READY, ENODEV},
        {ERROR_GEN_FAILURE, ENODEV},
        {ERROR_DEV_NOT_EXIST, ENODEV},
        {ERROR_BROKEN_PIPE, ENODEV},
        {ERROR_OPERATION_ABORTED, ENODEV},
        {ERROR_DEVICE_NOT_CONNECTED, ENODEV},
        {ERROR_DEVICE_REMOVED, ENODEV},
        {ERROR_ACCESS_DENIED, EACCES},
        {ERROR_SHARING_VIOLATION, EACCES},
        {ERROR_INVALID_FUNCTION, EINVAL},
        {ERROR_INVALID_PARAMETER, EINVAL},
        {ERROR_NOT_SUPPORTED, EINVAL},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (known[i].error == error)
            return known[i].err;
    }
    return EIO;
}
