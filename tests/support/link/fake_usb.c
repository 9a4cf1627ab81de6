/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A fake libusb: its bus, its devices, and their endpoints. */
#include <link/fake_usb.h>

#include <stdlib.h>
#include <string.h>

#include <libusb.h>

#include <check.h>

#define VENDOR 0x1209
#define PRODUCT 0x0001
#define TO_DEVICE 0x02
#define TO_HOST 0x81

struct libusb_device {
    struct fake_device *d;
};

struct libusb_device_handle {
    struct fake_device *d;
};

struct fake_usb fake_usb;

static struct libusb_device devices[FAKE_DEVICES];
static struct libusb_device_handle handles[FAKE_DEVICES];

void
fake_usb_reset(void)
{
    memset(&fake_usb, 0, sizeof(fake_usb));
}

struct fake_device *
fake_usb_plug(enum fake_kind kind, uint8_t port)
{
    struct fake_device *d = &fake_usb.device[fake_usb.count++];

    *d = (struct fake_device){
        .vendor = kind == FAKE_DFU ? 0x0483 : VENDOR,
        .product = kind == FAKE_DFU ? 0xdf11 : PRODUCT,
        .bus = 1,
        .ports = {port},
        .kind = kind,
        .text = {NULL, "Maker", "Thing", "0001", "A CMSIS-DAP interface"},
    };
    return d;
}

void
fake_usb_assert_closed(void)
{
    ck_assert_int_eq(fake_usb.contexts, 0);
    ck_assert_int_eq(fake_usb.lists, 0);
    ck_assert_int_eq(fake_usb.configs, 0);
    ck_assert_int_eq(fake_usb.handles, 0);
    ck_assert_int_eq(fake_usb.claims, 0);
}

static int
struck(void)
{
    fake_usb.calls++;
    return fake_usb.calls == fake_usb.fail_at ? fake_usb.error : 0;
}

/* ---- the bus ---- */

int
libusb_init(libusb_context **out)
{
    static int context;
    int err = struck();

    if (err != 0)
        return err;
    *out = (libusb_context *)&context;
    fake_usb.contexts++;
    return 0;
}

void
libusb_exit(libusb_context *lib)
{
    ck_assert_ptr_nonnull(lib);
    ck_assert_int_eq(fake_usb.handles, 0);
    fake_usb.contexts--;
}

ssize_t
libusb_get_device_list(libusb_context *lib, libusb_device ***out)
{
    int err = struck();

    ck_assert_ptr_nonnull(lib);
    if (err != 0)
        return err;
    *out = calloc(FAKE_DEVICES + 1, sizeof(**out));
    ck_assert_ptr_nonnull(*out);
    for (size_t i = 0; i < fake_usb.count; i++) {
        devices[i].d = &fake_usb.device[i];
        (*out)[i] = &devices[i];
    }
    fake_usb.lists++;
    return (ssize_t)fake_usb.count;
}

void
libusb_free_device_list(libusb_device **list, int unref)
{
    ck_assert_int_eq(unref, 1);
    free(list);
    fake_usb.lists--;
}

const char *
libusb_error_name(int err)
{
    return err == LIBUSB_ERROR_IO ? "LIBUSB_ERROR_IO" : "LIBUSB_ERROR_OTHER";
}

/* ---- a device ---- */

uint8_t
libusb_get_bus_number(libusb_device *dev)
{
    return dev->d->bus;
}

int
libusb_get_port_numbers(libusb_device *dev, uint8_t *out, int cap)
{
    int n = 0;

    for (; n < 4 && n < cap && dev->d->ports[n] != 0; n++)
        out[n] = dev->d->ports[n];
    return n;
}

int
libusb_get_device_descriptor(libusb_device *dev,
                             struct libusb_device_descriptor *out)
{
    memset(out, 0, sizeof(*out));
    out->idVendor = dev->d->vendor;
    out->idProduct = dev->d->product;
    out->iManufacturer = 1;
    out->iProduct = 2;
    out->iSerialNumber = 3;
    return struck();
}

struct config {
    struct libusb_config_descriptor config;
    struct libusb_interface interface[2];
    struct libusb_interface_descriptor alt[2];
    struct libusb_endpoint_descriptor endpoint[2][2];
};

static void
put_interface(struct config *c, uint8_t interface_class, uint8_t type,
              uint16_t packet, uint8_t endpoints)
{
    size_t n = c->config.bNumInterfaces++;

    c->interface[n].altsetting = &c->alt[n];
    c->interface[n].num_altsetting = 1;
    c->alt[n].bInterfaceNumber = (uint8_t)n;
    c->alt[n].bInterfaceClass = interface_class;
    c->alt[n].bInterfaceSubClass = interface_class == 0xfe;
    c->alt[n].iInterface = 4;
    c->alt[n].bNumEndpoints = endpoints;
    c->alt[n].endpoint = c->endpoint[n];
    c->endpoint[n][0].bEndpointAddress = endpoints > 1 ? TO_DEVICE : TO_HOST;
    c->endpoint[n][1].bEndpointAddress = TO_HOST;
    for (size_t i = 0; i < 2; i++) {
        c->endpoint[n][i].bmAttributes = type;
        c->endpoint[n][i].wMaxPacketSize = packet != 0 ? packet : 64;
    }
}

int
libusb_get_active_config_descriptor(libusb_device *dev,
                                    struct libusb_config_descriptor **out)
{
    int err = struck();
    struct config *c;

    if (err != 0 || dev->d->kind == FAKE_UNCONFIGURED)
        return err != 0 ? err : LIBUSB_ERROR_NOT_FOUND;
    c = calloc(1, sizeof(*c));
    ck_assert_ptr_nonnull(c);
    c->config.interface = c->interface;
    c->config.bConfigurationValue = 1;
    switch (dev->d->kind) {
    case FAKE_DFU:
        put_interface(c, 0xfe, 0, 0, 0);
        break;
    case FAKE_BOTH:
        put_interface(c, 3, 3, dev->d->packet, 2);
        put_interface(c, 0xff, 2, dev->d->packet, 2);
        break;
    case FAKE_HID:
    case FAKE_HID_NO_OUT:
        put_interface(c, 3, 3, dev->d->packet,
                      dev->d->kind == FAKE_HID ? 2 : 1);
        break;
    case FAKE_BULK:
    case FAKE_SWAPPED:
    case FAKE_UNCONFIGURED:
        put_interface(c, 0xff, 2, dev->d->packet, 2);
        break;
    }
    if (dev->d->kind == FAKE_SWAPPED) {
        c->endpoint[0][0].bEndpointAddress = TO_HOST;
        c->endpoint[0][1].bEndpointAddress = TO_DEVICE;
    }
    *out = &c->config;
    fake_usb.configs++;
    return 0;
}

void
libusb_free_config_descriptor(struct libusb_config_descriptor *config)
{
    free(config);
    fake_usb.configs--;
}

int
libusb_open(libusb_device *dev, libusb_device_handle **out)
{
    int err = struck();
    size_t n = (size_t)(dev - devices);

    if (err == 0 && dev->d->denied)
        err = LIBUSB_ERROR_ACCESS;
    if (err != 0)
        return err;
    handles[n].d = dev->d;
    *out = &handles[n];
    fake_usb.handles++;
    return 0;
}

void
libusb_close(libusb_device_handle *handle)
{
    ck_assert_ptr_nonnull(handle->d);
    fake_usb.handles--;
}

int
libusb_set_auto_detach_kernel_driver(libusb_device_handle *handle, int on)
{
    (void)handle;
    fake_usb.detached += on;
    return 0;
}

int
libusb_claim_interface(libusb_device_handle *handle, int number)
{
    int err = struck();

    ck_assert_int_eq(number, handle->d->kind == FAKE_BOTH);
    if (err == 0 && handle->d->busy)
        err = LIBUSB_ERROR_BUSY;
    fake_usb.claims += err == 0;
    return err;
}

int
libusb_release_interface(libusb_device_handle *handle, int number)
{
    (void)handle;
    (void)number;
    fake_usb.claims--;
    return 0;
}

int
libusb_set_interface_alt_setting(libusb_device_handle *handle, int number,
                                 int alt)
{
    (void)handle;
    (void)number;
    (void)alt;
    return struck();
}

int
libusb_get_string_descriptor_ascii(libusb_device_handle *handle, uint8_t index,
                                   unsigned char *out, int cap)
{
    const char *text = index < 5 ? handle->d->text[index] : NULL;
    int err = struck();
    int len;

    if (err != 0 || text == NULL)
        return err != 0 ? err : LIBUSB_ERROR_PIPE;
    len = (int)strlen(text) < cap ? (int)strlen(text) : cap;
    memcpy(out, text, (size_t)len);
    return len;
}

/* ---- its pipes ---- */

static uint16_t
packet_of(const libusb_device_handle *handle)
{
    return handle->d->packet != 0 ? handle->d->packet : 64;
}

static int
push(const uint8_t *data, size_t len)
{
    size_t n = 0;
    uint8_t answer[1024] = {0};

    fake_usb.packets++;
    if (fake_usb.packet != NULL)
        n = fake_usb.packet(data, len, answer);
    if (n == 0)
        return 0;
    ck_assert_uint_lt(fake_usb.waits, 2);
    memcpy(fake_usb.waiting[fake_usb.waits], answer, n);
    fake_usb.waiting_len[fake_usb.waits++] = n;
    return 0;
}

/* Read the oldest reply, at most `len` bytes; more packets only until a short
 * one. */
static int
pull(const libusb_device_handle *handle, uint8_t *data, size_t len, int *done,
     unsigned timeout)
{
    size_t n = fake_usb.waiting_len[0];

    if (fake_usb.waits == 0) {
        fake_usb.now += timeout;
        return LIBUSB_ERROR_TIMEOUT;
    }
    if (n > len)
        return LIBUSB_ERROR_OVERFLOW;
    memcpy(data, fake_usb.waiting[0], n);
    *done = (int)n;
    memmove(fake_usb.waiting[0], fake_usb.waiting[1],
            sizeof(fake_usb.waiting[0]));
    fake_usb.waiting_len[0] = fake_usb.waiting_len[1];
    fake_usb.waits--;
    if (n == len || n % packet_of(handle) != 0)
        return 0;
    fake_usb.late++;
    fake_usb.now += timeout;
    return LIBUSB_ERROR_TIMEOUT;
}

int
libusb_bulk_transfer(libusb_device_handle *handle, unsigned char endpoint,
                     unsigned char *data, int len, int *done, unsigned timeout)
{
    int err = struck();

    ck_assert_uint_gt(timeout, 0);
    *done = 0;
    if (err != 0)
        return err;
    if (endpoint == TO_HOST) { /* whole packets, or the overflow is lost */
        ck_assert_int_eq(len % packet_of(handle), 0);
        return pull(handle, data, (size_t)len, done, timeout);
    }
    ck_assert_uint_eq(endpoint, TO_DEVICE);
    *done = len;
    return push(data, (size_t)len);
}

/* Reports have a fixed length in both directions. */
int
libusb_interrupt_transfer(libusb_device_handle *handle, unsigned char endpoint,
                          unsigned char *data, int len, int *done,
                          unsigned timeout)
{
    int err = struck();

    ck_assert_uint_gt(timeout, 0);
    ck_assert_int_eq(len, packet_of(handle));
    *done = 0;
    if (err != 0)
        return err;
    if (endpoint == TO_HOST) {
        memset(data, 0xee, (size_t)len);
        err = pull(handle, data, (size_t)len, done, timeout);
        *done = err == 0 ? len : 0;
        return err;
    }
    ck_assert_uint_eq(endpoint, TO_DEVICE);
    *done = len;
    return push(data, (size_t)len);
}

int
libusb_control_transfer(libusb_device_handle *handle, uint8_t type,
                        uint8_t request, uint16_t value, uint16_t index,
                        unsigned char *data, uint16_t len, unsigned timeout)
{
    int err = struck();

    ck_assert_uint_gt(timeout, 0);
    if (err != 0)
        return err;
    if (handle->d->kind == FAKE_DFU)
        return fake_usb.control(type, request, value, index, data, len,
                                timeout);
    ck_assert_int_eq(handle->d->kind, FAKE_HID_NO_OUT);
    ck_assert_uint_eq(type, 0x21);
    ck_assert_uint_eq(request, 9);
    ck_assert_uint_eq(value, 0x200);
    ck_assert_uint_eq(index, 0);
    ck_assert_uint_eq(len, packet_of(handle));
    (void)push(data, len);
    return len;
}

int
libusb_clear_halt(libusb_device_handle *handle, unsigned char endpoint)
{
    (void)handle;
    (void)endpoint;
    fake_usb.halts++;
    return 0;
}
