/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* The header of a module, .smi: doc/format.md, "Module". */
#ifndef SFI_WIRE_SMI_H
#define SFI_WIRE_SMI_H

#define SMI_MAGIC "SMIMAGIC"
#define SMI_MAGIC_LEN 8u
#define SMI_TAG_LEN 16u
#define SMI_SECURITY_VERSION_LEN 16u
#define SMI_HEADER_LEN 48u

#endif
