/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file sfi.h
 * All of libsfi's host side.
 */
#ifndef SFI_SFI_H
#define SFI_SFI_H

#include <sfi/audit.h>
#include <sfi/boards.h>
#include <sfi/cause.h>
#include <sfi/certificate.h>
#include <sfi/chip.h>
#include <sfi/chip_definition.h>
#include <sfi/ctx.h>
#include <sfi/describe.h>
#include <sfi/dialect.h>
#include <sfi/finding.h>
#include <sfi/firmware.h>
#include <sfi/hsm.h>
#include <sfi/hsm_server.h>
#include <sfi/hsm_share.h>
#include <sfi/image.h>
#include <sfi/installer.h>
#include <sfi/journal.h>
#include <sfi/key.h>
#include <sfi/layout.h>
#include <sfi/lease.h>
#include <sfi/license.h>
#include <sfi/license_batch.h>
#include <sfi/license_store.h>
#include <sfi/map.h>
#include <sfi/option_bytes.h>
#include <sfi/personalization.h>
#include <sfi/program.h>
#include <sfi/progress.h>
#include <sfi/receipt.h>
#include <sfi/status.h>
#include <sfi/target.h>
#include <sfi/transport.h>
#include <sfi/version.h>

#endif
