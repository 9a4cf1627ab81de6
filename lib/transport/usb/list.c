/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* USB devices in DFU mode, and debug probes.  Of one that may not be opened, or
 * that another program has, Linux still tells what it read when it was plugged
 * in (Documentation/ABI/stable/sysfs-bus-usb). */
#include <string.h>

#include "util/text.h"
#include "transport/base/list.h"
#include "transport/base/sysfs.h"
#include "transport/usb/usb.h"

/* CMSIS-DAP 2.1, "USB interface": its name, or the product's, has it. */
#define DAP_WORD "CMSIS-DAP"

struct usb_listing {
    const struct listing *l;
    enum usb_role role;
};

static const char *const kinds[USB_ROLES] = {
    [USB_ROLE_DFU] = "usb",
    [USB_ROLE_PROBE] = "cmsis-dap",
};

/* "1-4:1.0" is an interface of "1-4". */
static bool
has_dap_interface(const char *folder, const char *device)
{
    char path[SYSFS_PATH_MAX + SYSFS_NAME_MAX];
    char name[SYSFS_NAME_MAX] = "";
    char text[SYSFS_NAME_MAX];
    size_t len = strlen(device);

    while (sfi__sysfs_next(folder, name)) {
        if (strncmp(name, device, len) != 0 || name[len] != ':')
            continue;
        sfi__text_format(path, sizeof(path), "%s/%s/interface", folder, name);
        if (sfi__sysfs_read(path, text, sizeof(text)) &&
            strstr(text, DAP_WORD) != NULL)
            return true;
    }
    return false;
}

/* False: what looks like a probe is not known to be one. */
static bool
look_up(const struct usb_listing *u, const struct usb_seen *seen,
        sfi_transport_found *f)
{
    char folder[SYSFS_PATH_MAX];

    sfi__text_format(folder, sizeof(folder), "%s/sys/bus/usb/devices/%s",
                     u->l->root, seen->path);
    sfi__list_strings(f, folder);
    return u->role != USB_ROLE_PROBE || strstr(f->product, DAP_WORD) != NULL ||
           has_dap_interface(folder, seen->path);
}

static sfi_status
on_seen(void *user, const struct usb_seen *seen)
{
    const struct usb_listing *u = user;
    sfi_transport_found f = {.struct_size = sizeof(f)};

    (void)sfi__text_copy(f.kind, sizeof(f.kind), kinds[u->role]);
    sfi__text_format(f.uri, sizeof(f.uri), "%s:path=%s", f.kind, seen->path);
    (void)sfi__text_copy(f.product, sizeof(f.product), seen->name);
    (void)sfi__text_copy(f.manufacturer, sizeof(f.manufacturer),
                         seen->manufacturer);
    (void)sfi__text_copy(f.serial, sizeof(f.serial), seen->serial);
    f.flags = (seen->is_denied ? SFI_FOUND_DENIED : 0) |
              (seen->is_busy ? SFI_FOUND_BUSY : 0);
    if (seen->is_asked || look_up(u, seen, &f))
        u->l->fn(u->l->user, &f);
    return SFI_OK;
}

static sfi_status
list_role(const struct listing *l, enum usb_role role)
{
    struct usb_listing u = {.l = l, .role = role};

    return sfi__usb_each(l->ctx, role, l->root, on_seen, &u);
}

sfi_status
sfi__list_usb(const struct listing *l)
{
    return list_role(l, USB_ROLE_DFU);
}

sfi_status
sfi__list_probe(const struct listing *l)
{
    return list_role(l, USB_ROLE_PROBE);
}
