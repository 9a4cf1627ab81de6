/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file hsm_server.h
 * What a licence server needs of its HSM.
 */
#ifndef SFI_HSM_SERVER_H
#define SFI_HSM_SERVER_H

#include <sfi/ctx.h>
#include <sfi/hsm.h>

SFI_BEGIN_DECLS

/**
 * Be the one server of an HSM.
 *
 * Of two licence servers one stands by: it waits in this function, answers
 * nobody, and goes on when the first one has ended, in whatever way.  Nothing
 * else depends on this: the count is exact whoever issues licences, and other
 * programs may use the HSM meanwhile.
 *
 * A vault in a file has an empty file `PATH-server` beside it, which the holder
 * keeps locked (flock); it stays.
 *
 * @param hsm         a provisioned HSM; no PIN is needed
 * @param timeout_ms  how long to wait; 0: not at all
 *
 * @return SFI_OK: held until the handle is freed, also when it was held before;
 *         or
 *   SFI_ERR_ARGUMENT     hsm is NULL
 *   SFI_ERR_STATE        called from a callback of this handle, or after fork()
 *   SFI_ERR_UNSUPPORTED  this HSM cannot be held
 *   SFI_ERR_TIMEOUT      another one holds it
 *   SFI_ERR_HSM_STATE    blank
 *   SFI_ERR_HSM, SFI_ERR_ACCESS, SFI_ERR_OS, SFI_ERR_NO_DEVICE, SFI_ERR_IO,
 *   SFI_ERR_NOMEM, SFI_ERR_CALLBACK, any status  as for sfi_hsm_get_info()
 *
 * Blocks: up to timeout_ms, and as sfi_hsm_get_info().  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_hsm_hold(sfi_hsm *hsm,
                                              uint32_t timeout_ms);

SFI_END_DECLS

#endif
