/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The place of a request's data in the mailbox.  Freestanding. */
#include "wire/mailbox.h"

uint32_t
sfi__mailbox_param_at(size_t len)
{
    return SFI_MAILBOX_AT_OPCODE - (uint32_t)((len + 3) / 4 * 4);
}

uint32_t
sfi__mailbox_data_at(uint16_t opcode)
{
    return opcode == SFI_CMD_LICENSE ? SFI_MAILBOX_AT_LICENSE
                                     : SFI_MAILBOX_AT_DATA;
}
