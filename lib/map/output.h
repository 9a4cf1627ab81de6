/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What both maps have around them: options in, bytes out. */
#ifndef SFI_MAP_OUTPUT_H
#define SFI_MAP_OUTPUT_H

#include "map/model.h"

/* Make a map in `out`; SFI_OK or SFI_ERR_NOMEM. */
typedef sfi_status (*map_worker_fn)(const struct map *m,
                                    const sfi_map_options *o, struct buf *out);

struct map_kind {
    map_worker_fn worker;
    uint32_t flags;                    /* SFI_MAP_* that it knows */
    uint32_t columns_min, columns_max; /* 0: it has no columns */
};

/* Check the options, make the map, and hand it to `write`. */
sfi_status sfi__map_write(sfi_layout *l, const sfi_map_options *opts,
                          const struct map_kind *kind, sfi_write_fn write,
                          void *user);

#endif
