/**
 * @file transport.h
 * Links to a chip.
 */
#ifndef SFI_TRANSPORT_H
#define SFI_TRANSPORT_H

#include <sfi/ctx.h>

SFI_BEGIN_DECLS

typedef struct sfi_transport sfi_transport;

/** A link that moves bytes; `user` first, NULL op: unsupported. */
typedef struct sfi_stream_ops {
    uint32_t struct_size;
    uint32_t flags;
    /* at least one byte, or SFI_ERR_TIMEOUT with *got = 0 */
    sfi_status (*read)(void *user, uint8_t *buf, size_t len, size_t *got,
                       uint32_t timeout_ms);
    sfi_status (*write)(void *user, const uint8_t *buf, size_t len,
                        uint32_t timeout_ms);
    sfi_status (*flush)(void *user);                /* drop unread input */
    sfi_status (*reset)(void *user, int into_boot); /* reset line and BOOT0 */
    void (*close)(void *user);
} sfi_stream_ops;

SFI_API SFI_NODISCARD sfi_status sfi_transport_open(sfi_ctx *ctx,
                                                    const char *uri,
                                                    sfi_transport **out);
SFI_API SFI_NODISCARD sfi_status sfi_transport_open_stream(
    sfi_ctx *ctx, const sfi_stream_ops *ops, void *user, sfi_transport **out);
SFI_API void sfi_transport_free(sfi_transport *tp);

SFI_END_DECLS

#endif
