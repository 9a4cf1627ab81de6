/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A serial line of one speed between two ptys.
 *   line CHIP LINK BAUD
 * LINK appears, for programs; what they write comes out of CHIP's pty when its
 * last bit would have, and the other way round; 8E1, both ways at once.  Ends
 * with its standard input. */
#define _GNU_SOURCE /* ppoll(), cfmakeraw() */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define BITS_PER_BYTE 11u /* AN3155, 2: 8E1 */
#define ROOM (1u << 16u)
/* Only a frame's last byte must be on time: the other side waits for no
 * other. */
#define LAZY_NS 2000000u

/* One direction: bytes on their way, the first of which arrives at `due`. */
struct way {
    int from, to;
    uint8_t data[ROOM];
    size_t len;
    uint64_t due;
};

static uint64_t byte_ns;

static uint64_t
now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
is_raw(int fd)
{
    struct termios t;

    if (fd < 0 || tcgetattr(fd, &t) != 0)
        return 0;
    cfmakeraw(&t);
    return tcsetattr(fd, TCSANOW, &t) == 0;
}

/* Send bytes; the first one follows what is already on its way. */
static void
take(struct way *w)
{
    ssize_t n = read(w->from, w->data + w->len, ROOM - w->len);

    if (n <= 0)
        return;
    if (w->len == 0) {
        uint64_t begin = now();

        /* a byte begins when the one before it has ended */
        w->due = (begin > w->due ? begin : w->due) + byte_ns;
    }
    w->len += (size_t)n;
}

/* The bytes whose last bit has arrived. */
static void
give(struct way *w)
{
    uint64_t t = now();
    size_t n;
    ssize_t put;

    if (w->len == 0 || t < w->due)
        return;
    n = (size_t)((t - w->due) / byte_ns) + 1;
    if (n > w->len)
        n = w->len;
    put = write(w->to, w->data, n);
    if (put <= 0)
        return;
    memmove(w->data, w->data + put, w->len - (size_t)put);
    w->len -= (size_t)put;
    w->due += (uint64_t)put * byte_ns;
    if (w->len == 0)
        w->due -= byte_ns; /* the end of the last one */
}

static uint64_t
wait_ns(const struct way *w)
{
    uint64_t t = now();
    uint64_t last = w->due + (w->len - 1) * byte_ns;

    if (w->len == 0)
        return 1000000000u;
    if (last <= t)
        return 0;
    return last - t < LAZY_NS ? last - t : LAZY_NS;
}

static int
serve(struct way *there, struct way *back)
{
    for (;;) {
        struct pollfd p[3] = {
            {.fd = there->from, .events = POLLIN},
            {.fd = back->from, .events = POLLIN},
            {.fd = STDIN_FILENO, .events = POLLIN},
        };
        uint64_t a = wait_ns(there), b = wait_ns(back);
        struct timespec ts = {.tv_nsec = (long)(a < b ? a : b)};

        if (ts.tv_nsec == 1000000000)
            ts = (struct timespec){.tv_sec = 1};
        if (ppoll(p, 3, &ts, NULL) < 0 || p[2].revents != 0)
            return EXIT_SUCCESS;
        give(there);
        give(back);
        if ((p[0].revents & POLLIN) != 0)
            take(there);
        if ((p[1].revents & POLLIN) != 0)
            take(back);
    }
}

int
main(int argc, char **argv)
{
    static struct way there, back;
    unsigned long baud = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    int master, slave, chip, end;

    if (baud == 0) {
        (void)fprintf(stderr, "usage: line CHIP LINK BAUD\n");
        return EXIT_FAILURE;
    }
    byte_ns = (uint64_t)BITS_PER_BYTE * 1000000000u / baud;
    chip = open(argv[1], O_RDWR | O_NOCTTY);
    master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return EXIT_FAILURE;
    slave = open(ptsname(master), O_RDWR | O_NOCTTY); /* stays: no hang-up */
    if (!is_raw(chip) || !is_raw(slave) ||
        fcntl(chip, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(master, F_SETFL, O_NONBLOCK) != 0 ||
        symlink(ptsname(master), argv[2]) != 0) {
        perror("line");
        return EXIT_FAILURE;
    }
    there = (struct way){.from = master, .to = chip};
    back = (struct way){.from = chip, .to = master};
    end = serve(&there, &back);
    (void)unlink(argv[2]);
    return end;
}
