/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Two images, or an image and a firmware: what differs, and where. */
#include <inttypes.h>
#include <string.h>

#include "sfi_info.h"

/* Runs of bytes that are shown; the rest is counted. */
#define SHOWN_MAX 64u

struct compare {
    struct info *in;
    const char *path; /* of the other file */
    sfi_description *other;
    struct json *json; /* NULL: in words */
    bool at_bytes;     /* the facts are through */
    uint64_t runs;
    sfi_comparison found;
};

/* ---- what is found ---- */

static void
compare_show_fact(void *user, const sfi_fact *a, const sfi_fact *b)
{
    struct compare *c = user;
    const char *other = b != NULL ? b->text : "";

    if (c->json == NULL) {
        if (a->item != 0)
            (void)printf("  %s %" PRIu32 ", ", a->group, a->item);
        (void)printf("%s%s : %s, %s\n", a->item != 0 ? "" : "  ", a->label,
                     a->text, other[0] != '\0' ? other : "none");
        return;
    }
    json_object(c->json, NULL);
    if (a->item != 0) {
        json_text(c->json, "in", a->group);
        json_number(c->json, "item", a->item);
    }
    json_text(c->json, "name", a->name);
    json_text(c->json, "first", a->text);
    json_text(c->json, "second", other);
    json_close(c->json);
}

static void
compare_begin_bytes(struct compare *c)
{
    if (c->json == NULL || c->at_bytes)
        return;
    json_close(c->json);
    json_array(c->json, "ranges");
    c->at_bytes = true;
}

static void
compare_show_bytes(void *user, const sfi_firmware_difference *d)
{
    static const char *const words[] = {
        [SFI_DIFFERS_CONTENT] = "differ",
        [SFI_DIFFERS_ONLY_FIRST] = "only first",
        [SFI_DIFFERS_ONLY_SECOND] = "only second",
    };
    struct compare *c = user;
    const char *only =
        d->kind == SFI_DIFFERS_ONLY_FIRST ? c->in->path : c->path;

    compare_begin_bytes(c);
    if (c->runs++ >= SHOWN_MAX)
        return;
    if (c->json == NULL) {
        (void)printf("  0x%08" PRIx64 " : %" PRIu64 " bytes %s%s: 0x%02x, "
                     "0x%02x\n",
                     d->address, d->size,
                     d->kind == SFI_DIFFERS_CONTENT ? "differ" : "are only in ",
                     d->kind == SFI_DIFFERS_CONTENT ? "" : cli_visible(only),
                     d->first, d->second);
        return;
    }
    json_object(c->json, NULL);
    json_number(c->json, "address", d->address);
    json_number(c->json, "size", d->size);
    json_text(c->json, "kind", words[d->kind]);
    json_number(c->json, "first_byte", d->first);
    json_number(c->json, "second_byte", d->second);
    json_close(c->json);
}

static void
compare_print_result(const struct compare *c)
{
    const sfi_comparison *f = &c->found;

    if (c->runs > SHOWN_MAX)
        (void)printf("  and %" PRIu64 " more places\n", c->runs - SHOWN_MAX);
    if ((f->flags & SFI_COMPARED_NO_MODULES) != 0)
        (void)printf("The code of modules was not compared\n");
    if (f->facts == 0 && f->bytes == 0)
        (void)printf("Compared : %s\n",
                     (f->flags & SFI_COMPARED_CONTENT) != 0
                         ? "the same firmware"
                         : "the same areas with the same tags");
    else
        (void)printf("Compared : %" PRIu64 " bytes in %" PRIu64
                     " places, and %" PRIu64 " other facts differ\n",
                     f->bytes, f->places, f->facts);
}

/* ---- the two files ---- */

/* The other file, with a key and nonce of its own if they are given. */
static sfi_status
compare_read_other(struct compare *c, const struct cli_use *use)
{
    struct info *in = c->in;
    sfi_describe_options o = info_options(in, 0);
    uint8_t nonce_secret[SFI_NONCE_LEN];
    sfi_key *key = NULL;
    sfi_status st = sfi_description_new(in->ctx, &c->other);

    if (st == SFI_OK && use->count == 3) {
        st = sfi_key_load(in->ctx, use->value[1], &key);
        if (st == SFI_OK)
            st = sfi_nonce_load(in->ctx, use->value[2], nonce_secret);
        o.key = key;
        o.nonce = nonce_secret;
    }
    if (st == SFI_OK)
        st = sfi_description_read(c->other, c->path, &o);
    sfi_key_free(key);
    cli_wipe(nonce_secret, sizeof(nonce_secret));
    return st;
}

/* Is it an image?  What is neither an image nor firmware is a usage error. */
static bool
compare_is_image(const struct compare *c, const sfi_description *d,
                 const char *path)
{
    const char *kind = sfi_description_find(d, "", 0, "kind")->text;
    bool is_image = strcmp(kind, "image") == 0;

    if (!is_image && strcmp(kind, "firmware") != 0)
        cli_usage(&c->in->cli,
                  "%s is %s; only images and firmware can be compared", path,
                  sfi_description_find(d, "", 0, "what")->text);
    return is_image;
}

static int
compare_run(struct compare *c)
{
    bool equal;
    sfi_status st;
    int status = 0;

    if (compare_is_image(c, c->in->facts, c->in->path) !=
        compare_is_image(c, c->other, c->path))
        (void)cli_need(&c->in->cli, OPT_KEY);
    if (cli_has(&c->in->cli, OPT_JSON)) {
        c->json = &c->in->out;
        cli_json_begin(c->json);
        json_text(c->json, "file", c->in->path);
        json_text(c->json, "other", c->path);
        json_array(c->json, "facts");
    }
    st = sfi_description_compare(c->in->facts, c->other, compare_show_fact,
                                 compare_show_bytes, c, &c->found);
    if (st != SFI_OK)
        status = cli_fail(&c->in->cli, c->in->ctx, st);
    equal = st == SFI_OK && c->found.facts == 0 && c->found.bytes == 0;
    compare_begin_bytes(c);
    if (c->json != NULL) {
        json_close(c->json);
        json_number(c->json, "different_bytes", c->found.bytes);
        json_bool(c->json, "equal", equal);
    } else if (st == SFI_OK) {
        compare_print_result(c);
    }
    return status != 0 ? status : equal ? 0 : INFO_EXIT_DIFFERENT;
}

int
info_compare(struct info *in)
{
    const struct cli_use *use = cli_next(&in->cli, OPT_COMPARE, NULL);
    struct compare c = {
        .in = in,
        .path = use->value[0],
        .found = {.struct_size = sizeof(c.found)},
    };
    sfi_status st = compare_read_other(&c, use);
    int status =
        st == SFI_OK ? compare_run(&c) : cli_fail(&in->cli, in->ctx, st);

    sfi_description_free(c.other);
    return status;
}
