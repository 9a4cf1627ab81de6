/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The functions of sfi/dialect.h by which a dialect reaches the bootloader,
 * only while one of the dialect's own functions runs. */
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "wire/security.h"
#include "boot/dfu.h"
#include "target/target.h"

SFI_ABI_PIN(sfi_dialect_link, bootloader_version);
SFI_ABI_PIN(sfi_request, reply_got);

#define REQUEST_FLAGS (SFI_REQUEST_EXTENDED | SFI_REQUEST_ONCE)
/* A chip that starts its firmware has no work to do before its reply. */
#define LEAVE_MS 1000u

_Static_assert(SFI_REQUEST_PARAM_MAX == SFI_CMD_PARAM_MAX &&
                   SFI_REQUEST_DATA_MAX <= SFI_CMD_DATA_MAX &&
                   SFI_REQUEST_REPLY_MAX <= SFI_CMD_REPLY_MAX,
               "the carriers take what sfi/dialect.h promises");

/* The target is busy with the dialect's function, so SFI_ENTER does not fit. */
static sfi_status
dialect_enter(sfi_target *t)
{
    if (!sfi__is(t, OBJ_TARGET))
        return SFI_ERR_ARGUMENT;
    if (!t->in_dialect)
        return sfi__fail(t->obj.ctx, SFI_ERR_STATE,
                         "call this only from a function of the dialect, "
                         "while it runs");
    SFI_ENTER(t->tp, TRANSPORT);
    return SFI_OK;
}

#define DIALECT_ENTER(t)                        \
    do {                                        \
        sfi_status enter_st = dialect_enter(t); \
        if (enter_st != SFI_OK)                 \
            return enter_st;                    \
    } while (0)

sfi_status
sfi_dialect_get_link(sfi_target *t, sfi_dialect_link *out)
{
    sfi_dialect_link l = {.struct_size = sizeof(l)};

    DIALECT_ENTER(t);
    SFI_ARG(t, out != NULL);
    l.kind = sfi_transport_kind(t->tp);
    l.device_id = t->boot.device_id;
    l.bootloader_version = t->boot.version;
    if (t->boot.has_memory)
        l.flags |= SFI_LINK_HAS_MEMORY;
    if (t->boot.has_special)
        l.flags |= SFI_LINK_HAS_REQUESTS;
    return SFI_ABI_OUT(t, sfi_dialect_link, out, &l);
}

static uint32_t
dialect_wait_limit(const sfi_target *t, uint32_t ms)
{
    return t->leaving && ms > LEAVE_MS ? LEAVE_MS : ms;
}

static sfi_status
dialect_send_request(sfi_target *t, const sfi_request *r, uint8_t *reply,
                     size_t reply_len, uint32_t *status)
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
        .wait_ms = dialect_wait_limit(t, r->timeout_ms),
        .once = (r->flags & SFI_REQUEST_ONCE) != 0,
    };
    sfi_status st = SFI_OK;

    if (r->reply_got != NULL)
        *r->reply_got = 0;
    if (!t->boot.has_special)
        return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                         "the bootloader takes no requests, so %s cannot be "
                         "sent",
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
    st = SFI_ABI_IN(t, sfi_request, &ours, r);
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
    return dialect_send_request(t, &ours, reply, reply_len, status);
}

sfi_status
sfi_dialect_read(sfi_target *t, uint64_t address, uint8_t *data, size_t len)
{
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, data != NULL || len == 0);
    st = sfi__target_check_range(t, address, len);
    if (st != SFI_OK)
        return st;
    return sfi__boot_read(&t->boot, (uint32_t)address, data, len);
}

sfi_status
sfi_dialect_write(sfi_target *t, uint64_t address, const uint8_t *data,
                  size_t len)
{
    sfi_status st;

    DIALECT_ENTER(t);
    SFI_ARG(t, data != NULL || len == 0);
    st = sfi__target_check_range(t, address, len);
    if (st != SFI_OK)
        return st;
    return sfi__boot_write(&t->boot, (uint32_t)address, data, len);
}

static sfi_status
dialect_need_usb(sfi_target *t)
{
    if (t->tp->kind == TRANSPORT_USB)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "this link has no DFU blocks, expected a USB device");
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
    st = dialect_need_usb(t);
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
    st = dialect_need_usb(t);
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

sfi_status
sfi_dialect_wait(sfi_target *t, uint32_t ms)
{
    DIALECT_ENTER(t);
    return sfi__link_sleep(&t->boot.link, ms);
}
