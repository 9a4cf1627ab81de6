/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Vaults, and the audit logs that they write. */
#include <string.h>

#include "util/mem.h"
#include "util/text.h"
#include "core/files.h"
#include "audit/audit.h"
#include "audit/chain.h"
#include "describe/description.h"

static const char chain_label[] = "chain of the records";
static const char mac_label[] = "MACs of the records";
static const char no_audit_key[] = "no audit key was given";

static void
hsm_report_mac(struct description *d, sfi_status st)
{
    if (d->opts.audit_key != NULL)
        (void)sfi__fact_check(d, "macs", mac_label, st);
    else
        sfi__fact_not_made(d, "macs", mac_label, no_audit_key);
}

/* ---- audit logs ---- */

static void
hsm_report_summary(struct description *d, const sfi_audit_head *h,
                   const sfi_audit_summary *s)
{
    sfi__fact_text(d, "firmware_id", "firmware id", h->firmware_id);
    sfi__fact_product(d, h->product_id);
    sfi__fact_text(d, "serial", "serial number of the HSM", s->serial);
    sfi__fact_yes_no(d, "live_only", "live licences only",
                     (h->flags & SFI_HSM_LIVE_ONLY) != 0);
    sfi__fact_number(d, "maximum", "installations provisioned", h->maximum);
    sfi__fact_number(d, "licensed", "devices licensed", s->licensed);
    if (s->leased > 0) {
        sfi__fact_number(d, "leased", "went into leases", s->leased);
        sfi__fact_number(d, "returned", "came back from leases", s->returned);
    }
    if (s->given_up > 0)
        sfi__fact_number(d, "given_up", "taken off for lost records",
                         s->given_up);
    sfi__fact_number(d, "remaining", "installations left", s->remaining);
    sfi__fact_number(d, "low_water", "warns at", h->low_water);
    sfi__fact_number(d, "records", "records", s->records);
    sfi__fact_yes_no(d, "retired", "closed by its owner", s->retired != 0);
    sfi__fact_time(d, "first_time", "first record", s->first_time);
    sfi__fact_time(d, "last_time", "last record", s->last_time);
    sfi__fact_number(d, "set_back", "records dated before the previous one",
                     s->set_back);
    sfi__fact_bytes(d, "ca_public_key", "public key of the CA", h->ca_public,
                    sizeof(h->ca_public));
}

sfi_status
sfi__describe_audit(struct description *d)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_audit_summary sum = {.struct_size = sizeof(sum)};
    const char *before = d->opts.audit_before;
    sfi_status st = sfi__audit_prove(d->ctx, d->path, d->opts.audit_key, before,
                                     &head, &sum);

    if (head.firmware_id[0] != '\0')
        hsm_report_summary(d, &head, &sum);
    (void)sfi__fact_check(d, "chain", "chain and counts of the records", st);
    if (st != SFI_OK)
        return st;
    hsm_report_mac(d, SFI_OK);
    if (before != NULL)
        (void)sfi__fact_check(d, "before", "it continues the earlier audit log",
                              SFI_OK);
    return SFI_OK;
}

/* ---- vaults ---- */

static void
hsm_report_info(struct description *d, const sfi_hsm_info *info)
{
    sfi__fact_text(d, "state", "state", sfi_hsm_state_name(info->state));
    sfi__fact_text(d, "firmware_id", "firmware id", info->firmware_id);
    sfi__fact_product(d, info->product_id);
    sfi__fact_text(d, "serial", "serial number", info->serial);
    sfi__fact_yes_no(d, "live_only", "live licences only",
                     (info->flags & SFI_HSM_LIVE_ONLY) != 0);
    sfi__fact_number(d, "maximum", "installations provisioned", info->maximum);
    sfi__fact_number(d, "remaining", "installations left", info->remaining);
    sfi__fact_number(d, "low_water", "warns at", info->low_water);
    sfi__fact_number(d, "records", "records", info->records);
    sfi__fact_number(d, "pin_tries_left", "PIN tries left",
                     info->pin_tries_left);
}

struct hsm_chain {
    struct description *d;
    sfi_hsm *hsm;
    const sfi_audit_head *head;
    bool mac_differs;
};

/* sfi__audit_write() checks what it is given; here it writes nothing. */
static sfi_status
hsm_read_record(void *user, uint64_t sequence, sfi_audit_record *out)
{
    struct hsm_chain *c = user;
    const uint8_t *key_secret = c->d->opts.audit_key;
    uint8_t hash[SFI_SHA256_LEN], mac[SFI_SHA256_LEN];
    sfi_status st = sfi_hsm_get_audit_record(c->hsm, sequence, out);

    if (st != SFI_OK || key_secret == NULL)
        return st;
    st = sfi__chain_record(c->d->ctx, c->head, out, key_secret, hash, mac);
    if (st == SFI_OK && !sfi__ct_equal(mac, out->mac, sizeof(mac)))
        c->mac_differs = true;
    return st;
}

static sfi_status
hsm_check_macs(struct hsm_chain *c)
{
    uint8_t mac[SFI_SHA256_LEN];
    sfi_status st =
        sfi__chain_head_mac(c->d->ctx, c->head, c->d->opts.audit_key, mac);

    if (st != SFI_OK)
        return st;
    if (c->mac_differs || !sfi__ct_equal(mac, c->head->mac, sizeof(mac)))
        return sfi__fail(c->d->ctx, SFI_ERR_AUTH,
                         "a record or the end does not match its MAC: it was "
                         "altered, or this is the wrong audit key");
    return SFI_OK;
}

static sfi_status
hsm_check_audit(struct description *d, sfi_hsm *hsm)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    struct hsm_chain c = {d, hsm, &head, false};
    sfi_status st = sfi_hsm_get_audit_head(hsm, &head);

    if (st != SFI_OK)
        return st;
    sfi__fact_bytes(d, "ca_public_key", "public key of the CA", head.ca_public,
                    sizeof(head.ca_public));
    st = sfi__audit_write(d->ctx, NULL, &head, hsm_read_record, &c);
    if (sfi__fact_check(d, "chain", chain_label, st) != SFI_OK)
        return st;
    hsm_report_mac(d, d->opts.audit_key != NULL ? hsm_check_macs(&c) : SFI_OK);
    return SFI_OK;
}

static sfi_status
hsm_describe(struct description *d, const char *uri)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_hsm *hsm;
    sfi_status st = sfi_hsm_open(d->ctx, uri, &hsm);

    if (st != SFI_OK)
        return st;
    st = sfi_hsm_get_info(hsm, &info);
    if (st == SFI_OK)
        hsm_report_info(d, &info);
    if (st == SFI_OK && info.state != SFI_HSM_BLANK)
        st = hsm_check_audit(d, hsm);
    sfi_hsm_free(hsm);
    return st;
}

/* A path is never a name of more: what is behind "?token=" in the name of an
 * HSM is a module to be loaded. */
sfi_status
sfi__describe_vault(struct description *d)
{
    size_t size = strlen(d->path) + sizeof("vault:");
    char *uri;
    sfi_status st;

    if (strchr(d->path, '?') != NULL)
        return sfi__fail(d->ctx, SFI_ERR_UNSUPPORTED,
                         "a vault whose path has a question mark cannot be "
                         "described: rename it");
    uri = sfi__ctx_alloc(d->ctx, size);
    if (uri == NULL)
        return SFI_ERR_NOMEM;
    sfi__text_format(uri, size, "vault:%s", d->path);
    st = hsm_describe(d, uri);
    sfi__ctx_dealloc(d->ctx, uri);
    return st;
}
