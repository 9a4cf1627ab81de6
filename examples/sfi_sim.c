/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-sim: make virtual chips, run one on a pseudo terminal and a JTAG server,
 * show one to a command as a device, save what is in one. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>

#include <sfi/sim_serve.h>

#include "chips/background.h"
#include "sfi_sim_table.h"
#include "wrap/wrap.h"

static struct json out; /* the outcome of a command, for machines */
static int exit_status; /* of the command of wrap, or after a failure */

static sfi_status
sim_manufacture_chip(const struct cli *c, sfi_ctx *ctx)
{
    const char *ca = cli_value(c, MANUFACTURE_CA);
    const char *state = cli_value(c, MANUFACTURE_STATE);
    const sfi_sim_make_options options = {
        .struct_size = sizeof(options),
        .chip = cli_chip(c, cli_value(c, MANUFACTURE_CHIP)),
        .bootloader = cli_value(c, MANUFACTURE_LOADER),
        .ca_dir = ca,
        .state_dir = state,
    };
    const char *board = cli_value(c, MANUFACTURE_BOARD);
    sfi_status st = board != NULL ? chips_check(c, ctx, board) : SFI_OK;

    if (st == SFI_OK)
        st = sfi_sim_manufacture_with(ctx, &options);
    if (st == SFI_OK && board != NULL)
        st = chips_fit(c, ctx, state, board);
    if (st != SFI_OK)
        return st;
    json_text(&out, "folder", state);
    json_text(&out, "ca", ca);
    json_text(&out, "chip", sfi_chip_name(options.chip));
    cli_print("%s: a new %s, certified by %s\n", cli_visible(state),
              sfi_chip_name(options.chip), cli_visible(ca));
    return SFI_OK;
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
        background_leave();
        s->announced = true;
    }
    return cli_is_ended(NULL);
}

static sfi_status
sim_run_chip(const struct cli *c, sfi_ctx *ctx)
{
    const char *state = cli_value(c, RUN_STATE);
    struct service service = {
        .links = {.struct_size = sizeof(service.links),
                  .flags = SFI_SIM_CONTROL |
                           (cli_has(c, RUN_REMOTE) ? SFI_SIM_REMOTE : 0),
                  .usart = cli_value(c, RUN_USART),
                  .jtag = cli_value(c, RUN_JTAG)},
    };
    const char *board = cli_value(c, RUN_BOARD);
    sfi_sim *sim;
    sfi_status st = board != NULL ? chips_fit(c, ctx, state, board) : SFI_OK;

    if (cli_has(c, RUN_BACKGROUND))
        background_begin(c);
    if (st == SFI_OK)
        st = background_open(ctx, state, cli_value(c, RUN_EMULATOR), &sim);
    if (st != SFI_OK)
        return st;
    service.sim = sim;
    json_text(&out, "folder", state);
    json_text(&out, "chip", sfi_chip_name(sfi_sim_chip(sim)));
    json_text(&out, "usart", service.links.usart);
    json_text(&out, "jtag", service.links.jtag);
    cli_end_by_signals();
    if (cli_has(c, RUN_REAL_TIME))
        st = sfi_sim_command(sim, "timing real", NULL, &(size_t){0});
    if (st == SFI_OK)
        st = sfi_sim_serve(sim, &service.links, service_should_stop, &service);
    sfi_sim_free(sim);
    return st;
}

static sfi_status
sim_control_chip(const struct cli *c, sfi_ctx *ctx)
{
    const char *state = cli_value(c, CTL_STATE);
    size_t first = state == NULL;
    char line[128] = "", answer[512];
    size_t len = sizeof(answer), used = 0;
    sfi_status st;

    if (state == NULL)
        state = c->operands[0];
    if (c->operand_count == first)
        cli_usage(c, "a command is missing, expected \"reset\", \"state\" or "
                     "another one");
    for (size_t i = first; i < c->operand_count; i++) {
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s",
                                 i > first ? " " : "", c->operands[i]);
        if (used >= sizeof(line))
            cli_usage(c, "the command is too long");
    }
    st = sfi_sim_control(ctx, state, line, answer, &len);
    if (st != SFI_OK)
        return st;
    json_text(&out, "folder", state);
    json_text(&out, "answer", answer);
    if (len > 1)
        cli_print("%s\n", cli_visible(answer));
    return SFI_OK;
}

_Static_assert(WRAP_STATE_MAX == WRAP_CHIPS_MAX, "options/sfi-sim.txt");

static sfi_status
sim_wrap_command(const struct cli *c, sfi_ctx *ctx)
{
    unsigned wired = (cli_has(c, WRAP_ON_USB) ? WRAP_USB : 0u) |
                     (cli_has(c, WRAP_ON_SPI) ? WRAP_SPI : 0u) |
                     (cli_has(c, WRAP_ON_PROBE) ? WRAP_PROBE : 0u);
    const struct cli_use *use = NULL;
    sfi_sim *chips[WRAP_CHIPS_MAX];
    size_t count = 0;
    sfi_status st = SFI_OK;

    while (st == SFI_OK && (use = cli_next(c, WRAP_STATE, use)) != NULL)
        st = chips_open(ctx, use->value[0], cli_value(c, WRAP_EMULATOR),
                        &chips[count++]);
    if (st == SFI_OK)
        exit_status = sim_wrap(c, chips, count, wired, c->operands);
    while (count > 0)
        sfi_sim_free(chips[--count]);
    return st;
}

static sfi_status
sim_dump_area(const struct cli *c, sfi_ctx *ctx)
{
    /* in the order of the words of --area */
    static const struct {
        uint32_t area, file_kind;
    } areas[] = {
        {SFI_SIM_FLASH, SFI_FILE_OTHER},
        {SFI_SIM_OPTION_BYTES, SFI_FILE_OTHER},
        {SFI_SIM_CERTIFICATE, SFI_FILE_CERTIFICATE},
        {SFI_SIM_DEVICE_KEY, SFI_FILE_KEY},
    };
    const char *state = cli_value(c, DUMP_STATE);
    const char *path = cli_value(c, DUMP_OUT);
    size_t i = (size_t)cli_value_number(c, DUMP_AREA, 0);
    sfi_status st =
        cli_check_output(ctx, path, areas[i].file_kind, cli_has(c, DUMP_FORCE));

    if (st == SFI_OK)
        st = sfi_sim_save(ctx, state, areas[i].area, path);
    json_text(&out, "folder", state);
    json_text(&out, "name", cli_value(c, DUMP_AREA));
    json_text(&out, "file", path);
    return st;
}

int
main(int argc, char **argv)
{
    static sfi_status (*const actions[COMMAND_COUNT])(const struct cli *,
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
    sfi_status st;

    cli_start();
    spec = cli_command(sfi_sim_spec.program, sfi_sim_spec.purpose,
                       sfi_sim_commands, COMMAND_COUNT, argc, argv);
    if (spec != &sfi_sim_commands[WRAP]) /* whose command keeps its limits */
        cli_hide_memory();
    cli_parse(&c, spec, argc - 1, argv + 1);
    cli_json_begin(&out);
    ctx = cli_context(&c);
    st = actions[spec - sfi_sim_commands](&c, ctx);
    if (st != SFI_OK)
        exit_status = cli_fail(&c, ctx, st);
    return cli_finish(&c, ctx, exit_status);
}
