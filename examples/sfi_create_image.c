/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The image: made in memory, read back, and then written as it was read: to a
 * file, or with "-" to standard output, which then has nothing else. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "sfi_create.h"

int
create_open_output(struct job *j)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    int fd;

    if (out == NULL || strcmp(out, "-") != 0)
        return 0;
    if (j->json)
        cli_usage(&j->cli, "-o -: --json has standard output: name a file");
    if (isatty(STDOUT_FILENO))
        cli_usage(&j->cli,
                  "-o -: the image is binary: redirect standard output");
    fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    j->image_out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (j->image_out == NULL || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return cli_fail_text(&j->cli, SFI_ERR_OS, "standard output: %s",
                             strerror(errno));
    return 0;
}

int
create_check_output(struct job *j)
{
    if (j->image_out != NULL)
        return 0;
    return create_status(
        j, cli_check_output(j->ctx, cli_need(&j->cli, OPT_OUTFILE),
                            SFI_FILE_IMAGE, cli_has(&j->cli, OPT_FORCE)));
}

static void
print_areas(const sfi_layout *l)
{
    sfi_layout_area a = {.struct_size = sizeof(a)};
    size_t count = sfi_layout_area_count(l);

    (void)printf("Image : protocol version 1, %zu areas\n", count);
    for (size_t i = 0; sfi_layout_get_area(l, i, &a) == SFI_OK; i++)
        (void)printf("  area %zu : %c, 0x%08" PRIx64 ", %" PRIu64 " bytes\n",
                     i + 1, (char)a.kind, a.address, a.size);
}

int
create_make_image(struct job *j)
{
    FILE *f = open_memstream(&j->image, &j->size);
    sfi_layout *l = NULL;
    sfi_status st;

    if (f == NULL)
        cli_nomem(j->cli.spec->program);
    st = sfi_image_builder_write(j->builder, cli_write, f);
    if (fclose(f) != 0)
        cli_nomem(j->cli.spec->program);
    if (st == SFI_OK)
        st = sfi_image_layout(j->ctx, j->chip, (const uint8_t *)j->image,
                              j->size, j->key, j->nonce, &l);
    if (st == SFI_OK)
        print_areas(l);
    sfi_layout_free(l);
    return create_status(j, st);
}

static int
write_to_stdout(const struct job *j)
{
    if (fwrite(j->image, 1, j->size, j->image_out) == j->size &&
        fclose(j->image_out) == 0)
        return 0;
    return cli_fail_text(&j->cli, SFI_ERR_OS,
                         "standard output: cannot write: %s", strerror(errno));
}

int
create_save_image(struct job *j)
{
    const char *out = cli_value(&j->cli, OPT_OUTFILE);
    uint32_t flags = cli_has(&j->cli, OPT_FORCE) ? SFI_REPLACE : 0;
    int status;

    if (j->image_out != NULL)
        status = write_to_stdout(j);
    else
        status =
            create_status(j, sfi_ctx_save_output(j->ctx, out, SFI_FILE_IMAGE,
                                                 flags, j->image, j->size));
    if (status != 0)
        return status;
    (void)printf("%s : %zu bytes\nSFI generation SUCCESS\n",
                 j->image_out != NULL ? "standard output" : cli_visible(out),
                 j->size);
    if (j->json) {
        json_text(&j->out, "image", out);
        json_number(&j->out, "size", j->size);
    }
    return 0;
}
