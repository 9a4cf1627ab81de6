/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: provision an HSM, show its state and counter, save and verify its
 * audit log, retire it. */
#include <inttypes.h>

#include "cli/hsm_words.h"
#include "sfi_hsm.h"

/* ---- what the modes share ---- */

sfi_status
hsm_query_info(struct program *p)
{
    p->info.struct_size = sizeof(p->info);
    return sfi_hsm_get_info(p->hsm, &p->info);
}

sfi_status
hsm_log_in(struct program *p, bool new_pin)
{
    return cli_hsm_login(&p->cli, p->ctx, p->hsm,
                         cli_value(&p->cli, OPT_PIN_FILE), new_pin);
}

sfi_status
hsm_refuse(struct program *p, sfi_status st, const char *why)
{
    sfi_ctx_report(p->ctx, st, 0, why);
    return st;
}

sfi_status
hsm_confirm(struct program *p, const char *question)
{
    if (cli_has(&p->cli, OPT_YES) || cli_confirm(&p->cli, question, "--yes"))
        return SFI_OK;
    return hsm_refuse(p, SFI_ERR_CANCELLED,
                      "not confirmed, the HSM is unchanged");
}

/* ---- card readers ---- */

static void
show_reader(void *user, const sfi_hsm_slot *slot)
{
    struct program *p = user;
    struct json *j = &p->out;

    p->readers++;
    cli_print("SLOT %" PRIu32 ": %s%s\n", slot->number, cli_visible(slot->name),
              slot->present != 0 ? ", with a card" : "");
    json_object(j, NULL);
    json_number(j, "number", slot->number);
    json_text(j, "name", slot->name);
    json_bool(j, "card", slot->present != 0);
    json_close(j);
}

static sfi_status
list_readers(struct program *p)
{
    sfi_status st;

    json_array(&p->out, "slots");
    st = sfi_hsm_list(p->ctx, show_reader, p);
    json_close(&p->out);
    if (st == SFI_OK && p->readers == 0)
        cli_print("no card reader is connected\n");
    return st;
}

/* ---- the modes ---- */

#define BLANK "the HSM is blank: "

/* What each mode can be combined with is in options/sfi-hsm.txt. */
static const struct mode {
    size_t option;
    sfi_status (*run)(struct program *p); /* NULL: only show the HSM */
    const char *blank; /* why a blank HSM is refused; NULL: it is not */
    const char *key;   /* of the option's value in the JSON, or NULL */
    const char *end;   /* printed last */
} modes[] = {
    {OPT_INFO, NULL, NULL, NULL, ""},
    {OPT_AUDIT, hsm_export_audit, NULL, "audit", ""},
    {OPT_VERIFY_AUDIT, hsm_verify_audit, NULL, NULL, ""},
    {OPT_VERIFY_HSM, hsm_verify_inside, BLANK "it has no records", NULL, ""},
    {OPT_CHANGE_PIN, hsm_change_pin, BLANK "it has no PIN", NULL, ""},
    {OPT_RETIRE, hsm_retire, BLANK "there is nothing to retire", NULL,
     "HSM retired: save its audit log as proof\n"},
    {OPT_MATCHES, hsm_match_image, BLANK "it has no key yet", "matches", ""},
    {OPT_LIST, list_readers, NULL, NULL, ""},
    {OPT_COUNT, hsm_provision_once, NULL, NULL, /* no other mode */
     "HSM successfully programmed\n"},
};

static const struct mode *
pick_mode(const struct cli *c)
{
    const struct mode *m = modes;

    while (m->option != OPT_COUNT && !cli_has(c, m->option))
        m++;
    return m;
}

static sfi_status
open_hsm(struct program *p, const struct mode *m)
{
    sfi_status st;

    p->info.struct_size = sizeof(p->info);
    if (m->option != OPT_COUNT)
        return cli_hsm_open(p->ctx, p->slot, m->blank, &p->hsm, &p->info);
    st = sfi_hsm_open(p->ctx, p->slot, &p->hsm);
    return st == SFI_OK ? hsm_query_info(p) : st;
}

static sfi_status
run_at_hsm(struct program *p, const struct mode *m)
{
    sfi_status st = open_hsm(p, m);

    json_text(&p->out, "slot", p->slot);
    if (st == SFI_OK && m->run != NULL)
        st = m->run(p);
    if (st == SFI_OK)
        st = hsm_query_info(p);
    if (st != SFI_OK)
        return st;
    if (m->key != NULL)
        json_text(&p->out, m->key, cli_value(&p->cli, m->option));
    hsm_json(&p->out, &p->info);
    if (!cli_wants_json())
        hsm_print(stdout, &p->info);
    cli_print("%s", m->end);
    return SFI_OK;
}

/* The place of an error is the HSM, if it has no other. */
static int
run_mode(struct program *p, const struct mode *m)
{
    sfi_status st = p->slot != NULL ? run_at_hsm(p, m) : m->run(p);
    bool placed = sfi_error_where(sfi_ctx_error(p->ctx))[0] != '\0';

    if (st == SFI_OK)
        return 0;
    return cli_fail_at(&p->cli, p->ctx, st,
                       p->slot == NULL || placed ? "" : p->slot);
}

int
main(int argc, char **argv)
{
    struct program p = {.ctx = NULL};
    const struct mode *mode;
    int status;

    cli_begin(&p.cli, &sfi_hsm_spec, argc, argv);
    mode = pick_mode(&p.cli);
    p.slot = cli_value(&p.cli, OPT_SLOT);
    p.ctx = cli_context(&p.cli);
    cli_json_begin(&p.out);
    cli_progress_watch(&p.progress, p.ctx);
    status = run_mode(&p, mode);
    sfi_hsm_free(p.hsm);
    return cli_finish(&p.cli, p.ctx, status);
}
