/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* openocd:HOST:PORT: a client of OpenOCD's Tcl server, as a link to the memory
 * of a chip. */
#include "transport/openocd/openocd.h"

#include <string.h>

#include "util/clock.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"
#include "wire/v7m_debug.h"
#include "transport/base/transport.h"
#include "transport/net/tcp.h"

#define CONNECT_MS 5000u
/* Enough for a block of 1 KiB through the slowest probe. */
#define ANSWER_MS 10000u
#define AIRCR_RESET (V7M_AIRCR_KEY | V7M_AIRCR_SYSRESETREQ)
#define SHOWN_MAX 256

struct openocd {
    sfi_ctx *ctx;
    struct tcp tcp;
    struct tcp_address address;
    char target[URI_WORD_MAX];
    bool srst; /* reset by the probe's line, else by AIRCR */
    char text[OPENOCD_TEXT_MAX];
};

/* ---- the connection ---- */

static sfi_status
openocd_connect(struct openocd *o)
{
    if (o->tcp.fd >= 0)
        return SFI_OK;
    return sfi__tcp_connect(&o->tcp, &o->address,
                            "OpenOCD's Tcl server (tcl_port)", CONNECT_MS);
}

/* Disconnect, since later replies could not be matched to commands. */
static sfi_status
openocd_fail_connection(struct openocd *o, sfi_status st, const char *what)
{
    sfi__tcp_close(&o->tcp);
    return sfi__fail(o->ctx, st, "%s", what);
}

/* Receive a reply; the byte that ends it is replaced by NUL. */
static sfi_status
openocd_receive(struct openocd *o, const struct deadline *dl)
{
    size_t have = 0;

    while (have < sizeof(o->text)) {
        size_t n;
        sfi_status st = sfi__tcp_recv(&o->tcp, o->text + have,
                                      sizeof(o->text) - have, &n, dl);

        if (st != SFI_OK)
            return st;
        have += n;
        if (memchr(o->text, '\0', have) != NULL)
            return sfi__fail(o->ctx, SFI_ERR_PROTOCOL,
                             "OpenOCD's reply is not text");
        if (o->text[have - 1] == OPENOCD_END) {
            o->text[have - 1] = '\0';
            return SFI_OK;
        }
    }
    return sfi__fail(o->ctx, SFI_ERR_PROTOCOL, "OpenOCD's reply is too long");
}

/* Send the command in o->text, and receive the reply into it. */
static sfi_status
openocd_exchange(struct openocd *o, struct openocd_reply *a)
{
    const char end = OPENOCD_END;
    struct deadline dl;
    sfi_status st = openocd_connect(o);

    if (st != SFI_OK)
        return st;
    dl = sfi__deadline_in(o->ctx->clock, ANSWER_MS);
    st = sfi__tcp_send(&o->tcp, o->text, strlen(o->text), &dl);
    if (st == SFI_OK)
        st = sfi__tcp_send(&o->tcp, &end, 1, &dl);
    if (st == SFI_OK)
        st = openocd_receive(o, &dl);
    if (st != SFI_OK)
        sfi__tcp_close(&o->tcp);
    else if (!sfi__openocd_parse_reply(a, o->text))
        return openocd_fail_connection(o, SFI_ERR_PROTOCOL,
                                       "the peer is not an OpenOCD Tcl server");
    return st;
}

/* So much of a reply's text is shown; a message escapes foreign text. */
static int
openocd_shown(const struct openocd_reply *a)
{
    return (int)(a->len < SHOWN_MAX ? a->len : SHOWN_MAX);
}

static sfi_status
openocd_fail_refused(struct openocd *o, const struct openocd_reply *a,
                     const char *what)
{
    if (a->len == 0)
        return sfi__fail(o->ctx, SFI_ERR_NACK,
                         "OpenOCD refused %s: no reason given", what);
    return sfi__fail(o->ctx, SFI_ERR_NACK, "OpenOCD refused %s: %.*s", what,
                     openocd_shown(a), a->text);
}

static sfi_status
openocd_run_command(struct openocd *o, const char *command, const char *what,
                    struct openocd_reply *a)
{
    sfi_status st;

    if (!sfi__openocd_format_command(o->text, command))
        return sfi__fail(o->ctx, SFI_ERR_INTERNAL, "a command is too long");
    st = openocd_exchange(o, a);
    return st == SFI_OK && a->failed ? openocd_fail_refused(o, a, what) : st;
}

/* ---- memory ---- */

static sfi_status
openocd_read_block(struct openocd *o, uint32_t address, uint32_t *words,
                   size_t count)
{
    struct openocd_reply a;
    char what[64];
    sfi_status st;

    sfi__text_format(what, sizeof(what), "to read %zu words at 0x%08x", count,
                     (unsigned)address);
    (void)sfi__openocd_format_read(o->text, o->target, address, count);
    st = openocd_exchange(o, &a);
    if (st == SFI_OK && a.failed)
        return openocd_fail_refused(o, &a, what);
    if (st == SFI_OK && !sfi__openocd_parse_words(&a, words, count))
        return openocd_fail_connection(
            o, SFI_ERR_PROTOCOL, "OpenOCD's reply is not the requested words");
    return st;
}

static sfi_status
openocd_write_block(struct openocd *o, uint32_t address, const uint32_t *words,
                    size_t count)
{
    struct openocd_reply a;
    char what[64];
    sfi_status st;

    sfi__text_format(what, sizeof(what), "to write %zu words at 0x%08x", count,
                     (unsigned)address);
    (void)sfi__openocd_format_write(o->text, o->target, address, words, count);
    st = openocd_exchange(o, &a);
    return st == SFI_OK && a.failed ? openocd_fail_refused(o, &a, what) : st;
}

static sfi_status
openocd_read32(void *user, uint32_t address, uint32_t *words, size_t count)
{
    sfi_status st = SFI_OK;

    while (count > 0 && st == SFI_OK) {
        size_t n = count < OPENOCD_WORDS ? count : OPENOCD_WORDS;

        st = openocd_read_block(user, address, words, n);
        address += 4 * (uint32_t)n;
        words += n;
        count -= n;
    }
    return st;
}

static sfi_status
openocd_write32(void *user, uint32_t address, const uint32_t *words,
                size_t count)
{
    sfi_status st = SFI_OK;

    while (count > 0 && st == SFI_OK) {
        size_t n = count < OPENOCD_WORDS ? count : OPENOCD_WORDS;

        st = openocd_write_block(user, address, words, n);
        address += 4 * (uint32_t)n;
        words += n;
        count -= n;
    }
    return st;
}

/* A debugger has no line to BOOT0; a secure part starts its bootloader anyway.
 */
static sfi_status
openocd_reset_chip(void *user, int into_boot)
{
    const uint32_t word = AIRCR_RESET;
    struct openocd *o = user;
    struct openocd_reply a;

    (void)into_boot;
    if (o->srst)
        return openocd_run_command(o,
                                   "adapter assert srst; adapter deassert srst",
                                   "to reset the chip", &a);
    return openocd_write_block(o, V7M_AIRCR, &word, 1);
}

static void
openocd_close(void *user)
{
    struct openocd *o = user;

    sfi__tcp_close(&o->tcp);
    sfi__ctx_dealloc(o->ctx, o);
}

/* ---- the name ---- */

static sfi_status
openocd_parse_options(struct openocd *o, const struct uri *uri)
{
    const char *target = sfi__uri_get(uri, "target");
    const char *reset = sfi__uri_get(uri, "reset");

    if (!sfi__tcp_parse_address(uri->path, &o->address))
        return sfi__fail(o->ctx, SFI_ERR_ARGUMENT,
                         "host or port is missing, expected "
                         "openocd:HOST:PORT, such as openocd:localhost:6666");
    if (target != NULL && !sfi__openocd_is_name(target))
        return sfi__fail(o->ctx, SFI_ERR_ARGUMENT,
                         "\"%s\" is not the name of a target", target);
    (void)sfi__text_copy(o->target, sizeof(o->target),
                         target != NULL ? target : "");
    o->srst = reset != NULL && sfi__text_same(reset, "srst");
    if (reset != NULL && !o->srst && !sfi__text_same(reset, "core"))
        return sfi__fail(o->ctx, SFI_ERR_ARGUMENT,
                         "reset is \"%s\", expected \"core\" or \"srst\"",
                         reset);
    return SFI_OK;
}

/* Check that the named target exists; without a name, take the only one. */
static sfi_status
openocd_find_target(struct openocd *o)
{
    struct openocd_reply a;
    char name[URI_WORD_MAX];
    bool there = o->target[0] == '\0';
    size_t n = 0;
    sfi_status st =
        openocd_run_command(o, "target names", "to list its targets", &a);

    if (st != SFI_OK)
        return st;
    for (; sfi__openocd_parse_name(&a, n, name, sizeof(name)); n++)
        there = there || strcmp(name, o->target) == 0;
    if (!there)
        return sfi__fail(o->ctx, SFI_ERR_NO_DEVICE,
                         "OpenOCD has no target \"%s\": it has %.*s", o->target,
                         openocd_shown(&a), a.text);
    if (o->target[0] != '\0')
        return SFI_OK;
    if (n == 0)
        return sfi__fail(o->ctx, SFI_ERR_NO_DEVICE, "OpenOCD has no target");
    if (n > 1)
        return sfi__fail(o->ctx, SFI_ERR_ARGUMENT,
                         "OpenOCD has several targets, name one with target=: "
                         "%.*s",
                         openocd_shown(&a), a.text);
    (void)sfi__openocd_parse_name(&a, 0, o->target, sizeof(o->target));
    return SFI_OK;
}

sfi_status
sfi__openocd_open(sfi_ctx *ctx, const struct uri *uri, sfi_transport **out)
{
    static const char *const keys[] = {"target", "reset", NULL};
    static const sfi_dap_ops ops = {
        .struct_size = sizeof(ops),
        .read32 = openocd_read32,
        .write32 = openocd_write32,
        .reset = openocd_reset_chip,
        .close = openocd_close,
    };
    char name[TRANSPORT_NAME_MAX];
    struct openocd *o;
    sfi_status st = sfi__uri_allow(ctx, uri, keys);

    if (st != SFI_OK)
        return st;
    o = sfi__ctx_alloc(ctx, sizeof(*o));
    if (o == NULL)
        return SFI_ERR_NOMEM;
    o->ctx = ctx;
    o->tcp = (struct tcp){.ctx = ctx, .peer = "OpenOCD", .fd = -1};
    sfi__text_format(name, sizeof(name), "openocd:%s", uri->path);
    st = openocd_parse_options(o, uri);
    if (st != SFI_OK)
        goto out;
    st = openocd_find_target(o);
    if (st != SFI_OK)
        goto out;
    st = sfi__transport_new(ctx, TRANSPORT_DAP, &ops, o, name, out);

out:
    if (st != SFI_OK)
        openocd_close(o);
    return st;
}
