/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A host of plug-ins that loads libsfi and libsfi-sim, uses them and lets them
 * go, again and again: memory, descriptors, threads and mappings stay as many.
 *     dlopen TIMES LIBSFI LIBSFI-SIM */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sfi/sfi.h>

#define FUNCTIONS(X)                      \
    X(sfi_chip_find)                      \
    X(sfi_ctx_free)                       \
    X(sfi_ctx_new)                        \
    X(sfi_firmware_free)                  \
    X(sfi_firmware_parse)                 \
    X(sfi_hsm_free)                       \
    X(sfi_hsm_open)                       \
    X(sfi_image_builder_add_firmware)     \
    X(sfi_image_builder_free)             \
    X(sfi_image_builder_new)              \
    X(sfi_image_builder_set_key)          \
    X(sfi_image_builder_set_nonce)        \
    X(sfi_image_builder_set_option_bytes) \
    X(sfi_image_builder_write)            \
    X(sfi_key_free)                       \
    X(sfi_key_new)                        \
    X(sfi_option_bytes_free)              \
    X(sfi_option_bytes_new)               \
    X(sfi_transport_list)

/* The library's functions: this program is not linked with it. */
static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
} api;

static void
need(bool ok, const char *what)
{
    if (ok)
        return;
    (void)fprintf(stderr, "failed: %s\n", what);
    exit(1);
}

static void
find(void *lib, const char *name, void *function)
{
    void *found = dlsym(lib, name);

    need(found != NULL, name);
    memcpy(function, &found, sizeof(found));
}

static sfi_status
count_bytes(void *user, const uint8_t *data, size_t len)
{
    (void)data;
    *(size_t *)user += len;
    return SFI_OK;
}

static void
ignore_found(void *user, const sfi_transport_found *found)
{
    (void)user;
    (void)found;
}

/* An image, which takes cryptography, an HSM and a look at the ports. */
static void
use(void)
{
    static const uint8_t bytes[1024] = {0, 0, 2, 0x20, 9, 0, 0, 8};
    static const uint8_t secret[16] = {1}, nonce[SFI_NONCE_LEN] = {1};
    const sfi_chip *chip = api.sfi_chip_find("stm32h753xi");
    size_t len = 0;
    sfi_ctx *ctx = NULL;
    sfi_key *key = NULL;
    sfi_firmware *fw = NULL;
    sfi_option_bytes *ob = NULL;
    sfi_image_builder *b = NULL;
    sfi_hsm *hsm;

    need(api.sfi_ctx_new(NULL, &ctx) == SFI_OK &&
             api.sfi_key_new(ctx, secret, sizeof(secret), &key) == SFI_OK &&
             api.sfi_firmware_parse(ctx, "bin", 0x08000000, bytes,
                                    sizeof(bytes), &fw) == SFI_OK &&
             api.sfi_option_bytes_new(ctx, chip, &ob) == SFI_OK &&
             api.sfi_image_builder_new(ctx, chip, &b) == SFI_OK,
         "handles");
    need(api.sfi_image_builder_set_key(b, key) == SFI_OK &&
             api.sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)) ==
                 SFI_OK &&
             api.sfi_image_builder_add_firmware(b, fw) == SFI_OK &&
             api.sfi_image_builder_set_option_bytes(b, ob) == SFI_OK &&
             api.sfi_image_builder_write(b, count_bytes, &len) == SFI_OK &&
             len > sizeof(bytes),
         "image");
    if (api.sfi_hsm_open(ctx, "vault:no-such.vault", &hsm) == SFI_OK)
        api.sfi_hsm_free(hsm);
    if (api.sfi_transport_list(ctx, ignore_found, NULL) != SFI_OK)
        (void)ctx; /* a machine without ports or rights */
    api.sfi_image_builder_free(b);
    api.sfi_option_bytes_free(ob);
    api.sfi_firmware_free(fw);
    api.sfi_key_free(key);
    api.sfi_ctx_free(ctx);
}

static void
load_and_use(char **paths)
{
    void *lib = dlopen(paths[0], RTLD_NOW | RTLD_LOCAL);
    void *sim = dlopen(paths[1], RTLD_NOW | RTLD_LOCAL);

    need(lib != NULL && sim != NULL, "dlopen");
#define FIND(name) find(lib, #name, &api.name);
    FUNCTIONS(FIND)
    need(dlsym(sim, "sfi_sim_open") != NULL, "sfi_sim_open");
    use();
    need(dlclose(sim) == 0 && dlclose(lib) == 0, "dlclose");
}

static size_t
count_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    need(dir != NULL, folder);
    while (readdir(dir) != NULL)
        n++;
    (void)closedir(dir);
    return n;
}

static size_t
count_lines(const char *path)
{
    FILE *f = fopen(path, "re");
    size_t n = 0;

    need(f != NULL, path);
    for (int c; (c = fgetc(f)) != EOF;)
        n += c == '\n';
    (void)fclose(f);
    return n;
}

#define SMALLEST 24u /* bytes that malloc() gives, with what it notes */

struct usage {
    size_t memory;
    size_t descriptors;
    size_t threads;
    size_t mappings;
};

static struct usage
measure(void)
{
    struct usage u = {
        .descriptors = count_entries("/proc/self/fd"),
        .threads = count_entries("/proc/self/task"),
        .mappings = count_lines("/proc/self/maps"),
    };
    struct mallinfo2 m = mallinfo2();

    u.memory = m.uordblks + m.hblkhd;
    printf("%zu bytes, %zu descriptors, %zu threads, %zu mappings\n", u.memory,
           u.descriptors, u.threads, u.mappings);
    return u;
}

int
main(int argc, char **argv)
{
    struct usage before, after;
    int times = argc == 4 ? atoi(argv[1]) / 2 : 0;

    need(times > 0, "usage: dlopen TIMES LIBSFI LIBSFI-SIM");
    (void)measure(); /* takes memory for stdout */
    for (int i = 0; i < times; i++)
        load_and_use(argv + 2);
    before = measure(); /* now every cache is filled */
    for (int i = 0; i < times; i++)
        load_and_use(argv + 2);
    after = measure();
    /* a leak is at least the smallest block each time; less is malloc's choice
     * among free blocks */
    return after.memory >= before.memory + SMALLEST * (size_t)times ||
           after.descriptors > before.descriptors ||
           after.threads > before.threads || after.mappings > before.mappings;
}
