/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip in a USB port: the command's control transfers arrive here from usbfs
 * (Linux, Documentation/driver-api/usb/usb.rst).  After a reset the chip
 * re-enumerates with another device number. */
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "wrap/bed.h"

#define BUS 1u
#define NAME_SIZE 128u
/* How long finished URBs may be reaped after the chip disconnected. */
#define REAP_US 1000000
#define SETUP_LEN 8u
#define DESCRIPTOR_MAX 255u
#define FROM_DEVICE 0x80u
#define GET_DESCRIPTOR 0x06u
#define DEVICE 0x0100u
#define CONFIGURATION 0x0200u
#define TO_DEVICE 0x00u
#define SET_CONFIGURATION 0x09u
#define TO_INTERFACE 0x01u
#define SET_INTERFACE 0x0bu

/* One enumeration.  The handler lives on while the command holds the device
 * open. */
struct usb_port {
    struct part *part;
    unsigned number; /* of the device; 0: the port is empty */
    UMockdevIoctlBase *handler;
    GQueue done; /* UMockdevIoctlData: URBs to be reaped */
};

static void
usb_node_name(char out[NAME_SIZE], unsigned number)
{
    (void)snprintf(out, NAME_SIZE, "/dev/bus/usb/%03u/%03u", BUS, number);
}

/* Odd ports; the even ones are for debug probes. */
static unsigned
usb_hub_port(const struct part *part)
{
    return 2 * part->index + 1;
}

/* The path that umockdev's testbed expects. */
static void
usb_sysfs_path(char out[NAME_SIZE], const struct part *part)
{
    (void)snprintf(out, NAME_SIZE,
                   "/sys/devices/pci0000:00/0000:00:14.0/usb%u/%u-%u", BUS, BUS,
                   usb_hub_port(part));
}

/* ---- requests of the command ---- */

static sfi_status
usb_control_chip(struct usb_port *p, uint8_t *packet, size_t len, size_t *got)
{
    uint16_t value = (uint16_t)(packet[2] | packet[3] << 8);
    uint16_t index = (uint16_t)(packet[4] | packet[5] << 8);

    return sfi_sim_usb_control(p->part->sim, packet[0], packet[1], value, index,
                               packet + SETUP_LEN, len - SETUP_LEN, got);
}

/* Write the chip's reply into the URB, as the kernel would. */
static void
usb_run_urb(struct usb_port *p, struct usbdevfs_urb *urb, uint8_t *packet)
{
    size_t got = 0;

    switch (usb_control_chip(p, packet, (size_t)urb->buffer_length, &got)) {
    case SFI_OK:
        urb->status = 0;
        break;
    case SFI_ERR_NO_DEVICE:
        urb->status = -ENODEV;
        break;
    default:
        urb->status = -EPIPE;
        break;
    }
    urb->actual_length = (int)got;
}

/* False: not a control transfer, or its length is inconsistent. */
static bool
usb_submit_urb(struct usb_port *p, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    UMockdevIoctlData *buffer = NULL;
    struct usbdevfs_urb *urb;
    bool ok = false;

    if (data == NULL)
        return false;
    urb = (void *)data->data;
    if (urb->type == USBDEVFS_URB_TYPE_CONTROL &&
        urb->buffer_length >= (int)SETUP_LEN)
        buffer = umockdev_ioctl_data_resolve(
            data, offsetof(struct usbdevfs_urb, buffer),
            (gsize)urb->buffer_length, NULL);
    if (buffer != NULL && (buffer->data[6] | buffer->data[7] << 8) ==
                              urb->buffer_length - (int)SETUP_LEN) {
        usb_run_urb(p, urb, buffer->data);
        g_queue_push_tail(&p->done, g_object_ref(data));
        ok = true;
    }
    g_clear_object(&buffer);
    g_object_unref(data);
    return ok;
}

static bool
usb_set_interface(struct usb_port *p, UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data = umockdev_ioctl_data_resolve(
        arg, 0, sizeof(struct usbdevfs_setinterface), NULL);
    const struct usbdevfs_setinterface *set;
    sfi_status st;
    size_t got;

    if (data == NULL)
        return false;
    set = (const void *)data->data;
    st = sfi_sim_usb_control(p->part->sim, TO_INTERFACE, SET_INTERFACE,
                             (uint16_t)set->altsetting,
                             (uint16_t)set->interface, NULL, 0, &got);
    g_object_unref(data);
    return st == SFI_OK;
}

/* 0, or an errno. */
static int
usb_answer_ioctl(struct usb_port *p, gulong request, UMockdevIoctlData *arg)
{
    switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
        usbfs_write_capabilities(arg);
        return 0;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_RESET:
        return 0;
    case USBDEVFS_SETINTERFACE:
        return usb_set_interface(p, arg) ? 0 : EPIPE;
    case USBDEVFS_GETDRIVER:
        return ENODATA;
    case USBDEVFS_SUBMITURB:
        return usb_submit_urb(p, arg) ? 0 : EINVAL;
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
        return usbfs_reap(arg, g_queue_pop_head(&p->done)) ? 0 : EAGAIN;
    case USBDEVFS_DISCARDURB:
        return EINVAL; /* URBs are done at once, so none can be discarded */
    default:
        return ENOTTY;
    }
}

/* Finished URBs may still be reaped after the chip disconnected. */
static gboolean
usb_on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client,
             gpointer user)
{
    struct usb_port *p = user;
    gulong request = umockdev_ioctl_client_get_request(client);
    bool reaps =
        request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY;
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
    int err = ENODEV;

    part_enter(p->part);
    if (handler == p->handler &&
        (sfi_sim_usb_attached(p->part->sim) || (reaps && p->done.length > 0)))
        err = usb_answer_ioctl(p, request, arg);
    part_leave(p->part);
    umockdev_ioctl_client_complete(client, err == 0 ? 0 : -1, err);
    return TRUE;
}

/* ---- the port ---- */

/* Append a descriptor as hexadecimal digits. */
static void
usb_append_descriptor(struct part *part, GString *out, uint16_t which)
{
    uint8_t raw[DESCRIPTOR_MAX];
    size_t got = 0;

    if (sfi_sim_usb_control(part->sim, FROM_DEVICE, GET_DESCRIPTOR, which, 0,
                            raw, sizeof(raw), &got) != SFI_OK)
        return;
    for (size_t i = 0; i < got; i++)
        g_string_append_printf(out, "%02X", raw[i]);
}

/* The device as sysfs shows it. */
static gchar *
usb_sysfs_text(struct part *part, unsigned number)
{
    GString *s = g_string_new("P: ");
    char path[NAME_SIZE];

    usb_sysfs_path(path, part);
    g_string_append_printf(s, "%s\nN: bus/usb/%03u/%03u\n",
                           path + strlen("/sys"), BUS, number);
    g_string_append_printf(s, "E: DEVNAME=/dev/bus/usb/%03u/%03u\n", BUS,
                           number);
    g_string_append_printf(s, "E: BUSNUM=%03u\nE: DEVNUM=%03u\n", BUS, number);
    g_string_append_printf(s, "E: MAJOR=189\nE: MINOR=%u\n", number - 1);
    g_string_append(s, "E: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
                       "E: PRODUCT=483/df11/200\nE: TYPE=0/0/0\n"
                       "A: bConfigurationValue=1\\n\n"
                       "A: bNumConfigurations=1\\n\n"
                       "A: speed=12\\n\n"
                       "A: idVendor=0483\\n\nA: idProduct=df11\\n\n"
                       "A: version= 2.00\\n\nA: maxchild=0\\n\n");
    g_string_append_printf(
        s, "A: devpath=%u\\n\nA: busnum=%u\\n\nA: devnum=%u\\n\n",
        usb_hub_port(part), BUS, number);
    g_string_append(s, "H: descriptors=");
    usb_append_descriptor(part, s, DEVICE);
    usb_append_descriptor(part, s, CONFIGURATION);
    g_string_append_c(s, '\n');
    return g_string_free(s, FALSE);
}

static bool
usb_plug_in_chip(struct part *part, GError **error)
{
    struct usb_port *p = part->usb;
    UMockdevTestbed *testbed = part->bed->testbed;
    unsigned number = part->bed->last_number + 1;
    gchar *device;
    char node[NAME_SIZE];
    size_t got;
    bool ok;

    if (sfi_sim_usb_control(part->sim, TO_DEVICE, SET_CONFIGURATION, 1, 0, NULL,
                            0, &got) != SFI_OK)
        return true;
    device = usb_sysfs_text(part, number);
    usb_node_name(node, number);
    p->handler = umockdev_ioctl_base_new();
    (void)g_signal_connect(p->handler, "handle-ioctl", G_CALLBACK(usb_on_ioctl),
                           p);
    /* attach first: the device can be opened as soon as it is added */
    ok = umockdev_testbed_attach_ioctl(testbed, node, p->handler, error) &&
         umockdev_testbed_add_from_string(testbed, device, error);
    g_free(device);
    if (ok) {
        p->number = number;
        part->bed->last_number = number;
    }
    return ok;
}

static void
usb_drop_urbs(struct usb_port *p)
{
    UMockdevIoctlData *urb;

    while ((urb = g_queue_pop_head(&p->done)) != NULL)
        g_object_unref(urb);
}

/* The ioctl socket stays: a command that is about to open the device then gets
 * ENODEV. */
static void
usb_pull_out_chip(struct part *part)
{
    struct usb_port *p = part->usb;
    char path[NAME_SIZE];

    usb_sysfs_path(path, part);
    umockdev_testbed_remove_device(part->bed->testbed, path);
    usb_drop_urbs(p);
    g_clear_object(&p->handler);
    p->number = 0;
}

bool
part_usb_look(struct part *part, GError **error)
{
    struct usb_port *p = part->usb;

    if (p->number != 0 && !sfi_sim_usb_attached(part->sim) &&
        (p->done.length == 0 ||
         g_get_monotonic_time() - part->used_us > REAP_US))
        usb_pull_out_chip(part);
    if (p->number == 0 && sfi_sim_usb_attach(part->sim) == SFI_OK)
        return usb_plug_in_chip(part, error);
    return true;
}

bool
part_usb_start(struct part *part, GError **error)
{
    part->usb = g_new0(struct usb_port, 1);
    part->usb->part = part;
    g_queue_init(&part->usb->done);
    return part_usb_look(part, error);
}

void
part_usb_end(struct part *part)
{
    if (part->usb == NULL)
        return;
    if (part->usb->number != 0)
        usb_pull_out_chip(part);
    g_clear_object(&part->usb->handler);
    g_free(part->usb);
    part->usb = NULL;
}
