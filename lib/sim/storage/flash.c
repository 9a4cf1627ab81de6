/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The chip's flash: a mapped file or memory, erased by sectors and programmed
 * by units. */
#include "sim/storage/flash.h"

#include <string.h>

#include "util/fd.h"
#include "util/mem.h"
#include "util/sys.h"
#include "core/ctx.h"
#include "core/err.h"

/* Fills the loader of a part that ships with one: not erased, and not code. */
#define LOADER_FILL 0x5fu

static sfi_status
flash_map_file(sfi_ctx *ctx, int fd, struct flash *f)
{
    size_t size = f->chip->flash.size;
    struct sys_stat st;
    void *mem;
    int err = sfi__sys_fstat(fd, &st);

    if (err != 0)
        return sfi__fail_os(ctx, SFI_ERR_OS, err, "cannot read");
    if (st.size != f->file_len)
        return sfi__fail(
            ctx, SFI_ERR_FORMAT, "is %llu bytes, expected %zu, the flash of %s",
            (unsigned long long)st.size, f->file_len, f->chip->name);
    err = sfi__sys_map(fd, f->file_at, size, &mem);
    if (err != 0)
        return sfi__fail_os(ctx, SFI_ERR_OS, err, "cannot map");
    f->mem = mem;
    return SFI_OK;
}

static sfi_status
flash_map_path(sfi_ctx *ctx, const char *path, struct flash *f)
{
    sfi_status st;
    int fd;
    int err = sfi__fd_open(path, SYS_READ_WRITE, 0, &fd);

    if (err != 0)
        st = sfi__fail_os(ctx, sfi__os_status(err), err, "cannot open");
    else
        st = flash_map_file(ctx, fd, f);
    if (fd >= 0)
        (void)sfi__fd_close(fd);
    return st == SFI_OK ? SFI_OK : sfi__where(ctx, "%s", path);
}

sfi_status
sfi__flash_map(sfi_ctx *ctx, const char *path, const struct sfi_chip *chip,
               struct power *power, struct flash *f)
{
    *f = (struct flash){
        .chip = chip, .power = power, .file_len = chip->flash.size};
    return flash_map_path(ctx, path, f);
}

sfi_status
sfi__flash_map_part(sfi_ctx *ctx, const char *path, const struct sfi_chip *chip,
                    size_t at, size_t file_len, struct flash *f)
{
    *f = (struct flash){.chip = chip, .file_at = at, .file_len = file_len};
    return flash_map_path(ctx, path, f);
}

void
sfi__flash_ship(const struct sfi_chip *chip, uint8_t *mem)
{
    uint32_t before = chip->user.base - chip->flash.base;
    uint32_t end = before + chip->user.size;

    sfi__fill(mem, FLASH_ERASED, chip->flash.size);
    if (!chip->ships_secure)
        return;
    sfi__fill(mem, LOADER_FILL, before);
    sfi__fill(mem + end, LOADER_FILL, chip->flash.size - end);
}

sfi_status
sfi__flash_make(sfi_ctx *ctx, const struct sfi_chip *chip, struct power *power,
                struct flash *f)
{
    *f = (struct flash){.chip = chip, .power = power, .owner = ctx};
    f->mem = sfi__ctx_alloc(ctx, chip->flash.size);
    if (f->mem == NULL)
        return SFI_ERR_NOMEM;
    sfi__flash_ship(chip, f->mem);
    return SFI_OK;
}

void
sfi__flash_close(struct flash *f)
{
    if (f->owner != NULL)
        sfi__ctx_dealloc(f->owner, f->mem);
    else if (f->mem != NULL)
        sfi__sys_unmap(f->mem, f->chip->flash.size);
    f->mem = NULL;
}

/* Typical times. */
static const struct flash_time {
    uint16_t device_id;
    uint32_t erase_us;   /* a sector */
    uint32_t program_us; /* a unit */
} times[] = {
    /* ST employee, community 734674; DS12110, flash characteristics, x32 */
    {0x450, 1100000, 130},
    /* DS11913, flash characteristics */
    {0x462, 22020, 82},
};

static const struct flash_time *
flash_time_of(const struct sfi_chip *chip)
{
    const struct flash_time *t = times;

    while (t->device_id != chip->device_id)
        t++;
    return t;
}

/* Is [address, address + len) in the flash, and whole pieces of `unit`
 * bytes? */
static enum flash_result
flash_check_range(const struct flash *f, uint32_t address, uint32_t len,
                  uint32_t unit)
{
    if (!sfi__chip_range_has(&f->chip->flash, address, len))
        return FLASH_RANGE;
    if ((address - f->chip->flash.base) % unit != 0 || len % unit != 0)
        return FLASH_UNIT;
    return FLASH_OK;
}

static uint8_t *
flash_at_address(const struct flash *f, uint32_t address)
{
    return f->mem + (address - f->chip->flash.base);
}

static bool
flash_bytes_erased(const uint8_t *p, size_t len)
{
    while (len > 0 && *p == FLASH_ERASED) {
        p++;
        len--;
    }
    return len == 0;
}

static void
flash_tear(struct flash *f, uint32_t address, uint32_t len)
{
    f->torn[f->torn_count++ % FLASH_TORN_MAX] =
        (struct chip_range){address, len};
}

static void
flash_mend(struct flash *f, uint32_t address, uint32_t len)
{
    for (size_t i = 0; i < FLASH_TORN_MAX; i++) {
        if (f->torn[i].base - address < len)
            f->torn[i].size = 0;
    }
}

bool
sfi__flash_is_torn(const struct flash *f, uint32_t address, size_t len)
{
    for (size_t i = 0; i < FLASH_TORN_MAX; i++) {
        const struct chip_range *t = &f->torn[i];

        if (t->size > 0 &&
            (address - t->base < t->size || t->base - address < len))
            return true;
    }
    return false;
}

enum flash_result
sfi__flash_erase(struct flash *f, uint32_t address, uint32_t len)
{
    uint32_t sector = f->chip->sector_size;
    enum flash_result r = flash_check_range(f, address, len, sector);

    if (r != FLASH_OK)
        return r;
    for (uint32_t done = 0; done < len; done += sector) {
        uint8_t *p = flash_at_address(f, address + done);

        switch (sfi__power_spend(f->power)) {
        case POWER_FULL:
            sfi__fill(p, FLASH_ERASED, sector);
            flash_mend(f, address + done, sector);
            f->work_us += flash_time_of(f->chip)->erase_us;
            break;
        case POWER_FAILS:
            sfi__fill(p, FLASH_ERASED, sector / 2);
            flash_tear(f, address + done, sector);
            return FLASH_POWER;
        case POWER_NONE:
            return FLASH_POWER;
        }
    }
    return FLASH_OK;
}

enum flash_result
sfi__flash_program(struct flash *f, uint32_t address, const uint8_t *data,
                   uint32_t len)
{
    uint32_t unit = f->chip->program_unit;
    enum flash_result r = flash_check_range(f, address, len, unit);

    if (r != FLASH_OK)
        return r;
    for (uint32_t done = 0; done < len; done += unit) {
        uint8_t *p = flash_at_address(f, address + done);

        if (!flash_bytes_erased(p, unit))
            return FLASH_NOT_ERASED;
        switch (sfi__power_spend(f->power)) {
        case POWER_FULL:
            memcpy(p, data + done, unit);
            f->work_us += flash_time_of(f->chip)->program_us;
            break;
        case POWER_FAILS:
            memcpy(p, data + done, unit / 2);
            flash_tear(f, address + done, unit);
            return FLASH_POWER;
        case POWER_NONE:
            return FLASH_POWER;
        }
    }
    return FLASH_OK;
}

void
sfi__flash_leave_out(struct flash *f, uint32_t address, uint32_t len)
{
    if (flash_check_range(f, address, len, f->chip->program_unit) == FLASH_OK)
        sfi__fill(flash_at_address(f, address), FLASH_ERASED, len);
}

const uint8_t *
sfi__flash_view(const struct flash *f, uint32_t address, uint32_t len)
{
    if (!sfi__chip_range_has(&f->chip->flash, address, len))
        return NULL;
    return flash_at_address(f, address);
}

bool
sfi__flash_is_erased(const struct flash *f, const struct chip_range *range)
{
    const uint8_t *p = sfi__flash_view(f, range->base, range->size);

    return p != NULL && flash_bytes_erased(p, range->size);
}
