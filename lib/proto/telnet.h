/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Telnet (RFC 854), byte by byte, and its option that controls a serial port at
 * the other end (RFC 2217).  No I/O, no clock. */
#ifndef SFI_PROTO_TELNET_H
#define SFI_PROTO_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 854, "TELNET COMMAND STRUCTURE" */
#define TELNET_SE 240u
#define TELNET_SB 250u
#define TELNET_WILL 251u
#define TELNET_WONT 252u
#define TELNET_DO 253u
#define TELNET_DONT 254u
#define TELNET_IAC 255u

/* Options: RFC 856, RFC 858, RFC 2217 */
#define TELNET_BINARY 0u
#define TELNET_NO_GO_AHEAD 3u
#define TELNET_COM_PORT 44u

/* RFC 2217, 3: what the client sends; the server replies with 100 more. */
enum com_port_command {
    COM_PORT_BAUD = 1,
    COM_PORT_DATA_BITS = 2,
    COM_PORT_PARITY = 3,
    COM_PORT_STOP_BITS = 4,
    COM_PORT_CONTROL = 5,
    COM_PORT_SUSPEND = 8, /* the server's: send no more data */
    COM_PORT_RESUME = 9,
    COM_PORT_LINE_MASK = 10,
    COM_PORT_MODEM_MASK = 11,
    COM_PORT_PURGE = 12,
};
#define COM_PORT_REPLY 100u

/* Values of COM_PORT_PARITY, COM_PORT_CONTROL and COM_PORT_PURGE */
#define COM_PORT_EVEN 3u
#define COM_PORT_NO_FLOW 1u
#define COM_PORT_DTR_ON 8u
#define COM_PORT_DTR_OFF 9u
#define COM_PORT_RTS_ON 11u
#define COM_PORT_RTS_OFF 12u
#define COM_PORT_PURGE_INPUT 1u

/* A subnegotiation that is used has at most 6 bytes; a longer one, such as a
 * signature, is skipped. */
#define TELNET_SUB_MAX 16u
/* The longest request: a speed whose bytes are all doubled, and the frame. */
#define TELNET_REQUEST_MAX (4u + 2u * 4u + 2u)

enum telnet_event {
    TELNET_NOTHING, /* the byte was part of something */
    TELNET_DATA,    /* it is data: `byte` */
    TELNET_OPTION,  /* WILL, WONT, DO or DONT (`verb`), and `option` */
    TELNET_SUB_END, /* a subnegotiation, of `sub_len` bytes */
    TELNET_BAD,     /* this is not Telnet */
};

struct telnet {
    enum {
        TELNET_IN_DATA,
        TELNET_AFTER_IAC,
        TELNET_AFTER_VERB,
        TELNET_IN_SUB,
        TELNET_IN_SUB_AFTER_IAC,
    } state;
    uint8_t byte, verb, option;
    uint8_t sub[TELNET_SUB_MAX];
    size_t sub_len;
    bool sub_too_long;
};

/* Take one byte from the other end.  A zeroed struct is the beginning; after
 * TELNET_BAD nothing more can be understood. */
enum telnet_event sfi__telnet_take(struct telnet *t, uint8_t byte);

/* The bytes that send `len` bytes of data, at most 2 * len; their number. */
size_t sfi__telnet_escape(uint8_t *out, const uint8_t *data, size_t len);

/* A request that sets something; the speed has 4 bytes, all else one.  Returns
 * its length. */
size_t sfi__com_port_request(uint8_t out[TELNET_REQUEST_MAX],
                             enum com_port_command command, uint32_t value);

/* Is the subnegotiation at its end a server's message of RFC 2217?  Gives its
 * command, without the 100, and its value: 0 where it has none. */
bool sfi__com_port_read(const struct telnet *t, uint8_t *command,
                        uint32_t *value);

#endif
