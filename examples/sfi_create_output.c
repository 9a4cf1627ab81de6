/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Where the image goes: to a file, or with "-" to standard output, which then
 * has nothing else. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sfi_create.h"

static bool
output_is_stdout(const struct cli *c)
{
    const char *out = cli_value(c, OPT_OUTFILE);

    return out != NULL && strcmp(out, "-") == 0;
}

int
create_open_output(struct job *j)
{
    j->out_fd = -1;
    if (!output_is_stdout(&j->cli))
        return 0;
    if (j->json)
        cli_usage(&j->cli, "-o -: --json has standard output: name a file");
    if (isatty(STDOUT_FILENO))
        cli_usage(&j->cli,
                  "-o -: the image is binary: redirect standard output");
    j->out_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (j->out_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return cli_fail_text(&j->cli, SFI_ERR_OS, "standard output: %s",
                             strerror(errno));
    return 0;
}

int
create_check_output(struct job *j)
{
    if (j->out_fd >= 0)
        return 0;
    return create_status(
        j, cli_check_output(j->ctx, cli_need(&j->cli, OPT_OUTFILE),
                            SFI_FILE_IMAGE, cli_has(&j->cli, OPT_FORCE)));
}

static sfi_status
write_to_stdout(void *user, const uint8_t *data, size_t len)
{
    struct job *j = user;
    char text[128];

    while (len > 0) {
        ssize_t put = write(j->out_fd, data, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            (void)snprintf(text, sizeof(text),
                           "standard output: cannot write: %s",
                           strerror(errno));
            sfi_ctx_report(j->ctx, SFI_ERR_OS, errno, text);
            return SFI_ERR_OS;
        }
        data += put;
        len -= (size_t)put;
    }
    return SFI_OK;
}

int
create_save_image(struct job *j)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    sfi_status st;

    if (j->out_fd >= 0)
        st = sfi_image_builder_write(j->builder, write_to_stdout, j);
    else
        st = sfi_image_builder_save(j->builder, out);
    if (st == SFI_OK)
        (void)printf("%s : %" PRIu64 " bytes\nSFI generation SUCCESS\n",
                     j->out_fd >= 0 ? "standard output" : cli_visible(out),
                     j->size);
    if (st == SFI_OK && j->json) {
        json_text(&j->out, "image", out);
        json_number(&j->out, "size", j->size);
    }
    return create_status(j, st);
}

int
create_close_output(struct job *j, int status)
{
    if (j->out_fd >= 0 && close(j->out_fd) != 0 && status == 0)
        status = cli_fail_text(&j->cli, SFI_ERR_OS, "standard output: %s",
                               strerror(errno));
    return status;
}
