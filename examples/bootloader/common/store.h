/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Two data pages in flash: the device's key and certificate, and the core's
 * record.  wire/data_page.h has their bytes, store_map.h of the part their
 * addresses.  An int is 0 for success; out is filled with zeros on failure.
 *
 * Power may fail within any of these functions: the next store_start() finds
 * the record before or after, never a mixture, and always key and certificate
 * until the bootloader leaves.  A page that is full is copied to the other one,
 * which is erased before, and sealed last. */
#ifndef BOOTLOADER_STORE_H
#define BOOTLOADER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/data_page.h"

/* Find the page that counts; fails if there is none.  The functions below
 * fail then, but store_is_leaving() answers. */
int store_start(void);

int store_certificate(uint8_t out[CERTIFICATE_LEN]);
/* Wipe it after use. */
int store_device_secret(uint8_t out[DATA_PAGE_SECRET_LEN]);

/* The record that was stored last; all 0xff if none was.  `newest`: no later
 * entry or page is unreadable, torn by a power cut or decayed since. */
int store_record_load(uint8_t out[DATA_PAGE_RECORD_LEN], bool *newest);
/* Has it been stored when this returns 0; read back. */
int store_record_store(const uint8_t record[DATA_PAGE_RECORD_LEN]);

/* The bootloader erases itself and never runs again: a mark in page 1, then the
 * key is overwritten in both pages.  Call it again after a power cut; it
 * continues where it stopped.  For a flash that programs zeros over anything.
 */
int store_mark_leaving(void);
/* Is the mark there?  Without store_start(), for secure boot. */
bool store_is_leaving(void);
/* The second half of store_mark_leaving(): overwrite the key in both pages. */
int store_forget_key(void);

#endif
