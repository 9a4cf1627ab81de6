#include "hsm/vault_seal.h"

#include <string.h>

#include "util/mem.h"
#include "util/wr.h"
#include "core/err.h"
#include "crypto/gcm.h"

/* Eight bytes before everything that is authenticated, so that nothing can be
 * taken for something else. */
#define TAG_SEAL "SFIVSEAL"
#define TAG_INIT "SFIVINIT"
#define TAG_HEAD "SFIVHEAD"
#define TAG_RECORD "SFIVRECD"
#define TAG_LEN 8u
#define FORMAT_VERSION 1u

#define SECRETS_LEN (SFI_NONCE_LEN + SFI_KEY_LEN + LOG_KEY_LEN)
#define FIRMWARE_ID_FIELD 64u
#define INIT_LEN 260u
#define HEAD_LEN 88u
#define RECORD_LEN 200u

_Static_assert(sizeof(struct vault_secrets) == SECRETS_LEN, "no padding");
_Static_assert(LEDGER_SEALED_LEN == SECRETS_LEN + SFI_GCM_TAG_LEN, "sealed");
_Static_assert(FIRMWARE_ID_FIELD == SFI_FIRMWARE_ID_MAX + 1, "firmware id");

/* Memory is 128 * r * 2^log2_n bytes, 256 MiB at most: a damaged file must not
 * take more. */
#define LOG2_N_MAX 18u
#define COST_R 8u
#define COST_P 1u

bool
sfi__vault_cost_ok(const struct kdf_cost *cost)
{
    return cost->log2_n >= 1 && cost->log2_n <= LOG2_N_MAX &&
           cost->r == COST_R && cost->p == COST_P;
}

sfi_status
sfi__vault_derive(sfi_ctx *ctx, const struct ledger_head *h,
                  const char *pin_secret, size_t pin_len,
                  uint8_t pin_key_secret[PIN_KEY_LEN])
{
    return sfi__kdf_scrypt(ctx, pin_secret, pin_len, h->salt, sizeof(h->salt),
                           &h->cost, pin_key_secret, PIN_KEY_LEN);
}

/* The PIN's key comes from a fresh salt and seals one message: its IV may be
 * derived with it. */
sfi_status
sfi__vault_seal(sfi_ctx *ctx, struct ledger_head *h,
                const uint8_t pin_key_secret[PIN_KEY_LEN],
                const struct vault_secrets *secrets)
{
    return sfi__gcm_seal(ctx, pin_key_secret, pin_key_secret + SFI_GCM_KEY_LEN,
                         (const uint8_t *)TAG_SEAL, TAG_LEN,
                         (const uint8_t *)secrets, SECRETS_LEN, h->sealed,
                         h->sealed + SECRETS_LEN);
}

sfi_status
sfi__vault_unseal(sfi_ctx *ctx, const struct ledger_head *h,
                  const uint8_t pin_key_secret[PIN_KEY_LEN],
                  struct vault_secrets *secrets)
{
    return sfi__gcm_open(ctx, pin_key_secret, pin_key_secret + SFI_GCM_KEY_LEN,
                         (const uint8_t *)TAG_SEAL, TAG_LEN, h->sealed,
                         SECRETS_LEN, (uint8_t *)secrets,
                         h->sealed + SECRETS_LEN);
}

sfi_status
sfi__vault_genesis(sfi_ctx *ctx, const struct ledger_head *h,
                   uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[INIT_LEN];
    struct wr w;

    wr_init(&w, data, sizeof(data));
    wr_bytes(&w, TAG_INIT, TAG_LEN);
    wr_u32le(&w, FORMAT_VERSION);
    wr_bytes(&w, h->firmware_id, FIRMWARE_ID_FIELD);
    wr_bytes(&w, h->product_id, PRODUCT_ID_LEN);
    wr_bytes(&w, h->ca_public, sizeof(h->ca_public));
    wr_u64le(&w, h->maximum);
    wr_u32le(&w, h->cost.log2_n);
    wr_u32le(&w, h->cost.r);
    wr_u32le(&w, h->cost.p);
    wr_bytes(&w, h->salt, sizeof(h->salt));
    wr_bytes(&w, h->sealed, sizeof(h->sealed));
    return sfi__sha256(ctx, data, wr_len(&w), out);
}

sfi_status
sfi__vault_head_mac(sfi_ctx *ctx, const struct ledger_head *h,
                    const struct vault_secrets *secrets,
                    uint8_t out[SFI_SHA256_LEN])
{
    uint8_t data[HEAD_LEN];
    struct wr w;

    wr_init(&w, data, sizeof(data));
    wr_bytes(&w, TAG_HEAD, TAG_LEN);
    wr_bytes(&w, h->genesis, sizeof(h->genesis));
    wr_u64le(&w, h->remaining);
    wr_u64le(&w, h->sequence);
    wr_bytes(&w, h->log_head, sizeof(h->log_head));
    return sfi__hmac_sha256(ctx, secrets->log_key_secret, LOG_KEY_LEN, data,
                            wr_len(&w), out);
}

static sfi_status
encode_record(sfi_ctx *ctx, const struct ledger_head *h,
              const struct ledger_record *r, uint8_t data[RECORD_LEN])
{
    uint8_t license_hash[SFI_SHA256_LEN];
    struct wr w;
    sfi_status st =
        sfi__sha256(ctx, r->license, sizeof(r->license), license_hash);

    if (st != SFI_OK)
        return st;
    wr_init(&w, data, RECORD_LEN);
    wr_bytes(&w, TAG_RECORD, TAG_LEN);
    wr_u64le(&w, r->sequence);
    wr_u64le(&w, r->time);
    wr_bytes(&w, h->firmware_id, FIRMWARE_ID_FIELD);
    wr_bytes(&w, h->product_id, PRODUCT_ID_LEN);
    wr_bytes(&w, r->device, sizeof(r->device));
    wr_u64le(&w, r->remaining);
    wr_bytes(&w, license_hash, sizeof(license_hash));
    wr_bytes(&w, r->previous, sizeof(r->previous));
    return SFI_OK;
}

sfi_status
sfi__vault_record(sfi_ctx *ctx, const struct ledger_head *h,
                  const struct ledger_record *r,
                  const struct vault_secrets *secrets,
                  uint8_t hash[SFI_SHA256_LEN], uint8_t mac[SFI_SHA256_LEN])
{
    uint8_t data[RECORD_LEN];
    sfi_status st = encode_record(ctx, h, r, data);

    if (st == SFI_OK)
        st = sfi__sha256(ctx, data, sizeof(data), hash);
    if (st == SFI_OK && secrets != NULL)
        st = sfi__hmac_sha256(ctx, secrets->log_key_secret, LOG_KEY_LEN, data,
                              sizeof(data), mac);
    return st;
}
