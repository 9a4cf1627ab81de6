/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Two images, or an image and a firmware: what differs, and where. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_info.h"

/* Runs of bytes that are shown; the rest is counted. */
#define SHOWN_MAX 64u

struct compare {
    struct info *first;
    struct info second;
    bool with_key;     /* tags differ with the nonce, and say nothing more */
    struct json *json; /* NULL: in words */
    uint64_t runs, bytes, facts;
};

static const char *
compare_kind(const struct info *in)
{
    return info_fact_text(in, "", 0, "kind");
}

static bool
compare_is_image(const struct info *in)
{
    return strcmp(compare_kind(in), "image") == 0;
}

/* ---- what is found ---- */

static void
compare_show_fact(struct compare *c, const sfi_fact *a, const char *b)
{
    c->facts++;
    if (c->json != NULL) {
        json_object(c->json, NULL);
        if (a->item != 0) {
            json_text(c->json, "in", a->group);
            json_number(c->json, "item", a->item);
        }
        json_text(c->json, "name", a->name);
        json_text(c->json, "first", a->text);
        json_text(c->json, "second", b);
        json_close(c->json);
        return;
    }
    if (a->item != 0)
        (void)printf("  %s %" PRIu32 ", ", a->group, a->item);
    else
        (void)printf("  ");
    (void)printf("%s : %s, %s\n", a->label, a->text, b[0] != '\0' ? b : "none");
}

static void
compare_show_bytes(void *user, const sfi_firmware_difference *d)
{
    struct compare *c = user;
    const char *word = d->kind == SFI_DIFFERS_CONTENT      ? "differ"
                       : d->kind == SFI_DIFFERS_ONLY_FIRST ? "only first"
                                                           : "only second";

    if (c->runs++ >= SHOWN_MAX)
        return;
    if (c->json != NULL) {
        json_object(c->json, NULL);
        json_number(c->json, "address", d->address);
        json_number(c->json, "size", d->size);
        json_text(c->json, "kind", word);
        json_number(c->json, "first_byte", d->first);
        json_number(c->json, "second_byte", d->second);
        json_close(c->json);
        return;
    }
    (void)printf("  0x%08" PRIx64 " : %" PRIu64 " bytes %s", d->address,
                 d->size,
                 d->kind == SFI_DIFFERS_CONTENT ? "differ" : "are only in ");
    if (d->kind != SFI_DIFFERS_CONTENT)
        (void)printf("%s", cli_visible(d->kind == SFI_DIFFERS_ONLY_FIRST
                                           ? c->first->path
                                           : c->second.path));
    (void)printf(": 0x%02x, 0x%02x\n", d->first, d->second);
}

/* ---- facts of two images ---- */

static bool
compare_leaves_out(const struct compare *c, const sfi_fact *f)
{
    static const char *const names[] = {"kind", "what", "size", "verified"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(f->name, names[i]) == 0)
            return true;
    }
    return c->with_key &&
           (strcmp(f->name, "tag") == 0 || strcmp(f->name, "header_tag") == 0);
}

static size_t
compare_find_group(const struct info *in, const char *group)
{
    size_t i = 0;

    while (i < in->fact_count && strcmp(in->facts[i].group, group) != 0)
        i++;
    return i;
}

/* Entries of a list stand at the same places in both. */
static void
compare_lists(struct compare *c, const char *group)
{
    const struct info *a = c->first, *b = &c->second;
    size_t i = compare_find_group(a, group);
    size_t j = compare_find_group(b, group);

    for (; i < a->fact_count && strcmp(a->facts[i].group, group) == 0; i++) {
        const sfi_fact *f = &a->facts[i];
        const sfi_fact *g = &b->facts[j];
        bool both = j < b->fact_count && strcmp(g->group, group) == 0;

        if (!compare_leaves_out(c, f) &&
            (!both || strcmp(f->text, g->text) != 0))
            compare_show_fact(c, f, both ? g->text : "");
        j += both;
    }
}

/* A module is encrypted with a key of its own. */
static bool
compare_has_module(const struct info *in)
{
    for (size_t i = 0; i < in->fact_count; i++) {
        if (strcmp(in->facts[i].group, "areas") == 0 &&
            strcmp(in->facts[i].name, "type") == 0 &&
            strcmp(in->facts[i].text, "M") == 0)
            return true;
    }
    return false;
}

static void
compare_facts(struct compare *c)
{
    for (size_t i = 0; i < c->first->fact_count; i++) {
        const sfi_fact *f = &c->first->facts[i];
        const char *other;

        if (f->group[0] != '\0' || compare_leaves_out(c, f))
            continue;
        other = info_fact_text(&c->second, "", 0, f->name);
        if (strcmp(f->text, other) != 0)
            compare_show_fact(c, f, other);
    }
    /* with the key areas say nothing that the content does not */
    if (!c->with_key || compare_has_module(c->first) ||
        compare_has_module(&c->second))
        compare_lists(c, "areas");
    compare_lists(c, "option_bytes");
}

/* ---- content ---- */

static int
compare_load_firmware(struct info *in, sfi_firmware **out)
{
    sfi_status st;
    int status;

    if (!compare_is_image(in)) {
        st = sfi_firmware_load(in->ctx, in->path, out);
        return st == SFI_OK ? 0 : cli_fail(&in->cli, in->ctx, st);
    }
    status = info_need_content(in);
    if (status != 0)
        return status;
    st = sfi_image_firmware(in->ctx, in->file.data, in->file.len, in->key,
                            in->nonce_secret, 0, out);
    return st == SFI_OK ? 0 : cli_fail_at(&in->cli, in->ctx, st, in->path);
}

static int
compare_content(struct compare *c)
{
    sfi_firmware *a = NULL, *b = NULL;
    sfi_status st;
    int status = compare_load_firmware(c->first, &a);

    if (status == 0)
        status = compare_load_firmware(&c->second, &b);
    if (status == 0) {
        st = sfi_firmware_compare(a, b, compare_show_bytes, c, &c->bytes);
        if (st != SFI_OK)
            status = cli_fail(&c->first->cli, c->first->ctx, st);
    }
    sfi_firmware_free(a);
    sfi_firmware_free(b);
    return status;
}

/* ---- all ---- */

/* The other file, with a key and nonce of its own if they are given. */
static sfi_status
compare_read_second(struct compare *c)
{
    const struct cli_use *use = cli_next(&c->first->cli, OPT_COMPARE, NULL);
    struct info *in = &c->second;
    sfi_status st = SFI_OK;

    in->cli = c->first->cli;
    in->ctx = c->first->ctx;
    in->path = use->value[0];
    in->chip = c->first->chip;
    memcpy(in->nonce_secret, c->first->nonce_secret, SFI_NONCE_LEN);
    if (use->count == 3) {
        st = sfi_key_load(in->ctx, use->value[1], &in->key);
        if (st == SFI_OK)
            st = sfi_nonce_load(in->ctx, use->value[2], in->nonce_secret);
    }
    if (st != SFI_OK)
        return st;
    if (in->key == NULL)
        in->key = c->first->key;
    return info_describe(in, 0);
}

static void
compare_need_comparable(struct compare *c)
{
    const struct info *both[] = {c->first, &c->second};

    for (size_t i = 0; i < 2; i++) {
        if (!compare_is_image(both[i]) &&
            strcmp(compare_kind(both[i]), "firmware") != 0)
            cli_usage(&c->first->cli,
                      "%s is %s; only images and firmware can be compared",
                      both[i]->path, info_fact_text(both[i], "", 0, "what"));
    }
    if (compare_is_image(c->first) != compare_is_image(&c->second))
        (void)cli_need(&c->first->cli, OPT_KEY);
}

static int
compare_all(struct compare *c)
{
    bool images = compare_is_image(c->first) && compare_is_image(&c->second);
    int status = 0;

    c->with_key = !images || c->first->key != NULL;
    if (c->json != NULL)
        json_array(c->json, "facts");
    if (images)
        compare_facts(c);
    if (c->json != NULL) {
        json_close(c->json);
        json_array(c->json, "ranges");
    }
    if (c->with_key)
        status = compare_content(c);
    if (c->json != NULL)
        json_close(c->json);
    return status;
}

static void
compare_print_result(const struct compare *c)
{
    if (c->runs > SHOWN_MAX)
        (void)printf("  and %" PRIu64 " more places\n", c->runs - SHOWN_MAX);
    if (compare_has_module(c->first) || compare_has_module(&c->second))
        (void)printf("The code of modules was not compared\n");
    if (c->facts == 0 && c->bytes == 0)
        (void)printf("Compared : %s\n",
                     c->with_key ? "the same firmware"
                                 : "the same areas with the same tags");
    else
        (void)printf("Compared : %" PRIu64 " bytes in %" PRIu64
                     " places, and %" PRIu64 " other facts differ\n",
                     c->bytes, c->runs, c->facts);
}

static int
compare_run(struct compare *c)
{
    bool equal;
    int status;

    if (cli_has(&c->first->cli, OPT_JSON)) {
        c->json = &c->first->out;
        cli_json_begin(c->json);
        json_text(c->json, "file", c->first->path);
        json_text(c->json, "other", c->second.path);
    }
    status = compare_all(c);
    equal = status == 0 && c->facts == 0 && c->bytes == 0;
    if (c->json != NULL) {
        json_number(c->json, "different_bytes", c->bytes);
        json_bool(c->json, "equal", equal);
    } else if (status == 0) {
        compare_print_result(c);
    }
    return status != 0 ? status : equal ? 0 : INFO_EXIT_DIFFERENT;
}

int
info_compare(struct info *in)
{
    struct compare *c = calloc(1, sizeof(*c));
    sfi_status st;
    int status;

    if (c == NULL)
        cli_nomem("sfi-info");
    c->first = in;
    st = compare_read_second(c);
    if (st != SFI_OK) {
        status = cli_fail(&in->cli, in->ctx, st);
    } else {
        compare_need_comparable(c);
        status = compare_run(c);
    }
    if (c->second.key != in->key)
        sfi_key_free(c->second.key);
    info_free_facts(&c->second);
    cli_file_free(&c->second.file);
    cli_wipe(c->second.nonce_secret, SFI_NONCE_LEN);
    free(c);
    return status;
}
