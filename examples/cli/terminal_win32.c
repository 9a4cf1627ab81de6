/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The console of Windows, and what ends a program there. */
#include <signal.h>
#include <string.h>
#include <windows.h>

#include "cli/cli.h"
#include "cli/system.h"

#define LOOK_MS 100u
#define UTF8_MAX 4 /* bytes of a character, which has up to two units */
#define LINE_MAX_UNITS 256u
#define ENTER L'\r'

static volatile LONG noted_event; /* 1 + CTRL_*_EVENT; 0: none */

struct terminal {
    HANDLE in, out;
    DWORD shown;
    wchar_t unit_secret[2];
    char bytes_secret[UTF8_MAX]; /* of a character that was typed */
    int len, at;
};

static HANDLE
terminal_open_console(const wchar_t *name)
{
    return CreateFileW(name, GENERIC_READ | GENERIC_WRITE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                       0, NULL);
}

struct terminal *
terminal_open(void)
{
    static struct terminal the_one;
    struct terminal *t = &the_one;

    *t = (struct terminal){.in = terminal_open_console(L"CONIN$"),
                           .out = terminal_open_console(L"CONOUT$")};
    if (t->in != INVALID_HANDLE_VALUE && t->out != INVALID_HANDLE_VALUE &&
        GetConsoleMode(t->in, &t->shown))
        return t;
    terminal_close(t);
    return NULL;
}

void
terminal_close(struct terminal *t)
{
    if (t->in != INVALID_HANDLE_VALUE)
        (void)CloseHandle(t->in);
    if (t->out != INVALID_HANDLE_VALUE)
        (void)CloseHandle(t->out);
    cli_wipe(t, sizeof(*t));
}

/* The console shows UTF-8 since cli_start(). */
void
terminal_print(const struct terminal *t, const char *text)
{
    DWORD written;

    (void)WriteFile(t->out, text, (DWORD)strlen(text), &written, NULL);
}

/* ---- keys that are not shown ---- */

static BOOL WINAPI
terminal_note_event(DWORD event)
{
    (void)InterlockedExchange(&noted_event, (LONG)event + 1);
    return TRUE;
}

void
terminal_guard(struct terminal *t)
{
    (void)t;
    (void)InterlockedExchange(&noted_event, 0);
    (void)SetConsoleCtrlHandler(terminal_note_event, TRUE);
}

void
terminal_unguard(struct terminal *t)
{
    (void)t;
    (void)SetConsoleCtrlHandler(terminal_note_event, FALSE);
    if (noted_event != 0)
        (void)GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, 0);
}

sfi_status
terminal_hide(struct terminal *t)
{
    const DWORD unseen =
        t->shown & ~(DWORD)(ENABLE_ECHO_INPUT | ENABLE_LINE_INPUT |
                            ENABLE_PROCESSED_INPUT);

    if (!SetConsoleMode(t->in, unseen) || !FlushConsoleInputBuffer(t->in))
        return SFI_ERR_OS;
    return SFI_OK;
}

void
terminal_show(struct terminal *t)
{
    (void)FlushConsoleInputBuffer(t->in);
    (void)SetConsoleMode(t->in, t->shown);
    cli_wipe(t->unit_secret, sizeof(t->unit_secret));
    cli_wipe(t->bytes_secret, sizeof(t->bytes_secret));
}

/* What comes besides keys, as the window's size or a key that is released, is
 * left out.  False: the input ended, or the program has to. */
static bool
terminal_read_unit(struct terminal *t, wchar_t *unit_secret)
{
    INPUT_RECORD record_secret = {0};
    DWORD count = 0;
    bool ok = true;

    *unit_secret = 0;
    while (ok && *unit_secret == 0 && noted_event == 0) {
        if (WaitForSingleObject(t->in, LOOK_MS) == WAIT_TIMEOUT)
            continue;
        ok = ReadConsoleInputW(t->in, &record_secret, 1, &count) && count == 1;
        if (ok && record_secret.EventType == KEY_EVENT &&
            record_secret.Event.KeyEvent.bKeyDown)
            *unit_secret = record_secret.Event.KeyEvent.uChar.UnicodeChar;
    }
    cli_wipe(&record_secret, sizeof(record_secret));
    return ok && noted_event == 0;
}

static bool
terminal_read_character(struct terminal *t)
{
    int units = 1;

    if (!terminal_read_unit(t, &t->unit_secret[0]))
        return false;
    if (IS_HIGH_SURROGATE(t->unit_secret[0])) {
        if (!terminal_read_unit(t, &t->unit_secret[1]))
            return false;
        units = 2;
    }
    t->at = 0;
    t->len = WideCharToMultiByte(CP_UTF8, 0, t->unit_secret, units,
                                 t->bytes_secret, UTF8_MAX, NULL, NULL);
    return t->len > 0;
}

bool
terminal_read_hidden(struct terminal *t, char *byte_secret)
{
    if (t->at == t->len && !terminal_read_character(t))
        return false;
    *byte_secret = t->bytes_secret[t->at++];
    return true;
}

bool
terminal_read_line(struct terminal *t, char *line, size_t size)
{
    wchar_t wide[LINE_MAX_UNITS];
    DWORD units = 0;
    int len;

    if (!ReadConsoleW(t->in, wide, LINE_MAX_UNITS, &units, NULL) || units == 0)
        return false;
    while (units > 0 && (wide[units - 1] == L'\n' || wide[units - 1] == L'\r'))
        units--;
    len = WideCharToMultiByte(CP_UTF8, 0, wide, (int)units, line, (int)size - 1,
                              NULL, NULL);
    line[len] = '\0';
    return len > 0 || units == 0;
}

/* ---- signals ---- */

static void (*event_handler)(int signum);

/* Windows ends the process when this returns for the last three, and after some
 * seconds in any case: the main thread ends it first. */
static BOOL WINAPI
terminal_handle_event(DWORD event)
{
    event_handler(SIGINT);
    if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
        Sleep(INFINITE);
    return TRUE;
}

void
cli_handle_signals(void (*handler)(int signum))
{
    if (event_handler != NULL)
        (void)SetConsoleCtrlHandler(terminal_handle_event, FALSE);
    event_handler = handler != SIG_DFL ? handler : NULL;
    if (event_handler != NULL)
        (void)SetConsoleCtrlHandler(terminal_handle_event, TRUE);
}
