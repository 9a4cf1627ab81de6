/* The security extension, as verbs.  What a vendor's documents say about it
 * enters here: another table, and nothing else changes. */
#ifndef SFI_INSTALLER_DIALECT_H
#define SFI_INSTALLER_DIALECT_H

#include <sfi/certificate.h>
#include <sfi/license.h>

#include "image/format.h"
#include "proto/sfi_cmd.h"
#include "installer/boot.h"

/* Each may be asked again after a lost answer.  A refusal is SFI_ERR_DEVICE
 * with the cause as peer code. */
struct dialect {
    /* does this bootloader speak it? */
    bool (*speaks)(const struct boot *b);
    sfi_status (*info)(struct boot *b, struct cmd_info *out);
    sfi_status (*certificate)(struct boot *b, uint8_t out[SFI_CERTIFICATE_LEN]);
    /* what a live licence must name; never 0 */
    sfi_status (*session)(struct boot *b, uint32_t *out);
    /* `erase`: also a chip that holds an install */
    sfi_status (*secure)(struct boot *b, bool erase);
    sfi_status (*license)(struct boot *b, const uint8_t raw[SFI_LICENSE_LEN]);
    sfi_status (*header)(struct boot *b,
                         const uint8_t raw[SFI_FORMAT_HEADER_LEN]);
    sfi_status (*area)(struct boot *b, const uint8_t raw[SFI_FORMAT_AREA_LEN]);
    sfi_status (*data)(struct boot *b, uint32_t offset, const uint8_t *data,
                       size_t len);
    sfi_status (*finish)(struct boot *b);
    sfi_status (*abort)(struct boot *b);
};

extern const struct dialect sfi__dialect;

#endif
