/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* serial:NAME: what is the same on every system. */
#include "transport/ports/serial.h"

#include "core/ctx.h"
#include "core/err.h"
#include "transport/base/transport.h"
#include "transport/ports/serial_system.h"

sfi_status
sfi__serial_reset(void *user, int into_boot)
{
    struct serial *s = user;

    return sfi__line_reset(s->ctx, &s->line, sfi__serial_system.set_line, s,
                           into_boot);
}

sfi_status
sfi__serial_set_speed(void *user, uint32_t choice, uint32_t *baud,
                      uint32_t *slower)
{
    struct serial *s = user;
    size_t speed = sfi__line_choose(&s->line, choice, baud, slower);
    bool parity;

    return sfi__serial_system.set_mode(s, speed, &parity);
}

/* Skip the speeds that the adapter does not support. */
static sfi_status
serial_find_speed(struct serial *s, const char *name)
{
    size_t *i = &s->line.fastest;
    bool parity = false;
    sfi_status st;

    for (;; --*i) {
        st = sfi__serial_system.set_mode(s, *i, &parity);
        if (st != SFI_ERR_IO || *i == s->line.slowest)
            break;
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the port does not support %u baud; trying %u",
                 name, sfi__line_bauds[*i], sfi__line_bauds[*i - 1]);
    }
    if (st == SFI_OK && !parity)
        sfi__log(s->ctx, SFI_LOG_WARNING,
                 "serial:%s: the port does not support parity; a real chip "
                 "needs even parity (8E1)",
                 name);
    return st;
}

/* Where a port gets the lines' levels with its mode, they are set once more to
 * see whether it has them. */
static sfi_status
serial_open_port(struct serial *s, const struct uri *uri)
{
    static const char *const keys[] = {LINE_KEYS, NULL};
    const struct serial_system *system = &sfi__serial_system;
    sfi_status st = sfi__uri_allow(s->ctx, uri, keys);

    if (st == SFI_OK)
        st = sfi__line_parse(s->ctx, uri, &s->line);
    if (st == SFI_OK)
        st = system->claim(s, uri->path);
    if (st == SFI_OK && system->note_line != NULL)
        st = sfi__line_open(&s->line, system->note_line, s);
    if (st == SFI_OK)
        st = serial_find_speed(s, uri->path);
    if (st != SFI_OK)
        return st;
    if (system->settle != NULL)
        system->settle(s, uri->path);
    st = sfi__line_open(&s->line, system->set_line, s);
    return st == SFI_OK ? system->ops->flush(s) : st;
}

sfi_status
sfi__serial_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    const struct serial_system *system = &sfi__serial_system;
    struct serial *s = sfi__ctx_alloc(ctx, system->size);
    char name[TRANSPORT_NAME_MAX];
    sfi_status st;

    if (s == NULL)
        return SFI_ERR_NOMEM;
    s->ctx = ctx;
    system->begin(s);
    sfi__text_format(name, sizeof(name), "serial:%s", uri->path);
    st = serial_open_port(s, uri);
    if (st == SFI_OK)
        st = sfi__transport_new(ctx, TRANSPORT_STREAM, system->ops, s, name,
                                out);
    if (st == SFI_OK) {
        (*out)->baud = sfi__line_bauds[s->line.fastest];
        return SFI_OK;
    }
    system->ops->close(s);
    return st;
}
