/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a head of a request may look like. */
#include "web/guard.h"

#include <string.h>
#include <strings.h>

#include "cli/cli.h"

void
guard_begin(struct guard *g)
{
    cli_wipe(g->line, g->size);
    g->len = 0;
    g->body = 0;
    g->lines = 0;
    g->verdict = 0;
    g->posts = false;
    g->has_length = false;
    g->has_host = false;
}

/* METHOD SP /path SP HTTP/1.1, and nothing else. */
static unsigned
guard_first_line(struct guard *g, char *line)
{
    static const char path[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789/?&=._-";
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    size_t method;

    if (version == NULL)
        return 400;
    method = (size_t)(target - line);
    if (method == 0 || strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < method)
        return 400;
    if (strcmp(version, " HTTP/1.1") != 0)
        return strncmp(version, " HTTP/", 6) == 0 && strlen(version) == 9 ? 505
                                                                          : 400;
    *version = '\0';
    if (target[1] != '/' || strspn(target + 1, path) != strlen(target + 1))
        return 400;
    g->posts = strncmp(line, "POST ", 5) == 0;
    if (g->saw != NULL)
        g->saw(g->user, NULL, target + 1);
    return g->posts || strncmp(line, "GET ", 4) == 0 ? 0 : 405;
}

/* A decimal number, and no larger than a body may be. */
static unsigned
guard_length(struct guard *g, const char *value)
{
    size_t digits = strspn(value, "0123456789");
    size_t n = 0;

    if (g->has_length || digits == 0 || value[digits] != '\0')
        return 400;
    g->has_length = true;
    for (size_t i = 0; i < digits && n <= g->body_max; i++)
        n = 10 * n + (size_t)(value[i] - '0');
    if (n > g->body_max)
        return 413;
    g->body = n;
    return n > 0 && !g->posts ? 400 : 0;
}

static unsigned
guard_header_line(struct guard *g, char *line)
{
    static const char name_characters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    static const char *const refused[] = {"Transfer-Encoding", "Trailer",
                                          "Expect", "Upgrade"};
    size_t len = strspn(line, name_characters);
    char *value = line + len + 1;

    if (len == 0 || line[len] != ':') /* also a folded line */
        return 400;
    line[len] = '\0';
    value += strspn(value, " ");
    for (size_t i = strlen(value); i > 0 && value[i - 1] == ' '; i--)
        value[i - 1] = '\0';
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        if (strcasecmp(line, refused[i]) == 0)
            return 400;
    }
    if (g->saw != NULL)
        g->saw(g->user, line, value);
    if (strcasecmp(line, "Content-Length") == 0)
        return guard_length(g, value);
    if (strcasecmp(line, "Host") != 0)
        return 0;
    if (g->has_host)
        return 400;
    g->has_host = true;
    return 0;
}

/* Without its CR LF. */
static unsigned
guard_line(struct guard *g)
{
    g->line[g->len] = '\0';
    if (++g->lines > GUARD_LINES_MAX)
        return 431;
    if (g->lines == 1)
        return guard_first_line(g, g->line);
    if (g->len > 0)
        return guard_header_line(g, g->line);
    return g->has_host && (g->has_length || !g->posts) ? 200 : 400;
}

unsigned
guard_look(struct guard *g, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && g->verdict == 0; i++) {
        bool after_cr = g->len > 0 && g->line[g->len - 1] == '\r';

        if (data[i] == '\n' && after_cr) {
            g->len--;
            g->verdict = guard_line(g);
            g->len = 0;
        } else if (after_cr || (data[i] < ' ' && data[i] != '\r') ||
                   data[i] > '~') {
            g->verdict = 400;
        } else if (g->len == g->size - 1) {
            g->verdict = 431;
        } else {
            g->line[g->len++] = (char)data[i];
        }
    }
    return g->verdict;
}
