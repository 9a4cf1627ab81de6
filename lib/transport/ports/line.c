/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parses the options of a serial line, and resets a chip by its lines. */
#include "transport/ports/line.h"

#include "util/clock.h"
#include "core/ctx.h"
#include "core/err.h"

/* AN3155, 2: the highest speed that bootloaders specify; many can do more. */
#define BAUD_DEFAULT 115200u
/* RM0433, 8.4.2: NRST low for 20 us is enough; adapters need milliseconds. */
#define PULSE_MS 20u
/* AN2606, "STM32H74xxx/75xxx": 54 ms until the bootloader listens. */
#define WAIT_MS 60u
/* Enough for a large capacitor at NRST or a slow power supply. */
#define RESET_MS_MAX 10000u

const uint32_t sfi__line_bauds[LINE_BAUDS] = {
    1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600,
};

static bool
line_find_baud(uint64_t baud, size_t *index)
{
    for (*index = 0; *index < LINE_BAUDS; ++*index) {
        if (sfi__line_bauds[*index] == baud)
            return true;
    }
    return false;
}

static sfi_status
line_parse_speed(sfi_ctx *ctx, const struct uri *uri, struct line_options *o)
{
    const char *text = sfi__uri_get(uri, "baud");
    const char *fallback = sfi__uri_get(uri, "fallback");
    uint64_t v = BAUD_DEFAULT;

    if (fallback != NULL && !sfi__text_same(fallback, "yes") &&
        !sfi__text_same(fallback, "no"))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "fallback is \"%s\", expected yes or no", fallback);
    if (text != NULL && !sfi__text_to_u64(text, UINT32_MAX, &v))
        v = 0;
    if (line_find_baud(v, &o->fastest)) {
        o->slowest = o->fastest;
        if (v > BAUD_DEFAULT &&
            (fallback == NULL || sfi__text_same(fallback, "yes")))
            (void)line_find_baud(BAUD_DEFAULT, &o->slowest);
        return SFI_OK;
    }
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "baud is %s, expected 1200, 2400, 4800, 9600, 19200, "
                     "38400, 57600, 115200, 230400, 460800 or 921600",
                     text);
}

static sfi_status
line_parse_pin(sfi_ctx *ctx, const struct uri *uri, const char *key,
               struct line_pin *pin)
{
    const char *text = sfi__uri_get(uri, key);
    const char *name = text;

    *pin = (struct line_pin){0};
    if (text == NULL)
        return SFI_OK;
    if (*name == '-') {
        pin->inverted = true;
        name++;
    }
    if (sfi__text_same(name, "dtr"))
        pin->wire = LINE_DTR;
    else if (sfi__text_same(name, "rts"))
        pin->wire = LINE_RTS;
    else
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is \"%s\", expected dtr, -dtr, rts or -rts", key,
                         text);
    return SFI_OK;
}

static sfi_status
line_parse_ms(sfi_ctx *ctx, const struct uri *uri, const char *key,
              uint32_t *ms)
{
    const char *text = sfi__uri_get(uri, key);
    uint64_t v = *ms;

    if (text != NULL && !sfi__text_to_u64(text, RESET_MS_MAX, &v))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is \"%s\", expected 0 to %u milliseconds", key,
                         text, RESET_MS_MAX);
    *ms = (uint32_t)v;
    return SFI_OK;
}

static sfi_status
line_parse_reset(sfi_ctx *ctx, const struct uri *uri, struct line_options *o)
{
    sfi_status st = line_parse_pin(ctx, uri, "reset", &o->reset);

    if (st != SFI_OK)
        return st;
    st = line_parse_pin(ctx, uri, "boot0", &o->boot0);
    if (st != SFI_OK)
        return st;
    o->pulse_ms = PULSE_MS;
    st = line_parse_ms(ctx, uri, "pulse", &o->pulse_ms);
    if (st != SFI_OK)
        return st;
    o->wait_ms = WAIT_MS;
    st = line_parse_ms(ctx, uri, "wait", &o->wait_ms);
    if (st != SFI_OK)
        return st;
    if (o->reset.wire != LINE_NOT_WIRED && o->reset.wire == o->boot0.wire)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "reset and boot0 are the same line, expected two");
    return SFI_OK;
}

/* An adapter may need a line for its power, or an RS-485 driver for its
 * direction. */
static sfi_status
line_parse_level(sfi_ctx *ctx, const struct uri *uri, const char *key,
                 const struct line_options *o, enum line_level *level)
{
    enum line_wire wire = *key == 'd' ? LINE_DTR : LINE_RTS;
    const char *text = sfi__uri_get(uri, key);

    *level = LINE_AS_IT_IS;
    if (text == NULL)
        return SFI_OK;
    if (o->reset.wire == wire || o->boot0.wire == wire)
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is a pin of the chip, so it cannot stay %s", key,
                         text);
    if (!sfi__text_same(text, "low") && !sfi__text_same(text, "high"))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "%s is \"%s\", expected low or high", key, text);
    *level = sfi__text_same(text, "low") ? LINE_LOW : LINE_HIGH;
    return SFI_OK;
}

sfi_status
sfi__line_parse(sfi_ctx *ctx, const struct uri *uri, struct line_options *out)
{
    sfi_status st = line_parse_speed(ctx, uri, out);

    if (st == SFI_OK)
        st = line_parse_reset(ctx, uri, out);
    if (st == SFI_OK)
        st = line_parse_level(ctx, uri, "dtr", out, &out->dtr);
    return st == SFI_OK ? line_parse_level(ctx, uri, "rts", out, &out->rts)
                        : st;
}

size_t
sfi__line_choose(const struct line_options *o, uint32_t choice, uint32_t *baud,
                 uint32_t *slower)
{
    size_t i = o->fastest - choice;

    *baud = sfi__line_bauds[i];
    *slower = (uint32_t)(i - o->slowest);
    return i;
}

/* ---- NRST and BOOT0 ---- */

/* A line that is set is low on the wire. */
static sfi_status
line_set_pin(const struct line_pin *pin, bool low, line_set_fn set, void *user)
{
    if (pin->wire == LINE_NOT_WIRED)
        return SFI_OK;
    return set(user, pin->wire, low != pin->inverted);
}

sfi_status
sfi__line_open(const struct line_options *o, line_set_fn set, void *user)
{
    sfi_status st = line_set_pin(&o->reset, false, set, user);

    if (st == SFI_OK && o->dtr != LINE_AS_IT_IS)
        st = set(user, LINE_DTR, o->dtr == LINE_LOW);
    if (st == SFI_OK && o->rts != LINE_AS_IT_IS)
        st = set(user, LINE_RTS, o->rts == LINE_LOW);
    return st;
}

sfi_status
sfi__line_reset(sfi_ctx *ctx, const struct line_options *o, line_set_fn set,
                void *user, bool into_boot)
{
    const struct clock *clock = ctx->clock;
    sfi_status st;

    if (o->reset.wire == LINE_NOT_WIRED)
        return sfi__fail(ctx, SFI_ERR_UNSUPPORTED,
                         "no reset line is configured; if NRST is wired, add "
                         "?reset=dtr or ?reset=rts to the link's name");
    st = line_set_pin(&o->boot0, !into_boot, set, user);
    if (st == SFI_OK)
        st = line_set_pin(&o->reset, true, set, user);
    if (st != SFI_OK)
        return st;
    clock->sleep_ms(clock->user, o->pulse_ms);
    st = line_set_pin(&o->reset, false, set, user);
    clock->sleep_ms(clock->user, o->wait_ms);
    return st;
}
