/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The requests of the security extension: a handler each, and their table. */
#include "device/device.h"

#include <string.h>

#include "device/port.h"
#include "util/mem.h"
#include "util/rd.h"

static uint8_t
request_on_info(struct sfi_device *dev, const struct request *req,
                struct wr *reply)
{
    const struct install *in = &dev->install;
    uint8_t raw[SFI_CMD_INFO_LEN];
    struct security_info i = {
        .version = SFI_CMD_VERSION,
        .state = (uint8_t)dev->state,
        .cause = dev->cause,
        .device_id = (uint16_t)dev->chip->device_id,
        .data_max = SFI_CMD_DATA_MAX,
        .installs = dev->record.installs,
        .areas = in->areas,
    };

    (void)req;
    if (dev->chip->one_shot)
        i.flags |= SFI_CMD_INFO_ONE_SHOT;
    if (sfi__port_has_receipts(dev->port))
        i.flags |= SFI_CMD_INFO_RECEIPTS;
    if (dev->state == SFI_DEVICE_EMPTY && dev->record.phase != RECORD_EMPTY)
        i.flags |= SFI_CMD_INFO_UNCLEAN;
    if (in->is_open) {
        i.area = in->area.index;
        i.offset = in->received;
    }
    memcpy(i.product_id, dev->chip->product_id, sizeof(i.product_id));
    memcpy(i.header_tag, dev->record.header_tag, sizeof(i.header_tag));
    sfi__security_write_info(raw, &i);
    sfi__wr_bytes(reply, raw, sizeof(raw));
    return SFI_CAUSE_NONE;
}

static uint8_t
request_on_certificate(struct sfi_device *dev, const struct request *req,
                       struct wr *reply)
{
    uint8_t raw[CERTIFICATE_LEN];

    (void)req;
    if (!sfi__port_certificate(dev, raw))
        return SFI_CAUSE_STORAGE;
    sfi__wr_bytes(reply, raw, sizeof(raw));
    return SFI_CAUSE_NONE;
}

static uint8_t
request_on_secure(struct sfi_device *dev, const struct request *req,
                  struct wr *reply)
{
    uint8_t flags = req->param[0];

    (void)reply;
    if ((flags & ~SFI_CMD_SECURE_ERASE) != 0)
        return SFI_CAUSE_UNKNOWN_COMMAND;
    if (dev->state == SFI_DEVICE_INSTALLED &&
        (dev->chip->one_shot || (flags & SFI_CMD_SECURE_ERASE) == 0))
        return SFI_CAUSE_INSTALLED;
    dev->record.installs++;
    if (!sfi__life_store(dev, RECORD_INSTALLING)) {
        dev->record.installs--;
        return SFI_CAUSE_STORAGE;
    }
    sfi__life_wipe(dev);
    dev->leave = LEAVE_NOT;
    dev->last.opcode = 0;
    if (!sfi__install_erase(dev, &dev->chip->user))
        return sfi__life_end(dev, SFI_CAUSE_FLASH_ERASE);
    dev->state = SFI_DEVICE_READY;
    dev->cause = SFI_CAUSE_NONE;
    return SFI_CAUSE_NONE;
}

/* A new id: not 0, and not the last used one; false: the generator gives
 * none. */
static bool
request_draw_session(struct sfi_device *dev)
{
    uint8_t raw[SFI_CMD_SESSION_LEN];

    for (uint32_t i = 0; i < DEVICE_RANDOM_TRIES; i++) {
        struct rd r;
        uint32_t id;

        if (!sfi__port_random(dev, raw, sizeof(raw)))
            return false;
        sfi__rd_init(&r, raw, sizeof(raw));
        id = sfi__rd_u32le(&r);
        if (id != 0 && id != dev->live.used) {
            dev->live.id = id;
            return true;
        }
    }
    return false;
}

static uint8_t
request_on_session(struct sfi_device *dev, const struct request *req,
                   struct wr *reply)
{
    (void)req;
    if (dev->live.id == 0 && !request_draw_session(dev))
        return SFI_CAUSE_RANDOM;
    sfi__wr_u32le(reply, dev->live.id);
    return SFI_CAUSE_NONE;
}

/* Is the licence for this session?  A static one is for any; a live one must
 * name the session, and ends it whatever the result. */
static struct verdict
request_judge_session(struct sfi_device *dev, bool is_live, uint32_t session)
{
    struct verdict v = VERDICT_INIT;
    uint32_t due = is_live ? dev->live.id : 0;

    if (is_live && due != 0) {
        dev->live.used = due;
        dev->live.id = 0;
    }
    sfi__verdict_decide(&v, session == due && is_live == (due != 0) ? 0 : 1);
    return v;
}

static uint8_t
request_on_license(struct sfi_device *dev, const struct request *req,
                   struct wr *reply)
{
    struct install *in = &dev->install;
    struct verdict verdict = VERDICT_INIT, timely = VERDICT_INIT;
    const uint8_t *type;
    bool is_live;
    struct rd r;

    (void)reply;
    sfi__rd_init(&r, req->data, req->data_len);
    type = sfi__rd_view(&r, LICENSE_TYPE_LEN);
    is_live = sfi__equal(type, LICENSE_LIVE, LICENSE_TYPE_LEN);
    if (!is_live && !sfi__equal(type, LICENSE_STATIC, LICENSE_TYPE_LEN))
        return sfi__life_end(dev, SFI_CAUSE_LICENSE_TYPE);
    timely = request_judge_session(dev, is_live, sfi__rd_u32le(&r));
    /* version, and the least version of the security extension */
    if (sfi__rd_u32le(&r) != LICENSE_VERSION || sfi__rd_u32le(&r) != 0)
        return sfi__life_end(dev, SFI_CAUSE_LICENSE_VERSION);
    if (!sfi__verdict_accepted(&timely) || !sfi__verdict_accepted(&timely))
        return sfi__life_end(dev, SFI_CAUSE_LICENSE_SESSION);
    verdict = sfi__port_open_license(dev, req->data, in->key_secret,
                                     in->nonce_secret);
    if (!sfi__verdict_accepted(&verdict) || !sfi__verdict_accepted(&verdict))
        return sfi__life_end(dev, SFI_CAUSE_LICENSE);
    dev->state = SFI_DEVICE_LICENSED;
    return SFI_CAUSE_NONE;
}

static uint8_t
request_on_header(struct sfi_device *dev, const struct request *req,
                  struct wr *reply)
{
    struct verdict verdict = VERDICT_INIT;
    struct image_header h;

    (void)reply;
    sfi__image_read_header(&h, req->param);
    if (!sfi__image_magic_ok(&h))
        return sfi__life_end(dev, SFI_CAUSE_HEADER_MAGIC);
    if (h.version != SFI_FORMAT_VERSION)
        return sfi__life_end(dev, SFI_CAUSE_HEADER_VERSION);
    if (h.areas == 0)
        return sfi__life_end(dev, SFI_CAUSE_HEADER_AREAS);
    if (!sfi__port_gcm_start(dev, dev->install.nonce_secret, req->param,
                             SFI_FORMAT_HEADER_AAD_LEN))
        return sfi__life_end(dev, SFI_CAUSE_CRYPTO);
    verdict = sfi__port_gcm_verify(dev, h.tag);
    if (!sfi__verdict_accepted(&verdict) || !sfi__verdict_accepted(&verdict))
        return sfi__life_end(dev, SFI_CAUSE_HEADER_TAG);
    dev->install.areas = h.areas;
    memcpy(dev->record.header_tag, h.tag, sizeof(h.tag));
    sfi__zero(dev->record.areas, sizeof(dev->record.areas));
    dev->state = SFI_DEVICE_RECEIVING;
    return SFI_CAUSE_NONE;
}

static uint8_t
request_check_config(const struct sfi_device *dev, const struct image_area *a)
{
    if (a->address != 0)
        return SFI_CAUSE_AREA_ADDRESS;
    return a->size == 4 * dev->chip->ob_count ? SFI_CAUSE_NONE
                                              : SFI_CAUSE_AREA_SIZE;
}

/* The descriptor is authenticated with the area's content: check it now, and
 * trust it when the tag has verified. */
static uint8_t
request_check_area(struct sfi_device *dev, const struct image_area *a)
{
    const struct install *in = &dev->install;
    bool is_last = a->index == in->areas;

    if (a->type != SFI_FORMAT_FIRMWARE && a->type != SFI_FORMAT_CONFIGURATION)
        return SFI_CAUSE_AREA_TYPE;
    if (a->index != in->done + 1u)
        return SFI_CAUSE_AREA_INDEX;
    if (a->areas != in->areas)
        return SFI_CAUSE_AREA_TOTAL;
    if (in->done > 0 && a->version != in->version)
        return SFI_CAUSE_AREA_VERSION;
    if ((a->type == SFI_FORMAT_CONFIGURATION) != is_last)
        return SFI_CAUSE_AREA_ORDER;
    return is_last ? request_check_config(dev, a) : sfi__install_check(dev, a);
}

static uint8_t
request_on_area(struct sfi_device *dev, const struct request *req,
                struct wr *reply)
{
    struct install *in = &dev->install;
    uint8_t iv[SFI_FORMAT_NONCE_LEN];
    struct image_area a;
    uint8_t cause;
    bool started;

    (void)reply;
    if (in->is_open)
        return SFI_CAUSE_STATE;
    sfi__image_read_area(&a, req->param);
    cause = request_check_area(dev, &a);
    if (cause != SFI_CAUSE_NONE)
        return sfi__life_end(dev, cause);
    sfi__image_iv(iv, in->nonce_secret, a.index);
    started = sfi__port_gcm_start(dev, iv, req->param, SFI_FORMAT_AREA_AAD_LEN);
    sfi__wipe(iv, sizeof(iv));
    if (!started)
        return sfi__life_end(dev, SFI_CAUSE_CRYPTO);
    sfi__image_read_area(&in->area, req->param);
    in->version = a.version;
    in->received = 0;
    in->is_open = true;
    sfi__install_begin(dev, &a);
    return SFI_CAUSE_NONE;
}

/* The last byte of an area is here: verify its tag. */
static uint8_t
request_close_area(struct sfi_device *dev)
{
    struct install *in = &dev->install;
    struct verdict verdict = sfi__port_gcm_verify(dev, in->area.tag);
    uint8_t cause = SFI_CAUSE_NONE;

    if (!sfi__verdict_accepted(&verdict) || !sfi__verdict_accepted(&verdict))
        return SFI_CAUSE_AREA_TAG;
    if (in->area.type == SFI_FORMAT_FIRMWARE)
        cause = sfi__install_flush(dev);
    if (cause == SFI_CAUSE_NONE && !sfi__receipt_add_area(dev, &in->area))
        cause = SFI_CAUSE_CRYPTO;
    in->is_open = false;
    in->done++;
    if (cause == SFI_CAUSE_NONE && in->done == in->areas) {
        sfi__wipe(in->key_secret, sizeof(in->key_secret));
        sfi__wipe(in->nonce_secret, sizeof(in->nonce_secret));
        dev->port->gcm_wipe(dev->user);
        dev->state = SFI_DEVICE_COMPLETE;
    }
    return cause;
}

static uint8_t
request_take_content(struct sfi_device *dev, uint8_t *data, size_t len)
{
    struct install *in = &dev->install;
    uint8_t cause = SFI_CAUSE_NONE;

    if (!sfi__port_gcm_update(dev, data, (uint32_t)len))
        return SFI_CAUSE_CRYPTO;
    if (in->area.type == SFI_FORMAT_CONFIGURATION)
        memcpy(in->ob + in->received, data, len);
    else
        cause = sfi__install_write(dev, data, len);
    in->received += (uint32_t)len;
    if (cause == SFI_CAUSE_NONE && in->received == in->area.size)
        cause = request_close_area(dev);
    return cause;
}

static uint8_t
request_on_data(struct sfi_device *dev, const struct request *req,
                struct wr *reply)
{
    const struct install *in = &dev->install;
    uint8_t cause;
    struct rd r;

    (void)reply;
    if (!in->is_open)
        return SFI_CAUSE_STATE;
    sfi__rd_init(&r, req->param, req->param_len);
    if (sfi__rd_u32le(&r) != in->received)
        return SFI_CAUSE_OFFSET;
    if (req->data_len > in->area.size - in->received)
        return SFI_CAUSE_LENGTH;
    cause = request_take_content(dev, req->data, req->data_len);
    sfi__wipe(req->data, req->data_len);
    return cause == SFI_CAUSE_NONE ? cause : sfi__life_end(dev, cause);
}

static uint8_t
request_on_finish(struct sfi_device *dev, const struct request *req,
                  struct wr *reply)
{
    uint8_t cause;

    (void)req;
    (void)reply;
    if (dev->record.phase != RECORD_COMMITTING) {
        dev->record.ob_len = 4 * dev->chip->ob_count;
        memcpy(dev->record.ob, dev->install.ob, dev->record.ob_len);
        if (!sfi__life_store(dev, RECORD_COMMITTING))
            return sfi__life_end(dev, SFI_CAUSE_STORAGE);
    }
    cause = sfi__life_commit(dev);
    if (cause == SFI_CAUSE_NONE)
        sfi__life_leave_in(dev, LEAVE_SOON, DEVICE_LEAVE_MS);
    return cause;
}

static uint8_t
request_on_abort(struct sfi_device *dev, const struct request *req,
                 struct wr *reply)
{
    (void)req;
    (void)reply;
    dev->last.opcode = 0;
    if (dev->state == SFI_DEVICE_INSTALLED)
        sfi__life_leave_in(dev, LEAVE_NOW, 0);
    else if (dev->state != SFI_DEVICE_EMPTY ||
             dev->record.phase != RECORD_EMPTY)
        (void)sfi__life_end(dev, SFI_CAUSE_NONE);
    return SFI_CAUSE_NONE;
}

static uint8_t
request_on_receipt(struct sfi_device *dev, const struct request *req,
                   struct wr *reply)
{
    (void)req;
    return sfi__receipt_give(dev, reply);
}

/* ---- the table ---- */

#define IN(state) (1u << SFI_DEVICE_##state)
#define IN_ANY 0x3fu

static const struct command {
    uint16_t opcode;
    uint8_t states;    /* where it is allowed */
    bool is_reminded;  /* a repeated request gets the same answer */
    uint8_t param_len; /* exactly */
    uint16_t data_min, data_max;
    uint8_t (*run)(struct sfi_device *dev, const struct request *req,
                   struct wr *reply);
} commands[] = {
    {SFI_CMD_INFO, IN_ANY, false, 0, 0, 0, request_on_info},
    {SFI_CMD_CERTIFICATE, IN_ANY, false, 0, 0, 0, request_on_certificate},
    {SFI_CMD_SECURE, IN_ANY, false, 1, 0, 0, request_on_secure},
    {SFI_CMD_LICENSE, IN(READY), true, 0, LICENSE_LEN, LICENSE_LEN,
     request_on_license},
    {SFI_CMD_HEADER, IN(LICENSED), true, SFI_FORMAT_HEADER_LEN, 0, 0,
     request_on_header},
    {SFI_CMD_AREA, IN(RECEIVING), true, SFI_FORMAT_AREA_LEN, 0, 0,
     request_on_area},
    {SFI_CMD_DATA, IN(RECEIVING), true, 4, 1, SFI_CMD_DATA_MAX,
     request_on_data},
    {SFI_CMD_FINISH, IN(COMPLETE), true, 0, 0, 0, request_on_finish},
    {SFI_CMD_ABORT, IN_ANY, false, 0, 0, 0, request_on_abort},
    {SFI_CMD_SESSION, IN_ANY, false, 0, 0, 0, request_on_session},
    {SFI_CMD_RECEIPT, IN_ANY, false, 0, 0, 0, request_on_receipt},
};

static const struct command *
request_find_command(uint16_t opcode)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (commands[i].opcode == opcode)
            return &commands[i];
    }
    return NULL;
}

bool
sfi__request_knows(uint16_t opcode)
{
    return request_find_command(opcode) != NULL;
}

/* Keep what identifies a request when it comes again. */
static void
request_fill_reminder(struct reminder *r, const struct request *req)
{
    bool is_license = req->opcode == SFI_CMD_LICENSE;

    sfi__zero(r, sizeof(*r));
    r->opcode = req->opcode;
    r->len = (uint16_t)(req->param_len + req->data_len);
    if (is_license)
        memcpy(r->bytes, req->data, req->data_len);
    else if (req->param_len > 0)
        memcpy(r->bytes, req->param, req->param_len);
}

static bool
request_is_repeated(const struct reminder *a, const struct reminder *b)
{
    return a->opcode == b->opcode && a->len == b->len &&
           sfi__equal(a->bytes, b->bytes, sizeof(a->bytes));
}

static uint8_t
request_run_reminded(struct sfi_device *dev, const struct command *c,
                     const struct request *req, struct wr *reply)
{
    struct reminder r;

    request_fill_reminder(&r, req);
    if (request_is_repeated(&r, &dev->last))
        return dev->last.cause;
    if ((c->states >> dev->state & 1u) == 0)
        return SFI_CAUSE_STATE;
    r.cause = c->run(dev, req, reply);
    /* A request that changed nothing is not remembered: the host may correct
     * it. */
    if (r.cause == SFI_CAUSE_NONE || dev->state == SFI_DEVICE_EMPTY)
        dev->last = r;
    return r.cause;
}

uint8_t
sfi__request_run(struct sfi_device *dev, const struct request *req,
                 struct wr *reply)
{
    const struct command *c = request_find_command(req->opcode);

    if (c == NULL)
        return SFI_CAUSE_UNKNOWN_COMMAND;
    if (req->param_len != c->param_len || req->data_len < c->data_min ||
        req->data_len > c->data_max)
        return SFI_CAUSE_LENGTH;
    return c->is_reminded ? request_run_reminded(dev, c, req, reply)
                          : c->run(dev, req, reply);
}
