/* A device in DFU mode through libusb-1.0. */
#include "transport/usb.h"

#include <string.h>

#include <libusb.h>

#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/transport.h"

/* DFU 1.1, 4.2.3: an interface in DFU mode. */
#define DFU_CLASS 0xfeu
#define DFU_SUBCLASS 0x01u
#define TO_INTERFACE 0x01u
#define SET_INTERFACE 0x0bu
#define PORTS_MAX 7
/* While a device is expected back. */
#define POLL_MS 50u
#define LIST_MAX 200u

struct usb {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    struct usb_pick pick;
    libusb_context *lib;
    libusb_device_handle *handle;
    int interface;
    bool claimed;
    char path[USB_PATH_MAX]; /* of the one that was found */
};

static sfi_status
usb_error(struct usb *u, int err, const char *doing)
{
    switch (err) {
    case LIBUSB_ERROR_NO_DEVICE:
    case LIBUSB_ERROR_NOT_FOUND:
        return sfi__fail(u->ctx, SFI_ERR_NO_DEVICE,
                         "the device left the USB during %s", doing);
    case LIBUSB_ERROR_TIMEOUT:
        return sfi__fail(u->ctx, SFI_ERR_TIMEOUT, "%s took too long", doing);
    case LIBUSB_ERROR_PIPE:
        return sfi__fail(u->ctx, SFI_ERR_NACK, "the device stalled %s", doing);
    case LIBUSB_ERROR_ACCESS:
        return sfi__fail(u->ctx, SFI_ERR_ACCESS,
                         "the device may not be opened; does a udev rule "
                         "give it to you");
    case LIBUSB_ERROR_BUSY:
        return sfi__fail(u->ctx, SFI_ERR_ACCESS,
                         "the device is in use by another program");
    case LIBUSB_ERROR_NO_MEM:
        return sfi__fail(u->ctx, SFI_ERR_NOMEM, "no memory for USB");
    default:
        return sfi__fail(u->ctx, SFI_ERR_IO, "%s failed: %s", doing,
                         libusb_error_name(err));
    }
}

/* ---- which one ---- */

/* "1-4.2" */
static void
write_path(libusb_device *dev, char out[USB_PATH_MAX])
{
    uint8_t port[PORTS_MAX];
    int n = libusb_get_port_numbers(dev, port, PORTS_MAX);
    char so_far[USB_PATH_MAX];

    text_format(out, USB_PATH_MAX, "%u", libusb_get_bus_number(dev));
    for (int i = 0; i < n; i++) {
        (void)text_copy(so_far, sizeof(so_far), out);
        text_format(out, USB_PATH_MAX, "%s%c%u", so_far, i == 0 ? '-' : '.',
                    port[i]);
    }
}

/* Asking a device for its serial number needs it open. */
static bool
has_serial(libusb_device *dev, uint8_t index, const char *serial)
{
    libusb_device_handle *handle = NULL;
    unsigned char text[USB_SERIAL_MAX];
    int n;

    if (libusb_open(dev, &handle) != 0)
        return false;
    n = libusb_get_string_descriptor_ascii(handle, index, text, sizeof(text));
    libusb_close(handle);
    return n > 0 && strlen(serial) == (size_t)n &&
           strncmp(serial, (const char *)text, (size_t)n) == 0;
}

static bool
is_meant(const struct usb *u, libusb_device *dev)
{
    struct libusb_device_descriptor d;
    char path[USB_PATH_MAX];

    if (libusb_get_device_descriptor(dev, &d) != 0 ||
        d.idVendor != u->pick.vendor || d.idProduct != u->pick.product)
        return false;
    write_path(dev, path);
    if (u->pick.path[0] != '\0' && strcmp(u->pick.path, path) != 0)
        return false;
    return u->pick.serial[0] == '\0' ||
           has_serial(dev, d.iSerialNumber, u->pick.serial);
}

static sfi_status
too_many(struct usb *u, libusb_device *const *list)
{
    char all[LIST_MAX] = "";
    char so_far[LIST_MAX];
    char path[USB_PATH_MAX];

    for (; *list != NULL; list++) {
        if (!is_meant(u, *list))
            continue;
        write_path(*list, path);
        (void)text_copy(so_far, sizeof(so_far), all);
        text_format(all, sizeof(all), "%s%susb:path=%s", so_far,
                    so_far[0] != '\0' ? ", " : "", path);
    }
    return sfi__fail(u->ctx, SFI_ERR_ARGUMENT,
                     "more than one device is meant, expected one of %s", all);
}

/* The device, borrowed from the list; one and only one, or the n-th. */
static sfi_status
find(struct usb *u, libusb_device *const *list, libusb_device **out)
{
    uint32_t count = 0;

    *out = NULL;
    for (libusb_device *const *at = list; *at != NULL; at++) {
        if (!is_meant(u, *at))
            continue;
        count++;
        if (u->pick.nth == 0 || u->pick.nth == count)
            *out = *at;
    }
    if (u->pick.nth == 0 && count > 1)
        return too_many(u, list);
    if (*out != NULL)
        return SFI_OK;
    return sfi__fail(u->ctx, SFI_ERR_NO_DEVICE,
                     "no such USB device (%04x:%04x) is there; is the chip "
                     "powered, and in its bootloader (BOOT0)",
                     u->pick.vendor, u->pick.product);
}

/* ---- open and close ---- */

static void
close_device(struct usb *u)
{
    if (u->handle != NULL && u->claimed)
        (void)libusb_release_interface(u->handle, u->interface);
    if (u->handle != NULL)
        libusb_close(u->handle);
    if (u->lib != NULL)
        libusb_exit(u->lib);
    u->claimed = false;
    u->handle = NULL;
    u->lib = NULL;
}

static sfi_status
find_interface(struct usb *u, libusb_device *dev)
{
    struct libusb_config_descriptor *config = NULL;
    int err = libusb_get_active_config_descriptor(dev, &config);

    if (err != 0)
        return usb_error(u, err, "reading its configuration");
    u->interface = -1;
    for (uint8_t i = 0; i < config->bNumInterfaces; i++) {
        const struct libusb_interface *itf = &config->interface[i];

        if (itf->num_altsetting > 0 && u->interface < 0 &&
            itf->altsetting[0].bInterfaceClass == DFU_CLASS &&
            itf->altsetting[0].bInterfaceSubClass == DFU_SUBCLASS)
            u->interface = itf->altsetting[0].bInterfaceNumber;
    }
    libusb_free_config_descriptor(config);
    if (u->interface >= 0)
        return SFI_OK;
    return sfi__fail(u->ctx, SFI_ERR_NO_DEVICE,
                     "the USB device has no DFU interface");
}

static sfi_status
open_found(struct usb *u, libusb_device *dev)
{
    sfi_status st = find_interface(u, dev);
    int err;

    if (st != SFI_OK)
        return st;
    err = libusb_open(dev, &u->handle);
    if (err != 0)
        return usb_error(u, err, "opening it");
    err = libusb_claim_interface(u->handle, u->interface);
    if (err != 0)
        return usb_error(u, err, "claiming its interface");
    u->claimed = true;
    write_path(dev, u->path);
    return SFI_OK;
}

/* From a fresh look at the bus. */
static sfi_status
open_device(struct usb *u)
{
    libusb_device **list = NULL;
    libusb_device *dev = NULL;
    sfi_status st;
    int err = libusb_init(&u->lib);

    if (err != 0) {
        u->lib = NULL;
        return usb_error(u, err, "starting libusb");
    }
    if (libusb_get_device_list(u->lib, &list) < 0)
        st = sfi__fail(u->ctx, SFI_ERR_IO, "cannot list the USB devices");
    else
        st = find(u, list, &dev);
    if (st == SFI_OK)
        st = open_found(u, dev);
    if (list != NULL)
        libusb_free_device_list(list, 1);
    if (st != SFI_OK)
        close_device(u);
    return st;
}

/* ---- the link ---- */

static sfi_status
usb_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
            uint16_t index, uint8_t *data, size_t len, size_t *got,
            uint32_t timeout_ms)
{
    struct usb *u = user;
    int n;

    if (u->handle == NULL)
        return usb_error(u, LIBUSB_ERROR_NO_DEVICE, "a reset");
    if (len > UINT16_MAX)
        return usb_error(u, LIBUSB_ERROR_INVALID_PARAM, "a transfer");
    if (request_type == TO_INTERFACE && request == SET_INTERFACE)
        n = libusb_set_interface_alt_setting(u->handle, index, value);
    else
        n = libusb_control_transfer(u->handle, request_type, request, value,
                                    index, data, (uint16_t)len,
                                    timeout_ms > 0 ? timeout_ms : 1);
    if (n < 0)
        return usb_error(u, n, "a control transfer");
    *got = (size_t)n;
    return SFI_OK;
}

/* The same port: after a reset all else may be another one's. */
static sfi_status
usb_reopen(void *user, uint32_t timeout_ms)
{
    struct usb *u = user;
    const struct clock *clock = u->ctx->clock;
    struct deadline dl = deadline_in(clock, timeout_ms);

    close_device(u);
    (void)text_copy(u->pick.path, sizeof(u->pick.path), u->path);
    u->pick.nth = 0;
    for (;;) {
        uint32_t left = deadline_left(&dl);
        sfi_status st = open_device(u);

        /* its owner is set a moment after it has appeared */
        if ((st != SFI_ERR_NO_DEVICE && st != SFI_ERR_ACCESS) || left == 0)
            return st;
        clock->sleep_ms(clock->user, left < POLL_MS ? left : POLL_MS);
    }
}

static void
usb_close(void *user)
{
    struct usb *u = user;

    close_device(u);
    sfi__ctx_dealloc(u->ctx, u);
}

static const sfi_usb_ops usb_ops = {
    .struct_size = sizeof(usb_ops),
    .control = usb_control,
    .reopen = usb_reopen,
    .close = usb_close,
};

sfi_status
sfi__usb_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    static const char *const keys[] = {NULL};
    struct usb *u = sfi__ctx_alloc(ctx, sizeof(*u));
    char name[TRANSPORT_NAME_MAX];
    sfi_status st;

    if (u == NULL)
        return SFI_ERR_NOMEM;
    *u = (struct usb){.ctx = ctx};
    st = uri_allow(ctx, uri, keys);
    if (st == SFI_OK)
        st = sfi__usb_pick(ctx, uri->path, &u->pick);
    if (st == SFI_OK)
        st = open_device(u);
    text_format(name, sizeof(name), "usb:path=%s", u->path);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_USB, &usb_ops, u, name, out);
    if (st == SFI_OK)
        return SFI_OK;
    usb_close(u);
    if (sfi_error_where(&ctx->error)[0] == '\0')
        (void)sfi__where(ctx, "usb:%s", uri->path);
    return st;
}
