/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* AN4286: the frames of the host, the part's half byte by byte, and a host
 * whose part says anything at all. */
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "target/target.h"
#include "proto/an4286.h"
#include "proto/an4286_device.h"

#include "fixture.h"
#include <link/script.h>

/* ---- frames ---- */

START_TEST(test_frames)
{
    static const uint16_t pages[] = {0x0003, 0x0102};
    uint16_t most[USART_ERASE_PAGES_MAX] = {0};
    uint8_t out[SPI_PAGES_MAX];

    sfi__an4286_command(out, USART_READ);
    ck_assert_mem_eq(out, "\x5a\x11\xee", 3);
    ck_assert_uint_eq(sfi__an4286_pages(out, pages, 1), 3);
    ck_assert_mem_eq(out, "\x00\x03\x03", 3);
    ck_assert_uint_eq(sfi__an4286_pages(out, pages, 2), 5);
    ck_assert_mem_eq(out, "\x00\x03\x01\x02\x00", 5);
    ck_assert_uint_eq(sfi__an4286_pages(out, most, ROWS(most)), SPI_PAGES_MAX);
}
END_TEST

/* ---- the part ---- */

static struct {
    uint8_t memory[256];
    uint16_t pages[4];
    uint16_t code;
    size_t count;
} part;

static bool
on_read(void *user, uint32_t address, uint8_t *out, size_t len)
{
    (void)user;
    if (address + len > sizeof(part.memory))
        return false;
    memcpy(out, part.memory + address, len);
    return true;
}

static bool
on_write(void *user, uint32_t address, const uint8_t *data, size_t len)
{
    (void)user;
    if (address + len > sizeof(part.memory))
        return false;
    memcpy(part.memory + address, data, len);
    return true;
}

static bool
on_erase(void *user, uint16_t code, const uint16_t *pages, size_t count)
{
    (void)user;
    part.code = code;
    part.count = count;
    memcpy(part.pages, pages != NULL ? pages : part.pages,
           count < 4 ? count * 2 : 8);
    return pages == NULL || pages[0] != 0x0bad;
}

static bool
on_protect(void *user, uint8_t cmd)
{
    (void)user;
    return cmd == USART_READOUT_UNPROTECT;
}

static uint8_t
on_special(void *user, uint16_t opcode, const uint8_t *param, size_t param_len,
           uint8_t *data, size_t data_len, uint8_t *reply, size_t *reply_len)
{
    (void)user;
    (void)opcode;
    (void)data;
    memcpy(reply, param, param_len);
    *reply_len = param_len;
    return (uint8_t)data_len;
}

static const struct an3155_handlers handlers = {
    .read = on_read,
    .write = on_write,
    .erase = on_erase,
    .protect = on_protect,
    .special = on_special,
};

static struct an4286_device device;

static void
start(void)
{
    static const uint8_t listed[] = {0x00, 0x01, 0x02, 0x11, 0x31,
                                     0x44, 0x50, 0x51, 0x82, 0x92};
    const struct an3155_device_config config = {
        .handlers = &handlers,
        .spi = true,
        .version = 0x11,
        .product_id = 0x0450,
        .commands = listed,
        .command_count = sizeof(listed),
    };

    for (size_t i = 0; i < sizeof(part.memory); i++)
        part.memory[i] = (uint8_t)(i + 1);
    sfi__an4286_device_init(&device, &config);
}

#define SYNC "5a:a5 00:a5 00:79 79:a5 "
#define ACK "00:a5 00:79 79:a5 "
#define NACK "00:a5 00:1f 79:a5 "
#define GET_ID "5a:a5 02:a5 fd:a5 " ACK "00:a5 00:01 00:04 00:50 " ACK

/* "out:in ..." from the host's side: each byte clocked, and what came. */
static const struct {
    const char *name, *text;
} talks[] = {
    {"sync", SYNC},
    {"nothing before it", "00:a5 ff:a5 7f:a5 79:a5 " SYNC},
    {"sync twice is a bad command", SYNC "5a:a5 00:a5 00:a5 00:a5 00:1f 79:a5"},
    {"what is not marked is no command", SYNC "02:a5 fd:a5 00:a5 " GET_ID},
    {"an ACK waits to be taken", "5a:a5 00:a5 00:79 00:a5 00:a5 5a:a5 79:a5 "
                                 "00:a5 " GET_ID},
    {"get", SYNC "5a:a5 00:a5 ff:a5 " ACK
                 "00:a5 00:0a 00:11 00:00 00:01 00:02 00:11 00:31 00:44 00:50 "
                 "00:51 00:82 00:92 " ACK GET_ID},
    {"get version", SYNC "5a:a5 01:a5 fe:a5 " ACK "00:a5 00:11 " ACK},
    {"get id", SYNC GET_ID},
    {"bad complement", SYNC "5a:a5 02:a5 fc:a5 " NACK GET_ID},
    {"not listed", SYNC "5a:a5 43:a5 bc:a5 " NACK GET_ID},
    {"read", SYNC "5a:a5 11:a5 ee:a5 " ACK "00:a5 00:a5 00:a5 03:a5 03:a5 " ACK
                  "01:a5 fe:a5 " ACK "00:a5 00:04 00:05 " GET_ID},
    {"read past the end",
     SYNC "5a:a5 11:a5 ee:a5 " ACK "00:a5 00:a5 00:a5 ff:a5 ff:a5 " ACK
          "01:a5 fe:a5 " NACK GET_ID},
    {"write", SYNC "5a:a5 31:a5 ce:a5 " ACK "00:a5 00:a5 00:a5 08:a5 08:a5 " ACK
                   "01:a5 5a:a5 79:a5 22:a5 " ACK "5a:a5 11:a5 ee:a5 " ACK
                   "00:a5 00:a5 00:a5 08:a5 08:a5 " ACK "01:a5 fe:a5 " ACK
                   "00:a5 00:5a 00:79 " GET_ID},
    {"write, bad sum",
     SYNC "5a:a5 31:a5 ce:a5 " ACK "00:a5 00:a5 00:a5 08:a5 08:a5 " ACK
          "01:a5 5a:a5 79:a5 23:a5 " NACK GET_ID},
    {"mass erase, when it is done", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 "
                                         "79:a5 ff:a5 ff:a5 00:a5 00:a5 BUSY "
                                         "00:79 79:a5"},
    {"erase, bad sum", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 79:a5 "
                            "ff:a5 ff:a5 01:a5 00:a5 BUSY 00:1f 79:a5"},
    {"erase, reserved", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 79:a5 "
                             "ff:a5 fc:a5 03:a5 00:a5 BUSY 00:1f 79:a5"},
    {"erase, too many", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 79:a5 "
                             "02:a5 00:a5 02:a5 00:a5 BUSY 00:1f 79:a5"},
    {"erase two", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 79:a5 "
                       "00:a5 01:a5 01:a5 00:a5 BUSY 00:79 79:a5 "
                       "00:a5 03:a5 01:a5 02:a5 00:a5 00:a5 BUSY 00:79 79:a5"},
    {"erase, refused", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 79:a5 "
                            "00:a5 00:a5 00:a5 00:a5 BUSY 00:79 79:a5 "
                            "0b:a5 ad:a5 a6:a5 00:a5 BUSY 00:1f 79:a5"},
    {"two verdicts", SYNC "5a:a5 92:a5 6d:a5 " ACK ACK GET_ID},
    {"two verdicts, the second bad", SYNC "5a:a5 82:a5 7d:a5 " ACK NACK GET_ID},
    {"special",
     SYNC "5a:a5 50:a5 af:a5 " ACK "53:a5 01:a5 52:a5 " ACK
          "00:a5 02:a5 aa:a5 bb:a5 13:a5 " ACK
          "00:a5 00:00 00:02 00:aa 00:bb 00:00 00:01 00:00 " ACK GET_ID},
    {"extended special", SYNC
     "5a:a5 51:a5 ae:a5 " ACK "53:a5 07:a5 54:a5 " ACK "00:a5 00:a5 00:a5 " ACK
     "00:a5 01:a5 cc:a5 cd:a5 " ACK "00:a5 00:00 00:01 00:01 " ACK GET_ID},
};

static void
clock_word(const char *name, const char *word)
{
    char *end;
    unsigned long out = strtoul(word, &end, 16);
    unsigned long want = strtoul(end + 1, NULL, 16);
    uint8_t in = sfi__an4286_device_clock(&device, (uint8_t)out);

    ck_assert_msg(in == want, "%s: %02x, expected %.5s", name, in, word);
}

static void
play(const char *name, const char *at)
{
    for (; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " ")) {
        if (strncmp(at, "BUSY", 4) != 0) {
            clock_word(name, at);
            continue;
        }
        for (int i = 0; i < 20; i++)
            ck_assert_uint_eq(sfi__an4286_device_clock(&device, 0x00),
                              SPI_BUSY);
    }
}

START_TEST(test_device)
{
    start();
    play(talks[_i].name, talks[_i].text);
    ck_assert_msg(sfi__an4286_device_quiet(&device), "%s", talks[_i].name);
}
END_TEST

/* Only the requested operation was done. */
START_TEST(test_device_did)
{
    start();
    memset(part.pages, 0, sizeof(part.pages));
    play("erase", SYNC "5a:a5 44:a5 bb:a5 00:a5 BUSY 00:79 79:a5 "
                       "00:a5 01:a5 01:a5 00:a5 BUSY 00:79 79:a5 "
                       "00:a5 03:a5 01:a5 02:a5 00:a5 00:a5 BUSY 00:79 79:a5");
    ck_assert_uint_eq(part.count, 2);
    ck_assert_uint_eq(part.code, 1);
    ck_assert_uint_eq(part.pages[0], 0x0003);
    ck_assert_uint_eq(part.pages[1], 0x0102);
    ck_assert_uint_eq(part.pages[2], 0);
}
END_TEST

/* ---- a part that says anything ---- */

enum manner {
    ALWAYS,   /* the same byte */
    ECHO,     /* MISO and MOSI touch */
    RANDOM,   /* any byte */
    LIKELY,   /* of those that mean something */
    RELUCTANT /* a good part whose every byte may be changed */
};

static struct {
    enum manner manner;
    uint8_t byte;
    uint32_t seed;
    uint64_t clocked;
} bus;

static uint32_t
next_random(void)
{
    bus.seed = bus.seed * 1664525u + 1013904223u;
    return bus.seed >> 8;
}

static uint8_t
says(uint8_t out)
{
    static const uint8_t likely[] = {0x79, 0x1f, 0xa5, 0x00, 0x01, 0x79};
    uint8_t in;

    switch (bus.manner) {
    case ALWAYS:
        return bus.byte;
    case ECHO:
        return out;
    case RANDOM:
        return (uint8_t)next_random();
    case LIKELY:
        return likely[next_random() % sizeof(likely)];
    case RELUCTANT:
        in = sfi__an4286_device_clock(&device, out);
        return next_random() % 64 == 0 ? (uint8_t)next_random() : in;
    }
    return 0;
}

static sfi_status
on_select(void *user, int asserted)
{
    (void)user;
    (void)asserted;
    return SFI_OK;
}

static sfi_status
on_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    (void)user;
    bus.clocked += len;
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = says(tx[i]);

        if (rx != NULL)
            rx[i] = byte;
    }
    return SFI_OK;
}

static const sfi_spi_ops ops = {
    .struct_size = sizeof(ops),
    .select = on_select,
    .transfer = on_transfer,
};

static const struct {
    const char *name;
    enum manner manner;
    uint8_t byte;
    unsigned runs;
} hostile[] = {
    {"nothing drives the line", ALWAYS, 0xff, 1},
    {"the line is low", ALWAYS, 0x00, 1},
    {"busy for ever", ALWAYS, 0xa5, 1},
    {"every byte is an ACK", ALWAYS, 0x79, 1},
    {"every byte is a NACK", ALWAYS, 0x1f, 1},
    {"an echo", ECHO, 0, 1},
    {"any byte", RANDOM, 0, 200},
    {"bytes that mean something", LIKELY, 0, 200},
    {"a good part on a bad line", RELUCTANT, 0, 200},
};

/* A session ends in bounded time and bytes, with success or with an error that
 * has a message. */
static void
session(const char *name)
{
    uint64_t began = script_now;
    uint8_t data[600];
    sfi_transport *tp;
    sfi_target *t;
    sfi_status st;

    bus.clocked = 0;
    ck_assert_ok(sfi_transport_open_spi(ctx, &ops, NULL, &tp));
    st = sfi_target_connect(ctx, NULL, tp, 1000, &t);
    if (st == SFI_OK && !t->secure)
        st = sfi_target_read(t, 0, data, 200);
    if (st != SFI_OK)
        ck_assert_msg(sfi_error_message(&ctx->error)[0] != '\0', "%s", name);
    ck_assert_msg(script_now - began < 30000, "%s: %u ms", name,
                  (unsigned)(script_now - began));
    ck_assert_msg(bus.clocked < 400000, "%s: %u bytes", name,
                  (unsigned)bus.clocked);
    sfi_target_free(t);
    sfi_transport_free(tp);
}

START_TEST(test_hostile)
{
    ctx->clock = &script_clock;
    bus.manner = hostile[_i].manner;
    bus.byte = hostile[_i].byte;
    for (unsigned i = 0; i < hostile[_i].runs; i++) {
        start();
        bus.seed = i;
        session(hostile[_i].name);
    }
}
END_TEST

START_TEST(test_hostile_is_named)
{
    static const char *const messages[] = {
        "no answer to 0x5a within 1000 ms, the last byte was 0xff; is the chip "
        "powered, wired to this SPI, and in its bootloader (BOOT0; with PB15 "
        "low an H7 answers on USB only)",
        ("the answer to Get is 123 bytes of 123, expected a version, commands "
         "and an ACK"),
        "the bootloader refused Get",
    };
    static const uint8_t bytes[] = {0xff, 0x79, 0x1f};
    static const sfi_status st[] = {SFI_ERR_TIMEOUT, SFI_ERR_PROTOCOL,
                                    SFI_ERR_NACK};
    sfi_transport *tp;
    sfi_target *t;

    ctx->clock = &script_clock;
    bus.manner = ALWAYS;
    bus.byte = bytes[_i];
    ck_assert_ok(sfi_transport_open_spi(ctx, &ops, NULL, &tp));
    ck_assert_fails(sfi_target_connect(ctx, NULL, tp, 1000, &t), st[_i], "SPI",
                    messages[_i]);
    sfi_transport_free(tp);
}
END_TEST

/* ---- parts that differ ---- */

/* Habits of some parts: a NACK in place of the dummy, a list shorter than
 * announced, a dummy in front of each packet of a reply. */
static const uint8_t *scripted;
static size_t scripted_left;

static sfi_status
on_play(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    (void)user;
    for (size_t i = 0; i < len; i++, scripted += 2, scripted_left -= 2) {
        ck_assert_msg(scripted_left >= 2, "clocked more than expected");
        ck_assert_uint_eq(tx[i], scripted[0]);
        if (rx != NULL)
            rx[i] = scripted[1];
    }
    return SFI_OK;
}

static void
play_boot(struct boot *b, sfi_transport **tp, const uint8_t *text, size_t len)
{
    static const sfi_spi_ops play = {
        .struct_size = sizeof(play),
        .select = on_select,
        .transfer = on_play,
    };

    ctx->clock = &script_clock;
    scripted = text;
    scripted_left = len;
    ck_assert_ok(sfi_transport_open_spi(ctx, &play, NULL, tp));
    ck_assert_ok(sfi__boot_init(b, *tp, NULL));
}

#define B_ACK 0x00, 0xa5, 0x00, 0x79, 0x79, 0xa5
#define B_GET_SHORT                                                          \
    0x5a, 0xa5, 0x00, 0xa5, 0xff, 0xa5, B_ACK, 0x00, 0xa5, 0x00, 0x04, 0x00, \
        0x11, 0x00, 0x00, 0x00, 0x50, 0x00, 0x51, 0x00, 0xa5, 0x00, 0x79,    \
        0x79, 0xa5
#define B_ID                                                                 \
    0x5a, 0xa5, 0x02, 0xa5, 0xfd, 0xa5, B_ACK, 0x00, 0xa5, 0x00, 0x01, 0x00, \
        0x04, 0x00, 0x50, B_ACK

START_TEST(test_odd_parts)
{
    static const uint8_t text[] = {
        0x5a, 0xa5, 0x00, 0x1f, 0x79, 0xa5, /* an early NACK: in step */
        B_GET_SHORT, B_ID, B_GET_SHORT, B_ID,
        /* Special 5302 without param, busy before it answers, 2 dummies */
        0x5a, 0xa5, 0x50, 0xa5, 0xaf, 0xa5, B_ACK, 0x53, 0xa5, 0x01, 0xa5, 0x52,
        0xa5, B_ACK, 0x00, 0xa5, 0x00, 0xa5, 0x00, 0xa5, B_ACK, 0x00, 0xa5,
        0x00, 0xa5, 0x00, 0xa5, 0x00, 0x00, 0x00, 0x01, 0x00, 0xa5, 0x00, 0xa5,
        0x00, 0x00, 0x00, 0x01, 0x00, 0x00, B_ACK};
    uint8_t reply[1];
    struct special s = {
        .what = "INFO",
        .opcode = 0x5301,
        .reply = reply,
        .reply_len = 1,
        .wait_ms = 10,
    };
    sfi_transport *tp;
    struct boot b;

    play_boot(&b, &tp, text, sizeof(text));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    ck_assert_uint_eq(b.version, 0x11);
    ck_assert_uint_eq(b.device_id, 0x450);
    ck_assert(b.has_special && !b.has_memory);
    ck_assert_uint_eq(b.get.count, 3);
    ck_assert_ok(sfi__boot_special(&b, &s));
    ck_assert_uint_eq(reply[0], 0xa5); /* data may look like a dummy */
    ck_assert_uint_eq(s.status, 0);
    ck_assert_uint_eq(scripted_left, 0);
    sfi_transport_free(tp);
}
END_TEST

/* AN2606: an L4 is left alone for 4 ms after a block, an H7 is not. */
START_TEST(test_pause_after_write)
{
    static const uint8_t text[] = {0x5a,        0xa5,  0x00,        0xa5, 0x00,
                                   0x79,        0x79,  0xa5, /* the first */
                                   B_GET_SHORT, B_ID,  B_GET_SHORT, B_ID, 0x5a,
                                   0xa5,        0x31,  0xa5,        0xce, 0xa5,
                                   B_ACK,       0x08,  0xa5,        0x00, 0xa5,
                                   0x10,        0xa5,  0x00,        0xa5, 0x18,
                                   0xa5,        B_ACK, 0x01,        0xa5, 0xaa,
                                   0xa5,        0xbb,  0xa5,        0x10, 0xa5,
                                   B_ACK};
    static const uint16_t ids[] = {0x450, 0x462};
    sfi_transport *tp;
    struct boot b;
    uint64_t began;

    play_boot(&b, &tp, text, sizeof(text));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    b.device_id = ids[_i];
    began = script_now;
    ck_assert_ok(
        sfi__boot_write(&b, 0x08001000, (const uint8_t *)"\xaa\xbb", 2));
    ck_assert_uint_eq(script_now - began, _i == 0 ? 0 : 4);
    ck_assert_uint_eq(scripted_left, 0);
    sfi_transport_free(tp);
}
END_TEST

#define B_FIRST 0x5a, 0xa5, 0x00, 0xa5, 0x00, 0x79, 0x79, 0xa5
#define B_CODE(code) 0x5a, 0xa5, (code), 0xa5, 0xff ^ (code), 0xa5

/* AN2606, V9.0: Go's command byte has no ACK, over SPI too: what follows it is
 * the address.  By a report some have it, and wait until it is taken. */
static const uint8_t quiet_go[] = {
    B_FIRST, B_GET_SHORT, B_ID, B_GET_SHORT, B_ID, B_CODE(0x21),
    0x08,    0xa5,        0x02, 0xa5,        0x00, 0xa5,
    0x00,    0xa5,        0x0a, 0xa5,        B_ACK};
static const uint8_t loud_go[] = {
    B_FIRST, B_GET_SHORT, B_ID, B_GET_SHORT, B_ID, B_CODE(0x21), 0x08, 0xa5,
    0x02,    0x79,        0x79, 0xa5,        0x08, 0xa5,         0x02, 0xa5,
    0x00,    0xa5,        0x00, 0xa5,        0x0a, 0xa5,         B_ACK};

/* As late as it can be told from the address's own. */
static const uint8_t late_go[] = {
    B_FIRST, B_GET_SHORT, B_ID, B_GET_SHORT, B_ID, B_CODE(0x21), 0x08, 0xa5,
    0x02,    0xa5,        0x00, 0xa5,        0x00, 0xa5,         0x0a, 0x79,
    0x79,    0xa5,        0x08, 0xa5,        0x02, 0xa5,         0x00, 0xa5,
    0x00,    0xa5,        0x0a, 0xa5,        B_ACK};

START_TEST(test_go_quiet)
{
    static const struct {
        const uint8_t *text;
        size_t len;
    } rows[] = {{quiet_go, sizeof(quiet_go)},
                {loud_go, sizeof(loud_go)},
                {late_go, sizeof(late_go)}};
    sfi_transport *tp;
    struct boot b;
    uint64_t began;

    play_boot(&b, &tp, rows[_i].text, rows[_i].len);
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    b.quirks = CHIP_QUIRK_GO_NO_ACK;
    began = script_now;
    ck_assert_ok(sfi__boot_go(&b, 0x08020000));
    ck_assert_uint_eq(scripted_left, 0);
    ck_assert_uint_lt(script_now - began, 10);
    sfi_transport_free(tp);
}
END_TEST

/* AN2606, V9.1: the ACK of an erase in bank 2 is early, over SPI too. */
START_TEST(test_early_ack)
{
    static const uint8_t text[] = {
        B_FIRST, B_GET_SHORT, B_ID, B_GET_SHORT, B_ID, B_CODE(0x44), B_ACK,
        0x00,    0xa5,        0x01, 0xa5,        0x01, 0xa5,         B_ACK,
        0x00,    0xa5,        0x07, 0xa5,        0x00, 0xa5,         0x08,
        0xa5,    0x0f,        0xa5, B_ACK};
    static const uint16_t sectors[] = {7, 8};
    sfi_transport *tp;
    struct boot b;
    uint64_t began;

    play_boot(&b, &tp, text, sizeof(text));
    ck_assert_ok(sfi__boot_connect(&b, 1000));
    b.quirks = _i == 1 ? CHIP_QUIRK_EARLY_ERASE_ACK : 0;
    began = script_now;
    ck_assert_ok(sfi__boot_erase_sectors(&b, sectors, 2));
    ck_assert_uint_eq(scripted_left, 0);
    ck_assert_uint_eq(script_now - began, _i == 1 ? 2200 : 0);
    sfi_transport_free(tp);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("an4286");
    TCase *tc = tcase_create("frames");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_frames);
    tcase_add_loop_test(tc, test_device, 0, ROWS(talks));
    tcase_add_test(tc, test_device_did);
    tcase_add_loop_test(tc, test_hostile, 0, ROWS(hostile));
    tcase_add_loop_test(tc, test_hostile_is_named, 0, 3);
    tcase_add_test(tc, test_odd_parts);
    tcase_add_loop_test(tc, test_pause_after_write, 0, 2);
    tcase_add_loop_test(tc, test_go_quiet, 0, 3);
    tcase_add_loop_test(tc, test_early_ack, 0, 2);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
