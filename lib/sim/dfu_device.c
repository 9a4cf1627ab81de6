/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's DFU class requests (AN3156): download, upload, status, and what
 * each block does. */
#include "sim/dfu_device.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "sim/boot.h"
#include "sim/options.h"
#include "sim/standard.h"

/* bwPollTimeout of an erase: dfu-util ticket 88, of an H743; and where an erase
 * takes no time here.  Everything else is done at once. */
#define ERASE_POLL_MS 1000u
#define FAST_POLL_MS 1u
/* AN3156, 4.1: 2 to 2048 bytes are read. */
#define UPLOAD_MIN 2u
/* A host asks for the result of its request within this time. */
#define OWES_MS 1000u

static bool
dfu_device_speaks(const struct sfi_sim *sim)
{
    return sim->mode == SIM_STANDARD || sim->mode == SIM_SECURE;
}

bool
sfi__dfu_device_attach(struct sfi_sim *sim)
{
    struct dfu_device *u = &sim->usb;

    sfi__wipe(u, sizeof(*u));
    if (!dfu_device_speaks(sim) || sim->chip->dfu_serial == NULL)
        return false;
    u->attached = true;
    u->state = DFU_IDLE;
    u->pointer = sim->chip->flash.base;
    return true;
}

void
sfi__dfu_device_stop(struct sfi_sim *sim)
{
    sfi__wipe(&sim->usb, sizeof(sim->usb));
}

bool
sfi__dfu_device_owes(const struct sfi_sim *sim)
{
    return sim->usb.owes && sim->now_ms - sim->usb.owes_since < OWES_MS;
}

/* ---- blocks from the host ---- */

static uint8_t
dfu_device_erase_all(struct sfi_sim *sim)
{
    if (sim->habits.dfu_no_mass)
        return DFU_ERR_ERASE;
    return sfi__sim_standard.erase(sim, USART_ERASE_MASS, NULL, 0)
               ? DFU_OK
               : DFU_ERR_ERASE;
}

static uint8_t
dfu_device_erase(struct sfi_sim *sim, const uint8_t *data, size_t len)
{
    const struct chip_range *flash = &sim->chip->flash;
    uint16_t sector;
    uint32_t address;
    struct rd r;

    if (len == 1)
        return dfu_device_erase_all(sim);
    sfi__rd_init(&r, data + 1, len - 1);
    address = sfi__rd_u32le(&r);
    if (len != DFU_ADDRESS_LEN)
        return DFU_ERR_STALLEDPKT;
    if (!sfi__chip_range_has(flash, address, 1))
        return DFU_ERR_TARGET;
    sector = (uint16_t)((address - flash->base) / sim->chip->sector_size);
    sim->usb.stuck = sim->habits.dfu_bank2_busy &&
                     address - flash->base >= sim->chip->bank_size;
    return sfi__sim_standard.erase(sim, 0, &sector, 1) ? DFU_OK : DFU_ERR_ERASE;
}

static uint8_t
dfu_device_set_address(struct sfi_sim *sim, const uint8_t *data, size_t len)
{
    uint32_t address;
    struct rd r;

    sfi__rd_init(&r, data + 1, len - 1);
    address = sfi__rd_u32le(&r);
    if (len != DFU_ADDRESS_LEN)
        return DFU_ERR_STALLEDPKT;
    if (!sfi__sim_standard.address(sim, USART_READ, address))
        return DFU_ERR_TARGET;
    sim->usb.pointer = address;
    return DFU_OK;
}

/* AN3156, 5: with readout protection on, only Read Unprotect works. */
static uint8_t
dfu_device_run_command(struct sfi_sim *sim)
{
    const struct dfu_device *u = &sim->usb;

    if (u->data[0] == DFU_READ_UNPROTECT && u->len == 1)
        return sfi__sim_standard.protect(sim, USART_READOUT_UNPROTECT)
                   ? DFU_OK
                   : DFU_ERR_VENDOR;
    if (sfi__options_readout_protected(sim))
        return DFU_ERR_VENDOR;
    switch (u->data[0]) {
    case DFU_SET_ADDRESS:
        return dfu_device_set_address(sim, u->data, u->len);
    case DFU_ERASE:
        return dfu_device_erase(sim, u->data, u->len);
    default:
        return DFU_ERR_STALLEDPKT;
    }
}

/* Block n is behind the pointer by n - 2 whole transfers, or as many lengths of
 * its own (habits.h). */
static uint32_t
dfu_device_block_address(const struct sfi_sim *sim, uint16_t block, size_t len)
{
    uint32_t unit = sim->habits.dfu_by_length
                        ? (uint32_t)len
                        : sfi__dfu_device_transfer_size(sim);

    return sim->usb.pointer + (uint32_t)(block - DFU_BLOCK_FIRST) * unit;
}

static uint8_t
dfu_device_write_block(struct sfi_sim *sim)
{
    const struct dfu_device *u = &sim->usb;
    uint32_t address = dfu_device_block_address(sim, u->block, u->len);

    if (sfi__options_readout_protected(sim))
        return DFU_ERR_VENDOR;
    if (!sfi__sim_standard.address(sim, USART_WRITE, address))
        return DFU_ERR_TARGET;
    return sfi__sim_standard.write(sim, address, u->data, u->len)
               ? DFU_OK
               : DFU_ERR_WRITE;
}

/* A refusal is an answer; only a malformed request is an error of DFU. */
static uint8_t
dfu_device_run_request(struct sfi_sim *sim)
{
    struct dfu_device *u = &sim->usb;
    struct dfu_sfi req;

    u->reply_len = sizeof(u->reply);
    if (!sfi__dfu_read_sfi(&req, u->data, u->len) ||
        sfi_device_handle(sim->device, req.opcode, req.param, req.param_len,
                          u->data + (u->len - req.data_len), req.data_len,
                          u->reply, &u->reply_len) != SFI_OK ||
        u->reply_len == 0) {
        u->reply_len = 0;
        return DFU_ERR_STALLEDPKT;
    }
    u->owes = true;
    u->owes_since = sim->now_ms;
    return DFU_OK;
}

static uint8_t
dfu_device_carry_out(struct sfi_sim *sim)
{
    bool is_command = sim->usb.block == DFU_BLOCK_COMMAND;

    if (sim->mode == SIM_SECURE)
        return dfu_device_run_request(sim);
    return is_command ? dfu_device_run_command(sim)
                      : dfu_device_write_block(sim);
}

/* ---- requests ---- */

/* DFU 1.1, A.2: an unexpected request is stalled, and the state is dfuERROR
 * until CLRSTATUS. */
static enum usb_answer
dfu_device_refuse(struct dfu_device *u, uint8_t status)
{
    u->state = DFU_ERROR;
    u->status = status;
    return USB_STALLED;
}

static void
dfu_device_start_firmware(struct sfi_sim *sim)
{
    uint32_t pointer = sim->usb.pointer;

    if (sim->mode == SIM_STANDARD) {
        sfi__dfu_device_stop(sim);
        sfi__sim_standard.go(sim, pointer);
    } else {
        sfi__sim_reset(sim);
    }
}

static bool
dfu_device_knows_block(const struct sfi_sim *sim, uint16_t block)
{
    if (sim->mode == SIM_SECURE)
        return block == DFU_BLOCK_COMMAND;
    return block != DFU_BLOCK_REPLY;
}

static enum usb_answer
dfu_device_dnload(struct sfi_sim *sim, const struct usb_setup *setup,
                  const uint8_t *data, size_t *got)
{
    struct dfu_device *u = &sim->usb;

    if (u->state != DFU_IDLE && u->state != DFU_DNLOAD_IDLE)
        return dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    if (setup->length == 0) {
        u->state = DFU_MANIFEST_SYNC;
        if (sim->habits.dfu_leaves_early)
            dfu_device_start_firmware(sim);
        return USB_DONE;
    }
    if (setup->length > sfi__dfu_device_transfer_size(sim) ||
        !dfu_device_knows_block(sim, setup->value))
        return dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    memcpy(u->data, data, setup->length);
    u->len = setup->length;
    u->block = setup->value;
    u->state = DFU_DNLOAD_SYNC;
    *got = setup->length;
    return USB_DONE;
}

static enum usb_answer
dfu_device_list_commands(const struct sfi_sim *sim,
                         const struct usb_setup *setup, uint8_t *data,
                         size_t *got)
{
    static const uint8_t standard[] = {DFU_GET_COMMANDS, DFU_SET_ADDRESS,
                                       DFU_ERASE, DFU_READ_UNPROTECT};
    static const uint8_t secure[] = {DFU_GET_COMMANDS, DFU_SFI};
    bool is_secure = sim->mode == SIM_SECURE;
    size_t len = is_secure ? sizeof(secure) : sizeof(standard);

    *got = len < setup->length ? len : setup->length;
    memcpy(data, is_secure ? secure : standard, *got);
    return USB_DONE;
}

static enum usb_answer
dfu_device_give_reply(const struct dfu_device *u, const struct usb_setup *setup,
                      uint8_t *data, size_t *got)
{
    *got = u->reply_len < setup->length ? u->reply_len : setup->length;
    memcpy(data, u->reply, *got);
    return USB_DONE;
}

static enum usb_answer
dfu_device_give_memory(struct sfi_sim *sim, const struct usb_setup *setup,
                       uint8_t *data, size_t *got)
{
    struct dfu_device *u = &sim->usb;
    uint32_t address =
        dfu_device_block_address(sim, setup->value, setup->length);

    if (setup->length < UPLOAD_MIN)
        return dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    if (sfi__options_readout_protected(sim))
        return dfu_device_refuse(u, DFU_ERR_VENDOR);
    if (!sfi__options_may_upload(sim, address, setup->length) ||
        !sfi__sim_standard.read(sim, address, data, setup->length))
        return dfu_device_refuse(u, DFU_ERR_TARGET);
    *got = setup->length;
    return USB_DONE;
}

/* DFU 1.1, 6.2: an upload ends with fewer bytes than the host asked for. */
static enum usb_answer
dfu_device_upload(struct sfi_sim *sim, const struct usb_setup *setup,
                  uint8_t *data, size_t *got)
{
    struct dfu_device *u = &sim->usb;
    enum usb_answer a;

    if ((u->state != DFU_IDLE && u->state != DFU_UPLOAD_IDLE) ||
        setup->length == 0 ||
        setup->length > sfi__dfu_device_transfer_size(sim))
        return dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    if (setup->value == DFU_BLOCK_COMMAND)
        a = dfu_device_list_commands(sim, setup, data, got);
    else if (sim->mode == SIM_SECURE && setup->value == DFU_BLOCK_REPLY)
        a = dfu_device_give_reply(u, setup, data, got);
    else if (dfu_device_knows_block(sim, setup->value))
        a = dfu_device_give_memory(sim, setup, data, got);
    else
        a = dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    if (a == USB_DONE)
        u->state = *got < setup->length ? DFU_IDLE : DFU_UPLOAD_IDLE;
    return a;
}

static bool
dfu_device_is_busy(const struct sfi_sim *sim)
{
    return sim->usb.stuck || sfi__sim_busy_us(sim) > 0;
}

static bool
dfu_device_erases(const struct dfu_device *u)
{
    return u->state == DFU_DNBUSY && u->block == DFU_BLOCK_COMMAND &&
           u->data[0] == DFU_ERASE;
}

/* Milliseconds before the next GETSTATUS: of an erase that has just begun, or
 * of work that still goes on. */
static uint32_t
dfu_device_poll_ms(const struct sfi_sim *sim)
{
    const struct dfu_device *u = &sim->usb;
    uint64_t left = (sfi__sim_busy_us(sim) + 999) / 1000;

    if (u->state != DFU_DNBUSY)
        return 0;
    if (left > 0 && !u->stuck)
        return left < ERASE_POLL_MS ? (uint32_t)left : ERASE_POLL_MS;
    if (!dfu_device_erases(u))
        return 0;
    return sim->timed ? ERASE_POLL_MS : FAST_POLL_MS;
}

static enum usb_answer
dfu_device_report(struct sfi_sim *sim, uint8_t *data, size_t len, size_t *got)
{
    const struct dfu_device *u = &sim->usb;
    struct dfu_report r = {
        .status = u->status,
        .state = u->state,
        .poll_ms = dfu_device_poll_ms(sim),
        .string =
            u->state == DFU_DNLOAD_IDLE && u->reply_len > 0 ? u->reply[0] : 0,
    };
    uint8_t raw[DFU_REPORT_LEN];

    sfi__dfu_write_report(raw, &r);
    *got = len < sizeof(raw) ? len : sizeof(raw);
    memcpy(data, raw, *got);
    return USB_DONE;
}

/* AN3156, 5.1: the first GETSTATUS after a block reports "busy" and starts it,
 * the second reports its result. */
static enum usb_answer
dfu_device_start_block(struct sfi_sim *sim, uint8_t *data, size_t len,
                       size_t *got)
{
    struct dfu_device *u = &sim->usb;
    bool lost;

    u->state = DFU_DNBUSY;
    u->reply_len = 0;
    (void)dfu_device_report(sim, data, len, got);
    u->status = dfu_device_carry_out(sim);
    lost = sim->power.off;
    sfi__sim_settle(sim);
    return lost ? USB_GONE : USB_DONE;
}

static enum usb_answer
dfu_device_end_block(struct sfi_sim *sim, uint8_t *data, size_t len,
                     size_t *got)
{
    struct dfu_device *u = &sim->usb;

    if (dfu_device_is_busy(sim))
        return dfu_device_report(sim, data, len, got);
    u->state = u->status == DFU_OK ? DFU_DNLOAD_IDLE : DFU_ERROR;
    (void)dfu_device_report(sim, data, len, got);
    u->owes = false;
    sfi__sim_wait(sim, 0);
    return USB_DONE;
}

/* AN3156, 5.4: this answer is the last of the bootloader. */
static enum usb_answer
dfu_device_leave(struct sfi_sim *sim, uint8_t *data, size_t len, size_t *got)
{
    sim->usb.state = DFU_MANIFEST;
    (void)dfu_device_report(sim, data, len, got);
    dfu_device_start_firmware(sim);
    return USB_DONE;
}

static enum usb_answer
dfu_device_getstatus(struct sfi_sim *sim, uint8_t *data, size_t len,
                     size_t *got)
{
    switch (sim->usb.state) {
    case DFU_DNLOAD_SYNC:
        return dfu_device_start_block(sim, data, len, got);
    case DFU_DNBUSY:
        return dfu_device_end_block(sim, data, len, got);
    case DFU_MANIFEST_SYNC:
        return dfu_device_leave(sim, data, len, got);
    default:
        return dfu_device_report(sim, data, len, got);
    }
}

static enum usb_answer
dfu_device_clrstatus(struct dfu_device *u)
{
    if (u->stuck) {
        u->stuck = false;
        u->state = DFU_ERROR;
        u->status = DFU_ERR_UNKNOWN;
        return USB_DONE;
    }
    if (u->state != DFU_ERROR)
        return dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    u->state = DFU_IDLE;
    u->status = DFU_OK;
    return USB_DONE;
}

static enum usb_answer
dfu_device_abort(struct dfu_device *u)
{
    if (u->state == DFU_DNBUSY || u->state == DFU_ERROR)
        return dfu_device_refuse(u, DFU_ERR_STALLEDPKT);
    u->state = DFU_IDLE;
    return USB_DONE;
}

static enum usb_answer
dfu_device_class_out(struct sfi_sim *sim, const struct usb_setup *setup,
                     const uint8_t *data, size_t *got)
{
    switch (setup->request) {
    case DFU_DNLOAD:
        return dfu_device_dnload(sim, setup, data, got);
    case DFU_CLRSTATUS:
        return dfu_device_clrstatus(&sim->usb);
    case DFU_ABORT:
        return dfu_device_abort(&sim->usb);
    default:
        return dfu_device_refuse(&sim->usb, DFU_ERR_STALLEDPKT);
    }
}

static enum usb_answer
dfu_device_class_in(struct sfi_sim *sim, const struct usb_setup *setup,
                    uint8_t *data, size_t *got)
{
    switch (setup->request) {
    case DFU_UPLOAD:
        return dfu_device_upload(sim, setup, data, got);
    case DFU_GETSTATUS:
        return dfu_device_getstatus(sim, data, setup->length, got);
    case DFU_GETSTATE:
        *got = setup->length > 0;
        if (*got > 0)
            data[0] = sim->usb.state;
        return USB_DONE;
    default:
        return dfu_device_refuse(&sim->usb, DFU_ERR_STALLEDPKT);
    }
}

enum usb_answer
sfi__dfu_device_control(struct sfi_sim *sim, const struct usb_setup *setup,
                        uint8_t *data, size_t *got)
{
    enum usb_answer a;

    *got = 0;
    if (!sim->usb.attached)
        return USB_GONE;
    if (!dfu_device_speaks(sim) || /* it hangs, or a debugger has halted it */
        (sim->habits.dfu_naks && dfu_device_erases(&sim->usb) &&
         sfi__sim_busy_us(sim) > 0))
        return USB_SILENT;
    if (setup->type != DFU_OUT && setup->type != DFU_IN)
        return sfi__dfu_device_standard(sim, setup, data, got);
    if (setup->index != 0)
        return USB_STALLED;
    a = setup->type == DFU_OUT ? dfu_device_class_out(sim, setup, data, got)
                               : dfu_device_class_in(sim, setup, data, got);
    return a == USB_STALLED && sim->mode == SIM_HUNG ? USB_SILENT : a;
}
