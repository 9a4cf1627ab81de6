/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The life of an install: power-up, record, end, commit, leave. */
#include "device/device.h"

#include "device/port.h"
#include "util/mem.h"

void
sfi__life_wipe(struct sfi_device *dev)
{
    sfi__wipe(&dev->install, sizeof(dev->install));
    dev->port->gcm_wipe(dev->user);
}

/* To write them again after a power cut, and for the receipt. */
static bool
life_keeps_options(const struct sfi_device *dev, enum record_phase phase)
{
    return phase == RECORD_COMMITTING ||
           (phase == RECORD_INSTALLED && sfi__port_has_receipts(dev->port));
}

bool
sfi__life_store(struct sfi_device *dev, enum record_phase phase)
{
    uint8_t raw[SFI_DEVICE_RECORD_LEN];
    struct record next = dev->record;
    bool stored;

    next.phase = phase;
    if (!life_keeps_options(dev, phase)) {
        next.ob_len = 0;
        sfi__zero(next.ob, sizeof(next.ob));
    }
    if (phase == RECORD_EMPTY || phase == RECORD_INSTALLING) {
        sfi__zero(next.header_tag, sizeof(next.header_tag));
        sfi__zero(next.areas, sizeof(next.areas));
    }
    sfi__record_write(raw, &next);
    stored = sfi__port_record_store(dev, raw);
    if (stored) {
        dev->record = next;
        dev->receipt.is_signed = false;
    }
    sfi__wipe(raw, sizeof(raw));
    sfi__wipe(&next, sizeof(next));
    return stored;
}

/* Erase the flash and empty the record.  The record says "installing" until the
 * last byte is erased, so that the next power-up completes this after a power
 * cut or a failure. */
static void
life_clean_flash(struct sfi_device *dev)
{
    if (dev->record.phase != RECORD_INSTALLING &&
        !sfi__life_store(dev, RECORD_INSTALLING))
        return;
    for (uint32_t i = 0; i < DEVICE_ERASE_TRIES; i++) {
        if (sfi__install_erase(dev, &dev->chip->user)) {
            (void)sfi__life_store(dev, RECORD_EMPTY);
            return;
        }
    }
}

uint8_t
sfi__life_end(struct sfi_device *dev, uint8_t cause)
{
    sfi__life_wipe(dev);
    sfi__zero(dev->record.header_tag, sizeof(dev->record.header_tag));
    sfi__zero(dev->record.areas, sizeof(dev->record.areas));
    sfi__wipe(dev->record.ob, sizeof(dev->record.ob));
    dev->record.ob_len = 0;
    dev->leave = LEAVE_NOT;
    dev->state = SFI_DEVICE_EMPTY;
    dev->cause = cause;
    life_clean_flash(dev);
    return cause;
}

void
sfi__life_leave_in(struct sfi_device *dev, enum leave leave, uint32_t ms)
{
    dev->leave = leave;
    dev->leave_at = sfi__port_now_ms(dev) + ms;
}

void
sfi__life_leave(struct sfi_device *dev)
{
    for (uint32_t i = 0; dev->chip->one_shot && i < DEVICE_ERASE_TRIES; i++) {
        if (sfi__install_erase(dev, &dev->chip->loader))
            break;
    }
    dev->leave = LEAVE_LEFT;
    dev->port->reboot(dev->user);
}

/* From here on only forwards: the record holds the option bytes until they are
 * programmed.  A record that cannot be replaced does not harm the firmware: the
 * host may send FINISH again, and the next power-up commits again. */
uint8_t
sfi__life_commit(struct sfi_device *dev)
{
    if (!sfi__port_ob_program(dev, dev->record.ob, dev->record.ob_len))
        return sfi__life_end(dev, SFI_CAUSE_OPTION_BYTES);
    if (!sfi__life_store(dev, RECORD_INSTALLED)) {
        dev->cause = SFI_CAUSE_STORAGE;
        return SFI_CAUSE_STORAGE;
    }
    sfi__life_wipe(dev);
    dev->state = SFI_DEVICE_INSTALLED;
    dev->cause = SFI_CAUSE_NONE;
    return SFI_CAUSE_NONE;
}

/* ---- power-up ---- */

/* Installed, and a reset is due.  A loader that goes takes the receipt with it:
 * wait for a host that still wants it. */
static void
life_leave_installed(struct sfi_device *dev)
{
    if (dev->chip->one_shot && sfi__port_has_receipts(dev->port))
        sfi__life_leave_in(dev, LEAVE_SOON, DEVICE_LEAVE_MS);
    else
        sfi__life_leave_in(dev, LEAVE_NOW, 0);
}

/* Continue where the last power cut stopped. */
static void
life_recover_phase(struct sfi_device *dev)
{
    switch (dev->record.phase) {
    case RECORD_EMPTY:
        dev->state = SFI_DEVICE_EMPTY;
        break;
    case RECORD_INSTALLING:
        (void)sfi__life_end(dev, SFI_CAUSE_INTERRUPTED);
        break;
    case RECORD_COMMITTING:
        dev->state = SFI_DEVICE_COMPLETE;
        /* The reset that loads the option bytes is due. */
        if (sfi__life_commit(dev) == SFI_CAUSE_NONE)
            life_leave_installed(dev);
        break;
    case RECORD_INSTALLED:
        dev->state = SFI_DEVICE_INSTALLED;
        if (dev->chip->one_shot)
            life_leave_installed(dev);
        break;
    }
}

void
sfi__life_power_up(struct sfi_device *dev)
{
    uint8_t raw[SFI_DEVICE_RECORD_LEN];
    enum record_found found = RECORD_NEVER;
    bool loaded = sfi__port_record_load(dev, raw);

    if (loaded)
        found = sfi__record_read(&dev->record, raw);
    sfi__wipe(raw, sizeof(raw));
    if (!loaded) {
        /* It may be readable next time: erase nothing, report unclean. */
        dev->record.phase = RECORD_INSTALLING;
        dev->state = SFI_DEVICE_EMPTY;
        dev->cause = SFI_CAUSE_STORAGE;
    } else if (found == RECORD_NEVER) {
        (void)sfi__life_end(dev, SFI_CAUSE_NONE);
    } else if (found == RECORD_DAMAGED ||
               (dev->record.phase == RECORD_COMMITTING &&
                dev->record.ob_len != 4 * dev->chip->ob_count)) {
        dev->record.phase = RECORD_INSTALLING;
        (void)sfi__life_end(dev, SFI_CAUSE_INTERRUPTED);
    } else {
        life_recover_phase(dev);
    }
}
