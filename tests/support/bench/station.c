/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The station: its chip, vault and package, and the wire in between. */
#include <bench/station.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ctx.h"
#include "hsm/base/hsm.h"
#include "hsm/open.h"
#include "target/target.h"

#include <bench/image_kit.h>
#include <bench/maker.h>

struct station station;

/* ---- the wire ---- */

static bool
wire_is_struck(bool from_chip, uint64_t index)
{
    const struct wire *w = &station.wire;

    return w->strike != STRIKE_NONE && w->strike != STRIKE_GONE &&
           w->from_chip == from_chip &&
           (w->strike == STRIKE_SILENCE ? index >= w->at : index == w->at);
}

/* How many of `len` bytes from this index on pass untouched. */
static size_t
wire_passes(bool from_chip, uint64_t index, size_t len)
{
    const struct wire *w = &station.wire;

    if (w->strike == STRIKE_NONE || w->from_chip != from_chip)
        return len;
    if (index > w->at)
        return w->strike == STRIKE_SILENCE || w->strike == STRIKE_GONE ? 0
                                                                       : len;
    return w->at - index < len ? (size_t)(w->at - index) : len;
}

/* One byte through the wire; the result is the number of bytes in `out`. */
static size_t
wire_pass_byte(bool from_chip, uint64_t index, uint8_t byte, uint8_t out[2])
{
    struct wire *w = &station.wire;

    out[0] = byte;
    if (!wire_is_struck(from_chip, index))
        return 1;
    w->struck = true;
    switch (w->strike) {
    case STRIKE_NONE:
    case STRIKE_GONE:
        break;
    case STRIKE_DROP:
    case STRIKE_SILENCE:
        return 0;
    case STRIKE_FLIP:
        out[0] = (uint8_t)(byte ^ 1u << index % 8);
        break;
    case STRIKE_DOUBLE:
        out[1] = byte;
        return 2;
    case STRIKE_RESET:
        ck_assert_int_eq(sfi_sim_power_on(board.sim), SFI_OK);
        break;
    }
    return 1;
}

/* From that byte on the port is gone. */
static bool
wire_is_gone(bool from_chip, uint64_t index)
{
    struct wire *w = &station.wire;

    if (w->strike == STRIKE_GONE && w->from_chip == from_chip && index >= w->at)
        w->struck = true;
    return w->strike == STRIKE_GONE && w->struck;
}

/* XOR misses a byte too many that is what the checksum is, and a byte too few
 * that is what comes to stand in the checksum's place. */
static void
wire_strike_frame(uint8_t byte, uint8_t checksum, int behind)
{
    struct wire *w = &station.wire;

    w->missed = (w->strike == STRIKE_DOUBLE && byte == checksum) ||
                (w->strike == STRIKE_DROP && byte == behind);
}

/* The first byte of these, which are the rest of a frame. */
static sfi_status
wire_write_byte(const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    uint8_t out[2];
    size_t n = wire_pass_byte(false, station.wire.sent++, buf[0], out);

    wire_strike_frame(buf[0], buf[len - 1], -1);
    return n > 0 ? sfi__transport_write(station.direct, out, n, timeout_ms)
                 : SFI_OK;
}

static sfi_status
wire_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    struct wire *w = &station.wire;
    sfi_status st = SFI_OK;

    (void)user;
    if (wire_is_gone(false, w->sent))
        return SFI_ERR_NO_DEVICE;
    while (len > 0 && st == SFI_OK) {
        size_t n = wire_passes(false, w->sent, len);

        w->sent += n;
        if (n > 0) {
            st = sfi__transport_write(station.direct, buf, n, timeout_ms);
        } else {
            st = wire_write_byte(buf, len, timeout_ms);
            n = 1;
        }
        buf += n;
        len -= n;
    }
    return st;
}

static sfi_status
wire_read_byte(uint8_t *buf, size_t *got, uint32_t timeout_ms)
{
    struct wire *w = &station.wire;
    uint8_t out[2];
    uint8_t byte;
    size_t n = 0;

    while (n == 0) {
        sfi_status st =
            sfi__transport_read(station.direct, &byte, 1, got, timeout_ms);

        if (st != SFI_OK)
            return st;
        n = wire_pass_byte(true, w->received++, byte, out);
    }
    buf[0] = out[0];
    if (n == 2)
        w->spare = out[1];
    return SFI_OK;
}

static sfi_status
wire_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    struct wire *w = &station.wire;
    size_t n = wire_passes(true, w->received, len);
    sfi_status st;

    (void)user;
    if (wire_is_gone(true, w->received))
        return SFI_ERR_NO_DEVICE;
    *got = 1;
    if (w->spare >= 0) {
        buf[0] = (uint8_t)w->spare;
        w->spare = -1;
        return SFI_OK;
    }
    if (n == 0)
        return wire_read_byte(buf, got, timeout_ms);
    st = sfi__transport_read(station.direct, buf, n, got, timeout_ms);
    if (st == SFI_OK)
        w->received += *got;
    return st;
}

static sfi_status
wire_flush(void *user)
{
    (void)user;
    station.wire.spare = -1;
    return sfi__transport_flush(station.direct);
}

static sfi_status
wire_reset(void *user, int into_boot)
{
    (void)user;
    if (station.no_reset)
        return SFI_ERR_UNSUPPORTED;
    return sfi__transport_reset(station.direct, into_boot != 0);
}

static void
wire_open_usart(void)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = wire_read,
        .write = wire_write,
        .flush = wire_flush,
        .reset = wire_reset,
    };

    ck_assert_ok(sfi_transport_open_stream(ctx, &ops, NULL, &station.tp));
}

static sfi_status
wire_select(void *user, int asserted)
{
    (void)user;
    return sfi__transport_select(station.direct, asserted != 0);
}

/* One byte each way.  Dropped: eight clocks that one side did not see; doubled:
 * eight clocks too many.  A frame has a dummy behind its checksum. */
static sfi_status
wire_clock(const uint8_t *tx, size_t len, uint8_t *rx)
{
    struct wire *w = &station.wire;
    uint8_t in[2] = {0xff, 0xff};
    uint8_t out[2];
    size_t n = wire_pass_byte(false, w->sent++, tx[0], out);
    sfi_status st = SFI_OK;

    if (len > 1)
        wire_strike_frame(tx[0], tx[len - 2], tx[len - 1]);
    if (n > 0)
        st = sfi__transport_transfer(station.direct, out, in, n);
    *rx = wire_pass_byte(true, w->received++, in[0], out) > 0 ? out[0] : 0xff;
    return st;
}

static sfi_status
wire_transfer(void *user, const uint8_t *tx, uint8_t *rx, size_t len)
{
    struct wire *w = &station.wire;
    sfi_status st = SFI_OK;
    uint8_t dropped;

    (void)user;
    while (len > 0 && st == SFI_OK) {
        size_t n = wire_passes(false, w->sent, len);

        n = wire_passes(true, w->received, n);
        w->sent += n;
        w->received += n;
        if (n > 0) {
            st = sfi__transport_transfer(station.direct, tx, rx, n);
        } else {
            st = wire_clock(tx, len, rx != NULL ? rx : &dropped);
            n = 1;
        }
        tx += n;
        rx = rx != NULL ? rx + n : NULL;
        len -= n;
    }
    return st;
}

static void
wire_open_spi(void)
{
    static const sfi_spi_ops ops = {
        .struct_size = sizeof(ops),
        .select = wire_select,
        .transfer = wire_transfer,
        .reset = wire_reset,
    };

    ck_assert_ok(sfi_transport_open_spi(ctx, &ops, NULL, &station.tp));
}

static const struct {
    const char *name;
    void (*open)(void);
} links[] = {
    {"usart", wire_open_usart},
    {"spi", wire_open_spi},
};
static size_t link_used;

void
station_over(const char *interface_name)
{
    link_used = 0;
    while (strcmp(links[link_used].name, interface_name) != 0) {
        if (++link_used == ROWS(links))
            abort(); /* may be called outside of tests */
    }
}

static void
station_open_link(void)
{
    ck_assert_ok(
        sfi_sim_transport(board.sim, links[link_used].name, &station.direct));
    links[link_used].open();
    station_strike(STRIKE_NONE, false, 0);
}

void
station_strike(enum strike strike, bool from_chip, uint64_t at)
{
    station.wire = (struct wire){
        .strike = strike,
        .from_chip = from_chip,
        .at = at,
        .spare = -1,
    };
}

/* ---- the station ---- */

static void
station_open_vault(const sfi_provision_options *options)
{
    const struct package *p = &station.package;
    sfi_personalization *perso;
    sfi_key *key;
    char path[1300];

    (void)snprintf(path, sizeof(path), "%s/%s_SFI_01000000_00000000.pd",
                   board.ca, sfi_chip_product_id(p->chip));
    ck_assert_ok(sfi_personalization_load(ctx, path, &perso));
    ck_assert_ok(sfi_key_new(ctx, p->key, sizeof(p->key), &key));
    (void)snprintf(station.vault, sizeof(station.vault), "%s/vault",
                   board.base);
    station.hsm = vault_login(station.vault);
    ck_assert_ok(sfi_hsm_provision(station.hsm, key, p->nonce, sizeof(p->nonce),
                                   MAKER_FIRMWARE_ID, STATION_COUNT, perso,
                                   options));
    sfi_key_free(key);
    sfi_personalization_free(perso);
}

static void
station_setup_board(const char *chip)
{
    memset(&station, 0, sizeof(station));
    board_setup(chip);
    script_now = 0;
    ctx->clock = &script_clock;
}

void
station_setup(const char *chip)
{
    station_setup_board(chip);
    package_make(&station.package);
    station_open_vault(NULL);
    station_open_link();
}

void
station_setup_live_only(const char *chip)
{
    const sfi_provision_options options = {
        .struct_size = sizeof(options),
        .flags = SFI_HSM_LIVE_ONLY,
    };

    station_setup_board(chip);
    package_make(&station.package);
    station_open_vault(&options);
    station_open_link();
}

void
station_setup_sized(const char *chip, size_t size)
{
    uint8_t *data = malloc(size);
    sfi_firmware *fw;
    uint64_t base;

    station_setup_board(chip);
    ck_assert_ptr_nonnull(data);
    base = sfi_sim_chip(board.sim)->user.base;
    for (size_t i = 0; i < size; i++)
        data[i] = kit_byte(base + i);
    ck_assert_ok(sfi_firmware_parse(ctx, "bin", base, data, size, &fw));
    free(data);
    package_make_of(&station.package, fw);
    station_open_vault(NULL);
    station_open_link();
}

void
station_teardown(void)
{
    sfi_installer_free(station.installer);
    sfi_transport_free(station.tp);
    sfi_transport_free(station.direct);
    sfi_hsm_free(station.hsm);
    package_free(&station.package);
    board_teardown();
}

uint64_t
station_remaining(void)
{
    return vault_remaining(station.hsm);
}

static sfi_installer *
station_prepare_unlicensed(void)
{
    const struct buf *image = &station.package.image;

    sfi_installer_free(station.installer);
    ck_assert_ok(sfi_installer_new(
        ctx, station.dialect != NULL ? station.package.chip : NULL,
        &station.installer));
    ck_assert_ok(
        sfi_installer_set_image(station.installer, image->data, image->len));
    ck_assert_ok(sfi_installer_set_transport(station.installer, station.tp));
    ck_assert_ok(
        sfi_installer_set_dialect(station.installer, station.dialect, NULL));
    return station.installer;
}

sfi_installer *
station_prepare(void)
{
    sfi_installer *in = station_prepare_unlicensed();

    ck_assert_ok(sfi_installer_set_hsm(in, station.hsm));
    return in;
}

sfi_installer *
station_prepare_live(void)
{
    sfi_installer *in = station_prepare();

    ck_assert_ok(sfi_installer_set_protocol(in, SFI_PROTOCOL_LIVE));
    return in;
}

sfi_installer *
station_prepare_licensed(void)
{
    sfi_installer *in = station_prepare_unlicensed();
    sfi_license *lic;

    ck_assert_ok(sfi_license_parse(ctx, station.package.license,
                                   sizeof(station.package.license), &lic));
    ck_assert_ok(sfi_installer_set_license(in, lic));
    sfi_license_free(lic);
    return in;
}

sfi_status
station_install(bool erase)
{
    sfi_installer *in = station_prepare();

    ck_assert_ok(sfi_installer_set_erase(in, erase));
    return sfi_installer_run(in);
}

sfi_status
station_install_licensed(bool erase)
{
    sfi_installer *in = station_prepare_licensed();

    ck_assert_ok(sfi_installer_set_erase(in, erase));
    return sfi_installer_run(in);
}

sfi_status
station_install_live(bool erase)
{
    sfi_installer *in = station_prepare_live();

    ck_assert_ok(sfi_installer_set_erase(in, erase));
    return sfi_installer_run(in);
}

uint32_t
station_session(void)
{
    sfi_target *t;
    uint32_t id;

    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_ok(sfi_target_activate_security(t));
    ck_assert_ok(sfi_target_get_session(t, &id));
    sfi_target_free(t);
    return id;
}

void
station_info(sfi_dialect_info *out)
{
    sfi_target *t;

    ck_assert_ok(sfi_target_connect(ctx, NULL, station.tp, 0, &t));
    ck_assert_ok(sfi__dialect_info(t, out));
    sfi_target_free(t);
}

void
station_check_nothing(void)
{
    station.hsm->ops.check_image = NULL;
}

const char *
station_hsm_where(void)
{
    return station.hsm->where;
}
