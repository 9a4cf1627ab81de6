/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A bench's commands to the chip: reset, power, pins, halt, state, habits. */
#include "sim/command.h"

#include <string.h>

#include "util/mem.h"
#include "core/err.h"
#include "sim/boot.h"
#include "sim/emulated.h"
#include "sim/options.h"

#define WORDS_MAX 3u

/* The words of a line. */
struct command {
    struct sfi_sim *sim;
    size_t count;
    char *word[WORDS_MAX];
    char *answer; /* COMMAND_ANSWER_MAX */
};

static sfi_status
command_take_level(const struct command *c, const char *const words[2],
                   bool *level)
{
    *level = sfi__text_same(c->word[1], words[1]);
    if (*level || sfi__text_same(c->word[1], words[0]))
        return SFI_OK;
    return sfi__fail(c->sim->obj.ctx, SFI_ERR_ARGUMENT,
                     "%s \"%s\", expected %s or %s", c->word[0], c->word[1],
                     words[0], words[1]);
}

/* NRST low, then high again. */
static sfi_status
command_reset(struct command *c)
{
    if (c->sim->power.off)
        return sfi__fail(c->sim->obj.ctx, SFI_ERR_STATE,
                         "the chip has no power");
    sfi__sim_quiet(c->sim);
    c->sim->held = false;
    sfi__sim_reset(c->sim);
    return SFI_OK;
}

static sfi_status
command_power(struct command *c)
{
    static const char *const words[2] = {"off", "on"};
    bool on;
    sfi_status st = command_take_level(c, words, &on);

    if (st != SFI_OK)
        return st;
    if (!on)
        sfi__sim_power_off(c->sim);
    else if (c->sim->power.off)
        sfi__sim_power_cycle(c->sim);
    return SFI_OK;
}

static const char *const levels[2] = {"0", "1"};

static sfi_status
command_boot0(struct command *c)
{
    return command_take_level(c, levels, &c->sim->boot0);
}

static sfi_status
command_nrst(struct command *c)
{
    bool high;
    sfi_status st = command_take_level(c, levels, &high);

    if (st == SFI_OK)
        sfi__sim_hold(c->sim, !high);
    return st;
}

/* The core stands still, and with it whatever answers. */
static sfi_status
command_halt(struct command *c)
{
    if (c->sim->mode == SIM_OFF)
        return sfi__fail(c->sim->obj.ctx, SFI_ERR_STATE,
                         "the chip has no power or is held in reset");
    c->sim->mode = SIM_HUNG;
    if (c->sim->emulated != NULL)
        sfi__emulated_halt(c->sim);
    return SFI_OK;
}

static sfi_status
command_state(struct command *c)
{
    static const char *const runs[] = {
        [SIM_OFF] = "nothing",         [SIM_APPLICATION] = "application",
        [SIM_STANDARD] = "bootloader", [SIM_SECURE] = "secure-bootloader",
        [SIM_HUNG] = "hung",
    };
    const struct sfi_sim *sim = c->sim;

    sfi__text_format(c->answer, COMMAND_ANSWER_MAX,
                     "chip=%s bootloader=%s power=%s nrst=%u boot0=%u runs=%s "
                     "resets=%llu reset-due=%u",
                     sim->chip->name, sim->loader->version,
                     sim->power.off ? "off" : "on", !sim->held, sim->boot0,
                     runs[sim->mode], (unsigned long long)sim->resets,
                     sfi__options_pending(sim));
    if (sim->emulated != NULL)
        sfi__emulated_describe(sim, c->answer, COMMAND_ANSWER_MAX);
    return SFI_OK;
}

/* Of flash: as a real part, or none. */
static sfi_status
command_timing(struct command *c)
{
    static const char *const words[2] = {"none", "real"};

    return command_take_level(c, words, &c->sim->timed);
}

/* From now on; a name or a value that does not exist is refused. */
static sfi_status
command_habit(struct command *c)
{
    sfi_ctx *ctx = c->sim->obj.ctx;
    uint64_t value;

    if (c->sim->emulated != NULL)
        return sfi__fail(ctx, SFI_ERR_STATE,
                         "a board has no habits, its programs have");
    if (!sfi__text_to_u64(c->word[2], UINT32_MAX, &value))
        return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                         "habit %s: \"%s\" is not a number of 32 bits",
                         c->word[1], c->word[2]);
    if (sfi__sim_habit_set(&c->sim->habits, c->word[1], (uint32_t)value))
        return SFI_OK;
    return sfi__fail(ctx, SFI_ERR_ARGUMENT,
                     "no habit \"%s\", or none that can be %s", c->word[1],
                     c->word[2]);
}

static const struct {
    const char *name;
    size_t words; /* with the name */
    sfi_status (*run)(struct command *c);
} commands[] = {
    {"reset", 1, command_reset},   {"power", 2, command_power},
    {"boot0", 2, command_boot0},   {"nrst", 2, command_nrst},
    {"halt", 1, command_halt},     {"state", 1, command_state},
    {"timing", 2, command_timing}, {"habit", 3, command_habit},
};

/* Cut the copy into words; false: too many. */
static bool
command_split(struct command *c, char *text)
{
    c->count = 0;
    for (;;) {
        text += strspn(text, " \t");
        if (*text == '\0')
            return true;
        if (c->count == WORDS_MAX)
            return false;
        c->word[c->count++] = text;
        text += strcspn(text, " \t");
        if (*text != '\0')
            *text++ = '\0';
    }
}

sfi_status
sfi__sim_command(struct sfi_sim *sim, const char *line,
                 char answer[COMMAND_ANSWER_MAX])
{
    struct command c = {.sim = sim, .answer = answer};
    char copy[COMMAND_LINE_MAX];

    answer[0] = '\0';
    if (sfi__text_copy(copy, sizeof(copy), line) && command_split(&c, copy) &&
        c.count > 0) {
        for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
            if (sfi__text_same(c.word[0], commands[i].name) &&
                c.count == commands[i].words)
                return commands[i].run(&c);
        }
    }
    return sfi__fail(
        sim->obj.ctx, SFI_ERR_ARGUMENT,
        "not a command, expected reset, power on|off, boot0 0|1, "
        "nrst 0|1, halt, state, timing real|none or habit NAME NUMBER");
}

sfi_status
sfi_sim_command(sfi_sim *sim, const char *line, char *answer, size_t *len)
{
    char text[COMMAND_ANSWER_MAX];
    size_t need;
    sfi_status st;

    SFI_ENTER(sim, SIM);
    SFI_ARG(sim, line != NULL);
    SFI_ARG(sim, len != NULL);
    SFI_ARG(sim, answer != NULL || *len == 0);
    st = sfi__sim_command(sim, line, text);
    if (st != SFI_OK)
        return st;
    need = strlen(text) + 1;
    if (*len >= need)
        memcpy(answer, text, need);
    else if (*len > 0)
        st = sfi__fail(sim->obj.ctx, SFI_ERR_BUFFER,
                       "the answer is %zu bytes, the buffer %zu", need, *len);
    *len = need;
    return st;
}
