/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The secure bootloader's mailbox: copy a request out of RAM, run it, write the
 * answer. */
#include "sim/mailbox.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "wire/mailbox.h"
#include "sim/bus.h"

/* A copy of a request, out of the host's reach. */
struct letter {
    uint32_t number;
    uint16_t opcode;
    uint16_t param_len;
    uint16_t data_len;
    uint8_t param[SFI_CMD_PARAM_MAX];
    uint8_t data[SFI_CMD_DATA_MAX];
};

/* The RAM of the mailbox, or NULL: the part has none. */
static uint8_t *
mailbox_whole_area(const struct sfi_sim *sim)
{
    return sfi__bus_ram(sim, sim->chip->mailbox.base, sim->chip->mailbox.size);
}

static uint32_t
mailbox_get_u32(const uint8_t *p)
{
    struct rd r;

    sfi__rd_init(&r, p, 4);
    return sfi__rd_u32le(&r);
}

static void
mailbox_put_u32(uint8_t *p, uint32_t value)
{
    struct wr w;

    sfi__wr_init(&w, p, 4);
    sfi__wr_u32le(&w, value);
}

void
sfi__sim_mailbox_start(struct sfi_sim *sim)
{
    uint8_t *b = sim->chip->dbgmcu != 0 ? mailbox_whole_area(sim) : NULL;

    sim->mailbox.answered = false;
    if (b == NULL)
        return;
    mailbox_put_u32(b + SFI_MAILBOX_AT_VERSION,
                    SFI_MAILBOX_VERSION | sim->chip->device_id << 16);
    mailbox_put_u32(b + SFI_MAILBOX_AT_MAGIC, SFI_MAILBOX_MAGIC);
}

/* Copied because the core decrypts in place, and a debugger can read this RAM.
 * false: a length is too large. */
static bool
mailbox_copy_request(const uint8_t *b, struct letter *l)
{
    struct rd r;

    l->number = mailbox_get_u32(b + SFI_MAILBOX_AT_REQUEST);
    sfi__rd_init(&r, b + SFI_MAILBOX_AT_OPCODE, 6);
    l->opcode = sfi__rd_u16le(&r);
    l->param_len = sfi__rd_u16le(&r);
    l->data_len = sfi__rd_u16le(&r);
    if (l->param_len > sizeof(l->param) || l->data_len > sizeof(l->data))
        return false;
    memcpy(l->param, b + sfi__mailbox_param_at(l->param_len), l->param_len);
    memcpy(l->data, b + sfi__mailbox_data_at(l->opcode), l->data_len);
    return true;
}

static void
mailbox_write_answer(struct sfi_sim *sim, uint8_t *b, uint32_t number,
                     const uint8_t *raw, size_t len)
{
    struct wr w;

    sfi__wr_init(&w, b + SFI_MAILBOX_AT_CAUSE, 4);
    sfi__wr_u8(&w, raw[0]);
    sfi__wr_u8(&w, 0);
    sfi__wr_u16le(&w, (uint16_t)(len - 1));
    memcpy(b + SFI_MAILBOX_AT_REPLY, raw + 1, len - 1);
    mailbox_put_u32(b + SFI_MAILBOX_AT_DONE, number);
    sim->mailbox.answered = true;
    sim->mailbox.answered_at = sim->now_ms;
}

static void
mailbox_serve_request(struct sfi_sim *sim, uint8_t *b)
{
    uint8_t raw[SFI_DEVICE_REPLY_MAX] = {SFI_CAUSE_LENGTH};
    size_t len = sizeof(raw);
    struct letter l;

    if (!mailbox_copy_request(b, &l))
        len = 1;
    else if (sfi_device_handle(sim->device, l.opcode, l.param, l.param_len,
                               l.data, l.data_len, raw, &len) != SFI_OK)
        len = 0;
    sfi__wipe(&l.data, sizeof(l.data));
    if (len > 0 && !sim->power.off)
        mailbox_write_answer(sim, b, l.number, raw, len);
}

void
sfi__sim_mailbox_written(struct sfi_sim *sim, uint32_t address)
{
    uint8_t *b = mailbox_whole_area(sim);

    if (b == NULL ||
        (address & ~3u) != sim->chip->mailbox.base + SFI_MAILBOX_AT_REQUEST)
        return;
    if (mailbox_get_u32(b + SFI_MAILBOX_AT_REQUEST) !=
        mailbox_get_u32(b + SFI_MAILBOX_AT_DONE))
        mailbox_serve_request(sim, b);
}

bool
sfi__sim_mailbox_holds(const struct sfi_sim *sim)
{
    return sim->mailbox.answered &&
           sim->now_ms - sim->mailbox.answered_at < SFI_MAILBOX_HOLD_MS;
}
