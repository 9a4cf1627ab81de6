/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An image, in the words of ST's tool. */
#include <inttypes.h>
#include <string.h>

#include "sfi_info.h"

static void
image_print_area(const struct info *in, uint32_t item, const char *count)
{
    const sfi_fact *at =
        sfi_description_find(in->facts, "areas", item, "address");

    (void)printf("\nParsing Area %s/%s :\n",
                 info_fact_text(in, "areas", item, "index"), count);
    (void)printf("  Area type                : %s\n",
                 info_fact_text(in, "areas", item, "type"));
    (void)printf("  Area size                : %s\n",
                 info_fact_text(in, "areas", item, "size"));
    (void)printf("  Area destination address : 0x%" PRIx64 "\n", at->number);
    (void)printf("  Area tag                 : %s\n",
                 info_fact_text(in, "areas", item, "tag"));
}

static void
image_print_areas(const struct info *in)
{
    const char *count = info_fact_text(in, "", 0, "area_count");

    (void)printf("\nSFI Areas information :\n");
    for (uint32_t i = 1;
         sfi_description_find(in->facts, "areas", i, "address") != NULL; i++)
        image_print_area(in, i, count);
}

static void
image_print_option_bytes(const struct info *in)
{
    const sfi_fact *f;

    for (uint32_t i = 1; (f = sfi_description_find(in->facts, "option_bytes", i,
                                                   "value")) != NULL;
         i++)
        (void)printf("%s  %-12s : %s\n", i == 1 ? "\nOption bytes :\n" : "",
                     info_fact_text(in, "option_bytes", i, "name"), f->text);
    if (sfi_description_text(in->facts, "option_fields", cli_write, stdout) !=
        SFI_OK)
        cli_nomem("sfi-info");
}

void
info_print_image(const struct info *in)
{
    (void)printf("SFI File Information :\n");
    (void)printf("  SFI file path            : %s\n", cli_visible(in->path));
    (void)printf("  SFI file size            : %s\n",
                 info_fact_text(in, "", 0, "size"));
    (void)printf("\nSFI header information :\n");
    (void)printf("  SFI protocol version     : %s\n",
                 info_fact_text(in, "", 0, "protocol_version"));
    (void)printf("  SFI total number of areas: %s\n",
                 info_fact_text(in, "", 0, "area_count"));
    (void)printf("  SFI image version        : %s\n",
                 info_fact_text(in, "", 0, "image_version"));
    (void)printf("  SFI header tag           : %s\n",
                 info_fact_text(in, "", 0, "header_tag"));
    image_print_areas(in);
    if (sfi_description_find(in->facts, "", 0, "verified")->number != 0)
        (void)printf("\nTags verified : the header and all %s areas are "
                     "authentic\n",
                     info_fact_text(in, "", 0, "area_count"));
    else
        (void)printf("\nTags not verified : no key was given\n");
    image_print_option_bytes(in);
}
