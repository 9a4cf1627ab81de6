/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Shared by the listings: the texts of a USB device in /sys. */
#include "transport/base/list.h"

#include "util/text.h"
#include "transport/base/sysfs.h"

void
sfi__list_strings(sfi_transport_found *found, const char *folder)
{
    char path[SYSFS_PATH_MAX];

    sfi__text_format(path, sizeof(path), "%s/product", folder);
    (void)sfi__sysfs_read(path, found->product, sizeof(found->product));
    sfi__text_format(path, sizeof(path), "%s/manufacturer", folder);
    (void)sfi__sysfs_read(path, found->manufacturer,
                          sizeof(found->manufacturer));
    sfi__text_format(path, sizeof(path), "%s/serial", folder);
    (void)sfi__sysfs_read(path, found->serial, sizeof(found->serial));
}
