/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Who asks.  A token, in the URL behind '#', where no server and no log sees
 * it, is exchanged for two secrets: a cookie that scripts cannot read, and a
 * key that only pages of this origin have.  A cookie alone would go to other
 * ports of this machine too, and a key alone could be read by a script.  A
 * request needs both. */
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "station/local.h"

#define COOKIE_NAME "sfi-station"
#define GONE_MS 60000u /* a page that reconnects is not gone */
#define FORGOTTEN_MS (12u * 3600000u)

struct session {
    bool used, may_operate;
    unsigned streams;
    uint64_t asked_ms; /* or its last stream was closed */
    char cookie_secret[SESSION_SECRET_SIZE], key_secret[SESSION_SECRET_SIZE];
};

static struct {
    char operator_token_secret[SESSION_SECRET_SIZE];
    char viewer_token_secret[SESSION_SECRET_SIZE];
    struct session all[SESSIONS_MAX];
    struct session *acting; /* the operator */
} sessions;

bool
session_random(char *out, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[SESSION_SECRET_SIZE] = {0};
    bool good = RAND_bytes(bytes, (int)sizeof(bytes)) == 1;

    for (size_t i = 0; i < size - 1; i++)
        out[i] = digits[bytes[i / 2] >> 4 * (i % 2) & 15];
    out[size - 1] = '\0';
    cli_wipe(bytes, sizeof(bytes));
    return good;
}

static bool
session_is_equal(const char *a, const char *b)
{
    size_t len = strlen(b);

    return len > 0 && strlen(a) == len && CRYPTO_memcmp(a, b, len) == 0;
}

sfi_status
sessions_start(sfi_ctx *ctx)
{
    if (session_random(sessions.operator_token_secret, SESSION_SECRET_SIZE) &&
        session_random(sessions.viewer_token_secret, SESSION_SECRET_SIZE))
        return SFI_OK;
    return cli_report(ctx, SFI_ERR_CRYPTO, "no random number for a token");
}

void
sessions_stop(void)
{
    cli_wipe(&sessions, sizeof(sessions));
}

const char *
sessions_token(bool operates)
{
    return operates ? sessions.operator_token_secret
                    : sessions.viewer_token_secret;
}

/* Another one operates, or nobody does: the pages ask who it is. */
static void
session_set_operator(struct session *s)
{
    static json_int_t changes;

    sessions.acting = s;
    tell("session/operator", json_integer(++changes));
}

bool
session_is_token(const char *token)
{
    return session_is_equal(token, sessions.operator_token_secret) ||
           session_is_equal(token, sessions.viewer_token_secret);
}

static bool
session_is_gone(const struct session *s, uint64_t ms)
{
    return s->streams == 0 && cli_now_ms() - s->asked_ms >= ms;
}

/* One that is free, or the one that is gone for the longest time. */
static struct session *
session_room(void)
{
    struct session *oldest = NULL;

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *s = &sessions.all[i];

        if (!s->used)
            return s;
        if (session_is_gone(s, session_operates(s) ? GONE_MS : 0) &&
            (oldest == NULL || s->asked_ms < oldest->asked_ms))
            oldest = s;
    }
    if (oldest != NULL)
        session_end(oldest);
    return oldest;
}

/* A cookie of ours has this value: its name ends with a port, which may be that
 * of a tunnel. */
static bool
session_is_cookie(const char *header, const char *secret)
{
    static const char name[] = COOKIE_NAME;

    while (header != NULL && *header != '\0') {
        size_t len = strcspn(header, ";");
        const char *value = memchr(header, '=', len);

        if (value != NULL && strncmp(header, name, sizeof(name) - 1) == 0 &&
            (size_t)(header + len - ++value) == SESSION_SECRET_SIZE - 1 &&
            CRYPTO_memcmp(value, secret, SESSION_SECRET_SIZE - 1) == 0)
            return true;
        header += len;
        header += strspn(header, "; ");
    }
    return false;
}

static const char *
session_header(struct evhttp_request *req, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(req), name);
}

/* A browser has one cookie, and each of its tabs a key. */
static bool
session_make(struct session *s, struct evhttp_request *req)
{
    const char *cookies = session_header(req, "Cookie");

    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *other = &sessions.all[i];

        if (other->used && session_is_cookie(cookies, other->cookie_secret)) {
            memcpy(s->cookie_secret, other->cookie_secret, SESSION_SECRET_SIZE);
            return session_random(s->key_secret, SESSION_SECRET_SIZE);
        }
    }
    return session_random(s->cookie_secret, SESSION_SECRET_SIZE) &&
           session_random(s->key_secret, SESSION_SECRET_SIZE);
}

struct session *
session_begin(const char *token, struct evhttp_request *req)
{
    struct session *s = session_of(req);

    if (s == NULL) {
        s = session_room();
        if (s == NULL || !session_make(s, req))
            return NULL;
        s->used = true;
        s->asked_ms = cli_now_ms();
    }
    s->may_operate = session_is_equal(token, sessions.operator_token_secret);
    if (session_operates(s) && !s->may_operate) {
        shift_lock();
        session_set_operator(NULL);
    } else if (s->may_operate && sessions.acting != s &&
               (sessions.acting == NULL ||
                session_is_gone(sessions.acting, GONE_MS))) {
        (void)session_take_over(s);
    }
    return s;
}

bool
session_has_key(const char *key)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (sessions.all[i].used &&
            session_is_equal(key, sessions.all[i].key_secret))
            return true;
    }
    return false;
}

struct session *
session_of(struct evhttp_request *req)
{
    const char *key = session_header(req, "X-Station-Key");
    const char *cookies = session_header(req, "Cookie");

    for (size_t i = 0; key != NULL && i < SESSIONS_MAX; i++) {
        struct session *s = &sessions.all[i];

        if (s->used && session_is_equal(key, s->key_secret) &&
            session_is_cookie(cookies, s->cookie_secret)) {
            s->asked_ms = cli_now_ms();
            return s;
        }
    }
    return NULL;
}

void
session_write_cookie(const struct session *s, struct evhttp_request *req,
                     char *out, size_t size)
{
    const char *host = session_header(req, "Host");
    const char *port = host != NULL ? strrchr(host, ':') : NULL;
    size_t digits = port != NULL ? strspn(port + 1, "0123456789") : 0;

    (void)snprintf(out, size,
                   COOKIE_NAME "%s%.5s=%s; HttpOnly; SameSite=Strict; "
                               "Path=/api",
                   digits > 0 ? "-" : "", digits > 0 ? port + 1 : "",
                   s->cookie_secret);
}

void
session_listens(struct session *s, bool listens)
{
    s->asked_ms = cli_now_ms();
    if (listens)
        s->streams++;
    else
        s->streams--;
}

void
sessions_tick(void)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        if (sessions.all[i].used &&
            session_is_gone(&sessions.all[i], FORGOTTEN_MS))
            session_end(&sessions.all[i]);
    }
}

const char *
session_key(const struct session *s)
{
    return s->key_secret;
}

bool
session_operates(const struct session *s)
{
    return s == sessions.acting;
}

bool
session_take_over(struct session *s)
{
    if (!s->may_operate)
        return false;
    if (sessions.acting != NULL && sessions.acting != s)
        shift_lock();
    session_set_operator(s);
    return true;
}

json_t *
session_json(const struct session *s)
{
    return json_pack("{s:b, s:b, s:b}", "operates", session_operates(s),
                     "may_operate", s->may_operate, "operator",
                     sessions.acting != NULL);
}

void
session_end(struct session *s)
{
    streams_end(s);
    if (session_operates(s)) {
        shift_lock();
        session_set_operator(NULL);
    }
    cli_wipe(s, sizeof(*s));
}
