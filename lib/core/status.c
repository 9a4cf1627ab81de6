/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names and texts of the statuses, generated from status_list.h. */
#include <sfi/status.h>

#include "core/status_list.h"

#define AS_NAME(name, value, text) \
    case name:                     \
        return #name;
#define AS_TEXT(name, value, text) \
    case name:                     \
        return text;
#define AS_CHECK(name, value, text) \
    _Static_assert(name == (value), "status values are pinned");

SFI_STATUS_LIST(AS_CHECK)

const char *
sfi_status_name(sfi_status st)
{
    switch (st) {
        SFI_STATUS_LIST(AS_NAME)
    default:
        return "SFI_ERR_UNKNOWN";
    }
}

const char *
sfi_status_str(sfi_status st)
{
    switch (st) {
        SFI_STATUS_LIST(AS_TEXT)
    default:
        return "an unknown status";
    }
}
