/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a USB device is: its place, its texts, and the interface that serves as
 * DFU or as CMSIS-DAP probe. */
#include <string.h>

#include "util/text.h"
#include "transport/usb/bus.h"

/* DFU 1.1, 4.2.3: an interface in DFU mode. */
#define DFU_CLASS 0xfeu
#define DFU_SUBCLASS 0x01u
/* CMSIS-DAP 2.1, "USB interface": vendor specific (version 2), or HID (1). */
#define VENDOR_CLASS 0xffu
#define HID_CLASS 0x03u
/* USB 2.0, 9.6.6: bits 0 to 10 of wMaxPacketSize; 5.7.3: at most 1024 */
#define PACKET_MASK 0x7ffu
#define PACKET_MAX 1024u

void
sfi__usb_path(libusb_device *dev, char out[USB_PATH_MAX])
{
    uint8_t port[USB_PORTS_MAX];
    int n = libusb_get_port_numbers(dev, port, USB_PORTS_MAX);
    char so_far[USB_PATH_MAX];

    sfi__text_format(out, USB_PATH_MAX, "%u", libusb_get_bus_number(dev));
    for (int i = 0; i < n; i++) {
        (void)sfi__text_copy(so_far, sizeof(so_far), out);
        sfi__text_format(out, USB_PATH_MAX, "%s%c%u", so_far,
                         i == 0 ? '-' : '.', port[i]);
    }
}

void
sfi__usb_read_text(libusb_device_handle *handle, uint8_t index,
                   char out[USB_WORD_MAX])
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

/* Is a text of a CMSIS-DAP probe?  Assumed while the device is not open. */
static bool
usb_text_names_dap(libusb_device_handle *handle, uint8_t index)
{
    char text[USB_WORD_MAX];

    if (handle == NULL)
        return true;
    sfi__usb_read_text(handle, index, text);
    return strstr(text, USB_DAP_WORD) != NULL;
}

static bool
usb_is_endpoint(const struct libusb_endpoint_descriptor *e, uint8_t type,
                bool in)
{
    uint16_t packet = e->wMaxPacketSize & PACKET_MASK;

    return (e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK) == type &&
           ((e->bEndpointAddress & LIBUSB_ENDPOINT_IN) != 0) == in &&
           packet > 0 && packet <= PACKET_MAX;
}

static void
usb_take_out_endpoint(struct usb_function *f,
                      const struct libusb_endpoint_descriptor *e)
{
    f->out = e->bEndpointAddress;
    f->out_packet = e->wMaxPacketSize & PACKET_MASK;
}

static void
usb_take_in_endpoint(struct usb_function *f,
                     const struct libusb_endpoint_descriptor *e)
{
    f->in = e->bEndpointAddress;
    f->in_packet = e->wMaxPacketSize & PACKET_MASK;
}

/* Version 2: bulk OUT, bulk IN, and optionally one for a trace. */
static bool
usb_take_bulk_probe(const struct libusb_interface_descriptor *d,
                    struct usb_function *f)
{
    if (d->bInterfaceClass != VENDOR_CLASS || d->iInterface == 0 ||
        d->bNumEndpoints < 2 ||
        !usb_is_endpoint(&d->endpoint[0], LIBUSB_TRANSFER_TYPE_BULK, false) ||
        !usb_is_endpoint(&d->endpoint[1], LIBUSB_TRANSFER_TYPE_BULK, true))
        return false;
    *f = (struct usb_function){.number = d->bInterfaceNumber};
    usb_take_out_endpoint(f, &d->endpoint[0]);
    usb_take_in_endpoint(f, &d->endpoint[1]);
    return true;
}

/* Version 1: HID reports.  Without an interrupt OUT endpoint the default pipe
 * is used (HID 1.11, 4.4), with reports of the same length as for IN. */
static bool
usb_take_hid_probe(const struct libusb_interface_descriptor *d,
                   struct usb_function *f)
{
    *f = (struct usb_function){.number = d->bInterfaceNumber, .is_hid = true};
    if (d->bInterfaceClass != HID_CLASS)
        return false;
    for (uint8_t i = 0; i < d->bNumEndpoints; i++) {
        const struct libusb_endpoint_descriptor *e = &d->endpoint[i];

        if (usb_is_endpoint(e, LIBUSB_TRANSFER_TYPE_INTERRUPT, true))
            usb_take_in_endpoint(f, e);
        else if (usb_is_endpoint(e, LIBUSB_TRANSFER_TYPE_INTERRUPT, false))
            usb_take_out_endpoint(f, e);
    }
    if (f->out == 0)
        f->out_packet = f->in_packet;
    return f->in != 0;
}

static bool
usb_take_dfu(const struct libusb_interface_descriptor *d,
             struct usb_function *f)
{
    *f = (struct usb_function){.number = d->bInterfaceNumber};
    return d->bInterfaceClass == DFU_CLASS &&
           d->bInterfaceSubClass == DFU_SUBCLASS;
}

/* A bulk interface is preferred to HID, since it is faster. */
static bool
usb_take_probe(const struct libusb_interface_descriptor *d, uint8_t product,
               libusb_device_handle *handle, bool found,
               struct usb_function *out)
{
    struct usb_function f;
    bool ok =
        usb_take_bulk_probe(d, &f) && usb_text_names_dap(handle, d->iInterface);

    if (!ok && !found)
        ok = usb_take_hid_probe(d, &f) &&
             (usb_text_names_dap(handle, d->iInterface) ||
              usb_text_names_dap(handle, product));
    if (ok && (!found || out->is_hid))
        *out = f;
    return ok;
}

bool
sfi__usb_find_function(enum usb_role role, libusb_device *dev, uint8_t product,
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
            found = usb_take_probe(&itf->altsetting[0], product, handle, found,
                                   out) ||
                    found;
        else if (!found)
            found = usb_take_dfu(&itf->altsetting[0], out);
    }
    out->config = config->bConfigurationValue;
    libusb_free_config_descriptor(config);
    return found;
}
