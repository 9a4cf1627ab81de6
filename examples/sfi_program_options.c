/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: the table of options, and --help. */
#include "sfi_program.h"

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
                   .repeats = true,
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
                   .repeats = true,
                   .values = "FILE [ADDRESS]",
                   .min = 1,
                   .max = 2,
                   .help = "erase the sectors of a firmware, and write it:\n"
                           "ELF, Intel HEX, S-records, or a binary with its\n"
                           "address"},
    [OPT_VERIFY] = {.brief = "v",
                    .name = "verify",
                    .repeats = true,
                    .help = "read back what -w wrote, and compare"},
    [OPT_READ] = {.brief = "r",
                  .name = "read",
                  .repeats = true,
                  .values = "ADDRESS SIZE FILE",
                  .min = 3,
                  .max = 3,
                  .help = "save memory to a file"},
    [OPT_OB] = {.brief = "ob",
                .name = "optionbytes",
                .repeats = true,
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
                  .help = "instead of -c: work on all these chips at once"},
    [OPT_RECORD] = {.name = "record",
                    .values = "FILE",
                    .min = 1,
                    .max = 1,
                    .help = "append a line of JSON for each chip, synced to\n"
                            "disk before the result is shown"},
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

const struct cli_spec program_spec = {
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
