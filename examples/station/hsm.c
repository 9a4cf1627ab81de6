/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Hsm". */
#include "station/station.h"

static const struct route routes[] = {{NULL, ROUTE_LOOK, NULL}};

const struct desk_class hsm_desk = {.name = "hsm", .routes = routes};
