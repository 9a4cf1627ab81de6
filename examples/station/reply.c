/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Answers, and the members of requests. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/station.h"

static void
reply_clear(struct reply *r)
{
    free(r->body);
    r->body = NULL;
    r->len = 0;
    r->name[0] = '\0';
    r->type = "application/json";
}

static void
reply_set(struct reply *r, unsigned code, json_t *value)
{
    reply_clear(r);
    r->body = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    r->len = r->body != NULL ? strlen(r->body) : 0;
    r->code = r->body != NULL ? code : 500;
}

void
reply_json(struct reply *r, json_t *value)
{
    reply_set(r, 200, value);
}

void
reply_bytes(struct reply *r, const char *type, const void *data, size_t len)
{
    reply_clear(r);
    r->body = malloc(len + 1);
    r->code = r->body != NULL ? 200 : 500;
    r->type = type;
    if (r->body == NULL)
        return;
    memcpy(r->body, data, len);
    r->len = len;
}

json_t *
failure_json(sfi_status st, const char *where, const char *message)
{
    const char *hint = sfi_status_hint(st);

    return json_pack("{s:i, s:s, s:s, s:s, s:s}", "status", (int)st, "name",
                     sfi_status_name(st), "where", where, "message", message,
                     "hint", hint != NULL ? hint : "");
}

/* What a browser needs to know: whether it may ask the same again. */
static unsigned
reply_code(sfi_status st)
{
    switch (st) {
    case SFI_ERR_NOMEM:
        return 503;
    case SFI_ERR_STATE:
        return 409;
    default:
        return 422;
    }
}

void
reply_failure(struct reply *r, const sfi_ctx *ctx, sfi_status st)
{
    const sfi_error *e = sfi_ctx_error(ctx);

    reply_set(
        r, reply_code(st),
        json_pack("{s:o}", "error",
                  failure_json(st, sfi_error_where(e), sfi_error_message(e))));
}

void
reply_refuse(struct reply *r, sfi_status st, const char *where, const char *fmt,
             ...)
{
    char message[1024];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    reply_set(r, reply_code(st),
              json_pack("{s:o}", "error", failure_json(st, where, message)));
}

const char *
ask_text(const struct ask *a, const char *name)
{
    const char *text = json_string_value(json_object_get(a->json, name));

    return text != NULL ? text : "";
}

json_int_t
ask_number(const struct ask *a, const char *name, json_int_t absent)
{
    const json_t *value = json_object_get(a->json, name);

    return json_is_integer(value) ? json_integer_value(value) : absent;
}

bool
ask_bool(const struct ask *a, const char *name)
{
    return json_is_true(json_object_get(a->json, name));
}
