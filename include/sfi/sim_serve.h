/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/**
 * @file sim_serve.h
 * Virtual chips for other processes: on a pseudo terminal, and behind OpenOCD's
 * remote_bitbang.
 */
#ifndef SFI_SIM_SERVE_H
#define SFI_SIM_SERVE_H

#include <sfi/sim.h>

SFI_BEGIN_DECLS

/** Let other machines reach the chip: sfi_sim_links. */
#define SFI_SIM_REMOTE 0x1u
/** Take sfi_sim_control(): sfi_sim_links. */
#define SFI_SIM_CONTROL 0x2u

/** Links of a chip to other processes; at least one. */
typedef struct sfi_sim_links {
    uint32_t struct_size; /**< sizeof(sfi_sim_links) */
    uint32_t flags;       /**< SFI_SIM_REMOTE, SFI_SIM_CONTROL */
    /** Name of a symbolic link to a pseudo terminal, the chip's USART; an old
     * link there is replaced.  NULL: none. */
    const char *usart;
    /** "HOST:PORT", the chip's JTAG as openocd's remote_bitbang over TCP.
     * HOST is `localhost` or an IP address, a loopback one unless
     * SFI_SIM_REMOTE is set; PORT 0: a free one.  NULL: none. */
    const char *jtag;
} sfi_sim_links;

/**
 * Serve the chip to other processes.
 *
 * The USART's symbolic link exists while the chip is served.  Programs may
 * open and close it as often as they like.  A pty has no reset line: when
 * programmed option bytes wait for a reset, the chip is reset once its answer
 * is out.
 *
 * JTAG takes one client at a time.  SRST is the chip's NRST, and is released
 * when the client leaves.
 *
 * With SFI_SIM_CONTROL the folder has a Unix socket `control` meanwhile, which
 * only the folder's owner can use: sfi_sim_control().  Besides the commands of
 * sfi_sim_command() it takes `end`, which ends the service like stop.
 *
 * @param sim    a chip
 * @param links  the links to serve
 * @param stop   called when all links are ready, then several times a second;
 *               non-zero ends the service
 * @param user   handed to stop
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     an argument is NULL, no link is named, a name is
 *                        malformed, or flags are unknown
 *   SFI_ERR_ABI          struct_size is unknown, or its tail is not zero
 *   SFI_ERR_UNSUPPORTED  there are no pseudo terminals on this system, no JTAG
 *                        in this part, or no folder for `control`, as the chip
 *                        is in memory
 *   SFI_ERR_ACCESS       the name exists and is not a symbolic link, or cannot
 *                        be made; the port is in use; HOST is not a loopback
 *                        address; or `control` exists and is not a socket
 *   SFI_ERR_LIMIT        the name is too long, or the folder's path is too long
 *                        for a socket
 *   SFI_ERR_STATE        from inside a callback of the chip
 *   SFI_ERR_NOMEM        no memory
 *   SFI_ERR_OS           the operating system refused
 *
 * Blocks: until stop ends it.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_serve(sfi_sim *sim,
                                               const sfi_sim_links *links,
                                               int (*stop)(void *user),
                                               void *user);

/**
 * Begin to serve the chip to other processes, from an event loop of the
 * caller's: then sfi_sim_poll() does the work.
 *
 * @param sim    a chip that is not served
 * @param links  as for sfi_sim_serve()
 *
 * @return SFI_OK, or
 *   SFI_ERR_STATE  the chip is served already; or from inside a callback
 *   SFI_ERR_ARGUMENT, SFI_ERR_ABI, SFI_ERR_UNSUPPORTED, SFI_ERR_ACCESS,
 *   SFI_ERR_LIMIT, SFI_ERR_NOMEM, SFI_ERR_OS  as for sfi_sim_serve()
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status
sfi_sim_serve_begin(sfi_sim *sim, const sfi_sim_links *links);

/**
 * Serve what is ready, after a wait for it, and let the chip's time pass.
 *
 * @param sim         a chip that is served
 * @param timeout_ms  how long to wait at most; it may return earlier, after
 *                    50 ms at the latest; 0: do not wait
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  sim is NULL
 *   SFI_ERR_STATE     it is not served; or from inside a callback of the chip
 *   SFI_ERR_OS        the operating system refused
 *
 * Blocks: up to timeout_ms.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_poll(sfi_sim *sim,
                                              uint32_t timeout_ms);

/** The link can be read: sfi_sim_get_wait(). */
#define SFI_SIM_READABLE 0x1u
/** The link can be written: sfi_sim_get_wait(). */
#define SFI_SIM_WRITABLE 0x2u

/**
 * What an event loop waits for before it calls sfi_sim_poll() with 0: any of
 * the links, or the end of a time.  Ask again after each call.
 *
 * @param sim        a chip that is served
 * @param index      of the link, from 0
 * @param fd         receives its file descriptor, which stays the chip's
 * @param events     receives SFI_SIM_READABLE, SFI_SIM_WRITABLE, or 0 for
 *                   nothing but the time
 * @param within_ms  receives how long to wait at most
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT  a pointer is NULL
 *   SFI_ERR_RANGE     there is no such link
 *   SFI_ERR_STATE     the chip is not served; or from inside a callback of it
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_get_wait(sfi_sim *sim, size_t index,
                                                  int *fd, uint32_t *events,
                                                  uint32_t *within_ms);

/**
 * Serve the chip no longer: its links close.  sfi_sim_free() does it, too.
 *
 * @param sim  a chip, or NULL; nothing is done from inside a callback of it
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API void sfi_sim_serve_end(sfi_sim *sim);

/**
 * Give a command of sfi_sim_command() to a chip that another process serves
 * with SFI_SIM_CONTROL.
 *
 * @param ctx        the context
 * @param state_dir  the chip's folder
 * @param command    a line for sfi_sim_command(), of at most 127 bytes
 * @param answer     receives the answer, with a NUL at the end; may be NULL
 *                   when *len is 0, and the answer is then dropped
 * @param len        room in, used out with the NUL; on SFI_ERR_BUFFER, needed
 *
 * @return SFI_OK, or
 *   SFI_ERR_ARGUMENT     a pointer is NULL, or the line is too long
 *   SFI_ERR_NO_DEVICE    no process serves this chip's control socket
 *   SFI_ERR_STATE        the simulator refused; the message says why
 *   SFI_ERR_BUFFER       the answer does not fit; the command was carried out
 *   SFI_ERR_ACCESS       the socket is another user's
 *   SFI_ERR_LIMIT        the folder's path is too long for a socket
 *   SFI_ERR_PROTOCOL     what answers is not a simulator
 *   SFI_ERR_TIMEOUT      there is no answer within 10 s
 *   SFI_ERR_UNSUPPORTED  this system has no pseudo terminals
 *   SFI_ERR_OS           the operating system refused
 *
 * Blocks: on the other process, at most 10 s.  Thread: the context's.
 * @since 1.0
 */
SFI_API SFI_NODISCARD sfi_status sfi_sim_control(sfi_ctx *ctx,
                                                 const char *state_dir,
                                                 const char *command,
                                                 char *answer, size_t *len);

/**
 * The TCP port of the chip's JTAG, while it is served.
 *
 * @param sim  a chip, or NULL
 *
 * @return the port; 0 when JTAG is not served, and for NULL
 *
 * Blocks: never.  Thread: the context's.
 * @since 1.0
 */
SFI_API uint32_t sfi_sim_jtag_port(const sfi_sim *sim);

SFI_END_DECLS

#endif
