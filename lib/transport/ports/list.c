/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Lists serial ports and spidevs from /sys
 * (Documentation/admin-guide/devices.rst of Linux).  A port is never opened:
 * that would change DTR and RTS. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <unistd.h>

#include "util/text.h"
#include "transport/base/list.h"
#include "transport/base/sysfs.h"
#include "transport/base/uri.h"

/* Folders to look at from a port's device up to its USB device: port of an
 * adapter, interface, device. */
#define LEVELS 3

/* Can this be part of a link's name? */
static bool
list_is_plain_name(const char *name)
{
    for (; *name != '\0'; name++) {
        if (*name <= 0x20 || *name >= 0x7f || *name == '?')
            return false;
    }
    return true;
}

/* False: the name cannot be part of a link's name, or has no node in /dev. */
static bool
list_begin_entry(const struct listing *l, sfi_transport_found *f,
                 const char *kind, const char *name)
{
    char node[SYSFS_PATH_MAX];
    char locks[SYSFS_PATH_MAX];

    *f = (sfi_transport_found){.struct_size = sizeof(*f)};
    if (!list_is_plain_name(name) ||
        strlen("/dev/") + strlen(name) >= URI_PATH_MAX)
        return false;
    sfi__text_format(node, sizeof(node), "%s/dev/%s", l->root, name);
    if (access(node, F_OK) != 0)
        return false;
    (void)sfi__text_copy(f->kind, sizeof(f->kind), kind);
    sfi__text_format(f->uri, sizeof(f->uri), "%s:/dev/%s", kind, name);
    sfi__text_format(locks, sizeof(locks), "%s/proc/locks", l->root);
    if (access(node, R_OK | W_OK) != 0)
        f->flags |= SFI_FOUND_DENIED;
    if (sfi__sysfs_is_locked(locks, node))
        f->flags |= SFI_FOUND_BUSY;
    return true;
}

/* ---- serial ports ---- */

/* The texts of the USB device behind a port, else the name of its driver. */
static void
list_describe_port(sfi_transport_found *f, const char *device)
{
    char folder[SYSFS_PATH_MAX];
    char path[SYSFS_PATH_MAX + 16];
    char name[SYSFS_NAME_MAX];

    (void)sfi__text_copy(folder, sizeof(folder), device);
    for (int i = 0; i < LEVELS; i++) {
        sfi__text_format(path, sizeof(path), "%s/idVendor", folder);
        if (access(path, F_OK) == 0) {
            f->product[0] = '\0';
            sfi__list_strings(f, folder);
            return;
        }
        sfi__text_format(path, sizeof(path), "%s/driver", folder);
        /* serial_base: "ctrl" and "port" stand between UART and tty */
        if (f->product[0] == '\0' && sfi__sysfs_link(path, name) &&
            strcmp(name, "port") != 0 && strcmp(name, "ctrl") != 0)
            sfi__text_visible(f->product, sizeof(f->product), name);
        sfi__text_format(path, sizeof(path), "%s/..", folder);
        (void)sfi__text_copy(folder, sizeof(folder), path);
    }
}

/* A link made by udev, named after the adapter's serial number. */
static void
list_find_lasting_uri(const struct listing *l, sfi_transport_found *f,
                      const char *name)
{
    static const char by_id[] = "/dev/serial/by-id";
    char folder[SYSFS_PATH_MAX];
    char path[SYSFS_PATH_MAX + SYSFS_NAME_MAX];
    char id[SYSFS_NAME_MAX] = "";
    char meant[SYSFS_NAME_MAX];

    sfi__text_format(folder, sizeof(folder), "%s%s", l->root, by_id);
    while (sfi__sysfs_next(folder, id)) {
        sfi__text_format(path, sizeof(path), "%s/%s", folder, id);
        if (!list_is_plain_name(id) ||
            strlen(by_id) + 1 + strlen(id) >= URI_PATH_MAX ||
            !sfi__sysfs_link(path, meant) || strcmp(meant, name) != 0)
            continue;
        sfi__text_format(f->lasting_uri, sizeof(f->lasting_uri), "serial:%s/%s",
                         by_id, id);
        return;
    }
}

/* linux/serial_core.h: an 8250 that Linux probed for and did not find has a
 * name and type 0 (PORT_UNKNOWN). */
static bool
list_port_exists(const char *device, const char *type)
{
    char text[16];

    return access(device, F_OK) == 0 &&
           !(sfi__sysfs_read(type, text, sizeof(text)) &&
             strcmp(text, "0") == 0);
}

sfi_status
sfi__list_serial(const struct listing *l)
{
    char folder[SYSFS_PATH_MAX];
    char device[SYSFS_PATH_MAX + SYSFS_NAME_MAX];
    char type[SYSFS_PATH_MAX + SYSFS_NAME_MAX];
    char name[SYSFS_NAME_MAX] = "";
    sfi_transport_found found;

    sfi__text_format(folder, sizeof(folder), "%s/sys/class/tty", l->root);
    while (sfi__sysfs_next(folder, name)) {
        sfi__text_format(device, sizeof(device), "%s/%s/device", folder, name);
        sfi__text_format(type, sizeof(type), "%s/%s/type", folder, name);
        if (!list_port_exists(device, type) ||
            !list_begin_entry(l, &found, "serial", name))
            continue;
        list_describe_port(&found, device);
        list_find_lasting_uri(l, &found, name);
        l->fn(l->user, &found);
    }
    return SFI_OK;
}

/* ---- spidevs ---- */

/* "spidev0.1" */
static void
list_describe_spidev(sfi_transport_found *f, const char *name)
{
    const char *bus = name + strcspn(name, "0123456789");
    size_t len = strspn(bus, "0123456789");

    if (bus[len] == '.')
        sfi__text_format(f->product, sizeof(f->product),
                         "bus %.*s, chip select %s", (int)len, bus,
                         bus + len + 1);
}

sfi_status
sfi__list_spi(const struct listing *l)
{
    char folder[SYSFS_PATH_MAX];
    char name[SYSFS_NAME_MAX] = "";
    sfi_transport_found found;

    sfi__text_format(folder, sizeof(folder), "%s/sys/class/spidev", l->root);
    while (sfi__sysfs_next(folder, name)) {
        if (!list_begin_entry(l, &found, "spi", name))
            continue;
        list_describe_spidev(&found, name);
        l->fn(l->user, &found);
    }
    return SFI_OK;
}
