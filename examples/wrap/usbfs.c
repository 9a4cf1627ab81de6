/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests of usbfs that are alike for every virtual USB device (Linux,
 * Documentation/driver-api/usb/usb.rst). */
#include <linux/usbdevice_fs.h>
#include <string.h>

#include "wrap/bed.h"

void
usbfs_write_capabilities(UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(arg, 0, sizeof(__u32), NULL);
    const __u32 none = 0;

    if (data != NULL)
        memcpy(data->data, &none, sizeof(none));
    g_clear_object(&data);
}

bool
usbfs_reap(UMockdevIoctlData *arg, UMockdevIoctlData *urb)
{
    UMockdevIoctlData *at;

    if (urb == NULL)
        return false;
    at = umockdev_ioctl_data_resolve(arg, 0, sizeof(void *), NULL);
    if (at != NULL)
        (void)umockdev_ioctl_data_set_ptr(at, 0, urb);
    g_clear_object(&at);
    g_object_unref(urb);
    return true;
}
