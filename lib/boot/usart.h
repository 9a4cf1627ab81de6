/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finding a bootloader on USART, for the first time and again. */
#ifndef SFI_BOOT_USART_H
#define SFI_BOOT_USART_H

#include "boot/frames.h"

/* Find the bootloader and identify the chip, at the link's current speed, which
 * is number `speed`.  `quickly`: there are slower ones to try, so this one need
 * not work. */
sfi_status sfi__usart_find(struct boot *b, uint32_t ms, uint32_t speed,
                           bool quickly);
/* Reset the chip by the link's reset line; *done: there is one.  The error
 * stays when there is none. */
sfi_status sfi__usart_reset_chip(struct boot *b, bool *done);
/* For struct frames_wire. */
sfi_status sfi__usart_resync(struct boot *b);

#endif
