/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The promise of every function that makes a handle: *out is NULL after any
 * failure, also when there is no context to complain to. */
#include <stdlib.h>

#include <check.h>

#include <sfi/sfi.h>

static uint8_t junk[200];

#define MAKER(name, call)              \
    static sfi_status name(void **out) \
    {                                  \
        return call;                   \
    }

MAKER(key, sfi_key_new(NULL, junk, 16, (sfi_key **)out))
MAKER(key_load, sfi_key_load(NULL, "/", (sfi_key **)out))
MAKER(firmware, sfi_firmware_load(NULL, "/", (sfi_firmware **)out))
MAKER(binary, sfi_firmware_load_binary(NULL, "/", 0, (sfi_firmware **)out))
MAKER(load_with, sfi_firmware_load_with(NULL, "/", NULL, (sfi_firmware **)out))
MAKER(parse, sfi_firmware_parse(NULL, NULL, 0, junk, 9, (sfi_firmware **)out))
MAKER(option_bytes, sfi_option_bytes_load(NULL, sfi_chip_at(0), "/",
                                          (sfi_option_bytes **)out))
MAKER(option_text, sfi_option_bytes_parse(NULL, sfi_chip_at(0), "", 0,
                                          (sfi_option_bytes **)out))
MAKER(builder,
      sfi_image_builder_new(NULL, sfi_chip_at(0), (sfi_image_builder **)out))
MAKER(reader, sfi_image_reader_new(NULL, NULL, NULL, (sfi_image_reader **)out))
MAKER(certificate,
      sfi_certificate_parse(NULL, junk, 136, (sfi_certificate **)out))
MAKER(cert_load, sfi_certificate_load(NULL, "/", (sfi_certificate **)out))
MAKER(license, sfi_license_parse(NULL, junk, 136, (sfi_license **)out))
MAKER(license_load, sfi_license_load(NULL, "/", (sfi_license **)out))
MAKER(store, sfi_license_store_open(NULL, "/", 0, (sfi_license_store **)out))
MAKER(stored, sfi_license_store_find(NULL, NULL, (sfi_license **)out))
MAKER(perso,
      sfi_personalization_parse(NULL, junk, 136, (sfi_personalization **)out))
MAKER(perso_load,
      sfi_personalization_load(NULL, "/", (sfi_personalization **)out))
MAKER(hsm, sfi_hsm_open(NULL, "vault:x", (sfi_hsm **)out))
MAKER(custom_hsm, sfi_hsm_open_custom(NULL, NULL, NULL, (sfi_hsm **)out))
MAKER(new_license, sfi_hsm_generate_license(NULL, NULL, (sfi_license **)out))
MAKER(transport, sfi_transport_open(NULL, "serial:x", (sfi_transport **)out))
MAKER(stream,
      sfi_transport_open_stream(NULL, NULL, NULL, (sfi_transport **)out))
MAKER(spi, sfi_transport_open_spi(NULL, NULL, NULL, (sfi_transport **)out))
MAKER(usb, sfi_transport_open_usb(NULL, NULL, NULL, (sfi_transport **)out))
MAKER(dap, sfi_transport_open_dap(NULL, NULL, NULL, (sfi_transport **)out))
MAKER(target, sfi_target_connect(NULL, NULL, NULL, 1, (sfi_target **)out))
MAKER(target_with, sfi_target_connect_with(NULL, NULL, (sfi_target **)out))
MAKER(target_cert, sfi_target_get_certificate(NULL, (sfi_certificate **)out))
MAKER(installer, sfi_installer_new(NULL, NULL, (sfi_installer **)out))

static const struct {
    const char *name;
    sfi_status (*make)(void **out);
} makers[] = {
    {"sfi_key_new", key},
    {"sfi_key_load", key_load},
    {"sfi_firmware_load", firmware},
    {"sfi_firmware_load_binary", binary},
    {"sfi_firmware_load_with", load_with},
    {"sfi_firmware_parse", parse},
    {"sfi_option_bytes_load", option_bytes},
    {"sfi_option_bytes_parse", option_text},
    {"sfi_image_builder_new", builder},
    {"sfi_image_reader_new", reader},
    {"sfi_certificate_parse", certificate},
    {"sfi_certificate_load", cert_load},
    {"sfi_license_parse", license},
    {"sfi_license_load", license_load},
    {"sfi_license_store_open", store},
    {"sfi_license_store_find", stored},
    {"sfi_personalization_parse", perso},
    {"sfi_personalization_load", perso_load},
    {"sfi_hsm_open", hsm},
    {"sfi_hsm_open_custom", custom_hsm},
    {"sfi_hsm_generate_license", new_license},
    {"sfi_transport_open", transport},
    {"sfi_transport_open_stream", stream},
    {"sfi_transport_open_spi", spi},
    {"sfi_transport_open_usb", usb},
    {"sfi_transport_open_dap", dap},
    {"sfi_target_connect", target},
    {"sfi_target_connect_with", target_with},
    {"sfi_target_get_certificate", target_cert},
    {"sfi_installer_new", installer},
};
#define MAKER_COUNT ((int)(sizeof(makers) / sizeof(*makers)))

START_TEST(test_no_context)
{
    void *out = junk;
    sfi_status st = makers[_i].make(&out);

    ck_assert_msg(st == SFI_ERR_ARGUMENT, "%s: %s", makers[_i].name,
                  sfi_status_name(st));
    ck_assert_msg(out == NULL, "%s left *out as it was", makers[_i].name);
}
END_TEST

START_TEST(test_no_out)
{
    ck_assert_msg(makers[_i].make(NULL) == SFI_ERR_ARGUMENT, "%s",
                  makers[_i].name);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("handles");
    TCase *tc = tcase_create("out");
    SRunner *sr;
    int failed;

    tcase_add_loop_test(tc, test_no_context, 0, MAKER_COUNT);
    tcase_add_loop_test(tc, test_no_out, 0, MAKER_COUNT);
    suite_add_tcase(s, tc);
    sr = srunner_create(s);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
