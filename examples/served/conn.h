/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A station's connection: what libevent's HTTP server does not limit. */
#ifndef SERVED_CONN_H
#define SERVED_CONN_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "served/served.h"

#define CONN_LINE_MAX 1024u
#define CONN_BODY_MAX 8192u /* two certificates would do */

struct conn;

/* The function that evhttp makes connections with: TLS, with a struct conn. */
struct bufferevent *conn_make(struct event_base *base, void *tls);
/* NULL: there is no TLS, so nobody may be served. */
struct conn *conn_of(struct evhttp_request *req);
struct station *conn_station(const struct conn *c);
/* A request is whole, and will be answered. */
void conn_begin_request(struct conn *c, struct evhttp_request *req);
/* It is to be closed after the answer: its certificates are those of before a
 * reload. */
bool conn_must_close(const struct conn *c);
/* All that are there now: the idle ones at once, the others after their answer.
 */
void conns_close(void);
size_t conns_count(void);
size_t conns_shaking(void); /* that are not known yet */
/* They are too many: a station needs milliseconds for its handshake. */
void conns_hurry(void);
/* Called when one is gone, or is known. */
void conns_set_changed(void (*changed)(void));
/* Once for each SSL_CTX. */
void conn_watch(SSL_CTX *tls);

#endif
