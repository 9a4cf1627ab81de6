/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the files of a CMSIS-DAP host share: its packets, the debug port behind
 * them, and the memory behind that. */
#ifndef SFI_TRANSPORT_PROBE_SESSION_H
#define SFI_TRANSPORT_PROBE_SESSION_H

#include "core/ctx.h"
#include "proto/cmsis_dap.h"
#include "transport/probe/probe.h"

/* A chip that was reset is there again. */
#define PROBE_BOOT_MS 60u

struct probe {
    sfi_ctx *ctx; /* borrowed: the transport holds it */
    struct probe_io io;
    void *user;
    enum probe_wire wire;
    uint8_t tap;      /* where in the JTAG chain */
    bool is_up;       /* the debug port is as sfi__probe_line_up() leaves it */
    bool may_be_held; /* a reset went wrong: NRST may be low */
    size_t packet;
    uint8_t out[CMSIS_PACKET_MAX];
    uint8_t in[CMSIS_PACKET_MAX];
};

/* ---- probe_session.c: packets, and the debug port ---- */

const char *sfi__probe_wire_name(enum probe_wire wire);
/* `w` is over p->out, `answer` over p->in. */
sfi_status sfi__probe_exchange(struct probe *p, const struct wr *w,
                               struct rd *answer);
/* It is none of the command's. */
sfi_status sfi__probe_no_answer(struct probe *p);
sfi_status sfi__probe_info(struct probe *p, enum cmsis_info id,
                           uint32_t *value);
/* A command whose answer is one byte. */
sfi_status sfi__probe_order(struct probe *p, const struct wr *w,
                            uint8_t *value);
/* That byte is a status. */
sfi_status sfi__probe_setting(struct probe *p, const struct wr *w);
sfi_status sfi__probe_transfer(struct probe *p, const struct cmsis_transfer *t,
                               struct cmsis_result *result, uint32_t *words);
/* Answers to what nobody waits for any more. */
void sfi__probe_drop_stale(struct probe *p);
sfi_status sfi__probe_drive_reset(struct probe *p, bool low);
/* From whatever state to one where memory can be moved. */
sfi_status sfi__probe_line_up(struct probe *p);
sfi_status sfi__probe_dead_line(struct probe *p, enum adi_ack ack);
/* To the list: the sticky flags go, the power stays. */
void sfi__probe_add_clear(const struct probe *p, struct cmsis_transfer *t);

/* ---- probe_chain.c ---- */

/* The chip's pins speak JTAG, and the chain is known to the probe. */
sfi_status sfi__probe_enter_jtag(struct probe *p);

/* ---- probe_memory.c: of sfi_dap_ops ---- */

sfi_status sfi__probe_read32(void *user, uint32_t address, uint32_t *words,
                             size_t count);
sfi_status sfi__probe_write32(void *user, uint32_t address,
                              const uint32_t *words, size_t count);

#endif
