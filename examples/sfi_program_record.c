/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-program --record: append lines that survive a power cut. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sfi_program_record.h"

/* The name of a new file is durable once its folder is synced. */
static int
record_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name =
        slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int fd = name != NULL ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    int status = fd >= 0 && fsync(fd) == 0 ? 0 : -1;
    int err = errno;

    if (fd >= 0)
        (void)close(fd);
    free(name);
    errno = err;
    return status;
}

/* A record is longer than no line of these; what is longer is something else.
 */
#define RECORD_TAIL ((off_t)64 * 1024)
#define RECORD_BEGIN "{\"time\""

static bool
record_begins_at(const char *text, size_t len)
{
    size_t n = strlen(RECORD_BEGIN);

    return memcmp(text, RECORD_BEGIN, len < n ? len : n) == 0;
}

/* Is the last line a record, or what a power cut left of one? */
static bool
record_ends_text(const char *text, size_t len, bool whole_file)
{
    size_t end = len; /* of the last line that is complete */
    size_t begin;

    while (end > 0 && text[end - 1] != '\n')
        end--;
    if (end < len && !record_begins_at(text + end, len - end))
        return false;
    if (end == 0)
        return whole_file;
    end--;
    begin = end;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    if (begin == 0 && !whole_file)
        return false;
    return end > begin && record_begins_at(text + begin, end - begin);
}

/* An empty file, or one of records. */
static bool
record_fits_file(int fd, off_t size)
{
    off_t from = size > RECORD_TAIL ? size - RECORD_TAIL : 0;
    size_t len = (size_t)(size - from);
    char *text = malloc(len + 1);
    size_t got = 0;
    bool fits = false;

    while (text != NULL && got < len) {
        ssize_t n = pread(fd, text + got, len - got, from + (off_t)got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    if (text != NULL && got == len)
        fits = len == 0 || record_ends_text(text, len, from == 0);
    free(text);
    return fits;
}

static int
record_refuse_file(const struct cli *c, int *fd, sfi_status st,
                   const char *path, const char *why)
{
    (void)close(*fd);
    *fd = -1;
    return cli_fail_text(c, st, "%s: %s", path, why);
}

int
record_open(const struct cli *c, sfi_ctx *ctx, const char *path, int *fd)
{
    struct stat info = {.st_size = 0};
    int status = cli_open(c, ctx, path,
                          O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK, 0644, fd);
    int err;

    if (status != 0)
        return status;
    if (fstat(*fd, &info) == 0 && !S_ISREG(info.st_mode)) {
        return record_refuse_file(
            c, fd, SFI_ERR_OS, path,
            "not a regular file, so it cannot hold records");
    }
    if (!record_fits_file(*fd, info.st_size))
        return record_refuse_file(c, fd, SFI_ERR_FORMAT, path,
                                  "its last line is not a record of this "
                                  "option: choose another name");
    if (record_sync_folder(path) == 0)
        return 0;
    err = errno;
    (void)close(*fd);
    *fd = -1;
    return cli_fail_text(c,
                         err == EACCES || err == EPERM || err == EROFS
                             ? SFI_ERR_ACCESS
                             : SFI_ERR_OS,
                         "%s: cannot write: %s", path, strerror(err));
}

static int
record_lock_file(int fd, short type)
{
    struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
    int got;

    do {
        got = fcntl(fd, F_SETLKW, &whole);
    } while (got != 0 && errno == EINTR);
    return got;
}

static int
record_write_bytes(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        len -= (size_t)put;
    }
    return 0;
}

/* A power cut inside a line leaves no newline: the fragment gets one first. */
static int
record_write_line(int fd, off_t end, const char *line, size_t len)
{
    char last = '\n';

    if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
        return -1;
    if (last != '\n' && record_write_bytes(fd, "\n", 1) != 0)
        return -1;
    return record_write_bytes(fd, line, len) == 0 && fsync(fd) == 0 ? 0 : -1;
}

int
record_append(int fd, const char *line, size_t len)
{
    struct stat st;
    int err = 0;

    if (record_lock_file(fd, F_WRLCK) != 0)
        return errno;
    if (fstat(fd, &st) != 0) {
        err = errno;
    } else if (record_write_line(fd, st.st_size, line, len) != 0) {
        err = errno;
        if (ftruncate(fd, st.st_size) != 0)
            err = errno; /* a fragment stays; the next append ends it */
    }
    (void)record_lock_file(fd, F_UNLCK);
    return err;
}

static void
record_write_time(struct json *j)
{
    char text[32] = "";
    time_t now = time(NULL);
    struct tm utc;

    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_text(j, "time", text);
}

/* The files that the chip got, and how. */
static void
record_write_files(struct json *j, const struct program *p)
{
    const struct cli_use *use = cli_next(&p->cli, OPT_WRITE, NULL);

    if (cli_has(&p->cli, OPT_SFI)) {
        json_text(j, "image", cli_value(&p->cli, OPT_SFI));
        json_text(j, "protocol", p->live ? "live" : "static");
    }
    if (use == NULL)
        return;
    json_array(j, "files");
    for (; use != NULL; use = cli_next(&p->cli, OPT_WRITE, use))
        json_text(j, NULL, use->value[0]);
    json_close(j);
}

int
record_station(int fd, struct station *s)
{
    char *line = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&line, &len);
    struct json j;
    int err;

    if (f == NULL)
        return errno;
    json_init_line(&j, f);
    json_object(&j, NULL);
    record_write_time(&j);
    record_write_files(&j, s->p);
    station_write_result(s, &j);
    json_close(&j);
    err = fclose(f) == 0 ? record_append(fd, line, len) : errno;
    free(line);
    return err;
}

int
record_fail(const struct station *s, int err)
{
    return cli_fail_text(&s->p->cli, SFI_ERR_OS,
                         "%s: cannot write the record of %s (%s): %s",
                         cli_value(&s->p->cli, OPT_RECORD), s->port,
                         station_result_word(s), strerror(err));
}
