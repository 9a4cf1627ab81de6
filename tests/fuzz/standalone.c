/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Replay a corpus without a fuzzer: standalone FILE|FOLDER...  Each input is
 * run as it is, cut off after each byte, and with each byte changed in turn;
 * always in memory of its own length, so that a sanitiser finds a read of one
 * byte too many. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

/* Longer inputs are cut and changed at so many places only (SFI_TEST_PLACES:
 * at so many others). */
#define PLACES_MAX 2048u

static size_t inputs;

static void
give(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);

    FUZZ_HOLDS(copy != NULL);
    if (len > 0)
        memcpy(copy, data, len);
    (void)LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    inputs++;
}

static void
give_variants(uint8_t *data, size_t len)
{
    static const uint8_t changes[] = {0x01, 0x20, 0x80, 0xff};
    const char *wanted = getenv("SFI_TEST_PLACES");
    size_t places = wanted != NULL ? strtoul(wanted, NULL, 10) : PLACES_MAX;
    size_t step = len / places + 1;

    give(data, len);
    for (size_t i = 0; i < len; i += step) {
        give(data, i);
        for (size_t k = 0; k < sizeof(changes); k++) {
            data[i] ^= changes[k];
            give(data, len);
            data[i] ^= changes[k];
        }
    }
}

static void
die(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(EXIT_FAILURE);
}

static void
replay_file(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    uint8_t *data = malloc(size + 1);

    if (f == NULL || data == NULL || fread(data, 1, size, f) != size)
        die(path);
    (void)fclose(f);
    give_variants(data, size);
    free(data);
}

static void
replay(const char *path)
{
    struct dirent *entry;
    struct stat st;
    char inner[4096];
    DIR *dir;

    if (stat(path, &st) != 0)
        die(path);
    if (!S_ISDIR(st.st_mode)) {
        replay_file(path, (size_t)st.st_size);
        return;
    }
    dir = opendir(path);
    if (dir == NULL)
        die(path);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        replay(inner);
    }
    (void)closedir(dir);
}

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%zu inputs\n", inputs);
    if (inputs == 0)
        fprintf(stderr, "an empty corpus tests nothing\n");
    return inputs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
