/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* What a bench does to the chip from outside: its supply, its pins. */
#ifndef SFI_SIM_COMMAND_H
#define SFI_SIM_COMMAND_H

#include "sim/sim.h"

/* The longest line of words, and the longest answer, with their ends. */
#define COMMAND_LINE_MAX 128u
#define COMMAND_ANSWER_MAX 512u

/* One line of words; the answer is empty or one line, without its end. */
sfi_status sfi__sim_command(struct sfi_sim *sim, const char *line,
                            char answer[COMMAND_ANSWER_MAX]);

#endif
