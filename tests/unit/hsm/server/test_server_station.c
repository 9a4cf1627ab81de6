/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A station at licence servers that are a table here, in virtual time: what is
 * asked again, where, and when; what is told of the count; what the fence
 * refuses. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sfi/lease.h>

#include "core/ctx.h"
#include "core/err.h"
#include "hsm/server/station.h"

#include "fixture.h"

#define SERIAL "00112233445566778899aabbccddeeff"
#define FILES "cert=a.crt&key=a.key&ca=ca.crt&timeout=30"

/* ---- servers ---- */

/* An answer to a request, in the order in which they are begun; the last row is
 * repeated. */
struct play {
    unsigned code; /* 0: none comes, for the reason `st` */
    sfi_status st;
    uint32_t after_ms, retry_after_s;
    bool sent, hopeless;
    uint64_t sequence;
    const char *body; /* NULL: what is right */
};

static struct {
    const struct play *plays;
    uint64_t now;
    size_t begun, running, most, stopped;
    struct http_request *requests[64];
    struct play given[64];
    uint64_t due[64];
    uint64_t times[2048]; /* of each request */
    char urls[2048];      /* the HOST's letter of each */
    char last_path[600], last_body[2048];
    char other_bodies; /* 1: the bodies of tries differ */
    unsigned cancel_at;
} net;

static uint64_t
net_now(void *user)
{
    (void)user;
    return net.now;
}

static const struct clock net_clock = {.now_ms = net_now};

static sfi_status
net_start(void *user, struct http_request *r)
{
    size_t i = 0;

    (void)user;
    while (net.requests[i] != NULL)
        i++;
    net.running++;
    if (net.running > net.most)
        net.most = net.running;
    net.requests[i] = r;
    net.given[i] = *net.plays;
    net.due[i] = net.now + net.plays->after_ms;
    if (net.due[i] > net.now + r->timeout_ms) {
        net.due[i] = net.now + r->timeout_ms;
        net.given[i].code = 0;
        net.given[i].st = SFI_ERR_TIMEOUT;
        net.given[i].sent = true;
    }
    if (net.plays[1].code != 0 || net.plays[1].st != SFI_OK)
        net.plays++;
    net.times[net.begun] = net.now;
    net.urls[net.begun++] = r->url[8];
    (void)snprintf(net.last_path, sizeof(net.last_path), "%s", r->path);
    net.last_body[0] = '\0';
    if (r->body != NULL)
        (void)snprintf(net.last_body, sizeof(net.last_body), "%.*s",
                       (int)r->body->len, (const char *)r->body->data);
    r->done = false;
    sfi__buf_clear(&r->answer);
    return SFI_OK;
}

static void
net_write(struct http_request *r, const struct play *p)
{
    char head[65], text[3000], license[2 * SFI_LICENSE_LEN + 1];
    const char *body = p->body;

    memset(license, '5', sizeof(license));
    license[sizeof(license) - 1] = '\0';
    (void)snprintf(head, sizeof(head), "%064llx",
                   (unsigned long long)p->sequence);
    (void)snprintf(
        text, sizeof(text),
        "{\"license\":\"%s\",\"again\":false,\"serial\":\"" SERIAL "\","
        "\"sequence\":%llu,\"head\":\"%s\",\"remaining\":9,\"state\":"
        "\"operational\",\"firmware\":\"blink\",\"product\":\"45002001\","
        "\"maximum\":10,\"low_water\":1,\"flags\":0,\"records\":%llu,"
        "\"ca_public\":\"%s%s\",\"genesis\":\"%s\",\"mac\":\"%s\","
        "\"returned\":4}",
        license, (unsigned long long)p->sequence, head,
        (unsigned long long)p->sequence, head, head, head, head);
    if (body == NULL)
        body = text;
    if (!sfi__buf_append(&r->answer, body, strlen(body)))
        r->end = (struct http_end){.st = sfi__nomem(ctx)};
}

static void
net_end(size_t i)
{
    struct http_request *r = net.requests[i];
    const struct play *p = &net.given[i];

    r->end = (struct http_end){
        .st = p->code != 0 ? SFI_OK : p->st,
        .code = p->code,
        .retry_after_s = p->retry_after_s,
        .sent = p->sent || p->code != 0,
        .repeat = !p->hopeless,
    };
    if (p->code == 0)
        (void)snprintf(r->end.message, sizeof(r->end.message), "trouble");
    else
        net_write(r, p);
    r->done = true;
    net.requests[i] = NULL;
    net.running--;
}

static sfi_status
net_go_on(void *user, uint32_t wait_ms)
{
    uint64_t until = net.now + wait_ms;

    (void)user;
    ck_assert_uint_le(wait_ms, CTX_SLICE_MS);
    if (net.cancel_at != 0 && net.begun >= net.cancel_at)
        sfi_ctx_cancel(ctx, 1);
    for (size_t i = 0; i < 64; i++) {
        if (net.requests[i] != NULL && net.due[i] < until)
            until = net.due[i];
    }
    net.now = until;
    for (size_t i = 0; i < 64; i++) {
        if (net.requests[i] != NULL && net.due[i] <= net.now)
            net_end(i);
    }
    return SFI_OK;
}

static void
net_stop(void *user, struct http_request *r)
{
    (void)user;
    for (size_t i = 0; i < 64; i++) {
        if (net.requests[i] == r) {
            net.requests[i] = NULL;
            net.running--;
            net.stopped++;
        }
    }
}

static int closed;

static void
net_close(void *user, bool forked)
{
    (void)user;
    closed += forked ? 100 : 1;
}

static const struct http_ops net_ops = {net_start, net_go_on, net_stop,
                                        net_close};

/* ---- a station ---- */

static char folder[256];
static struct station *station;

static void
open_station(const char *more)
{
    struct server_name name;
    char text[600];

    sfi__clear_error(ctx);
    (void)snprintf(text, sizeof(text),
                   "https://a:1/blink?" FILES "&fence=%s/fence%s", folder,
                   more);
    ck_assert_ok(sfi__server_name_parse(ctx, text, &name));
    ck_assert_ok(sfi__station_open(ctx, &name, &(struct http){&net_ops, NULL},
                                   &station));
}

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    memset(&net, 0, sizeof(net));
    net.now = 1000;
    ctx->clock = &net_clock;
    closed = 0;
    open_station("");
}

static void
teardown(void)
{
    sfi__station_close(station);
    ck_assert_int_eq(closed, 1);
    ck_assert_uint_eq(net.running, 0);
    test_rmdir(folder);
    fixture_teardown();
}

static void
reopen(const char *more)
{
    sfi__station_close(station);
    closed = 0;
    open_station(more);
}

static const uint8_t cert[SFI_CERTIFICATE_LEN] = {1, 2, 3};
static uint8_t license[SFI_LICENSE_LEN];

/* The serial number is asked for first. */
static sfi_status
ask_license(const struct play *plays)
{
    size_t len = sizeof(license);

    net.plays = plays;
    sfi__clear_error(ctx);
    return sfi__station_license(station, cert, sizeof(cert), 0, license, &len);
}

static sfi_status
ask_info(const struct play *plays)
{
    struct answer_info info;

    net.plays = plays;
    sfi__clear_error(ctx);
    return sfi__station_info(station, &info);
}

static const struct play all_well[2] = {{.code = 200, .sequence = 7}};

/* ---- repetitions ---- */

START_TEST(test_first_answer)
{
    ck_assert_ok(ask_license(all_well));
    ck_assert_uint_eq(net.begun, 2);
    ck_assert_uint_eq(license[0], 0x55);
    ck_assert_str_eq(net.last_path, "/v1/license");
    ck_assert_ptr_nonnull(strstr(net.last_body, "{\"firmware\": \"blink\""));
    ck_assert_ptr_nonnull(strstr(net.last_body, "\"certificate\": \"010203"));
    ck_assert_ptr_nonnull(strstr(net.last_body, "\"kind\": \"static\""));
    ck_assert_ptr_nonnull(
        strstr(net.last_body, "\"known\": {\"sequence\": 7, \"head\": \"0"));
    ck_assert_ptr_null(strstr(net.last_body, "session"));
    ck_assert_ptr_null(strstr(net.last_body, "image"));
}
END_TEST

/* Waits grow, and there is an end. */
START_TEST(test_waits_grow)
{
    static const struct play away[2] = {{.st = SFI_ERR_NO_DEVICE}};

    ck_assert_fails_about(ask_info(away), SFI_ERR_NO_DEVICE, "", "trouble",
                          "asked", "times");
    ck_assert_uint_ge(net.begun, 8);
    ck_assert_uint_le(net.begun, 24);
    ck_assert_uint_le(net.times[1] - net.times[0], 100);
    ck_assert_uint_ge(net.times[net.begun - 1] - net.times[net.begun - 2],
                      1000);
    ck_assert_uint_le(net.now, 31000);
    ck_assert_ptr_null(
        strstr(sfi_error_message(sfi_ctx_error(ctx)), "counted"));
}
END_TEST

START_TEST(test_answers_later)
{
    static const struct play plays[] = {
        {.code = 503, .body = "{}"},
        {.st = SFI_ERR_IO, .sent = true},
        {.code = 503, .retry_after_s = 7, .body = "{}"},
        {.code = 200, .sequence = 1},
        {.code = 0}};

    ck_assert_ok(ask_info(plays));
    ck_assert_uint_eq(net.begun, 4);
    ck_assert_uint_ge(net.times[3] - net.times[2], 7000);
}
END_TEST

/* A try with hardly any time is not answered: the one before it says why. */
START_TEST(test_last_try_is_too_short)
{
    static const struct play busy[2] = {
        {.code = 503,
         .after_ms = 500,
         .body = "{\"status\":\"SFI_ERR_HSM\",\"message\":\"standby\","
                 "\"count\":\"none\"}"}};
    static const struct play away[2] = {
        {.st = SFI_ERR_NO_DEVICE, .after_ms = 500}};
    static const struct play silent[2] = {
        {.st = SFI_ERR_NO_DEVICE, .after_ms = 60000}};
    int short_ones = 0;

    for (int i = 0; i < 64; i++) {
        uint64_t last, end = net.now + 30000;

        net.begun = 0;
        ck_assert_fails_about(ask_info(busy), SFI_ERR_HSM, "", "standby",
                              "times");
        last = net.times[net.begun - 1];
        short_ones += end - last < 500;
        ck_assert_int_eq(ask_info(away), SFI_ERR_NO_DEVICE);
    }
    ck_assert_int_gt(short_ones, 0);
    ck_assert_int_eq(ask_info(silent), SFI_ERR_TIMEOUT);
}
END_TEST

START_TEST(test_retry_after_is_beyond_the_end)
{
    static const struct play plays[2] = {
        {.code = 429,
         .retry_after_s = 60,
         .body = "{\"status\":\"SFI_ERR_ACCESS\",\"message\":\"600 requests a "
                 "minute\",\"count\":\"none\"}"}};

    ck_assert_fails_about(ask_info(plays), SFI_ERR_ACCESS, "", "600 requests",
                          "60 s");
    ck_assert_uint_eq(net.begun, 1);
    ck_assert_uint_eq(net.now, 1000);
}
END_TEST

START_TEST(test_hopeless)
{
    static const struct play plays[2] = {
        {.st = SFI_ERR_AUTH, .hopeless = true}};
    static const struct play no_access[2] = {{.st = SFI_ERR_ACCESS}};

    ck_assert_fails_about(ask_info(plays), SFI_ERR_AUTH, "", "trouble");
    ck_assert_uint_eq(net.begun, 1);
    /* perhaps the alert comes the next time, but not for half a minute */
    ck_assert_int_eq(ask_info(no_access), SFI_ERR_ACCESS);
    ck_assert_uint_eq(net.begun, 5);
}
END_TEST

/* The next server at once, then waits; the one that answered is remembered. */
START_TEST(test_failover)
{
    static const struct play plays[] = {{.st = SFI_ERR_NO_DEVICE},
                                        {.code = 503, .body = "{}"},
                                        {.st = SFI_ERR_IO},
                                        {.code = 200, .sequence = 1},
                                        {.code = 0}};

    reopen("&also=https://b:1&also=https://c:1");
    ck_assert_ok(ask_info(plays));
    ck_assert_mem_eq(net.urls, "abca", 4);
    ck_assert_uint_eq(net.times[2], 1000);
    ck_assert_uint_gt(net.times[3], 1000);
    net.plays = plays;
    ck_assert_ok(ask_info(plays));
    ck_assert_mem_eq(net.urls, "abcaabca", 8);
    ck_assert_ok(ask_info(all_well));
    ck_assert_mem_eq(net.urls, "abcaabcaaa", 10); /* and the proof */
    {
        static const struct play once[] = {
            {.st = SFI_ERR_TIMEOUT}, {.code = 200, .sequence = 7}, {.code = 0}};

        ck_assert_ok(ask_info(once));
    }
    ck_assert_ok(ask_info(all_well));
    ck_assert_mem_eq(net.urls, "abcaabcaaaabb", 13);
}
END_TEST

/* A limit is this station's, at whatever server. */
START_TEST(test_no_failover_for_a_limit)
{
    static const struct play plays[] = {
        {.code = 429, .retry_after_s = 1, .body = "{}"},
        {.code = 200, .sequence = 1},
        {.code = 0}};

    reopen("&also=https://b:1");
    ck_assert_ok(ask_info(plays));
    ck_assert_mem_eq(net.urls, "aa", 2);
    ck_assert_uint_ge(net.times[1] - net.times[0], 1000);
}
END_TEST

/* Half a slice and no more. */
START_TEST(test_cancel)
{
    static const struct play silent[] = {{.code = 200, .sequence = 7},
                                         {.code = 200, .after_ms = 9000},
                                         {.code = 0}};
    uint64_t begun;

    net.cancel_at = 2;
    ck_assert_fails_about(ask_license(silent), SFI_ERR_CANCELLED, "",
                          "cancelled");
    begun = net.times[1];
    ck_assert_uint_le(net.now - begun, CTX_SLICE_MS);
    ck_assert_uint_eq(net.stopped, 1);
    sfi_ctx_cancel(ctx, 0);
}
END_TEST

/* ---- the count ---- */

struct told {
    sfi_status st;
    uint32_t count;
    unsigned times;
    char message[400];
};

static struct told told[600];

static void
tell(void *to, size_t index, sfi_status st, uint32_t count, const uint8_t *data,
     size_t len)
{
    struct told *t = (struct told *)to + index;

    t->st = st;
    t->count = count;
    t->times++;
    ck_assert_uint_eq(len, st == SFI_OK ? SFI_LICENSE_LEN : 0);
    ck_assert((data != NULL) == (st == SFI_OK));
    if (st != SFI_OK)
        (void)snprintf(t->message, sizeof(t->message), "%s",
                       sfi_error_message(sfi_ctx_error(ctx)));
}

static sfi_status
ask_many(size_t count, const struct play *plays)
{
    static const uint8_t *certs[600];
    static uint32_t sessions[600];

    ck_assert_ok(ask_info(all_well));
    net.begun = 0;
    net.plays = plays;
    memset(told, 0, sizeof(told));
    for (size_t i = 0; i < count; i++) {
        certs[i] = cert;
        sessions[i] = (uint32_t)i;
    }
    return sfi__station_licenses(station, certs, sizeof(cert), sessions, count,
                                 tell, told);
}

START_TEST(test_many)
{
    static const struct play plays[2] = {
        {.code = 200, .sequence = 9, .after_ms = 20}};

    ck_assert_ok(ask_many(500, plays));
    ck_assert_uint_eq(net.begun, 500);
    ck_assert_uint_eq(net.most, HTTP_AT_ONCE);
    ck_assert_ptr_nonnull(strstr(net.last_body, "\"kind\": \"live\""));
    ck_assert_ptr_nonnull(strstr(net.last_body, "\"session\": 499"));
    for (size_t i = 0; i < 500; i++) {
        ck_assert_uint_eq(told[i].times, 1);
        ck_assert_uint_eq(told[i].count, SFI_COUNT_NEW);
    }
    ck_assert_uint_le(net.now - 1000, 500 / HTTP_AT_ONCE * 20 + 20);
}
END_TEST

#define NO_MORE                                                   \
    "{\"status\":\"SFI_ERR_HSM_COUNTER\",\"message\":\"0 left\"," \
    "\"count\":\"none\"}"
#define RETIRED                                                  \
    "{\"status\":\"SFI_ERR_HSM_STATE\",\"message\":\"retired\"," \
    "\"count\":\"none\"}"

/* One that the HSM refuses, and the others go on. */
START_TEST(test_one_is_refused)
{
    static const struct play plays[] = {{.code = 200, .sequence = 8},
                                        {.code = 409, .body = NO_MORE},
                                        {.code = 200, .sequence = 9},
                                        {.code = 0}};

    ck_assert_ok(ask_many(100, plays));
    ck_assert_int_eq(told[1].st, SFI_ERR_HSM_COUNTER);
    ck_assert_uint_eq(told[1].count, SFI_COUNT_NONE);
    ck_assert_str_eq(told[1].message, "0 left");
    ck_assert_int_eq(told[0].st, SFI_OK);
    ck_assert_int_eq(told[99].st, SFI_OK);
    /* alone it is a failure */
    ck_assert_fails_about(ask_license(plays + 1), SFI_ERR_HSM_COUNTER, "",
                          "0 left");
}
END_TEST

/* What fails for all ends it: no more are begun. */
START_TEST(test_all_are_refused)
{
    static const struct play plays[2] = {
        {.code = 409, .body = RETIRED, .after_ms = 5}};

    ck_assert_fails_about(ask_many(100, plays), SFI_ERR_HSM_STATE, "",
                          "retired");
    ck_assert_uint_eq(net.begun, HTTP_AT_ONCE);
    for (size_t i = 0; i < 100; i++)
        ck_assert_uint_eq(told[i].times, 0); /* none was counted */
}
END_TEST

START_TEST(test_outcome_is_unknown)
{
    static const struct play cut[] = {{.code = 200, .sequence = 8},
                                      {.st = SFI_ERR_IO, .sent = true},
                                      {.st = SFI_ERR_NO_DEVICE},
                                      {.code = 0}};

    ck_assert_fails_about(ask_many(40, cut), SFI_ERR_NO_DEVICE, "", "trouble");
    ck_assert_int_eq(told[0].st, SFI_OK);
    ck_assert_uint_eq(told[1].count, SFI_COUNT_UNKNOWN);
    ck_assert_ptr_nonnull(strstr(told[1].message, "asking again is safe"));
    ck_assert_uint_eq(told[2].times, 0); /* never reached a server */
    ck_assert_fails_about(ask_license(cut + 1), SFI_ERR_NO_DEVICE, "",
                          "perhaps it was counted: asking again is safe");
}
END_TEST

/* Refused now, but an earlier try may have counted it. */
START_TEST(test_refused_after_a_cut)
{
    static const struct play plays[] = {{.st = SFI_ERR_IO, .sent = true},
                                        {.code = 409, .body = NO_MORE},
                                        {.code = 0}};

    ck_assert_int_eq(ask_many(1, plays), SFI_ERR_HSM_COUNTER);
    ck_assert_uint_eq(told[0].count, SFI_COUNT_UNKNOWN);
}
END_TEST

START_TEST(test_wrong_answer)
{
    static const struct play plays[2] = {{.code = 200, .body = "{}"}};

    ck_assert_fails_about(ask_many(1, plays), SFI_ERR_HSM, "", "\"license\"");
    ck_assert_uint_eq(told[0].count, SFI_COUNT_UNKNOWN);
}
END_TEST

START_TEST(test_cancel_many)
{
    static const struct play slow[2] = {
        {.code = 200, .sequence = 9, .after_ms = 60}};

    net.cancel_at = 40;
    ck_assert_fails_about(ask_many(200, slow), SFI_ERR_CANCELLED, "",
                          "cancelled");
    for (size_t i = 0; i < 200; i++) {
        ck_assert_uint_eq(told[i].times, i < net.begun ? 1 : 0);
        if (told[i].times != 0 && told[i].st != SFI_OK)
            ck_assert_uint_eq(told[i].count, SFI_COUNT_UNKNOWN);
    }
    ck_assert_int_eq(told[0].st, SFI_OK);
    sfi_ctx_cancel(ctx, 0);
}
END_TEST

/* ---- the fence ---- */

START_TEST(test_server_went_back)
{
    static const struct play back[2] = {{.code = 200, .sequence = 3}};

    ck_assert_ok(ask_license(all_well));
    ck_assert_fails_about(ask_info(back), SFI_ERR_HSM_ROLLBACK, "",
                          "ends at record 3", "record 7", "restored");
    /* asked with what is known, in case there is a record "restored" */
    ck_assert_ptr_nonnull(strstr(net.last_path, "&sequence=7&head=0"));
    ck_assert_fails_about(ask_license(back), SFI_ERR_HSM_ROLLBACK, "",
                          "record 7");
    ck_assert_int_eq(ask_many(1, back), SFI_ERR_HSM_ROLLBACK);
    ck_assert_uint_eq(told[0].count, SFI_COUNT_UNKNOWN);
    /* another process too */
    reopen("");
    ck_assert_int_eq(ask_license(back), SFI_ERR_HSM_ROLLBACK);
    ck_assert_ok(ask_license(all_well));
}
END_TEST

/* A copy that has grown beyond what the station has seen is no proof. */
START_TEST(test_server_went_back_and_grew)
{
    static const struct play grown[] = {
        {.code = 200, .sequence = 9},
        {.code = 409,
         .body = "{\"status\":\"SFI_ERR_HSM_ROLLBACK\",\"message\":\"record 7 "
                 "is another one\",\"count\":\"none\"}"},
        {.code = 0}};

    ck_assert_ok(ask_license(all_well));
    ck_assert_fails_about(ask_info(grown), SFI_ERR_HSM_ROLLBACK, "",
                          "record 7");
    ck_assert_ptr_nonnull(strstr(net.last_path, "&sequence=7&head=0"));
    /* another process has the same fence */
    reopen("");
    ck_assert_int_eq(ask_license(grown), SFI_ERR_HSM_ROLLBACK);
    ck_assert_ok(ask_license(all_well));
}
END_TEST

START_TEST(test_server_is_restored)
{
    static const char body[] =
        "{\"state\":\"operational\",\"firmware\":\"f\",\"product\":\"4\","
        "\"maximum\":10,\"low_water\":1,\"flags\":0,\"records\":4,"
        "\"serial\":\"" SERIAL "\",\"sequence\":4,\"remaining\":5,"
#define Z32 "00000000000000000000000000000000"
        "\"head\":\"" Z32 Z32 "\",\"genesis\":\"" Z32 Z32
        "\",\"mac\":\"" Z32 Z32 "\",\"ca_public\":\"" Z32 Z32 Z32 Z32 "\","
        "\"restored\":{\"sequence\":4,\"lost\":7}}";
    static const struct play restored[2] = {{.code = 200, .body = body}};
    static const struct play later[2] = {{.code = 200, .sequence = 5}};

    ck_assert_ok(ask_license(all_well));
    ck_assert_int_eq(ask_license(later), SFI_ERR_HSM_ROLLBACK);
    ck_assert_ok(ask_info(restored));
    ck_assert_ok(ask_license(later));
}
END_TEST

START_TEST(test_damaged_fence)
{
    char path[300];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/fence", folder);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("libsfi fence 1\n", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_fails_about(ask_license(all_well), SFI_ERR_FORMAT, path,
                          "damaged", "backup");
    ck_assert_uint_eq(net.begun, 0);
}
END_TEST

/* ---- the others ---- */

START_TEST(test_lease)
{
    static const struct play back[2] = {{.code = 200, .sequence = 8}};
    static const struct play none[] = {
        {.code = 200, .sequence = 8}, {.code = 200, .body = "{}"}, {.code = 0}};
    uint8_t lease[SFI_LEASE_LEN];
    size_t len = sizeof(lease);
    uint64_t returned = 0;

    net.plays = none;
    ck_assert_fails_about(
        sfi__station_lease(station, cert, 64, 500, 3600, lease, &len),
        SFI_ERR_HSM, "", "\"lease\"");
    ck_assert_str_eq(net.last_path, "/v1/lease");
    ck_assert_ptr_nonnull(strstr(net.last_body, "\"request\": \"010203"));
    ck_assert_ptr_nonnull(
        strstr(net.last_body, ", \"count\": 500, \"seconds\": 3600}"));
    net.plays = back;
    sfi__clear_error(ctx);
    ck_assert_ok(
        sfi__station_return_lease(station, cert, sizeof(cert), &returned));
    ck_assert_uint_eq(returned, 4);
    ck_assert_str_eq(net.last_path, "/v1/return");
}
END_TEST

/* It is asked for no lease, and takes none back. */
START_TEST(test_lease_of_an_old_copy)
{
    static const struct play grown[] = {
        {.code = 200, .sequence = 9},
        {.code = 409,
         .body = "{\"status\":\"SFI_ERR_HSM_ROLLBACK\",\"message\":\"record 7 "
                 "is another one\",\"count\":\"none\"}"},
        {.code = 0}};
    uint8_t lease[SFI_LEASE_LEN];
    size_t len = sizeof(lease);
    uint64_t returned = 0;

    ck_assert_ok(ask_license(all_well));
    net.plays = grown;
    ck_assert_fails_about(
        sfi__station_lease(station, cert, 64, 500, 3600, lease, &len),
        SFI_ERR_HSM_ROLLBACK, "", "record 7");
    ck_assert_ptr_nonnull(strstr(net.last_path, "/v1/info"));
    net.plays = grown;
    sfi__clear_error(ctx);
    ck_assert_int_eq(
        sfi__station_return_lease(station, cert, sizeof(cert), &returned),
        SFI_ERR_HSM_ROLLBACK);
    ck_assert_ptr_nonnull(strstr(net.last_path, "/v1/info"));
}
END_TEST

START_TEST(test_fork)
{
    int status;
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (ask_info(all_well) != SFI_ERR_STATE)
            _exit(1);
        sfi__station_close(station);
        _exit(closed == 100 ? 0 : 2);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_no_memory)
{
    sfi_status st = SFI_ERR_NOMEM;
    size_t len = sizeof(license);

    ck_assert_ok(ask_info(all_well));
    net.plays = all_well;
    for (size_t n = 1; st == SFI_ERR_NOMEM && n < 200; n++) {
        memory.fail_at = n;
        st =
            sfi__station_license(station, cert, sizeof(cert), 0, license, &len);
        memory.fail_at = 0;
    }
    ck_assert_int_eq(st, SFI_OK);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("server_station");
    TCase *tc = tcase_create("station");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_first_answer);
    tcase_add_test(tc, test_waits_grow);
    tcase_add_test(tc, test_answers_later);
    tcase_add_test(tc, test_last_try_is_too_short);
    tcase_add_test(tc, test_retry_after_is_beyond_the_end);
    tcase_add_test(tc, test_hopeless);
    tcase_add_test(tc, test_failover);
    tcase_add_test(tc, test_no_failover_for_a_limit);
    tcase_add_test(tc, test_cancel);
    tcase_add_test(tc, test_many);
    tcase_add_test(tc, test_one_is_refused);
    tcase_add_test(tc, test_all_are_refused);
    tcase_add_test(tc, test_outcome_is_unknown);
    tcase_add_test(tc, test_refused_after_a_cut);
    tcase_add_test(tc, test_wrong_answer);
    tcase_add_test(tc, test_cancel_many);
    tcase_add_test(tc, test_server_went_back);
    tcase_add_test(tc, test_server_went_back_and_grew);
    tcase_add_test(tc, test_server_is_restored);
    tcase_add_test(tc, test_damaged_fence);
    tcase_add_test(tc, test_lease);
    tcase_add_test(tc, test_lease_of_an_old_copy);
    tcase_add_test(tc, test_fork);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
