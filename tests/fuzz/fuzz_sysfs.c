/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What Linux tells of its devices: the texts of a USB adapter, the type of a
 * port, the names of links and ports, the locks.  Input: texts with their NULs:
 * product, manufacturer, serial number, type, locks, and the name of a port. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/base/list.h"
#include "transport/base/sysfs.h"

#include "fuzz_folder.h"

#define USB "sys/class/tty/ttyUSB0/device/"
#define FOUND_MAX 4u

/* Made once; an input writes the files anew. */
static void
make_folders(void)
{
    static const char *const folders[] = {
        "sys",
        "sys/class",
        "sys/class/tty",
        "sys/class/tty/ttyUSB0",
        "sys/class/tty/ttyUSB0/device",
        "sys/class/spidev",
        "dev",
        "dev/serial",
        "dev/serial/by-id",
        "proc",
    };
    static bool is_made;

    for (size_t i = 0; !is_made && i < sizeof(folders) / sizeof(*folders); i++)
        FUZZ_HOLDS(mkdir(fuzz_path(folders[i]), 0755) == 0);
    is_made = true;
    (void)fuzz_file(USB "idVendor", "0483\n", 5);
    (void)fuzz_file("dev/ttyUSB0", "", 0);
}

static const uint8_t *left_at;
static size_t left_len;

/* The next text; its length. */
static size_t
next(const uint8_t **text)
{
    const uint8_t *end = left_len > 0 ? memchr(left_at, '\0', left_len) : NULL;
    size_t len = end != NULL ? (size_t)(end - left_at) : left_len;

    *text = left_at;
    left_at += len + (end != NULL);
    left_len -= len + (end != NULL);
    return len;
}

static void
next_file(const char *name)
{
    const uint8_t *text;
    size_t len = next(&text);

    (void)fuzz_file(name, text, len);
}

/* Every text ends, and is fit for a terminal. */
static void
check_text(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    FUZZ_HOLDS(end != NULL);
    for (; text < end; text++)
        FUZZ_HOLDS((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void
on_found(void *user, const sfi_transport_found *f)
{
    unsigned *count = user;

    FUZZ_HOLDS(++*count <= FOUND_MAX);
    check_text(f->kind, sizeof(f->kind));
    check_text(f->uri, sizeof(f->uri));
    check_text(f->lasting_uri, sizeof(f->lasting_uri));
    check_text(f->product, sizeof(f->product));
    check_text(f->manufacturer, sizeof(f->manufacturer));
    check_text(f->serial, sizeof(f->serial));
}

/* A port, an spidev and a link of udev's by the same name. */
static void
make_name(const uint8_t *text, size_t len, char name[256])
{
    size_t n = 0;

    for (size_t i = 0; i < len && n < 200; i++)
        name[n++] = text[i] == '/' ? '_' : (char)text[i];
    name[n] = '\0';
}

static void
with_name(const char *name, bool make)
{
    static const char *const under[] = {"sys/class/spidev", "dev"};
    char file[256 + 32];

    if (name[0] == '\0' || name[0] == '.' || strcmp(name, "ttyUSB0") == 0 ||
        strcmp(name, "serial") == 0)
        return;
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", under[i], name);
        if (make)
            (void)fuzz_file(file, "", 0);
        else
            (void)unlink(fuzz_path(file));
    }
    (void)snprintf(file, sizeof(file), "dev/serial/by-id/%s", name);
    if (make)
        FUZZ_HOLDS(symlink("../../ttyUSB0", fuzz_path(file)) == 0);
    else
        (void)unlink(fuzz_path(file));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    sfi_ctx *ctx = fuzz_ctx();
    unsigned count = 0;
    struct listing l = {ctx, fuzz_folder(), on_found, &count};
    const uint8_t *text;
    char name[256];

    left_at = data;
    left_len = len;
    make_folders();
    next_file(USB "product");
    next_file(USB "manufacturer");
    next_file(USB "serial");
    next_file("sys/class/tty/ttyUSB0/type");
    next_file("proc/locks");
    len = next(&text);
    make_name(text, len, name);
    with_name(name, true);
    FUZZ_HOLDS(sfi__list_serial(&l) == SFI_OK);
    FUZZ_HOLDS(sfi__list_spi(&l) == SFI_OK);
    with_name(name, false);
    fuzz_ctx_free(ctx);
    return 0;
}
