/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a dialect may do with the bootloader: the public face of boot.h, for the
 * time that one of its functions runs. */
#include "util/clock.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "wire/security.h"
#include "boot/dfu.h"
#include "target/target.h"

#define REQUEST_FLAGS (SFI_REQUEST_EXTENDED | SFI_REQUEST_ONCE)
/* A chip that leaves has nothing to do before it answers. */
#define LEAVE_MS 1000u
/* How late a cancel may be noticed. */
#define SLICE_MS 100u

_Static_assert(SFI_REQUEST_PARAM_MAX == SFI_CMD_PARAM_MAX &&
                   SFI_REQUEST_DATA_MAX <= SFI_CMD_DATA_MAX &&
                   SFI_REQUEST_REPLY_MAX <= SFI_CMD_REPLY_MAX,
               "the carriers take what sfi/dialect.h promises");

/* The target is busy, and this is what keeps it so. */
static sfi_status
enter(sfi_target *t)
{
    if (!sfi__is(t, OBJ_TARGET))
        return SFI_ERR_ARGUMENT;
    if (!t->in_dialect)
        return sfi__fail(t->obj.ctx, SFI_ERR_STATE,
                         "no function of a dialect is running, and this is "
                         "for them alone");
    SFI_ENTER(t->tp, TRANSPORT);
    return SFI_OK;
}

#define DIALECT_ENTER(t)                \
    do {                                \
        sfi_status enter_st = enter(t); \
        if (enter_st != SFI_OK)         \
            return enter_st;            \
    } while (0)

sfi_status
sfi_dialect_get_link(sfi_target *t, sfi_dialect_link *out)
{
    static const uint32_t kinds[TRANSPORT_KINDS] = {
        [TRANSPORT_STREAM] = SFI_LINK_USART,
        [TRANSPORT_SPI] = SFI_LINK_SPI,
        [TRANSPORT_USB] = SFI_LINK_USB,
        [TRANSPORT_DAP] = SFI_LINK_MEMORY,
    };
    sfi_dialect_link l = {.struct_size = sizeof(l)};

    DIALECT_ENTER(t);
    SFI_ARG(t, out != NULL);
    l.kind = kinds[t->tp->kind];
    l.device_id = t->boot.device_id;
    l.bootloader_version = t->boot.version;
    if (t->boot.has_memory)
        l.flags |= SFI_LINK_HAS_MEMORY;
    if (t->boot.has_special)
        l.flags |= SFI_LINK_HAS_REQUESTS;
    return sfi__abi_out(t, out, sizeof(l), &l, sizeof(l));
}

static uint32_t
patience(const sfi_target *t, uint32_t ms)
{
    return t->leaving && ms > LEAVE_MS ? LEAVE_MS : ms;
}

static sfi_status
request(sfi_target *t, const sfi_request *r, uint8_t *reply, size_t reply_len,
        uint32_t *status)
{
    struct special s = {
        .what = r->name != NULL ? r->name : "a request",
        .opcode = (uint16_t)r->opcode,
        .extended = (r->flags & SFI_REQUEST_EXTENDED) != 0,
        .param = r->param,
        .param_len = r->param_len,
        .data = r->data,
        .data_len = r->data_len,
        .reply = reply,
        .reply_len = reply_len,
        .reply_got = r->reply_got,
        .wait_ms = patience(t, r->timeout_ms),
        .once = (r->flags & SFI_REQUEST_ONCE) != 0,
    };
    sfi_status st = SFI_OK;

    if (r->reply_got != NULL)
        *r->reply_got = 0;
    if (!t->boot.has_special)
        return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "the bootloader takes no requests, as %s would be",
                         s.what);
    st = sfi__boot_special(&t->boot, &s);
    t->boot.link.doing = "a request"; /* the name is the caller's */
    *status = s.status;
    if (r->reply_got != NULL && (st != SFI_OK || s.status != 0))
        *r->reply_got = 0;
    return st;
}

sfi_status
sfi_dialect_request(sfi_target *t, const sfi_request *r, uint8_t *reply,
                    size_t reply_len, uint32_t *status)
{
    sfi_request ours;
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, r != NULL);
    SFI_ARG(t, status != NULL);
    *status = 0;
    st = sfi__abi_in(t, &ours, sizeof(ours), sizeof(ours), r);
    if (st != SFI_OK)
        return st;
    SFI_ARG(t, (r->flags & ~REQUEST_FLAGS) == 0);
    SFI_ARG(t, r->opcode <= UINT16_MAX);
    SFI_ARG(t, r->param_len <= SFI_REQUEST_PARAM_MAX);
    SFI_ARG(t, r->param != NULL || r->param_len == 0);
    SFI_ARG(t, r->data_len <= SFI_REQUEST_DATA_MAX);
    SFI_ARG(t, r->data != NULL || r->data_len == 0);
    SFI_ARG(t, r->data_len == 0 || (r->flags & SFI_REQUEST_EXTENDED) != 0);
    SFI_ARG(t, reply_len <= SFI_REQUEST_REPLY_MAX);
    SFI_ARG(t, reply != NULL || reply_len == 0);
    SFI_ARG(t, reply_len == 0 || (r->flags & SFI_REQUEST_EXTENDED) == 0);
    return request(t, &ours, reply, reply_len, status);
}

static sfi_status
check_range(sfi_target *t, uint64_t address, size_t len)
{
    if (address <= UINT32_MAX && len <= (uint64_t)UINT32_MAX + 1 - address)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                     "%zu bytes at 0x%08llx end outside the chip's 32-bit "
                     "addresses",
                     len, (unsigned long long)address);
}

sfi_status
sfi_dialect_read(sfi_target *t, uint64_t address, uint8_t *data, size_t len)
{
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, data != NULL || len == 0);
    st = check_range(t, address, len);
    return st == SFI_OK ? sfi__boot_read(&t->boot, (uint32_t)address, data, len)
                        : st;
}

sfi_status
sfi_dialect_write(sfi_target *t, uint64_t address, const uint8_t *data,
                  size_t len)
{
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, data != NULL || len == 0);
    st = check_range(t, address, len);
    return st == SFI_OK
               ? sfi__boot_write(&t->boot, (uint32_t)address, data, len)
               : st;
}

static sfi_status
need_usb(sfi_target *t)
{
    if (t->tp->kind == TRANSPORT_USB)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "this link has no blocks of DFU, only a USB device has");
}

sfi_status
sfi_dialect_download(sfi_target *t, uint32_t block, const uint8_t *data,
                     size_t len, uint32_t timeout_ms, uint32_t *string)
{
    uint8_t last = 0;
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, block <= UINT16_MAX);
    SFI_ARG(t, data != NULL || len == 0);
    SFI_ARG(t, string != NULL);
    *string = 0;
    st = need_usb(t);
    if (st == SFI_OK)
        st = sfi__boot_dfu_download(&t->boot, (uint16_t)block, data, len,
                                    timeout_ms, &last);
    *string = last;
    return st;
}

sfi_status
sfi_dialect_upload(sfi_target *t, uint32_t block, uint8_t *data, size_t *len)
{
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, block <= UINT16_MAX);
    SFI_ARG(t, len != NULL);
    SFI_ARG(t, data != NULL && *len > 0);
    st = need_usb(t);
    if (st == SFI_OK)
        return sfi__boot_dfu_upload(&t->boot, (uint16_t)block, data, len);
    *len = 0;
    return st;
}

sfi_status
sfi_dialect_reset(sfi_target *t, uint32_t into_boot)
{
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, into_boot <= 1);
    st = sfi__transport_reset(t->tp, into_boot == 1);
    if (st != SFI_OK || into_boot == 0)
        return st;
    return sfi__boot_connect(&t->boot, t->timeout_ms);
}

static sfi_status
wait(sfi_target *t, uint32_t ms)
{
    const struct clock *clock = t->obj.ctx->clock;
    sfi_status st = sfi__link_cancelled(&t->boot.link);

    while (st == SFI_OK && ms > 0) {
        uint32_t slice = ms < SLICE_MS ? ms : SLICE_MS;

        clock->sleep_ms(clock->user, slice);
        ms -= slice;
        st = sfi__link_cancelled(&t->boot.link);
    }
    return st;
}

sfi_status
sfi_dialect_wait(sfi_target *t, uint32_t ms)
{
    DIALECT_ENTER(t);
    return wait(t, ms);
}
