/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The library's version, and the features that it was built with. */
#include <sfi/version.h>

#include <string.h>

#include "config.h"

uint32_t
sfi_version(void)
{
    return SFI_VERSION_NUMBER;
}

const char *
sfi_version_str(void)
{
    return SFI_VERSION_STRING;
}

static const struct {
    const char *name;
    int there;
} features[] = {
    {"network", SFI_HAVE_NETWORK}, {"openocd", SFI_HAVE_OPENOCD},
    {"pcsc", SFI_HAVE_PCSC},       {"pgsql", SFI_HAVE_PGSQL},
    {"pkcs11", SFI_HAVE_PKCS11},   {"serial", SFI_HAVE_SERIAL},
    {"server", SFI_HAVE_SERVER},   {"spi", SFI_HAVE_SPI},
    {"usb", SFI_HAVE_USB},         {"vault", SFI_HAVE_VAULT},
};
#define FEATURE_COUNT (sizeof(features) / sizeof(*features))

int
sfi_has_feature(const char *name)
{
    for (size_t i = 0; name != NULL && i < FEATURE_COUNT; i++) {
        if (strcmp(features[i].name, name) == 0)
            return features[i].there;
    }
    return 0;
}

const char *
sfi_feature_at(size_t index)
{
    return index < FEATURE_COUNT ? features[index].name : NULL;
}
