/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* GPIO as in RM0394, 8 (L4) and RM0433, 11 (H7, which has no BRR). */
#include <string.h>

#include "periph.h"

enum {
    GPIO_MODER = 0x00,
    GPIO_OTYPER = 0x04,
    GPIO_OSPEEDR = 0x08,
    GPIO_PUPDR = 0x0c,
    GPIO_IDR = 0x10,
    GPIO_ODR = 0x14,
    GPIO_BSRR = 0x18,
    GPIO_LCKR = 0x1c,
    GPIO_AFRL = 0x20,
    GPIO_AFRH = 0x24,
    GPIO_BRR = 0x28,
};
#define GPIO_LCKK (1u << 16)

enum { MODE_INPUT, MODE_OUTPUT, MODE_FUNCTION, MODE_ANALOG };

struct gpio {
    uint32_t moder, otyper, ospeedr, pupdr, odr, lckr, afr[2];
    uint32_t last_idr;
    uint32_t lock_mask;
    unsigned lock_step;
    uint32_t outputs, high; /* as told to the board */
};

static unsigned
mode(const struct gpio *g, unsigned pin)
{
    return g->moder >> 2 * pin & 3;
}

/* RM0394, 8.3.9 to 8.3.12: what the input register reads in each mode. */
static bool
pin_level(struct board *b, const struct gpio *g, unsigned port, unsigned pin)
{
    bool out = g->odr >> pin & 1, open_drain = g->otyper >> pin & 1;

    if (mode(g, pin) == MODE_ANALOG)
        return false;
    if (mode(g, pin) == MODE_OUTPUT && !(open_drain && out))
        return out;
    switch (board_pin(b, port, pin)) {
    case BOARD_LOW:
        return false;
    case BOARD_HIGH:
        return true;
    case BOARD_FLOATING:
        break;
    }
    return (g->pupdr >> 2 * pin & 3) == 1;
}

static uint32_t
input(struct board *b, const struct gpio *g)
{
    unsigned port = board_unit_of(b, g)->instance, pin;
    uint32_t idr = 0;

    for (pin = 0; pin < 16; pin++)
        idr |= (uint32_t)pin_level(b, g, port, pin) << pin;
    return idr;
}

static void
tell_outputs(struct board *b, struct gpio *g)
{
    uint32_t outputs = 0;
    unsigned pin;

    for (pin = 0; pin < 16; pin++)
        outputs |= (uint32_t)(mode(g, pin) == MODE_OUTPUT) << pin;
    if (outputs == g->outputs && (g->odr & outputs) == g->high)
        return;
    g->outputs = outputs;
    g->high = g->odr & outputs;
    board_pins_out(b, board_unit_of(b, g)->instance, g->outputs, g->high);
}

int
gpio_function(struct board *b, unsigned port, unsigned pin)
{
    const struct gpio *g = board_state(b, &board_gpio_l4, port);

    if (g == NULL)
        g = board_state(b, &board_gpio_h7, port);
    if (g == NULL || mode(g, pin) != MODE_FUNCTION)
        return -1;
    return (int)(g->afr[pin / 8] >> 4 * (pin % 8) & 15);
}

static uint32_t *
register_at(struct gpio *g, uint32_t offset)
{
    switch (offset) {
    case GPIO_MODER:
        return &g->moder;
    case GPIO_OTYPER:
        return &g->otyper;
    case GPIO_OSPEEDR:
        return &g->ospeedr;
    case GPIO_PUPDR:
        return &g->pupdr;
    case GPIO_ODR:
        return &g->odr;
    case GPIO_AFRL:
        return &g->afr[0];
    case GPIO_AFRH:
        return &g->afr[1];
    default:
        return NULL;
    }
}

static uint32_t
gpio_read(struct board *b, void *state, uint32_t offset, unsigned size)
{
    struct gpio *g = state;
    const uint32_t *reg = register_at(g, offset & ~3u);
    uint32_t value = 0;

    (void)size;
    if (reg != NULL) {
        value = *reg;
    } else if ((offset & ~3u) == GPIO_LCKR) {
        value = g->lckr;
    } else if ((offset & ~3u) == GPIO_IDR) {
        value = input(b, g);
        periph_polled(b, value, &g->last_idr);
    }
    return value >> 8 * (offset & 3);
}

/* Bits of the field of @width bits for each pin of @pins, from @first on. */
static uint32_t
fields(uint32_t pins, unsigned width, unsigned first)
{
    uint32_t mask = 0;
    unsigned pin;

    for (pin = 0; pin * width < 32 && first + pin < 16; pin++)
        if ((pins >> (first + pin) & 1) != 0)
            mask |= ((1u << width) - 1) << pin * width;
    return mask;
}

/* RM0394, 8.3.7: a locked pin keeps its configuration until a reset. */
static uint32_t
locked_bits(const struct gpio *g, uint32_t offset)
{
    uint32_t pins = (g->lckr & GPIO_LCKK) != 0 ? g->lckr & 0xffff : 0;

    switch (offset) {
    case GPIO_MODER:
    case GPIO_OSPEEDR:
    case GPIO_PUPDR:
        return fields(pins, 2, 0);
    case GPIO_OTYPER:
        return pins;
    case GPIO_AFRL:
        return fields(pins, 4, 0);
    case GPIO_AFRH:
        return fields(pins, 4, 8);
    default:
        return 0;
    }
}

/* RM0394, 8.5.8: write 1, 0, 1 into LCKK with the same pins, by words. */
static void
write_lock(struct gpio *g, uint32_t value, unsigned size)
{
    bool key = (value & GPIO_LCKK) != 0;
    uint32_t pins = value & 0xffff;

    if ((g->lckr & GPIO_LCKK) != 0 || size != 4)
        return;
    if (g->lock_step == 0 || pins != g->lock_mask) {
        g->lock_step = key;
        g->lock_mask = pins;
    } else if (key == (g->lock_step == 2)) {
        g->lock_step++;
    } else {
        g->lock_step = key;
    }
    g->lckr = pins;
    if (g->lock_step == 3)
        g->lckr |= GPIO_LCKK;
}

static void
gpio_write(struct board *b, void *state, uint32_t offset, uint32_t value,
           unsigned size)
{
    struct gpio *g = state;
    unsigned shift = 8 * (offset & 3);
    uint32_t mask = (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1) << shift;
    bool has_brr = board_unit_of(b, g)->model == &board_gpio_l4;
    uint32_t *reg;

    offset &= ~3u;
    value = value << shift & mask;
    board_busy(b);
    reg = register_at(g, offset);
    if (reg != NULL) {
        mask &= ~locked_bits(g, offset);
        if (offset == GPIO_ODR || offset == GPIO_OTYPER)
            mask &= 0xffff;
        *reg = (*reg & ~mask) | (value & mask);
    } else if (offset == GPIO_BSRR) {
        /* Where both are written, BS wins. */
        g->odr = (g->odr & ~(value >> 16)) | (value & 0xffff);
    } else if (offset == GPIO_BRR && has_brr) {
        g->odr &= ~(value & 0xffff);
    } else if (offset == GPIO_LCKR) {
        write_lock(g, value, size);
    }
    tell_outputs(b, g);
}

/* RM0394, 8.5.1 to 8.5.4 and RM0433, 11.4.1 to 11.4.4: the debug port's pins
 * are its own at reset, all others are analog; BOOT0 (PH3 of an L4) is an
 * input. */
static void
gpio_reset(struct board *b, void *state, enum board_reset why)
{
    const struct board_unit *unit = board_unit_of(b, state);
    bool h7 = unit->model == &board_gpio_h7;
    struct gpio *g = state;

    (void)why;
    memset(g, 0, sizeof(*g));
    g->moder = UINT32_MAX;
    if (unit->instance == 0) {
        g->moder = 0xabffffff;
        g->ospeedr = 0x0c000000;
        g->pupdr = 0x64000000;
    } else if (unit->instance == 1) {
        g->moder = 0xfffffebf;
        g->ospeedr = h7 ? 0x000000c0 : 0;
        g->pupdr = 0x00000100;
    } else if (unit->instance == 7 && !h7) {
        g->moder = 0x0000000f;
    }
    board_pins_out(b, unit->instance, 0, 0);
}

const struct board_model board_gpio_l4 = {
    .name = "GPIO",
    .state_size = sizeof(struct gpio),
    .read = gpio_read,
    .write = gpio_write,
    .reset = gpio_reset,
};

const struct board_model board_gpio_h7 = {
    .name = "GPIO",
    .state_size = sizeof(struct gpio),
    .read = gpio_read,
    .write = gpio_write,
    .reset = gpio_reset,
};
