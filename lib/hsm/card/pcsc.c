/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The channel to a card in a PC/SC reader. */
#include "hsm/card/channel.h"

#include <string.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "core/err.h"
#include "hsm/card/pcsc_system.h"

/* pcscd serves at most this many readers, with names up to MAX_READERNAME. */
#define NAMES_MAX (PCSCLITE_MAX_READERS_CONTEXTS * MAX_READERNAME + 1)
/* A list that fills all of it still ends with two NULs. */
#define NAMES_ROOM (NAMES_MAX + 2)
#define PROTOCOLS (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1)
/* Reconnect once when the connection is dead, and once more when the card was
 * reset meanwhile. */
#define BEGIN_MAX 3

struct reader {
    sfi_ctx *ctx;
    SCARDCONTEXT context;
    SCARDHANDLE card;
    bool has_context;
    bool is_connected;
    bool has_failed; /* the last exchange failed: connect again */
    DWORD protocol;
    char name[MAX_READERNAME];
};

/* ---- errors ---- */

static const struct {
    LONG code;
    sfi_status st;
    const char *what;
} failures[] = {
    {SCARD_E_NO_SERVICE, SFI_ERR_NO_DEVICE, sfi__pcsc_no_service},
    {SCARD_E_SERVICE_STOPPED, SFI_ERR_NO_DEVICE,
     "the card service has stopped"},
    {SCARD_E_NO_READERS_AVAILABLE, SFI_ERR_NO_DEVICE,
     "no card reader is connected"},
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
};

static sfi_status
pcsc_fail(sfi_ctx *ctx, LONG code)
{
    int32_t peer = (int32_t)(uint32_t)code;

    if (code == SCARD_E_NO_MEMORY)
        return sfi__nomem(ctx);
    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
        if (failures[i].code == code)
            return sfi__fail_peer(ctx, failures[i].st, peer, "%s",
                                  failures[i].what);
    }
    return sfi__fail_peer(ctx, SFI_ERR_IO, peer, "the reader failed: %s",
                          sfi__pcsc_error_text(code));
}

/* ---- readers ---- */

static LONG
pcsc_establish(SCARDCONTEXT *context)
{
    return SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, context);
}

/* The names one after the other, each with its NUL, then another NUL. */
static LONG
pcsc_list_names(SCARDCONTEXT context, char names[NAMES_ROOM])
{
    DWORD len = NAMES_MAX;
    LONG code;

    sfi__zero(names, NAMES_ROOM);
    code = SCardListReaders(context, NULL, names, &len);
    if (code == SCARD_E_NO_READERS_AVAILABLE) {
        names[0] = '\0';
        return SCARD_S_SUCCESS;
    }
    return code;
}

static bool
pcsc_has_card(SCARDCONTEXT context, const char *name)
{
    SCARD_READERSTATE state = {.szReader = name};

    return SCardGetStatusChange(context, 0, &state, 1) == SCARD_S_SUCCESS &&
           (state.dwEventState & SCARD_STATE_PRESENT) != 0;
}

sfi_status
sfi__pcsc_list(sfi_ctx *ctx, sfi_hsm_slot_fn fn, void *user)
{
    char names[NAMES_ROOM];
    sfi_hsm_slot slot = {.struct_size = sizeof(slot)};
    SCARDCONTEXT context;
    LONG code = pcsc_establish(&context);

    if (code != SCARD_S_SUCCESS)
        return pcsc_fail(ctx, code);
    code = pcsc_list_names(context, names);
    for (const char *at = names; code == SCARD_S_SUCCESS && at[0] != '\0';
         at += strlen(at) + 1) {
        slot.number++;
        slot.present = pcsc_has_card(context, at);
        (void)sfi__text_copy(slot.name, sizeof(slot.name), at);
        fn(user, &slot);
    }
    (void)SCardReleaseContext(context);
    return code == SCARD_S_SUCCESS ? SFI_OK : pcsc_fail(ctx, code);
}

static sfi_status
pcsc_find_slot(sfi_ctx *ctx, const char *names, uint64_t slot, const char **out)
{
    uint64_t count = 0;

    for (const char *at = names; at[0] != '\0'; at += strlen(at) + 1) {
        if (++count == slot)
            *out = at;
    }
    if (*out != NULL)
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                     "slot %llu, but %llu card readers are connected",
                     (unsigned long long)slot, (unsigned long long)count);
}

/* The whole name, or a part of it that is unique. */
static sfi_status
pcsc_find_name(sfi_ctx *ctx, const char *names, const char *wanted,
               const char **out)
{
    const char *other = NULL;

    for (const char *at = names; at[0] != '\0'; at += strlen(at) + 1) {
        if (strcmp(at, wanted) == 0) {
            *out = at;
            return SFI_OK;
        }
        if (strstr(at, wanted) == NULL)
            continue;
        if (*out == NULL)
            *out = at;
        else
            other = at;
    }
    if (other != NULL)
        return sfi__fail(
            ctx, SFI_ERR_NO_DEVICE,
            "more than one reader matches the name: \"%s\", \"%s\"", *out,
            other);
    if (*out == NULL)
        return sfi__fail(ctx, SFI_ERR_NO_DEVICE,
                         "no card reader matches the name");
    return SFI_OK;
}

static sfi_status
pcsc_find_reader(struct reader *r, const char *wanted)
{
    char names[NAMES_ROOM];
    const char *found = NULL;
    uint64_t slot;
    LONG code = pcsc_list_names(r->context, names);
    sfi_status st;

    if (code != SCARD_S_SUCCESS)
        return pcsc_fail(r->ctx, code);
    if (names[0] == '\0')
        return pcsc_fail(r->ctx, SCARD_E_NO_READERS_AVAILABLE);
    st = sfi__text_to_u64(wanted, UINT32_MAX, &slot)
             ? pcsc_find_slot(r->ctx, names, slot, &found)
             : pcsc_find_name(r->ctx, names, wanted, &found);
    if (st == SFI_OK)
        (void)sfi__text_copy(r->name, sizeof(r->name), found);
    return st;
}

/* ---- the connection ---- */

static void
pcsc_disconnect(struct reader *r, DWORD disposition)
{
    if (r->is_connected)
        (void)SCardDisconnect(r->card, disposition);
    r->is_connected = false;
}

static void
pcsc_leave_service(struct reader *r)
{
    if (r->has_context)
        (void)SCardReleaseContext(r->context);
    r->has_context = false;
}

static LONG
pcsc_enter_service(struct reader *r)
{
    LONG code = SCARD_S_SUCCESS;

    if (!r->has_context)
        code = pcsc_establish(&r->context);
    r->has_context = code == SCARD_S_SUCCESS;
    return code;
}

/* A service that was restarted has forgotten this context. */
static bool
pcsc_service_forgot(LONG code)
{
    return code == SCARD_E_INVALID_HANDLE || code == SCARD_E_NO_SERVICE ||
           code == SCARD_E_SERVICE_STOPPED || code == SCARD_F_COMM_ERROR;
}

static LONG
pcsc_connect_card(struct reader *r)
{
    LONG code = SCARD_S_SUCCESS;

    for (int i = 0; i < 2; i++) {
        code = pcsc_enter_service(r);
        if (code == SCARD_S_SUCCESS)
            code = SCardConnect(r->context, r->name, SCARD_SHARE_SHARED,
                                PROTOCOLS, &r->card, &r->protocol);
        if (!pcsc_service_forgot(code))
            break;
        pcsc_leave_service(r);
    }
    r->is_connected = code == SCARD_S_SUCCESS;
    return code;
}

static LONG
pcsc_reconnect_card(struct reader *r)
{
    LONG code = SCardReconnect(r->card, SCARD_SHARE_SHARED, PROTOCOLS,
                               SCARD_LEAVE_CARD, &r->protocol);

    if (code != SCARD_S_SUCCESS)
        pcsc_disconnect(r, SCARD_LEAVE_CARD);
    return code;
}

/* ---- as a channel ---- */

static sfi_status
pcsc_begin(void *user, bool *was_reset)
{
    struct reader *r = user;
    LONG code = SCARD_S_SUCCESS;

    *was_reset = false;
    if (r->has_failed)
        pcsc_disconnect(r, SCARD_RESET_CARD);
    r->has_failed = false;
    for (int i = 0; i < BEGIN_MAX; i++) {
        if (!r->is_connected) {
            *was_reset = true;
            code = pcsc_connect_card(r);
            if (code != SCARD_S_SUCCESS)
                break;
        }
        code = SCardBeginTransaction(r->card);
        if (code == SCARD_S_SUCCESS)
            return SFI_OK;
        *was_reset = true;
        if (code == SCARD_W_RESET_CARD)
            code = pcsc_reconnect_card(r);
        else
            pcsc_disconnect(r, SCARD_LEAVE_CARD);
    }
    return pcsc_fail(r->ctx,
                     code != SCARD_S_SUCCESS ? code : SCARD_W_RESET_CARD);
}

static void
pcsc_end(void *user)
{
    struct reader *r = user;

    if (r->is_connected)
        (void)SCardEndTransaction(r->card, SCARD_LEAVE_CARD);
}

/* T=0 has no extended length: the card is not asked. */
static bool
pcsc_is_extended(const uint8_t *in, size_t len)
{
    return len > 5 && in[4] == 0;
}

/* T=0 sends no Le after data: the card replies 61xx. */
static size_t
pcsc_length_without_le(const uint8_t *in, size_t len)
{
    return len > 5 && len == 5u + in[4] + 1u ? len - 1 : len;
}

static sfi_status
pcsc_transmit(void *user, const uint8_t *in, size_t in_len, uint8_t *out,
              size_t *out_len)
{
    struct reader *r = user;
    bool t0 = r->protocol == SCARD_PROTOCOL_T0;
    DWORD len = (DWORD)*out_len;
    LONG code;

    *out_len = 0;
    if (t0 && pcsc_is_extended(in, in_len)) {
        out[0] =
            0x67; /* wrong length, as a card without extended length replies */
        out[1] = 0x00;
        *out_len = 2;
        return SFI_OK;
    }
    if (t0)
        in_len = pcsc_length_without_le(in, in_len);
    code = SCardTransmit(r->card, t0 ? SCARD_PCI_T0 : SCARD_PCI_T1, in,
                         (DWORD)in_len, NULL, out, &len);
    if (code == SCARD_S_SUCCESS) {
        *out_len = (size_t)len;
        return SFI_OK;
    }
    r->has_failed = true;
    return pcsc_fail(r->ctx, code);
}

static void
pcsc_close(void *user)
{
    struct reader *r = user;

    pcsc_disconnect(r, SCARD_RESET_CARD); /* the card must forget the PIN */
    pcsc_leave_service(r);
    sfi__ctx_dealloc(r->ctx, r);
}

static const struct channel_ops pcsc_ops = {
    .transmit = pcsc_transmit,
    .begin = pcsc_begin,
    .end = pcsc_end,
    .close = pcsc_close,
};

sfi_status
sfi__pcsc_open(sfi_ctx *ctx, const char *reader, struct channel *out)
{
    struct reader *r = sfi__ctx_alloc(ctx, sizeof(*r));
    sfi_status st;
    LONG code;

    if (r == NULL)
        return SFI_ERR_NOMEM;
    r->ctx = ctx;
    code = pcsc_enter_service(r);
    st = code == SCARD_S_SUCCESS ? pcsc_find_reader(r, reader)
                                 : pcsc_fail(ctx, code);
    if (st != SFI_OK) {
        pcsc_close(r);
        return st;
    }
    out->ops = &pcsc_ops;
    out->user = r;
    return SFI_OK;
}
