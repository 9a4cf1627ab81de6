/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* ROM tables and identification registers of the chip's debug components. */
#ifndef SFI_SIM_CORESIGHT_H
#define SFI_SIM_CORESIGHT_H

#include <stdbool.h>
#include <stdint.h>

/* BASE of the two buses that have a ROM table (IHI 0031, C2.6.4: the format of
 * ADIv5, present). */
#define CORESIGHT_CORE_BASE 0xe00fe003u
#define CORESIGHT_DEBUG_BASE 0xe00e0003u

/* A word in the page of a component: an entry of a ROM table, an identification
 * register, or 0.  false: no component has this page.  `is_core`: the core's
 * bus, else the debug bus. */
bool sfi__coresight_read(bool is_core, uint32_t address, uint32_t *value);

#endif
