/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An image: read it and show it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/image_feed.h"
#include "cli/option_bytes.h"
#include "sfi_info.h"

/* ---- reading ---- */

static void
info_take_option_bytes(struct info *in, const sfi_image_event *e)
{
    in->ob_count = e->len / 4;
    if (in->ob_count > OB_WORDS_MAX)
        in->ob_count = OB_WORDS_MAX;
    for (size_t i = 0; i < in->ob_count; i++) {
        const uint8_t *p = e->data + 4 * i;

        in->ob[i] = (uint32_t)p[0] | (uint32_t)p[1] << 8 |
                    (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
}

static sfi_status
info_on_reader_event(void *user, const sfi_image_event *e)
{
    struct info *in = user;
    struct area *a;

    switch (e->kind) {
    case SFI_EVENT_HEADER:
        in->protocol = e->version;
        in->area_count = e->area_count;
        memcpy(in->tag, e->tag, TAG_LEN);
        in->areas = calloc(e->area_count, sizeof(*in->areas));
        return in->areas != NULL ? SFI_OK : SFI_ERR_NOMEM;
    case SFI_EVENT_AREA_BEGIN:
        a = &in->areas[in->areas_seen++];
        a->index = e->area_index;
        a->kind = e->area_kind;
        a->size = e->area_size;
        a->version = e->version;
        a->address = e->address;
        memcpy(a->tag, e->tag, TAG_LEN);
        return SFI_OK;
    case SFI_EVENT_DATA:
        if (in->verified && e->area_kind == SFI_AREA_CONFIGURATION)
            info_take_option_bytes(in, e);
        return SFI_OK;
    default:
        return SFI_OK;
    }
}

static sfi_status
info_read_image(struct info *in, const sfi_key *key, const uint8_t *nonce)
{
    sfi_image_reader *r = NULL;
    sfi_status st = sfi_image_reader_new(in->ctx, key, nonce, &r);

    if (st != SFI_OK)
        goto out;
    in->verified = key != NULL;
    st = image_feed(r, in->file.data, in->file.len, info_on_reader_event, in);
    if (st != SFI_OK)
        goto out;
    st = sfi_image_reader_finish(r);
out:
    sfi_image_reader_free(r);
    in->verified = in->verified && st == SFI_OK;
    return st;
}

/* ---- printing ---- */

static void
print_labelled_hex(const char *label, const uint8_t *data, size_t len)
{
    (void)printf("%s", label);
    for (size_t i = 0; i < len; i++)
        (void)printf("%02x", data[i]);
    (void)printf("\n");
}

static void
print_image_area(const struct info *in, const struct area *a)
{
    (void)printf("\nParsing Area %" PRIu32 "/%" PRIu32 " :\n", a->index,
                 in->area_count);
    (void)printf("  Area type                : %c\n", (char)a->kind);
    (void)printf("  Area size                : %" PRIu32 "\n", a->size);
    (void)printf("  Area destination address : 0x%" PRIx64 "\n", a->address);
    print_labelled_hex("  Area tag                 : ", a->tag, TAG_LEN);
}

static const char *
option_byte_name_at(const struct info *in, size_t i)
{
    const char *name = sfi_chip_option_byte(in->chip, i);

    return name != NULL ? name : "?";
}

/* NULL: no memory. */
static sfi_option_bytes *
option_bytes_of_words(const struct info *in)
{
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_option_bytes_new(in->ctx, in->chip, &ob);

    for (size_t i = 0; st == SFI_OK && i < in->ob_count; i++)
        st = sfi_option_bytes_set(ob, option_byte_name_at(in, i), in->ob[i]);
    return ob;
}

/* Words of another part have no fields. */
static bool
info_has_fields(const struct info *in)
{
    return in->chip != NULL && in->ob_count > 0 &&
           sfi_chip_option_byte(in->chip, in->ob_count - 1) != NULL &&
           sfi_chip_option_byte(in->chip, in->ob_count) == NULL;
}

static void
print_info_fields(const struct info *in)
{
    sfi_option_bytes *ob = option_bytes_of_words(in);

    if (ob != NULL)
        cli_fields_print(stdout, ob, NULL);
    sfi_option_bytes_free(ob);
}

static void
print_json_fields(struct json *j, const struct info *in)
{
    sfi_option_bytes *ob = option_bytes_of_words(in);

    if (ob != NULL)
        cli_fields_json(j, "option_fields", ob);
    sfi_option_bytes_free(ob);
}

static void
print_info_text(const struct info *in)
{
    (void)printf("SFI File Information :\n");
    (void)printf("  SFI file path            : %s\n", cli_visible(in->path));
    (void)printf("  SFI file size            : %zu\n", in->file.len);
    (void)printf("\nSFI header information :\n");
    (void)printf("  SFI protocol version     : %" PRIu32 "\n", in->protocol);
    (void)printf("  SFI total number of areas: %" PRIu32 "\n", in->area_count);
    (void)printf("  SFI image version        : %" PRIu32 "\n",
                 in->areas[0].version);
    print_labelled_hex("  SFI header tag           : ", in->tag, TAG_LEN);
    (void)printf("\nSFI Areas information :\n");
    for (size_t i = 0; i < in->areas_seen; i++)
        print_image_area(in, &in->areas[i]);
    if (in->verified)
        (void)printf("\nTags verified : the header and all %" PRIu32
                     " areas are authentic\n",
                     in->area_count);
    else
        (void)printf("\nTags not verified : no key was given\n");
    for (size_t i = 0; in->chip != NULL && i < in->ob_count; i++)
        (void)printf("%s  %-12s : 0x%08" PRIx32 "\n",
                     i == 0 ? "\nOption bytes :\n" : "",
                     option_byte_name_at(in, i), in->ob[i]);
    if (info_has_fields(in))
        print_info_fields(in);
    if (in->chip != NULL && in->finding_count == 0)
        (void)printf("\nChip check : %s can install it\n",
                     sfi_chip_name(in->chip));
}

static void
print_json_areas(struct json *j, const struct info *in)
{
    json_array(j, "areas");
    for (size_t i = 0; i < in->areas_seen; i++) {
        const struct area *a = &in->areas[i];
        const char type[2] = {(char)a->kind, '\0'};

        json_object(j, NULL);
        json_number(j, "index", a->index);
        json_text(j, "type", type);
        json_number(j, "size", a->size);
        json_number(j, "address", a->address);
        json_hex(j, "tag", a->tag, TAG_LEN);
        json_close(j);
    }
    json_close(j);
}

static void
print_json_chip(struct json *j, const struct info *in)
{
    json_text(j, "chip", sfi_chip_name(in->chip));
    if (in->verified) {
        json_array(j, "option_bytes");
        for (size_t i = 0; i < in->ob_count; i++) {
            json_object(j, NULL);
            json_text(j, "name", option_byte_name_at(in, i));
            json_number(j, "value", in->ob[i]);
            json_close(j);
        }
        json_close(j);
        if (info_has_fields(in))
            print_json_fields(j, in);
    }
    info_json_findings(j, in);
}

static void
print_info_json(const struct info *in, sfi_status st)
{
    struct json j;

    json_init(&j, stdout);
    json_object(&j, NULL);
    json_text(&j, "file", in->path);
    json_number(&j, "size", in->file.len);
    if (st == SFI_OK) {
        json_number(&j, "protocol_version", in->protocol);
        json_number(&j, "image_version", in->areas[0].version);
        json_hex(&j, "header_tag", in->tag, TAG_LEN);
        json_bool(&j, "verified", in->verified);
        print_json_areas(&j, in);
        if (in->chip != NULL)
            print_json_chip(&j, in);
    }
    json_error(&j, in->ctx, st);
    json_close(&j);
}

/* Report the reading, and check the image for the chip. */
static int
show_image_info(struct info *in, sfi_status st)
{
    bool json = cli_has(&in->cli, OPT_JSON);

    if (st != SFI_OK) {
        int status = cli_fail_at(&in->cli, in->ctx, st, in->path);

        if (json)
            print_info_json(in, st);
        return status;
    }
    if (in->chip != NULL)
        st = info_check_chip(in);
    if (st != SFI_OK && in->finding_count == 0)
        return cli_fail_at(&in->cli, in->ctx, st, in->path);
    if (json)
        print_info_json(in, SFI_OK);
    else
        print_info_text(in);
    return info_print_findings(in);
}

int
info_show_image(struct info *in, const sfi_key *key, const uint8_t *nonce)
{
    int status = show_image_info(in, info_read_image(in, key, nonce));

    free(in->areas);
    return status;
}
