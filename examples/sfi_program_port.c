/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: ports of the command line, by ST's names, as links of libsfi. */
#include <stdlib.h>
#include <string.h>

#include "sfi_program.h"

#define WORDS_MAX (1 + CLI_KEYS_MAX + CLI_VALUES_MAX)
#define WORD_MAX 600u

struct port_words {
    const char *word[WORDS_MAX];
    size_t count;
    char text[CLI_KEYS_MAX + 1][WORD_MAX];
    size_t texts;
};

static void
port_add(const struct program *p, struct port_words *w, const char *key,
         const char *value)
{
    char *text = w->text[w->texts++];

    if (snprintf(text, WORD_MAX, "%s=%s", key, value) >= (int)WORD_MAX)
        cli_usage(&p->cli, "%s=%s is too long", key, value);
    w->word[w->count++] = text;
}

/* The words of -c, or for one port of --gang those that it has. */
static void
port_collect(const struct program *p, const struct cli_use *use,
             const char *port, struct port_words *w)
{
    const char *const *keys = p->cli.spec->options[use->id].keys;

    port_add(p, w, "port", port);
    for (size_t i = 0; keys[i] != NULL; i++) {
        if (use->key_value[i] != NULL && strcmp(keys[i], "port") != 0 &&
            strcmp(keys[i], "chip") != 0)
            port_add(p, w, keys[i], use->key_value[i]);
    }
    for (unsigned i = 0; use->id == OPT_CONNECT && i < use->count; i++)
        w->word[w->count++] = use->value[i];
}

void
program_port(const struct program *p, const struct cli_use *use,
             const char *port, char uri[URI_MAX])
{
    struct port_words *w = calloc(1, sizeof(*w));
    sfi_ctx *ctx = NULL;
    sfi_status st;

    if (w == NULL || sfi_ctx_new(NULL, &ctx) != SFI_OK)
        cli_nomem(p->cli.spec->program);
    port_collect(p, use, port, w);
    st = sfi_transport_name_of_port(ctx, w->word, w->count, uri, URI_MAX);
    if (st != SFI_OK)
        cli_usage(&p->cli, "%s", sfi_error_message(sfi_ctx_error(ctx)));
    sfi_ctx_free(ctx);
    free(w);
}

void
program_read_port(struct program *p, struct station *s)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_CONNECT, NULL);
    const struct cli_use *gang = cli_next(&p->cli, OPT_GANG, NULL);
    const char *port = cli_key(&p->cli, use, "port");

    if (use == NULL && gang == NULL)
        return;
    p->chip =
        cli_chip(&p->cli, cli_key(&p->cli, gang != NULL ? gang : use, "chip"));
    if (gang != NULL) {
        program_check_gang(p);
        return;
    }
    if (port == NULL)
        cli_usage(&p->cli, "-c needs port=PORT, such as port=/dev/ttyUSB0");
    s->port = port;
    program_port(p, use, port, s->uri);
}
