/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program: the table of options, and --help. */
#include "sfi_program.h"

static const struct cli_option options[OPT_COUNT] = {
    [OPT_CONNECT] = {.brief = "c",
                     .name = "connect",
                     .values = "port=PORT [br=115200] [chip=NAME]",
                     .max = CONNECT_WORDS_MAX,
                     .keys = {CONNECT_KEYS},
                     .lists_chips = true,
                     .help =
                         "the chip's serial port and its speed; or usb1\n"
                         "[sn=SERIAL] [VID=0x0483 PID=0xdf11];\n"
                         "spidev0.0 [br=KHZ]; swd or jtag\n"
                         "[mode=HOTPLUG|NORMAL|UR] [freq=KHZ]\n"
                         "[sn=SERIAL] [index=N] [probe=LINK]; or any LINK;\n"
                         "chip=NAME refuses other chips than NAME:"},
    [OPT_SFI] = {.name = "sfi",
                 .values = "[protocol=static|live] FILE.sfi hsm=1 [slot=HSM] "
                           "[store=FOLDER] | hsm=0 LICENSE",
                 .min = 1,
                 .max = 2,
                 .keys = {"protocol", "hsm", "slot", "store"},
                 .help = "install with a licence from an HSM (vault:PATH;\n"
                         "1, the default, is the first card reader), from\n"
                         "a file, or from a folder of licences;\n"
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
    [OPT_CHIP_LICENSE] = {.brief = "hsmgl",
                          .name = "hsmgetlicense",
                          .values = "LICENSE [slot=HSM]",
                          .min = 1,
                          .max = 1,
                          .keys = {"slot", "protocol"},
                          .help = "save a licence for the chip; this makes an\n"
                                  "open chip secure for ever"},
    [OPT_WRITE] = {.brief = "w",
                   .name = "write",
                   .also = {"d", "download"},
                   .repeats = true,
                   .values = "FILE [ADDRESS]",
                   .min = 1,
                   .max = 4,
                   .help = "-d: erase the sectors of a firmware, and write\n"
                           "it: ELF, Intel HEX, S-records, DfuSe, or a binary\n"
                           "with its address (raw: any bytes)"},
    [OPT_VERIFY] = {.brief = "v",
                    .name = "verify",
                    .repeats = true,
                    .values = "[fast]",
                    .max = 1,
                    .help = "read back what -w wrote, and compare"},
    [OPT_SKIP_ERASE] = {.name = "skipErase",
                        .also = {"skiperase"},
                        .help = "-w does not erase, so flash must be erased"},
    [OPT_ONLY_FLASH] = {.name = "only-flash",
                        .help = "-w leaves out what is not for the flash"},
    [OPT_READ] = {.brief = "r",
                  .name = "read",
                  .also = {"u", "upload"},
                  .repeats = true,
                  .values = "ADDRESS SIZE FILE",
                  .min = 3,
                  .max = 3,
                  .help = "-u: save memory to a file: Intel HEX for .hex,\n"
                          "S-records for .srec and .s19, else binary"},
    [OPT_R8] = {.name = "r8",
                .repeats = true,
                .values = "ADDRESS SIZE",
                .min = 2,
                .max = 2,
                .help = "show SIZE bytes of memory"},
    [OPT_R16] = {.name = "r16",
                 .repeats = true,
                 .values = "ADDRESS SIZE",
                 .min = 2,
                 .max = 2,
                 .help = "the same in units of 2 bytes"},
    [OPT_R32] = {.name = "r32",
                 .repeats = true,
                 .values = "ADDRESS SIZE",
                 .min = 2,
                 .max = 2,
                 .help = "the same in units of 4 bytes"},
    [OPT_W8] = {.name = "w8",
                .repeats = true,
                .values = "ADDRESS VALUE...",
                .min = 2,
                .max = CLI_VALUES_MAX,
                .help = "write values, and read them back; nothing is erased"},
    [OPT_W16] = {.name = "w16",
                 .repeats = true,
                 .values = "ADDRESS VALUE...",
                 .min = 2,
                 .max = CLI_VALUES_MAX,
                 .help = "the same with values of 2 bytes"},
    [OPT_W32] = {.name = "w32",
                 .repeats = true,
                 .values = "ADDRESS VALUE...",
                 .min = 2,
                 .max = CLI_VALUES_MAX,
                 .help = "the same with values of 4 bytes"},
    [OPT_NO_VERIFY] = {.brief = "nv",
                       .name = "noverify",
                       .help =
                           "do not read back what -w8, -w16 and -w32 wrote"},
    [OPT_FILL] = {.name = "fillmemory",
                  .repeats = true,
                  .values = "ADDRESS size=N [pattern=0] [dataWidth=8]",
                  .min = 0,
                  .max = 1,
                  .keys = {"size", "pattern", "dataWidth"},
                  .help = "fill memory with a value of 8, 16 or 32 bits;\n"
                          "nothing is erased"},
    [OPT_BLANK] = {.name = "blankcheck",
                   .help = "fail unless the whole flash is erased"},
    [OPT_CHECKSUM] = {.name = "checksum",
                      .repeats = true,
                      .values = "[ADDRESS SIZE]",
                      .max = 2,
                      .help = "show the sum of all bytes, of the flash if no\n"
                              "range is given"},
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
                .also = {"s", "start"},
                .values = "[ADDRESS]",
                .max = 1,
                .help = "-s: start the firmware at ADDRESS, or in flash"},
    [OPT_RST] = {.name = "rst",
                 .repeats = true,
                 .help = "reset the part by its core (swd, jtag)"},
    [OPT_HARD_RST] = {.name = "hardRst",
                      .repeats = true,
                      .help = "reset the part by its reset line, so that its\n"
                              "firmware starts"},
    [OPT_HALT] = {.name = "halt",
                  .repeats = true,
                  .help = "halt the core (swd, jtag)"},
    [OPT_HSM_INFO] = {.name = "hsmgetinfo",
                      .values = "[slot=HSM]",
                      .keys = {"slot"},
                      .help = "show state and counters of an HSM"},
    [OPT_HSM_COUNTER] = {.name = "hsmgetcounter",
                         .values = "[slot=HSM]",
                         .keys = {"slot"},
                         .help = "show how many installations are left"},
    [OPT_HSM_FW_ID] = {.name = "hsmgetfwid",
                       .values = "[slot=HSM]",
                       .keys = {"slot"},
                       .help = "show the firmware identifier"},
    [OPT_HSM_STATUS] = {.name = "hsmgetstatus",
                        .values = "[slot=HSM]",
                        .keys = {"slot"},
                        .help = "show the state"},
    [OPT_HSM_LICENSE] = {.brief = "hsmglfcb",
                         .name = "hsmgetlicensefromcertifbin",
                         .values = "CERT LICENSE [slot=HSM]",
                         .min = 2,
                         .max = 2,
                         .keys = {"slot", "protocol"},
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
    [OPT_TIMEOUT] = {.brief = "t",
                     .name = "timeout",
                     .also = {"tm"},
                     .values = "MS",
                     .min = 1,
                     .max = 1,
                     .help = "how long to look for the chip, default 5000"},
    [OPT_QUIET] = {.brief = "q",
                   .name = "quietMode",
                   .also = {"quiet"},
                   .help = "no bar, and no line for each ten percent"},
    [OPT_VERBOSITY] = {.brief = "vb",
                       .name = "verbosity",
                       .values = "1|2|3",
                       .min = 1,
                       .max = 1,
                       .help = "show warnings, messages too, or everything"},
    [OPT_LOG] = {.brief = "log",
                 .name = "log",
                 .values = "FILE",
                 .min = 1,
                 .max = 1,
                 .help = "append everything, as -vb 3 shows it, to a file"},
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
    CLI_LENIENT_ROWS(OPT_LENIENT),
};

const struct cli_spec program_spec = {
    .program = "sfi-program",
    .purpose =
        "Installs secure images, and programs open chips, over USART, SPI, "
        "USB, JTAG or SWD.",
    .usage =
        "-c port=PORT [br=115200] [chip=NAME] [-e all]\n"
        " -sfi FILE.sfi hsm=1 slot=HSM [store=FOLDER] | hsm=0 LICENSE\n"
        "-c port=PORT -gc CERT | -hsmgl LICENSE slot=HSM\n"
        "-c port=PORT [-rdu] [-e all|SECTOR...] [-w FILE [ADDRESS] [-v]]\n"
        " [-r ADDRESS SIZE FILE] [-ob displ|NAME=VALUE...] [-g [ADDRESS]]\n"
        "--gang PORT[,PORT...] [--record FILE] -sfi ... | -w ...\n"
        "-l [uart|spi|usb|probe]\n"
        "-hsmgetinfo slot=HSM\n"
        "-hsmglfcb CERT LICENSE slot=HSM\n"
        "-hsmglfcb FOLDER FOLDER slot=HSM",
    .options = options,
    .option_count = OPT_COUNT,
    .foreign = program_foreign,
    .notes = "What is done to a chip is done in the order of the command "
             "line.  An install\nthat fails leaves the chip erased and can be "
             "repeated; the same chip is never\ncounted twice.",
};
