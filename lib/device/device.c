/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The core's public functions: memory, start-up, requests in, answers out,
 * time. */
#include "device/device.h"

#include "device/port.h"
#include "proto/an4286.h"
#include "util/mem.h"

_Static_assert(sizeof(struct sfi_device) <= SFI_DEVICE_SIZE_MAX,
               "a buffer of SFI_DEVICE_SIZE_MAX holds a device");
_Static_assert(_Alignof(struct sfi_device) <= _Alignof(uint64_t),
               "a buffer aligned for uint64_t holds a device");
_Static_assert(SFI_DEVICE_ANSWER_MAX == USART_ANSWER_MAX,
               "the buffers of a port are large enough");
_Static_assert(SFI_DEVICE_REPLY_MAX == 1 + SFI_CMD_REPLY_MAX,
               "the buffers of a port are large enough");

/* All commands of the secure state: none of them reads memory. */
static const uint8_t frame_commands[] = {
    USART_GET,     USART_GET_VERSION, USART_GET_ID,
    USART_SPECIAL, USART_EXT_SPECIAL,
};

static bool
device_frame_known(void *user, uint8_t cmd, uint16_t opcode)
{
    (void)user;
    return sfi__request_knows(opcode) &&
           sfi__security_is_extended(opcode) == (cmd == USART_EXT_SPECIAL);
}

static uint8_t
device_frame_special(void *user, uint16_t opcode, const uint8_t *param,
                     size_t param_len, uint8_t *data, size_t data_len,
                     uint8_t *reply, size_t *reply_len)
{
    struct request req = {opcode, param, param_len, data, data_len};
    struct wr w;
    uint8_t cause;

    sfi__wr_init(&w, reply, *reply_len);
    cause = sfi__request_run(user, &req, &w);
    *reply_len = sfi__wr_len(&w);
    return cause;
}

static const struct an3155_handlers frame_handlers = {
    .known = device_frame_known,
    .special = device_frame_special,
};

size_t
sfi_device_size(void)
{
    return sizeof(struct sfi_device);
}

static void
device_start_core(struct sfi_device *dev, const struct sfi_chip *chip,
                  const sfi_device_port *port, void *user)
{
    struct an3155_device_config config = {
        .handlers = &frame_handlers,
        .user = dev,
        .version = chip->bootloader_version,
        .product_id = (uint16_t)chip->device_id,
        .commands = frame_commands,
        .command_count = sizeof(frame_commands),
    };

    sfi__wipe(dev, sizeof(*dev));
    dev->chip = chip;
    dev->port = port;
    dev->user = user;
    sfi__an3155_device_init(&dev->usart, &config);
    config.spi = true;
    config.version = chip->spi_version;
    sfi__an4286_device_init(&dev->spi, &config);
    sfi__life_power_up(dev);
}

sfi_status
sfi_device_init(void *mem, size_t mem_len, const sfi_chip *chip,
                const sfi_device_port *port, void *user, sfi_device **out)
{
    sfi_status st;

    if (out == NULL)
        return SFI_ERR_ARGUMENT;
    *out = NULL;
    if (mem == NULL || chip == NULL || port == NULL)
        return SFI_ERR_ARGUMENT;
    if (mem_len < sizeof(struct sfi_device) ||
        (uintptr_t)mem % _Alignof(struct sfi_device) != 0)
        return SFI_ERR_BUFFER;
    st = sfi__port_check(port);
    if (st != SFI_OK)
        return st;
    if (chip->program_unit > DEVICE_UNIT_MAX || chip->definition != NULL)
        return SFI_ERR_UNSUPPORTED;
    device_start_core(mem, chip, port, user);
    *out = mem;
    return SFI_OK;
}

static bool
device_is_answering(const struct sfi_device *dev)
{
    return dev->leave < LEAVE_NOW;
}

sfi_status
sfi_device_usart(sfi_device *dev, const uint8_t *in, size_t in_len,
                 uint8_t *out, size_t *out_len)
{
    struct wr w;

    if (dev == NULL || out == NULL || out_len == NULL ||
        (in == NULL && in_len > 0))
        return SFI_ERR_ARGUMENT;
    sfi__wr_init(&w, out, *out_len);
    if (in_len > 0)
        dev->heard_at = sfi__port_now_ms(dev);
    for (size_t i = 0; i < in_len && device_is_answering(dev); i++)
        sfi__an3155_device_byte(&dev->usart, in[i], &w);
    *out_len = w.len;
    return sfi__wr_ok(&w) ? SFI_OK : SFI_ERR_BUFFER;
}

uint8_t
sfi_device_spi(sfi_device *dev, uint8_t in)
{
    if (dev == NULL ||
        (!device_is_answering(dev) && sfi__an4286_device_quiet(&dev->spi)))
        return SPI_BUSY;
    dev->clocked_at = sfi__port_now_ms(dev);
    (void)sfi__an4286_device_clock(&dev->spi, in);
    return sfi__an4286_device_ahead(&dev->spi);
}

sfi_status
sfi_device_handle(sfi_device *dev, uint16_t opcode, const uint8_t *param,
                  size_t param_len, uint8_t *data, size_t data_len,
                  uint8_t *out, size_t *out_len)
{
    struct request req = {opcode, param, param_len, data, data_len};
    struct wr w;

    if (dev == NULL || out == NULL || out_len == NULL ||
        (param == NULL && param_len > 0) || (data == NULL && data_len > 0))
        return SFI_ERR_ARGUMENT;
    if (*out_len < SFI_DEVICE_REPLY_MAX)
        return SFI_ERR_BUFFER;
    *out_len = 0;
    if (!device_is_answering(dev))
        return SFI_OK;
    sfi__wr_init(&w, out + 1, SFI_CMD_REPLY_MAX);
    out[0] = sfi__request_run(dev, &req, &w);
    *out_len = 1 + sfi__wr_len(&w);
    return SFI_OK;
}

uint32_t
sfi_device_state(const sfi_device *dev)
{
    return dev != NULL ? dev->state : SFI_DEVICE_EMPTY;
}

static bool
device_leave_is_due(struct sfi_device *dev)
{
    return dev->leave == LEAVE_NOW ||
           (dev->leave == LEAVE_SOON && sfi__port_now_ms(dev) >= dev->leave_at);
}

static bool
device_owes_answer(struct sfi_device *dev)
{
    return !sfi__an4286_device_quiet(&dev->spi) &&
           sfi__port_now_ms(dev) - dev->clocked_at < DEVICE_OWES_MS;
}

void
sfi_device_poll(sfi_device *dev, uint8_t *out, size_t *out_len)
{
    struct wr w;

    if (dev == NULL || out == NULL || out_len == NULL)
        return;
    sfi__wr_init(&w, out, *out_len);
    if (device_leave_is_due(dev)) {
        if (!device_owes_answer(dev))
            sfi__life_leave(dev);
    } else if (device_is_answering(dev) &&
               sfi__an3155_device_busy(&dev->usart) &&
               sfi__port_now_ms(dev) - dev->heard_at >= DEVICE_SILENCE_MS) {
        sfi__an3155_device_drop(&dev->usart, &w);
    }
    *out_len = w.len;
}

void
sfi_device_wipe(sfi_device *dev)
{
    if (dev == NULL)
        return;
    dev->port->gcm_wipe(dev->user);
    sfi__wipe(dev, sizeof(*dev));
}
