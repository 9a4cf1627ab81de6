/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program with the open bootloader: erase, write, verify, read, option
 * bytes, start. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

/* Memory is written and read in windows.  Each takes 1.6 s at 115200 baud, and
 * the library checks the write protection for each, 48 transfers over USB. */
#define WINDOW 16384u
#define RAM_UNIT 8u /* RAM is written in units of so many bytes */
#define READ_MAX ((uint64_t)64 << 20)
#define SECTORS_MAX 1024u
#define TEXT_MAX 160u

static sfi_status
report_plain_error(struct program *p, sfi_status st, const char *text)
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
static sfi_status
erase_marked_sectors(struct program *p, sfi_target *t, const bool *marked)
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
    return erase_marked_sectors(p, t, marked);
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

/* ---- write ---- */

static bool
address_is_in_flash(const sfi_chip *chip, uint64_t address)
{
    return address >= sfi_chip_flash_base(chip) &&
           address - sfi_chip_flash_base(chip) < sfi_chip_flash_size(chip);
}

static sfi_status
erase_under_firmware(struct program *p, sfi_target *t, const sfi_firmware *fw)
{
    const sfi_chip *chip = sfi_target_chip(t);
    uint32_t sector = sfi_chip_sector_size(chip);
    bool marked[SECTORS_MAX] = {false};
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st != SFI_OK)
            return st;
        for (uint64_t at = address - address % sector; at < address + len;
             at += sector) {
            if (address_is_in_flash(chip, at))
                marked[(at - sfi_chip_flash_base(chip)) / sector] = true;
        }
    }
    return erase_marked_sectors(p, t, marked);
}

struct window {
    uint64_t base;
    uint8_t data[WINDOW];
    bool used[WINDOW / RAM_UNIT]; /* by units of RAM_UNIT bytes */
};

/* Copy the part of the firmware that lies in the window. */
static sfi_status
window_fill_firmware(const sfi_firmware *fw, struct window *w, uint32_t unit)
{
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);
        uint64_t from = address > w->base ? address : w->base;
        uint64_t to =
            address + len < w->base + WINDOW ? address + len : w->base + WINDOW;

        if (st != SFI_OK)
            return st;
        if (from >= to)
            continue;
        memcpy(w->data + (from - w->base), data + (from - address), to - from);
        from -= from % unit;
        to += (unit - to % unit) % unit;
        for (uint64_t at = from; at < to; at += RAM_UNIT)
            w->used[(at - w->base) / RAM_UNIT] = true;
    }
    return SFI_OK;
}

/* Move `at` to the next run of used bytes, and return its length; 0: no more.
 */
static size_t
window_next_run(const struct window *w, size_t *at)
{
    size_t end;

    while (*at < WINDOW && !w->used[*at / RAM_UNIT])
        *at += RAM_UNIT;
    for (end = *at; end < WINDOW && w->used[end / RAM_UNIT];)
        end += RAM_UNIT;
    return end - *at;
}

/* Read what the chip has between the firmware's bytes, then put those on top.
 */
static sfi_status
window_merge_ram(sfi_target *t, const sfi_firmware *fw, struct window *w)
{
    size_t len;

    for (size_t at = 0; (len = window_next_run(w, &at)) > 0; at += len) {
        sfi_status st = sfi_target_read(t, w->base + at, w->data + at, len);

        if (st != SFI_OK)
            return st;
    }
    return window_fill_firmware(fw, w, RAM_UNIT);
}

/* Gaps inside a unit are 0xff in flash; in RAM they keep their content. */
static sfi_status
window_write_to_chip(sfi_target *t, const sfi_firmware *fw, uint64_t base)
{
    const sfi_chip *chip = sfi_target_chip(t);
    bool flash = address_is_in_flash(chip, base);
    uint32_t unit = flash ? sfi_chip_program_unit(chip) : RAM_UNIT;
    struct window w = {.base = base};
    sfi_status st;
    size_t len;

    memset(w.data, 0xff, sizeof(w.data));
    st = window_fill_firmware(fw, &w, unit);
    if (st == SFI_OK && !flash)
        st = window_merge_ram(t, fw, &w);
    if (st != SFI_OK)
        return st;
    for (size_t at = 0; (len = window_next_run(&w, &at)) > 0; at += len) {
        st = sfi_target_write(t, base + at, w.data + at, len);
        if (st != SFI_OK)
            return st;
    }
    return SFI_OK;
}

static uint64_t
firmware_total_bytes(const sfi_firmware *fw)
{
    const uint8_t *data;
    uint64_t address;
    uint64_t total = 0;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        if (sfi_firmware_segment(fw, i, &address, &data, &len) == SFI_OK)
            total += len;
    }
    return total;
}

static sfi_status
firmware_write_to_chip(struct program *p, sfi_target *t, const sfi_firmware *fw)
{
    uint64_t total = firmware_total_bytes(fw);
    uint64_t done = 0;
    uint64_t next = 0; /* windows below it are written */
    const uint8_t *data;
    uint64_t address;
    size_t len;

    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);
        uint64_t at = address - address % WINDOW;

        if (st != SFI_OK)
            return st;
        for (at = at > next ? at : next; at < address + len; at += WINDOW) {
            st = window_write_to_chip(t, fw, at);
            if (st != SFI_OK)
                return st;
            next = at + WINDOW;
            if (at > address)
                cli_progress_at(&p->progress, "Writing", done + (at - address),
                                total);
        }
        done += len;
    }
    cli_progress_at(&p->progress, "Writing", total, total);
    return SFI_OK;
}

static sfi_status
firmware_verify_segment(struct program *p, sfi_target *t, uint64_t address,
                        const uint8_t *data, size_t len)
{
    uint8_t there[WINDOW];
    char text[TEXT_MAX];

    while (len > 0) {
        size_t n = len < sizeof(there) ? len : sizeof(there);
        sfi_status st = sfi_target_read(t, address, there, n);

        for (size_t i = 0; st == SFI_OK && i < n; i++) {
            if (there[i] == data[i])
                continue;
            (void)snprintf(text, sizeof(text),
                           "the chip has 0x%02x at 0x%08" PRIx64
                           ", expected 0x%02x as in the file",
                           there[i], address + i, data[i]);
            return report_plain_error(p, SFI_ERR_PROTOCOL, text);
        }
        if (st != SFI_OK)
            return st;
        address += n;
        data += n;
        len -= n;
    }
    return SFI_OK;
}

static sfi_status
firmware_verify_on_chip(struct program *p, sfi_target *t,
                        const sfi_firmware *fw)
{
    const uint8_t *data;
    uint64_t address;
    size_t len;

    cli_progress_step(&p->progress, "Verifying ...");
    for (size_t i = 0; i < sfi_firmware_segment_count(fw); i++) {
        sfi_status st = sfi_firmware_segment(fw, i, &address, &data, &len);

        if (st == SFI_OK)
            st = firmware_verify_segment(p, t, address, data, len);
        if (st != SFI_OK)
            return st;
    }
    cli_progress_step(&p->progress, "Download verified successfully");
    if (p->json)
        json_bool(&p->out, "verified", true);
    return SFI_OK;
}

sfi_status
program_load(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_WRITE, NULL);

    if (use == NULL)
        return SFI_OK;
    return cli_firmware_load(&p->cli, p->ctx, use, &p->firmware);
}

static sfi_status
firmware_program_chip(struct program *p, sfi_target *t)
{
    sfi_status st = erase_under_firmware(p, t, p->firmware);

    if (st != SFI_OK)
        return st;
    st = firmware_write_to_chip(p, t, p->firmware);
    if (st != SFI_OK)
        return st;
    cli_progress_step(&p->progress, "File download complete");
    if (p->json)
        json_number(&p->out, "bytes_written",
                    firmware_total_bytes(p->firmware));
    if (!cli_has(&p->cli, OPT_VERIFY))
        return SFI_OK;
    return firmware_verify_on_chip(p, t, p->firmware);
}

/* ---- read ---- */

static sfi_status
save_memory_file(struct program *p, const char *path, const uint8_t *data,
                 size_t len)
{
    sfi_status st = sfi_ctx_check_path(p->ctx, path);
    FILE *f = st == SFI_OK ? fopen(path, "wb") : NULL;
    bool done = f != NULL && fwrite(data, 1, len, f) == len;
    int err = errno;
    char text[TEXT_MAX + 256];

    if (st != SFI_OK)
        return st;
    if (f != NULL && fclose(f) != 0 && done) {
        err = errno;
        done = false;
    }
    if (done)
        return SFI_OK;
    (void)snprintf(text, sizeof(text), "%.256s: cannot write: %s", path,
                   strerror(err));
    return report_plain_error(p, SFI_ERR_OS, text);
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
        return report_plain_error(p, SFI_ERR_NOMEM,
                                  "out of memory for the data to read");
    for (uint64_t at = 0; st == SFI_OK && at < size; at += WINDOW) {
        size_t n = size - at < WINDOW ? (size_t)(size - at) : WINDOW;

        st = sfi_target_read(t, address + at, data + at, n);
        if (st == SFI_OK)
            cli_progress_at(&p->progress, "Reading", at + n, size);
    }
    if (st == SFI_OK)
        st = save_memory_file(p, use->value[2], data, (size_t)size);
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

static bool
confirm_irreversible(struct program *p, const sfi_option_bytes *ob)
{
    const char *question = NULL;

    if (option_bytes_field(ob, "RDP") == 0xcc)
        question = "RDP level 2 is irreversible: the chip can never be read or "
                   "changed again. Continue?";
    else if (option_bytes_field(ob, "SECURITY") == 1)
        question = "SECURITY is irreversible. Continue?";
    return question == NULL || cli_has(&p->cli, OPT_YES) ||
           cli_confirm(&p->cli, question, "--yes");
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
    if (!confirm_irreversible(p, ob))
        return report_plain_error(
            p, SFI_ERR_CANCELLED,
            "not confirmed, the option bytes are unchanged");
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
        {p->firmware != NULL, firmware_program_chip},
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
