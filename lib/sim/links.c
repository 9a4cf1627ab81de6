/* The chip's USART as a transport inside the process. */
#include <string.h>

#include "core/err.h"
#include "sim/boot.h"

/* Virtual time: where a real line would make the reader wait, the chip's
 * clock moves on. */
static sfi_status
on_read(void *user, uint8_t *buf, size_t len, size_t *got, uint32_t timeout_ms)
{
    struct sfi_sim *sim = user;

    if (sim->line.len == 0)
        sim_wait(sim, timeout_ms);
    *got = sim_fetch(sim, buf, len);
    if (*got > 0 || len == 0)
        return SFI_OK;
    return sfi__fail(sim->obj.ctx, SFI_ERR_TIMEOUT,
                     "the virtual chip sent nothing within %lu ms",
                     (unsigned long)timeout_ms);
}

static sfi_status
on_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)timeout_ms;
    sim_receive(user, buf, len);
    return SFI_OK;
}

static sfi_status
on_flush(void *user)
{
    struct sfi_sim *sim = user;

    buf_clear(&sim->line);
    return SFI_OK;
}

/* The bench switches the supply, unless it has failed. */
static sfi_status
on_reset(void *user, int into_boot)
{
    struct sfi_sim *sim = user;

    sim->boot0 = into_boot != 0;
    buf_clear(&sim->line);
    if (!sim->power.off)
        sim_reset(sim);
    return SFI_OK;
}

static void
on_close(void *user)
{
    sfi__obj_unref(user);
}

sfi_status
sfi_sim_transport(sfi_sim *sim, const char *interface_name, sfi_transport **out)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = on_read,
        .write = on_write,
        .flush = on_flush,
        .reset = on_reset,
        .close = on_close,
    };
    sfi_status st;

    SFI_ENTER_NEW(sim, SIM, out);
    SFI_ARG(sim, interface_name != NULL);
    if (!text_same(interface_name, "usart"))
        return sfi__fail(sim->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "a virtual chip has no interface \"%s\", expected "
                         "\"usart\"",
                         interface_name);
    st = sfi_transport_open_stream(sim->obj.ctx, &ops, sfi__obj_ref(sim), out);
    if (st != SFI_OK)
        sfi__obj_unref(sim);
    return st;
}
