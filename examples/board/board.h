/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board: one part, its pins, and models of its peripherals at the level of
 * registers.  A model is a table of functions and a plain piece of memory for
 * each of its instances; it has no other state, and no pointers in it that
 * change, since a snapshot of the board is a copy of that memory. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct board;

/* Picoseconds since the board was made: a cycle of any clock is a whole number
 * of them, nearly, and 2^64 of them are 213 days. */
typedef uint64_t board_time;
#define BOARD_NEVER UINT64_MAX
#define BOARD_PS_PER_S UINT64_C(1000000000000)
#define BOARD_PS_PER_NS UINT64_C(1000)

/* RM0394, 6.1: what each reset leaves. */
enum board_reset {
    BOARD_RESET_POWER,    /* power on, brown-out */
    BOARD_RESET_PIN,      /* NRST */
    BOARD_RESET_SOFTWARE, /* SYSRESETREQ */
    BOARD_RESET_WATCHDOG, /* IWDG */
    BOARD_RESET_OPTIONS,  /* option bytes were launched */
    BOARD_RESET_BUS,      /* the peripheral's bit in RCC_xxxRSTR */
};

/* What a host at a link sends: see WIRE_USART and WIRE_SPI. */
struct board_line {
    uint32_t hz;         /* baud rate or clock */
    uint8_t parity;      /* WIRE_PARITY_* */
    const uint8_t *data; /* valid until host_busy() says false */
    size_t len;
};

/* A kind of peripheral. */
struct board_model {
    const char *name;
    size_t state_size;
    /* `offset` is that of the access within the peripheral, `size` is 1, 2 or 4
     * bytes.  Not called while the peripheral's clock is off (RCC). */
    uint32_t (*read)(struct board *b, void *state, uint32_t offset,
                     unsigned size);
    void (*write)(struct board *b, void *state, uint32_t offset, uint32_t value,
                  unsigned size);
    /* Its moment (board_schedule) has come; NULL if it has none. */
    void (*tick)(struct board *b, void *state);
    /* `state` is zero at the first power-up and is not cleared by the core; its
     * moment is BOARD_NEVER already. */
    void (*reset)(struct board *b, void *state, enum board_reset why);
    /* A host sends or clocks; NULL: no link.  What comes out goes to
     * board_host_out(). */
    void (*host_send)(struct board *b, void *state,
                      const struct board_line *line);
    bool (*host_busy)(struct board *b, void *state);
    /* NSS of a SPI slave; NULL: none. */
    void (*host_select)(struct board *b, void *state, bool level);
    /* WIRE_FAULT_*; false: not mine. */
    bool (*fault)(struct board *b, void *state, unsigned what, uint32_t value);
};

/* An instance of it: a row in a part's table (l462.c). */
struct board_unit {
    const struct board_model *model;
    uint32_t base;
    uint32_t size;     /* a multiple of 0x400 */
    uint32_t instance; /* 0: USART1, GPIOA, ... */
    uint32_t irq;      /* BOARD_NO_IRQ: none */
    uint16_t enable;   /* offset in RCC of the register with its clock's bit;
                        * BOARD_ALWAYS: it has none */
    uint16_t reset; /* and of the one with its reset bit, which is the same */
    uint8_t bit;
    uint8_t link; /* enum board_link */
};
#define BOARD_NO_IRQ UINT32_MAX
#define BOARD_ALWAYS UINT16_MAX

enum board_link {
    BOARD_LINK_NONE,
    BOARD_LINK_USART,
    BOARD_LINK_SPI,
    BOARD_LINK_BACKGROUND, /* none; and nothing waits for its moment */
};

/* Clocks, as RCC has them set at this moment; 0 Hz: off. */
enum board_clock {
    BOARD_CLOCK_HCLK,
    BOARD_CLOCK_PCLK1,
    BOARD_CLOCK_PCLK2,
    BOARD_CLOCK_TIM1, /* timers of APB1 */
    BOARD_CLOCK_TIM2, /* timers of APB2 */
    BOARD_CLOCK_HSI,
    BOARD_CLOCK_LSI,
    BOARD_CLOCK_LSE,
    BOARD_CLOCK_48, /* RNG, USB */
    /* kernel clocks of USART1, USART2, ...: BOARD_CLOCK_USART + instance */
    BOARD_CLOCK_USART,
    BOARD_CLOCK_USART_LAST = BOARD_CLOCK_USART + 7,
    BOARD_CLOCK_COUNT
};

/* Which instance a state belongs to. */
const struct board_unit *board_unit_of(struct board *b, const void *state);
/* The state of another: the unit of this model with that instance; NULL. */
void *board_state(struct board *b, const struct board_model *model,
                  uint32_t instance);

board_time board_now(struct board *b);
uint32_t board_clock_hz(struct board *b, enum board_clock which);
/* How often any register was written, or a unit was reset or damaged: as long
 * as it is the same, so are clocks and the functions of pins. */
uint64_t board_writes(struct board *b);
/* Call tick() at this moment, once; BOARD_NEVER: not at all.  One for each
 * unit, the last call counts.  In the past: at once. */
void board_schedule(struct board *b, void *state, board_time when);

/* A status or pin register was read that says: nothing yet.  After a few of
 * these without anything else the core skips to the next moment of any model,
 * and when there is none it is idle.  Call it for: receiver empty, transmitter
 * full or not complete, a conversion not done, a pin without change. */
void board_poll(struct board *b);
/* Something happened after all (data was taken, a command was begun): count
 * polls from the beginning. */
void board_busy(struct board *b);

/* Interrupt request of a unit; `level` stays until it is changed. */
void board_interrupt(struct board *b, const void *state, bool level);

/* A byte for the host at this unit's link. */
void board_host_out(struct board *b, const void *state, uint8_t byte);

/* The level that something outside the part puts on a pin, for GPIO's input
 * and for timers; what GPIO itself drives is GPIO's. */
enum board_level { BOARD_LOW, BOARD_HIGH, BOARD_FLOATING };
void board_pin_set(struct board *b, unsigned port, unsigned pin,
                   enum board_level level);
enum board_level board_pin(struct board *b, unsigned port, unsigned pin);
/* A GPIO output changed: for WIRE_STATE.  `outputs` has the pins that are
 * outputs, `high` those of them which are high. */
void board_pins_out(struct board *b, unsigned port, uint32_t outputs,
                    uint32_t high);

/* For people who write firmware: a line on standard error with the PC, when
 * sfi-board runs with --verbose; once for each place. */
void board_note(struct board *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
