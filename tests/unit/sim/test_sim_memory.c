/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/sim: chips in memory, whose CA is in memory, in a folder, or that of
 * another chip. */
#include <stdio.h>
#include <string.h>

#include <sfi/certificate.h>
#include <sfi/sim_serve.h>
#include <sfi/target.h>

#include <bench/board.h>

static sfi_sim_make_options options;

static void
setup(void)
{
    board_setup("stm32h753xi");
    options = (sfi_sim_make_options){
        .struct_size = sizeof(options),
        .chip = sfi_chip_find("stm32h753xi"),
    };
}

static sfi_sim *
make(const char *part, const sfi_sim *maker)
{
    sfi_sim *sim;

    options.chip = sfi_chip_find(part);
    options.maker = maker;
    ck_assert_ok(sfi_sim_make_in_memory(ctx, &options, &sim));
    return sim;
}

static sfi_certificate *
certificate(const sfi_sim *sim)
{
    uint8_t raw[SFI_CERTIFICATE_LEN];
    size_t len = sizeof(raw);
    sfi_certificate *cert;

    ck_assert_ok(sfi_sim_dump(sim, SFI_SIM_CERTIFICATE, raw, &len));
    ck_assert_ok(sfi_certificate_parse(ctx, raw, len, &cert));
    return cert;
}

/* Would an HSM with this personalisation trust this chip? */
static sfi_status
trust(const sfi_personalization *p, const sfi_sim *sim)
{
    size_t len;
    const uint8_t *ca = sfi_personalization_ca_public_key(p, &len);
    sfi_certificate *cert = certificate(sim);
    sfi_status st = sfi_certificate_verify(cert, ca, len);

    sfi_certificate_free(cert);
    return st;
}

static sfi_personalization *
personalization(const sfi_sim *sim)
{
    sfi_personalization *p;

    ck_assert_ok(sfi_sim_personalization(sim, &p));
    return p;
}

/* It is as new as one in a folder. */
START_TEST(test_new)
{
    static const char *const parts[] = {"stm32h753xi", "stm32l462ce"};
    static const uint32_t areas[] = {SFI_SIM_FLASH, SFI_SIM_OPTION_BYTES};
    static uint8_t in_memory[2u << 20], in_folder[2u << 20];
    char path[1200];
    sfi_sim *sim = make(parts[_i], NULL), *folder;

    (void)snprintf(path, sizeof(path), "%s/other", board.base);
    ck_assert_ok(sfi_sim_manufacture(ctx, options.chip, board.ca, path));
    ck_assert_ok(sfi_sim_open(ctx, path, &folder));
    ck_assert_ptr_eq(sfi_sim_chip(sim), sfi_sim_chip(folder));
    for (size_t i = 0; i < ROWS(areas); i++) {
        size_t len = sizeof(in_memory), expected = sizeof(in_folder);

        ck_assert_ok(sfi_sim_dump(sim, areas[i], in_memory, &len));
        ck_assert_ok(sfi_sim_dump(folder, areas[i], in_folder, &expected));
        ck_assert_uint_eq(len, expected);
        ck_assert_int_eq(memcmp(in_memory, in_folder, len), 0);
    }
    sfi_sim_free(sim);
    sfi_sim_free(folder);
    test_rmdir(path);
}
END_TEST

static sfi_target *
connect_to(sfi_sim *sim)
{
    sfi_transport *tp;
    sfi_target *target;

    ck_assert_ok(sfi_sim_transport(sim, "usart", &tp));
    ck_assert_ok(sfi_target_connect(ctx, NULL, tp, 1000, &target));
    sfi_transport_free(tp);
    return target;
}

/* What was written outlives the power, as flash and option bytes do. */
START_TEST(test_memory_stays)
{
    uint8_t data[32] = "0123456789abcdef0123456789abcde", read[32];
    uint8_t words[64];
    size_t len = sizeof(words);
    sfi_sim *sim = make("stm32h753xi", NULL);
    sfi_target *target = connect_to(sim);

    ck_assert_ok(sfi_target_write(target, 0x08000000, data, sizeof(data)));
    sfi_target_free(target);
    ck_assert_ok(sfi_sim_set_option(sim, "FOPTSR_PRG", 0x1bc6aaf8));
    ck_assert_ok(sfi_sim_power_on(sim));
    ck_assert_ok(sfi_sim_read_flash(sim, 0x08000000, read, sizeof(read)));
    ck_assert_mem_eq(read, data, sizeof(data));
    ck_assert_ok(sfi_sim_dump(sim, SFI_SIM_OPTION_BYTES, words, &len));
    ck_assert_mem_eq(words, "\xf8\xaa\xc6\x1b", 4);
    ck_assert_uint_gt(sfi_sim_flash_ops(sim), 0);
    sfi_sim_power_cut_after(sim, 0);
    ck_assert_fails(sfi_sim_erase_flash(sim), SFI_ERR_STATE, "",
                    "the chip has no power");
    sfi_sim_free(sim);
}
END_TEST

START_TEST(test_one_maker)
{
    sfi_sim *first = make("stm32h753xi", NULL);
    sfi_sim *second = make("stm32h753xi", first);
    sfi_sim *other = make("stm32l462ce", second);
    sfi_sim *stranger = make("stm32h753xi", NULL);
    sfi_personalization *p = personalization(first);
    sfi_personalization *l462 = personalization(other);
    uint8_t key[2][32];
    size_t len = sizeof(key[0]);

    ck_assert_str_eq(sfi_personalization_product_id(p), "45002001");
    ck_assert_str_eq(sfi_personalization_product_id(l462), "46201002");
    ck_assert_ok(trust(p, first));
    ck_assert_ok(trust(p, second));
    ck_assert_ok(trust(l462, other));
    ck_assert_int_eq(trust(p, stranger), SFI_ERR_CERTIFICATE);
    ck_assert_ok(sfi_sim_dump(first, SFI_SIM_DEVICE_KEY, key[0], &len));
    ck_assert_ok(sfi_sim_dump(second, SFI_SIM_DEVICE_KEY, key[1], &len));
    ck_assert_mem_ne(key[0], key[1], sizeof(key[0]));
    sfi_sim_free(first);
    ck_assert_ok(trust(p, second));
    sfi_personalization_free(p);
    sfi_personalization_free(l462);
    sfi_sim_free(second);
    sfi_sim_free(other);
    sfi_sim_free(stranger);
}
END_TEST

/* The CA of a folder certifies chips in both places. */
START_TEST(test_ca_folder)
{
    sfi_personalization *p;
    sfi_sim *sim;

    options.ca_dir = board.ca;
    sim = make("stm32h753xi", NULL);
    p = personalization(sim);
    ck_assert_ok(trust(p, sim));
    ck_assert_ok(trust(p, board.sim));
    sfi_sim_free(sim);
    sfi_personalization_free(p);
    ck_assert_fails(sfi_sim_personalization(board.sim, &p), SFI_ERR_STATE, "",
                    "the chip is in a folder; the personalisation file is in "
                    "the folder of its CA");
    ck_assert_ptr_null(p);
    options.ca_dir = NULL;
    options.maker = board.sim;
    ck_assert_fails_about(sfi_sim_make_in_memory(ctx, &options, &sim),
                          SFI_ERR_ARGUMENT, "", "in a folder", "CA");
    ck_assert_ptr_null(sim);
    options.maker = NULL;
    options.ca_dir = board_file("no/such/ca");
    ck_assert_fails_about(sfi_sim_make_in_memory(ctx, &options, &sim),
                          SFI_ERR_OS, options.ca_dir, "CA's folder");
}
END_TEST

START_TEST(test_versions)
{
    char answer[256];
    size_t len = sizeof(answer);
    sfi_sim *sim;

    options.bootloader = "V9.0";
    sim = make("stm32h753xi", NULL);
    ck_assert_ok(sfi_sim_command(sim, "state", answer, &len));
    ck_assert_ptr_nonnull(strstr(answer, "bootloader=V9.0"));
    sfi_sim_free(sim);
    options.bootloader = "V1.0";
    ck_assert_fails_about(sfi_sim_make_in_memory(ctx, &options, &sim),
                          SFI_ERR_ARGUMENT, "", "V1.0", "V9.0");
    ck_assert_ptr_null(sim);
}
END_TEST

static const struct {
    const char *ca_dir, *state_dir;
    bool maker, chip;
    uint32_t flags;
    const char *expected;
} refusals[] = {
    {NULL, "chip", false, true, 0, "o.state_dir == NULL"},
    {"", NULL, false, true, 0, "o.ca_dir == NULL || o.ca_dir[0] != '\\0'"},
    {"ca", NULL, true, true, 0, "o.ca_dir == NULL || o.maker == NULL"},
    {NULL, NULL, false, false, 0, "options->chip != NULL"},
    {NULL, NULL, false, true, 1, "options->flags == 0"},
};

START_TEST(test_refused)
{
    char text[256];
    sfi_sim *maker = make("stm32h753xi", NULL), *sim = maker;

    options.ca_dir = refusals[_i].ca_dir;
    options.state_dir = refusals[_i].state_dir;
    options.maker = refusals[_i].maker ? maker : NULL;
    options.flags = refusals[_i].flags;
    if (!refusals[_i].chip)
        options.chip = NULL;
    (void)snprintf(text, sizeof(text), "argument not valid, expected %s",
                   refusals[_i].expected);
    ck_assert_fails(sfi_sim_make_in_memory(ctx, &options, &sim),
                    SFI_ERR_ARGUMENT, "", text);
    ck_assert_ptr_null(sim);
    sfi_sim_free(maker);
}
END_TEST

/* Its maker's folder would have to hold a CA. */
START_TEST(test_maker_of_a_folder)
{
    sfi_sim *maker = make("stm32h753xi", NULL);

    options.maker = maker;
    options.ca_dir = "ca";
    options.state_dir = "chip";
    ck_assert_fails(sfi_sim_manufacture_with(ctx, &options), SFI_ERR_ARGUMENT,
                    "", "argument not valid, expected o.maker == NULL");
    sfi_sim_free(maker);
}
END_TEST

/* The control socket is in the chip's folder. */
START_TEST(test_no_control)
{
    const sfi_sim_links links = {
        .struct_size = sizeof(links),
        .flags = SFI_SIM_CONTROL,
        .jtag = "localhost:0",
    };
    sfi_sim *sim = make("stm32h753xi", NULL);

    ck_assert_fails(sfi_sim_serve_begin(sim, &links), SFI_ERR_UNSUPPORTED, "",
                    "a chip in memory has no folder for a control socket; use "
                    "sfi_sim_command()");
    sfi_sim_free(sim);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("sim_memory");
    TCase *tc = tcase_create("memory");

    tcase_add_checked_fixture(tc, setup, board_teardown);
    tcase_add_loop_test(tc, test_new, 0, 2);
    tcase_add_test(tc, test_memory_stays);
    tcase_add_test(tc, test_one_maker);
    tcase_add_test(tc, test_ca_folder);
    tcase_add_test(tc, test_versions);
    tcase_add_loop_test(tc, test_refused, 0, (int)ROWS(refusals));
    tcase_add_test(tc, test_maker_of_a_folder);
    tcase_add_test(tc, test_no_control);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
