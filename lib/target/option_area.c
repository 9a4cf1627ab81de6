/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Option bytes as whole areas.  Sources disagree about anything less: AN3155,
 * 3.6 refuses a write that does not begin at the start of the area, and erases
 * the rest; ST's open bootloader takes the first word for FLASH_OPTR whatever
 * the address.  Meant for another register, 0xCC there is readout protection
 * level 2, for ever.  AN3156, 4.1 reads the whole block only. */
#include "target/option_area.h"

#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "core/err.h"
#include "target/protection.h"

#define WORD 4u
/* A write that does not read back is sent again. */
#define WRITES_MAX 3u

static void
area_put_word(struct option_area *a, uint32_t offset, uint32_t value)
{
    struct wr w;

    sfi__wr_init(&w, a->data + offset, WORD);
    sfi__wr_u32le(&w, value);
}

uint32_t
sfi__option_area_word(const struct option_area *a, uint32_t offset)
{
    struct rd r;

    sfi__rd_init(&r, a->data + offset, WORD);
    return sfi__rd_u32le(&r);
}

static bool
area_has_word(const struct option_area *a, uint32_t offset)
{
    return offset <= a->len && a->len - offset >= WORD;
}

bool
sfi__option_area_has(const struct option_area *a, const struct chip_ob_row *row)
{
    return row->is_register && area_has_word(a, row->current) &&
           area_has_word(a, row->pending);
}

/* ---- reading ---- */

static uint32_t
area_request_max(const sfi_target *t)
{
    switch (t->tp->kind) {
    case TRANSPORT_STREAM:
    case TRANSPORT_SPI:
        return USART_BLOCK_MAX;
    case TRANSPORT_USB:
        return t->boot.dfu.itf.transfer_size;
    default:
        return UINT32_MAX;
    }
}

/* The length that the name of a DFU memory says; 0: there is no such name. */
static uint32_t
area_named_len(const sfi_target *t)
{
    const struct boot *b = &t->boot;

    if (t->tp->kind != TRANSPORT_USB)
        return 0;
    for (uint8_t alt = 0; alt < b->dfu.itf.alts; alt++) {
        const struct dfu_region *r =
            sfi__dfu_region_at(&b->dfu.layout[alt], t->chip->ob_window.base);

        if (r != NULL && r->base == t->chip->ob_window.base &&
            r->count <= OPTION_AREA_MAX && r->size <= OPTION_AREA_MAX)
            return r->count * r->size;
    }
    return 0;
}

static sfi_status
area_read_bytes(sfi_target *t, struct option_area *a, uint32_t len)
{
    if (len > sizeof(a->data))
        return sfi__fail(t->obj.ctx, SFI_ERR_INTERNAL,
                         "an option area of %u bytes", (unsigned)len);
    a->len = len;
    return sfi__boot_read_sure(&t->boot, t->chip->ob_window.base, a->data, len);
}

static sfi_status
area_read_longest(sfi_target *t, struct option_area *a, uint32_t longest)
{
    const struct sfi_chip *chip = t->chip;
    const uint32_t lens[] = {area_named_len(t), chip->ob_shorter[0],
                             chip->ob_shorter[1]};
    sfi_status st = area_read_bytes(t, a, longest);

    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        if (st != SFI_ERR_NACK || t->tp->kind == TRANSPORT_DAP ||
            sfi__protection_is_told(t))
            break;
        if (lens[i] >= longest || lens[i] % WORD != 0 ||
            lens[i] < chip->ob_shorter[1])
            continue;
        longest = lens[i];
        st = area_read_bytes(t, a, longest);
    }
    if (st != SFI_ERR_NACK || sfi__protection_name_refusal(t) != SFI_ERR_NACK)
        return st == SFI_ERR_NACK ? SFI_ERR_PROTECTED : st;
    return sfi__fail(t->obj.ctx, st,
                     "the bootloader refuses to show the option bytes at "
                     "0x%08x",
                     (unsigned)chip->ob_window.base);
}

sfi_status
sfi__option_area_read(sfi_target *t, struct option_area *a)
{
    return area_read_longest(t, a, t->chip->ob_window.size);
}

/* The part of an area of `len` bytes that one request carries: all, or what the
 * shortest name says, which has every register of the first bank. */
static uint32_t
area_head_len(const sfi_target *t, uint32_t len)
{
    uint32_t most = area_request_max(t);

    if (len <= most)
        return len;
    return t->chip->ob_shorter[1] <= most ? t->chip->ob_shorter[1] : 0;
}

sfi_status
sfi__option_area_read_head(sfi_target *t, struct option_area *a)
{
    uint32_t whole = t->chip->ob_window.size;
    uint32_t len = t->tp->kind == TRANSPORT_DAP ? t->chip->ob_shorter[1]
                                                : area_head_len(t, whole);

    return area_read_longest(t, a, len > 0 ? len : whole);
}

void
sfi__option_area_values(const struct sfi_chip *chip,
                        const struct option_area *a,
                        uint32_t values[CHIP_OB_ROWS_MAX])
{
    for (uint32_t i = 0; i < chip->ob_count; i++)
        values[i] = sfi__option_area_has(a, &chip->ob[i])
                        ? sfi__option_area_word(a, chip->ob[i].pending)
                        : chip->ob[i].shipped;
}

/* ---- writing ---- */

/* What changes: rows, and the bytes from the first to the last of them. */
struct area_span {
    uint32_t begin, end;
    uint32_t last; /* row */
};

static uint32_t
area_row_is(const struct option_area *a, const struct chip_ob_row *row)
{
    return sfi__option_area_has(a, row) ? sfi__option_area_word(a, row->pending)
                                        : row->shipped;
}

static bool
area_find_changes(const struct sfi_chip *chip, const struct option_area *a,
                  const uint32_t *values, struct area_span *s)
{
    *s = (struct area_span){.begin = UINT32_MAX};
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        const struct chip_ob_row *row = &chip->ob[i];

        if (!row->is_register || area_row_is(a, row) == values[i])
            continue;
        if (row->pending < s->begin)
            s->begin = row->pending;
        if (row->pending + WORD > s->end) {
            s->end = row->pending + WORD;
            s->last = i;
        }
    }
    return s->end != 0;
}

static void
area_put_pending(const struct sfi_chip *chip, struct option_area *a,
                 const uint32_t *values)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        const struct chip_ob_row *row = &chip->ob[i];
        uint32_t after = row->pending + WORD;
        uint32_t was;

        if (!sfi__option_area_has(a, row))
            continue;
        was = sfi__option_area_word(a, row->pending);
        if (chip->ob_complements && area_has_word(a, after) &&
            sfi__option_area_word(a, after) == ~was)
            area_put_word(a, after, ~values[i]);
        area_put_word(a, row->pending, values[i]);
    }
}

/* A register in force gets the value of the programmed one: a part ignores it
 * (0x5200201c is OPTSR_CUR), and a bootloader that takes the first word for
 * FLASH_OPTR gets the right one. */
static void
area_put_current(const struct sfi_chip *chip, struct option_area *a,
                 const uint32_t *values)
{
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if (sfi__option_area_has(a, &chip->ob[i]))
            area_put_word(a, chip->ob[i].current, values[i]);
    }
}

static uint32_t
area_rdp(const struct sfi_chip *chip, uint32_t word)
{
    return word >> chip->rdp_shift & 0xffu;
}

/* The word that a bootloader may take for FLASH_OPTR is the first, or that of
 * its row: both must be what was asked for, and level 2 by that very request.
 */
static sfi_status
area_check_rdp(sfi_target *t, const struct option_area *a,
               const struct option_change *want, uint32_t was)
{
    const struct sfi_chip *chip = t->chip;
    const struct chip_ob_row *row = &chip->ob[chip->rdp_row];
    uint32_t word = want->values[chip->rdp_row];

    if (sfi__option_area_word(a, 0) != word ||
        sfi__option_area_word(a, row->pending) != word)
        return sfi__fail(t->obj.ctx, SFI_ERR_INTERNAL,
                         "%s would become 0x%08x, expected 0x%08x", row->name,
                         (unsigned)sfi__option_area_word(a, 0), (unsigned)word);
    if (area_rdp(chip, word) == CHIP_RDP_LEVEL2 && !want->rdp_given)
        return sfi__fail(t->obj.ctx, SFI_ERR_PROTECTED,
                         "%s 0x%08x is readout protection level 2, which is "
                         "permanent and was not asked for",
                         row->name, (unsigned)word);
    sfi__log(t->obj.ctx, SFI_LOG_INFO,
             "option bytes: %s 0x%08x to 0x%08x, readout protection 0x%02x to "
             "0x%02x",
             row->name, (unsigned)was, (unsigned)word,
             (unsigned)area_rdp(chip, was), (unsigned)area_rdp(chip, word));
    return SFI_OK;
}

/* AN2606, L45x/46x V9.2 */
static sfi_status
area_check_pcrop(sfi_target *t, const struct option_area *a,
                 const uint32_t *values)
{
    const struct sfi_chip *chip = t->chip;

    if ((t->boot.quirks & CHIP_QUIRK_NO_PCROP) == 0)
        return SFI_OK;
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        if ((chip->pcrop_rows >> i & 1u) != 0 &&
            area_row_is(a, &chip->ob[i]) != values[i])
            return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                             "bootloader %s of the chip cannot write option "
                             "byte %s; a debugger can",
                             t->boot.loader->version, chip->ob[i].name);
    }
    return SFI_OK;
}

/* The registers that are not written keep their values (RM0433, 4.4.2). */
static sfi_status
area_choose_len(sfi_target *t, const struct option_area *a,
                const struct area_span *s, uint32_t *len)
{
    *len = area_head_len(t, a->len);
    if (s->end <= *len)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "option byte %s cannot be written safely over %s: it is "
                     "%u bytes into the option bytes, and %u are written in "
                     "one request; use another link",
                     t->chip->ob[s->last].name, t->boot.ops->name,
                     (unsigned)(s->end - WORD), (unsigned)*len);
}

/* A debug port has the registers themselves, one by one. */
static sfi_status
area_send(sfi_target *t, const struct option_area *a, const struct area_span *s,
          uint32_t len)
{
    uint32_t base = t->chip->ob_window.base;

    sfi_status st;

    if (t->tp->kind == TRANSPORT_DAP)
        return sfi__boot_write(&t->boot, base + s->begin, a->data + s->begin,
                               s->end - s->begin);
    st = sfi__boot_write(&t->boot, base, a->data, len);
    if (st == SFI_ERR_NACK && !sfi__protection_is_told(t))
        return sfi__fail(t->obj.ctx, st,
                         "the bootloader refuses to change the option bytes at "
                         "0x%08x",
                         (unsigned)base);
    return st == SFI_ERR_NACK ? sfi__protection_name_refusal(t) : st;
}

sfi_status
sfi__option_area_compare(sfi_target *t, const struct option_area *a,
                         const uint32_t *values, bool *waits)
{
    const struct sfi_chip *chip = t->chip;

    *waits = false;
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        const struct chip_ob_row *row = &chip->ob[i];
        uint32_t is;

        if (!sfi__option_area_has(a, row))
            continue;
        is = sfi__option_area_word(a, row->pending);
        if (is != values[i])
            return sfi__fail(t->obj.ctx, SFI_ERR_NACK,
                             "the chip did not take option byte %s 0x%08x, it "
                             "is 0x%08x",
                             row->name, (unsigned)values[i], (unsigned)is);
        *waits = *waits || sfi__option_area_word(a, row->current) != is;
    }
    return SFI_OK;
}

/* What is written: the buffer, checked, and its length.  `after`: what is read
 * behind it, before a reset. */
static sfi_status
area_prepare(sfi_target *t, struct option_area *a,
             const struct option_change *want, const struct area_span *s,
             uint32_t *len, struct option_area *after)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t was = area_row_is(a, &chip->ob[chip->rdp_row]);
    sfi_status st = area_choose_len(t, a, s, len);

    if (st != SFI_OK)
        return st;
    area_put_pending(chip, a, want->values);
    *after = *a;
    area_put_current(chip, a, want->values);
    return area_check_rdp(t, a, want, was);
}

/* SECURITY stays 0 in parts that have no security and the same DEV_ID. */
static sfi_status
area_name_twin(sfi_target *t, const struct option_area *a,
               const uint32_t *values, sfi_status st)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t row = chip->security_row;

    if (st != SFI_ERR_NACK || (values[row] & chip->security_mask) == 0 ||
        (area_row_is(a, &chip->ob[row]) & chip->security_mask) != 0)
        return st;
    return sfi__fail(t->obj.ctx, SFI_ERR_DEVICE,
                     "SECURITY reads back as 0 after it was set, so this chip "
                     "has no secure bootloader: it is not an %s but another "
                     "part with the device id 0x%03x (%s)",
                     chip->name, (unsigned)chip->device_id, chip->twins);
}

/* The registers alone, where a read may be of any length (AN3155, 3.4). */
static uint32_t
area_registers_len(const sfi_target *t, const struct option_area *a)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t len = 0;

    if (t->tp->kind == TRANSPORT_USB)
        return a->len;
    for (uint32_t i = 0; i < chip->ob_count; i++) {
        const struct chip_ob_row *row = &chip->ob[i];

        if (!sfi__option_area_has(a, row))
            continue;
        if (len < row->current + WORD)
            len = row->current + WORD;
        if (len < row->pending + WORD)
            len = row->pending + WORD;
    }
    return len;
}

/* Read what was written.  A chip that has reset itself must not hear anything
 * before 0x7f, and one whose reset failed hears nothing: *asked false. */
static sfi_status
area_read_back(sfi_target *t, struct option_area *a,
               const struct option_area *after, bool *asked)
{
    sfi_status st = SFI_OK;

    *asked = false;
    if (t->tp->kind != TRANSPORT_DAP)
        st = sfi__target_reconnect(t);
    if (st == SFI_OK && !t->secure)
        st =
            sfi__boot_read_expecting(&t->boot, t->chip->ob_window.base, a->data,
                                     after->data, area_registers_len(t, a));
    if (sfi__link_is_fault(st))
        return SFI_OK;
    *asked = st == SFI_OK && !t->secure;
    return st;
}

/* They take effect at a reset, so what the line has damaged is written again
 * before. */
sfi_status
sfi__option_area_write(sfi_target *t, struct option_area *a,
                       const struct option_change *want,
                       enum option_outcome *outcome)
{
    struct area_span s;
    struct option_area after;
    uint32_t len;
    bool asked, waits;
    sfi_status st = area_check_pcrop(t, a, want->values);

    *outcome = OPTIONS_UNCHANGED;
    for (unsigned i = 0; st == SFI_OK && i < WRITES_MAX; i++) {
        if (!area_find_changes(t->chip, a, want->values, &s))
            return SFI_OK;
        st = area_prepare(t, a, want, &s, &len, &after);
        if (st != SFI_OK)
            return st;
        *outcome = OPTIONS_SENT;
        t->look.known = false;
        st = area_send(t, a, &s, len);
        if (st != SFI_OK || t->chip->ob_write_resets)
            return st;
        st = area_read_back(t, a, &after, &asked);
        if (st != SFI_OK || !asked)
            return st;
    }
    if (st == SFI_OK)
        st = sfi__option_area_compare(t, a, want->values, &waits);
    if (st == SFI_ERR_NACK)
        *outcome = OPTIONS_NOT_TAKEN;
    return area_name_twin(t, a, want->values, st);
}
