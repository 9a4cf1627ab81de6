/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Memory, flash and the start of security, through the open bootloader. */
#include "core/ctx.h"
#include "core/err.h"
#include "chip/define/define.h"
#include "target/memory.h"
#include "target/option_area.h"
#include "target/part.h"
#include "target/protection.h"

/* AN2606: the ROMs of H7 and L4 write whole 8 bytes. */
#define WRITE_UNIT 8u

sfi_status
sfi__target_need_open(sfi_target *t)
{
    if (!t->secure)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_STATE,
                     "the chip runs its secure bootloader, which shows no "
                     "memory, expected the open one");
}

/* ---- security ---- */

/* Set the one bit, in the register that the next reset loads. */
static sfi_status
security_set_option(sfi_target *t)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t values[CHIP_OB_ROWS_MAX];
    const struct option_change want = {.values = values};
    struct option_area a;
    enum option_outcome outcome;
    sfi_status st = sfi__option_area_read_head(t, &a);

    if (st != SFI_OK)
        return st;
    sfi__option_area_values(chip, &a, values);
    values[chip->security_row] |= chip->security_mask;
    return sfi__option_area_write(t, &a, &want, &outcome);
}

/* The option takes effect at a reset, by a wire or by a person. */
static sfi_status
security_wait_secure(sfi_target *t, uint32_t ms)
{
    sfi_ctx *ctx = t->obj.ctx;
    struct deadline dl = sfi__deadline_in(sfi__transport_clock(t->tp), ms);
    sfi_status st;

    do {
        st = sfi__target_reconnect(t);
        if (st == SFI_OK && t->secure)
            return SFI_OK;
        if (st != SFI_OK && !sfi__link_is_fault(st))
            return st;
    } while (sfi__link_try_again(&t->boot.link, &dl, TARGET_POLL_MS));
    if (st != SFI_OK)
        return st;
    return sfi__fail(ctx, SFI_ERR_TIMEOUT,
                     "SECURITY is set and waits for a reset that did not come "
                     "within %u ms: power-cycle the chip and try again",
                     ms);
}

/* After a lost reply to the write: it may have reset the chip already. */
static bool
security_is_active_now(sfi_target *t)
{
    struct sfi_error first;

    sfi__error_keep(t->obj.ctx, &first);
    if (sfi__target_reconnect(t) == SFI_OK && t->secure)
        return true;
    sfi__error_restore(t->obj.ctx, &first);
    return false;
}

/* AN5054: with BOOT0 low. */
static sfi_status
security_reset_chip(sfi_target *t)
{
    sfi_ctx *ctx = t->obj.ctx;
    uint32_t ms = t->timeout_ms;
    sfi_status st = sfi__transport_reset(t->tp, false);

    if (st == SFI_OK)
        return security_wait_secure(t, ms);
    if (st != SFI_ERR_UNSUPPORTED)
        return st;
    sfi__log(ctx, SFI_LOG_WARNING,
             "%s: SECURITY is set; power-cycle the chip now", t->tp->name);
    return security_wait_secure(t, ms > TARGET_BY_HAND_MS ? ms
                                                          : TARGET_BY_HAND_MS);
}

sfi_status
sfi__target_can_activate(sfi_target *t)
{
    if (t->secure)
        return SFI_OK;
    if (t->chip->definition != NULL)
        return sfi__chip_need_security(t->obj.ctx, t->chip);
    if (sfi__part_is_smaller(t))
        return sfi__fail(t->obj.ctx, SFI_ERR_DEVICE,
                         "the flash of this chip has %u KB, expected %u of an "
                         "%s: it is another part with the device id 0x%03x "
                         "(%s), which takes no image",
                         (unsigned)(t->flash_size >> 10),
                         (unsigned)(t->chip->flash.size >> 10), t->chip->name,
                         (unsigned)t->chip->device_id, t->chip->twins);
    if (t->chip->security_mask != 0)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_DEVICE,
                     "the secure bootloader of this %s is gone: this part "
                     "takes one install only",
                     t->chip->name);
}

static sfi_status
security_activate(sfi_target *t)
{
    sfi_status st = security_set_option(t);

    if ((sfi__link_is_fault(st) || st == SFI_ERR_PROTECTED) &&
        security_is_active_now(t))
        return SFI_OK;
    return st == SFI_OK && !t->secure ? security_reset_chip(t) : st;
}

sfi_status
sfi__target_activate(sfi_target *t)
{
    sfi_status st = sfi__target_can_activate(t);

    if (st != SFI_OK || t->secure)
        return st;
    t->boot.boot0_low = true;
    st = security_activate(t);
    t->boot.boot0_low = false;
    return st;
}

/* ---- memory ---- */

/* RAM that this version of the bootloader needs for itself. */
static sfi_status
memory_refuse_loader(sfi_target *t, uint64_t address, size_t len)
{
    static const struct chip_range ram = {CHIP_LARGE_RAM_BASE,
                                          CHIP_LARGE_RAM_SIZE};

    if ((t->boot.quirks & CHIP_QUIRK_LARGE_RAM) == 0 || len == 0 ||
        address >= sfi__chip_range_end(&ram) || address + (len - 1) < ram.base)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_CHIP_RULE,
                     "%zu bytes at 0x%08x: bootloader %s uses RAM up to 0x%08x "
                     "for itself (AN2606)",
                     len, (unsigned)address, t->boot.loader->version,
                     (unsigned)sfi__chip_range_end(&ram) - 1);
}

static sfi_status
memory_check_range(sfi_target *t, uint64_t address, size_t len, uint32_t unit)
{
    sfi_status st = sfi__target_check_range(t, address, len);

    if (st != SFI_OK)
        return st;
    if (address % unit != 0 || len % unit != 0)
        return sfi__fail(t->obj.ctx, SFI_ERR_CHIP_RULE,
                         "%zu bytes at 0x%08x, expected multiples of %u", len,
                         (unsigned)address, unit);
    st = sfi__target_need_open(t);
    return st == SFI_OK ? memory_refuse_loader(t, address, len) : st;
}

/* AN3156, 4.1: as a whole block only. */
static sfi_status
memory_read_options(sfi_target *t, uint32_t address, uint8_t *data, size_t len)
{
    uint32_t at = address - t->chip->ob_window.base;
    struct option_area a;
    sfi_status st = sfi__option_area_read(t, &a);

    if (st != SFI_OK)
        return st;
    if (at > a.len || len > a.len - at)
        return sfi__fail(t->obj.ctx, SFI_ERR_NACK,
                         "the bootloader shows %u bytes of option bytes, %zu "
                         "at 0x%08x are not among them",
                         (unsigned)a.len, len, (unsigned)address);
    for (size_t i = 0; i < len; i++)
        data[i] = a.data[at + i];
    return SFI_OK;
}

sfi_status
sfi__memory_read(sfi_target *t, uint64_t address, uint8_t *data, size_t len)
{
    uint32_t at = (uint32_t)address;
    sfi_status st = memory_check_range(t, address, len, 1);

    if (st == SFI_OK && t->tp->kind == TRANSPORT_USB &&
        sfi__chip_range_has(&t->chip->ob_window, at, (uint32_t)len))
        return memory_read_options(t, at, data, len);
    if (st == SFI_OK)
        st = sfi__boot_read(&t->boot, at, data, len);
    return sfi__protection_explain(t, st, at, NULL, len);
}

sfi_status
sfi__memory_read_reporting(sfi_target *t, uint64_t address, uint8_t *data,
                           size_t len)
{
    sfi_status st = memory_check_range(t, address, len, 1);

    for (size_t at = 0, n; st == SFI_OK && at < len; at += n) {
        n = sfi__memory_chunk(address + at, len - at);
        st = sfi__memory_read(t, address + at, data + at, n);
        if (st == SFI_OK)
            sfi__target_report(t, SFI_PHASE_READ, at + n, len);
    }
    return st;
}

/* One wrong word among them locks the chip for ever or starts another firmware,
 * so they are never written just because a file covers their addresses. */
static sfi_status
memory_refuse_options(sfi_target *t, uint64_t address, size_t len)
{
    const struct chip_range *ob = &t->chip->ob_window;

    if (address >= sfi__chip_range_end(ob) || len == 0 ||
        address + (len - 1) < ob->base)
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_CHIP_RULE,
                     "%zu bytes at 0x%08x reach the option bytes at 0x%08x, "
                     "which are not written as memory: change them by "
                     "name",
                     len, (unsigned)address, (unsigned)ob->base);
}

/* A range that begins or ends in flash is in flash as a whole: it would be
 * found only after the part that is in flash was written. */
static sfi_status
memory_refuse_overhang(sfi_target *t, uint64_t address, size_t len)
{
    const struct chip_range *flash = &t->chip->flash;
    uint64_t end = sfi__chip_range_end(flash);

    if (len == 0 || address >= end || address + (len - 1) < flash->base ||
        (address >= flash->base && len <= end - address))
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                     "0x%08x to 0x%08x is not inside the flash, 0x%08x to "
                     "0x%08x",
                     (unsigned)address, (unsigned)(address + (len - 1)),
                     (unsigned)flash->base, (unsigned)(end - 1));
}

/* Several parts share a DEV_ID, and not all have as much flash. */
static sfi_status
memory_refuse_absent(sfi_target *t, uint64_t address, size_t len)
{
    if (sfi__part_has_flash(t, (uint32_t)address, (uint32_t)len))
        return SFI_OK;
    return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                     "%zu bytes at 0x%08x are not all in the flash of this "
                     "chip, which has %u KB",
                     len, (unsigned)address, (unsigned)(t->flash_size >> 10));
}

bool
sfi__memory_is_flash(const sfi_target *t, uint64_t address)
{
    const struct chip_range *flash = &t->chip->flash;

    return address >= flash->base && address < sfi__chip_range_end(flash);
}

uint32_t
sfi__memory_unit(const sfi_target *t, uint64_t address)
{
    return sfi__memory_is_flash(t, address) ? t->chip->program_unit
                                            : WRITE_UNIT;
}

sfi_status
sfi__memory_check_place(sfi_target *t, uint64_t address, size_t len)
{
    sfi_status st =
        memory_check_range(t, address, len, sfi__memory_unit(t, address));

    if (st == SFI_OK)
        st = memory_refuse_options(t, address, len);
    if (st == SFI_OK)
        st = memory_refuse_overhang(t, address, len);
    if (st == SFI_OK && sfi__memory_is_flash(t, address))
        st = memory_refuse_absent(t, address, len);
    return st;
}

static sfi_status
memory_check_write(sfi_target *t, uint64_t address, size_t len)
{
    sfi_status st = sfi__memory_check_place(t, address, len);

    if (st != SFI_OK || !sfi__memory_is_flash(t, address) || len == 0)
        return st;
    return sfi__protection_check_range(t, (uint32_t)address, len);
}

sfi_status
sfi__memory_write(sfi_target *t, uint64_t address, const uint8_t *data,
                  size_t len)
{
    uint32_t at = (uint32_t)address;
    sfi_status st = sfi__boot_write(&t->boot, at, data, len);

    return sfi__protection_explain(t, st, at, data, len);
}

static sfi_status
memory_write_reporting(sfi_target *t, uint64_t address, const uint8_t *data,
                       size_t len)
{
    sfi_status st = memory_check_write(t, address, len);

    st = sfi__protection_explain(t, st, (uint32_t)address, data, len);
    for (size_t at = 0, n; st == SFI_OK && at < len; at += n) {
        n = sfi__memory_chunk(address + at, len - at);
        st = sfi__memory_write(t, address + at, data + at, n);
        if (st == SFI_OK)
            sfi__target_report(t, SFI_PHASE_WRITE, at + n, len);
    }
    return st;
}

size_t
sfi__memory_chunk(uint64_t address, uint64_t left)
{
    size_t room = MEMORY_CHUNK - (size_t)(address % MEMORY_CHUNK);

    return left < room ? (size_t)left : room;
}

/* With one command: so many sectors as take so long at most, so that the caller
 * hears how far it is. */
#define ERASE_BATCH 64u
#define ERASE_BATCH_MS 2500u

static sfi_status
memory_check_sectors(sfi_target *t, const uint32_t *sectors, size_t count)
{
    const struct sfi_chip *chip = t->chip;
    uint32_t end = chip->flash.size / chip->sector_size;
    sfi_status st = sfi__target_need_open(t);

    if (st != SFI_OK || count == 0)
        return st;
    for (size_t i = 0; i < count; i++) {
        if (sectors[i] >= end)
            return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                             "sector %u, expected 0 to %u",
                             (unsigned)sectors[i], (unsigned)end - 1);
        if (!sfi__part_has_sector(t, sectors[i]))
            return sfi__fail(t->obj.ctx, SFI_ERR_RANGE,
                             "this chip has no sector %u: its flash has %u KB",
                             (unsigned)sectors[i],
                             (unsigned)(t->flash_size >> 10));
    }
    return sfi__protection_check_sectors(t, sectors, count);
}

static size_t
memory_erase_batch(const sfi_target *t, size_t left)
{
    size_t n = ERASE_BATCH_MS / (t->chip->erase_ms + 1);

    n = n < ERASE_BATCH ? n : ERASE_BATCH;
    n = n > 0 ? n : 1;
    return left < n ? left : n;
}

/* A chip does not say how far it is, so time does: half of the longest that its
 * datasheet has, up to 99 % of this piece. */
struct erase {
    sfi_target *t;
    uint64_t done, total; /* bytes, before this piece and of all */
    uint64_t len, ms;     /* of this piece */
    uint64_t began, told; /* ms */
};

static uint64_t
erase_now(const sfi_target *t)
{
    const struct clock *clock = t->obj.ctx->clock;

    return clock->now_ms(clock->user);
}

static void
erase_tick(void *user)
{
    struct erase *e = user;
    sfi_ctx *ctx = e->t->obj.ctx;
    struct sfi_error before;
    uint64_t now = erase_now(e->t);
    uint64_t ms = now - e->began;
    uint64_t most = e->ms - e->ms / 100;

    if (now - e->told < CTX_SLICE_MS || e->ms == 0 || ms > most)
        return;
    e->told = now;
    sfi__error_keep(ctx, &before); /* of a command that is being repeated */
    sfi__target_report(e->t, SFI_PHASE_ERASE, e->done + e->len * ms / e->ms,
                       e->total);
    sfi__error_restore(ctx, &before);
}

static void
erase_begin(struct erase *e, size_t sectors)
{
    struct link *link = &e->t->boot.link;

    e->len = sectors * e->t->chip->sector_size;
    e->ms = (uint64_t)sectors * e->t->chip->erase_ms / 2;
    e->began = erase_now(e->t);
    e->told = e->began;
    link->tick = erase_tick;
    link->tick_user = e;
}

static sfi_status
erase_end(struct erase *e, sfi_status st)
{
    e->t->boot.link.tick = NULL;
    if (st != SFI_OK)
        return st;
    e->done += e->len;
    sfi__target_report(e->t, SFI_PHASE_ERASE, e->done, e->total);
    return SFI_OK;
}

sfi_status
sfi__memory_erase(sfi_target *t, const uint32_t *sectors, size_t count)
{
    struct erase e = {.t = t, .total = count * t->chip->sector_size};
    uint16_t batch[ERASE_BATCH];

    if (count > 0)
        sfi__target_report(t, SFI_PHASE_ERASE, 0, e.total);
    for (size_t done = 0, n; done < count; done += n) {
        sfi_status st;

        n = memory_erase_batch(t, count - done);
        for (size_t i = 0; i < n; i++)
            batch[i] = (uint16_t)sectors[done + i];
        erase_begin(&e, n);
        st = erase_end(&e, sfi__boot_erase_sectors(&t->boot, batch, n));
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static sfi_status
memory_erase_sectors(sfi_target *t, const uint32_t *sectors, size_t count)
{
    sfi_status st = memory_check_sectors(t, sectors, count);

    return st == SFI_OK ? sfi__memory_erase(t, sectors, count) : st;
}

/* A debug port erases bank by bank, and a smaller part may have one only. */
static sfi_status
memory_erase_present(sfi_target *t)
{
    uint32_t sectors = t->chip->flash.size / t->chip->sector_size;
    sfi_status st = SFI_OK;

    for (uint32_t i = 0; st == SFI_OK && i < sectors; i++) {
        uint16_t number = (uint16_t)i;

        if (sfi__part_has_sector(t, i))
            st = sfi__boot_erase_sectors(&t->boot, &number, 1);
    }
    return st;
}

static sfi_status
memory_erase_open(sfi_target *t)
{
    const struct chip_range *flash = &t->chip->flash;
    struct erase e = {.t = t, .total = flash->size};
    sfi_status st = sfi__protection_check_range(t, flash->base, flash->size);

    if (st != SFI_OK)
        return st;
    sfi__target_report(t, SFI_PHASE_ERASE, 0, e.total);
    erase_begin(&e, flash->size / t->chip->sector_size);
    return erase_end(&e, t->tp->kind == TRANSPORT_DAP && sfi__part_is_smaller(t)
                             ? memory_erase_present(t)
                             : sfi__boot_erase_mass(&t->boot));
}

static sfi_status
memory_erase_all(sfi_target *t)
{
    sfi_status st;

    if (!t->secure)
        return memory_erase_open(t);
    st = sfi__dialect_secure(t, true);
    return st == SFI_OK ? sfi__dialect_abort(t) : st;
}

static sfi_status
memory_start_program(sfi_target *t, uint64_t address)
{
    sfi_status st = memory_check_range(t, address, 1, 1);

    if (st == SFI_OK)
        st = sfi__boot_go(&t->boot, (uint32_t)address);
    return sfi__protection_explain(t, st, (uint32_t)address, NULL, 1);
}

/* ---- public ---- */

sfi_status
sfi_target_read(sfi_target *t, uint64_t address, uint8_t *data, size_t len)
{
    TARGET_ENTER(t);
    SFI_ARG(t, data != NULL || len == 0);
    return sfi__target_ended(t->tp,
                             sfi__memory_read_reporting(t, address, data, len));
}

sfi_status
sfi_target_write(sfi_target *t, uint64_t address, const uint8_t *data,
                 size_t len)
{
    TARGET_ENTER(t);
    SFI_ARG(t, data != NULL || len == 0);
    return sfi__target_ended(t->tp,
                             memory_write_reporting(t, address, data, len));
}

sfi_status
sfi_target_check_write(sfi_target *t, uint64_t address, size_t len)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, memory_check_write(t, address, len));
}

sfi_status
sfi_target_go(sfi_target *t, uint64_t address)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, memory_start_program(t, address));
}

sfi_status
sfi_target_erase_all(sfi_target *t)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, memory_erase_all(t));
}

sfi_status
sfi_target_erase(sfi_target *t, const uint32_t *sectors, size_t count)
{
    TARGET_ENTER(t);
    SFI_ARG(t, sectors != NULL || count == 0);
    return sfi__target_ended(t->tp, memory_erase_sectors(t, sectors, count));
}

sfi_status
sfi_target_activate_security(sfi_target *t)
{
    TARGET_ENTER(t);
    return sfi__target_ended(t->tp, sfi__target_activate(t));
}
