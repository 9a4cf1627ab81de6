/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The person at the terminal: PINs, questions, the end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/system.h"

#define PIN_ROUNDS 3u /* of a new PIN that is typed twice */

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
    system_warn_of_mode(c, path, fd);
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

/* Read one line without echo; Ctrl-C is a key meanwhile. */
static sfi_status
pin_read_keys(struct terminal *t, const char *prompt, struct cli_pin *pin)
{
    char key = 0;
    sfi_status st = terminal_hide(t);

    if (st != SFI_OK)
        return st;
    terminal_print(t, prompt); /* earlier input was flushed */
    while (st == SFI_OK) {
        if (!terminal_read_hidden(t, &key) || key == KEY_INTERRUPT ||
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
    terminal_show(t);
    terminal_print(t, "\n");
    cli_wipe(&key, sizeof(key));
    return st;
}

/* The PIN is wiped before a signal ends the program. */
static sfi_status
pin_read_typed(struct terminal *t, const char *prompt, struct cli_pin *pin,
               struct cli_pin *before)
{
    sfi_status st;

    terminal_guard(t);
    st = pin_read_keys(t, prompt, pin);
    if (st != SFI_OK) {
        cli_pin_wipe(pin);
        if (before != NULL)
            cli_pin_wipe(before);
    }
    terminal_unguard(t);
    return st;
}

/* Ask once, or twice for a new PIN; *differ: the second one was another. */
static sfi_status
pin_ask_once(sfi_ctx *ctx, struct terminal *t, bool twice, struct cli_pin *pin,
             bool *differ)
{
    struct cli_pin again_secret = {{0}, 0};
    sfi_status st = pin_read_typed(t, twice ? "New PIN: " : "PIN: ", pin, NULL);

    if (st == SFI_OK && twice)
        st = pin_read_typed(t, "The same PIN again: ", &again_secret, pin);
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
pin_ask_on_terminal(sfi_ctx *ctx, struct terminal *t, bool twice,
                    struct cli_pin *pin)
{
    bool differ = false;
    sfi_status st = pin_ask_once(ctx, t, twice, pin, &differ);

    for (unsigned i = 1; i < PIN_ROUNDS && st == SFI_OK && differ; i++) {
        cli_pin_wipe(pin);
        terminal_print(t, "The two PINs differ: type both once more\n");
        st = pin_ask_once(ctx, t, twice, pin, &differ);
    }
    if (st == SFI_OK && differ)
        st = cli_report(ctx, SFI_ERR_HSM_PIN, "the two PINs differ");
    return st;
}

static sfi_status
pin_read_or_ask(const struct cli *c, sfi_ctx *ctx, const char *file,
                const char *option, bool twice, struct cli_pin *pin)
{
    struct terminal *t;
    sfi_status st;

    cli_pin_wipe(pin);
    if (file != NULL) {
        st = pin_read_from_file(c, ctx, file, pin);
    } else {
        t = terminal_open();
        if (t == NULL)
            return cli_report(ctx, SFI_ERR_HSM_PIN,
                              "no terminal to ask for the PIN; use %s", option);
        st = pin_ask_on_terminal(ctx, t, twice, pin);
        terminal_close(t);
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
    struct terminal *t = terminal_open();
    char answer[16];
    bool yes;

    if (t == NULL) {
        (void)cli_fail_text(c, SFI_ERR_CANCELLED,
                            "no terminal to ask \"%s\"; answer with %s",
                            question, option);
        return false;
    }
    (void)fflush(stdout);
    terminal_print(t, cli_visible(question));
    terminal_print(t, " (yes/no) ");
    yes = terminal_read_line(t, answer, sizeof(answer)) &&
          strcmp(answer, "yes") == 0;
    terminal_close(t);
    return yes;
}
