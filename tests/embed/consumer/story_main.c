/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The story as a program. */
#include "story.h"

int
main(void)
{
    return embed_story();
}
