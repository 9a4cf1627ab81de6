/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The desk of the screen "Line". */
#include "station/station.h"

static const struct route routes[] = {{NULL, ROUTE_LOOK, NULL}};

const struct desk_class line_desk = {.name = "line", .routes = routes};
