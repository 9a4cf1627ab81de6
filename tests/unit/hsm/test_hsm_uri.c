/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Names of HSMs, and which of them this build can open. */
#include <sfi/hsm.h>
#include <sfi/version.h>

#include "hsm/uri.h"

#include "fixture.h"
#include "system.h"

#define EXPECTED                                            \
    ", expected vault:PATH, pcsc:READER, a slot number or " \
    "server:https://HOST:PORT/FIRMWARE"
#define NAME_16 "0123456789abcdef"
#define NAME_64 NAME_16 NAME_16 NAME_16 NAME_16
#define NAME_128 NAME_64 NAME_64

static const struct {
    const char *uri;
    const char *message;
} bad_names[] = {
    {"", "\"\" is not the name of an HSM" EXPECTED},
    {"vault", "\"vault\" is not the name of an HSM" EXPECTED},
    {"vault:", "\"vault:\" is not the name of an HSM" EXPECTED},
    {"vault:?token=pkcs11:token=x",
     "\"vault:?token=pkcs11:token=x\" is not the name of an HSM" EXPECTED},
    {"/tmp/x", "\"/tmp/x\" is not the name of an HSM" EXPECTED},
    {"VAULT:x", "\"VAULT:x\" is not the name of an HSM" EXPECTED},
    {"pcsc:", "\"pcsc:\" is not the name of an HSM" EXPECTED},
    {"pcsc", "\"pcsc\" is not the name of an HSM" EXPECTED},
    {"pcsc:?apdu=short",
     "\"pcsc:?apdu=short\" is not the name of an HSM" EXPECTED},
    {"1x", "\"1x\" is not the name of an HSM" EXPECTED},
    {"-1", "\"-1\" is not the name of an HSM" EXPECTED},
    {" 1", "\" 1\" is not the name of an HSM" EXPECTED},
    {"0", "slot 0, expected a number from 1"},
    {"pcsc:00", "slot 00, expected a number from 1"},
    {"0?apdu=short", "slot 0, expected a number from 1"},
    {"1?apdu=long",
     "\"?apdu=long\" after a reader, expected ?apdu=short or ?apdu=extended"},
    {"pcsc:A b?",
     "\"?\" after a reader, expected ?apdu=short or ?apdu=extended"},
    {"pcsc:1?apdu=short&x=y", "\"?apdu=short&x=y\" after a reader, expected "
                              "?apdu=short or ?apdu=extended"},
    {"pcsc:" NAME_128,
     "a reader's name of 128 characters, expected at most 127"},
    {"pcsc:" NAME_128 "?apdu=short",
     "a reader's name of 128 characters, expected at most 127"},
};

START_TEST(test_bad_name)
{
    sfi_hsm *hsm = (sfi_hsm *)&memory;

    ck_assert_fails(sfi_hsm_open(ctx, bad_names[_i].uri, &hsm), SFI_ERR_FORMAT,
                    "", bad_names[_i].message);
    ck_assert_ptr_null(hsm);
}
END_TEST

/* Each of these forms means a card. */
static const struct {
    const char *uri;
    const char *where;
    const char *reader;
    bool short_only;
} cards[] = {
    {"1", "pcsc:1", "1", false},
    {"4294967295", "pcsc:4294967295", "4294967295", false},
    {"pcsc:2", "pcsc:2", "2", false},
    {"2?apdu=short", "pcsc:2", "2", true},
    {"pcsc:A reader 00 01", "pcsc:A reader 00 01", "A reader 00 01", false},
    {"pcsc:A reader 00 01?apdu=short", "pcsc:A reader 00 01", "A reader 00 01",
     true},
    {"pcsc:Who? 01?apdu=extended", "pcsc:Who? 01", "Who? 01", false},
    {"pcsc:" NAME_64 NAME_16 "?apdu=extended", "pcsc:" NAME_64 NAME_16,
     NAME_64 NAME_16, false},
};

START_TEST(test_card_name)
{
    sfi_hsm *hsm = (sfi_hsm *)&memory;
    struct hsm_uri name;

    ck_assert_ok(sfi__hsm_uri_parse(ctx, cards[_i].uri, &name));
    ck_assert_int_eq(name.kind, HSM_CARD);
    ck_assert_str_eq(name.reader, cards[_i].reader);
    ck_assert_int_eq(name.short_only, cards[_i].short_only);
    set_environment("PCSCLITE_CSOCK_NAME", "/nonexistent/comm");
    ck_assert_fails(sfi_hsm_open(ctx, cards[_i].uri, &hsm),
                    sfi_has_feature("pcsc") ? SFI_ERR_NO_DEVICE
                                            : SFI_ERR_UNSUPPORTED,
                    cards[_i].where,
                    sfi_has_feature("pcsc")
                        ? "the card service ... pcscd ..."
                        : "this libsfi was built without smartcards: they need "
                          "libpcsclite");
    ck_assert_ptr_null(hsm);
}
END_TEST

/* Without SQLite the message gives the reason; with it, the name is a vault. */
START_TEST(test_vault_or_reason)
{
    sfi_hsm *hsm;
    sfi_status st = sfi_hsm_open(ctx, "vault:/nonexistent/none", &hsm);

    ck_assert_int_eq(st,
                     sfi_has_feature("vault") ? SFI_OK : SFI_ERR_UNSUPPORTED);
    if (st != SFI_OK)
        ck_assert_str_eq(
            sfi_error_message(sfi_ctx_error(ctx)),
            "this libsfi was built without the vault: it needs SQLite");
    sfi_hsm_free(hsm);
}
END_TEST

static void
on_slot(void *user, const sfi_hsm_slot *slot)
{
    ck_abort_msg("%p %s", user, slot->name);
}

/* Without libpcsclite, or without its service, the message gives the reason. */
START_TEST(test_cards_or_reason)
{
    set_environment("PCSCLITE_CSOCK_NAME", "/nonexistent/comm");
    if (sfi_has_feature("pcsc"))
        ck_assert_fails_about(sfi_hsm_list(ctx, on_slot, NULL),
                              SFI_ERR_NO_DEVICE, "", "card service", "pcscd");
    else
        ck_assert_fails_about(sfi_hsm_list(ctx, on_slot, NULL),
                              SFI_ERR_UNSUPPORTED, "", "libpcsclite");
}
END_TEST

/* Without p11-kit the message gives the reason; with it, the URI is parsed. */
START_TEST(test_token_or_reason)
{
    sfi_hsm *hsm;
    sfi_status st =
        sfi_hsm_open(ctx, "vault:/nonexistent/none?token=pkcs12:", &hsm);

    ck_assert_ptr_null(hsm);
    if (!sfi_has_feature("vault"))
        ck_assert_int_eq(st, SFI_ERR_UNSUPPORTED);
    else if (sfi_has_feature("pkcs11"))
        ck_assert_fails_about(st, SFI_ERR_FORMAT, "vault:/nonexistent/none",
                              "pkcs11:");
    else
        ck_assert_fails(
            st, SFI_ERR_UNSUPPORTED, "vault:/nonexistent/none",
            "this libsfi was built without tokens: they need p11-kit");
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("hsm_uri");
    TCase *tc = tcase_create("names");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_bad_name, 0, (int)ROWS(bad_names));
    tcase_add_loop_test(tc, test_card_name, 0, (int)ROWS(cards));
    tcase_add_test(tc, test_vault_or_reason);
    tcase_add_test(tc, test_cards_or_reason);
    tcase_add_test(tc, test_token_or_reason);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
