/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parses the path of usb: and cmsis-dap:, which selects a device. */
#include "transport/usb/usb.h"

#include <string.h>

#include "util/hex.h"
#include "util/text.h"
#include "core/err.h"

#define NTH_MAX 127u /* USB 2.0, 9.2.6.4: addresses are 7 bits */

const char *
sfi__usb_scheme(enum usb_role role)
{
    return role == USB_ROLE_DFU ? "usb" : "cmsis-dap";
}

/* "1-4.2" */
static bool
usb_is_path(const char *text)
{
    size_t len = strspn(text, "0123456789");

    if (len == 0 || text[len] != '-')
        return false;
    do {
        text += len + 1;
        len = strspn(text, "0123456789");
        if (len == 0)
            return false;
    } while (text[len] == '.');
    return text[len] == '\0';
}

/* "0483:df11" */
static bool
usb_parse_ids(struct usb_pick *out, const char *text)
{
    uint8_t id[2];
    char digits[5] = "";

    if (strlen(text) != 9 || text[4] != ':')
        return false;
    memcpy(digits, text, 4);
    if (!sfi__hex_decode(id, sizeof(id), digits))
        return false;
    out->vendor = (uint16_t)(id[0] << 8 | id[1]);
    if (!sfi__hex_decode(id, sizeof(id), text + 5))
        return false;
    out->product = (uint16_t)(id[0] << 8 | id[1]);
    return true;
}

sfi_status
sfi__usb_pick(sfi_ctx *ctx, enum usb_role role, const char *text,
              struct usb_pick *out)
{
    const char *path = sfi__text_after(text, "path=");
    const char *serial = sfi__text_after(text, "serial=");
    uint64_t nth = 0;
    bool ok;

    *out = (struct usb_pick){.vendor = 0};
    if (role == USB_ROLE_DFU) {
        out->vendor = USB_VENDOR;
        out->product = USB_PRODUCT;
    }
    if (path != NULL) {
        ok = usb_is_path(path) &&
             sfi__text_copy(out->path, sizeof(out->path), path);
    } else if (serial != NULL) {
        ok = serial[0] != '\0' &&
             sfi__text_copy(out->serial, sizeof(out->serial), serial);
    } else if (sfi__text_to_u64(text, NTH_MAX, &nth)) {
        ok = nth > 0;
        out->nth = (uint32_t)nth;
    } else {
        ok = text[0] == '\0' || usb_parse_ids(out, text);
    }
    if (ok)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "not the name of a USB device, expected nothing, "
                     "VENDOR:PRODUCT, path=BUS-PORT.PORT, serial=TEXT or its "
                     "number from 1 on");
}
