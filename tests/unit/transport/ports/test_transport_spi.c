/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* spi:PATH with a fake kernel: this program replaces ioctl() for spidev and
 * GPIO chips, over files of a folder; a virtual chip is the slave. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <linux/spi/spidev.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sfi/target.h>

#include "core/ctx.h"
#include "transport/base/transport.h"

#include <bench/board.h>
#include <link/ioctl.h>
#include <link/script.h>

/* ---- the kernel ---- */

static struct {
    int fail; /* the next ioctl() has this errno */
    unsigned fail_at;
    uint8_t mode, bits;
    uint32_t speed;
    uint32_t gap;      /* of the last message */
    unsigned messages; /* so far */
    unsigned split;    /* number of messages after which NSS stayed low */
    size_t bytes;
    struct {
        uint32_t offset;
        uint64_t flags;
        int fd;
        bool high;
    } line[2]; /* in the order in which they were claimed */
    unsigned lines;
} kernel;

/* NRST goes high: the chip starts, with BOOT0 as it is. */
static void
on_line(unsigned i, bool high)
{
    bool rises = high && !kernel.line[i].high;

    kernel.line[i].high = high;
    if (kernel.line[i].offset == 27)
        sfi_sim_set_boot0(board.sim, high);
    else if (rises)
        ck_assert_ok(sfi_sim_power_on(board.sim));
}

static int
claim(struct gpio_v2_line_request *r)
{
    if (r->offsets[0] > 53 || r->num_lines != 1) {
        errno = EINVAL;
        return -1;
    }
    ck_assert_uint_lt(kernel.lines, 2);
    ck_assert_str_eq(r->consumer, "libsfi");
    ck_assert_uint_eq(r->config.num_attrs, 1);
    kernel.line[kernel.lines].offset = r->offsets[0];
    kernel.line[kernel.lines].flags = r->config.flags;
    kernel.line[kernel.lines].high = r->config.attrs[0].attr.values & 1;
    r->fd = open("line", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    kernel.line[kernel.lines++].fd = r->fd;
    return 0;
}

static int
clock_message(const struct spi_ioc_transfer *parts, size_t count)
{
    kernel.messages++;
    kernel.split += parts[count - 1].cs_change;
    for (size_t i = 0; i < count; i++) {
        const struct spi_ioc_transfer *p = &parts[i];
        uint8_t scrap[256];

        ck_assert_uint_le(p->len, sizeof(scrap));
        ck_assert_uint_eq(p->speed_hz, kernel.speed);
        kernel.gap = p->delay_usecs;
        kernel.bytes += p->len;
        ck_assert_ok(sfi_sim_spi(
            board.sim, (const uint8_t *)(uintptr_t)p->tx_buf,
            p->rx_buf != 0 ? (uint8_t *)(uintptr_t)p->rx_buf : scrap, p->len));
    }
    return (int)count;
}

static int
line_of(int fd)
{
    for (unsigned i = 0; i < kernel.lines; i++) {
        if (kernel.line[i].fd == fd)
            return (int)i;
    }
    return -1;
}

int
ioctl(int fd, ioctl_request number, ...)
{
    unsigned request = (unsigned)number;
    va_list args;
    void *arg;

    va_start(args, number);
    arg = va_arg(args, void *);
    va_end(args);
    if (kernel.fail_at > 0 && --kernel.fail_at == 0) {
        errno = kernel.fail;
        return -1;
    }
    if (request == SPI_IOC_WR_MODE)
        kernel.mode = *(uint8_t *)arg;
    else if (request == SPI_IOC_WR_BITS_PER_WORD)
        kernel.bits = *(uint8_t *)arg;
    else if (request == SPI_IOC_WR_MAX_SPEED_HZ)
        kernel.speed = *(uint32_t *)arg;
    else if (request == GPIO_V2_GET_LINE_IOCTL)
        return claim(arg);
    else if (request == GPIO_V2_LINE_SET_VALUES_IOCTL)
        on_line((unsigned)line_of(fd),
                ((struct gpio_v2_line_values *)arg)->bits & 1);
    else if (_IOC_TYPE(request) == SPI_IOC_MAGIC && _IOC_NR(request) == 0)
        return clock_message(arg, _IOC_SIZE(request) /
                                      sizeof(struct spi_ioc_transfer));
    return 0;
}

/* ---- a chip on it ---- */

static sfi_transport *tp;
static char before[1024];

static void
make(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    (void)close(fd);
}

static void
setup(void)
{
    board_setup("stm32h753xi");
    memset(&kernel, 0, sizeof(kernel));
    tp = NULL;
    ck_assert_ptr_nonnull(getcwd(before, sizeof(before)));
    ck_assert_int_eq(chdir(board.base), 0);
    make("spidev");
    make("gpio");
    ctx->clock = &script_clock;
}

static void
teardown(void)
{
    sfi_transport_free(tp);
    (void)unlink("spidev");
    (void)unlink("gpio");
    (void)unlink("line");
    ck_assert_int_eq(chdir(before), 0);
    board_teardown();
}

START_TEST(test_settings)
{
    ck_assert_ok(sfi_transport_open(ctx, "spi:./spidev", &tp));
    ck_assert_str_eq(tp->name, "spi:./spidev");
    ck_assert_uint_eq(kernel.mode, SPI_MODE_0);
    ck_assert_uint_eq(kernel.bits, 8);
    ck_assert_uint_eq(kernel.speed, 1000000);
    ck_assert_ok(sfi__transport_transfer(tp, (const uint8_t *)"\x00", NULL, 1));
    ck_assert_uint_eq(kernel.gap, 15);
    sfi_transport_free(tp);
    ck_assert_ok(
        sfi_transport_open(ctx, "spi:./spidev?speed=8000000&gap=8", &tp));
    ck_assert_uint_eq(kernel.speed, 8000000);
    ck_assert_ok(sfi__transport_transfer(tp, (const uint8_t *)"\x00", NULL, 1));
    ck_assert_uint_eq(kernel.gap, 8);
    ck_assert_fails(sfi__transport_reset(tp, true), SFI_ERR_UNSUPPORTED, "",
                    "no reset line is configured; if NRST is wired, add "
                    "?reset=gpiochip0:N to the link's name");
}
END_TEST

/* A message has at most 256 bytes; NSS stays low until the last message. */
START_TEST(test_messages)
{
    static const char *const uris[] = {"spi:./spidev", "spi:./spidev?gap=0"};
    static uint8_t tx[600], rx[600];

    ck_assert_ok(sfi_transport_open(ctx, uris[_i], &tp));
    memset(rx, 0, sizeof(rx));
    ck_assert_ok(sfi__transport_transfer(tp, tx, rx, sizeof(tx)));
    ck_assert_uint_eq(kernel.bytes, 600);
    ck_assert_uint_eq(kernel.messages, 3);
    ck_assert_uint_eq(kernel.split, 2);
    for (size_t i = 0; i < sizeof(rx); i++)
        ck_assert_uint_eq(rx[i], 0xa5);
    ck_assert_ok(sfi__transport_transfer(tp, tx, NULL, 256));
    ck_assert_uint_eq(kernel.messages, 4);
    ck_assert_uint_eq(kernel.split, 2);
}
END_TEST

/* A reset starts bootloader or application; memory is accessible in all of its
 * range. */
START_TEST(test_session)
{
    static const uint8_t data[512] = {0x5a, 0x79, 0x1f};
    static uint8_t back[512];
    sfi_target *t;

    ck_assert_ok(sfi_transport_open(
        ctx, "spi:./spidev?reset=./gpio:17&boot0=./gpio:27", &tp));
    ck_assert_uint_eq(kernel.lines, 2);
    ck_assert_uint_eq(kernel.line[0].offset, 27);
    ck_assert_uint_eq(kernel.line[0].flags, GPIO_V2_LINE_FLAG_OUTPUT);
    ck_assert_uint_eq(kernel.line[1].offset, 17);
    ck_assert_uint_eq(kernel.line[1].flags,
                      GPIO_V2_LINE_FLAG_OUTPUT | GPIO_V2_LINE_FLAG_OPEN_DRAIN);
    ck_assert(kernel.line[0].high && kernel.line[1].high);
    ck_assert_ok(sfi__transport_reset(tp, false));
    ck_assert_int_eq(sfi_target_connect(ctx, NULL, tp, 100, &t),
                     SFI_ERR_TIMEOUT);
    ck_assert_ok(sfi__transport_reset(tp, true));
    ck_assert(kernel.line[0].high && kernel.line[1].high);
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 100, &t));
    ck_assert_ok(sfi_target_write(t, 0x08000000, data, sizeof(data)));
    ck_assert_ok(sfi_target_read(t, 0x08000000, back, sizeof(back)));
    ck_assert_mem_eq(back, data, sizeof(data));
    sfi_target_free(t);
}
END_TEST

START_TEST(test_port_vanishes)
{
    static const int errors[] = {ENODEV, EIO};
    uint8_t byte = 0;

    ck_assert_ok(sfi_transport_open(ctx, "spi:./spidev?reset=./gpio:1", &tp));
    kernel.fail = errors[_i];
    kernel.fail_at = 1;
    ck_assert_fails(sfi__transport_transfer(tp, &byte, &byte, 1),
                    _i == 0 ? SFI_ERR_NO_DEVICE : SFI_ERR_IO, "",
                    _i == 0
                        ? "the SPI port disappeared during a transfer: No such "
                          "device"
                        : "a transfer failed: Input/output error");
    kernel.fail_at = 1;
    ck_assert_fails(sfi__transport_reset(tp, true),
                    _i == 0 ? SFI_ERR_NO_DEVICE : SFI_ERR_IO, "",
                    _i == 0 ? "the SPI port disappeared during setting a GPIO "
                              "line: No such device"
                            : "setting a GPIO line failed: Input/output error");
}
END_TEST

#define LINE ", expected a GPIO chip and a line, such as gpiochip0:17"

static const struct {
    const char *uri;
    int fail;
    unsigned fail_at;
    sfi_status st;
    const char *message;
} refused[] = {
    {"spi:./none", 0, 0, SFI_ERR_NO_DEVICE,
     "there is no such SPI port: No such file or directory"},
    {"spi:./spidev?baud=1", 0, 0, SFI_ERR_ARGUMENT, "unknown key \"baud\""},
    {"spi:./spidev?sped=1", 0, 0, SFI_ERR_ARGUMENT,
     "unknown key \"sped\", ... \"speed\""},
    {"spi:./spidev?speed=0", 0, 0, SFI_ERR_ARGUMENT,
     "speed is 0, expected 1 to 8000000"},
    {"spi:./spidev?speed=8000001", 0, 0, SFI_ERR_ARGUMENT,
     "speed is 8000001, expected 1 to 8000000"},
    {"spi:./spidev?gap=1001", 0, 0, SFI_ERR_ARGUMENT,
     "gap is 1001, expected 0 to 1000"},
    {"spi:./spidev?gap=x", 0, 0, SFI_ERR_ARGUMENT,
     "gap is x, expected 0 to 1000"},
    {"spi:./spidev?reset=17", 0, 0, SFI_ERR_ARGUMENT, "reset is \"17\"" LINE},
    {"spi:./spidev?boot0=:17", 0, 0, SFI_ERR_ARGUMENT, "boot0 is \":17\"" LINE},
    {"spi:./spidev?reset=./gpio:", 0, 0, SFI_ERR_ARGUMENT,
     "reset is \"./gpio:\"" LINE},
    {"spi:./spidev?reset=./none:1", 0, 0, SFI_ERR_NO_DEVICE,
     "there is no such GPIO chip: No such file or directory"},
    {"spi:./spidev?reset=sfinone:1", 0, 0, SFI_ERR_NO_DEVICE,
     "there is no such GPIO chip: No such file or directory"},
    {"spi:./spidev?reset=./gpio:54", 0, 0, SFI_ERR_NO_DEVICE,
     "./gpio has no GPIO line 54: Invalid argument"},
    {"spi:./spidev?reset=./gpio:1", EBUSY, 4, SFI_ERR_ACCESS,
     "cannot get GPIO line 1 of ./gpio: Device or resource busy"},
    {"spi:./spidev", ENOTTY, 1, SFI_ERR_NO_DEVICE, "this is not an SPI port"},
    {"spi:./spidev", EINVAL, 3, SFI_ERR_IO,
     "the SPI port does not support mode 0, 8 bits and 1000000 Hz: Invalid "
     "argument"},
};

START_TEST(test_refused)
{
    kernel.fail = refused[_i].fail;
    kernel.fail_at = refused[_i].fail_at;
    tp = (sfi_transport *)&memory;
    ck_assert_int_eq(sfi_transport_open(ctx, refused[_i].uri, &tp),
                     refused[_i].st);
    ck_assert_ptr_null(tp);
    ck_assert_msg(
        text_matches(sfi_error_message(&ctx->error), refused[_i].message),
        "\"%s\"", sfi_error_message(&ctx->error));
    ck_assert_int_eq(strncmp(sfi_error_where(&ctx->error), "spi:./", 6), 0);
}
END_TEST

START_TEST(test_busy)
{
    int other = open("spidev", O_RDWR | O_CLOEXEC);

    ck_assert_int_eq(flock(other, LOCK_EX), 0);
    ck_assert_fails(
        sfi_transport_open(ctx, "spi:./spidev", &tp), SFI_ERR_ACCESS,
        "spi:./spidev",
        "the SPI port is in use by another program: Resource temporarily "
        "unavailable");
    (void)close(other);
    ck_assert_ok(sfi_transport_open(ctx, "spi:./spidev", &tp));
}
END_TEST

START_TEST(test_no_memory)
{
    for (size_t i = 1; i <= 2; i++) {
        memory.fail_at = i;
        ck_assert_int_eq(sfi_transport_open(ctx, "spi:./spidev", &tp),
                         SFI_ERR_NOMEM);
        ck_assert_ptr_null(tp);
    }
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("transport_spi");
    TCase *tc = tcase_create("spidev");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_settings);
    tcase_add_loop_test(tc, test_messages, 0, 2);
    tcase_add_test(tc, test_session);
    tcase_add_loop_test(tc, test_port_vanishes, 0, 2);
    tcase_add_loop_test(tc, test_refused, 0, ROWS(refused));
    tcase_add_test(tc, test_busy);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
