/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Makes and opens boards: the programs of the chip's side from their files, and
 * sfi-board, which runs them. */
#define _POSIX_C_SOURCE 200809L
#include "chips/chips.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS_MAX 2u
#define PATH_LEN_MAX 4096u

/* ---- the programs of a board ---- */

struct programs {
    sfi_firmware *firmware[PROGRAMS_MAX];
    size_t count;
};

static void
programs_free(struct programs *p)
{
    while (p->count > 0)
        sfi_firmware_free(p->firmware[--p->count]);
}

static sfi_status
programs_load(const struct cli *c, sfi_ctx *ctx, const char *names,
              struct programs *p)
{
    char *copy = cli_text(c, "%s", names);
    char *rest = NULL;
    char *name = strtok_r(copy, ",", &rest);
    sfi_status st = SFI_OK;

    p->count = 0;
    for (; name != NULL && st == SFI_OK; name = strtok_r(NULL, ",", &rest)) {
        if (p->count == PROGRAMS_MAX)
            cli_usage(c, "\"%s\" has more than %u files", cli_visible(names),
                      PROGRAMS_MAX);
        st = sfi_firmware_load(ctx, name, &p->firmware[p->count]);
        p->count += st == SFI_OK;
    }
    free(copy);
    if (st != SFI_OK)
        programs_free(p);
    else if (p->count == 0)
        cli_usage(c, "\"%s\" names no file", cli_visible(names));
    return st;
}

sfi_status
chips_check(const struct cli *c, sfi_ctx *ctx, const char *programs)
{
    struct programs p;
    sfi_status st = programs_load(c, ctx, programs, &p);

    if (st == SFI_OK)
        programs_free(&p);
    return st;
}

sfi_status
chips_fit(const struct cli *c, sfi_ctx *ctx, const char *state,
          const char *programs)
{
    struct programs p;
    sfi_status st = programs_load(c, ctx, programs, &p);

    if (st != SFI_OK)
        return st;
    st = sfi_sim_fit_board(ctx, state, (const sfi_firmware *const *)p.firmware,
                           p.count);
    programs_free(&p);
    return st;
}

/* ---- what runs them ---- */

/* Beside this program: as installed, or in the build folder. */
static bool
chips_find_beside(char out[PATH_LEN_MAX])
{
    static const char *const places[] = {"sfi-board", "board/sfi-board"};
    ssize_t len = readlink("/proc/self/exe", out, PATH_LEN_MAX - 32u);

    while (len > 0 && out[len - 1] != '/')
        len--;
    for (size_t i = 0; len > 0 && i < sizeof(places) / sizeof(*places); i++) {
        (void)snprintf(out + len, PATH_LEN_MAX - (size_t)len, "%s", places[i]);
        if (access(out, X_OK) == 0)
            return true;
    }
    return false;
}

sfi_status
chips_open(sfi_ctx *ctx, const char *state, const char *program, sfi_sim **out)
{
    char beside[PATH_LEN_MAX];
    sfi_status st = sfi_sim_open(ctx, state, out);

    if (st != SFI_ERR_UNSUPPORTED)
        return st;
    if (program == NULL)
        program = chips_find_beside(beside) ? beside : "sfi-board";
    return sfi_sim_open_board(ctx, state, program, out);
}
