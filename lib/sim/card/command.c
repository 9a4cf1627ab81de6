/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parse a command APDU. */
#include "sim/card/command.h"

#include "util/mem.h"
#include "util/rd.h"

#define SHORT_ALL 256u      /* Le 00 */
#define EXTENDED_ALL 65536u /* Le 00 00 */

/* After Lc: the data, and Le or nothing. */
static bool
command_parse_body(struct command *c, struct rd *r, size_t len, size_t le_size)
{
    if (len == 0 || sfi__rd_left(r) < len)
        return false;
    c->len = len;
    c->data = sfi__rd_view(r, len);
    if (sfi__rd_left(r) == 0)
        return true;
    if (sfi__rd_left(r) != le_size)
        return false;
    if (le_size == 1) {
        c->want = sfi__rd_u8(r);
        c->want = c->want > 0 ? c->want : SHORT_ALL;
    } else {
        c->want = sfi__rd_u16be(r);
        c->want = c->want > 0 ? c->want : EXTENDED_ALL;
    }
    return true;
}

static bool
command_parse_extended(struct command *c, struct rd *r)
{
    size_t len = sfi__rd_u16be(r);

    if (!sfi__rd_ok(r))
        return false;
    if (sfi__rd_left(r) > 0)
        return command_parse_body(c, r, len, 2);
    c->want = len > 0 ? len : EXTENDED_ALL; /* it was Le */
    return true;
}

bool
sfi__applet_parse_command(struct command *c, const uint8_t *in, size_t len)
{
    struct rd r;
    uint8_t first;

    sfi__zero(c, sizeof(*c));
    sfi__rd_init(&r, in, len);
    c->cla = sfi__rd_u8(&r);
    c->ins = sfi__rd_u8(&r);
    c->p1 = sfi__rd_u8(&r);
    c->p2 = sfi__rd_u8(&r);
    if (!sfi__rd_ok(&r))
        return false;
    if (sfi__rd_left(&r) == 0)
        return true;
    first = sfi__rd_u8(&r);
    if (sfi__rd_left(&r) == 0) {
        c->want = first > 0 ? first : SHORT_ALL; /* it was Le */
        return true;
    }
    return first == 0 ? command_parse_extended(c, &r)
                      : command_parse_body(c, &r, first, 1);
}
