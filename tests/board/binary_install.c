/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The packets of an install, and what the binary holds behind it. */
#define _GNU_SOURCE
#include "binary_install.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fixture.h>

#include "license/license.h"
#include "proto/an3155_device.h"
#include "wire/data_page.h"

#define LOADER 0x08075800u
/* Pieces of plaintext that are looked for. */
#define PIECE 16u

/* Option bytes of the image: level 1, as tests/data has them. */
static const uint32_t option_words[] = {0xfbeff8bb, 0xffffffff, 0x00000000,
                                        0xff00ffff, 0xff00ffff};

/* RM0394, 3.7.8 to 3.7.12: the bits that exist. */
static const uint32_t option_masks[] = {0x0f8f77ff, 0x0000ffff, 0x8000ffff,
                                        0x00ff00ff, 0x00ff00ff};

/* SRAM1, SRAM2. */
static const struct chip_range rams[] = {{0x20000000, 128u << 10},
                                         {0x10000000, 32u << 10}};

/* ---- the packets ---- */

static void
install_add(struct install *in, uint16_t opcode, const uint8_t *param,
            size_t param_len, const uint8_t *data, size_t data_len)
{
    static struct message m;
    static struct script s;

    memset(&m, 0, sizeof(m));
    m.opcode = opcode;
    m.carrier =
        sfi__security_is_extended(opcode) ? USART_EXT_SPECIAL : USART_SPECIAL;
    if (param_len > 0)
        memcpy(m.param, param, param_len);
    m.param_len = param_len;
    if (data_len > 0)
        memcpy(m.data, data, data_len);
    m.data_len = data_len;
    s.count = 0;
    message_frame(&m, &s);
    HOLDS(in->count + s.count <= INSTALL_PACKETS_MAX);
    memcpy(in->packet + in->count, s.packet, s.count * sizeof(*s.packet));
    in->count += s.count;
}

static void
install_add_area(struct install *in, const struct test_area *a)
{
    install_add(in, SFI_CMD_AREA, a->raw, SFI_FORMAT_AREA_LEN, NULL, 0);
    for (uint32_t off = 0; off < a->d.size;) {
        uint32_t left = a->d.size - off;
        uint32_t n = left < SFI_CMD_DATA_MAX ? left : SFI_CMD_DATA_MAX;
        const uint8_t le[4] = {(uint8_t)off, (uint8_t)(off >> 8)};

        install_add(in, SFI_CMD_DATA, le, sizeof(le), a->cipher + off, n);
        off += n;
    }
}

static void
install_add_packets(struct install *in)
{
    static const uint8_t none[1] = {0};

    in->count = 0;
    install_add(in, SFI_CMD_SECURE, none, 1, NULL, 0);
    install_add(in, SFI_CMD_LICENSE, NULL, 0, in->image.license, LICENSE_LEN);
    install_add(in, SFI_CMD_HEADER, in->image.header, SFI_FORMAT_HEADER_LEN,
                NULL, 0);
    for (uint16_t i = 0; i < in->image.areas; i++) {
        if (i == 2)
            in->half = in->count - 1;
        install_add_area(in, &in->image.area[i]);
    }
    in->finish = in->count;
    install_add(in, SFI_CMD_FINISH, NULL, 0, NULL, 0);
    in->leave = in->count;
    install_add(in, SFI_CMD_ABORT, NULL, 0, NULL, 0);
}

/* A vector table, and code that sleeps for ever. */
static void
install_make_code(uint8_t *code, uint32_t base)
{
    const uint32_t words[] = {0x20018000, base + 9, 0xe7fdbf30};

    for (size_t i = 0; i < sizeof(words); i++)
        code[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}

void
install_seal_all(struct install *in, const struct binary *b)
{
    image_seal(&in->image);
    ck_assert_ok(sfi__license_make(ctx, b->kit.public_key, LICENSE_STATIC, 0,
                                   test_key, test_nonce, in->image.license));
}

void
install_make(struct install *in, const struct binary *b)
{
    uint32_t base = b->kit.chip.user.base;

    memset(in, 0, sizeof(*in));
    for (uint32_t i = 0; i < 2; i++)
        test_plain(in->content[i], sizeof(in->content[i]), i + 1);
    install_make_code(in->content[0], base);
    for (size_t i = 0; i < sizeof(option_words); i++)
        in->options[i] = (uint8_t)(option_words[i / 4] >> 8 * (i % 4));
    image_add(&in->image, 'F', base, in->content[0], 300);
    image_add(&in->image, 'F', base + 2053, in->content[1], 1417);
    image_add(&in->image, 'C', 0, in->options, sizeof(option_words));
    install_seal_all(in, b);
    install_add_packets(in);
}

/* The licence is for the part, and stays. */
void
install_seal(struct install *in)
{
    uint8_t license[LICENSE_LEN];

    memcpy(license, in->image.license, sizeof(license));
    image_seal(&in->image);
    memcpy(in->image.license, license, sizeof(license));
    install_add_packets(in);
}

void
install_free(struct install *in)
{
    image_free(&in->image);
}

/* ---- the conversation ---- */

bool
install_sync(struct binary *b)
{
    const uint8_t sync = USART_SYNC;
    uint8_t said[END_ANSWER_MAX];

    for (int i = 0; i < 4; i++) {
        size_t n = binary_usart(b, &sync, 1, said, sizeof(said));

        if (n > 0)
            return said[n - 1] == USART_ACK || said[n - 1] == USART_NACK;
    }
    return false;
}

void
install_send(struct install *in, struct binary *b, size_t i)
{
    uint8_t said[END_ANSWER_MAX];

    (void)binary_usart(b, in->packet[i].bytes, in->packet[i].len, said,
                       sizeof(said));
}

void
install_run(struct install *in, struct binary *b)
{
    uint8_t said[END_ANSWER_MAX];

    for (size_t i = 0; i < in->count; i++) {
        size_t n = binary_usart(b, in->packet[i].bytes, in->packet[i].len, said,
                                sizeof(said));

        /* ACK, or ACK 00 01 00 ACK, for Special with an empty reply before */
        ck_assert_msg(n > 0 && said[0] == USART_ACK, "packet %zu: %s", i,
                      n == 0 ? install_where(b) : "NACK");
        ck_assert_msg(n == 1 || said[n - 2] == SFI_CAUSE_NONE,
                      "packet %zu: cause 0x%02x", i, said[n - 2]);
    }
}

int
install_request(struct binary *b, uint16_t opcode, const uint8_t *param,
                size_t param_len, const uint8_t *data, size_t data_len,
                uint8_t *reply)
{
    static struct install one;
    uint8_t said[END_ANSWER_MAX];
    size_t n = 0;

    one.count = 0;
    install_add(&one, opcode, param, param_len, data, data_len);
    for (size_t i = 0; i < one.count; i++) {
        n = binary_usart(b, one.packet[i].bytes, one.packet[i].len, said,
                         sizeof(said));
        if (n == 0)
            return -1;
        if (said[0] != USART_ACK)
            return -2;
    }
    HOLDS(n >= 5);
    if (reply != NULL && n > 7)
        memcpy(reply, said + 3, n - 7);
    return said[n - 2];
}

int
install_begin(const struct install *in, struct binary *b)
{
    const uint8_t none = 0;
    int cause = install_request(b, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL);

    if (cause == SFI_CAUSE_NONE)
        cause = install_request(b, SFI_CMD_LICENSE, NULL, 0, in->image.license,
                                LICENSE_LEN, NULL);
    if (cause == SFI_CAUSE_NONE)
        cause = install_request(b, SFI_CMD_HEADER, in->image.header,
                                SFI_FORMAT_HEADER_LEN, NULL, 0, NULL);
    return cause;
}

int
install_area(struct binary *b, const struct test_area *a)
{
    int cause = install_request(b, SFI_CMD_AREA, a->raw, SFI_FORMAT_AREA_LEN,
                                NULL, 0, NULL);

    for (uint32_t off = 0; cause == SFI_CAUSE_NONE && off < a->d.size;) {
        uint32_t left = a->d.size - off;
        uint32_t n = left < SFI_CMD_DATA_MAX ? left : SFI_CMD_DATA_MAX;
        const uint8_t le[4] = {(uint8_t)off, (uint8_t)(off >> 8),
                               (uint8_t)(off >> 16), 0};

        cause = install_request(b, SFI_CMD_DATA, le, sizeof(le),
                                a->cipher + off, n, NULL);
        off += n;
    }
    return cause;
}

void
install_info(struct binary *b, struct security_info *info)
{
    uint8_t reply[SFI_CMD_REPLY_MAX];

    ck_assert_int_eq(install_request(b, SFI_CMD_INFO, NULL, 0, NULL, 0, reply),
                     SFI_CAUSE_NONE);
    sfi__security_read_info(info, reply);
}

void
install_leave(struct binary *b)
{
    ck_assert_int_eq(install_request(b, SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL),
                     SFI_CAUSE_NONE);
}

/* ---- what is left ---- */

void
install_assert_erased(const struct install *in, struct binary *b,
                      const char *where)
{
    (void)in;
    ck_assert_msg(
        binary_is_blank(b, b->kit.chip.user.base, b->kit.chip.user.size),
        "%s: the user flash is not erased", where);
}

static bool
install_finds(const uint8_t *hay, size_t len, const uint8_t *bytes,
              size_t bytes_len)
{
    for (size_t i = 0; i + PIECE <= bytes_len; i += 4 * PIECE) {
        if (memmem(hay, len, bytes + i, PIECE) != NULL)
            return true;
    }
    return false;
}

void
install_assert_forgotten(const struct install *in, struct binary *b,
                         const char *where)
{
    static uint8_t ram[128u << 10];

    for (size_t k = 0; k < ROWS(rams); k++) {
        binary_peek(b, rams[k].base, ram, rams[k].size);
        ck_assert_msg(!install_finds(ram, rams[k].size, test_key, 16),
                      "%s: RAM has the key", where);
        for (int i = 0; i < 2; i++)
            ck_assert_msg(
                !install_finds(ram, rams[k].size, in->content[i] + 16, 284),
                "%s: RAM has area %d", where, i + 1);
    }
}

void
install_assert_refused(const struct install *in, struct binary *b,
                       const char *where, int got, int cause)
{
    struct security_info info;

    ck_assert_msg(got == cause, "%s: 0x%02x, expected 0x%02x", where,
                  (unsigned)got, (unsigned)cause);
    install_info(b, &info);
    ck_assert_msg(info.state == SFI_DEVICE_EMPTY && info.cause == cause,
                  "%s: INFO says state %u, cause 0x%02x", where, info.state,
                  info.cause);
    ck_assert_msg((info.flags & SFI_CMD_INFO_UNCLEAN) == 0, "%s: unclean",
                  where);
    install_assert_erased(in, b, where);
    install_assert_forgotten(in, b, where);
}

void
install_assert_complete(const struct install *in, struct binary *b,
                        const char *where)
{
    uint32_t programmed[CHIP_OB_ROWS_MAX], in_force[CHIP_OB_ROWS_MAX];
    const struct chip_range *user = &b->kit.chip.user;
    uint8_t *want = malloc(user->size);

    HOLDS(want != NULL);
    memset(want, 0xff, user->size);
    for (int i = 0; i < 2; i++)
        memcpy(want + (in->image.area[i].d.address - user->base),
               in->content[i], in->image.area[i].d.size);
    binary_peek(b, user->base, b->user, user->size);
    ck_assert_msg(memcmp(want, b->user, user->size) == 0,
                  "%s: the firmware is not whole", where);
    free(want);
    binary_options(b, programmed, in_force);
    for (uint32_t i = 0; i < ROWS(option_words); i++)
        ck_assert_msg(
            ((programmed[i] ^ option_words[i]) & option_masks[i]) == 0,
            "%s: %s is 0x%08x, expected 0x%08x", where, b->kit.chip.ob[i].name,
            (unsigned)programmed[i], (unsigned)option_words[i]);
}

void
install_assert_gone(const struct install *in, struct binary *b,
                    const char *where)
{
    static const uint32_t pages[] = {DATA_PAGE_L462_0, DATA_PAGE_L462_1};
    uint8_t page[DATA_PAGE_L462_LEN];
    struct binary_state state;

    install_assert_complete(in, b, where);
    install_assert_forgotten(in, b, where);
    binary_state(b, &state);
    ck_assert_msg(state.at == WIRE_AT_FIRMWARE,
                  "%s: the firmware does not run: %s", where, install_where(b));
    ck_assert_msg(binary_is_blank(b, LOADER, 40u << 10),
                  "%s: the bootloader is not erased", where);
    for (size_t i = 0; i < ROWS(pages); i++) {
        binary_peek(b, pages[i], page, sizeof(page));
        ck_assert_msg(!install_finds(page, sizeof(page), b->kit.secret, 32),
                      "%s: the device's key is in flash", where);
    }
}

const char *
install_where(struct binary *b)
{
    static const char *const at[] = {"secure boot", "bootloader", "firmware",
                                     "system memory"};
    static char text[120];
    struct binary_state s;

    binary_state(b, &s);
    (void)snprintf(text, sizeof(text),
                   "power %u, in %s, PC 0x%08x, RDP %u, %u resets", s.power,
                   at[s.at % ROWS(at)], (unsigned)s.pc, s.rdp,
                   (unsigned)s.resets);
    return text;
}
