/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* sfi-served: its command line, its start and its end. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "served/served.h"
#include "sfi_served_table.h"

void
notify_systemd(const char *line)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = name != NULL ? strlen(name) : 0;
    int fd;

    if (len < 2 || len >= sizeof(to.sun_path) ||
        (name[0] != '/' && name[0] != '@'))
        return;
    memcpy(to.sun_path, name, len);
    if (name[0] == '@')
        to.sun_path[0] = '\0'; /* a name of Linux that is in no folder */
    fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, line, strlen(line), MSG_NOSIGNAL,
                 (struct sockaddr *)(void *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

/* The names in the configuration are relative to its folder. */
static sfi_status
main_enter_folder(const struct cli *c, sfi_ctx *ctx, const char **path)
{
    const char *slash = strrchr(*path, '/');
    char *folder;
    sfi_status st = SFI_OK;

    if (slash == NULL)
        return SFI_OK;
    folder = cli_text(c, "%.*s", (int)(slash - *path) + 1, *path);
    if (chdir(folder) != 0)
        st = cli_report_os(ctx, errno, "%s: cannot enter", folder);
    free(folder);
    *path = slash + 1;
    return st;
}

static sfi_status
main_serve(const struct cli *c, sfi_ctx *ctx, const char *path)
{
    struct config *config = NULL;
    SSL_CTX *tls = NULL;
    sfi_status st = main_enter_folder(c, ctx, &path);

    if (st == SFI_OK)
        st = config_load(ctx, path, &config);
    if (st == SFI_OK)
        st = tls_load(ctx, config, &tls);
    if (st == SFI_OK && cli_has(c, OPT_CHECK_CONFIG)) {
        cli_print("%s: %zu firmwares, %zu sections of stations: all well\n",
                  path, config->firmware_count, config->station_count);
        tls_free(tls);
        config_free(config);
        return SFI_OK;
    }
    if (st != SFI_OK) {
        config_free(config);
        return st;
    }
    st = http_start(ctx, config, tls);
    if (st == SFI_OK)
        st = writers_start(c, ctx, config);
    if (st == SFI_OK)
        return http_run(ctx, path, config);
    writers_stop();
    config_free(config);
    return st;
}

static sfi_status
main_run(const struct cli *c, sfi_ctx *ctx)
{
    if (cli_has(c, OPT_NEW_CA))
        return ca_new(c, ctx, cli_value(c, OPT_NEW_CA));
    if (cli_has(c, OPT_NEW_STATION))
        return ca_issue(c, ctx, cli_value(c, OPT_CA),
                        cli_value(c, OPT_NEW_STATION), false);
    if (cli_has(c, OPT_NEW_SERVER))
        return ca_issue(c, ctx, cli_value(c, OPT_CA),
                        cli_value(c, OPT_NEW_SERVER), true);
    if (cli_has(c, OPT_REVOKE))
        return ca_revoke(c, ctx, cli_value(c, OPT_CA),
                         cli_value(c, OPT_REVOKE));
    return main_serve(c, ctx, cli_value(c, OPT_CONFIG));
}

int
main(int argc, char **argv)
{
    struct cli c;
    sfi_ctx *ctx;
    sfi_status st;

    cli_begin(&c, &sfi_served_spec, argc, argv);
    json_object_seed(0);
    ctx = cli_context(&c);
    st = main_run(&c, ctx);
    return cli_finish(&c, ctx, st == SFI_OK ? 0 : cli_fail(&c, ctx, st));
}
