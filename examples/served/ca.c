/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A small CA, for those who have none: keys of P-256, certificates that fit
 * sfi-served and its stations, and a list of the revoked ones.  Whoever has a
 * CA of its own uses that. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "served/served.h"

#define CA_DAYS 3650
#define CERT_DAYS 1095
/* A list that has run out would stop the production, so it lives as long as the
 * CA: a new one is made whenever there is something new. */
#define CRL_DAYS 3650
#define KEY_MODE 0600
#define CERT_MODE 0644
#define SERIAL_LEN 16

/* ---- files ---- */

static char *
ca_path(const struct cli *c, const char *folder, const char *name,
        const char *suffix)
{
    return cli_text(c, "%s/%s%s", folder, name, suffix);
}

static sfi_status
ca_fail(sfi_ctx *ctx, const char *path)
{
    unsigned long code = ERR_peek_last_error();
    const char *why = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    return cli_report(ctx, SFI_ERR_CRYPTO, "%s: %s", path,
                      why != NULL ? why : "libcrypto failed");
}

static sfi_status
ca_write(sfi_ctx *ctx, const char *path, int fd, const char *data, size_t len)
{
    int err = 0;

    while (err == 0 && len > 0) {
        ssize_t put = write(fd, data, len);

        if (put > 0) {
            data += put;
            len -= (size_t)put;
        } else if (put < 0 && errno != EINTR) {
            err = errno;
        }
    }
    if (err == 0 && fsync(fd) != 0)
        err = errno;
    if (close(fd) != 0 && err == 0)
        err = errno;
    return err == 0 ? SFI_OK
                    : cli_report_os(ctx, err, "%s: cannot write", path);
}

/* A new file, of the memory that PEM was written to; it is wiped. */
static sfi_status
ca_save(sfi_ctx *ctx, const char *path, BIO *pem, unsigned mode)
{
    char *data = NULL;
    long len = BIO_get_mem_data(pem, &data);
    int fd;
    sfi_status st = cli_open(ctx, path, O_WRONLY | O_CREAT | O_EXCL, mode, &fd);

    if (st == SFI_OK)
        st = ca_write(ctx, path, fd, data, (size_t)len);
    if (len > 0)
        cli_wipe(data, (size_t)len);
    return st;
}

static sfi_status
ca_save_key(sfi_ctx *ctx, const char *path, EVP_PKEY *key)
{
    BIO *pem = BIO_new(BIO_s_mem());
    sfi_status st = pem != NULL && PEM_write_bio_PrivateKey(
                                       pem, key, NULL, NULL, 0, NULL, NULL) == 1
                        ? ca_save(ctx, path, pem, KEY_MODE)
                        : ca_fail(ctx, path);

    BIO_free(pem);
    return st;
}

static sfi_status
ca_save_cert(sfi_ctx *ctx, const char *path, X509 *cert)
{
    BIO *pem = BIO_new(BIO_s_mem());
    sfi_status st = pem != NULL && PEM_write_bio_X509(pem, cert) == 1
                        ? ca_save(ctx, path, pem, CERT_MODE)
                        : ca_fail(ctx, path);

    BIO_free(pem);
    return st;
}

/* A list takes the place of the one before, whole. */
static sfi_status
ca_save_crl(const struct cli *c, sfi_ctx *ctx, const char *path, X509_CRL *crl)
{
    BIO *pem = BIO_new(BIO_s_mem());
    char *temp = cli_text(c, "%s.%ld", path, (long)getpid());
    sfi_status st = pem != NULL && PEM_write_bio_X509_CRL(pem, crl) == 1
                        ? ca_save(ctx, temp, pem, CERT_MODE)
                        : ca_fail(ctx, path);

    if (st == SFI_OK && rename(temp, path) != 0) {
        st = cli_report_os(ctx, errno, "%s: cannot replace", path);
        (void)unlink(temp);
    }
    BIO_free(pem);
    free(temp);
    return st;
}

static sfi_status
ca_open(sfi_ctx *ctx, const char *path, BIO **out)
{
    int fd;
    sfi_status st = cli_open(ctx, path, O_RDONLY, 0, &fd);

    *out = NULL;
    if (st != SFI_OK)
        return st;
    *out = BIO_new_fd(fd, BIO_CLOSE);
    if (*out != NULL)
        return SFI_OK;
    (void)close(fd);
    return ca_fail(ctx, path);
}

static sfi_status
ca_load_cert(sfi_ctx *ctx, const char *path, X509 **out)
{
    BIO *pem;
    sfi_status st = ca_open(ctx, path, &pem);

    if (st != SFI_OK)
        return st;
    *out = PEM_read_bio_X509(pem, NULL, NULL, NULL);
    BIO_free(pem);
    return *out != NULL ? SFI_OK : ca_fail(ctx, path);
}

static sfi_status
ca_load_key(sfi_ctx *ctx, const char *path, EVP_PKEY **out)
{
    BIO *pem;
    sfi_status st = ca_open(ctx, path, &pem);

    if (st != SFI_OK)
        return st;
    *out = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
    BIO_free(pem);
    return *out != NULL ? SFI_OK : ca_fail(ctx, path);
}

static sfi_status
ca_load_crl(sfi_ctx *ctx, const char *path, X509_CRL **out)
{
    BIO *pem;
    sfi_status st = ca_open(ctx, path, &pem);

    if (st != SFI_OK)
        return st;
    *out = PEM_read_bio_X509_CRL(pem, NULL, NULL, NULL);
    BIO_free(pem);
    return *out != NULL ? SFI_OK : ca_fail(ctx, path);
}

/* ---- certificates ---- */

struct extension {
    int nid;
    const char *value; /* as in a configuration of OpenSSL */
};

static bool
cert_add(X509 *cert, X509 *issuer, const struct extension *list)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    for (; list->value != NULL; list++) {
        X509_EXTENSION *e =
            X509V3_EXT_nconf_nid(NULL, &ctx, list->nid, list->value);
        bool added = e != NULL && X509_add_ext(cert, e, -1) == 1;

        X509_EXTENSION_free(e);
        if (!added)
            return false;
    }
    return true;
}

/* 127 bits that nobody can guess. */
static bool
cert_set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_LEN];
    BIGNUM *n;
    bool set;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
    n = BN_bin2bn(bytes, sizeof(bytes), NULL);
    set =
        n != NULL && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
    BN_free(n);
    return set;
}

static bool
cert_set_times(X509 *cert, const X509 *issuer, int days)
{
    if (X509_gmtime_adj(X509_getm_notBefore(cert), -300) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) == NULL)
        return false;
    if (issuer == NULL || ASN1_TIME_compare(X509_get0_notAfter(issuer),
                                            X509_get0_notAfter(cert)) > 0)
        return true;
    return X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) == 1;
}

/* Signed by the issuer, or by itself. */
static X509 *
cert_make(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *signer,
          int days, const struct extension *extensions)
{
    X509 *cert = X509_new();
    X509_NAME *subject = cert != NULL ? X509_get_subject_name(cert) : NULL;
    bool good = cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
                cert_set_serial(cert) && cert_set_times(cert, issuer, days) &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                           (const unsigned char *)name, -1, -1,
                                           0) == 1 &&
                X509_set_issuer_name(cert, issuer != NULL
                                               ? X509_get_subject_name(issuer)
                                               : subject) == 1 &&
                X509_set_pubkey(cert, key) == 1 &&
                cert_add(cert, issuer != NULL ? issuer : cert, extensions) &&
                X509_sign(cert, signer, EVP_sha256()) > 0;

    if (good)
        return cert;
    X509_free(cert);
    return NULL;
}

/* ---- the CA ---- */

struct ca {
    X509 *cert;
    EVP_PKEY *key;
};

static void
ca_free(struct ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
}

static sfi_status
ca_load(const struct cli *c, sfi_ctx *ctx, const char *folder, struct ca *ca)
{
    char *cert = ca_path(c, folder, "ca", ".crt");
    char *key = ca_path(c, folder, "ca", ".key");
    sfi_status st = ca_load_cert(ctx, cert, &ca->cert);

    if (st == SFI_OK)
        st = ca_load_key(ctx, key, &ca->key);
    if (st == SFI_OK && X509_check_private_key(ca->cert, ca->key) != 1)
        st =
            cli_report(ctx, SFI_ERR_FORMAT, "%s: not the key of %s", key, cert);
    free(cert);
    free(key);
    return st;
}

static bool
crl_sign(X509_CRL *crl, const struct ca *ca)
{
    ASN1_TIME *now = X509_gmtime_adj(NULL, -300);
    ASN1_TIME *next = X509_time_adj_ex(NULL, CRL_DAYS, 0, NULL);
    bool good =
        now != NULL && next != NULL && X509_CRL_set_version(crl, 1) == 1 &&
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->cert)) == 1 &&
        X509_CRL_set1_lastUpdate(crl, now) == 1 &&
        X509_CRL_set1_nextUpdate(crl, next) == 1 && X509_CRL_sort(crl) == 1 &&
        X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0;

    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    return good;
}

static sfi_status
ca_save_new(const struct cli *c, sfi_ctx *ctx, const char *folder,
            const struct ca *ca)
{
    char *cert = ca_path(c, folder, "ca", ".crt");
    char *key = ca_path(c, folder, "ca", ".key");
    char *list = ca_path(c, folder, "ca", ".crl");
    X509_CRL *crl = X509_CRL_new();
    sfi_status st = ca_save_key(ctx, key, ca->key);

    if (st == SFI_OK)
        st = ca_save_cert(ctx, cert, ca->cert);
    if (st == SFI_OK)
        st = crl != NULL && crl_sign(crl, ca) ? ca_save_crl(c, ctx, list, crl)
                                              : ca_fail(ctx, list);
    if (st == SFI_OK)
        cli_print("%s, %s, %s: keep the key where only you can read it\n", cert,
                  key, list);
    X509_CRL_free(crl);
    free(cert);
    free(key);
    free(list);
    return st;
}

sfi_status
ca_new(const struct cli *c, sfi_ctx *ctx, const char *folder)
{
    static const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,keyCertSign,cRLSign"},
        {NID_subject_key_identifier, "hash"},
        {0, NULL},
    };
    struct ca ca = {.key = EVP_EC_gen("P-256")};
    sfi_status st = SFI_OK;

    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return cli_report_os(ctx, errno, "%s: cannot make the folder", folder);
    if (ca.key != NULL)
        ca.cert = cert_make("sfi-served CA", ca.key, NULL, ca.key, CA_DAYS,
                            extensions);
    st = ca.cert != NULL ? ca_save_new(c, ctx, folder, &ca)
                         : ca_fail(ctx, folder);
    ca_free(&ca);
    return st;
}

static sfi_status
ca_save_issued(const struct cli *c, sfi_ctx *ctx, const char *folder,
               const char *name, EVP_PKEY *key, X509 *cert)
{
    char *cert_path = ca_path(c, folder, name, ".crt");
    char *key_path = ca_path(c, folder, name, ".key");
    sfi_status st = ca_save_key(ctx, key_path, key);

    if (st == SFI_OK)
        st = ca_save_cert(ctx, cert_path, cert);
    if (st == SFI_OK)
        cli_print("%s, %s\n", cert_path, key_path);
    free(cert_path);
    free(key_path);
    return st;
}

static bool
ca_is_address(const char *host)
{
    uint8_t bytes[16];

    return inet_pton(AF_INET, host, bytes) == 1 ||
           inet_pton(AF_INET6, host, bytes) == 1;
}

static sfi_status
ca_check_name(sfi_ctx *ctx, const char *name, bool is_server)
{
    bool good = tls_name_is_good(name) || (is_server && ca_is_address(name));

    if (!good)
        return cli_report(ctx, SFI_ERR_FORMAT,
                          "%s: expected a name of at most 64 letters, digits, "
                          "\".\", \"-\" and \"_\"",
                          cli_visible(name));
    if (strcmp(name, "ca") == 0)
        return cli_report(ctx, SFI_ERR_FORMAT,
                          "ca: the name of the CA's own "
                          "files");
    return SFI_OK;
}

sfi_status
ca_issue(const struct cli *c, sfi_ctx *ctx, const char *folder,
         const char *name, bool is_server)
{
    char san[STATION_NAME_MAX + 8];
    const struct extension extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, is_server ? "serverAuth" : "clientAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {is_server ? NID_subject_alt_name : 0, is_server ? san : NULL},
        {0, NULL},
    };
    struct ca ca = {NULL, NULL};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = NULL;
    sfi_status st = ca_check_name(ctx, name, is_server);

    (void)snprintf(san, sizeof(san), "%s:%s",
                   ca_is_address(name) ? "IP" : "DNS", name);
    if (st == SFI_OK)
        st = ca_load(c, ctx, folder, &ca);
    if (st == SFI_OK && key != NULL)
        cert = cert_make(name, key, ca.cert, ca.key, CERT_DAYS, extensions);
    if (st == SFI_OK)
        st = cert != NULL ? ca_save_issued(c, ctx, folder, name, key, cert)
                          : ca_fail(ctx, folder);
    X509_free(cert);
    EVP_PKEY_free(key);
    ca_free(&ca);
    return st;
}

/* ---- the list of revoked ones ---- */

static bool
crl_add(X509_CRL *crl, X509 *cert)
{
    X509_REVOKED *r = X509_REVOKED_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    bool good =
        r != NULL && now != NULL &&
        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(cert)) == 1 &&
        X509_REVOKED_set_revocationDate(r, now) == 1 &&
        X509_CRL_add0_revoked(crl, r) == 1;

    ASN1_TIME_free(now);
    if (!good)
        X509_REVOKED_free(r);
    return good;
}

static sfi_status
crl_revoke(const struct cli *c, sfi_ctx *ctx, const char *path,
           const struct ca *ca, const char *cert_path, X509 *cert)
{
    X509_REVOKED *already = NULL;
    X509_CRL *crl = NULL;
    sfi_status st = ca_load_crl(ctx, path, &crl);

    if (st == SFI_OK && X509_verify(cert, ca->key) != 1) {
        ERR_clear_error();
        st = cli_report(ctx, SFI_ERR_CERTIFICATE,
                        "%s: not signed by the CA of this folder", cert_path);
    }
    if (st == SFI_OK && X509_CRL_get0_by_cert(crl, &already, cert) == 1) {
        cli_print("%s: was revoked before\n", cert_path);
    } else if (st == SFI_OK) {
        st = crl_add(crl, cert) && crl_sign(crl, ca)
                 ? ca_save_crl(c, ctx, path, crl)
                 : ca_fail(ctx, path);
        if (st == SFI_OK)
            cli_print("%s: revoked; send SIGHUP to the server that reads %s\n",
                      cert_path, path);
    }
    X509_CRL_free(crl);
    return st;
}

sfi_status
ca_revoke(const struct cli *c, sfi_ctx *ctx, const char *folder,
          const char *name)
{
    char *list = ca_path(c, folder, "ca", ".crl");
    char *path = ca_path(c, folder, name, ".crt");
    struct ca ca = {NULL, NULL};
    X509 *cert = NULL;
    sfi_status st = ca_check_name(ctx, name, true);

    if (st == SFI_OK)
        st = ca_load(c, ctx, folder, &ca);
    if (st == SFI_OK)
        st = ca_load_cert(ctx, path, &cert);
    if (st == SFI_OK)
        st = crl_revoke(c, ctx, list, &ca, path, cert);
    X509_free(cert);
    ca_free(&ca);
    free(list);
    free(path);
    return st;
}
