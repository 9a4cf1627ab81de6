/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Writes JSON value by value. */
#include "util/json.h"

#include <string.h>

#include "util/text.h"

static void
json_put(struct json_writer *j, const char *text, size_t len)
{
    j->failed = j->failed || !sfi__buf_append(j->out, text, len);
}

static void
json_put_text(struct json_writer *j, const char *text)
{
    j->failed = j->failed || !sfi__text_to_json(j->out, text);
}

static void
json_break(struct json_writer *j)
{
    json_put(j, "\n", 1);
    j->failed = j->failed || !sfi__buf_fill(j->out, ' ', (size_t)2 * j->depth);
}

/* What stands before a value: comma, line break, its name. */
static void
json_lead(struct json_writer *j, const char *name)
{
    if (j->filled)
        json_put(j, j->indented ? "," : ", ", j->indented ? 1 : 2);
    if (j->indented && j->depth > 0)
        json_break(j);
    j->filled = true;
    if (name == NULL)
        return;
    json_put_text(j, name);
    json_put(j, ": ", 2);
}

void
sfi__json_open(struct json_writer *j, const char *name, char bracket)
{
    json_lead(j, name);
    json_put(j, &bracket, 1);
    j->depth++;
    j->filled = false;
}

void
sfi__json_close(struct json_writer *j, char bracket)
{
    j->depth--;
    if (j->indented && j->filled)
        json_break(j);
    json_put(j, &bracket, 1);
    j->filled = true;
}

void
sfi__json_raw(struct json_writer *j, const char *json, size_t len)
{
    json_lead(j, NULL);
    json_put(j, json, len);
}

void
sfi__json_text(struct json_writer *j, const char *name, const char *text)
{
    json_lead(j, name);
    json_put_text(j, text);
}

void
sfi__json_number(struct json_writer *j, const char *name, uint64_t number)
{
    char text[24];

    sfi__text_format(text, sizeof(text), "%llu", (unsigned long long)number);
    json_lead(j, name);
    json_put(j, text, strlen(text));
}

void
sfi__json_signed(struct json_writer *j, const char *name, int64_t number)
{
    char text[24];

    sfi__text_format(text, sizeof(text), "%lld", (long long)number);
    json_lead(j, name);
    json_put(j, text, strlen(text));
}

void
sfi__json_bool(struct json_writer *j, const char *name, bool value)
{
    json_lead(j, name);
    json_put(j, value ? "true" : "false", value ? 4 : 5);
}
