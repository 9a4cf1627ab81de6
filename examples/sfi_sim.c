/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-sim: make virtual chips, run one on a pseudo terminal and a JTAG server,
 * show one to a command as a device, save what is in one. */
#define _POSIX_C_SOURCE 200809L
#include <limits.h>
#include <signal.h>
#include <string.h>

#include <sfi/sim.h>

#include "cli/cli.h"
#include "wrap/wrap.h"

enum { MAKE_CA, MAKE_CHIP, MAKE_LOADER, MAKE_STATE, MAKE_COUNT };

static const struct cli_option make_options[MAKE_COUNT] = {
    [MAKE_CA] = {.name = "ca",
                 .values = "DIR",
                 .min = 1,
                 .max = 1,
                 .help = "the chip maker's CA; created when it is absent"},
    [MAKE_CHIP] = {.name = "chip",
                   .also = {"devid", "deviceid"},
                   .values = "NAME",
                   .min = 1,
                   .max = 1,
                   .lists_chips = true,
                   .help = "the part to make:"},
    [MAKE_LOADER] = {.name = "bootloader",
                     .values = "VERSION",
                     .min = 1,
                     .max = 1,
                     .help = "of its standard bootloader, such as V9.0;\n"
                             "without it the newest"},
    [MAKE_STATE] = {.name = "state",
                    .values = "DIR",
                    .min = 1,
                    .max = 1,
                    .help = "the new chip's folder: absent or empty"},
};

enum {
    RUN_STATE,
    RUN_USART,
    RUN_JTAG,
    RUN_REMOTE,
    RUN_REAL_TIME,
    RUN_FAST,
    RUN_COUNT
};

static const struct cli_option run_options[RUN_COUNT] = {
    [RUN_STATE] = {.name = "state",
                   .values = "DIR",
                   .min = 1,
                   .max = 1,
                   .help = "the chip's folder, always up to date"},
    [RUN_USART] = {.name = "usart",
                   .values = "LINK",
                   .min = 1,
                   .max = 1,
                   .help = "the name of its USART: a symbolic link to a\n"
                           "pseudo terminal"},
    [RUN_JTAG] = {.name = "jtag",
                  .values = "HOST:PORT",
                  .min = 1,
                  .max = 1,
                  .help = "serve JTAG there with openocd's remote_bitbang\n"
                          "protocol; port 0: any free port"},
    [RUN_REMOTE] = {.name = "allow-remote",
                    .help = "HOST may be reachable from other machines, which\n"
                            "can then do anything to the chip"},
    [RUN_REAL_TIME] = {.name = "real-time",
                       .help = "flash takes as long as in a real part: 1.1 s\n"
                               "for a sector of an H7, 22 ms for a page of an\n"
                               "L4 (typical values)"},
    [RUN_FAST] = {.name = "fast", .help = "flash takes no time: the default"},
};

enum { WRAP_STATE, WRAP_ON_USB, WRAP_ON_SPI, WRAP_ON_PROBE, WRAP_COUNT };

static const struct cli_option wrap_options[WRAP_COUNT] = {
    [WRAP_STATE] = {.name = "state",
                    .values = "DIR",
                    .min = 1,
                    .max = 1,
                    .repeats = true,
                    .help = "the chip's folder; several for several chips"},
    [WRAP_ON_USB] = {.name = "usb",
                     .help =
                         "put the chip into USB port 1-1, in DFU mode while\n"
                         "a bootloader runs; the next chip is in 1-3"},
    [WRAP_ON_SPI] = {.name = "spi",
                     .help =
                         "connect the chip to /dev/spidev0.0, the next chip\n"
                         "to /dev/spidev0.1"},
    [WRAP_ON_PROBE] = {.name = "probe",
                       .help =
                           "connect SWD and NRST to a CMSIS-DAP probe in USB\n"
                           "port 1-2, of the next chip in 1-4; SIGUSR1\n"
                           "unplugs the probes"},
};

static const struct cli_option ctl_options[] = {
    {.name = "state",
     .values = "DIR",
     .min = 1,
     .max = 1,
     .help = "the chip's folder; also as the first word"},
};

enum { CTL_STATE, CTL_COUNT };

enum { DUMP_STATE, DUMP_AREA, DUMP_OUT, DUMP_FORCE, DUMP_COUNT };

static const struct cli_option dump_options[DUMP_COUNT] = {
    [DUMP_STATE] = {.name = "state",
                    .values = "DIR",
                    .min = 1,
                    .max = 1,
                    .help = "the chip's folder"},
    [DUMP_AREA] = {.name = "area",
                   .values = "AREA",
                   .min = 1,
                   .max = 1,
                   .help = "flash, option-bytes, certificate or device-key"},
    [DUMP_OUT] = {.brief = "o",
                  .name = "out",
                  .values = "FILE",
                  .min = 1,
                  .max = 1,
                  .help = "the file to write"},
    [DUMP_FORCE] = {.name = "force",
                    .help = "replace a file of another kind; never a key, a\n"
                            "licence, a certificate, an audit log, a vault or\n"
                            "a personalisation file"},
};

enum { MANUFACTURE, RUN, CTL, WRAP, DUMP, COMMAND_COUNT };

static const struct cli_spec commands[COMMAND_COUNT] = {
    [MANUFACTURE] = {.program = "sfi-sim manufacture",
                     .purpose = "Makes a new virtual chip, and the CA that "
                                "certifies it.",
                     .usage = "--ca DIR --chip NAME [--bootloader VERSION] "
                              "--state DIR",
                     .options = make_options,
                     .option_count = MAKE_COUNT,
                     .notes = "The CA's folder holds its key pair (ca.key.pem, "
                              "ca.pub.pem) and a\npersonalisation file for "
                              "each product, for HSMs."},
    [RUN] = {.program = "sfi-sim run",
             .purpose = "Runs a virtual chip until SIGTERM or SIGINT.",
             .usage = "--state DIR [--usart LINK] [--jtag HOST:PORT]\n"
                      " [--real-time | --fast]",
             .options = run_options,
             .option_count = RUN_COUNT,
             .notes =
                 "At least one link is needed.  LINK appears when the chip "
                 "listens.  A pseudo terminal\nhas no reset line: the power is "
                 "cycled when an option byte change needs it,\nand "
                 "\"sfi-sim ctl\" resets the chip."},
    [CTL] = {.program = "sfi-sim ctl",
             .purpose = "Resets a virtual chip that runs, switches its supply, "
                        "or sets its pins.",
             .usage = "DIR COMMAND [WORD...]",
             .options = ctl_options,
             .option_count = CTL_COUNT,
             .operands_min = 1,
             .operands_max = 4,
             .notes =
                 "DIR is the chip's folder.  The commands:\n"
                 "  reset          a low pulse on NRST\n"
                 "  nrst 0|1       0 holds the chip in reset\n"
                 "  power off|on   the supply\n"
                 "  boot0 0|1      the pin, which the next reset reads\n"
                 "  halt           the core stands still until a reset\n"
                 "  state          shows supply, pins and what runs\n"
                 "  timing WORD    real: flash takes its time; none\n"
                 "  habit NAME N   how the chip behaves where papers differ"},
    [WRAP] = {.program = "sfi-sim wrap",
              .purpose = "Runs a command that sees a virtual chip as a device "
                         "of this machine.",
              .usage = "--state DIR... [--usb] [--spi] [--probe] -- COMMAND "
                       "[ARGUMENT...]",
              .options = wrap_options,
              .option_count = WRAP_COUNT,
              .operands_min = 1,
              .operands_max = UINT_MAX,
              .notes =
                  "Exits with the command's exit status.  The command sees "
                  "no other devices.  The\nchip has no reset line: the "
                  "power is cycled when an option byte change needs it."},
    [DUMP] = {.program = "sfi-sim dump",
              .purpose = "Saves an area of a chip to a file, without its "
                         "bootloader.",
              .usage = "--state DIR --area AREA --out FILE [--force]",
              .options = dump_options,
              .option_count = DUMP_COUNT,
              .notes = "Works while the chip runs, too.  The device key is 32 "
                       "bytes, big-endian;\noption bytes are the words of the "
                       "CSV file, little-endian."},
};

static const struct {
    const char *name;
    uint32_t area;
    uint32_t kind; /* of the file */
} areas[] = {
    {"flash", SFI_SIM_FLASH, SFI_FILE_OTHER},
    {"option-bytes", SFI_SIM_OPTION_BYTES, SFI_FILE_OTHER},
    {"certificate", SFI_SIM_CERTIFICATE, SFI_FILE_CERTIFICATE},
    {"device-key", SFI_SIM_DEVICE_KEY, SFI_FILE_KEY},
};

static int
sim_manufacture_chip(const struct cli *c, sfi_ctx *ctx)
{
    const char *ca = cli_need(c, MAKE_CA);
    const char *name = cli_need(c, MAKE_CHIP);
    const char *state = cli_need(c, MAKE_STATE);
    const sfi_sim_make_options options = {
        .struct_size = sizeof(options),
        .chip = cli_chip(c, name),
        .bootloader = cli_value(c, MAKE_LOADER),
        .ca_dir = ca,
        .state_dir = state,
    };
    sfi_status st;

    st = sfi_sim_manufacture_with(ctx, &options);
    if (st != SFI_OK)
        return cli_fail(c, ctx, st);
    (void)printf("%s: a new %s, certified by %s\n", cli_visible(state),
                 sfi_chip_name(options.chip), cli_visible(ca));
    return 0;
}

static volatile sig_atomic_t ended;

static void
sim_on_signal(int sig)
{
    (void)sig;
    ended = 1;
}

struct service {
    const sfi_sim *sim;
    sfi_sim_links links;
    bool announced;
};

/* JTAG's port may have been chosen by the system. */
static void
service_announce_links(const struct service *s)
{
    const char *jtag = s->links.jtag;

    (void)printf("%s is ready at %s", sfi_chip_name(sfi_sim_chip(s->sim)),
                 cli_visible(s->links.usart));
    if (jtag != NULL)
        (void)printf("%s%.*s:%lu", s->links.usart != NULL ? ", " : "",
                     (int)(strrchr(jtag, ':') - jtag), jtag,
                     (unsigned long)sfi_sim_jtag_port(s->sim));
    (void)printf("\n");
    (void)fflush(stdout);
}

/* The first call comes when the links are open. */
static int
service_should_stop(void *user)
{
    struct service *s = user;

    if (!s->announced) {
        service_announce_links(s);
        s->announced = true;
    }
    return ended;
}

static int
sim_run_chip(const struct cli *c, sfi_ctx *ctx)
{
    const char *state = cli_need(c, RUN_STATE);
    struct service service = {
        .links = {.struct_size = sizeof(service.links),
                  .flags = SFI_SIM_CONTROL |
                           (cli_has(c, RUN_REMOTE) ? SFI_SIM_REMOTE : 0),
                  .usart = cli_value(c, RUN_USART),
                  .jtag = cli_value(c, RUN_JTAG)},
    };
    sfi_sim *sim;
    sfi_status st;

    if (service.links.usart == NULL && service.links.jtag == NULL)
        cli_usage(c, "no link is given, expected --usart or --jtag");
    if (cli_has(c, RUN_REAL_TIME) && cli_has(c, RUN_FAST))
        cli_usage(c, "--real-time and --fast exclude each other");
    st = sfi_sim_open(ctx, state, &sim);
    if (st == SFI_OK) {
        service.sim = sim;
        cli_handle_signals(sim_on_signal);
        if (cli_has(c, RUN_REAL_TIME))
            st = sfi_sim_command(sim, "timing real", NULL, &(size_t){0});
    }
    if (st == SFI_OK) {
        st = sfi_sim_serve(sim, &service.links, service_should_stop, &service);
    }
    sfi_sim_free(sim);
    return st == SFI_OK ? 0 : cli_fail(c, ctx, st);
}

/* The words of the command, with a blank between them. */
static void
ctl_join_words(const struct cli *c, size_t first, char *line, size_t cap)
{
    size_t len = 0;

    line[0] = '\0';
    for (size_t i = first; i < c->operand_count; i++) {
        int n = snprintf(line + len, cap - len, "%s%s", i > first ? " " : "",
                         c->operands[i]);

        if (n < 0 || (size_t)n >= cap - len)
            cli_usage(c, "the command is too long");
        len += (size_t)n;
    }
    if (len == 0)
        cli_usage(c, "a command is missing, expected \"reset\", \"state\" or "
                     "another one");
}

static int
sim_control_chip(const struct cli *c, sfi_ctx *ctx)
{
    const char *state = cli_value(c, CTL_STATE);
    size_t first = state == NULL;
    char line[128], answer[512];
    size_t len = sizeof(answer);
    sfi_status st;

    if (state == NULL)
        state = c->operands[0];
    ctl_join_words(c, first, line, sizeof(line));
    st = sfi_sim_control(ctx, state, line, answer, &len);
    if (st != SFI_OK)
        return cli_fail(c, ctx, st);
    if (len > 1)
        (void)printf("%s\n", cli_visible(answer));
    return 0;
}

static sfi_status
wrap_open_chips(const struct cli *c, sfi_ctx *ctx,
                sfi_sim *chips[WRAP_CHIPS_MAX], size_t *count)
{
    const struct cli_use *use = NULL;

    while ((use = cli_next(c, WRAP_STATE, use)) != NULL) {
        sfi_status st = sfi_sim_open(ctx, use->value[0], &chips[*count]);

        if (st != SFI_OK)
            return st;
        ++*count;
    }
    return SFI_OK;
}

static void
wrap_check_chip_count(const struct cli *c)
{
    const struct cli_use *use = NULL;
    unsigned count = 0;

    while ((use = cli_next(c, WRAP_STATE, use)) != NULL)
        count++;
    if (count == 0)
        (void)cli_need(c, WRAP_STATE);
    if (count > WRAP_CHIPS_MAX)
        cli_usage(c, "%u chips, expected at most %u", count, WRAP_CHIPS_MAX);
}

static int
sim_wrap_command(const struct cli *c, sfi_ctx *ctx)
{
    sfi_sim *chips[WRAP_CHIPS_MAX];
    unsigned wired = 0;
    size_t count = 0;
    sfi_status st;
    int status;

    wrap_check_chip_count(c);
    if (cli_has(c, WRAP_ON_USB))
        wired |= WRAP_USB;
    if (cli_has(c, WRAP_ON_SPI))
        wired |= WRAP_SPI;
    if (cli_has(c, WRAP_ON_PROBE))
        wired |= WRAP_PROBE;
    if (wired == 0)
        cli_usage(c, "no device is given, expected --usb, --spi or --probe");
    st = wrap_open_chips(c, ctx, chips, &count);
    status = st == SFI_OK ? sim_wrap(c, chips, count, wired, c->operands)
                          : cli_fail(c, ctx, st);
    while (count > 0)
        sfi_sim_free(chips[--count]);
    return status;
}

static int
sim_dump_area(const struct cli *c, sfi_ctx *ctx)
{
    const char *state = cli_need(c, DUMP_STATE);
    const char *name = cli_need(c, DUMP_AREA);
    const char *out = cli_need(c, DUMP_OUT);
    size_t i = 0;
    sfi_status st;

    while (i < sizeof(areas) / sizeof(*areas) &&
           strcmp(areas[i].name, name) != 0)
        i++;
    if (i == sizeof(areas) / sizeof(*areas))
        cli_usage(c,
                  "unknown area \"%s\", expected flash, option-bytes, "
                  "certificate or device-key",
                  name);
    st = cli_check_output(ctx, out, areas[i].kind, cli_has(c, DUMP_FORCE));
    if (st == SFI_OK)
        st = sfi_sim_save(ctx, state, areas[i].area, out);
    return st == SFI_OK ? 0 : cli_fail(c, ctx, st);
}

int
main(int argc, char **argv)
{
    static int (*const actions[COMMAND_COUNT])(const struct cli *,
                                               sfi_ctx *) = {
        [MANUFACTURE] = sim_manufacture_chip,
        [RUN] = sim_run_chip,
        [CTL] = sim_control_chip,
        [WRAP] = sim_wrap_command,
        [DUMP] = sim_dump_area,
    };
    const struct cli_spec *spec;
    struct cli c;
    sfi_ctx *ctx;
    int status;

    cli_start();
    spec = cli_command("sfi-sim", "Virtual STM32 chips, and their maker.",
                       commands, COMMAND_COUNT, argc, argv);
    if (spec != &commands[WRAP]) /* a command of the user's keeps its limits */
        cli_hide_memory();
    cli_parse(&c, spec, argc - 1, argv + 1);
    ctx = cli_context(&c);
    status = actions[spec - commands](&c, ctx);
    sfi_ctx_free(ctx);
    status = cli_finish(&c, status);
    cli_free(&c);
    return status;
}
