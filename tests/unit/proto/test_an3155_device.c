/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/proto/an3155_device: a device's half of AN3155, byte by byte.
 *
 * A conversation is a text: hex bytes that the host sends, '<', the device's
 * answer, '/', and so on.  An answer comes with the last byte sent and not
 * before, and is exactly what stands there.  `sum` is the XOR of the packet so
 * far, `bad` that XOR with one bit flipped, `N*XX` a byte repeated. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "proto/an3155_device.h"

#define MEMORY 0x20001000u
#define OPCODE_ECHO 0x5001u
#define OPCODE_SINK 0x5101u

struct bootloader {
    uint8_t memory[1024];
    uint8_t last_write[USART_BLOCK_MAX];
    size_t write_len;
    uint32_t went;
    unsigned protected;
    uint16_t code;
    uint16_t pages[USART_ERASE_PAGES_MAX];
    size_t page_count;
    unsigned erases;
    uint16_t opcode;
    size_t param_len, data_len;
    uint8_t data[SFI_CMD_DATA_MAX];
};

static struct bootloader bl;
static struct an3155_device device;

static bool
on_allowed(void *user, uint8_t cmd)
{
    struct bootloader *b = user;

    return !b->protected || cmd <= USART_GET_ID;
}

static bool
on_address(void *user, uint8_t cmd, uint32_t address)
{
    (void)user;
    (void)cmd;
    return address >= MEMORY && address < MEMORY + sizeof(bl.memory);
}

static bool
on_read(void *user, uint32_t address, uint8_t *out, size_t len)
{
    struct bootloader *b = user;
    size_t at = address - MEMORY;

    if (len > sizeof(b->memory) - at)
        return false;
    memcpy(out, b->memory + at, len);
    return true;
}

static bool
on_write(void *user, uint32_t address, const uint8_t *data, size_t len)
{
    struct bootloader *b = user;

    if (address % 4 != 0 || len % 4 != 0)
        return false;
    memcpy(b->last_write, data, len);
    b->write_len = len;
    return true;
}

static void
on_go(void *user, uint32_t address)
{
    struct bootloader *b = user;

    b->went = address;
}

static bool
on_erase(void *user, uint16_t code, const uint16_t *pages, size_t count)
{
    struct bootloader *b = user;

    b->erases++;
    b->code = code;
    b->page_count = count;
    if (count > 0)
        memcpy(b->pages, pages, count * sizeof(*pages));
    return count == 0 || pages[0] != 0x0bad;
}

static bool
on_protect(void *user, uint8_t cmd)
{
    (void)user;
    return cmd == USART_READOUT_UNPROTECT;
}

static bool
on_known(void *user, uint8_t cmd, uint16_t opcode)
{
    (void)user;
    return opcode == (cmd == USART_SPECIAL ? OPCODE_ECHO : OPCODE_SINK);
}

static uint8_t
on_special(void *user, uint16_t opcode, const uint8_t *param, size_t param_len,
           uint8_t *data, size_t data_len, uint8_t *reply, size_t *reply_len)
{
    struct bootloader *b = user;

    ck_assert_uint_eq(*reply_len, SFI_CMD_REPLY_MAX);
    b->opcode = opcode;
    b->param_len = param_len;
    b->data_len = data_len;
    if (data_len > 0)
        memcpy(b->data, data, data_len);
    if (param_len > 0)
        memcpy(reply, param, param_len);
    *reply_len = param_len;
    return (uint8_t)(0xa0 + param_len);
}

static const struct an3155_handlers handlers = {
    .allowed = on_allowed,
    .address = on_address,
    .read = on_read,
    .write = on_write,
    .go = on_go,
    .erase = on_erase,
    .protect = on_protect,
    .known = on_known,
    .special = on_special,
};

static const uint8_t listed[] = {0x00, 0x01, 0x02, 0x11, 0x21, 0x31,
                                 0x43, 0x44, 0x50, 0x51, 0x82, 0x92};

static void
start(const struct an3155_handlers *h)
{
    const struct an3155_device_config config = {
        .handlers = h,
        .user = &bl,
        .version = 0x31,
        .product_id = 0x0450,
        .commands = listed,
        .command_count = sizeof(listed),
    };

    memset(&bl, 0, sizeof(bl));
    for (size_t i = 0; i < sizeof(bl.memory); i++)
        bl.memory[i] = (uint8_t)(i * 7 + 1);
    sfi__an3155_device_init(&device, &config);
}

/* ---- the conversations ---- */

struct bytes {
    uint8_t at[4096];
    size_t len;
};

static void
put(struct bytes *b, unsigned value, size_t times)
{
    ck_assert_uint_le(times, sizeof(b->at) - b->len);
    memset(b->at + b->len, (int)value, times);
    b->len += times;
}

static uint8_t
xor_of(const struct bytes *b)
{
    uint8_t x = 0;

    for (size_t i = 0; i < b->len; i++)
        x ^= b->at[i];
    return x;
}

/* Adds one word of a conversation. */
static void
add_word(struct bytes *b, const char *word)
{
    unsigned value;
    unsigned times;

    if (strcmp(word, "sum") == 0) {
        put(b, xor_of(b), 1);
    } else if (strcmp(word, "bad") == 0) {
        put(b, xor_of(b) ^ 0x10u, 1);
    } else if (sscanf(word, "%u*%x", &times, &value) == 2) {
        put(b, value, times);
    } else {
        ck_assert_msg(strlen(word) % 2 == 0, "word \"%s\"", word);
        for (; *word != '\0'; word += 2) {
            ck_assert_int_eq(sscanf(word, "%2x", &value), 1);
            put(b, value, 1);
        }
    }
}

static void
exchange(const char *name, const struct bytes *send, const struct bytes *want)
{
    uint8_t raw[USART_ANSWER_MAX];
    struct wr out;

    sfi__wr_init(&out, raw, sizeof(raw));
    for (size_t i = 0; i < send->len; i++) {
        ck_assert_msg(out.len == 0, "%s: answer before byte %zu", name, i);
        sfi__an3155_device_byte(&device, send->at[i], &out);
    }
    ck_assert_msg(sfi__wr_ok(&out), "%s: answer does not fit", name);
    ck_assert_msg(out.len == want->len, "%s: %zu bytes of answer, not %zu",
                  name, out.len, want->len);
    for (size_t i = 0; i < out.len; i++)
        ck_assert_msg(raw[i] == want->at[i], "%s: answer[%zu] %02x, not %02x",
                      name, i, raw[i], want->at[i]);
}

static void
talk(const char *name, const char *text)
{
    struct bytes sides[2] = {0};
    char word[64];
    int side = 0;
    int n;

    for (; sscanf(text, "%63s%n", word, &n) == 1; text += n) {
        if (strcmp(word, "<") == 0) {
            side = 1;
        } else if (strcmp(word, "/") == 0) {
            exchange(name, &sides[0], &sides[1]);
            memset(sides, 0, sizeof(sides));
            side = 0;
        } else {
            add_word(&sides[side], word);
        }
    }
    exchange(name, &sides[0], &sides[1]);
}

static const struct row {
    const char *name, *text;
} rows[] = {
    /* synchronisation */
    {"sync", "7f < 79"},
    {"noise before sync", "00 < / ff < / 01 < / fe < / 7f < 79"},
    {"sync twice", "7f < 79 / 7f < 1f / 7f < 1f / 01fe < 79 31 0000 79"},
    /* 3.1 to 3.3 */
    {"get", "7f < 79 / 00ff < 79 0c 31 000102112131434450518292 79"},
    {"get version", "7f < 79 / 01fe < 79 31 00 00 79"},
    {"get id", "7f < 79 / 02fd < 79 01 0450 79"},
    {"get, bad complement", "7f < 79 / 00fe < 1f / 00ff < "
                            "79 0c 31 000102112131434450518292 79"},
    {"get version, bad complement", "7f < 79 / 01ff < 1f"},
    {"get id, bad complement", "7f < 79 / 02fc < 1f"},
    {"unknown command", "7f < 79 / 05fa < 1f / 02fd < 79 01 0450 79"},
    {"unlisted command", "7f < 79 / 63 9c < 1f"},
    {"listed, but not served", "7f < 79 / 43bc < 1f / 01fe < 79 31 0000 79"},
    /* 3.4 read memory */
    {"read 1", "7f < 79 / 11ee < 79 / 20001000 sum < 79 / 00ff < 79 01"},
    {"read 4", "7f < 79 / 11ee < 79 / 20001001 sum < 79 / 03fc < "
               "79 080f161d"},
    {"read, bad complement", "7f < 79 / 11ef < 1f"},
    {"read, bad address sum", "7f < 79 / 11ee < 79 / 20001000 bad < 1f / "
                              "01fe < 79 31 0000 79"},
    {"read, address refused", "7f < 79 / 11ee < 79 / 08000000 sum < 1f"},
    {"read, bad count", "7f < 79 / 11ee < 79 / 20001000 sum < 79 / 0303 < 1f"},
    {"read past the end", "7f < 79 / 11ee < 79 / 200013ff sum < 79 / 01fe < "
                          "1f / 02fd < 79 01 0450 79"},
    /* 3.5 go */
    {"go", "7f < 79 / 21de < 79 / 20001100 sum < 79"},
    {"go, bad sum", "7f < 79 / 21de < 79 / 20001100 bad < 1f"},
    {"go, address refused", "7f < 79 / 21de < 79 / 20001400 sum < 1f"},
    /* 3.6 write memory */
    {"write 4", "7f < 79 / 31ce < 79 / 20001004 sum < 79 / 03 11223344 sum < "
                "79"},
    {"write 256", "7f < 79 / 31ce < 79 / 20001000 sum < 79 / ff 256*5a sum < "
                  "79"},
    {"write, bad sum", "7f < 79 / 31ce < 79 / 20001004 sum < 79 / "
                       "03 11223344 bad < 1f"},
    {"write, refused", "7f < 79 / 31ce < 79 / 20001004 sum < 79 / "
                       "02 112233 sum < 1f"},
    {"write, bad address sum", "7f < 79 / 31ce < 79 / 20001004 bad < 1f"},
    {"write, address refused", "7f < 79 / 31ce < 79 / 10001004 sum < 1f"},
    /* 3.8 extended erase */
    {"erase one", "7f < 79 / 44bb < 79 / 0000 0007 sum < 79"},
    {"erase three", "7f < 79 / 44bb < 79 / 0002 0001 0102 0003 sum < 79"},
    {"erase, most", "7f < 79 / 44bb < 79 / 01ff 1024*01 sum < 79"},
    {"erase, too many", "7f < 79 / 44bb < 79 / 0200 < 1f"},
    {"erase, far too many", "7f < 79 / 44bb < 79 / ffef < 1f"},
    {"erase, bad sum", "7f < 79 / 44bb < 79 / 0000 0007 bad < 1f"},
    {"erase, refused", "7f < 79 / 44bb < 79 / 0000 0bad sum < 1f"},
    {"mass erase", "7f < 79 / 44bb < 79 / ffff 00 < 79"},
    {"bank 1", "7f < 79 / 44bb < 79 / fffe 01 < 79"},
    {"bank 2", "7f < 79 / 44bb < 79 / fffd 02 < 79"},
    {"mass erase, bad sum", "7f < 79 / 44bb < 79 / ffff 01 < 1f"},
    {"reserved code, high", "7f < 79 / 44bb < 79 / fffc sum < 1f"},
    {"reserved code, low", "7f < 79 / 44bb < 79 / fff0 sum < 1f"},
    /* 3.10 to 3.12: two ACKs */
    {"readout unprotect", "7f < 79 / 926d < 79 79 / 01fe < 79 31 0000 79"},
    {"readout unprotect, bad complement", "7f < 79 / 926c < 1f"},
    {"readout protect, refused", "7f < 79 / 827d < 79 1f / 02fd < 79 01 0450 "
                                 "79"},
    {"write unprotect, not listed", "7f < 79 / 738c < 1f"},
    /* 3.14 special: exact frames */
    {"special", "7f < 79 / 50af < 79 / 5001 51 < 79 / 0002 aabb 13 < "
                "79 0002 aabb 0001 a2 79"},
    {"special, nothing", "7f < 79 / 50af < 79 / 5001 sum < 79 / 0000 00 < "
                         "79 0000 0001 a0 79"},
    {"special, most", "7f < 79 / 50af < 79 / 5001 sum < 79 / "
                      "0080 128*c3 sum < 79 0080 128*c3 0001 20 79"},
    {"special, too long", "7f < 79 / 50af < 79 / 5001 sum < 79 / 0081 < 1f / "
                          "02fd < 79 01 0450 79"},
    {"special, bad complement", "7f < 79 / 50ae < 1f"},
    {"special, bad opcode sum", "7f < 79 / 50af < 79 / 5001 bad < 1f"},
    {"special, unknown opcode", "7f < 79 / 50af < 79 / 5002 sum < 1f"},
    {"special, the other's opcode", "7f < 79 / 50af < 79 / 5101 sum < 1f"},
    {"special, bad sum", "7f < 79 / 50af < 79 / 5001 sum < 79 / "
                         "0002 aabb bad < 1f / 01fe < 79 31 0000 79"},
    /* 3.15 extended special: exact frames */
    {"extended", "7f < 79 / 51ae < 79 / 5101 50 < 79 / 0001 77 76 < 79 / "
                 "0003 010203 03 < 79 0001 a1 79"},
    {"extended, nothing", "7f < 79 / 51ae < 79 / 5101 sum < 79 / 0000 00 < "
                          "79 / 0000 00 < 79 0001 a0 79"},
    {"extended, most", "7f < 79 / 51ae < 79 / 5101 sum < 79 / "
                       "0080 128*11 sum < 79 / 0400 1024*22 sum < "
                       "79 0001 20 79"},
    {"extended, packet 1 too long", "7f < 79 / 51ae < 79 / 5101 sum < 79 / "
                                    "0081 < 1f"},
    {"extended, packet 2 too long", "7f < 79 / 51ae < 79 / 5101 sum < 79 / "
                                    "0000 00 < 79 / 0401 < 1f / "
                                    "02fd < 79 01 0450 79"},
    {"extended, unknown opcode", "7f < 79 / 51ae < 79 / 5001 sum < 1f"},
    {"extended, bad opcode sum", "7f < 79 / 51ae < 79 / 5101 bad < 1f"},
    {"extended, bad sum 1", "7f < 79 / 51ae < 79 / 5101 sum < 79 / "
                            "0001 77 bad < 1f"},
    {"extended, bad sum 2", "7f < 79 / 51ae < 79 / 5101 sum < 79 / "
                            "0001 77 sum < 79 / 0001 88 bad < 1f / "
                            "01fe < 79 31 0000 79"},
};

START_TEST(test_conversations)
{
    start(&handlers);
    talk(rows[_i].name, rows[_i].text);
}
END_TEST

/* The arguments that the handlers received. */
START_TEST(test_told)
{
    start(&handlers);
    talk("write", "7f < 79 / 31ce < 79 / 20001004 sum < 79 / "
                  "07 0102030405060708 sum < 79");
    ck_assert_uint_eq(bl.write_len, 8);
    ck_assert_mem_eq(bl.last_write, "\1\2\3\4\5\6\7\10", 8);
    talk("go", "21de < 79 / 20001100 sum < 79");
    ck_assert_uint_eq(bl.went, 0x20001100);
    talk("erase", "44bb < 79 / 0002 0001 0102 0003 sum < 79");
    ck_assert_uint_eq(bl.page_count, 3);
    ck_assert_uint_eq(bl.pages[0], 0x0001);
    ck_assert_uint_eq(bl.pages[1], 0x0102);
    ck_assert_uint_eq(bl.pages[2], 0x0003);
    talk("mass", "44bb < 79 / ffff 00 < 79");
    ck_assert_uint_eq(bl.page_count, 0);
    ck_assert_uint_eq(bl.code, USART_ERASE_MASS);
    talk("extended", "51ae < 79 / 5101 50 < 79 / 0001 77 76 < 79 / "
                     "0003 010203 03 < 79 0001 a1 79");
    ck_assert_uint_eq(bl.opcode, OPCODE_SINK);
    ck_assert_uint_eq(bl.param_len, 1);
    ck_assert_uint_eq(bl.data_len, 3);
    ck_assert_mem_eq(bl.data, "\1\2\3", 3);
}
END_TEST

/* Nothing is done when the checksum is wrong. */
START_TEST(test_not_told)
{
    start(&handlers);
    talk("write", "7f < 79 / 31ce < 79 / 20001004 sum < 79 / "
                  "03 01020304 bad < 1f");
    talk("go", "21de < 79 / 20001100 bad < 1f");
    talk("erase", "44bb < 79 / 0000 0001 bad < 1f");
    talk("mass", "44bb < 79 / ffff ff < 1f");
    talk("reserved", "44bb < 79 / fff8 sum < 1f");
    talk("special", "50af < 79 / 5001 sum < 79 / 0001 aa bad < 1f");
    ck_assert_uint_eq(bl.write_len, 0);
    ck_assert_uint_eq(bl.went, 0);
    ck_assert_uint_eq(bl.erases, 0);
    ck_assert_uint_eq(bl.opcode, 0);
}
END_TEST

START_TEST(test_protected)
{
    start(&handlers);
    bl.protected = 1;
    talk("protected", "7f < 79 / 11ee < 1f / 21de < 1f / 31ce < 1f / "
                      "44bb < 1f / 50af < 1f / 51ae < 1f / "
                      "01fe < 79 31 0000 79 / 02fd < 79 01 0450 79");
}
END_TEST

/* Only commands with a handler are served, also if others are listed. */
START_TEST(test_no_handlers)
{
    static const struct an3155_handlers none = {0};

    start(&none);
    talk("none", "7f < 79 / 11ee < 1f / 21de < 1f / 31ce < 1f / 44bb < 1f / "
                 "50af < 1f / 51ae < 1f / 02fd < 79 01 0450 79");
}
END_TEST

/* A half command is dropped with a NACK wherever it stops; before the first
 * 0x7f and between commands there is nothing to drop. */
START_TEST(test_drop)
{
    static const char *const halves[] = {
        "11 <",
        "11ee < 79",
        "11ee < 79 / 2000 <",
        "11ee < 79 / 20001000 sum < 79",
        "31ce < 79 / 20001004 sum < 79 / 03 1122 <",
        "44bb < 79 / 00 <",
        "44bb < 79 / ffff <",
        "50af < 79 / 50 <",
        "50af < 79 / 5001 sum < 79 / 00 <",
        "51ae < 79 / 5101 sum < 79 / 0001 77 sum < 79 / 0004 01 <",
    };
    uint8_t raw[4];
    struct wr out;

    start(&handlers);
    sfi__wr_init(&out, raw, sizeof(raw));
    ck_assert(!sfi__an3155_device_busy(&device));
    sfi__an3155_device_drop(&device, &out);
    ck_assert_uint_eq(out.len, 0);
    talk("sync", "7f < 79");
    sfi__an3155_device_drop(&device, &out);
    ck_assert_uint_eq(out.len, 0);
    for (size_t i = 0; i < ROWS(halves); i++) {
        talk("half", halves[i]);
        ck_assert(sfi__an3155_device_busy(&device));
        sfi__wr_init(&out, raw, sizeof(raw));
        sfi__an3155_device_drop(&device, &out);
        ck_assert_uint_eq(out.len, 1);
        ck_assert_uint_eq(raw[0], USART_NACK);
        ck_assert(!sfi__an3155_device_busy(&device));
        talk("after", "02fd < 79 01 0450 79");
    }
}
END_TEST

/* After any bytes the device resynchronises: a flood gets NACKs, then a valid
 * command works. */
START_TEST(test_flood)
{
    uint8_t raw[USART_ANSWER_MAX];
    uint32_t x = 0x5f1u + (uint32_t)_i;
    struct wr out;

    start(&handlers);
    for (size_t i = 0; i < 20000; i += test_step(20)) {
        x = x * 1664525u + 1013904223u;
        sfi__wr_init(&out, raw, sizeof(raw));
        sfi__an3155_device_byte(&device, (uint8_t)(x >> 24), &out);
        ck_assert(sfi__wr_ok(&out));
        ck_assert_uint_le(device.want, USART_FRAME_MAX);
        ck_assert_uint_lt(device.have, device.want);
    }
    sfi__wr_init(&out, raw, sizeof(raw));
    sfi__an3155_device_drop(&device, &out);
    sfi__an3155_device_byte(&device, USART_SYNC, &out);
    ck_assert_uint_ge(out.len, 1);
    talk("after", "02fd < 79 01 0450 79");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("an3155_device");
    TCase *tc = tcase_create("frames");

    tcase_add_loop_test(tc, test_conversations, 0, ROWS(rows));
    tcase_add_test(tc, test_told);
    tcase_add_test(tc, test_not_told);
    tcase_add_test(tc, test_protected);
    tcase_add_test(tc, test_no_handlers);
    tcase_add_test(tc, test_drop);
    tcase_add_loop_test(tc, test_flood, 0, 8);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
