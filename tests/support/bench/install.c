/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* An install by hand: package, licence and requests without the host side of
 * libsfi; and what the chip holds afterwards. */
#include <bench/install.h>

#include <stdio.h>
#include <string.h>

#include <sfi/device.h>
#include <sfi/image.h>
#include <sfi/key.h>
#include <sfi/option_bytes.h>

#include "chip/chip.h"
#include "wire/image.h"
#include "license/certificate.h"
#include "license/license.h"
#include "wire/security.h"
#include "proto/an3155_device.h"

static sfi_status
package_append(void *user, const uint8_t *data, size_t len)
{
    return sfi__buf_append(user, data, len) ? SFI_OK : SFI_ERR_NOMEM;
}

static void
package_build_image(struct package *p, const sfi_option_bytes *ob)
{
    sfi_image_builder *b = NULL;
    sfi_key *key = NULL;

    ck_assert_ok(sfi_key_new(ctx, p->key, sizeof(p->key), &key));
    ck_assert_ok(sfi_image_builder_new(ctx, p->chip, &b));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    ck_assert_ok(sfi_image_builder_set_nonce(b, p->nonce, sizeof(p->nonce)));
    ck_assert_ok(sfi_image_builder_set_version(b, 7));
    ck_assert_ok(sfi_image_builder_add_firmware(b, p->firmware));
    ck_assert_ok(sfi_image_builder_set_option_bytes(b, ob));
    ck_assert_ok(sfi_image_builder_write(b, package_append, &p->image));
    sfi_image_builder_free(b);
    sfi_key_free(key);
}

static void
package_read_options(struct package *p, const sfi_option_bytes *ob)
{
    const char *name;
    uint32_t value;

    for (size_t i = 0; i < sfi_option_bytes_count(ob); i++) {
        ck_assert_ok(sfi_option_bytes_get(ob, i, &name, &value));
        for (unsigned k = 0; k < 4; k++)
            p->options[p->options_len++] = (uint8_t)(value >> 8 * k);
    }
}

/* As an HSM makes it for the certificate of the chip on the bench. */
static void
package_make_license(struct package *p)
{
    uint8_t cert[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(cert);

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, cert, &len));
    ck_assert_ok(sfi__license_make(ctx, cert + 8, LICENSE_STATIC, 0, p->key,
                                   p->nonce, p->license));
}

void
package_make(struct package *p)
{
    const sfi_chip *chip = sfi_sim_chip(board.sim);
    sfi_firmware *fw = NULL;
    char path[128];

    (void)snprintf(path, sizeof(path), "data/blink-%s.elf",
                   sfi_chip_name(chip));
    ck_assert_ok(sfi_firmware_load(ctx, test_path(path), &fw));
    package_make_of(p, fw);
}

void
package_make_of(struct package *p, sfi_firmware *firmware)
{
    sfi_option_bytes *ob = NULL;
    char path[128];

    memset(p, 0, sizeof(*p));
    p->firmware = firmware;
    sfi__buf_init(&p->image, &sfi__alloc_default, false);
    p->chip = sfi_sim_chip(board.sim);
    for (size_t i = 0; i < sizeof(p->key); i++)
        p->key[i] = (uint8_t)(0xc1 + i * 11);
    for (size_t i = 0; i < sizeof(p->nonce); i++)
        p->nonce[i] = (uint8_t)(0x31 + i * 17);
    (void)snprintf(path, sizeof(path), "data/ob-%s.csv",
                   sfi_chip_name(p->chip));
    ck_assert_ok(sfi_option_bytes_load(ctx, p->chip, test_path(path), &ob));
    package_read_options(p, ob);
    package_build_image(p, ob);
    package_make_license(p);
    sfi_option_bytes_free(ob);
}

void
package_free(struct package *p)
{
    sfi__buf_free(&p->image);
    sfi_firmware_free(p->firmware);
}

/* ---- requests ---- */

/* Send, and fetch the reply; its length. */
static size_t
request_exchange(const uint8_t *data, size_t len, uint8_t *answer, size_t cap)
{
    ck_assert_ok(sfi_sim_usart(board.sim, data, len, answer, &cap));
    return cap;
}

/* One packet that is acknowledged with one byte. */
static int
request_send_packet(const uint8_t *data, size_t len)
{
    uint8_t answer[16];
    size_t got = request_exchange(data, len, answer, sizeof(answer));

    if (got == 0)
        return INSTALL_SILENT;
    return got == 1 && answer[0] == USART_ACK ? 0 : INSTALL_NACK;
}

static size_t
request_make_packet(uint8_t *out, const uint8_t *data, size_t len)
{
    const uint8_t head[] = {(uint8_t)(len >> 8), (uint8_t)len};

    return board_packet(out, head, sizeof(head), data, len);
}

/* ACK, data for Special, status of one byte, ACK. */
static int
request_take_reply(bool extended, const uint8_t *data, size_t len,
                   uint8_t *reply, size_t *reply_len)
{
    uint8_t a[USART_ANSWER_MAX];
    size_t got = request_exchange(data, len, a, sizeof(a));
    size_t at = 1, n = 0;

    if (got == 0)
        return INSTALL_SILENT;
    if (a[0] != USART_ACK)
        return INSTALL_NACK;
    if (!extended) {
        n = (size_t)a[1] << 8 | a[2];
        at += 2 + n;
    }
    ck_assert_uint_eq(got, at + 4);
    ck_assert_uint_eq((unsigned)a[at] << 8 | a[at + 1], 1);
    ck_assert_uint_eq(a[at + 3], USART_ACK);
    if (reply != NULL) {
        ck_assert_uint_le(n, *reply_len);
        memcpy(reply, a + 3, n);
        *reply_len = n;
    }
    return a[at + 2];
}

int
install_request(uint16_t opcode, const uint8_t *param, size_t param_len,
                const uint8_t *data, size_t data_len, uint8_t *reply,
                size_t *reply_len)
{
    const uint8_t op[] = {(uint8_t)(opcode >> 8), (uint8_t)opcode};
    bool extended = sfi__security_is_extended(opcode);
    const uint8_t command[] = {
        extended ? USART_EXT_SPECIAL : USART_SPECIAL,
        (uint8_t) ~(extended ? USART_EXT_SPECIAL : USART_SPECIAL),
    };
    uint8_t out[2 + SFI_CMD_DATA_MAX + 1];
    int r = request_send_packet(command, sizeof(command));

    if (r == 0)
        r = request_send_packet(out,
                                board_packet(out, op, sizeof(op), NULL, 0));
    if (r != 0)
        return r;
    if (!extended)
        return request_take_reply(false, out,
                                  request_make_packet(out, param, param_len),
                                  reply, reply_len);
    r = request_send_packet(out, request_make_packet(out, param, param_len));
    if (r != 0)
        return r;
    return request_take_reply(
        true, out, request_make_packet(out, data, data_len), reply, reply_len);
}

bool
install_sync(void)
{
    const uint8_t sync = USART_SYNC;
    uint8_t answer[USART_ANSWER_MAX];

    for (int i = 0; i < 4; i++) {
        size_t got = request_exchange(&sync, 1, answer, sizeof(answer));

        if (got > 0)
            return answer[got - 1] == USART_ACK ||
                   answer[got - 1] == USART_NACK;
    }
    return false;
}

static int
install_send_data(const uint8_t *content, size_t size)
{
    int r = 0;

    for (size_t off = 0; r == 0 && off < size;) {
        size_t left = size - off;
        size_t len = left < SFI_CMD_DATA_MAX ? left : SFI_CMD_DATA_MAX;
        const uint8_t at[] = {
            (uint8_t)off,
            (uint8_t)(off >> 8),
            (uint8_t)(off >> 16),
            (uint8_t)(off >> 24),
        };

        r = install_request(SFI_CMD_DATA, at, sizeof(at), content + off, len,
                            NULL, NULL);
        off += len;
    }
    return r;
}

static int
install_send_areas(const struct package *p)
{
    const uint8_t *at = p->image.data + SFI_FORMAT_HEADER_LEN;
    const uint8_t *end = p->image.data + p->image.len;
    struct image_area area;
    int r = 0;

    while (r == 0 && at < end) {
        sfi__image_read_area(&area, at);
        r = install_request(SFI_CMD_AREA, at, SFI_FORMAT_AREA_LEN, NULL, 0,
                            NULL, NULL);
        at += SFI_FORMAT_AREA_LEN;
        if (r == 0)
            r = install_send_data(at, area.size);
        at += area.size;
    }
    return r;
}

int
install_run(const struct package *p)
{
    const uint8_t flags = SFI_CMD_SECURE_ERASE;
    int r = install_request(SFI_CMD_SECURE, &flags, 1, NULL, 0, NULL, NULL);

    if (r == 0)
        r = install_request(SFI_CMD_LICENSE, NULL, 0, p->license,
                            sizeof(p->license), NULL, NULL);
    if (r == 0)
        r = install_request(SFI_CMD_HEADER, p->image.data,
                            SFI_FORMAT_HEADER_LEN, NULL, 0, NULL, NULL);
    if (r == 0)
        r = install_send_areas(p);
    if (r == 0)
        r = install_request(SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL, NULL);
    return r;
}

void
install_leave(void)
{
    (void)install_request(SFI_CMD_ABORT, NULL, 0, NULL, 0, NULL, NULL);
}

void
install_activate(void)
{
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1be6aaf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
}

/* ---- what is in the chip ---- */

static uint8_t memory_area[3u << 20];

static size_t
chip_dump(uint32_t area)
{
    size_t len = sizeof(memory_area);

    ck_assert_ok(sfi_sim_dump(board.sim, area, memory_area, &len));
    return len;
}

static uint64_t
load_eight(const uint8_t *p)
{
    uint64_t x;

    memcpy(&x, p, sizeof(x));
    return x;
}

/* A memory is large, and mostly blank. */
#define RUN_BLOCK 4096u

/* Bytes from here on that all equal the first: at least one, and as many as
 * whole blocks tell. */
static size_t
same_run(const uint8_t *p, size_t len)
{
    size_t n = 1;

    while (len - n >= RUN_BLOCK && memcmp(p + n - 1, p + n, RUN_BLOCK) == 0)
        n += RUN_BLOCK;
    while (n < len && p[n] == p[0])
        n++;
    return n;
}

/* [at, stop) of the flash in memory_area. */
static void
flash_assert_erased(const struct sfi_chip *chip, uint32_t at, uint32_t stop)
{
    while (at < stop) {
        const uint8_t *p = memory_area + (at - chip->flash.base);

        ck_assert_msg(*p == 0xff, "0x%08x is not erased", at);
        at += (uint32_t)same_run(p, stop - at);
    }
}

/* All of [base, base + size) is erased but what the firmware covers, in whole
 * program units. */
static void
flash_assert_rest_erased(const struct package *p,
                         const struct chip_range *range)
{
    uint32_t unit = p->chip->program_unit;
    uint32_t at = range->base;
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i <= sfi_firmware_segment_count(p->firmware); i++) {
        uint32_t stop = sfi__chip_range_end(range), next = stop;

        if (i < sfi_firmware_segment_count(p->firmware)) {
            ck_assert_ok(
                sfi_firmware_segment(p->firmware, i, &address, &data, &len));
            stop = (uint32_t)address;
            next = (stop + (uint32_t)len + unit - 1) / unit * unit;
        }
        flash_assert_erased(p->chip, at, stop);
        at = next;
    }
}

/* A board's registers have no reserved bits of the words in a CSV (RM0394,
 * 3.7.9 to 3.7.12). */
static uint8_t
option_mask(size_t i)
{
    static const uint8_t l462[] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0,    0, 0xff, 0xff,
        0,    0x80, 0xff, 0,    0xff, 0,    0xff, 0, 0xff, 0,
    };

    return board_is_emulated(sfi_chip_name(sfi_sim_chip(board.sim))) ? l462[i]
                                                                     : 0xff;
}

void
install_assert_complete(const struct package *p)
{
    const struct sfi_chip *chip = p->chip;
    const uint8_t *data;
    uint64_t address;
    size_t len;

    ck_assert_uint_eq(chip_dump(SFI_SIM_FLASH), chip->flash.size);
    for (size_t i = 0; i < sfi_firmware_segment_count(p->firmware); i++) {
        ck_assert_ok(
            sfi_firmware_segment(p->firmware, i, &address, &data, &len));
        ck_assert_msg(
            memcmp(memory_area + (address - chip->flash.base), data, len) == 0,
            "segment %zu is not in the flash", i);
    }
    flash_assert_rest_erased(p, &chip->user);
    ck_assert_uint_eq(chip_dump(SFI_SIM_OPTION_BYTES), p->options_len);
    for (size_t i = 0; i < p->options_len; i++)
        ck_assert_msg(((memory_area[i] ^ p->options[i]) & option_mask(i)) == 0,
                      "byte %zu of the option bytes is 0x%02x, expected 0x%02x",
                      i, memory_area[i], p->options[i]);
    install_assert_ram_clean(p);
}

/* Short enough to find a fragment, too long to match by chance. */
#define WINDOW 8u

static size_t
window_slot(const uint8_t *p)
{
    uint64_t x = 0;

    for (size_t i = 0; i < WINDOW; i++)
        x = x << 8 | p[i];
    return (size_t)(x * 0x9e3779b97f4a7c15u >> 48);
}

/* Few distinct values, as in a small number among zeros, prove nothing. */
static bool
window_is_trivial(const uint8_t *p)
{
    size_t distinct = 0;

    for (size_t i = 0; i < WINDOW; i++) {
        size_t k = 0;

        while (k < i && p[k] != p[i])
            k++;
        distinct += k == i;
    }
    return distinct < WINDOW / 2 + 1;
}

/* Erased, or zero: most of a memory. */
static bool
window_is_blank(const uint8_t *p)
{
    uint64_t x = load_eight(p);

    return x == 0 || x == UINT64_MAX;
}

/* What must not be found, in windows of each `step` bytes. */
struct needle {
    const char *name;
    const uint8_t *data;
    size_t len, step;
};

#define NEEDLES_MAX 18u

static bool
needle_has(const struct needle *n, const uint8_t *window)
{
    for (size_t i = 0; i + WINDOW <= n->len; i += n->step) {
        if (!window_is_trivial(n->data + i) &&
            memcmp(window, n->data + i, WINDOW) == 0)
            return true;
    }
    return false;
}

/* The first needle of which a window is in the first bytes of memory_area;
 * NULL: none.  All in one pass, since the memories are large. */
static const char *
memory_find_needle(size_t len, const struct needle *needles, size_t count)
{
    static uint8_t seen[1u << 16];

    memset(seen, 0, sizeof(seen));
    for (size_t k = 0; k < count; k++) {
        const struct needle *n = &needles[k];

        for (size_t i = 0; i + WINDOW <= n->len; i += n->step) {
            if (!window_is_trivial(n->data + i))
                seen[window_slot(n->data + i)] = 1;
        }
    }
    for (size_t at = 0; at + WINDOW <= len; at++) {
        /* all windows in a run of one byte are the same */
        if (window_is_blank(memory_area + at)) {
            size_t run = same_run(memory_area + at, len - at);

            at += run > WINDOW ? run - WINDOW : 0;
        }
        if (window_is_blank(memory_area + at) ||
            !seen[window_slot(memory_area + at)])
            continue;
        for (size_t k = 0; k < count; k++) {
            if (needle_has(&needles[k], memory_area + at))
                return needles[k].name;
        }
    }
    return NULL;
}

/* On a board the firmware runs, and has of itself in RAM what it wants. */
static bool
firmware_runs(void)
{
    return board_is_emulated(sfi_chip_name(sfi_sim_chip(board.sim))) &&
           board_runs("application");
}

/* The secret of the package that is there; NULL: none. */
static const char *
memory_find_secret(const struct package *p, size_t len)
{
    struct needle needles[NEEDLES_MAX] = {
        {"the key", p->key, sizeof(p->key), 1},
        {"the nonce", p->nonce, sizeof(p->nonce), 1},
    };
    size_t segments =
        firmware_runs() ? 0 : sfi_firmware_segment_count(p->firmware);
    uint64_t address;

    ck_assert_uint_le(2 + segments, NEEDLES_MAX);
    for (size_t i = 0; i < segments; i++) {
        struct needle *n = &needles[2 + i];

        n->name = "the firmware";
        n->step = WINDOW;
        ck_assert_ok(
            sfi_firmware_segment(p->firmware, i, &address, &n->data, &n->len));
    }
    return memory_find_needle(len, needles, 2 + segments);
}

const char *
install_ram_holds(const struct package *p)
{
    return memory_find_secret(p, chip_dump(SFI_SIM_RAM));
}

void
install_assert_ram_clean(const struct package *p)
{
    const char *found = install_ram_holds(p);

    ck_assert_msg(found == NULL, "%s is in RAM", found);
}

void
install_assert_clean(const struct package *p)
{
    const struct sfi_chip *chip = p->chip;
    size_t len = chip_dump(SFI_SIM_FLASH);
    const char *found;

    board_hide_programs(memory_area);
    found = memory_find_secret(p, len);
    ck_assert_msg(found == NULL, "%s is in the flash", found);
    flash_assert_erased(chip, chip->user.base,
                        sfi__chip_range_end(&chip->user));
    install_assert_ram_clean(p);
}
