/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an image has outside the flash: starts in other memories, and areas that
 * do not belong there. */
#ifndef SFI_MAP_ELSEWHERE_H
#define SFI_MAP_ELSEWHERE_H

#include "map/model.h"

/* Called for each, `index` from 0; the last may have no name and tell how many
 * more there are. */
typedef void (*map_elsewhere_fn)(void *user, size_t index, const char *name,
                                 const char *words);

void sfi__map_elsewhere(const struct map *m, map_elsewhere_fn fn, void *user);

#endif
