/* HSMs from the inside. */
#ifndef SFI_HSM_HSM_H
#define SFI_HSM_HSM_H

#include <sfi/hsm.h>

#include "crypto/kdf.h"

/* sfi_hsm_open("vault:" path) with another cost of a PIN guess: tests open
 * many vaults. */
sfi_status sfi__hsm_open_vault(sfi_ctx *ctx, const char *path,
                               const struct kdf_cost *cost, sfi_hsm **out);

#endif
