/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Another vendor's part on each kind of link: its requests are translated for
 * the device core of the virtual chip. */
#include <bench/vendor.h>

#include <string.h>

#include <sfi/device.h>

#include "chip/chip.h"
#include "proto/dfu.h"
#include "wire/security.h"
#include "sim/sim.h"
#include "transport/base/transport.h"

#include <bench/vendor_wire.h>

struct vendor vendor;

/* ---- the part ---- */

const struct refusal refusals[REFUSALS] = {
    {SFI_CAUSE_INSTALLED, 0x91, SFI_CAUSE_INSTALLED, "the part is in use"},
    {SFI_CAUSE_STATE, 0x92, SFI_CAUSE_STATE, "the part is elsewhere"},
    {SFI_CAUSE_LICENSE, 0x93, SFI_CAUSE_LICENSE, "the part has another key"},
    {SFI_CAUSE_LICENSE_SESSION, 0x94, SFI_CAUSE_LICENSE_SESSION,
     "the part gave another ticket"},
    {SFI_CAUSE_HEADER_TAG, 0x95, SFI_CAUSE_HEADER_TAG,
     "the part takes another head"},
    {SFI_CAUSE_AREA_TAG, 0x96, SFI_CAUSE_AREA_TAG, "the part saw it altered"},
    {SFI_CAUSE_INTERRUPTED, 0x97, SFI_CAUSE_INTERRUPTED, "the part restarted"},
    {SFI_CAUSE_FLASH_ERASE, 0x98, VENDOR_CAUSE_WORN, "the part is worn out"},
};

static struct {
    uint64_t resets; /* of the chip, at its last request */
    uint8_t block[BLOCK_LEN];
    bool owes;     /* the host has not read the reply yet */
    uint8_t state; /* of DFU */
    uint8_t asked[SFI_REQUEST_PARAM_MAX + SFI_REQUEST_DATA_MAX + 3];
    uint8_t answer[1 + SFI_CMD_REPLY_MAX];
    size_t asked_len, answer_len;
    uint8_t license[SFI_LICENSE_LEN];
    struct an3155_device usart;
    struct an4286_device spi;
    uint8_t queue[2048];
    size_t at, len;
} part;

static uint8_t
part_status_of(int cause)
{
    if (cause == SFI_CAUSE_NONE)
        return 0;
    for (size_t i = 0; i < REFUSALS; i++) {
        if (refusals[i].inside == cause)
            return refusals[i].status;
    }
    return 0xff;
}

static uint8_t
part_forward(uint16_t opcode, const uint8_t *param, size_t param_len,
             const uint8_t *data, size_t data_len)
{
    return part_status_of(
        install_request(opcode, param, param_len, data, data_len, NULL, NULL));
}

static uint8_t
part_on_who(uint8_t *reply, size_t *reply_len)
{
    uint8_t raw[SFI_CMD_INFO_LEN];
    size_t len = sizeof(raw);
    struct security_info i;
    struct wr w;
    int r = install_request(SFI_CMD_INFO, NULL, 0, NULL, 0, raw, &len);

    if (r != 0)
        return part_status_of(r);
    sfi__security_read_info(&i, raw);
    sfi__wr_init(&w, reply, *reply_len);
    sfi__wr_bytes(&w, "VX", 2);
    sfi__wr_u8(&w, 1);
    sfi__wr_u8(&w, (uint8_t)(LIFE + i.state));
    sfi__wr_u16be(&w, i.device_id);
    sfi__wr_u16be(&w, (uint16_t)vendor.data_max);
    sfi__wr_u8(&w, part_status_of(i.cause));
    sfi__wr_u8(&w, (uint8_t)i.area);
    sfi__wr_bytes(&w, i.header_tag, sizeof(i.header_tag));
    *reply_len = sfi__wr_len(&w);
    return 0;
}

static uint8_t
part_on_half_cert(uint8_t which, uint8_t *reply, size_t *reply_len)
{
    uint8_t raw[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(raw);
    int r = install_request(SFI_CMD_CERTIFICATE, NULL, 0, NULL, 0, raw, &len);

    if (r != 0 || which > 1)
        return part_status_of(r);
    memcpy(reply, raw + which * HALF, HALF);
    *reply_len = HALF;
    return 0;
}

static uint8_t
part_on_ticket(uint8_t *reply, size_t *reply_len)
{
    uint8_t raw[SFI_CMD_SESSION_LEN];
    size_t len = sizeof(raw);
    int r = install_request(SFI_CMD_SESSION, NULL, 0, NULL, 0, raw, &len);

    for (size_t i = 0; i < sizeof(raw); i++)
        reply[i] = raw[sizeof(raw) - 1 - i];
    *reply_len = sizeof(raw);
    return part_status_of(r);
}

static uint8_t
part_on_wipe(uint8_t how)
{
    const uint8_t flags = how == 'F' ? SFI_CMD_SECURE_ERASE : 0;
    uint8_t status = vendor.refuse;

    vendor.refuse = 0;
    return status != 0 ? status
                       : part_forward(SFI_CMD_SECURE, &flags, 1, NULL, 0);
}

static uint8_t
part_on_put(const uint8_t *param, const uint8_t *data, size_t len)
{
    uint8_t offset[4];

    for (size_t i = 0; i < sizeof(offset); i++)
        offset[i] = param[sizeof(offset) - 1 - i];
    if (++vendor.puts == vendor.reset_at) {
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        (void)install_sync();
    }
    return part_forward(SFI_CMD_DATA, offset, sizeof(offset), data, len);
}

/* One request of this vendor. */
static uint8_t
part_on_request(void *user, uint16_t opcode, const uint8_t *param,
                size_t param_len, uint8_t *data, size_t data_len,
                uint8_t *reply, size_t *reply_len)
{
    size_t room = *reply_len;

    (void)user;
    *reply_len = 0;
    switch (opcode) {
    case WHO:
        *reply_len = room;
        return part_on_who(reply, reply_len);
    case HALF_CERT:
        return part_on_half_cert(param[0], reply, reply_len);
    case TICKET:
        return part_on_ticket(reply, reply_len);
    case WIPE:
        return part_on_wipe(param[0]);
    case KEY_A:
        memcpy(part.license, data, HALF);
        return 0;
    case KEY_B:
        memcpy(part.license + HALF, data, HALF);
        return part_forward(SFI_CMD_LICENSE, NULL, 0, part.license,
                            sizeof(part.license));
    case HEAD:
        return part_forward(SFI_CMD_HEADER, param, param_len, NULL, 0);
    case AREA:
        return part_forward(SFI_CMD_AREA, param, param_len, NULL, 0);
    case PUT:
        return part_on_put(param, data, data_len);
    case SEAL:
        return part_forward(SFI_CMD_FINISH, NULL, 0, NULL, 0);
    case BYE:
        return part_forward(SFI_CMD_ABORT, NULL, 0, NULL, 0);
    default:
        return 0xff;
    }
}

static bool
part_knows_opcode(void *user, uint8_t cmd, uint16_t opcode)
{
    (void)user;
    return (opcode & 0xf000u) == 0x1000u &&
           ((opcode & EXTENDED) != 0) == (cmd == USART_EXT_SPECIAL);
}

static uint32_t
block_get(uint32_t at)
{
    struct rd r;

    sfi__rd_init(&r, part.block + at, 4);
    return sfi__rd_u32be(&r);
}

static void
block_put(uint32_t at, uint32_t word)
{
    struct wr w;

    sfi__wr_init(&w, part.block + at, 4);
    sfi__wr_u32be(&w, word);
}

static void
part_restart(void)
{
    static const uint8_t commands[] = {
        USART_GET,     USART_GET_VERSION, USART_GET_ID,
        USART_SPECIAL, USART_EXT_SPECIAL,
    };
    static const struct an3155_handlers handlers = {
        .known = part_knows_opcode,
        .special = part_on_request,
    };
    struct an3155_device_config config = {
        .handlers = &handlers,
        .version = 0x42,
        .product_id = (uint16_t)board.sim->chip->device_id,
        .commands = commands,
        .command_count = sizeof(commands),
    };

    part.resets = board.sim->resets;
    part.at = part.len = 0;
    part.owes = false;
    part.state = DFU_IDLE;
    memset(part.block, 0, sizeof(part.block));
    block_put(AT_MAGIC, BLOCK_MAGIC);
    sfi__an3155_device_init(&part.usart, &config);
    config.spi = true;
    sfi__an4286_device_init(&part.spi, &config);
    if (board.sim->mode == SIM_SECURE)
        (void)install_sync();
}

/* Does this part reply?  An open chip replies itself. */
static bool
part_is_secure(void)
{
    bool is_answering =
        part.at < part.len || !sfi__an4286_device_quiet(&part.spi) || part.owes;

    if (part.resets != board.sim->resets && !is_answering)
        part_restart();
    return board.sim->mode == SIM_SECURE || is_answering;
}

/* ---- its links ---- */

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct wr w;

    (void)user;
    if (!part_is_secure())
        return sfi__transport_write(station.direct, buf, len, timeout_ms);
    if (part.at == part.len)
        part.at = part.len = 0;
    sfi__wr_init(&w, part.queue + part.len, sizeof(part.queue) - part.len);
    for (size_t i = 0; i < len; i++)
        sfi__an3155_device_byte(&part.usart, buf[i], &w);
    part.len += sfi__wr_len(&w);
    return SFI_OK;
}

static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    (void)user;
    *got = 0;
    if (!part_is_secure())
        return sfi__transport_read(station.direct, buf, len, got, timeout_ms);
    while (*got < len && part.at < part.len)
        buf[(*got)++] = part.queue[part.at++];
    return *got > 0 ? SFI_OK : SFI_ERR_TIMEOUT;
}

static sfi_status
on_select(void *user, int asserted)
{
    (void)user;
    return sfi__transport_select(station.direct, asserted != 0);
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    sfi_status st = SFI_OK;

    (void)user;
    for (size_t i = 0; i < len && st == SFI_OK; i++) {
        uint8_t in = 0xff;

        if (part_is_secure())
            in = sfi__an4286_device_clock(&part.spi, tx[i]);
        else
            st = sfi__transport_transfer(station.direct, tx + i, &in, 1);
        if (rx != NULL)
            rx[i] = in;
    }
    return st;
}

static void
block_serve_request(void)
{
    size_t len = SFI_CMD_REPLY_MAX;
    size_t param_len = block_get(AT_PARAM_LEN);
    size_t data_len = block_get(AT_DATA_LEN);

    ck_assert_uint_le(param_len, SFI_REQUEST_PARAM_MAX);
    ck_assert_uint_le(data_len, SFI_REQUEST_DATA_MAX);
    block_put(AT_STATUS, part_on_request(NULL, (uint16_t)block_get(AT_OPCODE),
                                         part.block + AT_PARAM, param_len,
                                         part.block + AT_DATA, data_len,
                                         part.block + AT_REPLY, &len));
    block_put(AT_REPLY_LEN, (uint32_t)len);
    block_put(AT_GO, 0);
    part.owes = true;
}

/* Offset in the block; BLOCK_LEN: outside. */
static uint32_t
block_offset_of(uint32_t address, size_t count)
{
    uint32_t at = address - board.sim->chip->mailbox.base;

    return at < BLOCK_LEN && count <= (BLOCK_LEN - at) / 4 ? at : BLOCK_LEN;
}

static sfi_status
on_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    uint32_t at = block_offset_of(address, count);

    (void)user;
    if (!part_is_secure())
        return sfi__transport_read32(station.direct, address, words, count);
    if (at == BLOCK_LEN)
        return SFI_ERR_NACK;
    for (uint32_t i = 0; i < count; i++) {
        struct rd r;

        sfi__rd_init(&r, part.block + at + 4 * i, 4);
        words[i] = sfi__rd_u32le(&r);
        if (at + 4 * i == AT_STATUS)
            part.owes = false;
    }
    return SFI_OK;
}

static sfi_status
on_write32(void *user, uint32_t address, const uint32_t *words, size_t count)
{
    uint32_t at = block_offset_of(address, count);

    (void)user;
    if (!part_is_secure())
        return sfi__transport_write32(station.direct, address, words, count);
    if (at == BLOCK_LEN)
        return SFI_ERR_NACK;
    for (uint32_t i = 0; i < count; i++) {
        struct wr w;

        sfi__wr_init(&w, part.block + at + 4 * i, 4);
        sfi__wr_u32le(&w, words[i]);
    }
    if (block_get(AT_GO) != 0)
        block_serve_request();
    return SFI_OK;
}

/* DFU 1.1: the first GETSTATUS starts the block, the second ends it. */
static void
usb_serve_request(void)
{
    struct rd r;
    uint16_t opcode;
    size_t param_len, data_len, len = SFI_CMD_REPLY_MAX;
    const uint8_t *param;
    uint8_t data[SFI_REQUEST_DATA_MAX];

    sfi__rd_init(&r, part.asked, part.asked_len);
    opcode = sfi__rd_u16be(&r);
    param_len = sfi__rd_u8(&r);
    param = sfi__rd_view(&r, param_len);
    data_len = sfi__rd_left(&r);
    ck_assert(sfi__rd_ok(&r) && data_len <= sizeof(data));
    sfi__rd_bytes(&r, data, data_len);
    part.answer[0] = part_on_request(NULL, opcode, param, param_len, data,
                                     data_len, part.answer + 1, &len);
    part.answer_len = 1 + len;
    part.owes = true;
}

static sfi_status
usb_control_in(uint8_t request, uint16_t value, uint8_t *data, size_t len,
               size_t *got)
{
    static const uint8_t commands[] = {0x00, USB_COMMAND};
    uint8_t report[DFU_REPORT_LEN] = {0};

    if (request == DFU_GETSTATE) {
        *got = 1;
        data[0] = part.state;
    } else if (request == DFU_GETSTATUS) {
        if (part.state == DFU_DNBUSY)
            part.state = DFU_DNLOAD_IDLE;
        if (part.state == DFU_DNLOAD_SYNC) {
            usb_serve_request();
            part.state = DFU_DNBUSY;
        }
        report[4] = part.state;
        report[5] = 0x5a; /* what the dialect wants to see */
        *got = len < sizeof(report) ? len : sizeof(report);
        memcpy(data, report, *got);
    } else if (request == DFU_UPLOAD && value == 0) {
        *got = sizeof(commands);
        memcpy(data, commands, sizeof(commands));
    } else if (request == DFU_UPLOAD && value == USB_ANSWER) {
        ck_assert_uint_le(part.answer_len, len);
        *got = part.answer_len;
        memcpy(data, part.answer, part.answer_len);
        part.owes = false;
    } else {
        return SFI_ERR_NACK;
    }
    return SFI_OK;
}

static sfi_status
usb_control_out(uint8_t request, uint16_t value, const uint8_t *data,
                size_t len)
{
    if (request == DFU_ABORT || request == DFU_CLRSTATUS) {
        part.state = DFU_IDLE;
        return SFI_OK;
    }
    if (request != DFU_DNLOAD || value != USB_ASK || len == 0 ||
        len > sizeof(part.asked))
        return SFI_ERR_NACK;
    memcpy(part.asked, data, len);
    part.asked_len = len;
    part.state = DFU_DNLOAD_SYNC;
    return SFI_OK;
}

static sfi_status
on_control(void *user, uint8_t type, uint8_t request, uint16_t value,
           uint16_t index, uint8_t *data, size_t len, size_t *got, uint32_t ms)
{
    bool is_class = (type & 0x60u) == 0x20u;

    (void)user;
    if (!is_class || !part_is_secure())
        return sfi__transport_control(station.direct, type, request, value,
                                      index, data, len, got, ms);
    *got = 0;
    if ((type & 0x80u) != 0)
        return usb_control_in(request, value, data, len, got);
    *got = len;
    return usb_control_out(request, value, data, len);
}

static sfi_status
on_reopen(void *user, uint32_t ms)
{
    (void)user;
    return sfi__transport_reopen(station.direct, ms);
}

static sfi_status
on_reset(void *user, int into_boot)
{
    sfi_status st = sfi__transport_reset(station.direct, into_boot != 0);

    (void)user;
    part_restart();
    return st;
}

void
vendor_open(const char *interface_name, uint32_t data_max)
{
    static const sfi_stream_ops stream = {
        .struct_size = sizeof(stream),
        .read = on_read,
        .write = on_write,
        .reset = on_reset,
    };
    static const sfi_spi_ops spi = {
        .struct_size = sizeof(spi),
        .select = on_select,
        .transfer = on_transfer,
        .reset = on_reset,
    };
    static const sfi_usb_ops usb = {
        .struct_size = sizeof(usb),
        .control = on_control,
        .reopen = on_reopen,
        .reset = on_reset,
    };
    static const sfi_dap_ops dap = {
        .struct_size = sizeof(dap),
        .read32 = on_read32,
        .write32 = on_write32,
        .reset = on_reset,
    };

    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    ck_assert_ok(sfi_sim_transport(board.sim, interface_name, &station.direct));
    if (strcmp(interface_name, "spi") == 0)
        ck_assert_ok(sfi_transport_open_spi(ctx, &spi, NULL, &station.tp));
    else if (strcmp(interface_name, "usb") == 0)
        ck_assert_ok(sfi_transport_open_usb(ctx, &usb, NULL, &station.tp));
    else if (strcmp(interface_name, "jtag") == 0)
        ck_assert_ok(sfi_transport_open_dap(ctx, &dap, NULL, &station.tp));
    else
        ck_assert_ok(
            sfi_transport_open_stream(ctx, &stream, NULL, &station.tp));
    station.dialect = &vendor_dialect;
    vendor = (struct vendor){.data_max = data_max};
    memset(&part, 0, sizeof(part));
    part_restart();
}

/* ---- on the bench ---- */

sfi_target *
vendor_connect(const sfi_dialect_ops *dialect)
{
    const sfi_connect_options options = {
        .struct_size = sizeof(options),
        .chip = sfi_sim_chip(board.sim),
        .transport = station.tp,
        .dialect = dialect,
    };
    sfi_target *t;

    ck_assert_ok(sfi_target_connect_with(ctx, &options, &t));
    return t;
}

sfi_target *
vendor_begin(const char *interface_name)
{
    sfi_target *t;

    station_setup("stm32h753xi");
    vendor_open(interface_name, 96);
    t = vendor_connect(&vendor_dialect);
    ck_assert_ok(sfi_target_activate_security(t));
    return t;
}

void
vendor_end(sfi_target *t)
{
    sfi_target_free(t);
    station_teardown();
}
