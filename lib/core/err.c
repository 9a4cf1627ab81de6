/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Records errors in the context, and writes its log. */
#include "core/err.h"

#include <errno.h>
#include <string.h>

#include "util/fd.h"
#include "util/os_text.h"
#include "core/ctx.h"

#define LOG_LINE_MAX 512

void
sfi__clear_error(sfi_ctx *ctx)
{
    ctx->error.status = SFI_OK;
    ctx->error.os_code = 0;
    ctx->error.peer_code = 0;
    ctx->error.where[0] = '\0';
    ctx->error.message[0] = '\0';
}

void
sfi__error_keep(const sfi_ctx *ctx, struct sfi_error *kept)
{
    *kept = ctx->error;
}

void
sfi__error_restore(sfi_ctx *ctx, const struct sfi_error *kept)
{
    ctx->error = *kept;
}

static void
error_record_codes(sfi_ctx *ctx, sfi_status st, int os_code, int32_t peer_code)
{
    sfi__clear_error(ctx);
    ctx->error.status = st;
    ctx->error.os_code = os_code;
    ctx->error.peer_code = peer_code;
}

/* Every message and every line of the log is made here: whatever a file, a
 * peer or the system has said in it cannot control a terminal. */
static void
error_format(char *out, size_t cap, const char *fmt, va_list args)
{
    char raw[LOG_LINE_MAX];

    sfi__text_vformat(raw, cap < sizeof(raw) ? cap : sizeof(raw), fmt, args);
    sfi__text_visible(out, cap, raw);
}

sfi_status
sfi__fail(sfi_ctx *ctx, sfi_status st, const char *fmt, ...)
{
    va_list args;

    error_record_codes(ctx, st, 0, 0);
    va_start(args, fmt);
    error_format(ctx->error.message, sizeof(ctx->error.message), fmt, args);
    va_end(args);
    return st;
}

sfi_status
sfi__fail_os(sfi_ctx *ctx, sfi_status st, int os_code, const char *fmt, ...)
{
    char *message = ctx->error.message;
    size_t cap = sizeof(ctx->error.message);
    const char *known = sfi__os_text(os_code);
    char why[128];
    va_list args;

    error_record_codes(ctx, st, os_code > 0 ? os_code : 0, 0);
    va_start(args, fmt);
    error_format(message, cap, fmt, args);
    va_end(args);
    if (os_code == FD_LOCKED)
        sfi__text_format(why, sizeof(why),
                         "the file belongs to a vault that this program has "
                         "open");
    else if (known != NULL)
        (void)sfi__text_copy(why, sizeof(why), known);
    else
        sfi__text_format(why, sizeof(why), "error %d", os_code);
    sfi__text_format(message + strlen(message), cap - strlen(message), ": %s",
                     why);
    return st;
}

sfi_status
sfi__fail_peer(sfi_ctx *ctx, sfi_status st, int32_t peer_code, const char *fmt,
               ...)
{
    va_list args;

    error_record_codes(ctx, st, 0, peer_code);
    va_start(args, fmt);
    error_format(ctx->error.message, sizeof(ctx->error.message), fmt, args);
    va_end(args);
    return st;
}

sfi_status
sfi__nomem(sfi_ctx *ctx)
{
    return sfi__fail(ctx, SFI_ERR_NOMEM, "out of memory");
}

sfi_status
sfi__where(sfi_ctx *ctx, const char *fmt, ...)
{
    char *where = ctx->error.where;
    size_t cap = sizeof(ctx->error.where);
    char inner[SFI_ERROR_WHERE_MAX];
    va_list args;

    (void)sfi__text_copy(inner, sizeof(inner), where);
    va_start(args, fmt);
    error_format(where, cap, fmt, args);
    va_end(args);
    if (inner[0] != '\0') {
        size_t len = strlen(where);

        (void)sfi__text_copy(where + len, cap - len, ":");
        len = strlen(where);
        sfi__text_visible(where + len, cap - len, inner); /* whole characters */
    }
    return ctx->error.status;
}

sfi_status
sfi__os_status(int os_code)
{
    switch (os_code) {
    case FD_LOCKED:
    case EACCES:
    case EPERM:
    case EROFS:
    case EBUSY:
        return SFI_ERR_ACCESS;
    case ENOMEM:
        return SFI_ERR_NOMEM;
    case EFBIG:
        return SFI_ERR_LIMIT;
    default:
        return SFI_ERR_OS;
    }
}

sfi_status
sfi__from_callback(sfi_ctx *ctx, sfi_status st, const char *what)
{
    if (st == SFI_OK) {
        sfi__clear_error(ctx); /* the callback recovered from it */
        return SFI_OK;
    }
    if (st > 0 || strcmp(sfi_status_name(st), "SFI_ERR_UNKNOWN") == 0)
        return sfi__fail(ctx, SFI_ERR_CALLBACK,
                         "%s returned %d, expected an sfi_status", what, st);
    if (ctx->error.status != st)
        return sfi__fail(ctx, st, "%s: %s", what, sfi_status_str(st));
    return st;
}

void
sfi__log(sfi_ctx *ctx, int level, const char *fmt, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    if (level < 0 || (uint32_t)level > ctx->log_level)
        return;
    va_start(args, fmt);
    error_format(line, sizeof(line), fmt, args);
    va_end(args);
    ctx->log(ctx->log_user, level, line);
}

void
sfi_text_escape(const char *text, char *out, size_t out_cap)
{
    if (out != NULL)
        sfi__text_visible(out, out_cap, text != NULL ? text : "");
}

void
sfi_ctx_report(sfi_ctx *ctx, sfi_status st, int32_t peer_code,
               const char *message)
{
    if (!sfi__is(ctx, OBJ_CTX) || st >= SFI_OK)
        return;
    (void)sfi__fail_peer(ctx, st, peer_code, "%s",
                         message != NULL ? message : sfi_status_str(st));
}

sfi_status
sfi_error_status(const sfi_error *err)
{
    return err != NULL ? err->status : SFI_OK;
}

const char *
sfi_error_message(const sfi_error *err)
{
    return err != NULL ? err->message : "";
}

const char *
sfi_error_where(const sfi_error *err)
{
    return err != NULL ? err->where : "";
}

int32_t
sfi_error_os_code(const sfi_error *err)
{
    return err != NULL ? err->os_code : 0;
}

int32_t
sfi_error_peer_code(const sfi_error *err)
{
    return err != NULL ? err->peer_code : 0;
}
