/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A target's struct, and the functions that the installer uses. */
#ifndef SFI_TARGET_TARGET_H
#define SFI_TARGET_TARGET_H

#include <stdatomic.h>

#include <sfi/target.h>

#include "chip/chip.h"
#include "core/obj.h"
#include "boot/session.h"
#include "target/dialect.h"

#define TARGET_TIMEOUT_MS 5000u
/* Between two tries to connect after a reset. */
#define TARGET_POLL_MS 200u
/* A person has to switch the power off and on. */
#define TARGET_BY_HAND_MS 30000u

/* Not from inside a callback of the link that the target works on. */
#define TARGET_ENTER(t)                \
    do {                               \
        SFI_ENTER(t, TARGET);          \
        SFI_ENTER((t)->tp, TRANSPORT); \
    } while (0)

/* The protection in force. */
struct target_look {
    bool known;   /* USB: read since the device enumerated */
    uint32_t rdp; /* the word of its row */
    uint32_t wrp[CHIP_WRP_ROWS];
};

/* What an open bootloader told, to be told once. */
struct target_part {
    bool known;
    uint8_t loader_id;
    uint32_t flash_size;
};

struct sfi_target {
    struct obj obj;
    sfi_transport *tp; /* a reference */
    const struct sfi_chip *chip;
    struct dialect dialect;
    bool in_dialect;         /* one of its functions is running */
    const uint8_t *confirms; /* the header tag of the image that a part is
                                expected to hold; NULL: of none */
    bool leaving; /* the chip is about to start its firmware: wait briefly */
    struct boot boot;
    bool secure; /* in the secure bootloader */
    uint32_t timeout_ms;
    struct target_look look;
    struct target_part part;
    uint32_t flash_size;      /* of an open part; 0: unknown */
    atomic_bool cancelled;    /* by any thread */
    sfi_progress_fn progress; /* or NULL */
    void *progress_user;
};

/* sfi_target_connect_with() without guard and ending.  The dialect is taken
 * from `d`; `cancel`: checked in every wait; NULL: sfi_target_cancel(). */
sfi_status sfi__target_connect(const sfi_connect_options *o,
                               const struct dialect *d,
                               const atomic_bool *cancel, sfi_target **out);
/* Connect again, after the chip was or may have been reset. */
sfi_status sfi__target_reconnect(sfi_target *t);
/* The same, tried until it succeeds or the timeout is over. */
sfi_status sfi__target_wait_connect(sfi_target *t);
/* SFI_ERR_RANGE unless the range ends within 32-bit addresses. */
sfi_status sfi__target_check_range(sfi_target *t, uint64_t address, size_t len);
/* Tell the caller how far a phase is. */
void sfi__target_report(sfi_target *t, enum sfi_phase phase, uint64_t done,
                        uint64_t total);
/* SFI_ERR_STATE unless the chip runs its open bootloader. */
sfi_status sfi__target_need_open(sfi_target *t);
/* SFI_ERR_DEVICE: an open part that cannot be made secure. */
sfi_status sfi__target_can_activate(sfi_target *t);
sfi_status sfi__target_activate(sfi_target *t);
sfi_status sfi__target_certificate(sfi_target *t, sfi_certificate **out);
/* The session id that a live licence for this chip must name. */
sfi_status sfi__target_session(sfi_target *t, uint32_t *out);
/* Send FINISH and confirm that the chip holds the image with this header tag.
 */
sfi_status sfi__target_finish(sfi_target *t, const uint8_t *header_tag);
/* After a failure of an install: if the chip has restarted, that is the error
 * to report. */
sfi_status sfi__target_explain(sfi_target *t, sfi_status st);
/* The end of every call: clear the error after success, add the link's name to
 * a failure of the link or of the chip. */
sfi_status sfi__target_ended(sfi_transport *tp, sfi_status st);

#endif
