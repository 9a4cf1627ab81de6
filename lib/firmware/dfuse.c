/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* DfuSe: "UM0391: DfuSe File Format Specification", revision 1.  A prefix,
 * targets (one for each alternate setting of the USB device) with elements (an
 * address and bytes), and the suffix of "USB Device Firmware Upgrade", version
 * 1.1, appendix B. */
#include "firmware/load.h"

#include <string.h>

#include "util/mem.h"
#include "util/rd.h"
#include "core/err.h"

#define PREFIX_MAGIC "DfuSe"
#define PREFIX_LEN 11u
#define TARGET_MAGIC "Target"
#define TARGET_LEN 274u
#define TARGET_NAME_LEN 255u
#define ELEMENT_LEN 8u
#define SUFFIX_MAGIC "UFD"
#define SUFFIX_LEN 16u
#define SUFFIX_DFUSE 0x011au /* bcdDFU of these files */
#define DEVICE_ANY 0xffffu
/* ST's bootloaders (AN2606). */
#define VENDOR_ST 0x0483u
#define PRODUCT_DFU 0xdf11u

struct suffix {
    uint16_t product;
    uint16_t vendor;
    uint16_t version;
    uint8_t magic[3];
    uint8_t len;
    uint32_t crc;
};

struct target {
    uint32_t number;
    uint8_t setting;
    char name[TARGET_NAME_LEN + 1];
    uint32_t elements;
};

/* The CRC of Ethernet, without the inversion at its end. */
static uint32_t
dfuse_crc(const uint8_t *data, size_t len)
{
    uint32_t table[256];
    uint32_t crc = UINT32_MAX;

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (unsigned bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < len; i++)
        crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
    return crc;
}

/* ---- the suffix ---- */

static void
suffix_read(const uint8_t *data, size_t len, struct suffix *s)
{
    struct rd r;

    sfi__rd_init(&r, data + len - SUFFIX_LEN, SUFFIX_LEN);
    sfi__rd_skip(&r, 2); /* version of the device */
    s->product = sfi__rd_u16le(&r);
    s->vendor = sfi__rd_u16le(&r);
    s->version = sfi__rd_u16le(&r);
    sfi__rd_bytes(&r, s->magic, sizeof(s->magic));
    s->len = sfi__rd_u8(&r);
    s->crc = sfi__rd_u32le(&r);
}

static bool
suffix_has_form(const struct suffix *s)
{
    return sfi__equal(s->magic, SUFFIX_MAGIC, sizeof(s->magic)) &&
           s->len == SUFFIX_LEN;
}

bool
sfi__dfuse_has_suffix(const uint8_t *data, size_t len)
{
    struct suffix s;

    if (len < SUFFIX_LEN)
        return false;
    suffix_read(data, len, &s);
    return suffix_has_form(&s) && dfuse_crc(data, len - 4) == s.crc;
}

static sfi_status
suffix_check(struct load *l, const uint8_t *data, size_t len)
{
    struct suffix s;
    uint32_t crc;

    suffix_read(data, len, &s);
    if (!suffix_has_form(&s))
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "no DFU suffix of %u bytes at the end of the file",
                         SUFFIX_LEN);
    if (s.version != SUFFIX_DFUSE)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "the DFU suffix is of version 0x%04x, expected 0x%04x",
                         s.version, SUFFIX_DFUSE);
    crc = dfuse_crc(data, len - 4);
    if (crc != s.crc)
        return sfi__fail(l->ctx, SFI_ERR_CHECKSUM,
                         "CRC is 0x%08lx, the DFU suffix says 0x%08lx",
                         (unsigned long)crc, (unsigned long)s.crc);
    if ((s.vendor == VENDOR_ST || s.vendor == DEVICE_ANY) &&
        (s.product == PRODUCT_DFU || s.product == DEVICE_ANY))
        return SFI_OK;
    sfi__loader_warn(l,
                     "made for the USB device %04x:%04x, expected %04x:%04x "
                     "(ST's bootloaders)",
                     s.vendor, s.product, VENDOR_ST, PRODUCT_DFU);
    return SFI_OK;
}

/* ---- targets ---- */

static sfi_status
target_fail(struct load *l, const struct target *t, sfi_status st,
            const char *why)
{
    (void)sfi__fail(l->ctx, st, "%s", why);
    return sfi__where(l->ctx, "target %lu", (unsigned long)t->number);
}

static sfi_status
element_read(struct load *l, struct rd *r, const uint8_t *data)
{
    uint32_t address = sfi__rd_u32le(r);
    uint32_t len = sfi__rd_u32le(r);
    const uint8_t *bytes = sfi__rd_view(r, len);

    if (bytes == NULL)
        return sfi__loader_fail(l, SFI_ERR_FORMAT,
                                "0x%lx bytes for 0x%08lx, more than its target "
                                "has",
                                (unsigned long)len, (unsigned long)address);
    if (l->place >= FIRMWARE_SEGMENTS_MAX)
        return sfi__fail(l->ctx, SFI_ERR_LIMIT,
                         "more than %u elements, the limit",
                         FIRMWARE_SEGMENTS_MAX);
    if (len == 0) {
        sfi__loader_warn(l, "no bytes for 0x%08lx", (unsigned long)address);
        return SFI_OK;
    }
    return sfi__loader_run(l, address, (size_t)(bytes - data), len);
}

/* Elements are numbered through the whole file. */
static sfi_status
target_read_elements(struct load *l, const struct target *t, struct rd *r,
                     const uint8_t *data)
{
    for (uint32_t i = 0; i < t->elements; i++) {
        sfi_status st;

        if (sfi__rd_left(r) < ELEMENT_LEN)
            return target_fail(l, t, SFI_ERR_FORMAT,
                               "fewer elements than its prefix says");
        st = element_read(l, r, data);
        if (st != SFI_OK)
            return st;
        l->place++;
    }
    if (sfi__rd_left(r) > 0)
        return target_fail(l, t, SFI_ERR_FORMAT,
                           "bytes behind the last of its elements");
    return SFI_OK;
}

/* A part's alternate setting 0 is its flash; others are option bytes, OTP or
 * another memory. */
static void
target_warn_of_setting(struct load *l, const struct target *t)
{
    uint32_t place = l->place;
    char name[TARGET_NAME_LEN + 1];

    if (t->setting == 0)
        return;
    sfi__text_visible(name, sizeof(name), t->name);
    l->place = FIRMWARE_PLACE_NONE;
    sfi__loader_warn(l,
                     "target %lu is for alternate setting %u (%.64s), expected "
                     "0, the flash",
                     (unsigned long)t->number, t->setting, name);
    l->place = place;
}

static sfi_status
target_read(struct load *l, struct target *t, struct rd *r, const uint8_t *data)
{
    char magic[sizeof(TARGET_MAGIC) - 1];
    const uint8_t *bytes;
    struct rd elements;
    uint32_t named, size;

    if (sfi__rd_left(r) < TARGET_LEN)
        return target_fail(l, t, SFI_ERR_FORMAT,
                           "no room for its prefix, although the file says "
                           "that there is such a target");
    sfi__rd_bytes(r, magic, sizeof(magic));
    if (!sfi__equal(magic, TARGET_MAGIC, sizeof(magic)))
        return target_fail(l, t, SFI_ERR_FORMAT,
                           "its prefix does not begin with \"" TARGET_MAGIC
                           "\"");
    t->setting = sfi__rd_u8(r);
    named = sfi__rd_u32le(r);
    sfi__rd_bytes(r, t->name, TARGET_NAME_LEN);
    t->name[named != 0 ? TARGET_NAME_LEN : 0] = '\0';
    size = sfi__rd_u32le(r);
    t->elements = sfi__rd_u32le(r);
    bytes = sfi__rd_view(r, size);
    if (bytes == NULL)
        return target_fail(l, t, SFI_ERR_FORMAT,
                           "its size is more than the file has");
    target_warn_of_setting(l, t);
    sfi__rd_init(&elements, bytes, size);
    return target_read_elements(l, t, &elements, data);
}

/* ---- the file ---- */

static bool
dfuse_matches(const uint8_t *data, size_t len)
{
    return len >= sizeof(PREFIX_MAGIC) - 1 &&
           sfi__equal(data, PREFIX_MAGIC, sizeof(PREFIX_MAGIC) - 1);
}

static sfi_status
dfuse_check_prefix(struct load *l, const uint8_t *data, size_t len,
                   uint8_t *targets)
{
    struct rd r;
    uint8_t version;
    uint32_t size;

    if (!dfuse_matches(data, len))
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         sfi__dfuse_has_suffix(data, len)
                             ? "a plain binary with a DFU suffix; remove that "
                               "(dfu-suffix -D), and give its address"
                             : "not a DfuSe file, which begins with "
                               "\"" PREFIX_MAGIC "\"");
    if (len < PREFIX_LEN + SUFFIX_LEN)
        return sfi__fail(l->ctx, SFI_ERR_TRUNCATED,
                         "file ends inside the DfuSe prefix or suffix");
    sfi__rd_init(&r, data, PREFIX_LEN);
    sfi__rd_skip(&r, sizeof(PREFIX_MAGIC) - 1);
    version = sfi__rd_u8(&r);
    size = sfi__rd_u32le(&r);
    *targets = sfi__rd_u8(&r);
    if (version != 1)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "DfuSe version is %u, expected 1", version);
    /* UM0391 does not say whether the suffix counts; ST's tools leave it out.
     */
    if (size != len - SUFFIX_LEN && size != len)
        return sfi__fail(l->ctx,
                         size > len - SUFFIX_LEN ? SFI_ERR_TRUNCATED
                                                 : SFI_ERR_FORMAT,
                         "0x%zx bytes before the suffix, the DfuSe prefix says "
                         "0x%lx",
                         len - SUFFIX_LEN, (unsigned long)size);
    return SFI_OK;
}

static sfi_status
dfuse_load_whole(struct load *l, const uint8_t *data, size_t len)
{
    struct target t = {0};
    uint8_t targets = 0;
    struct rd r;
    sfi_status st = dfuse_check_prefix(l, data, len, &targets);

    if (st != SFI_OK)
        return st;
    l->place = FIRMWARE_PLACE_NONE;
    st = suffix_check(l, data, len);
    l->place = 0;
    sfi__rd_init(&r, data + PREFIX_LEN, len - PREFIX_LEN - SUFFIX_LEN);
    for (; st == SFI_OK && t.number < targets; t.number++)
        st = target_read(l, &t, &r, data);
    if (st == SFI_OK && sfi__rd_left(&r) > 0)
        return sfi__fail(l->ctx, SFI_ERR_FORMAT,
                         "0x%zx bytes behind the last of %u targets",
                         sfi__rd_left(&r), targets);
    return st;
}

static const char *const extensions[] = {"dfu", NULL};

const struct format sfi__format_dfuse = {
    .name = "dfuse",
    .place = "element",
    .extensions = extensions,
    .matches = dfuse_matches,
    .whole = dfuse_load_whole,
};
