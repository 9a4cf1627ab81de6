/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A CMSIS-DAP probe in another USB port, connected to the chip's SWD and NRST:
 * the command's requests to usbfs arrive here (Linux, Documentation/driver-api/
 * usb/usb.rst), the packets through a pair of bulk endpoints (CMSIS-DAP version
 * 2) or as reports of a HID (version 1). */
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "wrap/bed.h"

#define SYS_PATH "/devices/pci0000:00/0000:00:14.0/usb1/1-%u"
#define NODE "/dev/bus/usb/001/%03u"
#define NODE_SIZE 32u
#define FIRST_NUMBER 101u
#define OUT 0x01u
#define IN 0x81u
#define HID_OUT 0x02u
#define HID_IN 0x82u
#define PIPES 2u
#define SETUP_LEN 8u
#define FROM_DEVICE 0x80u
#define FROM_INTERFACE 0x81u
#define GET_DESCRIPTOR 0x06u
#define SERIAL 3u

enum { DEVICE = 1, CONFIGURATION = 2, STRING = 3, REPORT = 0x22 };

/* USB 2.0, 9.6.1; the numbers are pid.codes' for tests. */
static const uint8_t device[] = {
    18,   DEVICE, 0x00, 0x02, 0,    0, 0, 64, 0x09,
    0x12, 0x01,   0x00, 0x00, 0x01, 1, 2, 3,  1,
};

/* HID 1.11, 6.2.2: reports of one packet in both directions. */
static const uint8_t report[] = {
    0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26,
    0xff, 0x00, 0x75, 0x08, 0x96, 0x00, 0x02, 0x09, 0x01, 0x81,
    0x02, 0x96, 0x00, 0x02, 0x09, 0x01, 0x91, 0x02, 0xc0,
};

/* CMSIS-DAP 2.1, "USB interface": class 255, bulk OUT first, then bulk IN; and
 * the HID of version 1. */
static const uint8_t configuration[] = {
    9,       CONFIGURATION,
    64,      0,
    2,       1,
    0,       0x80,
    50, /* 100 mA */
    9,       4,
    0,       0,
    2,       255,
    0,       0,
    4, /* interface */
    7,       5,
    OUT,     2,
    0x00,    0x02,
    0, /* 512 bytes */
    7,       5,
    IN,      2,
    0x00,    0x02,
    0,       9,
    4,       1,
    0,       2,
    3,       0,
    0,       5, /* interface */
    9,       0x21,
    0x11,    0x01,
    0,       1,
    REPORT,  sizeof(report),
    0, /* HID */
    7,       5,
    HID_OUT, 3,
    0x00,    0x02,
    1, /* 512 bytes */
    7,       5,
    HID_IN,  3,
    0x00,    0x02,
    1,
};

static const char *const strings[] = {
    "",
    "libsfi",
    "Virtual CMSIS-DAP",
    "",
    "CMSIS-DAP v2 Interface",
    "CMSIS-DAP v1 Interface",
};

struct packet {
    size_t len;
    uint8_t bytes[SFI_SIM_PROBE_PACKET];
};

struct probe_port {
    struct part *part;
    UMockdevIoctlBase *handler;
    bool is_pulled;        /* out of the port */
    GQueue done;           /* UMockdevIoctlData: URBs to be reaped */
    GQueue waiting[PIPES]; /* UMockdevIoctlData: URBs that wait for a reply */
    GQueue replies[PIPES]; /* struct packet */
};

/* ---- the default pipe ---- */

static size_t
probe_string_descriptor(const struct part *part, uint8_t index, uint8_t *out)
{
    char serial[16];
    size_t len = 2;

    if (index >= sizeof(strings) / sizeof(*strings))
        return 0;
    if (index == 0) { /* the languages: English */
        out[len++] = 0x09;
        out[len++] = 0x04;
    }
    (void)snprintf(serial, sizeof(serial), "%04u", part->index + 1);
    for (const char *p = index == SERIAL ? serial : strings[index]; *p != '\0';
         p++) {
        out[len++] = (uint8_t)*p;
        out[len++] = 0;
    }
    out[0] = (uint8_t)len;
    out[1] = STRING;
    return len;
}

/* The descriptor that GET_DESCRIPTOR asks for; 0: stall. */
static size_t
probe_descriptor(const struct part *part, const uint8_t *setup, uint8_t *out)
{
    if ((setup[0] != FROM_DEVICE && setup[0] != FROM_INTERFACE) ||
        setup[1] != GET_DESCRIPTOR)
        return 0;
    switch (setup[3]) {
    case DEVICE:
        memcpy(out, device, sizeof(device));
        return sizeof(device);
    case CONFIGURATION:
        memcpy(out, configuration, sizeof(configuration));
        return sizeof(configuration);
    case REPORT:
        memcpy(out, report, sizeof(report));
        return sizeof(report);
    case STRING:
        return probe_string_descriptor(part, setup[2], out);
    default:
        return 0;
    }
}

static void
probe_run_control(const struct part *part, struct usbdevfs_urb *urb,
                  uint8_t *packet)
{
    uint8_t raw[256];
    size_t room = (size_t)urb->buffer_length - SETUP_LEN;
    size_t len = probe_descriptor(part, packet, raw);

    urb->status = len > 0 ? 0 : -EPIPE;
    len = len < room ? len : room;
    memcpy(packet + SETUP_LEN, raw, len);
    urb->actual_length = (int)len;
}

/* ---- the pipes ---- */

/* Of an endpoint: its number, less one. */
static unsigned
probe_pipe(const struct usbdevfs_urb *urb)
{
    return (urb->endpoint & 0xfu) - 1u;
}

static bool
probe_is_endpoint(const struct usbdevfs_urb *urb, uint8_t bulk, uint8_t hid)
{
    return (urb->type == USBDEVFS_URB_TYPE_BULK && urb->endpoint == bulk) ||
           (urb->type == USBDEVFS_URB_TYPE_INTERRUPT && urb->endpoint == hid);
}

/* A report always has its full length. */
static void
probe_run_packet(struct probe_port *p, struct usbdevfs_urb *urb,
                 const uint8_t *bytes)
{
    struct packet *reply = g_new0(struct packet, 1);
    sfi_status st;

    reply->len = sizeof(reply->bytes);
    st = sfi_sim_probe(p->part->sim, bytes, (size_t)urb->buffer_length,
                       reply->bytes, &reply->len);
    urb->status = st == SFI_OK ? 0 : -EPIPE;
    urb->actual_length = urb->buffer_length;
    if (st == SFI_OK && reply->len > 0 && urb->endpoint == HID_OUT)
        reply->len = sizeof(reply->bytes);
    if (st == SFI_OK && reply->len > 0)
        g_queue_push_tail(&p->replies[probe_pipe(urb)], reply);
    else
        g_free(reply);
}

static UMockdevIoctlData *
urb_data_buffer(UMockdevIoctlData *data)
{
    const struct usbdevfs_urb *urb = (const void *)data->data;

    if (urb->buffer_length <= 0)
        return NULL;
    return umockdev_ioctl_data_resolve(data,
                                       offsetof(struct usbdevfs_urb, buffer),
                                       (gsize)urb->buffer_length, NULL);
}

/* Several files may be open on the probe, as when a library searches for it:
 * each has its own URBs. */
static void
urb_queue_push(GQueue *queue, UMockdevIoctlData *urb,
               UMockdevIoctlClient *client)
{
    g_object_set_data(G_OBJECT(urb), "client", client);
    g_queue_push_tail(queue, g_object_ref(urb));
}

static UMockdevIoctlData *
urb_queue_take(GQueue *queue, const UMockdevIoctlClient *client)
{
    for (GList *at = queue->head; at != NULL; at = at->next) {
        UMockdevIoctlData *urb = at->data;

        if (g_object_get_data(G_OBJECT(urb), "client") != client)
            continue;
        g_queue_delete_link(queue, at);
        return urb;
    }
    return NULL;
}

/* Give replies to the URBs that wait. */
static void
probe_deliver_replies(struct probe_port *p, unsigned pipe)
{
    GQueue *replies = &p->replies[pipe], *waiting = &p->waiting[pipe];

    while (replies->length > 0 && waiting->length > 0) {
        struct packet *reply = g_queue_pop_head(replies);
        UMockdevIoctlData *data = g_queue_pop_head(waiting);
        UMockdevIoctlData *buffer = urb_data_buffer(data);
        struct usbdevfs_urb *urb = (void *)data->data;
        size_t room = buffer != NULL ? (size_t)urb->buffer_length : 0;
        size_t len = reply->len < room ? reply->len : room;

        if (len > 0)
            memcpy(buffer->data, reply->bytes, len);
        urb->status = 0;
        urb->actual_length = (int)len;
        g_queue_push_tail(&p->done, data);
        g_clear_object(&buffer);
        g_free(reply);
    }
}

/* ---- requests of the command ---- */

static bool
probe_run_urb(struct probe_port *p, UMockdevIoctlClient *client,
              UMockdevIoctlData *data)
{
    struct usbdevfs_urb *urb = (void *)data->data;
    UMockdevIoctlData *buffer = urb_data_buffer(data);
    bool ok = buffer != NULL;

    if (ok && urb->type == USBDEVFS_URB_TYPE_CONTROL &&
        urb->buffer_length >= (int)SETUP_LEN) {
        probe_run_control(p->part, urb, buffer->data);
        urb_queue_push(&p->done, data, client);
    } else if (ok && probe_is_endpoint(urb, OUT, HID_OUT)) {
        probe_run_packet(p, urb, buffer->data);
        urb_queue_push(&p->done, data, client);
    } else if (ok && probe_is_endpoint(urb, IN, HID_IN)) {
        urb_queue_push(&p->waiting[probe_pipe(urb)], data, client);
    } else {
        ok = false;
    }
    g_clear_object(&buffer);
    for (unsigned i = 0; i < PIPES; i++)
        probe_deliver_replies(p, i);
    return ok;
}

static bool
probe_submit_urb(struct probe_port *p, UMockdevIoctlClient *client,
                 UMockdevIoctlData *arg)
{
    UMockdevIoctlData *data =
        umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
    bool ok;

    if (data == NULL)
        return false;
    ok = probe_run_urb(p, client, data);
    g_object_unref(data);
    return ok;
}

/* End a waiting URB with an error.  False: there was none. */
static bool
probe_fail_urb(struct probe_port *p, UMockdevIoctlData *data, int why)
{
    struct usbdevfs_urb *urb;

    if (data == NULL)
        return false;
    urb = (void *)data->data;
    urb->status = -why;
    urb->actual_length = 0;
    g_queue_push_tail(&p->done, data);
    return true;
}

/* Cancel a URB of this file. */
static bool
probe_discard_urb(struct probe_port *p, const UMockdevIoctlClient *client)
{
    for (unsigned i = 0; i < PIPES; i++) {
        if (probe_fail_urb(p, urb_queue_take(&p->waiting[i], client), ENOENT))
            return true;
    }
    return false;
}

/* 0, or an errno. */
static int
probe_answer_ioctl(struct probe_port *p, UMockdevIoctlClient *client)
{
    gulong request = umockdev_ioctl_client_get_request(client);
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);

    if (p->is_pulled && request != USBDEVFS_REAPURB &&
        request != USBDEVFS_REAPURBNDELAY)
        return ENODEV;
    switch (request) {
    case USBDEVFS_GET_CAPABILITIES:
        usbfs_write_capabilities(arg);
        return 0;
    case USBDEVFS_CLAIMINTERFACE:
    case USBDEVFS_RELEASEINTERFACE:
    case USBDEVFS_SETCONFIGURATION:
    case USBDEVFS_SETINTERFACE:
    case USBDEVFS_CLEAR_HALT:
    case USBDEVFS_RESET:
        return 0;
    case USBDEVFS_GETDRIVER:
        return ENODATA;
    case USBDEVFS_SUBMITURB:
        return probe_submit_urb(p, client, arg) ? 0 : EINVAL;
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
        if (usbfs_reap(arg, urb_queue_take(&p->done, client)))
            return 0;
        return p->is_pulled ? ENODEV : EAGAIN;
    case USBDEVFS_DISCARDURB:
        return probe_discard_urb(p, client) ? 0 : EINVAL;
    default:
        return ENOTTY;
    }
}

static gboolean
probe_on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client,
               gpointer user)
{
    struct probe_port *p = user;
    int err;

    (void)handler;
    part_enter(p->part);
    err = probe_answer_ioctl(p, client);
    part_leave(p->part);
    umockdev_ioctl_client_complete(client, err == 0 ? 0 : -1, err);
    return TRUE;
}

/* ---- the port ---- */

static void
append_hex_bytes(GString *out, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        g_string_append_printf(out, "%02X", bytes[i]);
}

static unsigned
probe_device_number(const struct part *part)
{
    return FIRST_NUMBER + part->index;
}

static void
probe_node_name(char out[NODE_SIZE], const struct part *part)
{
    (void)snprintf(out, NODE_SIZE, NODE, probe_device_number(part));
}

/* Even ports; the chips themselves are in odd ones. */
static unsigned
probe_hub_port(const struct part *part)
{
    return 2 * part->index + 2;
}

/* The device as sysfs shows it. */
static gchar *
probe_sysfs_text(const struct part *part)
{
    unsigned number = probe_device_number(part), port = probe_hub_port(part);
    GString *s = g_string_new(NULL);

    g_string_printf(s,
                    "P: " SYS_PATH "\n"
                    "N: bus/usb/001/%03u\n"
                    "E: DEVNAME=" NODE "\n"
                    "E: BUSNUM=001\nE: DEVNUM=%03u\n"
                    "E: MAJOR=189\nE: MINOR=%u\n",
                    port, number, number, number, number - 1);
    g_string_append_printf(s,
                           "A: devpath=%u\\n\n"
                           "A: busnum=1\\n\nA: devnum=%u\\n\n",
                           port, number);
    g_string_append(s, "E: DEVTYPE=usb_device\nE: SUBSYSTEM=usb\n"
                       "E: PRODUCT=1209/1/100\nE: TYPE=0/0/0\n"
                       "A: bConfigurationValue=1\\n\n"
                       "A: bNumConfigurations=1\\n\n"
                       "A: speed=480\\n\n"
                       "A: idVendor=1209\\n\nA: idProduct=0001\\n\n"
                       "A: version= 2.00\\n\nA: maxchild=0\\n\n"
                       "H: descriptors=");
    append_hex_bytes(s, device, sizeof(device));
    append_hex_bytes(s, configuration, sizeof(configuration));
    g_string_append_c(s, '\n');
    return g_string_free(s, FALSE);
}

bool
part_probe_start(struct part *part, GError **error)
{
    struct probe_port *p = g_new0(struct probe_port, 1);
    UMockdevTestbed *testbed = part->bed->testbed;
    gchar *text = probe_sysfs_text(part);
    char node[NODE_SIZE];
    bool ok;

    part->probe = p;
    p->part = part;
    g_queue_init(&p->done);
    for (unsigned i = 0; i < PIPES; i++) {
        g_queue_init(&p->waiting[i]);
        g_queue_init(&p->replies[i]);
    }
    probe_node_name(node, part);
    p->handler = umockdev_ioctl_base_new();
    (void)g_signal_connect(p->handler, "handle-ioctl",
                           G_CALLBACK(probe_on_ioctl), p);
    ok = umockdev_testbed_attach_ioctl(testbed, node, p->handler, error) &&
         umockdev_testbed_add_from_string(testbed, text, error);
    g_free(text);
    return ok;
}

/* The handler stays, because the command may hold the device open. */
void
part_probe_pull(struct part *part)
{
    struct probe_port *p = part->probe;
    gchar *path;

    if (p == NULL || p->is_pulled)
        return;
    p->is_pulled = true;
    for (unsigned i = 0; i < PIPES; i++) {
        while (probe_fail_urb(p, g_queue_pop_head(&p->waiting[i]), ESHUTDOWN))
            continue;
    }
    path = g_strdup_printf("/sys" SYS_PATH, probe_hub_port(part));
    umockdev_testbed_remove_device(part->bed->testbed, path);
    g_free(path);
}

void
part_probe_end(struct part *part)
{
    struct probe_port *p = part->probe;
    char node[NODE_SIZE];

    if (p == NULL)
        return;
    probe_node_name(node, part);
    (void)umockdev_testbed_detach_ioctl(part->bed->testbed, node, NULL);
    g_queue_clear_full(&p->done, g_object_unref);
    for (unsigned i = 0; i < PIPES; i++) {
        g_queue_clear_full(&p->waiting[i], g_object_unref);
        g_queue_clear_full(&p->replies[i], g_free);
    }
    g_clear_object(&p->handler);
    g_free(p);
    part->probe = NULL;
}
