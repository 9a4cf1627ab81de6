/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* See orphan.h.  The system tells nothing of a parent: a run ends first, then
 * the missing request ends the process. */
#include "orphan.h"

void
orphan_ends(int in)
{
    (void)in;
}
