/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-info: show what is in an .sfi image; with the key, verify every tag. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/image_feed.h"

#define TAG_LEN 16u
#define OB_WORDS_MAX 64u
#define FINDINGS_MAX 64u

enum { OPT_KEY, OPT_NONCE, OPT_CHIP, OPT_JSON, OPT_COUNT };

static const struct cli_option options[OPT_COUNT] = {
    [OPT_KEY] = {.brief = "k",
                 .name = "key",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "AES-128 key: verify every tag"},
    [OPT_NONCE] = {.brief = "n",
                   .name = "nonce",
                   .values = "FILE",
                   .min = 1,
                   .max = 1,
                   .help = "nonce, needed with the key"},
    [OPT_CHIP] = {.name = "chip",
                  .values = "NAME",
                  .min = 1,
                  .max = 1,
                  .lists_chips = true,
                  .help = "check the image for this chip; with the key, show\n"
                          "the option bytes too.  The chips:"},
    [OPT_JSON] = {.name = "json", .help = "for machines"},
};

static const struct cli_spec spec = {
    .program = "sfi-info",
    .purpose = "Shows what an .sfi image holds, and verifies it.",
    .usage = "FILE.sfi [-k KEY -n NONCE] [--chip NAME] [--json]",
    .options = options,
    .option_count = OPT_COUNT,
    .operands_min = 1,
    .operands_max = 1,
};

struct area {
    uint32_t index, kind, size, version;
    uint64_t address;
    uint8_t tag[TAG_LEN];
};

struct finding {
    sfi_status status;
    char *what;
};

struct info {
    struct cli cli;
    sfi_ctx *ctx;
    const char *path;
    const sfi_chip *chip; /* NULL: no check for a chip */
    bool verified;        /* every tag is right */
    struct cli_file file;
    uint32_t protocol, area_count;
    uint8_t tag[TAG_LEN];
    struct area *areas;
    size_t areas_seen;
    uint32_t ob[OB_WORDS_MAX]; /* plaintext of the C area */
    size_t ob_count;
    struct finding findings[FINDINGS_MAX];
    size_t finding_count;
};

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

static void
info_on_check_finding(void *user, const sfi_finding *finding)
{
    struct info *in = user;
    size_t len = strlen(finding->message) + 1;
    char *copy;

    if (in->finding_count == FINDINGS_MAX || (copy = malloc(len)) == NULL)
        return;
    memcpy(copy, finding->message, len);
    in->findings[in->finding_count].status = finding->status;
    in->findings[in->finding_count++].what = copy;
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
    }
    json_array(j, "findings");
    for (size_t i = 0; i < in->finding_count; i++) {
        json_object(j, NULL);
        json_text(j, "status", sfi_status_name(in->findings[i].status));
        json_text(j, "message", in->findings[i].what);
        json_close(j);
    }
    json_close(j);
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

/* ---- the program ---- */

static sfi_status
info_load_key(struct info *in, sfi_key **key, uint8_t *nonce)
{
    const char *path = cli_value(&in->cli, OPT_KEY);
    sfi_status st;

    *key = NULL;
    if (path == NULL && !cli_has(&in->cli, OPT_NONCE))
        return SFI_OK;
    (void)cli_need(&in->cli, OPT_KEY);
    (void)cli_need(&in->cli, OPT_NONCE);
    st = sfi_key_load(in->ctx, path, key);
    return st != SFI_OK
               ? st
               : sfi_nonce_load(in->ctx, cli_value(&in->cli, OPT_NONCE), nonce);
}

static int
print_chip_findings(const struct info *in)
{
    for (size_t i = 0; i < in->finding_count; i++)
        (void)fprintf(stderr, "%s: %s: %s\n", spec.program,
                      cli_visible(in->path), cli_visible(in->findings[i].what));
    if (in->finding_count == 0)
        return 0;
    return cli_fail_text(&in->cli, in->findings[0].status,
                         "%s: %s cannot install it", in->path,
                         sfi_chip_name(in->chip));
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
        st = sfi_image_check(in->ctx, in->chip, in->file.data, in->file.len,
                             info_on_check_finding, in);
    if (st != SFI_OK && in->finding_count == 0)
        return cli_fail_at(&in->cli, in->ctx, st, in->path);
    if (json)
        print_info_json(in, SFI_OK);
    else
        print_info_text(in);
    return print_chip_findings(in);
}

static int
info_load_and_show(struct info *in)
{
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_key *key;
    sfi_status st = info_load_key(in, &key, nonce);
    int status;

    if (st != SFI_OK)
        status = cli_fail(&in->cli, in->ctx, st);
    else
        status = cli_file_read(&in->cli, in->ctx, in->path, &in->file);
    if (status == 0)
        status = show_image_info(
            in, info_read_image(in, key, key != NULL ? nonce : NULL));
    cli_wipe(nonce, sizeof(nonce));
    sfi_key_free(key);
    return status;
}

int
main(int argc, char **argv)
{
    struct info in = {.ctx = NULL};
    const char *chip;
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&in.cli, &spec, argc, argv);
    in.path = in.cli.operands[0];
    chip = cli_value(&in.cli, OPT_CHIP);
    in.chip = sfi_chip_find(chip);
    if (chip != NULL && in.chip == NULL)
        cli_unknown_chip(&in.cli, chip);
    in.ctx = cli_context(&in.cli);
    status = info_load_and_show(&in);
    for (size_t i = 0; i < in.finding_count; i++)
        free(in.findings[i].what);
    free(in.areas);
    cli_file_free(&in.file);
    sfi_ctx_free(in.ctx);
    status = cli_finish(&in.cli, status);
    cli_free(&in.cli);
    return status;
}
