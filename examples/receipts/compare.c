/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Compare a receipt in a file to an image. */
#include "receipts/receipts.h"

sfi_status
info_check_receipt(sfi_ctx *ctx, const char *path, const char *image,
                   struct json *out)
{
    sfi_receipt *r = NULL;
    sfi_status st;

    if (image == NULL)
        return SFI_OK;
    st = sfi_receipt_load(ctx, path, &r);
    if (st == SFI_OK)
        st = sfi_receipt_check_image_file(r, image);
    sfi_receipt_free(r);
    json_text(out, "image", image);
    json_bool(out, "same_image", st == SFI_OK);
    if (st == SFI_OK)
        cli_print("\nImage : the receipt is of %s\n", cli_visible(image));
    return st;
}
