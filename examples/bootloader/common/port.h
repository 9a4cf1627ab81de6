/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device core's port: flash, data pages, cryptography and time. */
#ifndef BOOTLOADER_PORT_H
#define BOOTLOADER_PORT_H

#include <sfi/device.h>

extern const sfi_device_port bootloader_port;

#endif
