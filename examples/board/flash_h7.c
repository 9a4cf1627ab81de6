/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* RM0433, 4: the flash of STM32H753.  Two banks of eight sectors of 128 KB with
 * a write buffer of 256 bits each; option bytes in registers.  What an
 * operation does to the memory is done when it begins; a reset before its end
 * leaves it torn.  PCROP and secure areas, CRC and the swap of banks are not
 * modelled. */
#include <string.h>

#include "part_h7.h"
#include "sim/board/wire.h"

/* 4.9: offsets, bank 2's being BANK2 further on, keys and bits. */
#define FLASH_ACR 0x00u
#define FLASH_KEYR 0x04u
#define FLASH_OPTKEYR 0x08u
#define FLASH_CR 0x0cu
#define FLASH_SR 0x10u
#define FLASH_CCR 0x14u
#define FLASH_OPTCR 0x18u
#define FLASH_OPTCCR 0x24u
#define BANK2 0x100u
#define KEY1 0x45670123u
#define KEY2 0xcdef89abu
#define OPTKEY1 0x08192a3bu
#define OPTKEY2 0x4c5d6e7fu
#define CR_LOCK (1u << 0)
#define CR_PG (1u << 1)
#define CR_SER (1u << 2)
#define CR_BER (1u << 3)
#define CR_FW (1u << 6)
#define CR_START (1u << 7)
#define CR_SNB_SHIFT 8u
#define CR_SNB_MASK 0x7u
#define SR_BSY (1u << 0)
#define SR_WBNE (1u << 1)
#define SR_QW (1u << 2)
#define SR_EOP (1u << 16)
#define SR_WRPERR (1u << 17)
#define SR_PGSERR (1u << 18)
#define SR_STRBERR (1u << 19)
#define SR_INCERR (1u << 21)
#define SR_ERRORS 0x07ee0000u
#define OPTCR_OPTLOCK (1u << 0)
#define OPTCR_OPTSTART (1u << 1)
#define OPTSR_BUSY (1u << 0)
#define OPTCHANGEERR (1u << 30)

#define KEY_OPEN 2u
#define KEY_LOST 3u
#define ACR_RESET 0x37u
#define ECC_FA 0x60u
#define SR_SNECCERR (1u << 25)
#define SR_DBECCERR (1u << 26)
#define CR_EOPIE (1u << 16)
#define CR_ERRIE 0x07ee0000u
#define CR_RESET 0x31u
#define OPTCR_MER (1u << 4)
#define OPTSR_RDP_SHIFT 8
#define OPTSR_SECURITY (1u << 21)
#define OPTSR_IWDG1_SW (1u << 4)
#define RDP_0 0xaau
#define RDP_2 0xccu
#define CCR_BFHFNMIGN (1u << 8)

/* DS12117, "Flash memory characteristics", typical, 64 bits at once. */
#define PROGRAM_US 100u
#define SECTOR_US 1000000u
#define BANK_US 8000000u
#define OPTIONS_US 1100000u

/* The registers of the option rows: to program, and in force; the last row has
 * none. */
static const uint16_t row_at[H7_OPTION_WORDS - 1][2] = {
    {0x020, 0x01c}, {0x02c, 0x028}, {0x12c, 0x128}, {0x034, 0x030},
    {0x134, 0x130}, {0x03c, 0x038}, {0x13c, 0x138}, {0x044, 0x040},
};
enum option_row { OPTSR = 0, WPSN_A = 5, WPSN_B = 6, BOOT7 = 7 };

struct bank {
    uint32_t cr, sr, ecc_address;
    uint8_t key;
    uint8_t buffer[H7_UNIT];
    uint32_t filled; /* a bit for each byte of it */
    uint32_t word_at;
    board_time busy_until;
    uint32_t busy_at, busy_len; /* what a reset would leave half-done */
    uint8_t before[H7_UNIT];
};

struct flash_h7 {
    struct bank bank[H7_BANKS];
    uint32_t acr, optcr;
    uint8_t option_key;
    uint32_t prg[H7_OPTION_WORDS], cur[H7_OPTION_WORDS];
    bool change_error;
    board_time options_until;
    uint8_t brown_out; /* option words before the power fails, + 1; 0: none */
};

static struct flash_h7 *
flash(struct board *b)
{
    return board_state(b, &flash_h7_model, 0);
}

static bool
is_busy(struct board *b, const struct bank *k)
{
    return board_now(b) < k->busy_until;
}

static void
plan(struct board *b, struct flash_h7 *f)
{
    board_time now = board_now(b), next = BOARD_NEVER;
    board_time ends[] = {f->bank[0].busy_until, f->bank[1].busy_until,
                         f->options_until};
    size_t i;

    for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (ends[i] > now && ends[i] < next)
            next = ends[i];
    board_schedule(b, f, next);
}

static void
tell(struct board *b, struct flash_h7 *f)
{
    bool level = false;
    size_t i;

    for (i = 0; i < H7_BANKS; i++)
        level |= (f->bank[i].sr & f->bank[i].cr & (CR_EOPIE | CR_ERRIE)) != 0;
    board_interrupt(b, f, level);
}

static void
ended(struct board *b, void *state)
{
    struct flash_h7 *f = state;
    size_t i;

    for (i = 0; i < H7_BANKS; i++) {
        struct bank *k = &f->bank[i];

        if (k->busy_len == 0 || is_busy(b, k))
            continue;
        k->busy_len = 0;
        k->sr |= SR_EOP;
        k->cr &= ~CR_START;
    }
    if (f->options_until != 0 && f->options_until <= board_now(b)) {
        f->options_until = 0;
        f->optcr &= ~(OPTCR_OPTSTART | OPTCR_MER);
        memcpy(f->cur, f->prg, sizeof(f->cur));
    }
    tell(b, f);
    plan(b, f);
}

static void
begin(struct board *b, struct flash_h7 *f, struct bank *k, uint32_t offset,
      uint32_t len, uint64_t us)
{
    k->busy_at = offset;
    k->busy_len = len;
    k->busy_until = board_now(b) + us * 1000 * BOARD_PS_PER_NS;
    plan(b, f);
    board_busy(b);
}

/* 4.5.3: a sector is protected while its bit is 0. */
static bool
is_protected(const struct flash_h7 *f, uint32_t sector)
{
    return (f->cur[sector < 8 ? WPSN_A : WPSN_B] >> sector % 8 & 1u) == 0;
}

/* 4.3.9: the buffer is full, or FW is set.  A word that was programmed before
 * keeps an ECC that does not fit. */
static void
program(struct board *b, struct flash_h7 *f, struct bank *k)
{
    uint8_t *at = b->nvm.flash + k->word_at;
    bool was_erased = true;
    enum power power;
    size_t i, len = H7_UNIT;

    k->filled = 0;
    if (is_protected(f, k->word_at / H7_SECTOR)) {
        k->sr |= SR_WRPERR;
        return;
    }
    power = power_spend(b);
    if (power == POWER_NOTHING)
        return;
    memcpy(k->before, at, H7_UNIT);
    if (power == POWER_TORN)
        len = H7_UNIT / 2;
    for (i = 0; i < H7_UNIT; i++)
        was_erased &= at[i] == 0xff;
    for (i = 0; i < len; i++)
        at[i] &= k->buffer[i];
    if (!was_erased || power == POWER_TORN) {
        nvm_mark(b, b->nvm.bad, k->word_at, true);
        b->stop = b->attention = true; /* loads are watched from now on */
    }
    cpu_flash_changed(b, k->word_at, H7_UNIT);
    begin(b, f, k, k->word_at, H7_UNIT, PROGRAM_US);
}

static void
clear_buffer(struct bank *k, uint32_t word_at)
{
    memset(k->buffer, 0xff, H7_UNIT);
    k->filled = 0;
    k->word_at = word_at;
}

/* 4.7: PGSERR without PG, INCERR for another flash word while one is begun,
 * STRBERR for a byte that is written twice. */
void
flash_h7_store(struct board *b, uint32_t offset, uint32_t value, unsigned size)
{
    struct flash_h7 *f = flash(b);
    struct bank *k = &f->bank[offset / H7_BANK];
    uint32_t word_at = offset & ~(H7_UNIT - 1), at = offset % H7_UNIT;
    uint32_t bits = ((1u << size) - 1) << at, i;

    if (is_busy(b, k))
        time_skip(b, k->busy_until); /* the bus waits for the queue */
    if (b->life.reset_due)
        return;
    if ((k->cr & CR_PG) == 0) {
        k->sr |= SR_PGSERR;
    } else if (k->filled != 0 && k->word_at != word_at) {
        k->sr |= SR_INCERR;
        k->filled = 0;
    } else if ((k->filled & bits) != 0) {
        k->sr |= SR_STRBERR;
    } else {
        if (k->filled == 0)
            clear_buffer(k, word_at);
        for (i = 0; i < size; i++)
            k->buffer[at + i] = (uint8_t)(value >> 8 * i);
        k->filled |= bits;
        if (k->filled == UINT32_MAX)
            program(b, f, k);
    }
    tell(b, f);
}

static void
erase(struct board *b, struct flash_h7 *f, uint32_t offset, uint32_t len,
      uint64_t us)
{
    struct bank *k = &f->bank[offset / H7_BANK];
    enum power power = power_spend(b);

    if (power == POWER_NOTHING)
        return;
    nvm_erase(b, offset, power == POWER_TORN ? len / 2 : len);
    if (power == POWER_TORN)
        nvm_mark(b, b->nvm.bad, offset + len / 2, true);
    cpu_flash_changed(b, offset, len);
    begin(b, f, k, offset, len, us);
}

static void
start(struct board *b, struct flash_h7 *f, size_t bank)
{
    struct bank *k = &f->bank[bank];
    uint32_t sector = k->cr >> CR_SNB_SHIFT & CR_SNB_MASK;
    uint32_t first = (uint32_t)bank * 8, i;
    bool whole = (k->cr & CR_BER) != 0;

    if ((k->cr & CR_PG) != 0 || (k->cr & (CR_SER | CR_BER)) == 0) {
        k->sr |= SR_PGSERR;
        k->cr &= ~CR_START;
        return;
    }
    for (i = 0; i < 8; i++)
        if ((whole || i == sector) && is_protected(f, first + i)) {
            k->sr |= SR_WRPERR;
            k->cr &= ~CR_START;
            return;
        }
    if (whole)
        erase(b, f, first * H7_SECTOR, H7_BANK, BANK_US);
    else
        erase(b, f, (first + sector) * H7_SECTOR, H7_SECTOR, SECTOR_US);
}

/* ---- Option bytes: 4.4 ---- */

static unsigned
level(uint32_t optsr)
{
    uint32_t rdp = optsr >> OPTSR_RDP_SHIFT & 0xffu;

    return rdp == RDP_0 ? 0 : rdp == RDP_2 ? 2 : 1;
}

unsigned
flash_h7_rdp(struct board *b)
{
    return level(flash(b)->cur[OPTSR]);
}

void
flash_h7_set_options(struct board *b, const uint32_t *words)
{
    uint32_t i;

    for (i = 0; i < H7_OPTION_WORDS; i++) {
        b->nvm.options[2 * i] = words[i];
        b->nvm.options[2 * i + 1] = ~words[i];
    }
}

void
flash_h7_options(struct board *b, uint32_t *programmed, uint32_t *in_force)
{
    uint32_t i;

    memcpy(in_force, flash(b)->cur, 4 * H7_OPTION_WORDS);
    for (i = 0; i < H7_OPTION_WORDS; i++)
        programmed[i] = b->nvm.options[2 * i];
}

/* 4.4.5: a word whose ECC does not fit is its default, which for RDP is
 * level 1. */
void
flash_h7_load_options(struct board *b)
{
    struct flash_h7 *f = flash(b);
    uint32_t i;

    for (i = 0; i < H7_OPTION_WORDS; i++) {
        f->cur[i] = b->nvm.options[2 * i];
        if (f->cur[i] != ~b->nvm.options[2 * i + 1])
            f->cur[i] = i == OPTSR ? b->part->factory_options[i] &
                                         ~(0xffu << OPTSR_RDP_SHIFT)
                                   : b->part->factory_options[i];
    }
    memcpy(f->prg, f->cur, sizeof(f->prg));
}

/* 2.6: BOOT0 chooses one of two addresses.  ST's bootloader is not here. */
uint32_t
flash_h7_start(struct board *b)
{
    uint32_t boot = flash(b)->cur[BOOT7], address;

    address =
        b->life.boot0 != WIRE_LEVEL_HIGH ? boot << 16 : boot & 0xffff0000u;
    if (address - b->part->flash < b->part->flash_len ||
        address - b->part->ram[0].base < b->part->ram[0].len)
        return address;
    return 0;
}

/* 4.5.3: the level changes once all flash is erased. */
static void
regress(struct board *b, struct flash_h7 *f)
{
    size_t i;

    for (i = 0; i < H7_BANKS; i++)
        if (b->life.has_power)
            erase(b, f, (uint32_t)i * H7_BANK, H7_BANK, BANK_US);
}

static void
write_options(struct board *b, struct flash_h7 *f)
{
    unsigned now = level(f->cur[OPTSR]), wanted = level(f->prg[OPTSR]);
    uint32_t count = H7_OPTION_WORDS, i;
    enum power power;

    /* 4.4.6: level 2 stays, and so does SECURITY until RDP regresses. */
    if ((now == 2 && wanted != 2) ||
        ((f->cur[OPTSR] & ~f->prg[OPTSR] & OPTSR_SECURITY) != 0 &&
         !(now == 1 && wanted == 0))) {
        f->change_error = true;
        f->optcr &= ~OPTCR_OPTSTART;
        memcpy(f->prg, f->cur, sizeof(f->prg));
        return;
    }
    if (now == 1 && wanted == 0)
        regress(b, f);
    if (!b->life.has_power || b->life.reset_due)
        return;
    power = power_spend(b);
    if (power == POWER_NOTHING)
        return;
    if (power == POWER_TORN)
        count = 0;
    if (f->brown_out != 0) {
        count = f->brown_out - 1u;
        f->brown_out = 0;
        b->life.has_power = false;
        b->attention = true;
    }
    for (i = 0; i < H7_OPTION_WORDS; i++) {
        b->nvm.options[2 * i] = i < count ? f->prg[i] : UINT32_MAX;
        b->nvm.options[2 * i + 1] = i < count ? ~f->prg[i] : UINT32_MAX;
    }
    f->options_until = board_now(b) + OPTIONS_US * 1000 * BOARD_PS_PER_NS;
    plan(b, f);
    board_busy(b);
}

/* ---- Reading ---- */

bool
flash_h7_watches(struct board *b)
{
    return nvm_any_marked(b);
}

/* 4.3.12: a double error is one of the bus, too. */
bool
flash_h7_loaded(struct board *b, uint32_t offset, bool is_fetch)
{
    struct flash_h7 *f = flash(b);
    struct bank *k = &f->bank[offset / H7_BANK];
    uint32_t unit = offset / H7_UNIT;

    (void)is_fetch;
    if (nvm_is_bad(b, offset)) {
        if ((k->sr & SR_DBECCERR) == 0)
            k->ecc_address = offset % H7_BANK / H7_UNIT;
        k->sr |= SR_DBECCERR;
        if ((b->life.scs.ccr & CCR_BFHFNMIGN) == 0)
            board_bus_fault(b);
    } else if ((b->nvm.weak[unit / 8] >> unit % 8 & 1u) != 0) {
        k->ecc_address = offset % H7_BANK / H7_UNIT;
        k->sr |= SR_SNECCERR;
    }
    tell(b, f);
    return false;
}

/* ---- Registers: 4.9 ---- */

static uint32_t
bank_status(struct board *b, const struct bank *k)
{
    uint32_t sr = k->sr;

    if (is_busy(b, k)) {
        sr |= SR_BSY | SR_QW;
        board_poll(b);
    }
    return k->filled != 0 ? sr | SR_WBNE : sr;
}

static uint32_t
option_read(struct board *b, const struct flash_h7 *f, uint32_t offset)
{
    bool busy = board_now(b) < f->options_until;
    size_t i;

    for (i = 0; i < H7_OPTION_WORDS - 1; i++) {
        if (offset == row_at[i][0])
            return f->prg[i];
        if (offset != row_at[i][1])
            continue;
        if (i != OPTSR)
            return f->cur[i];
        if (busy)
            board_poll(b);
        return (f->cur[i] & ~(OPTCHANGEERR | OPTSR_BUSY)) |
               (busy ? OPTSR_BUSY : 0) | (f->change_error ? OPTCHANGEERR : 0);
    }
    return 0;
}

static uint32_t
flash_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct flash_h7 *f = state;
    const struct bank *k = &f->bank[offset / BANK2 & 1];

    (void)size;
    switch (offset % BANK2) {
    case FLASH_ACR:
        return f->acr;
    case FLASH_CR:
        return k->cr;
    case FLASH_SR:
        return bank_status(b, k);
    case FLASH_OPTCR:
        return f->optcr;
    case ECC_FA:
        return k->ecc_address;
    }
    return option_read(b, f, offset);
}

/* 4.5.1: a wrong word locks until the next reset, with a bus error. */
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
write_cr(struct board *b, struct flash_h7 *f, size_t bank, uint32_t value)
{
    struct bank *k = &f->bank[bank];

    if (is_busy(b, k))
        time_skip(b, k->busy_until);
    if ((k->cr & CR_LOCK) != 0)
        return;
    k->cr = value & ~(uint32_t)CR_FW;
    if ((value & CR_LOCK) != 0) {
        k->key = 0;
        return;
    }
    if ((value & CR_PG) == 0)
        k->filled = 0;
    if ((value & CR_FW) != 0 && k->filled != 0)
        program(b, f, k);
    if ((value & CR_START) != 0)
        start(b, f, bank);
}

static void
write_optcr(struct board *b, struct flash_h7 *f, uint32_t value)
{
    if ((f->optcr & OPTCR_OPTLOCK) != 0 || board_now(b) < f->options_until)
        return;
    f->optcr = value;
    if ((value & OPTCR_OPTLOCK) != 0) {
        f->option_key = 0;
        return;
    }
    if ((value & (OPTCR_MER | 1u << 31)) != 0)
        board_note(b, "mass erase by OPTCR and swapped banks are not modelled");
    if ((value & OPTCR_OPTSTART) != 0)
        write_options(b, f);
}

static void
option_write(struct flash_h7 *f, uint32_t offset, uint32_t value)
{
    size_t i;

    for (i = 0; i < H7_OPTION_WORDS - 1; i++)
        if (offset == row_at[i][0] && (f->optcr & OPTCR_OPTLOCK) == 0)
            f->prg[i] = value;
}

static void
flash_write(struct board *b, void *state, uint32_t offset, uint32_t value,
            unsigned size)
{
    struct flash_h7 *f = state;
    size_t bank = offset / BANK2 & 1;
    struct bank *k = &f->bank[bank];

    (void)size;
    switch (offset % BANK2) {
    case FLASH_ACR:
        f->acr = value & 0x3fu;
        break;
    case FLASH_KEYR:
        key(b, &k->key, value, KEY1, KEY2);
        if (k->key == KEY_OPEN)
            k->cr &= ~CR_LOCK;
        break;
    case FLASH_OPTKEYR:
        key(b, &f->option_key, value, OPTKEY1, OPTKEY2);
        if (f->option_key == KEY_OPEN)
            f->optcr &= ~OPTCR_OPTLOCK;
        break;
    case FLASH_CR:
        write_cr(b, f, bank, value);
        break;
    case FLASH_CCR:
        k->sr &= ~(value & (SR_ERRORS | SR_EOP));
        break;
    case FLASH_OPTCR:
        write_optcr(b, f, value);
        break;
    case FLASH_OPTCCR:
        if ((value & OPTCHANGEERR) != 0)
            f->change_error = false;
        break;
    default:
        option_write(f, offset, value);
        break;
    }
    tell(b, f);
}

static void
tear(struct board *b, struct bank *k)
{
    if (k->busy_len == H7_UNIT) {
        memcpy(b->nvm.flash + k->busy_at + H7_UNIT / 2, k->before + H7_UNIT / 2,
               H7_UNIT / 2);
        nvm_mark(b, b->nvm.bad, k->busy_at, true);
    } else {
        nvm_mark(b, b->nvm.bad, k->busy_at + k->busy_len / 2, true);
    }
    cpu_flash_changed(b, k->busy_at, k->busy_len);
}

static void
flash_reset(struct board *b, void *state, enum board_reset why)
{
    struct flash_h7 *f = state;
    size_t i;

    for (i = 0; i < H7_BANKS; i++) {
        struct bank *k = &f->bank[i];

        if (why != BOARD_RESET_POWER && k->busy_len != 0 && is_busy(b, k))
            tear(b, k);
        memset(k, 0, sizeof(*k));
        k->cr = CR_RESET;
    }
    f->options_until = 0;
    f->acr = ACR_RESET;
    f->optcr = OPTCR_OPTLOCK;
    f->option_key = 0;
    f->change_error = false;
    memcpy(f->prg, f->cur, sizeof(f->prg));
}

bool
flash_h7_fault(struct board *b, unsigned what, uint32_t where, uint32_t value)
{
    uint32_t offset = where - b->part->flash;

    if (what == WIRE_FAULT_BROWN_OUT) {
        flash(b)->brown_out = (uint8_t)(value + 1);
        return value <= H7_OPTION_WORDS;
    }
    if (offset >= b->part->flash_len)
        return false;
    nvm_mark(b, what == WIRE_FAULT_ECC_DOUBLE ? b->nvm.bad : b->nvm.weak,
             offset, true);
    cpu_flash_changed(b, offset & ~(H7_UNIT - 1), H7_UNIT);
    return true;
}

bool
flash_h7_starts_watchdog(struct board *b)
{
    return (flash(b)->cur[OPTSR] & OPTSR_IWDG1_SW) == 0;
}

const struct board_model flash_h7_model = {
    .name = "FLASH",
    .state_size = sizeof(struct flash_h7),
    .read = flash_read,
    .write = flash_write,
    .tick = ended,
    .reset = flash_reset,
};
