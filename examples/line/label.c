/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Labels: a template of ZPL whose ${names} become a board's values.
 *
 * A value is foreign text: a scanner's, or a port's.  In a field of data (^FD,
 * ^FV) behind ^FH every byte that could be a command is written by its number;
 * elsewhere only harmless characters are taken. */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line/line.h"

#define TEMPLATE_MAX 65536u
#define LABEL_MODE 0644u
#define LABEL_PATH_MAX 4352
#define LABEL_NAME_MAX 32u

struct label {
    struct line *l;
    const sfi_board *board;
    FILE *out;
    unsigned line; /* of the template */
    bool in_field; /* between ^FD and ^FS */
    char hex;      /* what ^FH makes an escape begin with; 0: none */
    sfi_status st;
};

/* ---- values ---- */

static const char *
label_value(const sfi_board *b, const char *name, char number[32])
{
    time_t at = (time_t)b->ended;
    struct tm utc;

    number[0] = '\0';
    if (strcmp(name, "serial") == 0)
        return b->serial;
    if (strcmp(name, "device") == 0)
        return b->device_id;
    if (strcmp(name, "port") == 0)
        return b->port;
    if (strcmp(name, "chip") == 0)
        return b->chip;
    if (strcmp(name, "board") == 0)
        (void)snprintf(number, 32, "%" PRIu64, b->number);
    else if (strcmp(name, "version") == 0)
        (void)snprintf(number, 32, "%" PRIu32, b->image_version);
    else if (strcmp(name, "time") == 0 && gmtime_r(&at, &utc) != NULL)
        (void)strftime(number, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
    else
        return NULL;
    return number;
}

static void
label_fail(struct label *t, const char *name, const char *why)
{
    if (t->st == SFI_OK)
        t->st = cli_report(t->l->p->ctx, SFI_ERR_FORMAT, "%.200s:%u: %.40s: %s",
                           t->l->label, t->line, name, why);
}

static void
label_put_value(struct label *t, const char *name, const char *value)
{
    static const char harmless[] = " .,:;/()+-=%#*!?@&'\"<>";

    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = c < 0x80 && (isalnum(c) || (t->in_field && c != '\0' &&
                                                 strchr(harmless, c) != NULL));

        if ((plain || (!t->in_field && strchr("-._", c) != NULL) ||
             (t->in_field && t->hex == 0 && c == '_')) &&
            c != (unsigned char)t->hex)
            (void)fputc(c, t->out);
        else if (t->in_field && t->hex != 0)
            (void)fprintf(t->out, "%c%02X", t->hex, c);
        else
            label_fail(t, name,
                       t->in_field ? "the value has a character that ZPL could "
                                     "take for a command: put ^FH before the "
                                     "^FD of this field"
                                   : "outside a field (^FD ... ^FS) only "
                                     "letters and digits can stand");
    }
}

/* ---- the template ---- */

/* ${name}, of which `at` is the dollar; returns what is behind it. */
static const char *
label_put_name(struct label *t, const char *at)
{
    char name[LABEL_NAME_MAX], number[32];
    size_t len = strcspn(at + 2, "}\n");
    const char *value;

    if (at[2 + len] != '}' || len >= sizeof(name)) {
        label_fail(t, "${", "the name has no end }");
        return at + 1;
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)len, at + 2);
    value = label_value(t->board, name, number);
    if (value == NULL)
        label_fail(t, name,
                   "unknown, expected ${serial}, ${device}, ${board}, ${time}, "
                   "${port}, ${chip} or ${version}");
    else
        label_put_value(t, name, value);
    return at + 3 + len;
}

/* A command changes what a value may be; what changes the characters that begin
 * one would hide commands from us. */
static void
label_see_command(struct label *t, const char *at)
{
    char word[3] = {(char)toupper((unsigned char)at[1]), '\0', '\0'};

    if (at[1] != '\0')
        word[1] = (char)toupper((unsigned char)at[2]);
    if (strcmp(word, "CC") == 0 || strcmp(word, "CT") == 0)
        label_fail(t, word, "a label may not change the prefix of commands");
    if (*at == '~')
        return;
    if (strcmp(word, "FH") == 0) {
        t->hex = at[3];
        if (t->hex == '\0' || strchr("^\r\n", t->hex) != NULL)
            t->hex = '_';
    }
    if (strcmp(word, "FD") == 0 || strcmp(word, "FV") == 0)
        t->in_field = true;
    if (strcmp(word, "FS") == 0 || strcmp(word, "XZ") == 0) {
        t->in_field = false;
        t->hex = 0;
    }
}

char *
line_label_text(struct line *l, const sfi_board *b)
{
    struct label t = {.l = l, .board = b, .line = 1};
    char *text = NULL;
    size_t size;

    t.out = open_memstream(&text, &size);
    if (t.out == NULL)
        cli_nomem(l->p->cli.spec->program);
    for (const char *at = l->zpl; *at != '\0';) {
        if (at[0] == '$' && at[1] == '{') {
            at = label_put_name(&t, at);
            continue;
        }
        if (*at == '^' || *at == '~')
            label_see_command(&t, at);
        t.line += *at == '\n';
        (void)fputc(*at++, t.out);
    }
    if (fclose(t.out) != 0)
        cli_nomem(l->p->cli.spec->program);
    if (t.st == SFI_OK)
        return text;
    free(text);
    return NULL;
}

/* ---- where it goes ---- */

static bool
label_is_folder(const struct line *l)
{
    return l->label_fd < 0;
}

static sfi_status
label_read_template(struct line *l)
{
    int fd;
    ssize_t len = 0, got = 1;
    sfi_status st = cli_open(l->p->ctx, l->label, O_RDONLY, 0, &fd);

    if (st != SFI_OK)
        return st;
    l->zpl = calloc(1, TEMPLATE_MAX + 1);
    if (l->zpl == NULL)
        cli_nomem(l->p->cli.spec->program);
    while (got > 0 && (size_t)len < TEMPLATE_MAX) {
        got = read(fd, l->zpl + len, TEMPLATE_MAX - (size_t)len);
        len += got > 0 ? got : 0;
    }
    (void)close(fd);
    if (got < 0)
        return cli_report_os(l->p->ctx, errno, "%.250s: cannot read", l->label);
    if ((size_t)len == TEMPLATE_MAX || strlen(l->zpl) != (size_t)len)
        return cli_report(l->p->ctx, SFI_ERR_FORMAT,
                          "%.250s: this is no template: expected a text of "
                          "less than %u bytes",
                          l->label, TEMPLATE_MAX);
    return SFI_OK;
}

/* A printer, a pipe to a spooler, a file, or a descriptor that is open. */
static sfi_status
label_open_output(struct line *l)
{
    uint64_t fd;
    sfi_status st;

    if (strncmp(l->label_output, "fd:", 3) == 0) {
        if (!cli_number(l->label_output + 3, 1023, &fd) || fd < 3 ||
            fcntl((int)fd, F_GETFL) < 0)
            return cli_report(l->p->ctx, SFI_ERR_RANGE,
                              "%.40s: this is no open descriptor from 3 on",
                              l->label_output);
        l->label_fd = (int)fd;
        return SFI_OK;
    }
    st = cli_open(l->p->ctx, l->label_output,
                  O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, LABEL_MODE,
                  &l->label_fd);
    if (st == SFI_OK)
        (void)fcntl(l->label_fd, F_SETFL, O_APPEND);
    return st;
}

sfi_status
line_label_open(struct line *l)
{
    const sfi_board empty = {.struct_size = sizeof(empty),
                             .port = "",
                             .serial = "",
                             .device_id = "",
                             .chip = ""};
    char *text;
    sfi_status st = SFI_OK;

    l->label_fd = -1;
    if (l->label == NULL)
        return SFI_OK;
    st = label_read_template(l);
    if (st != SFI_OK)
        return st;
    text = line_label_text(l, &empty);
    if (text == NULL)
        return sfi_error_status(sfi_ctx_error(l->p->ctx));
    free(text);
    if (cli_is_folder(l->label_output))
        return SFI_OK;
    return label_open_output(l);
}

static sfi_status
label_write(struct line *l, int fd, const char *text, const char *path)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t put = write(fd, text, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return cli_report_os(l->p->ctx, errno, "%.250s: cannot write",
                                 path);
        text += put;
        len -= (size_t)put;
    }
    return SFI_OK;
}

/* A file for each label has its name when it is whole: twice is once. */
static sfi_status
label_save(struct line *l, uint64_t number, const char *text)
{
    char path[LABEL_PATH_MAX], temp[LABEL_PATH_MAX + 8];
    int fd;
    sfi_status st;

    (void)snprintf(path, sizeof(path), "%.4096s/%06" PRIu64 ".zpl",
                   l->label_output, number);
    (void)snprintf(temp, sizeof(temp), "%s.new", path);
    (void)unlink(temp);
    st =
        cli_open(l->p->ctx, temp, O_WRONLY | O_CREAT | O_EXCL, LABEL_MODE, &fd);
    if (st != SFI_OK)
        return st;
    st = label_write(l, fd, text, temp);
    if (st == SFI_OK && fsync(fd) != 0)
        st = cli_report_os(l->p->ctx, errno, "%.250s: cannot write", temp);
    (void)close(fd);
    if (st == SFI_OK && rename(temp, path) != 0)
        st = cli_report_os(l->p->ctx, errno, "%.250s: cannot write", path);
    return st;
}

sfi_status
line_label_print(struct line *l, uint64_t number)
{
    sfi_board b;
    char *text;
    sfi_status st;

    if (l->label == NULL || !line_get(l, number, &b) ||
        b.state != SFI_BOARD_DONE || b.label == 2)
        return SFI_OK;
    if (b.label == 1 && !label_is_folder(l)) {
        cli_warn(l->p->cli.spec->program,
                 "board %" PRIu64 ": its label was being printed when the "
                 "station was interrupted: look whether it was",
                 number);
        return SFI_OK;
    }
    text = line_label_text(l, &b);
    if (text == NULL)
        return sfi_error_status(sfi_ctx_error(l->p->ctx));
    st = sfi_boards_label(l->boards, number, 0);
    if (st == SFI_OK) {
        st = label_is_folder(l)
                 ? label_save(l, number, text)
                 : label_write(l, l->label_fd, text, l->label_output);
        if (st == SFI_OK)
            st = sfi_boards_label(l->boards, number, 1);
    }
    if (st != SFI_OK && sfi_ctx_error(l->ctx) != NULL &&
        sfi_error_status(sfi_ctx_error(l->ctx)) == st)
        st = program_take_error(l->p, l->ctx, st);
    free(text);
    return st;
}
