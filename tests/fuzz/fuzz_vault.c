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
    0x34, 0x35, 0x30, 0x30, 0x32, 0x30, 0x30, 0x31, 0x1e, 0xdf, 0x72, 0x31,
    0x2a, 0x2c, 0x49, 0x1d, 0xde, 0xb8, 0x59, 0xff, 0xf3, 0x85, 0xc7, 0x3c,
    0xb7, 0xf7, 0x4e, 0xf2, 0xb8, 0x0d, 0xea, 0x4f, 0xa4, 0x54, 0x13, 0x97,
    0x1e, 0xc0, 0x37, 0x91, 0xe6, 0xbd, 0x27, 0x49, 0x1f, 0xea, 0x3a, 0x74,
    0x6c, 0x1a, 0xaf, 0x9a, 0x66, 0xa9, 0x4a, 0x0f, 0x0f, 0xf2, 0xfe, 0x02,
    0xbf, 0x2c, 0x27, 0xbb, 0x89, 0xf7, 0x0e, 0xc9, 0xc2, 0xc8, 0x4b, 0xf4,
    0xf3, 0x26, 0x8d, 0xca, 0xb2, 0x83, 0x2b, 0xcf, 0x48, 0x53, 0xec, 0xfa,
    0x6e, 0x21, 0x9f, 0x54, 0xe3, 0x9f, 0x77, 0xcf, 0xaf, 0x5c, 0x55, 0x31,
    0x34, 0x3f, 0xca, 0x9c, 0xbb, 0x87, 0xa9, 0xaa, 0x85, 0xe3, 0xad, 0xc7,
    0x12, 0x30, 0x9b, 0x5b, 0x98, 0xe4, 0xa9, 0x5b, 0xb0, 0x3a, 0x00, 0x59,
    0xb7, 0xab, 0xc9, 0x4e, 0x77, 0xd3, 0xe5, 0xb1, 0x59, 0x24, 0x82, 0x52,
    0x55, 0x38, 0x33, 0xf5};

static void
use(sfi_ctx *ctx, sfi_hsm *hsm)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_log_head head = {.struct_size = sizeof(head)};
    sfi_log_record record = {.struct_size = sizeof(record)};
    sfi_certificate *cert;
    sfi_license *lic;
    sfi_status st = sfi_hsm_get_info(hsm, &info);

    FUZZ_HOLDS(st != SFI_OK || info.state != SFI_HSM_BLANK);
    st = sfi_hsm_get_log_head(hsm, &head);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    st = sfi_hsm_get_log_record(hsm, 1, &record);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    st = sfi_hsm_login(hsm, "1234", 4);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
    FUZZ_HOLDS(sfi_certificate_parse(ctx, device, sizeof(device), &cert) ==
               SFI_OK);
    st = sfi_hsm_generate_license(hsm, cert, &lic);
    fuzz_check(ctx, st, lic);
    sfi_license_free(lic);
    st = sfi_hsm_generate_live_license(hsm, cert, 0x11223344, &lic);
    fuzz_check(ctx, st, lic);
    sfi_license_free(lic);
    st = sfi_hsm_change_pin(hsm, "1234", 4, "12345", 5);
    fuzz_check(ctx, st, st == SFI_OK ? hsm : NULL);
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
    st = sfi__hsm_open_vault(ctx, path, &cheap, NULL, &hsm);
    fuzz_check(ctx, st, hsm);
    if (hsm != NULL)
        use(ctx, hsm);
    sfi_hsm_free(hsm);
    remove_all(path);
    fuzz_ctx_free(ctx);
    return 0;
}
