/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The card is pulled, or answers wrongly, at every command of a story: before
 * the card did it, and after.  Whatever happens, the count is never above what
 * was issued, the same device gets its licence, and a PIN is sent once. */
#include <stdio.h>
#include <string.h>

#include <sfi/card.h>

#include "core/err.h"
#include "wire/card_command.h"
#include "hsm/card/channel.h"
#include "hsm/open.h"

#include <disk/disk.h>
#include "fixture.h"
#include <bench/maker.h>

#define COUNT 3u
#define WRONG_PIN "0000-0000"
#define NEW_PIN "8765-4321"
#define TRIES 10u
#define RECOGNISED 2u /* by so many exchanges */

/* ---- what can go wrong with an exchange ---- */

enum trouble {
    PULLED_BEFORE, /* the card did not do it, and stays away */
    PULLED_AFTER,  /* it did */
    BACK_BEFORE,   /* the same, but the card is back at once, and was reset */
    BACK_AFTER,
    FAILED_BEFORE, /* the exchange fails, the card stays */
    FAILED_AFTER,
    SWAPPED, /* a different card is in the reader from now on */
    NO_ANSWER,
    HALF_STATUS,
    CUT,      /* a byte of the answer is missing */
    LONGER,   /* one is too many */
    WRONG_SW, /* and from this command on, one of the faults below */
};

static const uint16_t wrong_sw[] = {
    0x6100, 0x63c2, 0x6581, 0x6700, 0x6982, 0x6983, 0x6985, 0x6a80,
    0x6a82, 0x6a88, 0x6c10, 0x6d00, 0x6e00, 0x6f00, 0x9001, 0x9000,
};
#define TROUBLES (WRONG_SW + ROWS(wrong_sw))

/* ---- the reader ---- */

static struct reader {
    sfi_card *card, *other;
    size_t at; /* the exchange that goes wrong, from 1; 0: none */
    unsigned trouble;
    size_t exchanges;
    size_t verifies; /* PINs that a card received, or may have received */
    bool struck;
    bool away;
    bool was_reset;
} reader;

static sfi_status
report(sfi_status st, const char *what)
{
    sfi_ctx_report(ctx, st, 0, what);
    return st;
}

static sfi_status
gone(bool comes_back)
{
    sfi_card_reset(reader.card);
    reader.away = !comes_back;
    reader.was_reset = true;
    return report(SFI_ERR_NO_DEVICE, "the card was removed");
}

static void
exchange(const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    ck_assert_int_eq(sfi_card_apdu(reader.card, in, in_len, out, out_len),
                     SFI_OK);
}

static void
answer_wrongly(uint8_t *out, size_t *len)
{
    uint16_t sw;

    switch (reader.trouble) {
    case NO_ANSWER:
        *len = 0;
        break;
    case HALF_STATUS:
        *len = 1;
        break;
    case CUT: /* the status word stays */
        if (*len > 2)
            memmove(out, out + 1, --*len);
        break;
    case LONGER:
        memmove(out + 1, out, (*len)++);
        break;
    default:
        sw = wrong_sw[reader.trouble - WRONG_SW];
        out[0] = (uint8_t)(sw >> 8);
        out[1] = (uint8_t)sw;
        *len = 2;
        break;
    }
}

static sfi_status
strike(const uint8_t *in, size_t in_len, uint8_t *out, size_t *out_len)
{
    sfi_card *card = reader.card;

    reader.struck = true;
    if (reader.trouble == PULLED_BEFORE || reader.trouble == BACK_BEFORE)
        return gone(reader.trouble == BACK_BEFORE);
    if (reader.trouble == FAILED_BEFORE)
        return report(SFI_ERR_IO, "the reader failed");
    if (reader.trouble == SWAPPED) {
        (void)gone(true);
        reader.card = reader.other;
        reader.other = card;
        return report(SFI_ERR_IO, "the reader failed");
    }
    exchange(in, in_len, out, out_len);
    if (reader.trouble == PULLED_AFTER || reader.trouble == BACK_AFTER)
        return gone(reader.trouble == BACK_AFTER);
    if (reader.trouble == FAILED_AFTER)
        return report(SFI_ERR_IO, "the reader failed");
    answer_wrongly(out, out_len);
    return SFI_OK;
}

static sfi_status
reader_transmit(void *user, const uint8_t *in, size_t in_len, uint8_t *out,
                size_t *out_len)
{
    (void)user;
    ck_assert(!reader.away);
    if (in[1] == CARD_VERIFY || in[1] == CARD_CHANGE_PIN)
        reader.verifies++;
    if (++reader.exchanges == reader.at)
        return strike(in, in_len, out, out_len);
    exchange(in, in_len, out, out_len);
    return SFI_OK;
}

static sfi_status
reader_begin(void *user, bool *was_reset)
{
    (void)user;
    *was_reset = reader.was_reset;
    if (reader.away)
        return report(SFI_ERR_NO_DEVICE, "no card is there");
    reader.was_reset = false;
    return SFI_OK;
}

static void
reader_end(void *user)
{
    (void)user;
}

static const struct channel_ops reader_ops = {
    .transmit = reader_transmit,
    .begin = reader_begin,
    .end = reader_end,
    .close = reader_end,
};

static void
set_trouble(unsigned trouble, size_t at)
{
    reader.trouble = trouble;
    reader.at = at;
    reader.exchanges = 0;
    reader.struck = false;
}

/* The card is in the reader again, and all is well. */
static void
put_back(void)
{
    if (reader.trouble == SWAPPED && reader.struck) {
        sfi_card *card = reader.card;

        reader.card = reader.other;
        reader.other = card;
        reader.was_reset = true;
    }
    reader.away = false;
    set_trouble(0, 0);
}

/* ---- the bench ---- */

static struct maker maker;
static struct chip chips[COUNT + 1];
static char folder[1024];
static unsigned benches;
/* Stands in for the memory of the bench's card. */
static sfi_hsm *memory_of_card, *memory_of_other;
static sfi_hsm *hsm;

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    disk_install(DISK_FAST, 0);
    (void)maker_share(&maker);
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_make(&maker, MAKER_PRODUCT, &chips[i]);
}

static void
teardown(void)
{
    for (size_t i = 0; i < ROWS(chips); i++)
        chip_free(&chips[i]);
    maker_free(&maker);
    test_rmdir(folder);
    fixture_teardown();
}

/* With this firmware id; NULL: blank. */
static sfi_card *
new_card(const char *id, sfi_hsm **kept)
{
    char path[1100];
    sfi_card *card;

    (void)snprintf(path, sizeof(path), "%s/card%u", folder, benches++);
    if (id == NULL) {
        ck_assert_ok(vault_open(path, kept));
    } else {
        *kept = vault_login(path);
        ck_assert_ok(sfi_hsm_provision(*kept, maker.key, maker.nonce,
                                       SFI_NONCE_LEN, id, COUNT, maker.perso,
                                       NULL));
    }
    ck_assert_ok(sfi_card_new(ctx, *kept, &card));
    return card;
}

static void
bench(bool blank)
{
    sfi__clear_error(ctx);
    reader = (struct reader){.was_reset = true};
    reader.card = new_card(blank ? NULL : MAKER_FIRMWARE_ID, &memory_of_card);
    reader.other = new_card("other 1.0", &memory_of_other);
    hsm = NULL;
}

static void
clear_bench(void)
{
    sfi_hsm_free(hsm);
    sfi_card_free(reader.card);
    sfi_card_free(reader.other);
    sfi_hsm_free(memory_of_card);
    sfi_hsm_free(memory_of_other);
}

static sfi_status
open_card(void)
{
    const struct channel ch = {.ops = &reader_ops, .user = &reader};

    if (hsm != NULL)
        return SFI_OK;
    sfi__clear_error(ctx);
    return sfi__hsm_open_card(ctx, "1", &ch, false, &hsm);
}

static sfi_status
login(const char *pin)
{
    sfi_status st = open_card();

    return st == SFI_OK ? sfi_hsm_login(hsm, pin, strlen(pin)) : st;
}

/* Reads the card's memory directly. */
static sfi_hsm_info
look(void)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(memory_of_card, &info));
    return info;
}

/* Nothing was counted on the card that was put in instead. */
static void
other_is_untouched(void)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};

    ck_assert_ok(sfi_hsm_get_info(memory_of_other, &info));
    ck_assert_uint_eq(info.remaining, COUNT);
    ck_assert_uint_eq(info.records, 0);
    ck_assert_uint_eq(info.pin_tries_left, TRIES);
}

/* ---- licences ---- */

struct given {
    sfi_license *lic;
    uint8_t data[SFI_LICENSE_LEN];
};

static sfi_status
ask(size_t chip, struct given *g)
{
    const uint8_t *data;
    size_t len;
    sfi_status st = sfi_hsm_generate_license(hsm, chips[chip].cert, &g->lic);

    if (st != SFI_OK)
        return st;
    chip_opens(&chips[chip], &maker, g->lic);
    data = sfi_license_data(g->lic, &len);
    ck_assert_uint_eq(len, sizeof(g->data));
    memcpy(g->data, data, len);
    sfi_license_free(g->lic);
    return SFI_OK;
}

/* Open, log in, ask for two licences, until something fails; returns the number
 * of licences. */
static size_t
story(struct given given[2])
{
    size_t count = 0;

    if (login(MAKER_PIN) != SFI_OK)
        return 0;
    for (size_t i = 0; i < 2; i++) {
        given[i].lic = NULL;
        if (ask(i, &given[i]) == SFI_OK)
            count++;
    }
    return count;
}

static bool
licenses_survive(unsigned trouble, size_t at)
{
    struct given first[2] = {0}, again[2];
    size_t came;
    bool struck;

    bench(false);
    set_trouble(trouble, at);
    came = story(first);
    struck = reader.struck;
    /* never above what was issued */
    ck_assert_uint_le(look().remaining, COUNT - came);
    put_back();
    other_is_untouched();
    ck_assert_uint_eq(story(again), 2);
    ck_assert_uint_eq(look().remaining, COUNT - 2);
    ck_assert_uint_eq(look().records, 2);
    ck_assert_uint_eq(look().pin_tries_left, TRIES);
    for (size_t i = 0; i < 2; i++) {
        if (first[i].lic != NULL)
            ck_assert_mem_eq(first[i].data, again[i].data, SFI_LICENSE_LEN);
    }
    clear_bench();
    return struck;
}

/* Each exchange of a story in turn, until there is none left to strike. */
static void
sweep(unsigned trouble, bool (*survives)(unsigned trouble, size_t at),
      size_t least)
{
    /* a card swapped before it was recognised is just a different card */
    size_t at = trouble == SWAPPED ? RECOGNISED + 1 : 1;

    while (survives(trouble, at))
        at += test_step(3);
    ck_assert_uint_gt(at, least);
}

START_TEST(test_license)
{
    sweep((unsigned)_i, licenses_survive, 8);
}
END_TEST

/* ---- the PIN ---- */

/* However a login ends, it spends one try, and no card gets the PIN twice. */
static bool
wrong_pin_is_sent_once(unsigned trouble, size_t at)
{
    bool struck;

    bench(false);
    set_trouble(trouble, at);
    ck_assert_int_ne(login(WRONG_PIN), SFI_OK);
    struck = reader.struck;
    ck_assert_uint_le(reader.verifies, 1);
    ck_assert_uint_ge(look().pin_tries_left, TRIES - reader.verifies);
    put_back();
    other_is_untouched();
    ck_assert_int_eq(login(MAKER_PIN), SFI_OK);
    ck_assert_uint_eq(look().pin_tries_left, TRIES);
    clear_bench();
    return struck;
}

START_TEST(test_wrong_pin)
{
    /* a card that answers 9000 to any PIN is believed: it has the secrets */
    if (_i == WRONG_SW + (int)ROWS(wrong_sw) - 1)
        return;
    sweep((unsigned)_i, wrong_pin_is_sent_once, 4);
}
END_TEST

/* The card has the old PIN or the new one; the handle finds out which. */
static bool
change_is_whole(unsigned trouble, size_t at)
{
    sfi_status st;
    bool struck;

    bench(false);
    set_trouble(trouble, at);
    st = open_card();
    if (st == SFI_OK)
        st = sfi_hsm_change_pin(hsm, MAKER_PIN, strlen(MAKER_PIN), NEW_PIN,
                                strlen(NEW_PIN));
    struck = reader.struck;
    ck_assert_uint_le(reader.verifies, 1);
    put_back();
    other_is_untouched();
    if (st == SFI_OK && trouble < WRONG_SW)
        ck_assert_int_eq(login(NEW_PIN), SFI_OK);
    else if (login(NEW_PIN) != SFI_OK)
        ck_assert_int_eq(login(MAKER_PIN), SFI_OK);
    ck_assert_uint_eq(look().pin_tries_left, TRIES);
    clear_bench();
    return struck;
}

START_TEST(test_change_pin)
{
    sweep((unsigned)_i, change_is_whole, 4);
}
END_TEST

/* ---- the beginning and the end ---- */

static sfi_status
provision(void)
{
    sfi_status st = login(MAKER_PIN);

    if (st != SFI_OK)
        return st;
    return sfi_hsm_provision(hsm, maker.key, maker.nonce, SFI_NONCE_LEN,
                             MAKER_FIRMWARE_ID, COUNT, maker.perso, NULL);
}

/* The card is blank, or fully provisioned; then it issues licences. */
static bool
provisioning_is_whole(unsigned trouble, size_t at)
{
    struct given given[2];
    sfi_status st;
    bool struck;

    bench(true);
    set_trouble(trouble, at);
    st = provision();
    struck = reader.struck;
    put_back();
    other_is_untouched();
    if (st == SFI_OK) {
        ck_assert_uint_eq(look().state, SFI_HSM_OPERATIONAL);
    } else {
        sfi_hsm_free(hsm); /* it may have become a different card */
        hsm = NULL;
        if (look().state == SFI_HSM_BLANK)
            ck_assert_int_eq(provision(), SFI_OK);
    }
    ck_assert_uint_eq(look().maximum, COUNT);
    ck_assert_uint_eq(story(given), 2);
    ck_assert_uint_eq(look().remaining, COUNT - 2);
    clear_bench();
    return struck;
}

START_TEST(test_provision)
{
    sweep((unsigned)_i, provisioning_is_whole, 12);
}
END_TEST

/* One closing record; and no licence after it. */
static bool
end_is_the_end(unsigned trouble, size_t at)
{
    struct given given;
    sfi_status st;
    bool struck;

    bench(false);
    set_trouble(trouble, at);
    st = login(MAKER_PIN);
    if (st == SFI_OK)
        st = sfi_hsm_retire(hsm);
    struck = reader.struck;
    put_back();
    other_is_untouched();
    if (st == SFI_OK && trouble < WRONG_SW)
        ck_assert_uint_eq(look().state, SFI_HSM_RETIRED);
    ck_assert_int_eq(login(MAKER_PIN), SFI_OK);
    if (look().state != SFI_HSM_RETIRED)
        ck_assert_int_eq(sfi_hsm_retire(hsm), SFI_OK);
    ck_assert_uint_eq(look().state, SFI_HSM_RETIRED);
    ck_assert_uint_eq(look().records, 1);
    ck_assert_int_eq(ask(0, &given), SFI_ERR_HSM_STATE);
    clear_bench();
    return struck;
}

START_TEST(test_retire)
{
    sweep((unsigned)_i, end_is_the_end, 5);
}
END_TEST

/* ---- pulled for good, and put in again later ---- */

START_TEST(test_says_so)
{
    struct given given;

    bench(false);
    ck_assert_int_eq(login(MAKER_PIN), SFI_OK);
    reader.away = true;
    sfi_card_reset(reader.card);
    ck_assert_fails_about(ask(0, &given), SFI_ERR_NO_DEVICE, "pcsc:1",
                          "no card");
    reader.away = false;
    reader.was_reset = true;
    ck_assert_int_eq(ask(0, &given), SFI_OK);
    clear_bench();
}
END_TEST

START_TEST(test_another_card)
{
    struct given given;
    sfi_card *card;

    bench(false);
    ck_assert_int_eq(login(MAKER_PIN), SFI_OK);
    card = reader.card;
    reader.card = reader.other;
    reader.was_reset = true;
    ck_assert_fails_about(ask(0, &given), SFI_ERR_HSM, "pcsc:1",
                          "different card");
    other_is_untouched();
    reader.card = card;
    sfi_card_reset(card);
    reader.was_reset = true;
    ck_assert_int_eq(ask(0, &given), SFI_OK);
    clear_bench();
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("card_pull");
    TCase *tc = tcase_create("card");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, test_says_so);
    tcase_add_test(tc, test_another_card);
    tcase_add_loop_test(tc, test_license, 0, (int)TROUBLES);
    tcase_add_loop_test(tc, test_wrong_pin, 0, (int)TROUBLES);
    tcase_add_loop_test(tc, test_change_pin, 0, (int)TROUBLES);
    tcase_add_loop_test(tc, test_provision, 0, (int)TROUBLES);
    tcase_add_loop_test(tc, test_retire, 0, (int)TROUBLES);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
