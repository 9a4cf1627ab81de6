/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Your own HSM: install a chip with a licence from a licence server.
 *
 *     custom-hsm SOCKET IMAGE.sfi serial:PORT
 *
 * sfi_hsm_open_custom() takes a table of functions.  An install calls only
 * `license`, which here asks license_server.c over a Unix socket.  All numbers
 * are little-endian: request  session id (4 bytes, 0 for a static licence),
 * certificate (136) reply    0 or an sfi_status without its sign (2), length
 * (2), and the licence or the error message Over a network this protocol needs
 * protection: see doc/threat-model.md. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <sfi/sfi.h>

#define TIMEOUT_S 10 /* for a server that does not reply */
#define MESSAGE_MAX 255u

struct server {
    sfi_ctx *ctx;
    struct sockaddr_un address;
};

/* Set the message of the error that is returned: every function of a table does
 * so. */
static sfi_status
server_fail(struct server *s, sfi_status st, const char *message)
{
    sfi_ctx_report(s->ctx, st, 0, message);
    return st;
}

static int
server_receive(int fd, void *buf, size_t len)
{
    return recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

/* Never trust the server: check every length, and make its text printable.
 * libsfi checks the licence's form, the chip its content. */
static sfi_status
server_read_reply(struct server *s, int fd, uint8_t *out, size_t *out_len)
{
    char message[MESSAGE_MAX + 1] = "";
    uint8_t head[4] = {0};
    int there = server_receive(fd, head, sizeof(head));
    int code = head[0] | head[1] << 8;
    size_t len = (size_t)(head[2] | head[3] << 8);

    if (there && code == 0 && len <= *out_len && server_receive(fd, out, len)) {
        *out_len = len;
        return SFI_OK;
    }
    if (!there || code == 0 || len > MESSAGE_MAX ||
        !server_receive(fd, message, len))
        return server_fail(s, SFI_ERR_IO,
                           "the licence server closed the connection");
    for (size_t i = 0; i < len; i++)
        message[i] = message[i] >= ' ' && message[i] <= '~' ? message[i] : '?';
    return server_fail(s, -code, message);
}

static sfi_status
server_get_license(void *user, const uint8_t *cert, size_t cert_len,
                   uint32_t session, uint8_t *out, size_t *out_len)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    uint8_t request[4 + SFI_CERTIFICATE_LEN];
    struct server *s = user;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sfi_status st;

    for (int i = 0; i < 4; i++)
        request[i] = (uint8_t)(session >> 8 * i);
    memcpy(request + 4, cert,
           cert_len); /* libsfi always passes SFI_CERTIFICATE_LEN */
    if (fd < 0 || connect(fd, (void *)&s->address, sizeof(s->address)) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
        send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
        st = server_fail(s, SFI_ERR_IO, "the licence server cannot be reached");
    else
        st = server_read_reply(s, fd, out, out_len);
    if (fd >= 0)
        close(fd);
    return st;
}

int
main(int argc, char **argv)
{
    sfi_hsm_ops ops = {.struct_size = sizeof(ops),
                       .license = server_get_license};
    struct server s = {.address = {.sun_family = AF_UNIX}};
    sfi_hsm *hsm = NULL;
    sfi_transport *tp = NULL;
    sfi_installer *in = NULL;
    sfi_status st;
    int fd;

    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue; /* or the chip would read what is printed */
    close(fd);
    if (argc != 4 || strlen(argv[1]) >= sizeof(s.address.sun_path) ||
        sfi_ctx_new(NULL, &s.ctx) != SFI_OK)
        return 64;
    memcpy(s.address.sun_path, argv[1], strlen(argv[1]));
    if ((st = sfi_hsm_open_custom(s.ctx, &ops, &s, &hsm)) == SFI_OK &&
        (st = sfi_transport_open(s.ctx, argv[3], &tp)) == SFI_OK &&
        (st = sfi_installer_new(s.ctx, NULL, &in)) == SFI_OK &&
        (st = sfi_installer_set_image_file(in, argv[2])) == SFI_OK &&
        (st = sfi_installer_set_transport(in, tp)) == SFI_OK &&
        (st = sfi_installer_set_hsm(in, hsm)) == SFI_OK)
        st = sfi_installer_run(in);
    if (st != SFI_OK)
        fprintf(stderr, "%s: %s\n", sfi_status_name(st),
                sfi_error_message(sfi_ctx_error(s.ctx)));
    sfi_installer_free(in); /* handles may be NULL, and freed in any order */
    sfi_transport_free(tp);
    sfi_hsm_free(hsm);
    sfi_ctx_free(s.ctx);
    return st == SFI_OK ? 0 : 1;
}
