/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The commands of sfi-hsm: lease, return, restored, reconcile.  What cannot be
 * taken back is asked after all that can be known was checked; each may be
 * repeated. */
#define _POSIX_C_SOURCE 200809L
#include "lease/lease.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hsm_words.h"
#include "cli/secrets.h"
#include "receipts/receipts.h"
#include "sfi_hsm_table.h"

#define DAY 86400u
#define HEAD_LEN 32u

struct command {
    struct cli cli;
    int status; /* of a command that succeeds */
    sfi_ctx *ctx;
    struct json out;
    sfi_hsm *hsm, *site; /* site: of a lease */
    sfi_hsm_info info;   /* of the HSM */
    sfi_hsm_info left;   /* of the site */
};

static sfi_status
confirm(struct command *c, size_t yes, const char *question)
{
    if (cli_has(&c->cli, yes) || cli_confirm(&c->cli, question, "--yes"))
        return SFI_OK;
    return cli_report(c->ctx, SFI_ERR_CANCELLED,
                      "not confirmed, nothing was changed");
}

/* The HSM at the other end of a lease, or that was restored. */
static sfi_status
open_hsm(struct command *c, const char *slot)
{
    return cli_hsm_open(c->ctx, slot, "the HSM is blank: it has no count",
                        &c->hsm, &c->info);
}

static sfi_status
log_in(struct command *c, const char *slot, size_t pin_file)
{
    return cli_hsm_login(&c->cli, c->ctx, slot, c->hsm,
                         cli_value(&c->cli, pin_file), false);
}

/* ---- lease ---- */

/* vault:PATH, without what may follow the path. */
static char *
request_path(struct command *c, const char *out)
{
    const char *given = cli_value(&c->cli, LEASE_REQUEST);
    const char *path = out + strlen("vault:");

    if (strncmp(out, "vault:", strlen("vault:")) != 0 || *path == '\0')
        cli_usage(&c->cli, "-o %s: a lease is for a vault, expected vault:PATH",
                  out);
    if (given != NULL)
        return cli_text(&c->cli, "%s", given);
    if (strncmp(path, "postgresql:", strlen("postgresql:")) == 0)
        cli_usage(&c->cli,
                  "-o %s: a database has no place for the request's "
                  "file: name one with --request FILE",
                  out);
    return cli_text(&c->cli, "%.*s.request", (int)strcspn(path, "?"), path);
}

/* The request of an earlier try, or a new one. */
static sfi_status
get_request(struct command *c, const char *path, sfi_lease_request **req)
{
    sfi_status st = sfi_lease_request_load(c->ctx, path, req);

    if (st != SFI_OK && sfi_error_os_code(sfi_ctx_error(c->ctx)) == ENOENT)
        st = sfi_lease_request_create(c->ctx, path, req);
    return st;
}

static sfi_status
ask_lease(struct command *c, const char *from, const char *out, uint64_t count,
          uint64_t days)
{
    if (!cli_has(&c->cli, LEASE_YES))
        (void)printf("%" PRIu64 " of %" PRIu64 " installations move from %s to "
                     "%s for %" PRIu64 " days\n"
                     "  firmware identifier : %s\n"
                     "  what is not given back stays spent\n",
                     count, c->info.remaining, cli_visible(from),
                     cli_visible(out), days, cli_visible(c->info.firmware_id));
    return confirm(c, LEASE_YES, "Lease them?");
}

/* The site's vault exists: the lease was taken in an earlier try. */
static sfi_status
finish_lease(struct command *c, const char *path, const char *out)
{
    sfi_audit_head head = {.struct_size = sizeof(head)};
    sfi_status st = sfi_hsm_get_audit_head(c->site, &head);

    if (st == SFI_OK && (head.lease == 0 || access(path, F_OK) != 0))
        return cli_report(c->ctx, SFI_ERR_HSM_STATE,
                          "%.400s: already provisioned, and locked for ever",
                          out);
    if (st == SFI_OK && unlink(path) != 0)
        st = cli_report_os(c->ctx, errno, "%.400s: cannot delete", path);
    return st;
}

static sfi_status
take_lease(struct command *c, const char *from, const char *out,
           const char *path)
{
    uint64_t count = cli_value_number(&c->cli, LEASE_NUMBER, 0);
    uint64_t days = cli_value_number(&c->cli, LEASE_DAYS, 0);
    uint8_t lease[SFI_LEASE_LEN];
    size_t len = sizeof(lease), request_len;
    const uint8_t *request;
    sfi_lease_request *req = NULL;
    sfi_status st = open_hsm(c, from);

    if (st == SFI_OK)
        st = log_in(c, from, LEASE_PIN_FILE);
    if (st == SFI_OK)
        st = cli_hsm_login(&c->cli, c->ctx, out, c->site,
                           cli_value(&c->cli, LEASE_SITE_PIN_FILE), true);
    if (st == SFI_OK)
        st = ask_lease(c, from, out, count, days);
    if (st == SFI_OK)
        st = get_request(c, path, &req);
    request = sfi_lease_request_data(req, &request_len);
    if (st == SFI_OK)
        st = sfi_hsm_lease(c->hsm, request, request_len, count, days * DAY,
                           lease, &len);
    if (st == SFI_OK)
        st = sfi_hsm_provision_lease(c->site, req, lease, len);
    sfi_lease_request_free(req);
    return st == SFI_OK ? finish_lease(c, path, out) : st;
}

static sfi_status
lease(struct command *c)
{
    const char *from = cli_value(&c->cli, LEASE_FROM);
    const char *out = cli_value(&c->cli, LEASE_OUT);
    char *path = request_path(c, out);
    sfi_status st = sfi_hsm_open(c->ctx, out, &c->site);

    if (st == SFI_OK)
        st = sfi_hsm_get_info(c->site, &c->left);
    if (st == SFI_OK && c->left.state != SFI_HSM_BLANK)
        st = finish_lease(c, path, out);
    else if (st == SFI_OK)
        st = take_lease(c, from, out, path);
    if (st == SFI_OK)
        st = sfi_hsm_get_info(c->site, &c->left);
    json_text(&c->out, "vault", out);
    if (st == SFI_OK) {
        hsm_json(&c->out, &c->left);
        cli_print("LEASE TAKEN: %" PRIu64 " installations in %s\n",
                  c->left.remaining, cli_visible(out));
    }
    free(path);
    return st;
}

/* ---- return ---- */

/* The site's vault can be retired only once: first, is this the right HSM? */
static sfi_status
check_parent(struct command *c, const char *to, const char *site)
{
    sfi_audit_head ours = {.struct_size = sizeof(ours)};
    sfi_audit_head theirs = {.struct_size = sizeof(theirs)};
    sfi_status st = sfi_hsm_get_audit_head(c->site, &ours);

    if (st == SFI_OK && ours.lease == 0)
        return cli_report(c->ctx, SFI_ERR_HSM_STATE,
                          "%.400s: not leased: there is nothing to give back",
                          site);
    if (st == SFI_OK)
        st = sfi_hsm_get_audit_head(c->hsm, &theirs);
    if (st == SFI_OK &&
        memcmp(ours.parent, theirs.serial, sizeof(ours.parent)) != 0)
        return cli_report(c->ctx, SFI_ERR_HSM_STATE,
                          "%.400s: the lease is of another HSM than %.400s",
                          site, to);
    return st;
}

static sfi_status
ask_return(struct command *c, const char *site)
{
    if (!cli_has(&c->cli, RETURN_YES) && c->left.state != SFI_HSM_RETIRED)
        (void)printf("%s will be retired for ever\n"
                     "  installations to give back: %" PRIu64 " of %" PRIu64
                     "\n",
                     cli_visible(site), c->left.remaining, c->left.maximum);
    return c->left.state == SFI_HSM_RETIRED
               ? SFI_OK
               : confirm(c, RETURN_YES, "Retire it, and give them back?");
}

static sfi_status
give_back(struct command *c)
{
    const char *to = cli_value(&c->cli, RETURN_TO);
    const char *site = c->cli.operands[0];
    uint8_t end[SFI_LEASE_END_LEN];
    size_t len = sizeof(end);
    uint64_t returned = 0;
    sfi_status st =
        cli_hsm_open(c->ctx, site, "the vault is blank", &c->site, &c->left);

    if (st == SFI_OK)
        st = open_hsm(c, to);
    if (st == SFI_OK)
        st = check_parent(c, to, site);
    if (st == SFI_OK)
        st = log_in(c, to, RETURN_PIN_FILE);
    if (st == SFI_OK)
        st = cli_hsm_login(&c->cli, c->ctx, site, c->site,
                           cli_value(&c->cli, RETURN_SITE_PIN_FILE), false);
    if (st == SFI_OK)
        st = ask_return(c, site);
    if (st == SFI_OK)
        st = sfi_hsm_end_lease(c->site, end, &len);
    if (st == SFI_OK)
        st = sfi_hsm_return_lease(c->hsm, end, len, &returned);
    if (st == SFI_OK)
        st = sfi_hsm_get_info(c->hsm, &c->info);
    json_text(&c->out, "vault", site);
    if (st != SFI_OK)
        return st;
    json_number(&c->out, "returned", returned);
    hsm_json(&c->out, &c->info);
    cli_print("LEASE RETURNED: %" PRIu64 " installations, %" PRIu64 " of "
              "%" PRIu64 " are left now\n",
              returned, c->info.remaining, c->info.maximum);
    return SFI_OK;
}

/* ---- restored ---- */

static bool
read_digit(char c, uint8_t *out)
{
    const char *digits = "0123456789abcdefABCDEF";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    if (at == NULL)
        return false;
    *out = (uint8_t)(at - digits < 16 ? at - digits : at - digits - 6);
    return true;
}

static void
read_head(struct command *c, uint8_t head[HEAD_LEN])
{
    const char *text = cli_value(&c->cli, RESTORED_HEAD);
    bool ok = strlen(text) == 2 * HEAD_LEN;

    for (size_t i = 0; ok && i < HEAD_LEN; i++) {
        uint8_t high, low;

        ok =
            read_digit(text[2 * i], &high) && read_digit(text[2 * i + 1], &low);
        if (ok)
            head[i] = (uint8_t)(high << 4 | low);
    }
    if (!ok)
        cli_usage(&c->cli,
                  "--head %.80s: expected the 64 hexadecimal digits of "
                  "a hash",
                  text);
}

static sfi_status
restored(struct command *c)
{
    const char *slot = cli_value(&c->cli, RESTORED_SLOT);
    uint64_t sequence = cli_value_number(&c->cli, RESTORED_SEQUENCE, 0);
    uint64_t seen = cli_value_number(&c->cli, RESTORED_REMAINING, 0);
    uint8_t head[HEAD_LEN];
    sfi_status st;

    read_head(c, head);
    st = open_hsm(c, slot);
    if (st == SFI_OK)
        st = log_in(c, slot, RESTORED_PIN_FILE);
    if (st == SFI_OK && !cli_has(&c->cli, RESTORED_YES))
        (void)printf("%s has %" PRIu64 " records and %" PRIu64
                     " installations left\n"
                     "  the stations have seen record %" PRIu64 ", %" PRIu64
                     " left; what was used there is taken off\n",
                     cli_visible(slot), c->info.records, c->info.remaining,
                     sequence, seen);
    if (st == SFI_OK)
        st = confirm(c, RESTORED_YES, "State that these records are lost?");
    if (st == SFI_OK)
        st = sfi_hsm_declare_restored(c->hsm, sequence, head, seen);
    if (st == SFI_OK)
        st = sfi_hsm_get_info(c->hsm, &c->info);
    json_text(&c->out, "slot", slot);
    if (st != SFI_OK)
        return st;
    hsm_json(&c->out, &c->info);
    cli_print("LOSS STATED: %" PRIu64 " of %" PRIu64
              " installations are left\n",
              c->info.remaining, c->info.maximum);
    return SFI_OK;
}

static sfi_status
reconcile(struct command *c)
{
    return hsm_reconcile(&c->cli, c->ctx, &c->out, &c->status);
}

/* ---- which ---- */

static int
run(const struct cli_spec *spec, sfi_status (*work)(struct command *c),
    int argc, char **argv)
{
    struct command c = {.info = {.struct_size = sizeof(c.info)},
                        .left = {.struct_size = sizeof(c.left)}};
    int status;
    sfi_status st;

    cli_begin(&c.cli, spec, argc, argv);
    c.ctx = cli_context(&c.cli);
    cli_json_begin(&c.out);
    st = work(&c);
    status = c.status;
    if (st != SFI_OK)
        status = cli_fail(&c.cli, c.ctx, st);
    sfi_hsm_free(c.site);
    sfi_hsm_free(c.hsm);
    return cli_finish(&c.cli, c.ctx, status);
}

bool
hsm_run_command(int argc, char **argv, int *status)
{
    static sfi_status (*const works[COMMAND_COUNT])(struct command * c) = {
        [LEASE] = lease,
        [RETURN] = give_back,
        [RESTORED] = restored,
        [RECONCILE] = reconcile};

    for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++) {
        const struct cli_spec *spec = &sfi_hsm_commands[i];

        if (strcmp(argv[1], strrchr(spec->program, ' ') + 1) != 0)
            continue;
        *status = run(spec, works[i], argc - 1, argv + 1);
        return true;
    }
    return false;
}
