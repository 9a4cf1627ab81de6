/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: provision an HSM, which locks its content for ever. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sfi_hsm.h"

/* What will be locked into the HSM. */
struct content {
    const char *firmware_id;
    uint64_t max_count;
    sfi_key *key;
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_personalization *perso;
    const char *audit_key_file; /* NULL: the HSM makes a key of its own */
    bool audit_key_is_new;
    uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN];
    sfi_provision_options options;
};

/* A missing key file is made later, after every other input was accepted. */
static sfi_status
content_load_audit_key(struct program *p, struct content *c)
{
    sfi_status st;

    if (c->audit_key_file == NULL)
        return SFI_OK;
    c->options.audit_key = c->audit_key_secret;
    st = sfi_audit_key_load(p->ctx, c->audit_key_file, c->audit_key_secret);
    c->audit_key_is_new =
        st != SFI_OK && sfi_error_os_code(sfi_ctx_error(p->ctx)) == ENOENT;
    return c->audit_key_is_new ? SFI_OK : st;
}

/* On the disk before the HSM locks: without the key nobody could verify its
 * audit log. */
static sfi_status
content_make_audit_key(struct program *p, struct content *c)
{
    sfi_status st;

    if (!c->audit_key_is_new)
        return SFI_OK;
    st = sfi_audit_key_create(p->ctx, c->audit_key_file);
    return st == SFI_OK ? sfi_audit_key_load(p->ctx, c->audit_key_file,
                                             c->audit_key_secret)
                        : st;
}

static sfi_status
content_load_files(struct program *p, struct content *c)
{
    const char *key = cli_value(&p->cli, OPT_KEY);
    const char *nonce = cli_value(&p->cli, OPT_NONCE);
    const char *perso = cli_value(&p->cli, OPT_PERSO);
    sfi_status st = sfi_key_load(p->ctx, key, &c->key);

    if (st != SFI_OK)
        return st;
    st = sfi_nonce_load(p->ctx, nonce, c->nonce);
    if (st != SFI_OK)
        return st;
    st = sfi_personalization_load(p->ctx, perso, &c->perso);
    if (st != SFI_OK)
        return st;
    return content_load_audit_key(p, c);
}

static const char *
content_audit_key_text(const struct content *c)
{
    if (c->audit_key_file == NULL)
        return "none kept: only the HSM can verify its audit log";
    return c->audit_key_file;
}

static bool
confirm_provisioning(struct program *p, const struct content *c)
{
    (void)printf(
        "%s will be locked for ever with\n"
        "  firmware identifier : %s\n"
        "  product             : %s\n"
        "  installations       : %" PRIu64 "%s\n"
        "  audit key           : %s%s\n",
        cli_visible(p->slot), cli_visible(c->firmware_id),
        cli_visible(sfi_personalization_product_id(c->perso)), c->max_count,
        cli_has(&p->cli, OPT_LIVE_ONLY) ? ", with live licences only" : "",
        cli_visible(content_audit_key_text(c)),
        c->audit_key_is_new ? ", new" : "");
    return cli_has(&p->cli, OPT_YES) ||
           cli_confirm(&p->cli, "Lock it for ever?", "--yes");
}

static sfi_status
provision_and_query(struct program *p, struct content *c)
{
    sfi_status st = content_make_audit_key(p, c);

    if (st != SFI_OK)
        return st;
    st = sfi_hsm_provision(p->hsm, c->key, c->nonce, sizeof(c->nonce),
                           c->firmware_id, c->max_count, c->perso, &c->options);
    if (st != SFI_OK)
        return st;
    return hsm_query_info(p);
}

static int
provision_and_report(struct program *p, struct content *c)
{
    sfi_status st = provision_and_query(p, c);
    int status = hsm_report(p, st);

    if (st == SFI_OK && !p->json)
        (void)printf("HSM successfully programmed\n");
    return status;
}

/* The question comes last, when nothing but the HSM itself can still fail. */
static int
provision_blank_hsm(struct program *p, struct content *c)
{
    sfi_status st;
    int status;

    if (p->info.state != SFI_HSM_BLANK)
        return hsm_refuse(p, SFI_ERR_HSM_STATE,
                          "already provisioned, and locked for ever");
    st = sfi_hsm_check_provision(p->hsm, sizeof(c->nonce), c->firmware_id,
                                 c->max_count, &c->options);
    if (st != SFI_OK)
        return hsm_report(p, st);
    status = hsm_log_in(p, true, &st);
    if (status != 0)
        return status;
    if (st != SFI_OK)
        return hsm_report(p, st);
    if (!confirm_provisioning(p, c))
        return hsm_refuse(p, SFI_ERR_CANCELLED,
                          "not confirmed, the HSM is unchanged");
    return provision_and_report(p, c);
}

static uint64_t
option_number(const struct program *p, size_t option, const char *name)
{
    const char *text = cli_value(&p->cli, option);
    uint64_t v = 0;

    if (text != NULL && !cli_number(text, UINT64_MAX, &v))
        cli_usage(&p->cli, "%s %s is not a number", name, text);
    return v;
}

int
hsm_provision_once(struct program *p)
{
    static const size_t needed[] = {OPT_KEY, OPT_NONCE, OPT_ID, OPT_COUNT_MAX,
                                    OPT_PERSO};
    struct content c = {.options.struct_size = sizeof(c.options)};
    sfi_status st;
    int status;

    for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
        (void)cli_need(&p->cli, needed[i]);
    c.firmware_id = cli_value(&p->cli, OPT_ID);
    c.audit_key_file = cli_value(&p->cli, OPT_AUDIT_KEY);
    c.max_count = option_number(p, OPT_COUNT_MAX, "-mc");
    c.options.low_water = option_number(p, OPT_LOW_WATER, "--low-water");
    if (cli_has(&p->cli, OPT_LOW_WATER) && c.options.low_water == 0)
        cli_usage(&p->cli, "--low-water 0 is not possible, expected 1 or more");
    if (cli_has(&p->cli, OPT_LIVE_ONLY))
        c.options.flags |= SFI_HSM_LIVE_ONLY;
    st = content_load_files(p, &c);
    if (st == SFI_OK)
        st = hsm_open_perhaps_blank(p);
    status = st == SFI_OK ? provision_blank_hsm(p, &c) : hsm_report(p, st);
    sfi_personalization_free(c.perso);
    sfi_key_free(c.key);
    cli_wipe(&c, sizeof(c));
    return status;
}
