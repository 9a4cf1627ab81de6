/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board does not outlive the process that started it. */
#ifndef BOARD_ORPHAN_H
#define BOARD_ORPHAN_H

/* End the process when its parent is gone and the requests that come from
 * `in` are too; even in the middle of a long run. */
void orphan_ends(int in);

#endif
