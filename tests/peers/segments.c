/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* segments FILE [ADDRESS]: prints the segments of a firmware file, one on each
 * line: address, length, bytes in hexadecimal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/firmware.h>

static void
warn(void *user, int level, const char *line)
{
    (void)user;
    (void)level;
    fprintf(stderr, "warning: %s\n", line);
}

static int
print_segments(const sfi_firmware *fw, int brief)
{
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        const uint8_t *data;
        uint64_t address;
        size_t len;

        if (sfi_firmware_segment(fw, i, &address, &data, &len) != SFI_OK)
            return EXIT_FAILURE;
        printf("%08llx %zu", (unsigned long long)address, len);
        putchar(brief ? '\n' : ' ');
        for (size_t k = 0; k < len && !brief; k++)
            printf("%02x%s", data[k], k + 1 == len ? "\n" : "");
    }
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    sfi_ctx_options options = {
        .struct_size = sizeof(options),
        .log_level = SFI_LOG_WARNING,
        .log = warn,
    };
    int brief = argc > 1 && strcmp(argv[1], "--brief") == 0;
    sfi_firmware *fw = NULL;
    sfi_ctx *ctx;
    sfi_status st;

    argc -= brief;
    argv += brief;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: segments [--brief] FILE [ADDRESS]\n");
        return 64;
    }
    if (sfi_ctx_new(&options, &ctx) != SFI_OK)
        return EXIT_FAILURE;
    if (argc == 3)
        st = sfi_firmware_load_binary(ctx, argv[1], strtoull(argv[2], NULL, 0),
                                      &fw);
    else
        st = sfi_firmware_load(ctx, argv[1], &fw);
    if (st != SFI_OK) {
        const sfi_error *err = sfi_ctx_error(ctx);

        fprintf(stderr, "%s: %s\n", sfi_error_where(err),
                sfi_error_message(err));
    } else if (print_segments(fw, brief) != EXIT_SUCCESS) {
        st = SFI_ERR_INTERNAL;
    }
    sfi_firmware_free(fw);
    sfi_ctx_free(ctx);
    return st == SFI_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
