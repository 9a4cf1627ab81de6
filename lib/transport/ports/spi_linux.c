/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* spi:PATH: a spidev of Linux, and GPIO lines for NRST and BOOT0. */
/* flock() is not in POSIX. */
#define _DEFAULT_SOURCE
#include "transport/ports/spi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/spi/spidev.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"

/* AN4286, 1: at most 8 MHz, 15 us or more between bytes. */
#define SPEED_DEFAULT 1000000u
#define SPEED_MAX 8000000u
#define GAP_DEFAULT 15u
#define GAP_MAX 1000u
/* RM0433, 8.4.2: NRST low for 20 us is enough; boards have capacitors. */
#define RESET_PULSE_MS 20u
/* AN2606, "STM32H74xxx/75xxx": 54 ms until the bootloader listens. */
#define BOOT_MS 60u
/* Bytes of one ioctl(): its number has 14 bits for the size of the argument. */
#define MESSAGE_MAX 256u
/* That number, of the type that this libc's ioctl() has: musl's is POSIX's. */
#define REQUEST(number) \
    _Generic(&ioctl, int (*)(int, int, ...) : (int)(number), default : (number))
#define GPIO_PATH_MAX 48u

struct spi {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    int fd;
    int reset_fd; /* -1: not wired */
    int boot0_fd;
    uint32_t speed;
    uint16_t gap_us;
};

static sfi_status
spi_report_error(struct spi *s, int err, const char *doing)
{
    switch (err) {
    case ENXIO:
    case ENODEV:
    case ESHUTDOWN:
    case EBADF:
        return sfi__fail_os(s->ctx, SFI_ERR_NO_DEVICE, err,
                            "the SPI port disappeared during %s", doing);
    default:
        return sfi__fail_os(s->ctx, SFI_ERR_IO, err, "%s failed", doing);
    }
}

/* ---- bytes ---- */

/* The driver controls NSS: low during each message. */
static sfi_status
spi_select(void *user, int asserted)
{
    (void)user;
    (void)asserted;
    return SFI_OK;
}

/* One transfer for the whole message, or one for each byte when there is a gap
 * between bytes.  `more`: another message follows, so NSS stays low. */
static sfi_status
spi_send_message(struct spi *s, const uint8_t *tx, uint8_t *rx, size_t len,
                 bool more)
{
    struct spi_ioc_transfer parts[MESSAGE_MAX];
    size_t each = s->gap_us > 0 ? 1 : len;
    size_t count = len / each, bytes = count * sizeof(parts[0]);

    sfi__zero(parts, sizeof(parts));
    for (size_t i = 0; i < count; i++) {
        parts[i].tx_buf = (uintptr_t)(tx + i * each);
        parts[i].rx_buf = rx != NULL ? (uintptr_t)(rx + i * each) : 0;
        parts[i].len = (uint32_t)each;
        parts[i].speed_hz = s->speed;
        parts[i].delay_usecs = s->gap_us;
        parts[i].bits_per_word = 8;
    }
    parts[count - 1].cs_change = more;
    if (ioctl(s->fd, REQUEST(_IOC(_IOC_WRITE, SPI_IOC_MAGIC, 0, bytes)),
              parts) < 0)
        return spi_report_error(s, errno, "a transfer");
    return SFI_OK;
}

static sfi_status
spi_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    for (size_t at = 0; at < len; at += MESSAGE_MAX) {
        size_t left = len - at;
        sfi_status st = spi_send_message(
            user, tx + at, rx != NULL ? rx + at : NULL,
            left < MESSAGE_MAX ? left : MESSAGE_MAX, left > MESSAGE_MAX);

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

/* ---- reset ---- */

static sfi_status
spi_set_gpio(struct spi *s, int fd, bool high)
{
    struct gpio_v2_line_values v = {.bits = high, .mask = 1};

    if (fd < 0 || ioctl(fd, REQUEST(GPIO_V2_LINE_SET_VALUES_IOCTL), &v) == 0)
        return SFI_OK;
    return spi_report_error(s, errno, "setting a GPIO line");
}

static sfi_status
spi_reset(void *user, int into_boot)
{
    struct spi *s = user;
    const struct clock *clock = s->ctx->clock;
    sfi_status st;

    if (s->reset_fd < 0)
        return sfi__fail(s->ctx, SFI_ERR_UNSUPPORTED,
                         "no reset line is configured; if NRST is wired, add "
                         "?reset=gpiochip0:N to the link's name");
    st = spi_set_gpio(s, s->boot0_fd, into_boot != 0);
    if (st == SFI_OK)
        st = spi_set_gpio(s, s->reset_fd, false);
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, RESET_PULSE_MS);
    st = spi_set_gpio(s, s->reset_fd, true);
    clock->sleep_ms(clock->user, BOOT_MS);
    return st;
}

static void
spi_close(void *user)
{
    struct spi *s = user;

    if (s->reset_fd >= 0)
        (void)close(s->reset_fd);
    if (s->boot0_fd >= 0)
        (void)close(s->boot0_fd);
    if (s->fd >= 0)
        (void)sfi__fd_close(s->fd);
    sfi__ctx_dealloc(s->ctx, s);
}

static const sfi_spi_ops spi_ops = {
    .struct_size = sizeof(spi_ops),
    .select = spi_select,
    .transfer = spi_transfer,
    .reset = spi_reset,
    .close = spi_close,
};

/* ---- opening ---- */

static sfi_status
spi_report_open_error(struct spi *s, int err, const char *what)
{
    if (err == ENOENT || err == ENXIO || err == ENODEV || err == ENOTDIR)
        return sfi__fail_os(s->ctx, SFI_ERR_NO_DEVICE, err,
                            "there is no such %s", what);
    if (err == FD_LOCKED)
        return sfi__fail_os(s->ctx, SFI_ERR_ACCESS, err, "there is no %s here",
                            what);
    if (err == EACCES || err == EPERM || err == EBUSY)
        return sfi__fail_os(s->ctx, SFI_ERR_ACCESS, err,
                            "no permission to open this %s, or it is in use",
                            what);
    return sfi__fail_os(s->ctx, SFI_ERR_IO, err, "cannot open this %s", what);
}

static sfi_status
spi_claim_port(struct spi *s, const char *path)
{
    uint8_t mode = SPI_MODE_0;
    uint8_t bits = 8;
    int err = sfi__fd_open(path, SYS_READ_WRITE, 0, &s->fd);

    if (err != 0)
        return spi_report_open_error(s, err, "SPI port");
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        return sfi__fail_os(s->ctx, SFI_ERR_ACCESS, errno,
                            "the SPI port is in use by another program");
    if (ioctl(s->fd, SPI_IOC_WR_MODE, &mode) == 0 &&
        ioctl(s->fd, SPI_IOC_WR_BITS_PER_WORD, &bits) == 0 &&
        ioctl(s->fd, SPI_IOC_WR_MAX_SPEED_HZ, &s->speed) == 0)
        return SFI_OK;
    if (errno == ENOTTY)
        return sfi__fail(s->ctx, SFI_ERR_NO_DEVICE, "this is not an SPI port");
    return sfi__fail_os(
        s->ctx, SFI_ERR_IO, errno,
        "the SPI port does not support mode 0, 8 bits and %u Hz", s->speed);
}

static sfi_status
spi_parse_number(struct spi *s, const struct uri *uri, const char *key,
                 uint32_t min, uint32_t max, uint32_t *value)
{
    const char *text = sfi__uri_get(uri, key);
    uint64_t v;

    if (text == NULL)
        return SFI_OK;
    if (!sfi__text_to_u64(text, max, &v) || v < min)
        return sfi__fail(s->ctx, SFI_ERR_ARGUMENT,
                         "%s is %s, expected %u to %u", key, text, min, max);
    *value = (uint32_t)v;
    return SFI_OK;
}

/* "gpiochip0:17" or "/path/of/chip:17"; false: another form. */
static bool
spi_parse_gpio_name(const char *text, char path[GPIO_PATH_MAX],
                    uint32_t *offset)
{
    const char *colon = strrchr(text, ':');
    uint64_t v;

    if (colon == NULL || colon == text ||
        !sfi__text_to_u64(colon + 1, UINT16_MAX, &v))
        return false;
    *offset = (uint32_t)v;
    sfi__text_format(path, GPIO_PATH_MAX, "%s%.*s",
                     memchr(text, '/', (size_t)(colon - text)) ? "" : "/dev/",
                     (int)(colon - text), text);
    return true;
}

/* Request a line as an output that is high; `open_drain`: something else on the
 * board may pull it low too. */
static sfi_status
spi_request_gpio(struct spi *s, const char *path, uint32_t offset,
                 bool open_drain, int *fd)
{
    struct gpio_v2_line_request r;
    int chip;
    int err = sfi__fd_open(path, SYS_READ_WRITE, 0, &chip);

    if (err != 0)
        return spi_report_open_error(s, err, "GPIO chip");
    sfi__zero(&r, sizeof(r));
    r.offsets[0] = offset;
    r.num_lines = 1;
    (void)sfi__text_copy(r.consumer, sizeof(r.consumer), "libsfi");
    r.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
    if (open_drain)
        r.config.flags |= GPIO_V2_LINE_FLAG_OPEN_DRAIN;
    r.config.num_attrs = 1;
    r.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
    r.config.attrs[0].attr.values = 1;
    r.config.attrs[0].mask = 1;
    err = ioctl(chip, REQUEST(GPIO_V2_GET_LINE_IOCTL), &r) == 0 ? 0 : errno;
    (void)sfi__fd_close(chip);
    if (err == ENOTTY || err == EINVAL)
        return sfi__fail_os(s->ctx, SFI_ERR_NO_DEVICE, err,
                            "%s has no GPIO line %u", path, offset);
    if (err != 0)
        return sfi__fail_os(s->ctx, SFI_ERR_ACCESS, err,
                            "cannot get GPIO line %u of %s", offset, path);
    *fd = r.fd;
    return SFI_OK;
}

static sfi_status
spi_open_gpio(struct spi *s, const struct uri *uri, const char *key,
              bool open_drain, int *fd)
{
    const char *text = sfi__uri_get(uri, key);
    char path[GPIO_PATH_MAX];
    uint32_t offset;

    if (text == NULL)
        return SFI_OK;
    if (!spi_parse_gpio_name(text, path, &offset))
        return sfi__fail(s->ctx, SFI_ERR_ARGUMENT,
                         "%s is \"%s\", expected a GPIO chip and a line, such "
                         "as gpiochip0:17",
                         key, text);
    return spi_request_gpio(s, path, offset, open_drain, fd);
}

static sfi_status
spi_parse_options(struct spi *s, const struct uri *uri)
{
    static const char *const keys[] = {"speed", "gap", "reset", "boot0", NULL};
    uint32_t gap = GAP_DEFAULT;
    sfi_status st = sfi__uri_allow(s->ctx, uri, keys);

    if (st != SFI_OK)
        return st;
    s->speed = SPEED_DEFAULT;
    st = spi_parse_number(s, uri, "speed", 1, SPEED_MAX, &s->speed);
    if (st != SFI_OK)
        return st;
    st = spi_parse_number(s, uri, "gap", 0, GAP_MAX, &gap);
    s->gap_us = (uint16_t)gap;
    return st;
}

static sfi_status
spi_open_port(struct spi *s, const struct uri *uri)
{
    sfi_status st = spi_parse_options(s, uri);

    if (st != SFI_OK)
        return st;
    st = spi_claim_port(s, uri->path);
    if (st != SFI_OK)
        return st;
    st = spi_open_gpio(s, uri, "boot0", false, &s->boot0_fd);
    return st == SFI_OK ? spi_open_gpio(s, uri, "reset", true, &s->reset_fd)
                        : st;
}

sfi_status
sfi__spi_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    struct spi *s = sfi__ctx_alloc(ctx, sizeof(*s));
    char name[TRANSPORT_NAME_MAX];
    sfi_status st;

    if (s == NULL)
        return SFI_ERR_NOMEM;
    s->ctx = ctx;
    s->fd = -1;
    s->reset_fd = -1;
    s->boot0_fd = -1;
    sfi__text_format(name, sizeof(name), "spi:%s", uri->path);
    st = spi_open_port(s, uri);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_SPI, &spi_ops, s, name, out);
    if (st == SFI_OK)
        return SFI_OK;
    spi_close(s);
    return st;
}
