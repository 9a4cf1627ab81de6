/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The test's end of the socket to sfi-board. */
#define _GNU_SOURCE
#include "binary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fixture.h>
#include <bench/part.h>

#include "crypto/hash.h"
#include "util/rd.h"
#include "util/wr.h"

#define PART "stm32l462ce"
#define BAUD 115200u
#define SPI_HERTZ 500000u
#define NS_PER_MS UINT64_C(1000000)
/* Length and number before the members. */
#define HEAD_LEN 5u

/* ---- the socket ---- */

static void
binary_send(const struct binary *b, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(b->fd, data, len, MSG_NOSIGNAL);

        HOLDS(n > 0);
        data += n;
        len -= (size_t)n;
    }
}

static void
binary_receive(const struct binary *b, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(b->fd, out, len, 0);

        HOLDS(n > 0);
        out += n;
        len -= (size_t)n;
    }
}

/* A request's members are written behind its head. */
static struct wr
binary_begin(struct binary *b)
{
    struct wr w;

    sfi__wr_init(&w, b->request + HEAD_LEN, WIRE_LENGTH_MAX);
    return w;
}

/* Send it, and take the answer's members. */
static struct rd
binary_ask(struct binary *b, uint8_t number, const struct wr *members)
{
    uint8_t head[6];
    struct wr w;
    struct rd r;
    uint32_t len;

    HOLDS(sfi__wr_ok(members));
    sfi__wr_init(&w, b->request, HEAD_LEN);
    sfi__wr_u32le(&w, (uint32_t)(1 + sfi__wr_len(members)));
    sfi__wr_u8(&w, number);
    binary_send(b, b->request, HEAD_LEN + sfi__wr_len(members));
    binary_receive(b, head, sizeof(head));
    sfi__rd_init(&r, head, sizeof(head));
    len = sfi__rd_u32le(&r);
    HOLDS(len >= 2 && len <= WIRE_LENGTH_MAX && head[4] == number);
    b->answer_len = len - 2;
    binary_receive(b, b->answer, b->answer_len);
    if (head[5] != WIRE_OK)
        fprintf(stderr, "sfi-board refuses request %u: %.*s\n", number,
                (int)b->answer_len, (const char *)b->answer);
    HOLDS(head[5] == WIRE_OK);
    sfi__rd_init(&r, b->answer, b->answer_len);
    return r;
}

static void
binary_take_run(struct binary *b, struct rd *r)
{
    b->end = sfi__rd_u8(r);
    (void)sfi__rd_u8(r);
    b->resets = sfi__rd_u16le(r);
    sfi__rd_skip(r, 8); /* the time */
    HOLDS(sfi__rd_ok(r));
}

/* The board's file is memory that both have: the other end finds it among its
 * own descriptors. */
static void
binary_map_file(struct binary *b)
{
    struct stat st;
    void *map;

    HOLDS(fstat(b->file_fd, &st) == 0);
    b->file_len = (size_t)st.st_size;
    map = mmap(NULL, b->file_len, PROT_READ, MAP_SHARED, b->file_fd, 0);
    HOLDS(map != MAP_FAILED);
    b->file = map;
    (void)close(b->file_fd);
}

static void
binary_say_hello(struct binary *b)
{
    struct wr w = binary_begin(b);
    char path[40];
    struct rd r;

    sfi__wr_u32le(&w, WIRE_VERSION);
    sfi__wr_u8(&w, (uint8_t)strlen(PART));
    sfi__wr_bytes(&w, PART, strlen(PART));
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", b->file_fd);
    sfi__wr_u16le(&w, (uint16_t)strlen(path));
    sfi__wr_bytes(&w, path, strlen(path));
    r = binary_ask(b, WIRE_HELLO, &w);
    HOLDS(sfi__rd_u32le(&r) == WIRE_VERSION);
    binary_map_file(b);
}

static void
binary_run_program(int fd)
{
    const char *program = getenv("SFI_TEST_BOARD_PROGRAM");

    if (program == NULL || dup2(fd, STDIN_FILENO) < 0 ||
        dup2(fd, STDOUT_FILENO) < 0)
        _exit(126);
    (void)execl(program, program, (char *)NULL);
    _exit(127);
}

void
binary_start(struct binary *b)
{
    int pair[2];

    memset(b, 0, sizeof(*b));
    b->limit_ns = BINARY_LIMIT_NS;
    b->request = malloc(HEAD_LEN + WIRE_LENGTH_MAX);
    b->answer = malloc(WIRE_LENGTH_MAX);
    HOLDS(b->request != NULL && b->answer != NULL);
    b->file_fd = memfd_create("board", 0);
    HOLDS(b->file_fd >= 0);
    HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    b->pid = fork();
    HOLDS(b->pid >= 0);
    if (b->pid == 0)
        binary_run_program(pair[1]);
    (void)close(pair[1]);
    b->fd = pair[0];
    binary_say_hello(b);
}

/* It ends when its input ends. */
void
binary_stop(struct binary *b)
{
    int status;

    (void)close(b->fd);
    HOLDS(waitpid(b->pid, &status, 0) == b->pid);
    (void)munmap((void *)(uintptr_t)b->file, b->file_len);
    free(b->request);
    free(b->answer);
    free(b->user);
    memset(b, 0, sizeof(*b));
}

/* ---- requests ---- */

static void
binary_ask_byte(struct binary *b, uint8_t number, uint32_t byte)
{
    struct wr w = binary_begin(b);

    sfi__wr_u8(&w, (uint8_t)byte);
    (void)binary_ask(b, number, &w);
}

void
binary_run(struct binary *b, uint64_t ns, bool until_idle)
{
    struct wr w = binary_begin(b);
    struct rd r;

    sfi__wr_u64le(&w, ns);
    sfi__wr_u8(&w, until_idle);
    r = binary_ask(b, WIRE_RUN, &w);
    binary_take_run(b, &r);
}

void
binary_switch_on(struct binary *b)
{
    binary_ask_byte(b, WIRE_POWER, 1);
}

void
binary_power_on(struct binary *b)
{
    binary_switch_on(b);
    binary_run(b, b->limit_ns, true);
}

void
binary_power_off(struct binary *b)
{
    binary_ask_byte(b, WIRE_POWER, 0);
}

void
binary_reset(struct binary *b)
{
    struct wr w = binary_begin(b);

    (void)binary_ask(b, WIRE_NRST, &w);
    binary_run(b, b->limit_ns, true);
}

size_t
binary_usart(struct binary *b, const uint8_t *in, size_t len, uint8_t *out,
             size_t cap)
{
    struct wr w = binary_begin(b);
    struct rd r;
    size_t n;

    sfi__wr_u8(&w, 0);
    sfi__wr_u32le(&w, BAUD);
    sfi__wr_u8(&w, WIRE_PARITY_EVEN);
    sfi__wr_u64le(&w, b->limit_ns);
    if (len > 0)
        sfi__wr_bytes(&w, in, len);
    r = binary_ask(b, WIRE_USART, &w);
    binary_take_run(b, &r);
    n = sfi__rd_left(&r);
    HOLDS(n <= cap);
    sfi__rd_bytes(&r, out, n);
    return n;
}

static void
binary_select(struct binary *b)
{
    struct wr w = binary_begin(b);

    if (b->is_selected)
        return;
    sfi__wr_u8(&w, 0);
    sfi__wr_u8(&w, WIRE_LEVEL_LOW);
    (void)binary_ask(b, WIRE_NSS, &w);
    b->is_selected = true;
}

/* 16 us for each byte: AN4286's gap and a fast clock. */
void
binary_spi(struct binary *b, const uint8_t *in, size_t len, uint8_t *out)
{
    struct wr w;
    struct rd r;

    binary_select(b);
    w = binary_begin(b);
    sfi__wr_u8(&w, 0);
    sfi__wr_u32le(&w, SPI_HERTZ);
    sfi__wr_u64le(&w, b->limit_ns);
    sfi__wr_bytes(&w, in, len);
    r = binary_ask(b, WIRE_SPI, &w);
    binary_take_run(b, &r);
    HOLDS(sfi__rd_left(&r) == len);
    sfi__rd_bytes(&r, out, len);
}

size_t
binary_usart_wait(struct binary *b, uint32_t ms, uint8_t *out, size_t cap)
{
    binary_run(b, ms * NS_PER_MS, false);
    return binary_usart(b, NULL, 0, out, cap);
}

void
binary_state(struct binary *b, struct binary_state *out)
{
    struct wr w = binary_begin(b);
    struct rd r = binary_ask(b, WIRE_STATE, &w);

    out->power = sfi__rd_u8(&r);
    out->end = sfi__rd_u8(&r);
    out->rdp = sfi__rd_u8(&r);
    out->at = sfi__rd_u8(&r);
    sfi__rd_skip(&r, 8);
    out->operations = sfi__rd_u64le(&r);
    out->resets = sfi__rd_u32le(&r);
    out->reset_flags = sfi__rd_u32le(&r);
    out->pc = sfi__rd_u32le(&r);
    out->vtor = sfi__rd_u32le(&r);
    out->outputs = sfi__rd_u64le(&r);
    HOLDS(sfi__rd_ok(&r));
}

void
binary_digest(struct binary *b, uint8_t out[32])
{
    ck_assert_ok(sfi__sha256(ctx, b->file, b->file_len, out));
}

void
binary_options(struct binary *b, uint32_t *programmed, uint32_t *in_force)
{
    struct wr w = binary_begin(b);
    struct rd r = binary_ask(b, WIRE_OPTIONS, &w);

    for (uint32_t i = 0; i < b->kit.chip.ob_count; i++) {
        programmed[i] = sfi__rd_u32le(&r);
        in_force[i] = sfi__rd_u32le(&r);
    }
    HOLDS(sfi__rd_ok(&r));
}

void
binary_set_options(struct binary *b, const uint32_t *words)
{
    struct wr w = binary_begin(b);

    for (uint32_t i = 0; i < b->kit.chip.ob_count; i++)
        sfi__wr_u32le(&w, words[i]);
    (void)binary_ask(b, WIRE_SET_OPTIONS, &w);
}

void
binary_peek(struct binary *b, uint32_t address, uint8_t *out, size_t len)
{
    struct wr w = binary_begin(b);
    struct rd r;

    sfi__wr_u32le(&w, address);
    sfi__wr_u32le(&w, (uint32_t)len);
    r = binary_ask(b, WIRE_PEEK, &w);
    HOLDS(sfi__rd_left(&r) == len);
    sfi__rd_bytes(&r, out, len);
}

void
binary_load(struct binary *b, uint32_t address, const uint8_t *data, size_t len)
{
    struct wr w = binary_begin(b);

    sfi__wr_u32le(&w, address);
    sfi__wr_bytes(&w, data, len);
    (void)binary_ask(b, WIRE_LOAD, &w);
}

void
binary_save(struct binary *b, uint32_t slot)
{
    binary_ask_byte(b, WIRE_SNAPSHOT, slot);
}

void
binary_restore(struct binary *b, uint32_t slot)
{
    binary_ask_byte(b, WIRE_RESTORE, slot);
    b->is_selected = false;
}

void
binary_cut(struct binary *b, uint64_t after, uint8_t how)
{
    struct wr w = binary_begin(b);

    sfi__wr_u64le(&w, after);
    sfi__wr_u8(&w, how);
    (void)binary_ask(b, WIRE_CUT, &w);
}

void
binary_inject(struct binary *b, uint8_t what, uint32_t where, uint32_t value)
{
    struct wr w = binary_begin(b);

    sfi__wr_u8(&w, what);
    sfi__wr_u32le(&w, where);
    sfi__wr_u32le(&w, value);
    (void)binary_ask(b, WIRE_INJECT, &w);
}
