/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Requests: which there are, what they have to be, and their answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>

#include "served/served.h"
#include "served/writer.h"

#define MESSAGE_MAX 256u

/* ---- texts ---- */

char *
api_hex(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
    return out;
}

static bool
hex_digit(char c, uint8_t *out)
{
    if (c >= '0' && c <= '9')
        *out = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *out = (uint8_t)(c - 'a' + 10);
    else
        return false;
    return true;
}

static bool
hex_read(const char *text, uint8_t *out, size_t len)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        uint8_t high, low;

        if (!hex_digit(text[2 * i], &high) || !hex_digit(text[2 * i + 1], &low))
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

char *
api_error_text(sfi_status st, const char *message, uint32_t count)
{
    json_t *root = json_object();
    char clean[4 * MESSAGE_MAX];
    char *text;

    sfi_text_escape(message, clean, sizeof(clean));
    (void)json_object_set_new(root, "status", json_string(sfi_status_name(st)));
    (void)json_object_set_new(root, "message", json_string(clean));
    (void)json_object_set_new(root, "count",
                              json_string(writer_count_name(count)));
    text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* ---- a request that is read ---- */

struct asked {
    struct evhttp_request *req;
    struct station *station;
    enum told_path path;
    struct firmware *firmware;
    const char *firmware_name;
    uint64_t began_us;
    struct job *job;
    json_t *body;
    struct evkeyvalq query;
};

static void
asked_answer(struct asked *a, unsigned http, sfi_status st, char *body,
             unsigned retry_s)
{
    const struct told told = {
        .path = a->path,
        .station = station_name(a->station),
        .firmware = a->firmware != NULL ? firmware_name(a->firmware) : NULL,
        .http = http,
        .st = st,
        .began_us = a->began_us,
    };

    http_answer(a->req, http, body, retry_s, http == 400 || http == 403);
    told_request(&told);
    told_flush();
}

/* False, so that a check can end with it. */
static bool
asked_refuse(struct asked *a, unsigned http, sfi_status st, unsigned retry_s,
             const char *message)
{
    asked_answer(a, http, st, api_error_text(st, message, SFI_COUNT_NONE),
                 retry_s);
    return false;
}

static bool
asked_refuse_member(struct asked *a, const char *name, const char *expected)
{
    char text[MESSAGE_MAX];

    (void)snprintf(text, sizeof(text), "\"%.40s\": expected %s", name,
                   expected);
    return asked_refuse(a, 400, SFI_ERR_FORMAT, 0, text);
}

/* ---- members of a body ---- */

enum member_kind { MEMBER_TEXT, MEMBER_HEX, MEMBER_NUMBER, MEMBER_OBJECT };

struct member {
    const char *name;
    enum member_kind kind;
    bool needed;
    size_t len; /* of bytes */
    void *out;  /* const char *, bytes, uint64_t, json_t * */
    uint64_t min, max;
    bool *is_there; /* or NULL */
};

static bool
member_read(struct asked *a, const struct member *m, json_t *value)
{
    static const char *const expected[] = {"a text", "bytes in lower-case hex",
                                           "a whole number", "an object"};
    char text[80];
    bool good = false;

    switch (m->kind) {
    case MEMBER_TEXT:
        good = json_is_string(value);
        if (good)
            *(const char **)m->out = json_string_value(value);
        break;
    case MEMBER_HEX:
        good = json_is_string(value) &&
               hex_read(json_string_value(value), m->out, m->len);
        break;
    case MEMBER_NUMBER:
        good = json_is_integer(value) && json_integer_value(value) >= 0 &&
               (uint64_t)json_integer_value(value) >= m->min &&
               (uint64_t)json_integer_value(value) <= m->max;
        if (good)
            *(uint64_t *)m->out = (uint64_t)json_integer_value(value);
        break;
    case MEMBER_OBJECT:
        good = json_is_object(value);
        if (good)
            *(json_t **)m->out = value;
        break;
    }
    if (good)
        return true;
    if (m->kind == MEMBER_HEX)
        (void)snprintf(text, sizeof(text), "%zu %s", m->len, expected[m->kind]);
    else if (m->kind == MEMBER_NUMBER)
        (void)snprintf(text, sizeof(text), "%s from %llu to %llu",
                       expected[m->kind], (unsigned long long)m->min,
                       (unsigned long long)m->max);
    else
        (void)snprintf(text, sizeof(text), "%s", expected[m->kind]);
    return asked_refuse_member(a, m->name, text);
}

/* Each once, all that are needed, and no others. */
static bool
members_read(struct asked *a, json_t *object, const struct member *members,
             size_t count)
{
    const char *name;
    json_t *value;
    char text[MESSAGE_MAX];

    json_object_foreach(object, name, value)
    {
        size_t i = 0;

        while (i < count && strcmp(members[i].name, name) != 0)
            i++;
        if (i == count) {
            (void)snprintf(text, sizeof(text), "unknown member \"%.40s\"",
                           name);
            return asked_refuse(a, 400, SFI_ERR_FORMAT, 0, text);
        }
        if (!member_read(a, &members[i], value))
            return false;
        if (members[i].is_there != NULL)
            *members[i].is_there = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].needed &&
            json_object_get(object, members[i].name) == NULL) {
            (void)snprintf(text, sizeof(text), "\"%s\" is missing",
                           members[i].name);
            return asked_refuse(a, 400, SFI_ERR_FORMAT, 0, text);
        }
    }
    return true;
}

static bool
body_read(struct asked *a)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(a->req);
    size_t len = evbuffer_get_length(in);
    const char *data = (const char *)evbuffer_pullup(in, -1);
    char text[MESSAGE_MAX];
    json_error_t error;

    if (len > 0 && data != NULL)
        a->body = json_loadb(data, len, JSON_REJECT_DUPLICATES, &error);
    else
        (void)snprintf(error.text, sizeof(error.text), "it is empty");
    if (json_is_object(a->body))
        return true;
    (void)snprintf(text, sizeof(text), "the body is no JSON object: %.100s",
                   a->body != NULL ? "it is something else" : error.text);
    return asked_refuse(a, 400, SFI_ERR_FORMAT, 0, text);
}

/* ---- may this station ask, and can it be answered? ---- */

static bool
asked_check_rate(struct asked *a)
{
    unsigned retry_s = 0;

    switch (station_request(a->station, &retry_s)) {
    case STATION_TOO_MANY_REQUESTS:
        return asked_refuse(a, 429, SFI_ERR_LIMIT, retry_s,
                            "too many requests of this station in a minute");
    case STATION_UNKNOWN:
        return asked_refuse(a, 403, SFI_ERR_ACCESS, 0,
                            "the server has no [station] for this one");
    default:
        return true;
    }
}

static bool
asked_check_device(struct asked *a)
{
    unsigned retry_s = 0;

    return station_device(a->station, &retry_s) == STATION_MAY ||
           asked_refuse(a, 429, SFI_ERR_LIMIT, retry_s,
                        "too many new devices of this station today");
}

static bool
asked_check_firmware(struct asked *a)
{
    a->firmware = firmware_find(a->firmware_name);
    if (a->firmware == NULL)
        return asked_refuse(a, 404, SFI_ERR_ARGUMENT, 0,
                            "the server has no firmware of this name");
    if (!station_may_have(a->station, a->firmware))
        return asked_refuse(a, 403, SFI_ERR_ACCESS, 0,
                            "this station may not ask for this firmware");
    return true;
}

/* The firmware is of the station, and served. */
static const char *
api_state_text(enum writer_state state)
{
    return http_is_draining() ? "draining" : firmware_state_text(state);
}

static bool
asked_give(struct asked *a)
{
    enum writer_state state = firmware_state(a->firmware);
    char text[MESSAGE_MAX];

    a->job->firmware = a->firmware;
    a->job->request = a->req;
    a->job->station = a->station;
    a->job->began_us = a->began_us;
    if (!http_is_draining() && firmware_ask(a->firmware, a->job)) {
        a->job = NULL; /* the writer's */
        return true;
    }
    if (state == WRITER_ROLLED_BACK && !http_is_draining()) {
        firmware_why(a->firmware, text, sizeof(text));
        return asked_refuse(a, 409, SFI_ERR_HSM_ROLLBACK, 0, text);
    }
    (void)snprintf(text, sizeof(text), "the server does not serve now: %s",
                   api_state_text(state));
    return asked_refuse(a, 503, SFI_ERR_IO, 1, text);
}

/* ---- the requests ---- */

static bool
license_read_known(struct asked *a, json_t *known)
{
    struct job *j = a->job;
    const struct member members[] = {
        {"sequence", MEMBER_NUMBER, true, .out = &j->known, .max = INT64_MAX},
        {"head", MEMBER_HEX, true, .len = sizeof(j->known_head),
         .out = j->known_head},
    };

    return known == NULL || members_read(a, known, members, 2);
}

static bool
license_read(struct asked *a)
{
    struct job *j = a->job;
    const char *kind = NULL;
    json_t *known = NULL;
    uint64_t session = 0;
    bool has_session = false;
    const struct member members[] = {
        {"firmware", MEMBER_TEXT, true, .out = &a->firmware_name},
        {"certificate", MEMBER_HEX, true, .len = sizeof(j->cert),
         .out = j->cert},
        {"kind", MEMBER_TEXT, true, .out = &kind},
        {"session", MEMBER_NUMBER, false, .out = &session, .min = 1,
         .max = UINT32_MAX, .is_there = &has_session},
        {"image", MEMBER_HEX, false, .len = sizeof(j->image), .out = j->image,
         .is_there = &j->has_image},
        {"known", MEMBER_OBJECT, false, .out = &known,
         .is_there = &j->has_known},
    };

    if (!members_read(a, a->body, members,
                      sizeof(members) / sizeof(*members)) ||
        !license_read_known(a, known))
        return false;
    j->is_live = strcmp(kind, "live") == 0;
    j->session = (uint32_t)session;
    if (!j->is_live && strcmp(kind, "static") != 0)
        return asked_refuse_member(a, "kind", "\"static\" or \"live\"");
    if (j->is_live != has_session)
        return asked_refuse_member(a, "session",
                                   "it for a live licence, and only then");
    return true;
}

static bool
license_ask(struct asked *a)
{
    bool given;

    if (!asked_check_device(a))
        return false;
    given = asked_give(a);
    if (!given)
        station_device_done(a->station, SFI_COUNT_NONE);
    return given;
}

static bool
check_read(struct asked *a)
{
    struct job *j = a->job;
    const struct member members[] = {
        {"firmware", MEMBER_TEXT, true, .out = &a->firmware_name},
        {"image", MEMBER_HEX, true, .len = sizeof(j->image), .out = j->image},
    };

    return members_read(a, a->body, members, 2);
}

static bool
lease_read(struct asked *a)
{
    struct job *j = a->job;
    const struct member members[] = {
        {"firmware", MEMBER_TEXT, true, .out = &a->firmware_name},
        {"request", MEMBER_HEX, true, .len = sizeof(j->lease_request),
         .out = j->lease_request},
        {"count", MEMBER_NUMBER, true, .out = &j->lease_count, .min = 1,
         .max = SFI_HSM_COUNT_MAX},
        {"seconds", MEMBER_NUMBER, true, .out = &j->lease_seconds, .min = 1,
         .max = SFI_LEASE_SECONDS_MAX},
    };

    return members_read(a, a->body, members, 4);
}

static bool
return_read(struct asked *a)
{
    struct job *j = a->job;
    const struct member members[] = {
        {"firmware", MEMBER_TEXT, true, .out = &a->firmware_name},
        {"end", MEMBER_HEX, true, .len = sizeof(j->lease_end),
         .out = j->lease_end},
    };

    return members_read(a, a->body, members, 2);
}

static bool
lease_ask(struct asked *a)
{
    if (!station_may_lease(a->station))
        return asked_refuse(a, 403, SFI_ERR_ACCESS, 0,
                            "this station may not lease");
    return asked_give(a);
}

/* What the station has seen, as in a request for a licence. */
static bool
query_read_known(struct asked *a, const struct evkeyval *pair, bool *has_head)
{
    struct job *j = a->job;

    if (strcmp(pair->key, "sequence") == 0 && !j->has_known)
        j->has_known = cli_number(pair->value, INT64_MAX, &j->known);
    else if (strcmp(pair->key, "head") == 0 && !*has_head)
        *has_head = hex_read(pair->value, j->known_head, sizeof(j->known_head));
    else
        return false;
    return *has_head || j->has_known;
}

/* The words of a GET: each once, and no others. */
static bool
query_read(struct asked *a, bool has_from)
{
    const char *uri = evhttp_request_get_uri(a->req);
    const char *query = strchr(uri, '?');
    struct evkeyval *pair;
    bool has_head = false;

    a->job->from = 1;
    if (query != NULL && evhttp_parse_query_str(query + 1, &a->query) != 0)
        return asked_refuse(a, 400, SFI_ERR_FORMAT, 0, "not a query");
    if (query == NULL)
        TAILQ_INIT(&a->query);
    TAILQ_FOREACH(pair, &a->query, next)
    {
        bool is_first = a->firmware_name == NULL;

        if (strcmp(pair->key, "firmware") == 0 && is_first)
            a->firmware_name = pair->value;
        else if (!has_from && query_read_known(a, pair, &has_head))
            continue;
        else if (strcmp(pair->key, "from") != 0 || !has_from ||
                 !cli_number(pair->value, INT64_MAX, &a->job->from) ||
                 a->job->from == 0)
            return asked_refuse_member(a, pair->key,
                                       has_from ? "?firmware=NAME&from=N"
                                                : "?firmware=NAME");
    }
    if (has_head != a->job->has_known)
        return asked_refuse_member(a, has_head ? "sequence" : "head",
                                   "both of them or none");
    return a->firmware_name != NULL ||
           asked_refuse(a, 400, SFI_ERR_FORMAT, 0, "?firmware=NAME is missing");
}

static bool
info_read(struct asked *a)
{
    return query_read(a, false);
}

static bool
audit_read(struct asked *a)
{
    return query_read(a, true);
}

static const struct route {
    const char *path;
    enum told_path told;
    enum job_kind kind;
    bool posts;
    bool (*read)(struct asked *a);
    bool (*ask)(struct asked *a);
} routes[] = {
    {"/v1/license", PATH_LICENSE, JOB_LICENSE, true, license_read, license_ask},
    {"/v1/check", PATH_CHECK, JOB_CHECK, true, check_read, asked_give},
    {"/v1/info", PATH_INFO, JOB_INFO, false, info_read, asked_give},
    {"/v1/lease", PATH_LEASE, JOB_LEASE, true, lease_read, lease_ask},
    {"/v1/return", PATH_RETURN, JOB_RETURN, true, return_read, lease_ask},
    {"/v1/audit", PATH_AUDIT, JOB_AUDIT, false, audit_read, asked_give},
};

static const struct route *
route_find(const char *uri)
{
    size_t len = strcspn(uri, "?");

    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (strlen(routes[i].path) == len &&
            strncmp(routes[i].path, uri, len) == 0)
            return &routes[i];
    }
    return NULL;
}

/* ---- health and metrics ---- */

/* All firmwares are served here; else why not. */
static bool
api_is_serving(const char **state)
{
    *state = http_is_draining() ? "draining" : "serving";
    for (size_t i = 0; i < firmware_count(); i++) {
        enum writer_state s = firmware_state(firmware_at(i));

        if (s != WRITER_SERVING)
            *state = api_state_text(s);
    }
    return strcmp(*state, "serving") == 0;
}

static bool
api_tell_health(struct asked *a, const char *uri)
{
    const char *state;
    bool serving = api_is_serving(&state);
    json_t *root;
    char *text;

    if (strcmp(uri, "/healthz") == 0) {
        a->path = PATH_HEALTH;
        root = json_object();
        (void)json_object_set_new(root, "status", json_string(state));
        text = json_dumps(root, JSON_COMPACT);
        json_decref(root);
        asked_answer(a, serving ? 200 : 503, SFI_OK, text, serving ? 0 : 1);
        return true;
    }
    if (strcmp(uri, "/metrics") == 0) {
        a->path = PATH_METRICS;
        asked_answer(a, 200, SFI_OK, told_metrics(http_connections(), serving),
                     0);
        return true;
    }
    return false;
}

void
api_plain_request(struct evhttp_request *req)
{
    struct asked a = {
        .req = req, .path = PATH_OTHER, .began_us = told_now_us()};

    if (!api_tell_health(&a, evhttp_request_get_uri(req)))
        (void)asked_refuse(&a, 404, SFI_ERR_ARGUMENT, 0,
                           "there are /healthz and /metrics here");
}

/* ---- begin and end of a request ---- */

static void
asked_route(struct asked *a, const struct route *r)
{
    a->path = r->told;
    a->job = calloc(1, sizeof(*a->job));
    if (a->job == NULL) {
        (void)asked_refuse(a, 503, SFI_ERR_NOMEM, 1,
                           "the server has no memory");
        return;
    }
    a->job->kind = r->kind;
    if ((!r->posts || body_read(a)) && r->read(a) && asked_check_firmware(a))
        (void)r->ask(a);
    if (a->job != NULL)
        job_free(a->job);
}

void
api_request(struct evhttp_request *req, struct station *station)
{
    struct asked a = {.req = req,
                      .station = station,
                      .path = PATH_OTHER,
                      .began_us = told_now_us()};
    const char *uri = evhttp_request_get_uri(req);
    const struct route *r = route_find(uri);
    bool posts = evhttp_request_get_command(req) == EVHTTP_REQ_POST;

    TAILQ_INIT(&a.query);
    if (!posts && api_tell_health(&a, uri))
        return;
    if (!asked_check_rate(&a))
        return;
    if (r == NULL)
        (void)asked_refuse(&a, 404, SFI_ERR_ARGUMENT, 0, "no such path");
    else if (r->posts != posts)
        (void)asked_refuse(&a, 405, SFI_ERR_ARGUMENT, 0,
                           r->posts ? "expected POST" : "expected GET");
    else
        asked_route(&a, r);
    json_decref(a.body);
    evhttp_clear_headers(&a.query);
}

void
api_answer(struct job *j)
{
    static const enum told_path paths[] = {
        [JOB_LICENSE] = PATH_LICENSE, [JOB_CHECK] = PATH_CHECK,
        [JOB_INFO] = PATH_INFO,       [JOB_AUDIT] = PATH_AUDIT,
        [JOB_LEASE] = PATH_LEASE,     [JOB_RETURN] = PATH_RETURN,
    };
    const struct told told = {
        .path = paths[j->kind],
        .station = station_name(j->station),
        .firmware = firmware_name(j->firmware),
        .device = j->device,
        .http = j->http,
        .st = j->st,
        .again = j->again,
        .began_us = j->began_us,
    };

    if (j->kind == JOB_LICENSE)
        station_device_done(j->station, j->count);
    http_answer(j->request, j->http, j->body, j->http == 503 ? 1 : 0, false);
    j->body = NULL;
    told_request(&told);
}
