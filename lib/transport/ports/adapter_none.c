/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Stub of adapter: for systems whose drivers cannot be asked. */
#include "transport/ports/adapter.h"

void
sfi__adapter_hurry(int fd, bool *hurried)
{
    (void)fd;
    *hurried = false;
}

void
sfi__adapter_relax(int fd)
{
    (void)fd;
}

bool
sfi__adapter_lacks_parity_here(int fd)
{
    (void)fd;
    return false;
}
