/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0394, 3.3 and 3.7: the flash's controller.  What it does to the memory is
 * done when an operation begins; a reset before its end leaves it torn. */
#include <string.h>

#include "flash_l4.h"

#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define OPTKEY1 0x08192a3bu
#define OPTKEY2 0x4c5d6e7fu
#define KEY_OPEN 2u
#define KEY_LOST 3u
#define ACR_RESET 0x600u

/* The part's datasheet, table "Flash memory characteristics", typical. */
#define PROGRAM_US 82u
#define ERASE_US 22020u
#define MASS_US 22130u

struct flash_l4 *
flash_l4(struct board *b)
{
    return board_state(b, &flash_l4_model, 0);
}

void
flash_l4_error(struct board *b, struct flash_l4 *f, uint32_t flag)
{
    f->sr |= flag;
    if ((f->cr & CR_ERRIE) != 0) {
        f->sr |= SR_OPERR;
        board_interrupt(b, f, true);
    }
}

void
flash_l4_begin(struct board *b, struct flash_l4 *f, uint64_t us)
{
    f->busy_until = board_now(b) + us * 1000 * BOARD_PS_PER_NS;
    b->stall_until = f->busy_until;
    board_schedule(b, f, f->busy_until);
    board_busy(b);
}

static bool
is_busy(struct board *b, const struct flash_l4 *f)
{
    return board_now(b) < f->busy_until;
}

static void
ended(struct board *b, void *state)
{
    struct flash_l4 *f = state;

    f->busy_len = 0;
    /* 3.4.2: read back are the options in force, until the next launch */
    if (f->writes_options)
        memcpy(f->option, f->in_force, sizeof(f->option));
    f->writes_options = false;
    f->cr &= ~(CR_STRT | CR_OPTSTRT);
    if ((f->cr & CR_EOPIE) != 0) { /* 3.7.5: EOP only with EOPIE */
        f->sr |= SR_EOP;
        board_interrupt(b, f, true);
    }
}

/* ---- Programming: 3.3.7 ---- */

static void
remember(struct board *b, struct flash_l4 *f, uint32_t offset, uint32_t len)
{
    f->busy_at = offset;
    f->busy_len = len;
    if (len <= L4_PAGE)
        memcpy(f->before, b->nvm.flash + offset, len);
}

static void
put(struct board *b, uint32_t offset, uint64_t value, bool is_torn)
{
    uint64_t before;

    memcpy(&before, b->nvm.flash + offset, L4_UNIT);
    if (is_torn)
        value |= UINT64_C(0xffffffff00000000);
    value &= before;
    memcpy(b->nvm.flash + offset, &value, L4_UNIT);
    /* all zero is a code word over any other; else the old one's ECC stays */
    if (is_torn)
        nvm_mark(b, b->nvm.bad, offset, true);
    else if (value == 0)
        nvm_mark(b, b->nvm.bad, offset, false);
    cpu_flash_changed(b, offset, L4_UNIT);
}

static void
program(struct board *b, struct flash_l4 *f, uint32_t offset, uint64_t value)
{
    uint64_t before;
    enum power power;

    memcpy(&before, b->nvm.flash + offset, L4_UNIT);
    if (flash_l4_is_wrp(f, offset / L4_PAGE) ||
        flash_l4_is_pcrop(f, offset, L4_UNIT)) {
        flash_l4_error(b, f, SR_WRPERR);
        return;
    }
    /* PROGERR: "a double-word address to be programmed contains a value
     * different from all ones, except if the data to write is 0" */
    if (before != UINT64_MAX && value != 0) {
        flash_l4_error(b, f, SR_PROGERR);
        return;
    }
    power = power_spend(b);
    if (power == POWER_NOTHING)
        return;
    remember(b, f, offset, L4_UNIT);
    put(b, offset, value, power == POWER_TORN);
    flash_l4_begin(b, f, PROGRAM_US);
}

void
flash_l4_store(struct board *b, uint32_t offset, uint32_t value, unsigned size)
{
    struct flash_l4 *f = flash_l4(b);

    if (is_busy(b, f))
        time_skip(b, f->busy_until); /* 3.3.5: the bus stalls */
    if (b->life.reset_due)
        return;
    if ((f->cr & CR_PG) == 0 || (f->sr & SR_PROGRAMMING) != 0 ||
        (f->cr & (CR_PER | CR_MER1)) != 0) {
        if ((f->cr & CR_FSTPG) != 0)
            board_note(b, "fast programming is not modelled");
        f->has_first = false;
        flash_l4_error(b, f, SR_PGSERR);
        return;
    }
    if (size != 4) {
        f->has_first = false;
        flash_l4_error(b, f, SR_SIZERR);
        return;
    }
    if (!f->has_first) {
        f->has_first = true;
        f->first_at = offset;
        f->first = value;
        return;
    }
    f->has_first = false;
    /* PGAERR: not the other word of the same double word */
    if (offset != (f->first_at ^ 4u)) {
        flash_l4_error(b, f, SR_PGAERR);
        return;
    }
    program(b, f, offset & ~7u,
            (offset & 4u) != 0 ? (uint64_t)value << 32 | f->first
                               : (uint64_t)f->first << 32 | value);
}

/* ---- Erasing: 3.3.6 ---- */

/* Half of it is erased, and where that ends nothing fits. */
static void
erase_torn(struct board *b, uint32_t offset, uint32_t len)
{
    nvm_erase(b, offset, len / 2);
    nvm_mark(b, b->nvm.bad, offset + len / 2, true);
}

static void
erase(struct board *b, struct flash_l4 *f, uint32_t offset, uint32_t len,
      uint64_t us)
{
    enum power power = power_spend(b);

    if (power == POWER_NOTHING)
        return;
    remember(b, f, offset, len);
    if (power == POWER_TORN)
        erase_torn(b, offset, len);
    else
        nvm_erase(b, offset, len);
    cpu_flash_changed(b, offset, len);
    flash_l4_begin(b, f, us);
}

void
flash_l4_mass_erase(struct board *b, struct flash_l4 *f, bool keeps_pcrop)
{
    uint32_t page, pages = b->part->flash_len / L4_PAGE;
    enum power power;

    if (!keeps_pcrop || !flash_l4_has_pcrop(f)) {
        erase(b, f, 0, b->part->flash_len, MASS_US);
        return;
    }
    power = power_spend(b);
    if (power == POWER_NOTHING)
        return;
    for (page = 0; page < (power == POWER_TORN ? pages / 2 : pages); page++)
        if (!flash_l4_is_pcrop(f, page * L4_PAGE, L4_PAGE))
            nvm_erase(b, page * L4_PAGE, L4_PAGE);
    cpu_flash_changed(b, 0, b->part->flash_len);
    flash_l4_begin(b, f, MASS_US);
}

static void
start(struct board *b, struct flash_l4 *f)
{
    uint32_t page = f->cr >> CR_PNB_SHIFT & CR_PNB_MASK, i;
    uint32_t pages = b->part->flash_len / L4_PAGE;
    uint32_t what = f->cr & (CR_PG | CR_FSTPG | CR_PER | CR_MER1);

    /* PGSERR: an error from before, or not exactly one of PER and MER1 */
    if ((f->sr & SR_PROGRAMMING) != 0 || (what != CR_PER && what != CR_MER1)) {
        f->cr &= ~CR_STRT;
        flash_l4_error(b, f, SR_PGSERR);
        return;
    }
    if (what == CR_PER) {
        if (page >= pages || flash_l4_is_wrp(f, page) ||
            flash_l4_is_pcrop(f, page * L4_PAGE, L4_PAGE)) {
            f->cr &= ~CR_STRT;
            flash_l4_error(b, f, SR_WRPERR);
            return;
        }
        erase(b, f, page * L4_PAGE, L4_PAGE, ERASE_US);
        return;
    }
    for (i = 0; i < pages; i++)
        if (flash_l4_is_wrp(f, i) ||
            flash_l4_is_pcrop(f, i * L4_PAGE, L4_PAGE)) {
            f->cr &= ~CR_STRT;
            flash_l4_error(b, f, SR_WRPERR);
            return;
        }
    flash_l4_mass_erase(b, f, false);
}

/* ---- Reading: 3.3.2 ECC, 3.5.2 PCROP ---- */

bool
flash_l4_watches(struct board *b)
{
    return nvm_any_marked(b) || flash_l4_has_pcrop(flash_l4(b));
}

bool
flash_l4_loaded(struct board *b, uint32_t offset, bool is_fetch)
{
    struct flash_l4 *f = flash_l4(b);

    if (nvm_is_bad(b, offset) && (f->eccr & (ECCR_ECCD | ECCR_ECCC)) == 0) {
        f->eccr |= ECCR_ECCD | offset;
        exception_pend(b, EXCEPTION_NMI);
    } else if ((b->nvm.weak[offset / L4_UNIT / 8] >> offset / L4_UNIT % 8 &
                1u) != 0 &&
               (f->eccr & (ECCR_ECCD | ECCR_ECCC)) == 0) {
        f->eccr |= ECCR_ECCC | offset;
        if ((f->eccr & ECCR_ECCIE) != 0)
            board_interrupt(b, f, true);
    }
    if (is_fetch || !flash_l4_is_pcrop(f, offset, L4_UNIT))
        return false;
    f->sr |= SR_RDERR;
    if ((f->cr & CR_RDERRIE) != 0)
        board_interrupt(b, f, true);
    return true;
}

/* ---- Registers: 3.7 ---- */

static uint32_t
flash_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct flash_l4 *f = state;

    (void)size;
    switch (offset) {
    case FLASH_ACR:
        return f->acr;
    case FLASH_SR:
        if (is_busy(b, f))
            board_poll(b);
        return f->sr | (is_busy(b, f) ? SR_BSY : 0);
    case FLASH_CR:
        return f->cr;
    case FLASH_ECCR:
        return f->eccr;
    }
    if (offset >= FLASH_OPTR && offset < FLASH_OPTR + 4 * L4_OPTION_WORDS)
        return f->option[(offset - FLASH_OPTR) / 4];
    return 0; /* keys are write-only */
}

/* 3.3.5 and 3.4.2: a wrong word locks until the next reset, with a bus
 * error. */
static void
key(struct board *b, uint8_t *seen, uint32_t value, uint32_t first,
    uint32_t second)
{
    if (*seen == 0 && value == first) {
        *seen = 1;
    } else if (*seen == 1 && value == second) {
        *seen = KEY_OPEN;
    } else {
        *seen = KEY_LOST;
        board_bus_fault(b);
    }
}

static void
write_cr(struct board *b, struct flash_l4 *f, uint32_t value)
{
    uint32_t kept = f->cr & (CR_LOCK | CR_OPTLOCK);

    if (is_busy(b, f))
        time_skip(b, f->busy_until);
    if ((f->cr & CR_LOCK) != 0)
        return;
    if ((f->cr & CR_OPTLOCK) != 0)
        value &= ~(CR_OPTSTRT | CR_OBL_LAUNCH);
    f->cr = (value & ~(CR_LOCK | CR_OPTLOCK)) | kept;
    if ((value & CR_LOCK) != 0) {
        f->cr |= CR_LOCK | CR_OPTLOCK;
        f->key = f->option_key = 0;
    }
    if ((value & CR_OPTLOCK) != 0) {
        f->cr |= CR_OPTLOCK;
        f->option_key = 0;
    }
    if ((value & CR_PG) == 0)
        f->has_first = false;
    if ((value & CR_OBL_LAUNCH) != 0)
        board_reset(b, BOARD_RESET_OPTIONS);
    else if ((value & CR_OPTSTRT) != 0)
        flash_l4_write_options(b, f);
    else if ((value & CR_STRT) != 0)
        start(b, f);
}

static void
flash_write(struct board *b, void *state, uint32_t offset, uint32_t value,
            unsigned size)
{
    struct flash_l4 *f = state;

    (void)size;
    switch (offset) {
    case FLASH_ACR:
        f->acr = value & 0x7f07u;
        return;
    case FLASH_KEYR:
        key(b, &f->key, value, KEY1, KEY2);
        if (f->key == KEY_OPEN)
            f->cr &= ~CR_LOCK;
        return;
    case FLASH_OPTKEYR:
        if ((f->cr & CR_LOCK) != 0)
            return;
        key(b, &f->option_key, value, OPTKEY1, OPTKEY2);
        if (f->option_key == KEY_OPEN)
            f->cr &= ~CR_OPTLOCK;
        return;
    case FLASH_SR:
        f->sr &= ~(value & SR_CLEARED_BY_1);
        board_interrupt(b, f, false);
        return;
    case FLASH_CR:
        write_cr(b, f, value);
        return;
    case FLASH_ECCR:
        f->eccr = (f->eccr & ~ECCR_ECCIE) | (value & ECCR_ECCIE);
        if ((value & ECCR_ECCC) != 0)
            f->eccr &= ~(ECCR_ECCC | 0x1fffffu);
        if ((value & ECCR_ECCD) != 0)
            f->eccr &= ~(ECCR_ECCD | 0x1fffffu);
        return;
    }
    if (offset >= FLASH_OPTR && offset < FLASH_OPTR + 4 * L4_OPTION_WORDS &&
        (f->cr & CR_OPTLOCK) == 0)
        f->option[(offset - FLASH_OPTR) / 4] = value;
}

/* A reset within an operation: half of it. */
static void
flash_reset(struct board *b, void *state, enum board_reset why)
{
    struct flash_l4 *f = state;

    if (why != BOARD_RESET_POWER && is_busy(b, f) && f->busy_len != 0) {
        if (f->busy_len <= L4_PAGE) {
            memcpy(b->nvm.flash + f->busy_at, f->before, f->busy_len);
            memset(b->nvm.flash + f->busy_at, 0xff, f->busy_len / 2);
        }
        nvm_mark(b, b->nvm.bad, f->busy_at + f->busy_len / 2, true);
        cpu_flash_changed(b, f->busy_at, f->busy_len);
    }
    if (why != BOARD_RESET_POWER && is_busy(b, f) && f->writes_options)
        memset(b->nvm.options, 0xff, 8 * L4_OPTION_WORDS);
    f->writes_options = false;
    f->busy_len = 0;
    f->busy_until = 0;
    f->has_first = false;
    f->key = f->option_key = 0;
    f->acr = ACR_RESET;
    f->cr = CR_LOCK | CR_OPTLOCK;
    f->sr &= SR_PEMPTY | SR_OPTVERR;
    f->eccr = 0;
    memcpy(f->option, f->in_force, sizeof(f->option));
}

bool
flash_l4_fault(struct board *b, unsigned what, uint32_t where, uint32_t value)
{
    struct flash_l4 *f = flash_l4(b);
    uint32_t offset = where - b->part->flash;

    if (what == WIRE_FAULT_BROWN_OUT) {
        f->brown_out = (uint8_t)(value + 1);
        return value <= L4_OPTION_WORDS;
    }
    if (offset >= b->part->flash_len)
        return false;
    nvm_mark(b, what == WIRE_FAULT_ECC_DOUBLE ? b->nvm.bad : b->nvm.weak,
             offset, true);
    cpu_flash_changed(b, offset & ~7u, L4_UNIT);
    return true;
}

const struct board_model flash_l4_model = {
    .name = "FLASH",
    .state_size = sizeof(struct flash_l4),
    .read = flash_read,
    .write = flash_write,
    .tick = ended,
    .reset = flash_reset,
};
