#include "hsm/hsm.h"

#include <string.h>

#include "util/mem.h"
#include "core/abi.h"
#include "core/ctx.h"
#include "core/err.h"
#include "crypto/key.h"
#include "hsm/vault.h"
#include "license/cert.h"
#include "license/license.h"
#include "license/perso.h"

struct sfi_hsm {
    struct obj obj;
    sfi_hsm_ops ops;
    void *user;
    char where[SFI_ERROR_WHERE_MAX]; /* before errors; "" for a custom HSM */
};

static void
hsm_destroy(void *self)
{
    sfi_hsm *hsm = self;

    if (hsm->ops.close != NULL)
        hsm->ops.close(hsm->user);
}

/* ---- open ---- */

sfi_status
sfi__hsm_open_vault(sfi_ctx *ctx, const char *path, const struct kdf_cost *cost,
                    sfi_hsm **out)
{
    sfi_hsm *hsm = sfi__obj_new(ctx, OBJ_HSM, sizeof(*hsm), hsm_destroy);
    sfi_status st;

    *out = NULL;
    if (hsm == NULL)
        return SFI_ERR_NOMEM;
    text_format(hsm->where, sizeof(hsm->where), "vault:%s", path);
    st = sfi__vault_open(ctx, path, cost, &hsm->ops, &hsm->user);
    if (st == SFI_OK) {
        *out = hsm;
        return SFI_OK;
    }
    (void)sfi__where(ctx, "%s", hsm->where);
    sfi__obj_unref(hsm);
    return st;
}

static sfi_status
open_uri(sfi_ctx *ctx, const char *uri, sfi_hsm **out)
{
    /* A guess at the PIN takes 32 MiB and about a tenth of a second.
     * Provisioning stores this, so that a later libsfi may choose another. */
    static const struct kdf_cost cost = {.log2_n = 15, .r = 8, .p = 1};
    static const char scheme[] = "vault:";
    const char *path = uri + strlen(scheme);

    if (strncmp(uri, scheme, strlen(scheme)) != 0 || path[0] == '\0')
        return sfi__fail(ctx, SFI_ERR_FORMAT,
                         "\"%s\" names no HSM, expected vault:PATH", uri);
    return sfi__hsm_open_vault(ctx, path, &cost, out);
}

sfi_status
sfi_hsm_open(sfi_ctx *ctx, const char *uri, sfi_hsm **out)
{
    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, uri != NULL);
    return open_uri(ctx, uri, out);
}

sfi_status
sfi_hsm_open_custom(sfi_ctx *ctx, const sfi_hsm_ops *ops, void *user,
                    sfi_hsm **out)
{
    sfi_hsm_ops ours;
    sfi_hsm *hsm;
    sfi_status st;

    SFI_ENTER_NEW(ctx, CTX, out);
    SFI_ARG(ctx, ops != NULL);
    st = sfi__abi_in(ctx, &ours, sizeof(ours), sizeof(ours), ops);
    if (st != SFI_OK)
        return st;
    SFI_ARG(ctx, ops->flags == 0);
    hsm = sfi__obj_new(ctx, OBJ_HSM, sizeof(*hsm), hsm_destroy);
    if (hsm == NULL)
        return SFI_ERR_NOMEM;
    hsm->ops = ours;
    hsm->user = user;
    *out = hsm;
    return SFI_OK;
}

void
sfi_hsm_free(sfi_hsm *hsm)
{
    sfi__obj_free(hsm, OBJ_HSM);
}

/* ---- calls into the backend ---- */

static sfi_status
unsupported(sfi_hsm *hsm, const char *what)
{
    return sfi__fail(hsm->obj.ctx, SFI_ERR_UNSUPPORTED,
                     "this HSM does not offer %s", what);
}

/* What the backend returned, with the place added. */
static sfi_status
done(sfi_hsm *hsm, sfi_status st, const char *what)
{
    hsm->obj.busy = false;
    st = sfi__from_callback(hsm->obj.ctx, st, what);
    if (st != SFI_OK && hsm->where[0] != '\0')
        (void)sfi__where(hsm->obj.ctx, "%s", hsm->where);
    return st;
}

sfi_status
sfi_hsm_login(sfi_hsm *hsm, const char *pin, size_t pin_len)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, pin != NULL);
    if (hsm->ops.login == NULL)
        return unsupported(hsm, "a login");
    hsm->obj.busy = true;
    return done(hsm, hsm->ops.login(hsm->user, pin, pin_len), "HSM login");
}

static sfi_status
get_info(sfi_hsm *hsm, sfi_hsm_info *out)
{
    sfi_hsm_info info = {.struct_size = sizeof(info)};
    sfi_status st;

    if (hsm->ops.info == NULL)
        return unsupported(hsm, "information");
    hsm->obj.busy = true;
    st = done(hsm, hsm->ops.info(hsm->user, &info), "HSM information");
    if (st != SFI_OK)
        return st;
    if (info.state > SFI_HSM_BLOCKED)
        return sfi__fail(hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "HSM information: state %u, at most %d", info.state,
                         SFI_HSM_BLOCKED);
    info.firmware_id[sizeof(info.firmware_id) - 1] = '\0';
    info.product_id[sizeof(info.product_id) - 1] = '\0';
    return sfi__abi_out(hsm, out, sizeof(info), &info, sizeof(info));
}

sfi_status
sfi_hsm_get_info(sfi_hsm *hsm, sfi_hsm_info *out)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, out != NULL);
    return get_info(hsm, out);
}

static sfi_status
check_firmware_id(sfi_ctx *ctx, const char *id)
{
    size_t len = strlen(id);

    if (len == 0 || len > SFI_FIRMWARE_ID_MAX)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a firmware id of %zu characters, expected 1 to %u",
                         len, SFI_FIRMWARE_ID_MAX);
    for (size_t i = 0; i < len; i++) {
        if (id[i] < ' ' || id[i] > '~')
            return sfi__fail(ctx, SFI_ERR_RANGE,
                             "character %zu of the firmware id is 0x%02x, "
                             "expected printable ASCII",
                             i + 1, (unsigned char)id[i]);
    }
    return SFI_OK;
}

static sfi_status
provision(sfi_hsm *hsm, const sfi_key *key, const uint8_t *nonce,
          size_t nonce_len, const char *firmware_id, uint64_t max_count,
          const sfi_personalization *perso)
{
    sfi_ctx *ctx = hsm->obj.ctx;
    sfi_status st;

    if (hsm->ops.provision == NULL)
        return unsupported(hsm, "provisioning");
    if (nonce_len != SFI_NONCE_LEN)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a nonce of %zu bytes, expected %u", nonce_len,
                         SFI_NONCE_LEN);
    st = check_firmware_id(ctx, firmware_id);
    if (st != SFI_OK)
        return st;
    if (max_count < 1 || max_count > SFI_HSM_COUNT_MAX)
        return sfi__fail(ctx, SFI_ERR_RANGE,
                         "a maximum count of %llu, expected 1 to %u",
                         (unsigned long long)max_count, SFI_HSM_COUNT_MAX);
    hsm->obj.busy = true;
    st = hsm->ops.provision(hsm->user, key->key_secret, SFI_KEY_LEN, nonce,
                            nonce_len, firmware_id, max_count, perso->data,
                            sizeof(perso->data));
    return done(hsm, st, "HSM provisioning");
}

sfi_status
sfi_hsm_provision(sfi_hsm *hsm, const sfi_key *key, const uint8_t *nonce,
                  size_t nonce_len, const char *firmware_id, uint64_t max_count,
                  const sfi_personalization *perso)
{
    SFI_ENTER(hsm, HSM);
    SFI_ARG(hsm, sfi__is(key, OBJ_KEY));
    SFI_ARG(hsm, nonce != NULL);
    SFI_ARG(hsm, firmware_id != NULL);
    SFI_ARG(hsm, sfi__is(perso, OBJ_PERSONALIZATION));
    return provision(hsm, key, nonce, nonce_len, firmware_id, max_count, perso);
}

static sfi_status
generate_license(sfi_hsm *hsm, const sfi_certificate *cert, sfi_license **out)
{
    uint8_t data[SFI_LICENSE_LEN] = {0};
    size_t len = sizeof(data);
    sfi_status st;

    if (hsm->ops.license == NULL)
        return unsupported(hsm, "licences");
    hsm->obj.busy = true;
    st =
        hsm->ops.license(hsm->user, cert->data, sizeof(cert->data), data, &len);
    st = done(hsm, st, "HSM licence");
    if (st != SFI_OK)
        return st;
    if (len > sizeof(data))
        return sfi__fail(hsm->obj.ctx, SFI_ERR_CALLBACK,
                         "HSM licence: %zu bytes in a buffer of %zu", len,
                         sizeof(data));
    st = sfi__license_new(hsm->obj.ctx, data, len, out);
    return st == SFI_OK ? st : sfi__where(hsm->obj.ctx, "HSM licence");
}

sfi_status
sfi_hsm_generate_license(sfi_hsm *hsm, const sfi_certificate *cert,
                         sfi_license **out)
{
    SFI_ENTER_NEW(hsm, HSM, out);
    SFI_ARG(hsm, sfi__is(cert, OBJ_CERTIFICATE));
    return generate_license(hsm, cert, out);
}
