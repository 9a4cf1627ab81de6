/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Finds out what is in a chip, and reads memory into a firmware. */
#include <sfi/device.h>
#include <sfi/program.h>

#include "util/rd.h"
#include "util/text.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "target/memory.h"
#include "target/option_area.h"

SFI_ABI_PIN(sfi_target_contents, device_id);

#define VTOR 0xe000ed08u /* Armv7-M architecture manual, B3.2.5 */
#define READ_MAX ((uint64_t)256 << 20)

/* A refusal is an answer here, too; a link that fails is not. */
static bool
inspect_is_refused(sfi_status st)
{
    return st == SFI_ERR_PROTECTED || st == SFI_ERR_NACK ||
           st == SFI_ERR_DEVICE || st == SFI_ERR_CERTIFICATE;
}

static sfi_status
inspect_options(sfi_target *t, sfi_target_contents *c)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t values[CHIP_OB_ROWS_MAX];
    struct option_area a;
    sfi_status st = sfi__option_area_read(t, &a);

    if (st != SFI_OK)
        return st;
    sfi__option_area_values(chip, &a, values);
    c->has_options = 1;
    c->security = (values[chip->security_row] & chip->security_mask) != 0;
    return SFI_OK;
}

/* Over a debug port: where the core's vector table is, while it runs. */
static sfi_status
inspect_core(sfi_target *t, bool *runs)
{
    uint8_t raw[4];
    struct rd r;
    sfi_status st = sfi__memory_read(t, VTOR, raw, sizeof(raw));

    sfi__rd_init(&r, raw, sizeof(raw));
    if (st == SFI_OK)
        *runs = sfi__chip_range_has(&t->chip->flash, sfi__rd_u32le(&r), 1);
    return st;
}

static sfi_status
inspect_flash(sfi_target *t, sfi_target_contents *c)
{
    uint8_t raw[8];
    bool runs = false;
    struct rd r;
    sfi_status st = sfi__memory_read(t, t->chip->flash.base, raw, sizeof(raw));

    if (st != SFI_OK)
        return st;
    sfi__rd_init(&r, raw, sizeof(raw));
    c->stack = sfi__rd_u32le(&r);
    c->entry = sfi__rd_u32le(&r);
    c->has_vectors = c->stack != UINT32_MAX && c->entry != UINT32_MAX;
    if (t->boot.version == 0) /* else a bootloader runs */
        st = inspect_core(t, &runs);
    c->state = c->has_vectors ? SFI_TARGET_PROGRAMMED : SFI_TARGET_EMPTY;
    if (runs)
        c->state = SFI_TARGET_RUNNING;
    return st;
}

static sfi_status
inspect_open(sfi_target *t, sfi_target_contents *c)
{
    static const char *const texts[] = {
        [SFI_TARGET_OPEN] = "open",
        [SFI_TARGET_EMPTY] = "open, empty",
        [SFI_TARGET_PROGRAMMED] = "open, has a program",
        [SFI_TARGET_RUNNING] = "open, application running",
    };
    sfi_status st = inspect_options(t, c);

    c->state = SFI_TARGET_OPEN;
    if (st == SFI_OK || inspect_is_refused(st))
        st = inspect_flash(t, c);
    c->text = texts[c->state];
    return inspect_is_refused(st) ? SFI_OK : st;
}

static const char *
inspect_secure_text(uint32_t state)
{
    static const char *const texts[] = {
        [SFI_DEVICE_EMPTY] = "secure, empty",
        [SFI_DEVICE_READY] = "secure, waits for a licence",
        [SFI_DEVICE_LICENSED] = "secure, waits for a header",
        [SFI_DEVICE_RECEIVING] = "secure, receives an image",
        [SFI_DEVICE_COMPLETE] = "secure, has a whole image",
        [SFI_DEVICE_INSTALLED] = "secure, installed",
    };

    return state < sizeof(texts) / sizeof(texts[0]) && texts[state] != NULL
               ? texts[state]
               : "secure";
}

static sfi_status
inspect_secure(sfi_target *t, sfi_target_contents *c)
{
    sfi_certificate *cert = NULL;
    sfi_dialect_info i;
    sfi_status st = sfi__dialect_info(t, &i);

    if (st != SFI_OK)
        return st;
    c->state = SFI_TARGET_SECURE;
    c->text = inspect_secure_text(i.state);
    c->has_image = i.state >= SFI_DEVICE_RECEIVING;
    st = sfi__target_certificate(t, &cert);
    if (st == SFI_OK)
        (void)sfi__text_copy(c->device_id, sizeof(c->device_id),
                             sfi_certificate_device_id(cert));
    sfi_certificate_free(cert);
    return inspect_is_refused(st) ? SFI_OK : st;
}

static sfi_status
inspect_read_memory(sfi_target *t, uint64_t address, size_t len,
                    sfi_firmware **out)
{
    uint8_t *data = sfi__ctx_alloc(t->obj.ctx, len);
    sfi_status st;

    if (data == NULL)
        return SFI_ERR_NOMEM;
    st = sfi__memory_read_reporting(t, address, data, len);
    if (st == SFI_OK)
        st = sfi_firmware_parse(t->obj.ctx, "raw", address, data, len, out);
    sfi__ctx_dealloc(t->obj.ctx, data);
    return st;
}

/* ---- public ---- */

sfi_status
sfi_target_inspect(sfi_target *t, sfi_target_contents *out)
{
    sfi_target_contents c = {.struct_size = sizeof(c)};
    sfi_status st;

    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    st = t->secure ? inspect_secure(t, &c) : inspect_open(t, &c);
    if (st == SFI_OK)
        st = SFI_ABI_OUT(t, sfi_target_contents, out, &c);
    return sfi__target_ended(t->tp, st);
}

sfi_status
sfi_target_read_firmware(sfi_target *t, uint64_t address, uint64_t len,
                         sfi_firmware **out)
{
    sfi_status st;

    if (out != NULL)
        *out = NULL;
    TARGET_ENTER(t);
    SFI_ARG(t, out != NULL);
    if (len == 0 || len > READ_MAX)
        return sfi__fail(t->obj.ctx, SFI_ERR_LIMIT,
                         "%llu bytes, expected 1 to 256 MiB",
                         (unsigned long long)len);
    st = sfi__target_check_range(t, address, (size_t)len);
    if (st == SFI_OK)
        st = inspect_read_memory(t, address, (size_t)len, out);
    return sfi__target_ended(t->tp, st);
}
