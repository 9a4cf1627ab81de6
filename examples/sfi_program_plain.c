/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program with the open bootloader: erase, option bytes, start. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>

#include "sfi_program.h"

/* ---- erase ---- */

/* "3" or "3-7" */
static bool
parse_sector_range(const char *word, uint64_t *first, uint64_t *last)
{
    char copy[32];
    char *dash;

    if (strlen(word) >= sizeof(copy))
        return false;
    (void)snprintf(copy, sizeof(copy), "%s", word);
    dash = strchr(copy, '-');
    if (dash != NULL)
        *dash = '\0';
    return cli_number(copy, SECTORS_MAX - 1, first) &&
           cli_number(dash != NULL ? dash + 1 : copy, SECTORS_MAX - 1, last) &&
           *first <= *last;
}

/* ST's "[3 7]", which is one word or, after a shell, several: *i becomes the
 * last of them. */
static bool
parse_bracket_range(const struct cli_use *use, unsigned *i, uint64_t *first,
                    uint64_t *last)
{
    char text[64] = "";
    char *save = NULL;
    const char *from, *to;
    size_t len = 0;

    for (;; ++*i) {
        if (*i == use->count ||
            strlen(use->value[*i]) + 1 >= sizeof(text) - len)
            return false;
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
                                use->value[*i]);
        if (strchr(use->value[*i], ']') != NULL)
            break;
    }
    if (text[len - 2] != ']')
        return false;
    text[len - 2] = '\0';
    from = strtok_r(text + 1, " ", &save);
    to = strtok_r(NULL, " ", &save);
    return from != NULL && to != NULL && strtok_r(NULL, " ", &save) == NULL &&
           cli_number(from, SECTORS_MAX - 1, first) &&
           cli_number(to, SECTORS_MAX - 1, last) && *first <= *last;
}

bool
station_parse_sectors(const struct cli_use *use, unsigned *i, uint64_t *first,
                      uint64_t *last)
{
    if (use->value[*i][0] == '[')
        return parse_bracket_range(use, i, first, last);
    return parse_sector_range(use->value[*i], first, last);
}

static sfi_status
erase_listed_sectors(struct station *s, const struct cli_use *use)
{
    uint32_t sectors[SECTORS_MAX];
    bool marked[SECTORS_MAX] = {false};
    size_t count = 0;
    uint64_t first, last;

    for (unsigned i = 0; i < use->count; i++) {
        if (!station_parse_sectors(use, &i, &first, &last))
            continue;
        for (; first <= last; first++)
            marked[first] = true;
    }
    for (uint32_t i = 0; i < SECTORS_MAX; i++) {
        if (marked[i])
            sectors[count++] = i;
    }
    return sfi_target_erase(s->target, sectors, count);
}

sfi_status
station_erase(struct station *s, const struct cli_use *use)
{
    sfi_status st;

    if (strcmp(use->value[0], "all") != 0)
        return erase_listed_sectors(s, use);
    s->done.erased = true; /* so its sectors are not counted */
    cli_progress_step(&s->progress, "Mass erase ...");
    st = sfi_target_erase_all(s->target);
    if (st == SFI_OK)
        cli_progress_step(&s->progress, "Mass erase successfully achieved");
    s->done.erased = st == SFI_OK;
    return st;
}

/* ---- option bytes ---- */

static sfi_status
option_bytes_show(struct station *s, const sfi_option_bytes *ob)
{
    sfi_option_field f = {.struct_size = sizeof(f)};
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < sfi_option_bytes_field_count(ob);
         i++) {
        st = sfi_option_bytes_get_field(ob, i, &f);
        if (st == SFI_OK)
            station_show(s, "  %-17s: 0x%-6" PRIx32 " %s%s%s", f.name, f.value,
                         f.about, f.text[0] != '\0' ? ": " : "", f.text);
    }
    return st;
}

static sfi_status
confirm_irreversible(struct station *s, const sfi_option_bytes *ob)
{
    const char *why = sfi_option_bytes_permanent(ob);
    char question[128];

    if (why == NULL)
        return SFI_OK;
    (void)snprintf(question, sizeof(question), "%s. Continue?", why);
    return station_confirm(s, "irreversible, so the option bytes are unchanged",
                           question,
                           "not confirmed, the option bytes are unchanged");
}

static sfi_status
option_bytes_change(struct station *s, sfi_option_bytes *ob,
                    const struct cli_use *use)
{
    sfi_status st = SFI_OK;

    for (unsigned i = 0; st == SFI_OK && i < use->count; i++)
        st = sfi_option_bytes_set_word(ob, use->value[i]);
    if (st == SFI_OK)
        st = confirm_irreversible(s, ob);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Programming option bytes ...");
    st = sfi_target_write_option_bytes(s->target, ob);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Option Bytes successfully programmed");
    s->done.options_written = true;
    return SFI_OK;
}

sfi_status
station_option_bytes(struct station *s, const struct cli_use *use)
{
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_target_read_option_bytes(s->target, &ob);

    if (st == SFI_OK && strcmp(use->value[0], "displ") == 0) {
        st = option_bytes_show(s, ob);
        sfi_option_bytes_free(s->shown);
        s->shown = ob;
        return st;
    }
    if (st == SFI_OK)
        st = option_bytes_change(s, ob, use);
    sfi_option_bytes_free(ob);
    return st;
}

sfi_status
station_unprotect(struct station *s, const struct cli_use *use)
{
    sfi_status st;

    (void)use;
    cli_progress_step(&s->progress, "Removing readout protection ...");
    st = sfi_target_readout_unprotect(s->target);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Readout protection removed");
    s->done.unprotected = true;
    return SFI_OK;
}

/* ---- start ---- */

/* The chip left: what follows connects again. */
static void
station_forget_target(struct station *s)
{
    sfi_target_free(s->target);
    s->target = NULL;
}

sfi_status
station_go(struct station *s, const struct cli_use *use)
{
    uint64_t address = use->count > 0 ? cli_address(&s->p->cli, use, 0)
                                      : sfi_chip_flash_base(s->part);
    sfi_status st = sfi_target_go(s->target, address);

    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Running from 0x%08" PRIx64, address);
    s->done.started = true;
    s->done.running_from = address;
    station_forget_target(s);
    return SFI_OK;
}

sfi_status
station_reset(struct station *s, const struct cli_use *use)
{
    bool line = use->id == OPT_HARD_RST;
    sfi_status st =
        sfi_target_reset(s->target, line ? SFI_RESET_LINE : SFI_RESET_CORE);

    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "%s is performed",
                      line ? "Hard reset" : "Software reset");
    s->done.reset = true;
    station_forget_target(s);
    return SFI_OK;
}

sfi_status
station_halt(struct station *s, const struct cli_use *use)
{
    sfi_status st = sfi_target_halt(s->target);

    (void)use;
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "Core halted");
    s->done.halted = true;
    return SFI_OK;
}
