/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The person at the terminal: PINs, questions, signals. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

#define PIN_ROUNDS 3u /* of a new PIN that is typed twice */
#define PIN_LOOK_MS 100

/* Bytes of keys when the terminal does not handle lines itself. */
#define KEY_INTERRUPT 0x03
#define KEY_END 0x04
#define KEY_BACKSPACE 0x08
#define KEY_KILL 0x15
#define KEY_DELETE 0x7f

/* ---- PIN ---- */

void
cli_wipe(void *p, size_t len)
{
    volatile unsigned char *at = p;

    while (len-- > 0)
        *at++ = 0;
}

void
cli_pin_wipe(struct cli_pin *pin)
{
    cli_wipe(pin, sizeof(*pin));
}

static sfi_status
pin_fail_too_long(sfi_ctx *ctx)
{
    return cli_report(ctx, SFI_ERR_RANGE, "the PIN is longer than %u bytes",
                      CLI_PIN_MAX);
}

/* Byte by byte, so that no buffer keeps a copy of a PIN; 1: end of input. */
static int
pin_read_byte(int fd, char *out)
{
    for (;;) {
        ssize_t got = read(fd, out, 1);

        if (got == 1)
            return 0;
        if (got == 0)
            return 1;
        if (errno != EINTR)
            return -1;
    }
}

static void
pin_warn_of_mode(const struct cli *c, const char *path, int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        (st.st_mode & S_IROTH) != 0)
        cli_warn(c->spec->program,
                 "warning: %s: every user can read this PIN (mode %04o): chmod "
                 "600",
                 path, (unsigned)st.st_mode & 0777);
}

static sfi_status
pin_read_from_file(const struct cli *c, sfi_ctx *ctx, const char *path,
                   struct cli_pin *pin)
{
    int end = 0;
    char byte = 0;
    int fd;
    sfi_status st = cli_open(ctx, path, O_RDONLY, 0, &fd);

    if (st != SFI_OK)
        return st;
    pin_warn_of_mode(c, path, fd);
    while (end == 0 && (end = pin_read_byte(fd, &byte)) == 0 && byte != '\n' &&
           st == SFI_OK) {
        if (pin->len == CLI_PIN_MAX)
            st = pin_fail_too_long(ctx);
        else
            pin->pin_secret[pin->len++] = byte;
    }
    if (end < 0)
        st = cli_report_os(ctx, errno, "%.250s: cannot read", path);
    (void)close(fd);
    cli_wipe(&byte, sizeof(byte));
    if (pin->len > 0 && pin->pin_secret[pin->len - 1] == '\r')
        pin->pin_secret[--pin->len] = '\0';
    if (st == SFI_OK && pin->len == 0)
        st =
            cli_report(ctx, SFI_ERR_HSM_PIN,
                       "%.250s: the first line is empty, expected a PIN", path);
    return st;
}

static void
terminal_print(int fd, const char *text)
{
    size_t len = strlen(text);

    if (write(fd, text, len) != (ssize_t)len)
        return; /* if the terminal went away, the next read fails */
}

/* Signals of other processes while the terminal is without echo: it is put
 * right first, and then they do what they would have done. */
static const int pin_signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP};
#define PIN_SIGNALS (sizeof(pin_signals) / sizeof(*pin_signals))

static volatile sig_atomic_t pin_signal;

static void
pin_note_signal(int signum)
{
    pin_signal = signum;
}

struct pin_guard {
    struct sigaction old[PIN_SIGNALS];
};

static void
pin_guard_begin(struct pin_guard *g)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = pin_note_signal;
    pin_signal = 0;
    for (size_t i = 0; i < PIN_SIGNALS; i++) {
        (void)sigaction(pin_signals[i], NULL, &g->old[i]);
        if (g->old[i].sa_handler != SIG_IGN)
            (void)sigaction(pin_signals[i], &action, NULL);
    }
}

static void
pin_guard_end(const struct pin_guard *g)
{
    for (size_t i = 0; i < PIN_SIGNALS; i++)
        (void)sigaction(pin_signals[i], &g->old[i], NULL);
    if (pin_signal != 0)
        (void)raise(pin_signal);
}

/* 0: a key; otherwise the input ended, or a signal came.  One that comes just
 * before poll() is seen a moment later. */
static int
pin_wait_for_key(int fd, char *key)
{
    struct pollfd keys = {.fd = fd, .events = POLLIN};
    int ready = 0;

    while (ready == 0 && pin_signal == 0) {
        ready = poll(&keys, 1, PIN_LOOK_MS);
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    return pin_signal == 0 && ready == 1 ? pin_read_byte(fd, key) : -1;
}

/* Read one line without echo.  The terminal sends no signals meanwhile; Ctrl-C
 * is a key. */
static sfi_status
pin_read_keys(int fd, const char *prompt, struct cli_pin *pin)
{
    struct termios old, unseen;
    char key = 0;
    sfi_status st = SFI_OK;

    if (tcgetattr(fd, &old) != 0)
        return SFI_ERR_OS;
    unseen = old;
    unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    unseen.c_cc[VMIN] = 1;
    unseen.c_cc[VTIME] = 0;
    (void)tcsetattr(fd, TCSAFLUSH, &unseen);
    terminal_print(fd, prompt); /* earlier input was flushed */
    while (st == SFI_OK) {
        if (pin_wait_for_key(fd, &key) != 0 || key == KEY_INTERRUPT ||
            key == KEY_END)
            st = SFI_ERR_CANCELLED;
        else if (key == '\n' || key == '\r')
            break;
        else if ((key == KEY_BACKSPACE || key == KEY_DELETE) && pin->len > 0)
            pin->pin_secret[--pin->len] = '\0';
        else if (key == KEY_KILL)
            cli_pin_wipe(pin);
        else if (pin->len < CLI_PIN_MAX && key != KEY_BACKSPACE &&
                 key != KEY_DELETE)
            pin->pin_secret[pin->len++] = key;
    }
    (void)tcsetattr(fd, TCSAFLUSH, &old);
    terminal_print(fd, "\n");
    cli_wipe(&key, sizeof(key));
    return st;
}

/* The PIN is wiped before a signal ends the program. */
static sfi_status
pin_read_typed(int fd, const char *prompt, struct cli_pin *pin,
               struct cli_pin *before)
{
    struct pin_guard guard;
    sfi_status st;

    pin_guard_begin(&guard);
    st = pin_read_keys(fd, prompt, pin);
    if (st != SFI_OK) {
        cli_pin_wipe(pin);
        if (before != NULL)
            cli_pin_wipe(before);
    }
    pin_guard_end(&guard);
    return st;
}

/* Ask once, or twice for a new PIN; *differ: the second one was another. */
static sfi_status
pin_ask_once(sfi_ctx *ctx, int fd, bool twice, struct cli_pin *pin,
             bool *differ)
{
    struct cli_pin again_secret = {{0}, 0};
    sfi_status st =
        pin_read_typed(fd, twice ? "New PIN: " : "PIN: ", pin, NULL);

    if (st == SFI_OK && twice)
        st = pin_read_typed(fd, "The same PIN again: ", &again_secret, pin);
    if (st != SFI_OK)
        (void)cli_report(ctx, st, "no PIN was typed");
    else if (pin->len == 0)
        st = cli_report(ctx, SFI_ERR_HSM_PIN, "the PIN is empty");
    *differ = st == SFI_OK && twice &&
              (again_secret.len != pin->len ||
               strcmp(again_secret.pin_secret, pin->pin_secret) != 0);
    cli_pin_wipe(&again_secret);
    return st;
}

/* A typing error costs nothing but another round. */
static sfi_status
pin_ask_on_terminal(sfi_ctx *ctx, int fd, bool twice, struct cli_pin *pin)
{
    bool differ = false;
    sfi_status st = pin_ask_once(ctx, fd, twice, pin, &differ);

    for (unsigned i = 1; i < PIN_ROUNDS && st == SFI_OK && differ; i++) {
        cli_pin_wipe(pin);
        terminal_print(fd, "The two PINs differ: type both once more\n");
        st = pin_ask_once(ctx, fd, twice, pin, &differ);
    }
    if (st == SFI_OK && differ)
        st = cli_report(ctx, SFI_ERR_HSM_PIN, "the two PINs differ");
    return st;
}

static sfi_status
pin_read_or_ask(const struct cli *c, sfi_ctx *ctx, const char *file,
                const char *option, bool twice, struct cli_pin *pin)
{
    sfi_status st;
    int fd;

    cli_pin_wipe(pin);
    if (file != NULL) {
        st = pin_read_from_file(c, ctx, file, pin);
    } else {
        fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
            return cli_report(ctx, SFI_ERR_HSM_PIN,
                              "no terminal to ask for the PIN; use %s", option);
        st = pin_ask_on_terminal(ctx, fd, twice, pin);
        (void)close(fd);
    }
    if (st != SFI_OK)
        cli_pin_wipe(pin);
    return st;
}

sfi_status
cli_pin_read(const struct cli *c, sfi_ctx *ctx, const char *file, bool twice,
             struct cli_pin *pin)
{
    return pin_read_or_ask(c, ctx, file, "--pin-file FILE", twice, pin);
}

sfi_status
cli_new_pin_read(const struct cli *c, sfi_ctx *ctx, const char *file,
                 const char *option, struct cli_pin *pin)
{
    return pin_read_or_ask(c, ctx, file, option, true, pin);
}

/* ---- signals ---- */

void
cli_handle_signals(void (*handler)(int signum))
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = handler;
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        (void)sigaction(signals[i], &action, NULL);
}

static volatile sig_atomic_t ended;

static void
end_on_signal(int signum)
{
    (void)signum;
    ended = 1;
}

void
cli_end_by_signals(void)
{
    cli_handle_signals(end_on_signal);
}

int
cli_is_ended(void *user)
{
    (void)user;
    return ended;
}

/* ---- questions ---- */

bool
cli_confirm(const struct cli *c, const char *question, const char *option)
{
    FILE *tty = fopen("/dev/tty", "r+");
    char answer[16];
    bool yes;

    if (tty == NULL) {
        (void)cli_fail_text(c, SFI_ERR_CANCELLED,
                            "no terminal to ask \"%s\"; answer with %s",
                            question, option);
        return false;
    }
    (void)fflush(stdout);
    (void)fprintf(tty, "%s (yes/no) ", cli_visible(question));
    (void)fflush(tty);
    yes = fgets(answer, sizeof(answer), tty) != NULL &&
          strcmp(answer, "yes\n") == 0;
    (void)fclose(tty);
    return yes;
}
