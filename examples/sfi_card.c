/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-card: a smartcard in a virtual reader, vsmartcard-vpcd behind pcscd. */
#include <stdlib.h>

#include <sfi/card.h>

#include "cli/cli.h"
#include "sfi_card_table.h"

#define DEFAULT_READER "127.0.0.1:35963"

struct station {
    sfi_card *card;
    bool verbose;
    struct json json;
    const char *reader;
};

static void
card_print_command(const struct station *s, const sfi_card_event *e)
{
    const char *why = sfi_card_reason(s->card);

    (void)fprintf(stderr, "sfi-card:");
    for (size_t i = 0; i < 4 && i < e->length; i++)
        (void)fprintf(stderr, " %02x", e->header[i]);
    (void)fprintf(stderr, " (%u bytes): %04x%s%s\n", e->length, e->status_word,
                  why[0] != '\0' ? ", " : "", cli_visible(why));
}

static void
card_on_event(void *user, const sfi_card_event *e)
{
    const struct station *s = user;

    if (e->kind == SFI_CARD_COMMAND && s->verbose)
        card_print_command(s, e);
    if (e->kind == SFI_CARD_COMMAND)
        return;
    (void)printf("%s the reader at %s\n",
                 e->kind == SFI_CARD_WAITING ? "waiting for" : "in",
                 cli_visible(s->reader));
    (void)fflush(stdout);
}

static sfi_status
card_run_vault(const struct cli *c, sfi_ctx *ctx, struct station *s)
{
    const char *path = cli_value(c, OPT_STATE);
    char *uri = cli_text(c, "vault:%s", path);
    sfi_hsm *hsm = NULL;
    sfi_status st;

    cli_json_begin(&s->json);
    json_text(&s->json, "file", path);
    json_text(&s->json, "reader", s->reader);
    cli_end_by_signals();
    st = sfi_hsm_open(ctx, uri, &hsm);
    if (st == SFI_OK)
        st = sfi_card_new(ctx, hsm, &s->card);
    free(uri);
    sfi_hsm_free(hsm); /* the card holds a reference */
    if (st == SFI_OK)
        st = sfi_card_serve(s->card, s->reader, cli_is_ended, card_on_event, s);
    sfi_card_free(s->card);
    return st;
}

int
main(int argc, char **argv)
{
    struct station station = {.card = NULL};
    struct cli c;
    sfi_ctx *ctx;
    sfi_status st;
    int status;

    cli_begin(&c, &sfi_card_spec, argc, argv);
    station.verbose = cli_has(&c, OPT_VERBOSE);
    station.reader =
        cli_has(&c, OPT_VPCD) ? cli_value(&c, OPT_VPCD) : DEFAULT_READER;
    ctx = cli_context(&c);
    st = card_run_vault(&c, ctx, &station);
    status = st == SFI_OK ? 0 : cli_fail(&c, ctx, st);
    return cli_finish(&c, ctx, status);
}
