/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/image, the builder: the exact bytes of images, and what it refuses. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/image.h>

#include "util/hex.h"
#include "util/sys.h"
#include "util/wr.h"

#include "fixture.h"
#include <bench/image_kit.h>
#include "system.h"

#define H7 "stm32h753xi"
#define L4 "stm32l462ce"

/* Made by an AES-GCM of another author from the format's table: two segments
 * and the option bytes of tests/data, under the kit's key and nonce. */
static const char golden[] =
    "5346494d4147494301000300015e477162c9ca6e7587fb60609b3d0846070100"
    "050000000000000803001bc478c28f6f648a092f75af7f1dd17b47a549e1d746"
    "070200280000004000000803008cbb2587eedbc6980f5a90d1550f74f38fe06f"
    "81c5d0e3df4946bd22ee4d43bdc4708eea803fc8a2061d58dfe7fa379f2ead83"
    "3f01a8b665430703002400000000000000030001ea6796055c2102a186e23156"
    "ad436d2494df8d2b226b72d8a5b30c81ef0c8f9844e7d06d543d570d1e71fa8b"
    "ec3a7a610376f7";
#define GOLDEN_LEN 199u

static void
add_bytes(sfi_image_builder *b, uint64_t address, const uint8_t *data,
          size_t len)
{
    sfi_firmware *fw;

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", address, data, len, &fw));
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    sfi_firmware_free(fw);
}

START_TEST(test_golden)
{
    sfi_image_builder *b = kit_new_builder(H7, NULL, 0);
    struct kit_bytes image = {0};
    uint8_t expected[GOLDEN_LEN];
    uint8_t count[40];

    for (size_t i = 0; i < sizeof(count); i++)
        count[i] = (uint8_t)i;
    add_bytes(b, 0x08000000, (const uint8_t *)"HELLO", 5);
    add_bytes(b, 0x08000040, count, sizeof(count));
    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    ck_assert(sfi__hex_decode(expected, GOLDEN_LEN, golden));
    ck_assert_uint_eq(image.len, GOLDEN_LEN);
    ck_assert_mem_eq(image.data, expected, GOLDEN_LEN);
    /* and again: a builder can write more than once */
    image.len = 0;
    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    ck_assert_uint_eq(image.len, GOLDEN_LEN);
    ck_assert_mem_eq(image.data, expected, GOLDEN_LEN);
    kit_free(&image);
    sfi_image_builder_free(b);
}
END_TEST

/* Inputs of the builder, and the events expected from the reader. */
static const struct {
    const char *name, *chip;
    struct kit_segment segments[3];
    size_t count;
    const char *trace;
} plans[] = {
    {"one",
     H7,
     {{0x08000000, 5}},
     1,
     "H v1 2; F1 v7 08000000 5; C2 v7 00000000 36; D"},
    {"one byte",
     H7,
     {{0x081fffdf, 1}},
     1,
     "H v1 2; F1 v7 081fffdf 1; C2 v7 00000000 36; D"},
    {"more than the builder holds",
     L4,
     {{0x08001000, 65532}},
     1,
     "H v1 2; F1 v7 08001000 65532; C2 v7 00000000 20; D"},
    {"any order",
     H7,
     {{0x08100000, 5}, {0x08000000, 6}, {0x08020000, 7}},
     3,
     "H v1 4; F1 v7 08000000 6; F2 v7 08020000 7; F3 v7 08100000 5; "
     "C4 v7 00000000 36; D"},
    {"one flash word, a gap",
     H7,
     {{0x08000000, 5}, {0x08000010, 4}},
     2,
     "H v1 2; F1 v7 08000000 20; C2 v7 00000000 36; D"},
    {"one flash word, no gap",
     H7,
     {{0x08000002, 5}, {0x08000007, 40}},
     2,
     "H v1 2; F1 v7 08000002 45; C2 v7 00000000 36; D"},
    {"a chain of flash words",
     H7,
     {{0x08000000, 33}, {0x0800002f, 18}, {0x0800005f, 1}},
     3,
     "H v1 2; F1 v7 08000000 96; C2 v7 00000000 36; D"},
    {"next flash word",
     H7,
     {{0x08000000, 32}, {0x08000020, 4}},
     2,
     "H v1 3; F1 v7 08000000 32; F2 v7 08000020 4; C3 v7 00000000 36; D"},
    {"flash words of 8 bytes",
     L4,
     {{0x08001000, 4}, {0x08001008, 4}, {0x0800100c, 4}},
     3,
     "H v1 3; F1 v7 08001000 4; F2 v7 08001008 8; C3 v7 00000000 20; D"},
};

static void
expect_content(const struct kit_trace *t, const struct kit_segment *segments,
               size_t count, uint64_t address, size_t offset, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t expected = 0xff;

        for (size_t s = 0; s < count; s++) {
            if (address + i - segments[s].address < segments[s].len)
                expected = kit_byte(address + i);
        }
        ck_assert_msg(t->content.data[offset + i] == expected,
                      "0x%08llx holds 0x%02x, expected 0x%02x",
                      (unsigned long long)(address + i),
                      t->content.data[offset + i], expected);
    }
}

/* The option bytes of tests/data as the C area has them. */
static void
expect_option_bytes(const char *chip, const uint8_t *data, size_t len)
{
    sfi_option_bytes *ob = kit_new_ob(chip);
    uint8_t raw[64];
    struct wr w;

    sfi__wr_init(&w, raw, sizeof(raw));
    for (size_t i = 0; i < sfi_option_bytes_count(ob); i++) {
        const char *name;
        uint32_t value;

        ck_assert_ok(sfi_option_bytes_get(ob, i, &name, &value));
        sfi__wr_u32le(&w, value);
    }
    ck_assert(sfi__wr_ok(&w));
    ck_assert_uint_eq(len, sfi__wr_len(&w));
    ck_assert_mem_eq(data, raw, len);
    sfi_option_bytes_free(ob);
}

START_TEST(test_round_trip)
{
    const struct kit_segment *s = plans[_i].segments;
    struct kit_bytes image = kit_image(plans[_i].chip, s, plans[_i].count);
    struct kit_trace t = {0};
    unsigned address, len;
    size_t offset = 0;
    const char *at;

    ck_assert_ok(kit_read_image(true, &image, image.len, &t));
    ck_assert_msg(strcmp(t.text, plans[_i].trace) == 0, "%s: %s",
                  plans[_i].name, t.text);
    for (at = t.text; (at = strstr(at, "; F")) != NULL; at++) {
        ck_assert_int_eq(sscanf(at, "; F%*u v7 %x %u", &address, &len), 2);
        expect_content(&t, s, plans[_i].count, address, offset, len);
        offset += len;
    }
    expect_option_bytes(plans[_i].chip, t.content.data + offset,
                        t.content.len - offset);
    kit_free(&t.content);
    kit_free(&image);
}
END_TEST

/* The same firmware in every format gives the same image. */
START_TEST(test_real_firmware)
{
    static const char *const suffixes[] = {"elf", "hex", "srec"};
    static const char *const chips[] = {H7, L4};
    struct kit_bytes images[ROWS(suffixes)] = {0};

    for (size_t i = 0; i < ROWS(suffixes); i++) {
        sfi_image_builder *b = kit_new_builder(chips[_i], NULL, 0);
        struct kit_trace t = {0};
        sfi_firmware *fw;
        char name[64];

        (void)snprintf(name, sizeof(name), "data/blink-%s.%s", chips[_i],
                       suffixes[i]);
        ck_assert_ok(sfi_firmware_load(ctx, test_path(name), &fw));
        ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
        sfi_firmware_free(fw);
        ck_assert_ok(sfi_image_builder_write(b, kit_write, &images[i]));
        ck_assert_ok(sfi_image_check(ctx, sfi_chip_find(chips[_i]),
                                     images[i].data, images[i].len, NULL,
                                     NULL));
        ck_assert_ok(kit_read_image(true, &images[i], 4096, &t));
        ck_assert_uint_eq(images[i].len, images[0].len);
        ck_assert_mem_eq(images[i].data, images[0].data, images[0].len);
        kit_free(&t.content);
        sfi_image_builder_free(b);
    }
    for (size_t i = 0; i < ROWS(suffixes); i++)
        kit_free(&images[i]);
}
END_TEST

START_TEST(test_setters)
{
    const sfi_chip *chip = sfi_chip_find(H7);
    sfi_option_bytes *l4 = kit_new_ob(L4);
    struct kit_bytes image = {0};
    sfi_image_builder *b;
    sfi_key *key = kit_new_key();

    ck_assert_fails_about(sfi_image_builder_new(ctx, NULL, &b),
                          SFI_ERR_ARGUMENT, "", "chip != NULL");
    ck_assert_ptr_null(b);
    ck_assert_int_eq(sfi_image_builder_new(NULL, chip, &b), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_image_builder_new(ctx, chip, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_ok(sfi_image_builder_new(ctx, chip, &b));
    ck_assert_ok(sfi_image_builder_set_version(b, 255));
    ck_assert_fails(sfi_image_builder_set_version(b, 256), SFI_ERR_RANGE, "",
                    "image version 256, expected 0 to 255");
    ck_assert_fails_about(sfi_image_builder_set_nonce(b, kit_nonce, 13),
                          SFI_ERR_RANGE, "", "13", "12");
    ck_assert_fails_about(sfi_image_builder_set_nonce(b, NULL, 12),
                          SFI_ERR_ARGUMENT, "", "nonce != NULL");
    ck_assert_fails_about(sfi_image_builder_set_key(b, (const sfi_key *)ctx),
                          SFI_ERR_ARGUMENT, "", "key is something else",
                          "a key");
    ck_assert_fails(sfi_image_builder_set_option_bytes(b, l4),
                    SFI_ERR_CHIP_RULE, "", "5 option bytes, stm32h753xi has 9");
    ck_assert_fails_about(sfi_image_builder_write(b, NULL, NULL),
                          SFI_ERR_ARGUMENT, "", "write != NULL");
    ck_assert_fails(sfi_image_builder_write(b, kit_write, &image),
                    SFI_ERR_STATE, "", "no key was set");
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    sfi_key_free(key); /* the builder keeps it */
    ck_assert_fails(sfi_image_builder_write(b, kit_write, &image),
                    SFI_ERR_STATE, "", "no nonce was set");
    ck_assert_ok(sfi_image_builder_set_nonce(b, kit_nonce, 12));
    ck_assert_fails_about(sfi_image_builder_write(b, kit_write, &image),
                          SFI_ERR_FORMAT, "", "no firmware");
    kit_add(b, (struct kit_segment){0x08000000, 4});
    ck_assert_fails_about(sfi_image_builder_save(b, "/nowhere/x.sfi"),
                          SFI_ERR_FORMAT, "", "no option bytes");
    ck_assert_uint_eq(image.len, 0);
    sfi_image_builder_free(b);
    sfi_image_builder_free(NULL);
    sfi_option_bytes_free(l4);
}
END_TEST

/* ---- modules ---- */

/* A module of `code` bytes whose header says `announced`. */
static size_t
make_module(uint8_t *out, size_t cap, const char *magic, uint32_t address,
            uint32_t announced, size_t code)
{
    struct wr w;

    sfi__wr_init(&w, out, cap);
    sfi__wr_bytes(&w, magic, 8);
    sfi__wr_u32le(&w, address);
    sfi__wr_u32le(&w, announced);
    sfi__wr_fill(&w, 0xaa, 16 + 16);
    sfi__wr_fill(&w, 0x55, code);
    ck_assert(sfi__wr_ok(&w));
    return sfi__wr_len(&w);
}

static const struct {
    const char *magic;
    uint32_t announced;
    size_t code, cut;
    sfi_status status;
    const char *message;
} bad_modules[] = {
    {"SMIMAGIC", 16, 16, 17, SFI_ERR_TRUNCATED,
     "module of 47 bytes, expected at least its header of 48"},
    {"SFIMAGIC", 16, 16, 0, SFI_ERR_FORMAT,
     "not a module: its first bytes are not SMIMAGIC"},
    {"SMIMAGIC", 17, 16, 0, SFI_ERR_TRUNCATED,
     "the module has 16 bytes of code, its header says 17"},
    {"SMIMAGIC", 0xffffffff, 16, 0, SFI_ERR_TRUNCATED,
     "the module has 16 bytes of code, its header says 4294967295"},
    {"SMIMAGIC", 15, 16, 0, SFI_ERR_FORMAT,
     "1 bytes follow the module's 15 bytes of code"},
    {"SMIMAGIC", 0, 0, 0, SFI_ERR_FORMAT, "the module is empty"},
};

START_TEST(test_bad_module)
{
    sfi_image_builder *b = kit_new_builder(H7, NULL, 0);
    uint8_t smi[128];
    size_t len =
        make_module(smi, sizeof(smi), bad_modules[_i].magic, 0x08080000,
                    bad_modules[_i].announced, bad_modules[_i].code) -
        bad_modules[_i].cut;

    ck_assert_fails(sfi_image_builder_add_module(b, smi, len),
                    bad_modules[_i].status, "", bad_modules[_i].message);
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_module)
{
    static const struct kit_segment segment = {0x08000000, 5};
    sfi_image_builder *b = kit_new_builder(H7, &segment, 1);
    struct kit_bytes image = {0};
    struct kit_trace t = {0};
    char dir[256], path[300];
    FILE *f;
    uint8_t smi[128];
    size_t len = make_module(smi, sizeof(smi), "SMIMAGIC", 0x08080000, 40, 40);

    ck_assert_fails_about(sfi_image_builder_add_module(b, NULL, 0),
                          SFI_ERR_ARGUMENT, "", "smi != NULL");
    ck_assert_fails_about(sfi_image_builder_add_module_file(b, "/none"),
                          SFI_ERR_OS, "/none", "cannot read");
    ck_assert_fails_about(sfi_image_builder_add_module_file(b, "/dev/null"),
                          SFI_ERR_TRUNCATED, "/dev/null", "module of 0 bytes");
    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/a.smi", dir);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(smi, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_ok(sfi_image_builder_add_module_file(b, path));
    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    ck_assert_ok(kit_read_image(true, &image, 100, &t));
    ck_assert_str_eq(t.text, "H v1 3; F1 v7 08000000 5; M2 v7 08080000 88; "
                             "C3 v7 00000000 36; D");
    ck_assert_mem_eq(t.content.data + 5, smi, len);
    kit_free(&t.content);
    kit_free(&image);
    /* the code takes flash, the header does not */
    kit_add(b, (struct kit_segment){0x08080040, 4});
    ck_assert_ok(sfi_image_builder_check(b, NULL, NULL));
    kit_add(b, (struct kit_segment){0x08080027, 1});
    ck_assert_fails(sfi_image_builder_check(b, NULL, NULL), SFI_ERR_OVERLAP, "",
                    "module 4 at 0x08080000 (40 bytes) overlaps segment 2 at "
                    "0x08080027 (1 bytes)");
    sfi_image_builder_free(b);
    test_rmdir(dir);
}
END_TEST

/* ---- where the bytes go ---- */

struct breaker {
    sfi_image_builder *builder;
    unsigned calls, fail_at;
    sfi_status status;
    bool reports;
};

static sfi_status
break_write(void *user, const uint8_t *data, size_t len)
{
    struct breaker *k = user;

    ck_assert_ptr_nonnull(data);
    ck_assert_uint_gt(len, 0);
    ck_assert_int_eq(sfi_image_builder_set_version(k->builder, 1),
                     SFI_ERR_STATE);
    if (++k->calls != k->fail_at)
        return SFI_OK;
    if (k->reports)
        sfi_ctx_report(ctx, k->status, 0, "the tape is full");
    return k->status;
}

static const struct {
    sfi_status returns, status;
    bool reports;
    const char *message;
} breaks[] = {
    {SFI_ERR_IO, SFI_ERR_IO, true, "the tape is full"},
    {SFI_ERR_IO, SFI_ERR_IO, false,
     "the write function: input or output failed"},
    {1, SFI_ERR_CALLBACK, false,
     "the write function returned 1, expected an sfi_status"},
    {-9999, SFI_ERR_CALLBACK, false,
     "the write function returned -9999, expected an sfi_status"},
};

START_TEST(test_write_breaks)
{
    static const struct kit_segment segment = {0x08000000, 5000};
    sfi_image_builder *b = kit_new_builder(H7, &segment, 1);
    struct breaker whole = {b, 0, 0, SFI_OK, false};

    ck_assert_ok(sfi_image_builder_write(b, break_write, &whole));
    ck_assert_uint_ge(whole.calls, 5);
    for (unsigned n = 1; n <= whole.calls; n++) {
        struct breaker k = {b, 0, n, breaks[_i].returns, breaks[_i].reports};

        ck_assert_fails(sfi_image_builder_write(b, break_write, &k),
                        breaks[_i].status, "", breaks[_i].message);
        ck_assert_uint_eq(k.calls, n);
    }
    sfi_image_builder_free(b);
}
END_TEST

/* The segment of a firmware, changed when the image's first bytes are written,
 * behind which only its content comes. */
static sfi_status
change_segment(void *user, const uint8_t *data, size_t len)
{
    uint8_t **at = user;

    (void)data;
    (void)len;
    if (*at != NULL)
        **at ^= 1;
    *at = NULL;
    return SFI_OK;
}

START_TEST(test_write_verifies)
{
    sfi_image_builder *b = kit_new_builder(H7, NULL, 0);
    uint8_t content[5000] = {0};
    const uint8_t *data;
    uint8_t *at;
    sfi_firmware *fw;
    uint64_t address;
    size_t len;

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0x08000000, content,
                                    sizeof(content), &fw));
    ck_assert_ok(sfi_firmware_segment(fw, 0, &address, &data, &len));
    ck_assert_ok(sfi_image_builder_add_firmware(b, fw));
    at = (uint8_t *)data;
    ck_assert_fails_about(sfi_image_builder_write(b, change_segment, &at),
                          SFI_ERR_CRYPTO, "", "area 1", "changed", "tag");
    ck_assert_ok(sfi_image_builder_write(b, change_segment, &at));
    sfi_firmware_free(fw);
    sfi_image_builder_free(b);
}
END_TEST

static size_t
files_in(const char *path)
{
    struct sys_folder *dir;
    const char *name;
    size_t count = 0;

    ck_assert_int_eq(sfi__sys_folder_open(path, &dir), 0);
    while ((name = sfi__sys_folder_next(dir)) != NULL)
        count += name[0] != '.';
    sfi__sys_folder_close(dir);
    return count;
}

START_TEST(test_save)
{
    static const struct kit_segment segment = {0x08000000, 5000};
    sfi_image_builder *b = kit_new_builder(H7, &segment, 1);
    struct kit_bytes image = kit_image(H7, &segment, 1);
    char dir[256], path[300];
    char *saved;
    size_t len;

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/out.sfi", dir);
    for (int i = 0; i < 2; i++) { /* create, then replace */
        ck_assert_ok(sfi_image_builder_save(b, path));
        saved = test_read(path, &len);
        ck_assert_uint_eq(len, image.len);
        ck_assert_mem_eq(saved, image.data, len);
        free(saved);
    }
    ck_assert_uint_eq(files_in(dir), 1);
    ck_assert_uint_eq(mode_of_file(path), 0644);
    ck_assert_fails_about(sfi_image_builder_save(b, NULL), SFI_ERR_ARGUMENT, "",
                          "path != NULL");
    sfi_image_builder_free(b);
    kit_free(&image);
    test_rmdir(dir);
}
END_TEST

START_TEST(test_save_fails)
{
    static const struct kit_segment segment = {0x08000000, 5000};
    sfi_image_builder *b = kit_new_builder(H7, &segment, 1);
    char dir[256], nowhere[320];

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(nowhere, sizeof(nowhere), "%s/missing/out.sfi", dir);
    ck_assert_fails_about(sfi_image_builder_save(b, nowhere), SFI_ERR_OS,
                          nowhere, "write", "No such file");
    ck_assert_uint_eq(files_in(dir), 0);
    sfi_image_builder_free(b);
    test_rmdir(dir);
}
END_TEST

START_TEST(test_save_full)
{
    static const struct kit_segment segment = {0x08000000, 5000};
    const char *full = full_device();
    sfi_image_builder *b = kit_new_builder(H7, &segment, 1);
    char dir[256], path[300];
    sfi_status st;
    char *kept;
    size_t len;
    FILE *f;

    test_mkdir(dir, sizeof(dir));
    (void)snprintf(path, sizeof(path), "%s/out.sfi", dir);
    ck_assert_fails_about(sfi_image_builder_save(b, full), SFI_ERR_OS, full,
                          "write", "No space");
    /* the disk fills up half-way: the old file stays unchanged */
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs("old", f), 0);
    ck_assert_int_eq(fclose(f), 0);
    limit_files(1000);
    st = sfi_image_builder_save(b, path);
    unlimit_files();
    ck_assert_fails_about(st, SFI_ERR_LIMIT, path, "write", "too large");
    kept = test_read(path, &len);
    ck_assert_str_eq(kept, "old");
    free(kept);
    ck_assert_uint_eq(files_in(dir), 1);
    sfi_image_builder_free(b);
    test_rmdir(dir);
}
END_TEST

/* ---- every allocation fails once ---- */

static sfi_status
build_all(struct kit_bytes *image, const sfi_firmware *fw,
          const sfi_option_bytes *ob, const sfi_key *key)
{
    uint8_t smi[128];
    size_t len = make_module(smi, sizeof(smi), "SMIMAGIC", 0x08080000, 40, 40);
    sfi_image_builder *b;
    sfi_status st = sfi_image_builder_new(ctx, sfi_chip_find(H7), &b);

    if (st == SFI_OK)
        st = sfi_image_builder_set_key(b, key);
    if (st == SFI_OK)
        st = sfi_image_builder_set_nonce(b, kit_nonce, sizeof(kit_nonce));
    if (st == SFI_OK)
        st = sfi_image_builder_add_firmware(b, fw);
    if (st == SFI_OK)
        st = sfi_image_builder_add_module(b, smi, len);
    if (st == SFI_OK)
        st = sfi_image_builder_set_option_bytes(b, ob);
    if (st == SFI_OK)
        st = sfi_image_builder_check(b, NULL, NULL);
    if (st == SFI_OK)
        st = sfi_image_builder_write(b, kit_write, image);
    else
        ck_assert(b == NULL || st == SFI_ERR_NOMEM);
    sfi_image_builder_free(b);
    return st;
}

START_TEST(test_no_memory)
{
    sfi_option_bytes *ob = kit_new_ob(H7);
    sfi_key *key = kit_new_key();
    struct kit_bytes image = {0};
    size_t live, n = 0;
    sfi_firmware *fw;
    sfi_status st;

    ck_assert_ok(
        sfi_firmware_load(ctx, test_path("data/blink-" H7 ".hex"), &fw));
    live = memory.live;
    do {
        memory.fail_at = ++n;
        image.len = 0;
        st = build_all(&image, fw, ob, key);
        if (memory.fail_at == 0)
            ck_assert_fails_about(st, SFI_ERR_NOMEM, "", "memory");
        ck_assert_uint_eq(memory.live, live);
    } while (memory.fail_at == 0);
    memory.fail_at = 0;
    ck_assert_int_eq(st, SFI_OK);
    ck_assert_uint_gt(n, 10);
    kit_free(&image);
    sfi_firmware_free(fw);
    sfi_key_free(key);
    sfi_option_bytes_free(ob);
}
END_TEST

/* ---- the same builder again ---- */

static void
change_version(sfi_image_builder *b)
{
    ck_assert_ok(sfi_image_builder_set_version(b, 99));
}

static void
change_nonce(sfi_image_builder *b)
{
    static const uint8_t nonce[SFI_NONCE_LEN] = {9, 8, 7};

    ck_assert_ok(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)));
}

static void
change_key(sfi_image_builder *b)
{
    static const uint8_t bytes[SFI_KEY_LEN] = {1, 2, 3};
    sfi_key *key;

    ck_assert_ok(sfi_key_new(ctx, bytes, sizeof(bytes), &key));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    sfi_key_free(key);
}

static void
change_firmware(sfi_image_builder *b)
{
    kit_add(b, (struct kit_segment){0x08040000, 20});
}

static void
change_modules(sfi_image_builder *b)
{
    uint8_t smi[128];
    size_t len = make_module(smi, sizeof(smi), "SMIMAGIC", 0x08080000, 40, 40);

    ck_assert_ok(sfi_image_builder_add_module(b, smi, len));
}

static void
change_option_bytes(sfi_image_builder *b)
{
    sfi_option_bytes *ob = kit_new_ob("stm32h753xi");

    ck_assert_ok(sfi_option_bytes_set(ob, "RDP", 0xbb));
    ck_assert_ok(sfi_image_builder_set_option_bytes(b, ob));
    sfi_option_bytes_free(ob);
}

static void
change_gaps(sfi_image_builder *b)
{
    ck_assert_ok(sfi_image_builder_set_merge_gap(b, 64));
}

static void
change_fill(sfi_image_builder *b)
{
    ck_assert_ok(sfi_image_builder_set_fill(b, 0x5a));
}

static void (*const changes[])(sfi_image_builder *) = {
    change_version,      change_nonce,   change_key,  change_firmware,
    change_option_bytes, change_modules, change_gaps, change_fill,
};

/* An image that was written leaves nothing behind for the next. */
START_TEST(test_change_after_write)
{
    static const struct kit_segment segments[] = {
        {0x08000000, 60}, {0x0800003e, 5}, {0x08000080, 70}};
    sfi_image_builder *used = kit_new_builder("stm32h753xi", segments, 3);
    sfi_image_builder *fresh = kit_new_builder("stm32h753xi", segments, 3);
    struct kit_bytes before = {0}, found = {0}, expected = {0};

    ck_assert_ok(sfi_image_builder_write(used, kit_write, &before));
    changes[_i](used);
    changes[_i](fresh);
    ck_assert_ok(sfi_image_builder_write(used, kit_write, &found));
    ck_assert_ok(sfi_image_builder_write(fresh, kit_write, &expected));
    ck_assert_uint_eq(found.len, expected.len);
    ck_assert_mem_eq(found.data, expected.data, expected.len);
    ck_assert(before.len != found.len ||
              memcmp(before.data, found.data, found.len) != 0);
    sfi_image_builder_free(used);
    sfi_image_builder_free(fresh);
    kit_free(&before);
    kit_free(&found);
    kit_free(&expected);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("image");
    TCase *tc = tcase_create("builder");

    tcase_add_checked_fixture(tc, fixture_setup, fixture_teardown);
    tcase_add_test(tc, test_golden);
    tcase_add_loop_test(tc, test_round_trip, 0, (int)ROWS(plans));
    tcase_add_loop_test(tc, test_real_firmware, 0, 2);
    tcase_add_test(tc, test_setters);
    tcase_add_loop_test(tc, test_bad_module, 0, (int)ROWS(bad_modules));
    tcase_add_test(tc, test_module);
    tcase_add_loop_test(tc, test_write_breaks, 0, (int)ROWS(breaks));
    tcase_add_test(tc, test_write_verifies);
    tcase_add_test(tc, test_save);
    tcase_add_test(tc, test_save_fails);
    tcase_add_test(tc, test_save_full);
    tcase_add_loop_test(tc, test_change_after_write, 0, (int)ROWS(changes));
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
