/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-hsm: provision an HSM, which locks its content for ever; show its state
 * and counter, save and verify its audit log, change its PIN, retire it. */
#include <errno.h>
#include <inttypes.h>

#include "cli/hsm_words.h"
#include "cli/secrets.h"
#include "lease/lease.h"
#include "sfi_hsm_table.h"

struct program {
    struct cli cli;
    sfi_ctx *ctx;
    const char *slot; /* NULL: the mode needs no HSM */
    struct json out;  /* with --json */
    struct cli_progress progress;
    sfi_hsm *hsm;
    sfi_hsm_info info; /* before the mode's work, then after it */
    size_t readers;    /* that were listed */
};

/* ---- what the modes share ---- */

static sfi_status
log_in(struct program *p, bool new_pin)
{
    return cli_hsm_login(&p->cli, p->ctx, p->slot, p->hsm,
                         cli_value(&p->cli, OPT_PIN_FILE), new_pin);
}

static sfi_status
confirm(struct program *p, const char *question)
{
    if (cli_has(&p->cli, OPT_YES) || cli_confirm(&p->cli, question, "--yes"))
        return SFI_OK;
    return cli_report(p->ctx, SFI_ERR_CANCELLED,
                      "%.400s: not confirmed, the HSM is unchanged",
                      cli_hsm_shown(p->slot));
}

/* ---- what its owner does later ---- */

static sfi_status
export_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_AUDIT);
    sfi_status st = cli_check_outputs(&p->cli, p->ctx);

    if (st == SFI_OK)
        st = sfi_hsm_export_audit(p->hsm, path);
    json_text(&p->out, "audit", path);
    if (st == SFI_OK)
        cli_print("Writing audit log to file %s\n", cli_visible(path));
    return st;
}

static sfi_status
verify_audit(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_VERIFY_AUDIT);
    uint8_t key_secret[SFI_AUDIT_KEY_LEN];
    const sfi_describe_options with = {
        .struct_size = sizeof(with),
        .kind = SFI_FILE_AUDIT,
        .audit_key = key_secret,
        .audit_before = cli_value(&p->cli, OPT_BEFORE),
    };
    sfi_description *facts = NULL;
    bool several = cli_next(&p->cli, OPT_VERIFY_AUDIT, NULL)->count > 1;
    sfi_status st =
        sfi_audit_key_load(p->ctx, cli_value(&p->cli, OPT_KEY), key_secret);

    if (st == SFI_OK && several)
        st = hsm_verify_logs(&p->cli, p->ctx, key_secret, &p->out);
    else if (st == SFI_OK)
        st = sfi_description_new(p->ctx, &facts);
    if (st == SFI_OK && !several)
        st = sfi_description_read(facts, path, &with);
    cli_wipe(key_secret, sizeof(key_secret));
    cli_progress_end(&p->progress);
    if (several)
        return st;
    json_text(&p->out, "audit", path);
    json_bool(&p->out, "verified", st == SFI_OK);
    json_text(&p->out, "before", with.audit_before);
    if (st == SFI_OK)
        st = sfi_description_json(facts, json_members, &p->out);
    if (st == SFI_OK && !cli_wants_json()) {
        cli_print("AUDIT LOG VERIFIED: every record is in place and "
                  "authentic\n");
        st = sfi_description_text(facts, NULL, cli_write, stdout);
    }
    sfi_description_free(facts);
    return st;
}

/* Every record, with the key that the HSM has. */
static sfi_status
verify_records(struct program *p)
{
    sfi_status st = log_in(p, false);

    if (st == SFI_OK)
        st = sfi_hsm_verify_audit(p->hsm);
    cli_progress_end(&p->progress);
    if (st == SFI_OK)
        cli_print("HSM VERIFIED: all %" PRIu64 " records are in place and "
                  "authentic\n",
                  p->info.records);
    return st;
}

static sfi_status
match_image(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_MATCHES);
    sfi_status st = sfi_hsm_check_image_file(p->hsm, path);

    if (st == SFI_ERR_HSM_PIN) { /* it is an image */
        st = log_in(p, false);
        if (st == SFI_OK)
            st = sfi_hsm_check_image_file(p->hsm, path);
    }
    json_text(&p->out, "matches", path);
    if (st == SFI_OK)
        cli_print("IMAGE MATCHES: %s has the key and nonce of this HSM\n",
                  cli_visible(path));
    return st;
}

static sfi_status
change_pin(struct program *p)
{
    const char *old_file = cli_value(&p->cli, OPT_PIN_FILE);
    const char *new_file = cli_value(&p->cli, OPT_NEW_PIN_FILE);
    struct cli_pin old = {{0}, 0}, new = {{0}, 0};
    sfi_status st;

    if (!cli_hsm_has_pin(p->slot)) /* it says so */
        return sfi_hsm_change_pin(p->hsm, "", 0, "", 0);
    st = cli_pin_read(&p->cli, p->ctx, old_file, false, &old);

    if (st == SFI_OK)
        st = cli_new_pin_read(&p->cli, p->ctx, new_file, "--new-pin-file FILE",
                              &new);
    if (st == SFI_OK)
        st = sfi_hsm_change_pin(p->hsm, old.pin_secret, old.len, new.pin_secret,
                                new.len);
    cli_pin_wipe(&old);
    cli_pin_wipe(&new);
    if (st == SFI_OK)
        cli_print("The PIN was changed\n");
    return st;
}

static sfi_status
retire(struct program *p)
{
    sfi_status st;

    if (p->info.state == SFI_HSM_RETIRED)
        return cli_report(p->ctx, SFI_ERR_HSM_STATE,
                          "%.400s: the HSM is retired already",
                          cli_hsm_shown(p->slot));
    if (!cli_hsm_has_pin(p->slot)) /* not by a station */
        return sfi_hsm_retire(p->hsm);
    (void)printf("%s will be retired for ever\n"
                 "  firmware identifier   : %s\n"
                 "  installations given up: %" PRIu64 " of %" PRIu64 "\n",
                 cli_hsm_shown(p->slot), p->info.firmware_id, p->info.remaining,
                 p->info.maximum);
    st = confirm(p, "Retire it for ever?");
    if (st == SFI_OK)
        st = log_in(p, false);
    return st == SFI_OK ? sfi_hsm_retire(p->hsm) : st;
}

/* ---- provisioning ---- */

/* What will be locked into the HSM. */
struct content {
    const char *firmware_id;
    uint64_t max_count;
    sfi_key *key;
    uint8_t nonce_secret[SFI_NONCE_LEN];
    sfi_personalization *perso;
    const char *audit_key_file; /* NULL: the HSM makes a key of its own */
    bool audit_key_is_new;
    uint8_t audit_key_secret[SFI_AUDIT_KEY_LEN];
    sfi_provision_options options;
};

/* A missing audit key is made later, after every other input was accepted. */
static sfi_status
content_load(struct program *p, struct content *c)
{
    sfi_status st = cli_load_secrets(
        &p->cli, p->ctx, cli_value(&p->cli, OPT_KEY),
        cli_value(&p->cli, OPT_NONCE), &c->key, c->nonce_secret);

    if (st == SFI_OK)
        st = sfi_personalization_load(p->ctx, cli_value(&p->cli, OPT_PERSO),
                                      &c->perso);
    if (st != SFI_OK || c->audit_key_file == NULL)
        return st;
    c->options.audit_key = c->audit_key_secret;
    st = sfi_audit_key_load(p->ctx, c->audit_key_file, c->audit_key_secret);
    c->audit_key_is_new =
        st != SFI_OK && sfi_error_os_code(sfi_ctx_error(p->ctx)) == ENOENT;
    return c->audit_key_is_new ? SFI_OK : st;
}

static sfi_status
content_confirm(struct program *p, const struct content *c)
{
    (void)printf(
        "%s will be locked for ever with\n"
        "  firmware identifier : %s\n"
        "  product             : %s\n"
        "  installations       : %" PRIu64 "%s\n"
        "  audit key           : %s%s\n",
        cli_visible(cli_hsm_shown(p->slot)), cli_visible(c->firmware_id),
        cli_visible(sfi_personalization_product_id(c->perso)), c->max_count,
        cli_has(&p->cli, OPT_LIVE_ONLY) ? ", with live licences only" : "",
        c->audit_key_file != NULL
            ? cli_visible(c->audit_key_file)
            : "none kept: only the HSM can verify its audit log",
        c->audit_key_is_new ? ", new" : "");
    return confirm(p, "Lock it for ever?");
}

/* Without the audit key nobody could verify the audit log, so it is on the disk
 * before the HSM locks. */
static sfi_status
content_lock(struct program *p, struct content *c)
{
    sfi_status st = SFI_OK;

    if (c->audit_key_is_new)
        st = sfi_audit_key_create(p->ctx, c->audit_key_file);
    if (st == SFI_OK && c->audit_key_is_new)
        st = sfi_audit_key_load(p->ctx, c->audit_key_file, c->audit_key_secret);
    if (st == SFI_OK)
        st = sfi_hsm_provision(p->hsm, c->key, c->nonce_secret,
                               sizeof(c->nonce_secret), c->firmware_id,
                               c->max_count, c->perso, &c->options);
    return st;
}

static sfi_status
provision_once(struct program *p)
{
    struct content c = {.options.struct_size = sizeof(c.options)};
    sfi_status st;

    c.firmware_id = cli_value(&p->cli, OPT_ID);
    c.audit_key_file = cli_value(&p->cli, OPT_AUDIT_KEY);
    c.max_count = cli_value_number(&p->cli, OPT_COUNT_MAX, 0);
    c.options.low_water = cli_value_number(&p->cli, OPT_LOW_WATER, 0);
    if (cli_has(&p->cli, OPT_LIVE_ONLY))
        c.options.flags |= SFI_HSM_LIVE_ONLY;
    st = content_load(p, &c);
    if (st == SFI_OK && p->info.state != SFI_HSM_BLANK)
        st = cli_report(p->ctx, SFI_ERR_HSM_STATE,
                        "%.400s: already provisioned, and locked for ever",
                        cli_hsm_shown(p->slot));
    if (st == SFI_OK)
        st = sfi_hsm_check_provision(p->hsm, sizeof(c.nonce_secret),
                                     c.firmware_id, c.max_count, &c.options);
    if (st == SFI_OK)
        st = log_in(p, true);
    /* Nothing but the HSM itself can still fail. */
    if (st == SFI_OK)
        st = content_confirm(p, &c);
    if (st == SFI_OK)
        st = content_lock(p, &c);
    sfi_personalization_free(c.perso);
    sfi_key_free(c.key);
    cli_wipe(&c, sizeof(c));
    return st;
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
    json_open_object(j, NULL);
    json_number(j, "number", slot->number);
    json_text(j, "name", slot->name);
    json_bool(j, "card", slot->present != 0);
    json_close(j);
}

static sfi_status
list_readers(struct program *p)
{
    sfi_status st;

    json_open_array(&p->out, "slots");
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
    const char *end;   /* printed last */
} modes[] = {
    {OPT_INFO, NULL, NULL, ""},
    {OPT_AUDIT, export_audit, NULL, ""},
    {OPT_VERIFY_AUDIT, verify_audit, NULL, ""},
    {OPT_VERIFY_HSM, verify_records, BLANK "it has no records", ""},
    {OPT_CHANGE_PIN, change_pin, BLANK "it has no PIN", ""},
    {OPT_RETIRE, retire, BLANK "there is nothing to retire",
     "HSM retired: save its audit log as proof\n"},
    {OPT_MATCHES, match_image, BLANK "it has no key yet", ""},
    {OPT_LIST, list_readers, NULL, ""},
    {OPT_COUNT, provision_once, NULL, /* no other mode */
     "HSM successfully programmed\n"},
};

/* Only who provisions an HSM may name a vault that is not there. */
static sfi_status
open_hsm(struct program *p, const struct mode *m)
{
    sfi_status st;

    if (m->option != OPT_COUNT)
        return cli_hsm_open(p->ctx, p->slot, m->blank, &p->hsm, &p->info);
    st = sfi_hsm_open(p->ctx, p->slot, &p->hsm);
    return st == SFI_OK ? sfi_hsm_get_info(p->hsm, &p->info) : st;
}

static sfi_status
run_at_hsm(struct program *p, const struct mode *m)
{
    sfi_status st = open_hsm(p, m);

    json_text(&p->out, "slot", cli_hsm_shown(p->slot));
    if (st == SFI_OK && m->run != NULL)
        st = m->run(p);
    if (st == SFI_OK)
        st = sfi_hsm_get_info(p->hsm, &p->info);
    if (st != SFI_OK)
        return st;
    hsm_json(&p->out, &p->info);
    if (!cli_wants_json())
        hsm_print(stdout, &p->info);
    cli_print("%s", m->end);
    return SFI_OK;
}

int
main(int argc, char **argv)
{
    struct program p = {.info.struct_size = sizeof(p.info)};
    const struct mode *mode = modes;
    sfi_status st;
    int status = 0;

    if (hsm_run_command(argc, argv, &status))
        return status;
    cli_begin(&p.cli, &sfi_hsm_spec, argc, argv);
    while (mode->option != OPT_COUNT && !cli_has(&p.cli, mode->option))
        mode++;
    p.slot = cli_value(&p.cli, OPT_SLOT);
    p.ctx = cli_context(&p.cli);
    cli_json_begin(&p.out);
    cli_progress_watch(&p.progress, p.ctx);
    st = p.slot != NULL ? run_at_hsm(&p, mode) : mode->run(&p);
    if (st != SFI_OK)
        status = cli_fail(&p.cli, p.ctx, st);
    sfi_hsm_free(p.hsm);
    return cli_finish(&p.cli, p.ctx, status);
}
