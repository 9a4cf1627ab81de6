/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DFU 1.1 and DfuSe: reports, requests, descriptors, memory layouts. */
#include "proto/dfu.h"

#include "util/rd.h"
#include "util/wr.h"

#define DFU_CLASS 0xfeu /* application specific */
#define DFU_SUBCLASS 0x01u
#define DFU_PROTOCOL 0x02u /* DFU mode */
#define DFU_FUNCTIONAL 0x21u
#define FUNCTIONAL_LEN 9u
#define CONFIG_LEN 9u
#define INTERFACE_LEN 9u
#define SELF_POWERED 0xc0u
#define CURRENT_100_MA 50u

void
sfi__dfu_write_report(uint8_t raw[DFU_REPORT_LEN], const struct dfu_report *r)
{
    struct wr w;

    sfi__wr_init(&w, raw, DFU_REPORT_LEN);
    sfi__wr_u8(&w, r->status);
    sfi__wr_u8(&w, (uint8_t)r->poll_ms);
    sfi__wr_u16le(&w, (uint16_t)(r->poll_ms >> 8));
    sfi__wr_u8(&w, r->state);
    sfi__wr_u8(&w, r->string);
}

void
sfi__dfu_read_report(struct dfu_report *r, const uint8_t raw[DFU_REPORT_LEN])
{
    struct rd in;

    sfi__rd_init(&in, raw, DFU_REPORT_LEN);
    r->status = sfi__rd_u8(&in);
    r->poll_ms = sfi__rd_u8(&in);
    r->poll_ms |= (uint32_t)sfi__rd_u16le(&in) << 8;
    r->state = sfi__rd_u8(&in);
    r->string = sfi__rd_u8(&in);
}

/* DFU 1.1, 6.1.2; AN3156, 5.1 for the vendor's. */
const char *
sfi__dfu_status_text(uint8_t status)
{
    static const char *const texts[] = {
        [DFU_OK] = "no error",
        [DFU_ERR_TARGET] = "not an address of this memory",
        [DFU_ERR_FILE] = "not a file for this part",
        [DFU_ERR_WRITE] = "cannot write",
        [DFU_ERR_ERASE] = "cannot erase",
        [DFU_ERR_CHECK_ERASED] = "not erased afterwards",
        [DFU_ERR_PROG] = "cannot program",
        [DFU_ERR_VERIFY] = "reads back differently",
        [DFU_ERR_ADDRESS] = "address out of range",
        [DFU_ERR_NOTDONE] = "more data expected",
        [DFU_ERR_FIRMWARE] = "firmware is corrupt",
        [DFU_ERR_VENDOR] = "readout protection is on",
        [DFU_ERR_USBR] = "unexpected USB reset",
        [DFU_ERR_POR] = "unexpected power-on reset",
        [DFU_ERR_UNKNOWN] = "unknown error",
        [DFU_ERR_STALLEDPKT] = "unexpected request",
    };

    return status < sizeof(texts) / sizeof(*texts) ? texts[status]
                                                   : "a status not in DFU 1.1";
}

void
sfi__dfu_write_address(uint8_t out[DFU_ADDRESS_LEN], uint8_t command,
                       uint32_t address)
{
    struct wr w;

    sfi__wr_init(&w, out, DFU_ADDRESS_LEN);
    sfi__wr_u8(&w, command);
    sfi__wr_u32le(&w, address);
}

/* ---- requests of the security extension ---- */

size_t
sfi__dfu_write_sfi(uint8_t out[DFU_SFI_MAX], const struct dfu_sfi *req)
{
    struct wr w;

    if ((req->opcode & 0xff00u) != DFU_SFI_OPCODE ||
        req->param_len > SFI_CMD_PARAM_MAX || req->data_len > SFI_CMD_DATA_MAX)
        return 0;
    sfi__wr_init(&w, out, DFU_SFI_MAX);
    sfi__wr_u8(&w, DFU_SFI);
    sfi__wr_u8(&w, (uint8_t)req->opcode);
    sfi__wr_u8(&w, (uint8_t)req->param_len);
    sfi__wr_bytes(&w, req->param, req->param_len);
    sfi__wr_bytes(&w, req->data, req->data_len);
    return sfi__wr_ok(&w) ? sfi__wr_len(&w) : 0;
}

bool
sfi__dfu_read_sfi(struct dfu_sfi *req, const uint8_t *raw, size_t len)
{
    struct rd r;

    sfi__rd_init(&r, raw, len);
    if (sfi__rd_u8(&r) != DFU_SFI)
        return false;
    req->opcode = (uint16_t)(DFU_SFI_OPCODE | sfi__rd_u8(&r));
    req->param_len = sfi__rd_u8(&r);
    if (req->param_len > SFI_CMD_PARAM_MAX)
        return false;
    req->param = sfi__rd_view(&r, req->param_len);
    req->data_len = sfi__rd_left(&r);
    req->data = sfi__rd_view(&r, req->data_len);
    return sfi__rd_ok(&r) && req->data_len <= SFI_CMD_DATA_MAX;
}

/* ---- descriptors ---- */

static void
dfu_write_interface(struct wr *w, const struct dfu_interface *i, uint8_t alt)
{
    sfi__wr_u8(w, INTERFACE_LEN);
    sfi__wr_u8(w, USB_INTERFACE);
    sfi__wr_u8(w, i->number);
    sfi__wr_u8(w, alt);
    sfi__wr_u8(w, 0); /* no endpoint but the default pipe */
    sfi__wr_u8(w, DFU_CLASS);
    sfi__wr_u8(w, DFU_SUBCLASS);
    sfi__wr_u8(w, DFU_PROTOCOL);
    sfi__wr_u8(w, i->name[alt]);
}

size_t
sfi__dfu_write_config(uint8_t out[DFU_CONFIG_MAX],
                      const struct dfu_interface *i)
{
    size_t len = CONFIG_LEN + (size_t)i->alts * INTERFACE_LEN + FUNCTIONAL_LEN;
    struct wr w;

    sfi__wr_init(&w, out, DFU_CONFIG_MAX);
    sfi__wr_u8(&w, CONFIG_LEN);
    sfi__wr_u8(&w, USB_CONFIGURATION);
    sfi__wr_u16le(&w, (uint16_t)len);
    sfi__wr_u8(&w, 1); /* interfaces */
    sfi__wr_u8(&w, 1); /* its number */
    sfi__wr_u8(&w, 0);
    sfi__wr_u8(&w, SELF_POWERED);
    sfi__wr_u8(&w, CURRENT_100_MA);
    for (uint8_t alt = 0; alt < i->alts; alt++)
        dfu_write_interface(&w, i, alt);
    sfi__wr_u8(&w, FUNCTIONAL_LEN);
    sfi__wr_u8(&w, DFU_FUNCTIONAL);
    sfi__wr_u8(&w, i->attributes);
    sfi__wr_u16le(&w, i->detach_ms);
    sfi__wr_u16le(&w, i->transfer_size);
    sfi__wr_u16le(&w, i->version);
    return sfi__wr_ok(&w) ? sfi__wr_len(&w) : 0;
}

/* Read one alternate setting; other interfaces are skipped.  False: the
 * settings are out of order, or too many. */
static bool
dfu_read_interface(struct dfu_interface *i, struct rd *r, bool *ours)
{
    uint8_t number = sfi__rd_u8(r);
    uint8_t alt = sfi__rd_u8(r);

    sfi__rd_skip(r, 1);
    *ours = sfi__rd_u8(r) == DFU_CLASS;
    *ours = sfi__rd_u8(r) == DFU_SUBCLASS && *ours;
    *ours = sfi__rd_u8(r) == DFU_PROTOCOL && *ours;
    if (*ours && i->alts > 0 && i->number != number)
        *ours = false;
    if (!*ours)
        return true;
    if (alt != i->alts || alt >= DFU_ALTS_MAX)
        return false;
    i->number = number;
    i->name[alt] = sfi__rd_u8(r);
    i->alts++;
    return true;
}

static void
dfu_read_functional(struct dfu_interface *i, struct rd *r)
{
    i->attributes = sfi__rd_u8(r);
    i->detach_ms = sfi__rd_u16le(r);
    i->transfer_size = sfi__rd_u16le(r);
    i->version = sfi__rd_u16le(r);
}

/* USB 2.0, 9.5: each descriptor begins with its length, and may be longer than
 * the fields known here. */
bool
sfi__dfu_read_config(struct dfu_interface *i, const uint8_t *raw, size_t len)
{
    bool ours = false;
    struct rd r;

    *i = (struct dfu_interface){0};
    sfi__rd_init(&r, raw, len);
    while (sfi__rd_left(&r) > 0) {
        uint8_t length = sfi__rd_u8(&r);
        uint8_t type = sfi__rd_u8(&r);
        struct rd one;

        if (!sfi__rd_ok(&r) || length < 2 || length - 2u > sfi__rd_left(&r))
            return false;
        sfi__rd_init(&one, sfi__rd_view(&r, length - 2u), length - 2u);
        if (type == USB_INTERFACE && !dfu_read_interface(i, &one, &ours))
            return false;
        if (type == DFU_FUNCTIONAL && ours)
            dfu_read_functional(i, &one);
        if (!sfi__rd_ok(&one))
            return false;
    }
    return i->alts > 0 && i->transfer_size > 0;
}

size_t
sfi__dfu_write_string(uint8_t out[USB_STRING_MAX], const char *text)
{
    struct wr w;

    sfi__wr_init(&w, out, USB_STRING_MAX);
    sfi__wr_u8(&w, 0);
    sfi__wr_u8(&w, USB_STRING);
    for (; *text != '\0'; text++)
        sfi__wr_u16le(&w, (uint8_t)*text);
    if (!sfi__wr_ok(&w))
        return 0;
    out[0] = (uint8_t)sfi__wr_len(&w);
    return sfi__wr_len(&w);
}

bool
sfi__dfu_read_string(char out[USB_TEXT_MAX], const uint8_t *raw, size_t len)
{
    uint8_t length;
    size_t n = 0;
    struct rd r;

    out[0] = '\0';
    sfi__rd_init(&r, raw, len);
    length = sfi__rd_u8(&r);
    if (sfi__rd_u8(&r) != USB_STRING || length < 2 ||
        length - 2u > sfi__rd_left(&r))
        return false;
    for (size_t left = (length - 2u) / 2; left > 0; left--) {
        uint16_t c = sfi__rd_u16le(&r);

        out[n++] = c >= ' ' && c <= '~' ? (char)c : '?';
    }
    out[n] = '\0';
    return true;
}

/* ---- the name of an alternate setting ---- */

static bool
dfu_take_char(const char **text, char c)
{
    if (**text != c)
        return false;
    (*text)++;
    return true;
}

static int
dfu_digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool
dfu_take_number(const char **text, unsigned base, uint32_t *out)
{
    const char *start = *text;
    uint64_t v = 0;
    int d;

    while ((d = dfu_digit_value(**text)) >= 0 && (unsigned)d < base) {
        v = v * base + (unsigned)d;
        if (v > UINT32_MAX)
            return false;
        (*text)++;
    }
    *out = (uint32_t)v;
    return *text > start;
}

/* "0x08000000" */
static bool
dfu_take_address(const char **text, uint32_t *out)
{
    return dfu_take_char(text, '0') &&
           (dfu_take_char(text, 'x') || dfu_take_char(text, 'X')) &&
           dfu_take_number(text, 16, out);
}

/* ' ' and 'B' mean bytes; some parts omit the unit. */
static uint32_t
dfu_take_unit(const char **text)
{
    if (dfu_take_char(text, 'K'))
        return 1u << 10;
    if (dfu_take_char(text, 'M'))
        return 1u << 20;
    if (!dfu_take_char(text, 'B'))
        (void)dfu_take_char(text, ' ');
    return 1;
}

/* A letter, 'a' = 1 and on; its bits are DFU_READABLE and so on. */
static bool
dfu_take_access(const char **text, uint8_t *out)
{
    if (**text < 'a' || **text > 'g')
        return false;
    *out = (uint8_t)(**text - 'a' + 1);
    (*text)++;
    return true;
}

/* Read "16*128Kg" as a region at `*base`, and move `*base` behind it. */
static bool
dfu_take_region(const char **text, uint64_t *base, struct dfu_region *out)
{
    uint64_t size;

    if (!dfu_take_number(text, 10, &out->count) || !dfu_take_char(text, '*') ||
        !dfu_take_number(text, 10, &out->size))
        return false;
    size = (uint64_t)out->size * dfu_take_unit(text);
    if (!dfu_take_access(text, &out->access) || size == 0 || out->count == 0 ||
        size > UINT32_MAX)
        return false;
    out->size = (uint32_t)size;
    out->base = (uint32_t)*base;
    if (size * out->count > (uint64_t)UINT32_MAX + 1 - *base)
        return false;
    *base += size * out->count;
    return true;
}

static bool
dfu_take_regions(const char **text, struct dfu_layout *out)
{
    uint32_t address;
    uint64_t base;

    if (!dfu_take_address(text, &address) || !dfu_take_char(text, '/'))
        return false;
    base = address;
    do {
        if (out->regions == DFU_REGIONS_MAX || base > UINT32_MAX ||
            !dfu_take_region(text, &base, &out->region[out->regions]))
            return false;
        out->regions++;
    } while (dfu_take_char(text, ','));
    return true;
}

static bool
dfu_take_name(const char **text, struct dfu_layout *out)
{
    size_t len = 0;

    if (!dfu_take_char(text, '@'))
        return false;
    while (**text != '\0' && **text != '/') {
        if (len == DFU_NAME_MAX - 1)
            return false;
        out->name[len++] = *(*text)++;
    }
    while (len > 0 && out->name[len - 1] == ' ')
        len--;
    out->name[len] = '\0';
    return true;
}

bool
sfi__dfu_read_layout(struct dfu_layout *out, const char *text)
{
    *out = (struct dfu_layout){.regions = 0};
    if (!dfu_take_name(&text, out) || *text == '\0')
        return false;
    while (dfu_take_char(&text, '/')) {
        if (!dfu_take_regions(&text, out))
            return false;
    }
    return *text == '\0';
}

const struct dfu_region *
sfi__dfu_region_at(const struct dfu_layout *l, uint32_t address)
{
    for (size_t i = 0; i < l->regions; i++) {
        const struct dfu_region *r = &l->region[i];

        if (address >= r->base && (address - r->base) / r->size < r->count)
            return r;
    }
    return NULL;
}
