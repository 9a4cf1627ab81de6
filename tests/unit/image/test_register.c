/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/image, the register of nonces: no second image under one key and nonce,
 * whatever happens in between. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/image.h>

#include "util/sys.h"

#include "fixture.h"
#include <bench/image_kit.h>
#include "system.h"
#include "together.h"

#define H7 "stm32h753xi"
#define HEAD "SFI-USED 1\n"
#define HEAD_LEN (sizeof(HEAD) - 1)
#define RECORD_LEN 98u
#define AREAS 2u /* of every image here: firmware and option bytes */
#define FILE_LEN (HEAD_LEN + (AREAS + 1) * RECORD_LEN)

static char folder[256], path[300], out[300];

static void
setup(void)
{
    fixture_setup();
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/key.bin.used", folder);
    (void)snprintf(out, sizeof(out), "%s/out.sfi", folder);
}

static void
teardown(void)
{
    test_rmdir(folder);
    fixture_teardown();
}

/* An image of one segment; another length is another image. */
static sfi_image_builder *
new_builder(size_t len, uint32_t flags)
{
    struct kit_segment segment = {0x08000000, len};
    sfi_image_builder *b = kit_new_builder(H7, &segment, 1);

    ck_assert_ok(sfi_image_builder_set_register(b, path, flags));
    return b;
}

static sfi_status
save(size_t len, uint32_t flags)
{
    sfi_image_builder *b = new_builder(len, flags);
    sfi_status st = sfi_image_builder_save(b, out);

    sfi_image_builder_free(b);
    return st;
}

static void
put(const char *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

static void
ck_assert_refused(sfi_status st)
{
    ck_assert_fails_about(st, SFI_ERR_RANGE, path, "another image", "key",
                          "nonce");
}

START_TEST(test_one_image)
{
    char *one, *two;
    size_t len;

    ck_assert_ok(save(64, 0));
    one = test_read(path, &len);
    ck_assert_uint_eq(len, FILE_LEN);
    ck_assert_mem_eq(one, HEAD, HEAD_LEN);
    for (size_t at = HEAD_LEN; at < len; at += RECORD_LEN) {
        ck_assert_uint_eq(strspn(one + at, "0123456789abcdef"), 32);
        ck_assert_int_eq(one[at + 32], ' ');
        ck_assert_uint_eq(strspn(one + at + 33, "0123456789abcdef"), 64);
        ck_assert_int_eq(one[at + RECORD_LEN - 1], '\n');
    }
    ck_assert_uint_eq(mode_of_file(path), 0600);
    /* the same image again */
    ck_assert_ok(save(64, 0));
    two = test_read(path, &len);
    ck_assert_str_eq(one, two);
    free(one);
    free(two);
}
END_TEST

START_TEST(test_another_image)
{
    char *one, *two;
    size_t len;

    ck_assert_ok(save(64, 0));
    one = test_read(out, &len);
    ck_assert_refused(save(65, 0));
    two = test_read(out, &len);
    ck_assert_mem_eq(one, two, len);
    ck_assert_ok(save(64, 0));
    free(one);
    free(two);
}
END_TEST

START_TEST(test_another_version)
{
    sfi_image_builder *b = new_builder(64, 0);
    struct kit_bytes image = {0};

    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    ck_assert_ok(sfi_image_builder_set_version(b, KIT_VERSION + 1));
    image.len = 0;
    ck_assert_refused(sfi_image_builder_write(b, kit_write, &image));
    ck_assert_uint_eq(image.len, 0);
    ck_assert_ok(sfi_image_builder_set_register(b, NULL, 0));
    ck_assert_ok(sfi_image_builder_write(b, kit_write, &image));
    sfi_image_builder_free(b);
    kit_free(&image);
}
END_TEST

/* The IVs of an image are the nonce and its sums with the areas' numbers. */
static const struct {
    int step;
    bool fits;
} steps[] = {{-3, true}, {-2, false}, {-1, false},
             {1, false}, {2, false},  {3, true}};

START_TEST(test_a_nonce_beside)
{
    sfi_image_builder *b = new_builder(65, 0);
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_status st;

    memcpy(nonce, kit_nonce, sizeof(nonce));
    nonce[11] = 0x80;
    ck_assert_ok(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)));
    ck_assert_ok(sfi_image_builder_save(b, out));
    nonce[11] = (uint8_t)(nonce[11] + steps[_i].step);
    ck_assert_ok(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)));
    st = sfi_image_builder_save(b, out);
    if (steps[_i].fits)
        ck_assert_ok(st);
    else
        ck_assert_refused(st);
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_another_key)
{
    static const uint8_t other[SFI_KEY_LEN] = {1};
    sfi_image_builder *b = new_builder(65, 0);
    sfi_key *key;

    ck_assert_ok(save(64, 0));
    ck_assert_ok(sfi_key_new(ctx, other, sizeof(other), &key));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    ck_assert_ok(sfi_image_builder_save(b, out));
    sfi_key_free(key);
    sfi_image_builder_free(b);
}
END_TEST

static char warning[600];

static void
keep_warning(void *user, int level, const char *line)
{
    (void)user;
    if (level == SFI_LOG_WARNING)
        (void)snprintf(warning, sizeof(warning), "%s", line);
}

START_TEST(test_same_nonce)
{
    sfi_ctx_options options = {.struct_size = sizeof(options),
                               .log_level = SFI_LOG_WARNING,
                               .log = keep_warning};
    sfi_ctx *silent = ctx;

    ck_assert_ok(save(64, 0));
    ck_assert_ok(sfi_ctx_new(&options, &ctx));
    ck_assert_ok(save(65, SFI_REGISTER_SAME_NONCE));
    ck_assert_msg(strstr(warning, path) != NULL &&
                      strstr(warning, "XOR") != NULL &&
                      strstr(warning, "authentication key") != NULL,
                  "%s", warning);
    sfi_ctx_free(ctx);
    ctx = silent;
    /* both may be made again, a third may not */
    ck_assert_ok(save(64, 0));
    ck_assert_ok(save(65, 0));
    ck_assert_refused(save(66, 0));
}
END_TEST

struct seen {
    unsigned count;
    sfi_finding last;
    char message[600];
};

static void
see(void *user, const sfi_finding *finding)
{
    struct seen *s = user;

    if (finding->severity != SFI_FINDING_ERROR)
        return; /* of other rules */
    s->count++;
    s->last = *finding;
    (void)snprintf(s->message, sizeof(s->message), "%s", finding->message);
}

START_TEST(test_finding)
{
    sfi_image_builder *b = new_builder(65, 0);
    struct seen s = {0};

    /* to look makes no register */
    ck_assert_ok(sfi_image_builder_check(b, see, &s));
    ck_assert_uint_eq(s.count, 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_ok(save(64, 0));
    ck_assert_fails_about(sfi_image_builder_check(b, see, &s), SFI_ERR_RANGE,
                          "", path, "another image");
    ck_assert_uint_eq(s.count, 1);
    ck_assert_str_eq(s.last.rule, "nonce-reuse");
    ck_assert_uint_eq(s.last.severity, SFI_FINDING_ERROR);
    ck_assert_ptr_nonnull(strstr(s.message, path));
    ck_assert_ok(
        sfi_image_builder_set_register(b, path, SFI_REGISTER_SAME_NONCE));
    ck_assert_ok(sfi_image_builder_check(b, see, &s));
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_zeros)
{
    static const uint8_t zeros[SFI_KEY_LEN];
    sfi_image_builder *b = new_builder(64, SFI_REGISTER_SAME_NONCE);
    struct seen s = {0};
    sfi_key *key;

    ck_assert_ok(sfi_image_builder_set_nonce(b, zeros, SFI_NONCE_LEN));
    ck_assert_fails(sfi_image_builder_save(b, out), SFI_ERR_RANGE, "",
                    "the nonce is all zeros, expected 12 random bytes");
    ck_assert_int_eq(sfi_image_builder_check(b, see, &s), SFI_ERR_RANGE);
    ck_assert_str_eq(s.last.rule, "zero-nonce");
    ck_assert_ok(sfi_image_builder_set_nonce(b, kit_nonce, SFI_NONCE_LEN));
    ck_assert_ok(sfi_key_new(ctx, zeros, sizeof(zeros), &key));
    ck_assert_ok(sfi_image_builder_set_key(b, key));
    ck_assert_fails(sfi_image_builder_save(b, out), SFI_ERR_RANGE, "",
                    "the key is all zeros, expected 16 random bytes");
    ck_assert_int_eq(sfi_image_builder_check(b, see, &s), SFI_ERR_RANGE);
    ck_assert_str_eq(s.last.rule, "zero-key");
    sfi_key_free(key);
    sfi_image_builder_free(b);
}
END_TEST

/* A crash cuts the file anywhere: no image followed, and the next one gets
 * a whole entry. */
START_TEST(test_cut_short)
{
    size_t len, again;
    char *whole, *now;

    ck_assert_ok(save(64, 0));
    whole = test_read(path, &len);
    for (size_t cut = 0; cut < len; cut += 11) {
        put(whole, cut);
        ck_assert_ok(save(64, 0));
        now = test_read(path, &again);
        ck_assert_uint_eq(again, len);
        ck_assert_mem_eq(now, whole, HEAD_LEN);
        free(now);
        ck_assert_refused(save(65, 0));
    }
    free(whole);
}
END_TEST

/* The process ends after the first bytes of the image. */
static sfi_status
crash(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    (void)data;
    (void)len;
    _exit(77);
}

static int
write_until_crash(void *builder)
{
    return sfi_image_builder_write(builder, crash, NULL) == SFI_OK ? 0 : 1;
}

START_TEST(test_crash)
{
    sfi_image_builder *b = new_builder(64, 0);

    ck_assert_int_eq(child_result(start_child(write_until_crash, b)), 77);
    sfi_image_builder_free(b);
    ck_assert_refused(save(65, 0));
    ck_assert_ok(save(64, 0));
}
END_TEST

#define PROCESSES 8

static sfi_image_builder *builders[PROCESSES];

/* Was it refused? */
static int
write_one(size_t which)
{
    struct kit_bytes image = {0};

    return sfi_image_builder_write(builders[which], kit_write, &image) !=
           SFI_OK;
}

START_TEST(test_at_once)
{
    for (size_t i = 0; i < PROCESSES; i++)
        builders[i] = new_builder(64 + i, 0);
    ck_assert_int_eq(together(PROCESSES, write_one), PROCESSES - 1);
    for (size_t i = 0; i < PROCESSES; i++)
        sfi_image_builder_free(builders[i]);
}
END_TEST

/* ---- what is no register ---- */

#define DIGEST16 "00112233445566778899aabbccddeeff"
#define DIGEST32 DIGEST16 DIGEST16

static const struct {
    const char *content, *where, *fact;
} bad[] = {
    {"SFI-USED 2\n", "", "SFI-USED 1"},
    {"a letter", "", "SFI-USED 1"},
    {HEAD DIGEST16 "-" DIGEST32 "\n", ":2", "record"},
    {HEAD DIGEST16 " " DIGEST32 "x", ":2", "record"},
    {HEAD "x" DIGEST16 " " DIGEST32, ":2", "record"},
    {HEAD DIGEST16 " " DIGEST32 "\n" DIGEST16 " x" DIGEST32, ":3", "record"},
};

START_TEST(test_other_content)
{
    char where[320];
    size_t len;
    char *now;

    (void)snprintf(where, sizeof(where), "%s%s", path, bad[_i].where);
    put(bad[_i].content, strlen(bad[_i].content));
    ck_assert_fails_about(save(64, 0), SFI_ERR_FORMAT, where, bad[_i].fact,
                          "expected");
    now = test_read(path, &len);
    ck_assert_str_eq(now, bad[_i].content);
    free(now);
}
END_TEST

START_TEST(test_link)
{
    char other[300];

    (void)snprintf(other, sizeof(other), "%s/other", folder);
    make_link(other, path);
    ck_assert_fails_about(save(64, 0), SFI_ERR_ACCESS, path, "symbolic link");
    ck_assert_int_ne(access(other, F_OK), 0);
}
END_TEST

START_TEST(test_fifo)
{
    make_fifo(path);
    ck_assert_fails_about(save(64, 0), SFI_ERR_ACCESS, path, "regular");
}
END_TEST

START_TEST(test_no_file)
{
    (void)snprintf(path, sizeof(path), "%s/missing/key.used", folder);
    ck_assert_fails_about(save(64, 0), SFI_ERR_OS, path, "cannot write",
                          "register");
    ck_assert_int_ne(access(out, F_OK), 0);
    (void)snprintf(path, sizeof(path), "%s", null_device);
    ck_assert_fails_about(save(64, 0), SFI_ERR_ACCESS, path, "regular");
}
END_TEST

START_TEST(test_arguments)
{
    sfi_image_builder *b = new_builder(64, 0);

    ck_assert_int_eq(sfi_image_builder_set_register(NULL, path, 0),
                     SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_image_builder_set_register(b, path, 2),
                          SFI_ERR_ARGUMENT, "", "flags");
    sfi_image_builder_free(b);
}
END_TEST

START_TEST(test_no_memory)
{
    size_t n = 0;
    sfi_status st;

    do {
        sfi_image_builder *b = new_builder(64, 0);

        memory.fail_at = ++n;
        st = sfi_image_builder_save(b, out);
        if (memory.fail_at == 0)
            ck_assert_fails_about(st, SFI_ERR_NOMEM, "", "memory");
        else
            n = 0;
        memory.fail_at = 0;
        sfi_image_builder_free(b);
    } while (n != 0);
    ck_assert_ok(st);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("register");
    TCase *tc = tcase_create("register");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_one_image);
    tcase_add_test(tc, test_another_image);
    tcase_add_test(tc, test_another_version);
    tcase_add_loop_test(tc, test_a_nonce_beside, 0, (int)ROWS(steps));
    tcase_add_test(tc, test_another_key);
    tcase_add_test(tc, test_same_nonce);
    tcase_add_test(tc, test_finding);
    tcase_add_test(tc, test_zeros);
    tcase_add_test(tc, test_cut_short);
    tcase_add_test(tc, test_crash);
    tcase_add_test(tc, test_at_once);
    tcase_add_loop_test(tc, test_other_content, 0, (int)ROWS(bad));
    tcase_add_test(tc, test_link);
    tcase_add_test(tc, test_fifo);
    tcase_add_test(tc, test_no_file);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_no_memory);
    suite_add_tcase(s, tc);
    return run_suite(s);
}
