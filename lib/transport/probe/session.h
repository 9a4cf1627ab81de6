/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Shared by the files of a CMSIS-DAP host: packets to the probe, the chip's
 * debug port, and memory behind it. */
#ifndef SFI_TRANSPORT_PROBE_SESSION_H
#define SFI_TRANSPORT_PROBE_SESSION_H

#include "core/ctx.h"
#include "proto/cmsis_dap.h"
#include "transport/probe/probe.h"

struct probe {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    struct probe_io io;
    void *user;
    enum probe_wire wire;
    uint8_t tap;        /* position in the JTAG chain */
    uint8_t ap;         /* the access port */
    uint32_t speed;     /* Hz */
    bool line_is_bad;   /* the last try to connect heard nothing, or noise */
    bool may_be_halted; /* the core was halted, or shall be caught */
    bool is_connected;  /* the debug port is as sfi__probe_connect_port() leaves
                           it */
    bool may_be_held;   /* a reset failed half-way: NRST may be low */
    size_t packet;      /* the longest that the probe accepts */
    uint8_t out[CMSIS_PACKET_MAX];
    uint8_t in[CMSIS_PACKET_MAX];
};

/* Until a chip that was reset can be accessed again. */
#define PROBE_BOOT_MS 60u

/* ---- session.c: packets, and the debug port ---- */

const char *sfi__probe_wire_name(enum probe_wire wire);
/* Send p->out, which `w` has written, and receive the reply: `reply` reads it
 * from p->in. */
sfi_status sfi__probe_exchange(struct probe *p, const struct wr *w,
                               struct rd *reply);
/* SFI_ERR_PROTOCOL: the reply is not one to the command in p->out. */
sfi_status sfi__probe_fail_reply(struct probe *p);
sfi_status sfi__probe_info(struct probe *p, enum cmsis_info id,
                           uint32_t *value);
/* A command whose reply is one byte. */
sfi_status sfi__probe_command(struct probe *p, const struct wr *w,
                              uint8_t *value);
/* A command whose reply is a status; SFI_ERR_IO where that is not OK. */
sfi_status sfi__probe_configure(struct probe *p, const struct wr *w);
sfi_status sfi__probe_transfer(struct probe *p, const struct cmsis_transfer *t,
                               struct cmsis_result *result, uint32_t *words);
/* Read and drop replies to earlier commands. */
void sfi__probe_drop_replies(struct probe *p);
sfi_status sfi__probe_drive_reset(struct probe *p, bool low);
/* NRST high, and wait for the chip; the debug port must be connected again. */
sfi_status sfi__probe_release_reset(struct probe *p);
/* Connect to the debug port and its memory access port, from any state. */
sfi_status sfi__probe_connect_port(struct probe *p);
/* SFI_ERR_TIMEOUT: no debug port acknowledges. */
sfi_status sfi__probe_fail_no_port(struct probe *p, enum adi_ack ack);
/* A lower clock, as a last means against a bad line; false: there is none, and
 * nothing has changed. */
bool sfi__probe_slow_down(struct probe *p);
/* Add to a list: clear the sticky error flags, and keep the power on. */
void sfi__probe_add_clear(const struct probe *p, struct cmsis_transfer *t);

/* ---- chain.c ---- */

/* Switch the chip's pins to JTAG, and tell the probe about the chain. */
sfi_status sfi__probe_enter_jtag(struct probe *p);

/* ---- halt.c ---- */

/* While NRST is low: stop the core before its first instruction. */
sfi_status sfi__probe_halt_catch(struct probe *p);
/* Halt the core, if the chip shows one. */
sfi_status sfi__probe_halt_core(struct probe *p);
/* Words that the owner of the link writes: a core that it halts itself stays
 * halted. */
void sfi__probe_halt_note(struct probe *p, uint32_t address,
                          const uint32_t *words, size_t count);
/* Let the core run: from its reset vector if it is still halted.  Keeps the
 * context's error. */
void sfi__probe_halt_end(struct probe *p);

/* ---- memory.c: functions of sfi_dap_ops ---- */

sfi_status sfi__probe_read32(void *user, uint32_t address, uint32_t *words,
                             size_t count);
sfi_status sfi__probe_write32(void *user, uint32_t address,
                              const uint32_t *words, size_t count);

#endif
