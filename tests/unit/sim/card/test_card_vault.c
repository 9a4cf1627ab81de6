/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A card with a vault, from blank to retired, as seen by a host that sends
 * bytes; and what the vault reports. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sfi/audit.h>

#include "util/mem.h"
#include "util/rd.h"
#include "util/wr.h"
#include "core/ctx.h"
#include "wire/card_command.h"
#include "license/certificate.h"

#include <card/card_kit.h>
#include <disk/disk.h>
#include "fixture.h"

static char folder[64];
static char path[128];

/* A blocked vault is looked at again in case another process is just trying a
 * PIN; here there is none. */
static void
no_wait(void *user, uint32_t ms)
{
    (void)user;
    (void)ms;
}

static const struct clock quick = {.sleep_ms = no_wait};

static void
setup(void)
{
    card_setup();
    ctx->clock = &quick;
    disk_install(DISK_FAST, 0);
    sfi_card_free(card);
    card = NULL;
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/card.vault", folder);
}

static void
teardown(void)
{
    card_teardown();
    test_rmdir(folder);
}

/* Power comes back: another process opens the same file. */
static void
insert(void)
{
    sfi_hsm *hsm;

    sfi_card_free(card);
    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_card_new(ctx, hsm, &card));
    sfi_hsm_free(hsm);
    card_select();
}

static uint16_t
give_pin(const char *pin)
{
    return card_say(card, 0x00200001, pin, strlen(pin), NULL, NULL);
}

static void
put(uint8_t object, const void *data, size_t len)
{
    ck_assert_uint_eq(
        card_say(card, 0x80da0100u | object, data, len, NULL, NULL),
        CARD_SW_OK);
}

static void
put_number(uint8_t object, uint64_t value, size_t len)
{
    uint8_t data[8];
    struct wr w;

    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_u64be(&w, value);
    put(object, data + sizeof(data) - len, len);
}

static uint8_t audit_key[SFI_AUDIT_KEY_LEN] = "the owner keeps this one, 32 b.";

static void
put_all(uint64_t maximum)
{
    uint8_t record[32] = {0};

    memcpy(record, maker.nonce, SFI_NONCE_LEN);
    memcpy(record + 16, maker.key_secret, SFI_KEY_LEN);
    put(CARD_DO_KEY, record, sizeof(record));
    put(CARD_DO_FIRMWARE_ID, MAKER_FIRMWARE_ID, strlen(MAKER_FIRMWARE_ID));
    put_number(CARD_DO_MAXIMUM, maximum, 8);
    put(CARD_DO_PERSO, maker.perso_data, PERSO_LEN);
    put(CARD_DO_AUDIT_KEY, audit_key, sizeof(audit_key));
}

static uint16_t
lock(void)
{
    return card_say(card, 0x80f0000f, NULL, 0, NULL, NULL);
}

/* Provisioned for this many, and logged in. */
static void
personalise(uint64_t maximum, uint32_t flags)
{
    insert();
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_OK);
    put_all(maximum);
    put_number(CARD_DO_FLAGS, flags, 4);
    ck_assert_uint_eq(lock(), CARD_SW_OK);
}

/* GET DATA INFO, and of it the state, tries, installations left, records. */
struct seen {
    uint8_t state, tries;
    uint64_t remaining, records;
};

static struct seen
look(void)
{
    uint8_t out[SFI_CARD_APDU_MAX];
    struct seen seen;
    struct rd r;
    size_t len;

    ck_assert_uint_eq(card_say(card, 0x80ca0110, NULL, 0, out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(len, CARD_INFO_LEN);
    sfi__rd_init(&r, out + 1, len - 1);
    seen.state = sfi__rd_u8(&r);
    seen.tries = sfi__rd_u8(&r);
    sfi__rd_skip(&r, 5);
    seen.remaining = sfi__rd_u64be(&r);
    sfi__rd_skip(&r, 16);
    seen.records = sfi__rd_u64be(&r);
    return seen;
}

static uint16_t
get_license(const struct chip *c, uint8_t *out)
{
    uint8_t buf[SFI_CARD_APDU_MAX];
    size_t len;
    uint16_t sw =
        card_say(card, 0x802a0000, c->data, sizeof(c->data), buf, &len);

    ck_assert_uint_eq(len, sw == CARD_SW_OK ? SFI_LICENSE_LEN : 0);
    memcpy(out, buf, len);
    return sw;
}

static void
opens(const struct chip *c, const uint8_t *data)
{
    sfi_license *lic;

    ck_assert_ok(sfi_license_parse(ctx, data, SFI_LICENSE_LEN, &lic));
    chip_opens(c, &maker, lic);
    sfi_license_free(lic);
}

/* ---- the life of a card ---- */

START_TEST(test_life)
{
    uint8_t first[SFI_LICENSE_LEN], again[SFI_LICENSE_LEN];
    struct chip other, third;
    sfi_hsm *hsm;

    chip_make(&maker, MAKER_PRODUCT, &other);
    chip_make(&maker, MAKER_PRODUCT, &third);
    insert();
    ck_assert_uint_eq(look().state, SFI_HSM_BLANK);
    ck_assert_int_ne(access(path, F_OK), 0); /* blank is no file */
    personalise(2, 0);
    ck_assert_uint_eq(look().state, SFI_HSM_OPERATIONAL);
    ck_assert_uint_eq(lock(), CARD_SW_CONDITIONS);
    ck_assert_card(card, "80da010b04 00000000", "6985");

    ck_assert_uint_eq(get_license(&chip, first), CARD_SW_OK);
    opens(&chip, first);
    ck_assert_uint_eq(look().remaining, 1);
    insert(); /* pulled; again costs nothing */
    ck_assert_uint_eq(get_license(&chip, again), CARD_SW_SECURITY);
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_OK);
    ck_assert_uint_eq(get_license(&chip, again), CARD_SW_OK);
    ck_assert_mem_eq(again, first, sizeof(first));
    ck_assert_uint_eq(look().remaining, 1);

    ck_assert_uint_eq(get_license(&other, again), CARD_SW_OK);
    opens(&other, again);
    ck_assert_uint_eq(look().state, SFI_HSM_EXHAUSTED);
    ck_assert_uint_eq(get_license(&third, again), CARD_SW_CONDITIONS);
    ck_assert_uint_eq(get_license(&chip, again), CARD_SW_OK);
    ck_assert_mem_eq(again, first, sizeof(first));

    ck_assert_card(card, "80f0000e", "9000");
    ck_assert_uint_eq(look().state, SFI_HSM_RETIRED);
    ck_assert_uint_eq(look().records, 3);
    ck_assert_uint_eq(get_license(&chip, again), CARD_SW_CONDITIONS);
    ck_assert_card(card, "80f0000e", "6985");
    insert();
    ck_assert_uint_eq(look().state, SFI_HSM_RETIRED);

    hsm = vault_login(path); /* and the file is a vault that verifies
                              * completely */
    ck_assert_uint_eq(vault_remaining(hsm), 0);
    sfi_hsm_free(hsm);
    chip_free(&other);
    chip_free(&third);
}
END_TEST

START_TEST(test_live)
{
    uint8_t in[SFI_CERTIFICATE_LEN + 4], out[SFI_CARD_APDU_MAX];
    uint8_t first[SFI_LICENSE_LEN];
    size_t len;

    personalise(5, SFI_HSM_LIVE_ONLY);
    memcpy(in, chip.data, sizeof(chip.data));
    memcpy(in + sizeof(chip.data), "\xca\xfe\0\1", 4);
    ck_assert_uint_eq(get_license(&chip, first), CARD_SW_CONDITIONS);
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, sizeof(in), out, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(len, SFI_LICENSE_LEN);
    ck_assert_mem_eq(out, "SFIL", 4);
    memcpy(first, out, len);
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, sizeof(in), out, &len),
                      CARD_SW_OK);
    ck_assert_mem_eq(out, first, len); /* the same session */
    in[sizeof(in) - 1] = 2;
    ck_assert_uint_eq(card_say(card, 0x802a0000, in, sizeof(in), out, &len),
                      CARD_SW_OK);
    ck_assert_mem_ne(out, first, len);
    ck_assert_uint_eq(look().remaining, 4); /* one device */
    ck_assert_uint_eq(look().records, 2);
}
END_TEST

/* The card reports the same audit as the vault. */
START_TEST(test_log)
{
    uint8_t head[SFI_CARD_APDU_MAX], out[SFI_CARD_APDU_MAX];
    uint8_t lic[SFI_LICENSE_LEN];
    sfi_audit_record r = {.struct_size = sizeof(r)};
    sfi_audit_head h = {.struct_size = sizeof(h)};
    size_t len;
    sfi_hsm *hsm;

    personalise(5, 0);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_OK);
    insert(); /* no PIN is needed */
    ck_assert_uint_eq(card_say(card, 0x80ca0111, NULL, 0, head, &len), 0x611c);
    ck_assert_uint_eq(card_say(card, 0x00c00000, NULL, 0, head + 256, &len),
                      CARD_SW_OK);
    ck_assert_uint_eq(
        card_say(card, 0x80b20000, "\0\0\0\0\0\0\0\1", 8, out, &len),
        CARD_SW_OK);
    ck_assert_card(card, "80b2000008 0000000000000000 00", "6a83");
    ck_assert_card(card, "80b2000008 0000000000000002 00", "6a83");
    ck_assert_card(card, "80b2000008 ffffffffffffffff 00", "6a83");

    ck_assert_ok(vault_open(path, &hsm));
    ck_assert_ok(sfi_hsm_get_audit_head(hsm, &h));
    ck_assert_ok(sfi_hsm_get_audit_record(hsm, 1, &r));
    ck_assert_mem_eq(head + CARD_AUDIT_LEN - 96, h.genesis, 32);
    ck_assert_mem_eq(head + CARD_AUDIT_LEN - 64, h.audit_head, 32);
    ck_assert_mem_eq(head + CARD_AUDIT_LEN - 32, h.mac, 32);
    ck_assert_mem_eq(h.audit_head, r.hash, 32);
    ck_assert_mem_eq(out + CARD_RECORD_LEN - 64, r.hash, 32);
    ck_assert_mem_eq(out + CARD_RECORD_LEN - 32, r.mac, 32);
    ck_assert_mem_eq(out + 32, chip.cert->device_hash, 32);
    sfi_hsm_free(hsm);
}
END_TEST

/* ---- the PIN ---- */

START_TEST(test_blocked)
{
    uint8_t lic[SFI_LICENSE_LEN];

    personalise(5, 0);
    ck_assert_uint_eq(give_pin("wrong"), 0x63c9);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_SECURITY);
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_OK); /* ten again */
    for (unsigned left = 9; left > 0; left--) {
        insert(); /* pulling the card restores no try */
        ck_assert_uint_eq(give_pin("wrong"), 0x63c0 | left);
        ck_assert_uint_eq(look().tries, left);
    }
    ck_assert_uint_eq(give_pin("wrong"), 0x63c0);
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_BLOCKED);
    ck_assert_card(card, "0024000109 04 34373131 35383232", "6983");
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_BLOCKED);
    ck_assert_uint_eq(look().state, SFI_HSM_BLOCKED);
    insert();
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_BLOCKED);
    ck_assert_card(card, "00200001", "6983");
}
END_TEST

START_TEST(test_change_pin)
{
    uint8_t data[64], lic[SFI_LICENSE_LEN];
    struct wr w;

    insert();
    sfi__wr_init(&w, data, sizeof(data));
    sfi__wr_u8(&w, (uint8_t)strlen(MAKER_PIN));
    sfi__wr_bytes(&w, MAKER_PIN, strlen(MAKER_PIN));
    sfi__wr_bytes(&w, "another one", 11);
    ck_assert_uint_eq(
        card_say(card, 0x00240001, data, sfi__wr_len(&w), NULL, NULL),
        CARD_SW_CONDITIONS); /* blank: nothing to change */
    personalise(5, 0);
    insert();
    ck_assert_uint_eq(
        card_say(card, 0x00240001, data, sfi__wr_len(&w), NULL, NULL),
        CARD_SW_OK);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_OK);
    opens(&chip, lic);
    insert();
    ck_assert_uint_eq(give_pin(MAKER_PIN), 0x63c9);
    ck_assert_uint_eq(
        card_say(card, 0x00240001, data, sfi__wr_len(&w), NULL, NULL), 0x63c8);
    ck_assert_uint_eq(give_pin("another one"), CARD_SW_OK);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_OK);
    opens(&chip, lic);
    ck_assert_uint_eq(look().remaining, 4);
}
END_TEST

/* ---- what a card must not take ---- */

START_TEST(test_certificates)
{
    uint8_t data[SFI_CERTIFICATE_LEN], lic[SFI_LICENSE_LEN];
    struct maker stranger;
    struct chip other;

    personalise(5, 0);
    chip_make(&maker, "49700001", &other); /* of another product */
    ck_assert_uint_eq(get_license(&other, lic), CARD_SW_DATA);
    chip_free(&other);
    maker_init(&stranger); /* of another CA */
    chip_make(&stranger, MAKER_PRODUCT, &other);
    ck_assert_uint_eq(get_license(&other, lic), CARD_SW_DATA);
    chip_free(&other);
    maker_free(&stranger);
    for (size_t i = 0; i < sizeof(data); i += test_step(17)) {
        memcpy(data, chip.data, sizeof(data));
        data[i] ^= 0x10; /* off the curve, or wrongly signed */
        ck_assert_uint_eq(
            card_say(card, 0x802a0000, data, sizeof(data), NULL, NULL),
            CARD_SW_DATA);
        ck_assert_str_ne(sfi_card_reason(card), "");
    }
    ck_assert_uint_eq(look().remaining, 5);
    ck_assert_uint_eq(look().records, 0);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_OK);
}
END_TEST

/* Power fails at each step of a personalisation: the card is blank, or fully
 * personalised. */
START_TEST(test_half_personalised)
{
    insert();
    if (_i > 0)
        ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_OK);
    if (_i > 1)
        put_all(5);
    if (_i > 2)
        ck_assert_uint_eq(lock(), CARD_SW_OK);
    insert();
    ck_assert_uint_eq(look().state,
                      _i > 2 ? SFI_HSM_OPERATIONAL : SFI_HSM_BLANK);
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_OK);
    ck_assert_uint_eq(lock(), CARD_SW_CONDITIONS);
    if (_i > 2)
        return;
    personalise(5, 0);
    ck_assert_uint_eq(look().state, SFI_HSM_OPERATIONAL);
}
END_TEST

/* Its file is missing, or has other content. */
START_TEST(test_memory_fails)
{
    uint8_t lic[SFI_LICENSE_LEN];
    FILE *f;

    personalise(5, 0);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_OK);
    sfi_card_free(card);
    card = NULL;
    insert();
    f = fopen(path, "r+b");
    ck_assert_ptr_nonnull(f);
    for (int i = 0; i < 40000; i++)
        (void)fputc('x', f);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_card(card, "80ca011000", "6581");
    ck_assert_str_ne(sfi_card_reason(card), "");
    ck_assert_card(card, "80ca011100", "6581");
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_MEMORY);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_MEMORY);
    ck_assert_card(card, "80ca010100", "6581");
    ck_assert_card(card, CARD_SELECT_HEX, CARD_SELECTED_HEX);
}
END_TEST

/* Two cards of one state count together. */
START_TEST(test_two_of_one_state)
{
    uint8_t lic[SFI_LICENSE_LEN];
    struct chip other;
    sfi_card *first;

    chip_make(&maker, MAKER_PRODUCT, &other);
    personalise(1, 0);
    first = card;
    card = NULL;
    insert();
    ck_assert_uint_eq(give_pin(MAKER_PIN), CARD_SW_OK);
    ck_assert_uint_eq(get_license(&chip, lic), CARD_SW_OK);
    ck_assert_uint_eq(card_say(first, 0x802a0000, other.data,
                               SFI_CERTIFICATE_LEN, NULL, NULL),
                      CARD_SW_CONDITIONS);
    sfi_card_free(first);
    chip_free(&other);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("card_vault");
    TCase *t = tcase_create("card");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, test_life);
    tcase_add_test(t, test_live);
    tcase_add_test(t, test_log);
    tcase_add_test(t, test_blocked);
    tcase_add_test(t, test_change_pin);
    tcase_add_test(t, test_certificates);
    tcase_add_loop_test(t, test_half_personalised, 0, 4);
    tcase_add_test(t, test_memory_fails);
    tcase_add_test(t, test_two_of_one_state);
    suite_add_tcase(s, t);
    return run_suite(s);
}
