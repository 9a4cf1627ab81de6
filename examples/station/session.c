/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Who asks.  A token, in the URL behind '#', where no server and no log sees
 * it, is exchanged for two secrets: a cookie that scripts cannot read, and a
 * key that only pages of this origin have.  A cookie alone would go to other
 * ports of this machine too, and a key alone could be read by a script.  A
 * request needs both. */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "station/local.h"

#define COOKIE_NAME "sfi-station"

struct session {
    bool used, may_operate;
    char cookie_secret[SESSION_SECRET_SIZE], key_secret[SESSION_SECRET_SIZE];
};

static struct {
    char operator_token_secret[SESSION_SECRET_SIZE];
    char viewer_token_secret[SESSION_SECRET_SIZE];
    struct session all[SESSIONS_MAX];
    struct session *operator;
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

    sessions.operator= s;
    tell("session/operator", json_integer(++changes));
}

struct session *
session_begin(const char *token)
{
    bool operates = session_is_equal(token, sessions.operator_token_secret);
    struct session *s = NULL;

    if (!operates && !session_is_equal(token, sessions.viewer_token_secret))
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX && s == NULL; i++) {
        if (!sessions.all[i].used)
            s = &sessions.all[i];
    }
    if (s == NULL || !session_random(s->cookie_secret, SESSION_SECRET_SIZE) ||
        !session_random(s->key_secret, SESSION_SECRET_SIZE))
        return NULL;
    s->used = true;
    s->may_operate = operates;
    if (operates && sessions.operator== NULL)
        session_set_operator(s);
    return s;
}

/* The value of our cookie, among others; false: it is not there. */
static bool
session_read_cookie(const char *header, char out[SESSION_SECRET_SIZE])
{
    static const char name[] = COOKIE_NAME "=";

    while (header != NULL && *header != '\0') {
        size_t len = strcspn(header, ";");

        if (len == sizeof(name) - 1 + SESSION_SECRET_SIZE - 1 &&
            strncmp(header, name, sizeof(name) - 1) == 0) {
            memcpy(out, header + sizeof(name) - 1, SESSION_SECRET_SIZE - 1);
            out[SESSION_SECRET_SIZE - 1] = '\0';
            return true;
        }
        header += len;
        header += strspn(header, "; ");
    }
    return false;
}

struct session *
session_of(struct evhttp_request *req)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
    const char *key = evhttp_find_header(headers, "X-Station-Key");
    char cookie_secret[SESSION_SECRET_SIZE];
    struct session *found = NULL;

    if (key == NULL ||
        !session_read_cookie(evhttp_find_header(headers, "Cookie"),
                             cookie_secret))
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++) {
        struct session *s = &sessions.all[i];

        if (s->used && session_is_equal(cookie_secret, s->cookie_secret) &&
            session_is_equal(key, s->key_secret))
            found = s;
    }
    cli_wipe(cookie_secret, sizeof(cookie_secret));
    return found;
}

const char *
session_cookie(const struct session *s)
{
    return s->cookie_secret;
}

const char *
session_key(const struct session *s)
{
    return s->key_secret;
}

bool
session_operates(const struct session *s)
{
    return s == sessions.operator;
}

bool
session_take_over(struct session *s)
{
    if (!s->may_operate)
        return false;
    if (sessions.operator!= NULL && sessions.operator!= s)
        shift_lock();
    session_set_operator(s);
    return true;
}

json_t *
session_json(const struct session *s)
{
    return json_pack("{s:b, s:b, s:b}", "operates", session_operates(s),
                     "may_operate", s->may_operate, "operator",
                     sessions.operator!= NULL);
}

void
session_end(struct session *s)
{
    if (session_operates(s)) {
        shift_lock();
        session_set_operator(NULL);
    }
    cli_wipe(s, sizeof(*s));
}
