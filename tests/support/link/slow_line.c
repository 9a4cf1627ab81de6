/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Delays the bytes of serial lines by the time that they take at a speed; a
 * pseudo-terminal alone has none.
 *   slow_line BAUD LINK TTY [LINK TTY]...
 * What is written to LINK, a new pseudo-terminal, arrives at TTY when its last
 * bit would, and vice versa; 11 bits for each byte (8E1).  Ends on SIGTERM. */
#define _GNU_SOURCE /* ppoll(), cfmakeraw() */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BITS_PER_BYTE 11u
#define CHUNK 4096u
#define LINES_MAX 64u

/* One direction of a line: bytes that arrive at `due`. */
struct way {
    int from, to;
    uint8_t data[CHUNK];
    size_t len;
    uint64_t due_ns, free_ns; /* `free`: when the line is free again */
};

static struct way ways[2 * LINES_MAX];
static const char *links[LINES_MAX];
static size_t count;
static uint64_t byte_ns;
static volatile sig_atomic_t ended;

static void
on_signal(int signum)
{
    (void)signum;
    ended = 1;
}

static void
leave(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static uint64_t
now_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
make_raw(int fd)
{
    struct termios t;

    if (tcgetattr(fd, &t) != 0)
        leave("tcgetattr");
    cfmakeraw(&t);
    if (tcsetattr(fd, TCSANOW, &t) != 0)
        leave("tcsetattr");
}

static void
add(const char *link, const char *tty)
{
    int chip = open(tty, O_RDWR | O_NOCTTY | O_NONBLOCK);
    int host = posix_openpt(O_RDWR | O_NOCTTY);
    const char *name;

    if (chip < 0)
        leave(tty);
    if (host < 0 || grantpt(host) != 0 || unlockpt(host) != 0 ||
        fcntl(host, F_SETFL, O_NONBLOCK) != 0)
        leave("pty");
    name = ptsname(host);
    make_raw(chip);
    make_raw(open(name, O_RDWR | O_NOCTTY)); /* stays open */
    if (symlink(name, link) != 0)
        leave(link);
    links[count] = link;
    ways[2 * count] = (struct way){.from = host, .to = chip};
    ways[2 * count + 1] = (struct way){.from = chip, .to = host};
    count++;
}

/* Bytes that were written in time follow each other without a gap. */
static void
take(struct way *w)
{
    ssize_t got = read(w->from, w->data, sizeof(w->data));
    uint64_t now = now_ns();

    if (got <= 0)
        return;
    w->len = (size_t)got;
    w->due_ns = (now > w->free_ns ? now : w->free_ns) + (uint64_t)got * byte_ns;
    w->free_ns = w->due_ns;
}

static void
give(struct way *w)
{
    size_t done = 0;

    while (done < w->len) {
        ssize_t put = write(w->to, w->data + done, w->len - done);

        if (put < 0 && errno != EAGAIN && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
    }
    w->len = 0;
}

static void
serve(void)
{
    struct pollfd fds[2 * LINES_MAX];

    while (!ended) {
        uint64_t now = now_ns();
        uint64_t next = now + 100000000u;
        struct timespec left;

        for (size_t i = 0; i < 2 * count; i++) {
            if (ways[i].len > 0 && ways[i].due_ns <= now)
                give(&ways[i]);
            if (ways[i].len > 0 && ways[i].due_ns < next)
                next = ways[i].due_ns;
            fds[i].fd = ways[i].from;
            fds[i].events = ways[i].len > 0 ? 0 : POLLIN;
            fds[i].revents = 0;
        }
        left.tv_sec = 0;
        left.tv_nsec = (long)(next - now);
        if (ppoll(fds, (nfds_t)(2 * count), &left, NULL) < 0)
            continue;
        for (size_t i = 0; i < 2 * count; i++) {
            if ((fds[i].revents & POLLIN) != 0)
                take(&ways[i]);
        }
    }
}

int
main(int argc, char **argv)
{
    const struct sigaction action = {.sa_handler = on_signal};
    unsigned long baud = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

    if (baud == 0 || argc < 4 || argc % 2 != 0 ||
        (size_t)argc / 2 - 1 > LINES_MAX) {
        (void)fputs("slow_line BAUD LINK TTY [LINK TTY]...\n", stderr);
        return 64;
    }
    byte_ns = (uint64_t)1000000000u * BITS_PER_BYTE / baud;
    (void)sigaction(SIGTERM, &action, NULL);
    for (int i = 2; i < argc; i += 2)
        add(argv[i], argv[i + 1]);
    (void)puts("ready");
    (void)fflush(stdout);
    serve();
    while (count > 0)
        (void)unlink(links[--count]);
    return EXIT_SUCCESS;
}
