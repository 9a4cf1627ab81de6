/* sfi-hsm: give an HSM its firmware key, once; ask it how many installations
 * are left. */
#include <inttypes.h>

#include "cli.h"
#include "hsm_words.h"

enum {
    OPT_HSM,
    OPT_SLOT,
    OPT_INFO,
    OPT_KEY,
    OPT_NONCE,
    OPT_ID,
    OPT_COUNT_MAX,
    OPT_PERSO,
    OPT_PIN_FILE,
    OPT_YES,
    OPT_JSON,
    OPT_COUNT
};

static const struct cli_option options[OPT_COUNT] = {
    [OPT_HSM] = {.name = "hsm", .help = "accepted as in ST's command lines"},
    [OPT_SLOT] = {.brief = "i",
                  .name = "slot",
                  .values = "HSM",
                  .min = 1,
                  .max = 1,
                  .help = "the HSM: vault:PATH"},
    [OPT_INFO] = {.name = "info",
                  .help = "show state, firmware identifier and counter"},
    [OPT_KEY] = {.brief = "k",
                 .name = "key",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "AES-128 key of the image, 16 bytes"},
    [OPT_NONCE] = {.brief = "n",
                   .name = "nonce",
                   .values = "FILE",
                   .min = 1,
                   .max = 1,
                   .help = "nonce of the image, 12 bytes"},
    [OPT_ID] = {.brief = "id",
                .name = "firmware-id",
                .values = "TEXT",
                .min = 1,
                .max = 1,
                .help = "firmware identifier, 1 to 63 characters"},
    [OPT_COUNT_MAX] = {.brief = "mc",
                       .name = "max-count",
                       .values = "N",
                       .min = 1,
                       .max = 1,
                       .help = "how many chips may be installed"},
    [OPT_PERSO] = {.brief = "pd",
                   .name = "perso",
                   .values = "FILE",
                   .min = 1,
                   .max = 1,
                   .help = "personalisation file of the product, from the\n"
                           "chip maker"},
    [OPT_PIN_FILE] = {.name = "pin-file",
                      .values = "FILE",
                      .min = 1,
                      .max = 1,
                      .help = "the PIN is its first line, instead of a\n"
                              "question"},
    [OPT_YES] = {.name = "yes", .help = "lock the HSM without a question"},
    [OPT_JSON] = {.name = "json", .help = "for machines"},
};

/* Programming needs them all, -info none. */
static const size_t content_options[] = {OPT_KEY, OPT_NONCE, OPT_ID,
                                         OPT_COUNT_MAX, OPT_PERSO};
#define CONTENT_OPTIONS (sizeof(content_options) / sizeof(*content_options))

static const struct cli_spec spec = {
    .program = "sfi-hsm",
    .purpose = "Programs an HSM once and for ever, and shows what it holds.",
    .usage = "-i HSM -k KEY -n NONCE -id FIRMWARE_ID -mc COUNT -pd PERSO\n"
             " [--yes] [--pin-file FILE] [--json]\n"
             "-i HSM -info [--json]",
    .options = options,
    .option_count = OPT_COUNT,
    .notes = "The PIN that is chosen when the HSM is programmed is asked for "
             "before each\nlicence.  Ten wrong ones in a row block the HSM "
             "for ever.",
};

struct program {
    struct cli cli;
    sfi_ctx *ctx;
    const char *slot;
    bool json;
    sfi_hsm *hsm;
    sfi_hsm_info info;
};

/* What will be locked into the HSM. */
struct content {
    const char *firmware_id;
    uint64_t max_count;
    sfi_key *key;
    uint8_t nonce[SFI_NONCE_LEN];
    sfi_personalization *perso;
};

/* How it ended, in words or in JSON. */
static int
report(struct program *p, sfi_status st)
{
    const char *where = sfi_error_where(sfi_ctx_error(p->ctx));
    struct json j;
    int status = 0;

    if (st != SFI_OK)
        status =
            cli_fail_at(&p->cli, p->ctx, st, where[0] != '\0' ? "" : p->slot);
    if (p->json) {
        json_init(&j, stdout);
        json_object(&j, NULL);
        json_text(&j, "hsm", p->slot);
        if (st == SFI_OK)
            hsm_json(&j, &p->info);
        json_error(&j, p->ctx, st);
        json_close(&j);
    } else if (st == SFI_OK) {
        hsm_print(stdout, &p->info);
    }
    return status;
}

static int
refuse(struct program *p, sfi_status st, const char *why)
{
    sfi_ctx_report(p->ctx, st, 0, why);
    return report(p, st);
}

static sfi_status
ask(struct program *p)
{
    p->info.struct_size = sizeof(p->info);
    return sfi_hsm_get_info(p->hsm, &p->info);
}

/* ---- program it ---- */

static sfi_status
load(struct program *p, struct content *c)
{
    sfi_status st = sfi_key_load(p->ctx, cli_value(&p->cli, OPT_KEY), &c->key);

    if (st == SFI_OK)
        st = sfi_nonce_load(p->ctx, cli_value(&p->cli, OPT_NONCE), c->nonce);
    if (st == SFI_OK)
        st = sfi_personalization_load(p->ctx, cli_value(&p->cli, OPT_PERSO),
                                      &c->perso);
    if (st == SFI_OK)
        st = sfi_hsm_open(p->ctx, p->slot, &p->hsm);
    return st;
}

static bool
confirmed(struct program *p, const struct content *c)
{
    FILE *out = p->json ? stderr : stdout;

    (void)fprintf(out,
                  "%s will be locked for ever with\n"
                  "  firmware identifier : %s\n"
                  "  product             : %s\n"
                  "  installations       : %" PRIu64 "\n",
                  p->slot, c->firmware_id,
                  sfi_personalization_product_id(c->perso), c->max_count);
    return cli_has(&p->cli, OPT_YES) ||
           cli_confirm(&p->cli, "Lock it for ever?", "--yes");
}

static int
lock(struct program *p, const struct content *c)
{
    struct cli_pin pin;
    sfi_status st;
    int status =
        cli_pin_read(&p->cli, cli_value(&p->cli, OPT_PIN_FILE), true, &pin);

    if (status != 0)
        return status;
    st = sfi_hsm_login(p->hsm, pin.pin_secret, pin.len);
    cli_pin_wipe(&pin);
    if (st == SFI_OK)
        st = sfi_hsm_provision(p->hsm, c->key, c->nonce, sizeof(c->nonce),
                               c->firmware_id, c->max_count, c->perso, NULL);
    if (st == SFI_OK)
        st = ask(p);
    status = report(p, st);
    if (st == SFI_OK && !p->json)
        (void)printf("HSM successfully programmed\n");
    return status;
}

static int
program(struct program *p, const struct content *c)
{
    sfi_status st = ask(p);

    if (st != SFI_OK)
        return report(p, st);
    if (p->info.state != SFI_HSM_BLANK)
        return refuse(p, SFI_ERR_HSM_STATE,
                      "already provisioned, and locked for ever");
    if (!confirmed(p, c))
        return refuse(p, SFI_ERR_CANCELLED, "left as it is");
    return lock(p, c);
}

static int
load_and_program(struct program *p)
{
    struct content c = {.firmware_id = cli_value(&p->cli, OPT_ID)};
    sfi_status st;
    int status;

    for (size_t i = 0; i < CONTENT_OPTIONS; i++)
        (void)cli_need(&p->cli, content_options[i]);
    if (!cli_number(cli_value(&p->cli, OPT_COUNT_MAX), UINT64_MAX,
                    &c.max_count))
        cli_usage(&p->cli, "-mc %s is no number",
                  cli_value(&p->cli, OPT_COUNT_MAX));
    st = load(p, &c);
    status = st == SFI_OK ? program(p, &c) : report(p, st);
    sfi_personalization_free(c.perso);
    sfi_key_free(c.key);
    cli_wipe(c.nonce, sizeof(c.nonce));
    return status;
}

/* Options that have no meaning beside -info. */
static void
only_info(struct program *p)
{
    for (size_t i = 0; i < CONTENT_OPTIONS; i++) {
        if (cli_has(&p->cli, content_options[i]))
            cli_usage(&p->cli, "-info shows, -%s programs: not both",
                      options[content_options[i]].brief);
    }
}

static int
show(struct program *p)
{
    sfi_status st = sfi_hsm_open(p->ctx, p->slot, &p->hsm);

    return report(p, st == SFI_OK ? ask(p) : st);
}

int
main(int argc, char **argv)
{
    struct program p = {.ctx = NULL};
    int status;

    cli_parse(&p.cli, &spec, argc, argv);
    p.slot = cli_need(&p.cli, OPT_SLOT);
    p.json = cli_has(&p.cli, OPT_JSON);
    if (cli_has(&p.cli, OPT_INFO))
        only_info(&p);
    p.ctx = cli_context(&p.cli);
    status = cli_has(&p.cli, OPT_INFO) ? show(&p) : load_and_program(&p);
    sfi_hsm_free(p.hsm);
    sfi_ctx_free(p.ctx);
    status = cli_finish(&p.cli, status);
    cli_free(&p.cli);
    return status;
}
