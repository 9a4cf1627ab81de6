/* The two halves of the DFU session. */
#ifndef SFI_INSTALLER_BOOT_DFU_H
#define SFI_INSTALLER_BOOT_DFU_H

#include "installer/boot.h"

/* A transfer that is not work for the device. */
#define DFU_CONTROL_MS 2000u
#define DFU_STATE_UNKNOWN 0xffu

/* UPLOAD of one block; the way to dfuIDLE before it. */
sfi_status dfu_take_block(struct boot *b, uint16_t block, uint8_t *out,
                          size_t len, size_t *got);
/* boot_dfu_look.c: the part, its memories, its commands. */
sfi_status dfu_look(struct boot *b);

#endif
