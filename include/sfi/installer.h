/**
 * @file installer.h
 * The whole secure firmware install of one chip.
 */
#ifndef SFI_INSTALLER_H
#define SFI_INSTALLER_H

#include <sfi/chip.h>
#include <sfi/ctx.h>
#include <sfi/hsm.h>
#include <sfi/license.h>
#include <sfi/transport.h>

SFI_BEGIN_DECLS

typedef struct sfi_installer sfi_installer;

enum {
    SFI_PHASE_CONNECT = 1,
    SFI_PHASE_SECURE = 2,
    SFI_PHASE_CERTIFICATE = 3,
    SFI_PHASE_LICENSE = 4,
    SFI_PHASE_AREAS = 5,
    SFI_PHASE_CONFIRM = 6,
    SFI_PHASE_DONE = 7
};
typedef struct sfi_progress {
    uint32_t struct_size;
    uint32_t phase; /* SFI_PHASE_* */
    uint64_t done;  /* of total, in bytes of the image */
    uint64_t total;
} sfi_progress;
typedef void (*sfi_progress_fn)(void *user, const sfi_progress *p);

/* chip NULL: recognised by its device id */
SFI_API SFI_NODISCARD sfi_status sfi_installer_new(sfi_ctx *ctx,
                                                   const sfi_chip *chip,
                                                   sfi_installer **out);
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_image_file(sfi_installer *in,
                                                              const char *path);
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_image(sfi_installer *in,
                                                         const uint8_t *data,
                                                         size_t len);
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_transport(sfi_installer *in,
                                                             sfi_transport *tp);
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_hsm(sfi_installer *in,
                                                       sfi_hsm *hsm);
SFI_API SFI_NODISCARD sfi_status
sfi_installer_set_license(sfi_installer *in, const sfi_license *lic);
/* 1: mass-erase a chip that holds an install; 0 (default): refuse it */
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_erase(sfi_installer *in,
                                                         int erase);
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_timeout(sfi_installer *in,
                                                           uint32_t connect_ms);
SFI_API SFI_NODISCARD sfi_status sfi_installer_set_progress(sfi_installer *in,
                                                            sfi_progress_fn fn,
                                                            void *user);
SFI_API SFI_NODISCARD sfi_status sfi_installer_step(sfi_installer *in,
                                                    int *finished);
SFI_API SFI_NODISCARD sfi_status sfi_installer_run(sfi_installer *in);
/* the chip's certificate, once read; borrowed */
SFI_API const sfi_certificate *
sfi_installer_certificate(const sfi_installer *in);
/* the licence in use, once had; borrowed */
SFI_API const sfi_license *sfi_installer_license(const sfi_installer *in);
SFI_API void sfi_installer_cancel(sfi_installer *in); /* any thread */
SFI_API void sfi_installer_free(sfi_installer *in);

SFI_END_DECLS

#endif
