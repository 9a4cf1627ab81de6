/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where a request comes from: a page of another origin may not ask, by
 * whatever name it reached this program. */
#include <string.h>

#include "station/local.h"

/* A name that is this machine, whatever a DNS server says: behind a tunnel the
 * port may be another one. */
static bool
origin_is_own_host(const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

    for (size_t i = 0; host != NULL && i < sizeof(names) / sizeof(*names);
         i++) {
        size_t len = strlen(names[i]);

        if (strncmp(host, names[i], len) == 0 &&
            (host[len] == '\0' ||
             (host[len] == ':' && host[len + 1] != '\0' &&
              strspn(host + len + 1, "0123456789") == strlen(host + len + 1))))
            return true;
    }
    return false;
}

/* "https://line7.lan" or the host of one, as the command line allows them. */
static bool
origin_is_allowed(const struct settings *s, const char *host)
{
    for (size_t i = 0; host != NULL && i < s->origin_count; i++) {
        const char *origin = strstr(s->origins[i], "://");

        if (origin != NULL && strcmp(origin + 3, host) == 0)
            return true;
    }
    return false;
}

/* A link that somebody followed, from wherever: it leads to the page, which has
 * no secrets, and not into a frame. */
static bool
origin_is_link(struct evkeyvalq *in)
{
    const char *mode = evhttp_find_header(in, "Sec-Fetch-Mode");
    const char *dest = evhttp_find_header(in, "Sec-Fetch-Dest");

    return mode != NULL && strcmp(mode, "navigate") == 0 && dest != NULL &&
           strcmp(dest, "document") == 0;
}

bool
origin_is_ours(const struct settings *s, struct evhttp_request *req,
               enum origin_use use)
{
    struct evkeyvalq *in = evhttp_request_get_input_headers(req);
    const char *host = evhttp_find_header(in, "Host");
    const char *origin = evhttp_find_header(in, "Origin");
    const char *site = evhttp_find_header(in, "Sec-Fetch-Site");
    const char *behind = origin != NULL ? strstr(origin, "://") : NULL;

    if (!origin_is_own_host(host) && !origin_is_allowed(s, host))
        return false;
    if (site != NULL && strcmp(site, "same-origin") != 0 &&
        (use != ORIGIN_PAGE ||
         (strcmp(site, "none") != 0 && !origin_is_link(in))))
        return false;
    if (origin == NULL)
        return use != ORIGIN_POST;
    return behind != NULL && strcmp(behind + 3, host) == 0;
}
