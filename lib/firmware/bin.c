/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Plain binaries: the whole file, at an address that the caller gives.
 *
 * An address makes a plain binary of anything, and a part that is programmed
 * with the text of a HEX file does not start.  So "bin" refuses a file that is
 * something else by its content; "raw" takes any bytes. */
#include "firmware/load.h"

#include <string.h>

#include "core/err.h"
#include "core/file_kind.h"

/* Characters of the shortest record, S9030000FC. */
#define RECORD_MIN 10u

/* What no vector table begins with. */
static bool
bin_is_other_kind(uint32_t kind)
{
    switch (kind) {
    case SFI_FILE_DATABASE:
    case SFI_FILE_CREDENTIAL:
    case SFI_FILE_PERSONALIZATION:
    case SFI_FILE_AUDIT:
    case SFI_FILE_LICENSE:
    case SFI_FILE_CERTIFICATE:
    case SFI_FILE_IMAGE:
    case SFI_FILE_MODULE:
    case SFI_FILE_FIRMWARE:
    case SFI_FILE_TRACE:
        return true;
    default: /* a key is told by its length alone, and a small patch has it */
        return false;
    }
}

/* Text that begins like a file of lines, also where a line of it is damaged. */
static bool
bin_is_text(const uint8_t *data, size_t len)
{
    if (len < RECORD_MIN || (!sfi__format_ihex.matches(data, len) &&
                             !sfi__format_srec.matches(data, len)))
        return false;
    while (len > 0 && data[len - 1] == 0) /* padding */
        len--;
    for (size_t i = 0; i < len; i++) {
        bool mark = i < 3 && data[i] >= 0x80; /* byte-order mark */

        if (!mark && (data[i] < ' ' || data[i] > '~') &&
            memchr("\t\n\r\x1a", data[i], 4) == NULL)
            return false;
    }
    return true;
}

static sfi_status
bin_check(struct load *l, const uint8_t *data, size_t len)
{
    uint32_t kind = sfi__file_kind_of(
        data, len < FILE_KIND_HEAD ? len : FILE_KIND_HEAD, len);

    if (!bin_is_other_kind(kind) && bin_is_text(data, len))
        kind = SFI_FILE_FIRMWARE;
    if (bin_is_other_kind(kind))
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "%s, expected a plain binary; format raw takes any "
                         "bytes",
                         sfi_file_kind_name(kind));
    if (sfi__dfuse_has_suffix(data, len))
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "a plain binary with a DFU suffix; remove that "
                         "(dfu-suffix -D), or use format raw");
    return SFI_OK;
}

static sfi_status
raw_load_whole(struct load *l, const uint8_t *data, size_t len)
{
    (void)data;
    return len > 0 ? sfi__loader_run(l, l->address, 0, len) : SFI_OK;
}

static sfi_status
bin_load_whole(struct load *l, const uint8_t *data, size_t len)
{
    sfi_status st = bin_check(l, data, len);

    return st == SFI_OK ? raw_load_whole(l, data, len) : st;
}

/* Any content can be a plain binary, so none is recognised as one. */
static bool
bin_matches(const uint8_t *data, size_t len)
{
    (void)data;
    (void)len;
    return false;
}

static const char *const extensions[] = {NULL};

const struct format sfi__format_bin = {
    .name = "bin",
    .extensions = extensions,
    .matches = bin_matches,
    .whole = bin_load_whole,
    .has_address = true,
};

const struct format sfi__format_raw = {
    .name = "raw",
    .extensions = extensions,
    .matches = bin_matches,
    .whole = raw_load_whole,
    .has_address = true,
};
