/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Inside of sfi-board: what the emulated core, the memories and the part's own
 * models (flash, clocks, watchdog) share.  Models of other peripherals see
 * board.h only. */
#ifndef BOARD_CORE_H
#define BOARD_CORE_H

#include <unicorn/unicorn.h>

#include "board.h"
#include "sim/board/wire.h"

#define UNITS_MAX 40u
#define OPTION_WORDS_MAX 16u
#define RAMS_MAX 6u
#define OUT_MAX 0x40000u /* more than any request can bring forth */
#define IRQ_MAX 160u
#define PORTS 11u /* GPIOA to GPIOK */

/* What outlives a power cycle: the file, mapped. */
struct nvm {
    uint8_t *map;
    size_t map_len;
    uint8_t *flash;
    uint8_t *otp;
    uint32_t *options; /* word and complement for each option word */
    uint8_t *bad;      /* a bit for each program unit: ECC cannot correct it */
    uint8_t *weak;     /* and: one bit of it was corrected */
    bool is_new;
};

struct ram {
    uint32_t base;
    uint32_t len;
    uint32_t alias; /* 0: none */
    bool is_hidden; /* from a debugger at RDP level 1 */
};

struct span {
    uint32_t base;
    uint32_t len;
};
#define SPANS_MAX 8u

struct board_part {
    const char *name;
    const char *text;
    uc_cpu_arm cpu;
    uint32_t idcode;             /* DBGMCU_IDCODE */
    uint32_t freeze, freeze_bit; /* of DBGMCU: the watchdog while halted */
    uint32_t flash;
    uint32_t flash_len;
    uint32_t page;
    uint32_t unit;
    uint32_t system; /* system memory, OTP and option bytes are in it */
    uint32_t system_len;
    uint32_t otp;
    uint32_t otp_len;
    uint32_t options;
    uint32_t option_count;
    const uint32_t *factory_options;
    uint32_t user;
    uint32_t user_len;
    uint32_t loader;
    struct ram ram[RAMS_MAX];
    uint32_t ram_count;
    const struct board_unit *units;
    size_t unit_count;
    const struct span *spans; /* where registers are */
    size_t span_count;
    /* A store of the core to the flash: what the flash does with it. */
    void (*store)(struct board *b, uint32_t offset, uint32_t value,
                  unsigned size);
    /* A load or fetch from a unit with ECC trouble, or of a protected area;
     * true: it reads as zero. */
    bool (*loaded)(struct board *b, uint32_t offset, bool is_fetch);
    /* Power-up and launch: options into force. */
    void (*load_options)(struct board *b);
    /* Are there units that `loaded` must hear of? */
    bool (*watches)(struct board *b);
    /* A word of system memory: sizes and identity. */
    uint32_t (*system_word)(struct board *b, uint32_t address);
    void (*options_get)(struct board *b, uint32_t *programmed,
                        uint32_t *in_force);
    void (*set_options)(struct board *b, const uint32_t *words);
    unsigned (*rdp)(struct board *b);
    /* Do option bytes start the watchdog at every reset? */
    bool (*starts_watchdog)(struct board *b);
    /* The address that is at 0 after this reset; 0: a memory that the board
     * does not have (ST's bootloader). */
    uint32_t (*start)(struct board *b);
    const struct rcc_part *rcc;
    bool (*fault)(struct board *b, unsigned what, uint32_t where,
                  uint32_t value);
};

/* Private peripherals of the core: scs.c. */
struct scs {
    uint32_t systick_csr, systick_rvr;
    board_time systick_from; /* when it was RVR + 1 */
    board_time systick_when;
    uint32_t enabled[IRQ_MAX / 32];
    uint32_t pending[IRQ_MAX / 32];
    uint32_t level[IRQ_MAX / 32];
    uint32_t active[IRQ_MAX / 32];
    uint8_t priority[IRQ_MAX];
    uint8_t system_priority[16];
    uint32_t pending_system; /* a bit for each exception below 16 */
    uint32_t active_system;
    uint32_t vtor, aircr, scr, ccr, shcsr, cfsr, hfsr, bfar, cpacr, demcr;
    uint32_t mpu[5];
    uint32_t dwt_ctrl;
    uint64_t dwt_from;
    uint8_t stack[32]; /* numbers of the active exceptions, the last on top */
    uint8_t depth;
};

/* Halting debug: debug.c.  Survives resets, ends with the power. */
#define DEBUG_BREAKPOINTS 8u
struct debug {
    bool was_enabled; /* a debugger was there */
    bool is_halted;
    bool was_reset; /* since DHCSR was read */
    bool fp_enabled;
    uint8_t step;
    uint32_t control; /* C_ bits of DHCSR */
    uint32_t data;    /* DCRDR */
    uint32_t demcr, dfsr;
    uint32_t fp_comp[DEBUG_BREAKPOINTS];
};

/* All of the board that changes and is not a model's, the memories' or the
 * core's: plain, so that a snapshot is a copy. */
struct life {
    bool has_power;
    bool is_lockup;
    bool is_asleep; /* WFI */
    bool starts_elsewhere;
    uint8_t end;
    uint32_t start; /* what is at 0 */
    uint64_t cycles;
    uint64_t base_cycles;
    board_time base;
    uint64_t ps_per_cycle;
    board_time when[UNITS_MAX];
    uint64_t polls;
    uint64_t poll_cycles;
    board_time step; /* of the last skip while idle */
    uint64_t ops;
    uint64_t cut_at;
    uint8_t cut_how;
    bool reset_due;
    uint8_t reset_why;
    bool bus_fault; /* a model refused an access */
    uint32_t resets;
    uint64_t writes; /* of registers: board_writes() */
    uint64_t pin_writes;
    uint32_t pins_out[PORTS], pins_high[PORTS];
    uint8_t pins_in[PORTS][16];
    uint8_t boot0;
    uint64_t noise; /* for RAM at power-up */
    struct scs scs;
    struct debug debug;
};

struct unit {
    const struct board_unit *row;
    void *state;
};

struct snapshot {
    struct life life;
    uint8_t *memory; /* models, RAM, and what the file maps */
    uc_context *cpu;
};

struct window {
    struct board *board;
    uint32_t base;
};

struct fix {
    uint32_t offset;
    uint32_t len;
};
#define FIXES_MAX 64u

struct board {
    const struct board_part *part;
    uc_engine *uc;
    uc_context *pristine;
    struct life life;
    struct nvm nvm;
    uint8_t *view; /* the flash as the core sees it */
    uint8_t *ram[RAMS_MAX];
    uint8_t *memory; /* models' states, then RAM */
    size_t state_len, memory_len;
    struct unit units[UNITS_MAX];
    size_t unit_count;
    struct unit *last_unit;
    struct window windows[SPANS_MAX];
    /* Moments, as cycles, that the hook of every block compares with. */
    uint64_t due;
    board_time limit;
    bool is_idle;
    uint32_t interrupt; /* of the emulator */
    uint32_t bad_address;
    uint32_t mapped_start, mapped_len;
    bool attention; /* look at everything before the next block */
    bool until_idle;
    bool is_running;
    bool stop;
    bool watches_loads; /* hook for loads from flash is there */
    uc_hook loads;
    bool watches_fetches;
    uc_hook code;
    bool watches_code; /* each instruction: for breakpoints and steps */
    board_time stall_until;
    uint32_t last_block;
    struct fix fixes[FIXES_MAX];
    size_t fix_count;
    uint8_t *executed; /* a byte for each 4 KB of flash: it was translated */
    bool ran_from_ram;
    uint8_t out[OUT_MAX]; /* for the host */
    size_t out_len;
    const struct unit *out_unit; /* whose: the last link that was used */
    struct unit *until_sent;     /* the run ends when this link has sent all */
    struct snapshot slots[WIRE_SLOTS];
    bool is_verbose;
    uint32_t noted[64];
    size_t noted_count;
};

/* board.c: made of a part, with the file of that path ("": in memory). */
const char *board_open(struct board *b, const char *part, const char *path);
void board_close(struct board *b);

/* nvm.c: NULL, or what is wrong. */
const char *nvm_open(struct board *b, const char *path);
void nvm_close(struct board *b);
bool nvm_is_bad(const struct board *b, uint32_t offset);
void nvm_mark(struct board *b, uint8_t *map, uint32_t offset, bool is_set);
void nvm_erase(struct board *b, uint32_t offset, uint32_t len);
bool nvm_any_marked(const struct board *b);

/* power.c */
void power_set(struct board *b, bool on);
void board_reset(struct board *b, enum board_reset why);
/* The reset that is due. */
void power_reset_now(struct board *b);
/* Spend an operation of the flash.  POWER_OK: do all of it. */
enum power { POWER_OK, POWER_TORN, POWER_NOTHING, POWER_ALL };
enum power power_spend(struct board *b);

/* time.c */
void time_rebase(struct board *b); /* the core's clock may have changed */
void time_look(struct board *b);   /* moments that have come; next moment */
void time_skip(struct board *b, board_time to);
/* The core sleeps, or (time_polled) may be polling.  False: it is idle. */
bool time_skip_idle(struct board *b);
bool time_polled(struct board *b);

/* cpu.c */
const char *cpu_open(struct board *b);
void cpu_close(struct board *b);
void cpu_reset(struct board *b);
enum wire_end cpu_run(struct board *b, board_time limit, bool until_idle);
uint32_t cpu_get(struct board *b, int reg);
void cpu_set(struct board *b, int reg, uint32_t value);
/* Flash changed: what the core sees follows. */
void cpu_flash_changed(struct board *b, uint32_t offset, uint32_t len);
void cpu_watch(struct board *b); /* loads and fetches, if there is a reason */
void cpu_apply_fixes(struct board *b);
void cpu_map_start(struct board *b); /* what is at address 0 */
void cpu_flush_ram(struct board *b); /* RAM changed past the core */

/* debug.c */
void debug_power(struct board *b);
void debug_reset(struct board *b);
/* A register of debug; false: it is none. */
bool debug_get(struct board *b, uint32_t address, uint32_t *value);
bool debug_set(struct board *b, uint32_t address, uint32_t value);
/* Must each instruction be looked at?  Does the core halt before this one? */
bool debug_wants_code(struct board *b);
bool debug_stops_at(struct board *b, uint32_t address);
bool debug_takes_bkpt(struct board *b); /* BKPT; false: a fault */
bool debug_masks_interrupts(const struct board *b);
/* A debugger was there, and the part is protected: the core, too, can read
 * flash no more. */
bool debug_locks_flash(struct board *b);

/* scs.c, exception.c */
void scs_reset(struct board *b);
uint32_t scs_read(struct board *b, uint32_t offset);
void scs_write(struct board *b, uint32_t offset, uint32_t value, unsigned size);
board_time scs_systick_next(struct board *b);
void scs_systick_tick(struct board *b);
int scs_pending(struct board *b, bool *takes); /* exception, 0: none */
void exception_pend(struct board *b, unsigned number);
bool exception_take(struct board *b, unsigned number);
void exception_return(struct board *b, uint32_t code);
void exception_lock_up(struct board *b);
/* A fault at the present instruction: HardFault, or lockup. */
void exception_fault(struct board *b, uint32_t cfsr, uint32_t address);
#define EXCEPTION_NMI 2u
#define EXCEPTION_HARD_FAULT 3u
#define EXCEPTION_SVC 11u
#define EXCEPTION_PENDSV 14u
#define EXCEPTION_SYSTICK 15u
#define CFSR_IBUSERR 0x100u
#define CFSR_PRECISERR 0x200u
#define CFSR_BFARVALID 0x8000u
#define CFSR_UNDEFINSTR 0x10000u
#define CFSR_INVPC 0x40000u
#define CFSR_INVSTATE 0x20000u

/* bus.c */
const char *bus_open(struct board *b);
uint32_t bus_read(struct board *b, uint32_t address, unsigned size);
void bus_write(struct board *b, uint32_t address, uint32_t value,
               unsigned size);
/* Memory of flash, OTP, RAM or options at this address; NULL: not all. */
uint8_t *bus_memory(struct board *b, uint32_t address, uint32_t len);
bool bus_debug_read(struct board *b, uint32_t address, unsigned size,
                    uint32_t count, uint8_t *out);
bool bus_debug_write(struct board *b, uint32_t address, unsigned size,
                     uint32_t count, const uint8_t *data);
/* The unit with this link. */
struct unit *bus_link(struct board *b, unsigned link, uint32_t instance);

/* snapshot.c */
bool snapshot_take(struct board *b, unsigned slot);
bool snapshot_restore(struct board *b, unsigned slot);
void snapshot_close(struct board *b);

/* serve.c: until the input ends. */
int serve(int in, int out, bool is_verbose);

/* Parts: l462.c, h753.c */
extern const struct board_part board_l462, board_h753;

/* A model refused the access: BusFault, which is HardFault here. */
void board_bus_fault(struct board *b);

#endif
