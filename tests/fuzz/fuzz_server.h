/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A TCP server on this machine for targets whose host connects to one: a real
 * socket that never blocks, and serves one client. */
#ifndef SFI_TESTS_FUZZ_SERVER_H
#define SFI_TESTS_FUZZ_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz.h"

struct fuzz_server {
    int listener, client; /* -1: none */
    uint16_t port;
};

/* Once for all inputs. */
void fuzz_server_listen(struct fuzz_server *s);
/* Is there a client? */
bool fuzz_server_accept(struct fuzz_server *s);
/* Close with a reset: thousands of connections then leave nothing in
 * TIME_WAIT. */
void fuzz_server_hang_up(struct fuzz_server *s);

#endif
