/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's USB as a transport inside the process. */
#include "core/err.h"
#include "sim/boot.h"
#include "sim/links/links.h"

static sfi_status
usb_link_no_device(struct sfi_sim *sim)
{
    return sfi__fail(
        sim->obj.ctx, SFI_ERR_NO_DEVICE,
        "the virtual chip is not on the USB: no bootloader with USB "
        "is running");
}

static sfi_status
usb_link_attach(struct sfi_sim *sim)
{
    return sfi__dfu_device_attach(sim) ? SFI_OK : usb_link_no_device(sim);
}

/* Virtual time, as on the USART: the chip's clock advances instead of a wait,
 * and a device that NAKs is asked once more. */
static sfi_status
usb_link_transfer(struct sfi_sim *sim, const struct usb_setup *setup,
                  uint8_t *data, size_t *got, uint32_t timeout_ms)
{
    enum usb_answer a = sfi__dfu_device_control(sim, setup, data, got);

    if (a == USB_SILENT && timeout_ms > 0) {
        sfi__sim_wait(sim, sfi__sim_link_wait_ms(sim, timeout_ms));
        a = sfi__dfu_device_control(sim, setup, data, got);
    }
    if (a == USB_DONE)
        return SFI_OK;
    *got = 0;
    if (a == USB_STALLED)
        return sfi__fail(sim->obj.ctx, SFI_ERR_NACK,
                         "the virtual chip stalled request 0x%02x",
                         setup->request);
    if (a == USB_SILENT)
        return sfi__fail(sim->obj.ctx, SFI_ERR_TIMEOUT,
                         "the virtual chip did not answer request 0x%02x",
                         setup->request);
    return usb_link_no_device(sim);
}

static sfi_status
usb_link_control(void *user, uint8_t request_type, uint8_t request,
                 uint16_t value, uint16_t index, uint8_t *data, size_t len,
                 size_t *got, uint32_t timeout_ms)
{
    const struct usb_setup setup = {request_type, request, value, index,
                                    (uint16_t)len};

    if (len > UINT16_MAX)
        return sfi__fail(((struct sfi_sim *)user)->obj.ctx, SFI_ERR_ARGUMENT,
                         "a control transfer of %zu bytes, expected at most %u",
                         len, UINT16_MAX);
    return usb_link_transfer(user, &setup, data, got, timeout_ms);
}

static sfi_status
usb_link_reopen(void *user, uint32_t timeout_ms)
{
    struct sfi_sim *sim = user;

    if (!sfi__dfu_device_attach(sim))
        sfi__sim_wait(sim, timeout_ms);
    return usb_link_attach(sim);
}

sfi_status
sfi__sim_open_usb(struct sfi_sim *sim, sfi_transport **out)
{
    static const sfi_usb_ops ops = {
        .struct_size = sizeof(ops),
        .control = usb_link_control,
        .reopen = usb_link_reopen,
        .reset = sfi__sim_link_reset,
        .close = sfi__sim_link_close,
    };

    if (sim->chip->dfu_serial == NULL)
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "%s has no USB bootloader", sim->chip->name);
    (void)sfi__dfu_device_attach(sim);
    return sfi_transport_open_usb(sim->obj.ctx, &ops, sim, out);
}

sfi_status
sfi_sim_usb_attach(sfi_sim *sim)
{
    SFI_ENTER(sim, SIM);
    return usb_link_attach(sim);
}

int
sfi_sim_usb_attached(const sfi_sim *sim)
{
    return sfi__is(sim, OBJ_SIM) && sim->usb.attached;
}

sfi_status
sfi_sim_usb_control(sfi_sim *sim, uint8_t request_type, uint8_t request,
                    uint16_t value, uint16_t index, uint8_t *data, size_t len,
                    size_t *got)
{
    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, got != NULL);
    *got = 0;
    SFI_ARG(sim, data != NULL || len == 0);
    SFI_ARG(sim, len <= UINT16_MAX);
    return usb_link_transfer(sim,
                             &(const struct usb_setup){request_type, request,
                                                       value, index,
                                                       (uint16_t)len},
                             data, got, 0);
}
