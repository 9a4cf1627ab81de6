/**
 * @file hsm.h
 * HSMs: where firmware keys live and installations are counted.
 */
#ifndef SFI_HSM_H
#define SFI_HSM_H

#include <sfi/certificate.h>
#include <sfi/ctx.h>
#include <sfi/key.h>
#include <sfi/license.h>

SFI_BEGIN_DECLS

typedef struct sfi_hsm sfi_hsm;
typedef struct sfi_personalization sfi_personalization;

enum {
    SFI_HSM_BLANK = 0,
    SFI_HSM_OPERATIONAL = 1,
    SFI_HSM_EXHAUSTED = 2,
    SFI_HSM_BLOCKED = 3
};

#define SFI_FIRMWARE_ID_MAX 63u
#define SFI_HSM_COUNT_MAX 4294967295u

typedef struct sfi_hsm_info {
    uint32_t struct_size;
    uint32_t state; /* SFI_HSM_* */
    uint64_t remaining;
    uint64_t maximum;
    char firmware_id[64];
    char product_id[16];
    uint32_t pin_tries_left;
    uint32_t reserved;
} sfi_hsm_info;

/* ---- personalisation: the product and the CA that an HSM will trust ---- */
SFI_API SFI_NODISCARD sfi_status sfi_personalization_load(
    sfi_ctx *ctx, const char *path, sfi_personalization **out);
SFI_API SFI_NODISCARD sfi_status sfi_personalization_parse(
    sfi_ctx *ctx, const uint8_t *data, size_t len, sfi_personalization **out);
SFI_API const char *
sfi_personalization_product_id(const sfi_personalization *p);
SFI_API void sfi_personalization_free(sfi_personalization *p);

/* ---- a custom HSM: `user` first; NULL op: unsupported ---- */
typedef struct sfi_hsm_ops {
    uint32_t struct_size;
    uint32_t flags;
    sfi_status (*info)(void *user, sfi_hsm_info *out);
    sfi_status (*login)(void *user, const char *pin, size_t pin_len);
    sfi_status (*provision)(void *user, const uint8_t *key, size_t key_len,
                            const uint8_t *nonce, size_t nonce_len,
                            const char *firmware_id, uint64_t max_count,
                            const uint8_t *perso, size_t perso_len);
    sfi_status (*license)(void *user, const uint8_t *cert, size_t cert_len,
                          uint8_t *out, size_t *out_len);
    void (*close)(void *user);
} sfi_hsm_ops;

SFI_API SFI_NODISCARD sfi_status sfi_hsm_open(sfi_ctx *ctx, const char *uri,
                                              sfi_hsm **out);
SFI_API SFI_NODISCARD sfi_status sfi_hsm_open_custom(sfi_ctx *ctx,
                                                     const sfi_hsm_ops *ops,
                                                     void *user, sfi_hsm **out);
SFI_API SFI_NODISCARD sfi_status sfi_hsm_login(sfi_hsm *hsm, const char *pin,
                                               size_t pin_len);
SFI_API SFI_NODISCARD sfi_status sfi_hsm_get_info(sfi_hsm *hsm,
                                                  sfi_hsm_info *out);
SFI_API SFI_NODISCARD sfi_status
sfi_hsm_provision(sfi_hsm *hsm, const sfi_key *key, const uint8_t *nonce,
                  size_t nonce_len, const char *firmware_id, uint64_t max_count,
                  const sfi_personalization *perso);
SFI_API SFI_NODISCARD sfi_status sfi_hsm_generate_license(
    sfi_hsm *hsm, const sfi_certificate *cert, sfi_license **out);
SFI_API void sfi_hsm_free(sfi_hsm *hsm);

SFI_END_DECLS

#endif
