/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The library's host on a link of the model in rom/: each call of the link's
 * functions goes through a socket, and the time is the model's, so that nothing
 * waits.
 *
 *     rom_host SOCKET usart|spi|dfu [reset] [speeds] [far] WORDS...
 *
 * The words are those of `deeds`.  Each prints a line: what was done, its
 * status, where, and the message, between tabs. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/sfi.h>

#include "core/ctx.h"
#include "rom_socket.h"

/* What a bench has: `flags` of open_link(). */
enum { WITH_RESET = 1, WITH_SPEEDS = 2, FAR_AWAY = 4 };
/* Of a link that is far away: a second each way. */
#define FAR_MS 2000u

/* ---- the links ---- */

static sfi_status
link_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    uint8_t want[8];

    (void)user;
    rom_put_le(want, len, 4);
    rom_put_le(want + 4, timeout_ms, 4);
    *got = len;
    return rom_status_of(rom_ask('R', want, sizeof(want), buf, got));
}

static sfi_status
link_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    (void)timeout_ms;
    return rom_ask_plainly('W', buf, len);
}

static sfi_status
link_flush(void *user)
{
    (void)user;
    return rom_ask_plainly('F', NULL, 0);
}

static sfi_status
link_reset(void *user, int into_boot)
{
    uint8_t boot0 = into_boot != 0;

    (void)user;
    return rom_ask_plainly('X', &boot0, 1);
}

static sfi_status
link_set_speed(void *user, uint32_t choice, uint32_t *baud, uint32_t *slower)
{
    uint8_t want[4], told[8];
    size_t got = sizeof(told);
    sfi_status st;

    (void)user;
    rom_put_le(want, choice, 4);
    st = rom_status_of(rom_ask('B', want, sizeof(want), told, &got));
    *baud = (uint32_t)rom_get_le(told, 4);
    *slower = (uint32_t)rom_get_le(told + 4, 4);
    return st;
}

static sfi_status
link_select(void *user, int asserted)
{
    uint8_t level = asserted != 0;

    (void)user;
    return rom_ask_plainly('L', &level, 1);
}

static sfi_status
link_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    static uint8_t dropped[ROM_DATA_MAX];
    size_t got = len;

    (void)user;
    if (len > sizeof(dropped))
        return SFI_ERR_RANGE;
    return rom_status_of(
        rom_ask('T', tx, len, rx != NULL ? rx : dropped, &got));
}

static sfi_status
link_control(void *user, uint8_t request_type, uint8_t request, uint16_t value,
             uint16_t index, uint8_t *data, size_t len, size_t *got,
             uint32_t timeout_ms)
{
    uint8_t setup[8] = {request_type, request};

    (void)user;
    rom_put_le(setup + 2, value, 2);
    rom_put_le(setup + 4, index, 2);
    rom_put_le(setup + 6, len, 2);
    return rom_ask_control(setup, timeout_ms, data, len, got);
}

static sfi_status
link_reopen(void *user, uint32_t timeout_ms)
{
    uint8_t wait[4];

    (void)user;
    rom_put_le(wait, timeout_ms, 4);
    return rom_ask_plainly('O', wait, sizeof(wait));
}

static sfi_status
open_link(sfi_ctx *ctx, const char *kind, unsigned flags, sfi_transport **out)
{
    sfi_status (*reset)(void *user, int into_boot) =
        (flags & WITH_RESET) != 0 ? link_reset : NULL;
    const sfi_stream_ops stream = {
        .struct_size = sizeof(stream),
        .read = link_read,
        .write = link_write,
        .flush = link_flush,
        .reset = reset,
        .set_speed = (flags & WITH_SPEEDS) != 0 ? link_set_speed : NULL,
        .rtt_ms = (flags & FAR_AWAY) != 0 ? FAR_MS : 0,
    };
    const sfi_spi_ops spi = {
        .struct_size = sizeof(spi),
        .select = link_select,
        .transfer = link_transfer,
        .reset = reset,
    };
    const sfi_usb_ops usb = {
        .struct_size = sizeof(usb),
        .control = link_control,
        .reopen = link_reopen,
        .reset = reset,
    };

    if (strcmp(kind, "usart") == 0)
        return sfi_transport_open_stream(ctx, &stream, NULL, out);
    if (strcmp(kind, "spi") == 0)
        return sfi_transport_open_spi(ctx, &spi, NULL, out);
    return sfi_transport_open_usb(ctx, &usb, NULL, out);
}

static uint64_t
clock_now(void *user)
{
    (void)user;
    return rom_now_us / 1000;
}

static void
clock_sleep(void *user, uint32_t ms)
{
    (void)user;
    rom_now_us += (uint64_t)ms * 1000;
}

static const struct clock model_clock = {
    .now_ms = clock_now,
    .sleep_ms = clock_sleep,
};

/* ---- the deeds ---- */

static uint32_t
number(const char *word)
{
    return (uint32_t)strtoul(word, NULL, 0);
}

static sfi_status
do_info(sfi_target *t, char **words)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_status st = sfi_target_get_info(t, &info);

    (void)words;
    if (st == SFI_OK)
        (void)printf("= 0x%03x V%x.%x loader %02x %s\n", info.device_id,
                     info.bootloader_version >> 4, info.bootloader_version & 15,
                     info.bootloader_id,
                     info.bootloader_name != NULL ? info.bootloader_name : "-");
    return st;
}

/* ADDRESS LEN: the bytes, in hexadecimal. */
static sfi_status
do_read(sfi_target *t, char **words)
{
    size_t len = number(words[1]);
    uint8_t *data = malloc(len + 1);
    sfi_status st = sfi_target_read(t, number(words[0]), data, len);

    if (st == SFI_OK) {
        (void)printf("= ");
        for (size_t i = 0; i < len; i++)
            (void)printf("%02x", data[i]);
        (void)printf("\n");
    }
    free(data);
    return st;
}

/* ADDRESS FILE */
static sfi_status
do_write(sfi_target *t, char **words)
{
    static uint8_t data[4u << 20];
    FILE *f = fopen(words[1], "rb");
    size_t len;

    if (f == NULL)
        rom_give_up(words[1]);
    len = fread(data, 1, sizeof(data), f);
    (void)fclose(f);
    return sfi_target_write(t, number(words[0]), data, len);
}

/* SECTOR,SECTOR... or "all" */
static sfi_status
do_erase(sfi_target *t, char **words)
{
    uint32_t sectors[256];
    size_t count = 0;

    if (strcmp(words[0], "all") == 0)
        return sfi_target_erase_all(t);
    for (char *at = words[0]; at != NULL && count < 256; count++) {
        sectors[count] = number(at);
        at = strchr(at, ',');
        if (at != NULL)
            at++;
    }
    return sfi_target_erase(t, sectors, count);
}

static sfi_status
do_options(sfi_target *t, char **words)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    (void)words;
    if (st != SFI_OK)
        return st;
    (void)printf("=");
    for (size_t i = 0; i < sfi_option_bytes_count(ob); i++) {
        const char *name;
        uint32_t value = 0;

        (void)!sfi_option_bytes_get(ob, i, &name, &value);
        (void)printf(" %s=0x%08x", name, value);
    }
    (void)printf("\n");
    sfi_option_bytes_free(ob);
    return st;
}

/* NAME=VALUE,NAME=VALUE... */
static sfi_status
set_fields(sfi_option_bytes *ob, char *word)
{
    sfi_status st = SFI_OK;

    while (st == SFI_OK && word != NULL) {
        char *value = strchr(word, '=');
        char *next = strchr(word, ',');

        if (value == NULL)
            rom_give_up(word);
        *value++ = '\0';
        st = sfi_option_bytes_set(ob, word, number(value));
        word = next != NULL ? next + 1 : NULL;
    }
    return st;
}

static sfi_status
do_set(sfi_target *t, char **words)
{
    sfi_option_bytes *ob;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    if (st != SFI_OK)
        return st;
    st = set_fields(ob, words[0]);
    if (st == SFI_OK)
        st = sfi_target_write_option_bytes(t, ob);
    sfi_option_bytes_free(ob);
    return st;
}

static sfi_status
do_unprotect(sfi_target *t, char **words)
{
    (void)words;
    return sfi_target_readout_unprotect(t);
}

static sfi_status
do_go(sfi_target *t, char **words)
{
    return sfi_target_go(t, number(words[0]));
}

static sfi_status
do_security(sfi_target *t, char **words)
{
    (void)words;
    return sfi_target_activate_security(t);
}

static const struct {
    const char *word;
    int count; /* of words behind it */
    sfi_status (*run)(sfi_target *t, char **words);
} deeds[] = {
    {"info", 0, do_info},           {"read", 2, do_read},
    {"write", 2, do_write},         {"erase", 1, do_erase},
    {"options", 0, do_options},     {"set", 1, do_set},
    {"unprotect", 0, do_unprotect}, {"go", 1, do_go},
    {"security", 0, do_security},
};

static sfi_status
tell(sfi_ctx *ctx, const char *what, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *where = sfi_error_where(err);

    (void)printf("%s\t%s\t%s\t%s\n", what, sfi_status_name(st),
                 st != SFI_OK && where != NULL ? where : "",
                 st != SFI_OK ? sfi_error_message(err) : "");
    return st;
}

static sfi_status
run_words(sfi_ctx *ctx, sfi_target *t, char **words)
{
    sfi_status st = SFI_OK;

    while (*words != NULL && st == SFI_OK) {
        size_t i = 0;

        while (i < sizeof(deeds) / sizeof(*deeds) &&
               strcmp(deeds[i].word, *words) != 0)
            i++;
        if (i == sizeof(deeds) / sizeof(*deeds))
            rom_give_up(*words);
        st = tell(ctx, *words, deeds[i].run(t, words + 1));
        words += 1 + deeds[i].count;
    }
    return st;
}

static void
log_line(void *user, int level, const char *line)
{
    (void)user;
    (void)printf("log %d\t%s\n", level, line);
}

int
main(int argc, char **argv)
{
    const sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = SFI_LOG_INFO,
        .log = log_line,
    };
    unsigned flags = 0;
    char **words = argv + 3;
    sfi_transport *tp;
    sfi_target *t;
    sfi_ctx *ctx;
    sfi_status st;

    if (argc < 4 || sfi_ctx_new(&options, &ctx) != SFI_OK)
        return 64;
    rom_socket = (int)number(argv[1]);
    ctx->clock = &model_clock;
    for (; *words != NULL; words++) {
        if (strcmp(*words, "reset") == 0)
            flags |= WITH_RESET;
        else if (strcmp(*words, "speeds") == 0)
            flags |= WITH_SPEEDS;
        else if (strcmp(*words, "far") == 0)
            flags |= FAR_AWAY;
        else
            break;
    }
    st = open_link(ctx, argv[2], flags, &tp);
    if (st == SFI_OK) {
        st = tell(ctx, "connect", sfi_target_connect(ctx, NULL, tp, 0, &t));
        if (st == SFI_OK) {
            st = run_words(ctx, t, words);
            sfi_target_free(t);
        }
        sfi_transport_free(tp);
    }
    sfi_ctx_free(ctx);
    return st == SFI_OK ? 0 : 1;
}
