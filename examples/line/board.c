/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A board of a job: which one it is, and its steps in the journal.  These run
 * in the threads of the stations; the journal is one for all. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <sfi/device.h>

#include "line/line.h"

/* The journal's error becomes the station's. */
static sfi_status
board_take_error(struct station *s, sfi_status st)
{
    const sfi_error *err = sfi_ctx_error(s->p->line->ctx);
    char message[700];

    if (st == SFI_OK)
        return SFI_OK;
    (void)snprintf(message, sizeof(message), "%.255s: %.383s",
                   sfi_error_where(err), sfi_error_message(err));
    sfi_ctx_report(s->ctx, st, 0, message);
    return st;
}

bool
line_get(struct line *l, uint64_t number, sfi_board *out)
{
    *out = (sfi_board){.struct_size = sizeof(*out)};
    return number != 0 && sfi_boards_get(l->boards, number, out) == SFI_OK;
}

uint64_t
line_count(struct line *l, uint32_t state)
{
    uint64_t count = 0;
    sfi_board b;

    for (uint64_t i = sfi_boards_count(l->boards); i > 0; i--)
        count += line_get(l, i, &b) && b.state == state;
    return count;
}

/* ---- what the chip tells before anything is changed ---- */

struct board_look {
    bool is_secure;
    bool is_installed; /* with the image of this job */
};

static sfi_status
look_at_secure_chip(struct station *s, sfi_target *t)
{
    sfi_certificate *cert = NULL;
    sfi_status st = sfi_target_get_certificate(t, &cert);

    if (st == SFI_OK)
        (void)snprintf(s->device_id, sizeof(s->device_id), "%s",
                       sfi_certificate_device_id(cert));
    sfi_certificate_free(cert);
    return st;
}

static sfi_status
board_look_at_chip(struct station *s, struct board_look *look)
{
    const struct line *l = s->p->line;
    sfi_target_info info = {.struct_size = sizeof(info)};
    sfi_target *t = NULL;
    sfi_status st =
        sfi_target_connect(s->ctx, s->p->chip, s->tp, s->p->timeout_ms, &t);

    if (st == SFI_OK)
        st = sfi_target_get_info(t, &info);
    look->is_secure = info.secure != 0;
    look->is_installed = info.device_state == SFI_DEVICE_INSTALLED &&
                         l->has_tag &&
                         memcmp(info.header_tag, l->tag, sizeof(l->tag)) == 0;
    if (st == SFI_OK && look->is_secure)
        st = look_at_secure_chip(s, t);
    sfi_target_free(t); /* the installer connects by itself */
    return st;
}

/* ---- which board it is ---- */

static sfi_status
board_refuse_done(struct station *s, const sfi_board *b, const char *by)
{
    char message[400];

    s->ate = LINE_ERR_DONE;
    (void)snprintf(message, sizeof(message),
                   "this is board %" PRIu64 " by its %s, which is done: put in "
                   "the next one",
                   b->number, by);
    sfi_ctx_report(s->ctx, SFI_ERR_STATE, 0, message);
    return SFI_ERR_STATE;
}

static sfi_status
board_refuse_other_serial(struct station *s, const sfi_board *b)
{
    char message[400];

    s->ate = LINE_ERR_OTHER;
    (void)snprintf(message, sizeof(message),
                   "this is board %" PRIu64 ", whose serial number is %.127s, "
                   "not %.127s",
                   b->number, b->serial, s->serial);
    sfi_ctx_report(s->ctx, SFI_ERR_RANGE, 0, message);
    return SFI_ERR_RANGE;
}

static sfi_status
board_refuse_other_device(struct station *s, const sfi_board *b)
{
    char message[400];

    s->ate = LINE_ERR_OTHER;
    (void)snprintf(message, sizeof(message),
                   "the serial number %.127s is of board %" PRIu64
                   ", whose chip is another",
                   s->serial, b->number);
    sfi_ctx_report(s->ctx, SFI_ERR_RANGE, 0, message);
    return SFI_ERR_RANGE;
}

/* A board of the journal; 0: a new one. */
static sfi_status
board_find(struct station *s, uint64_t *number)
{
    struct line *l = s->p->line;
    uint64_t by_device =
        sfi_boards_find(l->boards, SFI_BOARD_DEVICE, s->device_id);
    uint64_t by_serial =
        sfi_boards_find(l->boards, SFI_BOARD_SERIAL, s->serial);
    uint64_t by_port = l->next == LINE_NEXT_NONE
                           ? sfi_boards_find(l->boards, SFI_BOARD_PORT, s->port)
                           : 0;
    sfi_board b;

    if (line_get(l, by_device, &b)) {
        if (b.state == SFI_BOARD_DONE)
            return board_refuse_done(s, &b, "device id");
        if (s->serial != NULL && b.serial[0] != '\0' &&
            strcmp(b.serial, s->serial) != 0)
            return board_refuse_other_serial(s, &b);
    }
    if (line_get(l, by_serial, &b)) {
        if (b.state == SFI_BOARD_DONE)
            return board_refuse_done(s, &b, "serial number");
        if (by_serial != by_device && b.device_id[0] != '\0' &&
            s->device_id[0] != '\0')
            return board_refuse_other_device(s, &b);
    }
    *number = by_device != 0 ? by_device : by_serial;
    if (*number != 0 || !line_get(l, by_port, &b) ||
        b.state == SFI_BOARD_DONE ||
        (b.device_id[0] != '\0' && strcmp(b.device_id, s->device_id) != 0))
        return SFI_OK;
    *number = by_port;
    return SFI_OK;
}

/* The number after the largest that a board has. */
static void
board_count_serial(struct station *s)
{
    struct line *l = s->p->line;
    uint64_t next = l->first_serial, value;
    sfi_board b;

    for (uint64_t i = sfi_boards_count(l->boards); i > 0; i--) {
        if (line_get(l, i, &b) &&
            cli_number(b.serial, UINT64_MAX - 1, &value) && value >= next)
            next = value + 1;
    }
    (void)snprintf(s->serial_text, sizeof(s->serial_text), "%" PRIu64, next);
    s->serial = s->serial_text;
}

/* With the lock. */
static sfi_status
board_begin(struct station *s, const struct board_look *look)
{
    struct line *l = s->p->line;
    uint64_t number = 0;
    sfi_board b = {.state = 0};
    sfi_status st = board_find(s, &number);

    if (st != SFI_OK)
        return st;
    if (line_get(l, number, &b) && s->serial == NULL && b.serial[0] != '\0') {
        (void)snprintf(s->serial_text, sizeof(s->serial_text), "%s", b.serial);
        s->serial = s->serial_text;
    }
    if (s->serial == NULL && l->serial == LINE_SERIAL_COUNTER)
        board_count_serial(s);
    s->is_complete = look->is_installed && s->device_id[0] != '\0' &&
                     b.phase >= SFI_PHASE_AREAS && b.phase <= SFI_PHASE_DONE &&
                     strcmp(b.device_id, s->device_id) == 0;
    st = sfi_boards_begin(l->boards, number, s->port, s->serial, &s->board);
    s->entered = SFI_PHASE_CONNECT;
    l->broken = l->broken || st != SFI_OK;
    return board_take_error(s, st);
}

sfi_status
station_begin_board(struct station *s)
{
    struct line *l = s->p->line;
    struct board_look look = {.is_secure = false};
    sfi_status seen = SFI_OK, st;

    if (cli_has(&s->p->cli, OPT_SFI))
        seen = board_look_at_chip(s, &look);
    if (seen == SFI_ERR_CANCELLED)
        return seen;
    (void)pthread_mutex_lock(&l->lock);
    if (seen == SFI_OK) {
        st = board_begin(s, &look);
    } else {
        /* it fails, under the number that it has by serial or port */
        sfi_ctx *ctx = s->ctx;
        const sfi_error *err = sfi_ctx_error(ctx);
        char message[700];
        int32_t peer = sfi_error_peer_code(err);

        (void)snprintf(message, sizeof(message), "%.255s%s%.383s",
                       sfi_error_where(err),
                       sfi_error_where(err)[0] != '\0' ? ": " : "",
                       sfi_error_message(err));
        st = board_begin(s, &look);
        if (st == SFI_OK) {
            sfi_ctx_report(ctx, seen, peer, message);
            st = seen;
        }
    }
    (void)pthread_mutex_unlock(&l->lock);
    return st;
}

/* An earlier attempt installed it: a chip that still waits gives its receipt,
 * and the installer refuses any other before it changes something. */
sfi_status
station_end_install(struct station *s)
{
    sfi_status st = sfi_installer_set_erase(s->in, 0);

    if (st == SFI_OK)
        st = station_install(s);
    if (st == SFI_ERR_DEVICE &&
        sfi_error_peer_code(sfi_ctx_error(s->ctx)) == SFI_CAUSE_INSTALLED)
        st = SFI_OK;
    return st;
}

/* ---- its steps ---- */

sfi_status
station_enter(struct station *s, uint32_t phase)
{
    struct line *l = s->p->line;
    const char *device_id;
    sfi_status st;

    if (l == NULL || s->entered == phase || phase == SFI_PHASE_DONE)
        return SFI_OK;
    device_id = sfi_certificate_device_id(sfi_installer_certificate(s->in));
    if (device_id != NULL && device_id[0] != '\0')
        (void)snprintf(s->device_id, sizeof(s->device_id), "%s", device_id);
    (void)pthread_mutex_lock(&l->lock);
    st = sfi_boards_enter(l->boards, s->board, phase,
                          s->device_id[0] != '\0' ? s->device_id : NULL);
    l->broken = l->broken || st != SFI_OK;
    st = board_take_error(s, st);
    (void)pthread_mutex_unlock(&l->lock);
    s->entered = phase;
    return st;
}

void
station_end_board(struct station *s)
{
    struct line *l = s->p->line;
    sfi_status st;

    if (s->board == 0)
        return; /* it never began */
    (void)pthread_mutex_lock(&l->lock);
    st = sfi_boards_end(l->boards, s->board, &s->job);
    if (st != SFI_OK) {
        l->broken = true;
        s->unrecorded = st;
        (void)snprintf(s->why_not, sizeof(s->why_not), "%.250s",
                       sfi_error_message(sfi_ctx_error(l->ctx)));
    }
    (void)pthread_mutex_unlock(&l->lock);
}

/* ---- the journal as a whole, before any board ---- */

sfi_status
line_read(sfi_ctx *ctx, const char *path, void *out, size_t cap, size_t *len)
{
    uint8_t *to = out;
    int fd;
    sfi_status st = cli_open(ctx, path, O_RDONLY, 0, &fd);

    *len = 0;
    while (st == SFI_OK && *len < cap) {
        ssize_t got = read(fd, to + *len, cap - *len);

        if (got == 0)
            break;
        if (got > 0)
            *len += (size_t)got;
        else if (errno != EINTR)
            st = cli_report_os(ctx, errno, "%.250s: cannot read", path);
    }
    if (fd >= 0)
        (void)close(fd);
    return st;
}

/* The tag of the image's header: its last 16 bytes (doc/format.md). */
static void
line_read_tag(struct line *l)
{
    uint8_t header[28];
    size_t len = 0;

    /* an error comes again when it is loaded */
    if (l->image == NULL ||
        line_read(l->ctx, l->image, header, sizeof(header), &len) != SFI_OK)
        return;
    l->has_tag = len == sizeof(header);
    if (l->has_tag)
        memcpy(l->tag, header + sizeof(header) - sizeof(l->tag),
               sizeof(l->tag));
}

sfi_status
line_open_journal(struct line *l)
{
    sfi_status st;
    char name[64];

    l->ctx = cli_context(&l->p->cli);
    line_read_tag(l);
    st = sfi_boards_open(l->ctx, l->journal, &l->boards);
    for (size_t i = 0; st == SFI_OK && i < l->fact_count; i++)
        st = sfi_boards_check_fact(l->boards, l->facts[i],
                                   l->facts[i] + strlen(l->facts[i]) + 1);
    for (size_t i = 0; st == SFI_OK && i < l->file_count; i++) {
        (void)snprintf(name, sizeof(name), "the SHA-256 of file %zu", i + 1);
        st = sfi_boards_check_file(l->boards, name, l->files[i]);
    }
    return st == SFI_OK ? SFI_OK : program_take_error(l->p, l->ctx, st);
}

/* A board without a name cannot be told when it comes back: it has failed, and
 * nothing of it was counted, as the HSM is asked for a device. */
static sfi_status
line_settle_nameless(struct line *l, const sfi_board *b)
{
    sfi_journal_job job = {.struct_size = sizeof(job)};

    sfi_ctx_report(l->ctx, SFI_ERR_CANCELLED, 0,
                   "the station was interrupted before the chip told its "
                   "device id: nothing was counted");
    job.port = b->port;
    job.result = "interrupted";
    job.error = sfi_ctx_error(l->ctx);
    return sfi_boards_end(l->boards, b->number, &job);
}

sfi_status
line_settle(struct line *l)
{
    sfi_status st = SFI_OK;
    sfi_board b;

    for (uint64_t i = 1; st == SFI_OK && i <= sfi_boards_count(l->boards);
         i++) {
        if (!line_get(l, i, &b) || b.state != SFI_BOARD_BEGUN)
            continue;
        line_say_half(l, &b);
        if (l->next != LINE_NEXT_NONE && b.device_id[0] == '\0' &&
            b.serial[0] == '\0')
            st = line_settle_nameless(l, &b);
    }
    return st == SFI_OK ? SFI_OK : program_take_error(l->p, l->ctx, st);
}
