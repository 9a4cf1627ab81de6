/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later */
/* Copyright The libsfi authors */
/* Sockets that no child process inherits, where the system can do so at once
 * and where it cannot.  As socket(), socketpair() and accept(): -1 and errno.
 */
#ifndef SFI_UTIL_SYS_SOCKET_H
#define SFI_UTIL_SYS_SOCKET_H

int sfi__sys_socket(int family, int type, int protocol);
/* Two ends of one stream. */
int sfi__sys_socket_pair(int ends[2]);
int sfi__sys_accept(int listener);

/* The calls on this socket do not wait: EAGAIN. */
int sfi__sys_never_wait(int fd);

#endif
