/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
#include "transport/usb/bus.h"

#include <string.h>

#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/sysfs.h"

/* DFU 1.1, 4.2.3: an interface in DFU mode. */
#define DFU_CLASS 0xfeu
#define DFU_SUBCLASS 0x01u
/* CMSIS-DAP 2.1, "USB interface": vendor's own, or a human's. */
#define VENDOR_CLASS 0xffu
#define HID_CLASS 0x03u
#define DAP_WORD "CMSIS-DAP"
#define PORTS_MAX 7
/* USB 2.0, 9.6.6: bits 0 to 10 of wMaxPacketSize; 5.7.3: at most 1024 */
#define PACKET_MASK 0x7ffu
#define PACKET_MAX 1024u
#define LIST_MAX 200u

/* What a look at the bus has brought. */
struct look {
    libusb_device *dev; /* the one that is meant, borrowed */
    struct usb_function function;
    uint32_t count; /* of those that fit */
    bool denied;    /* one that may fit cannot be asked */
    bool other;     /* one that is named is something else */
    char all[LIST_MAX];
};

enum fit { FIT_NO, FIT_OTHER, FIT_DENIED, FIT_YES };

static const char *const schemes[USB_ROLES] = {
    [USB_ROLE_DFU] = "usb",
    [USB_ROLE_PROBE] = "cmsis-dap",
};

sfi_status
sfi__usb_error(sfi_ctx *ctx, int err, const char *doing)
{
    switch (err) {
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "the device left the USB during %s", doing);
    case LIBUSB_ERROR_TIMEOUT:
        return sfi__fail(ctx, SFI_ERR_TIMEOUT, "%s took too long", doing);
    case LIBUSB_ERROR_PIPE:
        return sfi__fail(ctx, SFI_ERR_NACK, "the device stalled %s", doing);
    case LIBUSB_ERROR_ACCESS:
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "the device may not be opened; does a udev rule "
                         "give it to you");
    case LIBUSB_ERROR_BUSY:
        return sfi__fail(ctx, SFI_ERR_ACCESS,
                         "the device is in use by another program");
    case LIBUSB_ERROR_NO_MEM:
        return sfi__fail(ctx, SFI_ERR_NOMEM, "no memory for USB");
    default:
        return sfi__fail(ctx, SFI_ERR_IO, "%s failed: %s", doing,
                         libusb_error_name(err));
    }
}

/* ---- what a device is ---- */

/* "1-4.2" */
static void
write_path(libusb_device *dev, char out[USB_PATH_MAX])
{
    uint8_t port[PORTS_MAX];
    int n = libusb_get_port_numbers(dev, port, PORTS_MAX);
    char so_far[USB_PATH_MAX];

    sfi__text_format(out, USB_PATH_MAX, "%u", libusb_get_bus_number(dev));
    for (int i = 0; i < n; i++) {
        (void)sfi__text_copy(so_far, sizeof(so_far), out);
        sfi__text_format(out, USB_PATH_MAX, "%s%c%u", so_far,
                         i == 0 ? '-' : '.', port[i]);
    }
}

/* One of its texts; "" where it has none. */
static void
read_text(libusb_device_handle *handle, uint8_t index, char out[USB_WORD_MAX])
{
    unsigned char text[USB_WORD_MAX];
    int n = index == 0 ? 0
                       : libusb_get_string_descriptor_ascii(handle, index, text,
                                                            sizeof(text));
    size_t len = n > 0 ? (size_t)n : 0;

    if (len > sizeof(text) - 1)
        len = sizeof(text) - 1;
    for (size_t i = 0; i < len; i++)
        out[i] = text[i] >= ' ' && text[i] < 0x7f ? (char)text[i] : '?';
    out[len] = '\0';
}

/* Before it can be asked, whoever looks like one is a probe. */
static bool
says_dap(libusb_device_handle *handle, uint8_t index)
{
    char text[USB_WORD_MAX];

    if (handle == NULL)
        return true;
    read_text(handle, index, text);
    return strstr(text, DAP_WORD) != NULL;
}

static bool
is_endpoint(const struct libusb_endpoint_descriptor *e, uint8_t type, bool in)
{
    uint16_t packet = e->wMaxPacketSize & PACKET_MASK;

    return (e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) == type &&
           ((e->bEndpointAddress & LIBUSB_ENDPOINT_IN) != 0) == in &&
           packet > 0 && packet <= PACKET_MAX;
}

static void
take_out(struct usb_function *f, const struct libusb_endpoint_descriptor *e)
{
    f->out = e->bEndpointAddress;
    f->out_packet = e->wMaxPacketSize & PACKET_MASK;
}

static void
take_in(struct usb_function *f, const struct libusb_endpoint_descriptor *e)
{
    f->in = e->bEndpointAddress;
    f->in_packet = e->wMaxPacketSize & PACKET_MASK;
}

/* Version 2: bulk OUT, bulk IN, and maybe a trace's. */
static bool
take_bulk(const struct libusb_interface_descriptor *d, struct usb_function *f)
{
    if (d->bInterfaceClass != VENDOR_CLASS || d->iInterface == 0 ||
        d->bNumEndpoints < 2 ||
        !is_endpoint(&d->endpoint[0], LIBUSB_TRANSFER_TYPE_BULK, false) ||
        !is_endpoint(&d->endpoint[1], LIBUSB_TRANSFER_TYPE_BULK, true))
        return false;
    *f = (struct usb_function){.number = d->bInterfaceNumber};
    take_out(f, &d->endpoint[0]);
    take_in(f, &d->endpoint[1]);
    return true;
}

/* Version 1: reports; who has no OUT of interrupts takes them over the default
 * pipe (HID 1.11, 4.4), as long as those that come in. */
static bool
take_hid(const struct libusb_interface_descriptor *d, struct usb_function *f)
{
    *f = (struct usb_function){.number = d->bInterfaceNumber, .is_hid = true};
    if (d->bInterfaceClass != HID_CLASS)
        return false;
    for (uint8_t i = 0; i < d->bNumEndpoints; i++) {
        const struct libusb_endpoint_descriptor *e = &d->endpoint[i];

        if (is_endpoint(e, LIBUSB_TRANSFER_TYPE_INTERRUPT, true))
            take_in(f, e);
        else if (is_endpoint(e, LIBUSB_TRANSFER_TYPE_INTERRUPT, false))
            take_out(f, e);
    }
    if (f->out == 0)
        f->out_packet = f->in_packet;
    return f->in != 0;
}

static bool
take_dfu(const struct libusb_interface_descriptor *d, struct usb_function *f)
{
    *f = (struct usb_function){.number = d->bInterfaceNumber};
    return d->bInterfaceClass == DFU_CLASS &&
           d->bInterfaceSubClass == DFU_SUBCLASS;
}

/* Bulk is faster. */
static bool
take_probe(const struct libusb_interface_descriptor *d, uint8_t product,
           libusb_device_handle *handle, bool found, struct usb_function *out)
{
    struct usb_function f;
    bool ok = take_bulk(d, &f) && says_dap(handle, d->iInterface);

    if (!ok && !found)
        ok = take_hid(d, &f) &&
             (says_dap(handle, d->iInterface) || says_dap(handle, product));
    if (ok && (!found || out->is_hid))
        *out = f;
    return ok;
}

/* The device's interface for `role`; `handle` NULL: by its looks. */
static bool
find_function(enum usb_role role, libusb_device *dev, uint8_t product,
              libusb_device_handle *handle, struct usb_function *out)
{
    struct libusb_config_descriptor *config = NULL;
    bool found = false;

    if (libusb_get_active_config_descriptor(dev, &config) != 0)
        return false;
    for (uint8_t i = 0; i < config->bNumInterfaces; i++) {
        const struct libusb_interface *itf = &config->interface[i];

        if (itf->num_altsetting < 1)
            continue;
        if (role == USB_ROLE_PROBE)
            found =
                take_probe(&itf->altsetting[0], product, handle, found, out) ||
                found;
        else if (!found)
            found = take_dfu(&itf->altsetting[0], out);
    }
    out->config = config->bConfigurationValue;
    libusb_free_config_descriptor(config);
    return found;
}

/* ---- which one ---- */

static bool
has_serial(libusb_device_handle *handle, uint8_t index, const char *serial)
{
    char text[USB_WORD_MAX];

    read_text(handle, index, text);
    return serial[0] == '\0' || strcmp(serial, text) == 0;
}

/* To be asked for its texts a device must be open. */
static enum fit
ask(const struct usb_device *d, libusb_device *dev,
    const struct libusb_device_descriptor *own, struct usb_function *f)
{
    libusb_device_handle *handle = NULL;
    int err = libusb_open(dev, &handle);
    enum fit fit = FIT_NO;

    if (err == LIBUSB_ERROR_ACCESS)
        return FIT_DENIED;
    if (err != 0)
        return FIT_NO;
    if (has_serial(handle, own->iSerialNumber, d->pick.serial))
        fit = find_function(d->role, dev, own->iProduct, handle, f) ? FIT_YES
                                                                    : FIT_OTHER;
    libusb_close(handle);
    return fit;
}

/* By what libusb knows without asking it. */
static enum fit
look_at(const struct usb_device *d, libusb_device *dev,
        struct libusb_device_descriptor *own, struct usb_function *f)
{
    char path[USB_PATH_MAX];

    if (libusb_get_device_descriptor(dev, own) != 0)
        return FIT_NO;
    if (d->pick.vendor != 0 &&
        (own->idVendor != d->pick.vendor || own->idProduct != d->pick.product))
        return FIT_NO;
    write_path(dev, path);
    if (d->pick.path[0] != '\0' && strcmp(d->pick.path, path) != 0)
        return FIT_NO;
    return find_function(d->role, dev, own->iProduct, NULL, f) ? FIT_YES
                                                               : FIT_OTHER;
}

/* What looks like it is asked, where looks are not enough. */
static enum fit
settle(const struct usb_device *d, libusb_device *dev,
       const struct libusb_device_descriptor *own, struct usb_function *f)
{
    enum fit fit;

    if (d->role == USB_ROLE_DFU && d->pick.serial[0] == '\0')
        return FIT_YES;
    fit = ask(d, dev, own, f);
    /* a keyboard is not to be opened, and is no sign of a probe */
    if (fit == FIT_DENIED && f->is_hid && d->pick.vendor == 0 &&
        d->pick.path[0] == '\0')
        fit = FIT_OTHER;
    return fit;
}

static enum fit
judge(const struct usb_device *d, libusb_device *dev, struct usb_function *f)
{
    struct libusb_device_descriptor own;
    enum fit fit = look_at(d, dev, &own, f);

    return fit == FIT_YES ? settle(d, dev, &own, f) : fit;
}

static void
count_in(const struct usb_device *d, libusb_device *dev,
         const struct usb_function *f, struct look *l)
{
    char so_far[LIST_MAX];
    char path[USB_PATH_MAX];

    write_path(dev, path);
    (void)sfi__text_copy(so_far, sizeof(so_far), l->all);
    sfi__text_format(l->all, sizeof(l->all), "%s%s%s:path=%s", so_far,
                     so_far[0] != '\0' ? ", " : "", schemes[d->role], path);
    l->count++;
    if (d->pick.nth != 0 && d->pick.nth != l->count)
        return;
    l->dev = dev;
    l->function = *f;
}

static sfi_status
nobody(const struct usb_device *d, const struct look *l)
{
    bool named = d->pick.vendor != 0 || d->pick.path[0] != '\0';

    if (l->denied)
        return sfi__usb_error(d->ctx, LIBUSB_ERROR_ACCESS, "opening it");
    if (d->role == USB_ROLE_PROBE)
        return sfi__fail(d->ctx, SFI_ERR_NO_DEVICE, "%s",
                         l->other && named
                             ? "the USB device is no CMSIS-DAP probe"
                             : "no such debug probe (CMSIS-DAP) is there; is "
                               "it plugged in");
    if (l->other && l->count == 0)
        return sfi__fail(d->ctx, SFI_ERR_NO_DEVICE,
                         "the USB device has no DFU interface");
    return sfi__fail(d->ctx, SFI_ERR_NO_DEVICE,
                     "no such USB device (%04x:%04x) is there; is the chip "
                     "powered, and in its bootloader (BOOT0)",
                     d->pick.vendor, d->pick.product);
}

/* One and only one, or the n-th. */
static sfi_status
find(const struct usb_device *d, libusb_device *const *list, struct look *l)
{
    for (; *list != NULL; list++) {
        struct usb_function f;

        switch (judge(d, *list, &f)) {
        case FIT_NO:
            break;
        case FIT_OTHER:
            l->other = true;
            break;
        case FIT_DENIED:
            l->denied = true;
            break;
        case FIT_YES:
            count_in(d, *list, &f, l);
            break;
        }
    }
    if (d->pick.nth == 0 && l->count > 1)
        return sfi__fail(d->ctx, SFI_ERR_ARGUMENT,
                         "more than one device is meant, expected one of %s",
                         l->all);
    return l->dev != NULL ? SFI_OK : nobody(d, l);
}

/* ---- open and close ---- */

static bool
is_before(libusb_device *a, libusb_device *b)
{
    uint8_t at[PORTS_MAX] = {0}, bt[PORTS_MAX] = {0}; /* no port is 0 */

    if (libusb_get_bus_number(a) != libusb_get_bus_number(b))
        return libusb_get_bus_number(a) < libusb_get_bus_number(b);
    (void)libusb_get_port_numbers(a, at, PORTS_MAX);
    (void)libusb_get_port_numbers(b, bt, PORTS_MAX);
    for (size_t i = 0; i < PORTS_MAX; i++) {
        if (at[i] != bt[i])
            return at[i] < bt[i];
    }
    return false;
}

/* libusb has them as they came: the n-th is to be the same one tomorrow. */
static void
sort(libusb_device **list)
{
    for (size_t i = 0; list[i] != NULL; i++) {
        libusb_device *dev = list[i];
        size_t at = i;

        for (; at > 0 && is_before(dev, list[at - 1]); at--)
            list[at] = list[at - 1];
        list[at] = dev;
    }
}

static sfi_status
start(sfi_ctx *ctx, libusb_context **lib, libusb_device ***list)
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
    sort(*list);
    return SFI_OK;
}

/* A probe's reports are the kernel's before. */
static sfi_status
hold(struct usb_device *d, libusb_device *dev)
{
    int err = libusb_open(dev, &d->handle);

    if (err != 0) {
        d->handle = NULL;
        return sfi__usb_error(d->ctx, err, "opening it");
    }
    if (d->function.is_hid)
        (void)libusb_set_auto_detach_kernel_driver(d->handle, 1);
    err = libusb_claim_interface(d->handle, d->function.number);
    if (err != 0)
        return sfi__usb_error(d->ctx, err, "claiming its interface");
    d->claimed = true;
    write_path(dev, d->path);
    return SFI_OK;
}

sfi_status
sfi__usb_device_open(struct usb_device *d)
{
    libusb_device **list = NULL;
    struct look l = {.dev = NULL};
    sfi_status st = start(d->ctx, &d->lib, &list);

    if (st == SFI_OK)
        st = find(d, list, &l);
    d->function = l.function;
    if (st == SFI_OK)
        st = hold(d, l.dev);
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

/* Linux tells of each interface which driver has it, and "usbfs" is another
 * program.  False: it does not, or this is no Linux. */
static bool
is_in_sysfs(const char *root, const char *path, const struct usb_function *f,
            bool *is_busy)
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

/* Another program that opens it just now would be told that it is in use, so
 * this is for where nobody else tells. */
static bool
can_claim(libusb_device_handle *handle, const struct usb_function *f)
{
    int err;

    if (f->is_hid) /* the kernel has it, or not: that says nothing */
        return true;
    err = libusb_claim_interface(handle, f->number);
    if (err == 0)
        (void)libusb_release_interface(handle, f->number);
    return err != LIBUSB_ERROR_BUSY;
}

/* False: it is not there any more, or has no node here. */
static bool
ask_texts(libusb_device *dev, const struct libusb_device_descriptor *own,
          const struct usb_function *f, bool is_told, struct usb_seen *seen)
{
    libusb_device_handle *handle = NULL;
    int err = libusb_open(dev, &handle);

    seen->is_denied = err != 0;
    if (err != 0)
        return err != LIBUSB_ERROR_NO_DEVICE;
    read_text(handle, own->iManufacturer, seen->manufacturer);
    read_text(handle, own->iProduct, seen->name);
    read_text(handle, own->iSerialNumber, seen->serial);
    seen->is_asked = true;
    if (!is_told)
        seen->is_busy = !can_claim(handle, f);
    libusb_close(handle);
    return true;
}

/* False: it is nothing to show. */
static bool
see(const struct usb_device *d, const char *root, libusb_device *dev,
    struct usb_seen *seen)
{
    struct libusb_device_descriptor own;
    struct usb_function f;
    bool is_told;
    enum fit fit = look_at(d, dev, &own, &f);

    if (fit != FIT_YES)
        return false;
    *seen = (struct usb_seen){.vendor = own.idVendor, .product = own.idProduct};
    write_path(dev, seen->path);
    is_told = is_in_sysfs(root, seen->path, &f, &seen->is_busy);
    if (seen->is_busy) /* its program is not disturbed */
        return true;
    fit = settle(d, dev, &own, &f);
    return (fit == FIT_YES || fit == FIT_DENIED) &&
           ask_texts(dev, &own, &f, is_told, seen);
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
        st = start(ctx, &d.lib, &list);
    for (size_t i = 0; st == SFI_OK && list[i] != NULL; i++) {
        struct usb_seen seen;

        if (see(&d, root, list[i], &seen))
            st = fn(user, &seen);
    }
    if (list != NULL)
        libusb_free_device_list(list, 1);
    sfi__usb_device_close(&d);
    return st;
}
