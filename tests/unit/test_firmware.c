/* lib/firmware: one set of segments from each format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/firmware.h>

#include "fixture.h"

struct island {
    uint64_t address;
    size_t len;
};

static const struct island h753[] = {
    {0x08000000, 1060},
    {0x08020000, 4136},
    {0x080a0000, 100},
    {0x08120000, 312},
};
static const struct island l462[] = {
    {0x08001000, 1040},
    {0x08010000, 4136},
    {0x08040000, 100},
    {0x08074800, 312},
};
static const struct {
    const char *chip, *extension, *format;
    const struct island *islands;
} real[] = {
    {"stm32h753xi", "elf", "elf", h753},
    {"stm32h753xi", "hex", "ihex", h753},
    {"stm32h753xi", "srec", "srec", h753},
    {"stm32l462ce", "elf", "elf", l462},
    {"stm32l462ce", "hex", "ihex", l462},
    {"stm32l462ce", "srec", "srec", l462},
};

static void
check_island(const char *chip, const sfi_firmware *fw, size_t index,
             const struct island *want)
{
    char name[128];
    uint64_t address;
    const uint8_t *data;
    size_t len, file_len;
    char *file;

    (void)snprintf(name, sizeof(name), "data/blink-%s-0x%08llx.bin", chip,
                   (unsigned long long)want->address);
    file = test_read(test_path(name), &file_len);
    ck_assert_ok(sfi_firmware_segment(fw, index, &address, &data, &len));
    ck_assert_uint_eq(address, want->address);
    ck_assert_uint_eq(len, want->len);
    ck_assert_uint_eq(len, file_len);
    ck_assert_mem_eq(data, file, len);
    free(file);
}

START_TEST(test_real)
{
    sfi_firmware *fw;
    char name[128];

    (void)snprintf(name, sizeof(name), "data/blink-%s.%s", real[_i].chip,
                   real[_i].extension);
    ck_assert_ok(sfi_firmware_load(ctx, test_path(name), &fw));
    ck_assert_str_eq(sfi_firmware_format(fw), real[_i].format);
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 4);
    for (size_t i = 0; i < 4; i++)
        check_island(real[_i].chip, fw, i, &real[_i].islands[i]);
    sfi_firmware_free(fw);
}
END_TEST

START_TEST(test_binary)
{
    const char *path = test_path("data/blink-stm32h753xi-0x08120000.bin");
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_load_binary(ctx, path, 0x08120000, &fw));
    ck_assert_str_eq(sfi_firmware_format(fw), "bin");
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
    check_island("stm32h753xi", fw, 0, &h753[3]);
    sfi_firmware_free(fw);

    ck_assert_fails(sfi_firmware_load_binary(ctx, path, 0xffffff00, &fw),
                    SFI_ERR_RANGE, path,
                    "0x138 bytes at 0xffffff00, expected an end of at most "
                    "0xffffffff");
    ck_assert_ptr_null(fw);
    ck_assert_fails(sfi_firmware_load(ctx, path, &fw), SFI_ERR_FORMAT, path,
                    "neither ELF nor Intel HEX nor S-records; a plain binary "
                    "needs an address");
    ck_assert_ptr_null(fw);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware");
    TCase *tc = tcase_create("files");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_real, 0, (int)ROWS(real));
    tcase_add_test(tc, test_binary);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
