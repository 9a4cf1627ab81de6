/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A virtual chip: its parts and its state, for all files of this folder. */
#ifndef SFI_SIM_SIM_H
#define SFI_SIM_SIM_H

#include <sfi/device.h>
#include <sfi/sim.h>

#include "util/buf.h"
#include "util/clock.h"
#include "core/obj.h"
#include "proto/an3155_device.h"
#include "proto/an4286_device.h"
#include "sim/core_debug.h"
#include "sim/core_units.h"
#include "sim/dbgmcu.h"
#include "sim/dfu_device.h"
#include "sim/dap_probe.h"
#include "sim/storage/flash.h"
#include "sim/flash_regs.h"
#include "sim/habits.h"
#include "sim/mailbox.h"
#include "sim/mem_ap.h"
#include "sim/port_ossl.h"
#include "sim/storage/power.h"
#include "sim/storage/store.h"
#include "sim/tap.h"

/* What runs. */
enum sim_mode {
    SIM_OFF,         /* no power */
    SIM_APPLICATION, /* the firmware: silent on the bootloader's lines */
    SIM_STANDARD,    /* the standard bootloader */
    SIM_SECURE,      /* the secure bootloader: the device core */
    SIM_HUNG,        /* powered, and silent on every line until a reset */
};

#define LATE_LEN 8u /* AN2606, L45x/46x */

struct emulated;

struct sfi_sim {
    struct obj obj;
    sfi_ctx *inner; /* the chip's own errors, apart from its host's */
    const struct sfi_chip *chip;
    const struct sim_loader *loader; /* its bootloader */
    struct sim_habits habits;        /* of that, or as a bench set them */
    int lock_fd;
    int leaver_fd; /* closed after it, for who said "end"; -1: nobody */
    struct power power;
    struct flash flash;
    struct store store;
    struct port_ossl crypto;

    enum sim_mode mode;
    bool boot0;      /* the pin */
    bool held;       /* NRST is low */
    bool hung;       /* after an option launch, until its power is switched */
    bool cold;       /* powered up, and not reset since */
    bool reset_due;  /* asked for by the chip, done after the answer */
    uint64_t now_ms; /* since it was opened; the links advance it */
    struct clock clock; /* that of the links inside the process */
    uint64_t resets;    /* so far */
    bool timed;         /* erase and program take a real part's time */
    uint64_t busy_us;   /* until then the flash is at work: now_ms * 1000 */
    uint64_t bank2_us;  /* likewise, after an ACK that came too early */
    uint64_t late_us;   /* a poll over SPI before then leaves out ... */
    uint32_t late_at;   /* ... the 64 bits here */
    uint32_t options[CHIP_OB_ROWS_MAX]; /* in force */
    uint8_t *ram; /* the chip's, range after range, then the core's */
    size_t ram_len;
    uint8_t *own_ram; /* what bootloaders do not offer, or NULL */
    size_t own_ram_len;
    struct an3155_device usart; /* of the standard bootloader */
    bool usart_heard;           /* its first byte came */
    bool usart_deaf;            /* that was not 0x7f */
    struct dfu_device usb;      /* whichever bootloader runs */
    struct an4286_device spi;   /* of the standard bootloader */
    uint8_t spi_loaded[2];      /* of the secure one: to be clocked out */
    uint32_t spi_us;            /* clocked, and not yet added to now_ms */
    bool nss;                   /* the pin is low */
    sfi_device *device;         /* NULL unless SIM_SECURE; lives in `ram` */
    sfi_device_port port;       /* its */
    struct flash_regs regs;     /* as the debug port sees them */
    struct core_debug core;     /* likewise */
    struct core_units units;    /* likewise */
    struct dbgmcu dbgmcu;       /* likewise */
    struct mailbox mailbox;     /* of the secure bootloader */
    struct tap_chain chain;     /* JTAG */
    struct dap_probe probe;     /* SWD */
    struct emulated *emulated;  /* NULL: no board, this model */
    uint32_t baud;              /* of the host at a board's USART */
    uint32_t jtag_number;       /* the TCP port it is served on */
    struct sim_server *server;  /* NULL: it is not served */
    void (*end_server)(struct sfi_sim *sim);
    struct buf line;  /* sent, and not fetched yet */
    size_t line_free; /* of it, before the flash is ready */
};

/* Where a chip comes from: a folder, or options that were checked. */
struct sim_source {
    const char *dir;
    const sfi_sim_make_options *make; /* NULL: the folder's */
    const char *program;              /* of a board; NULL: it is none */
    const sfi_firmware *const *programs;
    size_t program_count;
};

/* sfi_sim_make_in_memory(), sfi_sim_make_board() */
sfi_status sfi__sim_make(sfi_ctx *ctx, const struct sim_source *s,
                         sfi_sim **out);

#endif
