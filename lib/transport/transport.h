/* A link to a chip, whoever made it: the caller's functions behind guards. */
#ifndef SFI_TRANSPORT_TRANSPORT_H
#define SFI_TRANSPORT_TRANSPORT_H

#include <stdbool.h>

#include <sfi/transport.h>

#include "core/obj.h"

#define TRANSPORT_NAME_MAX 128

struct sfi_transport {
    struct obj obj;
    sfi_stream_ops ops;
    void *user;
    uint32_t baud; /* 0: bytes take no time that we know of */
    char name[TRANSPORT_NAME_MAX];
};

/* `user` belongs to the transport from a success on; `ops` is ours. */
sfi_status sfi__transport_new(sfi_ctx *ctx, const sfi_stream_ops *ops,
                              void *user, const char *name,
                              sfi_transport **out);

/* 1 to `len` bytes; SFI_ERR_TIMEOUT after `timeout_ms`, never earlier. */
sfi_status sfi__transport_read(sfi_transport *tp, uint8_t *buf, size_t len,
                               size_t *got, uint32_t timeout_ms);
sfi_status sfi__transport_write(sfi_transport *tp, const uint8_t *buf,
                                size_t len, uint32_t timeout_ms);
/* Drop unread input; nothing when the link does not know how. */
sfi_status sfi__transport_flush(sfi_transport *tp);
/* Reset the chip, with BOOT0 high or low. */
sfi_status sfi__transport_reset(sfi_transport *tp, bool into_boot);
/* How long `len` bytes are on the line. */
uint32_t sfi__transport_ms(const sfi_transport *tp, size_t len);

#endif
