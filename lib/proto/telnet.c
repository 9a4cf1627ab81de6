/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Telnet and its COM-PORT option as bytes. */
#include "proto/telnet.h"

#include "util/rd.h"

/* RFC 854: the first of the codes that may follow an IAC; RFC 1184 and RFC 885
 * have some below SE. */
#define TELNET_FIRST_CODE 236u

static enum telnet_event
telnet_take_code(struct telnet *t, uint8_t byte)
{
    t->state = TELNET_IN_DATA;
    switch (byte) {
    case TELNET_IAC:
        t->byte = byte;
        return TELNET_DATA;
    case TELNET_WILL:
    case TELNET_WONT:
    case TELNET_DO:
    case TELNET_DONT:
        t->verb = byte;
        t->state = TELNET_AFTER_VERB;
        return TELNET_NOTHING;
    case TELNET_SB:
        t->sub_len = 0;
        t->sub_too_long = false;
        t->state = TELNET_IN_SUB;
        return TELNET_NOTHING;
    case TELNET_SE: /* there is nothing to end */
        return TELNET_BAD;
    default: /* NOP, GO AHEAD and others that mean nothing here */
        return byte >= TELNET_FIRST_CODE ? TELNET_NOTHING : TELNET_BAD;
    }
}

static void
telnet_keep_sub(struct telnet *t, uint8_t byte)
{
    if (t->sub_len == TELNET_SUB_MAX)
        t->sub_too_long = true;
    else
        t->sub[t->sub_len++] = byte;
}

static enum telnet_event
telnet_take_sub_code(struct telnet *t, uint8_t byte)
{
    if (byte == TELNET_SE) {
        t->state = TELNET_IN_DATA;
        return t->sub_too_long ? TELNET_NOTHING : TELNET_SUB_END;
    }
    if (byte != TELNET_IAC)
        return TELNET_BAD;
    telnet_keep_sub(t, byte);
    t->state = TELNET_IN_SUB;
    return TELNET_NOTHING;
}

enum telnet_event
sfi__telnet_take(struct telnet *t, uint8_t byte)
{
    switch (t->state) {
    case TELNET_IN_DATA:
        t->byte = byte;
        if (byte != TELNET_IAC)
            return TELNET_DATA;
        t->state = TELNET_AFTER_IAC;
        break;
    case TELNET_AFTER_IAC:
        return telnet_take_code(t, byte);
    case TELNET_AFTER_VERB:
        t->option = byte;
        t->state = TELNET_IN_DATA;
        return TELNET_OPTION;
    case TELNET_IN_SUB:
        if (byte == TELNET_IAC)
            t->state = TELNET_IN_SUB_AFTER_IAC;
        else
            telnet_keep_sub(t, byte);
        break;
    case TELNET_IN_SUB_AFTER_IAC:
        return telnet_take_sub_code(t, byte);
    }
    return TELNET_NOTHING;
}

size_t
sfi__telnet_escape(uint8_t *out, const uint8_t *data, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (data[i] == TELNET_IAC)
            out[n++] = TELNET_IAC;
        out[n++] = data[i];
    }
    return n;
}

size_t
sfi__com_port_request(uint8_t out[TELNET_REQUEST_MAX],
                      enum com_port_command command, uint32_t value)
{
    uint8_t raw[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
                      (uint8_t)(value >> 8), (uint8_t)value};
    size_t skip = command == COM_PORT_BAUD ? 0 : 3;
    size_t n = 0;

    out[n++] = TELNET_IAC;
    out[n++] = TELNET_SB;
    out[n++] = TELNET_COM_PORT;
    out[n++] = (uint8_t)command;
    n += sfi__telnet_escape(out + n, raw + skip, sizeof(raw) - skip);
    out[n++] = TELNET_IAC;
    out[n++] = TELNET_SE;
    return n;
}

/* RFC 2217, 3: SET-BAUDRATE has four bytes, SUSPEND and RESUME none. */
bool
sfi__com_port_read(const struct telnet *t, uint8_t *command, uint32_t *value)
{
    struct rd r;
    size_t left;

    sfi__rd_init(&r, t->sub, t->sub_len);
    if (sfi__rd_u8(&r) != TELNET_COM_PORT)
        return false;
    *command = (uint8_t)(sfi__rd_u8(&r) - COM_PORT_REPLY);
    *value = 0;
    if (!sfi__rd_ok(&r))
        return false;
    left = sfi__rd_left(&r);
    if (*command == COM_PORT_BAUD)
        *value = sfi__rd_u32be(&r);
    else if (left > 0)
        *value = sfi__rd_u8(&r);
    return sfi__rd_ok(&r) && sfi__rd_left(&r) == 0;
}
