/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: provision an HSM, which locks its content for ever. */
#include <errno.h>
#include <inttypes.h>

#include "cli/secrets.h"
#include "sfi_hsm.h"

/* What will be locked into the HSM. */
struct content {
    const char *firmware_id;
    uint64_t max_count;
    sfi_key *key;
    uint8_t nonce_secret[SFI_NONCE_LEN];
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

static sfi_status
content_load_files(struct program *p, struct content *c)
{
    sfi_status st = cli_load_secrets(
        &p->cli, p->ctx, cli_value(&p->cli, OPT_KEY),
        cli_value(&p->cli, OPT_NONCE), &c->key, c->nonce_secret);

    if (st == SFI_OK)
        st = sfi_personalization_load(p->ctx, cli_value(&p->cli, OPT_PERSO),
                                      &c->perso);
    return st == SFI_OK ? content_load_audit_key(p, c) : st;
}

static sfi_status
confirm_provisioning(struct program *p, const struct content *c)
{
    const char *audit_key =
        c->audit_key_file != NULL
            ? c->audit_key_file
            : "none kept: only the HSM can verify its audit log";

    (void)printf(
        "%s will be locked for ever with\n"
        "  firmware identifier : %s\n"
        "  product             : %s\n"
        "  installations       : %" PRIu64 "%s\n"
        "  audit key           : %s%s\n",
        cli_visible(p->slot), cli_visible(c->firmware_id),
        cli_visible(sfi_personalization_product_id(c->perso)), c->max_count,
        cli_has(&p->cli, OPT_LIVE_ONLY) ? ", with live licences only" : "",
        cli_visible(audit_key), c->audit_key_is_new ? ", new" : "");
    return hsm_confirm(p, "Lock it for ever?");
}

/* The audit key is on the disk before the HSM locks: without the key nobody
 * could verify its audit log. */
static sfi_status
provision(struct program *p, struct content *c)
{
    sfi_status st = SFI_OK;

    if (c->audit_key_is_new)
        st = sfi_audit_key_create(p->ctx, c->audit_key_file);
    if (st == SFI_OK && c->audit_key_is_new)
        st = sfi_audit_key_load(p->ctx, c->audit_key_file, c->audit_key_secret);
    return st == SFI_OK
               ? sfi_hsm_provision(p->hsm, c->key, c->nonce_secret,
                                   sizeof(c->nonce_secret), c->firmware_id,
                                   c->max_count, c->perso, &c->options)
               : st;
}

/* The question comes last, when nothing but the HSM itself can still fail. */
static sfi_status
provision_blank_hsm(struct program *p, struct content *c)
{
    sfi_status st;

    if (p->info.state != SFI_HSM_BLANK)
        return hsm_refuse(p, SFI_ERR_HSM_STATE,
                          "already provisioned, and locked for ever");
    st = sfi_hsm_check_provision(p->hsm, sizeof(c->nonce_secret),
                                 c->firmware_id, c->max_count, &c->options);
    if (st == SFI_OK)
        st = hsm_log_in(p, true);
    if (st == SFI_OK)
        st = confirm_provisioning(p, c);
    return st == SFI_OK ? provision(p, c) : st;
}

sfi_status
hsm_provision_once(struct program *p)
{
    struct content c = {.options.struct_size = sizeof(c.options)};
    sfi_status st;

    c.firmware_id = cli_value(&p->cli, OPT_ID);
    c.audit_key_file = cli_value(&p->cli, OPT_AUDIT_KEY);
    c.max_count = cli_value_number(&p->cli, OPT_COUNT_MAX, 0);
    c.options.low_water = cli_value_number(&p->cli, OPT_LOW_WATER, 0);
    if (cli_has(&p->cli, OPT_LIVE_ONLY))
        c.options.flags |= SFI_HSM_LIVE_ONLY;
    st = content_load_files(p, &c);
    if (st == SFI_OK)
        st = provision_blank_hsm(p, &c);
    sfi_personalization_free(c.perso);
    sfi_key_free(c.key);
    cli_wipe(&c, sizeof(c));
    return st;
}
