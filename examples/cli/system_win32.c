/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Windows: descriptors, memory, the window, threads, files.  The manifest
 * (win32/program.manifest) makes UTF-8 of the words of the command line and of
 * all names. */
#include <errno.h>
#include <stdlib.h>
#include <windows.h>

#include <aclapi.h>

#include "cli/cli.h"
#include "cli/system.h"

/* ---- the process ---- */

/* A file or a pipe gets the bytes as they are written; the console gets UTF-8,
 * and draws what moves the cursor. */
static void
system_set_stream(int fd, DWORD which)
{
    HANDLE stream = GetStdHandle(which);
    DWORD mode;

    (void)_setmode(fd, _O_BINARY);
    if (GetConsoleMode(stream, &mode) && which != STD_INPUT_HANDLE)
        (void)SetConsoleMode(stream, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

void
cli_start(void)
{
    /* The wrong way round, so that what is printed there fails, and the exit
     * status tells that the output is lost. */
    static const int modes[] = {_O_WRONLY, _O_RDONLY, _O_RDONLY};
    static const DWORD streams[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
                                    STD_ERROR_HANDLE};

    _fmode = _O_BINARY;
    for (int fd = 0; fd <= 2; fd++) {
        if (_get_osfhandle(fd) < 0 && _open("NUL", modes[fd]) != fd)
            _exit(cli_exit_status(SFI_ERR_OS)); /* there is nowhere to say so */
        system_set_stream(fd, streams[fd]);
    }
    (void)SetConsoleOutputCP(CP_UTF8);
}

/* No window about a crash, which would keep the process and its memory, and no
 * report of it with a part of them. */
void
cli_hide_memory(void)
{
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX |
                       SEM_NOOPENFILEERRORBOX);
    cli_refuse_debuggers();
}

/* ---- the window ---- */

bool
system_is_terminal(FILE *stream)
{
    DWORD mode;

    return GetConsoleMode((HANDLE)_get_osfhandle(_fileno(stream)), &mode) != 0;
}

bool
system_get_window(FILE *out, struct system_window *w)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE stream = (HANDLE)_get_osfhandle(_fileno(out));

    if (!GetConsoleScreenBufferInfo(stream, &info))
        return false;
    w->columns = (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
    w->rows = (unsigned)(info.srWindow.Bottom - info.srWindow.Top + 1);
    return true;
}

/* Since Windows 10 (1607). */
bool
system_can_redraw(void)
{
    DWORD mode;

    return GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), &mode) &&
           (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

bool
system_has_utf8(void)
{
    return GetConsoleOutputCP() == CP_UTF8;
}

/* ---- threads ---- */

int
system_start_thread(pthread_t *out, void *(*run)(void *user), void *user)
{
    return pthread_create(out, NULL, run, user);
}

/* ---- files ---- */

static bool
system_is_for_all(ACL *list, DWORD i)
{
    ACCESS_ALLOWED_ACE *ace;
    PSID who;

    if (!GetAce(list, i, (void **)&ace) ||
        ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
        (ace->Header.AceFlags & INHERIT_ONLY_ACE) != 0 ||
        (ace->Mask & (FILE_READ_DATA | GENERIC_READ | GENERIC_ALL)) == 0)
        return false;
    who = (PSID)&ace->SidStart;
    return IsWellKnownSid(who, WinWorldSid) ||
           IsWellKnownSid(who, WinAuthenticatedUserSid) ||
           IsWellKnownSid(who, WinBuiltinUsersSid);
}

void
system_warn_of_mode(const struct cli *c, const char *path, int fd)
{
    HANDLE file = (HANDLE)_get_osfhandle(fd);
    PSECURITY_DESCRIPTOR all = NULL;
    ACL *list = NULL;
    bool warns;

    if (GetFileType(file) != FILE_TYPE_DISK ||
        GetSecurityInfo(file, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL,
                        NULL, &list, NULL, &all) != 0)
        return;
    warns = list == NULL; /* everybody has all rights */
    for (DWORD i = 0; list != NULL && i < list->AceCount; i++)
        warns = system_is_for_all(list, i) || warns;
    (void)LocalFree(all);
    if (warns)
        cli_warn(c->spec->program,
                 "warning: %s: every user can read this PIN (by its access "
                 "list): icacls FILE /inheritance:r /grant:r "
                 "\"%%USERNAME%%:F\"",
                 path);
}

/* What a file is, whatever its name; false: none is there, or no file. */
static bool
system_identify(const char *path, BY_HANDLE_FILE_INFORMATION *info)
{
    int fd = _open(path, _O_RDONLY | _O_BINARY | _O_NOINHERIT);
    bool known = false;

    if (fd < 0)
        return false;
    known = GetFileInformationByHandle((HANDLE)_get_osfhandle(fd), info);
    (void)_close(fd);
    return known;
}

bool
cli_is_same_file(const char *a, const char *b)
{
    BY_HANDLE_FILE_INFORMATION s, t;

    return system_identify(a, &s) && system_identify(b, &t) &&
           s.dwVolumeSerialNumber == t.dwVolumeSerialNumber &&
           s.nFileIndexHigh == t.nFileIndexHigh &&
           s.nFileIndexLow == t.nFileIndexLow;
}
