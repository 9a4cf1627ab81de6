/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Your own dialect: the commands of a vendor's secure bootloader.
 *
 *     custom-dialect IMAGE.sfi serial:PORT VAULT PIN-FILE
 *
 * sfi_installer_set_dialect() takes a table of functions, one for each step of
 * an install.  This table begins as a copy of libsfi's own, then replaces the
 * steps that differ in the vendor's document.  The virtual chips of this
 * tutorial know only the opcodes of doc/protocol.md, so these stay; the size of
 * the pieces and the text of refusals differ.  doc/porting.md has the rules for
 * such a table. */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sfi/sfi.h>

#define WAIT_MS 45000u /* the chip may erase its flash before it replies */

/* libsfi passes this to each function as `user`. */
struct vendor {
    sfi_ctx *ctx;
    sfi_dialect_ops own;
};

/* A request's reply begins with a status byte: 0 is success.  sfi_ctx_report()
 * sets the message of the error that is returned next. */
static sfi_status
vendor_request(struct vendor *v, sfi_target *t, const sfi_request *r)
{
    uint32_t status = 0;
    sfi_status st = sfi_dialect_request(t, r, NULL, 0, &status);
    char text[80];

    if (st != SFI_OK || status == 0)
        return st;
    (void)snprintf(text, sizeof(text), "the chip replied 0x%02x to %s",
                   (unsigned)status, r->name);
    sfi_ctx_report(v->ctx, SFI_ERR_DEVICE, (int32_t)status, text);
    return SFI_ERR_DEVICE;
}

/* Call libsfi's function, then change its result: pieces of at most 512 bytes.
 */
static sfi_status
vendor_info(void *user, sfi_target *t, sfi_dialect_info *out)
{
    struct vendor *v = user;
    sfi_status st = v->own.info(NULL, t, out);

    out->data_max = 512;
    return st;
}

/* The bootloader's Extended Special command has two packets: parameters, which
 * are empty here, and data. */
static sfi_status
vendor_license(void *user, sfi_target *t, const uint8_t *data, size_t len)
{
    const sfi_request r = {.struct_size = sizeof(r),
                           .flags = SFI_REQUEST_EXTENDED,
                           .opcode = 0x5304,
                           .timeout_ms = WAIT_MS,
                           .name = "the licence",
                           .data = data,
                           .data_len = len};

    return vendor_request(user, t, &r);
}

/* A piece of the image: its offset is the parameter. */
static sfi_status
vendor_data(void *user, sfi_target *t, uint32_t at, const uint8_t *data,
            size_t len)
{
    const uint8_t offset[] = {(uint8_t)at, (uint8_t)(at >> 8),
                              (uint8_t)(at >> 16), (uint8_t)(at >> 24)};
    const sfi_request r = {.struct_size = sizeof(r),
                           .flags = SFI_REQUEST_EXTENDED,
                           .opcode = 0x5307,
                           .timeout_ms = WAIT_MS,
                           .name = "a piece of the image",
                           .param = offset,
                           .param_len = sizeof(offset),
                           .data = data,
                           .data_len = len};

    return vendor_request(user, t, &r);
}

/* A PIN among the arguments would be in the list of processes. */
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
    struct vendor v = {.own = {.struct_size = sizeof(v.own)}};
    sfi_dialect_ops ops;
    sfi_transport *tp = NULL;
    sfi_hsm *hsm = NULL;
    sfi_installer *in = NULL;
    sfi_status st = sfi_dialect_get_own(&v.own);
    int fd;

    while ((fd = open("/dev/null", O_RDWR)) >= 0 && fd <= STDERR_FILENO)
        continue; /* or the chip would read what is printed */
    close(fd);
    if (argc != 5 || st != SFI_OK || sfi_ctx_new(NULL, &v.ctx) != SFI_OK)
        return 64;
    ops = v.own; /* every step as in libsfi, except for these three */
    ops.info = vendor_info;
    ops.license = vendor_license;
    ops.data = vendor_data;
    if ((st = sfi_transport_open(v.ctx, argv[2], &tp)) == SFI_OK &&
        (st = sfi_hsm_open(v.ctx, argv[3], &hsm)) == SFI_OK &&
        (st = login_with_pin_file(v.ctx, hsm, argv[4])) == SFI_OK &&
        (st = sfi_installer_new(v.ctx, NULL, &in)) == SFI_OK &&
        (st = sfi_installer_set_image_file(in, argv[1])) == SFI_OK &&
        (st = sfi_installer_set_transport(in, tp)) == SFI_OK &&
        (st = sfi_installer_set_hsm(in, hsm)) == SFI_OK &&
        (st = sfi_installer_set_erase(in, 1)) == SFI_OK &&
        (st = sfi_installer_set_dialect(in, &ops, &v)) == SFI_OK)
        st = sfi_installer_run(in);
    if (st != SFI_OK)
        fprintf(stderr, "%s: %s\n", sfi_status_name(st),
                sfi_error_message(sfi_ctx_error(v.ctx)));
    sfi_installer_free(in);
    sfi_hsm_free(hsm);
    sfi_transport_free(tp);
    sfi_ctx_free(v.ctx);
    return st == SFI_OK ? 0 : 1;
}
