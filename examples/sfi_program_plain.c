/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program with the open bootloader: erase, write, verify, read, option
 * bytes, start. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

#define READ_MAX ((uint64_t)64 << 20)
#define TEXT_MAX 160u

sfi_status
program_report_error(struct program *p, sfi_status st, const char *text)
{
    sfi_ctx_report(p->ctx, st, 0, text);
    return st;
}

/* ---- the command line ---- */

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

/* The sectors of value *i; *i moves on when a range is several words. */
static bool
parse_sectors_at(const struct cli_use *use, unsigned *i, uint64_t *first,
                 uint64_t *last)
{
    if (use->value[*i][0] == '[')
        return parse_bracket_range(use, i, first, last);
    return parse_sector_range(use->value[*i], first, last);
}

static void
check_erase_option(const struct cli *c, const struct cli_use *use)
{
    uint64_t first, last;

    for (unsigned i = 0; i < use->count; i++) {
        const char *word = use->value[i];

        if (strcmp(word, "all") == 0 && use->count == 1)
            return;
        if (!parse_sectors_at(use, &i, &first, &last))
            cli_usage(c,
                      "-e %s, expected -e all, or sectors: -e 0 2-5, or "
                      "-e [2 5]",
                      word);
    }
    if (cli_has(c, OPT_SFI))
        cli_usage(c, "-sfi erases the flash itself; only -e all can be "
                     "combined with it");
}

static void
check_option_byte_words(const struct cli *c, const struct cli_use *use)
{
    for (unsigned i = 0; i < use->count; i++) {
        const char *value = strchr(use->value[i], '=');
        uint64_t number;

        if (strcmp(use->value[i], "displ") == 0 && use->count == 1)
            return;
        if (value == NULL || !cli_number(value + 1, UINT32_MAX, &number))
            cli_usage(c, "-ob %s, expected -ob displ, or NAME=VALUE",
                      use->value[i]);
    }
}

bool
program_check_plain(const struct cli *c)
{
    const struct cli_use *use;
    uint64_t size;
    bool any = false;

    for (size_t id = OPT_WRITE; id <= OPT_GO; id++)
        any = any || cli_has(c, id);
    if (any && cli_has(c, OPT_SFI))
        cli_usage(c,
                  "-sfi cannot be combined with these options: a secure chip "
                  "gives no access to memory");
    use = cli_next(c, OPT_ERASE, NULL);
    if (use != NULL)
        check_erase_option(c, use);
    use = cli_next(c, OPT_WRITE, NULL);
    if (use != NULL && use->count > 1)
        (void)cli_address(c, use, 1);
    if (use == NULL && cli_has(c, OPT_VERIFY))
        cli_usage(c, "-v needs -w FILE");
    use = cli_next(c, OPT_READ, NULL);
    if (use != NULL) {
        (void)cli_address(c, use, 0);
        if (!cli_number(use->value[1], READ_MAX, &size) || size == 0)
            cli_usage(c, "-r: \"%s\" is not a size from 1 byte to 64 MiB",
                      use->value[1]);
    }
    for (use = NULL; (use = cli_next(c, OPT_OB, use)) != NULL;)
        check_option_byte_words(c, use);
    use = cli_next(c, OPT_GO, NULL);
    if (use != NULL && use->count > 0)
        (void)cli_address(c, use, 0);
    return any;
}

/* ---- erase ---- */

/* Erase all marked sectors with one command. */
sfi_status
program_erase_marked(struct program *p, sfi_target *t,
                     const bool marked[SECTORS_MAX])
{
    uint32_t sectors[SECTORS_MAX];
    size_t count = 0;
    sfi_status st;

    for (uint32_t i = 0; i < SECTORS_MAX; i++) {
        if (marked[i])
            sectors[count++] = i;
    }
    if (count == 0)
        return SFI_OK;
    cli_progress_step(&p->progress, "Erasing %zu sector%s ...", count,
                      count == 1 ? "" : "s");
    st = sfi_target_erase(t, sectors, count);
    if (st == SFI_OK && p->json)
        json_number(&p->out, "sectors_erased", count);
    return st;
}

static sfi_status
erase_listed_sectors(struct program *p, sfi_target *t,
                     const struct cli_use *use)
{
    bool marked[SECTORS_MAX] = {false};
    uint64_t first, last;

    for (unsigned i = 0; i < use->count; i++) {
        if (!parse_sectors_at(use, &i, &first, &last))
            continue;
        for (uint64_t s = first; s <= last; s++)
            marked[s] = true;
    }
    return program_erase_marked(p, t, marked);
}

static sfi_status
erase_as_asked(struct program *p, sfi_target *t)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_ERASE, NULL);
    sfi_status st;

    if (strcmp(use->value[0], "all") != 0)
        return erase_listed_sectors(p, t, use);
    cli_progress_step(&p->progress, "Mass erase ...");
    st = sfi_target_erase_all(t);
    if (st == SFI_OK) {
        cli_progress_step(&p->progress, "Mass erase successfully achieved");
        if (p->json)
            json_bool(&p->out, "erased", true);
    }
    return st;
}

/* ---- read ---- */

/* Bytes as many as a key has count as one, which only the same ones replace. */
uint32_t
program_read_kind(const struct cli_use *use)
{
    uint64_t size = 0;

    (void)cli_number(use->value[1], READ_MAX, &size);
    return size == SFI_NONCE_LEN || size == SFI_KEY_LEN ||
                   size == SFI_AUDIT_KEY_LEN
               ? SFI_FILE_KEY
               : SFI_FILE_OTHER;
}

static sfi_status
read_memory_to_file(struct program *p, sfi_target *t)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_READ, NULL);
    uint64_t address = cli_address(&p->cli, use, 0);
    uint64_t size = 0;
    sfi_status st = SFI_OK;
    uint8_t *data;

    (void)cli_number(use->value[1], READ_MAX, &size);
    data = malloc((size_t)size);
    if (data == NULL)
        return program_report_error(p, SFI_ERR_NOMEM,
                                    "out of memory for the data to read");
    for (uint64_t at = 0; st == SFI_OK && at < size; at += WINDOW) {
        size_t n = size - at < WINDOW ? (size_t)(size - at) : WINDOW;

        st = sfi_target_read(t, address + at, data + at, n);
        if (st == SFI_OK)
            cli_progress_at(&p->progress, "Reading", at + n, size);
    }
    if (st == SFI_OK)
        st = sfi_ctx_save_output(p->ctx, use->value[2], program_read_kind(use),
                                 cli_has(&p->cli, OPT_FORCE) ? SFI_REPLACE : 0,
                                 data, (size_t)size);
    free(data);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&p->progress,
                      "Data read successfully\n"
                      "Writing data to file %s",
                      use->value[2]);
    if (p->json)
        json_number(&p->out, "bytes_read", size);
    return SFI_OK;
}

/* ---- option bytes ---- */

static sfi_status
option_bytes_show(struct program *p, const sfi_option_bytes *ob)
{
    sfi_option_field f = {.struct_size = sizeof(f)};
    sfi_status st = SFI_OK;

    cli_progress_end(&p->progress);
    if (p->json)
        json_object(&p->out, "option_bytes");
    for (size_t i = 0; st == SFI_OK && i < sfi_option_bytes_field_count(ob);
         i++) {
        st = sfi_option_bytes_get_field(ob, i, &f);
        if (st == SFI_OK && p->json)
            json_number(&p->out, f.name, f.value);
        else if (st == SFI_OK)
            (void)printf("  %-17s: 0x%-6" PRIx32 " %s%s%s\n", f.name, f.value,
                         f.about, f.text[0] != '\0' ? ": " : "", f.text);
    }
    if (p->json)
        json_close(&p->out);
    return st;
}

static uint32_t
option_bytes_field(const sfi_option_bytes *ob, const char *name)
{
    sfi_option_field f = {.struct_size = sizeof(f)};

    for (size_t i = 0; i < sfi_option_bytes_field_count(ob); i++) {
        if (sfi_option_bytes_get_field(ob, i, &f) == SFI_OK &&
            strcmp(f.name, name) == 0)
            return f.value;
    }
    return 0;
}

static sfi_status
confirm_irreversible(struct program *p, const sfi_option_bytes *ob)
{
    const char *question = NULL;

    if (option_bytes_field(ob, "RDP") == 0xcc)
        question = "RDP level 2 is irreversible: the chip can never be read or "
                   "changed again. Continue?";
    else if (option_bytes_field(ob, "SECURITY") == 1)
        question = "SECURITY is irreversible. Continue?";
    if (question == NULL || cli_has(&p->cli, OPT_YES))
        return SFI_OK;
    if (p->json)
        return program_report_error(p, SFI_ERR_CANCELLED,
                                    "irreversible, so the option bytes are "
                                    "unchanged: state --yes with --json");
    if (cli_confirm(&p->cli, question, "--yes"))
        return SFI_OK;
    return program_report_error(
        p, SFI_ERR_CANCELLED, "not confirmed, the option bytes are unchanged");
}

static sfi_status
option_bytes_change(struct program *p, sfi_target *t, sfi_option_bytes *ob,
                    const struct cli_use *use)
{
    sfi_status st = SFI_OK;

    for (unsigned i = 0; st == SFI_OK && i < use->count; i++) {
        const char *value = strchr(use->value[i], '=');
        char name[64];
        uint64_t number = 0;

        (void)snprintf(name, sizeof(name), "%.*s", (int)(value - use->value[i]),
                       use->value[i]);
        (void)cli_number(value + 1, UINT32_MAX, &number);
        st = sfi_option_bytes_set(ob, name, (uint32_t)number);
    }
    if (st != SFI_OK)
        return st;
    st = confirm_irreversible(p, ob);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&p->progress, "Programming option bytes ...");
    st = sfi_target_write_option_bytes(t, ob);
    if (st == SFI_OK) {
        cli_progress_step(&p->progress, "Option Bytes successfully programmed");
        if (p->json)
            json_bool(&p->out, "option_bytes_written", true);
    }
    return st;
}

static sfi_status
option_bytes_show_or_change(struct program *p, sfi_target *t)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_OB, NULL);
    sfi_option_bytes *ob = NULL;
    sfi_status st = sfi_target_read_option_bytes(t, &ob);

    if (st == SFI_OK)
        st = strcmp(use->value[0], "displ") == 0
                 ? option_bytes_show(p, ob)
                 : option_bytes_change(p, t, ob, use);
    sfi_option_bytes_free(ob);
    return st;
}

/* ---- all actions, in order ---- */

static sfi_status
remove_readout_protection(struct program *p, sfi_target *t)
{
    sfi_status st;

    cli_progress_step(&p->progress, "Removing readout protection ...");
    st = sfi_target_readout_unprotect(t);
    if (st == SFI_OK) {
        cli_progress_step(&p->progress, "Readout protection removed");
        if (p->json)
            json_bool(&p->out, "readout_unprotected", true);
    }
    return st;
}

static sfi_status
start_firmware(struct program *p, sfi_target *t)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_GO, NULL);
    uint64_t address = use->count > 0 ? cli_address(&p->cli, use, 0)
                                      : sfi_chip_flash_base(sfi_target_chip(t));
    sfi_status st = sfi_target_go(t, address);

    if (st == SFI_OK) {
        cli_progress_step(&p->progress, "Running from 0x%08" PRIx64, address);
        if (p->json)
            json_number(&p->out, "running", address);
    }
    return st;
}

sfi_status
program_plain(struct program *p, sfi_target *t)
{
    const struct {
        bool wanted;
        sfi_status (*run)(struct program *p, sfi_target *t);
    } actions[] = {
        {cli_has(&p->cli, OPT_RDU), remove_readout_protection},
        {cli_has(&p->cli, OPT_ERASE), erase_as_asked},
        {p->firmware != NULL, program_write},
        {cli_has(&p->cli, OPT_READ), read_memory_to_file},
        {cli_has(&p->cli, OPT_OB), option_bytes_show_or_change},
        {cli_has(&p->cli, OPT_GO), start_firmware},
    };

    for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
        sfi_status st = actions[i].wanted ? actions[i].run(p, t) : SFI_OK;

        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}
