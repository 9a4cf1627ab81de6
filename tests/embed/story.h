/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What an application does with libsfi, over the public API alone. */
#ifndef TESTS_EMBED_STORY_H
#define TESTS_EMBED_STORY_H

/* In a new folder: make two virtual chips, an image, an HSM and two licences,
 * one of which the HSM gives twice.  0, or 1 after a line on stderr. */
int embed_story(void);

#endif
