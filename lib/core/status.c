/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names, texts and remedies of the statuses, generated from status_list.h. */
#include <sfi/status.h>

#include "core/status_list.h"

#define AS_NAME(name, value, text, hint) \
    case name:                           \
        return #name;
#define AS_TEXT(name, value, text, hint) \
    case name:                           \
        return text;
#define AS_HINT(name, value, text, hint) \
    case name:                           \
        return hint;
#define AS_VALUE(name, value, text, hint) name,
#define AS_CHECK(name, value, text, hint) \
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

const char *
sfi_status_hint(sfi_status st)
{
    switch (st) {
        SFI_STATUS_LIST(AS_HINT)
    default:
        return NULL;
    }
}

sfi_status
sfi_status_at(size_t index)
{
    static const sfi_status errors[] = {SFI_STATUS_LIST(AS_VALUE)};

    /* the first is SFI_OK, which stands for the end */
    return index < sizeof(errors) / sizeof(*errors) - 1 ? errors[index + 1]
                                                        : SFI_OK;
}
