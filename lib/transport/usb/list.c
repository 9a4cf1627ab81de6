/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lists USB devices in DFU mode and debug probes.  The texts of a device that
 * cannot be opened, or is in use, are those that Linux read when it was plugged
 * in (Documentation/ABI/stable/sysfs-bus-usb). */
#include <string.h>

#include "util/text.h"
#include "transport/base/list.h"
#include "transport/base/sysfs.h"
#include "transport/usb/usb.h"

struct usb_listing {
    const struct listing *l;
    enum usb_role role;
};

/* "1-4:1.0" is an interface of "1-4". */
static bool
usb_has_dap_interface(const char *folder, const char *device)
{
    char path[SYSFS_PATH_MAX + SYSFS_NAME_MAX];
    char name[SYSFS_NAME_MAX] = "";
    char text[SYSFS_NAME_MAX];

    while (sfi__sysfs_next(folder, name)) {
        const char *rest = sfi__text_after(name, device);

        if (rest == NULL || rest[0] != ':')
            continue;
        sfi__text_format(path, sizeof(path), "%s/%s/interface", folder, name);
        if (sfi__sysfs_read(path, text, sizeof(text)) &&
            strstr(text, USB_DAP_WORD) != NULL)
            return true;
    }
    return false;
}

/* False: a device for the role of a probe does not say that it is one. */
static bool
usb_look_up_texts(const struct usb_listing *u, const struct usb_seen *seen,
                  sfi_transport_found *f)
{
    char folder[SYSFS_PATH_MAX];

    sfi__text_format(folder, sizeof(folder), "%s/sys/bus/usb/devices/%s",
                     u->l->root, seen->path);
    sfi__list_strings(f, folder);
    return u->role != USB_ROLE_PROBE ||
           strstr(f->product, USB_DAP_WORD) != NULL ||
           usb_has_dap_interface(folder, seen->path);
}

static sfi_status
usb_list_device(void *user, const struct usb_seen *seen)
{
    const struct usb_listing *u = user;
    sfi_transport_found f = {.struct_size = sizeof(f)};

    (void)sfi__text_copy(f.kind, sizeof(f.kind), sfi__usb_scheme(u->role));
    sfi__text_format(f.uri, sizeof(f.uri), "%s:path=%s", f.kind, seen->path);
    (void)sfi__text_copy(f.product, sizeof(f.product), seen->name);
    (void)sfi__text_copy(f.manufacturer, sizeof(f.manufacturer),
                         seen->manufacturer);
    (void)sfi__text_copy(f.serial, sizeof(f.serial), seen->serial);
    f.flags = (seen->is_denied ? SFI_FOUND_DENIED : 0) |
              (seen->is_busy ? SFI_FOUND_BUSY : 0);
    if (seen->is_asked || usb_look_up_texts(u, seen, &f))
        u->l->fn(u->l->user, &f);
    return SFI_OK;
}

static sfi_status
usb_list_role(const struct listing *l, enum usb_role role)
{
    struct usb_listing u = {.l = l, .role = role};

    return sfi__usb_each(l->ctx, role, l->root, usb_list_device, &u);
}

sfi_status
sfi__list_usb(const struct listing *l)
{
    return usb_list_role(l, USB_ROLE_DFU);
}

sfi_status
sfi__list_probe(const struct listing *l)
{
    return usb_list_role(l, USB_ROLE_PROBE);
}
