/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* TLS 1.3 with certificates on both sides.  No session is resumed, so that each
 * connection is checked against the list of revoked certificates. */
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "served/served.h"

static sfi_status
tls_fail(sfi_ctx *ctx, const char *path, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *why = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return cli_report(ctx, SFI_ERR_CRYPTO, "%s: %s%s%s", path, what,
                      why != NULL ? ": " : "", why != NULL ? why : "");
}

bool
tls_name_is_good(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= STATION_NAME_MAX && name[0] != '.' &&
           name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == len;
}

bool
tls_station(const SSL *ssl, char out[STATION_NAME_MAX + 1])
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    X509_NAME *subject = cert != NULL ? X509_get_subject_name(cert) : NULL;
    int at = subject != NULL
                 ? X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
                 : -1;
    const ASN1_STRING *cn;
    int len;

    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return false; /* none, or two */
    cn = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    len = ASN1_STRING_length(cn);
    if (len < 1 || len > (int)STATION_NAME_MAX)
        return false;
    memcpy(out, ASN1_STRING_get0_data(cn), (size_t)len);
    out[len] = '\0';
    return strlen(out) == (size_t)len && tls_name_is_good(out);
}

/* Says in the log whom TLS refuses, and why. */
static int
tls_on_verify(int is_good, X509_STORE_CTX *store)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    char subject[200] = "";

    if (is_good)
        return 1;
    if (cert != NULL)
        (void)X509_NAME_oneline(X509_get_subject_name(cert), subject,
                                sizeof(subject));
    told_refused_tls(subject, X509_verify_cert_error_string(
                                  X509_STORE_CTX_get_error(store)));
    return 0;
}

static sfi_status
tls_load_crl(sfi_ctx *ctx, SSL_CTX *tls, const char *path)
{
    X509_STORE *store = SSL_CTX_get_cert_store(tls);
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());

    if (lookup == NULL ||
        X509_load_crl_file(lookup, path, X509_FILETYPE_PEM) < 1)
        return tls_fail(ctx, path, "not a list of revoked certificates (PEM)");
    (void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return SFI_OK;
}

static sfi_status
tls_load_own(sfi_ctx *ctx, SSL_CTX *tls, const struct config *config)
{
    if (SSL_CTX_use_certificate_chain_file(tls, config->certificate) != 1)
        return tls_fail(ctx, config->certificate, "not a certificate (PEM)");
    if (SSL_CTX_use_PrivateKey_file(tls, config->key, SSL_FILETYPE_PEM) != 1)
        return tls_fail(ctx, config->key,
                        "not the private key of the certificate (PEM)");
    return SFI_OK;
}

static sfi_status
tls_load_ca(sfi_ctx *ctx, SSL_CTX *tls, const char *path)
{
    STACK_OF(X509_NAME) * names;

    if (SSL_CTX_load_verify_file(tls, path) != 1)
        return tls_fail(ctx, path, "not the certificate of a CA (PEM)");
    names = SSL_load_client_CA_file(path);
    if (names == NULL)
        return tls_fail(ctx, path, "not the certificate of a CA (PEM)");
    SSL_CTX_set_client_CA_list(tls, names);
    return SFI_OK;
}

/* A key that has a password is not asked for: nobody is there. */
static int
tls_no_password(char *out, int size, int writes, void *user)
{
    (void)out;
    (void)size;
    (void)writes;
    (void)user;
    return -1;
}

sfi_status
tls_load(sfi_ctx *ctx, const struct config *config, SSL_CTX **out)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    sfi_status st;

    *out = NULL;
    if (tls == NULL)
        return tls_fail(ctx, "TLS", "libssl cannot be used");
    (void)SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    (void)SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_num_tickets(tls, 0);
    (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(tls, tls_no_password);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       tls_on_verify);
    SSL_CTX_set_verify_depth(tls, 4);
    st = tls_load_own(ctx, tls, config);
    if (st == SFI_OK)
        st = tls_load_ca(ctx, tls, config->ca);
    if (st == SFI_OK && config->crl[0] != '\0')
        st = tls_load_crl(ctx, tls, config->crl);
    if (st == SFI_OK)
        *out = tls;
    else
        SSL_CTX_free(tls);
    return st;
}

void
tls_free(SSL_CTX *tls)
{
    SSL_CTX_free(tls);
}
