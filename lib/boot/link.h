/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The transport as the bootloader sessions use it: bytes with a deadline, and
 * every wait ends when the caller cancels. */
#ifndef SFI_BOOT_LINK_H
#define SFI_BOOT_LINK_H

#include <stdatomic.h>

#include "util/clock.h"
#include "util/text.h"
#include "transport/base/transport.h"

struct link {
    sfi_ctx *ctx;
    sfi_transport *tp;
    const atomic_bool *cancel; /* checked in every wait; NULL: none */
    const char *doing;         /* the command under way, for messages */
    void (*tick)(void *user);  /* called in every wait; NULL: none */
    void *tick_user;
};

sfi_status sfi__link_send(struct link *l, const uint8_t *data, size_t len);
/* Exactly `len` bytes within `ms` and, unless that is 0, the link's round trip;
 * *got (may be NULL) says how many came when it fails. */
sfi_status sfi__link_recv(struct link *l, uint8_t *buf, size_t len, size_t *got,
                          uint32_t ms);
/* Drop what still arrives, until the line is silent; nothing arrives unasked on
 * links other than a stream. */
sfi_status sfi__link_drain(struct link *l);
/* The same; *others: not all of it was this byte. */
sfi_status sfi__link_drain_of(struct link *l, uint8_t expected, bool *others);
sfi_status sfi__link_cancelled(const struct link *l);
/* Sleep; a cancel ends it. */
sfi_status sfi__link_sleep(struct link *l, uint32_t ms);
/* After a failure: is there time for another try?  Sleeps before that try,
 * which reports a cancel. */
bool sfi__link_try_again(struct link *l, const struct deadline *dl,
                         uint32_t pause_ms);
/* At SFI_LOG_DEBUG: what was sent, and how it was answered.  Names, addresses
 * and lengths: never content, which may be secret. */
void sfi__link_tell(const struct link *l, sfi_status st, const char *fmt, ...)
    SFI_PRINTF(3, 4);
/* Lost, damaged or refused: worth asking again. */
bool sfi__link_is_fault(sfi_status st);

#endif
