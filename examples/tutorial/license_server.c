/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A licence server: one HSM at the OEM for programming stations without one.
 *
 *     license-server SOCKET HSM PIN-FILE
 *
 * It serves custom_hsm.c, where the protocol is described, one station after
 * the other.  Only processes of the same user can connect to the socket; over a
 * network it needs protection: see doc/threat-model.md. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <sfi/sfi.h>

#define TIMEOUT_S 2 /* for a station that connects and sends nothing */
#define MESSAGE_MAX 255u

static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* Safe at any moment: the HSM stores the count before it returns a licence. */
static void
remove_socket_and_exit(int signum)
{
    (void)signum;
    unlink(address.sun_path);
    _exit(0);
}

static void
station_send_reply(int fd, sfi_status st, const void *data, size_t len)
{
    uint8_t out[4 + MESSAGE_MAX] = {(uint8_t)-st, (uint8_t)(-st >> 8)};

    len = len < MESSAGE_MAX ? len : MESSAGE_MAX;
    out[2] = (uint8_t)len;
    memcpy(out + 4, data, len);
    send(fd, out, 4 + len,
         MSG_NOSIGNAL); /* if it gets lost, the station asks again */
}

/* The HSM verifies the certificate and counts the device; this only forwards.
 */
static void
station_serve(sfi_ctx *ctx, sfi_hsm *hsm, int fd)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    uint8_t request[4 + SFI_CERTIFICATE_LEN];
    sfi_certificate *cert = NULL;
    sfi_license *lic = NULL;
    uint32_t session = 0;
    const char *why;
    sfi_status st;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (recv(fd, request, sizeof(request), MSG_WAITALL) != sizeof(request))
        return;
    st = sfi_certificate_parse(ctx, request + 4, SFI_CERTIFICATE_LEN, &cert);
    for (int i = 0; i < 4; i++)
        session |= (uint32_t)request[i] << 8 * i;
    if (st == SFI_OK)
        st = session == 0
                 ? sfi_hsm_generate_license(hsm, cert, &lic)
                 : sfi_hsm_generate_live_license(hsm, cert, session, &lic);
    why = sfi_error_message(sfi_ctx_error(ctx));
    printf("device %s: %s\n", sfi_certificate_device_id(cert),
           st == SFI_OK ? "licensed" : why);
    if (st == SFI_OK)
        station_send_reply(fd, st, sfi_license_data(lic, NULL),
                           SFI_LICENSE_LEN);
    else
        station_send_reply(fd, st, why, strlen(why));
    sfi_license_free(lic);
    sfi_certificate_free(cert);
}

static sfi_status
login_with_pin_file(sfi_ctx *ctx, sfi_hsm *hsm, const char *path)
{
    char pin_secret[130] = "";
    FILE *f = sfi_ctx_check_path(ctx, path) == SFI_OK ? fopen(path, "r") : NULL;
    sfi_status st = SFI_ERR_OS;

    if (f != NULL && fgets(pin_secret, sizeof(pin_secret), f) != NULL)
        st = sfi_hsm_login(hsm, pin_secret, strcspn(pin_secret, "\r\n"));
    for (volatile char *c = pin_secret; c < pin_secret + sizeof(pin_secret);)
        *c++ = 0;
    if (f != NULL)
        fclose(f);
    return st;
}

int
main(int argc, char **argv)
{
    int fd, listener;
    sfi_hsm *hsm = NULL;
    sfi_ctx *ctx;

    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue; /* or a station would read what is printed */
    close(fd);
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (argc != 4 || strlen(argv[1]) >= sizeof(address.sun_path) ||
        sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return 64;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    umask(0177); /* no other user may connect */
    if (sfi_hsm_open(ctx, argv[2], &hsm) != SFI_OK ||
        login_with_pin_file(ctx, hsm, argv[3]) != SFI_OK ||
        bind(listener, (void *)&address, sizeof(address)) != 0 ||
        listen(listener, 16) != 0) {
        fprintf(stderr, "no HSM, PIN or socket: %s\n",
                sfi_error_message(sfi_ctx_error(ctx)));
        return 1;
    }
    signal(SIGTERM, remove_socket_and_exit);
    signal(SIGINT, remove_socket_and_exit);
    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        station_serve(ctx, hsm, fd);
        close(fd);
    }
    return 1;
}
