/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The devices on the bus: which one is meant, opening it, listing all. */
#include "transport/usb/bus.h"

#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/sysfs.h"

#define LIST_MAX 200u

/* The result of a search of the bus. */
struct search {
    libusb_device *dev; /* the one that was found, borrowed */
    struct usb_function function;
    uint32_t count; /* of devices that match */
    bool denied;    /* a device that may match cannot be opened */
    bool other;     /* a device matches, but not the role */
    char all[LIST_MAX];
};

enum fit { FIT_NO, FIT_OTHER, FIT_DENIED, FIT_YES };

sfi_status
sfi__usb_error(sfi_ctx *ctx, int err, const char *doing)
{
    switch (err) {
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "the device disconnected during %s", doing);
    case LIBUSB_ERROR_TIMEOUT:
        return sfi__fail(ctx, SFI_ERR_TIMEOUT, "%s timed out", doing);
    case LIBUSB_ERROR_PIPE:
        return sfi__fail(ctx, SFI_ERR_NACK, "the device stalled %s", doing);
    case LIBUSB_ERROR_ACCESS:
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "no permission to open the device; a udev rule can "
                         "give it");
    case LIBUSB_ERROR_BUSY:
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "the device is in use by another program");
    case LIBUSB_ERROR_NO_MEM:
        return sfi__fail(ctx, SFI_ERR_NOMEM, "libusb is out of memory");
    default:
        return sfi__fail(ctx, SFI_ERR_IO, "%s failed: %s", doing,
                         libusb_error_name(err));
    }
}

/* ---- which one ---- */

static bool
usb_has_serial(libusb_device_handle *handle, uint8_t index, const char *serial)
{
    char text[USB_WORD_MAX];

    sfi__usb_read_text(handle, index, text);
    return serial[0] == '\0' || strcmp(serial, text) == 0;
}

/* A device must be open for its texts to be read. */
static enum fit
usb_open_and_judge(const struct usb_device *d, libusb_device *dev,
                   const struct libusb_device_descriptor *own,
                   struct usb_function *f)
{
    libusb_device_handle *handle = NULL;
    int err = libusb_open(dev, &handle);
    enum fit fit = FIT_NO;

    if (err == LIBUSB_ERROR_ACCESS)
        return FIT_DENIED;
    if (err != 0)
        return FIT_NO;
    if (usb_has_serial(handle, own->iSerialNumber, d->pick.serial))
        fit = sfi__usb_find_function(d->role, dev, own->iProduct, handle, f)
                  ? FIT_YES
                  : FIT_OTHER;
    libusb_close(handle);
    return fit;
}

/* By what libusb knows without opening the device. */
static enum fit
usb_judge_by_descriptor(const struct usb_device *d, libusb_device *dev,
                        struct libusb_device_descriptor *own,
                        struct usb_function *f)
{
    char path[USB_PATH_MAX];

    if (libusb_get_device_descriptor(dev, own) != 0)
        return FIT_NO;
    if (d->pick.vendor != 0 &&
        (own->idVendor != d->pick.vendor || own->idProduct != d->pick.product))
        return FIT_NO;
    sfi__usb_path(dev, path);
    if (d->pick.path[0] != '\0' && strcmp(d->pick.path, path) != 0)
        return FIT_NO;
    return sfi__usb_find_function(d->role, dev, own->iProduct, NULL, f)
               ? FIT_YES
               : FIT_OTHER;
}

/* Open a device that may match, where its texts must be read. */
static enum fit
usb_confirm_match(const struct usb_device *d, libusb_device *dev,
                  const struct libusb_device_descriptor *own,
                  struct usb_function *f)
{
    enum fit fit;

    if (d->role == USB_ROLE_DFU && d->pick.serial[0] == '\0')
        return FIT_YES;
    fit = usb_open_and_judge(d, dev, own, f);
    /* most HIDs are keyboards, which a user may not open: not a probe */
    if (fit == FIT_DENIED && f->is_hid && d->pick.vendor == 0 &&
        d->pick.path[0] == '\0')
        fit = FIT_OTHER;
    return fit;
}

static enum fit
usb_judge_device(const struct usb_device *d, libusb_device *dev,
                 struct usb_function *f)
{
    struct libusb_device_descriptor own;
    enum fit fit = usb_judge_by_descriptor(d, dev, &own, f);

    return fit == FIT_YES ? usb_confirm_match(d, dev, &own, f) : fit;
}

static void
usb_add_match(const struct usb_device *d, libusb_device *dev,
              const struct usb_function *f, struct search *l)
{
    char so_far[LIST_MAX];
    char path[USB_PATH_MAX];

    sfi__usb_path(dev, path);
    (void)sfi__text_copy(so_far, sizeof(so_far), l->all);
    sfi__text_format(l->all, sizeof(l->all), "%s%s%s:path=%s", so_far,
                     so_far[0] != '\0' ? ", " : "", sfi__usb_scheme(d->role),
                     path);
    l->count++;
    if (d->pick.nth != 0 && d->pick.nth != l->count)
        return;
    l->dev = dev;
    l->function = *f;
}

static sfi_status
usb_fail_no_match(const struct usb_device *d, const struct search *l)
{
    bool named = d->pick.vendor != 0 || d->pick.path[0] != '\0';

    if (l->denied)
        return sfi__usb_error(d->ctx, LIBUSB_ERROR_ACCESS,
                              "opening the device");
    if (d->role == USB_ROLE_PROBE)
        return sfi__fail(d->ctx, SFI_ERR_NO_DEVICE, "%s",
                         l->other && named
                             ? "the USB device is not a CMSIS-DAP probe"
                             : "there is no such debug probe (CMSIS-DAP); is "
                               "it plugged in");
    if (l->other && l->count == 0)
        return sfi__fail(d->ctx, SFI_ERR_NO_DEVICE,
                         "the USB device has no DFU interface");
    return sfi__fail(d->ctx, SFI_ERR_NO_DEVICE,
                     "there is no such USB device (%04x:%04x); is the chip "
                     "powered, and in its bootloader (BOOT0)",
                     d->pick.vendor, d->pick.product);
}

/* The only device that matches, or the n-th. */
static sfi_status
usb_find_match(const struct usb_device *d, libusb_device *const *list,
               struct search *l)
{
    for (; *list != NULL; list++) {
        struct usb_function f;

        switch (usb_judge_device(d, *list, &f)) {
        case FIT_NO:
            break;
        case FIT_OTHER:
            l->other = true;
            break;
        case FIT_DENIED:
            l->denied = true;
            break;
        case FIT_YES:
            usb_add_match(d, *list, &f, l);
            break;
        }
    }
    if (d->pick.nth == 0 && l->count > 1)
        return sfi__fail(d->ctx, SFI_ERR_ARGUMENT,
                         "more than one device matches, expected one of %s",
                         l->all);
    return l->dev != NULL ? SFI_OK : usb_fail_no_match(d, l);
}

/* ---- open and close ---- */

static bool
usb_is_before(libusb_device *a, libusb_device *b)
{
    uint8_t at[USB_PORTS_MAX] = {0}, bt[USB_PORTS_MAX] = {0}; /* no port is 0 */

    if (libusb_get_bus_number(a) != libusb_get_bus_number(b))
        return libusb_get_bus_number(a) < libusb_get_bus_number(b);
    (void)libusb_get_port_numbers(a, at, USB_PORTS_MAX);
    (void)libusb_get_port_numbers(b, bt, USB_PORTS_MAX);
    for (size_t i = 0; i < USB_PORTS_MAX; i++) {
        if (at[i] != bt[i])
            return at[i] < bt[i];
    }
    return false;
}

/* libusb lists devices in the order of connection; the n-th must stay the same
 * when they are connected in another order. */
static void
usb_sort_by_port(libusb_device **list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        libusb_device *dev = list[i];
        size_t at = i;

        for (; at > 0 && usb_is_before(dev, list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = dev;
    }
}

static sfi_status
usb_list_devices(sfi_ctx *ctx, libusb_context **lib, libusb_device ***list)
{
    int err = libusb_init(lib);

    *list = NULL;
    if (err != 0) {
        *lib = NULL;
        return sfi__usb_error(ctx, err, "starting libusb");
    }
    if (libusb_get_device_list(*lib, list) < 0) {
        *list = NULL;
        return sfi__fail(ctx, SFI_ERR_IO, "cannot list the USB devices");
    }
    usb_sort_by_port(*list);
    return SFI_OK;
}

/* The kernel's driver for HIDs has a probe of version 1 until it is detached.
 */
static sfi_status
usb_claim_device(struct usb_device *d, libusb_device *dev)
{
    int err = libusb_open(dev, &d->handle);

    if (err != 0) {
        d->handle = NULL;
        return sfi__usb_error(d->ctx, err, "opening the device");
    }
    if (d->function.is_hid)
        (void)libusb_set_auto_detach_kernel_driver(d->handle, 1);
    err = libusb_claim_interface(d->handle, d->function.number);
    if (err != 0)
        return sfi__usb_error(d->ctx, err, "claiming the interface");
    d->claimed = true;
    sfi__usb_path(dev, d->path);
    return SFI_OK;
}

sfi_status
sfi__usb_device_open(struct usb_device *d)
{
    libusb_device **list = NULL;
    struct search l = {.dev = NULL};
    sfi_status st = usb_list_devices(d->ctx, &d->lib, &list);

    if (st != SFI_OK)
        goto out;
    st = usb_find_match(d, list, &l);
    if (st != SFI_OK)
        goto out;
    d->function = l.function;
    st = usb_claim_device(d, l.dev);

out:
    if (list != NULL)
        libusb_free_device_list(list, 1);
    if (st != SFI_OK)
        sfi__usb_device_close(d);
    return st;
}

void
sfi__usb_device_close(struct usb_device *d)
{
    if (d->handle != NULL && d->claimed)
        (void)libusb_release_interface(d->handle, d->function.number);
    if (d->handle != NULL)
        libusb_close(d->handle);
    if (d->lib != NULL)
        libusb_exit(d->lib);
    d->claimed = false;
    d->handle = NULL;
    d->lib = NULL;
}

/* ---- all of them ---- */

/* Linux names the driver of each interface; "usbfs" means another program.
 * False: unknown, or not Linux. */
static bool
usb_read_sysfs_driver(const char *root, const char *path,
                      const struct usb_function *f, bool *is_busy)
{
    char name[SYSFS_PATH_MAX];
    char driver[SYSFS_NAME_MAX];

    sfi__text_format(name, sizeof(name),
                     "%s/sys/bus/usb/devices/%s:%u.%d/bInterfaceClass", root,
                     path, f->config, f->number);
    if (!sfi__sysfs_read(name, driver, sizeof(driver)))
        return false;
    sfi__text_format(name, sizeof(name),
                     "%s/sys/bus/usb/devices/%s:%u.%d/driver", root, path,
                     f->config, f->number);
    *is_busy = sfi__sysfs_link(name, driver) && strcmp(driver, "usbfs") == 0;
    return true;
}

/* Only where /sys does not tell: while this claims the interface, another
 * program that opens the device would find it in use. */
static bool
usb_can_claim(libusb_device_handle *handle, const struct usb_function *f)
{
    int err;

    if (f->is_hid) /* claimed by the kernel's driver, if any */
        return true;
    err = libusb_claim_interface(handle, f->number);
    if (err == 0)
        (void)libusb_release_interface(handle, f->number);
    return err != LIBUSB_ERROR_BUSY;
}

/* False: the device has disconnected, or has no node in /dev. */
static bool
usb_read_texts(libusb_device *dev, const struct libusb_device_descriptor *own,
               const struct usb_function *f, bool is_known,
               struct usb_seen *seen)
{
    libusb_device_handle *handle = NULL;
    int err = libusb_open(dev, &handle);

    seen->is_denied = err != 0;
    if (err != 0)
        return err != LIBUSB_ERROR_NO_DEVICE;
    sfi__usb_read_text(handle, own->iManufacturer, seen->manufacturer);
    sfi__usb_read_text(handle, own->iProduct, seen->name);
    sfi__usb_read_text(handle, own->iSerialNumber, seen->serial);
    seen->is_asked = true;
    if (!is_known)
        seen->is_busy = !usb_can_claim(handle, f);
    libusb_close(handle);
    return true;
}

/* False: the device is not listed. */
static bool
usb_describe_device(const struct usb_device *d, const char *root,
                    libusb_device *dev, struct usb_seen *seen)
{
    struct libusb_device_descriptor own;
    struct usb_function f;
    bool is_known;
    enum fit fit = usb_judge_by_descriptor(d, dev, &own, &f);

    if (fit != FIT_YES)
        return false;
    *seen = (struct usb_seen){.vendor = own.idVendor, .product = own.idProduct};
    sfi__usb_path(dev, seen->path);
    is_known = usb_read_sysfs_driver(root, seen->path, &f, &seen->is_busy);
    if (seen->is_busy) /* do not disturb the program that uses it */
        return true;
    fit = usb_confirm_match(d, dev, &own, &f);
    return (fit == FIT_YES || fit == FIT_DENIED) &&
           usb_read_texts(dev, &own, &f, is_known, seen);
}

sfi_status
sfi__usb_each(sfi_ctx *ctx, enum usb_role role, const char *root,
              sfi_status (*fn)(void *user, const struct usb_seen *seen),
              void *user)
{
    struct usb_device d = {.ctx = ctx, .role = role};
    libusb_device **list = NULL;
    sfi_status st = sfi__usb_pick(ctx, role, "", &d.pick);

    if (st == SFI_OK)
        st = usb_list_devices(ctx, &d.lib, &list);
    for (size_t i = 0; st == SFI_OK && list[i] != NULL; i++) {
        struct usb_seen seen;

        if (usb_describe_device(&d, root, list[i], &seen))
            st = fn(user, &seen);
    }
    if (list != NULL)
        libusb_free_device_list(list, 1);
    sfi__usb_device_close(&d);
    return st;
}
