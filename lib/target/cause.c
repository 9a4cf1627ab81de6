/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The causes for which a device refuses a request, each with a message. */
#include "target/cause.h"

#include <stddef.h>

#include <sfi/cause.h>

#define CAUSE(name, message) \
    {                        \
        name, #name, message \
    }

static const struct {
    int32_t cause;
    const char *name;
    const char *message;
} causes[] = {
    CAUSE(
        SFI_CAUSE_UNKNOWN_COMMAND,
        "the chip does not know this request; its secure bootloader is another "
        "version"),
    CAUSE(SFI_CAUSE_LENGTH, "the chip finds the request too long or too short; "
                            "its secure bootloader "
                            "is another version"),
    CAUSE(SFI_CAUSE_STATE,
          "the chip is not ready for this step; begin the install again"),
    CAUSE(
        SFI_CAUSE_INSTALLED,
        "the chip holds an installed firmware; ask for a mass erase to replace "
        "it"),
    CAUSE(
        SFI_CAUSE_OFFSET,
        "the chip expects another piece of the area; begin the install again"),
    CAUSE(SFI_CAUSE_NO_RECEIPT,
          "the chip cannot prove what it holds: it has no receipt of this "
          "install"),
    CAUSE(SFI_CAUSE_LICENSE_TYPE,
          "the chip does not take this type of licence, expected \"SFI.\" or "
          "\"SFIL\""),
    CAUSE(SFI_CAUSE_LICENSE_VERSION,
          "the chip does not take this version of licence, expected 1"),
    CAUSE(SFI_CAUSE_LICENSE,
          "the licence is not for this chip, or was altered; get one for this "
          "chip's certificate"),
    CAUSE(
        SFI_CAUSE_LICENSE_SESSION,
        "the live licence is for another session of the chip: it was used "
        "before, or the chip has restarted since; run the install again, which "
        "is not counted again"),
    CAUSE(SFI_CAUSE_HEADER_MAGIC, "the chip finds no image header"),
    CAUSE(SFI_CAUSE_HEADER_VERSION,
          "the chip does not take this version of image, expected 1"),
    CAUSE(SFI_CAUSE_HEADER_AREAS,
          "the chip finds an impossible number of areas"),
    CAUSE(SFI_CAUSE_HEADER_TAG, "the image header does not verify: the licence "
                                "is for another image, or "
                                "the header was altered"),
    CAUSE(SFI_CAUSE_AREA_TYPE, "the chip does not take this type of area"),
    CAUSE(SFI_CAUSE_AREA_INDEX, "the area is not the next one: areas are "
                                "missing, repeated or in another "
                                "order"),
    CAUSE(SFI_CAUSE_AREA_TOTAL,
          "the area belongs to an image with another number of areas"),
    CAUSE(SFI_CAUSE_AREA_VERSION,
          "the area belongs to an image of another version"),
    CAUSE(
        SFI_CAUSE_AREA_ADDRESS,
        "the area lies where the chip takes no firmware; is the image for this "
        "chip"),
    CAUSE(SFI_CAUSE_AREA_SIZE, "the chip cannot take an area of this size; is "
                               "the image for this chip"),
    CAUSE(SFI_CAUSE_AREA_ORDER,
          "an area comes after the configuration area, which must be the last"),
    CAUSE(SFI_CAUSE_AREA_TAG,
          "the area does not verify: the image was altered, or areas are of "
          "another image"),
    CAUSE(SFI_CAUSE_AREA_BELOW,
          "the area does not lie behind the one before, but the chip takes "
          "firmware in ascending order; build the image again"),
    CAUSE(SFI_CAUSE_FLASH_ERASE, "the chip could not erase its flash"),
    CAUSE(SFI_CAUSE_FLASH_PROGRAM, "the chip could not program its flash"),
    CAUSE(SFI_CAUSE_FLASH_VERIFY,
          "the chip's flash does not hold what was written"),
    CAUSE(SFI_CAUSE_OPTION_BYTES,
          "the chip could not program its option bytes"),
    CAUSE(SFI_CAUSE_CRYPTO, "the chip's crypto failed"),
    CAUSE(SFI_CAUSE_STORAGE, "the chip could not store its state"),
    CAUSE(SFI_CAUSE_RANDOM, "the chip has no random numbers for a session"),
    CAUSE(SFI_CAUSE_SIGN, "the chip could not sign its receipt"),
    CAUSE(SFI_CAUSE_INTERRUPTED, "the chip lost its power during an install "
                                 "and erased what it had; begin "
                                 "again"),
};
#define CAUSE_COUNT (sizeof(causes) / sizeof(*causes))

const char *
sfi__cause_message(int32_t cause)
{
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        if (causes[i].cause == cause)
            return causes[i].message;
    }
    return NULL;
}

const char *
sfi_cause_str(int32_t cause)
{
    const char *message = sfi__cause_message(cause);

    if (cause == SFI_CAUSE_NONE)
        return "the chip does not refuse";
    return message != NULL ? message : "an unknown cause";
}

const char *
sfi_cause_name(int32_t cause)
{
    if (cause == SFI_CAUSE_NONE)
        return "SFI_CAUSE_NONE";
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        if (causes[i].cause == cause)
            return causes[i].name;
    }
    return "SFI_CAUSE_UNKNOWN";
}

int32_t
sfi_cause_at(size_t index)
{
    return index < CAUSE_COUNT ? causes[index].cause : SFI_CAUSE_NONE;
}
