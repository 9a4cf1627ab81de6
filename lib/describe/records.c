/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Certificates, licences, personalisation files, and folders of licences. */
#include "license/certificate.h"
#include "license/license.h"
#include "license/personalization.h"
#include "license/store.h"
#include "receipt/receipt.h"
#include "describe/description.h"

/* ---- certificates ---- */

static void
records_check_ca(struct description *d, const sfi_certificate *cert)
{
    static const char label[] = "signature of the CA";

    if (d->opts.ca == NULL)
        sfi__fact_not_made(d, "ca_signature", label,
                           "no personalisation file, which names the CA, was "
                           "given");
    else
        (void)sfi__fact_check(
            d, "ca_signature", label,
            sfi__cert_verify(d->ctx, cert, d->opts.ca->ca_public));
}

sfi_status
sfi__describe_certificate(struct description *d)
{
    sfi_certificate *cert;
    sfi_status st = sfi__cert_new(d->ctx, d->bytes.data, d->bytes.len, &cert);

    if (st == SFI_OK) {
        sfi__fact_product(d, cert->product_id);
        sfi__fact_text(d, "device_id", "device id", cert->device_id);
        sfi__fact_bytes(d, "public_key", "public key", cert->public_key,
                        sizeof(cert->public_key));
    }
    (void)sfi__fact_check(d, "structure", "structure and public key", st);
    if (st == SFI_OK)
        records_check_ca(d, cert);
    sfi_certificate_free(cert);
    return st;
}

/* ---- receipts ---- */

static void
receipt_report(struct description *d, const sfi_receipt *r)
{
    const struct receipt_statement *s = &r->says;

    sfi__fact_product(d, r->certificate->product_id);
    sfi__fact_text(d, "device_id", "device id", r->certificate->device_id);
    sfi__fact_number(d, "installs", "number of the install", s->installs);
    sfi__fact_bytes(d, "header_tag", "tag of the image's header", s->header_tag,
                    sizeof(s->header_tag));
    sfi__fact_bytes(d, "areas_digest", "digest of its areas", s->areas,
                    sizeof(s->areas));
    sfi__fact_bytes(d, "option_bytes_digest", "digest of the option bytes",
                    s->option_bytes, sizeof(s->option_bytes));
}

sfi_status
sfi__describe_receipt(struct description *d)
{
    sfi_receipt *r = NULL;
    sfi_status st = sfi_receipt_parse(d->ctx, d->bytes.data, d->bytes.len, &r);

    if (st == SFI_OK)
        receipt_report(d, r);
    (void)sfi__fact_check(d, "structure", "structure", st);
    if (st == SFI_OK) {
        records_check_ca(d, r->certificate);
        (void)sfi__fact_check(d, "signature", "signature of the chip",
                              sfi__receipt_check_signature(d->ctx, r));
    }
    sfi_receipt_free(r);
    return st;
}

/* ---- personalisation files ---- */

sfi_status
sfi__describe_personalization(struct description *d)
{
    sfi_personalization *p;
    sfi_status st = sfi__perso_new(d->ctx, d->bytes.data, d->bytes.len, &p);

    if (st == SFI_OK) {
        sfi__fact_product(d, p->product_id);
        sfi__fact_bytes(d, "ca_public_key", "public key of the CA",
                        p->ca_public, sizeof(p->ca_public));
    }
    (void)sfi__fact_check(d, "signature", "signature of the CA in the file",
                          st);
    sfi_personalization_free(p);
    return st;
}

/* ---- licences ---- */

sfi_status
sfi__describe_license(struct description *d)
{
    sfi_license *lic;
    sfi_status st = sfi__license_new(d->ctx, d->bytes.data, d->bytes.len, &lic);

    if (st == SFI_OK) {
        bool live = sfi_license_type(lic) == SFI_LICENSE_LIVE;

        sfi__fact_text(d, "type", "type", live ? "live" : "static");
        if (live)
            sfi__fact_address(d, "session", "session of the device",
                              sfi_license_session(lic));
    }
    (void)sfi__fact_check(d, "structure", "structure and ephemeral key", st);
    if (st == SFI_OK)
        sfi__fact_not_made(d, "tag", "tag",
                           "only the device can tell that a licence is its "
                           "own");
    sfi_license_free(lic);
    return st;
}

struct shelf {
    struct description *d;
    uint64_t good, bad;
    struct sfi_error first;
};

static void
records_take_license(void *user, const char *device_id, sfi_status st,
                     const sfi_license *lic)
{
    struct shelf *s = user;

    (void)device_id;
    (void)lic;
    if (st == SFI_OK)
        s->good++;
    else if (s->bad++ == 0)
        sfi__error_keep(s->d->ctx, &s->first);
}

sfi_status
sfi__describe_store(struct description *d)
{
    struct shelf s = {.d = d};
    sfi_status st =
        sfi__license_store_each(d->ctx, d->path, records_take_license, &s);

    if (st != SFI_OK)
        return st;
    if (s.good + s.bad == 0)
        return sfi__fail(d->ctx, SFI_ERR_FORMAT,
                         "a folder without licences, expected files such as "
                         "DEVICEID.lic");
    sfi__fact_number(d, "license_count", "licences", s.good);
    sfi__fact_number(d, "damaged", "damaged files", s.bad);
    if (s.bad > 0)
        sfi__error_restore(d->ctx, &s.first);
    return sfi__fact_check(d, "licenses", "every file is a static licence",
                           s.first.status);
}
