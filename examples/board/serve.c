/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The requests of wire.h. */
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "message.h"
#include "rcc.h"

#define HEAD_LEN 2u /* number and status */
#define PATH_MAX_LEN 4096u
#define NAME_MAX_LEN 64u

typedef enum wire_status (*handler)(struct board *b, struct reader *r,
                                    struct writer *w);

static void
text_of(struct reader *r, unsigned width, char *out, size_t max)
{
    size_t len = (size_t)get(r, width);
    const uint8_t *at = get_bytes(r, len);

    if (at == NULL || len >= max || memchr(at, '\0', len) != NULL) {
        r->is_bad = true;
        len = 0;
    }
    if (len != 0)
        memcpy(out, at, len);
    out[len] = '\0';
}

static enum wire_status
hello(struct board *b, struct reader *r, struct writer *w)
{
    char part[NAME_MAX_LEN], path[PATH_MAX_LEN];
    uint64_t version = get(r, 4);
    const char *wrong;

    text_of(r, 1, part, sizeof(part));
    text_of(r, 2, path, sizeof(path));
    if (!got_all(r) || b->part != NULL)
        return WIRE_BAD_REQUEST;
    wrong = version == WIRE_VERSION ? board_open(b, part, path)
                                    : "another version of libsfi-sim";
    if (wrong != NULL) {
        b->part = NULL;
        put_bytes(w, wrong, strlen(wrong));
        return WIRE_FAILED;
    }
    put(w, WIRE_VERSION, 4);
    put(w, b->nvm.is_new, 1);
    put(w, b->part->flash, 4);
    put(w, b->part->flash_len, 4);
    put(w, b->part->ram[0].base, 4);
    put(w, b->part->ram[0].len, 4);
    put(w, b->part->option_count, 1);
    put(w, strlen(b->part->text), 1);
    put_bytes(w, b->part->text, strlen(b->part->text));
    return WIRE_OK;
}

static enum wire_status
load(struct board *b, struct reader *r, struct writer *w)
{
    uint32_t address = (uint32_t)get(r, 4), offset, i;
    size_t len = r->left;
    const uint8_t *data = get_bytes(r, len);
    uint8_t *to = bus_memory(b, address, (uint32_t)len);

    (void)w;
    if (!got_all(r) || len > UINT32_MAX || to == NULL)
        return WIRE_BAD_REQUEST;
    memcpy(to, data, len);
    offset = address - b->part->flash;
    if (len == 0 || offset >= b->part->flash_len)
        return WIRE_OK;
    for (i = offset; i < offset + len; i++) {
        nvm_mark(b, b->nvm.bad, i, false);
        nvm_mark(b, b->nvm.weak, i, false);
    }
    cpu_flash_changed(b, offset, (uint32_t)len);
    return WIRE_OK;
}

static enum wire_status
peek(struct board *b, struct reader *r, struct writer *w)
{
    uint32_t address = (uint32_t)get(r, 4), len = (uint32_t)get(r, 4);
    const uint8_t *from = bus_memory(b, address, len);

    if (!got_all(r) || from == NULL)
        return WIRE_BAD_REQUEST;
    put_bytes(w, from, len);
    return WIRE_OK;
}

static enum wire_status
options(struct board *b, struct reader *r, struct writer *w)
{
    uint32_t programmed[OPTION_WORDS_MAX], in_force[OPTION_WORDS_MAX], i;

    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    b->part->options_get(b, programmed, in_force);
    for (i = 0; i < b->part->option_count; i++) {
        put(w, programmed[i], 4);
        put(w, in_force[i], 4);
    }
    return WIRE_OK;
}

static enum wire_status
set_options(struct board *b, struct reader *r, struct writer *w)
{
    uint32_t words[OPTION_WORDS_MAX], i;

    (void)w;
    for (i = 0; i < b->part->option_count; i++)
        words[i] = (uint32_t)get(r, 4);
    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    b->part->set_options(b, words);
    return WIRE_OK;
}

static enum wire_status
power(struct board *b, struct reader *r, struct writer *w)
{
    bool on = get(r, 1) != 0;

    (void)w;
    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    power_set(b, on);
    return WIRE_OK;
}

static enum wire_status
nrst(struct board *b, struct reader *r, struct writer *w)
{
    (void)w;
    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    board_reset(b, BOARD_RESET_PIN);
    return WIRE_OK;
}

static enum wire_status
pin(struct board *b, struct reader *r, struct writer *w)
{
    unsigned port = (unsigned)get(r, 1), number = (unsigned)get(r, 1);
    unsigned level = (unsigned)get(r, 1);

    (void)w;
    if (!got_all(r) || level > WIRE_LEVEL_FLOATING ||
        (port != WIRE_PORT_BOOT0 && (port >= PORTS || number > 15)))
        return WIRE_BAD_REQUEST;
    if (port == WIRE_PORT_BOOT0)
        b->life.boot0 = (uint8_t)level;
    else
        board_pin_set(b, port, number, (enum board_level)level);
    return WIRE_OK;
}

static enum wire_at
where(struct board *b)
{
    uint32_t vtor = b->life.scs.vtor;

    if (vtor == 0) /* what is at 0 */
        vtor = b->life.start;
    if (b->life.starts_elsewhere ||
        (b->life.start != 0 && b->life.start != b->part->flash))
        return WIRE_AT_SYSTEM;
    if (vtor - b->part->user < b->part->user_len)
        return WIRE_AT_FIRMWARE;
    if (b->part->loader != 0 && vtor >= b->part->loader &&
        vtor < b->part->flash + b->part->flash_len)
        return WIRE_AT_LOADER;
    return WIRE_AT_BOOT;
}

struct counts {
    uint32_t resets;
    uint64_t ops;
};

static struct counts
counts(const struct board *b)
{
    return (struct counts){b->life.resets, b->life.ops};
}

/* "run" of wire.h. */
static void
put_run(struct board *b, struct writer *w, enum wire_end end,
        const struct counts *before)
{
    put(w, end, 1);
    put(w, where(b) | (b->life.ops != before->ops ? WIRE_WROTE : 0u), 1);
    put(w, b->life.resets - before->resets, 2);
    put(w, board_now(b) / BOARD_PS_PER_NS, 8);
}

static board_time
later(struct board *b, uint64_t ns)
{
    board_time now = board_now(b);

    return ns > (BOARD_NEVER - now) / BOARD_PS_PER_NS
               ? BOARD_NEVER
               : now + ns * BOARD_PS_PER_NS;
}

static enum wire_status
run(struct board *b, struct reader *r, struct writer *w)
{
    uint64_t ns = get(r, 8);
    bool until_idle = get(r, 1) != 0;
    struct counts before = counts(b);

    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    put_run(b, w, cpu_run(b, later(b, ns), until_idle), &before);
    return WIRE_OK;
}

/* A link: what is sent has to be sent, then the limit counts. */
static enum wire_status
link_run(struct board *b, struct unit *u, const struct board_line *line,
         uint64_t ns, struct writer *w)
{
    const struct board_model *m = u->row->model;
    struct counts before = counts(b);
    enum wire_end end = WIRE_END_OFF;
    uint64_t bits = UINT64_C(16) * (line->len + 1);
    board_time sent = board_now(b) + bits * (BOARD_PS_PER_S / line->hz + 1);

    if (b->out_unit != u)
        b->out_len = 0;
    b->out_unit = u;
    if (b->life.has_power) {
        m->host_send(b, u->state, line);
        if (m->host_busy(b, u->state))
            b->until_sent = u;
        end = cpu_run(b, sent, false);
        b->until_sent = NULL;
        if (ns != 0 && end != WIRE_END_OFF)
            end = cpu_run(b, later(b, ns), true);
    }
    put_run(b, w, end, &before);
    put_bytes(w, b->out, b->out_len);
    b->out_len = 0;
    return WIRE_OK;
}

static enum wire_status
usart(struct board *b, struct reader *r, struct writer *w)
{
    struct board_line line;
    struct unit *u = bus_link(b, BOARD_LINK_USART, (uint32_t)get(r, 1));
    uint64_t ns;

    line.hz = (uint32_t)get(r, 4);
    line.parity = (uint8_t)get(r, 1);
    ns = get(r, 8);
    line.len = r->left;
    line.data = get_bytes(r, line.len);
    if (!got_all(r) || u == NULL || line.hz == 0 ||
        line.parity > WIRE_PARITY_ODD)
        return WIRE_BAD_REQUEST;
    return link_run(b, u, &line, ns, w);
}

static enum wire_status
spi(struct board *b, struct reader *r, struct writer *w)
{
    struct board_line line = {0, 0, NULL, 0};
    struct unit *u = bus_link(b, BOARD_LINK_SPI, (uint32_t)get(r, 1));
    uint64_t ns;

    line.hz = (uint32_t)get(r, 4);
    ns = get(r, 8);
    line.len = r->left;
    line.data = get_bytes(r, line.len);
    if (!got_all(r) || u == NULL || line.hz == 0)
        return WIRE_BAD_REQUEST;
    return link_run(b, u, &line, ns, w);
}

static enum wire_status
nss(struct board *b, struct reader *r, struct writer *w)
{
    struct unit *u = bus_link(b, BOARD_LINK_SPI, (uint32_t)get(r, 1));
    bool level = get(r, 1) != 0;

    (void)w;
    if (!got_all(r) || u == NULL || u->row->model->host_select == NULL)
        return WIRE_BAD_REQUEST;
    u->row->model->host_select(b, u->state, level);
    return WIRE_OK;
}

static enum wire_status
cut(struct board *b, struct reader *r, struct writer *w)
{
    uint64_t count = get(r, 8);
    uint8_t how = (uint8_t)get(r, 1);

    (void)w;
    if (!got_all(r) || how > WIRE_CUT_NRST)
        return WIRE_BAD_REQUEST;
    b->life.cut_at = count;
    b->life.cut_how = how;
    return WIRE_OK;
}

static enum wire_status
state(struct board *b, struct reader *r, struct writer *w)
{
    const struct life *l = &b->life;
    unsigned i;

    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    put(w, l->has_power, 1);
    put(w, l->end, 1);
    put(w, b->part->rdp(b), 1);
    put(w, where(b), 1);
    put(w, board_now(b) / BOARD_PS_PER_NS, 8);
    put(w, l->ops, 8);
    put(w, l->resets, 4);
    put(w, rcc_flags(b), 4);
    put(w, cpu_get(b, UC_ARM_REG_PC), 4);
    put(w, l->scs.vtor, 4);
    put(w, l->pin_writes, 8);
    put(w, PORTS, 1);
    for (i = 0; i < PORTS; i++) {
        put(w, l->pins_out[i], 4);
        put(w, l->pins_high[i], 4);
    }
    return WIRE_OK;
}

static enum wire_status
debug_read(struct board *b, struct reader *r, struct writer *w)
{
    uint32_t address = (uint32_t)get(r, 4);
    unsigned size = (unsigned)get(r, 1);
    uint32_t count = (uint32_t)get(r, 4);
    uint8_t *to;

    if (!got_all(r) || (size != 1 && size != 2 && size != 4) ||
        count > WIRE_LENGTH_MAX / size)
        return WIRE_BAD_REQUEST;
    if (!b->life.has_power)
        return WIRE_NO_POWER;
    to = put_room(w, (size_t)size * count);
    if (to == NULL)
        return WIRE_BAD_REQUEST;
    return bus_debug_read(b, address, size, count, to) ? WIRE_OK : WIRE_REFUSED;
}

static enum wire_status
debug_write(struct board *b, struct reader *r, struct writer *w)
{
    uint32_t address = (uint32_t)get(r, 4);
    unsigned size = (unsigned)get(r, 1);
    size_t len = r->left;
    const uint8_t *data = get_bytes(r, len);

    (void)w;
    if (!got_all(r) || (size != 1 && size != 2 && size != 4) || len % size != 0)
        return WIRE_BAD_REQUEST;
    if (!b->life.has_power)
        return WIRE_NO_POWER;
    return bus_debug_write(b, address, size, (uint32_t)(len / size), data)
               ? WIRE_OK
               : WIRE_REFUSED;
}

static enum wire_status
snapshot(struct board *b, struct reader *r, struct writer *w)
{
    unsigned slot = (unsigned)get(r, 1);

    (void)w;
    if (!got_all(r) || slot >= WIRE_SLOTS)
        return WIRE_BAD_REQUEST;
    return snapshot_take(b, slot) ? WIRE_OK : WIRE_FAILED;
}

static enum wire_status
restore(struct board *b, struct reader *r, struct writer *w)
{
    unsigned slot = (unsigned)get(r, 1);

    (void)w;
    if (!got_all(r) || slot >= WIRE_SLOTS || !snapshot_restore(b, slot))
        return WIRE_BAD_REQUEST;
    return WIRE_OK;
}

static enum wire_status
inject(struct board *b, struct reader *r, struct writer *w)
{
    unsigned what = (unsigned)get(r, 1);
    uint32_t at = (uint32_t)get(r, 4), value = (uint32_t)get(r, 4);
    size_t i;

    (void)w;
    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    b->life.writes++;
    if (what <= WIRE_FAULT_BROWN_OUT)
        return b->part->fault(b, what, at, value) ? WIRE_OK : WIRE_BAD_REQUEST;
    for (i = 0; i < b->unit_count; i++) {
        const struct unit *u = &b->units[i];

        if (u->row->model->fault != NULL &&
            (u->row->link != BOARD_LINK_USART || u->row->instance == at) &&
            u->row->model->fault(b, u->state, what, value))
            return WIRE_OK;
    }
    return WIRE_BAD_REQUEST;
}

static enum wire_status
registers(struct board *b, struct reader *r, struct writer *w)
{
    static const int reg[] = {
        UC_ARM_REG_R0,      UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3,
        UC_ARM_REG_R4,      UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,
        UC_ARM_REG_R8,      UC_ARM_REG_R9,  UC_ARM_REG_R10, UC_ARM_REG_R11,
        UC_ARM_REG_R12,     UC_ARM_REG_R13, UC_ARM_REG_R14, UC_ARM_REG_R15,
        UC_ARM_REG_XPSR,    UC_ARM_REG_MSP, UC_ARM_REG_PSP, UC_ARM_REG_PRIMASK,
        UC_ARM_REG_CONTROL,
    };
    size_t i;

    if (!got_all(r))
        return WIRE_BAD_REQUEST;
    for (i = 0; i < sizeof(reg) / sizeof(*reg); i++)
        put(w, cpu_get(b, reg[i]), 4);
    return WIRE_OK;
}

static const handler handlers[] = {
    [WIRE_HELLO] = hello,
    [WIRE_LOAD] = load,
    [WIRE_PEEK] = peek,
    [WIRE_OPTIONS] = options,
    [WIRE_SET_OPTIONS] = set_options,
    [WIRE_POWER] = power,
    [WIRE_NRST] = nrst,
    [WIRE_PIN] = pin,
    [WIRE_RUN] = run,
    [WIRE_USART] = usart,
    [WIRE_NSS] = nss,
    [WIRE_SPI] = spi,
    [WIRE_CUT] = cut,
    [WIRE_STATE] = state,
    [WIRE_DEBUG_READ] = debug_read,
    [WIRE_DEBUG_WRITE] = debug_write,
    [WIRE_SNAPSHOT] = snapshot,
    [WIRE_RESTORE] = restore,
    [WIRE_INJECT] = inject,
    [WIRE_REGISTERS] = registers,
};

static void
answer(struct board *b, uint8_t *in, size_t len, struct writer *w)
{
    struct reader r = {in, len, false};
    unsigned number = (unsigned)get(&r, 1);
    handler h =
        number < sizeof(handlers) / sizeof(*handlers) ? handlers[number] : NULL;
    enum wire_status st = WIRE_BAD_REQUEST;

    w->len = 0;
    w->is_bad = false;
    put(w, number, 1);
    put(w, WIRE_OK, 1);
    if (h != NULL && (b->part != NULL || number == WIRE_HELLO))
        st = h(b, &r, w);
    if (w->is_bad)
        st = WIRE_BAD_REQUEST;
    if (st != WIRE_OK && st != WIRE_FAILED)
        w->len = HEAD_LEN;
    w->data[1] = (uint8_t)st;
}

int
serve(int in, int out, bool is_verbose)
{
    struct board *b = calloc(1, sizeof(*b));
    uint8_t *request = malloc(WIRE_LENGTH_MAX);
    struct writer w = {malloc(WIRE_LENGTH_MAX), 0, WIRE_LENGTH_MAX, false};
    int status = 1;
    size_t len;

    if (b != NULL && request != NULL && w.data != NULL) {
        b->is_verbose = is_verbose;
        status = 0;
        while (status == 0 &&
               message_read(in, request, WIRE_LENGTH_MAX, &len)) {
            answer(b, request, len, &w);
            if (!message_write(out, w.data, w.len))
                status = 1;
        }
        board_close(b);
    }
    free(b);
    free(request);
    free(w.data);
    return status;
}
