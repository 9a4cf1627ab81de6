/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A chip on an SPI port: the command's requests to spidev arrive here (Linux,
 * Documentation/spi/spidev.rst). */
#include <errno.h>
#include <linux/spi/spidev.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "wrap/bed.h"

#define NODE "/dev/spidev0.%u"
#define NODE_SIZE 32u
#define PARTS_MAX 511u

static void
spi_node_name(char out[NODE_SIZE], const struct part *p)
{
    (void)snprintf(out, NODE_SIZE, NODE, p->index);
}

/* A buffer of the command, `len` bytes; NULL: its address is NULL. */
static UMockdevIoctlData *
spi_transfer_buffer(UMockdevIoctlData *message, size_t offset, size_t len)
{
    __u64 there;

    memcpy(&there, message->data + offset, sizeof(there));
    if (there == 0)
        return NULL;
    return umockdev_ioctl_data_resolve(message, offset, len, NULL);
}

/* One transfer; either buffer may be missing. */
static bool
spi_clock_transfer(struct part *p, UMockdevIoctlData *message, size_t i)
{
    size_t at = i * sizeof(struct spi_ioc_transfer);
    struct spi_ioc_transfer part;
    UMockdevIoctlData *tx, *rx;
    guint8 *out, *in;
    bool ok;

    memcpy(&part, message->data + at, sizeof(part));
    if (part.len == 0)
        return true;
    tx = spi_transfer_buffer(
        message, at + offsetof(struct spi_ioc_transfer, tx_buf), part.len);
    rx = spi_transfer_buffer(
        message, at + offsetof(struct spi_ioc_transfer, rx_buf), part.len);
    out = g_malloc0(part.len);
    in = g_malloc0(part.len);
    if (tx != NULL)
        memcpy(out, tx->data, part.len);
    ok = sfi_sim_spi(p->sim, out, in, part.len) == SFI_OK;
    if (rx != NULL)
        memcpy(rx->data, in, part.len);
    g_free(out);
    g_free(in);
    g_clear_object(&tx);
    g_clear_object(&rx);
    return ok;
}

/* The number of bytes clocked, or -1. */
static int
spi_run_message(struct part *p, UMockdevIoctlData *arg, size_t count)
{
    UMockdevIoctlData *message = umockdev_ioctl_data_resolve(
        arg, 0, count * sizeof(struct spi_ioc_transfer), NULL);
    int total = 0;

    if (message == NULL)
        return -1;
    for (size_t i = 0; i < count && total >= 0; i++) {
        struct spi_ioc_transfer part;

        memcpy(&part, message->data + i * sizeof(part), sizeof(part));
        total = spi_clock_transfer(p, message, i) ? total + (int)part.len : -1;
    }
    g_object_unref(message);
    return total;
}

/* Accept any setting; report mode 0, 8 bits, 8 MHz. */
static int
spi_answer_setting(UMockdevIoctlData *arg, gulong request)
{
    static const struct {
        gulong request;
        __u32 value;
    } told[] = {
        {SPI_IOC_RD_MODE, SPI_MODE_0},      {SPI_IOC_RD_MODE32, SPI_MODE_0},
        {SPI_IOC_RD_LSB_FIRST, 0},          {SPI_IOC_RD_BITS_PER_WORD, 8},
        {SPI_IOC_RD_MAX_SPEED_HZ, 8000000},
    };
    UMockdevIoctlData *data;

    if (_IOC_DIR(request) == _IOC_WRITE)
        return 0;
    data = umockdev_ioctl_data_resolve(arg, 0, _IOC_SIZE(request), NULL);
    for (size_t i = 0; data != NULL && i < sizeof(told) / sizeof(*told); i++) {
        if (told[i].request == request)
            memcpy(data->data, &told[i].value, _IOC_SIZE(request));
    }
    g_clear_object(&data);
    return 0;
}

static gboolean
spi_on_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client,
             gpointer user)
{
    struct part *p = user;
    gulong request = umockdev_ioctl_client_get_request(client);
    UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
    size_t count = _IOC_SIZE(request) / sizeof(struct spi_ioc_transfer);
    int result = -1;

    (void)handler;
    part_enter(p);
    if (_IOC_TYPE(request) == SPI_IOC_MAGIC && _IOC_NR(request) != 0)
        result = spi_answer_setting(arg, request);
    else if (_IOC_TYPE(request) == SPI_IOC_MAGIC && count <= PARTS_MAX)
        result = spi_run_message(p, arg, count);
    part_leave(p);
    umockdev_ioctl_client_complete(client, result, result < 0 ? ENOTTY : 0);
    return TRUE;
}

bool
part_spi_start(struct part *p, GError **error)
{
    UMockdevTestbed *testbed = p->bed->testbed;
    gchar *device = g_strdup_printf("P: /devices/platform/spi0/spidev0.%u\n"
                                    "N: spidev0.%u\n"
                                    "E: DEVNAME=" NODE "\n"
                                    "E: SUBSYSTEM=spidev\n"
                                    "E: MAJOR=153\nE: MINOR=%u\n",
                                    p->index, p->index, p->index, p->index);
    char node[NODE_SIZE];
    bool ok;

    spi_node_name(node, p);
    p->spi = umockdev_ioctl_base_new();
    (void)g_signal_connect(p->spi, "handle-ioctl", G_CALLBACK(spi_on_ioctl), p);
    ok = umockdev_testbed_attach_ioctl(testbed, node, p->spi, error) &&
         umockdev_testbed_add_from_string(testbed, device, error);
    g_free(device);
    return ok;
}

void
part_spi_end(struct part *p)
{
    char node[NODE_SIZE];

    spi_node_name(node, p);
    if (p->spi != NULL)
        (void)umockdev_testbed_detach_ioctl(p->bed->testbed, node, NULL);
    g_clear_object(&p->spi);
}
