/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parses HOST:PORT; needs no sockets. */
#include <string.h>

#include "util/text.h"
#include "transport/net/tcp.h"

#define PORT_MAX 65535u

/* The host lies in [begin, end); false: it is empty or too long. */
static bool
address_take_host(struct tcp_address *out, const char *begin, const char *end)
{
    size_t len = (size_t)(end - begin);

    if (len == 0 || len >= sizeof(out->host))
        return false;
    memcpy(out->host, begin, len);
    out->host[len] = '\0';
    return true;
}

bool
sfi__tcp_parse_listener(const char *text, struct tcp_address *out)
{
    const char *begin = text;
    const char *end = strchr(text, ':');
    const char *colon = end;
    uint64_t port;

    if (*text == '[') {
        begin = text + 1;
        end = strchr(begin, ']');
        colon = end != NULL ? end + 1 : NULL;
    }
    if (colon == NULL || *colon != ':' || !address_take_host(out, begin, end))
        return false;
    if (!sfi__text_to_u64(colon + 1, PORT_MAX, &port))
        return false;
    sfi__text_format(out->port, sizeof(out->port), "%u", (unsigned)port);
    return true;
}

bool
sfi__tcp_parse_address(const char *text, struct tcp_address *out)
{
    return sfi__tcp_parse_listener(text, out) &&
           !(out->port[0] == '0' && out->port[1] == '\0');
}
