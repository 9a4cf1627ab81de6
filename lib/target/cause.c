/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The causes for which a device refuses a request, each with a message. */
#include "target/cause.h"

#include <stddef.h>

#include <sfi/device.h>

static const struct {
    uint8_t cause;
    const char *message;
} causes[] = {
    {SFI_CAUSE_UNKNOWN_COMMAND,
     "the chip does not know this request; its secure bootloader is another "
     "version"},
    {SFI_CAUSE_LENGTH,
     "the chip finds the request too long or too short; its secure bootloader "
     "is another version"},
    {SFI_CAUSE_STATE,
     "the chip is not ready for this step; begin the install again"},
    {SFI_CAUSE_INSTALLED,
     "the chip holds an installed firmware; ask for a mass erase to replace "
     "it"},
    {SFI_CAUSE_OFFSET,
     "the chip expects another piece of the area; begin the install again"},
    {SFI_CAUSE_LICENSE_TYPE,
     "the chip does not take this type of licence, expected \"SFI.\" or "
     "\"SFIL\""},
    {SFI_CAUSE_LICENSE_VERSION,
     "the chip does not take this version of licence, expected 1"},
    {SFI_CAUSE_LICENSE,
     "the licence is not for this chip, or was altered; get one for this "
     "chip's certificate"},
    {SFI_CAUSE_LICENSE_SESSION,
     "the live licence is for another session of the chip: it was used "
     "before, or the chip has restarted since; run the install again, which "
     "is not counted again"},
    {SFI_CAUSE_HEADER_MAGIC, "the chip finds no image header"},
    {SFI_CAUSE_HEADER_VERSION,
     "the chip does not take this version of image, expected 1"},
    {SFI_CAUSE_HEADER_AREAS, "the chip finds an impossible number of areas"},
    {SFI_CAUSE_HEADER_TAG,
     "the image header does not verify: the licence is for another image, or "
     "the header was altered"},
    {SFI_CAUSE_AREA_TYPE, "the chip does not take this type of area"},
    {SFI_CAUSE_AREA_INDEX,
     "the area is not the next one: areas are missing, repeated or in another "
     "order"},
    {SFI_CAUSE_AREA_TOTAL,
     "the area belongs to an image with another number of areas"},
    {SFI_CAUSE_AREA_VERSION, "the area belongs to an image of another version"},
    {SFI_CAUSE_AREA_ADDRESS,
     "the area lies where the chip takes no firmware; is the image for this "
     "chip"},
    {SFI_CAUSE_AREA_SIZE,
     "the chip cannot take an area of this size; is the image for this chip"},
    {SFI_CAUSE_AREA_ORDER,
     "an area comes after the configuration area, which must be the last"},
    {SFI_CAUSE_AREA_TAG,
     "the area does not verify: the image was altered, or areas are of "
     "another image"},
    {SFI_CAUSE_AREA_BELOW,
     "the area does not lie behind the one before, but the chip takes "
     "firmware in ascending order; build the image again"},
    {SFI_CAUSE_FLASH_ERASE, "the chip could not erase its flash"},
    {SFI_CAUSE_FLASH_PROGRAM, "the chip could not program its flash"},
    {SFI_CAUSE_FLASH_VERIFY, "the chip's flash does not hold what was written"},
    {SFI_CAUSE_OPTION_BYTES, "the chip could not program its option bytes"},
    {SFI_CAUSE_CRYPTO, "the chip's crypto failed"},
    {SFI_CAUSE_STORAGE, "the chip could not store its state"},
    {SFI_CAUSE_RANDOM, "the chip has no random numbers for a session"},
    {SFI_CAUSE_INTERRUPTED,
     "the chip lost its power during an install and erased what it had; begin "
     "again"},
};

const char *
sfi__cause_message(uint8_t cause)
{
    for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
        if (causes[i].cause == cause)
            return causes[i].message;
    }
    return NULL;
}
