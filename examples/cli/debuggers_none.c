/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Systems that cannot refuse a debugger of the same user. */
#include "cli/cli.h"

void
cli_refuse_debuggers(void)
{
}
