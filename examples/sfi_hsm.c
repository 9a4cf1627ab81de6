/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: provision an HSM, show its state and counter, save and verify its
 * audit log, retire it. */
#include <inttypes.h>

#include "cli/hsm_words.h"
#include "sfi_hsm.h"

/* ---- what the files share ---- */

int
hsm_report_with(struct program *p, sfi_status st, const char *name,
                const char *value)
{
    const char *where = sfi_error_where(sfi_ctx_error(p->ctx));
    struct json *j = &p->out;
    int status = 0;

    if (st != SFI_OK)
        status =
            cli_fail_at(&p->cli, p->ctx, st, where[0] != '\0' ? "" : p->slot);
    if (p->json) {
        cli_json_begin(j);
        json_text(j, "slot", p->slot);
        if (st == SFI_OK && name != NULL)
            json_text(j, name, value);
        if (st == SFI_OK)
            hsm_json(j, &p->info);
    } else if (st == SFI_OK) {
        hsm_print(stdout, &p->info);
    }
    return status;
}

int
hsm_report(struct program *p, sfi_status st)
{
    return hsm_report_with(p, st, NULL, NULL);
}

int
hsm_refuse(struct program *p, sfi_status st, const char *why)
{
    sfi_ctx_report(p->ctx, st, 0, why);
    return hsm_report(p, st);
}

sfi_status
hsm_query_info(struct program *p)
{
    p->info.struct_size = sizeof(p->info);
    return sfi_hsm_get_info(p->hsm, &p->info);
}

sfi_status
hsm_open_perhaps_blank(struct program *p)
{
    sfi_status st = sfi_hsm_open(p->ctx, p->slot, &p->hsm);

    return st == SFI_OK ? hsm_query_info(p) : st;
}

sfi_status
hsm_open_and_query(struct program *p)
{
    sfi_status st = hsm_open_perhaps_blank(p);

    if (st != SFI_OK || !hsm_is_missing(p->slot, &p->info))
        return st;
    sfi_ctx_report(p->ctx, SFI_ERR_OS, 0, HSM_MISSING);
    return SFI_ERR_OS;
}

int
hsm_log_in(struct program *p, bool new_pin, sfi_status *st)
{
    struct cli_pin pin;

    *st = cli_pin_read(&p->cli, p->ctx, cli_value(&p->cli, OPT_PIN_FILE),
                       new_pin, &pin);
    if (*st == SFI_OK)
        *st = sfi_hsm_login(p->hsm, pin.pin_secret, pin.len);
    cli_pin_wipe(&pin);
    return 0;
}

/* ---- the modes ---- */

static int
show_hsm_info(struct program *p)
{
    return hsm_report(p, hsm_open_and_query(p));
}

struct slots {
    struct json *out; /* NULL: text */
    size_t count;
};

static void
show_reader_slot(void *user, const sfi_hsm_slot *slot)
{
    struct slots *slots = user;
    struct json *j = slots->out;

    slots->count++;
    if (j == NULL) {
        (void)printf("SLOT %" PRIu32 ": %s%s\n", slot->number,
                     cli_visible(slot->name),
                     slot->present != 0 ? ", with a card" : "");
        return;
    }
    json_object(j, NULL);
    json_number(j, "number", slot->number);
    json_text(j, "name", slot->name);
    json_bool(j, "card", slot->present != 0);
    json_close(j);
}

static int
list_reader_slots(struct program *p)
{
    struct slots slots = {p->json ? &p->out : NULL, 0};
    sfi_status st;

    if (p->json) {
        cli_json_begin(&p->out);
        json_array(&p->out, "slots");
    }
    st = sfi_hsm_list(p->ctx, show_reader_slot, &slots);
    if (p->json) {
        json_close(&p->out);
    } else if (st == SFI_OK && slots.count == 0) {
        (void)printf("no card reader is connected\n");
    }
    return st == SFI_OK ? 0 : cli_fail(&p->cli, p->ctx, st);
}

/* What each mode can be combined with is in options/sfi-hsm.txt. */
static const struct mode {
    size_t option;
    int (*run)(struct program *p);
} modes[] = {
    {OPT_INFO, show_hsm_info},
    {OPT_AUDIT, hsm_export_audit},
    {OPT_VERIFY_AUDIT, hsm_verify_audit},
    {OPT_VERIFY_HSM, hsm_verify_inside},
    {OPT_CHANGE_PIN, hsm_change_pin},
    {OPT_RETIRE, hsm_retire},
    {OPT_MATCHES, hsm_match_image},
    {OPT_LIST, list_reader_slots},
    {OPT_COUNT, hsm_provision_once}, /* none of the above */
};

static const struct mode *
pick_program_mode(const struct cli *c)
{
    const struct mode *m = modes;

    while (m->option != OPT_COUNT && !cli_has(c, m->option))
        m++;
    return m;
}

int
main(int argc, char **argv)
{
    struct program p = {.ctx = NULL};
    const struct mode *mode;
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&p.cli, &sfi_hsm_spec, argc, argv);
    mode = pick_program_mode(&p.cli);
    if (mode->option != OPT_VERIFY_AUDIT && mode->option != OPT_LIST)
        p.slot = cli_need(&p.cli, OPT_SLOT);
    p.json = cli_has(&p.cli, OPT_JSON);
    p.ctx = cli_context(&p.cli);
    status = mode->run(&p);
    sfi_hsm_free(p.hsm);
    sfi_ctx_free(p.ctx);
    status = cli_finish(&p.cli, status);
    cli_free(&p.cli);
    return status;
}
