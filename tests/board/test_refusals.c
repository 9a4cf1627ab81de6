/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The device's refusal tables against the binary: wrong images, altered ones,
 * wrong licences, areas in a wrong order.  Each time the cause is the right
 * one, the flash is erased, nothing is left in RAM, and the intact image can be
 * installed. */
#include <string.h>

#include <fixture.h>

#include "binary_install.h"
#include "license/license.h"

/* Snapshots: a licence is opened once, since that costs an ECDH. */
#define SLOT_READY 0u
#define SLOT_LICENSED 1u

static struct binary binary;
static struct install install;

/* Unchecked: once for all. */
static void
setup(void)
{
    const uint8_t none = 0;

    fixture_setup();
    binary_start(&binary);
    binary_make(&binary, 0);
    install_make(&install, &binary);
    ck_assert(install_sync(&binary));
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SECURE, &none, 1, NULL, 0, NULL), 0);
    binary_save(&binary, SLOT_READY);
    ck_assert_int_eq(install_request(&binary, SFI_CMD_LICENSE, NULL, 0,
                                     install.image.license, LICENSE_LEN, NULL),
                     0);
    binary_save(&binary, SLOT_LICENSED);
}

static void
teardown(void)
{
    install_free(&install);
    binary_stop(&binary);
    fixture_teardown();
}

/* ---- requests ---- */

static int
send_header(void)
{
    return install_request(&binary, SFI_CMD_HEADER, install.image.header,
                           SFI_FORMAT_HEADER_LEN, NULL, 0, NULL);
}

static int
send_areas(uint32_t a, uint32_t b, uint32_t c)
{
    int cause = install_area(&binary, &install.image.area[a]);

    if (cause == 0)
        cause = install_area(&binary, &install.image.area[b]);
    return cause == 0 ? install_area(&binary, &install.image.area[c]) : cause;
}

/* Everything behind the licence; the first refusal. */
static int
send_image(void)
{
    int cause = send_header();

    if (cause == 0)
        cause = send_areas(0, 1, 2);
    if (cause == 0)
        cause =
            install_request(&binary, SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL);
    return cause;
}

/* ---- authentic, but not right for the part ---- */

enum field { TYPE, VERSION, SIZE, ADDRESS };

static const struct {
    const char *name;
    uint32_t area;
    enum field field;
    uint32_t value;
    int cause;
} wrong[] = {
    {"module", 0, TYPE, 'M', SFI_CAUSE_AREA_TYPE},
    {"no type", 0, TYPE, 0, SFI_CAUSE_AREA_TYPE},
    {"in secure boot", 0, ADDRESS, 0x08000000, SFI_CAUSE_AREA_ADDRESS},
    {"below the user range", 0, ADDRESS, 0x08000ff8, SFI_CAUSE_AREA_ADDRESS},
    {"into the bootloader", 1, ADDRESS, 0x08075800 - 1416,
     SFI_CAUSE_AREA_ADDRESS},
    {"in the bootloader", 1, ADDRESS, 0x08075800, SFI_CAUSE_AREA_ADDRESS},
    {"in a data page", 1, ADDRESS, 0x0807f800, SFI_CAUSE_AREA_ADDRESS},
    {"in RAM", 1, ADDRESS, 0x20000000, SFI_CAUSE_AREA_ADDRESS},
    {"in the option bytes", 1, ADDRESS, 0x1fff7800, SFI_CAUSE_AREA_ADDRESS},
    {"end of addresses", 1, ADDRESS, 0xffffffff, SFI_CAUSE_AREA_ADDRESS},
    {"overlap", 1, ADDRESS, 0x08001000 + 200, SFI_CAUSE_AREA_BELOW},
    {"shared program unit", 1, ADDRESS, 0x08001000 + 300, SFI_CAUSE_AREA_BELOW},
    {"descending", 0, ADDRESS, 0x08004000, SFI_CAUSE_AREA_BELOW},
    {"no content", 1, SIZE, 0, SFI_CAUSE_AREA_SIZE},
    {"two versions", 1, VERSION, 8, SFI_CAUSE_AREA_VERSION},
    {"option bytes missing", 2, SIZE, 16, SFI_CAUSE_AREA_SIZE},
    {"too many option bytes", 2, SIZE, 24, SFI_CAUSE_AREA_SIZE},
    {"option bytes at an address", 2, ADDRESS, 0x08001000,
     SFI_CAUSE_AREA_ADDRESS},
    {"option bytes first", 0, TYPE, 'C', SFI_CAUSE_AREA_ORDER},
    {"firmware last", 2, TYPE, 'F', SFI_CAUSE_AREA_ORDER},
};

static void
change(struct image_area *d, enum field field, uint32_t value)
{
    switch (field) {
    case TYPE:
        d->type = (uint8_t)value;
        break;
    case VERSION:
        d->version = (uint8_t)value;
        break;
    case SIZE:
        d->size = value;
        break;
    case ADDRESS:
        d->address = value;
        break;
    }
}

START_TEST(test_wrong_image)
{
    for (size_t i = 0; i < ROWS(wrong); i++) {
        struct image_area *d = &install.image.area[wrong[i].area].d;
        struct image_area before = *d;

        binary_restore(&binary, SLOT_LICENSED);
        change(d, wrong[i].field, wrong[i].value);
        install_seal(&install);
        install_assert_refused(&install, &binary, wrong[i].name, send_image(),
                               wrong[i].cause);
        *d = before;
    }
    install_seal(&install);
}
END_TEST

/* ---- altered in transit ---- */

static const struct {
    const char *name;
    uint16_t opcode;
    uint32_t at;
    int cause;
} altered[] = {
    {"magic", SFI_CMD_HEADER, 7, SFI_CAUSE_HEADER_MAGIC},
    {"version", SFI_CMD_HEADER, 9, SFI_CAUSE_HEADER_VERSION},
    {"areas", SFI_CMD_HEADER, 11, SFI_CAUSE_HEADER_TAG},
    {"header tag", SFI_CMD_HEADER, 27, SFI_CAUSE_HEADER_TAG},
    {"type", SFI_CMD_AREA, 0, SFI_CAUSE_AREA_TYPE},
    {"image version", SFI_CMD_AREA, 1, SFI_CAUSE_AREA_TAG},
    {"index", SFI_CMD_AREA, 2, SFI_CAUSE_AREA_INDEX},
    {"size", SFI_CMD_AREA, 7, SFI_CAUSE_AREA_SIZE},
    {"address", SFI_CMD_AREA, 8, SFI_CAUSE_AREA_TAG},
    {"total", SFI_CMD_AREA, 12, SFI_CAUSE_AREA_TOTAL},
    {"area tag", SFI_CMD_AREA, 14, SFI_CAUSE_AREA_TAG},
    {"first byte", SFI_CMD_DATA, 0, SFI_CAUSE_AREA_TAG},
    {"last byte", SFI_CMD_DATA, 299, SFI_CAUSE_AREA_TAG},
};

START_TEST(test_altered)
{
    for (size_t i = 0; i < ROWS(altered); i++) {
        uint8_t *at = altered[i].opcode == SFI_CMD_HEADER
                          ? install.image.header
                          : install.image.area[0].raw;

        if (altered[i].opcode == SFI_CMD_DATA)
            at = install.image.area[0].cipher;
        binary_restore(&binary, SLOT_LICENSED);
        at[altered[i].at] ^= 1;
        install_assert_refused(&install, &binary, altered[i].name, send_image(),
                               altered[i].cause);
        at[altered[i].at] ^= 1;
    }
}
END_TEST

START_TEST(test_order)
{
    static const struct {
        uint32_t order[3];
    } rows[] = {{{1, 0, 2}}, {{0, 2, 1}}, {{2, 0, 1}},
                {{0, 0, 2}}, {{0, 1, 1}}, {{0, 1, 0}}};

    for (size_t i = 0; i < ROWS(rows); i++) {
        binary_restore(&binary, SLOT_LICENSED);
        ck_assert_int_eq(send_header(), 0);
        install_assert_refused(
            &install, &binary, "order",
            send_areas(rows[i].order[0], rows[i].order[1], rows[i].order[2]),
            SFI_CAUSE_AREA_INDEX);
    }
}
END_TEST

/* FINISH before the last area: nothing is committed, nothing is lost. */
START_TEST(test_truncated)
{
    binary_restore(&binary, SLOT_LICENSED);
    ck_assert_int_eq(send_header(), 0);
    ck_assert_int_eq(install_area(&binary, &install.image.area[0]), 0);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL),
        SFI_CAUSE_STATE);
    ck_assert_int_eq(install_area(&binary, &install.image.area[1]), 0);
    ck_assert_int_eq(install_area(&binary, &install.image.area[2]), 0);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_FINISH, NULL, 0, NULL, 0, NULL), 0);
    install_assert_complete(&install, &binary, "truncated");
}
END_TEST

/* ---- licences ---- */

static int
send_license(const uint8_t license[LICENSE_LEN])
{
    binary_restore(&binary, SLOT_READY);
    return install_request(&binary, SFI_CMD_LICENSE, NULL, 0, license,
                           LICENSE_LEN, NULL);
}

static const struct {
    const char *name;
    uint32_t at;
    int cause;
} licenses[] = {
    {"type", 3, SFI_CAUSE_LICENSE_TYPE},
    {"session", 4, SFI_CAUSE_LICENSE_SESSION},
    {"version", 8, SFI_CAUSE_LICENSE_VERSION},
    {"security version", 15, SFI_CAUSE_LICENSE_VERSION},
    {"reserved", 20, SFI_CAUSE_LICENSE},
    {"ephemeral key, off the curve", 24, SFI_CAUSE_LICENSE},
    {"ephemeral key, last byte", 87, SFI_CAUSE_LICENSE},
    {"sealed", 88, SFI_CAUSE_LICENSE},
    {"tag, first byte", 120, SFI_CAUSE_LICENSE},
    {"tag, last byte", 135, SFI_CAUSE_LICENSE},
};

START_TEST(test_licenses)
{
    uint8_t license[LICENSE_LEN];

    for (size_t i = 0; i < ROWS(licenses); i++) {
        memcpy(license, install.image.license, sizeof(license));
        license[licenses[i].at] ^= 1;
        install_assert_refused(&install, &binary, licenses[i].name,
                               send_license(license), licenses[i].cause);
    }
}
END_TEST

/* For another part; of a public key that is no point; live, of no session. */
START_TEST(test_foreign_license)
{
    static const uint8_t other_secret[32] = {[31] = 0x05};
    uint8_t other[64], license[LICENSE_LEN];

    ck_assert_ok(sfi__ecc_public(ctx, other_secret, other));
    ck_assert_ok(sfi__license_make(ctx, other, LICENSE_STATIC, 0, test_key,
                                   test_nonce, license));
    install_assert_refused(&install, &binary, "of another part",
                           send_license(license), SFI_CAUSE_LICENSE);
    memcpy(license, install.image.license, sizeof(license));
    memset(license + 24, 0, 64);
    install_assert_refused(&install, &binary, "of no point",
                           send_license(license), SFI_CAUSE_LICENSE);
    ck_assert_ok(sfi__license_make(ctx, binary.kit.public_key, LICENSE_LIVE, 7,
                                   test_key, test_nonce, license));
    install_assert_refused(&install, &binary, "of no session",
                           send_license(license), SFI_CAUSE_LICENSE_SESSION);
}
END_TEST

/* A live licence opens once, for the session that it names. */
START_TEST(test_live_license)
{
    uint8_t reply[SFI_CMD_REPLY_MAX], license[LICENSE_LEN];
    uint32_t session;

    binary_restore(&binary, SLOT_READY);
    ck_assert_int_eq(
        install_request(&binary, SFI_CMD_SESSION, NULL, 0, NULL, 0, reply), 0);
    session = (uint32_t)reply[0] | (uint32_t)reply[1] << 8 |
              (uint32_t)reply[2] << 16 | (uint32_t)reply[3] << 24;
    ck_assert_ok(sfi__license_make(ctx, binary.kit.public_key, LICENSE_LIVE,
                                   session, test_key, test_nonce, license));
    ck_assert_int_eq(install_request(&binary, SFI_CMD_LICENSE, NULL, 0, license,
                                     LICENSE_LEN, NULL),
                     0);
    ck_assert_int_eq(send_image(), 0);
    install_assert_refused(&install, &binary, "again", send_license(license),
                           SFI_CAUSE_LICENSE_SESSION);
}
END_TEST

/* After all that the intact image is taken. */
START_TEST(test_still_installs)
{
    uint8_t license[LICENSE_LEN];

    memset(license, 0x5a, sizeof(license));
    install_assert_refused(&install, &binary, "garbage", send_license(license),
                           SFI_CAUSE_LICENSE_TYPE);
    install_run(&install, &binary);
    install_assert_gone(&install, &binary, "after a refusal");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("refusals");
    TCase *t = tcase_create("refusals");

    tcase_add_unchecked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, test_wrong_image);
    tcase_add_test(t, test_altered);
    tcase_add_test(t, test_order);
    tcase_add_test(t, test_truncated);
    tcase_add_test(t, test_licenses);
    tcase_add_test(t, test_foreign_license);
    tcase_add_test(t, test_live_license);
    tcase_add_test(t, test_still_installs);
    suite_add_tcase(s, t);
    return run_suite(s);
}
