/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* HTTPS by libcurl, whose options are all said here; doc/porting.md, "A licence
 * server", tells how its OpenSSL lives beside libsfi's. */
#include "hsm/server/http.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "config.h"

#include "util/mem.h"
#include "util/os_text.h"
#include "util/sys.h"
#include "util/sys_socket.h"
#include "core/ctx.h"
#include "core/err.h"
#include "core/files.h"
#include "hsm/server/name.h"

#define PEM_MAX ((size_t)256 << 10)
#define CONNECT_MS 5000L
#define HEADERS_MAX ((size_t)16 << 10) /* bytes of an answer's headers */

struct slot {
    struct http_curl *http;
    CURL *easy;
    struct http_request *request; /* NULL: free */
    size_t headers;               /* bytes of them so far */
    char error[CURL_ERROR_SIZE];
};

struct http_curl {
    sfi_ctx *ctx;
    CURLM *multi;
    struct curl_slist *headers;
    struct buf cert, key, ca;
    struct slot slots[HTTP_AT_ONCE];
};

/* ---- libcurl's own start ---- */

/* Once in the process, and never undone: a program may use libcurl too.  Since
 * 7.84 libcurl keeps threads apart here, unless it was built without. */
static bool
curl_begin(void)
{
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    static bool begun;
    bool ok;

    while (atomic_flag_test_and_set(&busy))
        continue;
    if (!begun)
        begun = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    ok = begun;
    atomic_flag_clear(&busy);
    return ok;
}

/* libcurl writes by OpenSSL, which raises SIGPIPE when the server has gone. */
struct pipe_guard {
    sigset_t before;
    bool pending;
};

static void
pipe_guard_begin(struct pipe_guard *g)
{
    sigset_t set;

    (void)sigpending(&set);
    g->pending = sigismember(&set, SIGPIPE) == 1;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &set, &g->before);
}

static void
pipe_guard_end(const struct pipe_guard *g)
{
    const struct timespec none = {0, 0};
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGPIPE);
    if (!g->pending)
        (void)sigtimedwait(&set, NULL, &none);
    (void)pthread_sigmask(SIG_SETMASK, &g->before, NULL);
}

/* ---- what went wrong ---- */

/* What TLS says of a failure, by OpenSSL's words for it. */
static const struct {
    const char *text;
    sfi_status st;
    const char *message;
} tls_words[] = {
    {"alert certificate expired", SFI_ERR_ACCESS,
     "the server refuses this station's certificate: it has expired, have a "
     "new one made (cert=)"},
    {"alert certificate revoked", SFI_ERR_ACCESS,
     "the server refuses this station's certificate: it was revoked, have a "
     "new one made (cert=)"},
    {"alert unknown ca", SFI_ERR_ACCESS,
     "the server refuses this station's certificate: another CA made it than "
     "the server trusts (cert=)"},
    {"alert certificate required", SFI_ERR_ACCESS,
     "the server refuses this station: it asks for a certificate (cert=)"},
    {"alert bad certificate", SFI_ERR_ACCESS,
     "the server refuses this station's certificate: it is none that the "
     "server accepts (cert=)"},
    {"alert protocol version", SFI_ERR_AUTH,
     "the server does not speak TLS 1.3, and nothing older is accepted"},
    {"unsupported protocol", SFI_ERR_AUTH,
     "the server does not speak TLS 1.3, and nothing older is accepted"},
    {"wrong version number", SFI_ERR_AUTH,
     "what answers there does not speak TLS: correct HOST:PORT"},
    {"certificate has expired", SFI_ERR_AUTH,
     "the server's certificate has expired, or this machine's clock is wrong: "
     "its operator renews it"},
    {"certificate is not yet valid", SFI_ERR_AUTH,
     "the server's certificate is not valid yet: set this machine's clock"},
    {"subject name", SFI_ERR_AUTH,
     "the server's certificate is for another name: use the HOST that it was "
     "made for, or have one made for this HOST"},
    {"subjectAltName", SFI_ERR_AUTH,
     "the server's certificate is for another name: use the HOST that it was "
     "made for, or have one made for this HOST"},
    {"issuer certificate", SFI_ERR_AUTH,
     "the server's certificate was not made by the CA of ca=: either is the "
     "wrong one"},
    {"self-signed", SFI_ERR_AUTH,
     "the server's certificate was not made by the CA of ca=: either is the "
     "wrong one"},
    {"self signed", SFI_ERR_AUTH,
     "the server's certificate was not made by the CA of ca=: either is the "
     "wrong one"},
};

static bool
slot_tell_tls(const struct slot *s, struct http_end *end)
{
    for (size_t i = 0; i < sizeof(tls_words) / sizeof(*tls_words); i++) {
        if (strstr(s->error, tls_words[i].text) == NULL)
            continue;
        end->st = tls_words[i].st;
        end->sent = false; /* refused before anybody read it */
        (void)sfi__text_copy(end->message, sizeof(end->message),
                             tls_words[i].message);
        return true;
    }
    return false;
}

#define AGAIN true
#define HOPELESS false

/* What libcurl's codes mean; all others: the last row. */
static const struct {
    CURLcode code;
    sfi_status st;
    bool repeat;
    bool unsent;
    const char *message;
} curl_codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, SFI_ERR_NO_DEVICE, AGAIN, true,
     "the host's name is not known here: correct HOST, or this machine's DNS"},
    {CURLE_COULDNT_CONNECT, SFI_ERR_NO_DEVICE, AGAIN, true,
     "cannot connect: is a server running there, and does a firewall let this "
     "station through"},
    {CURLE_OPERATION_TIMEDOUT, SFI_ERR_TIMEOUT, AGAIN, false,
     "no answer in time: look at the network and the server"},
    {CURLE_GOT_NOTHING, SFI_ERR_IO, AGAIN, false,
     "the connection ended without an answer"},
    {CURLE_SEND_ERROR, SFI_ERR_IO, AGAIN, false,
     "the connection was cut before the whole request was sent"},
    {CURLE_RECV_ERROR, SFI_ERR_IO, AGAIN, false,
     "the connection was cut before the answer"},
    {CURLE_PARTIAL_FILE, SFI_ERR_IO, AGAIN, false,
     "the connection was cut in the middle of the answer"},
    {CURLE_SSL_CONNECT_ERROR, SFI_ERR_IO, AGAIN, true,
     "the connection was cut while TLS began"},
    {CURLE_PEER_FAILED_VERIFICATION, SFI_ERR_AUTH, HOPELESS, true,
     "the server's certificate is none that ca= vouches for"},
    {CURLE_SSL_CERTPROBLEM, SFI_ERR_FORMAT, HOPELESS, true,
     "cert= and key= are no certificate in PEM and the key of it, without a "
     "passphrase"},
    {CURLE_SSL_CACERT_BADFILE, SFI_ERR_FORMAT, HOPELESS, true,
     "ca= is no certificate in PEM"},
    {CURLE_WRITE_ERROR, SFI_ERR_HSM, HOPELESS, false,
     "the answer is longer than any of a licence server: correct HOST:PORT"},
    {CURLE_OUT_OF_MEMORY, SFI_ERR_NOMEM, HOPELESS, false, "no memory"},
    {CURLE_OK, SFI_ERR_HSM, HOPELESS, false,
     "what answers there is no licence server: correct HOST:PORT"},
};

/* A new connection ends as soon as TLS has begun: with TLS 1.3 a server looks
 * at the station's certificate only then, and its alert may be lost on the way.
 * When the request was not sent by then, it is hardly anything else. */
static void
slot_tell_silence(const struct slot *s, struct http_end *end)
{
    curl_off_t tls = 0;
    long made = 0, headers = 0;

    (void)curl_easy_getinfo(s->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    (void)curl_easy_getinfo(s->easy, CURLINFO_NUM_CONNECTS, &made);
    (void)curl_easy_getinfo(s->easy, CURLINFO_HEADER_SIZE, &headers);
    if (end->st != SFI_ERR_IO || tls == 0 || made == 0 || headers > 0)
        return;
    if (!end->sent)
        end->st = SFI_ERR_ACCESS;
    (void)sfi__text_copy(
        end->message, sizeof(end->message),
        "the server ended a new connection without an answer: its log tells "
        "whether it refuses this station's certificate (expired, revoked, of "
        "another CA)");
}

static void
slot_tell_end(struct slot *s, CURLcode code)
{
    struct http_end *end = &s->request->end;
    long os = 0, sent = 0;
    size_t i = 0;

    while (curl_codes[i].code != code && curl_codes[i].code != CURLE_OK)
        i++;
    (void)curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &sent);
    if (code == CURLE_COULDNT_CONNECT)
        (void)curl_easy_getinfo(s->easy, CURLINFO_OS_ERRNO, &os);
    end->st = curl_codes[i].st;
    end->repeat = curl_codes[i].repeat;
    end->sent = sent > 0 && !curl_codes[i].unsent;
    sfi__text_format(
        end->message, sizeof(end->message), "%s%s%s", curl_codes[i].message,
        os != 0 ? ": " : "",
        os != 0 && sfi__os_text((int)os) != NULL ? sfi__os_text((int)os) : "");
    if (slot_tell_tls(s, end))
        end->repeat = false;
    else
        slot_tell_silence(s, end);
}

static void
slot_tell_answer(struct slot *s)
{
    struct http_end *end = &s->request->end;
    curl_off_t after = 0;
    long code = 0;

    (void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &code);
    (void)curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &after);
    end->st = SFI_OK;
    end->code = code > 0 && code < 1000 ? (unsigned)code : 0;
    end->retry_after_s = after > 0 && after < UINT32_MAX ? (uint32_t)after : 0;
    end->sent = true;
}

/* ---- libcurl's callbacks ---- */

static size_t
slot_take_body(char *data, size_t size, size_t count, void *user)
{
    struct slot *s = user;
    struct http_request *r = s->request;
    size_t len = size * count; /* size is 1 */

    if (len > r->limit - r->answer.len ||
        !sfi__buf_append(&r->answer, data, len))
        return 0;
    return len;
}

static size_t
slot_take_header(char *data, size_t size, size_t count, void *user)
{
    struct slot *s = user;
    size_t len = size * count;

    (void)data;
    if (len > HEADERS_MAX - s->headers)
        return 0;
    s->headers += len;
    return len;
}

static curl_socket_t
slot_make_socket(void *user, curlsocktype purpose, struct curl_sockaddr *a)
{
    (void)user;
    (void)purpose;
    return sfi__sys_socket(a->family, a->socktype, a->protocol);
}

/* ---- requests ---- */

/* False: libcurl lacks an option, or memory. */
static bool
slot_set_connection(CURL *e)
{
    return curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOPROXY, "*") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                            (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT,
                            "libsfi/" SFI_VERSION_STRING) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, slot_make_socket) ==
               CURLE_OK;
}

/* The host's name is verified, and against the one CA: a machine's list of CAs
 * is not used.  A passphrase of a key is not asked for.  A session is not taken
 * up again, so that a revoked certificate is noticed. */
static bool
slot_set_tls(CURL *e, const struct http_curl *h)
{
    struct curl_blob cert = {h->cert.data, h->cert.len, CURL_BLOB_NOCOPY};
    struct curl_blob key = {h->key.data, h->key.len, CURL_BLOB_NOCOPY};
    struct curl_blob ca = {h->ca.data, h->ca.len, CURL_BLOB_NOCOPY};

    return curl_easy_setopt(e, CURLOPT_SSLVERSION,
                            (long)CURL_SSLVERSION_TLSv1_3) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CAINFO, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &ca) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLCERTTYPE, "PEM") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLKEYTYPE, "PEM") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLCERT_BLOB, &cert) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSLKEY_BLOB, &key) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_KEYPASSWD, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK;
}

static bool
slot_set_output(struct slot *s)
{
    CURL *e = s->easy;

    return curl_easy_setopt(e, CURLOPT_HTTPHEADER, s->http->headers) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, slot_take_body) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, s) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, slot_take_header) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HEADERDATA, s) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PRIVATE, s) == CURLE_OK;
}

static bool
slot_set_request(struct slot *s, const struct http_request *r)
{
    char url[2048];
    CURL *e = s->easy;
    bool ok;

    sfi__text_format(url, sizeof(url), "%s%s", r->url, r->path);
    ok = curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK &&
         curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms) ==
             CURLE_OK;
    if (r->body == NULL)
        return ok && curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    return ok && curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)r->body->len) ==
               CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body->data) == CURLE_OK;
}

static struct slot *
slot_of(struct http_curl *h, const struct http_request *r)
{
    for (size_t i = 0; i < HTTP_AT_ONCE; i++) {
        if (h->slots[i].request == r)
            return &h->slots[i];
    }
    return NULL;
}

static bool
slot_make(struct slot *s, struct http_curl *h)
{
    if (s->easy != NULL)
        return true;
    s->http = h;
    s->easy = curl_easy_init();
    if (s->easy != NULL && slot_set_connection(s->easy) &&
        slot_set_tls(s->easy, h) && slot_set_output(s))
        return true;
    curl_easy_cleanup(s->easy);
    s->easy = NULL;
    return false;
}

static sfi_status
http_start(void *user, struct http_request *r)
{
    struct http_curl *h = user;
    struct slot *s = slot_of(h, NULL);

    if (s == NULL)
        return sfi__fail(h->ctx, SFI_ERR_INTERNAL,
                         "more than %u requests at once", HTTP_AT_ONCE);
    if (!slot_make(s, h) || !slot_set_request(s, r))
        return sfi__nomem(h->ctx);
    r->done = false;
    r->end = (struct http_end){.st = SFI_OK};
    sfi__buf_clear(&r->answer);
    s->request = r;
    s->headers = 0;
    s->error[0] = '\0';
    if (curl_multi_add_handle(h->multi, s->easy) == CURLM_OK)
        return SFI_OK;
    s->request = NULL;
    return sfi__nomem(h->ctx);
}

static bool
http_take_ends(struct http_curl *h)
{
    bool any = false;
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
        struct slot *s = NULL;
        CURLcode code = m->data.result;

        if (m->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
        if (code == CURLE_OK)
            slot_tell_answer(s);
        else
            slot_tell_end(s, code);
        (void)curl_multi_remove_handle(h->multi, s->easy);
        s->request->done = true;
        s->request = NULL;
        any = true;
    }
    return any;
}

static sfi_status
http_go_on(void *user, uint32_t wait_ms)
{
    struct http_curl *h = user;
    struct pipe_guard guard;
    CURLMcode code;
    int running;

    pipe_guard_begin(&guard);
    code = curl_multi_perform(h->multi, &running);
    if (code == CURLM_OK && !http_take_ends(h)) {
        code = curl_multi_poll(h->multi, NULL, 0, (int)wait_ms, NULL);
        if (code == CURLM_OK)
            code = curl_multi_perform(h->multi, &running);
        (void)http_take_ends(h);
    }
    pipe_guard_end(&guard);
    if (code == CURLM_OK)
        return SFI_OK;
    return code == CURLM_OUT_OF_MEMORY
               ? sfi__nomem(h->ctx)
               : sfi__fail(h->ctx, SFI_ERR_IO, "libcurl: %s",
                           curl_multi_strerror(code));
}

static void
http_stop(void *user, struct http_request *r)
{
    struct http_curl *h = user;
    struct slot *s = slot_of(h, r);
    struct pipe_guard guard;

    if (s == NULL)
        return;
    pipe_guard_begin(&guard);
    (void)curl_multi_remove_handle(h->multi, s->easy);
    pipe_guard_end(&guard);
    s->request = NULL;
}

/* ---- open and close ---- */

/* In a child process libcurl would say goodbye on the parent's connections, so
 * it is left alone. */
static void
http_close(void *user, bool forked)
{
    struct http_curl *h = user;
    struct pipe_guard guard;

    pipe_guard_begin(&guard);
    for (size_t i = 0; i < HTTP_AT_ONCE && !forked; i++) {
        if (h->slots[i].request != NULL)
            (void)curl_multi_remove_handle(h->multi, h->slots[i].easy);
        curl_easy_cleanup(h->slots[i].easy);
    }
    if (h->multi != NULL && !forked)
        (void)curl_multi_cleanup(h->multi);
    pipe_guard_end(&guard);
    if (!forked)
        curl_slist_free_all(h->headers);
    sfi__buf_free(&h->cert);
    sfi__buf_free(&h->key);
    sfi__buf_free(&h->ca);
    sfi__ctx_dealloc(h->ctx, h);
}

/* "Expect:" keeps libcurl from asking before it sends a body. */
static bool
http_make_headers(struct http_curl *h)
{
    static const char *const lines[] = {"Content-Type: application/json",
                                        "Accept: application/json", "Expect:"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct curl_slist *more = curl_slist_append(h->headers, lines[i]);

        if (more == NULL)
            return false;
        h->headers = more;
    }
    return true;
}

static sfi_status
http_make_multi(struct http_curl *h)
{
    if (!curl_begin())
        return sfi__fail(h->ctx, SFI_ERR_CRYPTO, "libcurl cannot start");
    h->multi = curl_multi_init();
    if (h->multi == NULL || !http_make_headers(h) ||
        curl_multi_setopt(h->multi, CURLMOPT_PIPELINING,
                          (long)CURLPIPE_NOTHING) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_AT_ONCE) !=
            CURLM_OK)
        return sfi__nomem(h->ctx);
    return SFI_OK;
}

/* libcurl itself opens no file: what it is given cannot change meanwhile. */
static sfi_status
http_load(struct http_curl *h, const struct server_name *name)
{
    char cure[SYS_CURE_MAX];
    bool shared = sfi__sys_others_read(name->key, cure);
    sfi_status st = sfi__load(h->ctx, name->cert, PEM_MAX, false, &h->cert);

    if (st == SFI_OK)
        st = sfi__load(h->ctx, name->key, PEM_MAX, true, &h->key);
    if (st == SFI_OK)
        st = sfi__load(h->ctx, name->ca, PEM_MAX, false, &h->ca);
    if (st == SFI_OK && shared)
        sfi__log(h->ctx, SFI_LOG_WARNING, "%s: every user can read this key %s",
                 name->key, cure);
    return st;
}

sfi_status
sfi__http_open(sfi_ctx *ctx, const struct server_name *name, struct http *out)
{
    static const struct http_ops ops = {http_start, http_go_on, http_stop,
                                        http_close};
    struct http_curl *h = sfi__ctx_alloc(ctx, sizeof(*h));
    sfi_status st;

    if (h == NULL)
        return SFI_ERR_NOMEM;
    h->ctx = ctx;
    st = http_load(h, name);
    if (st == SFI_OK)
        st = http_make_multi(h);
    if (st != SFI_OK) {
        http_close(h, false);
        return st;
    }
    *out = (struct http){&ops, h};
    return SFI_OK;
}
