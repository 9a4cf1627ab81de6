/* usb:PLACE: a device in DFU mode.  PLACE is nothing, VENDOR:PRODUCT,
 * path=BUS-PORT[.PORT...], serial=TEXT, or N for the n-th. */
#ifndef SFI_TRANSPORT_USB_H
#define SFI_TRANSPORT_USB_H

#include <sfi/transport.h>

#include "transport/uri.h"

/* AN2606: ST's bootloaders. */
#define USB_VENDOR 0x0483u
#define USB_PRODUCT 0xdf11u

/* USB 2.0, 4.1.1: at most seven tiers, so five hubs in between. */
#define USB_PATH_MAX 32
#define USB_SERIAL_MAX 128

/* Which device is meant; "" and 0: any. */
struct usb_pick {
    uint16_t vendor;
    uint16_t product;
    char path[USB_PATH_MAX];
    char serial[USB_SERIAL_MAX];
    uint32_t nth; /* from 1 on */
};

/* What stands behind "usb:". */
sfi_status sfi__usb_pick(sfi_ctx *ctx, const char *text, struct usb_pick *out);

sfi_status sfi__usb_open(sfi_ctx *ctx, const struct uri *uri,
                         sfi_transport **out);

#endif
