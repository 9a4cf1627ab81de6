/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* A licence server: an HSM at the OEM's, for stations that have none.
 *     license-server SOCKET HSM PIN-FILE
 * It answers custom_hsm.c, which has the protocol, one station after another.
 * Only its own user can connect; for a network read doc/threat-model.md. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <sfi/sfi.h>

#define PATIENCE_S 2 /* for a station that connects and says nothing */
#define MESSAGE_MAX 255u

static struct sockaddr_un address = {.sun_family = AF_UNIX};

/* At any moment: every count is on the disk before its licence leaves. */
static void
remove_socket_and_exit(int signum)
{
    (void)signum;
    unlink(address.sun_path);
    _exit(0);
}

static void
station_send_answer(int fd, sfi_status st, const void *data, size_t len)
{
    uint8_t out[4 + MESSAGE_MAX] = {(uint8_t)-st, (uint8_t)(-st >> 8)};

    len = len < MESSAGE_MAX ? len : MESSAGE_MAX;
    out[2] = (uint8_t)len;
    memcpy(out + 4, data, len);
    send(fd, out, 4 + len, MSG_NOSIGNAL); /* a lost one is asked for again */
}

/* Whether a certificate deserves a licence, the HSM knows. */
static void
station_serve(sfi_ctx *ctx, sfi_hsm *hsm, int fd)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    uint8_t question[4 + SFI_CERTIFICATE_LEN];
    sfi_certificate *cert = NULL;
    sfi_license *lic = NULL;
    uint32_t session = 0;
    const char *why;
    sfi_status st;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (recv(fd, question, sizeof(question), MSG_WAITALL) != sizeof(question))
        return;
    st = sfi_certificate_parse(ctx, question + 4, SFI_CERTIFICATE_LEN, &cert);
    for (int i = 0; i < 4; i++)
        session |= (uint32_t)question[i] << 8 * i;
    if (st == SFI_OK)
        st = session == 0
                 ? sfi_hsm_generate_license(hsm, cert, &lic)
                 : sfi_hsm_generate_live_license(hsm, cert, session, &lic);
    why = sfi_error_message(sfi_ctx_error(ctx));
    printf("device %s: %s\n", sfi_certificate_device_id(cert),
           st == SFI_OK ? "licensed" : why);
    if (st == SFI_OK)
        station_send_answer(fd, st, sfi_license_data(lic, NULL),
                            SFI_LICENSE_LEN);
    else
        station_send_answer(fd, st, why, strlen(why));
    sfi_license_free(lic);
    sfi_certificate_free(cert);
}

static sfi_status
login_with_pin_file(sfi_hsm *hsm, const char *path)
{
    char pin_secret[130] = "";
    FILE *f = fopen(path, "r");
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
    int fd, listener = socket(AF_UNIX, SOCK_STREAM, 0);
    sfi_hsm *hsm = NULL;
    sfi_ctx *ctx;

    if (argc != 4 || strlen(argv[1]) >= sizeof(address.sun_path) ||
        sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return 64;
    memcpy(address.sun_path, argv[1], strlen(argv[1]));
    umask(0177); /* the socket is for nobody else */
    if (sfi_hsm_open(ctx, argv[2], &hsm) != SFI_OK ||
        login_with_pin_file(hsm, argv[3]) != SFI_OK ||
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
