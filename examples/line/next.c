/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* When the next boards are in: a person presses Enter, a scanner types the
 * serial number as a line, or a handler says so on a socket. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "line/line.h"

#define INPUT_AT_ONCE 4096u /* bytes, before others have their turn */
/* A signal right before the wait, and a clock that is set, are noticed within
 * this. */
#define NAP_MS 200

/* ---- lines ---- */

/* A line is whole; what no scanner and no handler sends is refused. */
static bool
input_end_line(struct line *l, struct line_input *in, char *out)
{
    bool skip = in->skip;

    while (in->len > 0 && strchr("\r ", in->text[in->len - 1]) != NULL)
        in->len--;
    memcpy(out, in->text, in->len);
    out[in->len] = '\0';
    in->len = 0;
    in->skip = false;
    if (!skip)
        return true;
    in->refused++;
    line_say_error(l, LINE_ERR_INPUT,
                   "a line is longer than %u bytes, or has control characters",
                   LINE_INPUT_MAX - 1);
    return false;
}

/* A read must not wait: others may have something to say. */
static bool
input_is_ready(const struct line_input *in)
{
    struct pollfd fd = {.fd = in->fd, .events = POLLIN};

    return poll(&fd, 1, 0) > 0;
}

bool
line_input_take(struct line *l, struct line_input *in, char *out)
{
    char c;
    ssize_t got = 1;

    for (size_t i = 0; i < INPUT_AT_ONCE && input_is_ready(in); i++) {
        got = read(in->fd, &c, 1);
        if (got != 1)
            break;
        if (c == '\n') {
            if (input_end_line(l, in, out))
                return true;
            continue;
        }
        if (in->len + 1 >= sizeof(in->text) ||
            ((unsigned char)c < ' ' && c != '\r') || c == 0x7f)
            in->skip = true;
        if (in->len + 1 < sizeof(in->text))
            in->text[in->len++] = c;
    }
    in->ended = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    return false;
}

/* ---- what a line says ---- */

static bool
next_fail(struct line *l, const char *why, const char *what)
{
    line_say_error(l, LINE_ERR_SERIAL, "%.127s%s%s", what,
                   what[0] != '\0' ? ": " : "", why);
    return false;
}

/* The serial numbers in a line, one a port; "-" leaves a port out. */
static bool
next_read_serials(struct line *l, const char *text)
{
    char *rest = NULL, *word;
    size_t count = 0;

    (void)snprintf(l->scanned, sizeof(l->scanned), "%s", text);
    word = strtok_r(l->scanned, " ", &rest);
    for (; word != NULL; word = strtok_r(NULL, " ", &rest)) {
        const char *wrong = serial_check(word);

        if (count == l->port_count)
            return next_fail(l, "more serial numbers than ports", word);
        l->leave_out[count] = strcmp(word, "-") == 0;
        l->serials[count] = l->leave_out[count] ? NULL : word;
        for (size_t i = 0; wrong == NULL && i < count; i++) {
            if (l->serials[i] != NULL && strcmp(l->serials[i], word) == 0)
                wrong = "the serial number is there twice";
        }
        if (wrong != NULL)
            return next_fail(l, wrong, word);
        count++;
    }
    if (count == l->port_count)
        return true;
    return next_fail(l,
                     l->port_count == 1
                         ? "the serial number is missing"
                         : "expected a serial number or - for each port",
                     "");
}

/* May the next round begin? */
static bool
next_read_line(struct line *l, const char *text)
{
    memset(l->serials, 0, sizeof(l->serials));
    memset(l->leave_out, 0, sizeof(l->leave_out));
    if (l->serial == LINE_SERIAL_SCAN)
        return next_read_serials(l, text);
    if (text[0] == '\0')
        return true;
    line_say_error(l, LINE_ERR_INPUT,
                   "the job takes no serial numbers (serial = scan), so "
                   "\"%.40s\" is not understood",
                   text);
    return false;
}

/* A handler's words: next [SERIAL...], status, stop. */
static enum line_end
next_obey(struct line *l, const char *text, bool *begins)
{
    size_t len = strcspn(text, " ");

    if (len == 4 && strncmp(text, "next", len) == 0) {
        *begins = next_read_line(l, text + len + strspn(text + len, " "));
        l->handler.refused += !*begins;
    } else if (strcmp(text, "status") == 0) {
        line_say_ready(l);
    } else if (strcmp(text, "stop") == 0) {
        return LINE_END_INPUT;
    } else {
        l->handler.refused++;
        line_say_error(l, LINE_ERR_INPUT,
                       "\"%.40s\" is not next, status or stop", text);
    }
    return LINE_GOES_ON;
}

static enum line_end
next_from_handler(struct line *l, bool *begins)
{
    char text[LINE_INPUT_MAX];
    enum line_end end = LINE_GOES_ON;

    while (end == LINE_GOES_ON && !*begins && l->handler.fd >= 0 &&
           l->handler.refused < LINE_REFUSED_MAX &&
           line_input_take(l, &l->handler, text))
        end = next_obey(l, text, begins);
    if (*begins)
        l->handler.refused = 0;
    if (l->handler.ended || l->handler.refused >= LINE_REFUSED_MAX) {
        (void)close(l->handler.fd);
        l->handler = (struct line_input){.fd = -1};
    }
    return end;
}

static enum line_end
next_from_person(struct line *l, bool *begins)
{
    char text[LINE_INPUT_MAX];

    if (line_input_take(l, &l->in, text))
        *begins = next_read_line(l, text);
    return l->in.ended ? LINE_END_INPUT : LINE_GOES_ON;
}

/* ---- wait ---- */

static bool
shift_has_ended(const struct line *l)
{
    return l->shift_end != 0 && time(NULL) >= l->shift_end;
}

static void
next_ask(const struct line *l)
{
    if (l->next == LINE_NEXT_ENTER)
        cli_print("%s\n", l->serial == LINE_SERIAL_SCAN
                              ? "Next board: scan its serial number ..."
                              : "Next board: press Enter ...");
    (void)fflush(stdout);
}

/* Before what a person or a handler says. */
static enum line_end
next_check_end(const struct line *l)
{
    if (l->p->stop)
        return LINE_END_SIGNAL;
    return shift_has_ended(l) ? LINE_END_SHIFT : LINE_GOES_ON;
}

enum line_end
line_wait(struct line *l)
{
    bool begins = false;
    enum line_end end = LINE_GOES_ON;

    line_say_ready(l);
    next_ask(l);
    while (end == LINE_GOES_ON && !begins) {
        struct pollfd fds[] = {
            {.fd = l->next == LINE_NEXT_ENTER ? l->in.fd : -1,
             .events = POLLIN},
            {.fd = l->listener, .events = POLLIN},
            {.fd = l->handler.fd, .events = POLLIN},
        };
        int ready = poll(fds, 3, NAP_MS);

        end = next_check_end(l);
        if (end != LINE_GOES_ON || ready <= 0)
            continue;
        if (fds[0].revents != 0)
            end = next_from_person(l, &begins);
        if (fds[1].revents != 0)
            line_socket_accept(l);
        else if (fds[2].revents != 0)
            end = next_from_handler(l, &begins);
    }
    return begins ? LINE_GOES_ON : end;
}
