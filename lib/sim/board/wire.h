/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What libsfi-sim and the program sfi-board say to each other.  sfi-board reads
 * requests from its standard input and writes one answer for each to its
 * standard output, which may be the two ends of one socket; it ends when its
 * input ends.  No includes: numbers only, for both licences.
 *
 * Little-endian, without padding:
 *
 *   request  u32 length of what follows, u8 number, its members
 *   answer   u32 length of what follows, u8 number, u8 status, its members
 *
 * "bytes" goes to the end of the message.  An answer with a status other than
 * WIRE_OK has a text as its only member, for people. */
#ifndef SFI_SIM_BOARD_WIRE_H
#define SFI_SIM_BOARD_WIRE_H

/* The file that keeps a part's memory, as both processes see it:
 *
 *      0    12  WIRE_FILE_MAGIC
 *     16    32  the part's name, then zeros
 *     64        option words as programmed, each a u32 and its complement, in
 *               the order of the part's option-byte file, then zeros
 *   4096  4096  OTP
 *   8192        the flash; behind it WIRE_FILE_BITS_LEN bytes: all zeros when
 *               the ECC of every program unit fits */
#define WIRE_FILE_MAGIC "SFI board 1\n"
#define WIRE_FILE_PART_AT 16u
#define WIRE_FILE_PART_LEN 32u
#define WIRE_FILE_OPTIONS_AT 64u
#define WIRE_FILE_OTP_AT 4096u
#define WIRE_FILE_OTP_LEN 4096u
#define WIRE_FILE_FLASH_AT 8192u
/* Two bits for each program unit. */
#define WIRE_FILE_BITS_LEN(flash_len, unit) ((flash_len) / (unit) / 8u * 2u)

#define WIRE_VERSION 1u
/* Longest request or answer: the largest flash and a few words. */
#define WIRE_LENGTH_MAX (0x200000u + 64u)

enum wire_status {
    WIRE_OK = 0,
    WIRE_BAD_REQUEST = 1, /* unknown, malformed, or out of range */
    WIRE_REFUSED = 2,     /* a debug access that the part does not allow */
    WIRE_NO_POWER = 3,    /* the request needs a part with power */
    WIRE_FAILED = 4,      /* the host: a file, memory, the emulator */
};

/* Virtual time: instructions and waits advance it.  A request that runs the
 * core ends when the core is idle: it polls, nothing is on its way to it, and
 * nothing in it will change but by the passing of time. */
enum wire_end {
    WIRE_END_IDLE = 0,  /* waits for something from outside */
    WIRE_END_LIMIT = 1, /* the time allowed has passed; busy still */
    WIRE_END_OFF = 2,   /* has no power: cut, or never switched on */
    WIRE_END_LOCKUP =
        3 /* an exception within an exception; only a reset helps */
};
/* "run" in an answer stands for these members:
 *   u8 end (enum wire_end), u8 where the core is (WIRE_AT_*) with WIRE_WROTE if
 *   flash or option bytes had an operation since the request began, u16 resets
 *   since then, u64 time in nanoseconds since the part was made */

enum wire_request {
    /* First.  u32 WIRE_VERSION, u8 n, n bytes: part ("stm32l462ce"), u16 n,
     * n bytes: path of the file that keeps flash, OTP, option bytes and which
     * double words have a wrong ECC; it is mapped, so that a killed board
     * loses nothing.  Made when it is not there.  Empty: in memory only.
     * -> u32 WIRE_VERSION, u8 1: the file is new, u32 flash's address, u32 its
     *    length, u32 RAM's address, u32 its length, u8 n, n option words,
     *    u8 n, n bytes: the name in full */
    WIRE_HELLO = 1,
    /* Manufacture: bytes into flash or OTP, past all protection; ECC as they
     * need.  u32 address, bytes -> nothing */
    WIRE_LOAD = 2,
    /* Past all protection and without effects: flash, OTP, RAM, option area.
     * u32 address, u32 length -> bytes */
    WIRE_PEEK = 3,
    /* -> for each option word: u32 as programmed, u32 in force.  The order is
     * that of the part's option-byte file. */
    WIRE_OPTIONS = 4,
    /* Manufacture: programmed, and in force at the next power-up.  u32 each */
    WIRE_SET_OPTIONS = 5,
    /* u8 1: on, 0: off -> nothing.  On again when it is on: off and on.  RAM
     * is lost; the core does not run before the next request that runs it. */
    WIRE_POWER = 6,
    /* A pulse at NRST -> nothing */
    WIRE_NRST = 7,
    /* u8 port (0: A), u8 pin, u8 level (WIRE_LEVEL_*) -> nothing */
    WIRE_PIN = 8,
    /* Run.  u64 nanoseconds, u8 1: end when idle, 0: wait all of it, quickly
     * when idle -> run */
    WIRE_RUN = 9,
    /* The host's USART sends bytes, as fast as its baud rate is, then the core
     * runs until idle or the limit (counted from the last byte).
     * u8 port (0: USART1, 1: USART2, ...), u32 baud, u8 parity (WIRE_PARITY_*),
     * u64 limit in nanoseconds, bytes
     * -> run, bytes that the part sent since the last request of this link, as
     *    a host at that rate receives them */
    WIRE_USART = 10,
    /* u8 port (0: SPI1, ...), u8 level of NSS -> nothing; it stays so */
    WIRE_NSS = 11,
    /* The master clocks bytes (mode 0, 8 bits), then the core runs until idle
     * or the limit; 0: does not run on.
     * u8 port, u32 hertz, u64 limit in nanoseconds, bytes
     * -> run, as many bytes from the slave */
    WIRE_SPI = 12,
    /* The power fails in the operation after so many more.  An operation is one
     * page erase, double word, mass erase or write of option bytes, wherever it
     * comes from.  u64 count, or WIRE_NO_CUT; u8 how (WIRE_CUT_*) -> nothing */
    WIRE_CUT = 13,
    /* -> u8 power, u8 end of the last run (enum wire_end), u8 RDP level in
     *    force (0, 1, 2), u8 where the core is (WIRE_AT_*), u64 nanoseconds,
     * u64 operations so far, u32 resets so far, u32 reset flags as RCC has them
     *    now, u32 PC, u32 VTOR, u64 writes that changed a GPIO output so far,
     *    u8 n GPIO ports, for each u32 output pins, u32 those which are high */
    WIRE_STATE = 14,
    /* As a debugger's MEM-AP does it, at this RDP level, core running or not.
     * u32 address, u8 1, 2 or 4 bytes, u32 count -> data */
    WIRE_DEBUG_READ = 15,
    /* u32 address, u8 1, 2 or 4 bytes, data -> nothing */
    WIRE_DEBUG_WRITE = 16,
    /* All of the part and its time, in one of WIRE_SLOTS places in memory.
     * u8 slot -> nothing */
    WIRE_SNAPSHOT = 17,
    WIRE_RESTORE = 18,
    /* A fault.  u8 what (WIRE_FAULT_*), u32 where, u32 value -> nothing */
    WIRE_INJECT = 19,
    /* -> u32 R0 to R15, xPSR, MSP, PSP, PRIMASK, CONTROL */
    WIRE_REGISTERS = 20,
};

#define WIRE_NO_CUT 0xffffffffffffffffu
#define WIRE_SLOTS 16u
#define WIRE_RUN_LENGTH 12u
#define WIRE_WROTE 0x80u

enum wire_level {
    WIRE_LEVEL_LOW = 0,
    WIRE_LEVEL_HIGH = 1,
    WIRE_LEVEL_FLOATING = 2
};
/* In place of a port: the pin BOOT0, on parts where it is none of GPIO's. */
#define WIRE_PORT_BOOT0 0xffu

enum wire_parity {
    WIRE_PARITY_NONE = 0,
    WIRE_PARITY_EVEN = 1,
    WIRE_PARITY_ODD = 2
};

enum wire_cut {
    WIRE_CUT_TORN = 0,   /* within the operation: half of it is done */
    WIRE_CUT_BEFORE = 1, /* before its first effect */
    WIRE_CUT_AFTER = 2,  /* after its last */
    WIRE_CUT_NRST = 3,   /* no power cut: a reset within the operation */
};

enum wire_at {
    WIRE_AT_BOOT = 0,     /* the vector table is the reset's */
    WIRE_AT_LOADER = 1,   /* VTOR is in the part's loader */
    WIRE_AT_FIRMWARE = 2, /* VTOR is in its user range */
    WIRE_AT_SYSTEM = 3,   /* system memory or RAM were started: BOOT0 */
};

enum wire_fault {
    WIRE_FAULT_ECC_DOUBLE = 0, /* double word at "where" cannot be corrected */
    WIRE_FAULT_ECC_SINGLE = 1, /* one bit of it was corrected */
    WIRE_FAULT_BROWN_OUT = 2,  /* power fails in the next option-byte write */
    WIRE_FAULT_RNG_STUCK = 3,  /* value 1: always the same word; 0: no longer */
    WIRE_FAULT_RNG_SEED = 4,   /* seed error (SEIS) at the next word */
    WIRE_FAULT_RNG_CLOCK = 5,  /* clock error (CEIS) while value is 1 */
    WIRE_FAULT_USART_FRAME = 6, /* port "where": next byte has no stop bit */
    WIRE_FAULT_USART_NOISE = 7, /* port "where": next byte has noise */
    WIRE_FAULT_USART_PARITY = 8,
    WIRE_FAULT_WATCHDOG = 9, /* IWDG runs out now, if it runs */
    WIRE_FAULT_AES = 10,     /* AES never completes while value is 1 */
};

#endif
