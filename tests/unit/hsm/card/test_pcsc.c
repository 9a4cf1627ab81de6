/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Transport to a card through PC/SC, against a fake card service: this program
 * defines its functions, so the linker takes none of the real ones. */
#include <stdio.h>
#include <string.h>

#include <sfi/hsm.h>
#include <sfi/version.h>

#include "core/err.h"
#include "hsm/card/channel.h"
#include "hsm/card/pcsc_system.h"

#include "fixture.h"

#define CODES_MAX 4

/* ---- the service ---- */

/* Results of the calls, in turn; then success. */
struct answers {
    LONG code[CODES_MAX];
    size_t count;
};

static struct service {
    const char *readers; /* each with its NUL, then another one */
    DWORD present;       /* bit i: reader i has a card */
    DWORD protocol;
    uint8_t reply[300];
    size_t reply_len;
    struct answers establish, list, connect, reconnect, begin, transmit, status;

    uint8_t sent[300];
    size_t sent_len;
    DWORD sent_protocol;
    char connected_to[MAX_READERNAME];
    int contexts, cards;
    char calls[512];
} service;

static void
say(const char *what)
{
    size_t len = strlen(service.calls);

    (void)snprintf(service.calls + len, sizeof(service.calls) - len, "%s%s",
                   len > 0 ? " " : "", what);
}

static LONG
next(struct answers *a)
{
    LONG code = a->code[0];

    if (a->count == 0)
        return SCARD_S_SUCCESS;
    memmove(a->code, a->code + 1, sizeof(a->code) - sizeof(a->code[0]));
    a->count--;
    return code;
}

static void
will(struct answers *a, LONG code)
{
    ck_assert_uint_lt(a->count, CODES_MAX);
    a->code[a->count++] = code;
}

LONG
SCardEstablishContext(DWORD scope, LPCVOID r1, LPCVOID r2, LPSCARDCONTEXT out)
{
    LONG code = next(&service.establish);

    ck_assert_uint_eq(scope, SCARD_SCOPE_SYSTEM);
    ck_assert_ptr_null(r1);
    ck_assert_ptr_null(r2);
    say("establish");
    if (code == SCARD_S_SUCCESS)
        *out = (SCARDCONTEXT)(100 + ++service.contexts);
    return code;
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
    ck_assert(context > 100);
    service.contexts--;
    say("release");
    return SCARD_S_SUCCESS;
}

LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR out, LPDWORD len)
{
    LONG code = next(&service.list);
    size_t size = 0;

    ck_assert(context > 100);
    ck_assert_ptr_null(groups);
    if (code != SCARD_S_SUCCESS)
        return code;
    if (service.readers == NULL)
        return SCARD_E_NO_READERS_AVAILABLE;
    while (service.readers[size] != '\0')
        size += strlen(service.readers + size) + 1;
    if (size + 1 > *len)
        return SCARD_E_INSUFFICIENT_BUFFER;
    memcpy(out, service.readers, size + 1);
    *len = (DWORD)size + 1;
    return SCARD_S_SUCCESS;
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout,
                     SCARD_READERSTATE *states, DWORD count)
{
    LONG code = next(&service.status);
    DWORD index = 0;

    ck_assert(context > 100);
    ck_assert_uint_eq(timeout, 0);
    ck_assert_uint_eq(count, 1);
    for (const char *at = service.readers; strcmp(at, states[0].szReader) != 0;
         at += strlen(at) + 1)
        index++;
    states[0].dwEventState = (service.present >> index & 1) != 0
                                 ? SCARD_STATE_CHANGED | SCARD_STATE_PRESENT
                                 : SCARD_STATE_CHANGED | SCARD_STATE_EMPTY;
    return code;
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
             LPSCARDHANDLE card, LPDWORD protocol)
{
    LONG code = next(&service.connect);

    ck_assert(context > 100);
    ck_assert_uint_eq(share, SCARD_SHARE_SHARED);
    ck_assert_uint_eq(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
    say("connect");
    if (code != SCARD_S_SUCCESS)
        return code;
    (void)snprintf(service.connected_to, sizeof(service.connected_to), "%s",
                   reader);
    *card = (SCARDHANDLE)(200 + ++service.cards);
    *protocol = service.protocol;
    return code;
}

LONG
SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols,
               DWORD initialization, LPDWORD protocol)
{
    ck_assert(card > 200);
    ck_assert_uint_eq(share, SCARD_SHARE_SHARED);
    ck_assert_uint_eq(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
    ck_assert_uint_eq(initialization, SCARD_LEAVE_CARD);
    say("reconnect");
    *protocol = service.protocol;
    return next(&service.reconnect);
}

LONG
SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
    ck_assert(card > 200);
    service.cards--;
    say(disposition == SCARD_RESET_CARD ? "disconnect+reset" : "disconnect");
    return SCARD_S_SUCCESS;
}

LONG
SCardBeginTransaction(SCARDHANDLE card)
{
    ck_assert(card > 200);
    say("begin");
    return next(&service.begin);
}

LONG
SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
    ck_assert(card > 200);
    ck_assert_uint_eq(disposition, SCARD_LEAVE_CARD);
    say("end");
    return SCARD_S_SUCCESS;
}

LONG
SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE in,
              DWORD in_len, SCARD_IO_REQUEST *receive, LPBYTE out,
              LPDWORD out_len)
{
    LONG code = next(&service.transmit);

    ck_assert(card > 200);
    ck_assert_ptr_null(receive);
    say("transmit");
    ck_assert_uint_le(in_len, sizeof(service.sent));
    memcpy(service.sent, in, in_len);
    service.sent_len = in_len;
    service.sent_protocol = pci->dwProtocol;
    ck_assert_uint_ge(*out_len, service.reply_len);
    memcpy(out, service.reply, service.reply_len);
    *out_len = (DWORD)service.reply_len;
    return code;
}

/* ---- fixture ---- */

static void
setup(void)
{
    fixture_setup();
    service = (struct service){
        .readers = "Big Reader 00 00\0Big Reader 00 01\0Small 01 00\0",
        .present = 0x6,
        .protocol = SCARD_PROTOCOL_T1,
        .reply = {0x90, 0x00},
        .reply_len = 2,
    };
}

static void
teardown(void)
{
    ck_assert_int_eq(service.contexts, 0);
    ck_assert_int_eq(service.cards, 0);
    fixture_teardown();
}

/* What was called since the last time. */
#define ck_assert_calls(what)                    \
    do {                                         \
        ck_assert_str_eq(service.calls, (what)); \
        service.calls[0] = '\0';                 \
    } while (0)

static struct channel ch;

static void
open_reader(const char *name)
{
    ck_assert_ok(sfi__pcsc_open(ctx, name, &ch));
    ck_assert_calls("establish");
}

static void
close_reader(const char *calls)
{
    ch.ops->close(ch.user);
    ck_assert_calls(calls);
}

static void
begin(bool was_reset, const char *calls)
{
    bool reset = !was_reset;

    ck_assert_int_eq(ch.ops->begin(ch.user, &reset), SFI_OK);
    ck_assert_int_eq(reset, was_reset);
    ck_assert_calls(calls);
}

static void
end(void)
{
    ch.ops->end(ch.user);
    ck_assert_calls("end");
}

static sfi_status
transmit(const uint8_t *in, size_t len)
{
    uint8_t out[CHANNEL_APDU_MAX];
    size_t out_len = sizeof(out);
    sfi_status st = ch.ops->transmit(ch.user, in, len, out, &out_len);

    if (st == SFI_OK) {
        ck_assert_uint_eq(out_len, service.reply_len);
        ck_assert_mem_eq(out, service.reply, out_len);
    }
    return st;
}

/* ---- the readers there are ---- */

static char listed[512];

static void
on_slot(void *user, const sfi_hsm_slot *slot)
{
    size_t len = strlen(listed);

    ck_assert_ptr_eq(user, &service);
    ck_assert_uint_eq(slot->struct_size, sizeof(*slot));
    ck_assert_uint_eq(slot->reserved, 0);
    (void)snprintf(listed + len, sizeof(listed) - len, "%u %s%s\n",
                   slot->number, slot->name,
                   slot->present != 0 ? " (card)" : "");
}

START_TEST(test_list)
{
    listed[0] = '\0';
    ck_assert_ok(sfi_hsm_list(ctx, on_slot, &service));
    ck_assert_str_eq(listed, "1 Big Reader 00 00\n"
                             "2 Big Reader 00 01 (card)\n"
                             "3 Small 01 00 (card)\n");
    ck_assert_calls("establish release");

    /* a reader is unplugged during the call */
    listed[0] = '\0';
    will(&service.status, SCARD_S_SUCCESS);
    will(&service.status, SCARD_E_UNKNOWN_READER);
    ck_assert_ok(sfi_hsm_list(ctx, on_slot, &service));
    ck_assert_str_eq(listed, "1 Big Reader 00 00\n"
                             "2 Big Reader 00 01\n"
                             "3 Small 01 00 (card)\n");
}
END_TEST

START_TEST(test_list_nothing)
{
    listed[0] = '\0';
    service.readers = NULL;
    ck_assert_ok(sfi_hsm_list(ctx, on_slot, &service));
    service.readers = "\0";
    ck_assert_ok(sfi_hsm_list(ctx, on_slot, &service));
    ck_assert_str_eq(listed, "");
    will(&service.establish, SCARD_E_NO_SERVICE);
    ck_assert_fails_about(sfi_hsm_list(ctx, on_slot, &service),
                          SFI_ERR_NO_DEVICE, "", sfi__pcsc_no_service);
    will(&service.list, SCARD_F_INTERNAL_ERROR);
    ck_assert_fails_about(
        sfi_hsm_list(ctx, on_slot, &service), SFI_ERR_IO, "",
        "the reader failed: ", sfi__pcsc_error_text(SCARD_F_INTERNAL_ERROR));
    ck_assert_fails_about(sfi_hsm_list(ctx, NULL, NULL), SFI_ERR_ARGUMENT, "",
                          "fn != NULL");
    ck_assert_int_eq(sfi_hsm_list(NULL, on_slot, NULL), SFI_ERR_ARGUMENT);
    ck_assert_str_eq(listed, "");
}
END_TEST

/* ---- which reader ---- */

static const struct {
    const char *wanted;
    const char *reader; /* NULL: none, because */
    const char *message;
} names[] = {
    {"1", "Big Reader 00 00", NULL},
    {"3", "Small 01 00", NULL},
    {"Big Reader 00 01", "Big Reader 00 01", NULL},
    {"00 01", "Big Reader 00 01", NULL},
    {"Small", "Small 01 00", NULL},
    {"4", NULL, "slot 4, but 3 card readers are connected"},
    {"4294967295", NULL, "slot 4294967295, but 3 card readers are connected"},
    {"Big", NULL,
     "more than one reader matches the name: \"Big Reader 00 00\", \"Big "
     "Reader 00 01\""},
    {"small", NULL, "no card reader matches the name"},
};

START_TEST(test_name)
{
    if (names[_i].reader == NULL) {
        ck_assert_fails(sfi__pcsc_open(ctx, names[_i].wanted, &ch),
                        SFI_ERR_NO_DEVICE, "", names[_i].message);
        ck_assert_calls("establish release");
        return;
    }
    open_reader(names[_i].wanted);
    begin(true, "connect begin");
    ck_assert_str_eq(service.connected_to, names[_i].reader);
    end();
    close_reader("disconnect+reset release");
}
END_TEST

/* A name that is part of another reader's name is still found. */
START_TEST(test_name_in_a_name)
{
    service.readers = "Reader 1\0Reader\0";
    open_reader("Reader");
    begin(true, "connect begin");
    ck_assert_str_eq(service.connected_to, "Reader");
    end();
    close_reader("disconnect+reset release");
}
END_TEST

/* A reader's name comes from its USB descriptors: in a message it controls no
 * terminal.  It is still the reader's name. */
START_TEST(test_hostile_name)
{
    service.readers = "Bad\x1b[2J\xe2\x80\xae\xff 00\0"
                      "Bad\n 01\0";
    ck_assert_fails(sfi__pcsc_open(ctx, "Bad", &ch), SFI_ERR_NO_DEVICE, "",
                    "more than one reader matches the name: "
                    "\"Bad\\x1b[2J\\xe2\\x80\\xae\\xff 00\", \"Bad\\x0a "
                    "01\"");
    ck_assert_calls("establish release");
    sfi__clear_error(ctx);
    open_reader("Bad\n 01");
    close_reader("release");
}
END_TEST

START_TEST(test_no_reader)
{
    service.readers = NULL;
    ck_assert_fails(sfi__pcsc_open(ctx, "1", &ch), SFI_ERR_NO_DEVICE, "",
                    "no card reader is connected");
    will(&service.establish, SCARD_E_NO_SERVICE);
    ck_assert_fails_about(sfi__pcsc_open(ctx, "1", &ch), SFI_ERR_NO_DEVICE, "",
                          sfi__pcsc_no_service);
    will(&service.list, SCARD_E_NO_MEMORY);
    ck_assert_int_eq(sfi__pcsc_open(ctx, "1", &ch), SFI_ERR_NOMEM);
    memory.fail_at = 1;
    ck_assert_int_eq(sfi__pcsc_open(ctx, "1", &ch), SFI_ERR_NOMEM);
}
END_TEST

/* ---- transactions ---- */

START_TEST(test_transactions)
{
    open_reader("2");
    begin(true, "connect begin");
    end();
    begin(false, "begin");
    end();
    /* somebody reset the card */
    will(&service.begin, SCARD_W_RESET_CARD);
    begin(true, "begin reconnect begin");
    end();
    begin(false, "begin");
    end();
    /* it was pulled and is there again */
    will(&service.begin, SCARD_W_REMOVED_CARD);
    begin(true, "begin disconnect connect begin");
    end();
    /* the same, seen a moment later */
    will(&service.begin, SCARD_W_RESET_CARD);
    will(&service.reconnect, SCARD_W_REMOVED_CARD);
    begin(true, "begin reconnect disconnect connect begin");
    end();
    /* pcscd was started anew */
    will(&service.begin, SCARD_E_INVALID_HANDLE);
    will(&service.connect, SCARD_E_NO_SERVICE);
    begin(true, "begin disconnect connect release establish connect begin");
    end();
    close_reader("disconnect+reset release");
}
END_TEST

START_TEST(test_card_gone)
{
    bool reset;

    open_reader("2");
    will(&service.connect, SCARD_E_NO_SMARTCARD);
    ck_assert_fails_about(ch.ops->begin(ch.user, &reset), SFI_ERR_NO_DEVICE, "",
                          "no card");
    ck_assert_calls("connect");
    begin(true, "connect begin");
    end();
    will(&service.begin, SCARD_W_REMOVED_CARD);
    will(&service.connect, SCARD_W_REMOVED_CARD);
    ck_assert_fails_about(ch.ops->begin(ch.user, &reset), SFI_ERR_NO_DEVICE, "",
                          "removed");
    ck_assert_calls("begin disconnect connect");
    /* put back in */
    begin(true, "connect begin");
    end();
    /* reset again and again: the host gives up */
    for (int i = 0; i < 3; i++)
        will(&service.begin, SCARD_W_RESET_CARD);
    ck_assert_int_eq(ch.ops->begin(ch.user, &reset), SFI_ERR_IO);
    ck_assert_calls("begin reconnect begin reconnect begin reconnect");
    /* the service does not come back */
    will(&service.begin, SCARD_E_SERVICE_STOPPED);
    will(&service.connect, SCARD_E_SERVICE_STOPPED);
    will(&service.establish, SCARD_E_NO_SERVICE);
    ck_assert_fails_about(ch.ops->begin(ch.user, &reset), SFI_ERR_NO_DEVICE, "",
                          sfi__pcsc_no_service);
    ck_assert_calls("begin disconnect connect release establish");
    close_reader("");
}
END_TEST

/* ---- exchanges ---- */

static const uint8_t case_2[] = {0x80, 0xca, 1, 5, 0};
static const uint8_t case_4[] = {0x80, 0xb2, 0, 0, 2, 0xaa, 0xbb, 0};
static const uint8_t case_3[] = {0, 0x20, 0, 1, 2, 0xaa, 0xbb};
static const uint8_t extended[] = {0x80, 0xca, 1, 0x11, 0, 0, 0};

START_TEST(test_transmit)
{
    open_reader("2");
    begin(true, "connect begin");
    service.reply_len = 258;
    ck_assert_ok(transmit(case_2, sizeof(case_2)));
    ck_assert_mem_eq(service.sent, case_2, sizeof(case_2));
    ck_assert_uint_eq(service.sent_len, sizeof(case_2));
    ck_assert_uint_eq(service.sent_protocol, SCARD_PROTOCOL_T1);
    ck_assert_ok(transmit(case_4, sizeof(case_4)));
    ck_assert_uint_eq(service.sent_len, sizeof(case_4));
    ck_assert_ok(transmit(extended, sizeof(extended)));
    ck_assert_uint_eq(service.sent_len, sizeof(extended));
    ck_assert_calls("transmit transmit transmit");
    end();
    begin(false, "begin");
    /* the card fails: the connection is opened again and the card powered
     * again */
    will(&service.transmit, SCARD_E_NOT_TRANSACTED);
    ck_assert_int_eq(transmit(case_2, sizeof(case_2)), SFI_ERR_IO);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     (int32_t)0x80100016);
    ck_assert_calls("transmit");
    end();
    begin(true, "disconnect+reset connect begin");
    end();
    close_reader("disconnect+reset release");
}
END_TEST

START_TEST(test_transmit_t0)
{
    service.protocol = SCARD_PROTOCOL_T0;
    open_reader("2");
    begin(true, "connect begin");
    ck_assert_ok(transmit(case_2, sizeof(case_2)));
    ck_assert_uint_eq(service.sent_len, sizeof(case_2));
    ck_assert_uint_eq(service.sent_protocol, SCARD_PROTOCOL_T0);
    ck_assert_ok(transmit(case_3, sizeof(case_3)));
    ck_assert_uint_eq(service.sent_len, sizeof(case_3));
    /* no Le after data */
    ck_assert_ok(transmit(case_4, sizeof(case_4)));
    ck_assert_uint_eq(service.sent_len, sizeof(case_4) - 1);
    ck_assert_mem_eq(service.sent, case_4, sizeof(case_4) - 1);
    ck_assert_calls("transmit transmit transmit");
    /* no extended length: the reader cannot do it, so the card is not asked */
    service.reply[0] = 0x67;
    ck_assert_ok(transmit(extended, sizeof(extended)));
    ck_assert_calls("");
    end();
    close_reader("disconnect+reset release");
}
END_TEST

/* ---- each cause says what it is ---- */

static const struct {
    LONG code;
    sfi_status st;
    const char *message; /* NULL: the system's words */
} causes[] = {
    {SCARD_E_NO_SERVICE, SFI_ERR_NO_DEVICE, sfi__pcsc_no_service},
    {SCARD_E_SERVICE_STOPPED, SFI_ERR_NO_DEVICE,
     "the card service has stopped"},
    {SCARD_E_UNKNOWN_READER, SFI_ERR_NO_DEVICE, "the reader was unplugged"},
    {SCARD_E_READER_UNAVAILABLE, SFI_ERR_NO_DEVICE, "the reader was unplugged"},
    {SCARD_E_NO_SMARTCARD, SFI_ERR_NO_DEVICE, "no card is in the reader"},
    {SCARD_W_REMOVED_CARD, SFI_ERR_NO_DEVICE, "the card was removed"},
    {SCARD_W_UNPOWERED_CARD, SFI_ERR_NO_DEVICE, "the card has no power"},
    {SCARD_W_UNRESPONSIVE_CARD, SFI_ERR_NO_DEVICE,
     "the card does not respond; is it inserted the right way round"},
    {SCARD_W_UNSUPPORTED_CARD, SFI_ERR_UNSUPPORTED,
     "the reader does not support this card"},
    {SCARD_E_PROTO_MISMATCH, SFI_ERR_UNSUPPORTED,
     "the card speaks neither T=0 nor T=1"},
    {SCARD_E_SHARING_VIOLATION, SFI_ERR_ACCESS,
     "another program uses the card exclusively"},
    {SCARD_W_SECURITY_VIOLATION, SFI_ERR_ACCESS,
     "the card service refuses access to this user"},
    {SCARD_E_NO_ACCESS, SFI_ERR_ACCESS,
     "the card service refuses access to this user"},
    {SCARD_F_UNKNOWN_ERROR, SFI_ERR_IO, NULL},
};

START_TEST(test_cause)
{
    LONG code = causes[_i].code;
    char message[256];
    bool reset;

    (void)snprintf(
        message, sizeof(message), "%s%s",
        causes[_i].message != NULL ? causes[_i].message : "the reader failed: ",
        causes[_i].message != NULL ? "" : sfi__pcsc_error_text(code));
    open_reader("2");
    will(&service.connect, code);
    will(&service.connect, code); /* after the service was connected again */
    ck_assert_fails(ch.ops->begin(ch.user, &reset), causes[_i].st, "", message);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     (int32_t)(uint32_t)code);
    service.connect.count = 0;
    service.calls[0] = '\0';
    begin(true,
          service.contexts > 0 ? "connect begin" : "establish connect begin");
    will(&service.transmit, code);
    ck_assert_fails(transmit(case_2, sizeof(case_2)), causes[_i].st, "",
                    message);
    ck_assert_calls("transmit");
    end();
    close_reader("disconnect+reset release");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("pcsc");
    TCase *tc = tcase_create("pcsc");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_list);
    tcase_add_test(tc, test_list_nothing);
    tcase_add_loop_test(tc, test_name, 0, (int)ROWS(names));
    tcase_add_test(tc, test_name_in_a_name);
    tcase_add_test(tc, test_hostile_name);
    tcase_add_test(tc, test_no_reader);
    tcase_add_test(tc, test_transactions);
    tcase_add_test(tc, test_card_gone);
    tcase_add_test(tc, test_transmit);
    tcase_add_test(tc, test_transmit_t0);
    tcase_add_loop_test(tc, test_cause, 0, (int)ROWS(causes));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
