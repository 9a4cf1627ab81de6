/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a file is, as its content tells, and which file an output may replace:
 * the one place where this is decided. */
#ifndef SFI_CORE_FILE_KIND_H
#define SFI_CORE_FILE_KIND_H

#include <stdbool.h>

#include <sfi/ctx.h>

/* The first bytes that tell a kind: more than the longest line of a firmware
 * file, and than the comments at the start of a trace. */
#define FILE_KIND_HEAD 1024u

/* The kind of a file with these first bytes and this size. */
uint32_t sfi__file_kind_of(const uint8_t *head, size_t len, uint64_t size);
/* The kind of what is at `path`. */
sfi_status sfi__file_kind(sfi_ctx *ctx, const char *path, uint32_t *kind);
/* Is it lost for ever when it is replaced? */
bool sfi__file_kind_is_kept(uint32_t kind);
/* May an output of kind `own` take this name?  `replace`: also of a file of
 * another kind, if that is not lost for ever. */
sfi_status sfi__file_kind_check(sfi_ctx *ctx, const char *path, uint32_t own,
                                bool replace);
/* The failure of an output that would replace a file that is kept. */
sfi_status sfi__file_kind_refuse(sfi_ctx *ctx, const char *path, uint32_t kind);

#endif
