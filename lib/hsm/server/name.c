/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Parse the name of a licence server. */
#include "hsm/server/name.h"

#include <string.h>

#include <sfi/hsm.h>

#include "util/hex.h"
#include "util/mem.h"
#include "util/text.h"
#include "core/ctx.h"
#include "core/err.h"

#define HOST_CHARS                                         \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
    "0123456789-._"
#define DIGITS "0123456789"
#define ADDRESS_CHARS DIGITS "abcdefABCDEF:." /* of IPv6, in brackets */
#define HOST_MAX 253u                         /* RFC 1035, 2.3.4 */

/* What is parsed, and where the next text goes. */
struct name_parser {
    sfi_ctx *ctx;
    struct server_name *out;
    char *next;
};

size_t
sfi__server_name_len(const char *text)
{
    return strcspn(text, "?");
}

static sfi_status
name_fail_form(sfi_ctx *ctx, const char *text, size_t len)
{
    return sfi__fail(ctx, SFI_ERR_FORMAT,
                     "\"%.*s\" is no place of a licence server, expected "
                     "https://HOST:PORT",
                     (int)(len < HOST_MAX ? len : HOST_MAX), text);
}

/* The length of https://HOST:PORT at the start of `text`; 0: it is none. */
static size_t
name_url_len(const char *text)
{
    const char *host = sfi__text_after(text, "https://");
    const char *port;
    char digits[6];
    uint64_t number;
    size_t len;

    if (host == NULL)
        return 0;
    if (host[0] == '[') {
        len = strspn(host + 1, ADDRESS_CHARS);
        port = host + 1 + len;
        if (*port++ != ']')
            return 0;
    } else {
        len = strspn(host, HOST_CHARS);
        port = host + len;
    }
    if (len == 0 || len > HOST_MAX || *port++ != ':')
        return 0;
    len = strspn(port, DIGITS);
    if (len == 0 || len >= sizeof(digits))
        return 0;
    memcpy(digits, port, len);
    digits[len] = '\0';
    if (!sfi__text_to_u64(digits, UINT16_MAX, &number) || number == 0)
        return 0;
    return (size_t)(port + len - text);
}

static const char *
name_keep(struct name_parser *p, const char *text, size_t len)
{
    char *kept = p->next;

    memcpy(kept, text, len);
    kept[len] = '\0';
    p->next += len + 1;
    return kept;
}

/* Keep a percent-encoded text; NULL, recorded: an escape is wrong, or says
 * NUL. */
static const char *
name_decode(struct name_parser *p, const char *what, const char *text,
            size_t len)
{
    char *kept = p->next;
    size_t used = 0;

    for (size_t i = 0; i < len; i++) {
        int high =
            len - i > 2 ? sfi__hex_digit((unsigned char)text[i + 1]) : -1;
        int low = len - i > 2 ? sfi__hex_digit((unsigned char)text[i + 2]) : -1;

        if (text[i] != '%') {
            kept[used++] = text[i];
            continue;
        }
        if (high < 0 || low < 0 || (high == 0 && low == 0)) {
            (void)sfi__fail(p->ctx, SFI_ERR_FORMAT,
                            "%s has a %% without the two digits of a character "
                            "behind it: %%25 stands for %%",
                            what);
            return NULL;
        }
        kept[used++] = (char)(high << 4 | low);
        i += 2;
    }
    kept[used] = '\0';
    p->next += used + 1;
    return kept;
}

static sfi_status
name_add_url(struct name_parser *p, const char *text, size_t len)
{
    struct server_name *out = p->out;

    if (out->url_count == SERVER_URLS_MAX)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                         "more than %u servers in one name", SERVER_URLS_MAX);
    out->urls[out->url_count++] = name_keep(p, text, len);
    return SFI_OK;
}

static sfi_status
name_take_firmware(struct name_parser *p, const char *text, size_t len)
{
    const char *name = name_decode(p, "the firmware's name", text, len);
    size_t name_len;

    if (name == NULL)
        return SFI_ERR_FORMAT;
    name_len = strlen(name);
    if (name_len == 0 || name_len > SFI_FIRMWARE_ID_MAX)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                         "a firmware's name of %zu characters behind the "
                         "server's port, expected 1 to %u: "
                         "https://HOST:PORT/FIRMWARE",
                         name_len, SFI_FIRMWARE_ID_MAX);
    for (size_t i = 0; i < name_len; i++) {
        if (name[i] < ' ' || name[i] > '~')
            return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                             "character %zu of the firmware's name is 0x%02x, "
                             "expected printable ASCII",
                             i + 1, (unsigned char)name[i]);
    }
    p->out->firmware = name;
    return SFI_OK;
}

/* ---- parameters ---- */

static sfi_status
name_take_also(struct name_parser *p, const char *text, size_t len)
{
    if (len == 0 || name_url_len(text) != len)
        return name_fail_form(p->ctx, text, len);
    return name_add_url(p, text, len);
}

static sfi_status
name_take_timeout(struct name_parser *p, const char *text, size_t len)
{
    char digits[8] = "";
    uint64_t number = 0;

    if (len < sizeof(digits))
        memcpy(digits, text, len);
    if (len == 0 || strspn(digits, DIGITS) != len ||
        !sfi__text_to_u64(digits, SERVER_TIMEOUT_MAX_S, &number) || number == 0)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                         "timeout=%.*s, expected seconds from 1 to %u",
                         (int)(len < 32 ? len : 32), text,
                         SERVER_TIMEOUT_MAX_S);
    if (p->out->timeout_s != 0)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                         "timeout= stands twice in the name");
    p->out->timeout_s = (uint32_t)number;
    return SFI_OK;
}

static sfi_status
name_take_file(struct name_parser *p, const char *name, const char **file,
               const char *text, size_t len)
{
    if (*file != NULL || len == 0)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT, "%s=%s", name,
                         len == 0 ? " names no file"
                                  : " stands twice in the name");
    *file = name_decode(p, name, text, len);
    return *file != NULL ? SFI_OK : SFI_ERR_FORMAT;
}

static sfi_status
name_take_parameter(struct name_parser *p, const char *text, size_t len)
{
    struct server_name *out = p->out;
    const struct {
        const char *name;
        const char **file;
    } files[] = {{"cert", &out->cert},
                 {"key", &out->key},
                 {"ca", &out->ca},
                 {"fence", &out->fence}};
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    const char *value = text + name_len + 1;
    size_t value_len = equals != NULL ? len - name_len - 1 : 0;

    for (size_t i = 0; equals != NULL && i < sizeof(files) / sizeof(*files);
         i++) {
        if (strlen(files[i].name) == name_len &&
            strncmp(text, files[i].name, name_len) == 0)
            return name_take_file(p, files[i].name, files[i].file, value,
                                  value_len);
    }
    if (sfi__text_after(text, "timeout=") == value)
        return name_take_timeout(p, value, value_len);
    if (sfi__text_after(text, "also=") == value)
        return name_take_also(p, value, value_len);
    return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                     "unknown parameter \"%.*s\", expected cert=, key=, ca=, "
                     "fence=, timeout= or also=",
                     (int)(name_len < 64 ? name_len : 64), text);
}

static sfi_status
name_take_parameters(struct name_parser *p, const char *query)
{
    for (;;) {
        size_t len = strcspn(query, "&");
        sfi_status st = name_take_parameter(p, query, len);

        if (st != SFI_OK || query[len] == '\0')
            return st;
        query += len + 1;
    }
}

/* ---- the whole ---- */

static sfi_status
name_check_whole(struct name_parser *p)
{
    struct server_name *out = p->out;
    const char *missing = out->cert == NULL  ? "cert="
                          : out->key == NULL ? "key="
                          : out->ca == NULL  ? "ca="
                                             : NULL;

    if (missing != NULL)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                         "%s is missing: a station needs its certificate "
                         "(cert=), its key (key=) and the CA of the server "
                         "(ca=)",
                         missing);
    if (out->timeout_s == 0)
        out->timeout_s = SERVER_TIMEOUT_S;
    if (out->fence == NULL) {
        size_t len = strlen(out->key);

        memcpy(p->next, out->key, len);
        memcpy(p->next + len, ".fence", sizeof(".fence"));
        out->fence = p->next;
    }
    return SFI_OK;
}

static sfi_status
name_parse(struct name_parser *p, const char *text)
{
    size_t len = sfi__server_name_len(text);
    size_t url_len = name_url_len(text);
    sfi_status st;

    if (sfi__text_after(text, "http:") != NULL)
        return sfi__fail(p->ctx, SFI_ERR_FORMAT,
                         "http: protects nothing, expected https:");
    if (url_len == 0 || (text[url_len] != '/' && url_len != len))
        return name_fail_form(p->ctx, text, len);
    st = name_add_url(p, text, url_len);
    if (st == SFI_OK)
        st = name_take_firmware(p, text + url_len + (url_len < len),
                                len - url_len - (url_len < len));
    if (st == SFI_OK && text[len] == '?')
        st = name_take_parameters(p, text + len + 1);
    return st == SFI_OK ? name_check_whole(p) : st;
}

sfi_status
sfi__server_name_parse(sfi_ctx *ctx, const char *text, struct server_name *out)
{
    struct name_parser p = {.ctx = ctx, .out = out};
    size_t len = strlen(text);
    sfi_status st;

    sfi__zero(out, sizeof(*out));
    if (len > SIZE_MAX / 4)
        return sfi__nomem(ctx);
    /* each text with its NUL, and the key's once more for the fence */
    out->memory = sfi__ctx_alloc(ctx, 3 * len + sizeof(".fence"));
    if (out->memory == NULL)
        return SFI_ERR_NOMEM;
    p.next = out->memory;
    st = name_parse(&p, text);
    if (st != SFI_OK)
        sfi__server_name_free(ctx, out);
    return st;
}

void
sfi__server_name_free(sfi_ctx *ctx, struct server_name *name)
{
    sfi__ctx_dealloc(ctx, name->memory);
    sfi__zero(name, sizeof(*name));
}
