/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: the chip maker, the chip's folder, and damaged folders. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/certificate.h>
#include <sfi/hsm.h>

#include <bench/board.h>
#include "crypto/ecc.h"
#include "license/certificate.h"
#include "license/personalization.h"
#include "sim/sim.h"
#include "system.h"
#include "together.h"
#include "util/sys.h"

static void
setup(void)
{
    board_setup("stm32h753xi");
}

static const char *
in(const char *folder, const char *name)
{
    static char paths[4][1200];
    static size_t turn;
    char *path = paths[turn++ % ROWS(paths)];
    int len = snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);

    ck_assert(len > 0 && (size_t)len < sizeof(paths[0]));
    return path;
}

static void
put(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

/* A second chip of the same maker. */
static sfi_status
make(const char *chip, const char *name)
{
    return sfi_sim_manufacture(ctx, sfi_chip_find(chip), board.ca,
                               in(board.base, name));
}

START_TEST(test_chip_folder)
{
    size_t len;
    char *text = test_read(board_file("chip"), &len);

    ck_assert_str_eq(text, "stm32h753xi\n");
    free(text);
    ck_assert_uint_eq(mode_of_file(board.state) & 0077, 0);
    ck_assert_uint_eq(mode_of_file(board_file("device-key.bin")), 0600);
    ck_assert_uint_eq(mode_of_file(board_file("certificate.bin")), 0644);
    ck_assert_ptr_eq(sfi_sim_chip(board.sim), sfi_chip_find("stm32h753xi"));
    ck_assert_ptr_null(sfi_sim_chip(NULL));
}
END_TEST

START_TEST(test_ca_folder)
{
    static const char *const perso[] = {
        "45002001_SFI_01000000_00000000.pd",
        "46201002_SFI_01000000_00000000.pd",
    };
    static const char *const products[] = {"45002001", "46201002"};

    ck_assert_uint_eq(mode_of_file(board.ca) & 0077, 0);
    ck_assert_uint_eq(mode_of_file(in(board.ca, "ca.key.pem")), 0600);
    ck_assert_uint_eq(mode_of_file(in(board.ca, "ca.pub.pem")), 0644);
    for (size_t i = 0; i < ROWS(perso); i++) {
        sfi_personalization *p = NULL;

        ck_assert_ok(sfi_personalization_load(ctx, in(board.ca, perso[i]), &p));
        ck_assert_str_eq(sfi_personalization_product_id(p), products[i]);
        sfi_personalization_free(p);
    }
}
END_TEST

/* The CA that the HSM trusts signed the certificate, and it certifies the
 * chip's key. */
START_TEST(test_identity)
{
    uint8_t secret[SFI_ECC_SECRET_LEN], public_key[SFI_ECC_PUBLIC_LEN];
    uint8_t raw[SFI_CERTIFICATE_LEN];
    size_t secret_len = sizeof(secret), raw_len = sizeof(raw);
    sfi_personalization *p = NULL;
    sfi_certificate *cert = NULL;

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, raw, &raw_len));
    ck_assert_ok(
        sfi_sim_dump(board.sim, SFI_SIM_DEVICE_KEY, secret, &secret_len));
    ck_assert_uint_eq(secret_len, sizeof(secret));
    ck_assert_ok(sfi_certificate_parse(ctx, raw, raw_len, &cert));
    ck_assert_ok(sfi_personalization_load(
        ctx, in(board.ca, "45002001_SFI_01000000_00000000.pd"), &p));
    ck_assert_str_eq(sfi_certificate_product_id(cert), "45002001");
    ck_assert_ok(
        sfi_certificate_verify(cert, p->ca_public, sizeof(p->ca_public)));
    ck_assert_ok(sfi__ecc_public(ctx, secret, public_key));
    ck_assert_mem_eq(cert->public_key, public_key, sizeof(public_key));
    sfi_certificate_free(cert);
    sfi_personalization_free(p);
}
END_TEST

/* As shipped: blank, except for the loader of an STM32L462CE. */
START_TEST(test_new_flash)
{
    static uint8_t flash[2u << 20];
    size_t len = sizeof(flash);
    char other[1200];

    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_FLASH, flash, &len));
    ck_assert_uint_eq(len, 2u << 20);
    for (size_t i = 0; i < len; i++) {
        if (flash[i] != 0xff)
            ck_abort_msg("byte %zu of a new chip is not erased", i);
    }
    ck_assert_ok(make("stm32l462ce", "l462"));
    (void)snprintf(other, sizeof(other), "%s", in(board.base, "l462"));
    len = sizeof(flash);
    ck_assert_ok(sfi_sim_peek(ctx, other, SFI_SIM_FLASH, flash, &len));
    ck_assert_uint_eq(len, 512u << 10);
    for (size_t i = 0; i < len; i++) {
        bool loader = i < 0x1000 || i >= 0x75800;

        if ((flash[i] == 0xff) == loader)
            ck_abort_msg("byte %zu is 0x%02x", i, flash[i]);
    }
    test_rmdir(other);
}
END_TEST

/* There is one CA for many chips; each chip has its own key. */
START_TEST(test_second_chip)
{
    uint8_t a[32], b[32];
    size_t a_len = 32, b_len = 32, before_len, after_len;
    char *before = test_read(in(board.ca, "ca.pub.pem"), &before_len);
    char *after;
    char other[1200];

    ck_assert_ok(make("stm32h753xi", "second/"));
    (void)snprintf(other, sizeof(other), "%s", in(board.base, "second"));
    after = test_read(in(board.ca, "ca.pub.pem"), &after_len);
    ck_assert_str_eq(before, after);
    ck_assert_ok(sfi_sim_peek(ctx, board.state, SFI_SIM_DEVICE_KEY, a, &a_len));
    ck_assert_ok(sfi_sim_peek(ctx, other, SFI_SIM_DEVICE_KEY, b, &b_len));
    ck_assert_mem_ne(a, b, 32);
    free(before);
    free(after);
    test_rmdir(other);
}
END_TEST

/* Missing files beside the key are made again, with the same content. */
START_TEST(test_ca_is_completed)
{
    const char *perso = "45002001_SFI_01000000_00000000.pd";
    size_t before_len, after_len;
    char *before = test_read(in(board.ca, "ca.pub.pem"), &before_len);
    char *after;

    ck_assert_int_eq(unlink(in(board.ca, "ca.pub.pem")), 0);
    ck_assert_int_eq(unlink(in(board.ca, perso)), 0);
    ck_assert_ok(make("stm32l462ce", "more"));
    after = test_read(in(board.ca, "ca.pub.pem"), &after_len);
    ck_assert_str_eq(before, after);
    ck_assert_int_eq(access(in(board.ca, perso), R_OK), 0);
    free(before);
    free(after);
    test_rmdir(in(board.base, "more"));
}
END_TEST

#define MAKERS 4

static int
make_at_once(size_t which)
{
    char ca[1200], state[1200];

    (void)snprintf(ca, sizeof(ca), "%s/ca2", board.base);
    (void)snprintf(state, sizeof(state), "%s/at-once-%zu", board.base, which);
    return sfi_sim_manufacture(ctx, sfi_chip_find("stm32h753xi"), ca, state) !=
           SFI_OK;
}

/* Several processes at once, without a CA yet, make one CA. */
START_TEST(test_makers_at_once)
{
    char ca[1200], state[1200];
    sfi_personalization *p = NULL;

    (void)snprintf(ca, sizeof(ca), "%s", in(board.base, "ca2"));
    ck_assert_int_eq(together(MAKERS, make_at_once), 0);
    ck_assert_ok(sfi_personalization_load(
        ctx, in(ca, "45002001_SFI_01000000_00000000.pd"), &p));
    for (int i = 0; i < MAKERS; i++) {
        sfi_certificate *cert = NULL;

        (void)snprintf(state, sizeof(state), "%s/at-once-%d", board.base, i);
        ck_assert_ok(
            sfi_certificate_load(ctx, in(state, "certificate.bin"), &cert));
        ck_assert_ok(
            sfi_certificate_verify(cert, p->ca_public, sizeof(p->ca_public)));
        sfi_certificate_free(cert);
        test_rmdir(state);
    }
    sfi_personalization_free(p);
    test_rmdir(ca);
}
END_TEST

/* Nothing is overwritten, and a failed attempt leaves nothing behind. */
START_TEST(test_never_overwrites)
{
    char other[1200];

    ck_assert_fails(make("stm32l462ce", "chip"), SFI_ERR_ACCESS, board.state,
                    "already holds a chip, expected a new folder");
    (void)snprintf(other, sizeof(other), "%s", in(board.base, "other"));
    ck_assert_int_eq(sfi__sys_make_folder(other, 0700), 0);
    put(in(other, "letter.txt"), "dear", 4);
    ck_assert_fails(make("stm32l462ce", "other"), SFI_ERR_ACCESS, other,
                    "exists already, expected a new or empty folder");
    ck_assert_int_eq(unlink(in(other, "letter.txt")), 0);
    ck_assert_ok(make("stm32l462ce", "other"));
    test_rmdir(other);
    put(other, "file", 4);
    ck_assert_fails_about(make("stm32l462ce", "other"), SFI_ERR_ACCESS, other,
                          "exists");
    ck_assert_int_eq(unlink(other), 0);
    /* the teardown finds no other file */
}
END_TEST

START_TEST(test_ca_refusals)
{
    char key[1200], pub[1200], away[1200];

    (void)snprintf(key, sizeof(key), "%s", in(board.ca, "ca.key.pem"));
    (void)snprintf(pub, sizeof(pub), "%s", in(board.ca, "ca.pub.pem"));
    (void)snprintf(away, sizeof(away), "%s", in(board.ca, "away"));
    ck_assert_int_eq(rename(key, away), 0);
    ck_assert_fails(make("stm32h753xi", "x"), SFI_ERR_ACCESS, pub,
                    "exists without ca.key.pem, expected both or neither");
    put(key, "-----BEGIN", 10);
    ck_assert_fails_about(make("stm32h753xi", "x"), SFI_ERR_FORMAT, key,
                          "private key", "PEM");
    ck_assert_int_eq(unlink(key), 0);
    ck_assert_int_eq(rename(away, key), 0);
    put(pub, "not the key", 11);
    ck_assert_fails(make("stm32h753xi", "x"), SFI_ERR_FORMAT, pub,
                    "is not the public key of ca.key.pem");
    ck_assert_int_eq(unlink(pub), 0);
}
END_TEST

START_TEST(test_folder_errors)
{
    char path[1200];
    char text[2048];

    (void)snprintf(path, sizeof(path), "%s", in(board.base, "no/ca"));
    ck_assert_fails(sfi_sim_manufacture(ctx, sfi_chip_find("stm32h753xi"), path,
                                        in(board.base, "x")),
                    SFI_ERR_OS, path,
                    "cannot make or open the CA's folder: No such file or "
                    "directory");
    (void)snprintf(path, sizeof(path), "%s", in(board.base, "no/chip"));
    (void)snprintf(text, sizeof(text),
                   "cannot make the chip's folder: No such file or directory");
    ck_assert_fails(
        sfi_sim_manufacture(ctx, sfi_chip_find("stm32h753xi"), board.ca, path),
        SFI_ERR_OS, path, text);
}
END_TEST

static const struct {
    const char *name;
    bool chip, ca, state;
    const char *expected;
} arguments[] = {
    {"chip", false, true, true, "chip != NULL"},
    {"ca_dir", true, false, true, "ca_dir != NULL && ca_dir[0] != '\\0'"},
    {"state_dir", true, true, false,
     "state_dir != NULL && state_dir[0] != '\\0'"},
};

START_TEST(test_arguments)
{
    char text[256];

    (void)snprintf(text, sizeof(text), "argument not valid, expected %s",
                   arguments[_i].expected);
    ck_assert_fails(
        sfi_sim_manufacture(
            ctx, arguments[_i].chip ? sfi_chip_find("stm32h753xi") : NULL,
            arguments[_i].ca ? board.ca : NULL,
            arguments[_i].state ? board.state : ""),
        SFI_ERR_ARGUMENT, "", text);
}
END_TEST

/* One simulator at a time; reading the folder needs no lock. */
START_TEST(test_lock)
{
    sfi_sim *second = (sfi_sim *)&board;
    uint8_t raw[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(raw);

    ck_assert_fails(sfi_sim_open(ctx, board.state, &second), SFI_ERR_ACCESS,
                    board.state, "another simulator runs this chip");
    ck_assert_ptr_null(second);
    ck_assert_ok(
        sfi_sim_peek(ctx, board.state, SFI_SIM_CERTIFICATE, raw, &len));
    board_reopen();
}
END_TEST

/* Each row: a file, its new content (NULL: removed), and the error. */
static const struct {
    const char *file;
    const char *content;
    size_t len;
    sfi_status status;
    const char *message;
} damages[] = {
    {"chip", NULL, 0, SFI_ERR_OS, "cannot read: No such file or directory"},
    {"chip", "", 0, SFI_ERR_FORMAT,
     "unknown chip \"\", expected one of: stm32h753xi, stm32l462ce"},
    {"chip", "stm32f407vg\n", 12, SFI_ERR_FORMAT,
     "unknown chip \"stm32f407vg\", expected one of: stm32h753xi, stm32l462ce"},
    {"chip",
     "0123456789012345678901234567890123456789012345678901234567890123456", 67,
     SFI_ERR_LIMIT, "longer than 64 bytes"},
    {"options.bin", NULL, 0, SFI_ERR_OS,
     "cannot read: No such file or directory"},
    {"options.bin", "12345678901234567890", 20, SFI_ERR_FORMAT,
     "is 20 bytes, expected 36"},
    {"record.bin", "12345678", 8, SFI_ERR_FORMAT, "is 8 bytes, expected 128"},
    {"certificate.bin", "12345678", 8, SFI_ERR_FORMAT,
     "is 8 bytes, expected 136"},
    {"device-key.bin", "12345678", 8, SFI_ERR_FORMAT,
     "is 8 bytes, expected 32"},
    {"device-key.bin", "12345678901234567890123456789012", 32, SFI_ERR_FORMAT,
     "certifies a different key than the one in device-key.bin"},
    {"flash.bin", "1234", 4, SFI_ERR_FORMAT,
     "is 4 bytes, ... 2097152, ... stm32h753xi"},
    {"flash.bin", NULL, 0, SFI_ERR_OS,
     "cannot open: No such file or directory"},
};

START_TEST(test_damaged_folder)
{
    const char *path = board_file(damages[_i].file);
    const char *where = path;
    sfi_sim *sim;

    sfi_sim_free(board.sim);
    board.sim = NULL;
    ck_assert_int_eq(unlink(path), 0);
    if (damages[_i].content != NULL)
        put(path, damages[_i].content, damages[_i].len);
    if (strncmp(damages[_i].message, "certifies", 9) == 0)
        where = board_file("certificate.bin");
    ck_assert_fails(sfi_sim_open(ctx, board.state, &sim), damages[_i].status,
                    where, damages[_i].message);
    ck_assert_ptr_null(sim);
}
END_TEST

/* A folder that names the other part. */
START_TEST(test_other_chip)
{
    sfi_sim *sim;

    sfi_sim_free(board.sim);
    board.sim = NULL;
    put(board_file("chip"), "stm32l462ce\n", 12);
    ck_assert_fails_about(sfi_sim_open(ctx, board.state, &sim), SFI_ERR_LIMIT,
                          board_file("options.bin"), "longer", "20 bytes");
    put(board_file("options.bin"), "12345678901234567890", 20);
    ck_assert_fails(sfi_sim_open(ctx, board.state, &sim), SFI_ERR_FORMAT,
                    board_file("certificate.bin"),
                    "product id \"45002001\", expected 46201002 of "
                    "stm32l462ce");
}
END_TEST

START_TEST(test_no_folder)
{
    char path[1200];
    sfi_sim *sim;

    (void)snprintf(path, sizeof(path), "%s", in(board.base, "none"));
    ck_assert_fails_about(sfi_sim_open(ctx, path, &sim), SFI_ERR_OS, path,
                          "open", "No such file");
    (void)snprintf(path, sizeof(path), "%s", in(board.ca, "chip"));
    ck_assert_fails_about(sfi_sim_open(ctx, board.ca, &sim), SFI_ERR_OS, path,
                          "read", "No such file");
    ck_assert_int_eq(sfi_sim_open(ctx, path, NULL), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_sim_open(ctx, NULL, &sim), SFI_ERR_ARGUMENT, "",
                          "state_dir != NULL");
}
END_TEST

static const struct {
    uint32_t area;
    size_t len;
} areas[] = {
    {SFI_SIM_FLASH, 2u << 20},
    {SFI_SIM_OPTION_BYTES, 36},
    {SFI_SIM_CERTIFICATE, 136},
    {SFI_SIM_DEVICE_KEY, 32},
};

/* Folder and chip give the same content, and both report the room that it
 * needs. */
START_TEST(test_areas)
{
    static uint8_t a[2u << 20], b[2u << 20];
    size_t want = areas[_i].len;
    size_t a_len = want - 1, b_len = want - 1;
    char text[128];

    (void)snprintf(text, sizeof(text), "the area is %zu bytes, the buffer %zu",
                   want, want - 1);
    ck_assert_fails(sfi_sim_dump(board.sim, areas[_i].area, a, &a_len),
                    SFI_ERR_BUFFER, "", text);
    ck_assert_uint_eq(a_len, want);
    ck_assert_fails(sfi_sim_peek(ctx, board.state, areas[_i].area, b, &b_len),
                    SFI_ERR_BUFFER, "", text);
    ck_assert_uint_eq(b_len, want);
    board_talk("> 7f < 79");
    ck_assert_uint_eq(board_write(0x08000000, "12345678", 8), 0x79);
    a_len = b_len = sizeof(a);
    ck_assert_ok(sfi_sim_dump(board.sim, areas[_i].area, a, &a_len));
    ck_assert_ok(sfi_sim_peek(ctx, board.state, areas[_i].area, b, &b_len));
    ck_assert_uint_eq(a_len, want);
    ck_assert_uint_eq(b_len, want);
    ck_assert_mem_eq(a, b, want);
}
END_TEST

/* Into a file, whole or not at all; a secret is readable by its owner only. */
START_TEST(test_save)
{
    uint8_t want[136];
    size_t want_len = sizeof(want), len;
    char path[1200], other[1200];
    char *got;

    (void)snprintf(path, sizeof(path), "%s", in(board.base, "out"));
    (void)snprintf(other, sizeof(other), "%s", in(board.base, "no/out"));
    ck_assert_ok(sfi_sim_save(ctx, board.state, SFI_SIM_CERTIFICATE, path));
    got = test_read(path, &len);
    ck_assert_ok(sfi_sim_dump(board.sim, SFI_SIM_CERTIFICATE, want, &want_len));
    ck_assert_uint_eq(len, want_len);
    ck_assert_mem_eq(got, want, len);
    ck_assert_uint_eq(mode_of_file(path), 0644);
    free(got);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_ok(sfi_sim_save(ctx, board.state, SFI_SIM_DEVICE_KEY, path));
    ck_assert_uint_eq(mode_of_file(path), 0600);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_fails_about(sfi_sim_save(ctx, board.state, SFI_SIM_FLASH, other),
                          SFI_ERR_OS, other, "write", "No such file");
    ck_assert_fails(sfi_sim_save(ctx, board.state, SFI_SIM_RAM, path),
                    SFI_ERR_ARGUMENT, "", "unknown area 5");
}
END_TEST

START_TEST(test_no_area)
{
    uint8_t byte;
    size_t len = 1;

    ck_assert_fails_about(sfi_sim_dump(board.sim, 0, &byte, &len),
                          SFI_ERR_ARGUMENT, "", "area 0");
    ck_assert_fails_about(sfi_sim_dump(board.sim, 6, &byte, &len),
                          SFI_ERR_ARGUMENT, "", "area 6");
    ck_assert_fails_about(
        sfi_sim_peek(ctx, board.state, SFI_SIM_RAM, &byte, &len),
        SFI_ERR_ARGUMENT, "", "area 5");
    ck_assert_fails(
        sfi_sim_read_flash(board.sim, 0x081fffff, &byte, 2), SFI_ERR_RANGE, "",
        "2 bytes at 0x081fffff are not all in the flash of stm32h753xi");
    ck_assert_fails_about(sfi_sim_read_flash(board.sim, 0x108000000, &byte, 1),
                          SFI_ERR_RANGE, "", "1 bytes", "0x108000000",
                          "stm32h753xi");
    ck_assert_fails(sfi_sim_set_option(board.sim, "FLASH_OPTR", 0),
                    SFI_ERR_ARGUMENT, "",
                    "stm32h753xi has no option byte \"FLASH_OPTR\"");
}
END_TEST

/* NULL handles do not crash. */
START_TEST(test_null)
{
    uint8_t byte;
    size_t len = 1;

    sfi_sim_free(NULL);
    sfi_sim_power_cut_after(NULL, 0);
    sfi_sim_set_boot0(NULL, 0);
    ck_assert_uint_eq(sfi_sim_flash_ops(NULL), 0);
    ck_assert_uint_eq(sfi_sim_resets(NULL), 0);
    ck_assert_int_eq(sfi_sim_has_power(NULL), 0);
    ck_assert_int_eq(sfi_sim_power_on(NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_erase_flash(NULL), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_set_option(NULL, "", 0), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_dump(NULL, 1, &byte, &len), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_read_flash(NULL, 0, &byte, 1), SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_usart(NULL, &byte, 1, &byte, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_int_eq(sfi_sim_peek(NULL, "", 1, &byte, &len), SFI_ERR_ARGUMENT);
}
END_TEST

/* An answer that does not fit in the caller's buffer is kept. */
START_TEST(test_usart_in_pieces)
{
    uint8_t in_bytes[] = {0x7f, 0x01, 0xfe};
    uint8_t out[4];
    size_t len = 2;

    ck_assert_ok(sfi_sim_usart(board.sim, in_bytes, 3, out, &len));
    ck_assert_uint_eq(len, 2);
    ck_assert_mem_eq(out, "\x79\x79", 2);
    len = 4;
    ck_assert_ok(sfi_sim_usart(board.sim, NULL, 0, out, &len));
    ck_assert_uint_eq(len, 4);
    ck_assert_mem_eq(out, "\x31\0\0\x79", 4);
    ck_assert_ok(sfi_sim_usart(board.sim, NULL, 0, out, &len));
    ck_assert_uint_eq(len, 0);
}
END_TEST

/* Out of memory anywhere: a clean status, and no leak. */
START_TEST(test_no_memory)
{
    sfi_sim *sim = NULL;
    sfi_status st = SFI_ERR_NOMEM;
    size_t n = 0;

    sfi_sim_free(board.sim);
    board.sim = NULL;
    while (st == SFI_ERR_NOMEM) {
        memory.fail_at = ++n;
        st = sfi_sim_open(ctx, board.state, &sim);
        ck_assert(st == SFI_OK || sim == NULL);
        ck_assert_uint_lt(n, 1000);
    }
    memory.fail_at = 0;
    ck_assert_ok(st);
    ck_assert_uint_gt(n, 4);
    sfi_sim_free(sim);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_state");
    TCase *t = tcase_create("state");

    tcase_add_checked_fixture(t, setup, board_teardown);
    tcase_add_test(t, test_chip_folder);
    tcase_add_test(t, test_ca_folder);
    tcase_add_test(t, test_identity);
    tcase_add_test(t, test_new_flash);
    tcase_add_test(t, test_second_chip);
    tcase_add_test(t, test_ca_is_completed);
    tcase_add_test(t, test_makers_at_once);
    tcase_add_test(t, test_never_overwrites);
    tcase_add_test(t, test_ca_refusals);
    tcase_add_test(t, test_folder_errors);
    tcase_add_loop_test(t, test_arguments, 0, (int)ROWS(arguments));
    tcase_add_test(t, test_lock);
    tcase_add_loop_test(t, test_damaged_folder, 0, (int)ROWS(damages));
    tcase_add_test(t, test_other_chip);
    tcase_add_test(t, test_no_folder);
    tcase_add_loop_test(t, test_areas, 0, (int)ROWS(areas));
    tcase_add_test(t, test_save);
    tcase_add_test(t, test_no_area);
    tcase_add_test(t, test_null);
    tcase_add_test(t, test_usart_in_pieces);
    tcase_add_test(t, test_no_memory);
    suite_add_tcase(s, t);
    return run_suite(s);
}
