/* What an install costs on the wire, and on this machine, against virtual
 * chips.
 *   bench_install [FOLDER]
 * Bytes are exact; times at a speed are computed of them, without the chip's
 * own work; the rate is of this machine and this run. */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sfi/sfi.h>
#include <sfi/sim.h>

#include "license/license.h"
#include "transport/transport.h"

#define PATH_LEN 512
#define BITS_PER_BYTE 11.0 /* AN3155, 2: 8E1 */

static sfi_ctx *ctx;

/* What went over the wire; a turn is a wait for the other side. */
static struct {
    sfi_transport *chip;
    unsigned long long sent, received, turns;
    int listening;
} wire;

static void
need(sfi_status st)
{
    if (st == SFI_OK)
        return;
    (void)fprintf(stderr, "bench_install: %s: %s\n",
                  sfi_error_where(sfi_ctx_error(ctx)),
                  sfi_error_message(sfi_ctx_error(ctx)));
    exit(EXIT_FAILURE);
}

static double
now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static sfi_status
wire_read(void *user, uint8_t *buf, size_t len, size_t *got,
          uint32_t timeout_ms)
{
    sfi_status st = sfi__transport_read(wire.chip, buf, len, got, timeout_ms);

    (void)user;
    wire.received += *got;
    wire.turns += !wire.listening;
    wire.listening = 1;
    return st;
}

static sfi_status
wire_write(void *user, const uint8_t *buf, size_t len, uint32_t timeout_ms)
{
    (void)user;
    wire.sent += len;
    wire.listening = 0;
    return sfi__transport_write(wire.chip, buf, len, timeout_ms);
}

static sfi_status
wire_reset(void *user, int into_boot)
{
    (void)user;
    return sfi__transport_reset(wire.chip, into_boot != 0);
}

/* ---- the OEM and the HSM ---- */

static const uint8_t key[SFI_KEY_LEN] = {1, 2, 3, 4};
static const uint8_t nonce[SFI_NONCE_LEN] = {5, 6, 7, 8};

static struct {
    uint8_t *data;
    size_t len;
} image;

static sfi_status
keep(void *user, const uint8_t *data, size_t len)
{
    (void)user;
    image.data = realloc(image.data, image.len + len);
    if (image.data == NULL)
        return SFI_ERR_NOMEM;
    memcpy(image.data + image.len, data, len);
    image.len += len;
    return SFI_OK;
}

static void
build(const sfi_chip *chip, uint64_t base, size_t size, const char *source)
{
    uint8_t *data = malloc(size);
    sfi_image_builder *b;
    sfi_option_bytes *ob;
    sfi_firmware *fw;
    char path[PATH_LEN];
    sfi_key *k;

    for (size_t i = 0; data != NULL && i < size; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    (void)snprintf(path, sizeof(path), "%s/tests/data/ob-%s.csv", source,
                   sfi_chip_name(chip));
    need(sfi_key_new(ctx, key, sizeof(key), &k));
    need(sfi_option_bytes_load(ctx, chip, path, &ob));
    need(sfi_firmware_parse(ctx, "bin", base, data, size, &fw));
    need(sfi_image_builder_new(ctx, chip, &b));
    need(sfi_image_builder_set_key(b, k));
    need(sfi_image_builder_set_nonce(b, nonce, sizeof(nonce)));
    need(sfi_image_builder_set_version(b, 1));
    need(sfi_image_builder_set_option_bytes(b, ob));
    need(sfi_image_builder_add_firmware(b, fw));
    image.len = 0;
    need(sfi_image_builder_write(b, keep, NULL));
    sfi_image_builder_free(b);
    sfi_firmware_free(fw);
    sfi_option_bytes_free(ob);
    sfi_key_free(k);
    free(data);
}

static sfi_license *
license_for(sfi_sim *sim)
{
    uint8_t cert[SFI_CERTIFICATE_LEN], raw[SFI_LICENSE_LEN];
    size_t len = sizeof(cert);
    sfi_license *lic;

    need(sfi_sim_dump(sim, SFI_SIM_CERTIFICATE, cert, &len));
    need(sfi__license_make(ctx, cert + 8, LICENSE_STATIC, 0, key, nonce, raw));
    need(sfi_license_parse(ctx, raw, sizeof(raw), &lic));
    return lic;
}

/* ---- one install ---- */

static void
show(const char *chip, size_t size, double seconds)
{
    unsigned long long all = wire.sent + wire.received;

    (void)printf("%-12s %8zu %9llu %8llu %7llu %8.2f %% %8.2f s %8.2f s "
                 "%8.0f kB/s\n",
                 chip, size, wire.sent, wire.received, wire.turns,
                 (double)size * 100.0 / (double)all,
                 (double)all * BITS_PER_BYTE / 115200.0,
                 (double)all * BITS_PER_BYTE / 921600.0,
                 (double)size / seconds / 1000.0);
}

static void
install(const char *folder, const char *name, uint64_t base, size_t size,
        const char *source)
{
    static const sfi_stream_ops ops = {
        .struct_size = sizeof(ops),
        .read = wire_read,
        .write = wire_write,
        .reset = wire_reset,
    };
    const sfi_chip *chip = sfi_chip_find(name);
    char ca[PATH_LEN], state[PATH_LEN];
    sfi_installer *in;
    sfi_license *lic;
    sfi_transport *tp;
    sfi_sim *sim;
    double t;

    (void)snprintf(ca, sizeof(ca), "%s/ca", folder);
    (void)snprintf(state, sizeof(state), "%s/%s-%zu", folder, name, size);
    need(sfi_sim_manufacture(ctx, chip, ca, state));
    need(sfi_sim_open(ctx, state, &sim));
    need(sfi_sim_transport(sim, "usart", &wire.chip));
    need(sfi_transport_open_stream(ctx, &ops, NULL, &tp));
    build(chip, base, size, source);
    lic = license_for(sim);
    need(sfi_installer_new(ctx, chip, &in));
    need(sfi_installer_set_image(in, image.data, image.len));
    need(sfi_installer_set_transport(in, tp));
    need(sfi_installer_set_license(in, lic));
    wire.sent = wire.received = wire.turns = 0;
    t = now();
    need(sfi_installer_run(in));
    show(name, size, now() - t);
    sfi_installer_free(in);
    sfi_license_free(lic);
    sfi_transport_free(tp);
    sfi_transport_free(wire.chip);
    sfi_sim_free(sim);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

int
main(int argc, char **argv)
{
    const char *source = getenv("SFI_TEST_SOURCE");
    char folder[PATH_LEN];

    (void)snprintf(folder, sizeof(folder), "%s/bench-install-XXXXXX",
                   argc > 1 ? argv[1] : "/tmp");
    if (mkdtemp(folder) == NULL || sfi_ctx_new(NULL, &ctx) != SFI_OK)
        return EXIT_FAILURE;
    if (source == NULL)
        source = ".";
    (void)printf("%-12s %8s %9s %8s %7s %10s %10s %10s %13s\n", "chip",
                 "firmware", "to chip", "to host", "waits", "payload", "115200",
                 "921600", "this machine");
    install(folder, "stm32h753xi", 0x08000000, 16u << 10, source);
    install(folder, "stm32h753xi", 0x08000000, 256u << 10, source);
    install(folder, "stm32h753xi", 0x08000000, 1000u << 10, source);
    install(folder, "stm32l462ce", 0x08001000, (16u << 10), source);
    install(folder, "stm32l462ce", 0x08001000, (256u << 10) + 4, source);
    free(image.data);
    sfi_ctx_free(ctx);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
