/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A server with a serial port (RFC 2217, or bytes only) on a real socket, in
 * virtual time: poll() is replaced, and where a program would wait, the
 * time that its wait takes passes at once. */
#ifndef SFI_TESTS_COM_SERVER_H
#define SFI_TESTS_COM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/clock.h"

struct com_server {
    uint16_t port;
    /* how it behaves */
    uint32_t late_ms;     /* each way */
    uint32_t baud_max;    /* a higher speed becomes this one; 0: any */
    bool raw;             /* no Telnet */
    bool silent;          /* no replies at all */
    bool refuses_control; /* DONT COM-PORT */
    bool refuses_binary;
    bool ignores_binary;
    bool no_purge, no_parity, no_lines, seven_bits, keeps_flow;
    const uint8_t *greeting; /* sent to each client at once */
    size_t greeting_len;
    bool hangs_up; /* behind the greeting */
    /* the chip's side: takes data, may call com_server_say() */
    void (*on_data)(const uint8_t *data, size_t len);
    void (*on_rts)(bool set); /* NULL: not wired */
    /* what happened: "baud 115200", "8", "even", "1", "flow off", "R" RTS set,
     * "r" clear, "D" and "d" DTR, "purge", and "20" a wait of 20 ms */
    char events[1024];
    unsigned wills, donts; /* of the host, beyond what it began */
};

extern struct com_server com_server;
extern const struct clock com_clock;
/* Milliseconds since the test began. */
extern uint64_t com_now;

/* A server that does everything; the test's context gets the virtual clock. */
void com_server_start(void);
void com_server_stop(void);
/* Data for the host, or with `escaped` false bytes as they are, after the time
 * on the way. */
void com_server_say(const uint8_t *data, size_t len, bool escaped);
/* The server's text of this link: "rfc2217:127.0.0.1:PORT?query". */
const char *com_server_uri(const char *scheme, const char *query);

#endif
