/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What the benchmarks of installs share: an image of so many bytes, chips for
 * it, and a folder.  Nothing goes on after a failure. */
#ifndef SFI_TESTS_BENCH_KIT_H
#define SFI_TESTS_BENCH_KIT_H

#include <stdbool.h>

#include <sfi/sfi.h>
#include <sfi/sim.h>

#define BENCH_PATH 512

extern sfi_ctx *ctx;
/* The last that was built. */
extern struct bench_image {
    uint8_t *data;
    size_t len;
} image;

void need(sfi_status st);
bool bench_begin(const char *where);
bool bench_end(void);
/* Content of `size` bytes, with the option bytes of tests/data. */
void bench_build(const sfi_chip *chip, size_t size);
/* A new one. */
sfi_sim *bench_chip(const char *name);
/* The image, by a licence for the chip. */
void bench_install(sfi_sim *sim, sfi_transport *tp);

#endif
