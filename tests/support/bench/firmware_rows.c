/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Firmware in each file format, for tests that try one after another. */
#include <bench/firmware_rows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

char warnings[4096];

static void
collect(void *user, int level, const char *line)
{
    size_t len = strlen(warnings);

    (void)user;
    ck_assert_int_eq(level, SFI_LOG_WARNING);
    (void)snprintf(warnings + len, sizeof(warnings) - len, "%s\n", line);
}

void
firmware_setup(void)
{
    sfi_allocator allocator = counting_allocator(&memory);
    sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = SFI_LOG_WARNING,
        .log = collect,
        .allocator = &allocator,
    };

    memory = (struct counter){0};
    warnings[0] = '\0';
    ck_assert_int_eq(sfi_ctx_new(&options, &ctx), SFI_OK);
}

static unsigned
byte_at(const char *p)
{
    char digits[3] = {p[0], p[1], '\0'};

    return (unsigned)strtoul(digits, NULL, 16);
}

/* Intel HEX sums up to 0, S-records to 0xff. */
static void
fill_checksum(const char *line, char *mark)
{
    const char *p = line + (*line == ':' ? 1 : 2);
    unsigned sum = *line == ':' ? 0 : 1;
    char digits[3];

    for (; p < mark; p += 2)
        sum += byte_at(p);
    (void)snprintf(digits, sizeof(digits), "%02X", (0u - sum) & 0xff);
    mark[0] = digits[0];
    mark[1] = digits[1];
}

char *
firmware_text(const char *text, size_t *len)
{
    char *copy;
    char *line;

    *len = strlen(text);
    copy = malloc(*len + 1);
    ck_assert_ptr_nonnull(copy);
    (void)snprintf(copy, *len + 1, "%s", text);
    line = copy;
    for (char *p = copy; *p != '\0'; p++) {
        if (*p == ':' || *p == 'S')
            line = p;
        if (p[0] == '?' && p[1] == '?')
            fill_checksum(line, p);
    }
    return copy;
}

const char *
firmware_segments(const sfi_firmware *fw)
{
    static char text[4096];
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        uint64_t address;
        const uint8_t *data;
        size_t len;

        ck_assert_ok(sfi_firmware_segment(fw, i, &address, &data, &len));
        ck_assert_uint_gt(len, 0);
        ck_assert_uint_lt(at + 2 * len + 16, sizeof(text));
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               "%s%08llx=", i > 0 ? " " : "",
                               (unsigned long long)address);
        for (size_t k = 0; k < len; k++)
            at +=
                (size_t)snprintf(text + at, sizeof(text) - at, "%02x", data[k]);
    }
    return text;
}

static void
check_result(const struct firmware_row *row, const char *name, sfi_status st,
             sfi_firmware *fw)
{
    const sfi_error *err = sfi_ctx_error(ctx);
    const char *where = sfi_error_where(err);
    const char *want = row->segments == NULL ? row->where : "";
    size_t skip = strlen(name);

    ck_assert_msg(st == row->st && (st == SFI_OK) == (fw != NULL),
                  "%s: %s, expected %s: %s: %s", row->why, sfi_status_name(st),
                  sfi_status_name(row->st), where, sfi_error_message(err));
    if (st == SFI_OK) {
        ck_assert_msg(strcmp(firmware_segments(fw), row->segments) == 0,
                      "%s: %s, expected %s", row->why, firmware_segments(fw),
                      row->segments);
    } else {
        ck_assert_msg(text_matches(sfi_error_message(err), row->message),
                      "%s: \"%s\", expected \"%s\"", row->why,
                      sfi_error_message(err), row->message);
        /* "12:3", or "app.hex:12:3" */
        ck_assert_msg(strncmp(where, name, skip) == 0, "%s: at %s, expected %s",
                      row->why, where, name);
        where += skip + (skip > 0 && want[0] != '\0');
        ck_assert_msg(strcmp(where, want) == 0,
                      "%s: at \"%s\", expected \"%s\"", row->why, where, want);
    }
}

static void
check_warnings(const struct firmware_row *row)
{
    const char *want = row->warnings != NULL ? row->warnings : "";

    ck_assert_msg(text_matches(warnings, want), "%s: warned\n%sexpected\n%s",
                  row->why, warnings, want);
}

static void
check_in_memory(const char *format, const struct firmware_row *row,
                const char *text, size_t len)
{
    sfi_firmware *fw = (sfi_firmware *)1;
    sfi_status st =
        sfi_firmware_parse(ctx, format, 0, (const uint8_t *)text, len, &fw);

    check_result(row, "", st, fw);
    if (fw != NULL)
        ck_assert_str_eq(sfi_firmware_format(fw), format);
    check_warnings(row);
    sfi_firmware_free(fw);
}

sfi_status
firmware_load_bytes(const char *extension, const sfi_firmware_options *opts,
                    const void *data, size_t len, char *path, sfi_firmware **fw)
{
    char folder[256];
    sfi_status st;
    FILE *f;

    test_mkdir(folder, sizeof(folder));
    (void)snprintf(path, FIRMWARE_PATH_MAX, "%s/app.%s", folder, extension);
    f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(data, 1, len, f), len);
    ck_assert_int_eq(fclose(f), 0);
    *fw = (sfi_firmware *)1;
    st = opts == NULL ? sfi_firmware_load(ctx, path, fw)
                      : sfi_firmware_load_with(ctx, path, opts, fw);
    test_rmdir(folder);
    return st;
}

static void
check_in_file(const char *format, const struct firmware_row *row,
              const char *text, size_t len)
{
    sfi_firmware *fw;
    char path[FIRMWARE_PATH_MAX];
    sfi_status st = firmware_load_bytes(format, NULL, text, len, path, &fw);

    check_result(row, path, st, fw);
    if (fw != NULL)
        ck_assert_str_eq(sfi_firmware_format(fw), format);
    sfi_firmware_free(fw);
}

void
check_firmware_row(const char *format, const struct firmware_row *row)
{
    size_t len;
    char *text = firmware_text(row->text, &len);

    check_in_memory(format, row, text, len);
    check_in_file(format, row, text, len);
    free(text);
}

void
check_firmware_flags(const char *format, uint32_t flags,
                     const struct firmware_row *row)
{
    sfi_firmware_options opts = {.struct_size = sizeof(opts), .flags = flags};
    char path[FIRMWARE_PATH_MAX], want[512] = "";
    size_t len;
    char *text = firmware_text(row->text, &len);
    sfi_firmware *fw;
    sfi_status st = firmware_load_bytes(format, &opts, text, len, path, &fw);

    check_result(row, path, st, fw);
    ck_assert_str_eq(sfi_firmware_format(fw), fw != NULL ? format : "");
    if (row->warnings != NULL)
        (void)snprintf(want, sizeof(want), "%s:%s", path, row->warnings);
    ck_assert_msg(text_matches(warnings, want), "%s: warned\n%sexpected\n%s",
                  row->why, warnings, want);
    sfi_firmware_free(fw);
    free(text);
}
