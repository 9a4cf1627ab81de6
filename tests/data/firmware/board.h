/* What the demo firmware needs to know of the part it runs on. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

struct write_op {
    uint32_t addr;
    uint32_t clear;
    uint32_t set;
};

struct board {
    const char *name;
    uint32_t hz; /* core clock after reset; the firmware does not change it */
    const struct write_op *init; /* clocks and pins, in order */
    uint32_t init_count;
    uint32_t led_port; /* GPIO register block */
    uint32_t led_pin;
    uint32_t uart; /* USART register block */
};

struct config {
    uint32_t magic; /* CONFIG_MAGIC */
    uint16_t version;
    uint16_t log_every; /* state changes between two log lines */
    uint32_t baud;
    uint32_t on_ms;
    uint32_t off_ms;
    uint32_t breathe_ms; /* one period of the sine */
    char serial[24];
    char marker[48];
    uint32_t crc; /* CRC-32 (IEEE 802.3) of all the bytes before it */
};

#define CONFIG_MAGIC 0x47464353u /* "SCFG" */
#define SINE_LEN 2048u

enum message {
    MSG_BOOT,
    MSG_BLINK,
    MSG_BREATHE,
    MSG_REST,
    MSG_FAULT,
    MSG_COUNT
};

extern const struct board board;
extern const struct config config;
extern const int16_t sine[SINE_LEN];
extern const char *const messages[MSG_COUNT];

#endif
