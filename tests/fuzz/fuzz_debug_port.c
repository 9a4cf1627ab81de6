/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Any accesses of a debugger to a chip's debug port, memory, FLASH registers
 * and mailbox.  The first byte selects the chip's state; then comes a byte for
 * each step (enum), and its operands. */
#include <string.h>

#include "wire/h7_flash.h"
#include "wire/mailbox.h"
#include "sim/boot.h"
#include "sim/bus.h"

#include "fuzz_chip.h"

enum step {
    STEP_ACCESS,    /* which register, and a word for a write */
    STEP_READ,      /* place, words */
    STEP_WRITE,     /* place, words, data */
    STEP_REQUEST,   /* opcode, length of param and data, both */
    STEP_KEYS,      /* which lock */
    STEP_WAIT,      /* 8 ms */
    STEP_HOLD,      /* NRST */
    STEP_DEBUG_BUS, /* address */
    STEPS
};

static uint32_t
word(struct fuzz_input *in)
{
    uint8_t raw[4];

    fuzz_bytes(in, raw, sizeof(raw));
    return raw[0] | (uint32_t)raw[1] << 8 | (uint32_t)raw[2] << 16 |
           (uint32_t)raw[3] << 24;
}

/* An interesting address, or any. */
static uint32_t
place(struct fuzz_input *in)
{
    static const uint32_t bases[] = {0x08000000, 0x24030000, 0x52002000,
                                     0x5c001000, 0xe000ed0c, 0x24040000};
    uint8_t which = fuzz_byte(in);
    uint32_t offset = fuzz_byte(in);

    if (which >= sizeof(bases) / sizeof(*bases))
        return word(in);
    return bases[which] + 4 * (offset | (uint32_t)fuzz_byte(in) % 16 << 8);
}

static void
dap(struct sfi_sim *sim, bool ap, bool read, uint8_t reg, uint32_t *data)
{
    const struct adi_request r = {ap, read, reg};
    enum adi_ack ack = sfi__mem_ap_access(sim, &sim->chain.dap, &r, data);

    FUZZ_HOLDS(ap || ack == ADI_ACK_OK);
}

static void
say(uint32_t value)
{
    const uint8_t raw[] = {(uint8_t)value, (uint8_t)(value >> 8),
                           (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    static uint8_t before[4];
    uint8_t both[8];

    memcpy(both, before, 4);
    memcpy(both + 4, raw, 4);
    memcpy(before, raw, 4);
    fuzz_chip_says(both, sizeof(both));
}

/* As a debugger sets a MEM-AP up. */
static void
prepare(struct sfi_sim *sim, uint32_t address)
{
    uint32_t ctrl = ADI_CTRL_PWRUP | ADI_STAT_STICKY;
    uint32_t select = sfi__adi_select(0, 0);
    uint32_t csw = ADI_CSW_PROT | ADI_CSW_INC_SINGLE | ADI_CSW_SIZE_32;

    dap(sim, false, false, ADI_DP_CTRL_STAT, &ctrl);
    dap(sim, false, false, ADI_DP_SELECT, &select);
    dap(sim, true, false, ADI_AP_CSW, &csw);
    dap(sim, true, false, ADI_AP_TAR, &address);
}

static void
move(struct sfi_sim *sim, uint32_t address, bool read, size_t count,
     struct fuzz_input *in)
{
    prepare(sim, address);
    for (size_t i = 0; i < count; i++) {
        uint32_t data = read ? 0 : word(in);

        dap(sim, true, read, ADI_AP_DRW, &data);
        if (read)
            say(data);
    }
}

static void
write_one(struct sfi_sim *sim, uint32_t address, uint32_t data)
{
    prepare(sim, address);
    dap(sim, true, false, ADI_AP_DRW, &data);
}

static void
request(struct sfi_sim *sim, struct fuzz_input *in)
{
    uint32_t base = sim->chip->mailbox.base;
    uint32_t opcode = 0x5300u | fuzz_byte(in);
    uint32_t param = fuzz_byte(in);
    uint32_t data = 8u * fuzz_byte(in);
    uint32_t room = param < SFI_CMD_PARAM_MAX ? param : SFI_CMD_PARAM_MAX;
    uint32_t done = 0;

    move(sim, base + sfi__mailbox_param_at(room), false, (room + 3) / 4, in);
    write_one(sim, base + SFI_MAILBOX_AT_OPCODE, opcode | param << 16);
    write_one(sim, base + SFI_MAILBOX_AT_DATA_LEN, data);
    prepare(sim, base + SFI_MAILBOX_AT_DONE);
    dap(sim, true, true, ADI_AP_DRW, &done);
    write_one(sim, base + SFI_MAILBOX_AT_REQUEST, done + 1);
}

static void
keys(struct sfi_sim *sim, uint8_t which)
{
    uint32_t regs = sim->chip->flash_regs;
    bool options = which % 3 == 2;
    uint32_t key = options          ? H7_FLASH_OPTKEYR
                   : which % 3 == 1 ? H7_FLASH_BANK2 + H7_FLASH_KEYR
                                    : H7_FLASH_KEYR;

    write_one(sim, regs + key, options ? H7_FLASH_OPTKEY1 : H7_FLASH_KEY1);
    write_one(sim, regs + key, options ? H7_FLASH_OPTKEY2 : H7_FLASH_KEY2);
}

static void
access(struct sfi_sim *sim, struct fuzz_input *in)
{
    uint8_t which = fuzz_byte(in);
    bool read = (which & 2) != 0;
    uint32_t data = read ? 0 : word(in);

    dap(sim, (which & 1) != 0, read, which & 0x0c, &data);
    if (read)
        say(data);
}

static void
step(struct sfi_sim *sim, struct fuzz_input *in)
{
    uint32_t at, data = 0;

    switch ((enum step)(fuzz_byte(in) % STEPS)) {
    case STEP_ACCESS:
        access(sim, in);
        break;
    case STEP_READ:
        at = place(in);
        move(sim, at, true, fuzz_byte(in), in);
        break;
    case STEP_WRITE:
        at = place(in);
        move(sim, at, false, fuzz_byte(in), in);
        break;
    case STEP_REQUEST:
        request(sim, in);
        break;
    case STEP_KEYS:
        keys(sim, fuzz_byte(in));
        break;
    case STEP_WAIT:
        sfi__sim_wait(sim, 8u * fuzz_byte(in));
        break;
    case STEP_HOLD:
        sfi__sim_hold(sim, fuzz_byte(in) % 2 == 1);
        break;
    case STEP_DEBUG_BUS:
        at = place(in);
        if (sfi__bus_read(sim, BUS_DEBUG, at, 4, &data))
            say(data);
        break;
    case STEPS:
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct fuzz_input in = {data, len};
    struct sfi_sim *sim = fuzz_chip(fuzz_byte(&in) % FUZZ_STARTS);

    while (in.left > 0)
        step(sim, &in);
    fuzz_chip_end();
    return 0;
}
