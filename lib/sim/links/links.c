/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's USART as a transport inside the process, and the table of all
 * links by name. */
#include "sim/links/links.h"

#include "core/err.h"
#include "transport/base/transport.h"
#include "sim/boot.h"

uint64_t
sfi__sim_link_wait_ms(const struct sfi_sim *sim, uint32_t timeout_ms)
{
    uint64_t busy = (sfi__sim_busy_us(sim) + 999) / 1000;

    return busy > 0 && busy < timeout_ms ? busy : timeout_ms;
}

/* Virtual time: where a real line would make the reader wait, the chip's clock
 * advances. */
static sfi_status
usart_link_read(void *user, uint8_t *buf, size_t len, size_t *got,
                uint32_t timeout_ms)
{
    struct sfi_sim *sim = user;

    if (sfi__sim_line_ready(sim) == 0)
        sfi__sim_wait(sim, sfi__sim_link_wait_ms(sim, timeout_ms));
    *got = sfi__sim_fetch(sim, buf, len);
    if (*got > 0 || len == 0)
        return SFI_OK;
    return sfi__fail(sim->obj.ctx, SFI_ERR_TIMEOUT,
                     "the virtual chip sent nothing within %lu ms",
                     (unsigned long)timeout_ms);
}

static sfi_status
usart_link_write(void *user, const uint8_t *buf, size_t len,
                 uint32_t timeout_ms)
{
    (void)timeout_ms;
    sfi__sim_receive(user, buf, len);
    return SFI_OK;
}

static sfi_status
usart_link_flush(void *user)
{
    struct sfi_sim *sim = user;

    sfi__buf_clear(&sim->line);
    return SFI_OK;
}

/* A reset does not bring back a supply that has failed.  BOOT0 of a board would
 * start ST's bootloader, which it does not have. */
sfi_status
sfi__sim_link_reset(void *user, int into_boot)
{
    struct sfi_sim *sim = user;

    if (sim->emulated == NULL)
        sim->boot0 = into_boot != 0;
    sfi__sim_quiet(sim);
    if (!sim->power.off)
        sfi__sim_reset(sim);
    return SFI_OK;
}

void
sfi__sim_link_close(void *user)
{
    sfi__obj_unref(user);
}

static sfi_status
usart_link_open(struct sfi_sim *sim, sfi_transport **out)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = usart_link_read,
        .write = usart_link_write,
        .flush = usart_link_flush,
        .reset = sfi__sim_link_reset,
        .close = sfi__sim_link_close,
    };

    return sfi_transport_open_stream(sim->obj.ctx, &ops, sim, out);
}

/* A host that waits for the chip lets its time pass, without waiting. */
static void
links_sleep_ms(void *user, uint32_t ms)
{
    sfi__sim_wait(user, ms);
}

/* The process's own time counts too: a host that never waits reaches its
 * deadlines. */
static uint64_t
links_now_ms(void *user)
{
    const struct sfi_sim *sim = user;

    return sfi__clock_system.now_ms(sfi__clock_system.user) + sim->now_ms;
}

static const struct clock *
links_clock(struct sfi_sim *sim)
{
    sim->clock = (struct clock){
        .user = sim,
        .now_ms = links_now_ms,
        .sleep_ms = links_sleep_ms,
    };
    return &sim->clock;
}

/* The transport holds a reference to the chip. */
static sfi_status
links_open_by_name(struct sfi_sim *sim, const char *name, sfi_transport **out)
{
    static const struct {
        const char *name;
        sfi_status (*open)(struct sfi_sim *sim, sfi_transport **out);
    } links[] = {
        {"usart", usart_link_open}, {"spi", sfi__sim_open_spi},
        {"usb", sfi__sim_open_usb}, {"jtag", sfi__sim_open_dap},
        {"swd", sfi__sim_open_swd},
    };

    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
        sfi_status st;

        if (!sfi__text_same(name, links[i].name))
            continue;
        st = links[i].open(sfi__obj_ref(sim), out);
        if (st != SFI_OK)
            sfi__obj_unref(sim);
        else
            (*out)->clock = links_clock(sim);
        return st;
    }
    return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "a virtual chip has no interface \"%s\", expected "
                     "\"usart\", \"spi\", \"usb\", \"jtag\" or \"swd\"",
                     name);
}

sfi_status
sfi_sim_transport(sfi_sim *sim, const char *interface_name, sfi_transport **out)
{
    SFI_ENTER_NEW(sim, SIM, out);
    SFI_ARG(sim, interface_name != NULL);
    return links_open_by_name(sim, interface_name, out);
}
