/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program with the open bootloader: erase, option bytes, start; and what is
 * there. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <string.h>

#include "sfi_program.h"

#define APPLICATION_RUNS "application running"

/* The word of an action that succeeded, and its key in JSON. */
static sfi_status
action_end(struct station *s, sfi_status st, const char *done, const char *key)
{
    if (st != SFI_OK)
        return st;
    cli_progress_step(&s->progress, "%s", done);
    station_did(s, key, DONE);
    return SFI_OK;
}

/* ---- erase ---- */

/* "3", "3-7", or ST's "[3 7]", which after a shell may be several words: *i
 * becomes the last of them. */
bool
station_parse_sectors(const struct cli_use *use, unsigned *i, uint64_t *first,
                      uint64_t *last)
{
    bool bracket = use->value[*i][0] == '[';
    char text[64] = "";
    size_t len = 0;
    char *from = text + bracket, *to;

    for (;; ++*i) {
        if (*i == use->count ||
            strlen(use->value[*i]) + 1 >= sizeof(text) - len)
            return false;
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s ",
                                use->value[*i]);
        if (!bracket || strchr(use->value[*i], ']') != NULL)
            break;
    }
    if (bracket && text[len - 2] != ']')
        return false;
    len -= bracket ? 2 : 1;
    while (len > 0 && text[len - 1] == ' ')
        len--;
    text[len] = '\0';
    from += strspn(from, " ");
    to = strchr(from, bracket ? ' ' : '-');
    if (to == NULL)
        return !bracket && cli_number(from, SECTORS_MAX - 1, first) &&
               cli_number(from, SECTORS_MAX - 1, last);
    *to++ = '\0';
    return cli_number(from, SECTORS_MAX - 1, first) &&
           cli_number(to + strspn(to, " "), SECTORS_MAX - 1, last) &&
           *first <= *last;
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
    s->all = strcmp(use->value[0], "all") == 0;
    if (!s->all)
        return erase_listed_sectors(s, use);
    cli_progress_step(&s->progress, "Mass erase ...");
    return action_end(s, sfi_target_erase_all(s->target),
                      "Mass erase successfully achieved", "erased");
}

/* ---- option bytes ---- */

static void
option_bytes_show(struct station *s)
{
    sfi_option_field f = {.struct_size = sizeof(f)};

    for (size_t i = 0; i < sfi_option_bytes_field_count(s->shown); i++) {
        if (sfi_option_bytes_get_field(s->shown, i, &f) == SFI_OK)
            station_show(s, "  %-17s: 0x%-6" PRIx32 " %s%s%s", f.name, f.value,
                         f.about, f.text[0] != '\0' ? ": " : "", f.text);
    }
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
    return action_end(s, sfi_target_write_option_bytes(s->target, ob),
                      "Option Bytes successfully programmed",
                      "option_bytes_written");
}

sfi_status
station_option_bytes(struct station *s, const struct cli_use *use)
{
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_target_read_option_bytes(s->target, &ob);

    if (st == SFI_OK && strcmp(use->value[0], "displ") == 0) {
        sfi_option_bytes_free(s->shown);
        s->shown = ob;
        option_bytes_show(s);
        return SFI_OK;
    }
    if (st == SFI_OK)
        st = option_bytes_change(s, ob, use);
    sfi_option_bytes_free(ob);
    return st;
}

sfi_status
station_unprotect(struct station *s, const struct cli_use *use)
{
    (void)use;
    cli_progress_step(&s->progress, "Removing readout protection ...");
    return action_end(s, sfi_target_readout_unprotect(s->target),
                      "Readout protection removed", "readout_unprotected");
}

/* ---- start ---- */

/* The chip left: what follows connects again. */
static sfi_status
action_leave(struct station *s, sfi_status st)
{
    if (st != SFI_OK)
        return st;
    sfi_target_free(s->target);
    s->target = NULL;
    return SFI_OK;
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
    station_did(s, "running", address);
    return action_leave(s, st);
}

sfi_status
station_reset(struct station *s, const struct cli_use *use)
{
    bool line = use->id == OPT_HARD_RST;
    sfi_status st =
        sfi_target_reset(s->target, line ? SFI_RESET_LINE : SFI_RESET_CORE);

    return action_leave(s, action_end(s, st,
                                      line ? "Hard reset is performed"
                                           : "Software reset is performed",
                                      "reset"));
}

sfi_status
station_halt(struct station *s, const struct cli_use *use)
{
    (void)use;
    return action_end(s, sfi_target_halt(s->target), "Core halted", "halted");
}

/* ---- what is there ---- */

sfi_status
station_look(struct station *s)
{
    sfi_status st = sfi_target_describe(s->target, &s->seen);

    cli_progress_end(&s->progress);
    if (st == SFI_OK && s->shows != NULL)
        st = sfi_description_text(s->seen, NULL, cli_write, s->shows);
    return st;
}

void
station_look_in_vain(struct station *s)
{
    s->heard =
        sfi_error_peer_code(sfi_ctx_error(s->ctx)) == SFI_PEER_APPLICATION;
    if (s->heard)
        station_show(s, "  State             : %s", APPLICATION_RUNS);
}

void
station_write_seen(const struct station *s, struct json *j)
{
    if (s->heard)
        json_text(j, "state", APPLICATION_RUNS);
    if (s->seen != NULL &&
        sfi_description_json(s->seen, json_members, j) != SFI_OK)
        cli_nomem(s->p->cli.spec->program);
}
