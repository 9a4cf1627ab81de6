/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an install refuses: status and message, an erased chip without a byte
 * of the firmware, no installation lost, and the next try succeeds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/device.h>

#include "util/mem.h"
#include "core/ctx.h"
#include "crypto/ecc.h"
#include "wire/image.h"
#include "license/license.h"

#include <bench/image_kit.h>
#include <bench/maker.h>
#include <bench/station.h>

static uint8_t *
image(void)
{
    return station.package.image.data;
}

/* Descriptor `n`, from 1. */
static size_t
area_at(unsigned n)
{
    size_t at = SFI_FORMAT_HEADER_LEN;

    for (; n > 1; n--) {
        struct image_area a;

        sfi__image_read_area(&a, image() + at);
        at += SFI_FORMAT_AREA_LEN + a.size;
    }
    return at;
}

/* After a refusal: the chip is empty, nothing is counted, and the right input
 * succeeds. */
static void
assert_unharmed(uint64_t counted)
{
    install_assert_clean(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - counted);
    ck_assert_ok(station_install(false));
    install_assert_complete(&station.package);
    ck_assert_uint_eq(station_remaining(), STATION_COUNT - 1);
}

/* ---- images ---- */

static void
truncate_to_nothing(void)
{
    station.package.image.len = 5;
}

static void
flip_magic(void)
{
    image()[0] ^= 0x01;
}

static void
flip_protocol(void)
{
    image()[8] ^= 0x02;
}

static void
flip_header_tag(void)
{
    image()[SFI_FORMAT_HEADER_AAD_LEN] ^= 0x80;
}

static void
flip_area_tag(void)
{
    image()[area_at(1) + SFI_FORMAT_AREA_AAD_LEN] ^= 0x01;
}

static void
flip_content(void)
{
    image()[area_at(2) + SFI_FORMAT_AREA_LEN + 2000] ^= 0x10;
}

static void
flip_option_bytes(void)
{
    image()[station.package.image.len - 1] ^= 0x10;
}

static void
flip_area_version(void)
{
    image()[area_at(1) + 1] ^= 0x01;
}

static void
flip_area_type(void)
{
    image()[area_at(1)] ^= 0x20;
}

static void
make_module(void)
{
    image()[area_at(2)] = SFI_FORMAT_MODULE;
}

/* Within the user flash, but at another address. */
static void
flip_address(void)
{
    image()[area_at(1) + 8 + 1] ^= 0x08;
}

/* Areas 1 and 2 are exchanged. */
static void
swap_areas(void)
{
    uint8_t *from = image() + area_at(1);
    size_t first = area_at(2) - area_at(1);
    size_t both = area_at(3) - area_at(1);
    static uint8_t copy[1u << 16];

    ck_assert_uint_le(both, sizeof(copy));
    memcpy(copy, from, both);
    memcpy(from, copy + first, both - first);
    memcpy(from + both - first, copy, first);
}

/* ... with their indices changed to fit. */
static void
swap_areas_and_indices(void)
{
    swap_areas();
    image()[area_at(1) + 2] = 1;
    image()[area_at(2) + 2] = 2;
}

/* Area 1 twice, in place of area 2 of the same size. */
static void
repeat_area(void)
{
    uint8_t descriptor[SFI_FORMAT_AREA_LEN];

    memcpy(descriptor, image() + area_at(1), sizeof(descriptor));
    memcpy(image() + area_at(2) + 2, descriptor + 2, 2);
}

#define AREA_TAG {"area does not verify", NULL}, SFI_CAUSE_AREA_TAG

static const struct {
    const char *name;
    void (*alter)(void);
    uint64_t counted;
    sfi_status st;
    const char *where, *facts[2];
    int cause;
} images[] = {
    {"truncated in its header",
     truncate_to_nothing,
     0,
     SFI_ERR_TRUNCATED,
     "header",
     {"5 of 28 bytes", NULL},
     0},
    {"magic",
     flip_magic,
     0,
     SFI_ERR_FORMAT,
     "header",
     {"\"RFIMAGIC\"", "SFIMAGIC"},
     0},
    {"protocol version",
     flip_protocol,
     0,
     SFI_ERR_FORMAT,
     "header",
     {"version 3", "expected 1"},
     0},
    {"area type",
     flip_area_type,
     0,
     SFI_ERR_FORMAT,
     "area 1",
     {"0x66 (f)", "F, M or C"},
     0},
    {"module",
     make_module,
     0,
     SFI_ERR_CHIP_RULE,
     "",
     {"area 2 is a module, whose own licence libsfi cannot send: build the "
      "image without modules",
      NULL},
     0},
    {"area version",
     flip_area_version,
     0,
     SFI_ERR_FORMAT,
     "area 2",
     {"version 7", "says 6"},
     0},
    {"areas reordered",
     swap_areas,
     0,
     SFI_ERR_FORMAT,
     "area 1",
     {"area 2 comes too early", "area 1"},
     0},
    {"area repeated",
     repeat_area,
     0,
     SFI_ERR_FORMAT,
     "area 2",
     {"area 1 is repeated", "area 2"},
     0},
    {"header tag",
     flip_header_tag,
     1,
     SFI_ERR_DEVICE,
     "stream",
     {"image header does not verify", NULL},
     SFI_CAUSE_HEADER_TAG},
    {"area tag", flip_area_tag, 1, SFI_ERR_DEVICE, "stream:area 1", AREA_TAG},
    {"content", flip_content, 1, SFI_ERR_DEVICE, "stream:area 2", AREA_TAG},
    {"option bytes", flip_option_bytes, 1, SFI_ERR_DEVICE, "stream:area 5",
     AREA_TAG},
    {"address", flip_address, 1, SFI_ERR_DEVICE, "stream:area 1", AREA_TAG},
};

static void
refused_image(const char *chip, int row)
{
    struct buf good;
    sfi_status st;

    station_setup(chip);
    sfi__buf_init(&good, &sfi__alloc_default, false);
    ck_assert(sfi__buf_append(&good, image(), station.package.image.len));
    images[row].alter();
    if (images[row].cause == SFI_CAUSE_HEADER_TAG) { /* the HSM is first */
        ck_assert_fails_about(station_install(false), SFI_ERR_AUTH,
                              station_hsm_where(), "another key or nonce");
        ck_assert_uint_eq(station_remaining(), STATION_COUNT);
        station_check_nothing();
    }
    st = station_install(false);
    ck_assert_msg(st == images[row].st, "%s: %s \"%s\"", images[row].name,
                  sfi_status_name(st), sfi_error_message(sfi_ctx_error(ctx)));
    ck_assert_fails_about(st, images[row].st, images[row].where,
                          images[row].facts[0], images[row].facts[1]);
    ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                     images[row].cause);
    sfi__buf_free(&station.package.image);
    station.package.image = good;
    assert_unharmed(images[row].counted);
    station_teardown();
}

START_TEST(test_image_h7)
{
    refused_image("stm32h753xi", _i);
}
END_TEST

START_TEST(test_image_l4)
{
    refused_image("stm32l462ce", _i);
}
END_TEST

/* With their indices changed as well. */
START_TEST(test_image_reordered)
{
    static const struct {
        const char *chip, *address, *previous;
    } rows[] = {
        {"stm32h753xi", "0x08000000", "0x08020000"},
        {"stm32l462ce", "0x08001000", "0x08010000"},
    };
    struct buf good;

    station_setup(rows[_i].chip);
    sfi__buf_init(&good, &sfi__alloc_default, false);
    ck_assert(sfi__buf_append(&good, image(), station.package.image.len));
    swap_areas_and_indices();
    ck_assert_fails_about(station_install(false), SFI_ERR_CHIP_RULE, "",
                          "area 2", rows[_i].address, rows[_i].previous);
    sfi__buf_free(&station.package.image);
    station.package.image = good;
    assert_unharmed(0);
    station_teardown();
}
END_TEST

START_TEST(test_image_truncated)
{
    static const struct {
        const char *chip, *bytes;
    } rows[] = {
        {"stm32h753xi", "35 of 36 bytes of content"},
        {"stm32l462ce", "19 of 20 bytes of content"},
    };

    station_setup(rows[_i].chip);
    station.package.image.len--;
    ck_assert_fails_about(station_install(false), SFI_ERR_TRUNCATED, "area 5",
                          rows[_i].bytes);
    ck_assert_uint_eq(station.wire.sent, 0); /* nothing was sent to the chip */
    station.package.image.len++;
    assert_unharmed(0);
    station_teardown();
}
END_TEST

/* One bit, in any byte of an image. */
START_TEST(test_image_any_bit)
{
    station_setup_sized("stm32h753xi", 40);
    ck_assert_ok(station_install_licensed(false));
    for (size_t at = 0; at < station.package.image.len; at += test_step(41)) {
        sfi_status st;

        image()[at] ^= (uint8_t)(1u << at % 8);
        st = station_install_licensed(true);
        image()[at] ^= (uint8_t)(1u << at % 8);
        ck_assert_msg(st == SFI_ERR_DEVICE || (st <= -200 && st > -300),
                      "byte %zu: %s", at, sfi_status_name(st));
        ck_assert_str_ne(sfi_error_message(sfi_ctx_error(ctx)), "");
        if (st == SFI_ERR_DEVICE)
            install_assert_clean(&station.package);
    }
    ck_assert_ok(station_install_licensed(true));
    install_assert_complete(&station.package);
    station_teardown();
}
END_TEST

/* An image does not name its chip: its option bytes and addresses do. */
static void
other_image(const char *chip, const char *other, uint64_t address,
            const char *found, const char *expected)
{
    const struct kit_segment s = {address, 1024};
    struct kit_bytes wrong;

    station_setup(chip);
    wrong = kit_image(other, &s, 1);
    station_prepare();
    ck_assert_ok(
        sfi_installer_set_image(station.installer, wrong.data, wrong.len));
    ck_assert_fails_about(sfi_installer_run(station.installer),
                          SFI_ERR_CHIP_RULE, "", "area 2", found, chip,
                          expected, "another chip");
    kit_free(&wrong);
    assert_unharmed(0);
    station_teardown();
}

START_TEST(test_image_for_l4_on_h7)
{
    other_image("stm32h753xi", "stm32l462ce", 0x08001000, "20 bytes", "has 36");
}
END_TEST

START_TEST(test_image_for_h7_on_l4)
{
    other_image("stm32l462ce", "stm32h753xi", 0x08001000, "36 bytes", "has 20");
}
END_TEST

/* The message names the file, and nothing is sent to the chip. */
START_TEST(test_image_file)
{
    char path[1200];

    station_setup("stm32h753xi");
    (void)snprintf(path, sizeof(path), "%s/no-such.sfi", board.base);
    station_prepare();
    ck_assert_fails_about(sfi_installer_set_image_file(station.installer, path),
                          SFI_ERR_OS, path, "read", "No such file");
    ck_assert_ok(sfi_installer_set_image_file(
        station.installer, test_path("data/ob-stm32h753xi.csv")));
    (void)snprintf(path, sizeof(path), "%s:header",
                   test_path("data/ob-stm32h753xi.csv"));
    ck_assert_fails(sfi_installer_run(station.installer), SFI_ERR_FORMAT, path,
                    "the magic is \"FOPTSR_P\", expected SFIMAGIC");
    ck_assert_uint_eq(station.wire.sent, 0);
    station_teardown();
}
END_TEST

/* An empty image is a truncated image. */
START_TEST(test_image_empty)
{
    station_setup("stm32h753xi");
    station_prepare();
    ck_assert_ok(
        sfi_installer_set_image(station.installer, (const uint8_t *)"", 0));
    ck_assert_fails_about(sfi_installer_run(station.installer),
                          SFI_ERR_TRUNCATED, "header", "image",
                          "0 of 28 bytes");
    ck_assert_uint_eq(station.wire.sent, 0);
    station_teardown();
}
END_TEST

/* ---- licences ---- */

static void
for_another_chip(uint8_t *lic)
{
    uint8_t secret[SFI_ECC_SECRET_LEN], other[SFI_ECC_PUBLIC_LEN];

    ck_assert_ok(sfi__ecc_generate(ctx, secret, other));
    ck_assert_ok(sfi__license_make(ctx, other, LICENSE_STATIC, 0,
                                   station.package.key, station.package.nonce,
                                   lic));
}

static void
for_another_firmware(uint8_t *lic)
{
    uint8_t cert[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(cert);

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, cert, &len));
    ck_assert_ok(sfi__license_make(ctx, cert + 8, LICENSE_STATIC, 0, kit_key,
                                   kit_nonce, lic));
}

static void
flip_license_tag(uint8_t *lic)
{
    lic[135] ^= 0x01;
}

static void
flip_license_key(uint8_t *lic)
{
    lic[100] ^= 0x40;
}

#define LICENSE_MESSAGE                                                   \
    "the licence is not for this chip, or was altered; get one for this " \
    "chip's certificate"

static const struct {
    const char *name;
    void (*alter)(uint8_t *lic);
    const char *message;
    int cause;
} licenses[] = {
    {"for another chip", for_another_chip, LICENSE_MESSAGE, SFI_CAUSE_LICENSE},
    {"tag altered", flip_license_tag, LICENSE_MESSAGE, SFI_CAUSE_LICENSE},
    {"key altered", flip_license_key, LICENSE_MESSAGE, SFI_CAUSE_LICENSE},
    {"for another firmware", for_another_firmware,
     "the image header does not verify: the licence is for another image, or "
     "the header was altered",
     SFI_CAUSE_HEADER_TAG},
};

START_TEST(test_license)
{
    static const char *const chips[] = {"stm32h753xi", "stm32l462ce"};

    for (size_t i = 0; i < ROWS(chips); i++) {
        station_setup(chips[i]);
        licenses[_i].alter(station.package.license);
        ck_assert_fails(station_install_licensed(false), SFI_ERR_DEVICE,
                        "stream", licenses[_i].message);
        ck_assert_int_eq(sfi_error_peer_code(sfi_ctx_error(ctx)),
                         licenses[_i].cause);
        assert_unharmed(0);
        station_teardown();
    }
}
END_TEST

/* ---- HSMs ---- */

/* Another vault, with another CA, for the same image. */
static sfi_hsm *
other_vault(void)
{
    struct maker m;
    char path[1200];
    sfi_hsm *hsm;

    maker_init(&m);
    sfi_key_free(m.key);
    ck_assert_ok(sfi_key_new(ctx, station.package.key, SFI_KEY_LEN, &m.key));
    memcpy(m.nonce, station.package.nonce, SFI_NONCE_LEN);
    (void)snprintf(path, sizeof(path), "%s/other", board.base);
    hsm = vault_new(&m, path, 3);
    maker_free(&m);
    return hsm;
}

/* This HSM refuses a licence; `message` as for ck_assert_fails(). */
static void
refused_by(sfi_hsm *hsm, sfi_status st, const char *message)
{
    const sfi_error *err;

    station_prepare();
    ck_assert_ok(sfi_installer_set_hsm(station.installer, hsm));
    ck_assert_int_eq(sfi_installer_run(station.installer), st);
    err = sfi_ctx_error(ctx);
    ck_assert_int_eq(sfi_error_status(err), st);
    ck_assert_msg(text_matches(sfi_error_message(err), message),
                  "\"%s\", expected \"%s\"", sfi_error_message(err), message);
    ck_assert_ptr_null(sfi_installer_license(station.installer));
    install_assert_clean(&station.package);
    sfi_hsm_free(hsm);
}

START_TEST(test_hsm_other_ca)
{
    station_setup("stm32h753xi");
    refused_by(other_vault(), SFI_ERR_CERTIFICATE,
               "the certificate of device ... CA");
    assert_unharmed(0);
    station_teardown();
}
END_TEST

START_TEST(test_hsm_other_product)
{
    station_setup("stm32l462ce");
    refused_by(other_vault(), SFI_ERR_CERTIFICATE,
               "the certificate ... product 46201002, ... 45002001");
    assert_unharmed(0);
    station_teardown();
}
END_TEST

START_TEST(test_hsm_blank)
{
    char path[1200];
    sfi_hsm *hsm;

    station_setup("stm32h753xi");
    (void)snprintf(path, sizeof(path), "%s/blank", board.base);
    ck_assert_ok(vault_open(path, &hsm));
    refused_by(hsm, SFI_ERR_HSM_STATE, "the HSM is blank: provision it first");
    assert_unharmed(0);
    station_teardown();
}
END_TEST

START_TEST(test_hsm_no_pin)
{
    sfi_hsm *hsm;

    station_setup("stm32h753xi");
    sfi_hsm_free(station.hsm);
    station.hsm = NULL;
    ck_assert_ok(vault_open(station.vault, &hsm));
    station_prepare_licensed(); /* makes an installer without an HSM */
    sfi_installer_free(station.installer);
    station.installer = NULL;
    station.hsm = sfi__obj_ref(hsm);
    refused_by(hsm, SFI_ERR_HSM_PIN, "... after a login");
    sfi_hsm_free(station.hsm);
    sfi_installer_free(station.installer);
    station.installer = NULL;
    station.hsm = vault_login(station.vault);
    assert_unharmed(0);
    station_teardown();
}
END_TEST

/* Another chip of the same maker takes an installation. */
static void
count_one(unsigned n)
{
    uint8_t raw[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(raw);
    sfi_certificate *cert;
    sfi_license *lic;
    char state[1200];

    (void)snprintf(state, sizeof(state), "%s/chip-%u", board.base, n);
    ck_assert_ok(
        sfi_sim_manufacture(ctx, sfi_sim_chip(board.sim), board.ca, state));
    ck_assert_ok(sfi_sim_peek(ctx, state, SFI_SIM_CERTIFICATE, raw, &len));
    ck_assert_ok(sfi_certificate_parse(ctx, raw, len, &cert));
    ck_assert_ok(sfi_hsm_generate_license(station.hsm, cert, &lic));
    sfi_license_free(lic);
    sfi_certificate_free(cert);
    test_rmdir(state);
}

/* No installation is left: a new chip gets no licence, a counted one does. */
START_TEST(test_hsm_exhausted)
{
    station_setup("stm32h753xi");
    for (unsigned i = 0; i < STATION_COUNT; i++)
        count_one(i);
    refused_by(sfi__obj_ref(station.hsm), SFI_ERR_HSM_COUNTER,
               "no installations left: ... 5 ...");
    ck_assert_uint_eq(station_remaining(), 0);
    ck_assert_ok(station_install_licensed(false)); /* it is unharmed */
    station_teardown();
}
END_TEST

START_TEST(test_hsm_last_one)
{
    station_setup("stm32h753xi");
    for (unsigned i = 1; i < STATION_COUNT; i++)
        count_one(i);
    ck_assert_ok(station_install(false));
    ck_assert_uint_eq(station_remaining(), 0);
    ck_assert_ok(station_install(true));
    station_teardown();
}
END_TEST

/* ---- chips ---- */

START_TEST(test_chip_silent)
{
    station_setup("stm32h753xi");
    station.no_reset = true;
    sfi_sim_set_boot0(board.sim, 0);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_fails_about(station_install(false), SFI_ERR_TIMEOUT, "stream",
                          "0x7f", "5000 ms", "BOOT0");
    station.no_reset = false;
    sfi_sim_set_boot0(board.sim, 1);
    ck_assert_ok(sfi_sim_power_on(board.sim));
    assert_unharmed(0);
    station_teardown();
}
END_TEST

START_TEST(test_chip_not_the_expected)
{
    const struct kit_segment s = {0x08001000, 1024};
    struct kit_bytes wrong;

    station_setup("stm32h753xi");
    wrong = kit_image("stm32l462ce", &s, 1);
    ck_assert_ok(sfi_installer_new(ctx, sfi_chip_find("stm32l462ce"),
                                   &station.installer));
    ck_assert_ok(
        sfi_installer_set_image(station.installer, wrong.data, wrong.len));
    ck_assert_ok(sfi_installer_set_transport(station.installer, station.tp));
    ck_assert_ok(sfi_installer_set_hsm(station.installer, station.hsm));
    ck_assert_fails_about(sfi_installer_run(station.installer),
                          SFI_ERR_NO_DEVICE, "stream", "stm32h753xi (0x450)",
                          "stm32l462ce (0x462)");
    kit_free(&wrong);
    assert_unharmed(0);
    station_teardown();
}
END_TEST

/* Readout protection keeps the option bytes from being changed. */
START_TEST(test_chip_protected)
{
    station_setup("stm32h753xi");
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc600f0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    ck_assert_fails_about(station_install(false), SFI_ERR_PROTECTED, "stream",
                          "readout protection is on");
    ck_assert_ok(sfi_sim_set_option(board.sim, "FOPTSR_PRG", 0x1bc6aaf0));
    ck_assert_ok(sfi_sim_power_on(board.sim));
    assert_unharmed(0);
    station_teardown();
}
END_TEST

static TCase *
image_case(void)
{
    TCase *tc = tcase_create("images");

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, test_image_h7, 0, ROWS(images));
    tcase_add_loop_test(tc, test_image_l4, 0, ROWS(images));
    tcase_add_loop_test(tc, test_image_reordered, 0, 2);
    tcase_add_loop_test(tc, test_image_truncated, 0, 2);
    tcase_add_test(tc, test_image_any_bit);
    tcase_add_test(tc, test_image_for_l4_on_h7);
    tcase_add_test(tc, test_image_for_h7_on_l4);
    tcase_add_test(tc, test_image_file);
    tcase_add_test(tc, test_image_empty);
    return tc;
}

int
main(void)
{
    Suite *s = suite_create("install_bad");
    TCase *tc = tcase_create("others");

    suite_add_tcase(s, image_case());
    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, test_license, 0, ROWS(licenses));
    tcase_add_test(tc, test_hsm_other_ca);
    tcase_add_test(tc, test_hsm_other_product);
    tcase_add_test(tc, test_hsm_blank);
    tcase_add_test(tc, test_hsm_no_pin);
    tcase_add_test(tc, test_hsm_exhausted);
    tcase_add_test(tc, test_hsm_last_one);
    tcase_add_test(tc, test_chip_silent);
    tcase_add_test(tc, test_chip_not_the_expected);
    tcase_add_test(tc, test_chip_protected);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
