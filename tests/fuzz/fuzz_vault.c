/* The file of a vault: opened, asked, logged in to, and asked for a licence.
 * The vault of the corpus allows one installation. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hsm/hsm.h"

#include "disk.h"
#include "fuzz.h"

static const uint8_t device[SFI_CERTIFICATE_LEN] = {
    0x34, 0x35, 0x30, 0x30, 0x32, 0x30, 0x30, 0x31, 0x53, 0xf0, 0x66, 0x84,
    0xd3, 0x21, 0x09, 0xf3, 0x10, 0xbe, 0x28, 0x7b, 0xa1, 0xdf, 0xef, 0xde,
    0x2f, 0xce, 0x4e, 0xe5, 0x76, 0x9e, 0x2f, 0x41, 0xf9, 0x49, 0x70, 0xd3,
    0x40, 0x5d, 0xc3, 0x83, 0xd7, 0xb6, 0xac, 0xcf, 0x9a, 0xe1, 0x1d, 0xdf,
    0x7a, 0xba, 0x2d, 0x96, 0xa5, 0xce, 0x59, 0x0f, 0x0f, 0xe2, 0x4f, 0x31,
    0x9c, 0x2c, 0xcc, 0xfb, 0x05, 0x9a, 0x6f, 0x47, 0x44, 0x9e, 0x2f, 0x41,
    0xee, 0xc9, 0x8e, 0x76, 0xe4, 0x9d, 0x45, 0x6f, 0x75, 0xa6, 0xaf, 0x36,
    0xc8, 0x60, 0x1b, 0x2b, 0xcb, 0xbf, 0x1a, 0x57, 0xca, 0xf7, 0x04, 0x53,
    0x68, 0xb6, 0x72, 0xf9, 0xda, 0x81, 0x2f, 0x36, 0xf4, 0xaa, 0xa6, 0x56,
    0x7b, 0x2a, 0xf3, 0xb5, 0x9e, 0x66, 0x44, 0xb6, 0x76, 0xe2, 0xd8, 0x51,
    0xa2, 0x06, 0x96, 0x6b, 0x41, 0x11, 0x44, 0x67, 0x03, 0x02, 0x08, 0x39,
    0x75, 0xfb, 0x9b, 0xd9};

static void
use(sfi_ctx *ctx, sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_certificate *cert;
    sfi_license *lic;
    sfi_status st = sfi_hsm_get_info(hsm, &info);

    FUZZ_HOLDS(st != SFI_OK || info.state != SFI_HSM_BLANK);
    st = sfi_hsm_login(hsm, "1234", 4);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    FUZZ_HOLDS(sfi_certificate_parse(ctx, device, sizeof(device), &cert) ==
               SFI_OK);
    st = sfi_hsm_generate_license(hsm, cert, &lic);
    fuzz_check(ctx, st, lic);
    sfi_license_free(lic);
    sfi_certificate_free(cert);
}

static void
remove_all(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    char name[96];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
        (void)unlink(name);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct kdf_cost cheap = {.log2_n = 1, .r = 8, .p = 1};
    char path[] = "/tmp/sfi-fuzz-XXXXXX";
    sfi_ctx *ctx = fuzz_ctx();
    int fd = mkstemp(path);
    sfi_hsm *hsm;
    sfi_status st;

    disk_install(DISK_FAST, 0);
    FUZZ_HOLDS(fd >= 0 && write(fd, data, len) == (ssize_t)len);
    FUZZ_HOLDS(close(fd) == 0);
    st = sfi__hsm_open_vault(ctx, path, &cheap, &hsm);
    fuzz_check(ctx, st, hsm);
    if (hsm != NULL)
        use(ctx, hsm);
    sfi_hsm_free(hsm);
    remove_all(path);
    fuzz_ctx_free(ctx);
    return 0;
}
