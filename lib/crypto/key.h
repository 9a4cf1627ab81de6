#ifndef SFI_CRYPTO_KEY_H
#define SFI_CRYPTO_KEY_H

#include <sfi/key.h>

#include "core/obj.h"

struct sfi_key {
    struct obj obj;
    uint8_t key_secret[SFI_KEY_LEN];
};

#endif
