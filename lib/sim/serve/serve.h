/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's links to other processes: each has a file descriptor to poll. */
#ifndef SFI_SIM_SERVE_SERVE_H
#define SFI_SIM_SERVE_SERVE_H

#include <poll.h>

#include <sfi/sim_serve.h>

#include "sim/command.h"
#include "sim/sim.h"

/* Longer than any name that a link can have. */
#define PTY_LINK_MAX STORE_PATH_MAX

struct pty {
    int master;
    int terminal; /* kept open, so that a client that leaves is no hang-up */
    char name[128];
    char link[PTY_LINK_MAX];
};

sfi_status sfi__pty_open(sfi_ctx *ctx, const char *link, struct pty *p);
void sfi__pty_close(struct pty *p);
struct pollfd sfi__serve_pty_wait(const struct sfi_sim *sim,
                                  const struct pty *p);
sfi_status sfi__pty_ready(struct sfi_sim *sim, struct pty *p, short events);
/* Nothing was received for a while. */
void sfi__serve_pty_idle(struct pty *p);

/* One read of commands causes at most so many answers. */
#define JTAG_CHUNK 16384u

/* openocd's remote_bitbang over TCP, one client at a time. */
struct jtag_port {
    int listener;
    int client; /* -1: none */
    uint16_t number;
    size_t out_len, out_at; /* answers that wait for the client */
    uint8_t out[JTAG_CHUNK];
};

/* "HOST:PORT", of this machine only unless `remote`. */
sfi_status sfi__jtag_open(sfi_ctx *ctx, const char *where, bool remote,
                          struct jtag_port *j);
void sfi__jtag_close(struct jtag_port *j);
struct pollfd sfi__serve_jtag_wait(const struct jtag_port *j);
void sfi__serve_jtag_ready(struct sfi_sim *sim, struct jtag_port *j,
                           short events);

/* The control socket, one client at a time, a line each. */
struct control_port {
    int listener;
    bool is_bound;
    int client; /* -1: none */
    uint64_t since_ms;
    size_t len;
    bool is_whole; /* the line ended */
    bool *is_over; /* what the command "end" sets; NULL: it is none here */
    char line[COMMAND_LINE_MAX];
    char path[128]; /* more than a socket's address holds */
};

sfi_status sfi__control_open(sfi_ctx *ctx, const char *dir,
                             struct control_port *c);
void sfi__control_close(struct control_port *c);
struct pollfd sfi__serve_control_wait(const struct control_port *c);
void sfi__serve_control_ready(struct sfi_sim *sim, struct control_port *c,
                              short events);

#endif
