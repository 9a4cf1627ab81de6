/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A hostile card service: names of readers in any form, and any result of each
 * call.  This program has the service's functions, so that the linker takes
 * none of the real one.  Input: the name that is looked for, its NUL; the
 * length of the list in two bytes (big-endian) and the list; then for each call
 * a byte, and after a transmit that succeeds a length and a reply. */
#include <string.h>

#include <winscard.h>

#include "util/rd.h"
#include "core/ctx.h"
#include "hsm/card/channel.h"

#include "fuzz_session.h"

#define WANTED_MAX 200u
#define CALLS_MAX 200u

static struct rd r;
static const uint8_t *list;
static size_t list_len;
static unsigned calls;
static int contexts, cards;

/* What a call returns. */
static LONG
answer(void)
{
    static const LONG codes[] = {
        SCARD_S_SUCCESS,         SCARD_S_SUCCESS,
        SCARD_S_SUCCESS,         SCARD_E_NO_SERVICE,
        SCARD_E_INVALID_HANDLE,  SCARD_E_NO_READERS_AVAILABLE,
        SCARD_W_RESET_CARD,      SCARD_W_REMOVED_CARD,
        SCARD_E_UNKNOWN_READER,  SCARD_E_SHARING_VIOLATION,
        SCARD_E_NO_MEMORY,       SCARD_F_COMM_ERROR,
        (LONG)0x80123456,        SCARD_E_INSUFFICIENT_BUFFER,
        SCARD_E_SERVICE_STOPPED, SCARD_W_UNRESPONSIVE_CARD,
    };
    uint8_t which = sfi__rd_u8(&r);

    FUZZ_HOLDS(calls++ < CALLS_MAX);
    return sfi__rd_ok(&r) ? codes[which % 16] : SCARD_S_SUCCESS;
}

LONG
SCardEstablishContext(DWORD scope, LPCVOID r1, LPCVOID r2, LPSCARDCONTEXT out)
{
    LONG code = answer();

    (void)scope;
    (void)r1;
    (void)r2;
    if (code == SCARD_S_SUCCESS) {
        *out = 1;
        contexts++;
    }
    return code;
}

LONG
SCardReleaseContext(SCARDCONTEXT context)
{
    FUZZ_HOLDS(context == 1 && contexts > 0);
    contexts--;
    return answer();
}

/* As much of the list as the caller has room for. */
LONG
SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR out, LPDWORD len)
{
    size_t n = list_len < *len ? list_len : *len;
    LONG code = answer();

    FUZZ_HOLDS(context == 1 && groups == NULL);
    if (n > 0)
        memcpy(out, list, n);
    *len = n;
    return code;
}

LONG
SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout,
                     SCARD_READERSTATE *states, DWORD count)
{
    FUZZ_HOLDS(context == 1 && timeout == 0 && count == 1);
    FUZZ_HOLDS(states[0].szReader[0] != '\0');
    states[0].dwEventState = SCARD_STATE_PRESENT;
    return SCARD_S_SUCCESS;
}

LONG
SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols,
             LPSCARDHANDLE card, LPDWORD protocol)
{
    LONG code = answer();

    (void)share;
    (void)protocols;
    FUZZ_HOLDS(context == 1 && strlen(reader) < MAX_READERNAME);
    if (code == SCARD_S_SUCCESS) {
        *card = 2;
        *protocol = 1 + calls % 2;
        cards++;
    }
    return code;
}

LONG
SCardReconnect(SCARDHANDLE card, DWORD share, DWORD protocols,
               DWORD initialization, LPDWORD protocol)
{
    (void)share;
    (void)protocols;
    (void)initialization;
    FUZZ_HOLDS(card == 2 && cards > 0);
    *protocol = 1 + calls % 2;
    return answer();
}

LONG
SCardDisconnect(SCARDHANDLE card, DWORD disposition)
{
    (void)disposition;
    FUZZ_HOLDS(card == 2 && cards > 0);
    cards--;
    return answer();
}

LONG
SCardBeginTransaction(SCARDHANDLE card)
{
    FUZZ_HOLDS(card == 2);
    return answer();
}

LONG
SCardEndTransaction(SCARDHANDLE card, DWORD disposition)
{
    (void)disposition;
    FUZZ_HOLDS(card == 2);
    return answer();
}

LONG
SCardTransmit(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, LPCBYTE in,
              DWORD in_len, SCARD_IO_REQUEST *receive, LPBYTE out,
              LPDWORD out_len)
{
    LONG code = answer();
    size_t len = sfi__rd_u8(&r);

    (void)pci;
    (void)in;
    (void)receive;
    FUZZ_HOLDS(card == 2 && in_len >= 4);
    if (len > sfi__rd_left(&r))
        len = sfi__rd_left(&r);
    if (len > *out_len)
        len = *out_len;
    sfi__rd_bytes(&r, out, len);
    *out_len = len;
    return code;
}

/* ---- the host ---- */

/* Numbered from 1; a name is text of a terminal's line. */
static void
on_slot(void *user, const sfi_hsm_slot *slot)
{
    uint32_t *last = user;

    FUZZ_HOLDS(slot->number == ++*last);
    FUZZ_HOLDS(memchr(slot->name, '\0', sizeof(slot->name)) != NULL);
}

static void
ended(sfi_ctx *ctx, sfi_status st)
{
    FUZZ_HOLDS(sfi_error_status(sfi_ctx_error(ctx)) == st);
    FUZZ_HOLDS(st == SFI_OK || st == SFI_ERR_UNSUPPORTED ||
               st == SFI_ERR_NOMEM || st <= -200);
    FUZZ_HOLDS(st != SFI_ERR_INTERNAL);
}

static void
use(sfi_ctx *ctx, const char *wanted)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    char name[WANTED_MAX + 8] = "pcsc:";
    uint32_t slots = 0;
    sfi_hsm *hsm;
    sfi_status st;

    ended(ctx, sfi_hsm_list(ctx, on_slot, &slots));
    strcat(name, wanted);
    st = sfi_hsm_open(ctx, name, &hsm);
    FUZZ_HOLDS((st == SFI_OK) == (hsm != NULL));
    ended(ctx, st);
    if (hsm != NULL)
        ended(ctx, sfi_hsm_get_info(hsm, &info));
    sfi_hsm_free(hsm);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    char wanted[WANTED_MAX + 1] = "";
    const uint8_t *end = len > 0 ? memchr(data, '\0', len) : NULL;
    size_t name_len = end != NULL ? (size_t)(end - data) : len;

    if (name_len > WANTED_MAX)
        name_len = WANTED_MAX;
    if (name_len > 0)
        memcpy(wanted, data, name_len);
    sfi__rd_init(&r, data, len);
    sfi__rd_skip(&r, end != NULL ? name_len + 1 : name_len);
    list_len = sfi__rd_u16be(&r);
    if (list_len > sfi__rd_left(&r))
        list_len = sfi__rd_left(&r);
    list = sfi__rd_view(&r, list_len);
    if (!sfi__rd_ok(&r) || list == NULL)
        list_len = 0;
    calls = 0;
    ctx->clock = &fuzz_clock;
    use(ctx, wanted);
    FUZZ_HOLDS(contexts == 0 && cards == 0);
    fuzz_ctx_free(ctx);
    return 0;
}
