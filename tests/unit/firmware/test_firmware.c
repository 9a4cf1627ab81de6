/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* lib/firmware: one set of segments from each format. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sfi/firmware.h>

#include "firmware/load.h"
#include "util/sys.h"
#include <bench/firmware_rows.h>
#include "fixture.h"
#include "system.h"

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

    ck_assert_fails_about(sfi_firmware_load_binary(ctx, path, 0xffffff00, &fw),
                          SFI_ERR_RANGE, path, "0x138 bytes", "0xffffff00",
                          "0xffffffff");
    ck_assert_ptr_null(fw);
    ck_assert_fails_about(sfi_firmware_load(ctx, path, &fw), SFI_ERR_FORMAT,
                          path, "ELF", "address");
    ck_assert_ptr_null(fw);
}
END_TEST

static sfi_status
parse(const char *format, uint64_t address, const char *text, sfi_firmware **fw)
{
    return sfi_firmware_parse(ctx, format, address, (const uint8_t *)text,
                              strlen(text), fw);
}

/* Formats are detected by content. */
START_TEST(test_detection)
{
    static const struct {
        const char *text, *format;
    } rows[] = {
        {":0100000001FE\n:00000001FF\n", "ihex"},
        {"\xef\xbb\xbf\r\n:0100000001FE\n:00000001FF\n", "ihex"},
        {"\r\n\n:0100000001FE\n:00000001FF\n", "ihex"},
        {"S104000001FA\nS9030000FC\n", "srec"},
        {"\nS0030000FC\nS104000001FA\nS9030000FC\n", "srec"},
        {":", NULL},
        {":x", NULL},
        {"S", NULL},
        {"S1", NULL},
        {"S10", NULL},
        {"Sx04", NULL},
        {"SFMI", NULL},
        {"s104000001FA\nS9030000FC\n", NULL},
        {"\177EL", NULL},
        {"x", NULL},
    };
    sfi_firmware *fw;

    for (size_t i = 0; i < ROWS(rows); i++) {
        sfi_status st = parse(NULL, 0, rows[i].text, &fw);

        ck_assert_msg((st == SFI_OK) == (rows[i].format != NULL), "row %zu", i);
        ck_assert_str_eq(sfi_firmware_format(fw),
                         rows[i].format != NULL ? rows[i].format : "");
        sfi_firmware_free(fw);
    }
    ck_assert_fails_about(parse(NULL, 0, "", &fw), SFI_ERR_FORMAT, "", "empty");
    ck_assert_fails_about(parse(NULL, 0, "x", &fw), SFI_ERR_FORMAT, "", "ELF",
                          "address");
}
END_TEST

static void
write_file(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "wb");

    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
}

/* The extension decides only when no format matches the content. */
START_TEST(test_extension)
{
    static const struct {
        const char *name, *text;
        sfi_status st;
        const char *where, *message;
    } rows[] = {
        {"a.elf", ":0100000001FE\n:00000001FF\n", SFI_OK, "", "ihex"},
        {"a.hex", "S104000001FA\nS9030000FC\n", SFI_OK, "", "srec"},
        {"a.hex", "0100000001FE\n", SFI_ERR_FORMAT, ":1:1",
         "found '0', expected ':'"},
        {"a.IHX", "; title\n", SFI_ERR_FORMAT, ":1:1",
         "found ';', expected ':'"},
        {"a.s19", "s104000001FA\n", SFI_ERR_FORMAT, ":1:1",
         "found 's', expected 'S'"},
        {"a.mot", "x", SFI_ERR_FORMAT, ":1:1", "found 'x', expected 'S'"},
        {"a.axf", "x", SFI_ERR_TRUNCATED, "",
         "... inside the ELF identification"},
        {"a.hex", "", SFI_ERR_FORMAT, "", "no data, ..."},
        {"a.bin", "x", SFI_ERR_FORMAT, "",
         "neither ELF nor Intel HEX, S-records or DfuSe; a plain binary "
         "needs an address"},
        {"hex", "x", SFI_ERR_FORMAT, "",
         "neither ELF nor Intel HEX, S-records or DfuSe; a plain binary "
         "needs an address"},
        {"a", "", SFI_ERR_FORMAT, "",
         "empty, expected ELF, Intel HEX, S-records or DfuSe"},
    };
    char folder[256], path[300], where[320];
    sfi_firmware *fw;

    test_mkdir(folder, sizeof(folder));
    for (size_t i = 0; i < ROWS(rows); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, rows[i].name);
        (void)snprintf(where, sizeof(where), "%s%s", path, rows[i].where);
        write_file(path, rows[i].text, strlen(rows[i].text));
        if (rows[i].st == SFI_OK) {
            ck_assert_ok(sfi_firmware_load(ctx, path, &fw));
            ck_assert_str_eq(sfi_firmware_format(fw), rows[i].message);
        } else {
            ck_assert_fails(sfi_firmware_load(ctx, path, &fw), rows[i].st,
                            where, rows[i].message);
        }
        sfi_firmware_free(fw);
    }
    test_rmdir(folder);
}
END_TEST

START_TEST(test_plain)
{
    sfi_firmware *fw;

    ck_assert_ok(parse("bin", 0x08000000, ":00", &fw));
    ck_assert_str_eq(sfi_firmware_format(fw), "bin");
    ck_assert_str_eq(firmware_segments(fw), "08000000=3a3030");
    sfi_firmware_free(fw);
    ck_assert_ok(parse("bin", 0xfffffffd, "abc", &fw));
    ck_assert_str_eq(firmware_segments(fw), "fffffffd=616263");
    sfi_firmware_free(fw);
    ck_assert_fails_about(parse("bin", 0xfffffffe, "abc", &fw), SFI_ERR_RANGE,
                          "", "0x3 bytes", "0xfffffffe", "0xffffffff");
    ck_assert_fails_about(parse("bin", UINT64_MAX, "abc", &fw), SFI_ERR_RANGE,
                          "", "0x3 bytes", "0xffffffffffffffff",
                          "most 0xffffffff");
    ck_assert_fails_about(parse("bin", 0, "", &fw), SFI_ERR_FORMAT, "",
                          "no data");
    ck_assert_ptr_null(fw);
}
END_TEST

START_TEST(test_arguments)
{
    static const uint8_t byte[] = {0x55};
    sfi_firmware *fw = (sfi_firmware *)1;
    const uint8_t *data;
    uint64_t address;
    size_t len;

    ck_assert_int_eq(sfi_firmware_load(NULL, "x", &fw), SFI_ERR_ARGUMENT);
    ck_assert_fails_about(sfi_firmware_load(ctx, NULL, &fw), SFI_ERR_ARGUMENT,
                          "", "path != NULL");
    ck_assert_ptr_null(fw);
    ck_assert_fails_about(sfi_firmware_load(ctx, "x", NULL), SFI_ERR_ARGUMENT,
                          "", "out != NULL");
    ck_assert_fails_about(sfi_firmware_load_binary(ctx, NULL, 0, &fw),
                          SFI_ERR_ARGUMENT, "", "path != NULL");
    ck_assert_fails_about(sfi_firmware_load_binary(ctx, "x", 0, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails_about(sfi_firmware_parse(ctx, "bin", 0, NULL, 1, &fw),
                          SFI_ERR_ARGUMENT, "", "data != NULL || len == 0");
    ck_assert_fails_about(sfi_firmware_parse(ctx, "bin", 0, byte, 1, NULL),
                          SFI_ERR_ARGUMENT, "", "out != NULL");
    ck_assert_fails(
        sfi_firmware_parse(ctx, "hex", 0, byte, 1, &fw), SFI_ERR_ARGUMENT, "",
        "unknown format \"hex\", expected elf, ihex, srec, dfuse, bin or raw");
    ck_assert_fails(
        sfi_firmware_parse(ctx, "srec", 4, byte, 1, &fw), SFI_ERR_ARGUMENT, "",
        "base address given for srec, which contains its addresses");
    ck_assert_fails_about(sfi_firmware_load(ctx, "/no/such.hex", &fw),
                          SFI_ERR_OS, "/no/such.hex", "read", "No such file");
    ck_assert_fails_about(sfi_firmware_load(ctx, "/", &fw), SFI_ERR_OS, "/",
                          "read", "directory");
    ck_assert_ptr_null(fw);

    ck_assert_ok(sfi_firmware_parse(ctx, "bin", 0, byte, 1, &fw));
    ck_assert_fails_about(sfi_firmware_segment(fw, 1, &address, &data, &len),
                          SFI_ERR_ARGUMENT, "", "index < fw->count");
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(len, 0);
    ck_assert_fails_about(sfi_firmware_segment(fw, 0, NULL, &data, &len),
                          SFI_ERR_ARGUMENT, "", "address != NULL");
    ck_assert_fails_about(sfi_firmware_segment(fw, 0, &address, NULL, &len),
                          SFI_ERR_ARGUMENT, "", "data != NULL");
    ck_assert_fails_about(sfi_firmware_segment(fw, 0, &address, &data, NULL),
                          SFI_ERR_ARGUMENT, "", "len != NULL");
    ck_assert_int_eq(sfi_firmware_segment(NULL, 0, &address, &data, &len),
                     SFI_ERR_ARGUMENT);
    ck_assert_str_eq(sfi_firmware_format(NULL), "");
    ck_assert_uint_eq(sfi_firmware_segment_count(NULL), 0);
    sfi_firmware_free(fw);
    sfi_firmware_free(NULL);
}
END_TEST

/* The firmware keeps a copy of its bytes. */
START_TEST(test_not_borrowed)
{
    char text[] = "S104000001FA\nS9030000FC\n";
    char bytes[] = "abc";
    sfi_firmware *fw;

    ck_assert_ok(parse("srec", 0, text, &fw));
    (void)snprintf(text, sizeof(text), "gone");
    ck_assert_str_eq(firmware_segments(fw), "00000000=01");
    sfi_firmware_free(fw);
    ck_assert_ok(parse("bin", 0, bytes, &fw));
    (void)snprintf(bytes, sizeof(bytes), "xyz");
    ck_assert_str_eq(firmware_segments(fw), "00000000=616263");
    sfi_firmware_free(fw);
}
END_TEST

/* A text that grows line by line. */
struct text {
    char *data;
    size_t len, cap;
};

static void
put_line(struct text *t, uint32_t address, const uint8_t *data, size_t len,
         const char *end)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned sum = (unsigned)(5 + len);
    char *p;

    if (t->cap - t->len < 600) {
        t->cap = 2 * t->cap + 4096;
        t->data = realloc(t->data, t->cap);
        ck_assert_ptr_nonnull(t->data);
    }
    p = t->data + t->len;
    p += snprintf(p, 32, "S3%02X%08X", (unsigned)(5 + len), address);
    for (size_t i = 0; i < 4; i++)
        sum += address >> 8 * i & 0xff;
    for (size_t i = 0; i < len; i++) {
        *p++ = digits[data[i] >> 4];
        *p++ = digits[data[i] & 0xf];
        sum += data[i];
    }
    p += snprintf(p, 8, "%02X%s", ~sum & 0xff, end);
    t->len = (size_t)(p - t->data);
}

static void
put_text(struct text *t, const char *s)
{
    ck_assert_uint_ge(t->cap - t->len, strlen(s) + 1);
    t->len += (size_t)snprintf(t->data + t->len, strlen(s) + 1, "%s", s);
}

/* Lines of every length across the borders of the pieces that a file is read
 * in; each row shifts them by one character. */
START_TEST(test_pieces)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    const char *end = ends[_i % 3];
    struct text t = {.data = malloc(4096), .cap = 4096};
    char folder[256], path[300];
    uint8_t byte[250];
    uint32_t address = 0x08000000;
    const uint8_t *data;
    uint64_t at;
    size_t len;
    sfi_firmware *fw;

    for (size_t i = 0; i < sizeof(byte); i++)
        byte[i] = (uint8_t)(i * 37);
    for (int i = 0; i < _i; i++)
        put_text(&t, "\n");
    while (t.len < 600000) {
        size_t n = 1 + (address * 7u) % 240;

        put_line(&t, address, byte, n, end);
        address += (uint32_t)n;
    }
    put_text(&t, "S9030000FC");
    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/a", folder);
    write_file(path, t.data, t.len);
    ck_assert_ok(sfi_firmware_load(ctx, path, &fw));
    test_rmdir(folder);
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
    ck_assert_ok(sfi_firmware_segment(fw, 0, &at, &data, &len));
    ck_assert_uint_eq(at, 0x08000000);
    ck_assert_uint_eq(len, address - 0x08000000);
    for (size_t i = 0; i < len;) {
        size_t n = 1 + ((0x08000000 + i) * 7u) % 240;

        ck_assert_mem_eq(data + i, byte, n);
        i += n;
    }
    sfi_firmware_free(fw);
    free(t.data);
}
END_TEST

/* Data in the worst order costs n log n, not n squared. */
START_TEST(test_descending)
{
    const uint32_t count = 100000;
    struct text t = {.data = malloc(4096), .cap = 4096};
    const uint8_t *data;
    uint64_t at;
    size_t len;
    sfi_firmware *fw;

    for (uint32_t i = count; i-- > 0;) {
        uint8_t byte = (uint8_t)(i * 13);

        put_line(&t, 0x20000000 + i, &byte, 1, "\n");
    }
    put_text(&t, "S9030000FC");
    ck_assert_ok(
        sfi_firmware_parse(ctx, NULL, 0, (const uint8_t *)t.data, t.len, &fw));
    ck_assert_uint_eq(sfi_firmware_segment_count(fw), 1);
    ck_assert_ok(sfi_firmware_segment(fw, 0, &at, &data, &len));
    ck_assert_uint_eq(at, 0x20000000);
    ck_assert_uint_eq(len, count);
    for (uint32_t i = 0; i < count; i++) {
        if (data[i] != (uint8_t)(i * 13))
            ck_abort_msg("byte %u is 0x%02x", i, data[i]);
    }
    sfi_firmware_free(fw);
    free(t.data);
}
END_TEST

/* An image has at most 65535 areas, so a firmware has at most 65535 segments.
 */
START_TEST(test_islands)
{
    static const uint8_t byte[] = {0x55};
    struct text t = {.data = malloc(4096), .cap = 4096};
    sfi_firmware *fw;

    for (uint32_t i = 0; i < 65535u + (uint32_t)_i; i++)
        put_line(&t, i * 0x10000, byte, 1, "\n");
    put_text(&t, "S9030000FC");
    if (_i == 0) {
        ck_assert_ok(sfi_firmware_parse(ctx, NULL, 0, (const uint8_t *)t.data,
                                        t.len, &fw));
        ck_assert_uint_eq(sfi_firmware_segment_count(fw), 65535);
    } else {
        ck_assert_fails(sfi_firmware_parse(ctx, NULL, 0,
                                           (const uint8_t *)t.data, t.len, &fw),
                        SFI_ERR_LIMIT, "",
                        "65536 separate segments, the limit is 65535");
    }
    sfi_firmware_free(fw);
    free(t.data);
}
END_TEST

#define MIB ((size_t)1 << 20)

/* More than 256 MiB is refused in every format, before it is read. */
START_TEST(test_limits)
{
    char *zeros = calloc(1, 256 * MIB + 1);
    char folder[256], path[300];
    sfi_firmware *fw;
    int fd;

    ck_assert_ptr_nonnull(zeros);
    ck_assert_fails(sfi_firmware_parse(ctx, "bin", 0, (const uint8_t *)zeros,
                                       256 * MIB + 1, &fw),
                    SFI_ERR_LIMIT, "",
                    "more than 0x10000000 bytes of firmware, the limit");
    ck_assert_ptr_null(fw);
    free(zeros);

    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/a.bin", folder);
    ck_assert_int_eq(sfi__sys_open(path, SYS_WRITE | SYS_NEW, 0600, &fd), 0);
    ck_assert_int_eq(sfi__sys_cut(fd, 512 * (uint64_t)MIB + 1), 0);
    ck_assert_int_eq(sfi__sys_close(fd), 0);
    ck_assert_fails(sfi_firmware_load_binary(ctx, path, 0, &fw), SFI_ERR_LIMIT,
                    path, "longer than 0x20000000 bytes, the limit");
    ck_assert_ptr_null(fw);
    test_rmdir(folder);
}
END_TEST

/* Only the first 16 of a hundred warnings are logged, and the last says so. */
START_TEST(test_warnings)
{
    static const uint8_t byte[] = {0x55};
    static const char *const last[] = {
        "17: data record without data (further warnings are not shown)\n",
        "17: 1 bytes at 0x00000000 repeat ... line 1 (further warnings are not "
        "shown)\n",
    };
    struct text t = {.data = malloc(4096), .cap = 4096};
    const char *line;
    size_t lines = 0;
    sfi_firmware *fw;

    put_line(&t, 0, byte, 1, "\n");
    for (uint32_t i = 0; i < 100; i++)
        put_line(&t, 0, byte, (size_t)_i, "\n");
    put_text(&t, "S9030000FC");
    ck_assert_ok(
        sfi_firmware_parse(ctx, NULL, 0, (const uint8_t *)t.data, t.len, &fw));
    for (const char *p = warnings; *p != '\0'; p++)
        lines += *p == '\n';
    ck_assert_uint_eq(lines, FIRMWARE_WARNINGS_MAX);
    line = strstr(warnings, "17: ");
    ck_assert_msg(line != NULL && text_matches(line, last[_i]), "%s", warnings);
    sfi_firmware_free(fw);
    free(t.data);
}
END_TEST

static struct {
    char path[300];
    char data[1500000];
} large;

/* The size of a file that is not regular is unknown before it is read. */
static int
feed(void *user)
{
    int fd, err = sfi__sys_open(large.path, SYS_WRITE, 0, &fd);

    (void)user;
    for (size_t at = 0; err == 0 && at < sizeof(large.data); at += 5000)
        err = sfi__sys_write(fd, large.data + at, 5000);
    return err != 0;
}

static void
large_setup(char *folder, size_t cap)
{
    for (size_t i = 0; i < sizeof(large.data); i++)
        large.data[i] = (char)(i * 7 ^ i >> 8);
    test_mkdir(folder, cap);
    (void)snprintf(large.path, sizeof(large.path), "%s/a", folder);
}

static void
large_is(sfi_firmware *fw)
{
    const uint8_t *data;
    uint64_t address;
    size_t got;

    ck_assert_ok(sfi_firmware_segment(fw, 0, &address, &data, &got));
    ck_assert_uint_eq(address, 0x90000000);
    ck_assert_uint_eq(got, sizeof(large.data));
    ck_assert_mem_eq(data, large.data, got);
    sfi_firmware_free(fw);
}

START_TEST(test_large)
{
    char folder[256];
    sfi_firmware *fw;

    large_setup(folder, sizeof(folder));
    write_file(large.path, large.data, sizeof(large.data));
    ck_assert_ok(sfi_firmware_load_binary(ctx, large.path, 0x90000000, &fw));
    test_rmdir(folder);
    large_is(fw);
}
END_TEST

START_TEST(test_large_pipe)
{
    char folder[256];
    sfi_firmware *fw;
    int child;

    large_setup(folder, sizeof(folder));
    make_fifo(large.path);
    child = start_child(feed, NULL);
    ck_assert_ok(sfi_firmware_load_binary(ctx, large.path, 0x90000000, &fw));
    ck_assert_int_eq(child_result(child), 0);
    test_rmdir(folder);
    large_is(fw);
}
END_TEST

/* A warning names the file. */
START_TEST(test_warning_place)
{
    static const char text[] = "S104000001FA\nS1030001FB\nS9030000FC\n";
    char folder[256], path[300], want[400];
    sfi_firmware *fw;

    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, sizeof(path), "%s/a.s19", folder);
    (void)snprintf(want, sizeof(want), "%s:2: data record without data\n",
                   path);
    write_file(path, text, strlen(text));
    ck_assert_ok(sfi_firmware_load(ctx, path, &fw));
    ck_assert_msg(text_matches(warnings, want), "%s", warnings);
    test_rmdir(folder);
    sfi_firmware_free(fw);
}
END_TEST

/* Each allocation in turn is refused: a clean status, no handle, no leak. */
static const char *const sweep[] = {
    "data/blink-stm32h753xi.elf",
    "data/blink-stm32h753xi.hex",
    "data/blink-stm32h753xi.srec",
    "data/blink-stm32h753xi-0x08020000.bin",
};

static sfi_status
load_or_parse(const char *path, bool in_memory, sfi_firmware **fw)
{
    bool plain = strstr(path, ".bin") != NULL;
    sfi_status st;
    char *file;
    size_t len;

    if (!in_memory)
        return plain ? sfi_firmware_load_binary(ctx, path, 0x08020000, fw)
                     : sfi_firmware_load(ctx, path, fw);
    file = test_read(path, &len);
    st = sfi_firmware_parse(ctx, plain ? "bin" : NULL, plain ? 0x08020000 : 0,
                            (const uint8_t *)file, len, fw);
    free(file);
    return st;
}

START_TEST(test_memory)
{
    const char *path = test_path(sweep[_i / 2]);
    sfi_status st = SFI_ERR_NOMEM;
    size_t live = memory.live;
    sfi_firmware *fw;
    size_t n = 0;

    while (st != SFI_OK) {
        memory.fail_at = ++n;
        st = load_or_parse(path, _i % 2 != 0, &fw);
        if (st == SFI_OK)
            break;
        ck_assert_int_eq(st, SFI_ERR_NOMEM);
        ck_assert_str_eq(sfi_error_message(sfi_ctx_error(ctx)),
                         "out of memory");
        ck_assert_ptr_null(fw);
        ck_assert_uint_eq(memory.live, live);
    }
    memory.fail_at = 0;
    ck_assert_uint_ge(n, 3);
    sfi_firmware_free(fw);
    ck_assert_uint_eq(memory.live, live);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("firmware");
    TCase *tc = tcase_create("files");

    tcase_add_checked_fixture(tc, firmware_setup, fixture_teardown);
    tcase_add_loop_test(tc, test_real, 0, (int)ROWS(real));
    tcase_add_test(tc, test_binary);
    tcase_add_test(tc, test_detection);
    tcase_add_test(tc, test_extension);
    tcase_add_test(tc, test_plain);
    tcase_add_test(tc, test_arguments);
    tcase_add_test(tc, test_not_borrowed);
    tcase_add_loop_test(tc, test_pieces, 0, 12);
    tcase_add_test(tc, test_descending);
    tcase_add_loop_test(tc, test_islands, 0, 2);
    tcase_add_test(tc, test_limits);
    tcase_add_loop_test(tc, test_warnings, 0, 2);
    tcase_add_test(tc, test_large);
    tcase_add_test(tc, test_large_pipe);
    tcase_add_test(tc, test_warning_place);
    tcase_add_loop_test(tc, test_memory, 0, 2 * (int)ROWS(sweep));
    suite_add_tcase(s, tc);
    return run_suite(s);
}
