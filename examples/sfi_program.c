/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: the command line, the chip's certificate, and the order of all
 * actions. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sfi_offline.h"
#include "sfi_program.h"

#define PATH_SIZE 4352 /* a path (PATH_MAX is 4096) and a file name */

static const struct cli_option options[OPT_COUNT] = {
    [OPT_CONNECT] = {.brief = "c",
                     .name = "connect",
                     .values = "port=PORT [br=115200] [chip=NAME]",
                     .keys = {"port", "br", "chip", "mode", "probe", "freq",
                              "sn"},
                     .lists_chips = true,
                     .help =
                         "the chip's serial port and its speed; or usb1,\n"
                         "spidev0.0, swd or jtag\n"
                         "[mode=HOTPLUG|NORMAL|UR] [freq=KHZ]\n"
                         "[sn=SERIAL] [probe=LINK]; or any LINK; chip=NAME\n"
                         "refuses other chips than NAME:"},
    [OPT_SFI] = {.name = "sfi",
                 .values = "[protocol=static|live] FILE.sfi hsm=1 slot=HSM "
                           "[store=FOLDER] | hsm=0 LICENSE",
                 .min = 1,
                 .max = 2,
                 .keys = {"protocol", "hsm", "slot", "store"},
                 .help = "install with a licence from an HSM (vault:PATH),\n"
                         "from a file, or from a folder of licences;\n"
                         "store=FOLDER: look there first, and keep new\n"
                         "licences there; live: a licence for this session\n"
                         "only, from an HSM; this makes an open chip\n"
                         "secure for ever"},
    [OPT_ERASE] = {.brief = "e",
                   .name = "erase",
                   .values = "all|SECTOR...",
                   .min = 1,
                   .max = CLI_VALUES_MAX,
                   .help =
                       "erase the whole flash, or sectors (3, 2-5, [2 5]);\n"
                       "with -sfi: also a chip that is installed already"},
    [OPT_GET_CERTIFICATE] = {.brief = "gc",
                             .name = "getcertificate",
                             .values = "CERT",
                             .min = 1,
                             .max = 1,
                             .help =
                                 "save the chip's certificate; CERT may be a\n"
                                 "folder: the name is DEVICEID.cert; this\n"
                                 "makes an open chip secure for ever"},
    [OPT_WRITE] = {.brief = "w",
                   .name = "write",
                   .values = "FILE [ADDRESS]",
                   .min = 1,
                   .max = 2,
                   .help = "erase the sectors of a firmware, and write it:\n"
                           "ELF, Intel HEX, S-records, or a binary with its\n"
                           "address"},
    [OPT_VERIFY] = {.brief = "v",
                    .name = "verify",
                    .help = "read back what -w wrote, and compare"},
    [OPT_READ] = {.brief = "r",
                  .name = "read",
                  .values = "ADDRESS SIZE FILE",
                  .min = 3,
                  .max = 3,
                  .help = "save memory to a file"},
    [OPT_OB] = {.brief = "ob",
                .name = "optionbytes",
                .values = "displ|NAME=VALUE...",
                .min = 1,
                .max = CLI_VALUES_MAX,
                .help = "show the option bytes, or change some with one\n"
                        "write"},
    [OPT_RDU] = {.brief = "rdu",
                 .name = "readunprotect",
                 .help = "remove readout protection, which erases the\n"
                         "whole flash"},
    [OPT_GO] = {.brief = "g",
                .name = "go",
                .values = "[ADDRESS]",
                .max = 1,
                .help = "start the firmware at ADDRESS, or in flash"},
    [OPT_HSM_INFO] = {.name = "hsmgetinfo",
                      .values = "slot=HSM",
                      .keys = {"slot"},
                      .help = "show state and counters of an HSM"},
    [OPT_HSM_COUNTER] = {.name = "hsmgetcounter",
                         .values = "slot=HSM",
                         .keys = {"slot"},
                         .help = "show how many installations are left"},
    [OPT_HSM_FW_ID] = {.name = "hsmgetfwid",
                       .values = "slot=HSM",
                       .keys = {"slot"},
                       .help = "show the firmware identifier"},
    [OPT_HSM_STATUS] = {.name = "hsmgetstatus",
                        .values = "slot=HSM",
                        .keys = {"slot"},
                        .help = "show the state"},
    [OPT_HSM_LICENSE] = {.brief = "hsmglfcb",
                         .name = "hsmgetlicensefromcertifbin",
                         .values = "CERT LICENSE slot=HSM",
                         .min = 2,
                         .max = 2,
                         .keys = {"slot"},
                         .help =
                             "get a licence for a certificate, which counts\n"
                             "the device; CERT and LICENSE may be folders:\n"
                             "a licence for each certificate"},
    [OPT_GANG] = {.name = "gang",
                  .values = "PORT[,PORT...] [br=115200] [chip=NAME]",
                  .min = 1,
                  .max = 1,
                  .keys = {"br", "chip"},
                  .help = "instead of -c: run -sfi on all these chips at once"},
    [OPT_RECORD] = {.name = "record",
                    .values = "FILE",
                    .min = 1,
                    .max = 1,
                    .help =
                        "with --gang: append a line of JSON for each chip,\n"
                        "synced to disk before the result is shown"},
    [OPT_CAPTURE] = {.name = "capture",
                     .values = "FILE",
                     .min = 1,
                     .max = 1,
                     .help = "with -c: record the traffic of the link;\n"
                             "port=script:FILE replays it"},
    [OPT_LIST] = {.brief = "l",
                  .name = "list",
                  .values = "[uart|spi|usb|probe]",
                  .max = 1,
                  .help = "list connected ports, as port= takes them"},
    [OPT_PIN_FILE] = {.name = "pin-file",
                      .values = "FILE",
                      .min = 1,
                      .max = 1,
                      .help = "read the HSM's PIN from the first line of FILE\n"
                              "instead of asking"},
    [OPT_YES] = {.brief = "y",
                 .name = "yes",
                 .help = "do not ask before irreversible changes"},
    [OPT_FORCE] = {.name = "force",
                   .help = "replace a file of another kind; never a key, a\n"
                           "licence, a certificate, an audit log, a vault or\n"
                           "a personalisation file"},
    [OPT_JSON] = {.name = "json", .help = "write JSON to stdout"},
};

static const struct cli_spec spec = {
    .program = "sfi-program",
    .purpose =
        "Installs secure images, and programs open chips, over USART, SPI, "
        "USB, JTAG or SWD.",
    .usage =
        "-c port=PORT [br=115200] [chip=NAME] [-e all]\n"
        " -sfi FILE.sfi hsm=1 slot=HSM [store=FOLDER] | hsm=0 LICENSE\n"
        "--gang PORT[,PORT...] [--record FILE] -sfi FILE.sfi hsm=1 "
        "slot=HSM\n"
        "-c port=PORT -gc CERT\n"
        "-c port=PORT [-rdu] [-e all|SECTOR...] [-w FILE [ADDRESS] [-v]]\n"
        " [-r ADDRESS SIZE FILE] [-ob displ|NAME=VALUE...] [-g [ADDRESS]]\n"
        "-l [uart|spi|usb|probe]\n"
        "-hsmgetinfo slot=HSM\n"
        "-hsmglfcb CERT LICENSE slot=HSM\n"
        "-hsmglfcb FOLDER FOLDER slot=HSM",
    .options = options,
    .option_count = OPT_COUNT,
    .notes = "An install that fails leaves the chip erased and can be "
             "repeated; the same\nchip is never counted twice.",
};

/* ---- the command line ---- */

static void
check_sfi_options(struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_SFI, NULL);
    const char *protocol = cli_key(&p->cli, use, "protocol");
    const char *hsm = cli_key(&p->cli, use, "hsm");
    bool from_hsm = hsm != NULL && strcmp(hsm, "1") == 0;

    if (use == NULL)
        return;
    p->live = protocol != NULL && strcmp(protocol, "live") == 0;
    if (protocol != NULL && !p->live && strcmp(protocol, "static") != 0)
        cli_usage(&p->cli, "protocol=%s, expected static or live", protocol);
    if (hsm != NULL && !from_hsm && strcmp(hsm, "0") != 0)
        cli_usage(&p->cli, "hsm=%s, expected 0 or 1", hsm);
    if (from_hsm && cli_key(&p->cli, use, "slot") == NULL)
        cli_usage(&p->cli, "hsm=1 needs slot=HSM, such as slot=vault:PATH");
    if (from_hsm && use->count > 1)
        cli_usage(&p->cli,
                  "%s: a licence is given, but hsm=1 requests one from the HSM",
                  use->value[1]);
    if (!from_hsm && cli_key(&p->cli, use, "store") != NULL)
        cli_usage(&p->cli, "store=FOLDER needs hsm=1; with hsm=0 give the "
                           "folder in place of LICENSE");
    if (p->live && !from_hsm)
        cli_usage(&p->cli, "protocol=live needs hsm=1 slot=HSM: a live licence "
                           "is made for one session");
    if (p->live && cli_key(&p->cli, use, "store") != NULL)
        cli_usage(&p->cli, "store=FOLDER needs protocol=static: a live licence "
                           "is valid once");
    if (!from_hsm && use->count < 2)
        cli_usage(&p->cli, "-sfi needs a licence: hsm=1 slot=HSM, or hsm=0 "
                           "LICENSE");
}

static void
check_command_line(struct program *p)
{
    bool plain = program_check_plain(&p->cli);
    bool on_chip = plain || cli_has(&p->cli, OPT_SFI) ||
                   cli_has(&p->cli, OPT_ERASE) ||
                   cli_has(&p->cli, OPT_GET_CERTIFICATE);
    bool on_hsm = false;

    program_check_list(&p->cli);
    program_read_port(p);
    check_sfi_options(p);
    p->plain =
        plain || (cli_has(&p->cli, OPT_ERASE) && !cli_has(&p->cli, OPT_SFI));
    for (size_t id = OPT_HSM_INFO; id <= OPT_HSM_LICENSE; id++) {
        const struct cli_use *use = cli_next(&p->cli, id, NULL);

        if (use != NULL && cli_key(&p->cli, use, "slot") == NULL)
            cli_usage(&p->cli, "%s needs slot=HSM, such as slot=vault:PATH",
                      use->spelling);
        on_hsm = on_hsm || use != NULL;
    }
    if (on_chip && p->port[0] == '\0' && !cli_has(&p->cli, OPT_GANG))
        cli_usage(&p->cli, "-c port=PORT is missing");
    if (!on_chip && !on_hsm && !cli_has(&p->cli, OPT_LIST))
        cli_usage(&p->cli, "nothing to do");
}

/* ---- the chip ---- */

/* Connect without an installer, and show the chip. */
static sfi_status
target_connect_and_show(struct program *p, sfi_target **out, bool *secure)
{
    sfi_target_info info = {.struct_size = sizeof(info)};
    char version[48] = "";
    sfi_status st = sfi_target_connect(p->ctx, p->chip, p->tp, 0, out);

    if (st == SFI_OK)
        st = sfi_target_get_info(*out, &info);
    if (st != SFI_OK)
        return st;
    *secure = info.secure != 0;
    if (info.bootloader_version != 0) /* 0 over a debug port */
        (void)snprintf(version, sizeof(version),
                       "BootLoader version: %" PRIu32 ".%" PRIu32 ", ",
                       info.bootloader_version >> 4,
                       info.bootloader_version & 0xf);
    cli_progress_step(&p->progress, "Chip ID: 0x%" PRIx32 ", %s%s",
                      info.device_id, version, info.secure ? "secure" : "open");
    if (p->json)
        json_text(&p->out, "chip", sfi_chip_name(sfi_target_chip(*out)));
    return SFI_OK;
}

sfi_status
program_confirm_security(struct program *p)
{
    static const char what[] =
        "SECURITY makes this open chip secure for ever: from then on it takes "
        "only encrypted firmware, with a licence";

    if (cli_has(&p->cli, OPT_YES))
        return SFI_OK;
    if (p->json)
        return program_report_error(p, SFI_ERR_CANCELLED,
                                    "SECURITY makes this open chip secure for "
                                    "ever: state --yes with --json");
    cli_progress_step(&p->progress, "%s", what);
    if (cli_confirm(&p->cli, "Make it secure for ever?", "--yes"))
        return SFI_OK;
    return program_report_error(p, SFI_ERR_CANCELLED,
                                "not confirmed, the chip is still open");
}

/* In a folder the file is named after the device id. */
static const char *
certificate_file_name(const char *path, const sfi_certificate *cert,
                      char name[PATH_SIZE])
{
    if (!offline_is_folder(path))
        return path;
    (void)snprintf(name, PATH_SIZE, "%s/%s.cert", path,
                   sfi_certificate_device_id(cert));
    return name;
}

static sfi_status
target_save_certificate(struct program *p)
{
    const char *path = cli_value(&p->cli, OPT_GET_CERTIFICATE);
    char name[PATH_SIZE];
    sfi_certificate *cert = NULL;
    sfi_target *t = NULL;
    bool secure = false;
    sfi_status st = target_connect_and_show(p, &t, &secure);

    if (st == SFI_OK && !secure)
        st = program_confirm_security(p);
    if (st != SFI_OK)
        goto out;
    st = sfi_target_activate_security(t);
    if (st != SFI_OK)
        goto out;
    st = sfi_target_get_certificate(t, &cert);
    if (st != SFI_OK)
        goto out;
    path = certificate_file_name(path, cert, name);
    st = sfi_certificate_save(cert, path);
    if (st != SFI_OK)
        goto out;
    cli_progress_step(&p->progress,
                      "Get Certificate done successfully\n"
                      "Writing data to file %s",
                      path);
    if (p->json)
        json_text(&p->out, "certificate", path);
out:
    sfi_certificate_free(cert);
    sfi_target_free(t);
    return st;
}

static sfi_status
program_open_chip(struct program *p)
{
    sfi_target *t = NULL;
    bool secure;
    sfi_status st = target_connect_and_show(p, &t, &secure);

    if (st == SFI_OK)
        st = program_plain(p, t);
    sfi_target_free(t);
    return st;
}

/* ---- all actions, in order ---- */

/* In a folder of licences each is checked when it is saved. */
static sfi_status
check_output_of(struct program *p, size_t option, unsigned value, uint32_t kind)
{
    const struct cli_use *use = cli_next(&p->cli, option, NULL);

    if (use == NULL ||
        (option == OPT_HSM_LICENSE && offline_is_folder(use->value[0])))
        return SFI_OK;
    if (option == OPT_READ)
        kind = program_read_kind(use);
    return cli_check_output(p->ctx, use->value[value], kind,
                            cli_has(&p->cli, OPT_FORCE));
}

/* The names of all outputs, before a chip or an HSM changes. */
static sfi_status
check_outputs(struct program *p)
{
    static const struct {
        size_t option;
        unsigned value;
        uint32_t kind;
    } outputs[] = {
        {OPT_GET_CERTIFICATE, 0, SFI_FILE_CERTIFICATE},
        {OPT_HSM_LICENSE, 1, SFI_FILE_LICENSE},
        {OPT_READ, 2, SFI_FILE_OTHER},
        {OPT_CAPTURE, 0, SFI_FILE_TRACE},
    };
    sfi_status st = SFI_OK;

    for (size_t i = 0; st == SFI_OK && i < sizeof(outputs) / sizeof(*outputs);
         i++)
        st = check_output_of(p, outputs[i].option, outputs[i].value,
                             outputs[i].kind);
    return st;
}

static sfi_status
open_transport(struct program *p)
{
    sfi_status st = sfi_transport_open(p->ctx, p->port, &p->tp);

    if (st != SFI_OK || !cli_has(&p->cli, OPT_CAPTURE))
        return st;
    return sfi_transport_capture(p->tp, cli_value(&p->cli, OPT_CAPTURE));
}

static int
run_chip_actions(struct program *p, sfi_status *st)
{
    *st = program_load(p);
    if (*st != SFI_OK)
        return 0;
    *st = open_transport(p);
    if (*st != SFI_OK)
        return 0;
    if (cli_has(&p->cli, OPT_GET_CERTIFICATE))
        *st = target_save_certificate(p);
    if (*st != SFI_OK)
        return 0;
    if (cli_has(&p->cli, OPT_SFI))
        return program_install(p, st);
    if (p->plain)
        *st = program_open_chip(p);
    return 0;
}

static int
run_all_actions(struct program *p)
{
    sfi_status st = check_outputs(p);
    int status = 0;

    if (st == SFI_OK && cli_has(&p->cli, OPT_LIST))
        st = program_list(p);
    for (size_t id = OPT_HSM_INFO; st == SFI_OK && id < OPT_HSM_LICENSE; id++) {
        if (cli_has(&p->cli, id))
            st = program_ask_hsm(p, id);
    }
    if (st == SFI_OK && cli_has(&p->cli, OPT_HSM_LICENSE))
        status = program_get_license(p, &st);
    if (status == 0 && st == SFI_OK && p->port[0] != '\0')
        status = run_chip_actions(p, &st);
    if (status == 0 && st == SFI_OK && cli_has(&p->cli, OPT_GANG))
        status = program_gang(p, &st);
    cli_progress_end(&p->progress);
    if (st != SFI_OK)
        status = cli_fail(&p->cli, p->ctx, st);
    /* The port's options come from the command line. */
    if (st == SFI_ERR_ARGUMENT && p->tp == NULL)
        status = CLI_EXIT_USAGE;
    if (p->json && st != SFI_OK)
        json_error(&p->out, p->ctx, st);
    else if (p->json)
        cli_json_failure(&p->out);
    return status;
}

int
main(int argc, char **argv)
{
    struct program p = {.ctx = NULL};
    int status;

    cli_start();
    cli_hide_memory();
    cli_parse(&p.cli, &spec, argc, argv);
    check_command_line(&p);
    /* An install continues when the reader of stdout is gone. */
    (void)signal(SIGPIPE, SIG_IGN);
    p.json = cli_has(&p.cli, OPT_JSON);
    cli_progress_init(&p.progress, p.json ? NULL : stdout);
    json_init(&p.out, stdout);
    if (p.json)
        json_object(&p.out, NULL);
    p.ctx = cli_context(&p.cli);
    status = run_all_actions(&p);
    if (p.json)
        json_close(&p.out);
    sfi_firmware_free(p.firmware);
    sfi_transport_free(p.tp);
    sfi_hsm_free(p.hsm);
    sfi_ctx_free(p.ctx);
    status = cli_finish(&p.cli, status);
    cli_free(&p.cli);
    return status;
}
